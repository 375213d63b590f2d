"""Latency of a page of history: the last 1000 bars of a symbol, from the mapped file to wire bytes.

Times what the server does for one history query, request message to response bytes, without the
socket: 50 symbols, each asked once a round, the median over all of them. Beside it, in the same
run, DuckDB reads the same bars from Parquet files (one per symbol) and hands them over as Python
rows, which is less than the server does: no candlesticks, no wire bytes.

Run: .venv/bin/python bench/bars.py [--symbols 50] [--rounds 5]. Prints one line per figure; exits
with 1 when a limit is not met.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from portway.gateway.sockets.history_pages import history_answer
from portway.gateway.sockets.quote_requests import latest_query
from portway.market.history import SymbolHistory
from portway.market.imported.listing import Listing
from portway.market.imported.source import ImportedSource
from portway.market.importers.bars import BarOptions, import_bars
from portway.market.reference import built_in
from portway.model.quote import Period
from portway.model.session import trading_hours
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.storage.market_data import MarketData
from portway.wire.pb import quote_pb2 as pb

LIMIT_MS = {Period.ONE_MINUTE: 1.5, Period.DAY: 8.0}
RATIO = {Period.ONE_MINUTE: 3.0, Period.DAY: 2.0}
NAMES = {Period.ONE_MINUTE: "1m", Period.DAY: "day"}
MINUTE_DAYS, DAYS = 60, 2500
BYTES_MIN = 40  # Of one bar on the wire.
ZONE = MARKET_ZONES[Market.HK]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(f"python {platform.python_version()}, duckdb {duckdb.__version__}, {platform.machine()}")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        symbols = [f"{9000 + number}.HK" for number in range(args.symbols)]
        listing = Listing(built_in())
        data = MarketData(home, listing)
        for period in NAMES:
            for number, symbol in enumerate(symbols):
                path = home / f"{symbol}.{NAMES[period]}.parquet"
                write_bars(path, symbol, period, number)
                import_bars(path, data, listing, BarOptions(period))
        source = ImportedSource(data, listing)
        for period, name in NAMES.items():
            ours = [server(source, symbol, period) for symbol in symbols]
            theirs = [duck(home / f"{symbol}.{name}.parquet") for symbol in symbols]
            cold = median_ms(ours, 1)
            assert all(query() > 1000 * BYTES_MIN for query in ours), "a page is short of bars"
            warm, other = median_ms(ours, args.rounds), median_ms(theirs, args.rounds)
            print(
                f"{name:>4}: server {warm:.3f} ms (first query of a symbol {cold:.3f} ms),"
                f" duckdb {other:.3f} ms, ratio {other / warm:.1f}"
            )
            failed |= warm > LIMIT_MS[period] or other / warm < RATIO[period]
    return int(failed)


def write_bars(path: Path, symbol: str, period: Period, seed: int) -> None:
    """Write a random walk on the tick grid as a Parquet file."""
    random = np.random.default_rng(seed)
    stamps = []
    day = date(2025, 6, 30)
    calendar = built_in().calendars[Market.HK]
    for one in calendar.trading_days(date(2010, 1, 1), day)[
        -(MINUTE_DAYS if period is Period.ONE_MINUTE else DAYS) :
    ]:
        midnight = datetime(one.year, one.month, one.day)  # noqa: DTZ001  # the file's are naive
        if period is Period.DAY:
            stamps.append(midnight)
            continue
        afternoon = () if calendar.is_half_day(one) else range(13 * 60, 16 * 60)
        for minute in (*range(9 * 60 + 30, 12 * 60), *afternoon):
            stamps.append(midnight + timedelta(minutes=minute))
    count = len(stamps)
    close = 20_000 + np.cumsum(random.integers(-4, 5, count)) * 5
    opened = close + random.integers(-3, 4, count) * 5
    high = np.maximum(opened, close) + random.integers(0, 3, count) * 5
    low = np.minimum(opened, close) - random.integers(0, 3, count) * 5
    volume = random.integers(10, 5000, count) * 100
    table = pa.table(
        {
            "symbol": [symbol] * count,
            "time": pa.array(stamps, pa.timestamp("us")),
            "open": opened / 100,
            "high": high / 100,
            "low": low / 100,
            "close": close / 100,
            "volume": volume,
            "turnover": volume * (opened + close) / 200,
        }
    )
    pq.write_table(table, path)


def server(source: ImportedSource, symbol: str, period: Period) -> Callable[[], int]:
    """Return a query of the newest 1000 bars that gives the number of bytes sent."""
    request = pb.SecurityCandlestickRequest(symbol=symbol, period=int(period), count=1000)
    market = Market.HK
    calendar = built_in().calendars[market]
    now = datetime(2025, 6, 30, 22, tzinfo=ZONE).astimezone(UTC)

    def query() -> int:
        history = SymbolHistory(
            source, Symbol(symbol), trading_hours(market), calendar, now=now, today=None
        )
        answer = history_answer(latest_query(request, overnight=False), history, symbol, market)
        return len(answer.SerializeToString())

    return query


def duck(path: Path) -> Callable[[], int]:
    """Return the same bars' query through DuckDB; the connection and its plan are warm."""
    connection = duckdb.connect()
    text = (
        "SELECT time, open, high, low, close, volume, turnover"
        f" FROM '{path}' ORDER BY time DESC LIMIT 1000"
    )
    return lambda: len(connection.execute(text).fetchall())


def median_ms(queries: list[Callable[[], int]], rounds: int) -> float:
    """Return the median time of one query over all symbols and rounds."""
    found = []
    for _ in range(rounds):
        for query in queries:
            begin = time.perf_counter()
            query()
            found.append((time.perf_counter() - begin) * 1000)
    return statistics.median(found)


if __name__ == "__main__":
    sys.exit(main())
