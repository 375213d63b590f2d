"""Named scenarios: small files that make something certain happen on a seeded day.

A file says what happens to which symbols, relative to the start of the clock; `Scenario` turns it
into stories of the synthetic world and half days of the calendars. The seed goes on deciding
everything else.
"""

from portway.market.scenarios.files import (
    ScenarioError,
    load_scenario,
    scenario_names,
    scenario_titles,
)
from portway.market.scenarios.scenario import Scenario

__all__ = ["Scenario", "ScenarioError", "load_scenario", "scenario_names", "scenario_titles"]
