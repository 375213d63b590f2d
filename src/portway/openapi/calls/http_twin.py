"""A pull of the quote socket as a call of the HTTP API: the same messages, written as JSON."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from google.protobuf import json_format

from portway.openapi.calls.http_call import HttpCall
from portway.openapi.calls.socket_call import SocketCall
from portway.openapi.enums import Market
from portway.openapi.errors import DecodeError
from portway.openapi.sessions import zone_of
from portway.wire import names
from portway.wire.commands import Channel, QuoteCommand, command_of
from portway.wire.pb import quote_pb2 as pb

__all__ = ["PATHS", "http_twin"]

_ALL: Final = names.TRADE_SESSIONS.wire["ALL"]
_OVERNIGHT: Final = names.TRADE_SESSION.wire["OVERNIGHT"]
_FIRST_HOUR, _LAST_HOUR = 4, 20  # of the other sessions together, in New York

PATHS: Final = {
    QuoteCommand.MARKET_TRADE_PERIOD: "markets/trading-sessions",
    QuoteCommand.MARKET_TRADE_DAY: "markets/trading-days",
    QuoteCommand.STATIC_INFO: "static-info",
    QuoteCommand.QUOTE: "quotes",
    QuoteCommand.OPTION_QUOTE: "options/quotes",
    QuoteCommand.WARRANT_QUOTE: "warrants/quotes",
    QuoteCommand.DEPTH: "depth",
    QuoteCommand.BROKERS: "brokers",
    QuoteCommand.PARTICIPANTS: "participants",
    QuoteCommand.TRADES: "trades",
    QuoteCommand.INTRADAY: "intraday",
    QuoteCommand.CANDLESTICKS: "candlesticks",
    QuoteCommand.OPTION_CHAIN_DATES: "options/expiry-dates",
    QuoteCommand.WARRANT_ISSUERS: "warrants/issuers",
    QuoteCommand.WARRANT_LIST: "warrants",
    QuoteCommand.CAPITAL_FLOW: "capital-flow",
    QuoteCommand.CAPITAL_DISTRIBUTION: "capital-distribution",
    QuoteCommand.CALC_INDEXES: "calc-indexes",
    QuoteCommand.HISTORY_CANDLESTICKS: "history-candlesticks",
}


def http_twin(call: Any, *, with_overnight: bool) -> Any:
    """Return the call over HTTP, or the call itself where HTTP has none.

    Over HTTP a service cannot know whether overnight quotes are wanted: it sends them, and they
    are left out here.
    """
    path = PATHS.get(call.command) if isinstance(call, SocketCall) else None  # type: ignore[call-overload]
    if path is None:
        return call
    row = command_of(Channel.QUOTE, call.command)
    assert row is not None
    assert row.response is not None
    response = row.response

    def read(data: Any) -> Any:
        answer = response()
        try:
            json_format.ParseDict(data, answer, ignore_unknown_fields=True)
        except json_format.ParseError as error:
            raise DecodeError(f"deserialize response body error: {error}") from None
        if not with_overnight:
            _drop_overnight(asked, answer)
        return call.read(answer.SerializeToString())

    asked = row.request.FromString(call.body)
    fields = json_format.MessageToDict(
        asked,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        use_integers_for_enums=True,
    )
    content = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return HttpCall("POST", f"/quote/{path}", read, content.encode(), True, call.region)


def _drop_overnight(asked: Any, answer: Any) -> None:
    """Leave the overnight session of US securities out of an answer."""
    if isinstance(answer, pb.SecurityQuoteResponse):
        for quote in answer.secu_quote:
            if quote.symbol.endswith(".US"):
                quote.ClearField("over_night_quote")
    elif getattr(asked, "trade_session", 0) != _ALL or not asked.symbol.endswith(".US"):
        return
    elif isinstance(answer, pb.SecurityIntradayResponse):
        kept = [line for line in answer.lines if not _is_overnight(line.timestamp)]
        del answer.lines[:]
        answer.lines.extend(kept)
    elif isinstance(answer, pb.SecurityCandlestickResponse):
        bars = [bar for bar in answer.candlesticks if bar.trade_session != _OVERNIGHT]
        del answer.candlesticks[:]
        answer.candlesticks.extend(bars)


def _is_overnight(at: int) -> bool:
    hour = datetime.fromtimestamp(at, zone_of(Market.US)).hour
    return hour < _FIRST_HOUR or hour >= _LAST_HOUR
