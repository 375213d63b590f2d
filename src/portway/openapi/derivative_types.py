"""Options and warrants as data objects: what the pulls of the quote socket return.

Names, attributes and their order are the official client's. Prices are in the security's currency;
each class reads one message of the protocol.
"""

from __future__ import annotations

from portway.openapi.enums import TradeStatus, read_table
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
    optional_decimal,
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
    strike_price = optional_decimal("strike_price")
    upper_strike_price = optional_decimal("upper_strike_price")
    lower_strike_price = optional_decimal("lower_strike_price")
    outstanding_qty = integer("outstanding_qty")
    outstanding_ratio = decimal("outstanding_ratio")
    premium = decimal("premium")
    itm_otm = optional_decimal("itm_otm")
    implied_volatility = optional_decimal("implied_volatility")
    delta = optional_decimal("delta")
    call_price = optional_decimal("call_price")
    to_call_price = optional_decimal("to_call_price")
    effective_leverage = optional_decimal("effective_leverage")
    leverage_ratio = decimal("leverage_ratio")
    conversion_ratio = optional_decimal("conversion_ratio")
    balance_point = optional_decimal("balance_point")
    status = looked_up("status", _WARRANT_STATUS, WarrantStatus.Unknown)
