"""Settings of the SDK: credentials, addresses and choices, in one immutable value.

A `Config` opens nothing and may be shared by any number of contexts; each opens its own
connection. Secrets never appear in its repr.
"""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import KW_ONLY, dataclass, fields
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from portway.openapi.dotenv import read_environment
from portway.openapi.enums import Language, PushCandlestickMode
from portway.openapi.errors import ArgumentError, ConfigError
from portway.openapi.quote_enums import QuoteTransport

if TYPE_CHECKING:
    from portway.openapi.dotenv import Environment
    from portway.openapi.oauth import OAuth

__all__ = ["Config", "mask", "vendor_url"]

log = logging.getLogger("portway.openapi")

_LANGUAGES = {member.tag: member for member in Language}
_MODES = {"realtime": PushCandlestickMode.Realtime, "confirmed": PushCandlestickMode.Confirmed}
_TRANSPORTS = {"ws": QuoteTransport.WebSocket, "http": QuoteTransport.Http}

# What a client without an address speaks to: the broker's own service, global and mainland.
_VENDOR_DOMAINS: Final = {False: "longbridge.com", True: "longbridge.cn"}
_SECRETS: Final = ("app_key", "app_secret", "access_token")


@dataclass(frozen=True, slots=True, repr=False)
class Config:
    """How to reach a service and as whom.

    The constructor reads no environment; `from_env` and `from_apikey_env` do, and `from_apikey`
    and `from_oauth` do for what they are not given.

    Args:
        app_key: Names the app.
        app_secret: Signs requests.
        access_token: Proves the account; with the prefix `Bearer ` requests are not signed.
        http_url: HTTP base, as `http://127.0.0.1:8700`; the broker's own service if left out.
        quote_ws_url: Quote socket, as `ws://127.0.0.1:8701/v2`; likewise.
        trade_ws_url: Trade socket; likewise.
        language: Of names and messages; English if left out.
        enable_overnight: Ask for US overnight quotes.
        push_candlestick_mode: When candlesticks are pushed.
        enable_print_quote_packages: Kept for programs that set it; packages are logged, at INFO.
        log_path: Kept for programs that set it; this SDK logs through `logging`.
        enable_papertrading: Send `x-papertrading: true` with every request.
        quote_transport: How quotes are pulled: over the socket or over HTTP.
        timeout_s: Deadline of every call in seconds, waiting for a lost line included.
        aware: Times of answers and pushes are zoned (UTC) instead of naive local ones.
        order_retries: How often an order is sent again when it is unknown what became of it; each
            order carries a `client_request_id`, so that the service takes it once. With 0 an order
            carries one only if the program gives it.
        paper_only: Refuse to send orders to an address that is not simulated: not of this machine,
            of a private network, or among `simulated_hosts`.
        simulated_hosts: Names of hosts that only simulate.
        inline_callbacks: Run callbacks on the thread that reads, at once: the least delay and the
            least work. They must be quick, and the waiting calls of the context refuse to be
            made in them.
        events_max: Pushes that may wait for a slow callback before reading pauses.
        stale_after_s: Tell the connection callback when nothing was pushed for so many seconds.
        refill_candlesticks: Pull candlesticks again after an outage.
        as_longport: Where the official clients differ, do as `longport` does: a sync context
            connects when it is made, and raises if it cannot; `option_chain_info_by_date` gives
            a row for each strike. Else as `longbridge`: it connects at the first call that needs
            it, and gives a row for each contract. The factories of `longbridge` leave it out.
        oauth: Where the access token comes from, instead of the three credentials.

    Raises:
        TypeError: If an argument has the wrong type.
        ConfigError: If an address has the wrong scheme.
        ArgumentError: If a number is out of bounds.
    """

    app_key: str
    app_secret: str
    access_token: str
    http_url: str | None = None
    quote_ws_url: str | None = None
    trade_ws_url: str | None = None
    language: Language | None = None
    enable_overnight: bool = False
    push_candlestick_mode: PushCandlestickMode = PushCandlestickMode.Realtime
    enable_print_quote_packages: bool = True
    log_path: str | None = None
    enable_papertrading: bool = False
    quote_transport: QuoteTransport | None = None
    _: KW_ONLY
    timeout_s: float = 30.0
    aware: bool = False
    order_retries: int = 2
    paper_only: bool = False
    simulated_hosts: tuple[str, ...] = ()
    inline_callbacks: bool = False
    events_max: int = 8192
    stale_after_s: float | None = None
    refill_candlesticks: bool = True
    as_longport: bool = True
    oauth: OAuth | None = None

    def __post_init__(self) -> None:
        _check_types(self)
        _check_url("http_url", self.http_url, ("http://", "https://"))
        _check_url("quote_ws_url", self.quote_ws_url, ("ws://", "wss://"))
        _check_url("trade_ws_url", self.trade_ws_url, ("ws://", "wss://"))
        if not self.timeout_s > 0:
            raise ArgumentError(f"timeout_s is {self.timeout_s}, it must be over 0 seconds")
        if self.stale_after_s is not None and not self.stale_after_s > 0:
            raise ArgumentError(f"stale_after_s is {self.stale_after_s}, it must be over 0 seconds")
        for name, least in (("order_retries", 0), ("events_max", 1)):
            value = getattr(self, name)
            if value < least:
                raise ArgumentError(f"{name} is {value}, it must be {least} or more")

    # ------------------------------------------------------------------------------- factories

    @classmethod
    def from_env(cls, **changes: Any) -> Config:
        """Read `LONGBRIDGE_*` or `LONGPORT_*` variables, or those of the nearest `.env` file.

        `PORTWAY_X` counts before `LONGBRIDGE_X`, that before `LONGPORT_X`.

        Args:
            **changes: Arguments of the constructor that count before the environment.

        Raises:
            ConfigError: If a credential is missing.
        """
        return cls._from_environment(read_environment(), **changes)

    @classmethod
    def from_apikey_env(cls) -> Config:
        """As `from_env`, under the name that `longbridge` gives it.

        Raises:
            ConfigError: If a credential is missing.
        """
        return cls._from_environment(read_environment(), as_longport=False)

    @classmethod
    def from_apikey(
        cls,
        app_key: str,
        app_secret: str,
        access_token: str,
        http_url: str | None = None,
        quote_ws_url: str | None = None,
        trade_ws_url: str | None = None,
        language: Language | None = None,
        enable_overnight: bool | None = None,
        push_candlestick_mode: PushCandlestickMode | None = None,
        enable_print_quote_packages: bool | None = None,
        log_path: str | None = None,
        enable_papertrading: bool | None = None,
        quote_transport: QuoteTransport | None = None,
    ) -> Config:
        """Return settings with these credentials; what is left out comes from the environment.

        Raises:
            TypeError: If an argument has the wrong type.
            ConfigError: If an address has the wrong scheme.
        """
        given = {name: value for name, value in locals().items() if name != "cls"}
        return cls._with_environment(given)

    @classmethod
    def from_oauth(
        cls,
        oauth: OAuth,
        http_url: str | None = None,
        quote_ws_url: str | None = None,
        trade_ws_url: str | None = None,
        language: Language | None = None,
        enable_overnight: bool | None = None,
        push_candlestick_mode: PushCandlestickMode | None = None,
        enable_print_quote_packages: bool | None = None,
        log_path: str | None = None,
        enable_papertrading: bool | None = None,
        quote_transport: QuoteTransport | None = None,
    ) -> Config:
        """Return settings that sign in with OAuth; what is left out comes from the environment.

        Raises:
            TypeError: If an argument has the wrong type.
            ConfigError: If an address has the wrong scheme.
        """
        from portway.openapi.oauth import OAuth

        if not isinstance(oauth, OAuth):
            raise TypeError(f"argument 'oauth': an OAuth is expected, not {oauth!r:.80}")
        given = {name: value for name, value in locals().items() if name not in ("cls", "OAuth")}
        return cls._with_environment(
            {**given, "app_key": oauth.client_id, "app_secret": "", "access_token": ""}
        )

    @classmethod
    def _with_environment(cls, given: dict[str, Any]) -> Config:
        rest = _settings_of(read_environment())
        own = {name: value for name, value in given.items() if value is not None}
        return cls(**{"as_longport": False, **rest, **own})

    @classmethod
    def _from_environment(cls, env: Environment, **changes: Any) -> Config:
        credentials = {name: _required(env, name.upper()) for name in _SECRETS}
        return cls(**{**credentials, **_settings_of(env), **changes})

    # --------------------------------------------------------------------------- what is in force

    @property
    def base_url(self) -> str:
        """HTTP base in force, without a trailing slash."""
        return (self.http_url or vendor_url("http")).rstrip("/")

    @property
    def quote_url(self) -> str:
        """Quote socket in force."""
        return self.quote_ws_url or vendor_url("quote")

    @property
    def trade_url(self) -> str:
        """Trade socket in force."""
        return self.trade_ws_url or vendor_url("trade")

    @property
    def language_tag(self) -> str:
        """Language in force, as on the wire."""
        return (self.language or Language.EN).tag

    @property
    def zone(self) -> tzinfo | None:
        """Zone of the times that are handed out; `None` is naive local time."""
        return UTC if self.aware else None

    @property
    def dc_region(self) -> str:
        """Data centre, from the credentials: `us` or `ap`."""
        ours = any(getattr(self, name).startswith("us_") for name in _SECRETS)
        return "us" if ours else "ap"

    @property
    def is_simulated(self) -> bool:
        """Whether orders go to an address that can only simulate."""
        host = urlsplit(self.base_url).hostname or ""
        if host == "localhost" or host in self.simulated_hosts:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return address.is_loopback or address.is_private

    def refresh_access_token(self, expired_at: datetime | None = None) -> str:
        """Return a new access token; this value is not changed, and the old token is void.

        Args:
            expired_at: When the new token expires; in 90 days if left out. Without a zone: UTC.

        Raises:
            OpenApiException: The service refused, or did not answer.
        """
        from portway.openapi.calls.token import refresh_access_token
        from portway.openapi.http import HttpClient

        call = refresh_access_token(expired_at)
        with HttpClient._of(self, {}) as client:
            return client._run(call)

    async def refresh_access_token_async(self, expired_at: datetime | None = None) -> str:
        """See `refresh_access_token`."""
        import asyncio

        return await asyncio.to_thread(self.refresh_access_token, expired_at)

    def explain(self) -> str:
        """Return the settings in force, a line each, secrets masked."""
        rows = [
            ("HTTP", self.base_url),
            ("quote socket", self.quote_url),
            ("trade socket", self.trade_url),
            ("language", self.language_tag),
            ("app key", mask(self.app_key)),
            ("signs in by", "OAuth" if self.oauth is not None else "signature"),
            ("data centre", self.dc_region),
            ("orders go to", "a simulation" if self.is_simulated else "a service that may be real"),
            ("deadline", f"{self.timeout_s:g} s"),
        ]
        return "\n".join(f"{name + ':':14}{value}" for name, value in rows)

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={mask(value) if field.name in _SECRETS else repr(value)}"
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        )
        return f"Config({', '.join(shown)})"


def vendor_url(kind: str, *, mainland: bool = False) -> str:
    """Return the broker's own address: `http`, `quote` or `trade`."""
    domain = _VENDOR_DOMAINS[mainland]
    if kind == "http":
        return f"https://openapi.{domain}"
    return f"wss://openapi-{kind}.{domain}/v2"


def mask(secret: str) -> str:
    """Return what may be shown of a secret: its first four characters if it is long enough."""
    return f"'{secret[:4]}…'" if len(secret) > 12 else "'…'"


def _settings_of(env: Environment) -> dict[str, Any]:
    """What the environment says besides the credentials."""
    mainland = (env.get("REGION") or "").lower() == "cn"
    return {
        "http_url": env.get("HTTP_URL") or vendor_url("http", mainland=mainland),
        "quote_ws_url": env.get("QUOTE_WS_URL") or vendor_url("quote", mainland=mainland),
        "trade_ws_url": env.get("TRADE_WS_URL") or vendor_url("trade", mainland=mainland),
        "language": _one_of(env, "LANGUAGE", _LANGUAGES, None),
        "enable_overnight": env.get("ENABLE_OVERNIGHT") == "true",
        "push_candlestick_mode": _one_of(
            env, "PUSH_CANDLESTICK_MODE", _MODES, PushCandlestickMode.Realtime
        ),
        "enable_print_quote_packages": (env.get("PRINT_QUOTE_PACKAGES") or "true") == "true",
        "log_path": env.get("LOG_PATH"),
        "enable_papertrading": env.get("PAPERTRADING") == "true",
        "quote_transport": _one_of(env, "QUOTE_TRANSPORT", _TRANSPORTS, None),
        "paper_only": env.get("PAPER_ONLY") == "true",
    }


def _one_of(env: Environment, suffix: str, values: dict[str, Any], otherwise: Any) -> Any:
    """An unknown value counts as none, as in the official client, but not without a word."""
    given = env.get(suffix)
    if not given:
        return otherwise
    lower = {name.lower(): value for name, value in values.items()}
    if given.lower() not in lower:
        log.warning("%s=%r is unknown; it can be: %s", suffix, given, ", ".join(values))
    return lower.get(given.lower(), otherwise)


def _check_types(config: Config) -> None:
    values: dict[str, object] = {name: getattr(config, name) for name in _SECRETS}
    for name, value in values.items():
        if not isinstance(value, str):
            raise TypeError(f"argument '{name}': a str is expected")
    kinds: dict[str, tuple[type, ...]] = {
        "language": (Language, type(None)),
        "push_candlestick_mode": (PushCandlestickMode,),
        "quote_transport": (QuoteTransport, type(None)),
        "enable_overnight": (bool,),
        "enable_papertrading": (bool,),
    }
    for name, kind in kinds.items():
        if not isinstance(getattr(config, name), kind):
            raise TypeError(f"argument '{name}': a {kind[0].__name__} is expected")


def _required(env: Environment, suffix: str) -> str:
    value = env.get(suffix)
    if value is None:
        raise ConfigError(
            f"missing environment variable: LONGBRIDGE_{suffix} (or LONGPORT_{suffix}); "
            'against a running portway: eval "$(portway env)"'
        )
    return value


def _check_url(name: str, url: object, schemes: tuple[str, ...]) -> None:
    if url is None:
        return
    if not isinstance(url, str):
        raise TypeError(f"argument '{name}': a str is expected")
    if not url.startswith(schemes):
        raise ConfigError(f"{name} is {url!r}, it must begin with {' or '.join(schemes)}")
