"""``form``: what an office tries, what an operator takes out, what is measured; from a form handed in by a person."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from pypdf import PdfReader

from chalicelib.bootstrap import Application
from chalicelib.forms.documents.kept import Documents
from chalicelib.forms.said import Input
from chalicelib.forms.values import show
from chalicelib.forms.wanted import wanted
from jobs.cli.form_sample import sample_draft
from tests.functional.cli.conftest import Jobs
from tests.functional.support import clock_of

OPENID = "o-form-commands"


@pytest.fixture
def county(county: Application) -> Application:
    """Without LibreOffice: it has a test of its own."""
    secret = county.settings.session_secret.get_secret_value()
    county.documents = Documents(lambda: county.blobs, secret, county.settings.public_url)
    return county


def handed_in(county: Application, form: str = "FM-05") -> str:
    """A form filled in by its examples and handed in four minutes later; its draft's id."""
    compiled = county.forms.forms()[form]
    start = county.clock.now()
    draft = county.forms.begin(OPENID, form, "", start, message="m0").draft
    wished = sample_draft(compiled, None, start)
    for name in wanted(compiled, wished.values()):
        value = wished.value(name)
        if value is not None and not compiled.fields[name].computed:
            given = Input("set", show(compiled.fields[name], value), name, f"m-{name}")
            county.forms.act(OPENID, draft.id, given, start)
    clock_of(county).advance(timedelta(minutes=4, seconds=10))
    county.forms.act(OPENID, draft.id, Input("submit", message="m1"), county.clock.now())
    return draft.id


def cells(path: Path) -> list[str]:
    tables = Document(BytesIO(path.read_bytes())).tables
    return [cell.text for table in tables for row in table.rows for cell in row.cells]


def test_a_case_opened_by_a_form_leads_to_its_document(county: Application, jobs: Jobs, tmp_path: Path) -> None:
    draft_id = handed_in(county)
    draft = county.forms.get(OPENID, draft_id, county.clock.now())
    assert re.fullmatch(r"36032320261123\d{5}", draft.case_no)
    shown = jobs("case", "show", draft.case_no)
    assert "委托书公证申请表" in shown.out and f"form document {draft.case_no}" in shown.out
    assert jobs("case", "show", draft.case_no, "--json").json["form"] == draft_id
    told = jobs("form", "document", draft.case_no, "--out", tmp_path / "a.docx")
    compiled = county.forms.forms()["FM-05"]
    there = cells(tmp_path / "a.docx")
    for name in wanted(compiled, draft.values()):
        value = draft.value(name)
        if value is not None:
            at = there.index(compiled.fields[name].name)
            assert (there[at - 1], there[at + 1]) == (str(compiled.number(name)), show(compiled.fields[name], value))
    (check,) = re.findall(r"核对码 (\w{4}-\w{4})", told.out)
    jobs("form", "document", draft_id, "--out", tmp_path / "a.pdf")
    assert check in PdfReader(tmp_path / "a.pdf").pages[0].extract_text()


def test_a_case_of_an_office_has_no_document(county: Application, jobs: Jobs, tmp_path: Path) -> None:
    done = jobs("form", "document", "3603232026112200123", "--out", tmp_path / "a.pdf")
    assert done.code == 2 and "核对编号" in done.err
    done = jobs("form", "document", "D-NOBODY", "--out", tmp_path / "a.pdf")
    assert done.code == 1 and "没有这份文书" in done.err
    assert jobs("form", "document", "D-NOBODY", "--out", tmp_path / "a.txt").code == 2


def test_what_filling_in_takes_is_shown_without_the_person(county: Application, jobs: Jobs) -> None:
    assert "没有填完或放弃的表" in jobs("form", "measure").out
    draft_id = handed_in(county)
    told = jobs("form", "measure").out
    assert "委托书公证申请表" in told and "4分10秒" in told
    (figures,) = jobs("form", "measure", "--from", "2026-10", "--json").json["forms"]
    assert (figures["form"], figures["submitted"], figures["median_seconds"]) == ("FM-05", 1, 250)
    assert round(figures["prefilled"] + figures["derived"] + figures["asked"], 3) == 1
    assert draft_id not in told and OPENID not in told
    assert "填表" in jobs("run", "daily-report", "--dry-run", "--as-of", "2026-11-24").out
    sections = {each["title"]: each for each in jobs("report", "--json").json["sections"]}
    assert sections["智能填表"]["figures"][0]["value"] == "1 份"
    assert jobs("form", "measure", "--from", "11月").code == 2


def test_an_office_tries_its_form_and_nothing_is_kept(county: Application, jobs: Jobs, tmp_path: Path) -> None:
    before = county.blobs.list("documents/")
    done = jobs("form", "try", "食品经营许可", "--out", tmp_path / "x.docx")
    assert done.code == 0 and "模板 FM-04.docx" in done.out and "要填 " in done.out
    assert "芦溪溪华电瓷有限公司" in cells(tmp_path / "x.docx")
    assert county.blobs.list("documents/") == before
    assert jobs("form", "try", "FM-05", "--out", tmp_path / "x.pdf").code == 0
    assert "示例数据" in PdfReader(tmp_path / "x.pdf").pages[0].extract_text()


def test_an_office_begins_with_a_template_of_every_field(county: Application, jobs: Jobs, tmp_path: Path) -> None:
    own = tmp_path / "FM-05.docx"
    assert jobs("form", "template", "FM-05", "--out", own).code == 0
    assert {f"{{{{ f.{name} }}}}" for name in county.forms.forms()["FM-05"].fields} <= set(cells(own))
    done = jobs("form", "try", "FM-05", "--templates", tmp_path, "--out", tmp_path / "x.docx")
    assert done.code == 0 and "李" in "".join(cells(tmp_path / "x.docx"))


def test_a_form_that_there_is_not_is_said_with_those_that_there_are(county: Application, jobs: Jobs) -> None:
    done = jobs("form", "try", "没有的表", "--out", "x.pdf")
    assert done.code == 2 and "FM-05 委托书公证申请表" in done.err
