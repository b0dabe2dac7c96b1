"""E-mail addresses, and addresses of machines, inside a text. Registers no step."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from pipeline.steps.personal_spans import Span, apart

_LETTER = r"A-Za-z0-9\u00c0-\u024f"  # Latin ones: of Chinese only what stands beside an address would be caught
_LOCAL = re.compile(rf"[{_LETTER}](?:[{_LETTER}._%+'-]{{0,62}}[{_LETTER}_%+-])?\Z")
_DOMAIN = re.compile(
    rf"@((?:[{_LETTER}](?:[{_LETTER}-]{{0,61}}[{_LETTER}])?\.){{1,8}}(?:[A-Za-z]{{2,24}}|xn--[A-Za-z0-9-]{{2,59}}))"
    rf"(?![{_LETTER}_(-])"
)
# names that no mail reaches (RFC 2606, 6761, 6762), and what files end in: logo@2x.png
_NO_MAIL = re.compile(
    r"\.(?:local|localdomain|localhost|internal|lan|invalid|png|jpe?g|gif|svg|webp|css|js|html?|json|pdf|txt|log|csv|xml|mp[34])\Z",
    re.IGNORECASE,
)
_V4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_V6 = re.compile(r"[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{3,35}")  # 2000::/3, all that is given out (RFC 4291)
_MACHINE = re.compile(
    r"(?:\bip|\bv4|address|host|server|ping|dns|proxy|login|from|connect to|地址|服务器|主机|登录|来自|从)"
    r"[\s\w:：=(\[（是为]{0,12}\Z",
    re.IGNORECASE,
)
_RELEASE = re.compile(
    r"(?:(?<![A-Za-z])(?:v|ver|version|release|build|firmware)|==|>=|<=|~=|版本|固件|V)[\s:：.是为]{0,3}\Z",
    re.IGNORECASE,
)


def mails(text: str) -> Iterator[Span]:
    """Addresses as people write them (a part of RFC 5321): no quoted names, and no handles such as @a@b.org."""
    at = text.find("@")
    while at >= 0:
        local = _LOCAL.search(text, max(0, at - 64), at)
        domain = _DOMAIN.match(text, at) if local else None
        if local and domain and _is_mail(text, local, domain):
            yield Span(local.start(), domain.end(), f"{local[0]}@{domain[1]}".lower())
        at = text.find("@", at + 1)


def _is_mail(text: str, local: re.Match[str], domain: re.Match[str]) -> bool:
    before, after = text[local.start() - 1 : local.start()], text[domain.end() : domain.end() + 1]
    repository = local[0] == "git" and after == ":"
    return ".." not in local[0] and before not in ("@", "/") and not repository and not _NO_MAIL.search(domain[1])


def machines(text: str) -> Iterator[Span]:
    """IP addresses of the open Internet. Four small numbers count only where they are called an address: 1.2.3.4 is a
    version or a section more often."""
    for found in _V4.finditer(text):
        start, end = found.span()
        dotted = text[start - 1 : start] in (".", "-") or re.match(r"\.?[0-9]|[-_]", text[end : end + 2])
        if dotted or not apart(text, start, end) or not _public(found[0]):
            continue
        before = text[max(0, start - 24) : start]
        small = max(map(int, found[0].split("."))) < 100
        if not _RELEASE.search(before) and (not small or _MACHINE.search(before)):
            yield Span(start, end, str(ipaddress.ip_address(found[0])))
    for found in _V6.finditer(text) if ":" in text else ():
        written = found[0].rstrip(":")
        end = found.start() + len(written)
        if apart(text, found.start(), end) and text[found.start() - 1 : found.start()] != ":" and _public(written):
            yield Span(found.start(), end, str(ipaddress.ip_address(written)))


def _public(written: str) -> bool:
    """Whether an address is one, and neither private, local, a mask nor a group's."""
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return True
    first, second = address.packed[:2]
    own = first in (0, 10, 127) or (first == 172 and 16 <= second < 32) or (first, second) in ((192, 168), (169, 254))
    return not own and first < 224
