"""Structured products through the official packages: issuers, lists, quotes that agree."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.compat.conftest import Facts

pytestmark = pytest.mark.compat

# Fields of the lists' sorts, as the packages name them.
SORTS = {
    "LastDone": "last_done",
    "Volume": "volume",
    "ExpiryDate": "expiry_date",
    "Premium": "premium",
    "LeverageRatio": "leverage_ratio",
}


@pytest.fixture
def facts(gather: Facts, client: str) -> Any:
    return gather("warrants", client)


def by_symbol(rows: list[Any]) -> dict[str, Any]:
    return {row["symbol"]: row for row in rows}


@pytest.mark.covers("cmd 22")
def test_issuers_have_numbers_and_names_in_three_languages(facts: Any) -> None:
    """Source: quote, command 22."""
    ids = [one["issuer_id"] for one in facts["issuers"]]
    assert len(set(ids)) == len(ids) >= 15
    for one in facts["issuers"]:
        assert one["name_en"]
        assert one["name_cn"]
        assert one["name_hk"]


@pytest.mark.covers("cmd 23")
def test_the_list_has_products_of_every_kind_in_the_order_asked_for(facts: Any) -> None:
    """Source: quote, command 23."""
    everything = facts["all"]
    prices = [Decimal(row["last_done"]) for row in everything]
    assert len(everything) > 40
    assert prices == sorted(prices)
    for name, field in SORTS.items():
        found = [row[field] for row in facts["sorted"][name] if row[field] is not None]
        keys = [
            date.fromisoformat(one) if field == "expiry_date" else Decimal(one) for one in found
        ]
        assert keys == sorted(keys, reverse=True), name
    symbols = {row["symbol"] for row in everything}
    for name, rows in facts["kinds"].items():
        assert rows, name
        assert {row["warrant_type"] for row in rows} == {name}
    together = [row["symbol"] for rows in facts["kinds"].values() for row in rows]
    assert len(together) == len(set(together))
    assert set(together) == symbols
    assert len(facts["index"]) > 20


def test_filters_divide_the_list(facts: Any) -> None:
    """Source: quote, command 23: each product is in one class of expiry, money and status."""
    symbols = {row["symbol"] for row in facts["all"]}
    for name in ("expiry", "money", "status"):
        parts = [{row["symbol"] for row in rows} for rows in facts[name].values()]
        assert set().union(*parts) == symbols, name
        assert sum(map(len, parts)) == len(symbols), name
    ends = {name: [row["expiry_date"] for row in rows] for name, rows in facts["expiry"].items()}
    assert max(ends["LT_3"]) < min(ends["Between_3_6"])
    assert max(ends["Between_3_6"]) < min(ends["Between_6_12"])
    of_issuer = facts["of issuer"]["rows"]
    assert 0 < len(of_issuer) < len(symbols)


@pytest.mark.covers("cmd 13")
def test_quotes_agree_with_the_list_and_with_plain_quotes(facts: Any) -> None:
    """Source: quote, command 13; ratios are fractions."""
    listed, plain = by_symbol(facts["all"]), by_symbol(facts["plain quotes"])
    assert [one["symbol"] for one in facts["quotes"]] == list(plain)
    for one in facts["quotes"]:
        row, quote = listed[one["symbol"]], plain[one["symbol"]]
        assert one["underlying_symbol"] == "700.HK"
        assert one["category"] == row["warrant_type"]
        assert one["expiry_date"] == row["expiry_date"]
        assert one["last_trade_date"] < one["expiry_date"]
        assert Decimal(one["last_done"]) == Decimal(row["last_done"]) == Decimal(quote["last_done"])
        assert one["volume"] == row["volume"] == quote["volume"]
        assert Decimal(one["turnover"]) == Decimal(row["turnover"]) == Decimal(quote["turnover"])
        assert one["outstanding_quantity"] == int(row["outstanding_qty"])
        assert 0 <= Decimal(one["outstanding_ratio"]) <= 1
        assert Decimal(one["conversion_ratio"]) > 0
        match one["category"]:
            case "Call" | "Put":
                assert Decimal(one["strike_price"]) > 0
                assert 0 <= Decimal(one["implied_volatility"]) < 5
            case "Bull":
                assert Decimal(one["call_price"]) > Decimal(one["strike_price"]) > 0
            case "Bear":
                assert 0 < Decimal(one["call_price"]) < Decimal(one["strike_price"])
            case "Inline":
                assert Decimal(one["lower_strike_price"]) < Decimal(one["upper_strike_price"])
    assert [one["symbol"] for one in facts["left out"]] == [facts["quotes"][0]["symbol"]]


@pytest.mark.covers("cmd 26")
def test_indexes_of_products_follow_from_price_and_terms(facts: Any) -> None:
    """Source: markets, calculated indexes: percentages with two places."""
    quotes, spot = by_symbol(facts["quotes"]), Decimal(facts["spot"]["last_done"])
    for one in facts["indexes"]:
        quote = quotes[one["symbol"]]
        last, ratio = Decimal(quote["last_done"]), Decimal(quote["conversion_ratio"])
        strike, rises = Decimal(quote["strike_price"]), quote["category"] in ("Call", "Bull")
        leverage = spot / (last * ratio)
        assert one["outstanding_qty"] == quote["outstanding_quantity"]
        assert near(one["outstanding_ratio"], Decimal(quote["outstanding_ratio"]) * 100, "0.01")
        assert near(one["leverage_ratio"], leverage, "0.006")
        if quote["category"] == "Inline":
            assert one["strike_price"] is None
            low, high = (Decimal(quote[f"{side}_strike_price"]) for side in ("lower", "upper"))
            assert near(one["itm_otm"], min(spot - low, high - spot) / spot * 100, "0.006")
            continue
        sign = 1 if rises else -1
        balance = strike + sign * last * ratio
        assert Decimal(one["balance_point"]) == balance
        assert near(one["premium"], sign * (balance - spot) / spot * 100, "0.006")
        assert near(one["itm_otm"], sign * (spot - strike) / strike * 100, "0.006")
        if quote["category"] in ("Bull", "Bear"):
            away = sign * (spot - Decimal(quote["call_price"])) / spot * 100
            assert near(one["to_call_price"], away, "0.006")
            assert one["effective_leverage"] == one["leverage_ratio"]
            assert one["warrant_delta"] is None
        else:
            implied = Decimal(quote["implied_volatility"]) * 100
            assert near(one["implied_volatility"], implied, "0.006")
            delta = Decimal(one["warrant_delta"])
            assert (delta >= 0) == rises
            allowed = f"{leverage * Decimal('0.000001') + Decimal('0.01')}"
            assert near(one["effective_leverage"], delta * leverage, allowed)
            assert one["call_price"] is None


def near(text: str, expected: Decimal, allowed: str) -> bool:
    return abs(Decimal(text) - expected) <= Decimal(allowed)


def test_products_are_described_and_traded_like_any_symbol(facts: Any) -> None:
    """Source: quote, commands 10, 14, 17 and 19."""
    tencent, *products = facts["static_info"]
    assert "Warrant" in tencent["stock_derivatives"]
    for info in products:
        assert info["board"] == "HKWarrant"
        assert info["exchange"] == "SEHK"
        assert info["lot_size"] >= 1000
        assert info["name_cn"]
    depth = facts["depth"]
    assert len(depth["asks"]) > 1
    prices = [Decimal(one["price"]) for one in depth["asks"]]
    assert prices == sorted(set(prices))
    plain = by_symbol(facts["plain quotes"])
    for symbol, trades in facts["trades"].items():
        if len(trades) < 1000:
            assert sum(one["volume"] for one in trades) == plain[symbol]["volume"]
        if trades:
            assert Decimal(trades[-1]["price"]) == Decimal(plain[symbol]["last_done"])


def test_pages_of_a_list_meet(facts: Any) -> None:
    """Source: quote, command 23: offset and count; the total is that of the filter."""
    whole = facts["pages"]["all"]["warrant_list"]
    pages = [part["warrant_list"] for part in facts["pages"]["parts"]]
    assert all(len(page) == 7 for page in pages[:4])
    joined = [row["symbol"] for page in pages for row in page]
    assert joined == [row["symbol"] for row in whole][: len(joined)]
    assert {part["total_count"] for part in facts["pages"]["parts"]} == {len(whole)}


def test_figures_of_the_list_follow_from_one_another(gather: Facts) -> None:
    """Source: markets, calculated indexes; the older package reads several fields wrongly."""
    for row in gather("warrants", "longbridge-sync")["all"]:
        last = Decimal(row["last_done"])
        if row["warrant_type"] == "Inline":
            continue
        ratio, strike = Decimal(row["conversion_ratio"]), Decimal(row["strike_price"])
        rises = row["warrant_type"] in ("Call", "Bull")
        balance = strike + last * ratio if rises else strike - last * ratio
        assert abs(Decimal(row["balance_point"]) - balance) < Decimal("0.001")
        if row["warrant_type"] in ("Call", "Put"):
            delta, leverage = Decimal(row["delta"]), Decimal(row["leverage_ratio"])
            assert (delta >= 0) == rises
            allowed = Decimal("0.0001") * (leverage + 1)
            assert abs(Decimal(row["effective_leverage"]) - delta * leverage) <= allowed


REFUSED = {
    "a sort field that there is not": 301600,
    "an order that there is not": 301600,
    "a kind that there is not": 301600,
    "an expiry that there is not": 301600,
    "a price type that there is not": 301600,
    "a status that there is not": 301600,
    "an issuer that there is not": 301600,
    "an offset below zero": 301600,
    "a page of 1001 rows": 301607,
    "an underlying without products": 301603,
    "an unknown underlying": 301600,
    "501 symbols": 301607,
}


@pytest.mark.covers("error 301600", "error 301603", "error 301607")
@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_request_is_refused_with_code_and_text(facts: Any, what: str) -> None:
    """Source: quote, errors."""
    answer = facts["refused"][what]
    assert answer["code"] == REFUSED[what], answer
    assert answer["message"].strip()
