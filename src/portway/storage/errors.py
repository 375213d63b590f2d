"""What can be wrong with stored data, each with its way out in the message.

StorageError
├── HomeLocked       another server uses the folder
├── HomeUnusable     the folder or its version file is damaged, or cannot be written
├── WrongVersion     the data were written by another version
├── DatabaseCorrupt  the database file is damaged
├── ArchiveDamaged   a backup is not what was written
├── ScriptUnreadable a recording of commands cannot be read, or not be made
└── DataFileDamaged  a file of imported bars or ticks is damaged
"""

from __future__ import annotations

from pathlib import Path

from portway.market.ports import SourceDamaged

__all__ = [
    "ArchiveDamaged",
    "DataFileDamaged",
    "DatabaseCorrupt",
    "HomeLocked",
    "HomeUnusable",
    "ScriptUnreadable",
    "StorageError",
    "WrongVersion",
]


class StorageError(Exception):
    """Base of this layer's exceptions; the message is one line for the owner."""


class HomeLocked(StorageError):
    """Another server uses the folder.

    Attributes:
        pid: Its process, None when it is not known.
    """

    def __init__(self, message: str, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class HomeUnusable(StorageError):
    """The folder or its version file is damaged, or cannot be written."""


class WrongVersion(StorageError):
    """The data were written by a version that this program does not read."""


class DatabaseCorrupt(StorageError):
    """The database file is damaged or not a database."""


class ScriptUnreadable(StorageError):
    """A recording of commands cannot be read, or not be made."""


class ArchiveDamaged(StorageError):
    """A backup is not what was written, or is none."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is damaged: {reason}; take another backup")


class DataFileDamaged(StorageError, SourceDamaged):
    """A file of imported bars or ticks cannot be read; its symbol has no data from it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; import the data again, or restore the file")
