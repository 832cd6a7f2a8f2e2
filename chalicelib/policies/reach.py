"""What in a tree can never decide (走不到的分支): conditions on one fact that exclude each other, and repeats.

Found by trying: for the leaves on one fact there is a finite set of values on which they can differ (each threshold,
just beside it, each listed value, something else, nothing). If none satisfies them all, the conjunction is impossible.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from chalicelib.policies.closures import leaf_test
from chalicelib.policies.tree import YES, Group, Leaf, ManualLeaf, Node, Tree

_ELSE = "\uffff"


def unreachable(tree: Tree) -> Iterator[tuple[str, str]]:
    """(path, text) of each branch that cannot hold or only repeats another."""
    yield from _walk(tree.root, ())


def _walk(node: Node, assumed: tuple[Leaf, ...]) -> Iterator[tuple[str, str]]:
    if not isinstance(node, Group):
        if isinstance(node, Leaf) and not _possible(node, assumed):
            yield node.path, f"这个条件永远不会成立（“{node.fact}”与其他条件矛盾）"
        return
    yield from _repeats(node)
    for child in node.children:
        yield from _walk(child, assumed)
        if node.kind == "all":
            assumed = (*assumed, *_certain(child))


def _certain(node: Node) -> Iterator[Leaf]:
    """Leaves that hold whenever the node does."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Group) and (node.kind == "all" or len(node.children) == 1):
        for child in node.children:
            yield from _certain(child)


def _repeats(group: Group) -> Iterator[tuple[str, str]]:
    seen: dict[Any, str] = {}
    for child in group.children:
        key = _key(child)
        if key in seen:
            yield child.path, f"与 {seen[key]} 重复"
        seen.setdefault(key, child.path)


def _key(node: Node) -> Any:
    if isinstance(node, ManualLeaf):
        return node.text
    if isinstance(node, Leaf):
        return (node.question, node.negated)
    return (node.kind, frozenset(_key(child) for child in node.children))


def _possible(leaf: Leaf, assumed: tuple[Leaf, ...]) -> bool:
    together = [other for other in assumed if other.fact == leaf.fact] + [leaf]
    tests = [leaf_test(each) for each in together]
    return any(all(test({leaf.fact: value}) == YES for test in tests) for value in _witnesses(together))


def _witnesses(leaves: list[Leaf]) -> Iterator[Any]:
    yield None
    mentioned = {value for leaf in leaves for value in _mentioned(leaf)}
    if any(leaf.op == "contains" for leaf in leaves):
        yield frozenset()
        yield frozenset(leaf.value for leaf in leaves if not leaf.negated and leaf.op == "contains")
    elif all(isinstance(value, bool) for value in mentioned):
        yield from (True, False)
    elif all(isinstance(value, int | float) for value in mentioned):
        yield from _beside_numbers(sorted(mentioned))
    else:
        yield from _beside_texts(mentioned)


def _mentioned(leaf: Leaf) -> tuple[Any, ...]:
    if leaf.value is None:
        return ()
    return tuple(leaf.value) if isinstance(leaf.value, tuple | frozenset) else (leaf.value,)


def _beside_numbers(values: list[Any]) -> Iterator[Any]:
    yield from values
    yield from ((low + high) / 2 for low, high in pairwise(values))
    if values:
        yield from (values[0] - 1, values[-1] + 1)


def _beside_texts(values: set[Any]) -> Iterator[str]:
    yield _ELSE
    for value in values:
        yield value
        yield value + _ELSE
        try:
            day = date.fromisoformat(value)
        except ValueError:
            continue
        yield from ((day + timedelta(days)).isoformat() for days in (-1, 1))
