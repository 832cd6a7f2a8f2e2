"""Golden cases (用例): made-up facts and what must come out; all of a policy's pass before it is published."""

from __future__ import annotations

from datetime import date
from typing import Any

from chalicelib.policies.counting import Record
from chalicelib.policies.dictionary import read_value
from chalicelib.policies.facts import FactSheet
from chalicelib.policies.model import GoldenCase, Policy, State
from chalicelib.policies.service import PolicyService


def failures(policy: Policy) -> list[str]:
    """What of the policy's golden cases does not hold, in Chinese; empty: it may be published."""
    published = policy.model_copy(update={"state": State.PUBLISHED})
    service = PolicyService({policy.id: published})
    return [problem for case in policy.golden for problem in _failures(published, service, case)]


def _failures(policy: Policy, service: PolicyService, case: GoldenCase) -> list[str]:
    try:
        sheet = _sheet(policy, case)
    except ValueError as error:
        return [f"用例“{case.name}”：{error}"]
    got = service.decide_sheet(policy, sheet)
    wrong = []
    if got.outcome is not case.outcome:
        wrong.append(f"应为 {case.outcome}，算出 {got.outcome}（{'；'.join(got.reasons)}）")
    if case.mode is not None and got.mode is not case.mode:
        wrong.append(f"方式应为 {case.mode}，算出 {got.mode}")
    amount = got.benefit.fen if got.benefit else None
    if case.amount_fen is not None and amount != case.amount_fen:
        wrong.append(f"金额应为 {case.amount_fen} 分，算出 {amount} 分")
    return [f"用例“{case.name}”：{text}" for text in wrong]


def _sheet(policy: Policy, case: GoldenCase) -> FactSheet:
    schema = policy.schema_of_facts
    values: dict[str, Any] = {}
    for name, value in case.facts.items():
        if name not in schema:
            raise ValueError(f"事实字典里没有“{name}”")
        values[name] = read_value(schema[name].type, value)
    records: dict[str, tuple[Record, ...] | None] = {
        kind: tuple({key: _iso(value) for key, value in row.items()} for row in rows)
        for kind, rows in case.records.items()
    }
    return FactSheet("用例", case.day, values, records=records)


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
