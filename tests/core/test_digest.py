"""The digest sees every part of a state and nothing that is not one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from portway.core.digest import digest
from portway.core.state import State
from portway.model.money import Currency
from portway.model.symbol import Market
from tests.core.random_flow import ACCOUNTS, play
from tests.trading.floor import TENCENT


def _flow_state() -> State:
    return play(seed=11, steps=120).state


CHANGES: list[Callable[[State], object]] = [
    lambda state: setattr(state, "arrivals", state.arrivals + 1),
    lambda state: setattr(state.accounts[ACCOUNTS[0]].purse(Currency.HKD), "cash", Decimal(1)),
    lambda state: state.days.update({Market.SG: date(2026, 1, 1)}),
    lambda state: state.closed.popitem(),
    lambda state: state.orders.popitem(),
    lambda state: state.ledger.balances.update({("x", "HKD"): Decimal(1)}),
    lambda state: state.symbols.update({TENCENT: 99}),
    lambda state: state.unsettled.clear(),
]


@pytest.mark.parametrize("place", range(len(CHANGES)))
def test_every_part_counts(place: int) -> None:
    state = _flow_state()
    before = digest(state)
    CHANGES[place](state)
    assert digest(state) != before


def test_the_writing_of_a_number_does_not_count() -> None:
    state = _flow_state()
    before = digest(state)
    purse = state.accounts[ACCOUNTS[0]].purse(Currency.HKD)
    purse.cash = purse.cash * Decimal("1.00")
    assert digest(state) == before


def test_what_cannot_be_written_out_is_refused() -> None:
    state = State()
    state.days[Market.HK] = 1.5  # type: ignore[assignment]
    with pytest.raises(TypeError, match="float"):
        digest(state)
