# SPDX-License-Identifier: AGPL-3.0-or-later
"""ebbd stays small: after its start, over a thousand jobs, and with a long queue.

The queue has EBB_QUEUED_JOBS jobs: 5,000 unless it is set, since 100,000 take minutes where the
disk is slow. What is kept in memory for each of so many would be seen.
"""

import os
import pathlib

import pytest

import daemon
from daemon import wait_until
from fakes import fake, write_script

KIB = 1024
MIB = 1024 * KIB
QUEUED = int(os.environ.get("EBB_QUEUED_JOBS", "5000"))

pytestmark = pytest.mark.skipif(
    daemon.SANITIZED, reason="under a sanitizer memory is the sanitizer's"
)


def exact_rss(ebbd):
    """Counted page by page: VmRSS may be some pages behind."""
    text = pathlib.Path(f"/proc/{ebbd.pid}/smaps_rollup").read_text()
    return int(text.split("Rss:")[1].split()[0]) * KIB


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script"
    write_script(path, "pages=1")
    return path


class Submitter:
    """Hands in many documents, a hundred requests ahead of their answers."""

    def __init__(self, ebbd):
        self.ebbd = ebbd
        self.count = 0
        self.first = None

    def submit(self, count):
        under_way = []
        for _ in range(count):
            if self.count % 10000 == 0:  # a file has so many links and no more
                self.first = self.ebbd.state / "incoming" / f"first-{self.count}"
                self.first.write_bytes(b"a link is made quicker than a file")
            self.count += 1
            name = f"link-{self.count}"
            os.link(self.first, self.first.with_name(name))
            under_way.append(self.ebbd.connection.request("SUBMIT", file=name, name=name))
            if len(under_way) == 100:
                self.ebbd.connection.answer(under_way.pop(0), timeout=30)
        for request in under_way:
            self.ebbd.connection.answer(request, timeout=30)

    def run(self, count):
        """Until they are completed, not too many at a time."""
        for done in range(0, count, 50):
            self.submit(min(50, count - done))
            wait_until("they are completed", self.all_done, 60.0)

    def all_done(self):
        return self.ebbd.status()["jobs"]["completed"] == self.count


def test_after_start(make_ebbd, record_property):
    ebbd = make_ebbd()
    wait_until("the spare is ready", lambda: ebbd.workers("pdf"))
    record_property("rss_after_start_kib", exact_rss(ebbd) // KIB)
    assert exact_rss(ebbd) <= 8 * MIB


def test_over_a_thousand_jobs(make_ebbd, script, record_property):
    ebbd = make_ebbd(fake(script, spare=1))
    jobs = Submitter(ebbd)
    jobs.run(100)
    ebbd.settle()
    after_100 = exact_rss(ebbd)
    jobs.run(900)
    ebbd.settle()
    after_1000 = exact_rss(ebbd)
    record_property("rss_after_100_jobs_kib", after_100 // KIB)
    record_property("rss_after_1000_jobs_kib", after_1000 // KIB)
    assert after_1000 - after_100 <= 256 * KIB
    assert resident_peak(ebbd) <= 8 * MIB


def resident_peak(ebbd):
    return daemon.resident_bytes(ebbd.pid, "VmHWM")


def test_with_a_long_queue(make_ebbd, script, record_property):
    """All but one wait, on the disk."""
    write_script(script, "pages=1", "on=run action=hang")
    ebbd = make_ebbd({
        **fake(script, spare=1, item_deadline="1h"),
        "limits.active_jobs": 1,
        "limits.shutdown_grace": "100ms",
        "limits.drain_timeout": "100ms",
        "ebb.log_level": "notice",
    })
    empty = exact_rss(ebbd)
    Submitter(ebbd).submit(QUEUED)
    assert ebbd.status()["jobs"]["pending"] == QUEUED - 1
    queued = exact_rss(ebbd)
    record_property("queued_jobs", QUEUED)
    record_property("rss_empty_kib", empty // KIB)
    record_property("rss_queued_kib", queued // KIB)
    assert queued - empty <= MIB
    assert resident_peak(ebbd) - empty <= 4 * MIB
    # A list of it, and a start with it, are no larger.
    assert len(ebbd.call("JOBS", limit=200)["jobs"]) == 200
    ebbd.stop()
    ebbd.start()
    assert ebbd.status()["jobs"]["pending"] >= QUEUED - 1
    assert exact_rss(ebbd) - empty <= MIB
    ebbd.stop()
