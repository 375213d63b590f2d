"""Arguments of calls, checked and turned into what is sent; each function names its argument.

The wrong type is a `TypeError`, the wrong value an `ArgumentError`; both before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias, TypeVar

from portway.openapi.enums import OpenApiEnum
from portway.openapi.errors import ArgumentError

__all__ = [
    "COUNT_MAX",
    "Number",
    "compact_day",
    "count",
    "decimal_text",
    "long_day",
    "member",
    "optional_decimal_text",
    "optional_member",
    "optional_seconds",
    "optional_text",
    "seconds",
    "text",
    "texts",
    "wire_of",
    "wire_texts",
    "yes_or_no",
]

E = TypeVar("E", bound=OpenApiEnum)
W = TypeVar("W", str, int)

Number: TypeAlias = Decimal | int | float | str

COUNT_MAX: Final = 2**31 - 1
_DECIMAL_MAX: Final = Decimal("79228162514264337593543950335")  # what the field takes elsewhere
_FLOAT_DIGITS: Final = 16  # more are noise of the binary representation


def text(name: str, value: object) -> str:
    """Return a text.

    Raises:
        TypeError: If it is no `str`.
    """
    if not isinstance(value, str):
        raise TypeError(f"argument '{name}': a str is expected, not {value!r:.80}")
    return value


def optional_text(name: str, value: object) -> str | None:
    """Return a text or `None`."""
    return None if value is None else text(name, value)


def texts(name: str, value: object) -> list[str]:
    """Return a list of texts.

    Raises:
        TypeError: If it is no list or tuple of `str`.
    """
    if not isinstance(value, list | tuple):
        raise TypeError(f"argument '{name}': a list of str is expected, not {value!r:.80}")
    return [text(name, item) for item in value]


def count(name: str, value: object, *, minimum: int = 0, maximum: int = COUNT_MAX) -> int:
    """Return a whole number.

    Raises:
        TypeError: If it is no `int`.
        ArgumentError: If it is out of bounds.
    """
    if not isinstance(value, int):
        raise TypeError(f"argument '{name}': an int is expected, not {value!r:.80}")
    if not minimum <= value <= maximum:
        raise ArgumentError(f"argument '{name}': {value} is not in {minimum}..{maximum}")
    return int(value)


def yes_or_no(name: str, value: object) -> str:
    """Return `true` or `false`.

    Raises:
        TypeError: If it is no `bool`.
    """
    if not isinstance(value, bool):
        raise TypeError(f"argument '{name}': a bool is expected, not {value!r:.80}")
    return "true" if value else "false"


def decimal_text(name: str, value: object) -> str:
    """Return a number as it is sent: plain digits, without trailing zeros, none of them lost.

    Args:
        name: Of the argument.
        value: `Decimal`, `int`, `str`, `float` or anything with `__float__`; of a float the digits
            that a person means by it (0.1 + 0.2 is 0.3).

    Raises:
        TypeError: If it is no number.
        ArgumentError: If it is not finite, too large, or text that is no number.
    """
    found = _decimal(name, value)
    if not found.is_finite():
        raise ArgumentError(f"argument '{name}': {value!r:.80} is not a finite number")
    if abs(found) > _DECIMAL_MAX:
        raise ArgumentError(f"argument '{name}': {value!r:.80} is too large")
    digits = f"{found:f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits in ("-0", "") else digits


def optional_decimal_text(name: str, value: object) -> str | None:
    """Return a number as it is sent, or `None`."""
    return None if value is None else decimal_text(name, value)


def _decimal(name: str, value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(int(value))
    if isinstance(value, str):
        try:
            return Decimal(value.strip())
        except InvalidOperation:
            raise ArgumentError(f"argument '{name}': {value!r:.80} is no number") from None
    if isinstance(value, OpenApiEnum) or not hasattr(value, "__float__"):
        raise TypeError(f"argument '{name}': a Decimal is expected, not {value!r:.80}")
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise ArgumentError(f"argument '{name}': {value!r:.80} is not a finite number")
    return Decimal(f"{number:.{_FLOAT_DIGITS}g}")


def seconds(name: str, value: object) -> str:
    """Return a moment in Unix seconds; one without a zone is in UTC, as in the official client.

    Raises:
        TypeError: If it is no `datetime`.
    """
    if not isinstance(value, datetime):
        raise TypeError(f"argument '{name}': a datetime is expected, not {value!r:.80}")
    moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return str(int(moment.replace(microsecond=0).timestamp()))


def optional_seconds(name: str, value: object) -> str | None:
    """Return a moment in Unix seconds, or `None`."""
    return None if value is None else seconds(name, value)


def long_day(name: str, value: object) -> str | None:
    """Return a date as `YYYY-MM-DD`, or `None`; the time of a `datetime` is dropped.

    Raises:
        TypeError: If it is no `date`.
    """
    if value is None:
        return None
    if not isinstance(value, date):
        raise TypeError(f"argument '{name}': a date is expected, not {value!r:.80}")
    return f"{value:%Y-%m-%d}".rjust(10, "0")


def compact_day(name: str, value: object) -> str:
    """Return a date as `YYYYMMDD`.

    Raises:
        TypeError: If it is no `date`.
    """
    digits = long_day(name, value)
    if digits is None:
        raise TypeError(f"argument '{name}': a date is expected, not None")
    return digits.replace("-", "")


def member(name: str, value: object, kind: type[E]) -> E:
    """Return a member of an enum.

    Raises:
        TypeError: If it is none of `kind`.
    """
    if not isinstance(value, kind):
        raise TypeError(f"argument '{name}': a {kind.__name__} is expected, not {value!r:.80}")
    return value


def optional_member(name: str, value: object, kind: type[E]) -> E | None:
    """Return a member of an enum, or `None`."""
    return None if value is None else member(name, value, kind)


def wire_of(name: str, value: object, kind: type[E], table: Mapping[E, W]) -> W:
    """Return what a member of an enum is on the wire.

    Raises:
        TypeError: If it is no member of `kind`.
        ArgumentError: If it cannot be sent, as `Unknown` cannot.
    """
    found = table.get(member(name, value, kind))
    if found is None:
        raise ArgumentError(f"argument '{name}': {value!r} cannot be sent")
    return found


def wire_texts(name: str, value: object, kind: type[E], table: Mapping[E, Any]) -> list[Any]:
    """Return what the members of a list are on the wire; `None` is an empty list.

    Raises:
        TypeError: If it is no list or tuple of members of `kind`.
        ArgumentError: If one cannot be sent.
    """
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise TypeError(f"argument '{name}': a list of {kind.__name__} is expected")
    return [wire_of(name, item, kind, table) for item in value]
