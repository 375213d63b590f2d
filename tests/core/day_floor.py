"""A venue on one symbol, driven through the phases of its day by a test."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from msgspec import structs

from portway.core.engine import Outsides, handle
from portway.core.invariants import check_invariants
from portway.core.state import State
from portway.model.command import (
    Command,
    ConfigureVenue,
    Deposit,
    MarketMoved,
    MarketView,
    OpenAccount,
    SessionEnded,
    SessionOpened,
    Stamped,
    SubmitOrder,
    TimeReached,
    TradingDayStarted,
    VenueSettings,
)
from portway.model.event import Event, OrderAccepted, OrderFilled, OrderRefused, OrderStatusChanged
from portway.model.money import Currency
from portway.model.order import DayAuction, Order, OrderSide, OrderStatus, OrderType
from portway.model.quote import Depth, TradeSession
from portway.model.session import Phase
from portway.model.symbol import Market, Symbol, market_of
from tests.trading.floor import (
    ACCOUNT,
    DAY,
    INSTRUMENTS,
    OPEN,
    OTHER,
    TENCENT,
    depth,
    market_view,
    next_weekday,
    printed,
    terms,
)

SUPPLY = 10_000


class DayFloor:
    """One symbol; two accounts with money and shares; the clock and the phase moved by hand."""

    def __init__(self, symbol: Symbol = TENCENT, close: str = "500", **settings: object) -> None:
        self.symbol, self.market = symbol, market_of(symbol)
        self.close = Decimal(close)
        self.state, self.outsides, self.seq = State(), Outsides(), 0
        self.at: datetime = OPEN
        self.day: date = DAY
        self.phase: Phase | None = None
        self.session: TradeSession | None = TradeSession.NORMAL
        self.ended: frozenset[TradeSession] = frozenset()
        self.shown: Depth | None = None
        self.last: Decimal | None = None
        self.reference: Decimal | None = None
        self.is_price_tested = False
        self.references: tuple[tuple[datetime, Decimal], ...] = ()
        self.instrument = INSTRUMENTS[symbol]
        self.messages: dict[int, str] = {}
        self.orders: dict[int, Order] = {}
        self.executions: dict[int, list[tuple[str, int]]] = {}
        self.tell(ConfigureVenue(VenueSettings(**settings)))  # type: ignore[arg-type]
        self.show("", f"{close}x{2 * SUPPLY}")
        for account_no in (ACCOUNT, OTHER):
            self.tell(OpenAccount(account_no, ""))
            for currency in Currency:
                self.tell(Deposit(account_no, currency, Decimal(10**9)))
            self.order("BUY", SUPPLY, close, account_no=account_no)
        self.show("", "")
        self.executions.clear()

    # -- the clock ---------------------------------------------------------------------------

    def enter(self, phase: Phase, session: TradeSession | None = None) -> None:
        self.phase, self.session = phase, session

    def open(self, session: TradeSession = TradeSession.NORMAL) -> tuple[Event, ...]:
        regular = Phase.REGULAR if self.market is Market.US else Phase.CONTINUOUS
        phases = {TradeSession.PRE: Phase.PRE, TradeSession.POST: Phase.POST}
        self.enter(phases.get(session, regular), session)
        return self.tell(SessionOpened(self.market, self.day, session, self.at))

    def end(self, session: TradeSession = TradeSession.NORMAL) -> tuple[Event, ...]:
        self.enter(Phase.CLOSED)
        self.ended |= {session}
        return self.tell(SessionEnded(self.market, self.day, session, self.at))

    def next_day(self) -> None:
        self.day = next_weekday(self.day)
        self.at += timedelta(hours=12)
        self.ended = frozenset()
        self.enter(Phase.CLOSED)
        self.tell(TradingDayStarted(self.market, self.day, self.at))

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.tell(TimeReached(self.market, self.at))

    # -- the outside -------------------------------------------------------------------------

    def show(self, bids: str, asks: str) -> None:
        self.shown = depth(self.symbol, bids, asks, self.at)
        self.tell(MarketMoved(self.symbol, self.at, self.session, self.shown))

    def prints(self, *prices: str, volume: int = 100, auction: DayAuction | None = None) -> None:
        for price in prices:
            self.at += timedelta(seconds=1)
            self.last = Decimal(price)
            trade = printed(self.symbol, price, volume, self.at)
            if self.session is not None:
                trade = structs.replace(trade, session=self.session)
            self.tell(
                MarketMoved(self.symbol, self.at, self.session, self.shown, (trade,), auction)
            )

    # -- clients -----------------------------------------------------------------------------

    def order(
        self,
        side: str,
        quantity: int,
        price: str | None,
        kind: OrderType = OrderType.LO,
        account_no: str = ACCOUNT,
        **more: object,
    ) -> int:
        """Submit an order that must get an id; return it."""
        first = self.submit(side, quantity, price, kind, account_no, **more)
        assert isinstance(first, OrderAccepted), first
        return first.order.order_id

    def submit(
        self,
        side: str,
        quantity: int,
        price: str | None,
        kind: OrderType = OrderType.LO,
        account_no: str = ACCOUNT,
        **more: object,
    ) -> Event:
        wish = terms(OrderSide[side], quantity, price, self.symbol, **more)
        return self.tell(SubmitOrder(account_no, structs.replace(wish, order_type=kind)))[0]

    def refusal(self, command: Command) -> str | None:
        first = self.tell(command)[0]
        return first.reason.name if isinstance(first, OrderRefused) else None

    def tell(self, command: Command) -> tuple[Event, ...]:
        self.at += timedelta(milliseconds=1)
        self.seq += 1
        stamped = Stamped(command, self.at, {self.symbol: self.view()})
        events = handle(self.state, self.outsides, stamped, self.seq)
        check_invariants(self.state)
        for event in events:
            self._note(event)
        return events

    def _note(self, event: Event) -> None:
        if isinstance(event, OrderStatusChanged):
            self.messages[event.order_id] = event.msg
        if isinstance(event, OrderAccepted):
            self.messages[event.order.order_id] = event.order.msg
        if isinstance(event, OrderFilled):
            one = event.execution
            fill = (f"{one.price.normalize():f}", int(one.quantity))
            self.executions.setdefault(one.order_id, []).append(fill)

    def view(self) -> MarketView:
        return structs.replace(
            market_view(self.symbol, self.shown, self.session, self.day),
            instrument=self.instrument,
            phase=self.phase,
            last_done=self.last,
            prev_close=self.close,
            reference=self.reference,
            ended=self.ended,
            is_price_tested=self.is_price_tested,
            references=self.references,
        )

    # -- what became of them -----------------------------------------------------------------

    def status(self, order_id: int) -> OrderStatus:
        live = self.state.orders.get(order_id)
        return live.order.status if live is not None else self.state.closed[order_id].status

    def fills(self, order_id: int) -> list[tuple[str, int]]:
        return self.executions.get(order_id, [])

    def live(self, order_id: int) -> Order:
        return self.state.orders[order_id].order
