"""Prints to candlesticks: minute bars of any period, their aggregation, and day bars to years.

A bar is stamped with its start. Minute buckets are counted from the start of each session part;
the prints of a closing auction fall within the grace of the last part and count as if they came
exactly at its end. Minutes without a counted print have no bar. The rules are those of the
published client's candlestick merge, so that a pushed series equals a later pull.

Nothing here knows the present or where prints come from.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from portway.model.hours import Part
from portway.model.quote import Candlestick, IndexTick, Period, Trade, TradeSession
from portway.model.symbol import Market
from portway.quotes.effects import TradeEffect, effect_of

__all__ = [
    "MinuteFold",
    "SESSION_ORDER",
    "aggregate_minutes",
    "bucket_of",
    "day_stamp",
    "fold_day_bars",
    "fold_minutes",
    "merge_bars",
    "part_at",
    "period_start",
]

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_ZERO: Final = Decimal(0)

# Sessions in the order in which a trading day passes through them.
SESSION_ORDER: Final = (
    TradeSession.OVERNIGHT,
    TradeSession.PRE,
    TradeSession.NORMAL,
    TradeSession.POST,
)


def part_at(parts: Sequence[Part], session: TradeSession, at: datetime) -> int | None:
    """Return the index of the part of `session` in which a print at `at` counts, or None.

    Args:
        parts: Ascending; parts of other sessions may stand between.
    """
    for index, part in enumerate(parts):
        if part.session is not session:
            continue
        if at < part.begin:
            return None
        if at < part.end or at < part.end + part.grace:
            return index
    return None


def bucket_of(part: Part, at: datetime, minutes: int) -> tuple[datetime, datetime]:
    """Return start of the bar that holds `at`, and the first instant that no longer falls into it.

    Where the period divides the part evenly, what comes within the grace has a bar of its own,
    stamped with the part's end; otherwise it belongs to the part's last, shorter bar.
    """
    step = timedelta(minutes=minutes)
    start = part.begin + (min(at, part.end) - part.begin) // step * step
    after = start + step
    return start, after if after <= part.end else part.end + part.grace


class _Tail:
    """The running bar of one session and the closed ones before it."""

    __slots__ = (
        "begin",
        "close",
        "closed",
        "high",
        "low",
        "open",
        "parts",
        "priced",
        "session",
        "turnover",
        "until",
        "volume",
    )

    def __init__(
        self, session: TradeSession, parts: Sequence[Part], prev_close: Decimal | None
    ) -> None:
        self.session = session
        self.parts = parts
        self.closed: list[Candlestick] = []
        # No bar runs while `until` stands at the beginning of time; `close` is the bar before.
        self.begin = self.until = _NEVER
        self.close = prev_close
        self.open = self.high = self.low = prev_close or _ZERO
        self.volume = 0
        self.turnover = _ZERO
        self.priced = False

    def bar(self) -> Candlestick | None:
        if self.until is _NEVER or self.close is None:
            return None
        return Candlestick(
            self.begin,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.turnover,
            self.session,
            self.priced,
        )

    def roll(self, at: datetime, minutes: int, price: Decimal | None) -> bool:
        """Close the running bar and open the one that holds `at`; False leaves all as it was."""
        close = self.close
        if price is None and close is None:
            return False  # nothing to price the bar with: as if the print had not come
        index = part_at(self.parts, self.session, at)
        if index is None:
            return False
        running = self.bar()
        if running is not None:
            self.closed.append(running)
        self.begin, self.until = bucket_of(self.parts[index], at, minutes)
        self.priced = price is not None
        opening = price if price is not None else close
        assert opening is not None
        self.open = self.high = self.low = self.close = opening
        self.volume = 0
        self.turnover = _ZERO
        return True

    def resume(self, bars: Sequence[Candlestick], minutes: int) -> None:
        """Stand where the fold of `bars` (all of this session, ascending) would stand."""
        *closed, last = bars
        index = part_at(self.parts, self.session, last.at)
        if index is None:
            raise ValueError(f"bar at {last.at.isoformat()} lies outside the trading hours")
        self.closed = closed
        self.begin, self.until = bucket_of(self.parts[index], last.at, minutes)
        self.open, self.high, self.low, self.close = last.open, last.high, last.low, last.close
        self.volume, self.turnover, self.priced = last.volume, last.turnover, last.priced


class MinuteFold:
    """Folds prints into bars of one minute period, each session by itself.

    Args:
        parts: Session parts, ascending, of one trading day or several.
        prev_close: Close of the bar before the first one, in each session; None when there is
            none, and then prints that set no price are ignored until one has set it.
        minutes: Length of a bar, 1..240.
        bars: What has been folded already; the fold goes on from there.

    Raises:
        ValueError: If the last of `bars` lies in no part.
    """

    __slots__ = ("_minutes", "_tails")

    def __init__(
        self,
        parts: Sequence[Part],
        prev_close: Decimal | None,
        *,
        minutes: int = 1,
        bars: Iterable[Candlestick] = (),
    ) -> None:
        self._minutes = minutes
        by_session: list[list[Part]] = [[] for _ in TradeSession]
        for part in parts:
            by_session[part.session].append(part)
        self._tails = [_Tail(session, by_session[session], prev_close) for session in TradeSession]
        folded: list[list[Candlestick]] = [[] for _ in TradeSession]
        for bar in bars:
            folded[bar.session].append(bar)
        for tail, own in zip(self._tails, folded, strict=True):
            if own:
                tail.resume(own, minutes)

    def add(
        self,
        session: TradeSession,
        at: datetime,
        price: Decimal | None,
        volume: int,
        turnover: Decimal,
    ) -> bool:
        """Fold one print; return False when it falls into no bar or is older than the running one.

        Args:
            price: None for a print that carries volume but sets no price.
            volume: Shares.
        """
        tail = self._tails[session]
        if at >= tail.until:
            if not tail.roll(at, self._minutes, price):
                return False
        elif at < tail.begin:
            return False
        elif price is not None:
            if not tail.priced:
                tail.open = price  # the close before stays in the range, as the client keeps it
                tail.priced = True
            if price > tail.high:
                tail.high = price
            if price < tail.low:
                tail.low = price
            tail.close = price
        tail.volume += volume
        tail.turnover += turnover
        return True

    def bars(self, *, all_sessions: bool = True) -> tuple[Candlestick, ...]:
        """Return every bar so far, ascending, the running ones included."""
        if not all_sessions:
            return tuple(self._session_bars(TradeSession.NORMAL))
        found = [bar for session in SESSION_ORDER for bar in self._session_bars(session)]
        found.sort(key=_start)
        return tuple(found)

    def close_at(self, session: TradeSession, at: datetime) -> Decimal | None:
        """Return the close so far of the last bar that began by `at`; None before the first."""
        tail = self._tails[session]
        if tail.begin <= at and tail.until is not _NEVER and tail.close is not None:
            return tail.close
        index = bisect_right(tail.closed, at, key=_start)
        return tail.closed[index - 1].close if index else None

    def _session_bars(self, session: TradeSession) -> list[Candlestick]:
        tail = self._tails[session]
        running = tail.bar()
        return tail.closed if running is None else [*tail.closed, running]


def _start(bar: Candlestick) -> datetime:
    return bar.at


def fold_minutes(
    events: Iterable[Trade | IndexTick],
    parts: Sequence[Part],
    prev_close: Decimal | None,
    *,
    market: Market,
    minutes: int = 1,
    is_option: bool = False,
) -> tuple[Candlestick, ...]:
    """Fold prints, in order of arrival, straight into bars of `minutes`; all sessions, ascending.

    For `parts`, `prev_close` and `minutes` see `MinuteFold`. A print that arrives after a younger
    bar of its session has begun is ignored.
    """
    fold = MinuteFold(parts, prev_close, minutes=minutes)
    for event in events:
        if isinstance(event, IndexTick):
            fold.add(TradeSession.NORMAL, event.at, event.price, event.volume, event.turnover)
            continue
        effect = effect_of(market, event.trade_type, event.session, is_option=is_option)
        if effect is TradeEffect.NONE:
            continue
        price = event.price if effect is TradeEffect.PRICE_AND_VOLUME else None
        fold.add(event.session, event.at, price, event.volume, event.turnover)
    return fold.bars()


def aggregate_minutes(
    bars: Iterable[Candlestick], minutes: int, parts: Sequence[Part]
) -> tuple[Candlestick, ...]:
    """Return the bars of `minutes` that the direct fold of the same prints would have given.

    Exact for prints in order of time (a late print is lost to a one-minute bar that has ended but
    not to a longer one that still runs). Bars outside every part are left out, as prints are.

    Args:
        bars: One-minute bars, ascending in each session.
        parts: Session parts of all days that `bars` touch, ascending.
    """
    if minutes == 1:
        return tuple(bars)
    found: list[Candlestick] = []
    slots: dict[TradeSession, tuple[int, datetime]] = {}
    by_session: dict[TradeSession, list[Part]] = {}
    for part in parts:
        by_session.setdefault(part.session, []).append(part)
    positions = dict.fromkeys(by_session, 0)
    for bar in bars:
        slot, until = slots.get(bar.session, (-1, _NEVER))
        if bar.at < until:
            found[slot] = merge_bars(found[slot], bar)
            continue
        own = by_session.get(bar.session, [])
        position = _advance(own, positions.get(bar.session, 0), bar.at)
        if position is None:
            continue
        positions[bar.session] = position
        start, until = bucket_of(own[position], bar.at, minutes)
        slots[bar.session] = (len(found), until)
        found.append(_restamped(bar, start))
    found.sort(key=_start)
    return tuple(found)


def _advance(parts: Sequence[Part], position: int, at: datetime) -> int | None:
    """Return the index of the part that holds `at`, looking forward from `position`."""
    while position < len(parts):
        part = parts[position]
        if at < part.begin:
            return None
        # A bar stamped with the end itself holds the closing auction.
        if at < part.end or at < part.end + part.grace:
            return position
        position += 1
    return None


def _restamped(bar: Candlestick, at: datetime) -> Candlestick:
    return Candlestick(
        at,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.turnover,
        bar.session,
        bar.priced,
    )


def merge_bars(bar: Candlestick, later: Candlestick) -> Candlestick:
    """Return `bar` after the prints of `later`, which follow it in the same bucket."""
    return Candlestick(
        at=bar.at,
        open=bar.open if bar.priced or not later.priced else later.open,
        high=max(bar.high, later.high),
        low=min(bar.low, later.low),
        close=later.close,
        volume=bar.volume + later.volume,
        turnover=bar.turnover + later.turnover,
        session=bar.session,
        priced=bar.priced or later.priced,
    )


def period_start(day: date, period: Period) -> date:
    """Return the first calendar day of the day, week (Monday), month, quarter or year of `day`.

    Raises:
        ValueError: If `period` is a minute period.
    """
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)
        case Period.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Period.YEAR:
            return day.replace(month=1, day=1)
        case _:
            raise ValueError(f"{period.name} is shorter than a day")


def day_stamp(day: date, zone: ZoneInfo) -> datetime:
    """Return the stamp of a day bar: midnight of `day` in the market's zone, as UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def fold_day_bars(
    bars: Iterable[Candlestick], period: Period, zone: ZoneInfo
) -> tuple[Candlestick, ...]:
    """Fold day bars, ascending, into bars of DAY, WEEK, MONTH, QUARTER or YEAR.

    First open, greatest high, least low, last close, sums of volume and turnover; a bar is stamped
    with local midnight of the period's first calendar day, whether or not it was a trading day.
    """
    found: list[Candlestick] = []
    start: date | None = None
    for bar in bars:
        first = period_start(bar.at.astimezone(zone).date(), period)
        if first == start:
            found[-1] = merge_bars(found[-1], bar)
            continue
        start = first
        found.append(_restamped(bar, day_stamp(first, zone)))
    return tuple(found)
