"""Random flows about money: a margin account among cash accounts, exchange, resets, dividends.

Days are two weeks apart, so that months end, interest is posted and everything settles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from random import Random

from msgspec import structs

from portway.core.invariants import check_invariants
from portway.model.account import AccountKind, Agreement, Standing
from portway.model.command import (
    ChangeStanding,
    CloseAccount,
    Command,
    ConvertCash,
    Deposit,
    MarketView,
    OpenAccount,
    ResetAccount,
    Stamped,
    SubmitOrder,
    TradingDayStarted,
    Withdraw,
)
from portway.model.corporate_action import CorporateAction, Redemption
from portway.model.derivative import OptionTerms, Right, option_symbol
from portway.model.event import Event, Fact
from portway.model.instrument import Board, Instrument, SecurityClass
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderTerms, OrderType, TimeInForce
from portway.model.quote import TradeSession
from portway.model.strategies import combination_of
from portway.model.symbol import Market, Symbol, market_of
from tests.core.random_flow import ACCOUNTS, CENTRES, Flow
from tests.trading.floor import APPLE, MOUTAI, TENCENT, depth, next_weekday

MARGIN = "M1"
EVERYBODY = (*ACCOUNTS, MARGIN)
# Of the same market, hence currency: a security does not move to another one by its new name.
RENAMED = {TENCENT: Symbol("7700.HK"), APPLE: Symbol("AAPX.US"), MOUTAI: Symbol("600520.SH")}


@dataclass
class MoneyFlow(Flow):
    """A flow whose accounts borrow, exchange, are reset, and get what companies give."""

    pace: int = 25
    contracts: dict[Symbol, OptionTerms] = field(default_factory=dict)
    listed: dict[Symbol, Instrument] = field(default_factory=dict)

    def begin(self) -> None:
        super().begin()
        self.tell(OpenAccount(MARGIN, MARGIN, kind=AccountKind.MARGIN))
        self.tell(Deposit(MARGIN, Currency.HKD, Decimal(200_000)))
        self.tell(OpenAccount("EMPTY", "EMPTY"))
        self.tell(CloseAccount("EMPTY"))

    def _command(self) -> Command:
        draw = self.random.random()
        who = self.random.choice(EVERYBODY)
        if draw < 0.06:
            return self._on_options(who)
        if draw < 0.20:
            return self._on_margin()
        if draw < 0.25:
            return self._exchange(who)
        if draw < 0.28:
            return Deposit(who, self.random.choice(tuple(Currency)), self._amount())
        if draw < 0.31:
            return Withdraw(who, self.random.choice(tuple(Currency)), self._amount())
        if draw < 0.315:
            return ResetAccount(who, ((Currency.HKD, Decimal(150_000)),))
        if draw < 0.325:
            return ChangeStanding(who, self._standing())
        return super()._command()

    def _on_margin(self) -> Command:
        """An order larger than own money, or a sale of what is not there."""
        side = self.random.choice((OrderSide.BUY, OrderSide.BUY, OrderSide.SELL))
        symbol = self.random.choice((APPLE, APPLE, TENCENT))
        quantity = Decimal(self.random.randrange(1, 6) * 100)
        away = Decimal("1.01") if side is OrderSide.BUY else Decimal("0.99")
        price = (CENTRES[symbol] * away // 1).quantize(Decimal(1))
        tif = self.random.choice((TimeInForce.DAY, TimeInForce.GTC))
        terms = OrderTerms(symbol, OrderType.LO, side, quantity, tif, price=price)
        return SubmitOrder(MARGIN, terms)

    def _on_options(self, who: str) -> Command:
        """An order in a contract that expires within days, around the money."""
        expiry = next_weekday(self.days[Market.US], self.random.randrange(1, 8))
        right = self.random.choice(tuple(Right))
        strike = CENTRES[APPLE] + self.random.choice((-10, 0, 10))
        symbol = option_symbol("AAPL", expiry, right, strike)
        self.contracts[symbol] = OptionTerms(APPLE, expiry, right, strike)
        side = self.random.choice((OrderSide.BUY, OrderSide.SELL, OrderSide.SELL))
        if self.random.random() < 0.4:
            return self._straddle(who, side, expiry, strike)
        price = Decimal(self.random.choice(("4.90", "5.00", "5.10")))
        tif = self.random.choice((TimeInForce.DAY, TimeInForce.GTC))
        quantity = Decimal(self.random.randrange(1, 4))
        return SubmitOrder(who, OrderTerms(symbol, OrderType.LO, side, quantity, tif, price=price))

    def _straddle(self, who: str, side: OrderSide, expiry: date, strike: Decimal) -> Command:
        """A call and a put together, sometimes at a net price that never comes."""
        legs = []
        for right in Right:
            symbol = option_symbol("AAPL", expiry, right, strike)
            self.contracts[symbol] = OptionTerms(APPLE, expiry, right, strike)
            legs.append((symbol, Decimal(1)))
        price = Decimal(self.random.choice(("10.20", "9.80", "9.00")))
        terms = OrderTerms(
            legs[0][0],
            OrderType.LO,
            side,
            Decimal(self.random.randrange(1, 5)),
            TimeInForce.DAY,
            price=price,
            combination=combination_of("STRADDLE", side, legs),
        )
        return SubmitOrder(who, terms)

    def _option_view(self, symbol: Symbol, view: MarketView) -> MarketView:
        """Return what is known of a contract, given that of its underlying."""
        instrument = self.listed.get(symbol)
        if instrument is None:
            instrument = self.listed[symbol] = replace(
                view.instrument,
                symbol=symbol,
                board=Board.US_OPTION,
                security_class=SecurityClass.OPTION_PENNY,
                option=self.contracts[symbol],
            )
        shown = depth(symbol, "4.90x3", "5.10x3", self.at)
        session = view.session if view.session is TradeSession.NORMAL else None
        return structs.replace(
            view,
            instrument=instrument,
            session=session,
            depth=shown if session is not None else None,
            last_done=Decimal(5),
            prev_close=Decimal(5),
            is_price_tested=False,
            references=(),
        )

    def _standing(self) -> Standing:
        agreements = tuple(one for one in Agreement if self.random.random() < 0.8)
        return Standing(agreements, self.random.choice(("HK", "HK", "CN")))

    def _exchange(self, who: str) -> Command:
        sold, bought = self.random.sample(tuple(Currency), 2)
        return ConvertCash(who, sold, bought, self._amount())

    def _amount(self) -> Decimal:
        return Decimal(self.random.randrange(0, 2_000_000)) / 100

    def _next_stage(self) -> list[Command]:
        before = dict(self.days)
        told = super()._next_stage()
        for market, day in self.days.items():
            if day != before[market]:
                later = self.days[market] = next_weekday(day, 9)
                told = [
                    structs.replace(one, trading_day=later)  # type: ignore[call-arg]
                    if getattr(one, "trading_day", None) == day
                    else one
                    for one in told
                ]
        return told

    def decided(self, stamped: Stamped, seq: int) -> Iterator[Event]:
        apple = self.view(APPLE)
        options = {symbol: self._option_view(symbol, apple) for symbol in self.contracts}
        stamped = structs.replace(stamped, views={**stamped.views, **options})
        if isinstance(stamped.command, TradingDayStarted):
            stamped = structs.replace(stamped, actions=tuple(self._actions(stamped.command)))
        yield from super().decided(stamped, seq)

    def _actions(self, command: TradingDayStarted) -> Iterator[CorporateAction | Redemption]:
        if not self._begins(command):
            return
        day = command.trading_day
        for symbol in CENTRES:
            if market_of(symbol) is not command.market or self.random.random() < 0.3:
                continue
            if self.random.random() < 0.6:
                yield CorporateAction(
                    symbol, day, cash=Decimal(self.random.randrange(1, 300)) / 100
                )
            elif self.random.random() < 0.2:
                # As if it were a structured product: what it pays comes days later.
                cash = Decimal(self.random.randrange(0, 3000)) / 100
                called = self.random.random() < 0.5
                yield Redemption(symbol, day, cash, next_weekday(day, 3), None, called)
            elif self.random.random() < 0.8:
                ratio = self.random.choice(("2", "7", "0.1", "1.5"))
                yield CorporateAction(symbol, day, split=Decimal(ratio))
            else:
                yield CorporateAction(symbol, day, renamed_to=RENAMED[symbol])

    def _begins(self, command: TradingDayStarted) -> bool:
        last = self.state.days.get(command.market)
        return last is None or command.trading_day > last


def play_money(seed: int, steps: int, *, checks: bool = False) -> MoneyFlow:
    """Return a flow after `steps` random commands; `checks`: every invariant after each."""
    flow = MoneyFlow(Random(seed))
    flow.begin()
    for _ in range(steps):
        flow.step()
        if checks:
            check_invariants(flow.state)
    return flow


def facts_of(flow: MoneyFlow) -> list[Fact]:
    """Return every fact of a flow, in order."""
    return [fact for record in flow.facts for fact in record]
