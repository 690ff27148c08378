# SPDX-License-Identifier: AGPL-3.0-or-later
"""The real workers, killed or stopped from outside in the middle of their work: nothing is lost,
and the library is what it is without that."""

import json
import os
import signal

import pytest

import daemon
from daemon import wait_until
from documents import pdf
from fakes import lost, verdicts

PAGES = 300


@pytest.fixture(scope="module")
def document():
    return pdf(PAGES)


@pytest.fixture(scope="module")
def undisturbed(document):
    """The digest of a library over which nothing went wrong."""
    if not daemon.EBBD.exists():
        pytest.skip(f"{daemon.EBBD} has not been built")
    ebbd = daemon.Ebbd()
    try:
        ebbd.start()
        job = ebbd.completed(ebbd.submit(document))
        assert (job["pages"], job["pages_done"]) == (PAGES, PAGES)
        digest = ebbd.query("digest")
        assert json.loads(digest)["pages"] == PAGES
        ebbd.finish()
        return digest
    finally:
        ebbd.remove()


def caught_busy(ebbd, document, name, stage):
    """A job, and a worker of it that has a unit of the stage in work just now. The work is quick,
    so that it may take several jobs until one is seen at it."""
    for _ in range(50):
        job = ebbd.submit(document)
        while ebbd.job(job)["status"] not in daemon.ENDED:
            for row in ebbd.workers(name):
                if row["state"] == "busy" and row["stage"] == stage:
                    return job, row
        ebbd.call("DELETE", job=job)
    raise AssertionError(f"no {name} worker was ever seen busy with {stage}")


def strike(pid, number):
    """Signals it; whether it still was there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    "number, verdict",
    [
        (signal.SIGKILL, "crashed"),
        (signal.SIGSEGV, "crashed"),
        (signal.SIGABRT, "crashed"),
        (signal.SIGSTOP, "deadline_exceeded"),
    ],
)
def test_a_pdf_worker_that_is_killed(make_ebbd, document, undisturbed, number, verdict):
    # Short for the one that is stopped, long for those that only have to wait for a CPU.
    deadline = 5 if number == signal.SIGSTOP else 60
    ebbd = make_ebbd({"class.pdf.item_deadline": f"{deadline}s"})
    job, worker = caught_busy(ebbd, document, "pdf", "extract")
    strike(worker["pid"], number)
    row = ebbd.completed(job)
    assert lost(row) == []
    receipts = ebbd.receipts(job)
    counts = verdicts(receipts)
    if counts == {"done": sum(counts.values())}:
        pytest.skip("the worker was quicker than the signal")
    assert counts.pop(verdict) == 1
    assert set(counts) == {"done"}
    assert [row["pid"] for row in receipts if row["verdict"] == verdict] == [worker["pid"]]
    assert ebbd.query("digest") == undisturbed


def test_a_pdf_worker_that_is_told_to_go_says_goodbye(make_ebbd, document, undisturbed):
    """SIGTERM, as an operator may send it: the unit runs again. Between two units the goodbye can
    cross the next one, which is then one that it left unfinished."""
    ebbd = make_ebbd()
    job, worker = caught_busy(ebbd, document, "pdf", "extract")
    strike(worker["pid"], signal.SIGTERM)
    row = ebbd.completed(job)
    assert lost(row) == []

    def receipt_of_it():
        return [row for row in ebbd.receipts() if row["pid"] == worker["pid"]]

    (receipt,) = wait_until("its receipt", receipt_of_it)
    assert (receipt["exit_code"], receipt["signal"]) == (0, 0)
    if receipt["verdict"] != "done":
        (died,) = ebbd.events("worker.died")
        assert died["text"].endswith("said BYE with a unit unfinished")
    assert ebbd.query("digest") == undisturbed


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
def test_the_library_that_is_killed(make_ebbd, document, undisturbed, number):
    ebbd = make_ebbd({"limits.attempts": 20, "limits.backoff_first": "1ms"})
    job = ebbd.submit(document)
    killed = []
    for _ in range(3):
        rows = wait_until("the library lives", lambda: ebbd.workers("library"))
        pid = rows[0]["pid"]
        if pid not in killed and strike(pid, number):
            killed.append(pid)
    row = ebbd.completed(job)
    assert lost(row) == []

    # The job does not wait for the end of one that was idle, and was killed a moment ago.
    def died():
        return sorted(row["pid"] for row in ebbd.receipts() if row["verdict"] == "crashed")

    wait_until("each has its receipt", lambda: died() == sorted(killed))
    assert ebbd.query("digest") == undisturbed


def test_every_worker_killed_again_and_again(make_ebbd, document, undisturbed):
    """Each page survives one kill (settings attempts): every process is struck once."""
    ebbd = make_ebbd({"limits.attempts": 20, "limits.backoff_first": "1ms"})
    struck = set()
    for _ in range(20):  # a job may be over before three of its workers were seen
        job = ebbd.submit(document)
        while len(struck) < 12 and ebbd.job(job)["status"] not in daemon.ENDED:
            for worker in ebbd.workers():
                if worker["pid"] not in struck and worker["state"] == "busy":
                    struck.add(worker["pid"])
                    strike(worker["pid"], signal.SIGKILL)
        row = ebbd.completed(job)
        assert lost(row) == []
        if len(struck) >= 3:
            break
        ebbd.call("DELETE", job=job)
    assert len(struck) >= 3
    assert ebbd.query("digest") == undisturbed
