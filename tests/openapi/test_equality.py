"""The official clients and this one: the same calls give the same requests and the same answers.

Each library runs a program of every call in a process of its own, against a service that records
what comes in. Compared are the commands and bodies on the socket, the request lines and bodies over
HTTP (which is what is signed), and every decoded attribute. Only what has to differ is taken out:
one-time passwords, times of now, generated ids.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portway.wire.commands import QuoteCommand
from tests.openapi.answers import answer_any, answer_topic, http_data
from tests.openapi.peer import ACCESS_TOKEN, APP_KEY, APP_SECRET, Peer

pytestmark = pytest.mark.compat

PROGRAM = Path(__file__).parent / "programs" / "every_call.py"
_NOW = re.compile(rb"last_timestamp=\d+")
_ID = re.compile(rb',"client_request_id":"[0-9a-f]{32}"')
_NO_DATE = re.compile(rb',"expire_date":null')  # `longport` alone writes what is not given


def run(
    library: str, flavour: str, pulls: str = "socket"
) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Return what every call gave, what was asked on sockets, and what over HTTP."""
    with Peer() as peer:
        peer.http_data = http_data
        for command in QuoteCommand:
            if 8 <= command < 100 or command == QuoteCommand.USER_PROFILE:
                peer.handlers[command] = answer_any
        topic, quote = {16: answer_topic, 17: answer_topic}, dict(peer.handlers)
        for command, answer in topic.items():
            peer.handlers[command] = lambda packet, answer=answer: (
                answer(packet) if b"private" in packet.body else quote[packet.cmd_code](packet)
            )
        env = {
            **os.environ, "PEER_KEY": APP_KEY, "PEER_SECRET": APP_SECRET,
            "PEER_TOKEN": ACCESS_TOKEN, "PEER_HTTP": peer.http_url, "PEER_WS": peer.ws_url,
            "PEER_PULLS": pulls, "TZ": "Asia/Hong_Kong", "PYTHONPATH": os.pathsep.join(sys.path),
        }  # fmt: skip
        for name in list(env):
            if name.startswith(("LONGPORT_", "LONGBRIDGE_", "PORTWAY_")):
                del env[name]
        done = subprocess.run(
            [sys.executable, str(PROGRAM), f"{library}.openapi", flavour],
            capture_output=True, env=env, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        asked = [peer.asked.get_nowait() for _ in range(peer.asked.qsize())]
        return json.loads(done.stdout), list(_commands(asked)), list(_requests(peer))


def _commands(asked: list[Any]) -> Iterator[tuple[int, int, bytes]]:
    for one in asked:
        if one.command in (2, 3, 4):
            continue  # a password, and what is asked once per connection
        if one.command == QuoteCommand.MARKET_TRADE_DAY and b"20260101" not in one.body:
            continue  # half days, asked at other moments and for the days around now
        yield one.command, one.timeout_ms, one.body


def _requests(peer: Peer) -> Iterator[tuple[str, Any]]:
    for line, body in peer.http_sent:
        if "/socket/token" in line:
            continue
        shown = _NOW.sub(b"last_timestamp=NOW", line.encode()).decode()
        sent = _NO_DATE.sub(b"", _ID.sub(b"", body))
        yield shown, sent.decode()


@pytest.fixture(scope="module", params=["longbridge", "longport"])
def runs(request: pytest.FixtureRequest) -> Any:
    flavour = request.param
    return flavour, run(flavour, flavour), run("portway", flavour)


def test_every_answer_is_decoded_alike(runs: Any) -> None:
    flavour, (theirs, _, _), (ours, _, _) = runs
    assert theirs.keys() == ours.keys()
    wrong = [row for name in theirs for row in unlike(theirs[name], ours[name], name)]
    known = KNOWN[flavour]
    assert [row for row in wrong if not known.search(row[0])] == []


# Fields that `longport` fills with the last price.
KNOWN = {
    "longbridge": re.compile("(?!)"),
    "longport": re.compile(
        r"^quote.warrant_list\[\d\]\."
        "(strike_price|itm_otm|conversion_ratio|balance_point|implied_volatility|delta)"
    ),
}


def unlike(theirs: Any, ours: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """What differs; attributes that the older client does not have do not count."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name, value in theirs.items():
            yield from unlike(value, ours.get(name, "missing"), f"{where}.{name}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for place, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from unlike(their, our, f"{where}[{place}]")
    elif theirs != ours:
        yield where, theirs, ours


def test_the_same_commands_are_sent(runs: Any) -> None:
    _, (_, theirs, _), (_, ours, _) = runs
    assert ours == theirs


def test_the_same_requests_are_signed(runs: Any) -> None:
    _, (_, _, theirs), (_, _, ours) = runs
    assert ours == theirs


def test_pulls_over_http_are_alike_too() -> None:
    """The newer client alone has them."""
    theirs, ours = (run(name, "longbridge", "http") for name in ("longbridge", "portway"))
    assert [row for row in theirs[2] if "/quote/" in row[0]] == [
        row for row in ours[2] if "/quote/" in row[0]
    ]
    assert theirs[1] == ours[1]  # what still goes over the socket
    wrong = [row for name in theirs[0] for row in unlike(theirs[0][name], ours[0][name], name)]
    assert wrong == []
