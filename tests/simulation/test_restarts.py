"""Restart once, twice, thrice: the same journal, the same rows, no new id, no missing order.

`make test` plays a few random histories through the real writer; `make sim SEED=7` five hundred
from that seed on.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from portway.core.digest import digest
from portway.model.command import SubmitOrder
from portway.storage.kept_rows import SqliteKeptRows
from portway.storage.sqlite import SqliteStore
from portway.storage.sqlite_reader import SqliteReader
from portway.trading.journal_lines import export_line
from portway.trading.recovery import recover
from portway.trading.verify import verify
from tests.simulation.trading_day import VENUE, play, script, table_hash

SEED = os.environ.get("PORTWAY_SEED")
HISTORIES = 500 if SEED else 12
COMMANDS = 120
RESTARTS = 3


def exported(path: Path) -> bytes:
    with closing(SqliteReader.open(path)) as reader:
        return b"\n".join(export_line(record) for record in reader.read(VENUE))


def accepted(path: Path) -> Counter[str]:
    """How often an order was made for each request of a client."""
    facts = (fact for line in exported(path).splitlines() for fact in json.loads(line)["facts"])
    orders = (fact["order"]["terms"] for fact in facts if fact["fact"] == "OrderAccepted")
    requests = (terms["client_request_id"] for terms in orders)
    return Counter(one for one in requests if one is not None)  # Attached orders have none.


@pytest.mark.parametrize("seed", range(int(SEED or 0), int(SEED or 0) + HISTORIES))
def test_restarts_change_nothing(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "portway.db"
    groups = script(seed, COMMANDS)
    groups = groups[: Random(seed).randrange(len(groups) // 2, len(groups) + 1)]
    with closing(SqliteStore(path)) as store:
        asyncio.run(play(store, groups, seed))
        last, tables = store.last_seq(VENUE), table_hash(store)
        state = digest(recover(store, VENUE).state)
    first = exported(path)
    for _ in range(RESTARTS):
        with closing(SqliteStore(path)) as store:
            asyncio.run(play(store, [], seed))
            assert store.last_seq(VENUE) == last, "a restart is no fact"
            assert table_hash(store) == tables
            assert digest(recover(store, VENUE).state) == state
        assert exported(path) == first
    with closing(SqliteReader.open(path)) as reader:
        assert verify(reader, VENUE, SqliteKeptRows(reader, VENUE)).difference is None


@pytest.mark.parametrize("seed", range(int(SEED or 0), int(SEED or 0) + HISTORIES // 3))
def test_what_is_asked_again_after_restarts_is_not_done_again(seed: int, tmp_path: Path) -> None:
    """The last orders, with their request ids: each is answered with what it was."""
    path = tmp_path / "portway.db"
    groups = script(seed, COMMANDS)
    with closing(SqliteStore(path)) as store:
        asyncio.run(play(store, groups, seed))
    before = accepted(path)
    orders = [one for group in groups for one in group if isinstance(one.command, SubmitOrder)]
    for _ in range(RESTARTS):
        with closing(SqliteStore(path)) as store:
            asyncio.run(play(store, [[one] for one in orders[-5:]], seed))
        after = accepted(path)
        # One that was refused at once was no order yet; it may become one, and is one from then on.
        assert set(after.values()) == {1}, after
        assert before.keys() <= after.keys()
