"""The step mojibake asks ftfy only about the places that can be bad: it must not miss one."""

import ftfy.badness
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.steps.mojibake import looks_bad

# every character that ftfy's pattern names, by itself or in a range, and what stands between them
NAMED = sorted({*ftfy.badness.BADNESS_RE.pattern, *map(chr, range(0x80, 0x180)), *map(chr, range(0x386, 0x460))})
PLAIN = st.text("ab Z.,!?\n\t–—’“”…你好，。の🙂", max_size=12)


@settings(max_examples=1500)
@given(st.lists(st.tuples(PLAIN, st.text(NAMED, min_size=1, max_size=7)), max_size=4), PLAIN)
def test_what_ftfy_calls_bad_is_found(parts: list[tuple[str, str]], end: str) -> None:
    text = "".join(plain + named for plain, named in parts) + end
    assert looks_bad(text) == ftfy.badness.is_bad(text)


@given(st.text(NAMED, min_size=2, max_size=4))
def test_a_few_characters_alone_are_judged_alike(text: str) -> None:
    assert looks_bad(text) == ftfy.badness.is_bad(text)


def test_a_bad_place_far_into_a_plain_text_is_found() -> None:
    plain = "Nothing is wrong here, in any of 很多 sentences. " * 40
    assert not looks_bad(plain)
    assert looks_bad(f"{plain}It isnâ€™t.{plain}")
    assert not looks_bad(f"{plain}A café in Málaga.{plain}")
