"""The quote gateway's socket channel: profile, subscriptions, and the way to the pulls.

What an app key may see is looked up for every command. Where its rights change while it is
connected, what it may not follow any more ends; pulls go to handlers over the markets as the key
may see them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

from google.protobuf.message import Message

from portway.gateway.asker import Asker, Sender
from portway.gateway.errors import Refused
from portway.gateway.history_quota import HistoryQuota
from portway.gateway.identity import Identity
from portway.gateway.limits import LIMITED_QUOTE_COMMANDS, Limits
from portway.gateway.ports import QuoteService
from portway.gateway.quote_view import Delayed, QuoteView
from portway.gateway.rights import QuoteRights, RightsBook
from portway.gateway.sockets.fanout import Fanout, Subscriber
from portway.gateway.sockets.quote_lookup import Lookup
from portway.gateway.sockets.quote_profile import packages, quote_level
from portway.gateway.sockets.quote_pulls import Answer, QuotePulls, when_ready
from portway.gateway.sockets.quote_requests import sub_types, symbol_of
from portway.gateway.sockets.session import Session
from portway.model.quote import SubType
from portway.model.symbol import Market, Symbol
from portway.wire.commands import QuoteCommand
from portway.wire.envelope import pick_language
from portway.wire.pb import quote_pb2 as pb

__all__ = ["QuoteChannel"]

SUBSCRIPTION_COMMANDS: Final = (QuoteCommand.SUBSCRIBE, QuoteCommand.UNSUBSCRIBE)
HISTORY_UNLIMITED: Final = 1_000_000  # symbols told to accounts whose history is not counted
LIVE: Final[frozenset[Market]] = frozenset()  # no market is delayed


class QuoteChannel:
    """Handlers of commands 4 to 27, and the subscriptions they make."""

    def __init__(
        self,
        quotes: QuoteService,
        fanout: Fanout,
        limits: Limits,
        identity: Identity,
        wall: Callable[[], float],
        rights: RightsBook,
        make_delayed: Callable[[], Delayed],
        history_quota: HistoryQuota | None = None,
    ) -> None:
        self._quotes = quotes
        self._fanout = fanout
        self._limits = limits
        self._identity = identity
        self._wall = wall
        self._history_quota = history_quota
        self._lookup = Lookup(quotes)
        self._rights = rights
        rights.listen(self._rights_changed)
        self._make_delayed = make_delayed
        self._delayed: Delayed | None = None
        self._pulls = {LIVE: QuotePulls(quotes, quotes, history_quota)}
        self._subscribers: dict[Session, Subscriber] = {}
        self._changing: dict[Session, asyncio.Lock] = {}
        self._of_sessions: dict[int, Callable[[Session, Any], Answer]] = {
            QuoteCommand.USER_PROFILE: self._profile,
            QuoteCommand.SUBSCRIPTIONS: self._subscription_list,
            QuoteCommand.SUBSCRIBE: self._subscribe,
            QuoteCommand.UNSUBSCRIBE: self._unsubscribe,
        }

    # ------------------------------------------------------------------------- ChannelHandler

    def handle(
        self, session: Session, cmd_code: int, request: Message
    ) -> Message | Coroutine[Any, Any, Message]:
        """Answer one command; at once, unless boards it needs are not at hand."""
        handler = self._of_sessions.get(cmd_code)
        if handler is None:
            return self.pull(session, cmd_code, request)
        live = self._pulls[LIVE]
        missing = live.missing(live.named(request))
        changes = cmd_code in SUBSCRIPTION_COMMANDS
        if not missing and not (changes and self._is_changing(session)):
            return handler(session, request)
        answer = when_ready(self._quotes, session, missing, lambda: handler(session, request))
        return self._in_turn(session, answer) if changes else answer

    def pull(self, sender: Sender, cmd_code: int, request: Message) -> Answer:
        """Answer a command that needs no connection, whichever way it came."""
        asker = Asker(sender, self._rights_of(sender))
        return self._pulls_for(asker.rights).answer(asker, cmd_code, request)

    def _pulls_for(self, rights: QuoteRights) -> QuotePulls:
        """The pulls over the markets as such rights show them; one for each set of delays."""
        delayed = rights.delayed
        found = self._pulls.get(delayed)
        if found is None:
            if self._delayed is None:
                self._delayed = self._make_delayed()
            view = QuoteView(self._quotes, self._delayed, delayed)
            found = QuotePulls(view, self._quotes, self._history_quota)
            self._pulls[delayed] = found
        return found

    def _rights_of(self, sender: Sender) -> QuoteRights:
        assert sender.principal is not None, "only who signed in is answered"
        return self._rights.of(sender.principal)

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
        profile, rights = self._limits.profile, self._rights_of(session)
        language = pick_language(request.language) if request.language else session.language
        answer = pb.UserQuoteProfileResponse(
            member_id=await self._identity.member_id(session.principal.account_no),
            quote_level=quote_level(rights),
            subscribe_limit=profile.subscribed_symbols_max,
            history_candlestick_limit=await self._history_limit(session.principal.account_no),
            quote_level_detail=packages(rights, language, int(self._wall())),
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
        listed = self._lookup.listed(symbols)
        if not listed:
            raise Refused("QUOTE_NOT_FOUND")
        rights = self._rights_of(session)
        if not all(rights.follows(one, kind) for one in listed for kind in kinds):
            raise Refused("QUOTE_NO_ACCESS")
        known = [one.symbol for one in listed]
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
            subscriber = Subscriber(session.link)
            self._subscribers[session] = subscriber
            self._show(session, subscriber)
        return subscriber

    # ------------------------------------------------------------------------------- rights

    def _show(self, session: Session, subscriber: Subscriber) -> QuoteRights:
        """Note what of its pushes a connection may see."""
        rights = self._rights_of(session)
        subscriber.wants_overnight = session.wants_overnight and rights.overnight
        subscriber.hk_levels = rights.depth_levels(Market.HK)
        return rights

    def _rights_changed(self, app_key: str) -> None:
        """End what the connections of an app key may not follow any more."""
        for session, subscriber in list(self._subscribers.items()):
            assert session.principal is not None, "only who signed in subscribes"
            if session.principal.app_key != app_key:
                continue
            rights = self._show(session, subscriber)
            for symbol, kinds in list(self._fanout.subscriptions.of(subscriber).items()):
                instrument = self._quotes.instrument(symbol)
                assert instrument is not None, "only what is listed is subscribed"
                gone = [one for one in kinds if not rights.follows(instrument, one)]
                if gone:
                    self._drop(session, subscriber, symbol, gone)


# ---------------------------------------------------------------------------------- answers


def _sub_list(held: Iterable[tuple[Symbol, Iterable[SubType]]]) -> pb.SubscriptionResponse:
    answer = pb.SubscriptionResponse()
    for symbol, kinds in held:
        answer.sub_list.add(symbol=symbol, sub_type=sorted(kind.value for kind in kinds))
    return answer
