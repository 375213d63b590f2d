"""`portway watch`: rows that pushes change, lines where there is no terminal, and the picture."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from portway.cli.main import main
from portway.cli.quote_rows import Rows, amount_text, sparkline
from portway.cli.watch import Screen
from portway.openapi import PushDepth, PushQuote, QuoteContext, SecurityQuote, SecurityStaticInfo
from portway.wire.pb import quote_pb2 as pb
from tests.openapi.peer import Peer, quote_push

DAY = 86_400


def test_lines_where_there_is_no_terminal(service: Peer, home: Path) -> None:
    asked: list[pb.SubscribeRequest] = []

    def push_when_subscribed() -> None:
        asked.append(pb.SubscribeRequest.FromString(service.next_asked(6).body))
        service.push(101, quote_push(last_done="613.000", timestamp=1767232801))

    pusher = threading.Thread(target=push_when_subscribed)
    pusher.start()
    arguments = ["watch", "700.HK", "--seconds", "1.2", "--home", str(home)]
    result = CliRunner().invoke(main, arguments)
    pusher.join(5)
    assert result.exit_code == 0, result.output
    before = "10:00:00  700.HK         612.500   +12.500   +2.08%     1.23M"
    after = "10:00:01  700.HK         613.000   +13.000   +2.17%     1.23M"
    # The push may come before the first look: then only what is true by then is printed.
    assert result.output.splitlines() in ([before, after], [after])
    assert list(asked[0].sub_type) == [1, 2]
    assert service.http_asked[0][1]["x-portway-tool"] == "tool-0001"


def test_a_picture_is_written(service: Peer, home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "watch.svg"
    arguments = ["watch", "--seconds", "0", "--home", str(home), "--export", str(picture)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "TENCENT" in picture.read_text()
    assert "unknown" not in result.output  # of the symbols that nobody typed


def test_unknown_symbols(service: Peer, home: Path) -> None:
    some = CliRunner().invoke(
        main, ["watch", "700.HK", "NOPE.US", "--seconds", "0", "--home", str(home)]
    )
    assert (some.exit_code, "unknown symbol: NOPE.US" in some.output) == (0, True)
    none = CliRunner().invoke(main, ["watch", "NOPE.US", "--seconds", "0", "--home", str(home)])
    assert (none.exit_code, "no symbol is known" in none.output) == (1, True)


def _rows(**fields: object) -> Rows:
    message = pb.SecurityQuote(
        symbol="700.HK", last_done="612.500", prev_close="600.000", timestamp=1767232800,
        volume=1234500,
    )  # fmt: skip
    info = pb.StaticInfo(symbol="700.HK", name_en="TENCENT", name_hk="騰訊控股")
    return Rows([SecurityQuote(message)], [SecurityStaticInfo(info)], str(fields.get("lang", "en")))


def test_a_push_moves_the_row() -> None:
    rows = _rows()
    rows.take_quote("700.HK", PushQuote(quote_push(last_done="610.000")), now=5.0)
    (row,) = rows.all()
    assert (row.last, row.change, row.moved, row.moved_at) == (
        Decimal("610.000"), Decimal("10.000"), -1, 5.0,
    )  # fmt: skip
    rows.take_quote("700.HK", PushQuote(quote_push(last_done="611.000")), now=6.0)
    rows.take_quote("700.HK", PushQuote(quote_push(last_done="611.000")), now=7.0)
    assert (row.moved, row.moved_at) == (1, 6.0)
    assert list(row.prices) == [Decimal(text) for text in ("612.500", "610.000", "611.000")]
    rows.take_quote("5.HK", PushQuote(quote_push()), now=8.0)
    assert rows.pushes == 4
    assert [row.symbol for row in rows.take_new()] == ["700.HK"]
    assert rows.take_new() == []


def test_the_best_levels_of_a_depth() -> None:
    rows = _rows()
    levels = [pb.Depth(position=p, price=price) for p, price in ((1, "612.000"), (2, "611.500"))]
    rows.take_depth("700.HK", PushDepth(pb.PushDepth(bid=levels)))
    (row,) = rows.all()
    assert (row.bid, row.ask) == (Decimal("612.000"), None)


def test_a_new_day_asks_for_its_previous_close() -> None:
    rows = _rows()
    rows.take_quote("700.HK", PushQuote(quote_push(timestamp=1767232800 + DAY)), now=1.0)
    assert rows.stale() == ["700.HK"]
    rows.renew([SecurityQuote(pb.SecurityQuote(symbol="700.HK", prev_close="612.500"))])
    assert rows.stale() == []
    assert rows.all()[0].change == 0


def test_market_times_are_each_markets_own() -> None:
    at = _rows().market_times()["HK"]
    assert at == datetime(2026, 1, 1, 2, tzinfo=UTC)
    assert f"{at:%H:%M}" == "10:00"


def test_cells() -> None:
    assert [amount_text(v) for v in (0, 999, 1234, 1234500, Decimal("5110000000"))] == [
        "0", "999", "1.23K", "1.23M", "5.11B",
    ]  # fmt: skip
    assert sparkline([]) == ""
    assert sparkline([Decimal(1)] * 3) == "▁▁▁"
    assert sparkline([Decimal(p) for p in (1, 8, 4)]) == "▁█▄"


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (40, "symbol last %"),
        (60, "symbol last change % time"),
        (80, "symbol last change % volume time"),
        (90, "symbol last change % bid ask volume time"),
        (120, "symbol name last change % bid ask volume time trend"),
    ],
)
def test_a_narrow_terminal_leaves_columns_out_and_cuts_none(
    service: Peer, width: int, headings: str
) -> None:
    with QuoteContext(service.config()) as context:
        screen = Screen(context, _rows(lang="zh-HK"), "ws://127.0.0.1:1")
        console = Console(width=width)
        with console.capture() as capture:
            console.print(screen.draw(width))
    lines = [line.split() for line in capture.get().splitlines() if line.strip()]
    assert lines[0] == headings.split()
    values = {"last": "612.500", "change": "+12.500", "%": "+2.08%", "volume": "1.23M",
              "time": "10:00:00", "name": "騰訊控股"}  # fmt: skip
    assert {values[name] for name in lines[0] if name in values} <= set(lines[2])
    assert "reconnecting" in " ".join(lines[3])  # nothing was connected
