"""Decisions kept (决定留痕): what a digest or an award was based on, so that it comes out the same years later.

Row ``decision#{uscc}``/``{day}#{policy}#{version}`` holds the facts that were looked at with source and date, the
records, the trace and the outcome; row ``rule#{sha256}``/``row`` holds the rule itself, once for all decisions on it.
Nothing of the published content is read on replay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from pydantic import ConfigDict, Field

from chalicelib.errors import BadInput, Refusal
from chalicelib.policies.deciding import digest as digest_of
from chalicelib.policies.dictionary import read_value
from chalicelib.policies.explain import Evidence
from chalicelib.policies.facts import FactSheet
from chalicelib.policies.model import Mode, Policy
from chalicelib.policies.service import Decision, PolicyService, Standing
from chalicelib.policies.tree import NOT_APPLICABLE, Outcome
from chalicelib.ports import Conflict, JsonObject, Record, Store
from chalicelib.shape import Shape

_UNSOURCED = Evidence()


class KeptFact(Shape):
    """A fact as it was then. ``applicable`` False: 不适用, and there is no value."""

    model_config = ConfigDict(frozen=True)

    value: Any = None
    applicable: bool = True
    source: str = ""
    as_of: date | None = None
    valid_until: date | None = None
    basis: str = ""
    how: str = ""


class Kept(Shape):
    """One decision with all that it rests on. ``rules`` are hashes: its own policy first, then those whose 总则 bore
    on it. ``id`` reads 信用代码/日期/政策/版本."""

    model_config = ConfigDict(frozen=True)

    uscc: str
    policy: str
    version: int
    on: date
    rules: tuple[str, ...] = Field(min_length=1)
    facts: dict[str, KeptFact]
    records: dict[str, tuple[JsonObject, ...] | None]
    excluded: tuple[str, ...]
    outcome: Outcome
    standing: Standing
    mode: Mode
    reasons: tuple[str, ...]
    fen: int | None
    calculation: str
    trace: tuple[JsonObject, ...]
    used_for: str
    kept_at: datetime

    @property
    def id(self) -> str:
        return f"{self.uscc}/{self.on}/{self.policy}/{self.version}"


@dataclass(frozen=True, slots=True)
class Evidenced:
    """A decision and everything it rests on, ready to be kept: ``body`` is a Kept as JSON, ``rules`` are by hash."""

    body: JsonObject
    rules: Mapping[str, JsonObject]

    @property
    def kept(self) -> Kept:
        return Kept.model_validate(self.body)


@dataclass(frozen=True, slots=True)
class Replay:
    """A kept decision computed again; ``differences`` says in Chinese what came out otherwise."""

    kept: Kept
    decision: Decision
    differences: tuple[str, ...]


def evidenced(
    decision: Decision, policy: Policy, sheet: FactSheet, service: PolicyService, used_for: str, now: datetime
) -> Evidenced:
    """Everything that a match rests on. Raises ValueError for a decision that is no match: nothing is based on it."""
    if decision.outcome is not Outcome.MATCH:
        raise ValueError(f"{decision.policy} is no match for this enterprise")
    grounds = service.grounds(policy, sheet.on)
    amount = decision.benefit
    body = {
        "uscc": sheet.uscc,
        "policy": policy.id,
        "version": policy.version,
        "on": sheet.on.isoformat(),
        "rules": list(grounds.rules),
        "facts": {name: _fact(name, sheet) for name in grounds.facts if name in sheet.values},
        "records": {kind: _rows(sheet, kind) for kind in grounds.records},
        "excluded": sorted(decision.excluded),
        "outcome": decision.outcome.value,
        "standing": decision.standing.value,
        "mode": decision.mode.value,
        "reasons": list(decision.reasons),
        "fen": amount.fen if amount else None,
        "calculation": amount.calculation if amount else "",
        "trace": decision.documents(),
        "used_for": used_for,
        "kept_at": _stamp(now),
    }
    return Evidenced(body, grounds.rules)


def keep(store: Store, found: Evidenced) -> str:
    """Write the decision, and its rules where they are new; returns its id. Keeping it again changes nothing: the
    first evidence of a day stands."""
    for digest, body in found.rules.items():
        _put_once(store, Record(f"rule#{digest}", "row", {"policy": body}))
    body = found.body
    _put_once(store, Record(_pk(body["uscc"]), _sk(body["on"], body["policy"], body["version"]), body))
    return f"{body['uscc']}/{body['on']}/{body['policy']}/{body['version']}"


def kept_for(store: Store, uscc: str, limit: int = 100) -> list[Kept]:
    """The newest decisions kept for an enterprise."""
    page = store.query(_pk(uscc), limit=limit, reverse=True)
    return [Kept.model_validate(record.body) for record in page.records]


def find(store: Store, decision_id: str) -> Kept:
    """Raises BadInput for an id that is none, or that nothing is kept under."""
    parts = decision_id.strip().split("/")
    if len(parts) != 4:
        raise BadInput(f"决定编号“{decision_id}”写法不对，应是 信用代码/日期/政策/版本，如 …/2026-11-22/P23/1")
    uscc, day, policy, version = parts
    try:
        record = store.get(_pk(uscc), _sk(date.fromisoformat(day), policy, int(version)))
    except ValueError:
        raise BadInput(f"决定编号“{decision_id}”里的日期或版本写法不对，如 …/2026-11-22/P23/1") from None
    if record is None:
        raise BadInput(f"没有留存编号为 {decision_id} 的决定。用 policy decisions 企业信用代码 看有哪些")
    return Kept.model_validate(record.body)


def replay(store: Store, kept: Kept) -> Replay:
    """Compute it again from what was kept. Raises Refusal when a rule row is gone or was tampered with."""
    policies = [_rule(store, digest) for digest in kept.rules]
    own = policies[0]
    service = PolicyService({each.id: each for each in policies})
    decision = service.decide_sheet(own, _sheet(kept, policies), frozenset(kept.excluded))
    return Replay(kept, decision, tuple(_differences(kept, decision)))


def _differences(kept: Kept, decision: Decision) -> list[str]:
    fen = decision.benefit.fen if decision.benefit else None
    pairs = (
        ("结果", kept.outcome, decision.outcome),
        ("情形", kept.standing, decision.standing),
        ("方式", kept.mode, decision.mode),
        ("金额（分）", kept.fen, fen),
        ("理由", "；".join(kept.reasons), "；".join(decision.reasons)),
    )
    return [f"{what}：当时 {then}，现在算出 {now}" for what, then, now in pairs if then != now]


def _sheet(kept: Kept, policies: list[Policy]) -> FactSheet:
    schema = {name: definition for each in policies for name, definition in each.schema_of_facts.items()}
    values = {
        name: read_value(schema[name].type, fact.value) if fact.applicable else NOT_APPLICABLE
        for name, fact in kept.facts.items()
    }
    evidence = {
        name: Evidence(fact.source, fact.as_of, fact.valid_until, fact.basis) for name, fact in kept.facts.items()
    }
    how = {name: fact.how for name, fact in kept.facts.items() if fact.how}
    return FactSheet(kept.uscc, kept.on, values, evidence, how, records=dict(kept.records))


@lru_cache(maxsize=8)
def _stamp(now: datetime) -> str:
    """One moment for all decisions of a run."""
    return now.isoformat()


def _fact(name: str, sheet: FactSheet) -> JsonObject:
    """A KeptFact as JSON: a check makes hundreds."""
    value, known = sheet.values[name], sheet.evidence.get(name, _UNSOURCED)
    applies = value is not NOT_APPLICABLE
    return {
        "value": (sorted(value) if isinstance(value, frozenset) else value) if applies else None,
        "applicable": applies,
        "source": known.source,
        "as_of": known.as_of and known.as_of.isoformat(),
        "valid_until": known.valid_until and known.valid_until.isoformat(),
        "basis": known.basis,
        "how": sheet.how.get(name, ""),
    }


def _rows(sheet: FactSheet, kind: str) -> list[JsonObject] | None:
    rows = sheet.records.get(kind)
    return None if rows is None else [dict(row) for row in rows]


def _rule(store: Store, digest: str) -> Policy:
    record = store.get(f"rule#{digest}", "row")
    if record is None or digest_of(record.body["policy"]) != digest:
        raise Refusal("留存的规则缺失或被改动，不能重算。请从备份恢复后再试")
    return Policy.model_validate(record.body["policy"])


def _put_once(store: Store, record: Record) -> None:
    try:
        store.put(record, if_absent=True)
    except Conflict:
        return  # it is there, and what is there stands


def _pk(uscc: str) -> str:
    return f"decision#{uscc}"


def _sk(on: date | str, policy: str, version: int) -> str:
    return f"{on}#{policy}#{version}"
