"""The read side: what a client is shown of orders, executions, money and positions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from portway.core.fees import FeeClass, FeeQuery, order_fees, total
from portway.core.funds import summary_of
from portway.model.account import AccountKind, Agreement, Standing
from portway.model.command import (
    CancelOrder,
    ChangeStanding,
    Deposit,
    FeeRates,
    OpenAccount,
    SessionEnded,
    TradingDayStarted,
)
from portway.model.decimals import half_up
from portway.model.event import OrderAccepted
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderStatus, OrderType, TimeInForce
from portway.model.quote import TradeSession
from portway.model.symbol import Market, Symbol
from portway.storage.memory import MemoryStore
from portway.trading.ports import CashFlowFilter, ExecutionFilter, OrderFilter
from portway.trading.queries import Marks, TradeQueries
from portway.trading.recovery import recover
from portway.trading.runner import VenueRunner
from tests.trading.floor import (
    ACCOUNT,
    APPLE,
    DAY,
    INSTRUMENTS,
    MOUTAI,
    OTHER,
    TENCENT,
    HandMarket,
    buy,
    next_weekday,
    sell,
)

ALWAYS = CashFlowFilter(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
NEXT = next_weekday(DAY)


@dataclass
class Desk:
    """A venue with an account of HKD 1,000,000, USD 100,000 and CNH 500,000, and its queries."""

    runner: VenueRunner
    market: HandMarket
    queries: TradeQueries
    store: MemoryStore

    async def order(self, command: object) -> int:
        event = (await self.runner.submit(command))[0]  # type: ignore[arg-type]
        assert isinstance(event, OrderAccepted), event
        return event.order.order_id

    def days(self) -> dict[Market, object]:
        return dict.fromkeys((Market.HK, Market.US, Market.CN), self.market.day)

    async def next_day(self) -> None:
        for market in (Market.HK, Market.US, Market.CN):
            ended = SessionEnded(market, self.market.day, TradeSession.NORMAL, self.market.at)
            await self.runner.submit(ended)
        self.market.day = next_weekday(self.market.day)
        self.market.at += timedelta(days=1)
        for market in (Market.HK, Market.US, Market.CN):
            await self.runner.submit(TradingDayStarted(market, self.market.day, self.market.at))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    market, store = HandMarket(), MemoryStore()
    market.show(TENCENT, "499.8x1000", "500x300 500.5x1000")
    market.show(APPLE, "199.99x300", "200.01x200 200.02x800")
    market.show(MOUTAI, "1499.99x1000", "1500x1000")
    runner = VenueRunner("main", store, market)
    await runner.start()
    amounts = {Currency.HKD: 1_000_000, Currency.USD: 100_000, Currency.CNH: 500_000}
    for account_no in (ACCOUNT, OTHER):
        await runner.submit(OpenAccount(account_no, "me"))
        for currency, amount in amounts.items():
            await runner.submit(Deposit(account_no, currency, Decimal(amount)))
    yield Desk(runner, market, TradeQueries(store.read_models("main")), store)
    await runner.close()


async def test_today_holds_what_works_or_was_touched_and_history_the_rest(desk: Desk) -> None:
    kept = await desk.order(buy(100, "480", time_in_force=TimeInForce.GTC))
    taken_back = await desk.order(buy(100, "481", time_in_force=TimeInForce.GTC))
    done = await desk.order(buy(100, "500"))
    today = desk.queries.orders_today(ACCOUNT, OrderFilter(), desk.days())  # type: ignore[arg-type]
    assert [order.order_id for order in today.orders] == [done, taken_back, kept]
    history = desk.queries.orders_history(ACCOUNT, OrderFilter(), desk.days())  # type: ignore[arg-type]
    assert (history.orders, history.has_more) == ((), False)
    await desk.next_day()
    await desk.runner.submit(CancelOrder(ACCOUNT, taken_back))
    today = desk.queries.orders_today(ACCOUNT, OrderFilter(), desk.days())  # type: ignore[arg-type]
    assert [order.order_id for order in today.orders] == [taken_back, kept]
    history = desk.queries.orders_history(ACCOUNT, OrderFilter(), desk.days())  # type: ignore[arg-type]
    assert [order.order_id for order in history.orders] == [done]


async def test_the_detail_has_history_newest_first_and_charges_that_add_up(desk: Desk) -> None:
    order_id = await desk.order(buy(400, "500.5"))
    detail = desk.queries.order_detail(ACCOUNT, order_id)
    assert detail is not None
    assert [(row.status.name, row.msg) for row in detail.history] == [
        ("FILLED", "Execution of 100"),
        ("PARTIAL_FILLED", "Execution of 300"),
        ("NEW", ""),
        ("WAIT_TO_NEW", ""),
    ]
    query = FeeQuery(FeeClass.HK_STAMPED, OrderSide.BUY, DAY, FeeRates())
    fees = order_fees(query, Decimal("200050"), Decimal(400))
    assert {fee.name: fee.amount for fee in detail.charges} == {
        fee.name: fee.amount for fee in fees
    }
    assert detail.charges_total == total(fees)
    assert desk.queries.order_detail(OTHER, order_id) is None
    assert desk.queries.order_detail(ACCOUNT, 1) is None


async def test_executions_of_today_and_before(desk: Desk) -> None:
    order_id = await desk.order(buy(400, "500.5"))
    today = desk.queries.executions_today(ACCOUNT, ExecutionFilter(), desk.days())  # type: ignore[arg-type]
    found = [(row.execution.trade_id, row.execution.price) for row in today.executions]
    assert found == [(f"{order_id}-2", Decimal("500.5")), (f"{order_id}-1", Decimal(500))]
    await desk.next_day()
    none = desk.queries.executions_today(ACCOUNT, ExecutionFilter(), desk.days())  # type: ignore[arg-type]
    assert none.executions == ()
    before = desk.queries.executions_history(ACCOUNT, ExecutionFilter(), desk.days())  # type: ignore[arg-type]
    assert before.executions == today.executions
    second = desk.queries.executions_history(
        ACCOUNT,
        ExecutionFilter(),
        desk.days(),  # type: ignore[arg-type]
        page=2,
    )
    assert second.executions == ()
    everything = desk.queries.executions_history(ACCOUNT, ExecutionFilter(), None)
    assert everything.executions == today.executions
    assert desk.queries.executions_history(OTHER, ExecutionFilter(), None).executions == ()


async def test_the_account_is_shown_in_one_currency_with_the_cash_of_each(desk: Desk) -> None:
    await desk.order(buy(100, "500"))
    await desk.order(buy(10, "190", symbol=APPLE))
    rates = desk.queries.money.rates(Currency.HKD)
    assert rates[Currency.USD] == Decimal("7.8")
    marks = Marks({TENCENT: Decimal(510)})
    shown = desk.queries.account_summary(ACCOUNT, marks, Currency.HKD)
    cash = {one.currency: one for one in shown.cash}
    paid = Decimal(50_000) + Decimal("86.36")
    assert cash[Currency.HKD].available_cash == 1_000_000 - paid
    assert cash[Currency.HKD].settling_cash == -paid
    frozen = Decimal(1900) + cash[Currency.USD].frozen_fees
    assert cash[Currency.USD].frozen_cash == frozen
    assert cash[Currency.USD].withdraw_cash == 100_000 - frozen
    total_cash = 1_000_000 - paid + 100_000 * rates[Currency.USD] + 500_000 * rates[Currency.CNH]
    assert shown.totals.total_cash == half_up(total_cash, 2)
    assert shown.totals.net_assets == half_up(total_cash + 51_000, 2)
    assert shown.totals.init_margin == 51_000
    assert shown.totals.buy_power == half_up(total_cash - frozen * rates[Currency.USD], 2)
    assert shown.totals.risk_level == 0


async def test_the_estimate_is_exactly_what_the_venue_accepts(desk: Desk) -> None:
    for symbol, price in ((TENCENT, "480"), (APPLE, "190"), (MOUTAI, "1490")):
        view = desk.market.view(symbol)
        assert view is not None
        most = desk.queries.estimate_max_quantity(
            ACCOUNT, view, OrderType.LO, OrderSide.BUY, Decimal(price)
        )
        lot = view.instrument.lot_size
        too_much = await desk.order(buy(str(most.cash + lot), price, symbol=symbol))
        order = desk.queries.order(ACCOUNT, too_much)
        assert order is not None
        assert (order.status, order.msg) == (OrderStatus.REJECTED, "BUYING_POWER_EXCEEDED")
        exact = await desk.order(buy(str(most.cash), price, symbol=symbol))
        order = desk.queries.order(ACCOUNT, exact)
        assert order is not None
        assert order.status is OrderStatus.NEW
        again = desk.queries.estimate_max_quantity(
            ACCOUNT, view, OrderType.LO, OrderSide.BUY, Decimal(price)
        )
        assert again.cash == 0
        replaced = desk.queries.estimate_max_quantity(
            ACCOUNT, view, OrderType.LO, OrderSide.BUY, Decimal(price), replacing=exact
        )
        assert replaced.cash == most.cash


async def test_what_can_be_sold_is_what_is_free(desk: Desk) -> None:
    await desk.order(buy(300, "500"))
    await desk.order(sell(100, "520"))
    view = desk.market.view(TENCENT)
    assert view is not None
    most = desk.queries.estimate_max_quantity(ACCOUNT, view, OrderType.MO, OrderSide.SELL)
    assert (most.cash, most.margin) == (200, 0)
    [position] = desk.queries.positions(ACCOUNT)
    assert (position.quantity, position.available_quantity) == (300, 200)
    assert desk.queries.positions(ACCOUNT, frozenset({APPLE})) == ()
    assert desk.queries.positions(ACCOUNT, frozenset({Symbol("X.US"), TENCENT})) == (position,)


async def test_mainland_shares_are_sold_on_the_next_day(desk: Desk) -> None:
    await desk.order(buy(100, "1500", symbol=MOUTAI))
    [position] = desk.queries.positions(ACCOUNT)
    assert (position.quantity, position.available_quantity) == (100, 0)
    rejected = desk.queries.order(ACCOUNT, await desk.order(sell(100, "1500", symbol=MOUTAI)))
    assert rejected is not None
    assert rejected.msg == "SHARES_NOT_ENOUGH"
    await desk.next_day()
    [position] = desk.queries.positions(ACCOUNT)
    assert (position.available_quantity, position.init_quantity) == (100, 100)
    desk.market.show(MOUTAI, "1499.99x1000", "1500x1000")
    sold = desk.queries.order(ACCOUNT, await desk.order(sell(100, "1499.99", symbol=MOUTAI)))
    assert sold is not None
    assert sold.status is OrderStatus.FILLED
    assert desk.queries.positions(ACCOUNT) == ()


async def test_the_cash_flow_is_paged_newest_first(desk: Desk) -> None:
    await desk.order(buy(100, "500"))
    rows = desk.queries.cash_flow(ACCOUNT, ALWAYS, size=1000)
    assert rows[0].name == "BuyContract-Stocks"
    assert [row.name for row in rows[1:8]] == [
        *("COMMISSION", "PLATFORM", "STAMP", "SFC_LEVY", "AFRC_LEVY", "TRADING", "SETTLEMENT")
    ]
    assert sum(row.amount for row in rows[:8]) == -Decimal("50086.36")
    assert [row.name for row in rows[8:]] == ["Deposit"] * 3
    pages = [desk.queries.cash_flow(ACCOUNT, ALWAYS, page=page, size=4) for page in (1, 2, 3, 4)]
    assert [row for page in pages for row in page] == list(rows)


@pytest.mark.parametrize(
    ("symbol", "change", "price", "factors"),
    [
        (TENCENT, {}, "500", ("1", "1", "1")),
        (TENCENT, {"short_sell": True}, "500", ("0.50", "0.45", "0.40")),
        (TENCENT, {"indexes": ("HSI.HK",)}, "500", ("0.30", "0.25", "0.20")),
        (APPLE, {"indexes": (".SPX.US",)}, "200", ("0.35", "0.30", "0.25")),
        (APPLE, {}, "200", ("0.50", "0.40", "0.35")),
        (APPLE, {}, "2.99", ("1", "1", "1")),
        (APPLE, {"name_en": "Direxion Daily Tech Bull 3X"}, "50", ("1", "1", "1")),
        (MOUTAI, {}, "1500", ("1", "1", "1")),
    ],
)
def test_margin_factors_follow_the_class_of_a_security(
    symbol: Symbol, change: dict[str, Any], price: str, factors: tuple[str, ...]
) -> None:
    """Margin ratio defaults by class; a cheap US share has no loan value."""
    queries = TradeQueries(MemoryStore().read_models("x"))
    ratio = queries.margin_ratio(replace(INSTRUMENTS[symbol], **change), Decimal(price))
    assert (ratio.initial, ratio.maintenance, ratio.forced) == tuple(map(Decimal, factors))


# --- Margin accounts --------------------------------------------------------------------------

MARGIN = "PT10000009"


def marks_of(desk: Desk, *symbols: Symbol) -> Marks:
    views = [desk.market.view(symbol) for symbol in symbols]
    prices = {one.instrument.symbol: Decimal(190) for one in views if one is not None}
    return Marks(prices, {one.instrument.symbol: one.instrument for one in views if one})


async def open_margin(desk: Desk, amount: int = 10_000) -> None:
    await desk.runner.submit(OpenAccount(MARGIN, "margin", kind=AccountKind.MARGIN))
    await desk.runner.submit(Deposit(MARGIN, Currency.USD, Decimal(amount)))


async def test_what_the_estimate_says_a_margin_account_can_buy(desk: Desk) -> None:
    """Own money buys fewer shares than own money with credit; one more is rejected."""
    await open_margin(desk)
    view = desk.market.view(APPLE)
    assert view is not None
    view = structs.replace(view, last_done=Decimal(190))
    most = desk.queries.estimate_max_quantity(
        MARGIN, view, OrderType.LO, OrderSide.BUY, Decimal(190), marks=marks_of(desk, APPLE)
    )
    assert 0 < most.cash <= 10_000 // 190 < most.margin
    sold = desk.queries.estimate_max_quantity(
        MARGIN, view, OrderType.LO, OrderSide.SELL, Decimal(190), marks=marks_of(desk, APPLE)
    )
    assert (sold.cash, sold.margin) == (0, 10_000 // 95)
    desk.market.last[APPLE] = Decimal(190)
    more = structs.replace(buy(int(most.margin) + 1, "190", symbol=APPLE), account_no=MARGIN)
    assert (await desk.runner.submit(more))[0].order.status is OrderStatus.REJECTED  # type: ignore[union-attr]
    fits = structs.replace(buy(int(most.margin), "190", symbol=APPLE), account_no=MARGIN)
    assert (await desk.runner.submit(fits))[0].order.status is not OrderStatus.REJECTED  # type: ignore[union-attr]


async def test_what_can_be_sold_short_is_less_by_fees_and_in_whole_lots(desk: Desk) -> None:
    await open_margin(desk)
    standing = Standing(tuple(Agreement))
    await desk.runner.submit(ChangeStanding(MARGIN, standing))

    def short(symbol: Symbol, price: str) -> Decimal:
        view = desk.market.view(symbol)
        assert view is not None
        instrument = replace(view.instrument, short_sell=True)
        view = structs.replace(view, last_done=Decimal(price), instrument=instrument)
        kind, side = OrderType.LO, OrderSide.SELL
        marks = marks_of(desk, symbol)
        return desk.queries.estimate_max_quantity(
            MARGIN, view, kind, side, Decimal(price), marks=marks
        ).margin

    assert 0 < short(APPLE, "5") < 10_000 // 5, "fees come on top of the requirement"
    hong_kong = short(TENCENT, "5")
    assert hong_kong > 0
    assert hong_kong % 100 == 0


async def test_the_totals_shown_are_those_that_are_decided_on(desk: Desk) -> None:
    """Read models and state give the same totals, working orders and accrued interest included."""
    await open_margin(desk)
    desk.market.last[APPLE] = Decimal(190)
    await desk.runner.submit(structs.replace(buy(60, "200.02", symbol=APPLE), account_no=MARGIN))
    await desk.runner.submit(structs.replace(buy(30, "150", symbol=APPLE), account_no=MARGIN))
    shown = desk.queries.account_summary(MARGIN, marks_of(desk, APPLE), Currency.HKD).totals
    state = recover(desk.store, "main").state
    views = {APPLE: desk.market.view(APPLE)}
    decided = summary_of(state, state.accounts[MARGIN], views)  # type: ignore[arg-type]
    for name in (
        "total_cash", "net_assets", "init_margin", "maintenance_margin", "buy_power",
        "max_finance_amount", "remaining_finance_amount",
    ):  # fmt: skip
        assert getattr(shown, name) == half_up(getattr(decided, name), 2), name
    assert shown.risk_level == decided.risk_level == 1


async def test_two_hundred_orders_at_once_spend_the_same_cash_once(desk: Desk) -> None:
    """A million Hong Kong dollars pays for 19 orders of about 50,000, whoever comes first."""
    orders = [desk.runner.submit(buy(100, "500")) for _ in range(200)]
    answers = [events[0] for events in await asyncio.gather(*orders)]
    taken = [one for one in answers if one.order.status is not OrderStatus.REJECTED]  # type: ignore[union-attr]
    assert len(taken) == 19
    [cash] = [one for one in desk.queries.balances(ACCOUNT) if one.currency is Currency.HKD]
    assert cash.cash - cash.frozen_cash >= 0
    paid = 1_000_000 - cash.cash + cash.frozen_cash
    assert paid == 19 * Decimal("50086.36")
