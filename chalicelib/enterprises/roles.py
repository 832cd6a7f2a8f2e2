"""Who somebody is to an enterprise or a unit (角色)."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person does for the enterprise; decides what they see and receive (domain facts §5.3, §6.2).

    The last two are roles in a unit (经办单位: a bank, a department), never in an enterprise.
    """

    LEGAL = "法人"
    FINANCE = "财务"
    STAFF = "人事"
    TAX = "办税"
    PROJECT = "项目"
    OFFICER = "经办"
    HEAD = "负责人"


WORK_ROLES = frozenset({Role.OFFICER, Role.HEAD})
ENTERPRISE_ROLES = frozenset(Role) - WORK_ROLES
