"""A page that is read from records is the page that is made of values, whatever is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from portway.market.bar_page import BarPage
from portway.market.history import (
    HistoryDirection,
    HistoryError,
    SymbolHistory,
    board_from_source,
)
from portway.market.imported.source import ImportedSource
from portway.model.quote import Period, TradeSession
from portway.model.session import trading_hours
from portway.model.symbol import Market, Symbol
from tests.market.bar_files import BAR_HEADER, Home, minute_rows

IBM = Symbol("IBM.US")
DAYS = ("2024-03-04", "2024-03-05", "2024-03-07")
NOW = datetime(2024, 3, 7, 15, tzinfo=UTC)  # 10:00 in New York


class AsValues:
    """The same source without its records."""

    def __init__(self, source: ImportedSource) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        if name == "bar_table":
            raise AttributeError(name)
        return getattr(self._source, name)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ImportedSource:
    home = Home(Path(tmp_path_factory.mktemp("page")))
    rows: list[str] = []
    for day in DAYS:
        for first, count in (("04:10", 20), ("09:30", 90), ("16:05", 10)):
            rows += minute_rows(IBM, day, count, first)
    home.bars(home.file("a.csv", BAR_HEADER, rows))
    return home.source()


def both(source: ImportedSource, *, live: bool, hide: bool) -> tuple[SymbolHistory, SymbolHistory]:
    hours = trading_hours(Market.US)
    calendar = source._listing.calendars[Market.US]
    hidden = frozenset({TradeSession.PRE}) if hide else frozenset[TradeSession]()
    board = None
    if live:
        parts = hours.parts(date(2024, 3, 7), False)
        board = board_from_source(source, IBM, date(2024, 3, 7), NOW, parts)
    made = [
        SymbolHistory(one, IBM, hours, calendar, NOW, board, hidden=hidden)  # type: ignore[arg-type]
        for one in (source, AsValues(source))
    ]
    return made[0], made[1]


def answer(ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return tuple(ask(*args, **kwargs))
    except HistoryError as error:
        return type(error)


@pytest.mark.parametrize(("live", "hide"), [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("period", [Period.ONE_MINUTE, Period.DAY])
def test_records_and_values_give_the_same_pages(
    source: ImportedSource, period: Period, every: bool, hide: bool, live: bool
) -> None:
    mapped, plain = both(source, live=live, hide=hide)
    assert isinstance(mapped.latest(period, 1), BarPage)
    asked: dict[str, Any] = {"all_sessions": every}
    for count in (1, 30, 1000):
        expected = answer(plain.latest, period, count, **asked)
        assert answer(mapped.latest, period, count, **asked) == expected
    for direction in HistoryDirection:
        for day in (None, date(2024, 3, 1), date(2024, 3, 5), date(2024, 3, 6), date(2024, 3, 9)):
            for minute in (None, time(4, 15), time(12), time(16, 7)):
                where = {**asked, "day": day, "minute": minute}
                expected = answer(plain.by_offset, period, direction, 25, **where)
                found = answer(mapped.by_offset, period, direction, 25, **where)
                assert found == expected, (direction, day, minute)
    for first in (None, date(2024, 3, 4), date(2024, 3, 6)):
        for last in (None, date(2024, 3, 5), date(2024, 3, 6), date(2024, 3, 20)):
            expected = answer(plain.by_date, period, first, last, **asked)
            assert answer(mapped.by_date, period, first, last, **asked) == expected, (first, last)
