"""The read models of a venue in SQLite: questions as statements, answers as rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from portway.model.symbol import Market
from portway.storage.row_codec import instant_us, row_from
from portway.storage.schema import COLUMNS, TABLES
from portway.trading.ports import (
    AccountRow,
    BalanceRow,
    CashFlowFilter,
    CashFlowRow,
    ChargeRow,
    ExecutionFilter,
    ExecutionRow,
    OrderEventRow,
    OrderFilter,
    OrderRow,
    PositionRow,
    ShareMoveRow,
)

__all__ = ["SqliteReadModels"]

Select = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]


@dataclass(slots=True)
class _Where:
    """Conditions joined by AND, with their values."""

    conditions: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def add(self, condition: str, *values: object) -> None:
        self.conditions.append(condition)
        self.values += values

    def equals(self, **columns: object) -> None:
        """Add `column = value` for every value that is not None."""
        for column, value in columns.items():
            if value is not None:
                self.add(f"{column} = ?", value)

    def since(self, column: str, days: Mapping[Market, date], *, or_else: str = "") -> None:
        """Add that a day is its market's or later, or `or_else` holds."""
        cases = [f"(market = ? AND {column} >= ?)" for _ in days]
        if or_else:
            cases.append(or_else)
        values = [text for market, day in days.items() for text in (market.value, day.isoformat())]
        self.add(f"({' OR '.join(cases) or '0'})", *values)

    def before(self, column: str, days: Mapping[Market, date]) -> None:
        """Add that a day is before its market's; a market that is not given passes."""
        for market, day in days.items():
            self.add(f"(market <> ? OR {column} < ?)", market.value, day.isoformat())

    def __str__(self) -> str:
        return " AND ".join(self.conditions)


class SqliteReadModels:
    """Rows of one venue."""

    def __init__(self, select: Select, venue: str) -> None:
        self._select = select
        self._venue = venue

    def accounts(self) -> Sequence[AccountRow]:
        return self._rows(AccountRow, self._where(), "account_no")

    def account(self, account_no: str) -> AccountRow | None:
        rows = self._rows(AccountRow, self._where(account_no=account_no), "account_no")
        return rows[0] if rows else None

    def orders(
        self, account_no: str, where: OrderFilter, *, limit: int, offset: int = 0
    ) -> Sequence[OrderRow]:
        found = self._where(
            account_no=account_no,
            symbol=where.symbol,
            side=where.side.value if where.side is not None else None,
            market=where.market.value if where.market is not None else None,
            order_id=where.order_id,
        )
        if where.statuses:
            marks = ", ".join("?" * len(where.statuses))
            found.add(f"status IN ({marks})", *sorted(one.value for one in where.statuses))
        if where.days is not None:
            found.since("changed_day", where.days, or_else="is_terminal = 0")
        if where.before_days is not None:
            found.before("changed_day", where.before_days)
            found.add("is_terminal = ?", 1)
        if where.submitted_from is not None:
            found.add("submitted_us >= ?", instant_us(where.submitted_from))
        if where.submitted_to is not None:
            found.add("submitted_us <= ?", instant_us(where.submitted_to))
        return self._rows(OrderRow, found, "order_id DESC", limit, offset)

    def order(self, order_id: int) -> OrderRow | None:
        rows = self._rows(OrderRow, self._where(order_id=order_id), "order_id")
        return rows[0] if rows else None

    def order_events(self, order_id: int) -> Sequence[OrderEventRow]:
        return self._rows(OrderEventRow, self._where(order_id=order_id), "seq DESC, idx DESC")

    def charges(self, order_id: int) -> Sequence[ChargeRow]:
        return self._rows(ChargeRow, self._where(order_id=order_id), "seq, idx")

    def executions(
        self, account_no: str, where: ExecutionFilter, *, limit: int, offset: int = 0
    ) -> Sequence[ExecutionRow]:
        found = self._where(account_no=account_no, symbol=where.symbol, order_id=where.order_id)
        if where.days is not None:
            found.since("trading_day", where.days)
        if where.before_days is not None:
            found.before("trading_day", where.before_days)
        if where.done_from is not None:
            found.add("at_us >= ?", instant_us(where.done_from))
        if where.done_to is not None:
            found.add("at_us <= ?", instant_us(where.done_to))
        return self._rows(ExecutionRow, found, "seq DESC, idx DESC", limit, offset)

    def cash_flow(
        self, account_no: str, where: CashFlowFilter, *, limit: int, offset: int = 0
    ) -> Sequence[CashFlowRow]:
        kind = where.business_type
        found = self._where(
            account_no=account_no,
            symbol=where.symbol,
            business_type=kind.value if kind is not None else None,
        )
        found.add("at_us BETWEEN ? AND ?", instant_us(where.begin), instant_us(where.end))
        return self._rows(CashFlowRow, found, "seq DESC, idx DESC", limit, offset)

    def share_moves(self, account_no: str) -> Sequence[ShareMoveRow]:
        return self._rows(ShareMoveRow, self._where(account_no=account_no), "seq DESC, idx DESC")

    def positions(self, account_no: str) -> Sequence[PositionRow]:
        rows = self._rows(PositionRow, self._where(account_no=account_no), "symbol")
        return [row for row in rows if row.quantity]

    def balances(self, account_no: str) -> Sequence[BalanceRow]:
        return self._rows(BalanceRow, self._where(account_no=account_no), "currency")

    def _where(self, **columns: object) -> _Where:
        found = _Where()
        found.equals(venue=self._venue, **columns)
        return found

    def _rows(
        self, kind: type[Any], where: _Where, order: str, limit: int = -1, offset: int = 0
    ) -> list[Any]:
        # All rows in one: between two rows of an answer others take the interpreter, and in a busy
        # second a list of a thousand would wait for it a thousand times.
        columns = COLUMNS[kind]
        sql = (
            f"SELECT json_group_array(json_array({columns})) FROM ("
            f"SELECT {columns} FROM {TABLES[kind]} WHERE {where} "
            f"ORDER BY {order} LIMIT ? OFFSET ?)"
        )
        [[found]] = self._select(sql, (*where.values, limit, offset))
        return [row_from(kind, values) for values in msgspec.json.decode(found)]
