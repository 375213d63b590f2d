"""The loader of case files and its comparison: what passes, and above all what does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portway.testing import cases
from portway.testing.cases import Case, CaseFileError, covered_file, kind, load_file, run_case


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registered kinds last for one test; those of the package are imported before."""
    monkeypatch.setattr(cases, "_registry", dict(cases.kinds()))


def differences(
    expect: Mapping[str, Any],
    actual: Mapping[str, Any],
    *,
    of: tuple[str, str] = ("sample", "one"),
    given: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    return cases.differences(Case(of[0], "sample-001", of[1], given or {}, expect), actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("10", Decimal("10.00")),
        ("10", "10.00"),
        ("-0.5", Decimal("-0.50")),
        (100, Decimal(100)),
        ("2026-01-05", date(2026, 1, 5)),
        ("2026-01-05T09:30:00+08:00", datetime(2026, 1, 5, 1, 30, tzinfo=UTC)),
        ("20260105", "20260105"),
        ("continuous", "continuous"),
        (None, None),
        (True, True),
        ([], ()),
        ([["10.00", 500]], [(Decimal(10), 500)]),
    ],
)
def test_equal_values_pass(expected: object, actual: object) -> None:
    assert differences({"x": expected}, {"x": actual}) == ()


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("10", Decimal("10.000001")),
        ("10", None),
        (None, Decimal(0)),
        (True, 1),
        (1, True),
        (False, None),
        ("10", float("nan")),
        ("2026-01-05T09:30:00+08:00", datetime(2026, 1, 5, 9, 30, tzinfo=UTC)),
        ("continuous", "break"),
        (["a"], ["a", "b"]),
        (["a", "b"], ["a"]),
        (["a"], "a"),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, None),
    ],
)
def test_other_values_differ(expected: object, actual: object) -> None:
    assert differences({"x": expected}, {"x": actual})


def test_a_difference_names_its_place() -> None:
    expect = {"bars": [{"open": "1"}, {"open": "2"}]}
    actual = {"bars": [{"open": Decimal(1)}, {"open": Decimal(3)}]}
    assert differences(expect, actual) == ("bars[1].open: expected '2', got 3",)


def test_only_fields_of_the_expectation_are_asserted() -> None:
    assert differences({"x": 1}, {"x": 1, "y": 2}) == ()


def test_a_map_of_data_is_asserted_whole() -> None:
    assert differences({"fills": {"a": 1}}, {"fills": {"a": 1, "b": 2}})


def test_null_is_silent_in_two_fields_alone() -> None:
    assert differences({"cancel": None}, {"cancel": True}, of=("sessions", "phase")) == ()
    assert (
        differences({"steps": [{"code": None}]}, {"steps": [{}]}, of=("order_states", "life")) == ()
    )
    assert differences({"trade_session": None}, {"trade_session": 0}, of=("sessions", "phase"))
    assert differences({"cancel": None}, {"cancel": True}, of=("order_states", "life"))


def test_an_instant_beside_its_timestamp_is_for_the_reader() -> None:
    assert differences({"timestamp": 1, "at": "any"}, {"timestamp": 1}) == ()
    assert differences({"at": "any"}, {})


def test_tolerances_belong_to_kinds() -> None:
    near = ({"bars": [{"open": "1.000"}]}, {"bars": [{"open": Decimal("1.001")}]})
    far = ({"bars": [{"open": "1.000"}]}, {"bars": [{"open": Decimal("1.0011")}]})
    assert differences(*near, of=("adjust", "forward")) == ()
    assert differences(*far, of=("adjust", "forward"))
    assert differences(*near, of=("candles", "bars"))


def test_a_rounded_reference_price_is_exact() -> None:
    pair = ({"reference": "14.12"}, {"reference": Decimal("14.1200005")})
    assert differences(*pair, of=("adjust", "ex_reference"), given={"tick": None}) == ()
    assert differences(*pair, of=("adjust", "ex_reference"), given={"tick": "0.01"})


def test_a_field_may_have_a_tolerance_of_its_own() -> None:
    of = ("money", "ledger")
    assert differences({"cost_price": "1"}, {"cost_price": "1.001"}, of=of) == ()
    assert differences({"cost_price": "1"}, {"cost_price": "1.002"}, of=of)
    assert differences({"net_assets": "1"}, {"net_assets": "1.01"}, of=of) == ()


def test_a_relative_tolerance_grows_with_the_number() -> None:
    of = ("greeks", "greeks")
    assert differences({"price": 1000.0}, {"price": 1000.0009}, of=of) == ()
    assert differences({"price": 1.0}, {"price": 1.0009}, of=of)


def test_a_sparse_list_asserts_the_points_it_names() -> None:
    expect = {"lines": [{"timestamp": 60, "price": "2"}]}
    actual = [{"timestamp": 0, "price": "1"}, {"timestamp": 60, "price": "2"}]
    assert differences(expect, {"lines": actual}, of=("candles", "intraday_line")) == ()
    assert differences(expect, {"lines": actual[:1]}, of=("candles", "intraday_line"))


def test_a_case_is_answered_by_its_kind() -> None:
    kind("sample", "double")(lambda given: {"twice": given["x"] * 2})
    assert run_case(Case("sample", "sample-001", "double", {"x": 2}, {"twice": 4})) == ()
    assert run_case(Case("sample", "sample-002", "double", {"x": 2}, {"twice": 5})) != ()


def test_an_unknown_kind_or_an_exception_fails_the_case() -> None:
    kind("sample", "double")(lambda given: {"twice": given["x"] * 2})
    assert run_case(Case("sample", "sample-001", "half", {}, {})) == (
        "unknown kind 'half' in sample",
    )
    assert run_case(Case("sample", "sample-002", "double", {}, {})) == ("raised KeyError: 'x'",)


def test_a_kind_is_registered_once() -> None:
    kind("sample", "double")(lambda given: given)
    with pytest.raises(ValueError, match="twice"):
        kind("sample", "double")(lambda given: given)


def test_a_file_is_covered_by_its_name_or_by_a_longer_one() -> None:
    kind("sample", "one")(lambda given: given)
    kind("sample_more", "one")(lambda given: given)
    assert covered_file("sample") == "sample"
    assert covered_file("sample-2") == "sample"
    assert covered_file("sample_more.extra") == "sample_more"
    assert covered_file("samples") is None


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", '[{"id": "a"}]', '[{"id": "a", "kind": "k", "given": 1, "expect": {}}]'],
)
def test_what_is_no_case_file_is_refused_by_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "sample.json"
    path.write_text(text)
    with pytest.raises(CaseFileError, match=r"sample\.json"):
        load_file(path)


def test_an_id_stands_once(tmp_path: Path) -> None:
    row = {"id": "sample-001", "kind": "one", "given": {}, "expect": {}}
    path = tmp_path / "sample.json"
    path.write_text(json.dumps([row, row]))
    with pytest.raises(CaseFileError, match="sample-001"):
        load_file(path)
