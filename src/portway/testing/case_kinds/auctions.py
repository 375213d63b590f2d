"""Kinds of `auctions`: the equilibrium price of orders in time order, and who gets how much."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from portway.core.auction import (
    AuctionOrder,
    AuctionResult,
    CnExchange,
    Fate,
    cn_auction,
    hk_auction,
    hk_fate,
    us_cross,
)
from portway.model.instrument import SecurityClass, spread_table
from portway.model.order import DayAuction, OrderSide
from portway.model.price_limits import PriceRange
from portway.model.spread import Boundary, SpreadTable, ladder
from portway.model.symbol import Market
from portway.testing.cases import kind

_FATES: Final = {Fate.CANCELED: "cancelled", Fate.LIMIT_ORDER: "LO", Fate.EXPIRED: "expired"}
_EXCHANGES: Final = {"SH": CnExchange.SHANGHAI, "SZ": CnExchange.SHENZHEN}


@kind("auctions", "hk_auction")
def hong_kong(given: Mapping[str, Any]) -> Mapping[str, Any]:
    on = date.fromisoformat(given["date"])
    table = spread_table(Market.HK, SecurityClass(given["class"]), on)
    orders, which = _orders(given), DayAuction[given["auction"].upper()]
    result = hk_auction(orders, table, _price(given["reference"]), which)
    fates = {one.order_id: _FATES[hk_fate(one, which)] for one in orders}
    rest = _named(given, {number: fates[number] for number in result.rest})
    return {**_answer(given, result), "rest": rest}


@kind("auctions", "cn_auction")
def mainland(given: Mapping[str, Any]) -> Mapping[str, Any]:
    limits = PriceRange(_price(given["lower_limit"]), _price(given["upper_limit"]))
    result = cn_auction(
        _orders(given),
        _table(given),
        (_price(given["reference"]),),
        _EXCHANGES[given["exchange"]],
        limits,
    )
    return _answer(given, result)


@kind("auctions", "us_cross")
def cross(given: Mapping[str, Any]) -> Mapping[str, Any]:
    result = us_cross(_orders(given), _table(given), _price(given["reference"]))
    return _answer(given, result)


def _orders(given: Mapping[str, Any]) -> tuple[AuctionOrder, ...]:
    return tuple(
        AuctionOrder(
            order_id=number,
            side=OrderSide[row["side"].upper()],
            price=_price(row["price"]),
            quantity=Decimal(row["quantity"]),
        )
        for number, row in enumerate(given["orders"])
    )


def _table(given: Mapping[str, Any]) -> SpreadTable:
    return ladder(given["tick"], f"*:{given['tick']}", Boundary.UPPER_BAND)


def _price(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _answer(given: Mapping[str, Any], result: AuctionResult) -> Mapping[str, Any]:
    return {
        "iep": result.iep,
        "price": result.price,
        "matched": result.matched,
        "imbalance": result.imbalance,
        "fills": _named(given, result.fills),
    }


def _named(given: Mapping[str, Any], by_number: Mapping[int, object]) -> Mapping[str, object]:
    return {given["orders"][number]["id"]: value for number, value in by_number.items()}
