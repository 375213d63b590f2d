"""Quote data over HTTP: the security list."""

from __future__ import annotations

from typing import Any, Final

from portway.gateway.errors import Refused
from portway.gateway.http.request import Request
from portway.gateway.http.services import Services
from portway.model.symbol import Market
from portway.wire.envelope import Language

__all__ = ["security_list"]

OVERNIGHT: Final = "Overnight"  # the only category there is


async def security_list(services: Services, request: Request) -> dict[str, Any]:
    """GET /v1/quote/get_security_list: the securities of a market's category, US alone has one."""
    market = request.text("market")
    if market not in Market.__members__:
        raise Refused("QUOTE_HTTP_INVALID", "market")
    if request.text("category") not in (None, OVERNIGHT):
        raise Refused("QUOTE_HTTP_INVALID", "category")
    listed = services.quotes.reference.overnight() if market == Market.US else ()
    language = request.language
    return {
        "list": [
            {
                "symbol": one.symbol,
                # Only the caller's language is filled, as the service does since 2024.
                "name_cn": one.name_cn if language is Language.ZH_CN else "",
                "name_en": one.name_en if language is Language.EN else "",
                "name_hk": one.name_hk if language is Language.ZH_HK else "",
            }
            for one in listed
            if services.quotes.instrument(one.symbol) is not None
        ]
    }
