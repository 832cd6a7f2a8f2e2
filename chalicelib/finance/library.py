"""转型金融项目库 the transition-finance library: a register that adds up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from chalicelib.enterprises.races import settled
from chalicelib.finance.model import TransitionProject
from chalicelib.finance.repository import ProjectRepository
from chalicelib.finance.review import ReviewError, ReviewStep, step
from chalicelib.ports import Conflict, Store

_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class LibraryTotals:
    """Sums over a library, all amounts 分."""

    entries: int
    enterprises: int
    line: int
    drawn: int
    balance: int

    @property
    def use_percent(self) -> Decimal | None:
        """使用率: balance by line, one decimal; None where there is no line."""
        if not self.line:
            return None
        return (Decimal(self.balance) * 100 / self.line).quantize(_TENTH, rounding=ROUND_HALF_UP)


def is_listed(project: TransitionProject, on: date) -> bool:
    """入库 and still within its validity."""
    return project.stage == "入库" and (project.expires_on is None or on <= project.expires_on)


def totals(projects: Iterable[TransitionProject]) -> LibraryTotals:
    """The totals of these entries; choose which with ``is_listed``."""
    rows = list(projects)
    return LibraryTotals(
        entries=len(rows),
        enterprises=len({row.uscc for row in rows}),
        line=sum(row.line for row in rows),
        drawn=sum(row.drawn for row in rows),
        balance=sum(row.balance for row in rows),
    )


class ProjectService:
    """Entries by code and by enterprise."""

    def __init__(self, store: Store) -> None:
        self._projects = ProjectRepository(store)

    def get(self, project_id: str) -> TransitionProject | None:
        return self._projects.find(project_id)

    def all(self) -> Iterator[TransitionProject]:
        return self._projects.all()

    def of_enterprise(self, uscc: str) -> list[TransitionProject]:
        return list(self._projects.of_enterprise(uscc))

    def history(self, project_id: str) -> list[ReviewStep]:
        """Every act of an entry's review, in order."""
        found = self._projects.reviewed(project_id)
        return found[2] if found else []

    def review(self, project_id: str, new: ReviewStep) -> TransitionProject:
        """Do one act of the review (入库评审). The same act by the same person on the same day again changes nothing.

        Raises ReviewError: unknown entry, an act that cannot follow, somebody else acting at the same moment.
        """
        found = self._projects.reviewed(project_id)
        if found is None:
            raise ReviewError(f"转型项目库里没有 {project_id}，请核对项目代码。")
        project, version, history = found
        if history and history[-1] == new:
            return project
        after = step(project, history, new)
        try:
            self._projects.add_step(after, version, len(history) + 1, new)
        except Conflict:
            raise ReviewError(f"{project_id} 刚刚有人办理过，请再看一次（project show）。") from None
        return after

    def save_row(self, project: TransitionProject) -> bool:
        """Write an entry; True when it changed anything. Raises Conflict when others are faster again and again."""
        return settled(lambda: self._saved(project))

    def _saved(self, project: TransitionProject) -> bool:
        found = self._projects.reviewed(project.id)
        if found and found[0] == project:
            return False
        self._projects.save(project, found[1] if found else None)
        return True
