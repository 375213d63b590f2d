"""A damaged home is cut after its last sound record, when asked, and never guessed at."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portway.assemble.ledger_files import opened_for_reading, verify_reader
from portway.assemble.mend import mend_home
from portway.cli.main import main
from portway.storage.errors import DatabaseCorrupt, HomeLocked
from portway.storage.home import open_home
from portway.storage.sqlite import SqliteStore
from portway.trading.ports import JournalRecord
from tests.support.homes import VENUE, traded_home
from tests.support.pages import PAGE_BYTES, table_pages
from tests.trading.test_verify import forge, look, tamper


@pytest.fixture
def home(tmp_path: Path) -> Path:
    traded_home(tmp_path / "home", seed=1, steps=120)
    tamper(tmp_path / "home", "INSERT INTO apps VALUES ('key', 'secret', 'mine')")
    return tmp_path / "home"


def records_of(home: Path) -> list[JournalRecord]:
    with opened_for_reading(home) as reader:
        return list(reader.read(VENUE))


def cut(home: Path) -> Result:
    return CliRunner().invoke(main, ["journal", "verify", "--cut", "--home", str(home)])


def assert_sound(home: Path) -> None:
    with opened_for_reading(home) as reader:
        assert verify_reader(reader).exit_status == 0
    assert look(home, "SELECT app_secret FROM apps WHERE app_key = 'key'") == ("secret",)


def test_a_sound_home_is_left_alone(home: Path) -> None:
    before = (home / "portway.db").read_bytes()
    assert "nothing to cut" in cut(home).stdout
    assert (home / "portway.db").read_bytes() == before


def test_the_journal_is_cut_after_its_last_sound_record(home: Path) -> None:
    records = records_of(home)
    tamper(home, "UPDATE journal SET payload = x'00' WHERE seq = 40")
    damaged = (home / "portway.db").read_bytes()
    answer = cut(home)
    assert answer.exit_code == 0, answer.output
    assert f"39 records kept, {len(records) - 39} cut" in answer.stdout
    assert "record 40" in answer.stdout
    assert records_of(home) == records[:39]
    assert_sound(home)
    assert (home / "portway.db.damaged-1").read_bytes() == damaged


def test_what_follows_from_a_sound_journal_is_derived_anew(home: Path) -> None:
    records = records_of(home)
    tamper(home, "UPDATE balances SET cash = '1' WHERE account_no = 'A1' AND currency = 'HKD'")
    answer = cut(home)
    assert f"{len(records)} records kept, none cut" in answer.stdout
    assert "cash is '1' instead of" in answer.stdout
    assert records_of(home) == records
    assert_sound(home)


def test_a_record_that_does_not_fit_is_cut_though_its_hash_does(home: Path) -> None:
    records = records_of(home)
    forge(home, 20, records[19].payload.replace(b'"A', b'"Z'))
    assert "19 records kept" in cut(home).stdout
    assert records_of(home) == records[:19]
    assert_sound(home)


def test_the_records_before_a_damaged_page_are_kept(home: Path) -> None:
    """A page in the middle of the journal is noise: what can be read before it stays."""
    records = records_of(home)
    pages = table_pages(home / "portway.db", "journal")
    page = pages[len(pages) // 2]
    with (home / "portway.db").open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES)
        file.write(b"\xff" * PAGE_BYTES)
    answer = CliRunner().invoke(main, ["journal", "verify", "--home", str(home)])
    assert answer.exit_code == 2
    assert f"page {page}" in answer.output
    assert cut(home).exit_code == 0
    kept = records_of(home)
    assert 0 < len(kept) < len(records)
    assert kept == records[: len(kept)]
    assert_sound(home)


def test_a_damaged_log_is_given_up_from_its_damage_on(home: Path, tmp_path: Path) -> None:
    store = SqliteStore(home / "portway.db")
    records = list(store.read(VENUE))
    for number in range(6):
        store.execute("INSERT INTO meta VALUES (?, ?)", (f"key{number}", "x" * 3000))
    for end in ("", "-wal"):
        shutil.copy(home / f"portway.db{end}", tmp_path / f"kept{end}")
    store.close()
    for end in ("", "-wal"):
        shutil.copy(tmp_path / f"kept{end}", home / f"portway.db{end}")
    with (home / "portway.db-wal").open("r+b") as file:
        file.seek(32 + 24 + 4096 + 100)
        file.write(b"?")
    with pytest.raises(DatabaseCorrupt, match="--cut"):
        open_home(home)
    answer = CliRunner().invoke(main, ["journal", "verify", "--home", str(home)])
    assert answer.exit_code == 2
    assert "frame 2 is damaged" in answer.stdout
    assert "given up" in cut(home).stdout
    open_home(home).close()
    assert records_of(home) == records
    assert_sound(home)


def test_nothing_is_cut_while_a_server_runs(home: Path) -> None:
    tamper(home, "UPDATE journal SET payload = x'00' WHERE seq = 40")
    before = (home / "portway.db").read_bytes()
    with open_home(home):
        with pytest.raises(HomeLocked):
            mend_home(home)
        answer = cut(home)
    assert answer.exit_code == 1
    assert "in use by process" in answer.stderr
    assert (home / "portway.db").read_bytes() == before


def test_who_may_sign_in_is_not_guessed_at(home: Path) -> None:
    """Tokens follow from nothing: where their page is damaged, a backup is the only way."""
    connection = sqlite3.connect(home / "portway.db")
    (root,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = 'apps'"
    ).fetchone()
    connection.close()
    before = records_of(home)
    with (home / "portway.db").open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    answer = cut(home)
    assert answer.exit_code == 2
    assert "table apps cannot be read" in answer.stderr
    assert records_of(home) == before, "the home is as it was"


def test_every_damaged_file_is_kept(home: Path) -> None:
    for number in (60, 50):
        tamper(home, "UPDATE journal SET payload = x'00' WHERE seq = ?", number)
        assert cut(home).exit_code == 0
    assert {path.name for path in home.glob("portway.db.*")} >= {
        "portway.db.damaged-1",
        "portway.db.damaged-2",
    }
