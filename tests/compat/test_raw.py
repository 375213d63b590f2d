"""What official clients of other languages need of the socket, byte by byte over raw TCP.

The Python packages speak WebSocket alone and never send some of these; the vendor's Go client does.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from longport.openapi import HttpClient, OpenApiException

from portway.wire.pb import control_pb2, quote_pb2
from tests.compat.raw import Link
from tests.support.server import Server

pytestmark = pytest.mark.compat

PATIENCE_SECONDS = 5
HEARTBEAT = bytes.fromhex("0880d0eab6b7331005")  # The worked example of the socket protocol.


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("raw") / "home") as running:
        yield running


def http_client(server: Server) -> HttpClient:
    names = ("HTTP_URL", "APP_KEY", "APP_SECRET", "ACCESS_TOKEN")
    return HttpClient(*(server.env[f"LONGPORT_{name}"] for name in names))


def password(server: Server) -> str:
    return str(http_client(server).request("get", "/v1/socket/token")["otp"])


@pytest.mark.covers("cmd 1", "cmd 2")
def test_a_heartbeat_returns_as_it_came(server: Server) -> None:
    """Source: socket, HEARTBEAT."""
    with Link(server.env["PORTWAY_QUOTE_TCP"]) as link:
        assert link.sign_in(password(server)).status == 0
        answer = link.ask(1, HEARTBEAT)
        assert (answer.cmd, answer.status, answer.body) == (1, 0, HEARTBEAT)


@pytest.mark.covers("cmd 5", "cmd 6", "cmd 7")
def test_a_connection_can_list_its_subscriptions(server: Server) -> None:
    """Source: quote, commands 5 to 7."""
    with Link(server.env["PORTWAY_QUOTE_TCP"]) as link:
        link.sign_in(password(server))

        def listed() -> dict[str, set[int]]:
            found = quote_pb2.SubscriptionResponse.FromString(link.ask(5).body)
            return {row.symbol: set(row.sub_type) for row in found.sub_list}

        assert listed() == {}
        wanted = quote_pb2.SubscribeRequest(symbol=["700.HK", "AAPL.US"], sub_type=[1, 2])
        assert link.ask(6, wanted).status == 0
        assert listed() == {"700.HK": {1, 2}, "AAPL.US": {1, 2}}
        gone = quote_pb2.UnsubscribeRequest(symbol=["AAPL.US"], unsub_all=True)
        assert link.ask(7, gone).status == 0
        assert listed() == {"700.HK": {1, 2}}


@pytest.mark.covers("error 401001")
@pytest.mark.parametrize(("gateway", "cmd"), [("QUOTE", 11), ("TRADE", 16)])
def test_a_command_before_sign_in_is_refused_and_the_line_kept(
    server: Server, gateway: str, cmd: int
) -> None:
    """Source: quote, errors (command before AUTH, either gateway)."""
    with Link(server.env[f"PORTWAY_{gateway}_TCP"]) as link:
        answer = link.ask(cmd)
        assert (answer.status, answer.error[0]) == (5, 401001)
        assert link.sign_in(password(server)).status == 0


@pytest.mark.covers("cmd 2", "error 401004")
def test_a_password_is_good_for_one_connection(server: Server) -> None:
    """Source: socket, AUTH: refused by an answer, the line stays open."""
    once = password(server)
    with Link(server.env["PORTWAY_QUOTE_TCP"]) as first:
        assert first.sign_in(once).status == 0
        with Link(server.env["PORTWAY_QUOTE_TCP"]) as second:
            answer = second.sign_in(once)
            assert (answer.status, answer.error[0]) == (5, 401004)
            assert second.sign_in(password(server)).status == 0


@pytest.mark.covers("cmd 3", "error 401003", "cmd 0")
def test_a_session_is_resumed_by_the_newest_and_only_by_its_own(server: Server) -> None:
    """Source: socket, RECONNECT: a new id, the older line closed with code 6."""
    with Link(server.env["PORTWAY_QUOTE_TCP"]) as first:
        opened = control_pb2.AuthResponse.FromString(first.sign_in(password(server)).body)
        with Link(server.env["PORTWAY_QUOTE_TCP"]) as second:
            strange = second.ask(3, control_pb2.ReconnectRequest(session_id="unknown"))
            assert (strange.status, strange.error[0]) == (5, 401003)
            known = control_pb2.ReconnectRequest(session_id=opened.session_id)
            answer = second.ask(3, known)
            assert answer.status == 0
            resumed = control_pb2.ReconnectResponse.FromString(answer.body)
            assert resumed.session_id != opened.session_id
            assert resumed.expires >= opened.expires
            closing = first.next()
            assert (closing.kind, closing.cmd) == (3, 0)
            assert control_pb2.Close.FromString(closing.body).code == 6


@pytest.mark.covers("error 403")
def test_the_server_refuses_an_eleventh_sign_in(server: Server) -> None:
    """Source: socket, AUTH (connection limit), worked example 13.4."""
    passwords = [password(server) for _ in range(11)]
    links = [Link(server.env["PORTWAY_QUOTE_TCP"]) for _ in passwords]
    answers = [link.sign_in(one) for link, one in zip(links, passwords, strict=True)]
    for link in links:
        link.__exit__()
    assert [answer.status for answer in answers] == [0] * 10 + [6]
    assert answers[-1].error == (403, "connections limitation is hit")


@pytest.mark.covers("error 301600")
def test_an_unknown_command_is_refused(server: Server) -> None:
    """Source: quote, errors."""
    with Link(server.env["PORTWAY_QUOTE_TCP"]) as link:
        link.sign_in(password(server))
        answer = link.ask(99)
        assert (answer.status, answer.error[0]) == (3, 301600)


@pytest.mark.covers("cmd 0")
def test_a_stopping_server_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Source: socket, CLOSE (server is going down)."""
    home = tmp_path_factory.mktemp("stop") / "home"
    with Server(home) as server, Link(server.env["PORTWAY_QUOTE_TCP"]) as link:
        link.sign_in(password(server))
        assert server.stop() == 0
        closing = link.next()
        assert closing.cmd == 0
        assert control_pb2.Close.FromString(closing.body).code == 2


@pytest.mark.covers("error 413000")
def test_a_body_beyond_all_bounds_is_refused(server: Server) -> None:
    """Source: http, transport rules."""
    with pytest.raises(OpenApiException) as refused:
        http_client(server).request("post", "/v1/trade/order", None, {"remark": "x" * (2 << 20)})
    assert refused.value.code == 413000
    assert refused.value.message == "request too large"


@pytest.mark.covers("error 401001")
def test_a_call_without_a_token_is_refused(server: Server) -> None:
    """Source: http, errors of the gateway (token empty)."""
    address = urlsplit(server.env["LONGPORT_HTTP_URL"])
    assert address.hostname
    line = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE_SECONDS)
    key = {"x-api-key": server.env["LONGPORT_APP_KEY"]}
    line.request("GET", "/v1/trade/execution/today", headers=key)
    answer = line.getresponse()
    assert answer.status == 401
    assert b'"code":401001' in answer.read()
    line.close()
