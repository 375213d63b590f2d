"""What the official client reads of statements, exchange rates, executions, margin and limits.

Sources: the client's own methods, whose decoding is strict: one wrong type fails the call.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.support.server import Server, run_client

pytestmark = pytest.mark.compat

PROGRAM = """
import json, sys
from decimal import Decimal
from longbridge.openapi import (
    AssetContext, Config, OrderSide, OrderType, PortfolioContext, TimeInForceType, TradeContext,
)

config = Config.from_apikey_env()
trade = TradeContext(config)
order = trade.submit_order("700.HK", OrderType.MO, OrderSide.Buy, Decimal(100), TimeInForceType.Day)
everything = trade.all_executions()
rates = PortfolioContext(config).exchange_rate()
ratio = trade.margin_ratio("700.HK")
[balance] = trade.account_balance()
positions = trade.stock_positions()
sys.stdout.write(json.dumps({
    "order_id": order.order_id,
    "executions": [[one.order_id, str(one.quantity), str(one.price)] for one in everything.trades],
    "has_more": everything.has_more,
    "rates": [
        [one.base_currency, one.other_currency, one.bid_rate, one.average_rate, one.offer_rate]
        for one in rates.exchanges
    ],
    "ratio": [str(one) for one in (ratio.im_factor, ratio.mm_factor, ratio.fm_factor)],
    "totals": [str(balance.total_cash), str(balance.net_assets), str(balance.buy_power)],
    "positions": [
        [one.symbol, str(one.quantity), str(one.available_quantity)]
        for channel in positions.channels for one in channel.positions
    ],
    "funds": [one for channel in trade.fund_positions().channels for one in channel.positions],
}) + "\\n")
"""

STATEMENTS = """
import json, sys
from longbridge.openapi import AssetContext, Config, StatementType

assets = AssetContext(Config.from_apikey_env())
answer = assets.statements(StatementType.Daily)
rows = getattr(answer, "list", answer)
url = assets.statement_download_url(rows[-1].file_key)
sys.stdout.write(json.dumps({
    "days": [row.dt for row in rows], "url": getattr(url, "url", url),
}) + "\\n")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("assets") / "home"
    arguments = ("--clock", "at 2026-01-05T10:30:00+08:00", "--limits", "none")
    with Server(home, *arguments) as running:
        yield running


@pytest.fixture(scope="module")
def facts(server: Server) -> Any:
    return run_client(PROGRAM, server.env)


@pytest.mark.covers("GET /v3/trade/execution/all")
def test_all_executions_hold_what_was_just_filled(facts: Any) -> None:
    filled = [one for one in facts["executions"] if one[0] == facts["order_id"]]
    assert sum(Decimal(one[1]) for one in filled) == 100
    assert facts["has_more"] is False


@pytest.mark.covers("GET /v1/asset/exchange_rates")
def test_exchange_rates_are_floats_of_every_pair(facts: Any) -> None:
    rates = {(one[0], one[1]): one[2:] for one in facts["rates"]}
    assert rates["USD", "HKD"] == [7.7922, 7.8, 7.8078]
    assert len(rates) == 6


@pytest.mark.covers("GET /v1/risk/margin-ratio")
def test_a_member_of_the_index_is_lent_against_best(facts: Any) -> None:
    """Margin ratio: 0.30, 0.25, 0.20 for constituents of the Hang Seng Index."""
    assert [Decimal(one) for one in facts["ratio"]] == [
        Decimal("0.30"), Decimal("0.25"), Decimal("0.20"),
    ]  # fmt: skip


def test_the_balance_and_the_positions_agree_with_the_purchase(facts: Any) -> None:
    assert facts["positions"] == [["700.HK", "100", "100"]]
    assert facts["funds"] == []
    for total in facts["totals"]:
        assert -Decimal(total).as_tuple().exponent <= 2, "to the cent"


@pytest.mark.covers("GET /v1/statement/list", "GET /v1/statement/download")
def test_a_statement_is_listed_and_downloaded_without_credentials(
    server: Server, facts: Any
) -> None:
    server.step(86400)
    told = run_client(STATEMENTS, server.env)
    assert told["days"] == [20260105]
    with urllib.request.urlopen(told["url"], timeout=10) as page:
        document = json.load(page)
    assert {"account", "period", "cash", "cash_flow", "trades", "fees", "holdings"} <= set(document)
    assert document["holdings"] == [{"symbol": "700.HK", "quantity": "100"}]
    bought = sum(Decimal(one["quantity"]) for one in document["trades"])
    assert bought == 100
