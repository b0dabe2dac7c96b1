"""The task page: from a template to a saved task, questions by form, the guideline's revisions, a YAML file, label changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.words import t
from pipeline import annotate, jobs, task_file
from pipeline.domain import Project, Task
from pipeline.store import Store, projects
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.annotations import Answer
from pipeline.tasks import questions_of, tasks
from tests.pressing import press

Fill = Callable[..., Project]


def page(store, project, section):
    import streamlit as st

    from app.views import task

    st.query_params["section"] = section
    pages = {"task": st.Page(lambda: task.render(store, project), title="t", url_path="task", default=True)}
    for name in ("records", "label"):
        pages[name] = st.Page(lambda: None, title=name, url_path=name)
    st.session_state["pages"] = pages
    st.navigation(list(pages.values())).run()


def opened(store: Store, project: Project, section: str = "questions", *, drafts: Any = None) -> AppTest:
    test = AppTest.from_function(
        page, kwargs={"store": store, "project": project, "section": section}, default_timeout=30
    )
    if drafts is not None:
        test.session_state["task.drafts"] = drafts
    test.run()
    assert not test.exception
    return test


def box(test: AppTest, label: str) -> Any:
    """The first text input or area with this label."""
    return next(one for one in [*test.text_area, *test.text_input] if one.label == label)


def words(test: AppTest) -> str:
    return "\n".join(one.value for one in [*test.markdown, *test.caption, *test.warning, *test.error])


def write(test: AppTest, label: str, text: str) -> None:
    box(test, label).set_value(text).run()
    assert not test.exception


def saved(store: Store, project: Project) -> Any:
    return annotate.labelling_task(store, project)


def labelled(store: Store, project: Project, *names: str) -> Any:
    return annotate.define(store, project, labels=list(names), guideline="Look well.")


def answer(store: Store, project: Project, label: str, *records: int) -> None:
    task = saved(store, project)
    said = [Answer(f"{label}-{n}-long", n, "submitted", {"label": label}) for n in records]
    answer_store.submit(store, task.id, "anna", said)


def test_every_template_makes_a_draft_that_nobody_saved(store: Store, fill: Fill) -> None:
    project = fill(["one", "two"])
    for name in tasks.names():
        test = press(opened(store, project), f"task.use.{name}")
        assert t("task.state_unsaved") in words(test), name
        assert saved(store, project) is None


def test_a_template_with_labels_is_saved(store: Store, fill: Fill) -> None:
    project = fill(["one", "two"])
    test = press(opened(store, project), "task.use.classification")
    assert test.button(key="task.save").disabled
    assert "no labels" in test.warning[0].value
    write(test, t("task.labels"), "animal\n  dog\n  cat\nplant")
    assert not test.button(key="task.save").disabled
    press(test, "task.save")
    (question,) = saved(store, project).definition["questions"]
    assert question["labels"] == ["animal", "dog", "cat", "plant"]
    assert question["parents"] == {"dog": "animal", "cat": "animal"}
    assert "task.save" not in [button.key for button in test.button]


def test_the_switch_of_a_conversation_says_whether_its_messages_may_be_corrected(store: Store, fill: Fill) -> None:
    project = fill(["one", "two"])
    test = press(opened(store, project), "task.use.chat")
    (switch,) = [one for one in test.toggle if one.label == t("task.edit")]
    assert switch.value is True
    press(test, "task.save")
    assert questions_of(saved(store, project))[0].edit is True
    (switch,) = [one for one in test.toggle if one.label == t("task.edit")]
    switch.set_value(False).run()
    press(test, "task.save")
    assert questions_of(saved(store, project))[0].edit is False


def test_questions_are_added_moved_duplicated_removed(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    labelled(store, project, "yes", "no")
    test = opened(store, project)
    next(one for one in test.button_group if one.label == t("task.add_question")).set_value("rating").run()
    assert not test.exception
    draft = next(iter(test.session_state["task.drafts"].values()))
    first, second = draft.ids
    press(test, f"task.{second}.duplicate")
    assert [q["name"] for q in draft.questions] == ["label", "rating", "rating_2"]
    press(test, f"task.{draft.ids[2]}.up")
    press(test, f"task.{second}.remove")
    assert [q["name"] for q in draft.questions] == ["label", "rating_2"]
    press(test, f"task.{first}.down")
    press(test, "task.save")
    assert [q["name"] for q in saved(store, project).definition["questions"]] == ["rating_2", "label"]


def test_a_question_hangs_on_an_earlier_one_by_its_new_name_too(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    definition = {
        "questions": [{"kind": "choice", "name": "label", "labels": ["yes", "no"]}, {"kind": "text", "name": "why"}]
    }
    annotate.save_definition(store, project, definition, "")
    test = opened(store, project)
    draft = next(iter(test.session_state["task.drafts"].values()))
    press(test, f"task.{draft.ids[1]}.open")
    next(s for s in test.selectbox if s.label == t("task.when")).set_value("label").run()
    assert "Give a list" in test.error[0].value or "names no answer" in test.error[0].value
    next(m for m in test.multiselect if m.label == t("task.when_is")).set_value(["no"]).run()
    press(test, f"task.{draft.ids[0]}.open")
    write(test, t("task.question_name"), "content")
    press(test, "task.save")
    assert saved(store, project).definition["questions"][1]["when"] == {"question": "content", "is": ["no"]}


def test_wrong_input_is_a_sentence_and_is_not_lost(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    test = press(opened(store, project), "task.use.classification")
    write(test, t("task.labels"), "yes\nyes")
    assert "twice" in test.error[0].value
    assert test.button(key="task.save").disabled
    assert box(test, t("task.labels")).value == "yes\nyes"


def test_unsaved_changes_outlive_a_walk_to_another_part_and_are_discarded_on_request(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    labelled(store, project, "yes", "no")
    test = opened(store, project)
    write(test, t("task.labels"), "yes\nno\nmaybe")
    again = opened(store, project, "guideline", drafts=test.session_state["task.drafts"])
    assert t("task.state_unsaved") in words(again)
    back = opened(store, project, drafts=again.session_state["task.drafts"])
    assert box(back, t("task.labels")).value == "yes\nno\nmaybe"
    press(press(back, "task.discard"), "task.discard_yes")
    assert box(back, t("task.labels")).value == "yes\nno"


def test_another_ones_save_is_said_before_it_is_replaced(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    labelled(store, project, "yes", "no")
    test = opened(store, project)
    write(test, t("task.labels"), "yes\nno\nmaybe")
    labelled(store, project, "yes", "no", "other")
    test.run()
    assert t("task.outdated") in [one.value for one in test.warning]


def test_a_guideline_gets_revisions_with_their_answers(store: Store, fill: Fill) -> None:
    project = fill(["one", "two"])
    labelled(store, project, "yes", "no")
    answer(store, project, "yes", 1, 2)
    test = opened(store, project, "guideline")
    write(test, t("task.guideline"), "Look twice.")
    press(press(test, "task.save"), "task.change_confirm")
    assert saved(store, project).guideline_revision == 2
    rows = test.dataframe[0].value
    assert list(rows[t("task.guideline_answers")]) == [0, 2]
    assert any("background[" in text.value for text in test.markdown)  # the two revisions, compared


def test_people_and_order_are_stored(store: Store, fill: Fill) -> None:
    project = fill(["one late", "two"])
    labelled(store, project, "yes", "no")
    test = opened(store, project, "people")
    next(n for n in test.number_input if n.label == t("task.overlap_people")).set_value(2).run()
    next(s for s in test.selectbox if s.label == t("task.order")).set_value("random").run()
    write(test, t("task.groups"), "early: anna, ben")
    press(test, "task.assignment_add")
    assert "names nobody" in test.warning[0].value
    next(s for s in test.selectbox if s.label == t("task.assignment_group")).set_value("early").run()
    write(test, t("task.assignment_filter"), "colour=red")
    assert "colour" in " ".join(one.value for one in test.error)
    write(test, t("task.assignment_filter"), "text=late")
    assert not test.error
    press(test, "task.save")
    definition = saved(store, project).definition
    assert definition["overlap"] == 2
    assert definition["queue"]["order"] == "random"
    assert definition["queue"]["groups"] == {"early": ["anna", "ben"]}
    (one,) = definition["queue"]["assignments"]
    assert (one["group"], one["filter"]) == ("early", {"text": "late"})


def test_a_file_is_shown_as_a_difference_before_it_is_taken(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    task = labelled(store, project, "yes", "no")
    test = opened(store, project, "file")
    write(test, t("task.file_paste"), "questions: [")
    assert test.error
    write(test, t("task.file_paste"), task_file.dump(task))
    assert t("task.file_same") in [one.value for one in test.info]
    write(test, t("task.file_paste"), re.sub(r"( *- )'no'\n", r"\1'no'\n\1maybe\n", task_file.dump(task)))
    press(test, "task.file_take")
    assert saved(store, project).definition == task.definition  # nothing is saved by taking it
    press(test, "task.save")
    assert saved(store, project).definition["questions"][0]["labels"] == ["yes", "no", "maybe"]


def test_a_file_brings_its_kind_along(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    definition = tasks.get("sentiment")().definition(())
    test = opened(store, project)
    written = task_file.dump(Task(0, 0, "moods", "sentiment", definition, "", 1))
    write(test, t("task.file_paste"), written)
    press(test, "task.file_take")
    press(test, "task.save")
    assert (saved(store, project).kind, saved(store, project).definition) == ("sentiment", definition)


@pytest.mark.parametrize(
    ("way", "lines", "expected"),
    [("rename", "good\nno", {"good": 2, "no": 1}), ("merge", "no", {"no": 3}), ("remove", "no", {"no": 1})],
)
def test_a_label_with_answers_that_is_left_out(store: Store, fill: Fill, way: str, lines: str, expected: dict) -> None:
    project = fill(["one", "two", "three"])
    labelled(store, project, "yes", "no")
    answer(store, project, "yes", 1, 2)
    answer(store, project, "no", 3)
    test = opened(store, project)
    write(test, t("task.labels"), lines)
    press(test, "task.save")
    assert "2" in " ".join(text.value for text in test.markdown if "yes" in text.value)
    assert saved(store, project).definition["questions"][0]["labels"] == ["yes", "no"]
    next(s for s in test.selectbox if s.label == t("task.change_to")).set_value(way).run()
    press(test, "task.change_confirm")
    (job,) = job_store.recent(store, project.id, 1, "change-labels")
    jobs.wait(store, job.id, 30)
    task = saved(store, project)
    assert list(task.definition["questions"][0]["labels"]) == lines.splitlines()
    assert answer_store.label_counts(store, task.id, "label") == expected
    job_store.undo(store, job.id)
    task = saved(store, project)
    assert "yes" in task.definition["questions"][0]["labels"]
    assert answer_store.label_counts(store, task.id, "label") == {"yes": 2, "no": 1}


def test_a_question_with_answers_stays(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    labelled(store, project, "yes", "no")
    answer(store, project, "yes", 1)
    test = opened(store, project)
    draft = next(iter(test.session_state["task.drafts"].values()))
    assert test.button(key=f"task.{draft.ids[0]}.remove").disabled
    assert box(test, t("task.question_name")).disabled


def test_tasks_of_the_project_are_switched(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    labelled(store, project, "yes", "no")
    other = {"questions": [{"kind": "rating", "name": "mark"}]}
    projects.save_task(store, project.id, name="second", kind="rating", definition=other)
    test = opened(store, project)
    next(one for one in test.button_group if one.label == t("task.which")).set_value("second").run()
    assert not test.exception
    assert "**second**" in words(test)
    write(test, t("task.question_title"), "How good?")
    press(test, "task.save")
    first, second = projects.tasks(store, project.id)
    assert (first.definition["questions"][0]["name"], second.definition["questions"][0]["title"]) == (
        "label",
        "How good?",
    )


def test_a_further_task_has_a_name_a_form_and_answers_of_its_own(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    labelled(store, project, "yes", "no")
    test = press(opened(store, project), "task.new_open")
    box(test, t("task.new_name")).set_value("label")
    next(one for one in test.button if one.label == t("task.new_make")).click().run()
    assert t("task.new_taken") in [one.value for one in test.error]
    box(test, t("task.new_name")).set_value(" the  tone ")
    next(one for one in test.button if one.label == t("task.new_make")).click().run()
    assert not test.exception
    press(test, "task.use.sentiment")
    press(test, "task.save")
    assert [task.name for task in projects.tasks(store, project.id)] == ["label", "the tone"]
    first, second = projects.tasks(store, project.id)
    assert (second.kind, first.definition["questions"][0]["labels"]) == ("sentiment", ["yes", "no"])
    assert t("task.not_first", first="label") in words(test)


def test_a_label_change_is_of_the_task_that_is_on_the_page(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    labelled(store, project, "yes", "no")
    answer(store, project, "yes", 1)
    other = {"questions": [{"kind": "choice", "name": "label", "labels": ["yes", "no"]}]}
    second = projects.save_task(store, project.id, name="second", kind="classification", definition=other)
    given = Answer("second-1-long", 1, "submitted", {"label": "yes"})
    answer_store.submit(store, second.id, "anna", [given])
    test = opened(store, project)
    next(one for one in test.button_group if one.label == t("task.which")).set_value("second").run()
    write(test, t("task.labels"), "fine\nno")
    press(test, "task.save")
    press(test, "task.change_confirm")
    (job,) = job_store.recent(store, project.id, 1, "change-labels")
    jobs.wait(store, job.id, 30)
    first = saved(store, project)
    assert answer_store.label_counts(store, first.id) == {"yes": 1}
    assert answer_store.label_counts(store, second.id) == {"fine": 1}
    job_store.undo(store, job.id)
    assert answer_store.label_counts(store, second.id) == {"yes": 1}
    assert projects.task_by_id(store, second.id).definition["questions"][0]["labels"] == ["yes", "no"]


def test_a_condition_names_a_label_by_its_new_name(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    definition = {
        "questions": [
            {"kind": "choice", "name": "label", "labels": ["yes", "no", "both"]},
            {"kind": "text", "name": "why", "when": {"question": "label", "is": ["no", "both"]}},
        ]
    }
    annotate.save_definition(store, project, definition, "")
    test = opened(store, project)
    write(test, t("task.labels"), "yes\nnever\nboth")
    press(test, "task.save")
    assert saved(store, project).definition["questions"][1]["when"] == {"question": "label", "is": ["never", "both"]}


def test_an_assignment_to_nobody_says_so(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    labelled(store, project, "yes", "no")
    test = press(opened(store, project, "people"), "task.assignment_add")
    assert "names nobody" in test.warning[0].value
    assert test.button(key="task.save").disabled


def test_a_template_speaks_the_readers_language(store: Store, fill: Fill) -> None:
    project = fill(["一"])
    kwargs = {"store": store, "project": project, "section": "questions"}
    test = AppTest.from_function(page, kwargs=kwargs, default_timeout=30)
    test.session_state["language"] = "zh"
    press(test.run(), "task.use.relations")
    first, second = next(iter(test.session_state["task.drafts"].values())).questions
    assert (first["name"], first["title"], first["labels"]) == ("entities", "实体", ["人物", "机构", "地点"])
    assert second["labels"] == ["任职于", "位于"]
