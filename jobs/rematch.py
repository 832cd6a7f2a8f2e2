"""Works off what is to be matched again (即时匹配): a changed enterprise against all policies, a published policy
against all enterprises. What asks for it is ``chalicelib/policies/rematch.py``.

It tells by the rules of policy-push and through the same ledger, so what the daily run has told is not told again, and
one digest a day stays one. In quiet hours it tells nobody and leaves everything to the daily run after them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice

from chalicelib.enterprises.model import Enterprise
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.model import Policy, State
from chalicelib.policies.rematch import Rematch, code_of, is_of_many
from chalicelib.policies.service import PolicyService
from chalicelib.policies.tree import Outcome
from chalicelib.ports import JsonObject, Record
from chalicelib.queue_fields import field
from chalicelib.times import local_date
from jobs.core import JobContext, When
from jobs.policy_push import PolicyPush

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Enterprises of one message: with a notice for each, well inside a consumer's minute."""


class Rematching:
    """One message after another. A message that comes twice finds its work done."""

    def __init__(self, context: JobContext, rematch: Rematch) -> None:
        self._context = context
        self._rematch = rematch
        now = context.clock.now()
        self._when = When(local_date(now), now)

    def work_off(self, body: JsonObject) -> int:
        """``{"shard": n}``, with ``"later": true`` for those put off until today; or ``{"policies": [id],
        "after": code}`` (none named: all). Returns notices queued."""
        quiet = self._context.notices.quiet
        if quiet is not None and quiet.covers(self._when.now):
            log.info("quiet hours: left to the daily run")
            return 0
        if "shard" not in body:
            return self._walk(body)
        shard = field(body, "shard", int)
        return self._put_off(shard) if "later" in body else self._changed(shard)

    def _changed(self, shard: int) -> int:
        rows = self._rematch.taken(shard, AT_ONCE)
        queued = self._tell_of(rows, of_many=False) + self._tell_of(rows, of_many=True)
        for row in rows:
            self._rematch.done(row)
        if len(rows) == AT_ONCE:
            self._rematch.go_on({"shard": shard})
        return queued

    def _put_off(self, shard: int) -> int:
        rows = self._rematch.put_off(shard, self._when.on, AT_ONCE)
        queued = self._tell_of(rows, of_many=True)
        for row in rows:
            self._rematch.done(row)
        if rows:
            self._rematch.go_on({"shard": shard, "later": True})
        return queued

    def _tell_of(self, rows: Sequence[Record], *, of_many: bool) -> int:
        found = (self._context.enterprises.get(code_of(row)) for row in rows if is_of_many(row) is of_many)
        return self._tell([enterprise for enterprise in found if enterprise is not None], of_many)

    def _walk(self, body: JsonObject) -> int:
        if self._context.province:
            log.info("too many to walk over: left to the night by shards")
            return 0
        asked, after = field(body, "policies", list[str]), field(body, "after", str)
        policies = self._context.catalogue().policies
        named = [policies[each] for each in asked if each in policies]
        in_force = [policy for policy in named if policy.state is State.PUBLISHED]
        if asked and not in_force:
            return 0  # a draft, or suspended again meanwhile
        batch = list(islice(self._context.enterprises.all(after), AT_ONCE))
        if in_force and not any(policy.modifiers for policy in in_force):
            service = PolicyService(policies)
            queued = self._tell([each for each in batch if self._is_for(each, in_force, service)], part_of_many=True)
        else:
            queued = self._tell(
                batch, part_of_many=True
            )  # a policy that bears on the others (总则) may change what anybody gets
        if len(batch) == AT_ONCE:
            self._rematch.go_on({**body, "after": batch[-1].uscc})
        return queued

    def _is_for(self, enterprise: Enterprise, named: Sequence[Policy], service: PolicyService) -> bool:
        try:
            sheet = fact_sheet(enterprise, self._when.on)
            return any(service.decide_sheet(policy, sheet).outcome is Outcome.MATCH for policy in named)
        except Exception:
            # As in the daily run: one profile that trips the rules must not keep the news from all behind it.
            log.exception("policies could not be checked for one enterprise")
            return False

    def _tell(self, enterprises: Sequence[Enterprise], part_of_many: bool = False) -> int:
        if not enterprises:
            return 0
        push = PolicyPush()
        plan = push.plan_for(self._context, self._when, enterprises, part_of_many)
        done = push.execute(self._context, plan, self._when)
        if self._context.province:  # a county's daily run finds them by itself
            self._rematch.later(plan.more, self._when.on + timedelta(days=1))
        log.info("matched again", extra={"enterprises": len(enterprises), "queued": done.queued})
        return done.queued
