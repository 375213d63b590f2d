"""Kind of `triggers`: which print releases a conditional order, and as what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from portway.core.triggers import (
    Release,
    Watch,
    begin_watch,
    release_limit,
    release_type,
    shown_trigger,
    watches_in,
)
from portway.model.instrument import SecurityClass, spread_table
from portway.model.order import OrderSide, OrderTerms, OrderType, OutsideRth, TimeInForce
from portway.model.quote import Depth, Level, TradeSession
from portway.model.symbol import Market, Symbol
from portway.quotes.effects import TradeEffect, effect_of
from portway.testing.cases import kind

# The cases name no day and no class: prices are those of ordinary shares in early 2026.
_SUBMITTED: Final = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
_DAY: Final = date(2026, 1, 5)
_CLASSES: Final = {
    Market.HK: SecurityClass.EQUITY,
    Market.US: SecurityClass.STOCK,
    Market.CN: SecurityClass.A_SHARE,
}


@kind("triggers", "conditional")
def conditional(given: Mapping[str, Any]) -> Mapping[str, Any]:
    market, terms = Market(given["market"]), _terms(given)
    watch = begin_watch(terms, Decimal(given["last_at_submission"]))
    seen, release = 0, None
    while release is None and seen < len(given["prints"]):
        watch, release = _see(watch, market, terms, given["prints"][seen])
        seen += 1
    if release is None:
        nothing = dict.fromkeys(("print", "at", "trigger_price", "order"))
        return {**nothing, "released": False, "extreme": watch.extreme}
    table = spread_table(market, _CLASSES[market], _DAY)
    return {
        "released": True,
        "print": seen,
        "at": int((release.at - _SUBMITTED).total_seconds()),
        "extreme": watch.extreme,
        "trigger_price": shown_trigger(terms, release.trigger, table),
        "order": {
            "order_type": release_type(terms.order_type).name,
            "price": release_limit(terms, release, table, _depth(given)),
        },
    }


def _see(
    watch: Watch, market: Market, terms: OrderTerms, row: Mapping[str, Any]
) -> tuple[Watch, Release | None]:
    session = TradeSession(row["trade_session"])
    sets_price = effect_of(market, row["type"], session) is TradeEffect.PRICE_AND_VOLUME
    return watch.see(
        terms,
        Decimal(row["price"]),
        _SUBMITTED + timedelta(seconds=float(row["at"])),
        counts=sets_price and watches_in(terms, market, session),
    )


def _terms(given: Mapping[str, Any]) -> OrderTerms:
    rth = given.get("outside_rth")
    return OrderTerms(
        symbol=Symbol(f"A.{given['market']}"),
        order_type=OrderType[given["order_type"]],
        side=OrderSide[given["side"].upper()],
        quantity=Decimal(100),
        time_in_force=TimeInForce.DAY,
        price=_number(given, "submitted_price"),
        trigger_price=_number(given, "trigger_price"),
        limit_offset=_number(given, "limit_offset"),
        trailing_amount=_number(given, "trailing_amount"),
        trailing_percent=_number(given, "trailing_percent"),
        outside_rth=None if rth is None else OutsideRth[rth],
        limit_depth_level=given.get("limit_depth_level") or 0,
        trigger_count=given.get("trigger_count") or 0,
        monitor_price=_number(given, "monitor_price"),
    )


def _number(given: Mapping[str, Any], name: str) -> Decimal | None:
    text = given.get(name)
    return None if text is None else Decimal(text)


def _depth(given: Mapping[str, Any]) -> Depth | None:
    shown = given.get("depth")
    if shown is None:
        return None
    bids, asks = (
        tuple(Level(Decimal(price), int(size), 1) for price, size in shown[side])
        for side in ("bids", "asks")
    )
    return Depth(Symbol(f"A.{given['market']}"), _SUBMITTED, asks, bids)
