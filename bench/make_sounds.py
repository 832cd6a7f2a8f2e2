"""Writes chalicelib/guidance/sounds.txt from pypinyin's readings: ``.venv-bench/bin/python -m bench.make_sounds``."""

from __future__ import annotations

from collections import defaultdict

from pypinyin import Style, lazy_pinyin

from chalicelib.guidance.sounds import TABLE, folded_syllable


def characters() -> str:
    """The 6,763 characters of GB 2312, the frequent 3,755 first."""
    cells = (bytes((high, low)) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
    return "".join(cell.decode("gb2312", errors="ignore") for cell in cells)


def main() -> None:
    groups: dict[str, str] = defaultdict(str)
    for one in characters():
        groups[folded_syllable(lazy_pinyin(one, style=Style.NORMAL, v_to_u=False)[0])] += one
    TABLE.write_text("\n".join(groups[sound] for sound in sorted(groups)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
