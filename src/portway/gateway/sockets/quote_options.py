"""Commands of options: quotes of contracts, expiry days of a chain, strikes of a day.

A symbol of option quotes that has the form of a contract and names none is a mistake worth telling;
one that is no option at all is left out. A chain of a security without options is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from portway.gateway.asker import Asker
from portway.gateway.errors import Refused
from portway.gateway.ports import QuoteService
from portway.gateway.sockets.fanout import has_data
from portway.gateway.sockets.quote_lookup import Lookup
from portway.gateway.sockets.quote_messages import security_quote
from portway.gateway.sockets.quote_requests import date_of
from portway.market.derived import ChainStrike, DerivedMarkets
from portway.market.derived.chains import Expiry
from portway.market.derived.figures import option_figures
from portway.model.decimals import wire_text
from portway.model.derivative import looks_like_option, parse_option
from portway.model.instrument import Instrument
from portway.model.symbol import MalformedSymbol, Market
from portway.quotes.board import Board
from portway.wire.pb import quote_pb2 as pb

__all__ = ["QUOTE_FIELDS", "OptionCommands", "chain_dates", "chain_strikes", "ratio_text"]

_RATIO_PLACES: Final = 4
QUOTE_FIELDS: Final = (
    "symbol", "last_done", "prev_close", "open", "high", "low", "timestamp", "volume", "turnover",
    "trade_status",
)  # fmt: skip


class OptionCommands:
    """Handlers of commands 12, 20 and 21."""

    def __init__(self, quotes: QuoteService, lookup: Lookup) -> None:
        self._quotes = quotes
        self._lookup = lookup

    def option_quote(
        self, asker: Asker, request: pb.MultiSecurityRequest
    ) -> pb.OptionQuoteResponse:
        """Command 12: quote, volatility and open interest of each option."""
        listed = self._lookup.several(request.symbol)
        refuse_malformed(request.symbol)
        answer = pb.OptionQuoteResponse()
        derived = self._quotes.derived
        if derived is None:
            return answer
        found = [(one, board) for one in listed if (board := self._board(one)) is not None]
        now = self._quotes.now(Market.US)
        views = []
        for instrument, board in found:
            underlying = self._underlying_board(instrument)
            views.append(derived.option_view(instrument, board, underlying, now))
        volatility = option_figures(views, now).volatility.tolist()
        for (instrument, board), implied in zip(found, volatility, strict=True):
            answer.secu_quote.append(self._message(derived, instrument, board, implied))
        return answer

    def chain_dates(
        self, asker: Asker, request: pb.SecurityRequest
    ) -> pb.OptionChainDateListResponse:
        """Command 20: the days on which options of a security expire, ascending."""
        found = chain_dates(self._quotes, self._lookup.listed_one(request.symbol))
        return pb.OptionChainDateListResponse(expiry_date=[f"{one.day:%Y%m%d}" for one in found])

    def chain_strikes(
        self, asker: Asker, request: pb.OptionChainDateStrikeInfoRequest
    ) -> pb.OptionChainDateStrikeInfoResponse:
        """Command 21: the strikes of one expiry day, ascending, with call and put."""
        underlying = self._lookup.listed_one(request.symbol)
        expiry = date_of(request.expiry_date, "expiry_date")
        return pb.OptionChainDateStrikeInfoResponse(
            strike_price_info=[
                pb.StrikePriceInfo(
                    price=wire_text(one.strike),
                    call_symbol=one.call,
                    put_symbol=one.put,
                    standard=one.is_standard,
                )
                for one in chain_strikes(self._quotes, underlying, expiry)
            ]
        )

    def _board(self, instrument: Instrument) -> Board | None:
        if instrument.option is None:
            return None
        board = self._quotes.board(instrument.symbol)
        return board if board is not None and has_data(board) else None

    def _underlying_board(self, instrument: Instrument) -> Board:
        assert instrument.option is not None, "an option"
        board = self._quotes.board(instrument.option.underlying)
        assert board is not None, "an underlying is listed"
        return board

    def _message(
        self, derived: DerivedMarkets, instrument: Instrument, board: Board, implied: float
    ) -> pb.OptionQuote:
        terms = instrument.option
        assert terms is not None, "an option"
        quote = security_quote(board, Market.US, self._quotes.now(Market.US), overnight=False)
        day, market = board.trading_day, derived.options
        return pb.OptionQuote(
            **{name: getattr(quote, name) for name in QUOTE_FIELDS},
            option_extend=pb.OptionExtend(
                implied_volatility=ratio_text(implied),
                open_interest=market.open_interest(instrument.symbol, day),
                expiry_date=f"{terms.expiry:%Y%m%d}",
                strike_price=wire_text(terms.strike),
                contract_multiplier=str(terms.multiplier),
                contract_type=terms.style.value,
                contract_size=str(terms.multiplier),
                direction=terms.right.value,
                historical_volatility=ratio_text(
                    market.historical_volatility(terms.underlying, day)
                ),
                underlying_symbol=terms.underlying,
            ),
        )


def ratio_text(value: float) -> str:
    """Return a fraction with four places; 0 for none."""
    return wire_text(Decimal(repr(value)).quantize(Decimal(1).scaleb(-_RATIO_PLACES)))


def refuse_malformed(symbols: Sequence[str]) -> None:
    """Refuse texts that were meant to be option symbols and are none.

    Raises:
        Refused: With the form that a symbol has.
    """
    for text in symbols:
        if looks_like_option(text):
            try:
                parse_option(text)
            except MalformedSymbol:
                raise Refused("QUOTE_OPTION_SYMBOL", text[:64]) from None


def chain_dates(quotes: QuoteService, underlying: Instrument) -> Sequence[Expiry]:
    """Return the expiry days of a security's options.

    Raises:
        Refused: If it has no options.
    """
    derived = quotes.derived
    if derived is None or not derived.options.is_optionable(underlying.symbol):
        raise Refused("QUOTE_NO_OPTIONS", underlying.symbol)
    found = derived.options.expiry_dates(underlying.symbol, _today(quotes))
    now = quotes.now(Market.US)
    return [one for one in found if derived.options.ends(one.day) > now]


def chain_strikes(
    quotes: QuoteService, underlying: Instrument, expiry: date
) -> Sequence[ChainStrike]:
    """Return the strikes of an expiry day.

    Raises:
        Refused: If the security has no options, or none that expire then.
    """
    derived = quotes.derived
    if derived is None or not derived.options.is_optionable(underlying.symbol):
        raise Refused("QUOTE_NO_OPTIONS", underlying.symbol)
    found = derived.options.strikes(underlying.symbol, expiry, _today(quotes))
    if not found:
        raise Refused("QUOTE_NO_EXPIRY", f"{expiry:%Y%m%d}")
    return found


def _today(quotes: QuoteService) -> date:
    return quotes.trading_day(Market.US)
