"""OAuth: the browser login against a server of its own, the cache, renewal, and bearer calls."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from portway.openapi import Config, ErrorKind, HttpClient, OAuth, OAuthBuilder, OpenApiException
from tests.openapi.peer import Peer, envelope
from tests.openapi.test_doctor import closed_port


class Authority:
    """An authorization server that says yes."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.answer: tuple[int, Any] = (
            200,
            {"access_token": "a-1", "token_type": "Bearer", "expires_in": 3600,
             "refresh_token": "r-1"},
        )  # fmt: skip
        authority = self

        class Handle(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                authority.forms.append({k: v[0] for k, v in parse_qs(body).items()})
                status, data = authority.answer
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(data).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handle)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/oauth2"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    monkeypatch.setenv("HOME", str(tmp_path))
    made = Authority()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def browser(**changes: str) -> Any:
    """What a user does: open the address, agree, and be sent back."""

    def opened(url: str) -> None:
        query = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        back = {"code": "c-1", "state": query["state"], **changes}
        target = query["redirect_uri"].replace("localhost", "127.0.0.1")
        answer = "&".join(f"{name}={value}" for name, value in back.items() if value)

        def come_back() -> None:
            with suppress(OSError):
                urllib.request.urlopen(f"{target}?{answer}", timeout=10).read()

        threading.Thread(target=come_back).start()

    return opened


def build(authority: Authority, opened: Any = None) -> OAuth:
    builder = OAuthBuilder("my-app", closed_port(), base_url=authority.url)
    return builder.build(opened or browser())


def test_a_login_in_the_browser_is_exchanged_for_a_token_and_kept(
    authority: Authority, tmp_path: Path
) -> None:
    assert build(authority).access_token() == "a-1"
    (form,) = authority.forms
    assert (form["grant_type"], form["code"], form["client_id"]) == (
        "authorization_code", "c-1", "my-app",
    )  # fmt: skip
    kept = tmp_path / ".longbridge" / "openapi" / "tokens" / "my-app"
    assert kept.stat().st_mode & 0o077 == 0
    assert json.loads(kept.read_text())["refresh_token"] == "r-1"
    assert build(authority, lambda url: pytest.fail("asked again")).access_token() == "a-1"


def test_a_token_about_to_expire_is_renewed(authority: Authority) -> None:
    authority.answer = (200, {"access_token": "a-1", "expires_in": 60, "refresh_token": "r-1"})
    oauth = build(authority)
    authority.answer = (200, {"access_token": "a-2", "expires_in": 3600})
    assert oauth.access_token() == "a-2"
    assert authority.forms[-1]["refresh_token"] == "r-1"
    assert oauth.access_token() == "a-2"
    assert len(authority.forms) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"state": "forged"}, "not ours"), ({"code": "", "error": "access_denied"}, "access_denied")],
)
def test_a_login_that_fails_says_why(
    authority: Authority, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(OpenApiException, match=said) as info:
        build(authority, browser(**changes))
    assert info.value.kind is ErrorKind.OAuth


@pytest.mark.parametrize(
    "answer", [(400, {"error": "invalid_grant"}), (200, {"token_type": "Bearer"}), (200, [])]
)
def test_a_token_that_cannot_be_had_says_why(authority: Authority, answer: Any) -> None:
    authority.answer = answer
    with pytest.raises(OpenApiException) as info:
        build(authority)
    assert info.value.kind is ErrorKind.OAuth


def test_calls_carry_the_token_and_no_signature(authority: Authority, peer: Peer) -> None:
    peer.http_answer = lambda _: (200, envelope(0, "", {}))
    with (
        HttpClient.from_oauth(build(authority), peer.http_url) as client,
        suppress(OpenApiException),  # the peer wants a signature
    ):
        client.request("GET", "/v1/x")
    headers = peer.http_asked[0][1]
    assert headers["authorization"] == "Bearer a-1"
    assert headers["x-api-key"] == "my-app"
    assert "x-api-signature" not in headers
    assert "a-1" not in repr(Config.from_oauth(build(authority)))


def test_a_cached_token_of_another_client_is_used(authority: Authority, tmp_path: Path) -> None:
    place = tmp_path / ".longbridge" / "openapi" / "tokens" / "my-app"
    place.parent.mkdir(parents=True)
    place.write_text(
        json.dumps({"client_id": "my-app", "access_token": "theirs", "refresh_token": None,
                    "expires_at": int(time.time()) + 9999})
    )  # fmt: skip
    assert build(authority).access_token() == "theirs"
    assert authority.forms == []
