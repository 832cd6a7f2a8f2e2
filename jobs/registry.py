"""All jobs by name: for the command line, the scheduler of the embedded run, and the schedules in infra/."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.errors import BadInput
from jobs.award_rounds import AwardRounds
from jobs.case_drop import CaseDropJob
from jobs.case_watch import CaseWatch
from jobs.channel_watch import ChannelWatch
from jobs.core import Job
from jobs.daily_report import DailyReport
from jobs.deadline_reminders import DeadlineReminders
from jobs.loan_alerts import LoanAlerts
from jobs.notice_sweep import NoticeSweep
from jobs.policy_push import PolicyPush
from jobs.province.job import ProvinceMatch
from jobs.request_watch import RequestWatch
from jobs.retention import Retention

_TELLING: tuple[Job, ...] = (PolicyPush(), DeadlineReminders())
"""Those whose run may take long and must not be lost half way; the frequent ones simply run again."""

_ALL: tuple[Job, ...] = (
    *_TELLING,
    LoanAlerts(),
    CaseWatch(),
    CaseDropJob(),
    ChannelWatch(),
    RequestWatch(),
    NoticeSweep(_TELLING),
    AwardRounds(),
    DailyReport(),
    Retention(),
    ProvinceMatch(),
)

JOBS: Mapping[str, Job] = {job.name: job for job in _ALL}


def job_named(name: str) -> Job:
    """Raises BadInput, naming the jobs there are."""
    if name not in JOBS:
        raise BadInput(f"没有“{name}”这个任务；可用：{'、'.join(JOBS)}")
    return JOBS[name]
