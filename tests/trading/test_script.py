"""Commands with instants as lines of JSON: what is written is read, what is wrong is named."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import get_args

import pytest

from portway.model.account import AccountKind
from portway.model.command import (
    CancelOrder,
    CloseAccount,
    Command,
    ConfigureVenue,
    ConvertCash,
    Deposit,
    OpenAccount,
    ReplaceOrder,
    ResetAccount,
    SubmitOrder,
    VenueSettings,
    Withdraw,
)
from portway.model.money import Currency
from portway.model.order import OrderSide, OrderTerms, OrderType, TimeInForce
from portway.model.symbol import Market, Symbol
from portway.trading import script as scripts
from portway.trading.script import (
    ScriptError,
    ScriptLine,
    ScriptOrigin,
    format_line,
    format_origin,
    parse_script,
)

AT = datetime(2026, 3, 3, 2, 15, 0, 123456, tzinfo=UTC)
EVERYWHERE = dict.fromkeys((Market.HK, Market.US, Market.CN), AT)
TERMS = OrderTerms(
    symbol=Symbol("700.HK"),
    order_type=OrderType.LO,
    side=OrderSide.BUY,
    quantity=Decimal(100),
    time_in_force=TimeInForce.GTD,
    price=Decimal("500.20"),
    expire_date=date(2026, 3, 9),
    delayed_until=AT + timedelta(minutes=1),
    remark="naïve 買",
)
COMMANDS: list[Command] = [
    SubmitOrder("PT1", TERMS),
    ReplaceOrder("PT1", 7, quantity=Decimal(200), price=Decimal("500.4")),
    CancelOrder("PT1", 7),
    OpenAccount("PT2", "two", Currency.USD, kind=AccountKind.MARGIN),
    Deposit("PT2", Currency.USD, Decimal("0.01"), "note"),
    Withdraw("PT2", Currency.USD, Decimal("0.01")),
    ConvertCash("PT2", Currency.USD, Currency.HKD, Decimal(5)),
    ResetAccount("PT2", ((Currency.HKD, Decimal(9)),)),
    CloseAccount("PT2"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: type(one).__name__)
def test_what_is_written_is_read(command: Command) -> None:
    line = ScriptLine(EVERYWHERE, command)
    assert parse_script([format_line(line)]).upcoming == line


def test_every_command_of_a_client_can_be_written() -> None:
    """What is missing is said by the clock, the market or the settings, never by a client."""
    others = {one.__name__ for one in get_args(Command)} - scripts._TYPES.keys()
    assert others == {
        "ConfigureVenue",
        "MarketMoved",
        "TradingDayStarted",
        "SessionOpened",
        "SessionEnded",
        "AuctionOpened",
        "AuctionLocked",
        "AuctionEnded",
        "TimeReached",
    }


def test_markets_with_clocks_of_their_own_keep_them() -> None:
    apart = {Market.HK: AT, Market.US: AT + timedelta(hours=13)}
    text = format_line(ScriptLine(apart, COMMANDS[2]))
    assert json.loads(text)["at"].keys() == {"HK", "US"}
    line = parse_script([text]).upcoming
    assert line is not None
    assert line.instants == apart


def test_an_instant_alone_is_meant_for_all_markets() -> None:
    line = parse_script(
        [
            b'{"at": "2026-03-03T10:15:00+08:00", "do": "CancelOrder",'
            b' "with": {"account_no": "PT1", "order_id": 7}}'
        ]
    ).upcoming
    assert line is not None
    assert set(line.instants.values()) == {datetime(2026, 3, 3, 2, 15, tzinfo=UTC)}
    assert line.instants.keys() == EVERYWHERE.keys()


def test_a_recording_says_from_where_it_began_and_with_what_it_ended() -> None:
    origin = ScriptOrigin({"seed": 7}, {"mode": "at"}, False, VenueSettings(), 6, "ab")
    end = format_line(ScriptLine(EVERYWHERE, None), seq=9, chain="cd")
    script = parse_script([format_origin(origin), format_line(ScriptLine(EVERYWHERE, None))])
    assert script.origin == origin
    assert script.end is None
    assert parse_script([format_origin(origin), end]).end == (9, "cd")


def test_lines_are_left_behind_one_by_one() -> None:
    script = parse_script(
        [format_line(ScriptLine(EVERYWHERE, one)) for one in (*COMMANDS[:2], None)]
    )
    assert (script.done, script.left) == (0, 3)
    for done, left in ((1, 2), (2, 1), (2, 0)):
        script.advance()
        assert (script.done, script.left) == (done, left)
    assert script.upcoming is None


def line(**fields: object) -> bytes:
    base = {"at": "2026-03-03T10:15:00+08:00", "do": "CancelOrder"}
    wish = {"account_no": "PT1", "order_id": 7}
    return json.dumps({**base, "with": wish, **fields}).encode()


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ([], "no commands"),
        ([b"", b"  "], "no commands"),
        ([b"{"], "line 1"),
        ([b"\xff\xfe"], "line 1"),
        ([line(), b"nonsense"], "line 2"),
        ([line(do="Explode")], "'Explode' is none of .*SubmitOrder"),
        ([line(do=ConfigureVenue.__name__)], "is none of"),
        ([line(**{"with": {"account_no": "PT1"}})], "order_id"),
        ([line(at="2026-03-03T10:15:00")], "an instant is written as"),
        ([line(at={})], "an instant is written as"),
        ([line(at={"MOON": "2026-03-03T10:15:00Z"})], "line 1"),
        ([line(), line(at="2026-03-03T10:14:59+08:00")], "line 2 is earlier"),
        ([line(do="End"), line()], "line 2 comes after the end"),
        ([b'{"portway_script": 1, "origin": {}}'], "line 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(texts: list[bytes], complaint: str) -> None:
    with pytest.raises(ScriptError, match=complaint):
        parse_script(texts)


def test_a_later_format_is_refused_politely() -> None:
    origin = ScriptOrigin({}, {}, False, VenueSettings(), 0, "")
    text = format_origin(origin).replace(b'"portway_script":1', b'"portway_script":2')
    with pytest.raises(ScriptError, match="format 2"):
        parse_script([text])


def test_a_script_has_a_maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "SCRIPT_LINES_MAX", 2)
    with pytest.raises(ScriptError, match="at most 2 lines"):
        parse_script([line()] * 3)
