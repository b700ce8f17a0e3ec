"""A machine from words, and this machine from what its system says."""

import pytest

from reckon.catalogue.fit import detect, machine
from reckon.catalogue.fit.machine import GIB, parse
from reckon.errors import UsageError
from reckon.vocabulary.price import Interval


@pytest.mark.parametrize(
    "text",
    [
        "M2 Max 64GB",
        "64GB M2 Max",
        "Apple M2 Max 64 GB",
        "MacBook Pro M2 Max 64GB",
        "m2 max mac studio 64g",
        "M2-Max 64 GiB",
    ],
)
def test_a_mac_is_known_by_its_chip(text):
    """However it is written."""
    found = parse(text)
    assert found.name == "Apple M2 Max, 64 GB"
    assert found.kind == "mac"
    assert found.memory_bytes == 64 * GIB
    assert found.bandwidth == Interval(400, 400, 400)


def test_a_mac_without_a_chip_is_as_fast_as_any_with_that_memory():
    """And says so."""
    found = parse("64GB Mac")
    assert (found.name, found.memory_bytes) == ("Mac, 64 GB", 64 * GIB)
    assert found.bandwidth is not None
    assert (found.bandwidth.low, found.bandwidth.high) == (273, 800)
    assert found.notes == (
        "Its chip was not named: the speed is that of every chip with 64 GB, from Apple M4 Pro to "
        "Apple M1 Ultra.",
    )
    assert parse("1000GB Mac").bandwidth is None


@pytest.mark.parametrize(
    ("text", "name", "cards"),
    [
        ("RTX 4090", "NVIDIA RTX 4090", 1),
        ("4090", "NVIDIA RTX 4090", 1),
        ("NVIDIA GeForce RTX 4090 24GB", "NVIDIA RTX 4090", 1),
        ("2x H100", "2x NVIDIA H100", 2),
        ("2 x H100 80GB", "2x NVIDIA H100", 2),
        ("H100 x2", "2x NVIDIA H100", 2),
        ("2\N{MULTIPLICATION SIGN} H100", "2x NVIDIA H100", 2),
        ("RTX 3090 + RTX 4090", "NVIDIA RTX 3090 + NVIDIA RTX 4090", 2),
        ("7900 XTX", "AMD RX 7900 XTX", 1),
        ("MI300X", "AMD Instinct MI300X", 1),
    ],
)
def test_cards_are_known_by_name(text, name, cards):
    """Without the maker's words, and as many as there are."""
    found = parse(text)
    assert (found.name, len(found.gpus)) == (name, cards)
    assert found.memory_bytes is None
    assert found.notes == ("Its main memory was not named, so that nothing is put there.",)


def test_a_card_may_have_main_memory_beside_it():
    """Whose kind gives its speed."""
    found = parse("RTX 4090 + 64GB DDR5 RAM")
    assert found.name == "NVIDIA RTX 4090 + 64 GB DDR5"
    assert found.gpus[0].memory_bytes == 24 * GIB
    assert found.gpus[0].bandwidth == Interval(1008, 1008, 1008)
    assert found.memory_bytes == 64 * GIB
    assert found.bandwidth == Interval(76.8, (76.8 + 102.4) / 2, 102.4)


def test_a_card_that_is_not_known_may_be_given_by_its_memory():
    """Its speed stays unknown."""
    [card] = parse("24GB GPU").gpus
    assert (card.memory_bytes, card.bandwidth) == (24 * GIB, None)


@pytest.mark.parametrize(
    "text", ["16GB RAM", "16 GB", "16GB laptop", "Windows PC with 16GB of RAM"]
)
def test_a_computer_may_be_memory_alone(text):
    """From the slowest usual memory to the fastest."""
    found = parse(text)
    assert (found.kind, found.memory_bytes) == ("computer", 16 * GIB)
    assert found.bandwidth == Interval(34, (34 + 102.4) / 2, 102.4)


def test_a_phone_is_known_by_its_name():
    """Its memory need not be said."""
    found = parse("iPhone 15 Pro")
    assert (found.kind, found.memory_bytes) == ("phone", 8 * GIB)
    assert found.bandwidth == Interval(51.2, 51.2, 51.2)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "RTX 9999",
            [
                "Error: There is no machine 'RTX 9999'.",
                "Why: No machine '9999' is known.",
                "Do: Name memory and chip: '64GB Mac', 'RTX 4090 + 64GB RAM', 'iPhone 15 Pro'.",
            ],
        ),
        (
            "M2 Maxi 64GB",
            [
                "Error: There is no machine 'M2 Maxi 64GB'.",
                "Why: No machine 'm2 maxi' is known. The nearest are Apple M2 Max, Apple M5 Max, "
                "Apple M4 Max.",
                "Do: Name memory and chip: '64GB Mac', 'RTX 4090 + 64GB RAM', 'iPhone 15 Pro'.",
            ],
        ),
        (
            "M2 Max",
            [
                "Error: There is no machine 'M2 Max'.",
                "Why: The Apple M2 Max comes with 32, 64, 96 GB.",
                "Do: Say which: --machine 'Apple M2 Max 96GB'",
            ],
        ),
        (
            "Mac Studio",
            [
                "Error: There is no machine 'Mac Studio'.",
                "Why: How much memory the Mac has is not said.",
                "Do: Say it: --machine '64GB Mac'",
            ],
        ),
    ],
)
def test_a_machine_that_is_not_known_says_why(text, lines):
    """Nothing is matched by likeness."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.lines() == lines


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Nothing is named."),
        (" + ", "Nothing is named."),
        ("64GB Mac + RTX 4090", "A card cannot be put into Mac, 64 GB."),
        ("16GB RAM + 32GB RAM", "It has more than one main memory."),
        ("16GB 32GB RAM", "'16GB 32GB RAM' has two sizes."),
        ("0GB RAM", "No machine has that size."),
        ("99999999TB RAM", "No machine has that size."),
        ("0x H100", "No machine has that size."),
        ("999x H100", "It has more than 64 cards."),
    ],
)
def test_a_machine_that_cannot_be_is_refused(text, why):
    """Sizes and numbers have bounds."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.why == why


def test_every_row_of_the_table_has_its_source_and_can_be_named():
    """With every memory it is sold with."""
    for row in machine.table().rows:
        assert row.source in machine.table().sources, row.name
        assert list(row.bandwidth_gb_per_s) == sorted(row.bandwidth_gb_per_s)
        for name in (row.name, *row.aliases):
            for size in row.memory_gib:
                found = parse(f"{name} {size:g}GB")
                held = found.gpus[0] if found.gpus else found
                assert held.memory_bytes == size * GIB
                assert held.bandwidth is not None


# This machine


def linux(tmp_path, *, meminfo: str = "MemTotal:       65536000 kB\n", **files: str):
    """A system's files."""
    for name, text in {"proc/meminfo": meminfo, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def silent(_command) -> str:
    """No program is there."""
    return ""


def here(root, run=silent):
    """The machine of these files."""
    return detect.this_machine(root=root, run=run, platform="linux", probe=False)


def test_main_memory_is_read_from_the_system(tmp_path):
    """All of it, in whatever the system counts."""
    found = here(linux(tmp_path))
    assert found.memory_bytes == 65_536_000 * 1024
    assert found.name == "this machine (62 GB RAM)"
    assert found.gpus == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sys/fs/cgroup/memory.max", "8589934592"),
        ("sys/fs/cgroup/box/memory.max", "8589934592\n"),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "8589934592"),
    ],
)
def test_a_container_has_what_it_is_given(tmp_path, name, text):
    """In both versions of control groups."""
    root = linux(tmp_path, **{"proc/self/cgroup": "0::/box\n", name: text})
    found = here(root)
    assert found.memory_bytes == 8 * GIB
    assert found.notes == ("This process may use 8.0 of 62.5 GiB.",)


def test_no_limit_is_no_limit(tmp_path):
    """`max`, and the large number of the first version."""
    root = linux(
        tmp_path,
        **{
            "sys/fs/cgroup/memory.max": "max\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        },
    )
    assert here(root).memory_bytes == 65_536_000 * 1024


def test_cards_are_found_by_their_maker_s_program(tmp_path):
    """Which adds words to the names."""
    said = (
        "NVIDIA GeForce RTX 4090, 24564\nNVIDIA H100 80GB HBM3, 81559\nOdd, Card, 100\n"
        "NVIDIA GeForce RTX 4090 Laptop GPU, 16376\nNVIDIA A100-SXM4-80GB, 81920\nno size, x\n"
    )
    found = here(linux(tmp_path), lambda command: said if command[0] == "nvidia-smi" else "")
    assert [(gpu.name, gpu.memory_bytes >> 20) for gpu in found.gpus] == [
        ("NVIDIA GeForce RTX 4090", 24_564),
        ("NVIDIA H100 80GB HBM3", 81_559),
        ("Odd, Card", 100),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 16_376),
        ("NVIDIA A100-SXM4-80GB", 81_920),
    ]
    assert found.gpus[0].bandwidth == Interval(1008, 1008, 1008)
    assert found.gpus[1].bandwidth == Interval(2039, (2039 + 3350) / 2, 3350)
    assert found.gpus[2].bandwidth is None
    # The same name, and another card.
    assert found.gpus[3].bandwidth is None
    assert found.gpus[4].bandwidth == Interval(1555, (1555 + 2039) / 2, 2039)


def test_cards_of_amd_are_found_in_the_system_s_files(tmp_path):
    """With their name where the driver gives it."""
    base = "sys/class/drm/card{}/device/"
    root = linux(
        tmp_path,
        **{
            base.format(0) + "vendor": "0x8086\n",
            base.format(1) + "vendor": "0x1002\n",
            base.format(1) + "mem_info_vram_total": str(24 * GIB),
            base.format(1) + "product_name": "Radeon RX 7900 XTX\n",
        },
    )
    [card] = here(root).gpus
    assert (card.name, card.memory_bytes) == ("Radeon RX 7900 XTX", 24 * GIB)
    assert card.bandwidth == Interval(960, 960, 960)
    assert not card.nvidia


def mac(**said: str):
    """A Mac that says so."""
    return detect.this_machine(
        run=lambda command: said.get(command[-1].rpartition(".")[2], ""), platform="darwin"
    )


def test_a_mac_says_its_chip_and_its_limit():
    """0 stands for the default limit."""
    found = mac(memsize="68719476736", brand_string="Apple M2 Max\n", wired_limit_mb="0")
    assert found.name == "this machine (Apple M2 Max, 64 GB)"
    assert (found.kind, found.gpu_limit_bytes) == ("mac", None)
    assert found.bandwidth == Interval(400, 400, 400)
    raised = mac(memsize="68719476736", brand_string="Apple M2 Max", wired_limit_mb="57344")
    assert raised.gpu_limit_bytes == 56 * GIB


def test_a_mac_with_an_older_chip_is_a_computer():
    """It has no memory that is one for both processors."""
    found = mac(memsize="34359738368", brand_string="Intel(R) Core(TM) i9")
    assert (found.kind, found.bandwidth) == ("computer", None)


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_a_machine_that_says_nothing_must_be_named(tmp_path, platform):
    """What, why, what to do."""
    with pytest.raises(UsageError) as caught:
        detect.this_machine(root=tmp_path, run=silent, platform=platform)
    assert "cannot be found out" in caught.value.what
    assert caught.value.why
    assert caught.value.do.startswith("Name ")


def test_a_program_that_is_not_there_says_nothing():
    """Nor one that fails."""
    assert detect.printed(["no-such-program-here"]) == ""
    assert detect.printed(["false"]) == ""
    assert detect.printed(["echo", "hi"]) == "hi\n"


def test_main_memory_is_measured_where_nobody_says_how_fast_it_is():
    """A copy in main memory moves between 0.5 and 1,000 GB a second on any machine of today."""
    found = detect.measured_bandwidth(0.05)
    assert 0.5 < found.low < found.likely < found.high < 1000
    this = detect.machine_of(None)
    assert this.memory_bytes is not None
    assert this.bandwidth is not None
    assert any(note.startswith("Main memory was measured") for note in this.notes)


def test_this_machine_may_be_asked_for_by_word():
    """As any other may."""
    assert detect.machine_of("this", probe=False).name.startswith("this machine (")
    assert detect.machine_of("64GB Mac") == parse("64GB Mac")
