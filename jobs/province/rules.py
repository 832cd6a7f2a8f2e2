"""What a night matches (当晚规则): the policies in force that may be told of, each under a name that changes whenever
there is something to tell of it again. Needs no numpy.

The night only finds who may have news; whoever it hands on is decided in full by ``jobs/rematch.py``. So it looks at
conditions alone, and at what opens and closes the ways to all policies: 总则 and severe dishonesty.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from chalicelib.policies.builtin import FACTS
from chalicelib.policies.conditions import parse
from chalicelib.policies.facts import MAY_NOT_APPLY
from chalicelib.policies.model import Policy, State
from chalicelib.policies.service import SEVERE_DISHONESTY
from chalicelib.policies.tree import Leaf, ManualLeaf, Tree


@dataclass(frozen=True, slots=True)
class NightRule:
    """``open_ended``: who may match counts as well, as where it asks for what is counted over an enterprise's records,
    which no column holds."""

    name: str
    tree: Tree
    open_ended: bool = False


def rules_of(
    policies: Mapping[str, Policy], on: date, dry: Collection[str] = (), demo: bool = False
) -> list[NightRule]:
    """In the order of ids. ``dry`` names the pools that have nothing left: their policies are new once they are filled.

    Every name holds a mark of all gates, so that a 总则 which is changed or withdrawn has everybody looked at again.
    """
    told = [each for _, each in sorted(policies.items()) if _may_be_told(each, on, dry, demo)]
    gates = list(_gates(policies))
    mark = sha256("\n".join(gate.name for gate in gates).encode()).hexdigest()[:8]
    return [*(_rule(each, on, mark) for each in told), *gates]


def _may_be_told(policy: Policy, on: date, dry: Collection[str], demo: bool) -> bool:
    for_them = policy.audience == "enterprise" and policy.state is State.PUBLISHED and policy.pool not in dry
    return for_them and policy.may_be_pushed(demo=demo) and _is_in_force(policy, on)


def _is_in_force(policy: Policy, on: date) -> bool:
    return policy.in_force(on) and (policy.apply_to is None or on <= policy.apply_to)


def _rule(policy: Policy, on: date, mark: str) -> NightRule:
    """A new version, and the day from which applications are taken, are news for all whom the policy is for."""
    window = "ahead" if policy.apply_from and on < policy.apply_from else "open"
    return _named(f"{policy.id}#{policy.version}#{window}#{mark}", policy.tree(policy.condition, on))


def _gates(policies: Mapping[str, Policy]) -> Iterator[NightRule]:
    """Both ways: who is let in again may match what it could not have; who is shut out may be told how to mend that.

    A gate shuts only whom it is known to be for.
    """
    when = SEVERE_DISHONESTY.when
    yield _named("severe-dishonesty#shut", parse(when, FACTS))
    yield NightRule("severe-dishonesty#open", parse({"none": [when]}, FACTS), open_ended=True)
    for policy in (each for _, each in sorted(policies.items()) if each.state is State.PUBLISHED):
        for number, modifier in enumerate(policy.modifiers):
            name = f"{policy.id}#{policy.version}#gate{number}"
            yield _named(f"{name}#shut", policy.tree(modifier.when))
            yield NightRule(f"{name}#open", policy.tree({"none": [modifier.when]}), open_ended=True)


def _named(name: str, tree: Tree) -> NightRule:
    return NightRule(name, tree, open_ended=any(_is_open_ended(leaf) for leaf in tree.leaves))


def _is_open_ended(leaf: Leaf | ManualLeaf) -> bool:
    """Columns hold neither what is counted over records, nor that something does not apply: "not" is true of that."""
    if isinstance(leaf, ManualLeaf):
        return False
    return leaf.fact not in FACTS or (leaf.negated and leaf.fact in MAY_NOT_APPLY)
