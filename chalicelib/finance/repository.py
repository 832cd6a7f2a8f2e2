"""Rows of loans (贷款) and transition projects on the Store port: one row a loan, one row an event of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.finance.model import Loan, LoanEvent, LoanHead, TransitionProject
from chalicelib.finance.review import ReviewStep
from chalicelib.finance.summary import LoanSummary, summary
from chalicelib.ports import Delete, Index, Put, Record, Store, Write
from chalicelib.shards import SHARDS, shard
from chalicelib.times import from_stamp, local_date, stamp


@dataclass(frozen=True, slots=True)
class Filed:
    """A loan with what only its rows know: the version to write over, and when each event arrived (by its id)."""

    loan: Loan
    version: int
    watched: bool
    arrived: dict[str, datetime]


def loan_key(loan_id: str) -> str:
    return f"loan#{loan_id}"


_OPEN = "loans-open#"


def open_key(number: int) -> str:
    return f"{_OPEN}{number}"


def done_key(year: int, number: int) -> str:
    return f"loans-done#{year}#{number}"


def _done_key(loan: Loan) -> str:
    return done_key(local_date(loan.updated).year, shard(loan.id))


def enterprise_key(uscc: str) -> str:
    return f"enterprise#{uscc}"


def owner_key(loan_id: str, uscc: str) -> tuple[str, str]:
    return f"loanof#{uscc}", loan_id


def event_sk(event: LoanEvent) -> str:
    return f"event#{stamp(event.at)}#{event.id}"


class LoanRepository:
    """Reads and writes whole loans. Raises Conflict where somebody else wrote in between."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, loan_id: str) -> Filed | None:
        head: Record | None = None
        events = []
        page: str | None = None
        while True:
            found = self._store.query(loan_key(loan_id), page=page)
            for record in found.records:
                if record.sk == "row":
                    head = record
                else:
                    events.append(record)
            if (page := found.next) is None:
                return _filed(head, events) if head else None

    def belongs(self, loan_id: str, uscc: str) -> bool:
        """Whether this is the enterprise's loan: one read that finds nothing for another's and for none alike."""
        return self._store.get(*owner_key(loan_id, uscc)) is not None

    def of_enterprise(self, uscc: str) -> Iterator[str]:
        """Ids of the enterprise's loans, the latest changed first."""
        for record in _index(self._store, "gsi1", enterprise_key(uscc), prefix="loan#", reverse=True):
            yield record.pk.removeprefix("loan#")

    def watched(self) -> Iterator[str]:
        """Ids of the loans that are open, or closed so lately that their last word may not be out yet."""
        for number in range(SHARDS):
            for record in _index(self._store, "gsi2", open_key(number)):
                yield record.pk.removeprefix("loan#")

    def summaries(self, years: Iterable[int]) -> Iterator[LoanSummary]:
        """Every watched loan and those that ended in these years, in one line each, from the index alone."""
        lists = [open_key(number) for number in range(SHARDS)]
        lists += [done_key(year, number) for year in years for number in range(SHARDS)]
        for name in lists:
            for record in _index(self._store, "gsi2", name, limit=1000):
                yield LoanSummary.model_validate(record.body["summary"])

    def done(self, year: int) -> Iterator[str]:
        """Ids of the loans that ended and were last heard of in this year."""
        for number in range(SHARDS):
            for record in _index(self._store, "gsi2", done_key(year, number)):
                yield record.pk.removeprefix("loan#")

    def save(self, filed: Filed, new: Sequence[LoanEvent], replaced: Sequence[LoanEvent], old: Filed | None) -> None:
        """Write the loan and the events that changed, in one transaction over ``old``."""
        pk = loan_key(filed.loan.id)
        written = {event_sk(event) for event in new}
        writes: list[Write] = [
            Put(_row(filed), if_absent=old is None, if_version=old.version if old else None),
            *(Put(Record(pk, event_sk(event), _event_body(event, filed))) for event in new),
            *(Delete(pk, sk) for sk in {event_sk(event) for event in replaced} - written),
            *_owner_writes(filed, old),
        ]
        self._store.transact(writes)

    def refile(self, filed: Filed) -> None:
        """Write the loan's own rows as this version keeps them, changing nothing of the loan (``jobs/upgrade.py``)."""
        owner = Record(*owner_key(filed.loan.id, filed.loan.head.uscc), {})
        self._store.transact([Put(_row(filed), if_version=filed.version), Put(owner)])


class ProjectRepository:
    """Rows of transition projects: ``project#{id}``, listed by enterprise and, over shards, all together."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, project_id: str) -> TransitionProject | None:
        record = self._store.get(f"project#{project_id}", "row")
        return TransitionProject.model_validate(record.body) if record else None

    def all(self) -> Iterator[TransitionProject]:
        for number in range(SHARDS):
            for record in _index(self._store, "gsi2", f"projects#{number}"):
                yield TransitionProject.model_validate(record.body)

    def of_enterprise(self, uscc: str) -> Iterator[TransitionProject]:
        for record in _index(self._store, "gsi1", enterprise_key(uscc), prefix="project#"):
            yield TransitionProject.model_validate(record.body)

    def save(self, project: TransitionProject, version: int | None) -> None:
        """Raises Conflict where the row is not the one that was read; ``version`` None where there was none."""
        self._store.put(_project_row(project), if_absent=version is None, if_version=version)

    def reviewed(self, project_id: str) -> tuple[TransitionProject, int, list[ReviewStep]] | None:
        """An entry with the version of its row and every act of its review, in order."""
        pk = f"project#{project_id}"
        row = self._store.get(pk, "row")
        if row is None:
            return None
        steps = self._store.query(pk, prefix=_REVIEW, limit=_MOST_STEPS).records
        history = [ReviewStep.model_validate(record.body) for record in steps]
        return TransitionProject.model_validate(row.body), row.version, history

    def add_step(self, project: TransitionProject, version: int, number: int, step: ReviewStep) -> None:
        """Write the act and what the entry is after it, together. Raises Conflict when somebody was first."""
        place = Record(f"project#{project.id}", f"{_REVIEW}{number:04}", step.model_dump(mode="json"))
        self._store.transact([Put(_project_row(project), if_version=version), Put(place, if_absent=True)])


_REVIEW = "review#"
_MOST_STEPS = 1000


def _project_row(project: TransitionProject) -> Record:
    return Record(
        pk=f"project#{project.id}",
        sk="row",
        body=project.model_dump(mode="json"),
        gsi1=(enterprise_key(project.uscc), f"project#{project.id}"),
        gsi2=(f"projects#{shard(project.id)}", project.id),
    )


def _index(
    store: Store, index: Index, pk: str, *, prefix: str | None = None, reverse: bool = False, limit: int = 100
) -> Iterator[Record]:
    page: str | None = None
    while True:
        found = store.query_index(index, pk, prefix=prefix, page=page, reverse=reverse, limit=limit)
        yield from found.records
        if (page := found.next) is None:
            return


def _owner_writes(filed: Filed, old: Filed | None) -> list[Write]:
    loan_id, uscc, before = filed.loan.id, filed.loan.head.uscc, old.loan.head.uscc if old else None
    if uscc == before:
        return []
    added: list[Write] = [Put(Record(*owner_key(loan_id, uscc), {}))]
    return [*added, Delete(*owner_key(loan_id, before))] if before else added


def _row(filed: Filed) -> Record:
    loan = filed.loan
    return Record(
        pk=loan_key(loan.id),
        sk="row",
        body={
            "head": loan.head.model_dump(mode="json"),
            "updated": stamp(loan.updated),
            "summary": summary(loan).model_dump(mode="json"),
        },
        gsi1=(enterprise_key(loan.head.uscc), f"loan#{stamp(loan.updated)}"),
        gsi2=(open_key(shard(loan.id)) if filed.watched else _done_key(loan), loan.id),
    )


def _event_body(event: LoanEvent, filed: Filed) -> dict[str, object]:
    return {"event": event.model_dump(mode="json"), "arrived": stamp(filed.arrived[event.id])}


def _filed(row: Record, records: Sequence[Record]) -> Filed:
    events = [LoanEvent.model_validate(record.body["event"]) for record in records]
    return Filed(
        loan=Loan(
            head=LoanHead.model_validate(row.body["head"]),
            events=tuple(sorted(events, key=lambda event: (event.at, event.id))),
            updated=from_stamp(row.body["updated"]),
        ),
        version=row.version,
        watched=row.gsi2 is not None and row.gsi2[0].startswith(_OPEN),
        arrived={record.body["event"]["id"]: from_stamp(record.body["arrived"]) for record in records},
    )
