"""What the first bytes of a file say of it, without decoding it: kind, size, length, pages."""

from reckon.run.headers.header import FAR_BYTES, HEAD_BYTES, Header, ReadAt
from reckon.run.headers.kinds import media_header
from reckon.run.headers.pictures import picture_header

__all__ = ["FAR_BYTES", "HEAD_BYTES", "Header", "ReadAt", "media_header", "picture_header"]
