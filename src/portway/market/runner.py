"""Runs the quotes: moves market time over the events of every symbol that somebody looks at.

It folds what the sources yield into boards, tells listeners what changed, and collects what working
orders have to know. Time is moved from outside, in legs; nothing here reads a clock. A symbol that
nobody looks at costs nothing.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from datetime import date, datetime, timedelta
from typing import Protocol, runtime_checkable

from portway.market.active import ActiveSymbol
from portway.market.agenda import Agenda
from portway.market.days import TradingDays
from portway.market.derived import DerivedMarkets
from portway.market.ports import FindsContracts, MarketSource, SourceDamaged
from portway.market.reference import Reference
from portway.model.calendar import Calendar
from portway.model.command import MarketMoved
from portway.model.instrument import Instrument
from portway.model.order import DayAuction
from portway.model.quote import (
    Depth,
    MarketEvent,
    StatusChange,
    SubType,
    Trade,
    TradeSession,
    TradeStatus,
)
from portway.model.session import continuous_span
from portway.model.symbol import Market, Symbol, market_of
from portway.quotes.board import Board
from portway.quotes.changes import BoardChange
from portway.quotes.effects import TradeEffect, effect_of

__all__ = ["MarketRunner"]

IDLE_SYMBOLS_MAX = 1024  # Boards kept of symbols that were asked for once; the oldest goes first.
HK_AUCTION = "U"  # Trade type of the opening and of the closing auction.
US_CROSSES = {"Q": DayAuction.OPENING, "M": DayAuction.CLOSING}
# Nothing trades; what is shown then, if anything, is the book before.
HALTED_STATUSES = frozenset(
    {
        TradeStatus.HALTED,
        TradeStatus.FUSE,
        TradeStatus.SPLIT_STOCK_HALTS,
        TradeStatus.SUSPEND_TRADE,
    }
)
FAR_AWAY = timedelta(seconds=1)
CHUNK_EVENTS = 256  # Events folded before others of the process get their turn.

Listener = Callable[[Symbol, BoardChange, Board], None]
Refresh = Callable[[Symbol, Board], None]


@runtime_checkable
class _Finder(FindsContracts, MarketSource, Protocol):
    """A whole source that finds its symbols one by one."""


class MarketRunner:
    """The present of all markets. Belongs to one event loop."""

    def __init__(
        self,
        reference: Reference,
        sources: Sequence[MarketSource],
        instants: Mapping[Market, datetime],
        *,
        derived: DerivedMarkets | None = None,
        idle_symbols_max: int = IDLE_SYMBOLS_MAX,
    ) -> None:
        """Stand at `instants`; an earlier source wins a symbol over a later one.

        Args:
            derived: Markets in what is written on other securities; theirs are among the sources.
        """
        self.derived = derived
        self._idle_symbols_max = idle_symbols_max
        self.reference = reference
        self.agenda = Agenda(reference.calendars)
        self.days = TradingDays(reference.calendars)
        self.events_folded = 0
        self._instants = dict(instants)
        self._sources: dict[Symbol, MarketSource] = {}
        for source in reversed(sources):
            self._sources.update(dict.fromkeys(source.symbols(), source))
        self._finders = tuple(one for one in sources if isinstance(one, _Finder))
        self._active: OrderedDict[Symbol, ActiveSymbol] = OrderedDict()
        # Numbers of symbols that were dropped: clients remember them, so they go on from there.
        self._sequences: dict[Symbol, Mapping[SubType, int]] = {}
        self._working: frozenset[Symbol] = frozenset()
        self._listeners: list[tuple[Listener, Refresh]] = []

    def beside(self, instants: Mapping[Market, datetime]) -> MarketRunner:
        """Return a runner of the same sources that stands at other instants; nobody watches it."""
        other = copy(self)
        other.events_folded = 0
        other._instants = dict(instants)
        other._active = OrderedDict()
        other._sequences = {}
        other._working = frozenset()
        other._listeners = []
        return other

    # -- what others ask ---------------------------------------------------------------------

    def now(self, market: Market) -> datetime:
        """Market time; a market without a clock of its own follows Hong Kong."""
        return self._instants.get(market) or self._instants[Market.HK]

    def calendar(self, market: Market) -> Calendar:
        return self.reference.calendars[market]

    def instrument(self, symbol: str) -> Instrument | None:
        """The listed instrument, or None for an unknown symbol."""
        listed = Symbol(symbol)
        source = self._sources.get(listed)
        if source is None or source in self._finders:
            return self._find(listed)
        return self.reference.instruments.get(listed)

    def source(self, symbol: Symbol) -> MarketSource | None:
        """Where the symbol's data comes from."""
        listed = self._sources.get(symbol)
        if listed is not None:
            return listed
        found = self._finder(symbol)
        return None if found is None else found[0]

    def board(self, symbol: Symbol) -> Board | None:
        """The symbol's board at market time; None for an unknown symbol."""
        active = self._activate(symbol)
        return active.board if active else None

    def is_at_hand(self, symbol: Symbol) -> bool:
        """Whether `board` answers at once."""
        active = self._active.get(symbol)
        return active is not None and not active.is_stale

    async def ready(self, symbols: Iterable[Symbol], *, days_back: int = 0) -> None:
        """Make boards ready one after the other, while others get their turn in between.

        Reading files happens in a thread.

        Args:
            days_back: Earlier trading days that are to be readable too.
        """
        for symbol in symbols:
            source = self.source(symbol)
            if source is None:
                continue
            shown = self.trading_day(market_of(symbol))
            days = self.calendar(market_of(symbol)).trading_days(
                shown - timedelta(days=2 * days_back), shown
            )
            for day in days[-1 - days_back :]:
                await _prepare(source, symbol, day)
            self._activate(symbol)
            await asyncio.sleep(0)

    async def ready_for(self, targets: Mapping[Market, datetime]) -> None:
        """The same for the day that watched and working symbols will turn to on the way."""
        for symbol, active in list(self._active.items()):
            if active.market not in targets or not (active.watchers or symbol in self._working):
                continue
            if active.day_ends <= targets[active.market]:
                day = self.days.shown_at(active.market, active.day_ends)
                await _prepare(active.source, symbol, day)

    def trading_day(self, market: Market) -> date:
        """The trading day that boards of the market show now."""
        return self.days.shown_at(market, self.now(market))

    def watch(self, symbol: Symbol) -> None:
        """Look at a symbol until `unwatch`: listeners are told its changes."""
        active = self._activate(symbol)
        assert active is not None, f"{symbol} is listed"
        active.watchers += 1

    def unwatch(self, symbol: Symbol) -> None:
        """End one `watch`."""
        active = self._active[symbol]
        assert active.watchers > 0, f"{symbol} was watched"
        active.watchers -= 1

    def listen(self, on_change: Listener, on_refresh: Refresh) -> None:
        """Call `on_change` for every event of a watched symbol, in order.

        `on_refresh` is called when time has skipped events: the board as a whole is new.
        """
        self._listeners.append((on_change, on_refresh))

    def work(self, symbols: Collection[Symbol]) -> None:
        """Collect moves of exactly these symbols from now on: orders of them work."""
        self._working = frozenset(symbols)
        for symbol in sorted(self._working):
            self._activate(symbol)

    def next_event_in(self) -> timedelta:
        """Market time until the next event that somebody waits for; a second when none is near."""
        waits = (
            active.upcoming.at - self._instants[active.market]
            for symbol, active in self._active.items()
            if active.upcoming is not None and (active.watchers or symbol in self._working)
        )
        return min(waits, default=FAR_AWAY)

    # -- time --------------------------------------------------------------------------------

    def advance(
        self, targets: Mapping[Market, datetime], *, silent: bool
    ) -> Iterator[MarketMoved | None]:
        """Move the markets to `targets`; yield what working orders must know, when it happens.

        Between two moves the boards stand where the earlier one left them. `None` says that others
        may have their turn. Events of several markets are taken in the order of their distance
        from where each market stood, so that the order does not depend on how the way is cut into
        legs. Whoever stops asking on the way calls `stand_at` before going on.

        Args:
            silent: Do not tell listeners; refresh them at the end.
        """
        begins = {market: self.now(market) for market in targets}
        queue: list[tuple[timedelta, Symbol, ActiveSymbol]] = []
        for active in self._moving(targets, silent=silent):
            self._enqueue(queue, active, begins, targets)
        count = 0
        while queue:
            active = heapq.heappop(queue)[2]
            event, move = active.upcoming, None
            if event is None or event.at >= active.day_ends:
                self._reach(active.market, active.day_ends)
                active.turn_day()
            else:
                self._reach(active.market, event.at)
                move = self._fold(active, event, silent=silent)
            self._enqueue(queue, active, begins, targets)
            if move is not None:
                yield move
            count += 1
            if count % CHUNK_EVENTS == 0:
                yield None
        self._instants.update(targets)
        if silent:
            self._refresh(targets)
        yield None

    def stand_at(self, instants: Mapping[Market, datetime]) -> None:
        """Stand at instants on the way of an `advance` that is not carried on."""
        for market, at in instants.items():
            self._reach(market, at)

    def _moving(
        self, targets: Mapping[Market, datetime], *, silent: bool
    ) -> Iterator[ActiveSymbol]:
        """Symbols whose events are folded on the way; the others are marked to catch up."""
        for symbol, active in list(self._active.items()):
            if active.market not in targets:
                continue
            wanted = symbol in self._working or (active.watchers > 0 and not silent)
            if wanted and active.is_stale:
                active.catch_up(self.now(active.market))
            if active.changes_at is not None and active.changes_at <= targets[active.market]:
                active.is_stale = True  # Found anew when it is asked for, or when time goes on.
            if wanted:
                yield active
            else:
                active.is_stale = True

    def _enqueue(
        self,
        queue: list[tuple[timedelta, Symbol, ActiveSymbol]],
        active: ActiveSymbol,
        begins: Mapping[Market, datetime],
        targets: Mapping[Market, datetime],
    ) -> None:
        event = active.upcoming
        at = event.at if event is not None else active.day_ends
        # A day that begins exactly at the target belongs to it: boards turn at its first instant.
        if at < targets[active.market] or (event is None and at == targets[active.market]):
            heapq.heappush(queue, (at - begins[active.market], active.symbol, active))

    def _reach(self, market: Market, at: datetime) -> None:
        if at > self._instants[market]:
            self._instants[market] = at

    def _fold(
        self, active: ActiveSymbol, event: MarketEvent, *, silent: bool
    ) -> MarketMoved | None:
        change = active.board.apply(event)
        active.advance()
        self.events_folded += 1
        if not silent and active.watchers:
            for on_change, _ in self._listeners:
                on_change(active.symbol, change, active.board)
        return self._move_of(active, event) if active.symbol in self._working else None

    def _move_of(self, active: ActiveSymbol, event: MarketEvent) -> MarketMoved | None:
        """What an order has to know of an event: a depth, a price-setting print, a halt's end."""
        prints: tuple[Trade, ...] = ()
        if isinstance(event, Trade):
            effect = effect_of(active.market, event.trade_type, event.session)
            is_cross = active.market is Market.US and event.trade_type in US_CROSSES
            if effect is not TradeEffect.PRICE_AND_VOLUME and not is_cross:
                return None
            prints = (event,)
        elif not isinstance(event, Depth | StatusChange):
            return None
        session = self.session(active.market, event.at)
        if active.board.status in HALTED_STATUSES:
            session = None
        depth = active.board.depth
        auction = self._auction_of(active.market, event, session)
        return MarketMoved(active.symbol, event.at, session, depth, prints, auction)

    def _auction_of(
        self, market: Market, event: MarketEvent, session: TradeSession | None
    ) -> DayAuction | None:
        """The auction of which a print is the result; none of continuous trading, by its time."""
        if not isinstance(event, Trade):
            return None
        if market is Market.US:
            return US_CROSSES.get(event.trade_type)
        is_auction = event.trade_type == HK_AUCTION if market is Market.HK else session is None
        if not is_auction:
            return None
        day = self.days.shown_at(market, event.at)
        half = self.calendar(market).is_half_day(day)
        is_early = event.at < continuous_span(market, day, half)[0]
        return DayAuction.OPENING if is_early else DayAuction.CLOSING

    def session(self, market: Market, at: datetime) -> TradeSession | None:
        """The continuous session that runs in a market."""
        return self.agenda.session_at(market, self.days.shown_at(market, at), at)

    def _refresh(self, targets: Mapping[Market, datetime]) -> None:
        for active in list(self._active.values()):
            if active.market in targets and active.watchers:
                if active.is_stale:
                    active.catch_up(self.now(active.market))
                for _, on_refresh in self._listeners:
                    on_refresh(active.symbol, active.board)

    # -- symbols -----------------------------------------------------------------------------

    def _activate(self, symbol: Symbol) -> ActiveSymbol | None:
        active = self._active.get(symbol)
        if active is None:
            instrument = self.instrument(symbol)
            if instrument is None:
                return None
            at = self.now(instrument.market)
            sequences = self._sequences.pop(symbol, {})
            source = self.source(symbol)
            assert source is not None, "what is listed has a source"
            active = ActiveSymbol(instrument, source, self.days, at, sequences)
            self._active[symbol] = active
            self._drop_idle()
        elif active.is_stale:
            active.catch_up(self.now(active.market))
        self._active.move_to_end(symbol)
        return active

    def _find(self, symbol: Symbol) -> Instrument | None:
        found = self._finder(symbol)
        return None if found is None else found[1]

    def _finder(self, symbol: Symbol) -> tuple[MarketSource, Instrument] | None:
        """The source that finds a symbol, and what it has found."""
        region = symbol[symbol.rfind(".") + 1 :]
        for finder in self._finders:
            if finder.market.value == region:
                instrument = finder.find(symbol, self.trading_day(finder.market))
                if instrument is not None:
                    return finder, instrument
        return None

    def _drop_idle(self) -> None:
        idle = [
            symbol
            for symbol, active in self._active.items()
            if not active.watchers and symbol not in self._working
        ]
        for symbol in idle[: max(0, len(idle) - self._idle_symbols_max)]:
            self._sequences[symbol] = dict(self._active.pop(symbol).board.sequences)


async def _prepare(source: MarketSource, symbol: Symbol, day: date) -> None:
    if not source.is_prepared(symbol, day):
        # What is damaged is told where it is used, by the symbol's board.
        with suppress(SourceDamaged):
            await asyncio.to_thread(source.prepare, symbol, day)
