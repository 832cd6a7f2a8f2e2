"""Every stored phrasing through the live path (全量问法测试): the whole conversation, on a store of its own.

Nothing is written to the real store: no ticket is opened, no miss counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from chalicelib.adapters.memory import MemoryQueue, MemoryStore
from chalicelib.bootstrap import Application
from chalicelib.content.snapshots import HEAD, PK
from chalicelib.dialogue.model import Incoming, Reply, Session, Turn
from chalicelib.guidance import phrasings
from chalicelib.guidance.model import Bundle, Section, ServiceItem
from chalicelib.ports import Put

_NOBODY = "phrasing-test"
_POLICY_SKILLS = frozenset({"policy", "policy_question", "award", "loan", "financing"})


@dataclass(frozen=True, slots=True)
class Tried:
    """One phrasing of one guide. ``got`` is the guide that was answered with, or else how the reply begins;
    ``offered``: the guide was one of the numbered steps; ``by_policy``: the guide is about a policy, and a policy skill
    took it (贴息怎么算 is better answered by the policy than by how to apply for it)."""

    phrase: str
    guide_id: str
    got: str
    offered: bool = False
    by_policy: bool = False

    @property
    def right(self) -> bool:
        return self.got == self.guide_id or self.offered or self.by_policy


def phrases(application: Application) -> list[tuple[str, str]]:
    """(phrasing, guide) of everything that is published or confirmed."""
    catalogue = application.catalogue()
    rows: list[ServiceItem | Bundle] = [*catalogue.items.values(), *catalogue.bundles.values()]
    own = [(phrase, row.id) for row in rows for phrase in row.asks]
    learned = [(text, id_) for id_, texts in application.phrasings.by_guide().items() for text in texts]
    return [*own, *learned]


def run(
    application: Application, asked: Iterable[tuple[str, str]], told: Callable[[int], None] | None = None
) -> Iterator[Tried]:
    """Ask each as a new person would."""
    house = _house_like(application)
    for number, (phrase, guide_id) in enumerate(asked, 1):
        incoming = Incoming(openid=_NOBODY, at=application.clock.now(), kind="text", text=phrase)
        reply, session = house.dialogue.answer(incoming, Session())
        tried = _tried(phrase, guide_id, reply, session)
        yield tried if tried.right or not _for_policies(house, tried, incoming) else replace(tried, by_policy=True)
        if told is not None:
            told(number)


def _for_policies(house: Application, tried: Tried, incoming: Incoming) -> bool:
    item = house.catalogue().items.get(tried.guide_id)
    if item is None or item.section is not Section.POLICY:
        return False
    return house.dialogue.router.claimant(Turn(incoming, Session(), text=tried.phrase)).name in _POLICY_SKILLS


def _tried(phrase: str, guide_id: str, reply: Reply | None, session: Session | None) -> Tried:
    topic = session.topic if session else None
    if topic is not None:
        return Tried(phrase, guide_id, topic)
    options = reply.options if reply else ()
    offered = any(option.args.get("id") == guide_id for option in options)
    return Tried(phrase, guide_id, reply.text.split("\n")[0][:30] if reply else "", offered)


def _house_like(application: Application) -> Application:
    """The same content and services over a store in memory."""
    store = MemoryStore(application.clock)
    rows = [application.store.get(PK, HEAD)]
    page: str | None = None
    while True:
        found = application.store.query(phrasings.PK, page=page, limit=1000)
        rows += found.records
        page = found.next
        if page is None:
            break
    for row in rows:
        if row is not None:
            store.transact([Put(row)])
    return Application(
        application.settings,
        clock=application.clock,
        store=store,
        queue=MemoryQueue(application.clock),
        blobs=application.blobs,
        messenger=application.messenger,
    )
