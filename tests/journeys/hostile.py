"""Projects in which every place that a person or a file can fill holds hostile text: one with something on every page, and
one of every kind of task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import annotate, jobs, runs
from pipeline.domain import Project, Task, Verdict
from pipeline.jobs import verbs
from pipeline.store import Store, families, projects, records, verdicts, versions
from pipeline.store import jobs as job_store
from pipeline.store import runs as index
from pipeline.tasks import questions_of, tasks
from pipeline.verbs.import_file import Import
from tests.injection import line, lines, short, texts, whole
from training.metrics import evaluate

WHO, OTHER = short("person"), short("other")
MAIN = short("project")
COLUMN = short("column") + " /"
BETTER, WORSE = short("a") + "/a", short("b") + "/b"
RUN = "20260101-120000-aaaa"
# Markdown is meant in a guideline: what it may not do is run, load, or be anything but Markdown.
MARKUP = [
    "script",
    "image",
    "image_elsewhere",
    "svg",
    "attribute",
    "text_area",
    "style",
    "css",
    "frame",
    "comment",
    "cdata",
    "entity",
    "javascript_link",
    "picture",
    "picture_by_name",
    "linked_picture",
    "diagram",
    "latex",
]
GUIDELINE = "\n\n".join(
    ["**gold** [glink](http://elsewhere.test/)", *(texts("guideline")[name].replace("zq", "g") for name in MARKUP)]
)
KINDS = tuple(sorted(tasks.names()))
FEW = 6


def fill(store: Store, folder: Path) -> None:
    """The project with something on every page, then the projects of each kind."""
    project = projects.create(store, MAIN)
    job = jobs.run(store, Import(str(_file(folder)), file_name=line("file name")[:200] + ".jsonl"), project.id)
    assert (job.state, job.result["rejected"]) == ("done", 2), job.error
    task = projects.tasks(store, project.id)[0]
    task = annotate.save_definition(store, project, decorated("main", task.definition), GUIDELINE, task=task)
    task = annotate.save_definition(store, project, task.definition, GUIDELINE + "\n\nMore.", task=task)
    _answers(store, project, task)
    jobs.run(store, verbs.get("freeze")(splits="60/20/20", note=line("note")[:500]), project.id)
    second = {"questions": [{"kind": "rating", "name": "second"}]}
    projects.save_task(store, project.id, name=short("task"), kind="rating", definition=second)
    steps = [["whitespace", {}], ["html", {}], ["length", {"max": 300}]]
    jobs.run(store, verbs.get("dedupe")(shingle="word:1", threshold=0.5, dry_run=True), project.id)
    jobs.run(store, verbs.get("clean")(steps=steps, dry_run=True), project.id)
    _same_meaning(store, project)
    _leaks(store, project, folder)
    _by_hand(store, project, task)
    _run(store, project)
    for kind in KINDS:
        of_kind(store, kind)


def _same_meaning(store: Store, project: Project) -> None:
    """A search by meaning as its verb leaves it: each text and its twin a family, without a model."""
    ids = records.ids(store, project.id, records.RecordFilter())
    n = len(ids) // 2
    job = job_store.open_job(store, "semantic", project.id, {
        "threshold": 0.5, "model": "multilingual", "keep": "first", "drop": False, "dry_run": True})  # fmt: skip
    columns = [pa.array(range(n)), pa.array(ids[:n]), pa.array([True] * n), pa.array([1.0] * n)]
    twins = [columns[0], pa.array(ids[n : 2 * n]), pa.array([False] * n), pa.array([0.9] * n)]
    store.transact(lambda cursor: families.append_members(store, cursor, job, *columns))
    store.transact(lambda cursor: families.append_members(store, cursor, job, *twins))
    result = {"pairs": n, "pairs_elided": 0, "families": n, "flagged": n, "dropped": 0, "records": 2 * n,
              "embedded": 2 * n, "seconds": 1.0, "without": 0}  # fmt: skip
    job_store.close_job(store, job, "preview", result)


def _leaks(store: Store, project: Project, folder: Path) -> None:
    """The texts held against themselves, changed by a word, in a file of a hostile name."""
    path = folder / "bench.jsonl"
    rows = [{"id": f"{name} {short('item')}", "text": f"{text} item"} for name, text in texts("text").items()]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    verb = verbs.get("leaks")(against=f"file:{path}", file_name=short("bench").replace("/", "") + ".jsonl",
                              shingle="word:1", threshold=0.3)  # fmt: skip
    job = jobs.run(store, verb, project.id)
    assert job.result["pairs"] > FEW, job


def _file(folder: Path) -> Path:
    """A file of Winnow's own format, in which two rows are to be refused: for a NUL, and for a split that is none."""
    labels, found = lines("label")[:FEW], texts("text")
    rows = [
        {
            "id": f"{name} {short('id')}", "text": text, "fields": {COLUMN: line("field"), "__proto__": line("field")},
            "meta": {short("key"): line("value"), "constructor": [line("value")]}, "status": "active", "parent": None,
            "split": "train" if at == 3 else None,
            "annotations": [
                {"annotator": short(f"labeller{n}"), "question": "label", "state": "submitted", "comment": line("said"),
                 "value": labels[(at + n * (at % 5 == 0)) % FEW]} for n in (1, 2)
            ],
            "suggestions": [{"source": line("source")[:80], "question": "label", "value": labels[0], "score": 0.5}],
        }
        for at, (name, text) in enumerate([*found.items(), *((f"{n} twin", f"{text} twin") for n, text in found.items())])
    ]  # fmt: skip
    rows += [{**rows[0], "id": "nul", "text": "a\0b"}, {**rows[0], "id": "split", "split": line("split")}]
    path = folder / "hostile.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def decorated(place: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition, every word that a person can choose in it a hostile one."""
    plain = json.loads(json.dumps(definition))
    for question in plain["questions"]:
        question["title"], question["help"] = line(f"{place} title"), line(f"{place} help")
        if question["kind"] == "rating":
            question["titles"] = {"1": line(f"{place} mark"), "5": short(f"{place} mark")}
        if question["kind"] == "choices" or place == "main":
            question["parents"] = {question["labels"][-1]: line(f"{place} parent")}
    shown = [*plain.get("fields", [{"name": "text"}]), {"name": COLUMN, "show": "context"}]
    plain["fields"] = [{**one, "title": line(f"{place} heading")} for one in shown]
    plain["skip_reasons"] = lines("skip reason")[:9]
    group = line("group")
    plain["queue"] = {
        "groups": {group: [WHO, OTHER]},
        "assignments": [{"people": [short("assigned")]}, {"group": group, "filter": {"text": "a"}, "exclusive": False}],
    }
    return plain


def _answers(store: Store, project: Project, task: Task) -> None:
    labels = lines("label")[:FEW]
    ids = records.ids(store, project.id, records.RecordFilter())
    events = [
        {"event_id": f"hostile-event-{at}", "record_id": one, "state": "skipped" if at == 7 else "submitted",
         "value": {} if at == 7 else {"label": labels[at % FEW]}, "comment": line("comment"), "flagged": True,
         "reason": line("reason")[:500] if at == 7 else "", "guideline_revision": 1, "seconds": 2.0}
        for at, one in enumerate(ids[:-4])
    ]  # fmt: skip
    acks = annotate.submit(store, task, WHO, events)
    assert all(ack.ok for ack in acks), [ack for ack in acks if not ack.ok][:3]


def _by_hand(store: Store, project: Project, task: Task) -> None:
    """What no verb does by itself: a verdict by a person, a wish to have labels looked at again, a job that failed."""
    first, second = records.ids(store, project.id, records.RecordFilter())[:2]
    verdicts.decide(store, project.id, "edit", [Verdict(first, "by hand", "edit", line("verdict"), whole("edited"))])
    job = job_store.open_job(store, "relabel", project.id, {})
    store.transact(lambda cursor: index.ask_relabel(
        store, cursor, job_id=job, task_id=task.id, run_id=None, reasons={first: line("relabel"), second: line("again")}
    ))  # fmt: skip
    job_store.close_job(store, job, "done", {"relabel": 2})
    failed = job_store.open_job(store, "augment", project.id, {"augmenter": line("augmenter"), "only": line("only")})
    job_store.close_job(store, failed, "failed", {}, line("error"))


def _run(store: Store, project: Project) -> None:
    """A finished run as a worker leaves it, all its answers wrong; and one that failed."""
    version = versions.all_versions(store, project.id)[0]
    labels = list(version.card["labels"])
    n = len(labels)
    rows = pq.read_table(version.path / "test.parquet").to_pylist()
    metrics = evaluate(np.arange(n), np.roll(np.eye(n), 1, axis=1), labels)
    report = {"labels": labels, "test": metrics, "validation": metrics, "seed": 13, "warnings": [line("warning")]}
    predicted = [labels[(labels.index(row["label"]) + 1) % n] for row in rows]
    table = pa.table({
        **{name: [row[name] for row in rows] for name in ("id", "external_id", "text", "label")},
        "split": ["test"] * len(rows), "predicted": predicted, "confidence": pa.array([0.9] * len(rows), pa.float32()),
        "probabilities": [[0.5] * n] * len(rows),
    })  # fmt: skip
    for name, state in ((RUN, "done"), ("20260101-110000-bbbb", "failed")):
        path = store.folder / "runs" / name
        path.mkdir(parents=True)
        config = {"run": name, "version_path": "", "recipe": line("recipe"), "model": line("model"), "seed": 13,
                  "command": line("command")}  # fmt: skip
        status = {"state": state, "seconds": 9.0, "step": 4, "steps": 8, "error": line("run error"), "note": line("n"),
                  "recipe": line("recipe"), "knobs": {line("knob"): line("knob")},
                  "metrics": {"accuracy": 0.5, "macro_f1": 0.5, "split": "test"}}  # fmt: skip
        runs.write_json(path / "config.json", config)
        runs.write_json(path / "status.json", status)
        (path / "log.txt").write_text(whole("log"), encoding="utf-8")
        if state == "done":
            runs.write_json(path / "report.json", report)
            pq.write_table(table, path / "predictions.parquet")
        index.add(store, name, project.id, version.short, path, config)


# --- one of each kind -------------------------------------------------------------------------------------------------


def of_kind(store: Store, kind: str) -> None:
    """A project of this kind with four records, each with a suggestion for every question."""
    project = projects.create(store, short(kind))
    task = annotate.save_definition(store, project, decorated(kind, _definition(kind)), GUIDELINE, kind=kind)
    shown = [whole(kind), line(kind), "\n".join(lines(kind)), "last"]
    fields = {
        "question": line("question"), "candidates": lines("candidate")[:5], BETTER: line("better"), WORSE: whole("worse"),
        COLUMN: line("field"), "messages": conversation(),
    }  # fmt: skip
    job = job_store.open_job(store, "import", project.id, {})
    meta = {short("key"): line("value"), "__proto__": line("value"), "constructor": [line("value")]}
    rows = pa.table({
        "project_id": pa.array([project.id] * 4, pa.int32()), "job_id": pa.array([job] * 4, pa.int32()),
        "external_id": [f"{at} {short('id')}" for at in range(4)], "text": shown,
        "fields": [json.dumps(fields, ensure_ascii=False)] * 4, "meta": [json.dumps(meta, ensure_ascii=False)] * 4,
    })  # fmt: skip
    store.transact(lambda cursor: records.append(store, cursor, rows))
    job_store.close_job(store, job, "done", {"records": 4})
    ids = records.ids(store, project.id, records.RecordFilter())
    said = [
        (one, task.id, line("source"), question.name, json.dumps(_suggested(question, text), ensure_ascii=False), 0.5)
        for one, text in zip(ids, shown, strict=True) for question in questions_of(task)
    ]  # fmt: skip
    insert = "INSERT INTO suggestion (record_id, task_id, source, question, value, score) VALUES (?, ?, ?, ?, ?, ?)"
    store.transact(lambda cursor: cursor.executemany(insert, said))


def conversation() -> list[dict[str, Any]]:
    """Turns of every role that we know and of one that we do not, with keys of their own."""
    return [
        {"role": "system", "content": line("system"), short("key"): line("value")},
        {"role": "user", "content": whole("user"), "__proto__": line("value")},
        {"role": line("role"), "content": line("turn"), "constructor": line("value")},
        {"role": "tool", "content": json.dumps({line("key"): line("value")}), "tool_call_id": line("call")},
        {"role": "assistant", "content": line("assistant")},
    ]


def _definition(kind: str) -> dict[str, Any]:
    few = {"multilabel": lines("label"), "custom": []}.get(kind, lines("label")[:FEW])
    plain: dict[str, Any] = json.loads(json.dumps(tasks.get(kind)().definition(few)))
    if kind == "custom":
        first, labels = short("asked"), lines("label")[:FEW]
        plain["questions"] = [
            {"kind": "choice", "name": first, "labels": labels},
            {"kind": "text", "name": line("written"), "field": COLUMN},
            {"kind": "choices", "name": "constructor", "labels": labels, "when": {"question": first, "is": labels[:2]}},
        ]
    for question in plain["questions"]:
        if question["kind"] == "relations":
            question["labels"] = lines("relation")[:FEW]
            question["spans"] = f"{question['spans']} {short('spans')}"
        if question["kind"] == "spans":
            question["name"] += " " + short("spans")
        if question.get("candidates"):
            question["candidates"] = [BETTER, WORSE]
            plain["fields"] = [{"name": name} for name in ("text", BETTER, WORSE)]
    return plain


def _suggested(question: Any, text: str) -> Any:
    plain = question.to_plain()
    labels, n = plain.get("labels", [""]), len(text)
    return {
        "choice": labels[0],
        "choices": labels[:2],
        "spans": [{"start": at, "end": at + 3, "label": labels[at % len(labels)], "text": text[at : at + 3]}
                  for at in (0, 1) if at + 3 <= n],
        "relations": [{"from": 0, "to": 1, "label": labels[0]}],
        "answer": [{"start": 0, "end": min(n, 80), "text": text[:80]}],
        "text": line("suggested"),
        "chat": [*conversation(), {"role": "assistant", "content": line("suggested")}],
        "ranking": [BETTER, WORSE] if plain.get("candidates") else ["2", "1", "3", "5", "4"],
        "rating": 5,
    }[question.kind]  # fmt: skip
