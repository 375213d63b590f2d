"""Accounts and their money: opened, paid in and out, exchanged, reset, closed; their trading days.

Pure decisions like all of the core: a refusal alone, or facts with every amount in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from portway.core.buying_power import withdrawable
from portway.core.corporate_actions import apply_actions, pay_dividends
from portway.core.expirations import expire_options
from portway.core.funds import cash_views, summary_of
from portway.core.interest_days import grow_interest
from portway.core.ledger import (
    conversion_entry,
    deposit_entry,
    reset_entry,
    settlement_entry,
)
from portway.core.margin import default_finance_max
from portway.core.matching import step_of
from portway.core.order_states import Step
from portway.core.state import Account, State
from portway.model.account import AccountKind, Standing
from portway.model.command import (
    ChangeStanding,
    CloseAccount,
    ConvertCash,
    Deposit,
    MarketView,
    OpenAccount,
    ResetAccount,
    Stamped,
    TradingDayStarted,
    Withdraw,
)
from portway.model.decimals import down, half_up
from portway.model.event import (
    AccountClosed,
    AccountOpened,
    AccountReset,
    CashConverted,
    CashDeposited,
    CashWithdrawn,
    CreditLimitChanged,
    Event,
    Fact,
    OrderRefused,
    RefusalReason,
    Settled,
    SettlementDone,
    StandingChanged,
)
from portway.model.money import CASH_MAX, Currency
from portway.model.symbol import Market, Symbol

__all__ = [
    "change_standing",
    "close_account",
    "convert",
    "deposit",
    "open_account",
    "reset_account",
    "settle",
    "start_day",
    "withdraw",
]

ZERO = Decimal(0)
CENTS: Final = 2
HOME_MARKET: Final = Market.HK  # Whose trading days count interest and set credit.
RESET_MSG: Final = "canceled: the account was reset"
R = RefusalReason


def open_account(state: State, command: OpenAccount, at: datetime) -> Iterator[Event]:
    """Decide on a new account; its number must be free."""
    if not command.account_no:
        yield OrderRefused(R.PARAMETER_INVALID, "account_no")
        return
    if command.account_no in state.accounts:
        yield OrderRefused(R.ACCOUNT_EXISTS)
        return
    credit = command.finance_max
    is_cash = command.kind is AccountKind.CASH
    if credit is not None and (is_cash or not 0 <= credit <= CASH_MAX):
        yield OrderRefused(R.PARAMETER_INVALID, "finance_max")
        return
    if not _is_standing(command.standing):
        yield OrderRefused(R.PARAMETER_INVALID, "residency")
        return
    yield AccountOpened(
        command.account_no,
        command.name,
        command.base_currency,
        command.channel,
        at,
        command.kind,
        credit,
        command.standing,
    )
    if credit:
        yield CreditLimitChanged(command.account_no, credit, at)


def change_standing(state: State, command: ChangeStanding, at: datetime) -> Iterator[Event]:
    """Decide on what an account has agreed to; orders that are there already stay."""
    if state.open_account(command.account_no) is None:
        yield OrderRefused(R.ACCOUNT_NOT_FOUND)
        return
    if not _is_standing(command.standing):
        yield OrderRefused(R.PARAMETER_INVALID, "residency")
        return
    yield StandingChanged(command.account_no, command.standing, at)


def _is_standing(standing: Standing) -> bool:
    code = standing.residency
    return len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()


def deposit(state: State, command: Deposit, at: datetime) -> Iterator[Event]:
    """Decide on money paid in."""
    refused = _payment_refusal(state, command.account_no, command.amount)
    if refused is None:
        account = state.accounts[command.account_no]
        refused = _too_much(account, command.currency, command.amount, "amount")
    if refused is not None:
        yield refused
        return
    yield from _paid_in(state, command, at)


def _paid_in(state: State, command: Deposit, at: datetime) -> Iterator[Fact]:
    entry = deposit_entry(command.account_no, command.currency, command.amount)
    yield CashDeposited(
        command.account_no, command.currency, command.amount, command.note, at, entry
    )
    yield from _moved_credit(state, command.account_no, command.currency, command.amount, at)


def withdraw(state: State, command: Withdraw, at: datetime) -> Iterator[Event]:
    """Decide on money paid out: neither unsettled nor reserved money may leave."""
    refused = _payment_refusal(state, command.account_no, command.amount)
    if refused is not None:
        yield refused
        return
    account = state.accounts[command.account_no]
    if command.amount > _withdrawable(state, account, command.currency):
        yield OrderRefused(R.WITHDRAWABLE_EXCEEDED)
        return
    entry = deposit_entry(command.account_no, command.currency, -command.amount)
    yield CashWithdrawn(
        command.account_no, command.currency, command.amount, command.note, at, entry
    )
    yield from _moved_credit(state, command.account_no, command.currency, -command.amount, at)


def convert(state: State, command: ConvertCash, at: datetime) -> Iterator[Event]:
    """Decide on an exchange of currencies: of money that could as well leave the account."""
    refused = _payment_refusal(state, command.account_no, command.amount)
    if refused is None and command.sold is command.bought:
        refused = OrderRefused(R.PARAMETER_INVALID, "currency")
    if refused is None and command.rate is not None and command.rate <= 0:
        refused = OrderRefused(R.PARAMETER_INVALID, "rate")
    if refused is not None:
        yield refused
        return
    account = state.accounts[command.account_no]
    if command.amount > _withdrawable(state, account, command.sold):
        yield OrderRefused(R.WITHDRAWABLE_EXCEEDED)
        return
    rate = command.rate
    if rate is None:
        rate = state.settings.money.selling_rate(command.sold, command.bought)
    bought = half_up(command.amount * rate, CENTS)
    refused = _too_much(account, command.bought, bought, "rate")
    if not bought:
        refused = OrderRefused(R.PARAMETER_INVALID, "amount")
    if refused is not None:
        yield refused
        return
    money = (command.sold, command.amount, command.bought, bought)
    yield CashConverted(
        command.account_no, *money, rate, at, conversion_entry(command.account_no, *money)
    )


def _payment_refusal(state: State, account_no: str, amount: Decimal) -> OrderRefused | None:
    if state.open_account(account_no) is None:
        return OrderRefused(R.ACCOUNT_NOT_FOUND)
    if not 0 < amount <= CASH_MAX or amount != half_up(amount, CENTS):
        return OrderRefused(R.PARAMETER_INVALID, f"amount: in cents, above 0, at most {CASH_MAX}")
    return None


def _too_much(
    account: Account, currency: Currency, amount: Decimal, field: str
) -> OrderRefused | None:
    purse = account.purses.get(currency)
    held = purse.cash if purse is not None else ZERO
    if amount + max(held, ZERO) <= CASH_MAX:
        return None
    return OrderRefused(
        R.PARAMETER_INVALID, f"{field}: an account holds at most {CASH_MAX} of a currency"
    )


def _withdrawable(state: State, account: Account, currency: Currency) -> Decimal:
    views = cash_views(account)
    own = next((one for one in views if one.currency is currency), None)
    if own is None:
        return ZERO
    proceeds = sum(
        (
            -one.quantity * one.cost_price
            for one in account.positions.values()
            if one.quantity < 0 and one.currency is currency
        ),
        ZERO,
    )
    return withdrawable(
        own,
        [one for one in views if one is not own],
        rates=state.settings.money.rates(currency),
        short_proceeds=proceeds,
    )


def _moved_credit(
    state: State, account_no: str, currency: Currency, amount: Decimal, at: datetime
) -> Iterator[CreditLimitChanged]:
    """Yield the credit that money paid in brings with it, or takes when it is paid out.

    What an account has at the start of a day counts; without this a new one would have none before
    its second day.
    """
    account = state.accounts[account_no]
    if account.kind is AccountKind.CASH or account.finance_max is not None:
        return
    rules = state.settings.money
    moved = amount * rules.rate(currency, account.base_currency) * rules.finance_times
    credit = min(max(ZERO, account.credit + down(moved, CENTS)), _credit_cap(state, account))
    if credit != account.credit:
        yield CreditLimitChanged(account_no, credit, at)


def _credit_cap(state: State, account: Account) -> Decimal:
    rules = state.settings.money
    return down(rules.finance_cap_hkd * rules.rate(Currency.HKD, account.base_currency), CENTS)


def reset_account(state: State, command: ResetAccount, at: datetime) -> Iterator[Event]:
    """Decide on a new beginning: what happened stays in the journal, what is left goes."""
    account = state.open_account(command.account_no)
    if account is None:
        yield OrderRefused(R.ACCOUNT_NOT_FOUND)
        return
    currencies = [currency for currency, _ in command.deposits]
    amounts = [amount for _, amount in command.deposits]
    if len(set(currencies)) < len(currencies) or any(
        not 0 < amount <= CASH_MAX or amount != half_up(amount, CENTS) for amount in amounts
    ):
        yield OrderRefused(R.PARAMETER_INVALID, "deposits")
        return
    for live in tuple(state.orders.values()):
        # An order's end may end others with it, so each is looked up again.
        if live.order.account_no == command.account_no and live.order.order_id in state.orders:
            yield step_of(live, Step.CANCELED, at, ends=True, msg=RESET_MSG)
    entry = reset_entry(
        command.account_no,
        (
            (currency, purse.cash - purse.settling, purse.settling)
            for currency, purse in account.purses.items()
        ),
        ((symbol, one.quantity) for symbol, one in account.positions.items() if one.quantity),
    )
    yield AccountReset(command.account_no, at, entry)
    if account.finance_max:
        yield CreditLimitChanged(command.account_no, account.finance_max, at)
    for currency, amount in command.deposits:
        yield from _paid_in(state, Deposit(command.account_no, currency, amount, "reset"), at)


def close_account(state: State, command: CloseAccount, at: datetime) -> Iterator[Event]:
    """Decide on the end of an account; it must be empty."""
    account = state.open_account(command.account_no)
    if account is None:
        yield OrderRefused(R.ACCOUNT_NOT_FOUND)
        return
    holds = any(one.cash or one.receivable or one.payable for one in account.purses.values())
    holds = holds or any(not one.is_idle for one in account.positions.values())
    awaits = any(one.account_no == command.account_no for one in state.dividends)
    if holds or awaits or account.live_orders:
        yield OrderRefused(R.ACCOUNT_NOT_EMPTY)
        return
    yield AccountClosed(command.account_no, at)


# --- Trading days -----------------------------------------------------------------------------


def start_day(state: State, command: TradingDayStarted, stamped: Stamped) -> Iterator[Fact]:
    """Yield what a new trading day brings to the accounts, before its first trade."""
    views, at = stamped.views, command.at
    if command.market is HOME_MARKET:
        since = state.days.get(command.market)
        yield from grow_interest(state, since, command.trading_day, views, at)
    yield from apply_actions(state, stamped.actions, views, at)
    yield from pay_dividends(state, command.market, command.trading_day, at)
    yield from expire_options(state, command.market, command.trading_day, views, at)
    yield settle(state, command)
    if command.market is HOME_MARKET:
        yield from _new_credit(state, views, at)


def _new_credit(
    state: State, views: Mapping[Symbol, MarketView], at: datetime
) -> Iterator[CreditLimitChanged]:
    """Yield the credit of the day: a multiple of the equity at its start."""
    for account in state.accounts.values():
        if account.kind is AccountKind.CASH or account.finance_max is not None:
            continue
        equity = summary_of(state, account, views).net_assets
        times = state.settings.money.finance_times
        credit = down(default_finance_max(equity, times, _credit_cap(state, account)), CENTS)
        if credit != account.credit:
            yield CreditLimitChanged(account.account_no, credit, at)


def settle(state: State, command: TradingDayStarted) -> SettlementDone:
    """Return the settlement of everything due in a market on or before its new trading day."""
    settled = []
    for key in sorted(state.unsettled):
        market, settles_on, account_no, currency = key
        if market is not command.market or settles_on > command.trading_day:
            continue
        due = state.unsettled[key]
        entry = settlement_entry(account_no, currency, due.receivable - due.payable)
        settled.append(
            Settled(account_no, currency, settles_on, due.receivable, due.payable, entry)
        )
    return SettlementDone(command.market, command.trading_day, command.at, tuple(settled))
