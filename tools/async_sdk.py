"""Write the asyncio faces of the SDK from the sync ones: `python -m tools.async_sdk [--check]`.

A method of `X_methods.py` becomes one of `async_X_methods.py` with the same arguments and
docstring, whose result is a future. Methods that set callbacks stay as they are. The bodies are the
same: what differs is how the base class waits.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "portway" / "openapi"
BANNER = "# Written by tools/async_sdk.py from {source}; change that file and run the tool."


def twin_of(source: Path) -> str:
    """Return the text of the async twin of a file of methods."""
    text = source.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _is_call(node):
            assert node.returns is not None
            _replace(lines, node.returns, lambda old: f"asyncio.Future[{old}]")
    out = "".join(lines)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            out = out.replace(f"class {node.name}(", f"class Async{node.name}(")
            out = out.replace(f'"{node.name}"', f'"Async{node.name}"')
    out = out.replace("SyncContext", "AsyncContext")
    out = out.replace("; the asyncio twin is written from this file", ", with awaitables")
    # For annotations alone: asyncio takes longer to import than all else, and not all need it.
    head = "import annotations\n\nfrom typing import TYPE_CHECKING\n"
    out = out.replace("import annotations\n\n", head, 1)
    out = out.replace("\n__all__", "\nif TYPE_CHECKING:\n    import asyncio\n\n__all__", 1)
    return f"{BANNER.format(source=source.name)}\n{out}"


def _is_call(node: ast.FunctionDef) -> bool:
    is_method = bool(node.args.args) and node.args.args[0].arg == "self"
    return is_method and not node.name.startswith(("set_", "_"))


def _replace(lines: list[str], node: ast.expr, change: object) -> None:
    assert callable(change)
    assert node.end_lineno == node.lineno, "a return type stands on one line"
    row = node.lineno - 1
    line = lines[row].encode()
    old = line[node.col_offset : node.end_col_offset].decode()
    before, after = line[: node.col_offset], line[node.end_col_offset :]
    lines[row] = before.decode() + change(old) + after.decode()


def _formatted(text: str, name: str) -> str:
    ruff = [sys.executable, "-m", "ruff"]
    stdin = ["--stdin-filename", name, "-"]
    sort = [*ruff, "check", "--quiet", "--fix", "--select", "I", *stdin]
    for command in (sort, [*ruff, "format", "--quiet", *stdin]):
        text = subprocess.run(
            command, input=text, capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
    return text


def main() -> int:
    """Write the files, or say which are not what would be written."""
    stale = []
    for source in sorted(PACKAGE.glob("*_methods.py")):
        if source.name.startswith("async_"):
            continue
        target = source.with_name(f"async_{source.name}")
        text = _formatted(twin_of(source), str(target))
        if target.exists() and target.read_text(encoding="utf-8") == text:
            continue
        stale.append(target.name)
        if "--check" not in sys.argv:
            target.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(f"run python -m tools.async_sdk: {', '.join(stale)}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
