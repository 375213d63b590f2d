"""What the exchange does with an order that reaches it: where it goes now, or why it is refused.

Whether continuous matching or a call auction takes it, and the price rules of each market: Hong
Kong's quotation rules and auction bounds, the mainland's daily limits and valid range. Nothing here
changes anything.
"""

from __future__ import annotations

from decimal import Decimal
from enum import auto
from typing import Final

from portway.core.order_checks import Touch, table_of, works_in
from portway.core.order_states import works_as
from portway.core.state import State
from portway.model.command import MarketView, VenueSettings
from portway.model.event import RefusalReason
from portway.model.order import DayAuction, NamedEnum, OrderSide, OrderTerms, OrderType
from portway.model.price_limits import (
    PriceRange,
    QuotationRefusal,
    QuotedMarket,
    cn_daily_limit,
    cn_limit_rate,
    cn_valid_range,
    hk_auction_bound,
    hk_quotation,
)
from portway.model.session import Phase
from portway.model.symbol import Market

__all__ = [
    "Place",
    "auction_of",
    "auction_range",
    "daily_limits",
    "is_locked",
    "place_of",
    "price_refusal",
]

R = RefusalReason
OPENING, CLOSING = DayAuction.OPENING, DayAuction.CLOSING

AUCTION_PHASES: Final = {
    Phase.PRE_OPEN_INPUT: OPENING,
    Phase.PRE_OPEN_NO_CANCEL: OPENING,
    Phase.PRE_OPEN_RANDOM: OPENING,
    Phase.CLOSING_INPUT: CLOSING,
    Phase.CLOSING_NO_CANCEL: CLOSING,
    Phase.CLOSING_RANDOM: CLOSING,
    Phase.OPEN_AUCTION: OPENING,
    Phase.OPEN_AUCTION_NO_CANCEL: OPENING,
    Phase.CLOSE_AUCTION: CLOSING,
}
# The exchange lets nothing at it be changed or cancelled; a broker could not do it either.
LOCKED_PHASES: Final = frozenset(
    {
        Phase.PRE_OPEN_NO_CANCEL,
        Phase.PRE_OPEN_RANDOM,
        Phase.BLOCKING,
        Phase.CLOSING_REFERENCE,
        Phase.CLOSING_NO_CANCEL,
        Phase.CLOSING_RANDOM,
        Phase.OPEN_AUCTION_NO_CANCEL,
        Phase.CLOSE_AUCTION,
    }
)
# A broker sends limit orders that wait for an auction as at-auction limit orders.
AUCTION_TYPES: Final = {
    Market.HK: frozenset({OrderType.AO, OrderType.ALO, OrderType.LO, OrderType.ELO}),
    Market.CN: frozenset({OrderType.LO}),
}
AUCTION_PERCENT: Final = {OPENING: Decimal(15), CLOSING: Decimal(5)}


class Place(NamedEnum):
    """Where an order meets the market."""

    CONTINUOUS = auto()
    AUCTION = auto()


def auction_of(state: State, view: MarketView) -> DayAuction | None:
    """Return the auction that takes orders of a symbol now; None: none, or it has been matched."""
    if view.phase is None:
        return None
    auction = AUCTION_PHASES.get(view.phase)
    mark = state.auctions.get(view.instrument.symbol)
    if mark is None or not mark.is_over:
        return auction
    was_this = (mark.trading_day, mark.auction) == (view.trading_day, auction)
    return None if was_this else auction


def is_locked(view: MarketView) -> bool:
    """Tell whether orders at the exchange can be neither changed nor cancelled now."""
    return view.phase in LOCKED_PHASES


def place_of(
    state: State, terms: OrderTerms, price: Decimal | None, view: MarketView
) -> Place | None:
    """Return where an order goes now; None: it waits.

    A limit order that an auction would refuse for its price waits for continuous trading.

    Args:
        price: Its present limit; None for orders without one.
    """
    market, kind = view.instrument.market, works_as(terms.order_type)
    if view.session is not None:
        is_for_auction = kind in (OrderType.AO, OrderType.ALO)
        takes = works_in(terms, market, view.session) and not is_for_auction
        return Place.CONTINUOUS if takes else None
    auction = auction_of(state, view)
    if auction is None or kind not in AUCTION_TYPES.get(market, ()):
        return None
    if market is Market.HK and kind in (OrderType.LO, OrderType.ELO):
        assert price is not None, "a limit order has a price"
        return Place.AUCTION if auction_range(state, view, auction).holds(price) else None
    return Place.AUCTION


def auction_range(state: State, view: MarketView, auction: DayAuction) -> PriceRange:
    """Return between which prices a Hong Kong auction takes limit orders now."""
    reference = view.prev_close
    if auction is CLOSING:
        reference = view.reference or view.last_done or view.prev_close
    mark = state.auctions.get(view.instrument.symbol)
    is_same = mark is not None and (mark.trading_day, mark.auction) == (view.trading_day, auction)
    return hk_auction_bound(
        reference,
        AUCTION_PERCENT[auction],
        table_of(view),
        lowest_ask=mark.lowest_ask if mark is not None and is_same else None,
        highest_bid=mark.highest_bid if mark is not None and is_same else None,
    )


def price_refusal(
    state: State,
    terms: OrderTerms,
    price: Decimal | None,
    view: MarketView,
    touch: Touch,
    place: Place,
) -> RefusalReason | None:
    """Return why the exchange refuses an order that reaches it; None when it takes it.

    Args:
        touch: Best of outside depth and resting orders.
    """
    kind = works_as(terms.order_type)
    if kind is OrderType.MO:
        missing = touch.opposite(terms.side) is None
        return R.NO_OPPOSITE_QUOTE if missing else None
    if price is None:
        return None
    match view.instrument.market:
        case Market.HK if place is Place.AUCTION:
            return _hk_auction_refusal(state, price, view)
        case Market.HK:
            return _hk_refusal(kind, terms.side, price, view, touch, state.settings)
        case Market.CN:
            return _cn_refusal(terms.side, price, view, touch, place)
    return None


def _quoted(view: MarketView, touch: Touch) -> QuotedMarket:
    return QuotedMarket(touch.bid, touch.ask, view.last_done, view.prev_close)


def _hk_auction_refusal(state: State, price: Decimal, view: MarketView) -> RefusalReason | None:
    auction = auction_of(state, view)
    if auction is None:
        return None
    return None if auction_range(state, view, auction).holds(price) else R.PRICE_OUTSIDE_BAND


def _hk_refusal(
    kind: OrderType,
    side: OrderSide,
    price: Decimal,
    view: MarketView,
    touch: Touch,
    settings: VenueSettings,
) -> RefusalReason | None:
    """Hong Kong quotation rules: nine times, nine ticks through, where set 24 ticks behind."""
    quotation = hk_quotation(
        kind,
        side,
        price,
        _quoted(view, touch),
        table_of(view),
        nominal=view.last_done or view.prev_close,
        passive_check=settings.hk_passive_check,
    )
    if quotation.accepted:
        return None
    crosses_nothing = quotation.refusal is QuotationRefusal.MUST_CROSS
    return R.NO_OPPOSITE_QUOTE if crosses_nothing else R.PRICE_OUTSIDE_BAND


def _cn_refusal(
    side: OrderSide, price: Decimal, view: MarketView, touch: Touch, place: Place
) -> RefusalReason | None:
    """Mainland: the day's limits, and in continuous trading the valid range."""
    if not daily_limits(view).holds(price):
        return R.PRICE_OUTSIDE_BAND
    if place is Place.AUCTION:
        return None
    valid = cn_valid_range(side, _quoted(view, touch), table_of(view))
    return None if valid.holds(price) else R.PRICE_OUTSIDE_BAND


def daily_limits(view: MarketView) -> PriceRange:
    """Return the mainland's limit prices of the day; none where the previous close is unknown."""
    if view.prev_close is None:
        return PriceRange()
    instrument = view.instrument
    rate = cn_limit_rate(
        view.trading_day,
        instrument.board,
        instrument.security_class,
        risk_warning=instrument.risk_warning,
        tracks_growth_board=instrument.tracks_growth_board,
        ipo_day=view.ipo_day,
    )
    return cn_daily_limit(view.prev_close, rate, table_of(view))
