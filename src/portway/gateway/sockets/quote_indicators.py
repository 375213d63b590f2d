"""Commands of figures that are computed: capital flow, its distribution, calculated indexes.

The figures come from `market/indicators.py`; here they are asked for and put into messages. Ratios
of indexes are percentages on the wire, with two places; only what was asked for is filled.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from portway.gateway.asker import Asker
from portway.gateway.errors import Refused
from portway.gateway.ports import QuoteService
from portway.gateway.sockets.fanout import has_data
from portway.gateway.sockets.quote_derived_indexes import derived_indexes
from portway.gateway.sockets.quote_lookup import Lookup
from portway.gateway.sockets.quote_messages import lots, price_text
from portway.market.indicators import Indicators
from portway.model.instrument import DERIVATIVE_CLASSES, Instrument
from portway.model.quote import CalcIndex
from portway.model.symbol import Market
from portway.quotes.capital_flow import CapitalFlow, Sides
from portway.quotes.indexes import FORMULAS, IndexInputs
from portway.wire.pb import quote_pb2 as pb

__all__ = ["IndicatorCommands"]

_AMOUNTS: Final = {
    CalcIndex.LAST_DONE,
    CalcIndex.CHANGE_VAL,
    CalcIndex.TURNOVER,
    CalcIndex.TOTAL_MARKET_VALUE,
    CalcIndex.CAPITAL_FLOW,
}
_OF_EVERYTHING: Final = frozenset(
    {
        CalcIndex.LAST_DONE,
        CalcIndex.CHANGE_VAL,
        CalcIndex.CHANGE_RATE,
        CalcIndex.VOLUME,
        CalcIndex.TURNOVER,
    }
)
_Plan = list[tuple[str, Callable[[IndexInputs], Decimal | int | None], Callable[[Any], str | int]]]


class IndicatorCommands:
    """Handlers of commands 24, 25 and 26."""

    def __init__(self, quotes: QuoteService, lookup: Lookup) -> None:
        self._quotes = quotes
        self._lookup = lookup
        self._indicators = Indicators(quotes)

    async def capital_flow(
        self, asker: Asker, request: pb.CapitalFlowIntradayRequest
    ) -> pb.CapitalFlowIntradayResponse:
        """Command 24: net inflow of the day, a line for each minute."""
        instrument = self._with_prints(request.symbol)
        flow = await self._indicators.flow(instrument)
        _, board = self._lookup.shown_one(request.symbol)
        line = flow.line(board.parts, self._quotes.now(instrument.market))
        return pb.CapitalFlowIntradayResponse(
            symbol=instrument.symbol,
            capital_flow_lines=[
                pb.CapitalFlowLine(
                    inflow=price_text(point.inflow),
                    timestamp=int(point.at.timestamp()),
                )
                for point in line
            ],
        )

    async def capital_distribution(
        self, asker: Asker, request: pb.SecurityRequest
    ) -> pb.CapitalDistributionResponse:
        """Command 25: what bought and what sold today, by size of the trades."""
        instrument = self._with_prints(request.symbol)
        flow = await self._indicators.flow(instrument)
        bought, sold = flow.distribution()
        at = flow.latest or self._quotes.now(instrument.market)
        return pb.CapitalDistributionResponse(
            symbol=instrument.symbol,
            timestamp=int(at.timestamp()),
            capital_in=_distribution(bought),
            capital_out=_distribution(sold),
        )

    def calc_indexes(
        self, asker: Asker, request: pb.SecurityCalcQuoteRequest
    ) -> pb.SecurityCalcQuoteResponse | Coroutine[Any, Any, pb.SecurityCalcQuoteResponse]:
        """Command 26: the indexes asked for, of each symbol that has anything to show."""
        wanted = _wanted(request.calc_index)
        instruments = self._lookup.several(request.symbols)
        if CalcIndex.CAPITAL_FLOW in wanted:
            return self._with_flows(instruments, wanted)
        return self._answer(instruments, wanted, {})

    async def _with_flows(
        self, instruments: Sequence[Instrument], wanted: frozenset[CalcIndex]
    ) -> pb.SecurityCalcQuoteResponse:
        flows: dict[str, CapitalFlow] = {}
        for one in instruments:
            if CalcIndex.CAPITAL_FLOW in wanted & _applicable(one):
                flows[one.symbol] = await self._indicators.flow(one)
        return self._answer(instruments, wanted, flows)

    def _answer(
        self,
        instruments: Sequence[Instrument],
        wanted: frozenset[CalcIndex],
        flows: Mapping[str, CapitalFlow],
    ) -> pb.SecurityCalcQuoteResponse:
        answer = pb.SecurityCalcQuoteResponse()
        plans: dict[frozenset[CalcIndex], _Plan] = {}
        found = [
            (instrument, board)
            for instrument in instruments
            if (board := self._quotes.board(instrument.symbol)) is not None and has_data(board)
        ]
        of_derived = derived_indexes(self._quotes, found, wanted)
        for instrument, board in found:
            symbol = instrument.symbol
            own = wanted & _applicable(instrument)
            plan = plans.get(own)
            if plan is None:
                plan = plans[own] = _plan(own)
            inputs = self._indicators.inputs(instrument, board, own, flows.get(symbol))
            shown: dict[str, Any] = {"symbol": symbol}
            for field, formula, write in plan:
                value = formula(inputs)
                if value is not None:
                    shown[field] = write(value)
            if instrument.market is Market.CN and "volume" in shown:
                shown["volume"] = lots(inputs.volume)
            shown |= of_derived.get(symbol, {})
            answer.security_calc_index.append(pb.SecurityCalcIndex(**shown))
        return answer

    def _with_prints(self, text: str) -> Instrument:
        """The instrument of a symbol that has prints of its own today."""
        instrument, _ = self._lookup.shown_one(text)
        if instrument.is_index:
            raise Refused("QUOTE_NO_DATA")
        return instrument


def _wanted(numbers: Sequence[int]) -> frozenset[CalcIndex]:
    if not numbers or any(one not in CalcIndex._value2member_map_ for one in numbers):
        raise Refused("QUOTE_BAD_REQUEST", "calc_index")
    return frozenset(CalcIndex(one) for one in numbers)


def _applicable(instrument: Instrument) -> frozenset[CalcIndex]:
    """Which indexes a kind of security has."""
    if instrument.security_class in DERIVATIVE_CLASSES:
        return _OF_EVERYTHING
    if instrument.is_index:
        return _ALL - {CalcIndex.DIVIDEND_RATIO_TTM, CalcIndex.CAPITAL_FLOW}
    return _ALL


_ALL: Final = frozenset(CalcIndex)


def _plan(wanted: frozenset[CalcIndex]) -> _Plan:
    """How each wanted index is computed and written: whole numbers as they are, amounts as prices,
    percentages and ratios with the two places that their formulas give them."""
    plan: _Plan = []
    for index in sorted(wanted & FORMULAS.keys()):
        write: Callable[[Any], str | int] = str
        if index is CalcIndex.VOLUME:
            write = int
        elif index in _AMOUNTS:
            write = price_text
        plan.append((index.name.lower(), FORMULAS[index], write))
    return plan


def _distribution(sides: Sides) -> pb.CapitalDistribution:
    return pb.CapitalDistribution(
        large=price_text(sides.large),
        medium=price_text(sides.medium),
        small=price_text(sides.small),
    )
