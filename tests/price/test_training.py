"""The training napkin: what the makers' own figures come to."""

from decimal import Decimal

import pytest

from reckon.catalogue.training import find, trainings
from reckon.errors import UnknownModel, UsageError
from reckon.price.training import Napkin, of_run, to_train


def napkin(name: str, usd: Decimal | None = None) -> Napkin:
    """Of a run in our table."""
    run = find(name)
    return of_run(run, trainings().gpu[run.gpu], usd)


def test_deepseek_v3_cost_five_and_a_half_million_dollars() -> None:
    """2,788,000 hours at the $2 that its report assumes."""
    found = napkin("deepseek-v3")
    assert found.usd == 5_576_000
    assert not found.usd_is_assumed
    assert found.flop == pytest.approx(3.29e24, rel=0.002)
    # Of the hours of pre-training alone, for only they saw the tokens.
    assert found.tflops == pytest.approx(343, abs=0.5)
    assert found.utilization == pytest.approx(0.35, abs=0.005)
    assert found.tco2 is found.flights is None


def test_llama_3_1_405b_took_eleven_times_the_hours() -> None:
    """30.84 M hours, 21.6 GWh, 3.8e25 operations."""
    found = napkin("meta/llama-3.1-405b-instruct")
    assert found.gpu_hours / napkin("deepseek-v3").gpu_hours == pytest.approx(11.06, abs=0.005)
    assert found.flop == pytest.approx(3.8e25, rel=0.01)
    assert found.utilization == pytest.approx(0.345, abs=0.005)
    assert found.mwh == 21_588
    assert found.usd == 61_680_000
    assert found.usd_is_assumed


def test_its_co2_is_that_of_dozens_of_flights_and_not_of_a_handful() -> None:
    """8,930 t, by a whole Boeing 747-400 from London to New York."""
    found = napkin("llama-3.1-405b")
    assert found.tco2 == 8930
    assert found.kg_per_kwh == pytest.approx(0.41, abs=0.005)
    assert found.flights == pytest.approx(47.6, abs=0.1)


def test_phi_2_was_trained_for_the_price_of_a_car() -> None:
    """96 A100s for two weeks: $32k at a dollar an hour, $65k at two."""
    assert find("phi-2").gpu_hours == 96 * 14 * 24
    assert napkin("phi-2", Decimal(1)).usd == 32_256
    assert napkin("phi-2").usd == 64_512
    assert napkin("phi-2").flop == pytest.approx(2.27e22, rel=0.002)
    assert napkin("phi-2").tflops == pytest.approx(195, abs=0.5)
    assert napkin("phi-2").utilization == pytest.approx(0.63, abs=0.005)


@pytest.mark.parametrize("name", ["deepseek-v3", "llama-3.1-405b", "phi-2"])
def test_the_napkin_runs_both_ways(name: str) -> None:
    """From hours to utilization, and from utilization back to hours."""
    run, found = find(name), napkin(name)
    passed = run.active_parameters or run.parameters
    assert passed
    assert run.tokens
    assert found.utilization
    gpu = trainings().gpu[run.gpu]
    back = to_train(passed, run.tokens, run.gpu, gpu, utilization=found.utilization)
    assert back.gpu_hours == pytest.approx(run.pretraining_gpu_hours or run.gpu_hours)
    assert back.flop == found.flop


def test_every_run_is_possible_and_names_its_source() -> None:
    """No GPU does more than its peak, and the electricity has the CO2 of a real grid."""
    names = [run.model for run in trainings().run]
    assert len(names) == len(set(names))
    for run in trainings().run:
        found = napkin(run.model)
        assert "https://" in run.source
        assert found.utilization is None or 0.03 < found.utilization < 0.7
        if found.kg_per_kwh is not None:
            assert 0.3 < found.kg_per_kwh < 0.5 or "do not fit" in run.note
        if run.active_parameters and run.parameters:
            assert run.active_parameters < run.parameters


def test_an_unknown_model_names_the_nearest() -> None:
    """And the way to reckon another."""
    with pytest.raises(UnknownModel) as raised:
        find("openai/lama-3.1-405b")
    assert raised.value.what == ("No source says what the training of 'openai/lama-3.1-405b' took.")
    assert raised.value.why.startswith("The nearest are llama-3.1-405b")
    assert "--parameters and --tokens" in raised.value.do


@pytest.mark.parametrize(
    ("parameters", "tokens", "utilization", "what"),
    [
        (0, 1e12, 0.35, "--parameters 0 is no amount."),
        (float("nan"), 1e12, 0.35, "--parameters nan is no amount."),
        (1e9, float("inf"), 0.35, "--tokens inf is no amount."),
        (1e9, 1e12, -1, "--utilization -1 is no amount."),
        (1e9, 1e12, 35, "--utilization 35 is above the GPU's peak."),
    ],
)
def test_numbers_that_are_none_are_refused(
    parameters: float, tokens: float, utilization: float, what: str
) -> None:
    """With what to give instead."""
    gpu = trainings().gpu["H100"]
    with pytest.raises(UsageError) as raised:
        to_train(parameters, tokens, "H100", gpu, utilization=utilization)
    assert raised.value.what == what
    assert raised.value.do
