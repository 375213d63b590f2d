"""What can go wrong in the SDK: one tree, under the official client's one exception.

    OpenApiException          kind, code, trace_id, message, as in the official client
    |-- ConfigError           settings are missing or unusable (also a ValueError)
    |-- ArgumentError         an argument has the right type and a wrong value (also a ValueError)
    |-- ConnectError          no connection could be made, or it broke (also a ConnectionError)
    |-- RequestTimeout        no answer within the deadline (also a TimeoutError)
    |-- ContextClosed         the context was closed, or the process was forked
    |-- NotAvailable          not for this account or address; refused before anything is sent
    `-- DecodeError           an answer or a push that cannot be read (also a ValueError)
        `-- ServerFailed      a failure of the server's own: HTTP 5xx without an envelope

A refusal by the server is an `OpenApiException` itself, of kind `OpenApi`, with the server's code.
An argument of the wrong type is a `TypeError`, raised before anything is sent.
"""

from __future__ import annotations

from portway.openapi.enums import ErrorKind

__all__ = [
    "ArgumentError",
    "ConfigError",
    "ConnectError",
    "ContextClosed",
    "DecodeError",
    "NotAvailable",
    "OpenApiException",
    "RequestTimeout",
    "ServerFailed",
    "refused",
]


class OpenApiException(Exception):
    """Any failure of a call.

    Attributes:
        kind: `OpenApi` when the server refused, else `Other`.
        code: The server's business code; `None` for what went wrong on this side.
        trace_id: The server's name for the request: header `x-trace-id`, "" on a socket, `None`
            for what went wrong on this side.
        message: Text for the user.
    """

    def __init__(
        self, kind: ErrorKind, code: int | None, trace_id: str | None, message: str
    ) -> None:
        super().__init__(kind, code, trace_id, message)
        self.args = (kind, code, trace_id, message)  # OSError, a base of some, would keep two
        self.kind = kind
        self.code = code
        self.trace_id = trace_id
        self.message = message

    def __str__(self) -> str:
        if self.code is None:
            return f"OpenApiException: {self.message}"
        return (
            f"OpenApiException: (kind={self.kind}, code={self.code}, "
            f"trace_id={self.trace_id}) {self.message}"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuilt, (type(self), self.args))


class _LocalError(OpenApiException):
    """A failure on this side: no code, no trace id."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorKind.Other, None, None, message)


class ConfigError(_LocalError, ValueError):
    """Settings are missing or unusable."""


class ArgumentError(_LocalError, ValueError):
    """An argument has a value that cannot be sent; the message names it."""


class ConnectError(_LocalError, ConnectionError):
    """No connection could be made, or it broke before the answer came."""


class RequestTimeout(_LocalError, TimeoutError):
    """No answer within the deadline; whether the server acted on the request is unknown."""


class ContextClosed(_LocalError):
    """The context was closed; make a new one."""


class NotAvailable(_LocalError):
    """The call is not for this account or this address; nothing was sent."""


class DecodeError(_LocalError, ValueError):
    """The server sent what this client cannot read."""


class ServerFailed(DecodeError):
    """The server, or what stands before it, failed; whether it acted on the request is unknown."""


def refused(code: int, message: str, trace_id: str = "") -> OpenApiException:
    """Return the error for a refusal by the server."""
    return OpenApiException(ErrorKind.OpenApi, code, trace_id, message)


def _rebuilt(error: type[OpenApiException], args: tuple[object, ...]) -> OpenApiException:
    """Unpickle: the constructors of the tree differ, the four attributes do not."""
    new = error.__new__(error)
    OpenApiException.__init__(new, *args)  # type: ignore[arg-type]
    return new
