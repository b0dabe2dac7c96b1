"""Keys and tokens inside a text: those whose makers gave them a form of their own, and random ones that are named.

Registers no step. The forms are those that the makers document; a value after `api_key=` counts if it looks drawn at
random. Passwords are not looked for: they look like words.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from pipeline.steps.personal_spans import Span, apart

_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9].*[0-9])", re.DOTALL)
# what must be in a text before its pattern is tried; whether letters of both cases and digits must be in the key
_FORMS = tuple(
    (mark, re.compile(pattern), mixed)
    for mark, pattern, mixed in (
        ("AKIA", r"AKIA[A-Z0-9]{16}", False),  # Amazon
        ("ASIA", r"ASIA[A-Z0-9]{16}", False),
        ("_", r"gh[pousr]_[A-Za-z0-9]{36,251}", False),  # GitHub
        ("github_pat_", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{50,60}", False),
        ("glpat-", r"glpat-[A-Za-z0-9_-]{20,64}", False),  # GitLab
        ("xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,250}", False),  # Slack
        ("hooks.slack.com", r"hooks\.slack\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{20,28}", False),
        ("AIza", r"AIza[A-Za-z0-9_-]{35}", False),  # Google
        ("ya29.", r"ya29\.[A-Za-z0-9_-]{30,400}", False),
        ("sk-", r"sk-[A-Za-z0-9_-]{20,250}", True),  # OpenAI, Anthropic and those who copy them
        ("k_", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,128}", False),  # Stripe
        ("hf_", r"hf_[A-Za-z]{34}", False),  # Hugging Face
        ("npm_", r"npm_[A-Za-z0-9]{36}", False),
        ("pypi-", r"pypi-AgEI[A-Za-z0-9_-]{50,250}", False),
        ("SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", False),  # SendGrid
        ("eyJ", r"eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}", False),  # RFC 7519
    )
)
_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"  # RFC 7468
    r"(?:(?s:.{0,10000}?)-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s]*)"
)
# a name and a password in an address; without a digit or a sign it is most often the word "password"
_LOGIN = re.compile(r"://([^\s:/@<>]{1,64}:(?=[^\s:/@<>]*[0-9!#$%^&*])[^\s:/@<>]{6,128})@")
_NAMES = ("key", "token", "secret", "bearer", "密钥", "密匙", "令牌")
_VALUE = re.compile(r"""(?:["'`]?\s{0,3}(?:=>|:=|[=:：])|(?<=[rR])\s)\s{0,3}["'`]?([A-Za-z0-9_+/=.~-]{16,200})""")
_CHANGES = re.compile(r"[0-9](?=[^0-9])|[^0-9](?=[0-9])")
_SHORT_BITS, _LONG_BITS = 3.0, 4.2  # a character; random hexadecimal has 3 to 4, a random key of 32 signs more than 4.2


def keys(text: str) -> Iterator[Span]:
    """The spans of keys and tokens, which may overlap. Time grows with the text's length alone."""
    for mark, pattern, mixed in _FORMS:
        if mark in text:
            for found in pattern.finditer(text):
                if apart(text, *found.span()) and (not mixed or _MIXED.match(found[0])):
                    yield Span(*found.span(), found[0])
    if "PRIVATE KEY" in text:
        yield from (Span(*found.span(), found[0]) for found in _BLOCK.finditer(text))
    if "://" in text and "@" in text:
        yield from (Span(*found.span(1), found[1]) for found in _LOGIN.finditer(text))
    yield from _named(text)


def _named(text: str) -> Iterator[Span]:
    """Values that are called a key, with = or : between."""
    lowered = text.lower()
    read = lowered if len(lowered) == len(text) else text  # a few capitals are two letters when they are small
    for name in _NAMES:
        at = read.find(name)
        while at >= 0:
            at += len(name)
            found = _VALUE.match(text, at)
            if found and _random(found[1]):
                yield Span(*found.span(1), found[1])
            at = read.find(name, at)


def _random(value: str) -> bool:
    """Whether a value has the entropy (Shannon 1948) that only chance gives, and letters and digits that take turns, as
    in no name that a person would choose; one that is long needs but one digit."""
    shares = [n / len(value) for n in Counter(value).values()]
    bits = -sum(share * math.log2(share) for share in shares)
    changes = len(_CHANGES.findall(value))
    return bits >= _SHORT_BITS and (changes >= 4 or (changes > 0 and len(value) >= 32 and bits >= _LONG_BITS))
