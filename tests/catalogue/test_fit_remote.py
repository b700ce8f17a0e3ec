"""A GGUF file on a server: the header is fetched, and nothing of the weights."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gguf_bytes as made
import pytest

from reckon import net
from reckon.catalogue.fit import gguf, remote
from reckon.errors import SourceError

WEIGHTS = 64 << 20
"""Bytes of weights that nobody should fetch."""


@dataclass
class FileServer:
    """Files by path, and how they are served."""

    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    ranges: bool = True
    chunked: bool = False
    lies: str = ""
    """A `content-range` to send instead of the right one."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0
    url: str = ""


@pytest.fixture
def server() -> Iterator[FileServer]:
    """A real server on loopback."""
    state = FileServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments) -> None:
            pass

        def do_GET(self) -> None:
            path, ranged = self.path, self.headers.get("range", "")
            state.asked.append((path, ranged))
            if path in state.moved:
                self.send_response(302)
                self.send_header("location", state.moved[path])
                self.send_header("content-length", "0")
                self.end_headers()
                return
            status = state.statuses.get(path, 200 if path in state.files else 404)
            if status != 200:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()
                return
            data = state.files[path]
            if state.ranges and ranged:
                start, end = map(int, ranged.removeprefix("bytes=").split("-"))
                part = data[start : end + 1]
                self.send_response(206)
                told = f"bytes {start}-{start + len(part) - 1}/{len(data)}"
                self.send_header("content-range", state.lies or told)
            else:
                part = data
                self.send_response(200)
            if state.chunked:
                self.send_header("connection", "close")
            else:
                self.send_header("content-length", str(len(part)))
            self.end_headers()
            try:
                for place in range(0, len(part), 1 << 16):
                    self.wfile.write(part[place : place + (1 << 16)])
                    state.sent += min(1 << 16, len(part) - place)
            except OSError:
                # Whoever asked has seen enough.
                pass
            if state.chunked:
                self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        state.url = f"http://127.0.0.1:{listening.server_port}"
        yield state
        listening.shutdown()
        thread.join()


def model(words: int = 1000) -> bytes:
    """A file with a vocabulary of so many words, and many weights."""
    vocabulary = (
        made.ARRAY,
        (made.TEXT, [f"a word of some length {each}" for each in range(words)]),
    )
    return made.file(
        made.llama() | {"tokens": vocabulary}, [("blk.0.w", (1024, 1 << 14), 0, WEIGHTS)]
    )


def read(url: str) -> gguf.Header:
    return net.run(remote.read(url))


def error_of(url: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(url)
    return caught.value


def test_a_server_with_ranges_sends_the_header_alone(server):
    """One mebibyte, of 64."""
    server.files["/m.gguf"] = data = model()
    assert read(f"{server.url}/m.gguf") == gguf.parse(data, len(data), "m")
    assert server.asked == [("/m.gguf", "bytes=0-1048575")]
    assert server.sent == 1 << 20


def test_a_long_header_is_fetched_in_growing_pieces(server):
    """No byte twice."""
    server.files["/m.gguf"] = data = model(words=100_000)
    assert read(f"{server.url}/m.gguf") == gguf.parse(data, len(data), "m")
    assert [ranged for _, ranged in server.asked] == [
        "bytes=0-1048575",
        "bytes=1048576-4194303",
    ]
    assert server.sent == 4 << 20


@pytest.mark.parametrize("chunked", [False, True])
def test_a_server_without_ranges_is_left_as_soon_as_the_header_is_whole(server, chunked):
    """Whether it says how long the file is, or not."""
    server.ranges, server.chunked = False, chunked
    server.files["/m.gguf"] = data = model(words=100_000)
    assert read(f"{server.url}/m.gguf") == gguf.parse(data, len(data), "m")
    assert len(server.asked) == 1
    assert server.sent < WEIGHTS / 2


def test_redirects_are_followed_and_the_place_is_kept(server):
    """The hub redirects to where its files lie."""
    server.files["/store/m.gguf"] = data = model(words=100_000)
    server.moved = {"/m.gguf": "/there", "/there": f"{server.url}/store/m.gguf"}
    assert read(f"{server.url}/m.gguf") == gguf.parse(data, len(data), "m")
    assert [path for path, _ in server.asked] == [
        "/m.gguf",
        "/there",
        "/store/m.gguf",
        "/store/m.gguf",
    ]


def test_a_circle_of_redirects_ends(server):
    """After five."""
    server.moved = {"/m.gguf": "/m.gguf"}
    error = error_of(f"{server.url}/m.gguf")
    assert error.lines() == [
        f"Error: {server.url}/m.gguf could not be fetched.",
        "Why: It was redirected more than 5 times.",
        "Do: Give another address, or a file here.",
    ]
    assert len(server.asked) == 6


def test_a_redirect_to_a_file_of_this_machine_is_not_followed(server):
    """Only the web."""
    server.moved = {"/m.gguf": "file:///etc/passwd"}
    assert error_of(f"{server.url}/m.gguf").why == "It was redirected to what is no address."


def test_all_parts_of_a_file_are_fetched(server):
    """From the address of one."""
    for number in (1, 2):
        server.files[f"/d/m-{number:05}-of-00002.gguf?x=1"] = made.file(
            made.llama() if number == 1 else {}, [(f"blk.{number}.w", (32,), 0, 128)]
        )
    found = read(f"{server.url}/d/m-00001-of-00002.gguf?x=1")
    assert [each.name for each in found.tensors] == ["blk.1.w", "blk.2.w"]


@pytest.mark.parametrize(
    ("status", "why", "do"),
    [
        (404, "There is no such file (HTTP 404).", "Check the address."),
        (
            401,
            "The server wants to know who asks (HTTP 401).",
            "Download the file with your account, and give it from here.",
        ),
        (503, "The server answered with HTTP 503.", "Give another address, or a file here."),
    ],
)
def test_a_refusal_says_what_to_do(server, status, why, do):
    """Gated models, typing errors, a server that is down."""
    server.files["/m.gguf"], server.statuses["/m.gguf"] = b"", status
    error = error_of(f"{server.url}/m.gguf")
    assert (error.why, error.do) == (why, do)


@pytest.mark.parametrize("lies", ["bytes 5-9/100", "bytes 0-1048575/*", "rubbish"])
def test_a_range_that_was_not_asked_for_is_refused(server, lies):
    """Bytes of another place would be read as a header."""
    server.files["/m.gguf"], server.lies = model(), lies
    assert error_of(f"{server.url}/m.gguf").why == (
        "The server sent other bytes than it was asked for."
    )


def test_a_page_instead_of_a_file_is_told(server):
    """Somebody's login page, say."""
    server.files["/m.gguf"] = b"<!DOCTYPE html><title>Log in</title>"
    error = error_of(f"{server.url}/m.gguf")
    assert error.what == f"{server.url}/m.gguf cannot be read as a GGUF file."
    assert error.why == "It does not begin with the letters GGUF."


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_ends_within_its_header_is_told(server, ranges):
    """It was uploaded in part."""
    server.ranges = ranges
    server.files["/m.gguf"] = model(words=50_000)[: 3 << 19]
    assert error_of(f"{server.url}/m.gguf").why == "A length in its header points behind its end."


def test_a_header_without_end_is_given_up(server, monkeypatch):
    """What a server claims is not fetched for ever."""
    monkeypatch.setattr(remote, "MOST_BYTES", 1 << 21)
    server.files["/m.gguf"] = model(words=200_000)
    assert error_of(f"{server.url}/m.gguf").why == "Its header would be longer than 2 MiB."


def test_an_address_where_nobody_listens_is_told():
    """The words of the wire, without those of bills."""
    error = error_of("http://127.0.0.1:9/m.gguf")
    assert error.lines() == [
        "Error: http://127.0.0.1:9/m.gguf could not be fetched.",
        "Why: 127.0.0.1:9 could not be reached. Nothing listens there.",
        "Do: Check the address and the network, or give a file that is here.",
    ]
