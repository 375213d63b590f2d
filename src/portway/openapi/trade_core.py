"""The machinery behind a trade context's pushes: topics, events of orders, what an outage hid.

The service repeats nothing that was pushed while the line was down. After a reconnection the
orders of the day are pulled, and those that are not as they were last told are told, fill by fill;
what is pushed meanwhile waits, and is told after it unless the pull knew it already.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from portway.openapi.calls import topics as calls
from portway.openapi.calls.http_call import list_at
from portway.openapi.core import CONNECTION, Core
from portway.openapi.dispatch import Callback
from portway.openapi.events import ConnectionEvent, ConnectionState
from portway.openapi.line import Line
from portway.openapi.order_types import PushGridOrderChanged, PushOrderChanged
from portway.openapi.transport import Channel
from portway.openapi.values import in_zone
from portway.wire import names
from portway.wire.commands import TradeCommand
from portway.wire.pb import trade_pb2 as pb

if TYPE_CHECKING:
    from portway.openapi.config import Config
    from portway.openapi.http import HttpClient

__all__ = ["ORDERS_REMEMBERED_MAX", "TRADE_KINDS", "TradeCore"]

log = logging.getLogger("portway.openapi.trade")

TRADE_KINDS: Final = ("order", "grid_order")
EVENTS_HELD_MAX: Final = 10_000  # pushed before it is known what an outage hid
ORDERS_REMEMBERED_MAX: Final = 10_000  # whose last told state is known; the oldest go first

_ORDER_EVENT: Final = "order_changed_lb"
_PARTLY_FILLED: Final = names.ORDER_STATUS.wire["PARTIAL_FILLED"]
_WIRE: Final = names.ORDER_STATUS.wire
_RANK: Final = {
    _WIRE[name]: rank
    for rank, group in enumerate(
        (
            ("NOT_REPORTED", "PROTECTED_NOT_REPORTED", "VARIETIES_NOT_REPORTED"),
            ("WAIT_TO_NEW",),
            ("NEW",),
            (),  # all the others, which come and go
            ("FILLED", "REJECTED", "CANCELED", "EXPIRED", "PARTIAL_WITHDRAWAL"),
        )
    )
    for name in group
}
_RANK_OTHERS: Final = 3
_EXECUTED: Final = 1  # place of the executed quantity in `_state_of`
_GRID_EVENT: Final = "gridtrading_order"
# Of an order as it is pulled -> of an order as it is pushed.
_RENAMED: Final = {"price": "submitted_price", "quantity": "submitted_quantity"}


class TradeCore(Core):
    """One trade connection.

    Args:
        config: Of the context.
        http: Where the orders of the day are pulled after an outage.
    """

    def __init__(self, config: Config, http: HttpClient) -> None:
        language = {"accept-language": config.language_tag}
        channel = Channel(
            url=config.trade_url, headers={**language, "x-dc-region": config.dc_region}
        )
        self._orders = http
        self._on_order: Callback | None = None
        self._on_grid_order: Callback | None = None
        self._topics: tuple[str, ...] = ()
        self._held: list[dict[str, Any]] | None = None
        self._pulled: dict[str, tuple[str, ...]] = {}
        self._outages = 0
        self._told: dict[str, tuple[str, ...]] = {}
        self._push_order = in_zone(PushOrderChanged, config.zone)
        super().__init__(config, channel, language, "trade")
        self.takers = {TradeCommand.NOTIFY.value: self._take_notification}

    # ---------------------------------------------------------------------- on the loop

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Have topics pushed, and remember them for the time after a lost line."""
        await self.ask(calls.subscribe(topics))
        self._topics = tuple(dict.fromkeys((*self._topics, *topics)))

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        """Have topics pushed no more."""
        await self.ask(calls.unsubscribe(topics))
        self._topics = tuple(topic for topic in self._topics if topic not in topics)

    async def _signed_in(self, line: Line, is_first: bool) -> None:
        if is_first or not self._topics:
            return
        deadline = asyncio.get_running_loop().time() + self._config.timeout_s
        await self._transport.ask_on(line, calls.subscribe(self._topics), deadline)

    def _line_changed(self, state: ConnectionState, reason: str) -> None:
        if state is ConnectionState.LOST:
            self._outages += 1
            if self._held is None:
                self._held = []  # what is pushed from now on waits until the gap is known
        super()._line_changed(state, reason)

    async def _came_back(self) -> None:
        """Tell what happened to orders while nothing could be pushed, then what came since."""
        outage = self._outages
        try:
            if self._topics and "order" in self._calls:
                await self._refill_orders()
        finally:
            if outage == self._outages:  # else the line is lost again, and the next pull releases
                held, self._held = self._held, None
                for data in held or ():
                    self._tell_order(data)
                self._dispatcher.flush()

    async def _refill_orders(self) -> None:
        rows = await self._pull("/v1/trade/order/today?", "orders")
        missed = [row for row in rows if _is_news(row, self._told.get(_id_of(row)))]
        fills = []
        if any(_executed(row) > self._told_executed(row) for row in missed):
            fills = await self._pull("/v1/trade/execution/today?", "trades")
        for row in sorted(missed, key=_moment):
            event = {_RENAMED.get(str(key), str(key)): row[key] for key in row}
            for fill in _fills_of(event, fills, self._told_executed(row)):
                self._emit_order(fill)
            self._emit_order(event)
        self._pulled = {_id_of(row): _state_of(row) for row in rows}
        self._dispatcher.flush()
        self.tell(ConnectionEvent.now(ConnectionState.REFILLED, f"{len(missed)} orders"))

    async def _pull(self, path: str, key: str) -> list[dict[str, Any]]:
        data = await self._orders._submit(lambda: self._orders.request("GET", path))
        return [row for row in list_at(key, data) if isinstance(row, dict)]

    def _told_executed(self, row: Mapping[str, Any]) -> Decimal:
        told = self._told.get(_id_of(row))
        return Decimal(0) if told is None else _number(told[_EXECUTED])

    # --------------------------------------------------------------------------- pushes

    def _kinds(self) -> tuple[str, ...]:
        return (*TRADE_KINDS, CONNECTION)

    def _wire(self, calls: Mapping[str, Callback]) -> None:
        self._on_order = calls.get("order")
        self._on_grid_order = calls.get("grid_order")

    def _take_notification(self, body: bytes) -> None:
        message = json.loads(pb.Notification.FromString(body).data)
        if not isinstance(message, dict) or not isinstance(message.get("data"), dict):
            raise ValueError("a notification without data")
        event, data = message.get("event"), message["data"]
        if event == _ORDER_EVENT:
            self._tell_order(data)
        elif event == _GRID_EVENT and self._on_grid_order is not None:
            self._put((self._on_grid_order, "", PushGridOrderChanged(data)))

    def _tell_order(self, data: dict[str, Any]) -> None:
        if self._held is not None and len(self._held) < EVENTS_HELD_MAX:
            self._held.append(data)
            return
        # A push may come after the pull that knew it already: the pull overtakes the socket.
        pulled = self._pulled.get(_id_of(data)) if self._pulled else None
        if pulled is not None:
            if not _is_news(data, pulled):
                return
            del self._pulled[_id_of(data)]
        self._emit_order(data)

    def _emit_order(self, data: dict[str, Any]) -> None:
        order_id = _id_of(data)
        self._told.pop(order_id, None)  # to the end: the oldest is forgotten first
        self._told[order_id] = _state_of(data)
        if len(self._told) > ORDERS_REMEMBERED_MAX:
            del self._told[next(iter(self._told))]
        callback = self._on_order
        if callback is not None:
            self._put((callback, "", self._push_order(data)))


def _is_news(row: Mapping[str, Any], told: tuple[str, ...] | None) -> bool:
    """Whether a state of an order is later than the one told: not the same, and not before it."""
    state = _state_of(row)
    if told is None or state == told:
        return told is None
    return _age(state) >= _age(told)


def _age(state: tuple[str, ...]) -> tuple[Decimal, Decimal, int]:
    """What only rises; times have whole seconds, so the statuses of one second have an order."""
    status, executed, updated_at, *_ = state
    return _number(executed), _number(updated_at), _RANK.get(status, _RANK_OTHERS)


def _id_of(row: Mapping[str, Any]) -> str:
    return str(row.get("order_id"))


def _state_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What changes of an order, whether it was pushed or pulled."""
    price = row.get("submitted_price", row.get("price"))
    quantity = row.get("submitted_quantity", row.get("quantity"))
    told = (row.get(key) for key in ("status", "executed_quantity", "updated_at", "trigger_status"))
    return tuple("" if value is None else str(value) for value in (*told, price, quantity))


def _fills_of(
    event: Mapping[str, Any], fills: Iterable[Mapping[str, Any]], told: Decimal
) -> Iterator[dict[str, Any]]:
    """The fills of an order that were not told, each as the push that was missed."""
    done, order_id = Decimal(0), _id_of(event)
    own = (fill for fill in fills if _id_of(fill) == order_id)
    for fill in sorted(own, key=lambda fill: _number(fill.get("trade_done_at"))):
        done += _number(fill.get("quantity"))
        if told < done < _executed(event):
            yield {
                **event,
                "status": _PARTLY_FILLED,
                "executed_quantity": str(done),
                "updated_at": fill.get("trade_done_at"),
                "last_share": fill.get("quantity"),
                "last_price": fill.get("price"),
            }


def _executed(row: Mapping[str, Any]) -> Decimal:
    return _number(row.get("executed_quantity"))


def _number(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)


def _moment(row: Mapping[str, Any]) -> tuple[int, str]:
    text = str(row.get("updated_at") or row.get("submitted_at") or "0")
    return (int(text) if text.isdecimal() else 0, str(row.get("order_id")))
