"""Quote levels of an app key: what of each market it is shown, and how fresh.

A fresh key sees everything. The owner may take levels away and give them back while the server
runs; what a key may no longer see is refused or delayed from the next answer on. Tools of the
server's own home see everything.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final

import msgspec

from portway.gateway.errors import Refused
from portway.gateway.identity import Principal
from portway.gateway.ports import DocumentStore
from portway.model.instrument import OPTION_CLASSES, Instrument
from portway.model.quote import SubType
from portway.model.symbol import Market
from portway.trading.ports import WriteFailed

__all__ = ["DELAY_MINUTES", "FULL_RIGHTS", "QuoteLevel", "QuoteRights", "RightsBook"]

DELAY_MINUTES: Final = 15
KIND: Final = "quote-rights"


class QuoteLevel(IntEnum):
    """How much of a market is shown; each level includes those below it."""

    DELAYED = 0  # as it stood 15 minutes ago, and no pushes
    LV1 = 1  # real time; of Hong Kong's book one price level and no broker queues
    LV2 = 2


class QuoteRights(msgspec.Struct, frozen=True):
    """What one app key may see.

    Attributes:
        hk: Level of Hong Kong; only here do LV1 and LV2 differ.
        us: Level of US shares, pre- and post-market included.
        cn: Level of the mainland.
        opra: US options.
        overnight: The US overnight session, for clients that ask for it.
    """

    hk: QuoteLevel = QuoteLevel.LV2
    us: QuoteLevel = QuoteLevel.LV1
    cn: QuoteLevel = QuoteLevel.LV1
    opra: bool = True
    overnight: bool = True

    def level(self, market: Market) -> QuoteLevel:
        """Return the level of a market; Singapore goes with Hong Kong."""
        match market:
            case Market.US:
                return self.us
            case Market.CN:
                return self.cn
            case _:
                return self.hk

    @property
    def delayed(self) -> frozenset[Market]:
        """The markets that are shown as they stood a while ago."""
        return frozenset(one for one in Market if self.level(one) is QuoteLevel.DELAYED)

    def depth_levels(self, market: Market) -> int | None:
        """Return how many price levels of a book are shown; None: all that there are."""
        return 1 if market is Market.HK and self.hk < QuoteLevel.LV2 else None

    def sees(self, instrument: Instrument) -> bool:
        """Tell whether any data of a security is shown at all."""
        return self.opra or instrument.security_class not in OPTION_CLASSES

    def sees_brokers(self, market: Market) -> bool:
        """Tell whether broker queues are shown; other markets have none to hide."""
        return market is not Market.HK or self.hk >= QuoteLevel.LV2

    def follows(self, instrument: Instrument, kind: SubType) -> bool:
        """Tell whether changes of a security are pushed."""
        market = instrument.market
        if not self.sees(instrument) or self.level(market) is QuoteLevel.DELAYED:
            return False
        return kind is not SubType.BROKERS or self.sees_brokers(market)


FULL_RIGHTS: Final = QuoteRights()


class RightsBook:
    """The rights of every app key, durable. Belongs to one event loop."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._rights: dict[str, QuoteRights] = {}
        self._listeners: list[Callable[[str], None]] = []

    async def load(self) -> None:
        """Read what was kept; keys that nothing was kept of see everything."""
        for app_key, body in (await self._documents.documents(KIND)).items():
            self._rights[app_key] = msgspec.json.decode(body, type=QuoteRights)

    def of(self, principal: Principal) -> QuoteRights:
        """Return what a signed-in caller may see now."""
        return FULL_RIGHTS if principal.is_tool else self.of_key(principal.app_key)

    def of_key(self, app_key: str) -> QuoteRights:
        """Return the rights of an app key."""
        return self._rights.get(app_key, FULL_RIGHTS)

    async def put(self, app_key: str, rights: QuoteRights) -> None:
        """Keep other rights of a key, and tell everybody who shows it something.

        Raises:
            Refused: If they could not be kept: then nothing has changed.
        """
        try:
            body = msgspec.json.encode(rights).decode()
            await self._documents.keep_document(KIND, app_key, body)
        except WriteFailed:
            raise Refused("STORAGE_UNAVAILABLE") from None
        self._rights[app_key] = rights
        for listener in self._listeners:
            listener(app_key)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with every app key whose rights have changed."""
        self._listeners.append(listener)
