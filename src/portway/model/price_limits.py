"""Price limits: between which prices an exchange takes an order, or lets it trade.

The mainland's daily limits and valid declaration range, Hong Kong's quotation rules and auction
bounds and volatility control, and the US limit up - limit down bands. Pure arithmetic over a tick
table and the market's present, which arrive with the question; who refuses an order, and with which
code, is decided elsewhere. Prices are in the instrument's currency; a side that has no limit is
None.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from portway.model.decimals import half_up, round_to_tick_half_up
from portway.model.instrument import GROWTH_BOARDS, Board, SecurityClass
from portway.model.order import OrderSide, OrderType
from portway.model.spread import SpreadTable

__all__ = [
    "CHINEXT_20_PERCENT_FROM",
    "LULD_FROM",
    "LULD_NARROW_FROM",
    "NO_BAND",
    "ST_10_PERCENT_FROM",
    "Luld",
    "PriceRange",
    "Quotation",
    "QuotationRefusal",
    "QuotedMarket",
    "cn_daily_limit",
    "cn_limit_rate",
    "cn_valid_range",
    "hk_auction_bound",
    "hk_quotation",
    "hk_vcm",
    "hk_vcm_percent",
    "hk_vcm_watches",
    "us_luld",
]

BANDS_KEPT: Final = 4096  # One for each security that is watched, and some of the minutes before.


class PriceRange(Struct, frozen=True):
    """Prices from `lower` to `upper`, both allowed; None where that side has no limit."""

    lower: Decimal | None = None
    upper: Decimal | None = None

    def holds(self, price: Decimal) -> bool:
        """Tell whether `price` lies in the range."""
        if self.lower is not None and price < self.lower:
            return False
        return self.upper is None or price <= self.upper


NO_BAND: Final = PriceRange()


class QuotedMarket(Struct, frozen=True):
    """What the rules read of a security's market at one instant; None where there is none.

    Attributes:
        best_bid: Of outside depth and resting client orders together, as `best_ask`.
        last: The latest price-setting trade of the day.
        prev_close: The previous close, adjusted on an ex-date.
    """

    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    last: Decimal | None = None
    prev_close: Decimal | None = None

    def best(self, side: OrderSide) -> Decimal | None:
        """Return the best price on the book's `side`."""
        return self.best_bid if side is OrderSide.BUY else self.best_ask


def _other(side: OrderSide) -> OrderSide:
    return OrderSide.SELL if side is OrderSide.BUY else OrderSide.BUY


# --- Mainland ---------------------------------------------------------------------------------

# The registration reform widened ChiNext, and funds that track growth boards, from 10 to 20 %.
CHINEXT_20_PERCENT_FROM: Final = date(2020, 8, 24)
# Risk warning (ST) shares of the main boards: 5 % before, a setting wherever it matters.
ST_10_PERCENT_FROM: Final = date(2026, 7, 6)

_GROWTH_RATE: Final = Decimal("0.20")
_MAIN_RATE: Final = Decimal("0.10")
_ST_RATE: Final = Decimal("0.05")
_FREE_DAYS: Final = 5  # Trading days of a new share without a daily limit.

_RANGE_SHARE: Final = Decimal("0.02")
_RANGE_TICKS: Final = 10


def cn_limit_rate(
    on: date,
    board: Board,
    security_class: SecurityClass,
    *,
    risk_warning: bool = False,
    tracks_growth_board: bool = False,
    ipo_day: int | None = None,
    st_10_percent_from: date = ST_10_PERCENT_FROM,
) -> Decimal | None:
    """Return how far a mainland price may move from the previous close, as a fraction.

    Args:
        risk_warning: Whether it is an ST or *ST share.
        tracks_growth_board: Whether it is a fund on an index of STAR or ChiNext.
        ipo_day: Number of the trading day since the listing, from 1; None when long listed.
        st_10_percent_from: First day on which ST shares of the main boards have 10 %.

    Returns:
        None on the first days of a new share, which have no limit.
    """
    is_fund = security_class is SecurityClass.ETF
    if not is_fund and ipo_day is not None and ipo_day <= _FREE_DAYS:
        return None
    if is_fund:
        wide = tracks_growth_board and on >= CHINEXT_20_PERCENT_FROM
        return _GROWTH_RATE if wide else _MAIN_RATE
    if board is Board.SH_STAR or (board in GROWTH_BOARDS and on >= CHINEXT_20_PERCENT_FROM):
        return _GROWTH_RATE  # ST shares there too
    return _ST_RATE if risk_warning and on < st_10_percent_from else _MAIN_RATE


def cn_daily_limit(prev_close: Decimal, rate: Decimal | None, table: SpreadTable) -> PriceRange:
    """Return the limit prices of a mainland trading day.

    The previous close times (1 ± rate), each rounded half up to the tick; a limit that would equal
    the previous close lies one tick away, but never at zero.

    Args:
        prev_close: On an ex-date the exchange's reference price.
        rate: As a fraction, from `cn_limit_rate`; None: no limit.
    """
    tick = table.tick_size(prev_close)
    if rate is None or tick is None:
        return PriceRange()
    upper = round_to_tick_half_up(prev_close * (1 + rate), tick)
    lower = round_to_tick_half_up(prev_close * (1 - rate), tick)
    return PriceRange(
        lower=max(prev_close - tick if lower == prev_close else lower, tick),
        upper=prev_close + tick if upper == prev_close else upper,
    )


def cn_valid_range(side: OrderSide, market: QuotedMarket, table: SpreadTable) -> PriceRange:
    """Return where a mainland order may be priced in continuous trading.

    A buy is at most the larger of 2 % and 10 ticks above the reference price, a sell at least as
    much below it; the bound is rounded inward to the tick. The reference is the opposite side's
    best price, else the own side's, else the last trade, else the previous close.
    """
    candidates = (market.best(_other(side)), market.best(side), market.last, market.prev_close)
    reference = next((price for price in candidates if price is not None), None)
    tick = None if reference is None else table.tick_size(reference)
    if reference is None or tick is None:
        return PriceRange()
    width = max(reference * _RANGE_SHARE, tick * _RANGE_TICKS)
    if side is OrderSide.BUY:
        return PriceRange(upper=table.below(reference + width))
    return PriceRange(lower=table.above(reference - width))


# --- Hong Kong --------------------------------------------------------------------------------

_NINE: Final = 9  # Both the times of the 9-times rule and the ticks an ELO may cross by.
_PASSIVE_TICKS: Final = 24
_BOUNDED: Final = frozenset({OrderType.LO, OrderType.ELO})


class QuotationRefusal(StrEnum):
    """Why the quotation rules refuse a Hong Kong order."""

    NINE_TIMES = "nine_times"
    AGGRESSIVE_BOUND = "aggressive_bound"
    PASSIVE_BOUND = "passive_bound"
    MUST_CROSS = "must_cross"


class Quotation(Struct, frozen=True):
    """What the quotation rules make of an order: the type it goes out as, or why it does not.

    Attributes:
        sent_as: A limit order that crosses by up to nine ticks goes out as an enhanced one.
    """

    sent_as: OrderType | None
    refusal: QuotationRefusal | None = None

    @property
    def accepted(self) -> bool:
        """Whether the exchange takes it."""
        return self.refusal is None


def hk_quotation(
    order_type: OrderType,
    side: OrderSide,
    price: Decimal,
    market: QuotedMarket,
    table: SpreadTable,
    *,
    nominal: Decimal | None,
    passive_check: bool = False,
) -> Quotation:
    """Apply the quotation rules of continuous trading, the 9-times rule first.

    Args:
        price: A valid price of `table`.
        nominal: Nominal price; before the first trade of a new share its offer price. None: the
            9-times rule is not applied.
        passive_check: Whether orders more than 24 ticks behind the market are refused.
    """
    if nominal is not None and not _within_nine_times(price, nominal):
        return _refused(QuotationRefusal.NINE_TIMES)
    opposite = market.best(_other(side))
    if order_type is OrderType.SLO:
        crosses = opposite is not None and _reaches(side, price, opposite)
        return Quotation(order_type) if crosses else _refused(QuotationRefusal.MUST_CROSS)
    if order_type not in _BOUNDED:
        return Quotation(order_type)
    enhances = False
    if opposite is not None and _beyond(side, price, opposite):
        enhances = True
        if _beyond(side, price, _moved(table, opposite, side, _NINE)):
            return _refused(QuotationRefusal.AGGRESSIVE_BOUND)
    if passive_check and _is_too_passive(side, price, market, table):
        return _refused(QuotationRefusal.PASSIVE_BOUND)
    return Quotation(OrderType.ELO if enhances else order_type)


def hk_auction_bound(
    reference: Decimal | None,
    percent: Decimal,
    table: SpreadTable,
    *,
    lowest_ask: Decimal | None = None,
    highest_bid: Decimal | None = None,
) -> PriceRange:
    """Return between which prices an at-auction limit order may lie, rounded inward to ticks.

    Args:
        reference: Previous close (opening) or reference price (closing); None, as for a new share:
            no bound by percent.
        percent: 15 in the opening auction, 5 in the closing auction.
        lowest_ask: Recorded when the no-cancellation stage begins, as `highest_bid`; None in the
            input stage. With both, the lower of the two is the lower bound, crossed or not; with
            one, the other side keeps its percentage.
    """
    lower = None if reference is None else reference * (100 - percent) / 100
    upper = None if reference is None else reference * (100 + percent) / 100
    if lowest_ask is not None and highest_bid is not None:
        lower, upper = min(lowest_ask, highest_bid), max(lowest_ask, highest_bid)
    elif highest_bid is not None:
        lower = highest_bid
    elif lowest_ask is not None:
        upper = lowest_ask
    return PriceRange(
        lower=None if lower is None else table.above(lower),
        upper=None if upper is None else table.below(upper),
    )


# Volatility control: by first day, percent for members of the large indexes, of the small-cap
# index, and for all others it watches; None: not watched then.
_VCM: Final = (
    (date(2020, 5, 11), (10, 20, 15)),
    (date(2016, 8, 22), (10, None, None)),
)
_VCM_LARGE: Final = frozenset({"HSI.HK", "HSCEI.HK"})
_VCM_SMALL: Final = "HSSI.HK"
_VCM_FUNDS: Final = frozenset({SecurityClass.ETP, SecurityClass.FIXED_INCOME_ETP})
# Not in the first quarter of an hour of a session part, nor in the last twenty minutes of the day.
_VCM_FULL: Final = ((time(9, 45), time(12)), (time(13, 15), time(15, 40)))
_VCM_HALF: Final = ((time(9, 45), time(11, 40)),)


def hk_vcm_percent(
    on: date, security_class: SecurityClass, indexes: Collection[str]
) -> Decimal | None:
    """Return how far a watched security may trade from its price five minutes ago, in percent.

    Args:
        indexes: Symbols of the indexes it is a member of.

    Returns:
        None when such a security was not watched on that day.
    """
    for since, (large, small, other) in _VCM:
        if on >= since:
            is_large = security_class in _VCM_FUNDS or not _VCM_LARGE.isdisjoint(indexes)
            percent = large if is_large else small if _VCM_SMALL in indexes else other
            return None if percent is None else Decimal(percent)
    return None


def hk_vcm_watches(at: time, *, is_half_day: bool) -> bool:
    """Tell whether the volatility control watches at a Hong Kong time of day."""
    return any(begin <= at < end for begin, end in (_VCM_HALF if is_half_day else _VCM_FULL))


@lru_cache(BANDS_KEPT)  # asked at every order and every print, and new every five minutes at most
def hk_vcm(reference: Decimal, percent: Decimal, table: SpreadTable) -> PriceRange:
    """Return the band around the price five minutes ago, rounded inward to ticks."""
    return PriceRange(
        table.above(reference * (100 - percent) / 100),
        table.below(reference * (100 + percent) / 100),
    )


def _refused(refusal: QuotationRefusal) -> Quotation:
    return Quotation(None, refusal)


def _within_nine_times(price: Decimal, nominal: Decimal) -> bool:
    return price < _NINE * nominal and price * _NINE > nominal


def _reaches(side: OrderSide, price: Decimal, other: Decimal) -> bool:
    """Tell whether `price` trades with an order at `other`."""
    return price >= other if side is OrderSide.BUY else price <= other


def _beyond(side: OrderSide, price: Decimal, bound: Decimal | None) -> bool:
    """Tell whether `price` is more aggressive than `bound`; without one it is not."""
    if bound is None:
        return False
    return price > bound if side is OrderSide.BUY else price < bound


def _moved(table: SpreadTable, price: Decimal, side: OrderSide, ticks: int) -> Decimal | None:
    """Return the price `ticks` more aggressive than `price`; None outside the table.

    A quote off the ticks (of a recorded day, by the tables of another time) counts from the next
    tick on the passive side.
    """
    up = side is OrderSide.BUY
    start = table.below(price) if up else table.above(price)
    return None if start is None else table.step(start, ticks if up else -ticks)


def _is_too_passive(
    side: OrderSide, price: Decimal, market: QuotedMarket, table: SpreadTable
) -> bool:
    reference = _passive_reference(side, market)
    if reference is None:
        return False
    bound = _moved(table, reference, _other(side), _PASSIVE_TICKS)
    return _beyond(_other(side), price, bound)


def _passive_reference(side: OrderSide, market: QuotedMarket) -> Decimal | None:
    """Return the price from which the 24 ticks of a resting order are counted."""
    own, opposite = market.best(side), market.best(_other(side))
    if own is not None:
        return own
    if opposite is None:
        return market.last if market.last is not None else market.prev_close
    known = [one for one in (opposite, market.last, market.prev_close) if one is not None]
    return min(known) if side is OrderSide.BUY else max(known)


# --- United States ----------------------------------------------------------------------------


class Luld(Struct, frozen=True):
    """What decides the width of limit up - limit down bands, apart from price and time.

    Attributes:
        tier: 1 for the large indexes' members and listed funds, 2 for other stocks.
        leverage: Of a leveraged fund, as 3; else 1.
    """

    tier: int
    leverage: Decimal = Decimal(1)


LULD_FROM: Final = date(2013, 4, 8)
# Until then the first quarter of an hour and the last 25 minutes had double width for all.
LULD_NARROW_FROM: Final = date(2020, 2, 24)

_HIGH_FROM: Final = Decimal(3)  # Previous closes above it have the narrow row ...
_LOW_BELOW: Final = Decimal("0.75")  # ... and those below this the row in cents.
_NARROW: Final = {1: Decimal("0.05"), 2: Decimal("0.10")}
_MIDDLE: Final = Decimal("0.20")
_LOW_CENTS: Final = Decimal("0.15")
_LOW_SHARE: Final = Decimal("0.75")
_REGULAR_END: Final = time(16)
_WIDE_UNTIL: Final = time(9, 45)
_DOUBLED_MINUTES: Final = 25


def us_luld(
    reference: Decimal,
    prev_close: Decimal,
    at: time,
    luld: Luld,
    *,
    regular_end: time = _REGULAR_END,
    on: date = LULD_NARROW_FROM,
) -> PriceRange:
    """Return the limit up - limit down bands around a reference price, to the cent half up.

    The previous close chooses the row. In the last 25 minutes the width doubles, except for Tier 2
    above 3.00. The lower band is never below zero.

    Args:
        at: New York time of day.
        regular_end: End of the regular session that day.
        on: The trading day; there are no bands before `LULD_FROM`.
    """
    if on < LULD_FROM:
        return NO_BAND
    if prev_close > _HIGH_FROM:
        width = reference * _NARROW[luld.tier] * luld.leverage
    elif prev_close >= _LOW_BELOW:
        width = reference * _MIDDLE * luld.leverage
    else:
        width = min(_LOW_CENTS, reference * _LOW_SHARE)
    is_before = on < LULD_NARROW_FROM
    doubles = luld.tier == 1 or prev_close <= _HIGH_FROM or is_before
    left = _minutes(regular_end) - _minutes(at)
    is_wide = (doubles and 0 < left <= _DOUBLED_MINUTES) or (is_before and at < _WIDE_UNTIL)
    if is_wide:
        width *= 2
    return PriceRange(max(Decimal(0), half_up(reference - width, 2)), half_up(reference + width, 2))


def _minutes(at: time) -> Decimal:
    return at.hour * 60 + at.minute + Decimal(at.second) / 60
