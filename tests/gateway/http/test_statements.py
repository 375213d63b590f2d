"""Statements: the list, the short-lived address, and a document that adds up."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from portway.model.symbol import Market
from portway.trading.statements import period_of_key
from tests.gateway.http.test_trade import data, filled_market, submit
from tests.gateway.world import World, http, world

TODAY = "daily-20260105"


async def download(w: World, key: str) -> Any:
    url = urlsplit((await data(w, f"/v1/statement/download?file_key={key}"))["url"])
    assert (url.scheme, url.netloc) == ("http", "localhost")
    status, headers, body = await http(w.ports.http, "GET", f"{url.path}?{url.query}", {})
    assert (status, headers["content-type"]) == (200, "application/json; charset=utf-8")
    return json.loads(body)


def next_day(w: World, days: int = 1) -> None:
    w.quotes.clock[Market.HK] += timedelta(days=days)


async def test_a_day_is_listed_when_it_is_over_and_its_document_adds_up() -> None:
    async with world("none") as w:
        filled_market(w)
        await submit(w)
        assert (await data(w, "/v1/statement/list"))["list"] == []
        status, answer = await w.call("GET", f"/v1/statement/download?file_key={TODAY}")
        assert (status, answer["code"]) == (400, 602001), "the day is not over"
        next_day(w, 2)
        rows = (await data(w, "/v1/statement/list"))["list"]
        assert [row["dt"] for row in rows] == [20260106, 20260105]
        assert all(type(row["dt"]) is int for row in rows)
        paged = await data(w, "/v1/statement/list?statement_type=1&start_date=2&limit=1")
        assert [row["dt"] for row in paged["list"]] == [20260105]
        since = await data(w, "/v1/statement/list?start_date=20260106&limit=20")
        assert [row["dt"] for row in since["list"]] == [20260106]
        document = await download(w, rows[1]["file_key"])
        [cash] = [one for one in document["cash"] if one["currency"] == "HKD"]
        flow = sum(Decimal(row["amount"]) for row in document["cash_flow"])
        assert Decimal(cash["closing_balance"]) == Decimal(cash["opening_balance"]) + flow
        assert [one["symbol"] for one in document["trades"]] == ["700.HK"]
        assert document["holdings"] == [{"symbol": "700.HK", "quantity": "200"}]
        fees = sum(Decimal(one["amount"]) for one in document["fees"])
        assert flow == 1_000_000 - 200 * 601 - fees
        later = await download(w, rows[0]["file_key"])
        assert later["cash"][0]["opening_balance"] == cash["closing_balance"]
        assert (later["trades"], later["holdings"]) == ([], document["holdings"])


async def test_months_are_listed_by_their_last_day() -> None:
    async with world("none") as w:
        next_day(w, 40)
        rows = (await data(w, "/v1/statement/list?statement_type=2&start_date=1&limit=20"))["list"]
        assert rows == [{"dt": 20260131, "file_key": "monthly-202601"}]
        assert (await download(w, "monthly-202601"))["period"] == {
            "kind": "monthly", "first": "2026-01-01", "last": "2026-01-31",
        }  # fmt: skip


async def test_an_address_proves_itself_and_nothing_else() -> None:
    async with world("none") as w:
        next_day(w, 1)
        answer = await data(w, f"/v1/statement/download?file_key={TODAY}")
        url = urlsplit(answer["url"])
        expiry = url.query.partition("&")[0]
        for path, query in (
            (url.path, ""),
            (url.path, expiry),
            (url.path, f"{expiry}&signature=00"),
            (url.path, url.query.replace("expires=1", "expires=2")),
            (url.path.replace("20260105", "20260104"), url.query),
            (url.path.replace(w.account_no, "PT10000002"), url.query),
            ("/statements/", url.query),
            ("/statements/x/y.json", "expires=%FF&signature=%FF"),
        ):
            status, _, body = await http(w.ports.http, "GET", f"{path}?{query}", {})
            assert (status, json.loads(body)["code"]) == (404, 404000), (path, query)


@pytest.mark.parametrize("query", ["", "file_key=x", "file_key=daily-20261345", "file_key=daily-²"])
async def test_a_key_of_no_statement_is_refused(query: str) -> None:
    async with world("none") as w:
        target = f"/v1/statement/download?{query}".encode().decode("latin-1")
        status, answer = await w.call("GET", target)
        assert (status, answer["code"]) == (400, 602001)


def test_keys_name_periods() -> None:
    period = period_of_key("monthly-202402")
    assert period is not None
    assert (period.first, period.last, period.key) == (
        date(2024, 2, 1), date(2024, 2, 29), "monthly-202402",
    )  # fmt: skip
    for key in ("", "daily", "daily-", "daily-202601", "weekly-20260105", "monthly-99999913"):
        assert period_of_key(key) is None, key
