"""``/h5/guide/{id}``: one guide (办事指南) or one bundle (一件事), for anybody."""

from __future__ import annotations

from chalicelib.guidance.bundles import merge
from chalicelib.guidance.model import Bundle, Form, Material, ServiceItem
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.points import shown_for
from chalicelib.pages.policy import is_public
from chalicelib.pages.visit import PageMissing, Visit
from chalicelib.tolerance import offer_of


def show(visit: Visit) -> PageResponse:
    """Raises PageMissing."""
    catalogue, key = visit.services.catalogue(), visit.request.key
    if key in catalogue.items:
        return _item(visit, catalogue.items[key])
    if key in catalogue.bundles:
        return _bundle(visit, catalogue.bundles[key])
    raise PageMissing


def _item(visit: Visit, item: ServiceItem) -> PageResponse:
    policy = visit.services.catalogue().policies.get(item.policy or "")
    return render.page(
        visit,
        "guide.html",
        personal=False,
        title=item.name,
        item=item,
        brought=[material for material in item.materials if material.brought],
        fetched=[material for material in item.materials if not material.brought],
        how_many=how_many,
        late=offer_of(item).materials,
        points=shown_for(visit, item.id),
        policy=policy if policy and is_public(policy) else None,
    )


def _bundle(visit: Visit, bundle: Bundle) -> PageResponse:
    items = visit.services.catalogue().items
    return render.page(
        visit,
        "bundle.html",
        personal=False,
        title=bundle.name,
        bundle=bundle,
        items=items,
        saved=merge(bundle, items),
        how_many=how_many,
        points=shown_for(visit, bundle.id),
    )


def how_many(material: Material) -> str:
    """原件 1 份、复印件 2 份 · 复印件 1 份（要纸质） · 电子件"""
    counts = [("原件", material.original), ("复印件", material.copies)]
    said = "、".join(f"{name} {count} 份" for name, count in counts if count)
    form = _FORMS[material.form]
    return f"{said}（{form}）" if said and form else said or form or "纸质、电子都行"


_FORMS = {Form.ELECTRONIC: "电子件即可", Form.PAPER: "要纸质", Form.EITHER: ""}
