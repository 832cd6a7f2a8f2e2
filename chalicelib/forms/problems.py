"""What is wrong with an answer or a form, as the person hears it."""

from __future__ import annotations

from chalicelib.errors import Refusal


class ValueProblem(ValueError):
    """``str()`` is one plain Chinese sentence with an example: 金额没有看懂，请这样写：500万元。"""


class SubmissionRefused(Refusal):
    """It cannot be handed in as it is, or not now; the text says why."""
