"""One HTTP call as a value: what a wire format makes and `net` sends."""

import msgspec


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is ready to be sent."""

    url: str
    method: str = "POST"
    headers: dict[str, str] = {}
    body: bytes = b""

    def __repr__(self) -> str:
        # Headers carry keys: a repr may land in a log or a traceback.
        return f"Call({self.method} {self.url}, {len(self.body)} bytes)"
