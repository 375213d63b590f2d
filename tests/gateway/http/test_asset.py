"""Asset endpoints, tokens and the security list: shapes that clients decode strictly."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from tests.gateway.clients import connect
from tests.gateway.http.test_trade import data, filled_market, submit
from tests.gateway.world import world


async def test_the_account_balance_has_every_field_and_reserves_what_orders_hold() -> None:
    async with world("none") as w:
        filled_market(w)
        [before] = (await data(w, "/v1/asset/account"))["list"]
        assert set(before) == {
            "total_cash", "max_finance_amount", "remaining_finance_amount", "risk_level",
            "margin_call", "currency", "net_assets", "init_margin", "maintenance_margin",
            "buy_power", "cash_infos", "frozen_transaction_fees",
        }  # fmt: skip
        assert before["frozen_transaction_fees"] == []
        assert all(isinstance(value, str | list) for value in before.values())
        await submit(w, submitted_price="500")
        [after] = (await data(w, "/v1/asset/account"))["list"]
        cash = after["cash_infos"][0]
        assert Decimal(cash["frozen_cash"]) > 100_000
        assert Decimal(cash["available_cash"]) == 1_000_000 - Decimal(cash["frozen_cash"])
        assert Decimal(after["frozen_transaction_fees"][0]["frozen_transaction_fee"]) > 0
        [usd] = (await data(w, "/v1/asset/account?currency=USD"))["list"]
        assert usd["currency"] == "USD"
        assert Decimal(usd["total_cash"]) == pytest.approx(
            Decimal(1_000_000) / Decimal("7.8"), rel=Decimal("0.0001")
        )
        status, answer = await w.call("GET", "/v1/asset/account?currency=XXX")
        assert (status, answer["code"]) == (400, 602001)


async def test_positions_funds_cash_flow_and_margin_ratio() -> None:
    async with world("none") as w:
        filled_market(w)
        await submit(w)
        [channel] = (await data(w, "/v1/asset/stock?symbol=700.HK&symbol=999999.HK"))["list"]
        assert channel["account_channel"] == "lb_papertrading"
        [position] = channel["stock_info"]
        assert position == {
            "symbol": "700.HK", "symbol_name": "TENCENT", "currency": "HKD", "quantity": "200",
            "available_quantity": "200", "cost_price": "601", "market": "HK",
            "init_quantity": "0",
        }  # fmt: skip
        assert (await data(w, "/v1/asset/stock?symbol=AAPL.US"))["list"][0]["stock_info"] == []
        assert (await data(w, "/v1/asset/fund"))["list"] == [
            {"account_channel": "lb_papertrading", "fund_info": []}
        ]
        rows = (await data(w, "/v1/asset/cashflow?start_time=0&end_time=9999999999"))["list"]
        assert len(rows) > 2
        for row in rows:
            assert type(row["direction"]) is type(row["business_type"]) is int
            assert (row["direction"] == 1) == (Decimal(row["balance"]) < 0)
            assert int(row["business_time"]) > 0
        assert rows[-1]["transaction_flow_name"] == "Deposit"
        one = await data(w, "/v1/asset/cashflow?start_time=0&end_time=9999999999&size=1&page=2")
        assert one["list"] == rows[1:2]
        cash = await data(w, "/v1/asset/cashflow?start_time=0&end_time=9999999999&business_type=1")
        assert {row["business_type"] for row in cash["list"]} <= {1}
        for query in ("size=0", "size=10001", "page=x", "business_type=9"):
            status, answer = await w.call("GET", f"/v1/asset/cashflow?{query}")
            assert (status, answer["code"]) == (400, 602001), query
        ratio = await data(w, "/v1/risk/margin-ratio?symbol=700.HK")
        assert set(ratio) == {"im_factor", "mm_factor", "fm_factor"}
        for query in ("symbol=999999.HK", "symbol=x", ""):
            status, answer = await w.call("GET", f"/v1/risk/margin-ratio?{query}")
            assert (status, answer["code"]) == (400, 602001), query


async def test_exchange_rates_are_numbers_around_the_middle() -> None:
    """FX: USD/HKD 7.80 with a spread of 10 basis points; clients insist on JSON numbers."""
    async with world("none") as w:
        rates = (await data(w, "/v1/asset/exchange_rates"))["exchanges"]
        pairs = {(one["base_currency"], one["other_currency"]): one for one in rates}
        assert len(pairs) == len(rates) == 6
        usd = pairs["USD", "HKD"]
        assert (usd["average_rate"], usd["bid_rate"], usd["offer_rate"]) == (7.8, 7.7922, 7.8078)
        for one in rates:
            assert one["bid_rate"] < one["average_rate"] < one["offer_rate"]


async def test_all_executions_are_those_of_today_and_before() -> None:
    async with world("none") as w:
        assert await data(w, "/v3/trade/execution/all") == {"trades": [], "has_more": False}
        filled_market(w)
        order_id = await submit(w)
        everything = await data(w, "/v3/trade/execution/all?page=1")
        assert everything == await data(w, "/v1/trade/execution/today")
        assert len(everything["trades"]) == 1
        at = int(everything["trades"][0]["trade_done_at"])
        for query, count in (
            (f"order_id={order_id}", 1),
            ("order_id=1", 0),
            ("symbol=AAPL.US", 0),
            (f"start_at={at}&end_at={at + 1}", 1),
            (f"start_at={at + 1}", 0),
            ("page=2", 0),
        ):
            found = await data(w, f"/v3/trade/execution/all?{query}")
            assert (len(found["trades"]), found["has_more"]) == (count, False), query
        status, answer = await w.call("GET", "/v3/trade/execution/all?start_at=9&end_at=8")
        assert (status, answer["code"]) == (400, 602001)


@pytest.mark.parametrize(
    ("language", "bought", "levy"),
    [
        ("en", "BuyContract-Stocks", "SFC Transaction Levy"),
        ("zh-CN", "买入成交-股票", "证监会交易征费"),
        ("zh-HK", "買入成交-股票", "證監會交易徵費"),
    ],
)
async def test_lines_of_the_cash_flow_speak_the_callers_language(
    language: str, bought: str, levy: str
) -> None:
    async with world("none") as w:
        filled_market(w)
        await submit(w)
        target = "/v1/asset/cashflow?start_time=0&end_time=9999999999&business_type=2"
        names = [
            row["transaction_flow_name"]
            for row in (await data(w, target, **{"accept-language": language}))["list"]
        ]
        assert names[0] == bought
        assert levy in names


async def test_totals_have_at_most_two_decimals_in_every_currency() -> None:
    async with world("none") as w:
        filled_market(w)
        await submit(w)
        for currency in ("HKD", "USD", "CNH"):
            [shown] = (await data(w, f"/v1/asset/account?currency={currency}"))["list"]
            for name in ("total_cash", "net_assets", "init_margin", "buy_power"):
                exponent = Decimal(shown[name]).as_tuple().exponent
                assert isinstance(exponent, int)
                assert exponent >= -2, (currency, name)


async def test_a_socket_token_opens_one_connection_and_tells_how_many_there_are() -> None:
    async with world() as w:
        for version in ("v1", "v2"):
            token = await data(w, f"/{version}/socket/token")
            assert token["limit"] == 10
            assert type(token["online"]) is int
        client = await connect("ws", w.ports)
        await client.sign_in(token["otp"])
        assert (await data(w, "/v1/socket/token"))["online"] == 1


async def test_a_refreshed_token_works_and_says_until_when() -> None:
    async with world() as w:
        target = "/v1/token/refresh?expired_at=2026-12-20T08%3A44%3A12.424728014Z"
        answer = await data(w, target)
        assert datetime.fromisoformat(answer["expired_at"]).year == 2026
        assert answer["account_info"]["member_id"] == "10001"
        assert (await w.call("GET", "/v1/asset/account"))[0] == 200, "the old one has a grace"
        renewed = replace(w, start=replace(w.start, token=answer["token"]))
        assert (await renewed.call("GET", "/v1/asset/account"))[0] == 200
        for bad in ("tomorrow", "2026-12-20", "2026-12-20T08:44:12"):
            status, refused = await w.call("GET", f"/v1/token/refresh?expired_at={bad}")
            assert (status, refused["code"]) == (400, 602001), bad


@pytest.mark.parametrize("language", ["en", "zh-CN", "zh-HK"])
async def test_the_security_list_fills_the_name_of_the_callers_language(language: str) -> None:
    async with world() as w:
        target = "/v1/quote/get_security_list?market=US&category=Overnight"
        rows = (await data(w, target, **{"accept-language": language}))["list"]
        filled = {"en": "name_en", "zh-CN": "name_cn", "zh-HK": "name_hk"}[language]
        assert rows
        for row in rows:
            assert {name for name in row if row[name]} == {"symbol", filled}
        assert (await data(w, "/v1/quote/get_security_list?market=HK"))["list"] == []


@pytest.mark.parametrize("query", ["", "market=XX", "market=US&category=Daily"])
async def test_a_bad_security_list_request_has_its_own_code(query: str) -> None:
    async with world() as w:
        status, answer = await w.call("GET", f"/v1/quote/get_security_list?{query}")
        assert (status, answer["code"]) == (400, 310010)
