"""A small market to trade in: two instruments, prices set by hand, a clock moved by hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from msgspec import structs

from portway.model.command import MarketView, SubmitOrder
from portway.model.corporate_action import CorporateAction
from portway.model.instrument import Board, Instrument, SecurityClass
from portway.model.order import OrderSide, OrderTerms, OrderType, TimeInForce
from portway.model.quote import Depth, Level, Trade, TradeSession
from portway.model.symbol import Market, Symbol

ACCOUNT = "PT10000001"
OTHER = "PT10000002"
TENCENT = Symbol("700.HK")
APPLE = Symbol("AAPL.US")
MOUTAI = Symbol("600519.SH")
DAY = date(2026, 1, 5)
OPEN = datetime(2026, 1, 5, 2, 30, tzinfo=UTC)  # 10:30 in Hong Kong

INSTRUMENTS = {
    TENCENT: Instrument(
        TENCENT,
        "TENCENT",
        "腾讯控股",
        "騰訊控股",
        "SEHK",
        "HKD",
        100,
        Board.HK_EQUITY,
        SecurityClass.EQUITY,
        stamp_duty=True,
    ),
    APPLE: Instrument(
        APPLE,
        "Apple",
        "苹果",
        "蘋果",
        "NASD",
        "USD",
        1,
        Board.US_MAIN,
        SecurityClass.STOCK,
        overnight=True,
    ),
    MOUTAI: Instrument(
        MOUTAI,
        "Kweichow Moutai",
        "贵州茅台",
        "貴州茅台",
        "SSE",
        "CNY",
        100,
        Board.SH_MAIN_CONNECT,
        SecurityClass.A_SHARE,
    ),
}


def next_weekday(day: date, days: int = 1) -> date:
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


def depth(symbol: Symbol, bids: str, asks: str, at: datetime = OPEN) -> Depth:
    """Read `price x size` pairs, best first: "500.0x1000 499.8x500"."""

    def levels(text: str) -> tuple[Level, ...]:
        pairs = (pair.split("x") for pair in text.split())
        return tuple(Level(Decimal(price), int(size), 1) for price, size in pairs)

    return Depth(symbol, at, levels(asks), levels(bids))


def settles_on(symbol: Symbol, day: date) -> date:
    return next_weekday(day, 2 if symbol.endswith(".HK") else 1)


def sellable_from(symbol: Symbol, day: date) -> date:
    return next_weekday(day) if symbol.endswith((".SH", ".SZ")) else day


def market_view(
    symbol: Symbol,
    shown: Depth | None = None,
    session: TradeSession | None = TradeSession.NORMAL,
    day: date = DAY,
    last_done: str | None = None,
) -> MarketView:
    return MarketView(
        instrument=INSTRUMENTS[symbol],
        trading_day=day,
        next_trading_day=next_weekday(day),
        session=session,
        settles_on=settles_on(symbol, day),
        sellable_from=sellable_from(symbol, day),
        depth=shown,
        last_done=Decimal(last_done) if last_done is not None else None,
    )


def terms(
    side: OrderSide,
    quantity: int | str,
    price: str | None,
    symbol: Symbol = TENCENT,
    **more: object,
) -> OrderTerms:
    kind = OrderType.MO if price is None else OrderType.LO
    limit = Decimal(price) if price is not None else None
    base = OrderTerms(symbol, kind, side, Decimal(quantity), TimeInForce.DAY, price=limit)
    return structs.replace(base, **more)  # type: ignore[arg-type]


def buy(
    quantity: int | str, price: str | None, symbol: Symbol = TENCENT, **more: object
) -> SubmitOrder:
    return SubmitOrder(ACCOUNT, terms(OrderSide.BUY, quantity, price, symbol, **more))


def sell(
    quantity: int | str, price: str | None, symbol: Symbol = TENCENT, **more: object
) -> SubmitOrder:
    return SubmitOrder(ACCOUNT, terms(OrderSide.SELL, quantity, price, symbol, **more))


def printed(symbol: Symbol, price: str, volume: int, at: datetime) -> Trade:
    return Trade(symbol, at, Decimal(price), volume)


@dataclass
class HandMarket:
    """Market facts that stay as they were set; the clock steps a millisecond at every look."""

    at: datetime = OPEN
    day: date = DAY
    session: TradeSession | None = TradeSession.NORMAL
    shown: dict[Symbol, Depth] = field(default_factory=dict)
    told: Collection[Symbol] = ()
    due: list[CorporateAction] = field(default_factory=list)
    last: dict[Symbol, Decimal] = field(default_factory=dict)

    def view(self, symbol: Symbol) -> MarketView | None:
        if symbol not in INSTRUMENTS:
            return None
        last = self.last.get(symbol)
        last_done = None if last is None else str(last)
        return market_view(symbol, self.shown.get(symbol), self.session, self.day, last_done)

    def now(self, market: Market) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def actions(self, symbol: Symbol, after: date, through: date) -> list[CorporateAction]:
        return [one for one in self.due if one.symbol == symbol and after < one.ex_date <= through]

    def working_symbols_changed(self, symbols: Collection[Symbol]) -> None:
        self.told = symbols

    def show(self, symbol: Symbol, bids: str, asks: str) -> Depth:
        self.shown[symbol] = depth(symbol, bids, asks, self.now(Market.HK))
        return self.shown[symbol]
