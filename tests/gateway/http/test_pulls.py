"""Pulls over HTTP: spellings of a body, the socket's limits, refusals with the socket's codes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portway.gateway.http.pulls import plain
from portway.wire.commands import COMMANDS, Channel
from portway.wire.pb import quote_pb2 as pb
from portway.wire.pull_paths import PULL_PATHS
from tests.gateway.clients import connect
from tests.gateway.world import APPLE, TENCENT, depth, trade, world

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
FIELDS = ("symbol", "symbols", "count", "period", "offset_request", "date_request", "filter_config",
          "calc_index", "market", "query_type")  # fmt: skip


async def test_snake_and_camel_case_ask_the_same_and_unknown_fields_are_ignored() -> None:
    async with world("none") as w:
        snake = {"symbol": "700.HK", "period": 1000, "count": 2, "adjust_type": 1}
        camel = {"symbol": "700.HK", "period": 1000, "count": 2, "adjustType": 1, "more": [{}]}
        one = await w.call("POST", "/quote/candlesticks", snake)
        assert one[0] == 200
        assert one == await w.call("POST", "/quote/candlesticks", camel)
        bars = one[1]["data"]["candlesticks"]
        assert len(bars) == 2
        assert {type(bars[0]["timestamp"]), type(bars[0]["trade_session"])} == {int}


async def test_an_answer_is_the_message_of_the_socket_field_by_field() -> None:
    async with world("none") as w:
        w.quotes.feed(trade(APPLE, 1, "271.5"), depth(TENCENT, 1, ["500.5"], ["500"]))
        client = await connect("ws", w.ports)
        # The request does not say whether overnight data is wanted: it is sent.
        await client.sign_in(w.password(), need_over_night_quote="true")
        for path, body, command in (
            ("/quote/quotes", {"symbol": ["AAPL.US", "700.HK"]}, 11),
            ("/quote/depth", {"symbol": "700.HK"}, 14),
            ("/quote/markets/trading-sessions", {}, 8),
        ):
            row = COMMANDS[Channel.QUOTE][command]
            response = await client.request(command, row.request(**body))
            assert row.response is not None
            expected = plain(row.response.FromString(response.body))
            _, answer = await w.call("POST", path, body)
            assert answer["data"] == expected


async def test_a_body_that_is_no_request_is_refused_with_the_quote_sides_code() -> None:
    async with world("none") as w:
        for body in ([], "x", {"symbol": 5}, {"symbol": ["700.HK"], "count": "many"}, {}):
            status, answer = await w.call("POST", "/quote/trades", body)
            assert (status, answer["code"]) == (400, 301600), answer
        status, answer = await w.call("POST", "/quote/trades", {"symbol": "700.HK", "count": 1001})
        assert (status, answer["code"]) == (400, 301607)


async def test_calls_count_against_the_limit_of_the_socket() -> None:
    async with world("published") as w:
        client = await connect("ws", w.ports)
        await client.sign_in(w.password())
        answered = 0
        for _ in range(9):
            status, answer = await w.call("POST", "/quote/participants", {})
            answered += status == 200
        response = await client.request(16, b"")
        last, answer = await w.call("POST", "/quote/participants", {})
        assert (answered, response.status_code) == (9, 0)
        assert (last, answer["code"]) == (429, 301606)


async def test_a_token_that_may_only_read_may_pull() -> None:
    async with world("none") as w:
        for digest, token in w.identity.tokens_by_digest.items():
            w.identity.tokens_by_digest[digest] = replace(token, is_read_only=True)
        assert (await w.call("POST", "/quote/quotes", {"symbol": ["700.HK"]}))[0] == 200
        status, answer = await w.call("POST", "/v1/watchlist/groups", {"name": "x"})
        assert (status, answer["code"]) == (403, 403000)


@pytest.mark.parametrize("path", ["/quote/history-candlesticks", "/quote/warrants"])
@settings(max_examples=40)
@given(bodies=st.lists(st.dictionaries(st.sampled_from(FIELDS), any_json) | any_json, max_size=8))
async def test_whatever_is_sent_is_answered_or_refused(path: str, bodies: list[Any]) -> None:
    async with world("none") as w:
        for body in bodies:
            status, answer = await w.call("POST", path, body)
            assert status in (200, 400), (body, answer)


def test_every_path_has_a_command_with_messages() -> None:
    assert len(set(PULL_PATHS.values())) == len(PULL_PATHS) == 19
    for command in PULL_PATHS.values():
        assert COMMANDS[Channel.QUOTE][command].response is not None


def test_plain_leaves_out_messages_that_are_not_there_and_nothing_else() -> None:
    found = plain(pb.SecurityQuote(symbol="AAPL.US"))
    assert found["volume"] == 0
    assert found["last_done"] == ""
    assert "pre_market_quote" not in found
    nested = plain(pb.SecurityQuote(pre_market_quote=pb.PrePostQuote(volume=5)))
    assert nested["pre_market_quote"]["volume"] == 5
