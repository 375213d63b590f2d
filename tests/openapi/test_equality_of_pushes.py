"""The official clients and this one: the same pushes give the same callbacks and the same bars.

Each library subscribes in a process of its own to a service that pushes the same script: partial
quotes, corrections, books, trades of every type, in and outside the hours of every market, late and
on half days, and orders. Compared are the callbacks in their order and the local reads afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from portway.wire.packet import RequestPacket
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.answers import answer_topic
from tests.openapi.peer import ACCESS_TOKEN, APP_KEY, APP_SECRET, Peer
from tests.openapi.push_script import BOARDS, HALF_DAY, bars_before, order_pushes, script

pytestmark = pytest.mark.compat

PROGRAM = Path(__file__).parent / "programs" / "every_push.py"


def run(library: str, flavour: str, mode: str, seed: int) -> Any:
    with Peer() as peer:
        peer.handlers.update({9: _days, 10: _static, 16: answer_topic, 17: answer_topic, 19: _bars})
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("LONG", "PORTWAY_"))},
            "PEER_KEY": APP_KEY, "PEER_SECRET": APP_SECRET, "PEER_TOKEN": ACCESS_TOKEN,
            "PEER_HTTP": peer.http_url, "PEER_WS": peer.ws_url, "PEER_SYMBOLS": " ".join(BOARDS),
            "TZ": "UTC", "PYTHONPATH": os.pathsep.join(sys.path),
        }  # fmt: skip
        program = subprocess.Popen(
            [sys.executable, str(PROGRAM), f"{library}.openapi", flavour, mode],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True,
        )  # fmt: skip
        try:
            assert program.stdout is not None
            while (line := program.stdout.readline()) and line.strip() != "READY":
                pass
            assert line, program.stderr.read() if program.stderr else ""
            peer.send_all([*order_pushes(), *script(seed)])
            found, errors = program.communicate(timeout=60)
            assert program.returncode == 0, errors
            return json.loads(found)
        finally:
            program.kill()
            program.wait()


def _static(packet: RequestPacket) -> pb.SecurityStaticInfoResponse:
    symbols = pb.MultiSecurityRequest.FromString(packet.body).symbol
    rows = [pb.StaticInfo(symbol=symbol, board=BOARDS[symbol]) for symbol in symbols]
    return pb.SecurityStaticInfoResponse(secu_static_info=rows)


def _bars(packet: RequestPacket) -> pb.SecurityCandlestickResponse:
    asked = pb.SecurityCandlestickRequest.FromString(packet.body)
    return pb.SecurityCandlestickResponse(
        symbol=asked.symbol, candlesticks=bars_before(asked.symbol, asked.period)
    )


def _days(packet: RequestPacket) -> pb.MarketTradeDayResponse:
    return pb.MarketTradeDayResponse(
        trade_day=["20260211", "20260213", "20260302"], half_trade_day=[HALF_DAY]
    )


@pytest.mark.parametrize("mode", ["Realtime", "Confirmed"])
@pytest.mark.parametrize("seed", [1, 2])
def test_callbacks_and_local_reads_are_alike(mode: str, seed: int) -> None:
    flavour = ("longbridge", "longport")[seed % 2]
    theirs, ours = run(flavour, flavour, mode, seed), run("portway", flavour, mode, seed)
    their_rows, our_rows = by_symbol(theirs["rows"]), by_symbol(ours["rows"])
    assert our_rows.keys() == their_rows.keys()
    for key, expected in their_rows.items():
        # `longbridge` has one attribute more
        assert list(map(without_new, our_rows[key])) == list(map(without_new, expected)), key
    assert {s: in_time(rows) for s, rows in ours["local"].items()} == {
        s: in_time(rows) for s, rows in theirs["local"].items()
    }


def in_time(local: list[Any]) -> list[Any]:
    """The local reads, bars by time: the official client misplaces those of other sessions."""
    *rest, minutes, hours, days = local
    return [
        *rest,
        *(sorted(bars, key=lambda bar: bar["timestamp"]) for bars in (minutes, hours, days)),
    ]


def by_symbol(rows: list[Any]) -> dict[tuple[str, str, str], list[Any]]:
    """Callbacks in their order; the order of several periods of one push is nobody's promise."""
    found: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for kind, symbol, event in rows:
        period = event["period"] if kind == "candlestick" else ""
        found[kind if period else "push", symbol, period].append([kind, event])
    return found


def without_new(row: Any) -> Any:
    kind, event = row
    return kind, {name: value for name, value in event.items() if name != "multi_leg"}
