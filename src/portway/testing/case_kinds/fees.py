"""Kind of `fees`: what the executions of one order and day are charged, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from msgspec import structs

from portway.core.fees import FeeClass, FeeQuery, order_fees, total
from portway.model.command import FeeRates
from portway.model.money import MARKET_CURRENCIES
from portway.model.order import OrderSide
from portway.model.symbol import Market
from portway.testing.cases import kind

_CLASSES: Final = {
    ("HK", "equity"): FeeClass.HK_STAMPED,
    ("HK", "reit"): FeeClass.HK_REIT,
    ("HK", "etp"): FeeClass.HK_UNSTAMPED,
    ("HK", "warrant"): FeeClass.HK_UNSTAMPED,
    ("HK", "cbbc"): FeeClass.HK_UNSTAMPED,
    ("US", "stock"): FeeClass.US_STOCK,
    ("US", "etf"): FeeClass.US_STOCK,
    ("US", "option"): FeeClass.US_OPTION,
    ("CN", "a_share"): FeeClass.CN_SHARE,
    ("CN", "etf"): FeeClass.CN_ETF,
}


@kind("fees", "order_fees")
def of_an_order(given: Mapping[str, Any]) -> Mapping[str, Any]:
    market = Market(given["market"])
    multiplier = Decimal(given.get("contract_multiplier", 1))
    quantity = sum((Decimal(row["quantity"]) for row in given["executions"]), Decimal(0))
    traded = (Decimal(row["price"]) * Decimal(row["quantity"]) for row in given["executions"])
    query = FeeQuery(
        _CLASSES[given["market"], given["class"]],
        OrderSide[given["side"].upper()],
        date.fromisoformat(given["date"]),
        _rates(given),
    )
    charged = order_fees(query, sum(traded, Decimal(0)) * multiplier, quantity)
    return {
        "currency": MARKET_CURRENCIES[market].value,
        "items": {fee.name: fee.amount for fee in charged},
        "total": total(charged),
    }


def _rates(given: Mapping[str, Any]) -> FeeRates:
    """Read the rates by their names in the settings: the market, `option` where it is one."""
    prefix = given["market"].lower() + ("_option" if given["class"] == "option" else "")
    # The rate on sales is one for shares and options.
    names = {name: f"{prefix}_{name}" for name in given["rates"]} | {"sec_rate": "us_sec_rate"}
    given_rates = {names[name]: Decimal(rate) for name, rate in given["rates"].items()}
    return structs.replace(FeeRates(), **given_rates)
