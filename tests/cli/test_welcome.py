"""What a starting server tells a newcomer to type."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from portway.cli.welcome import welcome

SERVER = {
    "version": "1.2.3",
    "markets": "Clock open",
    **dict.fromkeys(
        (
            "http_url",
            "quote_ws_url",
            "trade_ws_url",
            "app_key",
            "app_secret",
            "access_token",
            "quote_tcp",
            "trade_tcp",
            "admin_url",
        ),
        "value",
    ),
}


@pytest.mark.parametrize(
    ("started_as", "typed"),
    [
        (".venv/bin/portway", ".venv/bin/portway"),
        ("/somewhere/portway/cli/__main__.py", "-m portway.cli"),
    ],
)
def test_the_next_commands_can_be_typed_as_they_stand(
    started_as: str,
    typed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", [started_as])
    monkeypatch.setenv("PATH", "/nowhere")
    welcome(tmp_path, SERVER)
    said = capsys.readouterr().out
    assert f"{typed} watch --home {tmp_path} 700.HK" in said
    assert f"{typed} env --home {tmp_path})" in said
    assert "export LONGPORT_HTTP_URL=value" in said


def test_a_command_on_the_path_needs_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = tmp_path / "portway"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(command)])
    monkeypatch.setenv("PATH", str(tmp_path))
    welcome(tmp_path, SERVER)
    assert "  portway watch --home" in capsys.readouterr().out
