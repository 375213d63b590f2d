"""Facts about accounts: money in and out, credit, interest, dividends, shares, settlement.

Every amount that follows is in the fact, with its ledger entry where something moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from portway.model.account import AccountKind
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
    "PositionAdjusted",
    "Settled",
    "SettlementDone",
]


@dataclass(frozen=True, slots=True)
class AccountOpened:
    account_no: str
    name: str
    base_currency: Currency
    channel: str
    at: datetime
    kind: AccountKind = AccountKind.CASH
    finance_max: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CashDeposited:
    """Money came in, final at once; `amount` above zero."""

    account_no: str
    currency: Currency
    amount: Decimal
    note: str
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class CashWithdrawn:
    """Money left; `amount` above zero."""

    account_no: str
    currency: Currency
    amount: Decimal
    note: str
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class CashConverted:
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


@dataclass(frozen=True, slots=True)
class CreditLimitChanged:
    """How much a margin account may borrow from now on, in its base currency."""

    account_no: str
    amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Accrual:
    """Interest that grew on one account.

    Attributes:
        name: `DEBIT_INTEREST` or `BORROW_FEE`.
        weight: What was owed times its yearly rate times the days, in `currency`.
    """

    account_no: str
    name: str
    currency: Currency
    weight: Decimal


@dataclass(frozen=True, slots=True)
class InterestAccrued:
    """Interest grew up to the beginning of `through`, not posted yet."""

    through: date
    at: datetime
    accruals: tuple[Accrual, ...]


@dataclass(frozen=True, slots=True)
class InterestPosted:
    """What accrued on one account left its cash; `amount` above zero, or zero after rounding."""

    account_no: str
    name: str
    currency: Currency
    amount: Decimal
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class DividendRight:
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


@dataclass(frozen=True, slots=True)
class DividendDeclared:
    """A security trades without a dividend from `ex_date` on: who gets how much, and when."""

    symbol: Symbol
    ex_date: date
    at: datetime
    rights: tuple[DividendRight, ...]


@dataclass(frozen=True, slots=True)
class DividendPaid:
    right: DividendRight
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class PositionAdjusted:
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


@dataclass(frozen=True, slots=True)
class AccountReset:
    """An account holds nothing any more; its history stays."""

    account_no: str
    at: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class AccountClosed:
    account_no: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
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


@dataclass(frozen=True, slots=True)
class SettlementDone:
    """A market's trading day began and what was due is final."""

    market: Market
    trading_day: date
    at: datetime
    settled: tuple[Settled, ...]
