"""Every refusal of the table has been read by a client, on HTTP or on a socket; none is missing.

Reasons of the core are reached in tests/core/test_refusals.py; an order that meets one is answered
with it by name. The others have a scenario here: what a client does, and what it then reads.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from portway.gateway.rights import QuoteLevel, QuoteRights
from portway.gateway.watchlists import ALL_ID
from portway.model.event import RefusalReason
from portway.model.symbol import MARKET_ZONES, Market
from portway.trading.errors import OutcomeUnknown, TradingError, VenueBusy
from portway.trading.ports import NothingWritten
from portway.wire.commands import Channel, SocketStatus
from portway.wire.pb import control_pb2, quote_pb2
from portway.wire.reasons import REASONS
from tests.gateway.clients import SocketClient, connect
from tests.gateway.world import World, http, world
from tools.compat_table import names_in_code

Read = tuple[int, str]  # Code and text.
Scenario = Callable[[World], Awaitable[Read]]

ORDER = {
    "symbol": "700.HK",
    "order_type": "LO",
    "side": "Buy",
    "submitted_quantity": "100",
    "submitted_price": "100",
    "time_in_force": "Day",
}
GROUPS = "/v1/watchlist/groups"
ACCOUNT = "/v1/asset/account"


# -- over HTTP -------------------------------------------------------------------------------


def asked(method: str, target: str, body: Any = None, **headers: str) -> Scenario:
    """A signed request; `headers` replace what was signed."""

    async def run(w: World) -> Read:
        status, answer = await w.call(method, target, body, **headers)
        assert status == REASONS_BY_TEXT.get(answer["message"], status)
        return answer["code"], answer["message"]

    return run


def repeated(method: str, target: str, body: Any = None, times: int = 50) -> Scenario:
    """The first refusal among many requests."""

    async def run(w: World) -> Read:
        for _ in range(times):
            _, answer = await w.call(method, target, body)
            if answer["code"]:
                return answer["code"], answer["message"]
        raise AssertionError("nothing was refused")

    return run


def first(*before: tuple[str, str, Any], then: Scenario) -> Scenario:
    async def run(w: World) -> Read:
        for method, target, body in before:
            status, answer = await w.call(method, target, body)
            assert status == 200, answer
        return await then(w)

    return run


def changed_token(**change: Any) -> Scenario:
    async def run(w: World) -> Read:
        digest = w.start.token_record.digest
        w.identity.tokens_by_digest[digest] = replace(w.start.token_record, **change)
        return await asked("POST", "/v1/trade/order", ORDER)(w)

    return run


async def of_an_unverified_developer(w: World) -> Read:
    no = w.account_no
    w.identity.accounts_by_no[no] = replace(w.identity.accounts_by_no[no], is_verified=False)
    return await asked("GET", ACCOUNT)(w)


async def too_large(w: World) -> Read:
    body = bytes((1 << 20) + 1)
    _, _, raw = await http(
        w.ports.http, "POST", "/v1/trade/order", w.headers("POST", "/v1/trade/order"), body
    )
    answer = json.loads(raw)
    return answer["code"], answer["message"]


async def of_a_defect(w: World) -> Read:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a defect")

    w.trades.queries.positions = broken  # type: ignore[method-assign]
    read = await asked("GET", "/v1/asset/stock")(w)
    w.gateway.stats.defects = 0
    return read


def met(error: TradingError) -> Scenario:
    """What the venue says to every command."""

    async def run(w: World) -> Read:
        async def submit(*_: Any) -> Any:
            raise error

        w.trades.submit = submit  # type: ignore[method-assign]
        return await asked("POST", "/v1/trade/order", ORDER)(w)

    return run


async def of_a_stopped_venue(w: World) -> Read:
    await w.trades.runner.close()
    return await asked("POST", "/v1/trade/order", ORDER)(w)


async def of_a_full_disk(w: World) -> Read:
    def append(*_: Any) -> None:
        raise NothingWritten("no space left")

    w.trades.store.append = append  # type: ignore[method-assign]
    return await asked("POST", "/v1/trade/order", ORDER)(w)


# -- on sockets ------------------------------------------------------------------------------


async def signed_in(w: World, channel: Channel = Channel.QUOTE) -> SocketClient:
    client = await connect("tcp", w.ports, channel)
    await client.sign_in(w.password())
    return client


def said(cmd: int, message: Any = b"", *, stranger: bool = False, times: int = 1) -> Scenario:
    """A command of a signed-in client; the first refusal of so many."""

    async def run(w: World) -> Read:
        client = await connect("tcp", w.ports) if stranger else await signed_in(w)
        for _ in range(times):
            answer = await client.request(cmd, message)
            if answer.status_code != SocketStatus.SUCCESS:
                error = control_pb2.Error.FromString(answer.body)
                return error.code, error.msg
        raise AssertionError("nothing was refused")

    return run


async def one_connection_too_many(w: World) -> Read:
    most = w.gateway.limits.profile.connections_max
    inside = [await signed_in(w) for _ in range(most)]
    read = await said(2, control_pb2.AuthRequest(token=w.password()), stranger=True)(w)
    assert len(inside) == most
    return read


async def of_a_broken_board(w: World) -> Read:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a defect")

    w.quotes.board = broken  # type: ignore[method-assign]
    read = await said(14, quote_pb2.SecurityRequest(symbol="700.HK"))(w)
    w.gateway.stats.defects = 0
    return read


async def of_a_symbol_without_data(w: World) -> Read:
    w.quotes.without_data.add("700.HK")
    return await said(14, quote_pb2.SecurityRequest(symbol="700.HK"))(w)


async def of_more_symbols_than_may_be_subscribed(w: World) -> Read:
    most = w.gateway.limits.profile.subscribed_symbols_max
    symbols = [f"{number}.HK" for number in range(1, most + 2)]
    return await said(6, quote_pb2.SubscribeRequest(symbol=symbols, sub_type=[1]))(w)


async def of_a_key_without_brokers(w: World) -> Read:
    await w.gateway.rights.put(w.start.app.app_key, QuoteRights(hk=QuoteLevel.LV1))
    return await said(15, quote_pb2.SecurityRequest(symbol="700.HK"))(w)


async def of_a_used_up_month(w: World) -> Read:
    """Only the published limits count symbols of history."""
    async with world("published") as other:
        now = datetime.now(MARKET_ZONES[Market.HK])
        symbols = [f"{number}.HK" for number in range(20001, 21001)]
        counted = {"month": f"{now:%Y-%m}", "symbols": symbols}
        other.documents.bodies["history-symbols", other.account_no] = json.dumps(counted)
        asked_for = quote_pb2.SecurityHistoryCandlestickRequest(
            symbol="700.HK", period=1000, query_type=2
        )
        return await said(27, asked_for)(other)


async def of_an_expiry_without_options(w: World) -> Read:
    nothing = SimpleNamespace(is_optionable=lambda _: True, strikes=lambda *_: ())
    w.quotes.derived = SimpleNamespace(options=nothing)  # type: ignore[assignment]
    wish = quote_pb2.OptionChainDateStrikeInfoRequest(symbol="AAPL.US", expiry_date="20260102")
    return await said(21, wish)(w)


SECURITY = quote_pb2.MultiSecurityRequest
LEGS = ("AAPL260109C200000.US", "AAPL260109P200000.US")
COMBINATION = {
    "side": "Buy",
    "order_type": "LO",
    "submitted_quantity": "1",
    "submitted_price": "1",
    "strategy": "Straddle",
    "legs": [{"symbol": symbol, "ratio_quantity": "0"} for symbol in LEGS],
}
SCENARIOS: dict[str, Scenario] = {
    "LEG_RATIO_NOT_POSITIVE": asked("POST", "/v1/trade/order/multileg", COMBINATION),
    "TOKEN_MISSING": asked("GET", ACCOUNT, authorization=""),
    "TOKEN_EXPIRED": changed_token(expires_at=1),
    "TOKEN_INVALID": asked("GET", ACCOUNT, authorization="m_nobody"),
    "SIGNATURE_INVALID": asked("GET", ACCOUNT, **{"x-api-signature": ""}),
    "TIMESTAMP_STALE": asked("GET", ACCOUNT, **{"x-timestamp": str(int(time.time()) - 4000)}),
    "APP_KEY_UNKNOWN": asked("GET", ACCOUNT, **{"x-api-key": "0" * 32}),
    "TOKEN_READ_ONLY": changed_token(is_read_only=True),
    "NO_PERMISSION": of_an_unverified_developer,
    "PATH_NOT_FOUND": asked("GET", "/v1/nothing"),
    "REQUEST_TOO_LARGE": too_large,
    "RATE_LIMITED": repeated("GET", ACCOUNT),
    "INTERNAL_ERROR": of_a_defect,
    "VENUE_BUSY": met(VenueBusy("full")),
    "STORAGE_UNAVAILABLE": of_a_full_disk,
    "VENUE_CLOSED": of_a_stopped_venue,
    "OUTCOME_UNKNOWN": met(OutcomeUnknown("who knows")),
    "NOT_AUTHENTICATED": said(6, stranger=True),
    "SESSION_EXPIRED": said(3, control_pb2.ReconnectRequest(session_id="no"), stranger=True),
    "CONNECTION_LIMIT": one_connection_too_many,
    "UNKNOWN_COMMAND": said(250),
    "QUOTE_BAD_REQUEST": said(11, b"\xff\xff"),
    "QUOTE_PARAMETER_INVALID": said(6, quote_pb2.SubscribeRequest(symbol=["700.HK"])),
    "QUOTE_NOT_FOUND": said(14, quote_pb2.SecurityRequest(symbol="9.HK")),
    "QUOTE_SERVER_ERROR": of_a_broken_board,
    "QUOTE_OPTION_SYMBOL": said(12, SECURITY(symbol=["AAPL991399C1.US"])),
    "QUOTE_NO_OPTIONS": said(20, quote_pb2.SecurityRequest(symbol="700.HK")),
    "QUOTE_NO_EXPIRY": of_an_expiry_without_options,
    "QUOTE_NO_DATA": of_a_symbol_without_data,
    "QUOTE_NO_ACCESS": of_a_key_without_brokers,
    "QUOTE_HISTORY_QUOTA": of_a_used_up_month,
    "QUOTE_TOO_MANY_SUBSCRIPTIONS": of_more_symbols_than_may_be_subscribed,
    "QUOTE_RATE_LIMITED": said(11, SECURITY(symbol=["700.HK"]), times=40),
    "QUOTE_TOO_MUCH_REQUESTED": said(11, SECURITY(symbol=["700.HK"] * 501)),
    "QUOTE_HTTP_INVALID": asked("GET", "/v1/quote/get_security_list?market=XX"),
    "QUOTE_HTTP_NOT_FOUND": asked("POST", GROUPS, {"name": "x", "securities": ["999999.HK"]}),
    "WATCHLIST_GROUP_UNKNOWN": asked("PUT", GROUPS, {"id": 77, "name": "x"}),
    "WATCHLIST_GROUP_FIXED": asked("DELETE", f"{GROUPS}?id={ALL_ID}&purge=true"),
    "WATCHLIST_NAME_INVALID": asked("POST", GROUPS, {"name": ""}),
    "WATCHLIST_NAME_TAKEN": asked("POST", GROUPS, {"name": "all"}),
    "WATCHLIST_NOT_WATCHED": asked(
        "POST", "/v1/watchlist/pinned", {"mode": "add", "securities": ["700.HK"]}
    ),
    "WATCHLIST_FULL": asked(
        "POST", GROUPS, {"name": "x", "securities": [f"{number}.HK" for number in range(1001)]}
    ),
    "TEMPERATURE_INVALID": asked("GET", "/v1/quote/market_temperature?market=XX"),
    "TEMPERATURE_NONE": asked("GET", "/v1/quote/market_temperature?market=SG"),
}
REASONS_BY_TEXT = {row.message(): row.http_status for row in REASONS.values()}
OF_THE_CORE = {reason.name for reason in RefusalReason}
IDLE = REASONS.keys() - names_in_code() - OF_THE_CORE  # Nothing here says so; for completeness.


def test_no_refusal_is_without_a_scenario() -> None:
    assert SCENARIOS.keys() == REASONS.keys() - OF_THE_CORE - IDLE


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_every_refusal_is_read_by_a_client(name: str) -> None:
    row = REASONS[name]
    async with world("service") as w:
        code, text = await SCENARIOS[name](w)
    assert code == row.code
    assert text == row.message(detail=text.partition(": ")[2])
