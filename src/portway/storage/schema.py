"""Tables of the SQLite file, and rows of the read models as values of their columns.

Columns that are asked for stand on their own; an order's terms stand in one column as JSON, so that
a new order type changes no table. Decimals and dates are text, instants whole microseconds since
1970 in UTC. Everything is keyed by venue first.
"""

from __future__ import annotations

from typing import Any, Final

from portway.trading.ports import (
    AccountRow,
    BalanceRow,
    CashFlowRow,
    ChargeRow,
    ExecutionRow,
    OrderEventRow,
    OrderRow,
    PositionRow,
    ShareMoveRow,
)

__all__ = [
    "CACHE_SCHEMA",
    "COLUMNS",
    "MIGRATIONS",
    "SCHEMA",
    "SCHEMA_VERSION",
    "TABLES",
]

SCHEMA_VERSION: Final = 6

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
    at_us INTEGER NOT NULL, trading_day TEXT NOT NULL, option TEXT,
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
    pledged TEXT NOT NULL DEFAULT '0', option TEXT,
    PRIMARY KEY (venue, account_no, symbol)) WITHOUT ROWID;
CREATE TABLE balances (
    venue TEXT NOT NULL, account_no TEXT NOT NULL, currency TEXT NOT NULL, cash TEXT NOT NULL,
    frozen_cash TEXT NOT NULL, frozen_fees TEXT NOT NULL, receivable TEXT NOT NULL,
    payable TEXT NOT NULL, interest TEXT NOT NULL DEFAULT '0',
    pledged TEXT NOT NULL DEFAULT '0',
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
    5: """
ALTER TABLE executions ADD COLUMN option TEXT;
ALTER TABLE positions ADD COLUMN pledged TEXT NOT NULL DEFAULT '0';
ALTER TABLE positions ADD COLUMN option TEXT;
ALTER TABLE balances ADD COLUMN pledged TEXT NOT NULL DEFAULT '0';
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
    "at_us, trading_day, market, seq, idx, option",
    ChargeRow: "order_id, seq, idx, name, amount, currency",
    CashFlowRow: "account_no, seq, idx, name, business_type, amount, currency, at_us, symbol, "
    "description",
    PositionRow: "account_no, symbol, market, currency, quantity, frozen_quantity, "
    "locked_quantity, init_quantity, cost_price, pledged, option",
    BalanceRow: "account_no, currency, cash, frozen_cash, frozen_fees, receivable, payable, "
    "interest, pledged",
    ShareMoveRow: "account_no, seq, idx, name, symbol, quantity, at_us",
}
