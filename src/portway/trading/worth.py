"""What an account is worth, from rows of the read models and prices that the caller brings.

The same arithmetic as the core's, so that what is shown and what is decided agree. Amounts are
exact; whoever shows them rounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from portway.core.buying_power import (
    CashView,
    HoldingView,
    Summary,
    factors_of,
    short_proceeds,
    summarise,
    withdrawable,
)
from portway.core.margin import FULL
from portway.model.account import AccountKind
from portway.model.decimals import half_up
from portway.model.derivative import OptionTerms
from portway.model.instrument import Instrument
from portway.model.money import Currency
from portway.model.order import OrderSide
from portway.model.symbol import Symbol
from portway.trading.ports import AccountRow, BalanceRow, OrderRow, PositionRow

__all__ = ["Marks", "Worth", "rounded"]

ZERO = Decimal(0)
CENTS = 2


@dataclass(frozen=True, slots=True)
class Marks:
    """The present of some securities.

    Attributes:
        prices: What a share counts; a security without one counts at its cost.
        instruments: Without one, a holding is lent against by nothing.
    """

    prices: Mapping[Symbol, Decimal] = field(default_factory=dict)
    instruments: Mapping[Symbol, Instrument] = field(default_factory=dict)


@dataclass(slots=True)
class _Held:
    currency: Currency
    quantity: Decimal = ZERO
    locked: Decimal = ZERO
    cost_price: Decimal = ZERO
    buying: Decimal = ZERO
    selling: Decimal = ZERO
    option: OptionTerms | None = None


class Worth:
    """One account, its rows and the present of its securities."""

    def __init__(
        self,
        account: AccountRow,
        balances: Sequence[BalanceRow],
        positions: Sequence[PositionRow],
        working: Sequence[OrderRow],
        marks: Marks,
    ) -> None:
        """Take the rows of one account; `working` are its orders that are not terminal."""
        self._account = account
        self._marks = marks
        self.cash = [_cash_view(row) for row in balances]
        self._held = _held(positions, working)

    def summary(self, currency: Currency, rates: Mapping[Currency, Decimal]) -> Summary:
        """Return the totals, exact.

        Args:
            rates: Value of one unit of each other currency, in `currency`.
        """
        base = self._account.base_currency
        to_shown = Decimal(1) if base is currency else rates[base]
        return summarise(
            self.cash,
            self._holdings(),
            currency=currency,
            rates=rates,
            finance_max=self._account.credit * to_shown,
            secured=self._account.kind is AccountKind.CASH,
        )

    def withdrawable(self, cash: CashView, rates: Mapping[Currency, Decimal]) -> Decimal:
        """Return what may leave of one currency; `rates` are in that currency."""
        own = [one for one in self._holdings() if one.currency is cash.currency]
        return withdrawable(
            cash,
            [one for one in self.cash if one is not cash],
            rates=rates,
            short_proceeds=short_proceeds(own, cash.currency, rates),
        )

    def initial_factor(self, instrument: Instrument, price: Decimal | None) -> Decimal:
        """Return how much of a purchase must be own money."""
        return factors_of(self._account.kind, instrument, price).initial

    def _holdings(self) -> list[HoldingView]:
        return [self._holding(symbol, held) for symbol, held in self._held.items()]

    def _holding(self, symbol: Symbol, held: _Held) -> HoldingView:
        price = self._marks.prices.get(symbol)
        instrument = self._marks.instruments.get(symbol)
        kind = self._account.kind
        option = held.option
        own = max(ZERO, held.quantity - held.locked)
        return HoldingView(
            symbol,
            held.currency,
            held.quantity,
            held.cost_price if price is None else price,
            FULL if instrument is None else factors_of(kind, instrument, price),
            held.cost_price,
            held.buying,
            held.selling - min(held.selling, own),
            option,
            None if option is None else self._marks.prices.get(option.underlying),
        )


def rounded(summary: Summary) -> Summary:
    """Return totals as they are shown: to the cent, half up, each from its exact value."""
    amounts = (
        "total_cash", "net_assets", "init_margin", "maintenance_margin", "forced_margin",
        "buy_power", "margin_call", "max_finance_amount", "remaining_finance_amount",
        "short_proceeds", "available",
    )  # fmt: skip
    cents: dict[str, Any] = {name: half_up(getattr(summary, name), CENTS) for name in amounts}
    return replace(summary, **cents)


def _held(positions: Sequence[PositionRow], working: Sequence[OrderRow]) -> dict[Symbol, _Held]:
    held = {
        row.symbol: _Held(
            row.currency, row.quantity, row.locked_quantity, row.cost_price, option=row.option
        )
        for row in positions
    }
    for row in working:
        order = row.order
        one = held.setdefault(order.terms.symbol, _Held(order.currency, option=order.option))
        if order.terms.side is OrderSide.BUY:
            one.buying += row.hold.cash
        else:
            one.selling += row.hold.shares
    return held


def _cash_view(row: BalanceRow) -> CashView:
    return CashView(
        currency=row.currency,
        cash=row.cash,
        frozen_cash=row.frozen_cash + row.pledged_cash,
        frozen_fees=row.frozen_fees,
        receivable=row.receivable,
        payable=row.payable,
        interest=row.interest,
    )
