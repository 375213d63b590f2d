from __future__ import annotations

from decimal import Decimal

from portway.testing.cases import kinds

HK = {"market": "HK", "class": "equity", "date": "2026-09-01"}


def answer(name: str, **given: object):
    return kinds()["ticks", name]({**HK, **given})


def test_the_second_reduction_starts_where_the_case_says():
    price = {"price": "5"}
    assert answer("tick_size", **price, phase2_from="2026-07-06") == {"tick": Decimal("0.005")}
    assert answer("tick_size", **price, phase2_from="2026-10-05") == {"tick": Decimal("0.01")}
    assert answer("tick_size", **price, phase2_from=None) == {"tick": Decimal("0.005")}


def test_what_lies_outside_the_table_is_null():
    assert answer("tick_size", price="10000") == {"tick": None}
    assert answer("nearest", price="0.001") == {"below": None, "above": Decimal("0.01")}
    assert answer("step", price="9995", ticks=1) == {"price": None}
