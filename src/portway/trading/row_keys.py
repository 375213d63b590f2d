"""Which rows replace each other: the key of every kind of row, for batches and adapters alike."""

from __future__ import annotations

from typing import Final

from portway.trading.ports import (
    AccountRow,
    BalanceRow,
    CashFlowRow,
    ChargeRow,
    ExecutionRow,
    OrderEventRow,
    OrderRow,
    PositionRow,
    Row,
    ShareMoveRow,
)

__all__ = ["LINES", "key_of"]

# Kinds whose rows tell what happened: each has a key of its own.
LINES: Final = (OrderEventRow, ChargeRow, ExecutionRow, CashFlowRow, ShareMoveRow)

RowKey = tuple[type, ...] | tuple[object, ...]


def key_of(row: Row) -> RowKey:
    """Return what a row is known by; a later row with the same key takes its place."""
    match row:
        case OrderEventRow() | ChargeRow():  # The most frequent first.
            return (type(row), row.order_id, row.seq, row.index)
        case OrderRow():
            return (OrderRow, row.order.order_id)
        case BalanceRow():
            return (BalanceRow, row.account_no, row.currency)
        case PositionRow():
            return (PositionRow, row.account_no, row.symbol)
        case AccountRow():
            return (AccountRow, row.account_no)
        case ExecutionRow():
            return (ExecutionRow, row.seq, row.index)
        case CashFlowRow() | ShareMoveRow():
            return (type(row), row.account_no, row.seq, row.index)
