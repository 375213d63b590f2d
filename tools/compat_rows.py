"""What the compatibility table cannot read off the code: rows that are not done yet, and why.

Commands, endpoints and error codes that the server has are found by `compat_table`; here stand
the rest of the vendor's interface and the reasons. A row that the code has learned to serve leaves
this file: `compat_table` refuses a row that is in both.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["COMMANDS", "ENDPOINTS", "ERRORS", "FAMILIES", "Family", "State"]


class State(NamedTuple):
    """Why a row is not done.

    Attributes:
        word: `refused` (always answered with the code that the note names), `planned` or
            `left out`.
        note: What is answered meanwhile, or the reason.
    """

    word: str
    note: str


class Family(NamedTuple):
    """Endpoints that share a prefix and a fate."""

    title: str
    paths: str
    state: State


_SERVICE = "needs people or documents that a simulation does not have"

COMMANDS: Final[dict[int, State]] = {}

ENDPOINTS: Final = {
    "GET /v1/orders/info": State("left out", "it lists grid orders"),
}
"""Endpoints that ROUTES lacks; all answer 404000 until then."""

FAMILIES: Final = (
    Family(
        "Grid orders",
        "`/v1/gridtrading/...`, push `gridtrading_order`",
        State("left out", "a robot around orders: a strategy places its own"),
    ),
    Family(
        "Profit analysis",
        "`/v1/portfolio/...`",
        State("left out", "`portway audit` and the statements tell profit, to the cent"),
    ),
    Family(
        "Recurring investment",
        "`/v1/dailycoins/...`",
        State("left out", "a service around orders, not part of the exchange"),
    ),
    Family(
        "Funds",
        "`/v1/fund/...`, `/v1/asset/funds/...`",
        State("left out", "no funds are traded; fund positions are an empty list"),
    ),
    Family(
        "US data centre",
        "`/v1/us/...`",
        State("left out", "clients ask only with credentials that begin with us_, never issued"),
    ),
    Family(
        "OAuth",
        "`/oauth2/...`",
        State("left out", "tokens of an app key work, with `Bearer` as well"),
    ),
    Family("Community", "`/v1/content/...`", State("left out", _SERVICE)),
    Family("Price alerts", "`/v1/notify/reminders`", State("left out", _SERVICE)),
    Family("Share lists", "`/v1/sharelists...`", State("left out", _SERVICE)),
    Family("Finance calendar", "`/v1/quote/finance_calendar`", State("left out", _SERVICE)),
    Family(
        "Market data extras",
        "`/v1/quote/market-status`, `broker-holding...`, `ahpremium/...`, `trades-statistics`,"
        " `changes`, `index-constituents`, `market/...`",
        State("left out", "404000; the socket's pulls are the core"),
    ),
    Family("Screener", "`/v1/quote/ai/screener/...`", State("left out", _SERVICE)),
    Family(
        "Fundamentals",
        "`/v1/quote/financial-reports`, `dividends...`, `valuation...`, `/v2/quote/macrodata...`"
        " and the like",
        State("left out", _SERVICE),
    ),
    Family("Fund information", "`/v1/fund/funds/...`", State("left out", _SERVICE)),
    Family("Assistant", "`/v1/ai/...`", State("left out", _SERVICE)),
    Family(
        "Paths of 4.x clients alone",
        "`/v1/quote/ratings...`, `/v1/quote/industries/...` and the like",
        State("left out", "no current client calls them"),
    ),
)

ERRORS: Final = {
    202201: State("left out", "user information is local and cannot fail to load"),
    310011: State("left out", "an internal error is answered with 500000"),
    401102: State("left out", "it belongs to OAuth"),
    403202: State("left out", "repeated signatures are allowed, since equal calls sign alike"),
    403205: State("left out", "there is no list of allowed addresses"),
    429001: State("left out", "limits count by account, not by address"),
    602080: State("left out", "it belongs to grid orders"),
}
"""Codes that no code raises yet; the others have to be named somewhere outside the table."""
