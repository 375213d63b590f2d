"""A hash of what random flows leave in a journal, printed: for other processes to compare.

python -m tests.simulation.flow_digest SEED STEPS
"""

from __future__ import annotations

import hashlib
import sys

from portway.core.digest import digest
from portway.trading.event_codec import encode_facts
from tests.core.money_flow import play_money


def main() -> None:
    seed, steps = map(int, sys.argv[1:])
    flow = play_money(seed, steps)
    hashed = hashlib.sha256()
    for record in flow.facts:
        hashed.update(encode_facts(record))
    print(hashed.hexdigest(), digest(flow.state), len(flow.facts))


if __name__ == "__main__":
    main()
