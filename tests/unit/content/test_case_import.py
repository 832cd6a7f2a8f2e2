"""Exchange tables in: good rows kept, broken ones told by row, a second time nothing; files left in a box."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bench.case_import import write_rows
from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.files import FileBlobs
from chalicelib.adapters.memory import MemoryStore
from chalicelib.cases.bulk import BulkCases
from chalicelib.cases.model import CaseEvent, CaseState
from chalicelib.cases.service import CaseService
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.content.case_import import CaseImport, Counts, RowMistake
from chalicelib.content.drop import CaseDrop, DropBox
from chalicelib.content.problems import Place
from chalicelib.content.tables import read_csv
from chalicelib.ports import Conflict, Write

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
USCC, NO = "91360323MAXX00015C", "3603232026110200001"
ACCEPT = "project_no,task_name,dept_name,统一社会信用代码,apply_date,accept_date,promise_day,promise_type"
ONE = f"{NO},食品经营许可,县市场监督管理局,{USCC},2026-11-02,2026-11-02 10:00,10,1"


class Office:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = MemoryStore(FixedClock(NOW))
        self.cases = CaseService(self.store, WorkCalendar())
        self.mistakes: list[RowMistake] = []

    def load(self, *lines: str, now: datetime = NOW) -> Counts:
        path = self.folder / "cases.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self.load_file(path, now)

    def load_file(self, path: Path, now: datetime = NOW) -> Counts:
        self.mistakes = []

        def told(counts: Counts, mistakes: Sequence[RowMistake]) -> None:
            self.mistakes += mistakes

        job = CaseImport(BulkCases(self.cases), "op", now, path.name)
        return job.run(read_csv(path, Place(path.name)), told)

    def state(self, no: str = NO) -> CaseState | None:
        case = self.cases.get(no)
        assert case is not None
        life = self.cases.live(case, NOW)
        assert life.aside == ()
        return life.state


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_the_acceptance_table(office: Office) -> None:
    assert office.load(ACCEPT, ONE).added == 1
    case = office.cases.get(NO)
    assert case is not None and case.head.uscc == USCC
    life = office.cases.live(case, NOW)
    assert (life.state, life.due and life.due.day) == (CaseState.ACCEPTED, date(2026, 11, 16))
    assert not case.head.is_sample


def test_the_other_tables_follow_in_any_order(office: Office) -> None:
    office.load(ACCEPT, ONE)
    result = office.load("project_no,result_type,result_date", f"{NO},0,2026-11-20 16:00")
    special = office.load(
        "project_no,special_name,special_reason,special_time,end_time", f"{NO},现场勘验,现场核查,2026-11-05,2026-11-18"
    )
    assert (result.changed, special.changed, office.state()) == (1, 1, CaseState.FINISHED)


def test_the_material_table_brings_the_papers_that_were_waited_for(office: Office) -> None:
    office.load(ACCEPT.replace(",accept_date", ""), ONE.replace(",2026-11-02 10:00", ""))
    office.load("project_no,event_name,start_time", f"{NO},1,2026-11-02 09:30")
    asked = {"id": "ask", "case_no": NO, "kind": "CORRECTING", "at": "2026-11-03", "materials": ["章程", "租赁合同"]}
    office.cases.record(CaseEvent.model_validate(asked), NOW)
    header = "project_no,material_name,get_type,get_num,material_attach_name,cd_time,cd_operation,row_guid"
    rows = [f"{NO},{name},1,1,scan.pdf,2026-11-0{day} 10:00,I,g{day}" for name, day in (("章程", 4), ("租赁合同", 5))]
    counts = office.load(header, *rows, f"{NO},身份证明,1,1,,,I,g9")
    assert (counts.changed, counts.failed) == (2, 1)
    assert "没有填" in office.mistakes[0].text
    case = office.cases.get(NO)
    assert case is not None
    life = office.cases.live(case, NOW)
    assert (life.supplied, life.missing, life.received) == (True, (), ("章程", "租赁合同"))
    again = office.load(header, *rows)
    assert (again.changed, again.unchanged) == (0, 2)


def test_steps_by_number_and_by_name(office: Office) -> None:
    office.load(ACCEPT, ONE)
    counts = office.load(
        "办件编号,业务动作,开始时间,办理意见", f"{NO},8,20261103090000,承办", f"{NO},不予决定,2026/11/4 9:00,"
    )
    assert (counts.changed, counts.failed, office.state()) == (2, 0, CaseState.DECIDED_NO)


def test_refusal_is_told_by_the_second_code(office: Office) -> None:
    office.load(ACCEPT + ",result_type,许可与否,result_date", ONE + ",6,1,2026-11-10")
    case = office.cases.get(NO)
    assert case is not None and office.cases.live(case, NOW).outcome == "6/1"


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("project_no", "12345", "19 位"),
        ("project_no", "", "没有填办件编号"),
        ("统一社会信用代码", "91360323MAXX00015X", "校验"),
        ("apply_date", "上个月", "应是日期"),
        ("apply_date", "2026-02-30", "应是日期"),
        ("accept_date", "2026-11-01", "早于申请时间"),
        ("accept_date", "2027-11-01", "还没有到"),
        ("promise_day", "五天", "应是天数"),
        ("promise_type", "7", "工作日"),
        ("dept_name", "", "没有填"),
    ],
)
def test_a_broken_row_is_told_by_row_and_reason(office: Office, column: str, value: str, told: str) -> None:
    row = dict(zip(ACCEPT.split(","), ONE.split(","), strict=True)) | {column: value}
    counts = office.load(ACCEPT, ONE.replace("00001", "00002"), ",".join(row.values()))
    assert (counts.added, counts.failed) == (1, 1)
    [mistake] = office.mistakes
    assert mistake.row == 3 and told in mistake.text


def test_codes_and_columns_nobody_knows(office: Office) -> None:
    office.load(ACCEPT, ONE)
    for header, row in (
        ("project_no,result_type,result_date", f"{NO},3,2026-11-20"),
        ("project_no,event_name,start_time", f"{NO},99,2026-11-20"),
        ("project_no,event_name,start_time", f"{NO},9,2026-11-20"),
        ("project_no,颜色", f"{NO},红"),
    ):
        assert office.load(header, row).failed == 1
    assert office.state() is CaseState.ACCEPTED


def test_progress_of_a_case_nobody_handed_in(office: Office) -> None:
    assert office.load("project_no,result_type,result_date", f"{NO},0,2026-11-20").failed == 1
    assert "先导入受理表" in office.mistakes[0].text


def test_many_rows_one_in_a_hundred_broken_and_again(office: Office) -> None:
    """The bench's file, smaller: 100,000 rows are ``python -m bench case_import``."""
    path = office.folder / "many.csv"
    write_rows(path, 800)
    first = office.load_file(path)
    assert (first.rows, first.added, first.failed) == (800, 792, 8)
    assert [mistake.row for mistake in office.mistakes] == [101 + 100 * n for n in range(8)]
    before = {no: office.cases.get(no) for no in _numbers(path)}
    second = office.load_file(path, NOW + timedelta(days=1))
    assert (second.added, second.changed, second.unchanged, second.failed) == (0, 0, 792, 8)
    assert before == {no: office.cases.get(no) for no in before}


def test_lines_in_any_order_come_to_the_same(office: Office, tmp_path: Path) -> None:
    path = office.folder / "many.csv"
    write_rows(path, 99)
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    office.load_file(path)
    (tmp_path / "other").mkdir()
    other = Office(tmp_path / "other")
    random.Random(6).shuffle(lines)
    other.load(header, *lines, *lines[:20])
    for no in _numbers(path):
        left, right = office.cases.get(no), other.cases.get(no)
        assert left and right and left.events == right.events
        assert office.cases.live(left, NOW) == other.cases.live(right, NOW)


def test_what_somebody_else_writes_meanwhile_is_taken_again(office: Office) -> None:
    class Contended(CaseService):
        conflicts = 3

        def commit(self, writes: Sequence[Write]) -> None:
            if len(writes) > 1 and self.conflicts:
                self.conflicts -= 1
                raise Conflict([("case", "row")])
            super().commit(writes)

    office.cases = Contended(office.store, WorkCalendar())
    lines = [ONE.replace("00001", f"{n:05}") for n in range(1, 40)]
    assert office.load(ACCEPT, *lines).added == 39
    assert office.load(ACCEPT, *lines).unchanged == 39


def _numbers(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return [row[0] for row in csv.reader(file)][1:100]


# ------------------------------------------------------------------------------------------------------- files in a box


class Box:
    def __init__(self, office: Office) -> None:
        self.office, self.folder = office, office.folder / "drop"
        self.folder.mkdir()
        self.drop = CaseDrop(DropBox(FileBlobs(self.folder)), office.store, BulkCases(office.cases))

    def leave(self, name: str, *lines: str) -> None:
        (self.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def round(self) -> Counter[str]:
        """What one run of the job does."""
        look, done = self.drop.look(), Counter[str]()
        for name in look.growing:
            self.drop.note(name, NOW)
            done["noted"] += 1
        for name in look.ready:
            taken = self.drop.take(name, NOW)
            done["taken" if taken and not taken.is_unreadable else "unreadable"] += 1
        return done

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def box(office: Office) -> Box:
    return Box(office)


def test_a_file_is_taken_once_when_it_stands_still(box: Box) -> None:
    box.leave("受理.csv", ACCEPT, ONE)
    assert box.round() == {"noted": 1}
    box.leave("受理.csv", ACCEPT, ONE, ONE.replace("00001", "00002"))
    assert box.round() == {"noted": 1}
    assert box.round() == {"taken": 1}
    assert box.round() == {}
    assert box.files() == ["done/20261123/受理.csv"]
    assert box.office.state() is CaseState.ACCEPTED


def test_half_written_files_are_left_alone(box: Box) -> None:
    for name in ("cases.csv.part", ".cases.csv", "~cases.csv", "cases.tmp"):
        box.leave(name, ACCEPT, ONE)
    assert box.round() == {} and len(box.files()) == 4


def test_broken_rows_lie_beside_and_what_nobody_can_read_is_put_apart(box: Box) -> None:
    box.leave("a.csv", ACCEPT, ONE, ONE.replace(USCC, "x").replace("00001", "00002"))
    (box.folder / "b.csv").write_bytes("办件编号".encode("utf-16"))
    box.round()
    assert box.round() == {"taken": 1, "unreadable": 1}
    done, failed = "done/20261123/a.csv", "failed/20261123/b.csv"
    assert box.files() == [done, f"{done}.errors.csv", failed, f"{failed}.errors.csv"]
    assert (box.folder / f"{done}.errors.csv").read_text(encoding="utf-8-sig").splitlines()[1].startswith("3,")
    assert "UTF-16" in (box.folder / f"{failed}.errors.csv").read_text(encoding="utf-8-sig")


def test_a_run_cut_short_begins_the_file_again(box: Box) -> None:
    class Dying(FileBlobs):
        def delete(self, name: str) -> None:
            raise OSError("killed")

    box.leave("a.csv", ACCEPT, ONE)
    box.round()
    dying = CaseDrop(DropBox(Dying(box.folder)), box.office.store, BulkCases(box.office.cases))
    with pytest.raises(OSError, match="killed"):
        dying.take("a.csv", NOW)
    taken = box.drop.take("a.csv", NOW)
    assert taken is not None and (taken.counts.added, taken.counts.unchanged) == (0, 1)
    assert box.files() == ["done/20261123/a.csv"]
