"""`decide`: state and command to events. `evolve`: state and event to state. Dispatch only.

The caller evolves each event before it takes the next, so that fills, cancellations and new orders
follow from one another. `Outsides` is what the outside markets show; it lies beside the state, is
not part of its digest, and is told anew by every command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from portway.core import accounts, orders
from portway.core.book import Outside
from portway.core.evolve import evolve
from portway.core.matching import Floor, match_depth, match_prints
from portway.core.state import State
from portway.model.command import (
    CancelOrder,
    ConfigureVenue,
    Deposit,
    FillModel,
    MarketMoved,
    MarketView,
    OpenAccount,
    ReplaceOrder,
    SessionEnded,
    SessionOpened,
    Stamped,
    SubmitOrder,
    TradingDayStarted,
    Withdraw,
)
from portway.model.event import (
    Event,
    OrderRefused,
    OrderRepeated,
    RefusalReason,
    VenueConfigured,
)
from portway.model.symbol import Symbol, market_of

__all__ = ["Outsides", "decide", "evolve", "handle"]

Outsides = dict[Symbol, Outside]


def handle(state: State, outsides: Outsides, stamped: Stamped, seq: int) -> tuple[Event, ...]:
    """Decide and evolve one command to its end; for tests and tools."""
    events: list[Event] = []
    for event in decide(state, outsides, stamped, seq):
        events.append(event)
        if not isinstance(event, OrderRefused | OrderRepeated):
            evolve(state, event)
    return tuple(events)


def decide(state: State, outsides: Outsides, stamped: Stamped, seq: int) -> Iterator[Event]:
    """Yield what follows from a command.

    Args:
        seq: Position of its facts in the journal; ids derive from it.
    """
    at = stamped.at
    match stamped.command:
        case SubmitOrder() as command:
            view = stamped.views.get(command.terms.symbol)
            floor = _floor(state, outsides, view, stamped)
            yield from orders.submit(state, command, view, floor, at, seq)
        case ReplaceOrder() as command:
            view = _view_of_order(state, command.order_id, stamped.views)
            floor = _floor(state, outsides, view, stamped)
            yield from orders.replace(state, command, view, floor)
        case CancelOrder() as command:
            yield from orders.cancel(state, command, at)
        case MarketMoved() as command:
            yield from _market_moved(state, outsides, command, stamped)
        case SessionOpened() as command:
            yield from _session_opened(state, outsides, command, stamped)
        case SessionEnded() as command:
            yield from orders.expire(
                state, command.market, command.trading_day, command.session, command.at
            )
        case TradingDayStarted() as command:
            yield from _day_started(state, command)
        case OpenAccount() as command:
            yield from accounts.open_account(state, command, at)
        case Deposit() as command:
            yield from accounts.deposit(state, command, at)
        case Withdraw() as command:
            yield from accounts.withdraw(state, command, at)
        case ConfigureVenue() as command:
            yield from _configure(state, command, stamped)


def _floor(
    state: State, outsides: Outsides, view: MarketView | None, stamped: Stamped
) -> Floor | None:
    """Return where a symbol trades, its outside showing what the view shows."""
    if view is None:
        return None
    outside = outsides.setdefault(view.instrument.symbol, Outside())
    outside.update(view.depth, state.arrivals)
    return Floor(state, outside, view, stamped.at, view.session)


def _view_of_order(
    state: State, order_id: int, views: Mapping[Symbol, MarketView]
) -> MarketView | None:
    live = state.orders.get(order_id)
    return views.get(live.order.terms.symbol) if live is not None else None


def _market_moved(
    state: State, outsides: Outsides, command: MarketMoved, stamped: Stamped
) -> Iterator[Event]:
    view = stamped.views.get(command.symbol)
    if view is None or command.symbol not in state.symbols:
        return
    outside = outsides.setdefault(command.symbol, Outside())
    floor = Floor(state, outside, view, command.at, command.session)
    # What was printed came before what is shown now.
    yield from match_prints(floor, command.prints)
    outside.update(command.depth, state.arrivals)
    yield from match_depth(floor)


def _session_opened(
    state: State, outsides: Outsides, command: SessionOpened, stamped: Stamped
) -> Iterator[Event]:
    for symbol in tuple(state.symbols):
        view = stamped.views.get(symbol)
        if market_of(symbol) is command.market and view is not None:
            floor = _floor(state, outsides, view, stamped)
            assert floor is not None, "a view has a floor"
            yield from match_depth(floor)
    for live in orders.eligible_waiting(
        state, command.market, command.trading_day, command.session
    ):
        view = stamped.views.get(live.order.terms.symbol)
        floor = _floor(state, outsides, view, stamped)
        if floor is not None and live.order.order_id in state.orders:
            yield from orders.report(floor, live.order.order_id)


def _day_started(state: State, command: TradingDayStarted) -> Iterator[Event]:
    last = state.days.get(command.market)
    if last is not None and command.trading_day <= last:
        return
    yield from orders.expire_day(state, command.market, command.trading_day, command.at)
    yield accounts.settle(state, command)


def _configure(state: State, command: ConfigureVenue, stamped: Stamped) -> Iterator[Event]:
    if command.settings.fill_model is FillModel.QUEUE:
        yield OrderRefused(RefusalReason.PARAMETER_INVALID, "fill model queue: not available yet")
        return
    if not state.is_configured or state.settings != command.settings:
        yield VenueConfigured(command.settings, stamped.at)
