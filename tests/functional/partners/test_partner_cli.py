"""``python -m jobs partner``: registering, keys, the list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.partners.model import IssuedKey
from jobs.cli.partner import app
from tests.functional.partners.county_app import county_of_stage, install
from tests.unit.partners.caller import START, County, loan_row

BANK = ["add", "bank-c", "--name", "丙银行", "--scope", "loans", "--bank", "丙银行芦溪支行"]


@pytest.fixture
def county() -> Iterator[County]:
    county = county_of_stage()
    install(county)
    yield county
    bootstrap.install(None)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def shown(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_from_registration_to_the_first_report_to_revocation(county: County) -> None:
    assert "下一步：python -m jobs partner issue-key bank-c" in run(*BANK).stdout
    assert shown(*BANK)["changed"] is False
    issued = shown("issue-key", "bank-c", "--days", "30")
    assert issued["expires_at"].startswith("2026-12-22")
    key = IssuedKey("bank-c", issued["key"], issued["secret"], START)
    report = county.report(key, "loans", loan_row(bank=county.partners.all()[2]))
    assert report["counts"]["accepted"] == 1
    assert f"密钥 {key.id} 已作废" in run("revoke-key", "bank-c", key.id).stdout
    listed = {one["id"]: one for one in shown("list")}
    assert listed["bank-c"]["keys"][0]["revoked_at"] is not None
    assert issued["secret"] not in run("list").stdout
    assert "2026-11-22 已作废" in run("list").stdout


def test_registering_again_changes_what_is_kept(county: County) -> None:
    run(*BANK)
    assert shown(*BANK, "--per-second", "50")["changed"] is True
    assert next(one for one in county.partners.all() if one.id == "bank-c").per_second == 50


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["add", "X!", "--name", "某局", "--scope", "cases"], "合作单位代号"),
        (["add", "bank-d", "--name", "丁银行", "--scope", "cases", "--bank", "丁银行"], "银行只能有贷款"),
        (["issue-key", "nobody"], "没有合作单位“nobody”"),
        (["revoke-key", "bank-a", "A" * 16], "没有密钥"),
    ],
)
def test_what_is_wrong_is_said(county: County, words: list[str], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        run(*words)


def test_a_scope_that_does_not_exist_is_bad_usage(county: County) -> None:
    assert run("add", "office", "--name", "某局", "--scope", "people").exit_code == 2
