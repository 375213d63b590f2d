"""OAuth 2.0: an access token from a browser login, cached on disk and renewed by itself.

The authorization code flow of RFC 6749 with a redirect to a port of this machine. Tokens are kept
where the official client keeps them, so that either finds the other's.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from portway.openapi.enums import ErrorKind
from portway.openapi.errors import OpenApiException

__all__ = ["OAuth", "OAuthBuilder"]

log = logging.getLogger("portway.openapi.oauth")

CALLBACK_PORT: Final = 60355
LOGIN_SECONDS: Final = 300.0
RENEW_SECONDS: Final = 300  # a token is renewed when it has less than this left
_ASSUMED_LIFE_SECONDS: Final = 3600
_ANSWER_SECONDS: Final = 30.0
_ANSWER_BYTES_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Token:
    access_token: str
    refresh_token: str | None
    expires_at: int  # Unix seconds

    def is_fresh(self) -> bool:
        return time.time() + RENEW_SECONDS < self.expires_at


class OAuth:
    """A login; hand it to `Config.from_oauth`. Made by `OAuthBuilder`."""

    def __init__(self, client_id: str, base_url: str, token: _Token) -> None:
        self.client_id = client_id
        self._base_url = base_url
        self._token = token
        self._lock = threading.Lock()

    def access_token(self) -> str:
        """Return a token that is still good, renewed if need be.

        Raises:
            OpenApiException: Of kind `OAuth`: it could not be renewed; log in again.
        """
        with self._lock:
            if not self._token.is_fresh():
                self._token = _renewed(self._base_url, self.client_id, self._token)
                _write(self.client_id, self._token)
            return self._token.access_token

    def __repr__(self) -> str:
        return f"OAuth({self.client_id!r})"


class OAuthBuilder:
    """Logs in.

    Args:
        client_id: Names the app.
        callback_port: Of this machine, where the browser comes back to.
        base_url: Of the authorization server; the broker's own if left out.
    """

    def __init__(
        self, client_id: str, callback_port: int | None = None, *, base_url: str | None = None
    ) -> None:
        if not isinstance(client_id, str) or not client_id or "/" in client_id:
            raise TypeError("argument 'client_id': a str that names an app is expected")
        self._client_id = client_id
        self._port = CALLBACK_PORT if callback_port is None else callback_port
        self._base_url = (base_url or _vendor_base()).rstrip("/")

    def build(self, on_open_url: Callable[[str], object]) -> OAuth:
        """Return a login: the cached one if it is good, else one made in the browser.

        Args:
            on_open_url: Called with the address that the user has to open.

        Raises:
            OpenApiException: Of kind `OAuth`: refused, or not done in five minutes.
        """
        if not callable(on_open_url):
            raise TypeError("argument 'on_open_url': a callable is expected")
        token = self._cached() or self._login(on_open_url)
        return OAuth(self._client_id, self._base_url, token)

    async def build_async(self, on_open_url: Callable[[str], object]) -> OAuth:
        """See `build`."""
        import asyncio

        return await asyncio.to_thread(self.build, on_open_url)

    def _cached(self) -> _Token | None:
        token = _read(self._client_id)
        if token is None or token.is_fresh():
            return token
        try:
            token = _renewed(self._base_url, self._client_id, token)
        except OpenApiException as error:
            log.info("the cached login is of no use any more: %s", error.message)
            return None
        _write(self._client_id, token)
        return token

    def _login(self, on_open_url: Callable[[str], object]) -> _Token:
        redirect = f"http://localhost:{self._port}/callback"
        state = secrets.token_urlsafe(16)
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._client_id,
                "state": state,
                "redirect_uri": redirect,
            }
        )
        code = _wait_for_code(
            self._port, state, lambda: on_open_url(f"{self._base_url}/authorize?{query}")
        )
        token = _ask(
            self._base_url,
            {
                "grant_type": "authorization_code",
                "code": code,
                "client_id": self._client_id,
                "redirect_uri": redirect,
            },
            None,
        )
        _write(self._client_id, token)
        return token


def _wait_for_code(port: int, state: str, open_url: Callable[[], object]) -> str:
    """Listen until the browser comes back; return the code it brings."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    brought: dict[str, str] = {}

    class Handle(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = urlsplit(self.path)
            if target.path != "/callback":
                self.send_error(404)
                return
            brought.update({k: v[0] for k, v in parse_qs(target.query).items()})
            is_good = brought.get("state") == state and "code" in brought
            text = "Signed in. You may close this page." if is_good else "The login failed."
            body = f"<!doctype html><title>Login</title><p>{text}</p>".encode()
            self.send_response(200 if is_good else 400)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """The address holds the code, which belongs in no log."""

    try:
        server = HTTPServer(("127.0.0.1", port), Handle)
    except OSError as error:
        raise _failed(f"port {port} of this machine is not free: {error}") from None
    with server:
        open_url()
        until = time.monotonic() + LOGIN_SECONDS
        while not brought and (left := until - time.monotonic()) > 0:
            server.timeout = left
            server.handle_request()
    if not brought:
        raise _failed(f"nobody signed in within {LOGIN_SECONDS / 60:.0f} minutes")
    if brought.get("state") != state:
        raise _failed("the browser came back with a state that is not ours")
    if "code" not in brought:
        raise _failed(brought.get("error_description") or brought.get("error") or "no code")
    return brought["code"]


def _renewed(base_url: str, client_id: str, token: _Token) -> _Token:
    if token.refresh_token is None:
        raise _failed("the login has expired and cannot be renewed; sign in again")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token.refresh_token,
        "client_id": client_id,
    }
    return _ask(base_url, form, token.refresh_token)


def _ask(base_url: str, form: dict[str, str], refresh_token: str | None) -> _Token:
    """Ask the token endpoint; `refresh_token` is kept where the answer has none."""
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"{base_url}/token",
        urlencode(form).encode(),
        {
            "accept": "application/json",
            "content-type": "application/x-www-form-urlencoded",
            "user-agent": "openapi-sdk",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:
            body = answer.read(_ANSWER_BYTES_MAX)
    except urllib.error.HTTPError as error:
        raise _failed(_reason_of(error.read(_ANSWER_BYTES_MAX)) or str(error)) from None
    except OSError as error:
        raise _failed(f"no answer from {base_url}: {error}") from error
    try:
        data = json.loads(body)
        life = int(data.get("expires_in", _ASSUMED_LIFE_SECONDS))
        return _Token(
            str(data["access_token"]),
            data.get("refresh_token") or refresh_token,
            int(time.time()) + life,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _failed(f"the token endpoint answered what cannot be read: {error!r}") from None


def _reason_of(body: bytes) -> str:
    try:
        data = json.loads(body)
        return str(data.get("error_description") or data.get("error") or "")
    except (ValueError, AttributeError):
        return ""


def _place(client_id: str) -> Path:
    return Path.home() / ".longbridge" / "openapi" / "tokens" / client_id


def _read(client_id: str) -> _Token | None:
    try:
        data: Any = json.loads(_place(client_id).read_text())
        return _Token(
            str(data["access_token"]), data.get("refresh_token"), int(data.get("expires_at", 0))
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(client_id: str, token: _Token) -> None:
    """Keep a token for the next program; readable by the owner alone."""
    place = _place(client_id)
    text = json.dumps(
        {
            "client_id": client_id,
            "access_token": token.access_token,
            "refresh_token": token.refresh_token,
            "expires_at": token.expires_at,
        }
    )
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = place.with_name(f"{place.name}.{os.getpid()}.new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        new.replace(place)
    except OSError as error:
        log.warning("the login could not be kept in %s: %s", place, error)


def _vendor_base() -> str:
    from portway.openapi.config import vendor_url
    from portway.openapi.dotenv import read_environment

    mainland = (read_environment().get("REGION") or "").lower() == "cn"
    return f"{vendor_url('http', mainland=mainland)}/oauth2"


def _failed(message: str) -> OpenApiException:
    return OpenApiException(ErrorKind.OAuth, None, None, message)
