"""Orders, executions, money and positions through the official packages."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.compat.conftest import Facts

pytestmark = pytest.mark.compat

FINAL = {"Filled", "Rejected", "Canceled", "Expired", "PartialWithdrawal"}
EXECUTED = {"PartialFilled", "Filled"}


@pytest.fixture
def facts(gather: Facts, client: str) -> Any:
    return gather("trade", client)


def cash(balance: list[Any], currency: str = "HKD") -> dict[str, Decimal]:
    (info,) = [one for one in balance[0]["cash_infos"] if one["currency"] == currency]
    return {name: Decimal(value) for name, value in info.items() if name != "currency"}


def total(balance: list[Any], currency: str = "HKD") -> Decimal:
    """What the account owns: unsettled cash is part of what is available."""
    info = cash(balance, currency)
    return info["available_cash"] + info["frozen_cash"]


def held(positions: Any, symbol: str = "700.HK") -> dict[str, Any] | None:
    rows = [one for channel in positions["channels"] for one in channel["positions"]]
    return next((one for one in rows if one["symbol"] == symbol), None)


def amount(executions: list[Any]) -> Decimal:
    return sum((Decimal(one["price"]) * Decimal(one["quantity"]) for one in executions), Decimal(0))


def fees(detail: Any) -> Decimal:
    charges = detail["charge_detail"]
    parts = [Decimal(fee["amount"]) for item in charges["items"] for fee in item["fees"]]
    assert sum(parts) == Decimal(charges["total_amount"])
    assert parts
    return Decimal(charges["total_amount"])


def statuses(pushes: list[Any]) -> list[str]:
    return [push["status"] for push in pushes]


def is_legal_life(pushes: list[Any]) -> bool:
    seen = statuses(pushes)
    executed = [Decimal(push["executed_quantity"]) for push in pushes]
    if any(status in FINAL for status in seen[:-1]):
        return False
    if any(later < earlier for earlier, later in pairwise(executed)):
        return False
    first = next((place for place, status in enumerate(seen) if status in EXECUTED), len(seen))
    return not any("NotReported" in status or status == "WaitToNew" for status in seen[first:])


@pytest.mark.covers("GET /v1/asset/account")
def test_a_new_account_has_the_cash_it_was_promised(facts: Any) -> None:
    """Source: trade, account balance; the first start of a server."""
    balance = facts["before"]["balance"]
    assert len(balance) == 1
    promised = {"HKD": 1_000_000, "USD": 100_000, "CNH": 500_000}
    for currency, units in promised.items():
        assert cash(balance, currency)["available_cash"] == units
        assert cash(balance, currency)["frozen_cash"] == 0
    assert facts["before"]["positions"]["channels"][0]["positions"] == []


@pytest.mark.covers("POST /v1/trade/order", "GET /v1/trade/order")
def test_a_limit_order_above_the_ask_is_filled_within_its_limit(facts: Any) -> None:
    """Source: trade, submit and order detail."""
    buy = facts["buy"]
    detail = buy["detail"]
    assert detail["status"] == "Filled"
    assert (detail["symbol"], detail["side"], detail["order_type"]) == ("700.HK", "Buy", "LO")
    assert Decimal(detail["quantity"]) == Decimal(detail["executed_quantity"]) == 300
    assert Decimal(detail["price"]) == Decimal(buy["limit"])
    assert detail["currency"] == "HKD"
    assert detail["remark"] == "round trip"
    assert "Filled" in [step["status"] for step in detail["history"]]
    best = Decimal(buy["depth"]["asks"][0]["price"])
    assert all(best <= Decimal(one["price"]) <= Decimal(buy["limit"]) for one in buy["executions"])


@pytest.mark.covers("GET /v1/trade/execution/today", "GET /v1/trade/order/today")
def test_executions_add_up_to_the_order(facts: Any) -> None:
    """Source: trade, executions."""
    buy = facts["buy"]
    executions = buy["executions"]
    assert {one["order_id"] for one in executions} == {buy["order_id"]}
    assert len({one["trade_id"] for one in executions}) == len(executions) > 0
    assert sum(Decimal(one["quantity"]) for one in executions) == 300
    average = amount(executions) / 300
    assert abs(Decimal(buy["detail"]["executed_price"]) - average) < Decimal("0.001")
    (listed,) = [one for one in buy["today"] if one["order_id"] == buy["order_id"]]
    for name in ("status", "executed_quantity", "executed_price", "price", "remark"):
        assert listed[name] == buy["detail"][name]


@pytest.mark.covers("cmd trade 16", "cmd trade 18")
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_pushes_tell_the_life_of_an_order_in_order(facts: Any, side: str) -> None:
    """Source: trade, push channel and state machine."""
    known = facts[side]
    pushes = known["pushes"]
    assert is_legal_life(pushes), statuses(pushes)
    assert pushes[-1]["status"] == known["detail"]["status"] == "Filled"
    assert {push["symbol"] for push in pushes} == {"700.HK"}
    shares = sum(Decimal(push["last_share"]) for push in pushes if push["last_share"])
    assert shares == 300
    if side == "buy":
        paid = sum(
            Decimal(push["last_share"]) * Decimal(push["last_price"])
            for push in pushes
            if push["last_share"]
        )
        assert paid == amount(known["executions"])
        assert {push["remark"] for push in pushes} == {"round trip"}


@pytest.mark.covers("GET /v1/asset/account", "GET /v1/asset/stock")
def test_a_buy_moves_cash_and_position_by_what_was_executed(facts: Any) -> None:
    """Source: trade, bookkeeping seen from outside; to the cent, fees included."""
    before, after, buy = facts["before"], facts["bought"], facts["buy"]
    paid = amount(buy["executions"]) + fees(buy["detail"])
    assert total(before["balance"]) - total(after["balance"]) == paid
    position = held(after["positions"])
    assert position is not None
    assert Decimal(position["quantity"]) == Decimal(position["available_quantity"]) == 300
    assert (position["currency"], position["market"]) == ("HKD", "HK")
    average = amount(buy["executions"]) / 300
    assert abs(Decimal(position["cost_price"]) - average) < Decimal("0.001")


@pytest.mark.covers("GET /v1/asset/cashflow")
def test_the_cash_flow_lists_the_purchase(facts: Any) -> None:
    """Source: trade, cash flow."""
    rows = facts["cash_flow"]
    assert rows
    assert {row["symbol"] for row in rows} == {"700.HK"}
    out = [Decimal(row["balance"]) for row in rows if row["direction"] == "Out"]
    assert all(one < 0 for one in out)
    buy = facts["buy"]
    assert -sum(out) == amount(buy["executions"]) + fees(buy["detail"])


@pytest.mark.covers("POST /v1/trade/order", "GET /v1/asset/stock")
def test_a_market_sell_brings_the_cash_back_less_fees(facts: Any) -> None:
    """Source: trade, submit; bookkeeping seen from outside."""
    detail = facts["sell"]["detail"]
    assert detail["price"] is None
    gained = total(facts["sold"]["balance"]) - total(facts["bought"]["balance"])
    exact = sum(
        Decimal(push["last_share"]) * Decimal(push["last_price"])
        for push in facts["sell"]["pushes"]
        if push["last_share"]
    )
    assert gained == exact - fees(detail)
    assert held(facts["sold"]["positions"]) is None


@pytest.mark.covers("PUT /v1/trade/order", "DELETE /v1/trade/order")
def test_a_resting_order_holds_cash_until_it_is_cancelled(facts: Any) -> None:
    """Source: trade, replace, cancel; bookkeeping seen from outside."""
    resting = facts["resting"]
    before, during, after = (cash(resting[name]) for name in ("before", "during", "after"))
    held_cash = before["available_cash"] - during["available_cash"]
    assert held_cash >= 200 * Decimal(resting["price"])
    assert during["frozen_cash"] - before["frozen_cash"] == held_cash
    replaced = resting["replaced"]
    assert (Decimal(replaced["quantity"]), Decimal(replaced["price"])) == (
        100,
        Decimal(resting["price"]) - 1,
    )
    assert replaced["status"] in {"Replaced", "New"}
    assert is_legal_life(resting["pushes"])
    assert statuses(resting["pushes"])[-1] == "Canceled"
    assert "Replaced" in statuses(resting["pushes"])
    assert after == before
    assert resting["after"][0]["buy_power"] == resting["before"][0]["buy_power"]


@pytest.mark.covers("error 601011")
def test_cancelling_twice_is_refused(facts: Any) -> None:
    """Source: trade, refusals."""
    assert facts["resting"]["cancel_twice"]["code"] == 601011
    assert facts["resting"]["cancel_twice"]["message"]


@pytest.mark.covers("POST /v1/trade/order")
def test_a_us_share_can_be_bought_at_the_market(facts: Any) -> None:
    """Source: trade, submit."""
    us = facts["us"]
    assert us["detail"]["status"] == "Filled"
    assert us["detail"]["currency"] == "USD"
    position = held(us["positions"], "AAPL.US")
    assert position is not None
    assert Decimal(position["quantity"]) == 2
    assert position["market"] == "US"


REFUSED = {
    "off the tick grid": 602035,
    "not a multiple of the lot": 602001,
    "unknown symbol": 602001,
    "unknown order": 603001,
}


@pytest.mark.covers("error 602035", "error 602001", "error 603001")
@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_order_is_refused_at_once(facts: Any, what: str) -> None:
    """Source: trade, refusals."""
    assert facts["refused"][what]["code"] == REFUSED[what], facts["refused"][what]
    assert facts["refused"][what]["message"]


@pytest.mark.covers("POST /v1/trade/order", "cmd trade 18")
def test_an_order_without_the_money_gets_an_id_and_is_rejected(facts: Any) -> None:
    """Source: trade, refusals (what is rejected after acceptance)."""
    rejected = facts["rejected"]
    assert rejected["detail"]["status"] == "Rejected"
    assert rejected["detail"]["msg"] == "The order amount exceeds the maximum buying power"
    assert rejected["pushes"][-1]["status"] == "Rejected"
    assert rejected["pushes"][-1]["msg"] == rejected["detail"]["msg"]


NEXT_DAY = ("--clock", "at 2026-03-03T10:30:00+08:00", "--speed", "0")


@pytest.mark.covers("GET /v1/trade/order/history", "GET /v1/trade/execution/history")
def test_yesterdays_orders_are_history_and_day_orders_expired(gather: Facts, package: str) -> None:
    """Source: trade, today's and history orders, life of a Day order; settlement."""
    facts = gather("next_day", package, "2026-03-04T10:30:00+08:00", server=NEXT_DAY)
    filled, resting = facts["filled"], facts["resting"]
    assert facts["states"][filled][-1] == "Filled"
    assert facts["states"][resting][-1] == "Expired"
    assert facts["detail"]["status"] == "Expired"
    assert facts["today"] == facts["today_executions"] == []
    assert {one["order_id"] for one in facts["history"]} == {filled, resting}
    assert {one["order_id"] for one in facts["history_executions"]} == {filled}
    before, after = cash(facts["before"]), cash(facts["after"])
    assert before["frozen_cash"] > 0
    assert after["frozen_cash"] == 0


@pytest.mark.covers("cmd trade 18")
@pytest.mark.parametrize(("language", "name"), [("ZH_CN", "腾讯控股"), ("ZH_HK", "騰訊控股")])
def test_names_and_refusals_come_in_the_language_asked_for(
    gather: Facts, language: str, name: str
) -> None:
    """Source: http, request headers; trade, order object."""
    facts = gather("trade", "longbridge-sync", language)
    assert facts["buy"]["detail"]["stock_name"] == name
    position = held(facts["bought"]["positions"])
    assert position is not None
    assert position["symbol_name"] == name
    message = facts["refused"]["unknown symbol"]["message"]
    assert message == {"ZH_CN": "证券不存在", "ZH_HK": "證券不存在"}[language]


@pytest.fixture
def assets(gather: Facts, client: str) -> Any:
    return gather("assets", client)


@pytest.mark.covers("GET /v1/trade/estimate/buy_limit")
def test_the_largest_purchase_is_what_the_cash_pays_for_in_whole_lots(assets: Any) -> None:
    """Source: trade, maximum quantity."""
    most = Decimal(assets["estimate"]["cash_max_qty"])
    assert most % 100 == 0
    assert 1_000_000 - 100 * 500 * Decimal("1.01") <= most * 500 <= 1_000_000
    assert Decimal(assets["estimate_sell"]["cash_max_qty"]) == 0


@pytest.mark.covers("GET /v1/risk/margin-ratio")
def test_margin_factors_are_fractions_of_one(assets: Any) -> None:
    """Source: trade, margin ratio."""
    factors = [Decimal(assets["margin"][name]) for name in ("im_factor", "mm_factor", "fm_factor")]
    assert all(0 < factor <= 1 for factor in factors)


@pytest.mark.covers("GET /v1/asset/fund")
def test_there_are_no_funds(assets: Any) -> None:
    """Source: trade, fund positions."""
    assert [one for channel in assets["funds"]["channels"] for one in channel["positions"]] == []


@pytest.mark.covers("GET /v1/asset/account")
def test_a_balance_in_another_currency_is_the_same_account_converted(assets: Any) -> None:
    """Source: trade, account balance: one element, totals converted, every currency listed."""
    (usd,), (hkd,) = assets["in_usd"], assets["in_hkd"]
    assert (usd["currency"], hkd["currency"]) == ("USD", "HKD")
    assert usd["cash_infos"] == hkd["cash_infos"]
    rate = Decimal(hkd["net_assets"]) / Decimal(usd["net_assets"])
    assert Decimal("7.7") < rate < Decimal("7.9")
    assert assets["unknown_currency"]["code"] == 602001


@pytest.mark.covers("GET /v2/socket/token")
def test_the_newer_path_gives_socket_passwords_too(assets: Any) -> None:
    """Source: http, socket one-time password."""
    token = assets["socket_token"]
    assert token["otp"]
    assert token["limit"] == 10 > token["online"]


@pytest.mark.covers("error 601012", "error 602013")
def test_a_filled_order_can_be_neither_replaced_nor_cancelled(assets: Any) -> None:
    """Source: trade, refusals."""
    wrong = assets["wrong"]
    assert wrong["detail"]["status"] == "Filled"
    assert wrong["replace"]["code"] == 602013
    assert wrong["cancel"]["code"] == 601012


@pytest.mark.covers("error 602012", "error 601013")
def test_market_orders_are_not_replaced_and_rejected_ones_not_cancelled(assets: Any) -> None:
    """Source: trade, replace rules and refusals; a price outside the exchange's band."""
    wrong = assets["wrong"]
    assert wrong["replace_market"]["code"] == 602012
    assert wrong["outside"]["status"] == "Rejected"
    assert wrong["outside"]["msg"]
    assert wrong["cancel_rejected"]["code"] == 601013


@pytest.mark.covers("cmd trade 17")
def test_no_order_is_pushed_after_unsubscribing(assets: Any) -> None:
    """Source: trade, push channel."""
    assert assets["subscribed"] > 0
    assert assets["unsubscribed"] == 0
