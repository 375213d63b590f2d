"""Interest on borrowed money and borrowed shares: accrued by the day, posted by the month.

What has accrued is kept as an exact number (amount times yearly rate times days) and divided by
the days of the year only when it is posted, so that no daily rounding is lost. Nothing here knows
an account, a calendar or a rate: who owes how much, at what rate and for how many days comes with
the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portway.model.decimals import half_up
from portway.model.money import Currency

__all__ = ["Accrued", "day_basis", "debit_interest"]

ZERO = Decimal(0)


def day_basis(currency: Currency) -> int:
    """Return how many days interest counts as a year: 360 for dollars, else 365.

    The fee for borrowed shares, which are US shares, is counted by 360 as well.
    """
    return 360 if currency is Currency.USD else 365


@dataclass(frozen=True, slots=True)
class Accrued:
    """Interest on its way to be posted, exact.

    Attributes:
        weight: Sum of debit times yearly rate times days; in the currency of the debit.
    """

    weight: Decimal = ZERO

    def add(self, debit: Decimal, annual_rate: Decimal, days: int = 1) -> Accrued:
        """Return it with `days` more on `debit`; a balance that is not owed (below 0) adds none."""
        return Accrued(self.weight + max(ZERO, debit) * annual_rate * days)

    def posted(self, basis: int) -> Decimal:
        """Return what is posted, to the cent half up; `basis`: days of a year."""
        return half_up(self.weight / basis, 2)


def debit_interest(debit: Decimal, annual_rate: Decimal, days: int, basis: int) -> Decimal:
    """Return the interest on an unchanged debit (above zero: owed), to the cent half up."""
    return Accrued().add(debit, annual_rate, days).posted(basis)
