"""Watchlists: groups of symbols that an account keeps, as a value and its changes.

One group holds every symbol that is watched; the others hold some of them. Whoever leaves a group
stays watched until it leaves the group of all. Changes are pure and give a new value; `Watchlists`
reads and keeps it, one change of an account at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from portway.gateway.errors import Refused
from portway.gateway.ports import DocumentStore
from portway.model.symbol import Symbol

__all__ = [
    "ALL_ID",
    "GROUPS_MAX",
    "GROUP_NAME_CHARS_MAX",
    "WATCHED_MAX",
    "Group",
    "Watched",
    "Watchlist",
    "Watchlists",
]

ALL_ID: Final = 1
ALL_NAME: Final = "all"
FIRST_ID: Final = 28020  # of the groups that an account makes
GROUPS_MAX: Final = 100
WATCHED_MAX: Final = 1000  # symbols of one account; more are refused
GROUP_NAME_CHARS_MAX: Final = 64
KIND: Final = "watchlist"


class Watched(msgspec.Struct, frozen=True):
    """How a symbol came to be watched.

    Attributes:
        price: Latest price when it was added, as text; "" when there was none.
        at: When it was added, Unix seconds of the symbol's market.
    """

    price: str
    at: int


class Group(msgspec.Struct, frozen=True):
    """A named list of symbols, in the order in which they were added."""

    group_id: int
    name: str
    symbols: tuple[Symbol, ...] = ()


class Watchlist(msgspec.Struct, frozen=True):
    """Everything one account watches.

    Attributes:
        groups: The account's own groups, the oldest first.
        watched: Every symbol of every group, in the order in which they were first added.
        pinned: Symbols shown before the others, the latest pinned first.
        next_id: Of the group that is made next; numbers are never given twice.
    """

    groups: tuple[Group, ...] = ()
    watched: dict[Symbol, Watched] = {}
    pinned: tuple[Symbol, ...] = ()
    next_id: int = FIRST_ID

    def shown(self) -> tuple[Group, ...]:
        """Return the groups as they are listed: the group of all first, pinned symbols on top."""
        everything = Group(ALL_ID, ALL_NAME, tuple(self.watched))
        return tuple(self._pinned_first(one) for one in (everything, *self.groups))

    def create(self, name: str, added: Mapping[Symbol, Watched]) -> Watchlist:
        """Return the list with a new group of these symbols; its number is `next_id`."""
        self._check_name(name)
        if len(self.groups) >= GROUPS_MAX:
            raise Refused("WATCHLIST_FULL", f"{GROUPS_MAX} groups")
        group = Group(self.next_id, name, tuple(added))
        made = msgspec.structs.replace(self, groups=(*self.groups, group), next_id=self.next_id + 1)
        return made._watching(added)

    def rename(self, group_id: int, name: str) -> Watchlist:
        """Return the list with another name of a group."""
        group = self._own(group_id)
        if name == group.name:
            return self
        self._check_name(name)
        return self._with(msgspec.structs.replace(group, name=name))

    def add(self, group_id: int, added: Mapping[Symbol, Watched]) -> Watchlist:
        """Return the list with more symbols in a group; those it has stay where they are."""
        watching = self._watching(added)
        if group_id == ALL_ID:
            return watching
        group = self._own(group_id)
        symbols = tuple(dict.fromkeys((*group.symbols, *added)))
        return watching._with(msgspec.structs.replace(group, symbols=symbols))

    def remove(self, group_id: int, symbols: Iterable[Symbol]) -> Watchlist:
        """Return the list without some symbols of a group; of the group of all: nowhere at all."""
        gone = frozenset(symbols)
        if group_id == ALL_ID:
            return self._forget(gone)
        group = self._own(group_id)
        left = tuple(one for one in group.symbols if one not in gone)
        return self._with(msgspec.structs.replace(group, symbols=left))

    def put_in_place(self, group_id: int, symbols: Mapping[Symbol, Watched]) -> Watchlist:
        """Return the list with exactly these symbols in a group."""
        if group_id == ALL_ID:
            others = frozenset(self.watched) - frozenset(symbols)
            return self._forget(others)._watching(symbols)
        group = self._own(group_id)
        watching = self._watching(symbols)
        return watching._with(msgspec.structs.replace(group, symbols=tuple(symbols)))

    def delete(self, group_id: int, *, purge: bool) -> Watchlist:
        """Return the list without a group; with `purge` its symbols go from all of them."""
        group = self._own(group_id)
        left = tuple(one for one in self.groups if one.group_id != group_id)
        rest = msgspec.structs.replace(self, groups=left)
        return rest._forget(frozenset(group.symbols)) if purge else rest

    def pin(self, symbols: Iterable[Symbol]) -> Watchlist:
        """Return the list with these symbols above all others, the first one highest."""
        wanted = dict.fromkeys(symbols)
        for one in wanted:
            if one not in self.watched:
                raise Refused("WATCHLIST_NOT_WATCHED", one)
        kept = (one for one in self.pinned if one not in wanted)
        return msgspec.structs.replace(self, pinned=(*wanted, *kept))

    def unpin(self, symbols: Iterable[Symbol]) -> Watchlist:
        """Return the list with these symbols where they were before they were pinned."""
        gone = frozenset(symbols)
        kept = tuple(one for one in self.pinned if one not in gone)
        return msgspec.structs.replace(self, pinned=kept)

    # -- pieces ------------------------------------------------------------------------------

    def _own(self, group_id: int) -> Group:
        if group_id == ALL_ID:
            raise Refused("WATCHLIST_GROUP_FIXED")
        found = next((one for one in self.groups if one.group_id == group_id), None)
        if found is None:
            raise Refused("WATCHLIST_GROUP_UNKNOWN", str(group_id))
        return found

    def _check_name(self, name: str) -> None:
        if not 0 < len(name.strip()) <= GROUP_NAME_CHARS_MAX:
            raise Refused("WATCHLIST_NAME_INVALID", f"1 to {GROUP_NAME_CHARS_MAX}")
        if name in (ALL_NAME, *(one.name for one in self.groups)):
            raise Refused("WATCHLIST_NAME_TAKEN", name)

    def _with(self, group: Group) -> Watchlist:
        groups = tuple(group if one.group_id == group.group_id else one for one in self.groups)
        return msgspec.structs.replace(self, groups=groups)

    def _watching(self, added: Mapping[Symbol, Watched]) -> Watchlist:
        watched = {**added, **self.watched}  # who is watched already keeps price and time
        ordered = {one: watched[one] for one in dict.fromkeys((*self.watched, *added))}
        if len(ordered) > WATCHED_MAX:
            raise Refused("WATCHLIST_FULL", f"{WATCHED_MAX} symbols")
        return msgspec.structs.replace(self, watched=ordered)

    def _forget(self, gone: frozenset[Symbol]) -> Watchlist:
        return msgspec.structs.replace(
            self,
            groups=tuple(
                msgspec.structs.replace(
                    one, symbols=tuple(name for name in one.symbols if name not in gone)
                )
                for one in self.groups
            ),
            watched={one: how for one, how in self.watched.items() if one not in gone},
            pinned=tuple(one for one in self.pinned if one not in gone),
        )

    def _pinned_first(self, group: Group) -> Group:
        held = frozenset(group.symbols)
        top = tuple(one for one in self.pinned if one in held)
        symbols = tuple(dict.fromkeys((*top, *group.symbols)))
        return msgspec.structs.replace(group, symbols=symbols)


class Watchlists:
    """The watchlists of all accounts, durable."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._one_at_a_time = asyncio.Lock()

    async def of(self, account_no: str) -> Watchlist:
        """Return what an account watches; a new one watches nothing."""
        body = await self._documents.document(KIND, account_no)
        return Watchlist() if body is None else msgspec.json.decode(body, type=Watchlist)

    async def change(
        self, account_no: str, how: Callable[[Watchlist], Watchlist]
    ) -> tuple[Watchlist, Watchlist]:
        """Keep a change; returns the list before and after it.

        Raises:
            Refused: If `how` does.
            WriteFailed: If the change could not be kept.
        """
        async with self._one_at_a_time:
            before = await self.of(account_no)
            after = how(before)
            if after != before:
                body = msgspec.json.encode(after).decode()
                await self._documents.keep_document(KIND, account_no, body)
        return before, after
