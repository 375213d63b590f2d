"""Trading days and streams of prints for the property tests of quotes and history.

Instants are drawn near the edges of session parts at least as often as inside them, trade types
from the whole alphabet of the market and beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from portway.model.hours import Part, trading_hours
from portway.model.instrument import Board as Listing
from portway.model.quote import (
    Brokers,
    Depth,
    IndexTick,
    Level,
    MarketEvent,
    StatusChange,
    Trade,
    TradeSession,
    TradeStatus,
)
from portway.model.symbol import MARKET_ZONES, Market, Symbol, market_of

TYPES = {
    Market.HK: ["", "U", "D", "M", "P", "X", "Y", "*", "?"],
    Market.US: ["", "A", "F", "X", "1", "I", "C", "G", "W", "M", "P", "Q", "?"],
    Market.CN: ["", "?"],
    Market.SG: ["", "?"],
}


@dataclass(frozen=True)
class Day:
    """One trading day of one security."""

    name: str
    symbol: Symbol
    day: date
    half: bool = False
    listing: Listing | None = None

    @property
    def market(self) -> Market:
        return market_of(self.symbol)

    @property
    def parts(self) -> tuple[Part, ...]:
        return trading_hours(self.market, self.listing).parts(self.day, self.half)

    @property
    def is_option(self) -> bool:
        return self.listing in (Listing.US_OPTION, Listing.US_OPTION_S)

    def at(self, clock: str) -> datetime:
        """An instant of this day by local time, as "16:08:31"."""
        local = datetime.fromisoformat(f"{self.day.isoformat()}T{clock}")
        return local.replace(tzinfo=MARKET_ZONES[self.market]).astimezone(UTC)

    def trade(
        self,
        clock: str,
        price: str,
        volume: int,
        trade_type: str = "",
        session: TradeSession = TradeSession.NORMAL,
    ) -> Trade:
        return Trade(
            self.symbol, self.at(clock), Decimal(price), volume, trade_type, session=session
        )


HK = Day("HK", Symbol("700.HK"), date(2026, 1, 5))
HK_HALF = Day("HK half day", Symbol("700.HK"), date(2026, 2, 16), half=True)
CN = Day("CN", Symbol("600519.SH"), date(2026, 1, 5))
SG = Day("SG", Symbol("D05.SG"), date(2026, 1, 5))
US = Day("US", Symbol("AAPL.US"), date(2026, 1, 5))
US_HALF = Day("US half day", Symbol("AAPL.US"), date(2026, 11, 27), half=True)
OPTION = Day(
    "US option", Symbol("SPY260116C600000.US"), date(2026, 1, 5), listing=Listing.US_OPTION_S
)
VIX = Day("VIX", Symbol(".VIX.US"), date(2026, 1, 5), listing=Listing.VIX_INDEX)

DAYS = [HK, HK_HALF, CN, SG, US, US_HALF, OPTION, VIX]

days = st.sampled_from(DAYS)


def instants(day: Day) -> st.SearchStrategy[datetime]:
    """Instants of the day: inside its parts, and around every edge of them."""
    parts = day.parts
    edges = [edge for part in parts for edge in (part.begin, part.end, part.end + part.grace)]
    near = st.builds(
        lambda edge, seconds: edge + timedelta(seconds=seconds),
        st.sampled_from(edges),
        st.sampled_from([-60, -1, -0.000001, 0, 0.000001, 1, 59, 60, 300, 599]),
    )
    begin, end = parts[0].begin - timedelta(minutes=20), parts[-1].end + timedelta(minutes=20)
    inside = st.integers(0, int((end - begin).total_seconds())).map(
        lambda seconds: begin + timedelta(seconds=seconds)
    )
    # Bursts: several prints in one minute, and in bars next to each other.
    middle = parts[len(parts) // 2].begin
    burst = st.integers(0, 240).map(lambda seconds: middle + timedelta(seconds=seconds))
    return st.one_of(near, inside, burst)


def session_at(day: Day, at: datetime) -> TradeSession:
    for part in day.parts:
        if part.begin <= at < part.end:
            return part.session
    return TradeSession.NORMAL


@st.composite
def trades(draw: st.DrawFn, day: Day, max_size: int = 40, in_order: bool = True) -> list[Trade]:
    """Prints of one day; with `in_order` by time, else as late as they like."""
    times = draw(st.lists(instants(day), max_size=max_size))
    if in_order:
        times.sort()
    sessions = sorted({part.session for part in day.parts})
    found = []
    for at in times:
        session = session_at(day, at)
        if draw(st.integers(0, 9)) == 0:  # prints that carry another session than the clock's
            session = draw(st.sampled_from(sessions))
        found.append(
            Trade(
                day.symbol,
                at,
                Decimal(draw(st.integers(9_800, 10_200))) / 100,
                draw(st.integers(1, 5_000)),
                draw(st.sampled_from(["", *TYPES[day.market]])),
                session=session,
            )
        )
    return found


@st.composite
def events(draw: st.DrawFn, day: Day, max_size: int = 30) -> list[MarketEvent]:
    """Every kind of event of one day, prints the most frequent, not always in order."""
    found: list[MarketEvent] = list(draw(trades(day, max_size, in_order=draw(st.booleans()))))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(instants(day))
        level = Level(Decimal(draw(st.integers(1, 99))), draw(st.integers(1, 99)), 1)
        other: MarketEvent = draw(
            st.sampled_from(
                [
                    Depth(day.symbol, at, asks=(level,), bids=()),
                    Brokers(day.symbol, at, asks=((1, 2),), bids=((3,),)),
                    StatusChange(day.symbol, at, draw(st.sampled_from(list(TradeStatus)))),
                ]
            )
        )
        found.insert(draw(st.integers(0, len(found))), other)
    return found


@st.composite
def ticks(draw: st.DrawFn, day: Day, max_size: int = 30) -> list[IndexTick]:
    """Values of an index over one day, by time."""
    times = sorted(draw(st.lists(instants(day), max_size=max_size)))
    return [
        IndexTick(
            day.symbol,
            at,
            Decimal(draw(st.integers(2_000_000, 2_100_000))) / 100,
            draw(st.integers(0, 10_000)),
            Decimal(draw(st.integers(0, 10_000_000))),
        )
        for at in times
    ]
