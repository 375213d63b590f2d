"""The board: one symbol's trading day as a fold of its market events.

A board takes prints, index ticks, depth, broker queues and changes of status in order and answers
what a quote page shows: the quote of each session, depth, the latest prints, one-minute bars, the
intraday line, the day's candlestick. It can be saved and restored at any event.

It knows no clock (the present is an argument where it matters), no other day and no subscriber.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain, islice
from types import MappingProxyType
from typing import Final

from portway.model.hours import Part
from portway.model.quote import (
    Brokers,
    Candlestick,
    DaySnapshot,
    Depth,
    IndexTick,
    MarketEvent,
    SessionQuote,
    StatusChange,
    SubType,
    Trade,
    TradeSession,
    TradeStatus,
)
from portway.model.session import day_reset
from portway.model.symbol import MARKET_ZONES, Symbol, market_of
from portway.quotes.candles import SESSION_ORDER, MinuteFold, day_stamp
from portway.quotes.changes import NO_CHANGE, BoardChange, QuoteChange
from portway.quotes.effects import TradeEffect, effects_by_type
from portway.quotes.intraday import IntradayPoint, intraday_line

__all__ = ["Board"]

TRADES_MAX: Final = 1000  # The most that one query of latest trades may ask for.

_ZERO: Final = Decimal(0)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_REGULAR: Final = TradeSession.NORMAL
_BOTH: Final = TradeEffect.PRICE_AND_VOLUME
_NONE: Final = TradeEffect.NONE


class _SessionState:
    """The running quote of one session. `open` is zero until a print has set a price."""

    __slots__ = ("at", "high", "last", "low", "open", "turnover", "volume")

    def __init__(self, at: datetime, last: Decimal) -> None:
        self.at = at
        self.last = last
        self.open = self.high = self.low = self.turnover = _ZERO
        self.volume = 0


class Board:
    """The mutable fold of one symbol's trading day.

    Args:
        symbol: Its market decides which trade types count.
        trading_day: The exchange's date of the day; a US overnight session that begins at 20:00
            belongs to the day after.
        parts: Session parts of this trading day, ascending.
        prev_close: Regular close of the trading day before, adjusted on an ex-date; zero when the
            security has never closed.
        is_option: US options, whose odd lots set the price.
        previous: Regular quote of the trading day before; shown until the day's reset.
        sequences: Last numbers given out by the board before this one.
    """

    __slots__ = (
        "_auction_turnover",
        "_auction_volume",
        "_earlier",
        "_effects",
        "_latest",
        "_market",
        "_minutes",
        "_opens_at",
        "_sequences",
        "_sessions",
        "_trades",
        "brokers",
        "depth",
        "is_option",
        "parts",
        "prev_close",
        "previous",
        "status",
        "symbol",
        "trading_day",
    )

    def __init__(
        self,
        symbol: Symbol,
        trading_day: date,
        parts: Sequence[Part],
        prev_close: Decimal,
        *,
        is_option: bool = False,
        status: TradeStatus = TradeStatus.NORMAL,
        previous: SessionQuote | None = None,
        sequences: Mapping[SubType, int] | None = None,
    ) -> None:
        self.symbol = symbol
        self.trading_day = trading_day
        self.parts = tuple(parts)
        self.prev_close = prev_close
        self.is_option = is_option
        self.status = status
        self.previous = previous
        self.depth: Depth | None = None
        self.brokers: Brokers | None = None
        self._market = market_of(symbol)
        self._effects = tuple(
            effects_by_type(self._market, session, is_option=is_option) for session in TradeSession
        )
        self._sessions: list[_SessionState | None] = [None] * len(TradeSession)
        self._minutes = MinuteFold(self.parts, prev_close or None)
        self._trades: deque[Trade] = deque(maxlen=TRADES_MAX)
        self._earlier: Sequence[Trade] = ()  # of the snapshot; looked at when it is asked for
        self._auction_volume = 0
        self._auction_turnover = _ZERO
        self._opens_at = next(
            (part.begin for part in self.parts if part.session is _REGULAR),
            day_stamp(trading_day, MARKET_ZONES[self._market]),
        )
        self._latest: TradeSession | None = None  # session of the last change of a quote
        self._sequences: dict[SubType, int] = dict(sequences or {})

    @classmethod
    def restore(
        cls,
        snapshot: DaySnapshot,
        parts: Sequence[Part],
        *,
        is_option: bool = False,
        previous: SessionQuote | None = None,
        sequences: Mapping[SubType, int] | None = None,
    ) -> Board:
        """Return the board that stands where the one that gave `snapshot` stood.

        Raises:
            ValueError: If a minute bar of the snapshot lies outside `parts`.
        """
        board = cls(
            snapshot.symbol,
            snapshot.trading_day,
            parts,
            snapshot.prev_close,
            is_option=is_option,
            status=snapshot.status,
            previous=previous,
            sequences=sequences,
        )
        for session, quote in snapshot.sessions.items():
            state = _SessionState(quote.at, quote.last_done)
            state.open, state.high, state.low = quote.open, quote.high, quote.low
            state.volume, state.turnover = quote.volume, quote.turnover
            board._sessions[session] = state
        board._minutes = MinuteFold(board.parts, snapshot.prev_close or None, bars=snapshot.minutes)
        board._auction_volume = snapshot.auction_volume
        board._auction_turnover = snapshot.auction_turnover
        board._earlier = snapshot.trades
        board.depth, board.brokers = snapshot.depth, snapshot.brokers
        board._latest = board._session_of_last_change()
        return board

    def _session_of_last_change(self) -> TradeSession | None:
        for trade in chain(reversed(self._trades), reversed(self._earlier)):
            if self._effects[trade.session].get(trade.trade_type, _NONE) is not _NONE:
                return trade.session
        # No prints were kept (an index has none): the session that moved last.
        moved = [
            (state.at, SESSION_ORDER.index(session), session)
            for session in TradeSession
            if (state := self._sessions[session]) is not None
        ]
        return max(moved)[2] if moved else None

    # -- folding -----------------------------------------------------------------------------

    def apply(self, event: MarketEvent) -> BoardChange:
        """Fold one event, the next in order of arrival, and return what changed.

        The event must be of this symbol and trading day. A print that comes late counts for the
        quote when it arrives, but does not rewrite a minute bar that has ended.
        """
        kind = type(event)
        if kind is Trade:
            return self._apply_trade(event)  # type: ignore[arg-type]
        if kind is Depth:
            self.depth = event  # type: ignore[assignment]
            return BoardChange(None, None, self.depth, None)
        if kind is Brokers:
            self.brokers = event  # type: ignore[assignment]
            return BoardChange(None, None, None, self.brokers)
        if kind is IndexTick:
            return self._apply_tick(event)  # type: ignore[arg-type]
        assert isinstance(event, StatusChange)
        return self._apply_status(event)

    def _apply_trade(self, trade: Trade) -> BoardChange:
        self._trades.append(trade)
        session = trade.session
        effect = self._effects[session].get(trade.trade_type, _NONE)
        if effect is _NONE:
            return BoardChange(trade, None, None, None)
        price = trade.price
        turnover = price * trade.volume
        if trade.multiplier != 1:
            turnover *= trade.multiplier
        shown = price if effect is _BOTH else None
        change = self._move(session, trade.at, shown, trade.volume, turnover)
        return BoardChange(trade, change, None, None)

    def _apply_tick(self, tick: IndexTick) -> BoardChange:
        change = self._move(_REGULAR, tick.at, tick.price, tick.volume, tick.turnover)
        return BoardChange(None, change, None, None)

    def _apply_status(self, event: StatusChange) -> BoardChange:
        if event.status is self.status:
            return NO_CHANGE
        self.status = event.status
        session = _REGULAR if self._latest is None else self._latest
        full = self.extended(session) or self._cleared()
        nothing = (None, None, None, None, None, None)
        change = QuoteChange(session, event.at, event.status, *nothing, 0, _ZERO, full)
        return BoardChange(None, change, None, None)

    def _move(
        self,
        session: TradeSession,
        at: datetime,
        price: Decimal | None,
        volume: int,
        turnover: Decimal,
    ) -> QuoteChange:
        """Fold one counted print; a `price` of None leaves all prices alone."""
        state = self._sessions[session]
        if state is None:
            state = self._sessions[session] = _SessionState(at, self._close_before(session))
        elif at > state.at:
            state.at = at
        last = opened = high = low = None
        if price is not None:
            if not state.open:
                state.last = state.open = state.high = state.low = price
                last = opened = high = low = price
            else:
                if price != state.last:
                    state.last = last = price
                if price > state.high:
                    state.high = high = price
                elif price < state.low:
                    state.low = low = price
        state.volume += volume
        state.turnover += turnover
        self._minutes.add(session, at, price, volume, turnover)
        if session is _REGULAR and at < self._opens_at:
            self._auction_volume += volume
            self._auction_turnover += turnover
        full = self._quote_of(session, state)
        if session is not self._latest:
            self._latest = session
            last, opened, high, low = full.last_done, full.open, full.high, full.low
        return QuoteChange(
            session,
            at,
            self.status,
            last,
            opened,
            high,
            low,
            state.volume if volume else None,
            state.turnover if turnover else None,
            volume,
            turnover,
            full,
        )

    def next_sequence(self, kind: SubType, at: datetime) -> int:
        """Return the next number for a push of `kind`: market microseconds, or last + 1 if greater.

        Strictly increasing for this symbol and kind, and above all numbers of an earlier run whose
        market time was earlier.
        """
        number = max(self._sequences.get(kind, 0) + 1, (at - _EPOCH) // _MICROSECOND)
        self._sequences[kind] = number
        return number

    # -- reading -----------------------------------------------------------------------------

    @property
    def sequences(self) -> Mapping[SubType, int]:
        """The last number given out for each kind of push."""
        return MappingProxyType(self._sequences)

    @property
    def last_session(self) -> TradeSession | None:
        """The session of the last print that changed a quote; None before the first."""
        return self._latest

    def quote(self, now: datetime | None = None) -> SessionQuote:
        """Return the quote of the regular session.

        Before the day's first regular print: until the day's reset the quote of the day before
        (given `now`, and if the board was given one); from then on a cleared quote, whose
        last_done is the previous close and whose open, high, low, volume and turnover are zero.
        A session that has had only prints without a price shows zero prices the same way.
        """
        state = self._sessions[_REGULAR]
        if state is not None:
            return self._quote_of(_REGULAR, state)
        previous = self.previous
        if previous is None or now is None or now >= day_reset(self._market, self.trading_day):
            return self._cleared()
        return previous

    def extended(self, session: TradeSession) -> SessionQuote | None:
        """Return the quote of any one session; None while it has had no counted print today."""
        state = self._sessions[session]
        return None if state is None else self._quote_of(session, state)

    def recent_trades(self, count: int = TRADES_MAX) -> tuple[Trade, ...]:
        """Return the latest prints of every type and session, oldest first, at most `count`."""
        missing = TRADES_MAX - len(self._trades)
        if missing:
            self._trades.extendleft(islice(reversed(self._earlier), missing))
        self._earlier = ()
        if count >= len(self._trades):
            return tuple(self._trades)
        return tuple(islice(self._trades, len(self._trades) - max(count, 0), None))

    def minutes(self, *, all_sessions: bool = True) -> tuple[Candlestick, ...]:
        """Return the one-minute bars so far, ascending, the running one included."""
        return self._minutes.bars(all_sessions=all_sessions)

    def price_at(self, at: datetime) -> Decimal:
        """Return the regular price at the end of the minute that holds `at`.

        Before the first minute bar: what the opening auction traded at, else the previous close.
        """
        close = self._minutes.close_at(_REGULAR, at)
        if close is not None:
            return close
        state = self._sessions[_REGULAR]
        has_auction = self._auction_volume and state is not None and state.open
        return state.open if has_auction and state is not None else self.prev_close

    def day_candle(self) -> Candlestick | None:
        """Return the day's bar, from the regular quote; None before the first regular print.

        While no print has set a price its prices are the previous close, and `priced` is False; a
        security without a previous close then has no bar.
        """
        state = self._sessions[_REGULAR]
        if state is None:
            return None
        at = day_stamp(self.trading_day, MARKET_ZONES[self._market])
        if state.open:
            prices = (state.open, state.high, state.low, state.last)
            return Candlestick(at, *prices, state.volume, state.turnover)
        close = self.prev_close
        if not close:
            return None
        return Candlestick(
            at, close, close, close, close, state.volume, state.turnover, _REGULAR, priced=False
        )

    def intraday(
        self, now: datetime, *, all_sessions: bool = False, multiplier: int = 1
    ) -> tuple[IntradayPoint, ...]:
        """Return one point for every minute from the open of each session up to `now`.

        Sessions other than the regular one appear once they have had a print.

        Args:
            multiplier: Shares behind one unit of volume; average prices are per share.
        """
        regular = self._sessions[_REGULAR]
        shown = {_REGULAR} | {
            session for session in TradeSession if all_sessions and self._sessions[session]
        }
        return intraday_line(
            [part for part in self.parts if part.session in shown],
            self.minutes(all_sessions=all_sessions),
            self.prev_close,
            now=now,
            auction_volume=self._auction_volume,
            auction_turnover=self._auction_turnover,
            auction_price=regular.open if regular is not None and regular.open else None,
            multiplier=multiplier,
        )

    def snapshot(self) -> DaySnapshot:
        """Return everything that `restore` needs to go on from here."""
        sessions = {
            session: self._quote_of(session, state)
            for session in SESSION_ORDER
            if (state := self._sessions[session]) is not None
        }
        return DaySnapshot(
            symbol=self.symbol,
            trading_day=self.trading_day,
            prev_close=self.prev_close,
            sessions=sessions,
            minutes=self.minutes(),
            auction_volume=self._auction_volume,
            auction_turnover=self._auction_turnover,
            trades=self.recent_trades(),
            depth=self.depth,
            brokers=self.brokers,
            status=self.status,
        )

    def _quote_of(self, session: TradeSession, state: _SessionState) -> SessionQuote:
        return SessionQuote(
            state.last,
            state.open,
            state.high,
            state.low,
            state.volume,
            state.turnover,
            state.at,
            self.prev_close if session is _REGULAR else self._close_before(session),
        )

    def _close_before(self, session: TradeSession) -> Decimal:
        """Today's regular close for the post-market, the close before for all other sessions."""
        regular = self._sessions[_REGULAR]
        if session is TradeSession.POST and regular is not None and regular.open:
            return regular.last
        return self.prev_close

    def _cleared(self) -> SessionQuote:
        if self.previous is not None:
            at = self.previous.at
        else:
            at = day_stamp(self.trading_day, MARKET_ZONES[self._market])
        return SessionQuote(self.prev_close, _ZERO, _ZERO, _ZERO, 0, _ZERO, at, self.prev_close)
