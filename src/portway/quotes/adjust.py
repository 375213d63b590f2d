"""Reference prices on an ex-date, and forward adjustment of history.

Forward adjustment is multiplicative: every ex-date has a price factor, reference price over the
raw close before it, and a share ratio; a bar is scaled by the product over all later ex-dates, so
that the newest price stays as it is, returns are kept and no price turns negative. Turnover is
not adjusted. Numbers are rounded once, at the very end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import reduce
from itertools import groupby, starmap
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import structs

from portway.model.corporate_action import CorporateAction
from portway.model.decimals import half_up, round_to_tick_half_up
from portway.model.quote import Candlestick, Period
from portway.model.symbol import Market
from portway.quotes.candles import day_stamp, merge_bars, period_start

__all__ = [
    "Adjustment",
    "ForwardFactors",
    "adjust_bar",
    "ex_reference",
    "fold_adjusted_day_bars",
    "forward_factors",
    "prev_close_on_ex_date",
    "share_ratio",
]

PRICE_PLACES: Final = 3
# Long enough that a product over decades of dividends is exact to any place that is shown.
_WIDE: Final = Context(prec=60, rounding=ROUND_HALF_UP)
_ONE: Final = Decimal(1)


def share_ratio(action: CorporateAction) -> Decimal:
    """Return how many shares one share becomes, rights taken up: (1 + bonus + rights) * split."""
    return (1 + action.bonus + action.rights) * action.split


def ex_reference(
    close: Decimal, action: CorporateAction, *, deduct_cash: bool, tick: Decimal | None = None
) -> Decimal:
    """Return the theoretical price after `action` of a share that closed at `close` before it.

    The general form: (close - cash + rights * rights_price) / ((1 + bonus + rights) * split).

    Args:
        deduct_cash: Whether the dividend enters.
        tick: Round half up to a multiple of it; None leaves the quotient as it is.
    """
    with localcontext(_WIDE):
        cash = action.cash if deduct_cash else Decimal(0)
        reference = (close - cash + action.rights * action.rights_price) / share_ratio(action)
        return reference if tick is None else round_to_tick_half_up(reference, tick)


def prev_close_on_ex_date(
    market: Market, close: Decimal, action: CorporateAction, *, tick: Decimal
) -> Decimal:
    """Return the previous close that a quote shows on the ex-date, by the market's own rule.

    Mainland exchanges deduct the dividend and round to the tick; Hong Kong and US exchanges leave
    dividends alone and are not rounded.
    """
    if market is Market.CN:
        return ex_reference(close, action, deduct_cash=True, tick=tick)
    return ex_reference(close, action, deduct_cash=False)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What forward adjustment multiplies a bar with."""

    price: Decimal = _ONE
    volume: Decimal = _ONE


UNADJUSTED: Final = Adjustment()


@dataclass(frozen=True, slots=True)
class ForwardFactors:
    """The cumulative factors of a symbol's history.

    Attributes:
        ex_dates: Ascending, without repetition.
        adjustments: One more than `ex_dates`: element i holds for the days from ex-date i - 1 up
            to the day before ex-date i; the last is no adjustment.
    """

    ex_dates: tuple[date, ...] = ()
    adjustments: tuple[Adjustment, ...] = (UNADJUSTED,)

    def at(self, trading_day: date) -> Adjustment:
        """Return the adjustment of the bars of `trading_day`."""
        return self.adjustments[bisect_right(self.ex_dates, trading_day)]


def forward_factors(
    actions: Iterable[tuple[CorporateAction, Decimal]],
    *,
    deduct_cash: bool = True,
    reference_tick: Decimal | None = None,
) -> ForwardFactors:
    """Return the cumulative factors of actions, each with the last raw close before its ex-date.

    Several actions on one ex-date multiply, in the order given. The defaults are the rule of the
    product: cash deducted, references not rounded, in every market.
    """
    by_date: dict[date, tuple[Decimal, Decimal]] = {}
    with localcontext(_WIDE):
        for action, close in actions:
            reference = ex_reference(close, action, deduct_cash=deduct_cash, tick=reference_tick)
            price, shares = by_date.get(action.ex_date, (_ONE, _ONE))
            by_date[action.ex_date] = (price * reference / close, shares * share_ratio(action))
        ex_dates = sorted(by_date)
        adjustments = [UNADJUSTED]
        for ex_date in reversed(ex_dates):
            price, shares = by_date[ex_date]
            later = adjustments[-1]
            adjustments.append(Adjustment(later.price * price, later.volume * shares))
    return ForwardFactors(tuple(ex_dates), tuple(reversed(adjustments)))


def adjust_bar(bar: Candlestick, adjustment: Adjustment) -> Candlestick:
    """Return `bar` scaled: prices to three places, volume to whole shares, both half up."""
    if adjustment == UNADJUSTED:
        return bar
    return _rounded(_scaled(bar, adjustment), bar.at)


def fold_adjusted_day_bars(
    bars: Iterable[Candlestick], factors: ForwardFactors, period: Period, zone: ZoneInfo
) -> tuple[Candlestick, ...]:
    """Scale raw day bars, ascending, and fold them into DAY or longer bars, rounding at the end.

    A bar to which no adjustment applies keeps its raw prices, unrounded.
    """
    found: list[Candlestick] = []
    for first, group in groupby(bars, lambda bar: period_start(_day_of(bar, zone), period)):
        scaled = [(bar, factors.at(_day_of(bar, zone))) for bar in group]
        stamp = day_stamp(first, zone)
        if all(adjustment == UNADJUSTED for _, adjustment in scaled):
            found.append(structs.replace(reduce(merge_bars, (bar for bar, _ in scaled)), at=stamp))
        else:
            found.append(_rounded(reduce(_merged, starmap(_scaled, scaled)), stamp))
    return tuple(found)


def _day_of(bar: Candlestick, zone: ZoneInfo) -> date:
    return bar.at.astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class _Exact:
    """A scaled bar before rounding: its volume is not whole yet."""

    raw: Candlestick
    volume: Decimal


def _scaled(bar: Candlestick, adjustment: Adjustment) -> _Exact:
    with localcontext(_WIDE):
        price = adjustment.price
        scaled = structs.replace(
            bar,
            open=bar.open * price,
            high=bar.high * price,
            low=bar.low * price,
            close=bar.close * price,
        )
        return _Exact(scaled, bar.volume * adjustment.volume)


def _merged(bar: _Exact, later: _Exact) -> _Exact:
    with localcontext(_WIDE):
        return _Exact(merge_bars(bar.raw, later.raw), bar.volume + later.volume)


def _rounded(bar: _Exact, at: datetime) -> Candlestick:
    raw = bar.raw
    return Candlestick(
        at=at,
        open=half_up(raw.open, PRICE_PLACES),
        high=half_up(raw.high, PRICE_PLACES),
        low=half_up(raw.low, PRICE_PLACES),
        close=half_up(raw.close, PRICE_PLACES),
        volume=int(half_up(bar.volume, 0)),
        turnover=raw.turnover,
        session=raw.session,
        priced=raw.priced,
    )
