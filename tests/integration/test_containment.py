# SPDX-License-Identifier: AGPL-3.0-or-later
"""A page costs only itself: documents with poisoned pages through the real workers, with the
settings that ebb comes with."""

import json

import pytest

import ctl_fake
import daemon
import oddities
import poison
from daemon import resident_bytes

PAGES = 200
CRASH, SPIN, MEMORY, BOMB, HUGE = 23, 67, 100, 141, 188

pytestmark = pytest.mark.skipif(
    daemon.SANITIZED, reason="a sanitizer's own memory leaves no room for limits")


@pytest.mark.timeout(600)
def test_five_poisoned_pages_of_two_hundred(make_ebbd):
    document = poison.poisoned(PAGES, {
        CRASH: poison.crash, SPIN: poison.spin, MEMORY: poison.memory, BOMB: poison.bomb,
        HUGE: poison.huge})  # fmt: skip
    ebbd = make_ebbd()
    pid, before = ebbd.pid, resident_bytes(ebbd.pid)
    row = ebbd.run(document, timeout=500)
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


@pytest.mark.timeout(600)
def test_odd_pages(make_ebbd):
    """Each between two plain ones; no worker dies of any."""
    kinds = {**oddities.READ, **oddities.TOO_MUCH_CONTENT, **oddities.TOO_MUCH_IMAGE}
    pages = {2 * number: kinds[name] for number, name in enumerate(kinds, 1)}
    names = {2 * number: name for number, name in enumerate(kinds, 1)}
    ebbd = make_ebbd()
    # What four thousand images look like takes a sanitizer minutes, and is about no page.
    params = {"embed": "no"} if daemon.SANITIZED else {}
    row = ebbd.run(poison.poisoned(2 * len(kinds) + 1, pages), timeout=500, params=params)
    assert row["status"] == "completed", row["error"]
    lost = {names.get(entry["page"], entry["page"]): entry for entry in row["pages_failed"]}
    assert {(name, entry["stage"]) for name, entry in lost.items()} == {
        *((name, "extract") for name in oddities.TOO_MUCH_CONTENT),
        *((name, "ocr") for name in oddities.TOO_MUCH_IMAGE)}  # fmt: skip
    text = ebbd.query("show", document=row["document_id"], format="text").decode().split("\f")
    for number in range(1, 2 * len(kinds) + 2, 2):
        assert text[number - 1].strip() == f"Page {number} is a plain page."
    said = {name: text[number - 1] for number, name in names.items()}
    assert "A vast page." in said["vast text"]
    assert "After itself." in said["self-references"]
    assert "Before the broken." in said["broken fonts"]
    assert said["a million glyphs"].count("x") >= 500000
    assert not ebbd.events("worker.died")
    ebbd.settle()
    verdicts = {receipt["verdict"] for receipt in ebbd.receipts(row["job_id"])}
    assert verdicts == {"done"}, verdicts


def test_run_says_by_its_exit_code_that_pages_failed(tmp_path):
    path = tmp_path / "poisoned.pdf"
    path.write_bytes(poison.poisoned(3, {2: poison.bomb}))
    result = ctl_fake.ebb("run", "--json", path, "--state", tmp_path / "state", timeout=120)
    assert result.returncode == 4, result.stderr
    job = json.loads(result.stdout)
    assert job["status"] == "completed"
    assert [(one["page"], one["stage"], one["verdict"]) for one in job["pages_failed"]] == [
        (2, "extract", "failed")]  # fmt: skip
