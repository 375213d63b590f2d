"""Cases of ex-date reference prices and of forward adjustment of prices and volumes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from portway.model.corporate_action import CorporateAction
from portway.model.quote import Candlestick
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes.adjust import ForwardFactors, adjust_bar, ex_reference, forward_factors
from portway.quotes.candles import day_stamp
from portway.testing.cases import kind

_SYMBOL: Final = Symbol("CASE.US")  # the actions of a case belong to no listed security


@kind("adjust", "ex_reference")
def reference(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The theoretical price on the ex-date."""
    return {
        "reference": ex_reference(
            Decimal(given["close"]),
            _action(given["action"]),
            deduct_cash=given["deduct_cash"],
            tick=_tick(given["tick"]),
        )
    }


@kind("adjust", "forward")
def forward(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Prices of raw day bars, scaled."""
    return {
        "bars": [
            {
                "date": day,
                "open": bar.open,
                "high": bar.high,
                "low": bar.low,
                "close": bar.close,
            }
            for day, bar in _adjusted(given)
        ]
    }


@kind("adjust", "forward_volume")
def forward_volume(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Volumes of raw day bars, scaled."""
    return {"volumes": [bar.volume for _, bar in _adjusted(given)]}


def _adjusted(given: Mapping[str, Any]) -> list[tuple[date, Candlestick]]:
    factors = _factors(given) if given.get("adjust_type", 1) else ForwardFactors()
    market = Market(given["market"])
    found = []
    for row in given["bars"]:
        day = date.fromisoformat(row["date"])
        bar = Candlestick(
            day_stamp(day, MARKET_ZONES[market]),
            Decimal(row["open"]),
            Decimal(row["high"]),
            Decimal(row["low"]),
            Decimal(row["close"]),
            row["volume"],
            turnover=Decimal(0),
        )
        found.append((day, adjust_bar(bar, factors.at(day))))
    return found


def _factors(given: Mapping[str, Any]) -> ForwardFactors:
    return forward_factors(
        [(_action(row), Decimal(row["close_before"])) for row in given["actions"]],
        deduct_cash=given["deduct_cash"],
        reference_tick=_tick(given["reference_tick"]),
    )


def _action(row: Mapping[str, Any]) -> CorporateAction:
    names = ("cash", "bonus", "rights", "rights_price", "split")
    terms: dict[str, Any] = {name: Decimal(row[name]) for name in names}
    return CorporateAction(_SYMBOL, date.fromisoformat(row["ex_date"]), **terms)


def _tick(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
