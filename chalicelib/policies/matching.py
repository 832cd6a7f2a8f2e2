"""``policy match``: policies and enterprises in, outcomes out, all JSON Lines; streaming, on all cores, all or nothing.

The outcome of every pair comes from the columns, and so do the leaves that say why, for the rows that are written.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO

from chalicelib.policies.builtin import FACTS
from chalicelib.policies.columns import Codes, Columns, Numbers, encode
from chalicelib.policies.dictionary import Schema
from chalicelib.policies.kept_blocks import KeptBlocks, stretches
from chalicelib.policies.program import Program, Workspace, compile_columns, spans_of
from chalicelib.policies.reading import (
    BLOCK_BYTES,
    MAX_SHOWN,
    Block,
    FileProblems,
    NamedTree,
    RowProblem,
    Rows,
    blocks,
    read_policies,
    read_rows,
    read_schema,
)
from chalicelib.policies.tree import OUTCOMES, Outcome
from chalicelib.policies.writing import Writer

Progress = Callable[[int, int], None]
"""Bytes of the enterprises file done, and all of them."""


@dataclass(frozen=True, slots=True)
class MatchSummary:
    """What a run did. ``unused`` are facts in the file that the dictionary does not know; ``warnings`` are about the
    policies. ``match_seconds`` is the deciding alone, summed over workers."""

    policies: int
    enterprises: int
    outcomes: Mapping[Outcome, int]
    written: int
    unused: tuple[str, ...]
    warnings: tuple[str, ...]
    seconds: float
    match_seconds: float
    kept: int = 0
    """Enterprises whose results were taken from the index."""

    @property
    def pairs(self) -> int:
        return self.policies * self.enterprises


def match_file(
    policies_path: Path,
    enterprises_path: Path,
    schema_path: Path | None,
    out_path: Path,
    include_not_match: bool = False,
    progress: Progress | None = None,
    *,
    workers: int | None = None,
    block_bytes: int = BLOCK_BYTES,
    index: Path | None = None,
) -> MatchSummary:
    """Decide every pair and write ``{"uscc","policy","outcome","reasons","missing"}`` rows to ``out_path``.

    Rows stand in the order of the enterprises, then of the policies; not_match rows only with ``include_not_match``.
    ``index`` is a folder of results kept between runs (``kept_blocks``): what has not changed is taken from there.
    Raises FileProblems (BadInput) naming file, row and field; ``out_path`` is then as it was before.
    """
    started = time.perf_counter()
    schema = read_schema(schema_path) if schema_path else FACTS
    policies, warnings = read_policies(policies_path, schema)
    kept = _index(index, policies_path, schema, include_not_match)
    matcher = _Matcher(policies, schema, include_not_match, kept)
    source = stretches(enterprises_path) if kept else blocks(enterprises_path, block_bytes)
    tally = _Tally()
    total = enterprises_path.stat().st_size if enterprises_path.is_file() else 0
    with _replacing(out_path) as out:
        for done in _run(matcher, source, _workers(workers, total)):
            tally.add(done)
            if not tally.problems:
                out.write(done.written)
            elif len(tally.problems) > MAX_SHOWN:
                break
            if progress:
                progress(tally.bytes_read, total)
        if tally.problems:
            raise FileProblems(enterprises_path, tally.problems)
    if kept:
        kept.forget_all_but(tally.names)
    return MatchSummary(
        policies=len(policies),
        enterprises=tally.enterprises,
        outcomes={outcome: tally.outcomes[outcome] for outcome in OUTCOMES},
        written=tally.rows_written,
        unused=tuple(sorted(tally.unused)),
        warnings=tuple(warnings),
        seconds=time.perf_counter() - started,
        match_seconds=tally.match_seconds,
        kept=tally.kept,
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """One block decided."""

    size: int
    enterprises: int
    outcomes: Mapping[Outcome, int]
    written: bytes
    rows_written: int
    problems: list[RowProblem]
    unused: frozenset[str]
    match_seconds: float
    name: str = ""
    """What it is kept under, where there is an index."""
    found: bool = False


class _Tally:
    def __init__(self) -> None:
        self.bytes_read = self.enterprises = self.rows_written = self.kept = 0
        self.names: set[str] = set()
        self.match_seconds = 0.0
        self.outcomes: Counter[Outcome] = Counter()
        self.problems: list[RowProblem] = []
        self.unused: set[str] = set()

    def add(self, done: _Done) -> None:
        self.bytes_read += done.size
        self.enterprises += done.enterprises
        self.rows_written += done.rows_written
        self.match_seconds += done.match_seconds
        self.outcomes.update(done.outcomes)
        self.problems += done.problems
        self.unused |= done.unused
        self.names.add(done.name)
        self.kept += done.enterprises if done.found else 0


class _Matcher:
    """Everything a worker needs; made once and inherited by the forked workers."""

    def __init__(
        self, policies: list[NamedTree], schema: Schema, include_not_match: bool, kept: KeptBlocks | None = None
    ) -> None:
        self._kept = kept
        self._schema = schema
        self._program: Program = compile_columns([policy.tree for policy in policies])
        self._space = Workspace()
        self._writer = Writer(policies, schema, self._program, include_not_match)
        self._asked = sorted({fact for policy in policies for fact in policy.tree.facts})

    def decide(self, block: Block) -> _Done:
        """From the index where it is there; otherwise decided, and kept if there is an index and no mistake."""
        if self._kept is None:
            return self._decided(block)
        name = self._kept.name(block)
        found = self._kept.find(name)
        if found:
            about, written = found
            outcomes = {Outcome(key): count for key, count in about["outcomes"].items()}
            unused = frozenset(about["unused"])
            return _Done(
                len(block.data), about["size"], outcomes, written, about["rows"], [], unused, 0, name, found=True
            )
        done = self._decided(block)
        if not done.problems:
            about = {"size": done.enterprises, "rows": done.rows_written, "unused": sorted(done.unused)}
            self._kept.keep(name, about | {"outcomes": done.outcomes}, done.written)
        return replace(done, name=name)

    def _decided(self, block: Block) -> _Done:
        rows = read_rows(block, self._schema)
        if rows.problems:
            return _Done(len(block.data), 0, {}, b"", 0, rows.problems, rows.unused, 0)
        started = time.perf_counter()
        columns = Columns(len(rows.facts), {name: self._column(name, rows) for name in self._asked})
        outcomes: Counter[Outcome] = Counter()
        lines: list[bytes] = []
        spent = time.perf_counter() - started
        for part in spans_of(columns):
            started = time.perf_counter()
            bits = self._program.leaf_bits(columns, part, self._space)
            masks = self._program.combine(bits, part.stop - part.start, self._space)
            outcomes.update(masks.counts())
            spent += time.perf_counter() - started
            lines += self._writer.lines(rows.usccs[part], columns.part(part), bits, masks.outcomes())
        written = b"".join(lines)
        return _Done(len(block.data), len(rows.facts), outcomes, written, len(lines), [], rows.unused, spent)

    def _column(self, name: str, rows: Rows) -> Numbers | Codes:
        return encode(self._schema[name].type, [facts.get(name) for facts in rows.facts])


def _index(folder: Path | None, policies: Path, schema: Schema, include_not_match: bool) -> KeptBlocks | None:
    if folder is None:
        return None
    dictionary = repr([(name, schema[name]) for name in sorted(schema)]).encode()
    return KeptBlocks(folder, policies.read_bytes(), dictionary, b"all" if include_not_match else b"")


def _workers(asked: int | None, size: int) -> int:
    """One process for a small file: starting others would take longer than the work."""
    return asked or (min(os.cpu_count() or 1, 8) if size > (8 << 20) else 1)


_matcher: list[_Matcher] = []


def _decide(block: Block) -> _Done:
    return _matcher[0].decide(block)


def _run(matcher: _Matcher, source: Iterator[Block], workers: int) -> Iterator[_Done]:
    if workers == 1:
        yield from map(matcher.decide, source)
        return
    _matcher[:] = [matcher]
    with get_context("fork").Pool(workers) as pool:
        yield from _ahead(pool, source, 2 * workers)


def _ahead(pool: Any, source: Iterator[Block], most: int) -> Iterator[_Done]:
    """Results in order with at most ``most`` blocks under way, so a slow disk or reader never fills the memory."""
    waiting: list[Any] = []
    for block in source:
        waiting.append(pool.apply_async(_decide, (block,)))
        if len(waiting) >= most:
            yield waiting.pop(0).get()
    for result in waiting:
        yield result.get()


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is complete."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    except OSError as error:
        raise FileProblems(path, [RowProblem(0, "", f"写不了（{error.strerror}）")]) from error
    finally:
        beside.unlink(missing_ok=True)
