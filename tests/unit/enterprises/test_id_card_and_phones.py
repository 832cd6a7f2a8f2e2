from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.enterprises import id_card, phones


@pytest.mark.parametrize("number", ["36032319000101001X", "360323199003078828"])
def test_valid_numbers(number: str) -> None:
    assert id_card.problem(number) is None
    assert id_card.is_valid(number)


@pytest.mark.parametrize(
    ("number", "word"),
    [
        ("360323190002290025", "出生日期"),  # the check digit is right, but 1900 was no leap year
        ("360323199003078827", "最后一位"),
        ("36032319900307882", "18 位"),
        ("X60323199003078828", "18 位"),
        ("036032319900307882", "18 位"),
        ("٣60323199003078828", "18 位"),
        ("", "18 位"),
    ],
)
def test_invalid_numbers_are_explained_without_repeating_them(number: str, word: str) -> None:
    sentence = id_card.problem(number)
    assert sentence is not None
    assert word in sentence
    assert not number or number not in sentence


def test_typed_forms() -> None:
    assert id_card.normalise(" 360323 19000101 001x ") == "36032319000101001X"
    assert id_card.normalise("３６０３２３199003078828") == "360323199003078828"


def test_a_body_is_17_digits() -> None:
    with pytest.raises(ValueError, match="17 digits"):
        id_card.check_character("3603231990030788")


@given(st.text(alphabet="0123456789", min_size=17, max_size=17), st.integers(0, 16), st.sampled_from("0123456789"))
def test_any_one_changed_digit_changes_the_check(body: str, place: int, other: str) -> None:
    changed = body[:place] + other + body[place + 1 :]
    assert (id_card.check_character(changed) == id_card.check_character(body)) == (changed == body)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("13812345678", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("１３８-1234-5678", "13812345678"),
        ("+86 13812345678", "13812345678"),
        ("008613812345678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("0799 7551234", "0799-7551234"),
        ("(0799)7551234", "0799-7551234"),
    ],
)
def test_phones_are_normalised(typed: str, number: str) -> None:
    assert phones.normalise(typed) == number


def test_what_is_a_mobile_and_what_a_landline() -> None:
    assert phones.is_mobile("13812345678")
    assert not any(
        map(phones.is_mobile, ["12812345678", "1381234567", "138123456789", "0799-7551234", "", "١٣٨12345678"])
    )
    assert phones.is_landline("0799-7551234")
    assert not any(map(phones.is_landline, ["7551234", "0799-755123", "13812345678"]))
