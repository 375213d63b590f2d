"""Kinds of `money`: risk of an account, largest orders, requirements of options, interest."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portway.core.interest import debit_interest
from portway.core.margin import (
    Factors,
    Long,
    OptionPosition,
    OptionTerms,
    assess,
    max_quantity,
    option_requirement,
)
from portway.testing.cases import kind


@kind("money", "risk")
def risk(given: Mapping[str, Any]) -> Mapping[str, Any]:
    longs = [
        Long(
            Decimal(row["value"]),
            Factors(Decimal(row["im"]), Decimal(row["mm"]), Decimal(row["fm"])),
        )
        for row in given["holdings"]
    ]
    finance_max = Decimal(given["max_finance_amount"])
    totals = assess(Decimal(given["total_cash"]), longs, finance_max=finance_max)
    return {
        "net_assets": totals.net_assets,
        "init_margin": totals.init_margin,
        "maintenance_margin": totals.maintenance_margin,
        "forced_margin": totals.forced_margin,
        "buy_power": totals.buy_power,
        "remaining_finance_amount": totals.remaining_finance_amount,
        "margin_call": totals.margin_call,
        "risk_level": totals.risk_level,
        "forced": totals.is_forced,
    }


@kind("money", "max_quantity")
def largest_order(given: Mapping[str, Any]) -> Mapping[str, Any]:
    cash, margin = max_quantity(
        cash=Decimal(given["cash"]),
        buy_power=Decimal(given["buy_power"]),
        remaining_finance_amount=Decimal(given["remaining_finance_amount"]),
        price=Decimal(given["price"]),
        fee_rate=Decimal(given["fee_rate"]),
        initial_factor=Decimal(given["im"]),
        lot_size=Decimal(given["lot_size"]),
    )
    return {"cash_max_qty": cash, "margin_max_qty": margin}


@kind("money", "option_margin")
def option_margin(given: Mapping[str, Any]) -> Mapping[str, Any]:
    option = OptionTerms(
        underlying=Decimal(given["underlying"]),
        strike=Decimal(given["strike"]),
        premium=Decimal(given["premium"]),
        multiplier=Decimal(given["multiplier"]),
        rate=Decimal(given.get("rate", "0.20")),
        width=Decimal(given.get("width", 0)),
    )
    position = OptionPosition[given["position"].upper()]
    return {"per_contract": option_requirement(position, option)}


@kind("money", "interest")
def interest(given: Mapping[str, Any]) -> Mapping[str, Any]:
    charged = debit_interest(
        Decimal(given["debit"]),
        Decimal(given["annual_rate"]),
        int(given["days"]),
        int(given["day_basis"]),
    )
    return {"interest": charged}
