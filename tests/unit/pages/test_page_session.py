"""The session cookie and the form token: only ours, only in time, only whole."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.pages.session import SESSION_LIFE, Sessions, is_form_token
from tests.unit.pages.house import NOW

SESSIONS = Sessions("secret")


def test_reads_its_own_cookie_until_it_ends() -> None:
    cookie = SESSIONS.cookie("oOwner", NOW)
    found = SESSIONS.read(cookie, NOW + SESSION_LIFE - timedelta(seconds=1))
    assert found is not None
    assert found.openid == "oOwner"
    assert SESSIONS.read(cookie, NOW + SESSION_LIFE) is None


def test_another_secret_and_another_openid_are_refused() -> None:
    cookie = SESSIONS.cookie("oOwner", NOW)
    assert Sessions("other").read(cookie, NOW) is None
    assert SESSIONS.read(cookie.replace("oOwner", "oOther"), NOW) is None


@settings(deadline=None)
@given(place=st.integers(0, 200), letter=st.characters(codec="utf-8"))
def test_no_changed_character_passes(place: int, letter: str) -> None:
    cookie = SESSIONS.cookie("oOwner", NOW)
    place %= len(cookie)
    changed = cookie[:place] + letter + cookie[place + 1 :]
    assert changed == cookie or SESSIONS.read(changed, NOW) is None


@settings(deadline=None)
@given(st.text())
def test_junk_is_no_cookie(text: str) -> None:
    assert SESSIONS.read(text, NOW) is None


def test_form_token_belongs_to_one_session() -> None:
    one = SESSIONS.read(SESSIONS.cookie("oOwner", NOW), NOW)
    two = SESSIONS.read(SESSIONS.cookie("oOwner", NOW + timedelta(seconds=1)), NOW)
    assert one is not None
    assert two is not None
    assert is_form_token(one, one.form_token)
    assert not is_form_token(one, two.form_token)


@settings(deadline=None)
@given(st.text())
def test_junk_is_no_form_token(text: str) -> None:
    session = SESSIONS.read(SESSIONS.cookie("oOwner", NOW), NOW)
    assert session is not None
    assert not is_form_token(session, text)
