"""The environment as the SDK reads it: variables of the process, then the nearest `.env` file.

A `.env` file is looked for in the working folder and its parents; the first one found is read. It
never overrides a variable of the process, and the process's environment is never changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

__all__ = ["PREFIXES", "Environment", "parse_dotenv", "read_environment"]

PREFIXES = ("PORTWAY", "LONGBRIDGE", "LONGPORT")  # the first that has the variable counts

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class Environment:
    """Variables by suffix: `get("APP_KEY")` is that of the first prefix that has it."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def get(self, suffix: str) -> str | None:
        """Return the value of the first prefix that has it, or `None`."""
        for prefix in PREFIXES:
            value = self._variables.get(f"{prefix}_{suffix}")
            if value is not None:
                return value
        return None


def read_environment(
    environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> Environment:
    """Return the process's variables over those of the nearest `.env` file.

    Args:
        environ: Instead of `os.environ`.
        folder: Where the search begins, instead of the working folder.
    """
    process = os.environ if environ is None else environ
    start = Path.cwd() if folder is None else folder
    for place in (start, *start.parents):
        file = place / ".env"
        if file.is_file():
            text = file.read_text(encoding="utf-8-sig", errors="replace")
            return Environment({**parse_dotenv(text), **process})
    return Environment(dict(process))


def parse_dotenv(text: str) -> dict[str, str]:
    """Return the variables of a `.env` text: comments, `export`, single and double quotes.

    Lines that are no assignment are skipped, as every reader of such files does.
    """
    values = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is not None:
            values[match[1]] = _value(match[2].strip())
    return values


def _value(text: str) -> str:
    quote = text[:1]
    if quote in ("'", '"'):
        end = _closing_quote(text, quote)
        inner = text[1:end]
        return inner if quote == "'" else re.sub(r"\\(.)", _unescape, inner)
    return re.split(r"\s+#", text, maxsplit=1)[0] if not text.startswith("#") else ""


def _closing_quote(text: str, quote: str) -> int:
    at = 1
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" and quote == '"' else 1
    return at


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[1])
