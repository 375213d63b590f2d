"""HTTP calls of the SDK: signed, in the calling thread, over connections that are kept alive.

Owns requests and the opening of answers; knows no endpoint but the one-time password of a socket.
A connection serves one call at a time and goes back to a small pool. What the peer closed while it
lay there is noticed before it is used, so that a call which must not be repeated need not be.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from portway.openapi.calls.http_call import PAGES_MAX, HttpCall, PagedCall
from portway.openapi.config import Config, mask
from portway.openapi.connections import ANSWER_BYTES_MAX, Answer, BadAnswer, Connections
from portway.openapi.errors import (
    ArgumentError,
    ConnectError,
    ContextClosed,
    DecodeError,
    NotAvailable,
    RequestTimeout,
    ServerFailed,
    refused,
)
from portway.wire.envelope import open_envelope
from portway.wire.errors import BadEnvelope
from portway.wire.signature import bearer_token, signature_header

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from portway.openapi.oauth import OAuth

__all__ = ["ANSWER_BYTES_MAX", "HttpClient", "SocketToken", "check_region", "open_answer"]

log = logging.getLogger("portway.openapi.http")

T = TypeVar("T")


# A 429 whose body is no envelope comes from a proxy that did not pass the request on.
_RETRY_SECONDS: Final = (0.1, 0.2, 0.4, 0.8, 1.6)
_TOO_MANY_REQUESTS: Final = 429
# Before a call that may be repeated goes out again; `Config.order_retries` says how many count.
_REPEAT_SECONDS: Final = (0.1, 0.3, 0.9, 2.7, 5.0)
_SERVER_ERRORS: Final = 500
THREADS_MAX: Final = 8  # of calls under way in the background of one client
_BODY_SHOWN_CHARACTERS: Final = 200
_METHOD_FORM = re.compile(r"[A-Za-z!#$%&'*+.^_`|~0-9-]+")
_HEADER_NAME_FORM = _METHOD_FORM
_CONTENT_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class SocketToken:
    """The one-time password of a socket.

    Attributes:
        otp: Opaque; serves one sign-in.
        limit: Connections the account may have.
        online: Connections it has now.
    """

    otp: str
    limit: int
    online: int


class HttpClient:
    """Signed calls to an OpenAPI service; may be used from several threads.

    Args:
        http_url: Base, as `http://127.0.0.1:8700`.
        app_key: Names the app.
        app_secret: Signs requests; with an empty one they are not signed.
        access_token: Proves the account; with the prefix `Bearer ` requests are not signed.

    Raises:
        ConfigError: If the address has the wrong scheme.
    """

    def __init__(self, http_url: str, app_key: str, app_secret: str, access_token: str) -> None:
        self._setup(Config(app_key, app_secret, access_token, http_url=http_url), {})

    @classmethod
    def from_env(cls) -> HttpClient:
        """Read the same variables as `Config.from_env`.

        Raises:
            ConfigError: If a credential is missing.
        """
        return cls._of(Config.from_env(), {})

    @classmethod
    def from_apikey_env(cls) -> HttpClient:
        """As `from_env`, under the name that `longbridge` gives it."""
        return cls._of(Config.from_apikey_env(), {})

    @classmethod
    def from_apikey(
        cls, app_key: str, app_secret: str, access_token: str, http_url: str | None = None
    ) -> HttpClient:
        """Return a client; the address comes from the environment if it is left out.

        Raises:
            ConfigError: If the address has the wrong scheme.
        """
        return cls._of(Config.from_apikey(app_key, app_secret, access_token, http_url), {})

    @classmethod
    def from_oauth(cls, oauth: OAuth, http_url: str | None = None) -> HttpClient:
        """Return a client that signs in with OAuth; the address as in `from_apikey`.

        Raises:
            ConfigError: If the address has the wrong scheme.
        """
        return cls._of(Config.from_oauth(oauth, http_url), {})

    @classmethod
    def _of(cls, config: Config, headers: Mapping[str, str]) -> HttpClient:
        """A client of a context: with its language, and headers that go with every request."""
        client = cls.__new__(cls)
        client._setup(config, headers)
        return client

    def _setup(self, config: Config, headers: Mapping[str, str]) -> None:
        base = urlsplit(config.base_url)
        self._config = config
        papers = {"x-papertrading": "true"} if config.enable_papertrading else {}
        self._headers = {**headers, **papers}
        self._threads: ThreadPoolExecutor | None = None
        self._host = base.netloc.rpartition("@")[2]
        self._connections = Connections(
            base.hostname or "", base.port, is_secure=base.scheme == "https"
        )
        self._prefix = base.path
        self._lock = threading.Lock()
        self._closed = False

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Any | None = None,
    ) -> Any:
        """Call an endpoint and return the `data` of its answer.

        Args:
            method: Any case.
            path: Begins with `/`; may have a query, which is signed as it stands.
            headers: Sent besides the standard ones.
            body: Anything JSON can hold; none is sent for `None`.

        Raises:
            OpenApiException: The server refused (kind `OpenApi`, with its code), or one of the
                subclasses: `ArgumentError`, `ConnectError`, `RequestTimeout`, `DecodeError`.
            TypeError: If the body holds what JSON cannot.
        """
        if not _METHOD_FORM.fullmatch(method):
            raise ArgumentError(f"invalid request method: {method!r}")
        if not path.startswith("/") or not path.isascii() or any(c <= " " for c in path):
            raise ArgumentError(f"invalid path: {path!r}; it begins with '/', percent-encoded")
        content = b"" if body is None else _encode(body)
        deadline = time.monotonic() + self._config.timeout_s
        return self._request(method.upper(), path, dict(headers or {}), content, deadline)

    async def request_async(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Any | None = None,
    ) -> Any:
        """See `request`."""
        return await self._submit(lambda: self.request(method, path, headers, body))

    def _run(self, call: HttpCall[T] | PagedCall[Any]) -> T:
        """Carry out a call of a context.

        Raises:
            OpenApiException: As `request`; `NotAvailable` for a call of another data centre.
        """
        if isinstance(call, PagedCall):
            return self._run_pages(call)  # type: ignore[return-value]
        deadline = time.monotonic() + self._config.timeout_s
        check_region(call.region, call.path.split("?")[0], self._config)
        for pause in (*_REPEAT_SECONDS[: self._config.order_retries], None):
            try:
                data = self._request(call.method, call.path, {}, call.content, deadline)
            except (ConnectError, ServerFailed) as error:
                if pause is None or not call.repeats or time.monotonic() + pause > deadline:
                    raise
                log.info("%s %s: %s; again", call.method, call.path.split("?")[0], error.message)
                time.sleep(pause)
                continue
            return call.read(data)
        raise AssertionError("the last round returns or raises")

    def _run_pages(self, call: PagedCall[T]) -> list[T]:
        found: list[T] = []
        for number in range(1, PAGES_MAX + 1):
            rows, has_more = self._run(call.page(number))
            found += rows
            if not has_more:
                break
        return found

    def _submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Do blocking work on a thread of this client; for programs with an event loop."""
        import asyncio

        loop = asyncio.get_running_loop()
        with self._lock:
            if self._closed:
                raise ContextClosed("context closed")
            if self._threads is None:
                from concurrent.futures import ThreadPoolExecutor

                self._threads = ThreadPoolExecutor(THREADS_MAX, "portway-http")
            return asyncio.wrap_future(self._threads.submit(work), loop=loop)

    def _request(
        self, method: str, path: str, headers: dict[str, str], content: bytes, deadline: float
    ) -> Any:
        for pause in (*_RETRY_SECONDS, None):
            answer = self._exchange(method, path, headers, content, deadline)
            data = open_answer(answer, may_retry=pause is not None)
            if not isinstance(data, _Retry):
                return data
            assert pause is not None
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        raise AssertionError("the last round returns or raises")

    def socket_token(self) -> SocketToken:
        """Return a new one-time password for a socket.

        Raises:
            OpenApiException: As `request`.
        """
        data = self.request("GET", "/v1/socket/token")
        try:
            return SocketToken(str(data["otp"]), int(data["limit"]), int(data["online"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DecodeError(f"unexpected response of /v1/socket/token: {error!r}") from None

    def close(self) -> None:
        """Close all connections; calls under way end with `ConnectError`."""
        with self._lock:
            self._closed = True
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)
        self._connections.close()

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        config = self._config
        return f"HttpClient({config.base_url!r}, app_key={mask(config.app_key)})"

    # ------------------------------------------------------------------------------ one exchange

    def _exchange(
        self, method: str, path: str, headers: dict[str, str], content: bytes, deadline: float
    ) -> Answer:
        target = self._prefix + path
        request = self._request_bytes(method, target, headers, content)
        connection = self._connections.take()
        try:
            answer = connection.ask(method, request, deadline)
        except (TimeoutError, OSError, BadAnswer) as error:
            self._connections.drop(connection)
            raise self._failure(error) from error
        except BaseException:
            self._connections.drop(connection)
            raise
        if answer.is_last:
            self._connections.drop(connection)
        else:
            self._connections.give_back(connection)
        log.debug("%s %s: %d", method, path.partition("?")[0], answer.status)
        return answer

    def _request_bytes(
        self, method: str, target: str, headers: dict[str, str], content: bytes
    ) -> bytes:
        rows = self._request_headers(method, target, headers, content)
        if content or method in ("POST", "PUT", "PATCH"):
            rows.append(("content-length", str(len(content))))
        head = "".join([f"{name}: {value}\r\n" for name, value in rows])
        line = f"{method} {target} HTTP/1.1\r\nhost: {self._host}\r\n"
        return f"{line}{head}\r\n".encode("latin-1") + content

    def _request_headers(
        self, method: str, target: str, given: dict[str, str], content: bytes
    ) -> list[tuple[str, str]]:
        """Of a header that occurs twice the last one counts, so the caller's come first."""
        config = self._config
        rows = [(name, value) for name, value in given.items() if _is_header(name, value)]
        token = config.access_token
        if config.oauth is not None:
            token = f"Bearer {config.oauth.access_token()}"
        preset = {name.lower(): value for name, value in rows}.get("x-timestamp", "")
        standard = {
            **self._headers,
            "user-agent": "openapi-sdk",
            "accept": "*/*",
            "x-api-key": config.app_key,
            "authorization": token,
            "x-timestamp": preset if preset.isdecimal() else str(int(time.time())),
            "content-type": _CONTENT_TYPE,
            "x-dc-region": config.dc_region,
        }
        if config.app_secret and bearer_token(token) is None:
            raw_path, _, raw_query = target.partition("?")
            standard["x-api-signature"] = signature_header(
                method, raw_path, raw_query, content, standard, config.app_secret
            )
        return [*rows, *standard.items()]

    def _failure(self, error: Exception) -> Exception:
        base = self._config.base_url
        if isinstance(error, TimeoutError):
            return RequestTimeout(f"request timeout: no answer from {base}")
        if self._closed:
            return ConnectError("the client was closed during the call")
        return ConnectError(f"error sending request to {base}: {error or type(error).__name__}")


def check_region(region: str, name: str, config: Config) -> None:
    """Refuse a call of the other data centre, as the official client does.

    Raises:
        NotAvailable: If `region` (`us`, `ap`, or empty for both) is not that of the credentials.
    """
    if region and region != config.dc_region:
        only, ours = region.upper(), config.dc_region.upper()
        raise NotAvailable(
            f"this API ({name}) is only available in the {only} data center "
            f"and is not supported for your {ours}-region account; the region follows the "
            "credentials: those of the US begin with 'us_'"
        )


class _Retry:
    """The answer was a 429 of somebody in between."""


def open_answer(answer: Answer, *, may_retry: bool = False) -> Any:
    """Return the data of an answer; its envelope counts, whatever the HTTP status.

    Raises:
        OpenApiException: The refusal in the envelope.
        DecodeError: If there is no envelope.
    """
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    try:
        envelope = open_envelope(value)
    except BadEnvelope as error:
        if answer.status == _TOO_MANY_REQUESTS and may_retry:
            return _Retry()
        raise _unreadable(answer, error) from None
    if envelope.code != 0:
        raise refused(envelope.code, envelope.message, answer.trace_id)
    return envelope.data


def _unreadable(answer: Answer, error: BadEnvelope) -> DecodeError | ServerFailed:
    if 200 <= answer.status < 300:
        return DecodeError(f"unexpected response: {error}")
    kind = ServerFailed if answer.status >= _SERVER_ERRORS else DecodeError
    shown = answer.body[:_BODY_SHOWN_CHARACTERS].decode("utf-8", "replace")
    status = f"{answer.status} {answer.reason}".strip()
    return kind(
        f"unexpected HTTP response: status={status}, trace_id={answer.trace_id}, body={shown}"
    )


def _encode(body: Any) -> bytes:
    # Keys in order, so that equal bodies have equal signatures, as in the official client.
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def _is_header(name: str, value: str) -> bool:
    """Whether a header can be sent; others are dropped, as the official client does."""
    return bool(_HEADER_NAME_FORM.fullmatch(name)) and value.isprintable() and value.isascii()
