"""Which kinds of securities the world has prices for.

Bonds are not of it: they may be listed, but the world does not draw them. What is priced from
another security (warrants, CBBCs, options) is the business of `market/derived`.
"""

from __future__ import annotations

from typing import Final

from portway.model.instrument import SecurityClass
from portway.model.symbol import Market

__all__ = ["is_drawn"]

_DRAWN: Final = {
    Market.HK: frozenset("equity reit equity_warrant etp fixed_income_etp index".split()),
    Market.US: frozenset("stock etf us_warrant index".split()),
    Market.CN: frozenset("a_share b_share_sh b_share_sz etf index".split()),
}


def is_drawn(market: Market, security_class: SecurityClass) -> bool:
    """Tell whether the world has prices for that kind of security."""
    return security_class in _DRAWN.get(market, ())
