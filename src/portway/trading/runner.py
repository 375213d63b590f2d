"""One venue's only writer: commands in, durable facts out.

The inbox is drained in batches; each command is stamped and decided on the state as it runs ahead
of the disk; the facts and the rows that follow go to the journal in one transaction, in a worker
thread; only then are callers answered and listeners told, in order. When the write fails nothing
was told: the state is dropped, folded anew from the journal, and the batch is answered
`OutcomeUnknown`. Which facts follow is the core's affair, how they are kept the adapter's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from portway.core.engine import Engine
from portway.model.command import (
    CancelOrder,
    Command,
    ConfigureVenue,
    MarketMoved,
    MarketView,
    ReplaceOrder,
    SessionEnded,
    SessionOpened,
    Stamped,
    SubmitOrder,
    TradingDayStarted,
    VenueSettings,
)
from portway.model.event import Event, OrderRefused
from portway.model.symbol import Market, Symbol
from portway.trading.errors import OutcomeUnknown, VenueBusy, VenueClosed
from portway.trading.event_codec import encode_facts
from portway.trading.ports import (
    Journal,
    JournalRecord,
    MarketFacts,
    Published,
    PublishedFact,
    Row,
    WriteFailed,
)
from portway.trading.projections import rows_of
from portway.trading.recovery import recover

__all__ = ["BATCH_COMMANDS_MAX", "INBOX_COMMANDS_MAX", "VenueRunner"]

log = logging.getLogger(__name__)

INBOX_COMMANDS_MAX = 4096  # Waiting commands of clients; one more is answered `VenueBusy`.
BATCH_COMMANDS_MAX = 256  # Commands that share one transaction.
HOME_MARKET = Market.HK  # Whose clock dates the facts of an account.


@dataclass(slots=True)
class _Call:
    """A submitted command and whoever waits for its answer."""

    command: Command
    at: datetime | None
    answer: asyncio.Future[tuple[Event, ...]] | None
    events: tuple[Event, ...] = ()


@dataclass(slots=True)
class _Batch:
    """What a drained batch adds up to, until it is durable."""

    calls: list[_Call] = field(default_factory=list)
    records: list[JournalRecord] = field(default_factory=list)
    rows: dict[object, Row] = field(default_factory=dict)
    published: list[Published] = field(default_factory=list)


class VenueRunner:
    """The single writer of a venue. Belongs to one event loop; its methods are not thread-safe."""

    def __init__(
        self,
        venue: str,
        journal: Journal,
        market: MarketFacts,
        *,
        settings: VenueSettings | None = None,
    ) -> None:
        """Prepare a runner; `start` recovers and begins to work.

        Args:
            settings: How the venue trades from now on.
        """
        self._venue = venue
        self._journal = journal
        self._market = market
        self._settings = settings if settings is not None else VenueSettings()

    async def start(self) -> None:
        """Recover from the journal, configure the venue, begin to take commands.

        Raises:
            JournalCorrupt: If the journal is damaged.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Stop taking commands, finish what is in the inbox, leave everything durable."""
        raise NotImplementedError

    async def submit(self, command: Command, at: datetime | None = None) -> tuple[Event, ...]:
        """Carry a command out; return what followed, durable, the answering event first.

        Args:
            at: Market instant at which it holds; None: the market's now when it is decided.

        Raises:
            VenueBusy: The inbox is full; nothing was done.
            VenueClosed: Not started, or stopping; nothing was done.
            OutcomeUnknown: The write failed; ask for the order before trying again.
        """
        raise NotImplementedError

    def market_moved(self, moved: MarketMoved) -> None:
        """Take notice of a symbol's outside market; cheap when no order of it works.

        Moves wait conflated, one per symbol: prints add up, the newest depth counts.
        """
        raise NotImplementedError

    def working_symbols(self) -> Collection[Symbol]:
        """Symbols whose moves matter: those with orders that are not terminal."""
        raise NotImplementedError

    def listen(self, listener: Callable[[Published], None]) -> Callable[[], None]:
        """Call `listener` with everything durable from now on, by `seq`; returns how to stop."""
        raise NotImplementedError
