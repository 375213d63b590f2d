"""What a venue is told of the outside market beside each command.

Builds `MarketView` values from the present of the market runner: trading day, running session,
settlement days, depth and prices of one symbol. It decides nothing about orders.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from statistics import median
from typing import Protocol, runtime_checkable

from portway.market.runner import HALTED_STATUSES, MarketRunner
from portway.model.command import MarketView
from portway.model.corporate_action import CorporateAction, Redemption
from portway.model.instrument import Instrument, SecurityClass
from portway.model.quote import TradeSession
from portway.model.session import (
    AuctionEnds,
    Phase,
    PhaseSpan,
    continuous_span,
    day_spans,
    timetable_of,
)
from portway.model.settlement import settlement
from portway.model.symbol import Market, Symbol
from portway.quotes.board import Board
from portway.quotes.references import is_price_tested, luld_references, vcm_references

__all__ = ["MarketViews"]

# Ranges of Shanghai's codes for funds that may be sold on the day they were bought: bonds and the
# money market, foreign shares, gold. Shenzhen mixes them with others in one range, so none is told.
SAME_DAY_FUNDS = ("511", "513", "518")


# The reference price of a closing auction: the median of the prices at these instants before it.
REFERENCE_BEFORE = tuple(timedelta(seconds=15 * n) for n in range(4, -1, -1))
CLOSING_PHASES = frozenset(
    {
        Phase.CLOSING_REFERENCE,
        Phase.CLOSING_INPUT,
        Phase.CLOSING_NO_CANCEL,
        Phase.CLOSING_RANDOM,
    }
)
BANDED_CLASSES = frozenset({SecurityClass.STOCK, SecurityClass.ETF})
REFERENCES_MAX = 4096  # Symbols whose references are kept.
SPANS_MAX = 4096  # Days of securities whose phases are kept.
NEW_DAYS_MAX = 10  # Trading days after a listing that are counted for the price limits.


@runtime_checkable
class DrawsAuctionEnds(Protocol):
    """A source that draws how long the random stages of Hong Kong's auctions last."""

    def auction_ends(self, symbol: Symbol, day: date) -> AuctionEnds: ...


@runtime_checkable
class RedeemsProducts(Protocol):
    """A source whose products end with a payment."""

    def redemption(self, symbol: Symbol, on: date) -> Redemption | None: ...


class MarketViews:
    """The present of the outside markets, for the venues."""

    def __init__(self, market: MarketRunner) -> None:
        self._market = market
        # Asked with every move of a symbol with orders.
        self._kept_references: dict[
            Symbol, tuple[tuple[date, datetime], tuple[tuple[datetime, Decimal], ...]]
        ] = {}
        self._spans = lru_cache(maxsize=SPANS_MAX)(self._spans_of)

    def now(self, market: Market) -> datetime:
        return self._market.now(market)

    def working_symbols_changed(self, symbols: Collection[Symbol]) -> None:
        self._market.work(symbols)

    def view(self, symbol: Symbol) -> MarketView | None:
        """What is known of a symbol now; None when it is not listed."""
        instrument = self._market.instrument(symbol)
        board = self._market.board(symbol)
        if instrument is None or board is None:
            return None
        market, now = instrument.market, self._market.now(instrument.market)
        day = self._market.days.shown_at(market, now)
        calendar = self._market.calendar(market)
        quote = board.quote(now)
        settled = settlement(
            market,
            instrument.security_class,
            day,
            self._market.reference.calendars,
            same_day_resale=_may_be_resold(instrument),
        )
        phase = self._phase(instrument, day, now)
        session = self._market.agenda.session_at(market, day, now)
        if instrument.option is not None:  # They trade in regular hours alone.
            session = TradeSession.NORMAL if phase is Phase.REGULAR else None
        is_closing = phase in CLOSING_PHASES or (market is Market.HK and phase is Phase.CLOSED)
        is_halted = board.status in HALTED_STATUSES
        return MarketView(
            instrument=instrument,
            trading_day=day,
            next_trading_day=calendar.next_trading_day(day),
            session=None if is_halted else session,
            settles_on=settled.cash,
            sellable_from=settled.sellable_from,
            depth=board.depth,
            last_done=quote.last_done or None,
            prev_close=board.prev_close or None,
            ended=self._market.agenda.ended_at(market, day, now),
            phase=Phase.BREAK if is_halted and phase is not Phase.CLOSED else phase,
            reference=self._reference(market, day, board) if is_closing else None,
            ipo_day=self._ipo_day(instrument, day),
            status=board.status,
            is_half_day=calendar.is_half_day(day),
            references=self._references(instrument, day, board, now),
            is_price_tested=_tests_prices(instrument)
            and is_price_tested(day, board.extended(TradeSession.NORMAL), board.previous),
        )

    def _references(
        self, instrument: Instrument, day: date, board: Board, now: datetime
    ) -> tuple[tuple[datetime, Decimal], ...]:
        """What a security's volatility bands hang on; as whole minutes tell, kept for one."""
        is_us = instrument.market is Market.US and instrument.security_class in BANDED_CLASSES
        if not is_us and not instrument.vcm_eligible:
            return ()
        minute = now.replace(second=0, microsecond=0)
        kept = self._kept_references.get(instrument.symbol)
        if kept is not None and kept[0] == (day, minute):
            return kept[1]
        half = self._market.calendar(instrument.market).is_half_day(day)
        opens_at = continuous_span(instrument.market, day, half)[0]
        bars = [one for one in board.minutes(all_sessions=False) if one.at < minute]
        references = (luld_references if is_us else vcm_references)(
            bars, opens_at, board.prev_close
        )
        if len(self._kept_references) >= REFERENCES_MAX:
            self._kept_references.clear()
        self._kept_references[instrument.symbol] = ((day, minute), references)
        return references

    def _phase(self, instrument: Instrument, day: date, now: datetime) -> Phase:
        """What the exchange does with a security."""
        for span in self._spans(instrument.symbol, day):
            if span.begin <= now < span.end:
                return span.phase
        return Phase.CLOSED

    def _spans_of(self, symbol: Symbol, day: date) -> tuple[PhaseSpan, ...]:
        """The phases of a security's day; the random ends are those of its source."""
        instrument = self._market.instrument(symbol)
        assert instrument is not None, "it has a view"
        source: object = self._market.source(symbol)
        ends = AuctionEnds()
        if instrument.market is Market.HK and isinstance(source, DrawsAuctionEnds):
            ends = source.auction_ends(symbol, day)
        half = self._market.calendar(instrument.market).is_half_day(day)
        return day_spans(timetable_of(instrument), day, half, ends)

    def _reference(self, market: Market, day: date, board: Board) -> Decimal | None:
        """The closing auction's reference price, from trades alone; None without any."""
        end = continuous_span(market, day, self._market.calendar(market).is_half_day(day))[1]
        trades = board.recent_trades()
        prices = []
        for before in REFERENCE_BEFORE:
            earlier = (
                one.price
                for one in reversed(trades)
                if one.at <= end - before and one.session is TradeSession.NORMAL
            )
            price = next(earlier, None)
            if price is not None:
                prices.append(price)
        return median(prices) if prices else None

    def _ipo_day(self, instrument: Instrument, day: date) -> int | None:
        """Number of the trading day since the listing, while it is young."""
        listed = instrument.listing_date
        if listed is None or not timedelta(0) <= day - listed <= timedelta(days=2 * NEW_DAYS_MAX):
            return None
        return len(self._market.calendar(instrument.market).trading_days(listed, day))

    def actions(
        self, symbol: Symbol, after: date, through: date
    ) -> Sequence[CorporateAction | Redemption]:
        """What happens to a security between two days; the first is left out."""
        source = self._market.source(symbol)
        if source is None:
            return ()
        if isinstance(source, RedeemsProducts):
            end = source.redemption(symbol, after)
            return (end,) if end is not None and after < end.ex_date <= through else ()
        known = source.corporate_actions(symbol)
        return tuple(one for one in known if after < one.ex_date <= through)


def _tests_prices(instrument: Instrument) -> bool:
    return instrument.market is Market.US and instrument.option is None


def _may_be_resold(instrument: Instrument) -> bool:
    is_fund = instrument.security_class is SecurityClass.ETF
    return is_fund and instrument.symbol.startswith(SAME_DAY_FUNDS)
