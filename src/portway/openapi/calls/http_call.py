"""An HTTP call as a value: method, path, body, and how the data of its answer is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote_plus

from portway.openapi.errors import DecodeError
from portway.openapi.records import Record

__all__ = [
    "PAGES_MAX",
    "HttpCall",
    "PagedCall",
    "json_body",
    "list_at",
    "nothing",
    "object_of",
    "rows_at",
    "with_query",
]

T = TypeVar("T")
R = TypeVar("R", bound=Record)

PAGES_MAX: Final = 1000  # of one paged call: a service that always says "more" is not believed


@dataclass(frozen=True, slots=True)
class HttpCall(Generic[T]):
    """One request to the HTTP API.

    Attributes:
        method: In capitals.
        path: From the root, with its query, percent-encoded.
        read: Makes the result of the `data` of a successful answer; raises `DecodeError`.
        content: The body, as it is sent.
        repeats: Whether it may be sent again when it is unknown what became of it.
        region: The data centre that alone has it, `us` or `ap`; empty for both.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    content: bytes = b""
    repeats: bool = False
    region: str = ""


@dataclass(frozen=True, slots=True)
class PagedCall(Generic[T]):
    """A list that comes in pages.

    Attributes:
        page: The call for a page, counted from 1; its result is the rows, and whether more follow.
    """

    page: Callable[[int], HttpCall[tuple[list[T], bool]]]


def with_query(path: str, query: Iterable[tuple[str, str | None]]) -> str:
    """Return a path with a query; what is `None` is left out, and a bare `?` stays."""
    pairs = (f"{_quoted(name)}={_quoted(value)}" for name, value in query if value is not None)
    return f"{path}?{'&'.join(pairs)}"


def json_body(fields: Mapping[str, Any]) -> bytes:
    """Return a body; fields that are `None` are left out, the others stay in order."""
    given = {name: value for name, value in fields.items() if value is not None}
    return json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode()


def nothing(data: Any) -> None:
    """The reader of calls whose answer says nothing."""


def object_of(kind: type[R]) -> Callable[[Any], R]:
    """Return a reader of one object."""
    return kind


def rows_at(key: str, kind: type[R]) -> Callable[[Any], list[R]]:
    """Return a reader of the list of objects at a key of the data."""

    def read(data: Any) -> list[R]:
        return [kind(row) for row in list_at(key, data)]

    return read


def list_at(key: str, data: Any) -> list[Any]:
    """Return the list at a key; null is an empty one.

    Raises:
        DecodeError: If the key is missing or holds something else.
    """
    if not isinstance(data, dict) or key not in data:
        raise DecodeError(f"deserialize response body error: missing field `{key}`")
    found = data[key]
    if found is None:
        return []
    if not isinstance(found, list):
        raise DecodeError(f"deserialize response body error: `{key}` is no list")
    return found


def _quoted(text: str) -> str:
    # As forms are encoded, which is what services verify a signature over.
    return quote_plus(text, safe="*").replace("~", "%7E")
