"""A flipped byte of a journal is found and located, or provably changes nothing.

`make test` flips a sample of the bytes of every page; `make sim SEED=7` flips each byte of the
journal's pages in turn, and every seventh of the others, which takes a quarter of an hour. What is
not found must leave every row of every table, every column's definition and every index as they
were: free bytes of pages, and fields of SQLite's that say how a file was written, not what is in
it.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from portway.assemble.ledger_files import opened_for_reading, verify_reader
from portway.storage.errors import StorageError
from portway.storage.sqlite import chain_link
from portway.storage.sqlite_reader import SqliteReader
from portway.trading.event_codec import encode_facts
from tests.core.money_flow import play_money
from tests.support.homes import VENUE, home_of
from tests.support.pages import PAGE_BYTES, table_pages

SEED = os.environ.get("PORTWAY_SEED")
JOURNAL_BYTES = 64 * 1024
STEPS = 400  # Of random trading, far more than make so long a journal.
SHARDS = 4  # The pages are shared out among so many tests, which run side by side.
JOURNAL_STRIDE = 1 if SEED else 307
OTHER_STRIDE = 7 if SEED else 1301
NAMED = re.compile(r"\b(record|page|frame) (\d+)")


@dataclass(frozen=True)
class Original:
    """A home, its database as bytes that can be opened in memory, and all that it says."""

    home: Path
    data: bytes
    journal_pages: tuple[int, ...]
    says: tuple[object, ...]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    home = tmp_path_factory.mktemp("damage") / "home"
    facts, size = [], 0
    for record in play_money(5, STEPS).facts:
        if size < JOURNAL_BYTES:
            facts.append(record)
            size += len(encode_facts(record))
    assert size >= JOURNAL_BYTES, "more steps are needed"
    home_of(home, facts, snapshot_after=len(facts) // 2)
    data = bytearray((home / "portway.db").read_bytes())
    # In memory there is no write-ahead log: the header says so from here on.
    data[18:20] = b"\x01\x01"
    pages = table_pages(home / "portway.db", "journal")
    with closing(opened(bytes(data))) as connection:
        return Original(home, bytes(data), tuple(pages), said(connection))


def opened(data: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(data)
    return connection


def said(connection: sqlite3.Connection) -> tuple[object, ...]:
    """Everything that a database says: of every table its columns and its rows.

    And that every index agrees with its table, by SQLite's own check.
    """
    connection.text_factory = bytes
    checked = connection.execute("PRAGMA integrity_check(1)").fetchall()
    names = [name.decode() for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    )]  # fmt: skip
    return tuple(checked) + tuple(
        (
            name,
            tuple(
                # SQL does not mind the case of a column's name or type.
                (place, column.lower(), kind.lower(), *rest)
                for place, column, kind, *rest in connection.execute(f"PRAGMA table_info({name})")
            ),
            tuple(connection.execute(f"SELECT * FROM {name}").fetchall()),
        )
        for name in names
    )


def says_the_same(original: Original, flipped: bytes) -> bool:
    with closing(opened(flipped)) as connection:
        try:
            return said(connection) == original.says
        except (sqlite3.Error, UnicodeDecodeError):
            return False


def complaint(data: bytes) -> str:
    """What the verification says of a database; "" when it finds nothing."""
    connection = opened(data)
    try:
        reader = SqliteReader(connection, Path("portway.db"))
        report = verify_reader(reader)
    except StorageError as error:
        return f"refused: {error}"
    finally:
        connection.close()
    if report.damage is not None:
        return report.damage
    differences = [str(found.difference) for found, _ in report.venues if found.difference]
    if not differences and any("another version" in found.snapshot for found, _ in report.venues):
        return "the snapshot is not used: it says that it is of another version"
    return differences[0] if differences else ""


def places(original: Original, shard: int) -> Iterator[int]:
    """Places to flip, of journal pages more than of others; each shard has its own."""
    random = Random(SEED or 1)
    for page in range(len(original.data) // PAGE_BYTES):
        stride = JOURNAL_STRIDE if page + 1 in original.journal_pages else OTHER_STRIDE
        begin = page * PAGE_BYTES
        for place in range(begin + random.randrange(stride), begin + PAGE_BYTES, stride):
            if place % SHARDS == shard:
                yield place


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_flipped_byte_is_found_and_located_or_changes_nothing(
    original: Original, shard: int
) -> None:
    seen: Counter[tuple[str, bool]] = Counter()
    for place in places(original, shard):
        flipped = bytearray(original.data)
        flipped[place] ^= 1 << place // SHARDS % 8
        page = place // PAGE_BYTES + 1
        if says_the_same(original, bytes(flipped)):
            seen["harmless", page in original.journal_pages] += 1
            continue
        told = complaint(bytes(flipped))
        where = f"byte {place} of page {page}: {told!r}"
        assert told, f"not found: {where}"
        seen["found", page in original.journal_pages] += 1
        if page in original.journal_pages:
            assert NAMED.search(told), f"not located: {where}"
            assert_names_the_record(original, bytes(flipped), told, where)
    # A record that is a little too long for its page has another one, nearly all of it free.
    assert min(seen["found", True], seen["found", False]) >= 5, f"mostly free bytes: {seen}"


def assert_names_the_record(original: Original, flipped: bytes, told: str, where: str) -> None:
    """Where every record can be read, the one that is named is the first that changed."""
    if not told.startswith("record "):
        return
    sql = "SELECT seq, payload, chain FROM journal WHERE venue = ? ORDER BY seq"
    with closing(opened(original.data)) as connection:
        before = connection.execute(sql, (VENUE,)).fetchall()
    with closing(opened(flipped)) as connection:
        after = dict.fromkeys(connection.execute(sql, (VENUE,)).fetchall())
    changed = next((row[0] for row in before if row not in after), None)
    if changed is not None:
        assert told.startswith(f"record {changed}"), where


def test_every_byte_of_a_record_is_under_its_hash(original: Original) -> None:
    """All 64 kB in turn, by the chain alone: each names its record."""
    with opened_for_reading(original.home) as reader:
        records = list(reader.read(VENUE))
        kept = dict(reader.select("SELECT seq, chain FROM journal WHERE venue = ?", (VENUE,)))
    chain = b""
    flips = 0
    for record in records:
        payload = bytearray(record.payload)
        for place in range(len(payload)):
            payload[place] ^= 1 << place % 8
            assert chain_link(chain, bytes(payload)) != kept[record.seq], (record.seq, place)
            payload[place] ^= 1 << place % 8
            flips += 1
        chain = chain_link(chain, record.payload)
        assert chain == kept[record.seq]
    assert flips >= JOURNAL_BYTES


def lengths(original: Original) -> list[int]:
    """Every boundary of a page and its neighbours, and lengths anywhere."""
    whole, random = len(original.data), Random(SEED or 2)
    near = {edge + by for edge in range(0, whole, PAGE_BYTES) for by in (-1, 0, 1)}
    anywhere = {random.randrange(whole) for _ in range(5000 if SEED else 100)}
    return sorted(one for one in near | anywhere if 0 <= one < whole)


def test_a_file_that_was_cut_off_is_refused_with_the_page(
    original: Original, tmp_path: Path
) -> None:
    """No prefix of the file is a prefix of the journal: its pages lie anywhere in it."""
    path = tmp_path / "portway.db"
    data = (original.home / "portway.db").read_bytes()
    for length in lengths(original):
        path.write_bytes(data[:length])
        try:
            with closing(SqliteReader.open(path)) as reader:
                told = verify_reader(reader).damage or ""
        except StorageError as error:
            told = str(error)
        page = length // PAGE_BYTES + 1
        assert f"page {page if length >= 100 else 1} " in told or not length, (length, told)
        assert told, length
        for end in ("-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
