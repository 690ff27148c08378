# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every document of the corpus folder through ebb: each ends with the code that it should, in time,
and none harms ebbd."""

import json

import pytest

import daemon
from daemon import resident_bytes, seconds
from documents import CORPUS

FOLDER = CORPUS / "pdf"
FILES = sorted(path.name for path in FOLDER.glob("*")) if FOLDER.is_dir() else []

if not FILES:
    pytest.skip(f"there is no corpus in {CORPUS}", allow_module_level=True)

# What is to fail, and how; everything else is to be completed.
CODES = {
    "empty-0-bytes.pdf": "not_a_document",
    "zero-page.pdf": "zero_pages",
    "PasswordSample-256bit.pdf": "password_required",
    "encrypted_hello_world_r6.pdf": "password_required",
}

# Pages that are expected; the others have to have one at least.
PAGES = {
    "WaldenFull.pdf": 249,
    "reportlab-userguide.pdf": 134,
    "outlines-with-loop.pdf": 30,
    "catalogue-dev-en-12p.pdf": 12,
    "olmOCR-2-Unit-Test-Rewards-for-Document-OCR.pdf": 11,
    "fax-decode-parms.pdf": 10,
    "us-020.pdf": 6,
    "count-lie-2e9.pdf": 1,  # it says that it has two billion
    "hugepage-1e6pt.pdf": 1,
    "pages-loop.pdf": 1,
    "T02-02_002_page-tree-kids-links-recursive.pdf": 1,
    "dev-trunc60pct-reportlab.pdf": 134,
    "dev-no-tail-catalogue.pdf": 12,
    "xobject-self-recursion.pdf": 1,
    "xref-prev-self-loop.pdf": 1,
}


@pytest.fixture(scope="module")
def served():
    """One ebbd for all documents: it has to outlive them, and not to grow."""
    if not daemon.EBBD.exists():
        pytest.skip(f"{daemon.EBBD} has not been built")
    ebbd = daemon.Ebbd()
    try:
        ebbd.start()
        ebbd.run(FOLDER / FILES[0])
        ebbd.settle()
        ebbd.rss_before = resident_bytes(ebbd.pid)
        yield ebbd
        ebbd.settle()
        growth = resident_bytes(ebbd.pid) - ebbd.rss_before
        assert daemon.SANITIZED or growth <= 512 << 10, f"ebbd grew by {growth} bytes"
        # Whatever a document does to its worker, it does not take it by surprise.
        assert not ebbd.events("worker.died")
        failed = {row["job_id"] for row in ebbd.call("JOBS", status="failed", limit=200)["jobs"]}
        assert {event["job_id"] for event in ebbd.events("unit.failed")} == failed
        ebbd.finish()
    finally:
        ebbd.remove()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.timeout(seconds(70))
def test_document(served, name):
    job = served.run(FOLDER / name, timeout=60, name=name)
    expected = CODES.get(name)
    if expected:
        assert job["status"] == "failed", job
        assert job["error"]["code"] == expected
        assert job["error"]["text"]
        return
    assert job["status"] == "completed", job["error"]
    assert job["pages"] == job["pages_done"] + job["pages_failed_count"]
    assert job["pages_failed"] == []
    assert job["pages"] == PAGES.get(name, job["pages"]) and job["pages"] >= 1
    text = served.query("show", document=job["job_id"], format="text").decode()
    assert text.count("\f") in (job["pages"] - 1, job["pages"])


def test_what_came_of_all_of_them(served):
    """The library has each document that was completed, once."""
    rows = served.call("JOBS", status="completed", limit=200)
    listed = json.loads(served.query("documents", limit=500))
    assert listed["total"] == len({row["document_id"] for row in rows["jobs"]})
    assert all(document["status"] == "complete" for document in listed["documents"])


@pytest.mark.parametrize(
    "name, password", [("PasswordSample-256bit.pdf", "owner"), ("PasswordSample-256bit.pdf", "x")]
)
def test_a_password(served, name, password):
    if name not in FILES:
        pytest.skip(f"{name} is not there")
    job = served.run(FOLDER / name, params={"password": password})
    if password == "x":
        assert job["error"]["code"] == "password_wrong"
    else:
        assert job["status"] == "completed"
        assert job["pages"] == job["pages_done"] >= 1
