"""Matches and what a client sees of them: the core's `Fill` and the account's `Execution`.

Prices are in the security's currency per share, quantities in shares.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

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


class Execution(Struct, frozen=True, gc=False):
    """A fill as its account knows it.

    Attributes:
        trade_id: `<order_id>-<n>`, n counting the order's executions from 1; unique in the venue.
        at: Market time of the match, UTC.
        trading_day: The trading day it belongs to.
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

    @property
    def consideration(self) -> Decimal:
        """Price times quantity, before fees, in `currency`."""
        return self.price * self.quantity
