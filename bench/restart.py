"""How long a server takes to stand where it stood, after a million events.

A journal of a million events is made first, by the core itself on the load of `core.py`, with the
snapshots that a running venue saves on its way. Then: opening the database and recovering, from the
snapshot as a restart does, and by folding every record as an audit does. Both states are compared.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from core import Venue, script
from machine import machine

from portway.core.digest import digest
from portway.model.command import CancelOrder, SubmitOrder
from portway.model.event import Event, OrderAccepted, OrderRefused, OrderRepeated
from portway.storage.sqlite import SqliteStore
from portway.trading.event_codec import encode_facts
from portway.trading.ports import JournalRecord
from portway.trading.recovery import recover
from portway.trading.runner import SNAPSHOT_RECORDS
from portway.trading.snapshot import encode_state

EVENTS = 1_000_000
BATCH_RECORDS = 1000
VENUE = "main"


class Recorder:
    """Keeps what a venue decides in a journal, batch by batch."""

    def __init__(self, path: Path) -> None:
        self.store, self.events, self.seq = SqliteStore(path), 0, 0
        self._records: list[JournalRecord] = []

    def keep(self, venue: Venue, events: tuple[Event, ...]) -> None:
        facts = [one for one in events if not isinstance(one, OrderRefused | OrderRepeated)]
        if not facts:
            return
        self.seq += 1
        self.events += len(facts)
        self._records.append(JournalRecord(self.seq, encode_facts(facts)))
        if len(self._records) == BATCH_RECORDS:
            self.write()
        if self.seq % SNAPSHOT_RECORDS == 0:
            self.write()
            self.store.save_snapshot(VENUE, JournalRecord(self.seq, encode_state(venue.state)))

    def write(self) -> None:
        if self._records:
            self.store.append(VENUE, self._records, ())
            self._records = []


def make(path: Path, wanted: int) -> tuple[int, int]:
    """Write the journal; return how many records and orders it has."""
    recorder = Recorder(path)
    venue = Venue(recorder.keep)
    orders: list[tuple[str, int]] = []
    seed = made = 0
    while recorder.events < wanted:
        seed += 1
        for one in script(10_000, seed):
            if isinstance(one, SubmitOrder):
                first = venue.tell(one)[0]
                if isinstance(first, OrderAccepted):
                    made += 1
                    orders.append((one.account_no, first.order.order_id))
            elif orders:
                venue.tell(CancelOrder(*orders.pop(-min(one, len(orders)))))
        del orders[:-1000]
    recorder.write()
    recorder.store.close()
    return recorder.seq, made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    wanted = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "portway.db"
        records, orders = make(path, wanted)
        size = path.stat().st_size / 1e6
        print(f"{wanted:,} events in {records:,} records, {orders:,} orders, {size:,.0f} MB")
        digests = []
        for from_start, what in ((False, "restart"), (True, "every record folded")):
            began = time.perf_counter()
            store = SqliteStore(path)
            recovered = recover(store, VENUE, from_start=from_start)
            print(f"{what}: {time.perf_counter() - began:.2f} s")
            digests.append(digest(recovered.state))
            store.close()
        assert len(set(digests)) == 1, "both ways lead to one state"
    print(machine())


main()
