"""One HTTP request as handlers see it, and the strict reading of its query and body.

Of a header that occurs twice the last counts, of a query key likewise unless a list is asked for.
Unknown keys are ignored, in queries and bodies alike: newer clients send more. Every refusal names
the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

import msgspec

from portway.gateway.errors import Refused
from portway.gateway.identity import Principal
from portway.model.decimals import MalformedDecimal, parse_decimal
from portway.wire.envelope import Language
from portway.wire.names import NameTable

__all__ = ["Request", "decimal_of", "instant_of", "member_of", "parse_query", "refused_parameter"]

QUERY_FIELDS_MAX: Final = 1100  # a list of 1000 values and everything else
SECONDS_MAX: Final = 253_402_300_799  # the last second of the year 9999

T = TypeVar("T")


def refused_parameter(field: str) -> Refused:
    """Return the refusal of a missing or malformed field."""
    return Refused("PARAMETER_INVALID", field)


def parse_query(raw_query: bytes) -> dict[str, list[str]]:
    """Return the values of every key, in their order; an empty query has none."""
    if not raw_query:
        return {}
    try:
        return parse_qs(
            raw_query.decode("latin-1"), keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX
        )
    except ValueError:
        raise refused_parameter("query: too many fields") from None


class Request(msgspec.Struct, frozen=True):
    """A request whose sender is known.

    Attributes:
        headers: Last value of each, by lower-case name.
        query: Values of each key, in their order.
    """

    method: str
    path: str
    headers: Mapping[str, bytes]
    query: Mapping[str, list[str]]
    body: bytes
    principal: Principal | None
    language: Language

    @property
    def account_no(self) -> str:
        """The account of the caller; only on routes that authenticate."""
        assert self.principal is not None
        return self.principal.account_no

    @property
    def has_dc_region(self) -> bool:
        """Whether a newer client asks; it spells one enum differently."""
        return "x-dc-region" in self.headers

    def text(self, key: str) -> str | None:
        """Return the last value of a query key; `None` when it is missing or empty."""
        values = self.query.get(key)
        return values[-1] or None if values else None

    def texts(self, key: str) -> list[str]:
        """Return all values of a query key that may be repeated, empty ones left out."""
        return [value for value in self.query.get(key, []) if value]

    def required(self, key: str) -> str:
        """Return a value that must be there."""
        value = self.text(key)
        if value is None:
            raise refused_parameter(key)
        return value

    def integer(self, key: str, *, least: int, most: int) -> int | None:
        """Return a whole number within bounds."""
        value = self.text(key)
        if value is None:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) <= 12):
            raise refused_parameter(key)
        if not least <= int(value) <= most:
            raise refused_parameter(key)
        return int(value)

    def instant(self, key: str) -> datetime | None:
        """Return an instant given in Unix seconds."""
        seconds = self.integer(key, least=0, most=SECONDS_MAX)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def json(self, shape: type[T]) -> T:
        """Return the body as a value of `shape`.

        Raises:
            Refused: If it is not JSON, or a field is missing or of the wrong type.
        """
        try:
            return msgspec.json.decode(self.body, type=shape)
        except msgspec.ValidationError as error:
            raise refused_parameter(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise refused_parameter("the body is not JSON") from None

    def json_object(self) -> dict[str, Any]:
        """Return the body as an object of whatever it holds; an empty body as an empty one."""
        return self.json(dict[str, Any]) if self.body else {}


def decimal_of(text: str | int, field: str) -> Decimal:
    """Return a number in plain notation."""
    try:
        return parse_decimal(str(text))
    except MalformedDecimal:
        raise refused_parameter(field) from None


def instant_of(text: str, field: str) -> datetime:
    """Return an instant written as RFC 3339."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise refused_parameter(field) from None
    if at.tzinfo is None:
        raise refused_parameter(field)
    return at.astimezone(UTC)


def member_of(table: NameTable[str], text: str, field: str) -> str:
    """Return the name of the enum member that `text` stands for."""
    name = table.member.get(text)
    if name is None:
        raise refused_parameter(field)
    return name
