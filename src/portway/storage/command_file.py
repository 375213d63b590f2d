"""The file that commands are recorded in, and scripts are read from: one line each.

A recording is made beside the journal and is worth less: it is flushed to the system with each
line and to the disk at its end. When it cannot be written any more the server goes on without it,
and says so.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Final

from portway.storage.errors import ScriptUnreadable
from portway.trading.script import RECORDING_MARK

__all__ = ["CommandFile", "read_script_lines"]

log = logging.getLogger(__name__)

SCRIPT_BYTES_MAX: Final = 1 << 30


class CommandFile:
    """A recording that is being made."""

    def __init__(self, path: Path) -> None:
        """Make the file; one that is there already is left alone.

        Raises:
            ScriptUnreadable: If it exists, or cannot be made.
        """
        self.path = path
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise ScriptUnreadable(
                f"{path} exists: a recording begins with its server's start, name another file"
            ) from None
        except OSError as error:
            raise ScriptUnreadable(f"{path}: {error.strerror or error}") from error
        self._file = os.fdopen(descriptor, "wb")

    def write(self, line: bytes) -> None:
        """Add a line; after a failure nothing is added any more."""
        if self._file.closed:
            return
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            log.error("%s: %s; commands are no longer recorded", self.path, error)
            self._give_up()

    def close(self, line: bytes) -> None:
        """Add the last line and put everything on the disk."""
        self.write(line)
        if self._file.closed:
            return
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            log.error("%s: %s; the recording may be incomplete", self.path, error)

    def _give_up(self) -> None:
        try:
            self._file.close()
        except OSError:
            log.debug("%s was not closed in order", self.path)


def read_script_lines(path: Path) -> list[bytes]:
    """Return the lines of a script; of a recording, one that was cut off in writing is left out.

    Raises:
        ScriptUnreadable: If there is no such file, or it is too large.
    """
    try:
        if path.stat().st_size > SCRIPT_BYTES_MAX:
            raise ScriptUnreadable(f"{path} is larger than {SCRIPT_BYTES_MAX} bytes: cut it in two")
        text = path.read_bytes()
    except OSError as error:
        raise ScriptUnreadable(f"{path}: {error.strerror or error}") from error
    lines = text.splitlines()
    is_recording = bool(lines) and RECORDING_MARK in lines[0]
    if is_recording and not text.endswith(b"\n") and not _is_whole(lines[-1]):
        log.warning("%s ends within line %s, which is left out", path, len(lines))
        lines.pop()
    return lines


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
