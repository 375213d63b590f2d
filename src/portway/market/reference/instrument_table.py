"""The securities and indexes that portway knows without any import.

Names, lots and boards are facts; share counts and figures per share are of the right size and fixed
in time, so that ratios look like the market's. No price is in this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Final

from portway.market.reference.rows import Row, TableError, read_table
from portway.model.decimals import parse_decimal
from portway.model.instrument import Board, Derivative, Instrument, SecurityClass
from portway.model.symbol import Symbol, parse_symbol

__all__ = ["instruments"]

_FLAGS: Final = frozenset({"stamp_duty", "overnight", "pos", "cas"})


@cache
def instruments() -> Mapping[Symbol, Instrument]:
    """Return every built-in instrument by symbol, in the order of the table."""
    found: dict[Symbol, Instrument] = {}
    for one in read_table("instruments.csv", _parse):
        if one.symbol in found:
            raise TableError(f"instruments.csv: {one.symbol} stands twice")
        found[one.symbol] = one
    return MappingProxyType(found)


def _parse(row: Row) -> Instrument:
    flags = frozenset(row["flags"].split())
    if not flags <= _FLAGS:
        raise ValueError(f"unknown flags: {', '.join(sorted(flags - _FLAGS))}")
    return Instrument(
        symbol=parse_symbol(row["symbol"]),
        name_en=row["name_en"],
        name_cn=row["name_cn"],
        name_hk=row["name_hk"],
        exchange=row["exchange"],
        currency=row["currency"],
        lot_size=int(row["lot_size"]),
        board=Board(row["board"]),
        security_class=SecurityClass(row["security_class"]),
        total_shares=int(row["total_shares"]),
        circulating_shares=int(row["circulating_shares"]),
        hk_shares=int(row["hk_shares"]),
        eps=parse_decimal(row["eps"]),
        eps_ttm=parse_decimal(row["eps_ttm"]),
        bps=parse_decimal(row["bps"]),
        dividend=parse_decimal(row["dividend"]),
        stock_derivatives=tuple(Derivative[d.upper()] for d in row["stock_derivatives"].split()),
        listing_date=date.fromisoformat(row["listing_date"]) if row["listing_date"] else None,
        indexes=tuple(map(parse_symbol, row["indexes"].split())),
        stamp_duty="stamp_duty" in flags,
        overnight="overnight" in flags,
        pos_eligible="pos" in flags,
        cas_eligible="cas" in flags,
    )
