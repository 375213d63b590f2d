"""Sale conditions: each bit, several bits at once, and what they do to the session."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.market.recorded.conditions import (
    PRECEDENCE,
    SALE_CONDITIONS,
    classify,
    unknown_bits,
)
from portway.market.recorded.day import TRADE_TYPES
from portway.model.quote import TradeSession
from portway.model.symbol import Market
from portway.quotes.effects import TradeEffect, effect_of

NORMAL, PRE, POST = TradeSession.NORMAL, TradeSession.PRE, TradeSession.POST
RANK = {TradeEffect.PRICE_AND_VOLUME: 2, TradeEffect.VOLUME_ONLY: 1, TradeEffect.NONE: 0}


def effect(trade_type: str, session: TradeSession) -> int:
    return RANK[effect_of(Market.US, trade_type, session)]


def test_the_table_has_every_bit_once() -> None:
    bits = [one.bit for one in SALE_CONDITIONS]
    assert bits == sorted(set(bits))
    assert set(bits) == set(range(32)) - {30}
    assert len({one.name for one in SALE_CONDITIONS}) == len(bits)


def test_every_code_has_its_precedence_and_its_place() -> None:
    codes = {one.trade_type for one in SALE_CONDITIONS}
    assert codes - {""} == set(PRECEDENCE) - {"G"} | {"G"}
    assert set(TRADE_TYPES) == codes


def test_precedence_goes_from_nothing_over_volume_to_price() -> None:
    ranks = [effect(code, NORMAL) for code in PRECEDENCE]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("flags", "trade_type"),
    [
        (0x1, ""),
        (0x20, "F"),
        (0x20000020, "F"),
        (0x20000001, ""),
        (0x80000000, "I"),
        (0x80000020, "I"),  # a sweep for an odd lot does not set the price
        (0x20100200, "W"),
        (0x20000200, "H"),
        (0x20040200, "V"),
        (0x20000002, "C"),
        (0x4800, "G"),
        (0x40, ""),
        (0x80, ""),
        (0x4000000, "Q"),
        (0x1000000, "M"),
        (0x1000001, "M"),
        (0x2000000, "P"),
        (0x20200080, "X"),
        (0x0, ""),
        (1 << 40, ""),
    ],
)
def test_flags_as_the_tape_combines_them(flags: int, trade_type: str) -> None:
    assert classify(flags, NORMAL).trade_type == trade_type


@given(bits=st.sets(st.sampled_from(SALE_CONDITIONS)), session=st.sampled_from([PRE, NORMAL, POST]))
def test_no_combination_counts_for_more_than_its_most_cautious_bit(
    bits: set[object], session: TradeSession
) -> None:
    chosen = [one for one in SALE_CONDITIONS if one in bits]
    found = classify(sum(1 << one.bit for one in chosen), session)
    least = min((effect(one.trade_type, found.session) for one in chosen), default=2)
    assert effect(found.trade_type, found.session) <= least


@given(flags=st.integers(0, 2**34))
def test_unknown_bits_make_nothing_of_a_print(flags: int) -> None:
    unknown = unknown_bits(flags)
    assert unknown & ~((1 << 30) | (0b111 << 32)) == 0
    assert classify(flags, NORMAL) == classify(flags & ~unknown, NORMAL)


def test_bit_thirty_is_unknown() -> None:
    assert unknown_bits(0x40000001) == 0x40000000
    assert unknown_bits(0x20000021) == 0


@pytest.mark.parametrize(
    ("flags", "session", "expected"),
    [
        (0x80, POST, NORMAL),  # the closing cross is printed after the bell
        (0x1000000, POST, NORMAL),
        (0x2080, POST, POST),  # unless it says that it was made after hours
        (0x80, PRE, PRE),
        (0x40, POST, POST),
        (0x2000, NORMAL, NORMAL),
        (0x1, POST, POST),
    ],
)
def test_sessions(flags: int, session: TradeSession, expected: TradeSession) -> None:
    assert classify(flags, session).session is expected


@pytest.mark.parametrize("flag", [0x400, 0x2000])
def test_extended_hours_within_regular_hours_carry_volume_alone(flag: int) -> None:
    assert classify(flag, NORMAL).trade_type == "G"
    assert classify(flag | 0x20, NORMAL).trade_type == "G"
    assert classify(flag, PRE).trade_type == ""
    assert classify(flag | 0x20, POST).trade_type == "F"


def test_a_suspicious_print_carries_volume_alone() -> None:
    assert classify(0x1, NORMAL, suspicious=True).trade_type == "H"
    assert classify(0x1, PRE, suspicious=True).trade_type == "H"
    assert classify(0x1000000, NORMAL, suspicious=True).trade_type == "M"


@pytest.mark.parametrize(
    ("flags", "has_side"),
    [
        *((flags, True) for flags in (0x1, 0x20, 0x80000000, 0x20000020)),
        *((flags, False) for flags in (0x40, 0x80, 0x100, 0x1000000, 0x4000000, 0x100000, 0x4800)),
    ],
)
def test_who_took_the_initiative_is_asked_of_ordinary_prints_alone(
    flags: int, has_side: bool
) -> None:
    assert classify(flags, NORMAL).has_side is has_side
