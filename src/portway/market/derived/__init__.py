"""Markets in what is written on something else: options, warrants, callable contracts.

Each is a source like any other, but draws no path of its own: its prices follow the underlying's,
from whatever source that comes, and its prints are few and drawn by address. Contracts are made
when somebody asks for one; nothing is kept of those that nobody looks at.
"""

from portway.market.derived.markets import DerivedMarkets
from portway.market.derived.options import ChainStrike, ChainTotals, OptionMarket
from portway.market.derived.recorded_chains import RecordedChains, optionable
from portway.market.derived.underlyings import Underlyings
from portway.market.derived.warrants import WarrantMarket

__all__ = [
    "ChainStrike",
    "ChainTotals",
    "DerivedMarkets",
    "OptionMarket",
    "RecordedChains",
    "Underlyings",
    "WarrantMarket",
    "optionable",
]
