"""Strategies of multi-leg orders: which way each leg goes, from the strategy and the side.

A bought vertical is long the strike nearer to the money it pays for, a bought calendar the later
expiry; a sold one is the reverse of all. Shares may stand beside options where a strategy has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from portway.model.derivative import Right, looks_like_option, parse_option
from portway.model.order import Combination, Leg, OrderSide
from portway.model.symbol import MalformedSymbol, Symbol

__all__ = ["STRATEGIES", "WrongLegs", "combination_of"]


class WrongLegs(ValueError):
    """Legs do not make the strategy; the message says what it consists of."""


class _Part(Struct, frozen=True):
    """A leg as its symbol tells it; `right` is None for shares."""

    symbol: Symbol
    ratio: Decimal
    right: Right | None = None
    strike: Decimal = Decimal(0)
    expiry: str = ""


class Strategy(Struct, frozen=True):
    """One strategy.

    Attributes:
        name: For people.
        consists: What its legs are, for the refusal of others.
        long: Tells of each leg of a bought one whether it is long; None: the legs do not fit.
    """

    name: str
    consists: str
    long: Callable[[Sequence[_Part]], Sequence[bool] | None]


def _covered(right: Right, *, shares_are_long: bool) -> Callable[..., Sequence[bool] | None]:
    def long(parts: Sequence[_Part]) -> Sequence[bool] | None:
        kinds = sorted(str(part.right or "") for part in parts)
        if kinds != ["", right.value]:
            return None
        return [part.right is None and shares_are_long for part in parts]

    return long


def _vertical(right: Right) -> Callable[..., Sequence[bool] | None]:
    def long(parts: Sequence[_Part]) -> Sequence[bool] | None:
        fits = len(parts) == 2 and all(part.right is right for part in parts)
        if not fits or parts[0].expiry != parts[1].expiry or parts[0].strike == parts[1].strike:
            return None
        best = (min if right is Right.CALL else max)(part.strike for part in parts)
        return [part.strike == best for part in parts]

    return long


def _calendar(right: Right) -> Callable[..., Sequence[bool] | None]:
    def long(parts: Sequence[_Part]) -> Sequence[bool] | None:
        fits = len(parts) == 2 and all(part.right is right for part in parts)
        if not fits or parts[0].strike != parts[1].strike or parts[0].expiry == parts[1].expiry:
            return None
        latest = max(part.expiry for part in parts)
        return [part.expiry == latest for part in parts]

    return long


def _collar(parts: Sequence[_Part]) -> Sequence[bool] | None:
    kinds = sorted(str(part.right or "") for part in parts)
    if kinds not in (["", "C", "P"], ["C", "P"]):
        return None
    return [part.right is not Right.CALL for part in parts]


def _both(*, same_strike: bool) -> Callable[..., Sequence[bool] | None]:
    def long(parts: Sequence[_Part]) -> Sequence[bool] | None:
        if sorted(str(part.right or "") for part in parts) != ["C", "P"]:
            return None
        is_same = parts[0].strike == parts[1].strike
        return [True, True] if is_same is same_strike else None

    return long


STRATEGIES: Final[Mapping[str, Strategy]] = {
    "COVERED_CALL": Strategy(
        "Covered Call", "shares and a call", _covered(Right.CALL, shares_are_long=True)
    ),
    "COVERED_PUT": Strategy(
        "Covered Put", "shares and a put", _covered(Right.PUT, shares_are_long=False)
    ),
    "VERTICAL_CALL_SPREAD": Strategy(
        "Vertical Call Spread", "two calls of one expiry", _vertical(Right.CALL)
    ),
    "VERTICAL_PUT_SPREAD": Strategy(
        "Vertical Put Spread", "two puts of one expiry", _vertical(Right.PUT)
    ),
    "COLLAR": Strategy("Collar", "a put and a call, and perhaps shares", _collar),
    "STRADDLE": Strategy("Straddle", "a call and a put of one strike", _both(same_strike=True)),
    "STRANGLE": Strategy("Strangle", "a call and a put of two strikes", _both(same_strike=False)),
    "CALENDAR_CALL_SPREAD": Strategy(
        "Calendar Call Spread", "two calls of one strike", _calendar(Right.CALL)
    ),
    "CALENDAR_PUT_SPREAD": Strategy(
        "Calendar Put Spread", "two puts of one strike", _calendar(Right.PUT)
    ),
}


def combination_of(
    strategy: str, side: OrderSide, legs: Sequence[tuple[Symbol, Decimal]]
) -> Combination:
    """Return the legs of a strategy with their sides.

    Args:
        legs: Symbol and ratio of each; ratios above zero.

    Raises:
        WrongLegs: If they do not make the strategy.
    """
    rule = STRATEGIES[strategy]
    parts = [_part(symbol, ratio) for symbol, ratio in legs]
    long = rule.long(parts)
    if long is None:
        raise WrongLegs(f"{rule.name} consists of {rule.consists}")
    bought, sold = OrderSide.BUY, OrderSide.SELL
    if side is OrderSide.SELL:
        bought, sold = sold, bought
    return Combination(
        strategy,
        tuple(
            Leg(part.symbol, bought if is_long else sold, part.ratio)
            for part, is_long in zip(parts, long, strict=True)
        ),
    )


def _part(symbol: Symbol, ratio: Decimal) -> _Part:
    if not looks_like_option(symbol):
        return _Part(symbol, ratio)
    try:
        _, expiry, right, strike = parse_option(symbol)
    except MalformedSymbol as error:
        raise WrongLegs(str(error)) from None
    return _Part(symbol, ratio, right, strike, expiry.isoformat())
