"""Watchlists, lists and statistics as data objects: what the quote calls over HTTP return.

Names, attributes and their order are the official client's.
"""

from __future__ import annotations

from portway.openapi import records as f
from portway.openapi.enums import Market, read_table
from portway.openapi.quote_enums import (
    Granularity,
    OptionDirection,
    OptionExpiryCycleType,
    OptionStandardAttr,
)
from portway.openapi.records import Record
from portway.wire import names

__all__ = [
    "FilingItem",
    "HistoryMarketTemperatureResponse",
    "MarketTemperature",
    "OptionChainContract",
    "OptionVolumeDaily",
    "OptionVolumeDailyStat",
    "OptionVolumeStats",
    "Security",
    "ShortPositionsItem",
    "ShortPositionsResponse",
    "ShortTradesItem",
    "ShortTradesResponse",
    "WatchlistGroup",
    "WatchlistSecurity",
]

_GRANULARITY = read_table(Granularity, names.GRANULARITY)
_MARKET = read_table(Market, names.MARKET)
_OPTION_DIRECTION = read_table(OptionDirection, names.CONTRACT_DIRECTION)
_OPTION_EXPIRY_CYCLE_TYPE = read_table(OptionExpiryCycleType, names.OPTION_CYCLE)
_OPTION_STANDARD_ATTR = read_table(OptionStandardAttr, names.OPTION_STANDARD)


class OptionChainContract(Record):
    """One contract of an option chain."""

    __slots__ = ()

    symbol = f.text("symbol")
    expiry_date = f.day("expiry_date")
    strike_price = f.decimal("strike_price")
    direction = f.member("direction", _OPTION_DIRECTION, OptionDirection.Unknown)
    option_type = f.member("option_type", _OPTION_EXPIRY_CYCLE_TYPE, OptionExpiryCycleType.Unknown)
    standard_attr = f.member("standard_attr", _OPTION_STANDARD_ATTR, OptionStandardAttr.Unknown)
    days_to_expiry = f.number("days_to_expiry")


class WatchlistSecurity(Record):
    """A security in a watchlist group, and its price when it was added."""

    __slots__ = ()

    symbol = f.text("symbol")
    market = f.member("market", _MARKET, Market.Unknown)
    name = f.text("name")
    watched_price = f.optional_decimal("watched_price")
    watched_at = f.instant("watched_at")
    is_pinned = f.flag("is_pinned")


class WatchlistGroup(Record):
    """A group of the watchlist."""

    __slots__ = ()

    id = f.number("id")
    name = f.text("name")
    securities = f.rows("securities", WatchlistSecurity)


class Security(Record):
    """A security of a list."""

    __slots__ = ()

    symbol = f.text("symbol")
    name_cn = f.text("name_cn")
    name_en = f.text("name_en")
    name_hk = f.text("name_hk")


class MarketTemperature(Record):
    """How hot a market is, 0..100 each."""

    __slots__ = ()

    temperature = f.number("temperature")
    description = f.text("description")
    valuation = f.number("valuation")
    sentiment = f.number("sentiment")
    timestamp = f.instant("timestamp", "updated_at")


class HistoryMarketTemperatureResponse(Record):
    """Temperatures of a market over time."""

    __slots__ = ()

    granularity = f.member("type", _GRANULARITY, Granularity.Unknown)
    records = f.rows("list", MarketTemperature)


class FilingItem(Record):
    """A filing of a listed company."""

    __slots__ = ()

    id = f.text("id")
    title = f.text("title")
    description = f.text("description")
    file_name = f.text("file_name")
    file_urls: list[str] = f.texts("file_urls")
    published_at = f.instant("publish_at")


class ShortPositionsItem(Record):
    """Short positions on one day; texts as the service writes them."""

    __slots__ = ()

    timestamp = f.text("timestamp")
    rate = f.text("rate")
    close = f.text("close")
    current_shares_short = f.text("current_shares_short")
    avg_daily_share_volume = f.text("avg_daily_share_volume")
    days_to_cover = f.text("days_to_cover")
    amount = f.text("amount")
    balance = f.text("balance")
    cost = f.text("cost")


class ShortPositionsResponse(Record):
    """Short positions of a security over time."""

    __slots__ = ()

    data = f.rows("data", ShortPositionsItem)


class ShortTradesItem(Record):
    """Short trades on one day; texts as the service writes them."""

    __slots__ = ()

    timestamp = f.text("timestamp")
    rate = f.text("rate")
    close = f.text("close")
    nus_amount = f.text("nus_amount")
    ny_amount = f.text("ny_amount")
    total_amount = f.text("total_amount")
    amount = f.text("amount")
    balance = f.text("balance")


class ShortTradesResponse(Record):
    """Short trades of a security over time."""

    __slots__ = ()

    data = f.rows("data", ShortTradesItem)


class OptionVolumeStats(Record):
    """Today's option volume on an underlying, in contracts."""

    __slots__ = ()

    symbol = f.text("symbol")
    call_volume = f.number("c")
    put_volume = f.number("p")


class OptionVolumeDailyStat(Record):
    """Option volume of one day, in contracts; `pc_*` are put/call ratios."""

    __slots__ = ()

    symbol = f.text("symbol")
    date = f.utc_day("timestamp")
    call_volume = f.number("total_call_volume")
    put_volume = f.number("total_put_volume")
    call_open_interest = f.number("total_call_open_interest")
    put_open_interest = f.number("total_put_open_interest")
    total_volume = f.number("total_volume")
    total_open_interest = f.number("total_open_interest")
    pc_vol = f.real("put_call_volume_ratio")
    pc_oi = f.real("put_call_open_interest_ratio")


class OptionVolumeDaily(Record):
    """Option volume on an underlying, day by day."""

    __slots__ = ()

    symbol = f.text("symbol")
    stats = f.rows("stats", OptionVolumeDailyStat)
