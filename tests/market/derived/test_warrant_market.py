"""Structured products as a market source: terms, one truth, mandatory calls, imported lists."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest

from portway.market.derived.issuers import ISSUERS
from portway.market.derived.product_names import parse_name
from portway.market.derived.warrant_figures import warrant_rows, warrant_table
from portway.model.derivative import WarrantKind
from portway.model.hours import trading_hours
from portway.model.instrument import Board as BoardName
from portway.model.instrument import Instrument, SecurityClass, spread_table
from portway.model.quote import Depth, IndexTick, Period, StatusChange, Trade, TradeStatus
from portway.model.symbol import Market, Symbol
from portway.quotes.board import Board
from portway.quotes.warrant_list import SortBy, WarrantStatus
from tests.market.derived.warrant_days import (
    CALENDAR,
    CLP,
    DAY,
    HSI,
    TENCENT,
    events_of,
    hong_kong,
    market,
    new_market,
    of_kind,
    terms_of,
)
from tests.market.synthetic_days import REFERENCE, fold, values, world_of

KINDS = list(WarrantKind)


@pytest.mark.parametrize("kind", KINDS)
def test_prints_fold_into_minutes_and_these_into_the_day(kind):
    symbol = of_kind(kind)[0]
    trades = [one for one in events_of(symbol) if isinstance(one, Trade)]
    assert trades
    by_minute = defaultdict(list)
    for one in trades:
        by_minute[one.at.replace(second=0, microsecond=0)].append(one)
    bars = market().bars(symbol, Period.ONE_MINUTE, DAY, DAY)
    assert [bar.at for bar in bars] == sorted(by_minute)
    for bar in bars:
        assert values(bar) == fold(by_minute[bar.at])
    (day_bar,) = market().bars(symbol, Period.DAY, DAY, DAY)
    assert values(day_bar) == fold(trades)


@pytest.mark.parametrize("kind", KINDS)
def test_a_snapshot_is_the_fold_of_everything_before_it(kind):
    symbol = of_kind(kind)[0]
    parts = trading_hours(Market.HK, BoardName.HK_WARRANT).parts(DAY, False)
    close = market().prev_close(symbol, DAY)
    for hour, minute, second in ((9, 29, 0), (9, 36, 5), (10, 2, 0), (13, 1, 7)):
        at = hong_kong(DAY, hour, minute, second)
        board = Board(symbol, DAY, parts, close)
        for event in market().ticks(symbol, hong_kong(DAY, 0), at):
            board.apply(event)
        assert market().snapshot(symbol, at) == board.snapshot()


@pytest.mark.parametrize("kind", KINDS)
def test_books_and_prints_lie_on_ticks_within_the_sessions(kind):
    symbol = of_kind(kind)[0]
    instrument = market().find(symbol, DAY)
    table = spread_table(Market.HK, instrument.security_class, DAY)
    for one in events_of(symbol):
        local = one.at.astimezone(hong_kong(DAY, 0).tzinfo)
        assert hong_kong(DAY, 9, 30) <= local < hong_kong(DAY, 16)
        assert not hong_kong(DAY, 12) <= local < hong_kong(DAY, 13)
        if isinstance(one, Trade):
            assert table.is_valid(one.price)
            assert one.volume % instrument.lot_size == 0
        elif isinstance(one, Depth):
            assert one.at >= hong_kong(DAY, 9, 35)  # the market maker is not there at once
            for side, sign in ((one.asks, 1), (one.bids, -1)):
                prices = [level.price for level in side]
                assert all(map(table.is_valid, prices))
                assert prices == sorted(set(prices), key=lambda price: sign * price)
                assert all(level.volume % instrument.lot_size == 0 for level in side)
            assert not one.bids or one.bids[0].price < one.asks[0].price
    assert (
        kind is not WarrantKind.INLINE or market().bars(symbol, Period.DAY, DAY, DAY)[0].high <= 1
    )


def test_terms_are_as_the_rules_demand():
    issuers = {one.id for one in ISSUERS if one.is_active}
    seen = set()
    for underlying in (TENCENT, HSI, CLP):
        for symbol in market().of_underlying(underlying, DAY):
            life, terms = market().life(symbol, DAY), terms_of(symbol)
            seen.add(terms.kind)
            assert terms.underlying == underlying
            assert terms.issuer in issuers
            assert terms.listed_on <= CALENDAR.add(DAY, 2)
            assert terms.last_trading_day < terms.expiry
            months = (terms.expiry - terms.listed_on).days / 30.4
            assert months >= (3 if terms.kind.is_callable else 5.8)
            assert life.last <= terms.last_trading_day
            if terms.kind is WarrantKind.BULL:
                assert terms.call_price > terms.strike  # class R
            elif terms.kind is WarrantKind.BEAR:
                assert terms.call_price < terms.strike
            elif terms.kind is WarrantKind.INLINE:
                assert terms.strike < terms.upper_strike
            else:
                assert terms.call_price is None
            name = parse_name(life.instrument.name_en)
            assert name is not None or terms.kind is WarrantKind.INLINE
            if name is not None:
                assert name.kind is terms.kind
                assert name.issuer.id == terms.issuer
    assert seen == set(KINDS)


def test_a_code_and_a_day_name_one_product_whatever_was_asked_before():
    other = new_market()
    for symbol in reversed(market().of_underlying(TENCENT, DAY)):
        assert other.find(symbol, DAY) == market().find(symbol, DAY)
        assert terms_of(symbol).underlying == TENCENT


def test_a_code_is_used_again_years_later():
    symbol = of_kind(WarrantKind.CALL)[0]
    now, later = terms_of(symbol), None
    for years in range(2, 9):
        found = market().find(symbol, date(DAY.year + years, 6, 15))
        if found is not None and found.warrant != now:
            later = found.warrant
            break
    assert later is not None
    assert later.listed_on > now.expiry


def test_a_new_product_is_known_before_it_trades():
    prepared = [
        symbol
        for day in CALENDAR.trading_days(DAY, DAY + timedelta(days=20))
        for symbol in market().of_underlying(TENCENT, day)
        if market().life(symbol, day).first == CALENDAR.next_trading_day(day)
    ]
    symbol = prepared[0]
    first = next(
        day
        for day in CALENDAR.trading_days(DAY, DAY + timedelta(days=40))
        if market().life(symbol, day) and market().life(symbol, day).first == day
    )
    eve = CALENDAR.previous_trading_day(first)
    snapshot = market().snapshot(symbol, hong_kong(eve, 11))
    assert snapshot.status is TradeStatus.WARRANT_PREPARE_LIST
    assert snapshot.prev_close > 0
    status = TradeStatus.WARRANT_PREPARE_LIST
    assert events_of(symbol, eve) == [StatusChange(symbol, hong_kong(eve, 0), status)]
    assert market().snapshot(symbol, hong_kong(first, 11)).status is TradeStatus.NORMAL
    assert market().find(symbol, CALENDAR.add(first, -3)) is None


@cache
def called_contracts() -> list[Symbol]:
    found = []
    for day in CALENDAR.trading_days(date(2025, 10, 1), DAY)[::20]:
        for underlying in (TENCENT, HSI):
            for symbol in market().of_underlying(underlying, day):
                life = market().life(symbol, day)
                if life.ends_at is not None and symbol not in found:
                    found.append((symbol, day))
    return found


def test_a_contract_is_called_by_the_first_print_that_reaches_its_call_price():
    called = called_contracts()
    assert len(called) >= 4
    for symbol, day in called[:4]:
        life, terms = market().life(symbol, day), terms_of(symbol, day)
        rises = terms.kind is WarrantKind.BULL

        def beyond(price, rises=rises, call_price=terms.call_price):
            return price <= call_price if rises else price >= call_price

        for earlier, low, high in market().underlyings.ranges(
            terms.underlying, life.first, life.last - timedelta(days=1)
        ):
            assert not beyond(Decimal(repr(low if rises else high))), earlier
        prints = [
            one
            for one in world_of(7).ticks(
                terms.underlying, hong_kong(life.last, 0), hong_kong(life.last, 23)
            )
            if isinstance(one, Trade | IndexTick)
        ]
        at = next(one.at for one in prints if beyond(one.price))
        events = events_of(symbol, life.last)
        assert events[-1] == StatusChange(symbol, at, TradeStatus.EXPIRED)
        assert all(one.at < at for one in events[:-1])
        after = market().snapshot(symbol, at + timedelta(minutes=1))
        assert after.status is TradeStatus.EXPIRED
        next_day = CALENDAR.next_trading_day(life.last)
        assert events_of(symbol, next_day) == [
            StatusChange(symbol, hong_kong(next_day, 0), TradeStatus.EXPIRED)
        ]
        assert market().bars(symbol, Period.DAY, next_day, next_day) == []
        assert symbol not in market().of_underlying(terms.underlying, next_day)


def test_who_was_called_today_is_listed_as_suspended_until_the_evening():
    symbol, day = called_contracts()[0]
    life, terms = market().life(symbol, day), terms_of(symbol, day)
    mood = market().underlyings.mood(terms.underlying, life.last)
    spot = Decimal(repr(mood.close))
    rows = warrant_rows(market(), terms.underlying, spot, life.last, hong_kong(life.last, 18))
    statuses = {row.instrument.symbol: row.status for row in rows}
    assert statuses[symbol] is WarrantStatus.SUSPENDED
    assert set(statuses.values()) >= {WarrantStatus.NORMAL, WarrantStatus.SUSPENDED}


def test_a_list_shows_what_the_boards_show():
    now = hong_kong(DAY, 11, 3)
    spot = world_of(7).snapshot(TENCENT, now).sessions[0].last_done
    rows = warrant_rows(market(), TENCENT, spot, DAY, now)
    assert len(rows) > 40
    table = warrant_table(rows, DAY, now)
    for place, row in enumerate(rows):
        snapshot = market().snapshot(row.instrument.symbol, now)
        session = snapshot.sessions.get(0)
        assert row.prev_close == snapshot.prev_close
        assert row.volume == (session.volume if session else 0)
        assert row.last_done == (session.last_done if session else snapshot.prev_close)
        assert row.turnover == (session.turnover if session else 0)
        assert 0 <= row.outstanding <= row.terms.issue_size
        if row.terms.kind is WarrantKind.CALL and row.last_done > Decimal("0.02"):
            assert 0 < table.columns[SortBy.DELTA][place] <= 1
        elif row.terms.kind is WarrantKind.PUT and row.last_done > Decimal("0.02"):
            assert -1 <= table.columns[SortBy.DELTA][place] < 0


# --- imported lists ---------------------------------------------------------------------------


def listed(symbol: str, name: str, security_class: SecurityClass, expiry: date) -> Instrument:
    like = market().find(of_kind(WarrantKind.CALL)[0], DAY)
    return replace(
        like,
        symbol=Symbol(symbol),
        name_en=name,
        security_class=security_class,
        expiry_date=expiry,
        listing_date=None,
        total_shares=0,
        circulating_shares=0,
        warrant=None,
        lot_size=2500,
    )


IMPORTED = [
    listed("10123.HK", "SGTENCT@EC2606B", SecurityClass.WARRANT, date(2026, 6, 29)),
    listed("10124.HK", "JP-HSBC@EP2612A", SecurityClass.WARRANT, date(2026, 12, 21)),
    listed("50123.HK", "CT#HSI  RC2803F", SecurityClass.CBBC, date(2028, 3, 30)),
    listed("50124.HK", "UB#HSI  NP2609A", SecurityClass.CBBC, date(2026, 9, 29)),
    listed("10125.HK", "UB-N225@EC2606A", SecurityClass.WARRANT, date(2026, 6, 29)),
    listed("10126.HK", "NOT A PRODUCT", SecurityClass.WARRANT, date(2026, 6, 29)),
]


@cache
def imported():
    return new_market(REFERENCE.with_instruments(IMPORTED))


def test_imported_products_keep_what_their_list_says_and_get_the_rest():
    expected = {
        "10123.HK": ("700.HK", WarrantKind.CALL, "SG"),
        "10124.HK": ("5.HK", WarrantKind.PUT, "JP"),
        "50123.HK": ("HSI.HK", WarrantKind.BULL, "CT"),
        "50124.HK": ("HSI.HK", WarrantKind.BEAR, "UB"),
    }
    day = date(2026, 3, 24)
    assert imported().imported == {one.symbol for one in IMPORTED}
    codes = {one.id: one.code for one in ISSUERS}
    for symbol, (underlying, kind, issuer) in expected.items():
        found = imported().find(Symbol(symbol), day)
        known = next(one for one in IMPORTED if one.symbol == symbol)
        assert (found.name_en, found.lot_size, found.expiry_date) == (
            known.name_en,
            2500,
            known.expiry_date,
        )
        terms = found.warrant
        assert (terms.underlying, terms.kind, codes[terms.issuer]) == (underlying, kind, issuer)
        assert terms.expiry == known.expiry_date
        assert terms.listed_on < day
        assert symbol in imported().of_underlying(Symbol(underlying), day) or (
            imported().life(Symbol(symbol), day).last < day  # called before
        )
    bear = imported().find(Symbol("50124.HK"), day).warrant
    assert bear.call_price == bear.strike  # class N


def test_what_a_list_does_not_tell_stays_without_a_market():
    day = date(2026, 3, 24)
    for known in IMPORTED[-2:]:
        assert imported().find(known.symbol, day) == known  # listed, and nothing more
        assert imported().snapshot(known.symbol, hong_kong(day, 11)) is None
        assert imported().prev_close(known.symbol, day) is None
        assert not imported().has_events(known.symbol, day)
        assert list(imported().bars(known.symbol, Period.DAY, DAY, day)) == []


def test_codes_of_an_imported_list_are_not_issued_again():
    taken = {one.symbol for one in IMPORTED}
    issued = {
        issue.symbol
        for underlying in imported().issues.underlyings()
        for issue in imported().issues.of(underlying, DAY)
    }
    assert issued
    assert not issued & taken
