"""The world of a home: its seed and its scenario, decided at the first start and kept.

What a scenario makes happen is counted from where each market's clock stood at that start, so a
server that starts again tells the same day again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portway.assemble.names import WORLD_FILE
from portway.market.reference import Reference
from portway.market.scenarios import Scenario, ScenarioError, load_scenario
from portway.market.synthetic import Story
from portway.model.symbol import Market, Symbol
from portway.settings import DEFAULT_SEED, Settings
from portway.storage.home import Home, read_json, write_json

__all__ = ["HomeWorld", "WorldRefused", "home_world"]


class WorldRefused(ValueError):
    """The home has another world than was asked for; the message is one line with the way out."""


@dataclass(frozen=True, slots=True)
class HomeWorld:
    """What fixes the synthetic market of a home.

    Attributes:
        starts: Where each market's clock stood at the first start; empty without a scenario.
    """

    seed: int
    scenario: Scenario | None = None
    starts: Mapping[Market, datetime] | None = None

    def calendars(self, reference: Reference) -> Reference:
        """Return the reference with the scenario's half days."""
        if self.scenario is None or self.starts is None:
            return reference
        return self.scenario.calendars(reference, self.starts)

    def stories(self, reference: Reference) -> Mapping[tuple[Symbol, date], Story]:
        """Return what the synthetic world is to tell."""
        if self.scenario is None or self.starts is None:
            return {}
        return self.scenario.stories(self.seed, reference, self.starts)


def home_world(
    settings: Settings, home: Home, starts: Callable[[], Mapping[Market, datetime]]
) -> HomeWorld:
    """Return the home's world; the first start decides it.

    Args:
        starts: Where the markets' clocks stand; asked at a first start with a scenario alone.

    Raises:
        WorldRefused: If the home has another seed or another scenario.
    """
    path = home.path / WORLD_FILE
    stored = read_json(path)
    if stored is None:
        stored = {"seed": settings.seed if settings.seed is not None else DEFAULT_SEED}
        if settings.scenario is not None:
            _load(settings.scenario)  # A wrong name is refused before it is remembered.
            stored["scenario"] = settings.scenario
            stored["starts"] = {market: at.isoformat() for market, at in starts().items()}
        write_json(path, stored)
    if not isinstance(stored.get("seed"), int):
        raise WorldRefused(
            f"{path} is damaged: it names no seed; restore it, or use another --home"
        )
    _refuse_other(settings, home, stored)
    name = stored.get("scenario")
    if name is None:
        return HomeWorld(int(stored["seed"]))
    instants = {
        Market(market): datetime.fromisoformat(at) for market, at in stored["starts"].items()
    }
    return HomeWorld(int(stored["seed"]), _load(name), instants)


def _refuse_other(settings: Settings, home: Home, stored: Mapping[str, Any]) -> None:
    seed, scenario = int(stored["seed"]), stored.get("scenario")
    if settings.seed is not None and settings.seed != seed:
        raise WorldRefused(
            f"the world of {home.path} has seed {seed}, not {settings.seed}:"
            " leave --seed out, or take another --home"
        )
    if settings.scenario is not None and settings.scenario != scenario:
        has = f"scenario {scenario}" if scenario else "no scenario"
        raise WorldRefused(
            f"the world of {home.path} has {has}, not {settings.scenario}:"
            " leave --scenario out, or take another --home"
        )


def _load(name: str) -> Scenario:
    try:
        return load_scenario(name)
    except ScenarioError as error:
        raise WorldRefused(str(error)) from error
