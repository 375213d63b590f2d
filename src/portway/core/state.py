"""The state of one venue: accounts, orders, resting queues, ledger, settlement.

Only `evolve` changes it, by adding up events; `decide` reads it. Nothing here decides, computes a
fee or knows the outside market. Everything is kept in insertion or sorted order, so that two folds
of one journal are equal in every respect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from portway.core.book import Book
from portway.core.ledger import Ledger
from portway.core.triggers import Watch
from portway.model.account import AccountKind, Standing
from portway.model.command import VenueSettings
from portway.model.curb import CurbKind
from portway.model.derivative import OptionTerms, strike_money
from portway.model.event import NO_HOLD, DividendRight, Hold
from portway.model.money import Currency
from portway.model.order import DayAuction, Order, OrderStatus, OrderType
from portway.model.symbol import Market, Symbol, market_of

__all__ = [
    "Account",
    "AuctionMark",
    "ClosedOrder",
    "Curb",
    "FeeDay",
    "LiveOrder",
    "Position",
    "Purse",
    "REQUEST_WINDOW",
    "State",
    "Unsettled",
    "average_cost",
]

ZERO = Decimal(0)
REQUEST_WINDOW = timedelta(minutes=10)  # How long a client's request id is remembered.


@dataclass(slots=True)
class Purse:
    """Money of one currency in one account.

    Attributes:
        cash: Ledger cash, unsettled money included.
        frozen_cash: Reserved for working buys, estimated fees included; `frozen_fees`: those fees.
        receivable: Unsettled proceeds; `payable`: unsettled cost; both zero or more.
    """

    cash: Decimal = ZERO
    frozen_cash: Decimal = ZERO
    frozen_fees: Decimal = ZERO
    receivable: Decimal = ZERO
    payable: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """What new orders may use."""
        return self.cash - self.frozen_cash

    @property
    def settling(self) -> Decimal:
        """Net unsettled money."""
        return self.receivable - self.payable


@dataclass(slots=True)
class Position:
    """Shares of one symbol in one account.

    Attributes:
        quantity: Below zero: sold short.
        frozen: Held by working sells; more than there is when they would go short.
        locked: Shares bought too recently to be sold: first day of sale and quantity, by day.
        init_quantity: Before the running trading day began.
        cost_price: Average execution price of the shares held or sold short, fees left out.
        buying: Cash held by working buys, fees left out.
        option: Terms of the contract; None: a security that is none, or nothing has traded yet.
    """

    currency: Currency
    quantity: Decimal = ZERO
    frozen: Decimal = ZERO
    locked: list[tuple[date, Decimal]] = field(default_factory=list)
    init_quantity: Decimal = ZERO
    cost_price: Decimal = ZERO
    buying: Decimal = ZERO
    option: OptionTerms | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is held and nothing is at work."""
        return not (self.quantity or self.frozen or self.buying)

    @property
    def shorting(self) -> Decimal:
        """Shares that working sells would go short with, or go further short."""
        return self.frozen - min(self.frozen, max(ZERO, self.quantity - self.locked_quantity))

    @property
    def written(self) -> Decimal:
        """Contracts that are sold short, or would be by working sells."""
        return max(ZERO, -self.quantity) + self.shorting

    @property
    def locked_quantity(self) -> Decimal:
        return sum((quantity for _, quantity in self.locked), ZERO)

    @property
    def available(self) -> Decimal:
        """Free to sell now; below zero as far as the account is, or would go, short."""
        return self.quantity - self.frozen - self.locked_quantity


def average_cost(position: Position, price: Decimal, moved: Decimal) -> Decimal:
    """Return the average after `moved` shares: what enlarges a position moves it, nothing else."""
    before, after = position.quantity, position.quantity + moved
    if not after:
        return ZERO
    if before * after <= 0:  # It begins, or turns from long to short or back.
        return price
    if abs(after) < abs(before):
        return position.cost_price
    return (position.cost_price * before + price * moved) / after


@dataclass(slots=True)
class Account:
    """An account's money, shares and the request ids it has used lately.

    Attributes:
        requests: By market, whose clock measures the window: client's request id to order id and
            the instant of its first use.
        live_orders: Number of orders that are not terminal.
        options: The positions that are options.
        finance_max: Its credit as it was opened with, in its base currency; None: by rule.
        credit: How much it may borrow now, in its base currency.
        called_days: Trading days of the home market since its margin call; None: there is none.
        standing: What it may do apart from its money.
        accrued: Interest not posted yet: debit times yearly rate times days, by its name.
    """

    account_no: str
    name: str
    base_currency: Currency
    channel: str
    opened_at: datetime
    kind: AccountKind = AccountKind.CASH
    finance_max: Decimal | None = None
    credit: Decimal = ZERO
    called_days: int | None = None
    standing: Standing = field(default_factory=Standing)
    accrued: dict[str, dict[Currency, Decimal]] = field(default_factory=dict)
    closed_at: datetime | None = None
    purses: dict[Currency, Purse] = field(default_factory=dict)
    positions: dict[Symbol, Position] = field(default_factory=dict)
    requests: dict[Market, dict[str, tuple[int, datetime]]] = field(default_factory=dict)
    live_orders: int = 0
    options: dict[Symbol, None] = field(default_factory=dict)

    def purse(self, currency: Currency) -> Purse:
        """Return the money of a currency to be changed; made when it is the first of it."""
        found = self.purses.get(currency)
        if found is None:
            found = self.purses[currency] = Purse()
        return found

    def position(
        self, symbol: Symbol, currency: Currency, option: OptionTerms | None = None
    ) -> Position:
        """Return the position in a security to be changed; made when there is none."""
        found = self.positions.get(symbol)
        if found is None:
            found = self.positions[symbol] = Position(currency, option=option)
            if option is not None:
                self.options[symbol] = None
        return found

    def available_cash(self, currency: Currency) -> Decimal:
        """Return what new orders may use of a currency."""
        purse = self.purses.get(currency)
        return purse.available - self.pledged_cash(currency) if purse is not None else ZERO

    def available_shares(self, symbol: Symbol) -> Decimal:
        """Return what may be sold of a security; below zero as far as it is short."""
        position = self.positions.get(symbol)
        return position.available - self.pledged_shares(symbol) if position is not None else ZERO

    def pledged_shares(self, symbol: Symbol) -> Decimal:
        """Return the shares that stay for calls the account has written, and no more than it has.

        What working orders would write counts as written.
        """
        if not self.options:
            return ZERO
        needed = sum(
            (
                position.written * option.multiplier
                for position, option in self._contracts()
                if option.is_call and option.underlying == symbol
            ),
            ZERO,
        )
        held = self.positions.get(symbol)
        return min(needed, max(ZERO, held.quantity)) if held is not None else ZERO

    def pledged_cash(self, currency: Currency) -> Decimal:
        """Return the money that a cash account keeps for puts it has written: their strikes."""
        if not self.options or self.kind is not AccountKind.CASH:
            return ZERO
        return sum(
            (
                strike_money(option, position.written)
                for position, option in self._contracts()
                if position.currency is currency
            ),
            ZERO,
        )

    def _contracts(self) -> Iterator[tuple[Position, OptionTerms]]:
        for symbol in self.options:
            position = self.positions[symbol]
            if position.option is not None:
                yield position, position.option


@dataclass(slots=True)
class FeeDay:
    """What an order has traded and paid on its running trading day."""

    on: date
    consideration: Decimal = ZERO
    quantity: Decimal = ZERO
    charged: dict[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class LiveOrder:
    """An order that is not terminal, with what the core remembers beside it.

    Attributes:
        arrival: Time priority in its queue, rising; None: not in a book.
        since: Market instant since which it may trade.
        executions: How many it has had.
        before_replace: Where a refused replace leads back to.
        watch: What a conditional order remembers of the prints so far; None: nothing yet.
        watched_from: Since when it waits for its trigger; earlier prints do not count.
        ahead: Outside shares ahead of it at its price, where the fill model counts them.
        bound: Worst price of a market order that waits for more; None: it does not.
        is_parked: A long-term order between two trading days: not at the exchange.
    """

    order: Order
    hold: Hold = NO_HOLD
    arrival: int | None = None
    since: datetime | None = None
    executions: int = 0
    fee_day: FeeDay | None = None
    before_replace: OrderStatus = OrderStatus.NEW
    watch: Watch | None = None
    watched_from: datetime | None = None
    ahead: Decimal = ZERO
    bound: Decimal | None = None
    is_parked: bool = False


class ClosedOrder(Struct, frozen=True):
    """A terminal order."""

    account_no: str
    order_type: OrderType
    status: OrderStatus
    parent_id: int | None = None


class AuctionMark(Struct, frozen=True):
    """How far the latest auction of a symbol has come.

    Attributes:
        is_over: Whether it was matched; before, its no-cancellation stage runs.
        lowest_ask, highest_bid: As recorded when that stage began.
    """

    trading_day: date
    auction: DayAuction
    is_over: bool
    lowest_ask: Decimal | None = None
    highest_bid: Decimal | None = None


class Curb(Struct, frozen=True):
    """What restricts the trading of a security; fields as in `TradingCurbed`."""

    kind: CurbKind
    until: datetime
    lower: Decimal | None = None
    upper: Decimal | None = None


@dataclass(slots=True)
class Unsettled:
    """Money of one account and currency that becomes final on one day of one market."""

    receivable: Decimal = ZERO
    payable: Decimal = ZERO


@dataclass(slots=True)
class State:
    """One venue.

    Attributes:
        orders: Orders that are not terminal, by id.
        closed: What is left of terminal orders, so that a late wish is answered rightly.
        books: The venue's own resting orders, by symbol.
        waiting: Orders that are accepted but not at the exchange, by market: not yet reported, or
            parked over night; in order of acceptance.
        unpriced: At-auction orders at the exchange, by symbol, in order of arrival.
        odd_lots: Odd-lot orders at the exchange, likewise.
        watching: Conditional orders that wait for their trigger, by symbol.
        lingering: Market orders that wait for more, by symbol.
        combinations: Multi-leg orders, in order of acceptance.
        timers: Instants for which orders wait.
        auctions: The latest auction of each symbol with orders.
        curbs: What restricts the trading of a symbol now.
        days: The running trading day of each market, as last told.
        arrivals: Counts arrivals in queues.
        symbols: Number of live orders by symbol; none: no entry.
        dividends: Claims that are not paid yet, in the order in which they arose.
    """

    settings: VenueSettings = field(default_factory=VenueSettings)
    is_configured: bool = False
    accounts: dict[str, Account] = field(default_factory=dict)
    orders: dict[int, LiveOrder] = field(default_factory=dict)
    closed: dict[int, ClosedOrder] = field(default_factory=dict)
    books: dict[Symbol, Book] = field(default_factory=dict)
    waiting: dict[Market, dict[int, None]] = field(default_factory=dict)
    unpriced: dict[Symbol, dict[int, None]] = field(default_factory=dict)
    odd_lots: dict[Symbol, dict[int, None]] = field(default_factory=dict)
    watching: dict[Symbol, dict[int, None]] = field(default_factory=dict)
    lingering: dict[Symbol, dict[int, None]] = field(default_factory=dict)
    combinations: dict[int, None] = field(default_factory=dict)
    timers: dict[int, datetime] = field(default_factory=dict)
    auctions: dict[Symbol, AuctionMark] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    unsettled: dict[tuple[Market, date, str, Currency], Unsettled] = field(default_factory=dict)
    curbs: dict[Symbol, Curb] = field(default_factory=dict)
    days: dict[Market, date] = field(default_factory=dict)
    arrivals: int = 0
    symbols: dict[Symbol, int] = field(default_factory=dict)
    dividends: list[DividendRight] = field(default_factory=list)

    def open_account(self, account_no: str) -> Account | None:
        """Return an account that is not closed."""
        account = self.accounts.get(account_no)
        return account if account is not None and account.closed_at is None else None

    def book(self, symbol: Symbol) -> Book:
        """Return the queue of a symbol to be changed; made when there is none."""
        found = self.books.get(symbol)
        if found is None:
            found = self.books[symbol] = Book()
        return found

    def due_between(self, market: Market, after: datetime, until: datetime) -> list[datetime]:
        """Return the instants, `after < at <= until`, at which something of a market falls due.

        Orders wait for them, or a curb ends; in order, each once.
        """
        due = {
            at
            for order_id, at in self.timers.items()
            if after < at <= until and market_of(self.orders[order_id].order.terms.symbol) is market
        }
        due |= {
            curb.until
            for symbol, curb in self.curbs.items()
            if after < curb.until <= until and market_of(symbol) is market
        }
        return sorted(due)

    def watching_of(self, symbol: Symbol) -> Iterator[LiveOrder]:
        """Yield the conditional orders of a symbol that wait for their trigger."""
        for order_id in tuple(self.watching.get(symbol, ())):
            if order_id in self.orders:
                yield self.orders[order_id]

    def waiting_in(self, market: Market) -> Iterator[LiveOrder]:
        """Yield orders that wait to be reported, in order of acceptance."""
        for order_id in tuple(self.waiting.get(market, ())):
            if order_id in self.orders:
                yield self.orders[order_id]

    def live_in(self, market: Market) -> Iterator[LiveOrder]:
        """Yield orders of a market that are not terminal, by id."""
        for live in tuple(self.orders.values()):
            if market_of(live.order.terms.symbol) is market:
                yield live
