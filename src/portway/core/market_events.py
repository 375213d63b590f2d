"""What the market and the clock bring about: moves, sessions, auctions, instants, trading days.

What was printed came before what is shown now: prints fill what they went through and wake what
they touched, then the new depth meets what rests, then whatever was woken goes to the exchange.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from portway.core import accounts
from portway.core.auctions import hold_auction, lock_auction
from portway.core.bands import band_of, is_paused, luld_moves
from portway.core.book import Outsides, outside_of
from portway.core.conditional import release, watch_prints
from portway.core.exchange_rules import Place
from portway.core.matching import (
    Floor,
    match_depth,
    match_prints,
    queue_moves,
    step_of,
    touch_of,
)
from portway.core.odd_lots import match_odd_lots
from portway.core.order_checks import GONE_STATUSES
from portway.core.order_life import begin_day, waiting_for_turn
from portway.core.order_states import Step, works_as
from portway.core.reporting import linger_on, meet, place_now, reenter, report
from portway.core.state import LiveOrder, State
from portway.model.command import (
    AuctionEnded,
    AuctionLocked,
    AuctionOpened,
    MarketMoved,
    MarketView,
    SessionOpened,
    Stamped,
    TimeReached,
    TradingDayStarted,
)
from portway.model.curb import CurbKind
from portway.model.event import CurbLifted, Event, Fact, RefusalReason
from portway.model.order import DayAuction, OrderStatus, OrderType
from portway.model.quote import TradeSession, TradeStatus
from portway.model.symbol import Market, Symbol, market_of

__all__ = [
    "Outsides",
    "auction_ended",
    "auction_locked",
    "auction_opened",
    "day_started",
    "floor_of",
    "market_moved",
    "session_opened",
    "time_reached",
]

ENDED_MSG = "canceled: the security has ended"


def floor_of(
    state: State, outsides: Outsides, view: MarketView | None, stamped: Stamped
) -> Floor | None:
    """Return where a symbol trades, its outside showing what the view shows."""
    if view is None:
        return None
    outside = outside_of(outsides, view.instrument.symbol)
    outside.update(view.depth, state.arrivals)
    view = _as_traded(state, view)
    band = band_of(state, view, stamped.at)
    return Floor(state, outside, view, stamped.at, view.session, stamped.views, band=band)


def _as_traded(state: State, view: MarketView) -> MarketView:
    """Return a view as the venue trades by it: a pause of its own stops a security, too."""
    if not is_paused(state, view):
        return view
    return structs.replace(view, session=None, status=TradeStatus.HALTED)


def market_moved(
    state: State, outsides: Outsides, command: MarketMoved, stamped: Stamped
) -> Iterator[Event]:
    """Yield what follows from prints and a new depth of one symbol."""
    view = stamped.views.get(command.symbol)
    if view is None or command.symbol not in state.symbols:
        return
    if view.status in GONE_STATUSES:
        yield from _end_orders(state, command)
        return
    outside = outside_of(outsides, command.symbol)
    view = _as_traded(state, view)
    session = None if is_paused(state, view) else command.session
    band = band_of(state, view, command.at)
    floor = Floor(state, outside, view, command.at, session, stamped.views, band=band)
    sets_price = command.prints
    if command.auction is not None and command.prints:
        yield from hold_auction(floor, command.auction, command.prints[0].price)
        if view.instrument.market is Market.US:
            sets_price = ()  # A cross repeats a price; quotes do not count it either.
    else:
        yield from match_prints(floor, command.prints)
    released = yield from watch_prints(floor, sets_price)
    outside.update(command.depth, state.arrivals)
    yield from queue_moves(floor)
    yield from match_depth(floor)
    yield from match_odd_lots(floor)
    yield from linger_on(floor)
    for order_id, found in released:
        yield from release(floor, order_id, found)
    yield from luld_moves(floor)
    yield from _after_a_halt(floor)


def _end_orders(state: State, command: MarketMoved) -> Iterator[Fact]:
    """Cancel what works in a security that has ended, as a contract that was called has."""
    for live in tuple(state.orders.values()):
        order = live.order
        if order.terms.symbol == command.symbol and order.order_id in state.orders:
            yield step_of(live, Step.CANCELED, command.at, ends=True, msg=ENDED_MSG)


def _after_a_halt(floor: Floor) -> Iterator[Fact]:
    """Send what came while the security was halted, at its first move afterwards."""
    was_closed, floor.outside.was_closed = floor.outside.was_closed, floor.session is None
    if not was_closed or floor.session is None:
        return
    market, symbol = floor.view.instrument.market, floor.view.instrument.symbol
    for live in waiting_for_turn(floor.state, market, floor.at):
        if live.order.terms.symbol == symbol:
            yield from _take_turn(floor, live)


def session_opened(
    state: State, outsides: Outsides, command: SessionOpened, stamped: Stamped
) -> Iterator[Event]:
    """Yield what rests and meets the depth, and then what has waited for this session."""
    for symbol in tuple(state.symbols):
        view = stamped.views.get(symbol)
        if market_of(symbol) is command.market and view is not None:
            floor = floor_of(state, outsides, view, stamped)
            assert floor is not None, "a view has a floor"
            floor.outside.awaits_first = floor.outside.is_empty
            yield from match_depth(floor)
            yield from match_odd_lots(floor)
    if command.market is Market.US and command.session is TradeSession.NORMAL:
        yield from _us_opening(state, outsides, command, stamped)
    else:
        yield from _take_turns(state, outsides, command, stamped)


def _take_turns(
    state: State,
    outsides: Outsides,
    command: SessionOpened | AuctionOpened | TimeReached,
    stamped: Stamped,
) -> Iterator[Event]:
    """Send every waiting order that the exchange takes now, in order of acceptance."""
    for live in waiting_for_turn(state, command.market, stamped.at):
        floor = floor_of(state, outsides, stamped.views.get(live.order.terms.symbol), stamped)
        if floor is not None:
            yield from _take_turn(floor, live)


def _take_turn(floor: Floor, live: LiveOrder) -> Iterator[Fact]:
    """Send one waiting order, if it is still there and the exchange takes it now."""
    order_id = live.order.order_id
    if order_id not in floor.state.orders:
        return
    place = place_now(floor, live)
    if place is None or not _day_has_come(floor, live):
        return
    if live.is_parked:
        yield from reenter(floor, order_id, place)
    else:
        yield from report(floor, order_id, place)


def _day_has_come(floor: Floor, live: LiveOrder) -> bool:
    """Tell whether an order may be sent on this trading day; a delayed one knows only instants."""
    order = live.order
    is_delayed = order.status is OrderStatus.DELAYED_NOT_REPORTED
    return is_delayed or order.trading_day <= floor.view.trading_day


def _us_opening(
    state: State, outsides: Outsides, command: SessionOpened, stamped: Stamped
) -> Iterator[Event]:
    """Open the US regular session: what has waited crosses at one price, then meets the market."""
    symbols: dict[Symbol, list[int]] = {}
    for live in waiting_for_turn(state, command.market, stamped.at):
        symbols.setdefault(live.order.terms.symbol, []).append(live.order.order_id)
    for symbol, order_ids in symbols.items():
        floor = floor_of(state, outsides, stamped.views.get(symbol), stamped)
        if floor is not None:
            yield from _us_cross(floor, order_ids, DayAuction.OPENING)


def _us_cross(floor: Floor, order_ids: list[int], auction: DayAuction) -> Iterator[Fact]:
    state, came = floor.state, []
    for order_id in order_ids:
        live = state.orders.get(order_id)
        if live is None or place_now(floor, live) is None or not _day_has_come(floor, live):
            continue
        came.append(order_id)
        # At the exchange, but nothing is matched before the cross.
        if live.is_parked:
            yield from reenter(floor, order_id, Place.AUCTION)
        else:
            yield from report(floor, order_id, Place.AUCTION)
    market_orders = [
        order_id
        for order_id in came
        if order_id in state.orders
        and works_as(state.orders[order_id].order.terms.order_type) is OrderType.MO
    ]
    yield from hold_auction(floor, auction, None, market_orders)
    yield from match_depth(floor)
    for order_id in came:
        live = state.orders.get(order_id)
        if live is None:
            continue
        is_market = works_as(live.order.terms.order_type) is OrderType.MO
        if is_market and touch_of(floor).opposite(live.order.terms.side) is None:
            reason = RefusalReason.NO_OPPOSITE_QUOTE
            yield step_of(live, Step.CANCELED, floor.at, ends=True, msg=reason.name)
        else:
            yield from meet(floor, order_id, Place.CONTINUOUS)


def auction_opened(
    state: State, outsides: Outsides, command: AuctionOpened, stamped: Stamped
) -> Iterator[Event]:
    """Send what waits for the auction."""
    yield from _take_turns(state, outsides, command, stamped)


def auction_locked(
    state: State, outsides: Outsides, command: AuctionLocked, stamped: Stamped
) -> Iterator[Event]:
    """Record the bounds of the no-cancellation stage for every symbol with orders."""
    for floor in _floors(state, outsides, command.market, stamped):
        yield from lock_auction(floor, command.auction)


def auction_ended(
    state: State, outsides: Outsides, command: AuctionEnded, stamped: Stamped
) -> Iterator[Event]:
    """Match the auctions that no print of the outside has ended."""
    for floor in _floors(state, outsides, command.market, stamped):
        yield from hold_auction(floor, command.auction, None)


def _floors(state: State, outsides: Outsides, market: Market, stamped: Stamped) -> Iterator[Floor]:
    for symbol in tuple(state.symbols):
        if market_of(symbol) is market and symbol in state.symbols:
            floor = floor_of(state, outsides, stamped.views.get(symbol), stamped)
            if floor is not None:
                yield floor


def time_reached(
    state: State, outsides: Outsides, command: TimeReached, stamped: Stamped
) -> Iterator[Event]:
    """Yield the ends of patience, and send what asked to be sent at this instant."""
    for floor in _floors(state, outsides, command.market, stamped):
        yield from linger_on(floor)
    yield from _curbs_due(state, outsides, command, stamped)
    yield from _take_turns(state, outsides, command, stamped)


def _curbs_due(
    state: State, outsides: Outsides, command: TimeReached, stamped: Stamped
) -> Iterator[Event]:
    """Yield what becomes of curbs whose time is over: a pause, or the way out of one."""
    for symbol, curb in tuple(state.curbs.items()):
        if market_of(symbol) is not command.market or command.at < curb.until:
            continue
        floor = floor_of(state, outsides, stamped.views.get(symbol), stamped)
        if curb.kind is CurbKind.LIMIT_STATE and floor is not None and symbol in state.symbols:
            yield from luld_moves(floor)
            continue
        yield CurbLifted(symbol, command.at)
        if curb.kind is CurbKind.PAUSE and symbol in state.symbols:
            yield from _reopen(state, outsides, symbol, stamped)


def _reopen(state: State, outsides: Outsides, symbol: Symbol, stamped: Stamped) -> Iterator[Event]:
    """Open a security after a pause: what has waited crosses with what rests, at one price."""
    floor = floor_of(state, outsides, stamped.views.get(symbol), stamped)
    if floor is None or floor.session is not TradeSession.NORMAL:
        return
    floor.outside.is_met = floor.outside.was_closed = False
    waiting = waiting_for_turn(state, market_of(symbol), stamped.at)
    came = [one.order.order_id for one in waiting if one.order.terms.symbol == symbol]
    yield from _us_cross(floor, came, DayAuction.REOPENING)


def day_started(state: State, command: TradingDayStarted, stamped: Stamped) -> Iterator[Event]:
    """Begin a market's trading day, once."""
    last = state.days.get(command.market)
    if last is not None and command.trading_day <= last:
        return
    yield from begin_day(state, command.market, command.trading_day, command.at)
    yield from accounts.start_day(state, command, stamped)
