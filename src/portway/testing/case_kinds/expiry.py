"""Kinds of `expiry`: what derivatives pay at their end, and on which days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from portway.market.reference import calendars
from portway.model import payoff
from portway.model.derivative import OptionStyle, OptionTerms, Right, WarrantKind
from portway.model.quote import TradeStatus
from portway.model.symbol import Market, Symbol
from portway.testing.cases import kind

# A product whose dates are asked for, by a kind that has the same ones.
_PRODUCTS: Final = {
    "warrant": WarrantKind.CALL,
    "cbbc": WarrantKind.BULL,
    "inline": WarrantKind.INLINE,
}


@kind("expiry", "us_option")
def us_option(given: Mapping[str, Any]) -> Mapping[str, Any]:
    expiry = date.fromisoformat(given["expiry"])
    terms = OptionTerms(
        Symbol("X.US"),
        expiry,
        Right[given["right"].upper()],
        Decimal(given["strike"]),
        OptionStyle(given["style"]),
        given["multiplier"],
    )
    found = payoff.option_settlement(terms, given["contracts"], Decimal(given["official_close"]))
    following = calendars()[Market.US].add(expiry, 1)
    return {
        "exercised": found.exercised,
        "shares": found.shares,
        "cash": found.cash,
        "settles_on": following if found.exercised else None,
    }


@kind("expiry", "hk_warrant")
def hk_warrant(given: Mapping[str, Any]) -> Mapping[str, Any]:
    settled_at = _mean(given)
    product, strike, ratio = _terms(given)
    paid = payoff.payoff(product, strike, ratio, settled_at)
    return {"settlement_price": settled_at, **_cash(paid, given)}


@kind("expiry", "hk_cbbc_expiry")
def hk_cbbc_expiry(given: Mapping[str, Any]) -> Mapping[str, Any]:
    product, strike, ratio = _terms(given)
    return _cash(payoff.payoff(product, strike, ratio, Decimal(given["settlement_close"])), given)


@kind("expiry", "hk_inline")
def hk_inline(given: Mapping[str, Any]) -> Mapping[str, Any]:
    settled_at = _mean(given)
    lower, upper = Decimal(given["lower_strike_price"]), Decimal(given["upper_strike_price"])
    paid = payoff.inline_payoff(lower, upper, settled_at)
    return {"settlement_price": settled_at, **_cash(paid, given)}


@kind("expiry", "hk_dates")
def hk_dates(given: Mapping[str, Any]) -> Mapping[str, Any]:
    product, expiry = _PRODUCTS[given["product"]], date.fromisoformat(given["expiry"])
    calendar = calendars()[Market.HK]
    return {
        "last_trading_day": payoff.last_trading_day(product, expiry, calendar),
        "paid_on": payoff.paid_on(expiry, calendar),
        "averaging_days": list(payoff.averaging_days(product, expiry, calendar)),
    }


@kind("expiry", "mandatory_call")
def mandatory_call(given: Mapping[str, Any]) -> Mapping[str, Any]:
    product, strike, ratio = _terms(given)
    rows = [(datetime.fromisoformat(one["at"]), Decimal(one["price"])) for one in given["prints"]]
    call_price, calendar = Decimal(given["call_price"]), calendars()[Market.HK]
    called = payoff.mandatory_call(product, call_price, rows, calendar)
    if called is None:
        status, extreme, residual, number = TradeStatus.NORMAL, None, None, None
    else:
        status, extreme, number = TradeStatus.EXPIRED, called.extreme, called.index + 1
        residual = payoff.residual_value(product, strike, ratio, called.extreme)
    return {
        "called": called is not None,
        "print": number,
        "trade_status": int(status),
        "extreme": extreme,
        "residual_per_unit": residual,
    }


def _terms(given: Mapping[str, Any]) -> tuple[WarrantKind, Decimal, Decimal]:
    names = ("strike_price", "conversion_ratio")
    strike, ratio = (Decimal(given[name]) for name in names)
    return WarrantKind[given["category"].upper()], strike, ratio


def _mean(given: Mapping[str, Any]) -> Decimal:
    return payoff.settlement_price([Decimal(one) for one in given["closes"]])


def _cash(paid: Decimal, given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"payoff_per_unit": paid, "cash": paid * given["quantity"]}
