"""Kinds of `warrants`: ratios and model prices of structured products."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from portway.model.decimals import half_up
from portway.model.derivative import WarrantKind
from portway.quotes import options, warrants
from portway.testing.cases import kind


@kind("warrants", "terms")
def terms(given: Mapping[str, Any]) -> Mapping[str, Any]:
    product = WarrantKind[given["category"].upper()]
    names = ("underlying", "price", "strike_price", "conversion_ratio")
    spot, price, strike, ratio = (Decimal(given[name]) for name in names)
    balance = warrants.balance_point(product, strike, price, ratio)
    leverage = warrants.leverage_ratio(spot, price, ratio)
    # A callable contract moves with its underlying one for one.
    delta = Decimal(1) if product.is_callable else Decimal(given["warrant_delta"])
    found = {
        "balance_point": balance,
        "premium": _percent(warrants.premium(product, spot, balance)),
        "itm_otm": _percent(warrants.itm_otm(product, spot, strike)),
        "leverage_ratio": f"{half_up(leverage, 2)}",
        "effective_leverage": f"{half_up(leverage * delta, 2)}",
    }
    if given["call_price"] is not None:
        call_price, called = Decimal(given["call_price"]), given["called"]
        away = warrants.to_call_price(product, spot, call_price, called=called)
        found["to_call_price"] = _percent(away)
    if given["outstanding_qty"] is not None:
        ratio = warrants.outstanding_ratio(given["outstanding_qty"], given["issue_size"])
        found["outstanding_ratio"] = half_up(ratio, 4)
        found["outstanding_ratio_percent"] = _percent(ratio)
    return found


@kind("warrants", "inline")
def inline(given: Mapping[str, Any]) -> Mapping[str, Any]:
    names = ("underlying", "lower_strike_price", "upper_strike_price")
    return {"itm_otm": _percent(warrants.inline_itm_otm(*(Decimal(given[name]) for name in names)))}


@kind("warrants", "model")
def model(given: Mapping[str, Any]) -> Mapping[str, Any]:
    spot, strike, ratio = _floats(given, "underlying", "strike_price", "conversion_ratio")
    found = options.greeks(
        given["category"] == "Call", spot, strike, _years(given),
        *_floats(given, "rate", "dividend_yield", "volatility"),
    )  # fmt: skip
    price, delta = float(found.price) / ratio, float(found.delta)
    return {
        "price": price,
        "warrant_delta": delta,
        "effective_leverage": delta * spot / (price * ratio),
    }


@kind("warrants", "implied_volatility")
def implied_volatility(given: Mapping[str, Any]) -> Mapping[str, Any]:
    price, ratio, spot, strike = _floats(
        given, "price", "conversion_ratio", "underlying", "strike_price"
    )
    found = options.implied_volatility(
        given["category"] == "Call", price * ratio, spot, strike, _years(given),
        *_floats(given, "rate", "dividend_yield"),
    )  # fmt: skip
    return {"implied_volatility": float(found)}


@kind("warrants", "cbbc_model")
def cbbc_model(given: Mapping[str, Any]) -> Mapping[str, Any]:
    names = ("underlying", "strike_price", "conversion_ratio", "years", "funding_rate")
    return {
        "price": float(warrants.cbbc_price(given["category"] == "Bull", *_floats(given, *names)))
    }


def _floats(given: Mapping[str, Any], *names: str) -> list[float]:
    return [float(given[name]) for name in names]


def _years(given: Mapping[str, Any]) -> float:
    now, expiry = (datetime.fromisoformat(given[name]) for name in ("now", "expiry"))
    return options.years_between(now, expiry)


def _percent(fraction: Decimal) -> str:
    return f"{half_up(fraction * 100, 2)}"
