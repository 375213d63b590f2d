"""Write `src/portway/wire/pb/` from `proto/`, or check that it is in step (`--check`).

Needs `grpcio-tools` (it carries protoc). Two things differ from plain protoc output:

- The files are compiled under the virtual folder `portway/wire/pb`, which makes their imports
  absolute and their names in protobuf's process-wide descriptor pool unmistakable.
- protoc stamps its own version into the modules and refuses any older runtime. What it writes for
  proto3 has been readable since long before that, so the stamp is lowered to the oldest runtime
  that the project supports and its tests have been run with.

Exit status: 0 written, or in step; 1 `--check` found a difference; 2 protoc failed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RUNTIME_MIN = (6, 30, 0)
WRITTEN_WITH = "1.85.1"  # grpcio-tools; another release may word the same modules differently
PACKAGE = "portway/wire/pb"
ROOT = Path(__file__).resolve().parent.parent
PROTO_DIR = ROOT / "proto"
SOURCE_DIR = ROOT / "src"

_VERSION_GATE = re.compile(
    r"(_runtime_version\.Domain\.PUBLIC,\n)\s+\d+,\n\s+\d+,\n\s+\d+,\n\s+'[^']*',\n"
)
_VERSION_COMMENT = re.compile(r"^# Protobuf Python Version: .*$", re.MULTILINE)


class ProtocFailed(Exception):
    """protoc refused a file; its own message is on stderr."""


def lower_runtime_gate(module: str) -> str:
    """Return the text of a generated module that accepts any runtime from `RUNTIME_MIN` on.

    Raises:
        ProtocFailed: If the gate is not where protoc used to write it.
    """
    major, minor, patch = RUNTIME_MIN
    floor = f"    {major},\n    {minor},\n    {patch},\n    '',\n"
    lowered, count = _VERSION_GATE.subn(lambda match: match[1] + floor, module)
    if count != 1:
        raise ProtocFailed("the runtime check of the generated module has an unknown form")
    stamp = f"# Runtime: protobuf >= {major}.{minor}.{patch}"
    return _VERSION_COMMENT.sub(stamp, lowered)


def generate(target: Path) -> list[Path]:
    """Compile every file of `proto/` into `target/portway/wire/pb`; return the files written.

    Raises:
        ProtocFailed: If protoc is missing or refuses a file.
    """
    protos = sorted(path.name for path in PROTO_DIR.glob("*.proto"))
    target.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"--proto_path={PACKAGE}={PROTO_DIR}",
        f"--python_out={target}",
        f"--pyi_out={target}",
        *(f"{PACKAGE}/{name}" for name in protos),
    ]
    if subprocess.run(command, check=False, cwd=ROOT).returncode:
        raise ProtocFailed("protoc failed; is grpcio-tools installed?")
    folder = target / PACKAGE
    for module in sorted(folder.glob("*_pb2.py")):
        module.write_text(lower_runtime_gate(module.read_text("utf-8")), "utf-8")
    return sorted(folder.glob("*_pb2.py*"))


def differences(fresh: list[Path]) -> list[str]:
    """Return the names of generated files whose committed text is not that of `fresh`."""
    committed = SOURCE_DIR / PACKAGE
    names = {path.name for path in fresh}
    stale = {path.name for path in committed.glob("*_pb2.py*")} - names
    changed = {
        path.name
        for path in fresh
        if not (committed / path.name).exists()
        or (committed / path.name).read_text("utf-8") != path.read_text("utf-8")
    }
    return sorted(stale | changed)


def main() -> int:
    parser = argparse.ArgumentParser(description="Generate the protobuf modules from proto/.")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check: bool = parser.parse_args().check
    try:
        if not check:
            for path in generate(SOURCE_DIR):
                print(path.relative_to(ROOT))
            return 0
        with tempfile.TemporaryDirectory() as folder:
            out_of_step = differences(generate(Path(folder)))
    except ProtocFailed as error:
        print(error, file=sys.stderr)
        return 2
    for name in out_of_step:
        print(f"out of step with proto/: {name}")
    return 1 if out_of_step else 0


if __name__ == "__main__":
    sys.exit(main())
