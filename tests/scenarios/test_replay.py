"""A recorded day, replayed: what an official client receives is what the files say.

The expected series come from `tape`, a reader of its own; the client is `longport`, unchanged.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios import tape
from tests.support.once import gather_once, shared_folder
from tests.support.server import Server, run_program

pytestmark = pytest.mark.compat

DAY = date(2013, 10, 7)
CLOCK = "at 2013-10-07T03:59:00-04:00"
SECONDS, STEP = 16 * 3600 + 120, 120  # To 20:01, in steps that a client's callbacks can follow.
PROGRAM = Path(__file__).parent / "replay_program.py"


@pytest.fixture(scope="module")
def lean(shared: Path) -> Path:
    return shared / "data" / "us" / "lean"


@pytest.fixture(scope="module")
def replay(lean: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Any:
    """What the client received in the whole day, and the server's counters after it."""
    root = shared_folder(tmp_path_factory, worker_id)
    return gather_once(root, "replay", lambda folder: replay_the_day(lean, folder))


def replay_the_day(lean: Path, folder: Path) -> Any:
    arguments = ("--replay", str(lean), "--clock", CLOCK, "--speed", "0", "--limits", "none")
    with Server(folder / "home", *arguments) as server:
        answers = folder / "answers.json"
        words = (str(answers), "IBM.US", str(SECONDS), str(STEP))
        # A row after 20:00 belongs to the overnight session, which a client has to ask for.
        env = {**server.env, "LONGPORT_ENABLE_OVERNIGHT": "true"}
        run_program(PROGRAM, env, *words, timeout=300)
        received = json.loads(answers.read_text())
        received["conflated"] = server.metric("portway_pushes_conflated_total")
    return received


@pytest.fixture(scope="module")
def equity(lean: Path) -> Path:
    return lean / "equity" / "usa"


@pytest.fixture(scope="module")
def prints(equity: Path) -> list[tape.Print]:
    return tape.read_prints(equity / "tick" / "ibm" / "20131007_trade.zip")


def close_before(equity: Path) -> Decimal:
    """The close of the trading day before, from the daily file."""
    days = {row[0][:8]: row for row in tape.rows(equity / "daily" / "ibm.zip")}
    return tape.dollars(days["20131004"][4])


@pytest.mark.covers("push 104")
def test_every_recorded_trade_arrives_in_order(replay: Any, prints: list[tape.Print]) -> None:
    """Source: the tick file; price, shares, second and session of every trade."""
    assert replay["conflated"] == 0
    received = [
        (Decimal(price), volume, at, session) for price, volume, at, session in replay["trades"]
    ]
    expected = [(one.price, one.shares, tape.unix(DAY, one.ms), one.session) for one in prints]
    assert len(received) == len(expected)
    assert received == expected
    print(f"\n{len(received)} trades compared, in {replay['seconds']:.1f} s of replay")


@pytest.mark.covers("push 102")
def test_every_merged_best_bid_and_offer_arrives_in_order(replay: Any, equity: Path) -> None:
    """Source: the quote file, merged; price and size of both sides after every change."""
    merged = tape.read_best(equity / "tick" / "ibm" / "20131007_quote.zip")
    expected = [
        (tape.dollars(bid), bids, tape.dollars(ask), asks) for _, bid, bids, ask, asks in merged
    ]
    received = [
        (Decimal(bid), bids, Decimal(ask), asks) for bid, bids, ask, asks in replay["depths"]
    ]
    assert len(received) == len(expected)
    assert received == expected
    print(f"\n{len(received)} best bids and offers compared")


def test_the_merge_agrees_with_the_vendors_own_second_bars(equity: Path) -> None:
    """Source: the vendor's second file: its last bid and ask of a second are the merge's."""
    at_end = {}
    for ms, bid, bids, ask, asks in tape.read_best(equity / "tick" / "ibm" / "20131007_quote.zip"):
        at_end[ms // 1000] = (bid, bids, ask, asks)
    bars = tape.rows(equity / "second" / "ibm" / "20131007_quote.zip")
    shown = {int(bar[0]) // 1000: (bar[4], int(bar[5]), bar[9], int(bar[10])) for bar in bars}
    agree = sum(at_end.get(second) == best for second, best in shown.items())
    print(f"\n{agree} of {len(shown)} of the vendor's own second bars agree")
    assert agree >= 0.94 * len(shown)


@pytest.mark.covers("cmd 19", "cmd 27")
@pytest.mark.parametrize("how", ["candlesticks", "history"])
def test_minute_candles_are_the_fold_of_the_trades(
    replay: Any, prints: list[tape.Print], equity: Path, how: str
) -> None:
    """Source: candles; both pulls, all sessions, prices, shares and turnover."""
    received = {
        (session, at): [*map(Decimal, prices), volume, Decimal(turnover)]
        for at, *prices, volume, turnover, session in replay[how]
        if at >= tape.unix(DAY, 0)
    }
    expected = {
        (session, tape.unix(DAY, minute * 60_000)): bar
        for (session, minute), bar in tape.fold(prints, close_before(equity)).items()
    }
    assert received.keys() == expected.keys()
    assert received == expected


@pytest.mark.covers("cmd 27")
def test_regular_candles_leave_out_pre_and_post_market(replay: Any) -> None:
    """Source: quote, command 27 (trade session selector)."""
    regular = [bar for bar in replay["history"] if bar[-1] == "Intraday"]
    assert replay["regular"] == regular
    assert {bar[-1] for bar in replay["history"]} == {"Pre", "Intraday", "Post"}


def test_the_vendors_own_minute_bars_agree(
    replay: Any, prints: list[tape.Print], equity: Path
) -> None:
    """Source: the vendor's minute file.

    Its volumes count every print, as ours do but for official values. Its prices let only prints
    without any sale condition count, sweeps and exempt ones not: by that rule the same prints
    have to give its bars.
    """
    path = equity / "minute" / "ibm" / "20131007_trade.zip"
    own = {int(ms) // 60_000: [*map(tape.dollars, ps), int(n)] for ms, *ps, n in tape.rows(path)}
    regular = {minute: bar for minute, bar in own.items() if 570 <= minute < 960}
    received = {
        (at - tape.unix(DAY, 0)) // 60: [*map(Decimal, prices), volume]
        for at, *prices, volume, _, session in replay["regular"]
    }
    assert received.keys() == regular.keys()
    volumes = sum(bar[4] == received[minute][4] for minute, bar in regular.items())
    prices = sum(bar[:4] == received[minute][:4] for minute, bar in regular.items())
    by_its_rule: dict[int, list[Decimal]] = {}
    for one in prints:
        if one.flags == 1:
            by_its_rule.setdefault(one.ms // 60_000, []).append(one.price)
    folds = {m: [ps[0], max(ps), min(ps), ps[-1]] for m, ps in by_its_rule.items()}
    ruled = sum(folds.get(minute) == bar[:4] for minute, bar in regular.items())
    print(
        f"\nof the vendor's {len(regular)} regular minutes {volumes} agree in volume, {prices} in"
        f" all prices, {ruled} in all prices by the vendor's own rule"
    )
    assert volumes >= 0.97 * len(regular)
    assert ruled >= 0.97 * len(regular)


@pytest.mark.covers("cmd 27")
@pytest.mark.parametrize("ticker", ["ibm", "aapl", "spy", "bac"])
def test_days_without_ticks_equal_the_daily_file(replay: Any, equity: Path, ticker: str) -> None:
    """Source: the vendor's daily file, unadjusted, January to September 2013."""
    first, last = "20130102", "20130930"
    expected = {
        row[0][:8]: [*map(tape.dollars, row[1:5]), int(row[5])]
        for row in tape.rows(equity / "daily" / f"{ticker}.zip")
        if first <= row[0][:8] <= last
    }
    received = {
        datetime.fromtimestamp(at, UTC).strftime("%Y%m%d"): [*map(Decimal, prices), volume]
        for at, *prices, volume, _, _ in replay["days"][f"{ticker.upper()}.US"]
    }
    assert len(expected) == 188
    assert {day: bar for day, bar in received.items() if day <= last} == expected
