"""The life of an order: every status, every step, and where it leads, on one page.

Steps are what happens to an order (the market, the venue) and what its owner asks. What is asked in
the wrong status is refused with a reason; what happens in the wrong status must not happen. The
table is read by the code, the tests and the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import auto
from typing import Final

from portway.core.triggers import CONDITIONAL_TYPES, release_type
from portway.model.event import RefusalReason
from portway.model.order import TERMINAL_STATUSES, NamedEnum, OrderStatus, OrderType

__all__ = [
    "IllegalTransition",
    "Step",
    "TRANSITIONS",
    "WAITING_STATUSES",
    "cancel_refusal",
    "first_status",
    "next_status",
    "replace_refusal",
    "works_as",
]

S = OrderStatus


class Step(NamedEnum):
    """What can happen in the life of an order; PART: something is executed and something open."""

    REPORTED = auto()
    BOOKED = auto()
    REJECTED = auto()
    PART_FILLED = auto()
    FILLED = auto()
    REPLACE_REQUESTED = auto()
    REPLACE_SENT = auto()
    REPLACED = auto()
    REPLACE_REFUSED = auto()
    CANCEL_REQUESTED = auto()
    CANCEL_SENT = auto()
    CANCELED = auto()
    EXPIRED = auto()


class IllegalTransition(AssertionError):
    """A step that the table has no row for."""


# Not at the exchange yet: the owner's wish is carried out at once.
WAITING_STATUSES: Final = frozenset(
    {
        S.NOT_REPORTED,
        S.REPLACED_NOT_REPORTED,
        S.PROTECTED_NOT_REPORTED,
        S.VARIETIES_NOT_REPORTED,
        S.DELAYED_NOT_REPORTED,
    }
)

_WAITING_ROWS: Final = {
    (status, step): after
    for status in WAITING_STATUSES
    for step, after in {
        Step.REPORTED: S.WAIT_TO_NEW,
        Step.REJECTED: S.REJECTED,
        Step.CANCEL_REQUESTED: S.CANCELED,
        Step.CANCELED: S.CANCELED,
        Step.EXPIRED: S.EXPIRED,
    }.items()
}

# Steps whose outcome depends on what has been executed stand here as if nothing had been;
# `next_status` turns CANCELED, EXPIRED and the way back from a refused replace into their partial
# forms.
TRANSITIONS: Final[Mapping[tuple[OrderStatus, Step], OrderStatus]] = {
    **_WAITING_ROWS,
    (S.NOT_REPORTED, Step.REPLACE_REQUESTED): S.REPLACED_NOT_REPORTED,
    (S.REPLACED_NOT_REPORTED, Step.REPLACE_REQUESTED): S.REPLACED_NOT_REPORTED,
    (S.PROTECTED_NOT_REPORTED, Step.REPLACE_REQUESTED): S.REPLACED_NOT_REPORTED,
    (S.VARIETIES_NOT_REPORTED, Step.REPLACE_REQUESTED): S.VARIETIES_NOT_REPORTED,
    (S.DELAYED_NOT_REPORTED, Step.REPLACE_REQUESTED): S.DELAYED_NOT_REPORTED,
    (S.WAIT_TO_NEW, Step.BOOKED): S.NEW,
    (S.WAIT_TO_NEW, Step.REJECTED): S.REJECTED,
    (S.WAIT_TO_NEW, Step.PART_FILLED): S.PARTIAL_FILLED,
    (S.WAIT_TO_NEW, Step.FILLED): S.FILLED,
    (S.WAIT_TO_NEW, Step.CANCEL_REQUESTED): S.WAIT_TO_CANCEL,
    (S.WAIT_TO_NEW, Step.CANCELED): S.CANCELED,
    (S.WAIT_TO_NEW, Step.EXPIRED): S.EXPIRED,
    (S.NEW, Step.REJECTED): S.REJECTED,
    (S.NEW, Step.PART_FILLED): S.PARTIAL_FILLED,
    (S.NEW, Step.FILLED): S.FILLED,
    (S.NEW, Step.REPLACE_REQUESTED): S.WAIT_TO_REPLACE,
    (S.NEW, Step.CANCEL_REQUESTED): S.WAIT_TO_CANCEL,
    (S.NEW, Step.CANCELED): S.CANCELED,
    (S.NEW, Step.EXPIRED): S.EXPIRED,
    (S.REPLACED, Step.REJECTED): S.REJECTED,
    (S.REPLACED, Step.PART_FILLED): S.PARTIAL_FILLED,
    (S.REPLACED, Step.FILLED): S.FILLED,
    (S.REPLACED, Step.REPLACE_REQUESTED): S.WAIT_TO_REPLACE,
    (S.REPLACED, Step.CANCEL_REQUESTED): S.WAIT_TO_CANCEL,
    (S.REPLACED, Step.CANCELED): S.CANCELED,
    (S.REPLACED, Step.EXPIRED): S.EXPIRED,
    (S.PARTIAL_FILLED, Step.PART_FILLED): S.PARTIAL_FILLED,
    (S.PARTIAL_FILLED, Step.FILLED): S.FILLED,
    (S.PARTIAL_FILLED, Step.REPLACE_REQUESTED): S.WAIT_TO_REPLACE,
    (S.PARTIAL_FILLED, Step.CANCEL_REQUESTED): S.WAIT_TO_CANCEL,
    (S.PARTIAL_FILLED, Step.CANCELED): S.PARTIAL_WITHDRAWAL,
    (S.PARTIAL_FILLED, Step.EXPIRED): S.PARTIAL_WITHDRAWAL,
    # A fill may win the race against a replace or a cancel: the order stays on its way.
    (S.WAIT_TO_REPLACE, Step.PART_FILLED): S.WAIT_TO_REPLACE,
    (S.WAIT_TO_REPLACE, Step.FILLED): S.FILLED,
    (S.WAIT_TO_REPLACE, Step.REPLACE_SENT): S.PENDING_REPLACE,
    (S.WAIT_TO_REPLACE, Step.REPLACED): S.REPLACED,
    (S.WAIT_TO_REPLACE, Step.REPLACE_REFUSED): S.NEW,
    (S.WAIT_TO_REPLACE, Step.CANCELED): S.CANCELED,
    (S.WAIT_TO_REPLACE, Step.EXPIRED): S.EXPIRED,
    (S.PENDING_REPLACE, Step.PART_FILLED): S.PENDING_REPLACE,
    (S.PENDING_REPLACE, Step.FILLED): S.FILLED,
    (S.PENDING_REPLACE, Step.REPLACED): S.REPLACED,
    (S.PENDING_REPLACE, Step.REPLACE_REFUSED): S.NEW,
    (S.PENDING_REPLACE, Step.CANCELED): S.CANCELED,
    (S.PENDING_REPLACE, Step.EXPIRED): S.EXPIRED,
    (S.WAIT_TO_CANCEL, Step.PART_FILLED): S.WAIT_TO_CANCEL,
    (S.WAIT_TO_CANCEL, Step.FILLED): S.FILLED,
    (S.WAIT_TO_CANCEL, Step.CANCEL_SENT): S.PENDING_CANCEL,
    (S.WAIT_TO_CANCEL, Step.CANCELED): S.CANCELED,
    (S.WAIT_TO_CANCEL, Step.EXPIRED): S.EXPIRED,
    (S.PENDING_CANCEL, Step.PART_FILLED): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, Step.FILLED): S.FILLED,
    (S.PENDING_CANCEL, Step.CANCELED): S.CANCELED,
    (S.PENDING_CANCEL, Step.EXPIRED): S.EXPIRED,
}


def next_status(
    status: OrderStatus,
    step: Step,
    *,
    executed: bool = False,
    before_replace: OrderStatus = S.NEW,
) -> OrderStatus:
    """Return the status after `step`.

    Args:
        executed: Whether the order has any execution.
        before_replace: Where the order stood when a replace was asked: a refused one leads back.

    Raises:
        IllegalTransition: If the table has no row; the caller's state is unchanged.
    """
    try:
        after = TRANSITIONS[status, step]
    except KeyError:
        raise IllegalTransition(f"{step.name} is not possible in {status.name}") from None
    if step is Step.REPLACE_REFUSED:
        return S.PARTIAL_FILLED if executed else before_replace
    if executed and step in (Step.CANCELED, Step.EXPIRED):
        return S.PARTIAL_WITHDRAWAL
    return after


def first_status(
    order_type: OrderType, *, is_delayed: bool = False, is_open: bool = True
) -> OrderStatus:
    """Return the status in which an accepted order begins.

    Args:
        is_delayed: It asked to be reported at a later instant.
        is_open: Its market takes it now.
    """
    if is_delayed:
        return S.DELAYED_NOT_REPORTED
    if order_type in CONDITIONAL_TYPES:
        return S.VARIETIES_NOT_REPORTED
    return S.WAIT_TO_NEW if is_open else S.NOT_REPORTED


def works_as(order_type: OrderType) -> OrderType:
    """Return the type as which an order meets the market: a conditional one when it is released."""
    return release_type(order_type) if order_type in CONDITIONAL_TYPES else order_type


# What cannot be replaced in any status: SLO by rule, the others have no term to change.
_FIXED_TYPES: Final = frozenset({OrderType.SLO, OrderType.AO, OrderType.MO})

_CANCEL_REFUSALS: Final = {
    S.CANCELED: RefusalReason.ORDER_ALREADY_CANCELED,
    S.PARTIAL_WITHDRAWAL: RefusalReason.ORDER_ALREADY_CANCELED,
    S.FILLED: RefusalReason.ORDER_ALREADY_FILLED,
    S.REJECTED: RefusalReason.ORDER_ALREADY_REJECTED,
    S.EXPIRED: RefusalReason.ORDER_EXPIRED,
}


def cancel_refusal(status: OrderStatus) -> RefusalReason | None:
    """Return why an order in `status` cannot be cancelled; None when it can."""
    if (status, Step.CANCEL_REQUESTED) in TRANSITIONS:
        return None
    return _CANCEL_REFUSALS.get(status, RefusalReason.CANCEL_NOT_ALLOWED)


def replace_refusal(order_type: OrderType, status: OrderStatus) -> RefusalReason | None:
    """Return why an order cannot be replaced now; None when it can."""
    if order_type in _FIXED_TYPES:
        return RefusalReason.REPLACE_NOT_SUPPORTED
    if (status, Step.REPLACE_REQUESTED) in TRANSITIONS:
        return None
    return RefusalReason.REPLACE_NOT_ALLOWED


assert not any(status in TERMINAL_STATUSES for status, _ in TRANSITIONS), "an end has no way out"
