"""What policies have in common (共用条件): each distinct leaf and each distinct count is answered, and put into words,
once for an enterprise, however many policies ask it.

``SharedLeaves`` numbers them for all policies of a service; ``Answers`` are those of one enterprise on one day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar

from chalicelib.policies.builtin import FACTS
from chalicelib.policies.closures import Test, leaf_test
from chalicelib.policies.counting import Count, Counted, Counter
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.explain import Saying, TraceLine, saying, show, trace_line
from chalicelib.policies.facts import FactSheet
from chalicelib.policies.tree import ASK, Leaf, ManualLeaf, Verdict

Pick = Callable[[Any], tuple[Verdict, ...]]
"""Answers to all shared leaves → those of one tree, in its order."""
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class SharedLeaf:
    """``counter``: the number of the count that it is on, None for a leaf on a fact."""

    leaf: Leaf | ManualLeaf
    saying: Saying
    counter: int | None


class SharedLeaves:
    """Grows as policies are compiled; a number, once given, stays. Whoever adds to it holds a lock."""

    def __init__(self) -> None:
        self.leaves: list[SharedLeaf] = []
        self.tests: list[Test] = []
        self.on_counts: list[int] = []
        """Numbers of the leaves that are on a count."""
        self.counters: list[Counter] = []
        self._leaf_numbers: dict[Hashable, int] = {}
        self._counter_numbers: dict[Hashable, int] = {}

    def number(self, leaf: Leaf | ManualLeaf, counts: Mapping[str, Count]) -> int:
        """Of a leaf on the built-in dictionary, where a name has one type (so 1 and true never meet), or on one of the
        policy's own ``counts``."""
        if isinstance(leaf, ManualLeaf):
            return self._add(leaf.text, leaf, FACTS, None)
        count = counts.get(leaf.fact)
        if count is None:
            return self._add((leaf.question, leaf.negated), leaf, FACTS, None)
        counter, schema = self.counter_number(count), {count.fact: count.definition}
        return self._add((leaf.question, leaf.negated, counter, count.definition), leaf, schema, counter)

    def counter_number(self, count: Count) -> int:
        """Of a count, whatever its policy calls it."""
        key = (count.of, json.dumps(count.where, sort_keys=True, default=str), count.sum)
        if key not in self._counter_numbers:
            self.counters.append(Counter(count))
            self._counter_numbers[key] = len(self.counters) - 1
        return self._counter_numbers[key]

    def _add(self, key: Hashable, leaf: Leaf | ManualLeaf, schema: Mapping[str, FactDef], counter: int | None) -> int:
        if key not in self._leaf_numbers:
            self.leaves.append(SharedLeaf(leaf, saying(leaf, schema), counter))
            self.tests.append(leaf_test(leaf))
            self._leaf_numbers[key] = number = len(self.leaves) - 1
            if counter is not None:
                self.on_counts.append(number)
        return self._leaf_numbers[key]


def picker(numbers: Sequence[int]) -> Pick:
    """Those answers as one tuple."""
    if len(numbers) == 1:
        only = numbers[0]
        return lambda answers: (answers[only],)
    return itemgetter(*numbers)


class Answers:
    """What one enterprise answers, by the numbers of leaves and counters; each is made when it is first asked for.

    ``ahead`` answers all leaves at once, for a check of all policies. ``counted`` stands for what the records would
    come to.
    """

    __slots__ = ("_shared", "_shown", "counted", "documents", "lines", "sheet", "texts", "verdicts")

    def __init__(
        self,
        shared: SharedLeaves,
        sheet: FactSheet,
        counted: Mapping[int, Counted] | None = None,
        *,
        ahead: bool = False,
    ) -> None:
        self._shared = shared
        self._shown: dict[str, str] = {}
        self.sheet = sheet
        self.counted: dict[int, Counted] = _Making(self._count)
        self.counted.update(counted or {})
        self.verdicts: Any = self._all_verdicts() if ahead else _Making(self._verdict)
        self.texts: dict[int, str] = _Making(self._text)
        self.lines: dict[int, TraceLine] = _Making(self._line)
        """Without its place in a tree, and without whether it decided there."""
        self.documents: dict[int, dict[str, Any]] = _Making(lambda number: self.lines[number].document())
        """The lines as they are kept."""

    def apart(self, counted: Mapping[int, Counted]) -> Answers:
        """The same, but for these counts."""
        return Answers(self._shared, self.sheet, counted)

    def _all_verdicts(self) -> list[Verdict]:
        values = self.sheet.values
        found = [test(values) for test in self._shared.tests]
        for number in self._shared.on_counts:
            found[number] = self._verdict(number)
        return found

    def _verdict(self, number: int) -> Verdict:
        test, one = self._shared.tests[number], self._shared.leaves[number]
        if one.counter is None or not isinstance(one.leaf, Leaf):
            return test(self.sheet.values)
        # What comes out differently for what certainly counts and for what may is open.
        counted = self.counted[one.counter]
        low, high = (test({one.leaf.fact: value}) for value in (counted.low, counted.high))
        return low if low == high else ASK

    def _count(self, number: int) -> Counted:
        counter = self._shared.counters[number]
        return counter.over(self.sheet.records.get(counter.count.of))

    def _text(self, number: int) -> str:
        one, verdict = self._shared.leaves[number], self.verdicts[number]
        if verdict == ASK or not isinstance(one.leaf, Leaf):
            return one.saying.unknown
        value = self._value(one, one.leaf)
        return f"{one.saying.before}{self._show(one, one.leaf)}{one.saying.after(verdict, value)}"

    def _line(self, number: int) -> TraceLine:
        one, verdict = self._shared.leaves[number], self.verdicts[number]
        if not isinstance(one.leaf, Leaf):
            return trace_line(one.saying, verdict, "", None)
        if one.counter is None:
            evidence = self.sheet.evidence.get(one.leaf.fact)
        else:
            evidence = self.counted[one.counter].evidence
        return trace_line(one.saying, verdict, self._show(one, one.leaf), evidence)

    def _value(self, one: SharedLeaf, leaf: Leaf) -> Any:
        return self.sheet.values.get(leaf.fact) if one.counter is None else self.counted[one.counter].low

    def _show(self, one: SharedLeaf, leaf: Leaf) -> str:
        """The value as people write it."""
        if one.counter is not None:
            return show(self.counted[one.counter].low, one.saying.definition)
        text = self._shown.get(leaf.fact)
        if text is None:
            text = self._shown[leaf.fact] = show(self.sheet.values.get(leaf.fact), one.saying.definition)
        return text


class _Making(dict[int, Made]):
    """Numbers → what is made of each when it is first asked for."""

    def __init__(self, make: Callable[[int], Made]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, number: int) -> Made:
        made = self[number] = self._make(number)
        return made
