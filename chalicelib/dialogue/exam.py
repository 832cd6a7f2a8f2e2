"""A 政策体检 between two messages: its progress in the session."""

from __future__ import annotations

from chalicelib.dialogue.model import Flow
from chalicelib.policies.checkup import Progress, answers_of


def progress_of(flow: Flow) -> Progress:
    return Progress(flow.data["uscc"], flow.data["asked"].split(), answers_of(flow.data["answers"]))


def flow_of(progress: Progress, skill: str) -> Flow:
    data = {"uscc": progress.uscc, "asked": " ".join(progress.asked), "answers": progress.answers_text()}
    return Flow(skill=skill, step="answer", data=data)
