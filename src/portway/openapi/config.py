"""Settings of the SDK: credentials, addresses and choices, in one immutable value.

A `Config` opens nothing and may be shared by any number of contexts; each opens its own
connection. Secrets never appear in its repr.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from portway.openapi.dotenv import read_environment
from portway.openapi.enums import Language, PushCandlestickMode
from portway.openapi.errors import ArgumentError, ConfigError

if TYPE_CHECKING:
    from portway.openapi.dotenv import Environment

__all__ = ["Config", "mask"]

_LANGUAGES = {member.tag: member for member in Language}

# What a client without an address speaks to: the broker's own service, global and mainland.
_VENDOR_DOMAINS = {False: "longbridge.com", True: "longbridge.cn"}
_SECRETS = ("app_key", "app_secret", "access_token")


@dataclass(frozen=True, slots=True, repr=False)
class Config:
    """How to reach a service and as whom.

    The constructor reads no environment; `from_env` does.

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
        timeout_s: Deadline of every call in seconds, waiting for a lost line included.

    Raises:
        TypeError: If an argument has the wrong type.
        ConfigError: If an address has the wrong scheme or the deadline is not positive.
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
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        _check_types(self)
        _check_url("http_url", self.http_url, ("http://", "https://"))
        _check_url("quote_ws_url", self.quote_ws_url, ("ws://", "wss://"))
        _check_url("trade_ws_url", self.trade_ws_url, ("ws://", "wss://"))
        if not self.timeout_s > 0:
            raise ArgumentError(f"timeout_s is {self.timeout_s}, it must be over 0 seconds")

    @classmethod
    def from_env(cls) -> Config:
        """Read `LONGBRIDGE_*` or `LONGPORT_*` variables, or those of the nearest `.env` file.

        `PORTWAY_X` counts before `LONGBRIDGE_X`, that before `LONGPORT_X`.

        Raises:
            ConfigError: If a credential is missing.
        """
        return cls._from_environment(read_environment())

    @classmethod
    def _from_environment(cls, env: Environment) -> Config:
        mainland = (env.get("REGION") or "").lower() == "cn"
        mode = env.get("PUSH_CANDLESTICK_MODE")
        return cls(
            app_key=_required(env, "APP_KEY"),
            app_secret=_required(env, "APP_SECRET"),
            access_token=_required(env, "ACCESS_TOKEN"),
            http_url=env.get("HTTP_URL") or vendor_url("http", mainland=mainland),
            quote_ws_url=env.get("QUOTE_WS_URL") or vendor_url("quote", mainland=mainland),
            trade_ws_url=env.get("TRADE_WS_URL") or vendor_url("trade", mainland=mainland),
            language=_LANGUAGES.get(env.get("LANGUAGE") or ""),
            enable_overnight=env.get("ENABLE_OVERNIGHT") == "true",
            push_candlestick_mode=(
                PushCandlestickMode.Confirmed
                if mode == "confirmed"
                else PushCandlestickMode.Realtime
            ),
            enable_print_quote_packages=(env.get("PRINT_QUOTE_PACKAGES") or "true") == "true",
            log_path=env.get("LOG_PATH"),
        )

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
    def dc_region(self) -> str:
        """Data centre, from the credentials: `us` or `ap`."""
        ours = any(getattr(self, name).startswith("us_") for name in _SECRETS)
        return "us" if ours else "ap"

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


def _check_types(config: Config) -> None:
    values: dict[str, object] = {name: getattr(config, name) for name in _SECRETS}
    for name, value in values.items():
        if not isinstance(value, str):
            raise TypeError(f"argument '{name}': a str is expected")
    language: object = config.language
    if language is not None and not isinstance(language, Language):
        raise TypeError("argument 'language': a Language is expected")


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
