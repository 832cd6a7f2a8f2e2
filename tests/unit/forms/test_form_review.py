"""Pre-review: only what is certainly so, each at its field and number; and what is to be brought."""

from datetime import date

from chalicelib.forms.review import Found, missing, review
from tests.unit.forms.sample_forms import COMPILED, ON, VALUES, draft


def found(values: dict[str, str], on: date = ON) -> list[Found]:
    return list(review(COMPILED, draft(values), on))


def test_a_form_in_order_has_nothing_to_tell() -> None:
    assert found(VALUES) == []


def test_what_is_left_open_stops_and_names_its_number() -> None:
    values = {name: value for name, value in VALUES.items() if name not in ("phone", "remark", "until")}
    assert [(each.number, each.stops) for each in found(values)] == [(6, True), (9, True)]
    assert str(found(values)[0]) == "第 6 项：还没有填截止日期。"


def test_a_rule_of_the_form_is_told_when_it_holds() -> None:
    (advice,) = found({**VALUES, "price": "90000000000"})
    assert (advice.field, advice.number, advice.stops) == ("price", 5, False)
    (stop,) = found({**VALUES, "price": "900000"})
    assert stop == Found("price", 5, "价格低于 1 万元。", True)


def test_a_rule_on_what_is_not_known_or_not_wanted_is_silent() -> None:
    open_price = {name: value for name, value in VALUES.items() if name != "price"}
    assert [each.text for each in found(open_price)] == ["还没有填成交价格。"]
    other = {**VALUES, "kind": "其他", "detail": "过户", "price": "900000"}
    assert found(other) == []


def test_a_value_is_checked_again_on_the_day() -> None:
    (late,) = found(VALUES, date(2027, 1, 1))
    assert (late.number, late.stops) == (6, True)
    assert "截止日期" in late.text


def test_a_value_that_was_kept_by_an_older_version_is_checked_again() -> None:
    (wrong,) = found({**VALUES, "agent_id": "360323199001010011"})
    assert (wrong.field, wrong.stops) == ("agent_id", True)


def test_a_number_that_stands_twice_is_worth_a_look_and_does_not_stop() -> None:
    (twice,) = found({**VALUES, "owner_id": VALUES["agent_id"]})
    assert (twice.number, twice.stops) == (8, False)
    assert "第 7 项" in twice.text


def test_what_stops_comes_first() -> None:
    several = found({**VALUES, "owner_id": VALUES["agent_id"], "price": "900000", "phone": "12"})
    assert [(each.number, each.stops) for each in several] == [(5, True), (9, True), (8, False)]


def test_what_is_ours_or_shared_is_not_to_be_brought() -> None:
    assert [each.name for each in missing(COMPILED, draft())] == ["不动产权证书", "委托书"]
    other = draft({**VALUES, "kind": "其他"})
    assert [each.name for each in missing(COMPILED, other)] == ["委托书"]
    assert [each.name for each in missing(COMPILED, draft({}))] == ["委托书"]
