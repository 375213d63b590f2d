"""One whole day of many securities, recomputed from its prints by code of the tests alone.

What is served (quote, candlesticks of every period, intraday line, volume of the day, weeks, months
and years; capital flow and calculated indexes in `served_figures`) must equal the fold written here
from the market rules, which shares nothing with the server's folds but the values it reads.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import pytest

from portway.market.history import SymbolHistory
from portway.market.reference import built_in
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.model.quote import IndexTick, Period, Trade, TradeSession
from portway.model.session import trading_hours
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from tests.market.served_figures import Expected, check_figures_at

SEED = 3
SYMBOLS_PER_MARKET = 50
MINUTE_PERIODS = [one for one in Period if one.minutes]
# What most days are compared in; every fourth one in all of them.
USUAL_PERIODS = [Period.ONE_MINUTE, Period.FIFTEEN_MINUTE, Period.TWO_HOUR]
NORMAL, PRE, POST, OVERNIGHT = (
    TradeSession.NORMAL,
    TradeSession.PRE,
    TradeSession.POST,
    TradeSession.OVERNIGHT,
)
BOTH = {Market.HK: {"", "U"}, Market.US: set("ABDEFKSX1") | {""}}
VOLUME_ALONE = {Market.HK: set("DMPXY"), Market.US: set("CGHVW")}


@dataclass
class Bar:
    at: datetime
    session: TradeSession
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int = 0
    turnover: Decimal = Decimal(0)
    priced: bool = False


@cache
def world() -> SyntheticWorld:
    return SyntheticWorld(SEED, built_in())


def chosen(market: Market) -> list[tuple[Symbol, date]]:
    """Securities and days drawn once and for all; half days among them."""
    draw = random.Random(f"{SEED} {market}")
    listed = sorted(s for s, one in built_in().instruments.items() if one.market is market)
    days = built_in().calendars[market].trading_days(date(2023, 1, 3), date(2026, 12, 24))
    symbols = [s for s in listed if world().has_events(s, days[0])]
    return [(symbol, draw.choice(days)) for symbol in draw.sample(symbols, SYMBOLS_PER_MARKET)]


CASES = [pair for market in (Market.HK, Market.US, Market.CN) for pair in chosen(market)]


def parts(market: Market, day: date, half: bool) -> list[tuple[TradeSession, datetime, datetime]]:
    """Begin and end of each part of a day, by the table of candle sessions."""
    zone = MARKET_ZONES[market]

    def at(hour: int, minute: int = 0, back: int = 0) -> datetime:
        return datetime.combine(day - timedelta(days=back), time(hour, minute), zone)

    if market is Market.CN:
        return [(NORMAL, at(9, 30), at(11, 30)), (NORMAL, at(13), at(15))]
    if market is Market.HK and half:
        return [(NORMAL, at(9, 30), at(12))]
    if market is Market.HK:
        return [(NORMAL, at(9, 30), at(12)), (NORMAL, at(13), at(16))]
    close = at(13 if half else 16)
    after = at(17 if half else 20)
    return [
        (OVERNIGHT, at(20, back=1), at(0)),
        (OVERNIGHT, at(0), at(4)),
        (PRE, at(4), at(9, 30)),
        (NORMAL, at(9, 30), close),
        (POST, close, after),
    ]


def start_of_bar(market, day_parts, session, at, minutes):
    """The start of the bar that a print falls into; None: into none."""
    regular = [one for one in day_parts if one[0] is session]
    for begin, end in ((one[1], one[2]) for one in regular):
        if begin <= at < end:
            return begin + (at - begin) // timedelta(minutes=minutes) * timedelta(minutes=minutes)
    if market is Market.US:
        return None
    _, begin, end = regular[-1]
    if not end <= at < end + timedelta(minutes=10):
        return None
    length = (end - begin) // timedelta(minutes=1)
    whole = end if length % minutes == 0 else end - timedelta(minutes=length % minutes)
    return whole


def moves(market: Market, print_: Trade | IndexTick) -> str:
    """What a print moves: "both", "volume" or nothing."""
    if isinstance(print_, IndexTick) or market is Market.CN:
        return "both"
    if market is Market.US and print_.trade_type == "I":
        return "volume" if print_.session is NORMAL else "both"
    if print_.trade_type in BOTH[market]:
        return "both"
    return "volume" if print_.trade_type in VOLUME_ALONE[market] else ""


def bars_of(market, day_parts, prints, minutes, prev_close) -> list[Bar]:
    found: dict[tuple[TradeSession, datetime], Bar] = {}
    close = dict.fromkeys(TradeSession, prev_close)
    for one in prints:
        session = NORMAL if isinstance(one, IndexTick) else one.session
        moved = moves(market, one)
        start = start_of_bar(market, day_parts, session, one.at, minutes)
        if start is None or not moved:
            continue
        bar = found.get((session, start))
        if bar is None:
            price = one.price if moved == "both" else close[session]
            bar = found[session, start] = Bar(start, session, *[price] * 4)
        if moved == "both":
            if not bar.priced:
                bar.open, bar.priced = one.price, True
            bar.high, bar.low = max(bar.high, one.price), min(bar.low, one.price)
            bar.close = close[session] = one.price
        bar.volume += one.volume
        bar.turnover += one.turnover
    return sorted(found.values(), key=lambda bar: bar.at)


def plain(bar) -> tuple:
    prices = (bar.open, bar.high, bar.low, bar.close)
    return bar.at, bar.session, prices, bar.volume, bar.turnover


@pytest.mark.parametrize(("symbol", "day"), CASES, ids=[f"{s}-{d}" for s, d in CASES])
def test_what_a_day_serves_is_the_fold_of_its_prints(symbol: Symbol, day: date) -> None:
    instrument = built_in().instruments[symbol]
    market, calendar = instrument.market, built_in().calendars[instrument.market]
    half = calendar.is_half_day(day)
    day_parts = parts(market, day, half)
    if instrument.is_index:
        day_parts = [one for one in day_parts if one[0] is NORMAL]
    zone = MARKET_ZONES[market]
    begin = datetime.combine(day, time(), zone) - timedelta(hours=4 if market is Market.US else 0)
    end = datetime.combine(day, time(19, 59, 59), zone)
    events = world().ticks(symbol, begin, end)
    prints = [one for one in events if isinstance(one, Trade | IndexTick)]
    prev_close = world().prev_close(symbol, day) or Decimal(0)
    runner = MarketRunner(
        built_in(), [world()], dict.fromkeys((Market.HK, Market.US, Market.CN), end)
    )
    board = runner.board(symbol)
    assert board is not None
    history = SymbolHistory(
        source=world(),
        symbol=symbol,
        hours=trading_hours(market, instrument.board),
        calendar=calendar,
        now=end,
        today=board,
    )

    regular = [p for p in prints if isinstance(p, IndexTick) or p.session is NORMAL]
    counted = [p for p in regular if moves(market, p)]
    prices = [p.price for p in regular if moves(market, p) == "both"]
    quote = board.quote()
    volume, turnover = (
        sum(p.volume for p in counted),
        sum((p.turnover for p in counted), Decimal(0)),
    )
    assert (quote.volume, quote.turnover) == (volume, turnover)
    if prices:
        assert (quote.open, quote.high, quote.low, quote.last_done) == (
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
        )
        (candle,) = history.by_date(Period.DAY, start=day, end=day)
        assert plain(candle)[2:] == (
            (prices[0], max(prices), min(prices), prices[-1]),
            volume,
            turnover,
        )
    every_period = CASES.index((symbol, day)) % 4 == 0
    for period in MINUTE_PERIODS if every_period else USUAL_PERIODS:
        served = history.by_date(period, start=day, end=day, all_sessions=True)
        expected = bars_of(market, day_parts, prints, period.minutes, prev_close)
        assert [plain(bar) for bar in served] == [plain(bar) for bar in expected[-1000:]], period
    check_intraday(board.intraday(end), market, day_parts, counted)
    check_figures(symbol, day, day_parts, prints, [time(14, 37, 21), None])


def check_intraday(points: Sequence, market: Market, day_parts: list, counted: list) -> None:
    """A point for every minute; volumes add up; the average is turnover over shares so far."""
    regular = [one for one in day_parts if one[0] is NORMAL]
    first = regular[0][1]
    lines: dict[datetime, list] = {}
    for one in counted:
        start = first if one.at < first else start_of_bar(market, day_parts, NORMAL, one.at, 1)
        if start is not None:
            row = lines.setdefault(start, [0, Decimal(0)])
            row[0] += one.volume
            row[1] += one.turnover
    shares, money = 0, Decimal(0)
    for point in points:
        line_volume, line_turnover = lines.pop(point.at, [0, Decimal(0)])
        assert (point.volume, point.turnover) == (line_volume, line_turnover)
        shares, money = shares + line_volume, money + line_turnover
        if shares:
            average = (money / shares).quantize(Decimal("0.000001"), ROUND_HALF_UP)
            assert point.avg_price == average
    assert not lines
    minutes = sum(((end - begin) // timedelta(minutes=1) for _, begin, end in regular), 0)
    assert len(points) >= minutes


def check_figures(
    symbol: Symbol, day: date, day_parts: list, prints: list, clocks: Sequence[time | None]
) -> None:
    """Capital flow and indexes at some instants of the day; None: when it is over."""
    instrument = built_in().instruments[symbol]
    market, prev_close = instrument.market, world().prev_close(symbol, day) or Decimal(0)
    regular = [(begin, end) for session, begin, end in day_parts if session is NORMAL]
    for clock in clocks:
        now = datetime.combine(day, clock or time(19, 59, 59), MARKET_ZONES[market])
        past = [one for one in prints if one.at < now]
        shown = [one for one in past if isinstance(one, IndexTick) or one.session is NORMAL]
        minutes = bars_of(market, day_parts, shown, 1, prev_close)
        check_figures_at(
            world(),
            Expected(
                instrument=instrument,
                day=day,
                now=now,
                regular=regular,
                counted=[one for one in shown if moves(market, one)],
                priced=[one for one in shown if moves(market, one) == "both"],
                minutes=[(bar.at, bar.close) for bar in minutes],
                prev_close=prev_close,
            ),
        )


@pytest.mark.parametrize("symbol", ["700.HK", "AAPL.US", "600519.SH", "HSI.HK"])
def test_weeks_months_quarters_and_years_are_the_fold_of_days(symbol: str) -> None:
    listed = Symbol(symbol)
    instrument = built_in().instruments[listed]
    zone = MARKET_ZONES[instrument.market]
    now = datetime(2026, 11, 20, 23, 0, tzinfo=zone)
    history = SymbolHistory(
        source=world(),
        symbol=listed,
        hours=trading_hours(instrument.market, instrument.board),
        calendar=built_in().calendars[instrument.market],
        now=now,
    )
    days = history.by_date(Period.DAY, start=date(2024, 1, 1), end=date(2026, 11, 20))
    firsts = {
        Period.WEEK: lambda d: d - timedelta(days=d.weekday()),
        Period.MONTH: lambda d: d.replace(day=1),
        Period.QUARTER: lambda d: d.replace(month=(d.month - 1) // 3 * 3 + 1, day=1),
        Period.YEAR: lambda d: d.replace(month=1, day=1),
    }
    for period, first in firsts.items():
        served = history.by_date(period, start=date(2024, 1, 1), end=date(2026, 11, 20))
        groups: dict[date, list] = {}
        for bar in days:
            groups.setdefault(first(bar.at.astimezone(zone).date()), []).append(bar)
        expected = [
            (
                datetime.combine(start, time(), zone),
                NORMAL,
                (
                    bars[0].open,
                    max(bar.high for bar in bars),
                    min(bar.low for bar in bars),
                    bars[-1].close,
                ),
                sum(bar.volume for bar in bars),
                sum((bar.turnover for bar in bars), Decimal(0)),
            )
            for start, bars in groups.items()
        ]
        assert [plain(bar) for bar in served] == expected, period
