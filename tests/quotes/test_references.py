"""Reference prices of volatility bands: whole minutes that are over, whoever asks and when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from portway.model.quote import Candlestick, SessionQuote
from portway.quotes.references import is_price_tested, luld_references, vcm_references

D = Decimal
OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def minute(number: int) -> datetime:
    return OPEN + timedelta(minutes=number)


def bar(number: int, price: str, volume: int = 100, opened: str | None = None) -> Candlestick:
    close = D(price)
    return Candlestick(
        minute(number), D(opened or price), close, close, close, volume, close * volume
    )


def test_the_previous_close_holds_until_something_has_traded() -> None:
    assert luld_references([], OPEN, D(100)) == ((minute(1), D(100)),)
    assert luld_references([], OPEN, D(0)) == ()
    found = luld_references([bar(3, "101")], OPEN, D(100))
    assert found == ((minute(1), D(100)), (minute(4), D(101)))


def test_the_opening_price_holds_until_the_mean_moves_by_one_percent() -> None:
    bars = [bar(0, "100.4", opened="100"), bar(1, "101"), bar(2, "103"), bar(3, "104")]
    assert luld_references(bars[:2], OPEN, D(90)) == ((minute(1), D(100)),)
    found = luld_references(bars, OPEN, D(90))
    assert found[0] == (minute(1), D(100))
    assert found[1] == (minute(3), (D("100.4") + 101 + 103) / 3)
    assert found == luld_references(bars, OPEN, D(90))[: len(found)], "later bars change nothing"


def test_the_mean_is_of_five_minutes_weighted_by_volume() -> None:
    bars = [bar(n, "100") for n in range(5)] + [bar(5, "110", 1100), bar(6, "110")]
    found = luld_references(bars, OPEN, D(100))
    assert found == ((minute(1), D(100)), (minute(6), (D(110) * 1100 + 400 * 100) / 1500))


def test_hong_kong_looks_back_five_minutes() -> None:
    found = vcm_references([bar(0, "101"), bar(1, "102")], OPEN, D(100))
    assert found == ((OPEN, D(100)), (minute(6), D(101)), (minute(7), D(102)))


def quoted(low: str, prev_close: str = "100") -> SessionQuote:
    price = D(low)
    return SessionQuote(price, price, price, price, 100, price * 100, OPEN, D(prev_close))


def test_short_sales_are_restricted_on_the_day_of_a_fall_and_on_the_next() -> None:
    day = date(2026, 1, 5)
    assert is_price_tested(day, quoted("90"), None)
    assert is_price_tested(day, quoted("95"), quoted("89.99"))
    assert not is_price_tested(day, quoted("90.01"), quoted("95"))
    assert not is_price_tested(day, None, None)
    assert not is_price_tested(day, quoted("0"), None), "nothing has been printed"
    assert not is_price_tested(date(2011, 2, 25), quoted("50"), None), "before the rule"
