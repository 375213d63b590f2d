"""From the journal back to the state, or a plain word about what is wrong with it."""

from __future__ import annotations

import pytest

from portway.core.digest import digest
from portway.core.invariants import check_invariants
from portway.storage.memory import MemoryStore
from portway.trading.event_codec import encode_facts
from portway.trading.ports import JournalCorrupt, JournalRecord
from portway.trading.recovery import recover
from portway.trading.snapshot import encode_state
from tests.core.random_flow import play


def test_a_recovered_state_is_the_state_however_often() -> None:
    flow, store = play(7, 150), MemoryStore()
    records = [JournalRecord(n, encode_facts(one)) for n, one in enumerate(flow.facts, start=1)]
    store.append("main", records, ())
    for _ in range(3):
        recovered = recover(store, "main")
        assert recovered.seq == len(records)
        assert digest(recovered.state) == digest(flow.state)


def test_a_snapshot_and_the_tail_are_the_whole() -> None:
    flow, store = play(9, 150), MemoryStore()
    records = [JournalRecord(n, encode_facts(one)) for n, one in enumerate(flow.facts, start=1)]
    middle = len(records) // 2
    store.append("main", records[:middle], ())
    half = recover(store, "main").state
    store.save_snapshot("main", JournalRecord(middle, encode_state(half)))
    store.append("main", records[middle:], ())
    recovered = recover(store, "main")
    assert recovered.snapshot_seq == middle
    assert digest(recovered.state) == digest(flow.state)
    check_invariants(recovered.state)
    whole = recover(store, "main", from_start=True)
    assert whole.snapshot_seq == 0
    assert digest(whole.state) == digest(flow.state)


@pytest.mark.parametrize("damage", [b"", b"portway state 0\n", None])
def test_a_snapshot_that_cannot_be_used_is_passed_over(damage: bytes | None) -> None:
    flow, store = play(9, 60), MemoryStore()
    records = [JournalRecord(n, encode_facts(one)) for n, one in enumerate(flow.facts, start=1)]
    store.append("main", records, ())
    good = encode_state(flow.state)
    flipped = good[:-9] + bytes([good[-9] ^ 1]) + good[-8:]
    payload = flipped if damage is None else damage
    store.save_snapshot("main", JournalRecord(len(records), payload))
    recovered = recover(store, "main")
    assert recovered.snapshot_seq == 0
    assert digest(recovered.state) == digest(flow.state)


def test_an_empty_journal_is_an_empty_venue() -> None:
    recovered = recover(MemoryStore(), "main")
    assert recovered.seq == 0
    assert not recovered.state.accounts


def test_a_record_that_cannot_be_read_is_named() -> None:
    flow, store = play(7, 20), MemoryStore()
    records = [JournalRecord(n, encode_facts(one)) for n, one in enumerate(flow.facts, start=1)]
    records[4] = JournalRecord(5, records[4].payload[:-3])
    store.append("main", records, ())
    with pytest.raises(JournalCorrupt, match="record 5"):
        recover(store, "main")
