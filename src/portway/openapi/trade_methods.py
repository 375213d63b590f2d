"""What a trade context can do, method by method; the asyncio twin is written from this file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from uuid import uuid4

from portway.openapi.asset_types import (
    AccountBalance,
    CashFlow,
    FundPositionsResponse,
    MarginRatio,
    StockPositionsResponse,
)
from portway.openapi.attached import ReplaceAttachedParams, SubmitAttachedParams
from portway.openapi.calls import asset as asset_calls
from portway.openapi.calls import topics as topic_calls
from portway.openapi.calls import trade as calls
from portway.openapi.calls.arguments import Number
from portway.openapi.config import Config
from portway.openapi.context import Outcome, SyncContext, Work
from portway.openapi.enums import Market
from portway.openapi.errors import NotAvailable
from portway.openapi.order_types import (
    AllExecutionsResponse,
    EstimateMaxPurchaseQuantityResponse,
    Execution,
    Order,
    OrderDetail,
    PushGridOrderChanged,
    PushOrderChanged,
    SubmitOrderResponse,
)
from portway.openapi.trade_enums import (
    BalanceType,
    MultiLegStrategy,
    OrderSide,
    OrderStatus,
    OrderType,
    OutsideRTH,
    TimeInForceType,
    TopicType,
)

__all__ = ["TradeMethods"]


class TradeMethods(SyncContext):
    """Orders, executions, money and holdings."""

    def set_on_order_changed(self, callback: Callable[[PushOrderChanged], Outcome] | None) -> None:
        """Call `callback(event)` when an order changes; `None` removes it.

        Needs `subscribe([TopicType.Private])`. Callbacks of a context run one after the other, in
        order of arrival, on a thread of their own. They may make calls and set callbacks. What
        they raise is logged.
        """
        self._set("order", callback)

    def set_on_grid_order_changed(
        self, callback: Callable[[PushGridOrderChanged], Outcome] | None
    ) -> None:
        """Call `callback(event)` when a grid order changes; see `set_on_order_changed`."""
        self._set("grid_order", callback)

    def subscribe(self, topics: Sequence[TopicType]) -> None:
        """Have topics pushed; connects the trade socket."""
        wanted = topic_calls.topic_names(topics)
        work: Work[None] = lambda core: core.subscribe(wanted)
        return self._do(work)

    def unsubscribe(self, topics: Sequence[TopicType]) -> None:
        """Have topics pushed no more."""
        unwanted = topic_calls.topic_names(topics)
        work: Work[None] = lambda core: core.unsubscribe(unwanted)
        return self._do(work)

    # ------------------------------------------------------------------------------- orders

    def submit_order(
        self,
        symbol: str,
        order_type: OrderType,
        side: OrderSide,
        submitted_quantity: Number,
        time_in_force: TimeInForceType,
        submitted_price: Number | None = None,
        trigger_price: Number | None = None,
        limit_offset: Number | None = None,
        trailing_amount: Number | None = None,
        trailing_percent: Number | None = None,
        expire_date: date | None = None,
        outside_rth: OutsideRTH | None = None,
        limit_depth_level: int | str | None = None,
        trigger_count: int | None = None,
        monitor_price: Number | None = None,
        remark: str | None = None,
        client_request_id: str | None = None,
        attached_params: SubmitAttachedParams | None = None,
        delayed_until: datetime | None = None,
    ) -> SubmitOrderResponse:
        """Submit an order and return its id once the service has accepted it.

        Sent again when it is unknown what became of it, under the same `client_request_id`: the
        service takes it once. After a `RequestTimeout` call again with the same id, or look for
        it with `today_orders`.

        Args:
            symbol: As `700.HK`.
            order_type: How it finds its price.
            side: Buy or sell.
            submitted_quantity: In shares or contracts; a whole number of lots.
            time_in_force: How long it may work.
            submitted_price: Limit, in the security's currency; for LO, ELO, ALO, ODD, LIT, SLO.
            trigger_price: For LIT and MIT.
            limit_offset: Distance of the limit from the trigger, for TSLPAMT and TSLPPCT.
            trailing_amount: In the security's currency, for TSLPAMT and TSMAMT.
            trailing_percent: 0.5 is half a percent, for TSLPPCT and TSMPCT.
            expire_date: Last day, for `GoodTilDate`.
            outside_rth: Sessions in which an order for a US stock may trade.
            limit_depth_level: Level of the book that a trailing order follows: bids below zero,
                asks above. A `str` here is the remark, which `longport` has at this place.
            trigger_count: How often within a minute the condition has to be met, 0..3.
            monitor_price: A trailing order watches once this price was reached.
            remark: Text of yours, at most 255 characters.
            client_request_id: Names this order; generated if left out (`Config.order_retries`).
            attached_params: Take-profit and stop-loss orders.
            delayed_until: Report the order at this time; without a zone in UTC.

        Raises:
            TypeError: An argument has the wrong type; nothing was sent.
            ArgumentError: An argument cannot be sent; nothing was sent.
            NotAvailable: `Config.paper_only` is set and the address is not simulated.
            OpenApiException: The service refused; `code` says why.
            RequestTimeout: No answer in time; the service may have taken the order.
        """
        call = calls.submit_order(
            symbol,
            order_type,
            side,
            submitted_quantity,
            time_in_force,
            submitted_price,
            trigger_price,
            limit_offset,
            trailing_amount,
            trailing_percent,
            expire_date,
            outside_rth,
            limit_depth_level,
            trigger_count,
            monitor_price,
            remark,
            _request_id(self._config, client_request_id),
            attached_params,
            delayed_until,
        )
        _check_paper(self._config)
        return self._call(call)

    def submit_multileg(
        self,
        side: OrderSide,
        order_type: OrderType,
        submitted_quantity: Number,
        strategy: MultiLegStrategy,
        legs: Sequence[tuple[str, Number]],
        submitted_price: Number | None = None,
        remark: str | None = None,
        client_request_id: str | None = None,
        delayed_until: datetime | None = None,
    ) -> SubmitOrderResponse:
        """Submit an order in several options at once; see `submit_order`.

        Args:
            side: Buy or sell the combination.
            order_type: LO or MO.
            submitted_quantity: Number of combinations.
            strategy: What the legs are together.
            legs: Pairs of symbol and ratio.
            submitted_price: Net price, for LO.
            remark: Text of yours, at most 255 characters.
            client_request_id: Names this order; generated if left out.
            delayed_until: Report the order at this time; without a zone in UTC.

        Raises:
            OpenApiException: As `submit_order`.
        """
        call = calls.submit_multileg(
            side,
            order_type,
            submitted_quantity,
            strategy,
            legs,
            submitted_price,
            remark,
            _request_id(self._config, client_request_id),
            delayed_until,
        )
        _check_paper(self._config)
        return self._call(call)

    def replace_order(
        self,
        order_id: str,
        quantity: Number,
        price: Number | None = None,
        trigger_price: Number | None = None,
        limit_offset: Number | None = None,
        trailing_amount: Number | None = None,
        trailing_percent: Number | None = None,
        limit_depth_level: int | str | None = None,
        trigger_count: int | None = None,
        monitor_price: Number | None = None,
        remark: str | None = None,
        attached_params: ReplaceAttachedParams | None = None,
        delayed_until: datetime | None = None,
        clear_delayed_until: bool = False,
    ) -> None:
        """Change the quantity or price of a working order.

        Returns once accepted; the new terms are in force when a push with status `Replaced`
        arrives.

        Args:
            order_id: As returned by `submit_order`.
            quantity: New total in shares, executed part included.
            price: New limit, for the types that have one.
            trigger_price: See `submit_order`, as the arguments that follow.
            limit_offset: Likewise.
            trailing_amount: Likewise.
            trailing_percent: Likewise.
            limit_depth_level: Likewise; a `str` here is the remark.
            trigger_count: Likewise.
            monitor_price: Likewise.
            remark: Likewise.
            attached_params: Changes to attached orders.
            delayed_until: New time of reporting.
            clear_delayed_until: Report it at once.

        Raises:
            OpenApiException: `code` says why: not working, off-tick, odd lot, buying power.
        """
        call = calls.replace_order(
            order_id,
            quantity,
            price,
            trigger_price,
            limit_offset,
            trailing_amount,
            trailing_percent,
            limit_depth_level,
            trigger_count,
            monitor_price,
            remark,
            attached_params,
            delayed_until,
            clear_delayed_until,
        )
        _check_paper(self._config)
        return self._call(call)

    def cancel_order(self, order_id: str, is_attached: bool = False) -> None:
        """Withdraw an order; it is over when a push with status `Canceled` arrives.

        Args:
            order_id: As returned by `submit_order`, or of an attached order.
            is_attached: Whether it is the id of an attached order.
        """
        return self._call(calls.cancel_order(order_id, is_attached))

    def order_detail(self, order_id: str, is_attached: bool = False) -> OrderDetail:
        """Return an order with its history and charges.

        Args:
            order_id: As returned by `submit_order`, or of an attached order.
            is_attached: Whether it is the id of an attached order.
        """
        return self._call(calls.order_detail(order_id, is_attached))

    def today_orders(
        self,
        symbol: str | None = None,
        status: Sequence[OrderStatus] | None = None,
        side: OrderSide | None = None,
        market: Market | None = None,
        order_id: str | None = None,
        is_attached: bool = False,
    ) -> list[Order]:
        """Return the orders of the present trading day and those still working, newest first.

        Args:
            symbol: Only of this security.
            status: Only in one of these states.
            side: Only on this side.
            market: Only of this market.
            order_id: Only this order.
            is_attached: Whether `order_id` is that of an attached order.
        """
        return self._call(calls.today_orders(symbol, status, side, market, order_id, is_attached))

    def history_orders(
        self,
        symbol: str | None = None,
        status: Sequence[OrderStatus] | None = None,
        side: OrderSide | None = None,
        market: Market | None = None,
        start_at: datetime | None = None,
        end_at: datetime | None = None,
    ) -> list[Order]:
        """Return orders of earlier days, at most 1000; `iter_history_orders` returns all.

        Args:
            symbol: Only of this security.
            status: Only in one of these states.
            side: Only on this side.
            market: Only of this market.
            start_at: Submitted at this time or later; without a zone in UTC.
            end_at: Submitted at this time or earlier; the last 90 days if both are left out.
        """
        return self._call(calls.history_orders(symbol, status, side, market, start_at, end_at))

    # --------------------------------------------------------------------------- executions

    def today_executions(
        self, symbol: str | None = None, order_id: str | None = None
    ) -> list[Execution]:
        """Return the fills of the present trading day.

        Args:
            symbol: Only of this security.
            order_id: Only of this order.
        """
        return self._call(calls.today_executions(symbol, order_id))

    def history_executions(
        self,
        symbol: str | None = None,
        start_at: datetime | None = None,
        end_at: datetime | None = None,
    ) -> list[Execution]:
        """Return the fills of earlier days, all pages.

        Args:
            symbol: Only of this security.
            start_at: Done at this time or later; without a zone in UTC.
            end_at: Done at this time or earlier; the last 90 days if both are left out.
        """
        return self._call(calls.history_executions(symbol, start_at, end_at))

    def all_executions(
        self,
        symbol: str | None = None,
        order_id: str | None = None,
        start_at: datetime | None = None,
        end_at: datetime | None = None,
        page: int | None = None,
    ) -> AllExecutionsResponse:
        """Return a page of fills of today and before, and whether more follow.

        Args:
            symbol: Only of this security.
            order_id: Only of this order.
            start_at: Done at this time or later; without a zone in UTC.
            end_at: Done at this time or earlier.
            page: Counted from 1.
        """
        return self._call(calls.all_executions(symbol, order_id, start_at, end_at, page))

    def estimate_max_purchase_quantity(
        self,
        symbol: str,
        order_type: OrderType,
        side: OrderSide,
        price: Number | None = None,
        currency: str | None = None,
        order_id: str | None = None,
        fractional_shares: bool = False,
    ) -> EstimateMaxPurchaseQuantityResponse:
        """Return how much can be bought, with cash and with margin.

        Args:
            symbol: As `700.HK`.
            order_type: Of the order to come.
            side: `Sell` is the capacity to sell short (US).
            price: Its limit, in the security's currency; for limit orders.
            currency: That it is settled in.
            order_id: The order that it replaces, whose own reserve counts as free.
            fractional_shares: Whether parts of shares count.
        """
        return self._call(
            calls.estimate_max_purchase_quantity(
                symbol, order_type, side, price, currency, order_id, fractional_shares
            )
        )

    # ------------------------------------------------------------------------------- assets

    def account_balance(self, currency: str | None = None) -> list[AccountBalance]:
        """Return cash, buying power and margin.

        Args:
            currency: That sums are expressed in, as `HKD`; the account's own if left out.
        """
        return self._call(asset_calls.account_balance(currency))

    def cash_flow(
        self,
        start_at: datetime,
        end_at: datetime,
        business_type: BalanceType | None = None,
        symbol: str | None = None,
        page: int | None = None,
        size: int | None = None,
    ) -> list[CashFlow]:
        """Return a page of movements of cash and securities; `iter_cash_flow` returns all.

        Args:
            start_at: At this time or later; without a zone in UTC.
            end_at: At this time or earlier.
            business_type: Only of this kind.
            symbol: Only of this security.
            page: Counted from 1.
            size: Rows on a page.
        """
        return self._call(
            asset_calls.cash_flow(start_at, end_at, business_type, symbol, page, size)
        )

    def fund_positions(self, symbols: Sequence[str] | None = None) -> FundPositionsResponse:
        """Return the funds held, all or those of `symbols`."""
        return self._call(asset_calls.fund_positions(symbols))

    def stock_positions(self, symbols: Sequence[str] | None = None) -> StockPositionsResponse:
        """Return the securities held, all or those of `symbols`."""
        return self._call(asset_calls.stock_positions(symbols))

    def margin_ratio(self, symbol: str) -> MarginRatio:
        """Return the margin factors of a security: initial, maintenance, forced sale."""
        return self._call(asset_calls.margin_ratio(symbol))


def _request_id(config: Config, given: str | None) -> str | None:
    """Every order has a name, so that it can be sent twice and taken once."""
    return uuid4().hex if given is None and config.order_retries else given


def _check_paper(config: Config) -> None:
    if config.paper_only and not config.is_simulated:
        raise NotAvailable(
            f"no order is sent to {config.base_url}: it may be real, and paper_only is set; "
            "name its host in simulated_hosts, or leave paper_only out"
        )
