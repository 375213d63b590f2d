"""What the pushes so far say of each symbol: merging of partial pushes, and the local reads.

Pure, and written by one thread. Everything stored is replaced, never changed, so that any thread
may read without a lock and a value handed out stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from portway.wire.pb import quote_pb2 as pb

__all__ = ["TRADES_KEPT_MAX", "TRADES_KEPT_MIN", "Store", "merge_quote"]

TRADES_KEPT_MAX: Final = 1000  # past it only the newest `TRADES_KEPT_MIN` stay
TRADES_KEPT_MIN: Final = 500

# A push that leaves these empty or zero says "as before"; the others are replaced by every push.
_KEPT = ("last_done", "open", "high", "low", "volume", "turnover")


class Store:
    """The latest state of each symbol; kept until its context ends."""

    def __init__(self) -> None:
        self._quotes: dict[str, pb.PushQuote] = {}
        self._asks: dict[str, Mapping[int, pb.Depth]] = {}
        self._bids: dict[str, Mapping[int, pb.Depth]] = {}
        self._ask_brokers: dict[str, Mapping[int, pb.Brokers]] = {}
        self._bid_brokers: dict[str, Mapping[int, pb.Brokers]] = {}
        self._trades: dict[str, tuple[pb.Trade, ...]] = {}

    def add_quote(self, symbol: str, push: pb.PushQuote) -> pb.PushQuote:
        """Take a pushed quote of this symbol; return it complete."""
        merged = merge_quote(self._quotes.get(symbol), push)
        self._quotes[symbol] = merged
        return merged

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
        """The quote of a symbol, or `None` before its first push."""
        return self._quotes.get(symbol)

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
    """Return the push with what it leaves out taken from the quote before it.

    Most pushes are complete, and text that begins with 1..9 is neither empty nor zero: those cost
    six comparisons and no copy.
    """
    if (
        push.last_done >= "1"
        and push.open >= "1"
        and push.high >= "1"
        and push.low >= "1"
        and push.turnover >= "1"
        and push.volume
    ) or before is None:
        return push
    missing = [name for name in _KEPT if _says_nothing(getattr(push, name))]
    if not missing:
        return push
    merged = pb.PushQuote()
    merged.CopyFrom(push)
    for name in missing:
        setattr(merged, name, getattr(before, name))
    return merged


def _says_nothing(value: str | int) -> bool:
    """Whether a field is empty or zero, as "" and "0.000" are."""
    return not value.strip("0.") if isinstance(value, str) else value == 0


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
