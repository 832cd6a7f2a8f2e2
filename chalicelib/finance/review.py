"""入库评审: how an entry comes into the transition-finance library, stays and leaves (facts §5.4).

申报 → 形式审查 → 第三方测算 → 评审 → 公示 → 入库 → (年度复评) → 出库. Each step is an act of a named person, kept for
ever; who checked the form may not score. The scoring table is this project's proposal 〔R〕, given as data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from pydantic import ConfigDict, Field

from chalicelib.errors import Refusal
from chalicelib.finance.model import Stage, TransitionProject
from chalicelib.shape import Shape


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the scoring table: at most ``points``."""

    name: str
    points: int


SCORING = (
    Criterion("目录符合性", 30),
    Criterion("减碳强度", 30),
    Criterion("技术成熟", 15),
    Criterion("财务", 15),
    Criterion("披露", 10),
)
VALID_YEARS = 2
"""入库有效期 〔R〕; a yearly review renews it."""


class ReviewError(Refusal):
    """The text is the sentence to show to an operator."""


class Act(StrEnum):
    """What may be done with an entry."""

    FORM = "形式审查通过"
    MEASURE = "测算完成"
    SCORE = "评审通过"
    NOTICE = "公示开始"
    ENTER = "公示无异议入库"
    RENEW = "年度复评通过"
    LEAVE = "出库"


class ReviewStep(Shape):
    """One act. ``scores`` by criterion, for 评审; ``note`` the reason, for 出库; both empty elsewhere."""

    model_config = ConfigDict(frozen=True)

    act: Act
    by: str = Field(min_length=1)
    on: date
    scores: dict[str, int] = Field(default_factory=dict)
    note: str = ""


_FOLLOWS: Mapping[Act, frozenset[Stage]] = {
    Act.FORM: frozenset({"申报"}),
    Act.MEASURE: frozenset({"形式审查"}),
    Act.SCORE: frozenset({"第三方测算"}),
    Act.NOTICE: frozenset({"评审"}),
    Act.ENTER: frozenset({"公示"}),
    Act.RENEW: frozenset({"入库"}),
    Act.LEAVE: frozenset({"申报", "形式审查", "第三方测算", "评审", "公示", "入库"}),
}
_BECOMES: Mapping[Act, Stage] = {
    Act.FORM: "形式审查",
    Act.MEASURE: "第三方测算",
    Act.SCORE: "评审",
    Act.NOTICE: "公示",
    Act.ENTER: "入库",
    Act.RENEW: "入库",
    Act.LEAVE: "出库",
}


def total(scores: Mapping[str, int], table: Sequence[Criterion] = SCORING) -> int:
    """The score of 100. Raises ReviewError naming the criterion that is missing, unknown or out of its range."""
    known = {criterion.name: criterion.points for criterion in table}
    if unknown := sorted(scores.keys() - known.keys()):
        raise ReviewError(f"评分表没有“{'、'.join(unknown)}”；评分项是：{'、'.join(known)}。")
    for name, points in known.items():
        if name not in scores:
            raise ReviewError(f"“{name}”还没有打分（0 到 {points} 分）。")
        if not 0 <= scores[name] <= points:
            raise ReviewError(f"“{name}”打了 {scores[name]} 分，要在 0 到 {points} 之间。")
    return sum(scores.values())


def step(project: TransitionProject, history: Sequence[ReviewStep], new: ReviewStep) -> TransitionProject:
    """The entry after the act. Raises ReviewError when it cannot follow, or its person may not do it."""
    if project.stage not in _FOLLOWS[new.act]:
        raise ReviewError(f"{project.id} 现在是“{project.stage}”，不能做“{new.act}”。")
    if history and new.on < history[-1].on:
        raise ReviewError(f"日期 {new.on} 早于上一步（{history[-1].on}），请核对。")
    changes: dict[str, object] = {"stage": _BECOMES[new.act]}
    if new.act is Act.SCORE:
        changes["score"] = _scored(project, history, new)
    if new.act is Act.LEAVE and not new.note:
        raise ReviewError("出库要写明原因。")
    if new.act is Act.ENTER:
        changes |= {"entered_on": new.on, "expires_on": until(new.on)}
    if new.act is Act.RENEW:
        changes["expires_on"] = until(new.on)
    return TransitionProject.model_validate({**project.model_dump(), **changes})


def until(entered: date) -> date:
    """The last day of validity: the day before the same day VALID_YEARS later (29 February: before 1 March)."""
    year = entered.year + VALID_YEARS
    try:
        same = entered.replace(year=year)
    except ValueError:
        same = date(year, 3, 1)
    return same - timedelta(days=1)


def _scored(project: TransitionProject, history: Sequence[ReviewStep], new: ReviewStep) -> int:
    checked = {each.by for each in history if each.act is Act.FORM}
    if new.by in checked:
        raise ReviewError(f"{new.by} 做过 {project.id} 的形式审查，评审要由另一个人做。")
    return total(new.scores)
