"""The quote packages an account is told to have: those that its app key's rights give it.

Each market has one package; the client prints them as a table when it connects, or the warning of a
market that has none. Start and end roll with the time of the question, in whole Unix seconds: out
of range they would end the connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from portway.gateway.rights import DELAY_MINUTES, QuoteLevel, QuoteRights
from portway.wire.envelope import Language, Text
from portway.wire.pb import quote_pb2 as pb

__all__ = ["packages", "quote_level"]

_DAY_SECONDS: Final = 86_400
_VALID_DAYS: Final = 29

_LV1: Final = Text("LV1 Real-time", "LV1 实时行情", "LV1 實時行情")
_LV2: Final = Text("LV2 Real-time", "LV2 实时行情", "LV2 實時行情")
_OPRA: Final = Text("OPRA Real-time", "OPRA 实时行情", "OPRA 實時行情")
_DELAYED: Final = Text(
    f"Delayed by {DELAY_MINUTES} minutes, no pushes",
    f"延时 {DELAY_MINUTES} 分钟，无推送",
    f"延時 {DELAY_MINUTES} 分鐘，無推送",
)
_NO_OPTIONS: Final = Text("No access to US options", "无美股期权行情权限", "無美股期權行情權限")

_KEYS: Final = {
    ("HK", QuoteLevel.LV1): ("HK_L1_OpenAPI", _LV1),
    ("HK", QuoteLevel.LV2): ("HK_L2_OpenAPI", _LV2),
    ("US", QuoteLevel.LV1): ("US_QBBO_OpenAPI", _LV1),
    ("CN", QuoteLevel.LV1): ("CN_L1_OpenAPI", _LV1),
}


def quote_level(rights: QuoteRights) -> str:
    """Return the level text: for each market what stands behind its last bar."""
    hk = {QuoteLevel.DELAYED: "BMP"}.get(rights.hk, rights.hk.name)
    us = "DELAY" if rights.us is QuoteLevel.DELAYED else "QBBO"
    cn = "DELAY" if rights.cn is QuoteLevel.DELAYED else "LV1"
    return f"US|{us};HK|{hk};SH|{cn};SZ|{cn}"


def packages(rights: QuoteRights, language: Language, now: int) -> pb.UserQuoteLevelDetail:
    """Return the packages by key and by market, valid around `now` (Unix seconds)."""
    detail = pb.UserQuoteLevelDetail()
    for market, key, name in _held(rights):
        if key is None:
            detail.by_market_code[market].warning_msg = name.in_language(language)
            continue
        package = pb.PackageDetail(
            key=key,
            name=name.in_language(language),
            start=now - _DAY_SECONDS,
            end=now + _VALID_DAYS * _DAY_SECONDS,
        )
        detail.by_package_key[key].CopyFrom(package)
        detail.by_market_code[market].packages.append(package)
    return detail


def _held(rights: QuoteRights) -> Iterator[tuple[str, str | None, Text]]:
    """Market code, package key and name of each market; without a key the text is a warning."""
    for market, level in (("US", rights.us), ("HK", rights.hk), ("CN", rights.cn)):
        yield (market, *_KEYS.get((market, level), (None, _DELAYED)))
    yield (
        ("USOption", "US_OPRA_OpenAPI", _OPRA)
        if rights.opra
        else (
            "USOption",
            None,
            _NO_OPTIONS,
        )
    )
