"""Fee schedules of HK, US and CN by date, and what an order's executions of one day cost.

Fees are computed per order and trading day from the sum of its executions, each item rounded by its
own rule and then summed; an execution posts only the difference, so that partial fills never pay a
minimum twice. Rates set by law stand here with the date from which they hold; the rates an owner
may set arrive with the question. Amounts are in the currency of the security.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import auto
from typing import Final

from msgspec import Struct

from portway.model.command import FeeRates
from portway.model.decimals import half_up, up
from portway.model.entry import Fee
from portway.model.instrument import OPTION_CLASSES, Instrument, SecurityClass
from portway.model.order import NamedEnum, OrderSide
from portway.model.symbol import Market

__all__ = [
    "BROKER_FEES",
    "FeeClass",
    "FeeQuery",
    "affordable",
    "fee_class_of",
    "fees_added",
    "order_fees",
    "order_total",
    "total",
]

ZERO = Decimal(0)
CENT = Decimal("0.01")
BROKER_FEES: Final = frozenset({"COMMISSION", "PLATFORM"})  # The rest goes to third parties.


US_SHARE_CLASSES: Final = frozenset(
    {SecurityClass.STOCK, SecurityClass.ETF, SecurityClass.US_WARRANT}
)


class FeeClass(NamedEnum):
    """Securities that are charged alike."""

    HK_STAMPED = auto()
    HK_REIT = auto()
    HK_UNSTAMPED = auto()
    US_STOCK = auto()
    US_OPTION = auto()
    CN_SHARE = auto()
    CN_ETF = auto()


class FeeQuery(Struct, frozen=True):
    """Whose schedule: class, side, trading day, and the owner's rates."""

    fee_class: FeeClass
    side: OrderSide
    on: date
    rates: FeeRates


class _Traded(Struct, frozen=True):
    """The executions of one order on one day, summed."""

    query: FeeQuery
    consideration: Decimal
    quantity: Decimal

    @property
    def is_sale(self) -> bool:
        return self.query.side is OrderSide.SELL


def fee_class_of(instrument: Instrument) -> FeeClass:
    """Return how a security is charged.

    Raises:
        LookupError: If its class has no schedule yet.
    """
    security = instrument.security_class
    match instrument.market:
        case Market.HK if security is SecurityClass.REIT:
            return FeeClass.HK_REIT
        case Market.HK:
            return FeeClass.HK_STAMPED if instrument.stamp_duty else FeeClass.HK_UNSTAMPED
        case Market.US if security in US_SHARE_CLASSES:
            return FeeClass.US_STOCK
        case Market.US if security in OPTION_CLASSES:
            return FeeClass.US_OPTION
        case Market.CN if security is SecurityClass.A_SHARE:
            return FeeClass.CN_SHARE
        case Market.CN if security is SecurityClass.ETF:
            return FeeClass.CN_ETF
    raise LookupError(f"{instrument.symbol} has no fee schedule")


def order_fees(query: FeeQuery, consideration: Decimal, quantity: Decimal) -> tuple[Fee, ...]:
    """Return every item of the schedule, zeros included, in the order of the schedule.

    Args:
        consideration: Sum of price times quantity over the order's executions of the day; of
            options also times the multiplier.
        quantity: Sum of their quantities, in shares or contracts.
    """
    traded = _Traded(query, consideration, quantity)
    items = _SCHEDULES[query.fee_class]
    return tuple([Fee(name, compute(traded)) for name, compute in items.items()])


def order_total(query: FeeQuery, consideration: Decimal, quantity: Decimal) -> Decimal:
    """Return the sum of all items of the schedule; arguments as of `order_fees`."""
    traded = _Traded(query, consideration, quantity)
    whole = ZERO
    for compute in _SCHEDULES[query.fee_class].values():
        whole += compute(traded)
    return whole


def total(fees: tuple[Fee, ...]) -> Decimal:
    """Return the sum of the items."""
    whole = ZERO
    for fee in fees:
        whole += fee.amount
    return whole


def fees_added(
    query: FeeQuery, consideration: Decimal, quantity: Decimal, charged: Mapping[str, Decimal]
) -> tuple[Fee, ...]:
    """Return what is still to be charged of the fees of a day, zero items left out.

    Args:
        charged: What the order has paid on that day already, by name.
    """
    due = order_fees(query, consideration, quantity)
    if charged:
        due = tuple([Fee(fee.name, fee.amount - charged.get(fee.name, ZERO)) for fee in due])
    return tuple([fee for fee in due if fee.amount])


def affordable(
    query: FeeQuery,
    price: Decimal,
    cash: Decimal,
    lot_size: Decimal,
    factor: Decimal = Decimal(1),
    multiplier: int = 1,
) -> Decimal:
    """Return the largest whole number of lots, in shares, that `cash` pays for, fees included.

    Args:
        factor: Which part of the price is to be paid, above zero; the fees always are.
        multiplier: Shares behind one unit of what is bought.
    """
    price *= multiplier

    def cost(lots: int) -> Decimal:
        quantity = lots * lot_size
        return factor * price * quantity + order_total(query, price * quantity, quantity)

    if cash <= 0 or price <= 0:
        return ZERO
    low, high = 0, int(cash / (factor * price * lot_size))
    while low < high:  # Cost never falls with the quantity, so halving finds the edge.
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(middle) <= cash else (low, middle - 1)
    return low * lot_size


# --- Hong Kong --------------------------------------------------------------------------------

_STAMP_0_13, _STAMP_0_1 = Decimal("0.0013"), Decimal("0.001")
_STAMP_0_1_FROM = date(2023, 11, 17)
_REIT_FREE_FROM = date(2024, 12, 21)
_TRADING_0_005, _TRADING_0_00565 = Decimal("0.00005"), Decimal("0.0000565")
_TRADING_0_00565_FROM = date(2023, 1, 1)
_SETTLEMENT_BOUNDED, _SETTLEMENT_FLAT = Decimal("0.00002"), Decimal("0.000042")
_SETTLEMENT_MIN, _SETTLEMENT_MAX = Decimal(2), Decimal(100)
_SETTLEMENT_FLAT_FROM = date(2025, 6, 30)


def _hk_commission(traded: _Traded) -> Decimal:
    rates = traded.query.rates
    charge = half_up(traded.consideration * rates.hk_commission_rate, 2)
    return max(charge, rates.hk_commission_min)


def _hk_stamp(traded: _Traded) -> Decimal:
    on = traded.query.on
    if traded.query.fee_class is FeeClass.HK_REIT and on >= _REIT_FREE_FROM:
        return ZERO
    rate = _STAMP_0_1 if on >= _STAMP_0_1_FROM else _STAMP_0_13
    return up(traded.consideration * rate, 0)


def _levy(rate: str, *, floor: Decimal = CENT) -> Callable[[_Traded], Decimal]:
    """Return a fraction of the consideration, to the cent half up, at least `floor`."""
    fraction = Decimal(rate)
    return lambda traded: max(floor, half_up(traded.consideration * fraction, 2))


def _hk_trading(traded: _Traded) -> Decimal:
    # Until the end of 2022: 0.005 % and a trading tariff of 0.50 per transaction, left out here.
    rate = _TRADING_0_00565 if traded.query.on >= _TRADING_0_00565_FROM else _TRADING_0_005
    return max(CENT, half_up(traded.consideration * rate, 2))


def _hk_settlement(traded: _Traded) -> Decimal:
    if traded.query.on >= _SETTLEMENT_FLAT_FROM:
        return half_up(traded.consideration * _SETTLEMENT_FLAT, 2)
    charge = half_up(traded.consideration * _SETTLEMENT_BOUNDED, 2)
    return min(max(charge, _SETTLEMENT_MIN), _SETTLEMENT_MAX)


def _none(traded: _Traded) -> Decimal:
    return ZERO


_HK: Final[dict[str, Callable[[_Traded], Decimal]]] = {
    "COMMISSION": _hk_commission,
    "PLATFORM": lambda traded: traded.query.rates.hk_platform_fee,
    "STAMP": _hk_stamp,
    "SFC_LEVY": _levy("0.000027"),
    "AFRC_LEVY": _levy("0.0000015"),
    "TRADING": _hk_trading,
    "SETTLEMENT": _hk_settlement,
}

# --- United States ----------------------------------------------------------------------------

# (first day, dollars per dollar sold), (first day, dollars per share, most per order and day).
_SEC_RATES = (
    (date(2026, 4, 4), Decimal("0.0000206")),
    (date(2025, 5, 14), ZERO),
    (date.min, Decimal("0.0000278")),
)
_TAF_RATES = (
    (date(2026, 1, 1), Decimal("0.000195"), Decimal("9.79")),
    (date.min, Decimal("0.000166"), Decimal("8.30")),
)


def _us_bounded(
    traded: _Traded, per_share: Decimal, minimum: Decimal, max_rate: Decimal
) -> Decimal:
    """Minimum first, maximum last, then up to the cent: on small orders the maximum wins."""
    charge = max(traded.quantity * per_share, minimum)
    return up(min(charge, traded.consideration * max_rate), 2)


def _us_commission(traded: _Traded) -> Decimal:
    rates = traded.query.rates
    return _us_bounded(
        traded,
        rates.us_commission_per_share,
        rates.us_commission_min,
        rates.us_commission_max_rate,
    )


def _us_platform(traded: _Traded) -> Decimal:
    rates = traded.query.rates
    return _us_bounded(
        traded, rates.us_platform_per_share, rates.us_platform_min, rates.us_platform_max_rate
    )


def _us_settlement(traded: _Traded) -> Decimal:
    rates = traded.query.rates
    return _us_bounded(traded, rates.us_settlement_per_share, ZERO, rates.us_settlement_max_rate)


def _us_sec(traded: _Traded) -> Decimal:
    rate = traded.query.rates.us_sec_rate
    if rate is None:
        rate = next(rate for first, rate in _SEC_RATES if traded.query.on >= first)
    if not traded.is_sale:
        return ZERO
    return _at_least_a_cent(traded.consideration * rate)


def _us_taf(traded: _Traded) -> Decimal:
    if not traded.is_sale:
        return ZERO
    rates = traded.query.rates
    per_share, most = next(row[1:] for row in _TAF_RATES if traded.query.on >= row[0])
    per_share = per_share if rates.us_taf_per_share is None else rates.us_taf_per_share
    most = most if rates.us_taf_max is None else rates.us_taf_max
    return min(most, _at_least_a_cent(traded.quantity * per_share))


def _at_least_a_cent(charge: Decimal) -> Decimal:
    """Round up to the cent; nothing only where the rate is nothing."""
    return max(CENT, up(charge, 2)) if charge else ZERO


def _us_cat(traded: _Traded) -> Decimal:
    charge = traded.quantity * traded.query.rates.us_cat_per_share
    return up(charge, 2) if charge >= CENT else ZERO


_US: Final[dict[str, Callable[[_Traded], Decimal]]] = {
    "COMMISSION": _us_commission,
    "PLATFORM": _us_platform,
    "SETTLEMENT": _us_settlement,
    "SEC": _us_sec,
    "TAF": _us_taf,
    "CAT": _us_cat,
}

# --- US options: per contract ------------------------------------------------------------------

_OPTION_TAF_RATES = ((date(2026, 1, 1), Decimal("0.00329")), (date.min, Decimal("0.00279")))


def _option_commission(traded: _Traded) -> Decimal:
    rates = traded.query.rates
    charge = traded.quantity * rates.us_option_commission_per_contract
    return up(max(charge, rates.us_option_commission_min), 2)


def _option_platform(traded: _Traded) -> Decimal:
    rates = traded.query.rates
    charge = traded.quantity * rates.us_option_platform_per_contract
    return up(max(charge, rates.us_option_platform_min), 2)


def _option_exchange(traded: _Traded) -> Decimal:
    return up(traded.quantity * traded.query.rates.us_option_exchange_per_contract, 2)


def _option_clearing(traded: _Traded) -> Decimal:
    rates = traded.query.rates
    return up(min(traded.quantity * rates.us_option_occ_per_contract, rates.us_option_occ_max), 2)


def _option_orf(traded: _Traded) -> Decimal:
    return up(traded.quantity * traded.query.rates.us_option_orf_per_contract, 2)


def _option_taf(traded: _Traded) -> Decimal:
    if not traded.is_sale:
        return ZERO
    rate = traded.query.rates.us_option_taf_per_contract
    if rate is None:
        rate = next(rate for first, rate in _OPTION_TAF_RATES if traded.query.on >= first)
    return _at_least_a_cent(traded.quantity * rate)


_US_OPTION: Final[dict[str, Callable[[_Traded], Decimal]]] = {
    "COMMISSION": _option_commission,
    "PLATFORM": _option_platform,
    "EXCHANGE": _option_exchange,
    "CLEARING": _option_clearing,
    "ORF": _option_orf,
    "SEC": _us_sec,
    "TAF": _option_taf,
}

# --- China Connect ----------------------------------------------------------------------------

_CN_HANDLING_FROM = date(2023, 8, 28)
_CN_STAMP_FROM = date(2023, 8, 28)


def _cn_commission(traded: _Traded) -> Decimal:
    rates = traded.query.rates
    charge = half_up(traded.consideration * rates.cn_commission_rate, 2)
    return max(charge, rates.cn_commission_min)


def _cn_handling(traded: _Traded) -> Decimal:
    rate = "0.0000341" if traded.query.on >= _CN_HANDLING_FROM else "0.0000487"
    return half_up(traded.consideration * Decimal(rate), 2)


def _cn_stamp(traded: _Traded) -> Decimal:
    if not traded.is_sale:
        return ZERO
    rate = Decimal("0.0005") if traded.query.on >= _CN_STAMP_FROM else Decimal("0.001")
    return half_up(traded.consideration * rate, 2)


_CN_BROKER: Final[dict[str, Callable[[_Traded], Decimal]]] = {
    "COMMISSION": _cn_commission,
    "PLATFORM": lambda traded: traded.query.rates.cn_platform_fee,
}
_CN_SHARE: Final[dict[str, Callable[[_Traded], Decimal]]] = {
    **_CN_BROKER,
    "HANDLING": _cn_handling,
    "MANAGEMENT": _levy("0.00002", floor=ZERO),
    "TRANSFER_CN": _levy("0.00001", floor=ZERO),
    "TRANSFER_HK": _levy("0.00002", floor=ZERO),
    "STAMP": _cn_stamp,
}
_CN_ETF: Final[dict[str, Callable[[_Traded], Decimal]]] = {
    **_CN_BROKER,
    "HANDLING": _levy("0.00004", floor=ZERO),
    "MANAGEMENT": _none,
    "TRANSFER_CN": _none,
    "TRANSFER_HK": _levy("0.00002", floor=ZERO),
    "STAMP": _none,
}

_SCHEDULES: Final[dict[FeeClass, dict[str, Callable[[_Traded], Decimal]]]] = {
    FeeClass.HK_STAMPED: _HK,
    FeeClass.HK_REIT: _HK,
    FeeClass.HK_UNSTAMPED: {**_HK, "STAMP": _none},
    FeeClass.US_STOCK: _US,
    FeeClass.US_OPTION: _US_OPTION,
    FeeClass.CN_SHARE: _CN_SHARE,
    FeeClass.CN_ETF: _CN_ETF,
}
