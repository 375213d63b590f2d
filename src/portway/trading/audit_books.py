"""Double entry, for the auditor: what the postings of a journal add up to, and nothing else.

An arithmetic of its own beside the core's, so that one can be held against the other: balances are
sums of postings, what is unsettled follows from days of settlement, what is reserved from the last
hold of each order. A fact whose postings are not what it says of itself is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from portway.core.interest import day_basis
from portway.model.decimals import half_up
from portway.model.entry import Entry
from portway.model.event import (
    NO_HOLD,
    AccountReset,
    CashConverted,
    CashDeposited,
    CashWithdrawn,
    CombinationFilled,
    DividendDeclared,
    DividendPaid,
    DividendRight,
    Fact,
    Hold,
    InterestAccrued,
    InterestPosted,
    OptionExpired,
    OrderAccepted,
    OrderFilled,
    OrderReplaced,
    OrderStatusChanged,
    PositionAdjusted,
    ProductRedeemed,
    Settled,
    SettlementDone,
)
from portway.model.money import Currency
from portway.model.order import TERMINAL_STATUSES, Order, OrderSide, OrderStatus
from portway.model.symbol import Market, market_of

__all__ = ["Books", "Misposted", "entry_of"]

ZERO: Final = Decimal(0)
CENTS: Final = 2
Moves = dict[tuple[str, str], Decimal]  # Purse of a client and asset to what was moved.


class Misposted(Exception):
    """A fact's postings are not what it says of itself, or cannot follow what was before."""


@dataclass(slots=True)
class _Reserved:
    """A working order as far as it reserves something."""

    account_no: str
    currency: Currency
    symbol: str
    side: OrderSide
    hold: Hold


@dataclass(slots=True)
class _Due:
    """Unsettled money of one account, currency and day."""

    receivable: Decimal = ZERO
    payable: Decimal = ZERO


@dataclass(slots=True)
class Books:
    """Everything that postings and holds add up to, at one point of a journal.

    Attributes:
        balances: By account of the ledger and asset.
        weights: Interest that has accrued and is not posted: debit times yearly rate times days, by
            account, its name and currency.
        claims: Dividends that are declared and not paid.
        entries: How many entries were added.
    """

    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    weights: dict[tuple[str, str, Currency], Decimal] = field(default_factory=dict)
    claims: list[DividendRight] = field(default_factory=list)
    entries: int = 0
    _due: dict[tuple[Market, date, str, Currency], _Due] = field(default_factory=dict)
    _reserved: dict[int, _Reserved] = field(default_factory=dict)

    def add(self, fact: Fact) -> None:
        """Post a fact.

        Raises:
            Misposted: If it does not add up.
        """
        match fact:
            case OrderAccepted(order=order):
                self._accept(order, fact.hold)
            case OrderStatusChanged() | OrderReplaced():
                self._reserve(fact.order_id, fact.hold, fact.status)
            case OrderFilled():
                self._fill(fact)
            case CombinationFilled():
                self._reserve(fact.order_id, NO_HOLD, fact.status)
            case SettlementDone(settled=settled):
                for one in settled:
                    self._settle(fact.market, one)
            case InterestAccrued(accruals=accruals):
                for accrual in accruals:
                    key = (accrual.account_no, accrual.name, accrual.currency)
                    self.weights[key] = self.weights.get(key, ZERO) + accrual.weight
            case InterestPosted():
                self._post_interest(fact)
            case DividendDeclared(rights=rights):
                self.claims += rights
            case DividendPaid(right=right):
                if right not in self.claims:
                    raise Misposted(f"nobody declared the dividend of {right.symbol} it pays")
                self.claims.remove(right)
                cash = {("cash", right.currency.value): right.gross - right.tax}
                self._post(fact.entry, right.account_no, cash)
            case PositionAdjusted():
                self._adjust(fact)
            case OptionExpired():
                self._expire(fact)
            case ProductRedeemed():
                self._redeem(fact)
            case AccountReset():
                self._reset(fact)
            case CashDeposited(currency=currency, amount=amount):
                self._post(fact.entry, fact.account_no, {("cash", currency.value): amount})
            case CashWithdrawn(currency=currency, amount=amount):
                self._post(fact.entry, fact.account_no, {("cash", currency.value): -amount})
            case CashConverted():
                sold, bought = ("cash", fact.sold.value), ("cash", fact.bought.value)
                moves = {sold: -fact.sold_amount, bought: fact.bought_amount}
                self._post(fact.entry, fact.account_no, moves)
            case _ if entry_of(fact):
                raise Misposted(
                    f"this program's audit does not know what a {type(fact).__name__} is"
                )

    def imbalance(self) -> dict[str, Decimal]:
        """Return the assets that do not sum to zero over all accounts of the ledger."""
        sums: dict[str, Decimal] = {}
        for (_, asset), amount in self.balances.items():
            sums[asset] = sums.get(asset, ZERO) + amount
        return {asset: amount for asset, amount in sums.items() if amount}

    def assets(self) -> list[str]:
        """Return every currency and symbol that was ever posted."""
        return sorted({asset for _, asset in self.balances})

    def cash(self, account_no: str, currency: Currency) -> Decimal:
        """Return money with what is on its way."""
        settled = self._balance(account_no, "cash", currency.value)
        return settled + self._balance(account_no, "settling", currency.value)

    def settling(self, account_no: str, currency: Currency) -> Decimal:
        """Return what is on its way, signed."""
        return self._balance(account_no, "settling", currency.value)

    def due(self, account_no: str, currency: Currency) -> tuple[Decimal, Decimal]:
        """Return unsettled proceeds and unsettled cost, each zero or more."""
        found = [due for key, due in self._due.items() if key[2:] == (account_no, currency)]
        receivable = sum((one.receivable for one in found), ZERO)
        return receivable, sum((one.payable for one in found), ZERO)

    def frozen(self, account_no: str, currency: Currency) -> tuple[Decimal, Decimal]:
        """Return the money reserved for working buys, and the fees in it."""
        holds = [
            one.hold
            for one in self._reserved.values()
            if (one.account_no, one.currency) == (account_no, currency)
        ]
        fees = sum((hold.fees for hold in holds), ZERO)
        return sum((hold.cash for hold in holds), ZERO) + fees, fees

    def interest(self, account_no: str, currency: Currency) -> Decimal:
        """Return what is owed and not posted yet."""
        return sum(
            (
                weight / day_basis(currency)
                for (no, _, code), weight in self.weights.items()
                if (no, code) == (account_no, currency)
            ),
            ZERO,
        )

    def shares(self, account_no: str) -> dict[str, Decimal]:
        """Return shares by symbol; what is flat is left out."""
        name = f"client:{account_no}:shares"
        return {
            asset: amount
            for (account, asset), amount in sorted(self.balances.items())
            if account == name and amount
        }

    def frozen_shares(self, account_no: str, symbol: str) -> Decimal:
        """Return the shares reserved for working sells."""
        return sum(
            (
                one.hold.shares
                for one in self._reserved.values()
                if (one.account_no, one.symbol) == (account_no, symbol)
            ),
            ZERO,
        )

    def charged(self) -> dict[tuple[str, str], Decimal]:
        """Return what everybody together paid, by fee and currency code."""
        return {
            (account.removeprefix("fees:"), asset): amount
            for (account, asset), amount in self.balances.items()
            if account.startswith("fees:") and amount
        }

    def _balance(self, account_no: str, purse: str, asset: str) -> Decimal:
        return self.balances.get((f"client:{account_no}:{purse}", asset), ZERO)

    def _post(
        self, entry: Entry, account_no: str, expected: Mapping[tuple[str, str], Decimal]
    ) -> None:
        """Add an entry; the client must gain exactly what the fact says."""
        sums: dict[str, Decimal] = {}
        moved: Moves = {}
        prefix = f"client:{account_no}:"
        for posting in entry.postings:
            sums[posting.asset] = sums.get(posting.asset, ZERO) + posting.amount
            if posting.account.startswith(prefix):
                key = (posting.account.removeprefix(prefix), posting.asset)
                moved[key] = moved.get(key, ZERO) + posting.amount
            elif posting.account.startswith("client:"):
                raise Misposted(f"it posts to {posting.account}, which it is not about")
            name = (posting.account, posting.asset)
            self.balances[name] = self.balances.get(name, ZERO) + posting.amount
        for asset, amount in sums.items():
            if amount:
                raise Misposted(f"its postings leave {amount:f} {asset}")
        self.entries += 1
        for key in sorted({*moved, *expected}):
            told, posted = expected.get(key, ZERO), moved.get(key, ZERO)
            if told != posted:
                raise Misposted(f"it posts {posted:f} {key[1]} to {key[0]} and says {told:f}")

    def _accept(self, order: Order, hold: Hold) -> None:
        if order.is_terminal:
            if hold != NO_HOLD:
                raise Misposted(f"order {order.order_id} has ended and still reserves something")
            return
        terms = order.terms
        self._reserved[order.order_id] = _Reserved(
            order.account_no, order.currency, terms.symbol, terms.side, hold
        )

    def _reserve(self, order_id: int, hold: Hold, status: OrderStatus) -> None:
        reserved = self._reserved.get(order_id)
        if reserved is None:
            raise Misposted(f"order {order_id} is not at work")
        reserved.hold = hold
        if status in TERMINAL_STATUSES:
            del self._reserved[order_id]
            if hold != NO_HOLD:
                raise Misposted(f"order {order_id} has ended and still reserves something")

    def _fill(self, fact: OrderFilled) -> None:
        one = fact.execution
        bought = one.side is OrderSide.BUY
        charged = sum((fee.amount for fee in fact.fees), ZERO)
        money = one.consideration if bought else -one.consideration
        expected = {
            ("shares", str(one.symbol)): one.quantity if bought else -one.quantity,
            ("settling", one.currency.value): -money - charged,
        }
        self._post(fact.entry, one.account_no, expected)
        self._check_fees(fact)
        day = fact.entry.settles_on
        if day is None:
            raise Misposted("it names no day of settlement")
        key = (market_of(one.symbol), day, one.account_no, one.currency)
        due = self._due.setdefault(key, _Due())
        net = -money - charged
        due.receivable += max(ZERO, net)
        due.payable += max(ZERO, -net)
        self._reserve(one.order_id, fact.hold, fact.status)

    @staticmethod
    def _check_fees(fact: OrderFilled) -> None:
        posted: dict[str, Decimal] = {}
        for posting in fact.entry.postings:
            if posting.account.startswith("fees:"):
                name = posting.account.removeprefix("fees:")
                posted[name] = posted.get(name, ZERO) + posting.amount
        told = {fee.name: fee.amount for fee in fact.fees}
        if posted != told:
            raise Misposted(f"its fees are {told} and it posts {posted}")

    def _settle(self, market: Market, one: Settled) -> None:
        key = (market, one.settles_on, one.account_no, one.currency)
        due = self._due.pop(key, _Due())
        if (due.receivable, due.payable) != (one.receivable, one.payable):
            raise Misposted(
                f"it settles {one.receivable:f} and {one.payable:f} for {one.account_no}; due were "
                f"{due.receivable:f} and {due.payable:f}"
            )
        code, net = one.currency.value, one.receivable - one.payable
        self._post(one.entry, one.account_no, {("settling", code): -net, ("cash", code): net})

    def _post_interest(self, fact: InterestPosted) -> None:
        key = (fact.account_no, fact.name, fact.currency)
        weight = self.weights.pop(key, ZERO)
        owed = half_up(weight / day_basis(fact.currency), CENTS)
        if owed != fact.amount:
            raise Misposted(f"it posts {fact.amount:f} of {fact.name}; {owed:f} had accrued")
        self._post(fact.entry, fact.account_no, {("cash", fact.currency.value): -fact.amount})

    def _adjust(self, fact: PositionAdjusted) -> None:
        before = self._balance(fact.account_no, "shares", fact.symbol)
        moves: Moves = {("shares", str(fact.symbol)): -before}
        after = ("shares", str(fact.new_symbol))
        moves[after] = moves.get(after, ZERO) + fact.quantity
        moves[("cash", fact.currency.value)] = fact.cash
        self._post(fact.entry, fact.account_no, moves)

    def _expire(self, fact: OptionExpired) -> None:
        held = self._balance(fact.account_no, "shares", fact.symbol)
        if held != fact.contracts:
            raise Misposted(f"it ends {fact.contracts:f} contracts; {held:f} are held")
        moves: Moves = {("shares", str(fact.symbol)): -held}
        moves[("shares", str(fact.option.underlying))] = fact.shares
        moves[("cash", fact.currency.value)] = fact.cash
        self._post(fact.entry, fact.account_no, moves)

    def _redeem(self, fact: ProductRedeemed) -> None:
        held = self._balance(fact.account_no, "shares", fact.symbol)
        if held != fact.quantity:
            raise Misposted(f"it redeems {fact.quantity:f}; {held:f} are held")
        if half_up(held * fact.price, CENTS) != fact.cash:
            raise Misposted(f"it pays {fact.cash:f} for {held:f} at {fact.price:f}")
        moves: Moves = {("shares", str(fact.symbol)): -held}
        moves[("settling", fact.currency.value)] = fact.cash
        self._post(fact.entry, fact.account_no, moves)
        day = fact.entry.settles_on
        if day is None:
            raise Misposted("it names no day of settlement")
        if fact.cash:
            key = (market_of(fact.symbol), day, fact.account_no, fact.currency)
            self._due.setdefault(key, _Due()).receivable += fact.cash

    def _reset(self, fact: AccountReset) -> None:
        no = fact.account_no
        prefix = f"client:{no}:"
        held = {
            (account.removeprefix(prefix), asset): -amount
            for (account, asset), amount in self.balances.items()
            if account.startswith(prefix) and amount
        }
        self._post(fact.entry, no, held)
        self.claims = [one for one in self.claims if one.account_no != no]
        self.weights = {key: one for key, one in self.weights.items() if key[0] != no}
        for key in [key for key in self._due if key[2] == no]:
            del self._due[key]


def entry_of(fact: Fact) -> tuple[Entry, ...]:
    """Return the entries that a fact carries."""
    return tuple(_entries(fact))


def _entries(fact: Fact) -> Iterator[Entry]:
    if isinstance(fact, SettlementDone):
        yield from (one.entry for one in fact.settled)
    entry = getattr(fact, "entry", None)
    if isinstance(entry, Entry):
        yield entry
