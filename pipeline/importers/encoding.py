"""Which encoding the bytes of a text file are in. Looks at a bounded sample; decides once for the whole file.

Bytes that the chosen encoding cannot read become BROKEN, a code point no decoder gives, so that their row can be
rejected by its line and the others taken.
"""

from __future__ import annotations

import codecs
import io
import re
from pathlib import Path

from charset_normalizer import from_bytes

CHUNK = 1 << 20
SAMPLE = 4 * CHUNK
BROKEN = "\udcff"
ERRORS = "winnow.broken"

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# East Asian encodings, and the letters by which a text in them is known; in this order, for each reads most bytes.
_EAST_ASIAN = (
    ("cp932", re.compile(r"[\u3040-\u30ff]"), 0.3),
    ("euc_jp", re.compile(r"[\u3040-\u30ff]"), 0.3),
    ("euc_kr", re.compile(r"[\uac00-\ud7a3]"), 0.7),
    ("big5", re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uff65]"), 0.9),
)
# What charset-normalizer chooses among where the bytes are of a single-byte encoding.
_SINGLE_BYTE = ["cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256"]
_NAMES = {
    "utf-8-sig": "UTF-8 with BOM", "utf-8": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE", "utf-32": "UTF-32", "gb18030": "GB18030",
}  # fmt: skip
# What UTF-16 text is made of: Latin, punctuation, kana, hanzi, hangul, full-width forms.
_PLAUSIBLE = re.compile(r"[\t\n\r -~\u00a0-\u024f\u2010-\u2027\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]")


def _mark_broken(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BROKEN, error.end


codecs.register_error(ERRORS, _mark_broken)


def detect(path: Path) -> str | None:
    """The name of the encoding for `open`, or None if the file does not look like text in any that we know."""
    sample = _sample(path)
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name
    nuls = sample.count(0)
    valid = _share_of_lines(sample, "utf-8")
    if nuls and (valid < 1 or nuls > 0.2 * len(sample)):
        found = next((name for name in ("utf-16-le", "utf-16-be") if _is_utf16(sample, name)), None)
        if found:
            return found
    if _is_binary(sample[: 1 << 18]):
        return None
    if valid >= 0.5:
        return "utf-8"
    foreign = b"".join(_foreign_lines(sample))[: 1 << 18]
    if _is_gb(foreign):
        return "gb18030"
    return _east_asian(foreign) or _single_byte(foreign[: 1 << 16])


def is_known(encoding: str) -> bool:
    """Whether this names an encoding of text that can be opened."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding).close()
    except (LookupError, ValueError):  # also hex, zip and their like, which decode no text
        return False
    return True


def shown(encoding: str) -> str:
    """The encoding's name as a reader knows it."""
    return _NAMES.get(encoding, encoding.upper().replace("_", "-"))


def _sample(path: Path) -> bytes:
    """The file's beginning; where that is plain ASCII, also its first stretches that are not."""
    with path.open("rb") as file:
        found = file.read(CHUNK)
        if not found.isascii() or len(found) < CHUNK:
            return found
        while len(found) < SAMPLE and (chunk := file.read(CHUNK)):
            if not chunk.isascii():
                found += chunk
    return found


def _share_of_lines(sample: bytes, encoding: str) -> float:
    """Of the lines that are not ASCII, the share that the encoding reads whole (1.0 where there are none)."""
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        lines = _foreign_lines(sample)
        return sum(_reads(line, encoding) for line in lines) / max(1, len(lines))
    return 1.0


def _foreign_lines(sample: bytes) -> list[bytes]:
    lines = [line for line in sample.splitlines(keepends=True) if not line.isascii()][:20_000]
    if len(sample) >= CHUNK and len(lines) > 1:
        del lines[-1]  # the sample's end may cut a character
    return lines


def _reads(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf16(sample: bytes, name: str) -> bool:
    text = sample[: len(sample) // 4 * 4][:200_000].decode(name, "ignore")
    return bool(text) and len(_PLAUSIBLE.findall(text)) / max(1, len(text)) > 0.9 and text.count("\0") == 0


def _is_binary(head: bytes) -> bool:
    """Whether control characters are more than a text's dirt."""
    return len(re.findall(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head)) > max(8, 0.05 * len(head))


def _is_gb(foreign: bytes) -> bool:
    """Whether nearly all pairs of bytes are hanzi or marks of GB2312: in Western text and Big5 second bytes are low."""
    pairs = re.findall(rb"[\x81-\xfe][\x30-\xfe]", foreign)
    if not pairs:
        return False
    common = sum(b"\xa1\xa1" <= pair <= b"\xf7\xfe" and pair[1] >= 0xA1 for pair in pairs)
    rare = sum(pair[0] >= 0xD8 for pair in pairs)  # where cp1251 has its small letters
    kana = sum(pair[0] in (0xA4, 0xA5) for pair in pairs)  # where EUC-JP has its kana
    hanzi = [pair[0] for pair in pairs if pair[0] >= 0xB0]
    hangul = sum(lead <= 0xC8 for lead in hanzi)  # where EUC-KR has all its hangul, and GB2312 half its hanzi
    korean = len(hanzi) >= 10 and hangul / len(hanzi) > 0.97
    if korean or _share_of_lines(foreign, "gb18030") < 0.5:
        return False
    return common / len(pairs) > 0.9 and kana / len(pairs) < 0.2 and rare / len(pairs) < 0.3


def _east_asian(foreign: bytes) -> str | None:
    for name, letters, share in _EAST_ASIAN:
        if _share_of_lines(foreign, name) >= 0.9:
            text = re.sub(r"[\x00-\x7f]", "", foreign.decode(name, "ignore"))
            if text and len(letters.findall(text)) / len(text) >= share:
                return name
    return None


def _single_byte(foreign: bytes) -> str | None:
    found = [match.encoding for match in from_bytes(foreign, cp_isolation=_SINGLE_BYTE)]
    return "cp1252" if "cp1252" in found else next(iter(found), None)  # of two that both read it, the usual one
