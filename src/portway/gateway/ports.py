"""What the gateway needs from the rest of the server, as protocols that `assemble` fills.

Identity records are plain values of this module: secrets stand in them only where they must be
known to check a signature (the app secret); tokens and session ids are kept as SHA-256 digests.
Times of identity are wall times in Unix seconds, times of quotes and trading are market times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from portway.market.derived import DerivedMarkets
from portway.market.ports import MarketSource
from portway.market.reference import Reference
from portway.model.calendar import Calendar
from portway.model.command import Command, MarketView
from portway.model.event import Event
from portway.model.instrument import Instrument
from portway.model.symbol import Market, Symbol
from portway.quotes.board import Board
from portway.quotes.changes import BoardChange
from portway.trading.ports import Published
from portway.trading.queries import TradeQueries
from portway.wire.commands import Channel

__all__ = [
    "AccountRecord",
    "AppRecord",
    "ClockControl",
    "DocumentStore",
    "HealthCheck",
    "IdentityStore",
    "QuoteService",
    "SessionRecord",
    "TokenRecord",
    "TradeService",
]


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """Who an account belongs to.

    Attributes:
        account_no: Key of the account in trading.
        member_id: Number of the user, shown in the profile and in a token's answer.
        aaid: Number of the asset account, decimal digits.
        channel: `lb_papertrading` for a paper account.
        is_verified: Whether its owner has passed the developer verification: without it every
            call is refused.
    """

    account_no: str
    member_id: int
    aaid: str
    channel: str
    is_verified: bool = True


@dataclass(frozen=True, slots=True)
class AppRecord:
    """A registered program.

    Attributes:
        app_key: Public id, 32 hex digits.
        app_secret: HMAC key, 64 hex digits; known to the server because it checks signatures.
    """

    app_key: str
    app_secret: str
    name: str


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """An access token, bound to one app and one account.

    Attributes:
        digest: SHA-256 of the token's text, 64 hex digits.
        issued_at: Unix seconds, likewise `expires_at`.
        revoked_at: From this instant on the token is refused; `None`: not revoked. It lies ahead
            while a refreshed token is in its grace period.
        is_read_only: It may ask everything and change nothing.
    """

    digest: str
    app_key: str
    account_no: str
    issued_at: int
    expires_at: int
    revoked_at: int | None = None
    is_read_only: bool = False


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A socket session that may be resumed.

    Attributes:
        digest: SHA-256 of the session id, 64 hex digits.
        lineage: Shared by all ids that followed from one sign-in: the same session, resumed.
        expires_at_ms: Unix milliseconds, as the client was told.
    """

    digest: str
    lineage: str
    channel: Channel
    app_key: str
    account_no: str
    is_tool: bool
    expires_at_ms: int


class IdentityStore(Protocol):
    """Where apps, tokens and sessions live. Every write is durable on return."""

    async def account(self, account_no: str) -> AccountRecord | None: ...

    async def accounts(self) -> Sequence[AccountRecord]:
        """Every account, by number."""
        ...

    async def add_account(self, account: AccountRecord) -> None:
        """Keep an account, or its new fields."""
        ...

    async def app(self, app_key: str) -> AppRecord | None: ...

    async def apps(self) -> Sequence[AppRecord]:
        """Every app, by key."""
        ...

    async def add_app(self, app: AppRecord) -> None: ...

    async def tokens(self, account_no: str) -> Sequence[TokenRecord]:
        """Every token of an account, the newest first."""
        ...

    async def token(self, digest: str) -> TokenRecord | None: ...

    async def add_token(self, token: TokenRecord) -> None: ...

    async def revoke_token(self, digest: str, revoked_at: int) -> None:
        """Set the instant from which the token is refused; an earlier one stays."""
        ...

    async def session(self, digest: str) -> SessionRecord | None: ...

    async def add_session(self, session: SessionRecord) -> None: ...

    async def drop_sessions(self, expired_before_ms: int) -> None:
        """Forget sessions that nobody can resume any more."""
        ...

    async def drop_sessions_of(self, app_key: str, account_no: str) -> None:
        """Forget every session that an app has opened for an account."""
        ...


class DocumentStore(Protocol):
    """Where small texts live that are read and written whole. Every write is durable on return."""

    async def document(self, kind: str, key: str) -> str | None:
        """What was kept last; None when nothing was."""
        ...

    async def documents(self, kind: str) -> Mapping[str, str]:
        """Everything of one kind, by key."""
        ...

    async def keep_document(self, kind: str, key: str, body: str) -> None:
        """Keep a text in place of the one before."""
        ...


class QuoteService(Protocol):
    """The present of all markets; everything on the gateway's own event loop, nothing blocks."""

    @property
    def reference(self) -> Reference:
        """Instruments, calendars and exchange participants."""
        ...

    @property
    def derived(self) -> DerivedMarkets | None:
        """Options and structured products; None where there are none at all."""
        ...

    def instrument(self, symbol: str) -> Instrument | None:
        """The listed instrument, or None for an unknown symbol."""
        ...

    def trading_day(self, market: Market) -> date:
        """The trading day that boards of the market show now."""
        ...

    def board(self, symbol: Symbol) -> Board | None:
        """The symbol's board at market time; None for an unknown symbol."""
        ...

    def source(self, symbol: Symbol) -> MarketSource | None:
        """Where the symbol's history comes from."""
        ...

    def is_at_hand(self, symbol: Symbol) -> bool:
        """Whether `board` answers at once."""
        ...

    async def ready(self, symbols: Sequence[Symbol], *, days_back: int = 0) -> None:
        """Let boards and days be made ready, while others go on."""
        ...

    def watch(self, symbol: Symbol) -> None:
        """Tell listeners the changes of a listed symbol until `unwatch`; counts."""
        ...

    def unwatch(self, symbol: Symbol) -> None: ...

    def listen(
        self,
        on_change: Callable[[Symbol, BoardChange, Board], None],
        on_refresh: Callable[[Symbol, Board], None],
    ) -> None:
        """Call `on_change` for every event of a watched symbol, in order.

        `on_refresh` is called when time has skipped events: the board as a whole is new.
        """
        ...

    def now(self, market: Market) -> datetime:
        """Market time, UTC."""
        ...

    def calendar(self, market: Market) -> Calendar: ...


class TradeService(Protocol):
    """A venue as its clients see it."""

    @property
    def queries(self) -> TradeQueries:
        """The read side; safe to call from any thread."""
        ...

    async def submit(self, command: Command) -> tuple[Event, ...]:
        """Carry a command out; the answering event first, all of them durable.

        Raises:
            VenueBusy, VenueClosed, OutcomeUnknown: As the venue's runner.
        """
        ...

    def listen(self, listener: Callable[[Published], None]) -> Callable[[], None]:
        """Call `listener` with everything durable from now on; returns how to stop."""
        ...

    def trading_days(self) -> Mapping[Market, date]:
        """The running trading day of each market, or the next one where it is closed."""
        ...

    def view(self, symbol: Symbol) -> MarketView | None:
        """What is known of a symbol now; None when it is not listed."""
        ...


class ClockControl(Protocol):
    """The simulated clock, as the admin API moves it. Answers are JSON objects of plain values.

    Every method raises `ValueError` with one line for the caller when the clock cannot do what was
    asked (a jump back, a wall clock that is stepped, a number that makes no sense).
    """

    async def state(self) -> dict[str, Any]: ...

    async def step(self, seconds: float) -> dict[str, Any]: ...

    async def jump(self, to: str) -> dict[str, Any]: ...

    async def pause(self) -> dict[str, Any]: ...

    async def resume(self) -> dict[str, Any]: ...

    async def set_speed(self, speed: float) -> dict[str, Any]: ...


class HealthCheck(Protocol):
    """The data path, tested: can facts be written, does the market move."""

    async def check(self) -> dict[str, str]:
        """Return a line per part: "ok", or what is wrong with it."""
        ...
