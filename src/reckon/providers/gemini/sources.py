"""Sources that a Gemini answer names: of searches and files (grounding), and quoted works.

Gemini measures positions in bytes of UTF-8; ours count characters.
"""

from collections.abc import Iterator
from itertools import pairwise

from reckon.providers.untrusted import Json, as_list, as_table, count, table, text
from reckon.vocabulary.response import Citation

_KINDS = ("web", "retrievedContext", "maps", "image")
"""Where a source comes from; each is a table of its own in a chunk."""

_LATER_BYTES = bytes(range(0x80, 0xC0))
"""Bytes of UTF-8 that go on with a character."""


def citations(metadata: list[Json], said: str, starts: list[int]) -> Iterator[Citation]:
    """All different citations of an answer.

    Args:
        metadata: Each `groundingMetadata` and `citationMetadata` of the answer.
        said: The answer's text.
        starts: Where each part of the answer begins in that text, in bytes.
    """
    found = [_Found(*row) for each in metadata for row in (*_grounded(each), *_quoted(each))]
    spans = [each.spans(starts) for each in found]
    characters = _characters(said, [offset for some in spans for span in some for offset in span])
    seen: set[tuple[object, ...]] = set()
    for each, some in zip(found, spans, strict=True):
        places = ((characters[start], characters[end]) for start, end in some)
        start, end = next((at for at in places if each.is_at(said, at)), (None, None))
        citation = each.citation(start, end)
        # Streams tell the sources again with each piece.
        key = (citation.url, citation.title, citation.quote, start, end)
        if key not in seen:
            seen.add(key)
            yield citation


class _Found:
    """A source with the passage of the answer that rests on it; an empty one where none is told."""

    def __init__(self, source: Json, segment: Json, raw: Json) -> None:
        self._source = source
        self._segment = segment
        self._raw = raw

    def spans(self, starts: list[int]) -> list[tuple[int, int]]:
        """Where the passage may stand in the whole text, in bytes.

        Its position is said to be within a part, but in a stream it is within all text.
        """
        end = count(self._segment, "endIndex")
        if end is None:
            return []
        start = count(self._segment, "startIndex") or 0
        index = count(self._segment, "partIndex") or 0
        base = starts[index] if index < len(starts) else 0
        return [(base + start, base + end), (start, end)]

    def is_at(self, said: str, where: tuple[int, int]) -> bool:
        """Whether the passage stands there; a passage whose words are not told is believed."""
        told = text(self._segment, "text")
        start, end = where
        return not told or (end - start == len(told) and said.startswith(told, start))

    def citation(self, start: int | None, end: int | None) -> Citation:
        """The source as we tell it."""
        return Citation(
            url=text(self._source, "uri") or text(self._source, "sourceUri"),
            title=text(self._source, "title"),
            quote=text(self._source, "text"),
            start=start,
            end=end,
            raw=self._raw,
        )


def _grounded(metadata: Json) -> Iterator[tuple[Json, Json, Json]]:
    """Each source of each passage; the sources alone where no passage is told."""
    chunks = [as_table(each) or {} for each in as_list(metadata.get("groundingChunks"))]
    supports = as_list(metadata.get("groundingSupports"))
    if not supports:
        for chunk in chunks:
            yield _known(chunk), {}, {"chunk": chunk}
    for each in supports:
        support = as_table(each) or {}
        for index in as_list(support.get("groundingChunkIndices")):
            if isinstance(index, int) and 0 <= index < len(chunks):
                raw = {"chunk": chunks[index], "support": support}
                yield _known(chunks[index]), table(support, "segment"), raw


def _known(chunk: Json) -> Json:
    """The table that tells of the source."""
    for kind in _KINDS:
        found = table(chunk, kind)
        if found:
            return found
    return {}


def _quoted(metadata: Json) -> Iterator[tuple[Json, Json, Json]]:
    """Works that the answer quotes at length; Google's two APIs name the list differently."""
    for name in ("citationSources", "citations"):
        for each in as_list(metadata.get(name)):
            work = as_table(each)
            if work:
                place = {key: work.get(key) for key in ("startIndex", "endIndex")}
                yield {key: work.get(key) for key in ("uri", "title")}, place, work


def searches(metadata: Json) -> Iterator[str]:
    """What was searched for."""
    queries = as_list(metadata.get("webSearchQueries"))
    return (query for query in queries if isinstance(query, str) and query)


def uses_maps(metadata: Json) -> bool:
    """Whether a source is a place of Google Maps."""
    chunks = as_list(metadata.get("groundingChunks"))
    return any(isinstance(each, dict) and "maps" in each for each in chunks)


def _characters(said: str, offsets: list[int]) -> dict[int, int]:
    """Character positions of byte positions, in one pass."""
    if said.isascii():
        return {offset: min(offset, len(said)) for offset in offsets}
    data = said.encode("utf-8", "surrogatepass")
    found = {0: 0}
    for before, offset in pairwise([0, *sorted(set(offsets) - {0})]):
        # A character is counted where its first byte is.
        found[offset] = found[before] + len(data[before:offset].translate(None, _LATER_BYTES))
    return found
