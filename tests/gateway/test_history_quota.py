"""The monthly quota of history: what counts, what a month gives back, which tier an account has."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portway.gateway.errors import Refused
from portway.gateway.history_quota import PUBLISHED_TIERS, HistoryQuota, QuotaTier, Standing
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.wire.pb import quote_pb2 as pb
from tests.gateway.clients import connect, error_of
from tests.gateway.world import MemoryDocuments, world

SMALL = (QuotaTier(5, Decimal(1000), 10), QuotaTier(2, Decimal(0)))
ONE, TWO, THREE = Symbol("1.HK"), Symbol("2.HK"), Symbol("3.HK")


class Desk:
    """An account that grows, on days that pass."""

    def __init__(self) -> None:
        self.documents = MemoryDocuments()
        self.standing = Standing(Decimal(0), 0)
        self.today = date(2026, 3, 2)
        self.wall = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC).timestamp()
        self.asked = 0

    async def ask(self, account_no: str) -> Standing:
        self.asked += 1
        return self.standing

    def quota(self) -> HistoryQuota:
        return HistoryQuota(
            SMALL,
            self.documents,
            standing=self.ask,
            today=lambda: self.today,
            wall=lambda: self.wall,
        )


async def refused(quota: HistoryQuota, symbol: Symbol, account_no: str = "A") -> str:
    with pytest.raises(Refused) as found:
        await quota.count(account_no, symbol)
    return found.value.reason


async def test_a_symbol_counts_once_a_month_over_restarts_and_for_its_account_alone() -> None:
    desk = Desk()
    quota = desk.quota()
    for symbol in (ONE, ONE, TWO, ONE):
        await quota.count("A", symbol)
    assert await refused(quota, THREE) == "QUOTE_HISTORY_QUOTA"
    assert await refused(desk.quota(), THREE) == "QUOTE_HISTORY_QUOTA"
    await quota.count("A", TWO)
    await quota.count("B", THREE)
    desk.wall += 1  # midnight of 1 April in Hong Kong
    await quota.count("A", THREE)


async def test_many_at_a_time_count_no_more_than_there_are() -> None:
    quota = Desk().quota()
    symbols = [Symbol(f"{n}.HK") for n in range(10)]
    results = await asyncio.gather(
        *(quota.count("A", one) for one in symbols), return_exceptions=True
    )
    assert sum(one is None for one in results) == 2


async def test_a_better_tier_takes_effect_on_the_next_trading_day() -> None:
    desk = Desk()
    quota = desk.quota()
    for symbol in (ONE, TWO):
        await quota.count("A", symbol)
    desk.standing = Standing(Decimal(1000), 0)
    assert await refused(quota, THREE) == "QUOTE_HISTORY_QUOTA"
    desk.today = date(2026, 3, 3)
    await quota.count("A", THREE)
    assert await quota.symbols_of("A") == 5
    assert desk.asked == 2


async def test_what_cannot_be_written_down_is_not_answered() -> None:
    desk = Desk()
    quota = desk.quota()
    desk.documents.is_full = True
    assert await refused(quota, ONE) == "STORAGE_UNAVAILABLE"
    desk.documents.is_full = False
    await quota.count("A", ONE)


@pytest.mark.parametrize(
    ("assets", "trades", "symbols"),
    [(0, 0, 100), (9_999, 160, 100), (10_000, 0, 400), (80_000, 0, 600), (400_000, 0, 1000),
     (0, 161, 1000), (0, 1601, 2000), (4_000_000, 0, 2000), (6_000_000, 0, 3000), (5, 2501, 3000)],
)  # fmt: skip
def test_the_published_tiers(assets: int, trades: int, symbols: int) -> None:
    standing = Standing(Decimal(assets), trades)
    assert next(one for one in PUBLISHED_TIERS if one.admits(standing)).symbols == symbols


def history(symbol: str) -> pb.SecurityHistoryCandlestickRequest:
    return pb.SecurityHistoryCandlestickRequest(
        symbol=symbol, period=1000, query_type=2, date_request=pb.DateQuery()
    )


async def test_the_published_profile_counts_and_tells_and_the_others_do_not() -> None:
    async with world("published") as w:
        client = await connect("ws", w.ports)
        await client.sign_in(w.password())
        told = await client.request(4, pb.UserQuoteProfileRequest(language="en"))
        profile = pb.UserQuoteProfileResponse.FromString(told.body)
        assert profile.history_candlestick_limit == 1000  # a million HKD stand in the account
        month = f"{datetime.now(MARKET_ZONES[Market.HK]):%Y-%m}"
        more = [f"{n}.HK" for n in range(20001, 21000)]
        counted = {"month": month, "symbols": ["700.HK", *more]}
        w.documents.bodies["history-symbols", w.account_no] = json.dumps(counted)
        assert (await client.request(27, history("700.HK"))).status_code == 0
        refusal = await client.request(27, history("AAPL.US"))
        assert error_of(refusal) == (7, 301607)
        assert "history kline symbol count out of limit" in refusal.body.decode(errors="replace")
    async with world("service") as w:
        w.documents.bodies["history-symbols", w.account_no] = json.dumps(counted)
        client = await connect("ws", w.ports)
        await client.sign_in(w.password())
        assert (await client.request(27, history("AAPL.US"))).status_code == 0
