"""What the pushes so far say of each symbol: merging of partial pushes, and the local reads.

Pure, and written by one thread. Everything stored is replaced, never changed, so that any thread
may read without a lock and a value handed out stays what it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from portway.openapi.errors import DecodeError
from portway.openapi.types import PushQuote
from portway.wire.pb import quote_pb2 as pb

__all__ = ["TRADES_KEPT_MAX", "TRADES_KEPT_MIN", "Store", "is_complete", "merge_quote"]

TRADES_KEPT_MAX: Final = 1000  # past it only the newest `TRADES_KEPT_MIN` stay
TRADES_KEPT_MIN: Final = 500

# Most pushes leave nothing out, and one look at the bytes tells: all of the fields below are there,
# in the order of their numbers, and their text begins with 1..9. Reading six fields costs more than
# the rest of a push. What this does not recognise is looked at field by field.
# The first group is the symbol.
_NUMBER = rb"[\x80-\xff]*+[\x00-\x7f]"
_DIGITS = rb".[1-9][0-9.]*"
is_complete: Final = re.compile(
    rb"\n.([^\x10]++)\x10" + _NUMBER
    + b"".join(tag + _DIGITS for tag in (rb"\x1a", rb'"', rb"\*", b"2"))
    + b"8" + _NUMBER + rb"@[\x80-\xff]*+[\x01-\x7f]J.[1-9]",
    re.DOTALL,
).match  # fmt: skip


class Store:
    """The latest state of each symbol; kept until its context ends.

    Args:
        dressed: The class that quotes are kept as.

    Attributes:
        quotes: The complete quote of each symbol; who has one complete may put it in himself.
    """

    def __init__(self, dressed: type[PushQuote] = PushQuote) -> None:
        self._dressed = dressed
        self.quotes: dict[str, PushQuote] = {}
        self._asks: dict[str, Mapping[int, pb.Depth]] = {}
        self._bids: dict[str, Mapping[int, pb.Depth]] = {}
        self._ask_brokers: dict[str, Mapping[int, pb.Brokers]] = {}
        self._bid_brokers: dict[str, Mapping[int, pb.Brokers]] = {}
        self._trades: dict[str, tuple[pb.Trade, ...]] = {}

    def add_quote(self, symbol: str, push: pb.PushQuote) -> PushQuote:
        """Take a pushed quote of this symbol; return it, complete."""
        try:
            before = self.quote(symbol)
        except DecodeError:
            before = None
        quote = self._dressed(merge_quote(before, push))
        self.quotes[symbol] = quote
        return quote

    def add_depth(self, push: pb.PushDepth) -> None:
        """Take pushed levels: each replaces the level at its position."""
        symbol = push.symbol
        self._asks[symbol] = _with_levels(self._asks.get(symbol, {}), push.ask)
        self._bids[symbol] = _with_levels(self._bids.get(symbol, {}), push.bid)

    def add_brokers(self, push: pb.PushBrokers) -> None:
        """Take pushed broker queues: each replaces the queue at its position."""
        symbol = push.symbol
        self._ask_brokers[symbol] = _with_queues(
            self._ask_brokers.get(symbol, {}), push.ask_brokers
        )
        self._bid_brokers[symbol] = _with_queues(
            self._bid_brokers.get(symbol, {}), push.bid_brokers
        )

    def add_trades(self, push: pb.PushTrade) -> None:
        """Take pushed trades."""
        trades = (*self._trades.get(push.symbol, ()), *push.trade)
        if len(trades) > TRADES_KEPT_MAX:
            trades = trades[-TRADES_KEPT_MIN:]
        self._trades[push.symbol] = trades

    def quote(self, symbol: str) -> pb.PushQuote | None:
        """The quote of a symbol, or `None` before its first push.

        Raises:
            DecodeError: If it cannot be read; the next push mends that.
        """
        quote = self.quotes.get(symbol)
        return None if quote is None else quote._message

    def depth(self, symbol: str) -> pb.SecurityDepthResponse:
        """Both sides by position; empty before the first push."""
        return pb.SecurityDepthResponse(
            symbol=symbol,
            ask=_in_order(self._asks.get(symbol, {})),
            bid=_in_order(self._bids.get(symbol, {})),
        )

    def brokers(self, symbol: str) -> pb.SecurityBrokersResponse:
        """Both sides by position; empty before the first push."""
        return pb.SecurityBrokersResponse(
            symbol=symbol,
            ask_brokers=_in_order(self._ask_brokers.get(symbol, {})),
            bid_brokers=_in_order(self._bid_brokers.get(symbol, {})),
        )

    def trades(self, symbol: str, count: int) -> tuple[pb.Trade, ...]:
        """The last `count` trades, oldest first."""
        trades = self._trades.get(symbol, ())
        return trades[max(0, len(trades) - count) :]


def merge_quote(before: pb.PushQuote | None, push: pb.PushQuote) -> pb.PushQuote:
    """Fill in what a push leaves out from the quote before it, and return it.

    The push is changed: it was decoded a moment ago, and nobody else has it yet. Each field is
    written out, because a loop over names costs three times as much.
    """
    if before is None:
        return push
    if _says_nothing(push.last_done):
        push.last_done = before.last_done
    if _says_nothing(push.open):
        push.open = before.open
    if _says_nothing(push.high):
        push.high = before.high
    if _says_nothing(push.low):
        push.low = before.low
    if _says_nothing(push.turnover):
        push.turnover = before.turnover
    if not push.volume:
        push.volume = before.volume
    return push


def _says_nothing(value: str) -> bool:
    """Whether a number is empty or zero, as "" and "0.000" are."""
    return not value or (value[0] == "0" and not value.strip("0."))


def _with_levels(
    levels: Mapping[int, pb.Depth], pushed: Iterable[pb.Depth]
) -> Mapping[int, pb.Depth]:
    return {**levels, **{level.position: level for level in pushed}}


def _with_queues(
    queues: Mapping[int, pb.Brokers], pushed: Iterable[pb.Brokers]
) -> Mapping[int, pb.Brokers]:
    return {**queues, **{queue.position: queue for queue in pushed}}


def _in_order(by_position: Mapping[int, pb.Depth] | Mapping[int, pb.Brokers]) -> list:  # type: ignore[type-arg]
    return [by_position[position] for position in sorted(by_position)]
