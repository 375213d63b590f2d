"""The machinery behind a trade context's pushes: topics, events of orders, what an outage hid.

The service repeats nothing that was pushed while the line was down. After a reconnection the
orders of the day are pulled, and those that are not as they were last told are told again; the same
state of an order is told once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
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
from portway.wire.commands import TradeCommand
from portway.wire.pb import trade_pb2 as pb

if TYPE_CHECKING:
    from portway.openapi.config import Config
    from portway.openapi.http import HttpClient

__all__ = ["ORDERS_REMEMBERED_MAX", "TRADE_KINDS", "TradeCore"]

log = logging.getLogger("portway.openapi.trade")

TRADE_KINDS: Final = ("order", "grid_order")
ORDERS_REMEMBERED_MAX: Final = 10_000  # whose last told state is known; the oldest go first

_ORDER_EVENT: Final = "order_changed_lb"
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
        self._told: dict[str, tuple[str, ...]] = {}
        self._push_order = in_zone(PushOrderChanged, config.zone)
        super().__init__(config, channel, language, "trade")
        self._take = {TradeCommand.NOTIFY.value: self._take_notification}

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

    async def _came_back(self) -> None:
        """Tell what happened to orders while nothing could be pushed."""
        if not self._topics or "order" not in self._calls:
            return
        path = "/v1/trade/order/today?"
        data = await self._orders._submit(lambda: self._orders.request("GET", path))
        rows = [row for row in list_at("orders", data) if isinstance(row, dict)]
        missed = [row for row in rows if _state_of(row) != self._told.get(str(row.get("order_id")))]
        for row in sorted(missed, key=_moment):
            self._tell_order({_RENAMED.get(str(key), str(key)): row[key] for key in row})
        self._dispatcher.flush()
        self.tell(ConnectionEvent.now(ConnectionState.REFILLED, f"{len(missed)} orders"))

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
            self._put((self._on_grid_order, (PushGridOrderChanged(data),)))

    def _tell_order(self, data: dict[str, Any]) -> None:
        order_id, state = str(data.get("order_id")), _state_of(data)
        if self._told.pop(order_id, None) == state:
            self._told[order_id] = state
            return  # told already: by a push, and by the pull after an outage
        self._told[order_id] = state
        if len(self._told) > ORDERS_REMEMBERED_MAX:
            del self._told[next(iter(self._told))]
        callback = self._on_order
        if callback is not None:
            self._put((callback, (self._push_order(data),)))


def _state_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What changes of an order, whether it was pushed or pulled."""
    price = row.get("submitted_price", row.get("price"))
    quantity = row.get("submitted_quantity", row.get("quantity"))
    told = (row.get(key) for key in ("status", "executed_quantity", "updated_at", "trigger_status"))
    return tuple("" if value is None else str(value) for value in (*told, price, quantity))


def _moment(row: Mapping[str, Any]) -> tuple[int, str]:
    text = str(row.get("updated_at") or row.get("submitted_at") or "0")
    return (int(text) if text.isdecimal() else 0, str(row.get("order_id")))
