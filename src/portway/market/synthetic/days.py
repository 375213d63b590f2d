"""The day level: open, high, low, close, volume, turnover of every day, as whole numbers.

What this level fixes the minutes below must add up to. It also fixes the points through which each
day goes (`prices`), because the day's turnover is the volume-weighted mean of the path through
them. Prices are counted in steps of the day's grid (`grid`), volumes in lots. Knows no minute bars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final

import numpy as np

from portway.market.synthetic.actions import actions_of
from portway.market.synthetic.curves import path_mean, regular_curve
from portway.market.synthetic.draws import (
    Floats,
    Ints,
    exp,
    key_of,
    normals,
    sub_key,
    uniforms,
    words,
)
from portway.market.synthetic.halts import Halt, halts_of
from portway.market.synthetic.layout import (
    has_closing_auction,
    has_opening_auction,
    layout_of,
)
from portway.market.synthetic.minutes import MINUTE_LOTS_MIN
from portway.market.synthetic.prices import day_prices, limit_percents
from portway.market.synthetic.profiles import Profile
from portway.market.synthetic.stories import Corners, PriceBand, Story, Walls
from portway.market.synthetic.years import Path, Span, daily_path
from portway.model.corporate_action import CorporateAction
from portway.model.instrument import Instrument
from portway.model.symbol import Market

__all__ = ["DayTable", "day_table", "lot_of"]

_HALF_DAY_VOLUME: Final = 0.55
_LOTS_A_PRINT: Final = 2  # Fewest lots of a session for each of its prints.
# An ordinary print of the US tape is a round lot; smaller ones would not set a price there.
_US_LOT: Final = 100
# Money of an index per share of its members: of the right size, there is no list of members here.
_SHARE_PRICE: Final = {Market.HK: 38, Market.US: 62, Market.CN: 11}
# Parts of the continuous session's volume: at least, and what a draw may add.
_OPENING: Final = (0.003, 0.010)
_CLOSING: Final = {Market.CN: (0.015, 0.030)}
_USUAL_CLOSING: Final = (0.035, 0.060)
_BUSY: Final = (0.72, 0.33)  # Volume of a day without a move, and what a usual move adds.
_BUSY_MAX: Final = 6.0


@dataclass(frozen=True, slots=True)
class DayTable:
    """Every day of one security; one array element per row of `span`.

    Attributes:
        step: Units (0.0001 of the currency) in one step of the day's grid.
        open: In steps, as `high`, `low`, `close` and `last`, the last price before the closing
            auction (the close itself where there is none).
        knots: In steps, a row per day: prices at the day's points, from `open` to `last`.
        upper: Price limits in steps, as `lower`; far away where there are none.
        before: Close of the day before in units; `after_action` as the market adjusts it.
        open_lots: Volume of the opening auction; `close_lots` of the closing auction; `lots` of the
            continuous session between them. In lots.
        weight: Sum of steps times lots over the continuous session. For an index: the money that
            its members traded, in units.
        sways: What moves the day inside: addresses, and sizes of each day as logarithms.
        corners: Turning points of the days that a story bends.
        bands: Price bands of stories, by row; `walls`: where they begin.
        halts: Minutes without trading, by row.
        actions: Corporate actions, by row of their ex-date.
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
    knots: Ints
    upper: Ints
    lower: Ints
    before: Ints
    after_action: Ints
    open_lots: Ints
    close_lots: Ints
    lots: Ints
    weight: Ints
    sways: tuple[tuple[int, Floats], ...]
    corners: Mapping[int, Corners]
    bands: Mapping[int, PriceBand]
    walls: Mapping[int, Walls]
    halts: Mapping[int, Halt]
    actions: Mapping[int, CorporateAction]

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

    def around(self, row: int) -> tuple[DayTable, int]:
        """Return a table of one day and its neighbours alone, and the day's row in it.

        An opened day needs no more, and then does not keep the whole table in memory.
        """
        begin, end = max(0, row - 1), min(len(self.step), row + 2)
        cut = slice(begin, end)
        span = Span(
            self.span.market, self.span.days[cut], self.span.ordinals[cut].copy(),
            self.span.half[cut].copy(), (), (),
        )  # fmt: skip
        columns: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                columns[field.name] = value[cut].copy()
            elif isinstance(value, dict):
                columns[field.name] = {
                    one - begin: kept for one, kept in value.items() if begin <= one < end
                }
        sways = tuple((key, size[cut].copy()) for key, size in self.sways)
        return replace(self, span=span, sways=sways, **columns), row - begin

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


def day_table(
    seed: int,
    instrument: Instrument,
    profile: Profile,
    span: Span,
    stories: Mapping[int, Story] | None = None,
) -> DayTable:
    """Build every day of a security.

    Args:
        stories: What is made to happen, by row.
    """
    stories = stories or {}
    actions = actions_of(seed, instrument, profile, span)
    path = daily_path(seed, instrument.symbol, profile, span, actions.paid)
    drawn_path = path
    path = _bent(path, stories, limit_percents(instrument, span))
    key = key_of(seed, instrument.symbol, "bar")
    # A tracker turns where its index turns.
    turns_key = key_of(seed, profile.follows or instrument.symbol, "bar")
    drawn = [words(sub_key(key, field), span.ordinals) for field in (3, 4, 8, 9)]
    auctioned = _closing_from(instrument, span)
    halts = halts_of(seed, instrument, profile, span, stories)
    minutes = _session_minutes(seed, instrument, span, auctioned)
    for row, halt in halts.items():
        minutes[row] -= halt.minutes
    usual = {}
    if stories:
        straight = day_prices(turns_key, drawn_path, span, instrument, actions, {}, {}, minutes)
        usual = {row: straight.knots[row] * straight.step[row] for row in stories}
    prices = day_prices(turns_key, path, span, instrument, actions, stories, usual, minutes)
    last = _last(prices.close, prices.high, prices.low, auctioned, normals(drawn[2]))
    last = np.where(
        (prices.close == prices.upper) | (prices.close == prices.lower), prices.close, last
    )
    prices.knots[:, -1] = last
    lot = lot_of(instrument)
    before = np.concatenate((np.array([path.before]), drawn_path.close[:-1]))
    moved = np.abs(drawn_path.close - before) / drawn_path.sigma
    usual_lots = profile.shares_a_day / float(lot) / actions.later_shares
    usual_lots *= _BUSY[0] + _BUSY[1] * np.minimum(moved, _BUSY_MAX)
    for row, story in stories.items():
        usual_lots[row] *= story.volume
    lots = _lots(usual_lots, profile, path, span, minutes, normals(drawn[1]))
    shares = uniforms(drawn[3])
    opening = np.floor(lots * (_OPENING[0] + _OPENING[1] * shares)).astype(np.int64)
    open_lots = opening if has_opening_auction(instrument) else np.zeros_like(opening)
    least, more = _CLOSING.get(instrument.market, _USUAL_CLOSING)
    closing = np.floor(lots * (least + more * (1 - shares))).astype(np.int64)
    close_lots = np.where(auctioned, closing, 0)
    between = np.floor(lots).astype(np.int64)
    if instrument.is_index:
        money = _SHARE_PRICE.get(instrument.market, 10) * (0.9 + 0.2 * uniforms(drawn[0]))
        weight = np.floor((between + close_lots) * money * 100).astype(np.int64) * 100
    else:
        mean = path_mean(prices.knots, minutes, regular_curve(instrument.market))
        weight = np.floor(between * mean).astype(np.int64)
        weight = np.clip(weight, between * prices.low, between * prices.high)
    return DayTable(
        span, instrument, profile, lot, prices.step, prices.open, prices.high, prices.low,
        prices.close, last, prices.knots, prices.upper, prices.lower, prices.before,
        prices.after_action, open_lots, close_lots, between, weight, path.sways, prices.corners,
        prices.bands, prices.walls, halts, actions.by_row,
    )  # fmt: skip


def _bent(path: Path, stories: Mapping[int, Story], percents: Ints) -> Path:
    """Return the path with its stories.

    What a price limit cuts off is not left over for the days after it.
    """
    if not stories:
        return path
    opened, close, rough = path.open.copy(), path.close.copy(), path.rough.copy()
    sigma, calm = path.sigma.copy(), np.ones(len(path.close))
    for row, story in stories.items():
        calm[row] = story.calm
        rough[row] *= story.calm
        sigma[row] *= story.calm
        fading = np.clip(1 - np.arange(len(close) - row) / float(story.fades_in), 0.0, 1.0)
        rest = story.at_close * fading
        rest += (story.calm - 1) * (close[row] - opened[row]) * fading
        close[row] += rest[0]
        opened[row] += story.at_open
        if percents[row] and row:
            bounds = close[row - 1] - close[row] + _log_limits(float(percents[row]) / 100)
            rest += min(max(0.0, float(bounds[0])), float(bounds[1])) * fading
        opened[row + 1 :] += rest[:-1]
        close[row + 1 :] += rest[1:]
    sways = tuple((key, size * calm) for key, size in path.sways)
    return replace(path, open=opened, close=close, rough=rough, sigma=sigma, sways=sways)


def _log_limits(part: float) -> Floats:
    """Return a daily limit below and above as logarithms (to its second term: near enough)."""
    return np.array([-part - part * part / 2, part - part * part / 2])


def _last(
    close: Ints, high: Ints, low: Ints, auctioned: np.typing.NDArray[np.bool_], drawn: Floats
) -> Ints:
    """Return the price before the closing auction, a little off the close."""
    wobble = np.floor(drawn * 0.03 * (high - low) + 0.5).astype(np.int64)
    return np.where(auctioned, np.clip(close + wobble, low, high), close)


def _lots(
    usual: Floats, profile: Profile, path: Path, span: Span, minutes: Ints, drawn: Floats
) -> Floats:
    """Volume of the continuous session, in lots; enough for every print of every minute."""
    lots = usual * path.mood * exp(0.25 * drawn) * np.where(span.half, _HALF_DAY_VOLUME, 1.0)
    least = minutes * max(profile.prints_a_minute, MINUTE_LOTS_MIN) * _LOTS_A_PRINT
    return np.floor(np.maximum(lots, least))


def _session_minutes(
    seed: int, instrument: Instrument, span: Span, auctioned: np.typing.NDArray[np.bool_]
) -> Ints:
    """Return the minutes of each day's regular session."""
    minutes = np.where(span.half, *(_minutes(seed, instrument, span, half) for half in (1, 0)))
    if auctioned.any():
        # The closing auction is counted in the exchange's phases, so the minutes differ with it.
        without = np.where(span.half, minutes, _minutes_of_first(seed, instrument, span))
        minutes = np.where(auctioned, minutes, without)
    return minutes


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
