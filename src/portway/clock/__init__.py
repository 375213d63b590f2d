"""Market time: where each market's clock stands and how it moves.

`spec` reads what a user asks for, `clocks` holds the three modes as values that plan their way in
legs, `position` is what the home keeps. Nothing here reads the machine's clock: wall instants and
elapsed time are arguments, so every mode can be tested in no time.
"""

from portway.clock.clocks import AtClock, Clock, Leg, OpenClock, WallClock
from portway.clock.errors import ClockError
from portway.clock.position import ClockPosition
from portway.clock.spec import ClockMode, ClockSpec, parse_clock
from portway.clock.start import start_clock

__all__ = [
    "AtClock",
    "Clock",
    "ClockError",
    "ClockMode",
    "ClockPosition",
    "ClockSpec",
    "Leg",
    "OpenClock",
    "WallClock",
    "parse_clock",
    "start_clock",
]
