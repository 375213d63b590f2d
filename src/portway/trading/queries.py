"""The read side of trading: what clients ask about orders, executions, money and positions.

Answers come from the read models alone, so they never wait for the venue and always contain what
was answered. Prices, exchange rates and the running trading days are brought by the caller. Every
method is synchronous, quick, and safe to call from any thread. Lists are newest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import structs

from portway.core import fees
from portway.core.buying_power import CashView, Summary, factors_of
from portway.core.margin import short_capacity, short_requirement
from portway.core.order_checks import PRICED_TYPES, Touch, reserve_price
from portway.core.standing_checks import loan_refusal
from portway.core.written_options import OptionHolding, bare_extra
from portway.model.account import AccountKind, Agreement, MoneyRules
from portway.model.command import MarketView, VenueSettings
from portway.model.entry import Fee
from portway.model.event import NO_HOLD
from portway.model.instrument import Instrument
from portway.model.money import Currency
from portway.model.order import Order, OrderSide, OrderType
from portway.model.symbol import Market, Symbol
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
    ShareMoveRow,
)
from portway.trading.statements import StatementPeriod, statement
from portway.trading.worth import Marks, Worth, rounded

__all__ = [
    "BROKER_FEES",
    "ROWS_MAX",
    "AccountSummary",
    "CashInfo",
    "ExecutionPage",
    "MarginRatio",
    "Marks",
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


@dataclass(frozen=True, slots=True)
class _Power:
    """What a margin account can put into one purchase, in one currency.

    Attributes:
        own_cash: Of all currencies; `room`: with what is left of the credit.
        margin: Buying power, of which a purchase takes `factor` and its fees.
    """

    own_cash: Decimal
    room: Decimal
    margin: Decimal
    factor: Decimal


class TradeQueries:
    """Questions about the accounts of a venue."""

    def __init__(self, read_models: ReadModels, settings: VenueSettings | None = None) -> None:
        """Answer from `read_models`; `settings` are the venue's, for estimates of fees."""
        self._rows = read_models
        self._settings = settings if settings is not None else VenueSettings()

    @property
    def money(self) -> MoneyRules:
        """By which rules the venue's money works."""
        return self._settings.money

    def account(self, account_no: str) -> AccountRow | None:
        return self._rows.account(account_no)

    def accounts(self) -> Sequence[AccountRow]:
        return self._rows.accounts()

    def orders_today(
        self,
        account_no: str,
        where: OrderFilter,
        days: Mapping[Market, date],
        page: int = 1,
        size: int = ROWS_MAX,
    ) -> OrderPage:
        """Return orders still working, or submitted or changed on the running trading day.

        Args:
            days: The running trading day of each market, or the next one where it is closed.
            size: Orders of a page, at most `ROWS_MAX`.
        """
        return self._orders(account_no, structs.replace(where, days=days), page, size)

    def orders_history(
        self,
        account_no: str,
        where: OrderFilter,
        days: Mapping[Market, date],
        page: int = 1,
        size: int = ROWS_MAX,
    ) -> OrderPage:
        """Return orders submitted before the running trading day, in the range of `where`."""
        return self._orders(account_no, structs.replace(where, before_days=days), page, size)

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
        return self._executions(account_no, structs.replace(where, days=days), page=1)

    def executions_all(
        self, account_no: str, where: ExecutionFilter, page: int = 1
    ) -> ExecutionPage:
        """Return executions of every day."""
        return self._executions(account_no, where, page=page)

    def executions_history(
        self,
        account_no: str,
        where: ExecutionFilter,
        days: Mapping[Market, date] | None,
        page: int = 1,
    ) -> ExecutionPage:
        """Return executions before the running trading day; `days` None: of every day."""
        return self._executions(account_no, structs.replace(where, before_days=days), page=page)

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

    def share_moves(self, account_no: str) -> Sequence[ShareMoveRow]:
        """Return the moves of shares that were no executions, newest first."""
        return self._rows.share_moves(account_no)

    def working_symbols(self, account_no: str) -> frozenset[Symbol]:
        """Return the symbols whose present decides what the account is worth and may do."""
        held = {row.symbol for row in self._rows.positions(account_no)}
        return frozenset(held | {row.order.terms.symbol for row in self._working(account_no)})

    def balances(self, account_no: str) -> tuple[BalanceRow, ...]:
        """Return the cash of every currency ever held."""
        return tuple(self._rows.balances(account_no))

    def account_summary(
        self,
        account_no: str,
        marks: Marks,
        currency: Currency,
    ) -> AccountSummary:
        """Return the totals of an account in `currency`, and its cash by currency.

        Totals are rounded to the cent, once, at the end.

        Raises:
            LookupError: If there is no such account.
        """
        worth = self._worth(account_no, marks)
        money = self._settings.money
        return AccountSummary(
            rounded(worth.summary(currency, money.rates(currency))),
            tuple(
                _cash_info(one, worth.withdrawable(one, money.rates(one.currency)))
                for one in worth.cash
            ),
        )

    def estimate_max_quantity(
        self,
        account_no: str,
        view: MarketView,
        order_type: OrderType,
        side: OrderSide,
        price: Decimal | None = None,
        replacing: int | None = None,
        marks: Marks | None = None,
    ) -> MaxQuantity:
        """Return how much of `view.instrument` the account could trade in one order.

        Args:
            price: Limit price; None: what a market order would be held at.
            replacing: Order to be replaced; what it has reserved counts as free.
            marks: The present of what the account holds and has ordered.
        """
        symbol = view.instrument.symbol
        old = self._own_row(account_no, replacing) if replacing is not None else None
        account = self._rows.account(account_no)
        is_margin = account is not None and account.kind is AccountKind.MARGIN
        if side is OrderSide.SELL:
            own = self._sellable(account_no, symbol, old)
            more = self._shortable(account_no, view, marks or Marks()) if is_margin else ZERO
            return MaxQuantity(max(ZERO, own), more)
        limit = price
        if limit is None:
            touch = Touch.of_depth(view.depth)
            rate = self._settings.us_market_bound_rate
            # What has no limit of its own is a market order in the end.
            kind = order_type if order_type in PRICED_TYPES else OrderType.MO
            limit = reserve_price(kind, side, None, view, touch, rate)
        if limit is None:
            return MaxQuantity(ZERO, ZERO)
        schedule = fees.FeeQuery(
            fees.fee_class_of(view.instrument),
            OrderSide.BUY,
            view.trading_day,
            self._settings.fee_rates,
        )
        cash = self._available(account_no, view.instrument.settlement_currency, old)
        lot_size, units = Decimal(view.instrument.lot_size), view.instrument.multiplier

        def most(money: Decimal, factor: Decimal = Decimal(1)) -> Decimal:
            return fees.affordable(schedule, limit, money, lot_size, factor, units)

        if not is_margin:
            return MaxQuantity(most(cash), most(cash))
        power = self._power(account_no, view, old, marks or Marks())
        return MaxQuantity(
            most(min(cash, power.own_cash)), min(most(power.room), most(power.margin, power.factor))
        )

    def statement(self, account_no: str, period: StatementPeriod) -> dict[str, Any] | None:
        """Return the statement of a period; None when there is no such account."""
        return statement(self._rows, account_no, period)

    def margin_ratio(self, instrument: Instrument, price: Decimal | None) -> MarginRatio:
        """Return the factors of a security in a margin account, at its present price."""
        factors = factors_of(AccountKind.MARGIN, instrument, price)
        return MarginRatio(factors.initial, factors.maintenance, factors.forced)

    def _worth(self, account_no: str, marks: Marks) -> Worth:
        account = self._rows.account(account_no)
        if account is None:
            raise LookupError(account_no)
        return Worth(
            account,
            self._rows.balances(account_no),
            self._rows.positions(account_no),
            self._working(account_no),
            marks,
        )

    def _working(self, account_no: str) -> Sequence[OrderRow]:
        """Return every order that is not terminal: without a running day nothing else is left."""
        most = self._settings.orders_working_max
        return self._rows.orders(account_no, OrderFilter(days={}), limit=most)

    def _power(
        self, account_no: str, view: MarketView, old: OrderRow | None, marks: Marks
    ) -> _Power:
        """Return what a margin account can put into one purchase, in the security's currency."""
        worth = self._worth(account_no, marks)
        currency = view.instrument.settlement_currency
        summary = worth.summary(currency, self._settings.money.rates(currency))
        factor = worth.initial_factor(view.instrument, view.last_done or view.prev_close)
        hold = old.hold if old is not None else NO_HOLD
        freed = hold.cash + hold.fees
        return _Power(
            own_cash=max(ZERO, summary.available + freed),
            room=summary.financing_room + freed,
            margin=summary.buy_power + factor * hold.cash + hold.fees,
            factor=factor,
        )

    def _shortable(self, account_no: str, view: MarketView, marks: Marks) -> Decimal:
        """Return how many shares the account may sell beyond what it has."""
        money, instrument = self._settings.money, view.instrument
        price = view.last_done or view.prev_close
        account = self._rows.account(account_no)
        if account is None or price is None:
            return ZERO
        option, standing = instrument.option, account.standing
        if option is not None:
            is_offered = Agreement.NAKED_OPTIONS in standing.agreements
        else:
            is_offered = loan_refusal(account.kind, standing, instrument, money) is None
        if not is_offered:
            return ZERO
        currency = instrument.settlement_currency
        summary = self._worth(account_no, marks).summary(currency, money.rates(currency))
        if option is not None:
            spot = marks.prices.get(option.underlying)
            one = OptionHolding(instrument.symbol, currency, option, ZERO, price, spot)
            return summary.buy_power // bare_extra(one)
        needed = short_requirement(Decimal(1), price, price, instrument.market).initial
        most, lot_size = summary.buy_power // needed, instrument.lot_size
        if not most:
            return ZERO
        schedule = fees.FeeQuery(
            fees.fee_class_of(instrument),
            OrderSide.SELL,
            view.trading_day,
            self._settings.fee_rates,
        )
        each = fees.total(fees.order_fees(schedule, most * price, most)) / most
        return short_capacity(summary.buy_power, needed, each) // lot_size * lot_size

    def _own_row(self, account_no: str, order_id: int) -> OrderRow | None:
        row = self._rows.order(order_id)
        return row if row is not None and row.order.account_no == account_no else None

    def _orders(self, account_no: str, where: OrderFilter, page: int, size: int) -> OrderPage:
        size = min(size, ROWS_MAX)
        rows = self._rows.orders(account_no, where, limit=size + 1, offset=(page - 1) * size)
        return OrderPage(tuple(row.order for row in rows[:size]), len(rows) > size)

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
                return row.cash - row.frozen_cash - row.pledged_cash + freed
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


def _cash_info(view: CashView, withdraw_cash: Decimal) -> CashInfo:
    return CashInfo(
        currency=view.currency,
        withdraw_cash=withdraw_cash,
        available_cash=view.available,
        frozen_cash=view.frozen_cash,
        settling_cash=view.settling,
        frozen_fees=view.frozen_fees,
    )
