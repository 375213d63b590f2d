"""A synthetic market that is the same for a seed on every machine: `SyntheticWorld`.

Levels, each fixed by the one above: `years` (anchors and daily path) with `rough` (how a day goes
inside), `prices` and `days` (whole-number day bars), `sessions` and `minutes`, `prints` and `book`.
`stories` bend single days. `world` answers `MarketSource` from them.
"""

from portway.market.synthetic.stories import Story, StoryBand
from portway.market.synthetic.world import FIRST_DAY, LAST_DAY, CoolingOff, SyntheticWorld

__all__ = ["FIRST_DAY", "LAST_DAY", "CoolingOff", "Story", "StoryBand", "SyntheticWorld"]
