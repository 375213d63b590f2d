"""Market data as values: prints, depth, broker queues, candlesticks, and the enums that name them.

Volumes are shares (CN too: the wire turns them into lots of 100). Turnover is in the security's
currency. Instants are aware and in UTC. Enum values are the numbers of the quote protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum

from msgspec import Struct

from portway.model.symbol import Symbol

__all__ = [
    "AdjustType",
    "Brokers",
    "CalcIndex",
    "Candlestick",
    "DaySnapshot",
    "Depth",
    "Direction",
    "IndexTick",
    "Level",
    "MarketEvent",
    "Period",
    "SessionQuote",
    "StatusChange",
    "SubType",
    "Trade",
    "TradeSession",
    "TradeStatus",
]


class TradeSession(IntEnum):
    """The part of the day in which a datum arose."""

    NORMAL = 0
    PRE = 1
    POST = 2
    OVERNIGHT = 3


class TradeStatus(IntEnum):
    """Whether and why a security can or cannot be traded."""

    NORMAL = 0
    HALTED = 1
    DELISTED = 2
    FUSE = 3
    PREPARE_LIST = 4
    CODE_MOVED = 5
    TO_BE_OPENED = 6
    SPLIT_STOCK_HALTS = 7
    EXPIRED = 8
    WARRANT_PREPARE_LIST = 9
    SUSPEND_TRADE = 10


class Direction(IntEnum):
    """Which side took the initiative in a print."""

    NEUTRAL = 0
    DOWN = 1
    UP = 2


class SubType(IntEnum):
    """What a subscription asks for."""

    QUOTE = 1
    DEPTH = 2
    BROKERS = 3
    TRADE = 4


class AdjustType(IntEnum):
    """Raw prices, or history scaled so that the newest price is unchanged."""

    NO_ADJUST = 0
    FORWARD_ADJUST = 1


class Period(IntEnum):
    """Length of a candlestick: minutes up to 240, then the codes of day and longer."""

    ONE_MINUTE = 1
    TWO_MINUTE = 2
    THREE_MINUTE = 3
    FIVE_MINUTE = 5
    TEN_MINUTE = 10
    FIFTEEN_MINUTE = 15
    TWENTY_MINUTE = 20
    THIRTY_MINUTE = 30
    FORTY_FIVE_MINUTE = 45
    SIXTY_MINUTE = 60
    TWO_HOUR = 120
    THREE_HOUR = 180
    FOUR_HOUR = 240
    DAY = 1000
    WEEK = 2000
    MONTH = 3000
    QUARTER = 3500
    YEAR = 4000

    @property
    def minutes(self) -> int | None:
        """Minutes of a minute period, None for day and longer."""
        return int(self) if self < Period.DAY else None


class CalcIndex(IntEnum):
    """A calculated index. In answers, field number n + 1 carries index n."""

    LAST_DONE = 1
    CHANGE_VAL = 2
    CHANGE_RATE = 3
    VOLUME = 4
    TURNOVER = 5
    YTD_CHANGE_RATE = 6
    TURNOVER_RATE = 7
    TOTAL_MARKET_VALUE = 8
    CAPITAL_FLOW = 9
    AMPLITUDE = 10
    VOLUME_RATIO = 11
    PE_TTM_RATIO = 12
    PB_RATIO = 13
    DIVIDEND_RATIO_TTM = 14
    FIVE_DAY_CHANGE_RATE = 15
    TEN_DAY_CHANGE_RATE = 16
    HALF_YEAR_CHANGE_RATE = 17
    FIVE_MINUTES_CHANGE_RATE = 18
    EXPIRY_DATE = 19
    STRIKE_PRICE = 20
    UPPER_STRIKE_PRICE = 21
    LOWER_STRIKE_PRICE = 22
    OUTSTANDING_QTY = 23
    OUTSTANDING_RATIO = 24
    PREMIUM = 25
    ITM_OTM = 26
    IMPLIED_VOLATILITY = 27
    WARRANT_DELTA = 28
    CALL_PRICE = 29
    TO_CALL_PRICE = 30
    EFFECTIVE_LEVERAGE = 31
    LEVERAGE_RATIO = 32
    CONVERSION_RATIO = 33
    BALANCE_POINT = 34
    OPEN_INTEREST = 35
    DELTA = 36
    GAMMA = 37
    THETA = 38
    VEGA = 39
    RHO = 40


class Trade(Struct, frozen=True, gc=False):
    """One print on the market.

    Attributes:
        at: Market time of the print, UTC.
        price: In the security's currency per share.
        volume: Shares, above zero.
        trade_type: The market's sale condition as the quote protocol spells it; "" is ordinary.
        multiplier: Shares behind one unit of volume: 1, or those of an option contract.
    """

    symbol: Symbol
    at: datetime
    price: Decimal
    volume: int
    trade_type: str = ""
    direction: Direction = Direction.NEUTRAL
    session: TradeSession = TradeSession.NORMAL
    multiplier: int = 1

    @property
    def turnover(self) -> Decimal:
        """Price times shares, in the security's currency."""
        return self.price * self.volume * self.multiplier


class IndexTick(Struct, frozen=True):
    """A new value of an index, with what its members traded since the tick before.

    Attributes:
        volume: Shares traded by the members since the last tick.
        turnover: Money traded by the members since the last tick.
    """

    symbol: Symbol
    at: datetime
    price: Decimal
    volume: int
    turnover: Decimal


class Level(Struct, frozen=True, gc=False):
    """One price of a book: shares waiting there and the number of orders they belong to."""

    price: Decimal
    volume: int
    order_num: int


class Depth(Struct, frozen=True, gc=False):
    """The whole visible book, best price first on both sides; an empty side is an empty tuple."""

    symbol: Symbol
    at: datetime
    asks: tuple[Level, ...]
    bids: tuple[Level, ...]


class Brokers(Struct, frozen=True):
    """Broker seats queueing at each price level (HK): element 0 belongs to position 1."""

    symbol: Symbol
    at: datetime
    asks: tuple[tuple[int, ...], ...]
    bids: tuple[tuple[int, ...], ...]


class StatusChange(Struct, frozen=True):
    """A security halts, resumes, lists or expires."""

    symbol: Symbol
    at: datetime
    status: TradeStatus


MarketEvent = Trade | IndexTick | Depth | Brokers | StatusChange


class Candlestick(Struct, frozen=True):
    """Prices and volume of one bar.

    Attributes:
        at: Start of the bar, UTC; day and longer: local midnight of the first day.
        volume: Shares.
        turnover: In the security's currency.
        priced: False while only prints that carry volume but set no price have fallen into the
            bar: its prices are then the close of the bar before.
    """

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    turnover: Decimal
    session: TradeSession = TradeSession.NORMAL
    priced: bool = True


class SessionQuote(Struct, frozen=True):
    """What one session of a trading day has shown so far.

    Attributes:
        at: Market time of the latest print that moved `last_done` or the volume.
        prev_close: Close of the session before: pre and regular: the last regular close; post:
            today's regular close; overnight: the last regular close before it.
    """

    last_done: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: int
    turnover: Decimal
    at: datetime
    prev_close: Decimal


class DaySnapshot(Struct, frozen=True):
    """Everything a board needs to stand at one instant of a trading day without folding its ticks.

    A snapshot is a promise: it equals the fold of all the day's events before that instant.

    Attributes:
        prev_close: Regular close of the trading day before, adjusted for an ex-date by the market's
            rule.
        sessions: The sessions that have had a print.
        minutes: One-minute bars so far, every session, ascending, the running one included.
        auction_volume: Shares of prints before the first minute bar of the regular session
            (opening auction); part of the day's volume, of no minute bar.
        trades: The latest prints, oldest first, at most 1000.
    """

    symbol: Symbol
    trading_day: date
    prev_close: Decimal
    sessions: Mapping[TradeSession, SessionQuote]
    minutes: tuple[Candlestick, ...]
    auction_volume: int
    auction_turnover: Decimal
    trades: Sequence[Trade]
    depth: Depth | None
    brokers: Brokers | None
    status: TradeStatus = TradeStatus.NORMAL
