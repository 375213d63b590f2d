"""Calls of the quote channel, one pure description per method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portway.openapi.calls.socket_call import (
    SocketCall,
    member_list,
    message_reader,
    subscription_symbol,
    symbol_list,
)
from portway.openapi.enums import SubType, wire_values
from portway.openapi.types import SecurityQuote, SecurityStaticInfo
from portway.wire import names
from portway.wire.commands import QuoteCommand
from portway.wire.pb import quote_pb2 as pb

__all__ = [
    "profile",
    "quote",
    "static_info",
    "sub_types_of",
    "subscribe",
    "subscription_symbols",
    "unsubscribe",
]

_SUB_TYPE = wire_values(SubType, names.SUB_TYPE)


def profile(language: str) -> SocketCall[pb.UserQuoteProfileResponse]:
    """The user's quote profile; asked once, after the first sign-in."""
    return SocketCall(
        QuoteCommand.USER_PROFILE,
        pb.UserQuoteProfileRequest(language=language).SerializeToString(),
        message_reader(pb.UserQuoteProfileResponse, lambda answer: answer),
    )


def static_info(symbols: Iterable[str]) -> SocketCall[list[SecurityStaticInfo]]:
    """Static information of some securities; unknown ones are left out by the server."""
    return SocketCall(
        QuoteCommand.STATIC_INFO,
        pb.MultiSecurityRequest(symbol=symbol_list(symbols)).SerializeToString(),
        message_reader(
            pb.SecurityStaticInfoResponse,
            lambda answer: [SecurityStaticInfo(row) for row in answer.secu_static_info],
        ),
    )


def quote(symbols: Iterable[str]) -> SocketCall[list[SecurityQuote]]:
    """Latest quotes of some securities; unknown ones are left out by the server."""
    return SocketCall(
        QuoteCommand.QUOTE,
        pb.MultiSecurityRequest(symbol=symbol_list(symbols)).SerializeToString(),
        message_reader(
            pb.SecurityQuoteResponse,
            lambda answer: [SecurityQuote(row) for row in answer.secu_quote],
        ),
    )


def subscription_symbols(symbols: Iterable[str]) -> list[str]:
    """Symbols of a subscription, as pushes will name them."""
    return [subscription_symbol(symbol) for symbol in symbol_list(symbols)]


def sub_types_of(sub_types: Iterable[SubType]) -> list[SubType]:
    """Kinds of a subscription, each once, in the order of the enum."""
    return member_list("sub_types", sub_types, SubType)


def subscribe(
    symbols: Sequence[str], sub_types: Sequence[SubType], *, is_first_push: bool
) -> SocketCall[None]:
    """Subscribe; symbols and kinds as the two functions above return them."""
    request = pb.SubscribeRequest(
        symbol=symbols,
        sub_type=[_SUB_TYPE[kind] for kind in sub_types],  # type: ignore[misc]
        is_first_push=is_first_push,
    )
    return SocketCall(
        QuoteCommand.SUBSCRIBE,
        request.SerializeToString(),
        message_reader(pb.SubscriptionResponse, lambda _: None),
    )


def unsubscribe(symbols: Sequence[str], sub_types: Sequence[SubType]) -> SocketCall[None]:
    """Take kinds of data away from symbols, whatever was subscribed."""
    request = pb.UnsubscribeRequest(
        symbol=symbols,
        sub_type=[_SUB_TYPE[kind] for kind in sub_types],  # type: ignore[misc]
    )
    return SocketCall(
        QuoteCommand.UNSUBSCRIBE,
        request.SerializeToString(),
        message_reader(pb.UnsubscribeResponse, lambda _: None),
    )
