# SPDX-License-Identifier: AGPL-3.0-or-later
"""An endpoint of embeddings behind the whole of ebb: a document completes whatever the endpoint does,
what has no vector is listed and embedded by itself later, and a library moves to another model."""

import contextlib
import json
import sqlite3

import fitz
import pytest

import ebbproto
from daemon import patience, wait_until
from endpoint import Answer, Endpoint, raw, right, status

pytestmark = pytest.mark.skipif(
    not (ebbproto.WORKERS / "ebb-embed").exists(), reason="the workers have not been built")

SUBJECTS = ["kilns that fire clay", "bees in october", "ferries and tides", "bread and its crust",
            "votes of the council", "repairs of old clocks"]
SOON = {"embedding.retry_first": "300ms", "embedding.retry_max": "600ms"}
LATE = {"embedding.retry_first": "1h", "embedding.retry_max": "1h"}


def write_document(path):
    """A page for each subject, with some paragraphs of it."""
    document = fitz.open()
    for subject in SUBJECTS:
        page = document.new_page()
        page.insert_text((72, 72), subject.title(), fontsize=20)
        for number in range(6):
            text = f"Paragraph {number} tells of {subject}. " * 8
            page.insert_textbox((72, 100 + 100 * number, 520, 195 + 100 * number), text, fontsize=10)
    document.save(path)
    return path


class Shelf:
    """An ebbd with real workers, its endpoint, and a document."""

    def __init__(self, make_ebbd, folder):
        self.make_ebbd = make_ebbd
        self.source = write_document(folder / "subjects.pdf")
        self.ebbd = None

    def start(self, endpoint=None, model="model-one", **settings):
        options = {"class.pdf.spare": 0, "class.ocr.spare": 0, **LATE}
        if endpoint:
            options |= {"class.embed.option.url": endpoint.url, "class.embed.option.model": model,
                        "class.embed.option.batch": 4, "class.embed.option.attempts": 1,
                        "class.embed.option.breaker_ms": 50,
                        "class.embed.option.dimensions": endpoint.dimensions}
        options |= settings
        if self.ebbd:
            old = self.ebbd
            old.finish()
            self.ebbd = self.make_ebbd(options, folder=old.folder)
        else:
            self.ebbd = self.make_ebbd(options)
        return self.ebbd

    def submit(self):
        job = self.ebbd.submit(self.source, params={"chunk_size": "256", "chunk_overlap": "32"})
        return self.ebbd.completed(job, patience(60))

    def missing(self):
        return json.loads(self.ebbd.query("missing"))

    def search(self, question, **params):
        return json.loads(self.ebbd.query("search", q=question, **params))

    def vectors(self):
        """{(kind, model, dimensions): how many} of the library."""
        path = self.ebbd.state / "library" / "library.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as library:
            rows = library.execute(
                "SELECT kind, model, dimensions, (SELECT count(*) FROM vectors WHERE"
                " vectors.row >> 40 = vector_sets.id) FROM vector_sets").fetchall()
        return {row[:3]: row[3] for row in rows if row[3] > 0}


@pytest.fixture
def shelf(make_ebbd, tmp_path):
    return Shelf(make_ebbd, tmp_path)


@pytest.fixture
def serve():
    endpoints = []

    def start(*arguments, **named):
        endpoints.append(Endpoint(*arguments, **named))
        return endpoints[-1]

    yield start
    for started in endpoints:
        started.close()


def stage_of(job, name):
    return {stage["stage"]: stage["status"] for stage in job["stages"]}[name]


def cut(request):
    answer = raw(right(request, 8))
    answer.cut = len(answer.body) // 2
    return answer


BROKEN = {
    "429": lambda request: status(429, Retry_After=0),
    "500": lambda request: status(500),
    "garbage": lambda request: raw(b"<html>"),
    "half an answer": cut,
    "another dimension": lambda request: raw(right(request, 5)),
    "closes": lambda request: Answer(200, b"x" * 100, cut=0),
}


@pytest.mark.parametrize("how", BROKEN)
def test_embedded_by_itself_when_the_endpoint_is_back(shelf, serve, how):
    endpoint = serve(BROKEN[how])
    ebbd = shelf.start(endpoint, **SOON)
    job = shelf.submit()
    assert job["status"] == "completed" and stage_of(job, "embed_text") == "completed"
    chunks = job["counts"]["chunks"]
    assert job["counts"]["chunks_without_vector"] == chunks >= len(SUBJECTS)
    assert any("have no vector: " in warning for warning in job["warnings"])
    listed = shelf.missing()
    assert (listed["model"], listed["dimensions"], listed["total"]) == ("model-one", 8, chunks)
    assert shelf.vectors() == {}
    found = shelf.search("who cares for bees in october")
    assert found["results"][0]["page"] == 2
    endpoint.behave = lambda request: None
    wait_until("all chunks have their vectors", lambda: shelf.missing()["total"] == 0, 60)
    assert shelf.vectors() == {("text", "model-one", 8): chunks}
    wait_until("the jobs are over", lambda: not ebbd.status()["jobs"]["processing"], 30)


def test_hanging(shelf, serve):
    endpoint = serve(lambda request: raw(right(request, 8), delay=3600))
    shelf.start(endpoint, **{"class.embed.option.timeout_ms": 200})
    job = shelf.submit()
    assert job["status"] == "completed"
    assert shelf.missing()["total"] == job["counts"]["chunks"]


def test_some_have_none(shelf, serve):
    """What is refused is left out; the rest of the document is embedded."""
    endpoint = serve(lambda request: status(400, "no bees")
                     if any("bees" in text for text in request.texts) else None)
    shelf.start(endpoint, **{"class.embed.option.concurrency": 1})
    job = shelf.submit()
    listed = shelf.missing()
    assert 0 < listed["total"] == job["counts"]["chunks_without_vector"] < job["counts"]["chunks"]
    assert {chunk["page"] for chunk in listed["chunks"]} == {2}
    assert shelf.search("bees in october")["results"][0]["page"] == 2


def test_a_question_that_cannot_be_embedded(shelf, serve):
    """Words alone find it then, and the answer says so."""
    endpoint = serve()
    shelf.start(endpoint)
    shelf.submit()
    assert shelf.search("kilns that fire clay")["warnings"] == []
    endpoint.behave = BROKEN["500"]
    found = shelf.search("ferries and tides")
    assert found["results"][0]["page"] == 3 and found["warnings"]


def test_moved_to_another_model_and_back(shelf, serve):
    shelf.start()
    job = shelf.submit()
    chunks = job["counts"]["chunks"]
    built_in = ("text", "ebb-lexical-512", 512)
    assert shelf.vectors() == {built_in: chunks}

    endpoint = serve(dimensions=24)
    ebbd = shelf.start(endpoint, model="model-two")
    assert shelf.missing()["total"] == chunks, "the other model's vectors are none of this one's"
    found = shelf.search("kilns that fire clay")
    assert found["results"] and all(row["vector_rank"] is None for row in found["results"])
    again = ebbd.completed(ebbd.call("SUBMIT", name="again", params={"kind": "reembed"})["job_id"],
                           patience(60))
    assert again["status"] == "completed"
    assert shelf.vectors() == {("text", "model-two", 24): chunks}
    assert shelf.missing()["total"] == 0
    assert any(row["vector_rank"] for row in shelf.search("kilns that fire clay")["results"])

    ebbd = shelf.start()
    ebbd.completed(ebbd.call("SUBMIT", name="again", params={"kind": "reembed"})["job_id"], patience(60))
    assert shelf.vectors() == {built_in: chunks}
    first = shelf.search("kilns that fire clay", mode="vector")["results"][0]
    assert first["page"] == 1 and first["vector_rank"] == 1


def test_another_model_is_not_paid_for_unasked(shelf, serve):
    """Of a library of another model ebbd embeds by itself only what has no vector at all and wants
    one; the rest is what `ebb reembed` is for."""
    shelf.start()
    chunks = shelf.submit()["counts"]["chunks"]
    built_in = ("text", "ebb-lexical-512", 512)

    endpoint = serve(BROKEN["500"], dimensions=24)
    ebbd = shelf.start(endpoint, model="model-two", **SOON)
    with fitz.open() as document:
        document.new_page().insert_text((72, 72), "Notes on the weighing of anchors in a storm")
        document.save(shelf.source.parent / "anchors.pdf")
    with fitz.open() as document:
        document.new_page().insert_text((72, 72), "Letters that nobody is to embed")
        document.save(shelf.source.parent / "letters.pdf")
    ebbd.completed(ebbd.submit(shelf.source.parent / "letters.pdf", params={"embed": "no"}), patience(60))
    job = ebbd.completed(ebbd.submit(shelf.source.parent / "anchors.pdf"), patience(60))
    owed = job["counts"]["chunks_without_vector"]
    assert owed > 0
    listed = json.loads(ebbd.query("missing", owed="yes"))
    assert (listed["total"], {row["document_id"] for row in listed["chunks"]}) == (
        owed, {job["document_id"]})
    assert shelf.missing()["total"] > chunks + owed
    endpoint.behave = lambda request: None
    wait_until("what is owed is embedded", lambda: ebbd.events("embedding.settled"), patience(60))
    assert shelf.vectors() == {built_in: chunks, ("text", "model-two", 24): owed}
    assert all(row["name"] == "owed embeddings" for row in ebbd.call("JOBS")["jobs"]
               if row["kind"] == "reembed")
    texts = [text for request in endpoint.requests for text in request.texts]
    assert texts and all("anchors" in text for text in texts)

    ebbd = shelf.start(endpoint, model="model-two")
    found = shelf.search("kilns that fire clay")
    assert any("ebb reembed" in warning for warning in found["warnings"])
    assert found["results"][0]["page"] == 1 and found["results"][0]["vector_rank"] is None
    again = ebbd.call("SUBMIT", name="again", params={"kind": "reembed"})["job_id"]
    assert ebbd.completed(again, patience(60))["status"] == "completed"
    assert shelf.missing()["total"] == 0
    assert {key[1] for key in shelf.vectors()} == {"model-two"}
    assert shelf.search("kilns that fire clay")["warnings"] == []


def test_dimensions_are_those_that_come(shelf, serve):
    endpoint = serve(dimensions=12)
    shelf.start(endpoint, **{"class.embed.option.dimensions": 0})
    job = shelf.submit()
    assert shelf.vectors() == {("text", "model-one", 12): job["counts"]["chunks"]}
    assert shelf.missing()["total"] == 0
    found = shelf.search("votes of the council")
    assert found["warnings"] == [] and any(row["vector_rank"] for row in found["results"])
