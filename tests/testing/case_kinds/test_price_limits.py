"""The kinds of `price_limits` read their inputs and nothing else."""

from __future__ import annotations

from decimal import Decimal

from portway.testing.cases import kinds

LIMIT = {
    "date": "2026-07-06",
    "board": "main",
    "instrument": "stock",
    "st": True,
    "tracks_growth_board": False,
    "ipo_day": None,
    "prev_close": "10",
}


def answer(name: str, **given: object):
    return kinds()["price_limits", name](given)


def test_the_day_of_the_wider_st_limit_is_the_case_s():
    late = answer("cn_daily_limit", **LIMIT, st_10_percent_from="2026-09-01")
    assert late == {"lower": Decimal("9.50"), "upper": Decimal("10.50")}
    soon = answer("cn_daily_limit", **LIMIT, st_10_percent_from="2026-07-06")
    assert soon == {"lower": Decimal("9.00"), "upper": Decimal("11.00")}


def test_the_tick_of_a_valid_range_is_the_case_s():
    given = {"side": "Buy", "best_ask": "1.000", "price": "1.024"}
    assert answer("cn_valid_range", **given, tick="0.001") == {"accepted": False}
    assert answer("cn_valid_range", **given, tick="0.01") == {"accepted": True}
