"""Case files: inputs and expected outputs of pure functions, and what answers them.

A case file is a JSON list of objects with `id`, `kind`, `given` and `expect`; its name says which
rules it is about. This module owns the registry of kinds, the loader and the comparison; it knows
no rule of any market. Register a kind in `portway.testing.case_kinds.<file>`:

    from portway.testing.cases import kind

    @kind("ticks", "tick_size")
    def tick_size(given: Mapping[str, Any]) -> Mapping[str, Any]:
        table = spread_table(given["market"], given["class"], date.fromisoformat(given["date"]))
        return {"tick": table.tick_size(Decimal(given["price"]))}

The function returns a mapping with at least the fields of `expect`; numbers may be `Decimal`, `int`
or text, days `date`, instants aware `datetime`. What it raises fails the case. Tolerances and the
fields that are not asserted are tables below, so a kind only computes.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any, Final

__all__ = [
    "Case",
    "CaseFileError",
    "Tolerance",
    "covered_file",
    "differences",
    "kind",
    "kinds",
    "load_file",
    "run_case",
]

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class CaseFileError(ValueError):
    """A case file that cannot be read as a list of cases; the message names file and reason."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a case file.

    Attributes:
        file: The registered name of its file, as `ticks`.
        id: Unique in its file.
        kind: Which function answers it; decides the schema of `given` and `expect`.
        given: All inputs; nothing depends on a default.
        expect: The result; a field that is absent is not asserted.
        rule: Where the rule stands, for the reader.
        note: For the reader.
    """

    file: str
    id: str
    kind: str
    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    rule: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a number may lie from the expected one: the larger of both parts.

    Attributes:
        absolute: In the unit of the number.
        relative: As a fraction of the expected number.
        fields: Absolute parts for single fields, by name.
        without: Applies only where this input of the case is null or absent.
    """

    absolute: Decimal = Decimal(0)
    relative: Decimal = Decimal(0)
    fields: Mapping[str, Decimal] = field(default_factory=dict)
    without: str | None = None

    def allows(self, name: str, expected: Decimal, actual: Decimal) -> bool:
        """Tell whether `actual` is near enough to `expected` in the field `name`."""
        bound = max(self.fields.get(name, self.absolute), self.relative * abs(expected))
        return abs(expected - actual) <= bound


EXACT: Final = Tolerance()
_MODEL: Final = Tolerance(absolute=Decimal("1e-9"), relative=Decimal("1e-6"))
_MICRO: Final = Tolerance(absolute=Decimal("1e-6"))

TOLERANCES: Final[Mapping[tuple[str, str], Tolerance]] = {
    ("adjust", "ex_reference"): Tolerance(absolute=Decimal("0.000001"), without="tick"),
    ("adjust", "forward"): Tolerance(absolute=Decimal("0.001")),
    ("greeks", "greeks"): _MODEL,
    ("greeks", "implied_volatility"): _MICRO,
    ("greeks", "historical_volatility"): Tolerance(absolute=Decimal("1e-8")),
    ("money", "ledger"): Tolerance(
        absolute=Decimal("0.01"), fields={"cost_price": Decimal("0.001"), "risk_level": Decimal(0)}
    ),
    ("warrants", "model"): _MICRO,
    ("warrants", "implied_volatility"): _MICRO,
    ("warrants", "cbbc_model"): _MICRO,
}

# Fields whose null means "not asserted"; everywhere else null is a value.
NULL_IS_SILENT: Final = frozenset({("sessions", "cancel"), ("order_states", "code")})

# Maps whose keys are data: a key too many is as wrong as a key too few.
WHOLE_MAPS: Final = frozenset({"fills", "rest", "items", "positions"})

# Lists of which only some points are given, each found by the field named here.
SPARSE_LISTS: Final[Mapping[tuple[str, str], str]] = {
    ("candles", "lines"): "timestamp",
    ("calc_indexes", "lines"): "minute",
}

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_registry: dict[tuple[str, str], Answer] = {}


def kind(file: str, name: str) -> Callable[[Answer], Answer]:
    """Register the decorated function as the answer to kind `name` of the case file `file`.

    Raises:
        ValueError: If the pair has an answer already.
    """

    def register(answer: Answer) -> Answer:
        if (file, name) in _registry:
            raise ValueError(f"{file}: kind {name!r} is registered twice")
        _registry[file, name] = answer
        return answer

    return register


def kinds() -> Mapping[tuple[str, str], Answer]:
    """Return every registered answer by (file, kind), after importing the folder of kinds."""
    from portway.testing import case_kinds

    for module in pkgutil.iter_modules(case_kinds.__path__):
        importlib.import_module(f"{case_kinds.__name__}.{module.name}")
    return dict(_registry)


def covered_file(stem: str) -> str | None:
    """Return the registered file name that a path stem stands for, or None when none does.

    Another set may add to the name, as `ticks-2` or `ticks.extra`.
    """
    files = {file for file, _ in kinds()}
    matches = [file for file in files if re.fullmatch(re.escape(file) + r"([-_.].*)?", stem)]
    return max(matches, key=len, default=None)


def load_file(path: Path, file: str | None = None) -> tuple[Case, ...]:
    """Read every case of one JSON file; `file` is its registered name if that differs.

    Raises:
        CaseFileError: If it is no JSON list of cases, or if two cases share an id.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        if not isinstance(rows, list):
            raise TypeError(f"{type(rows).__name__} instead of a list")
        cases = tuple(_case(row, file or path.stem) for row in rows)
    except (ValueError, TypeError, KeyError) as error:
        raise CaseFileError(f"{path.name}: not a list of cases: {error!r}") from error
    ids = [case.id for case in cases]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise CaseFileError(f"{path.name}: ids that stand twice: {', '.join(twice)}")
    return cases


def run_case(case: Case) -> tuple[str, ...]:
    """Answer one case and return what differs from `expect`, one line each; empty when it passes.

    An unknown kind is a difference, and so is whatever the answer raises.
    """
    answer = kinds().get((case.file, case.kind))
    if answer is None:
        return (f"unknown kind {case.kind!r} in {case.file}",)
    try:
        actual = answer(case.given)
    except Exception as error:  # noqa: BLE001 - reported, and the next case runs
        return (f"raised {type(error).__name__}: {error}",)
    return differences(case, actual)


def differences(case: Case, actual: Mapping[str, Any]) -> tuple[str, ...]:
    """Compare an answer with `case.expect` by the tables of this module."""
    tolerance = TOLERANCES.get((case.file, case.kind), EXACT)
    if tolerance.without is not None and case.given.get(tolerance.without) is not None:
        tolerance = EXACT
    return tuple(_Comparison(case.file, tolerance).of("", case.expect, actual))


def _case(row: Mapping[str, Any], file: str) -> Case:
    return Case(
        file=file,
        id=str(row["id"]),
        kind=str(row["kind"]),
        given=dict(row["given"]),
        expect=dict(row["expect"]),
        rule=str(row.get("rule", "")),
        note=str(row.get("note", "")),
    )


@dataclass(frozen=True, slots=True)
class _Comparison:
    file: str
    tolerance: Tolerance

    def of(self, path: str, expected: object, actual: object) -> Iterator[str]:
        if isinstance(expected, Mapping):
            yield from self._maps(path, expected, actual)
        elif isinstance(expected, list):
            yield from self._lists(path, expected, actual)
        elif not self._same(path, expected, actual):
            yield f"{path or 'result'}: expected {_show(expected)}, got {_show(actual)}"

    def _maps(self, path: str, expected: Mapping[str, Any], actual: object) -> Iterator[str]:
        if not isinstance(actual, Mapping):
            yield f"{path or 'result'}: expected fields, got {_show(actual)}"
            return
        for name, value in expected.items():
            at = f"{path}.{name}" if path else name
            if value is None and (self.file, name) in NULL_IS_SILENT:
                continue
            if name == "at" and "timestamp" in expected:  # written for the reader alone
                continue
            if name not in actual:
                yield f"{at}: expected {_show(value)}, got nothing"
                continue
            yield from self.of(at, value, actual[name])
        if _field(path) in WHOLE_MAPS:
            for name in actual.keys() - expected.keys():
                yield f"{path}.{name}: expected nothing, got {_show(actual[name])}"

    def _lists(self, path: str, expected: list[Any], actual: object) -> Iterator[str]:
        if not isinstance(actual, list | tuple):
            yield f"{path}: expected a list, got {_show(actual)}"
            return
        key = SPARSE_LISTS.get((self.file, _field(path)))
        if key is not None:
            found = {_key(row[key]): row for row in actual}
            for row in expected:
                yield from self.of(f"{path}[{row[key]}]", row, found.get(_key(row[key])))
            return
        if len(expected) != len(actual):
            yield f"{path}: expected {len(expected)} entries, got {len(actual)}"
        for index, (one, other) in enumerate(zip(expected, actual, strict=False)):
            yield from self.of(f"{path}[{index}]", one, other)

    def _same(self, path: str, expected: object, actual: object) -> bool:
        if expected is None or actual is None or _is_bool(expected) or _is_bool(actual):
            return expected is actual
        if isinstance(actual, datetime):
            return isinstance(expected, str) and datetime.fromisoformat(expected) == actual
        if isinstance(actual, date):
            return expected == actual.isoformat()
        wanted, got = _number(expected), _number(actual)
        if wanted is not None and got is not None:
            return self.tolerance.allows(_field(path), wanted, got)
        return expected == actual


def _field(path: str) -> str:
    return re.sub(r"(\[[^]]*\])+$", "", path).rpartition(".")[2]


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _key(value: object) -> object:
    number = _number(value)
    return value if number is None else number


def _number(value: object) -> Decimal | None:
    match value:
        case Decimal() | int():
            return Decimal(value)
        case float() if isfinite(value):
            return Decimal(repr(value))
        case str() if _NUMBER.fullmatch(value):
            return Decimal(value)
        case _:
            return None


def _show(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else repr(value)
