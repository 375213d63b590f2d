"""What a disk may hold after a power cut: what was flushed, and any part of what was not.

A write that was not flushed may be there, not there, there in some of its sectors, or torn in the
middle of one. A file that was deleted may be back until the next new file was flushed with its
folder. Nothing that was flushed is ever lost: that is the promise of a disk, and without it there
is none to make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise
from random import Random

from tests.simulation.disk import Call, Change

__all__ = ["Loss", "Platter"]

SECTOR_BYTES = 512


class Loss(Enum):
    """What becomes of writes that were not flushed."""

    NONE = auto()
    ALL = auto()
    SOME_SECTORS = auto()
    TORN = auto()


@dataclass
class _File:
    """Attributes: durable: As flushed last. pending: Changes since, in order."""

    durable: bytes = b""
    pending: list[Change] = field(default_factory=list)
    is_new: bool = True


@dataclass
class Platter:
    """The files of a folder, change by change."""

    files: dict[str, _File] = field(default_factory=dict)
    deleted: dict[str, _File] = field(default_factory=dict)

    @classmethod
    def holding(cls, files: Mapping[str, bytes]) -> Platter:
        """Begin with files that are safe."""
        return cls({name: _File(content, is_new=False) for name, content in files.items()})

    def apply(self, change: Change) -> None:
        """Take one more change of the disk."""
        name = change.file
        match change.call:
            case Call.OPEN:
                self.files.setdefault(name, _File())
            case Call.WRITE | Call.TRUNCATE:
                self.files[name].pending.append(change)
            case Call.SYNC:
                file = self.files[name]
                file.durable, file.pending = _applied(file.durable, file.pending), []
                if file.is_new:  # SQLite flushes the folder with a new file.
                    file.is_new = False
                    self.deleted.clear()
            case Call.DELETE:
                self.deleted[name] = self.files.pop(name)

    def after(self, loss: Loss, random: Random) -> dict[str, bytes]:
        """Return the files as the next start finds them, by name."""
        found = {}
        for name, file in self.files.items():
            found[name] = _applied(file.durable, _survivors(file.pending, loss, random))
        for name, file in self.deleted.items():
            is_back = loss is Loss.ALL or (loss is not Loss.NONE and random.random() < 0.5)
            if is_back and (name not in self.files or self.files[name].is_new):
                found[name] = file.durable
        return found


def _applied(content: bytes, changes: Sequence[Change]) -> bytes:
    after = bytearray(content)
    for change in changes:
        if change.call is Call.TRUNCATE:
            del after[change.size :]
            continue
        end = change.offset + len(change.data)
        after.extend(bytes(max(0, end - len(after))))
        after[change.offset : end] = change.data
    return bytes(after)


def _survivors(pending: Sequence[Change], loss: Loss, random: Random) -> list[Change]:
    match loss:
        case Loss.NONE:
            return list(pending)
        case Loss.ALL:
            return []
        case Loss.SOME_SECTORS:
            pieces = (piece for change in pending for piece in _sectors(change))
            return [piece for piece in pieces if random.random() < 0.5]
        case Loss.TORN:
            return _torn(pending, random)


def _sectors(change: Change) -> list[Change]:
    """Cut a write at the sectors of the disk."""
    if change.call is Call.TRUNCATE:
        return [change]
    first = SECTOR_BYTES - change.offset % SECTOR_BYTES
    cuts = [0, *range(first, len(change.data), SECTOR_BYTES), len(change.data)]
    return [
        Change(Call.WRITE, change.file, change.offset + begin, change.data[begin:end])
        for begin, end in pairwise(cuts)
        if end > begin
    ]


def _torn(pending: Sequence[Change], random: Random) -> list[Change]:
    """Keep the writes up to one; that one ends early, and what follows in its sector is noise."""
    if not pending:
        return []
    last = random.randrange(len(pending))
    change = pending[last]
    if change.call is Call.TRUNCATE:
        return list(pending[:last])
    cut = random.randrange(len(change.data))
    noise = random.randbytes(min(SECTOR_BYTES, len(change.data) - cut))
    torn = Change(Call.WRITE, change.file, change.offset, change.data[:cut] + noise)
    return [*pending[:last], torn]
