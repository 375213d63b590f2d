"""The read side of trading: what clients ask about orders, executions, money and positions.

Answers come from the read models alone, so they never wait for the venue and always contain what
was answered. Prices, exchange rates and the running trading days are brought by the caller. Every
method is synchronous, quick, and safe to call from any thread. Lists are newest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from portway.core import fees
from portway.core.buying_power import CashView, HoldingView, Summary, summarise, withdrawable
from portway.core.order_checks import Touch, reserve_price
from portway.model.command import MarketView, VenueSettings
from portway.model.entry import Fee
from portway.model.money import Currency
from portway.model.order import Order, OrderSide, OrderType
from portway.model.symbol import Market, Symbol, market_of
from portway.trading.ports import (
    AccountRow,
    BalanceRow,
    CashFlowFilter,
    CashFlowRow,
    ChargeRow,
    ExecutionFilter,
    ExecutionRow,
    OrderEventRow,
    OrderFilter,
    OrderRow,
    PositionRow,
    ReadModels,
)

__all__ = [
    "BROKER_FEES",
    "AccountSummary",
    "CashInfo",
    "ExecutionPage",
    "MarginRatio",
    "MaxQuantity",
    "OrderDetail",
    "OrderPage",
    "TradeQueries",
]

ROWS_MAX = 1000  # Orders and executions in one answer; more: the flag `has_more`.
CASH_FLOW_ROWS_MAX = 10_000
BROKER_FEES = fees.BROKER_FEES
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders, newest first; `has_more` when more match."""

    orders: tuple[Order, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ExecutionPage:
    """Executions, newest first; `has_more` when more match."""

    executions: tuple[ExecutionRow, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """An order with its life, newest first, and what it cost so far, by fee.

    Which fees are the broker's and which third parties': `portway.trading.queries.BROKER_FEES`.
    """

    order: Order
    history: tuple[OrderEventRow, ...]
    charges: tuple[Fee, ...]

    @property
    def charges_total(self) -> Decimal:
        """In the order's currency."""
        return sum((fee.amount for fee in self.charges), ZERO)


@dataclass(frozen=True, slots=True)
class CashInfo:
    """Money of one currency as the asset API shows it."""

    currency: Currency
    withdraw_cash: Decimal
    available_cash: Decimal
    frozen_cash: Decimal
    settling_cash: Decimal
    frozen_fees: Decimal


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """Totals in one currency, and the cash of each currency held."""

    totals: Summary
    cash: tuple[CashInfo, ...]


@dataclass(frozen=True, slots=True)
class MaxQuantity:
    """Shares that could be traded with own money, and with financing or short sale."""

    cash: Decimal
    margin: Decimal


@dataclass(frozen=True, slots=True)
class MarginRatio:
    """Fractions of one: initial, maintenance, forced close-out."""

    initial: Decimal
    maintenance: Decimal
    forced: Decimal


class TradeQueries:
    """Questions about the accounts of a venue."""

    def __init__(self, read_models: ReadModels, settings: VenueSettings | None = None) -> None:
        """Answer from `read_models`; `settings` are the venue's, for estimates of fees."""
        self._rows = read_models
        self._settings = settings if settings is not None else VenueSettings()

    def account(self, account_no: str) -> AccountRow | None:
        return self._rows.account(account_no)

    def accounts(self) -> Sequence[AccountRow]:
        return self._rows.accounts()

    def orders_today(
        self, account_no: str, where: OrderFilter, days: Mapping[Market, date]
    ) -> OrderPage:
        """Return orders still working, or submitted or changed on the running trading day.

        Args:
            days: The running trading day of each market, or the next one where it is closed.
        """
        return self._orders(account_no, replace(where, days=days))

    def orders_history(
        self, account_no: str, where: OrderFilter, days: Mapping[Market, date]
    ) -> OrderPage:
        """Return orders submitted before the running trading day, in the range of `where`."""
        return self._orders(account_no, replace(where, before_days=days))

    def order(self, account_no: str, order_id: int) -> Order | None:
        """Return an order of the account; None when there is none of its own by that id."""
        row = self._own_row(account_no, order_id)
        return row.order if row is not None else None

    def order_detail(self, account_no: str, order_id: int) -> OrderDetail | None:
        """Return an order of the account with history and charges; None: not its own."""
        order = self.order(account_no, order_id)
        if order is None:
            return None
        return OrderDetail(
            order,
            tuple(self._rows.order_events(order_id)),
            _charges(self._rows.charges(order_id)),
        )

    def executions_today(
        self, account_no: str, where: ExecutionFilter, days: Mapping[Market, date]
    ) -> ExecutionPage:
        """Return the executions of the running trading day."""
        return self._executions(account_no, replace(where, days=days), page=1)

    def executions_history(
        self,
        account_no: str,
        where: ExecutionFilter,
        days: Mapping[Market, date] | None,
        page: int = 1,
    ) -> ExecutionPage:
        """Return executions before the running trading day; `days` None: of every day."""
        return self._executions(account_no, replace(where, before_days=days), page=page)

    def cash_flow(
        self, account_no: str, where: CashFlowFilter, *, page: int = 1, size: int = 50
    ) -> Sequence[CashFlowRow]:
        """Return one page of movements of money; `size` at most `CASH_FLOW_ROWS_MAX`."""
        size = min(size, CASH_FLOW_ROWS_MAX)
        return self._rows.cash_flow(account_no, where, limit=size, offset=(page - 1) * size)

    def positions(
        self, account_no: str, symbols: frozenset[Symbol] = frozenset()
    ) -> tuple[PositionRow, ...]:
        """Return positions that are not flat; `symbols` empty: all."""
        rows = self._rows.positions(account_no)
        return tuple(row for row in rows if not symbols or row.symbol in symbols)

    def balances(self, account_no: str) -> tuple[BalanceRow, ...]:
        """Return the cash of every currency ever held."""
        return tuple(self._rows.balances(account_no))

    def account_summary(
        self,
        account_no: str,
        prices: Mapping[Symbol, Decimal],
        rates: Mapping[Currency, Decimal],
        currency: Currency,
    ) -> AccountSummary:
        """Return the totals of a cash account in `currency`, and its cash by currency.

        Args:
            prices: Present prices; a position without one counts at its cost.
            rates: Value of one unit of each other currency, in `currency`.
        """
        cash = [_cash_view(row) for row in self._rows.balances(account_no)]
        holdings = [
            HoldingView(
                row.symbol, row.currency, row.quantity, prices.get(row.symbol, row.cost_price)
            )
            for row in self._rows.positions(account_no)
        ]
        totals = summarise(cash, holdings, currency=currency, rates=rates)
        return AccountSummary(totals, tuple(_cash_info(view) for view in cash))

    def estimate_max_quantity(
        self,
        account_no: str,
        view: MarketView,
        order_type: OrderType,
        side: OrderSide,
        price: Decimal | None = None,
        replacing: int | None = None,
    ) -> MaxQuantity:
        """Return how much of `view.instrument` the account could trade in one order.

        Args:
            price: Limit price; None: what a market order would be held at.
            replacing: Order to be replaced; what it has reserved counts as free.
        """
        symbol = view.instrument.symbol
        old = self._own_row(account_no, replacing) if replacing is not None else None
        if side is OrderSide.SELL:
            return MaxQuantity(self._sellable(account_no, symbol, old), ZERO)
        limit = price
        if limit is None:
            touch = Touch.of_depth(view.depth)
            rate = self._settings.us_market_bound_rate
            limit = reserve_price(order_type, side, None, view, touch, rate)
        if limit is None:
            return MaxQuantity(ZERO, ZERO)
        schedule = fees.FeeQuery(
            fees.fee_class_of(view.instrument),
            OrderSide.BUY,
            view.trading_day,
            self._settings.fee_rates,
        )
        cash = self._available(account_no, view.instrument.settlement_currency, old)
        quantity = fees.affordable(schedule, limit, cash, Decimal(view.instrument.lot_size))
        return MaxQuantity(quantity, quantity)

    def margin_ratio(self, symbol: Symbol) -> MarginRatio:
        """Return the factors of a cash account, which pays everything in full."""
        market_of(symbol)
        return MarginRatio(Decimal(1), Decimal(1), Decimal(1))

    def _own_row(self, account_no: str, order_id: int) -> OrderRow | None:
        row = self._rows.order(order_id)
        return row if row is not None and row.order.account_no == account_no else None

    def _orders(self, account_no: str, where: OrderFilter) -> OrderPage:
        rows = self._rows.orders(account_no, where, limit=ROWS_MAX + 1)
        return OrderPage(tuple(row.order for row in rows[:ROWS_MAX]), len(rows) > ROWS_MAX)

    def _executions(self, account_no: str, where: ExecutionFilter, page: int) -> ExecutionPage:
        rows = self._rows.executions(
            account_no, where, limit=ROWS_MAX + 1, offset=(page - 1) * ROWS_MAX
        )
        return ExecutionPage(tuple(rows[:ROWS_MAX]), len(rows) > ROWS_MAX)

    def _available(self, account_no: str, currency: Currency, old: OrderRow | None) -> Decimal:
        """Cash to spend, with what `old` has reserved counted as free."""
        for row in self._rows.balances(account_no):
            if row.currency is currency:
                freed = old.hold.cash + old.hold.fees if old is not None else ZERO
                return _cash_view(row).available + freed
        return ZERO

    def _sellable(self, account_no: str, symbol: Symbol, old: OrderRow | None) -> Decimal:
        """Shares to sell, with what `old` has reserved counted as free."""
        for row in self._rows.positions(account_no):
            if row.symbol == symbol:
                return row.available_quantity + (old.hold.shares if old is not None else ZERO)
        return ZERO


def _charges(rows: Sequence[ChargeRow]) -> tuple[Fee, ...]:
    """Add up what each fee took, in the order in which they first appeared."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row.name] = sums.get(row.name, ZERO) + row.amount
    return tuple(Fee(name, amount) for name, amount in sums.items())


def _cash_view(row: BalanceRow) -> CashView:
    return CashView(
        currency=row.currency,
        cash=row.cash,
        frozen_cash=row.frozen_cash,
        frozen_fees=row.frozen_fees,
        receivable=row.receivable,
        payable=row.payable,
    )


def _cash_info(view: CashView) -> CashInfo:
    return CashInfo(
        currency=view.currency,
        withdraw_cash=withdrawable(view),
        available_cash=view.available,
        frozen_cash=view.frozen_cash,
        settling_cash=view.settling,
        frozen_fees=view.frozen_fees,
    )
