"""A script: clients' commands with the market instants at which they hold, as lines of JSON.

Recorded or written by hand, it is all that a venue needs beside its market to do the same again:
the same commands at the same instants leave the same journal, at any speed. The first line may say
from where a recording began; a line without a command is its end. Files are read and written
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from portway.model.command import (
    AuctionEnded,
    AuctionLocked,
    AuctionOpened,
    Command,
    ConfigureVenue,
    MarketMoved,
    SessionEnded,
    SessionOpened,
    TimeReached,
    TradingDayStarted,
    VenueSettings,
)
from portway.model.symbol import Market

__all__ = [
    "END",
    "RECORDING_MARK",
    "SCRIPT_LINES_MAX",
    "Script",
    "ScriptError",
    "ScriptLine",
    "ScriptOrigin",
    "format_line",
    "format_origin",
    "parse_script",
]

END: Final = "End"
SCRIPT_VERSION: Final = 1
SCRIPT_LINES_MAX: Final = 1_000_000
RECORDING_MARK: Final = b'"portway_script"'  # In the first line of a recording.

# What the clock, the market and the settings say; everything else comes from clients and owners.
_NOT_CLIENTS: Final = (
    ConfigureVenue,
    MarketMoved,
    TradingDayStarted,
    SessionOpened,
    SessionEnded,
    AuctionOpened,
    AuctionLocked,
    AuctionEnded,
    TimeReached,
)
_CLOCKED: Final = (Market.HK, Market.US, Market.CN)  # An instant alone is meant for all of them.
_TYPES: Final[dict[str, Any]] = {
    one.__name__: one for one in get_args(Command) if one not in _NOT_CLIENTS
}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")


class ScriptError(ValueError):
    """A script is unreadable, or does not fit; the text is one line with the way out."""


class ScriptLine(Struct, frozen=True):
    """What is to be done, and when.

    Attributes:
        instants: Market time, UTC; the line's turn comes when every market named here has got
            there. Markets that are not named do not matter.
        command: None: the end of the script.
    """

    instants: Mapping[Market, datetime]
    command: Command | None


class ScriptOrigin(Struct, frozen=True):
    """From where a recording began.

    Attributes:
        world: What the home keeps of its synthetic world, as its file has it.
        clock: Where the clock stood, likewise.
        is_replay: Whether recorded days were served.
        settings: How the venue traded.
        seq: Of the journal's last record; `chain`: its link, hexadecimal.
    """

    world: dict[str, Any]
    clock: dict[str, Any]
    is_replay: bool
    settings: VenueSettings
    seq: int
    chain: str


class Script:
    """Lines still to be carried out, in order.

    Attributes:
        origin: None in a script written by hand.
        done: How many commands have been carried out.
        end: The journal with which the recording ended, as (seq, chain); None: not told.
    """

    def __init__(
        self,
        lines: Iterable[ScriptLine],
        origin: ScriptOrigin | None = None,
        end: tuple[int, str] | None = None,
    ) -> None:
        self._lines = tuple(lines)
        self._next = 0
        self.done = 0
        self.origin = origin
        self.end = end

    @property
    def upcoming(self) -> ScriptLine | None:
        """The next line; None after the last one."""
        return self._lines[self._next] if self._next < len(self._lines) else None

    @property
    def left(self) -> int:
        """Lines that are still to come; an end counts."""
        return len(self._lines) - self._next

    def advance(self) -> None:
        """Leave the next line behind."""
        self.done += self._lines[self._next].command is not None
        self._next += 1


class _Line(Struct):
    at: datetime | dict[Market, datetime]
    do: str
    what: msgspec.Raw = msgspec.field(name="with", default_factory=msgspec.Raw)
    seq: int | None = None
    chain: str | None = None


class _Head(Struct):
    portway_script: int
    origin: ScriptOrigin


_LINE: Final = msgspec.json.Decoder(_Line)
_HEAD: Final = msgspec.json.Decoder(_Head)


def format_origin(origin: ScriptOrigin) -> bytes:
    """Return the first line of a recording, its end included."""
    return _ENCODER.encode({"portway_script": SCRIPT_VERSION, "origin": origin}) + b"\n"


def format_line(line: ScriptLine, *, seq: int | None = None, chain: str | None = None) -> bytes:
    """Return a line, its end included.

    Args:
        seq: Of the journal's last record, when the line is the end; `chain`: its link.
    """
    instants = set(line.instants.values())
    same = len(instants) == 1 and len(line.instants) == len(_CLOCKED)
    fields: dict[str, Any] = {"at": instants.pop() if same else line.instants}
    if line.command is None:
        fields |= {"do": END, "seq": seq, "chain": chain}
    else:
        fields |= {"do": type(line.command).__name__, "with": line.command}
    return _ENCODER.encode(fields) + b"\n"


def parse_script(lines: Iterable[bytes]) -> Script:
    """Read a script.

    Raises:
        ScriptError: If a line cannot be read, or is earlier than the one before.
    """
    origin: ScriptOrigin | None = None
    end: tuple[int, str] | None = None
    found: list[ScriptLine] = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        if number == 1 and RECORDING_MARK in text:
            origin = _origin(text)
            continue
        if number > SCRIPT_LINES_MAX:
            raise ScriptError(f"a script has at most {SCRIPT_LINES_MAX} lines: cut it in two")
        if found and found[-1].command is None:
            raise ScriptError(f"line {number} comes after the end: remove it, or the end before")
        line, told = _line(number, text)
        if found:
            _refuse_earlier(number, line, found[-1])
        found.append(line)
        end = told
    if not found:
        raise ScriptError("it has no commands: one stands on each line")
    return Script(found, origin, end)


def _origin(text: bytes) -> ScriptOrigin:
    try:
        head = _HEAD.decode(text)
    except msgspec.MsgspecError as error:
        raise ScriptError(f"line 1: {error}") from None
    if head.portway_script != SCRIPT_VERSION:
        raise ScriptError(
            f"the script has format {head.portway_script}, this program reads {SCRIPT_VERSION}:"
            " use the version that wrote it"
        )
    return head.origin


def _line(number: int, text: bytes) -> tuple[ScriptLine, tuple[int, str] | None]:
    try:
        line = _LINE.decode(text)
        instants = line.at if isinstance(line.at, dict) else dict.fromkeys(_CLOCKED, line.at)
        if not instants or any(one.tzinfo is None for one in instants.values()):
            raise ScriptError(f"line {number}: an instant is written as 2026-03-03T10:15:00+08:00")
        instants = {market: at.astimezone(UTC) for market, at in instants.items()}
        if line.do == END:
            told = (line.seq, line.chain) if line.seq is not None and line.chain else None
            return ScriptLine(instants, None), told
        if line.do not in _TYPES:
            raise ScriptError(f"line {number}: {line.do!r} is none of {', '.join(_TYPES)}, {END}")
        command: Command = msgspec.json.decode(line.what, type=_TYPES[line.do])
    except msgspec.MsgspecError as error:
        raise ScriptError(f"line {number}: {error}") from None
    return ScriptLine(instants, command), None


def _refuse_earlier(number: int, line: ScriptLine, before: ScriptLine) -> None:
    for market, at in line.instants.items():
        if market in before.instants and at < before.instants[market]:
            raise ScriptError(f"line {number} is earlier than the one before: put them in order")
