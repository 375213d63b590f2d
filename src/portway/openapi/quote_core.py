"""The machinery behind a quote context: subscriptions, store, candlesticks and pushed data.

Shared by the sync and the async class, which only wait in different ways. Everything here runs on
the context's loop thread, except what is said to be safe from any thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from google.protobuf.message import DecodeError as BadMessage

from portway.openapi.calls import quote as calls
from portway.openapi.candle_desk import CANDLE_TYPES, CandleDesk
from portway.openapi.core import CONNECTION, Core
from portway.openapi.dispatch import Callback
from portway.openapi.enums import Period, SubType, TradeSession, read_table
from portway.openapi.limiter import Limiter
from portway.openapi.line import Line
from portway.openapi.pull_types import CandlestickRow, PushCandlestick, QuotePackageDetail
from portway.openapi.store import Store, is_complete
from portway.openapi.transport import Channel
from portway.openapi.types import PushBrokers, PushDepth, PushQuote, PushTrades
from portway.openapi.values import in_zone, undecoded
from portway.wire import names
from portway.wire.commands import QuoteCommand
from portway.wire.pb import quote_pb2 as pb

if TYPE_CHECKING:
    from portway.openapi.calls.socket_call import SocketCall
    from portway.openapi.config import Config

__all__ = ["QUOTE_KINDS", "QuoteCore"]

log = logging.getLogger("portway.openapi.quote")

T = TypeVar("T")

QUOTE_KINDS: Final = ("quote", "depth", "brokers", "trades", "candlestick")

CACHE_ENTRIES_MAX: Final = 1000
_DECODED_AHEAD: Final = 2**16  # quotes, after one that was read

_SESSIONS = read_table(TradeSession, names.TRADE_SESSION)
_EOD: Final = int(pb.PushQuoteTag.Eod)
# The last field of a push, where it has one, is its kind: this byte and a number of one byte. Else
# it ends with the digits of an amount.
_TAG: Final = pb.PushQuote.DESCRIPTOR.fields_by_name["tag"].number << 3


class _Followed:
    """Who is told of quotes, and of which symbols: read at every push."""

    __slots__ = ("callback", "symbols")

    def __init__(self) -> None:
        self.callback: Callback | None = None
        self.symbols: Mapping[bytes, str] = {}  # as on the wire, and as text


class QuoteCore(Core):
    """One quote connection and what is known through it.

    Args:
        config: Of the context.
        marks: Sent as headers and as metadata of the sign-in: how the command line tools of a
            server make themselves known to it.
    """

    _kinds_with_symbol = frozenset(QUOTE_KINDS)

    def __init__(self, config: Config, marks: Mapping[str, str]) -> None:
        language = {"accept-language": config.language_tag}
        metadata = {**language, **marks}
        if config.enable_overnight:
            metadata["need_over_night_quote"] = "true"
        channel = Channel(
            url=config.quote_url,
            metadata=metadata,
            headers={**language, "x-dc-region": config.dc_region, **marks},
            checks_limit=not marks,  # what is told counts connections of another kind
        )
        self._followed = _Followed()
        self._on_depth: Callback | None = None
        self._on_brokers: Callback | None = None
        self._on_trades: Callback | None = None
        self._on_candlestick: Callback | None = None
        self._push_candlestick = in_zone(PushCandlestick, config.zone)
        self._push_depth = in_zone(PushDepth, config.zone)
        self._push_brokers = in_zone(PushBrokers, config.zone)
        self._push_trades = in_zone(PushTrades, config.zone)
        self._subscribed: Mapping[str, frozenset[SubType]] = {}
        self._trade_symbols: frozenset[str] = frozenset()
        self._profile: pb.UserQuoteProfileResponse | None = None
        self._cache: dict[tuple[int, bytes], tuple[float, asyncio.Task[Any]]] = {}
        self.store = Store(in_zone(PushQuote, config.zone))
        self.candles = CandleDesk(self, config)
        self._books = self.candles.books
        super().__init__(config, channel, {**language, **marks}, "quote")
        self.takers = {
            QuoteCommand.PUSH_QUOTE.value: self._quote_taker(),
            QuoteCommand.PUSH_DEPTH.value: self._take_depth,
            QuoteCommand.PUSH_BROKERS.value: self._take_brokers,
            QuoteCommand.PUSH_TRADE.value: self._take_trades,
        }

    # ----------------------------------------------------------------- safe from any thread

    def subscriptions(self) -> list[tuple[str, list[SubType], list[Period]]]:
        """What is subscribed, by symbol."""
        held, bars = self._subscribed, self.candles.periods()
        return [
            (symbol, in_order(held.get(symbol, ())), bars.get(symbol, []))
            for symbol in dict.fromkeys((*held, *bars))
        ]

    def subscribed(self, symbol: str) -> frozenset[SubType]:
        """What the program has subscribed of a symbol; not what its candlesticks need."""
        return self._subscribed.get(symbol, frozenset())

    def clear_cache(self) -> None:
        """Ask the service again for what was kept."""
        self._cache = {}

    # ---------------------------------------------------------------------- on the loop

    async def ask(self, call: SocketCall[T]) -> T:
        """Carry out a pull, or give a result that may still be used."""
        if not call.life_s:
            return await self._transport.ask(call)
        key, loop = (call.command, call.body), asyncio.get_running_loop()
        until, task = self._cache.get(key, (0.0, None))
        if task is None or (task.done() and (until < loop.time() or task.exception() is not None)):
            if len(self._cache) >= CACHE_ENTRIES_MAX:
                self._cache.clear()
            task = loop.create_task(self._transport.ask(call))
            self._cache[key] = (loop.time() + call.life_s, task)
        found: T = await asyncio.shield(task)
        return list(found) if isinstance(found, list) else found  # type: ignore[return-value]

    async def profile(self) -> pb.UserQuoteProfileResponse:
        """The profile told at the first sign-in."""
        await self._transport.connect()
        assert self._profile is not None
        return self._profile

    async def member_id(self) -> int:
        """Of the profile."""
        return (await self.profile()).member_id

    async def quote_level(self) -> str:
        """Of the profile."""
        return (await self.profile()).quote_level

    async def quote_packages(self) -> list[QuotePackageDetail]:
        """Of the profile."""
        packages = (await self.profile()).quote_level_detail.by_package_key
        return [QuotePackageDetail(package) for package in packages.values()]

    async def subscribe(
        self, symbols: Sequence[str], sub_types: Sequence[SubType], *, is_first_push: bool
    ) -> None:
        """Subscribe, and remember it for the time after a lost line."""
        # Recorded before the call as well: the first pushes may come before the answer.
        before = self._subscribed
        self._remember(_added(before, symbols, sub_types))
        call = calls.subscribe(symbols, sub_types, is_first_push=is_first_push)
        try:
            await self._transport.ask(call)
        except BaseException:
            known = {s: t for s, t in self._subscribed.items() if s not in symbols}
            self._remember({**known, **{s: before[s] for s in symbols if s in before}})
            raise

    async def unsubscribe(self, symbols: Sequence[str], sub_types: Sequence[SubType]) -> None:
        """Take kinds of data away from symbols; what their candlesticks need stays."""
        groups: dict[frozenset[SubType], list[str]] = defaultdict(list)
        for symbol in symbols:
            needed = CANDLE_TYPES if self.candles.has(symbol) else frozenset()
            groups[frozenset(sub_types) - needed].append(symbol)
        for types, members in groups.items():
            if types:
                await self._transport.ask(calls.unsubscribe(members, in_order(types)))
        left = {s: t - set(sub_types) if s in symbols else t for s, t in self._subscribed.items()}
        self._remember({symbol: types for symbol, types in left.items() if types})

    def _remember(self, subscribed: Mapping[str, frozenset[SubType]]) -> None:
        self._subscribed = subscribed
        followed = (symbol for symbol, types in subscribed.items() if SubType.Quote in types)
        self._followed.symbols = {symbol.encode(): symbol for symbol in followed}
        self._trade_symbols = frozenset(s for s, t in subscribed.items() if SubType.Trade in t)

    async def _signed_in(self, line: Line, is_first: bool) -> None:
        deadline = asyncio.get_running_loop().time() + self._config.timeout_s
        if is_first:
            call = calls.profile(self._config.language_tag)
            self._profile = await self._transport.ask_on(line, call, deadline)
            self._transport.limiter = Limiter(
                (row.command, row.limit, row.burst) for row in self._profile.rate_limit
            )
            _log_packages(self._profile)
            return
        groups: dict[frozenset[SubType], list[str]] = defaultdict(list)
        for symbol in dict.fromkeys((*self._subscribed, *self.candles.periods())):
            needed = CANDLE_TYPES if self.candles.has(symbol) else frozenset()
            groups[self.subscribed(symbol) | needed].append(symbol)
        for types, symbols in groups.items():
            again = calls.subscribe(symbols, in_order(types), is_first_push=False)
            await self._transport.ask_on(line, again, deadline)

    async def _came_back(self) -> None:
        if self._config.refill_candlesticks:
            await self.candles.refill()

    # --------------------------------------------------------------------------- pushes

    def _kinds(self) -> tuple[str, ...]:
        return (*QUOTE_KINDS, CONNECTION)

    def _wire(self, calls: Mapping[str, Callback]) -> None:
        self._followed.callback = calls.get("quote")
        self._on_depth = calls.get("depth")
        self._on_brokers = calls.get("brokers")
        self._on_trades = calls.get("trades")
        self._on_candlestick = calls.get("candlestick")

    def tell_bars(self, symbol: str, rows: Iterable[CandlestickRow]) -> None:
        """Hand bars to the callback."""
        callback = self._on_candlestick
        for row in rows:  # worked off without a callback too: that is what builds the bars
            if callback is not None:
                self._put((callback, symbol, self._push_candlestick(row)))

    def _quote_taker(self) -> Callable[[bytes], None]:
        """What takes a pushed quote: most of all pushes, so all that it needs is bound once.

        A complete one that no candlestick wants is decoded when the program reads it, if ever; once
        it has read one, the next are decoded at once, which costs less than to do it later.
        """
        ahead = 0

        def decode(body: bytes) -> pb.PushQuote:
            nonlocal ahead
            ahead = _DECODED_AHEAD
            return push_of(body)

        push_of, is_whole, take_slowly = pb.PushQuote.FromString, is_complete, self._take_quote
        dressed = in_zone(PushQuote, self._config.zone)
        unread = undecoded(dressed, decode, BadMessage)
        quotes, books, followed = self.store.quotes, self._books, self._followed
        put = None if self._config.inline_callbacks else self._put

        def take_quote(body: bytes) -> None:
            nonlocal ahead
            found = is_whole(body)
            if found is None or books or body[-2] == _TAG:
                before = ahead
                take_slowly(dressed(push_of(body)), is_whole=found is not None)
                ahead = before  # what is merged was not read by the program
                return
            if ahead:
                ahead -= 1
                quote = dressed(push_of(body))
            else:
                quote = unread(body)
            symbol = followed.symbols.get(found[1])
            quotes[symbol or found[1].decode()] = quote
            callback = followed.callback
            if callback is None or symbol is None:
                return
            if put is not None:
                put((callback, symbol, quote))
                return
            try:  # as `InlineDispatcher.put`, without its call
                callback(symbol, quote)
            except BaseException as error:  # noqa: BLE001 - as there
                self._raised(callback, error)

        return take_quote

    def _take_quote(self, quote: PushQuote, *, is_whole: bool) -> None:
        push: pb.PushQuote = quote._message
        symbol = push.symbol
        is_eod = push.tag == _EOD  # a correction for candlesticks alone
        if is_whole and not is_eod:
            self.store.quotes[symbol] = quote
        elif not is_eod:
            quote = self.store.add_quote(symbol, push)
        book = self._books.get(symbol)
        if book is not None:  # its bars are told before the quote that changed them
            self.tell_bars(symbol, book.take_quote(quote._message))
        callback = self._followed.callback
        if callback is not None and not is_eod and symbol.encode() in self._followed.symbols:
            self._put((callback, symbol, quote))

    def _take_depth(self, body: bytes) -> None:
        push = pb.PushDepth.FromString(body)
        self.store.add_depth(push)
        callback = self._on_depth
        if callback is not None:
            self._put((callback, push.symbol, self._push_depth(push)))

    def _take_brokers(self, body: bytes) -> None:
        push = pb.PushBrokers.FromString(body)
        self.store.add_brokers(push)
        callback = self._on_brokers
        if callback is not None:
            self._put((callback, push.symbol, self._push_brokers(push)))

    def _take_trades(self, body: bytes) -> None:
        push = pb.PushTrade.FromString(body)
        self.store.add_trades(push)
        callback, symbol = self._on_trades, push.symbol
        book = self._books.get(symbol)
        if book is not None:
            self.tell_bars(symbol, book.take_trades(push.trade, _SESSIONS))
        if callback is not None and symbol in self._trade_symbols:
            self._put((callback, symbol, self._push_trades(push)))


def in_order(types: Iterable[SubType]) -> list[SubType]:
    """Kinds of data in the order of the enum, which is the order they are sent in."""
    held = set(types)
    return [kind for kind in SubType if kind in held]


def _added(
    held: Mapping[str, frozenset[SubType]], symbols: Sequence[str], sub_types: Sequence[SubType]
) -> dict[str, frozenset[SubType]]:
    new = frozenset(sub_types)
    return {**held, **{symbol: held.get(symbol, frozenset()) | new for symbol in symbols}}


def _log_packages(profile: pb.UserQuoteProfileResponse) -> None:
    for market, detail in profile.quote_level_detail.by_market_code.items():
        names = ", ".join(package.name for package in detail.packages)
        log.info("quote packages of %s: %s", market, detail.warning_msg or names)
