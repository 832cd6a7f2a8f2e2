"""A catalogue of 100,000 items: index built by the command's own code, mapped, asked on one core.

Made from the names of 1,135 real items (our own forty where that file is absent) by putting towns, situations and kinds
of enterprise around them, so that words are as common and names as alike as in a whole city's list.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Section, table

ROOT = Path(__file__).resolve().parent.parent
NAMES = ROOT.parent / "shared" / "data" / "items" / "guangan_items.json"
SIZE = 100_000
ASKED = 500
PROMISED_MS = 40
_AREAS = (
    "芦溪镇 上埠镇 宣风镇 南坑镇 银河镇 源南乡 长丰乡 张佳坊乡 新泉乡 万龙山乡 麻田 城区 园区 工业园 开发区".split()
)
_WHO = "个人 企业 个体工商户 农民专业合作社 外商投资企业 社会组织 事业单位 民办学校 分公司 港澳台居民".split()
_HOW = "首次办理 变更 延续 补办 注销 换证 遗失补发 依申请撤销 备案 年度报告 跨省通办 容缺受理".split()
_QUESTION = "{}怎么办 {}要带什么材料 {}多少钱 请问{}在哪里办 {}几天能办好 我想问一下{}".split(" ")

_ASK = """
import resource, statistics, sys, time
from pathlib import Path
from chalicelib.guidance.indexfile import open_file
started = time.perf_counter()
index = open_file(Path(sys.argv[1])).index
opened = time.perf_counter() - started
times, right = [], 0
for line in Path(sys.argv[2]).read_text(encoding="utf-8").split("\\n"):
    id_, text = line.split("\\t")
    started = time.process_time()
    hits = index.search(text, 10)
    times.append(1000 * (time.process_time() - started))
    right += id_ in {hit.id for hit in hits}
times.sort()
memory = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(("RssAnon", "RssFile"))]
size = len(times)
print(opened * 1000, statistics.mean(times), times[size // 2], times[int(size * 0.99)], times[-1], right / size)
print(*memory)
"""


def names() -> list[str]:
    if NAMES.exists():
        return sorted({row["name"] for row in json.loads(NAMES.read_text(encoding="utf-8"))})
    import yaml

    return [row["name"] for row in yaml.safe_load((ROOT / "data" / "items.yaml").read_text(encoding="utf-8"))]


def catalogue(size: int, dice: random.Random) -> list[str]:
    """``size`` different names."""
    known = names()
    made = dict.fromkeys(known)
    while len(made) < size:
        made[f"{dice.choice(_AREAS)}{dice.choice(_WHO)}{dice.choice(known)}（{dice.choice(_HOW)}）"] = None
    return list(made)


def section() -> Section:
    dice = random.Random(20261123)
    made = catalogue(SIZE, dice)
    with tempfile.TemporaryDirectory() as folder:
        listed, index, asked = Path(folder) / "names.jsonl", Path(folder) / "guide.idx", Path(folder) / "asked.txt"
        rows = (json.dumps({"id": str(number), "name": name}, ensure_ascii=False) for number, name in enumerate(made))
        listed.write_text("\n".join(rows), encoding="utf-8")
        questions = [
            (number, dice.choice(_QUESTION).format(made[number])) for number in dice.sample(range(SIZE), ASKED)
        ]
        asked.write_text("\n".join(f"{number}\t{text}" for number, text in questions), encoding="utf-8")
        started = time.perf_counter()
        command = [sys.executable, "-m", "jobs", "guide", "index", "--items", str(listed), "--out", str(index)]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
        built = time.perf_counter() - started
        size = index.stat().st_size / 1e6
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        run = [sys.executable, "-c", _ASK, str(index), str(asked)]
        told = subprocess.run(run, check=True, cwd=ROOT, capture_output=True, text=True, env=environment).stdout
    opened, mean, median, slow, worst, right, own, mapped = map(float, told.split())
    figures = [
        ("index built, seconds", f"{built:.0f}"),
        ("file, MB", f"{size:.0f}"),
        ("opened, ms", f"{opened:.1f}"),
        ("one query, ms of CPU: mean · median · 99 % · worst", f"{mean:.1f} · {median:.1f} · {slow:.1f} · {worst:.1f}"),
        ("asked name among the first ten", f"{right:.1%}"),
        ("resident: own pages · pages of files, MB", f"{own / 1024:.0f} · {mapped / 1024:.0f}"),
    ]
    text = (
        f"`python -m bench search_catalogue`: {SIZE:,} items around {len(names()):,} real names, {ASKED} questions, "
        f"one process, one core, plain Python. Promised: at most {PROMISED_MS} ms a query.\n\n"
        f"{table(['what', 'measured'], figures)}"
    )
    return Section("Search: a catalogue of 100,000 items", text, holds=mean <= PROMISED_MS)
