"""One HTTP connection: order, bounds and endings, on a transport in memory."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest

from portway.gateway.http import connection as rules
from portway.gateway.http.connection import HttpConnection
from portway.gateway.http.messages import Answer, ClientGone, RequestBody, RequestHead
from tests.fuzz.memory import MemoryTransport

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n"
TURNS = 50


class Peer:
    """A connection, what its app was asked, and when the app may answer."""

    def __init__(self, read: bool = True) -> None:
        self.reads = read
        self.asked: list[RequestHead] = []
        self.bodies: list[bytes] = []
        self.gone = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.connections: set[HttpConnection] = set()
        self.protocol = HttpConnection(self.respond, self.connections, self.tasks)
        self.transport = MemoryTransport(self.protocol)

    async def respond(self, head: RequestHead, body: RequestBody) -> Answer | None:
        self.asked.append(head)
        await self.may_answer.wait()
        if self.reads:
            try:
                self.bodies.append(await body.read())
            except ClientGone:
                self.gone += 1
                return None
        target = head.raw_path + (b"?" + head.raw_query if head.raw_query else b"")
        return Answer(200, b"%b %b" % (head.method.encode(), target), trace_id="t" * 32)

    async def send(self, *parts: bytes) -> bytes:
        """Send bytes, let everybody have some turns, and return what has come back so far."""
        for part in parts:
            self.transport.feed(part)
            await turns()
        return bytes(self.transport.written)

    def late(self, seconds: float) -> bool:
        """Whether the connection ends when so much time has passed."""
        self.protocol.end_if_late(asyncio.get_running_loop().time() + seconds)
        return self.transport.ended


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


def answers(written: bytes) -> list[bytes]:
    return [part.partition(b"\r\n\r\n")[2] for part in written.split(b"HTTP/1.1 ")[1:]]


async def test_answers_leave_in_the_order_of_their_requests_however_bytes_are_cut() -> None:
    raw = b"".join(b"GET /%d?q=%d HTTP/1.1\r\nhost: x\r\n\r\n" % (n, n) for n in range(5))
    expected = [b"GET /%d?q=%d" % (n, n) for n in range(5)]
    assert answers(await Peer().send(raw)) == expected
    for cut in range(1, len(raw), 7):
        assert answers(await Peer().send(raw[:cut], raw[cut:])) == expected, cut
    assert answers(await Peer().send(*(raw[i : i + 1] for i in range(len(raw))))) == expected


async def test_nothing_more_is_read_while_requests_wait_for_their_turn() -> None:
    peer = Peer()
    peer.may_answer.clear()
    await peer.send(GET + GET + GET)
    assert len(peer.asked) == 1, "one at a time"
    assert not peer.transport.reading
    peer.may_answer.set()
    await turns()
    assert len(peer.asked) == 3
    assert peer.transport.reading
    assert not peer.tasks, "nobody waits for an answer"


async def test_who_does_not_read_answers_gets_no_further_ones() -> None:
    peer = Peer()
    peer.protocol.pause_writing()
    await peer.send(GET)
    await peer.send(GET)
    assert len(peer.asked) == 1
    peer.protocol.resume_writing()
    await turns()
    assert len(peer.asked) == 2


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET /a HTTP/1.0\r\nhost: x\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ],
)
@pytest.mark.parametrize("behind", [b"", GET, b"\x16\x03garbage\r\n\r\n"])
async def test_the_last_request_of_a_connection_is_answered_and_ends_it(
    request_bytes: bytes, behind: bytes
) -> None:
    peer = Peer()
    written = await peer.send(GET + request_bytes + behind)
    assert answers(written) == [b"GET /a", b"GET /a"]
    assert written.count(b"connection: close") == 1
    assert peer.transport.ended
    assert not peer.connections


async def test_head_is_told_the_length_and_sent_no_body() -> None:
    written = await Peer().send(b"HEAD /a HTTP/1.1\r\nhost: x\r\n\r\n")
    assert b"content-length: 7" in written
    assert written.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a?b=%2E&c", b"/a", b"b=%2E&c"),
        (b"/a?b?c", b"/a", b"b?c"),
        (b"http://x/a?b", b"/a", b"b"),
        (b"/a%20b", b"/a%20b", b""),
        (b"//a", b"//a", b""),
    ],
)
async def test_targets_are_taken_apart_and_not_decoded(
    target: bytes, path: bytes, query: bytes
) -> None:
    peer = Peer()
    await peer.send(b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n" % target)
    assert [(one.raw_path, one.raw_query) for one in peer.asked] == [(path, query)]


async def test_of_a_repeated_header_the_last_one_counts() -> None:
    peer = Peer()
    await peer.send(b"GET /a HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\n\r\n")
    assert peer.asked[0].headers["x-a"] == b"2"


# ------------------------------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    "raw",
    [
        POST + b"hello",
        b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ],
)
async def test_a_body_arrives_however_it_is_cut_and_the_next_request_behind_it(raw: bytes) -> None:
    for cut in range(1, len(raw)):
        peer = Peer()
        written = await peer.send(raw[:cut], raw[cut:] + GET)
        assert peer.bodies == [b"hello", b""], cut
        assert answers(written) == [b"POST /a", b"GET /a"]


async def test_an_upload_that_was_answered_early_flows_on_to_its_end() -> None:
    peer = Peer(read=False)
    part = bytes(rules.UNREAD_BYTES_MAX)
    head = b"POST /a HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % (5 * len(part))
    assert answers(await peer.send(head)) == [b"POST /a"]
    for _ in range(4):
        await peer.send(part)
        assert peer.transport.reading, "nobody is left who would let it go on"
    assert not peer.late(rules.BODY_SECONDS - 1)
    await peer.send(part)
    assert not peer.late(rules.KEEP_ALIVE_SECONDS - 1)
    assert peer.late(rules.KEEP_ALIVE_SECONDS), "as any connection that is not used"


async def test_a_client_that_hangs_up_before_its_body_is_read_asks_for_nothing() -> None:
    peer = Peer()
    peer.may_answer.clear()
    await peer.send(POST + b"hello")
    peer.transport.hang_up()
    await turns()
    peer.may_answer.set()
    await turns()
    assert (peer.gone, peer.bodies) == (1, [])


async def test_whoever_asks_may_send_is_told_to_go_on() -> None:
    peer = Peer()
    head = POST.replace(b"host", b"expect: 100-Continue\r\nhost")
    assert await peer.send(head) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answers(await peer.send(b"hello"))[-1] == b"POST /a"
    assert peer.bodies == [b"hello"]


async def test_a_body_that_nobody_asks_for_stays_outside_and_is_forgotten() -> None:
    peer = Peer(read=False)
    peer.may_answer.clear()
    part = bytes(rules.UNREAD_BYTES_MAX // 2 + 1)
    head = b"POST /a HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % (3 * len(part))
    await peer.send(head + part)
    assert peer.transport.reading
    await peer.send(part)
    assert not peer.transport.reading
    peer.may_answer.set()
    await turns()
    assert peer.transport.reading, "what is left of it makes way for the next request"
    assert answers(await peer.send(part + GET)) == [b"POST /a", b"GET /a"]


async def test_a_client_that_hangs_up_is_answered_nothing_and_leaves_nothing() -> None:
    peer = Peer()
    await peer.send(POST + b"he")
    peer.transport.hang_up()
    await turns()
    assert peer.gone == 1
    assert not peer.transport.written
    assert not peer.tasks
    assert not peer.connections
    assert [one for one in asyncio.all_tasks() if one is not asyncio.current_task()] == []


@pytest.mark.parametrize("reads", [True, False])
async def test_a_damaged_body_ends_the_connection_with_one_answer(reads: bool) -> None:
    peer = Peer(read=reads)
    head = b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
    written = await peer.send(head, b"zz\r\n")
    assert len(answers(written)) == 1
    assert (b"HTTP/1.1 400 " in written) == reads
    assert not peer.transport.ended, "it gets some time to read why"
    assert peer.transport.wrote_eof
    assert peer.late(rules.LINGER_SECONDS)


# ------------------------------------------------------------------------------------- bounds


async def test_what_takes_too_long_is_ended() -> None:
    peer = Peer()
    assert not peer.late(rules.HEAD_SECONDS - 1)
    assert peer.late(rules.HEAD_SECONDS), "nothing was sent"

    peer = Peer()
    await peer.send(GET[:-4])
    assert not peer.late(rules.HEAD_SECONDS - 1)
    assert peer.late(rules.HEAD_SECONDS), "a head that does not end"

    peer = Peer()
    await peer.send(POST)
    assert not peer.late(rules.BODY_SECONDS - 1)
    assert peer.late(rules.BODY_SECONDS), "a body that does not end"

    peer = Peer()
    await peer.send(GET)
    assert not peer.late(rules.KEEP_ALIVE_SECONDS - 1)
    assert peer.late(rules.KEEP_ALIVE_SECONDS), "a connection that is not used"


async def test_who_never_reads_is_ended_and_leaves_nothing() -> None:
    for ends in (True, False):
        peer = Peer()
        peer.protocol.pause_writing()
        await peer.send(GET + GET)
        assert len(peer.asked) == 1
        assert not peer.late(rules.READ_SECONDS - 1)
        if ends:
            assert peer.late(rules.READ_SECONDS)
        else:
            peer.transport.hang_up()
        await turns()
        assert [one for one in asyncio.all_tasks() if one is not asyncio.current_task()] == []


async def test_between_two_answers_others_have_their_turn() -> None:
    peer, seen = Peer(), []

    async def others() -> None:
        while True:
            seen.append(len(peer.asked))
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await peer.send(GET * 20)
    task.cancel()
    assert set(range(1, 20)) <= set(seen)


async def test_an_answer_may_take_as_long_as_it_takes() -> None:
    peer = Peer()
    peer.may_answer.clear()
    await peer.send(GET)
    assert not peer.late(10_000)
    await peer.send(GET[:-4])
    assert peer.late(rules.HEAD_SECONDS), "the next head is not the app's to wait for"


async def test_drops_of_a_head_do_not_prolong_its_time() -> None:
    peer = Peer()
    await peer.send(GET[:1])
    for byte in GET[1:-4]:
        assert peer.protocol._deadline is not None
        peer.protocol._deadline -= 1.0  # A second has passed.
        await peer.send(bytes([byte]))
    assert len(GET[1:-4]) > rules.HEAD_SECONDS
    assert peer.late(0.0)


async def test_the_size_of_one_head_is_not_counted_with_the_next() -> None:
    peer = Peer()
    head = GET[:-2] + b"x-filler: " + b"a" * 5000
    for _ in range(rules.HEAD_BYTES_MAX // 5000 + 2):
        await peer.send(head, b"\r\n\r\n")
    assert b"HTTP/1.1 413" not in peer.transport.written
    assert len(peer.asked) == rules.HEAD_BYTES_MAX // 5000 + 2


async def test_heads_and_targets_have_a_size() -> None:
    filler = b"x-filler: %b\r\n" % (b"a" * 1000)
    peer = Peer()
    parts = [GET[:-2], *([filler] * (rules.HEAD_BYTES_MAX // len(filler) + 1))]
    assert b"HTTP/1.1 413 " in await peer.send(*parts)
    assert not peer.asked
    target = b"/" + b"a" * rules.TARGET_BYTES_MAX
    written = await Peer().send(b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n" % target)
    assert b"HTTP/1.1 413 " in written


async def test_what_is_no_request_is_refused_behind_the_answers_before_it() -> None:
    peer = Peer()
    peer.may_answer.clear()
    await peer.send(GET + b"\x16\x03\x01garbage\r\n\r\n")
    assert not peer.transport.written
    peer.may_answer.set()
    await turns()
    written = bytes(peer.transport.written)
    assert re.findall(rb"HTTP/1.1 (\d+)", written) == [b"200", b"400"]
    assert written.count(b"connection: close") == 1


async def test_one_connection_too_many_is_ended_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "CONNECTIONS_MAX", 1)
    peer = Peer()
    protocol = HttpConnection(peer.respond, peer.connections, peer.tasks)
    assert MemoryTransport(protocol).ended
    assert not peer.transport.ended


async def test_damage_behind_a_request_leaves_its_body_alone() -> None:
    peer = Peer()
    written = await peer.send(POST + b"hello" + b"\x16\x03garbage\r\n\r\n")
    assert peer.bodies == [b"hello"]
    assert re.findall(rb"HTTP/1.1 (\d+)", written) == [b"200", b"400"]


@pytest.mark.parametrize("trailer", [b"x-%d: " + b"a" * 1000 + b"\r\n", b"a" * 1000])
async def test_what_follows_a_body_is_bounded_and_not_kept(trailer: bytes) -> None:
    peer = Peer()
    await peer.send(b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\nx: ")
    await peer.send(b"" if trailer[:1] == b"a" else b"\r\n")
    for number in range(2 * rules.HEAD_BYTES_MAX // 1000):
        await peer.send(trailer % number if b"%" in trailer else trailer)
    assert b"HTTP/1.1 413 " in peer.transport.written
    assert not peer.bodies
    assert peer.late(rules.LINGER_SECONDS)


async def test_trailers_are_no_headers() -> None:
    peer = Peer()
    peer.may_answer.clear()
    await peer.send(
        b"POST /a HTTP/1.1\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\n"
    )
    await peer.send(b"x-a: 2\r\n\r\n")
    peer.may_answer.set()
    await turns()
    assert peer.asked[0].headers["x-a"] == b"1"
    assert peer.bodies == [b"he"]


async def test_a_server_that_stops_lets_the_body_of_a_request_come() -> None:
    peer = Peer()
    await peer.send(POST + b"he")
    peer.protocol.shut_down()
    assert not peer.transport.ended
    written = await peer.send(b"llo")
    assert answers(written) == [b"POST /a"]
    assert b"connection: close" in written
    assert peer.transport.ended


async def test_a_server_that_stops_answers_what_was_asked() -> None:
    idle, busy = Peer(), Peer()
    busy.may_answer.clear()
    await idle.send(GET)
    await busy.send(GET)
    for peer in (idle, busy):
        peer.protocol.shut_down()
    assert idle.transport.ended
    assert not busy.transport.ended
    busy.may_answer.set()
    await turns()
    assert answers(bytes(busy.transport.written)) == [b"GET /a"]
    assert busy.transport.ended


@pytest.mark.parametrize("ends", [MemoryTransport.hang_up, MemoryTransport.abort])
async def test_a_connection_that_ends_between_two_requests_leaves_no_task(
    ends: Callable[[MemoryTransport], None],
) -> None:
    peer = Peer()
    await peer.send(GET)
    ends(peer.transport)
    await turns()
    assert [one for one in asyncio.all_tasks() if one is not asyncio.current_task()] == []


async def test_requests_that_wait_are_bounded() -> None:
    peer = Peer()
    peer.may_answer.clear()
    await peer.send(GET * (rules.WAITING_MAX + 10))
    peer.may_answer.set()
    while not peer.transport.ended:
        await turns()
        peer.late(rules.LINGER_SECONDS)
    found = re.findall(rb"HTTP/1.1 (\d+)", bytes(peer.transport.written))
    assert found == [b"200"] * rules.WAITING_MAX + [b"429"]


async def test_while_nothing_is_read_nobody_is_late() -> None:
    peer = Peer()
    peer.may_answer.clear()
    await peer.send(GET + POST + b"he")
    assert not peer.transport.reading
    assert not peer.late(10_000)
    peer.may_answer.set()
    await turns()
    assert peer.transport.reading
    assert not peer.late(rules.BODY_SECONDS - 1)
    assert peer.late(rules.BODY_SECONDS)


async def test_an_answer_that_cannot_be_written_ends_the_connection_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    peer = Peer()

    async def respond(head: RequestHead, body: RequestBody) -> Answer:
        return Answer(999, b"")

    broken = HttpConnection(respond, peer.connections, peer.tasks)
    transport = MemoryTransport(broken)
    transport.feed(GET)
    await turns()
    assert transport.ended
    assert "could not be answered" in caplog.text
    assert answers(await peer.send(GET)) == [b"GET /a"]
