"""Settings: documented, checked at the start, secrets made once and never shown."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from chalicelib.settings import PREFIX, Settings, SettingsError, load

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    documented = set(re.findall(rf"^\| `({PREFIX}\w+)`", (ROOT / "docs/settings.md").read_text("utf-8"), re.M))
    assert documented == {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_local_makes_its_secrets_once_and_keeps_them(tmp_path: Path) -> None:
    first = load(db=tmp_path / "a.db")
    again = load(db=tmp_path / "a.db")
    assert first.wechat_token.get_secret_value() == again.wechat_token.get_secret_value() != ""
    assert stat.S_IMODE((tmp_path / "local.env").stat().st_mode) == 0o600


def test_an_empty_token_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIXINBAN_WECHAT_TOKEN", "")
    with pytest.raises(SettingsError, match="XIXINBAN_WECHAT_TOKEN must not be empty"):
        load(db=tmp_path / "a.db")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WECHAT_AES_KEY", "short"),
        ("STAGE", "moon"),
        ("PUBLIC_URL", "ftp://x"),
        ("QUIET_HOURS", "night"),
        ("WECHAT_DOMAIN_CODES", "../local.env"),
        ("WECHAT_TIMEOUT_SECONDS", "0"),
        ("DEMO", "perhaps"),
    ],
)
def test_a_wrong_setting_is_named_and_not_echoed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError, match=PREFIX + name):
        load(db=tmp_path / "a.db")


def test_stage_aws_makes_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIXINBAN_STAGE", "aws")
    with pytest.raises(SettingsError, match="must not be empty"):
        load()


def test_secrets_do_not_show(tmp_path: Path) -> None:
    settings = load(db=tmp_path / "a.db")
    for name in ("wechat_token", "wechat_app_secret", "wechat_aes_key", "session_secret"):
        assert getattr(settings, name).get_secret_value() not in repr(settings)


def test_quiet_hours_are_off_in_a_demo_unless_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(db=tmp_path / "a.db").quiet == "21:00-08:00"
    monkeypatch.setenv("XIXINBAN_DEMO", "1")
    assert load(db=tmp_path / "a.db").quiet == "off"
    monkeypatch.setenv("XIXINBAN_QUIET_HOURS", "22:00-07:30")
    assert load(db=tmp_path / "a.db").quiet == "22:00-07:30"


@pytest.mark.parametrize(("name", "value"), [("WECHAT_AES_KEY", "S3CRET" + "x" * 38), ("WECHAT_APP_ID", "")])
def test_a_secret_shows_in_nothing_that_an_error_came_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A key copied with a character too many, and another setting missing beside it."""
    monkeypatch.setenv(PREFIX + "WECHAT_APP_SECRET", "S3CRET")
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as caught:
        load(db=tmp_path / "a.db")
    error: BaseException | None = caught.value
    while error:
        assert "S3CRET" not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__
