"""Enums of the SDK: names, order and ordinals of the official client's, and their wire values.

Members are ordinary `enum.Enum` members: hashable, iterable, picklable, one object each. As in the
official client `int(member)` is the ordinal (not the wire value), a member equals its ordinal, and
members do not compare with `<`. The wire values come from `portway.wire.names`, the one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from portway.wire import names

__all__ = [
    "DerivativeType",
    "ErrorKind",
    "Language",
    "Market",
    "OpenApiEnum",
    "Period",
    "PushCandlestickMode",
    "SecurityBoard",
    "SubType",
    "TradeDirection",
    "TradeSession",
    "TradeStatus",
    "read_table",
    "wire_values",
]


class OpenApiEnum(Enum):
    """An enum whose values are the official client's ordinals."""

    def __int__(self) -> int:
        return int(self.value)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int):
            return bool(self.value == other)
        return self is other

    def __hash__(self) -> int:
        return hash(self.value)  # equal to its ordinal, so it hashes like it

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)


class ErrorKind(OpenApiEnum):
    """Where an error comes from."""

    Http = 0
    OpenApi = 1
    Other = 2
    OAuth = 3


class Language(OpenApiEnum):
    """Language of names and messages."""

    ZH_CN = 0
    ZH_HK = 1
    EN = 2

    @property
    def tag(self) -> str:
        """As on the wire: `zh-CN`, `zh-HK`, `en`."""
        return _LANGUAGE_TAGS[self.value]


_LANGUAGE_TAGS = ("zh-CN", "zh-HK", "en")


class PushCandlestickMode(OpenApiEnum):
    """When a candlestick is pushed: at every change, or once it is complete."""

    Realtime = 0
    Confirmed = 1


class Market(OpenApiEnum):
    """Where a security is listed."""

    Unknown = 0
    US = 1
    HK = 2
    CN = 3
    SG = 4
    Crypto = 5


class SubType(OpenApiEnum):
    """Kinds of data that can be subscribed."""

    Quote = 0
    Depth = 1
    Brokers = 2
    Trade = 3


class DerivativeType(OpenApiEnum):
    """Kinds of derivatives that exist on a security."""

    Option = 0
    Warrant = 1


class TradeStatus(OpenApiEnum):
    """Whether a security trades."""

    Normal = 0
    Halted = 1
    Delisted = 2
    Fuse = 3
    PrepareList = 4
    CodeMoved = 5
    ToBeOpened = 6
    SplitStockHalts = 7
    Expired = 8
    WarrantPrepareList = 9
    Suspend = 10


class TradeSession(OpenApiEnum):
    """The session a price belongs to."""

    Intraday = 0
    Pre = 1
    Post = 2
    Overnight = 3


class TradeDirection(OpenApiEnum):
    """Which side began a trade."""

    Neutral = 0
    Down = 1
    Up = 2


class SecurityBoard(OpenApiEnum):
    """The board of a security."""

    Unknown = 0
    USMain = 1
    USPink = 2
    USDJI = 3
    USNSDQ = 4
    USSector = 5
    USOption = 6
    USOptionS = 7
    HKEquity = 8
    HKPreIPO = 9
    HKWarrant = 10
    HKHS = 11
    HKSector = 12
    SHMainConnect = 13
    SHMainNonConnect = 14
    SHSTAR = 15
    CNIX = 16
    CNSector = 17
    SZMainConnect = 18
    SZMainNonConnect = 19
    SZGEMConnect = 20
    SZGEMNonConnect = 21
    SGMain = 22
    STI = 23
    SGSector = 24
    SPXIndex = 25
    VIXIndex = 26


class Period(OpenApiEnum):
    """Length of a candlestick."""

    Unknown = 0
    Min_1 = 1
    Min_2 = 2
    Min_3 = 3
    Min_5 = 4
    Min_10 = 5
    Min_15 = 6
    Min_20 = 7
    Min_30 = 8
    Min_45 = 9
    Min_60 = 10
    Min_120 = 11
    Min_180 = 12
    Min_240 = 13
    Day = 14
    Week = 15
    Month = 16
    Quarter = 17
    Year = 18


Member = TypeVar("Member", bound=OpenApiEnum)
Wire = TypeVar("Wire", str, int)


def read_table(members: type[Member], table: names.NameTable[Wire]) -> Mapping[Wire, Member]:
    """Return wire value -> member, for every row that the SDK has a name for."""
    named = ((wire, table.sdk[name]) for name, wire in table.wire.items())
    return {wire: members[name] for wire, name in named if name is not None}


def wire_values(members: type[Member], table: names.NameTable[Wire]) -> Mapping[Member, Wire]:
    """Return member -> wire value; a member without a row (`Unknown`) is left out."""
    return {member: wire for wire, member in read_table(members, table).items()}
