"""What the peer of the equality test answers: every field of every message filled in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from google.protobuf import json_format
from google.protobuf.message import Message

from portway.openapi.calls.http_twin import PATHS
from portway.wire.commands import Channel, QuoteCommand, command_of
from portway.wire.packet import RequestPacket
from portway.wire.pb import quote_pb2 as pb
from portway.wire.pb import trade_pb2

__all__ = ["answer_any", "http_data"]

_DAYS = ("expiry_date", "last_trade_date", "trade_day", "half_trade_day")
_TEXTS = {
    "contract_type": "A", "direction": "C", "category": "Bull", "market": "HK", "board": "HKEquity",
    "symbol": "700.HK", "call_symbol": "AAPL260116C250000.US", "trade_type": "U",
    "put_symbol": "AAPL260116P250000.US", "exchange": "SEHK", "currency": "HKD",
}  # fmt: skip


def answer_any(packet: RequestPacket) -> Message:
    """Answer a pull with two rows everywhere and a different number in every field."""
    row = command_of(Channel.QUOTE, packet.cmd_code)
    assert row is not None
    assert row.response is not None
    answer = row.response()
    if packet.cmd_code == QuoteCommand.STATIC_INFO:
        symbols = pb.MultiSecurityRequest.FromString(packet.body).symbol
        for symbol in symbols:
            info = _fill(answer.secu_static_info.add(), 3)
            info.symbol, info.board = symbol, "HKEquity"
        return answer
    if packet.cmd_code == QuoteCommand.USER_PROFILE:
        return _profile()
    return _fill(answer, 7)


def _profile() -> pb.UserQuoteProfileResponse:
    profile = pb.UserQuoteProfileResponse(member_id=10001, quote_level="LV2")
    package = profile.quote_level_detail.by_package_key["hk"]
    package.key, package.name, package.description = "hk", "HK LV2", "all of it"
    package.start, package.end = 1700000000, 1900000000
    return profile


def _fill(message: Any, seed: int) -> Any:
    for number, field in enumerate(message.DESCRIPTOR.fields, seed):
        many = field.is_repeated
        if field.message_type is not None:
            if many:
                for row in range(2):
                    _fill(getattr(message, field.name).add(), seed + 10 * row)
            else:
                _fill(getattr(message, field.name), number)
            continue
        value = _value(field.name, field.type, number)
        if field.enum_type is not None:
            value = field.enum_type.values[1].number
        if many:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)
    return message


def _value(name: str, kind: int, number: int) -> Any:
    if kind == 9:  # text
        if name in _DAYS:
            return f"2026{number % 12 + 1:02}15"
        return _TEXTS.get(name, f"{number}.{number:02}0")
    if kind == 8:
        return True
    if name in ("timestamp", "start", "end"):
        return 1767600000 + 60 * number
    if name in ("beg_time", "end_time"):
        return 900 + number
    return {"trade_session": 1, "direction": 2, "type": 2, "status": 4}.get(name, number)


_PULLED = {f"/quote/{path}": command for command, path in PATHS.items()}
_ASKED = {
    QuoteCommand.STATIC_INFO: pb.MultiSecurityRequest(
        symbol=["00700.HK", "AAPL.US"]
    ).SerializeToString()
}

ORDER = {
    "order_id": "1001", "status": "PartialFilledStatus", "stock_name": "騰訊", "quantity": "400",
    "executed_quantity": "100", "price": "512.50", "executed_price": "512.40",
    "submitted_at": "1774330299", "side": "Buy", "symbol": "700.HK", "order_type": "ELO",
    "last_done": "512.4", "trigger_price": "", "msg": "", "tag": "Normal", "time_in_force": "GTC",
    "expire_date": "2026-03-24", "updated_at": "1774330401", "trigger_at": "0",
    "trailing_amount": "", "trailing_percent": "0.5", "limit_offset": "1.20",
    "trigger_status": "NOT_USED", "currency": "HKD", "outside_rth": "UnknownOutsideRth",
    "limit_depth_level": 0, "trigger_count": 0, "monitor_price": "", "remark": "mine",
}  # fmt: skip
ATTACHED = {
    "order_id": "1003", "attached_type_display": "STOP_LOSS", "trigger_price": "500",
    "quantity": "400", "executed_qty": "0", "status": "NewStatus", "updated_at": "1774330401",
    "withdrawn": False, "gtd": "2026-04-01", "time_in_force": "GTD", "counter_id": "ST/HK/700",
    "trigger_status": "ACTIVE", "executed_amount": "0", "tag": "Normal",
    "submitted_at": "1774330299", "executed_price": "", "force_only_rth": "RTH_ONLY",
    "reviewed": True, "activate_order_type": "LIT", "activate_rth": "ANY_TIME",
    "submit_price": "499.5", "limit_depth_level": 2,
}  # fmt: skip
MULTI_LEG = {
    "strategy": "Straddle", "strategy_name": "Straddle", "multileg_id": "5", "code": "AAPL",
    "legs": [
        {"symbol": "AAPL260116C250000.US", "side": "Buy", "position": "LONG",
         "ratio_quantity": "1", "strike_price": "250", "expire_date": "20260116",
         "contract_direction": "C"},
        {"symbol": "AAPL260116P250000.US", "side": "Sell", "position": "SHORT",
         "ratio_quantity": "2", "strike_price": "", "expire_date": "", "contract_direction": "P"},
    ],
}  # fmt: skip
OTHER_ORDER = {
    **ORDER, "order_id": "1002", "status": "NewStatus", "executed_price": "0", "price": "",
    "tag": "Grey", "trigger_status": "RELEASED", "outside_rth": "ANY_TIME",
    "trigger_at": "1774330300",
    "limit_depth_level": -2, "trigger_count": 3, "monitor_price": "510.0", "updated_at": None,
    "delayed_until": "1774330500", "attached_orders": [ATTACHED], "multi_leg": MULTI_LEG,
    "expire_date": "", "side": "?", "order_type": "?",
}  # fmt: skip
DETAIL = {
    **ORDER, "free_status": "None", "free_amount": "", "free_currency": "",
    "deductions_status": "NO_DATA", "deductions_amount": "1.50", "deductions_currency": "HKD",
    "platform_deducted_status": "DONE", "platform_deducted_amount": "",
    "platform_deducted_currency": None,
    "history": [{"price": "512.4", "quantity": "", "status": "PartialFilledStatus",
                 "msg": "Execution of 100", "time": "1774330401"}],
    "charge_detail": {"total_amount": "88.88", "currency": "HKD", "items": [
        {"code": "BROKER_FEES", "name": "Broker", "fees": [
            {"code": "COMMISSION", "name": "Commission", "amount": "15.37", "currency": "HKD"}]},
        {"code": "THIRD_FEES", "name": "Third", "fees": []}]},
}  # fmt: skip
EXECUTION = {
    "order_id": "1001", "trade_id": "T1", "symbol": "700.HK", "trade_done_at": "1774330401",
    "quantity": "100", "price": "512.40", "side": "Buy",
}  # fmt: skip
CASH = {
    "total_cash": "1759070010.72", "max_finance_amount": "977582000",
    "remaining_finance_amount": "0", "risk_level": "1", "margin_call": "2598051051.50",
    "currency": "HKD", "net_assets": "11111.22", "init_margin": "111.10",
    "maintenance_margin": "22", "buy_power": "333",
    "cash_infos": [{"withdraw_cash": "97592.30", "available_cash": "195902464.37",
                    "frozen_cash": "11579339.13", "settling_cash": "-1", "currency": "HKD"}],
    "frozen_transaction_fees": [{"currency": "HKD", "frozen_transaction_fee": "8.51"}],
}  # fmt: skip
FLOW = {
    "transaction_flow_name": "BuyContract-Stocks", "direction": 1, "business_type": 2,
    "balance": "-248.60", "currency": "USD", "business_time": "1621507957", "symbol": "AAPL.US",
    "description": "AAPL",
}  # fmt: skip
HOLDING = {
    "symbol": "700.HK", "symbol_name": "騰訊", "quantity": "650", "available_quantity": "-450",
    "currency": "HKD", "cost_price": "457.53", "market": "HK", "init_quantity": "",
}  # fmt: skip
FUND = {
    "symbol": "HK0000447943", "symbol_name": "高騰", "currency": "USD",
    "holding_units": "5.000",
    "current_net_asset_value": "0", "cost_net_asset_value": "0",
    "net_asset_value_day": "1649865600",
}  # fmt: skip
POINT = {"timestamp": "1767600000", "temperature": 50, "valuation": 23, "sentiment": 78}
SHORT = {
    name: f"{place}.5"
    for place, name in enumerate(
        ("timestamp", "rate", "close", "current_shares_short", "avg_daily_share_volume",
         "days_to_cover", "amount", "balance", "cost", "nus_amount", "ny_amount", "total_amount")
    )
}  # fmt: skip
VOLUME = {
    "symbol": "AAPL.US", "timestamp": "1767600000", "total_call_volume": "10",
    "total_put_volume": "20", "total_call_open_interest": "30", "total_put_open_interest": "40",
    "total_volume": "30", "total_open_interest": "70", "put_call_volume_ratio": "2.0",
    "put_call_open_interest_ratio": "1.333",
}  # fmt: skip

_DATA: dict[str, Any] = {
    "POST /v1/trade/order": {"order_id": "1001"},
    "POST /v1/trade/order/multileg": {"order_id": "1002"},
    "GET /v1/trade/order": DETAIL,
    "GET /v1/trade/order/today": {"orders": [ORDER, OTHER_ORDER]},
    "GET /v1/trade/order/history": {"orders": [OTHER_ORDER], "has_more": True},
    "GET /v1/trade/execution/today": {"trades": [EXECUTION]},
    "GET /v1/trade/execution/history": {"trades": [EXECUTION], "has_more": False},
    "GET /v3/trade/execution/all": {
        "trades": [EXECUTION, {**EXECUTION, "side": ""}], "has_more": True,
    },
    "GET /v1/trade/estimate/buy_limit": {"cash_max_qty": "100", "margin_max_qty": ""},
    "GET /v1/asset/account": {"list": [CASH]},
    "GET /v1/asset/cashflow": {"list": [FLOW, {**FLOW, "symbol": "", "direction": 2}]},
    "GET /v1/asset/fund": {"list": [{"account_channel": "lb", "fund_info": [FUND]}]},
    "GET /v1/asset/stock": {
        "list": [{"account_channel": "lb",
                  "stock_info": [HOLDING, {**HOLDING, "init_quantity": "2000"}]}]
    },
    "GET /v1/risk/margin-ratio": {"im_factor": "0.2", "mm_factor": "0.25", "fm_factor": "0.30"},
    "GET /v1/statement/list": {"list": [{"dt": 20260105, "file_key": "k"}]},
    "GET /v1/statement/download": {"url": "https://example.com/x"},
    "GET /v1/token/refresh": {"token": "a-new-token"},
    "GET /v1/watchlist/groups": {
        "groups": [{"id": "28020", "name": "all", "securities": [
            {"symbol": "700.HK", "market": "HK", "name": "騰訊", "watched_price": "364.40",
             "watched_at": "1652855022", "is_pinned": True},
            {"symbol": "600519.SH", "market": "?", "name": "", "watched_price": "",
             "watched_at": "1652855022"}]}]
    },
    "POST /v1/watchlist/groups": {"id": "28021"},
    "GET /v1/quote/get_security_list": {
        "list": [{"symbol": "AAPL.US", "name_cn": "苹果", "name_en": "Apple", "name_hk": ""}]
    },
    "GET /v1/quote/market_temperature": {
        "temperature": 50, "description": "warm", "valuation": 23, "sentiment": 78,
        "updated_at": "1767600000",
    },
    "GET /v1/quote/history_market_temperature": {"type": "daily", "list": [POINT]},
    "GET /v1/quote/filings": {
        "items": [{"id": "1", "title": "t", "description": "d", "file_name": "f",
                   "file_urls": ["u"], "publish_at": "1767600000"}]
    },
    "POST /v1/quote/options/strikes": {
        "list": [{"symbol": "AAPL260116C250000.US", "expiry_date": "20260116",
                  "strike_price": "250.0", "direction": "C", "option_type": "W",
                  "standard_attr": "", "days_to_expiry": 7}]
    },
    "GET /v1/quote/short-positions/us": {"data": [SHORT]},
    "GET /v1/quote/short-trades/hk": {"data": [SHORT]},
    "GET /v1/quote/option-volume-stats": {"c": "12", "p": "34"},
    "GET /v1/quote/option-volume-stats/daily": {"stats": [VOLUME]},
}  # fmt: skip


def http_data(method: str, target: str) -> Any:
    """The data for a request; an empty object where the call returns nothing."""
    pulled = _PULLED.get(urlsplit(target).path)
    if pulled is not None:
        return json_format.MessageToDict(
            answer_any(RequestPacket(pulled, 1, 0, _ASKED.get(pulled, b""))),
            preserving_proto_field_name=True,
            use_integers_for_enums=True,
        )
    return _DATA.get(f"{method} {urlsplit(target).path}", {})


def answer_topic(packet: RequestPacket) -> Message:
    """Answer a subscription of topics, or its end."""
    if packet.cmd_code == 16:
        return trade_pb2.SubResponse(success=["private"], current=["private"])
    return trade_pb2.UnsubResponse(current=[])
