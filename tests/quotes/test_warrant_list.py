"""The list of products: what a plain sort and a plain filter would give."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from portway.quotes.warrant_list import (
    ExpiryRange,
    MoneySide,
    SortBy,
    WarrantFilter,
    WarrantStatus,
    WarrantTable,
    select,
)

figures = st.one_of(st.just(math.nan), st.integers(-3, 3).map(float))
rows = st.fixed_dictionaries(
    {
        "figure": figures,
        "kind": st.integers(0, 4),
        "issuer": st.integers(1, 4),
        "expiry": st.sampled_from(ExpiryRange),
        "status": st.sampled_from(WarrantStatus),
        "inside": st.sampled_from([-0.5, -0.01, 0.0, 0.2]),
    }
)
filters = st.builds(
    WarrantFilter,
    sort_by=st.sampled_from([one for one in SortBy if one is not SortBy.STATUS]),
    descending=st.booleans(),
    offset=st.integers(0, 12),
    count=st.integers(0, 12),
    kinds=st.lists(st.integers(0, 4), max_size=3),
    issuers=st.lists(st.integers(1, 5), max_size=3),
    expiry=st.lists(st.sampled_from(ExpiryRange), max_size=3),
    money=st.lists(st.sampled_from(MoneySide), max_size=3),
    statuses=st.lists(st.sampled_from(WarrantStatus), max_size=2),
)


def table_of(found):
    column = np.array([one["figure"] for one in found], dtype=float)
    columns = dict.fromkeys(SortBy, column)
    columns[SortBy.STATUS] = np.array([float(one["status"]) for one in found])
    return WarrantTable(
        columns,
        np.array([one["kind"] for one in found], dtype=np.int64),
        np.array([one["issuer"] for one in found], dtype=np.int64),
        np.array([int(one["expiry"]) for one in found], dtype=np.int64),
        np.array([one["inside"] for one in found], dtype=float),
    )


def plainly(found, wanted):
    sides = set(wanted.money)
    kept = [
        (place, one)
        for place, one in enumerate(found)
        if (not wanted.kinds or one["kind"] in wanted.kinds)
        and (not wanted.issuers or one["issuer"] in wanted.issuers)
        and (not wanted.expiry or one["expiry"] in wanted.expiry)
        and (not wanted.statuses or one["status"] in wanted.statuses)
        and (not sides or (MoneySide.IN if one["inside"] >= 0 else MoneySide.OUT) in sides)
    ]
    known = [(place, one["figure"]) for place, one in kept if not math.isnan(one["figure"])]
    known.sort(key=lambda row: -row[1] if wanted.descending else row[1])
    unknown = [place for place, one in kept if math.isnan(one["figure"])]
    return [place for place, _ in known] + unknown


@given(found=st.lists(rows, max_size=30), wanted=filters)
def test_a_page_is_the_cut_of_a_plain_filter_and_sort(found, wanted):
    page, total = select(table_of(found), wanted)
    expected = plainly(found, wanted)
    assert total == len(expected)
    end = wanted.offset + wanted.count if wanted.count else None
    assert page.tolist() == expected[wanted.offset : end]


def test_by_status_the_normal_ones_come_last():
    found = [
        {"figure": 1.0, "kind": 0, "issuer": 1, "expiry": 1, "status": status, "inside": 0.0}
        for status in (4, 2, 3, 4)
    ]
    page, _ = select(table_of(found), WarrantFilter(sort_by=SortBy.STATUS))
    assert page.tolist() == [1, 2, 0, 3]
