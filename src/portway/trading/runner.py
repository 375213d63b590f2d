"""One venue's only writer: commands in, durable facts out.

The inbox is drained in batches; each command is stamped and decided on the state as it runs ahead
of the disk; the facts and the rows that follow go to the journal in one transaction, in a worker
thread; only then are callers answered and listeners told, in order. When the write fails nothing
was told: the state is dropped and the batch answered `JournalUnavailable`, or `OutcomeUnknown` when
nobody can tell; the state is folded anew once the journal can be written. Which facts follow is the
core's affair, how they are kept the adapter's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
    MarketView,
    SessionEnded,
    SessionOpened,
    Stamped,
    TimeReached,
    TradingDayStarted,
    VenueSettings,
)
from portway.model.corporate_action import CorporateAction, Redemption
from portway.model.event import Event, OrderRefused, OrderRepeated
from portway.model.symbol import Market, Symbol
from portway.trading import touched
from portway.trading.batch import Answer, Batch, Call, parts_of, refuse
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

__all__ = ["BATCH_COMMANDS_MAX", "INBOX_COMMANDS_MAX", "PRINTS_MAX", "VenueRunner"]

log = logging.getLogger(__name__)

INBOX_COMMANDS_MAX: Final = 4096  # Waiting commands of clients; one more is answered `VenueBusy`.
BATCH_COMMANDS_MAX: Final = 256  # Commands that share one transaction.
BATCH_EVENTS_MAX: Final = 1000  # After which no further command is added: others write too.
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

    async def _keep_snapshot(self) -> None:
        """Save the state, for a quicker recovery; all of it is durable already."""
        running = self._running
        if running is None or running.seq - running.snapshot_seq < SNAPSHOT_RECORDS:
            return
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
        if len(self._inbox) >= INBOX_COMMANDS_MAX and not isinstance(command, _UNBOUNDED):
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

    async def _work(self) -> None:
        """Carry out batches until closed and empty."""
        try:
            await self._work_on()
        except Exception:
            # A defect outside of any command: nobody may wait for ever for an answer.
            log.exception("venue %s stopped", self._venue)
            self._is_open = False
            refuse(list(self._inbox), VenueClosed("the venue has stopped on an internal error"))
            self._inbox.clear()

    async def _work_on(self) -> None:
        while self._is_open or self._inbox or self._moves:
            if not self._inbox and not self._moves:
                self._wake.clear()
                await self._wake.wait()
            calls = [Call(moved, moved.at) for moved in self._moves.values()]
            self._moves.clear()
            while self._inbox and len(calls) < BATCH_COMMANDS_MAX:
                calls.append(self._inbox.popleft())
            await self._carry_out(calls)
            await self._keep_snapshot()

    async def _carry_out(self, calls: list[Call]) -> None:
        """Decide, write, answer and publish one batch."""
        if self._running is None and (trouble := await self._mend()):
            refuse(calls, JournalUnavailable(trouble))
            return
        assert self._running is not None, "recovered"
        try:
            batch = await self._decide(self._running, calls)
        except Exception:
            log.exception("a decision of venue %s failed; its batch is dropped", self._venue)
            await self._drop(calls)
            return
        # What the batch had no room for is first in the next one.
        self._inbox.extendleft(reversed(calls[batch.commands :]))
        del calls[batch.commands :]
        if batch.records and (error := await self._write(batch)):
            refuse(calls, error)
            return
        for call in calls:
            if call.answer is not None and not call.answer.done():
                call.answer.set_result(call.events)
        await self._publish(batch)

    async def _drop(self, calls: list[Call]) -> None:
        """After a defect: forget the state, and let the batch's other commands have their turn."""
        self._running = None
        if len(calls) == 1:
            refuse(calls, DecisionFailed("internal error; nothing was done"))
            return
        for call in calls:
            await self._carry_out([call])

    async def _decide(self, running: _Running, calls: list[Call]) -> Batch:
        """Decide and evolve commands one after the other; the state then runs ahead of the disk.

        A command may fill thousands of orders: the loop has its turns meanwhile. Nobody else
        touches the state, and what is asked of the markets is asked once for the batch.
        """
        batch, done = Batch(), 0
        views: dict[Symbol, MarketView | None] = {}
        for call in calls:
            seq = running.seq + 1
            facts: list[PublishedFact] = []
            answers: list[Event] = []
            stamped = self._stamp(running.state, call, views)
            for event in decide(running.state, running.outsides, stamped, seq):
                answers.append(event)
                done += 1
                if not done % EVENTS_A_TURN:
                    await asyncio.sleep(0)
                if isinstance(event, OrderRefused | OrderRepeated):
                    continue
                order = evolve(running.state, event)
                batch.collect(running.state, event, order, seq, len(facts))
                facts.append(PublishedFact(event, order))
            call.events = tuple(answers)
            batch.commands += 1
            if facts:
                running.seq = seq
                payload = encode_facts([one.fact for one in facts])
                batch.records.append(JournalRecord(seq, payload))
                batch.published.append(Published(seq, tuple(facts)))
            if done >= BATCH_EVENTS_MAX:
                break
        return batch

    async def _write(self, batch: Batch) -> TradingError | None:
        """Make a batch durable; when that is not certain drop the state and say what is."""
        loop = asyncio.get_running_loop()
        rows = tuple(batch.rows.values())
        try:
            await loop.run_in_executor(
                self._thread, self._journal.append, self._venue, batch.records, rows
            )
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
        assert self._running is not None, "what is durable has a state"
        told = 0
        for published in batch.published:
            for part in parts_of(published, EVENTS_A_TURN):
                self._tell(part)
                told += len(part.facts)
                if told >= EVENTS_A_TURN:
                    told = 0
                    await asyncio.sleep(0)
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

    def _stamp(self, state: State, call: Call, views: dict[Symbol, MarketView | None]) -> Stamped:
        """Put the market instant and the views beside a command.

        Args:
            views: Made for this batch so far: no market moves while it is decided.
        """
        command = call.command
        at = call.at or self._market.now(touched.market_of_command(state, command))
        seen = self._views(touched.symbols_of(state, command), views)
        return Stamped(command, at.astimezone(UTC), seen, self._actions(state, command))

    def _actions(self, state: State, command: Command) -> tuple[CorporateAction | Redemption, ...]:
        """Return what happens to securities with the beginning of a trading day."""
        if not isinstance(command, TradingDayStarted):
            return ()
        through = command.trading_day
        after = state.days.get(command.market, through - timedelta(days=1))
        concerned = touched.concerned_symbols(state, command.market)
        found = [
            one for symbol in concerned for one in self._market.actions(symbol, after, through)
        ]
        return tuple(sorted(found, key=lambda one: (one.ex_date, one.symbol)))

    def _views(
        self, symbols: Collection[Symbol], made: dict[Symbol, MarketView | None]
    ) -> Mapping[Symbol, MarketView]:
        views = {}
        waiting = list(symbols)
        for symbol in waiting:
            if symbol not in made:
                made[symbol] = self._market.view(symbol)
            view = made[symbol]
            if view is None:
                continue
            views[symbol] = view
            option = view.instrument.option
            if option is not None and option.underlying not in symbols:
                waiting.append(option.underlying)  # Whose price says what a writer owes.
        return views
