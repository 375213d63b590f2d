"""Commands of structured products: quotes, issuers, and the list with its filters and pages.

A list is filtered by the underlying: one that has no products has no quote data. Numbers of a
filter that mean nothing are refused by name, with what they may be.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Final, TypeVar

from portway.gateway.asker import Asker
from portway.gateway.errors import Refused
from portway.gateway.ports import QuoteService
from portway.gateway.sockets.fanout import has_data
from portway.gateway.sockets.quote_lookup import Lookup
from portway.gateway.sockets.quote_messages import PRICE_PLACES, security_quote
from portway.gateway.sockets.quote_options import QUOTE_FIELDS, ratio_text
from portway.market.derived import DerivedMarkets
from portway.market.derived.issuers import ISSUERS, OTHER
from portway.market.derived.warrant_figures import (
    WarrantRow,
    model_figures,
    warrant_rows,
    warrant_table,
)
from portway.model.decimals import half_up, wire_text
from portway.model.derivative import WarrantKind
from portway.model.instrument import Instrument
from portway.model.symbol import Market
from portway.quotes.board import Board
from portway.quotes.warrant_list import (
    ExpiryRange,
    MoneySide,
    SortBy,
    WarrantFilter,
    WarrantStatus,
    WarrantTable,
    select,
)
from portway.quotes.warrants import outstanding_ratio
from portway.wire.pb import quote_pb2 as pb

__all__ = ["WarrantCommands"]

COUNT_MAX: Final = 1000  # rows of one page; 0 asks for all
RATIO_PLACES: Final = 4
E = TypeVar("E", bound=IntEnum)


class WarrantCommands:
    """Handlers of commands 13, 22 and 23."""

    def __init__(self, quotes: QuoteService, lookup: Lookup) -> None:
        self._quotes = quotes
        self._lookup = lookup

    def warrant_quote(
        self, asker: Asker, request: pb.MultiSecurityRequest
    ) -> pb.WarrantQuoteResponse:
        """Command 13: quote, terms and volatility of each product."""
        listed = self._lookup.several(request.symbol)
        answer = pb.WarrantQuoteResponse()
        derived = self._quotes.derived
        if derived is None:
            return answer
        found = [(one, board) for one in listed if (board := self._board(one)) is not None]
        rows = [self._row(derived, instrument, board) for instrument, board in found]
        volatility = model_figures(rows, self._quotes.now(Market.HK)).volatility.tolist()
        for (_, board), row, implied in zip(found, rows, volatility, strict=True):
            answer.secu_quote.append(self._quote(row, board, implied))
        return answer

    def issuers(self, asker: Asker, request: object) -> pb.IssuerInfoResponse:
        """Command 22: every issuer, by number."""
        if self._quotes.derived is None:
            return pb.IssuerInfoResponse()
        return pb.IssuerInfoResponse(
            issuer_info=[
                pb.IssuerInfo(
                    id=one.id, name_cn=one.name_cn, name_en=one.name_en, name_hk=one.name_hk
                )
                for one in (*ISSUERS, OTHER)
            ]
        )

    async def warrant_list(
        self, asker: Asker, request: pb.WarrantFilterListRequest
    ) -> pb.WarrantFilterListResponse:
        """Command 23: the products of an underlying, filtered and sorted."""
        underlying = self._lookup.listed_one(request.symbol)
        wanted = _filter(request.filter_config)
        name = _name_field(request.language)
        derived, board = self._quotes.derived, self._quotes.board(underlying.symbol)
        if derived is None or board is None or not has_data(board):
            raise Refused("QUOTE_NO_DATA")
        now = self._quotes.now(Market.HK)
        on = self._quotes.trading_day(Market.HK)
        spot = board.quote(now).last_done or board.prev_close
        # The first look at an underlying prices each of its products: that may take a second.
        rows = await asyncio.to_thread(
            warrant_rows, derived.warrants, underlying.symbol, spot, on, now
        )
        if not rows:
            raise Refused("QUOTE_NO_DATA")
        table = warrant_table(rows, on, now)
        page, total = select(table, wanted)
        return pb.WarrantFilterListResponse(
            warrant_list=[_list_row(rows[place], table, place, name) for place in page.tolist()],
            total_count=total,
        )

    def _board(self, instrument: Instrument) -> Board | None:
        if instrument.warrant is None:
            return None
        board = self._quotes.board(instrument.symbol)
        return board if board is not None and has_data(board) else None

    def _row(self, derived: DerivedMarkets, instrument: Instrument, board: Board) -> WarrantRow:
        terms = instrument.warrant
        assert terms is not None, "a product has terms"
        now = self._quotes.now(Market.HK)
        underlying = self._quotes.board(terms.underlying)
        assert underlying is not None, "an underlying is listed"
        return derived.warrant_row(instrument, board, underlying, now)

    def _quote(self, row: WarrantRow, board: Board, implied: float) -> pb.WarrantQuote:
        terms = row.terms
        quote = security_quote(board, Market.HK, self._quotes.now(Market.HK), overnight=False)
        is_inline = terms.upper_strike is not None
        ratio = outstanding_ratio(row.outstanding, terms.issue_size)
        return pb.WarrantQuote(
            **{name: getattr(quote, name) for name in QUOTE_FIELDS},
            warrant_extend=pb.WarrantExtend(
                implied_volatility=ratio_text(0.0 if math.isnan(implied) else implied),
                expiry_date=f"{terms.expiry:%Y%m%d}",
                last_trade_date=f"{terms.last_trading_day:%Y%m%d}",
                outstanding_ratio=wire_text(half_up(ratio, RATIO_PLACES)),
                outstanding_qty=row.outstanding,
                conversion_ratio=wire_text(terms.conversion_ratio),
                category=terms.kind.name.capitalize(),
                strike_price=_price(None if is_inline else terms.strike),
                upper_strike_price=_price(terms.upper_strike),
                lower_strike_price=_price(terms.strike if is_inline else None),
                call_price=_price(terms.call_price),
                underlying_symbol=terms.underlying,
            ),
        )


def _filter(config: pb.FilterConfig) -> WarrantFilter:
    """Read the filter of a list.

    Raises:
        Refused: If a number means nothing, with what it may be.
    """
    known = {one.id for one in (*ISSUERS, OTHER)}
    unknown = [one for one in config.issuer if one not in known]
    if unknown:
        raise Refused("QUOTE_PARAMETER_INVALID", f"issuer {unknown[0]}: ask for the issuers")
    if config.sort_order not in (0, 1):
        raise Refused("QUOTE_PARAMETER_INVALID", "sort_order: 0 ascending, 1 descending")
    if config.sort_offset < 0 or config.sort_count < 0:
        raise Refused("QUOTE_PARAMETER_INVALID", "sort_offset and sort_count: 0 or more")
    if config.sort_count > COUNT_MAX:
        raise Refused("QUOTE_TOO_MUCH_REQUESTED", f"at most {COUNT_MAX} rows of a page, 0 for all")
    return WarrantFilter(
        sort_by=_members((config.sort_by,), SortBy, "sort_by")[0],
        descending=config.sort_order == 1,
        offset=config.sort_offset,
        count=config.sort_count,
        kinds=_members(config.type, WarrantKind, "type"),
        issuers=tuple(config.issuer),
        expiry=_members(config.expiry_date, ExpiryRange, "expiry_date"),
        money=_members(config.price_type, MoneySide, "price_type"),
        statuses=_members(config.status, WarrantStatus, "status"),
    )


def _members(numbers: Sequence[int], known: type[E], field: str) -> tuple[E, ...]:
    for number in numbers:
        if number not in known._value2member_map_:
            least, most = min(known), max(known)
            raise Refused("QUOTE_PARAMETER_INVALID", f"{field} {number}: {least} to {most}")
    return tuple(known(number) for number in numbers)


def _name_field(language: int) -> str:
    names = {0: "name_cn", 1: "name_en", 2: "name_hk"}
    if language not in names:
        raise Refused("QUOTE_PARAMETER_INVALID", f"language {language}: 0 to 2")
    return names[language]


def _list_row(row: WarrantRow, table: WarrantTable, place: int, name: str) -> pb.FilterWarrant:
    terms = row.terms
    columns = table.columns

    def ratio(key: SortBy) -> str:
        value = float(columns[key][place])
        return "" if math.isnan(value) else ratio_text(value)

    is_inline = terms.upper_strike is not None
    change = row.last_done - row.prev_close
    return pb.FilterWarrant(
        symbol=row.instrument.symbol,
        name=getattr(row.instrument, name),
        last_done=_price(row.last_done),
        change_rate=ratio(SortBy.CHANGE_RATE),
        change_val=wire_text(change, PRICE_PLACES),
        volume=row.volume,
        turnover=wire_text(row.turnover, PRICE_PLACES),
        expiry_date=f"{terms.expiry:%Y%m%d}",
        strike_price="" if is_inline else _price(terms.strike),
        upper_strike_price=_price(terms.upper_strike) if is_inline else "",
        lower_strike_price=_price(terms.strike) if is_inline else "",
        outstanding_qty=str(row.outstanding),
        outstanding_ratio=ratio(SortBy.OUTSTANDING_RATIO),
        premium=ratio(SortBy.PREMIUM),
        itm_otm=ratio(SortBy.ITM_OTM),
        implied_volatility=ratio(SortBy.IMPLIED_VOLATILITY),
        delta=ratio(SortBy.DELTA),
        call_price="" if terms.call_price is None else _price(terms.call_price),
        to_call_price=ratio(SortBy.TO_CALL_PRICE),
        effective_leverage=ratio(SortBy.EFFECTIVE_LEVERAGE),
        leverage_ratio=ratio(SortBy.LEVERAGE_RATIO),
        conversion_ratio="" if is_inline else wire_text(terms.conversion_ratio),
        balance_point=ratio(SortBy.BALANCE_POINT),
        status=int(row.status),
        type=int(terms.kind),
    )


def _price(value: Decimal | None) -> str:
    return wire_text(Decimal(0) if value is None else value, PRICE_PLACES)
