"""Terms of options, warrants, callable contracts and inline warrants, and how options are named.

An option's symbol says all of its terms: root, expiry, right and strike. A structured product's
says nothing: its terms are reference data. What they pay at their end is in `payoff.py`; nothing
here knows a price.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct, structs

from portway.model.symbol import MalformedSymbol, Symbol

__all__ = [
    "CONTRACT_SIZE",
    "OptionStyle",
    "OptionTerms",
    "Right",
    "WarrantKind",
    "WarrantTerms",
    "looks_like_option",
    "option_symbol",
    "option_after_split",
    "parse_option",
    "strike_money",
    "successor_symbol",
]

CONTRACT_SIZE: Final = 100  # Shares behind one standard contract.
STRIKE_SCALE: Final = 1000
_OPTION: Final = re.compile(r"([A-Z][A-Z.]{0,5}?)(\d{6})([CP])(\d{1,9})\.US", re.ASCII)
_OPTION_LIKE: Final = re.compile(r".+\d{6}[CP]\d+\.US", re.ASCII | re.IGNORECASE)


class Right(StrEnum):
    """What the holder of an option may do; letters of option symbols."""

    CALL = "C"
    PUT = "P"


class OptionStyle(StrEnum):
    """When it may be exercised; letters of the quote protocol."""

    AMERICAN = "A"  # settled by delivery of shares
    EUROPEAN = "U"  # settled in cash


class WarrantKind(IntEnum):
    """Kinds of structured products; numbers of the quote protocol."""

    CALL = 0
    PUT = 1
    BULL = 2
    BEAR = 3
    INLINE = 4

    @property
    def is_callable(self) -> bool:
        """Whether it ends early when the underlying reaches its call price."""
        return self in (WarrantKind.BULL, WarrantKind.BEAR)

    @property
    def rises(self) -> bool:
        """Whether it gains as the underlying rises; an inline warrant does not."""
        return self in (WarrantKind.CALL, WarrantKind.BULL)


class OptionTerms(Struct, frozen=True, gc=False, omit_defaults=True):
    """One option contract.

    Attributes:
        strike: Per share, in the underlying's currency.
        multiplier: Shares behind one contract.
        is_standard: False for contracts that a corporate action has adjusted.
        listed_on: First trading day.
    """

    underlying: Symbol
    expiry: date
    right: Right
    strike: Decimal
    style: OptionStyle = OptionStyle.AMERICAN
    multiplier: int = CONTRACT_SIZE
    is_standard: bool = True
    listed_on: date | None = None

    @property
    def is_call(self) -> bool:
        """Whether it is a call."""
        return self.right is Right.CALL


def option_after_split(terms: OptionTerms, ratio: Decimal) -> OptionTerms:
    """Return the terms after a split into `ratio` shares for one: a strike to the cent."""
    strike = (terms.strike / ratio).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return structs.replace(terms, strike=strike, is_standard=strike == terms.strike / ratio)


def successor_symbol(symbol: Symbol, terms: OptionTerms) -> Symbol:
    """Return the symbol of a contract that takes the place of `symbol`."""
    root, *_ = parse_option(symbol)
    return option_symbol(root, terms.expiry, terms.right, terms.strike)


def strike_money(terms: OptionTerms, written: Decimal) -> Decimal:
    """Return what the writer of some contracts may have to pay for shares; nothing for calls."""
    return Decimal(0) if terms.is_call else written * terms.multiplier * terms.strike


@dataclass(frozen=True, slots=True)
class WarrantTerms:
    """One structured product of Hong Kong; amounts in its underlying's currency.

    Attributes:
        strike: Of inline warrants the lower bound, as `upper_strike` is the upper; None elsewhere.
        call_price: Of bulls and bears; None elsewhere.
        conversion_ratio: Products for one unit of the underlying.
        last_trading_day: On which it trades, unless it is called before.
        issue_size: Products that exist.
        issuer: Number of the issuer in the list of issuers.
        residual: Whether a called contract may have a residual value (class R, not N).
    """

    underlying: Symbol
    kind: WarrantKind
    expiry: date
    last_trading_day: date
    strike: Decimal
    conversion_ratio: Decimal
    issue_size: int
    issuer: int
    upper_strike: Decimal | None = None
    call_price: Decimal | None = None
    listed_on: date | None = None

    @property
    def residual(self) -> bool:
        """Whether its call price leaves room for a residual value (class R; N has none)."""
        return self.call_price is not None and self.call_price != self.strike


def option_symbol(root: str, expiry: date, right: Right, strike: Decimal) -> Symbol:
    """Return `AAPL250117C190000.US` for AAPL, 17 January 2025, a call at 190."""
    return Symbol(f"{root}{expiry:%y%m%d}{right.value}{int(strike * STRIKE_SCALE)}.US")


def looks_like_option(text: str) -> bool:
    """Tell whether a text has the form of an option symbol, right or wrong."""
    return _OPTION_LIKE.fullmatch(text) is not None


def parse_option(symbol: str) -> tuple[str, date, Right, Decimal]:
    """Return root, expiry, right and strike of an option symbol.

    Raises:
        MalformedSymbol: If it is none: the way out is in the message.
    """
    found = _OPTION.fullmatch(symbol)
    if found is not None:
        root, day, right, strike = found.groups()
        try:
            expiry = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
        except ValueError:
            pass
        else:
            scaled = Decimal(int(strike)) / STRIKE_SCALE
            if scaled > 0 and not strike.startswith("0"):
                return root, expiry, Right(right), scaled
    raise MalformedSymbol(
        f"{symbol[:64]!r} is not root, YYMMDD, C or P, strike x 1000 and .US,"
        " as AAPL250117C190000.US"
    )
