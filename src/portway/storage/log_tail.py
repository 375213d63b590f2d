"""What stands in SQLite's write-ahead log behind the last transaction that it can read.

A log is read up to the first frame whose checksum does not fit; what comes after is passed over in
silence. After a power cut that is right: the last transaction was torn while it was written, and
nobody was answered. Where more than one transaction is passed over, answered ones are among them,
since each is flushed before the next begins: then the log itself is damaged, and that has to be
told. Only for a database that nobody has open.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["LogTail", "log_tail"]

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC: Final = 0x377F0682  # The lowest bit says in which order the checksums read their words.
_WORD: Final = 0xFFFFFFFF
_SECTOR_BYTES: Final = 512  # The least that a disk writes as a whole.


@dataclass(frozen=True, slots=True)
class LogTail:
    """How far a log can be read, and what it passes over.

    Attributes:
        path: Of the log.
        commits: Transactions that can be read.
        bad_frame: The first frame, from 1, that cannot be read and belongs to this log; 0: its
            header; None: the log is whole.
        lost_commits: Transactions from there on whose end is in the file.
    """

    path: Path
    commits: int
    bad_frame: int | None = None
    lost_commits: int = 0

    @property
    def is_damage(self) -> bool:
        """Whether more than a last transaction, torn while it was written, is passed over."""
        return self.bad_frame == 0 or self.lost_commits > 1

    def __str__(self) -> str:
        if self.bad_frame is None:
            return f"{self.path}: {self.commits} transactions, whole"
        if self.bad_frame == 0:
            return f"{self.path}: its header is damaged; nothing of it can be read"
        if self.is_damage:
            return (
                f"{self.path}: frame {self.bad_frame} is damaged; {self.lost_commits} transactions "
                f"from there on cannot be read, {self.commits} before it can"
            )
        return (
            f"{self.path}: the last transaction was cut off at frame {self.bad_frame} while it was "
            f"written; it is passed over, {self.commits} before it stand"
        )


def log_tail(database: Path) -> LogTail | None:
    """Look through the log beside a database; None: there is none, or nothing is in it.

    Raises:
        OSError: If it cannot be read.
    """
    path = Path(f"{database}-wal")
    if not path.exists():
        return None
    data = path.read_bytes()
    if len(data) < _HEADER.size:
        return None
    magic, _, page_bytes, _, salt1, salt2, sum1, sum2 = _HEADER.unpack_from(data)
    order = "<" if magic == _MAGIC else ">"
    is_sound = magic | 1 == _MAGIC | 1 and page_bytes in {1 << n for n in range(9, 17)}
    if not is_sound or _sums((0, 0), data[:24], order) != (sum1, sum2):
        lost = not _is_folded(database, data)
        return LogTail(path, 0, 0) if lost else LogTail(path, 0)
    return _walk(path, data, page_bytes, (salt1, salt2), (sum1, sum2), order)


def _walk(
    path: Path,
    data: bytes,
    page_bytes: int,
    salts: tuple[int, int],
    sums: tuple[int, int],
    order: str,
) -> LogTail:
    size = _FRAME.size + page_bytes
    commits, number, begun = 0, 0, 0
    bad: int | None = None
    lost = 0
    for place in range(_HEADER.size, len(data) - _FRAME.size + 1, size):
        number += 1
        _, pages, salt1, salt2, sum1, sum2 = _FRAME.unpack_from(data, place)
        if bad is None:
            page = data[place + _FRAME.size : place + size]
            sums = _sums(sums, data[place : place + 8], order)
            sums = _sums(sums, page, order) if len(page) == page_bytes else (0, 0)
            if (salt1, salt2) == salts and sums == (sum1, sum2) and len(page) == page_bytes:
                begun += 1
                if pages:
                    commits, begun = commits + 1, 0
                continue
            bad = number
        # Half of a header may be new after a power cut, and half of it an older round's.
        may_be_mixed = place // _SECTOR_BYTES != (place + _FRAME.size - 1) // _SECTOR_BYTES
        if (salt1, salt2) == salts and pages and not may_be_mixed:
            lost += 1
    # Frames of an earlier round of the log stand behind its end: their salts are others.
    is_ours = lost or begun or (bad is not None and _salts_at(data, bad, size) == salts)
    if not is_ours:
        return LogTail(path, commits)
    return LogTail(path, commits, bad if bad is not None else number + 1, lost)


def _salts_at(data: bytes, number: int, size: int) -> tuple[int, int]:
    found = _FRAME.unpack_from(data, _HEADER.size + (number - 1) * size)
    return found[2], found[3]


def _sums(sums: tuple[int, int], data: bytes, order: str) -> tuple[int, int]:
    """SQLite's checksum: two sums that run over pairs of words."""
    one, two = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data[: len(data) // 4 * 4])
    for first, second in zip(words[::2], words[1::2], strict=False):
        one = (one + first + two) & _WORD
        two = (two + second + one) & _WORD
    return one, two


def _is_folded(database: Path, data: bytes) -> bool:
    """Tell whether what a log without a header holds stands in the database as well.

    So it is when the power went while a log that had been folded in was begun anew.
    """
    try:
        with database.open("rb") as file:
            header = file.read(18)
            page_bytes = int.from_bytes(header[16:18], "big")
            page_bytes = 65536 if page_bytes == 1 else page_bytes
            if not page_bytes:
                return False
            for page, content in _committed(data, page_bytes).items():
                file.seek((page - 1) * page_bytes)
                if file.read(page_bytes) != content:
                    return False
    except OSError:
        return False
    return True


def _committed(data: bytes, page_bytes: int) -> dict[int, bytes]:
    """The pages of every whole transaction from the first frame on, the latest of each.

    Checksums run on from frame to frame, so that the frames vouch for each other where the header
    does not. A torn end, which an earlier start had passed over, belongs to none of them.
    """
    size = _FRAME.size + page_bytes
    orders = ("<", ">")
    return max((_chain(data, size, order) for order in orders), key=len)


def _chain(data: bytes, size: int, order: str) -> dict[int, bytes]:
    whole: dict[int, bytes] = {}
    begun: dict[int, bytes] = {}
    sums: tuple[int, int] | None = None
    for place in range(_HEADER.size, len(data) - size + 1, size):
        number, pages, _, _, sum1, sum2 = _FRAME.unpack_from(data, place)
        page = data[place + _FRAME.size : place + size]
        if sums is not None:
            sums = _sums(_sums(sums, data[place : place + 8], order), page, order)
            if sums != (sum1, sum2):
                break
        sums = (sum1, sum2)
        begun[number] = page
        if pages:
            whole |= begun
            begun = {}
    return whole
