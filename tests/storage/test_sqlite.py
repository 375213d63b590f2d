"""The SQLite file: reopened, damaged, of another version, unwritable."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from portway.model.account import AccountKind, Standing
from portway.storage.errors import DatabaseCorrupt, WrongVersion
from portway.storage.schema import SCHEMA_VERSION
from portway.storage.sqlite import SqliteStore
from portway.trading.ports import JournalCorrupt, JournalRecord, WriteFailed

VENUE = "main"


def journal_of(path: Path, count: int = 20) -> list[JournalRecord]:
    records = [JournalRecord(seq, f"record {seq}".encode() * 5) for seq in range(1, count + 1)]
    store = SqliteStore(path)
    store.append(VENUE, records[: count // 2], ())
    store.append(VENUE, records[count // 2 :], ())
    store.close()
    return records


def tamper(path: Path, sql: str, *values: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(sql, values)
    connection.close()


def test_what_was_kept_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "portway.db"
    records = journal_of(path)
    store = SqliteStore(path)
    assert list(store.read(VENUE)) == records
    store.append(VENUE, [JournalRecord(21, b"more")], ())
    store.set_meta("clock", "noon")
    store.close()
    store = SqliteStore(path)
    assert store.last_seq(VENUE) == 21
    assert store.meta("clock") == "noon"
    assert store.meta("other") is None
    store.close()


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_changed_byte_of_any_record_is_found_and_named(tmp_path: Path, place: int) -> None:
    path = tmp_path / "portway.db"
    records = journal_of(path)
    record = records[place % len(records)]
    changed = bytearray(record.payload)
    changed[place % len(changed)] ^= 1
    tamper(path, "UPDATE journal SET payload = ? WHERE seq = ?", bytes(changed), record.seq)
    store = SqliteStore(path)
    with pytest.raises(JournalCorrupt, match=f"record {record.seq} "):
        list(store.read(VENUE))
    store.close()


@pytest.mark.parametrize("value", [7, 1.5, "text", b""])
def test_a_record_of_another_kind_is_found_and_named(tmp_path: Path, value: object) -> None:
    """As a flipped bit in the header of a row makes it."""
    path = tmp_path / "portway.db"
    journal_of(path)
    tamper(path, "UPDATE journal SET payload = ? WHERE seq = 7", value)
    store = SqliteStore(path)
    with pytest.raises(JournalCorrupt, match="record 7 "):
        list(store.read(VENUE))
    store.close()


@pytest.mark.parametrize("gone", [1, 7, 20])
def test_a_missing_record_is_found_and_named(tmp_path: Path, gone: int) -> None:
    path = tmp_path / "portway.db"
    journal_of(path)
    tamper(path, "DELETE FROM journal WHERE seq = ?", gone)
    store = SqliteStore(path)
    with pytest.raises(JournalCorrupt, match=f"record {gone} .*missing"):
        list(store.read(VENUE))
    store.close()


def test_a_torn_log_keeps_whole_batches_only(tmp_path: Path) -> None:
    """Cut the write-ahead log in many places: what is left is a prefix of the batches."""
    path, log = tmp_path / "portway.db", tmp_path / "portway.db-wal"
    store = SqliteStore(path)
    batches = [
        [JournalRecord(2 * n + 1, b"a" * 40), JournalRecord(2 * n + 2, b"b")] for n in range(6)
    ]
    for batch in batches:
        store.append(VENUE, batch, ())
    file, tail = path.read_bytes(), log.read_bytes()
    store.close()
    lengths = set()
    for cut in (*range(0, len(tail), 5003), len(tail)):
        torn = tmp_path / f"torn{cut}.db"
        torn.write_bytes(file)
        Path(f"{torn}-wal").write_bytes(tail[:cut])
        try:
            again = SqliteStore(torn)
        except DatabaseCorrupt:
            pytest.fail("a torn log is cut, not refused")
        found = list(again.read(VENUE))
        again.close()
        assert len(found) % 2 == 0
        assert found == [record for batch in batches for record in batch][: len(found)]
        lengths.add(len(found))
    assert {0, 12} <= lengths


def test_a_file_that_is_no_database_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "portway.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(DatabaseCorrupt, match="backup"):
        SqliteStore(path)


def test_another_schema_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "portway.db"
    journal_of(path)
    tamper(path, "UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(WrongVersion, match="99"):
        SqliteStore(path)


def test_a_write_that_fails_keeps_nothing_and_the_next_one_stands(tmp_path: Path) -> None:
    path = tmp_path / "portway.db"
    journal_of(path)
    store = SqliteStore(path)
    # A trigger is a disk that says no in the middle of the transaction.
    tamper(
        path,
        "CREATE TRIGGER full BEFORE INSERT ON journal WHEN new.seq = 22 "
        "BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    )
    with pytest.raises(WriteFailed, match="disk full"):
        store.append(VENUE, [JournalRecord(21, b"x"), JournalRecord(22, b"y")], ())
    assert store.last_seq(VENUE) == 20
    tamper(path, "DROP TRIGGER full")
    store.append(VENUE, [JournalRecord(21, b"z")], ())
    assert list(store.read(VENUE, 20)) == [JournalRecord(21, b"z")]
    store.close()


def test_commits_reach_the_disk(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "portway.db")
    assert store.select("PRAGMA journal_mode") == [("wal",)]
    # FULL; NORMAL would lose answered orders in a power cut.
    assert store._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()


def test_a_snapshot_of_another_journal_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "portway.db"
    journal_of(path)
    store = SqliteStore(path)
    store.save_snapshot(VENUE, JournalRecord(10, b"state"))
    assert store.snapshot(VENUE) == JournalRecord(10, b"state")
    tamper(path, "UPDATE journal SET chain = x'00' WHERE seq = 10")
    assert store.snapshot(VENUE) is None
    store.close()


def test_a_file_of_the_first_version_is_brought_up_to_this_one(tmp_path: Path) -> None:
    """Tables without what came later are read with the values that old rows stand for."""
    path = tmp_path / "old.db"
    SqliteStore(path).close()
    for statement in (
        "ALTER TABLE accounts DROP COLUMN kind",
        "ALTER TABLE accounts DROP COLUMN credit",
        "ALTER TABLE accounts DROP COLUMN closed_us",
        "ALTER TABLE accounts DROP COLUMN standing",
        "ALTER TABLE balances DROP COLUMN pledged",
        "ALTER TABLE balances DROP COLUMN interest",
        "ALTER TABLE positions DROP COLUMN option",
        "ALTER TABLE positions DROP COLUMN pledged",
        "ALTER TABLE executions DROP COLUMN option",
        "DROP TABLE share_moves",
        "DROP TABLE documents",
        "ALTER TABLE identity_accounts DROP COLUMN is_verified",
        "ALTER TABLE tokens DROP COLUMN is_read_only",
        "INSERT INTO accounts VALUES ('main', 'A', 'old', 'HKD', 'lb_papertrading', 0)",
        "INSERT INTO balances VALUES ('main', 'A', 'HKD', '5', '0', '0', '0', '0')",
        "UPDATE meta SET value = '1' WHERE key = 'schema_version'",
    ):
        tamper(path, statement)
    store = SqliteStore(path)
    rows = store.read_models("main")
    account = rows.account("A")
    assert account is not None
    assert (account.kind, account.credit, account.closed_at) == (AccountKind.CASH, 0, None)
    assert account.standing == Standing()
    assert [one.interest for one in rows.balances("A")] == [0]
    assert rows.share_moves("A") == []
    assert store.select("SELECT count(*) FROM documents") == [(0,)]
    assert store.meta("schema_version") == str(SCHEMA_VERSION)
    store.close()
    SqliteStore(path).close()
