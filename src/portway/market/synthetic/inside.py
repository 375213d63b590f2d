"""One trading day of one security, opened up: its minutes, prints, book events and auctions.

The day fixes the sessions' plans, these their minutes, these their prints. Everything is made when
it is first asked for, in any order; nothing asked for changes anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Final

from portway.market.synthetic.book import BookShape, minute_book
from portway.market.synthetic.days import DayTable
from portway.market.synthetic.draws import Ints, sub_key
from portway.market.synthetic.grid import money, price, table_on
from portway.market.synthetic.layout import MINUTE_US, HaltSpan, Layout, instant, microseconds
from portway.market.synthetic.minutes import IndexMinutes, Minutes, index_minutes, minutes
from portway.market.synthetic.prices import NO_LIMIT
from portway.market.synthetic.prints import MinutePrints, index_prints, minute_prints
from portway.market.synthetic.sessions import (
    closing_money,
    day_key,
    extended_plan,
    regular_plan,
)
from portway.model.quote import (
    Brokers,
    Candlestick,
    Depth,
    Direction,
    IndexTick,
    MarketEvent,
    StatusChange,
    Trade,
    TradeSession,
    TradeStatus,
)
from portway.model.symbol import Market

__all__ = ["Auction", "Inside"]

_AUCTION_TYPE: Final = {Market.HK: "U"}  # Other markets give auction prints no code.
_MICROSECOND: Final = timedelta(microseconds=1)
_ODD_LOT: Final = "I"
_ODD_LOT_LAG: Final = timedelta(microseconds=1500)  # Before the book changes after the print.
_EXTENDED_PRINTS: Final = 7  # A print every 8 or 9 seconds outside regular hours.
_OPENING_STAMP: Final = 2000  # Number of the book's minute that follows the opening auction.


@dataclass(frozen=True, slots=True)
class Auction:
    """The match of an auction: for a security one print, for an index its last value.

    Attributes:
        at: Microseconds since the epoch.
        bar: Begin of the minute bar it makes; None where it belongs to no minute.
    """

    at: int
    price: Decimal
    shares: int
    turnover: Decimal
    bar: int | None
    event: MarketEvent


class Inside:
    """One day of one security."""

    def __init__(
        self,
        seed: int,
        table: DayTable,
        row: int,
        layout: Layout,
        brokers: tuple[int, ...],
        listed_at: int | None = None,
    ) -> None:
        """Open a day up.

        Args:
            listed_at: Begin of the day, if it is the security's first one.
        """
        self.table = table
        self.row = row
        self.layout = layout
        self.symbol = table.instrument.symbol
        self.day: date = table.span.days[row]
        self.key = day_key(seed, table, row)
        self.step = int(table.step[row])
        self.is_index = table.instrument.is_index
        self.listed_at = listed_at
        self._brokers = brokers
        self.has_queues = table.instrument.market is Market.HK and bool(brokers)
        self._bars: dict[int, Minutes | IndexMinutes] = {}
        self._first_minute = [0]
        for block in layout.blocks:
            self._first_minute.append(self._first_minute[-1] + block.minutes)

    # -- minutes -----------------------------------------------------------------------------

    def bars(self, index: int) -> Minutes | IndexMinutes:
        """Return the minutes of a block, as whole numbers."""
        made = self._bars.get(index)
        if made is None:
            block = self.layout.blocks[index]
            plan_of = regular_plan if block.session is TradeSession.NORMAL else extended_plan
            plan = plan_of(self.table, self.row, self.key, block)
            made = self._bars[index] = index_minutes(plan) if self.is_index else minutes(plan)
        return made

    def candles(self, index: int, count: int | None = None) -> list[Candlestick]:
        """Return the bars of a block's first `count` minutes (default: all); no auction's."""
        block, bars = self.layout.blocks[index], self.bars(index)
        if isinstance(bars, IndexMinutes):
            shares: Sequence[int] = bars.shares
            turnover = bars.money
        else:
            shares = [lots * self.table.lot for lots in bars.lots]
            turnover = [weight * self.step * self.table.lot for weight in bars.weight]
        step, session = self.step, block.session
        rows = zip(
            block.starts()[:count], bars.open, bars.high, bars.low, bars.close, shares, turnover,
            strict=False,
        )  # fmt: skip
        return [
            Candlestick(
                instant(at), price(o * step), price(h * step), price(lo * step), price(c * step),
                volume, money(amount), session,
            )
            for at, o, h, lo, c, volume, amount in rows
        ]  # fmt: skip

    def minute_candles(self) -> list[Candlestick]:
        """Return all one-minute bars of the day, the closing auction's included, ascending."""
        candles: list[Candlestick] = []
        for index, block in enumerate(self.layout.blocks):
            candles += self.candles(index)
            if block.session is TradeSession.NORMAL and self.closing is not None:
                candles.append(auction_candle(self.closing))
        return candles

    # -- auctions ----------------------------------------------------------------------------

    @cached_property
    def opening(self) -> Auction | None:
        """The opening auction: part of the day bar, of no minute bar."""
        return self._auction(self.layout.opening, self.table.open, self.table.open_lots, None)

    @cached_property
    def closing(self) -> Auction | None:
        """The closing auction: it makes the bar that begins where continuous trading ends."""
        bar = self.layout.closing_bar
        return self._auction(self.layout.closing, self.table.close, self.table.close_lots, bar)

    def _auction(self, at: int | None, prices: Ints, lots: Ints, bar: int | None) -> Auction | None:
        if at is None:
            return None
        table = self.table
        shares = int(lots[self.row]) * table.lot
        value = int(prices[self.row]) * self.step
        when, at_price = instant(at), price(value)
        event: MarketEvent
        if self.is_index:
            amount = money(closing_money(table, self.row))
            event = IndexTick(self.symbol, when, at_price, shares, amount)
        else:
            amount = money(value * shares)
            kind = _AUCTION_TYPE.get(table.instrument.market, "")
            event = Trade(self.symbol, when, at_price, shares, kind, Direction.NEUTRAL)
        return Auction(at, at_price, shares, amount, bar, event)

    # -- prints and book ---------------------------------------------------------------------

    def prints(self, index: int, minute: int) -> MinutePrints:
        """Return the prints of one minute of a block of a security, as whole numbers."""
        bars = self.bars(index)
        assert isinstance(bars, Minutes), "an index has no prints"
        regular = self.layout.blocks[index].session is TradeSession.NORMAL
        usual = self.table.profile.prints_a_minute if regular else _EXTENDED_PRINTS
        lot = self.table.lot
        # US volumes need not be round above a round lot; HK and CN trade whole lots alone.
        share_step = 1 if self.table.instrument.market is Market.US else lot
        locks = int(self.table.lower[self.row]), int(self.table.upper[self.row])
        key = self._minute_key(index, minute)
        return minute_prints(key, bars, minute, usual, lot, share_step, locks)

    def trades(self, index: int, minute: int) -> list[Trade]:
        """Return the prints of one minute of a security."""
        pairs = self._trades_of(index, minute, self.prints(index, minute))
        return [trade for pair in pairs for trade in pair]

    def _trades_of(
        self, index: int, minute: int, prints: MinutePrints
    ) -> list[tuple[Trade] | tuple[Trade, Trade]]:
        """Return each print, some with an odd lot right behind it."""
        begin, session = self._begin(index, minute), self.layout.blocks[index].session
        start, symbol, step = instant(begin), self.symbol, self.step
        rows = zip(
            prints.offsets, prints.prices, prints.shares, prints.bought, prints.odd, strict=True
        )
        pairs: list[tuple[Trade] | tuple[Trade, Trade]] = []
        for offset, value, volume, bought, odd in rows:
            direction = Direction.UP if bought else Direction.DOWN
            at, worth = start + timedelta(microseconds=offset), price(value * step)
            trade = Trade(symbol, at, worth, volume, "", direction, session)
            if odd:
                at += _ODD_LOT_LAG
                pairs.append((trade, Trade(symbol, at, worth, odd, _ODD_LOT, direction, session)))
            else:
                pairs.append((trade,))
        return pairs

    def index_ticks(self, index: int, minute: int) -> list[IndexTick]:
        """Return the values of one minute of an index."""
        bars = self.bars(index)
        assert isinstance(bars, IndexMinutes), "a security has no index ticks"
        start = instant(self._begin(index, minute))
        usual = self.table.profile.prints_a_minute
        return [
            IndexTick(
                self.symbol, start + timedelta(microseconds=one.offset),
                price(one.price * self.step), one.shares, money(one.money),
            )
            for one in index_prints(self._minute_key(index, minute), bars, minute, usual)
        ]  # fmt: skip

    def events(self, index: int, minute: int) -> list[MarketEvent]:
        """Return every event of one minute of a block, in order."""
        if self.is_index:
            return list(self.index_ticks(index, minute))
        prints = self.prints(index, minute)
        start = instant(self._begin(index, minute))
        number = self._first_minute[index] + minute
        books = minute_book(self._shape, number, start, prints)
        events: list[MarketEvent] = []
        for trades, book in zip(self._trades_of(index, minute, prints), books, strict=True):
            before, after, queues = book
            events += (before, *trades, after)
            if queues is not None:
                events.append(queues)
        if self.layout.halt is not None and index == self.layout.regular:
            return self._around_halt(self.layout.halt, minute, events)
        return events

    def _around_halt(
        self, halt: HaltSpan, minute: int, events: list[MarketEvent]
    ) -> list[MarketEvent]:
        """Add what a halt shows: status, and an empty book while it lasts."""
        if minute == halt.minute - 1:
            begin = instant(halt.begin)
            events.append(StatusChange(self.symbol, begin, TradeStatus.HALTED))
            events.append(Depth(self.symbol, begin + _MICROSECOND, (), ()))
            if self.has_queues:
                events.append(Brokers(self.symbol, begin + 2 * _MICROSECOND, (), ()))
        elif minute == halt.minute:
            return [StatusChange(self.symbol, instant(halt.end), TradeStatus.NORMAL), *events]
        return events

    @property
    def begin(self) -> int:
        """An instant that no event of the day precedes."""
        return self.layout.begin if self.listed_at is None else self.listed_at

    def listing_events(self) -> list[MarketEvent]:
        """Return the changes of status of a security's first day; none on any other day."""
        if self.listed_at is None or self.is_index:
            return []
        opens = instant(self.layout.opens_at) - _MICROSECOND
        return [
            StatusChange(self.symbol, instant(self.listed_at), TradeStatus.TO_BE_OPENED),
            StatusChange(self.symbol, opens, TradeStatus.NORMAL),
        ]

    def status_before(self, at: int) -> TradeStatus:
        """Return the status after all events before an instant."""
        changes = self.listing_events()
        halt = self.layout.halt
        if halt is not None and not self.is_index:
            changes.append(StatusChange(self.symbol, instant(halt.begin), TradeStatus.HALTED))
            changes.append(StatusChange(self.symbol, instant(halt.end), TradeStatus.NORMAL))
        passed = [
            one.status for one in changes
            if isinstance(one, StatusChange) and microseconds(one.at) < at
        ]  # fmt: skip
        return passed[-1] if passed else TradeStatus.NORMAL

    def opening_events(self) -> list[MarketEvent]:
        """Return the opening auction's print and the book that it leaves behind."""
        if self.opening is None:
            return []
        if self.is_index:
            return [self.opening.event]
        alone = MinutePrints(
            [0], [int(self.table.open[self.row])], [self.table.lot], [self._opens_up], [0],
            MINUTE_US // 30,
        )  # fmt: skip
        _, after, queues = minute_book(
            self._shape, _OPENING_STAMP, instant(self.opening.at), alone
        )[0]
        return [self.opening.event, after, *(() if queues is None else (queues,))]

    @property
    def _opens_up(self) -> bool:
        """Whether the book after the opening has its ask at the opening price."""
        return int(self.table.open[self.row]) != int(self.table.upper[self.row])

    @cached_property
    def _shape(self) -> BookShape:
        table, row = self.table, self.row
        limits = None
        if int(table.upper[row]) != NO_LIMIT:
            limits = (
                price(int(table.lower[row]) * self.step),
                price(int(table.upper[row]) * self.step),
            )
        regular = self.layout.blocks[self.layout.regular]
        return BookShape.of_day(
            table.instrument,
            self.key,
            table_on(table.instrument, self.day),
            self.step,
            table.lot,
            int(table.lots[self.row]) // regular.minutes,
            table.profile.prints_a_minute,
            price(int(table.open[row]) * self.step),
            limits,
            self._brokers,
        )

    def _minute_key(self, index: int, minute: int) -> int:
        return sub_key(sub_key(self.key, 64 + index), minute)

    def _begin(self, index: int, minute: int) -> int:
        return self.layout.blocks[index].begin_of(minute)


def auction_candle(auction: Auction) -> Candlestick:
    """Return the minute bar that a closing auction makes by itself."""
    assert auction.bar is not None, "an opening auction makes no minute bar"
    value = auction.price
    at = instant(auction.bar)
    return Candlestick(at, value, value, value, value, auction.shares, auction.turnover)
