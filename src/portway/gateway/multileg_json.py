"""How an order shows its legs, in lists, details and pushes."""

from __future__ import annotations

from typing import Any

from portway.model.derivative import looks_like_option, parse_option
from portway.model.order import Leg, Order, OrderSide
from portway.model.strategies import STRATEGIES
from portway.wire import names

__all__ = ["multi_leg_object"]


def multi_leg_object(order: Order) -> dict[str, Any] | None:
    """Return the legs of an order as newer clients read them; None for one without."""
    combination = order.terms.combination
    if combination is None:
        return None
    return {
        "strategy": names.MULTI_LEG_STRATEGY.wire[combination.strategy],
        "strategy_name": STRATEGIES[combination.strategy].name,
        "multileg_id": str(order.order_id),
        "code": order.terms.symbol,
        "legs": [_leg_object(leg) for leg in combination.legs],
    }


def _leg_object(leg: Leg) -> dict[str, str]:
    strike = expire_date = direction = ""
    if looks_like_option(leg.symbol):
        _, expiry, right, price = parse_option(leg.symbol)
        strike, expire_date = f"{price.normalize():f}", f"{expiry:%Y%m%d}"
        direction = names.CONTRACT_DIRECTION.wire[right.name]
    position = "LONG" if leg.side is OrderSide.BUY else "SHORT"
    return {
        "symbol": leg.symbol,
        "side": names.ORDER_SIDE.wire[leg.side.name],
        "position": names.MULTI_LEG_POSITION.wire[position],
        "ratio_quantity": f"{leg.ratio:f}",
        "strike_price": strike,
        "expire_date": expire_date,
        "contract_direction": direction,
    }
