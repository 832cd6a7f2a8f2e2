"""The one form of a condition (条件树) that every compiler reads: negation normal form, values already checked.

``conditions.parse`` builds it. ``!=``, ``not_in``, ``not_contains``, ``not_prefix_in`` and the group ``none`` are gone:
a leaf carries ``negated`` instead, so the tree above the leaves is monotone and unknown is simply "may, but not must".

Four verdicts, chosen so that the groups are short to state: in ``all`` a NO decides, otherwise the largest verdict
stands; in ``any`` a YES decides, otherwise the largest stands. A missing fact (ASK) therefore outranks a question of
discretion (MANUAL): as long as something can still be asked, the outcome is need_info.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Verdict = int
NO: Verdict = 0
YES: Verdict = 1
MANUAL: Verdict = 2
ASK: Verdict = 3

Op = Literal["==", "in", ">", ">=", "<", "<=", "between", "contains", "exists", "prefix_in"]
Scalar = float | str | bool
Operand = Scalar | frozenset[Scalar] | tuple[Scalar, ...] | None


class Outcome(StrEnum):
    """What one enterprise gets for one policy (匹配结果)."""

    NOT_MATCH = "not_match"
    MATCH = "match"
    MANUAL = "manual"
    NEED_INFO = "need_info"


OUTCOMES = (Outcome.NOT_MATCH, Outcome.MATCH, Outcome.MANUAL, Outcome.NEED_INFO)
"""Indexed by verdict."""


class _NotApplicable:
    """不适用: every positive question about it is answered no; its negation therefore holds.

    Different from unknown: a small-scale taxpayer has no refundable credit, we need not ask for it.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __lt__(self, other: object) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __contains__ = startswith = __lt__

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "NOT_APPLICABLE"


NOT_APPLICABLE = _NotApplicable()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison. ``index`` is its place among the tree's leaves, ``path`` its place in what the author wrote."""

    fact: str
    op: Op
    value: Operand
    negated: bool
    path: str
    index: int

    @property
    def question(self) -> tuple[str, Op, Operand]:
        """Equal for leaves that ask the same thing, negated or not."""
        return (self.fact, self.op, self.value)


@dataclass(frozen=True, slots=True)
class ManualLeaf:
    """一事一议: a person decides; never true or false for a program."""

    text: str
    path: str
    index: int


@dataclass(frozen=True, slots=True)
class Group:
    kind: Literal["all", "any"]
    children: tuple[Node, ...]
    path: str


Node = Leaf | ManualLeaf | Group


@dataclass(frozen=True, slots=True)
class Tree:
    """``leaves[i].index == i``; a group's leaves are neighbours."""

    root: Node
    leaves: tuple[Leaf | ManualLeaf, ...]

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of the facts asked for, in the order they first appear."""
        return tuple(dict.fromkeys(leaf.fact for leaf in self.leaves if isinstance(leaf, Leaf)))


def leaves_under(node: Node) -> Iterator[Leaf | ManualLeaf]:
    if isinstance(node, Group):
        for child in node.children:
            yield from leaves_under(child)
    else:
        yield node
