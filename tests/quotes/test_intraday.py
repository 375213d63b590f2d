"""The intraday line as a function of minute bars, for days that have no board."""

from datetime import timedelta
from decimal import Decimal

from portway.model.quote import Candlestick, TradeSession
from portway.quotes.intraday import intraday_line
from tests.quotes.streams import HK, HK_HALF, US


def bar(day, clock, price, volume, session=TradeSession.NORMAL):
    close = Decimal(price)
    turnover = close * volume
    return Candlestick(day.at(clock), close, close, close, close, volume, turnover, session)


def test_minutes_without_a_print_carry_the_price_and_no_volume():
    bars = [bar(HK, "09:31:00", "10", 100), bar(HK, "09:33:00", "12", 100)]
    line = intraday_line(HK.parts, bars, Decimal(9), now=HK.at("09:34:30"))
    assert [point.price for point in line] == [9, 10, 10, 12, 12]
    assert [point.volume for point in line] == [0, 100, 0, 100, 0]
    assert [point.avg_price for point in line] == [9, 10, 10, 11, 11]


def test_the_average_has_six_places_half_up():
    bars = [bar(HK, "09:30:00", "10", 2), bar(HK, "09:31:00", "11", 1)]
    line = intraday_line(HK.parts, bars, Decimal(9), now=HK.at("09:31:00"))
    assert line[-1].avg_price == Decimal("10.333333")


def test_the_break_has_no_points_and_the_closing_auction_one():
    bars = [bar(HK, "16:00:00", "10", 100)]
    line = intraday_line(HK.parts, bars, Decimal(9), now=HK.at("17:00:00"))
    local = [point.at for point in line]
    assert HK.at("11:59:00") in local
    assert HK.at("12:00:00") not in local
    assert local[-1] == HK.at("16:00:00")
    without = intraday_line(HK.parts, [], Decimal(9), now=HK.at("17:00:00"))
    assert without[-1].at == HK.at("15:59:00")


def test_a_half_day_ends_at_noon():
    line = intraday_line(HK_HALF.parts, [], Decimal(9), now=HK_HALF.at("17:00:00"))
    assert len(line) == 150


def test_an_auction_without_a_price_leaves_the_close_before():
    line = intraday_line(
        HK.parts,
        [],
        Decimal(9),
        now=HK.at("09:30:00"),
        auction_volume=100,
        auction_turnover=Decimal(800),
    )
    (point,) = line
    assert (point.price, point.volume, point.avg_price) == (9, 100, 8)


def test_the_average_begins_anew_in_every_session():
    bars = [
        bar(US, "09:29:00", "10", 100, TradeSession.PRE),
        bar(US, "09:30:00", "20", 100),
    ]
    parts = [part for part in US.parts if part.session in (TradeSession.PRE, TradeSession.NORMAL)]
    line = intraday_line(parts, bars, Decimal(9), now=US.at("09:30:00") + timedelta(seconds=5))
    assert [point.avg_price for point in line[-2:]] == [10, 20]
