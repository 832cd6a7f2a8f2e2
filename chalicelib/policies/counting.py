"""Counting over records (逐条记录): a hire, a loan or a project counts only if all leaves hold on the same record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import ConfigDict, Field

from chalicelib.policies.builtin import COUNTED
from chalicelib.policies.closures import compile_trace
from chalicelib.policies.conditions import parse
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.explain import Evidence, Explainer
from chalicelib.policies.tree import Outcome, Tree
from chalicelib.shape import Shape


class Count(Shape):
    """A number fact of one policy: how many records satisfy ``where``, or the sum of one of their fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fact: str = Field(pattern=r"^[a-z][a-z0-9_]*$", title="事实名称")
    label: str = Field(min_length=1, title="中文名称")
    of: Literal["hires", "loans", "projects"] = Field(title="记录")
    where: dict[str, Any] = Field(title="条件")
    sum: str | None = Field(default=None, title="求和字段")
    question: str = Field(default="", title="问法")

    def declared_as(self, policy: str) -> str:
        """The name under which an enterprise's own answer is kept among its facts: p24_1_retrofit_invoices."""
        return f"{policy.lower().replace('-', '_')}_{self.fact}"

    @property
    def definition(self) -> FactDef:
        """How the fact stands in the policy's own dictionary."""
        unit = COUNTED[self.of][self.sum].unit if self.sum else _UNITS[self.of]
        return FactDef("number", self.label, unit, self.question, "明细记录", derived=True)


_UNITS = {"hires": "人", "loans": "笔", "projects": "个"}

Record = Mapping[str, Any]
UNBOUNDED = float("inf")
"""More than any threshold: a record that may count for a sum nobody knows yet."""


class Counted(NamedTuple):
    """``low`` is what certainly counts, ``high`` what may; None: there is no such list. ``refs`` are the records that
    count, ``open_fields`` what is missing on those that may. ``evidence`` is where a figure comes from that stands for
    the records."""

    low: float | None
    high: float | None
    refs: frozenset[str] = frozenset()
    open_fields: tuple[str, ...] = ()
    evidence: Evidence | None = None


class Counter:
    """One compiled Count."""

    def __init__(self, count: Count) -> None:
        self.count = count
        tree: Tree = parse(count.where, COUNTED[count.of])
        self._trace = compile_trace(tree)
        self._explain = Explainer(tree, COUNTED[count.of])

    def over(self, records: tuple[Record, ...] | None, without: frozenset[str] = frozenset()) -> Counted:
        """Count ``records``, leaving out those named in ``without`` (taken by another policy already)."""
        if records is None:
            return Counted(None, None)
        low = high = 0.0
        refs: set[str] = set()
        fields: dict[str, None] = {}
        for number, record in enumerate(records, 1):
            ref = f"{self.count.of}:{record.get('ref') or number}"
            outcome, verdicts = self._trace(record)
            if ref in without or outcome is Outcome.NOT_MATCH:
                continue
            weight = self._weight(record)
            high += UNBOUNDED if weight is None else weight
            if outcome is Outcome.MATCH and weight is not None:
                low += weight
                refs.add(ref)
            else:
                fields.update(dict.fromkeys(self._explain.of(verdicts, record).missing() or [self.count.sum or ""]))
        return Counted(low, high, frozenset(refs), tuple(fields))

    def _weight(self, record: Record) -> float | None:
        if self.count.sum is None:
            return 1
        value = record.get(self.count.sum)
        return None if value is None else float(value)
