"""Random flows in which margin accounts come into danger and their positions are closed.

On some days a security counts much less, or much more, than it trades at. No options are traded.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import structs

from portway.model.account import MoneyRules
from portway.model.command import Command, MarketView, VenueSettings
from portway.model.symbol import Symbol, market_of
from tests.core.money_flow import MARGIN, MoneyFlow

SHOCKS = (None, Decimal("0.3"), Decimal(3))


class RiskyFlow(MoneyFlow):
    """A flow of money whose venue liquidates."""

    def settings(self) -> VenueSettings:
        return VenueSettings(fill_model=self.model, money=MoneyRules(liquidates=True))

    def view(self, symbol: Symbol) -> MarketView:
        view = super().view(symbol)
        shock = SHOCKS[self.days[market_of(symbol)].toordinal() % len(SHOCKS)]
        if view.last_done is None or shock is None:
            return view
        return structs.replace(view, last_done=(view.last_done * shock).quantize(Decimal(1)))

    def _on_options(self, who: str) -> Command:
        return self._on_margin() if who == MARGIN else self._exchange(who)
