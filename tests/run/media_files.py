"""Small files of each kind, written byte by byte: what a header reader must find in them."""

import io
import struct
import wave
import zlib


def wav(seconds: float = 2.5, rate: int = 8_000) -> bytes:
    """Silence, by the standard library."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(bytes(2 * int(seconds * rate)))
    return file.getvalue()


def flac(samples: int = 110_250, rate: int = 44_100) -> bytes:
    """The first block of a FLAC file."""
    told = rate << 44 | 1 << 41 | 15 << 36 | samples
    return b"fLaC\x80\0\0\x22" + bytes(10) + told.to_bytes(8, "big") + bytes(16)


def ogg(packet: bytes, position: int) -> bytes:
    """A first page with that packet, and a last page at that position."""

    def page(kind: int, where: int, data: bytes) -> bytes:
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, kind, where, 7, 0, 0, 1)
        return head + bytes([len(data)]) + data

    return page(2, 0, packet) + page(0, 4_000, bytes(200)) + page(4, position, bytes(9))


def opus(seconds: float = 2.5) -> bytes:
    """312 samples are skipped before the sound begins."""
    return ogg(
        struct.pack("<8sBBHIHB", b"OpusHead", 1, 1, 312, 16_000, 0, 0), int(seconds * 48_000) + 312
    )


def vorbis(seconds: float = 2.5) -> bytes:
    """44,100 samples a second."""
    return ogg(b"\x01vorbis" + struct.pack("<IBI", 0, 1, 44_100) + bytes(14), int(seconds * 44_100))


def mp3(frames: int = 100, *, index: bool = False, bits: tuple[int, ...] = (9,)) -> bytes:
    """Frames of 1,152 samples at 44.1 kHz; `bits` are indices of bit rates, in turn."""
    kbits = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    found = b""
    for number in range(frames):
        bit = bits[number % len(bits)]
        length = 144_000 * kbits[bit] // 44_100
        frame = bytes([0xFF, 0xFB, bit << 4, 0xC0]) + bytes(length - 4)
        if index and number == 0:
            added = 576 << 12 | 1_000
            tag = b"Info" + struct.pack(">II", 1, frames - 1) + b"LAME3.100" + bytes(12)
            frame = (frame[:21] + tag + added.to_bytes(3, "big") + bytes(length))[:length]
        found += frame
    return found


def box(name: bytes, *content: bytes) -> bytes:
    """One box of an MP4 file."""
    data = b"".join(content)
    return struct.pack(">I4s", 8 + len(data), name) + data


def mp4(
    units: int = 2_500,
    *,
    pictures: bool = True,
    sound: bool = True,
    turned: bool = False,
    moov_last: bool = False,
    fragments: bytes = b"",
) -> bytes:
    """A film of 320 x 180 pixels, a thousand units a second."""

    def track(number: int, kind: bytes, width: int, height: int) -> bytes:
        matrix = (0, 65_536, 0, -65_536, 0, 0) if turned else (65_536, 0, 0, 0, 65_536, 0)
        shape = struct.pack(">9i", *matrix, 0, 0, 1 << 30)
        size = struct.pack(">II", width << 16, height << 16)
        head = struct.pack(">IIII", 7, 0, 0, number) + bytes(24) + shape + size
        clock = struct.pack(">IIIII", 0, 0, 0, 1_000, units)
        return box(
            b"trak",
            box(b"tkhd", head),
            box(b"mdia", box(b"mdhd", clock), box(b"hdlr", bytes(8) + kind + bytes(12))),
        )

    tracks = (track(1, b"vide", 320, 180) if pictures else b"") + (
        track(2, b"soun", 0, 0) if sound else b""
    )
    moov = box(
        b"moov", box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1_000, units), bytes(80)), tracks
    )
    mdat = box(b"mdat", bytes(200_000))
    begin = box(b"ftyp", b"isom", bytes(4))
    return begin + (mdat + moov if moov_last else moov + fragments + mdat)


def fragment(start: int, samples: int, each: int) -> bytes:
    """A fragment of a film without an index, of samples of equal length."""
    tfhd = box(b"tfhd", struct.pack(">III", 8, 1, each))
    tfdt = box(b"tfdt", struct.pack(">II", 0, start))
    return box(b"moof", box(b"traf", tfhd, tfdt, box(b"trun", struct.pack(">II", 0, samples))))


def element(id_: int, content: bytes, *, unknown: bool = False) -> bytes:
    """One element of a Matroska file."""
    name = id_.to_bytes((id_.bit_length() + 7) // 8, "big")
    size = b"\x01" + b"\xff" * 7 if unknown else (1 << 56 | len(content)).to_bytes(8, "big")
    return name + size + content


def webm(duration: float | None = 2_500.0, *, sound: bool = True) -> bytes:
    """A film of 320 x 180 pixels, a thousand units a second; without a duration as it is live."""
    pictures = element(
        0xAE,
        element(0x83, b"\x01") + element(0xE0, element(0xB0, b"\x01\x40") + element(0xBA, b"\xb4")),
    )
    tracks = pictures + (element(0xAE, element(0x83, b"\x02")) if sound else b"")
    told = b"" if duration is None else element(0x4489, struct.pack(">d", duration))
    live = duration is None
    blocks = b"".join(
        element(0xA3, b"\x81" + struct.pack(">h", at) + bytes(40)) for at in (0, 250, 500)
    )
    cluster = element(0x1F43B675, element(0xE7, (2_000).to_bytes(2, "big")) + blocks, unknown=live)
    info = element(0x1549A966, element(0x2AD7B1, (1_000_000).to_bytes(3, "big")) + told)
    segment = info + element(0x1654AE6B, tracks) + cluster
    return element(0x1A45DFA3, element(0x4282, b"webm")) + element(
        0x18538067, segment, unknown=live
    )


def avi(frames: int = 25, *, sound: bool = True) -> bytes:
    """Ten frames a second, of 320 x 180 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data

    avih = struct.pack("<10I", 100_000, 0, 0, 0, frames, 0, 2, 0, 320, 180) + bytes(16)
    streams = chunk(b"LIST", b"strl" + chunk(b"strh", b"vids" + bytes(52)))
    if sound:
        streams += chunk(b"LIST", b"strl" + chunk(b"strh", b"auds" + bytes(52)))
    head = chunk(b"LIST", b"hdrl" + chunk(b"avih", avih) + streams)
    return chunk(b"RIFF", b"AVI " + head + chunk(b"LIST", b"movi" + bytes(100)))


def pdf(
    sizes: tuple[tuple[int, int], ...] = ((595, 842),),
    *,
    packed: bool = False,
    encrypted: bool = False,
    rotate: int = 0,
) -> bytes:
    """A document of empty pages; with its objects and their table in streams where `packed`."""
    kids = " ".join(f"{number} 0 R" for number in range(3, 3 + len(sizes)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(sizes)} /Rotate {rotate} >>",
        *(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {w} {h}] >>" for w, h in sizes),
    ]
    more = "/Encrypt << /Filter /Standard /V 1 >>" if encrypted else ""
    return _packed(objects, more) if packed else _plain(objects, more)


def _plain(objects: list[str], more: str) -> bytes:
    data, places = b"%PDF-1.4\n", list[int]()
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode()
    start = len(data)
    table = "0000000000 65535 f \n" + "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"<< /Size {len(objects) + 1} /Root 1 0 R {more} >>"
    end = f"trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n"
    return data + f"xref\n0 {len(objects) + 1}\n{table}{end}".encode()


def _packed(objects: list[str], more: str) -> bytes:
    at, heads, body = 0, "", ""
    for number, content in enumerate(objects, start=1):
        heads += f"{number} {at} "
        body += content + " "
        at = len(body)
    store, table = len(objects) + 1, len(objects) + 2
    data = b"%PDF-1.5\n"
    place = len(data)
    inside = zlib.compress((heads + body).encode())
    data += (
        (
            f"{store} 0 obj << /Type /ObjStm /N {len(objects)} /First {len(heads)} "
            f"/Length {len(inside)} /Filter /FlateDecode >> stream\n"
        ).encode()
        + inside
        + b"\nendstream endobj\n"
    )
    start = len(data)
    rows = [struct.pack(">BHB", 2, store, number) for number in range(len(objects))]
    rows += [struct.pack(">BHB", 1, place, 0), struct.pack(">BHB", 1, start, 0)]
    # Lines as differences to the line above, as most writers have them.
    above, lines = bytes(4), b""
    for row in rows:
        lines += b"\x02" + bytes((a - b) & 255 for a, b in zip(row, above, strict=True))
        above = row
    packed = zlib.compress(lines)
    data += (
        (
            f"{table} 0 obj << /Type /XRef /W [1 2 1] /Index [1 {table}] /Size {table + 1} "
            f"/Root 1 0 R "
            f"/Length {len(packed)} /Filter /FlateDecode "
            f"/DecodeParms << /Predictor 12 /Columns 4 >> {more} >> stream\n"
        ).encode()
        + packed
        + b"\nendstream endobj\n"
    )
    return data + f"startxref\n{start}\n%%EOF\n".encode()
