"""The two kinds of error that a person is told as they are: their text is the Chinese sentence to show."""

from __future__ import annotations


class Refusal(Exception):
    """What was asked cannot be done now, and why."""


class BadInput(Refusal):
    """What was given is wrong: a file, a row, a field, a name. The text says where, and what to do next."""
