"""Where an account's money came from: paid in, earned by trading, charged, exchanged, given away.

Exact: fractions, not rounded decimals, by average cost. The items of one account and currency add
up to its cash and its positions at the price at which they were last valued; the auditor holds that
sum against the postings. A security is valued at the price of its last execution in the venue,
whoever traded it, or of its last auction; splits divide it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final

from portway.model.account import MoneyRules
from portway.model.event import (
    AccountOpened,
    AccountReset,
    AuctionHeld,
    CashConverted,
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    Fact,
    InterestPosted,
    OptionExpired,
    OrderFilled,
    PositionAdjusted,
    ProductRedeemed,
    VenueConfigured,
)
from portway.model.money import Currency
from portway.model.order import OrderSide

__all__ = ["Holding", "Items", "Profits", "cents"]

NOTHING: Final = Fraction(0)
_GRAIN: Final = 10**30


@dataclass(slots=True)
class Holding:
    """Shares of one security in one account; below zero: sold short.

    Attributes:
        cost: Of all of them together, without fees; signed as `quantity`.
    """

    currency: Currency
    quantity: Fraction = NOTHING
    cost: Fraction = NOTHING

    def trade(self, quantity: Fraction, price: Fraction) -> Fraction:
        """Add a signed quantity at a price; return what was earned by closing."""
        earned = NOTHING
        if self.quantity * quantity < 0:
            closing = min(abs(quantity), abs(self.quantity))
            part = closing if self.quantity > 0 else -closing
            cost = _share_of(self.cost, part, self.quantity)
            earned = price * part - cost
            self.cost -= cost
            self.quantity -= part
            quantity += part
        self.quantity += quantity
        self.cost += quantity * price
        return earned


@dataclass(slots=True)
class Items:
    """What happened to the money of one account in one currency; all signed, as they moved it.

    Attributes:
        given_away: What a reset took, shares at their cost.
    """

    paid_in: Fraction = NOTHING
    paid_out: Fraction = NOTHING
    realised: Fraction = NOTHING
    fees: dict[str, Fraction] = field(default_factory=dict)
    interest: dict[str, Fraction] = field(default_factory=dict)
    dividends: Fraction = NOTHING
    dividend_tax: Fraction = NOTHING
    exchanged: Fraction = NOTHING
    given_away: Fraction = NOTHING

    def total(self) -> Fraction:
        """Return their sum: cash, and positions at cost."""
        moved = self.paid_in + self.paid_out + self.realised + self.dividends + self.dividend_tax
        charged = sum(self.fees.values(), NOTHING) + sum(self.interest.values(), NOTHING)
        return moved + charged + self.exchanged + self.given_away


@dataclass(slots=True)
class Profits:
    """Items and holdings of every account, and the prices at which holdings count.

    Attributes:
        items: By account and currency.
        holdings: By account, then symbol.
        prices: Of one share, in the security's currency.
    """

    money: MoneyRules = field(default_factory=MoneyRules)
    bases: dict[str, Currency] = field(default_factory=dict)
    items: dict[tuple[str, Currency], Items] = field(default_factory=dict)
    holdings: dict[str, dict[str, Holding]] = field(default_factory=dict)
    prices: dict[str, Fraction] = field(default_factory=dict)
    _split: set[str] = field(default_factory=set)

    def begin_record(self) -> None:
        """Prices are divided by a split once for each record, however many hold the shares."""
        self._split.clear()

    def add(self, fact: Fact) -> str | None:
        """Add a fact; return the account whose worth it changed by itself, if any."""
        match fact:
            case VenueConfigured(settings=settings):
                self.money = settings.money
            case AccountOpened():
                self.bases[fact.account_no] = fact.base_currency
            case AuctionHeld(price=price) if price is not None:
                self.prices[fact.symbol] = Fraction(price)
            case OrderFilled():
                return self._fill(fact)
            case PositionAdjusted():
                return self._adjust(fact)
            case OptionExpired():
                return self._expire(fact)
            case ProductRedeemed():
                held = self.holdings[fact.account_no].pop(fact.symbol)
                items = self.of(fact.account_no, fact.currency)
                items.realised += Fraction(fact.cash) - held.cost
                return fact.account_no
            case AccountReset():
                return self._reset(fact.account_no)
        return self._add_cash(fact)

    def worth(self, account_no: str) -> Fraction:
        """Return cash and positions in the account's own currency, at present rates and prices."""
        base = self.bases[account_no]
        sums = NOTHING
        for (no, currency), items in self.items.items():
            if no == account_no:
                sums += items.total() * Fraction(self.money.rate(currency, base))
        for symbol, held in self.holdings.get(account_no, {}).items():
            gain = self.value(symbol, held) - held.cost
            sums += gain * Fraction(self.money.rate(held.currency, base))
        return sums

    def paid_in(self, account_no: str) -> Fraction:
        """Return what was paid in less what was paid out or given up, in its own currency."""
        base = self.bases[account_no]
        return sum(
            (
                (one.paid_in + one.paid_out + one.given_away)
                * Fraction(self.money.rate(currency, base))
                for (no, currency), one in self.items.items()
                if no == account_no
            ),
            NOTHING,
        )

    def value(self, symbol: str, held: Holding) -> Fraction:
        """Return what a holding counts, in its currency; without a price, its cost."""
        price = self.prices.get(symbol)
        return held.cost if price is None else held.quantity * price

    def of(self, account_no: str, currency: Currency) -> Items:
        """Return the items of one currency to be changed."""
        return self.items.setdefault((account_no, currency), Items())

    def _add_cash(self, fact: Fact) -> str | None:
        match fact:
            case CashDeposited():
                self.of(fact.account_no, fact.currency).paid_in += Fraction(fact.amount)
            case CashWithdrawn():
                self.of(fact.account_no, fact.currency).paid_out -= Fraction(fact.amount)
            case CashConverted():
                self.of(fact.account_no, fact.sold).exchanged -= Fraction(fact.sold_amount)
                self.of(fact.account_no, fact.bought).exchanged += Fraction(fact.bought_amount)
            case InterestPosted():
                interest = self.of(fact.account_no, fact.currency).interest
                interest[fact.name] = interest.get(fact.name, NOTHING) - Fraction(fact.amount)
            case DividendPaid(right=right):
                items = self.of(right.account_no, right.currency)
                items.dividends += Fraction(right.gross)
                items.dividend_tax -= Fraction(right.tax)
                return right.account_no
            case _:
                return None
        return fact.account_no

    def _fill(self, fact: OrderFilled) -> str:
        one = fact.execution
        quantity = Fraction(one.quantity)
        price = Fraction(one.consideration) / quantity
        self.prices[one.symbol] = price
        held = self._holding(one.account_no, one.symbol, one.currency)
        items = self.of(one.account_no, one.currency)
        items.realised += held.trade(quantity if one.side is OrderSide.BUY else -quantity, price)
        for fee in fact.fees:
            items.fees[fee.name] = items.fees.get(fee.name, NOTHING) - Fraction(fee.amount)
        return one.account_no

    def _adjust(self, fact: PositionAdjusted) -> str:
        """Exchange shares for others; a fraction that is paid for was sold."""
        if fact.symbol not in self._split:
            self._split.add(fact.symbol)
            price = self.prices.get(fact.symbol)
            if price is not None:
                self.prices[fact.new_symbol] = price / Fraction(fact.ratio)
        old = self.holdings[fact.account_no].pop(fact.symbol)
        exact = old.quantity * Fraction(fact.ratio)
        kept = Fraction(fact.quantity)
        cost = _share_of(old.cost, kept, exact)
        items = self.of(fact.account_no, fact.currency)
        items.realised += Fraction(fact.cash) - (old.cost - cost)
        new = self._holding(fact.account_no, fact.new_symbol, fact.currency)
        new.quantity += kept
        new.cost += cost
        return fact.account_no

    def _expire(self, fact: OptionExpired) -> str:
        """End a contract: its cost is realised, and shares come or go at the strike."""
        held = self.holdings[fact.account_no].pop(fact.symbol)
        items = self.of(fact.account_no, fact.currency)
        items.realised -= held.cost
        shares, strike = Fraction(fact.shares), Fraction(fact.option.strike)
        items.realised += Fraction(fact.cash) + shares * strike
        if shares:
            underlying = str(fact.option.underlying)
            other = self._holding(fact.account_no, underlying, fact.currency)
            items.realised += other.trade(shares, strike)
        return fact.account_no

    def _reset(self, account_no: str) -> str:
        for (no, _), items in self.items.items():
            if no == account_no:
                items.given_away -= items.total()
        # Positions stood at cost in those sums; their cost is gone with them.
        self.holdings[account_no] = {}
        return account_no

    def _holding(self, account_no: str, symbol: str, currency: Currency) -> Holding:
        return self.holdings.setdefault(account_no, {}).setdefault(symbol, Holding(currency))


def _share_of(cost: Fraction, part: Fraction, whole: Fraction) -> Fraction:
    """Return what `part` of `whole` has cost, to thirty places: or fractions would grow for ever.

    Nothing is lost: what is rounded off stays in the cost of the rest.
    """
    if part == whole:
        return cost
    return Fraction(round(cost * part / whole * _GRAIN), _GRAIN)


def cents(amount: Fraction) -> Decimal:
    """Return an amount to the cent, half up."""
    scaled = amount * 100
    whole = int(abs(scaled) + Fraction(1, 2))
    return Decimal(whole if scaled >= 0 else -whole).scaleb(-2)
