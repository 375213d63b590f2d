"""One tree of errors: the official four attributes and text, and the standard families besides."""

from __future__ import annotations

import pickle

import pytest

from portway.openapi import (
    ArgumentError,
    ConnectError,
    DecodeError,
    ErrorKind,
    OpenApiException,
    RequestTimeout,
)
from portway.openapi.errors import refused


def test_a_refusal_reads_as_in_the_official_client() -> None:
    error = refused(401003, "token expired", "TID")
    assert str(error) == (
        "OpenApiException: (kind=ErrorKind.OpenApi, code=401003, trace_id=TID) token expired"
    )
    assert error.args == (ErrorKind.OpenApi, 401003, "TID", "token expired")


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        (RequestTimeout, TimeoutError),
        (ConnectError, ConnectionError),
        (DecodeError, ValueError),
        (ArgumentError, ValueError),
    ],
)
def test_local_errors_belong_to_both_families(
    kind: type[OpenApiException], family: type[Exception]
) -> None:
    error = kind("what happened")  # type: ignore[call-arg, arg-type]
    assert isinstance(error, OpenApiException)
    assert isinstance(error, family)
    assert str(error) == "OpenApiException: what happened"
    assert error.args == (ErrorKind.Other, None, None, "what happened")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.args, str(again)) == (kind, error.args, str(error))
