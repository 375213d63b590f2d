"""One HTTP connection: bytes to requests, answers to bytes.

httptools parses; what stands here is the order of things and their bounds. Heads have a size and a
time, bodies a time, and answers leave in the order of their requests. While an answer is made
nothing more is read than what came along with its request, so what waits is bounded by the
transport's buffer. Whatever is not HTTP is answered with an envelope too.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from enum import Enum, auto
from http import HTTPStatus
from typing import Final, NamedTuple, cast

import httptools
import msgspec

from portway.gateway.errors import Refused
from portway.gateway.http.messages import Answer, RequestBody, RequestHead, Respond
from portway.wire.envelope import failure

__all__ = ["HttpConnection"]

log = logging.getLogger(__name__)

CONNECTIONS_MAX: Final = 4096  # of one listener
HEAD_BYTES_MAX: Final = 128 * 1024  # request line and headers of one request; its trailers
TARGET_BYTES_MAX: Final = 60 * 1024  # the URL parser's own limit lies just above
WAITING_MAX: Final = 256  # requests behind the one that is being answered
UNREAD_BYTES_MAX: Final = 64 * 1024  # of a body that nobody has asked for yet
HEAD_SECONDS: Final = 15.0
BODY_SECONDS: Final = 30.0  # for the whole body to arrive
LINGER_SECONDS: Final = 1.0  # for a refused client to read why before its connection is reset
READ_SECONDS: Final = 60.0  # for a client to read its answers
KEEP_ALIVE_SECONDS: Final = 75.0

_STATUS_LINES: Final = {
    one.value: f"HTTP/1.1 {one.value} {one.phrase}\r\n".encode() for one in HTTPStatus
}


class _Stage(Enum):
    """What the peer is sending."""

    BETWEEN = auto()  # nothing: a request may begin
    HEAD = auto()
    BODY = auto()


class _Waiting(NamedTuple):
    """A request that is to be answered; one that cannot be parsed has its answer already."""

    head: RequestHead | None
    body: RequestBody
    is_last: bool  # The client asked to close the connection after it.
    answer: Answer | None = None


class HttpConnection(asyncio.Protocol):
    """A connection of one client.

    Args:
        respond: Makes the answer to a request; None: nobody is there to be answered.
        connections: Of the listener; this one is among them as long as it is open.
        tasks: Of the listener; those of connections that make an answer.
    """

    def __init__(
        self,
        respond: Respond,
        connections: set[HttpConnection],
        tasks: set[asyncio.Task[None]],
    ) -> None:
        self._respond = respond
        self._connections = connections
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None  # Makes the answers; lasts as long as this.
        self._asked: asyncio.Future[None] | None = None  # What it waits for between two of them.
        self._drained: asyncio.Future[None] | None = None
        self._stage = _Stage.BETWEEN
        self._deadline: float | None = None  # For what the peer sends.
        self._unread_until: float | None = None  # For it to read what was sent to it.
        self._bytes = 0  # Of the head that arrives, or of what stands between parts of a body.
        self._has_body = False  # A part of one came with the chunk that is being looked at.
        self._is_deaf = False  # Nothing more that arrives counts: the connection is about to end.
        self._is_stopping = False  # The server closes what waits for no answer.
        self._is_paused = False
        self._is_last = False  # The client asked to close after the request that arrives.
        self._target = b""
        self._headers: dict[str, bytes] = {}
        self._body = RequestBody(self._want_body)

    # ------------------------------------------------------------------------------ transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class.
        self._connections.add(self)
        self._expect_within(HEAD_SECONDS)
        if len(self._connections) > CONNECTIONS_MAX:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._is_deaf = True
        self._waiting.clear()
        self._body.drop()
        self.resume_writing()
        self._wake()
        # They point back here: without this a connection lives until the garbage collector comes.
        del self._parser, self._body

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self._has_body = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._is_deaf = True  # It is answered as any other request, and is the last one.
        except httptools.HttpParserError as error:
            # Behind the last request of a connection anything may follow.
            if not self._is_deaf:
                self._refuse(_reason_of(error))
            return
        # A request that comes in one piece, as nearly all do, is never timed.
        if self._stage is _Stage.BETWEEN:
            return
        if self._deadline is None:
            self._expect_within(self._patience)
        # What began within this chunk counts the whole chunk: the bound is rough by one.
        self._bytes = 0 if self._has_body else self._bytes + len(data)
        if self._bytes > HEAD_BYTES_MAX:
            self._refuse(Refused("REQUEST_TOO_LARGE"))

    def pause_writing(self) -> None:
        if self._drained is None:
            self._drained = self._loop.create_future()
            self._unread_until = self._loop.time() + READ_SECONDS

    def resume_writing(self) -> None:
        drained, self._drained = self._drained, None
        self._unread_until = None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def end_if_late(self, now: float) -> None:
        """End the connection when its peer has let its time pass; `now` as the loop tells it."""
        if self._unread_until is not None and now >= self._unread_until:
            self._transport.abort()
        if self._deadline is None or self._is_paused or now < self._deadline:
            return
        if self._stage is _Stage.BETWEEN:
            self._transport.close()
        else:
            self._transport.abort()

    def shut_down(self) -> None:
        """Close, after the answers to what has been asked, the rest of its bodies included."""
        self._is_stopping = True
        if not self._is_answering:
            self._transport.close()

    def abort(self) -> None:
        """End at once, whatever waits."""
        self._transport.abort()

    # --------------------------------------------------------------------------------- parser

    def on_message_begin(self) -> None:
        self._stage, self._deadline, self._bytes = _Stage.HEAD, None, 0
        self._target = b""
        self._headers = {}

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._stage is _Stage.BODY:
            return  # A trailer, which nobody asks for.
        self._headers[name.decode("latin-1").lower()] = value

    def on_headers_complete(self) -> None:
        if len(self._waiting) >= WAITING_MAX:
            raise Refused("RATE_LIMITED")
        path, query = _parts_of(self._target)
        headers, parser = self._headers, self._parser
        method = parser.get_method().decode("ascii")
        self._is_last = parser.get_http_version() == "1.0" or not parser.should_keep_alive()
        self._stage, self._deadline, self._bytes = _Stage.BODY, None, 0
        self._body = body = RequestBody(self._want_body)
        self._serve(_Waiting(RequestHead(method, path, query, headers), body, self._is_last))

    def on_body(self, part: bytes) -> None:
        body = self._body
        body.feed(part)
        self._has_body = True
        if body.size > UNREAD_BYTES_MAX and not (body.is_wanted or body.is_gone):
            self._pause_reading()

    def on_message_complete(self) -> None:
        self._stage, self._deadline = _Stage.BETWEEN, None
        if not self._is_answering:  # It was answered before it was whole.
            self._expect_within(KEEP_ALIVE_SECONDS)
        self._body.end()
        self._is_deaf = self._is_deaf or self._is_last

    # -------------------------------------------------------------------------------- answers

    @property
    def _is_answering(self) -> bool:
        return self._task in self._tasks

    def _serve(self, waiting: _Waiting) -> None:
        """Answer a request after those before it."""
        self._waiting.append(waiting)
        if self._is_answering:
            self._pause_reading()
            return
        if self._task is None:
            self._task = self._loop.create_task(self._answer_all())
        self._tasks.add(self._task)
        self._wake()

    def _wake(self) -> None:
        asked, self._asked = self._asked, None
        if asked is not None and not asked.done():
            asked.set_result(None)

    async def _answer_all(self) -> None:
        """Answer what is asked, one after the other, as long as the connection lasts.

        One task for all of them: making one costs more than waking it.
        """
        assert self._task is not None
        try:
            while not self._transport.is_closing():
                if self._waiting:
                    await self._answer(self._waiting.popleft())
                    if self._waiting:
                        await asyncio.sleep(0)  # Between two of them others have their turn.
                    continue
                self._tasks.discard(self._task)
                if self._is_deaf:
                    return
                self._resume_reading()
                if self._stage is _Stage.BETWEEN:
                    self._expect_within(KEEP_ALIVE_SECONDS)
                self._asked = self._loop.create_future()
                await self._asked
        except Exception:
            log.exception("a connection is ended: its request could not be answered")
            self._transport.abort()
        finally:
            self._tasks.discard(self._task)
            self._task = None

    async def _answer(self, one: _Waiting) -> None:
        answer = one.answer
        if one.head is not None:
            answer = await self._respond(one.head, one.body)
        # Without an answer it is gone; or its body was damaged, which the last answer tells.
        if answer is None or self._transport.is_closing():
            return
        is_cut = self._is_deaf and not one.body.is_complete
        is_over = (self._is_deaf or self._is_stopping) and not self._waiting
        is_end = answer.close or one.is_last or is_cut or is_over
        is_head = one.head is not None and one.head.method == "HEAD"
        self._transport.write(_response(answer, is_end=is_end, is_head=is_head))
        one.body.drop()
        if is_end:
            self._waiting.clear()
            self._end()
        elif self._drained is not None:
            await self._drained

    def _want_body(self) -> None:
        """Let the rest of a body come."""
        if self._headers.get("expect", b"").lower() == b"100-continue" and not self._body.size:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._resume_reading()

    def _refuse(self, refused: Refused) -> None:
        """Answer what is no HTTP request, or one whose head cannot be taken; it is the last one."""
        self._is_deaf = True
        if self._stage is _Stage.BODY:
            self._body.drop()  # Whoever waits for the rest of it waits no more.
            if not self._is_answering:
                self._end()  # What went before the damage was answered.
                return
        status, envelope = failure(refused.reason, detail=refused.detail)
        answer = Answer(status, msgspec.json.encode(envelope), close=True)
        answer.trace_id = secrets.token_hex(16)
        self._serve(_Waiting(None, self._body, is_last=True, answer=answer))

    def _end(self) -> None:
        """Close behind the last answer.

        Closing with unread bytes would reset the connection and may take the answer with it, so a
        client that is still sending gets some time to read it.
        """
        self._is_deaf = True
        if self._stage is _Stage.BETWEEN:
            self._transport.close()
            self._unread_until = self._loop.time() + READ_SECONDS
            return
        self._resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._expect_within(LINGER_SECONDS)

    # ---------------------------------------------------------------------------------- bounds

    @property
    def _patience(self) -> float:
        return HEAD_SECONDS if self._stage is _Stage.HEAD else BODY_SECONDS

    def _expect_within(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds

    def _pause_reading(self) -> None:
        if not self._is_paused and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()
            if self._stage is not _Stage.BETWEEN:  # While nothing was read nobody was late.
                self._expect_within(self._patience)


def _reason_of(error: httptools.HttpParserError) -> Refused:
    """Return what ended the parsing: what a callback refused, or what is no HTTP."""
    refused = error.__context__
    if isinstance(refused, Refused):
        return refused
    return Refused("PARAMETER_INVALID", "not a valid HTTP request")


def _parts_of(target: bytes) -> tuple[bytes, bytes]:
    """Return path and query of a request line's target.

    Raises:
        Refused: If it is too long.
        HttpParserInvalidURLError: If it is none.
    """
    if len(target) > TARGET_BYTES_MAX:
        raise Refused("REQUEST_TOO_LARGE")
    if target.startswith(b"/") and not target.startswith(b"//") and b"#" not in target:
        path, _, query = target.partition(b"?")
        return path, query
    parsed = httptools.parse_url(target)
    return parsed.path or b"", parsed.query or b""


def _response(answer: Answer, *, is_end: bool, is_head: bool) -> bytes:
    """Return an answer as bytes; one to HEAD tells of its body and has none."""
    lines = [
        _STATUS_LINES[answer.status],
        b"content-type: %b\r\ncontent-length: %d\r\nx-trace-id: %b\r\n"
        % (answer.content_type, len(answer.body), answer.trace_id.encode()),
    ]
    lines += [b"%b: %b\r\n" % header for header in answer.headers]
    if is_end:
        lines.append(b"connection: close\r\n")
    lines.append(b"\r\n")
    if not is_head:
        lines.append(answer.body)
    return b"".join(lines)
