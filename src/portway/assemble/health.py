"""The health of the data path, tested when asked: can facts be written, does market time move."""

from __future__ import annotations

import asyncio
import time

from portway.assemble.desk import Desk
from portway.conductor import Conductor
from portway.storage.sqlite import SqliteStore
from portway.trading.ports import WriteFailed

__all__ = ["DataPath"]

LAG_SECONDS_MAX = 5.0  # Free-running time that has not been carried on for so long is stuck.
PROBE_SECONDS = 2.0  # The write is tested at most so often, however often health is asked.


class DataPath:
    """Checks that touch what an order and a quote would touch."""

    def __init__(self, store: SqliteStore, conductor: Conductor, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        self._conductor = conductor
        self._probed_at = 0.0
        self._journal = "not tested yet"

    async def check(self) -> dict[str, str]:
        """Return a line per part: "ok", or what is wrong with it."""
        now = time.monotonic()
        if now - self._probed_at > PROBE_SECONDS:
            self._journal = await asyncio.to_thread(self._probe)
            self._probed_at = now
        lag = self._conductor.lag_seconds
        market = "ok" if lag < LAG_SECONDS_MAX else f"market time stands still for {lag:.0f} s"
        self._desk.retry()  # Whoever asks again hears that it is well.
        return {"journal": self._desk.trouble or self._journal, "market": market}

    def _probe(self) -> str:
        try:
            self._store.probe()
        except WriteFailed as error:
            return str(error)
        return "ok"
