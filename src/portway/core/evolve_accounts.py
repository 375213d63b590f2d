"""Adds up the events of accounts: money in and out, interest, dividends, splits, resets.

As `evolve.py`, whose part it is: every amount comes from the event.
"""

from __future__ import annotations

from decimal import Decimal

from portway.core.ledger import client_settling
from portway.core.state import Account, State, Unsettled, average_cost
from portway.model.derivative import option_after_split
from portway.model.event import (
    AccountClosed,
    AccountOpened,
    AccountReset,
    CashConverted,
    CashDeposited,
    CashWithdrawn,
    CreditLimitChanged,
    DividendDeclared,
    DividendPaid,
    InterestAccrued,
    InterestPosted,
    MarginCalled,
    MarginCallMet,
    OptionExpired,
    PositionAdjusted,
    ProductRedeemed,
    StandingChanged,
)
from portway.model.symbol import market_of

__all__ = ["AccountFact", "evolve_account"]

ZERO = Decimal(0)

AccountFact = (
    AccountOpened
    | StandingChanged
    | AccountReset
    | AccountClosed
    | CashDeposited
    | CashWithdrawn
    | CashConverted
    | CreditLimitChanged
    | InterestAccrued
    | InterestPosted
    | MarginCalled
    | MarginCallMet
    | DividendDeclared
    | DividendPaid
    | PositionAdjusted
    | OptionExpired
    | ProductRedeemed
)


def evolve_account(state: State, event: AccountFact) -> None:
    """Add `event` to `state`."""
    match event:
        case AccountOpened():
            _opened(state, event)
        case CashDeposited() | CashWithdrawn():
            sign = 1 if isinstance(event, CashDeposited) else -1
            state.ledger.add(event.entry)
            state.accounts[event.account_no].purse(event.currency).cash += sign * event.amount
        case CashConverted():
            state.ledger.add(event.entry)
            account = state.accounts[event.account_no]
            account.purse(event.sold).cash -= event.sold_amount
            account.purse(event.bought).cash += event.bought_amount
        case CreditLimitChanged():
            state.accounts[event.account_no].credit = event.amount
        case InterestAccrued():
            _accrued(state, event)
        case InterestPosted():
            _posted(state, event)
        case DividendDeclared():
            state.dividends += event.rights
        case DividendPaid():
            state.ledger.add(event.entry)
            state.dividends.remove(event.right)
            purse = state.accounts[event.right.account_no].purse(event.right.currency)
            purse.cash += event.right.gross - event.right.tax
        case PositionAdjusted():
            _adjusted(state, event)
        case OptionExpired():
            _expired(state, event)
        case ProductRedeemed():
            _redeemed(state, event)
        case MarginCalled():
            state.accounts[event.account_no].called_days = 0
        case MarginCallMet():
            state.accounts[event.account_no].called_days = None
        case StandingChanged():
            state.accounts[event.account_no].standing = event.standing
        case AccountReset():
            _reset(state, event)
        case AccountClosed():
            state.accounts[event.account_no].closed_at = event.at


def _opened(state: State, event: AccountOpened) -> None:
    assert event.account_no not in state.accounts, "an account is opened once"
    account = Account(event.account_no, event.name, event.base_currency, event.channel, event.at)
    account.kind, account.finance_max = event.kind, event.finance_max
    account.standing = event.standing
    state.accounts[event.account_no] = account


def _accrued(state: State, event: InterestAccrued) -> None:
    for one in event.accruals:
        weights = state.accounts[one.account_no].accrued.setdefault(one.name, {})
        weights[one.currency] = weights.get(one.currency, ZERO) + one.weight


def _posted(state: State, event: InterestPosted) -> None:
    state.ledger.add(event.entry)
    account = state.accounts[event.account_no]
    account.purse(event.currency).cash -= event.amount
    weights = account.accrued[event.name]
    del weights[event.currency]
    if not weights:
        del account.accrued[event.name]


def _adjusted(state: State, event: PositionAdjusted) -> None:
    state.ledger.add(event.entry)
    account = state.accounts[event.account_no]
    if event.cash:
        account.purse(event.currency).cash += event.cash
    old = account.positions.pop(event.symbol)
    account.options.pop(event.symbol, None)
    option = None if old.option is None else option_after_split(old.option, event.ratio)
    new = account.position(event.new_symbol, old.currency, option)
    held = new.quantity * new.cost_price + event.quantity * event.cost_price
    new.quantity += event.quantity
    new.cost_price = held / new.quantity if new.quantity else ZERO
    new.buying += old.buying
    new.frozen += old.frozen  # Orders that live on are adjusted next.
    new.locked += [(day, _whole(quantity * event.ratio)) for day, quantity in old.locked]


def _expired(state: State, event: OptionExpired) -> None:
    state.ledger.add(event.entry)
    account = state.accounts[event.account_no]
    old = account.positions.pop(event.symbol)
    assert old.frozen == old.buying == 0, "an expired option has no working order"
    del account.options[event.symbol]
    if event.cash:
        account.purse(event.currency).cash += event.cash
    if event.shares:
        position = account.position(event.option.underlying, event.currency)
        position.cost_price = average_cost(position, event.option.strike, event.shares)
        position.quantity += event.shares


def _redeemed(state: State, event: ProductRedeemed) -> None:
    state.ledger.add(event.entry)
    account, day = state.accounts[event.account_no], event.entry.settles_on
    assert day is not None, "a redemption is paid on a day"
    old = account.positions.pop(event.symbol)
    assert old.frozen == old.buying == 0, "an ended product has no working order"
    if event.cash:
        key = (market_of(event.symbol), day, event.account_no, event.currency)
        state.unsettled.setdefault(key, Unsettled()).receivable += event.cash
        purse = account.purse(event.currency)
        purse.cash += event.cash
        purse.receivable += event.cash


def _whole(quantity: Decimal) -> Decimal:
    return quantity // 1


def _reset(state: State, event: AccountReset) -> None:
    state.ledger.add(event.entry)
    no = event.account_no
    account = state.accounts[no]
    for purse in account.purses.values():
        assert not purse.frozen_cash, "an account that is reset has no working order"
        purse.cash = purse.receivable = purse.payable = ZERO
    for position in account.positions.values():
        position.quantity = position.cost_price = ZERO
        position.locked = []
    account.credit = ZERO
    account.called_days = None
    account.accrued = {}
    state.dividends = [one for one in state.dividends if one.account_no != no]
    for key in [key for key in state.unsettled if key[2] == no]:
        del state.unsettled[key]
    assert not any(
        state.ledger.balance(client_settling(no), currency) for currency in account.purses
    ), "nothing of a reset account is on its way"
