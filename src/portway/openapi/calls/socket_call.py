"""A socket call as a value: command, body, and how its answer is read; and the argument checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import DecodeError as BadMessage
from google.protobuf.message import Message

from portway.openapi.enums import OpenApiEnum
from portway.openapi.errors import DecodeError

__all__ = ["SocketCall", "member_list", "message_reader", "subscription_symbol", "symbol_list"]

T = TypeVar("T")
M = TypeVar("M", bound=Message)
E = TypeVar("E", bound=OpenApiEnum)


@dataclass(frozen=True, slots=True)
class SocketCall(Generic[T]):
    """One request to a socket gateway.

    Attributes:
        command: Its number on the channel.
        body: Protobuf bytes.
        read: Makes the result of the body of a successful answer; raises `DecodeError`.
        life_s: For how long the result may be given again without asking, in seconds.
        region: The data centre that alone has it, `us` or `ap`; empty for both.
    """

    command: int
    body: bytes
    read: Callable[[bytes], T]
    life_s: float = 0.0
    region: str = ""


def message_reader(message: type[M], convert: Callable[[M], T]) -> Callable[[bytes], T]:
    """Return a function that decodes a message and converts it."""

    def read(body: bytes) -> T:
        try:
            return convert(message.FromString(body))
        except BadMessage as error:
            raise DecodeError(f"decode message error: {message.__name__}: {error}") from None

    return read


def symbol_list(symbols: Iterable[str]) -> list[str]:
    """Return the symbols as they will be sent.

    Raises:
        TypeError: If it is not a list or tuple of `str`.
    """
    given: object = symbols
    if not isinstance(given, list | tuple):
        raise TypeError("argument 'symbols': a list of str is expected")
    for symbol in given:
        if not isinstance(symbol, str):
            raise TypeError(f"argument 'symbols': a list of str is expected, {symbol!r} is in it")
    return list(given)


def member_list(name: str, members: Iterable[E], kind: type[E]) -> list[E]:
    """Return the members, each once, in the order in which the enum has them.

    Raises:
        TypeError: If it is not a list or tuple of members of `kind`.
    """
    given: object = members
    if not isinstance(given, list | tuple):
        raise TypeError(f"argument '{name}': a list of {kind.__name__} is expected")
    for member in given:
        if not isinstance(member, kind):
            raise TypeError(
                f"argument '{name}': a list of {kind.__name__} is expected, {member!r} is in it"
            )
    return [member for member in kind if member in given]


def subscription_symbol(symbol: str) -> str:
    """Return a symbol as subscriptions name it: `00700.HK` is pushed as `700.HK`."""
    ticker, dot, region = symbol.partition(".")
    if dot and region.upper() == "HK":
        return f"{ticker.lstrip('0')}.{region}"
    return symbol
