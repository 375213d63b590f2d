"""Statements: what happened in an account in a day or a month, and what it held at the end.

Derived from the read models alone, for any time in the past: balances are sums of the cash flow,
holdings sums of executions and of the moves of shares that were none. Plain values of JSON; periods
are those of the home market's calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from portway.model.decimals import wire_text
from portway.model.order import OrderSide
from portway.model.symbol import MARKET_ZONES, Market
from portway.trading.ports import (
    CashFlowFilter,
    CashFlowRow,
    ExecutionFilter,
    ExecutionRow,
    ReadModels,
)

__all__ = ["StatementPeriod", "period_of_key", "statement"]

HOME_MARKET: Final = Market.HK
ROWS_MAX: Final = 100_000  # Of one section; more than that is said in the document.
ZERO = Decimal(0)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StatementPeriod:
    """A day or a month; both days inclusive."""

    kind: str
    first: date
    last: date

    @property
    def key(self) -> str:
        """By which it is asked for again: `daily-20260105`, `monthly-202601`."""
        form = "%Y%m%d" if self.kind == "daily" else "%Y%m"
        return f"{self.kind}-{self.last.strftime(form)}"

    @property
    def begin(self) -> datetime:
        """Its first instant, UTC."""
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return _midnight(self.last + timedelta(days=1))


def period_of_key(key: str) -> StatementPeriod | None:
    """Return the period that a key names; None for anything else."""
    kind, _, text = key.partition("-")
    if not (text.isascii() and text.isdecimal()):
        return None
    try:
        if kind == "daily" and len(text) == 8:
            day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
            return StatementPeriod("daily", day, day)
        if kind == "monthly" and len(text) == 6:
            first = date(int(text[:4]), int(text[4:]), 1)
            last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            return StatementPeriod("monthly", first, last)
    except (ValueError, OverflowError):
        return None
    return None


def statement(rows: ReadModels, account_no: str, period: StatementPeriod) -> dict[str, Any] | None:
    """Return the document of a period; None when there is no such account."""
    account = rows.account(account_no)
    if account is None:
        return None
    before_end = period.end - timedelta(microseconds=1)
    flow = rows.cash_flow(account_no, CashFlowFilter(_EPOCH, before_end), limit=ROWS_MAX)
    executions = rows.executions(account_no, ExecutionFilter(done_to=before_end), limit=ROWS_MAX)
    within = [row for row in flow if row.at >= period.begin]
    return {
        "account": {
            "account_no": account_no,
            "name": account.name,
            "kind": account.kind.name.lower(),
            "currency": account.base_currency.value,
        },
        "period": {
            "kind": period.kind,
            "first": period.first.isoformat(),
            "last": period.last.isoformat(),
        },
        "cash": _cash(flow, period.begin),
        "cash_flow": [_flow(row) for row in reversed(within)],
        "trades": [_trade(row) for row in reversed(executions) if row.execution.at >= period.begin],
        "fees": _fees(within),
        "holdings": _holdings(rows, account_no, executions, period.end),
        "is_complete": len(flow) < ROWS_MAX and len(executions) < ROWS_MAX,
    }


def _cash(flow: Sequence[CashFlowRow], begin: datetime) -> list[dict[str, str]]:
    opening: dict[str, Decimal] = {}
    closing: dict[str, Decimal] = {}
    for row in flow:
        code = row.currency.value
        closing[code] = closing.get(code, ZERO) + row.amount
        if row.at < begin:
            opening[code] = opening.get(code, ZERO) + row.amount
    return [
        {
            "currency": code,
            "opening_balance": wire_text(opening.get(code, ZERO)),
            "closing_balance": wire_text(closing[code]),
        }
        for code in sorted(closing)
    ]


def _flow(row: CashFlowRow) -> dict[str, str]:
    return {
        "at": row.at.isoformat(),
        "name": row.name,
        "amount": wire_text(row.amount),
        "currency": row.currency.value,
        "symbol": row.symbol,
        "description": row.description,
    }


def _trade(row: ExecutionRow) -> dict[str, str]:
    one = row.execution
    return {
        "at": one.at.isoformat(),
        "trading_day": one.trading_day.isoformat(),
        "trade_id": one.trade_id,
        "order_id": str(one.order_id),
        "symbol": one.symbol,
        "side": one.side.name.capitalize(),
        "quantity": wire_text(one.quantity),
        "price": wire_text(one.price),
        "amount": wire_text(one.consideration),
        "currency": one.currency.value,
    }


def _fees(flow: Sequence[CashFlowRow]) -> list[dict[str, str]]:
    """Add up what was charged, by code and currency: codes are written in capitals."""
    sums: dict[tuple[str, str], Decimal] = {}
    for row in flow:
        if row.name.isupper():
            key = (row.name, row.currency.value)
            sums[key] = sums.get(key, ZERO) - row.amount
    return [
        {"name": name, "currency": currency, "amount": wire_text(amount)}
        for (name, currency), amount in sorted(sums.items())
    ]


def _holdings(
    rows: ReadModels, account_no: str, executions: Sequence[ExecutionRow], end: datetime
) -> list[dict[str, str]]:
    shares: dict[str, Decimal] = {}
    for row in executions:
        one = row.execution
        moved = one.quantity if one.side is OrderSide.BUY else -one.quantity
        shares[one.symbol] = shares.get(one.symbol, ZERO) + moved
    for move in rows.share_moves(account_no):
        if move.at < end:
            shares[move.symbol] = shares.get(move.symbol, ZERO) + move.quantity
    return [
        {"symbol": symbol, "quantity": wire_text(quantity)}
        for symbol, quantity in sorted(shares.items())
        if quantity
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), MARKET_ZONES[HOME_MARKET]).astimezone(UTC)
