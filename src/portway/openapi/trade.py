"""`TradeContext`, `AssetContext` and their asyncio twins.

Orders and assets go over HTTP; a socket is opened for pushed orders alone, by the first
subscription.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portway.openapi.asset_methods import AssetMethods
from portway.openapi.async_asset_methods import AsyncAssetMethods
from portway.openapi.async_trade_methods import AsyncTradeMethods
from portway.openapi.async_us_methods import AsyncUSMethods
from portway.openapi.context import Context
from portway.openapi.errors import ContextClosed
from portway.openapi.trade_methods import TradeMethods
from portway.openapi.us_methods import USMethods

if TYPE_CHECKING:
    import asyncio

    from portway.openapi.config import Config
    from portway.openapi.core import Core

__all__ = ["AssetContext", "AsyncAssetContext", "AsyncTradeContext", "TradeContext"]


class _Trade(Context):
    def _make_core(self) -> Core:
        from portway.openapi.trade_core import TradeCore

        return TradeCore(self._config, self._http)

    def _address(self) -> str:
        return self._config.trade_url


class TradeContext(_Trade, TradeMethods, USMethods):
    """Orders and assets, for programs without an event loop; safe to use from several threads.

    Every call raises `OpenApiException` when the service refuses it (`code` says why) and its
    subclass `RequestTimeout` when there is no answer within `Config.timeout_s`. Close it, or use
    it in a `with` block.

    Args:
        config: Addresses and credentials.
    """


class AsyncTradeContext(_Trade, AsyncTradeMethods, AsyncUSMethods):
    """Orders and assets, for programs with an event loop: `TradeContext` with awaitables."""


class _Asset(Context):
    _has_socket = False

    def _make_core(self) -> Core:
        raise ContextClosed("this context has no connection that pushes")


class AssetContext(_Asset, AssetMethods):
    """Statements, for programs without an event loop; see `TradeContext`.

    Args:
        config: Addresses and credentials.
    """


class AsyncAssetContext(_Asset, AsyncAssetMethods):
    """Statements, for programs with an event loop: `AssetContext` with awaitables."""

    @classmethod
    def create(
        cls, config: Config, loop_: asyncio.AbstractEventLoop | None = None
    ) -> AsyncAssetContext:
        """Return a context; nothing is sent yet."""
        return cls(config)
