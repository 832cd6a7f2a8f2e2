"""Every setting reaches the functions, and no secret is in the template."""

from __future__ import annotations

import pytest

from chalicelib.errors import BadInput
from chalicelib.settings import Settings
from infra.parameters import (
    FORMER,
    NO_PLUGINS,
    SECRETS,
    chosen_settings,
    conditions,
    environment,
    parameter_name,
    parameters,
)
from infra.stage import Stage

STAGE = Stage("prod")


def test_every_setting_is_given_to_the_functions_or_has_no_place_there() -> None:
    given = {name.removeprefix("XIXINBAN_").lower() for name in environment(STAGE).keys() - NO_PLUGINS.keys()}
    assert set(Settings.model_fields) - given == {"db", "sqlite_synchronous", "aws_endpoint_url"}
    assert given <= set(Settings.model_fields)


def test_defaults_of_the_parameters_are_those_of_the_settings() -> None:
    """Read back through Settings, so that their form is right as well as their value."""
    declared = parameters()
    texts = {name: declared[parameter_name(name)].get("Default", "https://x.gov.cn") for name in chosen_settings()}
    secrets = dict.fromkeys(SECRETS, "x" * 43)
    read = Settings(stage="aws", bucket="b", **{**texts, **secrets})
    expected = Settings(stage="aws", bucket="b", public_url="https://x.gov.cn", **secrets)  # type: ignore[arg-type]
    assert read.model_copy(update={"quiet_hours": None}) == expected
    assert read.quiet == expected.quiet == "21:00-08:00"


def test_the_public_address_has_no_default() -> None:
    assert "Default" not in parameters()["PublicUrl"]


def test_secrets_are_references_to_one_version() -> None:
    variables = environment(STAGE)
    for name in SECRETS:
        text = variables["XIXINBAN_" + name.upper()]["Fn::Sub"]
        assert text == "{{resolve:secretsmanager:xixinban/prod:SecretString:" + name + "::${SecretVersion}}}"
    for name in FORMER:
        condition, reference, _ = variables["XIXINBAN_" + name.upper()]["Fn::If"]
        ((equals, is_kept),) = conditions()[condition].items()
        assert (equals, is_kept[0]["Ref"] in parameters()) == ("Fn::Equals", True)
        assert f":{name}::" in reference["Fn::Sub"]


@pytest.mark.parametrize("name", ["", "Prod", "1prod", "prod-2", "x" * 17, "测试"])
def test_a_stage_name_that_aws_would_refuse_is_refused_first(name: str) -> None:
    with pytest.raises(BadInput, match="环境名"):
        Stage(name)
