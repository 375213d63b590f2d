"""How the SDK's data objects work: a slotted wrapper around a message, converted when read.

A push costs one small object; a field costs something only when the program reads it. `Value` is
the base of every data class, and the functions below declare its fields: each returns a read-only
property and is annotated with what the property gives, so that type checkers see plain attributes.

A message handed to a value is never changed afterwards: that is what makes values immutable.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, cast

from portway.openapi.enums import OpenApiEnum
from portway.openapi.errors import DecodeError

__all__ = [
    "Value",
    "date_of",
    "day",
    "decimal",
    "dressed",
    "flag",
    "in_zone",
    "instant",
    "integer",
    "item_reader",
    "looked_up",
    "nested",
    "optional",
    "optional_day",
    "optional_decimal",
    "text",
    "values",
]

Member = TypeVar("Member", bound=OpenApiEnum)
V = TypeVar("V", bound="Value")
T = TypeVar("T")

_ZERO = Decimal("0")


class Value:
    """A data object of the SDK: read-only, compared and hashed by value, picklable, copyable.

    Attributes are named and ordered as in the official client. `to_dict()` (and `x.__dict__()`,
    its name there) gives them as a dict; nested objects stay objects.
    """

    __slots__ = ("_message",)

    _fields: ClassVar[tuple[str, ...]] = ()
    _kind: ClassVar[type[Value]]  # the public class, of which some values are a dressed variant
    # What `datetime`s are in: `None` is naive local time, as in the official client.
    _zone: ClassVar[tzinfo | None] = None

    def __init__(self, message: Any) -> None:
        """Wrap a message; the SDK's business, not the program's."""
        self._message = message

    def __init_subclass__(cls) -> None:
        if "_kind" not in vars(cls):
            own = tuple(name for name, member in vars(cls).items() if isinstance(member, property))
            cls._fields = (*cls._fields, *own)
            cls._kind = cls

    @classmethod
    def make(cls: type[V], **attributes: Any) -> V:
        """Return a value with these attributes: for tests and simulations of a program.

        Raises:
            TypeError: If an attribute is missing or unknown.
        """
        if attributes.keys() != set(cls._fields):
            names = ", ".join(sorted(attributes.keys() ^ set(cls._fields)))
            raise TypeError(f"{cls.__name__}: missing or unknown attributes: {names}")
        return _given(cls._kind)(attributes)  # type: ignore[return-value]

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes by name, in order."""
        return {name: getattr(self, name) for name in self._fields}

    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        """Return the attributes by name: what the official client calls `to_dict`."""
        return self.to_dict()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Value) or other._kind is not self._kind:
            return NotImplemented
        return self._message is other._message or self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self._kind, *map(_hashable, self.to_dict().values())))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}: {_shown(getattr(self, name))}" for name in self._fields)
        return f"{type(self).__name__} {{ {shown} }}"

    def __reduce__(self) -> tuple[object, ...]:
        is_given = type(self) is _GIVEN.get(self._kind)
        return (_rebuilt, (self._kind, self._zone, is_given, self._message))

    def __copy__(self: V) -> V:
        return self

    def __deepcopy__(self: V, memo: object) -> V:
        return self


_slot: Any = vars(Value)["_message"]  # where the message lies, whatever a variant makes of the name

# Variants of the public classes: with zoned times, or built from attributes.
_ZONED: dict[tuple[type[Value], tzinfo], type[Value]] = {}
_GIVEN: dict[type[Value], type[Value]] = {}


def in_zone(kind: type[V], zone: tzinfo | None) -> type[V]:
    """Return the variant of a class whose times are in `zone`; the class itself for `None`."""
    if zone is None:
        return kind
    made = _ZONED.get((kind, zone))
    if made is None:
        made = _ZONED[kind, zone] = _variant(kind, {"_zone": zone})
    return cast("type[V]", made)


def undecoded(
    kind: type[V], decode: Callable[[bytes], Any], unreadable: type[Exception]
) -> type[V]:
    """Return the variant of a class that wraps a message as it came and decodes it when first read.

    Args:
        kind: The class; its values become plain ones of it when they are read.
        decode: Makes the message of the bytes.
        unreadable: What `decode` raises; reading then raises `DecodeError`.
    """

    def read(self: Value) -> Any:
        held = _slot.__get__(self)
        if not isinstance(held, bytes):
            return held  # by another thread, a moment ago
        try:
            message = decode(held)
        except unreadable as error:
            raise DecodeError(f"decode message error: {kind.__name__}: {error}") from None
        _slot.__set__(self, message)
        self.__class__ = kind
        return message

    put = _slot.__set__
    members = {"_message": property(read), "__init__": lambda self, body: put(self, body)}
    return cast("type[V]", _variant(kind, members))


def dressed(result: T, zone: tzinfo | None) -> T:
    """Return the result of a call with its times in `zone`: a value, a list of them, or neither."""
    if zone is not None:
        for value in result if isinstance(result, list) else [result]:
            if isinstance(value, Value):
                value.__class__ = in_zone(value._kind, zone)
    return result


def _given(kind: type[Value]) -> type[Value]:
    made = _GIVEN.get(kind)
    if made is None:
        fields = {name: property(partial(_attribute, name)) for name in kind._fields}
        made = _GIVEN[kind] = _variant(kind, fields)
    return made


def _variant(kind: type[Value], members: Mapping[str, Any]) -> type[Value]:
    shown = {"__slots__": (), "__module__": kind.__module__, "__doc__": kind.__doc__}
    return type(kind.__name__, (kind,), {**shown, "_kind": kind, **members})


def _attribute(name: str, value: Value) -> Any:
    given = value._message[name]
    return list(given) if isinstance(given, list) else given


def _rebuilt(kind: type[Value], zone: tzinfo | None, is_given: bool, message: Any) -> Value:
    return (_given(kind) if is_given else in_zone(kind, zone))(message)


def text(name: str) -> str:
    """A field that is text on the wire and here."""
    return cast(str, property(attrgetter(f"_message.{name}")))


def integer(name: str) -> int:
    """A field that is a whole number on the wire and here."""
    return cast(int, property(attrgetter(f"_message.{name}")))


def flag(name: str) -> bool:
    """Yes or no."""
    return cast(bool, property(attrgetter(f"_message.{name}")))


def nested(name: str, kind: type[V]) -> V:
    """A nested value; an absent one reads as empty."""
    raw = attrgetter(f"_message.{name}")

    def read(self: Value) -> V:
        return in_zone(kind, self._zone)(raw(self))

    return cast(V, property(read))


def decimal(name: str) -> Decimal:
    """A decimal number, digits as on the wire; an absent one is 0, as in the official client."""
    outer, _, inner = name.rpartition(".")
    # One plain name is looked up faster than a chain of two, and this is what a push costs most.
    raw = attrgetter(inner)
    part = attrgetter(f"_message.{outer}" if outer else "_message")
    if outer:

        def read(self: Value) -> Decimal:
            digits = raw(part(self))
            try:
                return Decimal(digits)
            except InvalidOperation:
                return _no_decimal(digits, name)

    else:

        def read(self: Value) -> Decimal:
            digits = raw(self._message)
            try:
                return Decimal(digits)
            except InvalidOperation:
                return _no_decimal(digits, name)

    return cast(Decimal, property(read))


def optional_decimal(name: str) -> Decimal | None:
    """A decimal number; an absent one is `None`."""
    raw = attrgetter(f"_message.{name}")

    def read(self: Value) -> Decimal | None:
        digits = raw(self)
        try:
            return Decimal(digits) if digits else None
        except InvalidOperation:
            return _no_decimal(digits, name)

    return cast("Decimal | None", property(read))


def instant(name: str) -> datetime:
    """A moment, from Unix seconds; whole seconds."""
    raw = attrgetter(name)
    # Pushes share their seconds, and local time is what a moment costs. The names of the local zone
    # are a new object whenever the program sets another one.
    last: tuple[int, tzinfo | None, object, datetime] | None = None

    def read(self: Value) -> datetime:
        nonlocal last
        seconds, zone, local = raw(self._message), self._zone, clock.tzname
        known = last
        if known is not None and known[0] == seconds and known[1] is zone and known[2] is local:
            return known[3]
        try:
            moment = datetime.fromtimestamp(seconds, zone)
        except (OverflowError, OSError, ValueError):
            raise DecodeError(f"parse field: {name}: {seconds} is no time") from None
        last = (seconds, zone, local, moment)
        return moment

    return cast(datetime, property(read))


def day(name: str) -> date:
    """A date, from `YYYYMMDD`."""
    raw = attrgetter(f"_message.{name}")

    def read(self: Value) -> date:
        try:
            return date_of(raw(self))
        except ValueError:
            raise DecodeError(f"parse field: {name}: {raw(self)!r} is no date") from None

    return cast(date, property(read))


def optional_day(name: str) -> date | None:
    """A date, from `YYYYMMDD`; an absent or unreadable one is `None`."""
    raw = attrgetter(f"_message.{name}")

    def read(self: Value) -> date | None:
        try:
            return date_of(raw(self))
        except ValueError:
            return None

    return cast("date | None", property(read))


def date_of(digits: str) -> date:
    """Return the date that `YYYYMMDD` means.

    Raises:
        ValueError: If it is none.
    """
    if len(digits) != 8:
        raise ValueError(f"{digits!r} is no date")
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def looked_up(name: str, table: Mapping[Any, Member], otherwise: Member) -> Member:
    """A member of an enum, by its wire value; unknown ones read as `otherwise`."""
    raw = attrgetter(f"_message.{name}")
    get = table.get

    def read(self: Value) -> Member:
        return get(raw(self), otherwise)

    return cast(Member, property(read))


def optional(name: str, kind: type[V]) -> V | None:
    """A nested value that may be absent."""

    def read(self: Value) -> V | None:
        message = self._message
        if not message.HasField(name):
            return None
        return in_zone(kind, self._zone)(getattr(message, name))

    return cast("V | None", property(read))


def values(name: str, read_item: Callable[[Any], Any]) -> Any:
    """A list, new at every access; items that `read_item` makes `None` are left out."""
    raw = attrgetter(f"_message.{name}")

    def read(self: Value) -> list[Any]:
        items = map(item_reader(read_item, self), raw(self))
        return [item for item in items if item is not None]

    return property(read)


def item_reader(read_item: Callable[[Any], Any], owner: Value) -> Callable[[Any], Any]:
    """Nested values are in the zone of their owner."""
    if isinstance(read_item, type) and issubclass(read_item, Value):
        return in_zone(read_item, owner._zone)
    return read_item


def _no_decimal(digits: str, name: str) -> Decimal:
    """Empty text is 0; anything else must not look like a price."""
    if digits == "":
        return _ZERO
    raise DecodeError(f"parse field: {name}: {digits!r} is no number")


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    """A field in a repr: times in UTC whatever the zone of the process."""
    match value:
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case bool():
            return "true" if value else "false"
        case OpenApiEnum():
            return value.name
        case datetime():
            return f'"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"'
        case date():
            return f'"{value.year}-{value:%B}-{value.day}"'
        case time():
            return f'"{value.hour}:{value.minute}:{value.second}"'
        case list():
            return f"[{', '.join(map(_shown, value))}]"
        case _:
            return str(value)
