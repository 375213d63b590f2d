from __future__ import annotations

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.model.decimals import (
    MalformedDecimal,
    down,
    half_up,
    parse_decimal,
    round_to_tick_down,
    round_to_tick_half_up,
    round_to_tick_up,
    up,
    wire_text,
)

plain = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9)).filter(
    lambda value: abs(value) < 10**15
)
ticks = st.sampled_from([Decimal(t) for t in ("0.0001", "0.001", "0.005", "0.02", "0.5", "5")])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("50.1", "50.1"),
        ("-3.83", "-3.83"),
        ("0010.50", "10.5"),
        ("-0.00", "0"),
        ("1" * 28, "1" * 28),
        ("0." + "0" * 27 + "1", "1e-28"),
    ],
)
def test_plain_notation_is_read(text, value):
    parsed = parse_decimal(text)
    assert parsed == Decimal(value)
    assert not (parsed == 0 and parsed.is_signed())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".5",
        "5.",
        "+5",
        "1e5",
        "1E-3",
        " 1",
        "1 ",
        "1\n",
        "1_000",
        "1,000.5",
        "--1",
        "NaN",
        "Infinity",
        "0x10",
        "１２",
        "١",
        "1.2.3",
        "1" * 29,
        "1." + "0" * 27 + "11",
        "0." + "0" * 28 + "1",
        "0" * 65,
    ],
)
def test_anything_else_is_refused_by_name(text):
    with pytest.raises(MalformedDecimal):
        parse_decimal(text)


@given(st.text(max_size=80))
def test_any_text_is_a_number_or_malformed(text):
    try:
        value = parse_decimal(text)
    except MalformedDecimal:
        return
    assert parse_decimal(wire_text(value)) == value


@given(plain, st.integers(0, 8))
def test_printing_loses_nothing_and_pads_to_the_places_asked_for(value, places):
    text = wire_text(value, places=places)
    assert Decimal(text) == value
    assert "E" not in text
    fraction = text.partition(".")[2]
    assert len(fraction) >= places
    assert len(fraction) == places or not fraction.endswith("0")


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("335", 3, "335.000"),
        ("335.0000", 0, "335"),
        ("0.00010", 3, "0.0001"),
        ("1E+2", 0, "100"),
        ("-0.00", 2, "0.00"),
        ("-1.50", 0, "-1.5"),
        ("0", 0, "0"),
        ("1e-12", 0, "0.000000000001"),
        ("1000", 0, "1000"),
    ],
)
def test_wire_text_is_plain(value, places, text):
    assert wire_text(Decimal(value), places=places) == text


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_not_printed(value):
    with pytest.raises(ValueError, match="no place on the wire"):
        wire_text(Decimal(value))


@pytest.mark.parametrize(
    ("mode", "value", "result"),
    [
        (half_up, "2.345", "2.35"),
        (half_up, "-2.345", "-2.35"),
        (half_up, "2.3449999", "2.34"),
        (up, "2.341", "2.35"),
        (up, "-2.341", "-2.35"),
        (down, "2.349", "2.34"),
        (down, "-2.349", "-2.34"),
    ],
)
def test_rounding_modes_by_name(mode, value, result):
    assert str(mode(Decimal(value), 2)) == result


@given(plain, ticks)
def test_ticks_around_a_value_enclose_it(value, tick):
    low, high = round_to_tick_down(value, tick), round_to_tick_up(value, tick)
    assert low <= value <= high
    assert high - low in (Decimal(0), tick)
    assert low % tick == 0 == high % tick
    assert round_to_tick_half_up(value, tick) in (low, high)


@pytest.mark.parametrize(
    ("value", "tick", "result"),
    [("11.055", "0.01", "11.06"), ("9.045", "0.01", "9.05"), ("-9.045", "0.01", "-9.05")],
)
def test_a_tie_between_ticks_goes_away_from_zero(value, tick, result):
    assert round_to_tick_half_up(Decimal(value), Decimal(tick)) == Decimal(result)


def test_the_context_of_the_caller_changes_nothing():
    value, tick = Decimal("123456789.123456789"), Decimal("0.005")
    with localcontext(Context(prec=3)):
        assert half_up(value, 4) == Decimal("123456789.1235")
        assert round_to_tick_down(value, tick) == Decimal("123456789.12")
        assert parse_decimal("123456789.123456789") == value
