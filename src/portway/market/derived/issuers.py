"""The houses that issue structured products in Hong Kong, and the codes that product names use.

A code opens the exchange's short name of a product. Codes that are not in the table are shown as
they are, with an id of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ISSUERS", "Issuer", "issuer_of_code"]


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer, as clients list and filter by it.

    Attributes:
        id: Number in lists and filters.
        code: Two letters of product names.
        is_active: Whether it brings new products to the market.
    """

    id: int
    code: str
    name_en: str
    name_cn: str
    name_hk: str
    is_active: bool = True


ISSUERS: Final = (
    Issuer(1, "BP", "BNP Paribas", "法巴", "法巴"),
    Issuer(2, "BI", "BOCI", "中银国际", "中銀國際"),
    Issuer(3, "CT", "Citi", "花旗", "花旗"),
    Issuer(4, "CI", "Citi (CI)", "花旗环球", "花旗環球"),
    Issuer(5, "CS", "Credit Suisse", "瑞信", "瑞信", is_active=False),
    Issuer(6, "DS", "DBS", "星展", "星展"),
    Issuer(7, "EA", "Bank of East Asia", "东亚", "東亞"),
    Issuer(8, "GJ", "Guotai Junan", "国君", "國君"),
    Issuer(9, "GS", "Goldman Sachs", "高盛", "高盛"),
    Issuer(10, "HS", "HSBC", "汇丰", "滙豐"),
    Issuer(11, "HT", "Haitong", "海通", "海通", is_active=False),
    Issuer(12, "HU", "Huatai", "华泰", "華泰"),
    Issuer(13, "JP", "J.P. Morgan", "摩通", "摩通"),
    Issuer(14, "KI", "Korea Investment", "韩投", "韓投"),
    Issuer(15, "KS", "Korea Investment (KS)", "韩投证券", "韓投證券", is_active=False),
    Issuer(16, "MB", "Macquarie", "麦银", "麥銀"),
    Issuer(17, "MS", "Morgan Stanley", "摩利", "摩利"),
    Issuer(18, "SG", "Societe Generale", "法兴", "法興"),
    Issuer(19, "UB", "UBS", "瑞银", "瑞銀"),
    Issuer(20, "VT", "Vontobel", "瑞通", "瑞通"),
)
_BY_CODE: Final = {one.code: one for one in ISSUERS}
OTHER: Final = Issuer(99, "--", "Other issuers", "其他发行人", "其他發行人", is_active=False)


def issuer_of_code(code: str) -> Issuer:
    """Return the issuer of a product name's first two letters."""
    return _BY_CODE.get(code, OTHER)
