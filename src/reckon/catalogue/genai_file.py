"""The data file of genai-prices (`data.json`), in the shape in which its package has it."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from reckon.vocabulary.money import read_usd


def providers_of(rows: list[Any]) -> list[Any]:
    """The providers of a data file of genai-prices, in the shape that the package has them.

    Args:
        rows: The decoded file, its numbers as Decimal or int.

    Raises:
        KeyError, TypeError, ValueError: A row is not of that shape.
    """
    return [
        SimpleNamespace(
            id=str(provider["id"]),
            name=str(provider["name"]),
            models=[_info(model) for model in provider["models"]],
        )
        for provider in rows
    ]


def _info(model: dict[str, Any]) -> Any:
    clauses = model["match"].get("or", [model["match"]])
    found: Any = model["prices"]
    return SimpleNamespace(
        id=str(model["id"]),
        name=model.get("name"),
        context_window=model.get("context_window"),
        deprecated=model.get("deprecated"),
        match=SimpleNamespace(or_=[SimpleNamespace(**clause) for clause in clauses]),
        prices=[_condition(each) for each in cast("list[Any]", found)]
        if isinstance(found, list)
        else _rates(found),
    )


def _condition(row: dict[str, Any]) -> Any:
    constraint = row.get("constraint")
    if constraint and "start_date" in constraint:
        constraint = {"start_date": dt.date.fromisoformat(constraint["start_date"])}
    return SimpleNamespace(
        constraint=SimpleNamespace(**constraint) if constraint else None,
        prices=_rates(row["prices"]),
    )


def _rates(row: dict[str, Any]) -> Any:
    return SimpleNamespace(**{name: _number_or_tiers(value, name) for name, value in row.items()})


def _number_or_tiers(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        return usd_of(value, name)
    tiers = cast("dict[str, Any]", value)
    return SimpleNamespace(
        base=usd_of(tiers["base"], name),
        tiers=[
            SimpleNamespace(start=int(tier["start"]), price=usd_of(tier["price"], name))
            for tier in tiers["tiers"]
        ],
    )


def usd_of(value: object, name: str) -> Decimal:
    """The dollars of a field.

    Raises:
        ValueError: It is no number of dollars; says so, with the field's name.
    """
    try:
        return read_usd(value)
    except ValueError as error:
        raise ValueError(f"`{name}` {error}") from error
