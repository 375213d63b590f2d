"""Cases of candlesticks: prints or shorter bars folded into a period, and intraday lines.

Instants of the cases carry offsets; volumes of mainland prints are in lots of 100, as on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from portway.market.days import begin_of_day
from portway.market.reference import calendars
from portway.model import instrument
from portway.model.hours import Part, TradingHours, trading_hours
from portway.model.quote import Candlestick, Period, Trade, TradeSession
from portway.model.session import trading_day_of
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.quotes.board import Board
from portway.quotes.candles import aggregate_minutes, fold_day_bars, fold_minutes
from portway.testing.cases import kind

_SYMBOLS: Final = {
    Market.HK: Symbol("700.HK"),
    Market.US: Symbol("AAPL.US"),
    Market.CN: Symbol("600519.SH"),
    Market.SG: Symbol("D05.SG"),
}
_BOARDS: Final = {
    "stock": None,
    "option": instrument.Board.US_OPTION,
    "option_s": instrument.Board.US_OPTION_S,
}
_LONG_PERIODS: Final = {
    "day": Period.DAY,
    "week": Period.WEEK,
    "month": Period.MONTH,
    "quarter": Period.QUARTER,
    "year": Period.YEAR,
}
_LOT_CN: Final = 100


@kind("candles", "trades")
def trades(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Prints, in order of arrival, into bars of a period."""
    market = Market(given["market"])
    hours = trading_hours(market, _BOARDS[given.get("board", "stock")])
    is_option = given.get("board", "stock") != "stock"
    prev_close = Decimal(given.get("prev_close") or 0)
    prints = _prints(market, given["trades"])
    period = _LONG_PERIODS.get(given["period"])
    if period is None:
        bars = fold_minutes(
            prints,
            _parts(hours, (trade.at for trade in prints)),
            prev_close or None,
            market=market,
            minutes=_minutes(given["period"]),
            is_option=is_option,
        )
    else:
        days = _day_bars(hours, prints, prev_close, is_option=is_option)
        bars = fold_day_bars(days, period, MARKET_ZONES[market])
    return {"candles": [_row(bar, _lot(market)) for bar in bars]}


@kind("candles", "bars")
def bars(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """One-minute or day bars into bars of a longer period; volumes stay in the unit given."""
    market = Market(given["market"])
    hours = trading_hours(market, _BOARDS[given.get("board", "stock")])
    period = _LONG_PERIODS.get(given["period"])
    rows = given["bars"]
    parts = _parts(hours, (_instant(row["at"]) for row in rows))
    shorter = [_bar(row, parts if period is None else ()) for row in rows]
    if period is None:
        longer = aggregate_minutes(shorter, _minutes(given["period"]), parts)
    else:
        longer = fold_day_bars(shorter, period, MARKET_ZONES[market])
    return {"candles": [_row(bar, 1) for bar in longer]}


@kind("candles", "intraday_line")
def intraday(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Prints of one day into its intraday line, as it stands when the day is over."""
    market = Market(given["market"])
    hours = trading_hours(market, _BOARDS[given.get("board", "stock")])
    ((day, own),) = _by_trading_day(market, _prints(market, given["trades"])).items()
    prev_close = Decimal(given.get("prev_close") or 0)
    page = Board(_SYMBOLS[market], day, _day_parts(hours, day), prev_close)
    for trade in own:
        page.apply(trade)
    over = begin_of_day(market, day + timedelta(days=1))
    lot = _lot(market)
    return {
        "lines": [
            {
                "timestamp": int(point.at.timestamp()),
                "price": point.price,
                "volume": point.volume // lot,
                "turnover": point.turnover,
                "avg_price": point.avg_price,
            }
            for point in page.intraday(over, all_sessions=True)
        ]
    }


def _prints(market: Market, rows: Iterable[Mapping[str, Any]]) -> list[Trade]:
    lot = _lot(market)
    return [
        Trade(
            _SYMBOLS[market],
            _instant(row["at"]),
            Decimal(row["price"]),
            row["volume"] * lot,
            row.get("type", ""),
            session=TradeSession(row.get("trade_session", 0)),
        )
        for row in rows
    ]


def _day_bars(
    hours: TradingHours, prints: Sequence[Trade], prev_close: Decimal, *, is_option: bool
) -> list[Candlestick]:
    """The day bars of boards that follow each other, each on the close of the one before."""
    market = hours.market
    days = []
    for day, own in _by_trading_day(market, prints).items():
        parts = _day_parts(hours, day)
        page = Board(_SYMBOLS[market], day, parts, prev_close, is_option=is_option)
        for trade in own:
            page.apply(trade)
        candle = page.day_candle()
        if candle is not None:
            days.append(candle)
            prev_close = candle.close
    return days


def _by_trading_day(market: Market, prints: Sequence[Trade]) -> dict[date, list[Trade]]:
    days: dict[date, list[Trade]] = {}
    for trade in prints:
        day = trading_day_of(market, trade.at, calendars()[market])
        if day is not None:
            days.setdefault(day, []).append(trade)
    return days


def _parts(hours: TradingHours, instants: Iterable[datetime]) -> list[Part]:
    calendar = calendars()[hours.market]
    days = {trading_day_of(hours.market, at, calendar) for at in instants}
    known = sorted(day for day in days if day is not None)
    return [part for day in known for part in _day_parts(hours, day)]


def _day_parts(hours: TradingHours, day: date) -> tuple[Part, ...]:
    return hours.parts(day, calendars()[hours.market].is_half_day(day))


def _bar(row: Mapping[str, Any], parts: Sequence[Part]) -> Candlestick:
    at = _instant(row["at"])
    session = row.get("trade_session")
    if session is None:
        # A bar stamped with the end of a part is that of its closing auction.
        held = (part.session for part in parts if part.begin <= at < part.end + part.grace)
        session = next(held, TradeSession.NORMAL)
    return Candlestick(
        at,
        Decimal(row["open"]),
        Decimal(row["high"]),
        Decimal(row["low"]),
        Decimal(row["close"]),
        row["volume"],
        Decimal(row.get("turnover") or 0),
        TradeSession(session),
    )


def _row(bar: Candlestick, lot: int) -> Mapping[str, Any]:
    return {
        "timestamp": int(bar.at.timestamp()),
        "trade_session": int(bar.session),
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume // lot,
        "turnover": bar.turnover,
    }


def _minutes(period: str) -> int:
    return int(period.removesuffix("m"))


def _lot(market: Market) -> int:
    return _LOT_CN if market is Market.CN else 1


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
