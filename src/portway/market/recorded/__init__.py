"""Replay of recorded days: prints and best quotes of US securities from a folder of files.

`open_lean` opens a folder; the source that it returns serves the symbols recorded there and no
others. Rules of their own modules: sale conditions, the merge of quotes, the order of events.
"""

from portway.market.importers.errors import RecordedDataError
from portway.market.recorded.conditions import SALE_CONDITIONS
from portway.market.recorded.national_best import QuoteFeed
from portway.market.recorded.source import RecordedCounts, RecordedSource, open_lean

__all__ = [
    "SALE_CONDITIONS",
    "QuoteFeed",
    "RecordedCounts",
    "RecordedDataError",
    "RecordedSource",
    "open_lean",
]
