"""What each skill listens for (触发): whether a free text may be for it, told without loading the skill.

Apart from the skills, because a cold start answers one text and must not load the twenty that it is not for
(docs/adr/0019). Where a skill needs a pattern again for its answer, it takes it from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property

from chalicelib.cases.numbers import find_case_no
from chalicelib.dialogue import wording
from chalicelib.dialogue.skills import welcome
from chalicelib.enterprises.code_form import ALPHABET, CODE_LENGTH
from chalicelib.guidance.aliases import normalise


class Heard:
    """One text in the forms that it is compared in, each made when it is first needed."""

    def __init__(self, typed: str) -> None:
        self.typed = typed

    @cached_property
    def plain(self) -> str:
        """Without width, case, spaces and punctuation."""
        return wording.plain(self.typed)

    @cached_property
    def normal(self) -> str:
        """With the county's words in place of local ones."""
        return normalise(self.typed)


Listener = Callable[[Heard], bool]


# ------------------------------------------------------------------------------------------------- the service itself

LARGE_TYPE = re.compile(
    r"(我要|请|换成?|用|打开|有没有)?(大字|长辈|老人|老年|大号)(体|版|模式|字体|的)*(吗|吧|呢)?|字(太小|小了|放大|大一?点).{0,4}"
)
MY_TICKETS = re.compile(r"我的?工单|工单.{0,16}(进度|怎么样|到哪|答复|回复)|^T-\d{4}-\d{2,}$", re.IGNORECASE)
BRIBE = re.compile(
    r"红包|给你.{0,4}(钱|礼|烟|酒|好处)|(塞|送)(你|您|点|些|条|包|瓶)?.{0,3}(钱|礼|烟|酒|好处)|好处费|(先|帮我?).{0,6}(过了|通过|放行).{0,8}(谢|请|给)"
)
COMPLAINT = re.compile(r"投诉|没人管|没人理|踢皮球|推来推去|烦死|气死|态度(差|不好|恶劣)|乱收费|不作为|太慢了|差劲")
INSULT = re.compile(r"傻[逼比子叉]|垃圾|白痴|智障|蠢货|废物|去死|他妈|妈的|滚蛋|^滚$")


def _large_type(said: Heard) -> bool:
    return LARGE_TYPE.fullmatch(said.plain) is not None


def _handoff(said: Heard) -> bool:
    return any(pattern.search(said.typed) for pattern in (MY_TICKETS, BRIBE, COMPLAINT, INSULT))


# -------------------------------------------------------------------------------------------------------- enterprises

CODE_LINE = re.compile(r"(?:绑定)?(?:企业)?(?:授权码|绑定码|码)?[是为]?([a-z0-9]{8})", re.IGNORECASE)
_BARE_CODE = re.compile(rf"(?=.*[2-9])(?=.*[A-Z])[{ALPHABET}]{{{CODE_LENGTH}}}")


def _bind(said: Heard) -> bool:
    """绑定 and a code, or a code alone: what an operator wrote on a slip of paper."""
    if said.plain.startswith("绑定"):
        return CODE_LINE.fullmatch(said.plain) is not None
    return _BARE_CODE.fullmatch(said.plain.upper()) is not None


MY_CONCERNS = re.compile(r"我的?诉求|(诉求|反映的?(问题|事)).{0,6}(进度|怎么样|到哪|答复|回复了)|查.{0,3}诉求")
CONCERN = re.compile(
    r"^(?:企业|我有个?|我要?|提|提个?|反映|有个?|我想提|我要提|向园区)*诉求[：:，, ]*(?P<text>.*)$", re.DOTALL
)
TO_THE_PARK = re.compile(
    r"^(?:我?要?|想)?(?:向|跟|给)园区(?:反映|提)(?:个?问题|个?困难)?[：:，, ]*(?P<text>.*)$", re.DOTALL
)
TROUBLE = re.compile(
    r"[停断缺]([电水气工人]|员工)|跳闸|(电压|水压|气压|压力).{0,3}(不够|不足|不稳|太?低)|太贵|(价格?|费用?).{0,3}太?[高贵]|[招请]不到|招工难|招人难"
    r"|留不住|不够[用住]|没(地方|处)[住停放]|(路|道路).{0,3}[烂坏窄]|进不来|出不去|限行"
)
"""What goes wrong at a plant, said without the word 诉求 (用地, 用能, 用工, 物流)."""
_ERRAND = re.compile(
    r"想|要[办开加装换扩]|申请|报装|增容|扩建|安装|办理|证|登记|备案|材料|流程|手续|补贴|补助|政策|贴息|哪里|多久|多少"
)
"""What is to be done about it is known already: a guide or a policy answers."""


def concern_by_name(text: str) -> bool:
    return any(pattern.search(text) for pattern in (MY_CONCERNS, CONCERN, TO_THE_PARK))


def trouble(text: str) -> bool:
    return TROUBLE.search(text) is not None and _ERRAND.search(text) is None


# -------------------------------------------------------------------------------------------------------------- cases

RATE = re.compile(r"^(我?要?|想|给)?(这次|这件事|办件|办理|服务)?(好差评|评价|打个?分)(一下|办件|服务)?$")
TOLERANCE = re.compile(r"^(我?要?|我?想|申请|办理)*容缺(办理|承诺|受理|申请)?[。！？]?$")
EXTENSION = re.compile(r"^(我?要?|我?想)?(申请)?(补正)?延期(补交|补正)?[。！]?$|^延期申请$")
APPEAL = re.compile(
    r"^(怎么|如何|到?哪里)(申请|提|办)?(行政)?复议[？?]?$|^(行政)?复议(怎么|如何|到?哪里)(申请|提|办)[？?]?$|^不服怎么办[？?]?$"
)
CASE = re.compile(
    r"^进度$|(办件|案件|业务|申请|证|过户|执照|许可|登记).{0,8}(进度|到哪(?!里(办|领|去|交|弄|补|换|刻|申请)|去|个|办)|哪一?步|怎么样了|办好了|办到|办下来|好了没|下来没)"
    r"|(进度|办件).{0,4}(查|怎么|在哪|多少)|查.{0,4}(进度|办件)|我的办件|办到哪|走到哪一?步|搞到哪"
)
_LOAN = re.compile(r"贷|授信|放款|融资|到账")


def _case(said: Heard) -> bool:
    if find_case_no(said.typed) is not None:
        return True
    return CASE.search(said.normal) is not None and _LOAN.search(said.normal) is None


# -------------------------------------------------------------------------------------------------- money and policies

_MONEY = r"(奖补|奖励|奖金|补贴|补助|返还|惠企资金|财政资金|免申即享|直达快享|兑现)"
AWARD = re.compile(
    rf"{_MONEY}(的?(钱|款|款项|资金))?.{{0,6}}(到哪|进度|到账|下来|拨付|打款|发了没|发没发|到了没|走到)"
    r"|(奖补|直达快享|兑现)进度|^(确认|核对|更换|更正|改)(一下)?(收款|兑现)?账[户号]$|收款账[户号]"
)
DEMAND = re.compile(r"(登记|提交|申报|填报|我有|有个?)融资需求|(想|要|需要)(跟|找|和)?银行对接|帮我?(找|对接)银行")
MY_DEMANDS = re.compile(r"(我的|查.{0,2})融资需求|融资需求.{0,4}(进度|怎么样|到哪)|银行.{0,4}(报价|方案)")
BUNDLE = re.compile(r"(我的?|查.{0,3})打捆(申报)?|打捆申报.{0,4}(进度|多少|到哪|分)")
_SHORT_OF_MONEY = re.compile(
    r"缺(点|少)?(钱|资金)|(资金|现金流?).{0,3}(紧张|断|不够)|周转不|贷不[到了下]|(贷款|融资)(太|很|好)?难|[抽断压]贷"
)
_WANTS_BENEFIT = re.compile("补贴|补助|贴息|低息|政策|奖")
LOAN = re.compile(
    r"贷款进度|融资进度|我的贷款|贷款到哪|(授信|贷款|放款|融资|审批).{0,10}(到账|下来|到哪|进度|批了|批下|几时|什么时候)|钱.{0,6}(到账|什么时候到)"
)
EXAM = re.compile(
    r"(政策|企业)体检|^(继续|再|我要|帮我)?做?(个|一次|一下)?体检$|^(我要|帮我|继续)?(补充?|完善)(资料|信息)$"
)
POLICIES = re.compile(
    r"(能|可以|可)享(受)?(什么|哪些|多少|的)|享受(什么|哪些)|政策体检|哪些政策|什么政策|有(什么|哪些)(补贴|奖励|优惠|政策)|(补贴|奖励|政策)有哪些"
    r"|能(申请|申报|领|拿|得)到?(什么|哪些)(补贴|奖励|奖补|补助|政策)|^怎么(领|拿|申请)到?(补贴|奖励|奖补|补助)$"
    r"|免申即享(有|的)?(哪些|什么)|(看|查)?全部政策|^全部$|^政策$|^有?(什么|没有)?(补贴|奖励|补助|优惠)(政策)?(吗|没有)?$|与我有关的政策|我的政策"
)
BENEFIT = re.compile(
    r"补贴|补助|贴息|贴不贴|返还|能返|奖励|奖多少|补多少|能补|有没有补|有补|补不补|减免|免征|能免|减半|退税|少交|抵减|加计扣除"
    r"|低息|贷得到|能贷|能拿|能领|领不|领吗|领多少|一千五|1500|能报|有我们|为什么没有|为啥没|没收到|符合|条件够|够不够|不还本|48小时|(想|要|去|怎么)贷款|借.{0,3}钱|缺钱|周转|贷款被拒"
)


def _financing(said: Heard) -> bool:
    if any(pattern.search(said.normal) for pattern in (DEMAND, MY_DEMANDS, BUNDLE)):
        return True
    return _SHORT_OF_MONEY.search(said.normal) is not None and _WANTS_BENEFIT.search(said.normal) is None


# --------------------------------------------------------------------------------------------------- forms and places

FORM = re.compile(
    r"填表|(帮|替|代)(我|忙)?填|(表|申请书|申请表)(格)?.{0,4}(不会|怎么|咋|点样)?填|(不会|怎么|咋)填.{0,6}(表|书)|填(写|一下|一份|个)?.{2,12}(表|书|证)$"
)
FORM_ALONE = frozenset(
    "填表 接着填表 接着填 继续填表 继续填 我的表 我要填表 帮我填表 帮我填 代填 表不会填 不会填表".split()
)
POINT = re.compile(
    r"^(服务点|网点|最近网点|最近的服务点)$|(网点|服务点|代办点|便民服务?中心|政务(服务)?大厅|办事大厅|邮政|邮局).{0,8}(在哪|哪里|哪些|地址|电话|几点|上班|开门|(能|可以)办(理|些)?(哪些|什么|啥)|办什么)"
    r"|(最近|附近).{0,6}(网点|服务点|大厅|办事)|(大厅|窗口|便民中心).{0,4}(几点|上班|下班|开门|周末)|宣风邮政能办"
)


def _form(said: Heard) -> bool:
    return said.plain in FORM_ALONE or FORM.search(said.typed) is not None


LISTENERS: Mapping[str, Listener] = {
    "welcome": lambda said: welcome.listens(said.plain),
    "large_type": _large_type,
    "bind": _bind,
    "handoff": _handoff,
    "concern": lambda said: concern_by_name(said.typed) or trouble(said.typed),
    "rating": lambda said: RATE.fullmatch(said.typed) is not None,
    "tolerance": lambda said: TOLERANCE.fullmatch(said.typed) is not None,
    "casenext": lambda said: any(pattern.search(said.typed) for pattern in (EXTENSION, APPEAL)),
    "case": _case,
    "award": lambda said: AWARD.search(said.normal) is not None,
    "financing": _financing,
    "form": _form,
    "loan": lambda said: LOAN.search(said.normal) is not None,
    "exam": lambda said: EXAM.search(said.normal) is not None,
    "policy": lambda said: POLICIES.search(said.normal) is not None,
    "policy_question": lambda said: BENEFIT.search(said.normal) is not None,
    "points": lambda said: POINT.search(said.normal) is not None,
    "guide": lambda said: True,
}
"""By the name of the skill. Who is not here answers protected words and chosen steps only."""
