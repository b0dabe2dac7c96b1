"""Texts to clean: any number of them, always the same ones, half English and half Chinese: real lines with dirt.

A text is a run of lines that follow each other in the archives of corpora.py (reviews, editorials, tweets), of a length
drawn log-normally. A share of them (MIX) then gets the dirt that such texts come with: markup, whole mails, wrongly
decoded characters, invisible ones, odd spaces, personal data; some are in other languages, and some are hardly there.
"""

from __future__ import annotations

import html
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import corpora

FORM = 3  # of the corpus: a file in the cache of another form is not taken
SEED = 31
BLOCK = 20_000
LENGTH = {"en": 560, "zh": 190}  # the median, in characters; sigma 0.7, at most 40 times as much
MIX = {"plain": 0.48, "markup": 0.15, "mail": 0.03, "mojibake": 0.05, "unseen": 0.06, "spaces": 0.10, "personal": 0.05,
       "foreign": 0.05, "short": 0.03}  # fmt: skip
UNSEEN = ("\u200b", "\ufeff", "\xad", "\u200e", "\u202a", "\u202c", "\u2060", "\x07", "\x0b", "\u2028", "\x1b[0m")
SHORT = ("", " ", "ok", "\n", "好", "?", "<br>", "no", "&nbsp;", "不错")
STYLE = (
    "body { margin: 0; padding: 0; font-family: Arial, Helvetica, sans-serif; color: #333333 }\n"
    ".row > td { padding: 4px 12px; border-bottom: 1px solid #e0e0e0 } a { color: #0a58ca }\n"
)
PERSONAL = (
    "Write to {name}@mail-{few}.com, please.", "My number is +1 415-555-{four}.", "Call 030-2{few}-{four} after six.",
    "电话：138{four}{four}", "邮箱 {name}@qq.com，谢谢", "Server 8.8.{few}.4 did not answer.", "微信 139{four}{four}。",
    "api_key = 'a8Fk{four}Lq29xZv{few}Rt7Wb3Yp'", "Ordered on 2023-05-17, order no. 20{four}{four}.",
    "Card 4111 1111 1111 1111, valid until 12/27.",
)  # fmt: skip
FOREIGN = (  # two sentences of each language
    "Das Zimmer war sauber, aber das Frühstück kam jeden Morgen viel zu spät und war kalt.",
    "Ich habe das Buch in zwei Tagen gelesen und würde es jederzeit weiterempfehlen.",
    "La batterie ne tient pas une journée entière, et le chargeur chauffe beaucoup trop.",
    "Nous avons passé une très belle soirée, le serveur était aimable et la cuisine excellente.",
    "El teléfono llegó con la pantalla rota y nadie me contesta desde hace dos semanas.",
    "Una película preciosa que merece la pena ver más de una vez con toda la familia.",
    "Номер был тесный, зато вид из окна на реку оказался просто замечательным.",
    "Книга пришла вовремя, но обложка была помята и несколько страниц склеились.",
    "部屋はとてもきれいでしたが、夜は外の音がうるさくて眠れませんでした。",
    "この本は何度読んでも面白いので、友達にもすすめています。",
    "배송은 빨랐지만 상자가 찢어져 있었고 설명서가 들어 있지 않았습니다.",
    "음식은 맛있었는데 직원들이 너무 바빠서 한참을 기다려야 했습니다.",
)


def corpus(size: int) -> Path:
    """A Parquet file with the columns id and text of `size` texts; made at the first use, then from the cache. A larger
    corpus begins with the texts of a smaller one."""
    path = corpora.home().parent / f"clean-{size}-{SEED}-{FORM}.parquet"
    if not path.exists():
        lines = {language: [one for one in corpora.real_lines(language) if one.strip()] for language in LENGTH}
        part = path.with_suffix(".part")
        with pq.ParquetWriter(part, pa.schema([("id", pa.int64()), ("text", pa.string())])) as writer:
            for first in range(0, size, BLOCK):
                maker = Maker(lines, random.Random(SEED + first))
                texts = [maker.text() for _ in range(BLOCK)][: size - first]
                writer.write_table(
                    pa.table({"id": pa.array(range(first, first + len(texts)), pa.int64()), "text": texts})
                )
        part.replace(path)
    return path


class Maker:
    """One text after the other."""

    def __init__(self, lines: dict[str, list[str]], rng: random.Random) -> None:
        self.lines, self.rng = lines, rng
        self.kinds: dict[str, Callable[[str, str], str]] = {
            "plain": lambda text, _: text, "markup": self.markup, "mail": self.mail, "mojibake": self.mojibake,
            "unseen": self.unseen, "spaces": self.spaces, "personal": self.personal,
            "foreign": self.foreign, "short": lambda *_: rng.choice(SHORT),
        }  # fmt: skip

    def text(self) -> str:
        language = self.rng.choice(list(LENGTH))
        kind = self.rng.choices(list(MIX), list(MIX.values()))[0]
        return self.kinds[kind](self.plain(language), language)

    def plain(self, language: str) -> str:
        """Lines until the text is long enough; now and then a new paragraph."""
        wanted = LENGTH[language] * min(40.0, self.rng.lognormvariate(0, 0.7))
        lines, gap = self.lines[language], " " if language == "en" else ""
        at, parts, length = self.rng.randrange(len(lines)), [], 0
        while length < wanted:
            line = lines[at % len(lines)][: int(wanted) + 200]
            parts += [line, "\n\n" if self.rng.random() < 0.1 else gap]
            length += len(line)
            at += 1
        return "".join(parts[:-1])

    def markup(self, text: str, _: str) -> str:
        """The text as a form on a page sends it: paragraphs, emphasis, a link, entities."""
        made = [f"<p>{html.escape(part)}</p>" for part in text.split("\n\n")]
        if self.rng.random() < 0.5:
            made[0] = made[0].replace(". ", ".<br />").replace("。", "。&nbsp;<b>", 1).replace("</p>", "</b></p>")
        link = "<a href='https://www.example.com/item?id=31&amp;from=mail'>more</a>"
        return f'<div class="review">{"".join(made)}{link}</div>'

    def mail(self, text: str, _: str) -> str:
        rows = "".join(f'<tr class="row"><td>{html.escape(part)}</td></tr>\n' for part in text.split("\n\n"))
        return (
            f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>Your order</title><style>{STYLE * 5}</style>'
            f'</head>\n<body><!-- {"=" * 60} --><table width="600" cellpadding="0">{rows}</table>\n'
            "<script>var seen = 1 < 2 && true;</script></body></html>"
        )

    def mojibake(self, text: str, language: str) -> str:
        """UTF-8 that was read as Windows-1252, or Chinese as GB18030."""
        if language == "en":
            text = text.replace("'", "\u2019").replace("...", "\u2026").replace(" - ", " \u2013 ") + " \u2013 caf\xe9"
        elif self.rng.random() < 0.5:
            return text.encode("utf-8").decode("gb18030", "replace")
        return "".join(
            chr(byte) if byte in _UNUSED else bytes([byte]).decode("cp1252") for byte in text.encode("utf-8")
        )

    def unseen(self, text: str, _: str) -> str:
        return self._with(text, lambda: self.rng.choice(UNSEEN), 1 + len(text) // 100)

    def spaces(self, text: str, language: str) -> str:
        odd = (
            ("  ", "\t", "\xa0", "   ", " \n")
            if language == "en"
            else ("\u3000", "\u3000\u3000", " ", "\xa0", "\n\n\n")
        )
        text = self._with(text, lambda: self.rng.choice(odd), 1 + len(text) // 80)
        return (text.replace("\n", "\r\n") if self.rng.random() < 0.3 else text) + self.rng.choice(
            ["", " ", "\n", " \n\n"]
        )

    def personal(self, text: str, _: str) -> str:
        def said() -> str:
            digits = self.rng.randrange(1000, 10_000)
            name = self.rng.choice(["anna.berg", "li_wei88", "j.smith", "zhangsan", "maria"])
            return f" {self.rng.choice(PERSONAL).format(name=name, few=digits % 200 + 20, four=digits)} "

        return self._with(text, said, self.rng.choice((1, 1, 2)))

    def foreign(self, *_: str) -> str:
        first = self.rng.randrange(0, len(FOREIGN), 2)
        return " ".join(FOREIGN[first : first + 2])

    def _with(self, text: str, what: Callable[[], str], times: int) -> str:
        places = sorted(self.rng.randrange(len(text) + 1) for _ in range(times))
        edges = [0, *places, len(text)]
        parts = [text[a:b] for a, b in pairwise(edges)]
        return parts[0] + "".join(what() + part for part in parts[1:])


_UNUSED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)  # bytes that Windows-1252 does not have; browsers keep their numbers
