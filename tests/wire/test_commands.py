"""The command table is complete, and its numbers are those of the protobuf files."""

from __future__ import annotations

import pytest

from portway.wire.commands import (
    COMMANDS,
    Channel,
    CloseCode,
    CommandKind,
    ControlCommand,
    QuoteCommand,
    SocketStatus,
    TradeCommand,
    close_code_of_websocket,
    command_of,
    websocket_close_code,
)
from portway.wire.pb import control_pb2, quote_pb2

# The command index of the quote gateway: number -> name, request, response.
QUOTE_INDEX = """
4 QueryUserQuoteProfile UserQuoteProfileRequest UserQuoteProfileResponse
5 Subscription EmptyRequest SubscriptionResponse
6 Subscribe SubscribeRequest SubscriptionResponse
7 Unsubscribe UnsubscribeRequest UnsubscribeResponse
8 QueryMarketTradePeriod EmptyRequest MarketTradePeriodResponse
9 QueryMarketTradeDay MarketTradeDayRequest MarketTradeDayResponse
10 QuerySecurityStaticInfo MultiSecurityRequest SecurityStaticInfoResponse
11 QuerySecurityQuote MultiSecurityRequest SecurityQuoteResponse
12 QueryOptionQuote MultiSecurityRequest OptionQuoteResponse
13 QueryWarrantQuote MultiSecurityRequest WarrantQuoteResponse
14 QueryDepth SecurityRequest SecurityDepthResponse
15 QueryBrokers SecurityRequest SecurityBrokersResponse
16 QueryParticipantBrokerIds EmptyRequest ParticipantBrokerIdsResponse
17 QueryTrade SecurityTradeRequest SecurityTradeResponse
18 QueryIntraday SecurityIntradayRequest SecurityIntradayResponse
19 QueryCandlestick SecurityCandlestickRequest SecurityCandlestickResponse
20 QueryOptionChainDate SecurityRequest OptionChainDateListResponse
21 QueryOptionChainDateStrikeInfo OptionChainDateStrikeInfoRequest OptionChainDateStrikeInfoResponse
22 QueryWarrantIssuerInfo EmptyRequest IssuerInfoResponse
23 QueryWarrantFilterList WarrantFilterListRequest WarrantFilterListResponse
24 QueryCapitalFlowIntraday CapitalFlowIntradayRequest CapitalFlowIntradayResponse
25 QueryCapitalFlowDistribution SecurityRequest CapitalDistributionResponse
26 QuerySecurityCalcIndex SecurityCalcQuoteRequest SecurityCalcQuoteResponse
27 QueryHistoryCandlestick SecurityHistoryCandlestickRequest SecurityCandlestickResponse
101 PushQuoteData PushQuote -
102 PushDepthData PushDepth -
103 PushBrokersData PushBrokers -
104 PushTradeData PushTrade -
"""
TRADE_INDEX = "16 Sub Sub SubResponse\n17 Unsub Unsub UnsubResponse\n18 Notify Notification -"
CONTROL_INDEX = """
0 Close Close -
1 Heartbeat Heartbeat Heartbeat
2 Auth AuthRequest AuthResponse
3 Reconnect ReconnectRequest ReconnectResponse
"""


def rows(channel: Channel) -> list[str]:
    return [
        f"{code} {row.name} {row.request.__name__} {row.response.__name__ if row.response else '-'}"
        for code, row in COMMANDS[channel].items()
        if code == row.cmd_code
    ]


def test_every_command_of_the_index_has_its_row_and_no_other() -> None:
    assert rows(Channel.QUOTE) == (CONTROL_INDEX + QUOTE_INDEX).split("\n")[1:5] + [
        line for line in QUOTE_INDEX.split("\n") if line
    ]
    assert rows(Channel.TRADE) == CONTROL_INDEX.split("\n")[1:5] + TRADE_INDEX.split("\n")


def test_the_enums_are_the_rows_of_the_table() -> None:
    control = {int(code) for code in ControlCommand}
    assert control == {0, 1, 2, 3}
    assert set(COMMANDS[Channel.QUOTE]) == control | {int(code) for code in QuoteCommand}
    assert set(COMMANDS[Channel.TRADE]) == control | {int(code) for code in TradeCommand}


def test_the_proto_enum_of_commands_has_the_names_of_the_table() -> None:
    numbers = dict(quote_pb2.Command.items())
    for code, row in COMMANDS[Channel.QUOTE].items():
        if code > 3:
            assert numbers[row.name] == code


@pytest.mark.parametrize("channel", Channel)
def test_a_row_has_a_response_unless_it_is_pushed(channel: Channel) -> None:
    for row in COMMANDS[channel].values():
        is_pushed = row.kind is CommandKind.PUSH or row.cmd_code == ControlCommand.CLOSE
        assert (row.response is None) == is_pushed


def test_subscriptions_are_the_commands_that_change_what_is_pushed() -> None:
    kinds = {
        (channel, code): row.kind for channel in Channel for code, row in COMMANDS[channel].items()
    }
    assert [key for key, kind in kinds.items() if kind is CommandKind.SUBSCRIPTION] == [
        (Channel.QUOTE, 6),
        (Channel.QUOTE, 7),
        (Channel.TRADE, 16),
        (Channel.TRADE, 17),
    ]


def test_an_unknown_number_has_no_row() -> None:
    assert command_of(Channel.QUOTE, 28) is None
    assert command_of(Channel.TRADE, 4) is None
    assert command_of(Channel.QUOTE, 16) != command_of(Channel.TRADE, 16)


def test_status_codes_are_those_of_the_protocol() -> None:
    assert [status.name for status in SocketStatus] == [
        "SUCCESS",
        "SERVER_TIMEOUT",
        "CLIENT_TIMEOUT",
        "BAD_REQUEST",
        "BAD_RESPONSE",
        "UNAUTHENTICATED",
        "PERMISSION_DENIED",
        "SERVER_INTERNAL_ERROR",
        "CLIENT_INTERNAL_ERROR",
    ]
    assert [int(status) for status in SocketStatus] == list(range(9))


def test_close_codes_are_those_of_the_message_and_map_to_close_frames() -> None:
    assert sorted(control_pb2.Close.Code.values()) == [int(code) for code in CloseCode]
    assert [websocket_close_code(code) for code in CloseCode] == list(range(4000, 4007))
    for code in CloseCode:
        assert close_code_of_websocket(websocket_close_code(code)) is code
    assert close_code_of_websocket(1001) is None
    assert close_code_of_websocket(4007) is None
