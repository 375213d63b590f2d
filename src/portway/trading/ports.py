"""What the trading side needs from outside: a journal with read models, and facts of the market.

Adapters implement these in `storage/` and `market/`; nothing here knows how. Rows are what the read
models hold; they are written in the same transaction as the facts they follow from, so a query sees
everything that was answered. `seq` and `index` order rows: position of the record in the journal
and of the fact within it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Protocol

from msgspec import Struct, field

from portway.model.account import AccountKind, Standing
from portway.model.command import MarketView
from portway.model.corporate_action import CorporateAction, Redemption
from portway.model.derivative import OptionTerms
from portway.model.event import Fact, Hold
from portway.model.execution import Execution
from portway.model.money import Currency
from portway.model.order import Order, OrderSide, OrderStatus
from portway.model.symbol import Market, Symbol

__all__ = [
    "AccountRow",
    "BalanceRow",
    "BusinessType",
    "CashFlowFilter",
    "CashFlowRow",
    "ChargeRow",
    "EventFeed",
    "ExecutionFilter",
    "ExecutionRow",
    "Journal",
    "JournalCorrupt",
    "JournalRecord",
    "MarketFacts",
    "NothingWritten",
    "OrderEventRow",
    "OrderFilter",
    "OrderRow",
    "PositionRow",
    "Published",
    "PublishedFact",
    "ReadModels",
    "Row",
    "ShareMoveRow",
    "WriteFailed",
]


class JournalCorrupt(Exception):
    """A record of the journal is damaged or missing; the message says which and what to do."""


class WriteFailed(Exception):
    """A batch could not be made durable; whether it was is for recovery to find out."""


class NothingWritten(WriteFailed):
    """A batch was not written, and no part of it will ever be found."""


class BusinessType(IntEnum):
    """What a line of the cash flow is about; numbers of the asset API."""

    CASH = 1
    STOCK = 2
    FUND = 3


class JournalRecord(Struct, frozen=True):
    """The facts of one command, encoded.

    Attributes:
        seq: From 1, without gaps, per venue.
    """

    seq: int
    payload: bytes


class AccountRow(Struct, frozen=True):
    """An account as it stands.

    Attributes:
        credit: How much it may borrow, in its base currency.
        closed_at: None: it is open.
    """

    account_no: str
    name: str
    base_currency: Currency
    channel: str
    opened_at: datetime
    kind: AccountKind = AccountKind.CASH
    credit: Decimal = Decimal(0)
    closed_at: datetime | None = None
    standing: Standing = field(default_factory=Standing)


class OrderRow(Struct, frozen=True):
    """An order as it stands.

    Attributes:
        submitted_day: The trading day it was submitted for.
        changed_day: The trading day in which it changed last.
    """

    order: Order
    hold: Hold
    market: Market
    submitted_day: date
    changed_day: date
    seq: int


class OrderEventRow(Struct, frozen=True):
    """One line of an order's history: a status reached or an execution.

    Attributes:
        price: Execution price; else the limit price, None for a market order.
        quantity: Executed shares of an execution; open shares when the order ends; else the
            submitted shares.
    """

    order_id: int
    seq: int
    index: int
    at: datetime
    status: OrderStatus
    price: Decimal | None
    quantity: Decimal
    msg: str


class ExecutionRow(Struct, frozen=True):
    execution: Execution
    market: Market
    seq: int
    index: int


class ChargeRow(Struct, frozen=True):
    """What one fee of one execution added to an order's charges."""

    order_id: int
    seq: int
    index: int
    name: str
    amount: Decimal
    currency: Currency


class CashFlowRow(Struct, frozen=True):
    """One movement of money.

    Attributes:
        index: Such that newest first puts the fees of an execution right after it.
        name: What it is, a code: `BuyContract-Stocks`, `SellContract-Stocks`, `Deposit`,
            `Withdraw`, `CurrencyExchange`, `Dividend`, `CashInLieu`, `Reset`, `DEBIT_INTEREST`,
            `BORROW_FEE`, `DIVIDEND_TAX`, or the code of a fee.
        amount: Signed, negative for money that leaves.
        symbol: "" when it is about none.
    """

    account_no: str
    seq: int
    index: int
    name: str
    business_type: BusinessType
    amount: Decimal
    currency: Currency
    at: datetime
    symbol: str
    description: str


class PositionRow(Struct, frozen=True):
    """Shares of one symbol in one account.

    Attributes:
        frozen_quantity: Held by working sell orders.
        quantity: Below zero: sold short.
        locked_quantity: Bought too recently to be sold.
        init_quantity: Before the running trading day began.
        cost_price: Average execution price without fees.
        pledged_quantity: Stays for calls that the account has written.
        option: Terms of a contract; None: a security that is none.
    """

    account_no: str
    symbol: Symbol
    market: Market
    currency: Currency
    quantity: Decimal
    frozen_quantity: Decimal
    locked_quantity: Decimal
    init_quantity: Decimal
    cost_price: Decimal
    pledged_quantity: Decimal = Decimal(0)
    option: OptionTerms | None = None

    @property
    def available_quantity(self) -> Decimal:
        """Free to sell now."""
        kept = self.frozen_quantity + self.locked_quantity + self.pledged_quantity
        return self.quantity - kept


class BalanceRow(Struct, frozen=True):
    """Money of one currency in one account.

    Attributes:
        cash: Ledger cash, unsettled money included.
        frozen_cash: Held by working buy orders, estimated fees included.
        frozen_fees: The fees in it.
        receivable: Unsettled proceeds of sales, zero or more.
        payable: Unsettled cost of purchases, zero or more.
        interest: Accrued and not posted yet, exact; zero or more: it is owed.
        pledged_cash: Stays for puts that a cash account has written.
    """

    account_no: str
    currency: Currency
    cash: Decimal
    frozen_cash: Decimal
    frozen_fees: Decimal
    receivable: Decimal
    payable: Decimal
    interest: Decimal = Decimal(0)
    pledged_cash: Decimal = Decimal(0)


class ShareMoveRow(Struct, frozen=True):
    """Shares that came or went without an execution.

    Attributes:
        name: `SPLIT`, `RENAMED` or `RESET`.
        quantity: Signed.
    """

    account_no: str
    seq: int
    index: int
    name: str
    symbol: Symbol
    quantity: Decimal
    at: datetime


Row = (
    AccountRow
    | OrderRow
    | OrderEventRow
    | ExecutionRow
    | ChargeRow
    | CashFlowRow
    | PositionRow
    | BalanceRow
    | ShareMoveRow
)


class OrderFilter(Struct, frozen=True):
    """Which orders; None and empty mean no restriction. Conditions are joined by AND.

    Attributes:
        days: Today's orders: per market the running trading day; an order passes when it is still
            working, or was submitted for or changed on that day or later.
        before_days: History, the rest: per market the running trading day; an order passes when it
            has ended, and changed last on a day before.
        submitted_from, submitted_to: Market instants, both inclusive.
    """

    symbol: Symbol | None = None
    statuses: frozenset[OrderStatus] = frozenset()
    side: OrderSide | None = None
    market: Market | None = None
    order_id: int | None = None
    days: Mapping[Market, date] | None = None
    before_days: Mapping[Market, date] | None = None
    submitted_from: datetime | None = None
    submitted_to: datetime | None = None

    def passes(self, row: OrderRow) -> bool:
        """Tell whether an order meets every condition; adapters must agree with this."""
        order = row.order
        return (
            (self.symbol is None or order.terms.symbol == self.symbol)
            and (not self.statuses or order.status in self.statuses)
            and (self.side is None or order.terms.side is self.side)
            and (self.market is None or row.market is self.market)
            and (self.order_id is None or order.order_id == self.order_id)
            and (not order.is_terminal or _since(self.days, row.market, row.changed_day))
            and _before(self.before_days, row.market, row.changed_day)
            and (self.before_days is None or row.order.is_terminal)
            and (self.submitted_from is None or order.submitted_at >= self.submitted_from)
            and (self.submitted_to is None or order.submitted_at <= self.submitted_to)
        )


class ExecutionFilter(Struct, frozen=True):
    """Which executions; `days`, `before_days` and times as in `OrderFilter`."""

    symbol: Symbol | None = None
    order_id: int | None = None
    days: Mapping[Market, date] | None = None
    before_days: Mapping[Market, date] | None = None
    done_from: datetime | None = None
    done_to: datetime | None = None

    def passes(self, row: ExecutionRow) -> bool:
        """Tell whether an execution meets every condition; adapters must agree with this."""
        execution = row.execution
        return (
            (self.symbol is None or execution.symbol == self.symbol)
            and (self.order_id is None or execution.order_id == self.order_id)
            and _since(self.days, row.market, execution.trading_day)
            and _before(self.before_days, row.market, execution.trading_day)
            and (self.done_from is None or execution.at >= self.done_from)
            and (self.done_to is None or execution.at <= self.done_to)
        )


class CashFlowFilter(Struct, frozen=True):
    """Which movements; both instants inclusive."""

    begin: datetime
    end: datetime
    business_type: BusinessType | None = None
    symbol: Symbol | None = None

    def passes(self, row: CashFlowRow) -> bool:
        """Tell whether a movement meets every condition; adapters must agree with this."""
        return (
            self.begin <= row.at <= self.end
            and (self.business_type is None or row.business_type is self.business_type)
            and (self.symbol is None or row.symbol == self.symbol)
        )


def _since(days: Mapping[Market, date] | None, market: Market, day: date) -> bool:
    """Tell whether a day is its market's or later; a market without a day has nothing today."""
    return days is None or (market in days and day >= days[market])


def _before(days: Mapping[Market, date] | None, market: Market, day: date) -> bool:
    """Tell whether a day is before its market's; where a market has none, all is history."""
    return days is None or market not in days or day < days[market]


class Journal(Protocol):
    """The ordered log of a venue's facts. Called from one worker thread."""

    def last_seq(self, venue: str) -> int:
        """Position of the newest record, 0 for none."""
        ...

    def read(self, venue: str, after_seq: int = 0) -> Iterator[JournalRecord]:
        """Records after `after_seq`, ascending, each checked against the one before.

        Raises:
            JournalCorrupt: At the first record that is not what was written.
        """
        ...

    def append(self, venue: str, records: Sequence[JournalRecord], rows: Sequence[Row]) -> None:
        """Write records and rows in one transaction; durable on return.

        Raises:
            NothingWritten: If it is certain that nothing was kept, nor will be after a crash.
            WriteFailed: If neither is certain.
        """
        ...

    def probe(self) -> None:
        """Make something small durable, to learn whether the next batch can be.

        Raises:
            WriteFailed: If it could not.
        """
        ...

    def save_snapshot(self, venue: str, snapshot: JournalRecord) -> None:
        """Keep the encoded state after the record `snapshot.seq`, in place of an older one.

        Raises:
            WriteFailed: If it could not be kept; the journal is not touched.
        """
        ...

    def snapshot(self, venue: str) -> JournalRecord | None:
        """Return the latest snapshot that belongs to this journal; None: there is none."""
        ...


class ReadModels(Protocol):
    """Rows that follow from the journal. Safe to call from any thread; newest first."""

    def accounts(self) -> Sequence[AccountRow]:
        """Every account, by number."""
        ...

    def account(self, account_no: str) -> AccountRow | None: ...

    def orders(
        self, account_no: str, where: OrderFilter, *, limit: int, offset: int = 0
    ) -> Sequence[OrderRow]: ...

    def order(self, order_id: int) -> OrderRow | None: ...

    def order_events(self, order_id: int) -> Sequence[OrderEventRow]: ...

    def charges(self, order_id: int) -> Sequence[ChargeRow]:
        """Fees of one order as they were charged, oldest first."""
        ...

    def executions(
        self, account_no: str, where: ExecutionFilter, *, limit: int, offset: int = 0
    ) -> Sequence[ExecutionRow]: ...

    def cash_flow(
        self, account_no: str, where: CashFlowFilter, *, limit: int, offset: int = 0
    ) -> Sequence[CashFlowRow]: ...

    def share_moves(self, account_no: str) -> Sequence[ShareMoveRow]:
        """Every move of shares that was no execution."""
        ...

    def positions(self, account_no: str) -> Sequence[PositionRow]:
        """Positions that are not flat, by symbol."""
        ...

    def balances(self, account_no: str) -> Sequence[BalanceRow]:
        """One per currency ever held, by currency."""
        ...


class PublishedFact(Struct, frozen=True):
    """A durable fact and, for a fact about an order, the order right after it."""

    fact: Fact
    order: Order | None = None


class Published(Struct, frozen=True):
    """The durable facts of one command, in order; of one that brought many about, some of them."""

    seq: int
    facts: tuple[PublishedFact, ...]


class EventFeed(Protocol):
    """Where durable facts are told; a listener must not block and must not raise."""

    def listen(self, listener: Callable[[Published], None]) -> Callable[[], None]:
        """Call `listener` for everything that follows, by `seq`; returns how to stop."""
        ...


class MarketFacts(Protocol):
    """The present of the outside markets, as the runner puts it beside a command."""

    def view(self, symbol: Symbol) -> MarketView | None:
        """What is known of a symbol now; None: no such symbol."""
        ...

    def now(self, market: Market) -> datetime:
        """The market's present instant, UTC."""
        ...

    def actions(
        self, symbol: Symbol, after: date, through: date
    ) -> Sequence[CorporateAction | Redemption]:
        """Corporate actions of a symbol with `after < ex_date <= through`, in order."""
        ...

    def working_symbols_changed(self, symbols: Collection[Symbol]) -> None:
        """Feed `VenueRunner.market_moved` for exactly these symbols from now on."""
        ...
