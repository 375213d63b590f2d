"""A synthetic market that is the same for a seed on every machine: `SyntheticWorld`.

Levels, each fixed by the one above: `years` (anchors and daily path), `days` (whole-number day
bars), `sessions` and `minutes`, `prints` and `book`. `world` answers `MarketSource` from them.
"""

from portway.market.synthetic.world import FIRST_DAY, LAST_DAY, SyntheticWorld

__all__ = ["FIRST_DAY", "LAST_DAY", "SyntheticWorld"]
