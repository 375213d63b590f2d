"""HTTP calls against a real server: signed, kept alive, opened by the envelope, ended in time."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from portway.openapi import (
    ArgumentError,
    Config,
    ConnectError,
    DecodeError,
    ErrorKind,
    HttpClient,
    OpenApiException,
    RequestTimeout,
)
from tests.openapi.peer import ACCESS_TOKEN, APP_KEY, APP_SECRET, Peer, envelope


@pytest.fixture
def client(peer: Peer) -> Iterator[HttpClient]:
    with HttpClient(peer.http_url, APP_KEY, APP_SECRET, ACCESS_TOKEN) as made:
        yield made


def test_a_signed_request_returns_the_data(peer: Peer, client: HttpClient) -> None:
    peer.http_answer = lambda _: (200, envelope(0, "", {"b": [1, None, "字"]}))
    assert client.request("get", "/v1/x?symbol=700.HK&name=%E5%AD%97") == {"b": [1, None, "字"]}
    (line, headers) = peer.http_asked[0]
    assert line == "GET /v1/x?symbol=700.HK&name=%E5%AD%97"
    assert headers["user-agent"] == "openapi-sdk"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert "accept-language" not in headers


def test_a_body_is_signed_too(peer: Peer, client: HttpClient) -> None:
    peer.http_answer = lambda _: (200, envelope(0, "", {}))
    assert client.request("POST", "/v1/x", body={"b": 1, "a": "字"}) == {}
    assert client.request("POST", "/v1/x") == {}
    with pytest.raises(TypeError):
        client.request("POST", "/v1/x", body={"a": object()})


def test_a_wrong_secret_is_refused_with_code_and_trace(peer: Peer) -> None:
    with (
        HttpClient(peer.http_url, APP_KEY, "wrong", ACCESS_TOKEN) as client,
        pytest.raises(OpenApiException) as info,
    ):
        client.request("GET", "/v1/x")
    error = info.value
    assert (error.kind, error.code, error.trace_id) == (ErrorKind.OpenApi, 403201, "trace-0001")


@pytest.mark.parametrize(("token", "secret"), [("Bearer x", APP_SECRET), (ACCESS_TOKEN, "")])
def test_bearer_tokens_and_empty_secrets_are_not_signed(
    peer: Peer, token: str, secret: str
) -> None:
    with (
        HttpClient(peer.http_url, APP_KEY, secret, token) as client,
        pytest.raises(OpenApiException),
    ):
        client.request("GET", "/v1/x")
    assert "x-api-signature" not in peer.http_asked[0][1]


def test_headers_of_the_caller_go_along_and_cannot_forge_ours(
    peer: Peer, client: HttpClient
) -> None:
    peer.http_answer = lambda _: (200, envelope(0, "", {}))
    given = {"X-Mine": "1", "x-api-key": "other", "x-timestamp": "1700000000", "bad\r\nname": "x"}
    client.request("GET", "/v1/x", headers=given)
    headers = peer.http_asked[0][1]
    assert (headers["x-mine"], headers["x-api-key"]) == ("1", APP_KEY)
    assert headers["x-timestamp"] == "1700000000"


@pytest.mark.parametrize("status", [200, 403, 500])
def test_the_envelope_counts_whatever_the_status(
    peer: Peer, client: HttpClient, status: int
) -> None:
    peer.http_answer = lambda _: (status, envelope(0, "", [1]))
    assert client.request("GET", "/v1/x") == [1]
    peer.http_answer = lambda _: (status, envelope(301602, "server error", None))
    with pytest.raises(OpenApiException) as info:
        client.request("GET", "/v1/x")
    assert (info.value.code, info.value.message) == (301602, "server error")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"oops", "unexpected response"),
        (200, b'{"code":0,"message":""}', "unexpected response: a success without `data`"),
        (200, b'{"code":0,"message":"","data":null}', "unexpected response"),
        (500, b"oops", "status=500 Internal Server Error, trace_id=trace-0001, body=oops"),
    ],
)
def test_what_is_no_envelope_is_said(
    peer: Peer, client: HttpClient, status: int, body: bytes, said: str
) -> None:
    peer.http_answer = lambda _: (status, body)
    with pytest.raises(DecodeError, match=said):
        client.request("GET", "/v1/x")


def test_a_429_of_somebody_in_between_is_repeated(peer: Peer, client: HttpClient) -> None:
    answers = iter([(429, b"slow down"), (429, b""), (200, envelope(0, "", {"ok": True}))])
    peer.http_answer = lambda _: next(answers)
    assert client.request("GET", "/v1/x") == {"ok": True}
    peer.http_answer = lambda _: (429, envelope(429002, "api request is limited", None))
    with pytest.raises(OpenApiException, match="429002"):
        client.request("GET", "/v1/x")
    assert len(peer.http_asked) == 4  # the service's own refusal is not repeated


@pytest.mark.parametrize("path", ["v1/x", "", "/v1/a b", "/v1/字", "/v1/x\r\nEvil: 1"])
def test_paths_that_cannot_be_sent_are_refused(client: HttpClient, path: str) -> None:
    with pytest.raises(ArgumentError, match="invalid path"):
        client.request("GET", path)


def test_methods_that_cannot_be_sent_are_refused(client: HttpClient) -> None:
    with pytest.raises(ArgumentError, match="invalid request method"):
        client.request("G E T", "/v1/x")


def test_connections_are_kept_and_a_closed_one_is_noticed(peer: Peer, client: HttpClient) -> None:
    peer.http_answer = lambda _: (200, envelope(0, "", {}))
    client.request("GET", "/v1/x")
    (kept,) = client._connections._idle
    client.request("GET", "/v1/x")
    assert client._connections._idle == [kept]
    kept.sock.shutdown(socket.SHUT_WR)  # the server reads the end, and closes its side
    while kept.sock.recv(1, socket.MSG_PEEK):
        pass
    client.request("GET", "/v1/x")
    assert client._connections._idle != [kept]


def test_no_server_is_said_by_address() -> None:
    with (
        HttpClient("http://127.0.0.1:9", "k", "s", "t") as client,
        pytest.raises(ConnectError, match=r"127\.0\.0\.1:9"),
    ):
        client.request("GET", "/v1/x")


@pytest.mark.parametrize("dribble", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"])
def test_an_answer_that_does_not_end_meets_the_deadline(dribble: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = HttpClient._of(Config("k", "s", "t", http_url=config_url, timeout_s=0.3), {})

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(dribble)
                while connection.recv(65536):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        started = time.monotonic()
        with pytest.raises(RequestTimeout):
            client.request("GET", "/v1/x")
        assert time.monotonic() - started < 2
        client.close()
        thread.join(5)


@pytest.mark.parametrize(
    "answer",
    [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}",
     b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n"],
)  # fmt: skip
def test_a_broken_answer_is_a_connect_error(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with HttpClient(url, "k", "s", "t") as client, pytest.raises(ConnectError):
            client.request("GET", "/v1/x")
        thread.join(5)


def test_closing_ends_a_call_under_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = HttpClient(f"http://127.0.0.1:{listener.getsockname()[1]}", "k", "s", "t")

        def close_later() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                client.close()
                connection.recv(65536)

        thread = threading.Thread(target=close_later)
        thread.start()
        with pytest.raises(ConnectError, match="closed"):
            client.request("GET", "/v1/x")
        thread.join(5)


def test_the_password_of_a_socket(peer: Peer, client: HttpClient) -> None:
    token = client.socket_token()
    assert (token.otp, token.limit, token.online) == ("otp-1", 10, 0)
    peer.http_answer = lambda _: (200, json.dumps({"code": 0, "message": "", "data": {}}).encode())
    with pytest.raises(DecodeError, match="socket/token"):
        client.socket_token()


def test_the_repr_hides_secrets(client: HttpClient) -> None:
    assert APP_SECRET not in repr(client)
    assert ACCESS_TOKEN not in repr(client)
