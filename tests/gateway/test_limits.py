"""Limits as properties over virtual time: what is permitted never breaks the rule, and whoever
keeps to what was told is never refused."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.gateway.limits import (
    LIMITED_QUOTE_COMMANDS,
    PROFILES,
    Caller,
    Limits,
    RateRow,
)
from portway.wire.commands import Channel

ALICE, BOB = Caller("A"), Caller("B")
TOOLS = Caller("A", is_tool=True)
SERVICE, PUBLISHED, NONE = PROFILES["service"], PROFILES["published"], PROFILES["none"]
QUOTE = 11

gaps = st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=200)


def instants(gaps: Iterable[float]) -> list[float]:
    now, found = 0.0, []
    for gap in gaps:
        now += gap
        found.append(now)
    return found


def most_within(times: list[float], seconds: float) -> int:
    """The largest number of calls in any half-open span of that length."""
    return max(
        (sum(1 for other in times if start <= other < start + seconds) for start in times),
        default=0,
    )


@given(gaps)
def test_no_span_of_30_seconds_holds_more_than_30_trade_calls_that_ran(gaps: list[float]) -> None:
    limits = Limits(SERVICE)
    ran = []
    for now in instants(gap / 10 for gap in gaps):
        hold = limits.permit_trade_call(ALICE, now)
        if hold is not None:
            ran.append(now + hold)
    assert most_within(ran, 30.0) <= 30
    assert all(later - sooner >= 0.02 - 1e-9 for sooner, later in pairwise(ran))


def test_the_31st_trade_call_is_refused_and_refused_calls_do_not_count() -> None:
    limits = Limits(SERVICE)
    assert all(limits.permit_trade_call(ALICE, i * 0.1) is not None for i in range(30))
    assert all(limits.permit_trade_call(ALICE, 5 + i * 0.1) is None for i in range(200))
    assert limits.permit_trade_call(ALICE, 30.0) is not None
    assert limits.permit_trade_call(ALICE, 30.05) is None


def test_a_burst_of_trade_calls_is_held_back_by_service_and_refused_as_published() -> None:
    held = Limits(SERVICE)
    assert [round(held.permit_trade_call(ALICE, 1.0) or 0, 6) for _ in range(4)] == [
        0.0, 0.02, 0.04, 0.06,
    ]  # fmt: skip
    published = Limits(PUBLISHED)
    assert published.permit_trade_call(ALICE, 1.0) == 0.0
    assert published.permit_trade_call(ALICE, 1.0) is None
    assert published.permit_trade_call(ALICE, 1.019) is None
    assert published.permit_trade_call(ALICE, 1.02) == 0.0


class ToldClient:
    """The published client's throttle: a bucket per command, refilled once a second, full first."""

    def __init__(self, row: RateRow) -> None:
        self.row = row
        self.tokens = float(row.burst)
        self.ticks = 0

    def wait_until(self, now: float) -> float:
        """When the next call leaves, at `now` or later; each call spends a token."""
        while True:
            while self.ticks + 1 <= now:
                self.ticks += 1
                self.tokens = min(self.row.burst, self.tokens + self.row.per_second)
            if self.tokens >= 1:
                self.tokens -= 1
                return now
            now = self.ticks + 1


@given(gaps, st.floats(0, 0.999))
def test_a_client_that_obeys_what_it_was_told_is_never_refused(
    gaps: list[float], phase: float
) -> None:
    limits = Limits(SERVICE)
    assert SERVICE.told is not None
    client, now = ToldClient(SERVICE.told), 0.0
    for gap in gaps:
        # Nearly all calls as fast as the client lets them go, some after a rest.
        now = client.wait_until(now + (gap if gap > 2 else 0))
        assert limits.permit_quote_call(ALICE, QUOTE, now + phase)


def test_each_command_has_a_bucket_of_its_own_over_all_connections() -> None:
    limits = Limits(SERVICE)
    for command in LIMITED_QUOTE_COMMANDS:
        assert [limits.permit_quote_call(ALICE, command, 0) for _ in range(21)] == [True] * 20 + [
            False
        ]
    assert limits.permit_quote_call(BOB, QUOTE, 0)


@pytest.mark.parametrize("command", [4, 5, 6, 7, 8, 9])
def test_commands_without_a_row_are_never_refused(command: int) -> None:
    limits = Limits(PUBLISHED)
    assert all(limits.permit_quote_call(ALICE, command, 0) for _ in range(1000))


@given(gaps)
def test_as_published_no_second_holds_more_than_ten_quote_calls(gaps: list[float]) -> None:
    limits = Limits(PUBLISHED)
    ran = [
        now
        for index, now in enumerate(instants(gap / 20 for gap in gaps))
        if limits.permit_quote_call(ALICE, 10 + index % 18, now)
    ]
    assert most_within(ran, 1.0) <= 10


def test_as_published_history_has_a_window_of_its_own() -> None:
    limits = Limits(PUBLISHED)
    ran = sum(limits.permit_quote_call(ALICE, 27, i * 0.2) for i in range(149))
    assert ran == 60


@given(st.lists(st.sampled_from(["quote", "trade", "off quote", "off trade"]), max_size=60))
def test_connections_never_exceed_the_limit_and_online_is_what_is_open(steps: list[str]) -> None:
    limits = Limits(PUBLISHED)
    open_now = {Channel.QUOTE: 0, Channel.TRADE: 0}
    for step in steps:
        channel = Channel(step.removeprefix("off "))
        if not step.startswith("off"):
            assert limits.connect(ALICE, channel) == (open_now[channel] == 0)
            open_now[channel] = 1
        elif open_now[channel]:
            limits.disconnect(ALICE, channel)
            open_now[channel] = 0
        assert limits.online(ALICE) == sum(open_now.values()) <= PUBLISHED.connections_max


def test_ten_connections_over_both_channels_and_tools_apart() -> None:
    limits = Limits(SERVICE)
    channels = [Channel.QUOTE, Channel.TRADE] * 5
    assert all(limits.connect(ALICE, channel) for channel in channels)
    assert not limits.connect(ALICE, Channel.QUOTE)
    assert limits.connect(TOOLS, Channel.QUOTE)
    assert limits.online(ALICE) == 10
    assert limits.online(TOOLS) == 1


def test_a_symbol_counts_once_however_many_connections_follow_it() -> None:
    limits = Limits(SERVICE)
    symbols = [f"{i}.HK" for i in range(500)]
    assert limits.subscribe(ALICE, symbols)
    assert limits.subscribe(ALICE, symbols[:10])
    assert not limits.subscribe(ALICE, ["AAPL.US"])
    limits.unsubscribe(ALICE, symbols[:10])
    assert not limits.subscribe(ALICE, ["AAPL.US"])
    limits.unsubscribe(ALICE, symbols[:1])
    assert limits.subscribe(ALICE, ["AAPL.US"])


def test_one_call_of_an_interface_at_a_time_only_as_published() -> None:
    limits = Limits(PUBLISHED)
    assert limits.begin(ALICE, "quote:11")
    assert not limits.begin(ALICE, "quote:11")
    assert limits.begin(ALICE, "quote:14")
    limits.end(ALICE, "quote:11")
    assert limits.begin(ALICE, "quote:11")
    service = Limits(SERVICE)
    assert service.begin(ALICE, "x")
    assert service.begin(ALICE, "x")


def test_without_limits_nothing_is_refused_and_nothing_told() -> None:
    limits = Limits(NONE)
    assert NONE.told is None
    assert all(limits.permit_trade_call(ALICE, 0) == 0 for _ in range(500))
    assert all(limits.permit_quote_call(ALICE, QUOTE, 0) for _ in range(500))


def test_a_steady_clock_that_stands_still_or_steps_back_gives_no_tokens_away() -> None:
    limits = Limits(SERVICE)
    assert sum(limits.permit_quote_call(ALICE, QUOTE, 100 - i) for i in range(50)) == 20
