"""HTTP signatures: the four published examples, and everything that must not pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.wire.signature import (
    SIGNED_HEADERS,
    SignatureHeader,
    bearer_token,
    canonical_request,
    last_values,
    parse_signature_header,
    parse_timestamp_ms,
    sign,
    signature_header,
    verify,
)

SECRET = "s3cr3t-portway-0001"
HEADERS = {
    "authorization": "m_eyJ0b2tlbiI6ImRlbW8ifQ",
    "x-api-key": "4f1c0a9e7d",
    "x-timestamp": "1700000000",
}
SIGNED = [(name, HEADERS[name]) for name in SIGNED_HEADERS]
LINES = (
    "authorization:m_eyJ0b2tlbiI6ImRlbW8ifQ\nx-api-key:4f1c0a9e7d\nx-timestamp:1700000000\n"
    "|authorization;x-api-key;x-timestamp|"
)
ORDER = (
    b'{"order_type":"LO","side":"Buy","submitted_price":"50","submitted_quantity":"200",'
    b'"symbol":"700.HK","time_in_force":"Day"}'
)

# The worked examples of the legacy signature: method, path, query, body, canonical text, signature.
EXAMPLES = [
    (
        "GET", "/v1/asset/stock", "symbol=700.HK&symbol=AAPL.US", b"",
        "GET|/v1/asset/stock|symbol=700.HK&symbol=AAPL.US|" + LINES,
        "91726f3636b7cc4958b4309e5bf1e502ae1222fe2b343149a35b8a96c36712e7",
    ),
    (
        "POST", "/v1/trade/order", "", ORDER,
        "POST|/v1/trade/order||" + LINES + "7da1446b4f521f9b5ec77f5e2981468e878cd500",
        "3947fe91614149c917295fa3f1337252106836e46d66f0159ea426926309f41b",
    ),
    (
        "DELETE", "/v1/trade/order", "order_id=701276261045858304", b"",
        "DELETE|/v1/trade/order|order_id=701276261045858304|" + LINES,
        "25ffef1807682cb3d61f33839c69ecf75de10e8be7ff85331d82d9ce147af39c",
    ),
    (
        "GET", "/v1/trade/order/today", "", b"",
        "GET|/v1/trade/order/today||" + LINES,
        "a0058f40c083cb769e34468bdcaab0645e797ad4e8f3fc8d198c6ca7f0b7288a",
    ),
]  # fmt: skip
EXAMPLE = pytest.mark.parametrize(
    ("method", "path", "query", "body", "canonical", "signature"), EXAMPLES
)


@EXAMPLE
def test_worked_examples_are_signed_as_published(
    method: str, path: str, query: str, body: bytes, canonical: str, signature: str
) -> None:
    assert canonical_request(method, path, query, body, SIGNED) == canonical.encode()
    assert sign(canonical.encode(), SECRET) == signature
    header = signature_header(method, path, query, body, HEADERS, SECRET)
    assert header == (
        f"HMAC-SHA256 SignedHeaders=authorization;x-api-key;x-timestamp, Signature={signature}"
    )


@EXAMPLE
def test_worked_examples_verify_from_raw_bytes(
    method: str, path: str, query: str, body: bytes, canonical: str, signature: str
) -> None:
    value = f"HMAC-SHA256 SignedHeaders={';'.join(SIGNED_HEADERS)}, Signature={signature}"
    raw = [(name.encode(), text.encode()) for name, text in HEADERS.items()]
    headers = last_values([*raw, (b"X-Api-Signature", value.encode())])
    assert verify(method, path.encode(), query.encode(), body, headers, SECRET)


def signed_request(**changes: str) -> tuple[str, str, str, bytes, dict[str, str | bytes]]:
    headers: dict[str, str | bytes] = dict(HEADERS)
    headers["x-api-signature"] = signature_header(
        "POST", "/v1/trade/order", "a=1", ORDER, HEADERS, SECRET
    )
    headers.update(changes)
    return "POST", "/v1/trade/order", "a=1", ORDER, headers


def test_every_part_of_the_request_is_protected() -> None:
    method, path, query, body, headers = signed_request()
    assert verify(method, path, query, body, headers, SECRET)
    assert verify("post", path, query, body, headers, SECRET)
    assert not verify("PUT", path, query, body, headers, SECRET)
    assert not verify(method, path + "/", query, body, headers, SECRET)
    assert not verify(method, path, "a=2", body, headers, SECRET)
    assert not verify(method, path, query, body + b" ", headers, SECRET)
    assert not verify(method, path, query, b"", headers, SECRET)
    assert not verify(method, path, query, body, headers, SECRET + "x")
    for name in SIGNED_HEADERS:
        assert not verify(*signed_request(**{name: "other"}), SECRET)


def test_unsigned_headers_are_free() -> None:
    assert verify(*signed_request(**{"accept-language": "zh-CN"}), SECRET)


def test_a_missing_header_does_not_verify() -> None:
    for name in (*SIGNED_HEADERS, "x-api-signature"):
        *request, headers = signed_request()
        del headers[name]
        method, path, query, body = request
        assert not verify(method, path, query, body, headers, SECRET)


def test_names_are_signed_in_the_order_that_the_header_gives() -> None:
    order = ("x-timestamp", "authorization", "x-api-key", "content-type")
    headers = HEADERS | {"content-type": "application/json"}
    canonical = canonical_request("GET", "/", "", b"", [(n, headers[n]) for n in order])
    assert canonical.endswith(b"|x-timestamp;authorization;x-api-key;content-type|")
    value = f"HMAC-SHA256 SignedHeaders={';'.join(order)}, Signature={sign(canonical, SECRET)}"
    assert verify("GET", "/", "", b"", headers | {"x-api-signature": value}, SECRET)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "HMAC-SHA256",
        "HMAC-SHA1 SignedHeaders=authorization;x-api-key;x-timestamp, Signature=" + "0" * 64,
        "HMAC-SHA256 SignedHeaders=authorization;x-api-key, Signature=" + "0" * 64,
        "HMAC-SHA256 SignedHeaders=, Signature=" + "0" * 64,
        "HMAC-SHA256 SignedHeaders=authorization;x-api-key;x-timestamp, Signature=" + "0" * 63,
        "HMAC-SHA256 SignedHeaders=authorization;x-api-key;x-timestamp, Signature=" + "g" * 64,
        "HMAC-SHA256 SignedHeaders="
        + ";".join(["authorization", "x-api-key", "x-timestamp"] * 6)
        + ", Signature="
        + "0" * 64,
        "HMAC-SHA256 SignedHeaders="
        + "a" * 2000
        + ";authorization;x-api-key;x-timestamp, Signature="
        + "0" * 64,
    ],
)
def test_a_header_that_cannot_protect_a_request_is_none(value: str) -> None:
    assert parse_signature_header(value) is None


def test_the_header_is_taken_apart() -> None:
    value = "HMAC-SHA256 SignedHeaders=Authorization;X-Api-Key;X-Timestamp, Signature=" + "AB" * 32
    assert parse_signature_header(value) == SignatureHeader(SIGNED_HEADERS, "ab" * 32)


def test_the_last_of_a_duplicate_header_counts() -> None:
    assert last_values([(b"X-Api-Key", b"user's"), (b"x-api-key", b"client's")]) == {
        "x-api-key": b"client's"
    }


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("Bearer abc", "abc"),
        (b"bearer abc", "abc"),
        ("Bearer  abc ", "abc"),
        ("m_eyJ0b2tlbiI6ImRlbW8ifQ", None),
        ("Bearer", None),
        ("BearerToken", None),
        ("", None),
    ],
)
def test_bearer_tokens_are_told_from_access_tokens(value: str | bytes, token: str | None) -> None:
    assert bearer_token(value) == token


@pytest.mark.parametrize(
    ("value", "timestamp_ms"),
    [
        ("1700000000", 1_700_000_000_000),
        (b"1539095200.123", 1_539_095_200_123),
        ("1539095200.5", 1_539_095_200_500),
        ("1539095200.1239", 1_539_095_200_123),
        ("", None),
        ("-1", None),
        ("1e9", None),
        ("17000000000000000", None),
        ("1700000000.", None),
        ("١", None),
    ],
)
def test_timestamps_are_whole_or_fractional_seconds(
    value: str | bytes, timestamp_ms: int | None
) -> None:
    assert parse_timestamp_ms(value) == timestamp_ms


@pytest.mark.fuzz
@given(
    path=st.text(max_size=40),
    query=st.text(max_size=40),
    body=st.binary(max_size=40),
    values=st.lists(st.text(max_size=20), min_size=3, max_size=3),
    secret=st.text(max_size=20),
)
def test_what_is_signed_verifies(
    path: str, query: str, body: bytes, values: list[str], secret: str
) -> None:
    headers = dict(zip(SIGNED_HEADERS, values, strict=True))
    headers["x-api-signature"] = signature_header("GET", path, query, body, headers, secret)
    assert verify("GET", path, query, body, headers, secret)
    assert not verify("GET", path, query, body + b"x", headers, secret)


@pytest.mark.fuzz
@given(value=st.binary(max_size=200))
def test_any_bytes_in_the_headers_are_judged_without_an_error(value: bytes) -> None:
    headers = {**HEADERS, "x-api-signature": value}
    assert not verify("GET", "/", "", b"", headers, SECRET)
    bearer_token(value)
    parse_timestamp_ms(value)
