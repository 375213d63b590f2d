"""Trade endpoints: the objects clients decode strictly, filters, and refusals by code."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.gateway.world import TENCENT, World, depth, world

ORDER_FIELDS = {
    "order_id", "status", "stock_name", "quantity", "executed_quantity", "price",
    "executed_price", "submitted_at", "side", "symbol", "order_type", "last_done",
    "trigger_price", "msg", "tag", "time_in_force", "expire_date", "updated_at", "trigger_at",
    "trailing_amount", "trailing_percent", "limit_offset", "trigger_status", "currency",
    "outside_rth", "limit_depth_level", "trigger_count", "monitor_price", "remark",
}  # fmt: skip
WHOLE_NUMBERS = {"limit_depth_level", "trigger_count"}
ORDER = {
    "symbol": "700.HK",
    "order_type": "LO",
    "side": "Buy",
    "submitted_quantity": "200",
    "submitted_price": "601",
    "time_in_force": "Day",
}


async def submit(w: World, **change: Any) -> str:
    status, answer = await w.call("POST", "/v1/trade/order", {**ORDER, **change})
    assert status == 200, answer
    assert isinstance(answer["data"]["order_id"], str)
    return str(answer["data"]["order_id"])


async def data(w: World, target: str, **headers: str) -> Any:
    status, answer = await w.call("GET", target, **headers)
    assert status == 200, answer
    return answer["data"]


def filled_market(w: World) -> None:
    w.quotes.feed(depth(TENCENT, 1, ["601"], ["600"]))


async def test_every_field_of_an_order_is_there_with_its_type() -> None:
    async with world("none") as w:
        filled_market(w)
        filled = await submit(w, expire_date=None, remark="备注 ok")
        resting = await submit(w, submitted_price="500.5")
        orders = (await data(w, "/v1/trade/order/today"))["orders"]
        assert [one["order_id"] for one in orders] == [resting, filled], "newest first"
        for order in orders:
            assert order.pop("attached_orders") == []
            assert order.pop("multi_leg") is None
            assert set(order) == ORDER_FIELDS
            for name, value in order.items():
                assert type(value) is (int if name in WHOLE_NUMBERS else str), name
            Decimal(order["executed_price"])
            Decimal(order["executed_quantity"])
        waiting, done = orders
        assert (waiting["executed_price"], waiting["last_done"]) == ("0", "")
        assert (done["executed_price"], done["remark"]) == ("601", "备注 ok")
        assert (done["expire_date"], done["tag"]) == ("2026-01-05", "Normal")
        assert done["outside_rth"] == "UnknownOutsideRth"


async def test_the_detail_has_history_and_itemised_charges() -> None:
    async with world("none") as w:
        filled_market(w)
        order_id = await submit(w)
        detail = await data(w, f"/v1/trade/order?order_id={order_id}", **{"x-dc-region": "ap"})
        assert set(detail) > ORDER_FIELDS
        charges = detail["charge_detail"]
        assert [item["code"] for item in charges["items"]] == ["BROKER_FEES", "THIRD_FEES"]
        fees = [fee for item in charges["items"] for fee in item["fees"]]
        assert sum(Decimal(fee["amount"]) for fee in fees) == Decimal(charges["total_amount"]) > 0
        assert {fee["currency"] for fee in fees} == {"HKD"}
        history = detail["history"]
        assert history[0]["status"] == "FilledStatus"
        assert (history[0]["price"], history[0]["quantity"]) == ("601", "200")
        assert [int(row["time"]) for row in history] == sorted(
            (int(row["time"]) for row in history), reverse=True
        )
        assert detail["free_status"] == "None"
        assert detail["deductions_status"] == "NONE"


async def test_replace_and_cancel_and_what_they_refuse_afterwards() -> None:
    async with world("none") as w:
        filled_market(w)
        order_id = await submit(w, submitted_price="500")
        body = {"order_id": order_id, "quantity": "300", "price": "501"}
        status, answer = await w.call("PUT", "/v1/trade/order", body)
        assert (status, answer["data"]) == (200, {})
        detail = await data(w, f"/v1/trade/order?order_id={order_id}")
        assert (detail["quantity"], detail["price"]) == ("300", "501")
        status, answer = await w.call("DELETE", f"/v1/trade/order?order_id={order_id}")
        assert (status, answer["data"]) == (200, {})
        status, answer = await w.call("DELETE", f"/v1/trade/order?order_id={order_id}")
        assert (status, answer["code"]) == (400, 601011)
        status, answer = await w.call("PUT", "/v1/trade/order", body)
        assert (status, answer["code"]) == (400, 602013)
        done = await submit(w)
        status, answer = await w.call("DELETE", f"/v1/trade/order?order_id={done}")
        assert (status, answer["code"]) == (400, 601012)


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"symbol": "999999.HK"}, 602001, "symbol not found"),
        ({"symbol": "nothing"}, 602001, "symbol not found"),
        ({"submitted_quantity": "150"}, 602001, "lot size"),
        ({"submitted_quantity": "0"}, 602001, "submitted_quantity"),
        ({"submitted_quantity": "-100"}, 602001, "submitted_quantity"),
        ({"submitted_quantity": "1e2"}, 602001, "submitted_quantity"),
        ({"submitted_quantity": ""}, 602001, "submitted_quantity"),
        ({"submitted_quantity": 1.5}, 602001, "submitted_quantity"),
        ({"submitted_quantity": None}, 602001, "submitted_quantity"),
        ({"submitted_price": "601.03"}, 602035, "bid size"),
        ({"submitted_price": "0"}, 602001, "submitted_price"),
        ({"order_type": "XX"}, 602001, "order_type"),
        ({"side": "buy"}, 602001, "side"),
        ({"time_in_force": "Never"}, 602001, "time_in_force"),
        ({"outside_rth": "SOMETIMES"}, 602001, "outside_rth"),
        ({"expire_date": "05/01/2026", "time_in_force": "GTD"}, 602001, "expire_date"),
        ({"remark": "x" * 256}, 602001, "remark"),
        ({"delayed_until": 10**18}, 602001, "delayed_until"),
        ({"attached_params": {"attached_order_type": "BRACKET"}}, 602001, "profit_taker_price"),
        ({"attached_params": {"attached_order_type": "OTHER"}}, 602001, "attached_order_type"),
    ],
)
async def test_bad_orders_are_refused_by_name_and_leave_nothing(
    change: dict[str, Any], code: int, text: str
) -> None:
    async with world("none") as w:
        filled_market(w)
        status, answer = await w.call("POST", "/v1/trade/order", {**ORDER, **change})
        assert (status, answer["code"]) == (400, code), answer
        assert text in answer["message"]
        assert (await data(w, "/v1/trade/order/today"))["orders"] == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"symbol":"\xff"}', b"{}", b"[" * 5000]
)
async def test_a_body_that_is_no_order_is_refused(body: bytes) -> None:
    async with world("none") as w:
        from tests.gateway.world import http

        signed = w.headers("POST", "/v1/trade/order", body)
        status, _, answer = await http(w.ports.http, "POST", "/v1/trade/order", signed, body)
        assert status == 400
        assert b"602001" in answer


async def test_what_an_official_client_may_add_is_ignored() -> None:
    async with world("none") as w:
        filled_market(w)
        await submit(w, expire_date=None, outside_rth="Unknown", unknown_field=[1, {"a": None}])


async def test_an_order_that_cannot_be_paid_gets_an_id_and_is_rejected_with_a_text() -> None:
    async with world("none") as w:
        filled_market(w)
        order_id = await submit(w, submitted_quantity="100000")
        detail = await data(w, f"/v1/trade/order?order_id={order_id}")
        assert detail["status"] == "RejectedStatus"
        assert detail["msg"] == "The order amount exceeds the maximum buying power"
        chinese = {"accept-language": "zh-CN"}
        detail = await data(w, f"/v1/trade/order?order_id={order_id}", **chinese)
        assert detail["msg"] == "订单金额超过最大购买力"
        assert detail["stock_name"] == "腾讯控股"


async def test_the_same_request_id_gives_the_first_answer_again() -> None:
    async with world("none") as w:
        filled_market(w)
        first = await submit(w, client_request_id="abc")
        assert await submit(w, client_request_id="abc", submitted_price="500") == first
        assert len((await data(w, "/v1/trade/order/today"))["orders"]) == 1


async def test_filters_join_by_and_and_repeat_by_or() -> None:
    async with world("none") as w:
        filled_market(w)
        done = await submit(w)
        waiting = await submit(w, submitted_price="500")

        async def ids(query: str) -> list[str]:
            found = (await data(w, f"/v1/trade/order/today?{query}"))["orders"]
            return [one["order_id"] for one in found]

        assert await ids("status=FilledStatus") == [done]
        assert await ids("status=FilledStatus&status=NewStatus") == [waiting, done]
        assert await ids("status=NewStatus&side=Sell") == []
        assert await ids("symbol=700.HK&market=HK&side=Buy") == [waiting, done]
        assert await ids("market=US") == []
        assert await ids("symbol=AAPL.US") == []
        assert await ids(f"order_id={done}") == [done]
        assert await ids("order_id=none") == []
        assert await ids("is_attached=true&order_id=1") == []
        assert await ids("size=5&page=1&novelty=1") == [waiting, done]
        for query in ("status=Filled", "side=buy", "market=XX"):
            status, answer = await w.call("GET", f"/v1/trade/order/today?{query}")
            assert (status, answer["code"]) == (400, 602001), query


async def test_orders_come_page_by_page_to_those_who_ask() -> None:
    """Source: trade 3.5, 3.6 (page and size of the newer specification)."""
    async with world("none") as w:
        ids = [await submit(w, submitted_price=f"5{n:02}.5") for n in range(7)][::-1]
        today = "/v1/trade/order/today"
        pages = [await data(w, f"{today}?page={page}&size=3") for page in (1, 2, 3, 4)]
        shown = [[one["order_id"] for one in page["orders"]] for page in pages]
        assert shown == [ids[:3], ids[3:6], ids[6:], []]
        assert [page["has_more"] for page in pages] == [True, True, False, False]
        for path in ("/v1/trade/order/today", "/v1/trade/order/history"):
            for query in ("page=0", "page=x", "size=0", "size=1001", "page=99999999999"):
                status, answer = await w.call("GET", f"{path}?{query}")
                assert (status, answer["code"]) == (400, 602001), query


async def test_executions_and_history_keep_today_apart() -> None:
    async with world("none") as w:
        filled_market(w)
        order_id = await submit(w)
        [trade] = (await data(w, "/v1/trade/execution/today"))["trades"]
        assert {**trade, "trade_id": ""} == {
            "order_id": order_id, "trade_id": "", "symbol": "700.HK", "quantity": "200",
            "price": "601", "side": "Buy", "trade_done_at": trade["trade_done_at"],
        }  # fmt: skip
        assert trade["trade_id"]
        assert await data(w, "/v1/trade/execution/today?order_id=x") == {
            "trades": [], "has_more": False,
        }  # fmt: skip
        for path in ("/v1/trade/execution/history", "/v1/trade/order/history"):
            for query in ("", "?start_at=1&end_at=2", "?start_at=1767000000", "?page=1"):
                answer = await data(w, path + query)
                assert answer["has_more"] is False
                assert answer.get("trades", answer.get("orders")) == []
            for query in ("?start_at=2&end_at=1", "?start_at=x", "?end_at=-5"):
                status, answer = await w.call("GET", path + query)
                assert (status, answer["code"]) == (400, 602001), query


@pytest.mark.parametrize("order_id", ["", "x", "-1", "9" * 30, "1"])
async def test_ids_of_no_order_are_not_found(order_id: str) -> None:
    async with world("none") as w:
        expected = 602001 if order_id == "" else 603001
        for method in ("GET", "DELETE"):
            status, answer = await w.call(method, f"/v1/trade/order?order_id={order_id}")
            assert (status, answer["code"]) == (400, expected)
        body = {"order_id": order_id, "quantity": "100"}
        status, answer = await w.call("PUT", "/v1/trade/order", body)
        assert (status, answer["code"]) == (400, 603001)


async def test_the_maximum_quantity_is_what_the_cash_pays() -> None:
    async with world("none") as w:
        filled_market(w)
        query = "symbol=700.HK&order_type=LO&side=Buy&price=601&fractional_shares=false"
        most = await data(w, f"/v1/trade/estimate/buy_limit?{query}")
        assert most["cash_max_qty"] == "1600"
        for bad in (
            "order_type=LO&side=Buy",
            "symbol=700.HK&side=Buy",
            "symbol=9.HK&order_type=LO&side=Buy",
        ):
            status, answer = await w.call("GET", f"/v1/trade/estimate/buy_limit?{bad}")
            assert (status, answer["code"]) == (400, 602001), bad


ATTACHED_FIELDS = {
    "order_id",
    "attached_type_display",
    "trigger_price",
    "quantity",
    "executed_qty",
    "status",
    "updated_at",
    "withdrawn",
    "gtd",
    "time_in_force",
    "counter_id",
    "trigger_status",
    "executed_amount",
    "tag",
    "submitted_at",
    "executed_price",
    "force_only_rth",
    "reviewed",
    "activate_order_type",
    "activate_rth",
    "submit_price",
    "limit_depth_level",
}
BRACKET = {
    "attached_order_type": "BRACKET",
    "profit_taker_price": "650",
    "stop_loss_price": "550",
    "time_in_force": "GTC",
}


async def test_attached_orders_stand_in_their_parent_and_are_reached_by_their_own_ids() -> None:
    async with world("none") as w:
        filled_market(w)
        parent = await submit(w, attached_params=BRACKET)
        [listed] = (await data(w, "/v1/trade/order/today"))["orders"]
        children = listed["attached_orders"]
        assert [set(one) for one in children] == [ATTACHED_FIELDS] * 2
        kinds = [one["attached_type_display"] for one in children]
        assert kinds == ["PROFIT_TAKER", "STOP_LOSS"]
        assert {one["trigger_status"] for one in children} == {"ACTIVE"}, "the parent is filled"
        assert {one["counter_id"] for one in children} == {"ST/HK/700"}
        child = children[1]["order_id"]
        asked = f"order_id={child}&is_attached=true"
        [own] = (await data(w, f"/v1/trade/order/today?{asked}"))["orders"]
        assert (own["order_id"], own["trigger_price"]) == (child, "550")
        detail = await data(w, f"/v1/trade/order?{asked}")
        assert detail["status"] == "VarietiesNotReported"
        status, answer = await w.call(
            "DELETE", f"/v1/trade/order?order_id={parent}&is_attached=true"
        )
        assert (status, answer["code"]) == (400, 603001), "a parent is no child"
        await w.call("DELETE", f"/v1/trade/order?{asked}")
        [listed] = (await data(w, "/v1/trade/order/today"))["orders"]
        assert [one["withdrawn"] for one in listed["attached_orders"]] == [False, True]
        body = {
            "order_id": children[0]["order_id"],
            "quantity": "200",
            "trigger_price": "660",
        }
        await w.call("PUT", "/v1/trade/order", body)
        [listed] = (await data(w, "/v1/trade/order/today"))["orders"]
        assert listed["attached_orders"][0]["trigger_price"] == "660"


async def test_fields_that_a_type_does_not_have_are_ignored_and_not_shown() -> None:
    foreign = {
        "trigger_price": "600", "trailing_amount": "1", "trailing_percent": "1",
        "limit_offset": "1", "limit_depth_level": 2, "trigger_count": 2, "monitor_price": "600",
        "expire_date": "2026-04-01",
    }  # fmt: skip
    async with world("none") as w:
        order_id = await submit(w, submitted_price="500", **foreign)
        order = await data(w, f"/v1/trade/order?order_id={order_id}")
        shown = {name: order[name] for name in foreign}
        assert shown.pop("limit_depth_level") == shown.pop("trigger_count") == 0
        assert shown.pop("expire_date") == order["expire_date"] != "2026-04-01"
        assert set(shown.values()) == {""}
        trailing = {**foreign, "order_type": "TSMPCT", "side": "Buy"}
        order_id = await submit(w, **trailing)
        order = await data(w, f"/v1/trade/order?order_id={order_id}")
        assert (order["trailing_percent"], order["trailing_amount"], order["price"]) == (
            "1",
            "",
            "",
        )


@pytest.mark.parametrize("kind", ["MO", "MIT", "AO", "TSMPCT"])
async def test_the_maximum_of_an_order_without_a_limit_is_that_of_a_market_order(kind: str) -> None:
    async with world("none") as w:
        filled_market(w)
        target = "/v1/trade/estimate/buy_limit?symbol=700.HK&side=Buy&fractional_shares=false"
        most = await data(w, f"{target}&order_type={kind}")
        assert most == await data(w, f"{target}&order_type=MO")
        assert Decimal(most["cash_max_qty"]) > 0
        status, answer = await w.call("GET", f"{target}perhaps&order_type={kind}")
        assert (status, answer["code"]) == (400, 602001)


@pytest.mark.parametrize("market", ["Crypto", "JP", "DE"])
async def test_a_market_in_which_nothing_is_traded_has_no_orders(market: str) -> None:
    async with world("none") as w:
        await submit(w, submitted_price="500")
        assert (await data(w, f"/v1/trade/order/today?market={market}"))["orders"] == []


async def test_children_live_as_long_as_their_parent_unless_they_are_told_otherwise() -> None:
    wish = {"attached_order_type": "STOP_LOSS", "stop_loss_price": "400"}
    body = {"submitted_price": "500", "attached_params": wish}
    async with world("none") as w:
        order_id = await submit(w, **body, time_in_force="GTD", expire_date="2026-01-30")
        [child] = (await data(w, f"/v1/trade/order?order_id={order_id}"))["attached_orders"]
        assert (child["time_in_force"], child["gtd"]) == ("GTD", "2026-01-30")
