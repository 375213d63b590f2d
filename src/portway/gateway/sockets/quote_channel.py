"""Business commands of the quote gateway, answered from the boards and their history.

Each handler checks its request in the order of the protocol's error table, asks, and hands the
values to `quote_messages`. Lists keep the order of the request; symbols that are not listed are
left out of lists and refused alone. Commands for warrants are not served yet: they answer an empty
list where clients allow one, else "no quote data".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from portway.gateway.asker import Asker
from portway.gateway.errors import Refused
from portway.gateway.history_quota import HistoryQuota
from portway.gateway.identity import Identity
from portway.gateway.limits import LIMITED_QUOTE_COMMANDS, Limits
from portway.gateway.ports import QuoteService
from portway.gateway.sockets import quote_messages as messages
from portway.gateway.sockets.fanout import Fanout, Subscriber, has_data
from portway.gateway.sockets.history_pages import history_answer
from portway.gateway.sockets.quote_indicators import IndicatorCommands
from portway.gateway.sockets.quote_lookup import SYMBOLS_MAX, Lookup
from portway.gateway.sockets.quote_options import OptionCommands
from portway.gateway.sockets.quote_profile import packages
from portway.gateway.sockets.quote_requests import (
    CandleQuery,
    count_of,
    date_of,
    history_query,
    latest_query,
    sub_types,
    symbol_of,
    wants_all_sessions,
)
from portway.gateway.sockets.session import Session
from portway.market.history import SymbolHistory
from portway.market.reference import trading_session_rows
from portway.model.instrument import Instrument
from portway.model.quote import SubType, TradeSession
from portway.model.session import OVERNIGHT_ROW, trading_hours
from portway.model.symbol import Market, Symbol
from portway.wire.commands import QuoteCommand
from portway.wire.envelope import pick_language
from portway.wire.pb import quote_pb2 as pb

__all__ = ["QuoteChannel"]

MINUTE_DAYS_BACK: Final = 5  # recorded days that a page of minute bars reaches into, as a rule
SUBSCRIPTION_COMMANDS: Final = (QuoteCommand.SUBSCRIBE, QuoteCommand.UNSUBSCRIBE)
CANDLE_COMMANDS: Final = (QuoteCommand.CANDLESTICKS, QuoteCommand.HISTORY_CANDLESTICKS)
TRADE_DAY_SPAN_DAYS_MAX: Final = 31
HISTORY_UNLIMITED: Final = 1_000_000  # symbols told to accounts whose history is not counted


M = TypeVar("M", bound=Message)
Answer = Message | Coroutine[Any, Any, Message]
PullHandler = Callable[[Asker, Any], Answer]


class QuoteChannel:
    """Handlers of commands 4 to 27, and the subscriptions they make."""

    def __init__(
        self,
        quotes: QuoteService,
        fanout: Fanout,
        limits: Limits,
        identity: Identity,
        wall: Callable[[], float],
        history_quota: HistoryQuota | None = None,
    ) -> None:
        self._quotes = quotes
        self._fanout = fanout
        self._limits = limits
        self._identity = identity
        self._wall = wall
        self._history_quota = history_quota
        self._lookup = Lookup(quotes)
        indicators = IndicatorCommands(quotes, self._lookup)
        options = OptionCommands(quotes, self._lookup)
        self._subscribers: dict[Session, Subscriber] = {}
        self._changing: dict[Session, asyncio.Lock] = {}
        self._of_sessions: dict[int, Callable[[Session, Any], Answer]] = {
            QuoteCommand.USER_PROFILE: self._profile,
            QuoteCommand.SUBSCRIPTIONS: self._subscription_list,
            QuoteCommand.SUBSCRIBE: self._subscribe,
            QuoteCommand.UNSUBSCRIBE: self._unsubscribe,
        }
        self._pulls: dict[int, PullHandler] = {
            QuoteCommand.MARKET_TRADE_PERIOD: self._trade_periods,
            QuoteCommand.MARKET_TRADE_DAY: self._trade_days,
            QuoteCommand.STATIC_INFO: self._static_info,
            QuoteCommand.QUOTE: self._quote,
            QuoteCommand.OPTION_QUOTE: options.option_quote,
            QuoteCommand.WARRANT_QUOTE: self._nothing_in_list(pb.WarrantQuoteResponse),
            QuoteCommand.DEPTH: self._depth,
            QuoteCommand.BROKERS: self._brokers,
            QuoteCommand.PARTICIPANTS: self._participants,
            QuoteCommand.TRADES: self._trades,
            QuoteCommand.INTRADAY: self._intraday,
            QuoteCommand.CANDLESTICKS: self._candlesticks,
            QuoteCommand.OPTION_CHAIN_DATES: options.chain_dates,
            QuoteCommand.OPTION_CHAIN_STRIKES: options.chain_strikes,
            QuoteCommand.WARRANT_ISSUERS: lambda asker, request: pb.IssuerInfoResponse(),
            QuoteCommand.WARRANT_LIST: self._no_data,
            QuoteCommand.CAPITAL_FLOW: indicators.capital_flow,
            QuoteCommand.CAPITAL_DISTRIBUTION: indicators.capital_distribution,
            QuoteCommand.CALC_INDEXES: indicators.calc_indexes,
            QuoteCommand.HISTORY_CANDLESTICKS: self._history,
        }

    # ------------------------------------------------------------------------- ChannelHandler

    def handle(
        self, session: Session, cmd_code: int, request: Message
    ) -> Message | Coroutine[Any, Any, Message]:
        """Answer one command; at once, unless boards it needs are not at hand."""
        handler = self._of_sessions.get(cmd_code)
        if handler is None:
            return self.pull(session, cmd_code, request)
        missing = self._missing(request)
        changes = cmd_code in SUBSCRIPTION_COMMANDS
        if not missing and not (changes and self._is_changing(session)):
            return handler(session, request)
        answer = self._when_ready(session, lambda: handler(session, request), missing, 0)
        return self._in_turn(session, answer) if changes else answer

    def pull(self, asker: Asker, cmd_code: int, request: Message) -> Answer:
        """Answer a command that needs no connection, whichever way it came."""
        handler = self._pulls.get(cmd_code)
        if handler is None:
            raise Refused("UNKNOWN_COMMAND")
        missing = self._missing(request)
        if not missing:
            return handler(asker, request)
        days_back = MINUTE_DAYS_BACK if cmd_code in CANDLE_COMMANDS else 0
        return self._when_ready(asker, lambda: handler(asker, request), missing, days_back)

    def _missing(self, request: Any) -> list[Symbol]:
        """Listed symbols of a request whose boards take work before they can be shown."""
        names: Any = getattr(request, "symbol", None) or getattr(request, "symbols", ())
        names = (names,) if isinstance(names, str) else names
        quotes = self._quotes
        wanted = (Symbol(name) for name in dict.fromkeys(names[: SYMBOLS_MAX + 1]))
        return [one for one in wanted if quotes.instrument(one) and not quotes.is_at_hand(one)]

    async def _when_ready(
        self, asker: Asker, handler: Callable[[], Answer], symbols: Sequence[Symbol], days_back: int
    ) -> Message:
        # Watched as soon as it is ready: a board that nobody watches falls behind as time goes on,
        # and to catch up with hundreds of them at the end would hold everybody up.
        watched: list[Symbol] = []
        try:
            for symbol in symbols:
                await self._quotes.ready((symbol,), days_back=days_back)
                self._quotes.watch(symbol)
                watched.append(symbol)
                if asker.is_gone:
                    raise Refused("NOT_AUTHENTICATED")  # nothing of it may stay behind
            answer = handler()
            return answer if isinstance(answer, Message) else await answer
        finally:
            for symbol in watched:
                self._quotes.unwatch(symbol)

    async def _in_turn(self, session: Session, answer: Coroutine[Any, Any, Message]) -> Message:
        """Subscriptions of a session change in the order of its requests."""
        async with self._changing.setdefault(session, asyncio.Lock()):
            return await answer

    def _is_changing(self, session: Session) -> bool:
        lock = self._changing.get(session)
        return lock is not None and lock.locked()

    def drained(self, session: Session) -> None:
        """Send what was merged while the session's link was congested."""
        subscriber = self._subscribers.get(session)
        if subscriber is not None:
            self._fanout.drained(subscriber)

    def forget(self, session: Session) -> None:
        """End the subscriptions of a connection that is gone."""
        self._changing.pop(session, None)
        subscriber = self._subscribers.pop(session, None)
        if subscriber is None:
            return
        for symbol, nobody in self._fanout.subscriptions.remove_all(subscriber):
            self._limits.unsubscribe(session.caller, [symbol])
            if nobody:
                self._quotes.unwatch(symbol)

    # ---------------------------------------------------------------- profile, subscriptions

    async def _profile(
        self, session: Session, request: pb.UserQuoteProfileRequest
    ) -> pb.UserQuoteProfileResponse:
        assert session.principal is not None
        profile = self._limits.profile
        language = pick_language(request.language) if request.language else session.language
        answer = pb.UserQuoteProfileResponse(
            member_id=await self._identity.member_id(session.principal.account_no),
            quote_level="LV2",
            subscribe_limit=profile.subscribed_symbols_max,
            history_candlestick_limit=await self._history_limit(session.principal.account_no),
            quote_level_detail=packages(language, int(self._wall())),
        )
        if profile.told is not None:
            for cmd_code in LIMITED_QUOTE_COMMANDS:
                answer.rate_limit.add(
                    command=cmd_code,
                    limit=profile.told.per_second,
                    burst=profile.told.burst,
                )
        return answer

    async def _history_limit(self, account_no: str) -> int:
        quota = self._history_quota
        return HISTORY_UNLIMITED if quota is None else await quota.symbols_of(account_no)

    def _subscription_list(self, session: Session, request: Message) -> pb.SubscriptionResponse:
        subscriber = self._subscribers.get(session)
        held = self._fanout.subscriptions.of(subscriber) if subscriber else {}
        return _sub_list(held.items())

    def _subscribe(self, session: Session, request: pb.SubscribeRequest) -> pb.SubscriptionResponse:
        symbols = list(dict.fromkeys(request.symbol))
        if len(symbols) > self._limits.profile.subscribed_symbols_max:
            raise Refused("QUOTE_TOO_MANY_SUBSCRIPTIONS")
        kinds = sub_types(request.sub_type)
        known = [one.symbol for one in self._lookup.listed(symbols)]
        if not known:
            raise Refused("QUOTE_NOT_FOUND")
        for symbol in known:
            self._quotes.board(symbol)  # what cannot be shown fails here, before anything changed
        subscriptions = self._fanout.subscriptions
        subscriber = self._subscriber(session)
        held = subscriptions.of(subscriber)
        if not self._limits.subscribe(session.caller, [one for one in known if one not in held]):
            raise Refused("QUOTE_TOO_MANY_SUBSCRIPTIONS")
        for symbol in known:
            if subscriptions.add(subscriber, symbol, kinds):
                self._quotes.watch(symbol)
            if request.is_first_push:
                for kind in kinds:
                    self._fanout.first_push(subscriber, symbol, kind)
        return _sub_list((symbol, kinds) for symbol in known)

    def _unsubscribe(
        self, session: Session, request: pb.UnsubscribeRequest
    ) -> pb.UnsubscribeResponse:
        subscriber = self._subscribers.get(session)
        if len(request.symbol) > self._limits.profile.subscribed_symbols_max:
            raise Refused("QUOTE_PARAMETER_INVALID", "symbol")
        if not request.symbol and not request.unsub_all:
            raise Refused("QUOTE_BAD_REQUEST", "symbol")
        kinds = tuple(SubType) if request.unsub_all else sub_types(request.sub_type)
        symbols = [symbol_of(text) for text in dict.fromkeys(request.symbol)]
        if subscriber is not None:
            held = self._fanout.subscriptions.of(subscriber)
            for symbol in symbols or list(held):
                self._drop(session, subscriber, symbol, kinds)
        return pb.UnsubscribeResponse()

    def _drop(
        self, session: Session, subscriber: Subscriber, symbol: Symbol, kinds: Iterable[SubType]
    ) -> None:
        gone, nobody = self._fanout.subscriptions.remove(subscriber, symbol, kinds)
        subscriber.backlog.forget(symbol, kinds)
        if gone:
            self._limits.unsubscribe(session.caller, [symbol])
        if nobody:
            self._quotes.unwatch(symbol)

    def _subscriber(self, session: Session) -> Subscriber:
        subscriber = self._subscribers.get(session)
        if subscriber is None:
            subscriber = Subscriber(session.link, wants_overnight=session.wants_overnight)
            self._subscribers[session] = subscriber
        return subscriber

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

    def _quote(self, asker: Asker, request: pb.MultiSecurityRequest) -> pb.SecurityQuoteResponse:
        answer = pb.SecurityQuoteResponse()
        for instrument in self._lookup.several(request.symbol):
            board = self._quotes.board(instrument.symbol)
            if board is not None and has_data(board):
                market = instrument.market
                answer.secu_quote.append(
                    messages.security_quote(
                        board,
                        market,
                        self._quotes.now(market),
                        overnight=asker.wants_overnight,
                    )
                )
        return answer

    def _depth(self, asker: Asker, request: pb.SecurityRequest) -> pb.SecurityDepthResponse:
        instrument, board = self._lookup.shown_one(request.symbol)
        answer = pb.SecurityDepthResponse(symbol=instrument.symbol)
        if board.depth is not None:
            answer.ask.extend(messages.depth_levels(board.depth.asks, instrument.market))
            answer.bid.extend(messages.depth_levels(board.depth.bids, instrument.market))
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

    def _candlesticks(
        self, asker: Asker, request: pb.SecurityCandlestickRequest
    ) -> pb.SecurityCandlestickResponse:
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
    ) -> pb.SecurityCandlestickResponse:
        assert asker.principal is not None
        await quota.count(asker.principal.account_no, instrument.symbol)
        return self._page(instrument, query)

    def _page(self, instrument: Instrument, query: CandleQuery) -> pb.SecurityCandlestickResponse:
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

    # --------------------------------------------------------------------- not served yet

    def _nothing_in_list(self, answer: type[M]) -> PullHandler:
        """No security of that kind is listed, so each symbol asked for is left out."""

        def handle(asker: Asker, request: pb.MultiSecurityRequest) -> M:
            self._lookup.several(request.symbol)
            return answer()

        return handle

    def _nothing_of_one(self, answer: type[M]) -> PullHandler:
        def handle(asker: Asker, request: Any) -> M:
            self._lookup.listed_one(request.symbol)
            return answer()

        return handle

    def _no_data(self, asker: Asker, request: Any) -> Message:
        self._lookup.listed_one(request.symbol)
        raise Refused("QUOTE_NO_DATA")


# ---------------------------------------------------------------------------------- answers


def _sub_list(held: Iterable[tuple[Symbol, Iterable[SubType]]]) -> pb.SubscriptionResponse:
    answer = pb.SubscriptionResponse()
    for symbol, kinds in held:
        answer.sub_list.add(symbol=symbol, sub_type=sorted(kind.value for kind in kinds))
    return answer
