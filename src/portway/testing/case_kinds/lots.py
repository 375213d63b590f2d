"""Kind of `lots`: whether the exchange takes an order of that quantity, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from portway.model.instrument import (
    Board,
    OrderSizeLimits,
    SecurityClass,
    quantity_refusal,
)
from portway.model.order import OrderSide, OrderType
from portway.model.symbol import Market
from portway.testing.cases import kind

# The cases name only what decides the lot rules; any board of the same rules will do.
_BOARDS: Final = {
    ("HK", None): Board.HK_EQUITY,
    ("US", None): Board.US_MAIN,
    ("CN", "main"): Board.SH_MAIN_CONNECT,
    ("CN", "chinext"): Board.SZ_GEM_CONNECT,
    ("CN", "star"): Board.SH_STAR,
    ("CN", "etf"): Board.SH_MAIN_CONNECT,
}


@kind("lots", "quantity")
def quantity(given: Mapping[str, Any]) -> Mapping[str, Any]:
    name = given["class"]
    limits = OrderSizeLimits()
    if (most := given.get("max_quantity")) is not None:
        limits = OrderSizeLimits(us_shares=int(most), us_contracts=int(most))
    reason = quantity_refusal(
        Decimal(given["quantity"]),
        market=Market(given["market"]),
        security_class=SecurityClass.OPTION_PENNY if name == "option" else SecurityClass(name),
        board=_BOARDS[given["market"], given.get("board")],
        lot_size=int(given["lot_size"]),
        order_type=OrderType[given["order_type"]],
        side=OrderSide[given["side"].upper()],
        holding=int(given.get("holding") or 0),
        limits=limits,
    )
    return {"accepted": reason is None, "reason": None if reason is None else reason.value}
