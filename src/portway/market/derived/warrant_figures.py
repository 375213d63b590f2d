"""What quotes, lists and indexes show of structured products as they stand now.

Rows are gathered one by one from the products' days, the figures that need a model are computed for
all of them at once. Ratios are fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import numpy as np

from portway.market.derived.issues import RATE, add_months
from portway.market.derived.warrants import WarrantMarket
from portway.market.synthetic.grid import money, price
from portway.market.synthetic.layout import microseconds
from portway.model.derivative import WarrantKind, WarrantTerms
from portway.model.instrument import Instrument
from portway.model.symbol import Symbol
from portway.quotes import options, warrants
from portway.quotes.options import Floats
from portway.quotes.warrant_list import ExpiryRange, SortBy, WarrantStatus, WarrantTable

__all__ = ["ModelFigures", "WarrantRow", "model_figures", "warrant_rows", "warrant_table"]

_RANGES: Final = (
    (3, ExpiryRange.UNDER_3_MONTHS),
    (6, ExpiryRange.MONTHS_3_TO_6),
    (12, ExpiryRange.MONTHS_6_TO_12),
)
_NONE: Final = float("nan")


@dataclass(frozen=True, slots=True)
class WarrantRow:
    """One product as it stands.

    Attributes:
        last_done: Latest price; `prev_close` of the day before.
        underlying: Price of the underlying.
        called: Whether the call price has been reached.
        expires: Instant to which its time is counted.
    """

    instrument: Instrument
    last_done: Decimal
    prev_close: Decimal
    volume: int
    turnover: Decimal
    outstanding: int
    underlying: Decimal
    status: WarrantStatus
    called: bool
    expires: datetime
    dividend_yield: float

    @property
    def terms(self) -> WarrantTerms:
        """Its terms."""
        assert self.instrument.warrant is not None, "a product has terms"
        return self.instrument.warrant


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What a model tells of products; not a number where it tells nothing.

    Attributes:
        volatility: Implied by the price, of calls and puts; `delta` likewise, per share.
    """

    volatility: Floats
    delta: Floats


def warrant_rows(
    market: WarrantMarket, underlying: Symbol, spot: Decimal, on: date, now: datetime
) -> list[WarrantRow]:
    """Return every product of an underlying that is known on a day, by code.

    Those that were called on the day are still there, those of earlier days are not.

    Args:
        spot: Price of the underlying.
        on: The trading day that is shown.
    """
    mood = market.underlyings.mood(underlying, on)
    found = sorted(market.of_underlying(underlying, on), key=lambda one: (len(one), one))
    rows = []
    for symbol in found:
        row = _row(market, symbol, spot, on, now, 0.0 if mood is None else mood.dividend_yield)
        if row is not None:
            rows.append(row)
    return rows


def _row(
    market: WarrantMarket,
    symbol: Symbol,
    spot: Decimal,
    on: date,
    now: datetime,
    dividend_yield: float,
) -> WarrantRow | None:
    life = market.life(symbol, on)
    prev_close = market.prev_close(symbol, on)
    if life is None or prev_close is None or life.instrument.warrant is None:
        return None
    last, volume, turnover = prev_close, 0, Decimal(0)
    day = market.day(symbol, on)
    us = microseconds(now)
    if day is not None:
        tape = day.tape.before(us)
        if len(tape):
            last = price(int(tape.price[-1]))
            volume = int(tape.volume.sum())
            turnover = money(int((tape.price * tape.volume).sum()))
    called = life.ends_at is not None and life.ends_at < us and on == life.last
    status = WarrantStatus.PREPARE_LIST if on < life.first else WarrantStatus.NORMAL
    return WarrantRow(
        life.instrument,
        last,
        prev_close,
        volume,
        turnover,
        market.outstanding(symbol, on),
        spot,
        WarrantStatus.SUSPENDED if called else status,
        called,
        market.expires_at(life.instrument.warrant.expiry),
        dividend_yield,
    )


def model_figures(rows: Sequence[WarrantRow], now: datetime) -> ModelFigures:
    """Return volatility and delta of several products."""
    count = len(rows)
    volatility, delta = np.full(count, _NONE), np.full(count, _NONE)
    priced = [
        place
        for place, row in enumerate(rows)
        if row.terms.kind in (WarrantKind.CALL, WarrantKind.PUT)
    ]
    if not priced:
        return ModelFigures(volatility, delta)
    columns = [
        (
            row.terms.kind.rises,
            float(row.last_done * row.terms.conversion_ratio),
            float(row.underlying),
            float(row.terms.strike),
            options.years_between(now, row.expires) if now < row.expires else 0.0,
            row.dividend_yield,
        )
        for row in (rows[place] for place in priced)
    ]
    rises, paid, spot, strike, years, dividends = (
        np.array(column, dtype=np.float64) for column in zip(*columns, strict=True)
    )
    calls = rises > 0
    sigma = options.implied_volatility(calls, paid, spot, strike, years, RATE, dividends)
    known = np.where(sigma > 0, sigma, 1e-4)
    found = options.greeks(calls, spot, strike, np.maximum(years, 1e-6), RATE, dividends, known)
    volatility[priced], delta[priced] = sigma, found.delta
    return ModelFigures(volatility, delta)


def warrant_table(rows: Sequence[WarrantRow], today: date, now: datetime) -> WarrantTable:
    """Return the figures of a list as columns."""
    figures = model_figures(rows, now)
    shown = [_figures(row) for row in rows]
    columns: dict[SortBy, Floats] = {
        name: np.array([one[place] for one in shown], dtype=np.float64)
        for place, name in enumerate(_FIGURES)
    }
    columns[SortBy.IMPLIED_VOLATILITY] = figures.volatility
    columns[SortBy.DELTA] = figures.delta
    columns[SortBy.EFFECTIVE_LEVERAGE] = figures.delta * columns[SortBy.LEVERAGE_RATIO]
    ends = [add_months(today, months) for months, _ in _RANGES]
    return WarrantTable(
        columns,
        np.array([int(row.terms.kind) for row in rows], dtype=np.int64),
        np.array([row.terms.issuer for row in rows], dtype=np.int64),
        np.array([_range(row.terms.expiry, ends) for row in rows], dtype=np.int64),
        np.array([float(inside_of(row)) for row in rows], dtype=np.float64),
    )


def inside_of(row: WarrantRow) -> Decimal:
    """Return how far a product is in the money or inside its bounds, as a fraction."""
    terms = row.terms
    if terms.upper_strike is not None:
        return warrants.inline_itm_otm(row.underlying, terms.strike, terms.upper_strike)
    return warrants.itm_otm(terms.kind, row.underlying, terms.strike)


def _range(expiry: date, ends: Sequence[date]) -> int:
    for end, (_, name) in zip(ends, _RANGES, strict=True):
        if expiry < end:
            return int(name)
    return int(ExpiryRange.OVER_12_MONTHS)


_FIGURES: Final = tuple(
    one
    for one in SortBy
    if one not in (SortBy.IMPLIED_VOLATILITY, SortBy.DELTA, SortBy.EFFECTIVE_LEVERAGE)
)


def _figures(row: WarrantRow) -> tuple[float, ...]:
    """Return the plain figures of a row, in the order of `_FIGURES`."""
    terms, last = row.terms, row.last_done
    change = last - row.prev_close
    is_inline = terms.kind is WarrantKind.INLINE
    strike = balance = premium = itm = ratio = _NONE
    if not is_inline:
        point = warrants.balance_point(terms.kind, terms.strike, last, terms.conversion_ratio)
        strike, balance, itm = float(terms.strike), float(point), float(inside_of(row))
        premium = float(warrants.premium(terms.kind, row.underlying, point))
        ratio = float(terms.conversion_ratio)
    call_price = to_call = _NONE
    if terms.call_price is not None:
        call_price = float(terms.call_price)
        to_call = float(
            warrants.to_call_price(terms.kind, row.underlying, terms.call_price, called=row.called)
        )
    leverage = warrants.leverage_ratio(row.underlying, last, terms.conversion_ratio)
    return (
        float(last),
        float(change / row.prev_close) if row.prev_close else 0.0,
        float(change),
        float(row.volume),
        float(row.turnover),
        float(terms.expiry.toordinal()),
        strike,
        float(terms.upper_strike) if terms.upper_strike is not None else _NONE,
        float(terms.strike) if is_inline else _NONE,
        float(row.outstanding),
        float(warrants.outstanding_ratio(row.outstanding, terms.issue_size)),
        premium,
        itm,
        call_price,
        to_call,
        float(leverage),
        ratio,
        balance,
        float(row.status),
    )
