# SPDX-License-Identifier: AGPL-3.0-or-later
"""Jobs that embed a library again, and vectors that are owed: ebbd's half of it. The workers are
fakes: the library says what is to be gathered, and how many chunks lack a vector."""

import pathlib

import pytest

from daemon import ENDED, Refused, patience, wait_until
from fakes import DOCUMENT, fake, write_script

COLLECTED = "on=run stage=collect action=add units=gather:1-40,gather:41-90"
GATHERED = [
    "on=run stage=gather first=1 action=add units=embed_text:1-40",
    "on=run stage=gather first=41 action=add units=embed_text:41-90",
]
EMPTY = "pages=0"
SOON = {"embedding.retry_first": "200ms", "embedding.retry_max": "400ms"}
LATE = {"embedding.retry_first": "1h", "embedding.retry_max": "1h"}


class Library:
    def __init__(self, make_ebbd, folder, settings, **lines):
        self.notes = folder / "notes"
        made = {"limits.cpu_slots": 2, "class.pdf.spare": 0, **settings}
        for name in ("library", "embed", "index", "pdf"):
            script = folder / f"script-{name}"
            write_script(script, f"on=run action=note path={self.notes}", *lines.get(name, ()))
            made.update(fake(script, name=name))
        self.ebbd = make_ebbd(made)

    def noted(self, stage=None):
        """(stage, step, range) of each unit and query, in the order in which they were begun."""
        if not self.notes.exists():
            return []
        rows = [tuple(line.split()[:3]) for line in self.notes.read_text().splitlines()]
        return [row for row in rows if stage in (None, row[0])]

    def submit(self, **fields):
        return self.ebbd.call("SUBMIT", name="ignored", params={"kind": "reembed"}, **fields)[
            "job_id"
        ]

    def jobs(self):
        return [row for row in self.ebbd.call("JOBS")["jobs"] if row["kind"] == "reembed"]

    def alerts(self):
        return [row["kind"] for row in self.ebbd.status()["alerts"]]

    def settled(self):
        return bool(self.ebbd.events("embedding.settled"))


@pytest.fixture
def library(make_ebbd, tmp_path):
    def make(settings=None, **lines):
        return Library(make_ebbd, tmp_path, {**LATE, **(settings or {})}, **lines)

    return make


def test_its_stages_are_its_own(library):
    this = library(library=[COLLECTED, *GATHERED])
    job = this.ebbd.completed(this.submit(), patience(30))
    assert (job["kind"], job["name"], job["document_id"]) == ("reembed", "embeddings", None)
    assert (job["size_bytes"], job["pages"], job["progress"]) == (0, None, 100)
    stages = {row["stage"]: (row["status"], row["units"], row["items"]) for row in job["stages"]}
    assert stages == {
        "collect": ("completed", 1, 1),
        "gather": ("completed", 2, 90),
        "embed_text": ("completed", 2, 90),
        "settle": ("completed", 1, 1),
    }
    noted = [row for row in this.noted() if row[1] != "query"]
    assert noted[0] == ("collect", "work", "1-1")
    assert noted[-1] == ("settle", "work", "1-1")
    assert sorted(this.noted("gather")) == [("gather", "work", "1-40"), ("gather", "work", "41-90")]
    assert sorted(this.noted("embed_text")) == sorted(
        ("embed_text", step, items) for step in ("work", "persist") for items in ("1-40", "41-90")
    )
    told = [row["text"].split(":")[0] for row in this.ebbd.events("stage.completed", job["job_id"])]
    assert told == ["collect", "gather", "embed_text", "settle"]
    assert not this.ebbd.events("stage.skipped", job["job_id"])


def test_nothing_to_embed(library):
    this = library()
    job = this.ebbd.completed(this.submit(), patience(30))
    assert [row["status"] for row in job["stages"]] == [
        "completed", "skipped", "skipped", "completed",
    ]  # fmt: skip


def test_a_document_has_none_of_them(library):
    this = library(pdf=[EMPTY])
    job = this.ebbd.completed(this.ebbd.submit(DOCUMENT), patience(30))
    assert job["kind"] == "document"
    names = [row["stage"] for row in job["stages"]]
    assert names == [
        "survey", "extract", "ocr", "assemble", "structure", "chunk", "embed_text", "embed_image",
        "finish",
    ]  # fmt: skip


def test_what_is_wrong_with_a_submission(library):
    this = library(pdf=[EMPTY])
    with pytest.raises(Refused, match="file") as refused:
        this.submit(file=this.ebbd.incoming(DOCUMENT))
    assert refused.value.code == "invalid"
    with pytest.raises(Refused, match="file"):
        this.ebbd.call("SUBMIT", name="a document without a file")
    with pytest.raises(Refused, match="document or reembed"):
        this.ebbd.call("SUBMIT", name="n", params={"kind": "other"})
    assert not this.ebbd.call("JOBS")["jobs"]


def test_there_is_one_at_a_time(library):
    this = library({"limits.active_jobs": 0})
    first = this.submit()
    with pytest.raises(Refused) as refused:
        this.submit()
    assert refused.value.code == "exists"
    assert refused.value.text.split()[0] == first
    assert this.ebbd.call("CANCEL_JOB", job=first)["status"] == "cancelled"
    second = this.submit()
    assert second != first
    folder = this.ebbd.state / "jobs" / second
    assert folder.is_dir()
    assert not list(folder.iterdir()), "it has no source"
    assert this.ebbd.call("DELETE", job=second)["status"] == "deleted"
    assert not folder.exists()
    assert [row["job_id"] for row in this.jobs()] == [first]


def test_what_is_owed_is_another_job(library):
    """Who wants to move the library does not get a job that embeds what is owed, and nothing else."""
    this = library({"limits.active_jobs": 0})
    owed = this.ebbd.call("SUBMIT", name="n", params={"kind": "reembed", "owed": "yes"})["job_id"]
    with pytest.raises(Refused) as refused:
        this.ebbd.call("SUBMIT", name="n", params={"kind": "reembed", "owed": "yes"})
    assert refused.value.text.split()[0] == owed
    whole = this.submit()
    assert {row["job_id"]: row["name"] for row in this.jobs()} == {
        owed: "owed embeddings",
        whole: "embeddings",
    }


def test_cancelled_and_resumed(library, tmp_path):
    marker = tmp_path / "hung"
    this = library(
        library=[COLLECTED, *GATHERED],
        embed=[f"on=run step=work first=1 once={marker} action=hang"],
    )
    job = this.submit()
    wait_until("a unit hangs", marker.exists, patience(30))
    worker = [row for row in this.ebbd.workers("embed") if row["state"] == "busy"][0]
    this.ebbd.kill9()
    this.ebbd.start()
    assert pathlib.Path(f"/proc/{worker['pid']}").exists() is False
    assert this.ebbd.completed(job, patience(30))["stages"][2]["units_done"] == 2
    assert len(this.noted("collect")) == 1, "what was done is not done again"


def test_a_unit_is_never_cut(library, tmp_path):
    """What is to be embedded is in one artifact for the whole unit."""
    this = library(
        library=[COLLECTED, *GATHERED],
        embed=[f"on=run step=work first=1 once={tmp_path / 'died'} action=segv"],
    )
    job = this.ebbd.completed(this.submit(), patience(30))
    assert job["stages"][2]["units"] == 2
    assert [row[2] for row in this.noted("embed_text") if row[1] == "work"].count("1-40") == 2


# --- owed ---


def test_what_a_job_leaves_is_embedded_by_itself(library, tmp_path):
    """A document's chunks get no vector; twice the library says so, then it does not."""
    once = [tmp_path / name for name in ("first", "second")]
    this = library(
        {**SOON, "limits.active_jobs": 4},
        pdf=[EMPTY],
        library=[
            "on=run stage=structure action=add units=chunk:1-1",
            COLLECTED,
            *GATHERED,
            *(f"on=run stage=missing once={path} action=done counts=chunks_without_vector:7"
              for path in once[:0]),
        ],
        index=["on=run stage=chunk step=work action=add units=embed_text:1-7"],
        embed=[
            f"on=run stage=embed_text step=work once={once[0]} action=add "
            "counts=chunks_without_vector:7"
        ],
    )  # fmt: skip
    job = this.ebbd.completed(this.ebbd.submit(DOCUMENT), patience(30))
    assert job["counts"]["chunks_without_vector"] == 7
    wait_until("it is settled", this.settled, patience(30))
    assert [row["kind"] for row in this.ebbd.events() if row["kind"].startswith("embedding.")] == [
        "embedding.owed",
        "embedding.settled",
    ]
    assert "embedding.owed" not in this.alerts()


def test_it_is_tried_until_nothing_is_missing(library, tmp_path):
    """The library says three times that something lacks a vector, on four rounds at least."""
    says = [
        f"on=run stage=missing once={tmp_path / str(i)} action=add "
        f"counts=chunks_without_vector:{9 - i}"
        for i in range(3)
    ]
    # Only the first rule that fits may count: each round spends one marker.
    script = []
    for line in says:
        script.append(line)
    this = library(SOON, library=[COLLECTED, *GATHERED, *script])
    wait_until("something is owed", lambda: this.ebbd.events("embedding.owed"), patience(30))
    wait_until("it is settled", this.settled, patience(60))
    jobs = this.jobs()
    assert jobs
    assert all(row["name"] == "owed embeddings" for row in jobs)
    wait_until(
        "all have ended", lambda: all(row["status"] in ENDED for row in this.jobs()), patience(30)
    )
    assert "embedding.owed" not in this.alerts()


def test_nothing_owed_starts_nothing(library):
    this = library(SOON)
    wait_until("it is asked once", lambda: this.noted("missing"), patience(30))
    this.ebbd.settle(20)
    assert not this.jobs()
    assert not this.ebbd.events("embedding.owed")


def test_an_alert_holds_while_vectors_are_owed(library):
    this = library(
        {"limits.active_jobs": 0, **SOON},
        library=["on=run stage=missing action=add counts=chunks_without_vector:5"],
    )
    wait_until("an alert", lambda: "embedding.owed" in this.alerts(), patience(30))
    wait_until("a job waits", this.jobs, patience(30))
    text = [row["text"] for row in this.ebbd.status()["alerts"]]
    assert text == ["5 chunks have no vector: found by words alone until one can be made"]
    wait_until("it goes on asking", lambda: len(this.noted("missing")) >= 3, patience(30))
    assert len(this.jobs()) == 1, "one at a time"
    assert len(this.ebbd.events("embedding.owed")) == 1, "it is said once"


def test_it_survives_a_restart(library):
    this = library(
        {"limits.active_jobs": 0, **SOON},
        library=["on=run stage=missing action=add counts=chunks_without_vector:5"],
    )
    wait_until("a job waits", this.jobs, patience(30))
    this.ebbd.kill9()
    this.ebbd.start()
    wait_until("an alert again", lambda: "embedding.owed" in this.alerts(), patience(30))
    this.ebbd.settle(20)
    assert len(this.jobs()) == 1


def test_a_library_that_does_not_answer_is_asked_again(library):
    this = library(SOON, library=["on=run stage=missing action=fail code=failed text=no"])
    wait_until("it goes on asking", lambda: len(this.noted("missing")) >= 3, patience(30))
    assert not this.jobs()
