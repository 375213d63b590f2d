"""The error table: the published codes, three languages, a row for every refusal of the model."""

from __future__ import annotations

import pytest

from portway.model.event import RefusalReason
from portway.wire.commands import SocketStatus
from portway.wire.reasons import REASONS, Language, pick_language

# Published codes of the gateway: name -> HTTP status, code, the vendor's wording.
GATEWAY = {
    "TOKEN_MISSING": (401, 401001, "token empty"),
    "TOKEN_EXPIRED": (401, 401003, "token expired"),
    "TOKEN_INVALID": (401, 401004, "token invalid"),
    "OAUTH_TOKEN_INVALID": (401, 401102, "token verification failed"),
    "SIGNATURE_INVALID": (403, 403201, "signature invalid"),
    "DUPLICATE_REQUEST": (403, 403202, "duplicate request"),
    "APP_KEY_UNKNOWN": (403, 403203, "apikey illegal"),
    "ADDRESS_NOT_ALLOWED": (403, 403205, "ip is not allowed"),
    "PATH_NOT_FOUND": (404, 404000, "no such path or method"),
    "ADDRESS_RATE_LIMITED": (429, 429001, "ip request ratelimit"),
    "RATE_LIMITED": (429, 429002, "api request is limited, please slow down request frequency"),
    "INTERNAL_ERROR": (500, 500000, "internal error"),
}

# Codes of refused orders, with the vendor's wording where it is known.
ORDERS = {
    "PARAMETER_INVALID": (602001, None),
    "SYMBOL_NOT_FOUND": (602001, "symbol not found"),
    "QUANTITY_TOO_LARGE": (602001, None),
    "LOT_SIZE_MISMATCH": (
        602001,
        "The submitted quantity does not comply with the required multiple of the lot size",
    ),
    "TIME_IN_FORCE_NOT_SUPPORTED": (602001, "time in force not support"),
    "ACCOUNT_NOT_FOUND": (602001, "user not found"),
    "PARAMETER_REFUSED": (
        602001,
        "Parameter authentication failed, please contact customer service for assistance.",
    ),
    "NO_PERMISSION": (602001, "User authentication failed"),
    "WRONG_BID_SIZE": (602035, "Wrong bid size, please change the price"),
    "SHORT_SALE_DISCLOSURE_MISSING": (602065, None),
    "GRID_PARAMETER_MISSING": (602080, None),
    "BORROWING_AGREEMENT_MISSING": (602301, None),
    "OPTION_APPROVAL_MISSING": (602001, None),
    "RESIDENCY_RESTRICTED": (602315, None),
    "REPLACE_NOT_SUPPORTED": (602012, "Order amendment is not supported for this order type"),
    "REPLACE_NOT_ALLOWED": (602013, "Order status does not allow amendment"),
    "ORDER_ALREADY_CANCELED": (601011, "Order has been cancelled"),
    "ORDER_EXPIRED": (601011, "Order has expired"),
    "ORDER_ALREADY_FILLED": (601012, None),
    "ORDER_ALREADY_REJECTED": (601013, None),
    "ORDER_NOT_FOUND": (603001, "Order not found"),
    "BUYING_POWER_EXCEEDED": (602001, "The order amount exceeds the maximum buying power"),
    "USER_INFO_UNAVAILABLE": (202201, None),
}

# What sockets answer: name -> status, code.
SOCKETS = {
    "NOT_AUTHENTICATED": (5, 401001),
    "TOKEN_INVALID": (5, 401004),
    "SESSION_EXPIRED": (5, 401003),
    "CONNECTION_LIMIT": (6, 403),
    "UNKNOWN_COMMAND": (3, 301600),
    "QUOTE_BAD_REQUEST": (3, 301600),
    "QUOTE_NOT_FOUND": (7, 301600),
    "QUOTE_PARAMETER_INVALID": (7, 301600),
    "QUOTE_SERVER_ERROR": (7, 301602),
    "QUOTE_NO_DATA": (7, 301603),
    "QUOTE_NO_ACCESS": (7, 301604),
    "QUOTE_TOO_MANY_SUBSCRIPTIONS": (7, 301605),
    "QUOTE_RATE_LIMITED": (3, 301606),
    "QUOTE_TOO_MUCH_REQUESTED": (7, 301607),
    "QUOTE_HISTORY_QUOTA": (7, 301607),
}


@pytest.mark.parametrize("name", GATEWAY)
def test_gateway_errors_are_the_published_ones(name: str) -> None:
    reason = REASONS[name]
    assert (reason.http_status, reason.code, reason.message()) == GATEWAY[name]


@pytest.mark.parametrize("name", ORDERS)
def test_order_refusals_are_the_published_ones(name: str) -> None:
    code, text = ORDERS[name]
    assert REASONS[name].code == code
    assert REASONS[name].http_status == 400
    if text is not None:
        assert REASONS[name].message() == text


@pytest.mark.parametrize("name", SOCKETS)
def test_socket_errors_are_the_published_ones(name: str) -> None:
    reason = REASONS[name]
    assert (reason.socket_status, reason.code) == SOCKETS[name]


def test_wordings_of_the_sockets() -> None:
    assert REASONS["CONNECTION_LIMIT"].message() == "connections limitation is hit"
    assert REASONS["QUOTE_NO_ACCESS"].message() == "no quote access"
    assert REASONS["QUOTE_HISTORY_QUOTA"].message() == "history kline symbol count out of limit"


@pytest.mark.parametrize("reason", RefusalReason)
def test_every_refusal_of_the_model_has_a_row(reason: RefusalReason) -> None:
    assert reason.name in REASONS


@pytest.mark.parametrize("name", REASONS)
def test_every_row_is_complete(name: str) -> None:
    reason = REASONS[name]
    assert name == name.upper()
    assert 0 < reason.code < 2**31
    assert 400 <= reason.http_status < 600
    assert reason.socket_status is not SocketStatus.SUCCESS
    texts = [reason.text.en, reason.text.zh_cn, reason.text.zh_hk]
    assert all(text.strip() for text in texts)
    assert len({"{detail}" in text for text in texts}) == 1
    assert texts[0].isascii()
    assert not texts[1].isascii()
    for language in Language:
        assert "{" not in reason.message(language)
        assert reason.message(language)


def test_a_detail_stands_in_its_place_and_leaves_no_trace_when_missing() -> None:
    reason = REASONS["PARAMETER_INVALID"]
    assert reason.message(Language.EN, "submitted_price") == "invalid parameter: submitted_price"
    assert reason.message(Language.ZH_CN, "submitted_price") == "参数无效：submitted_price"
    assert reason.message(Language.EN) == "invalid parameter"
    assert reason.message(Language.ZH_HK) == "參數無效"
    assert reason.message(Language.EN, "{detail} {0}") == "invalid parameter: {detail} {0}"
    assert REASONS["ORDER_NOT_FOUND"].message(Language.EN, "ignored") == "Order not found"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, Language.EN),
        ("", Language.EN),
        ("en", Language.EN),
        ("zh-CN", Language.ZH_CN),
        ("zh-HK", Language.ZH_HK),
        ("ZH-hk", Language.ZH_HK),
        ("fr", Language.EN),
        ("zh", Language.ZH_CN),
        ("zh-TW", Language.ZH_HK),
        ("zh-Hant-HK", Language.ZH_HK),
        ("zh_CN", Language.ZH_CN),
        ("en-GB,zh-CN;q=0.9", Language.EN),
        ("fr,zh-HK;q=0.8,en;q=0.9", Language.EN),
        ("en;q=0.1, zh-CN;q=0.2", Language.ZH_CN),
        ("zh-CN;q=bad", Language.EN),
        (";;,,=", Language.EN),
        ("en," * 100_000 + "zh-CN", Language.EN),
    ],
)
def test_the_language_is_picked_from_the_header(header: str | None, language: Language) -> None:
    assert pick_language(header) is language
