"""Corporate actions as terms with an ex-date: dividends, splits, code changes, redemptions.

Both sides read them: the quote side for reference prices and forward adjustment, the trading side
for positions and cash. What follows from an action is decided there, not here.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

from portway.model.symbol import Symbol

__all__ = ["CorporateAction", "Redemption"]


class CorporateAction(Struct, frozen=True):
    """What happens to the shares of a security on one ex-date; all terms per old share.

    Attributes:
        cash: Dividend per share before tax, in the security's currency.
        bonus: New shares per old share, capitalisation issues included.
        rights: Rights shares offered per old share, at `rights_price`.
        split: New shares per old share: 7 for a 7-for-1 split, 0.1 for a 10-to-1 consolidation.
        pay_date: On which the dividend is paid; None: not known, the settlement day of the ex-date.
        renamed_to: The symbol under which the shares trade from the ex-date on; None: the same.
    """

    symbol: Symbol
    ex_date: date
    cash: Decimal = Decimal(0)
    bonus: Decimal = Decimal(0)
    rights: Decimal = Decimal(0)
    rights_price: Decimal = Decimal(0)
    split: Decimal = Decimal(1)
    pay_date: date | None = None
    renamed_to: Symbol | None = None

    @property
    def share_ratio(self) -> Decimal:
        """New shares for each old one, what is offered for money left out."""
        return (1 + self.bonus) * self.split


class Redemption(Struct, frozen=True):
    """The end of a structured product: whoever holds it gets cash, perhaps none.

    Attributes:
        ex_date: First trading day on which nobody holds it any more.
        cash: For each one, in its currency, exact.
        pay_date: On which the cash is final.
        settled_at: Price of the underlying by which it was settled; None: none was needed.
        called: Whether its underlying had reached the call price.
    """

    symbol: Symbol
    ex_date: date
    cash: Decimal
    pay_date: date
    settled_at: Decimal | None = None
    called: bool = False
