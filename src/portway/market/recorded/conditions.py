"""Sale conditions of recorded US prints, and the trade type that each becomes on the wire.

The bits are those of the enum `TradeConditionFlags` of the LEAN engine (QuantConnect/Lean,
Common/Data/Auxiliary/TradeConditionFlags.cs, Apache-2.0), in which the tick files of its data
folder are written. The codes are the US trade types of the quote protocol, chosen by what a
condition means for prices on the consolidated tape: a condition whose prints never move the last
price becomes a code that clients count as volume only, or not at all.

Nothing here knows a file or a time of day; the session of a print is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from portway.model.quote import TradeSession

__all__ = [
    "SALE_CONDITIONS",
    "Cross",
    "SaleCondition",
    "TradeClass",
    "classify",
    "unknown_bits",
]

SUSPICIOUS_TYPE: Final = "H"  # A price that the recorder doubts: its shares count, it does not.
LATE_TYPE: Final = "G"


class Cross(Enum):
    """Single-price prints of an auction, which have no aggressor."""

    OPENING = auto()
    CLOSING = auto()


@dataclass(frozen=True, slots=True)
class SaleCondition:
    """One bit of the flags of a print.

    Attributes:
        name: As the enum spells it.
        trade_type: The US code of the quote protocol; "" leaves the print ordinary.
        why: What decided for the code.
        cross: Which auction it is a print of.
        closes: Whether it belongs to the regular session although it comes after its end.
        extended: Whether it says that the trade was made before or after the regular session.
    """

    bit: int
    name: str
    trade_type: str
    why: str
    cross: Cross | None = None
    closes: bool = False
    extended: bool = False


_SPECIAL = "other settlement than usual, so the price does not compare: volume only"
_LATE = "reported late, out of its place in the sequence: volume only"

SALE_CONDITIONS: Final = (
    SaleCondition(0, "Regular", "", "regular way"),
    SaleCondition(1, "Cash", "C", _SPECIAL),
    SaleCondition(2, "NextDay", "C", _SPECIAL),
    SaleCondition(3, "Seller", "C", _SPECIAL),
    SaleCondition(4, "YellowFlag", "", "a regular trade at an unusual moment; updates everything"),
    SaleCondition(5, "IntermarketSweep", "F", "intermarket sweep"),
    SaleCondition(
        6, "OpeningPrints", "", "the opening cross: a trade, unlike Q", cross=Cross.OPENING
    ),
    SaleCondition(
        7,
        "ClosingPrints",
        "",
        "the closing cross: a trade, unlike M; printed after the bell, it is the day's close",
        cross=Cross.CLOSING,
        closes=True,
    ),
    SaleCondition(8, "ReOpeningPrints", "", "the cross after a halt", cross=Cross.OPENING),
    SaleCondition(9, "DerivativelyPriced", "H", "not priced from the quotes: volume only"),
    SaleCondition(10, "FormT", "", "the session says it", extended=True),
    SaleCondition(11, "Sold", LATE_TYPE, _LATE),
    SaleCondition(12, "Stopped", "1", "stopped stock"),
    SaleCondition(13, "ExtendedHours", "", "the session says it", extended=True),
    SaleCondition(14, "OutOfSequence", LATE_TYPE, _LATE),
    SaleCondition(15, "Split", "S", "split trade"),
    SaleCondition(16, "Acquisition", "A", "acquisition"),
    SaleCondition(17, "Bunched", "B", "bunched trade"),
    SaleCondition(18, "StockOption", "V", "contingent on an option trade"),
    SaleCondition(19, "Distribution", "D", "distribution"),
    SaleCondition(20, "AveragePrice", "W", "average price"),
    SaleCondition(21, "Cross", "X", "crossing session"),
    SaleCondition(22, "PriceVariation", "H", "far from the prevailing price"),
    SaleCondition(23, "Rule155", "K", "rule 155"),
    SaleCondition(24, "OfficialClose", "M", "a value, not a trade", closes=True),
    SaleCondition(25, "PriorReferencePrice", "P", "price of an earlier moment"),
    SaleCondition(26, "OfficialOpen", "Q", "a value, not a trade"),
    SaleCondition(27, "CapElection", "", "elected by a sweep: a regular trade"),
    SaleCondition(28, "AutoExecution", "E", "automatic execution; clients let it set the price"),
    SaleCondition(29, "TradeThroughExempt", "", "says why a better quote was passed over"),
    SaleCondition(31, "OddLot", "I", "odd lot"),
)
"""Every bit that is understood. Bit 30 has no meaning in the enum and counts as unknown."""

# Of several codes the most cautious one counts: first those that clients ignore, then those that
# carry volume alone, and a code that sets the price only when no other bit speaks against it.
PRECEDENCE: Final = "MQPCWVHGIABDKSX1EF"

_BY_BIT: Final = {one.bit: one for one in SALE_CONDITIONS}
_KNOWN_MASK: Final = sum(1 << one.bit for one in SALE_CONDITIONS)


@dataclass(frozen=True, slots=True)
class TradeClass:
    """What the conditions of a print make of it.

    Attributes:
        has_side: Whether its price says who took the initiative: not for auctions, official
            values and prints whose price was not made at that moment.
    """

    trade_type: str
    session: TradeSession
    has_side: bool


# The codes of ordinary executions against the book.
_SIDED_TYPES: Final = frozenset({"", "F", "E", "I"})


def unknown_bits(flags: int) -> int:
    """Return the bits of `flags` that no row of the table explains."""
    return flags & ~_KNOWN_MASK


@lru_cache(maxsize=4096)
def classify(flags: int, session: TradeSession, *, suspicious: bool = False) -> TradeClass:
    """Return trade type and session of a print.

    Two prints keep or change what the clock says: the closing cross and the official close belong
    to the regular session although they come after its end; and a print marked as made outside
    regular hours that arrives within them carries volume alone.

    Args:
        flags: Bits of `SALE_CONDITIONS`; unknown ones make nothing of the print.
        session: What the print's New York time says.
        suspicious: Whether the recorder doubts the row.
    """
    found = [one for bit, one in _BY_BIT.items() if flags >> bit & 1]
    codes = {one.trade_type for one in found} - {""}
    if suspicious:
        codes.add(SUSPICIOUS_TYPE)
    extended = any(one.extended for one in found)
    if extended and session is TradeSession.NORMAL:
        codes.add(LATE_TYPE)
    code = next((one for one in PRECEDENCE if one in codes), "")
    closes = any(one.closes for one in found) and not extended
    if closes and session is TradeSession.POST:
        session = TradeSession.NORMAL
    crossed = any(one.cross for one in found)
    return TradeClass(code, session, code in _SIDED_TYPES and not crossed)
