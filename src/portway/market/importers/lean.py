"""The folder layout of the LEAN engine for US equities: which files there are, and their rows.

Prices stay integers of 1/10,000 dollar and times microseconds since New York midnight, as close
to the files as numbers can be; what they mean for a market is decided elsewhere. Opening looks at
file names alone; a file is unpacked when its rows are asked for.

    equity/usa/{tick,second,minute}/TICKER/YYYYMMDD_{trade,quote}.zip
    equity/usa/daily/TICKER.zip   equity/usa/{factor_files,map_files}/TICKER.csv
"""

from __future__ import annotations

import codecs
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from portway.market.importers.errors import RecordedDataError

__all__ = [
    "PRICE_SCALE",
    "DailyRow",
    "FactorRow",
    "LeanFolder",
    "MapRow",
    "QuoteBarRow",
    "QuoteRow",
    "Resolution",
    "TickerFiles",
    "TradeBarRow",
    "TradeRow",
    "read_daily",
    "read_factors",
    "read_map",
    "read_quote_bars",
    "read_quotes",
    "read_trade_bars",
    "read_trades",
    "scan",
]

PRICE_SCALE: Final = 10_000  # Units of a price in one dollar.
DAY_US: Final = 86_400_000_000
# Larger prices and sizes are damage: ten million dollars a share, a hundred billion shares.
NUMBER_MAX: Final = 10**11
# A whole day of the busiest security is some 100 MB; a member that claims more is no such file.
MEMBER_BYTES_MAX: Final = 1 << 30

_TICKER: Final = re.compile(r"[a-z0-9][a-z0-9.\-]{0,28}", re.ASCII)
_DAY_FILE: Final = re.compile(r"(\d{8})_(trade|quote)\.zip", re.ASCII | re.IGNORECASE)
_BAD_MEMBER: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)

_LAYOUT: Final = "give the data folder that holds equity/usa with tick, second, minute or daily"
_FETCH: Final = "fetch the file again, or remove it from the folder"
_MEND: Final = "correct the line, or remove the file from the folder"


class Resolution(StrEnum):
    """Length of what one row stands for, finest first; values are the folder names."""

    TICK = "tick"
    SECOND = "second"
    MINUTE = "minute"

    @property
    def length_us(self) -> int:
        """Microseconds that one row covers; 0 for ticks."""
        return {Resolution.TICK: 0, Resolution.SECOND: 1_000_000, Resolution.MINUTE: 60_000_000}[
            self
        ]


class TradeRow(NamedTuple):
    """One print. `conditions` are the flags of the sale, a bit each."""

    at_us: int
    price: int
    volume: int
    exchange: str
    conditions: int
    suspicious: bool


class QuoteRow(NamedTuple):
    """An update of the quote that `exchange` shows; a side with price and size 0 is not in it."""

    at_us: int
    bid: int
    bid_size: int
    ask: int
    ask_size: int
    exchange: str
    suspicious: bool


class TradeBarRow(NamedTuple):
    """Prints of one second or minute, from `at_us` on; `volume` in shares."""

    at_us: int
    open: int
    high: int
    low: int
    close: int
    volume: int

    @property
    def path(self) -> tuple[int, ...]:
        """The prices through which the bar may have gone, no two neighbours equal.

        A rising bar went open, low, high, close; a falling one open, high, low, close.
        """
        rising = self.close >= self.open
        turns = (self.low, self.high) if rising else (self.high, self.low)
        found = [self.open]
        for price in (*turns, self.close):
            if price != found[-1]:
                found.append(price)
        return tuple(found)


class QuoteBarRow(NamedTuple):
    """Best bid and offer at the end of one second or minute that begins at `at_us`."""

    at_us: int
    bid: int
    bid_size: int
    ask: int
    ask_size: int


class DailyRow(NamedTuple):
    """One trading day, unadjusted."""

    day: date
    open: int
    high: int
    low: int
    close: int
    volume: int


class FactorRow(NamedTuple):
    """Factors that hold for every day up to `last`, inclusive.

    Attributes:
        price: Cumulative factor of all later dividends; `split` of all later splits.
        reference: Close of `last` in dollars; not meaningful in the first and the last row.
        unit: Place of the last digit of `price`: its rounding.
    """

    last: date
    price: Decimal
    split: Decimal
    reference: Decimal
    unit: Decimal


class MapRow(NamedTuple):
    """The ticker used up to `last`, and the letter of the primary exchange ("" where not given)."""

    last: date
    ticker: str
    exchange: str


@dataclass(frozen=True, slots=True)
class TickerFiles:
    """The files of one ticker.

    Attributes:
        trades: By day, the finest resolution first.
        quotes: Likewise.
    """

    trades: Mapping[date, tuple[tuple[Resolution, Path], ...]]
    quotes: Mapping[date, tuple[tuple[Resolution, Path], ...]]
    daily: Path | None
    factors: Path | None
    map: Path | None


@dataclass(frozen=True, slots=True)
class LeanFolder:
    """What a folder holds, by lower-case ticker; only tickers that have prices."""

    root: Path
    tickers: Mapping[str, TickerFiles]


# --- The folder -------------------------------------------------------------------------------


def scan(path: Path) -> LeanFolder:
    """List the files of a LEAN folder: its root (`.../lean`), or the `equity/usa` folder in it.

    Raises:
        RecordedDataError: If there is no such folder, it cannot be listed, or it holds no prices.
    """
    try:
        if not path.exists():
            raise RecordedDataError(path, "no such folder", way_out=_LAYOUT)
        if not path.is_dir():
            raise RecordedDataError(path, "this is a file, not a folder", way_out=_LAYOUT)
        found = (path / "equity" / "usa", path / "usa", path)
        root = next((one for one in found if one.is_dir() and _has_prices(one)), path)
        tickers = _tickers(root)
    except OSError as error:
        reason = f"cannot be listed ({error.strerror or error})"
        raise RecordedDataError(path, reason, way_out=_LAYOUT) from error
    if not tickers:
        raise RecordedDataError(path, "no US equity prices here", way_out=_LAYOUT)
    return LeanFolder(root, tickers)


def _has_prices(root: Path) -> bool:
    return any((root / name).is_dir() for name in (*Resolution, "daily"))


_DayFiles = dict[date, list[tuple[Resolution, Path]]]


def _tickers(root: Path) -> dict[str, TickerFiles]:
    trades: dict[str, _DayFiles] = {}
    quotes: dict[str, _DayFiles] = {}
    for resolution in Resolution:  # finest first, so that each day's list is in that order
        for folder in _entries(root / resolution):
            if not folder.is_dir() or not _TICKER.fullmatch(folder.name.lower()):
                continue
            for file in _entries(folder):
                match = _DAY_FILE.fullmatch(file.name)
                day = _day(match[1]) if match else None
                if match is None or day is None:
                    continue
                kind = trades if match[2].lower() == "trade" else quotes
                days = kind.setdefault(folder.name.lower(), {})
                days.setdefault(day, []).append((resolution, file))
    daily = _by_ticker(root / "daily", ".zip")
    factors = _by_ticker(root / "factor_files", ".csv")
    maps = _by_ticker(root / "map_files", ".csv")
    return {
        ticker: TickerFiles(
            _frozen(trades.get(ticker, {})),
            _frozen(quotes.get(ticker, {})),
            daily.get(ticker),
            factors.get(ticker),
            maps.get(ticker),
        )
        for ticker in sorted({*trades, *quotes, *daily})
    }


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _by_ticker(folder: Path, suffix: str) -> dict[str, Path]:
    return {
        file.stem.lower(): file
        for file in _entries(folder)
        if file.suffix.lower() == suffix and _TICKER.fullmatch(file.stem.lower())
    }


def _frozen(days: _DayFiles) -> dict[date, tuple[tuple[Resolution, Path], ...]]:
    return {day: tuple(files) for day, files in sorted(days.items())}


def _day(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


# --- Rows -------------------------------------------------------------------------------------


class _BadRow(ValueError):
    """A row that breaks a rule, as text."""


def read_trades(path: Path) -> Iterator[TradeRow]:
    """Yield the rows of a `tick/T/D_trade.zip`, in the file's order, times never decreasing.

    This and the readers below raise `RecordedDataError` at the first row or byte that is wrong.
    """
    last = 0
    with _lines(path) as rows:
        for f in rows:
            at = _time_us(f[0], last)
            last = at
            price, volume = int(f[1]), int(f[2])
            if not (0 < price <= NUMBER_MAX and 0 <= volume <= NUMBER_MAX):
                raise _BadRow("a print needs a price above zero and a size not below it")
            flags = int(f[4], 16) if f[4] else 0
            if flags < 0:
                raise _BadRow("sale condition flags are not below zero")
            yield TradeRow(at, price, volume, f[3], flags, _flag(f[5]))


def read_quotes(path: Path) -> Iterator[QuoteRow]:
    """Yield the rows of a `tick/T/D_quote.zip`, in the file's order, times never decreasing."""
    last = 0
    with _lines(path) as rows:
        for f in rows:
            at = _time_us(f[0], last)
            last = at
            bid, bid_size, ask, ask_size = int(f[1]), int(f[2]), int(f[3]), int(f[4])
            _check_quote(bid, bid_size, ask, ask_size)
            yield QuoteRow(at, bid, bid_size, ask, ask_size, f[5], _flag(f[7]))


def read_trade_bars(path: Path) -> Iterator[TradeBarRow]:
    """Yield the rows of a `second` or `minute` trade file, starts strictly rising."""
    last = -1
    with _lines(path) as rows:
        for f in rows:
            at = _time_us(f[0], last + 1)
            last = at
            bar = TradeBarRow(at, int(f[1]), int(f[2]), int(f[3]), int(f[4]), int(f[5]))
            _check_bar(*bar[1:])
            if 0 < bar.volume < len(bar.path):
                raise _BadRow(f"{bar.volume} shares cannot trade at {len(bar.path)} prices")
            yield bar


def read_quote_bars(path: Path) -> Iterator[QuoteBarRow]:
    """Yield the closing quotes of a `second` or `minute` quote file; an empty side is zero."""
    last = -1
    with _lines(path) as rows:
        for f in rows:
            at = _time_us(f[0], last + 1)
            last = at
            bid, bid_size, ask, ask_size = (int(f[i] or 0) for i in (4, 5, 9, 10))
            _check_quote(bid, bid_size, ask, ask_size)
            yield QuoteBarRow(at, bid, bid_size, ask, ask_size)


def read_daily(path: Path) -> Iterator[DailyRow]:
    """Yield the days of a `daily/T.zip`, strictly rising."""
    last = date.min
    with _lines(path) as rows:
        for f in rows:
            day = _whole_day(f[0])
            if day <= last:
                raise _BadRow(f"{day} does not come after {last}")
            last = day
            bar = DailyRow(day, int(f[1]), int(f[2]), int(f[3]), int(f[4]), int(f[5]))
            _check_bar(*bar[1:])
            yield bar


def read_factors(path: Path) -> Iterator[FactorRow]:
    """Yield the rows of a factor file, dates strictly rising, factors above zero."""
    last = date.min
    with _lines(path) as rows:
        for f in rows:
            day = _whole_day(f[0])
            if day <= last:
                raise _BadRow(f"{day} does not come after {last}")
            last = day
            price, split = Decimal(f[1]), Decimal(f[2])
            reference = Decimal(f[3]) if len(f) > 3 and f[3] else Decimal(0)
            if not all(one.is_finite() for one in (price, split, reference)):
                raise _BadRow("factors are finite")
            if price <= 0 or split <= 0 or reference < 0:
                raise _BadRow("factors are above zero")
            exponent = price.as_tuple().exponent
            unit = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
            yield FactorRow(day, price, split, reference, unit)


def read_map(path: Path) -> Iterator[MapRow]:
    """Yield the rows of a map file in the file's order."""
    with _lines(path) as rows:
        for f in rows:
            yield MapRow(_whole_day(f[0]), f[1].lower(), f[2].upper() if len(f) > 2 else "")


def _check_quote(*numbers: int) -> None:
    if min(numbers) < 0 or max(numbers) > NUMBER_MAX:
        raise _BadRow("prices and sizes are not below zero, nor absurdly large")


def _check_bar(opened: int, high: int, low: int, close: int, volume: int) -> None:
    if not (low > 0 and high <= NUMBER_MAX and 0 <= volume <= NUMBER_MAX):
        raise _BadRow("a bar needs prices above zero and a volume not below it")
    if not (low <= opened <= high and low <= close <= high):
        raise _BadRow("open and close lie outside low and high")


def _time_us(text: str, earliest: int) -> int:
    """Return microseconds since midnight from milliseconds, with or without a fraction."""
    at = int(text) * 1000 if text.isdigit() else int(Decimal(text) * 1000)
    if not 0 <= at < DAY_US:
        raise _BadRow(f"time {text} is not within a day")
    if at < earliest:
        raise _BadRow(f"time {text} does not follow the row before")
    return at


def _whole_day(text: str) -> date:
    day = _day(text) if text[:8].isdigit() else None
    if day is None:
        raise _BadRow(f"{text[:20]!r} is not a date YYYYMMDD")
    return day


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise _BadRow(f"the mark of a suspicious row is 0 or 1, not {text[:20]!r}")
    return text == "1"


# --- Bytes ------------------------------------------------------------------------------------


class _Rows:
    """Iterates over the fields of every line that is not blank and counts lines for messages."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.line = 0
        self._lines = lines

    def __iter__(self) -> Iterator[list[str]]:
        for line, text in enumerate(self._lines, 1):
            self.line = line
            if text and not text.isspace():
                yield text.rstrip().split(",")


@contextmanager
def _lines(path: Path) -> Iterator[_Rows]:
    """Give the rows of a file, and turn whatever goes wrong inside the block into one error."""
    text = _text(path)
    rows = _Rows(text.splitlines())
    try:
        yield rows
    except _BadRow as error:
        raise RecordedDataError(path, str(error), way_out=_MEND, line=rows.line) from error
    except IndexError as error:
        reason = "too few columns"
        raise RecordedDataError(path, reason, way_out=_MEND, line=rows.line) from error
    except (ValueError, ArithmeticError) as error:
        reason = "a column is not a number of the expected kind"
        raise RecordedDataError(path, reason, way_out=_MEND, line=rows.line) from error


def _text(path: Path) -> str:
    """Return the text of a csv file, or of the one csv member of a zip."""
    try:
        data = path.read_bytes() if path.suffix.lower() == ".csv" else _member(path)
    except _BAD_MEMBER as error:
        reason = f"the archive is damaged ({error})"
        raise RecordedDataError(path, reason, way_out=_FETCH) from error
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
        raise RecordedDataError(path, reason, way_out=_FETCH) from error
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode("ascii")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = "bytes that are no text"
        raise RecordedDataError(path, reason, way_out=_FETCH, line=line) from error


def _member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = [one for one in archive.infolist() if one.filename.lower().endswith(".csv")]
        if len(members) != 1:
            raise zipfile.BadZipFile(f"it holds {len(members)} csv members instead of one")
        if members[0].file_size > MEMBER_BYTES_MAX:
            raise zipfile.BadZipFile(f"its member is larger than {MEMBER_BYTES_MAX} bytes")
        return archive.read(members[0])
