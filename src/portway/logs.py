"""How the server logs: one line per event, plain or JSON, with every secret masked.

All logging goes through the standard library; structlog renders it. Masking works on the finished
text of every value, so that a secret is hidden wherever it turns up, in a traceback too.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

__all__ = ["configure_logs", "masked"]

# Names whose value is a secret, and texts that are one by their form: access tokens, hex secrets,
# the admin path, signatures.
SECRET_NAMES = re.compile(r"(?i)secret|token|otp|password|authorization|signature|session_id")
SECRET_TEXTS = re.compile(r"(?P<keep>/admin/|Signature=|\bm_)[A-Za-z0-9_\-]{8,}|\b[0-9a-f]{64}\b")
MASK = "***"


def masked(text: str) -> str:
    """Return `text` with everything that looks like a secret replaced."""
    return SECRET_TEXTS.sub(lambda found: (found["keep"] or "") + MASK, text)


def _mask_values(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = masked(value)
    return event


def configure_logs(level: str, *, as_json: bool) -> None:
    """Send every logger of the process to standard error."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_values,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared[:2], structlog.stdlib.ExtraAdder(), *shared[2:]],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
