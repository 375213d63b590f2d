"""Calls of the trade channel: which topics are pushed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portway.openapi.calls import arguments as arg
from portway.openapi.calls.socket_call import SocketCall, message_reader
from portway.openapi.enums import wire_values
from portway.openapi.trade_enums import TopicType
from portway.wire import names
from portway.wire.commands import TradeCommand
from portway.wire.pb import trade_pb2 as pb

__all__ = ["subscribe", "topic_names", "unsubscribe"]

_TOPIC = wire_values(TopicType, names.TOPIC)


def topic_names(topics: Iterable[TopicType]) -> list[str]:
    """Topics as they are sent."""
    return arg.wire_texts("topics", topics, TopicType, _TOPIC)


def subscribe(topics: Sequence[str]) -> SocketCall[None]:
    """Have topics pushed."""
    body = pb.Sub(topics=topics).SerializeToString()
    return SocketCall(TradeCommand.SUBSCRIBE, body, message_reader(pb.SubResponse, lambda _: None))


def unsubscribe(topics: Sequence[str]) -> SocketCall[None]:
    """Have topics pushed no more."""
    body = pb.Unsub(topics=topics).SerializeToString()
    return SocketCall(
        TradeCommand.UNSUBSCRIBE, body, message_reader(pb.UnsubResponse, lambda _: None)
    )
