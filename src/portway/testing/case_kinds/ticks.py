"""Kinds of `ticks`: the tick at a price, whether it is valid, its neighbours, steps from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from portway.model.instrument import PHASE_2_FROM, SecurityClass, spread_table
from portway.model.spread import SpreadTable
from portway.model.symbol import Market
from portway.testing.cases import kind


def _table(given: Mapping[str, Any]) -> SpreadTable:
    on, phase2_from = date.fromisoformat(given["date"]), given.get("phase2_from")
    return spread_table(
        Market(given["market"]),
        SecurityClass(given["class"]),
        on,
        PHASE_2_FROM if phase2_from is None else date.fromisoformat(phase2_from),
    )


@kind("ticks", "tick_size")
def tick_size(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"tick": _table(given).tick_size(Decimal(given["price"]))}


@kind("ticks", "valid")
def valid(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"valid": _table(given).is_valid(Decimal(given["price"]))}


@kind("ticks", "nearest")
def nearest(given: Mapping[str, Any]) -> Mapping[str, Any]:
    table, price = _table(given), Decimal(given["price"])
    return {"below": table.below(price), "above": table.above(price)}


@kind("ticks", "step")
def step(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"price": _table(given).step(Decimal(given["price"]), int(given["ticks"]))}
