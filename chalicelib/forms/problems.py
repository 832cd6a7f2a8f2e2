"""What is wrong with an answer, as the person hears it."""

from __future__ import annotations


class ValueProblem(ValueError):
    """``str()`` is one plain Chinese sentence with an example: 金额没有看懂，请这样写：500万元。"""
