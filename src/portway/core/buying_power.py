"""Totals of an account from its cash and holdings: the margin model in one currency.

Pure arithmetic on a view: where the cash, the prices and the exchange rates come from is not known
here, so that what is decided on a state and what is shown of the read models agree. A cash account
has factors of one and no credit, so that nothing can be bought with more than its money.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from portway.core.margin import (
    FACTORS,
    FULL,
    Factors,
    Long,
    MarginTotals,
    Requirement,
    Reserved,
    RiskLevel,
    assess,
    margin_class,
    short_requirement,
)
from portway.core.margin import withdrawable as withdrawable_of
from portway.core.written_options import NO_OPTIONS, OptionHolding, WrittenOptions, written_options
from portway.model.account import AccountKind
from portway.model.derivative import OptionTerms
from portway.model.instrument import Instrument, SecurityClass
from portway.model.money import Currency
from portway.model.symbol import Symbol, market_of

__all__ = [
    "CashView",
    "HoldingView",
    "RiskLevel",
    "Summary",
    "factors_of",
    "options_of",
    "short_proceeds",
    "summarise",
    "withdrawable",
]

ZERO = Decimal(0)

# Options on them, when they are written, require less than those on single shares.
BROAD_INDEXES: Final = frozenset({".SPX.US", ".NDX.US", ".RUT.US", ".DJI.US", ".VIX.US"})
BARE: Final = Factors(ZERO, ZERO, ZERO)
# Whose members are lent against best.
_INDEXES: Final = frozenset({"HSI.HK", ".SPX.US", ".NDX.US"})
_LARGE_FUND: Final = Decimal(1_000_000_000)
# Reference data has no flag for them; issuers write it into the name.
_LEVERAGED: Final = re.compile(r"\b(-?[23]X|ULTRA(PRO|SHORT)?|LEVERAGED|INVERSE|BULL|BEAR)\b", re.I)


@dataclass(frozen=True, slots=True)
class CashView:
    """Money of one currency; `cash` is ledger cash with unsettled money in it.

    Attributes:
        frozen_cash: Reserved for working buys, estimated fees included.
        frozen_fees: The fees in it.
        receivable: Unsettled proceeds, zero or more; `payable`: unsettled cost, zero or more.
        interest: Accrued and not posted yet, zero or more: it is owed.
    """

    currency: Currency
    cash: Decimal
    frozen_cash: Decimal = ZERO
    frozen_fees: Decimal = ZERO
    receivable: Decimal = ZERO
    payable: Decimal = ZERO
    interest: Decimal = ZERO

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
    """A security that is held, ordered or sold short, and how much of its value counts as margin.

    Attributes:
        quantity: Below zero: sold short.
        cost_price: Average price; of a short the one at which it was sold.
        reserved: Cash held by working buys, fees left out.
        shorting: Shares that working sells would go short with.
        option: Terms of a contract; None: a security that is none.
        spot: Present price of the option's underlying, if it is known.
    """

    symbol: Symbol
    currency: Currency
    quantity: Decimal
    price: Decimal
    factors: Factors = FULL
    cost_price: Decimal = ZERO
    reserved: Decimal = ZERO
    shorting: Decimal = ZERO
    option: OptionTerms | None = None
    spot: Decimal | None = None

    @property
    def value(self) -> Decimal:
        """What it counts, in its currency; below zero when it is short."""
        units = self.quantity if self.option is None else self.quantity * self.option.multiplier
        return units * self.price


@dataclass(frozen=True, slots=True)
class Summary:
    """An account's totals, all in one currency.

    Attributes:
        short_proceeds: Of open shorts, which stay as collateral.
        available: Cash that orders have not reserved, without `short_proceeds`.
    """

    currency: Currency
    total_cash: Decimal
    net_assets: Decimal
    init_margin: Decimal
    maintenance_margin: Decimal
    forced_margin: Decimal
    buy_power: Decimal
    margin_call: Decimal
    max_finance_amount: Decimal
    remaining_finance_amount: Decimal
    risk_level: RiskLevel
    is_forced: bool
    short_proceeds: Decimal
    available: Decimal

    @property
    def financing_room(self) -> Decimal:
        """What working and new buys may still spend: own money and what is left of the credit."""
        return self.available + self.max_finance_amount


def factors_of(kind: AccountKind, instrument: Instrument, price: Decimal | None) -> Factors:
    """Return how much of a holding's value an account must own."""
    if kind is AccountKind.CASH:
        return FULL
    is_fund = instrument.security_class is SecurityClass.ETF
    listed_value = (price or ZERO) * instrument.total_shares
    return FACTORS[
        margin_class(
            instrument.market,
            instrument.security_class,
            price=price,
            is_index_member=not _INDEXES.isdisjoint(instrument.indexes),
            is_shortable=instrument.short_sell,
            is_large_fund=is_fund and listed_value >= _LARGE_FUND,
            is_leveraged=bool(_LEVERAGED.search(instrument.name_en)),
        )
    ]


def short_proceeds(
    holdings: Sequence[HoldingView], currency: Currency, rates: Mapping[Currency, Decimal]
) -> Decimal:
    """Return for how much the open shorts were sold, in `currency`."""
    return sum(
        (
            -one.quantity * one.cost_price * _rate(rates, one.currency, currency)
            for one in holdings
            if one.quantity < 0 and one.option is None
        ),
        ZERO,
    )


def withdrawable(
    cash: CashView,
    others: Sequence[CashView] = (),
    *,
    rates: Mapping[Currency, Decimal] | None = None,
    short_proceeds: Decimal = ZERO,
) -> Decimal:
    """Return what may leave of one currency.

    Args:
        others: Money of the other currencies; what is negative there is financed by this one.
        rates: Value of one unit of each of them, in the currency of `cash`.
        short_proceeds: Of shorts in the currency of `cash`.
    """
    elsewhere = sum(
        (max(ZERO, -one.cash) * _rate(rates or {}, one.currency, cash.currency) for one in others),
        ZERO,
    )
    return withdrawable_of(
        cash.cash,
        receivable=cash.receivable,
        frozen=cash.frozen_cash,
        financed_elsewhere=elsewhere,
        short_proceeds=short_proceeds,
    )


def summarise(
    cash: Sequence[CashView],
    holdings: Sequence[HoldingView],
    *,
    currency: Currency,
    rates: Mapping[Currency, Decimal],
    finance_max: Decimal = ZERO,
    secured: bool = False,
) -> Summary:
    """Return the totals in `currency`, not rounded.

    Args:
        rates: Value of one unit of each currency held, in `currency`; its own is one.
        finance_max: How much may be borrowed, in `currency`; zero for a cash account.
        secured: Whether written puts are secured by cash, as a cash account's are.
    """
    held = [one.currency for one in cash] + [one.currency for one in holdings]
    at = {one: _rate(rates, one, currency) for one in held}
    total = sum((one.cash * at[one.currency] for one in cash), ZERO)
    frozen = sum((one.frozen_cash * at[one.currency] for one in cash), ZERO)
    proceeds = short_proceeds(holdings, currency, rates)
    options = options_of(holdings, secured=secured)
    totals = assess(
        total,
        [one for holding in holdings for one in _longs(holding, options, at[holding.currency])],
        [one for holding in holdings for one in _shorts(holding, options, at[holding.currency])],
        finance_max=finance_max,
        reserved=_reserved(cash, holdings, at),
        accrued_interest=-sum((one.interest * at[one.currency] for one in cash), ZERO),
    )
    return _summary(currency, total, totals, proceeds, total - frozen - proceeds)


def _summary(
    currency: Currency, total: Decimal, totals: MarginTotals, proceeds: Decimal, available: Decimal
) -> Summary:
    return Summary(
        currency=currency,
        total_cash=total,
        net_assets=totals.net_assets,
        init_margin=totals.init_margin,
        maintenance_margin=totals.maintenance_margin,
        forced_margin=totals.forced_margin,
        buy_power=totals.buy_power,
        margin_call=totals.margin_call,
        max_finance_amount=totals.max_finance_amount,
        remaining_finance_amount=totals.remaining_finance_amount,
        risk_level=totals.risk_level,
        is_forced=totals.is_forced,
        short_proceeds=proceeds,
        available=available,
    )


def options_of(holdings: Sequence[HoldingView], *, secured: bool) -> WrittenOptions:
    """Return what the options among some holdings ask for, in their own currencies."""
    shares = {one.symbol: one.quantity for one in holdings if one.option is None}
    options = [
        OptionHolding(
            one.symbol,
            one.currency,
            one.option,
            one.quantity,
            one.price,
            one.spot,
            one.shorting,
            one.option.underlying in BROAD_INDEXES,
        )
        for one in holdings
        if one.option is not None
    ]
    return written_options(options, shares, secured=secured) if options else NO_OPTIONS


def _longs(holding: HoldingView, options: WrittenOptions, rate: Decimal) -> Iterator[Long]:
    if holding.quantity <= 0:
        return
    value = holding.value * rate
    paired = options.paired.get(holding.symbol, ZERO) / holding.quantity
    if paired:
        # What limits the loss of an option that is written needs no margin of its own.
        yield Long(value * paired, BARE)
    yield Long(value * (1 - paired), holding.factors)


def _shorts(holding: HoldingView, options: WrittenOptions, rate: Decimal) -> Iterator[Requirement]:
    if holding.option is not None:
        own = options.requirements.get(holding.symbol)
        if own is None:
            return
    elif holding.quantity < 0:
        # The amounts per share of the rule are dollars, so it is applied before converting.
        own = short_requirement(
            -holding.quantity, holding.price, holding.cost_price, market_of(holding.symbol)
        )
    else:
        return
    yield Requirement(
        own.value * rate,
        own.initial * rate,
        own.maintenance * rate,
        own.forced * rate,
        own.proceeds * rate,
    )


def _reserved(
    cash: Sequence[CashView], holdings: Sequence[HoldingView], at: Mapping[Currency, Decimal]
) -> Reserved:
    """Add up what working orders will need; cash that no holding explains counts in full."""
    fees = sum((one.frozen_fees * at[one.currency] for one in cash), ZERO)
    frozen = sum((one.frozen_cash * at[one.currency] for one in cash), ZERO)
    margin, explained = ZERO, ZERO
    for one in holdings:
        reserved = one.reserved * at[one.currency]
        explained += reserved
        margin += reserved * one.factors.initial
        if one.shorting > 0 and one.option is None:
            required = short_requirement(
                one.shorting, one.price, one.price, market_of(one.symbol)
            ).initial
            margin += required * at[one.currency]
    return Reserved(initial_margin=margin + frozen - fees - explained, fees=fees)


def _rate(rates: Mapping[Currency, Decimal], held: Currency, shown: Currency) -> Decimal:
    return Decimal(1) if held is shown else rates[held]
