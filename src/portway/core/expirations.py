"""The end of options: exercised or assigned from one cent in the money, else gone without value.

It is told with the trading day after the expiry, before its first trade: that is when shares and
cash are delivered (T+1). What an account cannot pay for, or does not have, lapses. The arithmetic
is `model/payoff.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from portway.core.ledger import option_entry
from portway.core.matching import step_of
from portway.core.order_states import Step
from portway.core.state import Account, Position, State
from portway.model.account import AccountKind
from portway.model.command import MarketView
from portway.model.decimals import half_up
from portway.model.derivative import OptionTerms
from portway.model.event import Fact, OptionExpired
from portway.model.payoff import option_settlement
from portway.model.symbol import Market, Symbol, market_of

__all__ = ["EXPIRED_MSG", "expire_options"]

ZERO = Decimal(0)
CENTS = 2
EXPIRED_MSG = "expired with the option"


def expire_options(
    state: State,
    market: Market,
    trading_day: date,
    views: Mapping[Symbol, MarketView],
    at: datetime,
) -> Iterator[Fact]:
    """Yield the ends of the options of a market that expired before `trading_day`.

    An option whose underlying shows no close yet waits for the next day.
    """
    for live in state.live_in(market):
        option = live.order.option
        is_due = option is not None and option.expiry < trading_day
        if is_due and live.order.order_id in state.orders:
            yield step_of(live, Step.EXPIRED, at, ends=True, msg=EXPIRED_MSG)
    for account in state.accounts.values():
        for symbol in tuple(account.options):
            position = account.positions[symbol]
            option = position.option
            if option is None or option.expiry >= trading_day or market_of(symbol) is not market:
                continue
            view = views.get(option.underlying)
            if view is not None and view.prev_close is not None and position.quantity:
                yield _expired(account, symbol, position, option, view.prev_close, at)


def _expired(
    account: Account,
    symbol: Symbol,
    position: Position,
    option: OptionTerms,
    close: Decimal,
    at: datetime,
) -> OptionExpired:
    end = option_settlement(option, int(position.quantity), close)
    shares, cash = Decimal(end.shares), half_up(end.cash, CENTS)
    lapses = position.quantity > 0 and not _can_exercise(account, position, option, shares, cash)
    if lapses:
        shares = cash = ZERO
    return OptionExpired(
        account_no=account.account_no,
        symbol=symbol,
        option=option,
        currency=position.currency,
        contracts=position.quantity,
        close=close,
        shares=shares,
        cash=cash,
        at=at,
        entry=option_entry(
            account.account_no,
            (symbol, position.quantity),
            (option.underlying, shares),
            position.currency,
            cash,
        ),
        is_exercised=end.exercised and not lapses,
    )


def _can_exercise(
    account: Account, position: Position, option: OptionTerms, shares: Decimal, cash: Decimal
) -> bool:
    """Tell whether a cash account can pay for the shares it would get, or has those it would give.

    A margin account may borrow both.
    """
    if account.kind is AccountKind.MARGIN:
        return True
    if shares < 0 and -shares > account.available_shares(option.underlying):
        return False
    return -cash <= account.available_cash(position.currency)
