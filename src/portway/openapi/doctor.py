"""Which link between a program and a service is broken: each is tried, in order, reading only.

Links build on each other, so the first broken one ends the examination: what comes after it would
only fail for the same reason. No order is sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from portway.openapi.connections import Answer
from portway.openapi.enums import SubType
from portway.openapi.errors import ConnectError, OpenApiException, RequestTimeout
from portway.openapi.http import HttpClient, open_answer
from portway.openapi.quote import QuoteContext
from portway.openapi.trade import TradeContext
from portway.openapi.trade_enums import TopicType

if TYPE_CHECKING:
    from portway.openapi.config import Config

__all__ = ["LINKS", "Finding", "examine"]

LINKS: Final = (
    "address", "service", "clock", "app key", "signature", "token", "quote socket", "entitlement",
    "quote pushes", "trade socket",
)  # fmt: skip
SKEW_SECONDS_MAX: Final = 30.0
PUSH_SECONDS: Final = 10.0

_TOKEN_PATH: Final = "/v1/socket/token"
_APP_KEY_CODES: Final = frozenset({403203})
_SIGNATURE_CODES: Final = frozenset({403201, 403202})
_TOKEN_CODES: Final = frozenset({401001, 401003, 401004, 401102})
_NO_ACCESS: Final = 301604


@dataclass(frozen=True, slots=True)
class Finding:
    """One link.

    Attributes:
        link: One of `LINKS`.
        is_good: Whether it holds.
        said: What was seen.
        advice: What to do about it; empty if it holds.
    """

    link: str
    is_good: bool
    said: str
    advice: str = ""


class _Broken(Exception):
    def __init__(self, link: str, said: str, advice: str) -> None:
        super().__init__(link)
        self.finding = Finding(link, False, said, advice)


def examine(
    config: Config, symbol: str = "700.HK", push_seconds: float = PUSH_SECONDS
) -> Iterator[Finding]:
    """Try every link, and yield what was found; a broken one is the last.

    Args:
        config: The settings of the program.
        symbol: A security that the account may see, and that trades now.
        push_seconds: How long to wait for a push.
    """
    try:
        yield from _http_links(config)
        yield from _quote_links(config, symbol, push_seconds)
        yield from _trade_links(config)
    except _Broken as broken:
        yield broken.finding


def _http_links(config: Config) -> Iterator[Finding]:
    base = config.base_url
    with HttpClient._of(config, {"accept-language": config.language_tag}) as client:
        deadline = time.monotonic() + config.timeout_s
        try:
            answer = client._exchange("GET", _TOKEN_PATH, {}, b"", deadline)
        except (ConnectError, RequestTimeout) as error:
            raise _Broken(
                "address", error.message, f"is the service running? http_url is {base}"
            ) from None
        yield Finding("address", True, f"{urlsplit(base).netloc} answers")
        refusal = _refusal(base, answer)
        yield Finding("service", True, "it speaks the API")
        yield _clock(answer)
        code = None if refusal is None else refusal.code
        for link, codes, advice in (
            ("app key", _APP_KEY_CODES, "app_key is not known there: is it that of this service?"),
            ("signature", _SIGNATURE_CODES, "app_secret does not belong to app_key"),
            ("token", _TOKEN_CODES, "make a new access token, or refresh it before it expires"),
        ):
            if refusal is not None and code in codes:
                raise _Broken(link, f"{code}: {refusal.message}", advice)
            if refusal is not None and code not in _SIGNATURE_CODES | _TOKEN_CODES:
                raise _Broken("service", f"{code}: {refusal.message}", "the service says why")
            yield Finding(link, True, "accepted")


def _refusal(base: str, answer: Answer) -> OpenApiException | None:
    try:
        open_answer(answer)
    except OpenApiException as error:
        if error.code is None:
            advice = f"something else listens at {base}, or stands before the service"
            raise _Broken("service", error.message, advice) from None
        return error
    return None


def _clock(answer: Answer) -> Finding:
    from email.utils import parsedate_to_datetime

    try:
        skew = time.time() - parsedate_to_datetime(answer.date).timestamp()
    except (TypeError, ValueError):
        return Finding("clock", True, "the service does not say what time it has")
    if abs(skew) > SKEW_SECONDS_MAX:
        way = "ahead of" if skew > 0 else "behind"
        raise _Broken(
            "clock", f"this machine is {abs(skew):.0f} s {way} the service",
            "signatures carry the time: set this machine's clock, by NTP",
        )  # fmt: skip
    return Finding("clock", True, f"{abs(skew):.0f} s apart")


def _quote_links(config: Config, symbol: str, push_seconds: float) -> Iterator[Finding]:
    pushed = threading.Event()
    with _lazily(QuoteContext, config) as context:
        try:
            level = context.quote_level()
        except OpenApiException as error:
            advice = f"is quote_ws_url right? It is {config.quote_url}"
            raise _Broken("quote socket", error.message, advice) from None
        yield Finding("quote socket", True, f"signed in, level {level!r}")
        try:
            quotes = context.quote([symbol])
        except OpenApiException as error:
            advice = "the account has no quotes of this market"
            if error.code != _NO_ACCESS:
                advice = "the service says why"
            raise _Broken("entitlement", f"{error.code}: {error.message}", advice) from None
        if not quotes:
            raise _Broken("entitlement", f"no quote of {symbol}", "name a symbol that exists")
        yield Finding("entitlement", True, f"{symbol} at {quotes[0].last_done}")
        context.set_on_quote(lambda *_: pushed.set())
        context.subscribe([symbol], [SubType.Quote])
        if not pushed.wait(push_seconds):
            raise _Broken(
                "quote pushes", f"nothing was pushed of {symbol} in {push_seconds:g} s",
                "is its market open? If it is, the service does not push",
            )  # fmt: skip
        yield Finding("quote pushes", True, "a first push came")


def _trade_links(config: Config) -> Iterator[Finding]:
    with _lazily(TradeContext, config) as context:
        try:
            context.subscribe([TopicType.Private])
        except OpenApiException as error:
            advice = f"is trade_ws_url right? It is {config.trade_url}"
            raise _Broken("trade socket", error.message, advice) from None
    yield Finding("trade socket", True, "signed in and subscribed")


def _lazily(kind: Any, config: Config) -> Any:
    """A context that connects when it is asked, so that its errors come where they belong."""
    from dataclasses import replace

    return kind(replace(config, as_longport=False))
