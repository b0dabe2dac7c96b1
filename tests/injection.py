"""Text that would be something else if it were not shown as text: markup, script, Markdown, formulas, invisible signs.

Every string names the place that it was put into, so that what runs, loads or is drawn says where it came through.
"""

from __future__ import annotations

import re

ORIGIN = "http://evil.test"  # nothing may ever ask it for anything
LONG = "w" * 5000

# @ stands for the place.
TEMPLATES = {
    "script": "<script>window.__hit='@ script'</script>",
    "image": "<img src=x onerror=\"window.__hit='@ image'\">",
    "image_elsewhere": "<img src='http://evil.test/@/image' class=planted>",
    "svg": "<svg onload=\"window.__hit='@ svg'\"><a href='javascript:1'>s</a></svg>",
    "attribute": "\"><b class=planted onmouseover=\"window.__hit='@ attribute'\">",
    "single_quote": "' autofocus onfocus='window.__hit=1' x='",
    "text_area": "</textarea><script>window.__hit='@ textarea'</script>",
    "style": "</style><style>@import 'http://evil.test/@/style';</style>",
    "css": '<div class=planted style="background:url(http://evil.test/@/css);position:fixed;inset:0">over</div>',
    "frame": "<iframe class=planted srcdoc=\"<script>parent.__hit='@ frame'</script>\"></iframe>",
    "comment": "<!-- @ --><b class=planted>after</b>",
    "cdata": "]]><b class=planted>cdata</b>",
    "entity": "&lt;b&gt; &amp;lt; &#60;script&#62; &nbsp;&NewLine;&copy;",
    "javascript_link": "[zqclick](javascript:window.__hit='@%20link')",
    "link": "[zqlink](http://evil.test/@/link) <http://evil.test/@/auto> http://evil.test/@/bare www.evil.test x@evil.test",
    "picture": "![zqpicture](http://evil.test/@/picture)",
    "picture_by_name": "![zqnamed][1]\n\n[1]: http://evil.test/@/named",
    "linked_picture": "[![zq](http://evil.test/@/inner)](http://evil.test/@/outer)",
    "emphasis": "**zqbold** *zqlean* __zqstrong__ ~~zqstruck~~ `zqcode`",
    "heading": "# zqheading",
    "list": "- zqpoint\n1. zqfirst\n> zqquote",
    "code": "    zqindented\n```\nzqfence\n```",
    "diagram": '```mermaid\ngraph LR\nzqa@{ img: "http://evil.test/@/node" } --> zqb\n```\n~~~ M&#101;rmaid\ngraph LR\nzqc --> zqd\n~~~',
    "table": "|zqa|zqb|\n|---|---|\n|zqc|zqd|",
    "directive": ":material/zqicon: :red[zqred] :blue-background[zqblue] :orange-badge[zqbadge] :small[zqsmall] :smile:",
    "latex": "$zq^2$ $$\\zqfrac{1}{2}$$ \\(zq\\) \\href{javascript:1}{zq} \\includegraphics{http://evil.test/@/tex}",
    "footnote": "a zq[^1] --- -> <- >= ...",
    "braces": "{x} {{7*7}} {0} {text} {label} {n} ${7*7} #{7*7} <%= 7*7 %> {% raw %}",
    "percent": "%s %d %(x)s %n %% %00 %3Cscript%3E $& $1 \\1 \\u003cscript\\u003e",
    "bidi": "abc\u202etxt.exe\u202c \u2066x\u2069 \u200f ctoken",
    "invisible": "a\u200bb\u200c\u200d\ufeffc\u00ad\u2060 ctoken",
    "terminal": "\x1b[31mred\x1b[0m\x1b]0;title\x07 ctoken",
    "formula": '=HYPERLINK("http://evil.test/@/formula","click")',
    "formula_at": "@SUM(1+1)*cmd|'/c calc'!A0",
    "data_url": "data:text/html,<script>window.__hit='@ data'</script>",
    "address": "a?b&c#d/e%2Ff+g=h;i\\..\\..",
    "path": "../../etc/passwd",
    "sql": "'; DROP TABLE record; --",
    "proto": "__proto__",
    "constructor": "constructor",
    "to_string": "toString",
    "number": "007",
    "json": '{"$type":"x","text":"zq"}',
    "chinese": "「<b class=planted>张伟</b>」：**zq粗** ＝1+1",
    "long": LONG,
}  # fmt: skip
INLINE = [
    name for name, template in TEMPLATES.items() if len(template) <= 130 and not re.search("[\\x00-\\x1f]", template)
]


def texts(place: str) -> dict[str, str]:
    """Every string of the corpus by its name, for this place."""
    return {name: template.replace("@/", f"{place}/").replace("@ ", f"{place} ").replace("@%", f"{place}%")
            for name, template in TEMPLATES.items()}  # fmt: skip


def lines(place: str) -> list[str]:
    """Those that are one line of at most 200 characters without spaces around them: what can be a label."""
    found = texts(place)
    return [text for text in (found[name].strip() for name in INLINE) if len(text) <= 200]


def whole(place: str) -> str:
    """All of it in one text of many lines."""
    return "\n".join(texts(place).values())


def line(place: str) -> str:
    """The worst of it in one line of at most 500 characters."""
    found = texts(place)
    names = ("script", "image", "image_elsewhere", "picture", "javascript_link", "emphasis", "directive", "latex")
    return " ".join(found[name] for name in names)


def short(place: str) -> str:
    """The worst of it in at most 80 characters, without slashes: what can name a project or a person."""
    return f"<img src=x onerror=\"__hit='{place}'\"> **zq** :red[zqr] $zq$ {{n}} ?&#%"[:80]
