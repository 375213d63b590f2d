"""Facts as bytes: stable, readable, and refused when they are not ours."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import get_args

import pytest

from portway.core.ledger import deposit_entry
from portway.model.command import FillModel
from portway.model.event import CashDeposited, Fact
from portway.model.money import Currency
from portway.trading.event_codec import UnreadableRecord, decode_facts, encode_facts
from tests.core.money_flow import play_money
from tests.core.random_flow import play
from tests.core.risky_flow import RiskyFlow

FACT = CashDeposited(
    "A",
    Currency.HKD,
    Decimal("1000.50"),
    "first",
    datetime(2026, 1, 5, 2, 30, 0, 125, tzinfo=UTC),
    deposit_entry("A", Currency.HKD, Decimal("1000.50")),
)
# What a journal of the first format holds: it must be readable for ever.
WRITTEN = (
    b'[1,[["CashDeposited",{"account_no":"A","currency":"HKD","amount":"1000.50","note":"first",'
    b'"at":"2026-01-05T02:30:00.000125Z","entry":{"postings":[{"account":"client:A:cash",'
    b'"asset":"HKD","amount":"1000.50"},{"account":"world:cash","asset":"HKD",'
    b'"amount":"-1000.50"}],"settles_on":null}}]]]'
)


def test_the_first_format_is_fixed() -> None:
    assert encode_facts([FACT]) == WRITTEN
    assert decode_facts(WRITTEN) == (FACT,)


def test_every_kind_of_fact_comes_back_equal() -> None:
    seen = set()
    flows = [play(seed, 400, FillModel.QUEUE) for seed in range(5)]
    flows += [play_money(seed, 500) for seed in range(6)]
    for seed in (4, 9):
        risky = RiskyFlow(Random(seed))
        risky.begin()
        for _ in range(400):
            risky.step()
        flows.append(risky)
    for flow in flows:
        for record in flow.facts:
            assert decode_facts(encode_facts(record)) == record
            seen |= {type(fact) for fact in record}
    assert seen == set(get_args(Fact))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[1]",
        b"[2,[]]",
        b'[1,[["NoSuchFact",{}]]]',
        b'[1,[["CashDeposited",{}]]]',
        WRITTEN[:-9],
        WRITTEN.replace(b'"1000.50"', b'"1000.5x"'),
        b"\xff\xfe",
        WRITTEN.replace(b"CashDeposited", b"Cash\xf2eposited"),
        WRITTEN.replace(b'"1000.50"', b'"10\xcd0.50"'),
        WRITTEN.replace(b'"1000.50"', b'"sNaN"'),
    ],
)
def test_what_is_not_a_record_is_refused(payload: bytes) -> None:
    with pytest.raises(UnreadableRecord):
        decode_facts(payload)
