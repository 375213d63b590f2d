"""Money and its currencies: amounts of different currencies never mix.

Amounts are exact decimals; rounding belongs to the rule that asks for it (fees, interest), by the
named modes of `decimals.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from portway.model.symbol import Market

__all__ = ["CASH_MAX", "MARKET_CURRENCIES", "Currency", "CurrencyMismatch", "Money"]


class Currency(StrEnum):
    """Currencies of accounts. RMB is CNH in trade and assets; static info shows CNY."""

    HKD = "HKD"
    USD = "USD"
    CNH = "CNH"


# Of one currency in one account, and of its credit: with it every sum over a venue stays within the
# 28 digits of a decimal, and so exact to the last place.
CASH_MAX = Decimal(10**15)

MARKET_CURRENCIES = {Market.HK: Currency.HKD, Market.US: Currency.USD, Market.CN: Currency.CNH}


class CurrencyMismatch(TypeError):
    """Two amounts of different currencies were added or compared."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency, exact, possibly negative."""

    amount: Decimal
    currency: Currency

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other).amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other).amount

    def _same(self, other: Money) -> Money:
        if other.currency is not self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")
        return other
