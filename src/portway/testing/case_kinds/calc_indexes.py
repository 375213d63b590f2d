"""Cases of calculated indexes and of the capital flow of a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from portway.model.decimals import wire_text
from portway.model.hours import Part, trading_hours
from portway.model.instrument import Board
from portway.model.quote import Direction, Trade, TradeSession
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes.capital_flow import CapitalFlow, SizeClasses
from portway.quotes.indexes import (
    FORMULAS,
    DayClose,
    IndexInputs,
    history_base,
    traded_seconds,
    trailing_dividends,
)
from portway.testing.cases import kind

_BOARDS: Final = {
    Market.HK: Board.HK_EQUITY,
    Market.US: Board.US_MAIN,
    Market.CN: Board.SH_MAIN_CONNECT,
}
_PLACES: Final = 2
_CN_LOT: Final = 100
_AMOUNTS: Final = ("change_val", "total_market_value")
# A print that carries volume and sets no price, as each market marks it.
_VOLUME_ONLY: Final = {Market.HK: "X", Market.US: "C"}


@kind("calc_indexes", "indexes")
def indexes(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every index that the inputs allow; text, empty where there is none."""
    market, today = Market(given["market"]), date.fromisoformat(given["today"])
    quote = given["quote"]
    history = [
        DayClose(date.fromisoformat(row["date"]), Decimal(row["close"]), row["volume"])
        for row in given["history"]
    ]
    paid = [
        (date.fromisoformat(row["ex_date"]), Decimal(row["amount"]))
        for row in quote.get("dividends", ())
    ]
    before = quote.get("price_five_minutes_ago")
    inputs = IndexInputs(
        market=market,
        last_done=Decimal(quote["last_done"]),
        prev_close=Decimal(quote["prev_close"]),
        high=Decimal(quote["high"]),
        low=Decimal(quote["low"]),
        volume=quote["volume"],
        total_shares=quote.get("total_shares", 0),
        circulating_shares=quote.get("circulating_shares", 0),
        eps_ttm=Decimal(quote.get("eps_ttm", 0)),
        bps=Decimal(quote.get("bps", 0)),
        base=history_base(history, today, trailing_dividends(paid, today)),
        traded_seconds=_traded(market, today, given["clock"]),
        price_before=None if before is None else Decimal(before),
    )
    found = {}
    for index, formula in FORMULAS.items():
        name, value = index.name.lower(), formula(inputs)
        exact = name in _AMOUNTS or value is None
        found[name] = "" if value is None else wire_text(Decimal(value), 0 if exact else _PLACES)
    return found


def _traded(market: Market, today: date, clock: str) -> int:
    now = datetime.combine(today, time.fromisoformat(clock), MARKET_ZONES[market])
    return traded_seconds(_parts(market, today), now.astimezone(UTC))


def _parts(market: Market, day: date) -> tuple[Part, ...]:
    return trading_hours(market, _BOARDS[market]).parts(day, False)


@kind("calc_indexes", "capital_flow")
def capital_flow(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Inflow by minute, both sides by size, and the sum."""
    market = Market(given["market"])
    bounds = SizeClasses(Decimal(given["small_below"]), Decimal(given["large_from"]))
    flow = CapitalFlow(market, sizes=bounds)
    flow.add(_trade(market, row) for row in given["trades"])
    bought, sold = flow.distribution()
    zone = MARKET_ZONES[market]
    return {
        "lines": [
            {"minute": f"{point.at.astimezone(zone):%Y-%m-%dT%H:%M}", "inflow": point.inflow}
            for point in flow.minutes()
        ],
        "capital_in": {"large": bought.large, "medium": bought.medium, "small": bought.small},
        "capital_out": {"large": sold.large, "medium": sold.medium, "small": sold.small},
        "capital_flow": bought.total - sold.total,
    }


def _trade(market: Market, row: Mapping[str, Any]) -> Trade:
    at = datetime.fromisoformat(row["at"]).replace(tzinfo=MARKET_ZONES[market]).astimezone(UTC)
    return Trade(
        Symbol(f"CASE.{'SH' if market is Market.CN else market.value}"),
        at,
        Decimal(row["price"]),
        row["volume"] * (_CN_LOT if market is Market.CN else 1),
        "" if row["price_setting"] else _VOLUME_ONLY[market],
        Direction(row["direction"]),
        TradeSession(row["trade_session"]),
    )
