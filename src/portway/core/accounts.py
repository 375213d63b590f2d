"""Accounts and their money: opened, paid in, paid out, settled.

Pure decisions like all of the core: a refusal alone, or facts with every amount in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from portway.core.ledger import deposit_entry, settlement_entry
from portway.core.state import State
from portway.model.command import Deposit, OpenAccount, TradingDayStarted, Withdraw
from portway.model.event import (
    AccountOpened,
    CashDeposited,
    CashWithdrawn,
    Event,
    OrderRefused,
    RefusalReason,
    Settled,
    SettlementDone,
)

__all__ = ["deposit", "open_account", "settle", "withdraw"]


def open_account(state: State, command: OpenAccount, at: datetime) -> Iterator[Event]:
    """Decide on a new account; its number must be free."""
    if not command.account_no:
        yield OrderRefused(RefusalReason.PARAMETER_INVALID, "account_no")
        return
    if command.account_no in state.accounts:
        yield OrderRefused(RefusalReason.ACCOUNT_EXISTS)
        return
    yield AccountOpened(
        command.account_no, command.name, command.base_currency, command.channel, at
    )


def deposit(state: State, command: Deposit, at: datetime) -> Iterator[Event]:
    """Decide on money paid in."""
    refused = _payment_refusal(state, command)
    if refused is not None:
        yield refused
        return
    entry = deposit_entry(command.account_no, command.currency, command.amount)
    yield CashDeposited(
        command.account_no, command.currency, command.amount, command.note, at, entry
    )


def withdraw(state: State, command: Withdraw, at: datetime) -> Iterator[Event]:
    """Decide on money paid out: neither unsettled nor reserved money may leave."""
    refused = _payment_refusal(state, command)
    if refused is not None:
        yield refused
        return
    purse = state.accounts[command.account_no].purses.get(command.currency)
    if purse is None or command.amount > purse.withdrawable:
        yield OrderRefused(RefusalReason.WITHDRAWABLE_EXCEEDED)
        return
    entry = deposit_entry(command.account_no, command.currency, -command.amount)
    yield CashWithdrawn(
        command.account_no, command.currency, command.amount, command.note, at, entry
    )


def _payment_refusal(state: State, command: Deposit | Withdraw) -> OrderRefused | None:
    if command.account_no not in state.accounts:
        return OrderRefused(RefusalReason.ACCOUNT_NOT_FOUND)
    if command.amount <= 0:
        return OrderRefused(RefusalReason.PARAMETER_INVALID, "amount")
    return None


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
