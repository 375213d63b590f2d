"""The board: what it shows equals what was printed, and it can be left and entered at any event."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from portway.model.quote import (
    Brokers,
    Depth,
    IndexTick,
    Level,
    SessionQuote,
    StatusChange,
    SubType,
    Trade,
    TradeSession,
    TradeStatus,
)
from portway.model.symbol import Symbol
from portway.quotes.board import Board
from portway.quotes.candles import fold_minutes
from portway.quotes.effects import TradeEffect, effect_of
from tests.quotes import streams
from tests.quotes.streams import CN, HK, US, VIX

PREV_CLOSE = Decimal(100)
YESTERDAY = SessionQuote(
    last_done=Decimal(100),
    open=Decimal(98),
    high=Decimal(101),
    low=Decimal(97),
    volume=5_000,
    turnover=Decimal(500_000),
    at=HK.at("00:00:00") - timedelta(hours=8),
    prev_close=Decimal(99),
)


def board_of(day, **options):
    return Board(day.symbol, day.day, day.parts, PREV_CLOSE, is_option=day.is_option, **options)


def folded(day, stream, **options):
    board = board_of(day, **options)
    for event in stream:
        board.apply(event)
    return board


def effect(day, trade):
    return effect_of(day.market, trade.trade_type, trade.session, is_option=day.is_option)


# -- fold ----------------------------------------------------------------------------------------


@given(data=st.data(), day=streams.days)
def test_each_session_is_the_sum_and_range_of_its_counted_prints(data, day):
    prints = data.draw(streams.trades(day, in_order=False))
    board = folded(day, prints)
    for session in TradeSession:
        own = [trade for trade in prints if trade.session is session]
        counted = [trade for trade in own if effect(day, trade) is not TradeEffect.NONE]
        priced = [
            trade.price for trade in own if effect(day, trade) is TradeEffect.PRICE_AND_VOLUME
        ]
        quote = board.extended(session)
        if not counted:
            assert quote is None
            continue
        assert quote.volume == sum(trade.volume for trade in counted)
        assert quote.turnover == sum(trade.turnover for trade in counted)
        assert quote.at == max(trade.at for trade in counted)
        if priced:
            assert (quote.open, quote.last_done) == (priced[0], priced[-1])
            assert (quote.high, quote.low) == (max(priced), min(priced))
        else:
            assert quote.open == quote.high == quote.low == 0


@given(data=st.data(), day=streams.days)
def test_minutes_are_the_direct_fold_and_the_day_bar_is_the_quote(data, day):
    prints = data.draw(streams.trades(day, in_order=False))
    board = folded(day, prints)
    bars = fold_minutes(prints, day.parts, PREV_CLOSE, market=day.market, is_option=day.is_option)
    assert board.minutes() == bars
    regular = tuple(bar for bar in bars if bar.session is TradeSession.NORMAL)
    assert board.minutes(all_sessions=False) == regular
    candle, quote = board.day_candle(), board.quote()
    if candle is None:
        assert quote.volume == 0
        return
    assert (candle.volume, candle.turnover) == (quote.volume, quote.turnover)
    assert candle.low <= min(candle.open, candle.close)
    assert max(candle.open, candle.close) <= candle.high
    if candle.priced:
        assert (candle.open, candle.high, candle.low, candle.close) == (
            quote.open,
            quote.high,
            quote.low,
            quote.last_done,
        )


@given(data=st.data(), day=streams.days)
def test_a_restored_board_goes_on_like_the_original(data, day):
    stream = data.draw(streams.events(day))
    cut = data.draw(st.integers(0, len(stream)))
    original = folded(day, stream[:cut])
    snapshot = original.snapshot()
    copy = Board.restore(snapshot, day.parts, is_option=day.is_option, sequences=original.sequences)
    assert copy.snapshot() == snapshot
    assert copy.last_session == original.last_session
    for event in stream[cut:]:
        assert copy.apply(event) == original.apply(event)
    assert copy.snapshot() == original.snapshot()
    assert copy.quote() == original.quote()
    assert copy.day_candle() == original.day_candle()
    now = day.parts[-1].end
    assert copy.intraday(now, all_sessions=True) == original.intraday(now, all_sessions=True)


@given(data=st.data())
def test_an_index_board_restores_too(data):
    ticks = data.draw(streams.ticks(VIX))
    cut = data.draw(st.integers(0, len(ticks)))
    original = folded(VIX, ticks[:cut])
    copy = Board.restore(original.snapshot(), VIX.parts)
    for tick in ticks[cut:]:
        assert copy.apply(tick) == original.apply(tick)
    assert copy.snapshot() == original.snapshot()


@given(data=st.data(), day=streams.days)
def test_changes_say_exactly_what_moved(data, day):
    """A client that keeps what is not given ends with the values of the session it shows."""
    board = board_of(day)
    shown = {}
    for event in data.draw(streams.events(day)):
        before = {session: board.extended(session) for session in TradeSession}
        change = board.apply(event).quote
        if change is None:
            after = {session: board.extended(session) for session in TradeSession}
            assert before == after
            continue
        names = ("last_done", "open", "high", "low", "volume", "turnover")
        given = {name: getattr(change, name) for name in names}
        shown |= {name: value for name, value in given.items() if value}
        full = {name: getattr(change.full, name) for name in names}
        for name, value in full.items():
            assert shown.get(name, value) == value or value == 0
        was = before[change.session]
        assert change.current_volume == change.full.volume - (was.volume if was else 0)
        assert change.current_turnover == change.full.turnover - (was.turnover if was else 0)
        assert change.status is board.status


def test_an_index_moves_price_and_volume_without_prints():
    board = board_of(VIX)
    tick = IndexTick(VIX.symbol, VIX.at("09:30:05"), Decimal("17.5"), 300, Decimal(9_000))
    change = board.apply(tick)
    assert change.trade is None
    assert change.quote.full == board.quote()
    assert (change.quote.last_done, change.quote.current_volume) == (Decimal("17.5"), 300)
    board.apply(structs.replace(tick, at=VIX.at("09:30:40"), price=Decimal(17), volume=200))
    quote = board.quote()
    assert (quote.open, quote.high, quote.low) == (Decimal("17.5"), Decimal("17.5"), 17)
    assert (quote.volume, quote.turnover) == (500, 18_000)
    (bar,) = board.minutes()
    assert (bar.open, bar.close, bar.volume) == (Decimal("17.5"), 17, 500)
    assert board.recent_trades() == ()


def test_an_uncounted_print_is_shown_and_moves_nothing():
    board = board_of(HK)
    trade = HK.trade("10:00:00", "50", 100, "*")
    assert board.apply(trade) == (trade, None, None, None)
    assert board.recent_trades() == (trade,)
    assert board.day_candle() is None


def test_volume_alone_leaves_prices_and_marks_the_day_bar():
    board = folded(HK, [HK.trade("10:00:00", "50", 100, "D")])
    quote, candle = board.quote(), board.day_candle()
    assert (quote.last_done, quote.open, quote.volume) == (100, 0, 100)
    assert (candle.open, candle.low, candle.volume, candle.priced) == (100, 100, 100, False)
    change = board.apply(HK.trade("10:00:01", "103", 100)).quote
    assert (change.last_done, change.open, change.high, change.low) == (103, 103, 103, 103)
    assert board.day_candle().low == 103


def test_a_security_that_never_closed_has_no_bar_before_its_first_price():
    board = Board(HK.symbol, HK.day, HK.parts, Decimal(0))
    board.apply(HK.trade("10:00:00", "50", 100, "D"))
    assert board.day_candle() is None
    assert board.minutes() == ()
    assert board.quote().volume == 100


def test_depth_and_brokers_are_kept_whole():
    board = board_of(HK)
    level = Level(Decimal(100), 500, 2)
    depth = Depth(HK.symbol, HK.at("10:00:00"), asks=(level,), bids=(level, level))
    brokers = Brokers(HK.symbol, HK.at("10:00:00"), asks=((1, 2),), bids=())
    assert board.apply(depth) == (None, None, depth, None)
    assert board.apply(brokers) == (None, None, None, brokers)
    assert (board.depth, board.brokers) == (depth, brokers)


def test_a_change_of_status_is_a_change_of_the_quote():
    board = folded(HK, [HK.trade("10:00:00", "101", 100)])
    halt = StatusChange(HK.symbol, HK.at("10:01:00"), TradeStatus.HALTED)
    change = board.apply(halt).quote
    assert (change.status, change.at) == (TradeStatus.HALTED, halt.at)
    assert (change.last_done, change.volume, change.current_volume) == (None, None, 0)
    assert change.full == board.quote()
    assert board.apply(halt).quote is None
    assert board.snapshot().status is TradeStatus.HALTED


def test_a_change_of_session_gives_every_value():
    board = folded(US, [US.trade("09:29:00", "90", 10, session=TradeSession.PRE)])
    board.apply(US.trade("09:30:00", "100", 10))
    board.apply(US.trade("09:31:00", "105", 10))
    late = board.apply(US.trade("09:29:30", "91", 10, session=TradeSession.PRE)).quote
    assert (late.open, late.high, late.low, late.volume) == (90, 91, 90, 20)
    back = board.apply(US.trade("09:31:01", "105", 10)).quote
    assert (back.last_done, back.open, back.high, back.low) == (105, 100, 105, 100)
    again = board.apply(US.trade("09:31:02", "105", 10)).quote
    assert (again.last_done, again.open, again.volume) == (None, None, 40)


# -- reads ---------------------------------------------------------------------------------------


def test_before_the_first_print_the_day_before_shows_until_the_reset():
    board = board_of(HK, previous=YESTERDAY)
    assert board.quote(HK.at("08:49:59")) == YESTERDAY
    cleared = board.quote(HK.at("08:50:00"))
    assert (cleared.last_done, cleared.prev_close) == (PREV_CLOSE, PREV_CLOSE)
    assert (cleared.open, cleared.high, cleared.low, cleared.volume) == (0, 0, 0, 0)
    board.apply(HK.trade("09:20:30", "102", 100, "U"))
    assert board.quote(HK.at("09:20:31")).last_done == 102


def test_post_market_counts_from_todays_close():
    board = folded(US, [US.trade("09:30:00", "103", 10)])
    board.apply(US.trade("16:00:00", "104", 10, session=TradeSession.POST))
    assert board.extended(TradeSession.POST).prev_close == 103
    assert board.quote().prev_close == PREV_CLOSE
    assert board.extended(TradeSession.PRE) is None


@given(sizes=st.lists(st.integers(0, 3), max_size=30), kind=st.sampled_from(list(SubType)))
def test_sequences_rise_strictly_and_over_a_restart(sizes, kind):
    board, at, given = board_of(HK), HK.at("10:00:00"), []
    for size in sizes:
        at += timedelta(microseconds=size)
        given.append(board.next_sequence(kind, at))
    successor = board_of(HK, sequences=board.sequences)
    given.append(successor.next_sequence(kind, at))
    assert all(earlier < later for earlier, later in pairwise(given))


def test_a_sequence_is_the_market_time_in_microseconds():
    assert board_of(HK).next_sequence(SubType.QUOTE, HK.at("09:30:00")) == 1767576600_000_000


def test_the_latest_thousand_prints_are_kept():
    at = HK.at("09:30:00")
    prints = [
        Trade(HK.symbol, at + timedelta(seconds=index), PREV_CLOSE, 1) for index in range(1_200)
    ]
    board = folded(HK, prints)
    assert board.recent_trades() == tuple(prints[-1_000:])
    assert board.recent_trades(3) == tuple(prints[-3:])
    assert board.recent_trades(0) == ()


def test_the_line_holds_the_auction_and_every_minute():
    stream = [
        HK.trade("09:20:40", "388", 12_000, "U"),
        HK.trade("09:31:10", "389", 200),
        HK.trade("16:08:10", "390", 500, "U"),
    ]
    board = folded(HK, stream)
    line = board.intraday(HK.at("16:30:00"))
    assert len(line) == 150 + 180 + 1
    assert (line[0].price, line[0].volume, line[0].avg_price) == (388, 12_000, 388)
    assert (line[1].price, line[1].volume) == (389, 200)
    assert (line[2].price, line[2].volume, line[2].turnover) == (389, 0, 0)
    assert line[-1].at == HK.at("16:00:00")
    assert sum(point.volume for point in line) == board.quote().volume
    assert sum(point.turnover for point in line) == board.quote().turnover


def test_the_line_ends_with_the_running_minute():
    board = folded(CN, [CN.trade("09:30:01", "10", 100)])
    assert [point.at for point in board.intraday(CN.at("09:32:00"))] == [
        CN.at("09:30:00"),
        CN.at("09:31:00"),
        CN.at("09:32:00"),
    ]
    assert board.intraday(CN.at("09:29:59")) == ()


def test_the_line_of_all_sessions_has_those_that_traded():
    board = folded(US, [US.trade("04:01:00", "99", 10, session=TradeSession.PRE)])
    line = board.intraday(US.at("09:31:00"), all_sessions=True)
    assert len(line) == 330 + 2
    assert {point.session for point in line} == {TradeSession.PRE, TradeSession.NORMAL}
    assert (line[0].price, line[1].price, line[-1].price) == (100, 99, 100)
    assert len(board.intraday(US.at("09:31:00"))) == 2


@given(data=st.data(), day=streams.days)
def test_points_of_the_line_are_one_minute_apart_and_add_up(data, day):
    prints = data.draw(streams.trades(day))
    board = folded(day, prints)
    line = board.intraday(day.parts[-1].end + timedelta(minutes=20))
    bars = board.minutes(all_sessions=False)
    before_open = [
        trade
        for trade in prints
        if trade.session is TradeSession.NORMAL
        and trade.at < line[0].at
        and effect(day, trade) is not TradeEffect.NONE
    ]
    expected = sum(bar.volume for bar in bars) + sum(trade.volume for trade in before_open)
    assert sum(point.volume for point in line) == expected
    assert all(earlier.at < later.at for earlier, later in pairwise(line))
    closes = {bar.at: bar.close for bar in bars}
    assert all(point.price == closes.get(point.at, point.price) for point in line)
    shares = money = 0
    for point in line:
        shares += point.volume
        money += point.turnover
        if shares:
            assert abs(point.avg_price * shares - money) <= shares * Decimal("0.0000005")


def test_a_board_belongs_to_a_known_market():
    with pytest.raises(KeyError):
        Board(Symbol("700.XX"), HK.day, HK.parts, PREV_CLOSE)
