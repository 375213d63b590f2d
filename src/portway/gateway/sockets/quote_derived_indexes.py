"""Calculated indexes that only options and structured products have, as texts of the wire.

Ratios are percentages with two places here, while quotes and lists of the same products have
fractions. Theta is per calendar day, vega and rho are per 1.00. Models run once for all symbols of
a request; an index that a product does not have is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final

from portway.gateway.ports import QuoteService
from portway.market.derived.figures import option_figures
from portway.market.derived.warrant_figures import WarrantRow, inside_of, model_figures
from portway.model.decimals import half_up, wire_text
from portway.model.instrument import Instrument
from portway.model.quote import CalcIndex
from portway.model.symbol import Market, Symbol
from portway.quotes import options, warrants
from portway.quotes.board import Board

__all__ = ["derived_indexes"]

PERCENT_PLACES: Final = 2
GREEK_PLACES: Final = 6
PRICE_PLACES: Final = 3
_OPTION_INDEXES: Final = frozenset(
    {
        CalcIndex.EXPIRY_DATE,
        CalcIndex.STRIKE_PRICE,
        CalcIndex.PREMIUM,
        CalcIndex.IMPLIED_VOLATILITY,
        CalcIndex.OPEN_INTEREST,
        CalcIndex.DELTA,
        CalcIndex.GAMMA,
        CalcIndex.THETA,
        CalcIndex.VEGA,
        CalcIndex.RHO,
    }
)
_WARRANT_INDEXES: Final = frozenset(
    one for one in CalcIndex if CalcIndex.EXPIRY_DATE <= one <= CalcIndex.BALANCE_POINT
)

Shown = dict[str, str | int]
Made = Mapping[CalcIndex, Callable[[], str | int | None]]


def derived_indexes(
    quotes: QuoteService,
    found: Sequence[tuple[Instrument, Board]],
    wanted: Collection[CalcIndex],
) -> dict[Symbol, Shown]:
    """Return the wanted indexes by symbol and field; symbols that have none of them are left out.

    Args:
        found: Instruments with a board to show, of any kind.
    """
    derived = quotes.derived
    answer: dict[Symbol, Shown] = {}
    if derived is None:
        return answer
    own = _OPTION_INDEXES & frozenset(wanted)
    contracts = [(one, board) for one, board in found if one.option is not None] if own else []
    if contracts:
        answer |= _of_options(quotes, contracts, own)
    own = _WARRANT_INDEXES & frozenset(wanted)
    products = [(one, board) for one, board in found if one.warrant is not None] if own else []
    if products:
        answer |= _of_products(quotes, products, own)
    return answer


def _of_options(
    quotes: QuoteService,
    contracts: Sequence[tuple[Instrument, Board]],
    wanted: Collection[CalcIndex],
) -> dict[Symbol, Shown]:
    derived, now = quotes.derived, quotes.now(Market.US)
    assert derived is not None, "there are options"
    views = []
    for instrument, board in contracts:
        assert instrument.option is not None, "an option"
        underlying = quotes.board(instrument.option.underlying)
        assert underlying is not None, "an underlying is listed"
        views.append(derived.option_view(instrument, board, underlying, now))
    figures = option_figures(views, now)
    columns = {
        CalcIndex.DELTA: figures.greeks.delta.tolist(),
        CalcIndex.GAMMA: figures.greeks.gamma.tolist(),
        CalcIndex.THETA: figures.greeks.theta.tolist(),
        CalcIndex.VEGA: figures.greeks.vega.tolist(),
        CalcIndex.RHO: figures.greeks.rho.tolist(),
    }
    sigma = figures.volatility.tolist()
    answer: dict[Symbol, Shown] = {}
    for place, (view, (instrument, board)) in enumerate(zip(views, contracts, strict=True)):
        terms = instrument.option
        assert terms is not None, "an option"
        shown: Shown = {}
        for index in sorted(wanted):
            name = index.name.lower()
            if index in columns:
                shown[name] = _number(columns[index][place], GREEK_PLACES)
            elif index is CalcIndex.EXPIRY_DATE:
                shown[name] = f"{terms.expiry:%Y%m%d}"
            elif index is CalcIndex.STRIKE_PRICE:
                shown[name] = wire_text(terms.strike, PRICE_PLACES)
            elif index is CalcIndex.IMPLIED_VOLATILITY:
                shown[name] = _number(sigma[place] * 100, PERCENT_PLACES)
            elif index is CalcIndex.OPEN_INTEREST:
                shown[name] = derived.options.open_interest(instrument.symbol, board.trading_day)
            elif view.price is not None:
                premium = options.option_premium(
                    terms.is_call, view.underlying, terms.strike, view.price
                )
                shown[name] = _percent(premium)
        answer[instrument.symbol] = shown
    return answer


def _of_products(
    quotes: QuoteService,
    products: Sequence[tuple[Instrument, Board]],
    wanted: Collection[CalcIndex],
) -> dict[Symbol, Shown]:
    derived, now = quotes.derived, quotes.now(Market.HK)
    assert derived is not None, "there are products"
    rows = []
    for instrument, board in products:
        assert instrument.warrant is not None, "a product"
        underlying = quotes.board(instrument.warrant.underlying)
        assert underlying is not None, "an underlying is listed"
        rows.append(derived.warrant_row(instrument, board, underlying, now))
    figures = model_figures(rows, now)
    answer: dict[Symbol, Shown] = {}
    for row, sigma, delta in zip(
        rows, figures.volatility.tolist(), figures.delta.tolist(), strict=True
    ):
        made = _product_indexes(row, sigma, delta)
        values = {index: made[index]() for index in sorted(wanted) if index in made}
        answer[row.instrument.symbol] = {
            index.name.lower(): value for index, value in values.items() if value is not None
        }
    return answer


def _product_indexes(row: WarrantRow, sigma: float, delta: float) -> Made:
    """How each index of a product is made; None where it has none."""
    terms, last, spot = row.terms, row.last_done, row.underlying
    is_inline = terms.upper_strike is not None
    leverage = warrants.leverage_ratio(spot, last, terms.conversion_ratio)

    def balance() -> Decimal:
        return warrants.balance_point(terms.kind, terms.strike, last, terms.conversion_ratio)

    def effective() -> str | None:
        if terms.kind.is_callable:
            return _places(leverage)
        return None if math.isnan(delta) else _number(delta * float(leverage), PERCENT_PLACES)

    def to_call() -> str | None:
        if terms.call_price is None:
            return None
        away = warrants.to_call_price(terms.kind, spot, terms.call_price, called=row.called)
        return _percent(away)

    def price(value: Decimal | None, shown: bool) -> str | None:
        return None if value is None or not shown else wire_text(value, PRICE_PLACES)

    outstanding = warrants.outstanding_ratio(row.outstanding, terms.issue_size)
    return {
        CalcIndex.EXPIRY_DATE: lambda: f"{terms.expiry:%Y%m%d}",
        CalcIndex.STRIKE_PRICE: lambda: price(terms.strike, not is_inline),
        CalcIndex.UPPER_STRIKE_PRICE: lambda: price(terms.upper_strike, is_inline),
        CalcIndex.LOWER_STRIKE_PRICE: lambda: price(terms.strike, is_inline),
        CalcIndex.OUTSTANDING_QTY: lambda: row.outstanding,
        CalcIndex.OUTSTANDING_RATIO: lambda: _percent(outstanding),
        CalcIndex.PREMIUM: lambda: (
            None if is_inline else _percent(warrants.premium(terms.kind, spot, balance()))
        ),
        CalcIndex.ITM_OTM: lambda: _percent(inside_of(row)),
        CalcIndex.IMPLIED_VOLATILITY: lambda: (
            None if math.isnan(sigma) else _number(sigma * 100, PERCENT_PLACES)
        ),
        CalcIndex.WARRANT_DELTA: lambda: (
            None if math.isnan(delta) else _number(delta, GREEK_PLACES)
        ),
        CalcIndex.CALL_PRICE: lambda: price(terms.call_price, True),
        CalcIndex.TO_CALL_PRICE: to_call,
        CalcIndex.EFFECTIVE_LEVERAGE: effective,
        CalcIndex.LEVERAGE_RATIO: lambda: _places(leverage),
        CalcIndex.CONVERSION_RATIO: lambda: (
            None if is_inline else wire_text(terms.conversion_ratio)
        ),
        CalcIndex.BALANCE_POINT: lambda: None if is_inline else wire_text(balance(), PRICE_PLACES),
    }


def _percent(fraction: Decimal) -> str:
    return _places(fraction * 100)


def _places(value: Decimal) -> str:
    return wire_text(half_up(value, PERCENT_PLACES))


def _number(value: float, places: int) -> str:
    return wire_text(half_up(Decimal(repr(value)), places))
