"""Data objects of the US data centre: the service's own texts, as in the official client."""

from __future__ import annotations

from typing import Any

from portway.openapi import records as f
from portway.openapi.records import Record

__all__ = [
    "USAssetOverview",
    "USAttachedOrder",
    "USAvailableHolding",
    "USButtonControl",
    "USBuyLimitInfo",
    "USCashAndBuyPower",
    "USCashDetail",
    "USCashEntry",
    "USChargeDetail",
    "USChargeItem",
    "USCryptoEntry",
    "USCryptoOverview",
    "USExchangeRate",
    "USExchangeRates",
    "USMarginStatus",
    "USOrderDetail",
    "USOrderDetailResponse",
    "USOrderHistory",
    "USRealizedPL",
    "USRealizedPLEntry",
    "USRealizedPLMetric",
    "USStockEntry",
    "USTransaction",
    "USTransactionHistory",
]


class USCashEntry(Record):
    """Cash of one currency."""

    __slots__ = ()

    currency = f.text("currency")
    frozen_buy_cash = f.text("frozen_buy_cash")
    outstanding = f.text("outstanding")
    settled_cash = f.text("settled_cash")
    total_amount = f.text("total_amount")
    total_cash = f.text("total_cash")


class USStockEntry(Record):
    """A stock held."""

    __slots__ = ()

    symbol = f.text("symbol")
    full_symbol = f.text("full_symbol")
    asset_type = f.text("asset_type")
    quantity = f.text("quantity")
    currency = f.text("currency")
    average_cost = f.text("average_cost")
    market = f.text("market")
    trade_status = f.text("trade_status")
    prev_close = f.text("prev_close")
    last_done = f.text("last_done")
    market_price = f.text("market_price")
    pretrade_close = f.text("pretrade_close")
    stock_invest_of_today = f.text("stock_invest_of_today")
    today_pl = f.text("today_pl")
    pretrade_stock_invest_of_today = f.text("pretrade_stock_invest_of_today")
    pretrade_today_pl = f.text("pretrade_today_pl")
    night_last_done = f.text("night_last_done")
    night_prev_close = f.text("night_prev_close")
    position_side = f.text("position_side")
    open_position_time = f.text("open_position_time")
    name = f.text("name")
    industry_counter_id = f.text("industry_counter_id")
    industry_name = f.text("industry_name")


class USCryptoEntry(Record):
    """A crypto asset held."""

    __slots__ = ()

    asset_type = f.text("asset_type")
    symbol = f.text("symbol")
    quantity = f.text("quantity")
    currency = f.text("currency")
    average_cost = f.text("average_cost")
    market = f.text("market")
    trade_status = f.text("trade_status")
    prev_close = f.text("prev_close")
    last_done = f.text("last_done")
    market_price = f.text("market_price")
    pretrade_close = f.text("pretrade_close")
    stock_invest_of_today = f.text("stock_invest_of_today")
    today_pl = f.text("today_pl")
    pretrade_stock_invest_of_today = f.text("pretrade_stock_invest_of_today")
    pretrade_today_pl = f.text("pretrade_today_pl")
    night_last_done = f.text("night_last_done")
    night_prev_close = f.text("night_prev_close")
    position_side = f.text("position_side")
    open_position_time = f.text("open_position_time")
    name = f.text("name")
    industry_counter_id = f.text("industry_counter_id")
    industry_name = f.text("industry_name")


class USAssetOverview(Record):
    """Everything held in an account of the US data centre."""

    __slots__ = ()

    account_type = f.text("account_type")
    asset_timestamp = f.number("asset_timestamp")
    cash_buy_power = f.text("cash_buy_power")
    overnight_buy_power = f.text("overnight_buy_power")
    currency = f.text("currency")
    cash_list = f.rows("cash_list", USCashEntry)
    stock_list = f.rows("stock_list", USStockEntry)
    option_list: list[Any] = f.raw("option_list")
    crypto_list = f.rows("crypto_list", USCryptoEntry)


class USRealizedPLMetric(Record):
    """Realised profit and loss of one period."""

    __slots__ = ()

    amount = f.text("amount")
    period = f.number("period")
    rate = f.text("rate")


class USRealizedPLEntry(Record):
    """Realised profit and loss of one category."""

    __slots__ = ()

    category = f.number("category")
    currency = f.text("currency")
    metrics = f.rows("metrics", USRealizedPLMetric)


class USRealizedPL(Record):
    """Realised profit and loss."""

    __slots__ = ()

    realized_pl_list = f.rows("realized_pl_list", USRealizedPLEntry)


class USAvailableHolding(Record):
    """How much of a holding may be sold."""

    __slots__ = ()

    available_qty = f.text("available_qty")


class USBuyLimitInfo(Record):
    """Buying power of each kind."""

    __slots__ = ()

    currency = f.text("currency")
    cash_buy_power = f.text("cash_buy_power")
    overnight_buy_power = f.text("overnight_buy_power")
    day_trade_buy_power = f.text("day_trade_buy_power")
    instant_buy_power = f.text("instant_buy_power")
    intraday_margin_buy_power = f.text("intraday_margin_buy_power")
    option_buy_power = f.text("option_buy_power")
    crypto_buy_power = f.text("crypto_buy_power")
    mme = f.text("mme")


class USCashDetail(Record):
    """Cash of one currency, in detail."""

    __slots__ = ()

    currency = f.text("currency")
    total_amount = f.text("total_amount")
    available_cash = f.text("available_cash")
    withdraw_cash = f.text("withdraw_cash")
    frozen_cash = f.text("frozen_cash")
    settled_cash = f.text("settled_cash")
    outstanding = f.text("outstanding")
    external_amount = f.text("external_amount")


class USMarginStatus(Record):
    """Margin figures."""

    __slots__ = ()

    currency = f.text("currency")
    nlv = f.text("nlv")
    margin_equity = f.text("margin_equity")
    margin_maintenance_excess = f.text("margin_maintenance_excess")
    mmr = f.text("mmr")
    reg_t_excess = f.text("reg_t_excess")
    sma = f.text("sma")


class USCashAndBuyPower(Record):
    """Cash, buying power and margin."""

    __slots__ = ()

    buy_limit_info = f.one("buy_limit_info", USBuyLimitInfo)
    cash_list = f.rows("cash_list", USCashDetail)
    margin_status = f.one("margin_status", USMarginStatus)


class USTransaction(Record):
    """A transaction."""

    __slots__ = ()

    title = f.text("title")
    biz_code = f.text("biz_code")
    biz_code_name = f.text("biz_code_name")
    amount = f.text("amount")
    currency = f.text("currency")
    symbol = f.text("symbol")
    market = f.text("market")
    equity_type = f.text("equity_type")
    position_side = f.text("position_side")
    quantity = f.text("quantity")
    quantity_description = f.text("quantity_description")
    ref_no = f.text("ref_no")
    remark = f.text("remark")
    create_at = f.optional_instant("create_at")
    done_at = f.optional_instant("done_at")


class USTransactionHistory(Record):
    """A page of transactions."""

    __slots__ = ()

    current_page = f.number("current_page")
    items = f.rows("items", USTransaction)


class USExchangeRate(Record):
    """An exchange rate."""

    __slots__ = ()

    universal_key = f.text("universal_key")
    spec_key = f.text("spec_key")
    base_currency = f.text("base_currency")
    other_currency = f.text("other_currency")
    bid_rate = f.text("bid_rate")
    offer_rate = f.text("offer_rate")
    average_rate = f.text("average_rate")


class USExchangeRates(Record):
    """Exchange rates."""

    __slots__ = ()

    exchanges = f.rows("exchanges", USExchangeRate)


class USOrderHistory(Record):
    """One step of an order's life."""

    __slots__ = ()

    exec_type = f.number("exec_type")
    status = f.text("status")
    price = f.text("price")
    qty = f.text("qty")
    time = f.text("time")
    msg = f.text("msg")
    is_manually = f.flag("is_manually")
    opp_party_id = f.text("opp_party_id")
    trd_match_id = f.text("trd_match_id")
    operator = f.text("operator")
    op_entrust_way = f.text("op_entrust_way")
    cxl_rej_response_to = f.number("cxl_rej_response_to")
    withdrawal_reason = f.text("withdrawal_reason")
    opp_name = f.text("opp_name")
    exec_id = f.text("exec_id")


class USButtonControl(Record):
    """What may be done with an order."""

    __slots__ = ()

    withdraw = f.number("withdraw")
    replace = f.number("replace")
    exceptionable: list[str] = f.texts("exceptionable")


class USChargeItem(Record):
    """The fees of one party."""

    __slots__ = ()

    code = f.number("code")
    name = f.text("name")
    fees: list[str] = f.texts("fees")


class USChargeDetail(Record):
    """What an order cost."""

    __slots__ = ()

    currency = f.text("currency")
    total_amount = f.text("total_amount")
    items = f.rows("items", USChargeItem)


class USAttachedOrder(Record):
    """An attached order."""

    __slots__ = ()

    attached_type_display = f.number("attached_type_display")
    executed_qty = f.text("executed_qty")
    quantity = f.text("quantity")
    status = f.text("status")
    trigger_price = f.text("trigger_price")
    order_id = f.text("order_id")
    gtd = f.text("gtd")
    time_in_force = f.number("time_in_force")
    tag = f.number("tag")
    activate_order_type = f.text("activate_order_type")
    activate_rth = f.number("activate_rth")
    submit_price = f.text("submit_price")
    symbol = f.text("symbol")
    withdrawn = f.flag("withdrawn")


class USOrderDetail(Record):
    """An order of the US data centre; texts as the service writes them."""

    __slots__ = ()

    id = f.text("id")
    aaid = f.text("aaid")
    account_channel = f.text("account_channel")
    action = f.number("action")
    symbol = f.text("symbol")
    underlying_symbol = f.text("underlying_symbol")
    security_type = f.text("security_type")
    name = f.text("name")
    currency = f.text("currency")
    trade_currency = f.text("trade_currency")
    order_type = f.text("order_type")
    status = f.text("status")
    price = f.text("price")
    quantity = f.text("quantity")
    executed_qty = f.text("executed_qty")
    executed_price = f.text("executed_price")
    executed_amount = f.text("executed_amount")
    operate_direction = f.text("operate_direction")
    time_in_force = f.number("time_in_force")
    gtd = f.text("gtd")
    tag = f.number("tag")
    msg = f.text("msg")
    force_only_rth = f.number("force_only_rth")
    submitted_at = f.text("submitted_at")
    done_at = f.text("done_at")
    trigger_price = f.text("trigger_price")
    trigger_at = f.text("trigger_at")
    trigger_status = f.number("trigger_status")
    trigger_exchange = f.text("trigger_exchange")
    trigger_last_done = f.text("trigger_last_done")
    trigger_count = f.number("trigger_count")
    tailing_amount = f.text("tailing_amount")
    tailing_percent = f.text("tailing_percent")
    limit_offset = f.text("limit_offset")
    limit_depth_level = f.number("limit_depth_level")
    market_price = f.text("market_price")
    submitted_amount = f.text("submitted_amount")
    estimated_fee = f.text("estimated_fee")
    free_status = f.number("free_status")
    free_amount = f.text("free_amount")
    free_currency = f.text("free_currency")
    deductions_status = f.number("deductions_status")
    deductions_amount = f.text("deductions_amount")
    deductions_currency = f.text("deductions_currency")
    platform_deductions_status = f.number("platform_deductions_status")
    platform_deductions_amount = f.text("platform_deductions_amount")
    platform_deductions_currency = f.text("platform_deductions_currency")
    display_account = f.text("display_account")
    settlement_account = f.text("settlement_account")
    settlement_channel = f.text("settlement_channel")
    customer_name = f.text("customer_name")
    real_name = f.text("real_name")
    en_name = f.text("en_name")
    joint_real_name = f.text("joint_real_name")
    joint_en_name = f.text("joint_en_name")
    org_id = f.text("org_id")
    bcan = f.text("bcan")
    op_entrust_way = f.number("op_entrust_way")
    op_entrust_way_name = f.text("op_entrust_way_name")
    remark = f.text("remark")
    notice = f.text("notice")
    short_sell_type = f.number("short_sell_type")
    ploy_type = f.text("ploy_type")
    ploy_id = f.text("ploy_id")
    ploy_status = f.text("ploy_status")
    trend = f.number("trend")
    withdrawal_reason = f.text("withdrawal_reason")
    activate_order_type = f.text("activate_order_type")
    activate_rth = f.number("activate_rth")
    submit_price = f.text("submit_price")
    contract_direction = f.text("contract_direction")
    strike_price = f.text("strike_price")
    contract_size = f.text("contract_size")
    monitor_price = f.text("monitor_price")
    button_control = f.one("button_control", USButtonControl)
    charge_detail = f.optional_one("charge_detail", USChargeDetail)
    attached_orders = f.rows("attached_orders", USAttachedOrder)
    order_histories = f.rows("order_histories", USOrderHistory)


class USOrderDetailResponse(Record):
    """An order of the US data centre."""

    __slots__ = ()

    order = f.optional_one("order", USOrderDetail)
    current_attached_order = f.optional_one("current_attached_order", USOrderDetail)
    current_millisecond = f.text("current_millisecond")


class USCryptoOverview(Record):
    """Facts about a crypto asset; texts as the service writes them."""

    __slots__ = ()

    symbol = f.text("symbol")
    name = f.text("name")
    ticker = f.text("ticker")
    base_asset = f.text("base_asset")
    currency = f.text("currency")
    all_time_high = f.text("all_time_high")
    all_time_high_date = f.text("all_time_high_date")
    all_time_low = f.text("all_time_low")
    all_time_low_date = f.text("all_time_low_date")
    ipo_date = f.text("ipo_date")
    issue_price = f.text("issue_price")
    shares = f.text("shares")
    official_web_address = f.text("official_web_address")
    logo = f.text("logo")
    wiki_url = f.text("wiki_url")
    profile = f.text("profile")
