"""The monthly quota of history: how many symbols an account may ask history of.

A symbol counts once in a calendar month of Hong Kong, by the wall, however often it is asked for;
what is left lapses. How many an account has depends on what it holds and how much it trades, read
once a trading day: a better tier takes effect on the next one. Only limit profiles that name tiers
count at all. What was counted is durable: a restart gives nothing back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import msgspec

from portway.gateway.errors import Refused
from portway.gateway.ports import DocumentStore
from portway.model.symbol import MARKET_ZONES, Market, Symbol
from portway.trading.ports import WriteFailed

__all__ = ["PUBLISHED_TIERS", "HistoryQuota", "QuotaTier", "Standing"]

KIND: Final = "history-symbols"


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account's tier follows from.

    Attributes:
        assets_hkd: Total assets.
        trades: Executions of the last 30 days.
    """

    assets_hkd: Decimal
    trades: int


@dataclass(frozen=True, slots=True)
class QuotaTier:
    """One row of the table: enough of either condition gives so many symbols a month.

    Attributes:
        trades_above: More trades than this; None: trades alone do not do.
    """

    symbols: int
    assets_hkd: Decimal
    trades_above: int | None = None

    def admits(self, standing: Standing) -> bool:
        """Tell whether an account has reached the tier."""
        by_trades = self.trades_above is not None and standing.trades > self.trades_above
        return by_trades or standing.assets_hkd >= self.assets_hkd


# As the service publishes them, the best first; whoever reaches none has the last one's symbols.
PUBLISHED_TIERS: Final = (
    QuotaTier(3000, Decimal(6_000_000), 2500),
    QuotaTier(2000, Decimal(4_000_000), 1600),
    QuotaTier(1000, Decimal(400_000), 160),
    QuotaTier(600, Decimal(80_000)),
    QuotaTier(400, Decimal(10_000)),
    QuotaTier(100, Decimal(0)),
)


class _Counted(msgspec.Struct):
    """The symbols counted in a month, `2026-03`."""

    month: str
    symbols: list[str]


class HistoryQuota:
    """Counts the symbols of every account.

    Args:
        tiers: The best first.
        standing: Asks for an account's standing; called at most once an account and trading day.
        today: The trading day by which a tier holds.
        wall: Unix seconds now.
    """

    def __init__(
        self,
        tiers: Sequence[QuotaTier],
        documents: DocumentStore,
        *,
        standing: Callable[[str], Awaitable[Standing]],
        today: Callable[[], date],
        wall: Callable[[], float],
    ) -> None:
        self._tiers = tuple(tiers)
        self._documents = documents
        self._standing = standing
        self._today = today
        self._wall = wall
        self._tier_of: dict[str, tuple[date, QuotaTier]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def count(self, account_no: str, symbol: Symbol) -> None:
        """Count a symbol that an account asks the history of.

        Raises:
            Refused: If the account has had its number this month, or it cannot be written down.
        """
        async with self._one_at_a_time:
            counted = await self._counted(account_no)
            if symbol in counted.symbols:
                return
            if len(counted.symbols) >= (await self._tier(account_no)).symbols:
                raise Refused("QUOTE_HISTORY_QUOTA")
            counted.symbols.append(symbol)
            try:
                body = msgspec.json.encode(counted).decode()
                await self._documents.keep_document(KIND, account_no, body)
            except WriteFailed:
                raise Refused("STORAGE_UNAVAILABLE") from None

    async def symbols_of(self, account_no: str) -> int:
        """Return how many symbols a month an account has."""
        async with self._one_at_a_time:
            return (await self._tier(account_no)).symbols

    async def _counted(self, account_no: str) -> _Counted:
        now = datetime.fromtimestamp(self._wall(), UTC).astimezone(MARKET_ZONES[Market.HK])
        month = f"{now:%Y-%m}"
        body = await self._documents.document(KIND, account_no)
        counted = None if body is None else msgspec.json.decode(body, type=_Counted)
        return counted if counted and counted.month == month else _Counted(month, [])

    async def _tier(self, account_no: str) -> QuotaTier:
        today = self._today()
        kept = self._tier_of.get(account_no)
        if kept is None or kept[0] != today:
            standing = await self._standing(account_no)
            tier = next((one for one in self._tiers if one.admits(standing)), self._tiers[-1])
            kept = self._tier_of[account_no] = (today, tier)
        return kept[1]
