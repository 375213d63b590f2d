"""Facts about accounts: money in and out, credit, interest, dividends, shares, settlement.

Every amount that follows is in the fact, with its ledger entry where something moved.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from portway.model.account import AccountKind, Standing
from portway.model.derivative import OptionTerms
from portway.model.entry import Entry
from portway.model.money import Currency
from portway.model.symbol import Market, Symbol

__all__ = [
    "AccountClosed",
    "AccountOpened",
    "AccountReset",
    "Accrual",
    "CashConverted",
    "CashDeposited",
    "CashWithdrawn",
    "CreditLimitChanged",
    "DividendDeclared",
    "DividendPaid",
    "DividendRight",
    "InterestAccrued",
    "InterestPosted",
    "OptionExpired",
    "MarginCallMet",
    "MarginCalled",
    "PositionAdjusted",
    "ProductRedeemed",
    "Settled",
    "SettlementDone",
    "StandingChanged",
]


class AccountOpened(Struct, frozen=True, gc=False):
    account_no: str
    name: str
    base_currency: Currency
    channel: str
    at: datetime
    kind: AccountKind = AccountKind.CASH
    finance_max: Decimal | None = None
    standing: Standing = Standing()


class StandingChanged(Struct, frozen=True, gc=False):
    """What an account may do apart from its money is `standing` from now on."""

    account_no: str
    standing: Standing
    at: datetime


class CashDeposited(Struct, frozen=True, gc=False):
    """Money came in, final at once; `amount` above zero."""

    account_no: str
    currency: Currency
    amount: Decimal
    note: str
    at: datetime
    entry: Entry


class CashWithdrawn(Struct, frozen=True, gc=False):
    """Money left; `amount` above zero."""

    account_no: str
    currency: Currency
    amount: Decimal
    note: str
    at: datetime
    entry: Entry


class CashConverted(Struct, frozen=True, gc=False):
    """Money of one currency became money of another, final at once; both amounts above zero.

    Attributes:
        rate: `bought` for one unit of `sold`, before rounding to the cent.
    """

    account_no: str
    sold: Currency
    sold_amount: Decimal
    bought: Currency
    bought_amount: Decimal
    rate: Decimal
    at: datetime
    entry: Entry


class CreditLimitChanged(Struct, frozen=True, gc=False):
    """How much a margin account may borrow from now on, in its base currency."""

    account_no: str
    amount: Decimal
    at: datetime


class MarginCalled(Struct, frozen=True):
    """An account's equity has fallen to maintenance margin.

    Attributes:
        amount: What was missing, in its base currency, zero or more.
    """

    account_no: str
    at: datetime
    amount: Decimal


class MarginCallMet(Struct, frozen=True):
    """An account's equity is above maintenance margin again."""

    account_no: str
    at: datetime


class Accrual(Struct, frozen=True, gc=False):
    """Interest that grew on one account.

    Attributes:
        name: `DEBIT_INTEREST` or `BORROW_FEE`.
        weight: What was owed times its yearly rate times the days, in `currency`.
    """

    account_no: str
    name: str
    currency: Currency
    weight: Decimal


class InterestAccrued(Struct, frozen=True, gc=False):
    """Interest grew up to the beginning of `through`, not posted yet."""

    through: date
    at: datetime
    accruals: tuple[Accrual, ...]


class InterestPosted(Struct, frozen=True, gc=False):
    """What accrued on one account left its cash; `amount` above zero, or zero after rounding."""

    account_no: str
    name: str
    currency: Currency
    amount: Decimal
    at: datetime
    entry: Entry


class DividendRight(Struct, frozen=True, gc=False):
    """A claim to a dividend: of whoever held the shares before the ex-date.

    Attributes:
        quantity: Shares held; below zero: shares sold short, whose seller pays.
        gross: Signed as `quantity`; `tax`: withheld of it, zero or more.
    """

    account_no: str
    symbol: Symbol
    currency: Currency
    quantity: Decimal
    gross: Decimal
    tax: Decimal
    pay_date: date


class DividendDeclared(Struct, frozen=True, gc=False):
    """A security trades without a dividend from `ex_date` on: who gets how much, and when."""

    symbol: Symbol
    ex_date: date
    at: datetime
    rights: tuple[DividendRight, ...]


class DividendPaid(Struct, frozen=True, gc=False):
    right: DividendRight
    at: datetime
    entry: Entry


class PositionAdjusted(Struct, frozen=True, gc=False):
    """A position changed by a split, a bonus or a change of symbol.

    Attributes:
        symbol: Before; `new_symbol` after, most often the same.
        ratio: New shares for each old one, fractions of a share not yet cut off.
        quantity: Afterwards; what was left of it as a fraction was paid as `cash`.
        entry: Shares and cash, balanced.
    """

    account_no: str
    symbol: Symbol
    new_symbol: Symbol
    currency: Currency
    ratio: Decimal
    quantity: Decimal
    cost_price: Decimal
    cash: Decimal
    at: datetime
    entry: Entry


class OptionExpired(Struct, frozen=True, gc=False):
    """An option has come to its end in one account.

    Attributes:
        contracts: That it held; below zero: that it had written.
        close: Official close of the underlying on the expiry day.
        shares: Of the underlying that came; below zero: went.
        cash: That came for them, or as the difference; below zero: went.
        is_exercised: Whether it was exercised, or assigned where it was written.
    """

    account_no: str
    symbol: Symbol
    option: OptionTerms
    currency: Currency
    contracts: Decimal
    close: Decimal
    shares: Decimal
    cash: Decimal
    at: datetime
    entry: Entry
    is_exercised: bool


class ProductRedeemed(Struct, frozen=True, gc=False):
    """A structured product has ended in one account; its cash settles on the entry's day.

    Attributes:
        price: Cash for each one, exact; `cash` for all, to the cent.
        called: Whether the underlying had reached its call price.
    """

    account_no: str
    symbol: Symbol
    currency: Currency
    quantity: Decimal
    price: Decimal
    cash: Decimal
    called: bool
    at: datetime
    entry: Entry


class AccountReset(Struct, frozen=True, gc=False):
    """An account holds nothing any more; its history stays."""

    account_no: str
    at: datetime
    entry: Entry


class AccountClosed(Struct, frozen=True, gc=False):
    account_no: str
    at: datetime


class Settled(Struct, frozen=True, gc=False):
    """Unsettled money of one account and one day of settlement that becomes final.

    Attributes:
        receivable: From sales, zero or more; `payable`: for purchases, zero or more.
    """

    account_no: str
    currency: Currency
    settles_on: date
    receivable: Decimal
    payable: Decimal
    entry: Entry


class SettlementDone(Struct, frozen=True, gc=False):
    """A market's trading day began and what was due is final."""

    market: Market
    trading_day: date
    at: datetime
    settled: tuple[Settled, ...]
