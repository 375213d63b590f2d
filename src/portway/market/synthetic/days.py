"""The day level: open, high, low, close, volume, turnover of every day, as whole numbers.

What this level fixes the minutes below must add up to. It also fixes where in the day its high and
its low fall, because the day's turnover is the volume-weighted mean of the path through them.
Prices are counted in steps of the day's grid (`grid`), volumes in lots. Knows no minute bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np

from portway.market.synthetic.curves import Curve, path_mean, turns
from portway.market.synthetic.draws import (
    Floats,
    Ints,
    exp,
    key_of,
    normals,
    sub_key,
    uniforms,
    word,
    words,
)
from portway.market.synthetic.grid import UNIT_PLACES, day_grids
from portway.market.synthetic.layout import (
    has_closing_auction,
    has_opening_auction,
    layout_of,
)
from portway.market.synthetic.minutes import MINUTE_LOTS_MIN
from portway.market.synthetic.profiles import Profile
from portway.market.synthetic.years import SETTLED_FROM, Path, Span, daily_path
from portway.model.corporate_action import CorporateAction
from portway.model.instrument import Board, Instrument
from portway.model.symbol import Market

__all__ = ["DayTable", "day_table", "lot_of"]

_UNITS: Final = float(10**UNIT_PLACES)
_HALF_DAY_VOLUME: Final = 0.55
_LOTS_A_PRINT: Final = 2  # Fewest lots of a session for each of its prints.
# An ordinary print of the US tape is a round lot; smaller ones would not set a price there.
_US_LOT: Final = 100
_RANGE_STEPS_MIN: Final = 4
# Money of an index per share of its members: of the right size, there is no list of members here.
_SHARE_PRICE: Final = {Market.HK: 38, Market.US: 62, Market.CN: 11}
_GROWTH_LIMIT: Final = Decimal("0.20")
_MAIN_LIMIT: Final = Decimal("0.10")
_ST_LIMIT: Final = Decimal("0.05")  # On every day: inside the wider limit that followed, too.
_LIMIT_MARGIN: Final = 0.004


@dataclass(frozen=True, slots=True)
class DayTable:
    """Every day of one security; one array element per row of `span`.

    Attributes:
        step: Units (0.0001 of the currency) in one step of the day's grid.
        open: In steps, as `high`, `low`, `close` and `last`, the last price before the closing
            auction (the close itself where there is none).
        before: Close of the day before in units; `after_action` less a dividend that the market's
            rule takes off.
        open_lots: Volume of the opening auction; `close_lots` of the closing auction; `lots` of the
            continuous session between them. In lots.
        weight: Sum of steps times lots over the continuous session. For an index: the money that
            its members traded, in units.
        first_turn: Minute at whose end the first extreme stands, `second_turn` the other one.
        high_first: Whether the high comes first.
        actions: Dividends, by ex-date.
    """

    span: Span
    instrument: Instrument
    profile: Profile
    lot: int
    step: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    last: Ints
    before: Ints
    after_action: Ints
    open_lots: Ints
    close_lots: Ints
    lots: Ints
    weight: Ints
    first_turn: Ints
    second_turn: Ints
    high_first: np.typing.NDArray[np.bool_]
    actions: tuple[CorporateAction, ...]

    @property
    def volume(self) -> Ints:
        """Shares of each day."""
        return (self.open_lots + self.lots + self.close_lots) * self.lot

    @property
    def turnover(self) -> Ints:
        """Money of each day, in units."""
        if self.instrument.is_index:
            return self.weight
        auctions = self.open * self.open_lots + self.close * self.close_lots
        return (self.weight + auctions) * self.step * self.lot

    def row(self, day: date) -> int | None:
        """Row of a trading day, None for any other day."""
        row = int(np.searchsorted(self.span.ordinals, day.toordinal()))
        if row < len(self.span.days) and self.span.days[row] == day:
            return row
        return None


def lot_of(instrument: Instrument) -> int:
    """Return the shares in which volumes of a day and a minute are counted."""
    if instrument.is_index:
        return 1
    return _US_LOT if instrument.market is Market.US else instrument.lot_size


def day_table(seed: int, instrument: Instrument, profile: Profile, span: Span) -> DayTable:
    """Build every day of a security."""
    path = daily_path(seed, instrument.symbol, profile, span)
    key = key_of(seed, instrument.symbol, "bar")
    drawn = [words(sub_key(key, field), span.ordinals) for field in range(9)]
    prices = _Prices(seed, path, drawn, span, instrument, profile)
    minutes = np.where(span.half, *(_minutes(seed, instrument, span, half) for half in (1, 0)))
    auctioned = _closing_from(instrument, span)
    if auctioned.any():
        # The closing auction is counted in the exchange's phases, so the minutes differ with it.
        without = np.where(span.half, minutes, _minutes_of_first(seed, instrument, span))
        minutes = np.where(auctioned, minutes, without)
    first, second = turns(minutes, uniforms(drawn[5]), uniforms(drawn[6]))
    up = prices.close > prices.open
    high_first = uniforms(drawn[7]) < np.where(up, 0.3, 0.7)
    wobble = np.floor(normals(drawn[8]) * 0.03 * (prices.high - prices.low) + 0.5).astype(np.int64)
    last = np.where(
        auctioned, np.clip(prices.close + wobble, prices.low, prices.high), prices.close
    )
    lot = lot_of(instrument)
    lots = _lots(profile, path, span, minutes, lot, normals(drawn[4]))
    shares = uniforms(words(sub_key(key, 9), span.ordinals))
    opens = has_opening_auction(instrument)
    opening = np.floor(lots * (0.006 + 0.016 * shares)).astype(np.int64)
    open_lots = opening if opens else np.zeros_like(opening)
    closing = np.floor(lots * (0.035 + 0.06 * (1 - shares))).astype(np.int64)
    close_lots = np.where(auctioned, closing, 0)
    between = np.floor(lots).astype(np.int64)
    if instrument.is_index:
        money = _SHARE_PRICE.get(instrument.market, 10) * (0.9 + 0.2 * uniforms(drawn[3]))
        weight = np.floor((between + close_lots) * money * 100).astype(np.int64) * 100
    else:
        corners = (prices.open, prices.high, prices.low, last)
        mean = path_mean(*corners, first, second, high_first, minutes, Curve.REGULAR)
        weight = np.floor(between * mean).astype(np.int64)
    return DayTable(
        span, instrument, profile, lot, prices.step, prices.open, prices.high, prices.low,
        prices.close, last, prices.before, prices.after_action, open_lots, close_lots, between,
        weight, first, second, high_first, prices.actions,
    )  # fmt: skip


class _Prices:
    """Open, high, low and close of every day, rounded to the grid and kept inside the limits."""

    def __init__(
        self,
        seed: int,
        path: Path,
        drawn: list[np.typing.NDArray[np.uint64]],
        span: Span,
        instrument: Instrument,
        profile: Profile,
    ) -> None:
        close = path.close
        before = np.concatenate((np.array([path.before]), close[:-1]))
        opened = before + 0.4 * (close - before) + 0.2 * path.sigma * normals(drawn[0])
        reach = [0.12 + 0.42 * np.abs(normals(drawn[i])) for i in (1, 2)]
        top = np.minimum(np.maximum(opened, close) + path.sigma * reach[0], path.ceiling)
        bottom = np.maximum(np.minimum(opened, close) - path.sigma * reach[1], path.floor)
        highest, lowest = exp(top) * _UNITS, exp(bottom) * _UNITS
        tick = day_grids(instrument, span.days, lowest, highest)
        widened = np.maximum(highest, lowest + (_RANGE_STEPS_MIN + 2) * tick)
        step = day_grids(instrument, span.days, lowest, widened)
        self.step = step
        self.low = np.ceil(lowest / step).astype(np.int64)
        self.high = np.maximum(
            np.floor(highest / step).astype(np.int64), self.low + _RANGE_STEPS_MIN
        )
        self.open, self.close = (
            np.clip(np.floor(exp(side) * _UNITS / step + 0.5).astype(np.int64), self.low, self.high)
            for side in (opened, close)
        )
        start = np.floor(exp(np.array([path.before])) * _UNITS / step[0] + 0.5) * step[0]
        self.actions, cash = _dividends(seed, instrument, profile, span)
        deducted = cash if instrument.market is Market.CN else np.zeros_like(cash)
        self._follow(start.astype(np.int64), deducted)
        if instrument.market is Market.CN and not instrument.is_index:
            self._keep_limits(instrument, start.astype(np.int64), deducted)

    def _follow(self, start: Ints, deducted: Ints) -> None:
        """Set each day's previous close from the closes as they stand."""
        self.before = np.concatenate((start, (self.close * self.step)[:-1]))
        self.after_action = self.before - deducted

    def _keep_limits(self, instrument: Instrument, start: Ints, deducted: Ints) -> None:
        """Keep every day inside its price limits.

        The path's own moves are smaller, but on an ex-date the limits move away under it. A close
        that is moved shifts the limits of the next day, so it is done until nothing moves.
        """
        growth = instrument.board in (Board.SZ_GEM_CONNECT, Board.SZ_GEM_NON_CONNECT, Board.SH_STAR)
        narrow = _ST_LIMIT if instrument.risk_warning else _MAIN_LIMIT
        limit = float(_GROWTH_LIMIT if growth else narrow) - _LIMIT_MARGIN
        while True:
            top = np.floor(self.after_action * (1 + limit) / self.step).astype(np.int64)
            bottom = np.ceil(self.after_action * (1 - limit) / self.step).astype(np.int64)
            kept = np.clip(self.close, bottom, top)
            if np.array_equal(kept, self.close):
                break
            self.close = kept
            self._follow(start, deducted)
        high, low = np.minimum(self.high, top), np.maximum(self.low, bottom)
        high, low = np.maximum(high, self.close), np.minimum(low, self.close)
        self.high = np.minimum(np.maximum(high, low + _RANGE_STEPS_MIN), top)
        self.low = np.minimum(low, self.high - _RANGE_STEPS_MIN)
        self.open = np.clip(self.open, self.low, self.high)


def _dividends(
    seed: int, instrument: Instrument, profile: Profile, span: Span
) -> tuple[tuple[CorporateAction, ...], Ints]:
    """Draw the ex-dates; what is paid is the reference table's dividend, less before 2020.

    Returns the actions, and the cash of each row in units.
    """
    cash = np.zeros(len(span.days), dtype=np.int64)
    months = profile.dividend_months
    if not months:
        return (), cash
    key = key_of(seed, instrument.symbol, "dividend")
    yearly = float(instrument.dividend * 100)
    actions = []
    for year, month, begin in span.months:
        row = begin + 6 + word(key, year * 12 + month) % 6
        if month not in months or row >= len(span.days):
            continue
        grown = exp(np.array([profile.growth * min(0, year - SETTLED_FROM)]))
        cents = int(yearly / len(months) * grown[0] + 0.5)
        if not cents:
            continue
        cash[row] = cents * 100
        paid = Decimal(cents).scaleb(-2)
        actions.append(CorporateAction(instrument.symbol, span.days[row], cash=paid))
    return tuple(actions), cash


def _lots(
    profile: Profile, path: Path, span: Span, minutes: Ints, lot: int, drawn: Floats
) -> Floats:
    """Volume of the continuous session, in lots; enough for every print of every minute."""
    usual = profile.shares_a_day / float(lot)
    lots = usual * path.mood * exp(0.25 * drawn) * np.where(span.half, _HALF_DAY_VOLUME, 1.0)
    least = minutes * max(profile.prints_a_minute, MINUTE_LOTS_MIN) * _LOTS_A_PRINT
    return np.floor(np.maximum(lots, least))


def _minutes(seed: int, instrument: Instrument, span: Span, half: int) -> int:
    layout = layout_of(seed, instrument, span.days[-1], bool(half))
    return layout.blocks[layout.regular].minutes


def _minutes_of_first(seed: int, instrument: Instrument, span: Span) -> int:
    layout = layout_of(seed, instrument, span.days[0], False)
    return layout.blocks[layout.regular].minutes


def _closing_from(instrument: Instrument, span: Span) -> np.typing.NDArray[np.bool_]:
    """Which days end with an auction: all from some day on, found by halving."""
    low, high = 0, len(span.days)
    while low < high:
        middle = (low + high) // 2
        if has_closing_auction(instrument, span.days[middle]):
            high = middle
        else:
            low = middle + 1
    return np.arange(len(span.days)) >= low
