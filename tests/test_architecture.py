"""The fence around the layers: purity, shape and import contracts, and that each can catch.

The tree itself is checked first; then every rule meets a small sample that breaks it, so that a
checker that has gone blind is noticed.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import purity

ROOT = Path(__file__).resolve().parent.parent
DOC = '"""Owns a sample."""\n'


def test_the_source_keeps_every_rule() -> None:
    assert [str(one) for one in purity.check_tree()] == []


PURE_SAMPLES = {
    "import time": "import",
    "import random": "import",
    "import secrets": "import",
    "import uuid": "import",
    "import os": "import",
    "from os import urandom": "import",
    "import socket": "import",
    "import asyncio": "import",
    "import sqlite3": "import",
    "import subprocess": "import",
    "import logging": "import",
    "from pathlib import Path": "import",
    "import urllib.request": "import",
    "def late():\n    import threading": "import",
    "from datetime import datetime\nx = datetime.now()": "clock",
    "from datetime import datetime as clock\nx = clock.utcnow": "clock",
    "import datetime\nx = datetime.date.today()": "clock",
    "import datetime as dt\nx = dt.datetime.now(dt.UTC)": "clock",
    "def local(at):\n    return at.astimezone()": "clock",
    "from datetime import datetime\nx = datetime.fromtimestamp(0)": "clock",
    "import gzip\nx = gzip.compress(b'')": "clock",
    "x = open('file')": "builtin",
    "import gzip\nx = gzip.open('file')": "builtin",
    "print('x')": "builtin",
    "x = hash('700.HK')": "builtin",
    "async def wait():\n    pass": "await",
    "async def each(rows):\n    return [row async for row in rows]": "await",
}


@pytest.mark.parametrize("layer", sorted(purity.PURE_LAYERS))
@pytest.mark.parametrize("sample", PURE_SAMPLES)
def test_a_pure_layer_admits_no_clock_chance_or_input(layer: str, sample: str) -> None:
    found = purity.check_module(Path(layer, "sample.py"), f"{DOC}{sample}\n")
    assert PURE_SAMPLES[sample] in {one.rule for one in found}


@pytest.mark.parametrize("sample", PURE_SAMPLES)
def test_an_edge_may_do_what_a_pure_layer_may_not(sample: str) -> None:
    assert purity.check_module(Path("gateway", "sample.py"), f"{DOC}{sample}\n") == []


@pytest.mark.parametrize(
    "sample",
    [
        "from collections.abc import Mapping\nfrom decimal import Decimal",
        "from datetime import UTC, datetime\nx = datetime.fromtimestamp(0, UTC)",
        "from urllib.parse import quote",
        "import gzip\nx = gzip.compress(b'', mtime=0)",
        "from portway.model.symbol import Symbol",
        "def due(plan):\n    return plan.today()",
    ],
)
def test_a_pure_layer_admits_values(sample: str) -> None:
    assert purity.check_module(Path("core", "sample.py"), f"{DOC}{sample}\n") == []


@pytest.mark.parametrize(
    ("layer", "sample", "rules"),
    [
        ("quotes", "import numpy as np", set()),
        ("core", "import numpy as np", {"import"}),
        ("model", "import numpy as np", {"import"}),
        ("wire", "import numpy as np", {"import"}),
        ("quotes", "import numpy as np\nx = np.random.default_rng()", {"random"}),
        ("quotes", "from numpy import random", {"import"}),
        ("quotes", "import numpy.random", {"import"}),
        ("wire", "from google.protobuf.message import Message", set()),
        ("model", "from google.protobuf.message import Message", {"import"}),
    ],
)
def test_numpy_and_protobuf_have_one_layer_each(layer: str, sample: str, rules: set[str]) -> None:
    found = purity.check_module(Path(layer, "sample.py"), f"{DOC}{sample}\n")
    assert {one.rule for one in found} == rules


@pytest.mark.parametrize(
    ("sample", "rule"),
    [
        ("x = eval('1')", "code"),
        ("exec('pass')", "code"),
        ("x = __import__('os')", "code"),
        ("import subprocess\nsubprocess.run('ls', shell=True)", "shell"),
        ("import subprocess\nsubprocess.run('ls', shell=ask())", "shell"),
        ("import os\nos.system('ls')", "shell"),
    ],
)
def test_no_module_runs_text(sample: str, rule: str) -> None:
    found = purity.check_module(Path("cli", "sample.py"), f"{DOC}{sample}\n")
    assert [one.rule for one in found] == [rule]


def test_a_module_has_a_docstring() -> None:
    found = purity.check_module(Path("cli", "sample.py"), "x = 1\n")
    assert [one.rule for one in found] == ["docstring"]


@pytest.mark.parametrize(("extra", "rules"), [(0, []), (1, ["length"])])
def test_a_module_has_a_longest_length(extra: int, rules: list[str]) -> None:
    text = DOC + "x = 1\n" * (purity.LINES_MAX - 1 + extra)
    found = purity.check_module(Path("cli", "sample.py"), text)
    assert [one.rule for one in found] == rules


@pytest.mark.parametrize("name", sorted(purity.EMPTY_NAMES))
@pytest.mark.parametrize("path", ["core/{}.py", "core/order_{}.py", "{}/order.py", "{}.py"])
def test_no_name_says_nothing(name: str, path: str) -> None:
    found = purity.check_module(Path(path.format(name)), DOC)
    assert [one.rule for one in found] == ["name"]


def test_generated_modules_are_left_alone(tmp_path: Path) -> None:
    bad = "import time\n" * (purity.LINES_MAX + 1)
    for folder in ("wire/pb", "wire"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "sample.py").write_text(bad)
    assert {one.path for one in purity.check_tree(tmp_path)} == {"wire/sample.py"}


# One import that each contract of pyproject.toml has to refuse, and one that it has to admit.
REFUSED_IMPORTS = {
    "layers": ("trading/runner.py", "portway.gateway.app"),
    "openapi": ("openapi/quote.py", "portway.model.symbol"),
    "settings": ("settings.py", "portway.wire.packet"),
    "settings-users": ("core/engine.py", "portway.settings"),
    "openapi-users": ("market/synthetic.py", "portway.openapi.quote"),
    "adapters": ("cli/journal.py", "portway.storage.sqlite"),
    "gateway-core": ("gateway/trade.py", "portway.core.engine"),
}
ADMITTED_IMPORTS = (
    ("market/relay.py", "portway.openapi.quote"),
    ("console/app.py", "portway.openapi.quote"),
    ("cli/watch.py", "portway.openapi.quote"),
    ("cli/main.py", "portway.assemble"),
    ("assemble.py", "portway.storage.sqlite"),
    ("assemble.py", "portway.gateway.app"),
    ("assemble.py", "portway.market.relay"),
    ("storage/sqlite.py", "portway.settings"),
    ("storage/sqlite.py", "portway.trading.ports"),
    ("gateway/app.py", "portway.trading.ports"),
    ("trading/ports.py", "portway.core.engine"),
    ("core/engine.py", "portway.model.symbol"),
    ("settings.py", "portway.model.symbol"),
    ("settings.py", "portway.clock.spec"),
    ("openapi/quote.py", "portway.wire.packet"),
)


def contracts() -> list[dict[str, object]]:
    """The import contracts of pyproject.toml."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rules: list[dict[str, object]] = document["tool"]["importlinter"]["contracts"]
    return rules


def lint(folder: Path, imports: tuple[tuple[str, str], ...]) -> str:
    """Write a `portway` whose modules import as told, and return what the contracts say of it."""
    for file, imported in imports:
        parts = imported.split(".")[1:]
        for path in (Path(file), Path(*parts).with_suffix(".py")):
            module = folder / "portway" / path
            module.parent.mkdir(parents=True, exist_ok=True)
            (module.parent / "__init__.py").touch()
            module.touch()
        with (folder / "portway" / file).open("a") as text:
            text.write(f"import {imported}\n")
    (folder / "portway" / "__init__.py").touch()
    script = "from importlinter.cli import lint_imports_command as run; run()"
    answer = subprocess.run(
        [sys.executable, "-c", script, "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout + answer.stderr


def test_every_contract_has_an_import_that_it_refuses(tmp_path: Path) -> None:
    told = lint(tmp_path, tuple(REFUSED_IMPORTS.values()))
    assert REFUSED_IMPORTS.keys() == {rule["id"] for rule in contracts()}
    kept = [rule["id"] for rule in contracts() if f"{rule['name']} BROKEN" not in told]
    assert kept == [], told


def test_the_contracts_admit_what_the_design_allows(tmp_path: Path) -> None:
    told = lint(tmp_path, ADMITTED_IMPORTS)
    assert f"Contracts: {len(contracts())} kept, 0 broken." in told


# Where the name to import is not the name of the package with `-` as `_`.
IMPORT_NAMES = {"protobuf": "google"}


def declared(*extras: str) -> set[str]:
    """Names that may be imported from the packages of the bare distribution and these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    rows = list(project["dependencies"])
    for extra in extras:
        rows += project["optional-dependencies"][extra]
    packages = [re.split(r"[^A-Za-z0-9_-]", row)[0] for row in rows]
    return {IMPORT_NAMES.get(package, package.replace("-", "_")) for package in packages}


def foreign_imports(source: Path) -> set[str]:
    """First parts of the names that are imported there and are neither Python's nor our own."""
    found = set()
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"portway"}


def test_the_sdk_stands_on_the_bare_distribution() -> None:
    used = foreign_imports(purity.SOURCE / "openapi") | foreign_imports(purity.SOURCE / "wire")
    # Tables are made by functions that import their library when they are called.
    assert used - declared() == {*declared("pandas"), *declared("polars")} - declared()


def test_the_server_declares_what_it_imports() -> None:
    # The pytest plugin is imported by pytest, which is there then.
    used = foreign_imports(purity.SOURCE) - {"pytest"}
    assert used - declared("server") == {*declared("pandas"), *declared("polars")} - declared()


def test_a_foreign_import_is_seen(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(
        "import requests.auth\nfrom attrs import define\nimport os\n"
    )
    assert foreign_imports(tmp_path) == {"requests", "attrs"}
