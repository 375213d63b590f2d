"""What a starting server says: where it stands, the variables to paste, and what to try next."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from portway.cli.env import environment, format_environment
from portway.cli.home import default_home

__all__ = ["welcome"]

NEXT = """\
[bold]Next[/bold], in another terminal:
  eval "$({command} env{home})"            [dim]then run your LongPort program, unchanged[/dim]
  {command} watch{home} 700.HK AAPL.US     [dim]prices that move[/dim]
  {command} clock{home}                    [dim]where each market stands[/dim]
[dim]Ctrl-C stops the server; its state stays in {path}[/dim]"""


def welcome(home: Path, server: dict[str, Any]) -> None:
    """Print the block; the variables go unadorned, so that they can be pasted as they stand."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    console.print(
        f"[bold]portway[/bold] {server['version']} is ready.  {escape(server['markets'])}"
    )
    console.print()
    print(format_environment(environment(home, server), "sh"))
    console.print()
    flag = "" if home == default_home() else f" --home {home}"
    console.print(
        NEXT.format(command=escape(_command()), home=escape(flag), path=escape(str(home)))
    )
    sys.stdout.flush()


def _command() -> str:
    """What to type for `portway` in a shell that knows nothing of this one's environment."""
    running = Path(sys.argv[0])
    if running.name == "__main__.py":
        return f"{Path(sys.executable).name} -m portway.cli"
    found = shutil.which("portway")
    if found is not None and Path(found).resolve() == running.resolve():
        return "portway"
    return str(running)
