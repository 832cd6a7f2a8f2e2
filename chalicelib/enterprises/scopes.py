"""What people agree to (授权范围), and whom each may reach."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from chalicelib.enterprises.access import Right, holders
from chalicelib.enterprises.roles import Role


class Scope(StrEnum):
    """授权范围: one purpose each."""

    PROFILE_READ = "profile_read"
    POLICY_PUSH = "policy_push"
    LOAN_ALERT = "loan_alert"
    CASE_ALERT = "case_alert"
    FORM_PREFILL = "form_prefill"
    COURT_ALERT = "court_alert"
    WORK_ALERT = "work_alert"

    @property
    def chinese(self) -> str:
        return _CHINESE[self]


_CHINESE = {
    Scope.PROFILE_READ: "查看企业画像",
    Scope.POLICY_PUSH: "政策推送",
    Scope.LOAN_ALERT: "贷款进度提醒",
    Scope.CASE_ALERT: "办件进度提醒",
    Scope.FORM_PREFILL: "填表时自动带出资料",
    Scope.COURT_ALERT: "诉讼提醒",
    Scope.WORK_ALERT: "经办单位的工作提醒",
}

ALLOWED_ROLES: Mapping[Scope, frozenset[Role]] = {
    Scope.PROFILE_READ: holders(Right.SEE_POLICIES),
    Scope.POLICY_PUSH: holders(Right.HEAR_POLICIES),
    Scope.LOAN_ALERT: holders(Right.HEAR_LOANS),
    Scope.CASE_ALERT: holders(Right.HEAR_CASES),
    Scope.FORM_PREFILL: holders(Right.DO_FILL_FORMS),
    Scope.COURT_ALERT: holders(Right.HEAR_COURT),
    Scope.WORK_ALERT: holders(Right.HEAR_REMINDERS) | holders(Right.HEAR_ESCALATIONS),
}
"""Whom a push of this scope may reach at all, by the table of rights."""
