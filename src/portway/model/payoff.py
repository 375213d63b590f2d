"""What derivatives pay at their end: exercise of options, settlement and call of warrants.

Exact decimals in the underlying's currency; whoever books them rounds to the cent. Prices of the
underlying arrive as arguments. Rules: automatic exercise from one cent in the money; Hong Kong's
settlement prices, mandatory calls and residual values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from portway.model.calendar import Calendar
from portway.model.derivative import OptionStyle, OptionTerms, WarrantKind
from portway.model.symbol import MARKET_ZONES, Market

__all__ = [
    "AVERAGING_DAYS",
    "MandatoryCall",
    "OptionSettlement",
    "averaging_days",
    "inline_payoff",
    "is_beyond",
    "last_trading_day",
    "mandatory_call",
    "option_settlement",
    "paid_on",
    "payoff",
    "residual_value",
    "settlement_price",
    "valuation_ends",
]

EXERCISE_FROM: Final = Decimal("0.01")  # In the money by at least this: exercised.
AVERAGING_DAYS: Final = 5
INLINE_IN, INLINE_OUT = Decimal(1), Decimal("0.25")
PAID_AFTER_DAYS: Final = 3
# How many trading days before expiry trading ends.
_LAST_DAYS: Final = {True: 1, False: 4}
_LUNCH: Final = time(12, 30)  # Between the two trading sessions of a Hong Kong day.


@dataclass(frozen=True, slots=True)
class OptionSettlement:
    """What an account gets for its contracts at expiry; negative: gives.

    Attributes:
        shares: Delivered; `cash` is paid for them, or is the difference of a cash settlement.
    """

    exercised: bool
    shares: int
    cash: Decimal


NOTHING: Final = OptionSettlement(exercised=False, shares=0, cash=Decimal(0))


def option_settlement(terms: OptionTerms, contracts: int, close: Decimal) -> OptionSettlement:
    """Return what expiry does to a position.

    Args:
        contracts: Negative for written ones, which are assigned where long ones are exercised.
        close: Official close of the underlying on expiry day.
    """
    gain = close - terms.strike if terms.is_call else terms.strike - close
    if gain < EXERCISE_FROM:
        return NOTHING
    units = contracts * terms.multiplier
    if terms.style is OptionStyle.EUROPEAN:
        return OptionSettlement(exercised=True, shares=0, cash=gain * units)
    shares = units if terms.is_call else -units
    return OptionSettlement(exercised=True, shares=shares, cash=-terms.strike * shares)


# --- Structured products -----------------------------------------------------------------------


def last_trading_day(kind: WarrantKind, expiry: date, calendar: Calendar) -> date:
    """Return the last day on which a product that is not called trades."""
    return calendar.add(expiry, -_LAST_DAYS[kind.is_callable])


def paid_on(day: date, calendar: Calendar) -> date:
    """Return when cash moves after expiry, or after a valuation has ended."""
    return calendar.add(day, PAID_AFTER_DAYS)


def averaging_days(kind: WarrantKind, expiry: date, calendar: Calendar) -> tuple[date, ...]:
    """Return the days whose closes make the settlement price of a share; none of a CBBC's."""
    if kind.is_callable:
        return ()
    return tuple(calendar.add(expiry, -n) for n in range(AVERAGING_DAYS, 0, -1))


def settlement_price(closes: Sequence[Decimal]) -> Decimal:
    """Return the mean of the closes."""
    return sum(closes, Decimal(0)) / len(closes)


def payoff(
    kind: WarrantKind, strike: Decimal, conversion_ratio: Decimal, settled_at: Decimal
) -> Decimal:
    """Return what one call, put, bull or bear pays at expiry."""
    gain = settled_at - strike if kind.rises else strike - settled_at
    return max(gain, Decimal(0)) / conversion_ratio


def inline_payoff(lower: Decimal, upper: Decimal, settled_at: Decimal) -> Decimal:
    """Return what one inline warrant pays; its bounds count as inside."""
    return INLINE_IN if lower <= settled_at <= upper else INLINE_OUT


def residual_value(
    kind: WarrantKind, strike: Decimal, conversion_ratio: Decimal, extreme: Decimal
) -> Decimal:
    """Return what one called contract pays.

    Args:
        extreme: Lowest (bull) or highest (bear) price of the valuation period.
    """
    return payoff(kind, strike, conversion_ratio, extreme)


@dataclass(frozen=True, slots=True)
class MandatoryCall:
    """The end of a callable contract before its expiry.

    Attributes:
        index: Of the print that caused it.
        extreme: Lowest (bull) or highest (bear) price from that print to the end of the valuation.
    """

    index: int
    extreme: Decimal


def is_beyond(kind: WarrantKind, call_price: Decimal, price: Decimal) -> bool:
    """Tell whether a price of the underlying calls a bull or bear."""
    return price <= call_price if kind is WarrantKind.BULL else price >= call_price


def mandatory_call(
    kind: WarrantKind,
    call_price: Decimal,
    prints: Iterable[tuple[datetime, Decimal]],
    calendar: Calendar,
) -> MandatoryCall | None:
    """Return how a contract is called, or None while it is not.

    Args:
        prints: Instant and price of the underlying's trades, in order.
    """
    rows = list(prints)
    place = next((i for i, (_, one) in enumerate(rows) if is_beyond(kind, call_price, one)), None)
    if place is None:
        return None
    ends = valuation_ends(rows[place][0], calendar)
    prices = [one for at, one in rows[place:] if at < ends]
    return MandatoryCall(place, min(prices) if kind is WarrantKind.BULL else max(prices))


def valuation_ends(called_at: datetime, calendar: Calendar) -> datetime:
    """Return when the valuation ends: with the trading session after that of the call.

    Morning and afternoon are sessions; the opening auction belongs to the morning, the closing
    auction to the afternoon, and a half day has a morning alone.
    """
    zone = MARKET_ZONES[Market.HK]
    local = called_at.astimezone(zone)
    day = local.date()
    if local.time() < _LUNCH and not calendar.is_half_day(day):
        ends = datetime.combine(day + timedelta(days=1), time(), zone)
    else:
        ends = datetime.combine(calendar.next_trading_day(day), _LUNCH, zone)
    return ends.astimezone(UTC)
