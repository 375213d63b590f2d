"""Small files of bars and ticks for the tests of imports, and a home to import them into."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portway.market.imported.listing import Listing
from portway.market.imported.source import ImportedSource
from portway.market.importers.bars import BarOptions, import_bars
from portway.market.importers.findings import Findings
from portway.market.importers.portions import ImportRefused
from portway.market.importers.ticks import TickOptions, import_ticks
from portway.market.reference import built_in
from portway.model.quote import Period
from portway.storage.market_data import MarketData

BAR_HEADER = "symbol,time,open,high,low,close,volume,turnover"
DAY_HEADER = "symbol,date,open,high,low,close,volume"


@dataclass
class Home:
    """A home of a test."""

    path: Path

    def __post_init__(self) -> None:
        self.listing = Listing(built_in())
        self.data = MarketData(self.path / "home", self.listing)

    def file(self, name: str, header: str, rows: Iterable[str], end: str = "\n") -> Path:
        """Write a CSV file, compressed where its name says so."""
        path = self.path / name
        text = (end.join([header, *rows]) + end).encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return path

    def bars(self, path: Path, period: Period = Period.ONE_MINUTE, **options: Any) -> Findings:
        """Import a file of bars."""
        return import_bars(path, self.data, self.listing, BarOptions(period, **options))[1]

    def ticks(self, path: Path, **options: Any) -> Findings:
        """Import a file of ticks."""
        return import_ticks(path, self.data, self.listing, TickOptions(**options))[1]

    def refused(self, path: Path, period: Period = Period.ONE_MINUTE, **options: Any) -> list[str]:
        """Import a file that is refused; return what is said about it."""
        try:
            self.bars(path, period, **options)
        except ImportRefused as error:
            assert list((self.path / "home" / "data").rglob("*.rows")) == []
            return error.findings.lines()
        raise AssertionError("the file was imported")

    def source(self) -> ImportedSource:
        """Return what a server would serve, from the disk."""
        return ImportedSource(MarketData(self.path / "home", self.listing), self.listing)


def minute_rows(symbol: str, day: str, count: int, first: str = "09:30") -> Sequence[str]:
    """Return rising bars of consecutive minutes, each of 400 shares."""
    hour, minute = map(int, first.split(":"))
    found = []
    for number in range(count):
        at = hour * 60 + minute + number
        price = 10 + number / 100
        prices = f"{price:.2f},{price + 0.02:.2f},{price - 0.01:.2f},{price + 0.01:.2f}"
        found.append(f"{symbol},{day} {at // 60:02d}:{at % 60:02d},{prices},400,")
    return found
