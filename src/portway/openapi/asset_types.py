"""Money and holdings as data objects: names, attributes and their order as in the official client.

Amounts are in the currency that the object names.
"""

from __future__ import annotations

from portway.openapi import records as f
from portway.openapi.enums import Market, read_table
from portway.openapi.records import Record
from portway.openapi.trade_enums import BalanceType, CashFlowDirection
from portway.wire import names

__all__ = [
    "AccountBalance",
    "CashFlow",
    "CashInfo",
    "FrozenTransactionFee",
    "FundPosition",
    "FundPositionChannel",
    "FundPositionsResponse",
    "GetStatementListResponse",
    "GetStatementResponse",
    "MarginRatio",
    "StatementItem",
    "StockPosition",
    "StockPositionChannel",
    "StockPositionsResponse",
]

_BALANCE_TYPE = read_table(BalanceType, names.BALANCE_TYPE)
_CASH_FLOW_DIRECTION = read_table(CashFlowDirection, names.CASH_FLOW_DIRECTION)
_MARKET = read_table(Market, names.MARKET)


class CashInfo(Record):
    """Cash of one currency."""

    __slots__ = ()

    withdraw_cash = f.decimal("withdraw_cash")
    available_cash = f.decimal("available_cash")
    frozen_cash = f.decimal("frozen_cash")
    settling_cash = f.decimal("settling_cash")
    currency = f.text("currency")


class FrozenTransactionFee(Record):
    """Fees reserved for working orders, in one currency."""

    __slots__ = ()

    currency = f.text("currency")
    frozen_transaction_fee = f.decimal("frozen_transaction_fee")


class AccountBalance(Record):
    """Cash, buying power and margin of the account, in `currency`."""

    __slots__ = ()

    total_cash = f.decimal("total_cash")
    max_finance_amount = f.decimal("max_finance_amount")
    remaining_finance_amount = f.decimal("remaining_finance_amount")
    risk_level = f.number("risk_level")
    margin_call = f.decimal("margin_call")
    currency = f.text("currency")
    cash_infos = f.rows("cash_infos", CashInfo)
    net_assets = f.decimal("net_assets")
    init_margin = f.decimal("init_margin")
    maintenance_margin = f.decimal("maintenance_margin")
    buy_power = f.decimal("buy_power")
    frozen_transaction_fees = f.rows("frozen_transaction_fees", FrozenTransactionFee)


class CashFlow(Record):
    """One movement of cash or securities."""

    __slots__ = ()

    transaction_flow_name = f.text("transaction_flow_name")
    direction = f.member("direction", _CASH_FLOW_DIRECTION, CashFlowDirection.Unknown)
    business_type = f.member("business_type", _BALANCE_TYPE, BalanceType.Unknown)
    balance = f.decimal("balance")
    currency = f.text("currency")
    business_time = f.instant("business_time")
    symbol = f.optional_text("symbol")
    description = f.text("description")


class FundPosition(Record):
    """Units held of a fund."""

    __slots__ = ()

    symbol = f.text("symbol")
    counter_id = f.text("symbol")
    current_net_asset_value = f.decimal("current_net_asset_value")
    net_asset_value_day = f.instant("net_asset_value_day")
    symbol_name = f.text("symbol_name")
    currency = f.text("currency")
    cost_net_asset_value = f.decimal("cost_net_asset_value")
    holding_units = f.decimal("holding_units")


class FundPositionChannel(Record):
    """Funds held through one channel."""

    __slots__ = ()

    account_channel = f.text("account_channel")
    positions = f.rows("fund_info", FundPosition)


class FundPositionsResponse(Record):
    """Funds held, by channel."""

    __slots__ = ()

    channels = f.rows("list", FundPositionChannel)


class StockPosition(Record):
    """A holding; `cost_price` per share in `currency`."""

    __slots__ = ()

    symbol = f.text("symbol")
    symbol_name = f.text("symbol_name")
    quantity = f.decimal("quantity")
    available_quantity = f.decimal("available_quantity")
    currency = f.text("currency")
    cost_price = f.decimal("cost_price")
    market = f.member("market", _MARKET, Market.Unknown)
    init_quantity = f.optional_decimal("init_quantity")


class StockPositionChannel(Record):
    """Holdings of one channel."""

    __slots__ = ()

    account_channel = f.text("account_channel")
    positions = f.rows("stock_info", StockPosition)


class StockPositionsResponse(Record):
    """Holdings, by channel."""

    __slots__ = ()

    channels = f.rows("list", StockPositionChannel)


class MarginRatio(Record):
    """Margin factors of a security: initial, maintenance, forced sale."""

    __slots__ = ()

    im_factor = f.decimal("im_factor")
    mm_factor = f.decimal("mm_factor")
    fm_factor = f.decimal("fm_factor")


class StatementItem(Record):
    """One statement; `dt` is its day as a number, `YYYYMMDD`."""

    __slots__ = ()

    dt = f.number("dt")
    file_key = f.text("file_key")


class GetStatementListResponse(Record):
    """Statements of the account."""

    __slots__ = ()

    list = f.rows("list", StatementItem)


class GetStatementResponse(Record):
    """Where a statement can be downloaded, for a short time."""

    __slots__ = ()

    url = f.text("url")
