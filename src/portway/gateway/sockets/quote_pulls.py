"""Pulls of the quote gateway: questions that need no connection, answered from boards and history.

Each handler checks its request in the order of the protocol's error table, asks, and hands the
values to `quote_messages`. Lists keep the order of the request; symbols that are not listed are
left out of lists and refused alone. Which markets are live and which delayed is the business of the
quote service that it is given; what else an asker may not see is refused here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final

from google.protobuf.message import Message

from portway.gateway.asker import Asker, Sender
from portway.gateway.errors import Refused
from portway.gateway.history_quota import HistoryQuota
from portway.gateway.ports import QuoteService
from portway.gateway.sockets import quote_messages as messages
from portway.gateway.sockets.fanout import has_data
from portway.gateway.sockets.history_pages import history_answer
from portway.gateway.sockets.quote_indicators import IndicatorCommands
from portway.gateway.sockets.quote_lookup import SYMBOLS_MAX, Lookup
from portway.gateway.sockets.quote_options import OptionCommands
from portway.gateway.sockets.quote_requests import (
    CandleQuery,
    count_of,
    date_of,
    history_query,
    latest_query,
    wants_all_sessions,
)
from portway.gateway.sockets.quote_warrants import WarrantCommands
from portway.market.history import SymbolHistory
from portway.market.reference import trading_session_rows
from portway.model.instrument import Instrument
from portway.model.quote import TradeSession
from portway.model.session import OVERNIGHT_ROW, trading_hours
from portway.model.symbol import Market, Symbol
from portway.wire.commands import QuoteCommand
from portway.wire.pb import quote_pb2 as pb

__all__ = ["Answer", "QuotePulls", "when_ready"]

MINUTE_DAYS_BACK: Final = 5  # recorded days that a page of minute bars reaches into, as a rule
CANDLE_COMMANDS: Final = (QuoteCommand.CANDLESTICKS, QuoteCommand.HISTORY_CANDLESTICKS)
TRADE_DAY_SPAN_DAYS_MAX: Final = 31
REAL_TIME_HK_MAX: Final = 20  # HK symbols of one question that are live at a delayed level
# Commands that show what a security does, not only what it is.
_OF_DATA: Final = frozenset(range(QuoteCommand.QUOTE, QuoteCommand.OPTION_CHAIN_DATES)) - {
    QuoteCommand.PARTICIPANTS
} | {
    QuoteCommand.CAPITAL_FLOW,
    QuoteCommand.CAPITAL_DISTRIBUTION,
    QuoteCommand.CALC_INDEXES,
    QuoteCommand.HISTORY_CANDLESTICKS,
}

Answer = Message | Coroutine[Any, Any, Message]
PullHandler = Callable[[Asker, Any], Answer]


async def when_ready(
    quotes: QuoteService,
    sender: Sender,
    symbols: Sequence[Symbol],
    answer: Callable[[], Answer],
    *,
    days_back: int = 0,
) -> Message:
    """Return the answer once the boards of some listed symbols are at hand.

    Raises:
        Refused: If the sender is gone before that: nothing of it may stay behind.
    """
    # Watched as soon as it is ready: a board that nobody watches falls behind as time goes on, and
    # to catch up with hundreds of them at the end would hold everybody up.
    watched: list[Symbol] = []
    try:
        for symbol in symbols:
            await quotes.ready((symbol,), days_back=days_back)
            quotes.watch(symbol)
            watched.append(symbol)
            if sender.is_gone:
                raise Refused("NOT_AUTHENTICATED")
        given = answer()
        return given if isinstance(given, Message) else await given
    finally:
        for symbol in watched:
            quotes.unwatch(symbol)


class QuotePulls:
    """Handlers of commands 8 to 27 but those that change subscriptions.

    Args:
        quotes: The markets as they are shown.
        live: The markets as they are.
        history_quota: Counts the symbols of history; None: nobody counts.
    """

    def __init__(
        self, quotes: QuoteService, live: QuoteService, history_quota: HistoryQuota | None
    ) -> None:
        self._quotes = quotes
        self._live = live
        self._history_quota = history_quota
        self._lookup = Lookup(quotes)
        indicators = IndicatorCommands(quotes, self._lookup)
        options = OptionCommands(quotes, self._lookup)
        warrants = WarrantCommands(quotes, self._lookup)
        self._handlers: dict[int, PullHandler] = {
            QuoteCommand.MARKET_TRADE_PERIOD: self._trade_periods,
            QuoteCommand.MARKET_TRADE_DAY: self._trade_days,
            QuoteCommand.STATIC_INFO: self._static_info,
            QuoteCommand.QUOTE: self._quote,
            QuoteCommand.OPTION_QUOTE: options.option_quote,
            QuoteCommand.WARRANT_QUOTE: warrants.warrant_quote,
            QuoteCommand.DEPTH: self._depth,
            QuoteCommand.BROKERS: self._brokers,
            QuoteCommand.PARTICIPANTS: self._participants,
            QuoteCommand.TRADES: self._trades,
            QuoteCommand.INTRADAY: self._intraday,
            QuoteCommand.CANDLESTICKS: self._candlesticks,
            QuoteCommand.OPTION_CHAIN_DATES: options.chain_dates,
            QuoteCommand.OPTION_CHAIN_STRIKES: options.chain_strikes,
            QuoteCommand.WARRANT_ISSUERS: warrants.issuers,
            QuoteCommand.WARRANT_LIST: warrants.warrant_list,
            QuoteCommand.CAPITAL_FLOW: indicators.capital_flow,
            QuoteCommand.CAPITAL_DISTRIBUTION: indicators.capital_distribution,
            QuoteCommand.CALC_INDEXES: indicators.calc_indexes,
            QuoteCommand.HISTORY_CANDLESTICKS: self._history,
        }

    def answer(self, asker: Asker, cmd_code: int, request: Message) -> Answer:
        """Answer one pull; at once, unless boards it needs are not at hand.

        Raises:
            Refused: Here or in the coroutine.
        """
        handler = self._handlers.get(cmd_code)
        if handler is None:
            raise Refused("UNKNOWN_COMMAND")
        listed = self.named(request)
        self._check_access(asker, cmd_code, listed)
        missing = self.missing(listed)
        if not missing:
            return handler(asker, request)
        days_back = MINUTE_DAYS_BACK if cmd_code in CANDLE_COMMANDS else 0
        return when_ready(
            self._quotes,
            asker.sender,
            missing,
            lambda: handler(asker, request),
            days_back=days_back,
        )

    def named(self, request: Any) -> list[Instrument]:
        """Return the listed ones of the symbols that a request names, each once."""
        names: Any = getattr(request, "symbol", None) or getattr(request, "symbols", ())
        names = (names,) if isinstance(names, str) else names
        if len(names) > SYMBOLS_MAX:
            return []  # Refused for their number; nothing is looked up or made ready for that.
        found = map(self._quotes.instrument, dict.fromkeys(names))
        return [one for one in found if one is not None]

    def missing(self, listed: Iterable[Instrument]) -> list[Symbol]:
        """Return those whose boards take work before they can be shown."""
        wanted: dict[Symbol, None] = {}
        for one in listed:
            terms = one.option or one.warrant
            if terms is not None:  # Its figures follow from its underlying's board.
                wanted[terms.underlying] = None
            wanted[one.symbol] = None
        return [symbol for symbol in wanted if not self._quotes.is_at_hand(symbol)]

    def _check_access(self, asker: Asker, cmd_code: int, listed: Iterable[Instrument]) -> None:
        if cmd_code not in _OF_DATA:
            return
        rights, is_brokers = asker.rights, cmd_code == QuoteCommand.BROKERS
        for one in listed:
            if not rights.sees(one) or (is_brokers and not rights.sees_brokers(one.market)):
                raise Refused("QUOTE_NO_ACCESS")

    # ------------------------------------------------------------------- sessions, reference

    def _trade_periods(self, asker: Asker, request: Message) -> pb.MarketTradePeriodResponse:
        answer = pb.MarketTradePeriodResponse()
        for market, rows in trading_session_rows().items():
            if market is Market.US and asker.wants_overnight:
                rows = (*rows, OVERNIGHT_ROW)
            entry = answer.market_trade_session.add(market=market.value)
            for row in rows:
                entry.trade_session.add(
                    beg_time=row.begin_hhmm,
                    end_time=row.end_hhmm,
                    trade_session=row.session.value,
                )
        return answer

    def _trade_days(
        self, asker: Asker, request: pb.MarketTradeDayRequest
    ) -> pb.MarketTradeDayResponse:
        if request.market not in Market.__members__:
            raise Refused("QUOTE_PARAMETER_INVALID", "market")
        market = Market(request.market)
        first, last = date_of(request.beg_day, "beg_day"), date_of(request.end_day, "end_day")
        if not 0 <= (last - first).days <= TRADE_DAY_SPAN_DAYS_MAX:
            raise Refused("QUOTE_PARAMETER_INVALID", "end_day")
        calendar = self._quotes.calendar(market)
        answer = pb.MarketTradeDayResponse()
        for day in calendar.trading_days(first, last):
            # A half day stands in its own list alone. The mainland has none: clients would ignore
            # every tick of such a day.
            is_half = market is not Market.CN and calendar.is_half_day(day)
            (answer.half_trade_day if is_half else answer.trade_day).append(f"{day:%Y%m%d}")
        return answer

    def _static_info(
        self, asker: Asker, request: pb.MultiSecurityRequest
    ) -> pb.SecurityStaticInfoResponse:
        listed = self._lookup.several(request.symbol)
        return pb.SecurityStaticInfoResponse(
            secu_static_info=[messages.static_info(one) for one in listed]
        )

    def _participants(self, asker: Asker, request: Message) -> pb.ParticipantBrokerIdsResponse:
        return pb.ParticipantBrokerIdsResponse(
            participant_broker_numbers=[
                pb.ParticipantInfo(
                    broker_ids=one.broker_ids,
                    participant_name_cn=one.name_cn,
                    participant_name_en=one.name_en,
                    participant_name_hk=one.name_hk,
                )
                for one in self._quotes.reference.participants
            ]
        )

    # ------------------------------------------------------------------------ the present

    def _quote(self, asker: Asker, request: pb.MultiSecurityRequest) -> Answer:
        listed = self._lookup.several(request.symbol)
        live: list[Symbol] = []
        if self._quotes is not self._live and Market.HK in asker.rights.delayed:
            live = [one.symbol for one in listed if one.market is Market.HK][:REAL_TIME_HK_MAX]

        def answer() -> pb.SecurityQuoteResponse:
            return self._quote_pages(asker, listed, frozenset(live))

        missing = [one for one in live if not self._live.is_at_hand(one)]
        return when_ready(self._live, asker.sender, missing, answer) if missing else answer()

    def _quote_pages(
        self, asker: Asker, listed: Sequence[Instrument], live: frozenset[Symbol]
    ) -> pb.SecurityQuoteResponse:
        answer = pb.SecurityQuoteResponse()
        for instrument in listed:
            quotes = self._live if instrument.symbol in live else self._quotes
            board = quotes.board(instrument.symbol)
            if board is not None and has_data(board):
                market = instrument.market
                now = quotes.now(market)
                page = messages.security_quote(board, market, now, overnight=asker.wants_overnight)
                answer.secu_quote.append(page)
        return answer

    def _depth(self, asker: Asker, request: pb.SecurityRequest) -> pb.SecurityDepthResponse:
        instrument, board = self._lookup.shown_one(request.symbol)
        answer = pb.SecurityDepthResponse(symbol=instrument.symbol)
        if board.depth is not None:
            market = instrument.market
            most = asker.rights.depth_levels(market)
            answer.ask.extend(messages.depth_levels(board.depth.asks[:most], market))
            answer.bid.extend(messages.depth_levels(board.depth.bids[:most], market))
        return answer

    def _brokers(self, asker: Asker, request: pb.SecurityRequest) -> pb.SecurityBrokersResponse:
        instrument, board = self._lookup.shown_one(request.symbol)
        answer = pb.SecurityBrokersResponse(symbol=instrument.symbol)
        if board.brokers is not None:
            answer.ask_brokers.extend(messages.broker_levels(board.brokers.asks))
            answer.bid_brokers.extend(messages.broker_levels(board.brokers.bids))
        return answer

    def _trades(self, asker: Asker, request: pb.SecurityTradeRequest) -> pb.SecurityTradeResponse:
        instrument = self._lookup.listed_one(request.symbol)
        count = count_of(request.count)
        _, board = self._lookup.shown_one(request.symbol)
        trades = [
            one
            for one in board.recent_trades()
            if asker.wants_overnight or one.session is not TradeSession.OVERNIGHT
        ]
        return pb.SecurityTradeResponse(
            symbol=instrument.symbol,
            trades=[messages.trade(one, instrument.market) for one in trades[-count:]],
        )

    def _intraday(
        self, asker: Asker, request: pb.SecurityIntradayRequest
    ) -> pb.SecurityIntradayResponse:
        instrument = self._lookup.listed_one(request.symbol)
        all_sessions = wants_all_sessions(request.trade_session)
        _, board = self._lookup.shown_one(request.symbol)
        points = board.intraday(
            self._quotes.now(instrument.market),
            all_sessions=all_sessions,
            multiplier=instrument.multiplier,
        )
        if not asker.wants_overnight:
            points = tuple(one for one in points if one.session is not TradeSession.OVERNIGHT)
        return pb.SecurityIntradayResponse(
            symbol=instrument.symbol, lines=messages.intraday_line(points, instrument.market)
        )

    # ------------------------------------------------------------------------ candlesticks

    def _candlesticks(self, asker: Asker, request: pb.SecurityCandlestickRequest) -> Answer:
        instrument = self._lookup.listed_one(request.symbol)
        query = latest_query(request, overnight=asker.wants_overnight)
        return self._page(instrument, query)

    def _history(self, asker: Asker, request: pb.SecurityHistoryCandlestickRequest) -> Answer:
        instrument = self._lookup.listed_one(request.symbol)
        query = history_query(request, overnight=asker.wants_overnight)
        if self._history_quota is None:
            return self._page(instrument, query)
        return self._counted(asker, self._history_quota, instrument, query)

    async def _counted(
        self, asker: Asker, quota: HistoryQuota, instrument: Instrument, query: CandleQuery
    ) -> Message:
        await quota.count(asker.account_no, instrument.symbol)
        page = self._page(instrument, query)
        return page if isinstance(page, Message) else await page

    def _page(self, instrument: Instrument, query: CandleQuery) -> Answer:
        if instrument.option is not None or instrument.warrant is not None:
            return self._derived_page(instrument, query)
        history = self._symbol_history(instrument)
        return history_answer(query, history, instrument.symbol, instrument.market)

    async def _derived_page(self, instrument: Instrument, query: CandleQuery) -> Message:
        """The days of a contract are made from its underlying's: months of them take a second."""
        source, first = self._quotes.source(instrument.symbol), instrument.listing_date
        if source is not None and first is not None:
            last = self._quotes.trading_day(instrument.market)
            await asyncio.to_thread(source.trading_days, instrument.symbol, first, last)
        history = self._symbol_history(instrument)
        return history_answer(query, history, instrument.symbol, instrument.market)

    def _symbol_history(self, instrument: Instrument) -> SymbolHistory:
        symbol, market = instrument.symbol, instrument.market
        source = self._quotes.source(symbol)
        if source is None:
            raise Refused("QUOTE_NO_DATA")
        return SymbolHistory(
            source=source,
            symbol=symbol,
            hours=trading_hours(market, instrument.board),
            calendar=self._quotes.calendar(market),
            now=self._quotes.now(market),
            today=self._quotes.board(symbol),
            is_option=instrument.option is not None,
        )
