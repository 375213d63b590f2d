"""Random but lively flows of commands: every order type, around moving markets, over whole days.

Each market goes through the stages of its trading day, auctions and breaks included, at its own
random pace; what the clock and the outside would tell a venue is told at each change of stage.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import settings
from msgspec import structs

from portway.core.engine import Outsides, decide, evolve
from portway.core.state import State
from portway.model.command import (
    AuctionEnded,
    AuctionLocked,
    AuctionOpened,
    CancelOrder,
    Command,
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
    TimeReached,
    TradingDayStarted,
    VenueSettings,
    Withdraw,
)
from portway.model.event import Event, Fact, OrderRefused, OrderRepeated
from portway.model.money import Currency
from portway.model.order import (
    AttachedKind,
    AttachedTerms,
    DayAuction,
    OrderSide,
    OrderTerms,
    OrderType,
    OutsideRth,
    TimeInForce,
)
from portway.model.quote import Depth, Level, TradeSession
from portway.model.session import Phase
from portway.model.symbol import Market, Symbol, market_of
from tests.trading.floor import (
    APPLE,
    DAY,
    INSTRUMENTS,
    MOUTAI,
    OPEN,
    TENCENT,
    market_view,
    next_weekday,
    printed,
)

ACCOUNTS = ("A1", "A2", "A3")
CASH = {Currency.HKD: 4_000_000, Currency.USD: 40_000, Currency.CNH: 6_000_000}
SUPPLY_LOTS = {TENCENT: 30, APPLE: 60, MOUTAI: 10}  # That every account has from the beginning.
CENTRES = {TENCENT: Decimal(500), APPLE: Decimal(200), MOUTAI: Decimal(1500)}
TICKS = {TENCENT: Decimal("0.5"), APPLE: Decimal("0.01"), MOUTAI: Decimal("0.01")}
LOTS = {TENCENT: 100, APPLE: 1, MOUTAI: 100}
SYMBOLS = {Market.HK: TENCENT, Market.US: APPLE, Market.CN: MOUTAI}
BAND_WIDTHS = {Market.HK: Decimal("0.15"), Market.US: Decimal("0.10")}
WATCHED = {
    symbol: replace(one, short_sell=True, vcm_eligible=True) for symbol, one in INSTRUMENTS.items()
}
RTH = (None, None, *(OutsideRth.ANY_TIME,) * 4, *OutsideRth)
T, OPENING, CLOSING = TradeSession, DayAuction.OPENING, DayAuction.CLOSING


@dataclass(frozen=True)
class Stage:
    """A stretch of a trading day: what runs, and what a venue is told when it begins."""

    phase: Phase
    session: TradeSession | None = None
    opens: DayAuction | None = None
    locks: DayAuction | None = None
    holds: DayAuction | None = None
    ended: TradeSession | None = None


STAGES = {
    Market.HK: (
        Stage(Phase.CLOSED),
        Stage(Phase.PRE_OPEN_INPUT, opens=OPENING),
        Stage(Phase.PRE_OPEN_NO_CANCEL, locks=OPENING),
        Stage(Phase.BLOCKING, holds=OPENING),
        Stage(Phase.CONTINUOUS, T.NORMAL),
        Stage(Phase.BREAK),
        Stage(Phase.CONTINUOUS, T.NORMAL),
        Stage(Phase.CLOSING_INPUT, opens=CLOSING),
        Stage(Phase.CLOSING_NO_CANCEL, locks=CLOSING),
        Stage(Phase.CLOSED, holds=CLOSING, ended=T.NORMAL),
    ),
    Market.US: (
        Stage(Phase.OVERNIGHT, T.OVERNIGHT),
        Stage(Phase.PRE, T.PRE, ended=T.OVERNIGHT),
        Stage(Phase.REGULAR, T.NORMAL, ended=T.PRE),
        Stage(Phase.POST, T.POST, ended=T.NORMAL),
        Stage(Phase.CLOSED, ended=T.POST),
    ),
    Market.CN: (
        Stage(Phase.CLOSED),
        Stage(Phase.OPEN_AUCTION, opens=OPENING),
        Stage(Phase.OPEN_AUCTION_NO_CANCEL),
        Stage(Phase.SILENT, holds=OPENING),
        Stage(Phase.CONTINUOUS, T.NORMAL),
        Stage(Phase.CLOSE_AUCTION, opens=CLOSING),
        Stage(Phase.CLOSED, holds=CLOSING, ended=T.NORMAL),
    ),
}
FIRST_STAGE = {Market.HK: 4, Market.US: 2, Market.CN: 4}  # Continuous trading, regular hours.
TYPES = {
    Market.HK: (*(OrderType.LO,) * 6, *OrderType),
    Market.US: (
        *(OrderType.LO,) * 4,
        OrderType.MO,
        OrderType.LIT,
        OrderType.MIT,
        OrderType.TSLPAMT,
        OrderType.TSLPPCT,
        OrderType.TSMAMT,
        OrderType.TSMPCT,
    ),
    Market.CN: (OrderType.LO,),
}


def examples(count: int) -> settings:
    """Set how many flows a property draws: `make fuzz` draws many more."""
    return settings(
        max_examples=count * (20 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 1)
    )


@dataclass
class Flow:
    """A venue that random commands are played to; the same seed gives the same flow.

    Attributes:
        facts: Every record of the journal, as facts.
        pace: Of a hundred steps, how many move a market to its next stage.
    """

    random: Random
    model: FillModel = FillModel.DEPTH
    state: State = field(default_factory=State)
    outsides: Outsides = field(default_factory=dict)
    facts: list[tuple[Fact, ...]] = field(default_factory=list)
    at: datetime = OPEN
    days: dict[Market, date] = field(default_factory=lambda: dict.fromkeys(STAGES, DAY))
    stages: dict[Market, int] = field(default_factory=lambda: dict(FIRST_STAGE))
    shown: dict[Symbol, Depth] = field(default_factory=dict)
    last: dict[Symbol, Decimal] = field(default_factory=dict)
    orders: list[int] = field(default_factory=list)
    pending: list[Command] = field(default_factory=list)
    pace: int = 6

    def settings(self) -> VenueSettings:
        return VenueSettings(fill_model=self.model)

    def begin(self) -> None:
        self.tell(ConfigureVenue(self.settings()))
        for account_no in ACCOUNTS:
            self.tell(OpenAccount(account_no, account_no))
            for currency, amount in CASH.items():
                self.tell(Deposit(account_no, currency, Decimal(amount)))
        for symbol in CENTRES:
            self._supply(symbol)
            self.tell(self._move(symbol))

    def _supply(self, symbol: Symbol) -> None:
        """Let every account buy shares from an outside that is then gone."""
        quantity = SUPPLY_LOTS[symbol] * LOTS[symbol]
        level = Level(CENTRES[symbol], quantity * len(ACCOUNTS), 1)
        self.shown[symbol] = Depth(symbol, self.at, (level,), ())
        for account_no in ACCOUNTS:
            terms = OrderTerms(
                symbol,
                OrderType.LO,
                OrderSide.BUY,
                Decimal(quantity),
                TimeInForce.DAY,
                price=CENTRES[symbol],
            )
            self.tell(SubmitOrder(account_no, terms))

    def step(self) -> tuple[Event, ...]:
        if not self.pending:
            self.pending.append(self._command())
        return self.tell(self.pending.pop(0))

    def tell(self, command: Command) -> tuple[Event, ...]:
        """Decide and evolve one command, as the runner does."""
        self.at += timedelta(milliseconds=self.random.randrange(1, 5000))
        if isinstance(command, MarketMoved | SessionEnded | SessionOpened | TimeReached):
            command = structs.replace(command, at=self.at)
        views = {symbol: self.view(symbol) for symbol in CENTRES}
        events: list[Event] = []
        seq = len(self.facts) + 1
        for event in self.decided(Stamped(command, self.at, views), seq):
            events.append(event)
        kept = tuple(one for one in events if not isinstance(one, OrderRefused | OrderRepeated))
        if kept:
            self.facts.append(kept)
        return tuple(events)

    def decided(self, stamped: Stamped, seq: int) -> Iterator[Event]:
        for event in decide(self.state, self.outsides, stamped, seq):
            if not isinstance(event, OrderRefused | OrderRepeated):
                order = evolve(self.state, event)
                if order is not None and order.order_id not in self.orders[-1:]:
                    self.orders.append(order.order_id)
                    del self.orders[:-200]
            yield event

    def view(self, symbol: Symbol) -> MarketView:
        market = market_of(symbol)
        stages, index = STAGES[market], self.stages[market]
        stage = stages[index]
        ended = {one.ended for one in stages[: index + 1] if one.ended is not None}
        return structs.replace(
            market_view(symbol, self.shown.get(symbol), stage.session, self.days[market]),
            phase=stage.phase,
            ended=frozenset(ended),
            last_done=self.last.get(symbol),
            prev_close=CENTRES[symbol],
            instrument=WATCHED[symbol],
            is_price_tested=market is Market.US and self.days[market].day % 3 == 0,
            references=self._references(symbol),
        )

    def _references(self, symbol: Symbol) -> tuple[tuple[datetime, Decimal], ...]:
        """On two days of three an edge of the volatility band lies where prices move."""
        market = market_of(symbol)
        if market not in BAND_WIDTHS:
            return ()
        edge = (0, 1, -1)[self.days[market].toordinal() % 3] * BAND_WIDTHS[market]
        return ((OPEN, CENTRES[symbol] / (1 + edge)),)

    def _command(self) -> Command:
        draw = self.random.random()
        if draw < self.pace / 100:
            self.pending += self._next_stage()
            return self.pending.pop(0)
        if draw < 0.45:
            return self._submit()
        if draw < 0.78:
            return self._move(self.random.choice(tuple(CENTRES)))
        if draw < 0.84 and self.orders:
            return self._cancel()
        if draw < 0.96 and self.orders:
            return self._replace()
        if draw < 0.98:
            amount = Decimal(self.random.randrange(-5, 2_000))
            return Withdraw(self.random.choice(ACCOUNTS), Currency.HKD, amount)
        return TimeReached(self.random.choice(tuple(STAGES)), self.at)

    # -- the clock ---------------------------------------------------------------------------

    def _next_stage(self) -> list[Command]:
        """Move a market to its next stage, and return what a venue hears of it."""
        market = self.random.choice(tuple(STAGES))
        stages = STAGES[market]
        index = self.stages[market] = (self.stages[market] + 1) % len(stages)
        told: list[Command] = []
        if index == 0:
            self.days[market] = next_weekday(self.days[market])
            self.last.pop(SYMBOLS[market], None)
            told.append(TradingDayStarted(market, self.days[market], self.at))
        day, stage = self.days[market], stages[index]
        if stage.holds is not None:
            if self.random.random() < 0.7:
                told.append(self._auction_print(market, stage.holds))
            told.append(AuctionEnded(market, day, stage.holds, self.at))
        if stage.ended is not None:
            told.append(SessionEnded(market, day, stage.ended, self.at))
        if stage.opens is not None:
            told.append(AuctionOpened(market, day, stage.opens, self.at))
        if stage.locks is not None:
            told.append(AuctionLocked(market, day, stage.locks, self.at))
        if stage.session is not None:
            told.append(SessionOpened(market, day, stage.session, self.at))
        return told or [TimeReached(market, self.at)]

    def _auction_print(self, market: Market, auction: DayAuction) -> MarketMoved:
        symbol = SYMBOLS[market]
        price = CENTRES[symbol] + self.random.randrange(-4, 5) * TICKS[symbol]
        self.last[symbol] = price
        trade = printed(symbol, str(price), LOTS[symbol], self.at + timedelta(seconds=1))
        return MarketMoved(symbol, self.at, None, self.shown.get(symbol), (trade,), auction)

    # -- clients -----------------------------------------------------------------------------

    def _submit(self) -> SubmitOrder:
        pick = self.random
        symbol = pick.choice(tuple(CENTRES))
        market = market_of(symbol)
        kind = pick.choice(TYPES[market])
        side = pick.choice(tuple(OrderSide))
        terms = OrderTerms(
            symbol,
            kind,
            side,
            self._quantity(symbol, kind),
            self._time_in_force(symbol, kind),
            price=self._price(symbol),
            trigger_price=self._price(symbol),
            limit_offset=pick.choice((0, 1, 3)) * TICKS[symbol],
            trailing_amount=pick.randrange(1, 4) * TICKS[symbol],
            trailing_percent=Decimal(pick.choice(("0.005", "0.02", "0.5"))),
            outside_rth=pick.choice(RTH) if market is Market.US else None,
            limit_depth_level=pick.choice((0, 0, 0, -1, 2)),
            trigger_count=pick.choice((0, 0, 1, 2)),
            monitor_price=pick.choice((None, None, self._price(symbol))),
            delayed_until=self._delay(kind),
            client_request_id=pick.choice((None, None, f"r{pick.randrange(20)}")),
            attached=self._attached(symbol, side),
        )
        return SubmitOrder(pick.choice(ACCOUNTS), terms)

    def _quantity(self, symbol: Symbol, kind: OrderType) -> Decimal:
        lots = self.random.choice((1, 1, 2, 3, 5, 7))
        if kind is OrderType.ODD:
            return Decimal(self.random.randrange(1, 99))
        return Decimal(lots * LOTS[symbol]) if self.random.random() < 0.95 else Decimal(lots) / 2

    def _time_in_force(self, symbol: Symbol, kind: OrderType) -> TimeInForce:
        day_only = (OrderType.MO, OrderType.AO, OrderType.ALO, OrderType.ODD)
        if symbol == MOUTAI or kind in day_only or self.random.random() < 0.7:
            return TimeInForce.DAY
        return TimeInForce.GTC

    def _delay(self, kind: OrderType) -> datetime | None:
        if kind not in (OrderType.LO, OrderType.MO) or self.random.random() < 0.95:
            return None
        return self.at + timedelta(seconds=self.random.randrange(10, 3000))

    def _attached(self, symbol: Symbol, side: OrderSide) -> AttachedTerms | None:
        if symbol == MOUTAI or self.random.random() < 0.85:
            return None
        sign = 1 if side is OrderSide.BUY else -1
        tick = TICKS[symbol]
        return AttachedTerms(
            self.random.choice(tuple(AttachedKind)),
            profit_taker_price=CENTRES[symbol] + sign * 3 * tick,
            stop_loss_price=CENTRES[symbol] - sign * 3 * tick,
            time_in_force=self.random.choice((TimeInForce.DAY, TimeInForce.GTC)),
            activate_order_type=self.random.choice((OrderType.LIT, OrderType.MIT)),
        )

    def _cancel(self) -> CancelOrder:
        order_id = self.random.choice(self.orders)
        live = self.state.orders.get(order_id)
        is_own = live is not None and self.random.random() < 0.9
        account_no = live.order.account_no if live is not None and is_own else ACCOUNTS[0]
        return CancelOrder(account_no, order_id)

    def _replace(self) -> ReplaceOrder:
        pick = self.random
        order_id = pick.choice(self.orders)
        live = self.state.orders.get(order_id)
        symbol = live.order.terms.symbol if live is not None else TENCENT
        symbol = symbol if symbol in CENTRES else APPLE
        account_no = live.order.account_no if live is not None else ACCOUNTS[0]
        return ReplaceOrder(
            account_no,
            order_id,
            Decimal(pick.choice((1, 2, 4, 6)) * LOTS[symbol]),
            pick.choice((None, self._price(symbol))),
            trigger_price=pick.choice((None, self._price(symbol))),
            trailing_amount=pick.choice((None, 2 * TICKS[symbol])),
            trailing_percent=pick.choice((None, Decimal("0.4"))),
            delayed_until=pick.choice((None, None, datetime.fromtimestamp(1, self.at.tzinfo))),
            cancels_attached=pick.random() < 0.1,
        )

    def _price(self, symbol: Symbol) -> Decimal:
        away = self.random.randrange(-6, 7)
        if symbol == TENCENT and away < 0:
            return CENTRES[symbol] + away * Decimal("0.2")  # Finer ticks below 500.
        return CENTRES[symbol] + away * TICKS[symbol]

    # -- the outside -------------------------------------------------------------------------

    def _move(self, symbol: Symbol) -> MarketMoved:
        pick, tick = self.random, TICKS[symbol]
        middle = CENTRES[symbol] + pick.randrange(-5, 6) * tick
        wide = pick.choice((1, 1, 2))

        def levels(sign: int) -> tuple[Level, ...]:
            count = pick.choice((0, 1, 3, 5))
            sizes = (pick.randrange(1, 9) * LOTS[symbol] for _ in range(count))
            return tuple(
                Level(middle + sign * (wide + n) * tick, size, 1) for n, size in enumerate(sizes)
            )

        market = market_of(symbol)
        session = STAGES[market][self.stages[market]].session
        self.shown[symbol] = Depth(symbol, self.at, levels(1), levels(-1))
        prints = ()
        if session is not None and pick.random() < 0.4:
            price = middle + pick.randrange(-8, 9) * tick
            self.last[symbol] = price
            at = self.at + timedelta(seconds=1)
            trade = printed(symbol, str(price), pick.randrange(1, 9) * LOTS[symbol], at)
            prints = (structs.replace(trade, session=session),)
        return MarketMoved(symbol, self.at, session, self.shown[symbol], prints)


def play(seed: int, steps: int, model: FillModel = FillModel.DEPTH) -> Flow:
    """Return the flow of a seed after so many steps."""
    flow = Flow(Random(seed), model)
    flow.begin()
    for _ in range(steps):
        flow.step()
    return flow
