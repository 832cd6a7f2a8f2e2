"""Events that the platform pushes (接收事件推送), one model per group of Event names that carry the same fields.

The models speak a plain form: the XML's wrappers (``SubscribeMsgPopupEvent/List``, ``PicList/item``) are flattened
here, where a list of one is not a list in the XML, and ids are strings.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AliasChoices, AliasPath, BeforeValidator, ConfigDict, Field

from chalicelib.shape import Shape
from chalicelib.wechat.messages import Inbound

QR_PREFIX = "qrscene_"
REVOKED = "user_authorization_revoke"


def _as_list(value: object) -> object:
    """XML does not tell a list of one from a single element, nor an empty list from an empty text."""
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [value]


def _squeeze(value: object) -> object:
    """``failed: system failed`` and ``failed:system failed`` are one status."""
    return value.replace(": ", ":").strip().lower() if isinstance(value, str) else value


def _consent(value: object) -> object:
    """Only ``accept`` is consent: a word that we do not know counts as none, and spoils no other answer of the list."""
    return "accept" if value == "accept" else "reject"


def _inside(wrapper: str, name: str) -> AliasChoices:
    """Accepts the wrapped XML form; the plain name stays valid for code that builds an event."""
    return AliasChoices(AliasPath(wrapper, name))


class Part(Shape):
    """Something inside an event."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, coerce_numbers_to_str=True
    )


class Event(Inbound):
    """``event`` is the platform's name of it, exact case."""

    names: ClassVar[tuple[str, ...]] = ()

    event: str = Field(alias="Event")


class KeyedEvent(Event):
    event_key: str = Field(default="", alias="EventKey")


class SubscribeEvent(KeyedEvent):
    """Someone follows (关注). ``scene`` is the parameter of the QR code they scanned, without its prefix."""

    names = ("subscribe",)

    ticket: str | None = Field(default=None, alias="Ticket", repr=False)

    @property
    def scene(self) -> str | None:
        return self.event_key.removeprefix(QR_PREFIX) if self.event_key.startswith(QR_PREFIX) else None


class UnsubscribeEvent(Event):
    """Someone unfollows (取消关注): the platform's rules ask for all of their information to be deleted."""

    names = ("unsubscribe",)


class ScanEvent(KeyedEvent):
    """A follower scans a QR code with a parameter."""

    names = ("SCAN",)

    ticket: str | None = Field(default=None, alias="Ticket", repr=False)

    @property
    def scene(self) -> str:
        return self.event_key.removeprefix(QR_PREFIX)


class ClickEvent(KeyedEvent):
    """A tap on a menu button of type click; ``event_key`` is the button's key."""

    names = ("CLICK",)


class ViewEvent(KeyedEvent):
    """A tap on a menu button that opens a page: ``event_key`` is the URL or the mini-program page."""

    names = ("VIEW", "view_miniprogram")

    menu_id: str | None = Field(default=None, alias="MenuId")


class LocationEvent(Event):
    """Where the person is, as the console setting reports it; degrees and metres."""

    names = ("LOCATION",)

    latitude: float = Field(alias="Latitude", repr=False)
    longitude: float = Field(alias="Longitude", repr=False)
    precision: float = Field(default=0, alias="Precision")


class ScanCodeEvent(KeyedEvent):
    """A menu button opened the scanner. ``waitmsg`` expects a reply, ``push`` does not."""

    names = ("scancode_push", "scancode_waitmsg")

    scan_type: str = Field(default="", validation_alias=_inside("ScanCodeInfo", "ScanType"))
    scan_result: str = Field(default="", validation_alias=_inside("ScanCodeInfo", "ScanResult"), repr=False)


class Picture(Part):
    md5: str = Field(alias="PicMd5Sum")


class PicturesEvent(KeyedEvent):
    """A menu button asked for pictures; they follow as image messages, this tells how many."""

    names = ("pic_sysphoto", "pic_photo_or_album", "pic_weixin")

    count: int = Field(default=0, validation_alias=_inside("SendPicsInfo", "Count"))
    pictures: Annotated[list[Picture], BeforeValidator(_as_list)] = Field(
        default_factory=list, validation_alias=AliasChoices(AliasPath("SendPicsInfo", "PicList", "item"))
    )


class LocationSelectEvent(KeyedEvent):
    """A menu button asked for a place; it follows as a location message too."""

    names = ("location_select",)

    latitude: float = Field(validation_alias=_inside("SendLocationInfo", "Location_X"), repr=False)
    longitude: float = Field(validation_alias=_inside("SendLocationInfo", "Location_Y"), repr=False)
    scale: str = Field(default="", validation_alias=_inside("SendLocationInfo", "Scale"))
    label: str = Field(default="", validation_alias=_inside("SendLocationInfo", "Label"), repr=False)
    place: str = Field(default="", validation_alias=_inside("SendLocationInfo", "Poiname"), repr=False)


class JobFinishEvent(Event):
    """The end of a job of ours. The id is ``MsgID`` here, with a capital D, and has been seen to be 0."""

    msg_id: str = Field(default="0", validation_alias=AliasChoices("MsgID", "MsgId"), pattern=r"^[0-9]{1,20}$")


class TemplateFinishEvent(JobFinishEvent):
    """The delivery receipt of a template message (模板消息送达). ``status`` with its spacing and case evened out:
    success, failed:user block, failed:system failed, the undocumented failed:freq limit, or another failed…"""

    names = ("TEMPLATESENDJOBFINISH",)

    status: Annotated[str, BeforeValidator(_squeeze)] = Field(alias="Status")

    @property
    def delivered(self) -> bool:
        return self.status == "success"


class CopyrightResult(Part):
    """What the check of originality (原创校验) found of one article; ``index`` counts from 1."""

    index: str = Field(default="", alias="ArticleIdx")
    audit_state: str = Field(default="", alias="AuditState")
    original_url: str = Field(default="", alias="OriginalArticleUrl")
    may_reprint: str = Field(default="", alias="CanReprint")


class SentArticle(Part):
    """Where one article of a mass message is read; ``index`` counts from 1."""

    index: str = Field(default="", alias="ArticleIdx")
    url: str = Field(default="", alias="ArticleUrl")


class MassFinishEvent(JobFinishEvent):
    """The result of a mass message (群发结果). ``status``: send success, send fail, or err(code)."""

    names = ("MASSSENDJOBFINISH",)

    status: str = Field(alias="Status")
    total: int = Field(default=0, alias="TotalCount")
    filtered: int = Field(default=0, alias="FilterCount")
    sent: int = Field(default=0, alias="SentCount")
    errors: int = Field(default=0, alias="ErrorCount")
    copyright_state: str | None = Field(
        default=None, validation_alias=AliasChoices(AliasPath("CopyrightCheckResult", "CheckState"))
    )
    copyright_results: Annotated[list[CopyrightResult], BeforeValidator(_as_list)] = Field(
        default_factory=list, validation_alias=AliasChoices(AliasPath("CopyrightCheckResult", "ResultList", "item"))
    )
    articles: Annotated[list[SentArticle], BeforeValidator(_as_list)] = Field(
        default_factory=list, validation_alias=AliasChoices(AliasPath("ArticleUrlResult", "ResultList", "item"))
    )


class PublishedArticle(Part):
    """Where one article is read; ``index`` counts from 1."""

    index: str = Field(default="", alias="idx")
    url: str = Field(default="", alias="article_url")


class PublishFinishEvent(Event):
    """The result of publishing (发布结果). ``publish_status``: 0 done, 1 running, 2 originality check failed, 3 failed,
    4 refused by review, 5 deleted by us, 6 banned. ``failed_indexes``: the articles, from 1, that 2 and 4 are about."""

    names = ("PUBLISHJOBFINISH",)

    publish_id: str = Field(validation_alias=_inside("PublishEventInfo", "publish_id"))
    publish_status: int = Field(validation_alias=_inside("PublishEventInfo", "publish_status"))
    article_id: str | None = Field(default=None, validation_alias=_inside("PublishEventInfo", "article_id"))
    articles: Annotated[list[PublishedArticle], BeforeValidator(_as_list)] = Field(
        default_factory=list, validation_alias=AliasChoices(AliasPath("PublishEventInfo", "article_detail", "item"))
    )
    failed_indexes: Annotated[list[str], BeforeValidator(_as_list)] = Field(
        default_factory=list, validation_alias=_inside("PublishEventInfo", "fail_idx")
    )


Answer = Literal["accept", "reject"]


class SubscriptionAnswer(Part):
    """``scene``: 1 asked on an H5 page, 2 in an article."""

    template_id: str = Field(alias="TemplateId")
    answer: Annotated[Answer, BeforeValidator(_consent)] = Field(alias="SubscribeStatusString")
    scene: str | None = Field(default=None, alias="PopupScene")


class SubscriptionSent(Part):
    template_id: str = Field(alias="TemplateId")
    msg_id: str = Field(default="0", validation_alias=AliasChoices("MsgID", "MsgId"))
    error_code: int = Field(default=0, alias="ErrorCode")
    error_status: str = Field(default="", alias="ErrorStatus")

    @property
    def delivered(self) -> bool:
        return self.error_code == 0


Answers = Annotated[list[SubscriptionAnswer], BeforeValidator(_as_list)]


class SubscriptionPopupEvent(Event):
    """The person answered the question for consent (订阅通知弹窗)."""

    names = ("subscribe_msg_popup_event",)

    answers: Answers = Field(validation_alias=_inside("SubscribeMsgPopupEvent", "List"))


class SubscriptionChangeEvent(Event):
    """The person changed a consent in the settings (订阅通知管理); only ``reject`` is pushed."""

    names = ("subscribe_msg_change_event",)

    answers: Answers = Field(validation_alias=_inside("SubscribeMsgChangeEvent", "List"))


class SubscriptionSentEvent(Event):
    """Delivery receipts of subscription notifications (订阅通知送达)."""

    names = ("subscribe_msg_sent_event",)

    sent: Annotated[list[SubscriptionSent], BeforeValidator(_as_list)] = Field(
        validation_alias=_inside("SubscribeMsgSentEvent", "List")
    )


class PersonalDataEvent(Event):
    """The person changed or withdrew what they had shared (授权用户资料变更/撤回): update or delete it.

    ``subject``: the openid concerned; ``revoke_info``: the platform's codes of what was withdrawn.
    """

    names = ("user_info_modified", REVOKED)

    subject: str | None = Field(default=None, alias="OpenID", repr=False)
    app_id: str | None = Field(default=None, alias="AppID")
    revoke_info: str | None = Field(default=None, alias="RevokeInfo")


class StaffEvent(Event):
    """A conversation with a member of staff opened, closed or moved (客服会话)."""

    names = ("kf_create_session", "kf_close_session", "kf_switch_session")

    account_name: str | None = Field(default=None, alias="KfAccount")
    from_account: str | None = Field(default=None, alias="FromKfAccount")
    to_account: str | None = Field(default=None, alias="ToKfAccount")


class VerificationEvent(Event):
    """About the account's own verification (认证). Without it template messages stop: operators must hear of it."""

    names = (
        "qualification_verify_success",
        "qualification_verify_fail",
        "naming_verify_success",
        "naming_verify_fail",
        "annual_renew",
        "verify_expired",
    )

    expires: int | None = Field(default=None, alias="ExpiredTime")
    failed: int | None = Field(default=None, alias="FailTime")
    reason: str | None = Field(default=None, alias="FailReason")


def _table(models: tuple[type[Event], ...]) -> dict[str, Any]:
    return {name: model for model in models for name in model.names}


EVENTS: dict[str, type[Event]] = _table(
    (
        SubscribeEvent,
        UnsubscribeEvent,
        ScanEvent,
        ClickEvent,
        ViewEvent,
        LocationEvent,
        ScanCodeEvent,
        PicturesEvent,
        LocationSelectEvent,
        TemplateFinishEvent,
        MassFinishEvent,
        PublishFinishEvent,
        SubscriptionPopupEvent,
        SubscriptionChangeEvent,
        SubscriptionSentEvent,
        PersonalDataEvent,
        StaffEvent,
        VerificationEvent,
    )
)
