"""Names of people and companies as they are said (姓名、企业名称): 我老婆李芳 → 李芳, 叫溪华电瓷 → 溪华电瓷."""

from __future__ import annotations

import re

from chalicelib.forms.problems import ValueProblem

PERSON = "李芳"
COMPANY = "芦溪溪华电瓷有限公司"

_RELATIONS = (
    "老婆 老公 爱人 妻子 丈夫 媳妇 儿媳妇 儿媳 女婿 儿子 女儿 崽 妹子 爸爸 妈妈 父亲 母亲 爸 妈 爹 娘 哥哥 姐姐 弟弟 "
    "妹妹 哥 姐 弟 妹 大哥 二哥 大姐 二姐 舅舅 叔叔 姑姑 阿姨 伯伯 外公 外婆 爷爷 奶奶 岳父 岳母 堂哥 堂弟 表哥 表弟 "
    "表姐 表妹 侄子 外甥 朋友 同事 同学 老乡 邻居 合伙人 屋里人"
).split()
_ROLES = (
    "法定代表人 法人代表 法人 老板 老板娘 总经理 经理 会计 出纳 财务 员工 股东 监事 董事长 董事 律师 代理人 受托人 "
    "委托人 经办人 联系人 负责人 经营者 安全员 店长 厂长"
).split()
_LEAD = re.compile(
    r"^(?:是|就是)?(?:(?:我|我们|我们家|我家|自己|他|她)?的?(?:{words})?的?[，,]?(?:名字|姓名|全名)?(?:就?是|叫做?|为|:|：)?)".format(
        words="|".join(sorted([*_RELATIONS, *_ROLES], key=len, reverse=True))
    )
)
_TITLE = re.compile(r"(?:先生|女士|小姐|同志|老师|师傅)$")
_ENDS = re.compile(r"^[\s，。,、“”\"'：:]+|[\s，。,、“”\"'！!]+$|(?:吧|呀|啊|哈|啦|咯|哩|的)$")
_CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]{2,6}|[\u3400-\u9fff]{1,12}(?:·[\u3400-\u9fff]{1,12}){1,3}")
_LATIN = re.compile(r"[A-Za-z][A-Za-z'.\- ]{1,38}[A-Za-z.]")
_NO_NAME = re.compile(
    r"不知道|不清楚|不晓得|没有|什么|怎么|哪|吗|多少|等下|等一|以后|跳过|公司|老板|法人|自己|本人|还没|电话|^改|改成|改为|^[零一二两三四五六七八九十百千万亿来多几余]+$"
)
_COMPANY_LEAD = re.compile(
    r"^(?:我们?的?)?(?:公司|单位|企业|厂|店|店铺|字号|名称|名字)*(?:的?名[字称])?(?:就?叫做?|是|为|:|：)?"
)
_COMPANY_LENGTH = range(2, 61)
_NO_ANSWER = re.compile(r"不知道|不清楚|不晓得|没想好|还没|什么|怎么|吗$")
_COMPANY_PART = re.compile(r"[^\s，。、；！？,;!?@#￥%^*=<>“”\"]+")


def person(text: str) -> str:
    """The name alone, without what the person is to whom. Raises ValueProblem."""
    said = _TITLE.sub("", _trimmed(_trimmed(text).replace("•", "·").replace("・", "·")))
    name = _without_lead(said)
    if not name:
        raise ValueProblem(f"请写姓名，例如 {PERSON}。")
    if _TITLE.search(_trimmed(text)) and len(name) == 1:
        raise ValueProblem(f"请写全名，例如 {PERSON}。")
    if _NO_NAME.search(name) or not (_CHINESE.fullmatch(name) or _LATIN.fullmatch(name)):
        raise ValueProblem(f"这里要写一个人的姓名，例如 {PERSON}。")
    return name


def company(text: str) -> str:
    """The name of an enterprise or shop, in full-width brackets as the register has it. Raises ValueProblem."""
    said = _trimmed(text)
    name = _COMPANY_LEAD.sub("", said) or said
    name = _trimmed(name).replace("(", "（").replace(")", "）").replace(" ", "")
    if len(name) not in _COMPANY_LENGTH or not _COMPANY_PART.fullmatch(name) or _NO_ANSWER.search(name):
        raise ValueProblem(f"请写名称全称，例如 {COMPANY}。")
    return name


def _trimmed(text: str) -> str:
    before = None
    while before != text:
        before, text = text, _ENDS.sub("", text)
    return text


def _without_lead(said: str) -> str:
    """我老婆李芳 → 李芳; empty where only the relation was said."""
    return _trimmed(_LEAD.sub("", said, count=1))
