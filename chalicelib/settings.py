"""Typed settings from the environment. Every one is documented in docs/settings.md (a test compares the two)."""

from __future__ import annotations

import os
import re
import secrets
import string
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "XIXINBAN_"
WECHAT_PLATFORM = "https://api.weixin.qq.com"
WECHAT_OPEN = "https://open.weixin.qq.com"
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and says what to do. Shown to operators as it is."""


class Settings(BaseSettings):
    """All that a deployment may choose. Secrets never appear in ``repr``, logs or errors."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    stage: Literal["local", "aws"] = "local"
    demo: bool = False
    db: Path = Path("var/xixinban.db")
    sqlite_synchronous: Literal["FULL", "NORMAL"] = "FULL"
    public_url: str = "http://127.0.0.1:8000"
    session_secret: SecretStr = SecretStr("")
    session_secret_previous: SecretStr = SecretStr("")

    wechat_token: SecretStr = SecretStr("")
    wechat_token_previous: SecretStr = SecretStr("")
    wechat_app_id: str = ""
    wechat_app_secret: SecretStr = SecretStr("")
    wechat_aes_key: SecretStr = SecretStr("")
    wechat_aes_key_previous: SecretStr = SecretStr("")
    wechat_modes: str = ""
    wechat_domain_codes: str = ""
    wechat_api_base: str = WECHAT_PLATFORM
    wechat_oauth_base: str = WECHAT_OPEN
    wechat_timeout_seconds: float = Field(default=5.0, gt=0, le=30)
    wechat_rate_per_second: int = Field(default=20, ge=1, le=1000)
    wechat_verified_until: str = ""
    quiet_hours: str | None = None
    template_policy: str = "tmpl-policy-digest"
    template_loan: str = "tmpl-loan-progress"
    template_case: str = "tmpl-case-progress"
    template_deadline: str = "tmpl-deadline"
    long_term_templates: str = "tmpl-policy-digest"

    content_review: bool = False
    province: bool = False

    table: str = "xixinban"
    bucket: str = ""
    queue_prefix: str = "xixinban"
    aws_endpoint_url: str = ""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("wechat_aes_key", "wechat_aes_key_previous")
    @classmethod
    def _aes_key_form(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _AES_KEY.fullmatch(value.get_secret_value()):
            raise ValueError("must be the 43 letters and digits of EncodingAESKey")
        return value

    @field_validator("public_url", "wechat_api_base", "wechat_oauth_base")
    @classmethod
    def _url_form(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
            raise ValueError("must be an http or https address")
        return value.rstrip("/")

    @field_validator("quiet_hours")
    @classmethod
    def _quiet_form(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"off|[0-2]\d:[0-5]\d-[0-2]\d:[0-5]\d", value):
            raise ValueError("must be like 21:00-08:00, or off")
        return value

    @field_validator("wechat_verified_until")
    @classmethod
    def _day_form(cls, value: str) -> str:
        try:
            return date.fromisoformat(value).isoformat() if value else ""
        except ValueError:
            raise ValueError("must be a day like 2027-05-31") from None

    @field_validator("wechat_modes")
    @classmethod
    def _modes_form(cls, value: str) -> str:
        if unknown := set(value.split()) - {"safe", "compatible", "plaintext"}:
            raise ValueError(f"knows safe, compatible and plaintext, not {', '.join(sorted(unknown))}")
        return value

    @field_validator("wechat_domain_codes")
    @classmethod
    def _codes_form(cls, value: str) -> str:
        if not all(re.fullmatch("[A-Za-z0-9]{8,64}", code) for code in value.split()):
            raise ValueError("takes what stands between MP_verify_ and .txt: letters and digits")
        return value

    @property
    def modes(self) -> frozenset[str]:
        """Push modes taken. On AWS only the safe one unless set: in plaintext no signature covers the body."""
        chosen = self.wechat_modes or ("safe" if self.stage == "aws" else "safe compatible plaintext")
        return frozenset(chosen.split())

    @property
    def session_secrets(self) -> tuple[str, ...]:
        """The first signs, each of them opens: there is a second one while the secret is being rotated (轮换)."""
        both = (self.session_secret.get_secret_value(), self.session_secret_previous.get_secret_value())
        return tuple(secret for secret in both if secret)

    @property
    def verified_until(self) -> date | None:
        """The last day of the service account's verification (认证), where somebody wrote it down."""
        return date.fromisoformat(self.wechat_verified_until) if self.wechat_verified_until else None

    @property
    def quiet(self) -> str:
        """Quiet hours in force: off in a demo unless they are set (docs/adr/0005)."""
        return self.quiet_hours or ("off" if self.demo else "21:00-08:00")

    def public(self) -> dict[str, object]:
        """All but the secrets, as JSON has it."""
        secret = {name for name in type(self).model_fields if isinstance(getattr(self, name), SecretStr)}
        return self.model_dump(mode="json", exclude=secret)

    @model_validator(mode="after")
    def _nothing_empty(self) -> Settings:
        """An empty token would let anyone sign (facts of wechatpy: it accepts one)."""
        needed = ["wechat_token", "wechat_app_id", "wechat_app_secret", "wechat_aes_key", "session_secret"]
        if self.stage == "aws":
            needed.append("bucket")
        for name in needed:
            value = getattr(self, name)
            if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
                raise ValueError(f"{PREFIX}{name.upper()} must not be empty")
        return self


def load(**overrides: object) -> Settings:
    """Read the environment. Stage local makes its own secrets once, beside the database, for those not set at all.

    Raises SettingsError naming each setting that is wrong.
    """
    given: dict[str, object] = {k: v for k, v in overrides.items() if v is not None}
    stage = given.get("stage", os.environ.get(PREFIX + "STAGE", "local"))
    if stage == "local":
        db = Path(str(given.get("db") or os.environ.get(PREFIX + "DB") or "var/xixinban.db"))
        for name, value in local_secrets(db).items():
            if PREFIX + name.upper() not in os.environ:
                given.setdefault(name, value)
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None


def local_secrets(db: Path) -> dict[str, str]:
    """Secrets for a run on one machine, made once and kept in ``local.env`` beside the database, mode 0600."""
    path = db.parent / "local.env"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        alphabet = string.ascii_letters + string.digits
        made = {
            "wechat_token": secrets.token_hex(12),
            "wechat_app_id": "wx" + secrets.token_hex(8),
            "wechat_app_secret": secrets.token_hex(16),
            "wechat_aes_key": "".join(secrets.choice(alphabet) for _ in range(43)),
            "session_secret": secrets.token_hex(32),
        }
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.touch(mode=0o600)
        draft.write_text("".join(f"{PREFIX}{k.upper()}={v}\n" for k, v in made.items()), encoding="utf-8")
        try:
            os.link(draft, path)  # atomic and never over an existing file: two first starts agree on one set
        except FileExistsError:
            pass
        draft.unlink()
    pairs = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {name.removeprefix(PREFIX).lower(): value for name, value in pairs}


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else ""
        message = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {message}" if name else message)
    return "settings: " + "; ".join(lines) + " (see docs/settings.md)"
