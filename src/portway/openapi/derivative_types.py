"""Options and warrants as data objects: what the pulls of the quote socket return.

Names, attributes and their order are the official client's. Prices are in the security's currency;
each class reads one message of the protocol.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import cast

from portway.openapi.enums import TradeStatus, read_table
from portway.openapi.errors import DecodeError
from portway.openapi.quote_enums import OptionDirection, OptionType, WarrantStatus, WarrantType
from portway.openapi.values import (
    Value,
    day,
    decimal,
    flag,
    instant,
    integer,
    looked_up,
    optional_day,
    text,
)
from portway.wire import names

__all__ = ["IssuerInfo", "OptionQuote", "StrikePriceInfo", "WarrantInfo", "WarrantQuote"]

_STATUS = read_table(TradeStatus, names.TRADE_STATUS)
_OPTION_TYPE = read_table(OptionType, names.OPTION_TYPE)
_OPTION_DIRECTION = read_table(OptionDirection, names.OPTION_DIRECTION)
_WARRANT_TYPE = read_table(WarrantType, names.WARRANT_TYPE)
_WARRANT_CATEGORY = read_table(WarrantType, names.WARRANT_CATEGORY)
_WARRANT_STATUS = read_table(WarrantStatus, names.WARRANT_STATUS)


class OptionQuote(Value):
    """The latest quote of an option; `open_interest` in contracts, volatilities as ratios."""

    __slots__ = ()

    symbol = text("symbol")
    last_done = decimal("last_done")
    prev_close = decimal("prev_close")
    open = decimal("open")
    high = decimal("high")
    low = decimal("low")
    timestamp = instant("timestamp")
    volume = integer("volume")
    turnover = decimal("turnover")
    trade_status = looked_up("trade_status", _STATUS, TradeStatus.Normal)
    implied_volatility = decimal("option_extend.implied_volatility")
    open_interest = integer("option_extend.open_interest")
    expiry_date = day("option_extend.expiry_date")
    strike_price = decimal("option_extend.strike_price")
    contract_multiplier = decimal("option_extend.contract_multiplier")
    contract_type = looked_up("option_extend.contract_type", _OPTION_TYPE, OptionType.Unknown)
    contract_size = decimal("option_extend.contract_size")
    direction = looked_up("option_extend.direction", _OPTION_DIRECTION, OptionDirection.Unknown)
    historical_volatility = decimal("option_extend.historical_volatility")
    underlying_symbol = text("option_extend.underlying_symbol")


class WarrantQuote(Value):
    """The latest quote of a warrant or CBBC; `outstanding_quantity` in warrants."""

    __slots__ = ()

    symbol = text("symbol")
    last_done = decimal("last_done")
    prev_close = decimal("prev_close")
    open = decimal("open")
    high = decimal("high")
    low = decimal("low")
    timestamp = instant("timestamp")
    volume = integer("volume")
    turnover = decimal("turnover")
    trade_status = looked_up("trade_status", _STATUS, TradeStatus.Normal)
    implied_volatility = decimal("warrant_extend.implied_volatility")
    expiry_date = day("warrant_extend.expiry_date")
    last_trade_date = day("warrant_extend.last_trade_date")
    outstanding_ratio = decimal("warrant_extend.outstanding_ratio")
    outstanding_quantity = integer("warrant_extend.outstanding_qty")
    conversion_ratio = decimal("warrant_extend.conversion_ratio")
    category = looked_up("warrant_extend.category", _WARRANT_CATEGORY, WarrantType.Unknown)
    strike_price = decimal("warrant_extend.strike_price")
    upper_strike_price = decimal("warrant_extend.upper_strike_price")
    lower_strike_price = decimal("warrant_extend.lower_strike_price")
    call_price = decimal("warrant_extend.call_price")
    underlying_symbol = text("warrant_extend.underlying_symbol")


class StrikePriceInfo(Value):
    """A strike of an option chain, with the symbols of its call and put."""

    __slots__ = ()

    price = decimal("price")
    call_symbol = text("call_symbol")
    put_symbol = text("put_symbol")
    standard = flag("standard")


class IssuerInfo(Value):
    """An issuer of warrants."""

    __slots__ = ()

    issuer_id = integer("id")
    name_cn = text("name_cn")
    name_en = text("name_en")
    name_hk = text("name_hk")


# What a kind of warrant does not have, whatever the service sends for it.
_CALLABLE = frozenset({names.WARRANT_TYPE.wire["BULL"], names.WARRANT_TYPE.wire["BEAR"]})
_INLINE = frozenset({names.WARRANT_TYPE.wire["INLINE"]})


def _decimal_unless(name: str, kinds: frozenset[int]) -> Decimal | None:
    """A decimal number that these kinds of warrants do not have."""

    def read(self: Value) -> Decimal | None:
        digits = getattr(self._message, name)
        if self._message.type in kinds or not digits:
            return None
        try:
            return Decimal(digits)
        except InvalidOperation:
            raise DecodeError(f"parse field: {name}: {digits!r} is no number") from None

    return cast("Decimal | None", property(read))


def number(name: str) -> int:
    """A whole number that travels as text; an unreadable one is 0."""

    def read(self: Value) -> int:
        try:
            return int(getattr(self._message, name))
        except ValueError:
            return 0

    return cast(int, property(read))


class WarrantInfo(Value):
    """A row of the warrant list; fields that its kind of warrant does not have are `None`."""

    __slots__ = ()

    symbol = text("symbol")
    warrant_type = looked_up("type", _WARRANT_TYPE, WarrantType.Unknown)
    name = text("name")
    last_done = decimal("last_done")
    change_rate = decimal("change_rate")
    change_value = decimal("change_val")
    volume = integer("volume")
    turnover = decimal("turnover")
    expiry_date = optional_day("expiry_date")
    strike_price = _decimal_unless("strike_price", _INLINE)
    upper_strike_price = _decimal_unless("upper_strike_price", _CALLABLE)
    lower_strike_price = _decimal_unless("lower_strike_price", _CALLABLE)
    outstanding_qty = number("outstanding_qty")
    outstanding_ratio = decimal("outstanding_ratio")
    premium = decimal("premium")
    itm_otm = _decimal_unless("itm_otm", _INLINE)
    implied_volatility = _decimal_unless("implied_volatility", _CALLABLE | _INLINE)
    delta = _decimal_unless("delta", _CALLABLE | _INLINE)
    call_price = _decimal_unless("call_price", _INLINE)
    to_call_price = _decimal_unless("to_call_price", _INLINE)
    effective_leverage = _decimal_unless("effective_leverage", _CALLABLE | _INLINE)
    leverage_ratio = decimal("leverage_ratio")
    conversion_ratio = _decimal_unless("conversion_ratio", _INLINE)
    balance_point = _decimal_unless("balance_point", _INLINE)
    status = looked_up("status", _WARRANT_STATUS, WarrantStatus.Unknown)
