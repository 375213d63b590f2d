"""Commands recorded to a file and repeated from one, with the market instants at which they hold.

A recording says from where it began, so that a fresh home can be made that begins there too, and
with what journal it ended, so that a repetition can be told from one that went another way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from portway.assemble.desk import Desk
from portway.assemble.names import CLOCK_FILE, VENUE, WORLD_FILE
from portway.clock import ClockMode
from portway.conductor import Conductor
from portway.gateway.http.admin import Endpoint
from portway.gateway.http.request import Request
from portway.model.command import Command, VenueSettings
from portway.model.symbol import Market
from portway.settings import Settings
from portway.storage.command_file import CommandFile, read_script_lines
from portway.storage.home import Home, read_json, write_json
from portway.storage.sqlite import SqliteStore
from portway.trading.script import (
    Script,
    ScriptError,
    ScriptLine,
    ScriptOrigin,
    format_line,
    format_origin,
    parse_script,
)

__all__ = ["Scripts"]

log = logging.getLogger(__name__)

WAIT_SECONDS_MAX: Final = 300


class Scripts:
    """What one server records and repeats; nothing of both unless it was asked for."""

    def __init__(self, settings: Settings, home: Home) -> None:
        """Read the script that is to be repeated; let a fresh home begin where it does.

        Raises:
            ScriptError, StorageError: If it cannot be read, or the home is another one.
        """
        self._settings = settings
        self._home = home
        self._file: CommandFile | None = None
        self._noted = 0
        self._ended = asyncio.Event()
        self._matches: bool | None = None
        self._script: Script | None = None
        if settings.repeat_commands is not None:
            self._script = _read(settings.repeat_commands)
            if self._script.origin is not None:
                self._begin_as(self._script.origin)

    @property
    def is_waiting(self) -> bool:
        """Whether lines are still to come."""
        return self._script is not None and bool(self._script.left)

    def venue_settings(self, stands: VenueSettings) -> VenueSettings:
        """Return how the venue trades: as it did when the commands were recorded."""
        origin = self._script.origin if self._script is not None else None
        return stands if origin is None else origin.settings

    def begin(
        self, conductor: Conductor, desk: Desk, store: SqliteStore, settings: VenueSettings
    ) -> None:
        """Begin to repeat and to record, from where the clock stands.

        Raises:
            ScriptError, StorageError: If the home stands elsewhere than the recording began, or
                the file cannot be made.
        """
        self._store = store
        if self._script is not None:
            self._refuse_other_journal(self._script.origin)
            conductor.repeat(self._script, self._at_end)
            if not conductor.is_moving:
                log.warning(
                    "the clock stands still: --speed N, or a step of it, lets commands come"
                )
        if self._settings.record_commands is not None:
            self._file = CommandFile(self._settings.record_commands)
            self._file.write(format_origin(self._origin(conductor, settings)))
            conductor.note_commands(self._note)
            desk.submit_through(conductor.submit)

    def end(self, conductor: Conductor) -> None:
        """Write the end of the recording: where the clock stands, and the journal."""
        if self._file is None:
            return
        seq, chain = self._store.head(VENUE)
        line = ScriptLine(dict(conductor.position.instants), None)
        self._file.close(format_line(line, seq=seq, chain=chain))

    def routes(self) -> dict[tuple[str, str], Endpoint]:
        """Return the endpoints of the admin API."""
        return {("GET", "commands"): self._state}

    async def _state(self, request: Request) -> dict[str, Any]:
        """How far it is; `wait=SECONDS` answers when the script has ended, or after so long."""
        wait = request.integer("wait", least=0, most=WAIT_SECONDS_MAX) or 0
        if wait and self.is_waiting:
            try:
                await asyncio.wait_for(self._ended.wait(), wait)
            except TimeoutError:
                log.debug("the script goes on")
        seq, chain = self._store.head(VENUE)
        return {
            "recorded": None if self._file is None else self._noted,
            "repeated": None if self._script is None else self._script.done,
            "left": 0 if self._script is None else self._script.left,
            "matches": self._matches,
            "journal": {"seq": seq, "chain": chain},
        }

    def _note(self, instants: Mapping[Market, datetime], command: Command) -> None:
        assert self._file is not None, "it is recorded"
        self._noted += 1
        self._file.write(format_line(ScriptLine(instants, command)))

    def _at_end(self) -> None:
        assert self._script is not None, "it has ended"
        self._ended.set()
        seq, chain = self._store.head(VENUE)
        if self._script.end is None:
            log.info("the script is carried out: %s commands", self._script.done)
            return
        self._matches = self._script.end == (seq, chain)
        if self._matches:
            log.info("the journal is the recorded one: %s records, link %s", seq, chain)
        else:
            log.error(
                "the journal is not the recorded one: %s records, link %s, and not %s, link %s",
                *(seq, chain, *self._script.end),
            )

    # -- where a recording begins ---------------------------------------------------------------

    def _origin(self, conductor: Conductor, settings: VenueSettings) -> ScriptOrigin:
        seq, chain = self._store.head(VENUE)
        return ScriptOrigin(
            world=read_json(self._home.path / WORLD_FILE) or {},
            clock=conductor.position.to_json(),
            is_replay=self._settings.replay is not None,
            settings=settings,
            seq=seq,
            chain=chain,
        )

    def _begin_as(self, origin: ScriptOrigin) -> None:
        """Give a fresh home the world and the clock of a recording; refuse another world."""
        if origin.is_replay and self._settings.replay is None:
            raise ScriptError(
                f"{self._settings.repeat_commands} was recorded over recorded days: name their"
                " folder with --replay"
            )
        world = self._home.path / WORLD_FILE
        stored = read_json(world)
        if stored is None and not self._home.database.exists():
            write_json(world, origin.world)
            write_json(self._home.path / CLOCK_FILE, _simulated(origin.clock))
        elif stored != origin.world:
            raise ScriptError(
                f"{self._home.path} has another world than {self._settings.repeat_commands}:"
                " take a fresh --home"
            )

    def _refuse_other_journal(self, origin: ScriptOrigin | None) -> None:
        if origin is not None and (origin.seq, origin.chain) != self._store.head(VENUE):
            raise ScriptError(
                f"{self._home.path} stands elsewhere than {self._settings.repeat_commands} begins:"
                " take a fresh --home, or the copy of the home from which it was recorded"
            )


def _read(path: Path) -> Script:
    try:
        return parse_script(read_script_lines(path))
    except ScriptError as error:
        raise ScriptError(f"{path}: {error}") from None


def _simulated(clock: Mapping[str, Any]) -> dict[str, Any]:
    """Return a clock's position as one that can be moved: real time comes only once."""
    mode = clock["mode"]
    return {**clock, "mode": ClockMode.AT.value if mode == ClockMode.WALL.value else mode}
