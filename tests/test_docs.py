"""Documentation says what is there: links lead somewhere, commands exist, examples run."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from portway.cli.main import main as cli
from tests.conftest import ROOT
from tests.support.server import Server, text_of
from tools import compat_table

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\[[^]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def words_of(page: str) -> Iterator[list[str]]:
    """Every command line of a page, in blocks and in passing, split at spaces."""
    text = (ROOT / page).read_text()
    for language, block in CODE.findall(text):
        if language in ("", "sh", "bash", "console"):
            for line in block.splitlines():
                yield line.partition("#")[0].removeprefix("$ ").split()
    for inline in INLINE.findall(CODE.sub("", text)):
        yield inline.split()


@pytest.mark.parametrize("page", NAMES)
def test_every_relative_link_leads_to_a_file(page: str) -> None:
    folder = (ROOT / page).parent
    links = [link for link in LINK.findall((ROOT / page).read_text()) if "://" not in link]
    assert [link for link in links if not (folder / link).exists()] == []


SHOWN_BY = re.compile(r"\[(test_\w+)\]\((tests/[\w/]+\.py)\) \|$", re.MULTILINE)


def test_every_limit_that_is_lifted_is_shown_by_a_test_that_exists() -> None:
    text = (ROOT / "README.md").read_text()
    section = text.partition("## More than a paper account")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    shown = SHOWN_BY.findall(section)
    assert len(shown) == len(table) >= 10, "each row names its test"
    for name, path in shown:
        tree = ast.parse((ROOT / path).read_text())
        defined = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in defined, f"{path} has no {name}"


@pytest.mark.parametrize("page", NAMES)
def test_every_make_verb_is_in_the_makefile(page: str) -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {words[1] for words in words_of(page) if words[:1] == ["make"] and len(words) > 1}
    assert {verb for verb in named if re.fullmatch("[a-z-]+", verb)} <= verbs


@pytest.mark.parametrize("page", NAMES)
def test_every_portway_command_and_flag_is_known(page: str) -> None:
    assert isinstance(cli, click.Group)
    context = click.Context(cli)
    for words in words_of(page):
        if words[:1] != ["portway"] or len(words) < 2 or not re.fullmatch("[a-z-]+", words[1]):
            continue
        command = cli.get_command(context, words[1])
        assert command, " ".join(words)
        flags = {flag for one in command.params for flag in (*one.opts, *one.secondary_opts)}
        if isinstance(command, click.Group):
            subs = [command.get_command(context, name) for name in command.list_commands(context)]
            flags |= {
                f for sub in subs if sub for p in sub.params for f in (*p.opts, *p.secondary_opts)
            }
        named = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert named <= flags | {"--help"}, " ".join(words)


@pytest.mark.parametrize("page", NAMES)
def test_every_python_block_compiles(page: str) -> None:
    for language, block in CODE.findall((ROOT / page).read_text()):
        if language == "python":
            ast.parse(block)


def test_the_compatibility_table_is_up_to_date() -> None:
    assert compat_table.main(["--check"]) == 0


def test_the_compatibility_table_refuses_what_is_not_shown() -> None:
    """The check above could not succeed with anything."""
    sections = [*compat_table.command_sections(), compat_table.endpoint_section()]
    problems = list(compat_table.find_problems(sections, {"cmd 999": ["nowhere"]}))
    assert any("covers 'cmd 999'" in problem for problem in problems)
    assert any(problem.startswith("cmd 11 is done, but no test") for problem in problems)


def test_every_bench_has_its_line_on_the_performance_page() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    benches = [path.name for path in ROOT.glob("bench/*.py") if path.name != "machine.py"]
    assert [name for name in benches if f"bench/{name}" not in page] == []


@pytest.mark.compat
@pytest.mark.covers("cmd 6", "POST /v1/trade/order")
def test_the_example_of_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    """Source: README. Moving prices are printed, and the order is filled."""
    blocks = dict(CODE.findall((ROOT / "README.md").read_text()))
    with Server(tmp_path / "home") as server:
        said = text_of(["-c", blocks["python"]], server.env)
    assert "700.HK" in said
    assert "Filled" in said.splitlines()[-1]


def test_the_script_written_by_hand_is_carried_out(tmp_path: Path) -> None:
    """Source: docs/repeating.md, its script and its last command line."""
    page = (ROOT / "docs" / "repeating.md").read_text()
    script = tmp_path / "script.jsonl"
    script.write_text(dict(CODE.findall(page))["json"])
    clock = re.findall(r"--clock '(at [^']+)' --repeat", page)[0]
    arguments = ("--clock", clock, "--speed", "1000", "--repeat-commands", str(script))
    with Server(tmp_path / "home", *arguments) as server:
        told = server.admin("commands?wait=60")
        assert (told["repeated"], told["left"]) == (2, 0)
        assert server.admin("clock")["markets"]["HK"]["now"] == "2026-03-03T02:20:00+00:00"
        shown = subprocess.run(
            [sys.executable, "-m", "portway.cli", "journal", "show", "--home", str(server.home)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert "OrderFilled" in shown.stdout, shown.stderr


@pytest.mark.compat
def test_the_backtest_of_the_tutorial_runs_as_it_stands(tmp_path: Path) -> None:
    """Source: docs/tutorial-backtest.md: its server, and its blocks one after the other."""
    page = (ROOT / "docs" / "tutorial-backtest.md").read_text()
    blocks = [block for language, block in CODE.findall(page) if language == "python"]
    serve = shlex.split(re.findall(r'make serve ARGS="(.*)"', page)[0])
    arguments = serve[serve.index("--seed") :]
    (tmp_path / "backtest.py").write_text("".join(blocks))
    (tmp_path / "equity_curve.py").write_text((ROOT / "examples/equity_curve.py").read_text())
    with Server(tmp_path / "lab", *arguments) as server:
        said = text_of(["backtest.py"], server.env, cwd=tmp_path)
    assert "the market stands at 2026-01-05 14:35:00+00:00" in said
    assert re.search(r"OrderStatus.Filled 100 at \d+", said)
    orders, profit = re.findall(r"(\d+) orders, ([+-][\d,.]+) USD", said)[0]
    assert int(orders) >= 4
    assert float(profit.replace(",", "")) != 0
    assert (tmp_path / "equity.svg").read_text().startswith("<svg")
