"""留存期限: how long each kind of row about people is kept, why, and who ends it. One table, for the job that ends
what is over and for the words shown to a person.

Floor: 网络安全法 article 23, six months for logs. The periods are the county's own to set (domain facts §6.4); a
shorter one is taken where the purpose ends sooner (个人信息保护法 article 19).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class End(StrEnum):
    """What becomes of a row when its term is over, and by whom."""

    EXPIRES = "到期自动删除"  # the store does it: readers see the row as absent from that second on
    DELETED = "到期由任务删除"
    HIDDEN = "到期由任务隐去身份"
    KEPT = "程序不删"


@dataclass(frozen=True, slots=True)
class Term:
    """``rows`` is the key pattern of docs/architecture.md; ``term`` None is without end; ``after`` when it begins."""

    rows: str
    what: str
    term: timedelta | None
    after: str
    end: End
    source: str


_DAYS = timedelta(days=1)
_FACTS = "领域事实 §6.4"

TICKET_TERM = 180 * _DAYS
CONCERN_TERM = 180 * _DAYS
CASE_TERM = 365 * _DAYS

TERMS: tuple[Term, ...] = (
    Term("inbound#*", "收到的消息（防重复处理）", _DAYS, "收到", End.EXPIRES, f"{_FACTS}，用完即删"),
    Term("person#*/session", "正在进行的对话", 7 * _DAYS, "最后一句话", End.EXPIRES, f"{_FACTS} 聊天 180 天以内"),
    Term("tries#*", "试错次数（只存化名）", _DAYS, "最后一次", End.EXPIRES, "领域事实 §6.2"),
    Term("bindcode#*", "授权码（只存摘要）", 3 * _DAYS, "发码", End.EXPIRES, "本县规则"),
    Term("bindscene#*", "绑定二维码（只存摘要）", 30 * _DAYS, "出码", End.EXPIRES, "微信带参数二维码上限"),
    Term("*/joining#*", "加入企业的申请", 7 * _DAYS, "申请", End.EXPIRES, "本县规则"),
    Term("*/suspended#*", "暂停的法人绑定", 90 * _DAYS, "法人变更", End.EXPIRES, "本县规则"),
    Term("person#*/notice#*", "谁收到过哪些通知", 90 * _DAYS, "发出", End.EXPIRES, "本县规则，短于台账"),
    Term("notice#*", "推送台账", 1096 * _DAYS, "发出", End.EXPIRES, f"{_FACTS} 推送记录 3 年"),
    Term(
        "consentlog#*", "同意和撤回的记录（只存化名）", 1096 * _DAYS, "同意失效", End.EXPIRES, f"{_FACTS} 有效期加 3 年"
    ),
    Term("draft#*", "填了一半和提交过的表", 32 * _DAYS, "开始填", End.EXPIRES, f"{_FACTS} 草稿 30 天，宽限 2 天"),
    Term("documents/*, formcase#*", "提交的申请表文书", 30 * _DAYS, "提交", End.DELETED, f"{_FACTS} 附件 30 天"),
    Term("formmeasure#*", "填表统计（不含个人）", 400 * _DAYS, "填表结束", End.EXPIRES, "本县规则，满一年可比"),
    Term("ticket#*", "工单和留言", TICKET_TERM, "提出", End.HIDDEN, f"{_FACTS} 聊天文字 180 天后匿名"),
    Term("concern#*", "诉求", CONCERN_TERM, "答复", End.HIDDEN, f"{_FACTS} 聊天文字 180 天后匿名"),
    Term("asked#*", "没有答好的问题（去掉号码，不存谁问的）", 90 * _DAYS, "最后一次问", End.EXPIRES, "本县规则"),
    Term("once#*", "一条消息办过什么（防重复办理）", 2 * _DAYS, "收到", End.EXPIRES, f"{_FACTS}，用完即删"),
    Term("pagerate#*", "网页操作次数（只存化名）", _DAYS, "操作", End.EXPIRES, f"{_FACTS}，用完即删"),
    Term("receipt#*", "消息回执的编号", 30 * _DAYS, "发出", End.EXPIRES, "本县规则"),
    Term("case#*", "办件的副本", CASE_TERM, "办结", End.DELETED, f"{_FACTS} 办结后 1 年"),
    Term(
        "person#*",
        "绑定、同意、订阅",
        None,
        "取消关注或本人要求删除时立即删除",
        End.DELETED,
        "个人信息保护法第四十七条",
    ),
    Term(
        "caserating#*, commitment#*, tolerated#*",
        "评价和容缺承诺（只存化名）",
        None,
        "提交",
        End.KEPT,
        "领域事实没有给期限，由县里定；不含姓名和电话",
    ),
    Term(
        "loan#*, demand#*, reminder#*",
        "贷款、融资需求和督办（企业的业务记录）",
        None,
        "登记",
        End.KEPT,
        "领域事实没有给期限，由县里和银行定；不含个人",
    ),
    Term(
        "enterprise#*",
        "企业画像（含登记的联系人）",
        None,
        "导入",
        End.KEPT,
        "领域事实没有给期限，由县里和数据提供部门定",
    ),
    Term(
        "award#*",
        "免申即享名单和收款账户",
        None,
        "列入名单",
        End.KEPT,
        "会计档案，领域事实没有给期限，由县里按会计档案规定定",
    ),
    Term("audit#*", "审计日志（不含群众信息）", None, "操作", End.KEPT, "网络安全法第二十三条，不少于 6 个月"),
)

KEPT_AFTER_ERASURE: tuple[tuple[str, str], ...] = (
    ("同意和撤回的记录", "隐去身份后保存到失效满 3 年，证明当时经过您同意（个人信息保护法第十四条）"),
    ("推送台账", "隐去身份后保存 3 年，证明没有多发、错发"),
    ("工单", "隐去身份后，事情照常办完"),
    ("企业的办件、贷款和画像", "属于企业和主管部门，不是您个人的资料；解绑后您就看不到了"),
    ("24 小时内的消息编号和试错次数", "防止重复处理和猜码，到期自动删除"),
)
"""What stays when a person has everything deleted, and why (shown before they decide)."""
