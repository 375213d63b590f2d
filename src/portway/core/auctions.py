"""Call auctions of the venue: who takes part, what they trade, what becomes of the rest.

One price per auction: the one that the venue's own orders make among themselves by the market's
rule; if they make none, the price that the outside's auction printed, at which every at-auction
order trades whole, and every limit order at or better than it. So an account alone with its order
gets what the market got.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from portway.core import auction as rules
from portway.core.exchange_rules import auction_range, daily_limits
from portway.core.matching import Floor, fill_of, is_at_work, queue_moves, step_of
from portway.core.order_checks import estimate_hold, table_of
from portway.core.order_states import Step
from portway.core.state import LiveOrder
from portway.model.event import AuctionBounded, AuctionHeld, Fact, RefusalReason
from portway.model.execution import Fill
from portway.model.order import DayAuction, OrderSide
from portway.model.quote import TradeSession
from portway.model.symbol import Market

__all__ = ["hold_auction", "is_over", "lock_auction"]

ZERO = Decimal(0)


def is_over(floor: Floor, auction: DayAuction) -> bool:
    """Tell whether this auction of the trading day has been matched."""
    mark = floor.state.auctions.get(floor.view.instrument.symbol)
    if mark is None or not mark.is_over or auction is DayAuction.REOPENING:
        return False  # There may be several reopenings a day.
    return (mark.trading_day, mark.auction) == (floor.view.trading_day, auction)


def lock_auction(floor: Floor, auction: DayAuction) -> Iterator[Fact]:
    """Record the best prices at which the no-cancellation stage begins, if anybody takes part."""
    if floor.view.instrument.market is not Market.HK or is_over(floor, auction):
        return
    taking_part = _participants(floor, auction)
    if not taking_part:
        return
    prices: dict[OrderSide, list[Decimal]] = {OrderSide.BUY: [], OrderSide.SELL: []}
    for live in taking_part:
        if live.order.price is not None:
            prices[live.order.terms.side].append(live.order.price)
    for side, known in prices.items():
        level = floor.outside.best(side)
        if level is not None:
            known.append(level.price)
    yield AuctionBounded(
        floor.view.instrument.symbol,
        floor.view.trading_day,
        auction,
        floor.at,
        min(prices[OrderSide.SELL], default=None),
        max(prices[OrderSide.BUY], default=None),
    )


def hold_auction(
    floor: Floor,
    auction: DayAuction,
    printed: Decimal | None,
    unpriced: Sequence[int] = (),
) -> Iterator[Fact]:
    """Match an auction; at-auction orders end with it.

    Args:
        printed: What the outside's auction traded at; None: nothing, or it is not known.
        unpriced: Market orders that take part in a US cross.
    """
    if is_over(floor, auction):
        return
    taking_part = _participants(floor, auction)
    orders_of = floor.state.orders
    taking_part += [orders_of[order_id] for order_id in unpriced if order_id in orders_of]
    if not taking_part:
        return
    orders = [_auction_order(live) for live in taking_part]
    result = _result(floor, auction, orders)
    price, fills = result.price, dict(result.fills)
    if printed is not None and (result.iep is None or not fills):
        price = printed
        fills = {one.order_id: one.quantity for one in orders if one.accepts(printed)}
    yield AuctionHeld(
        floor.view.instrument.symbol,
        floor.view.trading_day,
        auction,
        floor.at,
        price if fills else None,
    )
    for order_id, quantity in fills.items():
        assert price is not None, "what trades has a price"
        live = floor.state.orders.get(order_id)
        if live is not None and _can_pay(floor, live, price):
            yield fill_of(floor, live, Fill(order_id, price, min(quantity, _leaves(live))))
    for order_id in tuple(floor.state.unpriced.get(floor.view.instrument.symbol, ())):
        live = floor.state.orders.get(order_id)
        if live is not None:
            reason = RefusalReason.NO_OPPOSITE_QUOTE
            yield step_of(live, Step.CANCELED, floor.at, ends=True, msg=reason.name)
    yield from queue_moves(floor)


def _leaves(live: LiveOrder) -> Decimal:
    return live.order.leaves_quantity


def _can_pay(floor: Floor, live: LiveOrder, price: Decimal) -> bool:
    """Tell whether a buy without a limit has reserved enough for the auction's price."""
    order = live.order
    if order.price is not None or order.terms.side is OrderSide.SELL:
        return True
    needed = estimate_hold(
        order.terms, price, order.leaves_quantity, live.fee_day, floor.view, floor.state.settings
    )
    assert needed is not None, "there is a price"
    return needed.cash + needed.fees <= live.hold.cash + live.hold.fees


def _participants(floor: Floor, auction: DayAuction) -> list[LiveOrder]:
    """Return the orders at the exchange that this auction takes, in order of arrival."""
    symbol = floor.view.instrument.symbol
    state = floor.state
    bounds = None
    if floor.view.instrument.market is Market.HK and auction is DayAuction.CLOSING:
        # What rests too far away stays out, and lapses with the day.
        bounds = auction_range(state, floor.view, auction)
    found = []
    for side in (OrderSide.BUY, OrderSide.SELL):
        for resting in floor.book.side(side):
            works = is_at_work(floor, resting, TradeSession.NORMAL)
            if works and (bounds is None or bounds.holds(resting.price)):
                found.append(state.orders[resting.order_id])
    found += [state.orders[order_id] for order_id in state.unpriced.get(symbol, ())]
    return sorted(found, key=lambda live: live.arrival or 0)


def _auction_order(live: LiveOrder) -> rules.AuctionOrder:
    order = live.order
    return rules.AuctionOrder(order.order_id, order.terms.side, order.price, order.leaves_quantity)


def _result(
    floor: Floor, auction: DayAuction, orders: Sequence[rules.AuctionOrder]
) -> rules.AuctionResult:
    """Return what the venue's own orders do by the rule of their market."""
    view, table = floor.view, table_of(floor.view)
    last, close = view.last_done, view.prev_close
    match view.instrument.market:
        case Market.HK:
            is_closing = auction is DayAuction.CLOSING
            reference = (view.reference or last or close) if is_closing else close
            return rules.hk_auction(orders, table, reference, auction)
        case Market.CN:
            is_shanghai = view.instrument.symbol.endswith(".SH")
            exchange = rules.CnExchange.SHANGHAI if is_shanghai else rules.CnExchange.SHENZHEN
            references = [close] if auction is DayAuction.OPENING else [last, close]
            return rules.cn_auction(orders, table, references, exchange, daily_limits(view))
    best_bid, best_ask = floor.outside.best(OrderSide.BUY), floor.outside.best(OrderSide.SELL)
    middle = (best_bid.price + best_ask.price) / 2 if best_bid and best_ask else None
    reference = close if auction is DayAuction.OPENING and close is not None else middle
    return rules.us_cross(orders, table, reference or last)
