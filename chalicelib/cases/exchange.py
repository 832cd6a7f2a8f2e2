"""Case tables of the national exchange library (前置库): up_pro_accept, _process, _special_procedure, _material
and _result.

Column names are those of the facts (§4.1, §4.2.1), in English or by their Chinese titles; applicant and phone columns
are ours, and those of _material that the facts leave out (get_*, cd_*, row_guid) are of the tables' public copies. A
row of any of the tables, or one that joins several, becomes the case's head where it tells one, and events with ids
made of what they say, so that the same table imported again brings nothing new.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from chalicelib.cases.model import STATE_NAMES, CaseAct, CaseState, Kind
from chalicelib.times import SHANGHAI

_S = CaseState

COLUMNS: dict[str, str] = {
    "办件编号": "project_no",
    "事项名称": "task_name",
    "实施编码": "task_code",
    "事项编号": "item_id",
    "实施主体名称": "dept_name",
    "办理部门": "dept_name",
    "办件类型": "project_type",
    "统一社会信用代码": "uscc",
    "手机后四位": "phone_last4",
    "申请时间": "apply_date",
    "受理时间": "accept_date",
    "承诺办结时限": "promise_day",
    "承诺时限单位": "promise_type",
    "法定办结时限": "anticipate_day",
    "法定时限单位": "anticipate_type",
    "业务动作": "event_name",
    "环节名称": "process_name",
    "开始时间": "start_time",
    "start": "start_time",
    "结束时间": "end_time",
    "end": "end_time",
    "办理意见": "handle_explain",
    "特别程序种类": "special_name",
    "特别程序理由": "special_reason",
    "特别程序开始时间": "special_time",
    "材料名称": "material_name",
    "同步时间": "cd_time",
    "办结结果": "result_type",
    "办结时间": "result_date",
    "许可与否": "permitted",
}
"""Chinese title → column; the columns' own names are always good."""

_IGNORED = frozenset(
    {"apply_type", "promise_date", "special_type", "result", "result_cetr_name", "result_cetr_no", "satisfaction"}
    | {"get_type", "get_num", "get_name", "material_attach_name", "row_guid", "cd_batch", "cd_operation", "data_source"}
)
_KNOWN = frozenset(COLUMNS.values()) | _IGNORED
_LONGEST_NAME = 200
_UNITS = {"1": "wd", "G": "wd", "工作日": "wd", "2": "cd", "Z": "cd", "自然日": "cd"}
_STEPS: dict[str, CaseState] = {
    "1": _S.RECEIVED,
    "3": _S.ACCEPTED,
    "4": _S.REJECTED_ACCEPT,
    "6": _S.CORRECTING,
    "8": _S.REVIEWING,
    "9": _S.SUSPENDED,
    "10": _S.REVIEWING,
    "11": _S.DECIDED_OK,
} | {name: state for state, name in STATE_NAMES.items()}
_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T]?(\d{1,2}):?(\d{2}):?(\d{2})?(?:\.\d+)?)?")


class BadColumn(ValueError):
    """``column`` as the file calls it; the text says in Chinese what is wrong with it."""

    def __init__(self, column: str, text: str) -> None:
        self.column = column
        super().__init__(text)


def renamed(header: Mapping[str, str]) -> dict[str, str]:
    """Values by the columns' own names. Raises BadColumn for a column nobody knows."""
    values: dict[str, str] = {}
    for title, value in header.items():
        name = COLUMNS.get(title.strip(), title.strip().lower())
        if name not in _KNOWN:
            raise BadColumn(title, "没有这一列。请核对列名，或删去")
        values[name] = value.strip()
    return values


def read(values: Mapping[str, str]) -> dict[str, Any]:
    """The row as ``CaseRow`` takes it; without ``title`` it only brings events for a case known before.

    Raises BadColumn.
    """
    no = values.get("project_no", "")
    if not no:
        raise BadColumn("project_no", "没有填办件编号。请补上")
    row: dict[str, Any] = {"no": no, "events": [{**event, "case_no": no} for event in _events(values)]}
    if values.get("task_name"):
        row |= _head(values)
    return row


def _head(values: Mapping[str, str]) -> dict[str, Any]:
    limits = {"promised": _limit(values, "promise"), "legal": _limit(values, "anticipate")}
    given = {
        "title": values["task_name"],
        "dept": values.get("dept_name"),
        "uscc": values.get("uscc"),
        "phone_last4": values.get("phone_last4"),
        "item_id": values.get("item_id"),
        **limits,
    }
    return {name: value for name, value in given.items() if value} | {"immediate": values.get("project_type") == "1"}


def _limit(values: Mapping[str, str], kind: str) -> dict[str, Any] | None:
    days, unit = values.get(f"{kind}_day", ""), values.get(f"{kind}_type", "1") or "1"
    if not days:
        return None
    if not days.isdecimal() or len(days) > 3:
        raise BadColumn(f"{kind}_day", f"应是天数，写的是“{days[:20]}”")
    if unit not in _UNITS:
        raise BadColumn(f"{kind}_type", f"只能填 1（工作日）或 2（自然日），写的是“{unit[:20]}”")
    return {"n": int(days), "unit": _UNITS[unit] if int(days) else "im"}


def _events(values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for told, read_one in _READERS.items():
        if values.get(told):
            yield from read_one(values)


def _applied(values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    yield _event(_S.SUBMITTED, _instant(values, "apply_date"))


def _accepted(values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    at = _instant(values, "accept_date")
    if values.get("apply_date") and at < _instant(values, "apply_date"):
        raise BadColumn("accept_date", "受理时间早于申请时间。请核对")
    yield _event(_S.RECEIVED, at)
    yield _event(_S.ACCEPTED, at)


def _step(values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    name = values.get("event_name") or values.get("process_name") or ""
    state = _STEPS.get(name)
    if state is None:
        raise BadColumn(
            "event_name", f"不认识的业务动作“{name[:20]}”。可用：{'、'.join(STATE_NAMES.values())}，或 1 至 11 的编号"
        )
    if state is _S.SUSPENDED:
        raise BadColumn("event_name", "特别程序请用特别程序表（special_name、special_time）报送")
    yield _event(state, _instant(values, "start_time"), note=values.get("handle_explain", "")[:200])


def _special(values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    more = {"special": values.get("special_name"), "note": values.get("special_reason", "")[:200]}
    yield _event(_S.SUSPENDED, _instant(values, "special_time"), **more)
    if values.get("end_time"):
        yield _event(_S.REVIEWING, _instant(values, "end_time"))


def _received(values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The table tells when it was passed on, not when the paper came; that is near enough for what it answers."""
    name, at = values["material_name"][:_LONGEST_NAME], _instant(values, "cd_time")
    mark = sha256(name.encode()).hexdigest()[:12]
    yield _event(CaseAct.MATERIAL, at, materials=[name]) | {"id": f"exchange:MATERIAL:{at:%Y%m%d%H%M%S}:{mark}"}


def _ended(values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    code, at = values["result_type"], _instant(values, "result_date")
    if code == "6" and values.get("permitted") == "1":
        states: tuple[CaseState, ...] = (_S.REVIEWING, _S.DECIDED_NO, _S.FINISHED)
    elif code in _ENDS:
        states = _ENDS[code]
    else:
        raise BadColumn("result_type", f"办结结果只能填 0、1、2、4、5、6，写的是“{code[:20]}”。误录的办件（3）不要导入")
    for state in states:
        yield _event(state, at)


_ENDS: dict[str, tuple[CaseState, ...]] = {
    "0": (_S.REVIEWING, _S.DECIDED_OK, _S.FINISHED),
    "1": (_S.REJECTED_ACCEPT,),
    "2": (_S.WITHDRAWN,),
    "4": (_S.TRANSFERRED,),
    "5": (_S.TERMINATED_NO_SUPPLY,),
    "6": (_S.REVIEWING, _S.DECIDED_OK, _S.FINISHED),
}
_READERS: dict[str, Callable[[Mapping[str, str]], Iterator[dict[str, Any]]]] = {
    "apply_date": _applied,
    "accept_date": _accepted,
    "event_name": _step,
    "special_time": _special,
    "material_name": _received,
    "result_type": _ended,
}
"""By the column that tells that the row has this part."""


def _event(kind: Kind, at: datetime, **more: Any) -> dict[str, Any]:
    told = {name: value for name, value in more.items() if value}
    return {"id": f"exchange:{kind}:{at:%Y%m%d%H%M%S}", "kind": kind, "at": at, "source": "前置库", **told}


def _instant(values: Mapping[str, str], column: str) -> datetime:
    """2026-11-02, 2026/11/2 09:00, 20261102090000: China's clock."""
    text = values.get(column, "")
    found = _DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        at = datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI)
    except ValueError:
        said = f"写的是“{text[:30]}”" if text else "没有填"
        raise BadColumn(column, f"应是日期或时间，如 2026-11-02 09:00，{said}") from None
    if not 1990 <= at.year <= 2100:
        raise BadColumn(column, "日期应在 1990 年至 2100 年之间，请核对")
    return at
