"""Random but lively flows of commands: orders around a moving market, days that pass, money."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import settings

from portway.core.engine import Outsides, decide, evolve
from portway.core.state import State
from portway.model.command import (
    CancelOrder,
    Command,
    ConfigureVenue,
    Deposit,
    FillModel,
    MarketMoved,
    OpenAccount,
    ReplaceOrder,
    SessionEnded,
    SessionOpened,
    Stamped,
    SubmitOrder,
    TradingDayStarted,
    VenueSettings,
    Withdraw,
)
from portway.model.event import Event, Fact, OrderRefused, OrderRepeated
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderTerms, OrderType, OutsideRth, TimeInForce
from portway.model.quote import Depth, Level, TradeSession
from portway.model.symbol import Market, Symbol
from tests.trading.floor import (
    APPLE,
    DAY,
    MOUTAI,
    OPEN,
    TENCENT,
    market_view,
    next_weekday,
    printed,
)

ACCOUNTS = ("A1", "A2", "A3")
CASH = {Currency.HKD: 400_000, Currency.USD: 40_000, Currency.CNH: 300_000}
CENTRES = {TENCENT: Decimal(500), APPLE: Decimal(200), MOUTAI: Decimal(1500)}
TICKS = {TENCENT: Decimal("0.5"), APPLE: Decimal("0.01"), MOUTAI: Decimal("0.01")}
LOTS = {TENCENT: 100, APPLE: 1, MOUTAI: 100}


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
    """

    random: Random
    model: FillModel = FillModel.DEPTH
    state: State = field(default_factory=State)
    outsides: Outsides = field(default_factory=dict)
    facts: list[tuple[Fact, ...]] = field(default_factory=list)
    at: datetime = OPEN
    day: date = DAY
    session: TradeSession | None = TradeSession.NORMAL
    shown: dict[Symbol, Depth] = field(default_factory=dict)
    orders: list[int] = field(default_factory=list)

    def begin(self) -> None:
        self.tell(ConfigureVenue(VenueSettings(fill_model=self.model)))
        for account_no in ACCOUNTS:
            self.tell(OpenAccount(account_no, account_no))
            for currency, amount in CASH.items():
                self.tell(Deposit(account_no, currency, Decimal(amount)))
        for symbol in CENTRES:
            self.tell(self._move(symbol))

    def step(self) -> tuple[Event, ...]:
        return self.tell(self._command())

    def tell(self, command: Command) -> tuple[Event, ...]:
        """Decide and evolve one command, as the runner does."""
        self.at += timedelta(milliseconds=self.random.randrange(1, 5000))
        views = {
            symbol: market_view(symbol, self.shown.get(symbol), self.session, self.day)
            for symbol in CENTRES
        }
        events: list[Event] = []
        seq = len(self.facts) + 1
        for event in decide(self.state, self.outsides, Stamped(command, self.at, views), seq):
            events.append(event)
            if not isinstance(event, OrderRefused | OrderRepeated):
                order = evolve(self.state, event)
                if order is not None and order.order_id not in self.orders[-1:]:
                    self.orders.append(order.order_id)
        kept = tuple(one for one in events if not isinstance(one, OrderRefused | OrderRepeated))
        if kept:
            self.facts.append(kept)
        return tuple(events)

    def _command(self) -> Command:
        draw = self.random.random()
        if draw < 0.45:
            return self._submit()
        if draw < 0.75:
            return self._move(self.random.choice(tuple(CENTRES)))
        if draw < 0.83 and self.orders:
            return CancelOrder(self.random.choice(ACCOUNTS), self.random.choice(self.orders))
        if draw < 0.93 and self.orders:
            return self._replace()
        if draw < 0.95:
            amount = Decimal(self.random.randrange(-5, 200_000))
            return Withdraw(self.random.choice(ACCOUNTS), Currency.HKD, amount)
        return self._clock()

    def _submit(self) -> SubmitOrder:
        pick = self.random
        symbol = pick.choice(tuple(CENTRES))
        kind = OrderType.MO if pick.random() < 0.2 else OrderType.LO
        lots = pick.choice((1, 1, 2, 3, 5, 7))
        long_term = pick.random() < 0.2 and kind is OrderType.LO and symbol != MOUTAI
        terms = OrderTerms(
            symbol,
            kind,
            pick.choice(tuple(OrderSide)),
            Decimal(lots * LOTS[symbol]) if pick.random() < 0.95 else Decimal(lots) / 2,
            TimeInForce.GTC if long_term else TimeInForce.DAY,
            price=self._price(symbol) if kind is OrderType.LO else None,
            outside_rth=pick.choice((None, OutsideRth.ANY_TIME)) if symbol == APPLE else None,
            client_request_id=pick.choice((None, None, f"r{pick.randrange(20)}")),
        )
        return SubmitOrder(pick.choice(ACCOUNTS), terms)

    def _replace(self) -> ReplaceOrder:
        order_id = self.random.choice(self.orders)
        live = self.state.orders.get(order_id)
        symbol = live.order.terms.symbol if live is not None else TENCENT
        account_no = live.order.account_no if live is not None else ACCOUNTS[0]
        quantity = Decimal(self.random.choice((1, 2, 4, 6)) * LOTS[symbol])
        price = self.random.choice((None, self._price(symbol)))
        return ReplaceOrder(account_no, order_id, quantity, price)

    def _price(self, symbol: Symbol) -> Decimal:
        return CENTRES[symbol] + self.random.randrange(-6, 7) * TICKS[symbol]

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

        self.shown[symbol] = Depth(symbol, self.at, levels(1), levels(-1))
        prints = ()
        if pick.random() < 0.3:
            price = middle + pick.randrange(-8, 9) * tick
            prints = (printed(symbol, str(price), LOTS[symbol], self.at + timedelta(seconds=1)),)
        return MarketMoved(symbol, self.at, self.session, self.shown[symbol], prints)

    def _clock(self) -> Command:
        market = self.random.choice((Market.HK, Market.US, Market.CN))
        if self.session is not None and self.random.random() < 0.5:
            ended, self.session = self.session, None
            return SessionEnded(market, self.day, ended, self.at)
        if self.session is None:
            self.session = TradeSession.NORMAL
            return SessionOpened(market, self.day, self.session, self.at)
        self.day = next_weekday(self.day)
        return TradingDayStarted(market, self.day, self.at)


def play(seed: int, steps: int, model: FillModel = FillModel.DEPTH) -> Flow:
    """Return the flow of a seed after so many steps."""
    flow = Flow(Random(seed), model)
    flow.begin()
    for _ in range(steps):
        flow.step()
    return flow
