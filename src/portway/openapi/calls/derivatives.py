"""Pulls about options and warrants, one pure description per method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from portway.openapi.calls import arguments as arg
from portway.openapi.calls.http_call import HttpCall, json_body, rows_at
from portway.openapi.calls.pulls import HALF_HOUR_S
from portway.openapi.calls.socket_call import SocketCall, message_reader, symbol_list
from portway.openapi.derivative_types import (
    IssuerInfo,
    OptionQuote,
    StrikePriceInfo,
    WarrantInfo,
    WarrantQuote,
)
from portway.openapi.enums import Language, wire_values
from portway.openapi.list_types import OptionChainContract
from portway.openapi.pull_types import read_day
from portway.openapi.quote_enums import (
    FilterWarrantExpiryDate,
    FilterWarrantInOutBoundsType,
    SortOrderType,
    WarrantSortBy,
    WarrantStatus,
    WarrantType,
)
from portway.wire import names
from portway.wire.commands import QuoteCommand
from portway.wire.pb import quote_pb2 as pb

__all__ = [
    "option_chain_expiry_date_list",
    "option_contracts",
    "option_quote",
    "option_strikes",
    "warrant_issuers",
    "warrant_list",
    "warrant_quote",
]

_SORT_BY = wire_values(WarrantSortBy, names.WARRANT_SORT_BY)
_SORT_ORDER = wire_values(SortOrderType, names.SORT_ORDER)
_TYPE = wire_values(WarrantType, names.WARRANT_TYPE)
_EXPIRY = wire_values(FilterWarrantExpiryDate, names.EXPIRY_RANGE)
_BOUNDS = wire_values(FilterWarrantInOutBoundsType, names.IN_OUT_BOUNDS)
_STATUS = wire_values(WarrantStatus, names.WARRANT_STATUS)
_LANGUAGE = wire_values(Language, names.LANGUAGE_NUMBER)


def option_quote(symbols: Iterable[str]) -> SocketCall[list[OptionQuote]]:
    """Quotes of options."""
    return SocketCall(
        QuoteCommand.OPTION_QUOTE,
        pb.MultiSecurityRequest(symbol=symbol_list(symbols)).SerializeToString(),
        message_reader(
            pb.OptionQuoteResponse, lambda answer: [OptionQuote(row) for row in answer.secu_quote]
        ),
    )


def warrant_quote(symbols: Iterable[str]) -> SocketCall[list[WarrantQuote]]:
    """Quotes of warrants."""
    return SocketCall(
        QuoteCommand.WARRANT_QUOTE,
        pb.MultiSecurityRequest(symbol=symbol_list(symbols)).SerializeToString(),
        message_reader(
            pb.WarrantQuoteResponse, lambda answer: [WarrantQuote(row) for row in answer.secu_quote]
        ),
    )


def option_chain_expiry_date_list(symbol: str) -> SocketCall[list[date]]:
    """Expiry dates of an option chain."""
    return SocketCall(
        QuoteCommand.OPTION_CHAIN_DATES,
        pb.SecurityRequest(symbol=arg.text("symbol", symbol)).SerializeToString(),
        message_reader(
            pb.OptionChainDateListResponse, lambda answer: [*map(read_day, answer.expiry_date)]
        ),
        life_s=HALF_HOUR_S,
    )


def option_strikes(symbol: str, expiry_date: date) -> SocketCall[list[StrikePriceInfo]]:
    """Strikes of one expiry."""
    request = pb.OptionChainDateStrikeInfoRequest(
        symbol=arg.text("symbol", symbol), expiry_date=arg.compact_day("expiry_date", expiry_date)
    )
    return SocketCall(
        QuoteCommand.OPTION_CHAIN_STRIKES,
        request.SerializeToString(),
        message_reader(
            pb.OptionChainDateStrikeInfoResponse,
            lambda answer: [StrikePriceInfo(row) for row in answer.strike_price_info],
        ),
        life_s=HALF_HOUR_S,
    )


def option_contracts(
    symbol: str, expiry_date: date, standard_only: bool
) -> HttpCall[list[OptionChainContract]]:
    """Contracts of one expiry."""
    body = {
        "symbol": arg.text("symbol", symbol),
        "expiry_date": arg.compact_day("expiry_date", expiry_date),
        "standard_only": arg.yes_or_no("standard_only", standard_only) == "true" or None,
    }
    read = rows_at("list", OptionChainContract)
    return HttpCall("POST", "/v1/quote/options/strikes", read, json_body(body), repeats=True)


def warrant_issuers() -> SocketCall[list[IssuerInfo]]:
    """Issuers of warrants."""
    read = message_reader(
        pb.IssuerInfoResponse, lambda answer: [IssuerInfo(row) for row in answer.issuer_info]
    )
    return SocketCall(QuoteCommand.WARRANT_ISSUERS, b"", read, life_s=HALF_HOUR_S)


def warrant_list(
    symbol: str,
    sort_by: WarrantSortBy,
    sort_order: SortOrderType,
    warrant_type: Sequence[WarrantType] | None,
    issuer: Sequence[int] | None,
    expiry_date: Sequence[FilterWarrantExpiryDate] | None,
    price_type: Sequence[FilterWarrantInOutBoundsType] | None,
    status: Sequence[WarrantStatus] | None,
    language: Language | None,
) -> SocketCall[list[WarrantInfo]]:
    """Warrants on an underlying."""
    config = pb.FilterConfig(
        sort_by=arg.wire_of("sort_by", sort_by, WarrantSortBy, _SORT_BY),
        sort_order=arg.wire_of("sort_order", sort_order, SortOrderType, _SORT_ORDER),
        type=arg.wire_texts("warrant_type", warrant_type, WarrantType, _TYPE),
        issuer=_issuers(issuer),
        expiry_date=arg.wire_texts("expiry_date", expiry_date, FilterWarrantExpiryDate, _EXPIRY),
        price_type=arg.wire_texts("price_type", price_type, FilterWarrantInOutBoundsType, _BOUNDS),
        status=arg.wire_texts("status", status, WarrantStatus, _STATUS),
    )
    request = pb.WarrantFilterListRequest(
        symbol=arg.text("symbol", symbol),
        filter_config=config,
        language=_LANGUAGE[language or Language.EN],
    )
    return SocketCall(
        QuoteCommand.WARRANT_LIST,
        request.SerializeToString(),
        message_reader(
            pb.WarrantFilterListResponse,
            lambda answer: [WarrantInfo(row) for row in answer.warrant_list],
        ),
    )


def _issuers(issuer: Sequence[int] | None) -> list[int]:
    if issuer is None:
        return []
    if not isinstance(issuer, list | tuple):
        raise TypeError("argument 'issuer': a list of int is expected")
    return [arg.count("issuer", number) for number in issuer]
