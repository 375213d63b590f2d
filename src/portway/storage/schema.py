"""Tables of the SQLite file, and rows of the read models as values of their columns.

Columns that are asked for stand on their own; an order's terms stand in one column as JSON, so that
a new order type changes no table. Decimals and dates are text, instants whole microseconds since
1970 in UTC. Everything is keyed by venue first.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from portway.model.account import AccountKind, Standing
from portway.model.event import Hold
from portway.model.execution import Execution
from portway.model.money import Currency
from portway.model.order import Order, OrderSide, OrderStatus
from portway.model.symbol import Market, Symbol
from portway.trading.ports import (
    AccountRow,
    BalanceRow,
    BusinessType,
    CashFlowRow,
    ChargeRow,
    ExecutionRow,
    OrderEventRow,
    OrderRow,
    PositionRow,
    Row,
    ShareMoveRow,
)

__all__ = [
    "CACHE_SCHEMA",
    "COLUMNS",
    "MIGRATIONS",
    "SCHEMA",
    "SCHEMA_VERSION",
    "TABLES",
    "instant",
    "instant_us",
    "insert_sql",
    "row_from",
    "row_values",
]

SCHEMA_VERSION: Final = 5

SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE journal (
    venue TEXT NOT NULL, seq INTEGER NOT NULL, payload BLOB NOT NULL, chain BLOB NOT NULL,
    PRIMARY KEY (venue, seq));
CREATE TABLE journal_head (
    venue TEXT PRIMARY KEY, seq INTEGER NOT NULL, chain BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE accounts (
    venue TEXT NOT NULL, account_no TEXT NOT NULL, name TEXT NOT NULL,
    base_currency TEXT NOT NULL, channel TEXT NOT NULL, opened_us INTEGER NOT NULL,
    kind TEXT NOT NULL DEFAULT 'CASH', credit TEXT NOT NULL DEFAULT '0', closed_us INTEGER,
    standing TEXT,
    PRIMARY KEY (venue, account_no)) WITHOUT ROWID;
CREATE TABLE orders (
    venue TEXT NOT NULL, order_id INTEGER NOT NULL, account_no TEXT NOT NULL,
    symbol TEXT NOT NULL, market TEXT NOT NULL, side TEXT NOT NULL, status TEXT NOT NULL,
    is_terminal INTEGER NOT NULL, submitted_us INTEGER NOT NULL, submitted_day TEXT NOT NULL,
    changed_day TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, hold TEXT NOT NULL,
    PRIMARY KEY (venue, order_id)) WITHOUT ROWID;
CREATE INDEX orders_of_account ON orders (venue, account_no, order_id);
CREATE TABLE order_events (
    venue TEXT NOT NULL, order_id INTEGER NOT NULL, seq INTEGER NOT NULL, idx INTEGER NOT NULL,
    at_us INTEGER NOT NULL, status TEXT NOT NULL, price TEXT, quantity TEXT NOT NULL,
    msg TEXT NOT NULL,
    PRIMARY KEY (venue, order_id, seq, idx)) WITHOUT ROWID;
CREATE TABLE executions (
    venue TEXT NOT NULL, seq INTEGER NOT NULL, idx INTEGER NOT NULL, account_no TEXT NOT NULL,
    order_id INTEGER NOT NULL, trade_id TEXT NOT NULL, symbol TEXT NOT NULL, market TEXT NOT NULL,
    side TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL, currency TEXT NOT NULL,
    at_us INTEGER NOT NULL, trading_day TEXT NOT NULL,
    PRIMARY KEY (venue, seq, idx)) WITHOUT ROWID;
CREATE INDEX executions_of_account ON executions (venue, account_no, seq, idx);
CREATE TABLE charges (
    venue TEXT NOT NULL, order_id INTEGER NOT NULL, seq INTEGER NOT NULL, idx INTEGER NOT NULL,
    name TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL,
    PRIMARY KEY (venue, order_id, seq, idx)) WITHOUT ROWID;
CREATE TABLE cash_flow (
    venue TEXT NOT NULL, account_no TEXT NOT NULL, seq INTEGER NOT NULL, idx INTEGER NOT NULL,
    name TEXT NOT NULL, business_type INTEGER NOT NULL, amount TEXT NOT NULL,
    currency TEXT NOT NULL, at_us INTEGER NOT NULL, symbol TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (venue, account_no, seq, idx)) WITHOUT ROWID;
CREATE TABLE positions (
    venue TEXT NOT NULL, account_no TEXT NOT NULL, symbol TEXT NOT NULL, market TEXT NOT NULL,
    currency TEXT NOT NULL, quantity TEXT NOT NULL, frozen_quantity TEXT NOT NULL,
    locked_quantity TEXT NOT NULL, init_quantity TEXT NOT NULL, cost_price TEXT NOT NULL,
    PRIMARY KEY (venue, account_no, symbol)) WITHOUT ROWID;
CREATE TABLE balances (
    venue TEXT NOT NULL, account_no TEXT NOT NULL, currency TEXT NOT NULL, cash TEXT NOT NULL,
    frozen_cash TEXT NOT NULL, frozen_fees TEXT NOT NULL, receivable TEXT NOT NULL,
    payable TEXT NOT NULL, interest TEXT NOT NULL DEFAULT '0',
    PRIMARY KEY (venue, account_no, currency)) WITHOUT ROWID;
CREATE TABLE share_moves (
    venue TEXT NOT NULL, account_no TEXT NOT NULL, seq INTEGER NOT NULL, idx INTEGER NOT NULL,
    name TEXT NOT NULL, symbol TEXT NOT NULL, quantity TEXT NOT NULL, at_us INTEGER NOT NULL,
    PRIMARY KEY (venue, account_no, seq, idx)) WITHOUT ROWID;

CREATE TABLE identity_accounts (
    account_no TEXT PRIMARY KEY, member_id INTEGER NOT NULL, aaid TEXT NOT NULL,
    channel TEXT NOT NULL, is_verified INTEGER NOT NULL DEFAULT 1) WITHOUT ROWID;
CREATE TABLE apps (
    app_key TEXT PRIMARY KEY, app_secret TEXT NOT NULL, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tokens (
    digest TEXT PRIMARY KEY, app_key TEXT NOT NULL, account_no TEXT NOT NULL,
    issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER,
    is_read_only INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY, lineage TEXT NOT NULL, channel TEXT NOT NULL, app_key TEXT NOT NULL,
    account_no TEXT NOT NULL, is_tool INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE documents (
    kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, key)) WITHOUT ROWID;
"""

# From each earlier version to the next: new columns stand behind the old ones, with the value that
# old rows are to be read with.
MIGRATIONS: Final[dict[int, str]] = {
    1: """
ALTER TABLE accounts ADD COLUMN kind TEXT NOT NULL DEFAULT 'CASH';
ALTER TABLE accounts ADD COLUMN credit TEXT NOT NULL DEFAULT '0';
ALTER TABLE accounts ADD COLUMN closed_us INTEGER;
ALTER TABLE balances ADD COLUMN interest TEXT NOT NULL DEFAULT '0';
CREATE TABLE share_moves (
    venue TEXT NOT NULL, account_no TEXT NOT NULL, seq INTEGER NOT NULL, idx INTEGER NOT NULL,
    name TEXT NOT NULL, symbol TEXT NOT NULL, quantity TEXT NOT NULL, at_us INTEGER NOT NULL,
    PRIMARY KEY (venue, account_no, seq, idx)) WITHOUT ROWID;
ALTER TABLE identity_accounts ADD COLUMN is_verified INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tokens ADD COLUMN is_read_only INTEGER NOT NULL DEFAULT 0;
""",
    2: """
CREATE TABLE documents (
    kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, key)) WITHOUT ROWID;
""",
    3: """
ALTER TABLE accounts ADD COLUMN standing TEXT;
""",
    # With its rows by number a record of up to a page takes no page of its own.
    4: """
ALTER TABLE journal RENAME TO journal_before;
CREATE TABLE journal (
    venue TEXT NOT NULL, seq INTEGER NOT NULL, payload BLOB NOT NULL, chain BLOB NOT NULL,
    PRIMARY KEY (venue, seq));
INSERT INTO journal SELECT venue, seq, payload, chain FROM journal_before ORDER BY venue, seq;
DROP TABLE journal_before;
""",
}

# A cache beside the journal: made where it is missing, and it may be dropped at any time. `chain`
# ties a snapshot to the record that it follows.
CACHE_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS snapshots (
    venue TEXT PRIMARY KEY, seq INTEGER NOT NULL, chain BLOB NOT NULL, payload BLOB NOT NULL)
"""

TABLES: Final[dict[type[Any], str]] = {
    AccountRow: "accounts",
    OrderRow: "orders",
    OrderEventRow: "order_events",
    ExecutionRow: "executions",
    ChargeRow: "charges",
    CashFlowRow: "cash_flow",
    PositionRow: "positions",
    BalanceRow: "balances",
    ShareMoveRow: "share_moves",
}
# What a query selects, in the order in which `row_from` reads it.
COLUMNS: Final[dict[type[Any], str]] = {
    AccountRow: "account_no, name, base_currency, channel, opened_us, kind, credit, closed_us, "
    "standing",
    OrderRow: "body, hold, market, submitted_day, changed_day, seq",
    OrderEventRow: "order_id, seq, idx, at_us, status, price, quantity, msg",
    ExecutionRow: "trade_id, order_id, account_no, symbol, side, price, quantity, currency, "
    "at_us, trading_day, market, seq, idx",
    ChargeRow: "order_id, seq, idx, name, amount, currency",
    CashFlowRow: "account_no, seq, idx, name, business_type, amount, currency, at_us, symbol, "
    "description",
    PositionRow: "account_no, symbol, market, currency, quantity, frozen_quantity, "
    "locked_quantity, init_quantity, cost_price",
    BalanceRow: "account_no, currency, cash, frozen_cash, frozen_fees, receivable, payable, "
    "interest",
    ShareMoveRow: "account_no, seq, idx, name, symbol, quantity, at_us",
}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")
_ORDER: Final = msgspec.json.Decoder(Order)
_HOLD: Final = msgspec.json.Decoder(Hold)
_STANDING: Final = msgspec.json.Decoder(Standing)


def instant_us(at: datetime) -> int:
    """Return microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at_us: int) -> datetime:
    """Return the instant in UTC."""
    return _EPOCH + at_us * _MICROSECOND


def insert_sql(kind: type[Any]) -> str:
    """Return the beginning of a statement that writes rows over those with their keys."""
    return f"INSERT OR REPLACE INTO {TABLES[kind]} VALUES"


def row_values(venue: str, row: Row) -> tuple[object, ...]:
    """Return a row's columns in the order of its table."""
    match row:  # The most frequent first.
        case OrderEventRow():
            return (
                venue,
                row.order_id,
                row.seq,
                row.index,
                instant_us(row.at),
                row.status.value,
                None if row.price is None else str(row.price),
                str(row.quantity),
                row.msg,
            )
        case OrderRow():
            return _order_values(venue, row)
        case ExecutionRow(execution=one):
            return (
                venue,
                row.seq,
                row.index,
                one.account_no,
                one.order_id,
                one.trade_id,
                one.symbol,
                row.market.value,
                one.side.value,
                str(one.price),
                str(one.quantity),
                one.currency.value,
                instant_us(one.at),
                one.trading_day.isoformat(),
            )
        case AccountRow():
            return _account_values(venue, row)
        case ShareMoveRow():
            key: tuple[object, ...] = (row.account_no, row.seq, row.index)
            at_us = instant_us(row.at)
            return (venue, *key, row.name, row.symbol, str(row.quantity), at_us)
    return _amount_values(venue, row)


def _account_values(venue: str, row: AccountRow) -> tuple[object, ...]:
    return (
        venue,
        row.account_no,
        row.name,
        row.base_currency.value,
        row.channel,
        instant_us(row.opened_at),
        row.kind.value,
        str(row.credit),
        None if row.closed_at is None else instant_us(row.closed_at),
        _ENCODER.encode(row.standing).decode(),
    )


def _order_values(venue: str, row: OrderRow) -> tuple[object, ...]:
    order = row.order
    return (
        venue,
        order.order_id,
        order.account_no,
        order.terms.symbol,
        row.market.value,
        order.terms.side.value,
        order.status.value,
        order.is_terminal,
        instant_us(order.submitted_at),
        row.submitted_day.isoformat(),
        row.changed_day.isoformat(),
        row.seq,
        _ENCODER.encode(order).decode(),
        _ENCODER.encode(row.hold).decode(),
    )


def _amount_values(
    venue: str, row: ChargeRow | CashFlowRow | PositionRow | BalanceRow
) -> tuple[object, ...]:
    match row:
        case ChargeRow():
            key: tuple[object, ...] = (row.order_id, row.seq, row.index)
            return (venue, *key, row.name, str(row.amount), row.currency.value)
        case CashFlowRow():
            return (
                venue,
                row.account_no,
                row.seq,
                row.index,
                row.name,
                row.business_type.value,
                str(row.amount),
                row.currency.value,
                instant_us(row.at),
                row.symbol,
                row.description,
            )
        case PositionRow():
            key = (row.account_no, row.symbol, row.market.value, row.currency.value)
            amounts = (row.quantity, row.frozen_quantity, row.locked_quantity)
            rest = (row.init_quantity, row.cost_price)
            return (venue, *key, *map(str, amounts), *map(str, rest))
        case BalanceRow():
            amounts = (row.cash, row.frozen_cash, row.frozen_fees)
            unsettled = (row.receivable, row.payable, row.interest)
            key = (row.account_no, row.currency.value)
            return (venue, *key, *map(str, amounts), *map(str, unsettled))


_WIDTHS: Final[dict[type[Any], int]] = {
    AccountRow: 10,
    OrderRow: 14,
    OrderEventRow: 9,
    ExecutionRow: 14,
    ChargeRow: 7,
    CashFlowRow: 11,
    PositionRow: 10,
    BalanceRow: 9,
    ShareMoveRow: 8,
}


def row_from(kind: type[Any], values: tuple[Any, ...]) -> Any:
    """Return the row that the selected columns of a kind hold."""
    return _READERS[kind](*values)


def _read_order(
    body: str, hold: str, market: str, submitted_day: str, changed_day: str, seq: int
) -> OrderRow:
    return OrderRow(
        _ORDER.decode(body),
        _HOLD.decode(hold),
        Market(market),
        date.fromisoformat(submitted_day),
        date.fromisoformat(changed_day),
        seq,
    )


def _read_execution(
    trade_id: str,
    order_id: int,
    account_no: str,
    symbol: str,
    side: str,
    price: str,
    quantity: str,
    currency: str,
    at_us: int,
    trading_day: str,
    market: str,
    seq: int,
    index: int,
) -> ExecutionRow:
    execution = Execution(
        trade_id,
        order_id,
        account_no,
        Symbol(symbol),
        OrderSide(side),
        Decimal(price),
        Decimal(quantity),
        Currency(currency),
        instant(at_us),
        date.fromisoformat(trading_day),
    )
    return ExecutionRow(execution, Market(market), seq, index)


def _read_account(
    account_no: str,
    name: str,
    base_currency: str,
    channel: str,
    opened_us: int,
    kind: str,
    credit: str,
    closed_us: int | None,
    standing: str | None,
) -> AccountRow:
    return AccountRow(
        account_no,
        name,
        Currency(base_currency),
        channel,
        instant(opened_us),
        AccountKind(kind),
        Decimal(credit),
        None if closed_us is None else instant(closed_us),
        Standing() if standing is None else _STANDING.decode(standing),
    )


def _read_share_move(
    account_no: str, seq: int, index: int, name: str, symbol: str, quantity: str, at_us: int
) -> ShareMoveRow:
    return ShareMoveRow(
        account_no, seq, index, name, Symbol(symbol), Decimal(quantity), instant(at_us)
    )


def _read_order_event(
    order_id: int,
    seq: int,
    index: int,
    at_us: int,
    status: str,
    price: str | None,
    quantity: str,
    msg: str,
) -> OrderEventRow:
    limit = None if price is None else Decimal(price)
    return OrderEventRow(
        order_id, seq, index, instant(at_us), OrderStatus(status), limit, Decimal(quantity), msg
    )


def _read_charge(
    order_id: int, seq: int, index: int, name: str, amount: str, currency: str
) -> ChargeRow:
    return ChargeRow(order_id, seq, index, name, Decimal(amount), Currency(currency))


def _read_cash_flow(
    account_no: str,
    seq: int,
    index: int,
    name: str,
    business_type: int,
    amount: str,
    currency: str,
    at_us: int,
    symbol: str,
    description: str,
) -> CashFlowRow:
    return CashFlowRow(
        account_no,
        seq,
        index,
        name,
        BusinessType(business_type),
        Decimal(amount),
        Currency(currency),
        instant(at_us),
        symbol,
        description,
    )


def _read_position(
    account_no: str, symbol: str, market: str, currency: str, *amounts: str
) -> PositionRow:
    return PositionRow(
        account_no, Symbol(symbol), Market(market), Currency(currency), *map(Decimal, amounts)
    )


def _read_balance(account_no: str, currency: str, *amounts: str) -> BalanceRow:
    return BalanceRow(account_no, Currency(currency), *map(Decimal, amounts))


_READERS: Final[dict[type[Any], Any]] = {
    AccountRow: _read_account,
    OrderRow: _read_order,
    OrderEventRow: _read_order_event,
    ExecutionRow: _read_execution,
    ChargeRow: _read_charge,
    CashFlowRow: _read_cash_flow,
    PositionRow: _read_position,
    BalanceRow: _read_balance,
    ShareMoveRow: _read_share_move,
}
