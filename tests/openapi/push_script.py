"""A script of pushes over all markets, boards, sessions and trade types, from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from portway.wire.packet import encode_push
from portway.wire.pb import quote_pb2 as pb
from portway.wire.pb import trade_pb2

__all__ = ["BOARDS", "HALF_DAY", "bars_before", "script"]

# Symbols with one dot: the official client takes the market from the last part.
BOARDS = {
    "700.HK": "HKEquity", "AAPL.US": "USMain", "600519.SH": "SHMainConnect", "D05.SG": "SGMain",
    "HSI.HK": "HKHS", "VIX.US": "VIXIndex", "SPXW260116C6000000.US": "USOptionS",
    "000001.SZ": "SZMainConnect",
}  # fmt: skip
_ZONES = {"HK": "Asia/Hong_Kong", "US": "America/New_York", "SG": "Asia/Singapore"}
_TYPES = {
    "HK": ["", "U", "D", "M", "P", "X", "Y", "*", "Q"],
    "US": ["", "A", "B", "D", "E", "F", "K", "S", "X", "1", "I", "C", "G", "H", "V", "W", "M", "P"],
}
_HOURS = [
    "03:20:00", "04:00:00", "09:24:30", "09:29:59", "09:30:00", "09:30:01", "09:31:10", "09:35:59",
    "10:45:00", "11:29:59", "11:30:00", "11:35:00", "11:59:30", "12:00:00", "12:05:00", "12:14:00",
    "12:20:00", "13:00:00", "13:01:00", "14:59:59", "15:00:00", "15:09:59", "15:10:00", "15:59:59",
    "16:00:00", "16:00:05", "16:08:30", "16:10:00", "16:14:59", "16:15:00", "17:14:00", "17:16:00",
    "17:20:00", "19:59:59", "20:00:00", "23:59:59",
]  # fmt: skip
HALF_DAY = "20260212"
_DAYS = ("2026-02-11", "2026-02-12", "2026-02-13", "2026-03-02")


def zone_of(symbol: str) -> ZoneInfo:
    return ZoneInfo(_ZONES.get(symbol.rpartition(".")[2], "Asia/Shanghai"))


def bars_before(symbol: str, period: int) -> list[pb.Candlestick]:
    """The answer to the pull that comes before a subscription: two days before the script."""
    day = datetime(2026, 2, 10, 9, 30, tzinfo=zone_of(symbol))
    at = day.replace(hour=0, minute=0) if period >= 1000 else day
    if period == 2000:
        at -= timedelta(days=at.weekday())
    return [
        pb.Candlestick(
            open="99.00", high="101.00", low="98.50", close=f"100.{n}0", volume=1000,
            turnover="100000", timestamp=int((at - timedelta(days=7 * (1 - n))).timestamp()),
        )
        for n in range(2)
    ]  # fmt: skip


def script(seed: int) -> Iterator[bytes]:
    """Yield push packets of the quote channel, in order of market time per symbol."""
    chance = random.Random(seed)
    for day in _DAYS:
        for hour in _HOURS:
            for symbol in BOARDS:
                local = datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=zone_of(symbol))
                at = int(local.timestamp()) - (chance.random() < 0.1) * 70  # some come late
                for _ in range(chance.randint(0, 2)):
                    yield _any_push(chance, symbol, at)
    yield encode_push(101, pb.PushQuote(symbol="END.HK", last_done="1").SerializeToString())


def _any_push(chance: random.Random, symbol: str, at: int) -> bytes:
    kind = chance.choices((101, 104, 102, 103), (4, 4, 1, 1))[0]
    message = {101: _quote, 104: _trades, 102: _depth, 103: _brokers}[kind](chance, symbol, at)
    return encode_push(kind, message.SerializeToString())


def _price(chance: random.Random) -> str:
    return f"{100 + chance.randint(-300, 300) / 100:.2f}"


def _session(chance: random.Random, symbol: str) -> int:
    return chance.choice((0, 0, 0, 1, 2, 3)) if symbol.endswith("US") else 0


def _quote(chance: random.Random, symbol: str, at: int) -> pb.PushQuote:
    def some(value: str) -> str:
        return chance.choice((value, value, value, "", "0", "0.000"))

    return pb.PushQuote(
        symbol=symbol, sequence=chance.randint(1, 9), last_done=some(_price(chance)),
        open=some(_price(chance)), high=some("104.00"), low=some("96.00"), timestamp=at,
        volume=chance.choice((0, 12345, 12400)), turnover=some("1234567.80"),
        trade_status=chance.choice((0, 1, 10)), trade_session=_session(chance, symbol),
        current_volume=chance.randint(0, 500), current_turnover=some("50000.00"),
        tag=chance.choice((0, 0, 0, 0, 1)),
    )  # fmt: skip


def _trades(chance: random.Random, symbol: str, at: int) -> pb.PushTrade:
    types = _TYPES.get(symbol.rpartition(".")[2], ["", "X"])
    rows = [
        pb.Trade(
            price=_price(chance), volume=chance.randint(1, 900), timestamp=at + n,
            trade_type=chance.choice(types), direction=chance.randint(0, 2),
            trade_session=_session(chance, symbol),
        )
        for n in range(chance.randint(1, 3))
    ]  # fmt: skip
    return pb.PushTrade(symbol=symbol, sequence=1, trade=rows)


def _depth(chance: random.Random, symbol: str, at: int) -> pb.PushDepth:
    def side() -> list[pb.Depth]:
        return [
            pb.Depth(position=p, price=chance.choice((_price(chance), "")), volume=p, order_num=1)
            for p in sorted(chance.sample(range(1, 8), 3))
        ]

    return pb.PushDepth(symbol=symbol, sequence=1, ask=side(), bid=side())


def _brokers(chance: random.Random, symbol: str, at: int) -> pb.PushBrokers:
    def side() -> list[pb.Brokers]:
        return [
            pb.Brokers(position=p, broker_ids=chance.sample(range(9999), chance.randint(0, 3)))
            for p in (1, 2)
        ]

    return pb.PushBrokers(symbol=symbol, sequence=1, ask_brokers=side(), bid_brokers=side())


ORDER = {
    "side": "Buy", "stock_name": "騰訊", "submitted_quantity": "400", "symbol": "700.HK",
    "order_type": "LIT", "submitted_price": "512.50", "executed_quantity": "0",
    "executed_price": "0", "order_id": "1001", "currency": "HKD", "status": "NewStatus",
    "submitted_at": "1774330299", "updated_at": "1774330300", "trigger_price": "500.0", "msg": "",
    "tag": "Normal", "trigger_status": "ACTIVE", "trigger_at": "", "trailing_amount": "",
    "trailing_percent": "", "limit_offset": "", "account_no": "HK123", "last_share": "",
    "last_price": "", "remark": "mine",
}  # fmt: skip


def order_pushes() -> list[bytes]:
    """Pushes of the trade channel: an order from report to fill."""
    steps = [
        {},
        {"status": "PartialFilledStatus", "executed_quantity": "100", "executed_price": "512.40",
         "updated_at": "1774330301", "last_share": "100", "last_price": "512.40",
         "trigger_at": "1774330301", "trigger_status": "RELEASED"},
        {"status": "FilledStatus", "executed_quantity": "400", "updated_at": "1774330302",
         "executed_price": "512.4", "trigger_status": "NOT_USED", "side": "Sell", "remark": ""},
    ]  # fmt: skip
    return [
        encode_push(
            18,
            trade_pb2.Notification(
                topic="private", content_type=1, dispatch_type=1,  # type: ignore[arg-type]
                data=json.dumps({"event": "order_changed_lb", "data": {**ORDER, **step}}).encode(),
            ).SerializeToString(),
        )
        for step in steps
    ]  # fmt: skip
