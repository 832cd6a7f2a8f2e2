"""Policies from file to force (发布): what a load does to their versions, and the steps of operators after it.

A file proposes, the store decides. A version that is not known comes in with the state that the file claims, as far as
the claim holds: 已发布 needs author, reviewer and passing golden cases, unless the row is a sample, which is never
pushed outside a demo. From then on its state is the store's, whatever the file says (ADR 8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.content import snapshots
from chalicelib.errors import BadInput, Refusal
from chalicelib.policies import editions as ledger
from chalicelib.policies import golden
from chalicelib.policies.editions import STEPS, Change, Edition, Step
from chalicelib.policies.model import Policy, State
from chalicelib.policies.rematch import Rematch
from chalicelib.ports import MAX_TRANSACT, Blobs, Conflict, JsonObject, Put, Store

_TRIES = 5
_CLAIMS = {State.REVIEWED: State.DRAFT}
"""A review is made in the store, where it names who made it; a file that claims one brings a draft."""


@dataclass
class Settlement:
    """What a load of these policies comes to: rows for the catalogue by id, mistakes (id, column, text), and what is to
    be written before the catalogue moves, one transaction an entry."""

    bodies: dict[str, JsonObject] = field(default_factory=dict)
    problems: list[tuple[str, str, str]] = field(default_factory=list)
    writes: list[list[Put]] = field(default_factory=list)


def settle(store: Store, bodies: Mapping[str, JsonObject], by: str, now: datetime) -> Settlement:
    """Join the policies of a file with the versions that are known."""
    found = Settlement()
    for key, body in bodies.items():
        policy = Policy.model_validate(body)
        held = ledger.editions(store, key)
        problems = list(_problems(policy, held))
        found.problems += [(key, column, text) for column, text in problems]
        if problems:
            found.bodies[key] = body
            continue
        after, writes = _taken(policy, held, by, now)
        found.bodies[key] = ledger.shown(after).model_dump(mode="json")
        found.writes += [writes] if writes else []
    return found


def write(store: Store, settlement: Settlement) -> None:
    """The versions of a load, whole policies at a time. Raises Conflict. A load that is cut off here is finished by
    loading again: what is written is known then, and the same."""
    chunk: list[Put] = []
    for writes in settlement.writes:
        if len(chunk) + len(writes) > MAX_TRANSACT:
            store.transact(chunk)
            chunk = []
        chunk += writes
    if chunk:
        store.transact(chunk)


def _problems(policy: Policy, held: Sequence[Edition]) -> Iterator[tuple[str, str]]:
    for failure in golden.failures(policy):
        yield "用例", failure
    known = _version(held, policy.version)
    newest = held[-1].policy.version if held else 0
    name = f"政策 {policy.id}"
    if known is None and policy.version < newest:
        yield "版本", f"{name} 已有第 {newest} 版。请用第 {newest + 1} 版；要回到旧版用 policy rollback"
    if known and ledger.settled(known) and (changed := ledger.rule_changes(known.policy, policy)):
        what = f"“{'、'.join(changed)}”不能再改。请把版本改为 {newest + 1} 后再导入"
        yield "版本", f"{name} 第 {policy.version} 版发布过，{what}"
    if _needs_review(policy, known):
        vouched = policy.model_copy(update=_signatures(policy, known))
        for reason in ledger.unsigned(vouched):
            yield "状态", f"不能以“已发布”导入：{reason}。或者用新的版本号、状态写 draft，再走 policy submit"


def _needs_review(policy: Policy, known: Edition | None) -> bool:
    """Whether this load would put into force what nobody has reviewed: a claim, or a sample that became real."""
    in_force = known is not None and known.live and not known.policy.is_sample
    return _state(policy, known) is State.PUBLISHED and not policy.is_sample and not in_force


def _state(policy: Policy, known: Edition | None) -> State:
    """What the file claims as long as the store has not decided; another text was not reviewed."""
    if known is None or known.policy.state is State.DRAFT:
        return _CLAIMS.get(policy.state, policy.state)
    reviewed_other = known.policy.state is State.REVIEWED and ledger.rule_changes(known.policy, policy)
    return State.DRAFT if reviewed_other else known.policy.state


def _signatures(policy: Policy, known: Edition | None) -> dict[str, str | None]:
    held = known.policy if known else policy
    return {"author": held.author or policy.author, "reviewer": held.reviewer or policy.reviewer}


def _taken(policy: Policy, held: Sequence[Edition], by: str, now: datetime) -> tuple[list[Edition], list[Put]]:
    """The versions with this one in it, and the rows to write; none when all is as it was."""
    known = _version(held, policy.version)
    wanted = policy.model_copy(update={"state": _state(policy, known)})
    if known is not None and not ledger.rule_changes(known.policy, policy):
        wanted = wanted.model_copy(update=_signatures(policy, known))
    if known and known.policy == wanted:
        return list(held), []
    after, writes = (known or Edition(wanted)).moved(wanted, by, now, "重新导入" if known else "导入")
    rest, more = _superseded([each for each in held if each is not known], after, by, now)
    return _in_order([*rest, after]), [*writes, *more]


def _in_order(held: Iterable[Edition]) -> list[Edition]:
    return sorted(held, key=lambda each: each.policy.version)


def _superseded(others: Sequence[Edition], after: Edition, by: str, now: datetime) -> tuple[list[Edition], list[Put]]:
    """Once a version is published, no other of the policy stays live."""
    rest: list[Edition] = []
    writes: list[Put] = []
    for each in others:
        if each.live and after.policy.state is State.PUBLISHED:
            gone = each.policy.model_copy(update={"state": State.WITHDRAWN})
            each, rows = each.moved(gone, by, now, f"由第 {after.policy.version} 版接替")
            writes += rows
        rest.append(each)
    return rest, writes


def _version(held: Sequence[Edition], version: int) -> Edition | None:
    return next((each for each in held if each.policy.version == version), None)


class PolicyPublisher:
    """The steps of operators, each in one transaction with the catalogue that it changes."""

    def __init__(self, store: Store, blobs: Blobs, rematch: Rematch | None = None) -> None:
        self._store = store
        self._blobs = blobs
        self._rematch = rematch

    def step(self, policy_id: str, name: str, by: str, now: datetime, version: int | None = None) -> Policy:
        """submit · review · publish · suspend · withdraw. Without ``version``: the newest that may take this step.

        Returns the version as it stands then. Raises BadInput, Refusal.
        """
        step = STEPS[name]

        def move(held: Sequence[Edition]) -> tuple[list[Edition], list[Put], Policy]:
            chosen = _chosen(held, step, version)
            ledger.check_step(step, chosen.policy, by)
            to = chosen.policy.model_copy(update={"state": step.after, **_signed(step, by)})
            after, writes = chosen.moved(to, by, now, step.done)
            rest, more = _superseded([each for each in held if each is not chosen], after, by, now)
            return _in_order([*rest, after]), [*writes, *more], after.policy

        return self._move(policy_id, by, now, move)

    def rollback(self, policy_id: str, version: int, by: str, now: datetime) -> Policy:
        """Publish the rule of an earlier version again, as a new version, so that what was decided under each number
        stays what it was. It was reviewed and published before; its golden cases must still hold."""

        def move(held: Sequence[Edition]) -> tuple[list[Edition], list[Put], Policy]:
            old = _version(held, version)
            if old is None or not ledger.settled(old):
                raise BadInput(
                    f"政策 {policy_id} 没有发布过第 {version} 版。用 policy history {policy_id} 看有哪些版本。"
                )
            if failures := golden.failures(old.policy):
                raise Refusal(f"政策 {policy_id} 第 {version} 版的用例现在不成立，不能回退：{'；'.join(failures)}。")
            new = held[-1].policy.version + 1
            copy = Edition(old.policy.model_copy(update={"version": new, "state": State.PUBLISHED}))
            after, writes = copy.moved(copy.policy, by, now, f"回退到第 {version} 版的内容")
            rest, more = _superseded(held, after, by, now)
            return [*rest, after], [*writes, *more], after.policy

        return self._move(policy_id, by, now, move)

    def editions(self, policy_id: str) -> list[Policy]:
        """All versions, the oldest first. Raises BadInput for an id that there is not."""
        return [each.policy for each in self._held(policy_id)]

    def log(self, policy_id: str) -> list[Change]:
        """Who moved which version from where to where, the oldest first."""
        return ledger.log_of(self._store, policy_id)

    def _held(self, policy_id: str) -> list[Edition]:
        held = ledger.editions(self._store, policy_id)
        if not held:
            raise BadInput(f"没有编号为 {policy_id} 的政策。请核对编号，或先用 content load 导入。")
        return held

    def _move(
        self,
        policy_id: str,
        by: str,
        now: datetime,
        move: Callable[[Sequence[Edition]], tuple[list[Edition], list[Put], Policy]],
    ) -> Policy:
        """Again from the start when somebody else was quicker."""
        for _ in range(_TRIES):
            published = snapshots.read_head(self._store)
            held, writes, result = move(self._held(policy_id))
            if published is None:
                raise Refusal("还没有发布任何内容。请先运行 content load。")
            bodies = snapshots.read_bodies(self._blobs, published.head)
            body = ledger.shown(held).model_dump(mode="json")
            try:
                if bodies["policies"].get(policy_id) == body:
                    self._store.transact(writes)
                else:
                    bodies["policies"] = bodies["policies"] | {policy_id: body}
                    summary: JsonObject = {"policies": {"changed": 1, "policy": policy_id}}
                    snapshots.publish(self._store, self._blobs, bodies, by, now, published, summary, writes)
            except Conflict:
                continue
            if self._rematch is not None and result.state is State.PUBLISHED:
                self._rematch.policies([policy_id])
            return result
        raise Refusal("同时有别人在改动内容，这次没有改。请稍后再试。")


def _chosen(held: Sequence[Edition], step: Step, version: int | None) -> Edition:
    if version is not None:
        found = _version(held, version)
        if found is None:
            raise BadInput(
                f"政策 {held[0].policy.id} 没有第 {version} 版，有：{'、'.join(str(e.policy.version) for e in held)}。"
            )
        return found
    fitting = [each for each in held if each.policy.state in step.before]
    return (fitting or list(held))[-1]


def _signed(step: Step, by: str) -> dict[str, str]:
    if step.name == "submit":
        return {"author": by}
    return {"reviewer": by} if step.name == "review" else {}
