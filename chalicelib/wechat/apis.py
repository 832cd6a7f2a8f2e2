"""The platform's calls that we make, as groups on ``client.PlatformClient``. Each raises ApiError, NotSent, Unclear.

They extend wechatpy's groups of the same name with what 1.8.18 lacks (client_msg_id, typing, quota, drafts) and put
types on what it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from wechatpy.client.api import WeChatJSAPI, WeChatMenu, WeChatMessage, WeChatQRCode, WeChatUser
from wechatpy.client.api.base import BaseWeChatAPI

from chalicelib.wechat.errors import ApiError, Unclear
from chalicelib.wechat.menu import Menu
from chalicelib.wechat.oauth import Identity
from chalicelib.wechat.replies import Article
from chalicelib.wechat.transport import JsonObject, message_id

T = TypeVar("T")

ROOT = "https://api.weixin.qq.com/"
MAX_QR_SECONDS = 30 * 24 * 3600
NO_MENU = 46003
MASS_ALREADY_TAKEN = 45065


class Messages(WeChatMessage):  # type: ignore[misc]
    """Template, subscription, custom and mass messages."""

    def send_template(
        self,
        openid: str,
        template_id: str,
        fields: Mapping[str, str],
        url: str | None = None,
        client_msg_id: str | None = None,
    ) -> str | None:
        """A template message (模板消息); the message id, None when the platform gives none.

        ``client_msg_id`` (≤ 32 characters): the same for the same openid is delivered once within 10 minutes.
        """
        body = _template_body(openid, template_id, fields)
        if url:
            body["url"] = url
        if client_msg_id:
            body["client_msg_id"] = client_msg_id
        return self._taken("message/template/send", body)

    def send_subscription(
        self, openid: str, template_id: str, fields: Mapping[str, str], page: str | None = None
    ) -> str | None:
        """A subscription notification (订阅通知). The platform does not recognise repeats of it."""
        body = _template_body(openid, template_id, fields)
        if page:
            body["page"] = page
        return self._taken("message/subscribe/bizsend", body)

    def send_text(self, openid: str, content: str, account: str | None = None) -> None:
        """A custom message (客服消息) while its window is open."""
        self._custom(openid, "text", {"content": content}, account)

    def send_news(self, openid: str, article: Article) -> None:
        entry = {
            "title": article.title,
            "description": article.description,
            "url": article.url,
            "picurl": article.picture_url,
        }
        self._custom(openid, "news", {"articles": [entry]})

    def send_choices(self, openid: str, head: str, choices: Sequence[tuple[str, str]], tail: str = "") -> None:
        """A menu message (菜单消息): ``choices`` are (id, text); a tap comes back as text with that ``menu_id``."""
        options = [{"id": key, "content": content} for key, content in choices]
        self._custom(openid, "msgmenu", {"head_content": head, "list": options, "tail_content": tail})

    def typing(self, openid: str, on: bool = True) -> None:
        """Show or hide "对方正在输入"."""
        self._post("message/custom/typing", data={"touser": openid, "command": "Typing" if on else "CancelTyping"})

    def send_mass_draft(self, media_id: str, client_msg_id: str, tag_id: int | None = None) -> str | None:
        """Mass-send a draft (群发) to all followers or those with a tag; the job's id. Repeats of one
        ``client_msg_id`` (≤ 64 bytes) are answered with the id of the first."""
        audience: JsonObject = {"is_to_all": True} if tag_id is None else {"is_to_all": False, "tag_id": tag_id}
        body = {
            "filter": audience,
            "mpnews": {"media_id": media_id},
            "msgtype": "mpnews",
            "send_ignore_reprint": 0,
            "clientmsgid": client_msg_id,
        }
        try:
            return self._taken("message/mass/sendall", body)
        except ApiError as error:
            if error.code != MASS_ALREADY_TAKEN:
                raise
            return error.message_id

    def preview_mass_draft(self, media_id: str, wechat_id: str) -> str | None:
        """Show a draft to one follower by their 微信号 (群发预览), at most 100 times a day."""
        body = {"towxname": wechat_id, "mpnews": {"media_id": media_id}, "msgtype": "mpnews"}
        return self._taken("message/mass/preview", body)

    def _custom(self, openid: str, kind: str, content: JsonObject, account: str | None = None) -> None:
        body: JsonObject = {"touser": openid, "msgtype": kind, kind: content}
        if account:
            body["customservice"] = {"kf_account": account}
        self._taken("message/custom/send", body)

    def _taken(self, path: str, body: JsonObject) -> str | None:
        """The id of what was sent. Of a message the platform always says ``errcode`` 0: without that, it was another
        who answered, and nobody knows what became of the message."""
        answer = self._post(path, data=body)
        if "errcode" not in answer:
            raise Unclear(f"/cgi-bin/{path}", "an answer without errcode")
        return message_id(answer)


def _template_body(openid: str, template_id: str, fields: Mapping[str, str]) -> JsonObject:
    data = {key: {"value": value} for key, value in fields.items()}
    return {"touser": openid, "template_id": template_id, "data": data}


class Menus(WeChatMenu):  # type: ignore[misc]
    """The custom menu (自定义菜单). Clients show a change after five minutes at the earliest."""

    def create(self, menu: Menu) -> None:
        self._post("menu/create", data=menu.for_platform())

    def get(self) -> JsonObject | None:
        """As the platform has it; None when there is none."""
        try:
            return _object(self._get("menu/get"))
        except ApiError as error:
            if error.code != NO_MENU:
                raise
            return None

    def delete(self) -> None:
        self._get("menu/delete")


@dataclass(frozen=True, slots=True)
class QrCode:
    """``url`` is what the code says, ``image_url`` its picture; ``seconds`` it lives, None for ever."""

    ticket: str
    url: str
    image_url: str
    seconds: int | None


class QrCodes(WeChatQRCode):  # type: ignore[misc]
    """QR codes that carry a scene (带参数二维码). Put an opaque one-time text in it, never a credit code."""

    def create_temporary(self, scene: str, seconds: int) -> QrCode:
        """``scene`` is 1 to 64 characters; ``seconds`` at most 30 days. Raises ValueError outside of that."""
        if not 1 <= seconds <= MAX_QR_SECONDS:
            raise ValueError(f"a temporary code lives 1 to {MAX_QR_SECONDS} seconds")
        return self._create({"expire_seconds": seconds, "action_name": "QR_STR_SCENE"}, scene)

    def create_permanent(self, scene: str) -> QrCode:
        """The platform keeps at most 100,000 of these for an account."""
        return self._create({"action_name": "QR_LIMIT_STR_SCENE"}, scene)

    def _create(self, body: JsonObject, scene: str) -> QrCode:
        if not 1 <= len(scene) <= 64:
            raise ValueError("a scene is 1 to 64 characters")
        path = "qrcode/create"
        answer = self._post(path, data={**body, "action_info": {"scene": {"scene_str": scene}}})
        return _read(path, answer, self._code)

    def _code(self, answer: JsonObject) -> QrCode:
        ticket = str(answer["ticket"])
        image = f"{image_host(self._client.account.base)}/cgi-bin/showqrcode?ticket={quote(ticket, safe='')}"
        return QrCode(ticket, str(answer["url"]), image, answer.get("expire_seconds"))


def image_host(base: str) -> str:
    """Where the pictures of QR codes are: the platform has several hosts for its API, and one for these."""
    return "https://mp.weixin.qq.com" if base.endswith(".weixin.qq.com") else base


class Users(WeChatUser):  # type: ignore[misc]
    def info(self, openid: str) -> JsonObject:
        """``subscribe``, ``subscribe_time``, ``subscribe_scene``, ``qr_scene_str``…; with ``subscribe`` 0 only the
        openid. No name or picture: the platform stopped giving those in 2021-12."""
        return _object(self._get("user/info", params={"openid": openid, "lang": "zh_CN"}))


class Drafts(BaseWeChatAPI):  # type: ignore[misc]
    def add(self, articles: Sequence[JsonObject]) -> str:
        """Put articles (title, content, thumb_media_id…) in the draft box (草稿箱); the media id to mass-send."""
        answer = self._post("draft/add", data={"articles": list(articles)})
        return _read("draft/add", answer, lambda found: str(found["media_id"]))


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls a day of one path: allowed, made, left."""

    daily_limit: int
    used: int
    remain: int


class OpenApi(BaseWeChatAPI):  # type: ignore[misc]
    """About the API itself. Clearing quotas is left out on purpose: ten a month for all of an account's operators."""

    def quota(self, path: str) -> Quota:
        """``path`` as in the platform's documents: /cgi-bin/message/template/send."""
        return _read("openapi/quota/get", self._post("openapi/quota/get", data={"cgi_path": path}), _quota)

    def request_seen(self, rid: str) -> JsonObject:
        """The request as the platform saw it, by the ``rid`` of its error."""
        answer = self._post("openapi/rid/get", data={"rid": rid})
        return _read("openapi/rid/get", answer, lambda found: _object(found["request"]))


class Sns(BaseWeChatAPI):  # type: ignore[misc]
    """Web authorisation (网页授权)."""

    API_BASE_URL = ROOT

    def exchange(self, code: str) -> Identity:
        """Who came back with this code; it works once. ApiError with a code of errors.SIGN_IN_AGAIN: start over.

        The platform knows no form of this call without the secret in the URL.
        """
        account = self._client.account
        params = {
            "appid": account.app_id,
            "secret": account.secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        path = "sns/oauth2/access_token"
        return _read(path, self._get(path, params=params, authorised=False), Identity.model_validate)


class JsApi(WeChatJSAPI):  # type: ignore[misc]
    """See ``jssdk`` for the signature that the ticket is for."""

    def ticket(self) -> str:
        """The JS-SDK ticket, from the cache where it can be."""
        return str(self._client.tickets.get().value)


def _quota(answer: JsonObject) -> Quota:
    quota = answer["quota"]
    return Quota(int(quota["daily_limit"]), int(quota["used"]), int(quota["remain"]))


def _read(path: str, answer: JsonObject, what: Callable[[JsonObject], T]) -> T:
    """What a call was made for. Raises Unclear where it is not in the answer, with nothing of the answer chained."""
    with suppress(KeyError, TypeError, ValueError):
        return what(answer)
    raise Unclear(path, "an answer without what was asked for")


def _object(answer: Any) -> JsonObject:
    return dict(answer)
