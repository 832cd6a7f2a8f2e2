"""角色权限: what each role may see, do and be told. One table; what is not in it is refused.

Everything that shows or sends something of an enterprise asks here: the conversation, the pages, the notices. The
authorisation matrix test is made from this table. Rules: domain facts §5.3 (loans: 法人 and 财务), §6.2 (法人 can
revoke others), 个人信息保护法 article 6 (no more than the purpose needs).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from chalicelib.enterprises.roles import ENTERPRISE_ROLES, Role


class Right(StrEnum):
    """One thing that a member may or may not do. ``see_`` a view, ``do_`` a command, ``hear_`` a kind of notice."""

    SEE_CASES = "see_cases"
    SEE_LOANS = "see_loans"
    SEE_POLICIES = "see_policies"
    SEE_MEMBERS = "see_members"
    DO_CHECK_UP = "do_check_up"
    DO_FILL_FORMS = "do_fill_forms"
    DO_NAME_ACCOUNTS = "do_name_accounts"
    DO_ADMIT = "do_admit"
    DO_REMOVE = "do_remove"
    DO_LEAVE = "do_leave"
    HEAR_POLICIES = "hear_policies"
    HEAR_AWARDS = "hear_awards"
    HEAR_LOANS = "hear_loans"
    HEAR_CASES = "hear_cases"
    HEAR_COURT = "hear_court"
    HEAR_REMINDERS = "hear_reminders"
    HEAR_ESCALATIONS = "hear_escalations"

    @property
    def chinese(self) -> str:
        return _CHINESE[self]


_CHINESE = {
    Right.SEE_CASES: "看办件",
    Right.SEE_LOANS: "看贷款",
    Right.SEE_POLICIES: "看政策体检",
    Right.SEE_MEMBERS: "看成员名单",
    Right.DO_CHECK_UP: "做政策体检",
    Right.DO_FILL_FORMS: "填表",
    Right.DO_NAME_ACCOUNTS: "确认收款账户",
    Right.DO_ADMIT: "确认新成员",
    Right.DO_REMOVE: "移除成员",
    Right.DO_LEAVE: "自己解绑",
    Right.HEAR_POLICIES: "收政策提示",
    Right.HEAR_AWARDS: "收免申即享进度",
    Right.HEAR_LOANS: "收贷款进度",
    Right.HEAR_CASES: "收办件进度",
    Right.HEAR_COURT: "收诉讼提醒",
    Right.HEAR_REMINDERS: "收办理时限提醒",
    Right.HEAR_ESCALATIONS: "收超时督办",
}

_LEGAL = frozenset({Role.LEGAL})
_MONEY = frozenset({Role.LEGAL, Role.FINANCE})

TABLE: Mapping[Right, frozenset[Role]] = {
    Right.SEE_CASES: ENTERPRISE_ROLES,
    Right.SEE_LOANS: _MONEY,
    Right.SEE_POLICIES: ENTERPRISE_ROLES,
    Right.SEE_MEMBERS: _LEGAL,
    Right.DO_CHECK_UP: ENTERPRISE_ROLES,
    Right.DO_FILL_FORMS: ENTERPRISE_ROLES,
    Right.DO_NAME_ACCOUNTS: _MONEY,
    Right.DO_ADMIT: _LEGAL,
    Right.DO_REMOVE: _LEGAL,
    Right.DO_LEAVE: frozenset(Role),
    Right.HEAR_POLICIES: ENTERPRISE_ROLES,
    Right.HEAR_AWARDS: _MONEY,
    Right.HEAR_LOANS: _MONEY,
    Right.HEAR_CASES: ENTERPRISE_ROLES,
    Right.HEAR_COURT: ENTERPRISE_ROLES,
    Right.HEAR_REMINDERS: frozenset({Role.OFFICER}),
    Right.HEAR_ESCALATIONS: frozenset({Role.HEAD}),
}
"""Who holds each right."""


def holders(right: Right) -> frozenset[Role]:
    """The roles that hold this right; none for a right that the table does not name."""
    return TABLE.get(right, frozenset())


def may(role: Role | None, right: Right) -> bool:
    """Whether this role holds the right. None is somebody who is not bound, and holds nothing."""
    return role is not None and role in holders(right)
