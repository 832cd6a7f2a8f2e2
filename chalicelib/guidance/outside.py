"""What no guide answers: bribes, complaints about us, small talk, and matters of other offices.

Search would find something for these too, as it always does; they are recognised first and never get a guide.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Outside(StrEnum):
    """Why a text is not for a guide."""

    BRIBE = "bribe"  # 请托送礼
    ABUSE = "abuse"  # 埋怨、辱骂
    CHAT = "chat"  # 闲聊
    COMMAND = "command"  # 退订等口令，由对话处理
    POINT = "point"  # 问网点，由服务点回答
    POLICY = "policy"  # 问能享受哪些政策，由政策匹配回答
    ELSEWHERE = "elsewhere"  # 不归我们答的事
    UNKNOWN = "unknown"  # 没有对应的指南


REPLY = {
    Outside.BRIBE: "红包不能收，审核也不能跳过。材料齐了就按时限办；有人向您要好处，请打 12345 投诉。",
    Outside.ABUSE: (
        "抱歉没帮上。您说一下是哪件事卡住了，或回复“人工”，工作日 9:00–12:00、13:30–17:00 有人答复；也可拨 12345。"
    ),
    Outside.CHAT: "这个我答不了。我能答办事、政策、办件进度和贷款进度。",
    Outside.COMMAND: "回复“退订”停止推送；回复“帮助”看我能做什么。",
    Outside.POINT: "请告诉我乡镇名，我列出那里的网点和能办的事，比如“宣风镇有哪些网点”。",
    Outside.POLICY: "能享受哪些政策要看企业情况。回复“绑定”绑定企业后，我按条件一项一项告诉您。",
    Outside.ELSEWHERE: "这件事我这里没有指南，请打 12345 问，或到芦溪县政务服务大厅咨询台。",
    Outside.UNKNOWN: (
        "我没找到对应的办事指南。请告诉我证件或事项的全名；也可以回复“人工”，"
        "工作日 9:00–12:00、13:30–17:00 有人答复，其余时间留言次日回您，或拨 12345。"
    ),
}

_PATTERNS: dict[Outside, tuple[str, ...]] = {
    Outside.BRIBE: (
        r"发.{0,3}红包|塞.{0,3}(?:钱|红包)|好处费|送.{0,4}(?:烟|酒|礼)",
        r"请.{0,5}(?:吃(?:个|顿)?饭|喝酒)|通融|插.{0,2}队|走后门|打点",
    ),
    Outside.ABUSE: (r"没人管|烦死|推来推去|垃圾服务|破玩意|真笨|没用的东西|气死|骗子|^滚|他妈|傻|投诉你|什么态度",),
    Outside.COMMAND: (r"^(?:td|退订|取消订阅)|^(?:别|不要)(?:再)?(?:发|推|来)",),
    Outside.POINT: (
        r"(?:邮政|大厅|便民(?:服务)?中心|网点|代办点|服务点).{0,3}(?:能|可以)办(?:哪些|什么)",
        r"(?:大厅|网点|服务点|代办点).{0,4}(?:在哪|地址|几点|电话|上班|开门|有哪些)",
    ),
    Outside.POLICY: (
        r"免申即享.{0,4}(?:哪些|能享)|能享受?(?:到)?(?:哪些|什么)",
        r"有(?:什么|哪些)(?:政策|补贴|优惠|奖励)|(?:政策|补贴).{0,3}有哪些",
    ),
    Outside.ELSEWHERE: (
        r"驾照|驾驶证|科目[一二三四]|违章|摩托|年检|(?:汽车|车辆|小车|私家车).{0,4}上牌|护照|通行证|签注|签证",
        r"结婚|离婚|准生证|生育登记|二胎|三胎|户口(?!簿|本)|落户|低保|残疾证|退伍|无犯罪|养老金|退休金|公交卡",
        r"教师资格|会计从业|公务员|高考|中考|学区|林权|宅基地|土地承包|农村建房|疫苗|献血|狗证",
        r"路灯|停水|停电|停气|下水道.{0,3}堵|没人清|扰民|太吵|打架|拖欠工资|诈骗|被骗|手机丢|钱包丢|地震",
    ),
    Outside.CHAT: (
        r"好吃|好玩|天气|下雨|笑话|无聊|股票|彩票|黄金|汇率|截图|聊天记录|蓝屏|写.{0,3}(?:诗|歌|代码|作文|小说)|一首歌",
        r"减肥|失眠|男朋友|女朋友|追女|吵架|犯太岁|梦见|球赛|电视剧|电影|门票|二手车|房价|楼盘|哪里便宜|洗澡",
        r"火车|高铁|坐什么车|飞机|机票|快递|外卖|加油站|(?:宾馆|酒店).{0,4}多少钱|怎么炒|怎么做(?:好吃|菜|饭)?$",
        r"你(?:是|叫|几)(?:谁|什么名|岁|机器人)",
        r"^(?:好的?|嗯+|哦+|哈+|行|在吗|你好|您好|谢谢.{0,3}|晚安|随便|不知道|没事了?|再说吧|你猜)[。.!,~]*$",
    ),
}
_COMPILED = [(kind, re.compile("|".join(patterns))) for kind, patterns in _PATTERNS.items()]
_LETTERS = re.compile(r"[a-z0-9\W_]*")


def outside(text: str) -> Outside | None:
    """Why a normalised text is not for a guide, or None. Text without a Chinese character is not."""
    for kind, pattern in _COMPILED:
        if pattern.search(text):
            return kind
    return Outside.UNKNOWN if _LETTERS.fullmatch(text) else None
