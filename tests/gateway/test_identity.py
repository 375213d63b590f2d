"""Credentials: which mistake meets which refusal, and what outlives what."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from portway.gateway.errors import Refused
from portway.gateway.identity import (
    PASSWORDS_MAX,
    SESSION_SECONDS,
    TOOL_HEADER,
    Identity,
    Principal,
    first_start,
    new_app,
    new_token,
    token_digest,
)
from portway.gateway.ports import SessionRecord
from portway.trading.ports import WriteFailed
from portway.wire.commands import Channel
from portway.wire.signature import signature_header
from tests.gateway.world import MemoryIdentity

NOW = 1_700_000_000.0


class Wall:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Setup:
    """An identity whose clock stands where the test puts it."""

    def __init__(self) -> None:
        self.wall = Wall()
        self.start = first_start(NOW)
        self.store = MemoryIdentity(self.start)
        self.identity = Identity(self.store, self.wall, tool_secret="owner")

    def headers(self, **changes: str) -> dict[str, bytes]:
        headers = {
            "x-api-key": self.start.app.app_key,
            "authorization": self.start.token,
            "x-timestamp": str(int(self.wall.now)),
            **changes,
        }
        if "x-api-signature" not in headers:
            secret = self.start.app.app_secret
            headers["x-api-signature"] = signature_header("GET", "/p", "a=b", b"", headers, secret)
        return {name.replace("_", "-"): value.encode() for name, value in headers.items()}

    async def check(self, headers: dict[str, bytes], target: bytes = b"/p") -> Principal:
        known = await self.identity.recognise(headers)
        return self.identity.authenticate(known, "GET", target, b"a=b", b"", headers)


@pytest.fixture
def setup() -> Setup:
    return Setup()


async def refused(awaitable: object) -> str:
    with pytest.raises(Refused) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value.reason


async def test_a_signed_request_is_its_account(setup: Setup) -> None:
    principal = await setup.check(setup.headers())
    assert principal == Principal(setup.start.app.app_key, "PT10000001")


async def test_the_first_mistake_in_order_is_the_one_that_is_told(setup: Setup) -> None:
    good = setup.headers()
    cases = [
        ({"x-api-key": b"0" * 32, "authorization": b""}, "APP_KEY_UNKNOWN"),
        ({"x-api-key": b""}, "APP_KEY_UNKNOWN"),
        ({"authorization": b""}, "TOKEN_MISSING"),
        ({"authorization": b"m_no"}, "TOKEN_INVALID"),
        ({"x-timestamp": b"soon"}, "TIMESTAMP_STALE"),
        ({"x-timestamp": b"1"}, "TIMESTAMP_STALE"),
        ({"x-api-signature": b"HMAC-SHA256 nonsense"}, "SIGNATURE_INVALID"),
    ]
    for change, reason in cases:
        assert await refused(setup.check({**good, **change})) == reason, change
    del good["x-api-signature"]
    assert await refused(setup.check(good)) == "SIGNATURE_INVALID"


async def test_any_change_of_what_was_signed_is_refused(setup: Setup) -> None:
    headers = setup.headers()
    assert await refused(setup.check(headers, target=b"/q")) == "SIGNATURE_INVALID"
    secret = "f" * 64
    wrong = setup.headers()
    wrong["x-api-signature"] = signature_header(
        "GET", "/p", "a=b", b"", dict(wrong), secret
    ).encode()
    assert await refused(setup.check(wrong)) == "SIGNATURE_INVALID"


@pytest.mark.parametrize(("skew", "is_accepted"), [(299, True), (-299, True), (301, False)])
async def test_the_stamp_may_differ_by_five_minutes(
    setup: Setup, skew: int, is_accepted: bool
) -> None:
    headers = setup.headers()
    setup.wall.now += skew
    if is_accepted:
        await setup.check(headers)
    else:
        assert await refused(setup.check(headers)) == "TIMESTAMP_STALE"


async def test_a_fractional_stamp_is_accepted(setup: Setup) -> None:
    await setup.check(setup.headers(**{"x-timestamp": f"{NOW:.3f}"}))


async def test_a_bearer_token_needs_no_signature_but_must_be_valid(setup: Setup) -> None:
    headers = {
        "x-api-key": setup.start.app.app_key.encode(),
        "authorization": b"Bearer " + setup.start.token.encode(),
    }
    assert (await setup.check(headers)).account_no == "PT10000001"
    headers["authorization"] = b"Bearer nobody"
    assert await refused(setup.check(headers)) == "TOKEN_INVALID"


async def test_a_token_of_another_app_is_refused(setup: Setup) -> None:
    other = new_app("other")
    setup.store.apps_by_key[other.app_key] = other
    headers = setup.headers(**{"x-api-key": other.app_key})
    assert await refused(setup.check(headers)) == "APP_KEY_UNKNOWN"


async def test_a_token_ends_at_its_expiry_even_while_it_is_remembered(setup: Setup) -> None:
    await setup.check(setup.headers())
    setup.wall.now = setup.start.token_record.expires_at - 1.0
    await setup.check(setup.headers())
    setup.wall.now += 1
    assert await refused(setup.check(setup.headers())) == "TOKEN_EXPIRED"


async def test_a_token_revoked_by_another_process_is_refused_soon(setup: Setup) -> None:
    await setup.check(setup.headers())
    await setup.store.revoke_token(setup.start.token_record.digest, int(NOW))
    setup.wall.now += 10
    assert await refused(setup.check(setup.headers())) == "TOKEN_INVALID"


async def test_refresh_gives_a_new_token_and_the_old_one_a_minute(setup: Setup) -> None:
    principal = await setup.check(setup.headers())
    text, record, account = await setup.identity.refresh(
        principal, setup.start.token.encode(), None
    )
    assert text.startswith("m_")
    assert record.expires_at == int(NOW) + 90 * 86400
    assert account.member_id == 10001
    await setup.check(setup.headers(authorization=text))
    setup.wall.now += 59
    await setup.check(setup.headers())
    setup.wall.now += 1
    assert await refused(setup.check(setup.headers())) == "TOKEN_INVALID"
    await setup.check(setup.headers(authorization=text))


async def test_the_database_holds_no_secret_text_of_tokens_and_sessions(setup: Setup) -> None:
    principal = await setup.check(setup.headers())
    opened = await setup.identity.open_session(principal, Channel.QUOTE)
    await setup.identity.saved()
    kept = repr(setup.store.tokens_by_digest) + repr(setup.store.sessions)
    assert setup.start.token not in kept
    assert opened.session_id not in kept


async def test_a_password_opens_one_connection_within_a_minute(setup: Setup) -> None:
    principal = await setup.check(setup.headers())
    first, second = (setup.identity.issue_password(principal) for _ in range(2))
    assert setup.identity.redeem_password(first) == principal
    with pytest.raises(Refused):
        setup.identity.redeem_password(first)
    setup.wall.now += 60
    with pytest.raises(Refused):
        setup.identity.redeem_password(second)


async def test_outstanding_passwords_are_bounded_and_the_oldest_goes(setup: Setup) -> None:
    principal = Principal("k", "a")
    texts = [setup.identity.issue_password(principal) for _ in range(PASSWORDS_MAX + 1)]
    with pytest.raises(Refused):
        setup.identity.redeem_password(texts[0])
    assert setup.identity.redeem_password(texts[1]) == principal


async def test_a_session_can_be_resumed_by_every_id_until_that_id_expires(setup: Setup) -> None:
    principal = Principal("k", "a")
    first = await setup.identity.open_session(principal, Channel.QUOTE)
    setup.wall.now += 3600
    second = await setup.identity.open_session(principal, Channel.QUOTE, first.lineage)
    assert second.session_id != first.session_id
    for one in (first, second):
        found = await setup.identity.find_session(one.session_id, Channel.QUOTE)
        assert found.lineage == first.lineage
    setup.wall.now = first.expires_at_ms / 1000
    assert await refused(setup.identity.find_session(first.session_id, Channel.QUOTE)) == (
        "SESSION_EXPIRED"
    )
    await setup.identity.find_session(second.session_id, Channel.QUOTE)
    await setup.identity.saved()
    await setup.identity.drop_expired()
    assert list(setup.store.sessions) == [token_digest(second.session_id)]


async def test_a_sign_in_does_not_wait_for_the_disk_and_outlives_one_that_is_full(
    setup: Setup,
) -> None:
    may_write, is_full = asyncio.Event(), False
    add = setup.store.add_session

    async def add_slowly(session: SessionRecord) -> None:
        await may_write.wait()
        if is_full:
            raise WriteFailed("no space left")
        await add(session)

    setup.store.add_session = add_slowly  # type: ignore[method-assign]
    principal = Principal("k", "a")
    first = await setup.identity.open_session(principal, Channel.QUOTE)
    found = await setup.identity.find_session(first.session_id, Channel.QUOTE)
    assert found.account_no == "a", "a session can be resumed at once"
    may_write.set()
    await setup.identity.saved()
    assert list(setup.store.sessions) == [token_digest(first.session_id)]
    is_full = True
    second = await setup.identity.open_session(principal, Channel.QUOTE)
    await setup.identity.saved()
    assert (await setup.identity.find_session(second.session_id, Channel.QUOTE)).account_no == "a"
    setup.wall.now += 2 * SESSION_SECONDS
    await setup.identity.drop_expired()
    assert await refused(setup.identity.find_session(second.session_id, Channel.QUOTE)) == (
        "SESSION_EXPIRED"
    )


async def test_a_session_of_the_other_channel_is_none(setup: Setup) -> None:
    opened = await setup.identity.open_session(Principal("k", "a"), Channel.QUOTE)
    asked = setup.identity.find_session(opened.session_id, Channel.TRADE)
    assert await refused(asked) == "SESSION_EXPIRED"


async def test_only_the_owners_secret_makes_a_tool(setup: Setup) -> None:
    for given, is_tool in (("owner", True), ("1", False), ("", False)):
        principal = await setup.check(setup.headers(**{TOOL_HEADER: given}))
        assert principal.is_tool == is_tool
    no_secret = Identity(setup.store, setup.wall)
    assert not no_secret.is_tool(b"")


def test_no_credential_begins_with_what_clients_take_for_another_region() -> None:
    token, _ = new_token("k", "a", now=NOW)
    assert token.startswith("m_")
    app = new_app("x")
    assert (len(app.app_key), len(app.app_secret)) == (32, 64)
    assert set(app.app_key + app.app_secret) <= set("0123456789abcdef")


def test_the_first_start_can_be_repeated_from_the_same_randomness() -> None:
    def fixed(length: int) -> bytes:
        return bytes(length)

    one, two = (first_start(NOW, random=fixed) for _ in range(2))
    assert one == two
    assert one.token_record.digest == token_digest(one.token)
    assert replace(one.token_record, digest="") == replace(two.token_record, digest="")
