from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.wechat import events, messages
from chalicelib.wechat.inbound import dedupe_key, parse
from chalicelib.wechat.messages import Inbound
from chalicelib.wechat.refused import Refused
from tests.unit.wechat import pushes
from tests.unit.wechat.pushes import event, push

ID = "<MsgId>6054768590064713728</MsgId>"


def shown(inbound: Inbound, **expected: Any) -> None:
    assert {name: getattr(inbound, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("document", "model", "expected"),
    [
        (
            push("text", f"<Content> 满意 </Content>{ID}<bizmsgmenuid>101</bizmsgmenuid>"),
            messages.TextMessage,
            {"content": " 满意 ", "menu_id": "101", "msg_id": "6054768590064713728", "is_unsupported": False},
        ),
        (push("text", f"<Content></Content>{ID}"), messages.TextMessage, {"content": "", "menu_id": None}),
        (
            push("text", f"<Content>【收到不支持的消息类型，暂无法显示】</Content>{ID}"),
            messages.TextMessage,
            {"is_unsupported": True},
        ),
        (
            push("image", f"<PicUrl>http://p</PicUrl><MediaId>m</MediaId>{ID}<MsgDataId>7</MsgDataId><Idx>1</Idx>"),
            messages.ImageMessage,
            {"picture_url": "http://p", "media_id": "m", "data_id": "7", "index": "1"},
        ),
        (
            push("voice", f"<MediaId>m</MediaId><Format>amr</Format><Recognition>贷款</Recognition>{ID}"),
            messages.VoiceMessage,
            {"format": "amr", "recognition": "贷款", "media_id_16k": None},
        ),
        (
            push("video", f"<MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId>{ID}"),
            messages.VideoMessage,
            {"thumb_media_id": "t"},
        ),
        (push("shortvideo", f"<MediaId>m</MediaId>{ID}"), messages.ShortVideoMessage, {"media_id": "m"}),
        (
            push(
                "location",
                f"<Location_X>27.6</Location_X><Location_Y>114.0</Location_Y><Scale>15</Scale><Label>宣风镇</Label>{ID}",
            ),
            messages.LocationMessage,
            {"latitude": 27.6, "longitude": 114.0, "scale": 15, "label": "宣风镇"},
        ),
        (
            push("link", f"<Title>t</Title><Description>d</Description><Url>https://u</Url>{ID}"),
            messages.LinkMessage,
            {"title": "t", "url": "https://u"},
        ),
        (
            push("miniprogrampage", f"<AppId>wx1</AppId><Title>t</Title><PagePath>p</PagePath>{ID}"),
            messages.MiniProgramPageMessage,
            {"app_id": "wx1", "page_path": "p"},
        ),
    ],
)
def test_messages(document: bytes, model: type, expected: dict[str, Any]) -> None:
    inbound = parse(document)
    assert type(inbound) is model
    shown(inbound, openid=pushes.OPENID, account=pushes.ACCOUNT, created_at=pushes.NOW, **expected)


@pytest.mark.parametrize(
    ("document", "model", "expected"),
    [
        (event("subscribe"), events.SubscribeEvent, {"scene": None, "event_key": ""}),
        (
            event("subscribe", "<EventKey>qrscene_abc</EventKey><Ticket>T</Ticket>"),
            events.SubscribeEvent,
            {"scene": "abc", "ticket": "T"},
        ),
        (event("subscribe", "<EventKey>last_trade_no_1</EventKey>"), events.SubscribeEvent, {"scene": None}),
        (event("unsubscribe"), events.UnsubscribeEvent, {"event": "unsubscribe"}),
        (event("SCAN", "<EventKey>abc</EventKey><Ticket>T</Ticket>"), events.ScanEvent, {"scene": "abc"}),
        (event("CLICK", "<EventKey>服务升级</EventKey>"), events.ClickEvent, {"event_key": "服务升级"}),
        (
            event("VIEW", "<EventKey>https://u</EventKey><MenuId>9</MenuId>"),
            events.ViewEvent,
            {"event_key": "https://u", "menu_id": "9"},
        ),
        (event("view_miniprogram", "<EventKey>p</EventKey>"), events.ViewEvent, {"event_key": "p"}),
        (
            event("LOCATION", "<Latitude>27.6</Latitude><Longitude>114</Longitude><Precision>40</Precision>"),
            events.LocationEvent,
            {"latitude": 27.6, "precision": 40.0},
        ),
        (
            event(
                "scancode_waitmsg",
                "<EventKey>k</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>1</ScanResult></ScanCodeInfo>",
            ),
            events.ScanCodeEvent,
            {"scan_type": "qrcode", "scan_result": "1"},
        ),
        (
            event(
                "pic_weixin",
                "<SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum>a</PicMd5Sum></item></PicList></SendPicsInfo>",
            ),
            events.PicturesEvent,
            {"count": 1, "pictures": [events.Picture(md5="a")]},
        ),
        (
            event("pic_sysphoto", "<SendPicsInfo><Count>0</Count><PicList></PicList></SendPicsInfo>"),
            events.PicturesEvent,
            {"count": 0, "pictures": []},
        ),
        (
            event(
                "location_select",
                "<SendLocationInfo><Location_X>27</Location_X><Location_Y>114</Location_Y><Scale>15</Scale>"
                "<Label>l</Label><Poiname></Poiname></SendLocationInfo>",
            ),
            events.LocationSelectEvent,
            {"latitude": 27.0, "longitude": 114.0, "label": "l", "place": ""},
        ),
        (
            event("MASSSENDJOBFINISH", "<MsgID>1000001625</MsgID><Status>err(30003)</Status><SentCount>3</SentCount>"),
            events.MassFinishEvent,
            {"msg_id": "1000001625", "status": "err(30003)", "sent": 3},
        ),
        (
            event(
                "PUBLISHJOBFINISH",
                "<PublishEventInfo><publish_id>2247</publish_id><publish_status>0</publish_status>"
                "<article_id>b5</article_id></PublishEventInfo>",
            ),
            events.PublishFinishEvent,
            {"publish_id": "2247", "publish_status": 0, "article_id": "b5"},
        ),
        (
            event("user_authorization_revoke", "<OpenID>o1</OpenID><RevokeInfo>1</RevokeInfo>"),
            events.PersonalDataEvent,
            {"subject": "o1", "revoke_info": "1"},
        ),
        (event("kf_close_session", "<KfAccount>a@b</KfAccount>"), events.StaffEvent, {"account_name": "a@b"}),
        (event("annual_renew", "<ExpiredTime>1442</ExpiredTime>"), events.VerificationEvent, {"expires": 1442}),
    ],
)
def test_events(document: bytes, model: type, expected: dict[str, Any]) -> None:
    inbound = parse(document)
    assert type(inbound) is model
    shown(inbound, **expected)


@pytest.mark.parametrize(
    ("status", "normal", "delivered"),
    [
        ("success", "success", True),
        ("failed:user block", "failed:user block", False),
        ("failed: system failed", "failed:system failed", False),
        ("failed:system failed", "failed:system failed", False),
        ("failed:freq limit", "failed:freq limit", False),
        ("failed: who knows", "failed:who knows", False),
    ],
)
def test_template_receipts(status: str, normal: str, delivered: bool) -> None:
    inbound = parse(event("TEMPLATESENDJOBFINISH", f"<MsgID>3487542469355618313</MsgID><Status>{status}</Status>"))
    assert isinstance(inbound, events.TemplateFinishEvent)
    shown(inbound, msg_id="3487542469355618313", status=normal, delivered=delivered)


def answers(count: int) -> str:
    one = (
        "<List><TemplateId>T{}</TemplateId><SubscribeStatusString>accept</SubscribeStatusString>"
        "<PopupScene>1</PopupScene></List>"
    )
    return "".join(one.format(n) for n in range(count))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_lists_of_one_and_of_many(count: int) -> None:
    wrapped = f"<SubscribeMsgPopupEvent>{answers(count)}</SubscribeMsgPopupEvent>"
    inbound = parse(event("subscribe_msg_popup_event", wrapped))
    assert isinstance(inbound, events.SubscriptionPopupEvent)
    assert [(a.template_id, a.answer, a.scene) for a in inbound.answers] == [
        (f"T{n}", "accept", "1") for n in range(count)
    ]


def test_change_and_sent() -> None:
    change = parse(
        event(
            "subscribe_msg_change_event",
            "<SubscribeMsgChangeEvent><List><TemplateId>T</TemplateId><SubscribeStatusString>reject"
            "</SubscribeStatusString></List></SubscribeMsgChangeEvent>",
        )
    )
    assert isinstance(change, events.SubscriptionChangeEvent)
    assert [a.answer for a in change.answers] == ["reject"]
    sent = parse(
        event(
            "subscribe_msg_sent_event",
            "<SubscribeMsgSentEvent><List><TemplateId>T</TemplateId><MsgID>1864323726461255680</MsgID>"
            "<ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List></SubscribeMsgSentEvent>",
        )
    )
    assert isinstance(sent, events.SubscriptionSentEvent)
    assert [(s.msg_id, s.delivered) for s in sent.sent] == [("1864323726461255680", True)]


def test_what_is_not_accept_is_no_consent_and_spoils_no_other_answer() -> None:
    answers = (("T1", "accept"), ("T2", "reject"), ("T3", "ban"))
    items = "".join(
        f"<List><TemplateId>{template}</TemplateId><SubscribeStatusString>{word}</SubscribeStatusString></List>"
        for template, word in answers
    )
    popup = parse(event("subscribe_msg_popup_event", f"<SubscribeMsgPopupEvent>{items}</SubscribeMsgPopupEvent>"))
    assert isinstance(popup, events.SubscriptionPopupEvent)
    assert [a.answer for a in popup.answers] == ["accept", "reject", "reject"]


@pytest.mark.parametrize("count", [1, 2])
def test_articles_of_mass_and_publication(count: int) -> None:
    mass = "".join(f"<item><ArticleIdx>{n + 1}</ArticleIdx><ArticleUrl>u{n}</ArticleUrl></item>" for n in range(count))
    check = "".join(f"<item><ArticleIdx>{n + 1}</ArticleIdx><AuditState>2</AuditState></item>" for n in range(count))
    sent = parse(
        event(
            "MASSSENDJOBFINISH",
            "<MsgID>1</MsgID><Status>send success</Status><CopyrightCheckResult><Count>1</Count>"
            f"<ResultList>{check}</ResultList><CheckState>2</CheckState></CopyrightCheckResult>"
            f"<ArticleUrlResult><ResultList>{mass}</ResultList></ArticleUrlResult>",
        )
    )
    assert isinstance(sent, events.MassFinishEvent)
    assert [article.url for article in sent.articles] == [f"u{n}" for n in range(count)]
    assert [(r.index, r.audit_state) for r in sent.copyright_results] == [(str(n + 1), "2") for n in range(count)]
    items = "".join(f"<item><idx>{n + 1}</idx><article_url>u{n}</article_url></item>" for n in range(count))
    failed = "".join(f"<fail_idx>{n + 1}</fail_idx>" for n in range(count))
    published = parse(
        event(
            "PUBLISHJOBFINISH",
            "<PublishEventInfo><publish_id>1</publish_id><publish_status>2</publish_status>"
            f"<article_detail>{items}</article_detail>{failed}</PublishEventInfo>",
        )
    )
    assert isinstance(published, events.PublishFinishEvent)
    assert [article.url for article in published.articles] == [f"u{n}" for n in range(count)]
    assert published.failed_indexes == [str(n + 1) for n in range(count)]


@pytest.mark.parametrize(
    ("document", "model"),
    [
        (event("verify_expired", "<ExpiredTime></ExpiredTime>"), events.VerificationEvent),
        (event("TEMPLATESENDJOBFINISH", "<MsgID></MsgID><Status>success</Status>"), events.TemplateFinishEvent),
        (event("MASSSENDJOBFINISH", "<Status>err(10001)</Status><TotalCount/>"), events.MassFinishEvent),
        (
            push("location", f"<Location_X>27</Location_X><Location_Y>1</Location_Y><Scale/>{ID}"),
            messages.LocationMessage,
        ),
    ],
)
def test_an_empty_element_costs_no_message(document: bytes, model: type) -> None:
    assert type(parse(document)) is model


def test_an_empty_element_costs_no_list() -> None:
    one = "<List><TemplateId>T</TemplateId><MsgID>{}</MsgID><ErrorCode></ErrorCode></List>"
    inner = "".join(one.format(number) for number in (1864323726461255680, 1864323726461255681))
    sent = parse(event("subscribe_msg_sent_event", f"<SubscribeMsgSentEvent>{inner}</SubscribeMsgSentEvent>"))
    assert isinstance(sent, events.SubscriptionSentEvent)
    assert [part.msg_id for part in sent.sent] == ["1864323726461255680", "1864323726461255681"]


def test_white_space_between_elements_says_nothing() -> None:
    """As an event is printed in the documents, an element a line."""
    lines = event(
        "MASSSENDJOBFINISH",
        "\n<MsgID> 1000001625 </MsgID>\n<Status>send success</Status>\n<TotalCount> 3 </TotalCount>\n<ArticleUrlResult>"
        "\n<ResultList>\n</ResultList>\n</ArticleUrlResult>\n",
    )
    inbound = parse(b"\n".join([b'<?xml version="1.0" encoding="UTF-8"?>', lines, b""]))
    assert isinstance(inbound, events.MassFinishEvent)
    shown(inbound, msg_id="1000001625", total=3, articles=[])


@pytest.mark.parametrize(
    ("document", "raw_type", "problem"),
    [
        (push("hologram", ID), "hologram", None),
        (event("brand_new_event"), "event:brand_new_event", None),
        (push("event"), "event:", None),
        (push("location", f"<Location_X>north</Location_X><Location_Y>1</Location_Y>{ID}"), "location", "Location_X"),
        (push("image", "<MsgId>abc</MsgId><MediaId>m</MediaId>"), "image", "MsgId"),
        (push("text", "<Content><b>x</b></Content>" + ID), "text", "Content"),
    ],
)
def test_what_is_unknown_or_odd_still_has_a_sender(document: bytes, raw_type: str, problem: str | None) -> None:
    inbound = parse(document)
    assert isinstance(inbound, messages.UnknownMessage)
    shown(inbound, raw_type=raw_type, problem=problem, openid=pushes.OPENID)


@pytest.mark.parametrize(
    "document",
    [
        b"<xml><a>1</a></xml>",
        push("text").replace(b"<CreateTime>", b"<CreateTime>x"),
        push("text", openid=""),
        b"<xml><MsgType>text</MsgType></xml>",
    ],
)
def test_no_message_at_all(document: bytes) -> None:
    with pytest.raises(Refused) as caught:
        parse(document)
    assert caught.value.status == 400


def test_nothing_personal_in_repr() -> None:
    shown_text = repr(parse(pushes.text("我的电话 13800000000"))) + repr(parse(event("subscribe")))
    assert pushes.OPENID not in shown_text and "13800000000" not in shown_text


def key(document: bytes) -> str:
    return dedupe_key(parse(document))


RECEIPT = "<MsgID>{}</MsgID><Status>success</Status>"
REFUSED = "<MsgID>0</MsgID><Status>failed:user block</Status>"
SENT = "<SubscribeMsgSentEvent><List><TemplateId>{}</TemplateId><MsgID>0</MsgID></List></SubscribeMsgSentEvent>"
PUBLISHED = "<PublishEventInfo><publish_id>{}</publish_id><publish_status>0</publish_status></PublishEventInfo>"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (pushes.text(), pushes.text(), True),
        # One MsgId for two people, seen in the field.
        (pushes.text(), pushes.text(openid="o" + "x" * 27), False),
        (pushes.text(), pushes.text(created=pushes.CREATED + 1), False),
        (pushes.text(), pushes.text(msg_id="2"), False),
        (event("CLICK", "<EventKey>a</EventKey>"), event("CLICK", "<EventKey>a</EventKey>"), True),
        (event("CLICK", "<EventKey>a</EventKey>"), event("CLICK", "<EventKey>b</EventKey>"), False),
        (event("subscribe"), event("unsubscribe"), False),
        (event("TEMPLATESENDJOBFINISH", RECEIPT.format(1)), event("TEMPLATESENDJOBFINISH", RECEIPT.format(2)), False),
        (
            event("TEMPLATESENDJOBFINISH", RECEIPT.format(1)),
            event("TEMPLATESENDJOBFINISH", RECEIPT.format(1), created=pushes.CREATED + 60),
            True,
        ),
        (
            event("TEMPLATESENDJOBFINISH", RECEIPT.format(0)),
            event("TEMPLATESENDJOBFINISH", RECEIPT.format(0), created=pushes.CREATED + 60),
            False,
        ),
        (event("TEMPLATESENDJOBFINISH", RECEIPT.format(0)), event("TEMPLATESENDJOBFINISH", REFUSED), False),
        (
            event("subscribe_msg_sent_event", SENT.format("A")),
            event("subscribe_msg_sent_event", SENT.format("A")),
            True,
        ),
        (
            event("subscribe_msg_sent_event", SENT.format("A")),
            event("subscribe_msg_sent_event", SENT.format("B")),
            False,
        ),
        # The platform may be the sender of these: whom they are about stands inside.
        (event(events.REVOKED, "<OpenID>o1</OpenID>"), event(events.REVOKED, "<OpenID>o1</OpenID>"), True),
        (event(events.REVOKED, "<OpenID>o1</OpenID>"), event(events.REVOKED, "<OpenID>o2</OpenID>"), False),
        (event("PUBLISHJOBFINISH", PUBLISHED.format(1)), event("PUBLISHJOBFINISH", PUBLISHED.format(2)), False),
        (event("brand_new"), event("brand_newer"), False),
    ],
)
def test_dedupe_keys(one: bytes, other: bytes, same: bool) -> None:
    assert (key(one) == key(other)) is same
    assert pushes.OPENID not in key(one) and len(key(one)) <= 128


LEAVES = st.sampled_from(
    ["MsgType", "Event", "MsgId", "CreateTime", "FromUserName", "ToUserName", "Content", "List", "MsgID", "PicList"]
)
VALUES = st.sampled_from(["text", "event", "subscribe", "CLICK", "-1", "0", "99999999999999999999999", "", "<a/>", "x"])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        parse(body)


@given(st.lists(st.tuples(LEAVES, VALUES), max_size=15), st.sampled_from([*sorted(events.EVENTS), "text", "location"]))
def test_arbitrary_elements_are_parsed_or_refused(leaves: list[tuple[str, str]], kind: str) -> None:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in leaves)
    for document in (event(kind, inner), push(kind, inner), f"<xml>{inner}</xml>".encode()):
        try:
            assert dedupe_key(parse(document))
        except Refused as error:
            assert error.status == 400
