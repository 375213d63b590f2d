"""What every HTTP answer has in common: envelope, trace id, credentials, limits, bounds."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portway.gateway.http.routes import ROUTES
from tests.gateway.world import http, http_raw, world

DRAWN = settings.get_profile(settings.get_current_profile_name()).max_examples
EXAMPLES = DRAWN if DRAWN > 1000 else 60  # each one starts a server


async def envelope(port: int, method: str, target: str, headers: Any, body: bytes = b"") -> Any:
    status, answered, raw = await http(port, method, target, headers, body)
    assert len(answered["x-trace-id"]) == 32
    assert answered["content-type"] == "application/json; charset=utf-8"
    answer = json.loads(raw)
    assert isinstance(answer["code"], int)
    assert isinstance(answer["message"], str)
    assert (answer["code"] == 0) == (status == 200)
    return status, answer


async def test_every_route_refuses_whoever_has_no_key() -> None:
    async with world() as w:
        for route in ROUTES.values():
            status, answer = await envelope(w.ports.http, route.method, route.path, {})
            assert (status, answer["code"]) == (403, 403203), route


async def test_unknown_paths_and_methods_are_404_with_credentials_or_without() -> None:
    async with world() as w:
        for method, target in (
            ("GET", "/"), ("GET", "/v1/nothing"), ("PATCH", "/v1/trade/order"),
            ("OPTIONS", "/v1/trade/order"), ("GET", "//v1/asset/account"),
            ("GET", "/v1/asset/account/"),
        ):  # fmt: skip
            for headers in ({}, w.headers(method, target)):
                status, answer = await envelope(w.ports.http, method, target, headers)
                assert (status, answer["code"]) == (404, 404000), target


async def test_a_bare_question_mark_is_an_empty_query() -> None:
    async with world() as w:
        assert (await w.call("GET", "/v1/trade/order/today?"))[0] == 200


async def test_the_signature_covers_the_raw_target_and_the_body() -> None:
    async with world() as w:
        target = "/v1/asset/stock?symbol=700%2EHK&symbol=AAPL.US"
        signed = w.headers("GET", target)
        assert (await envelope(w.ports.http, "GET", target, signed))[0] == 200
        decoded = target.replace("%2E", ".")
        status, answer = await envelope(w.ports.http, "GET", decoded, signed)
        assert (status, answer["code"]) == (403, 403201)
        body = b'{"symbol":"700.HK"}'
        signed = w.headers("POST", "/v1/trade/order", body)
        status, answer = await envelope(
            w.ports.http, "POST", "/v1/trade/order", signed, body + b" "
        )
        assert (status, answer["code"]) == (403, 403201)


async def test_the_last_of_a_duplicated_header_counts() -> None:
    async with world() as w:
        signed = w.headers("GET", "/v1/asset/account")
        lines = [f"{name}: {value}" for name, value in signed.items()]
        head = "\r\n".join(
            ["GET /v1/asset/account HTTP/1.1", "host: x", "X-API-KEY: other", *lines]
        )
        assert (await http_raw(w.ports.http, head.encode() + b"\r\n\r\n"))[0] == 200
        head += "\r\nx-api-key: other"
        assert (await http_raw(w.ports.http, head.encode() + b"\r\n\r\n"))[0] == 403


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"authorization": ""}, 401001),
        ({"authorization": "m_nobody"}, 401004),
        ({"x-timestamp": str(int(time.time()) - 4000)}, 403201),
        ({"x-timestamp": "soon"}, 403201),
        ({"x-api-signature": "HMAC-SHA256 SignedHeaders=x, Signature=00"}, 403201),
        ({"x-api-signature": ""}, 403201),
        ({"x-api-key": "0" * 32}, 403203),
    ],
)
async def test_bad_credentials_have_the_codes_of_the_reference(change: Any, code: int) -> None:
    async with world() as w:
        headers = {**w.headers("GET", "/v1/asset/account"), **change}
        status, answer = await envelope(w.ports.http, "GET", "/v1/asset/account", headers)
        assert (status, answer["code"]) == (code // 1000, code)


async def test_a_bearer_token_needs_no_signature() -> None:
    async with world() as w:
        headers = {
            "x-api-key": w.start.app.app_key,
            "authorization": f"Bearer {w.start.token}",
            "x-timestamp": str(int(time.time())),
        }
        assert (await envelope(w.ports.http, "GET", "/v1/asset/account", headers))[0] == 200


async def test_errors_are_in_the_callers_language() -> None:
    async with world() as w:
        texts = set()
        for language in ("en", "zh-CN", "zh-HK"):
            headers = {"accept-language": language}
            _, answer = await envelope(w.ports.http, "GET", "/v1/nothing", headers)
            texts.add(answer["message"])
        assert len(texts) == 3


async def test_identical_requests_within_one_second_are_all_served() -> None:
    async with world() as w:
        signed = w.headers("GET", "/v1/trade/order/today")
        for _ in range(3):
            assert (await http(w.ports.http, "GET", "/v1/trade/order/today", signed))[0] == 200


# ---------------------------------------------------------------------------------- limits


async def test_the_31st_trade_call_is_429_in_an_envelope_and_other_endpoints_go_on() -> None:
    async with world() as w:
        began = time.monotonic()
        codes = [(await w.call("GET", "/v1/trade/order/today"))[1]["code"] for _ in range(31)]
        assert codes == [0] * 30 + [429002]
        assert time.monotonic() - began >= 29 * 0.02
        status, answer = await w.call("GET", "/v1/asset/account")
        assert (status, answer["code"]) == (429, 429002)
        assert (await w.call("GET", "/v1/socket/token"))[0] == 200
        tool = {"x-portway-tool": "owner-secret"}
        assert (await w.call("GET", "/v1/asset/account", **tool))[0] == 200


async def test_as_published_calls_that_come_too_close_are_refused() -> None:
    async with world("published") as w:
        answers = await asyncio.gather(*(w.call("GET", "/v1/asset/account") for _ in range(5)))
        statuses = sorted(status for status, _ in answers)
        assert statuses[0] == 200
        assert statuses[-1] == 429


@pytest.mark.covers("error 500000")
async def test_an_endpoint_that_fails_answers_internal_error_and_nothing_more() -> None:
    async with world() as w:

        def broken(*args: Any) -> Any:
            raise RuntimeError("secret detail")

        w.trades.queries.positions = broken  # type: ignore[method-assign]
        status, answer = await w.call("GET", "/v1/asset/stock")
        assert (status, answer["code"]) == (500, 500000)
        assert "secret" not in json.dumps(answer)
        assert w.gateway.stats.defects == 1
        w.gateway.stats.defects = 0
        assert (await w.call("GET", "/v1/asset/stock?symbol=700.HK"))[0] == 500
        w.gateway.stats.defects = 0


# ---------------------------------------------------------------------------------- bounds


async def test_a_body_over_the_limit_is_refused_announced_or_not() -> None:
    async with world() as w:
        big = bytes((1 << 20) + 1)
        known = w.headers("POST", "/v1/trade/order")
        announced = await http(w.ports.http, "POST", "/v1/trade/order", known, big)
        chunk = b"20000\r\n" + bytes(0x20000) + b"\r\n"
        head = ["POST /v1/trade/order HTTP/1.1", "host: x", "transfer-encoding: chunked"]
        head += [f"{name}: {value}" for name, value in known.items()]
        raw = "\r\n".join(head).encode() + b"\r\n\r\n"
        unannounced = await http_raw(w.ports.http, raw + chunk * 9 + b"0\r\n\r\n")
        for status, headers, body in (announced, unannounced):
            assert (status, json.loads(body)["code"]) == (413, 413000)
            assert headers["connection"] == "close"
        stranger = await http(w.ports.http, "POST", "/v1/trade/order", {}, big)
        assert json.loads(stranger[2])["code"] == 403203


async def test_huge_heads_and_queries_are_refused() -> None:
    async with world() as w:
        query = "symbol=700.HK&" * 10_000
        raw = b"GET /v1/asset/stock?" + query.encode() + b" HTTP/1.1\r\nhost: x\r\n"
        assert (await http_raw(w.ports.http, raw + b"\r\n"))[0] == 413
        endless = b"GET / HTTP/1.1\r\nx-filler: " + b"a" * (200 << 10)
        assert (await http_raw(w.ports.http, endless))[0] == 413
        query = "&".join(f"status=s{i}" for i in range(2000))
        target = f"/v1/trade/order/today?{query}"
        status, answer = await w.call("GET", target)
        assert (status, answer["code"]) == (400, 602001)


async def test_what_is_not_http_is_answered_with_an_envelope() -> None:
    async with world() as w:
        for raw in (
            b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
        ):
            status, headers, body = await http_raw(w.ports.http, raw)
            assert status == 400
            assert json.loads(body)["code"] == 602001
            assert headers["x-trace-id"]


async def test_several_requests_on_one_connection_are_answered_in_order() -> None:
    async with world() as w:
        reader, writer = await asyncio.open_connection("127.0.0.1", w.ports.http)
        one = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
        two = b"GET /v1/nothing HTTP/1.1\r\nhost: x\r\n\r\n"
        writer.write(one + two + one)
        for status in (b"200", b"404", b"200"):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            assert head.split()[1] == status
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()


# ------------------------------------------------------------------------- health and admin


async def test_health_tells_the_parts_and_metrics_the_counters() -> None:
    async with world() as w:
        status, _, body = await http(w.ports.http, "GET", "/healthz", {})
        assert status == 200
        assert json.loads(body)["data"]["parts"] == {"journal": "ok", "market": "ok"}
        w.health.parts["journal"] = "disk full"
        status, _, body = await http(w.ports.http, "GET", "/healthz", {})
        assert status == 503
        assert json.loads(body)["data"]["parts"]["journal"] == "disk full"
        status, headers, body = await http(w.ports.http, "GET", "/metrics", {})
        assert (status, headers["content-type"][:10]) == (200, "text/plain")
        assert b'portway_http_requests_total{route="unknown",status="503"} 1.0' in body


async def test_the_admin_api_moves_the_clock_for_whoever_has_the_secret() -> None:
    async with world() as w:
        base = "/admin/owner-secret"

        async def post(verb: str, body: Any) -> Any:
            raw = json.dumps(body).encode() if not isinstance(body, bytes) else body
            return await envelope(w.ports.http, "POST", f"{base}/clock/{verb}", {}, raw)

        assert (await envelope(w.ports.http, "GET", f"{base}/clock", {}))[1]["data"]["mode"] == "at"
        for verb, body in (
            ("step", {"seconds": 5}), ("jump", {"to": "2026-01-05T09:30:00+08:00"}),
            ("pause", {}), ("resume", {}), ("speed", {"speed": 2.5}),
        ):  # fmt: skip
            assert (await post(verb, body))[0] == 200
        assert [verb for verb, _ in w.clock.told] == ["step", "jump", "pause", "resume", "speed"]
        for verb, body in (
            ("step", {"seconds": -1}), ("step", {}), ("step", {"seconds": True}), ("step", b"[1]"),
            ("jump", {"to": 5}), ("speed", {"speed": "fast"}), ("step", b"{"),
        ):  # fmt: skip
            status, answer = await post(verb, body)
            assert (status, answer["code"]) == (400, 602001), body
        status, answer = await envelope(w.ports.http, "GET", f"{base}/status", {})
        assert answer["data"]["limits"] == "service"
        for path in ("/admin/wrong/clock", "/admin//clock", "/admin/owner-secret/x", "/admin/"):
            assert (await envelope(w.ports.http, "GET", path, {}))[0] == 404


@pytest.mark.fuzz
@settings(max_examples=EXAMPLES)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    route=st.sampled_from(sorted({route.path for route in ROUTES.values()})),
    query=st.text("abcsymbolpage=&%0123456789.+-é日", max_size=60),
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["symbol", "order_type", "side", "submitted_quantity", "order_id",
                                 "time_in_force", "submitted_price", "expire_date", "remark"]),
                inner, max_size=9,
            ),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode()),
    ),
)  # fmt: skip
def test_any_signed_request_is_answered_by_code(
    method: str, route: str, query: str, body: bytes
) -> None:
    async def run() -> None:
        async with world("none") as w:
            target = f"{route}?{query}".encode().decode("latin-1")
            raw = b"" if method in ("GET", "DELETE") else body
            status, answer = await envelope(
                w.ports.http, method, target, w.headers(method, target, raw), raw
            )
            assert status in (200, 400, 403, 404), answer

    asyncio.run(run())
