"""The protobuf messages: every field number and type, and generated code in step with `proto/`."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from portway.wire.pb import control_pb2, quote_pb2, trade_pb2

ROOT = Path(__file__).resolve().parents[2]

# message: number name type, ... as the field tables of the protocol list them; `*` is repeated,
# `?` optional with presence, `a>b` a map.
CONTROL = """
Close: 1 code Code, 2 reason string
Heartbeat: 1 timestamp int64, 2 heartbeat_id ?int32
AuthRequest: 1 token string, 2 metadata string>string
AuthResponse: 1 session_id string, 2 expires int64, 3 limit uint32, 4 online uint32
ReconnectRequest: 1 session_id string, 2 metadata string>string
ReconnectResponse: 1 session_id string, 2 expires int64, 3 limit uint32, 4 online uint32
Error: 1 code uint64, 2 msg string
"""

TRADE = """
Sub: 1 topics *string
SubResponse: 1 success *string, 2 fail *Fail, 3 current *string
SubResponse.Fail: 1 topic string, 2 reason string
Unsub: 1 topics *string
UnsubResponse: 3 current *string
Notification: 1 topic string, 2 content_type ContentType, 3 dispatch_type DispatchType, 4 data bytes
"""

_QUOTE_HEAD = (
    "1 symbol string, 2 last_done string, 3 prev_close string, 4 open string, 5 high string,"
    " 6 low string, 7 timestamp int64, 8 volume int64, 9 turnover string,"
    " 10 trade_status TradeStatus"
)

QUOTE = f"""
EmptyRequest:
SecurityRequest: 1 symbol string
MultiSecurityRequest: 1 symbol *string
UserQuoteProfileRequest: 1 language string
UserQuoteProfileResponse: 1 member_id int64, 2 quote_level string, 3 subscribe_limit int32,\
 4 history_candlestick_limit int32, 5 rate_limit *RateLimit,\
 6 quote_level_detail UserQuoteLevelDetail
RateLimit: 1 command Command, 2 limit int32, 3 burst int32
UserQuoteLevelDetail: 1 by_package_key string>PackageDetail,\
 2 by_market_code string>MarketPackageDetail
PackageDetail: 1 key string, 2 name string, 4 description string, 5 start int64, 6 end int64
MarketPackageDetail: 1 packages *PackageDetail, 4 warning_msg string
SubTypeList: 1 symbol string, 2 sub_type *SubType
SubscriptionResponse: 1 sub_list *SubTypeList
SubscribeRequest: 1 symbol *string, 2 sub_type *SubType, 3 is_first_push bool
UnsubscribeRequest: 1 symbol *string, 2 sub_type *SubType, 3 unsub_all bool
UnsubscribeResponse:
TradePeriod: 1 beg_time int32, 2 end_time int32, 3 trade_session TradeSession
MarketTradePeriod: 1 market string, 2 trade_session *TradePeriod
MarketTradePeriodResponse: 1 market_trade_session *MarketTradePeriod
MarketTradeDayRequest: 1 market string, 2 beg_day string, 3 end_day string
MarketTradeDayResponse: 1 trade_day *string, 2 half_trade_day *string
StaticInfo: 1 symbol string, 2 name_cn string, 3 name_en string, 4 name_hk string,\
 5 listing_date string, 6 exchange string, 7 currency string, 8 lot_size int32,\
 9 total_shares int64, 10 circulating_shares int64, 11 hk_shares int64, 12 eps string,\
 13 eps_ttm string, 14 bps string, 15 dividend_yield string, 16 stock_derivatives *int32,\
 17 board string
SecurityStaticInfoResponse: 1 secu_static_info *StaticInfo
PrePostQuote: 1 last_done string, 2 timestamp int64, 3 volume int64, 4 turnover string,\
 5 high string, 6 low string, 7 prev_close string
SecurityQuote: {_QUOTE_HEAD}, 11 pre_market_quote PrePostQuote, 12 post_market_quote PrePostQuote,\
 13 over_night_quote PrePostQuote
SecurityQuoteResponse: 1 secu_quote *SecurityQuote
OptionExtend: 1 implied_volatility string, 2 open_interest int64, 3 expiry_date string,\
 4 strike_price string, 5 contract_multiplier string, 6 contract_type string,\
 7 contract_size string, 8 direction string, 9 historical_volatility string,\
 10 underlying_symbol string
OptionQuote: {_QUOTE_HEAD}, 11 option_extend OptionExtend
OptionQuoteResponse: 1 secu_quote *OptionQuote
WarrantExtend: 1 implied_volatility string, 2 expiry_date string, 3 last_trade_date string,\
 4 outstanding_ratio string, 5 outstanding_qty int64, 6 conversion_ratio string,\
 7 category string, 8 strike_price string, 9 upper_strike_price string,\
 10 lower_strike_price string, 11 call_price string, 12 underlying_symbol string
WarrantQuote: {_QUOTE_HEAD}, 11 warrant_extend WarrantExtend
WarrantQuoteResponse: 2 secu_quote *WarrantQuote
Depth: 1 position int32, 2 price string, 3 volume int64, 4 order_num int64
SecurityDepthResponse: 1 symbol string, 2 ask *Depth, 3 bid *Depth
Brokers: 1 position int32, 2 broker_ids *int32
SecurityBrokersResponse: 1 symbol string, 2 ask_brokers *Brokers, 3 bid_brokers *Brokers
ParticipantInfo: 1 broker_ids *int32, 2 participant_name_cn string,\
 3 participant_name_en string, 4 participant_name_hk string
ParticipantBrokerIdsResponse: 1 participant_broker_numbers *ParticipantInfo
Trade: 1 price string, 2 volume int64, 3 timestamp int64, 4 trade_type string,\
 5 direction int32, 6 trade_session TradeSession
SecurityTradeRequest: 1 symbol string, 2 count int32
SecurityTradeResponse: 1 symbol string, 2 trades *Trade
SecurityIntradayRequest: 1 symbol string, 2 trade_session int32
Line: 1 price string, 2 timestamp int64, 3 volume int64, 4 turnover string, 5 avg_price string
SecurityIntradayResponse: 1 symbol string, 2 lines *Line
SecurityCandlestickRequest: 1 symbol string, 2 period Period, 3 count int32,\
 4 adjust_type AdjustType, 5 trade_session int32
Candlestick: 1 close string, 2 open string, 3 low string, 4 high string, 5 volume int64,\
 6 turnover string, 7 timestamp int64, 8 trade_session TradeSession
SecurityCandlestickResponse: 1 symbol string, 2 candlesticks *Candlestick
OffsetQuery: 1 direction Direction, 2 date string, 3 minute string, 4 count int32
DateQuery: 1 start_date string, 2 end_date string
SecurityHistoryCandlestickRequest: 1 symbol string, 2 period Period, 3 adjust_type AdjustType,\
 4 query_type HistoryCandlestickQueryType, 5 offset_request OffsetQuery,\
 6 date_request DateQuery, 7 trade_session int32
OptionChainDateListResponse: 1 expiry_date *string
OptionChainDateStrikeInfoRequest: 1 symbol string, 2 expiry_date string
StrikePriceInfo: 1 price string, 2 call_symbol string, 3 put_symbol string, 4 standard bool
OptionChainDateStrikeInfoResponse: 1 strike_price_info *StrikePriceInfo
IssuerInfo: 1 id int32, 2 name_cn string, 3 name_en string, 4 name_hk string
IssuerInfoResponse: 1 issuer_info *IssuerInfo
FilterConfig: 1 sort_by int32, 2 sort_order int32, 3 sort_offset int32, 4 sort_count int32,\
 5 type *int32, 6 issuer *int32, 7 expiry_date *int32, 8 price_type *int32, 9 status *int32
WarrantFilterListRequest: 1 symbol string, 2 filter_config FilterConfig, 3 language int32
FilterWarrant: 1 symbol string, 2 name string, 3 last_done string, 4 change_rate string,\
 5 change_val string, 6 volume int64, 7 turnover string, 8 expiry_date string,\
 9 strike_price string, 10 upper_strike_price string, 11 lower_strike_price string,\
 12 outstanding_qty string, 13 outstanding_ratio string, 14 premium string, 15 itm_otm string,\
 16 implied_volatility string, 17 delta string, 18 call_price string, 19 to_call_price string,\
 20 effective_leverage string, 21 leverage_ratio string, 22 conversion_ratio string,\
 23 balance_point string, 24 status int32, 25 type int32
WarrantFilterListResponse: 1 warrant_list *FilterWarrant, 2 total_count int32
CapitalFlowIntradayRequest: 1 symbol string
CapitalFlowLine: 1 inflow string, 2 timestamp int64
CapitalFlowIntradayResponse: 1 symbol string, 2 capital_flow_lines *CapitalFlowLine
CapitalDistribution: 1 large string, 2 medium string, 3 small string
CapitalDistributionResponse: 1 symbol string, 2 timestamp int64,\
 3 capital_in CapitalDistribution, 4 capital_out CapitalDistribution
SecurityCalcQuoteRequest: 1 symbols *string, 2 calc_index *CalcIndex
SecurityCalcIndex: 1 symbol string, 2 last_done string, 3 change_val string,\
 4 change_rate string, 5 volume int64, 6 turnover string, 7 ytd_change_rate string,\
 8 turnover_rate string, 9 total_market_value string, 10 capital_flow string,\
 11 amplitude string, 12 volume_ratio string, 13 pe_ttm_ratio string, 14 pb_ratio string,\
 15 dividend_ratio_ttm string, 16 five_day_change_rate string, 17 ten_day_change_rate string,\
 18 half_year_change_rate string, 19 five_minutes_change_rate string, 20 expiry_date string,\
 21 strike_price string, 22 upper_strike_price string, 23 lower_strike_price string,\
 24 outstanding_qty int64, 25 outstanding_ratio string, 26 premium string, 27 itm_otm string,\
 28 implied_volatility string, 29 warrant_delta string, 30 call_price string,\
 31 to_call_price string, 32 effective_leverage string, 33 leverage_ratio string,\
 34 conversion_ratio string, 35 balance_point string, 36 open_interest int64, 37 delta string,\
 38 gamma string, 39 theta string, 40 vega string, 41 rho string
SecurityCalcQuoteResponse: 1 security_calc_index *SecurityCalcIndex
PushQuote: 1 symbol string, 2 sequence int64, 3 last_done string, 4 open string, 5 high string,\
 6 low string, 7 timestamp int64, 8 volume int64, 9 turnover string,\
 10 trade_status TradeStatus, 11 trade_session TradeSession, 12 current_volume int64,\
 13 current_turnover string, 14 tag PushQuoteTag
PushDepth: 1 symbol string, 2 sequence int64, 3 ask *Depth, 4 bid *Depth
PushBrokers: 1 symbol string, 2 sequence int64, 3 ask_brokers *Brokers, 4 bid_brokers *Brokers
PushTrade: 1 symbol string, 2 sequence int64, 3 trade *Trade
"""

MODULES = [(control_pb2, CONTROL), (trade_pb2, TRADE), (quote_pb2, QUOTE)]

_TYPE_NAMES = {
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
}


def type_text(field: FieldDescriptor) -> str:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        key, value = message.fields_by_name["key"], message.fields_by_name["value"]
        return f"{type_text(key)}>{type_text(value)}"
    if message is not None:
        name = message.name
    elif field.enum_type is not None:
        name = field.enum_type.name
    else:
        name = _TYPE_NAMES[field.type]
    declared = DescriptorProto()
    field.containing_type.CopyToProto(declared)
    (entry,) = (entry for entry in declared.field if entry.name == field.name)
    if entry.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"*{name}"
    return f"?{name}" if entry.proto3_optional else name


def message_texts(module: ModuleType) -> list[str]:
    texts = []

    def add(message: Descriptor, prefix: str) -> None:
        fields = sorted(message.fields, key=lambda field: field.number)
        listed = ", ".join(f"{field.number} {field.name} {type_text(field)}" for field in fields)
        texts.append(f"{prefix}{message.name}: {listed}".rstrip())
        for nested in message.nested_types:
            if not nested.GetOptions().map_entry:
                add(nested, f"{prefix}{message.name}.")

    for message in module.DESCRIPTOR.message_types_by_name.values():
        add(message, "")
    return texts


@pytest.mark.parametrize(("module", "table"), MODULES, ids=["control", "trade", "quote"])
def test_fields_have_the_numbers_and_types_of_the_protocol(module: ModuleType, table: str) -> None:
    expected = [line for line in table.split("\n") if line]
    assert sorted(message_texts(module)) == sorted(expected)


def test_the_index_of_a_calculation_is_one_less_than_its_field() -> None:
    fields = quote_pb2.SecurityCalcIndex.DESCRIPTOR.fields_by_name
    for name, number in quote_pb2.CalcIndex.items():
        if number:
            assert fields[name.removeprefix("CALCINDEX_").lower()].number == number + 1


def test_small_enums_have_the_numbers_of_the_protocol() -> None:
    assert dict(control_pb2.Close.Code.items()) == {
        "HeartbeatTimeout": 0,
        "ServerError": 1,
        "ServerShutdown": 2,
        "UnpackError": 3,
        "AuthError": 4,
        "SessExpired": 5,
        "ConnectDuplicate": 6,
    }
    assert sorted(trade_pb2.ContentType.values()) == [0, 1, 2]
    assert sorted(trade_pb2.DispatchType.values()) == [0, 1, 2]
    assert dict(quote_pb2.PushQuoteTag.items()) == {"Normal": 0, "Eod": 1}


def test_repeated_numbers_are_read_packed_and_unpacked_and_written_packed() -> None:
    packed = quote_pb2.SubscribeRequest.FromString(bytes.fromhex("12020102"))
    unpacked = quote_pb2.SubscribeRequest.FromString(bytes.fromhex("10011002"))
    assert packed == unpacked
    assert packed.SerializeToString().hex() == "12020102"


def test_unknown_fields_are_ignored() -> None:
    assert quote_pb2.SecurityRequest.FromString(
        bytes.fromhex("0a063730302e484b" + "f801ff01")
    ).symbol == ("700.HK")


def test_files_are_registered_under_names_of_our_own() -> None:
    for module, _ in MODULES:
        assert module.DESCRIPTOR.name.startswith("portway/wire/pb/")
        assert module.DESCRIPTOR.package.startswith("portway.")


def test_committed_modules_are_in_step_with_the_proto_files(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed")
    compiled = tmp_path / "all.pb"
    names = [f"portway/wire/pb/{name}.proto" for name in ("control", "quote", "trade")]
    subprocess.run(
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"--proto_path=portway/wire/pb={ROOT / 'proto'}",
            f"--descriptor_set_out={compiled}",
            *names,
        ],
        check=True,
        cwd=ROOT,
    )
    fresh = {file.name: file for file in FileDescriptorSet.FromString(compiled.read_bytes()).file}
    for module, _ in MODULES:
        committed = FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        written = fresh[committed.name]
        for message in written.message_type:  # json names are for descriptor sets only
            strip_json_names(message)
        assert committed == written


def strip_json_names(message: object) -> None:
    for field in message.field:  # type: ignore[attr-defined]
        field.ClearField("json_name")
    for nested in message.nested_type:  # type: ignore[attr-defined]
        strip_json_names(nested)


def test_generated_text_is_in_step_with_the_generator() -> None:
    """The stubs too; only under the protoc that wrote them, since its text changes by release."""
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed")
    installed = importlib.metadata.version("grpcio-tools")
    sys.path.insert(0, str(ROOT))
    try:
        from tools.generate_proto import WRITTEN_WITH
    finally:
        sys.path.remove(str(ROOT))
    if installed != WRITTEN_WITH:
        pytest.skip(f"the files were written with grpcio-tools {WRITTEN_WITH}, not {installed}")
    command = [sys.executable, str(ROOT / "tools" / "generate_proto.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_generated_modules_ask_for_no_newer_runtime_than_promised() -> None:
    for module, _ in MODULES:
        assert module.__file__ is not None
        text = Path(module.__file__).read_text("utf-8")
        assert "Domain.PUBLIC,\n    6,\n    30,\n    0,\n" in text
