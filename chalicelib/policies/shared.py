"""What policies have in common (共用条件): each distinct leaf and each distinct count is answered, and put into words,
once for an enterprise, however many policies ask it.

``SharedLeaves`` numbers them for all policies of a service; ``Answers`` are those of one enterprise on one day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from operator import itemgetter
from typing import Any

from chalicelib.policies.builtin import FACTS
from chalicelib.policies.closures import Facts, Test, Verdicts, leaf_test
from chalicelib.policies.counting import Count, Counted, Counter
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.explain import Saying, saying, show
from chalicelib.policies.facts import FactSheet
from chalicelib.policies.tree import Leaf, ManualLeaf, Verdict

Pick = Callable[[Any], Verdicts]
"""Answers of all shared leaves → those of one tree, in its order."""


class SharedLeaves:
    """Grows as policies are compiled; a number, once given, stays. Whoever adds to it holds a lock."""

    def __init__(self) -> None:
        self.tests: list[Test] = []
        self.sayings: list[Saying] = []
        self.counters: list[Counter] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, leaf: Leaf | ManualLeaf) -> int:
        """Of a leaf on the built-in dictionary, where a name has one type: 1 and true never meet."""
        key = (leaf.question, leaf.negated) if isinstance(leaf, Leaf) else leaf.text
        if key not in self._numbers:
            self.tests.append(leaf_test(leaf))
            self.sayings.append(saying(leaf, FACTS))
            self._numbers[key] = len(self.tests) - 1
        return self._numbers[key]

    def count_number(self, count: Count) -> int:
        """Of a count, whatever its policy calls it."""
        key = (count.of, json.dumps(count.where, sort_keys=True, default=str), count.sum)
        if key not in self._numbers:
            self.counters.append(Counter(count))
            self._numbers[key] = len(self.counters) - 1
        return self._numbers[key]


def picker(numbers: Sequence[int]) -> Pick:
    """Those answers as one tuple."""
    if len(numbers) == 1:
        only = numbers[0]
        return lambda answers: (answers[only],)
    return itemgetter(*numbers)


class Answers:
    """What one enterprise answers. ``ahead``: to all leaves at once, for a check of all policies; otherwise to each
    when it is asked."""

    __slots__ = ("_shown", "counted", "sheet", "texts", "verdicts")

    def __init__(self, shared: SharedLeaves, sheet: FactSheet, *, ahead: bool) -> None:
        values = sheet.values
        self.sheet = sheet
        self.verdicts: Any = [test(values) for test in shared.tests] if ahead else _Verdicts(shared.tests, values)
        self.texts = _Texts(shared.sayings, self.verdicts, values)
        self.counted = _Counts(shared.counters, sheet)
        self._shown: dict[str, str] = {}

    def shown(self, fact: str, definition: FactDef) -> str:
        """The value as people write it."""
        text = self._shown.get(fact)
        if text is None:
            text = self._shown[fact] = show(self.sheet.values.get(fact), definition)
        return text


class _Verdicts(dict[int, Verdict]):
    def __init__(self, tests: Sequence[Test], facts: Facts) -> None:
        super().__init__()
        self._tests, self._facts = tests, facts

    def __missing__(self, number: int) -> Verdict:
        verdict = self[number] = self._tests[number](self._facts)
        return verdict


class _Texts(dict[int, str]):
    def __init__(self, sayings: Sequence[Saying], verdicts: Any, facts: Facts) -> None:
        super().__init__()
        self._sayings, self._verdicts, self._facts = sayings, verdicts, facts

    def __missing__(self, number: int) -> str:
        text = self[number] = self._sayings[number].text(self._verdicts[number], self._facts)
        return text


class _Counts(dict[int, Counted]):
    def __init__(self, counters: Sequence[Counter], sheet: FactSheet) -> None:
        super().__init__()
        self._counters, self._sheet = counters, sheet

    def __missing__(self, number: int) -> Counted:
        counter = self._counters[number]
        counted = self[number] = counter.over(self._sheet.records.get(counter.count.of))
        return counted
