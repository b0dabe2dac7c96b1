"""What a file writes where it has no value: those of pandas.read_csv that can be a whole text, and the Chinese ones."""

from __future__ import annotations

WORDS = (
    "#n/a", "n/a", "na", "nan", "<na>", "null", "nil", "none", "(null)", "undefined", "-", "--", "无", "暂无", "空值",
    "缺失",
)  # fmt: skip
