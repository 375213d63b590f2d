"""What structured products pay when they end: at expiry, or after they were called.

Settlement prices and residual values follow from the underlying's own path; the arithmetic is
`model/payoff.py`'s. Nothing here knows who holds a product.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from portway.market.derived.source import Life
from portway.market.derived.underlyings import Underlyings
from portway.market.synthetic.layout import instant, microseconds
from portway.model.calendar import Calendar
from portway.model.corporate_action import Redemption
from portway.model.derivative import WarrantKind, WarrantTerms
from portway.model.instrument import SecurityClass
from portway.model.payoff import (
    averaging_days,
    inline_payoff,
    paid_on,
    payoff,
    residual_value,
    settlement_price,
    valuation_ends,
)
from portway.model.symbol import Symbol

__all__ = ["redemption_of"]

STEP: Final = timedelta(minutes=5)  # Between the index values that make a settlement price.
NOTHING: Final = Decimal(0)


def redemption_of(
    symbol: Symbol, life: Life, underlyings: Underlyings, calendar: Calendar
) -> Redemption | None:
    """Return the end of a product; None while the prices that it hangs on are not known.

    The holdings end with the first trading day after the expiry, or after the valuation of a
    contract that was called.
    """
    terms = life.instrument.warrant
    assert terms is not None, "a structured product has terms"
    if life.ends_at is not None:
        return _called(symbol, terms, instant(life.ends_at), underlyings, calendar)
    settled_at = _settled_at(terms, underlyings, calendar)
    if settled_at is None:
        return None
    if terms.kind is WarrantKind.INLINE:
        assert terms.upper_strike is not None, "an inline warrant has two bounds"
        cash = inline_payoff(terms.strike, terms.upper_strike, settled_at)
    else:
        cash = payoff(terms.kind, terms.strike, terms.conversion_ratio, settled_at)
    day = calendar.latest_on_or_before(terms.expiry)
    return Redemption(
        symbol, calendar.next_trading_day(day), cash, paid_on(day, calendar), settled_at
    )


def _called(
    symbol: Symbol,
    terms: WarrantTerms,
    called_at: datetime,
    underlyings: Underlyings,
    calendar: Calendar,
) -> Redemption:
    """Return the end of a contract that was called: its residual value, in class R alone."""
    ends = valuation_ends(called_at, calendar)
    # Just before its end the valuation is still on its own day.
    day = calendar.latest_on_or_before((ends - timedelta(minutes=1)).astimezone(UTC).date())
    prices = list(_prices(terms.underlying, called_at, ends, underlyings))
    extreme = None
    if prices:
        extreme = min(prices) if terms.kind is WarrantKind.BULL else max(prices)
    cash = NOTHING
    if terms.residual and extreme is not None:
        cash = residual_value(terms.kind, terms.strike, terms.conversion_ratio, extreme)
    return Redemption(
        symbol, calendar.next_trading_day(day), cash, paid_on(day, calendar), extreme, called=True
    )


def _prices(
    underlying: Symbol, begin: datetime, end: datetime, underlyings: Underlyings
) -> Iterator[Decimal]:
    """Yield what the underlying traded at, by the minute; of the first one from `begin` on."""
    first, last = microseconds(begin), microseconds(end)
    for day in {begin.date(), end.date()}:
        path = underlyings.path(underlying, day)
        if path is None:
            continue
        inside = (path.at > first) & (path.at <= last)
        for column in (path.low, path.high):
            yield from (Decimal(repr(one)) for one in column[inside].tolist())


def _settled_at(
    terms: WarrantTerms, underlyings: Underlyings, calendar: Calendar
) -> Decimal | None:
    """Return the settlement price at expiry: of a share by closes, of an index by its last day."""
    listed = underlyings.instrument(terms.underlying)
    if listed is not None and listed.security_class is SecurityClass.INDEX:
        return _index_average(terms, underlyings, calendar)
    days = averaging_days(terms.kind, terms.expiry, calendar) or (calendar.add(terms.expiry, -1),)
    closes = dict(underlyings.closes(terms.underlying, days[0], days[-1]))
    found = [Decimal(repr(closes[day])) for day in days if day in closes]
    return settlement_price(found) if found else None


def _index_average(
    terms: WarrantTerms, underlyings: Underlyings, calendar: Calendar
) -> Decimal | None:
    day = calendar.latest_on_or_before(terms.expiry)
    path = underlyings.path(terms.underlying, day)
    if path is None:
        return None
    step = int(STEP / timedelta(microseconds=1))
    values = [
        Decimal(repr(price))
        for at, price in zip(path.at.tolist(), path.price.tolist(), strict=True)
        if at % step == 0
    ]
    return settlement_price(values) if values else None
