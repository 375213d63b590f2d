"""A crowd of subscribers before a real server, and how late their pushes were.

Starts `portway serve` with a note of each push (`probed_serve`), signs many connections in through
the HTTP API and the socket, and joins what the crowd (`crowd.c`) received with what was noted. Both
processes read CLOCK_MONOTONIC of the same machine.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import struct
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sockets.native import CLIENT_CORE, SERVER_CORE, pinned

from portway.market.reference import built_in
from portway.wire.packet import RequestPacket, encode_request
from portway.wire.pb import control_pb2, quote_pb2
from portway.wire.signature import signature_header
from tests.support.server import Server

__all__ = ["Crowd", "NotedServer", "lateness_ms", "symbols_of", "turned_at"]

AUTH, SUBSCRIBE = 2, 6
RECORD = np.dtype(
    [("at_ns", "<i8"), ("sequence", "<i8"), ("symbol", "<u4"), ("command", "<u2"), ("who", "<u2")]
)
NOTE = struct.Struct("<qB39s")
CLOCK = ("--clock", "at 2026-03-03T10:15:00+08:00", "--speed", "0", "--limits", "none")


class NotedServer(Server):
    """A `portway serve` that notes its pushes in a file beside its home."""

    def __init__(self, home: Path) -> None:
        self.notes = home.parent / f"{home.name}.notes"
        super().__init__(home, *CLOCK)

    def _start(self) -> subprocess.Popen[bytes]:
        program = str(Path(__file__).parent / "probed_serve.py")
        command = [sys.executable, program, str(self.notes), "serve", "--free-ports"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PORTWAY_")}
        with self.log.open("ab") as log:
            return subprocess.Popen(
                pinned(SERVER_CORE, [*command, "--home", str(self.home), *self.arguments]),
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
            )

    def passwords(self, count: int) -> list[str]:
        """One-time passwords for sockets, through the signed HTTP API."""
        address = urllib.parse.urlsplit(self.env["LONGPORT_HTTP_URL"])
        assert address.hostname
        connection = http.client.HTTPConnection(address.hostname, address.port)
        given = []
        for _ in range(count):
            headers = {
                "x-api-key": self.env["LONGPORT_APP_KEY"],
                "authorization": self.env["LONGPORT_ACCESS_TOKEN"],
                "x-timestamp": str(int(time.time())),
            }
            secret = self.env["LONGPORT_APP_SECRET"]
            signature = signature_header("GET", "/v1/socket/token", "", b"", headers, secret)
            headers["x-api-signature"] = signature
            connection.request("GET", "/v1/socket/token", headers=headers)
            given.append(json.load(connection.getresponse())["data"]["otp"])
        return given

    def set_rate(self, frames_per_s: float) -> float:
        """Let the market run so fast that the crowd gets about so many frames; the speed."""
        speed = 1.0
        for _ in range(3):
            self.admin("clock/speed", {"speed": speed})
            time.sleep(1)
            speed *= frames_per_s / max(1.0, self.frames_per_s(3.0))
        self.admin("clock/speed", {"speed": speed})
        return speed

    def frames_per_s(self, seconds: float) -> float:
        """Pushes handed to connections, on average over so long."""
        before, began = self.metric("portway_pushes_total"), time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - began
        return (self.metric("portway_pushes_total") - before) / passed


def symbols_of(count: int, symbols_each: int) -> list[list[str]]:
    """Which symbols each connection follows: a draw out of all built-in instruments."""
    chance, every = random.Random(1), sorted(built_in().instruments)
    return [chance.sample(every, symbols_each) for _ in range(count)]


class Crowd:
    """The subscribers' process."""

    def __init__(
        self,
        program: Path,
        server: NotedServer,
        follow: Sequence[Sequence[str]],
        kinds: Sequence[int],
        slow: int = 0,
    ) -> None:
        """Sign everybody in and subscribe; the first `slow` connections may stop reading."""
        self.server = server
        self.records = server.home.parent / "records"
        blobs = server.home.parent / "blobs"
        began = time.monotonic()
        passwords = server.passwords(len(follow))
        self.passwords_s = time.monotonic() - began
        with blobs.open("wb") as file:
            for password, symbols in zip(passwords, follow, strict=True):
                auth = control_pb2.AuthRequest(token=password)
                request = quote_pb2.SubscribeRequest(symbol=symbols, sub_type=kinds)
                file.write(_blob(AUTH, 1, auth.SerializeToString()))
                file.write(_blob(SUBSCRIBE, 2, request.SerializeToString()))
        port = str(urllib.parse.urlsplit(server.env["LONGPORT_QUOTE_WS_URL"]).port)
        command = [str(program), port, str(len(follow)), str(slow), str(blobs), str(self.records)]
        began = time.monotonic()
        self.process = subprocess.Popen(
            pinned(CLIENT_CORE, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._await("signed")
        self.sign_in_s = time.monotonic() - began
        began = time.monotonic()
        self.tell("subscribe")
        self._await("subscribed")
        self.subscribe_s = time.monotonic() - began

    def tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def _await(self, word: str) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith(word), f"the crowd said {line!r} instead of {word!r}"
        return line

    def record(self, seconds: float) -> int:
        """Record all pushes for a while; how many there were."""
        self.tell(f"record {int(seconds * 1000)}")
        return int(self._await("recorded").split()[1])

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

    def taken(self) -> npt.NDArray[np.void]:
        """Every record so far."""
        return np.fromfile(self.records, RECORD)


def turned_at(server: NotedServer) -> dict[tuple[int, int, int], int]:
    """When the fan-out turned to each push, by command, hash of the symbol and sequence.

    Only after the server has stopped: its notes are buffered.
    """
    data = server.notes.read_bytes()
    found = {}
    for at_ns, command, body in NOTE.iter_unpack(data[: len(data) // NOTE.size * NOTE.size]):
        end = 2 + body[1]
        number = shift = 0
        for byte in body[end + 1 :]:
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        hashed = 2166136261
        for byte in body[2:end]:
            hashed = (hashed ^ byte) * 16777619 & 0xFFFFFFFF
        found[command, hashed, number] = at_ns
    return found


def lateness_ms(
    records: npt.NDArray[np.void], turned: dict[tuple[int, int, int], int]
) -> npt.NDArray[np.float64]:
    """Milliseconds from the fan-out's turn to a push to its receipt, one value per record."""
    keys = zip(
        records["command"].tolist(),
        records["symbol"].tolist(),
        records["sequence"].tolist(),
        strict=True,
    )
    noted = np.array([turned[key] for key in keys], dtype=np.int64)
    return (records["at_ns"] - noted) / 1e6


def _blob(command: int, request_id: int, body: bytes) -> bytes:
    packet = encode_request(RequestPacket(command, request_id, 0, body))
    head = bytes((0x82, 0x80 | len(packet))) if len(packet) < 126 else b""
    if not head:
        head = b"\x82\xfe" + len(packet).to_bytes(2, "big")
    frame = head + bytes(4) + packet  # masked with zeros
    return struct.pack("<I", len(frame)) + frame
