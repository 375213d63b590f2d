"""Options: paid with their multiplier, written against collateral or margin, ended at expiry.

Source: markets 12, 13.3 and 15, trade 8.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from msgspec import structs

from portway.core.engine import Outsides, handle
from portway.core.funds import summary_of
from portway.core.invariants import check_invariants
from portway.core.state import State
from portway.model.account import AccountKind, Agreement, Standing
from portway.model.command import (
    Command,
    Deposit,
    MarketMoved,
    MarketView,
    OpenAccount,
    Stamped,
    SubmitOrder,
    TradingDayStarted,
)
from portway.model.corporate_action import CorporateAction
from portway.model.derivative import (
    OptionStyle,
    OptionTerms,
    Right,
    option_after_split,
    option_symbol,
    successor_symbol,
)
from portway.model.event import (
    Event,
    Fact,
    OptionExpired,
    OrderAccepted,
    OrderFilled,
    OrderRefused,
    OrderRepeated,
)
from portway.model.instrument import Board, SecurityClass
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderStatus, OrderType
from portway.model.quote import TradeSession
from portway.model.symbol import Market, Symbol
from tests.trading.floor import (
    ACCOUNT,
    APPLE,
    DAY,
    INSTRUMENTS,
    OPEN,
    depth,
    market_view,
    next_weekday,
    terms,
)

EXPIRY = date(2026, 1, 9)
USD = Currency.USD


def contract(right: Right, strike: str, expiry: date = EXPIRY) -> Symbol:
    return option_symbol("AAPL", expiry, right, Decimal(strike))


CALL_200, CALL_210 = contract(Right.CALL, "200"), contract(Right.CALL, "210")
PUT_200, PUT_190 = contract(Right.PUT, "200"), contract(Right.PUT, "190")
RIGHTS = {CALL_200: "C200", CALL_210: "C210", PUT_200: "P200", PUT_190: "P190"}


class OptionFloor:
    """Apple at 200 and four options on it; every order in them trades at the quote that is set."""

    def __init__(
        self,
        kind: AccountKind = AccountKind.CASH,
        cash: int = 100_000,
        *,
        approved: bool = True,
    ) -> None:
        self.state, self.outsides, self.seq, self.at = State(), Outsides(), 0, OPEN
        self.day, self.spot = DAY, Decimal(200)
        self.facts: list[tuple[Fact, ...]] = []
        self.views: dict[Symbol, MarketView] = {APPLE: market_view(APPLE, last_done="200")}
        for symbol, text in RIGHTS.items():
            right = Right.CALL if text[0] == "C" else Right.PUT
            self._list(symbol, right, Decimal(text[1:]))
        standing = Standing(tuple(Agreement) if approved else ())
        self.tell(OpenAccount(ACCOUNT, "", Currency.USD, kind=kind, standing=standing))
        self.tell(Deposit(ACCOUNT, USD, Decimal(cash)))
        for symbol in self.views:
            self.quote(symbol, "5", "5.05" if symbol != APPLE else "200.05")
        self.quote(APPLE, "200", "200.05")

    def _list(self, symbol: Symbol, right: Right, strike: Decimal) -> None:
        instrument = replace(
            INSTRUMENTS[APPLE],
            symbol=symbol,
            board=Board.US_OPTION,
            security_class=SecurityClass.OPTION_PENNY,
            overnight=False,
            expiry_date=EXPIRY,
            option=OptionTerms(APPLE, EXPIRY, right, strike),
        )
        view = market_view(APPLE, last_done="5")
        self.views[symbol] = structs.replace(view, instrument=instrument)

    def quote(self, symbol: Symbol, bid: str, ask: str) -> None:
        shown = depth(symbol, f"{bid}x1000000", f"{ask}x1000000", self.at)
        self.views[symbol] = structs.replace(self.views[symbol], depth=shown)
        self.tell(MarketMoved(symbol, self.at, TradeSession.NORMAL, shown))

    def tell(self, command: Command) -> tuple[Event, ...]:
        self.seq += 1
        self.at += timedelta(seconds=1)
        events = handle(self.state, self.outsides, Stamped(command, self.at, self.views), self.seq)
        check_invariants(self.state)
        kept = tuple(one for one in events if not isinstance(one, OrderRefused | OrderRepeated))
        if kept:
            self.facts.append(kept)
        return events

    def order(self, side: str, quantity: int, price: str, symbol: Symbol) -> tuple[Event, ...]:
        wish = terms(OrderSide[side], quantity, price, symbol)
        return self.tell(SubmitOrder(ACCOUNT, wish))

    def rejection(self, side: str, quantity: int, price: str, symbol: Symbol) -> str:
        """Submit an order that is told no; return why."""
        first = self.order(side, quantity, price, symbol)[0]
        if isinstance(first, OrderRefused):
            return first.reason.name
        assert isinstance(first, OrderAccepted)
        assert first.order.status is OrderStatus.REJECTED, first.order
        return first.order.msg

    def trade(self, side: str, quantity: int, price: str, symbol: Symbol) -> OrderFilled:
        events = self.order(side, quantity, price, symbol)
        fills = [one for one in events if isinstance(one, OrderFilled)]
        assert sum(one.execution.quantity for one in fills) == quantity, events
        return fills[0]

    def expire(self, close: str) -> list[OptionExpired]:
        """Begin the day after the expiry; the underlying has closed at `close`."""
        self.day = next_weekday(EXPIRY)
        for symbol, view in self.views.items():
            price = Decimal(close) if symbol == APPLE else view.prev_close
            self.views[symbol] = structs.replace(
                view,
                trading_day=self.day,
                next_trading_day=next_weekday(self.day),
                settles_on=next_weekday(self.day),
                sellable_from=self.day,
                prev_close=price,
                last_done=price,
            )
        events = self.tell(TradingDayStarted(Market.US, self.day, self.at))
        return [one for one in events if isinstance(one, OptionExpired)]

    @property
    def cash(self) -> Decimal:
        return self.state.accounts[ACCOUNT].purse(USD).cash

    def shares(self, symbol: Symbol) -> Decimal:
        position = self.state.accounts[ACCOUNT].positions.get(symbol)
        return position.quantity if position is not None else Decimal(0)


def test_a_contract_costs_its_price_times_the_multiplier_and_fees_per_contract() -> None:
    floor = OptionFloor()
    fill = floor.trade("BUY", 2, "5.05", CALL_200)
    fees = {fee.name: fee.amount for fee in fill.fees}
    assert fill.execution.consideration == Decimal("1010.00")
    assert fees == {
        "COMMISSION": Decimal("1.00"),
        "PLATFORM": Decimal("1.00"),
        "EXCHANGE": Decimal("0.36"),
        "CLEARING": Decimal("0.05"),
        "ORF": Decimal("0.04"),
    }
    assert floor.cash == 100_000 - 1010 - sum(fees.values())
    position = floor.state.accounts[ACCOUNT].positions[CALL_200]
    assert (position.quantity, position.cost_price) == (2, Decimal("5.05"))
    order = floor.state.closed[fill.execution.order_id]
    assert order.status is OrderStatus.FILLED


def test_a_working_buy_reserves_the_whole_premium() -> None:
    floor = OptionFloor()
    floor.order("BUY", 3, "4.00", CALL_200)
    purse = floor.state.accounts[ACCOUNT].purse(USD)
    assert purse.frozen_cash - purse.frozen_fees == 1200


@pytest.mark.parametrize("kind", [OrderType.TSMAMT, OrderType.TSLPPCT])
def test_trailing_orders_are_not_offered_for_options(kind: OrderType) -> None:
    floor = OptionFloor()
    wish = terms(OrderSide.BUY, 1, "5", CALL_200)
    wish = structs.replace(
        wish, order_type=kind, trailing_amount=Decimal(1), trailing_percent=Decimal(1)
    )
    wish = structs.replace(wish, limit_offset=Decimal(1), price=None)
    first = floor.tell(SubmitOrder(ACCOUNT, wish))[0]
    assert isinstance(first, OrderRefused)
    assert first.reason.name == "ORDER_TYPE_NOT_SUPPORTED"


def test_a_cash_account_writes_calls_only_against_its_shares_and_keeps_these() -> None:
    floor = OptionFloor()
    assert floor.rejection("SELL", 1, "5", CALL_210) == "SHARES_NOT_ENOUGH"
    floor.trade("BUY", 150, "200.05", APPLE)
    floor.trade("SELL", 1, "5", CALL_210)
    assert floor.shares(CALL_210) == -1
    # The 50 that are left do not cover another call, and the 100 cannot be sold.
    assert floor.rejection("SELL", 1, "5", CALL_200) == "SHARES_NOT_ENOUGH"
    assert floor.rejection("SELL", 51, "200", APPLE) == "SHARES_NOT_ENOUGH"
    floor.trade("SELL", 50, "200", APPLE)
    # Bought back, the call frees them.
    floor.trade("BUY", 1, "5.05", CALL_210)
    floor.trade("SELL", 100, "200", APPLE)


def test_a_working_sell_to_write_keeps_the_shares_as_well() -> None:
    floor = OptionFloor()
    floor.trade("BUY", 100, "200.05", APPLE)
    floor.order("SELL", 1, "9", CALL_210)
    assert floor.shares(CALL_210) == 0
    assert floor.rejection("SELL", 1, "200", APPLE) == "SHARES_NOT_ENOUGH"


def test_a_cash_account_secures_a_put_by_its_strike() -> None:
    floor = OptionFloor(cash=30_000)
    floor.trade("SELL", 1, "5", PUT_200)
    assert floor.rejection("SELL", 1, "5", PUT_200) == "BUYING_POWER_EXCEEDED"
    account = floor.state.accounts[ACCOUNT]
    assert account.pledged_cash(USD) == 20_000
    assert floor.rejection("BUY", 100, "200.05", APPLE) == "BUYING_POWER_EXCEEDED"


def test_writing_uncovered_options_takes_approval() -> None:
    floor = OptionFloor(AccountKind.MARGIN, approved=False)
    assert floor.rejection("SELL", 1, "5", CALL_210) == "OPTION_APPROVAL_MISSING"
    floor.trade("BUY", 100, "200.05", APPLE)
    floor.trade("SELL", 1, "5", CALL_210)  # Covered: no approval needed.
    floor.trade("BUY", 1, "5.05", PUT_190)
    floor.trade("SELL", 1, "5", PUT_200)  # Nor for a spread.
    assert floor.rejection("SELL", 1, "5", PUT_200) == "OPTION_APPROVAL_MISSING"


def test_a_margin_account_writes_naked_as_far_as_its_buying_power_goes() -> None:
    floor = OptionFloor(AccountKind.MARGIN, cash=20_000)
    before = summary_of(floor.state, floor.state.accounts[ACCOUNT], floor.views)
    floor.trade("SELL", 1, "5", CALL_210)
    after = summary_of(floor.state, floor.state.accounts[ACCOUNT], floor.views)
    # 100 x max(0.20 x 200 - 10, 0.10 x 200): over and above its value, which equity deducts.
    assert after.init_margin - before.init_margin == 3000
    assert floor.rejection("SELL", 6, "5", CALL_210) == "BUYING_POWER_EXCEEDED"
    floor.trade("SELL", 4, "5", CALL_210)


def test_a_vertical_spread_requires_its_width_alone() -> None:
    floor = OptionFloor(AccountKind.MARGIN, cash=20_000)
    floor.quote(CALL_210, "2", "2.05")
    floor.views[CALL_210] = structs.replace(floor.views[CALL_210], last_done=Decimal(2))
    floor.trade("BUY", 1, "2.05", CALL_210)
    floor.trade("SELL", 1, "5", CALL_200)
    summary = summary_of(floor.state, floor.state.accounts[ACCOUNT], floor.views)
    # Ten dollars of width less the net credit of its value, 5 - 2; the long leg needs nothing.
    assert summary.init_margin == 100 * (10 - 3)


@pytest.mark.parametrize(
    ("symbol", "close", "shares", "cash"),
    [
        (CALL_200, "205", 100, -20_000),
        (CALL_200, "200.005", 0, 0),
        (PUT_200, "205", 0, 0),
    ],
)
def test_a_long_option_is_exercised_from_a_cent_in_the_money(
    symbol: Symbol, close: str, shares: int, cash: int
) -> None:
    floor = OptionFloor()
    floor.trade("BUY", 1, "5.05", symbol)
    before = floor.cash
    ended = floor.expire(close)
    assert [(one.shares, one.cash) for one in ended] == [(shares, cash)]
    assert (floor.shares(APPLE), floor.cash - before) == (shares, cash)
    assert symbol not in floor.state.accounts[ACCOUNT].positions
    if shares:
        assert floor.state.accounts[ACCOUNT].positions[APPLE].cost_price == 200


def test_a_covered_call_gives_its_shares_away_at_the_strike() -> None:
    floor = OptionFloor()
    floor.trade("BUY", 100, "200.05", APPLE)
    floor.trade("SELL", 1, "5", CALL_200)
    before = floor.cash
    (ended,) = floor.expire("220")
    assert ended.is_exercised
    assert floor.cash - before == 20_000
    assert floor.shares(APPLE) == 0
    assert not floor.state.ledger.imbalance()


def test_a_secured_put_takes_shares_and_frees_the_rest() -> None:
    floor = OptionFloor(cash=30_000)
    floor.trade("SELL", 1, "5", PUT_200)
    floor.expire("180")
    assert floor.shares(APPLE) == 100
    assert floor.state.accounts[ACCOUNT].pledged_cash(USD) == 0


def test_what_a_cash_account_cannot_pay_for_lapses() -> None:
    floor = OptionFloor(cash=5_000)
    floor.trade("BUY", 1, "5.05", CALL_200)
    (ended,) = floor.expire("230")
    assert not ended.is_exercised
    assert (ended.shares, floor.shares(APPLE)) == (0, 0)


def test_a_put_on_shares_that_a_cash_account_does_not_have_lapses() -> None:
    floor = OptionFloor()
    floor.trade("BUY", 1, "5.05", PUT_200)
    (ended,) = floor.expire("150")
    assert not ended.is_exercised


def test_an_index_option_is_settled_in_cash() -> None:
    floor = OptionFloor()
    view = floor.views[CALL_200]
    option = view.instrument.option
    assert option is not None
    option = structs.replace(option, style=OptionStyle.EUROPEAN)
    instrument = replace(view.instrument, option=option)
    floor.views[CALL_200] = structs.replace(view, instrument=instrument)
    floor.trade("BUY", 1, "5.05", CALL_200)
    before = floor.cash
    (ended,) = floor.expire("212.34")
    assert (ended.shares, floor.cash - before) == (0, Decimal(1234))


def test_a_working_order_ends_with_its_option() -> None:
    floor = OptionFloor()
    first = floor.order("BUY", 1, "4.00", CALL_200)[0]
    assert isinstance(first, OrderAccepted)
    order_id = first.order.order_id
    floor.expire("205")
    assert floor.state.closed[order_id].status is OrderStatus.EXPIRED


def split(floor: OptionFloor, ratio: str) -> None:
    floor.day = next_weekday(floor.day)
    action = CorporateAction(APPLE, floor.day, split=Decimal(ratio))
    command = TradingDayStarted(Market.US, floor.day, floor.at)
    floor.seq += 1
    stamped = Stamped(command, floor.at, floor.views, (action,))
    events = handle(floor.state, floor.outsides, stamped, floor.seq)
    assert not any(isinstance(one, OrderRefused) for one in events)
    check_invariants(floor.state)


def test_a_split_exchanges_contracts_so_that_written_calls_stay_covered() -> None:
    floor = OptionFloor()
    floor.trade("BUY", 100, "200.05", APPLE)
    floor.trade("SELL", 1, "5", CALL_200)
    order = floor.order("BUY", 1, "4", CALL_200)[0]
    assert isinstance(order, OrderAccepted)
    split(floor, "4")
    after = contract(Right.CALL, "50")
    account = floor.state.accounts[ACCOUNT]
    assert (floor.shares(APPLE), floor.shares(CALL_200), floor.shares(after)) == (400, 0, -4)
    position = account.positions[after]
    assert position.option is not None
    assert (position.option.strike, position.cost_price) == (50, Decimal("1.25"))
    assert account.pledged_shares(APPLE) == 400
    assert order.order.order_id not in floor.state.orders
    assert not floor.state.ledger.imbalance()


def test_a_strike_that_a_split_does_not_divide_is_rounded_and_not_standard() -> None:
    terms_before = OptionTerms(APPLE, EXPIRY, Right.CALL, Decimal(200))
    after = option_after_split(terms_before, Decimal(7))
    assert (after.strike, after.is_standard) == (Decimal("28.57"), False)
    assert successor_symbol(CALL_200, after) == "AAPL260109C28570.US"


def test_a_consolidation_leaves_contracts_as_they_are() -> None:
    floor = OptionFloor(AccountKind.MARGIN)
    floor.trade("BUY", 1, "5.05", CALL_200)
    split(floor, "0.1")
    assert floor.shares(CALL_200) == 1
