# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 at random moments, of ebbd and of its workers: no accepted job is lost, the library is in
the end what it is when nothing happens, and nobody outlives a killed ebbd.

EBB_CHAOS_KILLS (50) says how often ebbd is killed, EBB_CHAOS_SEED (random, printed) when.
"""

import json
import os
import random
import signal
import time

import pytest

import daemon
from daemon import wait_until
from documents import pdf
from fakes import fake, write_script

KILLS = int(os.environ.get("EBB_CHAOS_KILLS", "50"))
KILLS_A_ROUND = 2
SEED = int(os.environ.get("EBB_CHAOS_SEED", random.SystemRandom().randrange(1 << 32)))

# What each round hands in. The last is none and fails; the others have so many pages.
DOCUMENTS = {f"{pages}.pdf": pdf(pages, f"{pages} pages") for pages in (1, 7, 40, 320)}
DOCUMENTS["none.pdf"] = b"this is no document"
PAGES = sum(int(name.split(".")[0]) for name in DOCUMENTS if name != "none.pdf")


@pytest.fixture
def make_ebbd(request):
    """Ebbds that go with the test, however it ends."""
    if not daemon.EBBD.exists():
        pytest.skip(f"{daemon.EBBD} has not been built")
    made = []

    def make(settings=None):
        made.append(daemon.Ebbd(settings))
        return made[-1].start()

    yield make
    for ebbd in made:
        ebbd.remove()


def hand_in(ebbd, names):
    """Sends a SUBMIT for each, without waiting: {request: name}."""
    files = {name: ebbd.incoming(DOCUMENTS[name]) for name in names}
    return {
        ebbd.connection.request("SUBMIT", file=file, name=name): name
        for name, file in files.items()
    }


def accepted(connection, requests):
    """What was answered until the connection broke: {name: job}."""
    jobs = {}
    try:
        for request, name in requests.items():
            jobs[name] = connection.answer(request)["job_id"]
    except (AssertionError, OSError):
        pass  # ebbd is dead
    return jobs


def all_ended(ebbd):
    """{name: job row} when nothing is in work or waits any more."""
    rows = ebbd.call("JOBS", limit=200)["jobs"]
    return {row["name"]: row for row in rows} if all(
        row["status"] in daemon.ENDED for row in rows
    ) else None


def check(ebbd, undisturbed):
    rows = wait_until("every job ends", lambda: all_ended(ebbd), 60.0)
    for name, row in rows.items():
        if name == "none.pdf":
            assert (row["status"], row["error_code"]) == ("failed", "not_a_document")
        else:
            assert (row["status"], row["error_code"]) == ("completed", None), row
            assert (row["pages"], row["pages_failed_count"]) == (int(name.split(".")[0]), 0)
    assert ebbd.query("digest") == undisturbed
    return rows


def quiet_run():
    """The digest when nothing happens, and how long it takes."""
    ebbd = daemon.Ebbd()
    try:
        ebbd.start()
        started = time.monotonic()
        requests = hand_in(ebbd, DOCUMENTS)
        assert len(accepted(ebbd.connection, requests)) == len(DOCUMENTS)
        wait_until("every job ends", lambda: all_ended(ebbd), 60.0)
        took = time.monotonic() - started
        digest = ebbd.query("digest")
        assert json.loads(digest)["pages"] == PAGES
        check(ebbd, digest)
        ebbd.finish()
        return digest, took
    finally:
        ebbd.remove()


@pytest.fixture(scope="module")
def undisturbed():
    if not daemon.EBBD.exists():
        pytest.skip(f"{daemon.EBBD} has not been built")
    runs = [quiet_run() for _ in range(3)]
    assert len({digest for digest, _ in runs}) == 1
    return Undisturbed(*min(runs, key=lambda run: run[1]))


class Undisturbed:
    """What the library is when nothing happens, and within what time kills meet work."""

    def __init__(self, digest, took):
        self.digest = digest
        self.took = took

    def was_met(self, statuses):
        """Whether a kill met unfinished jobs. If it came too soon or too late, the next moments
        are chosen later or sooner: the machine may be quicker or slower than it was."""
        statuses = list(statuses)
        met = any(status not in daemon.ENDED for status in statuses)
        if not met:
            self.took *= 0.8 if statuses else 1.5
        return met


def kill_within(ebbd, moment, requests):
    """Kills ebbd when moment has passed; the jobs it had accepted, and whether it was at work."""
    time.sleep(moment)
    connection, ebbd.connection = ebbd.connection, None
    ebbd.kill9()
    jobs = accepted(connection, requests)
    connection.close()
    return jobs


def one_round(ebbd, chance, undisturbed):
    """All documents, killed some times on their way; how many kills met unfinished work."""
    requests = hand_in(ebbd, DOCUMENTS)
    jobs, met = {}, 0
    for kill in range(KILLS_A_ROUND):
        moment = chance.uniform(0, undisturbed.took)
        jobs.update(kill_within(ebbd, moment, requests if kill == 0 else {}))
        ebbd.start()
        rows = {row["job_id"]: row for row in ebbd.call("JOBS", limit=200)["jobs"]}
        assert set(jobs.values()) <= set(rows), "a job that was accepted is gone"
        met += undisturbed.was_met(row["status"] for row in rows.values())
    # What was not accepted is still where the client put it, or was, without the answer.
    names = {row["name"] for row in rows.values()}
    left = os.listdir(ebbd.state / "incoming")
    assert len(left) + len(names) >= len(DOCUMENTS)
    again = hand_in(ebbd, [name for name in DOCUMENTS if name not in names])
    assert len(accepted(ebbd.connection, again)) == len(again)
    check(ebbd, undisturbed.digest)
    return met


@pytest.mark.timeout(1200)
def test_ebbd_is_killed_at_random_moments(make_ebbd, undisturbed, record_property):
    print(f"EBB_CHAOS_SEED={SEED} EBB_CHAOS_KILLS={KILLS}")
    chance = random.Random(SEED)
    rounds = -(-KILLS // KILLS_A_ROUND)
    met = 0
    for number in range(rounds):
        ebbd = make_ebbd()
        met += one_round(ebbd, chance, undisturbed)
        if number % 5 == 0:
            ebbd.check_descriptors()
        ebbd.stop()
        ebbd.remove()
    record_property("kills_that_met_unfinished_jobs", met)
    print(f"{met} of {rounds * KILLS_A_ROUND} kills met unfinished jobs")
    assert met >= rounds * KILLS_A_ROUND / 4  # or the moments were not random ones


def test_one_state_survives_many_kills(make_ebbd, undisturbed):
    """The same state again and again, a kill at every start, and jobs on top of jobs."""
    print(f"EBB_CHAOS_SEED={SEED}")
    chance = random.Random(SEED + 1)
    ebbd = make_ebbd()
    jobs = set()
    for _ in range(max(KILLS // 5, 1)):
        requests = hand_in(ebbd, chance.sample(sorted(DOCUMENTS), 2))
        jobs |= set(kill_within(ebbd, chance.uniform(0, undisturbed.took / 3), requests).values())
        ebbd.start()
    requests = hand_in(ebbd, DOCUMENTS)
    jobs |= set(accepted(ebbd.connection, requests).values())
    check(ebbd, undisturbed.digest)
    assert jobs <= {row["job_id"] for row in ebbd.call("JOBS", limit=200)["jobs"]}
    receipts = ebbd.receipts()
    assert len({(row["pid"], row["started_at"]) for row in receipts}) == len(receipts)
    ebbd.finish()


def test_workers_are_killed_at_random_moments(make_ebbd, undisturbed):
    """Whichever: a spare, one at a page, the library in the middle of a transaction."""
    print(f"EBB_CHAOS_SEED={SEED}")
    chance = random.Random(SEED + 2)
    for _ in range(4):
        ebbd = make_ebbd({"limits.attempts": 100, "limits.backoff_first": "1ms"})
        assert len(accepted(ebbd.connection, hand_in(ebbd, DOCUMENTS))) == len(DOCUMENTS)
        killed = 0
        while killed < 15 and not all_ended(ebbd):
            workers = ebbd.workers()
            if workers:
                try:
                    os.kill(chance.choice(workers)["pid"], signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass
            time.sleep(chance.uniform(0, undisturbed.took / 30))
        assert killed >= 1
        check(ebbd, undisturbed.digest)
        ebbd.settle()  # the last that was killed may have been idle
        crashed = [row for row in ebbd.receipts() if row["verdict"] == "crashed"]
        assert 1 <= len(crashed) <= killed
        assert all(row["signal"] == signal.SIGKILL for row in crashed)
        ebbd.finish()


@pytest.mark.parametrize("how", ["action=spin", "action=deaf", "action=hang"])
def test_stuck_workers_do_not_outlive_ebbd_either(make_ebbd, tmp_path, how):
    write_script(tmp_path / "script", f"on=run {how}")
    ebbd = make_ebbd(fake(tmp_path / "script", spare=2))
    ebbd.submit(b"stuck")
    wait_until("it is stuck", lambda: [row for row in ebbd.workers() if row["state"] == "busy"])
    ebbd.kill9()


def test_workers_do_not_outlive_ebbd(make_ebbd):
    """Ones at work, ones that wait, ones that have just been started."""
    ebbd = make_ebbd({"class.pdf.spare": 8, "class.pdf.max": 8})
    wait_until("the spares are there", lambda: len(ebbd.workers("pdf")) == 8)
    requests = hand_in(ebbd, DOCUMENTS)
    wait_until("they work", lambda: [row for row in ebbd.workers() if row["state"] == "busy"])
    assert daemon.children_of(ebbd.pid) and requests
    ebbd.kill9()  # which sees that they go
    ebbd.start()
    wait_until("every job ends", lambda: all_ended(ebbd), 60.0)
    ebbd.finish()
