"""`portway import`: sets of real data into a home, one sub-verb for each kind of data.

Sub-verbs are loaded when they are called, as the verbs of `portway` are. A further kind of data is
a row in `KINDS` and a click command of that name in the module it names; nothing else changes here.
"""

from __future__ import annotations

import importlib

import click

__all__ = ["KINDS", "import_"]

# sub-verb -> (module, one line of help). The module has a click command named like the sub-verb.
KINDS = {
    "securities": ("portway.cli.import_securities", "Import a list of securities."),
    "ticks": ("portway.cli.import_data", "Import trades and quotes."),
    "bars": ("portway.cli.import_data", "Import bars of a minute or a day."),
    "actions": ("portway.cli.import_data", "Import corporate actions and factor files."),
    "forget": ("portway.cli.import_data", "Take what was imported of symbols out."),
    "report": ("portway.cli.import_data", "Tell what was imported and what is marked."),
}


class LazyKinds(click.Group):
    """A group whose commands are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in KINDS:
            return None
        command = getattr(importlib.import_module(KINDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(kind, line) for kind, (_, line) in KINDS.items()])


@click.group(name="import", cls=LazyKinds)
def import_() -> None:
    """Import real data into a home: lists of securities, trades, bars."""
