"""Tree → Python closures: the compiler for a county and for one changed enterprise. No dependency, milliseconds.

``facts`` maps a name to its checked value (``dictionary.read_value``); None or an absent name is unknown. Dates are
ISO text of fixed width, so text order is date order. A verdict may come back as True or False: they are 1 and 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.policies.tree import (
    ASK,
    MANUAL,
    NO,
    NOT_APPLICABLE,
    OUTCOMES,
    YES,
    Group,
    Leaf,
    ManualLeaf,
    Node,
    Outcome,
    Tree,
    Verdict,
)

Facts = Mapping[str, Any]
Test = Callable[[Facts], Verdict]
Verdicts = Sequence[Verdict]
_NEGATED = (YES, NO, MANUAL, ASK)


def compile_closure(tree: Tree) -> Callable[[Facts], Outcome]:
    """Facts → outcome, stopping at the first leaf that decides."""
    verdict = compile_verdict(tree)
    return lambda facts: OUTCOMES[verdict(facts)]


def compile_verdict(tree: Tree) -> Test:
    """Facts → verdict, for conditions that are part of something larger."""
    return _node_test(tree.root)


def compile_trace(tree: Tree) -> Callable[[Facts], tuple[Outcome, list[Verdict]]]:
    """Facts → (outcome, verdict of every leaf in ``tree.leaves``)."""
    tests = tuple(leaf_test(leaf) for leaf in tree.leaves)
    combine = compile_combine(tree)

    def run(facts: Facts) -> tuple[Outcome, list[Verdict]]:
        verdicts = [test(facts) for test in tests]
        return OUTCOMES[combine(verdicts)], verdicts

    return run


def leaf_test(leaf: Leaf | ManualLeaf) -> Test:
    if isinstance(leaf, ManualLeaf):
        return lambda facts: MANUAL
    if leaf.negated and leaf.op in _NEGATED_TESTS:
        return _NEGATED_TESTS[leaf.op](leaf.fact, leaf.value)
    test = _TESTS[leaf.op](leaf.fact, leaf.value)
    return _negate(test) if leaf.negated else test


def _node_test(node: Node) -> Test:
    if not isinstance(node, Group):
        return leaf_test(node)
    children = tuple(_node_test(child) for child in node.children)
    return _all(children) if node.kind == "all" else _any(children)


def _all(children: tuple[Test, ...]) -> Test:
    def test(facts: Facts) -> Verdict:
        result = YES
        for child in children:
            verdict = child(facts)
            if not verdict:
                return NO
            if verdict > result:
                result = verdict
        return result

    return test


def _any(children: tuple[Test, ...]) -> Test:
    def test(facts: Facts) -> Verdict:
        result = NO
        for child in children:
            verdict = child(facts)
            if verdict == YES:
                return YES
            if verdict > result:
                result = verdict
        return result

    return test


# ---------------------------------------------------------------- leaves known already


def compile_combine(tree: Tree) -> Callable[[Verdicts], Verdict]:
    """Verdicts of all leaves → verdict of the tree."""
    return _combine(tree.root)


def _combine(node: Node) -> Callable[[Verdicts], Verdict]:
    if not isinstance(node, Group):
        return lambda verdicts, index=node.index: verdicts[index]  # type: ignore[misc]
    decides = NO if node.kind == "all" else YES
    leaves = [child.index for child in node.children if not isinstance(child, Group)]
    if len(leaves) == len(node.children):
        return _combine_slice(decides, leaves[0], leaves[-1] + 1)
    return _combine_children(decides, tuple(_combine(child) for child in node.children))


def _combine_slice(decides: Verdict, start: int, stop: int) -> Callable[[Verdicts], Verdict]:
    def run(verdicts: Verdicts) -> Verdict:
        part = verdicts[start:stop]
        return decides if decides in part else max(part)

    return run


def _combine_children(
    decides: Verdict, children: tuple[Callable[[Verdicts], Verdict], ...]
) -> Callable[[Verdicts], Verdict]:
    def run(verdicts: Verdicts) -> Verdict:
        result = -1
        for child in children:
            verdict = child(verdicts)
            if verdict == decides:
                return decides
            if verdict > result:
                result = verdict
        return result

    return run


# ---------------------------------------------------------------- leaves


def _negate(test: Test) -> Test:
    return lambda facts: _NEGATED[test(facts)]


def _equal(name: str, value: Any) -> Test:
    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else known == value

    return test


def _in(name: str, values: Any) -> Test:
    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else known in values

    return test


def _not_equal(name: str, value: Any) -> Test:
    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else known != value

    return test


def _not_in(name: str, values: Any) -> Test:
    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else known not in values

    return test


def _more(name: str, limit: Any) -> Test:
    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else known > limit

    return test


def _at_least(name: str, limit: Any) -> Test:
    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else known >= limit

    return test


def _less(name: str, limit: Any) -> Test:
    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else known < limit

    return test


def _at_most(name: str, limit: Any) -> Test:
    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else known <= limit

    return test


def _between(name: str, ends: Any) -> Test:
    low, high = ends

    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else low <= known <= high

    return test


def _contains(name: str, value: Any) -> Test:
    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else value in known

    return test


def _prefix_in(name: str, prefixes: Any) -> Test:
    starts = tuple(prefixes)

    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return ASK if known is None else known.startswith(starts)

    return test


def _exists(name: str, _: Any) -> Test:
    def test(facts: Facts) -> Verdict:
        known = facts.get(name)
        return known is not None and known is not NOT_APPLICABLE

    return test


_TESTS: dict[str, Callable[[str, Any], Test]] = {
    "==": _equal,
    "in": _in,
    ">": _more,
    ">=": _at_least,
    "<": _less,
    "<=": _at_most,
    "between": _between,
    "contains": _contains,
    "prefix_in": _prefix_in,
    "exists": _exists,
}
_NEGATED_TESTS: dict[str, Callable[[str, Any], Test]] = {"==": _not_equal, "in": _not_in}
"""The negations that authors write most, without a second call."""
