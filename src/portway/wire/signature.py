"""Signature of an HTTP request: the canonical text, signing, checking; bearer tokens.

Everything is computed on the bytes of the request line and the headers as they travelled: decoding
or normalising a path before this point breaks the signature. Of a header that occurs twice the
last value counts, because clients send a user's own value before theirs. Knows no account, no
secret store and no clock.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = [
    "ALGORITHM",
    "SIGNED_HEADERS",
    "SignatureHeader",
    "bearer_token",
    "canonical_request",
    "last_values",
    "parse_signature_header",
    "parse_timestamp_ms",
    "sign",
    "signature_header",
    "verify",
]

ALGORITHM: Final = "HMAC-SHA256"
SIGNED_HEADERS: Final = ("authorization", "x-api-key", "x-timestamp")

_SIGNED_HEADERS_MAX = 16
_HEADER_BYTES_MAX = 1024
_NAMES_KEPT = 64
_HEADER_FORM = re.compile(
    r"HMAC-SHA256 +SignedHeaders=([A-Za-z0-9!#$%&'*+.^_`|~;-]+) *, *Signature=([0-9A-Fa-f]{64})"
)
_TIMESTAMP_FORM = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,9}))?")
_BEARER = "bearer "


class SignatureHeader(NamedTuple):
    """`X-Api-Signature`, taken apart.

    Attributes:
        signed_headers: Lower-case names in the order in which their values were signed.
        signature: 64 lower-case hex digits.
    """

    signed_headers: tuple[str, ...]
    signature: str


def last_values(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, bytes]:
    """Return the last value of every header, by lower-case name."""
    return {name.decode("latin-1").lower(): value for name, value in headers}


def canonical_request(
    method: str,
    raw_path: str | bytes,
    raw_query: str | bytes,
    body: bytes,
    signed: Sequence[tuple[str, str | bytes]],
) -> bytes:
    """Return the text whose hash is signed.

    Args:
        method: Any case; it is signed in upper case.
        raw_path: From the request line, percent escapes untouched, beginning with `/`.
        raw_query: What follows `?`, untouched; empty for none and for a bare `?`.
        body: As transmitted; an empty body adds nothing, `{}` adds its hash.
        signed: (lower-case name, value) of each signed header, in order.
    """
    lines = b"".join([b"%b:%b\n" % (name.encode(), _octets(value)) for name, value in signed])
    names = ";".join(name for name, _ in signed).encode()
    digest = hashlib.sha1(body).hexdigest().encode() if body else b""
    parts = (method.upper().encode(), _octets(raw_path), _octets(raw_query), lines, names, digest)
    return b"|".join(parts)


def sign(canonical: bytes, secret: str) -> str:
    """Return the 64 lower-case hex digits that sign a canonical request."""
    to_sign = f"{ALGORITHM}|{hashlib.sha1(canonical).hexdigest()}"
    return hmac.digest(secret.encode(), to_sign.encode(), "sha256").hex()


def signature_header(
    method: str,
    raw_path: str | bytes,
    raw_query: str | bytes,
    body: bytes,
    headers: Mapping[str, str | bytes],
    secret: str,
) -> str:
    """Return the value of `X-Api-Signature` for a request with these headers.

    Raises:
        KeyError: If one of `SIGNED_HEADERS` is not in `headers` (lower-case names).
    """
    signed = [(name, headers[name]) for name in SIGNED_HEADERS]
    signature = sign(canonical_request(method, raw_path, raw_query, body, signed), secret)
    return f"{ALGORITHM} SignedHeaders={';'.join(SIGNED_HEADERS)}, Signature={signature}"


def parse_signature_header(value: str | bytes) -> SignatureHeader | None:
    """Return the parts of `X-Api-Signature`, or `None` if it cannot protect a request.

    `None` also when one of the three names that must be signed is missing.
    """
    text = _text(value).strip()
    if len(text) > _HEADER_BYTES_MAX:
        return None
    match = _HEADER_FORM.fullmatch(text)
    if match is None:
        return None
    names = _signed_names(match[1])
    return None if names is None else SignatureHeader(names, match[2].lower())


@lru_cache(_NAMES_KEPT)  # every client signs the same headers each time
def _signed_names(text: str) -> tuple[str, ...] | None:
    names = tuple(text.lower().split(";"))
    if len(names) > _SIGNED_HEADERS_MAX or not set(SIGNED_HEADERS) <= set(names):
        return None
    return names


def verify(
    method: str,
    raw_path: str | bytes,
    raw_query: str | bytes,
    body: bytes,
    headers: Mapping[str, str | bytes],
    secret: str,
) -> bool:
    """Return whether `x-api-signature` among the headers signs this request, in constant time.

    False alike for a missing, malformed, incomplete or wrong signature: all are one refusal.

    Args:
        method: As `canonical_request`, likewise the next three.
        raw_path: From the request line.
        raw_query: From the request line.
        body: As transmitted.
        headers: By lower-case name; see `last_values`.
        secret: Of the app key the request names.
    """
    parsed = parse_signature_header(headers.get("x-api-signature", ""))
    if parsed is None:
        return False
    try:
        signed = [(name, headers[name]) for name in parsed.signed_headers]
    except KeyError:
        return False
    expected = sign(canonical_request(method, raw_path, raw_query, body, signed), secret)
    return hmac.compare_digest(expected, parsed.signature)


def bearer_token(authorization: str | bytes) -> str | None:
    """Return the token of `Bearer <token>`, or `None` for a plain access token.

    A request with a bearer token is not signed; one with a plain access token must be.
    """
    text = _text(authorization).strip()
    if text[: len(_BEARER)].lower() != _BEARER:
        return None
    return text[len(_BEARER) :].strip()


def parse_timestamp_ms(value: str | bytes) -> int | None:
    """Return `x-timestamp` in Unix milliseconds, rounded down, or `None` if it is no such time.

    Whole and fractional seconds both occur. The text itself is what is signed.
    """
    match = _TIMESTAMP_FORM.fullmatch(_text(value).strip())
    if match is None:
        return None
    return int(match[1]) * 1000 + int(((match[2] or "") + "000")[:3])


def _octets(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def _text(value: str | bytes) -> str:
    # Latin-1 maps every byte to one character, so nothing a client sends can fail here.
    return value.decode("latin-1") if isinstance(value, bytes) else value
