"""Tree → SQL, for ad-hoc questions over a table of facts (one column a fact) and as oracle in tests.

SQL's NULL logic is the three-valued logic of the other compilers: the expression is true, false or NULL. NULL stands
for need_info and manual alike, and for what does not apply (不适用), which such a table does not tell from unknown.
Sets are text with bars around each tag: ``|HNTE|SRDI|``; dates are ISO text. The text is the same for Trino, which is
Athena's engine (Athena User Guide, "Athena engine version 3"), and for DuckDB; SQLite needs a function ``strpos``.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.policies.dictionary import FactType, Schema
from chalicelib.policies.tree import Leaf, ManualLeaf, Node, Tree

UNKNOWN = "CAST(NULL AS BOOLEAN)"

SQL_TYPES: Mapping[FactType, str] = {
    "number": "DOUBLE",
    "category": "VARCHAR",
    "flag": "BOOLEAN",
    "date": "VARCHAR",
    "set": "VARCHAR",
}
"""Of the columns that conditions are asked of."""

LONGEST_QUERY = 262_144
"""Bytes of a query string in Athena (Athena User Guide, "Service Quotas")."""


@dataclass(frozen=True, slots=True)
class Sql:
    """``text`` holds one ``?`` for each of ``parameters``, in order; no value is ever part of the text."""

    text: str
    parameters: tuple[Any, ...]


def compile_sql(tree: Tree) -> Sql:
    """The condition as an expression with parameters."""
    parameters: list[Any] = []

    def mark(value: Any) -> str:
        parameters.append(value)
        return "?"

    return Sql(_Writer(mark).node(tree.root), tuple(parameters))


def literal_sql(tree: Tree, columns: Container[str] | None = None) -> str:
    """The condition as an expression with its values in it, for a console. A fact without one of ``columns`` (None: all
    are there) is unknown for all."""
    return _Writer(literal, columns).node(tree.root)


def select_all(trees: Mapping[str, Tree], table: str, columns: Container[str] | None = None) -> str:
    """A row for each enterprise and a column for each policy: true, false or NULL. One scan of the table."""
    asked = (f"{literal_sql(tree, columns)} AS {quoted(name)}" for name, tree in trees.items())
    return select([quoted("uscc"), *asked], table)


def select_counts(trees: Mapping[str, Tree], table: str, columns: Container[str] | None = None) -> str:
    """One row: of each policy how many match, do not, and are not decided: ``"P23"``, ``"P23 not"``, ``"P23 open"``."""
    counts: list[str] = []
    for name, tree in trees.items():
        asked = literal_sql(tree, columns)
        for when, title in ((asked, name), (f"NOT {asked}", f"{name} not"), (f"{asked} IS NULL", f"{name} open")):
            counts.append(f"count(*) FILTER (WHERE {when}) AS {quoted(title)}")
    return select(counts, table)


def table_definition(schema: Schema, table: str, location: str) -> str:
    """The Hive statement that tells Athena of the Parquet files under ``location`` (``s3://…/``)."""
    types = {"DOUBLE": "double", "VARCHAR": "string", "BOOLEAN": "boolean"}
    fields = ["  `uscc` string", *(f"  `{name}` {types[SQL_TYPES[each.type]]}" for name, each in schema.items())]
    return (
        f"CREATE EXTERNAL TABLE `{table}` (\n"
        + ",\n".join(fields)
        + f"\n)\nSTORED AS PARQUET\nLOCATION {text_of(location)}"
    )


def set_text(tags: frozenset[str]) -> str:
    """How a set is stored for ``contains``."""
    return "|" + "".join(f"{tag}|" for tag in sorted(tags))


def quoted(name: str) -> str:
    """A name of a column."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value of a checked tree. Fractions are written with an exponent, which makes them DOUBLE and never DECIMAL."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return text_of(value)
    text = repr(value)
    return text if isinstance(value, int) or "e" in text else f"{text}E0"


def text_of(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def select(parts: Iterable[str], table: str) -> str:
    """A query of expressions that are written already."""
    return "SELECT\n  " + ",\n  ".join(parts) + f"\nFROM {quoted(table)}"


@dataclass(frozen=True, slots=True)
class _Writer:
    """``mark`` gives what stands for a value."""

    mark: Callable[[Any], str]
    columns: Container[str] | None = field(default=None)

    def node(self, node: Node) -> str:
        if isinstance(node, ManualLeaf):
            return UNKNOWN
        if isinstance(node, Leaf):
            return self.leaf(node)
        return f"({f' {_JOINS[node.kind]} '.join(self.node(child) for child in node.children)})"

    def leaf(self, leaf: Leaf) -> str:
        if self.columns is not None and leaf.fact not in self.columns:
            if leaf.op != "exists":
                return UNKNOWN
            return "TRUE" if leaf.negated else "FALSE"
        text = _WRITERS.get(leaf.op, _Writer.compare)(self, quoted(leaf.fact), leaf)
        return f"(NOT {text})" if leaf.negated else text

    def compare(self, column: str, leaf: Leaf) -> str:
        return f"({column} {'=' if leaf.op == '==' else leaf.op} {self.mark(leaf.value)})"

    def one_of(self, column: str, leaf: Leaf) -> str:
        return f"({column} IN ({', '.join(self.mark(value) for value in _sorted(leaf))}))"

    def between(self, column: str, leaf: Leaf) -> str:
        low, high = map(self.mark, leaf.value)  # type: ignore[arg-type]  # a pair, by the parser
        return f"({column} BETWEEN {low} AND {high})"

    def contains(self, column: str, leaf: Leaf) -> str:
        return f"(strpos({column}, {self.mark(f'|{leaf.value}|')}) > 0)"

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
