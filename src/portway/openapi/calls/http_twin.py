"""A pull of the quote socket as a call of the HTTP API: the same messages, written as JSON."""

from __future__ import annotations

import json
from typing import Any, Final, TypeVar

from google.protobuf import json_format

from portway.openapi.calls.http_call import HttpCall
from portway.openapi.calls.socket_call import SocketCall
from portway.openapi.errors import DecodeError
from portway.wire.commands import Channel, QuoteCommand, command_of

__all__ = ["PATHS", "http_twin"]

T = TypeVar("T")

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


def http_twin(call: Any) -> Any:
    """Return the call over HTTP, or the call itself where HTTP has none."""
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
        return call.read(answer.SerializeToString())

    fields = json_format.MessageToDict(
        row.request.FromString(call.body),
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        use_integers_for_enums=True,
    )
    content = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return HttpCall("POST", f"/quote/{path}", read, content.encode(), True, call.region)
