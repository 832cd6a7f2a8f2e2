"""The kinds of content: what a file or sheet of that name holds, and where its rows belong.

A *catalogue* kind is published as part of one immutable snapshot; a *register* kind is kept row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from pydantic import BaseModel

from chalicelib.errors import BadInput


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of row. ``key`` is the field that names a row; ``model_at`` is ``module:class`` below chalicelib."""

    name: str
    chinese: tuple[str, ...]
    key: str
    model_at: str
    in_catalogue: bool = False

    @property
    def title(self) -> str:
        """The Chinese name that a new sheet gets."""
        return self.chinese[0]

    @property
    def model(self) -> type[BaseModel]:
        """Imported when asked for: reading one kind does not load every capability."""
        module, _, name = self.model_at.partition(":")
        found: type[BaseModel] = getattr(import_module(f"chalicelib.{module}"), name)
        return found

    def key_of(self, row: BaseModel) -> str:
        return str(getattr(row, self.key))


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("items", ("事项", "服务事项", "政务服务事项"), "id", "guidance.model:ServiceItem", in_catalogue=True),
        Kind("bundles", ("一件事", "集成包"), "id", "guidance.model:Bundle", in_catalogue=True),
        Kind("points", ("服务点", "网点"), "id", "points.model:ServicePoint", in_catalogue=True),
        Kind("terms", ("名词", "名词解释"), "id", "guidance.terms:Term", in_catalogue=True),
        Kind("policies", ("政策", "惠企政策"), "id", "policies.model:Policy", in_catalogue=True),
        Kind("fields", ("字段", "字段字典"), "id", "forms.model:FieldDef", in_catalogue=True),
        Kind("forms", ("表单",), "id", "forms.model:Form", in_catalogue=True),
        Kind("enterprises", ("企业",), "uscc", "enterprises.model:Enterprise"),
        Kind("cases", ("办件",), "no", "cases.model:CaseRow"),
        Kind("loans", ("贷款",), "id", "finance.model:LoanRow"),
        Kind("holidays", ("放假安排", "节假日"), "year", "cases.workdays:HolidayYear"),
        Kind("routes", ("诉求分办", "分办表"), "topic", "concerns.model:ConcernRoute"),
        Kind("projects", ("转型项目", "项目"), "id", "finance.model:TransitionProject"),
    )
}
CATALOGUE = tuple(kind.name for kind in KINDS.values() if kind.in_catalogue)
REGISTERS = tuple(kind.name for kind in KINDS.values() if not kind.in_catalogue)

_NAMES = {name: kind for kind in KINDS.values() for name in (kind.name, *kind.chinese)}
_AFTER_A_NAME = frozenset("-_ .（(0123456789")


def named(text: str) -> Kind | None:
    """The kind that a sheet or file stem names: 企业, enterprises, items-1, 政策（2026）; None for anything else."""
    plain = text.strip().lower()
    for name in sorted(_NAMES, key=len, reverse=True):
        if plain == name or (plain.startswith(name) and plain[len(name)] in _AFTER_A_NAME):
            return _NAMES[name]
    return None


def nearly_named(text: str) -> Kind | None:
    """The kind that was probably meant: enterprise, item, policys."""
    from difflib import get_close_matches

    close = get_close_matches(text.strip().lower(), _NAMES, n=1, cutoff=0.75)
    return _NAMES[close[0]] if close else None


def listed() -> str:
    """For messages: items 事项、bundles 一件事……"""
    return "、".join(f"{kind.name} {kind.title}" for kind in KINDS.values())


def of(name: str) -> Kind:
    """Raises BadInput for a name that is no kind."""
    kind = named(name)
    if kind is None:
        raise BadInput(f"没有“{name}”这一类内容，可用：{listed()}")
    return kind
