"""Orders through the writer: filled, changed, waiting, expiring, and paid for."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

from portway.model.command import (
    CancelOrder,
    MarketMoved,
    ReplaceOrder,
    SessionEnded,
    SessionOpened,
    TradingDayStarted,
    Withdraw,
)
from portway.model.event import (
    OrderAccepted,
    OrderFilled,
    OrderRefused,
    OrderRepeated,
    RefusalReason,
)
from portway.model.money import Currency
from portway.model.order import TimeInForce
from portway.model.quote import TradeSession
from portway.model.symbol import Market
from portway.storage.memory import MemoryStore
from portway.trading import runner as runner_module
from tests.trading.floor import (
    ACCOUNT,
    APPLE,
    DAY,
    OTHER,
    TENCENT,
    buy,
    next_weekday,
    printed,
    sell,
)
from tests.trading.running import (
    VENUE,
    S,
    funded,
    market_at,
    order_id_of,
    pushed,
    settle,
    statuses,
    venue,
)


async def test_a_limit_order_that_crosses_fills_level_by_level_and_is_pushed_step_by_step() -> None:
    store = MemoryStore()
    async with venue(store, market_at()) as runner:
        await funded(runner)
        orders = pushed(runner)
        events = await runner.submit(buy(400, "500.5"))
        assert statuses(orders) == ["WAIT_TO_NEW", "NEW", "PARTIAL_FILLED", "FILLED"]
        fills = [one.execution for one in events if isinstance(one, OrderFilled)]
        assert [(one.price, one.quantity) for one in fills] == [(500, 300), (Decimal("500.5"), 100)]
        assert len(str(order_id_of(events))) == 18
        assert orders[-1].executed_amount == Decimal("200050")


async def test_cancel_and_replace_walk_their_statuses() -> None:
    async with venue(MemoryStore(), market_at()) as runner:
        await funded(runner)
        orders = pushed(runner)
        order_id = order_id_of(await runner.submit(buy(200, "490")))
        await runner.submit(ReplaceOrder(ACCOUNT, order_id, Decimal(100), Decimal("491")))
        await runner.submit(CancelOrder(ACCOUNT, order_id))
        assert statuses(orders) == [
            *("WAIT_TO_NEW", "NEW"),
            *("WAIT_TO_REPLACE", "PENDING_REPLACE", "REPLACED"),
            *("WAIT_TO_CANCEL", "PENDING_CANCEL", "CANCELED"),
        ]
        assert (orders[4].quantity, orders[4].price) == (100, 491)
        refused = await runner.submit(CancelOrder(ACCOUNT, order_id))
        assert refused == (OrderRefused(RefusalReason.ORDER_ALREADY_CANCELED),)


async def test_a_replace_that_crosses_trades_at_once() -> None:
    async with venue(MemoryStore(), market_at()) as runner:
        await funded(runner)
        order_id = order_id_of(await runner.submit(buy(200, "490")))
        events = await runner.submit(ReplaceOrder(ACCOUNT, order_id, None, Decimal("500")))
        assert [one.status for one in events if isinstance(one, OrderFilled)] == [S.FILLED]


async def test_another_account_sees_nothing_of_an_order() -> None:
    async with venue(MemoryStore(), market_at()) as runner:
        await funded(runner)
        order_id = order_id_of(await runner.submit(buy(200, "490")))
        not_found = (OrderRefused(RefusalReason.ORDER_NOT_FOUND),)
        assert await runner.submit(CancelOrder(OTHER, order_id)) == not_found
        assert await runner.submit(ReplaceOrder(OTHER, order_id, Decimal(100))) == not_found


async def test_a_resting_order_is_filled_by_the_moving_market() -> None:
    market = market_at()
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        orders = pushed(runner)
        await runner.submit(buy(300, "499"))
        assert set(runner.working_symbols()) == set(market.told) == {TENCENT}
        shown = market.show(TENCENT, "498x100", "498.8x200")
        runner.market_moved(MarketMoved(TENCENT, market.at, TradeSession.NORMAL, shown))
        runner.market_moved(MarketMoved(APPLE, market.at, TradeSession.NORMAL, None))
        await settle(runner)
        at = market.now(Market.HK)
        through = (printed(TENCENT, "498.8", 100, at),)
        runner.market_moved(MarketMoved(TENCENT, at, TradeSession.NORMAL, shown, through))
        await settle(runner)
        assert statuses(orders) == ["WAIT_TO_NEW", "NEW", "PARTIAL_FILLED", "FILLED"]
        assert {order.last_price for order in orders[2:]} == {Decimal("499")}
        assert not runner.working_symbols()


async def test_moves_that_change_nothing_write_nothing() -> None:
    store, market = MemoryStore(), market_at()
    async with venue(store, market) as runner:
        await funded(runner)
        await runner.submit(buy(300, "480"))
        before = store.writes
        for _ in range(50):
            shown = market.show(TENCENT, "499x100", "500x200")
            runner.market_moved(MarketMoved(TENCENT, market.at, TradeSession.NORMAL, shown))
            await asyncio.sleep(0)
        await settle(runner)
        assert store.writes == before


async def test_waiting_prints_are_bounded_and_none_that_matters_is_lost() -> None:
    market = market_at()
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        orders = pushed(runner)
        await runner.submit(buy(300, "490"))
        for turn in range(5 * runner_module.PRINTS_MAX):
            market.at += timedelta(milliseconds=1)
            price = "489.8" if turn == 10 else "499.8"
            moved = (printed(TENCENT, price, 100, market.at),)
            runner.market_moved(MarketMoved(TENCENT, market.at, TradeSession.NORMAL, None, moved))
        await settle(runner)
        assert orders[-1].status is S.FILLED


async def test_orders_entered_while_closed_wait_for_the_session() -> None:
    market = market_at()
    market.session = None
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        orders = pushed(runner)
        await runner.submit(buy(100, "500"))
        taken_back = order_id_of(await runner.submit(buy(100, "499")))
        changed = order_id_of(await runner.submit(buy(100, "498")))
        await runner.submit(CancelOrder(ACCOUNT, taken_back))
        await runner.submit(ReplaceOrder(ACCOUNT, changed, Decimal(200), Decimal("500")))
        market.session = TradeSession.NORMAL
        await runner.submit(
            SessionOpened(Market.HK, DAY, TradeSession.NORMAL, market.now(Market.HK))
        )
        assert statuses(orders) == [
            *("NOT_REPORTED", "NOT_REPORTED", "NOT_REPORTED", "CANCELED", "REPLACED_NOT_REPORTED"),
            *("WAIT_TO_NEW", "NEW", "FILLED"),
            *("WAIT_TO_NEW", "NEW", "FILLED"),
        ]


async def test_a_day_order_expires_and_a_long_term_order_stays() -> None:
    market = market_at()
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        orders = pushed(runner)
        await runner.submit(buy(100, "480"))
        await runner.submit(buy(100, "481", time_in_force=TimeInForce.GTC))
        await runner.submit(
            buy(100, "482", time_in_force=TimeInForce.GTD, expire_date=next_weekday(DAY))
        )
        at = market.now(Market.HK)
        await runner.submit(SessionEnded(Market.HK, DAY, TradeSession.NORMAL, at))
        assert statuses(orders[6:]) == ["EXPIRED"]
        await runner.submit(SessionEnded(Market.HK, next_weekday(DAY), TradeSession.NORMAL, at))
        assert [order.terms.time_in_force for order in orders[7:]] == [TimeInForce.GTD]
        assert set(runner.working_symbols()) == {TENCENT}


async def test_money_settles_on_its_day_and_may_then_be_withdrawn() -> None:
    store, market = MemoryStore(), market_at()
    async with venue(store, market) as runner:
        await funded(runner)
        await runner.submit(buy(300, "500"))
        await runner.submit(sell(300, "499.8"))
        [balance] = [
            row for row in store.read_models(VENUE).balances(ACCOUNT) if row.currency == "HKD"
        ]
        assert balance.receivable > 0
        assert balance.payable > 0
        everything = Withdraw(ACCOUNT, Currency.HKD, balance.cash)
        refused = await runner.submit(everything)
        assert refused == (OrderRefused(RefusalReason.WITHDRAWABLE_EXCEEDED),)
        for days in (1, 2):
            at = market.now(Market.HK)
            await runner.submit(TradingDayStarted(Market.HK, next_weekday(DAY, days), at))
        [balance] = [
            row for row in store.read_models(VENUE).balances(ACCOUNT) if row.currency == "HKD"
        ]
        assert (balance.receivable, balance.payable) == (0, 0)
        assert not isinstance((await runner.submit(everything))[0], OrderRefused)


async def test_a_request_id_makes_a_retry_safe_for_ten_minutes() -> None:
    store, market = MemoryStore(), market_at()
    async with venue(store, market) as runner:
        await funded(runner)
        order = buy(100, "490", client_request_id="r1")
        answers = await asyncio.gather(*(runner.submit(order) for _ in range(50)))
        order_id = order_id_of(answers[0])
        assert all(answer == (OrderRepeated(order_id),) for answer in answers[1:])
        market.at += timedelta(minutes=9, seconds=59)
        assert await runner.submit(order) == (OrderRepeated(order_id),)
    async with venue(store, market) as runner:
        assert await runner.submit(order) == (OrderRepeated(order_id),)
        market.at += timedelta(seconds=1)
        assert order_id_of(await runner.submit(order)) > order_id


async def test_markets_measure_the_window_by_their_own_clocks() -> None:
    """HK stands hours before the US in simulated time: neither makes the other forget."""
    market = market_at()
    async with venue(MemoryStore(), market) as runner:
        await funded(runner)
        hk, us = (
            buy(100, "490", client_request_id="r"),
            buy(1, "190", APPLE, client_request_id="r"),
        )
        hk_at, us_at = market.at, market.at + timedelta(hours=12)
        first = order_id_of(await runner.submit(hk, hk_at))
        order_id_of(await runner.submit(us, us_at))
        assert await runner.submit(hk, hk_at + timedelta(minutes=1)) == (OrderRepeated(first),)


async def test_concurrent_orders_cannot_spend_the_same_cash() -> None:
    async with venue(MemoryStore(), market_at()) as runner:
        await funded(runner)
        answers = await asyncio.gather(*(runner.submit(buy(600, "499")) for _ in range(10)))
        first = [answer[0] for answer in answers]
        assert all(isinstance(event, OrderAccepted) for event in first)
        accepted = [event.order for event in first if isinstance(event, OrderAccepted)]
        assert [order.status for order in accepted].count(S.REJECTED) == 7
        assert {order.msg for order in accepted if order.status is S.REJECTED} == {
            "BUYING_POWER_EXCEEDED"
        }
