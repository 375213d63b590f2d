"""Who is calling: apps, access tokens, signatures, one-time passwords and socket sessions.

Turns credentials into a `Principal` or raises `Refused` with the reason, in a fixed order of
checks, so that a client always meets the same code for the same mistake. Knows no endpoint, no
limit and no trading. Tokens and session ids are opaque random text, kept and looked up by digest:
a copy of the database signs nobody in, and comparing digests tells nothing about the text.

Wall time comes in with the identity's clock, in Unix seconds; randomness as a function, so that
a test can repeat a day.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from msgspec import Struct

from portway.gateway.errors import Refused
from portway.gateway.limits import Caller
from portway.gateway.ports import (
    AccountRecord,
    AppRecord,
    IdentityStore,
    SessionRecord,
    TokenRecord,
)
from portway.trading.ports import WriteFailed
from portway.wire.commands import Channel
from portway.wire.signature import bearer_token, parse_timestamp_ms, verify

__all__ = [
    "TOKEN_DAYS",
    "TOOL_HEADER",
    "FirstStart",
    "Identity",
    "OpenedSession",
    "Principal",
    "Recognised",
    "first_start",
    "new_app",
    "new_token",
    "token_digest",
]

log = logging.getLogger(__name__)

TOKEN_DAYS: Final = 90
TOKEN_DAYS_MAX: Final = 365
TOKEN_CHARS_MAX: Final = 256
REFRESH_GRACE_S: Final = 60
TIMESTAMP_SKEW_S: Final = 300
PASSWORD_SECONDS: Final = 60
PASSWORDS_MAX: Final = 4096  # outstanding one-time passwords; past it the oldest is forgotten
UNSAVED_SESSIONS_MAX: Final = 10_000  # That no disk took; past it the oldest cannot be resumed.
SESSION_SECONDS: Final = 24 * 3600
VERIFIED_TOKENS_MAX: Final = 1024
VERIFIED_TOKEN_SECONDS: Final = 5.0  # another process may revoke a token in the same database
TOOL_HEADER: Final = "x-portway-tool"

_DAY_SECONDS = 24 * 3600


class Principal(Struct, frozen=True):
    """Someone whose credentials were checked.

    Attributes:
        is_tool: One of the server's own command line tools; its calls count apart.
        is_read_only: It may ask everything and change nothing.
    """

    app_key: str
    account_no: str
    is_tool: bool = False
    is_read_only: bool = False

    @property
    def caller(self) -> Caller:
        """Under which name the limits count this principal."""
        return Caller(self.account_no, self.is_tool)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """What a sign-in on a socket hands out.

    Attributes:
        session_id: To resume with; the text exists here and at the client alone.
        expires_at_ms: Absolute, Unix milliseconds: clients of one generation misread a duration.
        lineage: Names the session over all its resumptions.
    """

    principal: Principal
    session_id: str
    lineage: str
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What a fresh home is furnished with, before anything is written.

    Attributes:
        token: Text of the token, to be shown to the owner once; `token_record` keeps its digest.
    """

    account: AccountRecord
    app: AppRecord
    token: str
    token_record: TokenRecord


def token_digest(text: str) -> str:
    """Return how a token or session id is kept: 64 hex digits of SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def new_app(name: str, random: Callable[[int], bytes] = secrets.token_bytes) -> AppRecord:
    """Make an app; neither key can begin with `us_`, which clients take for another region."""
    return AppRecord(app_key=random(16).hex(), app_secret=random(32).hex(), name=name)


def new_token(
    app_key: str,
    account_no: str,
    *,
    now: float,
    expires_at: float | None = None,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> tuple[str, TokenRecord]:
    """Make an access token; returns its text and the record to keep.

    Args:
        now: Unix seconds, likewise `expires_at`; left out it is `TOKEN_DAYS` later.
    """
    text = "m_" + _random_text(random, 32)
    if expires_at is None:
        expires_at = now + TOKEN_DAYS * _DAY_SECONDS
    return text, TokenRecord(token_digest(text), app_key, account_no, int(now), int(expires_at))


def first_start(
    now: float,
    account_no: str = "PT10000001",
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> FirstStart:
    """Describe the account, the app and the token that a fresh home begins with."""
    account = AccountRecord(account_no, member_id=10001, aaid="20000001", channel="lb_papertrading")
    app = new_app("default", random)
    token, record = new_token(app.app_key, account_no, now=now, random=random)
    return FirstStart(account, app, token, record)


@dataclass(frozen=True, slots=True)
class _Password:
    principal: Principal
    expires_at: float


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose key and token a request names; who sent it is known when its signature is checked."""

    token: TokenRecord
    app: AppRecord
    until: float


class Identity:
    """Checks credentials against a store.

    Args:
        wall: Unix seconds now.
        tool_secret: What the command line tools of this server put into `TOOL_HEADER`, beside the
            credentials of an account; empty: no tools are known.
        on_refresh: Called with the old and the new token whenever one replaces the other.
    """

    def __init__(
        self,
        store: IdentityStore,
        wall: Callable[[], float],
        tool_secret: str = "",
        random: Callable[[int], bytes] = secrets.token_bytes,
        on_refresh: Callable[[str, str], None] = lambda old, new: None,
    ) -> None:
        self._store = store
        self._on_refresh = on_refresh
        self._wall = wall
        self._tool_secret = tool_secret.encode()
        self._random = random
        self._passwords: OrderedDict[str, _Password] = OrderedDict()
        self._unsaved: dict[str, SessionRecord] = {}
        self._to_save: deque[SessionRecord] = deque(maxlen=UNSAVED_SESSIONS_MAX)
        self._saving: asyncio.Task[None] | None = None
        self._verified: OrderedDict[tuple[str, str], Recognised] = OrderedDict()
        self._doors: list[Callable[[str, str], None]] = []

    # ------------------------------------------------------------------------------- HTTP

    async def recognise(self, headers: Mapping[str, bytes]) -> Recognised:
        """Check key and token alone: whoever fails here need not be listened to any further.

        Raises:
            Refused: With the first reason in the order key, token, expiry, pair.
        """
        now = self._wall()
        app_key = headers.get("x-api-key", b"").decode("latin-1")
        token_text = _token_text(headers.get("authorization", b""))
        digest = token_digest(token_text[:TOKEN_CHARS_MAX])
        known = self._verified.get((app_key, digest))
        if known is None or known.until <= now:
            known = await self._look_up(app_key, token_text, digest, now)
        _check_life(known.token, now)
        return known

    def authenticate(
        self,
        known: Recognised,
        method: str,
        raw_path: bytes,
        raw_query: bytes,
        body: bytes,
        headers: Mapping[str, bytes],
    ) -> Principal:
        """Return who sent a request.

        Args:
            known: What `recognise` found for it.
            raw_path: From the request line, untouched; likewise `raw_query`.
            headers: Last value of each, by lower-case name.

        Raises:
            Refused: For its time or its signature, in this order.
        """
        is_bearer = bearer_token(headers.get("authorization", b"")) is not None
        if not is_bearer or "x-api-signature" in headers:
            self._check_time(headers.get("x-timestamp", b""))
            secret = known.app.app_secret
            if not verify(method, raw_path, raw_query, body, headers, secret):
                raise Refused("SIGNATURE_INVALID")
        token = known.token
        tool = headers.get(TOOL_HEADER, b"")
        return Principal(token.app_key, token.account_no, self.is_tool(tool), token.is_read_only)

    async def refresh(
        self, principal: Principal, authorization: bytes, expires_at: float | None
    ) -> tuple[str, TokenRecord, AccountRecord]:
        """Exchange the token of a request for a new one; the old one works for a grace period.

        A program that goes on with the objects it has would fail on its next call otherwise.

        Args:
            authorization: Header of the request that `authenticate` accepted.
            expires_at: Unix seconds asked for; kept within one minute and `TOKEN_DAYS_MAX`.
        """
        now = self._wall()
        if expires_at is not None:
            expires_at = min(max(expires_at, now + 60), now + TOKEN_DAYS_MAX * _DAY_SECONDS)
        text, record = new_token(
            principal.app_key,
            principal.account_no,
            now=now,
            expires_at=expires_at,
            random=self._random,
        )
        account = await self._store.account(principal.account_no)
        if account is None:
            raise Refused("TOKEN_INVALID")
        record = replace(record, is_read_only=principal.is_read_only)
        await self._store.add_token(record)
        old = _token_text(authorization)
        await self._store.revoke_token(token_digest(old), int(now) + REFRESH_GRACE_S)
        self.forget()
        self._on_refresh(old, text)
        return text, record, account

    def forget(self) -> None:
        """Ask the store again from now on: what it holds has changed."""
        self._verified.clear()

    def on_dismissal(self, close: Callable[[str, str], None]) -> None:
        """Call `close` with app key and account number when what they have opened is to end."""
        self._doors.append(close)

    def dismiss(self, app_key: str, account_no: str) -> None:
        """End what a revoked token has opened: one-time passwords and connections.

        Which of an app's tokens opened them is not known, so those of its other tokens for the
        account end too: their clients sign in again by themselves.
        """
        self.forget()
        self._passwords = OrderedDict(
            (digest, one)
            for digest, one in self._passwords.items()
            if (one.principal.app_key, one.principal.account_no) != (app_key, account_no)
        )
        for close in self._doors:
            close(app_key, account_no)

    def issue_password(self, principal: Principal) -> str:
        """Return a one-time password with which this principal may open one socket connection."""
        now = self._wall()
        while self._passwords:
            digest, oldest = next(iter(self._passwords.items()))
            if oldest.expires_at > now and len(self._passwords) < PASSWORDS_MAX:
                break
            del self._passwords[digest]
        text = _random_text(self._random, 18)
        self._passwords[token_digest(text)] = _Password(principal, now + PASSWORD_SECONDS)
        return text

    # ------------------------------------------------------------------------------ sockets

    def redeem_password(self, text: str) -> Principal:
        """Spend a one-time password.

        Raises:
            Refused: If it is unknown, spent or expired.
        """
        password = self._passwords.pop(token_digest(text[:TOKEN_CHARS_MAX]), None)
        if password is None or password.expires_at <= self._wall():
            raise Refused("TOKEN_INVALID")
        return password.principal

    async def open_session(
        self, principal: Principal, channel: Channel, lineage: str | None = None
    ) -> OpenedSession:
        """Make a session that can be resumed until it expires, also after a restart.

        It is saved behind the answer: whoever signs in does not wait for a busy disk, and is let in
        where it is full; such a session lasts as long as this server.

        Args:
            lineage: Of the session that is resumed; its older ids stay usable until their own
                expiry, for a client whose answer got lost.
        """
        session_id = _random_text(self._random, 24)
        lineage = lineage or _random_text(self._random, 12)
        expires_at_ms = int((self._wall() + SESSION_SECONDS) * 1000)
        record = SessionRecord(
            token_digest(session_id),
            lineage,
            channel,
            principal.app_key,
            principal.account_no,
            principal.is_tool,
            expires_at_ms,
        )
        self._unsaved[record.digest] = record
        self._to_save.append(record)
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save_sessions())
        return OpenedSession(principal, session_id, lineage, expires_at_ms)

    async def _save_sessions(self) -> None:
        """Save one after the other: a busy disk shall not hold more than one thread of all."""
        while self._to_save:
            record = self._to_save.popleft()
            try:
                await self._store.add_session(record)
            except WriteFailed as error:
                log.warning("a session cannot be resumed after a restart: %s", error)
                while len(self._unsaved) > UNSAVED_SESSIONS_MAX:
                    del self._unsaved[next(iter(self._unsaved))]
            else:
                self._unsaved.pop(record.digest, None)

    async def saved(self) -> None:
        """Wait until every session that was made is saved, or could not be."""
        if self._saving is not None:
            await self._saving

    async def find_session(self, session_id: str, channel: Channel) -> SessionRecord:
        """Return the session that a client wants to resume.

        Raises:
            Refused: If it is unknown, of the other channel, or expired.
        """
        digest = token_digest(session_id[:TOKEN_CHARS_MAX])
        record = self._unsaved.get(digest) or await self._store.session(digest)
        if (
            record is None
            or record.channel is not channel
            or record.expires_at_ms <= self._wall() * 1000
        ):
            raise Refused("SESSION_EXPIRED")
        return record

    async def member_id(self, account_no: str) -> int:
        """Return the number of the user an account belongs to, 0 when it is not known."""
        account = await self._store.account(account_no)
        return account.member_id if account else 0

    async def drop_expired(self) -> None:
        """Forget sessions past their expiry; to be called now and then."""
        now_ms = int(self._wall() * 1000)
        for digest, record in list(self._unsaved.items()):
            if record.expires_at_ms <= now_ms:
                del self._unsaved[digest]
        try:
            await self._store.drop_sessions(now_ms)
        except WriteFailed as error:
            log.warning("expired sessions stay in the store for now: %s", error)

    # ----------------------------------------------------------------------------- the checks

    async def _look_up(self, app_key: str, token_text: str, digest: str, now: float) -> Recognised:
        app = await self._store.app(app_key) if app_key else None
        if app is None:
            raise Refused("APP_KEY_UNKNOWN")
        if not token_text:
            raise Refused("TOKEN_MISSING")
        token = await self._store.token(digest)
        if token is None:
            raise Refused("TOKEN_INVALID")
        _check_life(token, now)
        if token.app_key != app_key:
            raise Refused("APP_KEY_UNKNOWN")
        account = await self._store.account(token.account_no)
        if account is not None and not account.is_verified:
            raise Refused("NO_PERMISSION")
        verified = Recognised(token, app, now + VERIFIED_TOKEN_SECONDS)
        self._verified[app_key, digest] = verified
        if len(self._verified) > VERIFIED_TOKENS_MAX:
            self._verified.popitem(last=False)
        return verified

    def _check_time(self, timestamp: bytes) -> None:
        at_ms = parse_timestamp_ms(timestamp)
        if at_ms is None or abs(at_ms - self._wall() * 1000) > TIMESTAMP_SKEW_S * 1000:
            raise Refused("TIMESTAMP_STALE")

    def is_tool(self, given: bytes) -> bool:
        """Whether `given` proves one of this server's own command line tools."""
        # Anyone may send the header; only this machine's owner can read the secret.
        return bool(self._tool_secret) and hmac.compare_digest(given, self._tool_secret)


def _token_text(authorization: bytes) -> str:
    """Return the access token of a request, with the scheme word `Bearer` or without."""
    bearer = bearer_token(authorization)
    return bearer if bearer is not None else authorization.decode("latin-1")


def _check_life(token: TokenRecord, now: float) -> None:
    if token.revoked_at is not None and token.revoked_at <= now:
        raise Refused("TOKEN_INVALID")
    if token.expires_at <= now:
        raise Refused("TOKEN_EXPIRED")


def _random_text(random: Callable[[int], bytes], length: int) -> str:
    return urlsafe_b64encode(random(length)).rstrip(b"=").decode()
