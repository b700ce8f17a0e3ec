"""`reckon models training` and `reckon price --energy` as a user types them."""

import pytest
from command_line import error_lines, reckon, rows_of

JOB = ("price", "--count", "68000", "--input-tokens", "260", "--output-tokens", "100")


def test_two_trainings_are_shown_with_their_arithmetic_and_compared() -> None:
    """Every figure with the sum that it is."""
    done = reckon("models", "training", "deepseek-v3", "llama-3.1-405b")
    assert done.returncode == 0, done.stderr
    for line in (
        "2,788,000 h x $2.00 = $5,576,000 (the report's own assumption: "
        "$5,576,000 for 2,788,000 hours)",
        "6 x 37B x 14.8T = 3.29e+24",
        "3.29e+24 / 2,664,000 h / 3600 s = 343 TFLOP/s, 35% of the 989 of an H800",
        "30,840,000 h x $2.00 = $61,680,000; the price is assumed",
        "30,840,000 h x 700 W = 21,588 MWh",
        "8,930 t / 188 t of a full Boeing 747-400, London to New York, one way = 47.6",
        "llama-3.1-405b took 30,840,000 / 2,788,000 = 11.06 times the GPU hours of deepseek-v3.",
    ):
        assert line in done.stdout


def test_all_trainings_are_listed_and_unknown_is_null() -> None:
    """Without a name; figures are numbers, money is a string."""
    rows = {row["model"]: row for row in rows_of("models", "training")}
    assert rows["deepseek-v3"]["cost_usd"] == "5576000"
    assert rows["deepseek-v3"]["tco2"] is None
    assert rows["llama-3.2-11b-vision"]["flop"] is None
    assert rows["phi-2"]["gpu_hours"] == 32_256
    assert "unknown" in reckon("models", "training").stdout


def test_another_price_of_an_hour_changes_the_sum() -> None:
    """And is no assumption of ours."""
    [row] = rows_of("models", "training", "phi-2", "--gpu-price", "1")
    assert (row["cost_usd"], row["cost_is_assumed"]) == ("32256", False)


def test_a_training_that_nobody_ran_is_reckoned_by_hand() -> None:
    """6 N D over what the GPUs reach."""
    done = reckon("models", "training", "--parameters", "8e9", "--tokens", "15e12")
    assert "6 x 8B x 15T = 7.2e+23" in done.stdout
    assert "577,551 on H100" in done.stdout
    [row] = rows_of(
        "models", "training", "--parameters", "8e9", "--tokens", "15e12", "--gpu", "a100"
    )
    assert row["gpu"] == "A100"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("gpt-4",), "Error: No source says what the training of 'gpt-4' took."),
        (
            ("phi-2", "--tokens", "1e12"),
            "Error: A napkin by hand needs --parameters and --tokens, and no model.",
        ),
        (
            ("--parameters", "1e9", "--tokens", "1e9", "--gpu", "abacus"),
            "Error: There is no GPU 'abacus' in the table.",
        ),
        (("phi-2", "--gpu-price", "0"), "Error: --gpu-price 0 is no price."),
    ],
)
def test_what_cannot_be_reckoned_is_refused(arguments: tuple[str, ...], what: str) -> None:
    """What happened, and what to do."""
    done = reckon("models", "training", *arguments)
    assert done.returncode == 2
    lines = error_lines(done)
    assert lines[0] == what
    assert lines[-1].startswith("Do: ")


def test_energy_is_shown_when_asked_with_its_assumptions_and_sources() -> None:
    """Never a number alone."""
    models = ("-m", "gemini-1.5-flash-8b", "-m", "gpt-4o", "-m", "builtin/describe")
    assert "kWh" not in reckon(*JOB, *models).stdout
    done = reckon(*JOB, *models, "--energy")
    assert done.returncode == 0, done.stderr
    assert "8B parameters, as its name says" in done.stdout
    assert "40B to 250B parameters at work, a guess: output costs $10" in done.stdout
    assert "to be measured where it runs" in done.stdout
    assert "Energy is an order of magnitude" in done.stdout
    assert "Source, home: https://www.eia.gov/" in done.stdout
    rows = {row["model"]: row for row in rows_of(*JOB, *models, "--energy")}
    flash = rows["google/gemini-1.5-flash-8b"]
    assert 0 < flash["energy_kwh_low"] < flash["energy_kwh"] < flash["energy_kwh_high"]
    assert rows["builtin/describe"]["energy_kwh"] is None
    [without] = rows_of(*JOB, "-m", "gpt-4o")
    assert "energy_kwh" not in without
