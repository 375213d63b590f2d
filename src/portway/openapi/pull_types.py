"""Market data as data objects: what the pulls of the quote socket return.

Names, attributes and their order are the official client's. Prices and amounts are in the
security's currency; each class reads one message of the protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, cast

from portway.openapi.enums import Market, Period, TradeSession, read_table
from portway.openapi.errors import DecodeError
from portway.openapi.quote_enums import CalcIndex
from portway.openapi.values import (
    Value,
    date_of,
    decimal,
    flag,
    instant,
    integer,
    looked_up,
    nested,
    text,
    values,
)
from portway.wire import names

__all__ = [
    "CalcRow",
    "Candlestick",
    "CandlestickRow",
    "CapitalDistribution",
    "CapitalDistributionResponse",
    "CapitalFlowLine",
    "IntradayLine",
    "MarketTradingDays",
    "MarketTradingSession",
    "ParticipantInfo",
    "PushCandlestick",
    "QuotePackageDetail",
    "SecurityCalcIndex",
    "TradingSessionInfo",
]

_SESSION = read_table(TradeSession, names.TRADE_SESSION)
_MARKET = read_table(Market, names.MARKET)


def read_day(digits: str) -> date:
    """Return the date that `YYYYMMDD` means.

    Raises:
        DecodeError: If it is none.
    """
    try:
        return date_of(digits)
    except ValueError:
        raise DecodeError(f"parse field: {digits!r} is no date") from None


def clock_time(name: str) -> time:
    """A time of day, from the number `HHMM`."""

    def read(self: Value) -> time:
        digits = getattr(self._message, name)
        try:
            return time(digits // 100, digits % 100)
        except ValueError:
            raise DecodeError(f"parse field: {name}: {digits} is no time of day") from None

    return cast(time, property(read))


class IntradayLine(Value):
    """One minute of the intraday line; volume and turnover are those of the minute."""

    __slots__ = ()

    price = decimal("price")
    timestamp = instant("timestamp")
    volume = integer("volume")
    turnover = decimal("turnover")
    avg_price = decimal("avg_price")


class Candlestick(Value):
    """One bar; `timestamp` is its beginning."""

    __slots__ = ()

    close = decimal("close")
    open = decimal("open")
    low = decimal("low")
    high = decimal("high")
    volume = integer("volume")
    turnover = decimal("turnover")
    timestamp = instant("timestamp")
    trade_session = looked_up("trade_session", _SESSION, TradeSession.Intraday)


class ParticipantInfo(Value):
    """A broker of the Hong Kong exchange and the seats it trades from."""

    __slots__ = ()

    broker_ids: list[int] = values("broker_ids", int)
    name_cn = text("participant_name_cn")
    name_en = text("participant_name_en")
    name_hk = text("participant_name_hk")


class TradingSessionInfo(Value):
    """A session of a market, in local time."""

    __slots__ = ()

    begin_time = clock_time("beg_time")
    end_time = clock_time("end_time")
    trade_session = looked_up("trade_session", _SESSION, TradeSession.Intraday)


class MarketTradingSession(Value):
    """The sessions of a market on an ordinary day."""

    __slots__ = ()

    market = looked_up("market", _MARKET, Market.Unknown)
    trade_sessions: list[TradingSessionInfo] = values("trade_session", TradingSessionInfo)


class MarketTradingDays(Value):
    """Days on which a market trades; half days are in the second list alone."""

    __slots__ = ()

    trading_days: list[date] = values("trade_day", read_day)
    half_trading_days: list[date] = values("half_trade_day", read_day)


class CapitalFlowLine(Value):
    """Net inflow up to this minute of the day, in the security's currency."""

    __slots__ = ()

    inflow = decimal("inflow")
    timestamp = instant("timestamp")


class CapitalDistribution(Value):
    """Turnover by size of order, in the security's currency."""

    __slots__ = ()

    large = decimal("large")
    medium = decimal("medium")
    small = decimal("small")


class CapitalDistributionResponse(Value):
    """Turnover by size of order and direction."""

    __slots__ = ()

    timestamp = instant("timestamp")
    capital_in = nested("capital_in", CapitalDistribution)
    capital_out = nested("capital_out", CapitalDistribution)


class QuotePackageDetail(Value):
    """A quote package of the account and when it is valid."""

    __slots__ = ()

    key = text("key")
    name = text("name")
    description = text("description")
    start_at = instant("start")
    end_at = instant("end")


class CandlestickRow(NamedTuple):
    """What lies behind a `PushCandlestick`, which is no message on the wire."""

    period: Period
    candlestick: Any
    is_confirmed: bool


class PushCandlestick(Value):
    """A bar that changed, or that is complete (`is_confirmed`)."""

    __slots__ = ()

    period = cast(Period, integer("period"))
    candlestick = nested("candlestick", Candlestick)
    is_confirmed = flag("is_confirmed")


class CalcRow(NamedTuple):
    """Indexes as answered, and which were asked for: an answer does not tell absent from zero."""

    message: Any
    asked: frozenset[CalcIndex]


def _asked(name: str, index: CalcIndex, read: Callable[[Any], Any]) -> Any:
    def get(self: Value) -> Any:
        row: CalcRow = self._message
        return read(getattr(row.message, name)) if index in row.asked else None

    return property(get)


def _decimal(digits: str) -> Decimal | None:
    try:
        return Decimal(digits)
    except InvalidOperation:
        return None


def _date(digits: str) -> date | None:
    try:
        return date_of(digits)
    except ValueError:
        return None


class SecurityCalcIndex(Value):
    """Calculated indexes of a security; those not asked for are `None`."""

    __slots__ = ()

    symbol = text("message.symbol")
    last_done: Decimal | None = _asked("last_done", CalcIndex.LastDone, _decimal)
    change_value: Decimal | None = _asked("change_val", CalcIndex.ChangeValue, _decimal)
    change_rate: Decimal | None = _asked("change_rate", CalcIndex.ChangeRate, _decimal)
    volume: int | None = _asked("volume", CalcIndex.Volume, int)
    turnover: Decimal | None = _asked("turnover", CalcIndex.Turnover, _decimal)
    ytd_change_rate: Decimal | None = _asked("ytd_change_rate", CalcIndex.YtdChangeRate, _decimal)
    turnover_rate: Decimal | None = _asked("turnover_rate", CalcIndex.TurnoverRate, _decimal)
    total_market_value: Decimal | None = _asked(
        "total_market_value", CalcIndex.TotalMarketValue, _decimal
    )
    capital_flow: Decimal | None = _asked("capital_flow", CalcIndex.CapitalFlow, _decimal)
    amplitude: Decimal | None = _asked("amplitude", CalcIndex.Amplitude, _decimal)
    volume_ratio: Decimal | None = _asked("volume_ratio", CalcIndex.VolumeRatio, _decimal)
    pe_ttm_ratio: Decimal | None = _asked("pe_ttm_ratio", CalcIndex.PeTtmRatio, _decimal)
    pb_ratio: Decimal | None = _asked("pb_ratio", CalcIndex.PbRatio, _decimal)
    dividend_ratio_ttm: Decimal | None = _asked(
        "dividend_ratio_ttm", CalcIndex.DividendRatioTtm, _decimal
    )
    five_day_change_rate: Decimal | None = _asked(
        "five_day_change_rate", CalcIndex.FiveDayChangeRate, _decimal
    )
    ten_day_change_rate: Decimal | None = _asked(
        "ten_day_change_rate", CalcIndex.TenDayChangeRate, _decimal
    )
    half_year_change_rate: Decimal | None = _asked(
        "half_year_change_rate", CalcIndex.HalfYearChangeRate, _decimal
    )
    five_minutes_change_rate: Decimal | None = _asked(
        "five_minutes_change_rate", CalcIndex.FiveMinutesChangeRate, _decimal
    )
    expiry_date: date | None = _asked("expiry_date", CalcIndex.ExpiryDate, _date)
    strike_price: Decimal | None = _asked("strike_price", CalcIndex.StrikePrice, _decimal)
    upper_strike_price: Decimal | None = _asked(
        "upper_strike_price", CalcIndex.UpperStrikePrice, _decimal
    )
    lower_strike_price: Decimal | None = _asked(
        "lower_strike_price", CalcIndex.LowerStrikePrice, _decimal
    )
    outstanding_qty: int | None = _asked("outstanding_qty", CalcIndex.OutstandingQty, int)
    outstanding_ratio: Decimal | None = _asked(
        "outstanding_ratio", CalcIndex.OutstandingRatio, _decimal
    )
    premium: Decimal | None = _asked("premium", CalcIndex.Premium, _decimal)
    itm_otm: Decimal | None = _asked("itm_otm", CalcIndex.ItmOtm, _decimal)
    implied_volatility: Decimal | None = _asked(
        "implied_volatility", CalcIndex.ImpliedVolatility, _decimal
    )
    warrant_delta: Decimal | None = _asked("warrant_delta", CalcIndex.WarrantDelta, _decimal)
    call_price: Decimal | None = _asked("call_price", CalcIndex.CallPrice, _decimal)
    to_call_price: Decimal | None = _asked("to_call_price", CalcIndex.ToCallPrice, _decimal)
    effective_leverage: Decimal | None = _asked(
        "effective_leverage", CalcIndex.EffectiveLeverage, _decimal
    )
    leverage_ratio: Decimal | None = _asked("leverage_ratio", CalcIndex.LeverageRatio, _decimal)
    conversion_ratio: Decimal | None = _asked(
        "conversion_ratio", CalcIndex.ConversionRatio, _decimal
    )
    balance_point: Decimal | None = _asked("balance_point", CalcIndex.BalancePoint, _decimal)
    open_interest: int | None = _asked("open_interest", CalcIndex.OpenInterest, int)
    delta: Decimal | None = _asked("delta", CalcIndex.Delta, _decimal)
    gamma: Decimal | None = _asked("gamma", CalcIndex.Gamma, _decimal)
    theta: Decimal | None = _asked("theta", CalcIndex.Theta, _decimal)
    vega: Decimal | None = _asked("vega", CalcIndex.Vega, _decimal)
    rho: Decimal | None = _asked("rho", CalcIndex.Rho, _decimal)
