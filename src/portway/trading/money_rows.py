"""From facts about accounts to rows: money in and out, exchange, interest, dividends, splits.

Part of the projections; rows of balances and positions are copied from the state as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from portway.core.funds import accrued_interest
from portway.core.state import State
from portway.model.derivative import OptionTerms
from portway.model.event import (
    AccountClosed,
    AccountReset,
    CashConverted,
    CashDeposited,
    CashWithdrawn,
    CreditLimitChanged,
    DividendPaid,
    Fact,
    InterestAccrued,
    InterestPosted,
    OptionExpired,
    PositionAdjusted,
    ProductRedeemed,
    StandingChanged,
)
from portway.model.money import Currency
from portway.model.symbol import Symbol, market_of
from portway.trading.ports import (
    AccountRow,
    BalanceRow,
    BusinessType,
    CashFlowRow,
    PositionRow,
    Row,
    ShareMoveRow,
)

__all__ = [
    "ROWS_PER_FACT_MAX",
    "account_row",
    "balance_row",
    "money_rows",
    "pledge_rows",
    "position_rows",
]

# Lines of cash flow that one fact can make; spaces their index.
ROWS_PER_FACT_MAX: Final = 100


def money_rows(state: State, fact: Fact, seq: int, index: int) -> Iterator[Row]:
    """Yield the rows of a fact about an account's money or shares in which no order has a part."""
    flow = _Flow(seq, index)
    match fact:
        case CashDeposited():
            yield flow.row(
                fact.account_no, "Deposit", fact.amount, fact.currency, fact.at, note=fact.note
            )
            yield balance_row(state, fact.account_no, fact.currency)
        case CashWithdrawn():
            yield flow.row(
                fact.account_no, "Withdraw", -fact.amount, fact.currency, fact.at, note=fact.note
            )
            yield balance_row(state, fact.account_no, fact.currency)
        case CashConverted():
            yield from _conversion_rows(state, fact, flow)
        case CreditLimitChanged() | AccountClosed() | StandingChanged():
            yield account_row(state, fact.account_no)
        case InterestAccrued():
            touched = {(one.account_no, one.currency): None for one in fact.accruals}
            for account_no, currency in touched:
                yield balance_row(state, account_no, currency)
        case InterestPosted():
            yield flow.row(fact.account_no, fact.name, -fact.amount, fact.currency, fact.at)
            yield balance_row(state, fact.account_no, fact.currency)
        case DividendPaid():
            yield from _dividend_rows(state, fact, flow)
        case PositionAdjusted():
            yield from _adjustment_rows(state, fact, flow)
        case OptionExpired():
            yield from _expiry_rows(state, fact, flow)
        case ProductRedeemed():
            yield from _redemption_rows(state, fact, flow)
        case AccountReset():
            yield from _reset_rows(state, fact, flow)


class _Flow:
    """Lines of the cash flow of one fact; lists are newest first, so each counts down."""

    def __init__(self, seq: int, index: int) -> None:
        self.seq = seq
        self._next = (index + 1) * ROWS_PER_FACT_MAX - 1

    def take(self) -> int:
        """Return the place of the next line."""
        place, self._next = self._next, self._next - 1
        return place

    def row(
        self,
        account_no: str,
        name: str,
        amount: Decimal,
        currency: Currency,
        at: datetime,
        *,
        symbol: str = "",
        note: str = "",
    ) -> CashFlowRow:
        """Return the next line; what is about a security is stock business."""
        return CashFlowRow(
            account_no=account_no,
            seq=self.seq,
            index=self.take(),
            name=name,
            business_type=BusinessType.STOCK if symbol else BusinessType.CASH,
            amount=amount,
            currency=currency,
            at=at,
            symbol=symbol,
            description=note,
        )


def _conversion_rows(state: State, fact: CashConverted, flow: _Flow) -> Iterator[Row]:
    note = f"{fact.sold} to {fact.bought} at {fact.rate:.8f}"
    legs = ((fact.sold, -fact.sold_amount), (fact.bought, fact.bought_amount))
    for currency, amount in legs:
        yield flow.row(fact.account_no, "CurrencyExchange", amount, currency, fact.at, note=note)
        yield balance_row(state, fact.account_no, currency)


def _dividend_rows(state: State, fact: DividendPaid, flow: _Flow) -> Iterator[Row]:
    right = fact.right
    for name, amount in (("Dividend", right.gross), ("DIVIDEND_TAX", -right.tax)):
        if amount:
            yield flow.row(
                right.account_no,
                name,
                amount,
                right.currency,
                fact.at,
                symbol=right.symbol,
                note=f"{right.quantity:f} shares",
            )
    yield balance_row(state, right.account_no, right.currency)


def _adjustment_rows(state: State, fact: PositionAdjusted, flow: _Flow) -> Iterator[Row]:
    no = fact.account_no
    name = "SPLIT" if fact.symbol == fact.new_symbol else "RENAMED"
    for posting in fact.entry.postings:
        if posting.account.endswith(":shares") and posting.account.startswith("client:"):
            symbol = Symbol(posting.asset)
            yield ShareMoveRow(no, flow.seq, flow.take(), name, symbol, posting.amount, fact.at)
    if fact.cash:
        yield flow.row(no, "CashInLieu", fact.cash, fact.currency, fact.at, symbol=fact.new_symbol)
        yield balance_row(state, no, fact.currency)
    if fact.symbol != fact.new_symbol:
        yield _no_position(no, fact.symbol, fact.currency)
    yield from position_rows(state, no, fact.new_symbol)


def _expiry_rows(state: State, fact: OptionExpired, flow: _Flow) -> Iterator[Row]:
    no, underlying = fact.account_no, fact.option.underlying
    name = "EXPIRED"
    if fact.is_exercised:
        name = "EXERCISED" if fact.contracts > 0 else "ASSIGNED"
    for symbol, quantity in ((fact.symbol, -fact.contracts), (underlying, fact.shares)):
        if quantity:
            yield ShareMoveRow(no, flow.seq, flow.take(), name, symbol, quantity, fact.at)
    if fact.cash:
        line = "OptionExercise" if fact.contracts > 0 else "OptionAssignment"
        yield flow.row(no, line, fact.cash, fact.currency, fact.at, symbol=fact.symbol)
    yield _no_position(no, fact.symbol, fact.currency)
    yield from pledge_rows(state, no, fact.option)


def _redemption_rows(state: State, fact: ProductRedeemed, flow: _Flow) -> Iterator[Row]:
    no, name = fact.account_no, "CALLED" if fact.called else "REDEEMED"
    place = flow.take()
    yield ShareMoveRow(no, flow.seq, place, name, fact.symbol, -fact.quantity, fact.at)
    if fact.cash:
        line = "CbbcResidual" if fact.called else "WarrantSettlement"
        yield flow.row(no, line, fact.cash, fact.currency, fact.at, symbol=fact.symbol)
        yield balance_row(state, no, fact.currency)
    yield _no_position(no, fact.symbol, fact.currency)


def _reset_rows(state: State, fact: AccountReset, flow: _Flow) -> Iterator[Row]:
    no = fact.account_no
    account = state.accounts[no]
    yield account_row(state, no)
    for posting in fact.entry.postings:
        if posting.account == "world:cash" and posting.amount:
            currency = Currency(posting.asset)
            yield flow.row(no, "Reset", -posting.amount, currency, fact.at)
        elif posting.account == "world:shares":
            symbol = Symbol(posting.asset)
            yield ShareMoveRow(no, flow.seq, flow.take(), "RESET", symbol, -posting.amount, fact.at)
    for currency in account.purses:
        yield balance_row(state, no, currency)
    for symbol in account.positions:
        yield from position_rows(state, no, symbol)


def account_row(state: State, account_no: str) -> AccountRow:
    """Return an account as it stands."""
    account = state.accounts[account_no]
    return AccountRow(
        account_no,
        account.name,
        account.base_currency,
        account.channel,
        account.opened_at,
        account.kind,
        account.credit,
        account.closed_at,
        account.standing,
    )


def balance_row(state: State, account_no: str, currency: Currency) -> BalanceRow:
    """Return the money of one currency as it stands."""
    account = state.accounts[account_no]
    purse = account.purse(currency)
    return BalanceRow(
        account_no,
        currency,
        purse.cash,
        purse.frozen_cash,
        purse.frozen_fees,
        purse.receivable,
        purse.payable,
        accrued_interest(account).get(currency.value, Decimal(0)),
        account.pledged_cash(currency),
    )


def position_rows(state: State, account_no: str, symbol: Symbol) -> Iterator[PositionRow]:
    """Yield the position in a security as it stands, if there is one."""
    account = state.accounts[account_no]
    position = account.positions.get(symbol)
    if position is None:  # A sale that was rejected for want of any share.
        return
    yield PositionRow(
        account_no,
        symbol,
        market_of(symbol),
        position.currency,
        position.quantity,
        position.frozen,
        position.locked_quantity,
        position.init_quantity,
        position.cost_price,
        account.pledged_shares(symbol),
        position.option,
    )


def pledge_rows(state: State, account_no: str, option: OptionTerms | None) -> Iterator[Row]:
    """Yield what contracts that are written keep from an account, beside their own position."""
    if option is None:
        return
    yield from position_rows(state, account_no, option.underlying)
    for currency in state.accounts[account_no].purses:
        yield balance_row(state, account_no, currency)


def _no_position(account_no: str, symbol: Symbol, currency: Currency) -> PositionRow:
    nothing = Decimal(0)
    market = market_of(symbol)
    return PositionRow(
        account_no, symbol, market, currency, nothing, nothing, nothing, nothing, nothing
    )
