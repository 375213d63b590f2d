"""Times of a table as instants: which zone they are in, and the rule that a file has one.

Times without an offset are the exchange's own wall clock. Offsets are honoured, but one file keeps
to one kind of time: without offset, UTC, the exchange's own offset, or one other fixed offset. A
file that mixes them is refused, because half of it would silently be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from portway.market.imported.days import DAY_US, SECOND_US, local_days, offsets_us, utc_offset_us
from portway.market.imported.records import Ints
from portway.market.importers.columns import Bools
from portway.market.importers.errors import RecordedDataError
from portway.model.symbol import Market

__all__ = ["ZoneOfFile", "instants"]

_ZONE_PATTERN: Final = r"Z|z|[+-]\d{2}:?\d{2}"
_OFFSET: Final = re.compile(r"([+-])(\d{2}):?(\d{2})")
_NAIVE: Final = "without offset"
_EPOCH_SCALES: Final = {10: SECOND_US, 13: 1000, 16: 1}  # digits of an epoch time -> microseconds
_BAD: Final = np.iinfo(np.int64).min


class ZoneOfFile:
    """The one kind of time that a file has; learnt from its first rows, held against the rest.

    Attributes:
        kind: `without offset`, `UTC`, `exchange` or an offset such as `+03:00`; None at first.
    """

    def __init__(self, path: Path, kind: str | None = None) -> None:
        self._path = path
        self.kind = kind

    def meet(self, kinds: Sequence[str], lines: Sequence[int]) -> None:
        """Take note of the kinds of some rows.

        Raises:
            RecordedDataError: If they are not all of the file's kind.
        """
        for kind, line in zip(kinds, lines, strict=True):
            if self.kind is None:
                self.kind = kind
            elif kind != self.kind:
                reason = f"a time {_said(kind)} in a file whose times are {_said(self.kind)}"
                way_out = "write all times of a file in one zone"
                raise RecordedDataError(self._path, reason, way_out=way_out, line=line)


def _said(kind: str) -> str:
    return {"exchange": "with the exchange's offset", "UTC": "in UTC"}.get(
        kind, kind if kind == _NAIVE else f"with the offset {kind}"
    )


def instants(column: pa.Array, market: Market, lines: Ints, zone: ZoneOfFile) -> tuple[Ints, Bools]:
    """Return instants in microseconds since 1970, UTC, and which of them make no sense.

    Args:
        column: Text in ISO 8601 or as YYYYMMDD, with or without a time; seconds, milli- or
            microseconds since 1970 as text or numbers (UTC); or Parquet dates and timestamps.

    Raises:
        RecordedDataError: If zones are mixed.
    """
    kind = column.type
    if pa.types.is_timestamp(kind):
        zone.meet([_NAIVE if kind.tz is None else "UTC"], [int(lines[0])] if len(lines) else [0])
        at = _values(column.cast(pa.timestamp("us", kind.tz), safe=False))
        return (_from_local(at, market) if kind.tz is None else at), at == _BAD
    if pa.types.is_date(kind):
        at = _values(column.cast(pa.date32()).cast(pa.timestamp("us")))
        return _from_local(at, market), at == _BAD
    if pa.types.is_integer(kind):
        column = column.cast(pa.string())
    return _of_text(pc.utf8_trim_whitespace(column.cast(pa.string())), market, lines, zone)


def _of_text(column: pa.Array, market: Market, lines: Ints, zone: ZoneOfFile) -> tuple[Ints, Bools]:
    digits = pc.match_substring_regex(column, r"^\d{10}(\d{3}){0,2}$")
    if (
        len(column)
        and pc.all(pc.fill_null(digits, True)).as_py()
        and digits.null_count < len(column)
    ):
        zone.meet(["UTC"], [int(lines[0])])
        return _epochs(column)
    text = pc.replace_substring_regex(column, r"^(\d{4})[/.]?(\d{2})[/.]?(\d{2})", r"\1-\2-\3")
    text = pc.replace_substring_regex(text, r"^(\d{4}-\d{2}-\d{2})$", r"\1T00:00:00")
    # Arrow reads fractions and seconds, but wants both fields of the time.
    zoned = pc.fill_null(pc.match_substring_regex(text, rf"\d:\d{{2}}.*({_ZONE_PATTERN})$"), False)
    has_zone = np.asarray(zoned.to_numpy(zero_copy_only=False), dtype=np.bool_)
    if not has_zone.any():
        zone.meet([_NAIVE], [int(lines[0])] if len(lines) else [0])
        at = _parsed(text, None)
        return _from_local(at, market), at == _BAD
    at = _parsed(text, "UTC") if has_zone.all() else _parsed_mixed(text, has_zone)
    _meet_offsets(text, at, market, lines, zone, has_zone)
    return at, at == _BAD


def _meet_offsets(
    text: pa.Array, at: Ints, market: Market, lines: Ints, zone: ZoneOfFile, has_zone: Bools
) -> None:
    """Hold the offsets of a batch against the file's kind of time, each change of them once."""
    suffix = pc.struct_field(pc.extract_regex(text, rf"\d:\d{{2}}.*?(?P<zone>{_ZONE_PATTERN})$"), 0)
    coded = pc.dictionary_encode(suffix, null_encoding="encode")
    codes = np.asarray(coded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    values = coded.dictionary.to_pylist()
    # The exchange's own offset changes with the season: compare day by day.
    days = local_days(market, np.where(at == _BAD, 0, at))
    keys = np.stack((codes, days), axis=1)
    _, first = np.unique(keys, axis=0, return_index=True)
    found: list[tuple[int, str]] = []
    for row in sorted(first.tolist()):
        if at[row] == _BAD and has_zone[row]:
            continue
        found.append((int(lines[row]), _kind_of(values[codes[row]], market, int(days[row]))))
    zone.meet([kind for _, kind in found], [line for line, _ in found])


def _kind_of(offset: str | None, market: Market, day: int) -> str:
    if not offset:
        return _NAIVE
    match = _OFFSET.fullmatch(offset)
    if match is None or offset[1:].strip("0:") == "":
        return "UTC"
    seconds = (int(match[2]) * 60 + int(match[3])) * 60 * (1 if match[1] == "+" else -1)
    if seconds * SECOND_US == utc_offset_us(market, day):
        return "exchange"
    return f"{match[1]}{match[2]}:{match[3]}"


def _epochs(column: pa.Array) -> tuple[Ints, Bools]:
    lengths = np.asarray(pc.utf8_length(column).fill_null(10).to_numpy(zero_copy_only=False))
    at = _ints(column.cast(pa.int64()))
    scale = np.ones(len(at), dtype=np.int64)
    for digits, factor in _EPOCH_SCALES.items():
        scale[lengths == digits] = factor
    bad = at == _BAD
    return np.where(bad, _BAD, np.where(bad, 0, at) * scale), bad


def _parsed(text: pa.Array, zone: str | None) -> Ints:
    try:
        return _values(text.cast(pa.timestamp("us", zone)))
    except pa.ArrowInvalid:
        pass
    # Some row is no time: find which, one by one, and keep the others.
    found = np.full(len(text), _BAD, dtype=np.int64)
    for row, value in enumerate(text.to_pylist()):
        try:
            at = datetime.fromisoformat(value) if value else None
        except ValueError:
            at = None
        if at is not None and (at.tzinfo is not None) == (zone is not None):
            found[row] = _micros(at.replace(tzinfo=UTC) if zone is None else at)
    return found


def _parsed_mixed(text: pa.Array, has_zone: Bools) -> Ints:
    naive, zoned = _parsed(text, None), _parsed(text, "UTC")
    found: Ints = np.where(has_zone, zoned, naive)
    return found


def _micros(at: datetime) -> int:
    passed = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * SECOND_US + passed.microseconds


def _values(column: pa.Array) -> Ints:
    return _ints(column.cast(pa.int64()))


def _ints(column: pa.Array) -> Ints:
    filled = pc.fill_null(column, _BAD)
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def _from_local(at: Ints, market: Market) -> Ints:
    """Turn the exchange's wall clock into UTC."""
    bad = at == _BAD
    wall = np.where(bad, 0, at)
    found: Ints = np.where(bad, _BAD, wall - offsets_us(market, wall // DAY_US))
    return found
