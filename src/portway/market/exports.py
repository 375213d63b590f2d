"""Writes a symbol's bars to CSV or Parquet, from any source, a stretch of days at a time.

What is written can be imported again and gives the same bars. A file appears under its name when it
is whole.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from portway.market.ports import MarketSource
from portway.model.decimals import wire_text
from portway.model.quote import Candlestick, Period, TradeSession
from portway.model.symbol import MARKET_ZONES, Symbol, market_of

__all__ = ["ExportFormat", "export_bars"]

MINUTE_DAYS: Final = 10  # Days read at a time.
DAY_DAYS: Final = 1000
_SESSIONS: Final = {
    TradeSession.NORMAL: "normal",
    TradeSession.PRE: "pre",
    TradeSession.POST: "post",
    TradeSession.OVERNIGHT: "overnight",
}
_PRICE: Final = pa.decimal128(20, 6)
_MONEY: Final = pa.decimal128(28, 6)

Write = Callable[[Sequence[Candlestick]], None]


class ExportFormat(StrEnum):
    """Kind of file; the value is its suffix."""

    CSV = "csv"
    PARQUET = "parquet"


def export_bars(
    source: MarketSource,
    symbol: Symbol,
    period: Period,
    first: date,
    last: date,
    path: Path,
    kind: ExportFormat,
    progress: Callable[[float], None] = lambda done: None,
) -> int:
    """Write the raw bars of the trading days `first` to `last` and return how many there are.

    Args:
        period: ONE_MINUTE (every session) or DAY.

    Raises:
        SourceDamaged: If the source cannot show a day; no file is left behind.
        OSError: If the file cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    writer = _csv if kind is ExportFormat.CSV else _parquet
    count = 0
    days = (last - first).days + 1
    step = timedelta(days=MINUTE_DAYS if period is Period.ONE_MINUTE else DAY_DAYS)
    try:
        with writer(part, symbol, period) as write:
            begin = first
            while begin <= last:
                end = min(begin + step - timedelta(days=1), last)
                bars = source.bars(symbol, period, begin, end)
                write(bars)
                count += len(bars)
                begin = end + timedelta(days=1)
                progress((begin - first).days / days)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return count


_Writer = Callable[[Path, Symbol, Period], AbstractContextManager[Write]]


@contextmanager
def _csv(path: Path, symbol: Symbol, period: Period) -> Iterator[Write]:
    zone = MARKET_ZONES[market_of(symbol)]
    is_day = period is Period.DAY
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        columns = "open high low close volume turnover session".split()
        rows.writerow(["symbol", "date" if is_day else "time", *columns])

        def write(bars: Sequence[Candlestick]) -> None:
            for bar in bars:
                local = bar.at.astimezone(zone)
                prices = (bar.open, bar.high, bar.low, bar.close)
                rows.writerow(
                    [
                        symbol,
                        local.date().isoformat() if is_day else local.isoformat(),
                        *map(wire_text, prices),
                        bar.volume,
                        wire_text(bar.turnover),
                        _SESSIONS[bar.session],
                    ]
                )

        yield write


@contextmanager
def _parquet(path: Path, symbol: Symbol, period: Period) -> Iterator[Write]:
    zone = MARKET_ZONES[market_of(symbol)]
    is_day = period is Period.DAY
    when = ("date", pa.date32()) if is_day else ("time", pa.timestamp("us", "UTC"))
    names = ("open", "high", "low", "close")
    schema = pa.schema(
        [
            ("symbol", pa.string()),
            when,
            *((name, _PRICE) for name in names),
            ("volume", pa.int64()),
            ("turnover", _MONEY),
            ("session", pa.string()),
        ]
    )
    with pq.ParquetWriter(path, schema) as file:

        def write(bars: Sequence[Candlestick]) -> None:
            at = [bar.at.astimezone(zone).date() if is_day else bar.at for bar in bars]
            columns = [
                pa.array([symbol] * len(bars), pa.string()),
                pa.array(at, when[1]),
                *(pa.array([getattr(bar, name) for bar in bars], _PRICE) for name in names),
                pa.array([bar.volume for bar in bars], pa.int64()),
                pa.array([bar.turnover for bar in bars], _MONEY),
                pa.array([_SESSIONS[bar.session] for bar in bars], pa.string()),
            ]
            if bars:
                file.write_table(pa.Table.from_arrays(columns, schema=schema))

        yield write
