"""What one market event changed on a board, in the form that pushes need, and how changes merge.

Tuples with names rather than dataclasses: one or two are made for every print on the market.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from portway.model.quote import (
    Brokers,
    Depth,
    SessionQuote,
    Trade,
    TradeSession,
    TradeStatus,
)

__all__ = ["NO_CHANGE", "BoardChange", "QuoteChange", "complete", "merge_changes"]


class QuoteChange(NamedTuple):
    """The values of one session's quote that moved, beside the values after the move.

    Attributes:
        session: The session all values belong to.
        at: Market time of the event.
        last_done: This and the five below are None where unchanged. When the session is another
            one than that of the change before, every value is given, because a client keeps one
            merged quote for all sessions.
        volume: Shares of the session so far.
        turnover: Of the session so far, in the security's currency.
        current_volume: Shares added by this change alone.
        current_turnover: Turnover added by this change alone.
        full: The session's quote after the change.
    """

    session: TradeSession
    at: datetime
    status: TradeStatus
    last_done: Decimal | None
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    volume: int | None
    turnover: Decimal | None
    current_volume: int
    current_turnover: Decimal
    full: SessionQuote


class BoardChange(NamedTuple):
    """What one event did to a board; every part that stayed as it was is None."""

    trade: Trade | None
    quote: QuoteChange | None
    depth: Depth | None
    brokers: Brokers | None


NO_CHANGE: Final = BoardChange(None, None, None, None)


def merge_changes(earlier: QuoteChange, later: QuoteChange) -> QuoteChange:
    """Return the one change that leaves a client where both, in order, would have left it.

    Volumes added are summed while the session stays the same: the client feeds bars with them.
    Across sessions the sum would count towards the wrong bar, so the earlier part is dropped and
    every value of the later session given. `later` must follow `earlier` on the same board.
    """
    full = later.full
    if earlier.session is not later.session:
        return complete(later)
    return QuoteChange(
        later.session,
        later.at,
        later.status,
        None if earlier.last_done is None and later.last_done is None else full.last_done,
        None if earlier.open is None and later.open is None else full.open,
        None if earlier.high is None and later.high is None else full.high,
        None if earlier.low is None and later.low is None else full.low,
        None if earlier.volume is None and later.volume is None else full.volume,
        None if earlier.turnover is None and later.turnover is None else full.turnover,
        earlier.current_volume + later.current_volume,
        earlier.current_turnover + later.current_turnover,
        full,
    )


def complete(change: QuoteChange) -> QuoteChange:
    """Return the same change with every value given."""
    full = change.full
    return change._replace(
        last_done=full.last_done,
        open=full.open,
        high=full.high,
        low=full.low,
        volume=full.volume,
        turnover=full.turnover,
    )
