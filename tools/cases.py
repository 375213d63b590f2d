"""Runs the case files of a folder and closes with a line `N passed, N failed`.

The folder is the environment's PORTWAY_CASES, else `cases` of PORTWAY_SHARED, else
`../shared/cases`. A file that no kind is registered for is skipped and named; everything else
that goes wrong counts as failed. Run `python -m tools.cases [FILE...]`.

Exit status: 0 all passed; 1 something failed, or nothing was run; 2 there is no such folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from portway.testing.cases import CaseFileError, covered_file, load_file, run_case

ROOT = Path(__file__).resolve().parent.parent


def cases_folder() -> Path:
    """Return the folder of the case files, which need not exist."""
    shared = Path(os.environ.get("PORTWAY_SHARED") or ROOT.parent / "shared")
    return Path(os.environ.get("PORTWAY_CASES") or shared / "cases")


def run_file(path: Path, file: str) -> tuple[int, int]:
    """Run every case of one file, print each failure, and return (passed, failed)."""
    try:
        cases = load_file(path, file)
    except CaseFileError as error:
        print(f"FAIL {error}")
        return 0, 1
    failed = 0
    for case in cases:
        wrong = run_case(case)
        failed += bool(wrong)
        for line in wrong:
            print(f"FAIL {case.id} ({case.kind}; {case.rule}): {line}")
    passed = len(cases) - failed
    print(f"{path.name}: {passed} of {len(cases)}")
    return passed, failed


def main(names: Sequence[str]) -> int:
    """Run the files called `names`, or all; return the exit status."""
    folder = cases_folder()
    if not folder.is_dir():
        print(f"no case files: {folder} is not there; set PORTWAY_CASES", file=sys.stderr)
        return 2
    passed = failed = 0
    for path in sorted(folder.glob("*.json")):
        if names and path.stem not in names:
            continue
        file = covered_file(path.stem)
        if file is None:
            print(f"SKIP {path.name}: not covered yet")
            continue
        good, bad = run_file(path, file)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
