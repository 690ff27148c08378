# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 of ebbd, of the writer, of index and embedding workers at random moments during 50 jobs:
the library is what it is when nothing happens, SQLite finds it sound each time, and what was found
by a search before is found after.

EBB_CHAOS_SEED (random, printed) says when.
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import time

import pytest

import daemon
import ebbproto
from daemon import seconds, wait_until
from documents import pdf

JOBS = 50
KILLS_OF_EBBD = 6
KILLS_OF_WORKERS = 25
SEED = int(os.environ.get("EBB_CHAOS_SEED", random.SystemRandom().randrange(1 << 32)))
POOLS = ("library", "index", "embed", "visual")

# Each its own text, so that each is a document of its own.
DOCUMENTS = [pdf(1 + number % 5, f"Volume {number} about subject {number}") for number in range(JOBS)]
PAGES = sum(1 + number % 5 for number in range(JOBS))

pytestmark = pytest.mark.timeout(seconds(600))


def make(settings=None):
    return daemon.Ebbd({"limits.cpu_slots": 2, "limits.backoff_first": "1ms",
                        "limits.attempts": 100, **(settings or {})})


def hand_in(ebbd, numbers):
    files = {number: ebbd.incoming(DOCUMENTS[number]) for number in numbers}
    return {ebbd.connection.request("SUBMIT", file=file, name=f"{number}.pdf"): number
            for number, file in files.items()}


def accepted(connection, requests):
    jobs = {}
    try:
        for request, number in requests.items():
            jobs[number] = connection.answer(request)["job_id"]
    except (AssertionError, OSError):
        pass  # ebbd is dead
    return jobs


def rows_of(ebbd):
    return [row for row in ebbd.call("JOBS", limit=200)["jobs"]]


def all_ended(ebbd):
    rows = rows_of(ebbd)
    return rows if rows and all(row["status"] in daemon.ENDED for row in rows) else None


def sound(ebbd):
    """Of a dead ebbd's library, on a copy: as it would be found after the kill."""
    copy = ebbd.folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    if not (ebbd.state / "library" / "library.db").exists():
        return
    shutil.copytree(ebbd.state / "library", copy)
    with sqlite3.connect(copy / "library.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def check(ebbd, digest):
    rows = wait_until("every job ends", lambda: all_ended(ebbd), 120.0)
    assert {(row["status"], row["error_code"]) for row in rows} == {("completed", None)}, rows
    assert json.loads(ebbd.query("digest")) == digest
    assert json.loads(ebbd.query("missing"))["total"] == 0
    found = json.loads(ebbd.query("search", q="Volume 17 about subject 17", k=3))["results"]
    assert found, "nothing is found"


@pytest.fixture(scope="module")
def undisturbed():
    """The digest when nothing happens, and how long it takes."""
    if not daemon.EBBD.exists() or not (ebbproto.WORKERS / "ebb-index").exists():
        pytest.skip("ebbd or its workers have not been built")
    ebbd = make()
    try:
        ebbd.start()
        began = time.monotonic()
        assert len(accepted(ebbd.connection, hand_in(ebbd, range(JOBS)))) == JOBS
        wait_until("every job ends", lambda: all_ended(ebbd), 120.0)
        took = time.monotonic() - began
        digest = json.loads(ebbd.query("digest"))
        assert (digest["documents"], digest["pages"]) == (JOBS, PAGES)
        check(ebbd, digest)
        ebbd.finish()
        sound(ebbd)
        return digest, took
    finally:
        ebbd.remove()


@pytest.fixture
def ebbd(undisturbed):
    assert undisturbed
    one = make()
    one.start()
    yield one
    one.remove()


def test_ebbd_is_killed(ebbd, undisturbed):
    print(f"EBB_CHAOS_SEED={SEED}")
    digest, took = undisturbed
    chance = random.Random(SEED)
    requests = hand_in(ebbd, range(JOBS))
    known = {}
    for _ in range(KILLS_OF_EBBD):
        time.sleep(chance.uniform(0, took / 3))
        connection, ebbd.connection = ebbd.connection, None
        ebbd.kill9()
        known.update(accepted(connection, requests))
        connection.close()
        requests = {}
        sound(ebbd)
        ebbd.start()
        assert set(known.values()) <= {row["job_id"] for row in rows_of(ebbd)}
    names = {row["name"] for row in rows_of(ebbd)}
    again = hand_in(ebbd, [n for n in range(JOBS) if f"{n}.pdf" not in names])
    assert len(accepted(ebbd.connection, again)) == len(again)
    check(ebbd, digest)
    ebbd.finish()
    sound(ebbd)


def test_workers_of_pools_are_killed(ebbd, undisturbed):
    print(f"EBB_CHAOS_SEED={SEED}")
    digest, took = undisturbed
    chance = random.Random(SEED + 1)
    assert len(accepted(ebbd.connection, hand_in(ebbd, range(JOBS)))) == JOBS
    killed = []
    while len(killed) < KILLS_OF_WORKERS and not all_ended(ebbd):
        rows = [row for row in ebbd.workers() if row["class"] in POOLS and row["pid"] not in killed]
        if rows:
            pid = chance.choice(rows)["pid"]
            try:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
            except ProcessLookupError:
                pass
        time.sleep(chance.uniform(0, took / KILLS_OF_WORKERS))
    assert killed
    check(ebbd, digest)
    ebbd.finish()
    sound(ebbd)
