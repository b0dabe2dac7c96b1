"""Freezing: what goes in, that the folder is whole or absent, and that equal content has one id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import jobs
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.jobs import verbs
from pipeline.runs import verify_version
from pipeline.store import Store, open_store, projects, records, version_files, versions
from pipeline.store import jobs as job_store
from pipeline.tasks import tasks

SPLITS = ("train", "validation", "test")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "w.duckdb")
    yield opened
    opened.close()


class House:
    """A project with a task, and short ways to put things into it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.project: Project = projects.create(store, "p")
        definition = tasks.get("classification")().definition(["neg", "pos"])
        self.task = projects.save_task(store, self.project.id, name="t", kind="classification", definition=definition)
        self.events = 0

    def add(self, texts: list[str], **columns: list) -> list[int]:
        kind = "augment" if "parent_id" in columns else "import"
        job = job_store.open_job(self.store, kind, self.project.id, {})
        n, first = len(texts), records.count(self.store, self.project.id) + 1
        base = {"project_id": pa.array([self.project.id] * n, pa.int32()), "job_id": pa.array([job] * n, pa.int32()),
                "external_id": [f"r{first + i}" for i in range(n)], "text": texts}  # fmt: skip
        self.store.transact(lambda cursor: records.append(self.store, cursor, pa.table({**base, **columns})))
        job_store.close_job(self.store, job, "done", {})
        return records.ids(self.store, self.project.id)[-n:]

    def answer(self, record: int, label: str, who: str = "ana", state: str = "submitted") -> None:
        self.events += 1
        values = [f"e{self.events}", record, self.task.id, who, state, json.dumps({"label": label})]
        sql = "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state, value) VALUES (?, ?, ?, ?, ?, ?)"
        self.store.transact(lambda cursor: cursor.execute(sql, values))

    def labelled(self, n: int = 20, **columns: list) -> list[int]:
        had = records.count(self.store, self.project.id)
        ids = self.add(
            [f"the text number {i} tells of {i * i} quite different things" for i in range(had, had + n)], **columns
        )
        for i, record in enumerate(ids):
            self.answer(record, "pos" if i % 2 else "neg")
        return ids

    def freeze(self, **values: object) -> Job:
        return jobs.run(self.store, verbs.get("freeze")(**values), self.project.id)

    def rows(self, job: Job) -> list[dict]:
        path = Path(job.result["path"])
        return [row for split in SPLITS for row in pq.read_table(path / f"{split}.parquet").to_pylist()]

    def card(self, job: Job) -> dict:
        return json.loads((Path(job.result["path"]) / "card.json").read_text())


@pytest.fixture
def house(store: Store) -> House:
    return House(store)


def test_a_version_holds_the_labelled_records_only(house):
    ids = house.labelled(20)
    house.add(["nobody answered this"])
    skipped = house.add(["somebody skipped this"])
    house.answer(skipped[0], "pos", state="skipped")
    job = house.freeze(note="first")
    assert sorted(row["id"] for row in house.rows(job)) == ids
    assert job.result["records"] == {"train": 16, "validation": 2, "test": 2}
    assert set(job.result) >= {"version", "records", "leaks", "path", "excluded"}
    card = house.card(job)
    assert card["id"].startswith(job.result["version"])
    assert len(card["id"]) == 64
    assert card["labels"] == ["neg", "pos"]
    assert card["note"] == "first"
    assert card["annotators"] == {"ana": 20}
    assert [entry["kind"] for entry in card["jobs"]] == ["import", "import", "import"]
    schema = pq.read_schema(Path(job.result["path"]) / "train.parquet")
    assert schema.remove_metadata().equals(versions.ROWS)


def test_the_majority_decides_and_the_latest_where_they_tie(house):
    ids = house.labelled(10)
    house.answer(ids[0], "pos", "ben")  # neg, pos: the later one
    house.answer(ids[1], "neg", "ben")
    house.answer(ids[1], "pos", "cem")  # pos, neg, pos
    house.answer(ids[2], "pos")  # ana thought again: no disagreement
    job = house.freeze()
    found = {row["id"]: row for row in house.rows(job)}
    assert [found[i]["label"] for i in ids[:4]] == ["pos", "pos", "pos", "pos"]
    assert found[ids[1]]["annotators"] == ["ana", "ben", "cem"]
    assert house.card(job)["disagreements"] == 2


def test_dropped_records_and_suggestions_stay_out(house):
    ids = house.labelled(10)
    other = house.add(["a machine labelled this"])
    insert = (
        "INSERT INTO suggestion (record_id, task_id, source, question, value) VALUES (?, ?, 'm', 'label', '\"pos\"')"
    )
    house.store.transact(lambda cursor: cursor.execute(insert, [other[0], house.task.id]))
    job = job_store.open_job(house.store, "clean", house.project.id, {})
    drop = "INSERT INTO verdict (record_id, job_id, step, kind) VALUES (?, ?, 's', 'drop')"
    house.store.transact(lambda cursor: cursor.execute(drop, [ids[0], job]))
    job_store.close_job(house.store, job, "done", {})
    assert sorted(row["id"] for row in house.rows(house.freeze())) == ids[1:]


def test_augmented_records_follow_train_parents_only(house):
    ids = house.labelled(20)
    children = house.add([f"made from {i} somehow by a machine" for i in range(20)], parent_id=ids)
    job = house.freeze()
    rows = {row["id"]: row for row in house.rows(job)}
    for parent, child in zip(ids, children, strict=True):
        assert (child in rows) == (rows[parent]["split"] == "train")
        if child in rows:
            assert rows[child]["split"] == "train"
            assert rows[child]["label"] == rows[parent]["label"]
            assert rows[child]["family"] == rows[parent]["family"]
            assert rows[child]["parent_id"] == parent
    assert house.card(job)["augmented"] == 16
    assert job.result["excluded"] == {"augmented from a record that is not in train": 4}


def test_simulated_labels_are_counted(house):
    ids = house.labelled(10)
    extra = house.add(["only a program has seen this one", "and this one", "and that other one"])
    house.store.transact(
        lambda cursor: cursor.execute("INSERT INTO annotator (name, kind) VALUES ('bot', 'simulated')")
    )
    for record in [*extra, ids[0]]:
        house.answer(record, "neg", "bot")
    assert house.card(house.freeze())["simulated"] == 3


def test_the_same_content_is_frozen_once(house):
    house.labelled(20)
    first, second = house.freeze(), house.freeze(note="again")
    assert first.result["version"] == second.result["version"]
    assert (first.result["already_frozen"], second.result["already_frozen"]) == (False, True)
    assert len(versions.all_versions(house.store, house.project.id)) == 1
    house.answer(house.labelled(2)[0], "pos")
    assert house.freeze().result["version"] != first.result["version"]
    assert len(versions.all_versions(house.store)) == 2


def test_records_keep_their_split_in_later_versions(house):
    house.labelled(20)
    before = {row["id"]: row["split"] for row in house.rows(house.freeze())}
    house.labelled(30)
    after = {row["id"]: row["split"] for row in house.rows(house.freeze(splits="50/25/25", seed=99))}
    assert {record: after[record] for record in before} == before
    assert len(after) == 50


def test_copies_and_near_copies_share_a_split_though_dedupe_never_ran(house):
    house.labelled(30)
    long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    ids = house.add([long, long.upper() + "  ", long + " seventeen", "short one", "Short  ONE"])
    for record in ids:
        house.answer(record, "pos")
    found = {row["id"]: row["split"] for row in house.rows(house.freeze(splits="40/30/30"))}
    assert len({found[i] for i in ids[:3]}) == 1
    assert len({found[i] for i in ids[3:]}) == 1


def test_near_copies_share_a_split_whatever_the_script_of_most_texts(house):
    house.labelled(30)
    text = "这家餐厅的服务非常周到，菜品的味道也很不错，价格合理，下次还会再来这里用餐的"
    ids = house.add([text, text + "。"])
    for record in ids:
        house.answer(record, "pos")
    found = {row["id"]: row["family"] for row in house.rows(house.freeze(splits="40/30/30"))}
    assert found[ids[0]] == found[ids[1]]


def test_families_of_a_dedupe_job_bind_even_through_unlabelled_records(house):
    ids = house.labelled(10)
    (bridge,) = house.add(["nobody labelled the bridge"])
    job = job_store.open_job(house.store, "dedupe", house.project.id, {})
    insert = "INSERT INTO family_member (job_id, family_id, record_id) VALUES (?, ?, ?)"
    house.store.transact(
        lambda cursor: [
            cursor.execute(insert, [job, f, r]) for f, r in [(1, ids[0]), (1, bridge), (2, bridge), (2, ids[9])]
        ]
    )
    job_store.close_job(house.store, job, "done", {})
    found = {row["id"]: row for row in house.rows(house.freeze(splits="34/33/33"))}
    assert found[ids[0]]["family"] == found[ids[9]]["family"] == ids[0]


def test_given_splits_stay_and_leaks_are_told(house):
    house.labelled(10)
    ids = house.add(["the very same text twice over"] * 2, split=["train", "dev"])
    for record in ids:
        house.answer(record, "pos")
    job = house.freeze()
    found = {row["id"]: row["split"] for row in house.rows(job)}
    assert [found[i] for i in ids] == ["train", "validation"]
    assert job.result["leaks"] == 1
    (example,) = house.card(job)["leak_examples"]
    assert example == {"a": "r11", "a_split": "train", "b": "r12", "b_split": "validation"}


def test_a_family_that_reaches_into_test_takes_its_train_records_out(house):
    ids = house.labelled(20)
    splits = {row["id"]: row["split"] for row in house.rows(house.freeze())}
    train, test = (next(i for i in ids if splits[i] == split) for split in ("train", "test"))
    job = job_store.open_job(house.store, "dedupe", house.project.id, {})
    insert = "INSERT INTO family_member (job_id, family_id, record_id) VALUES (?, 1, ?), (?, 1, ?)"
    house.store.transact(lambda cursor: cursor.execute(insert, [job, train, job, test]))
    job_store.close_job(house.store, job, "done", {})
    again = house.freeze()
    assert again.result["excluded"] == {"train record in a family with test records": 1}
    assert again.result["leaks"] == 0
    assert train not in {row["id"] for row in house.rows(again)}


def test_undo_hides_a_version_and_frees_its_splits(house):
    house.labelled(20)
    job = house.freeze()
    job_store.undo(house.store, job.id)
    assert versions.all_versions(house.store) == []
    assert versions.assignments(house.store, house.project.id) == {}
    assert (Path(job.result["path"]) / "card.json").exists()
    with pytest.raises(versions.NoSuchVersion, match=f"Redo job {job.id}"):
        versions.get(house.store, job.result["version"])
    again = house.freeze()
    assert again.result["version"] == job.result["version"]
    assert not again.result["already_frozen"]


def test_a_split_that_a_model_has_seen_outlives_undo(house):
    house.labelled(20)
    job = house.freeze()
    version = versions.get(house.store, job.result["version"][:6])
    insert = "INSERT INTO run (id, project_id, version_id, path, config, state) VALUES ('r', 1, ?, '', '{}', 'done')"
    house.store.transact(lambda cursor: cursor.execute(insert, [version.id]))
    job_store.undo(house.store, job.id)
    assert len(versions.assignments(house.store, house.project.id)) == 20


@pytest.mark.parametrize("at", ["write_table", "rename", "dump"])
def test_a_death_in_the_middle_leaves_no_half_version(house, monkeypatch, at):
    house.labelled(20)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    owner = {"write_table": version_files.pq, "rename": Path, "dump": version_files.json}[at]
    with monkeypatch.context() as patch:
        patch.setattr(owner, at, die)
        assert house.freeze().state == "cancelled"
    assert list(versions.folder(house.store).iterdir()) == []
    assert versions.all_versions(house.store) == []
    assert versions.assignments(house.store, house.project.id) == {}
    job = jobs.resume(house.store, job_store.recent(house.store, house.project.id)[0].id, wait=True)
    assert job.state == "done"
    assert len(house.rows(job)) == 20


def test_the_card_is_written_last(house, monkeypatch):
    house.labelled(20)
    seen = []
    dump = json.dump
    monkeypatch.setattr(
        version_files.json, "dump",
        lambda card, out, **kw: (seen.extend(p.name for p in Path(out.name).parent.iterdir()), dump(card, out, **kw)),
    )  # fmt: skip
    house.freeze()
    assert set(seen) == {"train.parquet", "validation.parquet", "test.parquet", "card.json"}


@pytest.mark.parametrize("file", ["test.parquet", "card.json"])
def test_a_damaged_folder_is_made_again(house, file):
    house.labelled(20)
    job = house.freeze()
    (Path(job.result["path"]) / file).write_bytes(b"{broken")
    with pytest.raises(WorkbenchError, match=r"Freeze it again|was changed"):
        verify_version(Path(job.result["path"]))
    assert not version_files.intact(Path(job.result["path"]))
    again = house.freeze()
    assert again.result["version"] == job.result["version"]
    assert version_files.intact(Path(again.result["path"]))


def test_what_cannot_be_frozen_says_why(house):
    house.add(["one", "two"])
    with pytest.raises(WorkbenchError, match="No record in the data set has a submitted answer"):
        house.freeze()
    for record in records.ids(house.store, house.project.id):
        house.answer(record, "pos")
    with pytest.raises(WorkbenchError, match="at least two labels"):
        house.freeze()
    with pytest.raises(WorkbenchError, match="sum to 100"):
        house.freeze(splits="80/30/10")
    bare = projects.create(house.store, "bare")
    with pytest.raises(WorkbenchError, match="no labelling task"):
        jobs.run(house.store, verbs.get("freeze")(), bare.id)


def test_a_version_is_found_by_the_beginning_of_its_id(house):
    house.labelled(20)
    first = house.freeze().result["version"]
    assert versions.get(house.store, first[:4]).short == first
    with pytest.raises(versions.NoSuchVersion, match="There is no version 'zz'"):
        versions.get(house.store, "zz")
    house.labelled(4)
    house.freeze()
    copy = "INSERT INTO version (id, project_id, job_id, path, card) VALUES (?, 1, ?, '', '{}')"
    for version in versions.all_versions(house.store):
        values = [version.id[:8] + "f" * 56, version.job_id]
        house.store.transact(lambda cursor, values=values: cursor.execute(copy, values))
    with pytest.raises(versions.NoSuchVersion, match="begins 2 versions"):
        versions.get(house.store, first[:8])
