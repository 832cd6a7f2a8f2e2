"""The custom menu (自定义菜单): a typed model that holds the platform's limits, and the menu we start with.

Limits, from the platform's document of ``menu/create``: 1 to 3 top buttons of at most 16 bytes, 1 to 5 below each of
at most 60 bytes; keys 128 bytes, addresses 1,024.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from chalicelib.shape import Shape

TOP_NAME_BYTES = 16
SUB_NAME_BYTES = 60
KEY_BYTES = 128
URL_BYTES = 1024

KeyKind = Literal[
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class MenuPart(Shape):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name

    @model_validator(mode="after")
    def _name_fits_a_sub_button(self) -> Self:
        _at_most(SUB_NAME_BYTES, "name", self.name)
        return self


class KeyButton(MenuPart):
    """Pushes an event that carries ``key``."""

    type: KeyKind = "click"
    key: Name

    @model_validator(mode="after")
    def _key_fits(self) -> Self:
        _at_most(KEY_BYTES, "key", self.key)
        return self


class ViewButton(MenuPart):
    """Opens a page."""

    type: Literal["view"] = "view"
    url: Annotated[str, StringConstraints(pattern=r"^https?://")]

    @model_validator(mode="after")
    def _url_fits(self) -> Self:
        _at_most(URL_BYTES, "url", self.url)
        return self


class MiniProgramButton(MenuPart):
    """Opens a mini program; ``url`` is for clients that cannot."""

    type: Literal["miniprogram"] = "miniprogram"
    appid: Name
    pagepath: Name
    url: Annotated[str, StringConstraints(pattern=r"^https?://")]


class MediaButton(MenuPart):
    """Sends a permanent material."""

    type: Literal["media_id", "view_limited"]
    media_id: Name


class ArticleButton(MenuPart):
    """Sends or opens a published article."""

    type: Literal["article_id", "article_view_limited"]
    article_id: Name


Button = KeyButton | ViewButton | MiniProgramButton | MediaButton | ArticleButton


class Group(MenuPart):
    """A top button that opens a list; a tap on it makes no event."""

    sub_button: tuple[Button, ...] = Field(min_length=1, max_length=5)


class Menu(Shape):
    model_config = ConfigDict(frozen=True, extra="forbid")

    button: tuple[Group | Button, ...] = Field(min_length=1, max_length=3)

    @model_validator(mode="after")
    def _top_names_fit(self) -> Self:
        for top in self.button:
            _at_most(TOP_NAME_BYTES, "name", top.name)
        return self

    def for_platform(self) -> dict[str, Any]:
        """The body of ``menu/create``."""
        return self.model_dump(mode="json")


def default_menu(public_url: str) -> Menu:
    """The four sections of the service (服务升级 创新赋能 政策直达 法治护航) and what belongs to a person.

    The platform allows three top buttons, so the sections stand one level below. A click's key is the button's own
    name: to the conversation, a tap says what a person would have typed.
    """
    return Menu(
        button=(
            _group("办事", "服务升级", "我的办件", "服务点"),
            _group("政策", "政策直达", "创新赋能", "贷款进度"),
            Group(
                name="法治·我的",
                sub_button=(
                    _says("法治护航"),
                    _says("绑定企业"),
                    ViewButton(name="收件箱", url=f"{public_url}/h5/inbox"),
                    _says("转人工"),
                ),
            ),
        )
    )


def _group(name: str, *says: str) -> Group:
    return Group(name=name, sub_button=tuple(map(_says, says)))


def _says(name: str) -> KeyButton:
    return KeyButton(name=name, key=name)


def _at_most(limit: int, what: str, value: str) -> None:
    size = len(value.encode())
    if size > limit:
        raise ValueError(f"{what} “{value}” 是 {size} 字节，平台最多 {limit} 字节")
