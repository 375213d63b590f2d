"""The margin model: factors, requirements, equity and risk, and what an account may still buy.

Pure arithmetic in one currency on values that the caller has converted: where prices, positions and
exchange rates come from is not known here, nor who is liquidated. A cash account is the case of
factors of one and no credit. Factors and rates are fractions of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from portway.model.instrument import OPTION_CLASSES, SecurityClass
from portway.model.symbol import Market

__all__ = [
    "FACTORS",
    "FULL",
    "Factors",
    "Long",
    "MarginClass",
    "MarginTotals",
    "OptionPosition",
    "OptionTerms",
    "Requirement",
    "Reserved",
    "RiskLevel",
    "assess",
    "default_finance_max",
    "margin_class",
    "max_quantity",
    "option_requirement",
    "short_capacity",
    "short_requirement",
    "withdrawable",
    "written_requirement",
]

ZERO = Decimal(0)
RiskLevel = int  # 0 safe, 1 medium, 2 early warning, 3 danger; the numbers of the asset API.


# --- Factors ----------------------------------------------------------------------------------


class MarginClass(Enum):
    """Securities against which a broker lends alike."""

    HK_INDEX_OR_FUND = auto()
    HK_SHORTABLE = auto()
    US_INDEX_OR_LARGE_FUND = auto()
    US_OTHER = auto()
    NO_LOAN = auto()


@dataclass(frozen=True, slots=True)
class Factors:
    """How much of a position's value must be own money: to open, to keep, before it is sold."""

    initial: Decimal
    maintenance: Decimal
    forced: Decimal


FULL: Final = Factors(Decimal(1), Decimal(1), Decimal(1))


def _factors(initial: str, maintenance: str, forced: str) -> Factors:
    return Factors(Decimal(initial), Decimal(maintenance), Decimal(forced))


# Defaults; a broker sets its own per security.
FACTORS: Final = MappingProxyType(
    {
        MarginClass.HK_INDEX_OR_FUND: _factors("0.30", "0.25", "0.20"),
        MarginClass.HK_SHORTABLE: _factors("0.50", "0.45", "0.40"),
        MarginClass.US_INDEX_OR_LARGE_FUND: _factors("0.35", "0.30", "0.25"),
        MarginClass.US_OTHER: _factors("0.50", "0.40", "0.35"),
        MarginClass.NO_LOAN: FULL,
    }
)

_HK_FUNDS: Final = frozenset({SecurityClass.ETP, SecurityClass.FIXED_INCOME_ETP})
_NEVER_LENT: Final = OPTION_CLASSES | {
    SecurityClass.WARRANT,
    SecurityClass.EQUITY_WARRANT,
    SecurityClass.US_WARRANT,
    SecurityClass.CBBC,
    SecurityClass.INLINE,
    SecurityClass.INDEX,
}
_US_LOAN_PRICE_MIN: Final = Decimal(3)  # Dollars: nothing is lent on cheaper shares.


def margin_class(
    market: Market,
    security_class: SecurityClass,
    *,
    price: Decimal | None,
    is_index_member: bool = False,
    is_shortable: bool = False,
    is_large_fund: bool = False,
    is_leveraged: bool = False,
) -> MarginClass:
    """Return by which row of `FACTORS` a security counts.

    Args:
        price: Present price; read for US shares. None counts as cheap.
        is_index_member: HK: of the Hang Seng Index; US: of the S&P 500 or Nasdaq 100.
        is_shortable: HK: on the exchange's list of designated securities.
        is_large_fund: US funds: a billion dollars or more.
        is_leveraged: Leveraged and inverse funds, on which nothing is lent.
    """
    if security_class in _NEVER_LENT or is_leveraged:
        return MarginClass.NO_LOAN
    if market is Market.HK:
        if is_index_member or security_class in _HK_FUNDS:
            return MarginClass.HK_INDEX_OR_FUND
        return MarginClass.HK_SHORTABLE if is_shortable else MarginClass.NO_LOAN
    if market is Market.US:
        if price is None or price < _US_LOAN_PRICE_MIN:
            return MarginClass.NO_LOAN
        if is_index_member or is_large_fund:
            return MarginClass.US_INDEX_OR_LARGE_FUND
        return MarginClass.US_OTHER
    return MarginClass.NO_LOAN


# --- Requirements -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Long:
    """A long position: its market value, and how much of it counts."""

    value: Decimal
    factors: Factors


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a short position or a written option asks for over and above its own value.

    Attributes:
        value: What buying it back would cost, zero or more: equity has deducted it.
        proceeds: Proceeds of a short sale that stay as collateral; zero for written options.
    """

    value: Decimal
    initial: Decimal
    maintenance: Decimal
    forced: Decimal
    proceeds: Decimal = ZERO


_SHORT_CHEAP_BELOW: Final = Decimal(5)  # Dollars per share, as the two amounts below.
_SHORT_PER_SHARE: Final = Decimal(5)
_SHORT_PER_CHEAP_SHARE: Final = Decimal("2.50")
_SHORT_INITIAL_RATE: Final = Decimal("0.50")
_SHORT_MAINTENANCE_RATE: Final = Decimal("0.30")


def short_requirement(
    quantity: Decimal, price: Decimal, cost_price: Decimal, market: Market = Market.US
) -> Requirement:
    """Return what a short of shares requires.

    The regulatory 150 and 130 % contain the proceeds; what counts here is the part above 100 %.
    Hong Kong has the same percentages here, without the amounts in dollars per share.

    Args:
        quantity: Shares sold short, above zero.
        price: Present price; `cost_price`: average price at which they were sold.
    """
    value, proceeds = quantity * price, quantity * cost_price
    if market is not Market.US:
        least, most = value * _SHORT_MAINTENANCE_RATE, value * _SHORT_INITIAL_RATE
        return Requirement(value, most, least, least * 5 / 6, proceeds)
    if price < _SHORT_CHEAP_BELOW:
        whole = max(value, quantity * _SHORT_PER_CHEAP_SHARE)
        return Requirement(value, whole, whole, whole, proceeds)
    maintenance = max(value * _SHORT_MAINTENANCE_RATE, quantity * _SHORT_PER_SHARE)
    initial = max(value * _SHORT_INITIAL_RATE, maintenance)
    return Requirement(value, initial, maintenance, maintenance * 5 / 6, proceeds)


class OptionPosition(Enum):
    """How an option, or a pair of them, is held."""

    LONG = auto()
    COVERED_CALL = auto()
    CASH_SECURED_PUT = auto()
    NAKED_CALL = auto()
    NAKED_PUT = auto()
    CREDIT_VERTICAL = auto()
    DEBIT_VERTICAL = auto()


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """An option and its market; prices per share of the underlying.

    Attributes:
        premium: Present price of the option.
        rate: Share of the underlying that a naked option requires; 0.15 for broad indexes.
        width: Verticals: possible loss per share from the strikes alone; not above zero for debit.
    """

    underlying: Decimal
    strike: Decimal
    premium: Decimal
    multiplier: Decimal = Decimal(100)
    rate: Decimal = Decimal("0.20")
    width: Decimal = ZERO


_NAKED_FLOOR: Final = Decimal("0.10")


def option_requirement(position: OptionPosition, option: OptionTerms) -> Decimal:
    """Return the requirement of one contract, its own premium included; long: what it costs."""
    return option.multiplier * _per_share(position, option)


def _per_share(position: OptionPosition, option: OptionTerms) -> Decimal:
    spot, strike = option.underlying, option.strike
    match position:
        case OptionPosition.LONG:
            return option.premium
        case OptionPosition.COVERED_CALL:
            return ZERO
        case OptionPosition.CASH_SECURED_PUT:
            return strike
        case OptionPosition.NAKED_CALL:
            out_of_money = max(ZERO, strike - spot)
            floor = _NAKED_FLOOR * spot
            return option.premium + max(option.rate * spot - out_of_money, floor)
        case OptionPosition.NAKED_PUT:
            out_of_money = max(ZERO, spot - strike)
            floor = _NAKED_FLOOR * strike
            return option.premium + max(option.rate * spot - out_of_money, floor)
        case OptionPosition.CREDIT_VERTICAL | OptionPosition.DEBIT_VERTICAL:
            return max(ZERO, option.width)


def written_requirement(required: Decimal, value: Decimal) -> Requirement:
    """Return what written options ask for beside their value.

    Args:
        required: Gross, as `option_requirement` says, for all contracts.
        value: What buying them back would cost; of a vertical its net credit value.
    """
    over = max(ZERO, required - value)
    return Requirement(value, over, over, over)


# --- Totals -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reserved:
    """What working buys will need: initial margin of what they would hold, and estimated fees."""

    initial_margin: Decimal = ZERO
    fees: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class MarginTotals:
    """What an account is worth, what it must be worth, and how it stands.

    Attributes:
        margin_call: What is missing to maintenance margin, zero or more.
        is_forced: Whether equity has reached the level at which positions are sold.
    """

    net_assets: Decimal
    init_margin: Decimal
    maintenance_margin: Decimal
    forced_margin: Decimal
    used_financing: Decimal
    max_finance_amount: Decimal
    remaining_finance_amount: Decimal
    buy_power: Decimal
    margin_call: Decimal
    risk_level: RiskLevel
    is_forced: bool


NOTHING_RESERVED: Final = Reserved()


def assess(
    total_cash: Decimal,
    longs: Sequence[Long],
    shorts: Sequence[Requirement] = (),
    *,
    finance_max: Decimal = ZERO,
    reserved: Reserved = NOTHING_RESERVED,
    accrued_interest: Decimal = ZERO,
) -> MarginTotals:
    """Return the totals of an account, all in one currency.

    Args:
        total_cash: Ledger cash, unsettled money and the proceeds of short sales included.
        shorts: Shorts and written options.
        finance_max: Credit limit; zero for a cash account.
        accrued_interest: Not posted yet; negative when it is owed.
    """
    proceeds = sum((one.proceeds for one in shorts), ZERO)
    equity = total_cash + accrued_interest
    equity += sum((one.value for one in longs), ZERO) - sum((one.value for one in shorts), ZERO)
    initial = sum((one.value * one.factors.initial for one in longs), ZERO)
    maintenance = sum((one.value * one.factors.maintenance for one in longs), ZERO)
    forced = sum((one.value * one.factors.forced for one in longs), ZERO)
    initial += sum((one.initial for one in shorts), ZERO)
    maintenance += sum((one.maintenance for one in shorts), ZERO)
    forced += sum((one.forced for one in shorts), ZERO)
    used = max(ZERO, proceeds - total_cash)
    level = _risk_level(bool(used or shorts), equity, initial, maintenance)
    return MarginTotals(
        net_assets=equity,
        init_margin=initial,
        maintenance_margin=maintenance,
        forced_margin=forced,
        used_financing=used,
        max_finance_amount=finance_max,
        remaining_finance_amount=max(ZERO, finance_max - used),
        buy_power=max(ZERO, equity - initial - reserved.initial_margin - reserved.fees),
        margin_call=max(ZERO, maintenance - equity),
        risk_level=level,
        is_forced=level == _DANGER and equity <= forced,
    )


_DANGER: Final = 3


def _risk_level(
    is_exposed: bool, equity: Decimal, initial: Decimal, maintenance: Decimal
) -> RiskLevel:
    """Return the broker's published level: the first that fits, safe whatever the rest if bare."""
    if not is_exposed:
        return 0
    if equity > initial:
        return 1
    return 2 if equity > maintenance else _DANGER


def withdrawable(
    cash: Decimal,
    *,
    receivable: Decimal = ZERO,
    frozen: Decimal = ZERO,
    financed_elsewhere: Decimal = ZERO,
    short_proceeds: Decimal = ZERO,
) -> Decimal:
    """Return how much of one currency may leave an account.

    What is owed for unsettled purchases has left the ledger cash already and is not set against
    what is still to come in.

    Args:
        cash: Ledger cash, unsettled money included.
        receivable: Unsettled proceeds; `frozen`: reserved for working buys, fees included.
        financed_elsewhere: Negative balances of the other currencies, as an amount of this one.
        short_proceeds: Of open shorts, which stay as collateral.
    """
    return max(ZERO, cash - receivable - frozen - financed_elsewhere - short_proceeds)


def default_finance_max(equity_at_start: Decimal, times: Decimal, cap: Decimal) -> Decimal:
    """Return the credit limit of a day: so many times the equity at its start, at most `cap`.

    Args:
        times: The broker's, usually three.
        cap: The broker's, usually ten million Hong Kong dollars, in the currency of the equity.
    """
    return min(max(ZERO, equity_at_start) * times, cap)


# --- How much more ----------------------------------------------------------------------------


def max_quantity(
    *,
    cash: Decimal,
    buy_power: Decimal,
    remaining_finance_amount: Decimal,
    price: Decimal,
    fee_rate: Decimal,
    initial_factor: Decimal,
    lot_size: Decimal,
) -> tuple[Decimal, Decimal]:
    """Return how many shares own money buys, and own money with credit; whole lots.

    Args:
        cash: Available, without the proceeds of short sales; negative when financing is used.
        price: Above zero, with the other amounts in one currency.
        fee_rate: Fees as a fraction of the price.
        initial_factor: Initial margin factor of the security, above zero.
    """
    lot_cost = price * (1 + fee_rate) * lot_size
    own = _lots(cash, lot_cost)
    # Divided once: equity power is buy_power / factor, which need not be a finite decimal.
    by_margin = _lots(buy_power, lot_cost * initial_factor)
    by_credit = _lots(cash + remaining_finance_amount, lot_cost)
    return own * lot_size, min(by_margin, by_credit) * lot_size


def short_capacity(
    buy_power: Decimal, initial_per_share: Decimal, fees_per_share: Decimal
) -> Decimal:
    """Return how many US shares may be sold short."""
    return _lots(buy_power, initial_per_share + fees_per_share)


def _lots(amount: Decimal, each: Decimal) -> Decimal:
    return max(ZERO, amount) // each
