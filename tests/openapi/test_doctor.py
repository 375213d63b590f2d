"""Deliberate breakages, one for each link: the doctor names the broken one."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from portway.cli.main import main
from portway.openapi.doctor import LINKS, examine
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.answers import answer_topic
from tests.openapi.peer import (
    ACCESS_TOKEN,
    APP_KEY,
    APP_SECRET,
    Peer,
    Refusal,
    answer_quotes,
    envelope,
    quote_push,
)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def healthy(peer: Peer) -> Peer:
    def subscribe(packet: Any) -> pb.SubscriptionResponse:
        peer.push_soon(101, quote_push())
        return pb.SubscriptionResponse()

    peer.handlers.update({6: subscribe, 11: answer_quotes, 16: answer_topic})
    return peer


def refuse(code: int, message: str) -> Callable[[Peer], dict[str, Any]]:
    def breakage(peer: Peer) -> dict[str, Any]:
        peer.http_answer = lambda _: (403, envelope(code, message, None))
        return {}

    return breakage


def garble(peer: Peer) -> dict[str, Any]:
    peer.http_answer = lambda _: (200, b"<html>welcome</html>")
    return {}


def skew(peer: Peer) -> dict[str, Any]:
    peer.clock_ahead_s = 3600.0
    peer.http_answer = lambda _: (403, envelope(403201, "signature invalid", None))
    return {}


def no_entitlement(peer: Peer) -> dict[str, Any]:
    peer.handlers[11] = lambda _: Refusal(6, 301604, "no access")
    return {}


def no_pushes(peer: Peer) -> dict[str, Any]:
    peer.handlers[6] = lambda _: pb.SubscriptionResponse()
    return {}


BREAKAGES = {
    "address": lambda peer: {"http_url": f"http://127.0.0.1:{closed_port()}"},
    "service": garble,
    "clock": skew,
    "app key": refuse(403203, "apikey illegal"),
    "signature": refuse(403201, "signature invalid"),
    "token": refuse(401003, "token expired"),
    "quote socket": lambda peer: {"quote_ws_url": f"ws://127.0.0.1:{closed_port()}/v2"},
    "entitlement": no_entitlement,
    "quote pushes": no_pushes,
    "trade socket": lambda peer: {"trade_ws_url": f"ws://127.0.0.1:{closed_port()}/v2"},
}


def test_a_healthy_service_has_no_broken_link(healthy: Peer, no_thread_left: None) -> None:
    findings = list(examine(healthy.config()))
    assert [finding.link for finding in findings if finding.is_good] == list(LINKS)
    assert not any(finding.advice for finding in findings)


@pytest.mark.parametrize("link", LINKS)
def test_the_broken_link_is_named(healthy: Peer, no_thread_left: None, link: str) -> None:
    changes = BREAKAGES[link](healthy)  # type: ignore[no-untyped-call]
    findings = list(examine(healthy.config(timeout_s=5.0, **changes), push_seconds=0.2))
    assert findings[-1].link == link
    assert not findings[-1].is_good
    assert findings[-1].advice
    assert all(finding.is_good for finding in findings[:-1])


def test_no_order_is_sent(healthy: Peer) -> None:
    list(examine(healthy.config()))
    assert {line.split("?")[0] for line, _ in healthy.http_sent} == {"GET /v1/socket/token"}


@pytest.mark.parametrize("link", ["", "entitlement"])
def test_the_command_says_it_and_exits_so(
    healthy: Peer, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    if link:
        BREAKAGES[link](healthy)  # type: ignore[no-untyped-call]
    for name, value in {
        "APP_KEY": APP_KEY, "APP_SECRET": APP_SECRET, "ACCESS_TOKEN": ACCESS_TOKEN,
        "HTTP_URL": healthy.http_url, "QUOTE_WS_URL": healthy.ws_url,
        "TRADE_WS_URL": healthy.ws_url,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"PORTWAY_{name}", value)
    result = CliRunner().invoke(main, ["doctor", "--wait", "0.5"])
    assert result.exit_code == (1 if link else 0), result.output
    assert ("BROKEN entitlement" in result.output) == bool(link)
    assert APP_SECRET not in result.output
