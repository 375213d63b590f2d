"""Enums: the official client's names and ordinals, and what ordinary members can do besides."""

from __future__ import annotations

import copy
import importlib
import pickle

import pytest

from portway.openapi import Market, SubType, TradeStatus, enums
from portway.wire import names

ENUMS = sorted(
    (kind for kind in vars(enums).values()
     if isinstance(kind, type) and issubclass(kind, enums.OpenApiEnum) and len(kind)),
    key=lambda kind: kind.__name__,
)  # fmt: skip


@pytest.mark.compat
@pytest.mark.parametrize("library", ["longport", "longbridge"])
@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.__name__)
def test_members_and_ordinals_are_the_official_clients(
    kind: type[enums.OpenApiEnum], library: str
) -> None:
    official = getattr(importlib.import_module(f"{library}.openapi"), kind.__name__)
    theirs = {
        name: int(member) for name, member in vars(official).items() if isinstance(member, official)
    }
    ours = {member.name: int(member) for member in kind}
    assert theirs.items() <= ours.items()
    assert ours.keys() - theirs.keys() <= {"OAuth"}  # newer than longport
    for name in theirs:
        assert repr(getattr(official, name)) == repr(kind[name])


def test_members_compare_and_hash_like_their_ordinals() -> None:
    assert Market.US == 1
    assert Market.US == Market.US
    assert not SubType.Depth == Market.US  # noqa: SIM201 - both are 1
    assert {Market.US: "x"}[1] == "x"  # type: ignore[index]
    assert bool(Market.Unknown)
    with pytest.raises(TypeError):
        sorted(Market)  # type: ignore[type-var]


@pytest.mark.parametrize("member", [Market.HK, SubType.Quote, TradeStatus.Suspend])
def test_members_survive_copies(member: enums.OpenApiEnum) -> None:
    assert pickle.loads(pickle.dumps(member)) is member
    assert copy.deepcopy(member) is member
    assert f"{member}" == str(member) == repr(member)


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (enums.TradeStatus, names.TRADE_STATUS),
        (enums.TradeSession, names.TRADE_SESSION),
        (enums.SubType, names.SUB_TYPE),
        (enums.TradeDirection, names.DIRECTION),
        (enums.Period, names.PERIOD),
        (enums.Market, names.MARKET),
        (enums.SecurityBoard, names.BOARD),
    ],
)
def test_every_wire_value_has_a_member(
    kind: type[enums.OpenApiEnum], table: names.NameTable[int]
) -> None:
    read = enums.read_table(kind, table)
    assert set(read) == set(table.member)
    assert set(read.values()) | {member for member in kind if member.name == "Unknown"} == set(kind)
