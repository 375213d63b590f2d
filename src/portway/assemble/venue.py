"""What was asked of a venue on the command line, put over how the home's venue trades.

Whatever was not asked for stays as the journal says, so that a server that starts again without
flags goes on as before.
"""

from __future__ import annotations

from msgspec.structs import replace

from portway.model.command import FillModel, RejectTiming, VenueSettings
from portway.model.symbol import parse_symbol
from portway.settings import Settings

__all__ = ["venue_settings"]


def venue_settings(asked: Settings, stands: VenueSettings) -> VenueSettings:
    """Return how the venue is to trade from now on.

    Raises:
        MalformedSymbol: If a symbol that was named is none.
    """
    if asked.fill_model is not None:
        stands = replace(stands, fill_model=FillModel[asked.fill_model.upper()])
    if asked.rejects is not None:
        stands = replace(stands, rejects=RejectTiming[asked.rejects.upper()])
    if asked.not_lent is not None:
        symbols = tuple(parse_symbol(one) for one in asked.not_lent)
        stands = replace(stands, money=replace(stands.money, not_lent=symbols))
    if asked.liquidates is not None:
        stands = replace(stands, money=replace(stands.money, liquidates=asked.liquidates))
    return stands
