"""The handshake of both transports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.wire.errors import BadHandshake
from portway.wire.handshake import (
    HANDSHAKE,
    Handshake,
    decode_tcp_handshake,
    encode_tcp_handshake,
    parse_websocket_query,
    websocket_query,
)


def test_worked_example_of_the_tcp_handshake() -> None:
    assert encode_tcp_handshake().hex() == "1109"
    assert decode_tcp_handshake(b"\x11\x09") == Handshake(version=1, codec=1, platform=9)


@pytest.mark.parametrize(
    "query",
    [
        "version=1&codec=1&platform=9",
        "codec=1&platform=9&version=1",
        "version=9&version=1&codec=1&platform=9",
        "platform=1&token=x&version=1&codec=1&platform=9",
        b"version=1&codec=1&platform=9",
        "version=01&codec=1&platform=9",
    ],
)
def test_order_and_duplicates_do_not_matter_and_the_last_value_counts(query: str | bytes) -> None:
    assert parse_websocket_query(query) == HANDSHAKE


@pytest.mark.parametrize(
    "query",
    [
        "",
        "version=1&codec=1",
        "version=1&codec=1&platform=9&version=2",
        "version=2&codec=1&platform=9",
        "version=1&codec=2&platform=9",
        "version=1&codec=1&platform=1",
        "version=&codec=1&platform=9",
        "version=one&codec=1&platform=9",
        "version=-1&codec=1&platform=9",
        "version=+1&codec=1&platform=9",
        "version=%D9%A1&codec=1&platform=9",
        "version=" + "1" * 5000 + "&codec=1&platform=9",
        "a=1&" * 200 + websocket_query(),
        "x=" + "y" * 10_000 + "&" + websocket_query(),
    ],
)
def test_a_missing_wrong_or_oversized_query_is_refused(query: str) -> None:
    with pytest.raises(BadHandshake):
        parse_websocket_query(query)


def test_the_reserved_nibble_is_ignored() -> None:
    assert decode_tcp_handshake(b"\x11\xf9") == HANDSHAKE


@given(first=st.integers(0, 255), second=st.integers(0, 255))
def test_every_other_pair_of_bytes_is_refused(first: int, second: int) -> None:
    data = bytes((first, second))
    if first == 0x11 and second & 0x0F == 9:
        assert decode_tcp_handshake(data) == HANDSHAKE
    else:
        with pytest.raises(BadHandshake):
            decode_tcp_handshake(data)


@pytest.mark.fuzz
@given(query=st.binary(max_size=100) | st.text(max_size=100))
def test_any_query_is_the_handshake_or_refused(query: bytes | str) -> None:
    try:
        assert parse_websocket_query(query) == HANDSHAKE
    except BadHandshake:
        return
