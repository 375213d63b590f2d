"""Market changes to subscribers: encoded once, framed once, appended to each one's pending list.

Which fields a push carries is in `quote_messages`, who follows what in `subscriptions`; here the
two meet on the hot path. A subscriber whose link is congested gets quotes, depths and brokers
merged per symbol when it reads again; its trades wait unmerged at the link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from portway.gateway.ports import QuoteService
from portway.gateway.sockets.link import Flusher, Link, binary_frame
from portway.gateway.sockets.quote_messages import (
    brokers_push,
    depth_push,
    quote_push,
    snapshot_change,
    trade_push,
)
from portway.gateway.sockets.subscriptions import Backlog, Shown, Subscriptions, Topic
from portway.gateway.stats import GatewayStats
from portway.model.quote import Brokers, Depth, SubType, Trade, TradeSession
from portway.model.symbol import Market, Symbol, market_of
from portway.quotes.board import Board
from portway.quotes.changes import BoardChange, QuoteChange, complete
from portway.wire.commands import QuoteCommand
from portway.wire.packet import encode_push

__all__ = ["Fanout", "Subscriber", "has_data"]

_OVERNIGHT = TradeSession.OVERNIGHT
# Looking a member up in its enum costs as much as delivering a push.
_QUOTE, _DEPTH, _BROKERS, _TRADE = SubType.QUOTE, SubType.DEPTH, SubType.BROKERS, SubType.TRADE


class Subscriber:
    """One connection as the receiver of pushes.

    Attributes:
        wants_overnight: It is shown the US overnight session.
        hk_levels: Price levels that it is shown of Hong Kong's books; None: all.
    """

    __slots__ = ("backlog", "hk_levels", "link", "wants_overnight")

    def __init__(
        self, link: Link, *, wants_overnight: bool = False, hk_levels: int | None = None
    ) -> None:
        self.link = link
        self.wants_overnight = wants_overnight
        self.hk_levels = hk_levels
        self.backlog = Backlog()

    def depth_shown(self, depth: Depth, market: Market) -> Depth:
        """Return what this subscriber is shown of a book."""
        if self.hk_levels is None or market is not Market.HK:
            return depth
        return _cut(depth, self.hk_levels)


class Fanout:
    """The push side of the quote gateway."""

    def __init__(self, quotes: QuoteService, flusher: Flusher, stats: GatewayStats) -> None:
        self.subscriptions: Subscriptions[Subscriber] = Subscriptions()
        self._quotes = quotes
        self._flusher = flusher
        self._stats = stats
        quotes.listen(self.on_change, self.on_refresh)

    # ------------------------------------------------------------------------- the hot path

    def on_change(self, symbol: Symbol, change: BoardChange, board: Board) -> None:
        """Push what one market event changed."""
        topic = self.subscriptions.topics.get(symbol)
        if topic is None:
            return
        followers = topic.followers
        if change.trade is not None and followers[_TRADE]:
            self._push_trade(topic, symbol, change.trade, board)
        if change.quote is not None and followers[_QUOTE]:
            self._push_quote(topic, symbol, change.quote, board)
        if change.depth is not None and followers[_DEPTH]:
            self._push_depth(topic, symbol, change.depth, board)
        if change.brokers is not None and followers[_BROKERS]:
            self._push_brokers(topic, symbol, change.brokers, board)

    def on_refresh(self, symbol: Symbol, board: Board) -> None:
        """Show the whole board anew: time has skipped over events."""
        topic = self.subscriptions.topics.get(symbol)
        if topic is None:
            return
        now = self._quotes.now(market_of(symbol))
        session = board.last_session or TradeSession.NORMAL
        if topic.followers[SubType.QUOTE]:
            self._push_quote(topic, symbol, snapshot_change(board, now, session), board)
        if board.depth is not None and topic.followers[SubType.DEPTH]:
            self._push_depth(topic, symbol, board.depth, board)
        if board.brokers is not None and topic.followers[SubType.BROKERS]:
            self._push_brokers(topic, symbol, board.brokers, board)

    def _push_trade(
        self, topic: Topic[Subscriber], symbol: Symbol, trade: Trade, board: Board
    ) -> None:
        sequence = board.next_sequence(SubType.TRADE, trade.at)
        body = trade_push(symbol, market_of(symbol), sequence, trade)
        followers: Iterable[Subscriber] = topic.followers[SubType.TRADE]
        if trade.session is _OVERNIGHT:
            followers = [one for one in followers if one.wants_overnight]
        self._deliver(followers, encode_push(QuoteCommand.PUSH_TRADE, body), None)

    def _push_quote(
        self, topic: Topic[Subscriber], symbol: Symbol, change: QuoteChange, board: Board
    ) -> None:
        sequence = board.next_sequence(SubType.QUOTE, change.at)
        market = market_of(symbol)
        followers: Iterable[Subscriber] = topic.followers[SubType.QUOTE]
        if change.session is _OVERNIGHT:
            followers = [one for one in followers if one.wants_overnight]
        if topic.fresh:
            fresh = [one for one in followers if one in topic.fresh]
            followers = [one for one in followers if one not in topic.fresh]
            topic.fresh.difference_update(fresh)
            whole = complete(change)
            body = quote_push(symbol, market, sequence, whole)
            packet = encode_push(QuoteCommand.PUSH_QUOTE, body)
            self._deliver(fresh, packet, lambda one: one.backlog.add_quote(symbol, whole))
        packet = encode_push(QuoteCommand.PUSH_QUOTE, quote_push(symbol, market, sequence, change))
        self._deliver(followers, packet, lambda one: one.backlog.add_quote(symbol, change))

    def _push_depth(
        self, topic: Topic[Subscriber], symbol: Symbol, depth: Depth, board: Board
    ) -> None:
        sequence = board.next_sequence(SubType.DEPTH, depth.at)
        market = market_of(symbol)
        before = topic.depth
        topic.depth = Shown(len(depth.asks), len(depth.bids))
        body = depth_push(symbol, market, sequence, depth, before.asks, before.bids)
        followers: Iterable[Subscriber] = topic.followers[SubType.DEPTH]
        if market is Market.US and _session_at(board, depth.at) is _OVERNIGHT:
            followers = [one for one in followers if one.wants_overnight]
        elif market is Market.HK:
            followers = self._without_cut(followers, symbol, sequence, depth, before)
        self._deliver(
            followers,
            encode_push(QuoteCommand.PUSH_DEPTH, body),
            lambda one: one.backlog.add_depth(symbol, before),
        )

    def _without_cut(
        self,
        followers: Iterable[Subscriber],
        symbol: Symbol,
        sequence: int,
        depth: Depth,
        before: Shown,
    ) -> Iterable[Subscriber]:
        """Push the top of a book to those who see no more of it; return the others."""
        some = [one for one in followers if one.hk_levels is not None]
        if not some:
            return followers
        for levels in {one.hk_levels for one in some if one.hk_levels is not None}:
            shown = Shown(min(before.asks, levels), min(before.bids, levels))
            top = _cut(depth, levels)
            body = depth_push(symbol, Market.HK, sequence, top, shown.asks, shown.bids)
            self._deliver(
                [one for one in some if one.hk_levels == levels],
                encode_push(QuoteCommand.PUSH_DEPTH, body),
                lambda one, shown=shown: one.backlog.add_depth(symbol, shown),  # type: ignore[misc]
            )
        return [one for one in followers if one.hk_levels is None]

    def _push_brokers(
        self, topic: Topic[Subscriber], symbol: Symbol, brokers: Brokers, board: Board
    ) -> None:
        sequence = board.next_sequence(SubType.BROKERS, brokers.at)
        before = topic.brokers
        topic.brokers = Shown(len(brokers.asks), len(brokers.bids))
        body = brokers_push(symbol, sequence, brokers, before.asks, before.bids)
        self._deliver(
            topic.followers[SubType.BROKERS],
            encode_push(QuoteCommand.PUSH_BROKERS, body),
            lambda one: one.backlog.add_brokers(symbol, before),
        )

    def _deliver(
        self,
        followers: Iterable[Subscriber],
        packet: bytes,
        merge: Callable[[Subscriber], bool] | None,
    ) -> None:
        """Append a packet to every follower; merge it, where that is possible, for the slow."""
        frame = binary_frame(packet)
        dirty = self._flusher.dirty
        merged = 0
        count = 0
        for follower in followers:
            link = follower.link
            count += 1
            if link.congested:
                if merge is None:
                    link.send(packet)
                else:
                    merged += 1
                    self._stats.conflated += merge(follower)
                continue
            link.pending.append(frame if link.framed else packet)
            if not link.dirty:
                link.dirty = True
                dirty.append(link)
        if count > merged:
            self._stats.pushes += count - merged
            self._flusher.schedule()

    # -------------------------------------------------------------- first pushes, slow readers

    def first_push(self, subscriber: Subscriber, symbol: Symbol, kind: SubType) -> None:
        """Send the present state to one new subscriber; trades have no first push."""
        board = self._quotes.board(symbol)
        topic = self.subscriptions.topics.get(symbol)
        if board is None or topic is None or not has_data(board):
            return
        now = self._quotes.now(market_of(symbol))
        if kind is SubType.QUOTE:
            self._send_quote(subscriber, symbol, self._present(subscriber, board, now), board)
            topic.fresh.discard(subscriber)
        elif kind is SubType.DEPTH and board.depth is not None:
            self._send_depth(subscriber, symbol, Shown(), board, now)
            if len(topic.followers[SubType.DEPTH]) == 1:
                topic.depth = Shown(len(board.depth.asks), len(board.depth.bids))
        elif kind is SubType.BROKERS and board.brokers is not None:
            self._send_brokers(subscriber, symbol, Shown(), board, now)
            if len(topic.followers[SubType.BROKERS]) == 1:
                topic.brokers = Shown(len(board.brokers.asks), len(board.brokers.bids))

    def drained(self, subscriber: Subscriber) -> None:
        """Send what was merged while the link was congested."""
        backlog = subscriber.backlog
        quotes, backlog.quotes = backlog.quotes, {}
        depths, backlog.depths = backlog.depths, {}
        brokers, backlog.brokers = backlog.brokers, {}
        for symbol, change in quotes.items():
            board = self._quotes.board(symbol)
            if board is not None:
                self._send_quote(subscriber, symbol, change, board)
        for symbol, shown in depths.items():
            board = self._quotes.board(symbol)
            if board is not None:
                now = self._quotes.now(market_of(symbol))
                self._send_depth(subscriber, symbol, shown, board, now)
        for symbol, shown in brokers.items():
            board = self._quotes.board(symbol)
            if board is not None:
                now = self._quotes.now(market_of(symbol))
                self._send_brokers(subscriber, symbol, shown, board, now)

    def _present(self, subscriber: Subscriber, board: Board, now: datetime) -> QuoteChange:
        session = board.last_session or TradeSession.NORMAL
        if session is _OVERNIGHT and not subscriber.wants_overnight:
            session = TradeSession.NORMAL
        return snapshot_change(board, now, session)

    def _send_quote(
        self, subscriber: Subscriber, symbol: Symbol, change: QuoteChange, board: Board
    ) -> None:
        sequence = board.next_sequence(SubType.QUOTE, change.at)
        body = quote_push(symbol, market_of(symbol), sequence, change)
        self._send(subscriber, QuoteCommand.PUSH_QUOTE, body)

    def _send_depth(
        self, subscriber: Subscriber, symbol: Symbol, shown: Shown, board: Board, now: datetime
    ) -> None:
        depth = board.depth
        if depth is None:
            return
        sequence = board.next_sequence(SubType.DEPTH, now)
        market = market_of(symbol)
        depth = subscriber.depth_shown(depth, market)
        body = depth_push(symbol, market, sequence, depth, shown.asks, shown.bids)
        self._send(subscriber, QuoteCommand.PUSH_DEPTH, body)

    def _send_brokers(
        self, subscriber: Subscriber, symbol: Symbol, shown: Shown, board: Board, now: datetime
    ) -> None:
        if board.brokers is None:
            return
        sequence = board.next_sequence(SubType.BROKERS, now)
        body = brokers_push(symbol, sequence, board.brokers, shown.asks, shown.bids)
        self._send(subscriber, QuoteCommand.PUSH_BROKERS, body)

    def _send(self, subscriber: Subscriber, command: QuoteCommand, body: bytes) -> None:
        self._stats.pushes += 1
        subscriber.link.send(encode_push(command, body))


def _cut(depth: Depth, levels: int) -> Depth:
    """The best levels of both sides."""
    return Depth(depth.symbol, depth.at, depth.asks[:levels], depth.bids[:levels])


def _session_at(board: Board, at: datetime) -> TradeSession | None:
    for part in board.parts:
        if part.begin <= at < part.end:
            return part.session
    return None


def has_data(board: Board) -> bool:
    """Whether there is anything to show: a price of today or of a day before, or a book."""
    return bool(
        board.prev_close
        or board.previous is not None
        or board.last_session is not None
        or board.depth is not None
    )
