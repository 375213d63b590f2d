"""Option chains in the layout of the LEAN engine: one zip a day and kind, one member a contract.

Reads `option/usa/minute/TICKER/DAY_KIND_american.zip` beside the folder of equities. Prices are
units of 0.0001, times milliseconds since midnight in New York, quantities contracts. Only what a
member's name says is known of a contract: expiry, right, strike.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from portway.market.importers.errors import RecordedDataError
from portway.model.derivative import Right

__all__ = ["ContractKey", "OptionArchive", "OptionFiles", "scan_options"]

MEMBER_BYTES_MAX: Final = 1 << 22
MEMBERS_MAX: Final = 50_000
ARCHIVE_BYTES_MAX: Final = 1 << 28
KINDS: Final = ("quote", "trade", "openinterest")
STRIKE_SCALE: Final = 10_000
_FILE: Final = re.compile(r"(\d{8})_(quote|trade|openinterest)_american\.zip", re.ASCII)
_MEMBER: Final = re.compile(r".*_(call|put)_(\d{1,12})_(\d{8})\.csv", re.ASCII)
_FETCH: Final = "fetch the file again, or move it out of the folder"


@dataclass(frozen=True, slots=True, order=True)
class ContractKey:
    """What a member's name says."""

    expiry: date
    strike: Decimal
    right: Right


@dataclass(frozen=True, slots=True)
class OptionFiles:
    """The files of one underlying: by day, by kind."""

    days: Mapping[date, Mapping[str, Path]]


def scan_options(equities: Path) -> Mapping[str, OptionFiles]:
    """Return the option files by lower-case ticker; empty where a folder has none.

    Args:
        equities: The folder `equity/usa`.
    """
    root = equities.parent.parent / "option" / "usa" / "minute"
    if not root.is_dir():
        return {}
    found: dict[str, OptionFiles] = {}
    for folder in sorted(one for one in root.iterdir() if one.is_dir()):
        days: dict[date, dict[str, Path]] = {}
        for path in sorted(folder.iterdir()):
            match = _FILE.fullmatch(path.name)
            day = None if match is None else _day(match[1])
            if match is not None and day is not None:
                days.setdefault(day, {})[match[2]] = path
        shown = {day: kinds for day, kinds in days.items() if kinds.keys() & {"quote", "trade"}}
        if shown:
            found[folder.name.lower()] = OptionFiles(shown)
    return found


class OptionArchive:
    """One archive, in memory: thousands of members are looked up without reading its list again."""

    def __init__(self, path: Path) -> None:
        """Read an archive and the names in it.

        Raises:
            RecordedDataError: If it cannot be read.
        """
        self.path = path
        try:
            if path.stat().st_size > ARCHIVE_BYTES_MAX:
                raise zipfile.BadZipFile(f"larger than {ARCHIVE_BYTES_MAX} bytes")
            self._zip = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
        except (OSError, zipfile.BadZipFile) as error:
            raise _damaged(path, error) from error
        self.members: dict[ContractKey, str] = {}
        for name in self._zip.namelist()[:MEMBERS_MAX]:
            key = _key(name)
            if key is not None:
                self.members[key] = name

    def rows(self, key: ContractKey, columns: int) -> list[tuple[int, ...]]:
        """Return the rows of a contract as whole numbers; an empty column is 0.

        Raises:
            RecordedDataError: If they cannot be read, or a row makes no sense.
        """
        member = self.members.get(key)
        if member is None:
            return []
        try:
            info = self._zip.getinfo(member)
            if info.file_size > MEMBER_BYTES_MAX:
                raise zipfile.BadZipFile(f"{member} is larger than {MEMBER_BYTES_MAX} bytes")
            lines = self._zip.read(info).decode("ascii").splitlines()
        except (zipfile.BadZipFile, zlib.error, UnicodeDecodeError) as error:
            raise _damaged(self.path, error) from error
        rows = []
        for number, line in enumerate(lines, 1):
            if not line or line.isspace():
                continue
            try:
                row = tuple(int(text or 0) for text in line.split(","))
            except ValueError:
                row = ()
            if len(row) != columns or min(row) < 0:
                reason = f"a row of {member} makes no sense"
                raise RecordedDataError(self.path, reason, way_out=_FETCH, line=number)
            rows.append(row)
        return rows


def _key(name: str) -> ContractKey | None:
    match = _MEMBER.fullmatch(name)
    expiry = None if match is None else _day(match[3])
    if match is None or expiry is None or int(match[2]) <= 0:
        return None
    right = Right.CALL if match[1] == "call" else Right.PUT
    return ContractKey(expiry, Decimal(int(match[2])) / STRIKE_SCALE, right)


def _day(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _damaged(path: Path, error: Exception) -> RecordedDataError:
    return RecordedDataError(path, f"the archive cannot be read ({error})", way_out=_FETCH)
