"""Calculated indexes of a security, as pure formulas: the figures that stand beside its quote.

One table, `FORMULAS`, from the number of an index to its formula; only what is asked for is
computed. Percentages are numbers with two places, half up ("-3.83" is -3.83 %). A formula whose
inputs are missing gives None. Options' and warrants' own indexes come from their pricing modules.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final

from portway.model.hours import Part
from portway.model.quote import CalcIndex, TradeSession
from portway.model.symbol import Market

__all__ = [
    "FORMULAS",
    "MINUTES_A_DAY",
    "NO_HISTORY",
    "DayClose",
    "HistoryBase",
    "IndexInputs",
    "history_base",
    "months_before",
    "traded_seconds",
    "trailing_dividends",
]

MINUTES_A_DAY: Final = {Market.HK: 330, Market.US: 390, Market.CN: 240, Market.SG: 480}
FULL_DAYS: Final = 5  # whose volume today's is compared with
HALF_YEAR_MONTHS: Final = 6
_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class DayClose:
    """An earlier day's close and volume, both adjusted forward to today."""

    day: date
    close: Decimal
    volume: int


@dataclass(frozen=True, slots=True)
class HistoryBase:
    """What earlier days give to today's indexes; the same all day long.

    Attributes:
        year_end: Last close of the year before; None where there is none, like the other closes.
        five_days: Close five trading days before today; `ten_days` likewise.
        half_year: Last close on or before the date six months earlier.
        full_days_volume: Shares of the five days before today; None when there are fewer.
        dividends: Cash dividends of the last twelve months, per share of today.
    """

    year_end: Decimal | None = None
    five_days: Decimal | None = None
    ten_days: Decimal | None = None
    half_year: Decimal | None = None
    full_days_volume: int | None = None
    dividends: Decimal = _ZERO


NO_HISTORY: Final = HistoryBase()


@dataclass(frozen=True, slots=True)
class IndexInputs:
    """Everything the indexes of one security are computed from.

    Attributes:
        market: Decides how many minutes a full day has.
        prev_close: Zero when it has never closed; `high` and `low` are zero before the first print.
        volume: Shares of the day.
        traded_seconds: How long the regular session has run today.
        price_before: Price five minutes ago; None outside the regular session.
        capital_flow: Net inflow of the day; None when it was not asked for or does not apply.
    """

    market: Market
    last_done: Decimal
    prev_close: Decimal
    high: Decimal = _ZERO
    low: Decimal = _ZERO
    volume: int = 0
    turnover: Decimal = _ZERO
    total_shares: int = 0
    circulating_shares: int = 0
    eps_ttm: Decimal = _ZERO
    bps: Decimal = _ZERO
    base: HistoryBase = NO_HISTORY
    traded_seconds: int = 0
    price_before: Decimal | None = None
    capital_flow: Decimal | None = None


# ------------------------------------------------------------------------------ what days give


def history_base(
    history: Sequence[DayClose], today: date, dividends: Decimal = _ZERO
) -> HistoryBase:
    """Return what earlier days give.

    Args:
        history: Trading days before today, ascending; nothing is missing between the last ones.
        dividends: As `trailing_dividends` gives them.
    """
    days = [one.day for one in history]
    before_year = bisect_left(days, date(today.year, 1, 1))
    half_year = bisect_right(days, months_before(today, HALF_YEAR_MONTHS))
    lately = history[-FULL_DAYS:]
    return HistoryBase(
        year_end=history[before_year - 1].close if before_year else None,
        five_days=history[-5].close if len(history) >= 5 else None,
        ten_days=history[-10].close if len(history) >= 10 else None,
        half_year=history[half_year - 1].close if half_year else None,
        full_days_volume=sum(one.volume for one in lately) if len(lately) == FULL_DAYS else None,
        dividends=dividends,
    )


def trailing_dividends(dividends: Iterable[tuple[date, Decimal]], today: date) -> Decimal:
    """Return the cash dividends with an ex-date in the twelve months up to and including today.

    Args:
        dividends: Ex-date and amount per share of today.
    """
    after = months_before(today, 12)
    return sum((amount for day, amount in dividends if after < day <= today), _ZERO)


def months_before(day: date, months: int) -> date:
    """Return the same day some months earlier, or the last day of a month that is too short."""
    number = day.year * 12 + day.month - 1 - months
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def traded_seconds(parts: Collection[Part], now: datetime) -> int:
    """Return how long the regular session has run by `now`, pauses left out."""
    run = timedelta(0)
    for part in parts:
        if part.session is TradeSession.NORMAL and now > part.begin:
            run += min(now, part.end) - part.begin
    return int(run.total_seconds())


# ------------------------------------------------------------------------------------ formulas


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    """A share of `whole` in percent; minus zero becomes zero."""
    return (part * _HUNDRED / whole).quantize(_CENT, ROUND_HALF_UP) + _ZERO


def _ratio(value: Decimal, divisor: Decimal) -> Decimal | None:
    """A plain number with two places; None for a divisor that is not positive."""
    return (value / divisor).quantize(_CENT, ROUND_HALF_UP) if divisor > 0 else None


def _change_from(last: Decimal, before: Decimal | None) -> Decimal | None:
    return _percent(last - before, before) if before else None


def _change_val(given: IndexInputs) -> Decimal | None:
    return given.last_done - given.prev_close if given.prev_close else None


def _change_rate(given: IndexInputs) -> Decimal | None:
    return _change_from(given.last_done, given.prev_close)


def _amplitude(given: IndexInputs) -> Decimal | None:
    return _percent(given.high - given.low, given.prev_close) if given.prev_close else None


def _turnover_rate(given: IndexInputs) -> Decimal | None:
    shares = given.circulating_shares
    return _percent(Decimal(given.volume), Decimal(shares)) if shares > 0 else None


def _market_value(given: IndexInputs) -> Decimal | None:
    return given.last_done * given.total_shares if given.total_shares > 0 else None


def _volume_ratio(given: IndexInputs) -> Decimal | None:
    """Today's volume a minute over that of the last five days, by cross multiplication: exact."""
    usual, seconds = given.base.full_days_volume, given.traded_seconds
    if not usual or seconds <= 0:
        return None
    minutes = FULL_DAYS * MINUTES_A_DAY[given.market]
    return _ratio(Decimal(given.volume * 60 * minutes), Decimal(seconds * usual))


def _dividend_ratio(given: IndexInputs) -> Decimal | None:
    return _percent(given.base.dividends, given.last_done) if given.last_done > 0 else None


def _five_minutes(given: IndexInputs) -> Decimal | None:
    """Zero outside the regular session, as nothing moves there."""
    before = given.price_before
    return _ZERO.quantize(_CENT) if before is None else _change_from(given.last_done, before)


FORMULAS: Final[Mapping[CalcIndex, Callable[[IndexInputs], Decimal | int | None]]] = (
    MappingProxyType(
        {
            CalcIndex.LAST_DONE: lambda given: given.last_done,
            CalcIndex.CHANGE_VAL: _change_val,
            CalcIndex.CHANGE_RATE: _change_rate,
            CalcIndex.VOLUME: lambda given: given.volume,
            CalcIndex.TURNOVER: lambda given: given.turnover,
            CalcIndex.YTD_CHANGE_RATE: lambda given: _change_from(
                given.last_done, given.base.year_end
            ),
            CalcIndex.TURNOVER_RATE: _turnover_rate,
            CalcIndex.TOTAL_MARKET_VALUE: _market_value,
            CalcIndex.CAPITAL_FLOW: lambda given: given.capital_flow,
            CalcIndex.AMPLITUDE: _amplitude,
            CalcIndex.VOLUME_RATIO: _volume_ratio,
            CalcIndex.PE_TTM_RATIO: lambda given: _ratio(given.last_done, given.eps_ttm),
            CalcIndex.PB_RATIO: lambda given: _ratio(given.last_done, given.bps),
            CalcIndex.DIVIDEND_RATIO_TTM: _dividend_ratio,
            CalcIndex.FIVE_DAY_CHANGE_RATE: lambda given: _change_from(
                given.last_done, given.base.five_days
            ),
            CalcIndex.TEN_DAY_CHANGE_RATE: lambda given: _change_from(
                given.last_done, given.base.ten_days
            ),
            CalcIndex.HALF_YEAR_CHANGE_RATE: lambda given: _change_from(
                given.last_done, given.base.half_year
            ),
            CalcIndex.FIVE_MINUTES_CHANGE_RATE: _five_minutes,
        }
    )
)
