"""The envelope: what clients insist on, and what a client refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portway.wire.envelope import (
    Envelope,
    Language,
    error_body,
    failure,
    open_envelope,
    success,
    success_bytes,
)
from portway.wire.errors import BadEnvelope
from portway.wire.pb.control_pb2 import Error


def test_a_success_always_has_a_message_and_data() -> None:
    assert success({"order_id": "1"}) == {
        "code": 0,
        "message": "success",
        "data": {"order_id": "1"},
    }
    assert success() == {"code": 0, "message": "success", "data": {}}
    assert success([])["data"] == []


def test_a_success_around_encoded_data_is_the_same_json() -> None:
    data = {"list": ["a", 1, None]}
    assert json.loads(success_bytes(json.dumps(data).encode())) == success(data)
    assert json.loads(success_bytes()) == success()


def test_a_failure_has_status_code_and_text_in_the_callers_language() -> None:
    assert failure("WRONG_BID_SIZE") == (
        400,
        {"code": 602035, "message": "Wrong bid size, please change the price", "data": None},
    )
    status, body = failure("PARAMETER_INVALID", Language.ZH_CN, "side")
    assert (status, body["code"], body["message"]) == (400, 602001, "参数无效：side")
    with pytest.raises(KeyError):
        failure("NO_SUCH_REASON")


def test_a_socket_error_is_a_status_and_an_error_message() -> None:
    status, body = error_body("QUOTE_NO_ACCESS")
    assert status == 7
    assert body.hex() == "08a4b412120f6e6f2071756f746520616363657373"
    status, body = error_body("TOKEN_EXPIRED", Language.ZH_HK)
    assert (status, Error.FromString(body)) == (5, Error(code=401003, msg="token 已過期"))
    with pytest.raises(ValueError, match="WRONG_BID_SIZE"):
        error_body("WRONG_BID_SIZE")


@pytest.mark.parametrize(
    ("value", "envelope"),
    [
        ({"code": 0, "message": "", "data": {}}, Envelope(0, "", {})),
        ({"code": 0, "message": "ok", "data": 0, "more": 1}, Envelope(0, "ok", 0)),
        ({"code": 403201, "message": "m"}, Envelope(403201, "m", None)),
        ({"code": -1, "message": "m", "data": None}, Envelope(-1, "m", None)),
    ],
)
def test_an_answer_is_opened(value: Any, envelope: Envelope) -> None:
    assert open_envelope(value) == envelope


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "text",
        {},
        {"code": 0, "data": {}},
        {"code": 0, "message": None, "data": {}},
        {"code": 0, "msg": "ok", "data": {}},
        {"code": "0", "message": "", "data": {}},
        {"code": True, "message": "", "data": {}},
        {"code": 2**31, "message": ""},
        {"code": 0, "message": ""},
        {"code": 0, "message": "", "data": None},
    ],
)
def test_what_is_no_envelope_is_refused(value: Any) -> None:
    with pytest.raises(BadEnvelope):
        open_envelope(value)
