"""How much a caller may ask for, and what it is told about that: rates, connections, subscriptions.

Pure: every call brings the wall instant `now` (seconds on any steady scale), nothing here reads a
clock or waits. A profile is one frozen value that the sign-in answers and the checks both read, so
that what is told and what is enforced cannot part. A caller that keeps to what it was told is
never refused by the `service` profile.

A caller is an account, or an account's command line tools: the tools count apart, so that
`portway quote` never eats a permit of the user's program.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from portway.gateway.history_quota import PUBLISHED_TIERS, QuotaTier
from portway.wire.commands import Channel

__all__ = [
    "LIMITED_QUOTE_COMMANDS",
    "PROFILES",
    "Caller",
    "CallerUse",
    "GapRule",
    "LimitProfile",
    "Limits",
    "QuoteBucket",
    "RateRow",
    "Room",
    "Window",
]

# Commands with a row in the profile answer. Not 9: an old client sends it four times while it
# connects, and starts with an empty bucket, so a row would delay every start by seconds.
LIMITED_QUOTE_COMMANDS: Final = range(10, 28)

HISTORY_COMMAND: Final = 27


class Caller(NamedTuple):
    """Who is counted: an account, and apart from it the account's command line tools."""

    account_no: str
    is_tool: bool = False


class GapRule(Enum):
    """What happens to a trade call that comes too soon after the one before."""

    HOLD_BACK = auto()  # it waits out the gap, then runs
    REFUSE = auto()


@dataclass(frozen=True, slots=True)
class RateRow:
    """What the sign-in tells a client per command; 0 in either field would break it.

    Attributes:
        per_second: Tokens added each second, at least 1.
        burst: Bucket of the client, at least 1.
    """

    per_second: int
    burst: int


@dataclass(frozen=True, slots=True)
class QuoteBucket:
    """A token bucket per account and quote command, over all its connections."""

    per_second: float
    capacity: float


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds`; refused calls do not count."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LimitProfile:
    """All limits of one account, told and enforced. `None` means that there is no such limit.

    Attributes:
        connections_max: Signed-in connections of one caller, both channels together.
        connections_per_channel_max: The same for one channel alone.
        subscribed_symbols_max: Symbols of one caller, each counted once whatever is subscribed.
        trade_window: Over all trade and asset endpoints of an account.
        trade_gap_s: Least seconds between two trade calls.
        quote_bucket: Per command.
        quote_window: Over all quote commands together.
        history_window: Over history candlesticks alone.
        quote_in_flight_max: Quote calls of one caller that run at the same time; others wait.
        one_at_a_time: Refuse a second call of an interface while one runs.
        history_tiers: How many symbols a month an account may ask history of, the best tier first.
        told: The row sent for each of `LIMITED_QUOTE_COMMANDS`; `None` sends no rows.
    """

    name: str
    connections_max: int
    connections_per_channel_max: int | None
    subscribed_symbols_max: int
    trade_window: Window | None
    trade_gap_s: float
    trade_gap_rule: GapRule
    quote_bucket: QuoteBucket | None
    quote_window: Window | None
    history_window: Window | None
    quote_in_flight_max: int | None
    one_at_a_time: bool
    told: RateRow | None
    history_tiers: tuple[QuotaTier, ...] | None = None


_SERVICE = LimitProfile(
    name="service",
    connections_max=10,
    connections_per_channel_max=None,
    subscribed_symbols_max=500,
    trade_window=Window(calls=30, seconds=30.0),
    trade_gap_s=0.02,
    trade_gap_rule=GapRule.HOLD_BACK,
    # A client with a full bucket and a tick at the same moment sends burst + per_second at once.
    quote_bucket=QuoteBucket(per_second=10, capacity=20),
    quote_window=None,
    history_window=None,
    quote_in_flight_max=5,
    one_at_a_time=False,
    told=RateRow(per_second=10, burst=10),
)

_PUBLISHED = LimitProfile(
    name="published",
    connections_max=2,
    connections_per_channel_max=1,
    subscribed_symbols_max=500,
    trade_window=Window(calls=30, seconds=30.0),
    trade_gap_s=0.02,
    trade_gap_rule=GapRule.REFUSE,
    quote_bucket=None,
    quote_window=Window(calls=10, seconds=1.0),
    history_window=Window(calls=60, seconds=30.0),
    quote_in_flight_max=5,
    one_at_a_time=True,
    told=RateRow(per_second=10, burst=5),
    history_tiers=PUBLISHED_TIERS,
)

_NONE = LimitProfile(
    name="none",
    # Bounds of the machine rather than rules of the service: everything has a named maximum.
    connections_max=10_000,
    connections_per_channel_max=None,
    subscribed_symbols_max=100_000,
    trade_window=None,
    trade_gap_s=0.0,
    trade_gap_rule=GapRule.HOLD_BACK,
    quote_bucket=None,
    quote_window=None,
    history_window=None,
    quote_in_flight_max=None,
    one_at_a_time=False,
    told=None,
)

PROFILES: Final[Mapping[str, LimitProfile]] = MappingProxyType(
    {profile.name: profile for profile in (_SERVICE, _PUBLISHED, _NONE)}
)


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of a window.

    Attributes:
        frees_in_s: Until the next call is given back; 0: nothing is used.
    """

    limit: int
    remaining: int
    frees_in_s: float

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "limit": self.limit,
            "remaining": self.remaining,
            "frees_in_s": round(self.frees_in_s, 3),
        }


class SlidingWindow:
    """Instants of the permitted calls of a window, at most `calls` of them kept."""

    __slots__ = ("_instants", "_window")

    def __init__(self, window: Window) -> None:
        self._window = window
        self._instants: deque[float] = deque(maxlen=window.calls)

    def used(self, at: float) -> int:
        """Calls within the window that ends at `at`."""
        return sum(at - one < self._window.seconds for one in self._instants)

    def frees_in(self, at: float) -> float:
        """Seconds until the oldest call that still counts does so no more; 0 when none does."""
        counting = [one for one in self._instants if at - one < self._window.seconds]
        return counting[0] + self._window.seconds - at if counting else 0.0

    def has_room(self, at: float) -> bool:
        """Whether one more call at `at` leaves every span of the window's length within it."""
        if len(self._instants) < self._window.calls:
            return True
        return at - self._instants[0] >= self._window.seconds

    def count(self, at: float) -> None:
        """Record a permitted call; the oldest falls out when the window is full."""
        self._instants.append(at)


class TokenBucket:
    """Refills continuously; starts full."""

    __slots__ = ("_bucket", "_refilled_at", "_tokens")

    def __init__(self, bucket: QuoteBucket, now: float) -> None:
        self._bucket = bucket
        self._tokens = bucket.capacity
        self._refilled_at = now

    def take(self, now: float) -> bool:
        """Take one token if there is one."""
        # A clock that steps back must not drain the bucket.
        elapsed = max(0.0, now - self._refilled_at)
        self._tokens = min(self._bucket.capacity, self._tokens + elapsed * self._bucket.per_second)
        self._refilled_at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


@dataclass(slots=True)
class CallerUse:
    """What one caller has used of its limits. Size bounded by the profile's numbers."""

    connections: dict[Channel, int] = field(default_factory=lambda: dict.fromkeys(Channel, 0))
    symbols: dict[str, int] = field(default_factory=dict)
    trade_window: SlidingWindow | None = None
    last_trade_at: float | None = None
    buckets: dict[int, TokenBucket] = field(default_factory=dict)
    quote_window: SlidingWindow | None = None
    history_window: SlidingWindow | None = None
    running: dict[str, int] = field(default_factory=dict)

    @property
    def online(self) -> int:
        """Signed-in connections on both channels."""
        return sum(self.connections.values())


class Limits:
    """The use of every caller, against one profile."""

    def __init__(self, profile: LimitProfile) -> None:
        self.profile = profile
        self._callers: dict[Caller, CallerUse] = {}

    def use_of(self, caller: Caller) -> CallerUse:
        """What `caller` has used; made empty on first sight. One entry per account that signed."""
        use = self._callers.get(caller)
        if use is None:
            use = self._callers[caller] = CallerUse(
                trade_window=_window(self.profile.trade_window),
                quote_window=_window(self.profile.quote_window),
                history_window=_window(self.profile.history_window),
            )
        return use

    # ------------------------------------------------------------------------- connections

    def online(self, caller: Caller) -> int:
        """Connections of the caller, as the socket token and the sign-in tell it."""
        return self.use_of(caller).online

    def connect(self, caller: Caller, channel: Channel) -> bool:
        """Count a connection that signs in; False when there is no room for it.

        Whoever resumes a session gives back the older connection's room first.
        """
        use = self.use_of(caller)
        if use.online >= self.profile.connections_max:
            return False
        per_channel = self.profile.connections_per_channel_max
        if per_channel is not None and use.connections[channel] >= per_channel:
            return False
        use.connections[channel] += 1
        return True

    def disconnect(self, caller: Caller, channel: Channel) -> None:
        """Give back the room of a connection that was counted."""
        use = self.use_of(caller)
        assert use.connections[channel] > 0, "a connection was given back twice"
        use.connections[channel] -= 1

    # ----------------------------------------------------------------------- subscriptions

    def subscribe(self, caller: Caller, symbols: list[str]) -> bool:
        """Count symbols that a connection newly follows; all or none.

        Args:
            symbols: Distinct, and not yet followed by this connection in any kind.
        """
        held = self.use_of(caller).symbols
        fresh = sum(1 for symbol in symbols if symbol not in held)
        if len(held) + fresh > self.profile.subscribed_symbols_max:
            return False
        for symbol in symbols:
            held[symbol] = held.get(symbol, 0) + 1
        return True

    def unsubscribe(self, caller: Caller, symbols: list[str]) -> None:
        """Give back symbols that a connection no longer follows in any kind."""
        held = self.use_of(caller).symbols
        for symbol in symbols:
            held[symbol] -= 1
            if not held[symbol]:
                del held[symbol]

    # ------------------------------------------------------------------------------- rates

    def permit_trade_call(self, caller: Caller, now: float) -> float | None:
        """Permit a call of a trade or asset endpoint.

        Returns:
            Seconds to hold the call back, 0 for none; `None` when it is refused. A permitted call
            counts at the instant at which it will run; a refused one never counts.
        """
        use = self.use_of(caller)
        at = now
        if use.last_trade_at is not None:
            earliest = use.last_trade_at + self.profile.trade_gap_s
            if now < earliest:
                if self.profile.trade_gap_rule is GapRule.REFUSE:
                    return None
                at = earliest
        if use.trade_window is not None:
            if not use.trade_window.has_room(at):
                return None
            use.trade_window.count(at)
        use.last_trade_at = at
        return at - now

    def trade_room(self, caller: Caller, now: float) -> Room | None:
        """Return what is left of the trade window; None: there is no such limit."""
        window = self.profile.trade_window
        if window is None:
            return None
        use = self.use_of(caller)
        assert use.trade_window is not None, "the profile has one"
        used = use.trade_window.used(now)
        return Room(window.calls, window.calls - used, use.trade_window.frees_in(now))

    def report(self, now: float) -> dict[str, Any]:
        """Return every caller's use and what is left, as plain values of JSON."""
        return {
            "profile": self.profile.name,
            "callers": [self._report(caller, now) for caller in self._callers],
        }

    def _report(self, caller: Caller, now: float) -> dict[str, Any]:
        use, room = self.use_of(caller), self.trade_room(caller, now)
        return {
            "account_no": caller.account_no,
            "is_tool": caller.is_tool,
            "trade": None if room is None else room.to_json(),
            "connections": {
                "limit": self.profile.connections_max,
                **{channel.name.lower(): count for channel, count in use.connections.items()},
            },
            "symbols": {
                "limit": self.profile.subscribed_symbols_max,
                "subscribed": len(use.symbols),
            },
        }

    def permit_quote_call(self, caller: Caller, cmd_code: int, now: float) -> bool:
        """Permit a quote command; commands without a row in the profile answer are free."""
        if cmd_code not in LIMITED_QUOTE_COMMANDS:
            return True
        use = self.use_of(caller)
        windows = [use.quote_window]
        if cmd_code == HISTORY_COMMAND:
            windows.append(use.history_window)
        if not all(window is None or window.has_room(now) for window in windows):
            return False
        if self.profile.quote_bucket is not None:
            bucket = use.buckets.get(cmd_code)
            if bucket is None:
                bucket = use.buckets[cmd_code] = TokenBucket(self.profile.quote_bucket, now)
            if not bucket.take(now):
                return False
        for window in windows:
            if window is not None:
                window.count(now)
        return True

    def begin(self, caller: Caller, interface: str) -> bool:
        """Note that a call of `interface` runs; False when one runs and the profile forbids two."""
        if not self.profile.one_at_a_time:
            return True
        running = self.use_of(caller).running
        if running.get(interface):
            return False
        running[interface] = running.get(interface, 0) + 1
        return True

    def end(self, caller: Caller, interface: str) -> None:
        """Note that a call of `interface`, begun before, is answered."""
        if not self.profile.one_at_a_time:
            return
        running = self.use_of(caller).running
        running[interface] -= 1
        if not running[interface]:
            del running[interface]


def _window(window: Window | None) -> SlidingWindow | None:
    return None if window is None else SlidingWindow(window)
