"""Quote levels: who sees what, told, refused or delayed, and changed while it is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from portway.gateway.errors import Refused
from portway.gateway.identity import Principal
from portway.gateway.rights import FULL_RIGHTS, QuoteLevel, QuoteRights, RightsBook
from portway.model.symbol import Market
from portway.wire.pb import quote_pb2 as pb
from tests.gateway.clients import SocketClient, connect, error_of
from tests.gateway.world import (
    ADMIN_SECRET,
    APPLE,
    MOUTAI,
    TENCENT,
    MemoryDocuments,
    World,
    depth,
    http,
    trade,
    world,
)

DELAYED, LV1 = QuoteLevel.DELAYED, QuoteLevel.LV1
NO_ACCESS = (7, 301604)


@asynccontextmanager
async def seen_with(
    rights: QuoteRights, **metadata: str
) -> AsyncIterator[tuple[World, SocketClient]]:
    async with world("none") as w:
        await w.gateway.rights.put(w.start.app.app_key, rights)
        client = await connect("ws", w.ports)
        await client.sign_in(w.password(), **metadata)
        yield w, client


async def ask(client: SocketClient, command: int, request: Any, answer: type[Any]) -> Any:
    response = await client.request(command, request)
    assert response.status_code == 0, error_of(response)
    return answer.FromString(response.body)


async def refusal(client: SocketClient, command: int, request: Any) -> tuple[int, int]:
    return error_of(await client.request(command, request))


async def depth_pushed(client: SocketClient, count: int) -> Any:
    """The last of so many pushes; it is one of a book."""
    packet = (await client.wait_pushes(count))[count - 1]
    assert packet.cmd_code == 102
    return pb.PushDepth.FromString(packet.body)


async def profile_of(client: SocketClient) -> Any:
    request = pb.UserQuoteProfileRequest(language="en")
    return await ask(client, 4, request, pb.UserQuoteProfileResponse)


def subscribe(symbols: list[str], kinds: list[int]) -> pb.SubscribeRequest:
    return pb.SubscribeRequest(symbol=symbols, sub_type=kinds, is_first_push=True)


# ------------------------------------------------------------------------------------ the book


async def test_rights_survive_a_restart_and_tools_see_everything() -> None:
    documents = MemoryDocuments()
    book = RightsBook(documents)
    await book.put("key", QuoteRights(hk=DELAYED, opra=False))
    again = RightsBook(documents)
    await again.load()
    assert again.of(Principal("key", "A")) == QuoteRights(hk=DELAYED, opra=False)
    assert again.of(Principal("key", "A", is_tool=True)) == FULL_RIGHTS
    assert again.of(Principal("other", "A")) == FULL_RIGHTS


async def test_what_cannot_be_kept_changes_nothing() -> None:
    documents = MemoryDocuments()
    book = RightsBook(documents)
    documents.is_full = True
    with pytest.raises(Refused):
        await book.put("key", QuoteRights(opra=False))
    assert book.of_key("key") == FULL_RIGHTS


# ------------------------------------------------------------------------------------- refused


async def test_level_one_has_one_price_level_and_no_brokers() -> None:
    async with seen_with(QuoteRights(hk=LV1)) as (w, client):
        w.quotes.feed(depth(TENCENT, 1, ["500", "501", "502"], ["499", "498"]))
        one = pb.SecurityRequest(symbol="700.HK")
        book = await ask(client, 14, one, pb.SecurityDepthResponse)
        assert [(level.position, level.price) for level in book.ask] == [(1, "500.000")]
        assert len(book.bid) == 1
        assert await refusal(client, 15, one) == NO_ACCESS
        assert await refusal(client, 6, subscribe(["700.HK"], [1, 3])) == NO_ACCESS
        assert not w.quotes.watched
        await ask(client, 6, subscribe(["700.HK"], [1, 2]), pb.SubscriptionResponse)
        pushed = await depth_pushed(client, 2)  # behind the quote
        assert (len(pushed.ask), len(pushed.bid)) == (1, 1)
        w.quotes.feed(depth(TENCENT, 2, ["500", "501"], ["499", "498", "497"]))
        pushed = await depth_pushed(client, 1)
        assert [level.position for level in (*pushed.ask, *pushed.bid)] == [1, 1]
        w.quotes.feed(depth(APPLE, 3, ["271", "272"], ["270", "269"]))
        book = await ask(client, 14, pb.SecurityRequest(symbol="AAPL.US"), pb.SecurityDepthResponse)
        assert len(book.ask) == 2


async def test_full_and_cut_books_leave_for_who_may_see_them() -> None:
    async with seen_with(QuoteRights(hk=LV1)) as (w, cut):
        await cut.request(6, subscribe(["700.HK"], [2]))
        other = await connect("ws", w.ports)
        key = w.start.app.app_key
        await w.gateway.rights.put(key, QuoteRights())
        await other.sign_in(w.password())
        await other.request(6, subscribe(["700.HK"], [2]))
        w.quotes.feed(depth(TENCENT, 2, ["500", "501"], ["499", "498", "497"]))
        # The rights of a key hold for all its connections: now both see everything.
        for client in (cut, other):
            pushed = await depth_pushed(client, 1)
            assert (len(pushed.ask), len(pushed.bid)) == (2, 3)


async def test_without_overnight_it_stays_out_of_every_answer() -> None:
    wish = {"need_over_night_quote": "true"}
    async with seen_with(QuoteRights(overnight=False), **wish) as (w, client):
        periods = await ask(client, 8, b"", pb.MarketTradePeriodResponse)
        [us] = [one for one in periods.market_trade_session if one.market == "US"]
        assert len(us.trade_session) == 3
        await w.gateway.rights.put(w.start.app.app_key, QuoteRights())
        periods = await ask(client, 8, b"", pb.MarketTradePeriodResponse)
        [us] = [one for one in periods.market_trade_session if one.market == "US"]
        assert len(us.trade_session) == 4


async def test_rights_taken_away_end_what_is_followed_and_nothing_else() -> None:
    async with seen_with(QuoteRights()) as (w, client):
        await client.request(6, subscribe(["700.HK", "AAPL.US", "600519.SH"], [1, 2, 3, 4]))
        await w.gateway.rights.put(w.start.app.app_key, QuoteRights(hk=LV1, us=DELAYED))
        held = await ask(client, 5, b"", pb.SubscriptionResponse)
        assert {one.symbol: list(one.sub_type) for one in held.sub_list} == {
            "700.HK": [1, 2, 4],
            "600519.SH": [1, 2, 3, 4],
        }
        assert APPLE not in w.quotes.watched
        await w.gateway.rights.put(w.start.app.app_key, QuoteRights())
        answer = await client.request(6, subscribe(["AAPL.US"], [1]))
        assert answer.status_code == 0


# ------------------------------------------------------------------------------------- delayed


async def test_a_delayed_market_has_no_pushes_and_old_answers_and_the_others_are_live() -> None:
    async with seen_with(QuoteRights(us=DELAYED)) as (w, client):
        w.quotes.feed(trade(APPLE, 1, "300"), trade(MOUTAI, 1, "1500", 100))
        assert await refusal(client, 6, subscribe(["AAPL.US"], [1])) == NO_ACCESS
        assert await refusal(client, 6, subscribe(["700.HK", "AAPL.US"], [1])) == NO_ACCESS
        several = pb.MultiSecurityRequest(symbol=["AAPL.US", "600519.SH"])
        apple, moutai = (await ask(client, 11, several, pb.SecurityQuoteResponse)).secu_quote
        # The delayed markets of this test are boards of their own, to which nothing was fed.
        assert Decimal(apple.last_done) == 100
        assert Decimal(moutai.last_done) == 1500
        trades = pb.SecurityTradeRequest(symbol="AAPL.US", count=10)
        assert not (await ask(client, 17, trades, pb.SecurityTradeResponse)).trades
        status, answer = await w.call("POST", "/quote/quotes", {"symbol": ["AAPL.US"]})
        assert (status, answer["data"]["secu_quote"][0]["last_done"]) == (200, apple.last_done)
        await w.gateway.rights.put(w.start.app.app_key, QuoteRights())
        apple, _ = (await ask(client, 11, several, pb.SecurityQuoteResponse)).secu_quote
        assert Decimal(apple.last_done) == 300


async def test_the_first_twenty_of_a_question_for_hong_kong_are_live_all_the_same() -> None:
    async with seen_with(QuoteRights(hk=DELAYED)) as (w, client):
        listed = [one for one in w.quotes.reference.instruments.values() if one.market is Market.HK]
        symbols = [one.symbol for one in listed[:25]]
        w.quotes.feed(*(trade(one, 1, "300") for one in symbols))
        asked = pb.MultiSecurityRequest(symbol=["AAPL.US", *symbols])
        answer = await ask(client, 11, asked, pb.SecurityQuoteResponse)
        prices = [Decimal(one.last_done) for one in answer.secu_quote]
        assert prices == [100, *[300] * 20, *[100] * 5]
        book = pb.SecurityRequest(symbol="700.HK")
        w.quotes.feed(depth(TENCENT, 2, ["500"], ["499"]))
        assert not (await ask(client, 14, book, pb.SecurityDepthResponse)).ask


# ---------------------------------------------------------------------------------------- told


@pytest.mark.parametrize(
    ("rights", "level", "missing"),
    [
        (QuoteRights(), "US|QBBO;HK|LV2;SH|LV1;SZ|LV1", set()),
        (QuoteRights(hk=LV1), "US|QBBO;HK|LV1;SH|LV1;SZ|LV1", set()),
        (
            QuoteRights(hk=DELAYED, us=DELAYED, cn=DELAYED, opra=False),
            "US|DELAY;HK|BMP;SH|DELAY;SZ|DELAY",
            {"HK", "US", "CN", "USOption"},
        ),
        (QuoteRights(opra=False), "US|QBBO;HK|LV2;SH|LV1;SZ|LV1", {"USOption"}),
    ],
)
async def test_a_client_is_told_what_it_has_at_sign_in(
    rights: QuoteRights, level: str, missing: set[str]
) -> None:
    async with seen_with(rights) as (_, client):
        told = await profile_of(client)
        assert told.quote_level == level
        by_market = told.quote_level_detail.by_market_code
        assert set(by_market) == {"HK", "US", "CN", "USOption"}
        assert {one for one in by_market if by_market[one].warning_msg} == missing
        assert {one for one in by_market if not by_market[one].packages} == missing
        assert len(told.quote_level_detail.by_package_key) == 4 - len(missing)


# --------------------------------------------------------------------------------------- owner


async def test_the_owner_shows_and_sets_levels() -> None:
    async with world("none") as w:

        async def call(method: str, verb: str, body: bytes = b"") -> tuple[int, bytes]:
            target = f"/admin/{ADMIN_SECRET}/{verb}"
            status, _, answer = await http(w.ports.http, method, target, {}, body)
            return status, answer

        key = w.start.app.app_key
        status, answer = await call("GET", "levels")
        assert status == 200
        assert b'"hk":"lv2"' in answer
        body = b'{"app_key": "%s", "hk": "delayed", "opra": false}' % key.encode()
        status, answer = await call("POST", "levels/set", body)
        assert (status, w.gateway.rights.of_key(key)) == (200, QuoteRights(hk=DELAYED, opra=False))
        status, _ = await call("POST", "levels/set", b'{"app_key": "%s"}' % key.encode())
        assert (status, w.gateway.rights.of_key(key)) == (200, QuoteRights(hk=DELAYED, opra=False))
        for wrong in (b'{"app_key": "nobody"}', b'{"hk": "lv1"}',
                      b'{"app_key": "%s", "us": "lv2"}' % key.encode()):  # fmt: skip
            status, _ = await call("POST", "levels/set", wrong)
            assert status in (400, 403)
        assert w.gateway.rights.of_key(key) == QuoteRights(hk=DELAYED, opra=False)


def test_brokers_of_other_markets_are_nobodys_secret() -> None:
    assert QuoteRights(hk=DELAYED).sees_brokers(Market.US)
    assert not QuoteRights(hk=LV1).sees_brokers(Market.HK)
