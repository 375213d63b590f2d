"""What the exchange's short names of structured products say: issuer, underlying, kind, class.

`JPALIBA@EP2606B` is a put of J.P. Morgan on Alibaba that ends in June 2026, `CT#HSI  RC2803F` a
bull of Citi on the Hang Seng Index. Names cut the underlying to five letters; the table below knows
the usual ones, others are looked for among the short names of what is listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from portway.market.derived.issuers import Issuer, issuer_of_code
from portway.model.derivative import WarrantKind
from portway.model.instrument import Instrument, SecurityClass
from portway.model.symbol import Symbol

__all__ = ["ProductName", "UnderlyingNames", "parse_name", "product_name"]

_NAME: Final = re.compile(
    r"(?P<issuer>[A-Z]{2})(?P<cut>.{1,5})@[A-Z](?P<right>[CP])(?P<ends>\d{4})(?P<series>\w?)"
    r"|(?P<issuer2>[A-Z]{2})#(?P<cut2>.{1,5})(?P<cls>[RN])(?P<side>[CP])(?P<ends2>\d{4})\w?",
    re.ASCII,
)
_CUT_CHARS: Final = 5
_MATCH_CHARS: Final = 4  # So many letters of a listed name have to agree.
# How names cut the underlyings that have most products.
_CUTS: Final[Mapping[str, str]] = dict(
    pair.split(":")
    for pair in (
        "ALIBA:9988 TENCT:700 XIAMI:1810 MTUAN:3690 SMIC:981 POMRT:9992 HSBC:5 HSI:HSI BYD:1211"
        " HUAHO:1347 CATL:3750 HKEX:388 KUASO:1024 SPDRG:2840 CLIFE:2628 PINAN:2318 AIA:1299"
        " BAIDU:9888 JIANC:358 ZIJIN:2899 TRIP:9961 JDCOM:9618 LENOV:992 CNOOC:883 GANFE:1772"
        " PETCH:857 CCB:939 CSPC:1093 GEELY:175 XPENG:9868 LIAUT:2015 CMOB:941 CMOLY:3993"
        " BILI:9626 ALUCO:2600 AAC:2018 GEG:27 SANDS:1928 SENTM:20 KINGD:268 NIO:9866 NTES:9999"
        " BOCL:3988 SUNY:2382 WUXI:2269 YOFC:6869 CTWR:788 BYDEI:285 SHKP:16 ICBC:1398 AKESO:9926"
        " ALIHI:241 UBTEC:9880 SMORE:6969 LINK:823 MEITU:1357 CKH:1 MGMC:2282 SBPH:1177 CP&CC:386"
        " HSTEC:HSTECH INBIO:1801 ZTE:763 CNBM:3323 HDLIH:6862 CMB:3968 KSOFT:3888 ANTAS:2020"
        " GWMC:2333 BOCHK:2388 CTGDF:1880 CSHEN:1088 LININ:2331 WXAT:2359 AMCS3:3033 KBLH:1888"
        " CUNI:762 MTRC:66 STANC:2888 TRAHK:2800 CSA50:2822 AGBK:1288 CTEL:728 MIDEA:300 TTI:669"
        " BUDWS:1876 JDHI:6618 HSCEI:HSCEI PICC:2328 CKA:1113 CRRC:1766 CPIC:2601 NWD:17 SJM:880"
        " HLAND:12 VANKE:2202 CMBC:1988 FEIHE:6186 CRL:1109 CCOAL:1898 GAC:2238 CICC:3908"
    ).split()
)


@dataclass(frozen=True, slots=True)
class ProductName:
    """A short name, read.

    Attributes:
        cut: The underlying as the name has it, without blanks and hyphens.
        residual: Whether a callable contract is of class R.
    """

    issuer: Issuer
    cut: str
    kind: WarrantKind
    residual: bool


def parse_name(name: str) -> ProductName | None:
    """Return what a short name says; None when it is not of that form."""
    found = _NAME.match(name)
    if found is None:
        return None
    if found["issuer"] is not None:
        kind = WarrantKind.CALL if found["right"] == "C" else WarrantKind.PUT
        return ProductName(issuer_of_code(found["issuer"]), _bare(found["cut"]), kind, False)
    kind = WarrantKind.BULL if found["side"] == "C" else WarrantKind.BEAR
    issuer = issuer_of_code(found["issuer2"])
    return ProductName(issuer, _bare(found["cut2"]), kind, found["cls"] == "R")


def product_name(
    issuer: Issuer, underlying: Instrument, kind: WarrantKind, ends: str, series: str
) -> str:
    """Return the short name of a product.

    Args:
        ends: Year and month of its expiry, as `2606`.
    """
    cut = _cut_of(underlying)
    if kind.is_callable:
        return f"{issuer.code}#{cut:<5}R{'C' if kind.rises else 'P'}{ends}{series}"
    padded = cut if len(cut) >= _CUT_CHARS else f"-{cut:<4}"
    letter = {WarrantKind.CALL: "C", WarrantKind.PUT: "P", WarrantKind.INLINE: "I"}[kind]
    return f"{issuer.code}{padded}@E{letter}{ends}{series}"


def _cut_of(underlying: Instrument) -> str:
    ticker = str(underlying.symbol).rpartition(".")[0]
    known = next((cut for cut, code in _CUTS.items() if code == ticker), None)
    return known or _bare(underlying.name_en.upper())[:_CUT_CHARS]


class UnderlyingNames:
    """Finds the underlying that a cut name means."""

    def __init__(self, listed: Iterable[Instrument]) -> None:
        """Take what products may be written on."""
        self._by_code: dict[str, Symbol] = {}
        self._by_name: list[tuple[str, Symbol]] = []
        for one in listed:
            self._by_code[str(one.symbol).rpartition(".")[0]] = one.symbol
            if one.security_class is not SecurityClass.INDEX:
                self._by_name.append((_bare(one.name_en.upper()), one.symbol))

    def find(self, cut: str) -> Symbol | None:
        """Return the underlying; None when no listed one has such a name, or several do."""
        code = _CUTS.get(cut)
        if code is not None:
            return self._by_code.get(code)
        if len(cut) < _MATCH_CHARS:
            return None
        wanted = cut[:_MATCH_CHARS]
        found = [symbol for name, symbol in self._by_name if name.startswith(wanted)]
        return found[0] if len(found) == 1 else None


def _bare(text: str) -> str:
    return re.sub(r"[^A-Z0-9&]", "", text)
