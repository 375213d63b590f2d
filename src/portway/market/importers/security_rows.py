"""The shapes in which lists of securities come, and what one row of each says.

A shape turns a row of its own columns into texts of the instrument table's columns, or names what
is wrong with it. A blank means that the list does not say; nothing is guessed here. Knows neither
files nor other rows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from portway.market.reference.instrument_table import COLUMNS, NO_FLAGS, parse_fields
from portway.model.instrument import SecurityClass
from portway.model.symbol import MalformedSymbol, Market, market_of, parse_symbol

__all__ = ["SHAPES", "NotListed", "Shape", "clean_text", "parse_code"]

Row = Mapping[str, str]
Texts = dict[str, str]
Value = TypeVar("Value")

NAME_CHARS_MAX: Final = 300
LOT_MAX: Final = 10_000_000


class NotListed(Exception):
    """The row is right, but no security that trades; the message counts them by reason."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One way in which lists are written.

    Attributes:
        name: For people.
        needed: Columns that make a header one of this shape.
        parse: Returns the texts of a row, raises ValueError with what is wrong, or NotListed.
        strict: Whether a column that is not known is a mistake.
        market: The only market of its rows; None for any.
    """

    name: str
    needed: tuple[str, ...]
    parse: Callable[[Row], Texts]
    strict: bool = False
    market: Market | None = None


def clean_text(text: str) -> str:
    """Return a name without blanks around it; whatever kind of blank is inside becomes a space.

    Raises:
        ValueError: If it is too long or has characters that cannot be shown.
    """
    text = re.sub(r"[\s\u200b\ufeff]", " ", text).strip()
    if len(text) > NAME_CHARS_MAX:
        raise ValueError(f"has {len(text)} characters, at most {NAME_CHARS_MAX}")
    if not text.isprintable():
        raise ValueError("has characters that cannot be shown")
    return text


def parse_code(text: str, market: Market | None) -> str:
    """Return the symbol of a code as lists of the market write it.

    Raises:
        ValueError: If it is none.
    """
    match market:
        case Market.HK:
            return _hk_symbol(text)
        case Market.US:
            return _us_symbol(text)
        case _:
            return _symbol(text)


# --- Hong Kong: the exchange's list of securities ---------------------------------------------

_HK_CLASSES: Final = {
    "Equity": SecurityClass.EQUITY,
    "Real Estate Investment Trusts": SecurityClass.REIT,
    "Debt Securities": SecurityClass.DEBT,
    "Derivative Warrants": SecurityClass.WARRANT,
    "Callable Bull/Bear Contracts": SecurityClass.CBBC,
    "Inline Warrants": SecurityClass.INLINE,
    "Equity Warrants (Main Board)": SecurityClass.EQUITY_WARRANT,
    "Equity Warrants (GEM)": SecurityClass.EQUITY_WARRANT,
}
# Products that trade by the tick table of shares or of debt, not by that of funds.
_HK_FUND_CLASSES: Final = {
    "1": SecurityClass.EQUITY,
    "3": SecurityClass.FIXED_INCOME_ETP,
    "5": SecurityClass.ETP,
}
_HK_FLAGS: Final = {
    "stamp_duty": "stamp_duty",
    "short_sell": "short_sell",
    "pos_eligible": "pos",
    "cas_eligible": "cas",
    "vcm_eligible": "vcm",
}
_EXPIRES: Final = frozenset({SecurityClass.WARRANT, SecurityClass.CBBC, SecurityClass.INLINE})


def _hk_symbol(text: str) -> str:
    if not re.fullmatch("[0-9]{1,5}", text) or not int(text):
        raise ValueError(f"code: {text!r} is not a code of one to five digits")
    return f"{int(text)}.HK"


def _parse_hk(row: Row) -> Texts:
    category, table = row["category"], row.get("spread_table", "5")
    if category == "Exchange Traded Products":
        security_class = _chosen("spread_table", table, _HK_FUND_CLASSES)
    else:
        security_class = _chosen("category", category, _HK_CLASSES)
    texts = {
        "symbol": _hk_symbol(row["code"]),
        "security_class": security_class.value,
        "name_en": _name(row, "name_en"),
        "currency": _currency(row.get("currency", "")),
        "lot_size": _lot(row, "board_lot"),
        "expiry_date": _iso_day(row, "expiry_date"),
    }
    given = {column: _yes(row, column) for column in _HK_FLAGS if column in row}
    if given:
        words = [_HK_FLAGS[column] for column, yes in given.items() if yes]
        texts["flags"] = " ".join(words) or NO_FLAGS
    if security_class in _EXPIRES and "expiry_date" in row and not texts["expiry_date"]:
        raise ValueError(f"expiry_date: a {security_class} needs one")
    return texts


# --- United States ----------------------------------------------------------------------------

_US_CLASSES: Final = {"stock": SecurityClass.STOCK, "etf": SecurityClass.ETF}
# The data vendors' names of venues, as static info spells them.
_US_EXCHANGES: Final = {
    "": "",
    "NMS": "NASD",
    "NGM": "NASD",
    "NCM": "NASD",
    "NASD": "NASD",
    "NYQ": "NYSE",
    "NYSE": "NYSE",
    "ASE": "AMEX",
    "PCX": "AMEX",
    "BTS": "AMEX",
    "AMEX": "AMEX",
}
# Suffixes of share kinds as vendors write them, and as symbols have them.
_US_SUFFIXES: Final = {"WT": "WS", "UN": "U", "WTA": "WS.A", "WTB": "WS.B", "RI": "RT"}


def _us_symbol(text: str) -> str:
    """Return the symbol: `BRKb`, `BRK/B` and `BRK-B` are `BRK.B.US`, `X^C` is `X.PR.C.US`."""
    if text.startswith("^"):
        raise NotListed("values of funds, not securities")
    lower = re.fullmatch("([A-Z]+)_?([a-z]+)", text)
    spelled = f"{lower[1]}.{lower[2].upper()}" if lower else text
    spelled = spelled.replace("^", ".PR.").removesuffix(".")
    parts = [part for part in re.split(r"[./ -]", spelled) if part]
    if not parts or not all(re.fullmatch("[A-Z0-9]+", part) for part in parts):
        raise ValueError(f"symbol: {text!r} is no ticker")
    head, *suffixes = parts
    spelled = ".".join([head, *map(_us_suffix, suffixes), "US"])
    return str(parse_symbol(spelled))


def _us_suffix(text: str) -> str:
    preferred = re.fullmatch("P([A-Z])", text)
    if preferred and text != "PR":
        return f"PR.{preferred[1]}"
    return _US_SUFFIXES.get(text, text)


def _parse_us(row: Row) -> Texts:
    symbol = _us_symbol(row["symbol"])
    security_class = _chosen("kind", row["kind"], _US_CLASSES)
    if ".WS." in symbol:
        security_class = SecurityClass.US_WARRANT
    return {
        "symbol": symbol,
        "security_class": security_class.value,
        "name_en": _name(row, "name_en"),
        "exchange": _chosen("exchange", row.get("exchange", ""), _US_EXCHANGES),
        # Whatever the home currency of a foreign company: US venues trade in dollars.
        "currency": "USD",
    }


# --- Mainland ---------------------------------------------------------------------------------

_CN_CLASSES: Final = {
    "1": SecurityClass.A_SHARE,
    "2": SecurityClass.INDEX,
    "3": SecurityClass.B_SHARE_SH,
    "4": SecurityClass.ETF,
    "5": SecurityClass.ETF,
    "6": SecurityClass.DEBT,
    "7": SecurityClass.DEBT,
    "8": SecurityClass.A_SHARE,
    "9": SecurityClass.A_SHARE,
}
_ST: Final = re.compile(r"S?\*?S?ST")


def _parse_cn(row: Row) -> Texts:
    symbol = _symbol(row["symbol"])
    if not re.fullmatch(r"[0-9]{6}\.(SH|SZ)", symbol):
        raise ValueError(f"symbol: {symbol!r} is not six digits with SH or SZ")
    security_class = _chosen("type", row["type"], _CN_CLASSES)
    if security_class is SecurityClass.B_SHARE_SH and symbol.endswith(".SZ"):
        security_class = SecurityClass.B_SHARE_SZ
    first, last = (_compact_day(row, column) for column in ("start_date", "end_date"))
    if first and last and last < first:
        raise ValueError("end_date: before start_date")
    if _chosen("valid", row["valid"], {"0": False, "1": True}) is False:
        raise NotListed("no longer listed")
    # Terminals pad the short names to one width, with blanks and with wide letters.
    name = "".join(unicodedata.normalize("NFKC", _name(row, "name_cn")).split())
    is_share = security_class is SecurityClass.A_SHARE
    return {
        "symbol": symbol,
        "security_class": security_class.value,
        "name_cn": name,
        "listing_date": first if security_class is not SecurityClass.INDEX else "",
        "flags": ("risk_warning" if is_share and _ST.match(name) else NO_FLAGS),
    }


# --- portway's own ----------------------------------------------------------------------------

_MARKET_CLASSES: Final = {
    Market.HK: frozenset(
        "equity reit equity_warrant etp fixed_income_etp warrant cbbc inline debt index".split()
    ),
    Market.US: frozenset("stock etf us_warrant index".split()),
    Market.CN: frozenset("a_share b_share_sh b_share_sz etf debt index".split()),
    Market.SG: frozenset("stock etf reit warrant debt index".split()),
}


def _parse_own(row: Row) -> Texts:
    texts = {name: row.get(name, "").strip() for name in COLUMNS}
    texts["symbol"] = symbol = _symbol(texts["symbol"])
    for name in ("name_en", "name_cn", "name_hk", "exchange"):
        texts[name] = _name(texts, name)
    if not texts["security_class"]:
        raise ValueError("security_class: is blank")
    if texts["lot_size"]:
        texts["lot_size"] = _lot(texts, "lot_size")
    if texts["currency"]:
        texts["currency"] = _currency(texts["currency"])
    fields = parse_fields(texts)
    market = market_of(symbol)
    if fields["security_class"] not in _MARKET_CLASSES[market]:
        raise ValueError(f"security_class: {market} has no {fields['security_class']}")
    if market is Market.HK and not texts["lot_size"] and texts["security_class"] != "index":
        raise ValueError("lot_size: is blank, and Hong Kong has one for each security")
    return texts


# --- cells ------------------------------------------------------------------------------------


def _symbol(text: str) -> str:
    try:
        symbol = parse_symbol(text)
    except MalformedSymbol as error:
        raise ValueError(f"symbol: {error}") from None
    # A symbol stands unquoted at the begin of a row, and in addresses and logs.
    if not re.fullmatch("[A-Z0-9.]+", symbol):
        raise ValueError(f"symbol: {text!r} has other characters than A-Z, 0-9 and the point")
    if symbol.endswith(".HK") and symbol.startswith("0"):
        raise ValueError(f"symbol: {text!r} has a leading zero")
    return symbol


def _name(row: Row, column: str) -> str:
    try:
        return clean_text(row.get(column, ""))
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None


def _chosen(column: str, text: str, values: Mapping[str, Value]) -> Value:
    try:
        return values[text.strip()]
    except KeyError:
        known = ", ".join(repr(one) for one in values)
        raise ValueError(f"{column}: {text!r} is none of {known}") from None


def _lot(row: Row, column: str) -> str:
    text = row[column].strip()
    if not re.fullmatch("[0-9]{1,9}", text) or not 0 < int(text) <= LOT_MAX:
        raise ValueError(f"{column}: {text!r} is not a whole number from 1 to {LOT_MAX}")
    return str(int(text))


def _currency(text: str) -> str:
    text = {"RMB": "CNY", "CNH": "CNY"}.get(text.strip(), text.strip())
    if not re.fullmatch("([A-Z]{3})?", text):
        raise ValueError(f"currency: {text!r} is no code of three letters")
    return text


def _yes(row: Row, column: str) -> bool:
    return _chosen(column, row[column], {"Y": True, "N": False, "": False})


def _iso_day(row: Row, column: str) -> str:
    text = row.get(column, "").strip()
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise ValueError(f"{column}: {text!r} is no date as 2026-01-31") from None


_NO_DAYS: Final = frozenset({"", "0", "99999999"})


def _compact_day(row: Row, column: str) -> str:
    text = row.get(column, "").strip()
    if text in _NO_DAYS:
        return ""
    try:
        if len(text) != len("20260131") or not text.isdigit():
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"{column}: {text!r} is no date as 20260131") from None


SHAPES: Final = (
    Shape("portway's own columns", ("symbol", "security_class"), _parse_own, strict=True),
    Shape(
        "the Hong Kong list of securities",
        ("code", "category", "board_lot", "name_en"),
        _parse_hk,
        market=Market.HK,
    ),
    Shape("a US list", ("symbol", "kind", "name_en"), _parse_us, market=Market.US),
    Shape(
        "a mainland list",
        ("symbol", "name_cn", "type", "valid", "start_date", "end_date"),
        _parse_cn,
        market=Market.CN,
    ),
)
