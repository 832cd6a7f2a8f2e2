"""Why (依据): the leaves that decided, in words for a person, and every leaf with its evidence for an auditor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from chalicelib import money
from chalicelib.policies.closures import Facts, Verdicts
from chalicelib.policies.dictionary import FactDef, Schema, label
from chalicelib.policies.tree import (
    ASK,
    MANUAL,
    NO,
    NOT_APPLICABLE,
    YES,
    Group,
    Leaf,
    ManualLeaf,
    Node,
    Tree,
    Verdict,
)

_UNKNOWN = FactDef("category")


class Explainer:
    """Explains the verdicts of one tree; made once a tree, used for every enterprise."""

    def __init__(self, tree: Tree, schema: Schema) -> None:
        self._tree = tree
        self._schema = schema
        self._decide = _compile(tree.root)
        self.sayings = [saying(leaf, schema) for leaf in tree.leaves]

    @property
    def leaves(self) -> tuple[Leaf | ManualLeaf, ...]:
        return self._tree.leaves

    def of(self, verdicts: Verdicts, facts: Facts) -> Explanation:
        """The explanation of one outcome."""
        verdict, indexes = self._decide(verdicts)
        return Explanation(self, verdicts, facts, verdict, indexes)

    def deciding(self, verdicts: Verdicts) -> Found:
        """The verdict, and the leaves that decided it, without regard to the facts."""
        return self._decide(verdicts)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one enterprise got what it got for one policy."""

    _of: Explainer
    _verdicts: Verdicts
    _facts: Facts
    verdict: Verdict
    indexes: list[int]

    def deciding(self) -> list[Leaf | ManualLeaf]:
        """Leaves that suffice for the outcome: were all others unknown, it would be the same.

        match: all of an ``all``, the first true branch of an ``any``. not_match: every false condition of an ``all``
        (each has to change), and of an ``any`` what fails in each branch, the nearest branch first. need_info: what
        could still decide. manual: the questions of discretion.
        """
        return [self._of._tree.leaves[index] for index in self.indexes]

    def reasons(self) -> list[str]:
        """Short Chinese sentences of what decided, with 差多少 for numbers."""
        sayings = self._of.sayings
        return list(dict.fromkeys(sayings[index].text(self._verdicts[index], self._facts) for index in self.indexes))

    def missing(self) -> list[str]:
        """Names of the facts that could still decide, each once; none unless the outcome is need_info."""
        if self.verdict != ASK:
            return []
        return list(dict.fromkeys(leaf.fact for leaf in self.deciding() if isinstance(leaf, Leaf)))

    def trace(self, evidence: Mapping[str, Evidence]) -> tuple[TraceLine, ...]:
        """Every leaf in the author's order, for an auditor."""
        lines = []
        for one, verdict in zip(self._of.sayings, self._verdicts, strict=True):
            known, leaf = None, one.leaf
            if isinstance(leaf, Leaf):
                known = (show(self._facts.get(leaf.fact), one.definition), evidence.get(leaf.fact))
            lines.append(trace_line(one, verdict, *(known or ("", None)), leaf.path, leaf.index in self.indexes))
        return tuple(lines)


Found = tuple[Verdict, list[int]]
"""A node's verdict, and the indexes of the leaves that decided it."""


def _compile(node: Node) -> Callable[[Verdicts], Found]:
    if not isinstance(node, Group):
        index = node.index
        return lambda verdicts: (verdicts[index], [index])
    decides = NO if node.kind == "all" else YES
    if not any(isinstance(child, Group) for child in node.children):
        return _compile_leaves(decides, [child.index for child in node.children if not isinstance(child, Group)])
    children = [_compile(child) for child in node.children]

    def run(verdicts: Verdicts) -> Found:
        parts = [child(verdicts) for child in children]
        present = [verdict for verdict, _ in parts]
        verdict = decides if decides in present else max(present)
        alike = [indexes for found, indexes in parts if found == verdict]
        if decides == YES and verdict == YES:
            return verdict, alike[0]
        if decides == YES and verdict == NO:
            alike.sort(key=len)
        return verdict, [index for indexes in alike for index in indexes]

    return run


def _compile_leaves(decides: Verdict, leaves: list[int]) -> Callable[[Verdicts], Found]:
    """The same for a group of leaves alone, which most groups are. Leaves of a group are neighbours."""
    start, stop = leaves[0], leaves[-1] + 1

    def run(verdicts: Verdicts) -> Found:
        part = verdicts[start:stop]
        verdict = decides if decides in part else max(part)
        if decides == YES and verdict == YES:
            return verdict, [start + part.index(YES)]
        return verdict, [index for index, each in enumerate(part, start) if each == verdict]

    return run


# ---------------------------------------------------------------- for a person


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said of one leaf: 裁员率：25%，要求不高于 20%，超出 5 个百分点.

    The value stands between ``before`` and what ``after`` gives; ``unknown`` is the whole text where there is none.
    ``measures``: a text of NO says how far off the value is. ``met`` follows a value that is as asked.
    """

    leaf: Leaf | ManualLeaf
    definition: FactDef
    label: str
    before: str
    unknown: str
    asked: str
    met: str
    measures: bool

    def text(self, verdict: Verdict, facts: Facts) -> str:
        """For one enterprise, known or not."""
        if not isinstance(self.leaf, Leaf) or verdict == ASK:
            return self.unknown
        value = facts.get(self.leaf.fact)
        return f"{self.before}{show(value, self.definition)}{self.after(verdict, value)}"

    def after(self, verdict: Verdict, value: Any) -> str:
        """What follows the value: the requirement, and where it is not met how far off."""
        if verdict != NO:
            return self.met
        return f"，{self.asked}{_gap(self.leaf, value, self.definition) if self.measures else ''}"


def saying(leaf: Leaf | ManualLeaf, schema: Schema) -> Saying:
    """What is to be said of the leaf, whatever its fact turns out to be."""
    if isinstance(leaf, ManualLeaf):
        return Saying(leaf, _UNKNOWN, leaf.text, "", f"{leaf.text}，需人工认定", "由人认定", "", False)
    name, definition = label(schema, leaf.fact), schema.get(leaf.fact, _UNKNOWN)
    asked = requirement(leaf, definition)
    is_flag = definition.type == "flag"
    unknown = f"还不知道{name}" if is_flag else f"还不知道{name}（{asked}）"
    measures = not leaf.negated and leaf.op in _SIDES and definition.type == "number"
    return Saying(leaf, definition, name, f"{name}：", unknown, asked, "" if is_flag else f"，{asked}", measures)


def requirement(leaf: Leaf, definition: FactDef) -> str:
    """要求不高于 20%"""
    plain, negated = _REQUIREMENTS[leaf.op]
    values = leaf.value
    if isinstance(values, frozenset):
        said = "、".join(show(value, definition) for value in sorted(values))
    elif isinstance(values, tuple):
        said = " 至 ".join(show(value, definition) for value in values)
    else:
        said = show(values, definition)
    if definition.type == "date":
        plain, negated = _DATE_REQUIREMENTS.get(leaf.op, (plain, negated))
    return f"要求{(negated if leaf.negated else plain).format(said)}"


def show(value: Any, definition: FactDef) -> str:
    """A value as people write it: 25%, 9,800 万元, 是, 高企、专精特新."""
    if value is None:
        return "未知"
    if value is NOT_APPLICABLE:
        return "不适用"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, frozenset):
        return "、".join(QUAL_NAMES.get(tag, tag) for tag in sorted(value)) or "无"
    if isinstance(value, str):
        return QUAL_NAMES.get(value, value)
    return _number(value, definition)


def _number(value: float, definition: FactDef) -> str:
    if definition.ratio:
        return f"{value:.2%}".replace(".00%", "%")
    if definition.unit == "分":
        return money.show(round(value))
    return f"{_plain(value)} {definition.unit}" if definition.unit else _plain(value)


def _plain(value: float | Decimal) -> str:
    """At most four decimals, and none that say nothing."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def _gap(leaf: Leaf | ManualLeaf, value: Any, definition: FactDef) -> str:
    """差多少: how far a number is from its threshold; nothing for what does not apply."""
    if not isinstance(leaf, Leaf) or not isinstance(value, int | float):
        return ""
    distance = _distance(value, leaf.value)
    word = _SIDES[leaf.op]
    if not distance:
        return ""
    if definition.ratio:
        return f"，{word} {_plain(distance * 100)} 个百分点"
    return f"，{word} {_number(distance if isinstance(distance, int) else float(distance), definition)}"


def _distance(value: float, limit: Any) -> Decimal | int:
    """Exact: whole numbers are, and the others count as they are written."""
    if value == int(value) and limit == int(limit):
        return abs(int(value) - int(limit))
    return abs(Decimal(str(value)) - Decimal(str(limit)))


_SIDES = {">=": "还差", ">": "还差", "<=": "超出", "<": "超出"}

_REQUIREMENTS: dict[str, tuple[str, str]] = {
    "==": ("为{}", "不为{}"),
    "in": ("属于 {}", "不属于 {}"),
    ">": ("高于 {}", "不高于 {}"),
    ">=": ("不低于 {}", "低于 {}"),
    "<": ("低于 {}", "不低于 {}"),
    "<=": ("不高于 {}", "高于 {}"),
    "between": ("在 {} 之间", "不在 {} 之间"),
    "contains": ("有 {}", "没有 {}"),
    "exists": ("有记录", "没有记录"),
    "prefix_in": ("以 {} 开头", "不以 {} 开头"),
}
_DATE_REQUIREMENTS: dict[str, tuple[str, str]] = {
    ">": ("晚于 {}", "不晚于 {}"),
    ">=": ("不早于 {}", "早于 {}"),
    "<": ("早于 {}", "不早于 {}"),
    "<=": ("不晚于 {}", "晚于 {}"),
}

QUAL_NAMES = {
    "HNTE": "高新技术企业",
    "TSME": "科技型中小企业",
    "ISME": "创新型中小企业",
    "SRDI": "专精特新中小企业",
    "LG": "专精特新“小巨人”",
    "MCH": "制造业单项冠军",
    "GF": "绿色工厂",
    "AS": "规上企业",
    "CENTER": "省级技术中心",
    "GAZ": "瞪羚企业",
}

# ---------------------------------------------------------------- for an auditor

Said = Literal["满足", "不满足", "未知", "需人工认定"]
_SAID: dict[Verdict, Said] = {NO: "不满足", YES: "满足", MANUAL: "需人工认定", ASK: "未知"}


class Evidence(NamedTuple):
    """Where a fact's value comes from (来源), and since and until when it holds."""

    source: str = ""
    as_of: date | None = None
    valid_until: date | None = None
    basis: str = ""


class TraceLine(NamedTuple):
    """One leaf as it was decided: what was asked, what was known, from where, and the verdict.

    A check makes hundreds; a named tuple is made in a fifth of the time that a frozen dataclass takes.
    """

    path: str
    fact: str
    label: str
    value: str
    requirement: str
    verdict: Said
    evidence: Evidence
    decides: bool

    def document(self) -> dict[str, Any]:
        """As it is kept: JSON, dates as ISO text."""
        source, as_of, valid_until, basis = self.evidence
        return {
            "path": self.path,
            "fact": self.fact,
            "label": self.label,
            "value": self.value,
            "requirement": self.requirement,
            "verdict": self.verdict,
            "evidence": {"source": source, "as_of": _iso(as_of), "valid_until": _iso(valid_until), "basis": basis},
            "decides": self.decides,
        }


@lru_cache(maxsize=4096)
def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


_NOTHING = Evidence()


def trace_line(
    one: Saying, verdict: Verdict, value: str, evidence: Evidence | None, path: str = "", decides: bool = False
) -> TraceLine:
    """A leaf as it was decided. ``value`` is the fact as people write it."""
    fact = one.leaf.fact if isinstance(one.leaf, Leaf) else ""
    return TraceLine(path, fact, one.label, value, one.asked, _SAID[verdict], evidence or _NOTHING, decides)
