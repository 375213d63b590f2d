"""Volatility bands: between which prices a security may trade now, and what follows at their edge.

US limit up - limit down: outside of the bands nothing trades and orders stand at the band; when the
outside quotes at a band for 15 seconds, trading pauses for five minutes and reopens with an
auction. Hong Kong's volatility control: an order that would trade beyond the band is not executed
there, and for five minutes only prices within it are taken. The mainland's daily limits are the
exchange's own checks. Which widths hold is `model/price_limits.py`'s; prints of the outside never
start a curb.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final

from portway.core.matching import Floor
from portway.core.order_checks import table_of
from portway.core.state import State
from portway.model.command import MarketView
from portway.model.curb import CurbKind
from portway.model.event import CurbLifted, Fact, TradingCurbed
from portway.model.instrument import Instrument, SecurityClass
from portway.model.order import OrderSide
from portway.model.price_limits import (
    NO_BAND,
    Luld,
    PriceRange,
    hk_vcm,
    hk_vcm_percent,
    hk_vcm_watches,
    us_luld,
)
from portway.model.quote import TradeSession
from portway.model.symbol import MARKET_ZONES, Market

__all__ = ["band_of", "cooling_off", "is_paused", "is_too_hot", "luld_moves"]

LIMIT_STATE: Final = timedelta(seconds=15)
PAUSE: Final = timedelta(minutes=5)
COOLING_OFF: Final = timedelta(minutes=5)
LAST_PAUSE_FROM: Final = timedelta(minutes=10)  # Before the close: a pause lasts until it.
REGULAR_END: Final = {False: time(16), True: time(13)}
BANDED: Final = frozenset({SecurityClass.STOCK, SecurityClass.ETF})
LARGE_INDEX: Final = ".SPX.US"
# Reference data has no leverage of a fund; issuers write it into the name.
_TIMES: Final = re.compile(r"\b-?([23])X\b", re.I)
_ULTRA: Final = ((re.compile(r"\bULTRA\s?PRO", re.I), 3), (re.compile(r"\bULTRA", re.I), 2))


def band_of(state: State, view: MarketView, at: datetime) -> PriceRange:
    """Return between which prices continuous trading may happen at an instant."""
    if view.session is not TradeSession.NORMAL:
        return NO_BAND
    curb = state.curbs.get(view.instrument.symbol)
    if curb is not None and curb.kind is CurbKind.COOLING_OFF and at < curb.until:
        return PriceRange(curb.lower, curb.upper)
    reference = _reference(view, at)
    if reference is None:
        return NO_BAND
    match view.instrument.market:
        case Market.US:
            return _luld_band(view, reference, at)
        case Market.HK:
            return _vcm_band(view, reference, at)
    return NO_BAND


def _reference(view: MarketView, at: datetime) -> Decimal | None:
    for since, price in reversed(view.references):
        if since <= at:
            return price
    return None


def _luld_band(view: MarketView, reference: Decimal, at: datetime) -> PriceRange:
    instrument = view.instrument
    if instrument.security_class not in BANDED:
        return NO_BAND
    is_fund = instrument.security_class is SecurityClass.ETF
    tier = 1 if is_fund or instrument.in_index(LARGE_INDEX) else 2
    return us_luld(
        reference,
        view.prev_close or reference,
        _local(view, at).time(),
        Luld(tier, _leverage(instrument) if is_fund else Decimal(1)),
        regular_end=REGULAR_END[view.is_half_day],
        on=view.trading_day,
    )


def _leverage(fund: Instrument) -> Decimal:
    told = _TIMES.search(fund.name_en)
    if told is not None:
        return Decimal(told.group(1))
    return Decimal(next((times for name, times in _ULTRA if name.search(fund.name_en)), 1))


def _vcm_band(view: MarketView, reference: Decimal, at: datetime) -> PriceRange:
    instrument = view.instrument
    now = _local(view, at).time()
    if not instrument.vcm_eligible or not hk_vcm_watches(now, is_half_day=view.is_half_day):
        return NO_BAND
    percent = hk_vcm_percent(view.trading_day, instrument.security_class, instrument.indexes)
    return NO_BAND if percent is None else hk_vcm(reference, percent, table_of(view))


def _local(view: MarketView, at: datetime) -> datetime:
    return at.astimezone(MARKET_ZONES[view.instrument.market])


# --- Hong Kong --------------------------------------------------------------------------------


def cooling_off(floor: Floor) -> Iterator[Fact]:
    """Yield the beginning of a cooling-off period, if none runs."""
    symbol = floor.view.instrument.symbol
    curb = floor.state.curbs.get(symbol)
    if curb is None or floor.at >= curb.until:
        band, until = floor.band, floor.at + COOLING_OFF
        yield TradingCurbed(symbol, CurbKind.COOLING_OFF, floor.at, until, band.lower, band.upper)


def is_too_hot(floor: Floor, side: OrderSide, price: Decimal | None) -> bool:
    """Tell whether a price is too aggressive for a cooling-off period that runs."""
    curb = floor.state.curbs.get(floor.view.instrument.symbol)
    if curb is None or curb.kind is not CurbKind.COOLING_OFF or floor.at >= curb.until:
        return False
    if price is None or curb.lower is None or curb.upper is None:
        return False
    return price > curb.upper if side is OrderSide.BUY else price < curb.lower


# --- United States ----------------------------------------------------------------------------


def is_paused(state: State, view: MarketView) -> bool:
    """Tell whether trading of a security pauses."""
    curb = state.curbs.get(view.instrument.symbol)
    return curb is not None and curb.kind is CurbKind.PAUSE


def luld_moves(floor: Floor) -> Iterator[Fact]:
    """Yield how a limit state begins, is over, or becomes a pause."""
    if floor.view.instrument.market is not Market.US:
        return
    symbol, at = floor.view.instrument.symbol, floor.at
    curb = floor.state.curbs.get(symbol)
    if curb is not None and curb.kind is not CurbKind.LIMIT_STATE:
        return
    if not _is_at_the_limit(floor):
        if curb is not None:
            yield CurbLifted(symbol, at)
    elif curb is None:
        yield TradingCurbed(symbol, CurbKind.LIMIT_STATE, at, at + LIMIT_STATE)
    elif at >= curb.until:
        yield TradingCurbed(symbol, CurbKind.PAUSE, at, _pause_ends(floor))


def _is_at_the_limit(floor: Floor) -> bool:
    """Tell whether the outside's best price stands at a band or beyond, on either side."""
    if floor.session is not TradeSession.NORMAL:
        return False
    lower, upper = floor.band.lower, floor.band.upper
    bid, ask = floor.outside.best(OrderSide.BUY), floor.outside.best(OrderSide.SELL)
    is_up = upper is not None and bid is not None and bid.price >= upper
    return is_up or (lower is not None and ask is not None and ask.price <= lower)


def _pause_ends(floor: Floor) -> datetime:
    """Return when a pause that begins now is over: a late one with the regular session."""
    now = _local(floor.view, floor.at)
    close = now.replace(
        hour=REGULAR_END[floor.view.is_half_day].hour, minute=0, second=0, microsecond=0
    )
    if close - LAST_PAUSE_FROM <= now < close:
        return close.astimezone(floor.at.tzinfo)
    return floor.at + PAUSE
