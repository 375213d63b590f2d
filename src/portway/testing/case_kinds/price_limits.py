"""Kinds of `price_limits`: daily limits, valid ranges, quotation rules, auction bounds, bands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any, Final

from portway.model.instrument import Board, SecurityClass, spread_table
from portway.model.order import OrderSide, OrderType
from portway.model.price_limits import (
    Luld,
    PriceRange,
    QuotedMarket,
    cn_daily_limit,
    cn_limit_rate,
    cn_valid_range,
    hk_auction_bound,
    hk_quotation,
    us_luld,
)
from portway.model.spread import Boundary, SpreadTable, ladder
from portway.model.symbol import Market
from portway.testing.cases import kind

_BOARDS: Final = {
    "main": Board.SH_MAIN_CONNECT,
    "star": Board.SH_STAR,
    "chinext": Board.SZ_GEM_CONNECT,
}
_CN_CLASSES: Final = {"stock": SecurityClass.A_SHARE, "etf": SecurityClass.ETF}


def _price(given: Mapping[str, Any], name: str) -> Decimal | None:
    text = given.get(name)
    return None if text is None else Decimal(text)


def _market(given: Mapping[str, Any]) -> QuotedMarket:
    names = ("best_bid", "best_ask", "last", "prev_close")
    return QuotedMarket(*(_price(given, name) for name in names))


def _hk_table(given: Mapping[str, Any]) -> SpreadTable:
    on = date.fromisoformat(given["date"])
    return spread_table(Market.HK, SecurityClass(given["class"]), on)


def _bounds(found: PriceRange) -> Mapping[str, Any]:
    return {"lower": found.lower, "upper": found.upper}


@kind("price_limits", "cn_daily_limit")
def daily_limit(given: Mapping[str, Any]) -> Mapping[str, Any]:
    on, security_class = date.fromisoformat(given["date"]), _CN_CLASSES[given["instrument"]]
    rate = cn_limit_rate(
        on,
        _BOARDS[given["board"]],
        security_class,
        risk_warning=given["st"],
        tracks_growth_board=given["tracks_growth_board"],
        ipo_day=given["ipo_day"],
        st_10_percent_from=date.fromisoformat(given["st_10_percent_from"]),
    )
    table = spread_table(Market.CN, security_class, on)
    return _bounds(cn_daily_limit(Decimal(given["prev_close"]), rate, table))


@kind("price_limits", "cn_valid_range")
def valid_range(given: Mapping[str, Any]) -> Mapping[str, Any]:
    table = ladder(given["tick"], f"*:{given['tick']}", Boundary.UPPER_BAND)
    found = cn_valid_range(OrderSide[given["side"].upper()], _market(given), table)
    return {"accepted": found.holds(Decimal(given["price"]))}


@kind("price_limits", "hk_quotation")
def quotation(given: Mapping[str, Any]) -> Mapping[str, Any]:
    found = hk_quotation(
        OrderType[given["order_type"]],
        OrderSide[given["side"].upper()],
        Decimal(given["price"]),
        _market(given),
        _hk_table(given),
        nominal=_price(given, "nominal"),
        passive_check=given["passive_check"],
    )
    return {
        "accepted": found.accepted,
        "sent_as": None if found.sent_as is None else found.sent_as.name,
        "reason": None if found.refusal is None else found.refusal.value,
    }


@kind("price_limits", "hk_auction_bound")
def auction_bound(given: Mapping[str, Any]) -> Mapping[str, Any]:
    found = hk_auction_bound(
        _price(given, "reference"),
        Decimal(given["percent"]),
        _hk_table(given),
        lowest_ask=_price(given, "lowest_ask"),
        highest_bid=_price(given, "highest_bid"),
    )
    return _bounds(found)


@kind("price_limits", "us_luld")
def luld(given: Mapping[str, Any]) -> Mapping[str, Any]:
    found = us_luld(
        Decimal(given["reference"]),
        Decimal(given["prev_close"]),
        time.fromisoformat(given["time"]),
        Luld(given["tier"], Decimal(given["leverage"])),
    )
    return _bounds(found)
