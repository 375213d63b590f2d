"""Exchange rates between the currencies of accounts: settings with defaults, not market data.

USD/HKD lies in its pegged band, USD/CNH is a round figure of its time; HKD/CNH follows from both.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from portway.model.money import Currency

__all__ = ["PER_USD", "exchange_rates"]

# One US dollar in each currency.
PER_USD: Final[Mapping[Currency, Decimal]] = MappingProxyType(
    {Currency.USD: Decimal(1), Currency.HKD: Decimal("7.80"), Currency.CNH: Decimal("7.10")}
)


def exchange_rates(currency: Currency) -> Mapping[Currency, Decimal]:
    """Return the value of one unit of each currency, in `currency`."""
    return {other: PER_USD[currency] / per_usd for other, per_usd in PER_USD.items()}
