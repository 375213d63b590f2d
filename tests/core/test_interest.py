"""Interest: by the day, posted once, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.core.interest import Accrued, day_basis, debit_interest
from portway.model.money import Currency

RATE = Decimal("0.068")
AMOUNTS = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-2))


@pytest.mark.parametrize(
    ("currency", "expected"), [("HKD", "558.90"), ("USD", "566.67"), ("CNH", "558.90")]
)
def test_a_month_of_debit(currency: str, expected: str) -> None:
    basis = day_basis(Currency(currency))
    assert debit_interest(Decimal(100_000), RATE, 30, basis) == Decimal(expected)


@given(st.lists(st.tuples(AMOUNTS, st.integers(1, 31)), max_size=12), st.sampled_from([360, 365]))
def test_days_counted_one_by_one_cost_what_they_cost_together(
    spans: list[tuple[Decimal, int]], basis: int
) -> None:
    together = by_day = Accrued()
    for debit, days in spans:
        together = together.add(debit, RATE, days)
        for _ in range(days):
            by_day = by_day.add(debit, RATE)
    assert by_day == together
    exact = sum((debit * days for debit, days in spans), Decimal(0)) * RATE / basis
    assert abs(together.posted(basis) - exact) <= Decimal("0.005")


def test_what_is_not_owed_costs_nothing() -> None:
    assert Accrued().add(Decimal(-500), RATE, 30) == Accrued()
    assert debit_interest(Decimal(-500), RATE, 30, 365) == 0


def test_half_a_cent_is_charged_as_a_cent() -> None:
    assert debit_interest(Decimal(365), Decimal("0.005"), 1, 365) == Decimal("0.01")
    assert debit_interest(Decimal(364), Decimal("0.005"), 1, 365) == Decimal("0.00")
