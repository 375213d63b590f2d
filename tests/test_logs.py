"""What the log never shows."""

from __future__ import annotations

import json
import logging

import pytest

from portway.logs import configure_logs, masked

SECRET = "ab" * 32
TOKEN = "m_dGhpcyBpcyBhIHRva2Vu-_xyz"


@pytest.fixture(autouse=True)
def _restore_logging():
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], level = before
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"token {TOKEN} refused", "token m_*** refused"),
        (f"secret={SECRET}", "secret=***"),
        (f"GET /admin/{TOKEN[2:]}/clock", "GET /admin/***/clock"),
        (f"Signature={SECRET}", "Signature=***"),
        ("order 700000000000000001 of 700.HK", "order 700000000000000001 of 700.HK"),
    ],
)
def test_secrets_are_masked_wherever_they_turn_up(text, shown):
    assert masked(text) == shown


def test_a_json_line_masks_values_names_and_tracebacks(capsys):
    configure_logs("info", as_json=True)
    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        logging.getLogger("portway.x").exception(
            "sign-in with %s failed", TOKEN, extra={"app_secret": "short", "symbol": "700.HK"}
        )
    line = capsys.readouterr().err
    entry = json.loads(line)
    assert TOKEN not in line
    assert entry["app_secret"] == "***"
    assert entry["symbol"] == "700.HK"
    assert entry["level"] == "error"
    assert "bad token m_***" in entry["exception"]


def test_the_plain_form_masks_too(capsys):
    configure_logs("info", as_json=False)
    logging.getLogger("portway.x").warning("secret %s", SECRET)
    assert SECRET not in capsys.readouterr().err
