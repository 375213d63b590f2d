"""Imports of full lists: whole or not at all, in any order of lines, with every mistake told."""

from __future__ import annotations

import gzip
import random
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portway.market.importers import securities
from portway.market.importers.errors import RecordedDataError
from portway.market.importers.securities import ImportReport, ListRefused, import_securities
from portway.market.reference import LISTING_FILE, built_in
from portway.market.reference.instrument_table import COLUMNS
from portway.model.instrument import Board, SecurityClass
from portway.model.symbol import Symbol

HK_HEADER = (
    "code,name_en,category,sub_category,board_lot,isin,expiry_date,stamp_duty,short_sell,"
    "cas_eligible,vcm_eligible,ccass,pos_eligible,spread_table,currency,rmb_counter"
)
HK_LINES = [
    "00001,CKH HOLDINGS,Equity,Equity Securities (Main Board),500,,,Y,Y,Y,Y,Y,Y,1,HKD,",
    "00405,YUEXIU REIT,Real Estate Investment Trusts,,1000,,,,Y,Y,Y,Y,Y,1,HKD,87001",
    "02800,TRACKER FUND,Exchange Traded Products,Exchange Traded Funds,500,,,,Y,Y,Y,Y,Y,5,HKD,",
    "03011,A CASH,Exchange Traded Products,Exchange Traded Funds,1,,,,,,,Y,Y,3,USD,",
    "10003,SG-META@RC2604A,Derivative Warrants,,5000,,2026-04-22,,,,,Y,,6,HKD,",
    "50001,CT#HSI  RC2803F,Callable Bull/Bear Contracts,,10000,,2028-03-30,,,,,Y,,6,HKD,",
    "04332,AMGEN-T,Equity,Trading Only Securities,10,,,,,,,Y,Y,1,HKD,",
    "84604,MOF B2712,Debt Securities,,10000,,2027-12-15,,,,,Y,,3,RMB,",
]
US_LINES = [
    "symbol,name_en,kind,exchange,currency,isin,source",
    "AAPL,Apple Inc,stock,,USD,,x",
    "BRKb,Berkshire B,stock,,USD,,x",
    "BRK/B,Berkshire Hathaway,stock,ASE,USD,,y",
    "ADRA-WT,Adara,stock,ASE,USD,,y",
    "UMH PR-A,UMH Properties,stock,ASE,USD,,y",
    "AAM^A,Apollo,stock,ASE,USD,,y",
    "^ADFI-IV,Anfield,etf,PCX,,,y",
    "GLD,SPDR Gold,etf,PCX,USD,,y",
]
CN_LINES = [
    "symbol,code,market,name_cn,type,valid,start_date,end_date",
    "000001.SH,000001,SH,上证指数,2,1,19901219,99999999",
    "600001.SH,600001,SH,*ST邯钢 ,1,1,19980122,99999999",
    "688001.SH,688001,SH,华兴源创,9,1,20190722,99999999",
    "300001.SZ,300001,SZ,特 锐 德,8,1,20091030,99999999",
    "200002.SZ,200002,SZ,万  科Ｂ,3,1,19930528,99999999",
    "510050.SH,510050,SH,50ETF   ,5,1,20050223,99999999",
    "010107.SH,010107,SH,21国债⑺,6,1,20010820,99999999",
    "000003.SZ,000003,SZ,PT金田Ａ,1,0,19910114,20020614",
]


def hk(*lines: str) -> str:
    return "\n".join([HK_HEADER, *lines]) + "\n"


def write(folder: Path, text: str | bytes, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def imported(home: Path):
    return built_in().with_listing(home).instruments


def listing(home: Path) -> bytes:
    return (home / LISTING_FILE).read_bytes()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def import_text(tmp_path: Path, home: Path, text: str | bytes, **more) -> ImportReport:
    return import_securities(write(tmp_path, text), home, **more)


# --- what lists say ---------------------------------------------------------------------------


def test_the_hong_kong_list(tmp_path, home):
    report = import_text(tmp_path, home, hk(*HK_LINES))
    assert (report.rows, report.added, report.changed, report.total) == (8, 8, 0, 8)
    known = imported(home)
    cash, bond = known[Symbol("3011.HK")], known[Symbol("84604.HK")]
    warrant, cbbc = known[Symbol("10003.HK")], known[Symbol("50001.HK")]
    assert cash.security_class is SecurityClass.FIXED_INCOME_ETP
    assert (cash.currency, bond.currency) == ("USD", "CNY")
    assert (warrant.security_class, warrant.board) == (SecurityClass.WARRANT, Board.HK_WARRANT)
    assert str(warrant.expiry_date) == "2026-04-22"
    assert (cbbc.security_class, cbbc.name_en) == (SecurityClass.CBBC, "CT#HSI  RC2803F")
    assert not known[Symbol("4332.HK")].stamp_duty
    # What the list does not say is what was known.
    assert known[Symbol("1.HK")].name_cn == "长和"
    assert known[Symbol("1.HK")].total_shares > 0
    assert known[Symbol("1.HK")].vcm_eligible


def test_a_us_list(tmp_path, home):
    report = import_text(tmp_path, home, "\n".join(US_LINES))
    assert report.left_out == {
        "values of funds, not securities": 1,
        "another spelling of the same security": 1,
    }
    known = imported(home)
    warrant = known[Symbol("ADRA.WS.US")]
    assert (warrant.security_class, warrant.exchange) == (SecurityClass.US_WARRANT, "AMEX")
    assert Symbol("UMH.PR.A.US") in known
    assert Symbol("AAM.PR.A.US") in known
    assert known[Symbol("BRK.B.US")].name_en == "Berkshire Hathaway"
    assert known[Symbol("AAPL.US")].exchange == "NASD"
    assert known[Symbol("AAPL.US")].overnight


def test_a_mainland_list(tmp_path, home):
    report = import_text(tmp_path, home, "\n".join(CN_LINES))
    assert report.left_out == {"no longer listed": 1}
    known = imported(home)
    assert known[Symbol("600001.SH")].risk_warning
    assert known[Symbol("600001.SH")].name_cn == "*ST邯钢"
    assert not known[Symbol("300001.SZ")].risk_warning
    assert known[Symbol("300001.SZ")].name_cn == "特锐德"
    assert known[Symbol("300001.SZ")].board is Board.SZ_GEM_NON_CONNECT
    assert known[Symbol("688001.SH")].lot_size == 200
    assert known[Symbol("200002.SZ")].security_class is SecurityClass.B_SHARE_SZ
    assert known[Symbol("200002.SZ")].name_cn == "万科B"
    assert known[Symbol("010107.SH")].security_class is SecurityClass.DEBT
    assert known[Symbol("000001.SH")].listing_date is None


def test_the_home_keeps_a_list_in_our_own_columns_that_can_be_imported_again(tmp_path, home):
    import_text(tmp_path, home, hk(*HK_LINES))
    report = import_securities(home / LISTING_FILE, tmp_path / "other")
    assert report.shape == "portway's own columns"
    assert listing(tmp_path / "other") == listing(home)


def test_our_own_columns_need_symbol_and_class_alone(tmp_path, home):
    text = "# made by hand\nsymbol,security_class,lot_size\n90.HK,equity,200\n\nNEW.US,etf,\n"
    with pytest.raises(RecordedDataError, match="no known list"):
        import_text(tmp_path, home, text)
    assert import_text(tmp_path, home, text.partition("\n")[2]).total == 2
    assert imported(home)[Symbol("90.HK")].lot_size == 200


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: text.rstrip("\n").encode(),
        lambda text: (text + "\n\n").encode(),
        lambda text: text.replace("code,name_en", "Code, NAME_EN").encode(),
        lambda text: text.replace("CKH HOLDINGS", '"CKH HOLDINGS"').encode(),
    ],
)
def test_how_the_file_is_written_does_not_matter(tmp_path, home, disguise):
    import_text(tmp_path, home, disguise(hk(*HK_LINES)))
    import_text(tmp_path, tmp_path / "plain", hk(*HK_LINES))
    assert listing(home) == listing(tmp_path / "plain")


# --- merging ----------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.permutations(HK_LINES), st.permutations(US_LINES[1:]), st.booleans())
def test_neither_the_order_of_lines_nor_of_lists_nor_a_repetition_matters(ours, theirs, twice):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lists = [hk(*ours), "\n".join([US_LINES[0], *theirs])]
        for text in [*lists, *(lists if twice else [])]:
            import_text(folder, folder / "one", text)
        for text in ("\n".join(US_LINES), hk(*HK_LINES)):
            import_text(folder, folder / "other", text)
        assert listing(folder / "one") == listing(folder / "other")


def test_a_second_import_changes_nothing_and_says_so(tmp_path, home):
    import_text(tmp_path, home, hk(*HK_LINES))
    report = import_text(tmp_path, home, hk(*HK_LINES))
    assert (report.added, report.changed, report.unchanged) == (0, 0, len(HK_LINES))


def test_a_later_list_changes_what_it_says_and_keeps_the_rest(tmp_path, home):
    import_text(tmp_path, home, hk(*HK_LINES))
    later = hk(HK_LINES[0].replace(",500,", ",1000,"), HK_LINES[4].replace("10003", "10004"))
    report = import_text(tmp_path, home, later)
    assert (report.added, report.changed, report.unchanged, report.total) == (1, 1, 0, 9)
    assert imported(home)[Symbol("1.HK")].lot_size == 1000


def test_a_fresh_list_replaces_those_of_its_market(tmp_path, home):
    import_text(tmp_path, home, hk(*HK_LINES))
    import_text(tmp_path, home, "\n".join(US_LINES))
    report = import_text(tmp_path, home, hk(HK_LINES[0]), fresh=True)
    assert report.total == 1 + 6
    assert Symbol("10003.HK") not in imported(home)
    assert Symbol("ADRA.WS.US") in imported(home)


def test_names_come_from_tables_of_names(tmp_path, home):
    names = write(tmp_path, "code,name_cn,name_hk\n10003,网购,網購\n99999,无,無\n", "names.csv")
    report = import_text(tmp_path, home, hk(*HK_LINES), names=[names])
    assert report.named == 1
    assert imported(home)[Symbol("10003.HK")].name_hk == "網購"
    assert imported(home)[Symbol("10003.HK")].name_en == "SG-META@RC2604A"
    # A later list without names keeps them.
    import_text(tmp_path, home, hk(*HK_LINES))
    assert imported(home)[Symbol("10003.HK")].name_cn == "网购"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,isin\n1,x\n", "line 1: it is no table of names"),
        ("code,name_cn\n1,好\nx,好\n", "line 3: code: 'x'"),
        ("code,name_cn\n1,好,多\n", "line 2: 3 fields, and the header has 2"),
    ],
)
def test_a_table_of_names_with_a_mistake_imports_nothing(tmp_path, home, text, said):
    names = write(tmp_path, text, "names.csv")
    with pytest.raises(RecordedDataError, match=said):
        import_text(tmp_path, home, hk(*HK_LINES), names=[names])
    assert not home.exists()


# --- mistakes ---------------------------------------------------------------------------------

OWN = "symbol,security_class,lot_size,total_shares,eps,expiry_date,name_en,currency"


def own(line: str) -> str:
    return f"{OWN}\n{line}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (hk(HK_LINES[0] + ",extra"), "17 fields, and the header has 16"),
        (hk("00001,CKH"), "2 fields, and the header has 16"),
        (hk(HK_LINES[0].replace("00001", "0000A")), "code: '0000A' is not a code"),
        (hk(HK_LINES[0].replace("00001", "00000")), "code: '00000' is not a code"),
        (hk(HK_LINES[0].replace("00001", "123456")), "code: '123456' is not a code"),
        (hk(HK_LINES[0].replace(",500,", ",0,")), "board_lot: '0' is not a whole number from 1"),
        (hk(HK_LINES[0].replace(",500,", ",-500,")), "board_lot: '-500' is not a whole number"),
        (hk(HK_LINES[0].replace(",500,", ",1.5,")), "board_lot: '1.5' is not a whole number"),
        (hk(HK_LINES[0].replace(",500,", ",10000001,")), "board_lot: '10000001' is not"),
        (hk(HK_LINES[0].replace("Equity,", "Shares,")), "category: 'Shares' is none of 'Equity'"),
        (hk(HK_LINES[0].replace(",Y,Y,Y", ",J,Y,Y", 1)), "stamp_duty: 'J' is none of"),
        (hk(HK_LINES[0].replace("HKD", "H$")), "currency: 'H$' is no code of three letters"),
        (hk(HK_LINES[2].replace(",5,HKD", ",9,HKD")), "spread_table: '9' is none of"),
        (hk(HK_LINES[4].replace("2026-04-22", "22/04/2026")), "expiry_date: '22/04/2026' is no"),
        (hk(HK_LINES[4].replace("2026-04-22", "2026-02-30")), "expiry_date: '2026-02-30' is no"),
        (hk(HK_LINES[4].replace("2026-04-22", "")), "expiry_date: a warrant needs one"),
        (hk(HK_LINES[0].replace("CKH", "C\x07H")), "name_en: has characters that cannot be shown"),
        (hk(HK_LINES[0].replace("CKH", "C" * 301)), "name_en: has 310 characters, at most 300"),
        ("\n".join([US_LINES[0], "a b!,X,stock,,USD,,"]), "symbol: 'a b!' is no ticker"),
        ("\n".join([US_LINES[0], "AAPL,X,bond,,USD,,"]), "kind: 'bond' is none of"),
        ("\n".join([US_LINES[0], "AAPL,X,stock,MOON,USD,,"]), "exchange: 'MOON' is none of"),
        ("\n".join([CN_LINES[0], CN_LINES[2].replace(".SH", ".HK")]), "symbol: '600001.HK' is not"),
        ("\n".join([CN_LINES[0], CN_LINES[2].replace("199801", "199813")]), "start_date: '199813"),
        ("\n".join([CN_LINES[0], CN_LINES[2].replace("99999999", "19900101")]), "end_date: before"),
        ("\n".join([CN_LINES[0], CN_LINES[2].replace(",1,1,", ",0,1,")]), "type: '0' is none of"),
        (own("00090.HK,equity,100,,,,,"), "symbol: '00090.HK' has a leading zero"),
        (own("90,equity,100,,,,,"), "symbol: '90' is not ticker.region"),
        (own("AB,C.US,etf,1,,,,"), "symbol: 'AB' is not ticker.region"),
        (own('"A,B.US",etf,1,,,,,'), "symbol: 'A,B.US' has other characters"),
        (own("90.HK,,100,,,,,"), "security_class: is blank"),
        (own("90.HK,a_share,100,,,,,"), "security_class: HK has no a_share"),
        (own("90.HK,equity,,,,,,"), "lot_size: is blank"),
        (own("90.HK,equity,100,-5,,,,"), "total_shares: '-5' is not a whole number"),
        (own("90.HK,equity,100,,1e5,,,"), "eps: "),
        (own("90.HK,warrant,100,,,2026-13-01,,"), "expiry_date: "),
        (own("90.HK,equity,100,,,,,DOLLARS"), "currency: 'DOLLARS' is no code"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_nothing_is_imported(tmp_path, home, text, said):
    with pytest.raises(ListRefused) as refused:
        import_text(tmp_path, home, text)
    (problem,) = refused.value.problems
    assert problem.line == 2
    assert problem.text.startswith(said)
    assert "nothing was imported" in str(refused.value)
    assert not home.exists()


@settings(max_examples=30)
@given(st.data())
def test_every_mistake_of_a_list_is_told_by_its_line(data):
    spoilt = data.draw(st.sets(st.integers(0, len(HK_LINES) - 1), min_size=1))
    lines = [line.replace("HKD", "$").replace("USD", "$").replace("RMB", "$")
             if index in spoilt else line for index, line in enumerate(HK_LINES)]  # fmt: skip
    with tempfile.TemporaryDirectory() as name, pytest.raises(ListRefused) as refused:
        import_text(Path(name), Path(name) / "home", hk(*lines))
    assert {problem.line for problem in refused.value.problems} == {one + 2 for one in spoilt}
    assert refused.value.count == len(spoilt)


def test_a_code_that_stands_twice_is_told_with_both_lines(tmp_path, home):
    with pytest.raises(ListRefused, match="line 4"):
        import_text(tmp_path, home, hk(HK_LINES[0], HK_LINES[1], HK_LINES[0]))
    with pytest.raises(ListRefused) as refused:
        import_text(tmp_path, home, hk(HK_LINES[0], HK_LINES[1], HK_LINES[0]))
    assert refused.value.problems[0].text == "00001 stands in line 2 already"


def test_only_so_many_mistakes_are_kept_and_all_are_counted(tmp_path, home, monkeypatch):
    monkeypatch.setattr(securities, "PROBLEMS_KEPT", 3)
    with pytest.raises(ListRefused, match="5 mistakes") as refused:
        import_text(tmp_path, home, hk(*["x"] * 5))
    assert [problem.line for problem in refused.value.problems] == [2, 3, 4]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: its columns are those of no known list"),
        (b"code,name_en,category\n", "it lacks board_lot"),
        (b"date,open,high\n2026-01-01,1,2\n", "no known list"),
        (f"{OWN},colour\n".encode(), "line 1: unknown columns: 'colour'"),
        (b"code,code,name_en\n", "line 1: columns that stand twice: code"),
        (f"{HK_HEADER}\n".encode(), "it has no security"),
        (hk(HK_LINES[0]).encode() + b"\xff\xfe\n", "line 3: it is not UTF-8"),
        (gzip.compress(hk(*HK_LINES).encode())[:-20], "the archive is cut or damaged"),
        (b"\x1f\x8bnonsense", "the archive is cut or damaged"),
        (bytes(range(256)), "it is not UTF-8"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_the_way_out(tmp_path, home, content, said):
    with pytest.raises(RecordedDataError, match=said) as refused:
        import_text(tmp_path, home, content)
    assert refused.value.way_out
    assert not home.exists()


def test_an_open_quote_ends_the_reading(tmp_path, home):
    with pytest.raises(ListRefused, match="the rest of the file was not read"):
        import_text(tmp_path, home, hk(HK_LINES[0], '00002,"CLP', *HK_LINES[1:]))


def test_a_file_that_is_too_large_is_refused_before_it_is_read_whole(tmp_path, home, monkeypatch):
    monkeypatch.setattr(securities, "LIST_BYTES_MAX", 1 << 20)
    packed = gzip.compress(hk(*HK_LINES).encode() + b"x" * (64 << 20))
    with pytest.raises(RecordedDataError, match="larger than 1 MB"):
        import_text(tmp_path, home, packed)


def test_a_missing_file_and_a_folder_are_named(tmp_path, home):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(RecordedDataError, match="check the path"):
            import_securities(path, home)


def test_a_mistake_leaves_what_was_imported_before(tmp_path, home):
    import_text(tmp_path, home, hk(*HK_LINES))
    before = listing(home)
    with pytest.raises(ListRefused):
        import_text(tmp_path, home, hk(*HK_LINES, "x"))
    assert listing(home) == before
    assert [one.name for one in home.iterdir()] == [LISTING_FILE]


@settings(max_examples=60)
@given(st.binary(max_size=300), st.integers(0, 10_000))
def test_any_damage_is_refused_or_imported_but_never_raises_something_else(noise, at):
    content = hk(*HK_LINES).encode()
    at %= len(content)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        try:
            import_text(Path(name), home, content[:at] + noise + content[at + len(noise) :])
        except RecordedDataError:
            assert not home.exists()
        else:
            assert list(imported(home).values())


def test_progress_is_told(tmp_path, home):
    told: list[tuple[int, int]] = []
    lines = [f"{10001 + n},W,Derivative Warrants,,10,,2026-04-22,,,,,,,6,HKD," for n in range(2000)]
    import_text(tmp_path, home, hk(*lines), progress=lambda line, count: told.append((line, count)))
    assert [line for line, _ in told] == sorted(line for line, _ in told)
    assert len(told) == 3
    assert {count for _, count in told} == {2001}


# --- real lists -------------------------------------------------------------------------------


def test_the_real_lists_are_imported_whole(shared, tmp_path, home):
    data = shared / "data"
    hong_kong = import_securities(
        data / "hk/hk_securities_2026-03.csv.gz", home, names=[data / "hk/hk_names_zh.csv"]
    )
    states = import_securities(
        data / "us/us_securities.csv.gz", home, names=[data / "us/us_names_zh.csv"]
    )
    mainland = import_securities(
        data / "cn/cn_securities.csv.gz", home, names=[data / "cn/cn_companies.csv.gz"]
    )
    assert (hong_kong.rows, hong_kong.added, hong_kong.named) == (17_944, 17_944, 121)
    assert hong_kong.by_class == {
        "equity": 2744, "reit": 11, "equity_warrant": 5, "etp": 347, "fixed_income_etp": 46,
        "debt": 1339, "warrant": 7767, "cbbc": 5685,
    }  # fmt: skip
    assert (states.rows, states.added, sum(states.left_out.values())) == (9_058, 9_027, 31)
    assert (mainland.rows, mainland.added) == (4_729, 3_531)
    assert mainland.left_out == {"no longer listed": 1_198}
    assert mainland.total == 17_944 + 9_027 + 3_531
    begin = time.perf_counter()
    known = imported(home)
    assert time.perf_counter() - begin < 0.5
    # Every one of them can be made.
    assert {one.symbol for one in known.values()} == set(known)


def test_the_hong_kong_list_in_any_order_gives_the_same_file(shared, tmp_path, home):
    path = shared / "data/hk/hk_securities_2026-03.csv.gz"
    header, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    random.Random(7).shuffle(lines)
    begin = time.perf_counter()
    import_text(tmp_path, home, "\r\n".join([header, *lines]))
    assert time.perf_counter() - begin < 3
    import_securities(path, tmp_path / "other")
    assert listing(home) == listing(tmp_path / "other")


def test_the_columns_of_the_home_are_those_of_the_built_in_table():
    assert COLUMNS[:2] == ("symbol", "security_class")
