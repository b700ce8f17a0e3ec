"""The budget gate and the pacer."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from reckon.run.bulk.admission import BudgetGate

AMOUNTS = st.integers(0, 100)


def test_a_call_that_fits_is_admitted_and_reserved() -> None:
    """The bound is reserved before the call is sent."""
    gate = BudgetGate(100)
    assert asyncio.run(gate.reserve(60))
    assert gate.reserved_pico == 60


def test_with_nothing_in_flight_a_call_that_does_not_fit_ends_the_run() -> None:
    """Nothing can come back, so the cap is reached."""
    assert not asyncio.run(BudgetGate(100, spent_pico=50, reserved_pico=20).reserve(31))


def test_a_call_waits_for_what_calls_in_flight_may_give_back() -> None:
    """A reservation that is settled below its bound makes room for the next call."""

    async def scene() -> bool:
        gate = BudgetGate(100)
        assert await gate.reserve(80)
        second = asyncio.create_task(gate.reserve(80))
        await asyncio.sleep(0)
        assert not second.done()
        gate.settle(80, 10)
        return await second

    assert asyncio.run(scene())


def test_a_call_in_doubt_keeps_its_reservation() -> None:
    """What may have been billed counts as spent until shown otherwise."""

    async def scene() -> bool:
        gate = BudgetGate(100)
        assert await gate.reserve(80)
        gate.settle(80, None)
        return await gate.reserve(21)

    assert not asyncio.run(scene())


def test_a_bill_above_its_bound_shows_as_overshoot() -> None:
    """A provider that bills more than the bound is seen, not hidden."""

    async def scene() -> int:
        gate = BudgetGate(100)
        assert await gate.reserve(80)
        gate.settle(80, 130)
        return gate.overshoot_pico

    assert asyncio.run(scene()) == 30


@given(calls=st.lists(st.tuples(AMOUNTS, AMOUNTS, st.booleans()), max_size=60), cap=AMOUNTS)
def test_spent_and_reserved_never_pass_the_cap(
    calls: list[tuple[int, int, bool]], cap: int
) -> None:
    """At any concurrency, with bills up to their bounds, the cap holds at every moment."""

    async def scene() -> None:
        gate = BudgetGate(cap)

        async def call(bound: int, part: int, lost: bool) -> None:
            if await gate.reserve(bound):
                assert gate.spent_pico + gate.reserved_pico <= cap
                await asyncio.sleep(0)
                gate.settle(bound, None if lost else bound * part // 100)
                assert gate.spent_pico + gate.reserved_pico <= cap

        await asyncio.gather(*(call(*each) for each in calls))

    asyncio.run(scene())
