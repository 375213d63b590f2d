"""Why something that a client asked for is not done: the names; codes and texts are the wire's."""

from __future__ import annotations

from enum import auto

from portway.model.order import NamedEnum

__all__ = ["RefusalReason"]


class RefusalReason(NamedEnum):
    """Why a command is refused at once, or an order after it got its id.

    The wire has a code and a text, in every language, for each name. An order refused later bears
    the name in its `msg`; whoever shows it puts the text in its place.
    """

    PARAMETER_INVALID = auto()
    SYMBOL_NOT_FOUND = auto()
    ORDER_TYPE_NOT_SUPPORTED = auto()
    TIME_IN_FORCE_NOT_SUPPORTED = auto()
    OUTSIDE_RTH_NOT_SUPPORTED = auto()
    EXPIRE_DATE_INVALID = auto()
    DELAYED_UNTIL_INVALID = auto()
    QUANTITY_NOT_POSITIVE = auto()
    QUANTITY_FRACTIONAL = auto()
    QUANTITY_TOO_SMALL = auto()
    QUANTITY_TOO_LARGE = auto()
    LOT_SIZE_MISMATCH = auto()
    ODD_LOT_QUANTITY = auto()
    QUANTITY_NOT_ABOVE_EXECUTED = auto()
    WRONG_BID_SIZE = auto()
    SECURITY_NOT_TRADABLE = auto()
    PRICE_OUTSIDE_BAND = auto()
    NO_OPPOSITE_QUOTE = auto()
    BUYING_POWER_EXCEEDED = auto()
    SHARES_NOT_ENOUGH = auto()
    SHORT_SALE_DISCLOSURE_MISSING = auto()
    BORROWING_AGREEMENT_MISSING = auto()
    RESIDENCY_RESTRICTED = auto()
    SHARES_NOT_LENT = auto()
    OPTION_APPROVAL_MISSING = auto()
    SHORT_PRICE_TOO_LOW = auto()
    REPLACE_NOT_SUPPORTED = auto()
    REPLACE_NOT_ALLOWED = auto()
    CANCEL_NOT_ALLOWED = auto()
    ORDER_ALREADY_CANCELED = auto()
    ORDER_ALREADY_FILLED = auto()
    ORDER_ALREADY_REJECTED = auto()
    ORDER_EXPIRED = auto()
    ORDER_NOT_FOUND = auto()
    ACCOUNT_NOT_FOUND = auto()
    ACCOUNT_EXISTS = auto()
    WITHDRAWABLE_EXCEEDED = auto()
    ACCOUNT_NOT_EMPTY = auto()
