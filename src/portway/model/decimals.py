"""Decimals as the wire writes them: a strict parser, a plain printer, and rounding modes by name.

The grammar is that of the trade API: plain notation, as official clients send it. The printer is
lossless: it pads to the places a caller asks for and never rounds, so that rounding is always a
named step of the rule that wants it. Nothing here knows what a number means.
"""

from __future__ import annotations

import re
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
)
from functools import cache, lru_cache
from typing import Final

__all__ = [
    "MalformedDecimal",
    "SIGNIFICANT_DIGITS_MAX",
    "down",
    "half_up",
    "parse_decimal",
    "round_to_tick_down",
    "round_to_tick_half_up",
    "round_to_tick_up",
    "up",
    "wire_text",
]

SIGNIFICANT_DIGITS_MAX: Final = 28  # The clients' numbers have a 96-bit mantissa.
FRACTION_DIGITS_MAX: Final = 28  # ... and a scale of at most 28.
TEXTS_KEPT: Final = 8192  # Texts, and their numbers, that need not be made again.
TEXT_CHARS_MAX: Final = 64  # Longer text is refused unread: a bound on the work of one field.

_PLAIN: Final = re.compile(r"-?[0-9]+(?:\.([0-9]+))?")
# Wide enough for a product of two parsed numbers, whatever context the caller's thread has.
_WIDE: Final = Context(prec=96, traps=[InvalidOperation])
# Division to a whole number of ticks must be exact, or the tick grid would silently shift.
_STRICT: Final = Context(prec=96, traps=[InvalidOperation, Inexact])


class MalformedDecimal(ValueError):
    """The text is not a plain decimal that the wire can carry."""


@lru_cache(TEXTS_KEPT)  # the same prices and quantities come again and again
def parse_decimal(text: str) -> Decimal:
    """Return the number that `text` writes in plain notation; minus zero becomes zero.

    Accepted: an optional minus, digits, and optionally a point followed by digits. Refused:
    exponents, a plus sign, blanks, separators, a bare point on either side, NaN and infinities,
    digits other than ASCII.

    Raises:
        MalformedDecimal: If the text is anything else, or needs more than `SIGNIFICANT_DIGITS_MAX`
            significant digits or `FRACTION_DIGITS_MAX` places.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise MalformedDecimal(f"{len(text)} characters, at most {TEXT_CHARS_MAX}")
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise MalformedDecimal(f"{text!r} is not a plain decimal number")
    if len(match[1] or "") > FRACTION_DIGITS_MAX:
        raise MalformedDecimal(f"{text!r} has more than {FRACTION_DIGITS_MAX} places")
    value = Decimal(text)
    # Short text, nearly all there is, cannot have too many digits.
    is_long = len(text) > SIGNIFICANT_DIGITS_MAX
    if is_long and len(value.as_tuple().digits) > SIGNIFICANT_DIGITS_MAX:
        raise MalformedDecimal(f"{text!r} has more than {SIGNIFICANT_DIGITS_MAX} digits")
    return value if value else value.copy_abs()


@lru_cache(TEXTS_KEPT)  # likewise
def wire_text(value: Decimal, places: int = 0) -> str:
    """Return `value` in plain notation, exactly, with at least `places` decimals.

    Zeros are added up to `places` and dropped beyond it: 335 with 3 places is "335.000", 0.00010
    with 3 places is "0.0001". No exponent, no plus sign, no minus zero.

    Raises:
        ValueError: If the value is NaN or infinite.
    """
    if not value.is_finite():
        raise ValueError(f"{value} has no place on the wire")
    whole, _, fraction = f"{value:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    if not value:
        whole = "0"
    return f"{whole}.{fraction}" if fraction else whole


def half_up(value: Decimal, places: int) -> Decimal:
    """Round to `places` decimals, a tie away from zero."""
    return value.quantize(_unit(places), ROUND_HALF_UP, _WIDE)


def up(value: Decimal, places: int) -> Decimal:
    """Round to `places` decimals, away from zero."""
    return value.quantize(_unit(places), ROUND_UP, _WIDE)


def down(value: Decimal, places: int) -> Decimal:
    """Round to `places` decimals, towards zero."""
    return value.quantize(_unit(places), ROUND_DOWN, _WIDE)


def round_to_tick_up(value: Decimal, tick: Decimal) -> Decimal:
    """Return the smallest multiple of `tick` that is not below `value`; `tick` is above zero."""
    return _to_tick(value, tick, ROUND_CEILING)


def round_to_tick_down(value: Decimal, tick: Decimal) -> Decimal:
    """Return the largest multiple of `tick` that is not above `value`; `tick` is above zero."""
    return _to_tick(value, tick, ROUND_FLOOR)


def round_to_tick_half_up(value: Decimal, tick: Decimal) -> Decimal:
    """Return the multiple of `tick` nearest to `value`, a tie away from zero."""
    return _to_tick(value, tick, ROUND_HALF_UP)


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def _to_tick(value: Decimal, tick: Decimal, rounding: str) -> Decimal:
    # Counting in whole ticks by integers keeps the quotient exact: 1/3 of a tick has no decimal.
    remainder = _STRICT.remainder(value, tick)
    below = _STRICT.subtract(value, remainder)  # towards zero, a multiple of the tick
    if not remainder:
        return below
    away = _STRICT.add(below, tick.copy_sign(value))
    floor, ceiling = (away, below) if value < 0 else (below, away)
    if rounding == ROUND_HALF_UP:
        twice = _STRICT.multiply(remainder, Decimal(2)).copy_abs()
        return away if twice >= tick else below
    return floor if rounding == ROUND_FLOOR else ceiling
