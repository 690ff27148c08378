# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every document of the corpus folder through ebb: each ends with the code that it should, in time,
and none harms ebbd."""

import collections
import json
import re
import unicodedata

import pytest

import daemon
from daemon import patience, resident_bytes
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

# Read by OCR too: those that are small. Truth, languages.
SCANS = {
    "phototest.pdf": ("phototest.txt", "eng"),
    "phototest-rotated-L.pdf": ("phototest.txt", "eng"),
    "dev-reportlab-eng-b300.pdf": ("dev-reportlab-eng-b300.gt.txt", "eng"),
    "dev-cataloguede-deu-g200.pdf": ("dev-cataloguede-deu-g200.gt.txt", "deu"),
    "8071_093.3B.pdf": ("8071_093.3B.txt", "eng"),
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
@pytest.mark.timeout(patience(70))
def test_document(served, name):
    job = served.run(FOLDER / name, timeout=60, name=name, params={"ocr": "off"})
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


def words_of(text):
    return re.findall(r"\w{3,}", unicodedata.normalize("NFKC", text).lower())


@pytest.mark.timeout(patience(200))
def test_scans(served):
    """All at once: each is read, whichever way up, and most of its truth's words are found."""
    wanted = {name: truth for name, truth in SCANS.items() if name in FILES}
    jobs = {name: served.submit(FOLDER / name, name=name, params={"languages": languages})
            for name, (_, languages) in wanted.items()}  # fmt: skip
    for name, (truth, _) in wanted.items():
        job = served.ended(jobs[name], timeout=180)
        assert job["status"] == "completed" and job["pages_failed"] == [], job
        assert job["counts"]["pages_ocr"] == job["pages"]
        text = served.query("show", document=job["document_id"], format="text").decode()
        expected = collections.Counter(words_of((CORPUS / "truth" / truth).read_text()))
        found = expected & collections.Counter(words_of(text))
        assert found.total() >= 0.9 * expected.total(), expected - found


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
