"""Check, load and export of content.

A load reads its files twice: once to find every mistake, once to write. So a bad set changes nothing, and a register
of any length passes through row by row; only the catalogue, which is published as one snapshot, is held in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from chalicelib.content import form_checks, publishing, readers, references, snapshots, workbook_writer, writers
from chalicelib.content.changes import Changes, KindChanges, compare
from chalicelib.content.kinds import CATALOGUE, KINDS, REGISTERS
from chalicelib.content.problems import Place, Problem, Problems, Report
from chalicelib.content.publishing import Settlement
from chalicelib.content.registers import REGISTERS as OPENERS
from chalicelib.content.registers import Register
from chalicelib.content.rows import Row, RowReader
from chalicelib.content.snapshots import Published
from chalicelib.content.sources import Source
from chalicelib.errors import BadInput, Refusal
from chalicelib.policies.rematch import Rematch
from chalicelib.ports import Blobs, Conflict, JsonObject, Put, Store

_TRIES = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EVERY = 500

Progress = Callable[[str, int], None]
"""Told (what is being done, rows so far) every few hundred rows."""


class ContentRefused(BadInput):
    """The set has mistakes; nothing of it was loaded. ``report`` names them."""

    def __init__(self, report: Report) -> None:
        self.report = report
        first = next(report.lines(1), "")
        super().__init__(f"有 {report.total_problems} 处错误，没有导入任何内容。第一处：{first}")


@dataclass
class _Found:
    """What a first reading of the files gives."""

    sources: list[Source] = field(default_factory=list)
    bodies: dict[str, dict[str, JsonObject]] = field(default_factory=dict)
    places: dict[str, dict[str, Place]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    unsure: set[str] = field(default_factory=set)  # kinds with rows that could not be read

    def report(self) -> Report:
        problems = self.problems
        return Report(self.counts, tuple(problems.kept), problems.total, tuple(self.unread))


@dataclass(frozen=True, slots=True)
class _Publication:
    """What goes with a publication: more of its record, rows of the same transaction, the version it replaces."""

    summary: Mapping[str, JsonObject | int] = field(default_factory=dict)
    rows: tuple[Put, ...] = ()
    expected: int | None = None


class ContentService:
    """内容: what operators keep in files, and what is published from them."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        registers: Mapping[str, Register] | None = None,
        rematch: Rematch | None = None,
        *,
        reviewed_only: bool = False,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._registers = dict(registers or {})
        self._rematch = rematch
        self._reviewed_only = reviewed_only

    def check(self, path: str | Path, progress: Progress | None = None) -> Report:
        """Every mistake in a file or folder, against what is published. Raises BadInput when there is no such path."""
        found = _read(Path(path), progress)
        self._merged(found, snapshots.read_head(self._store), self._settled(found, "", _EPOCH))
        return found.report()

    def load(self, path: str | Path, by: str, now: datetime, progress: Progress | None = None) -> Changes:
        """Check, then publish and keep. A catalogue kind in the set replaces that kind; register rows are added or
        changed. Loading the same again changes nothing.

        Raises ContentRefused, changing nothing, when there is any mistake. Register rows go in after the catalogue and
        one by one: a load that was cut off is finished by loading again.
        """
        found = _read(Path(path), progress)
        if self._reviewed_only and found.bodies and not found.problems.total:
            raise Refusal("这里的内容要先复核再发布。请运行 content load --draft，再由另一个人 content review")
        is_first = snapshots.read_head(self._store) is None
        kinds, version = self._publish(found, by, now)
        for name in REGISTERS:
            sources = [source for source in found.sources if source.kind.name == name]
            if sources:
                kinds[name] = self._keep(name, sources, now, progress)
        if not is_first:  # a new stage has nobody to tell
            self._match_again(kinds, now)
        return Changes(kinds, version, found.report())

    def proposal(self, path: str | Path) -> dict[str, dict[str, JsonObject]]:
        """The catalogue rows of a set, checked against what is published; nothing is changed. Raises ContentRefused,
        and BadInput when the set holds registers, which are kept row by row and have no versions."""
        found = _read(Path(path), None)
        self._merged(found, snapshots.read_head(self._store), self._settled(found, "", _EPOCH))
        if found.problems.total:
            raise ContentRefused(found.report())
        if registers := [KINDS[name].title for name in REGISTERS if name in found.counts]:
            raise BadInput(f"草稿只能有目录内容；{'、'.join(registers)}请另外直接导入")
        return found.bodies

    def publish(
        self,
        bodies: Mapping[str, dict[str, JsonObject]],
        by: str,
        now: datetime,
        summary: JsonObject,
        rows: Sequence[Put],
        expected: int,
    ) -> Changes:
        """Put these rows of whole kinds into force, over version ``expected`` and no other, with ``rows`` that stand or
        fall with it; ``summary`` goes into the version's record. Raises ContentRefused, Refusal."""
        found = _Found(bodies=dict(bodies))
        kinds, version = self._publish(found, by, now, _Publication(summary, tuple(rows), expected))
        self._match_again(kinds, now)
        return Changes(kinds, version, found.report())

    def export(self, path: str | Path) -> dict[str, int]:
        """Write all that is kept and can be given back: ``*.xlsx`` one workbook, otherwise a folder of YAML files.

        Returns rows by kind. The files hold contacts of enterprises: keep them as such. Raises Refusal.
        """
        bodies = self._bodies(snapshots.read_head(self._store))
        rows = {name: _models(name, held) for name, held in bodies.items() if held}
        for name in REGISTERS:
            register = self._register(name)
            if register.every is not None:
                rows[name] = register.every()
        target = Path(path)
        if target.suffix.lower() == ".xlsx":
            return workbook_writer.write_workbook(target, rows)
        if target.suffix:
            raise BadInput(f"不能导出为 {target.suffix} 文件。请给一个文件夹，或一个 .xlsx 文件名")
        return writers.write_folder(target, rows)

    def refresh(self, by: str, now: datetime, summary: JsonObject) -> int:
        """Publish the same rows as a new version, so that every reader looks again; ``summary`` says why. Returns the
        version. Raises Refusal."""
        for _ in range(_TRIES):
            published = snapshots.read_head(self._store)
            if published is None:
                raise Refusal("还没有发布任何内容。请先运行 content load")
            try:
                head = snapshots.publish(self._store, self._blobs, self._bodies(published), by, now, published, summary)
            except Conflict:
                continue
            return head.version
        raise Refusal("同时有别人在导入内容，这次没有更新。请稍后再试")

    def _publish(
        self, found: _Found, by: str, now: datetime, how: _Publication | None = None
    ) -> tuple[dict[str, KindChanges], int]:
        """Move the catalogue to the merged set; again from the start when somebody else published meanwhile."""
        how = how or _Publication()
        for _ in range(_TRIES):
            published = snapshots.read_head(self._store)
            if how.expected not in (None, published.head.version if published else 0):
                raise Refusal("刚刚有别人发布了内容，这次没有发布。请再看一次差异")
            old = self._bodies(published)
            settlement = self._settled(found, by, now)
            merged = self._merged(found, published, settlement)
            if found.problems.total:
                raise ContentRefused(found.report())
            try:
                publishing.write(self._store, settlement)
            except Conflict:
                continue
            kinds = {name: compare(name, old[name], merged[name]) for name in CATALOGUE if name in found.bodies}
            version = published.head.version if published else 0
            if not any(kinds.values()):
                return kinds, version
            summary = {name: changes.counts() for name, changes in kinds.items()} | dict(how.summary)
            try:
                head = snapshots.publish(self._store, self._blobs, merged, by, now, published, summary, how.rows)
            except Conflict:
                continue
            return kinds, head.version
        raise Refusal("同时有别人在导入内容，这次没有导入。请稍后再试")

    def _settled(self, found: _Found, by: str, now: datetime) -> Settlement:
        """The policies of the set joined with their versions in the store."""
        return publishing.settle(self._store, found.bodies.get("policies", {}), by, now)

    def _merged(
        self, found: _Found, published: Published | None, settlement: Settlement
    ) -> dict[str, dict[str, JsonObject]]:
        """The catalogue as it would be; notes what is wrong with it as problems."""
        merged = self._bodies(published) | found.bodies
        if not found.bodies:
            return merged
        if settlement.bodies:
            merged["policies"] = settlement.bodies

        def place(kind: str, key: str) -> Place:
            return found.places.get(kind, {}).get(key) or Place("已发布的内容", key=f"{KINDS[kind].title} {key}")

        for key, column, text in settlement.problems:
            found.problems.add(Problem(place("policies", key), text, column))
        for check in (references.broken, form_checks.broken):
            for problem in check(merged, found.unsure, place):
                found.problems.add(problem)
        return merged

    def _bodies(self, published: Published | None) -> dict[str, dict[str, JsonObject]]:
        return snapshots.read_bodies(self._blobs, published.head) if published else {name: {} for name in CATALOGUE}

    def _keep(self, name: str, sources: list[Source], now: datetime, progress: Progress | None) -> KindChanges:
        register = self._register(name)
        changes = KindChanges()
        reader = RowReader()
        for number, row in enumerate((row for source in sources for row in reader.read(source)), 1):
            if isinstance(row, Problem):
                raise Refusal(f"{row.place.file} 在导入时被改动，已导入它前面的 {number - 1} 行。请重新导入")
            known = register.has(row.key)
            if not register.save(row.value, now):
                changes.unchanged += 1
            elif known:
                changes.changed[row.key] = ()
            else:
                changes.added.append(row.key)
            _tell(progress, f"导入{KINDS[name].title}", number)
        return changes

    def _match_again(self, kinds: Mapping[str, KindChanges], now: datetime) -> None:
        """What is new or changed is matched within a minute (即时匹配)."""
        if self._rematch is not None:
            touched = {name: [*each.added, *each.changed] for name, each in kinds.items()}
            self._rematch.policies(touched.get("policies", []))
            self._rematch.enterprises(touched.get("enterprises", []), now)

    def _register(self, name: str) -> Register:
        if name not in self._registers:
            self._registers[name] = OPENERS[name](self._store)
        return self._registers[name]


def _models(name: str, bodies: Mapping[str, JsonObject]) -> Iterator[BaseModel]:
    model = KINDS[name].model
    return (model.model_validate(body) for body in bodies.values())


def _read(path: Path, progress: Progress | None) -> _Found:
    """Read and validate everything; catalogue rows are kept, register rows only counted."""
    found = _Found()
    reader = RowReader(found.places)
    number = 0
    for source in readers.find(path):
        if isinstance(source, str):
            found.unread.append(source)
        elif isinstance(source, Problem):
            found.problems.add(source)
            found.unsure.update(KINDS)
        else:
            found.sources.append(source)
            for row in reader.read(source):
                _take(found, source.kind.name, row)
                number += 1
                _tell(progress, "检查", number)
    if not found.sources and not found.problems.total:
        found.problems.add(Problem(Place(str(path)), "没有找到内容文件。文件名请用 items.yaml、企业.xlsx 这样的写法"))
    return found


def _take(found: _Found, name: str, row: Row | Problem) -> None:
    if isinstance(row, Problem):
        found.problems.add(row)
        found.unsure.add(name)
        return
    found.counts[name] = found.counts.get(name, 0) + 1
    if row.kind.in_catalogue:
        found.bodies.setdefault(name, {})[row.key] = row.value.model_dump(mode="json")


def _tell(progress: Progress | None, what: str, number: int) -> None:
    if progress is not None and number % _EVERY == 0:
        progress(what, number)
