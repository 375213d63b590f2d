"""Accounts: opened, exchanged, reset, closed; credit and its limits; interest; days that begin."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.core.digest import digest
from portway.core.engine import Outsides, evolve, handle
from portway.core.funds import summary_of
from portway.core.invariants import check_invariants
from portway.core.state import Account, State
from portway.model.account import AccountKind, MoneyRules
from portway.model.command import (
    CloseAccount,
    Command,
    ConfigureVenue,
    ConvertCash,
    Deposit,
    MarketView,
    OpenAccount,
    ResetAccount,
    Stamped,
    SubmitOrder,
    TradingDayStarted,
    VenueSettings,
    Withdraw,
)
from portway.model.corporate_action import CorporateAction
from portway.model.event import (
    AccountReset,
    CashConverted,
    CreditLimitChanged,
    Event,
    InterestPosted,
    OrderAccepted,
    OrderRefused,
    RefusalReason,
)
from portway.model.money import CASH_MAX, Currency
from portway.model.order import OrderSide, OrderStatus
from portway.model.symbol import Market, Symbol
from portway.trading.event_codec import decode_facts, encode_facts
from portway.trading.snapshot import decode_state, encode_state
from tests.core.money_flow import facts_of, play_money
from tests.core.random_flow import examples
from tests.trading.floor import (
    ACCOUNT,
    APPLE,
    DAY,
    MOUTAI,
    OPEN,
    TENCENT,
    depth,
    market_view,
    terms,
)

HKD, USD, CNH = Currency.HKD, Currency.USD, Currency.CNH


@dataclass
class Bank:
    """A venue with one account, whose market shows wide and deep quotes at chosen prices."""

    prices: dict[Symbol, Decimal] = field(
        default_factory=lambda: {
            TENCENT: Decimal(500), APPLE: Decimal(200), MOUTAI: Decimal(1500),
        }
    )  # fmt: skip
    state: State = field(default_factory=State)
    outsides: Outsides = field(default_factory=dict)
    day: date = DAY
    seq: int = 0

    def tell(self, command: Command, *actions: CorporateAction) -> tuple[Event, ...]:
        self.seq += 1
        views = {symbol: self.view(symbol) for symbol in self.prices}
        stamped = Stamped(command, OPEN, views, actions)
        events = handle(self.state, self.outsides, stamped, self.seq)
        check_invariants(self.state)
        return events

    def view(self, symbol: Symbol) -> MarketView:
        price = self.prices[symbol]
        tick = Decimal("0.2") if symbol == TENCENT else Decimal("0.01")
        shown = depth(symbol, f"{price - tick}x100000", f"{price}x100000")
        return market_view(symbol, shown, day=self.day, last_done=str(price))

    def open(self, kind: AccountKind = AccountKind.MARGIN, **money: int) -> None:
        self.tell(OpenAccount(ACCOUNT, ACCOUNT, kind=kind))
        for code, amount in money.items():
            self.tell(Deposit(ACCOUNT, Currency(code), Decimal(amount)))

    def buy(self, symbol: Symbol, quantity: int) -> OrderStatus:
        return self._order(OrderSide.BUY, symbol, quantity, self.prices[symbol])

    def sell(self, symbol: Symbol, quantity: int) -> OrderStatus:
        tick = Decimal("0.2") if symbol == TENCENT else Decimal("0.01")
        return self._order(OrderSide.SELL, symbol, quantity, self.prices[symbol] - tick)

    def _order(self, side: OrderSide, symbol: Symbol, quantity: int, price: Decimal) -> OrderStatus:
        first, *_ = self.tell(SubmitOrder(ACCOUNT, terms(side, quantity, str(price), symbol)))
        assert isinstance(first, OrderAccepted), first
        order_id = first.order.order_id
        live = self.state.orders.get(order_id)
        return live.order.status if live else self.state.closed[order_id].status

    def start(self, day: date, *markets: Market) -> list[Event]:
        self.day = day
        chosen = markets or (Market.HK, Market.US, Market.CN)
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return [event for one in chosen for event in self.tell(TradingDayStarted(one, day, at))]

    @property
    def account(self) -> Account:
        return self.state.accounts[ACCOUNT]

    def cash(self, currency: Currency) -> Decimal:
        return self.account.purse(currency).cash

    @property
    def totals(self):  # type: ignore[no-untyped-def]
        views = {symbol: self.view(symbol) for symbol in self.prices}
        return summary_of(self.state, self.account, views)


def refused(events: tuple[Event, ...]) -> RefusalReason | None:
    first = events[0]
    return first.reason if isinstance(first, OrderRefused) else None


# --- Money ------------------------------------------------------------------------------------


def test_money_is_exchanged_at_the_middle_less_the_spread() -> None:
    """FX: USD/HKD 7.80, conversions with a spread of 10 basis points."""
    bank = Bank()
    bank.open(AccountKind.CASH, HKD=78_000)
    [fact] = bank.tell(ConvertCash(ACCOUNT, HKD, USD, Decimal(78_000)))
    assert isinstance(fact, CashConverted)
    assert fact.bought_amount == Decimal(9_990)
    assert (bank.cash(HKD), bank.cash(USD)) == (0, Decimal(9_990))
    back = bank.tell(ConvertCash(ACCOUNT, USD, CNH, Decimal(9_990), Decimal("7.1")))
    assert isinstance(back[0], CashConverted)
    assert bank.cash(CNH) == Decimal(70_929)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (ConvertCash(ACCOUNT, HKD, HKD, Decimal(1)), RefusalReason.PARAMETER_INVALID),
        (ConvertCash(ACCOUNT, HKD, USD, Decimal(0)), RefusalReason.PARAMETER_INVALID),
        (ConvertCash(ACCOUNT, HKD, USD, Decimal("1.001")), RefusalReason.PARAMETER_INVALID),
        (ConvertCash(ACCOUNT, HKD, USD, Decimal("0.01")), RefusalReason.PARAMETER_INVALID),
        (ConvertCash(ACCOUNT, HKD, USD, Decimal(5), Decimal(-1)), RefusalReason.PARAMETER_INVALID),
        (ConvertCash(ACCOUNT, HKD, USD, Decimal(1001)), RefusalReason.WITHDRAWABLE_EXCEEDED),
        (ConvertCash(ACCOUNT, USD, HKD, Decimal(1)), RefusalReason.WITHDRAWABLE_EXCEEDED),
        (ConvertCash("NOBODY", HKD, USD, Decimal(1)), RefusalReason.ACCOUNT_NOT_FOUND),
    ],
)
def test_what_cannot_be_exchanged_is_refused(command: Command, reason: RefusalReason) -> None:
    bank = Bank()
    bank.open(AccountKind.CASH, HKD=1_000)
    assert refused(bank.tell(command)) is reason
    assert bank.cash(HKD) == 1_000


@pytest.mark.parametrize(
    "command",
    [
        Deposit(ACCOUNT, HKD, CASH_MAX),
        Deposit(ACCOUNT, USD, CASH_MAX + 1),
        Deposit(ACCOUNT, HKD, Decimal("9" * 28)),
        Withdraw(ACCOUNT, HKD, Decimal("9" * 28)),
        ConvertCash(ACCOUNT, HKD, USD, Decimal(10), CASH_MAX),
        ResetAccount(ACCOUNT, ((HKD, CASH_MAX + 1),)),
        OpenAccount("PT9", "", kind=AccountKind.MARGIN, finance_max=CASH_MAX + 1),
    ],
)
def test_no_account_holds_more_than_adds_up_exactly(command: Command) -> None:
    """With 28 digits in one account the ledger of a whole venue no longer summed to zero."""
    bank = Bank()
    bank.open(AccountKind.CASH, HKD=1_000)
    before = digest(bank.state)
    assert refused(bank.tell(command)) is RefusalReason.PARAMETER_INVALID
    assert digest(bank.state) == before


def test_the_largest_account_still_adds_up() -> None:
    bank = Bank()
    bank.open(AccountKind.CASH, HKD=1_000, USD=1)
    assert refused(bank.tell(Deposit(ACCOUNT, HKD, CASH_MAX - 1_000))) is None
    assert refused(bank.tell(Deposit(ACCOUNT, HKD, Decimal("0.01")))) is not None
    assert bank.buy(TENCENT, 100) is OrderStatus.FILLED  # Each command checks the invariants.
    assert 0 < CASH_MAX - 50_000 - bank.cash(HKD) < 200  # The fees, to the cent.


def test_unsettled_proceeds_are_not_exchanged_away() -> None:
    """Proceeds of a sale may be traded with at once, but not leave, in no currency."""
    bank = Bank()
    bank.open(AccountKind.CASH, HKD=60_000)
    bank.buy(TENCENT, 100)
    bank.start(date(2026, 1, 7))
    assert bank.sell(TENCENT, 100) is OrderStatus.FILLED
    settled = bank.cash(HKD) - bank.account.purse(HKD).receivable
    too_much = ConvertCash(ACCOUNT, HKD, USD, settled + Decimal("0.01"))
    assert refused(bank.tell(too_much)) is RefusalReason.WITHDRAWABLE_EXCEEDED
    assert refused(bank.tell(ConvertCash(ACCOUNT, HKD, USD, settled))) is None


# --- Credit -----------------------------------------------------------------------------------


def test_a_margin_account_buys_with_credit_up_to_its_limit() -> None:
    """Credit by rule: three times the equity; a share without loan value takes it in full."""
    bank = Bank()
    bank.open(HKD=100_000)
    assert bank.account.credit == 300_000
    assert bank.buy(TENCENT, 300) is OrderStatus.REJECTED  # Not lent against: own money alone.
    assert bank.buy(TENCENT, 100) is OrderStatus.FILLED
    # 50,000 of own money at half margin in the US: about 100,000 HKD worth of shares.
    assert bank.buy(APPLE, 65) is OrderStatus.REJECTED
    assert bank.buy(APPLE, 60) is OrderStatus.FILLED
    assert bank.cash(USD) < -12_000
    assert bank.totals.risk_level == 1
    assert bank.totals.remaining_finance_amount < bank.totals.max_finance_amount


def test_credit_is_capped_by_the_limit_an_account_was_opened_with() -> None:
    bank = Bank()
    bank.tell(OpenAccount(ACCOUNT, ACCOUNT, kind=AccountKind.MARGIN, finance_max=Decimal(10_000)))
    bank.tell(Deposit(ACCOUNT, HKD, Decimal(100_000)))
    assert bank.account.credit == 10_000
    assert bank.buy(APPLE, 72) is OrderStatus.REJECTED  # 112,000 HKD: buying power is enough.
    assert bank.buy(APPLE, 70) is OrderStatus.FILLED
    assert not any(isinstance(one, CreditLimitChanged) for one in bank.start(date(2026, 1, 6)))


def test_the_credit_of_a_day_follows_the_equity_at_its_start() -> None:
    bank = Bank()
    bank.open(HKD=100_000)
    bank.buy(APPLE, 60)
    bank.prices[APPLE] = Decimal(300)
    equity = bank.totals.net_assets
    bank.start(date(2026, 1, 6), Market.HK)
    assert bank.account.credit == (equity * 3).quantize(Decimal("0.01"), "ROUND_DOWN")
    rich = Bank()
    rich.open(HKD=9_000_000)
    assert rich.account.credit == 10_000_000, "the broker's cap"


def test_a_falling_price_leads_from_safe_to_the_margin_call() -> None:
    bank = Bank()
    bank.open(USD=10_000)
    bank.buy(APPLE, 95)  # 19,000 for 10,000 of own money
    levels = []
    for price in (200, 197, 185, 155, 140):
        bank.prices[APPLE] = Decimal(price)
        levels.append(bank.totals.risk_level)
    assert levels == [1, 1, 2, 3, 3]
    assert bank.totals.margin_call > 0
    assert bank.totals.is_forced
    assert bank.buy(APPLE, 1) is OrderStatus.REJECTED
    assert bank.sell(APPLE, 10) is OrderStatus.FILLED, "what makes it safer is taken"


# --- Short sales ------------------------------------------------------------------------------


def test_us_shares_are_sold_short_on_margin_and_bought_back() -> None:
    """Shorts: half of the value is initial margin; proceeds stay as collateral."""
    bank = Bank()
    bank.prices[APPLE] = Decimal(100)
    bank.open(USD=10_000)
    assert bank.sell(APPLE, 100) is OrderStatus.FILLED
    position = bank.account.positions[APPLE]
    assert (position.quantity, position.available) == (-100, -100)
    assert position.cost_price == Decimal("99.99")
    totals = bank.totals
    usd = Decimal("7.8")
    assert abs(totals.net_assets / usd - 10_000) < 10
    assert totals.init_margin == 5_000 * usd
    assert totals.maintenance_margin == 3_000 * usd
    assert totals.risk_level == 1
    assert bank.sell(APPLE, 150) is OrderStatus.REJECTED
    proceeds = Withdraw(ACCOUNT, USD, Decimal(10_100))
    assert refused(bank.tell(proceeds)) is RefusalReason.WITHDRAWABLE_EXCEEDED
    bank.prices[APPLE] = Decimal(140)
    assert bank.totals.risk_level == 2
    assert bank.buy(APPLE, 40) is OrderStatus.FILLED, "covering makes it safer"
    assert bank.account.positions[APPLE].cost_price == Decimal("99.99"), "buys leave it"
    assert bank.buy(APPLE, 60) is OrderStatus.FILLED
    assert not bank.account.positions[APPLE].quantity


def test_nobody_sells_mainland_shares_that_he_has_not() -> None:
    bank = Bank()
    bank.open(HKD=1_000_000, CNH=1_000_000)
    assert bank.sell(MOUTAI, 100) is OrderStatus.REJECTED


def test_a_cash_account_and_a_venue_that_forbids_it_sell_nothing_short() -> None:
    bank = Bank()
    bank.open(AccountKind.CASH, USD=100_000)
    assert bank.sell(APPLE, 1) is OrderStatus.REJECTED
    strict = Bank()
    strict.tell(ConfigureVenue(VenueSettings(money=MoneyRules(allows_shorts=False))))
    strict.open(USD=100_000)
    assert strict.sell(APPLE, 1) is OrderStatus.REJECTED


# --- Interest ---------------------------------------------------------------------------------


def test_debit_interest_grows_by_the_day_and_is_posted_with_the_month() -> None:
    """6.8 % a year, dollars by 360 days: settled debit alone, to the cent half up at posting."""
    bank = Bank()
    bank.open(HKD=100_000)
    bank.buy(APPLE, 60)
    owed = -bank.cash(USD)
    bank.start(date(2026, 1, 6))  # The purchase settles: nothing has accrued before.
    assert not bank.account.accrued
    bank.start(date(2026, 1, 19))
    assert bank.account.accrued["DEBIT_INTEREST"][USD] == owed * Decimal("0.068") * 13
    before = bank.totals.net_assets
    assert bank.cash(USD) == -owed, "accrued, not posted"
    posted = [one for one in bank.start(date(2026, 2, 3)) if isinstance(one, InterestPosted)]
    days = 26  # From 6 January to the end of the month.
    exact = owed * Decimal("0.068") * days / 360
    assert [one.amount for one in posted] == [exact.quantize(Decimal("0.01"), "ROUND_HALF_UP")]
    # What was posted is owed as well, and bears interest from then on.
    weight = (owed + posted[0].amount) * Decimal("0.068") * 2
    assert bank.account.accrued["DEBIT_INTEREST"] == {USD: weight}
    assert bank.totals.net_assets < before


def test_borrowed_shares_cost_a_fee_on_their_value() -> None:
    bank = Bank()
    bank.open(USD=100_000)
    bank.sell(APPLE, 100)
    bank.start(date(2026, 1, 6))
    bank.start(date(2026, 1, 16))
    weight = Decimal(20_000) * Decimal("0.005")
    assert bank.account.accrued["BORROW_FEE"][USD] == weight * 10


# --- Reset and close --------------------------------------------------------------------------


def test_a_reset_leaves_what_is_paid_in_and_erases_nothing() -> None:
    bank = Bank()
    bank.open(HKD=500_000, USD=50_000)
    bank.buy(TENCENT, 100)
    bank.sell(APPLE, 10)
    bank.tell(SubmitOrder(ACCOUNT, terms(OrderSide.BUY, 100, "480")))
    events = bank.tell(ResetAccount(ACCOUNT, ((HKD, Decimal(7)),)))
    assert any(isinstance(one, AccountReset) for one in events)
    assert {currency: bank.cash(currency) for currency in Currency} == {HKD: 7, USD: 0, CNH: 0}
    assert not any(one.quantity for one in bank.account.positions.values())
    assert not bank.state.orders
    assert not bank.state.unsettled
    assert bank.account.credit == 21
    bank.start(date(2026, 1, 7))
    assert bank.cash(HKD) == 7, "nothing that was on its way arrives"
    assert not bank.state.ledger.imbalance()


def test_an_account_is_closed_when_it_is_empty_and_does_nothing_afterwards() -> None:
    bank = Bank()
    bank.open(AccountKind.CASH, HKD=1_000)
    assert refused(bank.tell(CloseAccount(ACCOUNT))) is RefusalReason.ACCOUNT_NOT_EMPTY
    bank.tell(Withdraw(ACCOUNT, HKD, Decimal(1_000)))
    assert refused(bank.tell(CloseAccount(ACCOUNT))) is None
    order = SubmitOrder(ACCOUNT, terms(OrderSide.BUY, 100, "500"))
    for command in (
        Deposit(ACCOUNT, HKD, Decimal(1)),
        Withdraw(ACCOUNT, HKD, Decimal(1)),
        ResetAccount(ACCOUNT),
        CloseAccount(ACCOUNT),
        order,
    ):
        assert refused(bank.tell(command)) is RefusalReason.ACCOUNT_NOT_FOUND, command
    assert refused(bank.tell(OpenAccount(ACCOUNT, "again"))) is RefusalReason.ACCOUNT_EXISTS


@pytest.mark.parametrize(
    "command",
    [
        OpenAccount("", "x"),
        OpenAccount("B", "x", finance_max=Decimal(5)),
        OpenAccount("B", "x", kind=AccountKind.MARGIN, finance_max=Decimal(-1)),
        ResetAccount(ACCOUNT, ((HKD, Decimal(1)), (HKD, Decimal(2)))),
        ResetAccount(ACCOUNT, ((HKD, Decimal(0)),)),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(command: Command) -> None:
    bank = Bank()
    bank.open(AccountKind.CASH, HKD=1_000)
    assert refused(bank.tell(command)) is RefusalReason.PARAMETER_INVALID


# --- Properties -------------------------------------------------------------------------------


@examples(12)
@given(st.integers(0, 2**32))
def test_whatever_happens_the_ledger_sums_to_zero_and_every_invariant_holds(seed: int) -> None:
    flow = play_money(seed, 150, checks=True)
    assert not flow.state.ledger.imbalance()


@examples(6)
@given(st.integers(0, 2**32))
def test_a_fold_of_the_facts_and_a_snapshot_give_the_same_state(seed: int) -> None:
    flow = play_money(seed, 200)
    folded = State()
    for record in flow.facts:
        for fact in decode_facts(encode_facts(record)):
            evolve(folded, fact)
    assert digest(folded) == digest(flow.state)
    kept = decode_state(encode_state(flow.state))
    assert kept is not None
    assert digest(kept) == digest(flow.state)


def test_the_flows_reach_every_fact_about_money() -> None:
    seen = {type(fact).__name__ for seed in range(6) for fact in facts_of(play_money(seed, 400))}
    assert seen >= {
        "CashConverted", "CreditLimitChanged", "InterestAccrued", "InterestPosted",
        "DividendDeclared", "DividendPaid", "PositionAdjusted", "AccountReset", "AccountClosed",
    }  # fmt: skip
