"""award-rounds: who a round of 免申即享 (paid without application) would list today.

It only lists. A round goes 名单生成→部门核定→公示→账户确认→拨付→到账 (facts §3.0); of these only the first is here, and
as a draft for an officer: nothing is checked with a department, published, paid or told to anybody.
"""

from __future__ import annotations

from collections import Counter
from datetime import time

from chalicelib.notices.planning import SAMPLE
from chalicelib.policies.model import Mode
from chalicelib.policies.service import PolicyService
from chalicelib.policies.tree import Outcome
from jobs.core import Done, Job, JobContext, JobPlan, Line, When, chosen
from jobs.schedule import Daily

UNCERTAIN = "结果不确定，不列名单"
NEXT = "名单草稿；部门核定、公示、账户确认和拨付还要人工办理"


class AwardRounds(Job):
    name = "award-rounds"
    title = "免申即享名单"
    schedule = Daily(time(9, 0))

    def plan(self, context: JobContext, when: When) -> JobPlan:
        policies = context.catalogue().policies
        service = PolicyService(policies)
        skipped: Counter[str] = Counter()
        lines = []
        for enterprise in chosen(context, when.enterprise):
            for decision in service.check(enterprise, when.on):
                policy = policies[decision.policy]
                if decision.mode is not Mode.AUTO or decision.outcome is Outcome.NOT_MATCH:
                    continue
                if decision.outcome is not Outcome.MATCH:
                    skipped[UNCERTAIN] += 1
                elif not policy.may_be_pushed(demo=context.demo):
                    skipped[SAMPLE] += 1
                else:
                    lines.append(Line(f"{enterprise.name}：{policy.short}", NEXT))
        return JobPlan(lines=tuple(lines), skipped=dict(skipped))

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        """Nothing: the list is for an officer to look at."""
        return Done()
