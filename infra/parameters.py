"""Settings as the functions get them: parameters of the stack, references to its resources, and the secrets.

All of it is derived from ``chalicelib.settings.Settings``, so that a new setting cannot be forgotten here. Secrets
reach a function's environment by a dynamic reference to one version of one Secrets Manager secret. The price: whoever
may read the function's configuration reads them. What it buys: no network call before the first answer within the
platform's 5 s, no right to read secrets in any function, and a rotation that is a deployment, with its diff and its
rollback.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from chalicelib.settings import PREFIX, Settings
from infra import keys, province
from infra.stage import Stage

Json = dict[str, Any]

SECRETS = ("wechat_token", "wechat_app_id", "wechat_app_secret", "wechat_aes_key", "session_secret")
"""Keys of the secret's JSON."""

FORMER = ("wechat_aes_key_previous", "wechat_token_previous", "session_secret_previous")
"""Keys that it holds besides, each only while that secret is being rotated (轮换)."""

_MADE_HERE = ("stage", "table", "bucket", "queue_prefix")
_NOT_IN_SERVICE = ("db", "sqlite_synchronous", "aws_endpoint_url")
_NO_DEFAULT = ("public_url",)


def chosen_settings() -> list[str]:
    """The settings that a stage file may choose."""
    fixed = {*SECRETS, *FORMER, *_MADE_HERE, *_NOT_IN_SERVICE}
    return [name for name in Settings.model_fields if name not in fixed]


def parameter_name(setting: str) -> str:
    """``public_url`` → ``PublicUrl``."""
    return "".join(word.capitalize() for word in setting.split("_"))


def parameters() -> Json:
    """The Parameters section."""
    return {
        **{parameter_name(name): _parameter(name) for name in chosen_settings()},
        "SecretVersion": {"Type": "String", "Description": "Version id of the stage's secret", "MinLength": 1},
        **{_kept(name): _switch(f"The secret also holds {name} (rotation under way)") for name in FORMER},
        "FixedEgress": _switch("Call WeChat from the fixed addresses of a NAT gateway (IP whitelist)"),
        "KmsKeyArn": keys.parameter(),
        "AlarmEmail": {"Type": "String", "Default": "", "Description": "Where alarms go; empty for nowhere"},
        "DomainName": {"Type": "String", "Default": "", "Description": "Own domain of the API; needs a certificate"},
        "CertificateArn": {"Type": "String", "Default": "none", "Description": "ACM certificate in this region"},
    }


def conditions() -> Json:
    return {
        **{_is_kept(name): {"Fn::Equals": [{"Ref": _kept(name)}, "true"]} for name in FORMER},
        "UseFixedEgress": {"Fn::Equals": [{"Ref": "FixedEgress"}, "true"]},
        "SendAlarms": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]},
        "UseOwnDomain": {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]},
        **keys.condition(),
        **province.condition(),
    }


NO_PLUGINS = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}
"""We have none, and pydantic would look through every distribution for them at each start (docs/adr/0019)."""


def environment(stage: Stage) -> Json:
    """Environment variables of every function."""
    secrets: Json = {name: _secret(stage, name) for name in SECRETS}
    secrets |= {name: {"Fn::If": [_is_kept(name), _secret(stage, name), {"Ref": "AWS::NoValue"}]} for name in FORMER}
    made = {"stage": "aws", "table": {"Ref": "Table"}, "bucket": {"Ref": "Content"}, "queue_prefix": stage.stack}
    chosen = {name: {"Ref": parameter_name(name)} for name in chosen_settings()}
    ours = {PREFIX + name.upper(): value for name, value in {**made, **chosen, **secrets}.items()}
    return NO_PLUGINS | ours


def rotating(secrets: Mapping[str, str]) -> dict[str, str]:
    """The parameters that say which former secrets there are; a reference to one that is not there fails the stack."""
    return {_kept(name): setting_text(bool(secrets.get(name))) for name in FORMER}


def _kept(name: str) -> str:
    return f"Keep{parameter_name(name)}"


def _is_kept(name: str) -> str:
    return f"Use{parameter_name(name)}"


def _parameter(setting: str) -> Json:
    parameter: Json = {"Type": "String", "Description": f"{PREFIX}{setting.upper()} (docs/settings.md)"}
    default = Settings.model_fields[setting].default
    if setting == "quiet_hours":
        parameter["Default"] = Settings.model_construct(demo=False).quiet
    elif setting not in _NO_DEFAULT:
        if default is PydanticUndefined or isinstance(default, SecretStr):
            raise TypeError(f"{setting}: a setting without a plain default needs a rule here")
        parameter["Default"] = setting_text(default)
    return parameter


def setting_text(value: object) -> str:
    """A setting as environment variables and parameters hold it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _switch(description: str) -> Json:
    return {"Type": "String", "AllowedValues": ["true", "false"], "Default": "false", "Description": description}


def _secret(stage: Stage, key: str) -> Json:
    # The version is part of the reference: CloudFormation does not look again at a reference that has not changed.
    return {"Fn::Sub": f"{{{{resolve:secretsmanager:{stage.secret}:SecretString:{key}::${{SecretVersion}}}}}}"}
