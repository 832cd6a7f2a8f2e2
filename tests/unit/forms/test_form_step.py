"""One step of filling in a form: any order of what a person can do ends in a valid form or a draft that is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.forms.draft import Draft, DraftState
from chalicelib.forms.model import Compiled, Source
from chalicelib.forms.review import review
from chalicelib.forms.said import Input, InputKind, Step
from chalicelib.forms.step import carry, step
from chalicelib.forms.values import read, show
from chalicelib.forms.wanted import incomplete, wanted
from chalicelib.times import local_date
from tests.unit.forms.sample_forms import COMPILED, FIELDS, FORM, NOW

GOOD = {
    "company_name": "芦溪溪华电瓷有限公司",
    "uscc": "91360323MAXX00015C",
    "kind": "其他",
    "detail": "代办车辆过户",
    "price": "五十万",
    "until": "2027年1月5日",
    "agent_id": "360323199001010010",
    "owner_id": "360323198001010016",
    "phone": "13812345678",
    "remark": "无",
}
NEWER = Compiled(
    FORM.model_copy(
        update={
            "version": 4,
            "renamed": {},
            "fields": (*(one for one in FORM.fields if one.field != "remark"),),
        }
    ),
    FIELDS,
)


def new_draft() -> Draft:
    return Draft(
        id="D1",
        form=FORM.id,
        version=FORM.version,
        owner="o1",
        started_at=NOW,
        updated_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )


def started() -> Step:
    return step(COMPILED, new_draft(), Input("start", message="m0"), NOW)


def said(moved: Step) -> str:
    return "\n".join(line for one in moved.said for line in one.lines)


def filled(by: InputKind, compiled: Compiled = COMPILED) -> Draft:
    draft = started().draft
    for number in range(40):
        if draft.state is DraftState.REVIEW:
            return draft
        text = GOOD[draft.asking]
        given_ = Input(by, text, draft.asking if by == "set" else "", f"m{number + 1}")
        draft = step(compiled, draft, given_, NOW).draft
    raise AssertionError("the form never ends")


def test_chat_and_page_give_the_same_answers() -> None:
    by_chat, by_page = filled("text"), filled("set")
    assert by_chat.values() == by_page.values()
    assert by_chat.trail == by_page.trail


def test_what_is_handed_in_is_whole_and_confirmed() -> None:
    handed = step(COMPILED, filled("text"), Input("submit", message="s"), NOW)
    assert handed.draft.state is DraftState.SUBMITTED
    assert all(answer.confirmed for answer in handed.draft.answers.values())
    late = step(COMPILED, handed.draft, Input("text", "改第1项，是别的公司", message="late"), NOW + timedelta(days=1))
    assert late.draft is handed.draft
    assert "已经提交" in said(late)


def test_a_finding_that_stops_leads_to_its_field() -> None:
    draft = filled("text")
    draft = step(COMPILED, draft, Input("set", "卖房", "kind", "a"), NOW).draft
    assert draft.asking == "price"
    draft = step(COMPILED, draft, Input("set", "五千元", "price", "b"), NOW).draft
    held = step(COMPILED, draft, Input("submit", message="c"), NOW)
    assert held.draft.asking == "price"
    assert "价格低于 1 万元" in said(held)


def test_an_answer_of_a_field_that_is_not_wanted_is_kept_and_not_counted() -> None:
    draft = filled("text")
    assert draft.value("detail")
    draft = step(COMPILED, draft, Input("set", "卖房", "kind", "a"), NOW).draft
    assert "detail" in draft.answers
    assert "detail" not in wanted(COMPILED, draft.values())
    draft = step(COMPILED, draft, Input("set", "其他", "kind", "b"), NOW).draft
    assert draft.state is DraftState.REVIEW


def test_three_misses_offer_a_way_out() -> None:
    draft = step(COMPILED, started().draft, Input("set", "", "uscc", "x"), NOW).draft
    for number in range(2):
        moved = step(COMPILED, draft, Input("set", "不是代码", "uscc", f"m-{number}"), NOW)
        draft = moved.draft
    assert "人工" in said(moved)
    assert draft.misses == 3


def test_back_shows_what_stands_there_and_next_leaves_it() -> None:
    draft = started().draft
    first = draft.asking
    draft = step(COMPILED, draft, Input("text", GOOD[first], message="1"), NOW).draft
    back = step(COMPILED, draft, Input("text", "上一步", message="2"), NOW)
    assert back.draft.asking == first
    assert "现在填的是" in said(back)
    forward = step(COMPILED, back.draft, Input("text", "下一步", message="3"), NOW).draft
    assert forward.values() == draft.values()
    assert forward.asking == draft.asking


def test_an_operator_holds_a_draft_and_gives_it_back() -> None:
    draft = started().draft
    held = step(COMPILED, draft, Input("hold", message="h", by_operator=True), NOW).draft
    assert held.state is DraftState.HELD
    waiting = step(COMPILED, held, Input("text", GOOD[draft.asking], message="p"), NOW)
    assert waiting.draft is held
    assert "工作人员正在帮您填" in said(waiting)
    helped = step(COMPILED, held, Input("set", GOOD["uscc"], "uscc", "o", by_operator=True), NOW).draft
    assert helped.state is DraftState.HELD, "filling in a field gave the form back"
    given_back = step(COMPILED, helped, Input("release", message="r", by_operator=True), NOW).draft
    told = step(COMPILED, given_back, Input("show", message="t"), NOW)
    assert "工作人员帮您填了：统一社会信用代码" in said(told) and "（工作人员代填）" in said(told)
    assert "帮您填了" not in said(step(COMPILED, told.draft, Input("show", message="u"), NOW))
    assert given_back.state is DraftState.FILLING
    assert given_back.value("uscc") == GOOD["uscc"]
    assert step(COMPILED, draft, Input("hold", message="q"), NOW).draft.state is DraftState.FILLING


def test_a_newer_form_takes_an_older_draft_along() -> None:
    draft = step(COMPILED, filled("text"), Input("set", "捎带的话", "remark", "r"), NOW).draft
    carried, told = carry(NEWER, draft.model_copy(update={"answers": draft.answers}), NOW)
    assert carried.version == 4
    assert "换了新版" in told
    assert "remark" not in carried.answers
    assert carried.value("uscc") == draft.value("uscc")
    assert incomplete(NEWER, carried.values()) == []
    held = draft.model_copy(update={"state": DraftState.HELD})
    assert carry(NEWER, held, NOW)[0].state is DraftState.HELD


# ------------------------------------------------------------------------------------------- any order, any repetition

_COMMANDS = (
    "上一步 跳过 帮助 看 取消 是 否 提交 下一步 要多少钱？ 改第1个，是芦溪新锐电气有限公司 改第99项，是X".split()
)
_WORDS = st.sampled_from(
    [*GOOD.values(), *_COMMANDS, "乱写的", "", "联系电话改成13912345678", "卖房", "2", "用途卖房，价格五十万"]
)
_KINDS: tuple[InputKind, ...] = (
    "text",
    "set",
    "back",
    "skip",
    "help",
    "show",
    "cancel",
    "yes",
    "no",
    "submit",
    "resume",
    "hold",
    "release",
)


@dataclass(frozen=True)
class Act:
    given: Input
    later: timedelta
    again: bool


_ACTS = st.lists(
    st.builds(
        Act,
        given=st.builds(
            Input,
            kind=st.sampled_from(_KINDS),
            text=_WORDS,
            field=st.sampled_from([*FIELDS, "no_such_field"]),
            by_operator=st.booleans(),
        ),
        later=st.sampled_from([timedelta(0), timedelta(minutes=1), timedelta(days=1), timedelta(days=20)]),
        again=st.booleans(),
    ),
    max_size=25,
)


def holds(draft: Draft, now: datetime) -> None:
    """What is true of every draft at every moment."""
    on = local_date(now)
    for name, answer in draft.answers.items():
        field = COMPILED.fields[name]
        assert show(field, read(field, show(field, answer.value), NOW.date())) == show(field, answer.value)
    if draft.state is DraftState.FILLING:
        assert draft.asking in COMPILED.fields
    if draft.state is DraftState.REVIEW:
        assert incomplete(COMPILED, draft.values()) == []
    if draft.state is DraftState.SUBMITTED:
        submitted = local_date(draft.submitted_at or now)
        assert [one for one in review(COMPILED, draft, submitted) if one.stops] == []
        assert draft.is_open is False
    assert on >= local_date(draft.started_at)


@given(_ACTS)
@settings(max_examples=150, deadline=None)
def test_whatever_is_done_the_draft_stays_whole(acts: list[Act]) -> None:
    draft, now = started().draft, NOW
    for number, act in enumerate(acts):
        now += act.later
        given_ = replace(act.given, message=f"a{number}")
        moved = step(COMPILED, draft, given_, now)
        holds(moved.draft, now)
        assert moved.said
        own = {name for name, one in draft.answers.items() if one.source is Source.SELF}
        assert own <= moved.draft.answers.keys(), "an answer was lost"
        if act.again:
            twice = step(COMPILED, moved.draft, given_, now)
            assert twice.draft == moved.draft, "a second delivery changed something"
        draft = moved.draft


@given(st.permutations(sorted(GOOD)), st.data())
@settings(max_examples=50, deadline=None)
def test_the_order_of_answers_does_not_matter(order: list[str], data: st.DataObject) -> None:
    draft = started().draft
    for number, field in enumerate(order):
        if data.draw(st.booleans()):
            draft = step(COMPILED, draft, Input("set", "乱写", "uscc", f"w{number}"), NOW).draft
        draft = step(COMPILED, draft, Input("set", GOOD[field], field, f"p{number}"), NOW).draft
    assert draft.values() == {**filled("set").values(), **{name: draft.values()[name] for name in order}}
    assert draft.state is DraftState.REVIEW
