"""Search quality and calibration: ``python -m bench search_quality``. Words alone, as a question is decided by them.

1. hit@k and MRR@10 on every set (three-file form), all questions and each half of them; weights were chosen on all.
2. Every stored phrasing of our items with itself left out of the index.
3. What is answered, asked back and handed over, against right and wrong: our phrasings left out, out-of-scope text,
   and each set with its right documents in the index and with them taken out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.report import Section, table
from chalicelib.guidance import documents
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.confidence import Verdict, verdict
from chalicelib.guidance.evaluate import DEPTH, first_right, read_set, summary
from chalicelib.guidance.model import Bundle, ServiceItem
from chalicelib.guidance.outside import outside
from chalicelib.guidance.search import Ranking, SearchIndex

ROOT = Path(__file__).resolve().parents[1]
SETS = ROOT.parent / "shared" / "data" / "eval"
PROMISED = 0.05
"""At most so many of each condition may be wrong and confident."""
STRIDE = 3
"""Every third question of a set of more than a thousand is enough for the calibration."""
OURS = (
    "身份证 社保 公积金 执照 医保 公司 企业 登记 房 起诉 诉讼 破产 调解 执行 公证 贷款 许可 注销 个体 食品 卫生 环评 "
    "排污 用电 立案 信用 抵押 保险 法院 合同 债 项目 政策 补贴 税"
).split()
"""Words of our own guides: a question of another set without any of them is out of our scope."""


@dataclass
class Outcomes:
    """Verdicts of one group of questions; ``right`` counts answers with the right document first."""

    name: str
    verdicts: Counter[Verdict]
    wrong: int = 0
    among: int = 0

    def row(self) -> list[str]:
        size = self.verdicts.total()
        shares = [self.verdicts[v] / size for v in (Verdict.ANSWER, Verdict.CANDIDATES, Verdict.HANDOFF)]
        return [self.name, str(size), *(f"{s:.1%}" for s in (*shares, self.wrong / size, self.among / size))]


def judge(name: str, judged: Iterable[tuple[Ranking, set[str]]]) -> Outcomes:
    """``judged``: rankings and the ids that are right (none when nothing is)."""
    outcomes = Outcomes(name, Counter())
    for ranking, right in judged:
        decided = verdict(ranking)
        outcomes.verdicts[decided] += 1
        ids = [hit.id for hit in ranking.hits]
        outcomes.wrong += decided is Verdict.ANSWER and ids[0] not in right
        outcomes.among += decided is Verdict.CANDIDATES and bool(right & set(ids))
    return outcomes


def guides() -> tuple[list[ServiceItem], list[Bundle]]:
    items = yaml.safe_load((ROOT / "data/items.yaml").read_text(encoding="utf-8"))
    bundles = yaml.safe_load((ROOT / "data/bundles.yaml").read_text(encoding="utf-8"))
    return [ServiceItem.model_validate(row) for row in items], [Bundle.model_validate(row) for row in bundles]


def left_out(items: list[ServiceItem], bundles: list[Bundle]) -> Iterator[tuple[ServiceItem, Ranking]]:
    """Every phrasing of every item, asked of an index without it."""
    others = {row.id: documents.of_item(row) for row in items} | {row.id: documents.of_bundle(row) for row in bundles}
    for item in items:
        for phrase in item.asks:
            bare = item.model_copy(update={"asks": tuple(one for one in item.asks if one != phrase)})
            index = SearchIndex.build((others | {item.id: documents.of_item(bare)}).values(), documents.EMPHASIS)
            yield item, index.rank(normalise(phrase))


def quality(directory: Path) -> list[list[str]]:
    """Rows of one set: all questions, and each half."""
    questions = read_set(directory)
    index = SearchIndex.build(questions.documents.values())
    asked = questions.relevant.items()
    ranks = [first_right(index.search(normalise(questions.queries[id_]), DEPTH), right) for id_, right in asked]
    rows = []
    for name, part in (("all", ranks), ("even", ranks[::2]), ("odd", ranks[1::2])):
        found = summary(part, 0.0)
        shares = [f"{100 * found[key]:.1f}" for key in ("hit@1", "hit@3", "hit@10", "mrr@10")]
        rows.append([directory.name, name, str(len(part)), *shares])
    return rows


def own(ranked: list[tuple[ServiceItem, Ranking]]) -> str:
    first = sum(bool(r.hits) and r.hits[0].id == item.id for item, r in ranked)
    three = sum(item.id in {hit.id for hit in r.hits} for item, r in ranked)
    size = len(ranked)
    return f"Own phrasings left out of the index ({size}): hit@1 {first / size:.1%}, hit@3 {three / size:.1%}."


def out_of_scope(index: SearchIndex, directory: Path) -> Iterator[Outcomes]:
    lines = [line for line in (ROOT / "bench/sets/out_of_scope.txt").read_text(encoding="utf-8").split("\n") if line]
    yield judge("out of scope, own list, through the outside filter", asked(index, lines))
    yield judge("out of scope, own list, search alone", ((index.rank(normalise(one)), set()) for one in lines))
    for path in sorted(one for one in directory.iterdir() if one.is_dir()):
        texts = [t for t in read_set(path).queries.values() if not any(word in t for word in OURS)]
        yield judge(f"out of scope, from {path.name}", asked(index, texts))


def asked(index: SearchIndex, texts: Iterable[str]) -> Iterator[tuple[Ranking, set[str]]]:
    """As the guide service does: what is recognised as no question for a guide never reaches the index."""
    for text in texts:
        plain = normalise(text)
        yield (Ranking([]) if outside(plain) else index.rank(plain)), set()


def answerable(path: Path) -> tuple[Outcomes, Outcomes]:
    """With the right documents in the index, and with those of every second question taken out."""
    questions = read_set(path)
    index = SearchIndex.build(questions.documents.values())
    chosen = list(questions.relevant.items())[:: STRIDE if len(questions.relevant) > 1000 else 1]
    there = judge(
        f"{path.name}, right document there",
        ((index.rank(normalise(questions.queries[id_])), set(right)) for id_, right in chosen),
    )
    gone = chosen[::2]
    removed = {id_ for _, right in gone for id_ in right}
    index = SearchIndex.build(one for id_, one in questions.documents.items() if id_ not in removed)
    out = judge(
        f"{path.name}, right document taken out",
        ((index.rank(normalise(questions.queries[id_])), set()) for id_, _ in gone),
    )
    return there, out


def together(name: str, groups: Iterable[Outcomes]) -> Outcomes:
    """Several groups as one."""
    whole = Outcomes(f"**{name}**", Counter())
    for group in groups:
        whole.verdicts += group.verdicts
        whole.wrong += group.wrong
        whole.among += group.among
    return whole


def section() -> Section:
    title = "Search: quality and calibration"
    if not SETS.exists():
        return Section(title, "Not run: the question sets are not part of the project.", holds=False)
    items, bundles = guides()
    paths = sorted(one for one in SETS.iterdir() if one.is_dir())
    ranked = list(left_out(items, bundles))
    mine = judge("own phrasings, left out", ((ranking, right(item, bundles)) for item, ranking in ranked))
    outer = list(out_of_scope(documents.index_of(items, bundles), SETS))
    pairs = [answerable(path) for path in paths]
    there, gone = [mine, *(pair[0] for pair in pairs)], [pair[1] for pair in pairs]
    whole = [
        together("right document there", there),
        together("right document taken out", gone),
        together("out of scope, as the service does it", [outer[0], *outer[2:]]),
    ]
    head = ["questions from", "n", "answered", "asked back", "handed over", "wrong and confident", "right among asked"]
    sets = table(
        ["set", "half", "n", "hit@1", "hit@3", "hit@10", "MRR@10"], [row for one in paths for row in quality(one)]
    )
    outcomes = table(head, [group.row() for group in (*there, *gone, *outer, *whole)])
    text = f"`python -m bench search_quality`, words alone.\n\n{sets}\n\n{own(ranked)}\n\n{outcomes}"
    return Section(title, text, all(group.wrong < PROMISED * group.verdicts.total() for group in whole))


def right(item: ServiceItem, bundles: Iterable[Bundle]) -> set[str]:
    """The item, and a 一件事 that has it as a step: its card opens the item in one tap."""
    return {item.id, *(bundle.id for bundle in bundles if item.id in bundle.item_ids)}
