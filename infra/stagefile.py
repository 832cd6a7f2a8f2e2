"""What a stage chooses: ``infra/stages/NAME.toml``. Settings at the top, the deployment's own switches under [aws]."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from chalicelib.errors import BadInput
from chalicelib.settings import PREFIX, Settings, SettingsError, load
from infra.parameters import SECRETS, chosen_settings, parameter_name, setting_text
from infra.stage import Stage
from infra.staging import ARCHITECTURES, Architecture

STAGES = Path(__file__).parent / "stages"
_OF_PACKAGING = ("architecture", "meaning_layer")
SWITCHES = ("fixed_egress", "alarm_email", "domain_name", "certificate_arn", "kms_key_arn", *_OF_PACKAGING)
_TEMPLATES = ("template_policy", "template_loan", "template_case", "template_deadline")
MOST_ENVIRONMENT_BYTES = 4096 - 300
"""Lambda's limit for all environment variables of a function (Lambda quotas), less what the template adds."""

_STAND_INS = dict.fromkeys(SECRETS, "x" * 43)


@dataclass(frozen=True, slots=True)
class StageFile:
    settings: Mapping[str, Any]
    switches: Mapping[str, Any] = field(default_factory=dict)

    def parameters(self) -> dict[str, str]:
        """Values of the stack's parameters; what is not chosen keeps the template's default."""
        chosen = {**self.settings, **self.switches}
        chosen = {name: value for name, value in chosen.items() if name not in _OF_PACKAGING}
        return {parameter_name(name): setting_text(value) for name, value in chosen.items()}

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers (infra/layers.py) that what is chosen needs."""
        wanted = {"numpy": self.settings.get("province"), "meaning": self.switches.get("meaning_layer")}
        return tuple(name for name, is_wanted in wanted.items() if is_wanted)

    @property
    def architecture(self) -> Architecture:
        chosen: Architecture = self.switches.get("architecture") or ARCHITECTURES[0]
        return chosen

    def check(self, secrets: Mapping[str, str] | None = None) -> Settings:
        """The settings as the functions will read them. Raises SettingsError.

        Without ``secrets`` (no AWS at hand), stand-ins of the right form are put in their place.
        """
        found = load(stage="aws", bucket="checked", **{**self.settings, **(secrets or _STAND_INS)})
        if not found.public_url.startswith("https://"):
            raise SettingsError(f"{PREFIX}PUBLIC_URL 要以 https:// 开头，现在是 {found.public_url}。")
        if (size := _environment_bytes(found)) > MOST_ENVIRONMENT_BYTES:
            raise SettingsError(
                f"设置合计 {size} 字节，超过 Lambda 环境变量的 {MOST_ENVIRONMENT_BYTES} 字节。"
                "请缩短 long_term_templates、wechat_domain_codes 这样的列表。"
            )
        return found

    def warnings(self) -> Iterator[str]:
        """What a service with real people should not go without."""
        defaults = Settings.model_fields
        for name in _TEMPLATES:
            if self.settings.get(name) in (None, "", defaults[name].default):
                yield f"{name} 没有填：这类通知发不出去，只进收件箱。"
        if self.settings.get("demo"):
            yield "demo 打开着：示例数据会展示并推送，只能用于试用环境。"
        if not self.switches.get("fixed_egress"):
            yield "fixed_egress 没有打开：出口地址不固定，配置了 IP 白名单的公众号会拒绝（40164）。"
        if not self.switches.get("alarm_email"):
            yield "alarm_email 没有填：出了问题没有人知道。"
        if not self.switches.get("domain_name"):
            yield "domain_name 没有填：中国区必须用已备案的域名，微信网页授权也只认自有域名。"


def is_there(stage: Stage, folder: Path = STAGES) -> bool:
    return (folder / f"{stage.name}.toml").exists()


def read(stage: Stage, folder: Path = STAGES) -> StageFile:
    """Raises BadInput naming the file and the field."""
    path = folder / f"{stage.name}.toml"
    if not path.exists():
        raise BadInput(f"没有 {path}。请复制 {folder / 'example.toml'}，按里面的说明填写。")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} 读不懂：{error}") from None
    switches = content.pop("aws", {})
    for name in content:
        if name in SECRETS:
            raise BadInput(f"{path} 里不能写 {name}：密钥只放在 Secrets Manager 的 {stage.secret} 里。")
    _only_known(path, content, chosen_settings())
    _only_known(path, switches, SWITCHES)
    if bool(switches.get("domain_name")) != bool(switches.get("certificate_arn")):
        raise BadInput(f"{path}：domain_name 和 certificate_arn 要么都填，要么都不填。")
    if (architecture := switches.get("architecture", "")) not in ("", *ARCHITECTURES):
        raise BadInput(f"{path}：architecture 只能是 {' 或 '.join(ARCHITECTURES)}，现在是“{architecture}”。")
    return StageFile({name: value for name, value in content.items() if value != ""}, switches)


def _environment_bytes(settings: Settings) -> int:
    """All variables of a function: names and values, secrets too."""
    values = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else setting_text(value)
        for name, value in settings
        if value not in (None, "")
    }
    return sum(len(f"{PREFIX}{name}{value}".encode()) for name, value in values.items())


def _only_known(path: Path, given: Mapping[str, Any], known: list[str] | tuple[str, ...]) -> None:
    for name, value in given.items():
        if name not in known:
            raise BadInput(f"{path} 里的“{name}”不认识；可用：{'、'.join(known)}。")
        if not isinstance(value, str | int | float | bool):
            raise BadInput(f"{path} 里的“{name}”要写成一个值，不能是列表或表。")
