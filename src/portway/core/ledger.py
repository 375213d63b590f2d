"""Double-entry books: which entries money and shares take, and what they add up to.

An entry cannot exist unless every asset in it sums to zero (`model/entry.py`), so neither can the
ledger. Purses of a client: `cash` is final, `settling` is traded and not yet final, `shares` are
shares; `street` is the market, `world` the outside from which deposits come, `fees:<name>` who
receives a charge. Nothing here checks whether an account can afford what is posted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from portway.model.entry import Entry, Fee, Posting
from portway.model.execution import Execution
from portway.model.money import Currency
from portway.model.order import OrderSide

__all__ = [
    "Ledger",
    "client_cash",
    "client_settling",
    "client_shares",
    "deposit_entry",
    "execution_entry",
    "settlement_entry",
]

ZERO = Decimal(0)


def client_cash(account_no: str) -> str:
    return f"client:{account_no}:cash"


def client_settling(account_no: str) -> str:
    return f"client:{account_no}:settling"


def client_shares(account_no: str) -> str:
    return f"client:{account_no}:shares"


@dataclass(slots=True)
class Ledger:
    """Balances by account and asset, the sum of all entries so far."""

    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Add an entry's postings."""
        balances = self.balances
        for posting in entry.postings:
            key = (posting.account, posting.asset)
            balances[key] = balances.get(key, ZERO) + posting.amount

    def balance(self, account: str, asset: str) -> Decimal:
        return self.balances.get((account, asset), ZERO)

    def imbalance(self) -> dict[str, Decimal]:
        """Return the assets that do not sum to zero over all accounts: always empty."""
        sums: dict[str, Decimal] = {}
        for (_, asset), amount in self.balances.items():
            sums[asset] = sums.get(asset, ZERO) + amount
        return {asset: amount for asset, amount in sums.items() if amount}


def deposit_entry(account_no: str, currency: Currency, amount: Decimal) -> Entry:
    """Post money paid in, or out when `amount` is negative; final at once."""
    return Entry(
        (
            Posting(client_cash(account_no), currency.value, amount),
            Posting("world:cash", currency.value, -amount),
        )
    )


def execution_entry(execution: Execution, fees: Sequence[Fee], settles_on: date) -> Entry:
    """Post an execution: shares one way, money the other, each fee to its receiver.

    Args:
        fees: What this execution adds to the fees of its order's day, in its currency.
        settles_on: The trading day on which the money is final.
    """
    bought = execution.side is OrderSide.BUY
    shares = execution.quantity if bought else -execution.quantity
    consideration = execution.consideration if bought else -execution.consideration
    charged = sum((fee.amount for fee in fees), ZERO)
    cash = execution.currency.value  # Plain text, as the journal will give it back.
    return Entry(
        postings=(
            Posting(client_shares(execution.account_no), execution.symbol, shares),
            Posting("street:shares", execution.symbol, -shares),
            Posting(client_settling(execution.account_no), cash, -consideration - charged),
            Posting("street:cash", cash, consideration),
            *(Posting(f"fees:{fee.name}", cash, fee.amount) for fee in fees),
        ),
        settles_on=settles_on,
    )


def settlement_entry(account_no: str, currency: Currency, amount: Decimal) -> Entry:
    """Post unsettled money, signed, as final."""
    return Entry(
        (
            Posting(client_settling(account_no), currency.value, -amount),
            Posting(client_cash(account_no), currency.value, amount),
        )
    )
