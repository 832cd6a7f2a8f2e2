"""Conditions as authors write them (条件) → Tree. Every mistake is found here, each with the path to it.

Grammar (design.md): a leaf ``{"fact": "revenue", "op": ">=", "value": 1500}``, a question of discretion
``{"manual": "一事一议"}``, groups ``{"all": [...]}``, ``{"any": [...]}``, ``{"none": [...]}``. Three-valued: a missing
fact makes a leaf unknown, below ``none`` too; only ``exists`` is always known (a value is there, or it is not).

What is decided here once, so that closures, columns and SQL cannot differ:

- a group holds at least one condition; a list of values holds at least one and never null;
- a number is never compared with text: wrong types are refused on both sides (here, and when facts are read);
- ``between`` includes both ends; dates are days; ``in`` takes numbers, text or dates; ``contains`` takes one value;
- ``none`` is pushed to the leaves: none[a, b] = all[not a, not b], not all[a, b] = any[not a, not b];
- ``exists`` may carry ``"value": false`` for its opposite;
- a leaf may carry ``unit`` (must be the dictionary's) and ``note`` (for readers).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from chalicelib.policies.dictionary import TYPE_NAMES, FactDef, FactType, Schema, read_value
from chalicelib.policies.reach import unreachable
from chalicelib.policies.tree import Group, Leaf, ManualLeaf, Node, Op, Operand, Scalar, Tree

MAX_DEPTH = 32
MAX_LEAVES = 2000

_ORDERED: frozenset[FactType] = frozenset({"number", "date"})
_LISTED: frozenset[FactType] = frozenset({"number", "category", "date"})
_SINGLE: frozenset[FactType] = frozenset({"number", "category", "flag", "date"})
_ANY: frozenset[FactType] = frozenset({"number", "category", "flag", "date", "set"})

_OPS: dict[str, tuple[Op, bool, frozenset[FactType]]] = {
    "==": ("==", False, _SINGLE),
    "!=": ("==", True, _SINGLE),
    "in": ("in", False, _LISTED),
    "not_in": ("in", True, _LISTED),
    ">": (">", False, _ORDERED),
    ">=": (">=", False, _ORDERED),
    "<": ("<", False, _ORDERED),
    "<=": ("<=", False, _ORDERED),
    "between": ("between", False, _ORDERED),
    "contains": ("contains", False, frozenset({"set"})),
    "not_contains": ("contains", True, frozenset({"set"})),
    "exists": ("exists", False, _ANY),
    "prefix_in": ("prefix_in", False, frozenset({"category"})),
    "not_prefix_in": ("prefix_in", True, frozenset({"category"})),
}
_GROUPS = ("all", "any", "none")
_AnyLeaf = TypeVar("_AnyLeaf", Leaf, ManualLeaf)
_LEAF_KEYS = frozenset({"fact", "op", "value", "unit", "note"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where (``all[0].any[1].value``) and what, in Chinese."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path or '条件'}：{self.text}"


class ConditionProblems(ValueError):
    """All mistakes of one condition; ``str()`` is the text to show."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("；".join(str(problem) for problem in problems))


def parse(raw: object, schema: Schema, *, reachable: bool = True) -> Tree:
    """Read a condition; raises ConditionProblems with every mistake in it.

    ``reachable`` also refuses what can never decide: contradictions and repeated branches. Content is held to that;
    a file handed to ``policy match`` is not, since there it costs nothing but time.
    """
    tree, problems = examine(raw, schema)
    if reachable and not problems and tree:
        problems = [Problem(path, text) for path, text in unreachable(tree)]
    if problems or not tree:
        raise ConditionProblems(problems)
    return tree


def examine(raw: object, schema: Schema) -> tuple[Tree | None, list[Problem]]:
    """The tree if it is well formed, and every mistake of form or type."""
    reader = _Reader(schema)
    root = reader.node(raw, "", negated=False, depth=0)
    if len(reader.leaves) > MAX_LEAVES:
        reader.fault("", f"条件太多（{len(reader.leaves)} 条），最多 {MAX_LEAVES} 条")
    return (Tree(root, tuple(reader.leaves)) if root and not reader.problems else None), reader.problems


@dataclass
class _Reader:
    schema: Schema
    leaves: list[Leaf | ManualLeaf] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def fault(self, path: str, text: str) -> None:
        self.problems.append(Problem(path, text))

    def node(self, raw: object, path: str, *, negated: bool, depth: int) -> Node | None:
        if not isinstance(raw, Mapping):
            self.fault(path, "应是一个条件或分组（对象）")
        elif depth > MAX_DEPTH:
            self.fault(path, f"嵌套超过 {MAX_DEPTH} 层")
        elif kinds := [kind for kind in _GROUPS if kind in raw]:
            return self.group(raw, kinds, path, negated, depth)
        elif "manual" in raw:
            return self.manual(raw, path)
        else:
            return self.leaf(raw, path, negated)
        return None

    def group(self, raw: Mapping[str, Any], kinds: list[str], path: str, negated: bool, depth: int) -> Group | None:
        if len(raw) > 1:
            self.fault(path, f"分组里只能有一个键，多了：{_names(set(raw) - {kinds[0]})}")
        kind = kinds[0]
        members, here = raw[kind], _join(path, kind)
        if not isinstance(members, list | tuple):
            self.fault(here, "应是条件的列表")
            return None
        if not members:
            self.fault(here, "分组是空的")
        inside = negated != (kind == "none")
        children = [
            self.node(member, f"{here}[{number}]", negated=inside, depth=depth + 1)
            for number, member in enumerate(members)
        ]
        # not any = all not; not all = any not; "none" is a negated "any" and arrives here with ``inside`` turned.
        merged: Literal["all", "any"] = "any" if (kind == "all") == inside else "all"
        return Group(merged, tuple(child for child in children if child), here)

    def manual(self, raw: Mapping[str, Any], path: str) -> ManualLeaf | None:
        text = raw["manual"]
        if extra := set(raw) - {"manual"}:
            self.fault(path, f"不认识的键：{_names(extra)}")
        if not isinstance(text, str) or not text.strip():
            self.fault(_join(path, "manual"), "应写明由谁、凭什么认定")
            return None
        return self._keep(ManualLeaf(text.strip(), path, len(self.leaves)))

    def leaf(self, raw: Mapping[str, Any], path: str, negated: bool) -> Leaf | None:
        if extra := set(raw) - _LEAF_KEYS:
            self.fault(path, f"不认识的键：{_names(extra)}")
        definition = self._definition(raw, path)
        known = self._op(raw, path)
        if definition is None or known is None:
            return None
        op, flips, types = known
        if definition.type not in types:
            allowed = "、".join(name for name, (_, _, fits) in _OPS.items() if definition.type in fits)
            self.fault(_join(path, "op"), f"“{raw['op']}”不能用于{TYPE_NAMES[definition.type]}，可用：{allowed}")
            return None
        self._unit(raw, definition, path)
        before = len(self.problems)
        value = self._operand(op, raw, definition, _join(path, "value"))
        if len(self.problems) > before:
            return None
        if op == "exists" and value is False:
            flips, value = True, None
        made = Leaf(str(raw["fact"]), op, None if op == "exists" else value, negated != flips, path, len(self.leaves))
        return self._keep(made)

    def _keep(self, leaf: _AnyLeaf) -> _AnyLeaf:
        self.leaves.append(leaf)
        return leaf

    def _definition(self, raw: Mapping[str, Any], path: str) -> FactDef | None:
        name = raw.get("fact")
        if not isinstance(name, str) or not name:
            self.fault(_join(path, "fact"), "没有写事实名称")
            return None
        if name not in self.schema:
            self.fault(_join(path, "fact"), f"事实字典里没有“{name}”")
        return self.schema.get(name)

    def _op(self, raw: Mapping[str, Any], path: str) -> tuple[Op, bool, frozenset[FactType]] | None:
        op = raw.get("op")
        if isinstance(op, str) and op in _OPS:
            return _OPS[op]
        said = "没有写比较方式" if op is None else f"比较方式“{op}”不认识"
        self.fault(_join(path, "op"), f"{said}，可用：{'、'.join(_OPS)}")
        return None

    def _unit(self, raw: Mapping[str, Any], definition: FactDef, path: str) -> None:
        unit = raw.get("unit")
        if unit is not None and definition.unit and unit != definition.unit:
            self.fault(_join(path, "unit"), f"单位应为“{definition.unit}”，写的是“{unit}”")

    # ------------------------------------------------------------------------------------------------------- operands

    def _operand(self, op: Op, raw: Mapping[str, Any], definition: FactDef, path: str) -> Operand:
        if op == "exists":
            return self._exists(raw.get("value"), path)
        if raw.get("value") is None:
            self.fault(path, "没有写比较的值")
            return None
        read = _OPERANDS.get(op, _Reader._single)
        return read(self, raw["value"], definition, path)

    def _exists(self, value: object, path: str) -> Operand:
        if value is not None and not isinstance(value, bool):
            self.fault(path, "exists 只能写 true、false 或不写")
        return value is not False

    def _single(self, value: object, definition: FactDef, path: str) -> Scalar | None:
        kind: FactType = "category" if definition.type == "set" else definition.type
        try:
            read: Scalar = read_value(kind, value)
        except ValueError as error:
            hint = "；多个值请用 any 分组" if isinstance(value, list) else ""
            self.fault(path, f"{error}{hint}")
            return None
        if definition.choices and read not in definition.choices:
            self.fault(path, f"“{read}”不在可选值里：{'、'.join(definition.choices)}")
        return read

    def _list(self, value: object, definition: FactDef, path: str) -> Operand:
        if not isinstance(value, list | tuple) or not value:
            self.fault(path, "应是至少有一个值的列表")
            return None
        read = [self._single(each, definition, f"{path}[{number}]") for number, each in enumerate(value)]
        return frozenset(each for each in read if each is not None)

    def _prefixes(self, value: object, definition: FactDef, path: str) -> Operand:
        if isinstance(value, list | tuple) and "" in value:
            self.fault(path, "前缀不能是空的")
        return self._list(value, FactDef("category"), path)

    def _between(self, value: object, definition: FactDef, path: str) -> Operand:
        if not isinstance(value, list | tuple) or len(value) != 2:
            self.fault(path, "between 要写两个值：[下限, 上限]")
            return None
        low, high = (self._single(each, definition, f"{path}[{number}]") for number, each in enumerate(value))
        if low is None or high is None:
            return None
        if low > high:  # type: ignore[operator]  # both were read as the same ordered type
            self.fault(path, f"上下限写反了：{low} 大于 {high}")
        return (low, high)


_OPERANDS: dict[str, Callable[[_Reader, object, FactDef, str], Operand]] = {
    "in": _Reader._list,
    "prefix_in": _Reader._prefixes,
    "between": _Reader._between,
}


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _names(keys: set[Any]) -> str:
    return "、".join(sorted(str(key) for key in keys))
