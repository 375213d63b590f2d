"""Filter and sort of a long list of structured products: 10,000 rows, every sort key.

Times what the server does between the figures and the page: the filter, the order, the cut. The
products are random ones of every kind. Prints the slowest of all sort keys, with and without a
filter.

Run: .venv/bin/python bench/warrants.py [--rounds 9]. Exits with 1 when the limit is not met.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time

import numpy as np

from portway.quotes.warrant_list import (
    ExpiryRange,
    MoneySide,
    SortBy,
    WarrantFilter,
    WarrantStatus,
    WarrantTable,
    select,
)

ROWS = 10_000
LIMIT_MS = 10.0
WANTED = WarrantFilter(
    descending=True,
    kinds=(0, 1, 2),
    issuers=tuple(range(1, 13)),
    expiry=(ExpiryRange.MONTHS_3_TO_6, ExpiryRange.MONTHS_6_TO_12),
    money=(MoneySide.IN,),
    statuses=(WarrantStatus.NORMAL,),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    print(f"python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}")
    table = products()
    slowest = 0.0
    for name, filtered in (("all rows", False), ("every filter", True)):
        taken = {key: median_ms(table, key, filtered, args.rounds) for key in SortBy}
        key = max(taken, key=lambda one: taken[one])
        print(f"{name}: at most {taken[key]:.2f} ms, by {key.name} (limit {LIMIT_MS:g} ms)")
        slowest = max(slowest, taken[key])
    return 1 if slowest > LIMIT_MS else 0


def products() -> WarrantTable:
    draw = np.random.default_rng(3)
    columns = {key: draw.normal(size=ROWS) for key in SortBy}
    kind = draw.integers(0, 5, ROWS)
    for key in (SortBy.DELTA, SortBy.IMPLIED_VOLATILITY, SortBy.EFFECTIVE_LEVERAGE):
        columns[key] = np.where(kind < 2, columns[key], np.nan)
    columns[SortBy.STATUS] = draw.choice([2.0, 3.0, 4.0], ROWS, p=[0.02, 0.02, 0.96])
    return WarrantTable(
        columns, kind, draw.integers(1, 21, ROWS), draw.integers(1, 5, ROWS), draw.normal(size=ROWS)
    )


def median_ms(table: WarrantTable, key: SortBy, filtered: bool, rounds: int) -> float:
    wanted = WANTED if filtered else WarrantFilter()
    asked = WarrantFilter(
        key, wanted.descending, 0, 500, wanted.kinds, wanted.issuers, wanted.expiry, wanted.money,
        wanted.statuses,
    )  # fmt: skip
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        select(table, asked)
        taken.append(1000 * (time.perf_counter() - begin))
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
