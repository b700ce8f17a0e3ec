"""What training a model took, as its makers say."""

from decimal import Decimal

import msgspec


class Gpu(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of GPU."""

    peak_tflops: float
    """10^12 operations per second at most: dense, BF16."""
    watts: float
    source: str


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One training run; None means that no source says it."""

    model: str
    organization: str
    gpu: str
    """A name in the table of GPUs."""
    gpu_hours: float
    """All that are told."""
    pretraining_gpu_hours: float | None = None
    """Those in which the tokens were seen, where they are told apart."""
    tokens: float | None = None
    parameters: float | None = None
    active_parameters: float | None = None
    """That one token passes through, where they are fewer."""
    usd_per_gpu_hour: Decimal | None = None
    usd_source: str = ""
    watts: float | None = None
    """Of one GPU, with its share of the cooling, as the source counts it."""
    tco2: float | None = None
    """Tonnes of CO2 equivalent where the electricity was made, before anything was bought."""
    source: str
    note: str = ""


class Trainings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All runs and GPUs that are known."""

    gpu: dict[str, Gpu]
    run: tuple[Training, ...]
