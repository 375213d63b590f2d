"""Which column of a table is what, by its name, and its values as numbers and text.

Names are compared without case, blanks and underscores. A value that is no number is reported with
its line; a column that is missing is an error of the whole file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from portway.market.imported.records import Ints
from portway.market.importers.errors import RecordedDataError

__all__ = ["ALIASES", "Bools", "Floats", "find_columns", "numbers", "scaled", "texts"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# What a column means -> names that say so; the first is the documented one.
ALIASES: Final[Mapping[str, Sequence[str]]] = {
    "symbol": ("symbol", "ticker", "instrument", "ric", "ts_code"),
    "time": ("time", "datetime", "timestamp", "at", "date_time", "trade_time"),
    "date": ("date", "day", "trade_date", "trading_day"),
    "open": ("open", "o", "open_price"),
    "high": ("high", "h", "high_price"),
    "low": ("low", "l", "low_price"),
    "close": ("close", "c", "close_price"),
    "volume": ("volume", "vol", "v", "shares", "quantity", "qty", "size"),
    "volume_lots": ("volume_lots", "lots", "hands"),
    "turnover": ("turnover", "amount", "value", "money"),
    "price": ("price", "last", "last_done", "p"),
    "side": ("side", "aggressor"),
    "direction": ("direction",),
    "type": ("type", "trade_type", "condition"),
    "bid": ("bid", "bid_price", "bid1"),
    "bid_size": ("bid_size", "bid_volume", "bid_qty", "bid1_size"),
    "ask": ("ask", "ask_price", "ask1", "offer"),
    "ask_size": ("ask_size", "ask_volume", "ask_qty", "ask1_size"),
    "ex_date": ("ex_date", "exdate", "ex_dividend_date"),
    "cash": ("cash", "dividend", "cash_dividend"),
    "bonus": ("bonus", "bonus_shares"),
    "rights": ("rights", "rights_shares"),
    "rights_price": ("rights_price",),
    "split": ("split", "split_ratio"),
    "bonus_per_10": ("bonus_shares_per_10",),
    "capitalisation_per_10": ("capitalisation_per_10", "capitalization_per_10"),
    "rights_per_10": ("rights_shares_per_10",),
    "cash_per_10": ("cash_dividend_per_10",),
    "price_factor": ("price_factor",),
    "split_factor": ("split_factor",),
    "reference": ("reference", "reference_price"),
}

_SHOWN_NAMES_MAX: Final = 20


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "").replace(" ", "").replace("-", "")


def find_columns(
    path: Path, names: Sequence[str], wanted: Iterable[str], needed: Sequence[Sequence[str]]
) -> dict[str, str]:
    """Return for each meaning in `wanted` the name of its column, where there is one.

    Args:
        needed: Of each group at least one meaning must be found.

    Raises:
        RecordedDataError: If one is missing, or two columns mean the same.
    """
    found: dict[str, str] = {}
    plain: dict[str, str] = {_plain(name): name for name in names}
    for meaning in wanted:
        for alias in ALIASES[meaning]:
            name = plain.get(_plain(alias))
            if name is not None:
                found[meaning] = name
                break
    for group in needed:
        if not any(meaning in found for meaning in group):
            columns = ", ".join(names[:_SHOWN_NAMES_MAX])
            reason = f"no column {' or '.join(group)}; the columns are: {columns}"
            way_out = "rename the columns as the page on importing says"
            raise RecordedDataError(path, reason, way_out=way_out, line=1)
    return found


def numbers(column: pa.Array) -> tuple[Floats, Bools]:
    """Return a column as numbers, NaN where it is empty or no number, and where it is no number."""
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        try:
            values = column.cast(pa.float64(), safe=False)
        except pa.ArrowException:
            return np.full(len(column), np.nan), np.ones(len(column), dtype=np.bool_)
        found: Floats = _float_values(values)
        return found, np.zeros(len(column), dtype=np.bool_)
    try:
        return _float_values(column.cast(pa.float64())), np.zeros(len(column), dtype=np.bool_)
    except pa.ArrowInvalid:
        pass
    trimmed = pc.utf8_trim_whitespace(column)
    is_number = pc.match_substring_regex(trimmed, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
    is_number = pc.fill_null(is_number, True)
    kept = pc.if_else(is_number, trimmed, pa.scalar(None, trimmed.type))
    bad = ~np.asarray(is_number.to_numpy(zero_copy_only=False), dtype=np.bool_)
    return _float_values(kept.cast(pa.float64())), bad


def _float_values(values: pa.Array) -> Floats:
    found = values.to_numpy(zero_copy_only=False)
    return np.asarray(found, dtype=np.float64)


def scaled(values: Floats, places: int) -> Ints:
    """Return the nearest whole units of ten to the power of minus `places`; 0 for NaN."""
    clean = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    units: Ints = np.rint(np.clip(clean * 10.0**places, -9.2e18, 9.2e18)).astype(np.int64)
    return units


def texts(column: pa.Array) -> tuple[Ints, list[str | None]]:
    """Return a column of text as numbers into a list of its different values."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        column = column.cast(pa.string())
    coded = pc.dictionary_encode(column, null_encoding="encode")
    indices = np.asarray(coded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    values: list[Any] = coded.dictionary.to_pylist()
    return indices, values
