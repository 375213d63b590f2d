"""The home's list of securities: whole or not there."""

from __future__ import annotations

import pytest

from portway.market.importers.errors import RecordedDataError
from portway.market.reference import LISTING_FILE, built_in
from portway.market.reference.instrument_table import COLUMNS
from portway.market.reference.listing import csv_row, read_listing, write_listing
from portway.model.symbol import Symbol


def row(symbol: str, name: str = "") -> str:
    texts = {"symbol": symbol, "security_class": "equity", "name_en": name, "lot_size": "100"}
    return csv_row([texts.get(column, "") for column in COLUMNS])


ROWS = {Symbol(one): row(one, 'A "B", C') for one in ("9.HK", "1.HK", "80700.HK")}


def test_what_was_written_is_read(tmp_path):
    write_listing(tmp_path / "new", ROWS)
    assert read_listing(tmp_path / "new") == ROWS
    assert [one.name for one in (tmp_path / "new").iterdir()] == [LISTING_FILE]


def test_the_order_of_rows_makes_no_other_file(tmp_path):
    for name, rows in (("a", ROWS), ("b", dict(reversed(ROWS.items())))):
        write_listing(tmp_path / name, rows)
    assert (tmp_path / "a" / LISTING_FILE).read_bytes() == (
        tmp_path / "b" / LISTING_FILE
    ).read_bytes()


def test_without_an_import_there_is_nothing(tmp_path):
    assert read_listing(tmp_path) == {}
    assert built_in().with_listing(tmp_path) is built_in()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(b"100", b"200", 1),
        lambda text: text[: len(text) // 2],
        lambda text: b"\n".join(text.split(b"\n")[:2] + text.split(b"\n")[3:]),
        lambda text: b"",
        lambda text: b"\n\n",
        lambda text: b"\xff\xfe" + text,
        lambda text: text + b"5.HK,equity\n",
    ],
)
def test_a_file_that_was_cut_or_changed_is_noticed(tmp_path, damage):
    write_listing(tmp_path, ROWS)
    path = tmp_path / LISTING_FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RecordedDataError, match="import the list again"):
        read_listing(tmp_path)


def test_a_list_that_cannot_be_written_leaves_the_old_one(tmp_path):
    write_listing(tmp_path, ROWS)
    with pytest.raises(UnicodeEncodeError):
        write_listing(tmp_path, {Symbol("1.HK"): row("1.HK", "\ud800")})
    assert read_listing(tmp_path) == ROWS
    assert [one.name for one in tmp_path.iterdir()] == [LISTING_FILE]


def test_a_reference_knows_the_list_on_top_of_the_built_in_table(tmp_path):
    write_listing(tmp_path, {Symbol("80001.HK"): row("80001.HK", "NEW"), **ROWS})
    reference = built_in().with_listing(tmp_path)
    assert reference.instruments[Symbol("80001.HK")].name_en == "NEW"
    assert reference.instruments[Symbol("1.HK")].name_cn == "长和"
    assert reference.instruments[Symbol("1.HK")].lot_size == 100
    assert built_in().instruments[Symbol("1.HK")].lot_size == 500
