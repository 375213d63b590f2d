"""The intraday line: one point for every minute of a trading day up to the present.

Built from one-minute bars, so that a line of today and one of an earlier day come from the same
rule. Unlike minute bars, minutes without a print have a point, and the first point of the regular
session holds the opening auction too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from portway.model.decimals import half_up
from portway.model.hours import Part
from portway.model.quote import Candlestick, TradeSession

__all__ = ["IntradayPoint", "intraday_line"]

AVG_PRICE_PLACES: Final = 6
_MINUTE: Final = timedelta(minutes=1)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class IntradayPoint:
    """One minute of an intraday line.

    Attributes:
        at: Start of the minute, UTC.
        price: The minute's last price, or the point's before when the minute had none.
        volume: Shares of this minute.
        turnover: Of this minute, in the security's currency.
        avg_price: Turnover per share since the session's open, six places; `price` while nothing
            has been traded.
    """

    at: datetime
    price: Decimal
    volume: int
    turnover: Decimal
    avg_price: Decimal
    session: TradeSession = TradeSession.NORMAL


def intraday_line(
    parts: Sequence[Part],
    bars: Sequence[Candlestick],
    prev_close: Decimal,
    *,
    now: datetime,
    auction_volume: int = 0,
    auction_turnover: Decimal = _ZERO,
    auction_price: Decimal | None = None,
    multiplier: int = 1,
) -> tuple[IntradayPoint, ...]:
    """Return the points of `parts` up to and including the minute that holds `now`.

    Args:
        parts: The session parts to draw, of one trading day, ascending.
        bars: One-minute bars of that day, ascending.
        prev_close: The price of points before the first print of a session.
        now: Nothing that begins after it is shown.
        auction_volume: Shares traded before the regular session opened.
        auction_turnover: Their turnover.
        auction_price: What the auction traded at, if it set a price.
        multiplier: Shares behind one unit of volume.
    """
    by_start = {bar.at: bar for bar in bars}
    found: list[IntradayPoint] = []
    session: TradeSession | None = None
    price, shares, money = prev_close, 0, _ZERO
    for part, at in _minutes(parts, by_start, now):
        bar = by_start.get(at)
        volume, turnover = (bar.volume, bar.turnover) if bar else (0, _ZERO)
        if part.session is not session:
            session = part.session
            price, shares, money = prev_close, 0, _ZERO
            if session is TradeSession.NORMAL and auction_volume:
                volume += auction_volume
                turnover += auction_turnover
                price = prev_close if auction_price is None else auction_price
        price = bar.close if bar else price
        shares += volume
        money += turnover
        average = half_up(money / (shares * multiplier), AVG_PRICE_PLACES) if shares else price
        found.append(IntradayPoint(at, price, volume, turnover, average, part.session))
    return tuple(found)


def _minutes(
    parts: Sequence[Part], by_start: dict[datetime, Candlestick], now: datetime
) -> Iterator[tuple[Part, datetime]]:
    """Yield every minute of the parts that has begun by `now`."""
    for part in parts:
        at = part.begin
        while at < part.end and at <= now:
            yield part, at
            at += _MINUTE
        # The closing auction has a minute of its own, once it has printed.
        if part.grace and at == part.end and at <= now and at in by_start:
            yield part, at
