"""A market's temperature from the synthetic world: closed days, the running one, the reference."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from portway.market.reference import built_in
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.market.temperatures import LEADING, Granularity, NoTemperature, Temperatures
from portway.model.quote import Period
from portway.model.symbol import MARKET_ZONES, Market

REFERENCE = built_in()
WORLD = SyntheticWorld(3, REFERENCE)
DAY = date(2026, 3, 4)


def runner_at(hour: int, minute: int = 0) -> MarketRunner:
    local = datetime(DAY.year, DAY.month, DAY.day, hour, minute)  # noqa: DTZ001
    instants = {m: local.replace(tzinfo=MARKET_ZONES[m]).astimezone(UTC) for m in Market}
    return MarketRunner(REFERENCE, [WORLD], instants)


async def test_todays_closing_temperature_is_tomorrows_history() -> None:
    after = runner_at(17)
    found, at = await Temperatures(after).latest(Market.HK)
    assert found.day == DAY
    assert timedelta(0) < after.now(Market.HK) - at < timedelta(hours=1)
    _, rows = await Temperatures(after).history(Market.HK, DAY - timedelta(days=20), DAY)
    assert rows[-1] == found
    assert [one.day for one in rows] == list(
        after.calendar(Market.HK).trading_days(DAY - timedelta(days=20), DAY)
    )


async def test_the_running_day_is_in_no_history_and_before_the_open_yesterday_holds() -> None:
    early = runner_at(9, 5)
    temperatures = Temperatures(early)
    found, _ = await temperatures.latest(Market.HK)
    _, rows = await temperatures.history(Market.HK, DAY - timedelta(days=9), DAY)
    assert rows[-1] == found
    assert found.day == early.calendar(Market.HK).previous_trading_day(DAY)
    noon = Temperatures(runner_at(11))
    running, at = await noon.latest(Market.HK)
    assert running.day == DAY
    assert at == runner_at(11).now(Market.HK)
    _, rows = await noon.history(Market.HK, DAY, DAY)
    assert rows == []


async def test_breadth_is_that_of_the_indexs_largest_members() -> None:
    """The sentiment of a day, once more from raw closes: no member has an ex-date that week."""
    temperatures = Temperatures(runner_at(17))
    index = REFERENCE.instruments[LEADING[Market.HK]]
    members = temperatures._members(index)
    assert len(members) == 12
    up = down = 0
    for one in members:
        bars = WORLD.bars(one.symbol, Period.DAY, DAY - timedelta(days=10), DAY)
        assert not any(
            DAY - timedelta(days=5) <= action.ex_date <= DAY
            for action in WORLD.corporate_actions(one.symbol)
        )
        up += bars[-1].close > bars[-2].close
        down += bars[-1].close < bars[-2].close
    days = await temperatures._days(index, DAY, DAY)
    assert (days[-1].advancers, days[-1].decliners) == (up, down)
    assert days[-1].averaged == 12
    [bar] = WORLD.bars(index.symbol, Period.DAY, DAY, DAY)
    assert (days[-1].level, days[-1].turnover) == (bar.close, bar.turnover)
    assert up + down > 8
    assert days[-1].level > Decimal(0)


async def test_a_long_question_is_answered_by_months() -> None:
    temperatures = Temperatures(runner_at(17))
    granularity, rows = await temperatures.history(Market.CN, date(2025, 9, 15), DAY)
    assert granularity is Granularity.MONTHLY
    assert [one.day for one in rows] == [
        date(2025, 9, 1), date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1),
        date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1),
    ]  # fmt: skip
    granularity, rows = await temperatures.history(Market.CN, date(2030, 1, 1), date(2030, 1, 9))
    assert (granularity, rows) == (Granularity.DAILY, [])


async def test_singapore_has_none() -> None:
    with pytest.raises(NoTemperature):
        await Temperatures(runner_at(11)).latest(Market.SG)
