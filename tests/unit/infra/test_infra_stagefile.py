"""A stage's file is checked before anything is asked of AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.errors import BadInput
from chalicelib.settings import SettingsError
from infra import stagefile
from infra.stage import Stage

PROD = Stage("prod")
GOOD = """
public_url = "https://xxb.example.gov.cn"
template_loan = ""
wechat_rate_per_second = 30
[aws]
fixed_egress = true
alarm_email = "ops@example.gov.cn"
"""


def read(folder: Path, text: str) -> stagefile.StageFile:
    (folder / "prod.toml").write_text(text, encoding="utf-8")
    return stagefile.read(PROD, folder)


def test_what_is_chosen_becomes_parameters_and_what_is_empty_keeps_its_default(tmp_path: Path) -> None:
    chosen = read(tmp_path, GOOD)
    assert chosen.parameters() == {
        "PublicUrl": "https://xxb.example.gov.cn",
        "WechatRatePerSecond": "30",
        "FixedEgress": "true",
        "AlarmEmail": "ops@example.gov.cn",
    }
    assert chosen.check().wechat_rate_per_second == 30


def test_the_shipped_example_reads_and_warns_of_what_is_left_empty(tmp_path: Path) -> None:
    example = (stagefile.STAGES / "example.toml").read_text(encoding="utf-8")
    warned = " ".join(read(tmp_path, example).warnings())
    for name in ("template_policy", "template_loan", "alarm_email", "domain_name"):
        assert name in warned
    assert "fixed_egress" not in warned


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('publik_url = "https://x.cn"', "publik_url"),
        ('wechat_token = "abc"', "密钥只放在 Secrets Manager"),
        ('bucket = "b"', "“bucket”不认识"),
        ("[aws]\nnat = true", "“nat”不认识"),
        ('[aws]\narchitecture = "mips"', "x86_64 或 arm64"),
        ('long_term_templates = ["a"]', "不能是列表"),
        ('[aws]\ndomain_name = "x.cn"', "要么都填"),
        ("public_url = ", "读不懂"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        read(tmp_path, text)
    assert "prod.toml" in str(caught.value)


def test_a_stage_without_a_file_is_told_what_to_copy(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"prod\.toml.*example\.toml"):
        stagefile.read(PROD, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('public_url = "http://x.cn"', "https://"),
        ('public_url = "x.cn"', "XIXINBAN_PUBLIC_URL"),
        ('public_url = "https://x.cn"\nquiet_hours = "night"', "XIXINBAN_QUIET_HOURS"),
        ('public_url = "https://x.cn"\nwechat_rate_per_second = 0', "XIXINBAN_WECHAT_RATE_PER_SECOND"),
        ("", "https://"),
    ],
)
def test_settings_are_held_to_the_rules_that_the_functions_will_hold_them_to(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        read(tmp_path, text).check()


def test_the_processor_is_chosen_with_the_stage_and_is_no_parameter(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).architecture == "x86_64"
    chosen = read(tmp_path, GOOD + 'architecture = "arm64"\n')
    assert chosen.architecture == "arm64" and "Architecture" not in chosen.parameters()


def test_more_settings_than_lambda_takes_are_refused_before_aws_does(tmp_path: Path) -> None:
    ids = " ".join(f"{number:043}" for number in range(40))
    chosen = read(tmp_path, f'public_url = "https://x.cn"\nlong_term_templates = "{ids}"')
    assert chosen.check().long_term_templates == ids
    longer = " ".join(f"{number:043}" for number in range(80))
    with pytest.raises(SettingsError, match="环境变量的 3796 字节"):
        read(tmp_path, f'public_url = "https://x.cn"\nlong_term_templates = "{longer}"').check()
