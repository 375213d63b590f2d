"""The write-ahead log: a torn end is passed over, damage before it is told, nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from portway.storage.errors import DatabaseCorrupt
from portway.storage.home import is_in_use, open_home
from portway.storage.log_tail import LogTail, log_tail
from portway.storage.sqlite import SqliteStore
from portway.trading.ports import JournalRecord

VENUE = "main"
BATCHES = 12
LENGTHS = 400


class Killed:
    """The files of a server that was killed: a database, and a log with some transactions."""

    def __init__(self, folder: Path, batches: int = BATCHES) -> None:
        self.path = folder / "portway.db"
        with closing(SqliteStore(self.path)) as store:
            for seq in range(1, batches + 1):
                payload = f"record {seq}".encode() * (seq * 40 % 173)
                store.append(VENUE, [JournalRecord(seq, payload)], ())
            self.file = self.path.read_bytes()
            self.log = Path(f"{self.path}-wal").read_bytes()
            self.records = list(store.read(VENUE))

    def tail(self, log: bytes, file: bytes | None = None) -> LogTail | None:
        """Look through another log beside the same file."""
        self.path.write_bytes(self.file if file is None else file)
        Path(f"{self.path}-wal").write_bytes(log)
        Path(f"{self.path}-shm").unlink(missing_ok=True)
        return log_tail(self.path)

    def kept(self) -> list[JournalRecord]:
        """What a server finds that starts on these files."""
        with closing(SqliteStore(self.path)) as store:
            return list(store.read(VENUE))


@pytest.fixture
def killed(tmp_path: Path) -> Killed:
    return Killed(tmp_path)


def lengths(killed: Killed) -> Iterator[int]:
    """Every boundary of a frame, one byte around each, and many random lengths."""
    whole = len(killed.log)
    frames = range(32, whole + 1, 24 + 4096)
    near = {place + by for place in frames for by in (-1, 0, 1)}
    anywhere = {Random(1).randrange(whole) for _ in range(LENGTHS)}
    yield from sorted(one for one in near | anywhere | {0, 1, whole} if 0 <= one <= whole)


def test_a_log_cut_anywhere_leaves_a_prefix_and_is_no_damage(killed: Killed) -> None:
    """What is left is exactly what the whole transactions of the rest hold, never more."""
    found, last = set(), -1
    for length in lengths(killed):
        tail = killed.tail(killed.log[:length])
        assert tail is None or not tail.is_damage, length
        if length % 3 and length < len(killed.log):
            continue  # A look at the journal takes longer; a third of them is enough.
        kept = killed.kept()
        assert kept == killed.records[: len(kept)], length
        assert len(kept) >= last, "a longer log never holds less"
        last = len(kept)
        found.add(last)
    assert found == set(range(BATCHES + 1))


def test_a_log_is_as_long_as_sqlite_reads_it(killed: Killed) -> None:
    """The count of transactions is SQLite's own: two make the tables, one each record."""
    tail = killed.tail(killed.log)
    assert tail is not None
    assert (tail.commits, tail.bad_frame, tail.lost_commits) == (BATCHES + 2, None, 0)


def test_a_changed_byte_before_the_last_transaction_is_told(killed: Killed) -> None:
    """And no server starts on it: SQLite would go on without what was answered."""
    frame = 24 + 4096
    random = Random(2)
    last = _last_transaction(killed.log)
    for _ in range(150):
        place = random.randrange(32, last)
        log = bytearray(killed.log)
        log[place] ^= 1 << random.randrange(8)
        tail = killed.tail(bytes(log))
        assert tail is not None
        number = (place - 32) // frame + 1
        assert (tail.is_damage, tail.bad_frame) == (True, number), place
        assert f"frame {number} is damaged" in str(tail)
        kept = killed.kept()
        assert len(kept) == max(0, tail.commits - 2)
        assert kept == killed.records[: len(kept)]


def test_a_changed_byte_of_the_last_transaction_cuts_it(killed: Killed) -> None:
    """It cannot be told from a power cut while it was written; it goes as a whole."""
    random = Random(3)
    last = _last_transaction(killed.log)
    for _ in range(40):
        log = bytearray(killed.log)
        log[random.randrange(last, len(log))] ^= 1 << random.randrange(8)
        tail = killed.tail(bytes(log))
        assert tail is None or not tail.is_damage
        assert killed.kept() == killed.records[:-1]


def _last_transaction(log: bytes) -> int:
    """Return where the last transaction begins."""
    frame = 24 + 4096
    ends = [
        place + frame
        for place in range(32, len(log), frame)
        if int.from_bytes(log[place + 4 : place + 8], "big")
    ]
    return ends[-2]


@pytest.mark.parametrize("place", [0, 3, 9, 10, 15, 17, 20, 25, 31])
def test_a_changed_header_of_the_log_is_told(killed: Killed, place: int) -> None:
    log = bytearray(killed.log)
    log[place] ^= 4
    tail = killed.tail(bytes(log))
    assert tail is not None
    assert tail.is_damage
    assert "header" in str(tail)


def test_a_header_torn_as_a_folded_log_began_anew_is_no_damage(tmp_path: Path) -> None:
    """All its pages stand in the database: nothing is lost with it."""
    killed = Killed(tmp_path)
    killed.tail(killed.log)
    killed.kept()  # Opened and closed: the log is folded into the file.
    file = killed.path.read_bytes()
    tail = killed.tail(b"\xff" + killed.log[1:], file)
    assert tail is not None
    assert not tail.is_damage


def test_frames_of_an_earlier_round_are_not_counted(tmp_path: Path) -> None:
    """A log is begun anew over what it held; what stands behind its end is of no account."""
    killed = Killed(tmp_path)
    path = killed.path
    store = SqliteStore(path)
    for seq in range(BATCHES + 1, BATCHES + 9):
        store.append(VENUE, [JournalRecord(seq, bytes(3000))], ())
    store.execute("PRAGMA wal_checkpoint(RESTART)")
    store.append(VENUE, [JournalRecord(BATCHES + 9, b"anew")], ())
    file, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    store.close()
    tail = killed.tail(log, file)
    assert tail is not None
    assert (tail.commits, tail.bad_frame) == (1, None)
    assert len(log) > 10 * 4096


def test_no_server_starts_on_a_log_with_damage(tmp_path: Path) -> None:
    """The refusal names the frame, what is lost, and both ways out."""
    with open_home(tmp_path / "home"):
        pass
    killed = Killed(tmp_path / "home")
    log = bytearray(killed.log)
    log[32 + 3 * (24 + 4096) + 100] ^= 1
    killed.tail(bytes(log))
    with pytest.raises(DatabaseCorrupt, match=r"frame 4 is damaged.*--cut"):
        open_home(tmp_path / "home")
    assert not is_in_use(tmp_path / "home"), "the lock is let go"
    killed.tail(killed.log[:-10])
    open_home(tmp_path / "home").close()


@pytest.mark.parametrize("content", [b"", b"\x37\x7f", bytes(31)])
def test_a_log_without_a_header_holds_nothing(tmp_path: Path, content: bytes) -> None:
    killed = Killed(tmp_path)
    assert killed.tail(content) is None
    assert log_tail(tmp_path / "other.db") is None


def test_a_log_begun_anew_over_a_torn_end_is_no_damage(killed: Killed) -> None:
    """The power went twice: a torn end was passed over, then the new header was torn."""
    random, last = Random(4), _last_transaction(killed.log)
    for length in (last + 100, last + 24 + 4096, last + 24 + 4096 + 7, len(killed.log) - 1):
        killed.tail(killed.log[:length])
        assert killed.kept() == killed.records[:-1]  # And what is whole is folded in.
        folded = killed.path.read_bytes()
        tail = killed.tail(random.randbytes(32) + killed.log[32:length], folded)
        assert tail is not None
        assert not tail.is_damage, length
        assert killed.kept() == killed.records[:-1]


def test_half_of_an_older_header_in_a_torn_transaction_is_no_damage(tmp_path: Path) -> None:
    """A header may lie across two sectors: what it says of itself is then half an older round's."""
    killed, frame = Killed(tmp_path, batches=60), 24 + 4096
    mixed = 0
    for place in range(32, len(killed.log) - frame, frame):
        ends = int.from_bytes(killed.log[place + 4 : place + 8], "big")
        if place // 512 == (place + 23) // 512 or ends:
            continue
        after = next(
            one + frame
            for one in range(place, len(killed.log), frame)
            if int.from_bytes(killed.log[one + 4 : one + 8], "big")
        )
        log = bytearray(killed.log[:after])
        log[place + 4 : place + 8] = (25).to_bytes(4, "big")
        tail = killed.tail(bytes(log))
        assert tail is not None
        assert not tail.is_damage, place
        mixed += 1
    assert mixed > 3
