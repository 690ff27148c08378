# SPDX-License-Identifier: AGPL-3.0-or-later
"""Jobs handed in, listed, cancelled, resumed and deleted, in every state that they can be in."""

import json
import os
import socket

import pytest

from daemon import ENDED, Refused, patience, wait_until
from documents import pdf
from fakes import (
    DOCUMENT, IMPATIENT, SERIAL, fake, lost, pages_in_library, verdicts, write_script,
)

EMPTY = {"documents": 0, "pages": 0}


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script"
    write_script(path, "pages=4 unit=2")
    return path


def library_size(ebbd):
    digest = json.loads(ebbd.query("digest"))
    return {key: digest[key] for key in EMPTY}


def folders(ebbd):
    return sorted(os.listdir(ebbd.state / "jobs"))


# --- SUBMIT ---


def refused(ebbd, **fields):
    with pytest.raises(Refused) as error:
        ebbd.call("SUBMIT", **{"name": "a name", **fields})
    assert folders(ebbd) == []
    assert ebbd.status()["jobs"]["pending"] == 0
    return error.value.code


@pytest.mark.parametrize(
    "file, code",
    [
        ("missing.pdf", "not_found"),
        ("a/b.pdf", "invalid"),
        ("/etc/passwd", "invalid"),
        ("../state.db", "invalid"),
        ("..", "invalid"),
        (".", "invalid"),
        (".hidden", ("invalid", "not_found")),
    ],
)
def test_a_file_that_cannot_be_submitted(make_ebbd, script, file, code):
    given = refused(make_ebbd(fake(script)), file=file)
    assert given in code if isinstance(code, tuple) else given == code


@pytest.mark.parametrize("kind", ["symlink", "dangling", "folder", "fifo", "socket", "device"])
def test_what_is_no_plain_file(make_ebbd, script, kind):
    ebbd = make_ebbd(fake(script))
    path = ebbd.state / "incoming" / "thing"
    if kind == "symlink":
        path.symlink_to("/etc/passwd")
    elif kind == "dangling":
        path.symlink_to("/nowhere")
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
    else:
        try:
            os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
            path.read_bytes()
        except PermissionError:
            pytest.skip("no devices here")
    assert refused(ebbd, file="thing") == "invalid"
    assert os.path.lexists(path)


def test_a_document_that_is_too_large(make_ebbd, script):
    ebbd = make_ebbd({**fake(script), "limits.document_bytes": 1000})
    assert refused(ebbd, file=ebbd.incoming(b"x" * 1001)) == "limit"
    ebbd.completed(ebbd.submit(b"x" * 1000))


@pytest.mark.parametrize(
    "fields",
    [
        {"priority": 10},
        {"name": ""},
        {"name": "x" * 1025},
        {"file": ""},
        {"file": "x" * 256},
        {"params": {f"key{number}": "" for number in range(65)}},
        {"params": {"": "empty key"}},
        {"params": {"number": 7}},
    ],
)
def test_fields_that_are_out_of_bounds(make_ebbd, script, fields):
    ebbd = make_ebbd(fake(script))
    client = ebbd.client()
    request = client.request("SUBMIT", **{"file": ebbd.incoming(DOCUMENT), "name": "n", **fields})
    message = client.receive(patience(5))
    assert (message.name, message["code"]) == ("ERROR", "invalid") and request
    assert client.receive(patience(5)) is None
    assert folders(ebbd) == []


def test_a_queue_that_is_full(make_ebbd, script):
    write_script(script, "on=run stage=survey action=hang")
    ebbd = make_ebbd({
        **SERIAL, **IMPATIENT, **fake(script), "class.pdf.item_deadline": "60s",
        "limits.active_jobs": 1, "limits.queued_jobs": 2,
    })
    jobs = [ebbd.submit(DOCUMENT)]
    wait_until("it is in work", lambda: ebbd.job(jobs[0])["status"] == "processing")
    jobs += [ebbd.submit(DOCUMENT) for _ in range(2)]
    with pytest.raises(Refused) as error:
        ebbd.submit(DOCUMENT)
    assert error.value.code == "limit"
    assert len(folders(ebbd)) == 3
    for job in jobs[::-1]:
        ebbd.call("CANCEL_JOB", job=job)


def test_a_submitted_file_is_moved(make_ebbd, script):
    ebbd = make_ebbd(fake(script))
    job = ebbd.submit(DOCUMENT)
    assert os.listdir(ebbd.state / "incoming") == []
    ebbd.completed(job)
    source = ebbd.state / "jobs" / job / "source"
    assert source.read_bytes() == DOCUMENT
    assert source.stat().st_nlink == 1


def test_names_and_parameters_arrive(make_ebbd, script):
    ebbd = make_ebbd(fake(script))
    name = "Ein Überblick – 概要 \U0001f4d8.pdf"
    row = ebbd.completed(ebbd.submit(DOCUMENT, name=name, priority=9, params={"focus": "NOVA"}))
    assert (row["name"], row["priority"]) == (name, 9)
    documents = json.loads(ebbd.query("documents"))["documents"]
    assert [document["name"] for document in documents] == [name]


# --- order and lists ---


def test_priority_and_age_decide(make_ebbd, script):
    write_script(script, "on=run stage=survey action=hang")
    ebbd = make_ebbd({**SERIAL, **fake(script), "limits.active_jobs": 1})
    first = ebbd.submit(DOCUMENT)
    wait_until("it hangs", lambda: [row for row in ebbd.workers("pdf") if row["state"] == "busy"])
    jobs = {priority: ebbd.submit(DOCUMENT, priority=priority) for priority in (5, 1, 9, 6)}
    same = ebbd.submit(DOCUMENT, priority=9)
    write_script(script, "pages=1")
    ebbd.call("CANCEL_JOB", job=first)
    for job in [*jobs.values(), same]:
        ebbd.completed(job)
    started = [event["job_id"] for event in ebbd.events("job.started")]
    assert started == [first, jobs[9], same, jobs[6], jobs[5], jobs[1]]


def test_the_list_of_jobs(make_ebbd, script):
    ebbd = make_ebbd({**SERIAL, **fake(script)})
    done = [ebbd.completed(ebbd.submit(DOCUMENT, name=f"{n}.pdf"))["job_id"] for n in range(5)]
    write_script(script, "on=run stage=survey action=fail code=zero_pages retryable=0")
    failed = ebbd.run(DOCUMENT)["job_id"]
    everything = ebbd.call("JOBS")
    assert everything["total"] == 6
    assert [row["job_id"] for row in everything["jobs"]] == [failed] + done[::-1]
    assert everything["jobs"][0]["error_code"] == "zero_pages"
    only = ebbd.call("JOBS", status="failed")
    assert [row["job_id"] for row in only["jobs"]] == [failed]
    pages, cursor = [], None
    while True:
        page = ebbd.call("JOBS", limit=2, **({"cursor": cursor} if cursor else {}))
        pages.append([row["job_id"] for row in page["jobs"]])
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert sum(pages, []) == [failed] + done[::-1]
    assert max(map(len, pages)) == 2


# --- CANCEL ---


def in_state(ebbd, script, state):
    """A job that is in the state when this returns, and how many of its workers are at work."""
    slow = {
        "in survey": "on=run stage=survey action=sleep ms=30000",
        "in extract": "on=item item=2 action=sleep ms=30000",
        "deaf": "on=item item=2 action=deaf",
        "failing": "on=item action=segv",
    }
    write_script(script, "pages=4 unit=2", slow.get(state, ""))
    job = ebbd.submit(DOCUMENT)
    if state == "waiting":
        assert ebbd.job(job)["status"] == "pending"
    elif state in ("in survey", "in extract", "deaf"):
        page = 1 if state == "in survey" else 2
        find = lambda: [row for row in ebbd.workers("pdf") if row["state"] == "busy"]
        if state == "in survey":
            wait_until(state, find)
        else:
            wait_until(state, lambda: [row for row in find() if row["item"] == page])
    elif state == "failing":
        wait_until("a worker crashed", lambda: ebbd.events("worker.died"))
    elif state == "completed":
        ebbd.completed(job)
    elif state == "cancelled":
        ebbd.call("CANCEL_JOB", job=job)
    elif state == "failed":
        write_script(script, "on=run stage=survey action=fail code=zero_pages retryable=0")
        ebbd.ended(job)
    return job


STATES = ["waiting", "just submitted", "in survey", "in extract", "deaf", "failing"]


def make_for(make_ebbd, script, state):
    settings = {**SERIAL, **IMPATIENT, **fake(script), "limits.attempts": 50}
    settings["class.pdf.item_deadline"] = "60s"
    if state == "waiting":
        settings["limits.active_jobs"] = 1
    ebbd = make_ebbd(settings)
    if state == "waiting":
        write_script(script, "on=run stage=survey action=hang")
        before = ebbd.submit(b"one before it")
        wait_until("it is in work", lambda: ebbd.workers("pdf"))
        ebbd.before = before
    return ebbd


@pytest.mark.parametrize("state", STATES)
def test_cancel(make_ebbd, script, state):
    ebbd = make_for(make_ebbd, script, state)
    job = in_state(ebbd, script, state)
    assert ebbd.call("CANCEL_JOB", job=job) == {"job_id": job, "status": "cancelled"}
    row = ebbd.job(job)
    assert row["status"] == "cancelled"
    assert row["finished_at"]
    assert not [worker for worker in ebbd.workers() if worker["job_id"] == job]
    assert len(ebbd.events("job.cancelled", job)) == 1
    counts = verdicts(ebbd.receipts(job))
    if state in ("in survey", "in extract", "deaf"):
        assert counts.pop("cancelled") == 1
    assert set(counts) <= {"done", "crashed", "cancelled"}
    assert lost(row) == []
    # Once is enough.
    with pytest.raises(Refused) as error:
        ebbd.call("CANCEL_JOB", job=job)
    assert error.value.code == "exists"
    if state == "waiting":
        ebbd.call("CANCEL_JOB", job=ebbd.before)
    # And nobody is hurt: the next job goes its way.
    write_script(script, "pages=4 unit=2")
    ebbd.completed(ebbd.submit(DOCUMENT))


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_cancel_of_what_has_ended_is_refused(make_ebbd, script, state):
    ebbd = make_for(make_ebbd, script, state)
    job = in_state(ebbd, script, state)
    before = ebbd.job(job)
    with pytest.raises(Refused) as error:
        ebbd.call("CANCEL_JOB", job=job)
    assert error.value.code == "exists"
    assert ebbd.job(job) == before


@pytest.mark.parametrize("request_name, told", [("CANCEL_JOB", "cancelled"), ("DELETE", "deleted")])
@pytest.mark.parametrize("stage", ["survey", "extract"])
def test_cancel_and_delete_while_rows_are_written(
    make_ebbd, script, tmp_path, request_name, told, stage
):
    """The library may end what it has begun."""
    shelf = tmp_path / "shelf"
    write_script(shelf, f"on=run stage={stage} step=persist once={shelf}.once action=sleep ms=2000")
    ebbd = make_ebbd({**SERIAL, **fake(script), **fake(shelf, "library")})
    job = ebbd.submit(DOCUMENT)
    wait_until("rows are written", lambda: [
        row for row in ebbd.workers("library")
        if (row["stage"], row["step"], row["state"]) == (stage, "persist", "busy")
    ])
    assert ebbd.call(request_name, job=job)["status"] == told
    assert not [worker for worker in ebbd.workers() if worker["job_id"] == job]
    assert verdicts(ebbd.receipts()).keys() <= {"done", "cancelled"}
    ebbd.completed(ebbd.submit(DOCUMENT))


def test_the_library_crashes_under_a_cancelled_job(make_ebbd, script, tmp_path):
    shelf = tmp_path / "shelf"
    write_script(
        shelf, f"on=run step=persist once={shelf}.once action=sleep ms=2000",
        f"on=run step=persist once={shelf}.twice action=segv",
    )
    ebbd = make_ebbd({**SERIAL, **fake(script), **fake(shelf, "library")})
    job = ebbd.submit(DOCUMENT)
    wait_until("rows are written", lambda: [
        row for row in ebbd.workers("library") if row["state"] == "busy"
    ])
    assert ebbd.call("CANCEL_JOB", job=job)["status"] == "cancelled"
    wait_until("it has crashed", lambda: ebbd.events("worker.died"))
    ebbd.completed(ebbd.submit(DOCUMENT))


def test_cancel_twice_at_once(make_ebbd, script):
    ebbd = make_for(make_ebbd, script, "deaf")
    job = in_state(ebbd, script, "deaf")
    requests = [ebbd.connection.request("CANCEL_JOB", job=job) for _ in range(3)]
    for request in requests:
        assert ebbd.connection.answer(request)["status"] == "cancelled"


def test_cancel_by_a_client_that_leaves(make_ebbd, script):
    ebbd = make_for(make_ebbd, script, "deaf")
    job = in_state(ebbd, script, "deaf")
    client = ebbd.client()
    client.request("CANCEL_JOB", job=job)
    client.close()
    assert ebbd.ended(job)["status"] == "cancelled"


def test_cancel_soon_after_submit_always_works(make_ebbd, script):
    """At whatever point between the queue and the first worker the job is."""
    ebbd = make_ebbd(fake(script))
    statuses = set()
    for _ in range(40):
        job, expected = ebbd.submit(DOCUMENT), "cancelled"
        try:
            ebbd.call("CANCEL_JOB", job=job)
        except Refused as error:  # it was too late
            assert error.code == "exists"
            expected = "completed"
        assert ebbd.job(job)["status"] == expected
        statuses.add(expected)
    assert "cancelled" in statuses


# --- RESUME ---


def test_resume_goes_on_from_what_was_finished(make_ebbd, script):
    ebbd = make_for(make_ebbd, script, "in extract")
    job = in_state(ebbd, script, "in extract")
    ebbd.call("CANCEL_JOB", job=job)
    write_script(script, "pages=4 unit=2")
    assert ebbd.call("RESUME", job=job) == {"job_id": job, "status": "pending"}
    row = ebbd.completed(job)
    assert lost(row) == []
    assert pages_in_library(ebbd, row) == [1, 2, 3, 4]
    stages = [receipt["stage"] for receipt in ebbd.receipts(job)]
    assert stages.count("survey") == 1  # not again


def test_resume_of_a_job_that_lost_pages(make_ebbd, script):
    write_script(script, "pages=4 unit=4", "on=item item=3 action=segv")
    ebbd = make_ebbd({**SERIAL, **fake(script)})
    job = ebbd.submit(DOCUMENT)
    assert lost(ebbd.completed(job)) == [(3, "crashed")]
    write_script(script, "pages=4 unit=4")
    ebbd.call("RESUME", job=job)
    row = ebbd.completed(job)
    assert lost(row) == []
    assert pages_in_library(ebbd, row) == [1, 2, 3, 4]


def test_resume_of_a_job_that_failed(make_ebbd, script):
    write_script(script, "on=run stage=survey action=segv")
    ebbd = make_ebbd({**SERIAL, **fake(script)})
    job = ebbd.run(DOCUMENT)["job_id"]
    write_script(script, "pages=4")
    ebbd.call("RESUME", job=job)
    row = ebbd.completed(job)
    assert (row["error"], lost(row)) == (None, [])


def test_resume_of_what_needs_none_is_refused(make_ebbd, script):
    ebbd = make_for(make_ebbd, script, "deaf")
    for state in ("completed", "deaf"):
        job = in_state(ebbd, script, state)
        with pytest.raises(Refused) as error:
            ebbd.call("RESUME", job=job)
        assert error.value.code == "exists"
    ebbd.call("CANCEL_JOB", job=job)


# --- DELETE ---


@pytest.mark.parametrize("state", STATES + ["completed", "failed", "cancelled"])
def test_delete_takes_all_that_the_job_made(make_ebbd, script, state):
    ebbd = make_for(make_ebbd, script, state)
    job = in_state(ebbd, script, state)
    write_script(script, "pages=4 unit=2")
    assert ebbd.call("DELETE", job=job) == {"job_id": job, "status": "deleted"}
    assert job not in folders(ebbd)
    for request in ("JOB", "CANCEL_JOB", "RESUME", "DELETE"):
        with pytest.raises(Refused) as error:
            ebbd.call(request, job=job)
        assert error.value.code == "not_found", request
    assert job not in [row["job_id"] for row in ebbd.call("JOBS")["jobs"]]
    assert not [worker for worker in ebbd.workers() if worker["job_id"] == job]
    if state == "waiting":
        ebbd.call("DELETE", job=ebbd.before)
    assert library_size(ebbd) == EMPTY
    assert folders(ebbd) == []
    # What its processes cost is still known.
    if state in ("completed", "in extract"):
        assert len(ebbd.receipts(job)) >= 2


def test_delete_leaves_the_others_alone(make_ebbd, script):
    ebbd = make_ebbd(fake(script))
    kept, other = [ebbd.completed(ebbd.submit(text))["job_id"] for text in (b"one", b"two")]
    ebbd.call("DELETE", job=other)
    assert library_size(ebbd) == {"documents": 1, "pages": 4}
    assert pages_in_library(ebbd, ebbd.job(kept)) == [1, 2, 3, 4]


def test_a_document_goes_with_the_last_job_that_made_it(make_ebbd, script):
    ebbd = make_ebbd(fake(script))
    first, second = [ebbd.completed(ebbd.submit(DOCUMENT))["job_id"] for _ in range(2)]
    assert library_size(ebbd) == {"documents": 1, "pages": 4}
    ebbd.call("DELETE", job=first)
    assert library_size(ebbd) == {"documents": 1, "pages": 4}
    ebbd.call("DELETE", job=second)
    assert library_size(ebbd) == EMPTY


def test_delete_soon_after_submit_always_works(make_ebbd, script):
    ebbd = make_ebbd(fake(script))
    for _ in range(40):
        assert ebbd.call("DELETE", job=ebbd.submit(DOCUMENT))["status"] == "deleted"
    ebbd.settle()
    assert folders(ebbd) == []
    assert library_size(ebbd) == EMPTY
    assert ebbd.call("JOBS")["total"] == 0


def test_delete_and_others_at_once(make_ebbd, script):
    """Whoever asks for something else meanwhile, the job is gone in the end."""
    ebbd = make_for(make_ebbd, script, "cancelled")
    for _ in range(15):
        job = in_state(ebbd, script, "cancelled")
        requests = [
            ebbd.connection.request(name, job=job)
            for name in ("DELETE", "RESUME", "DELETE", "RESUME", "CANCEL_JOB")
        ]
        outcomes = []
        for request in requests:
            try:
                outcomes.append(ebbd.connection.answer(request)["status"])
            except Refused as error:
                outcomes.append(error.code)
        assert outcomes[0] == "deleted", outcomes
        ebbd.settle()
        assert job not in folders(ebbd)
        with pytest.raises(Refused):
            ebbd.job(job)
    assert library_size(ebbd) == EMPTY


def test_delete_by_a_client_that_leaves(make_ebbd, script):
    ebbd = make_for(make_ebbd, script, "in extract")
    job = in_state(ebbd, script, "in extract")
    client = ebbd.client()
    client.request("DELETE", job=job)
    client.close()
    wait_until("it is deleted", lambda: folders(ebbd) == [])
    wait_until("and told", lambda: ebbd.events("job.deleted"))


# --- the real workers ---


def cancelled_on_its_way(ebbd, document):
    """A job that was cancelled while its pages were read. They are read so quickly that it may take
    several until one is caught."""
    for _ in range(50):
        job = ebbd.submit(document, name="all.pdf")
        while ebbd.job(job)["status"] not in ENDED:
            if ebbd.job(job)["progress"] > 16:
                try:
                    ebbd.call("CANCEL_JOB", job=job)
                    return job
                except Refused as error:
                    assert error.code == "exists"
        ebbd.call("DELETE", job=job)
    raise AssertionError("no job was ever caught at its work")


def test_a_real_document_through_all_of_it(ebbd):
    job = cancelled_on_its_way(ebbd, pdf(400, title="All of it"))
    partly = library_size(ebbd)["pages"]
    ebbd.call("RESUME", job=job)
    row = ebbd.completed(job)
    assert (row["pages"], row["pages_done"], lost(row)) == (400, 400, [])
    assert partly <= 400
    assert library_size(ebbd) == {"documents": 1, "pages": 400}
    hits = json.loads(ebbd.query("search", q="quick brown fox", k=5))["results"]
    assert len(hits) == 5
    text = ebbd.query("show", document=job, format="text", pages="7").decode()
    assert "All of it, page 7" in text and "page 8" not in text
    ebbd.call("DELETE", job=job)
    assert library_size(ebbd) == EMPTY
    assert json.loads(ebbd.query("search", q="quick brown fox"))["results"] == []
