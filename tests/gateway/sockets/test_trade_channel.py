"""The trade gateway: topics, and order pushes that official clients do not drop."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from portway.gateway.ports import AccountRecord
from portway.model.command import Deposit, OpenAccount
from portway.model.money import Currency
from portway.wire.commands import Channel
from portway.wire.pb import trade_pb2 as pb
from tests.gateway.clients import SocketClient, TcpClient, WsClient, connect, error_of
from tests.gateway.world import TENCENT, World, depth, world

FIELDS = {
    "side", "stock_name", "submitted_quantity", "symbol", "order_type", "submitted_price",
    "executed_quantity", "executed_price", "order_id", "currency", "status", "submitted_at",
    "updated_at", "trigger_price", "msg", "tag", "trigger_status", "trigger_at",
    "trailing_amount", "trailing_percent", "limit_offset", "account_no", "last_share",
    "last_price", "remark",
}  # fmt: skip
ORDER = {
    "symbol": "700.HK",
    "order_type": "LO",
    "side": "Buy",
    "submitted_quantity": "200",
    "submitted_price": "601",
    "time_in_force": "Day",
    "remark": "mine",
}


async def follower(w: World, kind: str = "ws", **headers: str) -> SocketClient:
    if kind == "ws":
        client: SocketClient = await WsClient.connect(w.ports.trade, headers=headers)
    else:
        client = await TcpClient.connect(w.ports.trade_tcp)
    await client.sign_in(w.password())
    answer = await client.request(16, pb.Sub(topics=["private"]))
    assert list(pb.SubResponse.FromString(answer.body).current) == ["private"]
    return client


def event(packet: Any) -> dict[str, str]:
    assert packet.cmd_code == 18
    notification = pb.Notification.FromString(packet.body)
    assert (notification.topic, notification.content_type) == ("private", 1)
    payload = json.loads(notification.data)
    assert payload["event"] == "order_changed_lb"
    return payload["data"]


async def test_topics_are_answered_with_what_is_in_force() -> None:
    async with world() as w:
        client = await connect("ws", w.ports, Channel.TRADE)
        await client.sign_in(w.password())

        async def sub(*topics: str) -> pb.SubResponse:
            answer = await client.request(16, pb.Sub(topics=topics))
            return pb.SubResponse.FromString(answer.body)

        assert list((await sub()).current) == []
        answer = await sub("private", "weather")
        assert list(answer.success) == ["private"]
        assert [one.topic for one in answer.fail] == ["weather"]
        assert list(answer.current) == ["private"]
        assert list((await sub("private")).current) == ["private"]
        answer_ = await client.request(17, pb.Unsub(topics=["private"]))
        assert list(pb.UnsubResponse.FromString(answer_.body).current) == []
        assert error_of(await client.request(16, pb.Sub(topics=["x"] * 65))) == (3, 301600)
        assert error_of(await client.request(4)) == (3, 301600)
        assert error_of(await client.request(18)) == (3, 301600)


async def test_every_step_of_an_order_is_pushed_with_every_field() -> None:
    async with world() as w:
        w.quotes.feed(depth(TENCENT, 1, ["601"], ["600"]))
        clients = [await follower(w, kind) for kind in ("ws", "tcp")]
        _, answer = await w.call("POST", "/v1/trade/order", ORDER)
        order_id = answer["data"]["order_id"]
        for client in clients:
            events = []
            while not events or events[-1]["status"] != "FilledStatus":
                events.append(event((await client.wait_pushes(1))[0]))
            for one in events:
                assert one.pop("multi_leg") is None
                assert set(one) == FIELDS
                assert all(isinstance(value, str) for value in one.values())
                assert (one["order_id"], one["account_no"]) == (order_id, w.account_no)
                for never_empty in ("submitted_price", "executed_price", "executed_quantity"):
                    Decimal(one[never_empty])
                assert int(one["updated_at"]) >= int(one["submitted_at"]) > 0
            first, last = events[0], events[-1]
            assert (first["executed_quantity"], first["last_share"]) == ("0", "")
            assert (last["executed_quantity"], last["executed_price"]) == ("200", "601")
            assert (last["last_share"], last["last_price"]) == ("200", "601")
            assert (last["stock_name"], last["remark"], last["tag"]) == (
                "TENCENT",
                "mine",
                "Normal",
            )


async def test_the_long_term_tag_is_spelled_for_the_client_that_reads_it() -> None:
    async with world() as w:
        old, new = await follower(w), await follower(w, **{"x-dc-region": "ap"})
        body = {**ORDER, "submitted_price": "500", "time_in_force": "GTC"}
        status, answer = await w.call("POST", "/v1/trade/order", body)
        assert status == 200, answer
        assert event((await old.wait_pushes(1))[0])["tag"] == "GTC"
        assert event((await new.wait_pushes(1))[0])["tag"] == "Gtc"


async def test_names_are_in_the_language_of_the_connection() -> None:
    async with world() as w:
        client = await follower(w, **{"accept-language": "zh-HK"})
        await w.call("POST", "/v1/trade/order", {**ORDER, "submitted_price": "500"})
        assert event((await client.wait_pushes(1))[0])["stock_name"] == "騰訊控股"


async def test_an_accounts_events_reach_nobody_else() -> None:
    async with world() as w:
        from dataclasses import replace

        from portway.gateway.identity import new_token

        other = "PT20000002"
        text, token = new_token(w.start.app.app_key, other, now=w.start.token_record.issued_at)
        w.identity.tokens_by_digest[token.digest] = token
        w.identity.accounts_by_no[other] = AccountRecord(other, 10002, "2", "lb_papertrading")
        await w.trades.submit(OpenAccount(other, "other"))
        await w.trades.submit(Deposit(other, Currency.HKD, Decimal(1_000_000)))
        stranger = await follower(w)
        mine = replace(w, start=replace(w.start, token=text))
        status, _ = await mine.call("POST", "/v1/trade/order", {**ORDER, "submitted_price": "500"})
        assert status == 200
        await stranger.request(1, b"anything")
        assert stranger.pushes == []
        assert (await w.call("GET", "/v1/trade/order/today"))[1]["data"]["orders"] == []
        [order] = (await mine.call("GET", "/v1/trade/order/today"))[1]["data"]["orders"]
        status, answer = await w.call("DELETE", f"/v1/trade/order?order_id={order['order_id']}")
        assert (status, answer["code"]) == (400, 603001)
        status, answer = await w.call("GET", f"/v1/trade/order?order_id={order['order_id']}")
        assert (status, answer["code"]) == (400, 603001)


async def test_a_push_comes_after_the_queries_show_what_it_says() -> None:
    async with world() as w:
        w.quotes.feed(depth(TENCENT, 1, ["601"], ["600"]))
        client = await follower(w)
        await w.call("POST", "/v1/trade/order", ORDER)
        pushed = {}
        while pushed.get("status") != "FilledStatus":
            pushed = event((await client.wait_pushes(1))[0])
            _, answer = await w.call("GET", f"/v1/trade/order?order_id={pushed['order_id']}")
            assert int(answer["data"]["executed_quantity"]) >= int(pushed["executed_quantity"])
