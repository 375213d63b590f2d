"""The `portway` command: its verbs, loaded when they are called so that each starts fast."""

from __future__ import annotations

import importlib
from keyword import iskeyword

import click

__all__ = ["main"]

# verb -> (module, one line of help). The module has a click command named like the verb, with an
# underscore behind it where the verb is a word of Python.
VERBS = {
    "serve": ("portway.cli.serve", "Run a server until it is stopped."),
    "env": ("portway.cli.env", "Print the variables that point a client at a running server."),
    "clock": ("portway.cli.clock", "Show or move the clock of a running server."),
    "account": ("portway.cli.account", "Open, pay, reset and close paper accounts."),
    "app": ("portway.cli.app", "Register programs that use the API."),
    "level": ("portway.cli.level", "Show and set what each program sees of the markets."),
    "token": ("portway.cli.token", "Issue and revoke access tokens."),
    "assets": ("portway.cli.assets", "Show cash, buying power and margin."),
    "orders": ("portway.cli.orders", "Show today's orders."),
    "positions": ("portway.cli.positions", "Show positions and what they are worth."),
    "journal": ("portway.cli.journal", "Prove, read and write out the journal of a home."),
    "audit": ("portway.cli.audit", "Prove the ledger, and draw the equity curve."),
    "backup": ("portway.cli.backup", "Pack a home into one file, while its server runs."),
    "restore": ("portway.cli.restore", "Bring a home back from a backup."),
    "doctor": ("portway.cli.doctor", "Find the broken link between here and a service."),
    "quote": ("portway.cli.quote", "Print the latest quotes of some symbols."),
    "watch": ("portway.cli.watch", "Show a live table of some symbols."),
    "import": ("portway.cli.imports", "Import real data into a home."),
    "export": ("portway.cli.export", "Write bars to CSV or Parquet files."),
}


class LazyVerbs(click.Group):
    """A group whose commands are imported on demand: `portway env` needs no server code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = getattr(importlib.import_module(VERBS[cmd_name][0]), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.group(cls=LazyVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="portway")
def main() -> None:
    """A self-hosted server that speaks the LongPort OpenAPI, with a paper exchange behind it."""


if __name__ == "__main__":
    main()
