"""Answer cards (回答卡片): short texts made of content rows only, the part asked for first.

At most about twelve lines and 1,800 bytes: a passive reply holds 2,000, and the dialogue adds a link. Numbered next
steps are data beside the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from chalicelib import money
from chalicelib.guidance.bundles import merge
from chalicelib.guidance.court_fees import acceptance_fee
from chalicelib.guidance.intent import Facet
from chalicelib.guidance.model import Bundle, Faq, Material, Necessity, ServiceItem, Source, Unit
from chalicelib.guidance.terms import Term
from chalicelib.provenance import SAMPLE_NOTE

MAX_BYTES = 1800
STEPS_SHOWN = 6
MATERIALS_SHOWN = 6
SHORT_NOTE = 4
_MARKS = {Source.SHARED: "（系统能查，不用交）"}
_EXACT = (Facet.MATERIALS, Facet.FEE)
"""Parts that a stored question goes with and never stands for."""
_TOLERABLE = "（可后补）"
_ONLINE = ("网上", "网站", "服务网", "一网通办", "平台", "赣服通", "小程序", "APP", "电子税务局")


class Action(StrEnum):
    """What a numbered next step does; ``args["id"]`` is the guide it is about."""

    ITEM = "item"  # open a guide (item or bundle)
    MATERIALS = "materials"
    FORM = "form"
    POINTS = "points"
    TIME = "time"
    FEE = "fee"
    BASIS = "basis"
    HUMAN = "human"
    SITUATION = "situation"  # say which situation one is in


@dataclass(frozen=True, slots=True)
class Option:
    """A next step that can be typed as its number."""

    label: str
    action: Action
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """Lines, then the numbered options, then the source line."""

    lines: tuple[str, ...]
    options: tuple[Option, ...] = ()
    source: str = ""

    @property
    def text(self) -> str:
        """As it is sent; lines from the end of the body give way when it would be too long."""
        lines = list(self.lines)
        while len(self._joined(lines).encode()) > MAX_BYTES and len(lines) > 1:
            lines.pop()
        return self._joined(lines)

    def _joined(self, lines: Sequence[str]) -> str:
        return "\n".join(part for part in (*lines, numbered(self.options), self.source) if part)


class Place(Protocol):
    """A service point as far as a card needs it."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    def mode_of(self, guide_id: str) -> str: ...


def short_name(name: str) -> str:
    """The name of a guide without its bracketed part, for a numbered step."""
    return name.split("（")[0]


def numbered(options: Sequence[Option]) -> str:
    """1 材料清单 2 怎么填表"""
    return " ".join(f"{number} {option.label}" for number, option in enumerate(options, 1))


# ---------------------------------------------------------------------------------------------------------------- item


@dataclass(frozen=True, slots=True)
class Extras:
    """What a question brings beside the part it asks for.

    ``point``: whether the kind of service point it names takes this. ``faq``: a stored question that is the one asked.
    ``related``: further steps to offer. ``amount_fen``: a sum it names. ``situations``: what was said of the asker's
    situation, with ``notes`` on it.
    """

    point: str = ""
    faq: Faq | None = None
    related: Sequence[Option] = ()
    amount_fen: int | None = None
    situations: Sequence[str] = ()
    notes: Sequence[str] = ()


def item_card(item: ServiceItem, facet: Facet | None, places: Sequence[Place], extras: Extras | None = None) -> Card:
    """The guide of one item: the answer to what was asked, then the rest in brief."""
    extras = extras or Extras()
    parts = _parts_for(item, places, extras)
    lead = _answer(item, facet, parts, extras.faq)
    told = {facet} if lead and (facet in _EXACT or not extras.faq) else set()
    rest = [line for part, line in parts.items() if line and part not in told]
    first = [extras.point] if extras.point else []
    lines = [*first, *lead, _title(item, extras.situations), *extras.notes, *rest]
    return Card(tuple(lines), (*_item_options(item, facet), *extras.related), source_line(item, item.basis))


def question_card(
    item: ServiceItem, facet: Facet, ask: str, options: Sequence[Option], extras: Extras | None = None
) -> Card:
    """What can be said before it is known which situation the asker is in, and the question that settles it."""
    extras = extras or Extras()
    lead = _answer(item, facet, _parts_for(item, (), extras), extras.faq)
    lines = (*lead, _title(item, extras.situations), ask)
    return Card(lines, tuple(options), source_line(item, item.basis))


def _title(item: ServiceItem, situations: Sequence[str]) -> str:
    """公司变更登记 · 县市场监督管理局 · 情形：住所"""
    named = "、".join(situations)
    return f"{item.name} · {item.dept}{f' · 情形：{named}' if named else ''}"


def _parts_for(item: ServiceItem, places: Sequence[Place], extras: Extras) -> dict[Facet, str]:
    parts = _item_parts(item, places)
    if item.fee and item.fee.formula and extras.amount_fen:
        parts[Facet.FEE] = f"收费：{_calculated(extras.amount_fen)}"
    return parts


def _answer(item: ServiceItem, facet: Facet | None, parts: Mapping[Facet, str], faq: Faq | None) -> list[str]:
    """The lines that come first: the part asked for; a stored question answers better than most parts."""
    lead = _lead(item, facet, parts) if faq is None or facet in _EXACT else []
    return [*lead, faq.answer] if faq else lead


def part_card(item: ServiceItem, facet: Facet, places: Sequence[Place]) -> Card:
    """One part of a guide alone, for a numbered step."""
    parts = _item_parts(item, places)
    lead = materials_lines(item.materials) if facet is Facet.MATERIALS else _lead(item, facet, parts)
    lead = lead or ["这一项没有登记，请打 12345 或问窗口。"]
    return Card((item.name, *lead), _item_options(item, facet), source_line(item, item.basis))


def term_card(term: Term, options: Sequence[Option]) -> Card:
    """What a word means, with the guides it belongs to one step away."""
    return Card((f"{term.name}：{term.meaning}",), tuple(options), source_line(term, term.basis))


def source_line(row: ServiceItem | Bundle | Term, basis: Sequence[str] = ()) -> str:
    """来源：公司法、市场主体登记管理条例16/19条；示例数据…，2026-11-22 更新"""
    named = "、".join(basis) or ("公开报道" if "S" in row.prov else "办事指南整理")
    mark = f"；{SAMPLE_NOTE}，承诺时限和容缺以窗口为准" if row.is_sample else ""
    return f"来源：{named}{mark}，{row.updated_at} 更新"


def materials_lines(materials: Sequence[Material]) -> list[str]:
    """Up to four lines: what must be brought, what is fetched by the departments, what depends, what may follow."""
    bring = [m for m in materials if m.necessity is Necessity.NEEDED and m.brought]
    fetched = [m for m in materials if m.necessity is Necessity.NEEDED and not m.brought]
    depends = [m for m in materials if m.necessity is Necessity.CONDITIONAL]
    later = [m for m in materials if m.necessity is Necessity.TOLERABLE]
    groups = (("要交", bring), ("系统能查、不用交", fetched), ("视情况", depends), ("可以后补", later))
    return [f"{label}：{'、'.join(map(_material_text, group))}" for label, group in groups if group]


def _material_text(material: Material) -> str:
    return f"{material.name}（{material.note}）" if material.note else material.name


def _item_parts(item: ServiceItem, places: Sequence[Place]) -> dict[Facet, str]:
    """One line for each part, in the order of a card."""
    return {
        Facet.MATERIALS: f"要带：{_brief_materials(item.materials)}",
        Facet.TIME: f"时限：{_limits(item)}",
        Facet.FEE: f"收费：{item.fee.text}" if item.fee else "收费：没有登记，请问窗口",
        Facet.PLACE: f"哪里办：{_where(item, places)}",
        Facet.CONDITION: f"条件：{item.condition or item.rule}" if item.condition or item.rule else "",
        Facet.FORM: f"中间会有：{'、'.join(item.special)}（不算在时限里）" if item.special else "",
    }


def _lead(item: ServiceItem, facet: Facet | None, parts: Mapping[Facet, str]) -> list[str]:
    """The lines that answer the part asked for; none for a general question."""
    match facet:
        case None:
            return []
        case Facet.MATERIALS:
            first, *others = materials_lines(item.materials) or [parts[Facet.MATERIALS]]
            return [f"{short_name(item.name)}{first}", *others]
        case Facet.TIME:
            return [_limits(item), *(note for note in (item.legal.note, item.promised.note) if len(note) > SHORT_NOTE)]
        case Facet.FEE:
            return [parts[Facet.FEE].removeprefix("收费：")]
        case Facet.PLACE:
            return [f"去{parts[Facet.PLACE].removeprefix('哪里办：')}"]
        case Facet.FORM:
            return _how(item)
        case Facet.CONDITION:
            return [parts[Facet.CONDITION] or "受理条件没有登记，请打 12345 或问窗口。"]
        case Facet.BASIS:
            return [f"依据：{'、'.join(item.basis)}" if item.basis else "依据没有登记，请打 12345 问。"]
        case Facet.PROGRESS:
            return ["办到哪一步要看您的办件：请发“办件编号 + 手机后四位”，或先绑定企业。"]


def _how(item: ServiceItem) -> list[str]:
    """The stored steps, ways to do it online and forms to fill in; nothing where nothing is stored."""
    online = _online(item)
    forms = [m.name for m in item.materials if m.source in (Source.SYSTEM, Source.TEMPLATE)]
    return [
        *([f"怎么办：{' → '.join(item.steps)}"] if item.steps else []),
        *([f"可以网上办{_named(online)}"] if online else []),
        *([f"要填的表：{'、'.join(forms)}（系统生成或有模板）"] if forms else []),
    ]


def _named(online: Sequence[str]) -> str:
    """：赣服通、小程序; nothing when no more is known than 网上."""
    names = [channel for channel in online if channel != "网上"]
    return f"：{'、'.join(names)}" if names else ""


def _online(item: ServiceItem) -> list[str]:
    return [channel for channel in item.channels if any(word in channel for word in _ONLINE)]


def _where(item: ServiceItem, places: Sequence[Place]) -> str:
    online = next(iter(_online(item)), "")
    go = _places(places, item.id) or item.dept
    also = "，也可以网上办" if online in ("网上",) else f"，也可以用{online}" if online else ""
    return f"{go}{also}{f'；咨询 {item.contact}' if item.contact else ''}"


def _calculated(amount_fen: int) -> str:
    fee, half = acceptance_fee(amount_fen), acceptance_fee(amount_fen, halved=True)
    return f"{money.show(amount_fen)}的诉讼费是 {money.show(fee)}，简易程序、调解结案减半为 {money.show(half)}"


def _limits(item: ServiceItem) -> str:
    """法定 3 个工作日，承诺当场办结（示例数据）"""
    legal = f"法定 {item.legal.text}" if item.legal.n else "没有法定时限"
    return f"{legal}，{_promise(item)}"


def _promise(item: ServiceItem) -> str:
    gap = "" if item.promised.unit is Unit.IMMEDIATE else " "
    return f"承诺{gap}{item.promised.text}{f'（{SAMPLE_NOTE}）' if item.promised.is_sample else ''}"


def _brief_materials(materials: Sequence[Material]) -> str:
    """What to bring in one line, with what need not be handed in or may follow; forms are filled in, not brought."""
    named = [
        f"{m.name}{_MARKS.get(m.source) or _TOLERABLE * (m.necessity is Necessity.TOLERABLE)}"
        for m in materials
        if m.necessity is not Necessity.CONDITIONAL and m.source is not Source.SYSTEM
    ]
    more = f"等 {len(named)} 样" if len(named) > MATERIALS_SHOWN else ""
    return "、".join(named[:MATERIALS_SHOWN]) + more if named else "填申请表即可，按情况补交材料"


def _item_options(item: ServiceItem, facet: Facet | None) -> tuple[Option, ...]:
    about = {"id": item.id}
    offered = (
        (Facet.MATERIALS, Option("材料清单", Action.MATERIALS, about)),
        (Facet.FORM, Option("怎么办", Action.FORM, about)),
        (Facet.PLACE, Option("最近网点", Action.POINTS, about)),
    )
    return tuple(option for part, option in offered if part is not facet and (part is not Facet.FORM or _how(item)))


# -------------------------------------------------------------------------------------------------------------- bundle


def bundle_card(
    bundle: Bundle, items: Mapping[str, ServiceItem], places: Sequence[Place], near: Sequence[Place] = ()
) -> Card:
    """一件事: what is to be done, what it saves, and one step to each guide in it. ``near``: local points that take its
    first step, when a town was named."""
    staged = any(step.stage for step in bundle.steps)
    lines = [
        f"{bundle.name}：{bundle.summary}",
        *_step_lines(bundle),
        bundle.branch,
        *([] if staged or bundle.branch else _bundle_parts(bundle, items)),
        f"承诺：{bundle.promised.text}（{SAMPLE_NOTE}）" if staged and bundle.promised else "",
        f"哪里办：{_places(places, bundle.id)}{_begun_online(bundle, items)}" if places else "",
        f"就近：{bundle.steps[0].name}可到{near[0].name}办" if near else "",
    ]
    return Card(tuple(line for line in lines if line), _bundle_options(bundle, items), source_line(bundle))


def _bundle_parts(bundle: Bundle, items: Mapping[str, ServiceItem]) -> list[str]:
    """What the guides that are always part of it ask for together: materials once, each legal limit, the fees."""
    merged = merge(bundle, items)
    parts = [(step.name, items[step.items[0]]) for step in bundle.steps if step.items and not step.condition]
    legal = "、".join(f"{name} {item.legal.text}" for name, item in parts if item.legal.n)
    apart = f"，分开办合计 {merged.days_before} 个工作日" if merged.days_before else ""
    promised = f"合办承诺 {bundle.promised.text}{apart}（{SAMPLE_NOTE}）" if bundle.promised else ""
    paid = "；".join(f"{name} {item.fee.text}" for name, item in parts if item.fee and item.fee.kind != "free")
    visits = f"、跑 {merged.steps} 次" if merged.steps > 1 else ""
    saves = f"（合并后 {merged.after} 份、跑 1 次，分开办 {merged.before} 份{visits}）"
    saves = saves if merged.after < merged.before else ""
    limits = "，".join(part for part in (f"法定 {legal}" if legal else "", promised) if part)
    return [
        f"要带：{_brief_materials(merged.materials)}{saves}",
        f"时限：{limits}" if limits else "",
        f"收费：{paid or '不收费'}" if all(item.fee for _, item in parts) else "",
    ]


def _begun_online(bundle: Bundle, items: Mapping[str, ServiceItem]) -> str:
    """Whether the first guide of it can be begun online."""
    first = next((items[step.items[0]] for step in bundle.steps if step.items), None)
    ways = first.channels if first else ()
    return "，也可以网上办" if any(word in way for way in ways for word in _ONLINE) else ""


def point_line(kind: str, takers: Sequence[Place], others: Sequence[Place], guide_id: str) -> str:
    """Whether service points of a kind take a guide: 邮政代办点能办：宣风镇邮政代办点（代收代办）."""
    if takers:
        return f"{kind}能办：{_places(takers, guide_id)}"
    instead = f"，请去{_places(others, guide_id)}" if others else "，请打 12345 问清再去"
    return f"{kind}没有登记办这件事{instead}"


def places_card(row: ServiceItem | Bundle, places: Sequence[Place]) -> Card:
    """Where a guide is handled, for a numbered step."""
    return Card(
        (row.name, f"去{_places(places, row.id)}" if places else "没有登记网点，请打 12345 问。"),
        source=source_line(row),
    )


def _places(places: Sequence[Place], guide_id: str) -> str:
    """芦溪县政务服务大厅，或宣风镇邮政代办点（代收代办）: whether it is done there or handed on."""
    named = ((place.name, place.mode_of(guide_id)) for place in places[:2])
    return "，或".join(f"{name}（{mode}）" if mode else name for name, mode in named)


def _step_lines(bundle: Bundle) -> list[str]:
    stages = dict.fromkeys(step.stage for step in bundle.steps)
    if any(stages):
        return [f"{stage}：{'、'.join(s.name for s in bundle.steps if s.stage == stage)}" for stage in stages]
    always = [step.name for step in bundle.steps if not step.condition]
    sometimes = [f"{step.name}（{step.condition}）" for step in bundle.steps if step.condition]
    return [f"要办：{'、'.join(always)}", *([f"视情况：{'、'.join(sometimes)}"] if sometimes else [])]


def _bundle_options(bundle: Bundle, items: Mapping[str, ServiceItem]) -> tuple[Option, ...]:
    steps = [step for step in bundle.steps if step.items and step.items[0] in items]
    steps.sort(key=lambda step: bool(step.condition))
    guides = [Option(step.name, Action.ITEM, {"id": step.items[0]}) for step in steps[:STEPS_SHOWN]]
    return (*guides, Option("最近网点", Action.POINTS, {"id": bundle.id}))
