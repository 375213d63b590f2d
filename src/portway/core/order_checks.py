"""Pre-trade checks in fixed precedence, and what an order reserves.

First what is refused at once, in this order: account, form, symbol, type, time in force, sessions,
quantity, tick. Then what costs an order its life after it has an id: money, shares. What the
exchange itself refuses is `exchange_rules.py`'s. Each check returns the first reason or None;
nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct

from portway.core import fees
from portway.core.condition_checks import condition_refusals, delay_refusals
from portway.core.order_states import works_as
from portway.core.standing_checks import standing_refusals
from portway.core.state import Account, FeeDay, LiveOrder
from portway.core.triggers import CONDITIONAL_TYPES, TRAILING_TYPES
from portway.model.command import MarketView, ReplaceOrder, VenueSettings
from portway.model.event import NO_HOLD, Hold, OrderRefused, RefusalReason
from portway.model.instrument import (
    OPTION_CLASSES,
    OrderSizeLimits,
    QuantityRefusal,
    SecurityClass,
    SpreadTable,
    quantity_refusal,
    spread_table,
)
from portway.model.order import OrderSide, OrderTerms, OrderType, OutsideRth, TimeInForce
from portway.model.quote import Depth, TradeSession, TradeStatus
from portway.model.symbol import Market

__all__ = [
    "AGGRESSIVE_TICKS",
    "GONE_STATUSES",
    "Touch",
    "PRICED_TYPES",
    "affordability_refusal",
    "estimate_hold",
    "last_session",
    "life_day",
    "market_bound",
    "replace_refusal",
    "reserve_price",
    "submit_refusal",
    "table_of",
    "ticks_through",
    "works_in",
    "worst_price",
]

ZERO = Decimal(0)
REMARK_CHARS_MAX = 255
AGGRESSIVE_TICKS = 9  # HK: how far through the best opposite price an order may reach.
AUCTION_REACH = Decimal("1.15")  # HK: how far above the last price an auction may match.
R = RefusalReason

# Types that a market offers at all.
MARKET_TYPES: Final = {
    Market.HK: frozenset(OrderType),
    Market.US: frozenset(
        {
            OrderType.LO,
            OrderType.MO,
            OrderType.LIT,
            OrderType.MIT,
            OrderType.TSLPAMT,
            OrderType.TSLPPCT,
            OrderType.TSMAMT,
            OrderType.TSMPCT,
        }
    ),
    Market.CN: frozenset({OrderType.LO}),
    Market.SG: frozenset[OrderType](),
}
OPTION_TYPES: Final = frozenset({OrderType.LO, OrderType.MO, OrderType.LIT, OrderType.MIT})
DAY_ONLY_TYPES: Final = frozenset({OrderType.MO, OrderType.AO, OrderType.ALO, OrderType.ODD})
AUCTION_TYPES: Final = frozenset({OrderType.AO, OrderType.ALO})
GONE_STATUSES: Final = frozenset(
    {
        TradeStatus.DELISTED,
        TradeStatus.CODE_MOVED,
        TradeStatus.EXPIRED,
        TradeStatus.PREPARE_LIST,
        TradeStatus.WARRANT_PREPARE_LIST,
    }
)
# HK structured products and debt: traded in the continuous session alone.
CONTINUOUS_CLASSES: Final = frozenset(
    {SecurityClass.WARRANT, SecurityClass.CBBC, SecurityClass.INLINE, SecurityClass.DEBT}
)
PRICED_TYPES: Final = frozenset(
    {
        OrderType.LO,
        OrderType.ELO,
        OrderType.ALO,
        OrderType.ODD,
        OrderType.SLO,
        OrderType.LIT,
    }
)
QUANTITY_REASONS: Final = {
    QuantityRefusal.NOT_POSITIVE: R.QUANTITY_NOT_POSITIVE,
    QuantityRefusal.FRACTIONAL: R.QUANTITY_FRACTIONAL,
    QuantityRefusal.ODD_LOT_QUANTITY: R.ODD_LOT_QUANTITY,
    QuantityRefusal.LOT_MULTIPLE: R.LOT_SIZE_MISMATCH,
    QuantityRefusal.MIN_QUANTITY: R.QUANTITY_TOO_SMALL,
    QuantityRefusal.MAX_QUANTITY: R.QUANTITY_TOO_LARGE,
}


class Touch(Struct, frozen=True):
    """Best prices of a symbol, outside depth and resting orders together; None: no such side."""

    bid: Decimal | None
    ask: Decimal | None

    @classmethod
    def of_depth(cls, depth: Depth | None) -> Touch:
        """Return the touch of an outside depth alone."""
        if depth is None:
            return cls(None, None)
        return cls(
            depth.bids[0].price if depth.bids else None, depth.asks[0].price if depth.asks else None
        )

    def opposite(self, side: OrderSide) -> Decimal | None:
        return self.ask if side is OrderSide.BUY else self.bid

    def same(self, side: OrderSide) -> Decimal | None:
        return self.bid if side is OrderSide.BUY else self.ask


# --- Sessions ---------------------------------------------------------------------------------


def last_session(terms: OrderTerms, market: Market) -> TradeSession:
    """Return the session with whose end a Day order ends."""
    if market is not Market.US or works_as(terms.order_type) is OrderType.MO:
        return TradeSession.NORMAL
    match terms.outside_rth:
        case OutsideRth.ANY_TIME:
            return TradeSession.POST
        case OutsideRth.OVERNIGHT:
            return TradeSession.OVERNIGHT
    return TradeSession.NORMAL


def works_in(terms: OrderTerms, market: Market, session: TradeSession | None) -> bool:
    """Tell whether an order may trade in a session; a market order only in the regular one."""
    last = last_session(terms, market)
    if last is TradeSession.POST:
        return session in (TradeSession.PRE, TradeSession.NORMAL, TradeSession.POST)
    return session is last


def life_day(terms: OrderTerms, view: MarketView) -> date:
    """Return the trading day for which an order submitted now lives."""
    is_over = last_session(terms, view.instrument.market) in view.ended
    return view.next_trading_day if is_over else view.trading_day


# --- Refused at once --------------------------------------------------------------------------


def submit_refusal(
    account: Account | None,
    terms: OrderTerms,
    view: MarketView | None,
    settings: VenueSettings,
    at: datetime,
) -> OrderRefused | None:
    """Return the first reason why a new order gets no id; None when it gets one."""
    if account is None:
        return OrderRefused(R.ACCOUNT_NOT_FOUND)
    return next(_submit_refusals(account, terms, view, settings, at), None)


def _submit_refusals(
    account: Account,
    terms: OrderTerms,
    view: MarketView | None,
    settings: VenueSettings,
    at: datetime,
) -> Iterator[OrderRefused]:
    yield from _form_refusals(terms)
    if view is None:
        yield OrderRefused(R.SYMBOL_NOT_FOUND)
        return
    if not _is_tradable(view):
        yield OrderRefused(R.SECURITY_NOT_TRADABLE)
        return
    yield from _type_refusals(terms, view)
    yield from _life_refusals(terms, view, settings)
    yield from delay_refusals(terms, settings, at)
    yield from _quantity_refusals(terms, terms.quantity, view, account, settings)
    limit = terms.price if terms.order_type in PRICED_TYPES else None
    is_net = terms.combination is not None  # Of several securities: any cent is a price.
    if limit is not None and not is_net and not table_of(view).is_valid(limit):
        yield OrderRefused(R.WRONG_BID_SIZE)
    yield from standing_refusals(account, terms, terms.quantity, view, settings.money)
    if account.live_orders >= settings.orders_working_max:
        most = settings.orders_working_max
        yield OrderRefused(R.PARAMETER_INVALID, f"at most {most} working orders per account")


def _form_refusals(terms: OrderTerms) -> Iterator[OrderRefused]:
    if terms.quantity <= 0:
        yield OrderRefused(R.QUANTITY_NOT_POSITIVE)
    if terms.order_type in PRICED_TYPES and (terms.price is None or terms.price <= 0):
        yield OrderRefused(R.PARAMETER_INVALID, "submitted_price")
    yield from condition_refusals(terms)
    if len(terms.remark) > REMARK_CHARS_MAX:
        yield OrderRefused(R.PARAMETER_INVALID, "remark")
    if terms.time_in_force is TimeInForce.GTD and terms.expire_date is None:
        yield OrderRefused(R.PARAMETER_INVALID, "expire_date")


def _is_tradable(view: MarketView) -> bool:
    if view.instrument.is_index or view.status in GONE_STATUSES:
        return False
    try:
        fees.fee_class_of(view.instrument)
        view.instrument.settlement_currency  # noqa: B018 - a listing in a currency no account has
    except LookupError:
        return False
    return True


def _type_refusals(terms: OrderTerms, view: MarketView) -> Iterator[OrderRefused]:
    is_option = view.instrument.security_class in OPTION_CLASSES
    offered = OPTION_TYPES if is_option else MARKET_TYPES[view.instrument.market]
    if terms.order_type not in offered:
        yield OrderRefused(R.ORDER_TYPE_NOT_SUPPORTED)
    is_continuous_only = view.instrument.security_class in CONTINUOUS_CLASSES
    if is_continuous_only and terms.order_type in AUCTION_TYPES | {OrderType.ODD}:
        yield OrderRefused(R.ORDER_TYPE_NOT_SUPPORTED)


def _life_refusals(
    terms: OrderTerms, view: MarketView, settings: VenueSettings
) -> Iterator[OrderRefused]:
    market = view.instrument.market
    if terms.time_in_force is not TimeInForce.DAY and (
        terms.order_type in DAY_ONLY_TYPES or market is Market.CN
    ):
        yield OrderRefused(R.TIME_IN_FORCE_NOT_SUPPORTED)
    if terms.time_in_force is TimeInForce.GTD and terms.expire_date is not None:
        latest = view.trading_day + timedelta(days=settings.long_term_days_max)
        if not life_day(terms, view) <= terms.expire_date <= latest:
            yield OrderRefused(R.EXPIRE_DATE_INVALID)
    if market is not Market.US:
        return  # Elsewhere the field means nothing and is ignored.
    if terms.outside_rth is OutsideRth.OVERNIGHT:
        if terms.time_in_force is not TimeInForce.DAY:
            yield OrderRefused(R.TIME_IN_FORCE_NOT_SUPPORTED)
        if terms.order_type is not OrderType.LO:
            yield OrderRefused(R.OUTSIDE_RTH_NOT_SUPPORTED)
    if terms.outside_rth is OutsideRth.OPTION_PRE_MARKET or (
        terms.outside_rth is OutsideRth.OVERNIGHT and not view.instrument.overnight
    ):
        yield OrderRefused(R.OUTSIDE_RTH_NOT_SUPPORTED)


def _quantity_refusals(
    terms: OrderTerms,
    quantity: Decimal,
    view: MarketView,
    account: Account,
    settings: VenueSettings,
    freed: Decimal = ZERO,
) -> Iterator[OrderRefused]:
    """Yield what is wrong with a quantity; a lack of shares is told later."""
    instrument = view.instrument
    available = account.available_shares(instrument.symbol) + freed
    why = quantity_refusal(
        quantity,
        market=instrument.market,
        security_class=instrument.security_class,
        board=instrument.board,
        lot_size=instrument.lot_size,
        order_type=terms.order_type,
        side=terms.side,
        holding=int(available),
        limits=OrderSizeLimits(us_shares=settings.us_quantity_max),
    )
    if why is not None and why is not QuantityRefusal.NOT_ENOUGH_SHARES:
        yield OrderRefused(QUANTITY_REASONS[why])


def replace_refusal(
    account: Account,
    live: LiveOrder,
    wish: ReplaceOrder,
    view: MarketView,
    settings: VenueSettings,
) -> OrderRefused | None:
    """Return the first reason why new terms are not taken, money and shares aside."""
    return next(_replace_refusals(account, live, wish, view, settings), None)


def _replace_refusals(
    account: Account,
    live: LiveOrder,
    wish: ReplaceOrder,
    view: MarketView,
    settings: VenueSettings,
) -> Iterator[OrderRefused]:
    order = live.order
    if wish.price is not None and wish.price <= 0:
        yield OrderRefused(R.PARAMETER_INVALID, "price")
    if wish.remark is not None and len(wish.remark) > REMARK_CHARS_MAX:
        yield OrderRefused(R.PARAMETER_INVALID, "remark")
    if wish.quantity is not None:
        yield from _quantity_refusals(
            order.terms, wish.quantity, view, account, settings, freed=live.hold.shares
        )
        if wish.quantity <= order.executed_quantity:
            yield OrderRefused(R.QUANTITY_NOT_ABOVE_EXECUTED)
        leaves = wish.quantity - order.executed_quantity
        freed = live.hold.shares
        yield from standing_refusals(account, order.terms, leaves, view, settings.money, freed)
    if wish.price is not None and not table_of(view).is_valid(wish.price):
        yield OrderRefused(R.WRONG_BID_SIZE)


# --- Money and shares -------------------------------------------------------------------------


def affordability_refusal(
    account: Account, side: OrderSide, view: MarketView, hold: Hold | None, freed: Hold = NO_HOLD
) -> RefusalReason | None:
    """Return why the account cannot cover `hold`; None when it can.

    Args:
        hold: What the order would reserve; None: there is no price to reserve by.
        freed: What its present terms have reserved.
    """
    if hold is None:
        return R.NO_OPPOSITE_QUOTE
    if side is OrderSide.SELL:
        available = account.available_shares(view.instrument.symbol) + freed.shares
        return R.SHARES_NOT_ENOUGH if hold.shares > available else None
    cash = account.available_cash(view.instrument.settlement_currency) + freed.cash + freed.fees
    return R.BUYING_POWER_EXCEEDED if hold.cash + hold.fees > cash else None


def worst_price(
    terms: OrderTerms,
    price: Decimal | None,
    view: MarketView,
    touch: Touch,
    bound_rate: Decimal,
) -> Decimal | None:
    """Return the worst price at which an order of any type can trade; None when nothing tells it.

    Args:
        price: Its present limit.
    """
    kind = terms.order_type
    last = view.last_done or view.prev_close
    if price is not None:
        return price
    if kind is OrderType.AO:
        return last * AUCTION_REACH if last is not None else None
    if kind not in CONDITIONAL_TYPES:
        return reserve_price(kind, terms.side, None, view, touch, bound_rate)
    trigger = terms.trigger_price
    if kind in TRAILING_TYPES:
        if last is None:
            return None
        percent = terms.trailing_percent or ZERO
        trigger = last + (terms.trailing_amount or last * percent / 100)
        if terms.limit_offset is not None and not terms.limit_depth_level:
            return trigger + terms.limit_offset
    return None if trigger is None else trigger * (1 + bound_rate)


def reserve_price(
    order_type: OrderType,
    side: OrderSide,
    price: Decimal | None,
    view: MarketView,
    touch: Touch,
    bound_rate: Decimal,
) -> Decimal | None:
    """Return the worst price an order can get, by which it reserves; None when nothing tells it."""
    if order_type is not OrderType.MO:
        return price
    bound = market_bound(side, view, touch, bound_rate)
    if bound is not None:
        return bound
    last = view.last_done or view.prev_close
    if last is None:
        return None
    return last * (1 + bound_rate) if side is OrderSide.BUY else last


class _Open(Struct, frozen=True):
    """The open part of an order and what its day has brought so far."""

    side: OrderSide
    price: Decimal
    leaves: Decimal
    fee_day: FeeDay | None
    is_long_term: bool


def estimate_hold(
    terms: OrderTerms,
    price: Decimal | None,
    leaves: Decimal,
    fee_day: FeeDay | None,
    view: MarketView,
    settings: VenueSettings,
) -> Hold | None:
    """Return what the open part of an order reserves; None when there is no price to reserve by.

    Args:
        price: Worst price at which it can trade.
        fee_day: What the order has traded and paid on `view.trading_day`, if anything.
    """
    if not leaves:
        return NO_HOLD
    if terms.side is OrderSide.SELL:
        return Hold(shares=leaves)
    if price is None:
        return None
    part = _Open(terms.side, price, leaves, fee_day, terms.time_in_force is not TimeInForce.DAY)
    cash = price * leaves * view.instrument.multiplier
    return Hold(cash=cash, fees=_estimate_fees(part, view, settings))


def _estimate_fees(part: _Open, view: MarketView, settings: VenueSettings) -> Decimal:
    query = fees.FeeQuery(
        fees.fee_class_of(view.instrument), part.side, view.trading_day, settings.fee_rates
    )
    amount = part.price * part.leaves * view.instrument.multiplier
    day = part.fee_day
    if day is None or day.on != view.trading_day:
        return fees.order_total(query, amount, part.leaves)
    whole = fees.order_total(query, day.consideration + amount, day.quantity + part.leaves)
    rest = max(ZERO, whole - sum(day.charged.values(), ZERO))
    if not part.is_long_term:
        return rest
    # What is left over for another day pays that day's minimums again.
    return max(rest, fees.order_total(query, amount, part.leaves))


# --- At the exchange --------------------------------------------------------------------------


def table_of(view: MarketView) -> SpreadTable:
    """Return the tick table that holds on the view's trading day."""
    instrument = view.instrument
    return spread_table(instrument.market, instrument.security_class, view.trading_day)


def market_bound(
    side: OrderSide, view: MarketView, touch: Touch, bound_rate: Decimal
) -> Decimal | None:
    """Return how far a market order sweeps; None without an opposite quote.

    HK: nine ticks beyond the best opposite price, the ten queues of the broker's enhanced limit
    order. US: `bound_rate` from the middle of the quote, rounded inward.
    """
    best, behind = touch.opposite(side), touch.same(side)
    if best is None:
        return None
    if view.instrument.market is Market.HK:
        return ticks_through(side, best, view) or best
    middle = (best + behind) / 2 if behind is not None else best
    table = table_of(view)
    if side is OrderSide.BUY:
        return max(best, table.below(middle * (1 + bound_rate)) or best)
    return min(best, table.above(middle * (1 - bound_rate)) or best)


def ticks_through(side: OrderSide, best: Decimal, view: MarketView) -> Decimal | None:
    """Return the price nine ticks beyond `best`; None where the tick table ends before."""
    table = table_of(view)
    is_buy = side is OrderSide.BUY
    start = table.above(best) if is_buy else table.below(best)
    return table.step(start, AGGRESSIVE_TICKS if is_buy else -AGGRESSIVE_TICKS) if start else None
