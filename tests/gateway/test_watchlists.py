"""Watchlists as values: what every change leaves, whatever came before; and who keeps them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.gateway.errors import Refused
from portway.gateway.watchlists import (
    ALL_ID,
    FIRST_ID,
    GROUP_NAME_CHARS_MAX,
    GROUPS_MAX,
    WATCHED_MAX,
    Watched,
    Watchlist,
    Watchlists,
)
from portway.model.symbol import Symbol
from portway.trading.ports import WriteFailed
from tests.gateway.world import MemoryDocuments

SYMBOLS = [Symbol(f"{number}.HK") for number in range(1, 7)]
some = st.lists(st.sampled_from(SYMBOLS), max_size=4)
CHANGES = ("create", "add", "remove", "put_in_place", "delete", "purge", "pin", "unpin", "rename")
any_change = st.tuples(st.sampled_from(CHANGES), st.integers(0, 5), some)


def noted(symbols: list[Symbol]) -> dict[Symbol, Watched]:
    return {one: Watched("1.000", 7) for one in symbols}


def changed(watchlist: Watchlist, change: tuple[str, int, list[Symbol]]) -> Watchlist:
    """The list after one drawn change; one that is refused leaves it as it was."""
    what, number, symbols = change
    group_id = ALL_ID if number == 5 else FIRST_ID + number
    try:
        match what:
            case "create":
                return watchlist.create(f"group {number}", noted(symbols))
            case "rename":
                return watchlist.rename(group_id, f"name {number} {len(symbols)}")
            case "add":
                return watchlist.add(group_id, noted(symbols))
            case "put_in_place":
                return watchlist.put_in_place(group_id, noted(symbols))
            case "remove":
                return watchlist.remove(group_id, symbols)
            case "delete" | "purge":
                return watchlist.delete(group_id, purge=what == "purge")
            case "pin":
                return watchlist.pin(symbols)
            case _:
                return watchlist.unpin(symbols)
    except Refused:
        return watchlist


def refusal(call: object, *arguments: object, **options: object) -> str:
    assert callable(call)
    with pytest.raises(Refused) as refused:
        call(*arguments, **options)
    return refused.value.reason


@given(changes=st.lists(any_change, max_size=25))
def test_whatever_is_grouped_or_pinned_is_watched_and_nothing_stands_twice(
    changes: list[tuple[str, int, list[Symbol]]],
) -> None:
    watchlist = Watchlist()
    for change in changes:
        watchlist = changed(watchlist, change)
        watched = set(watchlist.watched)
        assert set(watchlist.pinned) <= watched
        assert all(set(one.symbols) <= watched for one in watchlist.groups)
        for group in watchlist.shown():
            assert len(set(group.symbols)) == len(group.symbols)
            top = [one for one in watchlist.pinned if one in group.symbols]
            assert list(group.symbols[: len(top)]) == top
        names = [one.name for one in watchlist.shown()]
        assert len(set(names)) == len(names)
        assert set(watchlist.shown()[0].symbols) == watched
        assert all(one.group_id < watchlist.next_id for one in watchlist.groups)


def test_a_number_is_never_given_twice() -> None:
    watchlist = Watchlist().create("one", {}).delete(FIRST_ID, purge=False).create("two", {})
    assert [one.group_id for one in watchlist.groups] == [FIRST_ID + 1]


def test_who_leaves_a_group_stays_watched_until_it_leaves_the_group_of_all() -> None:
    watchlist = Watchlist().create("mine", noted(SYMBOLS[:3]))
    watchlist = watchlist.remove(FIRST_ID, SYMBOLS[:1]).put_in_place(FIRST_ID, noted(SYMBOLS[4:5]))
    assert watchlist.groups[0].symbols == (SYMBOLS[4],)
    assert list(watchlist.watched) == [*SYMBOLS[:3], SYMBOLS[4]]
    assert list(watchlist.delete(FIRST_ID, purge=False).watched) == list(watchlist.watched)
    assert list(watchlist.delete(FIRST_ID, purge=True).watched) == SYMBOLS[:3]
    gone = watchlist.remove(ALL_ID, [SYMBOLS[4]])
    assert SYMBOLS[4] not in gone.watched
    assert gone.groups[0].symbols == ()
    only = watchlist.put_in_place(ALL_ID, noted(SYMBOLS[4:6]))
    assert list(only.watched) == [SYMBOLS[4], SYMBOLS[5]]


def test_a_symbol_keeps_the_price_and_time_at_which_it_was_first_added() -> None:
    watchlist = Watchlist().create("one", {SYMBOLS[0]: Watched("5.000", 1)})
    watchlist = watchlist.create("two", {SYMBOLS[0]: Watched("6.000", 2)})
    assert watchlist.watched[SYMBOLS[0]] == Watched("5.000", 1)


def test_what_is_not_possible_is_refused_by_name() -> None:
    watchlist = Watchlist().create("mine", noted(SYMBOLS[:1])).create("other", {})
    assert refusal(watchlist.create, "mine", {}) == "WATCHLIST_NAME_TAKEN"
    assert refusal(watchlist.create, "all", {}) == "WATCHLIST_NAME_TAKEN"
    assert refusal(watchlist.rename, FIRST_ID, "other") == "WATCHLIST_NAME_TAKEN"
    assert watchlist.rename(FIRST_ID, "mine") == watchlist
    for name in ("", "  ", "x" * (GROUP_NAME_CHARS_MAX + 1)):
        assert refusal(watchlist.create, name, {}) == "WATCHLIST_NAME_INVALID"
    assert refusal(watchlist.rename, 7, "x") == "WATCHLIST_GROUP_UNKNOWN"
    assert refusal(watchlist.add, 7, {}) == "WATCHLIST_GROUP_UNKNOWN"
    assert refusal(watchlist.remove, 7, []) == "WATCHLIST_GROUP_UNKNOWN"
    assert refusal(watchlist.delete, 7, purge=True) == "WATCHLIST_GROUP_UNKNOWN"
    assert refusal(watchlist.delete, ALL_ID, purge=True) == "WATCHLIST_GROUP_FIXED"
    assert refusal(watchlist.rename, ALL_ID, "x") == "WATCHLIST_GROUP_FIXED"
    assert refusal(watchlist.pin, SYMBOLS[1:2]) == "WATCHLIST_NOT_WATCHED"


def test_a_watchlist_has_a_most() -> None:
    watchlist = Watchlist()
    for number in range(GROUPS_MAX):
        watchlist = watchlist.create(f"group {number}", {})
    assert refusal(watchlist.create, "one more", {}) == "WATCHLIST_FULL"
    many = noted([Symbol(f"{number}.HK") for number in range(WATCHED_MAX)])
    watchlist = watchlist.add(ALL_ID, many)
    assert refusal(watchlist.add, ALL_ID, noted([Symbol("one.HK")])) == "WATCHLIST_FULL"


async def test_changes_at_the_same_time_are_made_one_after_the_other() -> None:
    documents = MemoryDocuments()
    watchlists = Watchlists(documents)
    await asyncio.gather(
        *(watchlists.change("A", lambda one, n=n: one.create(f"g{n}", {})) for n in range(20))
    )
    assert {one.name for one in (await watchlists.of("A")).groups} == {f"g{n}" for n in range(20)}
    assert (await Watchlists(documents).of("A")).groups == (await watchlists.of("A")).groups
    assert (await watchlists.of("B")).groups == ()


async def test_a_change_that_cannot_be_kept_changes_nothing() -> None:
    documents = MemoryDocuments()
    watchlists = Watchlists(documents)
    await watchlists.change("A", lambda one: one.create("mine", {}))
    documents.is_full = True
    with pytest.raises(WriteFailed):
        await watchlists.change("A", lambda one: one.create("other", {}))
    assert [one.name for one in (await watchlists.of("A")).groups] == ["mine"]
