# SPDX-License-Identifier: AGPL-3.0-or-later
"""A page costs only itself: documents with poisoned pages through the real workers, with the
settings that ebb comes with."""

import json

import pytest

import ctl_fake
import daemon
import poison
from daemon import resident_bytes

PAGES = 200
CRASH, SPIN, MEMORY, BOMB, HUGE = 23, 67, 100, 141, 188

pytestmark = pytest.mark.skipif(
    daemon.sanitized(), reason="a sanitizer's own memory leaves no room for limits")


@pytest.mark.timeout(400)
def test_five_poisoned_pages_of_two_hundred(make_ebbd):
    document = poison.poisoned(PAGES, {
        CRASH: poison.crash, SPIN: poison.spin, MEMORY: poison.memory, BOMB: poison.bomb,
        HUGE: poison.huge})  # fmt: skip
    ebbd = make_ebbd()
    pid, before = ebbd.pid, resident_bytes(ebbd.pid)
    row = ebbd.run(document, timeout=300)
    assert row["status"] == "completed", row["error"]
    lost = {entry["page"]: entry for entry in row["pages_failed"]}
    assert sorted(lost) == [CRASH, SPIN, MEMORY, BOMB, HUGE]
    assert row["pages_failed_count"] == 5
    assert lost[CRASH]["verdict"] == "crashed" and "SIGSEGV" in lost[CRASH]["detail"]
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
