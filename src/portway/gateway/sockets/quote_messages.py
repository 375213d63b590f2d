"""Market data as protobuf messages of the quote gateway: values in, messages out, pure.

Owns the conventions of the wire: decimals as plain text with at least three places, times in whole
Unix seconds, mainland volumes in lots of 100 shares (a volume below one lot shows as one), zero
values left out of pushes because the clients take an empty or zero field for "unchanged".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from portway.model.decimals import wire_text
from portway.model.instrument import Instrument
from portway.model.quote import (
    Brokers,
    Candlestick,
    Depth,
    Level,
    SessionQuote,
    Trade,
    TradeSession,
)
from portway.model.symbol import Market
from portway.quotes.board import Board
from portway.quotes.changes import QuoteChange
from portway.quotes.intraday import IntradayPoint
from portway.wire.pb import quote_pb2 as pb

__all__ = [
    "candlestick",
    "depth_levels",
    "depth_push",
    "broker_levels",
    "brokers_push",
    "intraday_line",
    "lots",
    "price_text",
    "quote_push",
    "security_quote",
    "snapshot_change",
    "static_info",
    "trade",
    "trade_push",
]

CN_LOT_SHARES: Final = 100
PRICE_PLACES: Final = 3
AVG_PRICE_PLACES: Final = 6

_ZERO: Final = Decimal(0)
_CN: Final = Market.CN  # a look-up in an enum costs as much as what is done with it


def lots(volume: int) -> int:
    """Return mainland shares in lots, at least one for any volume at all."""
    return max(1, volume // CN_LOT_SHARES) if volume else 0


def _shown(volume: int, market: Market) -> int:
    return lots(volume) if market is _CN else volume


def price_text(value: Decimal) -> str:
    """Return `wire_text` of a price or an amount, for most of them in half the time.

    Several are written for every push. Most have two or three places: then their plain text is
    right as it stands, or with one zero more. An exponent never leaves a point at these places.
    """
    text = str(value)
    if text[0] != "-":
        if text[-4:-3] == ".":
            return text
        if text[-3:-2] == ".":
            return text + "0"
    return wire_text(value, PRICE_PLACES)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


# -------------------------------------------------------------------------------------- pushes


def snapshot_change(board: Board, now: datetime, session: TradeSession) -> QuoteChange:
    """Return the quote of a session as a change that carries every value and adds no volume.

    Current volumes stay zero: clients add them to the candlesticks of indexes.
    """
    full = None if session is TradeSession.NORMAL else board.extended(session)
    if full is None:
        session, full = TradeSession.NORMAL, board.quote(now)
    return QuoteChange(
        session,
        full.at,
        board.status,
        full.last_done,
        full.open,
        full.high,
        full.low,
        full.volume,
        full.turnover,
        0,
        _ZERO,
        full,
    )


def quote_push(symbol: str, market: Market, sequence: int, change: QuoteChange) -> bytes:
    """Return the body of a quote push: what changed, and time, status and session always."""
    message = pb.PushQuote(
        symbol=symbol,
        sequence=sequence,
        timestamp=_seconds(change.at),
        trade_status=change.status,  # type: ignore[arg-type]
        trade_session=change.session,  # type: ignore[arg-type]
    )
    if change.last_done:
        message.last_done = price_text(change.last_done)
    if change.open:
        message.open = price_text(change.open)
    if change.high:
        message.high = price_text(change.high)
    if change.low:
        message.low = price_text(change.low)
    if change.volume:
        message.volume = _shown(change.volume, market)
    if change.turnover:
        message.turnover = price_text(change.turnover)
    if change.current_volume:
        total, added = change.full.volume, change.current_volume
        # The difference of two shown totals, so that the parts always add up to the whole.
        message.current_volume = _shown(total, market) - _shown(total - added, market)
        message.current_turnover = price_text(change.current_turnover)
    return message.SerializeToString()


def depth_levels(levels: Sequence[Level], market: Market, vanished: int = 0) -> list[pb.Depth]:
    """Return a side of the book by position; `vanished` positions after it are shown empty."""
    shown = [
        pb.Depth(
            position=position,
            price=price_text(level.price),
            volume=_shown(level.volume, market),
            order_num=level.order_num,
        )
        for position, level in enumerate(levels, start=1)
    ]
    first = len(shown) + 1
    shown += [pb.Depth(position=first + index) for index in range(vanished)]
    return shown


def depth_push(
    symbol: str, market: Market, sequence: int, depth: Depth, asks_before: int, bids_before: int
) -> bytes:
    """Return the body of a depth push: all levels, and once the positions that vanished.

    Args:
        asks_before: How many asks the receivers were shown last, likewise `bids_before`: clients
            replace levels by position and never delete one.
    """
    return pb.PushDepth(
        symbol=symbol,
        sequence=sequence,
        ask=depth_levels(depth.asks, market, max(0, asks_before - len(depth.asks))),
        bid=depth_levels(depth.bids, market, max(0, bids_before - len(depth.bids))),
    ).SerializeToString()


def broker_levels(queues: Sequence[Sequence[int]], vanished: int = 0) -> list[pb.Brokers]:
    """Return broker seats by price level; `vanished` levels after them are shown empty."""
    shown = [
        pb.Brokers(position=position, broker_ids=seats)
        for position, seats in enumerate(queues, start=1)
    ]
    first = len(shown) + 1
    shown += [pb.Brokers(position=first + index) for index in range(vanished)]
    return shown


def brokers_push(
    symbol: str, sequence: int, brokers: Brokers, asks_before: int, bids_before: int
) -> bytes:
    """Return the body of a broker push; the counts as in `depth_push`."""
    return pb.PushBrokers(
        symbol=symbol,
        sequence=sequence,
        ask_brokers=broker_levels(brokers.asks, max(0, asks_before - len(brokers.asks))),
        bid_brokers=broker_levels(brokers.bids, max(0, bids_before - len(brokers.bids))),
    ).SerializeToString()


def trade(one: Trade, market: Market) -> pb.Trade:
    """Return one print."""
    return pb.Trade(
        price=price_text(one.price),
        volume=_shown(one.volume, market),
        timestamp=_seconds(one.at),
        trade_type=one.trade_type,
        direction=one.direction,
        trade_session=one.session,  # type: ignore[arg-type]
    )


def trade_push(symbol: str, market: Market, sequence: int, one: Trade) -> bytes:
    """Return the body of a trade push."""
    return pb.PushTrade(
        symbol=symbol, sequence=sequence, trade=[trade(one, market)]
    ).SerializeToString()


# --------------------------------------------------------------------------------------- pulls


def security_quote(
    board: Board, market: Market, now: datetime, *, overnight: bool
) -> pb.SecurityQuote:
    """Return the quote page of a symbol; the extended sessions of the US have their own blocks."""
    quote = board.quote(now)
    message = pb.SecurityQuote(
        symbol=board.symbol,
        last_done=price_text(quote.last_done),
        prev_close=price_text(quote.prev_close),
        open=price_text(quote.open),
        high=price_text(quote.high),
        low=price_text(quote.low),
        timestamp=_seconds(quote.at),
        volume=_shown(quote.volume, market),
        turnover=price_text(quote.turnover),
        trade_status=board.status.value,  # type: ignore[arg-type]
    )
    if market is Market.US:
        blocks = [
            (TradeSession.PRE, message.pre_market_quote),
            (TradeSession.POST, message.post_market_quote),
        ]
        if overnight:
            blocks.append((TradeSession.OVERNIGHT, message.over_night_quote))
        for session, block in blocks:
            extended = board.extended(session)
            if extended is not None:
                block.CopyFrom(_pre_post_quote(extended))
    return message


def _pre_post_quote(quote: SessionQuote) -> pb.PrePostQuote:
    return pb.PrePostQuote(
        last_done=price_text(quote.last_done),
        timestamp=_seconds(quote.at),
        volume=quote.volume,
        turnover=price_text(quote.turnover),
        high=price_text(quote.high),
        low=price_text(quote.low),
        prev_close=price_text(quote.prev_close),
    )


def candlestick(bar: Candlestick, market: Market) -> pb.Candlestick:
    """Return one bar."""
    return pb.Candlestick(
        close=price_text(bar.close),
        open=price_text(bar.open),
        low=price_text(bar.low),
        high=price_text(bar.high),
        volume=_shown(bar.volume, market),
        turnover=price_text(bar.turnover),
        timestamp=_seconds(bar.at),
        trade_session=bar.session.value,  # type: ignore[arg-type]
    )


def intraday_line(points: Iterable[IntradayPoint], market: Market) -> list[pb.Line]:
    """Return the points of an intraday line; the average price is per share in every market."""
    return [
        pb.Line(
            price=price_text(point.price),
            timestamp=_seconds(point.at),
            volume=_shown(point.volume, market),
            turnover=price_text(point.turnover),
            avg_price=wire_text(point.avg_price, AVG_PRICE_PLACES),
        )
        for point in points
    ]


def static_info(instrument: Instrument) -> pb.StaticInfo:
    """Return what is known of a security whatever it trades at; counts are in shares."""
    listed = instrument.listing_date
    return pb.StaticInfo(
        symbol=instrument.symbol,
        name_cn=instrument.name_cn,
        name_en=instrument.name_en,
        name_hk=instrument.name_hk,
        listing_date=f"{listed:%Y%m%d}" if listed else "",
        exchange=instrument.exchange,
        currency=instrument.currency,
        lot_size=instrument.lot_size,
        total_shares=instrument.total_shares,
        circulating_shares=instrument.circulating_shares,
        hk_shares=instrument.hk_shares,
        eps=wire_text(instrument.eps),
        eps_ttm=wire_text(instrument.eps_ttm),
        bps=wire_text(instrument.bps),
        dividend_yield=wire_text(instrument.dividend),
        stock_derivatives=[kind.value for kind in instrument.stock_derivatives],
        board=instrument.board.value,
    )
