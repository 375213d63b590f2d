"""Double entry as a value: fees, postings, and entries that balance or cannot exist.

An entry moves assets between accounts of the ledger. An asset is a currency or a symbol; an amount
is money of that currency or shares of that symbol. Nothing here knows when an entry is due or
whether an account may go below zero.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

__all__ = ["Entry", "Fee", "Posting", "UnbalancedEntry"]


class UnbalancedEntry(ValueError):
    """The postings of an entry do not sum to zero for every asset."""


class Fee(Struct, frozen=True, gc=False):
    """One item of an order's charges.

    Attributes:
        name: Code of the fee, `COMMISSION`, `STAMP`, ...; the names stand in `core/fees.py`.
        amount: In the currency of the order, rounded by the fee's own rule. A later execution may
            bring an item down again (a percentage maximum), so a difference can be negative.
    """

    name: str
    amount: Decimal


class Posting(Struct, frozen=True, gc=False):
    """One leg of an entry.

    Attributes:
        account: `client:<account_no>:<purse>`, `street:<purse>` or `fees:<name>`.
        asset: A currency code or a symbol.
        amount: Signed; what the account gains.
    """

    account: str
    asset: str
    amount: Decimal


class Entry(Struct, frozen=True, gc=False):
    """A balanced set of postings.

    Attributes:
        settles_on: Trading day on which the money becomes final; None: at once.

    Raises:
        UnbalancedEntry: If an asset does not sum to zero.
    """

    postings: tuple[Posting, ...]
    settles_on: date | None = None

    def __post_init__(self) -> None:
        sums: dict[str, Decimal] = {}
        for posting in self.postings:
            sums[posting.asset] = sums.get(posting.asset, Decimal(0)) + posting.amount
        off = {asset: amount for asset, amount in sums.items() if amount}
        if off:
            raise UnbalancedEntry(f"postings leave {off}")
