# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 of ebbd and of its workers while pages are being read by OCR, which is what takes time: no
page that was read is read again, and the library is what it is when nothing happens.

With fakes, whose pages take as long as they are told to, and with the real ones. EBB_CHAOS_SEED
(random, printed) says when.
"""

import os
import random
import signal
import sqlite3
import time

import pytest

import daemon
import ebbproto
from daemon import seconds, wait_until
from fakes import DOCUMENT, fake, lost, write_script
from scans import scan

SEED = int(os.environ.get("EBB_CHAOS_SEED", random.SystemRandom().randrange(1 << 32)))
KILLS = 5  # a page may be killed as often, and is still not given up

pytestmark = pytest.mark.timeout(seconds(300))


def make_fake(folder):
    """(document, settings, pages): each page takes a while."""
    script = folder / "script"
    write_script(script, "pages=40 unit=8 ocr=1", "on=run stage=ocr action=sleep ms=40")
    return DOCUMENT, {**fake(script), **fake(script, "ocr")}, 40


def make_real(_folder):
    if not (ebbproto.WORKERS / "ebb-ocr").exists():
        pytest.skip("ebb-ocr has not been built")
    return scan(16), {}, 16


class Case:
    """A document, and what becomes of it when nothing happens."""

    def __init__(self, made):
        self.document, settings, self.pages = made
        self.settings = {"limits.cpu_slots": 2, "limits.backoff_first": "1ms", **settings}
        ebbd = daemon.Ebbd(self.settings)
        try:
            ebbd.start()
            began = time.monotonic()
            row = ebbd.completed(ebbd.submit(self.document), timeout=120.0)
            self.took = time.monotonic() - began
            self.check(ebbd, row)
            self.digest = ebbd.query("digest")
            ebbd.finish()
        finally:
            ebbd.remove()

    def check(self, ebbd, row):
        assert lost(row) == []
        (stage,) = [stage for stage in row["stages"] if stage["stage"] == "ocr"]
        assert (stage["status"], stage["units"], stage["units_done"]) == (
            "completed", self.pages, self.pages,
        )


@pytest.fixture(scope="module", params=[make_fake, make_real], ids=["fake", "real"])
def case(request, tmp_path_factory):
    if not daemon.EBBD.exists():
        pytest.skip(f"{daemon.EBBD} has not been built")
    return Case(request.param(tmp_path_factory.mktemp("ocr")))


@pytest.fixture
def ebbd(case):
    one = daemon.Ebbd(case.settings)
    one.start()
    yield one
    one.remove()


def pages_read(ebbd, job):
    """{page: which file it is} of the pages that a dead ebbd knew to be read."""
    folder = ebbd.state / "jobs" / job
    with sqlite3.connect(ebbd.state / "state.db") as database:
        rows = database.execute(
            "SELECT first FROM units WHERE stage = 'ocr' AND (state = 'done' OR step = 'persist')"
        ).fetchall()
    database.close()
    found = {}
    for (page,) in rows:
        status = (folder / f"ocr-{page:08}-{page:08}.ebb").stat()
        found[page] = (status.st_ino, status.st_mtime_ns)
    return found


def test_ebbd_is_killed_and_no_page_is_read_again(case, ebbd):
    print(f"EBB_CHAOS_SEED={SEED}")
    chance = random.Random(SEED)
    job = ebbd.submit(case.document)
    known = {}
    for _ in range(KILLS):
        time.sleep(chance.uniform(0, case.took / 2))
        ebbd.kill9()
        now = pages_read(ebbd, job)
        assert known.items() <= now.items(), "a page was read again, or is unread"
        known = now
        ebbd.start()
    row = ebbd.completed(job, timeout=120.0)
    case.check(ebbd, row)
    assert ebbd.query("digest") == case.digest
    ebbd.stop()
    assert known.items() <= pages_read(ebbd, job).items(), "a page was read again"
    print(f"{len(known)} of {case.pages} pages had been read at the last kill")
    ebbd.start()
    ebbd.finish()


def test_workers_are_killed_and_no_page_is_lost(case, ebbd):
    print(f"EBB_CHAOS_SEED={SEED}")
    chance = random.Random(SEED + 1)
    job = ebbd.submit(case.document)
    killed = []
    while len(killed) < KILLS and ebbd.job(job)["status"] not in daemon.ENDED:
        pids = [row["pid"] for row in ebbd.workers("ocr") if row["pid"] not in killed]
        if pids:
            killed.append(chance.choice(pids))
            try:
                os.kill(killed[-1], signal.SIGKILL)
            except ProcessLookupError:
                killed.pop()
        time.sleep(chance.uniform(0, case.took / KILLS))
    row = ebbd.completed(job, timeout=120.0)
    case.check(ebbd, row)
    assert killed
    assert ebbd.query("digest") == case.digest

    # One that was about to go by itself may have been quicker than the signal.
    def ended():
        return {row["pid"]: row["verdict"] for row in ebbd.receipts()}

    wait_until("each has its receipt", lambda: set(killed) <= set(ended()))
    crashed = {pid for pid, verdict in ended().items() if verdict == "crashed"}
    assert crashed and crashed <= set(killed)
    ebbd.finish()
