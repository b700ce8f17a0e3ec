"""The header of a GGUF file: read as the `gguf` package reads it, and never trusted."""

import struct
import time
import tracemalloc

import gguf as official
import gguf_bytes as made
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reckon.catalogue.fit import gguf
from reckon.catalogue.fit.gguf import BLOCKS, NeedsMore, Skipped, parse
from reckon.errors import SourceError


def refused(data: bytes, size: int | None = None) -> SourceError:
    """The error that such a file ends in."""
    with pytest.raises(SourceError) as caught:
        parse(data, len(data) if size is None else size, "x.gguf")
    assert caught.value.what == "x.gguf cannot be read as a GGUF file."
    assert caught.value.why
    assert caught.value.do
    return caught.value


# What is read


def test_a_real_file_is_read_as_the_official_reader_reads_it(llama_models):
    """Every tensor with its type and size, every value."""
    path = llama_models / "random.gguf"
    found, expected = gguf.read(path), official.GGUFReader(path)
    assert [(each.name, each.shape, each.type, each.size) for each in found.tensors] == [
        (each.name, tuple(map(int, each.shape)), each.tensor_type.name, int(each.n_bytes))
        for each in expected.tensors
    ]
    fields = {key: field for key, field in expected.fields.items() if not key.startswith("GGUF.")}
    assert found.values.keys() == fields.keys()
    for key, value in found.values.items():
        assert value == fields[key].contents(), key


def test_the_table_of_types_is_the_official_one():
    """Names, weights and bytes of a block of every type that the package knows."""
    for kind, (weights, size) in official.GGML_QUANT_SIZES.items():
        assert BLOCKS[int(kind)] == (kind.name, weights, size)


@pytest.mark.parametrize("endian", [official.GGUFEndian.LITTLE, official.GGUFEndian.BIG])
def test_both_byte_orders_are_read(tmp_path, endian):
    """The version tells which."""
    path = tmp_path / "m.gguf"
    writer = official.GGUFWriter(path, "llama", endianess=endian)
    writer.add_block_count(7)
    writer.add_float64("llama.precise", 0.1)
    writer.add_array("llama.widths", [1, 2, 3])
    writer.add_tensor("token_embd.weight", np.ones((4, 8), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = gguf.read(path)
    assert found.big_endian == (endian == official.GGUFEndian.BIG)
    assert found.number("block_count") == 7
    assert found.values["llama.precise"] == 0.1
    assert found.values["llama.widths"] == [1, 2, 3]
    assert found.tensors[0].shape == (8, 4)
    assert found.tensors[0].weights == 32


SCALARS = st.one_of(
    st.tuples(st.just(made.U8), st.integers(0, 255)),
    st.tuples(st.just(made.I8), st.integers(-128, 127)),
    st.tuples(st.just(made.U16), st.integers(0, 2**16 - 1)),
    st.tuples(st.just(made.I16), st.integers(-(2**15), 2**15 - 1)),
    st.tuples(st.just(made.U32), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(made.I32), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(made.U64), st.integers(0, 2**64 - 1)),
    st.tuples(st.just(made.I64), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(made.F32), st.floats(width=32, allow_nan=False)),
    st.tuples(st.just(made.F64), st.floats(allow_nan=False)),
    st.tuples(st.just(made.BOOL), st.booleans()),
    st.tuples(st.just(made.TEXT), st.text()),
)
ARRAYS = st.one_of(
    st.lists(st.integers(0, 255), min_size=1).map(lambda found: (made.ARRAY, (made.U8, found))),
    st.lists(st.integers(-9, 9), min_size=1).map(lambda found: (made.ARRAY, (made.I64, found))),
    st.lists(st.text(), min_size=1).map(lambda found: (made.ARRAY, (made.TEXT, found))),
)
KEYS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)


@settings(max_examples=60)
@given(
    st.dictionaries(KEYS.map("x.{}".format), SCALARS | ARRAYS, max_size=6), st.sampled_from([2, 3])
)
def test_any_values_are_read_as_the_official_reader_reads_them(tmp_path_factory, values, version):
    """All thirteen types, both versions."""
    path = tmp_path_factory.mktemp("gguf") / "m.gguf"
    data = made.header(values, version=version)
    path.write_bytes(data + bytes(-len(data) % 32))
    found, expected = gguf.read(path), official.GGUFReader(path)
    assert found.version == version
    assert found.values == {key: expected.get_field(key).contents() for key in values}


def test_a_long_array_is_stepped_over_and_counted():
    """A vocabulary is not needed, and would take most of the time."""
    words = [f"word {number}" for number in range(200_000)]
    data = made.header(
        {
            "tokenizer.tokens": (made.ARRAY, (made.TEXT, words)),
            "tokenizer.scores": (made.ARRAY, (made.F32, [0.0] * 200_000)),
            "after": (made.U8, 9),
        }
    )
    tracemalloc.start()
    began = time.thread_time()
    found = parse(data, len(data), "x.gguf")
    assert time.thread_time() - began < 2
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    assert found.values["tokenizer.tokens"] == Skipped(200_000)
    assert found.values["tokenizer.scores"] == Skipped(200_000)
    assert found.values["after"] == 9


def test_a_nested_array_is_read():
    """The format allows arrays in arrays."""
    inner = [(made.U8, [1, 2]), (made.TEXT, ["a"])]
    data = made.header({"nested": (made.ARRAY, (made.ARRAY, inner))})
    assert parse(data, len(data), "x").values["nested"] == [[1, 2], ["a"]]


def test_a_type_of_tensor_that_is_not_known_yet_is_measured_by_what_lies_after_it():
    """New types come every few months; the file still has a size."""
    data = made.file({}, [("a", (32,), 99, 640), ("b", (32,), 0, 128), ("c", (8,), 98, 96)])
    found = parse(data, len(data), "x.gguf")
    assert [(each.type, each.size) for each in found.tensors] == [
        ("type 99", 640),
        ("F32", 128),
        ("type 98", 96),
    ]


def test_a_file_in_parts_is_read_with_all_its_parts(tmp_path):
    """Whichever part is named."""
    for number in (1, 2):
        data = made.file(
            {"general.architecture": (made.TEXT, "llama")} if number == 1 else {},
            [(f"blk.{number}.w", (32,), 0, 128)],
        )
        (tmp_path / f"m-{number:05}-of-00002.gguf").write_bytes(data)
    for number in (1, 2):
        found = gguf.read(tmp_path / f"m-{number:05}-of-00002.gguf")
        assert [each.name for each in found.tensors] == ["blk.1.w", "blk.2.w"]
        assert found.architecture == "llama"


def test_a_missing_part_is_named(tmp_path):
    """What, why, what to do."""
    (tmp_path / "m-00001-of-00002.gguf").write_bytes(made.file({}, []))
    with pytest.raises(SourceError) as caught:
        gguf.read(tmp_path / "m-00001-of-00002.gguf")
    assert caught.value.lines() == [
        f"Error: {tmp_path / 'm-00002-of-00002.gguf'} cannot be read.",
        "Why: No such file or directory",
        "Do: Check the name; a file in parts needs all its parts in one folder.",
    ]


@pytest.mark.parametrize("name", ["m-00000-of-00002.gguf", "m-00003-of-00002.gguf", "m.gguf"])
def test_a_name_that_only_looks_like_a_part_is_a_file_of_its_own(name):
    """No names are made up from impossible numbers."""
    assert gguf.parts_of(name) == [name]


# What is refused


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GGML" + bytes(60), "It does not begin with the letters GGUF."),
        (b"<!DOCTYPE html>" + bytes(60), "It does not begin with the letters GGUF."),
        (made.header({}, version=1), "Its version is 1, and versions 2 and 3 are read."),
        (made.header({}, version=9), "Its version is 9, and versions 2 and 3 are read."),
        (made.header({}, counts=(1 << 40, 0)), "It claims to hold 1,099,511,627,776 tensors."),
        (made.header({}, counts=(0, 1 << 40)), "It claims to hold 1,099,511,627,776 values."),
        (made.header({}, counts=(0, 1)), "It claims to hold 1 values."),
        (
            made.header({"a": (made.U8, 1), "b": (made.U8, 1)}).replace(b"b", b"a"),
            "The value 'a' is there twice.",
        ),
        (
            made.header({"k": (made.U8, 1)})[:-5] + struct.pack("<IB", 77, 0),
            "A value has the type 77, which GGUF does not have.",
        ),
        (
            made.header({"k": (made.TEXT, "abc")})[:-11] + struct.pack("<Q", 1 << 60) + b"abc",
            "It claims to hold a text of 1,152,921,504,606,846,976 bytes.",
        ),
        (
            made.header({"k": (made.TEXT, "abc")})[:-11] + struct.pack("<Q", 4) + b"abc",
            "A length in its header points behind its end.",
        ),
        (
            made.header({"k": (made.ARRAY, (made.U64, [1]))})[:-16]
            + struct.pack("<QQ", 1 << 50, 1),
            "It claims to hold 1,125,899,906,842,624 elements of an array.",
        ),
        (
            made.header({"general.alignment": (made.U32, 24)}),
            "Its alignment is 24, not a power of two.",
        ),
        (
            made.header({"general.alignment": (made.U32, 0)}),
            "Its alignment is 0, not a power of two.",
        ),
        (made.header({"general.alignment": (made.TEXT, "32")}), "Its alignment is no number."),
    ],
)
def test_a_broken_header_is_refused_with_its_reason(data, why):
    """Wrong letters, versions, counts, types, lengths."""
    assert refused(data).why == why


def with_tensors(*rows: bytes, room: int = 0) -> bytes:
    """A file that claims these tensors, with so many bytes for them."""
    head = made.header({}, list(rows))
    return head + bytes(-len(head) % 32 + room)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (
            with_tensors(made.tensor("t", (32,), 0, 0), made.tensor("t", (32,), 0, 128), room=256),
            "Two tensors have the same name.",
        ),
        (
            with_tensors(made.tensor("a", (32,), 0, 0), made.tensor("b", (32,), 0, 64), room=256),
            "The tensor 'a' overlaps the next.",
        ),
        (
            with_tensors(made.tensor("a", (32,), 0, 0), made.tensor("b", (32,), 0, 0), room=256),
            "The tensor 'a' overlaps the next.",
        ),
        (with_tensors(made.tensor("t", (1,) * 5, 0, 0)), "The tensor 't' has 5 dimensions."),
        (
            with_tensors(made.tensor("t", (1 << 40, 1 << 40), 0, 0)),
            "The tensor 't' is larger than any memory.",
        ),
        (
            with_tensors(made.tensor("t", (33,), 2, 0), room=64),
            "A row of the tensor 't' is no whole number of blocks.",
        ),
    ],
)
def test_tensors_that_cannot_be_are_refused(data, why):
    """Names twice, places that overlap, absurd sizes."""
    assert refused(data).why == why


def test_a_download_that_broke_off_is_told_as_such():
    """The header is whole, and the weights are not."""
    data = with_tensors(made.tensor("t", (1024,), 0, 0), room=100)
    error = refused(data)
    assert error.why == "The tensor 't' ends at byte 4,160, and the file has 164."
    assert error.do == "The file is cut off: download it again."


def test_a_tensor_of_an_unknown_type_must_lie_in_the_file_too():
    """Its size is the room up to the next, which may be anywhere."""
    rows = (made.tensor("a", (32,), 99, 0), made.tensor("b", (0,), 98, 1 << 60))
    assert refused(with_tensors(*rows, room=64)).do == "The file is cut off: download it again."


def test_arrays_nested_for_ever_are_refused():
    """Each level costs twelve bytes."""
    kind, found = made.U8, [1]
    for _ in range(50):
        kind, found = made.ARRAY, [(kind, found)]
    assert refused(made.header({"k": (kind, (made.ARRAY, found))})).why == (
        "Its arrays are nested too deep."
    )


def test_a_long_array_whose_lengths_lie_is_refused():
    """Stepping over is not trusting."""
    data = made.header({"k": (made.ARRAY, (made.TEXT, ["word"] * 5000))})
    data = data[:-12] + struct.pack("<Q", 1 << 62) + b"word"
    assert refused(data).why == "A length in its header points behind its end."


@pytest.mark.parametrize("size", [0, 3])
def test_a_file_too_small_for_anything_is_refused(tmp_path, size):
    """An empty file cannot be mapped."""
    path = tmp_path / "m.gguf"
    path.write_bytes(bytes(size))
    with pytest.raises(SourceError) as caught:
        gguf.read(path)
    assert caught.value.why == f"It has {size} bytes."


def test_a_folder_is_no_file(tmp_path):
    """The system's own reason is given."""
    with pytest.raises(SourceError) as caught:
        gguf.read(tmp_path)
    assert caught.value.what == f"{tmp_path} cannot be read."


@settings(max_examples=200)
@given(st.data())
def test_whatever_is_changed_in_a_file_ends_in_a_header_or_in_our_error(data):
    """A byte, a run of bytes, the end."""
    words = [f"word {number}" for number in range(1500)]
    whole = bytearray(
        made.file(
            made.llama() | {"tokens": (made.ARRAY, (made.TEXT, words))},
            [("token_embd.weight", (64, 10), 0, 2560), ("blk.0.a", (64,), 2, 36)],
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        patch = data.draw(st.binary(min_size=1, max_size=9))
        whole[place : place + len(patch)] = patch
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        parse(cut, len(cut), "x.gguf")
    except SourceError as error:
        assert error.why and error.do and len(str(error)) < 1000


def test_the_beginning_of_a_file_asks_for_more_until_the_header_is_whole(llama_models):
    """What a server sent so far is enough, or says how much is needed at least."""
    data = (llama_models / "random.gguf").read_bytes()
    whole = parse(data, len(data), "x")
    have, asked = 4, 0
    while True:
        try:
            found = parse(data[:have], len(data), "x")
            break
        except NeedsMore as more:
            assert have < more.size <= len(data)
            have, asked = more.size, asked + 1
    assert found == whole
    assert asked > 10
    assert have < len(data) / 2
