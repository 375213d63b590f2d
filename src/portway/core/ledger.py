"""Double-entry books: which entries money and shares take, and what they add up to.

An entry cannot exist unless every asset in it sums to zero (`model/entry.py`), so neither can the
ledger. Purses of a client: `cash` is final, `settling` is traded and not yet final, `shares` are
shares; `street` is the market, `world` the outside from which deposits come, `fees:<name>` who
receives a charge. Nothing here checks whether an account can afford what is posted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from portway.model.entry import Entry, Fee, Posting
from portway.model.execution import Execution
from portway.model.money import Currency
from portway.model.order import OrderSide
from portway.model.symbol import Symbol

__all__ = [
    "Ledger",
    "adjustment_entry",
    "charge_entry",
    "client_cash",
    "client_settling",
    "client_shares",
    "conversion_entry",
    "deposit_entry",
    "dividend_entry",
    "execution_entry",
    "option_entry",
    "redemption_entry",
    "reset_entry",
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
    charged = ZERO
    for fee in fees:
        charged += fee.amount
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


def conversion_entry(
    account_no: str, sold: Currency, sold_amount: Decimal, bought: Currency, bought_amount: Decimal
) -> Entry:
    """Post an exchange of currencies, final at once; both amounts above zero."""
    client, desk = client_cash(account_no), "street:exchange"
    return Entry(
        (
            Posting(client, sold.value, -sold_amount),
            Posting(desk, sold.value, sold_amount),
            Posting(client, bought.value, bought_amount),
            Posting(desk, bought.value, -bought_amount),
        )
    )


def charge_entry(account_no: str, name: str, currency: Currency, amount: Decimal) -> Entry:
    """Post a charge that no order has caused, as interest."""
    return Entry(
        (
            Posting(client_cash(account_no), currency.value, -amount),
            Posting(f"fees:{name}", currency.value, amount),
        )
    )


def dividend_entry(account_no: str, currency: Currency, gross: Decimal, tax: Decimal) -> Entry:
    """Post a dividend and what is withheld of it; `gross` below zero is paid by a short seller."""
    return Entry(
        (
            Posting(client_cash(account_no), currency.value, gross - tax),
            Posting("street:cash", currency.value, -gross),
            Posting("fees:DIVIDEND_TAX", currency.value, tax),
        )
    )


def adjustment_entry(
    account_no: str,
    before: tuple[Symbol, Decimal],
    after: tuple[Symbol, Decimal],
    currency: Currency,
    cash: Decimal,
) -> Entry:
    """Post shares that others took the place of, and cash for a fraction.

    Args:
        before: Symbol and shares that go; `after`: those that come.
    """
    client = client_shares(account_no)
    return Entry(
        (
            Posting(client, before[0], -before[1]),
            Posting("street:shares", before[0], before[1]),
            Posting(client, after[0], after[1]),
            Posting("street:shares", after[0], -after[1]),
            Posting(client_cash(account_no), currency.value, cash),
            Posting("street:cash", currency.value, -cash),
        )
    )


def option_entry(
    account_no: str,
    contracts: tuple[Symbol, Decimal],
    shares: tuple[Symbol, Decimal],
    currency: Currency,
    cash: Decimal,
) -> Entry:
    """Post the end of an option: contracts out, what is delivered and paid for it in.

    Args:
        contracts: Symbol, and contracts held; below zero: written.
        shares: Underlying, and shares that come; below zero: that go.
        cash: That comes, final at once.
    """
    client, code = client_shares(account_no), currency.value
    postings = [
        Posting(client, contracts[0], -contracts[1]),
        Posting("street:shares", contracts[0], contracts[1]),
    ]
    if shares[1]:
        postings.append(Posting(client, shares[0], shares[1]))
        postings.append(Posting("street:shares", shares[0], -shares[1]))
    if cash:
        postings.append(Posting(client_cash(account_no), code, cash))
        postings.append(Posting("street:cash", code, -cash))
    return Entry(tuple(postings))


def redemption_entry(
    account_no: str,
    held: tuple[Symbol, Decimal],
    currency: Currency,
    cash: Decimal,
    pay_date: date,
) -> Entry:
    """Post the end of a structured product: units out, cash on its way until `pay_date`."""
    return Entry(
        (
            Posting(client_shares(account_no), held[0], -held[1]),
            Posting("street:shares", held[0], held[1]),
            Posting(client_settling(account_no), currency.value, cash),
            Posting("street:cash", currency.value, -cash),
        ),
        settles_on=pay_date,
    )


def reset_entry(
    account_no: str,
    money: Iterable[tuple[Currency, Decimal, Decimal]],
    shares: Iterable[tuple[Symbol, Decimal]],
) -> Entry:
    """Post everything an account holds out into the world.

    Args:
        money: Currency, final cash, unsettled cash.
    """
    postings: list[Posting] = []
    for currency, final, unsettled in money:
        postings += (
            Posting(client_cash(account_no), currency.value, -final),
            Posting(client_settling(account_no), currency.value, -unsettled),
            Posting("world:cash", currency.value, final + unsettled),
        )
    for symbol, quantity in shares:
        postings += (
            Posting(client_shares(account_no), symbol, -quantity),
            Posting("world:shares", symbol, quantity),
        )
    return Entry(tuple(postings))
