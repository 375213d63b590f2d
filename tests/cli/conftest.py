"""Client commands run in the test's process, against a service of the test's own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portway.wire.pb import quote_pb2 as pb
from tests.openapi.peer import ACCESS_TOKEN, APP_KEY, APP_SECRET, Peer

KNOWN = {
    "700.HK": ("TENCENT", "腾讯控股", "612.500", "600.000"),
    "AAPL.US": ("Apple Inc.", "苹果", "271.300", "275.000"),
}


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in list(os.environ):
        if name.startswith(("PORTWAY_", "LONGPORT_", "LONGBRIDGE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.fixture
def service(clean_environment: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A service that knows two symbols."""
    with Peer() as peer:
        peer.handlers[10] = static_info
        peer.handlers[11] = quotes
        yield peer


@pytest.fixture
def home(service: Peer, tmp_path: Path) -> Path:
    """The home of a server that runs: the service."""
    folder = tmp_path / "home"
    folder.mkdir()
    server = {
        "http_url": service.http_url, "quote_ws_url": service.ws_url,
        "trade_ws_url": service.ws_url, "app_key": APP_KEY, "app_secret": APP_SECRET,
        "access_token": ACCESS_TOKEN, "quote_tcp": "", "trade_tcp": "", "admin_url": "",
        "tool_secret": "tool-0001",
    }  # fmt: skip
    (folder / "server.json").write_text(json.dumps(server))
    return folder


def static_info(packet: Any) -> pb.SecurityStaticInfoResponse:
    asked = pb.MultiSecurityRequest.FromString(packet.body).symbol
    rows = [
        pb.StaticInfo(symbol=symbol, name_en=KNOWN[symbol][0], name_cn=KNOWN[symbol][1])
        for symbol in asked
        if symbol in KNOWN
    ]
    return pb.SecurityStaticInfoResponse(secu_static_info=rows)


def quotes(packet: Any) -> pb.SecurityQuoteResponse:
    asked = pb.MultiSecurityRequest.FromString(packet.body).symbol
    rows = [
        pb.SecurityQuote(
            symbol=symbol, last_done=KNOWN[symbol][2], prev_close=KNOWN[symbol][3],
            open="600.0", high="615.0", low="590.0", timestamp=1767232800, volume=1234500,
            turnover="756131250.000",
        )
        for symbol in asked
        if symbol in KNOWN
    ]  # fmt: skip
    return pb.SecurityQuoteResponse(secu_quote=rows)
