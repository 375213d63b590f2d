"""Settings: where they come from, which wins, and that secrets stay hidden."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from portway.openapi import Config, ConfigError, Language, OpenApiException, PushCandlestickMode
from portway.openapi.dotenv import parse_dotenv, read_environment

CREDENTIALS = {"APP_KEY": "key", "APP_SECRET": "secret-secret", "ACCESS_TOKEN": "token-token-tok"}


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    import os

    for name in list(os.environ):
        if name.startswith(("PORTWAY_", "LONGPORT_", "LONGBRIDGE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.mark.parametrize("prefix", ["PORTWAY", "LONGBRIDGE", "LONGPORT"])
def test_every_prefix_is_read(clean: pytest.MonkeyPatch, prefix: str) -> None:
    for suffix, value in CREDENTIALS.items():
        clean.setenv(f"{prefix}_{suffix}", value)
    clean.setenv(f"{prefix}_QUOTE_WS_URL", "ws://127.0.0.1:1/v2")
    clean.setenv(f"{prefix}_LANGUAGE", "zh-HK")
    clean.setenv(f"{prefix}_ENABLE_OVERNIGHT", "true")
    clean.setenv(f"{prefix}_PUSH_CANDLESTICK_MODE", "confirmed")
    config = Config.from_env()
    assert (config.app_key, config.quote_url) == ("key", "ws://127.0.0.1:1/v2")
    assert config.language is Language.ZH_HK
    assert config.enable_overnight
    assert config.push_candlestick_mode is PushCandlestickMode.Confirmed


def test_the_newer_prefix_wins_variable_by_variable(clean: pytest.MonkeyPatch) -> None:
    for suffix in CREDENTIALS:
        clean.setenv(f"LONGPORT_{suffix}", "old")
    clean.setenv("LONGBRIDGE_APP_KEY", "new")
    config = Config.from_env()
    assert (config.app_key, config.app_secret) == ("new", "old")


def test_a_missing_credential_is_named(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("LONGPORT_APP_KEY", "key")
    with pytest.raises(
        OpenApiException, match=r"missing environment variable: .*APP_SECRET"
    ) as info:
        Config.from_env()
    assert info.value.code is None
    assert isinstance(info.value, ValueError)


def test_a_dotenv_of_a_parent_folder_fills_in_and_never_overrides(
    clean: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "\n".join(f"LONGPORT_{suffix}={value}" for suffix, value in CREDENTIALS.items())
    )
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    clean.chdir(below)
    clean.setenv("LONGPORT_APP_KEY", "from the process")
    config = Config.from_env()
    assert (config.app_key, config.app_secret) == ("from the process", "secret-secret")


def test_dotenv_forms() -> None:
    text = """
# comment
export A=1
B = two words # comment
C="quoted # not a comment\\n"
D='single $ \\n'
E=
not an assignment
"""
    assert parse_dotenv(text) == {
        "A": "1", "B": "two words", "C": "quoted # not a comment\n", "D": "single $ \\n", "E": "",
    }  # fmt: skip


def test_the_process_is_not_changed_by_a_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LONGPORT_X=1\n")
    environ: dict[str, str] = {}
    assert read_environment(environ, tmp_path).get("X") == "1"
    assert environ == {}


def test_secrets_are_not_in_the_repr() -> None:
    config = Config("key-0001", "the-app-secret-0001", "the-access-token-0001")
    for secret in ("the-app-secret-0001", "the-access-token-0001", "secret-0001"):
        assert secret not in repr(config)
    assert repr(pickle.loads(pickle.dumps(config))) == repr(config)


def test_a_config_cannot_be_changed() -> None:
    config = Config("k", "s", "t")
    with pytest.raises(AttributeError):
        config.app_key = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"http_url": "ws://x"}, ConfigError),
        ({"quote_ws_url": "http://x"}, ConfigError),
        ({"timeout_s": 0}, OpenApiException),
        ({"language": "en"}, TypeError),
        ({"http_url": 1}, TypeError),
    ],
)
def test_unusable_settings_are_refused(
    arguments: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Config("k", "s", "t", **arguments)  # type: ignore[arg-type]


def test_the_region_follows_the_credentials() -> None:
    assert Config("k", "s", "us_token").dc_region == "us"
    assert Config("k", "s", "token").dc_region == "ap"
