"""Who gets what: subscriptions by symbol and kind, and what a slow reader's pushes merge into.

Pure bookkeeping over opaque subscribers. Per symbol and kind there is a list of subscribers, so
that a push costs only those who asked for it. Subscriptions belong to a connection and end with it;
nothing is carried over to the connection that resumes its session, because every client subscribes
again by itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from portway.model.quote import SubType
from portway.model.symbol import Symbol
from portway.quotes.changes import QuoteChange, merge_changes

__all__ = ["Backlog", "Shown", "Subscriptions", "Topic"]

S = TypeVar("S", bound=Hashable)


@dataclass(slots=True)
class Shown:
    """How many positions of each side the receivers were shown last."""

    asks: int = 0
    bids: int = 0


class Topic(Generic[S]):
    """One symbol's subscribers.

    Attributes:
        followers: Per kind, in order of subscription.
        fresh: Subscribers of quotes that have had no quote push yet: their first one is complete,
            whatever changed, because the client fills its gaps from what it has.
        depth: What was shown of the book last, likewise `brokers`.
    """

    __slots__ = ("brokers", "depth", "followers", "fresh")

    def __init__(self) -> None:
        self.followers: dict[SubType, dict[S, None]] = {kind: {} for kind in SubType}
        self.fresh: set[S] = set()
        self.depth = Shown()
        self.brokers = Shown()

    @property
    def is_empty(self) -> bool:
        return not any(self.followers.values())


class Subscriptions(Generic[S]):
    """All subscriptions of one gateway."""

    __slots__ = ("_held", "topics")

    def __init__(self) -> None:
        self.topics: dict[Symbol, Topic[S]] = {}
        self._held: dict[S, dict[Symbol, set[SubType]]] = {}

    def of(self, subscriber: S) -> Mapping[Symbol, set[SubType]]:
        """What a subscriber follows, in order of subscription."""
        return self._held.get(subscriber, {})

    def add(self, subscriber: S, symbol: Symbol, kinds: Iterable[SubType]) -> bool:
        """Follow a symbol in more kinds; kinds accumulate and a repetition is harmless.

        Returns:
            Whether the symbol has a subscriber for the first time.
        """
        topic = self.topics.get(symbol)
        is_new = topic is None
        if topic is None:
            topic = self.topics[symbol] = Topic()
        held = self._held.setdefault(subscriber, {}).setdefault(symbol, set())
        for kind in kinds:
            if kind not in held:
                held.add(kind)
                topic.followers[kind][subscriber] = None
                if kind is SubType.QUOTE:
                    topic.fresh.add(subscriber)
        return is_new

    def remove(self, subscriber: S, symbol: Symbol, kinds: Iterable[SubType]) -> tuple[bool, bool]:
        """Follow a symbol in fewer kinds; kinds that are not followed are passed over.

        Returns:
            Whether the subscriber follows nothing of the symbol any more but did before, and
            whether nobody does.
        """
        held = self._held.get(subscriber, {}).get(symbol)
        if held is None:
            return False, False
        topic = self.topics[symbol]
        for kind in kinds:
            if kind in held:
                held.discard(kind)
                del topic.followers[kind][subscriber]
                if kind is SubType.QUOTE:
                    topic.fresh.discard(subscriber)
        if held:
            return False, False
        del self._held[subscriber][symbol]
        if not self._held[subscriber]:
            del self._held[subscriber]
        if topic.is_empty:
            del self.topics[symbol]
            return True, True
        return True, False

    def remove_all(self, subscriber: S) -> Iterator[tuple[Symbol, bool]]:
        """End everything a subscriber follows; yields each symbol and whether nobody follows it."""
        for symbol in list(self.of(subscriber)):
            _, nobody = self.remove(subscriber, symbol, SubType)
            yield symbol, nobody


@dataclass(slots=True)
class Backlog:
    """What waits for one slow reader, merged per symbol so that no field and no volume is lost.

    Trades are not here: they are never merged and wait, as they are, at the connection.

    Attributes:
        quotes: The merged change.
        depths: What the reader was shown of the book last, likewise `brokers`.
        merged: Pushes that were absorbed by a later one, of all kinds.
    """

    quotes: dict[Symbol, QuoteChange] = field(default_factory=dict)
    depths: dict[Symbol, Shown] = field(default_factory=dict)
    brokers: dict[Symbol, Shown] = field(default_factory=dict)
    merged: int = 0

    def add_quote(self, symbol: Symbol, change: QuoteChange) -> bool:
        """Keep a change, merged with what waits; True when it absorbed an earlier one."""
        earlier = self.quotes.get(symbol)
        self.quotes[symbol] = change if earlier is None else merge_changes(earlier, change)
        return self._count(earlier is not None)

    def add_depth(self, symbol: Symbol, shown: Shown) -> bool:
        """Note that the book changed; `shown` is what went out before this change."""
        return self._note(self.depths, symbol, shown)

    def add_brokers(self, symbol: Symbol, shown: Shown) -> bool:
        """Note that the broker queues changed."""
        return self._note(self.brokers, symbol, shown)

    def forget(self, symbol: Symbol, kinds: Iterable[SubType]) -> None:
        """Drop what waits of kinds that are no longer followed."""
        waiting: dict[SubType, dict[Symbol, QuoteChange] | dict[Symbol, Shown]] = {
            SubType.QUOTE: self.quotes,
            SubType.DEPTH: self.depths,
            SubType.BROKERS: self.brokers,
        }
        for kind in kinds:
            if kind in waiting:
                waiting[kind].pop(symbol, None)

    def _note(self, waiting: dict[Symbol, Shown], symbol: Symbol, shown: Shown) -> bool:
        if symbol in waiting:
            return self._count(True)
        waiting[symbol] = Shown(shown.asks, shown.bids)
        return False

    def _count(self, absorbed: bool) -> bool:
        self.merged += absorbed
        return absorbed
