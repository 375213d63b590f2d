"""The SDK against a running server: its limits, its doctor, an order from both faces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from portway.openapi import (
    AsyncQuoteContext,
    AsyncTradeContext,
    Config,
    OpenApiException,
    OrderSide,
    OrderStatus,
    OrderType,
    PushOrderChanged,
    QuoteContext,
    TimeInForceType,
    TopicType,
    TradeContext,
)
from portway.openapi.doctor import LINKS, examine
from tests.openapi.waiting import eventually
from tests.support.server import Server

pytestmark = pytest.mark.compat

QUOTE_CALLS = 100
TRADE_CALLS = 31  # one more than the service takes in 30 seconds


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    folder: Path = tmp_path_factory.mktemp("service")
    with Server(folder / "home") as server:
        env = {name.removeprefix("LONGPORT_"): value for name, value in server.env.items()}
        yield Config(
            *(env[name] for name in ("APP_KEY", "APP_SECRET", "ACCESS_TOKEN")),
            env["HTTP_URL"],
            env["QUOTE_WS_URL"],
            env["TRADE_WS_URL"],
            timeout_s=60.0,
        )


async def test_many_quote_calls_at_once_wait_and_are_never_refused(config: Config) -> None:
    async with AsyncQuoteContext.create(config) as context:
        calls = (context.quote(["700.HK"]) for _ in range(QUOTE_CALLS))
        answers = await asyncio.gather(*calls)  # a refusal would be raised here
        assert [quotes[0].symbol for quotes in answers] == ["700.HK"] * QUOTE_CALLS
        assert context.metrics()["rate_limit_wait_s"] > 0


def test_the_doctor_finds_nothing_to_mend(config: Config) -> None:
    assert [finding.link for finding in examine(config) if finding.is_good] == list(LINKS)


def test_an_order_is_filled_pushed_and_held(config: Config) -> None:
    events: list[PushOrderChanged] = []
    with TradeContext(config) as trades, QuoteContext(config) as quotes:
        trades.set_on_order_changed(events.append)
        trades.subscribe([TopicType.Private])
        lot = quotes.static_info(["700.HK"])[0].lot_size
        order = trades.submit_order(
            "700.HK", OrderType.MO, OrderSide.Buy, lot, TimeInForceType.Day, remark="ours"
        )
        own = lambda: [event for event in events if event.order_id == order.order_id]  # noqa: E731
        eventually(lambda: any(event.status is OrderStatus.Filled for event in own()))
        detail = trades.order_detail(order.order_id)
        assert (detail.remark, detail.quantity) == ("ours", Decimal(lot))
        assert own()[-1].executed_price == detail.executed_price
        held = [p.symbol for c in trades.stock_positions().channels for p in c.positions]
        assert held == ["700.HK"]


async def test_trade_calls_do_not_wait_and_a_burst_is_refused(config: Config) -> None:
    async with AsyncTradeContext.create(config) as context:
        calls = (context.today_orders() for _ in range(TRADE_CALLS))
        answers = await asyncio.gather(*calls, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, OpenApiException)]
    assert refused
    assert {error.code for error in refused} == {429002}
    assert len(refused) < TRADE_CALLS
