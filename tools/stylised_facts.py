"""Draws the plots of docs/synthetic-world.md and fills in its table: the world beside real markets.

`python tools/stylised_facts.py` needs matplotlib and a folder of real data (`PORTWAY_SHARED`, or
the folder `shared` beside the project), of which `data/` is read: daily files, US minute and second
files, CN trades and minute lines. Nothing of it is copied; only figures computed from it are shown.

Exit status: 0 page and plots are written; 2 there is no data to compare with.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from portway.market.reference import built_in
from portway.market.synthetic import SyntheticWorld
from portway.model.quote import Candlestick, Depth, Period, Trade, TradeSession
from portway.model.symbol import MARKET_ZONES, Symbol, market_of

Floats = npt.NDArray[np.float64]

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "synthetic-world.md"
IMAGES: Final = ROOT / "docs" / "images"
BEGIN, END = "<!-- facts: written by tools/stylised_facts.py -->", "<!-- facts end -->"
SEED: Final = 1
WORLD: Final = SyntheticWorld(SEED, built_in())
FIRST, LAST = date(2010, 1, 4), date(2025, 12, 31)
# Colours that differ in lightness too, for readers who see few colours.
REAL, OURS = "#9a5b13", "#1b6ca8"
LAGS: Final = 60


@dataclass(frozen=True)
class Pair:
    """A real series of daily bars and the one of the world that stands beside it."""

    title: str
    real: Floats  # log returns
    symbol: Symbol

    @property
    def ours(self) -> Floats:
        zone = MARKET_ZONES[market_of(self.symbol)]
        moves = []
        for bar in WORLD.bars(self.symbol, Period.DAY, FIRST, LAST):
            before = WORLD.prev_close(self.symbol, bar.at.astimezone(zone).date())
            moves.append(float(bar.close) / float(before or bar.open))
        logarithms: Floats = np.log(np.array(moves))
        return logarithms


def data_folder() -> Path | None:
    named = os.environ.get("PORTWAY_SHARED")
    folder = (Path(named) if named else ROOT.parent / "shared") / "data"
    return folder if folder.is_dir() else None


# --- reading ----------------------------------------------------------------------------------


def rows_of(path: Path) -> Iterable[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def zip_rows(path: Path) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        (member,) = archive.namelist()
        with archive.open(member) as file:
            return list(csv.reader(io.TextIOWrapper(file, "ascii")))


def logs(closes: Sequence[float]) -> Floats:
    moves: Floats = np.diff(np.log(np.array(closes)))
    return moves[np.abs(moves) < 0.4]  # Splits, and gaps of the files.


def daily(path: Path, symbol: str, since: str = "2005") -> Floats:
    return logs([
        float(row["close"]) for row in rows_of(path)
        if row["symbol"] == symbol and row["date"] >= since
    ])  # fmt: skip


def within_limit(moves: Floats) -> Floats:
    """Without the ex-dates of an unadjusted file: what no daily limit of 10 % lets happen."""
    return moves[np.abs(moves) < 0.107]


def lean_daily(folder: Path, ticker: str) -> Floats:
    rows = zip_rows(folder / "us/lean/equity/usa/daily" / f"{ticker}.zip")
    return logs([float(row[4]) for row in rows if row[0] >= "2005"])


def pairs_of(folder: Path) -> list[Pair]:
    hk, us, cn = (folder / name for name in (
        "hk/hk_daily.csv.gz", "us/us_index_daily.csv.gz", "cn/cn_daily.csv.gz",
    ))  # fmt: skip
    return [
        Pair("Hang Seng Index", daily(hk, "HSI.HK"), Symbol("HSI.HK")),
        Pair("5.HK", daily(hk, "5.HK"), Symbol("5.HK")),
        Pair("S&P 500", daily(us, ".SPX.US"), Symbol(".SPX.US")),
        Pair("AAPL.US", daily(us, "AAPL.US"), Symbol("AAPL.US")),
        Pair("IBM.US", lean_daily(folder, "ibm"), Symbol("IBM.US")),
        Pair("000001.SZ", within_limit(daily(cn, "000001.SZ")), Symbol("000001.SZ")),
        Pair("600000.SH", within_limit(daily(cn, "600000.SH")), Symbol("600000.SH")),
        Pair("SSE Composite", daily(cn, "000001.SH"), Symbol("000001.SH")),
    ]


# --- figures ----------------------------------------------------------------------------------


def kurtosis(moves: Floats) -> float:
    scaled = (moves - moves.mean()) / moves.std()
    return float((scaled**4).mean())


def autocorrelation(series: Floats, lag: int) -> float:
    return float(np.corrcoef(series[lag:], series[:-lag])[0, 1])


def tail(moves: Floats) -> tuple[Floats, Floats]:
    """Sizes in standard deviations, ascending, and the part of days that are larger."""
    sizes = np.sort(np.abs((moves - moves.mean()) / moves.std()))
    return sizes, 1 - np.arange(len(sizes)) / len(sizes)


def regular(symbol: Symbol, day: date) -> list[Candlestick]:
    bars = WORLD.bars(symbol, Period.ONE_MINUTE, day, day)
    return [bar for bar in bars if bar.session is TradeSession.NORMAL]


def our_days(symbol: Symbol, count: int) -> Sequence[date]:
    return WORLD.trading_days(symbol, date(2025, 2, 3), date(2025, 12, 31))[:count]


def our_profile(symbol: Symbol, minutes: int, count: int = 40) -> Floats:
    """Mean part of the day's volume in each minute."""
    total = np.zeros(minutes)
    for day in our_days(symbol, count):
        bars = regular(symbol, day)
        volume = np.zeros(minutes)
        for bar, place in zip(bars, range(minutes), strict=False):
            volume[place] = bar.volume
        total += volume / max(sum(bar.volume for bar in bars), 1)
    return total / count


def us_profile(folder: Path, ticker: str, days: Sequence[str]) -> Floats:
    total = np.zeros(390)
    for day in days:
        rows = zip_rows(folder / f"us/lean/equity/usa/minute/{ticker}/{day}_trade.zip")
        volume = np.zeros(390)
        for row in rows:
            minute = int(row[0]) // 60_000 - 570
            if 0 <= minute < 390:
                volume[minute] = float(row[5])
        total += volume / volume.sum()
    return total / len(days)


def cn_profile(folder: Path, symbol: str) -> Floats:
    by_day: dict[str, list[float]] = defaultdict(list)
    for row in rows_of(folder / "cn/cn_minute_line_2018-12_2019-02.csv.gz"):
        if row["symbol"] == symbol:
            by_day[row["time"][:10]].append(float(row["volume_lots"]))
    days = np.array([one for one in by_day.values() if len(one) == 240 and any(one)])
    mean: Floats = (days / days.sum(axis=1, keepdims=True)).mean(axis=0)
    return mean


def cn_auctions(folder: Path) -> tuple[float, float]:
    """Part of the volume in the opening and in the closing auction: 6 stocks, 2 days."""
    volume: dict[str, float] = defaultdict(float)
    for row in rows_of(folder / "cn/cn_trades_2019-02.csv.gz"):
        kind = "between"
        if row["side"] == "2":
            kind = "open" if row["time"][11:16] < "09:30" else "close"
        volume[kind] += float(row["volume_lots"])
    total = sum(volume.values())
    return volume["open"] / total, volume["close"] / total


def our_auctions(symbol: str, count: int = 20) -> tuple[float, float]:
    opening = closing = total = 0.0
    for day in our_days(Symbol(symbol), count):
        (bar,) = WORLD.bars(Symbol(symbol), Period.DAY, day, day)
        minutes = regular(Symbol(symbol), day)
        opening += bar.volume - sum(one.volume for one in minutes)
        closing += minutes[-1].volume
        total += bar.volume
    return opening / total, closing / total


def real_spreads(folder: Path, ticker: str, days: Sequence[str]) -> Floats:
    """Ask less bid at the end of each second, in parts per ten thousand of the price."""
    found = []
    for day in days:
        for row in zip_rows(folder / f"us/lean/equity/usa/second/{ticker}/{day}_quote.zip"):
            if 34_200_000 <= int(row[0]) < 57_600_000 and row[4] and row[9]:
                bid, ask = float(row[4]), float(row[9])
                if 0 < bid < ask:
                    found.append((ask - bid) / bid * 10_000)
    return np.array(found)


def our_spreads(symbol: str) -> Floats:
    found = []
    zone = MARKET_ZONES[market_of(Symbol(symbol))]
    for day in our_days(Symbol(symbol), 2):
        begin = datetime(day.year, day.month, day.day, 10, tzinfo=zone).astimezone(UTC)
        for event in WORLD.ticks(Symbol(symbol), begin, begin + timedelta(minutes=90)):
            if isinstance(event, Depth) and event.asks and event.bids:
                bid, ask = float(event.bids[0].price), float(event.asks[0].price)
                found.append((ask - bid) / bid * 10_000)
    return np.array(found)


def five_minutes(symbol: str, days: Sequence[date]) -> Floats:
    moves = []
    for day in days:
        bars = regular(Symbol(symbol), day)
        moves.append(
            np.diff(np.log([float(bars[0].open), *(float(b.close) for b in bars[4:235:5])]))
        )
    return np.concatenate(moves)


def correlation(leader: str, follower: str) -> float:
    days = our_days(Symbol(leader), 40)
    one, other = five_minutes(leader, days), five_minutes(follower, days)
    return float(np.corrcoef(one, other)[0, 1])


def lean_five_minutes(folder: Path, ticker: str, days: Sequence[str]) -> Floats:
    moves = []
    for day in days:
        close = np.full(79, np.nan)
        for row in zip_rows(folder / f"us/lean/equity/usa/minute/{ticker}/{day}_trade.zip"):
            minute = int(row[0]) // 60_000 - 570
            if minute == 0:
                close[0] = float(row[1])
            if 0 <= minute < 390:
                close[minute // 5 + 1] = float(row[4])
        moves.append(np.diff(np.log(close)))
    joined = np.concatenate(moves)
    return joined


# --- plots ------------------------------------------------------------------------------------


def new_figure(rows: int, columns: int, height: float) -> tuple[Any, Any]:
    # Needed by this tool alone, and not among the locked packages.
    import_module("matplotlib").use("Agg")
    plt = import_module("matplotlib.pyplot")
    plt.rcParams.update({
        "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
        "axes.grid": True, "grid.color": "#e4e4e4", "grid.linewidth": 0.6, "axes.axisbelow": True,
        "legend.frameon": False, "axes.titlesize": 10, "axes.titleweight": "bold",
        "svg.hashsalt": "portway",
    })  # fmt: skip
    figure, axes = plt.subplots(rows, columns, figsize=(9.2, height), layout="constrained")
    return figure, axes


def keep(figure: Any, name: str) -> None:
    figure.savefig(IMAGES / f"world-{name}.png", dpi=110, metadata={"Software": None})


def plot_tails(pairs: Sequence[Pair]) -> None:
    figure, axes = new_figure(2, 4, 4.6)
    normal = np.linspace(0.3, 4.2, 60)
    bell = [2 * (1 - _normal_part(one)) for one in normal]
    for axis, pair in zip(axes.flat, pairs, strict=True):
        for moves, colour, label in ((pair.real, REAL, "real"), (pair.ours, OURS, "portway")):
            axis.loglog(*tail(moves), color=colour, label=label, linewidth=1.4)
        axis.loglog(normal, bell, color="#888", linestyle=":", label="normal")
        axis.set(title=pair.title, xlim=(0.3, 14), ylim=(2e-4, 1.1))
        axis.set_xticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
        axis.minorticks_off()
    axes[0, 0].legend(loc="lower left")
    figure.supxlabel("size of a daily return, in standard deviations")
    figure.supylabel("part of days that are larger")
    keep(figure, "tails")


def _normal_part(x: float) -> float:
    from statistics import NormalDist

    return NormalDist().cdf(x)


def plot_clusters(pairs: Sequence[Pair]) -> None:
    figure, axes = new_figure(2, 4, 4.4)
    lags = range(1, LAGS + 1)
    for axis, pair in zip(axes.flat, pairs, strict=True):
        for moves, colour, label in ((pair.real, REAL, "real"), (pair.ours, OURS, "portway")):
            sizes = np.abs(moves)
            axis.plot(
                lags, [autocorrelation(sizes, lag) for lag in lags], color=colour, label=label
            )
        axis.axhline(0, color="#444", linewidth=0.8)
        axis.set(title=pair.title, ylim=(-0.12, 0.5))
    axes[0, 0].legend()
    figure.supxlabel("lag in trading days")
    figure.supylabel("autocorrelation of absolute returns")
    keep(figure, "clusters")


def smooth(profile: Floats, width: int = 5) -> tuple[Floats, Floats]:
    count = len(profile) // width
    sums = profile[: count * width].reshape(count, width).sum(axis=1)
    means: Floats = np.asarray(sums * (len(profile) / width), dtype=np.float64)
    middles: Floats = np.asarray((np.arange(count) + 0.5) * width, dtype=np.float64)
    return middles, means


def plot_volume(folder: Path) -> None:
    figure, axes = new_figure(1, 3, 2.9)
    days = [f"201310{day:02d}" for day in (4, 7, 8, 9, 10, 11)]
    shown = (
        ("IBM.US", us_profile(folder, "ibm", days), our_profile(Symbol("IBM.US"), 390)),
        ("600000.SH", cn_profile(folder, "600000.SH"), our_profile(Symbol("600000.SH"), 237)),
        ("700.HK", None, our_profile(Symbol("700.HK"), 330)),
    )
    for axis, (title, real, ours) in zip(axes, shown, strict=True):
        if real is not None:
            axis.plot(*smooth(real), color=REAL, label="real")
        axis.plot(*smooth(ours), color=OURS, label="portway")
        axis.set(title=title, ylim=(0, 6), xlabel="minute of the session")
    axes[0].set_ylabel("volume, 1 = the day's mean")
    axes[0].legend()
    keep(figure, "volume")


def plot_spreads(folder: Path) -> None:
    figure, axes = new_figure(1, 2, 2.9)
    days = [f"201310{day:02d}" for day in (7, 8, 9, 10, 11)]
    for axis, name in zip(axes, ("ibm", "spy"), strict=True):
        for spreads, colour, label in (
            (real_spreads(folder, name, days), REAL, "real, 2013"),
            (our_spreads(f"{name.upper()}.US"), OURS, "portway"),
        ):
            edges = np.linspace(0, 6 if name == "ibm" else 1.5, 31)
            parts = np.histogram(spreads, edges)[0] / len(spreads)
            axis.stairs(parts, edges, color=colour, label=label, fill=True, alpha=0.55)
        axis.set(title=f"{name.upper()}.US", xlabel="spread in basis points")
    axes[0].set_ylabel("part of the quotes")
    axes[0].legend()
    keep(figure, "spreads")


def plot_day() -> None:
    figure, axes = new_figure(1, 2, 3.2)
    day = date(2025, 3, 12)
    groups = (("HSI.HK", "2800.HK", "700.HK", "5.HK"), (".SPX.US", "SPY.US", "AAPL.US", "IBM.US"))
    colours = ("#222222", "#d1495b", OURS, "#66a182")
    for axis, group in zip(axes, groups, strict=True):
        for symbol, colour in zip(group, colours, strict=True):
            closes = np.array([float(bar.close) for bar in regular(Symbol(symbol), day)])
            before = float(WORLD.prev_close(Symbol(symbol), day) or 1)
            axis.plot((closes / before - 1) * 100, color=colour, label=symbol, linewidth=1.1)
        axis.axhline(0, color="#888", linewidth=0.8)
        axis.set(xlabel="minute of the session", title=f"{day}, seed {SEED}")
        axis.legend(ncols=2)
    axes[0].set_ylabel("per cent off the close before")
    keep(figure, "day")


# --- page -------------------------------------------------------------------------------------


def table(pairs: Sequence[Pair]) -> list[str]:
    lines = [
        "| daily returns | days | deviation | kurtosis | largest |"
        " autocorrelation of sizes, lag 1 | lag 5 | lag 20 | of returns, lag 1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for pair in pairs:
        for label, moves in (
            (f"{pair.title}, real", pair.real),
            (f"{pair.title}, portway", pair.ours),
        ):
            sizes = np.abs(moves)
            lines.append(
                f"| {label} | {len(moves)} | {moves.std() * 100:.2f} % | {kurtosis(moves):.1f} |"
                f" {sizes.max() * 100:.1f} % |"
                + "".join(f" {autocorrelation(sizes, lag):.2f} |" for lag in (1, 5, 20))
                + f" {autocorrelation(moves, 1):.2f} |"
            )
    return lines


def inside_table(folder: Path) -> list[str]:
    days = [f"201310{day:02d}" for day in (4, 7, 8, 9, 10, 11)]
    ibm, spy = (lean_five_minutes(folder, name, days) for name in ("ibm", "spy"))
    known = ~(np.isnan(ibm) | np.isnan(spy))
    real = float(np.corrcoef(ibm[known], spy[known])[0, 1])
    lines = ["| inside the day | real | portway |", "|---|---|---|"]
    lines.append(
        f"| 5-minute returns, IBM.US with SPY.US | {real:.2f} |"
        f" {correlation('SPY.US', 'IBM.US'):.2f} |"
    )
    for leader, follower in (
        (".SPX.US", "SPY.US"), (".IXIC.US", "AAPL.US"), ("HSI.HK", "700.HK"),
        ("HSI.HK", "2800.HK"), ("000300.SH", "600519.SH"),
    ):  # fmt: skip
        value = correlation(leader, follower)
        lines.append(f"| 5-minute returns, {follower} with {leader} | - | {value:.2f} |")
    opening, closing = cn_auctions(folder)
    for symbol, shown in (("600000.SH", True), ("700.HK", False)):
        ours = our_auctions(symbol)
        for label, there, here in (
            ("opening", opening, ours[0]), ("closing", closing, ours[1]),
        ):  # fmt: skip
            real_part = f"{there * 100:.1f} % (6 CN stocks, 2019)" if shown else "-"
            lines.append(f"| {label} auction's part, {symbol} | {real_part} | {here * 100:.1f} % |")
    second = [day for day in days if day != "20131004"]
    for name in ("ibm", "spy"):
        real_ones, our_ones = real_spreads(folder, name, second), our_spreads(f"{name.upper()}.US")
        lines.append(
            f"| median spread, {name.upper()}.US | {np.median(real_ones):.2f} bp (2013) |"
            f" {np.median(our_ones):.2f} bp |"
        )
    lines.append(f"| odd lots, part of AAPL.US prints | - | {odd_lots('AAPL.US') * 100:.0f} % |")
    return lines


def odd_lots(symbol: str) -> float:
    day = our_days(Symbol(symbol), 1)[0]
    begin = datetime(day.year, day.month, day.day, 16, tzinfo=UTC)
    prints = [
        one for one in WORLD.ticks(Symbol(symbol), begin, begin + timedelta(hours=2))
        if isinstance(one, Trade)
    ]  # fmt: skip
    return sum(one.trade_type == "I" for one in prints) / len(prints)


def main() -> int:
    """Write the plots and the tables of the page."""
    folder = data_folder()
    if folder is None:
        print("no real data: name its folder in PORTWAY_SHARED", file=sys.stderr)
        return 2
    pairs = pairs_of(folder)
    plot_tails(pairs)
    plot_clusters(pairs)
    plot_volume(folder)
    plot_spreads(folder)
    plot_day()
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    foot = rest.split(END)[1]
    body = "\n".join([BEGIN, "", *table(pairs), "", *inside_table(folder), "", END])
    PAGE.write_text(head + body + foot, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
