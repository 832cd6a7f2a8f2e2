from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from chalicelib.guidance import model
from chalicelib.guidance.bundles import canonical, merge
from chalicelib.guidance.model import Bundle, Fee, Limit, Material, ServiceItem, Unit
from tests.unit.guidance.content import content, rows


def material(**change: object) -> dict[str, object]:
    return {
        "name": "身份证明",
        "original": 0,
        "copies": 1,
        "form": "均可",
        "source": "申请人自备",
        "necessity": "必要",
    } | change


def test_all_items_and_eight_bundles_with_their_ids_in_order() -> None:
    assert list(content().items) == [f"SX-{n:02}" for n in range(1, 42)]
    assert list(content().bundles) == [f"B{n:02}" for n in range(1, 9)]


def test_every_column_has_a_chinese_title() -> None:
    def untitled(kind: type[BaseModel]) -> list[str]:
        return [name for name, field in kind.model_fields.items() if not field.title or field.title.isascii()]

    kinds = [model.ServiceItem, model.Bundle, model.Limit, model.Fee, model.FeeCase, model.Material, model.Faq]
    assert {kind.__name__: untitled(kind) for kind in [*kinds, model.BundleStep] if untitled(kind)} == {}


def test_nothing_is_shown_as_verified_and_promises_are_samples() -> None:
    for item in content().items.values():
        assert item.is_sample
        assert item.promised.is_sample
        assert not item.legal.is_sample
        assert item.verified_at is None


def test_bundles_name_known_items_and_points_too() -> None:
    known = set(content().items)
    for bundle in content().bundles.values():
        assert set(bundle.item_ids) <= known
    for point in content().points.values():
        assert set(point.items) <= known
        assert set(point.bundles) <= set(content().bundles)


@pytest.mark.parametrize(
    ("id_", "legal", "promised", "fee"),
    [
        ("SX-01", "3 个工作日", "1 个工作日", "不收费"),
        ("SX-02", "3 个工作日", "当场办结", "不收费"),
        ("SX-17", "7 日（自然日）", "1 个工作日", "不收费"),
        ("SX-19", "30 个工作日", "1 个工作日", "住宅 80 元，非住宅 550 元（小微企业免登记费）"),
        ("SX-23", "没有法定时限", "4 个工作日", "按政府定价"),
        ("SX-34", "7 日（自然日）", "3 日（自然日）", "诉讼费，财产案件按标的额分段累进（诉讼费用交纳办法）"),
        ("SX-40", "60 日（自然日）", "20 日（自然日）", "首次申领 不收费，到期换领 20 元，丢失补领 40 元"),
    ],
)
def test_limits_and_fees_as_facts_have_them(id_: str, legal: str, promised: str, fee: str) -> None:
    item = content().items[id_]
    assert item.fee is not None
    assert (item.legal.text, item.promised.text, item.fee.text) == (legal, promised, fee)


def test_a_statutory_material_cannot_be_made_tolerable() -> None:
    Material.model_validate(material(necessity="容缺"))
    with pytest.raises(ValidationError, match="“身份证明”是法定要件，不能设为容缺"):
        Material.model_validate(material(necessity="容缺", never_tolerable=True))


def test_in_the_tolerant_registration_ownership_identity_and_area_stay() -> None:
    kept = [m.name for m in content().items["SX-21"].materials if m.never_tolerable]
    assert len(kept) == 3
    assert any("权属来源" in name for name in kept)
    assert any("测绘" in name for name in kept)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "X1"}, "id"),
        ({"asks": ["怎么办", "怎么办"]}, "常见问法重复：怎么办"),
        ({"materials": [material(), material()]}, "申请材料重复：身份证明"),
        ({"promised": {"n": 1, "unit": "天", "prov": ["R"]}}, "promised"),
        ({"policy": "稳岗"}, "policy"),
        ({"typo": 1}, "typo"),
    ],
)
def test_a_wrong_item_is_refused(change: dict[str, object], message: str) -> None:
    row = dict(rows("items")[0]) | change
    with pytest.raises(ValidationError, match=message):
        ServiceItem.model_validate(row)


@pytest.mark.parametrize(
    "fee",
    [
        {"kind": "free", "cases": [{"case": "住宅", "fen": 1}]},
        {"kind": "amounts"},
        {"kind": "rule"},
    ],
)
def test_a_fee_must_fit_its_kind(fee: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="收费"):
        Fee.model_validate(fee)


def test_savings_of_a_bundle_are_computed_from_its_items() -> None:
    merged = merge(content().bundles["B01"], content().items)
    assert (merged.before, merged.after, merged.steps, merged.days_before) == (14, 7, 5, 2)


def test_a_material_asked_twice_is_handed_in_once() -> None:
    one = content().items["SX-18"]
    twin = content().items["SX-19"]
    bundle = Bundle.model_validate(
        {
            "id": "B99",
            "name": "试算",
            "section": "服务升级",
            "steps": [{"name": "首次", "items": ["SX-18"]}, {"name": "转移", "items": ["SX-19"]}],
            "asks": ["试算一下"],
            "updated_at": "2026-11-22",
            "prov": ["R"],
        }
    )
    merged = merge(bundle, {"SX-18": one, "SX-19": twin})
    names = [m.name for m in merged.materials]
    assert sum(name.startswith("不动产登记申请书") for name in names) == 1
    assert merged.days_before == 4


def test_days_are_not_added_up_over_calendar_days() -> None:
    slow = content().items["SX-06"].model_copy(update={"promised": Limit(n=3, unit=Unit.CALENDAR_DAY, prov=("R",))})
    assert merge(content().bundles["B01"], content().items | {"SX-06": slow}).days_before is None


def test_days_apart_are_not_told_where_the_bundle_promises_for_more_than_our_items() -> None:
    """开办餐饮店: 8 days promised with steps of other offices, 6 for the two items of ours."""
    assert merge(content().bundles["B06"], content().items).days_before is None


def test_twins_of_the_same_paper() -> None:
    assert canonical("营业执照信息") == canonical("营业执照（正本）") == "营业执照"
    assert canonical("经营者身份证") == canonical("身份证/营业执照")
