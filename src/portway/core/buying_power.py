"""Totals of an account: buying power, margins and risk level, from cash, holdings and rates.

Pure arithmetic on a view: where the cash, the prices and the exchange rates come from is not known
here. A cash account has factors of one and no financing, so that nothing can be bought with more
than its money. Formulas: settlement and margin model of the account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from portway.model.money import Currency
from portway.model.symbol import Symbol

__all__ = ["CashView", "HoldingView", "RiskLevel", "Summary", "summarise", "withdrawable"]

ZERO = Decimal(0)
RiskLevel = int  # 0 safe, 1 medium, 2 early warning, 3 danger; the numbers of the asset API.


@dataclass(frozen=True, slots=True)
class CashView:
    """Money of one currency; `cash` is ledger cash with unsettled money in it.

    Attributes:
        frozen_cash: Reserved for working buys, estimated fees included.
        frozen_fees: The fees in it.
        receivable: Unsettled proceeds, zero or more; `payable`: unsettled cost, zero or more.
    """

    currency: Currency
    cash: Decimal
    frozen_cash: Decimal = ZERO
    frozen_fees: Decimal = ZERO
    receivable: Decimal = ZERO
    payable: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """May be used to trade; negative when financing is used."""
        return self.cash - self.frozen_cash

    @property
    def settling(self) -> Decimal:
        """Net unsettled money."""
        return self.receivable - self.payable


@dataclass(frozen=True, slots=True)
class HoldingView:
    """A long position and how much of its value counts as margin, fractions of one."""

    symbol: Symbol
    currency: Currency
    quantity: Decimal
    price: Decimal
    initial_factor: Decimal = Decimal(1)
    maintenance_factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Summary:
    """An account's totals, all in one currency."""

    currency: Currency
    total_cash: Decimal
    net_assets: Decimal
    init_margin: Decimal
    maintenance_margin: Decimal
    buy_power: Decimal
    margin_call: Decimal
    max_finance_amount: Decimal
    remaining_finance_amount: Decimal
    risk_level: RiskLevel


def withdrawable(cash: CashView) -> Decimal:
    """Return what may leave: neither unsettled proceeds nor what orders have reserved.

    What is owed for unsettled purchases has left the ledger cash already.
    """
    return max(ZERO, cash.cash - cash.receivable - cash.frozen_cash)


def summarise(
    cash: Sequence[CashView],
    holdings: Sequence[HoldingView],
    *,
    currency: Currency,
    rates: Mapping[Currency, Decimal],
    finance_max: Decimal = ZERO,
) -> Summary:
    """Return the totals in `currency`.

    Args:
        rates: Value of one unit of each currency held, in `currency`; its own is one.
        finance_max: How much may be borrowed, in `currency`; zero for a cash account.
    """
    total = sum((one.cash * _rate(rates, one.currency, currency) for one in cash), ZERO)
    frozen = sum((one.frozen_cash * _rate(rates, one.currency, currency) for one in cash), ZERO)
    value = initial = maintenance = ZERO
    for holding in holdings:
        worth = holding.quantity * holding.price * _rate(rates, holding.currency, currency)
        value += worth
        initial += worth * holding.initial_factor
        maintenance += worth * holding.maintenance_factor
    net = total + value
    financed = max(ZERO, -total)
    return Summary(
        currency=currency,
        total_cash=total,
        net_assets=net,
        init_margin=initial,
        maintenance_margin=maintenance,
        buy_power=max(ZERO, net - initial - frozen),
        margin_call=max(ZERO, maintenance - net),
        max_finance_amount=finance_max,
        remaining_finance_amount=max(ZERO, finance_max - financed),
        risk_level=_risk_level(financed, net, initial, maintenance),
    )


def _rate(rates: Mapping[Currency, Decimal], held: Currency, shown: Currency) -> Decimal:
    return Decimal(1) if held is shown else rates[held]


def _risk_level(
    financed: Decimal, net: Decimal, initial: Decimal, maintenance: Decimal
) -> RiskLevel:
    if not financed:
        return 0
    if net > initial:
        return 1
    return 2 if net > maintenance else 3
