"""查阅、复制: everything kept of one person, as one document (个人信息保护法 article 45).

What stands in the person's own partition and has no section of its own comes out whole, under 其他: a room that starts
to keep something new of people cannot forget to hand it over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib import masking
from chalicelib.enterprises.binding import NOBODY, Binding, BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.joining import JoinService
from chalicelib.enterprises.repository import BINDING, CONSENT, FOLLOWER, JOINING, SUSPENDED, person_key, rows_of
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.notices.model import CHINESE
from chalicelib.notices.service import NoticeService
from chalicelib.ports import JsonObject, Record, Store
from chalicelib.times import chinese_time, local

MOST_NOTICES = 1000
_WITH_SECTIONS = (BINDING, SUSPENDED, JOINING, CONSENT, "notice#", FOLLOWER)
_PLACES = {"chat": "对话", "page": "网页", "menu": "菜单", "hall": "政务大厅", "unfollow": "取消关注"}
_ACTIONS = {"granted": "同意", "withdrawn": "撤回"}

Rows = list[dict[str, str]]
Kept = Callable[[str], Rows]
"""What a room keeps of a person by openid, in words."""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class OwnCopy:
    """The document. ``person`` is the pseudonym; an openid is shown to nobody."""

    person: str
    made_at: datetime
    sections: tuple[Section, ...]

    def document(self) -> JsonObject:
        """As JSON, in the person's own language."""
        return {
            "说明": "芦溪县“溪心办”保存的您的个人信息",
            "化名": self.person,
            "生成时间": f"{local(self.made_at):%Y-%m-%d %H:%M}（北京时间）",
            **{section.title: section.rows for section in self.sections},
        }


class OwnCopyService:
    def __init__(
        self,
        store: Store,
        *,
        bindings: BindingService,
        joining: JoinService,
        consents: ConsentService,
        enterprises: EnterpriseService,
        notices: NoticeService,
        others: Mapping[str, Kept],
    ) -> None:
        self._store = store
        self._bindings = bindings
        self._joining = joining
        self._consents = consents
        self._enterprises = enterprises
        self._notices = notices
        self._others = others

    def of(self, openid: str, now: datetime) -> OwnCopy:
        """All sections, the empty ones too: that nothing is kept is an answer."""
        return OwnCopy(
            person=masking.openid(openid),
            made_at=now,
            sections=(
                Section("关注", self._follower(openid)),
                Section("绑定的企业", self._bound(openid)),
                Section("加入企业的申请", self._asked(openid, now)),
                Section("现在同意的事", self._given(openid)),
                Section("同意和撤回的记录", self._history(openid)),
                Section("发给您的通知", self._told(openid)),
                *(Section(title, kept(openid)) for title, kept in self._others.items()),
                Section("其他", self._rest(openid)),
            ),
        )

    def _follower(self, openid: str) -> Rows:
        row = self._store.get(person_key(openid), FOLLOWER)
        if row is None:
            return []
        return [{"关注时间": _time(row.body["followed_at"]), "从哪里来": row.body["scene"] or "没有记录"}]

    def _bound(self, openid: str) -> Rows:
        active = [self._binding(binding, "有效") for binding in self._bindings.of_person(openid)]
        return active + [self._binding(binding, "暂停，等新授权码") for binding in self._bindings.suspended(openid)]

    def _binding(self, binding: Binding, state: str) -> dict[str, str]:
        return {
            "企业": self._name(binding.uscc),
            "统一社会信用代码": binding.uscc,
            "角色": binding.role.value,
            "绑定时间": chinese_time(binding.bound_at),
            "登记的称呼": binding.label or "没有",
            "状态": state,
        }

    def _asked(self, openid: str, now: datetime) -> Rows:
        """Of the enterprise nothing but the role: whether it is on file is not told here either."""
        return [
            {
                "角色": request.role.value,
                "登记的称呼": request.label,
                "申请时间": chinese_time(request.asked_at),
                "作废时间": chinese_time(request.expires_at),
            }
            for request in self._joining.of_person(openid, now)
        ]

    def _given(self, openid: str) -> Rows:
        given = self._consents.current(openid).values()
        return [{"事项": one.scope.chinese, "告知书版本": one.version, "时间": chinese_time(one.at)} for one in given]

    def _history(self, openid: str) -> Rows:
        return [
            {
                "事项": one.scope.chinese,
                "做了什么": _ACTIONS[one.action],
                "时间": chinese_time(one.at),
                "在哪里": _PLACES.get(one.channel, one.channel),
            }
            for one in self._consents.history(openid)
        ]

    def _told(self, openid: str) -> Rows:
        return [
            {
                "标题": notice.title,
                "内容": " ".join(notice.lines),
                "企业": self._name(notice.uscc),
                "时间": chinese_time(notice.created_at),
                "状态": CHINESE[notice.state],
            }
            for notice in self._notices.of_person(openid, MOST_NOTICES)
        ]

    def _rest(self, openid: str) -> Rows:
        rows = rows_of(self._store, person_key(openid), "")
        return [_plain(row) for row in rows if not row.sk.startswith(_WITH_SECTIONS)]

    def _name(self, uscc: str) -> str:
        enterprise = None if uscc == NOBODY else self._enterprises.get(uscc)
        return enterprise.name if enterprise else uscc


def _plain(row: Record) -> dict[str, str]:
    return {"是什么": row.sk} | {name: str(value) for name, value in row.body.items() if name != "openid"}


def _time(text: str) -> str:
    return chinese_time(datetime.fromisoformat(text))
