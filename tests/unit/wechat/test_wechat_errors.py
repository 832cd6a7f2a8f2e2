import pytest

from chalicelib.ports import Reaction
from chalicelib.wechat.errors import (
    DEFAULT,
    RULES,
    SIGN_IN_AGAIN,
    TOKEN_CODES,
    UNTIL_TOMORROW,
    ApiError,
    reaction_of,
    rule,
)

DOCUMENTED = {
    Reaction.ACCEPTED: {0, 45065, 45072, 45080, 45081},
    Reaction.HELD: {40252},
    Reaction.RETRY: {-1, 45011, 43117},
    Reaction.AMBIGUOUS: {45066},
    Reaction.NEXT_CHANNEL: {45015, 45047, 45028},
    Reaction.CONSENT_LOST: {43101, 48002},
    Reaction.PERSON_GONE: {40003, 46004, 43004, 43019, 50001, 50002, 50005},
    Reaction.BAD_DATA: {41001, 47003, 47001, 40033, 45008, 45002, 45067, 41028, 40029, 40163},
    Reaction.STOP_TEMPLATE: {43116, 40036, 40037, 40165, 41030},
    Reaction.STOP_ALL: {
        *(40001, 40014, 42001, 40013, 40125, 40164, 61004, 45035, 40243),
        *(89503, 89501, 89506, 89507),
    },
    Reaction.STOP_CHANNEL: {45009, 48001, 48004, 48006},
}


def test_every_code_has_its_one_reaction() -> None:
    assert {code: reaction for reaction, codes in DOCUMENTED.items() for code in codes} == {
        code: found.reaction for code, found in RULES.items()
    }


@pytest.mark.parametrize("code", RULES)
def test_rules_are_bounded_and_say_what_to_do(code: int) -> None:
    found = rule(code)
    assert found.meaning
    assert found.retry_after >= 0 or found.retry_after == UNTIL_TOMORROW
    if found.reaction in (Reaction.STOP_ALL, Reaction.STOP_CHANNEL, Reaction.STOP_TEMPLATE):
        assert found.alarm
    if found.reaction is Reaction.RETRY:
        assert found.retry_after > 0


def test_an_unknown_code_waits_and_is_looked_at() -> None:
    assert rule(12345678) is DEFAULT
    assert DEFAULT.reaction is Reaction.RETRY and DEFAULT.retry_after and DEFAULT.alarm


def test_what_stops_one_call_stops_all_when_it_is_the_one_for_tokens() -> None:
    for code in (45009, 48004):
        assert reaction_of(ApiError("/cgi-bin/message/template/send", code)) is Reaction.STOP_CHANNEL
        assert reaction_of(ApiError("/cgi-bin/stable_token", code)) is Reaction.STOP_ALL
    assert reaction_of(ApiError("/cgi-bin/stable_token", -1)) is Reaction.RETRY


def test_code_groups_are_in_the_table() -> None:
    assert set(RULES) > TOKEN_CODES | SIGN_IN_AGAIN


@pytest.mark.parametrize(
    ("message", "field", "address", "rid"),
    [
        ("argument invalid! data.thing1.value invalid rid: 6123abcd-0a-1f", "thing1", None, "6123abcd-0a-1f"),
        ("argument invalid! data.character_string12.value is emtpy", "character_string12", None, None),
        ("invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: 61-2-3", None, "1.2.3.4", "61-2-3"),
        ("invalid openid", None, None, None),
    ],
)
def test_what_is_read_from_a_message(message: str, field: str | None, address: str | None, rid: str | None) -> None:
    error = ApiError("/cgi-bin/message/template/send", 47003, message)
    assert (error.field, error.address, error.rid) == (field, address, rid)
    assert "47003" in str(error)
