"""Make every call once with the library named on the command line; print what came back as JSON.

`every_call.py MODULE FLAVOUR`: the flavour, `longport` or `longbridge`, says which arguments to
use. Addresses come from the environment. Used by tests/openapi/test_equality.py.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

sdk: Any = importlib.import_module(sys.argv[1])
NEW = sys.argv[2] == "longbridge"
START, END = datetime(2026, 1, 5, 9, 30), datetime(2026, 1, 6, 16, 0, tzinfo=UTC)  # noqa: DTZ001
DAY = date(2026, 1, 16)


def config() -> Any:
    given = [os.environ[f"PEER_{name}"] for name in ("KEY", "SECRET", "TOKEN", "HTTP", "WS", "WS")]
    make = sdk.Config.from_apikey if NEW else sdk.Config
    options = {}
    if os.environ.get("PEER_PULLS") == "http":
        options["quote_transport"] = sdk.QuoteTransport.Http
    return make(*given, language=sdk.Language.ZH_HK, enable_print_quote_packages=False, **options)


def plain(value: Any) -> Any:
    """A value as JSON can hold it, telling types apart."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str | float):
        return value
    if isinstance(value, Decimal | datetime | date | time):
        return f"{type(value).__name__} {value}"
    if callable(getattr(value, "__dict__", None)):
        return {name: plain(item) for name, item in value.__dict__().items()}
    names = [name for name in dir(value) if not name.startswith("_")]
    if names and not repr(value).startswith(f"{type(value).__name__}."):
        return {
            name: plain(getattr(value, name)) for name in names if name not in ("to_dict", "make")
        }
    return repr(value)


def quote_calls(ctx: Any) -> dict[str, Callable[[], Any]]:
    p, adjust, sessions = sdk.Period, sdk.AdjustType, sdk.TradeSessions
    calls: dict[str, Callable[[], Any]] = {
        "static_info": lambda: ctx.static_info(["00700.HK", "AAPL.US"]),
        "quote": lambda: ctx.quote(["700.HK"]),
        "option_quote": lambda: ctx.option_quote(["AAPL260116C250000.US"]),
        "warrant_quote": lambda: ctx.warrant_quote(["14993.HK"]),
        "depth": lambda: ctx.depth("700.HK"),
        "brokers": lambda: ctx.brokers("700.HK"),
        "participants": lambda: ctx.participants(),
        "trades": lambda: ctx.trades("700.HK", 10),
        "intraday": lambda: ctx.intraday("AAPL.US", sessions.All),
        "candlesticks": lambda: ctx.candlesticks("700.HK", p.Min_5, 3, adjust.ForwardAdjust),
        "by_offset": lambda: ctx.history_candlesticks_by_offset(
            "700.HK", p.Day, adjust.NoAdjust, True, 5, START
        ),
        "by_offset.now": lambda: ctx.history_candlesticks_by_offset(
            "700.HK", p.Year, adjust.NoAdjust, False, 5
        ),
        "by_date": lambda: ctx.history_candlesticks_by_date(
            "700.HK", p.Week, adjust.NoAdjust, date(2026, 1, 1), DAY, sessions.All
        ),
        "by_date.all": lambda: ctx.history_candlesticks_by_date("700.HK", p.Month, adjust.NoAdjust),
        "option_dates": lambda: ctx.option_chain_expiry_date_list("AAPL.US"),
        "option_chain": lambda: ctx.option_chain_info_by_date("AAPL.US", DAY),
        "warrant_issuers": lambda: ctx.warrant_issuers(),
        "warrant_list": lambda: ctx.warrant_list(
            "700.HK",
            sdk.WarrantSortBy.Premium,
            sdk.SortOrderType.Descending,
            [sdk.WarrantType.Bull, sdk.WarrantType.Call],
            [13, 15],
            [sdk.FilterWarrantExpiryDate.LT_3],
            [sdk.FilterWarrantInOutBoundsType.Out],
            [sdk.WarrantStatus.Normal],
        ),
        "trading_session": lambda: ctx.trading_session(),
        "trading_days": lambda: ctx.trading_days(sdk.Market.US, date(2026, 1, 1), DAY),
        "capital_flow": lambda: ctx.capital_flow("700.HK"),
        "capital_distribution": lambda: ctx.capital_distribution("700.HK"),
        "calc_indexes": lambda: ctx.calc_indexes(
            ["700.HK"],
            [sdk.CalcIndex.LastDone, sdk.CalcIndex.Volume, sdk.CalcIndex.ExpiryDate,
             sdk.CalcIndex.Rho, sdk.CalcIndex.PeTtmRatio],
        ),
        "subscribe": lambda: ctx.subscribe(
            ["00700.HK", "AAPL.US"], [sdk.SubType.Trade, sdk.SubType.Quote]
        ),
        "subscribe_candlesticks": lambda: ctx.subscribe_candlesticks("00700.HK", p.Min_1),
        "realtime_candlesticks": lambda: ctx.realtime_candlesticks("700.HK", p.Min_1, 2),
        "unsubscribe_candlesticks": lambda: ctx.unsubscribe_candlesticks("700.HK", p.Min_1),
        "unsubscribe": lambda: ctx.unsubscribe(["AAPL.US"], [sdk.SubType.Quote]),
        "member_id": lambda: ctx.member_id(),
        "quote_level": lambda: ctx.quote_level(),
        "quote_package_details": lambda: ctx.quote_package_details(),
        "watchlist": lambda: ctx.watchlist(),
        "create_group": lambda: ctx.create_watchlist_group("mine & yours", ["700.HK"]),
        "create_group.empty": lambda: ctx.create_watchlist_group("空"),
        "delete_group": lambda: ctx.delete_watchlist_group(28020, True),
        "update_group": lambda: ctx.update_watchlist_group(
            28020, "new", ["700.HK"], sdk.SecuritiesUpdateMode.Add
        ),
        "update_group.name": lambda: ctx.update_watchlist_group(28020, name="new"),
        "security_list": lambda: ctx.security_list(
            sdk.Market.US, sdk.SecurityListCategory.Overnight
        ),
        "market_temperature": lambda: ctx.market_temperature(sdk.Market.HK),
        "history_market_temperature": lambda: ctx.history_market_temperature(
            sdk.Market.HK, date(2026, 1, 1), DAY
        ),
    }  # fmt: skip
    if NEW:
        calls |= {
            "option_chain.standard": lambda: ctx.option_chain_info_by_date("AAPL.US", DAY, True),
            "update_pinned": lambda: ctx.update_pinned(sdk.PinnedMode.Remove, ["700.HK"]),
            "filings": lambda: ctx.filings("700.HK"),
            "short_positions": lambda: ctx.short_positions("AAPL.US", 5),
            "short_trades": lambda: ctx.short_trades("700.HK"),
            "option_volume": lambda: ctx.option_volume("AAPL.US"),
            "option_volume_daily": lambda: ctx.option_volume_daily("AAPL.US", 1767600000, 3),
        }
    return calls


def trade_calls(ctx: Any) -> dict[str, Callable[[], Any]]:
    types, side, tif = sdk.OrderType, sdk.OrderSide, sdk.TimeInForceType
    calls: dict[str, Callable[[], Any]] = {
        "submit": lambda: ctx.submit_order(
            "700.HK", types.LO, side.Buy, Decimal("200.00"), tif.Day, Decimal("612.50")
        ),
        "submit.all": lambda: ctx.submit_order(
            "AAPL.US", types.TSLPPCT, side.Sell, 100, tif.GoodTilDate,
            trigger_price=Decimal("1E+2"), limit_offset=0.1 + 0.2,
            trailing_amount=Decimal("0.0100"), trailing_percent=Decimal("1E-10"), expire_date=DAY,
            outside_rth=sdk.OutsideRTH.AnyTime, remark='a "remark" 字',
        ),
        "replace": lambda: ctx.replace_order("1001", 300, Decimal("612.0"), remark="x"),
        "cancel": lambda: ctx.cancel_order("1001"),
        "order_detail": lambda: ctx.order_detail("1001"),
        "today_orders": lambda: ctx.today_orders(),
        "today_orders.filter": lambda: ctx.today_orders(
            "700.HK", [sdk.OrderStatus.Filled, sdk.OrderStatus.WaitToNew], side.Buy,
            sdk.Market.HK, "1001",
        ),
        "history_orders": lambda: ctx.history_orders(start_at=START, end_at=END),
        "today_executions": lambda: ctx.today_executions("700.HK", "1001"),
        "account_balance": lambda: ctx.account_balance(),
        "account_balance.currency": lambda: ctx.account_balance("HKD"),
        "cash_flow": lambda: ctx.cash_flow(START, END, sdk.BalanceType.Stock, "700.HK", 2, 50),
        "fund_positions": lambda: ctx.fund_positions(["HK0000447943"]),
        "stock_positions": lambda: ctx.stock_positions(["700.HK", "AAPL.US"]),
        "stock_positions.all": lambda: ctx.stock_positions(),
        "margin_ratio": lambda: ctx.margin_ratio("700.HK"),
        "estimate": lambda: ctx.estimate_max_purchase_quantity(
            "700.HK", types.LO, side.Buy, Decimal("612.5"), "HKD", "1001", True
        ),
        "subscribe": lambda: ctx.subscribe([sdk.TopicType.Private]),
        "unsubscribe": lambda: ctx.unsubscribe([sdk.TopicType.Private]),
    }  # fmt: skip
    if not NEW:
        return calls
    attached = sdk.SubmitAttachedParams(
        sdk.AttachedOrderType.Bracket, profit_taker_price=Decimal("700.0"), stop_loss_price=500,
        time_in_force=tif.GoodTilDate, expire_time=1767945600, activate_order_type=types.LIT,
        profit_taker_submit_price=Decimal("699.5"), stop_loss_submit_price=Decimal("499.5"),
        activate_rth=sdk.OutsideRTH.RTHOnly, profit_taker_depth_level=1, stop_loss_depth_level=-1,
    )  # fmt: skip
    changed = sdk.ReplaceAttachedParams(
        sdk.AttachedOrderType.StopLoss, stop_loss_price=Decimal("501"), stop_loss_id=7, main_id=9,
        cancel_all_attached=False, quantity=100, market_price=Decimal("600.5"), profit_taker_id=8,
    )  # fmt: skip
    until = datetime(2026, 2, 1, tzinfo=UTC)
    return calls | {
        "submit.new": lambda: ctx.submit_order(
            "700.HK", types.LIT, side.Buy, 100, tif.GoodTilCanceled, 612.5, 610,
            limit_depth_level=-2, trigger_count=3, monitor_price=Decimal("600"),
            client_request_id="mine", attached_params=attached, delayed_until=until,
        ),
        "replace.new": lambda: ctx.replace_order(
            "1001", 100, limit_depth_level=1, trigger_count=2, monitor_price=1,
            attached_params=changed, delayed_until=until,
        ),
        "replace.clear": lambda: ctx.replace_order("1001", 100, clear_delayed_until=True),
        "multileg": lambda: ctx.submit_multileg(
            side.Buy, types.LO, 2, sdk.MultiLegStrategy.Straddle,
            [("AAPL260116C250000.US", Decimal(1)), ("AAPL260116P250000.US", Decimal("1.0"))],
            Decimal("3.50"), "x", "mine-2", until,
        ),
        "cancel.attached": lambda: ctx.cancel_order("1001", True),
        "order_detail.attached": lambda: ctx.order_detail("1001", True),
        "today_orders.attached": lambda: ctx.today_orders(order_id="1001", is_attached=True),
        "history_executions": lambda: ctx.history_executions("700.HK", START, END),
        "all_executions": lambda: ctx.all_executions("700.HK", page=2),
    }  # fmt: skip


def asset_calls() -> dict[str, Callable[[], Any]]:
    if not NEW:
        return {}
    ctx = sdk.AssetContext(config())
    return {
        "statements": lambda: ctx.statements(sdk.StatementType.Monthly, 20260101, 5),
        "statement_download_url": lambda: ctx.statement_download_url("a key/1"),
        "refresh": lambda: config().refresh_access_token(datetime(2026, 3, 1, tzinfo=UTC)),
    }


def main() -> None:
    found: dict[str, Any] = {}
    quote, trade = sdk.QuoteContext(config()), sdk.TradeContext(config())
    for part, calls in (
        ("quote", quote_calls(quote)),
        ("trade", trade_calls(trade)),
        ("asset", asset_calls()),
    ):
        for name, call in calls.items():
            try:
                found[f"{part}.{name}"] = plain(call())
            except sdk.OpenApiException as error:
                found[f"{part}.{name}"] = f"refused: {error.kind} {error.code} {error.message}"
    print(json.dumps(found))


if __name__ == "__main__":
    main()
