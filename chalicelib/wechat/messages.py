"""Messages that people send to the account (接收普通消息), one model per MsgType.

Ids are strings: MsgId is 64 bits. What identifies or quotes a person is left out of ``repr``, so that a model in a
log line or traceback gives nothing away.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from pydantic import ConfigDict, Field

from chalicelib.shape import Shape

UNSUPPORTED_TEXT = "【收到不支持的消息类型，暂无法显示】"
"""What the platform sends as text in place of a message that the account cannot receive, such as some stickers."""


class Inbound(Shape):
    """What every push has. ``account`` is our gh_ id, ``openid`` the sender; they swap places in a reply."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, coerce_numbers_to_str=True
    )

    account: str = Field(alias="ToUserName", min_length=1, max_length=128)
    openid: str = Field(alias="FromUserName", min_length=1, max_length=128, repr=False)
    created: int = Field(alias="CreateTime", ge=0, lt=2**33)
    """Epoch seconds by the platform's clock."""

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)


class Message(Inbound):
    """A message of a person. ``data_id`` and ``index`` come with messages that originate from an article."""

    msg_type: ClassVar[str]

    msg_id: str = Field(alias="MsgId", pattern=r"^[0-9]{1,20}$")
    data_id: str | None = Field(default=None, alias="MsgDataId")
    index: str | None = Field(default=None, alias="Idx")


class TextMessage(Message):
    """``menu_id``: the option's id, when the text came from a tap on a msgmenu item or a bizmsgmenu link."""

    msg_type = "text"

    content: str = Field(default="", alias="Content", repr=False)
    menu_id: str | None = Field(default=None, alias="bizmsgmenuid")

    @property
    def is_unsupported(self) -> bool:
        return self.content.strip() == UNSUPPORTED_TEXT


class ImageMessage(Message):
    msg_type = "image"

    picture_url: str = Field(default="", alias="PicUrl", repr=False)
    media_id: str = Field(alias="MediaId")


class VoiceMessage(Message):
    """``recognition``: the platform's transcript, when the account has speech recognition (语音识别) on."""

    msg_type = "voice"

    media_id: str = Field(alias="MediaId")
    format: str = Field(default="", alias="Format")
    media_id_16k: str | None = Field(default=None, alias="MediaId16K")
    recognition: str | None = Field(default=None, alias="Recognition", repr=False)


class VideoMessage(Message):
    msg_type = "video"

    media_id: str = Field(alias="MediaId")
    thumb_media_id: str = Field(default="", alias="ThumbMediaId")


class ShortVideoMessage(VideoMessage):
    msg_type = "shortvideo"


class LocationMessage(Message):
    """A place the person chose; degrees, GCJ-02. ``label`` is the address text."""

    msg_type = "location"

    latitude: float = Field(alias="Location_X", ge=-90, le=90, repr=False)
    longitude: float = Field(alias="Location_Y", ge=-180, le=180, repr=False)
    scale: int = Field(default=0, alias="Scale")
    label: str = Field(default="", alias="Label", repr=False)


class LinkMessage(Message):
    msg_type = "link"

    title: str = Field(default="", alias="Title", repr=False)
    description: str = Field(default="", alias="Description", repr=False)
    url: str = Field(alias="Url", repr=False)


class MiniProgramPageMessage(Message):
    msg_type = "miniprogrampage"

    app_id: str = Field(default="", alias="AppId")
    title: str = Field(default="", alias="Title", repr=False)
    page_path: str = Field(default="", alias="PagePath")
    thumb_url: str = Field(default="", alias="ThumbUrl")
    thumb_media_id: str = Field(default="", alias="ThumbMediaId")


class UnknownMessage(Inbound):
    """A push of a type that we do not know, or whose own fields are not as documented (``problem`` names them).

    ``raw_type`` is the MsgType, or ``event:`` and the Event, as sent.
    """

    raw_type: str
    problem: str | None = None
    msg_id: str | None = Field(default=None, alias="MsgId")


MESSAGES: dict[str, type[Message]] = {
    model.msg_type: model
    for model in (
        TextMessage,
        ImageMessage,
        VoiceMessage,
        VideoMessage,
        ShortVideoMessage,
        LocationMessage,
        LinkMessage,
        MiniProgramPageMessage,
    )
}
