"""What an account must have agreed to, or not be, before the official client may trade for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.server import Server, run_client

pytestmark = pytest.mark.compat

PROGRAM = """
import json, sys
from decimal import Decimal
from longbridge.openapi import (
    Config, OpenApiException, OrderSide, OrderType, TimeInForceType, TradeContext,
)

trade = TradeContext(Config.from_apikey_env())

def order(symbol, side, quantity, price):
    try:
        made = trade.submit_order(
            symbol, OrderType.LO, side, Decimal(quantity), TimeInForceType.Day, Decimal(price)
        )
    except OpenApiException as error:
        return [error.code, error.message]
    return [0, str(trade.order_detail(made.order_id).status)]

sys.stdout.write(json.dumps({
    "US": order("AAPL.US", OrderSide.Sell, 10, "1000"),
    "HK": order("700.HK", OrderSide.Sell, 100, "700"),
    "CN": order("600519.SH", OrderSide.Buy, 100, "1400"),
}) + "\\n")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("standing") / "home"
    with Server(home, "--limits", "none") as running:
        yield running


def told(server: Server, **standing: Any) -> Any:
    """What a client of a new margin account is answered, by market."""
    deposits = {"HKD": 1_000_000, "USD": 100_000, "CNH": 1_000_000}
    wish = {"kind": "margin", "deposits": deposits, **standing}
    account_no = server.admin("accounts/open", wish)["account_no"]
    token = server.admin("tokens/issue", {"account_no": account_no})["access_token"]
    return run_client(PROGRAM, {**server.env, "LONGBRIDGE_ACCESS_TOKEN": token})


@pytest.mark.covers("error 602065", "error 602301", "error 602315")
def test_what_was_not_agreed_to_is_refused_by_name(server: Server) -> None:
    """Source: trade, refusals: short sales without their agreements; a resident of the mainland."""
    answers = told(server, agreements=[], residency="CN")
    assert {market: code for market, (code, _) in answers.items()} == {
        "US": 602065, "HK": 602301, "CN": 602315,
    }  # fmt: skip
    assert "portway account agree" in answers["US"][1]
    assert "portway account agree" in answers["HK"][1]


def test_who_has_agreed_to_everything_may_trade(server: Server) -> None:
    answers = told(server, agreements=["us-short-sale", "hk-borrowing"])
    assert {market: code for market, (code, _) in answers.items()} == {"US": 0, "HK": 0, "CN": 0}
