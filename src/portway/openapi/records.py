"""Data objects that arrive as JSON: the fields of `values.py`, read from a dict of the answer.

Conversions follow the strictness of the official client where it hands a value on, and are milder
where it would refuse the whole answer: an object with a bad field is still there, and only reading
that field raises, with the names of object and key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, cast

from portway.openapi.enums import OpenApiEnum
from portway.openapi.errors import DecodeError
from portway.openapi.values import Value, in_zone, item_reader

__all__ = [
    "Record",
    "day",
    "decimal",
    "flag",
    "instant",
    "member",
    "number",
    "one",
    "optional_day",
    "optional_decimal",
    "optional_instant",
    "optional_member",
    "optional_number",
    "optional_one",
    "optional_text",
    "raw",
    "real",
    "rows",
    "text",
    "texts",
    "utc_day",
]

Member = TypeVar("Member", bound=OpenApiEnum)
R = TypeVar("R", bound="Record")

_NO_TIME = (None, "", "0", 0)
_IDS = ("order_id", "trade_id", "symbol", "id", "currency", "account_channel")


class Record(Value):
    """A data object read from a JSON object."""

    __slots__ = ()

    def __init__(self, message: Mapping[str, Any]) -> None:
        """Wrap an object of an answer; the SDK's business, not the program's.

        Raises:
            DecodeError: If it is no JSON object.
        """
        if not isinstance(message, Mapping):
            raise DecodeError(f"{type(self).__name__}: {message!r:.80} is no object")
        self._message = message


def _field(key: str, read: Callable[[Any], Any]) -> Any:
    """A property that says where it is when its value cannot be read."""

    def get(self: Record) -> Any:
        value = self._message.get(key)
        try:
            return read(value)
        except (ValueError, TypeError, OverflowError, OSError, InvalidOperation):
            said = "missing" if key not in self._message else f"{value!r:.80} cannot be read"
            raise DecodeError(f"parse field: {_name_of(self)}.{key}: {said}") from None

    return property(get)


def text(key: str) -> str:
    """Text; an absent one is empty."""
    return cast(str, _field(key, lambda value: "" if value is None else str(value)))


def optional_text(key: str) -> str | None:
    """Text; an absent or empty one is `None`."""
    return cast("str | None", _field(key, lambda value: str(value) if value else None))


def texts(key: str) -> list[str]:
    """A list of texts, new at every access."""
    return cast("list[str]", _field(key, lambda value: [str(item) for item in value or ()]))


def decimal(key: str) -> Decimal:
    """A decimal number, digits as on the wire; empty text is 0, an absent one cannot be read."""

    def read(value: Any) -> Decimal:
        return Decimal("0") if value == "" else _decimal(value)

    return cast(Decimal, _field(key, read))


def optional_decimal(key: str, *, zero_is_none: bool = False) -> Decimal | None:
    """A decimal number; an absent or empty one is `None`."""

    def read(value: Any) -> Decimal | None:
        if value is None or value == "":
            return None
        found = _decimal(value)
        return None if zero_is_none and not found else found

    return cast("Decimal | None", _field(key, read))


def number(key: str, *, absent: int | None = None) -> int:
    """A whole number, as a number or as text; empty text is 0."""

    def read(value: Any) -> int:
        if value is None and absent is not None:
            return absent
        return 0 if value == "" else int(value)

    return cast(int, _field(key, read))


def optional_number(key: str) -> int | None:
    """A whole number; an absent one, empty text and 0 are `None`."""
    return cast("int | None", _field(key, lambda value: int(value) if value else None))


def real(key: str) -> float:
    """A ratio, as a number or as text."""
    return cast(float, _field(key, lambda value: float(value or 0)))


def flag(key: str) -> bool:
    """Yes or no; absent is no."""
    return cast(bool, _field(key, bool))


def raw(key: str) -> Any:
    """The JSON value itself."""
    return _field(key, lambda value: value)


def instant(key: str, other: str = "") -> datetime:
    """A moment, from Unix seconds; whole seconds. `other` is a second name of the key."""

    def get(self: Record) -> datetime:
        value = self._message.get(key) or self._message.get(other)
        try:
            return datetime.fromtimestamp(int(value), self._zone)
        except (ValueError, TypeError, OverflowError, OSError):
            said = "missing" if value is None else f"{value!r:.80} is no time"
            raise DecodeError(f"parse field: {_name_of(self)}.{key}: {said}") from None

    return cast(datetime, property(get))


def optional_instant(key: str) -> datetime | None:
    """A moment, from Unix seconds or ISO 8601; an absent, empty or zero one is `None`."""

    def get(self: Record) -> datetime | None:
        value = self._message.get(key)
        if value in _NO_TIME:
            return None
        try:
            seconds = int(value)
        except (TypeError, ValueError):
            seconds = _seconds_of(value)
        try:
            return datetime.fromtimestamp(seconds, self._zone) if seconds else None
        except (ValueError, OverflowError, OSError):
            raise DecodeError(f"parse field: {_name_of(self)}.{key}: {value!r:.80}") from None

    return cast("datetime | None", property(get))


def day(key: str) -> date:
    """A date, from `YYYY-MM-DD` or `YYYYMMDD`."""
    return cast(date, _field(key, date.fromisoformat))


def optional_day(key: str) -> date | None:
    """A date, from `YYYY-MM-DD`; an absent or empty one is `None`."""
    return cast("date | None", _field(key, lambda v: date.fromisoformat(v) if v else None))


def utc_day(key: str) -> date:
    """The date of a moment given in Unix seconds."""
    return cast(date, _field(key, lambda value: datetime.fromtimestamp(int(value), UTC).date()))


def member(key: str, table: Mapping[Any, Member], otherwise: Member) -> Member:
    """A member of an enum, by its wire value; unknown and absent ones read as `otherwise`."""
    return cast(Member, _field(key, lambda value: table.get(value, otherwise)))


def optional_member(
    key: str, table: Mapping[Any, Member], otherwise: Member, *, none: str
) -> Member | None:
    """A member of an enum; the wire value `none` and an absent one are `None`."""

    def read(value: Any) -> Member | None:
        return None if value is None or value == none else table.get(value, otherwise)

    return cast("Member | None", _field(key, read))


def one(key: str, kind: type[R]) -> R:
    """A nested object; an absent one reads as empty."""

    def get(self: Record) -> R:
        return in_zone(kind, self._zone)(self._message.get(key) or {})

    return cast(R, property(get))


def optional_one(key: str, kind: type[R]) -> R | None:
    """A nested object; an absent one is `None`."""

    def get(self: Record) -> R | None:
        value = self._message.get(key)
        return None if value is None else in_zone(kind, self._zone)(value)

    return cast("R | None", property(get))


def rows(key: str, kind: type[R]) -> list[R]:
    """A list of nested objects, new at every access; an absent one is empty."""

    def get(self: Record) -> list[R]:
        return list(map(item_reader(kind, self), self._message.get(key) or ()))

    return cast("list[R]", property(get))


def _decimal(value: Any) -> Decimal:
    found = Decimal(value if isinstance(value, str | int) else str(value))
    if not found.is_finite():
        raise ValueError(value)
    return found


def _seconds_of(value: object) -> int:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _name_of(record: Record) -> str:
    """Class and id of an object, for messages: `Order 7001`."""
    ids = (record._message.get(key) for key in _IDS)
    found = next((str(value) for value in ids if value), "")
    return f"{type(record).__name__} {found}".rstrip()
