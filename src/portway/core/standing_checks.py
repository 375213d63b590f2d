"""What the owner of an account must have agreed to, or must not be, before an order may stand.

Short sales are offered to margin accounts alone: of US shares after the risk disclosure was
accepted, of designated Hong Kong shares after the lending agreement was signed, of mainland shares
never. Who lives on the mainland may sell through the Connect but not buy (since July 2023). Prices
of short sales are `short_sales.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from portway.core.order_states import works_as
from portway.core.state import Account
from portway.model.account import AccountKind, Agreement, MoneyRules, Standing
from portway.model.command import MarketView
from portway.model.event import OrderRefused, RefusalReason
from portway.model.instrument import Instrument
from portway.model.order import OrderSide, OrderTerms, OrderType
from portway.model.symbol import Market

__all__ = ["loan_refusal", "standing_refusals"]

ZERO = Decimal(0)
R = RefusalReason
MAINLAND: Final = "CN"
CONNECT_CLOSED_FROM: Final = date(2023, 7, 24)  # To buyers who live on the mainland.
# What Hong Kong takes as a short sale: limits that can be held against the best ask.
HK_SHORT_TYPES: Final = frozenset({OrderType.LO, OrderType.ALO})
UNSIGNED: Final = frozenset({R.SHORT_SALE_DISCLOSURE_MISSING, R.BORROWING_AGREEMENT_MISSING})


def standing_refusals(
    account: Account,
    terms: OrderTerms,
    quantity: Decimal,
    view: MarketView,
    money: MoneyRules,
    freed: Decimal = ZERO,
) -> Iterator[OrderRefused]:
    """Yield why an order is refused at once to this account.

    Args:
        quantity: Shares that the order would have open.
        freed: Shares that its present terms have reserved.
    """
    instrument = view.instrument
    is_resident = account.standing.residency == MAINLAND
    is_closed = instrument.market is Market.CN and view.trading_day >= CONNECT_CLOSED_FROM
    if is_closed and is_resident and terms.side is OrderSide.BUY:
        yield OrderRefused(R.RESIDENCY_RESTRICTED)
    if account.kind is AccountKind.CASH or terms.side is OrderSide.BUY:
        return
    if instrument.option is not None:
        return  # Written, not borrowed: what that takes is `funds.py`'s.
    if quantity <= max(ZERO, account.available_shares(instrument.symbol) + freed):
        return
    reason = loan_refusal(account.kind, account.standing, instrument, money)
    if reason in UNSIGNED:
        yield OrderRefused(reason)
    if instrument.market is Market.HK and works_as(terms.order_type) not in HK_SHORT_TYPES:
        yield OrderRefused(R.ORDER_TYPE_NOT_SUPPORTED)


def loan_refusal(
    kind: AccountKind, standing: Standing, instrument: Instrument, money: MoneyRules
) -> RefusalReason | None:
    """Return why an account cannot borrow shares to sell them; None when it can."""
    market, agreements = instrument.market, standing.agreements
    is_offered = market in (Market.US, Market.HK) and money.allows_shorts
    if kind is AccountKind.CASH or not is_offered:
        return R.SHARES_NOT_ENOUGH
    if market is Market.US and Agreement.US_SHORT_SALE not in agreements:
        return R.SHORT_SALE_DISCLOSURE_MISSING
    if market is Market.HK and Agreement.HK_BORROWING not in agreements:
        return R.BORROWING_AGREEMENT_MISSING
    is_designated = market is Market.US or instrument.short_sell
    return R.SHARES_NOT_LENT if instrument.symbol in money.not_lent or not is_designated else None
