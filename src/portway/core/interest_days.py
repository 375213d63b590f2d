"""Interest of the accounts: grows with every day of the home market, leaves once a month.

Negative settled money bears debit interest, shares sold short a fee on their market value. The days
since the trading day before are counted by the calendar; those of a month that has ended are posted
with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from portway.core.funds import mark_of
from portway.core.interest import Accrued, day_basis
from portway.core.ledger import charge_entry
from portway.core.state import Account, State
from portway.model.account import MoneyRules
from portway.model.command import MarketView
from portway.model.event import Accrual, Fact, InterestAccrued, InterestPosted
from portway.model.money import Currency
from portway.model.symbol import Symbol

__all__ = ["BORROW_FEE", "DEBIT_INTEREST", "grow_interest"]

ZERO = Decimal(0)
DEBIT_INTEREST: Final = "DEBIT_INTEREST"
BORROW_FEE: Final = "BORROW_FEE"

Views = Mapping[Symbol, MarketView]


def grow_interest(
    state: State, since: date | None, day: date, views: Views, at: datetime
) -> Iterator[Fact]:
    """Yield the interest of the days from `since` up to the beginning of `day`.

    Args:
        since: The trading day before; None: there was none.
    """
    if since is None:
        return
    month = day.replace(day=1)
    if since < month:
        yield from _accrued(state, since, month, views, at)
        for account in state.accounts.values():
            yield from _posted(account, at)
    yield from _accrued(state, max(since, month), day, views, at)


def _accrued(
    state: State, since: date, day: date, views: Views, at: datetime
) -> Iterator[InterestAccrued]:
    days = (day - since).days
    rules = state.settings.money
    accruals = tuple(
        accrual
        for account in state.accounts.values()
        for accrual in _of_account(account, rules, days, views)
        if accrual.weight
    )
    if accruals:
        yield InterestAccrued(day, at, accruals)


def _of_account(account: Account, rules: MoneyRules, days: int, views: Views) -> Iterator[Accrual]:
    no = account.account_no
    for currency, purse in account.purses.items():
        weight = Accrued().add(purse.settling - purse.cash, rules.debit_rate(currency), days).weight
        yield Accrual(no, DEBIT_INTEREST, currency, weight)
    short: dict[Currency, Decimal] = {}
    for symbol, position in account.positions.items():
        if position.quantity < 0:
            price = mark_of(views.get(symbol)) or position.cost_price
            value = -position.quantity * price
            short[position.currency] = short.get(position.currency, ZERO) + value
    for currency, value in short.items():
        weight = Accrued().add(value, rules.borrow_rate, days).weight
        yield Accrual(no, BORROW_FEE, currency, weight)


def _posted(account: Account, at: datetime) -> Iterator[InterestPosted]:
    no = account.account_no
    owed = [
        (name, currency, weight)
        for name, weights in account.accrued.items()
        for currency, weight in weights.items()
    ]
    for name, currency, weight in owed:
        amount = Accrued(weight).posted(day_basis(currency))
        entry = charge_entry(no, name, currency, amount)
        yield InterestPosted(no, name, currency, amount, at, entry)
