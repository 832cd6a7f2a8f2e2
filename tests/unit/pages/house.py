"""The services behind the pages over a store in memory, with a county of one enterprise and hostile names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryQueue, MemoryStore
from chalicelib.cases.model import CaseRow
from chalicelib.cases.service import CaseService
from chalicelib.cases.tolerance import CommitmentService
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.content.catalogue import Catalogue
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.consent import NOTICE_VERSION, ConsentService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.joining import JoinService
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.finance.model import LoanRow
from chalicelib.finance.service import LoanService
from chalicelib.guidance.model import Bundle, ServiceItem
from chalicelib.links import Links
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft, address
from chalicelib.notices.service import NoticeService
from chalicelib.pages import site
from chalicelib.pages.http import PageRequest, PageResponse
from chalicelib.pages.limits import PageLimits
from chalicelib.points.model import ServicePoint
from chalicelib.points.service import PointService
from chalicelib.policies.awards.service import AwardService
from chalicelib.policies.model import Policy
from chalicelib.policies.service import PolicyService
from chalicelib.ports import Outbound, Outcome, Reaction
from chalicelib.privacy.erasure import ErasureService
from chalicelib.privacy.own_copy import OwnCopyService
from chalicelib.settings import Settings
from chalicelib.wechat.oauth import Identity
from chalicelib.wechat.share_tickets import ShareTickets
from chalicelib.wechat.tokens import Token
from tests.unit.pages.fake_forms import FakeDocuments, FakeForms

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
USCC, OTHER_USCC = "91360323MAXX00015C", "91360323MAXX000312"
CASE, LOAN = "3603232026111600019", "LN-2026-0101"
OWNER, STAFF, STRANGER = "oOwner", "oStaff", "oStranger"
HOSTILE = "<script>alert(1)</script>'\"&"
ITEM = {
    "id": "SX-01",
    "name": f"公司设立{HOSTILE}",
    "section": "服务升级",
    "dept": "县市场监督管理局",
    "kind": "行政许可",
    "pt": "承诺件",
    "legal": {"n": 3, "unit": "wd", "prov": ["G"]},
    "promised": {"n": 1, "unit": "wd", "prov": ["R"]},
    "fee": {"kind": "amounts", "cases": [{"case": "住宅", "fen": 8000}]},
    "channels": ["大厅"],
    "basis": ["公司法"],
    "steps": ["提交", "领照"],
    "materials": [
        {
            "name": "公司章程",
            "original": 1,
            "copies": 2,
            "form": "纸质",
            "source": "申请人自备",
            "necessity": "容缺",
            "note": "全体股东签署",
        },
        {
            "name": "身份证明",
            "original": 0,
            "copies": 1,
            "form": "电子",
            "source": "部门共享",
            "necessity": "必要",
        },
    ],
    "faq": [{"question": "要验资吗", "answer": "不用验资。"}],
    "asks": ["怎么开公司"],
    "policy": "P01",
    "source_url": "javascript:alert(1)",
    "source_note": "公开资料整理",
    "updated_at": date(2026, 11, 20),
    "prov": ["R"],
}
BUNDLE = {
    "id": "B01",
    "name": "企业开办一件事",
    "section": "服务升级",
    "steps": [{"name": "公司设立", "items": ["SX-01"]}, {"name": "银行开户", "condition": "需要的"}],
    "promised": {"n": 1, "unit": "wd", "prov": ["R"]},
    "asks": ["开公司一次办完"],
    "updated_at": date(2026, 11, 20),
    "prov": ["R"],
}
POINT = {
    "id": "PT01",
    "name": "县政务服务大厅",
    "kind": "县大厅",
    "hours": [{"days": [1, 2, 3, 4, 5], "opens": "09:00", "closes": "12:00"}],
    "items": ["SX-01"],
    "bundles": ["B01"],
    "phone": "0799-7551234",
    "prov": ["R"],
}
POLICY = {
    "id": "P01",
    "state": "published",
    "name": "设备更新贷款贴息",
    "short": "设备贴息",
    "level": "省",
    "dept": "财政",
    "section": "政策直达",
    "category": "金融",
    "target": "企业",
    "condition": {"fact": "reg_status", "op": "==", "value": "存续"},
    "mode": "APPLY",
    "benefit": {"kind": "fixed", "amount": 100000},
    "benefit_text": "一次 10 万元",
    "materials": ["申请表"],
    "apply_to": date(2026, 12, 31),
    "prov": ["R"],
}


class Accepts:
    """A Messenger that is never needed for a page."""

    def send(self, message: Outbound) -> Outcome:
        return Outcome(Reaction.ACCEPTED, message_id="1")


@dataclass
class FakeSns:
    """Codes that the platform gave out; an unknown one is answered as the platform does."""

    codes: dict[str, Identity | Exception] = field(default_factory=dict)

    def exchange(self, code: str) -> Identity:
        from chalicelib.wechat.errors import ApiError

        found = self.codes.pop(code, ApiError("sns/oauth2/access_token", 40029))
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class FakeTickets:
    """The JS-SDK's ticket, or why there is none."""

    failure: Exception | None = None
    held: Token | None = None

    def ready(self) -> Token | None:
        return self.held

    def get(self) -> Token:
        if self.failure:
            raise self.failure
        self.held = Token("ticket-for-tests", use_until=2_000_000_000, fetched=0)
        return self.held


@dataclass
class FakeClient:
    sns: FakeSns = field(default_factory=FakeSns)
    tickets: FakeTickets = field(default_factory=FakeTickets)


@dataclass(frozen=True)
class Said:
    text: str
    options: tuple[str, ...] = ()


@dataclass
class FakeTalk:
    """Answers everything alike, and keeps what it was asked."""

    asked: list[tuple[str, str, str]] = field(default_factory=list)
    answer: Said | None = None

    def last(self, openid: str) -> Said | None:
        return self.answer

    def say(self, openid: str, text: str, message: str, now: datetime) -> Said:
        self.asked.append((openid, text, message))
        self.answer = self.answer or Said("好的。")
        return self.answer


class House:
    """Satisfies ``pages.services.Services``."""

    def __init__(self, public_url: str = "https://xixinban.example") -> None:
        self.clock = FixedClock(NOW)
        store = self.store = MemoryStore(self.clock)
        self.settings = Settings(
            public_url=public_url,
            session_secret="secret-for-tests",
            wechat_token="token",
            wechat_app_id="wx0123456789abcdef",
            wechat_app_secret="not-a-secret",
            wechat_aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        )
        self.links = Links(public_url, "secret-for-tests")
        self.calendar = WorkCalendar()
        self.cases = CaseService(store, self.calendar)
        self.commitments = CommitmentService(store)
        self.loans = LoanService(store)
        self.enterprises = EnterpriseService(store)
        self.awards = AwardService(store, lambda: self.held.policies, demo=True)
        self.bindings = BindingService(store)
        self.joining = JoinService(store, self.bindings)
        self.consents = ConsentService(store)
        self.followers = FollowerService(store)
        self.notices = NoticeService(
            store,
            MemoryQueue(self.clock),
            Accepts(),
            bindings=self.bindings,
            consents=self.consents,
            followers=self.followers,
            links=self.links,
            templates={},
        )
        self.erasure = ErasureService(self.notices, self.followers, [])
        self.own_copies = OwnCopyService(
            store,
            bindings=self.bindings,
            joining=self.joining,
            consents=self.consents,
            enterprises=self.enterprises,
            notices=self.notices,
            others={},
        )
        self.wechat_client = FakeClient()
        self.asked_for_tickets: list[dict[str, object]] = []
        self.share_tickets = ShareTickets(lambda: self.wechat_client.tickets, store, self.asked_for_tickets.append)
        self.talk = FakeTalk()
        self.forms = FakeForms()
        self.submissions = FakeDocuments()
        self.page_limits = PageLimits(store, "secret-for-tests")
        self.held = Catalogue(
            1,
            items={"SX-01": ServiceItem.model_validate(ITEM)},
            bundles={"B01": Bundle.model_validate(BUNDLE)},
            points={"PT01": ServicePoint.model_validate(POINT)},
            policies={
                "P01": Policy.model_validate(POLICY),
                "P02": Policy.model_validate({**POLICY, "id": "P02", "state": "draft", "name": "还没发布的"}),
            },
        )

    def catalogue(self) -> Catalogue:
        return self.held

    def points(self) -> PointService:
        return PointService(self.held)

    def policies(self) -> PolicyService:
        return PolicyService(self.held.policies)

    # ------------------------------------------------------------------------------------------------------ furnishing

    def furnish(self) -> House:
        """One enterprise with a case and a loan, its 法人 and a 人事, both agreeing to everything."""
        self.enterprises.save(
            Enterprise(uscc=USCC, name=f"溪华电瓷{HOSTILE}", reg_status="存续", prov="R"), NOW - timedelta(days=9)
        )
        self.bind(OWNER, Role.LEGAL)
        self.bind(STAFF, Role.STAFF)
        self.cases.save_row(
            CaseRow.model_validate(
                {
                    "no": CASE,
                    "uscc": USCC,
                    "title": "不动产转移登记",
                    "item_id": "SX-01",
                    "dept": "县不动产登记中心",
                    "promised": {"n": 1, "unit": "wd"},
                    "prov": "R",
                    "events": [
                        {"id": "e1", "kind": "RECEIVED", "at": "2026-11-16 10:12"},
                        {
                            "id": "e2",
                            "kind": "CORRECTING",
                            "at": "2026-11-17 09:40",
                            "materials": [f"完税证明{HOSTILE}"],
                            "due": date(2026, 12, 8),
                            "note": "请补原件",
                        },
                    ],
                }
            ),
            NOW,
        )
        bank = {"source": "银行"}
        self.loans.save_row(
            LoanRow.model_validate(
                {
                    "id": LOAN,
                    "uscc": USCC,
                    "bank": "示例银行",
                    "product": "科贷通",
                    "prov": "R",
                    "events": [
                        {"id": "e1", "state": "ACCEPTED", "at": "2026-11-01 10:00", "amount": 100_000_000, **bank},
                        {"id": "e2", "state": "REVIEWING", "at": "2026-11-02 10:00", **bank},
                        {"id": "e3", "state": "APPROVED", "at": "2026-11-03 10:00", **bank},
                        {"id": "e4", "state": "LINE_GRANTED", "at": "2026-11-04 10:00", "amount": 80_000_000, **bank},
                    ],
                }
            ),
            NOW,
        )
        return self

    def bind(self, openid: str, role: Role, uscc: str = USCC) -> None:
        self.followers.follow(openid, NOW)
        self.bindings.redeem(openid, self.bindings.issue_code(uscc, role, "op", NOW).code, NOW)
        self.consents.grant(openid, Scope, NOTICE_VERSION, "chat", NOW)

    def tell(self, openid: str, title: str, kind: NoticeKind = NoticeKind.CASE_PROGRESS, uscc: str = USCC) -> str:
        """A notice in the ledger; returns its id."""
        draft = Draft(
            uscc=uscc,
            kind=kind,
            subject=title,
            version="1",
            event="changed",
            title=title,
            lines=(f"一行{HOSTILE}",),
            fields={},
            path=f"/h5/case/{CASE}",
            expires_at=NOW + timedelta(days=7),
            why="测试",
        )
        notice = address(draft, openid, NOW)
        self.notices.place([notice], NOW)
        return notice.id


class Phone:
    """A browser of one person: keeps cookies, follows redirects through the platform, which knows who holds it."""

    def __init__(self, house: House, openid: str | None) -> None:
        self.house = house
        self.openid = openid
        self.cookies: dict[str, str] = {}
        self.hops: list[str] = []

    def get(self, address: str) -> PageResponse:
        """Open ``/h5/…`` with its query and follow every redirect."""
        self.hops = [address]
        for _ in range(6):
            response = self.step("GET", self.hops[-1])
            if response.status not in (302, 303):
                return response
            self.hops.append(self._next(response.headers["Location"]))
        raise AssertionError(f"redirects without end: {self.hops}")

    def step(self, method: str, address: str, form: dict[str, str] | None = None) -> PageResponse:
        """One request, no redirect followed."""
        url = urlsplit(address)
        _, _, page, *key = url.path.split("/")
        request = PageRequest(
            page=page,
            key="/".join(key),
            method="POST" if method == "POST" else "GET",
            query=dict(parse_qsl(url.query)),
            cookies=dict(self.cookies),
            form=form or {},
            now=self.house.clock.now(),
        )
        response = site.answer(request, self.house)
        for cookie in response.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response

    def _next(self, location: str) -> str:
        if not location.startswith("https://open.weixin.qq.com/"):
            return location.removeprefix(self.house.settings.public_url)
        assert self.openid, "sent to sign in, and nobody is there"
        asked = dict(parse_qsl(urlsplit(location).query))
        self.house.wechat_client.sns.codes["code-1"] = Identity(openid=self.openid, scope="snsapi_base")
        back = asked["redirect_uri"].removeprefix(self.house.settings.public_url)
        return f"{back}&code=code-1&state={asked['state']}"
