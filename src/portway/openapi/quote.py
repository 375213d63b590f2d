"""`QuoteContext` and `AsyncQuoteContext`: quotes pulled and pushed.

Two thin faces of one machinery (`quote_core.py`), which connects at the first call that needs it.
Arguments are checked at the call, before anything is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portway.openapi.async_list_methods import AsyncListMethods
from portway.openapi.async_push_methods import AsyncPushMethods
from portway.openapi.async_quote_methods import AsyncQuoteMethods
from portway.openapi.context import Context
from portway.openapi.list_methods import ListMethods
from portway.openapi.push_methods import PushMethods
from portway.openapi.quote_enums import QuoteTransport
from portway.openapi.quote_methods import QuoteMethods

if TYPE_CHECKING:
    # Imported at the first connection: sockets and event loops take longer to import than the rest.
    from portway.openapi.quote_core import QuoteCore

__all__ = ["AsyncQuoteContext", "QuoteContext"]


class _Quote(Context):
    @property
    def _core(self) -> QuoteCore:
        core: QuoteCore = super()._core
        return core

    def _make_core(self) -> QuoteCore:
        from portway.openapi.quote_core import QuoteCore

        return QuoteCore(self._config, self._marks)

    def _address(self) -> str:
        return self._config.quote_url

    def _over_http(self, call: Any) -> Any:
        """The same call over HTTP, where the settings say so and the call can."""
        if self._config.quote_transport is not QuoteTransport.Http:
            return call
        from portway.openapi.calls.http_twin import http_twin

        return http_twin(call, with_overnight=self._config.enable_overnight)

    def clear_cache(self) -> None:
        """Ask the service again for what would be kept for a while."""
        self._core.clear_cache()


class QuoteContext(_Quote, QuoteMethods, ListMethods, PushMethods):
    """Quotes of a service, for programs without an event loop; safe to use from several threads.

    Connects at the first call that needs it, comes back by itself when the line is lost, and
    subscribes again. Close it, or use it in a `with` block.

    Every call raises `OpenApiException` when the service refuses it (`code` says why) and its
    subclass `RequestTimeout` when there is no answer within `Config.timeout_s`.

    Args:
        config: Addresses and credentials.
    """


class AsyncQuoteContext(_Quote, AsyncQuoteMethods, AsyncListMethods, AsyncPushMethods):
    """Quotes of a service, for programs with an event loop: `QuoteContext` with awaitables.

    Made by `create`. The connection lives on a thread of its own, so a busy event loop delays no
    heartbeat. A plain callback runs on a thread of the SDK, a coroutine function on the event loop.
    """
