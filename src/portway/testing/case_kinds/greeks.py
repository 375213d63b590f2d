"""Kinds of `greeks`: prices and sensitivities of options, and what they are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from portway.model.decimals import half_up
from portway.quotes import options
from portway.testing.cases import kind


@kind("greeks", "greeks")
def greeks(given: Mapping[str, Any]) -> Mapping[str, Any]:
    years = _years(given)
    spot, strike, rate, dividends, sigma = _floats(
        given, "underlying", "strike", "rate", "dividend_yield", "volatility"
    )
    found = options.greeks(_is_call(given), spot, strike, years, rate, dividends, sigma)
    delta, gamma, theta = float(found.delta), float(found.gamma), float(found.theta)
    vega, rho = float(found.vega), float(found.rho)
    return {
        "years": years,
        "price": float(found.price),
        "delta": delta,
        "gamma": gamma,
        "theta_per_day": theta,
        "vega_per_1_percent": vega / 100,
        "rho_per_1_percent": rho / 100,
        "wire": {"delta": delta, "gamma": gamma, "theta": theta, "vega": vega, "rho": rho},
    }


@kind("greeks", "implied_volatility")
def implied_volatility(given: Mapping[str, Any]) -> Mapping[str, Any]:
    paid, spot, strike, rate, dividends = _floats(
        given, "price", "underlying", "strike", "rate", "dividend_yield"
    )
    years = _years(given) if _instant(given, "now") < _instant(given, "expiry") else 0.0
    found = options.implied_volatility(_is_call(given), paid, spot, strike, years, rate, dividends)
    return {"implied_volatility": float(found)}


@kind("greeks", "price_input")
def price_input(given: Mapping[str, Any]) -> Mapping[str, Any]:
    prices = (given[name] for name in ("bid", "ask", "last"))
    return {
        "price": options.price_input(*(None if one is None else Decimal(one) for one in prices))
    }


@kind("greeks", "option_premium")
def option_premium(given: Mapping[str, Any]) -> Mapping[str, Any]:
    names = ("underlying", "strike", "price")
    found = options.option_premium(_is_call(given), *(Decimal(given[name]) for name in names))
    return {"premium": f"{half_up(found * 100, 2)}"}


@kind("greeks", "historical_volatility")
def historical_volatility(given: Mapping[str, Any]) -> Mapping[str, Any]:
    closes = [float(one) for one in given["closes"]]
    return {"historical_volatility": options.historical_volatility(closes)}


def _years(given: Mapping[str, Any]) -> float:
    return options.years_between(_instant(given, "now"), _instant(given, "expiry"))


def _instant(given: Mapping[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(given[name])


def _is_call(given: Mapping[str, Any]) -> bool:
    return bool(given["right"] == "Call")


def _floats(given: Mapping[str, Any], *names: str) -> list[float]:
    return [float(given[name]) for name in names]
