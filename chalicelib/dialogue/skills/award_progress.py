"""How far an award without application has come (直达快享进度): 「我的奖补到哪了」, and where to confirm the account.

An account number is never asked for in the chat: the page takes it.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib import money
from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.access import Right
from chalicelib.policies.awards.life import EntryState, entry_life
from chalicelib.policies.awards.model import Entry, Round
from chalicelib.policies.awards.progress import progress_lines
from chalicelib.provenance import SAMPLE_NOTE
from chalicelib.times import local_date

_SHOWN = 5


class AwardProgress(Skill):
    name = "award"

    def actions(self) -> Mapping[str, Action]:
        return {
            "mine": lambda turn, args: self._mine(turn),
            "open": lambda turn, args: self._open(turn, args["round"], args["uscc"]),
        }

    def answer(self, turn: Turn) -> Reply:
        return self._mine(turn)

    def _mine(self, turn: Turn) -> Reply:
        bindings = self._desk.bindings.of_person(turn.openid)
        usccs = [binding.uscc for binding in bindings if binding.may(Right.DO_NAME_ACCOUNTS)]
        if not usccs:
            why = (
                "兑现进度只给企业的法人和财务看。"
                if bindings
                else "要看贵公司的奖补到哪一步，请先绑定企业（法人或财务）。"
            )
            return Reply((why,), footer="回复“绑定”开始。")
        found = [each for uscc in usccs for each in self._desk.awards.of_enterprise(uscc)]
        if not found:
            option = Option(label="看能享受的", action="policy.mine")
            lines = ("贵公司现在没有公示或拨付中的免申即享奖补。", "列入名单并公示后，我会告诉您。")
            return Reply(lines, (option,), footer="自己申报的奖补，进度请问受理部门或拨 12345。")
        if len(found) == 1:
            return self._show(turn, *found[0])
        newest = sorted(found, key=lambda each: each[0].on, reverse=True)[:_SHOWN]
        options = tuple(
            Option(label=_brief(round_, entry), action="award.open", args={"round": round_.id, "uscc": entry.uscc})
            for round_, entry in newest
        )
        return Reply((f"有 {len(found)} 项，回复编号看进度：",), options)

    def _open(self, turn: Turn, round_id: str, uscc: str) -> Reply:
        binding = self._desk.bindings.of(turn.openid, uscc, Right.DO_NAME_ACCOUNTS)
        found = [each for each in self._desk.awards.of_enterprise(uscc) if each[0].id == round_id] if binding else []
        return self._show(turn, *found[0]) if found else self._mine(turn)

    def _show(self, turn: Turn, round_: Round, entry: Entry) -> Reply:
        on = local_date(turn.now)
        link = self._desk.links.page(f"/h5/award/{round_.id}", turn.openid, turn.now)
        asked = entry_life(entry).state in (EntryState.LISTED, EntryState.BLOCKED)
        must = asked and self._desk.awards.takes_accounts(round_, on)
        line = f'<a href="{link}">{"去页面确认收款账户" if must else "看金额怎么算的"}</a>'
        warning = ("账号请在页面里填，不要发在对话里。",) if must else ()
        options = (
            Option(
                label="这项政策的条件", action="policy_question.open", args={"id": round_.policy, "uscc": entry.uscc}
            ),
            Option(label="转人工", action="handoff.ask"),
        )
        lines = (_brief(round_, entry), *progress_lines(round_, entry, on), line, *warning)
        return Reply(lines, options, footer=SAMPLE_NOTE if round_.sample else "")


def _brief(round_: Round, entry: Entry) -> str:
    """测试返还 · 23,418.59 元 · 支付中"""
    return f"{round_.short} · {money.show(entry.amount)} · {entry_life(entry).state}"
