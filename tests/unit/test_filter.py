"""The records filter: its written form, and that each word counts what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import Verdict, WorkbenchError
from pipeline.store import overview, records, verdicts
from pipeline.store.records import RecordFilter

words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
numbers = st.integers(0, 2**40)


@given(
    st.builds(
        RecordFilter,
        state=st.none() | st.sampled_from(records.STATES), text=st.none() | words, step=st.none() | words, verdict=st.none() | words,
        label=st.none() | words, job=st.none() | numbers, id=st.none() | numbers, external=st.none() | words,
    )
)  # fmt: skip
def test_written_and_read_again_is_the_same(where):
    assert RecordFilter.parse(str(where)) == where


@pytest.mark.parametrize("wrong", ["state=odd", "colour=red", "id=x", "id=" + "9" * 40, 'text="open'])
def test_a_wrong_filter_is_refused_with_a_sentence(wrong):
    with pytest.raises(WorkbenchError, match=r"\.$"):
        RecordFilter.parse(wrong)


def test_bare_words_search_the_text():
    assert RecordFilter.parse("too late state=active") == RecordFilter(text="too late", state="active")


def test_each_word_finds_its_records_and_the_overview_agrees(store, fill):
    project = fill(["Alpha", "beta", "GAMMA 中文", "100% sure_thing"])
    one, two, three, _ = records.ids(store, project.id)
    job = verdicts.decide(
        store, project.id, "keep",
        [Verdict(one, "by hand", "drop", "no"), Verdict(two, "trim", "edit", "", "BETA!"), Verdict(three, "pii", "flag", "f")],
    )  # fmt: skip

    def found(text):
        return records.ids(store, project.id, RecordFilter.parse(text))

    assert found("state=dropped") == [one]
    assert found("state=edited") == [two]
    assert found("state=flagged") == [three] == found("flag=pii")
    assert found("step=trim") == [two]
    assert found("text=beta!") == [two]
    assert found("text=中文") == [three]
    assert found("text=%") == [records.ids(store, project.id)[3]]
    assert found("external=r1") == [one]
    assert found(f"id={three}") == [three]
    assert found("reason=no") == [one]
    assert len(found(f"job={job}")) == 3
    counts = overview.states(store, project.id)
    for state in ("original", "active", "dropped", "edited", "unlabelled", "labelled", "relabel", "augmented"):
        assert counts[state] == records.count(store, project.id, RecordFilter(state=state)), state


def test_step_verdict_and_job_are_of_one_verdict(store, fill):
    """The overview counts the verdicts of a job by step and kind, and its numbers open these filters."""
    project = fill(["a", "b", "c"])
    one, two, three = records.ids(store, project.id)

    def judge(*said):
        return verdicts.decide(store, project.id, "edit", [Verdict(*words) for words in said])

    first = judge((one, "html", "edit", "", "A"), (two, "html", "edit", "", "B"), (three, "trim", "edit", "", "C"))
    later = judge((one, "trim", "edit", "", "AA"), (two, "html", "drop", "", None), (three, "html", "flag", "", None))
    for row in verdicts.funnel(store, project.id):
        where = RecordFilter(step=row["step"], verdict=row["verdict"], job=row["job_id"])
        assert records.count(store, project.id, where) == row["n"], row
    assert records.ids(store, project.id, RecordFilter(step="html", job=later)) == [two, three]
    assert records.ids(store, project.id, RecordFilter(step="trim", job=first)) == [three]


def test_a_reason_may_be_its_phrase_alone(store, fill):
    project = fill(["a", "b", "c", "d"])
    one, two, three, four = records.ids(store, project.id)
    verdicts.decide(
        store, project.id, "keep",
        [Verdict(one, "s", "drop", "twin: r7"), Verdict(two, "s", "drop", "twin: r8"), Verdict(three, "s", "drop", "twin"),
         Verdict(four, "s", "drop", "twins: r9")],
    )  # fmt: skip
    assert records.ids(store, project.id, RecordFilter(reason="twin")) == [one, two, three]
    assert records.ids(store, project.id, RecordFilter(reason="twin: r8")) == [two]


def test_what_one_job_does_and_another_does_not(store, fill):
    project = fill(["a", "b", "c", "d"])
    one, two, three, four = records.ids(store, project.id)

    def judge(*said):
        return verdicts.decide(store, project.id, "clean", [Verdict(*words) for words in said])

    first = judge(
        (one, "s", "drop", "x"), (two, "s", "drop", "x"), (three, "t", "edit", "", "C"), (four, "t", "edit", "", "D")
    )
    other = judge(
        (two, "z", "drop", "y"), (three, "u", "edit", "", "C"), (four, "t", "edit", "", "DD"), (one, "s", "flag", "f")
    )

    def found(text):
        return records.ids(store, project.id, RecordFilter.parse(text))

    assert found(f"job={first} verdict=drop unlike={other}") == [one]
    assert found(f"job={first} verdict=edit unlike={other}") == [four]  # edited otherwise
    assert found(f"job={other} verdict=flag unlike={first}") == [one]
    assert found(f"job={first} unlike={other}") == []
    with pytest.raises(WorkbenchError, match="name that one too"):
        RecordFilter.parse(f"unlike={first}")


def test_a_preview_is_read_where_it_is_named(store, fill):
    project = fill(["a", "b"])
    one, _ = records.ids(store, project.id)
    job = verdicts.decide(store, project.id, "clean", [Verdict(one, "s", "drop", "x")])
    store.transact(lambda cursor: cursor.execute("UPDATE job SET state = 'preview' WHERE id = ?", [job]))
    assert records.ids(store, project.id, RecordFilter(job=job, verdict="drop")) == [one]
    assert records.ids(store, project.id, RecordFilter(verdict="drop")) == []
    store.transact(lambda cursor: cursor.execute("UPDATE job SET state = 'undone' WHERE id = ?", [job]))
    assert records.ids(store, project.id, RecordFilter(job=job, verdict="drop")) == []
