"""One huge job beside many small ones, counted second by second: nobody waits behind the digest to the whole county."""

from __future__ import annotations

from chalicelib.notices.kinds import QUEUES, NoticeKind, Priority
from chalicelib.notices.ledger import Ledger
from chalicelib.notices.model import Notice, NoticeState
from chalicelib.notices.planning import FEW, Circumstances, plan
from tests.unit.notices.support import NOW, World, draft, notice

PER_SECOND = 20
_SENT = {NoticeState.ACCEPTED, NoticeState.DELIVERED}
MANY, JOBS, EACH = 5_000, 10, 8


class Crowd(World):
    """Workers who do not know better: every second, each takes what its queue has, those of the digest first."""

    def __init__(self) -> None:
        super().__init__(per_second=PER_SECOND)

    def second(self) -> None:
        for priority in reversed(Priority):
            for _ in range(3):
                for message in self.queue.receive(QUEUES[priority], limit=10):
                    self.notices.deliver(str(message.body["notice"]), self.now)
                    self.queue.ack(QUEUES[priority], message.receipt)
        self.clock.advance(1)

    def sent(self, notices: list[Notice]) -> int:
        return sum(self.notices.show(each.id).state in _SENT for each in notices)


def _digest(world: Crowd) -> list[Notice]:
    """Straight into its queue: what counts here is that the backlog is there."""
    ledger, found = Ledger(world.memory), []
    for n in range(MANY // 50):
        world.county.bind(f"u{n}", f"o-{n}")
        world.notices.subscriptions.accepted(f"o-{n}", "tmpl-policy", world.now)
        some = [notice(f"digest#{k}", f"o-{n}", kind=NoticeKind.POLICY_DIGEST, uscc=f"u{n}") for k in range(50)]
        assert ledger.place(some)
        world.queue.send(QUEUES[Priority.BULK], [{"notice": one.id} for one in some])
        found += some
    return found


def test_ten_small_jobs_and_a_loan_beside_a_digest_of_five_thousand() -> None:
    world = Crowd()
    digest = _digest(world)
    world.second()
    small: list[Notice] = []
    for job in range(JOBS):
        world.county.bind(f"s{job}", f"o-small-{job}")
        world.notices.subscriptions.accepted(f"o-small-{job}", "tmpl-policy", world.now)
        for n in range(EACH):
            kind = NoticeKind.POLICY_DIGEST if job % 2 else NoticeKind.CREDIT_REPAIR
            small.append(notice(f"job#{job}#{n}", f"o-small-{job}", kind=kind, uscc=f"s{job}", few=True))
    world.place(*small)
    for _ in range(3):
        world.second()
    alert = notice()
    world.place(alert)
    world.second()
    assert world.sent([alert]) == 1
    for _ in range(30):
        world.second()
    assert world.sent(small) == len(small)
    assert 0 < world.sent(digest) < MANY // 10


def test_a_run_of_a_few_is_marked_and_one_of_many_is_not() -> None:
    def planned(count: int, **around: bool) -> set[Priority]:
        world = World()
        usccs = [f"u{n}" for n in range(count)]
        for uscc in usccs:
            world.county.bind(uscc, f"o-{uscc}")
        people = {uscc: world.notices.people(uscc, NoticeKind.POLICY_DIGEST) for uscc in usccs}
        here = Circumstances(NOW.date(), NOW, people, lambda _: False, **around)  # type: ignore[arg-type]
        drafts = [draft("policy", NoticeKind.POLICY_DIGEST, uscc) for uscc in usccs]
        return {item.notice.priority for item in plan(drafts, here).items}

    assert planned(FEW) == {Priority.NORMAL}
    assert planned(FEW + 1) == {Priority.BULK}
    assert planned(1, part_of_many=True) == {Priority.BULK}
