"""The quote packages an account is told to have: everything that portway serves.

Each market has one package; the client prints them as a table when it connects. Start and end roll
with the time of the question, in whole Unix seconds: out of range they would end the connection.
"""

from __future__ import annotations

from typing import Final

from portway.wire.envelope import Language, Text
from portway.wire.pb import quote_pb2 as pb

__all__ = ["packages"]

_DAY_SECONDS: Final = 86_400
_VALID_DAYS: Final = 29

# Market code of the profile -> package key, name.
_PACKAGES: Final = {
    "US": ("US_QBBO_OpenAPI", Text("LV1 Real-time", "LV1 实时行情", "LV1 實時行情")),
    "HK": ("HK_L2_OpenAPI", Text("LV2 Real-time", "LV2 实时行情", "LV2 實時行情")),
    "CN": ("CN_L1_OpenAPI", Text("LV1 Real-time", "LV1 实时行情", "LV1 實時行情")),
    "USOption": ("US_OPRA_OpenAPI", Text("OPRA Real-time", "OPRA 实时行情", "OPRA 實時行情")),
}


def packages(language: Language, now: int) -> pb.UserQuoteLevelDetail:
    """Return the packages by key and by market, valid around `now` (Unix seconds)."""
    detail = pb.UserQuoteLevelDetail()
    for market, (key, name) in _PACKAGES.items():
        package = pb.PackageDetail(
            key=key,
            name=name.in_language(language),
            start=now - _DAY_SECONDS,
            end=now + _VALID_DAYS * _DAY_SECONDS,
        )
        detail.by_package_key[key].CopyFrom(package)
        detail.by_market_code[market].packages.append(package)
    return detail
