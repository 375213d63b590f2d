"""Corporate actions on accounts: dividends, splits, changes of symbol, ends of warrants.

They take effect when the ex-date begins, before its first trade: whoever held the shares at the
close before has the right to the dividend, which is paid on its pay date. Rights issues lapse. Open
orders do not outlive a split in Hong Kong and on the mainland; in the US they are adjusted with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from portway.core.funds import mark_of
from portway.core.ledger import adjustment_entry, dividend_entry, redemption_entry
from portway.core.matching import step_of
from portway.core.order_checks import estimate_hold, table_of
from portway.core.order_states import WAITING_STATUSES, Step, next_status
from portway.core.state import Account, LiveOrder, Position, State
from portway.model.command import MarketView
from portway.model.corporate_action import CorporateAction, Redemption
from portway.model.decimals import half_up
from portway.model.derivative import option_after_split, successor_symbol
from portway.model.event import (
    DividendDeclared,
    DividendPaid,
    DividendRight,
    Fact,
    OrderReplaced,
    PositionAdjusted,
    ProductRedeemed,
)
from portway.model.order import OrderSide, OrderType
from portway.model.symbol import Market, Symbol, market_of

__all__ = ["CANCELED_MSG", "apply_actions", "pay_dividends"]

ZERO = Decimal(0)
CENTS = 2
REDEEMED_MSG = "canceled: the product has ended"
CANCELED_MSG = "canceled: the security has changed by a corporate action"

Views = Mapping[Symbol, MarketView]


def apply_actions(
    state: State, actions: tuple[CorporateAction | Redemption, ...], views: Views, at: datetime
) -> Iterator[Fact]:
    """Yield what follows from actions whose ex-date begins, one after the other."""
    for action in actions:
        if isinstance(action, Redemption):
            yield from _redeem(state, action, at)
            continue
        view = views.get(action.symbol)
        if action.cash:
            rights = tuple(_rights(state, action, view))
            if rights:
                yield DividendDeclared(action.symbol, action.ex_date, at, rights)
        if action.share_ratio != 1 or action.renamed_to is not None:
            yield from _change_shares(state, action, view, at)
            yield from _change_options(state, action, at)


def pay_dividends(
    state: State, market: Market, trading_day: date, at: datetime
) -> Iterator[DividendPaid]:
    """Yield the payment of every dividend of a market that is due."""
    for right in tuple(state.dividends):
        if market_of(right.symbol) is market and right.pay_date <= trading_day:
            entry = dividend_entry(right.account_no, right.currency, right.gross, right.tax)
            yield DividendPaid(right, at, entry)


def _redeem(state: State, end: Redemption, at: datetime) -> Iterator[Fact]:
    """Yield the end of a structured product: its orders, then what its holders get."""
    for live in tuple(state.orders.values()):
        if live.order.terms.symbol == end.symbol and live.order.order_id in state.orders:
            yield step_of(live, Step.CANCELED, at, ends=True, msg=REDEEMED_MSG)
    for account in state.accounts.values():
        position = account.positions.get(end.symbol)
        if position is None or not position.quantity:
            continue
        cash = half_up(position.quantity * end.cash, CENTS)
        entry = redemption_entry(
            account.account_no,
            (end.symbol, position.quantity),
            position.currency,
            cash,
            end.pay_date,
        )
        yield ProductRedeemed(
            account_no=account.account_no,
            symbol=end.symbol,
            currency=position.currency,
            quantity=position.quantity,
            price=end.cash,
            cash=cash,
            called=end.called,
            at=at,
            entry=entry,
        )


def _rights(
    state: State, action: CorporateAction, view: MarketView | None
) -> Iterator[DividendRight]:
    pay_date = action.pay_date
    if pay_date is None:
        pay_date = view.settles_on if view is not None else action.ex_date
    tax_rate = state.settings.money.dividend_tax(market_of(action.symbol))
    for account in state.accounts.values():
        position = account.positions.get(action.symbol)
        if position is None or not position.quantity:
            continue
        gross = half_up(position.quantity * action.cash, CENTS)
        yield DividendRight(
            account.account_no,
            action.symbol,
            position.currency,
            position.quantity,
            gross,
            half_up(max(ZERO, gross) * tax_rate, CENTS),
            pay_date,
        )


def _change_shares(
    state: State, action: CorporateAction, view: MarketView | None, at: datetime
) -> Iterator[Fact]:
    staying: list[LiveOrder] = []
    for live in tuple(state.orders.values()):
        if live.order.terms.symbol != action.symbol or live.order.order_id not in state.orders:
            continue  # Of another security, or gone with the one before.
        if view is not None and _is_adjusted(live, action):
            staying.append(live)
        else:
            yield step_of(live, Step.CANCELED, at, ends=True, msg=CANCELED_MSG)
    for account in state.accounts.values():
        position = account.positions.get(action.symbol)
        if position is not None and position.quantity:
            yield _adjusted(account, position, action, view, at)
    for live in staying:
        assert view is not None, "orders stay where there is a market"
        if live.order.order_id in state.orders:
            yield from _replaced(state, live, action.share_ratio, view, at)


def _change_options(state: State, action: CorporateAction, at: datetime) -> Iterator[Fact]:
    """Yield new contracts for old: so many for each, at a strike divided by as much.

    Of a ratio that is no whole number, a consolidation for one, contracts stay as they are.
    """
    ratio = action.share_ratio
    for live in tuple(state.orders.values()):
        option = live.order.option
        is_on_it = option is not None and option.underlying == action.symbol
        if is_on_it and live.order.order_id in state.orders:
            yield step_of(live, Step.CANCELED, at, ends=True, msg=CANCELED_MSG)
    if ratio == 1 or ratio % 1:
        return
    for account in state.accounts.values():
        for symbol in tuple(account.options):
            position = account.positions[symbol]
            option = position.option
            if option is not None and option.underlying == action.symbol and position.quantity:
                after = successor_symbol(symbol, option_after_split(option, ratio))
                yield _exchanged(account, symbol, after, position, ratio, at)


def _exchanged(
    account: Account,
    symbol: Symbol,
    after: Symbol,
    position: Position,
    ratio: Decimal,
    at: datetime,
) -> PositionAdjusted:
    quantity = position.quantity * ratio
    return PositionAdjusted(
        account_no=account.account_no,
        symbol=symbol,
        new_symbol=after,
        currency=position.currency,
        ratio=ratio,
        quantity=quantity,
        cost_price=position.cost_price / ratio,
        cash=ZERO,
        at=at,
        entry=adjustment_entry(
            account.account_no,
            (symbol, position.quantity),
            (after, quantity),
            position.currency,
            ZERO,
        ),
    )


def _is_adjusted(live: LiveOrder, action: CorporateAction) -> bool:
    """Tell whether an order lives on with new terms: a plain US limit order not executed yet."""
    order = live.order
    return (
        market_of(action.symbol) is Market.US
        and action.renamed_to is None
        and order.terms.order_type is OrderType.LO
        and not order.executed_quantity
        and not (order.quantity * action.share_ratio) % 1
    )


def _adjusted(
    account: Account,
    position: Position,
    action: CorporateAction,
    view: MarketView | None,
    at: datetime,
) -> PositionAdjusted:
    ratio = action.share_ratio
    exact = position.quantity * ratio
    quantity = exact.quantize(Decimal(1), rounding="ROUND_DOWN")
    cost_price = position.cost_price / ratio
    price = mark_of(view)
    cash = half_up((exact - quantity) * (cost_price if price is None else price), CENTS)
    after = action.renamed_to or action.symbol
    return PositionAdjusted(
        account_no=account.account_no,
        symbol=action.symbol,
        new_symbol=after,
        currency=position.currency,
        ratio=ratio,
        quantity=quantity,
        cost_price=cost_price,
        cash=cash,
        at=at,
        entry=adjustment_entry(
            account.account_no,
            (action.symbol, position.quantity),
            (after, quantity),
            position.currency,
            cash,
        ),
    )


def _replaced(
    state: State, live: LiveOrder, ratio: Decimal, view: MarketView, at: datetime
) -> Iterator[Fact]:
    """Yield the way of an order to terms for the new shares; it queues anew."""
    order = live.order
    assert order.price is not None, "a limit order has a price"
    table, wanted = table_of(view), order.price / ratio
    # Inward: never a worse price than was asked for.
    price = table.below(wanted) if order.terms.side is OrderSide.BUY else table.above(wanted)
    quantity = order.quantity * ratio
    hold = price and estimate_hold(order.terms, price, quantity, None, view, state.settings)
    if not price or not hold:
        yield step_of(live, Step.CANCELED, at, ends=True, msg=CANCELED_MSG)
        return
    is_waiting = order.status in WAITING_STATUSES
    if not is_waiting:
        yield step_of(live, Step.REPLACE_REQUESTED, at)
        yield step_of(live, Step.REPLACE_SENT, at)
    step = Step.REPLACE_REQUESTED if is_waiting else Step.REPLACED
    yield OrderReplaced(
        order_id=order.order_id,
        account_no=order.account_no,
        status=next_status(live.order.status, step),
        at=at,
        quantity=quantity,
        price=price,
        remark=order.terms.remark,
        hold=hold,
        keeps_priority=False,
    )
