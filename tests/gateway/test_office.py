"""The owner's desk behind the admin API: accounts, apps, tokens and what they may do; limits."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from portway.gateway.ports import AppRecord
from tests.gateway.http.test_trade import ORDER, data, filled_market, submit
from tests.gateway.world import ADMIN_SECRET, World, http, world


async def admin(w: World, verb: str, body: Any = None) -> tuple[int, Any]:
    raw = b"" if body is None else json.dumps(body).encode()
    method = "GET" if body is None else "POST"
    target = f"/admin/{ADMIN_SECRET}/{verb}"
    status, _, answer = await http(w.ports.http, method, target, {}, raw)
    return status, json.loads(answer)


async def done(w: World, verb: str, body: Any = None) -> Any:
    status, answer = await admin(w, verb, body)
    assert status == 200, answer
    return answer["data"]


def as_app(w: World, token: str, app: AppRecord | None = None) -> World:
    """The same world, for a client with another token."""
    start = replace(w.start, token=token, app=app or w.start.app)
    return replace(w, start=start)


async def test_an_account_is_opened_paid_and_used_with_a_token_of_its_own() -> None:
    async with world("none") as w:
        opened = await done(
            w, "accounts/open", {"name": "second", "kind": "margin", "deposits": {"HKD": "5000.5"}}
        )
        number = opened["account_no"]
        assert (opened["kind"], opened["cash"], opened["credit"]) == (
            "margin", {"HKD": "5000.5"}, "15001.5",
        )  # fmt: skip
        await done(w, "accounts/deposit", {"account_no": number, "currency": "USD", "amount": 7})
        paid = {"account_no": number, "currency": "HKD", "amount": "0.5"}
        after = await done(w, "accounts/withdraw", paid)
        assert after["cash"] == {"HKD": "5000", "USD": "7"}
        app = await done(w, "apps/create", {"name": "bot"})
        issued = await done(
            w, "tokens/issue", {"account_no": number, "app_key": app["app_key"], "seconds": 60}
        )
        record = AppRecord(app["app_key"], app["app_secret"], "bot")
        client = as_app(w, issued["access_token"], record)
        [balance] = (await data(client, "/v1/asset/account"))["list"]
        assert balance["max_finance_amount"] == "15163.8", "three times the money"
        assert [one["currency"] for one in balance["cash_infos"]] == ["HKD", "USD"]
        converted = await done(
            w,
            "accounts/convert",
            {"account_no": number, "sold": "HKD", "bought": "USD", "amount": "780"},
        )
        assert (converted["bought"], converted["cash"]["USD"]) == ("99.9", "106.9")
        listed = (await done(w, "accounts"))["accounts"]
        assert [one["account_no"] for one in listed] == sorted([w.account_no, number])


async def test_a_token_lives_as_long_as_it_was_told() -> None:
    async with world("none") as w:
        issued = await done(w, "tokens/issue", {"account_no": w.account_no, "seconds": 1})
        [record] = [
            one for one in (await done(w, "tokens"))["tokens"] if one["token"] == issued["token"]
        ]
        assert record["state"] == "valid"
        kept = w.identity.tokens_by_digest
        digest = next(one for one in kept if one.startswith(issued["token"]))
        kept[digest] = replace(kept[digest], expires_at=kept[digest].issued_at - 1)
        status, answer = await as_app(w, issued["access_token"]).call("GET", "/v1/asset/account")
        assert (status, answer["code"]) == (401, 401003)
        states = {one["token"]: one["state"] for one in (await done(w, "tokens"))["tokens"]}
        assert states[issued["token"]] == "expired"


@pytest.mark.covers("error 403000")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_read_only_token_asks_and_never_trades(method: str) -> None:
    async with world("none") as w:
        filled_market(w)
        body = {"account_no": w.account_no, "is_read_only": True}
        reader = as_app(w, (await done(w, "tokens/issue", body))["access_token"])
        order_id = await submit(w, submitted_price="500.5")
        target = "/v1/trade/order"
        wish: Any = {**ORDER, "order_id": order_id, "quantity": "100"}
        if method == "DELETE":
            target, wish = f"{target}?order_id={order_id}", None
        status, answer = await reader.call(method, target, wish)
        assert (status, answer["code"]) == (403, 403000)
        [order] = (await data(reader, "/v1/trade/order/today"))["orders"]
        assert order["status"] == "NewStatus"
        renewed = (await data(reader, "/v1/token/refresh"))["token"]
        status, answer = await as_app(w, renewed).call(method, target, wish)
        assert status == 403, "what it is exchanged for may not more"


async def test_a_revoked_token_is_refused_at_once() -> None:
    async with world("none") as w:
        issued = await done(w, "tokens/issue", {"account_no": w.account_no})
        client = as_app(w, issued["access_token"])
        await data(client, "/v1/asset/account")
        revoked = await done(w, "tokens/revoke", {"token": issued["token"]})
        assert revoked["state"] == "revoked"
        status, answer = await client.call("GET", "/v1/asset/account")
        assert (status, answer["code"]) == (401, 401004)
        for mark in ("", "zz", issued["token"] + "0000000000000000"):
            status, answer = await admin(w, "tokens/revoke", {"token": mark})
            assert (status, answer["code"]) == (400, 602001), mark


async def test_without_the_developer_verification_every_call_is_refused() -> None:
    async with world("none") as w:
        await data(w, "/v1/asset/account")
        wish = {"account_no": w.account_no, "is_verified": False}
        assert not (await done(w, "accounts/verify", wish))["is_verified"]
        status, answer = await w.call("GET", "/v1/asset/account")
        assert (status, answer["message"]) == (400, "User authentication failed")
        await done(w, "accounts/verify", {**wish, "is_verified": True})
        await data(w, "/v1/asset/account")


@pytest.mark.covers("error 409000")
async def test_a_closed_account_loses_its_tokens_and_a_reset_one_keeps_its_history() -> None:
    async with world("none") as w:
        filled_market(w)
        await submit(w)
        reset = await done(
            w, "accounts/reset", {"account_no": w.account_no, "deposits": {"HKD": "9"}}
        )
        assert reset["cash"] == {"HKD": "9"}
        assert (await data(w, "/v1/asset/stock"))["list"][0]["stock_info"] == []
        assert len((await data(w, "/v1/trade/execution/today"))["trades"]) == 1
        flow = (await data(w, "/v1/asset/cashflow?start_time=0&end_time=9999999999"))["list"]
        assert [row["transaction_flow_name"] for row in flow][:2] == ["Deposit", "Account Reset"]
        status, answer = await admin(w, "accounts/close", {"account_no": w.account_no})
        assert (status, answer["code"]) == (409, 409000)
        await done(
            w, "accounts/withdraw", {"account_no": w.account_no, "currency": "HKD", "amount": "9"}
        )
        assert (await done(w, "accounts/close", {"account_no": w.account_no}))["closed_at"]
        status, answer = await w.call("GET", "/v1/asset/account")
        assert (status, answer["code"]) == (401, 401004)


PAID = {"account_no": "PT10000001", "currency": "HKD", "amount": "1"}


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("accounts/open", {"kind": "gold"}),
        ("accounts/open", {"name": ""}),
        ("accounts/open", {"account_no": "a b"}),
        ("accounts/open", {"currency": "EUR"}),
        ("accounts/open", {"deposits": {"HKD": "-1"}}),
        ("accounts/open", {"deposits": {"EUR": "1"}}),
        ("accounts/open", {"deposits": {"HKD": 1.5}}),
        ("accounts/open", {"deposits": {"HKD": "0.001"}}),
        ("accounts/open", {"deposits": {"HKD": "9999999999999999999999999999"}}),
        ("accounts/open", {"kind": "margin", "finance_max": "1000000000000000.01"}),
        ("accounts/deposit", {**PAID, "amount": "1000000000000001"}),
        ("accounts/open", {"name": "a\x1b[31m"}),
        ("accounts/open", {"name": "a\u202eb"}),
        ("apps/create", {"name": "a\nb"}),
        ("accounts/deposit", {**PAID, "note": "x" * 256}),
        ("accounts/deposit", {**PAID, "note": "\x1b]0;mine\x07"}),
        ("accounts/withdraw", {**PAID, "note": "x" * 256}),
        ("accounts/open", {"finance_max": "x"}),
        ("accounts/deposit", {"account_no": "NOBODY", "currency": "HKD", "amount": "1"}),
        ("accounts/deposit", {"currency": "HKD", "amount": "1"}),
        ("accounts/convert", {"account_no": "X", "sold": "HKD", "bought": "X", "amount": "1"}),
        ("accounts/reset", {"account_no": "NOBODY"}),
        ("accounts/verify", {"account_no": "NOBODY", "is_verified": True}),
        ("apps/create", {"name": ""}),
        ("tokens/issue", {"account_no": "NOBODY"}),
    ],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(verb: str, body: Any) -> None:
    async with world("none") as w:
        before = await done(w, "accounts")
        status, answer = await admin(w, verb, body)
        assert (status, answer["code"]) == (400, 602001), answer
        assert await done(w, "accounts") == before


async def test_answers_say_what_is_left_of_the_limit_and_when_more_frees() -> None:
    """30 calls in 30 seconds, told with every answer and to the owner."""
    async with world() as w:
        left = []
        for _ in range(31):
            target = "/v1/asset/account"
            signed = w.headers("GET", target)
            status, headers, _ = await http(w.ports.http, "GET", target, signed)
            assert headers["x-ratelimit-limit"] == "30"
            assert 28 <= int(headers["x-ratelimit-reset"]) <= 30
            left.append((status, int(headers["x-ratelimit-remaining"])))
        assert left == [(200, 29 - n) for n in range(30)] + [(429, 0)]
        report = await done(w, "limits")
        assert report["profile"] == "service"
        [caller] = report["callers"]
        assert (caller["trade"]["limit"], caller["trade"]["remaining"]) == (30, 0)
        assert 0 < caller["trade"]["frees_in_s"] <= 30
    async with world("none") as w:
        _, headers, _ = await http(w.ports.http, "GET", target, w.headers("GET", target))
        assert "x-ratelimit-limit" not in headers


async def test_the_desk_is_the_owners_alone() -> None:
    async with world("none") as w:
        status, _, body = await http(w.ports.http, "GET", "/admin/wrong/accounts", {})
        assert (status, json.loads(body)["code"]) == (404, 404000)
