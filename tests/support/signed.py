"""A client that signs its requests by hand: plain sockets and no code of an official client.

It writes one request per connection, or many on one, and reads the envelope. What a broken
connection means is the caller's to decide.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from portway.wire.signature import signature_header

__all__ = ["SignedClient", "signed_headers", "signed_request"]


def signed_headers(
    env: Mapping[str, str], method: str, target: str, body: bytes = b""
) -> dict[str, str]:
    """The headers of a signed request, for the credentials of `portway env`."""
    path, _, query = target.partition("?")
    headers = {
        "x-api-key": env["LONGPORT_APP_KEY"],
        "authorization": env["LONGPORT_ACCESS_TOKEN"],
        "x-timestamp": str(int(time.time())),
    }
    secret = env["LONGPORT_APP_SECRET"]
    headers["x-api-signature"] = signature_header(method, path, query, body, headers, secret)
    return headers


def signed_request(env: Mapping[str, str], method: str, target: str, body: Any = None) -> bytes:
    """A whole request as bytes, for a connection that stays open."""
    raw = b"" if body is None else json.dumps(body).encode()
    headers = signed_headers(env, method, target, raw)
    lines = [f"{method} {target} HTTP/1.1", "host: localhost", f"content-length: {len(raw)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + raw


class SignedClient:
    """One connection of one account; it is opened again when it broke."""

    def __init__(self, env: Mapping[str, str], timeout: float = 30) -> None:
        self._env = env
        self._connection = http.client.HTTPConnection(
            urlsplit(env["LONGPORT_HTTP_URL"]).netloc, timeout=timeout
        )

    def call(self, method: str, target: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Status and envelope.

        Raises:
            OSError: If the connection broke; also http.client.HTTPException.
        """
        raw = b"" if body is None else json.dumps(body).encode()
        headers = signed_headers(self._env, method, target, raw)
        try:
            self._connection.request(method, target, raw, headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def data(self, target: str) -> Any:
        """What a query answers."""
        status, envelope = self.call("GET", target)
        assert (status, envelope["code"]) == (200, 0), envelope
        return envelope["data"]

    def close(self) -> None:
        self._connection.close()
