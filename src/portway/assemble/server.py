"""Starts the parts of a server in order, and stops them in reverse.

Opens the home, recovers the venue, starts the clock where the home stands, opens the listeners, and
takes it all down again in reverse order. What goes wrong at the start is one `StartError` with the
cause and the way out.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from portway.assemble.desk import Desk
from portway.assemble.first_start import furnish
from portway.assemble.listeners import Listeners
from portway.assemble.market_data import imported_sources
from portway.assemble.names import CLOCK_FILE, VENUE
from portway.assemble.scripts import Scripts
from portway.assemble.venue import venue_settings
from portway.assemble.world import WorldRefused, home_world
from portway.clock import Clock, ClockError, ClockPosition, start_clock
from portway.clock.start import CLOCK_MARKETS
from portway.conductor import Conductor
from portway.logs import configure_logs
from portway.market.derived import (
    DerivedMarkets,
    OptionMarket,
    RecordedChains,
    Underlyings,
    WarrantMarket,
    optionable,
)
from portway.market.imported.source import ImportedSource
from portway.market.listed import ListedSource
from portway.market.ports import MarketSource
from portway.market.recorded import RecordedDataError, RecordedSource, open_lean
from portway.market.reference import Reference, built_in
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.market.synthetic.kinds import is_drawn
from portway.market.views import MarketViews
from portway.model.symbol import MARKET_ZONES, MalformedSymbol, Market
from portway.settings import SERVER_FILE, Settings
from portway.storage.errors import StorageError
from portway.storage.home import Home, open_home, read_json, write_json
from portway.storage.sqlite import SqliteStore
from portway.trading.errors import TradingError
from portway.trading.ports import JournalCorrupt, WriteFailed
from portway.trading.queries import TradeQueries
from portway.trading.runner import VenueRunner
from portway.trading.script import ScriptError

__all__ = ["StartError", "run"]

log = logging.getLogger(__name__)

HALT_SECONDS = 1.0  # What is going on is finished, if it takes no longer.
STOP_SECONDS = 4.0  # Then the process ends all the same; a supervisor waits 5 s.
# After which a thread that writes rows or reads a list lets the event loop have its turn; five
# times as often as by default, for a request takes several turns.
SWITCH_SECONDS = 0.001
# Objects made, and rounds of the younger ones, after which the collector of reference cycles looks
# through them; far less often than by default, for what requests leave behind is in no cycle.
COLLECT_AFTER = (20_000, 20, 20)

Ready = Callable[[Path, dict[str, Any]], None]
T = TypeVar("T")


class StartError(Exception):
    """The server cannot start; the message is one line with the cause and the way out."""


def run(settings: Settings, on_ready: Ready) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        on_ready: Called once with the home and what `portway env` tells.

    Raises:
        StartError: If the server cannot start.
    """
    configure_logs(settings.log_level, as_json=settings.log_json)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        _run_loop(_serve(settings, on_ready))
    except (
        StorageError,
        ClockError,
        RecordedDataError,
        JournalCorrupt,
        WorldRefused,
        MalformedSymbol,
        ScriptError,
    ) as error:
        raise StartError(str(error)) from error
    except (OSError, TradingError, WriteFailed) as error:
        raise StartError(f"{error}: is the home on a disk that can be written?") from error


def _run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop where there is one; it doubles what the sockets carry."""
    make_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with suppress(ImportError):
        from uvloop import new_event_loop as make_loop
    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(main)


async def _serve(settings: Settings, on_ready: Ready) -> None:
    stop = _stop_signal()
    async with AsyncExitStack() as stack:
        home = stack.enter_context(open_home(settings.home))
        scripts = Scripts(settings, home)
        reference, sources, derived = _sources(settings, home)
        clock, since = _clock(settings, home, reference)
        store = SqliteStore(home.database)
        stack.callback(store.close)
        market = MarketRunner(reference, sources, clock.instants, derived=derived)
        views = MarketViews(market)
        venue = VenueRunner(
            VENUE,
            store,
            views,
            configure=lambda stands: venue_settings(settings, scripts.venue_settings(stands)),
        )
        await venue.start()
        stack.push_async_callback(venue.close)
        queries = TradeQueries(store.read_models(VENUE), venue.settings)
        desk = Desk(venue, queries, market, views)
        credentials = await furnish(home, store, venue)
        listeners = Listeners(settings, store, desk, market, credentials, home, scripts.routes())
        conductor = Conductor(
            clock,
            market,
            venue,
            keep=lambda position: write_json(home.path / CLOCK_FILE, position.to_json()),
            is_wanted=lambda: (
                listeners.has_clients or bool(venue.working_symbols()) or scripts.is_waiting
            ),
            drained=listeners.drained,
        )
        await conductor.catch_up(since)
        scripts.begin(conductor, desk, store, venue.settings)
        stack.callback(scripts.end, conductor)
        stack.callback(conductor.stop)
        stack.push_async_callback(listeners.close)
        try:
            server = await listeners.open(conductor)
        except OSError as error:
            raise StartError(_port_trouble(error)) from error
        await stack.enter_async_context(_running(conductor))
        gc.set_threshold(*COLLECT_AFTER)
        gc.freeze()  # what the start made stays: it need not be looked through again and again
        await stack.enter_async_context(_announced(home, server, on_ready, clock))
        await stop.wait()
        log.info("stopping")
        asyncio.get_running_loop().call_later(STOP_SECONDS, os._exit, 1)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop


def _sources(
    settings: Settings, home: Home
) -> tuple[Reference, list[MarketSource], DerivedMarkets]:
    """Recorded and imported data, if any, before the synthetic world: a symbol has one source.

    Options and structured products follow from these. What nobody knows, such as the bonds of an
    imported list, is listed without data.
    """
    reference = built_in().with_listing(home.path)
    made = home_world(settings, home, lambda: _clock(settings, home, reference)[0].instants)
    reference = made.calendars(reference)
    recorded: list[RecordedSource | ImportedSource] = []
    chains = None
    if settings.replay:
        replayed = open_lean(settings.replay, calendar=reference.calendars[Market.US])
        recorded.append(replayed)
        chains = RecordedChains(replayed.root)
    recorded += imported_sources(home.path, reference)
    drawn = reference.only(is_drawn)
    world = SyntheticWorld(made.seed, drawn, made.stories(drawn))
    for source in recorded:
        listed = reference.instruments
        unlisted = [one for one in source.instruments() if one.symbol not in listed]
        reference = reference.with_instruments(unlisted)
    if chains is not None:
        known = [reference.instruments.get(one) for one in chains.underlyings()]
        reference = reference.with_instruments(optionable(one) for one in known if one is not None)
    underlyings = Underlyings(reference.instruments, reference.calendars, [*recorded, world])
    warrants = WarrantMarket(made.seed, underlyings, reference.instruments)
    derived = DerivedMarkets(OptionMarket(made.seed, underlyings, chains), warrants)
    rest = ListedSource([one for one in reference.instruments if one not in warrants.imported])
    return reference, [*recorded, world, *derived.sources, rest], derived


def _clock(
    settings: Settings, home: Home, reference: Reference
) -> tuple[Clock, dict[Any, datetime]]:
    """The clock of this run, and up to where the home has been processed."""
    stored = read_json(home.path / CLOCK_FILE)
    try:
        position = None if stored is None else ClockPosition.from_json(stored)
    except ClockError as error:
        raise StartError(
            f"{home.path / CLOCK_FILE}: {error}; restore it, or choose another folder with --home"
        ) from error
    spec = settings.clock
    now = datetime.now(UTC)
    clock = start_clock(spec, position, reference.calendars, now, settings.speed)
    if spec and spec.instant and max(clock.instants.values()) > spec.instant:
        log.warning("the home's world goes on from %s, where it stands", clock.now(Market.HK))
    return clock, dict(position.instants) if position else {}


@asynccontextmanager
async def _running(conductor: Conductor) -> AsyncIterator[None]:
    """Let market time run beside the rest; when it fails the server says so and stops."""
    task = asyncio.create_task(conductor.run())

    def ended(done: asyncio.Task[None]) -> None:
        if not done.cancelled() and done.exception():
            log.critical("market time stands still", exc_info=done.exception())
            signal.raise_signal(signal.SIGTERM)

    task.add_done_callback(ended)
    try:
        yield
    finally:
        with suppress(TimeoutError):  # A long step is not waited for.
            await asyncio.wait_for(conductor.halt(task), HALT_SECONDS)
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


@asynccontextmanager
async def _announced(
    home: Home, server: dict[str, Any], on_ready: Ready, clock: Clock
) -> AsyncIterator[None]:
    """Tell the world where the server is, for as long as it is there."""
    path = home.path / SERVER_FILE
    server |= {
        "version": version("portway"),
        "pid": os.getpid(),
        "markets": _market_line(clock),
    }
    write_json(path, server)
    try:
        on_ready(home.path, server)
        yield
    finally:
        with suppress(OSError):  # On a disk that became read-only it stays, as after a kill.
            path.unlink(missing_ok=True)


def _market_line(clock: Clock) -> str:
    times = (
        f"{market} {clock.now(market).astimezone(MARKET_ZONES[market]):%Y-%m-%d %H:%M}"
        for market in CLOCK_MARKETS
    )
    return f"Clock {clock.mode}: {', '.join(times)}"


def _port_trouble(error: OSError) -> str:
    text = error.strerror or str(error)
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{text}: --host names an address of this machine, as 127.0.0.1 or 0.0.0.0"
    return f"{text}: choose another port (portway serve --help), or --free-ports"
