"""Watchlists over HTTP: types that every client reads, languages, refusals, other accounts."""

from __future__ import annotations

from typing import Any

import pytest

from portway.gateway.watchlists import ALL_ID, FIRST_ID
from tests.gateway.world import TENCENT, World, trade, world

GROUPS, PINNED = "/v1/watchlist/groups", "/v1/watchlist/pinned"


async def done(w: World, method: str, target: str, body: Any = None, **headers: str) -> Any:
    status, answer = await w.call(method, target, body, **headers)
    assert (status, answer["code"]) == (200, 0), answer
    return answer["data"]


async def groups(w: World, **headers: str) -> dict[str, list[dict[str, Any]]]:
    data = await done(w, "GET", GROUPS, **headers)
    return {one["name"]: one["securities"] for one in data["groups"]}


async def test_a_group_shows_what_each_symbol_was_when_it_was_added() -> None:
    async with world() as w:
        w.quotes.feed(trade(TENCENT, 1, "501.5"))
        body = {"name": "mine", "securities": ["700.HK", "600519.SH"]}
        assert await done(w, "POST", GROUPS, body) == {"id": str(FIRST_ID)}
        shown = await groups(w, **{"accept-language": "zh-CN"})
        assert list(shown) == ["all", "mine"]
        assert shown["all"] == shown["mine"]
        tencent, moutai = shown["mine"]
        at = int(w.quotes.now("HK").timestamp())  # type: ignore[arg-type]
        instrument = w.quotes.instrument("700.HK")
        assert instrument is not None
        assert tencent == {
            "symbol": "700.HK",
            "market": "HK",
            "name": instrument.name_cn,
            "watched_price": "501.500",
            "watched_at": str(at),
            "is_pinned": False,
        }
        assert moutai["market"] == "CN"


async def test_the_four_changes_and_both_ways_to_delete() -> None:
    async with world() as w:
        made = await done(w, "POST", GROUPS, {"name": "a", "securities": ["700.HK", "AAPL.US"]})
        number = int(made["id"])
        await done(w, "PUT", GROUPS, {"id": made["id"], "name": "b"})
        await done(w, "PUT", GROUPS, {"id": number, "securities": ["9988.HK"], "mode": "add"})
        await done(w, "PUT", GROUPS, {"id": number, "securities": ["700.HK"], "mode": "remove"})
        shown = await groups(w)
        assert [one["symbol"] for one in shown["b"]] == ["AAPL.US", "9988.HK"]
        await done(w, "PUT", GROUPS, {"id": number, "securities": ["5.HK"]})
        shown = await groups(w)
        assert [one["symbol"] for one in shown["b"]] == ["5.HK"]
        await done(w, "POST", PINNED, {"mode": "add", "securities": ["9988.HK"]})
        shown = await groups(w)
        top = shown["all"][0]
        assert (top["symbol"], top["is_pinned"]) == ("9988.HK", True)
        await done(w, "POST", PINNED, {"mode": "remove", "securities": ["9988.HK"]})
        await done(w, "DELETE", f"{GROUPS}?id={number}&purge=true")
        shown = await groups(w)
        assert list(shown) == ["all"]
        assert [one["symbol"] for one in shown["all"]] == ["700.HK", "AAPL.US", "9988.HK"]
        assert not any(one["is_pinned"] for one in shown["all"])


REFUSED: dict[str, tuple[str, str, Any]] = {
    "no name": ("POST", GROUPS, {}),
    "an empty name": ("POST", GROUPS, {"name": ""}),
    "a name that is no text": ("POST", GROUPS, {"name": 5}),
    "no JSON": ("POST", GROUPS, "x"),
    "an unlisted symbol": ("POST", GROUPS, {"name": "x", "securities": ["999999.HK"]}),
    "a symbol without a region": ("POST", GROUPS, {"name": "x", "securities": ["700"]}),
    "a name that is taken": ("POST", GROUPS, {"name": "all"}),
    "an unknown group": ("PUT", GROUPS, {"id": 77, "name": "x"}),
    "an id that is no number": ("PUT", GROUPS, {"id": "x", "name": "x"}),
    "an unknown mode": ("PUT", GROUPS, {"id": 77, "securities": [], "mode": "swap"}),
    "nothing to change": ("PUT", GROUPS, {"id": ALL_ID}),
    "a group to delete that is not there": ("DELETE", f"{GROUPS}?id=77&purge=false", None),
    "no id": ("DELETE", f"{GROUPS}?purge=false", None),
    "the group of all": ("DELETE", f"{GROUPS}?id={ALL_ID}&purge=true", None),
    "a purge that is neither": ("DELETE", f"{GROUPS}?id=77&purge=maybe", None),
    "a pin of what is not watched": ("POST", PINNED, {"mode": "add", "securities": ["700.HK"]}),
    "a pin of nothing": ("POST", PINNED, {"mode": "add", "securities": []}),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_a_wrong_request_is_refused_and_changes_nothing(what: str) -> None:
    method, target, body = REFUSED[what]
    async with world() as w:
        texts = set()
        for language in ("en", "zh-CN", "zh-HK"):
            headers = {"accept-language": language}
            status, answer = await w.call(method, target, body, **headers)
            assert (status, answer["code"]) == (400, 310010), answer
            texts.add(answer["message"])
        assert len(texts) == 3
        assert w.documents.bodies == {}


async def test_too_many_symbols_are_refused() -> None:
    async with world() as w:
        body = {"name": "x", "securities": [f"{number}.HK" for number in range(1001)]}
        status, answer = await w.call("POST", GROUPS, body)
        assert (status, answer["code"]) == (400, 310010)
