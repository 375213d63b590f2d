"""Commands of the quote gateway: what they answer, in what order, and what they refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from portway.gateway.limits import Caller
from portway.model.quote import Brokers, Direction, TradeSession
from portway.model.symbol import Market
from portway.wire.pb import quote_pb2 as pb
from tests.gateway.clients import SocketClient, connect, error_of
from tests.gateway.world import APPLE, MOUTAI, NOW, TENCENT, World, depth, trade, world

BAD, INVALID, NO_DATA = (3, 301600), (7, 301600), (7, 301603)
TOO_MANY_SUBSCRIPTIONS, TOO_MUCH = (7, 301605), (7, 301607)


@asynccontextmanager
async def signed_in(**metadata: str) -> AsyncIterator[tuple[World, SocketClient]]:
    async with world("none") as w:
        client = await connect("ws", w.ports)
        await client.sign_in(w.password(), **metadata)
        yield w, client


async def ask(client: SocketClient, command: int, request: Any, answer: type[Any]) -> Any:
    response = await client.request(command, request)
    assert response.status_code == 0, error_of(response)
    return answer.FromString(response.body)


async def refusal(client: SocketClient, command: int, request: Any) -> tuple[int, int]:
    response = await client.request(command, request)
    assert response.status_code, "a refusal is expected"
    return error_of(response)


# -------------------------------------------------------------------------------- profile


@pytest.mark.parametrize(
    ("profile", "row"), [("service", (10, 10)), ("published", (10, 5)), ("none", None)]
)
async def test_the_profile_tells_what_is_enforced(profile: str, row: Any) -> None:
    async with world(profile) as w:
        client = await connect("ws", w.ports)
        await client.sign_in(w.password())
        request = pb.UserQuoteProfileRequest(language="zh-CN")
        told = await ask(client, 4, request, pb.UserQuoteProfileResponse)
        rows = {one.command: (one.limit, one.burst) for one in told.rate_limit}
        assert rows == ({} if row is None else dict.fromkeys(range(10, 28), row))
        assert told.member_id == 10001
        assert told.subscribe_limit == w.gateway.limits.profile.subscribed_symbols_max
        detail = told.quote_level_detail
        assert set(detail.by_market_code) == {"US", "HK", "CN", "USOption"}
        for package in detail.by_package_key.values():
            assert 0 < package.start < package.end < 253402300799
            assert "实时" in package.name


# -------------------------------------------------------------------------------- reference


async def test_trading_sessions_list_overnight_only_when_asked_for() -> None:
    for metadata, count in (({}, 3), ({"need_over_night_quote": "true"}, 4)):
        async with signed_in(**metadata) as (_, client):
            answer = await ask(client, 8, b"", pb.MarketTradePeriodResponse)
            sessions = {one.market: one.trade_session for one in answer.market_trade_session}
            assert list(sessions) == ["US", "HK", "CN", "SG"]
            assert len(sessions["US"]) == count
            for periods in sessions.values():
                for period in periods:
                    for hhmm in (period.beg_time, period.end_time):
                        assert hhmm // 100 <= 23
                        assert hhmm % 100 <= 59


async def test_trading_days_and_what_they_refuse() -> None:
    async with signed_in() as (_, client):

        async def days(market: str, first: str, last: str) -> Any:
            request = pb.MarketTradeDayRequest(market=market, beg_day=first, end_day=last)
            return await ask(client, 9, request, pb.MarketTradeDayResponse)

        christmas = await days("HK", "20251222", "20251231")
        assert list(christmas.half_trade_day) == ["20251224", "20251231"]
        assert not set(christmas.trade_day) & set(christmas.half_trade_day)
        assert not (await days("CN", "20251222", "20251231")).half_trade_day
        assert (await days("US", "20260101", "20260131")).trade_day[0] == "20260102"
        assert (await days("SG", "20260103", "20260104")).trade_day == []
        for bad in (
            ("FR", "20260101", "20260102"),
            ("HK", "2026-01-01", "20260102"),
            ("HK", "20260101", ""),
            ("HK", "20260230", "20260302"),
            ("HK", "20260105", "20260104"),
            ("HK", "20260101", "20260202"),
        ):
            request = pb.MarketTradeDayRequest(market=bad[0], beg_day=bad[1], end_day=bad[2])
            assert await refusal(client, 9, request) == INVALID, bad


async def test_lists_keep_the_order_of_the_request_and_leave_unknown_symbols_out() -> None:
    async with signed_in() as (w, client):
        w.quotes.feed(trade(APPLE, 1, "250"), trade(TENCENT, 1, "600"))
        request = pb.MultiSecurityRequest(symbol=["AAPL.US", "999999.HK", "700.HK"])
        infos = await ask(client, 10, request, pb.SecurityStaticInfoResponse)
        assert [one.symbol for one in infos.secu_static_info] == ["AAPL.US", "700.HK"]
        assert infos.secu_static_info[1].board == "HKEquity"
        quotes = await ask(client, 11, request, pb.SecurityQuoteResponse)
        assert [one.symbol for one in quotes.secu_quote] == ["AAPL.US", "700.HK"]
        nobody = pb.MultiSecurityRequest(symbol=["999999.HK"])
        assert not (await ask(client, 11, nobody, pb.SecurityQuoteResponse)).secu_quote


@pytest.mark.parametrize("command", [10, 11, 12, 13])
async def test_bad_lists_are_refused(command: int) -> None:
    async with signed_in() as (_, client):
        assert await refusal(client, command, pb.MultiSecurityRequest()) == BAD
        for text in ("700", "700.XX", ".HK", "", "700.hk"):
            request = pb.MultiSecurityRequest(symbol=["700.HK", text])
            assert await refusal(client, command, request) == BAD, text
        many = pb.MultiSecurityRequest(symbol=[f"{i}.HK" for i in range(501)])
        assert await refusal(client, command, many) == TOO_MUCH


async def test_participants_name_every_number_once() -> None:
    async with signed_in() as (_, client):
        answer = await ask(client, 16, b"", pb.ParticipantBrokerIdsResponse)
        ids = [one for row in answer.participant_broker_numbers for one in row.broker_ids]
        assert len(ids) == len(set(ids)) > 0


# --------------------------------------------------------------------------- the present


async def test_a_quote_shows_the_regular_session_and_blocks_for_the_others() -> None:
    events = (
        trade(APPLE, 1, "250.25", 10, session=TradeSession.OVERNIGHT),
        trade(APPLE, 2, "251", 20, session=TradeSession.PRE),
        trade(APPLE, 3, "252", 30),
        trade(APPLE, 4, "253", 40, session=TradeSession.POST),
    )
    request = pb.MultiSecurityRequest(symbol=["AAPL.US"])
    for metadata, has_overnight in (({}, False), ({"need_over_night_quote": "true"}, True)):
        async with signed_in(**metadata) as (w, client):
            w.quotes.feed(*events)
            [quote] = (await ask(client, 11, request, pb.SecurityQuoteResponse)).secu_quote
            assert (quote.last_done, quote.volume, quote.turnover) == ("252.000", 30, "7560.000")
            assert quote.timestamp == int(NOW["US"].timestamp()) + 3
            assert quote.prev_close == "100.000"
            assert quote.pre_market_quote.last_done == "251.000"
            assert quote.post_market_quote.prev_close == "252.000"
            assert quote.HasField("over_night_quote") == has_overnight


async def test_hong_kong_has_no_blocks_and_the_mainland_counts_in_lots() -> None:
    async with signed_in() as (w, client):
        w.quotes.feed(
            trade(TENCENT, 1, "600", 300),
            trade(MOUTAI, 1, "1500", 250),
            trade(MOUTAI, 2, "1501", 30),
        )
        w.quotes.feed(depth(MOUTAI, 3, ["1501"], ["1500"]))
        request = pb.MultiSecurityRequest(symbol=["700.HK", "600519.SH"])
        hk, cn = (await ask(client, 11, request, pb.SecurityQuoteResponse)).secu_quote
        assert hk.volume == 300
        assert not hk.HasField("pre_market_quote")
        assert cn.volume == 2
        assert cn.turnover == "420030.000"
        trades = await ask(
            client, 17, pb.SecurityTradeRequest(symbol=MOUTAI, count=10), pb.SecurityTradeResponse
        )
        assert [one.volume for one in trades.trades] == [2, 1]
        book = await ask(client, 14, pb.SecurityRequest(symbol=MOUTAI), pb.SecurityDepthResponse)
        assert (book.ask[0].volume, book.bid[0].volume) == (5, 7)


async def test_depth_and_brokers_count_positions_from_one() -> None:
    async with signed_in() as (w, client):
        w.quotes.feed(
            depth(TENCENT, 1, ["600.5", "601"], ["600"]),
            Brokers(TENCENT, NOW["HK"], ((8574, 6996), ()), ((2310,),)),
        )
        request = pb.SecurityRequest(symbol="700.HK")
        book = await ask(client, 14, request, pb.SecurityDepthResponse)
        assert [(one.position, one.price, one.order_num) for one in book.ask] == [
            (1, "600.500", 2), (2, "601.000", 2),
        ]  # fmt: skip
        assert [one.price for one in book.bid] == ["600.000"]
        queues = await ask(client, 15, request, pb.SecurityBrokersResponse)
        assert [(one.position, list(one.broker_ids)) for one in queues.ask_brokers] == [
            (1, [8574, 6996]), (2, []),
        ]  # fmt: skip


async def test_trades_are_the_latest_oldest_first() -> None:
    async with signed_in() as (w, client):
        w.quotes.feed(*(trade(TENCENT, i, str(600 + i)) for i in range(5)))
        w.quotes.feed(trade(TENCENT, 6, "606", 50, trade_type="D", direction=Direction.UP))
        request = pb.SecurityTradeRequest(symbol="700.HK", count=3)
        answer = await ask(client, 17, request, pb.SecurityTradeResponse)
        assert [one.price for one in answer.trades] == ["603.000", "604.000", "606.000"]
        assert (answer.trades[-1].trade_type, answer.trades[-1].direction) == ("D", 2)


async def test_overnight_data_reaches_only_those_who_asked_for_it() -> None:
    overnight = trade(APPLE, 1, "250", session=TradeSession.OVERNIGHT)
    request = pb.SecurityTradeRequest(symbol="AAPL.US", count=10)
    for metadata, count in (({}, 1), ({"need_over_night_quote": "true"}, 2)):
        async with signed_in(**metadata) as (w, client):
            w.quotes.feed(overnight, trade(APPLE, 2, "251"))
            answer = await ask(client, 17, request, pb.SecurityTradeResponse)
            assert len(answer.trades) == count


async def test_the_intraday_line_ends_with_the_running_minute() -> None:
    async with signed_in() as (w, client):
        w.quotes.feed(trade(TENCENT, 1, "600", 100), trade(TENCENT, 2, "601", 300))
        request = pb.SecurityIntradayRequest(symbol="700.HK")
        answer = await ask(client, 18, request, pb.SecurityIntradayResponse)
        assert answer.lines[0].timestamp == int(NOW["HK"].timestamp()) - 3600
        last = answer.lines[-1]
        assert (last.timestamp, last.volume) == (int(NOW["HK"].timestamp()), 400)
        assert last.avg_price == "600.750000"
        request = pb.SecurityIntradayRequest(symbol="700.HK", trade_session=1)
        assert await refusal(client, 18, request) == INVALID


# ---------------------------------------------------------------------------- candlesticks


async def test_candlesticks_join_history_and_the_running_day() -> None:
    async with signed_in() as (w, client):
        w.quotes.feed(trade(TENCENT, 1, "600", 100), trade(TENCENT, 2, "610", 100))
        request = pb.SecurityCandlestickRequest(symbol="700.HK", period=1000, count=2)
        answer = await ask(client, 19, request, pb.SecurityCandlestickResponse)
        before, today = answer.candlesticks
        assert before.close == "100.000"
        assert (today.open, today.high, today.low, today.close) == (
            "600.000", "610.000", "600.000", "610.000",
        )  # fmt: skip
        assert before.timestamp < today.timestamp
        by_date = pb.SecurityHistoryCandlestickRequest(
            symbol="700.HK", period=1000, query_type=2, date_request=pb.DateQuery()
        )
        history = await ask(client, 27, by_date, pb.SecurityCandlestickResponse)
        assert list(history.candlesticks)[-2:] == list(answer.candlesticks)
        by_offset = pb.SecurityHistoryCandlestickRequest(
            symbol="700.HK",
            period=1000,
            query_type=1,
            offset_request=pb.OffsetQuery(direction=0, date="20260102", minute="0935", count=1),
        )
        [bar] = (await ask(client, 27, by_offset, pb.SecurityCandlestickResponse)).candlesticks
        assert bar == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"period": 0}, INVALID),
        ({"period": 7}, INVALID),
        ({"count": 0}, INVALID),
        ({"count": -1}, INVALID),
        ({"count": 1001}, TOO_MUCH),
        ({"adjust_type": 2}, INVALID),
        ({"trade_session": 50}, INVALID),
        ({"symbol": "999999.HK"}, INVALID),
        ({"symbol": "nothing"}, BAD),
    ],
)
async def test_bad_candlestick_requests_are_refused(change: dict[str, Any], code: Any) -> None:
    fields = {"symbol": "700.HK", "period": 1000, "count": 5, **change}
    async with signed_in() as (_, client):
        assert await refusal(client, 19, pb.SecurityCandlestickRequest(**fields)) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"query_type": 0}, INVALID),
        ({"query_type": 3}, INVALID),
        ({"query_type": 1, "offset_request": pb.OffsetQuery(direction=2)}, INVALID),
        ({"query_type": 1, "offset_request": pb.OffsetQuery(date="yesterday")}, INVALID),
        ({"query_type": 1, "offset_request": pb.OffsetQuery(minute="2460")}, INVALID),
        ({"query_type": 1, "offset_request": pb.OffsetQuery(count=1001)}, TOO_MUCH),
        ({"query_type": 1, "offset_request": pb.OffsetQuery(count=-5)}, INVALID),
        ({"date_request": pb.DateQuery(start_date="20260105", end_date="20260101")}, INVALID),
        ({"date_request": pb.DateQuery(start_date="99999999")}, INVALID),
        ({"date_request": pb.DateQuery(end_date="20250101")}, NO_DATA),
    ],
)
async def test_bad_history_requests_are_refused(change: dict[str, Any], code: Any) -> None:
    fields = {"symbol": "700.HK", "period": 1000, "query_type": 2, **change}
    async with signed_in() as (_, client):
        assert await refusal(client, 27, pb.SecurityHistoryCandlestickRequest(**fields)) == code


async def test_a_listed_symbol_without_data_is_refused_alone_and_left_out_of_lists() -> None:
    async with signed_in() as (w, client):
        w.quotes.without_data.add(TENCENT)
        single = pb.SecurityRequest(symbol="700.HK")
        assert await refusal(client, 14, single) == NO_DATA
        assert (
            await refusal(client, 17, pb.SecurityTradeRequest(symbol="700.HK", count=1)) == NO_DATA
        )
        several = pb.MultiSecurityRequest(symbol=["700.HK"])
        assert not (await ask(client, 11, several, pb.SecurityQuoteResponse)).secu_quote
        assert (await ask(client, 10, several, pb.SecurityStaticInfoResponse)).secu_static_info


@pytest.mark.parametrize("command", [14, 15, 20, 25])
async def test_single_commands_refuse_unknown_and_malformed_symbols(command: int) -> None:
    async with signed_in() as (_, client):
        assert await refusal(client, command, pb.SecurityRequest(symbol="999999.HK")) == INVALID
        assert await refusal(client, command, pb.SecurityRequest()) == BAD


async def test_where_no_products_are_made_none_are_quoted_or_listed() -> None:
    async with signed_in() as (_, client):
        several = pb.MultiSecurityRequest(symbol=["AAPL.US"])
        assert not (await ask(client, 13, several, pb.WarrantQuoteResponse)).secu_quote
        assert not (await ask(client, 22, b"", pb.IssuerInfoResponse)).issuer_info
        warrants = pb.WarrantFilterListRequest(symbol="700.HK")
        assert await refusal(client, 23, warrants) == NO_DATA


async def test_where_no_options_are_made_none_are_quoted_and_no_chain_is_shown() -> None:
    async with signed_in() as (_, client):
        several = pb.MultiSecurityRequest(symbol=["AAPL.US"])
        assert not (await ask(client, 12, several, pb.OptionQuoteResponse)).secu_quote
        one = pb.SecurityRequest(symbol="AAPL.US")
        assert await refusal(client, 20, one) == INVALID
        strikes = pb.OptionChainDateStrikeInfoRequest(symbol="AAPL.US", expiry_date="20260116")
        assert await refusal(client, 21, strikes) == INVALID


async def test_an_index_has_no_capital_flow_and_a_share_has_one_from_the_open_on() -> None:
    async with signed_in() as (w, client):
        index = pb.CapitalFlowIntradayRequest(symbol="HSI.HK")
        assert await refusal(client, 24, index) == NO_DATA
        assert await refusal(client, 25, pb.SecurityRequest(symbol="HSI.HK")) == NO_DATA
        share = pb.CapitalFlowIntradayRequest(symbol="700.HK")
        answer = await ask(client, 24, share, pb.CapitalFlowIntradayResponse)
        now = int(w.quotes.now(Market.HK).timestamp())
        stamps = [line.timestamp for line in answer.capital_flow_lines]
        assert stamps == list(range(now - 3600, now + 1, 60))


async def test_indexes_are_those_asked_for_of_those_that_are_listed() -> None:
    async with signed_in() as (w, client):
        w.quotes.feed(trade(MOUTAI, 1, "150", 250))
        request = pb.SecurityCalcQuoteRequest(
            symbols=["600519.SH", "999999.HK", "HSI.HK"], calc_index=[3, 4, 9, 14, 20]
        )
        answer = await ask(client, 26, request, pb.SecurityCalcQuoteResponse)
        moutai, index = answer.security_calc_index
        assert (moutai.symbol, moutai.change_rate, moutai.volume) == ("600519.SH", "50.00", 2)
        assert (moutai.capital_flow, moutai.dividend_ratio_ttm) == ("0.000", "0.00")
        assert not moutai.expiry_date
        assert not moutai.last_done
        assert (index.symbol, index.change_rate) == ("HSI.HK", "0.00")
        assert not index.capital_flow
        assert not index.dividend_ratio_ttm
        for wrong in ([], [0], [41]):
            request = pb.SecurityCalcQuoteRequest(symbols=["HSI.HK"], calc_index=wrong)
            assert await refusal(client, 26, request) == BAD
        many = pb.SecurityCalcQuoteRequest(symbols=["700.HK"] * 501, calc_index=[1])
        assert await refusal(client, 26, many) == TOO_MUCH


# --------------------------------------------------------------------------- subscriptions


def subscribe(symbols: list[str], kinds: list[int], first: bool = False) -> pb.SubscribeRequest:
    return pb.SubscribeRequest(symbol=symbols, sub_type=kinds, is_first_push=first)


async def listed(client: SocketClient) -> dict[str, list[int]]:
    answer = await ask(client, 5, b"", pb.SubscriptionResponse)
    return {one.symbol: list(one.sub_type) for one in answer.sub_list}


async def test_kinds_accumulate_and_are_removed_one_by_one() -> None:
    async with signed_in() as (w, client):
        answer = await ask(
            client,
            6,
            subscribe(["AAPL.US", "999999.HK", "700.HK"], [4, 1, 1]),
            pb.SubscriptionResponse,
        )
        assert [(one.symbol, list(one.sub_type)) for one in answer.sub_list] == [
            ("AAPL.US", [1, 4]), ("700.HK", [1, 4]),
        ]  # fmt: skip
        await ask(client, 6, subscribe(["700.HK"], [2, 3]), pb.SubscriptionResponse)
        assert await listed(client) == {"AAPL.US": [1, 4], "700.HK": [1, 2, 3, 4]}
        assert set(w.quotes.watched) == {APPLE, TENCENT}
        some = pb.UnsubscribeRequest(symbol=["700.HK", "AAPL.US"], sub_type=[1, 4])
        await ask(client, 7, some, pb.UnsubscribeResponse)
        assert await listed(client) == {"700.HK": [2, 3]}
        assert set(w.quotes.watched) == {TENCENT}
        all_of_one = pb.UnsubscribeRequest(symbol=["700.HK"], unsub_all=True)
        await ask(client, 7, all_of_one, pb.UnsubscribeResponse)
        assert await listed(client) == {}
        assert not w.quotes.watched


async def test_everything_ends_with_one_request_or_with_the_connection() -> None:
    async with signed_in() as (w, client):
        await ask(client, 6, subscribe(["700.HK", "AAPL.US"], [1, 2]), pb.SubscriptionResponse)
        await ask(client, 7, pb.UnsubscribeRequest(unsub_all=True), pb.UnsubscribeResponse)
        assert await listed(client) == {}
        await ask(client, 6, subscribe(["700.HK"], [1]), pb.SubscriptionResponse)
        client.drop()
        other = await connect("ws", w.ports)
        await other.sign_in(w.password())
        while w.quotes.watched:
            await other.request(8)
        assert not w.gateway.limits.use_of(_caller(w)).symbols


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (subscribe(["700.HK"], []), INVALID),
        (subscribe(["700.HK"], [0]), INVALID),
        (subscribe(["700.HK"], [1, 5]), INVALID),
        (subscribe([], [1]), BAD),
        (subscribe(["700.HK", "nothing"], [1]), BAD),
        (subscribe(["999999.HK"], [1]), INVALID),
    ],
)
async def test_bad_subscriptions_are_refused_whole(request_: Any, code: Any) -> None:
    async with signed_in() as (w, client):
        assert await refusal(client, 6, request_) == code
        assert await listed(client) == {}
        assert not w.quotes.watched


async def test_more_than_500_symbols_are_refused_whole_over_all_connections() -> None:
    async with world() as w:
        listed_now = list(w.quotes.reference.instruments)
        clients = [await connect("ws", w.ports) for _ in range(2)]
        for client in clients:
            await client.sign_in(w.password())
        many = subscribe([f"{i}.HK" for i in range(501)], [1])
        assert await refusal(clients[0], 6, many) == TOO_MANY_SUBSCRIPTIONS
        # Fill the account's room up to the last place, as other connections would.
        w.gateway.limits.subscribe(_caller(w), [f"filler{i}" for i in range(498)])
        two = subscribe(listed_now[:2], [1])
        await ask(clients[0], 6, two, pb.SubscriptionResponse)
        await ask(clients[1], 6, two, pb.SubscriptionResponse)
        assert (
            await refusal(clients[1], 6, subscribe(listed_now[1:3], [1])) == TOO_MANY_SUBSCRIPTIONS
        )
        assert await listed(clients[1]) == {one: [1] for one in listed_now[:2]}


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (pb.UnsubscribeRequest(symbol=["700.HK"]), INVALID),
        (pb.UnsubscribeRequest(symbol=["700.HK"], sub_type=[9]), INVALID),
        (pb.UnsubscribeRequest(sub_type=[1]), BAD),
        (pb.UnsubscribeRequest(symbol=["x"], sub_type=[1]), BAD),
    ],
)
async def test_bad_unsubscriptions_are_refused(request_: Any, code: Any) -> None:
    async with signed_in() as (_, client):
        assert await refusal(client, 7, request_) == code


def _caller(w: World) -> Caller:
    return Caller(w.account_no)
