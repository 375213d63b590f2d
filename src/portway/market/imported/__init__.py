"""Imported data as a market source: bars, ticks and corporate actions that lie in the home."""

from portway.market.imported.source import ImportedSource

__all__ = ["ImportedSource"]
