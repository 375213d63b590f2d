"""The ASGI app: from raw bytes to an envelope, the same way for every endpoint.

Order of the checks: path, key and token, size, signature, rate, then the endpoint. The signature
covers the request line exactly as it travelled, so the raw path and query are used, never decoded
ones. Every answer is an envelope with a trace id; what a client reads of a defect is "internal
error" and the id under which it stands in the log.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from math import ceil
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry

from portway.gateway.errors import Refused
from portway.gateway.http.admin import AdminApi
from portway.gateway.http.health import METRICS_CONTENT_TYPE, health_report, metrics_text
from portway.gateway.http.request import Request, parse_query
from portway.gateway.http.routes import ROUTES, LimitClass, Route
from portway.gateway.http.services import Services
from portway.gateway.http.statements import STATEMENT_PATH, open_statement
from portway.gateway.identity import Recognised
from portway.gateway.limits import Caller
from portway.gateway.ports import HealthCheck
from portway.gateway.stats import GatewayStats
from portway.trading.ports import NothingWritten, WriteFailed
from portway.wire.envelope import failure, pick_language, success_bytes
from portway.wire.signature import last_values

__all__ = ["BODY_BYTES_MAX", "HttpApp"]

BODY_BYTES_MAX: Final = 1 << 20
DISCARDED_BYTES_MAX: Final = 16 << 20  # of a body that is too long, so that its sender sees why

_JSON = b"application/json; charset=utf-8"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger(__name__)


class ClientGone(Exception):
    """The client hung up before its request was complete: there is nobody to answer."""


class Answer(msgspec.Struct, frozen=True):
    """A response before it is written.

    Attributes:
        close: End the connection after it: the rest of the request was not read.
        headers: Beyond those of every answer.
    """

    status: int
    body: bytes
    content_type: bytes = _JSON
    close: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()


class HttpApp:
    """The HTTP API.

    Args:
        admin_secret: Part of the path of the admin API.
        registry: What `/metrics` shows.
    """

    def __init__(
        self,
        services: Services,
        *,
        admin: AdminApi,
        admin_secret: str,
        health: HealthCheck,
        registry: CollectorRegistry,
        stats: GatewayStats,
    ) -> None:
        self._services = services
        self._admin = admin
        self._admin_secret = admin_secret.encode()
        self._health = health
        self._registry = registry
        self._stats = stats
        # Names an answer in the log and guards nothing: the system need not be asked for each.
        self._traces = random.Random(secrets.randbits(256))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        assert scope["type"] == "http"
        trace_id = f"{self._traces.getrandbits(128):032x}"
        headers = last_values(scope["headers"])
        try:
            answer = await self._answer(scope, headers, receive, trace_id)
        except ClientGone:
            return
        await _write(send, answer, trace_id)

    async def _answer(
        self, scope: Scope, headers: Mapping[str, bytes], receive: Receive, trace_id: str
    ) -> Answer:
        """Return the answer to any request, whatever happens while it is made."""
        name = "unknown"
        try:
            raw_path, raw_query = scope["raw_path"], scope["query_string"]
            method, path = scope["method"], raw_path.decode("latin-1")
            route = ROUTES.get((method, path))
            if route is not None:
                name = f"{method} {path}"
                # Before the body: nothing that a stranger sends is kept in memory.
                known = await self._services.identity.recognise(headers)
                body = await _read_body(receive)
                answer = await self._call(route, raw_path, raw_query, headers, body, known)
            else:
                answer = await self._call_open(method, path, raw_query, headers, receive)
        except Refused as refused:
            answer = _refusal(refused, headers)
        except (ClientGone, asyncio.CancelledError):
            raise
        except WriteFailed as error:
            log.error("%s could not be written: %s", name, error, extra={"trace_id": trace_id})
            certain = isinstance(error, NothingWritten)
            reason = "STORAGE_UNAVAILABLE" if certain else "OUTCOME_UNKNOWN"
            answer = _refusal(Refused(reason), headers)
        except Exception:
            log.exception("request failed", extra={"trace_id": trace_id, "route": name})
            self._stats.defects += 1
            answer = _refusal(Refused("INTERNAL_ERROR"), headers)
        self._stats.requests[(name, str(answer.status))] += 1
        return answer

    async def _call(
        self,
        route: Route,
        raw_path: bytes,
        raw_query: bytes,
        headers: Mapping[str, bytes],
        body: bytes,
        known: Recognised,
    ) -> Answer:
        """Call an endpoint for whoever signed the request."""
        services = self._services
        principal = services.identity.authenticate(
            known, route.method, raw_path, raw_query, body, headers
        )
        request = Request(
            method=route.method,
            path=route.path,
            headers=headers,
            query=parse_query(raw_query),
            body=body,
            principal=principal,
            language=pick_language(_accept_language(headers)),
        )
        changes = route.method != "GET" and route.limit is not LimitClass.PULL
        if principal.is_read_only and changes:
            raise Refused("TOKEN_READ_ONLY")
        if route.limit is not LimitClass.TRADE:
            data = await route.endpoint(services, request)
            return Answer(200, success_bytes(msgspec.json.encode(data)))
        caller, interface = principal.caller, f"{route.method} {route.path}"
        hold_s = services.limits.permit_trade_call(caller, services.steady())
        left = self._left(caller)
        if hold_s is None or not services.limits.begin(caller, interface):
            refused = _refusal(Refused("RATE_LIMITED"), headers)
            return msgspec.structs.replace(refused, headers=left)
        try:
            if hold_s > 0:
                await asyncio.sleep(hold_s)
            data = await route.endpoint(services, request)
        finally:
            services.limits.end(caller, interface)
        return Answer(200, success_bytes(msgspec.json.encode(data)), headers=left)

    def _left(self, caller: Caller) -> tuple[tuple[bytes, bytes], ...]:
        """Return the headers that say what is left of the trade limit, and when more frees."""
        services = self._services
        room = services.limits.trade_room(caller, services.steady())
        if room is None:
            return ()
        return (
            (b"x-ratelimit-limit", str(room.limit).encode()),
            (b"x-ratelimit-remaining", str(room.remaining).encode()),
            (b"x-ratelimit-reset", str(ceil(room.frees_in_s)).encode()),
        )

    async def _call_open(
        self,
        method: str,
        path: str,
        raw_query: bytes,
        headers: Mapping[str, bytes],
        receive: Receive,
    ) -> Answer:
        """Call what needs no account: health, metrics, and the admin API with its secret."""
        if method == "GET" and path == "/healthz":
            is_well, report = await health_report(self._health)
            if is_well:
                return Answer(200, success_bytes(msgspec.json.encode(report)))
            envelope = {"code": 503000, "message": "failing", "data": report}
            return Answer(503, msgspec.json.encode(envelope))
        if method == "GET" and path == "/metrics":
            return Answer(200, metrics_text(self._registry), METRICS_CONTENT_TYPE)
        if method == "GET" and path.startswith(STATEMENT_PATH):
            document = await open_statement(self._services, path, parse_query(raw_query))
            return Answer(200, msgspec.json.encode(document))
        if path.startswith("/admin/"):
            return await self._call_admin(method, path, raw_query, headers, receive)
        raise Refused("PATH_NOT_FOUND")

    async def _call_admin(
        self,
        method: str,
        path: str,
        raw_query: bytes,
        headers: Mapping[str, bytes],
        receive: Receive,
    ) -> Answer:
        secret, _, verb = path.removeprefix("/admin/").partition("/")
        is_owner = hmac.compare_digest(secret.encode("latin-1"), self._admin_secret)
        endpoint = self._admin.routes.get((method, verb))
        if not is_owner or not self._admin_secret or endpoint is None:
            raise Refused("PATH_NOT_FOUND")
        request = Request(
            method=method,
            path=verb,
            headers=headers,
            query=parse_query(raw_query),
            body=await _read_body(receive),
            principal=None,
            language=pick_language(_accept_language(headers)),
        )
        return Answer(200, success_bytes(msgspec.json.encode(await endpoint(request))))


def _accept_language(headers: Mapping[str, bytes]) -> str:
    return headers.get("accept-language", b"").decode("latin-1")


def _refusal(refused: Refused, headers: Mapping[str, bytes]) -> Answer:
    language = pick_language(_accept_language(headers))
    status, envelope = failure(refused.reason, language, refused.detail)
    close = refused.reason == "REQUEST_TOO_LARGE"
    return Answer(status, msgspec.json.encode(envelope), close=close)


async def _read_body(receive: Receive) -> bytes:
    """Return the whole body.

    A body that is too long is read on and thrown away up to a bound: a client that is still sending
    when its connection closes never sees the answer.

    Raises:
        Refused: If it is too long.
        ClientGone: If the connection ended before it did; the listener ends those that take long.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size <= BODY_BYTES_MAX:
            parts.append(part)
        else:
            parts.clear()
        is_last = not message.get("more_body", False)
        if size > BODY_BYTES_MAX and (is_last or size > DISCARDED_BYTES_MAX):
            raise Refused("REQUEST_TOO_LARGE")
        if is_last:
            return b"".join(parts)


async def _write(send: Send, answer: Answer, trace_id: str) -> None:
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-trace-id", trace_id.encode()),
        *answer.headers,
    ]
    if answer.close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    """Start and stop with the server; there is nothing to prepare."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
