"""Whether an account can bear a combination as a whole: its net price, its fees, its margin.

Legs are judged together: what is bought covers what is written. A cash account pays the net price
and covers every leg that it writes; a margin account is asked for what its initial margin rises by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from msgspec import Struct

from portway.core import fees
from portway.core.buying_power import HoldingView, factors_of, options_of
from portway.core.funds import holdings_of, mark_of, summarised
from portway.core.state import Account, State
from portway.model.account import AccountKind, Agreement
from portway.model.command import MarketView
from portway.model.derivative import strike_money
from portway.model.event import RefusalReason
from portway.model.order import OrderSide
from portway.model.symbol import Symbol

__all__ = ["LegTrade", "combination_refusal"]

ZERO = Decimal(0)
R = RefusalReason


class LegTrade(Struct, frozen=True):
    """One leg at its price; `quantity` in shares or contracts."""

    view: MarketView
    side: OrderSide
    quantity: Decimal
    price: Decimal

    @property
    def amount(self) -> Decimal:
        """What it moves: below zero for a sale."""
        whole = self.price * self.quantity * self.view.instrument.multiplier
        return whole if self.side is OrderSide.BUY else -whole

    @property
    def change(self) -> Decimal:
        """What a position changes by."""
        return self.quantity if self.side is OrderSide.BUY else -self.quantity


def combination_refusal(
    state: State, account_no: str, legs: Sequence[LegTrade], views: Mapping[Symbol, MarketView]
) -> RefusalReason | None:
    """Return why an account cannot bear some legs together; None when it can."""
    account = state.accounts[account_no]
    cost = sum((one.amount + _fees(state, one) for one in legs), ZERO)
    if account.kind is AccountKind.CASH:
        return _cash_refusal(account, legs, cost)
    return _margin_refusal(state, account, legs, views, cost)


def _fees(state: State, leg: LegTrade) -> Decimal:
    query = fees.FeeQuery(
        fees.fee_class_of(leg.view.instrument),
        leg.side,
        leg.view.trading_day,
        state.settings.fee_rates,
    )
    return fees.order_total(query, abs(leg.amount), leg.quantity)


def _cash_refusal(
    account: Account, legs: Sequence[LegTrade], cost: Decimal
) -> RefusalReason | None:
    """A cash account covers written calls by shares and written puts by money; nothing is lent."""
    bought = {one.view.instrument.symbol: one.quantity for one in legs if one.change > 0}
    secured = ZERO
    for leg in legs:
        instrument = leg.view.instrument
        option = instrument.option
        short = leg.quantity - max(ZERO, account.available_shares(instrument.symbol))
        if leg.change > 0 or short <= 0:
            continue
        if option is None:
            return R.SHARES_NOT_ENOUGH
        secured += strike_money(option, short)
        shares = account.available_shares(option.underlying) + bought.get(option.underlying, ZERO)
        if option.is_call and short * option.multiplier > shares:
            return R.SHARES_NOT_ENOUGH
    cash = account.available_cash(legs[0].view.instrument.settlement_currency)
    return R.BUYING_POWER_EXCEEDED if cost + secured > cash else None


def _margin_refusal(
    state: State,
    account: Account,
    legs: Sequence[LegTrade],
    views: Mapping[Symbol, MarketView],
    cost: Decimal,
) -> RefusalReason | None:
    before = holdings_of(account, views)
    after = {one.symbol: one for one in before}
    for leg in legs:
        symbol = leg.view.instrument.symbol
        held = after.get(symbol) or _nothing(account, leg, views)
        after[symbol] = replace(held, quantity=held.quantity + leg.change)
    naked = [options_of(some, secured=False).naked for some in (before, list(after.values()))]
    if Agreement.NAKED_OPTIONS not in account.standing.agreements and any(
        contracts > naked[0].get(symbol, ZERO) for symbol, contracts in naked[1].items()
    ):
        return R.OPTION_APPROVAL_MISSING
    now = summarised(state, account, before)
    then = summarised(state, account, list(after.values()))
    money = state.settings.money
    rate = money.rate(legs[0].view.instrument.settlement_currency, account.base_currency)
    # What is paid and what is got have one value: only fees are gone.
    lost = sum((_fees(state, one) for one in legs), ZERO) * rate
    needed = max(ZERO, then.init_margin - now.init_margin) + lost
    if needed > now.buy_power or cost * rate > now.financing_room:
        return R.BUYING_POWER_EXCEEDED
    return None


def _nothing(account: Account, leg: LegTrade, views: Mapping[Symbol, MarketView]) -> HoldingView:
    instrument = leg.view.instrument
    option, price = instrument.option, mark_of(leg.view) or leg.price
    return HoldingView(
        instrument.symbol,
        instrument.settlement_currency,
        ZERO,
        price,
        factors_of(account.kind, instrument, price),
        leg.price,
        option=option,
        spot=None if option is None else mark_of(views.get(option.underlying)),
    )
