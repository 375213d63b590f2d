"""Matches and what a client sees of them: the core's `Fill` and the account's `Execution`.

Prices are in the security's currency per share, quantities in shares.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from portway.model.derivative import OptionTerms
from portway.model.money import Currency
from portway.model.order import OrderSide
from portway.model.symbol import Symbol

__all__ = ["Execution", "Fill"]


class Fill(Struct, frozen=True, gc=False):
    """One match of one order with one level of the outside depth or one resting order.

    Attributes:
        price: The resting side's price.
        against: The venue's own order on the other side; None: the outside market.
    """

    order_id: int
    price: Decimal
    quantity: Decimal
    against: int | None = None


class Execution(Struct, frozen=True, gc=False, omit_defaults=True):
    """A fill as its account knows it.

    Attributes:
        trade_id: `<order_id>-<n>`, n counting the order's executions from 1; unique in the venue.
        at: Market time of the match, UTC.
        trading_day: The trading day it belongs to.
        option: Terms of the contract; None: a security that is none.
    """

    trade_id: str
    order_id: int
    account_no: str
    symbol: Symbol
    side: OrderSide
    price: Decimal
    quantity: Decimal
    currency: Currency
    at: datetime
    trading_day: date
    option: OptionTerms | None = None

    @property
    def consideration(self) -> Decimal:
        """Price times quantity, and of options times the multiplier, before fees, in `currency`."""
        amount = self.price * self.quantity
        return amount if self.option is None else amount * self.option.multiplier
