"""A gateway on loopback with real sockets, over small in-memory implementations of its ports.

Quotes are boards fed by hand, trading is the real venue on the in-memory store, identity is two
dictionaries. `World` is what tests hold; `SocketClient` and `http` speak to it as bytes.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from portway.gateway.identity import FirstStart, Principal, first_start
from portway.gateway.limits import PROFILES
from portway.gateway.ports import AccountRecord, AppRecord, SessionRecord, TokenRecord
from portway.gateway.sockets.gate import Timing
from portway.market.ports import MarketSource
from portway.market.reference import Reference, built_in
from portway.model.calendar import Calendar
from portway.model.command import Command, Deposit, MarketView, OpenAccount
from portway.model.corporate_action import CorporateAction
from portway.model.event import Event
from portway.model.instrument import Instrument
from portway.model.money import Currency
from portway.model.quote import (
    Candlestick,
    DaySnapshot,
    Depth,
    Level,
    MarketEvent,
    Period,
    Trade,
    TradeSession,
)
from portway.model.session import trading_hours
from portway.model.symbol import MARKET_ZONES, Market, Symbol, market_of
from portway.quotes.board import Board
from portway.quotes.changes import BoardChange
from portway.storage.memory import MemoryStore
from portway.trading.ports import WriteFailed
from portway.trading.queries import TradeQueries
from portway.trading.runner import VenueRunner
from portway.wire.signature import signature_header
from tests.gateway.assembled import Gateway, GatewayPorts, ListenerPorts

DAY = date(2026, 1, 5)
NOW = {
    Market.HK: datetime(2026, 1, 5, 10, 30, tzinfo=MARKET_ZONES[Market.HK]).astimezone(UTC),
    Market.CN: datetime(2026, 1, 5, 10, 30, tzinfo=MARKET_ZONES[Market.CN]).astimezone(UTC),
    Market.US: datetime(2026, 1, 5, 10, 30, tzinfo=MARKET_ZONES[Market.US]).astimezone(UTC),
    Market.SG: datetime(2026, 1, 5, 10, 30, tzinfo=MARKET_ZONES[Market.SG]).astimezone(UTC),
}
TENCENT, APPLE, MOUTAI = Symbol("700.HK"), Symbol("AAPL.US"), Symbol("600519.SH")
ADMIN_SECRET = "owner-secret"


class MemoryIdentity:
    """The identity store as dictionaries."""

    def __init__(self, start: FirstStart) -> None:
        self.accounts_by_no = {start.account.account_no: start.account}
        self.apps_by_key = {start.app.app_key: start.app}
        self.tokens_by_digest = {start.token_record.digest: start.token_record}
        self.sessions: dict[str, SessionRecord] = {}

    async def account(self, account_no: str) -> AccountRecord | None:
        return self.accounts_by_no.get(account_no)

    async def accounts(self) -> list[AccountRecord]:
        return sorted(self.accounts_by_no.values(), key=lambda one: one.account_no)

    async def add_account(self, account: AccountRecord) -> None:
        self.accounts_by_no[account.account_no] = account

    async def apps(self) -> list[AppRecord]:
        return sorted(self.apps_by_key.values(), key=lambda one: one.app_key)

    async def add_app(self, app: AppRecord) -> None:
        self.apps_by_key[app.app_key] = app

    async def tokens(self, account_no: str) -> list[TokenRecord]:
        own = [one for one in self.tokens_by_digest.values() if one.account_no == account_no]
        return sorted(own, key=lambda one: one.issued_at, reverse=True)

    async def app(self, app_key: str) -> AppRecord | None:
        return self.apps_by_key.get(app_key)

    async def token(self, digest: str) -> TokenRecord | None:
        return self.tokens_by_digest.get(digest)

    async def add_token(self, token: TokenRecord) -> None:
        self.tokens_by_digest[token.digest] = token

    async def revoke_token(self, digest: str, revoked_at: int) -> None:
        token = self.tokens_by_digest[digest]
        self.tokens_by_digest[digest] = replace(token, revoked_at=revoked_at)

    async def session(self, digest: str) -> SessionRecord | None:
        return self.sessions.get(digest)

    async def add_session(self, session: SessionRecord) -> None:
        await asyncio.sleep(0)  # as a real store: the loop turns meanwhile
        self.sessions[session.digest] = session

    async def drop_sessions(self, expired_before_ms: int) -> None:
        self.sessions = {
            digest: one
            for digest, one in self.sessions.items()
            if one.expires_at_ms > expired_before_ms
        }

    async def drop_sessions_of(self, app_key: str, account_no: str) -> None:
        self.sessions = {
            digest: one
            for digest, one in self.sessions.items()
            if (one.app_key, one.account_no) != (app_key, account_no)
        }


class MemoryDocuments:
    """Documents as a dictionary, and the fault of a disk that is full."""

    def __init__(self) -> None:
        self.bodies: dict[tuple[str, str], str] = {}
        self.is_full = False

    async def document(self, kind: str, key: str) -> str | None:
        return self.bodies.get((kind, key))

    async def documents(self, kind: str) -> dict[str, str]:
        return {key: body for (one, key), body in self.bodies.items() if one == kind}

    async def keep_document(self, kind: str, key: str, body: str) -> None:
        await asyncio.sleep(0)  # as a real store: the loop turns meanwhile
        if self.is_full:
            raise WriteFailed("no space left")
        self.bodies[kind, key] = body


class HandFedSource:
    """A source whose history is three flat days before today; today's board is fed by hand."""

    def symbols(self) -> list[Symbol]:
        return []

    def trading_days(self, symbol: Symbol, first: date, last: date) -> list[date]:
        days = built_in().calendars[market_of(symbol)].trading_days(date(2025, 12, 30), DAY)
        return [day for day in days if first <= day <= last]

    def bars(self, symbol: Symbol, period: Period, first: date, last: date) -> list[Candlestick]:
        if period is not Period.DAY:
            return []
        zone = MARKET_ZONES[market_of(symbol)]
        price = Decimal(100)
        return [
            Candlestick(
                datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC),
                price, price, price, price, 1000, price * 1000,
            )
            for day in self.trading_days(symbol, first, last)
            if day < DAY
        ]  # fmt: skip

    def has_events(self, symbol: Symbol, day: date) -> bool:
        return True

    def ticks(self, symbol: Symbol, begin: datetime, end: datetime) -> Any:
        return iter(())

    def snapshot(self, symbol: Symbol, at: datetime) -> DaySnapshot | None:
        return None

    def prev_close(self, symbol: Symbol, day: date) -> Decimal | None:
        return Decimal(100)

    def corporate_actions(self, symbol: Symbol) -> list[Any]:
        return []


class HandFedQuotes:
    """Boards of every built-in instrument; `feed` is the market."""

    def __init__(self) -> None:
        self.reference: Reference = built_in()
        self.derived = None
        self.watched: dict[Symbol, int] = {}
        self.boards: dict[Symbol, Board] = {}
        self.without_data: set[Symbol] = set()
        self.to_be_prepared: dict[Symbol, asyncio.Event] = {}
        self.asked_for: list[Symbol] = []
        self._source = HandFedSource()
        self._listeners: list[tuple[Any, Any]] = []
        self.clock = dict(NOW)

    def instrument(self, symbol: str) -> Instrument | None:
        return self.reference.instruments.get(Symbol(symbol))

    def board(self, symbol: Symbol) -> Board | None:
        instrument = self.instrument(symbol)
        if instrument is None:
            return None
        if symbol not in self.boards:
            parts = trading_hours(instrument.market, instrument.board).parts(DAY, False)
            close = Decimal(0) if symbol in self.without_data else Decimal(100)
            self.boards[symbol] = Board(symbol, DAY, parts, close)
        return self.boards[symbol]

    def trading_day(self, market: Market) -> date:
        return DAY

    def source(self, symbol: Symbol) -> MarketSource | None:
        return self._source

    def is_at_hand(self, symbol: Symbol) -> bool:
        return symbol not in self.to_be_prepared

    async def ready(self, symbols: Sequence[Symbol], *, days_back: int = 0) -> None:
        self.asked_for += symbols
        for symbol in symbols:
            if symbol in self.to_be_prepared:
                await self.to_be_prepared[symbol].wait()
                self.to_be_prepared.pop(symbol, None)

    def watch(self, symbol: Symbol) -> None:
        self.watched[symbol] = self.watched.get(symbol, 0) + 1

    def unwatch(self, symbol: Symbol) -> None:
        self.watched[symbol] -= 1
        if not self.watched[symbol]:
            del self.watched[symbol]

    def listen(
        self,
        on_change: Callable[[Symbol, BoardChange, Board], None],
        on_refresh: Callable[[Symbol, Board], None],
    ) -> None:
        self._listeners.append((on_change, on_refresh))

    def now(self, market: Market) -> datetime:
        return self.clock[market]

    def calendar(self, market: Market) -> Calendar:
        return self.reference.calendars[market]

    def feed(self, *events: MarketEvent) -> None:
        """Let something happen on the market."""
        for event in events:
            board = self.board(event.symbol)
            assert board is not None
            change = board.apply(event)
            market = market_of(event.symbol)
            self.clock[market] = max(self.clock[market], event.at)
            if event.symbol in self.watched:
                for on_change, _ in self._listeners:
                    on_change(event.symbol, change, board)

    def refresh(self, symbol: Symbol) -> None:
        """Let time have skipped."""
        board = self.board(symbol)
        assert board is not None
        for _, on_refresh in self._listeners:
            on_refresh(symbol, board)

    # -- the venue's view of the same market

    def view(self, symbol: Symbol) -> MarketView | None:
        instrument, board = self.instrument(symbol), self.board(symbol)
        if instrument is None or board is None:
            return None
        calendar = self.calendar(instrument.market)
        quote = board.quote(self.now(instrument.market))
        return MarketView(
            instrument=instrument,
            trading_day=DAY,
            next_trading_day=calendar.add(DAY, 1),
            session=TradeSession.NORMAL,
            settles_on=calendar.add(DAY, 2),
            sellable_from=DAY,
            depth=board.depth,
            last_done=quote.last_done,
            prev_close=board.prev_close,
        )

    def actions(self, symbol: Symbol, after: date, through: date) -> list[CorporateAction]:
        return []

    def working_symbols_changed(self, symbols: Any) -> None:
        """The venue's book is moved by hand in these tests."""


class Trades:
    """A real venue on the in-memory store."""

    def __init__(self, quotes: HandFedQuotes) -> None:
        self.quotes = quotes
        store = MemoryStore()
        self.store = store
        self.runner = VenueRunner("main", store, quotes)
        self.queries = TradeQueries(store.read_models("main"))

    async def submit(self, command: Command) -> tuple[Event, ...]:
        return await self.runner.submit(command)

    def listen(self, listener: Any) -> Callable[[], None]:
        return self.runner.listen(listener)

    def trading_days(self) -> Mapping[Market, date]:
        return dict.fromkeys(Market, DAY)

    def view(self, symbol: Symbol) -> MarketView | None:
        return self.quotes.view(symbol)


class StillClock:
    """A clock that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []

    async def state(self) -> dict[str, Any]:
        return {"mode": "at", "told": len(self.told)}

    async def step(self, seconds: float) -> dict[str, Any]:
        if seconds < 0:
            raise ValueError("a clock never goes back")
        return await self._take("step", seconds)

    async def jump(self, to: str) -> dict[str, Any]:
        return await self._take("jump", to)

    async def pause(self) -> dict[str, Any]:
        return await self._take("pause", None)

    async def resume(self) -> dict[str, Any]:
        return await self._take("resume", None)

    async def set_speed(self, speed: float) -> dict[str, Any]:
        return await self._take("speed", speed)

    async def _take(self, verb: str, value: object) -> dict[str, Any]:
        self.told.append((verb, value))
        return await self.state()


@dataclass
class Health:
    parts: dict[str, str] = field(default_factory=lambda: {"journal": "ok", "market": "ok"})

    async def check(self) -> dict[str, str]:
        return self.parts


@dataclass
class World:
    """A running gateway and everything a test may touch behind it."""

    gateway: Gateway
    ports: ListenerPorts
    start: FirstStart
    identity: MemoryIdentity
    quotes: HandFedQuotes
    trades: Trades
    clock: StillClock
    health: Health
    documents: MemoryDocuments

    @property
    def account_no(self) -> str:
        return self.start.account.account_no

    def password(self) -> str:
        """A fresh one-time password, as the HTTP API gives it."""
        return self.gateway.identity.issue_password(
            Principal(self.start.app.app_key, self.account_no)
        )

    def headers(self, method: str, target: str, body: bytes = b"", **more: str) -> dict[str, str]:
        """Headers of a signed request."""
        path, _, query = target.partition("?")
        headers = {
            "x-api-key": self.start.app.app_key,
            "authorization": self.start.token,
            "x-timestamp": str(int(time.time())),
            **more,
        }
        secret = self.start.app.app_secret
        headers["x-api-signature"] = signature_header(method, path, query, body, headers, secret)
        return headers

    async def call(
        self, method: str, target: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a signed request; returns status and envelope."""
        raw = b"" if body is None else json.dumps(body).encode()
        signed = self.headers(method, target, raw)
        status, _, answer = await http(self.ports.http, method, target, {**signed, **headers}, raw)
        return status, json.loads(answer)


async def http(
    port: int, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """One HTTP request on a connection of its own; status, headers and body."""
    lines = [f"{method} {target} HTTP/1.1", "host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"content-length: {len(body)}")
    raw = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
    return await http_raw(port, raw)


async def http_raw(port: int, raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, read one response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        first, *rest = head.decode("latin-1").strip().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in rest)}
        body = await asyncio.wait_for(reader.readexactly(int(headers["content-length"])), 10)
        return int(first.split()[1]), headers, body
    finally:
        writer.close()


def trade(symbol: Symbol, seconds: float, price: str, volume: int = 100, **more: Any) -> Trade:
    at = NOW[market_of(symbol)] + timedelta(seconds=seconds)
    return Trade(symbol, at, Decimal(price), volume, **more)


def depth(symbol: Symbol, seconds: float, asks: list[str], bids: list[str]) -> Depth:
    at = NOW[market_of(symbol)] + timedelta(seconds=seconds)
    return Depth(
        symbol,
        at,
        tuple(Level(Decimal(price), 500, 2) for price in asks),
        tuple(Level(Decimal(price), 700, 3) for price in bids),
    )


@asynccontextmanager
async def world(profile: str = "service", timing: Timing | None = None) -> AsyncIterator[World]:
    """Run a gateway; any exception that nobody handled fails the test."""
    loop = asyncio.get_running_loop()
    unhandled: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: unhandled.append(context))
    start = first_start(time.time())
    identity, quotes = MemoryIdentity(start), HandFedQuotes()
    trades, clock, health = Trades(quotes), StillClock(), Health()
    documents = MemoryDocuments()
    await trades.runner.start()
    await trades.submit(OpenAccount(start.account.account_no, "test"))
    await trades.submit(Deposit(start.account.account_no, Currency.HKD, Decimal(1_000_000)))
    gateway = Gateway(
        GatewayPorts(identity, quotes, trades, clock, health, documents, HandFedQuotes),
        PROFILES[profile],
        admin_secret=ADMIN_SECRET,
        timing=timing,
    )
    ports = await gateway.start("127.0.0.1", ListenerPorts())
    try:
        yield World(gateway, ports, start, identity, quotes, trades, clock, health, documents)
    finally:
        await gateway.close()
        await trades.runner.close()
        loop.set_exception_handler(None)
    assert not unhandled, f"nobody handled: {unhandled}"
    assert gateway.stats.defects == 0, "an unexpected exception was answered"
