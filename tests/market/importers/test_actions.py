"""Corporate actions from tables and factor files, and the forward adjustment that follows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from portway.market.history import SymbolHistory
from portway.market.importers.actions import import_actions, import_factors, is_factor_file
from portway.market.importers.bars import AdjustedBy
from portway.market.importers.findings import OnError
from portway.market.importers.portions import ImportRefused
from portway.model.corporate_action import CorporateAction
from portway.model.quote import AdjustType, Period
from portway.model.session import trading_hours
from portway.model.symbol import Market, Symbol
from portway.quotes.adjust import ex_reference
from tests.market.bar_files import DAY_HEADER, Home

PUFA = Symbol("600000.SH")
FORWARD = AdjustType.FORWARD_ADJUST


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def history(home: Home, symbol: Symbol, market: Market, now: datetime) -> SymbolHistory:
    calendar = home.listing.calendars[market]
    return SymbolHistory(home.source(), symbol, trading_hours(market), calendar, now=now)


def test_terms_per_share_and_per_ten_are_read(home: Home) -> None:
    own = home.file(
        "a.csv",
        "symbol,ex_date,cash,bonus,rights,rights_price,split",
        ["700.HK,2024-05-17,3.4,,,,", "AAPL.US,2014-06-09,,,,,7", "5.HK,2024-01-05,,,,,"],
    )
    home.bars(home.file("d.csv", DAY_HEADER, ["700.HK,2024-03-04,1,1,1,1,100"]), Period.DAY)
    summary, findings = import_actions(own, home.data, home.listing)
    assert summary.rows == 2
    assert findings.notes == {"without an action, left out": 1}
    ten = home.file(
        "b.csv",
        "symbol,ex_date,bonus_shares_per_10,capitalisation_per_10,cash_dividend_per_10",
        ["600000.SH,2010-06-10,3,0,1.5"],
    )
    import_actions(ten, home.data, home.listing)
    assert home.data.actions(Symbol("700.HK")) == [
        CorporateAction(Symbol("700.HK"), date(2024, 5, 17), cash=Decimal("3.4"))
    ]
    assert home.data.actions(Symbol("AAPL.US"))[0].split == 7
    (action,) = home.data.actions(PUFA)
    assert (action.cash, action.bonus) == (Decimal("0.15"), Decimal("0.3"))


def test_a_negative_term_is_refused_by_line(home: Home) -> None:
    path = home.file("a.csv", "symbol,ex_date,cash", ["700.HK,2024-05-17,-1"])
    with pytest.raises(ImportRefused) as refusal:
        import_actions(path, home.data, home.listing)
    assert refusal.value.findings.lines()[0].startswith("line 2: 700.HK")
    assert home.data.actions(Symbol("700.HK")) == []


def test_prices_adjusted_already_are_not_adjusted_again(home: Home) -> None:
    rows = ["AAPL.US,2014-06-06,90,92,89,92,1000", "AAPL.US,2014-06-09,92,94,91,93,1000"]
    home.bars(home.file("d.csv", DAY_HEADER, rows), Period.DAY, adjusted_by=AdjustedBy.SPLITS)
    path = home.file("a.csv", "symbol,ex_date,cash,split", ["AAPL.US,2014-06-09,,7"])
    import_actions(path, home.data, home.listing)
    assert home.source().corporate_actions(Symbol("AAPL.US")) == []


def test_a_mainland_ex_date_is_adjusted_as_announced(home: Home, shared: Path) -> None:
    home.bars(shared / "data/cn/cn_daily.csv.gz", Period.DAY, on_error=OnError.MARK)
    import_actions(shared / "data/cn/cn_corporate_actions.csv.gz", home.data, home.listing)
    now = datetime(2010, 6, 30, 12, tzinfo=UTC)
    source = home.source()
    (action,) = (one for one in source.corporate_actions(PUFA) if one.ex_date.year == 2010)
    reference = ex_reference(Decimal("18.5"), action, deduct_cash=True)
    assert abs(reference - Decimal("14.115")) < Decimal("0.001")
    assert source.prev_close(PUFA, date(2010, 6, 10)) == Decimal("14.12")  # rounded to the tick
    bars = history(home, PUFA, Market.CN, now).by_date(
        Period.DAY, date(2010, 6, 9), date(2010, 6, 10), FORWARD
    )
    assert bars[0].close == reference.quantize(Decimal("0.001"))
    assert bars[1].open == Decimal("13.7")


def test_the_seven_for_one_split_of_a_factor_file(home: Home, shared: Path) -> None:
    aapl = Symbol("AAPL.US")
    rows = ["AAPL.US,2014-06-06,649.9,651.26,644.47,645.57,12497800"]
    rows += ["AAPL.US,2014-06-09,92.7,93.88,91.75,93.7,75415000"]
    home.bars(home.file("d.csv", DAY_HEADER, rows), Period.DAY)
    factors = shared / "data/us/lean/equity/usa/factor_files/aapl.csv"
    assert is_factor_file(factors)
    assert not is_factor_file(home.path / "d.csv")
    import_factors(factors, aapl, home.data, home.listing, lambda symbol, day: None)
    now = datetime(2014, 6, 10, 3, tzinfo=UTC)  # a day bar is known when the day is over
    bars = history(home, aapl, Market.US, now).by_date(
        Period.DAY, date(2014, 6, 6), date(2014, 6, 9), FORWARD
    )
    assert [bar.close for bar in bars] == [Decimal("92.224"), Decimal("93.7")]
    assert home.source().prev_close(aapl, date(2014, 6, 9)) == Decimal("92.224286")
