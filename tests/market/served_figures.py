"""Capital flow and calculated indexes of a day, once more, from its prints and its earlier days.

Written from the market rules and nothing of the server's own arithmetic; what is served is read as
messages of the wire.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest

from portway.gateway.asker import Asker, HttpSender
from portway.gateway.errors import Refused
from portway.gateway.identity import Principal
from portway.gateway.rights import FULL_RIGHTS
from portway.gateway.sockets.quote_pulls import QuotePulls
from portway.market.reference import built_in
from portway.market.runner import MarketRunner
from portway.market.synthetic import SyntheticWorld
from portway.model.instrument import Instrument
from portway.model.quote import Direction, IndexTick, Period, Trade
from portway.model.symbol import MARKET_ZONES, Market
from portway.wire.envelope import Language
from portway.wire.pb import quote_pb2 as pb

ZERO = Decimal(0)
SMALL_BELOW = {Market.HK: 200_000, Market.US: 50_000, Market.CN: 40_000}
LARGE_FROM = {Market.HK: 1_000_000, Market.US: 200_000, Market.CN: 200_000}
DAY_MINUTES = {Market.HK: 330, Market.US: 390, Market.CN: 240}
MINUTE = timedelta(minutes=1)


@dataclass
class Expected:
    """What a fold of the day's prints before `now` has found.

    Attributes:
        regular: Begin and end of each part of the regular session.
        counted: Regular prints that carry volume; `priced` those that set a price.
        minutes: Start and close of each regular minute bar.
    """

    instrument: Instrument
    day: date
    now: datetime
    regular: list[tuple[datetime, datetime]]
    counted: list[Trade | IndexTick]
    priced: list[Trade | IndexTick]
    minutes: list[tuple[datetime, Decimal]]
    prev_close: Decimal

    @property
    def market(self) -> Market:
        return self.instrument.market


def check_figures_at(world: SyntheticWorld, expected: Expected) -> None:
    """Compare what is served with what follows from the prints."""
    runner = MarketRunner(built_in(), [world], dict.fromkeys(DAY_MINUTES, expected.now))
    pulls = QuotePulls(runner, runner, None)
    asker = Asker(HttpSender(Principal("key", "A"), Language.EN), FULL_RIGHTS)
    symbol = expected.instrument.symbol

    def ask(cmd_code: int, request: Any) -> Any:
        async def run() -> Any:
            answer = pulls.answer(asker, cmd_code, request)
            return await answer if inspect.isawaitable(answer) else answer

        return asyncio.run(run())

    net: Decimal | None = None
    if expected.instrument.is_index:
        for command, kind in ((24, pb.CapitalFlowIntradayRequest), (25, pb.SecurityRequest)):
            with pytest.raises(Refused, match="QUOTE_NO_DATA"):
                ask(command, kind(symbol=symbol))
    else:
        flow = ask(24, pb.CapitalFlowIntradayRequest(symbol=symbol))
        sides = ask(25, pb.SecurityRequest(symbol=symbol))
        net = check_flow(expected, flow.capital_flow_lines, sides)
    request = pb.SecurityCalcQuoteRequest(symbols=[symbol], calc_index=range(1, 41))
    [served] = ask(26, request).security_calc_index
    check_indexes(world, expected, served, net)


# -------------------------------------------------------------------------------- capital flow


def check_flow(expected: Expected, lines: Sequence[Any], sides: Any) -> Decimal:
    """Check line and distribution; return the net inflow."""
    market = expected.market
    directed = [
        one
        for one in expected.priced
        if isinstance(one, Trade) and one.direction is not Direction.NEUTRAL
    ]
    minutes = [
        begin + n * MINUTE
        for begin, end in expected.regular
        for n in range((end - begin) // MINUTE)
        if begin + n * MINUTE <= expected.now
    ]
    assert [line.timestamp for line in lines] == [int(one.timestamp()) for one in minutes]
    signed = [(one.at, one.turnover * (1 if one.direction == 2 else -1)) for one in directed]
    place, total = 0, ZERO
    for line, minute in zip(lines, minutes, strict=True):
        while place < len(signed) and signed[place][0] < minute + MINUTE:
            total += signed[place][1]
            place += 1
        assert Decimal(line.inflow) == total, minute
    assert place == len(signed)

    merged: dict[tuple[int, Direction, Decimal], Decimal] = {}
    for one in directed:
        key = (int(one.at.timestamp()), one.direction, one.price)
        merged[key] = merged.get(key, ZERO) + one.turnover
    for side, direction in ((sides.capital_in, Direction.UP), (sides.capital_out, Direction.DOWN)):
        small = medium = large = ZERO
        for (_, found, _), amount in merged.items():
            if found is not direction:
                continue
            if amount < SMALL_BELOW[market]:
                small += amount
            elif amount < LARGE_FROM[market]:
                medium += amount
            else:
                large += amount
        served = (Decimal(side.small), Decimal(side.medium), Decimal(side.large))
        assert served == (small, medium, large)
    if directed:
        assert sides.timestamp == int(directed[-1].at.timestamp())
    return total


# ---------------------------------------------------------------------------------- indexes


def percent(part: Decimal, whole: Decimal | int) -> str:
    rounded = (part * 100 / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{rounded or abs(rounded):f}"


def change(last: Decimal, before: Decimal | None) -> str:
    return percent(last - before, before) if before else ""


def check_indexes(
    world: SyntheticWorld, expected: Expected, served: Any, net: Decimal | None
) -> None:
    """Check every index that a share or an index has, and that the others are empty."""
    one, market = expected.instrument, expected.market
    prices = [print_.price for print_ in expected.priced]
    last, close = prices[-1] if prices else expected.prev_close, expected.prev_close
    high, low = (max(prices), min(prices)) if prices else (ZERO, ZERO)
    volume = sum(print_.volume for print_ in expected.counted)
    days = adjusted_days(world, expected)
    lots = max(1, volume // 100) if volume else 0
    assert Decimal(served.last_done) == last
    assert Decimal(served.change_val) == last - close
    assert served.change_rate == change(last, close)
    assert served.volume == (lots if market is Market.CN else volume)
    turnover = sum((print_.turnover for print_ in expected.counted), ZERO)
    assert Decimal(served.turnover) == turnover
    assert served.amplitude == percent(high - low, close)
    shares = one.circulating_shares
    assert served.turnover_rate == (percent(Decimal(volume), shares) if shares else "")
    value = Decimal(served.total_market_value) if one.total_shares else None
    assert value == (last * one.total_shares if one.total_shares else None)
    for text, divisor in ((served.pe_ttm_ratio, one.eps_ttm), (served.pb_ratio, one.bps)):
        assert text == (percent(last / 100, divisor) if divisor > 0 else "")
    assert served.ytd_change_rate == change(last, close_before(days, date(expected.day.year, 1, 1)))
    assert served.five_day_change_rate == change(last, nth_last(days, 5))
    assert served.ten_day_change_rate == change(last, nth_last(days, 10))
    half_year = half_a_year_before(expected.day)
    assert served.half_year_change_rate == change(
        last, close_before(days, half_year + timedelta(days=1))
    )
    assert served.volume_ratio == volume_ratio(expected, days, volume)
    assert served.five_minutes_change_rate == five_minutes(expected, last)
    if one.is_index:
        assert (served.capital_flow, served.dividend_ratio_ttm) == ("", "")
    else:
        assert Decimal(served.capital_flow) == net
        assert served.dividend_ratio_ttm == percent(dividends(world, expected), last)
    for field in served.DESCRIPTOR.fields:
        if field.number > 19:
            assert not getattr(served, field.name), field.name


def five_minutes(expected: Expected, last: Decimal) -> str:
    if not any(begin <= expected.now < end for begin, end in expected.regular):
        return "0.00"
    then = expected.now - 5 * MINUTE
    before = [close for at, close in expected.minutes if at <= then]
    if before:
        return change(last, before[-1])
    auction = [one.price for one in expected.priced if one.at < expected.regular[0][0]]
    return change(last, auction[-1] if auction else expected.prev_close)


def volume_ratio(expected: Expected, days: list[tuple[date, Decimal, int]], volume: int) -> str:
    run = sum(
        (min(expected.now, end) - begin for begin, end in expected.regular if expected.now > begin),
        timedelta(0),
    )
    lately = [traded for _, _, traded in days[-5:]]
    if len(lately) < 5 or not run or not sum(lately):
        return ""
    usual = Decimal(sum(lately)) / (5 * DAY_MINUTES[expected.market])
    ratio = volume / (Decimal(int(run.total_seconds())) / 60) / usual
    return f"{ratio.quantize(Decimal('0.01'), ROUND_HALF_UP):f}"


def adjusted_days(world: SyntheticWorld, expected: Expected) -> list[tuple[date, Decimal, int]]:
    """Day, close and volume of earlier days, scaled by every later action up to today."""
    symbol, today = expected.instrument.symbol, expected.day
    zone = MARKET_ZONES[expected.market]
    raw = [
        (bar.at.astimezone(zone).date(), bar.close, bar.volume)
        for bar in world.bars(symbol, Period.DAY, today - timedelta(days=420), today)
    ]
    actions = [one for one in world.corporate_actions(symbol) if one.ex_date <= today]
    found = []
    with localcontext() as context:
        context.prec = 60
        for day, close, volume in raw:
            if day >= today:
                continue
            price, shares = Decimal(1), Decimal(1)
            for one in actions:
                if one.ex_date <= day:
                    continue
                before = next(c for d, c, _ in reversed(raw) if d < one.ex_date)
                grown = (1 + one.bonus + one.rights) * one.split
                theory = (before - one.cash + one.rights * one.rights_price) / grown
                price, shares = price * theory / before, shares * grown
            if price != 1 or shares != 1:
                close = (close * price).quantize(Decimal("0.001"), ROUND_HALF_UP)
                volume = int((volume * shares).quantize(Decimal(1), ROUND_HALF_UP))
            found.append((day, close, volume))
    return found


def dividends(world: SyntheticWorld, expected: Expected) -> Decimal:
    """Of the last twelve months, for one share of today."""
    today, total = expected.day, ZERO
    known = [one for one in world.corporate_actions(expected.instrument.symbol)
             if one.ex_date <= today]  # fmt: skip
    begin = today.replace(year=today.year - 1, day=28 if today.month == 2 else today.day)
    for place, one in enumerate(known):
        if one.ex_date <= begin or not one.cash:
            continue
        amount = one.cash
        for later in known[place:]:
            amount /= (1 + later.bonus + later.rights) * later.split
        total += amount
    return total


def close_before(days: list[tuple[date, Decimal, int]], limit: date) -> Decimal | None:
    return next((close for day, close, _ in reversed(days) if day < limit), None)


def nth_last(days: list[tuple[date, Decimal, int]], n: int) -> Decimal | None:
    return days[-n][1] if len(days) >= n else None


def half_a_year_before(day: date) -> date:
    year, month = (day.year, day.month - 6) if day.month > 6 else (day.year - 1, day.month + 6)
    for last in range(day.day, 0, -1):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise AssertionError(day)
