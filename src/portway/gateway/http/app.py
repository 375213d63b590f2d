"""The HTTP app: from a request to an envelope, the same way for every endpoint.

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
from collections.abc import Mapping
from math import ceil

import msgspec
from prometheus_client import CollectorRegistry

from portway.gateway.errors import Refused
from portway.gateway.http.admin import AdminApi
from portway.gateway.http.health import METRICS_CONTENT_TYPE, health_report, metrics_text
from portway.gateway.http.messages import Answer, ClientGone, RequestBody, RequestHead
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

__all__ = ["HttpApp"]

log = logging.getLogger(__name__)


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

    async def respond(self, head: RequestHead, body: RequestBody) -> Answer | None:
        """Return the answer to any request, whatever happens while it is made.

        None: its sender has gone before it was complete.
        """
        name = "unknown"
        trace_id = f"{self._traces.getrandbits(128):032x}"
        try:
            path = head.raw_path.decode("latin-1")
            route = ROUTES.get((head.method, path))
            if route is not None:
                name = route.name
                # Before the body: nothing that a stranger sends is kept in memory.
                known = await self._services.identity.recognise(head.headers)
                answer = await self._call(route, head, await body.read(), known)
            else:
                answer = await self._call_open(head, path, body)
        except Refused as refused:
            answer = _refusal(refused, head.headers)
        except ClientGone:
            return None
        except WriteFailed as error:
            log.error("%s could not be written: %s", name, error, extra={"trace_id": trace_id})
            certain = isinstance(error, NothingWritten)
            reason = "STORAGE_UNAVAILABLE" if certain else "OUTCOME_UNKNOWN"
            answer = _refusal(Refused(reason), head.headers)
        except Exception:
            log.exception("request failed", extra={"trace_id": trace_id, "route": name})
            self._stats.defects += 1
            answer = _refusal(Refused("INTERNAL_ERROR"), head.headers)
        self._stats.requests[(name, str(answer.status))] += 1
        answer.trace_id = trace_id
        return answer

    async def _call(
        self, route: Route, head: RequestHead, body: bytes, known: Recognised
    ) -> Answer:
        """Call an endpoint for whoever signed the request."""
        services, headers = self._services, head.headers
        principal = services.identity.authenticate(
            known, route.method, head.raw_path, head.raw_query, body, headers
        )
        request = Request(
            method=route.method,
            path=route.path,
            headers=headers,
            query=parse_query(head.raw_query),
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
        caller, interface = principal.caller, route.name
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

    async def _call_open(self, head: RequestHead, path: str, body: RequestBody) -> Answer:
        """Call what needs no account: health, metrics, and the admin API with its secret."""
        method = head.method
        if method == "GET" and path == "/healthz":
            is_well, report = await health_report(self._health)
            if is_well:
                return Answer(200, success_bytes(msgspec.json.encode(report)))
            envelope = {"code": 503000, "message": "failing", "data": report}
            return Answer(503, msgspec.json.encode(envelope))
        if method == "GET" and path == "/metrics":
            return Answer(200, metrics_text(self._registry), METRICS_CONTENT_TYPE)
        if method == "GET" and path.startswith(STATEMENT_PATH):
            document = await open_statement(self._services, path, parse_query(head.raw_query))
            return Answer(200, msgspec.json.encode(document))
        if path.startswith("/admin/"):
            return await self._call_admin(head, path, body)
        raise Refused("PATH_NOT_FOUND")

    async def _call_admin(self, head: RequestHead, path: str, body: RequestBody) -> Answer:
        secret, _, verb = path.removeprefix("/admin/").partition("/")
        is_owner = hmac.compare_digest(secret.encode("latin-1"), self._admin_secret)
        endpoint = self._admin.routes.get((head.method, verb))
        if not is_owner or not self._admin_secret or endpoint is None:
            raise Refused("PATH_NOT_FOUND")
        request = Request(
            method=head.method,
            path=verb,
            headers=head.headers,
            query=parse_query(head.raw_query),
            body=await body.read(),
            principal=None,
            language=pick_language(_accept_language(head.headers)),
        )
        return Answer(200, success_bytes(msgspec.json.encode(await endpoint(request))))


def _accept_language(headers: Mapping[str, bytes]) -> str:
    return headers.get("accept-language", b"").decode("latin-1")


def _refusal(refused: Refused, headers: Mapping[str, bytes]) -> Answer:
    language = pick_language(_accept_language(headers))
    status, envelope = failure(refused.reason, language, refused.detail)
    close = refused.reason == "REQUEST_TOO_LARGE"
    return Answer(status, msgspec.json.encode(envelope), close=close)
