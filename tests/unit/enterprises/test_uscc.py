"""Vectors of GB 32100-2015 as the project's facts give them, and the standard's own worked example."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.enterprises import uscc

VALID = """
91360323MAXX00015C 91360323MAXX000237 91360323MAXX000312 91360323MAXX0004XR 91360323MAXX00058R 91360323MAXX00066L
91360323MAXX00074F 91360323MAXX00082A 91360323MAXX000905 91360323MAXX00103T 91360323MAXX00111M 91360323MAXX0012XD
92360323MAXX01018R 93360323MAXX020105 52360323MJXX000187 12360323XX0000019H 91350100M000100Y43
91360323MAXX003300 91360323MAXX00285Y
""".split()

BODIES = st.text(alphabet=uscc.ALPHABET, min_size=17, max_size=17)


@pytest.mark.parametrize("code", VALID)
def test_a_valid_code_has_no_problem_and_a_valid_inner_code(code: str) -> None:
    assert uscc.problem(code) is None
    assert uscc.is_valid(code)
    assert uscc.inner_check_character(code[8:16]) == code[16]


def test_when_the_sum_is_a_multiple_of_31_the_check_character_is_zero() -> None:
    assert uscc.check_character("91360323MAXX00330") == "0"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("91360323MAXX00015D", "校验位不对（应为 C，写的是 D）。请核对营业执照"),
        ("91360323MAXX0O015C", "第 14 位不会是“O”，可能是 0。请核对营业执照"),
        ("9136O323MAXX00015C", "第 5 位不会是“O”，可能是 0。请核对营业执照"),
        ("91350100M000100Y4Z", "第 18 位不会是“Z”，可能是 2。请核对营业执照"),
        ("91360323MAXX0001", "应为 18 位，写的是 16 位。请核对营业执照"),
        ("91360323MAXX0001é5", "第 17 位不会是“é”。请核对营业执照"),
        ("", "没有填写统一社会信用代码。请按营业执照填写 18 位"),
    ],
)
def test_the_sentence_names_what_is_wrong_and_what_to_do(code: str, sentence: str) -> None:
    assert uscc.problem(code) == sentence
    assert not uscc.is_valid(code)


@pytest.mark.parametrize(
    "typed",
    [
        "９１３６０３２３maxx00015c",
        " 91360323MAXX00015C\n",
        "91360323-MAXX0001-5C",
        "9136 0323 MAXX 0001 5C",
        "91360323－MAXX00015C",
        "\ufeff91360323\u200bMAXX00015C",
        "91360323—MAXX00015C",
    ],
)
def test_what_people_type_is_normalised_first(typed: str) -> None:
    assert uscc.normalise(typed) == "91360323MAXX00015C"


@given(st.text(max_size=40))
def test_normalising_is_stable_and_judging_never_fails(text: str) -> None:
    once = uscc.normalise(text)
    assert uscc.problem(once) is None or "请" in str(uscc.problem(once))
    if uscc.is_valid(once):
        assert uscc.normalise(once) == once


@given(BODIES, st.integers(0, 17), st.sampled_from(uscc.ALPHABET))
def test_any_one_changed_character_is_noticed(body: str, place: int, other: str) -> None:
    code = body + uscc.check_character(body)
    changed = code[:place] + other + code[place + 1 :]
    assert uscc.is_valid(changed) == (changed == code)


@given(BODIES, st.integers(0, 16))
def test_two_swapped_neighbours_are_noticed(body: str, place: int) -> None:
    code = body + uscc.check_character(body)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert uscc.is_valid(swapped) == (swapped == code)


@pytest.mark.parametrize(
    ("body", "check"), [("M000100Y", "4"), ("00000000", "0"), ("00000005", "1"), ("MAXX0004", "X")]
)
def test_the_organisation_code_inside(body: str, check: str) -> None:
    assert uscc.inner_check_character(body) == check


@pytest.mark.parametrize("body", ["", "91360323MAXX0001", "91360323MAXX0001O", "91360323maxx0001x"])
def test_a_body_of_another_form_is_a_programming_error(body: str) -> None:
    with pytest.raises(ValueError, match="17 characters"):
        uscc.check_character(body)


def test_an_inner_body_of_another_form_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="8 digits"):
        uscc.inner_check_character("m000100y")
