"""Every case of every case file that portway covers, one test each.

The files are found as `make cases` finds them; without the folder there is one skipped test, or a
failing one where PORTWAY_REQUIRE_SHARED says that the folder must be there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from portway.testing.cases import Case, covered_file, load_file, run_case
from tools.cases import cases_folder


def covered_cases() -> Iterator[Case]:
    for path in sorted(cases_folder().glob("*.json")):
        file = covered_file(path.stem)
        if file is not None:
            yield from load_file(path, file)


def test_the_case_files_are_there() -> None:
    if cases_folder().is_dir():
        assert list(cases_folder().glob("*.json"))
        return
    reason = f"no case files: {cases_folder()} is not there; set PORTWAY_CASES"
    if os.environ.get("PORTWAY_REQUIRE_SHARED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.parametrize("case", list(covered_cases()), ids=lambda case: f"{case.file}:{case.id}")
def test_case(case: Case) -> None:
    assert run_case(case) == ()
