"""Which service the command line's client commands speak to, and as whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from portway.cli.env import environment
from portway.cli.home import running_server
from portway.openapi import (
    Config,
    ConnectError,
    OpenApiException,
    QuoteContext,
    RequestTimeout,
    TradeContext,
)
from portway.openapi.calls.socket_call import subscription_symbol
from portway.openapi.dotenv import Environment, read_environment
from portway.openapi.http import HttpClient

__all__ = ["Client", "client_of", "explained", "typed_symbols"]

TOOL_MARK = "x-portway-tool"
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Client:
    """A service to speak to.

    Attributes:
        config: Addresses and credentials.
        marks: What tells a server that its own tool is calling; its calls are counted apart.
    """

    config: Config
    marks: Mapping[str, str] = field(default_factory=dict)

    def quotes(self) -> QuoteContext:
        """Return a context; close it."""
        return QuoteContext(self.config, _marks=self.marks)

    def trades(self) -> TradeContext:
        """Return a context; close it."""
        return TradeContext(self.config, _marks=self.marks)

    def raw(self) -> HttpClient:
        """Return a client that gives answers as they are, for `--json`; close it."""
        return HttpClient._of(self.config, self.marks)


def client_of(ctx: click.Context, home: Path) -> Client:
    """Return the service that `--home` names, else that of the environment, else that of `home`.

    The environment names a service when it has credentials and both addresses: a command of this
    server never turns to the broker's own service because of a forgotten `.env`.

    Raises:
        click.ClickException: If no server is running there.
    """
    typed = ctx.get_parameter_source("home") is click.core.ParameterSource.COMMANDLINE
    env = read_environment()
    if not typed and all(map(env.get, ("APP_KEY", "HTTP_URL", "QUOTE_WS_URL"))):
        server = _server_at(home, env)
        return Client(_config(env), _marks(server))
    server = running_server(home)
    return Client(_config(Environment(environment(home, server))), _marks(server))


def typed_symbols(symbols: tuple[str, ...]) -> list[str]:
    """Return symbols as the service writes them, each once: `00700.hk` is `700.HK`."""
    return list(dict.fromkeys(subscription_symbol(symbol.upper()) for symbol in symbols))


@contextmanager
def explained(client: Client) -> Iterator[None]:
    """Turn failures of the SDK into one line that says what to do."""
    try:
        yield
    except (ConnectError, RequestTimeout) as error:
        hint = "is it running? 'portway serve' starts one, 'portway env' shows where it is"
        raise click.ClickException(
            f"no answer from {client.config.quote_url} ({error.message}): {hint}"
        ) from None
    except OpenApiException as error:
        code = "" if error.code is None else f" ({error.code})"
        raise click.ClickException(f"the service refused{code}: {error.message}") from None


def _config(env: Environment) -> Config:
    config = Config._from_environment(env)
    return Config(
        config.app_key,
        config.app_secret,
        config.access_token,
        config.http_url,
        config.quote_ws_url,
        config.trade_ws_url,
        config.language,
        config.enable_overnight,
        timeout_s=TIMEOUT_SECONDS,
        as_longport=False,
    )


def _server_at(home: Path, env: Environment) -> Mapping[str, Any]:
    """The running server of a home, if it is the one that the environment points at."""
    try:
        server = running_server(home)
    except click.ClickException:
        return {}
    return server if server["http_url"] == env.get("HTTP_URL") else {}


def _marks(server: Mapping[str, Any]) -> Mapping[str, str]:
    secret = server.get("tool_secret")
    return {TOOL_MARK: secret} if secret else {}
