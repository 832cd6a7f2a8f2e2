"""What an applicant can do next about a case (下一步): one small list for the chat's numbers and for the page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.cases.life import Life
from chalicelib.cases.model import CaseAct, CaseState

_S = CaseState


class NextAct(StrEnum):
    """What is offered; the value is its name in an option."""

    PAPERS = "papers"  # what is missing, and where each paper comes from
    PLACE = "place"  # where to bring it
    EXTEND = "extend"  # 申请延期: once, while papers are asked for (补正期限)
    FETCH = "fetch"  # where the certificate waits
    APPEAL = "appeal"  # 行政复议, 行政诉讼
    AGAIN = "again"  # a new application
    RATE = "rate"  # 好差评
    PERSON = "person"  # 转人工


@dataclass(frozen=True, slots=True)
class NextStep:
    """``label`` as a person reads it."""

    act: NextAct
    label: str


_PERSON = NextStep(NextAct.PERSON, "转人工")
_AGAIN = NextStep(NextAct.AGAIN, "重新申请")
_NEXT: dict[CaseState, tuple[NextStep, ...]] = {
    _S.DRAFT: (NextStep(NextAct.PLACE, "交到哪里"), _PERSON),
    _S.RETURNED: (NextStep(NextAct.AGAIN, "看要带什么材料"), _PERSON),
    _S.REJECTED_ACCEPT: (NextStep(NextAct.APPEAL, "不服怎么办"), _AGAIN, _PERSON),
    _S.TERMINATED_NO_SUPPLY: (_AGAIN, _PERSON),
    _S.WITHDRAWN: (_AGAIN, _PERSON),
    _S.DECIDED_NO: (NextStep(NextAct.APPEAL, "不服怎么办"), _PERSON),
    _S.DELIVERING: (NextStep(NextAct.FETCH, "到哪里领"), _PERSON),
    _S.FINISHED: (NextStep(NextAct.RATE, "评价"), _PERSON),
}
_ISSUED = ("证明", "发票", "票据", "函", "回执")
"""Papers that somebody else makes out (开): the others one prepares."""


def next_steps(life: Life) -> tuple[NextStep, ...]:
    """At most three, the most useful first."""
    if life.missing and not life.is_final:
        return (_papers(life.missing), NextStep(NextAct.PLACE, "送到哪里"), _later(life))
    return _NEXT.get(life.state, (_PERSON,)) if life.state else (_PERSON,)


def may_extend(life: Life) -> bool:
    """补正期限 may be put off once; what was committed to (容缺) may not."""
    return life.state is _S.CORRECTING and not life.supplied and all(s.kind is not CaseAct.EXTENDED for s in life.steps)


def _papers(missing: tuple[str, ...]) -> NextStep:
    if len(missing) > 1:
        return NextStep(NextAct.PAPERS, "这些材料怎么准备")
    [name] = missing
    return NextStep(NextAct.PAPERS, f"怎么{'开' if name.endswith(_ISSUED) else '准备'}{name}")


def _later(life: Life) -> NextStep:
    return NextStep(NextAct.EXTEND, "申请延期") if may_extend(life) else _PERSON
