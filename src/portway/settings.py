"""One frozen value with everything a server can be told: flags, environment and file meet here.

Reads nothing itself: the command line collects flags, `PORTWAY_*` variables and the home's
`portway.toml` (in this order of precedence) and builds the value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from portway.clock import ClockSpec

__all__ = ["DEFAULT_SEED", "SERVER_FILE", "Ports", "Settings"]

DEFAULT_SEED = 1
SERVER_FILE = "server.json"  # In the home while a server runs: its addresses and credentials.


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports of the five listeners; 0 means any free one."""

    http: int = 8700
    quote: int = 8701
    trade: int = 8702
    quote_tcp: int = 8711
    trade_tcp: int = 8712

    @classmethod
    def free(cls) -> Ports:
        """Let the system choose all five."""
        return cls(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Settings:
    """How one server runs.

    Attributes:
        home: Folder of the state: accounts, journal, clock position, addresses.
        host: Address to listen on; loopback unless told otherwise.
        clock: What was asked for; None goes on as the home stands (a fresh home: `open`).
        speed: Market seconds per wall second; None: as the home stands, at first 1.
        seed: Fixes the synthetic market; None takes the home's, or `DEFAULT_SEED`.
        scenario: Named scenario that the synthetic market tells; None takes the home's, or none.
        replay: Folder of recorded days whose symbols are served instead of synthetic ones.
        fill_model: How orders fill: `touch`, `depth` or `queue`; None: as the home stands.
        rejects: `late` or `early`: whether a lack of money or shares is told after an id was given
            or at submission; None: as the home stands.
        liquidates: Whether positions of accounts in danger are closed; None: as the home stands.
        not_lent: Symbols that cannot be sold short; None: as the home stands.
        record_commands: File to keep clients' commands in, with their market instants.
        repeat_commands: File of such commands that are carried out when their instants come.
        limits: Name of the profile of limits: `service`, `published` or `none`.
    """

    home: Path
    host: str = "127.0.0.1"
    ports: Ports = field(default_factory=Ports)
    clock: ClockSpec | None = None
    speed: float | None = None
    seed: int | None = None
    scenario: str | None = None
    replay: Path | None = None
    fill_model: str | None = None
    rejects: str | None = None
    not_lent: tuple[str, ...] | None = None
    liquidates: bool | None = None
    record_commands: Path | None = None
    repeat_commands: Path | None = None
    limits: str = "service"
    log_level: str = "info"
    log_json: bool = False
