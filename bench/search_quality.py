"""Search quality, calibration and speed: python bench/search_quality.py [DIR of evaluation sets] [--stride N].

1. hit@k and MRR@10 on every set in DIR (three-file form) through ``guide evaluate``'s own code.
2. Every stored phrasing of our items with itself left out of the index.
3. What is answered, asked back and handed over, against right and wrong: our phrasings left out, out-of-scope text,
   and each set with its right documents in the index and with them taken out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from chalicelib.guidance import documents  # noqa: E402
from chalicelib.guidance.aliases import normalise  # noqa: E402
from chalicelib.guidance.confidence import Verdict, verdict  # noqa: E402
from chalicelib.guidance.evaluate import evaluate, read_set  # noqa: E402
from chalicelib.guidance.model import Bundle, ServiceItem  # noqa: E402
from chalicelib.guidance.outside import outside  # noqa: E402
from chalicelib.guidance.search import Ranking, SearchIndex  # noqa: E402

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

    def line(self) -> str:
        size = self.verdicts.total()
        shares = [self.verdicts[v] / size for v in (Verdict.ANSWER, Verdict.CANDIDATES, Verdict.HANDOFF)]
        return f"| {self.name} | {size} | " + " | ".join(
            f"{s:.1%}" for s in (*shares, self.wrong / size, self.among / size)
        )


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


def sets_table(directory: Path) -> None:
    print("\n| set | queries | hit@1 | hit@3 | hit@10 | MRR@10 | queries/s |\n|---|---|---|---|---|---|---|")
    for path in sorted(one for one in directory.iterdir() if one.is_dir()):
        found = evaluate(path)
        quality = " | ".join(f"{100 * found[key]:.1f}" for key in ("hit@1", "hit@3", "hit@10", "mrr@10"))
        print(f"| {path.name} | {found['queries']} | {quality} | {1 / found['seconds_per_query']:,.0f} |")


def own_table(ranked: list[tuple[ServiceItem, Ranking]]) -> None:
    first = sum(bool(r.hits) and r.hits[0].id == item.id for item, r in ranked)
    three = sum(item.id in {hit.id for hit in r.hits} for item, r in ranked)
    size = len(ranked)
    print(f"\nOwn phrasings left out of the index ({size}): hit@1 {first / size:.1%}, hit@3 {three / size:.1%}")


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


def answerable(path: Path, stride: int) -> Iterator[Outcomes]:
    questions = read_set(path)
    index = SearchIndex.build(questions.documents.values())
    chosen = list(questions.relevant.items())[::stride]
    yield judge(
        f"{path.name}, right document there",
        ((index.rank(normalise(questions.queries[id_])), set(right)) for id_, right in chosen),
    )
    gone = chosen[::2]
    removed = {id_ for _, right in gone for id_ in right}
    index = SearchIndex.build(one for id_, one in questions.documents.items() if id_ not in removed)
    yield judge(
        f"{path.name}, right document removed",
        ((index.rank(normalise(questions.queries[id_])), set()) for id_, _ in gone),
    )


def speed(index: SearchIndex, texts: list[str]) -> None:
    started = time.perf_counter()
    for text in texts:
        index.rank(normalise(text))
    spent = time.perf_counter() - started
    print(f"\nOur guides: {len(texts) / spent:,.0f} questions a second, {1000 * spent / len(texts):.2f} ms each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", default=ROOT.parent / "shared/data/eval")
    parser.add_argument("--stride", type=int, default=1, help="take every Nth query of a set for the calibration")
    given = parser.parse_args()
    items, bundles = guides()
    sets_table(given.directory)
    ranked = list(left_out(items, bundles))
    own_table(ranked)
    whole = {bundle.id: bundle for bundle in bundles}

    def right(item: ServiceItem) -> set[str]:
        """The item, and a 一件事 that has it as a step: its card opens the item in one tap."""
        return {item.id, *(id_ for id_, bundle in whole.items() if item.id in bundle.item_ids)}

    index = documents.index_of(items, bundles)
    print("\n| group | questions | answered | asked back | handed over | wrong and confident | right among asked |")
    print("|---|---|---|---|---|---|---|")
    print(judge("own phrasings, left out", ((ranking, right(item)) for item, ranking in ranked)).line(), "|")
    for outcomes in out_of_scope(index, given.directory):
        print(outcomes.line(), "|")
    for path in sorted(one for one in given.directory.iterdir() if one.is_dir()):
        for outcomes in answerable(path, given.stride):
            print(outcomes.line(), "|")
    speed(index, [phrase for item in items for phrase in item.asks])


if __name__ == "__main__":
    main()
