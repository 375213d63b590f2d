"""`portway quote`: what it prints, whom it asks, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from portway.cli.main import main
from tests.openapi.peer import ACCESS_TOKEN, APP_KEY, APP_SECRET, Peer, Refusal


def test_a_table_of_the_homes_server(service: Peer, home: Path) -> None:
    result = CliRunner().invoke(main, ["quote", "00700.hk", "AAPL.US", "--home", str(home)])
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line for line in result.output.splitlines() if line.strip()}
    for text in ("TENCENT", "612.500", "+2.08%", "1.23M", "756.13M", "01-01 10:00:00"):
        assert text in rows["700.HK"]
    assert "-1.35%" in rows["AAPL.US"]
    assert "12-31 21:00:00" in rows["AAPL.US"]  # New York's clock
    assert service.http_asked[0][1]["x-portway-tool"] == "tool-0001"


def test_json_has_prices_as_text(home: Path) -> None:
    result = CliRunner().invoke(main, ["quote", "700.HK", "--json", "--home", str(home)])
    (quote,) = json.loads(result.output)
    assert quote["last_done"] == "612.500"
    assert quote["volume"] == 1234500
    assert quote["timestamp"] == "2026-01-01T10:00:00+08:00"


def test_unknown_symbols_are_named_and_fail(home: Path) -> None:
    result = CliRunner().invoke(main, ["quote", "700.HK", "NOPE.US", "--home", str(home)])
    assert result.exit_code == 1
    assert "612.500" in result.output
    assert "unknown symbol: NOPE.US" in result.output
    alone = CliRunner().invoke(main, ["quote", "NOPE.US", "--home", str(home)])
    assert (alone.exit_code, alone.output) == (1, "Error: unknown symbol: NOPE.US\n")


def test_no_server_on_the_home(clean_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["quote", "700.HK", "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "portway serve" in result.output


def test_a_server_that_is_gone_and_one_that_refuses(service: Peer, home: Path) -> None:
    service.handlers[11] = lambda _: Refusal(7, 301602, "server error")
    refused = CliRunner().invoke(main, ["quote", "700.HK", "--home", str(home)])
    assert (refused.exit_code, "refused (301602): server error" in refused.output) == (1, True)
    service.stop()
    gone = CliRunner().invoke(main, ["quote", "700.HK", "--home", str(home)])
    service.start()
    assert gone.exit_code == 1
    assert "no answer from ws://127.0.0.1" in gone.output
    assert len(gone.output.splitlines()) == 1


def test_the_environment_names_a_service_and_a_typed_home_wins(
    service: Peer, home: Path, clean_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {
        "APP_KEY": APP_KEY, "APP_SECRET": APP_SECRET, "ACCESS_TOKEN": ACCESS_TOKEN,
        "HTTP_URL": service.http_url, "QUOTE_WS_URL": service.ws_url, "LANGUAGE": "zh-CN",
    }.items():  # fmt: skip
        clean_environment.setenv(f"LONGPORT_{name}", value)
    clean_environment.setenv("PORTWAY_HOME", str(tmp_path / "nothing here"))
    result = CliRunner().invoke(main, ["quote", "700.HK"])
    assert result.exit_code == 0, result.output
    assert "腾讯控股" in result.output
    assert "x-portway-tool" not in service.http_asked[0][1]
    typed = CliRunner().invoke(main, ["quote", "700.HK", "--home", str(tmp_path)])
    assert typed.exit_code == 1
    clean_environment.setenv("PORTWAY_HOME", str(home))
    CliRunner().invoke(main, ["quote", "700.HK"])
    assert service.http_asked[-1][1]["x-portway-tool"] == "tool-0001"


def test_credentials_without_addresses_never_reach_for_the_broker(
    home: Path, clean_environment: pytest.MonkeyPatch
) -> None:
    for name in ("APP_KEY", "APP_SECRET", "ACCESS_TOKEN"):
        clean_environment.setenv(f"LONGPORT_{name}", "of the broker")
    clean_environment.setenv("PORTWAY_HOME", str(home))
    result = CliRunner().invoke(main, ["quote", "700.HK"])
    assert result.exit_code == 0, result.output
