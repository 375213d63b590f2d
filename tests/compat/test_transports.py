"""Pulls over HTTP, which the newer client sends where it is told to, answer as on the socket."""

from __future__ import annotations

from typing import Any

import pytest

from portway.wire.pull_paths import PULL_PATHS
from tests.compat.conftest import Facts

pytestmark = pytest.mark.compat

REFUSED = {"depth": 301600, "brokers": 301600, "quote": 301607, "trades": 301607,
           "capital_flow": 301603}  # fmt: skip


@pytest.fixture(params=("longbridge-sync", "longbridge-async"))
def facts(gather: Facts, request: pytest.FixtureRequest) -> Any:
    return gather("transports", request.param, server=("--clock", "at 2026-03-03T10:30:00+08:00"))


@pytest.mark.covers(
    "POST /quote/markets/trading-sessions",
    "POST /quote/markets/trading-days",
    "POST /quote/static-info",
    "POST /quote/quotes",
    "POST /quote/options/quotes",
    "POST /quote/warrants/quotes",
    "POST /quote/depth",
    "POST /quote/brokers",
    "POST /quote/participants",
    "POST /quote/trades",
    "POST /quote/intraday",
    "POST /quote/candlesticks",
    "POST /quote/options/expiry-dates",
    "POST /quote/warrants/issuers",
    "POST /quote/warrants",
    "POST /quote/capital-flow",
    "POST /quote/capital-distribution",
    "POST /quote/calc-indexes",
    "POST /quote/history-candlesticks",
)
def test_every_pull_over_http_reads_like_the_one_on_the_socket(facts: Any) -> None:
    """Source: http, quote pulls over HTTP; quote, section 12.2."""
    assert len(PULL_PATHS) == 19
    for name, answer in facts["socket"].items():
        theirs = facts["http"][name]
        assert theirs == answer, name
    for name, code in REFUSED.items():
        assert facts["http"][f"wrong {name}"]["code"] == code
        assert facts["http"][f"wrong {name}"]["message"]
