"""Real recorded days: everything that is replayed against the files, read independently here.

Nothing of the reader is used on the side that checks: rows are split by hand, quotes merged and
minutes folded by the plainest code that follows the rules.
"""

from __future__ import annotations

import zipfile
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from portway.market.recorded import RecordedSource, open_lean
from portway.model.quote import Candlestick, Depth, MarketEvent, Period, Trade, TradeSession
from portway.model.session import trading_hours
from portway.model.symbol import Market, Symbol
from portway.quotes.adjust import forward_factors
from portway.quotes.board import Board
from tests.market.lean_files import utc

IBM = Symbol("IBM.US")
DAY = date(2013, 10, 7)
DAYS = [date(2013, 10, day) for day in (7, 8, 9, 10, 11)]
FIRST, LAST = date(1990, 1, 1), date(2030, 1, 1)
MILLISECOND = timedelta(milliseconds=1)
ONE_DAY = timedelta(days=1)
OPEN_MS, CLOSE_MS, MINUTE_MS = 34_200_000, 57_600_000, 60_000


@pytest.fixture(scope="module")
def root(shared: Path) -> Path:
    folder = shared / "data/us/lean/equity/usa"
    if not folder.is_dir():
        pytest.skip(f"no recorded days: {folder} is not a folder")
    return folder


@pytest.fixture(scope="module")
def recorded(root: Path) -> RecordedSource:
    return open_lean(root)


@pytest.fixture(scope="module")
def ibm_day(recorded: RecordedSource) -> list[MarketEvent]:
    return list(recorded.ticks(IBM, utc("00:00"), utc("00:00") + timedelta(days=1)))


def rows_of(path: Path) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        (member,) = archive.namelist()
        return [line.split(",") for line in archive.read(member).decode().split()]


def cents(price: Decimal) -> int:
    """The file's unit: 1/10,000 dollar."""
    units = price * 10_000
    assert units == int(units)
    return int(units)


def ms_of(event: MarketEvent | Candlestick, day: date = DAY) -> int:
    return (event.at - utc("00:00", day)) // MILLISECOND


def test_every_print_is_replayed_in_order(root: Path, ibm_day: list[MarketEvent]) -> None:
    rows = rows_of(root / "tick/ibm/20131007_trade.zip")
    found = [
        (ms_of(one), cents(one.price), one.volume) for one in ibm_day if isinstance(one, Trade)
    ]
    assert found == [(int(row[0]), int(row[1]), int(row[2])) for row in rows]
    assert len(found) == 24_293
    print(f"\nprints compared: {len(found)}")


def test_every_best_quote_is_replayed_in_order(root: Path, ibm_day: list[MarketEvent]) -> None:
    rows = rows_of(root / "tick/ibm/20131007_quote.zip")
    state = [0, 0, 0, 0]
    expected: list[tuple[int, ...]] = []
    for row in rows:
        if row[7] == "1":
            continue
        before = list(state)
        side = 0 if row[1] != "0" else 2
        state[side : side + 2] = [int(row[1 + side]), int(row[2 + side])]
        if state != before:
            expected.append((int(row[0]), *state))
    found = [
        (ms_of(one), *level_of(one.bids), *level_of(one.asks))
        for one in ibm_day
        if isinstance(one, Depth)
    ]
    assert found == expected
    print(f"\nbest quotes compared: {len(found)}, rows in the file: {len(rows)}")


def level_of(side: tuple[object, ...]) -> tuple[int, int]:
    if not side:
        return (0, 0)
    (level,) = side
    return (cents(level.price), level.volume)  # type: ignore[attr-defined]


def test_rows_are_the_national_best_and_not_quotes_of_exchanges(root: Path) -> None:
    """Why the feed is told from the rows: merged by exchange this day would be crossed."""
    sides: tuple[dict[str, int], dict[str, int]] = ({}, {})
    last: list[int] = [0, 0]
    by_exchange = national = 0
    closes: dict[int, tuple[int, int]] = {}
    for row in rows_of(root / "tick/ibm/20131007_quote.zip"):
        if row[7] == "1":
            continue
        side = 0 if row[1] != "0" else 1
        last[side] = sides[side][row[5]] = int(row[1 + 2 * side])
        closes[int(row[0]) // 1000] = (last[0], last[1])
        if all(sides):
            by_exchange += max(sides[0].values()) > min(sides[1].values())
            national += last[0] > last[1]
    assert by_exchange > 100_000
    assert national < 100
    bars = rows_of(root / "second/ibm/20131007_quote.zip")
    agree = sum(closes[int(row[0]) // 1000] == (int(row[4]), int(row[9])) for row in bars)
    print(f"\nvendor's one-second quotes that agree: {agree} of {len(bars)}")
    assert agree >= len(bars) - 2


@pytest.mark.parametrize("ticker", ["ibm", "bac"])
def test_minutes_equal_an_independent_fold(
    root: Path, recorded: RecordedSource, ticker: str
) -> None:
    symbol = Symbol(f"{ticker.upper()}.US")
    found = {
        (one.session, ms_of(one)): bar_values(one)
        for one in recorded.bars(symbol, Period.ONE_MINUTE, DAY, DAY)
    }
    before = [int(row[4]) for row in regular_rows(root / f"minute/{ticker}/20131004_trade.zip")]
    expected = fold_by_hand(rows_of(root / f"tick/{ticker}/20131007_trade.zip"), before[-1])
    assert found == expected
    vendor = {
        int(row[0]): [int(one) for one in row[1:]]
        for row in rows_of(root / f"minute/{ticker}/20131007_trade.zip")
    }
    regular = {at: bar for (session, at), bar in found.items() if session is TradeSession.NORMAL}
    prices = sum(regular[at][:4] == vendor[at][:4] for at in regular)
    volumes = sum(regular[at][4] == vendor[at][4] for at in regular)
    print(
        f"\n{ticker}: {len(found)} minutes compared; of {len(regular)} regular ones the vendor's "
        f"own bars agree in price {prices}, in volume {volumes}"
    )
    assert regular.keys() == {at for at in vendor if OPEN_MS <= at < CLOSE_MS}
    assert volumes >= len(regular) - 15


def regular_rows(path: Path) -> list[list[str]]:
    return [row for row in rows_of(path) if OPEN_MS <= int(row[0]) < CLOSE_MS]


def bar_values(bar: Candlestick) -> list[int]:
    return [*map(cents, (bar.open, bar.high, bar.low, bar.close)), bar.volume]


# Bits of the sale condition that the wire tells as volume only, or as nothing.
NOTHING = 1 << 24 | 1 << 25 | 1 << 26
VOLUME = sum(1 << bit for bit in (1, 2, 3, 9, 11, 14, 18, 20, 22, 31))
EXTENDED = 1 << 10 | 1 << 13
CLOSING = 1 << 7


def fold_by_hand(
    rows: list[list[str]], prev_close: int
) -> dict[tuple[TradeSession, int], list[int]]:
    """One-minute bars, each session by itself, as the published client merges prints."""
    bars: dict[tuple[TradeSession, int], list[int]] = {}
    last: dict[TradeSession, list[int]] = {}
    unpriced: set[int] = set()
    for at, price, volume, _, flags_text, _ in rows:
        ms, cost, shares, flags = int(at), int(price), int(volume), int(flags_text, 16)
        session = _session(ms)
        if flags & NOTHING:
            continue
        if session is TradeSession.POST and flags & CLOSING and not flags & EXTENDED:
            continue  # belongs to the regular session, whose minutes have ended
        sets = not flags & VOLUME and not (session is TradeSession.NORMAL and flags & EXTENDED)
        start = OPEN_MS + (ms - OPEN_MS) // MINUTE_MS * MINUTE_MS
        bar = bars.get((session, start))
        if bar is None:
            before = last[session][3] if session in last else prev_close
            opening = cost if sets else before
            bar = bars[session, start] = last[session] = [opening] * 4 + [0]
            if not sets:
                unpriced.add(id(bar))
        elif sets:
            if id(bar) in unpriced:
                bar[0] = cost
                unpriced.discard(id(bar))
            bar[1:4] = [max(bar[1], cost), min(bar[2], cost), cost]
        bar[4] += shares
    return bars


def _session(ms: int) -> TradeSession:
    if ms < OPEN_MS:
        return TradeSession.PRE
    return TradeSession.NORMAL if ms < CLOSE_MS else TradeSession.POST


def test_a_day_of_minutes_equals_the_vendors_minutes(root: Path, recorded: RecordedSource) -> None:
    compared = 0
    for folder in sorted((root / "minute").iterdir()):
        symbol = Symbol(f"{folder.name.upper()}.US")
        for path in sorted(folder.glob("*_trade.zip")):
            name = path.name
            if any((root / finer / folder.name / name).exists() for finer in ("tick", "second")):
                continue
            day = date(int(name[:4]), int(name[4:6]), int(name[6:8]))
            found = [
                [ms_of(one, day), *bar_values(one)]
                for one in recorded.bars(symbol, Period.ONE_MINUTE, day, day)
            ]
            assert found == [[int(one) for one in row] for row in rows_of(path)], path
            compared += len(found)
    print(f"\nminutes compared: {compared}")
    assert compared > 10_000


def test_days_without_prints_equal_the_daily_files(root: Path, recorded: RecordedSource) -> None:
    files = sorted((root / "daily").glob("*.zip"))
    compared = 0
    for path in files:
        symbol = Symbol(f"{path.stem.upper()}.US")
        replayed = recorded.replay_days(symbol)
        expected = {
            day: [int(one) for one in row[1:]]
            for row in daily_rows(path)
            if (day := date(int(row[0][:4]), int(row[0][4:6]), int(row[0][6:8]))) not in replayed
        }
        edges = [FIRST, *replayed, LAST]
        found = {
            (one.at + timedelta(hours=6)).date(): bar_values(one)
            for before, after in pairwise(edges)
            for one in recorded.bars(symbol, Period.DAY, before + ONE_DAY, after - ONE_DAY)
        }
        assert found == expected, path
        compared += len(found)
    print(f"\ndaily files: {len(files)}, days compared: {compared}")
    assert len(files) >= 13
    assert compared > 65_000


def daily_rows(path: Path) -> Iterator[list[str]]:
    with zipfile.ZipFile(path) as archive:
        (member,) = archive.namelist()
        for line in archive.read(member).decode().splitlines():
            yield line.split(",")


def test_day_bars_of_replayed_days_beside_the_vendors(root: Path, recorded: RecordedSource) -> None:
    vendor = {
        row[0][:8]: [int(one) for one in row[1:]] for row in daily_rows(root / "daily/ibm.zip")
    }
    names = ("open", "high", "low", "close", "volume")
    agree = dict.fromkeys(names, 0)
    for day in DAYS:
        (bar,) = recorded.bars(IBM, Period.DAY, day, day)
        expected = vendor[f"{day:%Y%m%d}"]
        for name, mine, theirs in zip(names, bar_values(bar), expected, strict=True):
            agree[name] += mine == theirs
        assert abs(bar.volume / expected[4] - 1) < 0.02
    print(f"\nvendor's day bars that agree, of {len(DAYS)}: {agree}")
    # The closing cross counts for the regular session: the close is the official one.
    assert agree["close"] == len(DAYS)


def test_actions_reproduce_the_cumulative_factors(root: Path, recorded: RecordedSource) -> None:
    compared = 0
    worst = Decimal(0)
    for path in sorted((root / "factor_files").glob("*.csv")):
        symbol = Symbol(f"{path.stem.upper()}.US")
        closes = {
            day: Decimal(row[4]) / 10_000
            for row in daily_rows(root / f"daily/{path.stem}.zip")
            for day in [date(int(row[0][:4]), int(row[0][4:6]), int(row[0][6:8]))]
        }
        days = sorted(closes)
        actions = [one for one in recorded.corporate_actions(symbol) if one.ex_date > days[0]]
        factors = forward_factors(
            (one, closes[days[bisect_left(days, one.ex_date) - 1]]) for one in actions
        )
        rows = [line.split(",") for line in path.read_text().split()]
        until = [date(int(row[0][:4]), int(row[0][4:6]), int(row[0][6:])) for row in rows]
        for day in days:
            row = rows[bisect_left(until, day)]
            expected = Decimal(row[1]) * Decimal(row[2])
            worst = max(worst, abs(factors.at(day).price / expected - 1))
            compared += 1
    print(f"\nfactors of {compared} days compared, worst part off: {worst:.1e}")
    assert worst < Decimal("0.00001")
    assert compared > 50_000


def test_nothing_on_the_tape_is_unknown(recorded: RecordedSource) -> None:
    for day in DAYS:
        recorded.prepare(IBM, day)
    assert recorded.counts.unknown_conditions == 0
    assert recorded.counts.prints > 100_000


def test_a_snapshot_within_a_busy_day_is_the_fold(
    recorded: RecordedSource, ibm_day: list[MarketEvent]
) -> None:
    prev_close = recorded.prev_close(IBM, DAY)
    assert prev_close == Decimal("184.1")
    board = Board(IBM, DAY, trading_hours(Market.US).parts(DAY, half=False), prev_close)
    events = iter(ibm_day)
    event = next(events)
    for clock in ("09:30", "11:00", "15:59:30", "19:00"):
        at = utc(clock)
        while event.at < at:
            board.apply(event)
            event = next(events)
        assert recorded.snapshot(IBM, at) == board.snapshot()
