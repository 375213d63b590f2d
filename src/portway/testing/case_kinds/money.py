"""Kinds of `money`: an account's ledger, its risk, largest orders, option requirements, interest.

The ledger cases bring their own fees and prices, so they drive the core below its engine's checks
of orders: facts are made as the engine makes them and folded by `evolve`; money in and out, orders
taken back and the beginning of a trading day go through `decide` itself. Totals are those of the
margin model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from portway.core.engine import Outsides, evolve, handle
from portway.core.interest import debit_interest
from portway.core.invariants import check_invariants
from portway.core.ledger import execution_entry
from portway.core.margin import (
    FULL,
    Factors,
    Long,
    MarginTotals,
    OptionPosition,
    OptionTerms,
    Reserved,
    assess,
    max_quantity,
    option_requirement,
    withdrawable,
)
from portway.core.order_checks import affordability_refusal
from portway.core.order_states import Step, next_status
from portway.core.state import Account, LiveOrder, State
from portway.model.command import (
    CancelOrder,
    Command,
    ConvertCash,
    Deposit,
    MarketView,
    OpenAccount,
    Stamped,
    TradingDayStarted,
    Withdraw,
)
from portway.model.entry import Fee
from portway.model.event import (
    NO_HOLD,
    Hold,
    OrderAccepted,
    OrderFilled,
    OrderRefused,
    OrderReplaced,
    OrderStatusChanged,
    RefusalReason,
)
from portway.model.execution import Execution
from portway.model.instrument import Board, Instrument, SecurityClass
from portway.model.money import Currency
from portway.model.order import Order, OrderSide, OrderStatus, OrderTerms, OrderType, TimeInForce
from portway.model.quote import TradeSession
from portway.model.symbol import Market, Symbol, market_of
from portway.testing.cases import kind


@kind("money", "risk")
def risk(given: Mapping[str, Any]) -> Mapping[str, Any]:
    longs = [
        Long(
            Decimal(row["value"]),
            Factors(Decimal(row["im"]), Decimal(row["mm"]), Decimal(row["fm"])),
        )
        for row in given["holdings"]
    ]
    finance_max = Decimal(given["max_finance_amount"])
    totals = assess(Decimal(given["total_cash"]), longs, finance_max=finance_max)
    return {
        "net_assets": totals.net_assets,
        "init_margin": totals.init_margin,
        "maintenance_margin": totals.maintenance_margin,
        "forced_margin": totals.forced_margin,
        "buy_power": totals.buy_power,
        "remaining_finance_amount": totals.remaining_finance_amount,
        "margin_call": totals.margin_call,
        "risk_level": totals.risk_level,
        "forced": totals.is_forced,
    }


@kind("money", "max_quantity")
def largest_order(given: Mapping[str, Any]) -> Mapping[str, Any]:
    cash, margin = max_quantity(
        cash=Decimal(given["cash"]),
        buy_power=Decimal(given["buy_power"]),
        remaining_finance_amount=Decimal(given["remaining_finance_amount"]),
        price=Decimal(given["price"]),
        fee_rate=Decimal(given["fee_rate"]),
        initial_factor=Decimal(given["im"]),
        lot_size=Decimal(given["lot_size"]),
    )
    return {"cash_max_qty": cash, "margin_max_qty": margin}


@kind("money", "option_margin")
def option_margin(given: Mapping[str, Any]) -> Mapping[str, Any]:
    option = OptionTerms(
        underlying=Decimal(given["underlying"]),
        strike=Decimal(given["strike"]),
        premium=Decimal(given["premium"]),
        multiplier=Decimal(given["multiplier"]),
        rate=Decimal(given.get("rate", "0.20")),
        width=Decimal(given.get("width", 0)),
    )
    position = OptionPosition[given["position"].upper()]
    return {"per_contract": option_requirement(position, option)}


@kind("money", "interest")
def interest(given: Mapping[str, Any]) -> Mapping[str, Any]:
    charged = debit_interest(
        Decimal(given["debit"]),
        Decimal(given["annual_rate"]),
        int(given["days"]),
        int(given["day_basis"]),
    )
    return {"interest": charged}


@kind("money", "ledger")
def ledger(given: Mapping[str, Any]) -> Mapping[str, Any]:
    book = _AccountBook(given)
    after = []
    for event in given["events"]:
        refused = book.play(event)
        after.append({"refused": refused, **book.told()})
    return {"after": after}


_ACCOUNT: Final = "A"
_ZERO: Final = Decimal(0)
_REASONS: Final = {
    RefusalReason.WITHDRAWABLE_EXCEEDED: "exceeds_withdrawable",
    RefusalReason.BUYING_POWER_EXCEEDED: "not_enough_cash",
    RefusalReason.SHARES_NOT_ENOUGH: "not_enough_shares",
}


class _AccountBook:
    """One account of a venue, moved event by event."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._state = State()
        self._marks: dict[Symbol, Decimal] = {}  # By the last execution until one is told.
        self._marked: set[Symbol] = set()
        self._orders: dict[str, int] = {}
        self._seq = 0
        days = (row.get("date") or row.get("settles") for row in given["events"])
        first = min((day for day in days if day is not None), default="2026-01-05")
        # Before the first day that is told, so that every day of the case is a new one.
        self._day = date.fromisoformat(first) - timedelta(days=1)
        self._command(OpenAccount(_ACCOUNT, _ACCOUNT, Currency(given["base_currency"])))

    def play(self, event: Mapping[str, Any]) -> str | None:
        """Let one event happen; return why it is refused, or None.

        Raises:
            AssertionError: If an invariant of the venue's state does not hold after it.
        """
        plays: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
            "deposit": self._deposit,
            "withdraw": self._withdraw,
            "convert": self._convert,
            "order": self._order,
            "fill": self._fill,
            "cancel": self._cancel,
            "replace": self._replace,
            "day": self._start_day,
            "mark": self._mark,
        }
        refused = plays[event["event"]](event)
        check_invariants(self._state)
        return refused

    def told(self) -> Mapping[str, Any]:
        """Return the state as the cases write it."""
        totals, purses = self._totals(), self._account.purses
        return {
            "cash": {
                currency.value: {
                    "available_cash": purse.available,
                    "frozen_cash": purse.frozen_cash,
                    "settling_cash": purse.receivable - purse.payable,
                    "withdraw_cash": withdrawable(
                        purse.cash,
                        receivable=purse.receivable,
                        frozen=purse.frozen_cash,
                        financed_elsewhere=self._financed_elsewhere(currency),
                    ),
                }
                for currency, purse in purses.items()
            },
            "total_cash": self._total_cash(),
            "net_assets": totals.net_assets,
            "init_margin": totals.init_margin,
            "maintenance_margin": totals.maintenance_margin,
            "buy_power": totals.buy_power,
            "max_finance_amount": totals.max_finance_amount,
            "remaining_finance_amount": totals.remaining_finance_amount,
            "risk_level": totals.risk_level,
            "margin_call": totals.margin_call,
            "positions": {
                symbol: {
                    "quantity": position.quantity,
                    "available": position.available,
                    "cost_price": position.cost_price,
                }
                for symbol, position in self._account.positions.items()
                if position.quantity
            },
        }

    # --- Events -------------------------------------------------------------------------------

    def _deposit(self, row: Mapping[str, Any]) -> str | None:
        return self._command(Deposit(_ACCOUNT, Currency(row["currency"]), Decimal(row["amount"])))

    def _withdraw(self, row: Mapping[str, Any]) -> str | None:
        return self._command(Withdraw(_ACCOUNT, Currency(row["currency"]), Decimal(row["amount"])))

    def _convert(self, row: Mapping[str, Any]) -> str | None:
        sold, bought = Currency(row["sell"]), Currency(row["buy"])
        amount, rate = Decimal(row["amount"]), Decimal(row["rate"])
        return self._command(ConvertCash(_ACCOUNT, sold, bought, amount, rate))

    def _order(self, row: Mapping[str, Any]) -> str | None:
        side, price = OrderSide[row["side"].upper()], Decimal(row["price"])
        quantity, symbol = Decimal(row["quantity"]), Symbol(row["symbol"])
        hold = _hold(side, price, quantity, Decimal(row["fees"]))
        currency = Currency(row["currency"])
        refused = self._unaffordable(currency, symbol, hold)
        if refused is not None:
            return refused
        self._seq += 1
        self._orders[row["id"]] = self._seq
        order = Order(
            order_id=self._seq,
            account_no=_ACCOUNT,
            terms=OrderTerms(
                symbol, OrderType.LO, side, quantity, TimeInForce.GTC, price=price
            ),  # Kept over the days: their end is not what these cases are about.
            status=OrderStatus.WAIT_TO_NEW,
            currency=currency,
            submitted_at=self._now,
            updated_at=self._now,
            trading_day=self._day,
            quantity=quantity,
            price=price,
        )
        evolve(self._state, OrderAccepted(order, hold))
        self._step(self._live(row), Step.BOOKED, hold)
        return None

    def _fill(self, row: Mapping[str, Any]) -> None:
        live = self._live(row)
        order, terms = live.order, live.order.terms
        price, quantity = Decimal(row["price"]), Decimal(row["quantity"])
        leaves = order.leaves_quantity - quantity
        execution = Execution(
            trade_id=f"{order.order_id}-{live.executions + 1}",
            order_id=order.order_id,
            account_no=_ACCOUNT,
            symbol=terms.symbol,
            side=terms.side,
            price=price,
            quantity=quantity,
            currency=order.currency,
            at=self._now,
            trading_day=self._day,
        )
        fees = (Fee("COMMISSION", Decimal(row["fee"])),)
        is_locked = market_of(terms.symbol) is Market.CN
        assert order.price is not None, "the cases trade limit orders"
        fact = OrderFilled(
            execution=execution,
            status=next_status(order.status, Step.PART_FILLED if leaves else Step.FILLED),
            against=None,
            fees=fees,
            entry=execution_entry(execution, fees, date.fromisoformat(row["settles"])),
            sellable_from=self._day + timedelta(days=1) if is_locked else self._day,
            hold=_hold(terms.side, order.price, leaves, Decimal(row["fees_left"])),
        )
        evolve(self._state, fact)
        if terms.symbol not in self._marked:
            self._marks[terms.symbol] = price

    def _cancel(self, row: Mapping[str, Any]) -> str | None:
        return self._command(CancelOrder(_ACCOUNT, self._orders[row["id"]]))

    def _replace(self, row: Mapping[str, Any]) -> str | None:
        live = self._live(row)
        order, price = live.order, Decimal(row["price"])
        leaves = Decimal(row["leaves"])
        hold = _hold(order.terms.side, price, leaves, Decimal(row["fees"]))
        refused = self._unaffordable(order.currency, order.terms.symbol, hold, live.hold)
        if refused is not None:
            return refused
        for step in (Step.REPLACE_REQUESTED, Step.REPLACE_SENT):
            self._step(live, step, live.hold)
        fact = OrderReplaced(
            order_id=order.order_id,
            account_no=_ACCOUNT,
            status=next_status(live.order.status, Step.REPLACED),
            at=self._now,
            quantity=order.executed_quantity + leaves,
            price=price,
            remark="",
            hold=hold,
            keeps_priority=price == order.price and leaves <= order.leaves_quantity,
        )
        evolve(self._state, fact)
        return None

    def _start_day(self, row: Mapping[str, Any]) -> None:
        self._day = date.fromisoformat(row["date"])
        for market in Market:
            self._command(TradingDayStarted(market, self._day, self._now))

    def _mark(self, row: Mapping[str, Any]) -> None:
        self._marked.add(Symbol(row["symbol"]))
        self._marks[Symbol(row["symbol"])] = Decimal(row["price"])

    # --- What stands behind them --------------------------------------------------------------

    @property
    def _account(self) -> Account:
        return self._state.accounts[_ACCOUNT]

    @property
    def _now(self) -> datetime:
        return datetime(self._day.year, self._day.month, self._day.day, 2, tzinfo=UTC)

    def _live(self, row: Mapping[str, Any]) -> LiveOrder:
        return self._state.orders[self._orders[row["id"]]]

    def _command(self, command: Command) -> str | None:
        events = handle(self._state, Outsides(), Stamped(command, self._now), 0)
        refused = next((one for one in events if isinstance(one, OrderRefused)), None)
        return None if refused is None else _REASONS[refused.reason]

    def _step(self, live: LiveOrder, step: Step, hold: Hold) -> None:
        status = next_status(live.order.status, step, executed=live.order.executed_quantity > 0)
        fact = OrderStatusChanged(live.order.order_id, _ACCOUNT, status, self._now, hold)
        evolve(self._state, fact)

    def _unaffordable(
        self, currency: Currency, symbol: Symbol, hold: Hold, freed: Hold = NO_HOLD
    ) -> str | None:
        """Return why a cash account cannot reserve `hold`; margin orders are not refused here."""
        if self._given["account"] == "margin" and not hold.shares:
            return None
        side = OrderSide.SELL if hold.shares else OrderSide.BUY
        view = self._view(symbol, currency)
        reason = affordability_refusal(self._account, side, view, hold, freed)
        return None if reason is None else _REASONS[reason]

    def _view(self, symbol: Symbol, currency: Currency) -> MarketView:
        """Return as much of a market as the checks of money and shares read."""
        board = {Market.HK: Board.HK_EQUITY, Market.US: Board.US_MAIN}.get(market_of(symbol))
        instrument = Instrument(
            symbol=symbol,
            name_en=symbol,
            name_cn=symbol,
            name_hk=symbol,
            exchange="",
            currency="CNY" if currency is Currency.CNH else currency.value,
            lot_size=1,
            board=board or Board.SH_MAIN_CONNECT,
            security_class=SecurityClass.STOCK,
        )
        return MarketView(
            instrument=instrument,
            trading_day=self._day,
            next_trading_day=self._day + timedelta(days=1),
            session=TradeSession.NORMAL,
            settles_on=self._day,
            sellable_from=self._day,
        )

    def _rate(self, currency: Currency, shown: str | None = None) -> Decimal:
        """Return the value of one unit in the base currency, or in `shown`."""
        base = self._given["base_currency"]
        rates = {base: Decimal(1)}
        for pair, rate in self._given["fx"].items():
            sold, bought = pair.split("/")
            assert bought == base, "the cases quote every currency in the base currency"
            rates[sold] = Decimal(rate)
        return rates[currency.value] / rates[shown or base]

    def _total_cash(self) -> Decimal:
        purses = self._account.purses.items()
        return sum((purse.cash * self._rate(currency) for currency, purse in purses), _ZERO)

    def _financed_elsewhere(self, currency: Currency) -> Decimal:
        return sum(
            (
                max(_ZERO, -purse.cash) * self._rate(other, currency.value)
                for other, purse in self._account.purses.items()
                if other is not currency
            ),
            _ZERO,
        )

    def _factors(self, symbol: Symbol) -> Factors:
        row = self._given["factors"].get(symbol)
        if row is None:
            return FULL
        maintenance = Decimal(row["mm"])
        return Factors(Decimal(row["im"]), maintenance, Decimal(row.get("fm", maintenance)))

    def _totals(self) -> MarginTotals:
        longs = [
            Long(
                position.quantity * self._marks[symbol] * self._rate(position.currency),
                self._factors(symbol),
            )
            for symbol, position in self._account.positions.items()
            if position.quantity
        ]
        return assess(
            self._total_cash(),
            longs,
            finance_max=Decimal(self._given["max_finance_amount"]),
            reserved=self._reserved(),
        )

    def _reserved(self) -> Reserved:
        margin = fees = _ZERO
        for live in self._state.orders.values():
            rate = self._rate(live.order.currency)
            initial = self._factors(live.order.terms.symbol).initial
            margin += live.hold.cash * rate * initial
            fees += live.hold.fees * rate
        return Reserved(margin, fees)


def _hold(side: OrderSide, price: Decimal, leaves: Decimal, fees: Decimal) -> Hold:
    if side is OrderSide.SELL:
        return Hold(shares=leaves)
    return Hold(cash=price * leaves, fees=fees if leaves else _ZERO)
