"""Signing in, resuming, being refused: the same on both transports, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import time

import pytest

from portway.gateway.identity import Principal
from portway.gateway.limits import PROFILES, Caller
from portway.gateway.sockets.gate import Timing
from portway.wire.commands import Channel
from portway.wire.packet import RequestPacket, encode_request
from portway.wire.pb import control_pb2, quote_pb2
from tests.gateway.clients import Closed, SocketClient, connect, error_of, until
from tests.gateway.test_office import admin
from tests.gateway.world import ADMIN_SECRET, World, world

KINDS = pytest.mark.parametrize("kind", ["ws", "tcp"])


async def reconnect(client: SocketClient, session_id: str) -> control_pb2.ReconnectResponse:
    answer = await client.request(3, control_pb2.ReconnectRequest(session_id=session_id))
    assert answer.status_code == 0, error_of(answer)
    return control_pb2.ReconnectResponse.FromString(answer.body)


@KINDS
async def test_sign_in_tells_an_absolute_expiry_and_the_connections(kind: str) -> None:
    async with world() as w:
        client = await connect(kind, w.ports)
        session = await client.sign_in(w.password())
        in_a_day = (time.time() + 86400) * 1000
        assert abs(session.expires - in_a_day) < 60_000
        assert (session.limit, session.online) == (10, 1)
        assert session.session_id


@KINDS
async def test_before_sign_in_commands_are_refused_and_the_connection_is_kept(kind: str) -> None:
    async with world() as w:
        for channel in Channel:
            client = await connect(kind, w.ports, channel)
            for command in (4, 6, 16, 200):
                assert error_of(await client.request(command)) == (5, 401001)
            await client.sign_in(w.password())


@KINDS
async def test_a_password_is_spent_by_its_use_and_refusal_keeps_the_connection(kind: str) -> None:
    async with world() as w:
        password = w.password()
        first, second = await connect(kind, w.ports), await connect(kind, w.ports)
        await first.sign_in(password)
        for token in (password, "nobody", ""):
            answer = await second.request(2, control_pb2.AuthRequest(token=token))
            assert error_of(answer) == (5, 401004)
        await second.sign_in(w.password())


@KINDS
async def test_auth_with_its_command_in_one_piece_is_served_in_order(kind: str) -> None:
    async with world() as w:
        client = await connect(kind, w.ports)
        sent = client.send(2, control_pb2.AuthRequest(token=w.password()))
        asked = [client.send(4), client.send(8)]
        assert (await client.answer(sent)).status_code == 0
        assert [(await client.answer(one)).status_code for one in asked] == [0, 0]


@KINDS
async def test_unknown_commands_and_bad_bodies_are_refused_by_code(kind: str) -> None:
    async with world() as w:
        client = await connect(kind, w.ports)
        await client.sign_in(w.password())
        for command in (0, 28, 99, 101, 255):
            assert error_of(await client.request(command)) == (3, 301600)
        assert error_of(await client.request(6, b"\xff\xff\xff")) == (3, 301600)
        assert error_of(await client.request(2, control_pb2.AuthRequest())) == (3, 301600)
        answer = await client.request(8)
        assert quote_pb2.MarketTradePeriodResponse.FromString(answer.body).market_trade_session


@KINDS
async def test_answers_carry_the_command_and_id_of_their_request(kind: str) -> None:
    async with world() as w:
        client = await connect(kind, w.ports)
        await client.sign_in(w.password())
        for command in (4, 8, 16, 10):
            assert (await client.request(command)).cmd_code == command


@KINDS
async def test_a_compressed_request_is_understood_and_a_long_answer_compressed(kind: str) -> None:
    async with world() as w:
        client = await connect(kind, w.ports)
        await client.sign_in(w.password())
        symbols = quote_pb2.MultiSecurityRequest(symbol=["700.HK"] * 200)
        packet = RequestPacket(10, 900, 0, symbols.SerializeToString())
        data = encode_request(packet, compress_over_bytes=1024)
        assert data[0] & 0x20
        client.write_packet(data)
        answer = await client.answer(900)
        found = quote_pb2.SecurityStaticInfoResponse.FromString(answer.body)
        assert len(found.secu_static_info) == 200


@KINDS
async def test_a_heartbeat_is_echoed_byte_for_byte_before_and_after_sign_in(kind: str) -> None:
    async with world() as w:
        client = await connect(kind, w.ports)
        body = bytes.fromhex("0880d0eab6b7331005")
        for _ in range(2):
            answer = await client.request(1, body)
            assert (answer.status_code, answer.body) == (0, body)
            if client.answers == {} and answer.request_id == 1:
                await client.sign_in(w.password())
        assert (await client.request(1, b"")).body == b""


# ------------------------------------------------------------------------------- resuming


@KINDS
@pytest.mark.parametrize("channel", Channel)
async def test_a_revoked_token_ends_what_it_has_opened(kind: str, channel: Channel) -> None:
    """Whoever had the token hears nothing of the account any more; others stay as they are."""
    async with world("none") as w:
        opened = await admin(w, "accounts/open", {"name": "other"})
        other = opened[1]["data"]["account_no"]
        issued = (await admin(w, "tokens/issue", {"account_no": w.account_no}))[1]["data"]
        stranger = Principal(w.start.app.app_key, other)
        client, neighbour = [await connect(kind, w.ports, channel) for _ in range(2)]
        session = await client.sign_in(w.password())
        await neighbour.sign_in(w.gateway.identity.issue_password(stranger))
        waiting = w.password()
        assert (await admin(w, "tokens/revoke", {"token": issued["token"]}))[0] == 200
        assert (await client.ended()).code == (4004 if kind == "ws" else 4)
        again = await connect(kind, w.ports, channel)
        resume = control_pb2.ReconnectRequest(session_id=session.session_id)
        assert error_of(await again.request(3, resume)) == (5, 401003)
        sign_in = control_pb2.AuthRequest(token=waiting)
        assert error_of(await again.request(2, sign_in)) == (5, 401004)
        await again.sign_in(w.password())  # Another token of the account still signs in.
        assert (await neighbour.request(1, control_pb2.Heartbeat())).status_code == 0


@KINDS
async def test_a_resumed_session_gets_a_new_id_and_the_old_one_stays_usable(kind: str) -> None:
    async with world() as w:
        first = await connect(kind, w.ports)
        session = await first.sign_in(w.password())
        first.drop()
        ids = {session.session_id}
        for _ in range(2):  # the second time the answer of the first was lost
            client = await connect(kind, w.ports)
            resumed = await reconnect(client, session.session_id)
            assert resumed.session_id not in ids
            ids.add(resumed.session_id)
            assert resumed.expires >= session.expires
            client.drop()


@KINDS
async def test_an_unknown_session_is_refused_without_closing_and_a_password_still_works(
    kind: str,
) -> None:
    async with world() as w:
        client = await connect(kind, w.ports)
        for _ in range(3):
            answer = await client.request(3, control_pb2.ReconnectRequest(session_id="gone"))
            assert error_of(answer) == (5, 401003)
        await client.sign_in(w.password())


@KINDS
async def test_the_newest_connection_of_a_session_wins_and_the_older_is_told(kind: str) -> None:
    async with world() as w:
        older = await connect(kind, w.ports)
        session = await older.sign_in(w.password())
        newer = await connect(kind, w.ports)
        resumed = await reconnect(newer, session.session_id)
        assert resumed.online == 1
        closed = await older.ended()
        assert closed.code == (4006 if kind == "ws" else 6)
        assert (await newer.request(8)).status_code == 0


async def test_a_session_goes_on_over_the_other_transport() -> None:
    async with world() as w:
        older = await connect("ws", w.ports)
        session = await older.sign_in(w.password())
        newer = await connect("tcp", w.ports)
        assert (await reconnect(newer, session.session_id)).online == 1
        assert (await older.ended()).code == 4006


async def test_a_session_of_the_quote_channel_is_none_on_the_trade_channel() -> None:
    async with world() as w:
        quote = await connect("ws", w.ports)
        session = await quote.sign_in(w.password())
        trade = await connect("ws", w.ports, Channel.TRADE)
        request = control_pb2.ReconnectRequest(session_id=session.session_id)
        assert error_of(await trade.request(3, request)) == (5, 401003)


# ---------------------------------------------------------------------------------- limits


async def test_the_eleventh_connection_is_refused_and_a_free_place_is_given_again() -> None:
    async with world() as w:
        clients = []
        for index in range(10):
            channel = Channel.QUOTE if index % 2 else Channel.TRADE
            client = await connect("ws" if index % 3 else "tcp", w.ports, channel)
            assert (await client.sign_in(w.password())).online == index + 1
            clients.append(client)
        late = await connect("ws", w.ports)
        answer = await late.request(2, control_pb2.AuthRequest(token=w.password()))
        assert error_of(answer) == (6, 403)
        assert (await w.call("GET", "/v1/socket/token"))[1]["data"]["online"] == 10
        clients[0].drop()
        await until(lambda: w.gateway.online == 9)
        assert (await w.call("GET", "/v1/socket/token"))[1]["data"]["online"] == 9
        assert (await late.sign_in(w.password())).online == 10


async def test_a_full_account_can_still_resume_its_own_session() -> None:
    async with world() as w:
        clients = [await connect("ws", w.ports) for _ in range(10)]
        sessions = [await client.sign_in(w.password()) for client in clients]
        newer = await connect("ws", w.ports)
        assert (await reconnect(newer, sessions[3].session_id)).online == 10
        assert (await clients[3].ended()).code == 4006
        assert w.gateway.online == 10


async def test_as_published_one_connection_per_channel() -> None:
    async with world("published") as w:
        quote, trade = await connect("ws", w.ports), await connect("ws", w.ports, Channel.TRADE)
        assert (await quote.sign_in(w.password())).limit == PROFILES["published"].connections_max
        await trade.sign_in(w.password())
        second = await connect("ws", w.ports)
        answer = await second.request(2, control_pb2.AuthRequest(token=w.password()))
        assert error_of(answer) == (6, 403)


async def test_tools_of_the_owner_count_apart_and_nobody_else_can_claim_to_be_one() -> None:
    async with world("published") as w:
        program = await connect("ws", w.ports)
        await program.sign_in(w.password())
        claimed = await connect("ws", w.ports)
        request = control_pb2.AuthRequest(token=w.password(), metadata={"x-portway-tool": "1"})
        assert error_of(await claimed.request(2, request)) == (6, 403)
        tool = await connect("ws", w.ports)
        session = await tool.sign_in(w.password(), **{"x-portway-tool": ADMIN_SECRET})
        assert session.online == 1


async def test_strangers_give_way_when_there_are_too_many() -> None:
    async with world(timing=Timing(strangers_max=3)) as w:
        strangers = [await connect("tcp", w.ports) for _ in range(5)]
        with pytest.raises(Closed):
            await strangers[0].request(1, b"x")
        assert (await strangers[4].request(1, b"x")).body == b"x"


async def test_a_channel_that_is_full_drops_the_newcomer() -> None:
    async with world(timing=Timing(connections_max=2)) as w:
        inside = [await connect("tcp", w.ports) for _ in range(2)]
        for client in inside:
            await client.sign_in(w.password())
        late = await connect("tcp", w.ports)
        assert (await late.ended()).code is None
        assert (await inside[0].request(1, b"x")).body == b"x"


async def test_quote_calls_over_the_rate_are_refused_and_the_connection_is_kept() -> None:
    async with world() as w:
        client = await connect("ws", w.ports)
        await client.sign_in(w.password())
        asked = quote_pb2.MultiSecurityRequest(symbol=["700.HK"])
        answers = [await client.request(11, asked) for _ in range(40)]
        refused = [error_of(answer) for answer in answers if answer.status_code]
        assert set(refused) == {(3, 301606)}
        assert 15 <= len(refused) <= 20
        assert (await client.request(8)).status_code == 0


# ------------------------------------------------------------------------- silence and end


@KINDS
async def test_who_never_signs_in_is_told_to_go(kind: str) -> None:
    async with world(timing=Timing(sign_in_s=0.15, sweep_s=0.05)) as w:
        client = await connect(kind, w.ports)
        assert (await client.ended()).code == (4004 if kind == "ws" else 4)
        assert w.gateway.stats.closes[("AUTH_ERROR",)] == 1


@KINDS
async def test_who_shows_no_sign_of_life_is_closed(kind: str) -> None:
    async with world(timing=Timing(idle_s=0.3, ping_s=1000, sweep_s=0.05)) as w:
        silent, alive = await connect(kind, w.ports), await connect(kind, w.ports)
        await silent.sign_in(w.password())
        await alive.sign_in(w.password())

        async def beat() -> None:
            while True:
                await alive.request(1, b"beat")
                await asyncio.sleep(0.05)

        beating = asyncio.create_task(beat())
        assert (await silent.ended()).code == (4000 if kind == "ws" else 0)
        assert w.gateway.online == 1
        beating.cancel()


@KINDS
async def test_a_server_that_stops_says_so(kind: str) -> None:
    async with world() as w:
        client = await connect(kind, w.ports)
        await client.sign_in(w.password())
        await w.gateway.close()
        closed = await client.ended()
        assert closed.code == (4002 if kind == "ws" else 2)
        assert w.gateway.online == 0


async def test_a_client_that_leaves_while_it_signs_in_leaves_nothing_behind() -> None:
    async with world() as w:
        for _ in range(20):
            client = await connect("tcp", w.ports)
            client.send(2, control_pb2.AuthRequest(token=w.password()))
            client.writer.close()
        await until(lambda: w.gateway.online == 0 and not _strangers(w))
        assert w.gateway.limits.online(Caller(w.account_no)) == 0


async def test_a_gzip_bomb_ends_its_connection_alone() -> None:
    async with world() as w:
        good, bad = await connect("tcp", w.ports), await connect("tcp", w.ports)
        await good.sign_in(w.password())
        bomb = gzip.compress(bytes(64 << 20), 9)
        bad.write_packet(
            bytes((0x21, 2)) + bytes(4) + bytes(2) + len(bomb).to_bytes(3, "big") + bomb
        )
        assert (await bad.ended()).code == 3
        assert (await good.request(8)).status_code == 0


def _strangers(w: World) -> object:
    return w.gateway.quote_gate._strangers
