"""What written options ask of an account: collateral of a cash account, margin of a margin account.

A written call is covered by shares, a written put of a cash account by its strike in cash; in a
margin account an option that is written is paired with one that is held and expires no earlier, and
what is left is naked. Requirements are those of `margin.py`, over and above the option's own value,
which equity has deducted. Prices are per share of the underlying.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from msgspec import Struct

from portway.core.margin import OptionPosition, OptionTerms, Requirement, option_requirement
from portway.model import derivative
from portway.model.money import Currency
from portway.model.symbol import Symbol

__all__ = ["NO_OPTIONS", "OptionHolding", "WrittenOptions", "bare_extra", "written_options"]

ZERO = Decimal(0)


class OptionHolding(Struct, frozen=True):
    """Contracts of one option as they are held or written.

    Attributes:
        quantity: Below zero: written.
        writing: Contracts that working sells would write.
        price: Present price of the option.
        spot: Present price of the underlying; None: not known, the strike takes its place.
        is_broad: Whether the underlying is a broad index.
    """

    symbol: Symbol
    currency: Currency
    terms: derivative.OptionTerms
    quantity: Decimal
    price: Decimal
    spot: Decimal | None = None
    writing: Decimal = ZERO
    is_broad: bool = False

    @property
    def written(self) -> Decimal:
        """Contracts that are written, or would be."""
        return max(ZERO, -self.quantity) + self.writing


class WrittenOptions(Struct, frozen=True):
    """What options of one account ask for.

    Attributes:
        requirements: Of every option that is written.
        paired: Contracts held that cover written ones, by symbol: they need no margin of their own.
        naked: Contracts that nothing covers, by symbol.
    """

    requirements: dict[Symbol, Requirement]
    paired: dict[Symbol, Decimal]
    naked: dict[Symbol, Decimal]


NO_OPTIONS = WrittenOptions({}, {}, {})


@dataclass(slots=True)
class _Left:
    """A holding and what of it is not paired yet."""

    holding: OptionHolding
    contracts: Decimal


def written_options(
    holdings: Sequence[OptionHolding], shares: Mapping[Symbol, Decimal], *, secured: bool
) -> WrittenOptions:
    """Return what the options of an account require.

    Args:
        holdings: Every option that is held, written, or would be written by a working order.
        shares: Shares held, by symbol.
        secured: Whether puts are secured by cash, as a cash account's are.
    """
    free = dict(shares)
    held = [_Left(one, one.quantity) for one in holdings if one.quantity > 0]
    requirements: dict[Symbol, Requirement] = {}
    naked: dict[Symbol, Decimal] = {}
    # What loses most is paired first, with what limits its loss best.
    for one in sorted(holdings, key=_danger):
        if one.written:
            found, bare = _requirement(one, free, held, secured=secured)
            requirements[one.symbol], naked[one.symbol] = found, bare
    paired = {
        left.holding.symbol: left.holding.quantity - left.contracts
        for left in held
        if left.contracts < left.holding.quantity
    }
    return WrittenOptions(requirements, paired, naked)


def _danger(holding: OptionHolding) -> tuple[Symbol, bool, Decimal]:
    terms = holding.terms
    return terms.underlying, terms.is_call, terms.strike if terms.is_call else -terms.strike


def _requirement(
    written: OptionHolding, free: dict[Symbol, Decimal], held: list[_Left], *, secured: bool
) -> tuple[Requirement, Decimal]:
    """Return what written contracts require, and how many of them nothing covers."""
    terms, left = written.terms, written.written
    extra = ZERO
    if terms.is_call:
        covered = min(left, free.get(terms.underlying, ZERO) // terms.multiplier)
        if covered:
            free[terms.underlying] -= covered * terms.multiplier
            left -= covered
    limits = [one for one in held if _limits(one, terms)]
    for other in sorted(limits, key=lambda one: _width(one, terms)):
        pairs = min(left, other.contracts)
        other.contracts -= pairs
        left -= pairs
        extra += pairs * _pair_extra(written, other.holding)
    extra += left * bare_extra(written, secured=secured)
    value = max(ZERO, -written.quantity) * written.price * terms.multiplier
    return Requirement(value, extra, extra, extra), left


def _limits(held: _Left, written: derivative.OptionTerms) -> bool:
    """Tell whether contracts that are held limit the loss of written ones."""
    terms = held.holding.terms
    is_like = (terms.underlying, terms.right, terms.multiplier) == (
        written.underlying,
        written.right,
        written.multiplier,
    )
    return is_like and held.contracts > 0 and terms.expiry >= written.expiry


def _width(held: _Left, written: derivative.OptionTerms) -> Decimal:
    """Return the possible loss per share of a pair from its strikes alone."""
    distance = held.holding.terms.strike - written.strike
    return distance if written.is_call else -distance


def _pair_extra(written: OptionHolding, held: OptionHolding) -> Decimal:
    width = _width(_Left(held, ZERO), written.terms)
    kind = OptionPosition.CREDIT_VERTICAL if width > 0 else OptionPosition.DEBIT_VERTICAL
    gross = option_requirement(kind, _rule_terms(written, width=width))
    credit = (written.price - held.price) * written.terms.multiplier
    return max(ZERO, gross - credit)


def bare_extra(written: OptionHolding, *, secured: bool = False) -> Decimal:
    """Return what one contract that nothing covers requires beyond its own value."""
    is_call = written.terms.is_call
    if secured and not is_call:
        return ZERO  # The strike is frozen, which counts already.
    kind = OptionPosition.NAKED_CALL if is_call else OptionPosition.NAKED_PUT
    gross = option_requirement(kind, _rule_terms(written))
    return max(ZERO, gross - written.price * written.terms.multiplier)


def _rule_terms(written: OptionHolding, width: Decimal = ZERO) -> OptionTerms:
    terms = written.terms
    return OptionTerms(
        underlying=terms.strike if written.spot is None else written.spot,
        strike=terms.strike,
        premium=written.price,
        multiplier=Decimal(terms.multiplier),
        rate=Decimal("0.15") if written.is_broad else Decimal("0.20"),
        width=width,
    )
