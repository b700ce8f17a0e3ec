"""What wire formats have in common that send JSON by POST, with the key in a header."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from reckon.errors import ProviderError
from reckon.providers.faults import provider_error
from reckon.providers.untrusted import Json
from reckon.vocabulary.call import Call
from reckon.vocabulary.model import Model, Provider


class PostedJson:
    """A base of wire formats; `faults` understands what they all answer in case of an error."""

    key_header: ClassVar[str] = ""
    """The header that carries the key alone; empty: `authorization`, as a bearer."""
    constant_headers: ClassVar[Mapping[str, str]] = {}

    def error(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        model: Model,
        provider: Provider,
    ) -> ProviderError:
        """What an answer with that status means."""
        return provider_error(status, headers, body, model, provider)

    def _post(self, url: str, body: Json, provider: Provider, key: str | None) -> Call:
        """The call; a row of the provider may name another header for the key."""
        headers = {"content-type": "application/json", **self.constant_headers, **provider.headers}
        carries_key = provider.key_header or self.key_header
        if key and carries_key:
            headers[carries_key] = key
        elif key:
            headers["authorization"] = f"Bearer {key}"
        return Call(url=url, headers=headers, body=msgspec.json.encode(body))
