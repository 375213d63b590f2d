from __future__ import annotations

import pytest

from portway.testing.cases import kinds


def phase(**given: object) -> str:
    return kinds()["sessions", "phase"](given)["phase"]


@pytest.mark.parametrize(
    ("match_at", "at", "expected"),
    [
        ("09:22:00", "09:21:59", "pre_open_random"),
        ("09:20:00", "09:20:00", "blocking"),
        ("09:21:07.5", "09:21:07.4", "pre_open_random"),
        ("09:21:07.5", "09:21:07.5", "blocking"),
    ],
)
def test_the_opening_auction_ends_at_the_instant_given(match_at, at, expected):
    given = {"market": "HK", "class": "stock", "cas_end_at": "16:10:00"}
    assert phase(**given, pos_match_at=match_at, at=f"2026-01-05T{at}+08:00") == expected


@pytest.mark.parametrize(("cls", "expected"), [("stock", "close_auction"), ("etf", "continuous")])
def test_shanghai_funds_have_dates_of_their_own(cls, expected):
    given = {"market": "CN", "exchange": "SH", "etf_closing_auction_from": "2026-07-06"}
    assert phase(**given, **{"class": cls}, at="2026-07-03T14:58:00+08:00") == expected


def test_a_half_day_is_listed_apart_and_only_there():
    answer = kinds()["sessions", "trading_days"](
        {"market": "HK", "from": "2026-12-24", "to": "2026-12-28"}
    )
    assert answer == {"trade_day": ["20261228"], "half_trade_day": ["20261224"]}
