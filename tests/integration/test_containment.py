# SPDX-License-Identifier: AGPL-3.0-or-later
"""A page costs only itself: documents with poisoned pages through the real workers, with the
settings that ebb comes with."""

import json
import os
import signal
import subprocess
import threading

import pytest

import ctl_fake
import daemon
import poison
from daemon import EBB, resident_bytes, wait_until

PAGES = 200
CRASH, SPIN, MEMORY, BOMB, HUGE = 23, 67, 100, 141, 188

pytestmark = pytest.mark.skipif(
    daemon.sanitized(), reason="a sanitizer's own memory leaves no room for limits")


class Crasher(threading.Thread):
    """Sends a signal to each pdf worker that is at a page: what a page does that crashes a parser.
    The page itself never ends, so none is missed."""

    def __init__(self, ebbd, page):
        super().__init__(daemon=True)
        self.client = ebbd.client()
        self.page = page
        self.hit = []
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.01):
            for row in self.client.call("WORKERS")["workers"]:
                if row["class"] == "pdf" and row["item"] == self.page:
                    if row["pid"] not in self.hit:
                        self.hit.append(row["pid"])
                        os.kill(row["pid"], signal.SIGSEGV)


def test_five_poisoned_pages_of_two_hundred(make_ebbd):
    document = poison.poisoned(PAGES, {
        CRASH: poison.spin, SPIN: poison.spin, MEMORY: poison.memory, BOMB: poison.bomb,
        HUGE: poison.huge})  # fmt: skip
    ebbd = make_ebbd()
    pid, before = ebbd.pid, resident_bytes(ebbd.pid)
    crasher = Crasher(ebbd, CRASH)
    crasher.start()
    try:
        row = ebbd.run(document, timeout=300)
    finally:
        crasher.over.set()
        crasher.join()
    assert row["status"] == "completed", row["error"]
    lost = {entry["page"]: entry for entry in row["pages_failed"]}
    assert sorted(lost) == [CRASH, SPIN, MEMORY, BOMB, HUGE]
    assert row["pages_failed_count"] == 5
    assert lost[CRASH]["verdict"] == "crashed" and "11" in lost[CRASH]["detail"]
    assert lost[SPIN]["verdict"] == "deadline_exceeded"
    assert lost[MEMORY]["verdict"] == "memory_exceeded"
    assert lost[BOMB]["verdict"] == "failed" and "page_content_bytes" in lost[BOMB]["detail"]
    assert (lost[HUGE]["verdict"], lost[HUGE]["stage"]) == ("failed", "ocr")
    assert "pixels" in lost[HUGE]["detail"]
    text = ebbd.query("show", document=row["document_id"], format="text").split(b"\f")
    for number, page in enumerate(text, 1):
        if number not in lost:
            assert page.strip() == b"Page %d is a plain page." % number
    assert len(text) == PAGES
    assert ebbd.pid == pid
    ebbd.settle()
    assert resident_bytes(ebbd.pid) < before + (4 << 20)


def test_run_says_by_its_exit_code_that_pages_failed(tmp_path):
    path = tmp_path / "poisoned.pdf"
    path.write_bytes(poison.poisoned(3, {2: poison.bomb}))
    result = ctl_fake.ebb("run", "--json", path, "--state", tmp_path / "state", timeout=120)
    assert result.returncode == 4, result.stderr
    job = json.loads(result.stdout)
    assert job["status"] == "completed"
    assert [(one["page"], one["stage"], one["verdict"]) for one in job["pages_failed"]] == [
        (2, "extract", "failed")]  # fmt: skip
