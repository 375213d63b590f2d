"""Milliseconds of a processor for the calculated indexes of 500 symbols, request to wire bytes.

Every index of the protocol that applies to shares, capital flow included, of the 449 built-in
symbols and 51 of them again, on boards that are at hand, mid-morning in all markets; and the same
once more of the last price alone, which tells what the messages cost. The middle of 21 runs.
Contract: all of them in under 20 ms.
"""

from __future__ import annotations

import asyncio
import inspect
import statistics
import time
from datetime import UTC, datetime
from typing import Any

from machine import machine

from portway.gateway.sockets.quote_indicators import IndicatorCommands
from portway.gateway.sockets.quote_lookup import Lookup
from portway.market.reference import built_in
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.model.quote import CalcIndex
from portway.model.symbol import MARKET_ZONES, Market
from portway.wire.pb import quote_pb2 as pb

RUNS = 21
SYMBOLS = 500
CONTRACT_MS = 20.0


async def main() -> None:
    reference = built_in()
    at = {
        market: datetime(2026, 3, 3, 10, 30, tzinfo=MARKET_ZONES[market]).astimezone(UTC)
        for market in Market
    }
    runner = MarketRunner(reference, [SyntheticWorld(1, reference)], at)
    commands = IndicatorCommands(runner, Lookup(runner))
    listed = list(runner.reference.instruments)
    symbols = (listed * 2)[:SYMBOLS]

    async def ask(wanted: list[int]) -> float:
        request = pb.SecurityCalcQuoteRequest(symbols=symbols, calc_index=wanted)
        began = time.process_time()
        answer: Any = commands.calc_indexes(None, request)  # type: ignore[arg-type]
        if inspect.isawaitable(answer):
            answer = await answer
        answer.SerializeToString()
        return (time.process_time() - began) * 1000

    every = [one.value for one in CalcIndex]
    first = await ask(every)
    all_ms = statistics.median([await ask(every) for _ in range(RUNS)])
    one_ms = statistics.median([await ask([CalcIndex.LAST_DONE.value]) for _ in range(RUNS)])
    print(f"indexes of {SYMBOLS} symbols: {all_ms:.1f} ms (contract: under {CONTRACT_MS:.0f} ms)")
    print(f"  the last price alone {one_ms:.1f} ms; when asked first {first:.0f} ms")
    print(machine())


asyncio.run(main())
