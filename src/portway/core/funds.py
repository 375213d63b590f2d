"""Whether an account can pay for an order: its own money, its credit, or shares to borrow.

A cash account reserves the whole price in the order's currency. A margin account needs buying power
for the initial margin and room within its credit for the money; selling US shares it does not have
takes buying power as well. Prices are those of the views that came with the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from portway.core.buying_power import (
    CashView,
    HoldingView,
    Summary,
    factors_of,
    options_of,
    summarise,
)
from portway.core.interest import day_basis
from portway.core.margin import FULL, short_requirement
from portway.core.matching import Floor
from portway.core.order_checks import affordability_refusal
from portway.core.standing_checks import loan_refusal
from portway.core.state import Account, Position, State
from portway.model.account import AccountKind, Agreement
from portway.model.command import MarketView
from portway.model.derivative import OptionTerms, strike_money
from portway.model.event import NO_HOLD, Hold, RefusalReason
from portway.model.order import OrderSide
from portway.model.quote import TradeSession
from portway.model.symbol import Symbol

__all__ = [
    "accrued_interest",
    "cash_views",
    "funds_refusal",
    "holdings_of",
    "mark_of",
    "summarised",
    "summary_of",
]

ZERO = Decimal(0)
Views = Mapping[Symbol, MarketView]
R = RefusalReason


def mark_of(view: MarketView | None) -> Decimal | None:
    """Return the price at which a position counts: the latest, else the previous close."""
    return (view.last_done or view.prev_close or None) if view is not None else None


def accrued_interest(account: Account) -> dict[str, Decimal]:
    """Return what has accrued and is not posted, by currency code, exact."""
    if not account.accrued:
        return {}
    sums: dict[str, Decimal] = {}
    for weights in account.accrued.values():
        for currency, weight in weights.items():
            owed = weight / day_basis(currency)
            sums[currency.value] = sums.get(currency.value, ZERO) + owed
    return sums


def cash_views(account: Account) -> list[CashView]:
    """Return the money of an account, by currency."""
    interest = accrued_interest(account)
    return [
        CashView(
            currency,
            purse.cash,
            purse.frozen_cash + account.pledged_cash(currency),
            purse.frozen_fees,
            purse.receivable,
            purse.payable,
            interest.get(currency.value, ZERO),
        )
        for currency, purse in account.purses.items()
    ]


def summary_of(state: State, account: Account, views: Views) -> Summary:
    """Return the totals of an account in its base currency, at the prices of `views`.

    A position without a view counts at its cost, and in full.
    """
    return summarised(state, account, holdings_of(account, views))


def summarised(state: State, account: Account, holdings: list[HoldingView]) -> Summary:
    """Return the totals of an account as if it held `holdings`."""
    return summarise(
        cash_views(account),
        holdings,
        currency=account.base_currency,
        rates=state.settings.money.rates(account.base_currency),
        finance_max=account.credit,
        secured=account.kind is AccountKind.CASH,
    )


def holdings_of(account: Account, views: Views) -> list[HoldingView]:
    """Return what an account holds, owes and has ordered, at the prices of `views`."""
    return [
        _holding(account, symbol, position, views)
        for symbol, position in account.positions.items()
        if not position.is_idle
    ]


def _holding(account: Account, symbol: Symbol, position: Position, views: Views) -> HoldingView:
    view, option = views.get(symbol), position.option
    price = mark_of(view)
    return HoldingView(
        symbol,
        position.currency,
        position.quantity,
        position.cost_price if price is None else price,
        factors=FULL if view is None else factors_of(account.kind, view.instrument, price),
        cost_price=position.cost_price,
        reserved=position.buying,
        shorting=position.shorting,
        option=option,
        spot=None if option is None else mark_of(views.get(option.underlying)),
    )


def funds_refusal(
    floor: Floor,
    account: Account,
    side: OrderSide,
    leaves: Decimal,
    hold: Hold | None,
    freed: Hold = NO_HOLD,
) -> RefusalReason | None:
    """Return why the account cannot cover `hold`; None when it can.

    Args:
        leaves: Open shares of the order.
        hold: What the order would reserve; None: there is no price to reserve by.
        freed: What its present terms have reserved.
    """
    if side is OrderSide.SELL and hold is not None and floor.view.instrument.option is not None:
        return _writing_refusal(floor, account, floor.view.instrument.option, hold, freed)
    if account.kind is AccountKind.CASH or hold is None:
        return affordability_refusal(account, side, floor.view, hold, freed)
    if side is OrderSide.SELL:
        return _short_refusal(floor, account, hold, freed)
    return _credit_refusal(floor, account, leaves, hold, freed)


def _credit_refusal(
    floor: Floor, account: Account, leaves: Decimal, hold: Hold, freed: Hold
) -> RefusalReason | None:
    """Return why a margin account cannot buy."""
    instrument, view = floor.view.instrument, floor.view
    money = floor.state.settings.money
    rate = money.rate(instrument.settlement_currency, account.base_currency)
    summary = summary_of(floor.state, account, floor.views)
    spent = (hold.cash + hold.fees - freed.cash - freed.fees) * rate
    position = account.positions.get(instrument.symbol)
    if position is not None and leaves <= -position.quantity and position.buying == freed.cash:
        # Buying back what is short makes the account safer: the proceeds pay for it.
        room = summary.financing_room + summary.short_proceeds
        return R.BUYING_POWER_EXCEEDED if spent > max(ZERO, room) else None
    factor = factors_of(account.kind, instrument, mark_of(view)).initial
    needed = (factor * (hold.cash - freed.cash) + hold.fees - freed.fees) * rate
    if max(ZERO, needed) > summary.buy_power or max(ZERO, spent) > summary.financing_room:
        return R.BUYING_POWER_EXCEEDED
    return None


def _short_refusal(floor: Floor, account: Account, hold: Hold, freed: Hold) -> RefusalReason | None:
    """Return why a margin account cannot sell: beyond what it has only what it may borrow."""
    instrument = floor.view.instrument
    own = max(ZERO, account.available_shares(instrument.symbol) + freed.shares)
    short, before = max(ZERO, hold.shares - own), max(ZERO, freed.shares - own)
    if not short:
        return None
    money = floor.state.settings.money
    if floor.view.session is TradeSession.OVERNIGHT:
        return R.SHARES_NOT_ENOUGH
    reason = loan_refusal(account.kind, account.standing, instrument, money)
    if reason is not None:
        return reason
    price = mark_of(floor.view)
    if price is None:
        return R.NO_OPPOSITE_QUOTE
    needed = short_requirement(short, price, price, instrument.market).initial
    needed -= short_requirement(before, price, price, instrument.market).initial
    rate = money.rate(instrument.settlement_currency, account.base_currency)
    buy_power = summary_of(floor.state, account, floor.views).buy_power
    return R.BUYING_POWER_EXCEEDED if max(ZERO, needed) * rate > buy_power else None


def _writing_refusal(
    floor: Floor, account: Account, option: OptionTerms, hold: Hold, freed: Hold
) -> RefusalReason | None:
    """Return why an account cannot write the contracts that it would sell beyond what it has.

    A cash account writes calls against shares and puts against their strike in cash.
    """
    symbol = floor.view.instrument.symbol
    own = max(ZERO, account.available_shares(symbol) + freed.shares)
    writes = max(ZERO, hold.shares - own) - max(ZERO, freed.shares - own)
    if writes <= 0:
        return None
    if account.kind is AccountKind.MARGIN:
        return _margin_refusal(floor, account, option, writes)
    if option.is_call:
        free = account.available_shares(option.underlying)
        return R.SHARES_NOT_ENOUGH if writes * option.multiplier > free else None
    cash = account.available_cash(floor.view.instrument.settlement_currency)
    return R.BUYING_POWER_EXCEEDED if strike_money(option, writes) > cash else None


def _margin_refusal(
    floor: Floor, account: Account, option: OptionTerms, writes: Decimal
) -> RefusalReason | None:
    """Return why a margin account cannot write: its initial margin would rise beyond its power."""
    instrument = floor.view.instrument
    before = holdings_of(account, floor.views)
    position = account.positions.get(instrument.symbol) or Position(
        instrument.settlement_currency, option=option
    )
    own = _holding(account, instrument.symbol, position, floor.views)
    after = [one for one in before if one.symbol != own.symbol]
    after.append(replace(own, shorting=own.shorting + writes))
    naked = [options_of(some, secured=False).naked for some in (before, after)]
    is_naked = naked[1].get(own.symbol, ZERO) > naked[0].get(own.symbol, ZERO)
    if is_naked and Agreement.NAKED_OPTIONS not in account.standing.agreements:
        return R.OPTION_APPROVAL_MISSING
    now = summarised(floor.state, account, before)
    needed = summarised(floor.state, account, after).init_margin - now.init_margin
    return R.BUYING_POWER_EXCEEDED if needed > now.buy_power else None
