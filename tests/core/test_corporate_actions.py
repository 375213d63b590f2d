"""Corporate actions: who gets a dividend and when, what a split does to shares and orders."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec import structs

from portway.core.invariants import check_invariants
from portway.model.account import AccountKind
from portway.model.command import SubmitOrder, TradingDayStarted
from portway.model.corporate_action import CorporateAction
from portway.model.event import DividendDeclared, DividendPaid, OrderReplaced
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderStatus, TimeInForce
from portway.model.symbol import Market, Symbol, market_of
from tests.core.test_accounts import Bank
from tests.trading.floor import ACCOUNT, APPLE, MOUTAI, TENCENT, terms

HKD, USD, CNH = Currency.HKD, Currency.USD, Currency.CNH
EX_DATE = date(2026, 1, 6)
PAY_DATE = date(2026, 1, 20)


@pytest.fixture
def bank() -> Bank:
    made = Bank()
    made.open(AccountKind.CASH, HKD=1_000_000, USD=1_000_000, CNH=1_000_000)
    return made


def begin(bank: Bank, day: date, *actions: CorporateAction, market: Market = Market.US) -> list:  # type: ignore[type-arg]
    bank.day = day
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return list(bank.tell(TradingDayStarted(market, day, at), *actions))


def gtc(bank: Bank, side: OrderSide, symbol: Symbol, quantity: int, price: str) -> int:
    wish = structs.replace(terms(side, quantity, price, symbol), time_in_force=TimeInForce.GTC)
    accepted = bank.tell(SubmitOrder(ACCOUNT, wish))[0]
    return accepted.order.order_id  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("symbol", "currency", "tax"), [(TENCENT, HKD, "0"), (APPLE, USD, "0.30"), (MOUTAI, CNH, "0.1")]
)
def test_a_dividend_goes_to_the_holder_of_the_day_before_on_the_pay_date(
    bank: Bank, symbol: Symbol, currency: Currency, tax: str
) -> None:
    """Cash dividends: holders at the close before the ex-date, posted on the pay date, taxed."""
    market = market_of(symbol)
    bank.buy(symbol, 100)
    action = CorporateAction(symbol, EX_DATE, cash=Decimal("2.345"), pay_date=PAY_DATE)
    [declared, *_] = begin(bank, EX_DATE, action, market=market)
    assert isinstance(declared, DividendDeclared)
    bank.buy(symbol, 100)  # Too late.
    held = bank.cash(currency)
    begin(bank, date(2026, 1, 19), market=market)
    assert bank.cash(currency) == held
    [paid, *_] = begin(bank, PAY_DATE, market=market)
    assert isinstance(paid, DividendPaid)
    gross = Decimal("234.50")
    assert (paid.right.gross, paid.right.tax) == (gross, gross * Decimal(tax))
    assert bank.cash(currency) == held + gross - gross * Decimal(tax)
    assert not bank.state.dividends


def test_a_day_that_is_told_twice_pays_once(bank: Bank) -> None:
    bank.buy(APPLE, 10)
    action = CorporateAction(APPLE, EX_DATE, cash=Decimal(1), pay_date=EX_DATE)
    assert begin(bank, EX_DATE, action)
    assert begin(bank, EX_DATE, action) == []


def test_whoever_is_short_pays_the_dividend_in_full() -> None:
    bank = Bank()
    bank.open(USD=100_000)
    bank.sell(APPLE, 10)
    cash = bank.cash(USD)
    begin(bank, EX_DATE, CorporateAction(APPLE, EX_DATE, cash=Decimal(2), pay_date=EX_DATE))
    assert bank.cash(USD) == cash - 20


def test_a_split_multiplies_shares_and_divides_their_cost(bank: Bank) -> None:
    bank.buy(APPLE, 30)
    bank.prices[APPLE] = Decimal(200) / 7
    begin(bank, EX_DATE, CorporateAction(APPLE, EX_DATE, split=Decimal(7)))
    position = bank.account.positions[APPLE]
    assert (position.quantity, position.init_quantity) == (210, 210)
    assert abs(position.cost_price - Decimal(200) / 7) < Decimal("0.0001")


def test_a_fraction_of_a_share_is_paid_in_cash(bank: Bank) -> None:
    bank.buy(APPLE, 15)
    bank.prices[APPLE] = Decimal(2000)
    cash = bank.cash(USD)
    begin(bank, EX_DATE, CorporateAction(APPLE, EX_DATE, split=Decimal("0.1")))
    assert bank.account.positions[APPLE].quantity == 1
    assert bank.cash(USD) == cash + 1000
    assert bank.state.ledger.balance(f"client:{ACCOUNT}:shares", APPLE) == 1


def test_a_bonus_issue_locks_as_the_shares_it_came_from(bank: Bank) -> None:
    """Bought today on the mainland: neither these shares nor their bonus may be sold."""
    bank.day = date(2026, 1, 5)
    bank.buy(MOUTAI, 100)
    bank.state.accounts[ACCOUNT].positions[MOUTAI].locked = [(date(2026, 1, 8), Decimal(100))]
    action = CorporateAction(MOUTAI, EX_DATE, bonus=Decimal("0.5"))
    begin(bank, EX_DATE, action, market=Market.CN)
    position = bank.account.positions[MOUTAI]
    assert (position.quantity, position.available) == (150, 0)


def test_open_orders_end_with_a_split_in_hong_kong(bank: Bank) -> None:
    bank.buy(TENCENT, 100)
    buying = gtc(bank, OrderSide.BUY, TENCENT, 100, "480")
    selling = gtc(bank, OrderSide.SELL, TENCENT, 100, "520")
    begin(bank, EX_DATE, CorporateAction(TENCENT, EX_DATE, split=Decimal(5)), market=Market.HK)
    for order_id in (buying, selling):
        assert bank.state.closed[order_id].status is OrderStatus.CANCELED
    assert bank.account.positions[TENCENT].available == 500


def test_open_orders_are_adjusted_with_a_split_in_the_us(bank: Bank) -> None:
    bank.buy(APPLE, 10)
    buying = gtc(bank, OrderSide.BUY, APPLE, 10, "180.05")
    selling = gtc(bank, OrderSide.SELL, APPLE, 10, "250.05")
    bank.prices[APPLE] = Decimal(50)
    events = begin(bank, EX_DATE, CorporateAction(APPLE, EX_DATE, split=Decimal(4)))
    assert sum(isinstance(one, OrderReplaced) for one in events) == 2
    bought, sold = bank.state.orders[buying].order, bank.state.orders[selling].order
    assert (bought.quantity, bought.price) == (40, Decimal("45.01"))
    assert (sold.quantity, sold.price) == (40, Decimal("62.52"))
    assert bank.account.positions[APPLE].frozen == 40


def test_an_order_whose_shares_cannot_be_divided_ends(bank: Bank) -> None:
    order_id = gtc(bank, OrderSide.BUY, APPLE, 15, "180")
    begin(bank, EX_DATE, CorporateAction(APPLE, EX_DATE, split=Decimal("0.1")))
    assert bank.state.closed[order_id].status is OrderStatus.CANCELED
    assert not bank.account.purse(USD).frozen_cash


def test_a_new_symbol_takes_the_shares_with_it(bank: Bank) -> None:
    bank.buy(APPLE, 10)
    order_id = gtc(bank, OrderSide.SELL, APPLE, 10, "250")
    new = Symbol("FRUIT.US")
    begin(bank, EX_DATE, CorporateAction(APPLE, EX_DATE, renamed_to=new))
    assert APPLE not in bank.account.positions
    position = bank.account.positions[new]
    assert (position.quantity, position.cost_price) == (10, 200)
    assert bank.state.closed[order_id].status is OrderStatus.CANCELED
    check_invariants(bank.state)


def test_rights_lapse(bank: Bank) -> None:
    bank.buy(APPLE, 10)
    action = CorporateAction(APPLE, EX_DATE, rights=Decimal("0.5"), rights_price=Decimal(100))
    assert len(begin(bank, EX_DATE, action)) == 1  # The settlement of the day alone.
    assert bank.account.positions[APPLE].quantity == 10
