"""SIGTERM in the middle of everything: each socket hears why, nothing answered is lost, in time."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

from portway.wire.commands import Channel, CloseCode, websocket_close_code
from tests.gateway.clients import SocketClient, connect
from tests.support.audit import audit
from tests.support.ordering import Orderer
from tests.support.server import Server, chosen_ports
from tests.support.signed import SignedClient

CLOCK = ("--clock", "at 2026-03-03T10:15:00+08:00", "--limits", "none")
SOCKETS = 40
STOP_SECONDS = 5.0


async def signed_in(server: Server) -> list[tuple[str, SocketClient]]:
    """Connections of both channels on both transports."""
    env, client = server.env, SignedClient(server.env)
    ports = SimpleNamespace(
        quote=urlsplit(env["LONGPORT_QUOTE_WS_URL"]).port,
        trade=urlsplit(env["LONGPORT_TRADE_WS_URL"]).port,
        quote_tcp=int(env["PORTWAY_QUOTE_TCP"].rpartition(":")[2]),
        trade_tcp=int(env["PORTWAY_TRADE_TCP"].rpartition(":")[2]),
    )
    links = []
    for number in range(SOCKETS):
        kind = ("tcp", "ws")[number % 2]
        link = await connect(kind, ports, (Channel.QUOTE, Channel.TRADE)[number // 2 % 2])
        await link.sign_in(client.data("/v1/socket/token")["otp"])
        links.append((kind, link))
    client.close()
    return links


async def test_a_stop_under_load_tells_everybody_and_loses_nothing(tmp_path: Path) -> None:
    with Server(tmp_path / "home", *CLOCK, *chosen_ports()) as server, Orderer(server) as orderer:
        links = await signed_in(server)
        orderer.more(60)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        ends = await asyncio.gather(*(link.ended() for _, link in links))
        assert await asyncio.to_thread(server.process.wait, 10) == 0
        assert time.monotonic() - began < STOP_SECONDS
        assert "Traceback" not in server.log.read_text()
        for (kind, _), end in zip(links, ends, strict=True):
            code = CloseCode.SERVER_SHUTDOWN
            assert end.code == (code if kind == "tcp" else websocket_close_code(code)), kind
            assert end.reason == "server shutdown"
        server.start_again()  # Whoever has no answer yet asks again.
        orderer.more(20)
        answered = orderer.finish()
        assert server.stop() == 0
        found = audit(server.database)
    assert found.request_ids == {one.request_id: [int(one.order_id)] for one in answered}
