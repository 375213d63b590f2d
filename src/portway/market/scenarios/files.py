"""The files of the scenarios: one TOML file each beside this module, named after the scenario.

Keys: `title`; `at` ("event": after the seconds of `after`; "start": on the starting day; "open": at
the next regular opening); `half_days`, markets whose day ends early; and `[[event]]` tables with
`symbols` ("*": all) or `indexes` (with their members and trackers), `path` (minutes since the event
and per cent off the undisturbed price), `band`, `halt`, `volume`, `calm`.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

from portway.market.scenarios.scenario import At, Band, Event, Scenario
from portway.model.symbol import Market, Symbol

__all__ = ["ScenarioError", "load_scenario", "scenario_names", "scenario_titles"]

_SUFFIX = ".toml"


class ScenarioError(ValueError):
    """There is no such scenario, or its file cannot be read; the message is one line."""


def scenario_names() -> tuple[str, ...]:
    """Return the names of all scenarios, sorted."""
    folder = resources.files("portway.market.scenarios")
    return tuple(
        sorted(one.name[: -len(_SUFFIX)] for one in folder.iterdir() if one.name.endswith(_SUFFIX))
    )


def scenario_titles() -> dict[str, str]:
    """Return what each scenario shows, in a line."""
    return {name: load_scenario(name).title for name in scenario_names()}


def load_scenario(name: str) -> Scenario:
    """Return a scenario by its name.

    Raises:
        ScenarioError: If there is none of that name, or its file is wrong.
    """
    if name not in scenario_names():
        known = ", ".join(scenario_names())
        raise ScenarioError(f"there is no scenario {name!r}; the scenarios are: {known}")
    path = resources.files("portway.market.scenarios") / f"{name}{_SUFFIX}"
    try:
        return _read(name, tomllib.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise ScenarioError(f"the file of scenario {name!r} is wrong: {error}") from error


def _read(name: str, values: dict[str, Any]) -> Scenario:
    return Scenario(
        name=name,
        title=values["title"],
        at=At(values.get("at", "event")),
        after_seconds=int(values.get("after", 0)),
        events=tuple(map(_event, values.get("event", []))),
        half_days=tuple(Market(one) for one in values.get("half_days", [])),
    )


def _event(values: dict[str, Any]) -> Event:
    band = values.get("band")
    halt = values.get("halt")
    return Event(
        symbols=tuple(map(Symbol, values.get("symbols", []))),
        indexes=tuple(map(Symbol, values.get("indexes", []))),
        path=tuple((int(minute), float(moved)) for minute, moved in values.get("path", [])),
        band=None if band is None else Band(**band),
        halt=None if halt is None else (int(halt["after"]), int(halt["minutes"])),
        volume=float(values.get("volume", 1.0)),
        calm=float(values.get("calm", 1.0)),
    )
