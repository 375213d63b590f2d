"""Securities: what an instrument is, on which prices it may trade and in which quantities.

Owns the tick tables of every class, each with the date from which it holds (a table's arithmetic is
in `spread.py`), and the rules of board lots and order sizes. It knows neither which securities are
listed (that is reference data) nor any price or position: those arrive with the question. Prices
are in the instrument's currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from portway.model.derivative import OptionTerms, WarrantTerms
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderType
from portway.model.spread import Band, Boundary, SpreadTable, ladder
from portway.model.symbol import Market, Symbol, market_of

__all__ = [
    "Band",
    "Board",
    "Boundary",
    "Derivative",
    "Instrument",
    "NoSpreadTable",
    "OrderSizeLimits",
    "QuantityRefusal",
    "SecurityClass",
    "SpreadTable",
    "is_index_board",
    "PHASE_1_FROM",
    "PHASE_2_FROM",
    "order_size_max",
    "quantity_refusal",
    "spread_table",
]


class SecurityClass(StrEnum):
    """What kind of security it is: decides tick table, sessions, fees and settlement."""

    EQUITY = "equity"  # HK: Part A
    REIT = "reit"
    EQUITY_WARRANT = "equity_warrant"
    ETP = "etp"  # HK: Part D
    WARRANT = "warrant"  # HK: Part E, as the two below
    CBBC = "cbbc"
    INLINE = "inline"
    DEBT = "debt"  # HK: Part B
    FIXED_INCOME_ETP = "fixed_income_etp"
    STOCK = "stock"  # US
    ETF = "etf"  # US and CN
    US_WARRANT = "us_warrant"
    OPTION_PENNY = "option_penny"
    OPTION_ALL_PENNY = "option_all_penny"  # SPY, QQQ, IWM
    OPTION_OTHER = "option_other"
    OPTION_SPX = "option_spx"
    A_SHARE = "a_share"  # CN
    B_SHARE_SH = "b_share_sh"
    B_SHARE_SZ = "b_share_sz"
    INDEX = "index"


OPTION_CLASSES: Final = frozenset(
    {
        SecurityClass.OPTION_PENNY,
        SecurityClass.OPTION_ALL_PENNY,
        SecurityClass.OPTION_OTHER,
        SecurityClass.OPTION_SPX,
    }
)
# Options and HK structured products: what they are worth follows from another security.
DERIVATIVE_CLASSES: Final = OPTION_CLASSES | {
    SecurityClass.WARRANT,
    SecurityClass.CBBC,
    SecurityClass.INLINE,
}


class Board(StrEnum):
    """Boards as static info names them; the client's candlestick merge depends on them."""

    US_MAIN = "USMain"
    US_PINK = "USPink"
    US_DJI = "USDJI"
    US_NSDQ = "USNSDQ"
    US_SECTOR = "USSector"
    US_OPTION = "USOption"
    US_OPTION_S = "USOptionS"  # options that trade to 16:15
    HK_EQUITY = "HKEquity"
    HK_PRE_IPO = "HKPreIPO"
    HK_WARRANT = "HKWarrant"
    HK_HS = "HKHS"
    HK_SECTOR = "HKSector"
    SPX_INDEX = "SPXIndex"
    VIX_INDEX = "VIXIndex"
    SH_MAIN_CONNECT = "SHMainConnect"
    SH_MAIN_NON_CONNECT = "SHMainNonConnect"
    SH_STAR = "SHSTAR"
    CN_IX = "CNIX"
    CN_SECTOR = "CNSector"
    SZ_MAIN_CONNECT = "SZMainConnect"
    SZ_MAIN_NON_CONNECT = "SZMainNonConnect"
    SZ_GEM_CONNECT = "SZGEMConnect"
    SZ_GEM_NON_CONNECT = "SZGEMNonConnect"
    SG_MAIN = "SGMain"
    STI = "STI"
    SG_SECTOR = "SGSector"

    @property
    def is_index(self) -> bool:
        """Whether its members are indexes or sectors: values without trades of their own."""
        return self in _INDEX_BOARDS


_INDEX_BOARDS: Final = frozenset(
    {
        Board.US_DJI,
        Board.US_NSDQ,
        Board.US_SECTOR,
        Board.HK_HS,
        Board.HK_SECTOR,
        Board.CN_IX,
        Board.CN_SECTOR,
        Board.STI,
        Board.SG_SECTOR,
        Board.SPX_INDEX,
        Board.VIX_INDEX,
    }
)
GROWTH_BOARDS: Final = frozenset({Board.SZ_GEM_CONNECT, Board.SZ_GEM_NON_CONNECT})  # ChiNext


def is_index_board(board: Board) -> bool:
    """Tell whether clients build the board's candlesticks from quote pushes alone."""
    return board.is_index


class Derivative(IntEnum):
    """Derivatives written on a security; numbers of the quote protocol."""

    OPTION = 1
    WARRANT = 2


_SETTLEMENT: Final = {"HKD": Currency.HKD, "USD": Currency.USD, "CNY": Currency.CNH}


@dataclass(frozen=True, slots=True)
class Instrument:
    """One security or index, as the reference tables describe it.

    Attributes:
        name_cn: Simplified Chinese; `name_hk` is traditional.
        exchange: As static info spells it: SEHK, NASD, NYSE, AMEX, SSE, SZSE.
        currency: As static info spells it: HKD, USD, CNY, SGD.
        lot_size: Shares in a board lot (US: 1; options: contracts).
        total_shares: Shares; `circulating_shares` is never more. Indexes: 0.
        hk_shares: Shares of the Hong Kong class; 0 outside HK.
        eps: Earnings per share of the last full year; `eps_ttm` of the last twelve months.
        bps: Net assets per share.
        dividend: Dividends of the last twelve months, per share.
        listing_date: First trading day, None for indexes.
        stamp_duty: Whether sales and purchases in HK bear the stamp duty.
        indexes: The indexes it is a member of, listed here or not.
        overnight: Whether it trades in the US overnight session.
        pos_eligible: Whether the HK pre-opening session takes it.
        cas_eligible: Whether the HK closing auction takes it.
        vcm_eligible: Whether the HK volatility control mechanism watches it.
        short_sell: Whether HK allows covered short sales of it.
        risk_warning: Whether the mainland marks it ST or *ST.
        tracks_growth_board: Whether it is a mainland fund on an index of STAR or ChiNext.
        expiry_date: Of options, warrants, CBBCs and bonds; None for others, or if not known.
        option: Terms of an option; None for others.
        warrant: Terms of a warrant, CBBC or inline warrant; None for others, or when they are not
            known.
        market: The market of its symbol.
    """

    symbol: Symbol
    name_en: str
    name_cn: str
    name_hk: str
    exchange: str
    currency: str
    lot_size: int
    board: Board
    security_class: SecurityClass
    total_shares: int = 0
    circulating_shares: int = 0
    hk_shares: int = 0
    eps: Decimal = Decimal(0)
    eps_ttm: Decimal = Decimal(0)
    bps: Decimal = Decimal(0)
    dividend: Decimal = Decimal(0)
    stock_derivatives: tuple[Derivative, ...] = ()
    listing_date: date | None = None
    stamp_duty: bool = False
    indexes: tuple[Symbol, ...] = ()
    overnight: bool = False
    pos_eligible: bool = False
    cas_eligible: bool = False
    vcm_eligible: bool = False
    short_sell: bool = False
    risk_warning: bool = False
    tracks_growth_board: bool = False
    expiry_date: date | None = None
    option: OptionTerms | None = None
    warrant: WarrantTerms | None = None
    # Asked a dozen times for every order: found once.
    market: Market = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "market", market_of(self.symbol))

    @property
    def settlement_currency(self) -> Currency:
        """The account currency it is paid in: CNY securities settle in CNH.

        Raises:
            KeyError: For currencies no account holds (SGD).
        """
        return _SETTLEMENT[self.currency]

    @property
    def multiplier(self) -> int:
        """Shares behind one unit of it: 1, or those of an option contract."""
        return 1 if self.option is None else self.option.multiplier

    @property
    def is_index(self) -> bool:
        """Whether it is a value without trades of its own."""
        return self.board.is_index

    def in_index(self, index: str) -> bool:
        """Tell whether it is a member of the index with that symbol."""
        return index in self.indexes


# --- Ticks ------------------------------------------------------------------------------------


class NoSpreadTable(LookupError):
    """The market has no tick table for that class."""


# HK Part A as it was until 3 August 2025; structured products (Part E) still use it.
_HK_TOP = "200:0.1 500:0.2 1000:0.5 2000:1 5000:2 9995:5"
_HK_OLD = ladder("0.01", f"0.25:0.001 0.5:0.005 10:0.01 20:0.02 100:0.05 {_HK_TOP}")
# First reduction, 4 August 2025: 10 to 20 and 20 to 50.
_HK_PHASE_1 = ladder("0.01", f"0.25:0.001 0.5:0.005 20:0.01 50:0.02 100:0.05 {_HK_TOP}")
# Second reduction, mid-2026: 0.50 to 10 as well.
_HK_PHASE_2 = ladder("0.01", f"0.25:0.001 10:0.005 20:0.01 50:0.02 100:0.05 {_HK_TOP}")
# Part D, exchange traded products, since June 2020.
_HK_ETP = ladder(
    "0.01",
    "1:0.001 5:0.002 10:0.005 20:0.01 100:0.02 200:0.05 500:0.1 1000:0.2 2000:0.5 9999:1",
)
# Part B: debt securities; fixed-income funds have their own steps.
_HK_DEBT = ladder("0.5", "9999.95:0.05")
_HK_FIXED_INCOME = ladder("0.01", "100:0.01 9999.95:0.05", Boundary.UPPER_BAND)

_US_STOCK = ladder("0.0001", "1:0.0001 *:0.01", Boundary.UPPER_BAND)
_US_PENNY = ladder("0.01", "3:0.01 *:0.05", Boundary.UPPER_BAND)
_US_NICKEL = ladder("0.05", "3:0.05 *:0.1", Boundary.UPPER_BAND)
_CENT = ladder("0.01", "*:0.01", Boundary.UPPER_BAND)
_MILL = ladder("0.001", "*:0.001", Boundary.UPPER_BAND)

PHASE_1_FROM: Final = date(2025, 8, 4)
# The exchange announced "mid-2026"; a setting wherever it matters.
PHASE_2_FROM: Final = date(2026, 7, 6)

_PART_A: Final = frozenset({SecurityClass.EQUITY, SecurityClass.REIT, SecurityClass.EQUITY_WARRANT})
_TABLES: Final = {
    (Market.HK, SecurityClass.ETP): _HK_ETP,
    (Market.HK, SecurityClass.WARRANT): _HK_OLD,
    (Market.HK, SecurityClass.CBBC): _HK_OLD,
    (Market.HK, SecurityClass.INLINE): _HK_OLD,
    (Market.HK, SecurityClass.DEBT): _HK_DEBT,
    (Market.HK, SecurityClass.FIXED_INCOME_ETP): _HK_FIXED_INCOME,
    (Market.US, SecurityClass.STOCK): _US_STOCK,
    (Market.US, SecurityClass.ETF): _US_STOCK,
    (Market.US, SecurityClass.US_WARRANT): _US_STOCK,
    (Market.US, SecurityClass.OPTION_PENNY): _US_PENNY,
    (Market.US, SecurityClass.OPTION_ALL_PENNY): _CENT,
    (Market.US, SecurityClass.OPTION_OTHER): _US_NICKEL,
    (Market.US, SecurityClass.OPTION_SPX): _US_NICKEL,
    (Market.CN, SecurityClass.A_SHARE): _CENT,
    (Market.CN, SecurityClass.ETF): _MILL,
    (Market.CN, SecurityClass.DEBT): _MILL,
    (Market.CN, SecurityClass.B_SHARE_SH): _MILL,
    (Market.CN, SecurityClass.B_SHARE_SZ): _CENT,
    # Values of an index are published with two decimals.
    (Market.HK, SecurityClass.INDEX): _CENT,
    (Market.US, SecurityClass.INDEX): _CENT,
    (Market.CN, SecurityClass.INDEX): _CENT,
}


@lru_cache(maxsize=4096)
def spread_table(
    market: Market, security_class: SecurityClass, on: date, phase2_from: date = PHASE_2_FROM
) -> SpreadTable:
    """Return the tick table of a class on a trading day.

    Args:
        phase2_from: First day of the second HK reduction (Part A), a setting until the exchange
            names the day.

    Raises:
        NoSpreadTable: If the market has no such class.
    """
    if market == Market.HK and security_class in _PART_A:
        if on >= phase2_from:
            return _HK_PHASE_2
        return _HK_PHASE_1 if on >= PHASE_1_FROM else _HK_OLD
    table = _TABLES.get((market, security_class))
    if table is None:
        raise NoSpreadTable(f"{market} has no tick table for {security_class}")
    return table


# --- Lots and order sizes ---------------------------------------------------------------------


class QuantityRefusal(StrEnum):
    """Why the exchange would not take an order of that size."""

    NOT_POSITIVE = "not_positive"
    FRACTIONAL = "fractional"
    ODD_LOT_QUANTITY = "odd_lot_quantity"
    LOT_MULTIPLE = "lot_multiple"
    MIN_QUANTITY = "min_quantity"
    MAX_QUANTITY = "max_quantity"
    NOT_ENOUGH_SHARES = "not_enough_shares"


class OrderSizeLimits(Struct, frozen=True):
    """The largest single orders, in shares (options: contracts; `hk_lots`: board lots).

    Attributes:
        hk_shares_below: An HK order stays below this many shares, whatever its lots.
    """

    hk_lots: int = 3_000
    hk_shares_below: int = 100_000_000
    us_shares: int = 1_000_000
    us_contracts: int = 10_000
    cn_main: int = 1_000_000
    cn_growth: int = 300_000
    cn_star: int = 100_000
    cn_funds: int = 1_000_000


DEFAULT_LIMITS: Final = OrderSizeLimits()


def order_size_max(
    market: Market,
    security_class: SecurityClass,
    board: Board,
    lot_size: int,
    limits: OrderSizeLimits = DEFAULT_LIMITS,
) -> int | None:
    """Return the largest quantity of one order; None where the market names no limit."""
    match market:
        case Market.HK:
            return min(limits.hk_lots * lot_size, limits.hk_shares_below - 1)
        case Market.US:
            is_option = security_class in OPTION_CLASSES
            return limits.us_contracts if is_option else limits.us_shares
        case Market.CN if security_class is SecurityClass.ETF:
            return limits.cn_funds
        case Market.CN if board is Board.SH_STAR:
            return limits.cn_star
        case Market.CN:
            return limits.cn_growth if board in GROWTH_BOARDS else limits.cn_main
    return None


def quantity_refusal(
    quantity: Decimal,
    *,
    market: Market,
    security_class: SecurityClass,
    board: Board,
    lot_size: int,
    order_type: OrderType,
    side: OrderSide,
    holding: int = 0,
    limits: OrderSizeLimits = DEFAULT_LIMITS,
) -> QuantityRefusal | None:
    """Return the first reason why an order of `quantity` is refused, or None when it may stand.

    Precedence: not positive, fractional; then HK: lot, maximum; CN: maximum, shares held, minimum,
    lot. Only CN sells look at what is held: an odd remainder may be sold, but never divided.

    Args:
        quantity: Shares, or contracts of an option.
        holding: Shares available to sell, whole; read for CN sells alone.
    """
    if quantity <= 0:
        return QuantityRefusal.NOT_POSITIVE
    if quantity != (whole := int(quantity)):
        return QuantityRefusal.FRACTIONAL
    largest = order_size_max(market, security_class, board, lot_size, limits)
    too_large = largest is not None and whole > largest
    if market is Market.CN:
        if too_large:
            return QuantityRefusal.MAX_QUANTITY
        is_star = board is Board.SH_STAR and security_class is not SecurityClass.ETF
        return _cn_refusal(whole, lot_size, is_star, None if side is OrderSide.BUY else holding)
    if order_type is OrderType.ODD:
        return None if whole < lot_size else QuantityRefusal.ODD_LOT_QUANTITY
    if whole % lot_size:
        return QuantityRefusal.LOT_MULTIPLE
    return QuantityRefusal.MAX_QUANTITY if too_large else None


def _cn_refusal(
    quantity: int, lot_size: int, is_star: bool, holding: int | None
) -> QuantityRefusal | None:
    """Apply the lot rules of the mainland; `holding` is None for a buy."""
    if holding is not None and quantity > holding:
        return QuantityRefusal.NOT_ENOUGH_SHARES
    if is_star:
        # From one lot on, STAR goes in single shares; less than a lot is sold whole or not at all.
        sells_out = quantity == holding
        return None if quantity >= lot_size or sells_out else QuantityRefusal.MIN_QUANTITY
    odd = quantity % lot_size
    if not odd or (holding is not None and odd == holding % lot_size):
        return None
    return QuantityRefusal.LOT_MULTIPLE
