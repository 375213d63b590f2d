"""Where on the clock a trading day prints: blocks of minutes, and the instants of its auctions.

Read off the exchange's phases (`model.session`): a block is one session of the day, its minutes
numbered through over a lunch break. Instants are microseconds since the epoch, UTC. The random ends
of the HK auctions are drawn here, from seed, symbol and day. Knows no prices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from portway.market.synthetic.draws import fraction, key_of, word
from portway.model.hours import trading_hours
from portway.model.instrument import Instrument
from portway.model.quote import TradeSession
from portway.model.session import AuctionEnds, Phase, Timetable, day_spans, timetable_of
from portway.model.symbol import Market, Symbol

__all__ = [
    "EPOCH",
    "MINUTE_US",
    "Block",
    "HaltSpan",
    "Layout",
    "auction_ends",
    "has_closing_auction",
    "has_opening_auction",
    "instant",
    "layout_of",
    "microseconds",
]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_US: Final = 60_000_000
_MICROSECOND: Final = timedelta(microseconds=1)
_RANDOM_STAGE_US: Final = 120_000_000

_BLOCK_PHASES: Final = {
    Phase.OVERNIGHT: TradeSession.OVERNIGHT,
    Phase.PRE: TradeSession.PRE,
    Phase.CONTINUOUS: TradeSession.NORMAL,
    Phase.REGULAR: TradeSession.NORMAL,
    Phase.POST: TradeSession.POST,
}
_OPENING_PHASES: Final = (Phase.PRE_OPEN_RANDOM, Phase.OPEN_AUCTION_NO_CANCEL)
_CLOSING_PHASES: Final = (Phase.CLOSING_RANDOM, Phase.CLOSE_AUCTION)


@dataclass(frozen=True, slots=True)
class Block:
    """One session of a trading day.

    Attributes:
        spans: Begin of each unbroken stretch, and how many minutes it has.
    """

    session: TradeSession
    spans: tuple[tuple[int, int], ...]

    def without(self, first: int, count: int) -> Block:
        """Return the block with a halt: `count` minutes from the numbered one on do not trade."""
        spans: list[tuple[int, int]] = []
        numbered = 0
        for begin, minutes in self.spans:
            before = min(max(first - numbered, 0), minutes)
            after = min(max(numbered + minutes - first - count, 0), minutes)
            if before:
                spans.append((begin, before))
            if after:
                spans.append((begin + (minutes - after) * MINUTE_US, after))
            numbered += minutes
        return Block(self.session, tuple(spans))

    @property
    def minutes(self) -> int:
        """How many minutes it trades."""
        return sum(count for _, count in self.spans)

    @property
    def begin(self) -> int:
        """Begin of its first minute."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """End of its last minute."""
        begin, count = self.spans[-1]
        return begin + count * MINUTE_US

    def begin_of(self, minute: int) -> int:
        """Return the begin of a numbered minute.

        Raises:
            IndexError: If it has none of that number.
        """
        for begin, count in self.spans:
            if minute < count:
                return begin + minute * MINUTE_US
            minute -= count
        raise IndexError(minute)

    def starts(self) -> list[int]:
        """Begin of every minute, ascending."""
        return [begin + MINUTE_US * i for begin, count in self.spans for i in range(count)]

    def minutes_begun(self, at: int) -> int:
        """How many of its minutes have begun before `at`."""
        begun = 0
        for begin, count in self.spans:
            begun += min(count, max(0, -(-(at - begin) // MINUTE_US)))
        return begun


@dataclass(frozen=True, slots=True)
class HaltSpan:
    """Trading stops from `begin` to `end`; `minute` is the first to trade again."""

    minute: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The blocks of one trading day, ascending, and its auctions.

    Attributes:
        opening: Instant of the opening auction's print; None without one. `closing` likewise.
        closing_bar: Begin of the minute bar that the closing auction's print makes.
        halt: A halt in the regular block; None without one.
    """

    blocks: tuple[Block, ...]
    opening: int | None
    closing: int | None
    closing_bar: int
    halt: HaltSpan | None = None

    def halted(self, first: int, count: int) -> Layout:
        """Return the layout with `count` minutes of the regular block taken out."""
        block = self.blocks[self.regular]
        span = HaltSpan(first, block.begin_of(first - 1) + MINUTE_US, block.begin_of(first + count))
        cut = (*self.blocks[: self.regular], block.without(first, count))
        return replace(self, blocks=(*cut, *self.blocks[self.regular + 1 :]), halt=span)

    def from_opening(self) -> Layout:
        """Return the layout of a day on which nothing trades before the regular session."""
        return replace(self, blocks=self.blocks[self.regular :])

    @property
    def opens_at(self) -> int:
        """The first instant at which the regular session may print."""
        return self.blocks[self.regular].begin if self.opening is None else self.opening

    @property
    def begin(self) -> int:
        """An instant that no event of the day precedes."""
        first = self.blocks[0].begin
        return first if self.opening is None else min(first, self.opening)

    @property
    def end(self) -> int:
        """An instant that every event of the day precedes."""
        last = self.blocks[-1].end
        return last if self.closing is None else max(last, self.closing + 1)

    @property
    def regular(self) -> int:
        """Index of the regular block."""
        return next(i for i, b in enumerate(self.blocks) if b.session is TradeSession.NORMAL)


def microseconds(at: datetime) -> int:
    """Return the microseconds since the epoch of an aware instant."""
    return (at - EPOCH) // _MICROSECOND


def instant(us: int) -> datetime:
    """Return the UTC instant that lies so many microseconds after the epoch."""
    return EPOCH + timedelta(microseconds=us)


def auction_ends(seed: int, symbol: Symbol, day: date) -> AuctionEnds:
    """Draw how long the two random stages of an HK day last for a security."""
    key = key_of(seed, symbol, "auction ends")
    drawn = [fraction(word(key, 2 * day.toordinal() + i)) for i in range(2)]
    opening, closing = (timedelta(microseconds=int(u * _RANDOM_STAGE_US)) for u in drawn)
    return AuctionEnds(opening, closing)


def layout_of(seed: int, instrument: Instrument, day: date, half: bool) -> Layout:
    """Return the layout of a trading day of a security.

    An index has the regular session of its market, no opening auction and none of the extended
    sessions; it takes its last value when the closing auction has matched.
    """
    timetable = timetable_of(instrument)
    if instrument.market is Market.HK:
        ends = auction_ends(seed, instrument.symbol, day)
        spans = day_spans(timetable, day, half, ends)
    else:
        spans = day_spans(timetable, day, half)
    found: dict[TradeSession, list[tuple[int, int]]] = {}
    opening = closing = None
    for span in spans:
        begin, end = microseconds(span.begin), microseconds(span.end)
        if span.phase in _BLOCK_PHASES:
            minutes = (end - begin) // MINUTE_US
            found.setdefault(_BLOCK_PHASES[span.phase], []).append((begin, minutes))
        elif span.phase in _OPENING_PHASES:
            opening = end
        elif span.phase in _CLOSING_PHASES:
            closing = end
    if instrument.is_index:
        found = {TradeSession.NORMAL: found[TradeSession.NORMAL]}
        opening = None
    elif not instrument.overnight:
        found.pop(TradeSession.OVERNIGHT, None)
    blocks = tuple(Block(session, tuple(spans)) for session, spans in found.items())
    hours = trading_hours(instrument.market, instrument.board)
    last = hours.regular_parts(day, half)[-1]
    return Layout(blocks, opening, closing, microseconds(last.end))


def has_closing_auction(instrument: Instrument, day: date) -> bool:
    """Tell whether the security's day ends with an auction."""
    timetable = timetable_of(instrument)
    return any(span.phase in _CLOSING_PHASES for span in day_spans(timetable, day, False))


def has_opening_auction(instrument: Instrument) -> bool:
    """Tell whether the security's day begins with an auction."""
    if instrument.is_index or instrument.market not in (Market.HK, Market.CN):
        return False
    return timetable_of(instrument) is not Timetable.HK_CONTINUOUS_ONLY
