"""When two labels are one label spelt in two ways: as SQL, for the labels of answers, and as a function, for those of a
task. Registers nothing."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from pipeline.knobs import KnobError

# blocks of forms that differ from others only in width or dress: spaces, circled and full-width forms, half-width kana
_BLOCKS = ((0xA0, 0xA0), (0x2000, 0x200A), (0x202F, 0x202F), (0x2460, 0x2473), (0x24B6, 0x24EA), (0x3000, 0x3000),
           (0xFF00, 0xFFEF))  # fmt: skip
# what joins or ends words: in a key each run of it is one space
SPACES = r"[\s\x{1c}-\x{1f}\x{85}\p{Z}]+"
MARKS = r"[\s\x{1c}-\x{1f}\x{85}\p{Z}\p{P}]+"


# The key of the column `label` in SQL, with its parameters as `parameters` gives them.
KEY_SQL = """
coalesce(nullif(trim(regexp_replace(
  CASE WHEN $case AND $width THEN lower(nfc_normalize(translate({label}, $wide, $plain)))
    WHEN $case THEN lower({label}) WHEN $width THEN nfc_normalize(translate({label}, $wide, $plain)) ELSE {label} END,
  $marks, ' ', 'g')), ''), {label})
"""


def parameters(*, case: bool, width: bool, punctuation: bool) -> dict[str, str | bool]:
    """What KEY_SQL is asked with."""
    wide, plain = widths()
    marks = MARKS if punctuation else SPACES
    return {"case": case, "width": width, "wide": wide, "plain": plain, "marks": marks}


@lru_cache
def widths() -> tuple[str, str]:
    """The characters that NFKC makes another single character of, in these blocks, and what they become."""
    signs = [chr(code) for low, high in _BLOCKS for code in range(low, high + 1)]
    pairs = [(sign, unicodedata.normalize("NFKC", sign)) for sign in signs]
    found = [(one, plain) for one, plain in pairs if plain != one and len(plain) == 1]
    return "".join(one for one, _ in found), "".join(plain for _, plain in found)


def key(label: str, *, case: bool = True, width: bool = True, punctuation: bool = True) -> str:
    """Equal for labels that differ only by white space at the ends or in runs, and by what is named. A label of nothing
    else is its own key."""
    read = label
    if width:
        read = unicodedata.normalize("NFC", read.translate(_table()))
    if case:
        read = read.lower()
    joined = (" " if _is_mark(sign, punctuation=punctuation) else sign for sign in read)
    return " ".join("".join(joined).split()) or label


def _is_mark(sign: str, *, punctuation: bool) -> bool:
    return sign.isspace() or (unicodedata.category(sign)[0] in ("P", "Z") if punctuation else False)


@lru_cache
def _table() -> dict[int, int]:
    return str.maketrans(*widths())


@lru_cache
def pairs(synonyms: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The synonyms as pairs of a label and what it means. Raises KnobError."""
    found = []
    for one in synonyms:
        old, mark, new = (part.strip() for part in one.partition("="))
        if not (mark and old and new):
            raise KnobError(f"The synonym '{one}' must be written as LABEL=OTHER, as in POS=positive.")
        found.append((old, new))
    return tuple(found)
