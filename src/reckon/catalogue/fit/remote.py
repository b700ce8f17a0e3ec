"""The header of a GGUF file on a server: its beginning is fetched, and nothing of its weights.

A server that honours `Range` sends the bytes that are asked for. One that does not sends all of the
file, and is left as soon as the header is whole. Redirects are followed, because the hub redirects
to where its files lie; no key is ever sent.
"""

import re
from contextlib import aclosing
from typing import NoReturn
from urllib.parse import urljoin, urlsplit

from reckon.catalogue.fit import gguf
from reckon.catalogue.fit.gguf import Header, NeedsMore
from reckon.errors import NetError, SourceError
from reckon.net import Client, StreamedAnswer
from reckon.vocabulary.call import Call

FIRST_BYTES = 1 << 20
GROWTH = 4
MOST_BYTES = 256 << 20
"""Of a header; the largest vocabularies have some twenty MiB."""
MOST_REDIRECTS = 5
TOTAL_TIMEOUT_S = 300.0
IDLE_TIMEOUT_S = 30.0


async def read(url: str) -> Header:
    """The header of a file, or of all parts of one that is in parts.

    Args:
        url: Of a GGUF file; a page of the hub that shows a file stands for the file.

    Raises:
        SourceError: It could not be fetched, or it is no GGUF file, or a broken one.
    """
    address = re.sub(r"^(https://huggingface\.co/[^?#]+)/blob/", r"\1/resolve/", url)
    path, mark, query = address.partition("?")
    folder, slash, name = path.rpartition("/")
    async with Client(idle_timeout_s=IDLE_TIMEOUT_S, total_timeout_s=TOTAL_TIMEOUT_S) as client:
        parts = [
            await _Fetch(client, f"{folder}{slash}{part}{mark}{query}").header()
            for part in gguf.parts_of(name)
        ]
    return gguf.joined(parts)


class _Fetch:
    """One file on its way."""

    def __init__(self, client: Client, url: str) -> None:
        self.client, self.url = client, url
        self.name = url.partition("?")[0]
        self.data = bytearray()
        self.size: int | None = None
        self.wanted = FIRST_BYTES

    async def header(self) -> Header:
        while True:
            found = await self.step()
            if found is not None:
                return found

    async def step(self) -> Header | None:
        """Fetch what is wanted; None: more is wanted."""
        start = len(self.data)
        asked = {"range": f"bytes={start}-{self.wanted - 1}", "accept-encoding": "identity"}
        try:
            for _ in range(MOST_REDIRECTS + 1):
                call = Call(url=self.url, method="GET", headers=asked)
                async with self.client.stream(call) as answer:
                    if answer.status not in (301, 302, 303, 307, 308):
                        return await self.body(answer, start)
                    self.url = self.moved(answer)
        except NetError as error:
            raise SourceError(
                f"{self.name} could not be fetched.",
                why=f"{error.what} {error.why}".partition(" Nothing was sent")[0],
                do="Check the address and the network, or give a file that is here.",
            ) from error
        return self.fail(f"It was redirected more than {MOST_REDIRECTS} times.")

    def moved(self, answer: StreamedAnswer) -> str:
        target = urljoin(self.url, answer.headers.get("location", ""))
        if urlsplit(target).scheme not in ("http", "https"):
            self.fail("It was redirected to what is no address.")
        if self.url.startswith("https://") and not target.startswith("https://"):
            self.fail("It was redirected from a safe address to one that is not.")
        return target

    async def body(self, answer: StreamedAnswer, start: int) -> Header | None:
        if answer.status == 206:
            told = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("content-range", ""))
            if told is None or int(told[1]) != start or self.size not in (None, int(told[2])):
                self.fail("The server sent other bytes than it was asked for.")
            self.size = int(told[2])
        elif answer.status == 200:
            # All of the file, from its beginning.
            self.data.clear()
            length = answer.headers.get("content-length", "")
            self.size = int(length) if length.isdigit() else None
        else:
            self.refused(answer.status)
        async with aclosing(answer.chunks()) as chunks:
            async for chunk in chunks:
                self.data += chunk
                if len(self.data) >= self.wanted:
                    found = self.parsed()
                    if found is not None or answer.status == 206:
                        return found
        if answer.status == 200:
            self.size = len(self.data)
        elif len(self.data) < min(self.wanted, self.size or 0):
            self.fail("The server sent fewer bytes than it was asked for.")
        return self.parsed()

    def parsed(self) -> Header | None:
        # A length that is not told is taken as enough: what is cut off cannot be seen then.
        size = self.size if self.size is not None else 1 << 62
        try:
            return gguf.parse(self.data, size, self.name)
        except NeedsMore as more:
            if more.size > MOST_BYTES:
                self.fail(f"Its header would be longer than {MOST_BYTES >> 20} MiB.")
            self.wanted = min(size, max(more.size, len(self.data) * GROWTH), MOST_BYTES)
            return None

    def refused(self, status: int) -> NoReturn:
        if status in (401, 403):
            self.fail(
                f"The server wants to know who asks (HTTP {status}).",
                do="Download the file with your account, and give it from here.",
            )
        if status == 404:
            self.fail("There is no such file (HTTP 404).", do="Check the address.")
        self.fail(f"The server answered with HTTP {status}.")

    def fail(self, why: str, *, do: str = "Give another address, or a file here.") -> NoReturn:
        raise SourceError(f"{self.name} could not be fetched.", why=why, do=do)
