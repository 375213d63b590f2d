"""Checks the rules of the source that no linter knows: purity of the pure layers, and shape.

The pure layers decide about orders, money and quotes from their arguments alone. Whatever they
could learn or do besides (a clock, a random number, a file, a socket, a coroutine) would make a
journal impossible to repeat, so it is refused here by name, with the line. The other rules hold
for the whole source: no code from text, no shell, no module too long, no name that says nothing.

Run `python -m tools.purity`; exit status 1 when a rule is broken.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).resolve().parent.parent / "src" / "portway"

PURE_LAYERS: Final = frozenset({"model", "wire", "core", "quotes"})

# What a pure layer may import besides portway itself. `zoneinfo` reads its tables from files, but
# what it returns for a key is a constant; `gzip` and `json` are used on bytes and text alone.
PURE_IMPORTS: Final = frozenset(
    "__future__ abc array base64 binascii bisect calendar collections contextlib copy dataclasses "
    "datetime decimal enum fractions functools graphlib gzip hashlib heapq hmac itertools json "
    "math numbers operator re statistics string struct textwrap types typing unicodedata "
    "urllib.parse zlib zoneinfo".split()
)
LAYER_IMPORTS: Final = {
    "model": frozenset({"msgspec"}),
    "core": frozenset({"msgspec"}),
    "quotes": frozenset({"msgspec", "numpy"}),
    "wire": frozenset({"google.protobuf"}),
}

# Built-ins that do I/O or differ from run to run; `hash` of text depends on the process.
IMPURE_BUILTINS: Final = frozenset({"breakpoint", "hash", "id", "input", "open", "print"})
CLOCK_READS: Final = frozenset({"now", "today", "utcnow"})
CODE_FROM_TEXT: Final = frozenset({"__import__", "eval", "exec"})
SHELL_CALLS: Final = frozenset({("os", "popen"), ("os", "system")})

LINES_MAX: Final = 500
EMPTY_NAMES: Final = frozenset(
    "base common helper helpers manager managers misc util utils".split()
)
GENERATED: Final = ("wire", "pb")


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One broken rule.

    Attributes:
        path: The file, relative to the package.
        line: Counted from 1.
        rule: Short name of the rule, as `import` or `clock`.
        text: What stands there and what the rule wants.
    """

    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


def check_tree(source: Path = SOURCE) -> list[Violation]:
    """Check every module below `source`, generated ones left out, and return what is broken."""
    found: list[Violation] = []
    for path in sorted(source.rglob("*.py")):
        relative = path.relative_to(source)
        if relative.parts[:2] != GENERATED:
            found += check_module(relative, path.read_text(encoding="utf-8"))
    return found


def check_module(relative: Path, text: str) -> list[Violation]:
    """Check one module's text; `relative` is its place in the package and decides its layer."""
    tree = ast.parse(text, filename=str(relative))
    layer = relative.parts[0] if len(relative.parts) > 1 else ""
    broken = [*_shape(relative, text, tree), *_everywhere(tree)]
    if layer in PURE_LAYERS:
        broken += _Pure(layer, _datetime_names(tree)).broken(tree)
    return sorted(Violation(relative.as_posix(), *one) for one in broken)


_Broken = tuple[int, str, str]


def _shape(relative: Path, text: str, tree: ast.Module) -> Iterator[_Broken]:
    lines = text.count("\n")
    if lines > LINES_MAX:
        yield LINES_MAX + 1, "length", f"{lines} lines, at most {LINES_MAX}: divide the room"
    names = (*relative.parent.parts, relative.stem)
    for name in names:
        if EMPTY_NAMES & {name, name.rpartition("_")[2]}:
            yield 1, "name", f"{name!r} says nothing: name the word that the module owns"
    if text.strip() and ast.get_docstring(tree) is None:
        yield 1, "docstring", "no docstring that says what the module owns"


def _everywhere(tree: ast.Module) -> Iterator[_Broken]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in CODE_FROM_TEXT:
                yield node.lineno, "code", f"{name}() runs text as code"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)) if (
                owner,
                name,
            ) in SHELL_CALLS:
                yield node.lineno, "shell", f"{owner}.{name}() starts a shell"
            case ast.keyword(arg="shell", value=value) if not _is_false(value):
                yield value.lineno, "shell", "shell=True: pass a list of arguments"
            case _:
                pass


@dataclass(frozen=True, slots=True)
class _Pure:
    """The rules of one pure layer; `clocks` are the names that stand for datetime's classes."""

    layer: str
    clocks: frozenset[str]

    def broken(self, tree: ast.Module) -> Iterator[_Broken]:
        for node in ast.walk(tree):
            yield from self._imports(node)
            yield from self._clock(node)
            yield from self._input_output(node)

    def _imports(self, node: ast.AST) -> Iterator[_Broken]:
        for module in _imported(node):
            if not self._admits(module):
                line = getattr(node, "lineno", 1)
                yield line, "import", f"{module} in {self.layer}: pass the value in"
        match node:
            case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="random"):
                yield node.lineno, "random", "numpy.random: derive it from the seed that came in"
            case _:
                pass

    def _admits(self, module: str) -> bool:
        if module == "numpy.random" or module.startswith("numpy.random."):
            return False
        allowed = PURE_IMPORTS | LAYER_IMPORTS.get(self.layer, frozenset()) | {"portway"}
        parts = module.split(".")
        return any(".".join(parts[:length]) in allowed for length in range(1, len(parts) + 1))

    def _clock(self, node: ast.AST) -> Iterator[_Broken]:
        match node:
            case ast.Attribute(value=owner, attr=name) if name in CLOCK_READS:
                if ast.unparse(owner) in self.clocks:
                    yield node.lineno, "clock", f"{ast.unparse(node)}: the time comes as `at`"
            case ast.Call(func=ast.Attribute(attr="astimezone"), args=[], keywords=[]):
                yield node.lineno, "clock", "astimezone() reads the machine's zone: name one"
            case ast.Call(func=ast.Attribute(attr="fromtimestamp"), args=[_], keywords=[]):
                yield node.lineno, "clock", "fromtimestamp() reads the machine's zone: pass tz"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="gzip"), attr="compress")):
                if all(keyword.arg != "mtime" for keyword in node.keywords):
                    yield node.lineno, "clock", "gzip.compress() writes the time: pass mtime=0"
            case _:
                pass

    def _input_output(self, node: ast.AST) -> Iterator[_Broken]:
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_BUILTINS:
                yield node.lineno, "builtin", f"{name}() in {self.layer}"
            case ast.Attribute(value=ast.Name(id="gzip"), attr="open" | "GzipFile"):
                yield node.lineno, "builtin", f"{ast.unparse(node)} in {self.layer}"
            case ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith() | ast.Await():
                yield node.lineno, "await", f"a coroutine in {self.layer}"
            case ast.comprehension(is_async=1, target=target):
                yield target.lineno, "await", f"a coroutine in {self.layer}"
            case _:
                pass


def _imported(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(level=0, module=str(module), names=names):
            # `from urllib import parse` and `from numpy import random` name modules too.
            yield from (f"{module}.{alias.name}" for alias in names)
        case _:
            pass


def _datetime_names(tree: ast.Module) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    if alias.name == "datetime":
                        module = alias.asname or "datetime"
                        names |= {f"{module}.datetime", f"{module}.date"}
            case ast.ImportFrom(module="datetime", names=aliases):
                names |= {
                    alias.asname or alias.name
                    for alias in aliases
                    if alias.name in {"datetime", "date"}
                }
            case _:
                pass
    return frozenset(names)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def main() -> int:
    """Print every violation, one a line; return the exit status."""
    violations = check_tree()
    for violation in violations:
        print(f"src/portway/{violation}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
