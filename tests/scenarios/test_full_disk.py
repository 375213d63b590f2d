"""A running server on a disk that takes no more: refuses orders, answers queries, recovers.

The operating system itself says no: the server's process may not write to any file for a while.
"""

from __future__ import annotations

import http.client
import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.compat.raw import Link
from tests.support.server import Server
from tests.support.signed import SignedClient

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process")

CLOCK = ("--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0", "--limits", "none")
UNAVAILABLE, UNKNOWN = 503001, 504000


@contextmanager
def no_writes(server: Server) -> Iterator[None]:
    """Let every write of the server to a file fail."""
    pid, kind = server.process.pid, resource.RLIMIT_FSIZE
    before = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (0, before[1]))
    try:
        yield
    finally:
        if server.process.poll() is None:
            resource.prlimit(pid, kind, before)


def order(client: SignedClient, request_id: str) -> tuple[int, dict[str, Any]]:
    body = {
        "symbol": "700.HK", "order_type": "LO", "side": "Buy", "submitted_quantity": "100",
        "submitted_price": "10", "time_in_force": "Day", "client_request_id": request_id,
    }  # fmt: skip
    return client.call("POST", "/v1/trade/order", body)


def health(server: Server) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection(urlsplit(server.env["LONGPORT_HTTP_URL"]).netloc)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    parts = json.loads(answer.read())["data"]["parts"]
    connection.close()
    return answer.status, parts


def shown(client: SignedClient) -> dict[str, str]:
    orders = client.data("/v1/trade/order/today")["orders"]
    return {one["order_id"]: one["status"] for one in orders}


@pytest.mark.covers("error 503001")
def test_orders_are_refused_reads_go_on_and_then_all_is_well(tmp_path: Path) -> None:
    with Server(tmp_path / "home", *CLOCK) as server:
        client = SignedClient(server.env)
        status, answer = order(client, "before")
        assert status == 200, answer
        first = answer["data"]["order_id"]
        with no_writes(server):
            status, answer = order(client, "during")
            assert answer["code"] in (UNAVAILABLE, UNKNOWN), answer
            for _ in range(3):
                status, answer = order(client, "during")
                assert (status, answer["code"]) == (503, UNAVAILABLE)
                assert "nothing was done" in answer["message"]
                assert "has room" in answer["message"], "what to do about it"
            assert set(shown(client)) == {first}
            assert client.data("/v1/asset/account")["list"]
            one_time = client.data("/v1/socket/token")["otp"]
            with Link(server.env["PORTWAY_QUOTE_TCP"]) as link:
                assert link.sign_in(one_time).status == 0, "who can read is let in"
            assert health(server)[0] == 503
            assert "ok" not in health(server)[1]["journal"]
        while health(server)[0] != 200:
            pass  # Whoever watches sees it recover, before anybody orders.
        status, answer = order(client, "during")
        assert status == 200, answer
        assert order(client, "during")[1]["data"] == answer["data"]
        assert set(shown(client)) == {first, answer["data"]["order_id"]}
        now = server.admin("clock")["markets"]["HK"]["now"]
        server.step(60)
        assert server.admin("clock")["markets"]["HK"]["now"] > now
        client.close()
        assert server.stop() == 0
        before = shown_after_restart(server)
        assert set(before) == {first, answer["data"]["order_id"]}


def test_a_server_on_a_full_disk_can_be_stopped_and_loses_nothing(tmp_path: Path) -> None:
    with Server(tmp_path / "home", *CLOCK) as server:
        client = SignedClient(server.env)
        _, answer = order(client, "before")
        with no_writes(server):
            assert order(client, "during")[1]["code"] in (UNAVAILABLE, UNKNOWN)
            client.close()
            assert server.stop() == 0
        assert set(shown_after_restart(server)) == {answer["data"]["order_id"]}


def shown_after_restart(server: Server) -> dict[str, str]:
    server.restart()
    client = SignedClient(server.env)
    try:
        return shown(client)
    finally:
        client.close()
