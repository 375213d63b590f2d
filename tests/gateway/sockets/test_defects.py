"""A handler that fails: the client gets a code, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from portway.wire.pb import quote_pb2
from tests.gateway.clients import connect, error_of
from tests.gateway.world import world


@pytest.mark.covers("error 301602")
@pytest.mark.parametrize("kind", ["ws", "tcp"])
async def test_a_command_that_fails_answers_server_error_and_keeps_the_line(kind: str) -> None:
    """Source: quote, errors."""
    async with world() as w:
        client = await connect(kind, w.ports)
        await client.sign_in(w.password())

        def broken(*args: Any) -> Any:
            raise RuntimeError("secret detail")

        w.quotes.board = broken  # type: ignore[method-assign]
        request = quote_pb2.SecurityRequest(symbol="700.HK")
        answer = await client.request(14, request)
        assert error_of(answer) == (7, 301602)
        assert b"secret" not in answer.body
        assert w.gateway.stats.defects == 1
        w.gateway.stats.defects = 0
        heartbeat = await client.request(1, b"still here")
        assert (heartbeat.status_code, heartbeat.body) == (0, b"still here")
