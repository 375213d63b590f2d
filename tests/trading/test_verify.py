"""A journal that is whole is found whole; whatever was changed beside it or in it is named."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from pathlib import Path

import pytest

from portway.assemble.ledger_files import HomeReport, opened_for_reading, verify_reader
from portway.model.event import CashDeposited
from portway.trading.event_codec import decode_facts, encode_facts
from tests.support.homes import VENUE, traded_home

EVERY_TABLE = (
    "accounts", "orders", "order_events", "executions", "charges", "cash_flow", "positions",
    "balances",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    traded_home(tmp_path / "home", seed=1, steps=90)
    return tmp_path / "home"


def report_of(home: Path) -> HomeReport:
    with opened_for_reading(home) as reader:
        return verify_reader(reader)


def first_difference(home: Path) -> str:
    report = report_of(home)
    assert report.exit_status == 1
    assert report.damage is None
    ((found, _),) = report.venues
    return str(found.difference)


def tamper(home: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(home / "portway.db")
    with connection:
        changed = connection.execute(sql, values).rowcount
    connection.close()
    assert changed == 1


def look(home: Path, sql: str, *values: object) -> tuple[object, ...]:
    connection = sqlite3.connect(home / "portway.db")
    try:
        row: tuple[object, ...] = connection.execute(sql, values).fetchone()
        return row
    finally:
        connection.close()


def forge(home: Path, seq: int, payload: bytes) -> None:
    """Change a record and make the chain fit again, as somebody would who knows how it is made."""
    connection = sqlite3.connect(home / "portway.db")
    with connection:
        connection.execute("UPDATE journal SET payload = ? WHERE seq = ?", (payload, seq))
        chain = b""
        for number, kept in connection.execute(
            "SELECT seq, payload FROM journal WHERE venue = ? ORDER BY seq", (VENUE,)
        ).fetchall():
            chain = hashlib.sha256(chain + kept).digest()
            connection.execute("UPDATE journal SET chain = ? WHERE seq = ?", (chain, number))
        connection.execute("UPDATE journal_head SET chain = ?", (chain,))
    connection.close()


@pytest.mark.parametrize("seed", range(4))
def test_what_was_written_agrees_with_itself(tmp_path: Path, seed: int) -> None:
    records = traded_home(tmp_path / "home", seed, steps=200)
    report = report_of(tmp_path / "home")
    assert report.exit_status == 0
    ((found, head),) = report.venues
    assert (found.seq, len(head), len(found.digest)) == (len(records), 64, 64)
    assert found.snapshot.endswith("agrees")
    assert all(found.rows[table] for table in EVERY_TABLE)


def test_a_changed_record_is_named_by_the_chain(home: Path) -> None:
    (payload,) = look(home, "SELECT payload FROM journal WHERE seq = 17")
    assert isinstance(payload, bytes)
    tamper(home, "UPDATE journal SET payload = ? WHERE seq = 17", payload.replace(b'"', b"'", 1))
    told = first_difference(home)
    assert re.match(r"record 17 \(\w+ of [^)]*\): its hash is|record 17: its hash is", told), told
    assert told.endswith("the record was changed, for the next one stands on the hash")


def test_a_changed_hash_and_a_missing_record_are_told_apart(home: Path) -> None:
    chain = look(home, "SELECT chain FROM journal WHERE seq = 17")[0]
    tamper(home, "UPDATE journal SET chain = x'00' WHERE seq = 17")
    assert "the hash was changed" in first_difference(home)
    tamper(home, "UPDATE journal SET chain = ? WHERE seq = 17", chain)
    tamper(home, "DELETE FROM journal WHERE seq = 20")
    assert first_difference(home).startswith("record 20: it is missing, and record ")


def test_a_head_that_lags_behind_is_found(home: Path) -> None:
    """The server would write its next record over one that is there."""
    seq, chain = look(home, "SELECT seq, chain FROM journal WHERE seq = 40")
    tamper(home, "UPDATE journal_head SET seq = ?, chain = ?", seq, chain)
    assert "head" in first_difference(home)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("accounts", "name", "somebody else"),
        ("orders", "status", "Filled?"),
        ("orders", "submitted_us", 1),
        ("order_events", "msg", "paid"),
        ("executions", "price", "499.99"),
        ("charges", "amount", "0.01"),
        ("cash_flow", "amount", "1e9"),
        ("positions", "cost_price", "1"),
        ("balances", "cash", "123456"),
        ("balances", "receivable", "not a number"),
    ],
)
def test_a_changed_row_is_named_with_what_it_should_be(
    home: Path, table: str, column: str, value: object
) -> None:
    connection = sqlite3.connect(home / "portway.db")
    info = connection.execute(f"PRAGMA table_info({table})").fetchall()
    connection.close()
    keys = [name for _, name, _, _, _, place in info if place]
    key = look(home, f"SELECT {', '.join(keys)} FROM {table}")
    where = " AND ".join(f"{name} = ?" for name in keys)
    tamper(home, f"UPDATE {table} SET {column} = ? WHERE {where}", value, *key)
    told = first_difference(home)
    assert f"{table}, " in told
    assert f"{column} is {value!r} instead of " in told


@pytest.mark.parametrize("table", EVERY_TABLE)
def test_a_missing_row_and_one_too_many_are_found(home: Path, table: str) -> None:
    connection = sqlite3.connect(home / "portway.db")
    row = connection.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()
    names = [one[1] for one in connection.execute(f"PRAGMA table_info({table})")]
    where = " AND ".join(f"{name} IS ?" for name in names)
    with connection:
        connection.execute(f"DELETE FROM {table} WHERE {where}", row)
    assert f"{table} has no row for" in first_difference(home)
    marks = ", ".join("?" * len(row))
    key = 1 if isinstance(row[1], str) else 10**9
    extra = [row[0], f"{row[1]}x" if key == 1 else key, *row[2:]]
    with connection:
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", extra)
    connection.close()
    assert f"{table} has " in first_difference(home)


def test_an_order_written_by_an_earlier_version_agrees(home: Path) -> None:
    """It may lack a field, or spell a default out; another name, value or blank is damage."""
    order_id, text = look(home, "SELECT order_id, body FROM orders")
    body = str(text)
    assert '"last_price"' in body
    assert '"msg"' not in body
    update = "UPDATE orders SET body = ? WHERE order_id = ?"
    tamper(home, update, f'{body[:-1]},"msg":"","parent_id":null}}', order_id)
    assert report_of(home).exit_status == 0
    for wrong in (
        f'{body[:-1]},"msh":""}}',
        f'{body[:-1]},"msg":"x"}}',
        body.replace('"status":', '"status": '),
        body.replace('"last_price"', '"lost_price"'),
        f"{body} ",
        "",
    ):
        tamper(home, update, wrong, order_id)
        assert f"order_id {order_id}: body is" in first_difference(home)


def test_a_snapshot_of_another_state_is_found(home: Path) -> None:
    (seq,) = look(home, "SELECT seq FROM snapshots")
    tamper(home, "UPDATE snapshots SET seq = ?, chain = x'00'", int(str(seq)) + 1)
    assert "snapshot" in first_difference(home)


def test_a_damaged_snapshot_is_found(home: Path) -> None:
    (payload,) = look(home, "SELECT payload FROM snapshots")
    assert isinstance(payload, bytes)
    tamper(home, "UPDATE snapshots SET payload = ?", payload[:-1] + bytes([payload[-1] ^ 1]))
    assert "snapshot" in first_difference(home)


def test_a_forged_deposit_does_not_agree_with_what_was_shown(home: Path) -> None:
    """With a chain that fits again, the read models still tell what the fact was."""
    (payload,) = look(home, "SELECT payload FROM journal WHERE seq = 3")
    assert isinstance(payload, bytes)
    (fact,) = decode_facts(payload)
    assert isinstance(fact, CashDeposited)
    forge(home, 3, payload.replace(f"{fact.amount}".encode(), b"9" * 7))
    told = first_difference(home)
    assert told.startswith("record 3 (CashDeposited of account A1)")
    assert "cash_flow" in told


def test_a_record_that_cannot_follow_is_named(home: Path) -> None:
    """A fact about an order that there is not."""
    (third,) = look(home, "SELECT payload FROM journal WHERE seq = 3")
    assert isinstance(third, bytes)
    forge(home, 3, third.replace(b"A1", b"A9"))
    assert first_difference(home).startswith("record 3 (CashDeposited of account A9): it does not")


def test_an_entry_that_does_not_balance_cannot_be_read(home: Path) -> None:
    (payload,) = look(home, "SELECT payload FROM journal WHERE seq = 3")
    assert isinstance(payload, bytes)
    (fact,) = decode_facts(payload)
    assert isinstance(fact, CashDeposited)
    amount = f'"-{fact.amount}"'.encode()
    assert payload.count(amount) == 1
    forge(home, 3, payload.replace(amount, b'"-1"'))
    assert "record 3: it cannot be read" in first_difference(home)
    assert encode_facts(decode_facts(payload)) == payload


def test_memory_is_not_spent_on_what_is_over(home: Path) -> None:
    """Terminal orders and their history are compared as they are made, not kept to the end."""
    from portway.storage.kept_rows import SqliteKeptRows
    from portway.trading.verify import _Walk

    with opened_for_reading(home) as reader:
        walk = _Walk(reader, VENUE, SqliteKeptRows(reader, VENUE), None, None)
        most = max(len(walk._lasting) for _ in walk.steps())
        open_orders = len(walk._state.orders)
        walk.finish()
    assert most < walk.verified.rows["orders"] + walk.verified.rows["order_events"]
    lasting = ("accounts", "balances", "positions")
    assert len(walk._lasting) == open_orders + sum(walk.verified.rows[one] for one in lasting)
