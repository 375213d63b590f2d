"""The HTTP envelope `{"code", "message", "data"}`, written by a server and opened by a client.

Works on plain values, or on bytes of JSON that somebody else encoded: this layer chooses no JSON
library. What the reasons are called and say is in `reasons.py`, re-exported here because whoever
writes an envelope needs them.

Clients are strict: `code` an integer of 32 bits, `message` a string even on success, `data` present
and not null on success. They judge by `code` alone; the HTTP status is for everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from portway.wire.errors import BadEnvelope
from portway.wire.pb.control_pb2 import Error
from portway.wire.reasons import REASONS, Language, Reason, Text, pick_language

__all__ = [
    "REASONS",
    "Envelope",
    "Language",
    "Reason",
    "Text",
    "error_body",
    "failure",
    "open_envelope",
    "pick_language",
    "success",
    "success_bytes",
]

SUCCESS_MESSAGE: Final = "success"

_CODE_MIN, _CODE_MAX = -(2**31), 2**31 - 1
_SUCCESS_HEAD = b'{"code":0,"message":"success","data":'


@dataclass(frozen=True, slots=True)
class Envelope:
    """An answer, opened.

    Attributes:
        code: 0 for success, else a business code.
        message: Text for the user.
        data: Any JSON value; never `None` on success.
    """

    code: int
    message: str
    data: Any


def success(data: object = None) -> dict[str, object]:
    """Return the envelope of a success; without data it carries `{}`, as clients demand."""
    return {"code": 0, "message": SUCCESS_MESSAGE, "data": {} if data is None else data}


def success_bytes(data_json: bytes = b"{}") -> bytes:
    """Return the envelope of a success around data that is JSON already (and not `null`)."""
    return _SUCCESS_HEAD + data_json + b"}"


def failure(
    reason: str, language: Language = Language.EN, detail: str = ""
) -> tuple[int, dict[str, object]]:
    """Return the HTTP status and the envelope of a refusal.

    Args:
        reason: Key of `REASONS`.
        language: Of the caller, see `pick_language`.
        detail: Names the field or value where the text has a place for it.

    Raises:
        KeyError: If the table has no such reason; a programming mistake.
    """
    row = REASONS[reason]
    return row.http_status, {
        "code": row.code,
        "message": row.message(language, detail),
        "data": None,
    }


def error_body(
    reason: str, language: Language = Language.EN, detail: str = ""
) -> tuple[int, bytes]:
    """Return the status byte and the body of a socket response that refuses.

    Raises:
        KeyError: If the table has no such reason.
        ValueError: If the reason is not one of the sockets.
    """
    row = REASONS[reason]
    if row.socket_status is None:
        raise ValueError(f"{reason} has no socket status")
    message = row.message(language, detail)
    return row.socket_status.value, Error(code=row.code, msg=message).SerializeToString()


def open_envelope(value: object) -> Envelope:
    """Return what a decoded JSON answer says; unknown keys are ignored.

    Raises:
        BadEnvelope: If it is not an object, `code` or `message` is missing or of the wrong type,
            or a success has no data.
    """
    if not isinstance(value, dict):
        raise BadEnvelope(f"an object is expected, not {type(value).__name__}")
    code, message, data = value.get("code"), value.get("message"), value.get("data")
    if not isinstance(code, int) or isinstance(code, bool) or not _CODE_MIN <= code <= _CODE_MAX:
        raise BadEnvelope("`code` is not a 32-bit integer")
    if not isinstance(message, str):
        raise BadEnvelope("`message` is not a string")
    if code == 0 and data is None:
        raise BadEnvelope("a success without `data`")
    return Envelope(code, message, data)
