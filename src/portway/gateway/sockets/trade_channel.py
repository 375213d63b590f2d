"""The trade gateway: the topic `private`, and an order-changed push for every step of an order.

A push says what is durable already and goes to the connections of that account alone, in the order
in which it happened, never merged. All 25 fields are always there with the types clients insist
on: they drop an event with a wrong field silently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from google.protobuf.message import Message

from portway.gateway.errors import Refused
from portway.gateway.order_json import order_changed
from portway.gateway.ports import QuoteService, TradeService
from portway.gateway.sockets.session import Session
from portway.gateway.stats import GatewayStats
from portway.model.event import OrderFilled
from portway.trading.ports import Published, PublishedFact
from portway.wire.commands import TradeCommand
from portway.wire.envelope import Language
from portway.wire.packet import encode_push
from portway.wire.pb import trade_pb2 as pb

__all__ = ["TOPIC_PRIVATE", "TradeChannel"]

TOPIC_PRIVATE: Final = "private"
TOPICS_MAX: Final = 64  # per request
TOPIC_CHARS_MAX: Final = 128


class TradeChannel:
    """Handlers of commands 16 and 17, and the notifications."""

    def __init__(self, trades: TradeService, quotes: QuoteService, stats: GatewayStats) -> None:
        self._quotes = quotes
        self._stats = stats
        self._followers: dict[str, dict[Session, None]] = {}
        self._stop: Callable[[], None] = trades.listen(self.publish)

    def close(self) -> None:
        """Hear no more of the venue."""
        self._stop()

    # ------------------------------------------------------------------------- ChannelHandler

    def handle(self, session: Session, cmd_code: int, request: Message) -> Message:
        """Answer one command."""
        match cmd_code, request:
            case TradeCommand.SUBSCRIBE, pb.Sub():
                return self._subscribe(session, request)
            case TradeCommand.UNSUBSCRIBE, pb.Unsub():
                return self._unsubscribe(session, request)
        raise Refused("UNKNOWN_COMMAND")

    def drained(self, session: Session) -> None:
        """Nothing is merged on this channel: what waited is at the link."""

    def forget(self, session: Session) -> None:
        """End the subscription of a connection that is gone."""
        if session.principal is not None:
            self._drop(session)

    def _subscribe(self, session: Session, request: pb.Sub) -> pb.SubResponse:
        _check(list(request.topics))
        answer = pb.SubResponse()
        for topic in dict.fromkeys(request.topics):
            if topic == TOPIC_PRIVATE:
                self._followers.setdefault(session.caller.account_no, {})[session] = None
                answer.success.append(topic)
            else:
                answer.fail.add(topic=topic, reason="unknown topic")
        # Clients restore exactly these after a reconnection.
        answer.current.extend(self._current(session))
        return answer

    def _unsubscribe(self, session: Session, request: pb.Unsub) -> pb.UnsubResponse:
        _check(list(request.topics))
        if TOPIC_PRIVATE in request.topics:
            self._drop(session)
        return pb.UnsubResponse(current=self._current(session))

    def _current(self, session: Session) -> list[str]:
        followers = self._followers.get(session.caller.account_no, {})
        return [TOPIC_PRIVATE] if session in followers else []

    def _drop(self, session: Session) -> None:
        account_no = session.caller.account_no
        followers = self._followers.get(account_no)
        if followers is not None and session in followers:
            del followers[session]
            if not followers:
                del self._followers[account_no]

    # ---------------------------------------------------------------------------- pushing

    def publish(self, published: Published) -> None:
        """Push every fact about an order to the account it belongs to."""
        for one in published.facts:
            if one.order is not None:
                followers = self._followers.get(one.order.account_no)
                if followers:
                    self._notify(one, list(followers))

    def _notify(self, published: PublishedFact, followers: list[Session]) -> None:
        packets: dict[tuple[Language, bool], bytes] = {}
        for session in followers:
            variant = (session.language, session.link.has_dc_region)
            packet = packets.get(variant)
            if packet is None:
                packet = packets[variant] = self._encode(published, *variant)
            session.link.send(packet)
        self._stats.pushes += len(followers)

    def _encode(self, published: PublishedFact, language: Language, has_dc_region: bool) -> bytes:
        order, fact = published.order, published.fact
        assert order is not None
        execution = fact.execution if isinstance(fact, OrderFilled) else None
        instrument = self._quotes.instrument(order.terms.symbol)
        payload = order_changed(order, instrument, execution, language, has_dc_region)
        notification = pb.Notification(
            topic=TOPIC_PRIVATE,
            content_type=pb.CONTENT_JSON,
            dispatch_type=pb.DISPATCH_DIRECT,
            data=msgspec.json.encode(payload),
        )
        return encode_push(TradeCommand.NOTIFY, notification.SerializeToString())


def _check(topics: list[str]) -> None:
    if len(topics) > TOPICS_MAX or any(len(topic) > TOPIC_CHARS_MAX for topic in topics):
        raise Refused("QUOTE_BAD_REQUEST", "topics")
