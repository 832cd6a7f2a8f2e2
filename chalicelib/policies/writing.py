"""Outcomes of many enterprises → JSON Lines with reasons. For batch code: needs numpy.

Enterprises whose leaves of a policy came out alike are told the same, but for their own values. So the text is put
together once for each way the leaves came out, as a template, and filled with values that are written out once each.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from json.encoder import encode_basestring
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chalicelib.policies.columns import Bits, Codes, Columns, decode
from chalicelib.policies.dictionary import Schema
from chalicelib.policies.explain import Explainer, Saying, show
from chalicelib.policies.program import Program
from chalicelib.policies.reading import NamedTree
from chalicelib.policies.tree import ASK, NO, OUTCOMES, Leaf, Verdict

_MOST_TEMPLATES = 20_000
"""Of one policy: with hundreds of leaves nearly every enterprise has its own, which are not worth keeping."""
_encode = json.JSONEncoder(ensure_ascii=False).encode


class Shown(Protocol):
    """What stands in one place of a template, by the enterprise's place in the block."""

    def __getitem__(self, place: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Template:
    text: bytes
    slots: tuple[Callable[[_Values], Shown], ...]


class Writer:
    """Writes the rows of ``policy match``; made once a run."""

    def __init__(self, policies: Sequence[NamedTree], schema: Schema, program: Program, with_not_match: bool) -> None:
        self._policies = policies
        self._schema = schema
        self._program = program
        self._with_not_match = with_not_match
        self._explainers = [Explainer(policy.tree, schema) for policy in policies]
        self._templates: list[dict[bytes, _Template]] = [{} for _ in policies]
        self._alike: dict[tuple[str, tuple[_Reason, ...]], _Template] = {}

    def lines(self, usccs: Sequence[str], columns: Columns, bits: Bits, verdicts: NDArray[np.uint8]) -> list[bytes]:
        """Rows in the order of the enterprises, then of the policies. ``verdicts``: a row an enterprise."""
        values = _Values(usccs, columns, self._schema)
        buckets: list[list[bytes]] = [[] for _ in usccs]
        for policy in range(len(self._policies)):
            for who, template in self._told(policy, bits, verdicts[:, policy]):
                slots = [values.heads, *(slot(values) for slot in template.slots)]
                filled = zip(*([slot[one] for one in who] for slot in slots), strict=True)
                for one, line in zip(who, map(template.text.__mod__, filled), strict=True):
                    buckets[one].append(line)
        return list(chain.from_iterable(buckets))

    def _told(self, policy: int, bits: Bits, verdicts: NDArray[np.uint8]) -> list[tuple[list[int], _Template]]:
        """Places of enterprises whose leaves came out alike, and their template."""
        leaves = self._program.leaf_verdicts(policy, bits, len(verdicts))
        known, alike = self._templates[policy], defaultdict[_Template, list[int]](list)
        chosen = np.arange(len(verdicts)) if self._with_not_match else np.flatnonzero(verdicts)
        table = np.ascontiguousarray(np.vstack((leaves, verdicts)).T[chosen])
        for one, came_out in zip(chosen.tolist(), table.view(f"V{table.shape[1]}").ravel().tolist(), strict=True):
            alike[known.get(came_out) or self._template(policy, came_out)].append(one)
        return [(who, template) for template, who in alike.items()]

    def _template(self, policy: int, came_out: bytes) -> _Template:
        """Ways that differ only in leaves that did not decide share one."""
        known = self._templates[policy]
        if len(known) >= _MOST_TEMPLATES:
            known.clear()
            self._alike.clear()
        text, reasons = self._make(policy, came_out[:-1], came_out[-1])
        made = self._alike.setdefault((text, reasons), _Template(text.encode(), tuple(one.slot for one in reasons)))
        known[came_out] = made
        return made

    def _make(self, policy: int, verdicts: bytes, expected: Verdict) -> tuple[str, tuple[_Reason, ...]]:
        explainer, name = self._explainers[policy], self._policies[policy].id
        verdict, indexes = explainer.deciding(verdicts)
        if verdict != expected:
            raise AssertionError(f"columns and explanation differ on policy {name}")
        sayings = [(explainer.sayings[index], verdicts[index]) for index in indexes]
        reasons = list(dict.fromkeys(_reason(saying, each) for saying, each in sayings))
        missing = dict.fromkeys(s.leaf.fact for s, _ in sayings if verdict == ASK and isinstance(s.leaf, Leaf))
        said, asked = ", ".join(reason.text for reason in reasons), _static(_encode(list(missing)))
        text = (
            f'%b, "policy": {_static(_encode(name))}, "outcome": "{OUTCOMES[verdict]}", '
            f'"reasons": [{said}], "missing": {asked}}}\n'
        )
        return text, tuple(reason for reason in reasons if reason.saying)


@dataclass(frozen=True, slots=True)
class _Reason:
    """A sentence as JSON. With a ``saying`` it has one place for the value, or for all that depends on the value."""

    text: str
    about: str = ""
    """The fact, and what is asked where the text does not show it. Equal reasons are said once."""
    saying: Saying | None = field(default=None, compare=False)

    def slot(self, values: _Values) -> Shown:
        assert self.saying and isinstance(self.saying.leaf, Leaf)
        fact = self.saying.leaf.fact
        return _Measured(self.saying, values.raw(fact)) if self.text == _WHOLE else values.shown(fact)


_WHOLE = '"%b"'


def _reason(saying: Saying, verdict: Verdict) -> _Reason:
    if not isinstance(saying.leaf, Leaf) or verdict == ASK:
        return _Reason(_static(_encode(saying.unknown)))
    fact = saying.leaf.fact
    if verdict == NO and saying.measures:
        return _Reason(_WHOLE, f"{fact} {saying.asked}", saying)
    before, after = (_static(_inner(part)) for part in (saying.before, saying.after(verdict, None)))
    return _Reason(f'"{before}%b{after}"', fact, saying)


@dataclass(frozen=True, slots=True)
class _Measured:
    """Reasons that say how far off a value is: hardly two enterprises have the same, so each is made when asked."""

    saying: Saying
    values: list[Any]

    def __getitem__(self, place: int) -> bytes:
        value = self.values[place]
        said = f"{self.saying.before}{show(value, self.saying.definition)}{self.saying.after(NO, value)}"
        return _inner(said).encode()


def _static(text: str) -> str:
    return text.replace("%", "%%")


def _inner(text: str) -> str:
    """As it stands inside a JSON string."""
    return encode_basestring(text)[1:-1]


class _Values:
    """The values of one block of enterprises, written out when first asked for."""

    def __init__(self, usccs: Sequence[str], columns: Columns, schema: Schema) -> None:
        self.heads = [f'{{"uscc": {_encode(uscc)}'.encode() for uscc in usccs]
        self._columns = columns
        self._schema = schema
        self._shown: dict[str, list[bytes]] = {}
        self._raw: dict[str, list[Any]] = {}

    def shown(self, fact: str) -> list[bytes]:
        """As people write them, as they stand inside a JSON string."""
        if fact not in self._shown:
            column, definition = self._columns.by_name[fact], self._schema[fact]
            if isinstance(column, Codes):
                said = [_inner(show(value, definition)).encode() for value in (*column.values, None)]
                self._shown[fact] = [said[code] for code in column.codes.tolist()]
            else:
                self._shown[fact] = [_inner(show(value, definition)).encode() for value in self.raw(fact)]
        return self._shown[fact]

    def raw(self, fact: str) -> list[Any]:
        """None where unknown."""
        if fact not in self._raw:
            self._raw[fact] = decode(self._schema[fact].type, self._columns.by_name[fact])
        return self._raw[fact]
