"""Every input to the core: what clients ask, what the market did, what the clock reached.

A command is not kept; what follows from it is. The runner stamps it with the market instant and
puts beside it everything the checks need to know of the outside (`Stamped`), so that the core asks
nobody. Instants are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import auto

from msgspec import Struct, field

from portway.model.account import AccountKind, MoneyRules, Standing
from portway.model.corporate_action import CorporateAction, Redemption
from portway.model.instrument import Instrument
from portway.model.money import Currency
from portway.model.order import AttachedTerms, DayAuction, NamedEnum, OrderTerms
from portway.model.quote import Depth, Trade, TradeSession, TradeStatus
from portway.model.session import Phase
from portway.model.symbol import Market, Symbol

__all__ = [
    "AuctionEnded",
    "AuctionLocked",
    "AuctionOpened",
    "CancelOrder",
    "ChangeStanding",
    "CloseAccount",
    "Command",
    "ConfigureVenue",
    "ConvertCash",
    "Deposit",
    "FeeRates",
    "FillModel",
    "MarketMoved",
    "MarketView",
    "OpenAccount",
    "RejectTiming",
    "ReplaceOrder",
    "ResetAccount",
    "SessionEnded",
    "SessionOpened",
    "Stamped",
    "SubmitOrder",
    "TimeReached",
    "TradingDayStarted",
    "VenueSettings",
    "Withdraw",
]


class FillModel(NamedEnum):
    """The written rule by which outside depth fills an order."""

    TOUCH = auto()
    DEPTH = auto()
    QUEUE = auto()


class RejectTiming(NamedEnum):
    """When lack of money or shares is told: after an id was given, or at submission."""

    LATE = auto()
    EARLY = auto()


class FeeRates(Struct, frozen=True):
    """The part of the charges that the venue's owner may set; the rest is law, by date.

    Rates of HK and CN are fractions of the consideration, those of US are per share (options: per
    contract); amounts are in the currency of the security. A None is taken from the dated table of
    the regulator's rates.

    Attributes:
        us_sec_rate: Fraction of what is sold.
    """

    hk_commission_rate: Decimal = Decimal("0.0003")
    hk_commission_min: Decimal = Decimal(3)
    hk_platform_fee: Decimal = Decimal(15)
    us_commission_per_share: Decimal = Decimal("0.0049")
    us_commission_min: Decimal = Decimal("0.99")
    us_commission_max_rate: Decimal = Decimal("0.005")
    us_platform_per_share: Decimal = Decimal("0.005")
    us_platform_min: Decimal = Decimal(1)
    us_platform_max_rate: Decimal = Decimal("0.005")
    us_settlement_per_share: Decimal = Decimal("0.003")
    us_settlement_max_rate: Decimal = Decimal("0.07")
    us_cat_per_share: Decimal = Decimal("0.000003")
    us_sec_rate: Decimal | None = None
    us_taf_per_share: Decimal | None = None
    us_taf_max: Decimal | None = None
    us_option_commission_per_contract: Decimal = Decimal("0.50")
    us_option_commission_min: Decimal = Decimal("0.99")
    us_option_platform_per_contract: Decimal = Decimal("0.50")
    us_option_platform_min: Decimal = Decimal("0.99")
    us_option_exchange_per_contract: Decimal = Decimal("0.18")
    us_option_occ_per_contract: Decimal = Decimal("0.025")
    us_option_occ_max: Decimal = Decimal(55)
    us_option_orf_per_contract: Decimal = Decimal("0.02")
    us_option_taf_per_contract: Decimal | None = None
    cn_commission_rate: Decimal = Decimal("0.0003")
    cn_commission_min: Decimal = Decimal(3)
    cn_platform_fee: Decimal = Decimal(15)


class VenueSettings(Struct, frozen=True):
    """How a venue trades; a fact of its journal, so that recovery needs no configuration.

    Attributes:
        us_market_bound_rate: How far from the arrival mid a US market order may sweep.
        us_quantity_max: Shares of the largest single US order.
        hk_passive_check: Refuse HK limits more than 24 ticks away on the passive side.
        orders_working_max: Working orders an account may have.
        long_term_days_max: Calendar days a GTC order lives, a GTD order may reach ahead, and an
            order may wait for its submit time.
        us_market_wait_seconds: How long a US market order waits for more when it found too little.
        money: Exchange, credit, interest and dividends.
    """

    fill_model: FillModel = FillModel.DEPTH
    rejects: RejectTiming = RejectTiming.LATE
    fee_rates: FeeRates = field(default_factory=FeeRates)
    us_market_bound_rate: Decimal = Decimal("0.05")
    us_quantity_max: int = 1_000_000
    hk_passive_check: bool = False
    orders_working_max: int = 10_000
    long_term_days_max: int = 90
    us_market_wait_seconds: Decimal = Decimal(1)
    money: MoneyRules = field(default_factory=MoneyRules)


class ConfigureVenue(Struct, frozen=True):
    """Make `settings` the venue's; no event when they are already."""

    settings: VenueSettings


class OpenAccount(Struct, frozen=True):
    """Open an account.

    Attributes:
        base_currency: In which the account's totals are shown by default.
        channel: `lb_papertrading` for a paper account.
        finance_max: Credit of a margin account, in its base currency; None: by the venue's rule.
    """

    account_no: str
    name: str
    base_currency: Currency = Currency.HKD
    channel: str = "lb_papertrading"
    kind: AccountKind = AccountKind.CASH
    finance_max: Decimal | None = None
    standing: Standing = Standing()


class ChangeStanding(Struct, frozen=True):
    """Put down what the owner of an account has agreed to and where they live."""

    account_no: str
    standing: Standing


class Deposit(Struct, frozen=True):
    """Pay money in; `amount` above zero."""

    account_no: str
    currency: Currency
    amount: Decimal
    note: str = ""


class Withdraw(Struct, frozen=True):
    """Pay money out; `amount` above zero and at most what may leave the account."""

    account_no: str
    currency: Currency
    amount: Decimal
    note: str = ""


class ConvertCash(Struct, frozen=True):
    """Exchange final money of one currency for another.

    Attributes:
        amount: Of `sold`, above zero.
        rate: `bought` for one unit of `sold`; None: the venue's, with its spread.
    """

    account_no: str
    sold: Currency
    bought: Currency
    amount: Decimal
    rate: Decimal | None = None


class ResetAccount(Struct, frozen=True):
    """Begin anew: orders cancelled, shares and money gone, `deposits` paid in.

    Attributes:
        deposits: Amounts above zero, each currency once.
    """

    account_no: str
    deposits: tuple[tuple[Currency, Decimal], ...] = ()


class CloseAccount(Struct, frozen=True):
    """Close an account that holds nothing and has no working order; it stays readable."""

    account_no: str


class SubmitOrder(Struct, frozen=True):
    """A new order; answered by `OrderAccepted` or `OrderRefused`."""

    account_no: str
    terms: OrderTerms


class ReplaceOrder(Struct, frozen=True):
    """New terms for a working or waiting order.

    Attributes:
        quantity: New total, executed part included; None keeps it.
        price: New limit; None keeps it.
        remark: None keeps it.
    """

    account_no: str
    order_id: int
    quantity: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    limit_offset: Decimal | None = None
    trailing_amount: Decimal | None = None
    trailing_percent: Decimal | None = None
    limit_depth_level: int | None = None
    trigger_count: int | None = None
    monitor_price: Decimal | None = None
    delayed_until: datetime | None = None
    remark: str | None = None
    attached: AttachedTerms | None = None
    cancels_attached: bool = False


class CancelOrder(Struct, frozen=True):
    """Take a working or waiting order back."""

    account_no: str
    order_id: int


class MarketMoved(Struct, frozen=True):
    """What the outside market of one symbol shows now, and what has printed since the last time.

    Attributes:
        session: The continuous session that runs; None: nothing matches continuously.
        depth: The whole present depth; None: unknown, what was shown before no longer holds.
        prints: Price-setting prints since the command before, oldest first, with volume summed per
            price where nothing is lost by it.
        auction: The auction of which `prints` are the result; None: they were printed continuously.
    """

    symbol: Symbol
    at: datetime
    session: TradeSession | None
    depth: Depth | None
    prints: tuple[Trade, ...] = ()
    auction: DayAuction | None = None


class TradingDayStarted(Struct, frozen=True):
    """A trading day begins in a market: what settles on or before it becomes final."""

    market: Market
    trading_day: date
    at: datetime


class SessionOpened(Struct, frozen=True):
    """Continuous matching begins, or begins again after a break: waiting orders are reported."""

    market: Market
    trading_day: date
    session: TradeSession
    at: datetime


class AuctionOpened(Struct, frozen=True):
    """A market's call auction takes orders from now on: those that wait for it are reported."""

    market: Market
    trading_day: date
    auction: DayAuction
    at: datetime


class AuctionLocked(Struct, frozen=True):
    """The no-cancellation stage of an auction begins."""

    market: Market
    trading_day: date
    auction: DayAuction
    at: datetime


class AuctionEnded(Struct, frozen=True):
    """The latest end of an auction: what no print of the outside has ended is matched now."""

    market: Market
    trading_day: date
    auction: DayAuction
    at: datetime


class TimeReached(Struct, frozen=True):
    """An instant for which an order waits: its submit time, or the end of its patience."""

    market: Market
    at: datetime


class SessionEnded(Struct, frozen=True):
    """A session is over for its trading day (a break is not): orders that live no longer expire."""

    market: Market
    trading_day: date
    session: TradeSession
    at: datetime


Command = (
    ConfigureVenue
    | OpenAccount
    | ChangeStanding
    | Deposit
    | Withdraw
    | ConvertCash
    | ResetAccount
    | CloseAccount
    | SubmitOrder
    | ReplaceOrder
    | CancelOrder
    | MarketMoved
    | TradingDayStarted
    | SessionOpened
    | AuctionOpened
    | AuctionLocked
    | AuctionEnded
    | TimeReached
    | SessionEnded
)


class MarketView(Struct, frozen=True):
    """What a decision about one symbol needs to know of its market, at one instant.

    Attributes:
        trading_day: The running trading day, or the next one when the market is closed: the day
            for which a Day order submitted now lives unless its sessions have ended.
        next_trading_day: The one after.
        session: The continuous session that runs; None: closed, in a break or in an auction.
        settles_on: Day on which the cash of an execution of `trading_day` is final.
        sellable_from: First trading day on which shares bought on `trading_day` may be sold.
        depth: Present outside depth; None: unknown.
        last_done: Latest price; None: none yet.
        ended: Sessions of `trading_day` that are already over.
        phase: What the exchange does with the security now; None: only `session` is known.
        reference: Reference price of the closing auction; None outside of it.
        ipo_day: Number of the trading day since the listing, from 1; None when long listed.
        status: Whether the security can be traded at all; while it is halted `session` is None.
        is_price_tested: US: it has fallen by ten percent on this trading day or the one before, so
            that short sales execute only above the best bid.
        is_half_day: Whether the trading day ends early.
        references: From which instant on which price a volatility band hangs on, ascending; empty:
            the security has none.
    """

    instrument: Instrument
    trading_day: date
    next_trading_day: date
    session: TradeSession | None
    settles_on: date
    sellable_from: date
    depth: Depth | None = None
    last_done: Decimal | None = None
    prev_close: Decimal | None = None
    ended: frozenset[TradeSession] = frozenset()
    phase: Phase | None = None
    reference: Decimal | None = None
    ipo_day: int | None = None
    status: TradeStatus = TradeStatus.NORMAL
    is_price_tested: bool = False
    is_half_day: bool = False
    references: tuple[tuple[datetime, Decimal], ...] = ()


class Stamped(Struct, frozen=True):
    """A command with the instant at which it holds and the views it needs.

    Attributes:
        at: Market time of the symbol's market; of the home market (HK) for facts of an account.
        views: For every symbol the command can touch that is known; a symbol that is missing is not
            listed.
        actions: When a trading day begins: what happens to securities that are held or ordered,
            with ex-dates after the day before up to this one, in order.
    """

    command: Command
    at: datetime
    views: Mapping[Symbol, MarketView] = field(default_factory=dict)
    actions: tuple[CorporateAction | Redemption, ...] = ()
