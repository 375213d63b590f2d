"""The quote socket's pulls over HTTP: JSON to a request message, its answer to JSON.

One bridge for all of them: the handlers are the socket's own, and so are the limits that a call
counts against. Fields that a message does not carry are written with their default, messages that
it does not carry are left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from portway.gateway.asker import HttpSender, Sender
from portway.gateway.errors import Refused
from portway.gateway.http.request import Request
from portway.gateway.http.services import Services
from portway.gateway.limits import Caller, Limits
from portway.wire.commands import Channel, QuoteCommand, command_of

__all__ = ["Pulls", "pull_endpoint"]


class PullHandler(Protocol):
    """What answers the pulls of the socket."""

    def pull(
        self, sender: Sender, cmd_code: int, request: Message
    ) -> Message | Coroutine[Any, Any, Message]: ...


class PullGate(Protocol):
    """What counts the calls of the socket."""

    @property
    def limits(self) -> Limits: ...

    def permit(self, caller: Caller, cmd_code: int) -> bool: ...

    def in_flight(self, caller: Caller) -> AbstractAsyncContextManager[None]: ...


class Pulls:
    """Answers pulls that come over HTTP."""

    def __init__(self, handler: PullHandler, gate: PullGate) -> None:
        self._handler = handler
        self._gate = gate

    async def answer(self, request: Request, command: QuoteCommand) -> dict[str, Any]:
        """Return the answer to a pull as an object of JSON.

        Raises:
            Refused: As on the socket.
        """
        row = command_of(Channel.QUOTE, command)
        assert row is not None, "every pull is in the table"
        assert request.principal is not None, "the route authenticates"
        message = row.request()
        try:
            ParseDict(_body(request), message, ignore_unknown_fields=True)
        except ParseError as error:
            raise Refused("QUOTE_BAD_REQUEST", str(error)) from None
        gate, caller = self._gate, request.principal.caller
        interface = f"{Channel.QUOTE.value}:{int(command)}"
        if not gate.permit(caller, command) or not gate.limits.begin(caller, interface):
            raise Refused("QUOTE_RATE_LIMITED")
        try:
            async with gate.in_flight(caller):
                sender = HttpSender(request.principal, request.language)
                answer = self._handler.pull(sender, command, message)
                return plain(answer if isinstance(answer, Message) else await answer)
        finally:
            gate.limits.end(caller, interface)


def pull_endpoint(
    command: QuoteCommand,
) -> Callable[[Services, Request], Awaitable[dict[str, Any]]]:
    """Return the endpoint of one pull."""

    async def endpoint(services: Services, request: Request) -> dict[str, Any]:
        return await services.pulls.answer(request, command)

    return endpoint


def plain(message: Message) -> dict[str, Any]:
    """Return a message as an object of JSON: numbers as numbers, enums too, names in snake_case."""
    found: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.is_repeated:
            is_message = field.type == FieldDescriptor.TYPE_MESSAGE
            found[field.name] = [plain(one) for one in value] if is_message else list(value)
        elif field.type != FieldDescriptor.TYPE_MESSAGE:
            found[field.name] = value
        elif message.HasField(field.name):
            found[field.name] = plain(value)
    return found


def _body(request: Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(request.body, type=dict[str, Any]) if request.body else {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refused("QUOTE_BAD_REQUEST", "the body is no JSON object") from None
