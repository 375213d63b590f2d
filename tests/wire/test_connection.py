"""The TCP stream: any chunking gives the same packets; the first wrong byte is final."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.wire.connection import (
    BUFFER_BYTES_MAX,
    Connection,
    RequestIds,
    Side,
    decode_message,
)
from portway.wire.errors import (
    BadHandshake,
    BufferOverrun,
    PacketTooLarge,
    ProtocolError,
    TruncatedPacket,
    UnknownPacketType,
)
from portway.wire.handshake import HANDSHAKE
from portway.wire.packet import (
    Packet,
    PacketSignature,
    PushPacket,
    RequestPacket,
    ResponsePacket,
    encode_packet,
)

bodies = st.binary(max_size=60) | st.builds(bytes, st.integers(0, 3000))
signatures = st.none() | st.builds(
    PacketSignature, st.integers(0, 2**64 - 1), st.binary(min_size=16, max_size=16)
)
codes = st.integers(0, 255)
ids = st.integers(1, 2**32 - 1)
packets = (
    st.builds(RequestPacket, codes, ids, st.integers(0, 60_000), bodies, signatures)
    | st.builds(ResponsePacket, codes, ids, codes, bodies, signatures)
    | st.builds(PushPacket, codes, bodies, signatures)
)


def cut_at_random(stream: bytes, data: st.DataObject) -> Iterator[bytes]:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        yield stream[start:end]


def receive(connection: Connection, chunks: Iterator[bytes]) -> tuple[list[Packet], str]:
    """Return every packet, and the name of the error that ended the stream."""
    received: list[Packet] = []
    try:
        for chunk in chunks:
            connection.receive_data(chunk)
            while taken := connection.packets_received():
                received += taken
    except ProtocolError as error:
        return received, type(error).__name__
    return received, ""


@given(
    sent=st.lists(packets, max_size=12), threshold=st.sampled_from([None, 0, 100]), data=st.data()
)
def test_any_chunking_of_the_stream_yields_the_same_packets(
    sent: list[Packet], threshold: int | None, data: st.DataObject
) -> None:
    stream = b"".join(encode_packet(packet, threshold) for packet in sent)
    client, server = Connection(Side.CLIENT), Connection(Side.SERVER)
    assert receive(client, cut_at_random(stream, data)) == (sent, "")
    assert receive(server, cut_at_random(b"\x11\x09" + stream, data)) == (sent, "")
    assert client.buffered_bytes == server.buffered_bytes == 0
    assert server.handshake == HANDSHAKE


@pytest.mark.fuzz
@given(sent=st.lists(packets, max_size=4), junk=st.binary(max_size=80), data=st.data())
def test_any_chunking_of_a_damaged_stream_yields_the_same_packets_and_error(
    sent: list[Packet], junk: bytes, data: st.DataObject
) -> None:
    stream = b"".join(encode_packet(packet) for packet in sent) + junk
    whole = receive(Connection(Side.CLIENT), iter([stream]))
    assert receive(Connection(Side.CLIENT), cut_at_random(stream, data)) == whole
    assert whole[0][: len(sent)] == sent


@pytest.mark.fuzz
@given(stream=st.binary(max_size=200), side=st.sampled_from(Side))
def test_any_bytes_give_packets_or_a_protocol_error(stream: bytes, side: Side) -> None:
    connection = Connection(side)
    receive(connection, iter([stream]))
    assert connection.buffered_bytes <= len(stream)


def test_handshake_and_first_packet_may_share_a_segment() -> None:
    server = Connection(Side.SERVER)
    assert server.handshake is None
    server.receive_data(bytes.fromhex("1109" + "01010000000500000000090880d0eab6b7331005"))
    (packet,) = server.packets_received()
    assert packet == RequestPacket(1, 5, 0, bytes.fromhex("0880d0eab6b7331005"))


@pytest.mark.parametrize("first_two", ["2109", "1209", "1101", "0000", "4745"])
def test_an_unacceptable_handshake_is_final_and_close_can_still_be_sent(first_two: str) -> None:
    server = Connection(Side.SERVER)
    server.receive_data(bytes.fromhex(first_two))
    with pytest.raises(BadHandshake):
        server.next_packet()
    server.receive_data(b"\x11\x09")
    with pytest.raises(BadHandshake):
        server.packets_received()
    server.send_push(0, b"\x08\x03")
    assert server.data_to_send().hex() == "03000000020803"


def test_what_one_side_sends_the_other_receives() -> None:
    client = Connection(Side.CLIENT, compress_over_bytes=1024)
    server = Connection(Side.SERVER, compress_over_bytes=1024)
    assert client.send_request(2, b"a" * 2000, 5000) == 1
    assert client.send_request(11, b"", 30_000) == 2
    server.receive_data(client.data_to_send())
    first, second = server.packets_received()
    assert first == RequestPacket(2, 1, 5000, b"a" * 2000)
    assert second == RequestPacket(11, 2, 30_000, b"")
    assert isinstance(second, RequestPacket)
    server.send_push(101, b"p")
    server.send_response(second, 0, b"r" * 3000)
    client.receive_data(server.data_to_send())
    assert client.packets_received() == [
        PushPacket(101, b"p"),
        ResponsePacket(11, 2, 0, b"r" * 3000),
    ]
    assert client.data_to_send() == server.data_to_send() == b""


def test_a_client_begins_with_the_handshake() -> None:
    assert Connection(Side.CLIENT).data_to_send() == b"\x11\x09"
    assert Connection(Side.SERVER).data_to_send() == b""


def test_a_long_body_is_refused_before_it_arrives() -> None:
    server = Connection(Side.SERVER, body_bytes_max=1000)
    server.receive_data(b"\x11\x09" + bytes.fromhex("0102000000011388") + b"\x00\x03\xe9")
    with pytest.raises(PacketTooLarge):
        server.next_packet()
    assert server.buffered_bytes == 0


def test_nothing_is_kept_after_an_error() -> None:
    client = Connection(Side.CLIENT)
    client.receive_data(b"\x00")
    with pytest.raises(UnknownPacketType):
        client.next_packet()
    client.receive_data(bytes(100_000))
    assert client.buffered_bytes == 0
    with pytest.raises(UnknownPacketType):
        client.next_packet()


def test_bytes_that_nobody_takes_are_bounded() -> None:
    client = Connection(Side.CLIENT)
    chunk = b"\x03\x65\x00\x00\x00" * 2**20
    for _ in range(BUFFER_BYTES_MAX // len(chunk)):
        client.receive_data(chunk)
    with pytest.raises(BufferOverrun):
        client.receive_data(chunk)
    assert client.buffered_bytes == 0


def test_compressed_packets_are_inflated_one_at_a_time() -> None:
    packed = gzip.compress(bytes(1_000_000))
    push = b"\x23\x65" + len(packed).to_bytes(3, "big") + packed
    client = Connection(Side.CLIENT)
    client.receive_data(push * 50)
    left = client.buffered_bytes
    assert client.next_packet() == PushPacket(101, bytes(1_000_000))
    assert client.buffered_bytes == left - len(push)


def test_many_packets_in_one_chunk_are_all_taken() -> None:
    client = Connection(Side.CLIENT)
    client.receive_data(b"\x03\x65\x00\x00\x02hk" * 40_000)
    assert client.packets_received() == [PushPacket(101, b"hk")] * 40_000
    assert client.packets_received() == []


def test_request_ids_start_over_after_32_bits() -> None:
    fresh = RequestIds()
    assert [fresh.take(), fresh.take()] == [1, 2]
    late = RequestIds(last=2**32 - 2)
    assert [late.take(), late.take()] == [2**32 - 1, 1]


def test_a_websocket_message_is_one_packet() -> None:
    push = encode_packet(PushPacket(101, b"first"))
    assert decode_message(push + encode_packet(PushPacket(102, b"lost"))) == PushPacket(
        101, b"first"
    )
    with pytest.raises(TruncatedPacket):
        decode_message(b"")
