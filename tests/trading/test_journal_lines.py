"""Facts as lines: each kind says what it is, a filter keeps what it names, JSON keeps all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from portway.model.command import FillModel
from portway.trading.event_codec import encode_facts
from portway.trading.journal_lines import KINDS, Line, LineFilter, Lines, export_line
from portway.trading.plain import plain
from portway.trading.ports import JournalRecord
from tests.core.money_flow import play_money
from tests.core.random_flow import Flow, play
from tests.core.risky_flow import RiskyFlow
from tests.trading.floor import OPEN

LINE = Line(7, "OrderFilled", OPEN, ("A1",), 12, "700.HK", "bought")


@pytest.fixture(scope="module")
def records() -> list[JournalRecord]:
    """Of flows that have, together, every kind of fact."""
    flows: list[Flow] = [play(seed, 400, FillModel.QUEUE) for seed in range(5)]
    flows += [play_money(seed, 500) for seed in range(6)]
    for seed in (4, 9):
        flows.append(RiskyFlow(Random(seed)))
        flows[-1].begin()
        for _ in range(400):
            flows[-1].step()
    facts = [record for flow in flows for record in flow.facts]
    return [JournalRecord(seq, encode_facts(one)) for seq, one in enumerate(facts, start=1)]


def lines_of(records: list[JournalRecord]) -> Iterator[Line]:
    lines = Lines()
    for record in records:
        yield from lines.of(record)


def test_every_kind_of_fact_says_what_happened(records: list[JournalRecord]) -> None:
    texts: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for line in lines_of(records):
        assert line.at is not None
        assert "\n" not in line.text
        assert "Decimal" not in line.text
        texts[line.kind].add(line.text)
    assert [kind for kind, found in texts.items() if not found - {""}] == []


def test_what_is_about_an_order_names_its_account_and_security(
    records: list[JournalRecord],
) -> None:
    """Those facts too that hold the order's number alone."""
    about = [line for line in lines_of(records) if line.order_id is not None]
    assert {line.kind for line in about} >= {"WatchMoved", "QueueMoved", "OrderLingers"}
    assert all(line.accounts and line.symbol for line in about)


def test_whose_orders_are_is_forgotten_with_their_end(records: list[JournalRecord]) -> None:
    lines = Lines()
    first = next(number for number, one in enumerate(records) if one.seq > 1 and number > 100)
    seen = {line.order_id for record in records[:first] for line in lines.of(record)}
    assert len(lines.orders) < len(seen)


@pytest.mark.parametrize(
    ("where", "other"),
    [
        (LineFilter(account_no="A1"), replace(LINE, accounts=("A2",))),
        (LineFilter(order_id=12), replace(LINE, order_id=13)),
        (LineFilter(symbol="700.HK"), replace(LINE, symbol="5.HK")),
        (LineFilter(kinds=frozenset({"OrderFilled"})), replace(LINE, kind="OrderParked")),
        (LineFilter(first_at=OPEN), replace(LINE, at=OPEN - timedelta(microseconds=1))),
        (LineFilter(last_at=OPEN), replace(LINE, at=OPEN + timedelta(microseconds=1))),
    ],
)
def test_a_filter_keeps_what_it_names(where: LineFilter, other: Line) -> None:
    assert where.passes(LINE)
    assert not where.passes(other)
    assert LineFilter().passes(other)


def test_an_export_spells_out_every_field(records: list[JournalRecord]) -> None:
    """What a record leaves out because it is as by default stands in its line."""
    lines = [json.loads(export_line(record)) for record in records]
    orders = [fact["order"] for line in lines for fact in line["facts"] if "order" in fact]
    assert orders
    assert {tuple(order) for order in orders} == {tuple(orders[0])}
    assert {"msg", "parent_id", "attached_kind"} <= orders[0].keys()
    assert b"\n" not in b"".join(export_line(record) for record in records)


def test_plain_values_are_those_of_json() -> None:
    (fact, *_) = play_money(1, 5).facts[2]
    assert json.loads(json.dumps(plain(fact))) == plain(fact)
    assert plain((1, [OPEN])) == [1, ["2026-01-05T02:30:00Z"]]
