"""The state machine behind one socket connection, the same for every transport and channel.

A connection signs in (AUTH with a one-time password, or RECONNECT with a session id), then sends
commands. Refusals are answers: the connection is kept, because clients show a close only as
"cancelled". Commands run in the order they arrive; while a sign-in runs nothing else is taken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import DecodeError, Message

from portway.gateway.errors import Refused
from portway.gateway.identity import TOOL_HEADER, OpenedSession, Principal
from portway.gateway.limits import Caller
from portway.gateway.sockets.link import Link
from portway.wire.commands import (
    CloseCode,
    Command,
    CommandKind,
    ControlCommand,
    SocketStatus,
    command_of,
)
from portway.wire.envelope import Language, error_body, pick_language
from portway.wire.errors import ProtocolError
from portway.wire.packet import (
    COMPRESS_OVER_BYTES,
    Packet,
    RequestPacket,
    ResponsePacket,
    encode_response,
)
from portway.wire.pb.control_pb2 import (
    AuthRequest,
    AuthResponse,
    ReconnectRequest,
    ReconnectResponse,
)

if TYPE_CHECKING:
    from portway.gateway.sockets.gate import Gate

__all__ = ["RUNNING_MAX", "Session"]

RUNNING_MAX: Final = 32  # commands of one connection under way; past it no more bytes are read
METADATA_ENTRIES_MAX: Final = 32

log = logging.getLogger(__name__)


class Session:
    """One connection on its way from the first packet to the last.

    Attributes:
        principal: Who signed in; `None` before.
        lineage: Names the session over its resumptions.
        language: Of texts sent to this client.
        wants_overnight: The client asked for US overnight data when it signed in.
    """

    def __init__(self, gate: Gate, link: Link) -> None:
        self.gate = gate
        self.link = link
        self.principal: Principal | None = None
        self.lineage = ""
        self.language: Language = Language.EN
        self.wants_overnight = False
        self._signing_in = False
        self._running: set[asyncio.Task[None]] = set()
        link.owner = self

    @property
    def caller(self) -> Caller:
        """Under which name the limits count this connection; only after it signed in."""
        assert self.principal is not None
        return self.principal.caller

    @property
    def is_gone(self) -> bool:
        """Whether the connection ends, so that nobody reads an answer any more."""
        return self.link.closing

    # ------------------------------------------------------------------- what the link tells

    def data_arrived(self) -> None:
        """Take packets until there are none, or until this session has enough to do."""
        try:
            while not self._is_full() and not self.link.closing:
                packet = self.link.take()
                if packet is None:
                    break
                self._handle(packet)
        except ProtocolError as error:
            # After it the boundary of the next packet is unknown.
            self.link.close(CloseCode.UNPACK_ERROR, str(error))
            return
        if self._is_full():
            self.link.pause_reading()
        else:
            self.link.resume_reading()

    def drained(self) -> None:
        """The link takes data again."""
        if self.principal is not None:
            self.gate.channel_handler.drained(self)

    def lost(self) -> None:
        """The connection is over."""
        self.gate.forget(self)
        for task in self._running:
            task.cancel()

    # --------------------------------------------------------------------------- receiving

    def _is_full(self) -> bool:
        return self._signing_in or len(self._running) >= RUNNING_MAX

    def _handle(self, packet: Packet) -> None:
        if not isinstance(packet, RequestPacket):
            return  # nothing was asked of the client, so nothing it answers or pushes has a meaning
        match packet.cmd_code:
            case ControlCommand.HEARTBEAT:
                self.respond(packet, packet.body)
            case ControlCommand.AUTH:
                self._sign_in(packet, AuthRequest(), self._auth)
            case ControlCommand.RECONNECT:
                self._sign_in(packet, ReconnectRequest(), self._reconnect)
            case _ if self.principal is None:
                self.refuse(packet, "NOT_AUTHENTICATED")
            case _:
                self._command(packet)

    def _command(self, packet: RequestPacket) -> None:
        gate = self.gate
        row = command_of(gate.channel, packet.cmd_code)
        if row is None or row.kind in (CommandKind.PUSH, CommandKind.CONTROL):
            self.refuse(packet, "UNKNOWN_COMMAND")
            return
        request = row.request()
        try:
            request.ParseFromString(packet.body)
        except DecodeError:
            self.refuse(packet, "QUOTE_BAD_REQUEST", "the body is not a protobuf message")
            return
        caller = self.caller
        if not gate.permit(caller, packet.cmd_code):
            self.refuse(packet, "QUOTE_RATE_LIMITED")
            return
        interface = f"{gate.channel.value}:{packet.cmd_code}"
        if not gate.limits.begin(caller, interface):
            self.refuse(packet, "QUOTE_RATE_LIMITED")
            return
        self._run(packet, row, request, caller, interface)

    def _run(
        self,
        packet: RequestPacket,
        row: Command,
        request: Message,
        caller: Caller,
        interface: str,
    ) -> None:
        """Answer at once where that is possible; else in a task, behind the calls in flight."""
        limits = self.gate.limits
        outcome = self._attempt(packet, row, request)
        if outcome is None:
            limits.end(caller, interface)
            return

        async def finish(running: Coroutine[Any, Any, Message]) -> None:
            try:
                async with self.gate.in_flight(caller):
                    answer = await running
                self._answer(packet, row, answer)
            except Refused as refused:
                self.refuse(packet, refused.reason, refused.detail)
            except Exception:  # noqa: BLE001 - the edge: a defect is logged and answered
                self._defect(packet, row)
            finally:
                running.close()
                limits.end(caller, interface)

        self._spawn(finish(outcome))

    def _attempt(
        self, packet: RequestPacket, row: Command, request: Message
    ) -> Coroutine[Any, Any, Message] | None:
        try:
            answer = self.gate.channel_handler.handle(self, row.cmd_code, request)
        except Refused as refused:
            self.refuse(packet, refused.reason, refused.detail)
        except Exception:  # noqa: BLE001 - the edge: a defect is logged and answered
            self._defect(packet, row)
        else:
            if not isinstance(answer, Message):
                return answer
            self._answer(packet, row, answer)
        return None

    def _defect(self, packet: RequestPacket, row: Command) -> None:
        log.exception("command %s failed", row.name)
        self.gate.stats.defects += 1
        self.refuse(packet, "QUOTE_SERVER_ERROR")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not self.link.closing:
            self.data_arrived()

    # ----------------------------------------------------------------------------- sign-in

    def _sign_in(self, packet: RequestPacket, request: Message, how: Any) -> None:
        if self.principal is not None:
            self.refuse(packet, "QUOTE_BAD_REQUEST", "this connection has signed in already")
            return
        try:
            request.ParseFromString(packet.body)
        except DecodeError:
            self.refuse(packet, "QUOTE_BAD_REQUEST", "the body is not a protobuf message")
            return
        self.link.opened_at = self.gate.now()  # each attempt gets the whole time to sign in
        self._signing_in = True

        async def run() -> None:
            try:
                await how(packet, request)
            except Refused as refused:
                self.gate.stats.sign_ins[("refused",)] += 1
                self.refuse(packet, refused.reason, refused.detail)
            except Exception:
                log.exception("sign-in failed")
                self.gate.stats.defects += 1
                self.refuse(packet, "INTERNAL_ERROR")
            finally:
                self._signing_in = False

        self._spawn(run())

    async def _auth(self, packet: RequestPacket, request: AuthRequest) -> None:
        gate = self.gate
        principal = gate.identity.redeem_password(request.token)
        metadata = _metadata(request)
        if gate.identity.is_tool(metadata.get(TOOL_HEADER, "").encode()):
            principal = Principal(principal.app_key, principal.account_no, is_tool=True)
        # Asked before and after the store: a sign-in of another connection may come between.
        if not gate.has_room(principal.caller):
            raise Refused("CONNECTION_LIMIT")
        opened = await gate.identity.open_session(principal, gate.channel)
        gate.admit(self, opened)
        self._welcome(opened, metadata)
        gate.stats.sign_ins[("auth",)] += 1
        answer = AuthResponse(**self._sign_in_fields(opened))
        self.respond(packet, answer.SerializeToString())

    async def _reconnect(self, packet: RequestPacket, request: ReconnectRequest) -> None:
        gate = self.gate
        record = await gate.identity.find_session(request.session_id, gate.channel)
        principal = Principal(record.app_key, record.account_no, record.is_tool)
        opened = await gate.identity.open_session(principal, gate.channel, record.lineage)
        gate.admit(self, opened)
        self._welcome(opened, _metadata(request))
        gate.stats.sign_ins[("reconnect",)] += 1
        answer = ReconnectResponse(**self._sign_in_fields(opened))
        self.respond(packet, answer.SerializeToString())

    def _welcome(self, opened: OpenedSession, metadata: dict[str, str]) -> None:
        self.principal = opened.principal
        self.lineage = opened.lineage
        self.language = pick_language(metadata.get("accept-language") or self.link.accept_language)
        self.wants_overnight = metadata.get("need_over_night_quote", "").lower() == "true"

    def _sign_in_fields(self, opened: OpenedSession) -> dict[str, Any]:
        limits = self.gate.limits
        return {
            "session_id": opened.session_id,
            "expires": opened.expires_at_ms,
            "limit": limits.profile.connections_max,
            "online": limits.online(opened.principal.caller),
        }

    # --------------------------------------------------------------------------- answering

    def respond(self, packet: RequestPacket, body: bytes) -> None:
        """Answer a request with status 0."""
        self._send(packet, SocketStatus.SUCCESS, body)

    def refuse(self, packet: RequestPacket, reason: str, detail: str = "") -> None:
        """Answer a request with a refusal, in the client's language."""
        self.gate.stats.commands[(self.gate.channel.value, reason)] += 1
        status, body = error_body(reason, self.language, detail)
        self._send(packet, status, body)

    def _answer(self, packet: RequestPacket, row: Command, answer: Message) -> None:
        assert row.response is not None
        assert isinstance(answer, row.response), f"{row.name} answered {type(answer)}"
        self.gate.stats.commands[(self.gate.channel.value, "ok")] += 1
        self.respond(packet, answer.SerializeToString())

    def _send(self, packet: RequestPacket, status: int, body: bytes) -> None:
        response = ResponsePacket(packet.cmd_code, packet.request_id, status, body)
        self.link.send(encode_response(response, COMPRESS_OVER_BYTES))


def _metadata(request: AuthRequest | ReconnectRequest) -> dict[str, str]:
    """Return the options of a sign-in; keys in lower case, a bounded number of them."""
    if len(request.metadata) > METADATA_ENTRIES_MAX:
        raise Refused("QUOTE_BAD_REQUEST", "too many metadata entries")
    return {key.lower(): value for key, value in request.metadata.items()}
