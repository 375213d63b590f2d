"""Every public name of the covered parts of both official clients is here, with its arguments.

Read from the installed wheels. What is different on purpose stands in a table of
docs/sdk-differences.md, which this test reads: a row that is no longer true fails too.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import portway.openapi as ours
from portway.openapi.enums import OpenApiEnum
from portway.openapi.values import Value

pytestmark = pytest.mark.compat

DIFFERENCES = Path(__file__).parents[2] / "docs" / "sdk-differences.md"

# Of `longbridge`, what belongs to quotes, orders and assets; its other contexts are not covered.
NEW_IN_LONGBRIDGE = """
AccountBalance AllExecutionsResponse AssetContext AsyncAssetContext AsyncQuoteContext
AsyncTradeContext AttachedOrderDetail AttachedOrderType CapitalDistribution CashFlow
CashFlowDirection CashInfo ContractDirection FundPosition FundPositionChannel FundPositionsResponse
GetStatementListResponse GetStatementResponse MultiLegInfo MultiLegOrderLeg MultiLegPosition
MultiLegStrategy OAuth OAuthBuilder OptionChainContract OptionDirection OptionExpiryCycleType
OptionStandardAttr OptionVolumeDaily OptionVolumeDailyStat OptionVolumeStats PinnedMode
PushGridOrderChanged QuotePackageDetail QuoteTransport ReplaceAttachedParams ShortPositionsItem
ShortPositionsResponse ShortTradesItem ShortTradesResponse StatementItem StatementType
StockPosition StockPositionChannel StockPositionsResponse SubmitAttachedParams SubmitOrderResponse
Subscription USAssetOverview USAttachedOrder USAvailableHolding USButtonControl USBuyLimitInfo
USCashAndBuyPower USCashDetail USCashEntry USChargeDetail USChargeItem USCryptoEntry
USCryptoOverview USExchangeRate USExchangeRates USMarginStatus USOrderDetail USOrderDetailResponse
USOrderHistory USRealizedPL USRealizedPLEntry USRealizedPLMetric USStockEntry USTransaction
USTransactionHistory
""".split()


def names_of(library: str) -> list[str]:
    module = importlib.import_module(f"{library}.openapi")
    there = {name for name in dir(module) if not name.startswith("_")}
    if library == "longbridge":
        there &= {*NEW_IN_LONGBRIDGE, *names_of("longport")}
        assert set(NEW_IN_LONGBRIDGE) <= there
    return sorted(there)


CLASSES = [(library, name) for library in ("longport", "longbridge") for name in names_of(library)]


def listed() -> set[tuple[str, str]]:
    """Rows of the table: what is different, and of which library."""
    text = DIFFERENCES.read_text(encoding="utf-8")
    table = text[text.index("<!-- surface -->") : text.index("<!-- end of surface -->")]
    rows = re.findall(r"^\| `([^`]+)` \| ([a-z, ]+) \|", table, re.M)
    return {(what, library) for what, both in rows for library in both.split(", ")}


@pytest.mark.parametrize("library", ["longport", "longbridge"])
def test_every_name_is_exported(library: str) -> None:
    missing = [name for name in names_of(library) if name not in ours.__all__]
    assert missing == []


def test_every_class_and_argument_is_there_but_for_the_listed_differences() -> None:
    found = {(what, library) for library, name in CLASSES for what in differences(library, name)}
    assert sorted(found - listed()) == []
    assert sorted(listed() - found) == [], "listed, and not different any more"


def differences(library: str, name: str) -> Iterator[str]:
    theirs = getattr(importlib.import_module(f"{library}.openapi"), name)
    mine = getattr(ours, name)
    if issubclass(mine, OpenApiEnum):
        members = {k: int(v) for k, v in vars(theirs).items() if isinstance(v, theirs)}
        assert members
        yield from (
            f"{name}.{member}"
            for member, ordinal in members.items()
            if member not in mine.__members__ or int(mine[member]) != ordinal
        )
    elif issubclass(mine, Value):
        attributes = [a for a in vars(theirs) if not a.startswith("__")]
        assert attributes
        yield from (f"{name}.{a}" for a in attributes if a not in mine._fields)
    elif name != "OpenApiException":
        yield from _arguments(f"{name}()", theirs, mine)
        for method in vars(theirs):
            if method.startswith("__"):
                continue
            if not hasattr(mine, method):
                yield f"{name}.{method}"
            else:
                yield from _arguments(
                    f"{name}.{method}", getattr(theirs, method), getattr(mine, method)
                )


def _arguments(what: str, theirs: Any, mine: Any) -> Iterator[str]:
    told = getattr(theirs, "__text_signature__", None)
    if told is None:
        return
    expected = _parameters(told)
    signature = [p for p in inspect.signature(mine).parameters.values() if p.name != "self"]
    names = [p.name for p in signature if p.kind is not p.KEYWORD_ONLY]
    known = {p.name: p for p in signature}
    for place, (name, default, is_keyword) in enumerate(expected):
        at = f"{what[:-2]}.{name}" if what.endswith("()") else f"{what}.{name}"
        if (
            name not in known
            or (not is_keyword and names[place : place + 1] != [name])
            or (default is not None and default != "..." and repr(known[name].default) != default)
            or (default == "..." and known[name].default is inspect.Parameter.empty)
        ):
            yield at


def _parameters(told: str) -> list[tuple[str, str | None, bool]]:
    """Name, default as text, and whether it is by keyword alone, of a C signature."""
    rows, is_keyword = [], False
    for part in told.strip("()").split(", "):
        name, _, default = part.partition("=")
        if name in ("$self", "$cls", "$type", ""):
            continue
        if name == "*":
            is_keyword = True
            continue
        rows.append((name, default or None, is_keyword))
    return rows


def test_both_faces_have_the_same_methods_and_arguments() -> None:
    for name in ("QuoteContext", "TradeContext", "AssetContext"):
        sync, asynchronous = getattr(ours, name), getattr(ours, f"Async{name}")
        public = {n for n in dir(sync) if not n.startswith("_")}
        twins = {n for n in dir(asynchronous) if not n.startswith("_")}
        assert twins - public == {"create", "events"}
        assert public <= twins
        for method in public - {"close"}:
            given = inspect.signature(getattr(sync, method)).parameters
            assert inspect.signature(getattr(asynchronous, method)).parameters == given, method
