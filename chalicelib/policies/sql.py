"""Tree → SQL, for ad-hoc questions over a table of facts (one column a fact) and as oracle in tests.

SQL's NULL logic is the three-valued logic of the other compilers: the expression is 1, 0 or NULL. NULL stands for both
need_info and manual. Sets are text with bars around each tag: ``|HNTE|SRDI|``; flags are 1 and 0; dates are ISO text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.policies.tree import Leaf, ManualLeaf, Node, Tree


@dataclass(frozen=True, slots=True)
class Sql:
    """``text`` holds one ``?`` for each of ``parameters``, in order; no value is ever part of the text."""

    text: str
    parameters: tuple[Any, ...]


def compile_sql(tree: Tree) -> Sql:
    """The condition as an SQL expression; understood by SQLite, DuckDB and Trino (whose ``instr`` is ``strpos``)."""
    writer = _Writer()
    return Sql(writer.node(tree.root), tuple(writer.parameters))


def set_text(tags: frozenset[str]) -> str:
    """How a set is stored for ``contains``."""
    return "|" + "".join(f"{tag}|" for tag in sorted(tags))


@dataclass
class _Writer:
    parameters: list[Any] = field(default_factory=list)

    def node(self, node: Node) -> str:
        if isinstance(node, ManualLeaf):
            return "NULL"
        if isinstance(node, Leaf):
            text = _WRITERS.get(node.op, _Writer.compare)(self, f'"{node.fact.replace(chr(34), chr(34) * 2)}"', node)
            return f"(NOT {text})" if node.negated else text
        return f"({f' {_JOINS[node.kind]} '.join(self.node(child) for child in node.children)})"

    def mark(self, value: Any) -> str:
        self.parameters.append(value)
        return "?"

    def compare(self, column: str, leaf: Leaf) -> str:
        return f"({column} {'=' if leaf.op == '==' else leaf.op} {self.mark(leaf.value)})"

    def one_of(self, column: str, leaf: Leaf) -> str:
        return f"({column} IN ({', '.join(self.mark(value) for value in _sorted(leaf))}))"

    def between(self, column: str, leaf: Leaf) -> str:
        low, high = map(self.mark, leaf.value)  # type: ignore[arg-type]  # a pair, by the parser
        return f"({column} BETWEEN {low} AND {high})"

    def contains(self, column: str, leaf: Leaf) -> str:
        return f"(instr({column}, {self.mark(f'|{leaf.value}|')}) > 0)"

    def prefix(self, column: str, leaf: Leaf) -> str:
        tests = (f"substr({column}, 1, {len(value)}) = {self.mark(value)}" for value in _sorted(leaf))
        return f"({' OR '.join(tests)})"

    def exists(self, column: str, leaf: Leaf) -> str:
        return f"({column} IS NOT NULL)"


def _sorted(leaf: Leaf) -> list[Any]:
    return sorted(leaf.value)  # type: ignore[arg-type]  # a frozenset of one type, by the parser


_JOINS = {"all": "AND", "any": "OR"}
_WRITERS: dict[str, Callable[[_Writer, str, Leaf], str]] = {
    "in": _Writer.one_of,
    "between": _Writer.between,
    "contains": _Writer.contains,
    "prefix_in": _Writer.prefix,
    "exists": _Writer.exists,
}
