"""Kind of `settlement`: the days on which a trade is final, and when its shares may be sold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from portway.market.reference import calendars
from portway.model.instrument import SecurityClass
from portway.model.settlement import settlement
from portway.model.symbol import Market
from portway.testing.cases import kind

# "stock" stands for every ordinary security.
_ORDINARY: Final = {
    Market.HK: SecurityClass.EQUITY,
    Market.US: SecurityClass.STOCK,
    Market.CN: SecurityClass.A_SHARE,
}
_OTHERS: Final = {
    "warrant": SecurityClass.WARRANT,
    "cbbc": SecurityClass.CBBC,
    "option": SecurityClass.OPTION_PENNY,
    "option_s": SecurityClass.OPTION_PENNY,
}
_FUNDS: Final = {
    Market.HK: SecurityClass.ETP,
    Market.US: SecurityClass.ETF,
    Market.CN: SecurityClass.ETF,
}


@kind("settlement", "settlement_date")
def settlement_date(given: Mapping[str, Any]) -> Mapping[str, Any]:
    market, name = Market(given["market"]), given["class"]
    if name == "stock":
        security_class = _ORDINARY[market]
    else:
        security_class = _FUNDS[market] if name in ("etf", "etf_t0") else _OTHERS[name]
    found = settlement(
        market,
        security_class,
        date.fromisoformat(given["trade_date"]),
        calendars(),
        same_day_resale=name == "etf_t0",
    )
    return {
        "cash": found.cash,
        "securities": found.securities,
        "sellable_from": found.sellable_from,
    }
