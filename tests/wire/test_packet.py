"""The packet codec: published test vectors, round trips, and bytes that nobody should send."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
import zlib

import pytest
from google.protobuf.message import DecodeError, Message
from hypothesis import given
from hypothesis import strategies as st

from portway.wire.errors import (
    BadGzip,
    PacketTooLarge,
    ProtocolError,
    TruncatedPacket,
    UnknownPacketType,
)
from portway.wire.packet import (
    BODY_BYTES_MAX,
    PUSH_HEAD_BYTES,
    Packet,
    PacketSignature,
    PushPacket,
    RequestPacket,
    ResponsePacket,
    decode_packet,
    encode_packet,
    encode_push,
    encode_request,
    encode_response,
    packet_length,
    push_heads,
)
from portway.wire.pb import control_pb2 as control
from portway.wire.pb import quote_pb2 as quote

EXPIRES_MS = 1767225600000
LANGUAGE = {"accept-language": "en"}

_US_PACKAGE = quote.PackageDetail(
    key="US_QBBO_OpenAPI", name="LV1", start=1735689600, end=1893456000
)
_PROFILE = quote.UserQuoteProfileResponse(
    member_id=10001,
    quote_level="LV1",
    subscribe_limit=500,
    history_candlestick_limit=100,
    rate_limit=[
        quote.RateLimit(command=6, limit=10, burst=5),  # type: ignore[arg-type]
        quote.RateLimit(command=11, limit=10, burst=5),  # type: ignore[arg-type]
    ],
    quote_level_detail=quote.UserQuoteLevelDetail(
        by_market_code={"US": quote.MarketPackageDetail(packages=[_US_PACKAGE])}
    ),
)
_QUOTE_PUSH = quote.PushQuote(
    symbol="700.HK",
    sequence=1767232800000001,
    last_done="612.500",
    open="610.000",
    high="615.000",
    low="608.500",
    timestamp=1767232800,
    volume=1234500,
    turnover="756131250.000",
    current_volume=200,
    current_turnover="122500.000",
)
_TYPES = [quote.QUOTE, quote.DEPTH]
_HEARTBEAT = control.Heartbeat(timestamp=EXPIRES_MS, heartbeat_id=5)

# The worked examples of the socket protocol, "Worked examples": name -> hex, packet, message.
VECTORS: dict[str, tuple[str, Packet, Message]] = {
    "auth request": (
        "01020000000113880000210a086f74702d3030303112150a0f6163636570742d6c616e67756167651202656e",
        RequestPacket(2, 1, 5000, b""),
        control.AuthRequest(token="otp-0001", metadata=LANGUAGE),
    ),
    "auth response": (
        "020200000001000000160a09736573732d303030311080d0eab6b733180a2001",
        ResponsePacket(2, 1, 0, b""),
        control.AuthResponse(session_id="sess-0001", expires=EXPIRES_MS, limit=10, online=1),
    ),
    "auth refused": (
        "02020000000106000022089303121d636f6e6e656374696f6e73206c696d69746174696f6e20697320686974",
        ResponsePacket(2, 1, 6, b""),
        control.Error(code=403, msg="connections limitation is hit"),
    ),
    "reconnect request": (
        "01030000000113880000220a09736573732d3030303112150a0f6163636570742d6c616e67756167651202656e",
        RequestPacket(3, 1, 5000, b""),
        control.ReconnectRequest(session_id="sess-0001", metadata=LANGUAGE),
    ),
    "heartbeat request": (
        "01010000000500000000090880d0eab6b7331005",
        RequestPacket(1, 5, 0, b""),
        _HEARTBEAT,
    ),
    "heartbeat response": (
        "020100000005000000090880d0eab6b7331005",
        ResponsePacket(1, 5, 0, b""),
        _HEARTBEAT,
    ),
    "close push": (
        "03000000130802120f7365727665722073687574646f776e",
        PushPacket(0, b""),
        control.Close(code=control.Close.ServerShutdown, reason="server shutdown"),
    ),
    "profile request": (
        "01040000000275300000040a02656e",
        RequestPacket(4, 2, 30000, b""),
        quote.UserQuoteProfileRequest(language="en"),
    ),
    "profile response": (
        "0204000000020000004b08914e12034c563118f40320642a060806100a18052a06080b100a1805322c122a0a02"
        "555312240a220a0f55535f5142424f5f4f70656e41504912034c563128808bd2bb063080b1ef8607",
        ResponsePacket(4, 2, 0, b""),
        _PROFILE,
    ),
    "subscribe request": (
        "01060000000775300000170a063730302e484b0a074141504c2e5553120201021801",
        RequestPacket(6, 7, 30000, b""),
        quote.SubscribeRequest(symbol=["700.HK", "AAPL.US"], sub_type=_TYPES, is_first_push=True),
    ),
    "subscribe response": (
        "0206000000070000001d0a0c0a063730302e484b120201020a0d0a074141504c2e555312020102",
        ResponsePacket(6, 7, 0, b""),
        quote.SubscriptionResponse(
            sub_list=[
                quote.SubTypeList(symbol="700.HK", sub_type=_TYPES),
                quote.SubTypeList(symbol="AAPL.US", sub_type=_TYPES),
            ]
        ),
    ),
    "quote push": (
        "036500005d0a063730302e484b1081909e9a9fe991031a073631322e35303022073631302e3030302a07363135"
        "2e30303032073630382e35303038a0aad7ca0640c4ac4b4a0d3735363133313235302e30303060c8016a0a3132"
        "323530302e303030",
        PushPacket(101, b""),
        _QUOTE_PUSH,
    ),
    "depth push": (
        "036600002e0a063730302e484b10021a10080112073631322e35303018cc2120072210080112073631322e3030"
        "3018c84c200c",
        PushPacket(102, b""),
        quote.PushDepth(
            symbol="700.HK",
            sequence=2,
            ask=[quote.Depth(position=1, price="612.500", volume=4300, order_num=7)],
            bid=[quote.Depth(position=1, price="612.000", volume=9800, order_num=12)],
        ),
    ),
    "trade push": (
        "03680000230a074141504c2e555310031a160a073237312e333035106418f0badfca062201492802",
        PushPacket(104, b""),
        quote.PushTrade(
            symbol="AAPL.US",
            sequence=3,
            trade=[
                quote.Trade(
                    price="271.305", volume=100, timestamp=1767366000, trade_type="I", direction=2
                )
            ],
        ),
    ),
    "business error": (
        "020e000000090700001508a4b412120f6e6f2071756f746520616363657373",
        ResponsePacket(14, 9, 7, b""),
        control.Error(code=301604, msg="no quote access"),
    ),
    "signed push": (
        "130000000508021201780000000000000001000102030405060708090a0b0c0d0e0f",
        PushPacket(0, b"", PacketSignature(1, bytes(range(16)))),
        control.Close(code=control.Close.ServerShutdown, reason="x"),
    ),
}

_GZIP_QUOTE_PUSH = bytes.fromhex(
    "23650000641f8b0800000000000203e362333730d0f3f016689c306fd6fc971399a5d8cd0c8df44c0d0c94800c03"
    "3d0303032d20c314c430623733b00049592c5875fd149bc39135de5ebce6a66686c68646a660a5092718b3b80c8d"
    "803c301700d14655665d000000"
)

signatures = st.none() | st.builds(
    PacketSignature, st.integers(0, 2**64 - 1), st.binary(min_size=16, max_size=16)
)
bodies = st.binary(max_size=300) | st.builds(
    lambda piece, times: piece * times, st.binary(max_size=20), st.integers(0, 300)
)
codes = st.integers(0, 255)
request_ids = st.integers(0, 2**32 - 1)
requests = st.builds(
    RequestPacket, codes, request_ids, st.integers(0, 2**16 - 1), bodies, signatures
)
responses = st.builds(ResponsePacket, codes, request_ids, codes, bodies, signatures)
pushes = st.builds(PushPacket, codes, bodies, signatures)
packets = requests | responses | pushes
thresholds = st.none() | st.integers(0, 400)


def with_body(packet: Packet, body: bytes) -> Packet:
    match packet:
        case RequestPacket(cmd_code, request_id, timeout_ms, _, signature):
            return RequestPacket(cmd_code, request_id, timeout_ms, body, signature)
        case ResponsePacket(cmd_code, request_id, status_code, _, signature):
            return ResponsePacket(cmd_code, request_id, status_code, body, signature)
        case PushPacket(cmd_code, _, signature):
            return PushPacket(cmd_code, body, signature)


@pytest.mark.parametrize("name", VECTORS)
def test_worked_examples_encode_to_the_published_bytes(name: str) -> None:
    text, header, message = VECTORS[name]
    body = message.SerializeToString(deterministic=True)
    assert encode_packet(with_body(header, body)).hex() == text


@pytest.mark.parametrize("name", VECTORS)
def test_worked_examples_decode_to_the_published_values(name: str) -> None:
    text, header, message = VECTORS[name]
    packet = decode_packet(bytes.fromhex(text))
    assert packet == with_body(header, packet.body)
    assert type(message).FromString(packet.body) == message


def test_worked_example_of_gzip_decodes_to_the_plain_push() -> None:
    packet = decode_packet(_GZIP_QUOTE_PUSH)
    assert packet == PushPacket(101, _QUOTE_PUSH.SerializeToString())
    assert len(packet.body) == 93


def test_worked_example_of_a_heartbeat_ping_payload() -> None:
    assert _HEARTBEAT.SerializeToString().hex() == "0880d0eab6b7331005"


@given(packet=packets, threshold=thresholds)
def test_decode_inverts_encode_for_every_type_and_flag(
    packet: Packet, threshold: int | None
) -> None:
    assert decode_packet(encode_packet(packet, threshold)) == packet


@given(packet=packets, reserved=st.integers(0, 3), tail=st.binary(max_size=30))
def test_reserved_bits_and_bytes_after_the_packet_change_nothing(
    packet: Packet, reserved: int, tail: bytes
) -> None:
    data = encode_packet(packet)
    assert decode_packet(bytes((data[0] | reserved << 6,)) + data[1:] + tail) == packet


@given(packet=packets, threshold=thresholds, data=st.data())
def test_every_shorter_piece_of_a_packet_is_truncated(
    packet: Packet, threshold: int | None, data: st.DataObject
) -> None:
    encoded = encode_packet(packet, threshold)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(TruncatedPacket):
        decode_packet(encoded[:cut])
    assert packet_length(encoded) == len(encoded)


@given(cmd_code=codes, body=bodies)
def test_the_fast_ways_agree_with_the_general_ones(cmd_code: int, body: bytes) -> None:
    packet = PushPacket(cmd_code, body)
    assert encode_push(cmd_code, body) == encode_packet(packet)


@given(packet=packets, threshold=thresholds)
def test_only_plain_pushes_begin_as_one(packet: Packet, threshold: int | None) -> None:
    encoded = encode_packet(packet, threshold)
    length = dict(push_heads(packet.cmd_code)).get(encoded[:4])
    assert (length is not None) == (encoded[0] == 3)
    if length is not None:
        assert length + encoded[4] == len(encoded)
        assert encoded[PUSH_HEAD_BYTES:] == packet.body


def test_a_body_is_compressed_from_the_threshold_on() -> None:
    assert encode_packet(PushPacket(101, b"a" * 1023), 1024)[0] == 0x03
    assert encode_packet(PushPacket(101, b"a" * 1024), 1024)[0] == 0x23
    assert encode_response(ResponsePacket(11, 1, 0, b"a" * 1024, None), 1024)[0] == 0x22
    assert encode_request(RequestPacket(11, 1, 0, b"a" * 1024), 1024)[0] == 0x21
    assert encode_packet(PushPacket(101, b"a" * 5000))[0] == 0x03


def test_a_body_that_gzip_lengthens_travels_plain() -> None:
    body = zlib.compress(bytes(range(256)))  # compressed already
    assert encode_packet(PushPacket(101, body), 1) == encode_push(101, body)


def test_compressed_bodies_are_rfc_1952() -> None:
    encoded = encode_packet(PushPacket(101, b"a" * 2000), 1024)
    assert gzip.decompress(encoded[5:]) == b"a" * 2000


@pytest.mark.parametrize(
    "encode",
    [
        lambda body: encode_push(101, body),
        lambda body: encode_packet(PushPacket(101, body), 1024),
        lambda body: encode_response(ResponsePacket(11, 1, 0, body)),
        lambda body: encode_request(RequestPacket(11, 1, 0, body)),
    ],
)
def test_a_body_of_24_bits_is_the_longest(encode: object) -> None:
    assert callable(encode)
    assert len(encode(bytes(BODY_BYTES_MAX))) > 0
    with pytest.raises(PacketTooLarge):
        encode(bytes(BODY_BYTES_MAX + 1))


def test_numbers_that_do_not_fit_their_field_are_refused() -> None:
    with pytest.raises(struct.error):
        encode_request(RequestPacket(1, 2**32, 0, b""))
    with pytest.raises(struct.error):
        encode_request(RequestPacket(1, 1, 2**16, b""))


@pytest.mark.parametrize("first", [0, 4, 15, 0x10, 0x24, 0xF0])
def test_other_packet_types_are_refused_by_the_first_byte(first: int) -> None:
    with pytest.raises(UnknownPacketType):
        decode_packet(bytes((first,)))


def test_a_long_body_is_refused_by_its_announced_length() -> None:
    head = b"\x03\x65" + (1001).to_bytes(3, "big")
    with pytest.raises(PacketTooLarge):
        decode_packet(head, body_bytes_max=1000)
    with pytest.raises(TruncatedPacket):
        decode_packet(head, body_bytes_max=1001)


def gzip_push(packed: bytes) -> bytes:
    return b"\x23\x65" + len(packed).to_bytes(3, "big") + packed


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"plain text",
        zlib.compress(b"zlib, not gzip"),
        gzip.compress(b"cut short", mtime=0)[:-1],
        gzip.compress(b"cut shorter", mtime=0)[:12],
        gzip.compress(b"wrong checksum", mtime=0)[:-8] + bytes(8),
        gzip.compress(b"two", mtime=0) + gzip.compress(b"members", mtime=0),
        gzip.compress(b"a tail", mtime=0) + b"\x00",
    ],
)
def test_a_body_that_is_not_one_gzip_member_is_refused(packed: bytes) -> None:
    with pytest.raises(BadGzip):
        decode_packet(gzip_push(packed))


def test_gzip_may_reach_the_limit_and_not_pass_it() -> None:
    assert len(decode_packet(gzip_push(gzip.compress(bytes(5000))), 5000).body) == 5000
    with pytest.raises(PacketTooLarge):
        decode_packet(gzip_push(gzip.compress(bytes(5001))), 5000)
    with pytest.raises(PacketTooLarge):
        decode_packet(gzip_push(gzip.compress(bytes(BODY_BYTES_MAX + 1), 1)))


def test_a_gzip_bomb_allocates_no_more_than_the_limit() -> None:
    layer = zlib.compressobj(9, wbits=31)
    bomb = gzip_push(layer.compress(bytes(64 * 2**20)) + layer.flush())
    assert len(bomb) < 100_000
    limit = 2**20
    tracemalloc.start()
    try:
        with pytest.raises(PacketTooLarge):
            decode_packet(bomb, body_bytes_max=limit)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * limit


@pytest.mark.fuzz
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_a_protocol_error(data: bytes) -> None:
    try:
        packet = decode_packet(data)
    except ProtocolError:
        return
    assert len(packet.body) <= BODY_BYTES_MAX


@pytest.mark.fuzz
@given(packet=packets, threshold=thresholds, data=st.data())
def test_mutated_packets_are_packets_or_protocol_errors(
    packet: Packet, threshold: int | None, data: st.DataObject
) -> None:
    encoded = bytearray(encode_packet(packet, threshold))
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(codes)
    try:
        mutated = decode_packet(bytes(encoded))
    except ProtocolError:
        return
    try:
        quote.PushQuote.FromString(mutated.body)
    except DecodeError:
        return
