"""One visit to a page: who looks, and whether the page is for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import Binding
from chalicelib.errors import Refusal
from chalicelib.links import LinkExpired, LinkRefused
from chalicelib.pages import cookies
from chalicelib.pages.http import PageRequest
from chalicelib.pages.services import Services
from chalicelib.pages.session import Session, Sessions, is_form_token
from chalicelib.pages.type_size import STANDARD, TypeSize, type_size

_KEY = re.compile(r"[A-Za-z0-9_.=-]{1,128}", re.ASCII)
_TRIED = "signed"
_BROKEN = "链接不完整，请从公众号消息里重新打开。"


class SignInNeeded(Exception):
    """Who looks is not known, or not well enough: to the platform, and back to ``target`` (path and query)."""

    def __init__(self, target: str) -> None:
        self.target = target
        super().__init__("sign-in needed")


class PageMissing(Exception):
    """No such page, or not theirs: whoever asks cannot tell which (没有找到)."""


class PageRefused(Refusal):
    """``status`` is the HTTP status; the text is the sentence to show."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


@dataclass(frozen=True)
class Visit:
    """The request, and what answers it."""

    request: PageRequest
    services: Services

    @property
    def now(self) -> datetime:
        return self.request.now

    @property
    def root(self) -> str:
        """What stands before every path of ours: empty, or the stage's prefix behind a gateway."""
        return urlsplit(self.services.settings.public_url).path

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(*self.services.settings.session_secrets)

    @cached_property
    def session(self) -> Session | None:
        return self.sessions.read(self.request.cookies.get(cookies.SESSION, ""), self.now)

    @property
    def type_size(self) -> TypeSize:
        """字号, 长辈版 among them: asked for in the address, or earlier."""
        asked = self.request.query.get("big", "")
        return type_size(asked) or type_size(self.request.cookies.get(cookies.LARGE_TYPE, "")) or STANDARD

    def known(self) -> Session:
        """Who looks. Raises SignInNeeded, and PageRefused when the link they came by is not for them."""
        session = self.session
        if session is None:
            raise SignInNeeded(self.request.address())
        key = self.request.query.get("k")
        if key is not None:
            self._check_link(key, session.openid)
        return session

    def known_if_asked(self) -> Session | None:
        """For pages that anyone may read: who looks, where they came by a personal link or are known already."""
        if self.session is None and not {"k", "mine"} & set(self.request.query):
            return None
        return self.known()

    def posted(self, stale: str) -> Session:
        """Who sent this form, which we made for this very session (CSRF). Raises PageRefused with this sentence."""
        session = self.session
        if session is None or not is_form_token(session, self.request.form.get("token", "")):
            raise PageRefused(403, stale)
        return session

    def binding(self, right: Right, belongs: Callable[[str], bool]) -> Binding:
        """The binding by which something is theirs: to an enterprise that it ``belongs`` to, in a role that holds
        ``right``, as of now. Raises PageMissing without one, at the same cost whether there is such a thing or not."""
        bindings = self.services.bindings.of_person(self.known().openid, right)
        binding = next((one for one in bindings if belongs(one.uscc)), None)
        if binding is None:
            raise PageMissing
        return binding

    def _check_link(self, key: str, openid: str) -> None:
        if not _KEY.fullmatch(key):
            raise PageRefused(403, _BROKEN)
        try:
            self.services.links.check(self.request.path, key, openid, self.now)
        except LinkExpired as expired:
            raise PageRefused(410, str(expired)) from None
        except LinkRefused as refused:
            # Somebody else may have signed in on this phone meanwhile: the platform is asked once more who it is.
            if _TRIED not in self.request.query:
                raise SignInNeeded(self.request.address(**{_TRIED: "1"})) from None
            raise PageRefused(403, str(refused)) from None
