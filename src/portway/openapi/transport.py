"""A signed-in connection that comes back by itself: sign-in, session, reconnection, calls.

Runs on the loop of its context. The first connection is made by the first call, which also gets
its errors. A line lost later is made again in the background with growing pauses: the session is
resumed where the service still knows it, and what the owner does after a sign-in (subscribe again)
is done. Calls made meanwhile wait for it, until their own deadline.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import random
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from portway.openapi.calls.socket_call import SocketCall, message_reader
from portway.openapi.errors import (
    ConnectError,
    ContextClosed,
    OpenApiException,
    RequestTimeout,
)
from portway.openapi.events import ConnectionState
from portway.openapi.limiter import Limiter
from portway.openapi.line import Line, MustWait, PushSink, Reply, open_line
from portway.wire.commands import ControlCommand
from portway.wire.pb import control_pb2 as pb

if TYPE_CHECKING:
    from portway.openapi.config import Config
    from portway.openapi.http import HttpClient, SocketToken

__all__ = ["Channel", "Transport", "pause_s"]

log = logging.getLogger("portway.openapi.socket")

T = TypeVar("T")

ATTEMPTS_MAX: Final = 3  # of one call whose line breaks under it
PAUSE_SECONDS_FIRST: Final = 0.25
PAUSE_SECONDS_MAX: Final = 15.0

SIGN_IN_SECONDS: Final = 10.0  # for the answer to a sign-in
_SIGN_IN_MS: Final = 5000


@dataclass(frozen=True, slots=True)
class Channel:
    """What a context connects to, and what it says of itself.

    Attributes:
        url: Of the socket gateway, path included.
        metadata: Options of the sign-in.
        headers: Of the upgrade request.
        checks_limit: Refuse to connect where the service says that its limit is reached.
    """

    url: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    checks_limit: bool = True


@dataclass(frozen=True, slots=True)
class _Session:
    session_id: str
    expires_ms: int  # absolute, Unix milliseconds

    def is_usable(self) -> bool:
        return bool(self.session_id) and time.time() * 1000 < self.expires_ms


class Transport:
    """Calls and pushes of one channel.

    Args:
        config: Deadline and addresses.
        channel: What to connect to.
        http: Where one-time passwords come from.
        sink: Where pushes go.
        signed_in: Awaited after every sign-in, before any call: line, and whether it is the first.
        changed: Told when the line comes, goes, or fails to come back, and why.
    """

    def __init__(
        self,
        config: Config,
        channel: Channel,
        http: HttpClient,
        sink: PushSink,
        signed_in: Callable[[Line, bool], Awaitable[None]],
        changed: Callable[[ConnectionState, str], None],
    ) -> None:
        self._config = config
        self._channel = channel
        self._http = http
        self._sink = sink
        self._signed_in = signed_in
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._line: Line | None = None
        self._session: _Session | None = None
        self._first: asyncio.Task[Line] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._waiters: set[asyncio.Future[Line]] = set()
        self._last_error = ""
        self._closed = False
        self.limiter = Limiter()
        self.reconnects = 0
        self.requests = 0

    @property
    def line(self) -> Line | None:
        """The line, if it is up."""
        line = self._line
        return None if line is None or line.closed.done() else line

    async def ask(self, call: SocketCall[T], timeout_s: float | None = None) -> T:
        """Carry out a call: wait for the line and for the rate limit, send, and read the answer.

        Repeated when the line breaks under it, which is harmless for everything that is asked on
        a socket.

        Raises:
            RequestTimeout: Not done within the deadline.
            OpenApiException: Refused, or the first connection failed.
        """
        deadline = self._loop.time() + (timeout_s or self._config.timeout_s)
        broken = ConnectError("cancelled")
        for _ in range(ATTEMPTS_MAX):
            line = await self._ready(deadline)
            try:
                return await self.ask_on(line, call, deadline)
            except ConnectError as error:
                broken = error
        raise broken

    def start(self, call: SocketCall[T], reply: Reply) -> None:
        """Send a call at once, from the thread that waits for its reply.

        The reply raises `MustWait` or `ConnectError` where `ask` would wait or try again.
        """
        line = self.line
        if line is None:
            reply.set_exception(ConnectError("not connected"))
        elif not self.limiter.reserve_now(call.command, time.monotonic()):
            reply.set_exception(MustWait())
        else:
            self.requests += 1
            told_ms = round(self._config.timeout_s * 1000)
            if not line.start_here(call, reply, told_ms):
                self._loop.call_soon_threadsafe(line.start, call, reply, told_ms)

    async def connect(self) -> None:
        """Make the first connection, if there is none.

        Raises:
            OpenApiException: It failed; the next call tries again.
        """
        await self._ready(self._loop.time() + self._config.timeout_s)

    async def ask_on(self, line: Line, call: SocketCall[T], deadline: float) -> T:
        """Carry out a call on this very line, within the rate limits.

        Raises:
            ConnectError: The line broke.
            OpenApiException: As `ask`.
        """
        now = self._loop.time()
        wait = self.limiter.wait_s(call.command, now)
        if now + wait >= deadline:
            raise RequestTimeout(
                f"request timeout: the rate limit of command {call.command} asks to wait "
                f"{wait:.1f} s, longer than the deadline"
            )
        self.requests += 1
        wait = self.limiter.reserve(call.command, now)
        if wait > 0:
            log.debug("command %d waits %.3f s for its rate limit", call.command, wait)
            await asyncio.sleep(wait)
        left_s = max(0.001, deadline - self._loop.time())
        told_ms = round(self._config.timeout_s * 1000)
        return call.read(await line.ask(call, left_s, told_ms))

    async def close(self) -> None:
        """Close the line for good; waiting calls end with `ContextClosed`."""
        self._closed = True
        for task in (self._keeper, self._first):
            if task is not None:
                task.cancel()
        self._wake(ContextClosed("context closed"))
        self._http.close()
        line = self.line
        if line is not None:
            line.disconnect("context closed")
            await asyncio.wait([line.closed])

    # ---------------------------------------------------------------------------- connection

    async def _ready(self, deadline: float) -> Line:
        """Return a signed-in line, the first one made on demand."""
        line = self.line
        if line is not None:
            return line
        if self._closed:
            raise ContextClosed("context closed")
        if self._keeper is None:
            if self._first is None or self._first.done():
                self._first = self._loop.create_task(self._connect_first())
            waiting: asyncio.Future[Line] = asyncio.shield(self._first)
        else:
            waiting = self._loop.create_future()
            self._waiters.add(waiting)
            waiting.add_done_callback(self._waiters.discard)
        try:
            async with asyncio.timeout_at(deadline):
                return await waiting
        except TimeoutError as error:
            if isinstance(error, OpenApiException):
                raise  # the connection's own, not the deadline's
            why = f": {self._last_error}" if self._last_error else ""
            raise RequestTimeout(
                f"request timeout: not connected to {self._channel.url}{why}"
            ) from None

    async def _connect_first(self) -> Line:
        line = await self._connect(is_first=True)
        self._line = line
        self._keeper = self._loop.create_task(self._keep(line))
        self._changed(ConnectionState.CONNECTED, "")
        return line

    async def _keep(self, line: Line) -> None:
        """Watch over the line, and make a new one whenever it is lost."""
        while True:
            reason = await asyncio.shield(line.closed)  # cancelling us must not cancel it
            log.warning("%s: %s; reconnecting", self._channel.url, reason)
            self._last_error = reason
            self._changed(ConnectionState.LOST, reason)
            line = await self._reconnect()
            self._line = line
            self.reconnects += 1
            log.info("%s: connected again", self._channel.url)
            waiters, self._waiters = self._waiters, set()
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(line)
            self._changed(ConnectionState.RECONNECTED, "")

    async def _reconnect(self) -> Line:
        attempt = 0
        while True:
            await asyncio.sleep(pause_s(attempt, random.random()))
            attempt += 1
            try:
                return await self._connect(is_first=False)
            except OpenApiException as error:
                self._last_error = error.message
                log.warning("%s: %s", self._channel.url, error.message)
                self._changed(ConnectionState.FAILED, error.message)
                if error.code is not None:
                    self._wake(error)  # the service said no: waiting on would hide its reason
            except Exception:  # whatever it is, a context that stays down for ever is worse
                log.exception("%s: reconnecting failed", self._channel.url)

    def _wake(self, error: OpenApiException) -> None:
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(error)

    async def _connect(self, *, is_first: bool) -> Line:
        """Return a new line, signed in and taken into use by the owner."""
        session = self._session
        resumes = session is not None and session.is_usable()
        token = None if resumes else await self._socket_token()
        line = await open_line(self._channel.url, self._channel.headers, self._sink)
        try:
            if session is None or not resumes or not await self._resume(line, session):
                await self._sign_in(line, token or await self._socket_token())
            await self._signed_in(line, is_first)
        except BaseException:
            line.disconnect("sign-in failed")
            raise
        return line

    async def _resume(self, line: Line, session: _Session) -> bool:
        """Try to go on with a session; false if the service no longer knows it."""
        request = pb.ReconnectRequest(
            session_id=session.session_id, metadata=dict(self._channel.metadata)
        )
        call = SocketCall(
            ControlCommand.RECONNECT,
            request.SerializeToString(),
            message_reader(pb.ReconnectResponse, _session_of),
        )
        try:
            self._session = call.read(await self._ask_sign_in(line, call))
        except OpenApiException as error:
            self._session = None
            if error.code is None:
                raise
            log.info("session not resumed (%s): signing in anew", error.message)
            return False
        return True

    async def _sign_in(self, line: Line, token: SocketToken) -> None:
        request = pb.AuthRequest(token=token.otp, metadata=dict(self._channel.metadata))
        call = SocketCall(
            ControlCommand.AUTH,
            request.SerializeToString(),
            message_reader(pb.AuthResponse, _session_of),
        )
        self._session = call.read(await self._ask_sign_in(line, call))

    async def _ask_sign_in(self, line: Line, call: SocketCall[_Session]) -> bytes:
        # A line that is deaf from the start is given up soon: the next one may not be.
        return await line.ask(call, min(self._config.timeout_s, SIGN_IN_SECONDS), _SIGN_IN_MS)

    async def _socket_token(self) -> SocketToken:
        token = await _in_thread(self._http.socket_token)
        if self._channel.checks_limit and token.online >= token.limit:
            raise ConnectError(
                f"connections limitation is hit, limit = {token.limit}, online = {token.online}"
            )
        return token


def pause_s(attempt: int, chance: float) -> float:
    """Return how long to wait before a reconnection, in seconds.

    Args:
        attempt: 0 for the first; the pause doubles with each, up to `PAUSE_SECONDS_MAX`.
        chance: 0..1; spreads clients that lost the same server over half of the pause.
    """
    longest = min(PAUSE_SECONDS_MAX, PAUSE_SECONDS_FIRST * 2.0 ** min(attempt, 16))
    return longest * (0.5 + chance / 2)


def _session_of(answer: pb.AuthResponse | pb.ReconnectResponse) -> _Session:
    return _Session(answer.session_id, answer.expires)


async def _in_thread(function: Callable[[], T]) -> T:
    """Run a blocking call on a thread that nobody has to wait for at exit."""
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            outcome.set_exception(error)

    threading.Thread(target=run, name="portway-http", daemon=True).start()
    # Shielded: a thread cannot be cancelled, and it sets the outcome in any case.
    return await asyncio.shield(asyncio.wrap_future(outcome))
