"""One venue's only writer: commands in, durable facts out.

Each command is stamped and decided on the state as it runs ahead of the disk. While a worker thread
writes one batch, the facts and the rows that follow in one transaction, the next one is decided;
only when a batch is durable are its callers answered and listeners told, in order. When a write
fails nothing of it was told: the state is dropped, the batch answered `JournalUnavailable`, or
`OutcomeUnknown` when nobody can tell, and what was decided behind it is decided again on the state
that is folded anew once the journal can be written. Which facts follow is the core's affair, how
they are kept the adapter's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from msgspec import structs

from portway.core.engine import Outsides, decide, evolve
from portway.core.state import State
from portway.model.command import (
    AuctionEnded,
    AuctionLocked,
    AuctionOpened,
    Command,
    ConfigureVenue,
    MarketMoved,
    SessionEnded,
    SessionOpened,
    TimeReached,
    TradingDayStarted,
    VenueSettings,
)
from portway.model.event import Event, OrderRefused, OrderRepeated
from portway.model.symbol import Market, Symbol
from portway.trading import touched
from portway.trading.batch import BATCH_COMMANDS_MAX, Answer, Batch, Call, parts_of, refuse
from portway.trading.errors import (
    DecisionFailed,
    JournalUnavailable,
    OutcomeUnknown,
    TradingError,
    VenueBusy,
    VenueClosed,
)
from portway.trading.event_codec import encode_facts
from portway.trading.ports import (
    Journal,
    JournalRecord,
    MarketFacts,
    NothingWritten,
    Published,
    PublishedFact,
    WriteFailed,
)
from portway.trading.prints import PRINTS_MAX, bounded_prints
from portway.trading.recovery import recover
from portway.trading.snapshot import encode_state
from portway.trading.stamping import Views, stamp

__all__ = ["INBOX_COMMANDS_MAX", "PRINTS_MAX", "VenueRunner"]

log = logging.getLogger(__name__)

INBOX_COMMANDS_MAX: Final = 4096  # That wait to be written; one more is answered `VenueBusy`.
EVENTS_A_TURN: Final = 32  # Decided, or told, before the event loop gets its turn: some 3 ms.
SNAPSHOT_RECORDS: Final = 20_000  # A snapshot is due after so many records: about a second's fold.
# The clock's and the market's commands are awaited one by one, and none of them may be lost.
_UNBOUNDED: Final = (
    SessionOpened,
    SessionEnded,
    AuctionOpened,
    AuctionLocked,
    AuctionEnded,
    TimeReached,
    TradingDayStarted,
    MarketMoved,
)

Listener = Callable[[Published], None]


@dataclass(slots=True)
class _Running:
    """The state as it runs ahead of the disk, and the positions of its last record and snapshot."""

    state: State
    seq: int
    snapshot_seq: int = 0
    outsides: Outsides = field(default_factory=dict)


class VenueRunner:
    """The single writer of a venue. Belongs to one event loop; its methods are not thread-safe."""

    def __init__(
        self,
        venue: str,
        journal: Journal,
        market: MarketFacts,
        *,
        configure: Callable[[VenueSettings], VenueSettings] = lambda settings: settings,
    ) -> None:
        """Prepare a runner; `start` recovers and begins to work.

        Args:
            configure: From how the venue trades to how it trades from now on.
        """
        self._venue = venue
        self._journal = journal
        self._market = market
        self._configure = configure
        self._inbox: deque[Call] = deque()
        self._taken: deque[Call] = deque()  # From the inbox and the moves, to be decided next.
        self._open = Batch()  # Decided, and not being written yet.
        self._written: tuple[Batch, asyncio.Future[None]] | None = None  # What is being written.
        self._moves: dict[Symbol, MarketMoved] = {}
        self._wake = asyncio.Event()
        self._listeners: list[Listener] = []
        self._running: _Running | None = None
        self._told_symbols: frozenset[Symbol] = frozenset()
        self._task: asyncio.Task[None] | None = None
        self._is_open = False
        self.trouble: str | None = None  # Why no command can be carried out now.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"venue-{venue}")

    async def start(self) -> None:
        """Recover from the journal, configure the venue, begin to take commands.

        Raises:
            JournalCorrupt: If the journal is damaged.
            VenueClosed: If the settings ask for something that is not available.
            OutcomeUnknown: If the journal cannot be written.
        """
        assert self._task is None, "a runner is started once"
        await self._recover()
        assert self._running is not None, "recovered"
        asked = self._configure(self._running.state.settings)
        self._is_open = True
        self._task = asyncio.create_task(self._work(), name=f"venue {self._venue}")
        at = self._market.now(touched.HOME_MARKET)
        try:
            answer = await self.submit(ConfigureVenue(asked), at)
        except TradingError:
            await self.close()
            raise
        if answer and isinstance(answer[0], OrderRefused):
            await self.close()
            raise VenueClosed(f"settings: {answer[0].detail}")

    async def close(self) -> None:
        """Take no more commands, finish those in the inbox, leave everything durable."""
        self._is_open = False
        self._wake.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    @property
    def settings(self) -> VenueSettings:
        """How the venue trades; known once it was started."""
        assert self._running is not None, "started"
        return self._running.state.settings

    @property
    def _is_snapshot_due(self) -> bool:
        running = self._running
        return running is not None and running.seq - running.snapshot_seq >= SNAPSHOT_RECORDS

    async def _keep_snapshot(self) -> None:
        """Save the state, for a quicker recovery; all of it is durable already."""
        running = self._running
        assert running is not None, "a snapshot is due"
        # Encoded here, where nothing changes it meanwhile; written where nobody waits.
        snapshot = JournalRecord(running.seq, encode_state(running.state))
        running.snapshot_seq = running.seq
        loop = asyncio.get_running_loop()
        save = self._journal.save_snapshot
        try:
            await loop.run_in_executor(self._thread, save, self._venue, snapshot)
        except Exception:
            # A cache: without it the next recovery takes longer, and that is all.
            log.exception("venue %s could not save a snapshot", self._venue)

    async def submit(self, command: Command, at: datetime | None = None) -> Answer:
        """Carry a command out; return what followed, durable, the answering event first.

        Args:
            at: Market instant at which it holds; None: the market's now when it is decided.

        Raises:
            VenueBusy: The inbox is full; nothing was done.
            VenueClosed: Not started or stopping; nothing was done.
            JournalUnavailable: It cannot be written or read; nothing was done.
            DecisionFailed: A defect; nothing was done.
            OutcomeUnknown: The write failed; ask for the order before trying again.
        """
        if not self._is_open:
            raise VenueClosed("the venue takes no commands now")
        if self._waiting >= INBOX_COMMANDS_MAX and not isinstance(command, _UNBOUNDED):
            raise VenueBusy(f"{INBOX_COMMANDS_MAX} commands are waiting")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._inbox.append(Call(command, at, answer))
        self._wake.set()
        # A caller who goes away takes nothing back: the command is carried out all the same.
        return await answer

    def retry(self) -> None:
        """After a fault see whether the journal works again, without waiting for a command."""
        if self.trouble is not None:
            self._wake.set()

    def market_moved(self, moved: MarketMoved) -> None:
        """Take notice of a symbol's outside market; cheap when no order of it works.

        Moves wait conflated, one per symbol: prints add up, the newest depth counts.
        """
        running = self._running
        if running is None or moved.symbol not in self._told_symbols:
            return
        waiting = self._moves.get(moved.symbol)
        if waiting is not None and waiting.prints:
            moved = structs.replace(moved, prints=bounded_prints(waiting.prints + moved.prints))
        self._moves[moved.symbol] = moved
        self._wake.set()

    def working_symbols(self) -> Collection[Symbol]:
        """Symbols whose moves matter: of live orders, and of what may have to be sold."""
        return self._told_symbols

    def due_between(self, market: Market, after: datetime, until: datetime) -> list[datetime]:
        """Return the instants, `after < at <= until`, for which orders of a market wait."""
        if self._running is None:
            # Nobody knows; telling it the end is always right, and waits until it can hear.
            return [until] if self._is_open and after < until else []
        return self._running.state.due_between(market, after, until)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with everything durable from now on, by `seq`; returns how to stop."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    @property
    def _waiting(self) -> int:
        """How many commands are not being written yet."""
        return len(self._inbox) + len(self._taken) + len(self._open.calls)

    async def _work(self) -> None:
        """Carry out batches until closed and empty."""
        try:
            await self._work_on()
        except Exception:
            # A defect outside of any command: nobody may wait for ever for an answer.
            log.exception("venue %s stopped", self._venue)
            self._is_open = False
            if self._written is not None:
                refuse(self._written[0].calls, OutcomeUnknown("internal error; ask for the order"))
            waiting = [*self._open.calls, *self._taken, *self._inbox]
            refuse(waiting, VenueClosed("the venue has stopped on an internal error"))
            self._inbox.clear()

    async def _work_on(self) -> None:
        while self._is_open or self._waiting or self._moves or self._written:
            if self._written is not None and self._written[1].done():
                await self._finish()
            elif self._may_take():
                self._take()
            elif self._taken and not self._open.is_full:
                await self._decide_some()
            elif self._open.calls and self._written is None:
                self._begin_write()
            elif self._is_snapshot_due and self._written is None:
                await self._keep_snapshot()
            else:
                self._wake.clear()
                await self._wake.wait()
                if self._running is None and not self._inbox:
                    await self._mend()

    def _may_take(self) -> bool:
        """Whether more commands can be decided now.

        What was taken is decided first, and written at once where nothing is: a stream of commands
        delays no answer. Nothing is decided ahead of a snapshot, which shows what is durable.
        """
        if self._taken or self._open.is_full or not (self._inbox or self._moves):
            return False
        if self._open.calls and self._written is None:
            return False
        return not self._is_snapshot_due

    def _take(self) -> None:
        self._taken.extend(Call(moved, moved.at) for moved in self._moves.values())
        self._moves.clear()
        while self._inbox and len(self._taken) < BATCH_COMMANDS_MAX:
            self._taken.append(self._inbox.popleft())

    async def _decide_some(self) -> None:
        """Decide what was taken, until the loop shall have its turn."""
        if self._running is None and (trouble := await self._mend()):
            refuse(self._taken, JournalUnavailable(trouble))
            self._taken.clear()
            return
        assert self._running is not None, "recovered"
        views: Views = {}  # Of this turn alone: no market moves in it.
        most = self._open.events + EVENTS_A_TURN
        while self._taken and not self._open.is_full and self._open.events < most:
            call = self._taken.popleft()
            if call.is_alone and self._open.calls:
                self._taken.appendleft(call)
                self._open.is_full = True
                return
            try:
                await self._decide(self._running, call, views)
            except Exception:
                log.exception("a decision of venue %s failed; its batch is dropped", self._venue)
                await self._drop(call)
                return
        if self._taken:
            await asyncio.sleep(0)

    async def _decide(self, running: _Running, call: Call, views: Views) -> None:
        """Decide and evolve one command; the state then runs ahead of the disk.

        A command may fill thousands of orders: the loop has its turns meanwhile. Nobody else
        touches the state.
        """
        batch, seq = self._open, running.seq + 1
        facts: list[PublishedFact] = []
        answers: list[Event] = []
        stamped = stamp(self._market, running.state, call, views)
        for event in decide(running.state, running.outsides, stamped, seq):
            answers.append(event)
            if not len(answers) % EVENTS_A_TURN:
                await self._pause()
            if isinstance(event, OrderRefused | OrderRepeated):
                continue
            order = evolve(running.state, event)
            batch.collect(running.state, event, order, seq, len(facts))
            facts.append(PublishedFact(event, order))
        call.events = tuple(answers)
        batch.add(call)
        if facts:
            running.seq = seq
            batch.records.append(JournalRecord(seq, encode_facts([one.fact for one in facts])))
            batch.published.append(Published(seq, tuple(facts)))

    async def _pause(self) -> None:
        """Let the loop have its turn in the middle of a command.

        Those whose batch has become durable do not wait for its end; a failed write does.
        """
        await asyncio.sleep(0)
        if self._written is not None and self._written[1].done():
            batch, written = self._written
            if written.exception() is None:
                self._written = None
                await self._publish(batch)

    async def _drop(self, call: Call) -> None:
        """After a defect: forget the state, and let the batch's other commands have their turn."""
        calls = [*self._open.calls, call]
        self._open = Batch()
        if self._written is not None:
            await asyncio.wait([self._written[1]])
            await self._finish()
        self._running = None
        if len(calls) == 1:
            await self._mend()  # Markets go on moving, whoever sends a command next.
            refuse(calls, DecisionFailed("internal error; nothing was done"))
            return
        for one in calls:
            one.is_alone = True
        self._taken.extendleft(reversed(calls))

    def _begin_write(self) -> None:
        """Hand what was decided to the worker thread, which makes it durable."""
        batch, self._open = self._open, Batch()
        loop = asyncio.get_running_loop()
        if batch.records:
            append = self._journal.append
            written = loop.run_in_executor(
                self._thread, append, self._venue, batch.records, batch.rows
            )
            written.add_done_callback(lambda _: self._wake.set())
        else:
            # Refusals: true as soon as all they were judged by is durable, and that it is.
            written = loop.create_future()
            written.set_result(None)
        self._written = (batch, written)

    async def _finish(self) -> None:
        """Answer and publish what was written; write what was decided meanwhile."""
        assert self._written is not None
        batch, written = self._written
        self._written = None
        if error := self._error_of(written):
            refuse(batch.calls, error)
            # Decided on a state that never was: nobody was told, and it is decided anew.
            self._taken.extendleft(reversed(self._open.calls))
            self._open = Batch()
            return
        if self._open.calls:
            self._begin_write()
        await self._publish(batch)

    def _error_of(self, written: asyncio.Future[None]) -> TradingError | None:
        """Return what became of a write; when that is not certain drop the state and say what."""
        try:
            written.result()
        except NothingWritten as error:
            self._stall(f"its journal cannot be written: {error}")
            return JournalUnavailable(f"the journal cannot be written: {error}")
        except WriteFailed as error:
            self._stall(f"its journal cannot be written: {error}")
        except Exception as error:
            # Whatever an adapter raises, nobody knows what is on the disk.
            log.exception("venue %s could not write its journal", self._venue)
            self._stall(f"its journal cannot be written: {error}")
        else:
            return None
        return OutcomeUnknown("the write failed; ask for the order before retrying")

    def _stall(self, trouble: str) -> None:
        """Forget the state, which has run ahead of the disk."""
        self._running = None
        if self.trouble is None:
            log.error("venue %s takes no commands until it can: %s", self._venue, trouble)
        self.trouble = trouble

    async def _mend(self) -> str | None:
        """Fold the state anew; what is in the way of that, None when it is done."""
        loop = asyncio.get_running_loop()
        try:
            # First of all, for it is cheap: no fold is worth its time while nothing can be written.
            await loop.run_in_executor(self._thread, self._journal.probe)
        except Exception as error:  # noqa: BLE001 - whatever an adapter raises, callers hear of it
            self._stall(str(error))
            return f"the journal cannot be written: {error}"
        try:
            await self._recover()
        except Exception as error:  # noqa: BLE001 - and the next batch tries again
            self._stall(f"its journal cannot be read: {error}")
            return f"the journal cannot be read: {error}"
        if self.trouble is not None:
            log.warning("venue %s takes commands again", self._venue)
        self.trouble = None
        return None

    async def _recover(self) -> None:
        loop = asyncio.get_running_loop()
        recovered = await loop.run_in_executor(self._thread, recover, self._journal, self._venue)
        self._running = _Running(recovered.state, recovered.seq, recovered.snapshot_seq)
        self._tell_symbols(recovered.state)

    async def _publish(self, batch: Batch) -> None:
        """Answer and tell what is durable."""
        for call in batch.calls:
            if call.answer is not None and not call.answer.done():
                call.answer.set_result(call.events)
        told = 0
        for published in batch.published:
            for part in parts_of(published, EVENTS_A_TURN):
                self._tell(part)
                told += len(part.facts)
                if told >= EVENTS_A_TURN:
                    told = 0
                    await asyncio.sleep(0)
        assert self._running is not None, "what is durable has a state"
        try:
            self._tell_symbols(self._running.state)
        except Exception:
            # A source that cannot show one symbol's day must not keep orders for the others out.
            log.exception("the market cannot follow what venue %s works on", self._venue)

    def _tell(self, published: Published) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(published)
            except Exception:
                # The facts stand; one listener's defect must not keep them from the others.
                log.exception("a listener of venue %s failed", self._venue)

    def _tell_symbols(self, state: State) -> None:
        if (watched := touched.watched_symbols(state)) == self._told_symbols:
            return
        self._told_symbols = frozenset(watched)
        self._market.working_symbols_changed(self._told_symbols)
