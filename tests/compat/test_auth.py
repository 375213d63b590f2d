"""Who is let in, through the official packages: keys, secrets, tokens, and their end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from tests.compat.conftest import PROGRAMS, Facts
from tests.support.server import Server, run_program

pytestmark = pytest.mark.compat

CODES = {
    "wrong secret": 403201,
    "unknown app key": 403203,
    "garbage token": 401004,
    "altered token": 401004,
    "made-up expired token": 401004,
    "order with a wrong signature": 403201,
    "unknown path": 404000,
    "trade context, wrong secret": 403201,
    "quote context, garbage token": 401004,
}


@pytest.fixture
def facts(gather: Facts, package: str) -> Any:
    return gather("auth", package)


@pytest.mark.covers("GET /v1/trade/execution/today")
def test_the_printed_credentials_are_good(facts: Any) -> None:
    """Source: http, signature."""
    assert facts["good"]["trades"] == []


@pytest.mark.covers("error 403201", "error 403203", "error 401004", "error 404000")
@pytest.mark.parametrize("what", CODES)
def test_wrong_credentials_are_refused_with_code_and_text(facts: Any, what: str) -> None:
    """Source: http, errors of the gateway."""
    assert facts[what]["code"] == CODES[what], facts[what]
    assert facts[what]["message"]


@pytest.mark.covers("GET /v1/token/refresh")
def test_a_refreshed_token_works_and_the_old_one_has_grace(facts: Any) -> None:
    """Source: http, token refresh."""
    tokens = facts["tokens"]
    assert tokens["differ"]
    for which in ("new", "old, at once"):
        assert tokens[which]["trades"] == []


@pytest.mark.covers("error 401003")
def test_an_expired_token_is_refused_everywhere(
    fresh_server: Callable[..., Server], package: str
) -> None:
    """Source: http, errors of the gateway. The token's end is put into the past in the home."""
    server = fresh_server()
    assert server.stop() == 0
    with closing(sqlite3.connect(server.database)) as home, home:
        assert home.execute("UPDATE tokens SET expires_at = issued_at - 1").rowcount == 1
    server.restart()
    client, mode = package.split("-")
    answer = run_program(PROGRAMS / "auth.py", server.env, client, mode, "expired")
    assert answer["get"]["code"] == answer["context"]["code"] == 401003
    assert answer["get"]["message"] == "token expired"


def test_a_refusal_speaks_the_language_of_the_request(facts: Any) -> None:
    """Source: http, request headers."""
    assert facts["in Chinese"]["message"] == "token 无效"
