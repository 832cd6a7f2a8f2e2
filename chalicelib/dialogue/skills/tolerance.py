"""容缺办理: which papers of an item may come later, the commitment shown whole, and accepted by a number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from chalicelib.cases.tolerance import GOOD_FOR, Commitment, ToleranceRefused
from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import Binding
from chalicelib.guidance.model import ServiceItem
from chalicelib.times import local_date, short_date
from chalicelib.tolerance import ToleranceDesk, offer_of


class ToleranceSkill(Skill):
    name = "tolerance"

    @cached_property
    def _tolerance(self) -> ToleranceDesk:
        return ToleranceDesk(self._desk.commitments, self._desk.cases, self._desk.enterprises, self._desk.bindings)

    def actions(self) -> Mapping[str, Action]:
        return {
            "ask": lambda turn, args: self._ask(turn, args.get("item") or turn.session.topic),
            "of": lambda turn, args: self._offer(turn, args["item"], args["uscc"]),
            "agree": lambda turn, args: self._agree(turn, args["item"], args["uscc"]),
            "no": lambda turn, args: Reply(("没有提交任何承诺。", "材料备齐后直接到窗口或网上办。")),
        }

    def answer(self, turn: Turn) -> Reply:
        return self._ask(turn, turn.session.topic)

    def _ask(self, turn: Turn, item_id: str | None) -> Reply:
        item = self._item(item_id)
        if item is None:
            return Reply(("要容缺办哪件事？请先说事名，比如“食品经营许可”，再回复“容缺”。",))
        later = offer_of(item).materials
        if not later:
            return Reply((f"{item.name}没有可以后补的材料，请备齐后再申请。",), _materials(item))
        mine = self._desk.bindings.of_person(turn.openid, Right.DO_FILL_FORMS)
        if not mine:
            return Reply(
                (f"可以后补：{'、'.join(later)}。", "容缺要由企业承诺，请先回复“绑定”绑定企业。"), _materials(item)
            )
        if len(mine) > 1:
            options = (
                Option(
                    label=self._desk.enterprise_name(b.uscc),
                    action="tolerance.of",
                    args={"item": item.id, "uscc": b.uscc},
                )
                for b in mine
            )
            return Reply(("以哪家企业的名义承诺？",), tuple(options))
        return self._offer(turn, item.id, mine[0].uscc)

    def _offer(self, turn: Turn, item_id: str, uscc: str) -> Reply:
        item, binding = self._item(item_id), self._binding(turn, uscc)
        if item is None or binding is None:
            return self._ask(turn, None)
        if refusal := self._tolerance.refusal(binding.uscc, turn.now):
            return Reply((refusal,), (Option(label="转人工", action="handoff.ask"),))
        if held := self._tolerance.held(binding.uscc, offer_of(item), turn.now):
            return _given(held)
        args = {"item": item.id, "uscc": uscc}
        return Reply(
            ("容缺承诺，请看清再回复编号：", offer_of(item).text),
            (
                Option(label="同意并承诺", action="tolerance.agree", args=args),
                Option(label="不用了", action="tolerance.no"),
            ),
            footer="期限为示例数据，以窗口受理时告知的为准" if item.is_sample else "",
        )

    def _agree(self, turn: Turn, item_id: str, uscc: str) -> Reply:
        item, binding = self._item(item_id), self._binding(turn, uscc)
        if item is None or binding is None:
            return self._ask(turn, None)
        try:
            given = self._tolerance.agree(turn.openid, binding.uscc, offer_of(item), turn.now)
        except ToleranceRefused as refused:
            return Reply((str(refused),))
        return _given(given)

    def _item(self, item_id: str | None) -> ServiceItem | None:
        return self._desk.catalogue().items.get(item_id) if item_id else None

    def _binding(self, turn: Turn, uscc: str) -> Binding | None:
        mine = self._desk.bindings.of_person(turn.openid, Right.DO_FILL_FORMS)
        return next((binding for binding in mine if binding.uscc == uscc), None)


def _given(held: Commitment) -> Reply:
    """The number to tell at the window; ``held`` may be of an earlier day."""
    until = short_date(local_date(held.given_at + GOOD_FOR))
    return Reply(
        (
            f"已承诺，编号 {held.id}，{until} 前有效。",
            "申请时把编号告诉窗口，其他材料照常带。",
            f"受理后 {held.days} 个工作日内补齐：{'、'.join(held.materials)}。到期前 7、3、1 天我会提醒您。",
        )
    )


def _materials(item: ServiceItem) -> tuple[Option, ...]:
    return (Option(label="要带什么材料", action="guide.item", args={"id": item.id}),)
