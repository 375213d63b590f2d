"""kill -9 of a server under load: every answered order is there once, and every amount adds up.

`make test` kills a few times, `make sim SEED=7` two hundred times.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

from tests.support.audit import audit
from tests.support.ordering import Orderer
from tests.support.server import Server, chosen_ports

SEED = os.environ.get("PORTWAY_SEED")
KILLS = 200 if SEED else 5
ANSWERS_MAX = 60  # Between two kills.
CLOCK = ("--clock", "at 2026-03-03T10:15:00+08:00", "--limits", "none")


def test_nothing_answered_is_lost_or_doubled_over_many_kills(tmp_path: Path) -> None:
    seed = int(SEED or 0)
    random = Random(seed)
    with (
        Server(tmp_path / "home", *CLOCK, *chosen_ports()) as server,
        Orderer(server, seed) as orderer,
    ):
        for _ in range(KILLS):
            orderer.more(random.randrange(ANSWERS_MAX))  # None: killed while it starts.
            server.kill()
            server.start_again()
        orderer.more(ANSWERS_MAX)
        answered = orderer.finish()
        assert server.stop() == 0
        found = audit(server.database)
    assert len(answered) == len({one.order_id for one in answered}), "one answer for two orders"
    assert found.request_ids == {one.request_id: [int(one.order_id)] for one in answered}
    repeated = sum(one.sent > 1 for one in answered)
    assert repeated >= KILLS, "kills cut off orders that were under way"
    print(f"{KILLS} kills: {len(answered)} orders answered, {repeated} of them sent again")
