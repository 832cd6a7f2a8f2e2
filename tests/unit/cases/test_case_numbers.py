"""Finding a case number and phone digits in free text."""

from __future__ import annotations

import pytest

from chalicelib.cases.numbers import find_case_no, find_phone4

NO = "3603232026112200123"


@pytest.mark.parametrize(
    ("text", "no", "phone4"),
    [
        (f"{NO} 5678", NO, "5678"),
        (f"查一下{NO}，尾号0012", NO, "0012"),
        ("360323 20261122 00123 后四位是 5678", NO, "5678"),
        ("３６０３２３２０２６１１２２００１２３＋５６７８", NO, "5678"),
        (f"我电话138 1234 5678，办件{NO}", NO, "5678"),
        (NO, NO, None),
        ("360323199001011234 5", None, None),  # an identity number is no case number
        ("36032320261399001230", None, None),
        ("2026年的事，5678", None, "5678"),
        ("1234 5678", None, None),  # which of the two?
        ("宣风开粉店要办什么证", None, None),
    ],
)
def test_found(text: str, no: str | None, phone4: str | None) -> None:
    assert find_case_no(text) == no
    assert find_phone4(text) == phone4
