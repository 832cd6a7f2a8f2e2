"""One deployed stage (环境) is one CloudFormation stack; every name of it begins with ``xixinban-{stage}``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.errors import BadInput

APP = "xixinban"
_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Stage:
    """``name`` is up to 16 lower-case letters and digits, so that every name made of it fits AWS's limits."""

    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadInput(f"环境名“{self.name}”不对：用 1 到 16 个小写字母或数字，以字母开头，例如 prod。")

    @property
    def stack(self) -> str:
        """Also the table's name and the prefix of queues, functions and log groups."""
        return f"{APP}-{self.name}"

    @property
    def secret(self) -> str:
        """The Secrets Manager secret with the five secrets, made before the stack (docs/operations.md)."""
        return f"{APP}/{self.name}"

    def named(self, what: str) -> str:
        return f"{self.stack}-{what}"
