# SPDX-License-Identifier: AGPL-3.0-or-later
"""Chunks through the real pipeline: what docs/chunks.md promises of any document."""

import pytest

import chunks
import documents
from daemon import patience

FOLDER = documents.CORPUS / "pdf"
FILES = sorted(path.name for path in FOLDER.glob("*")) if FOLDER.is_dir() else []
# They have no body: see test_corpus.py.
BROKEN = {"empty-0-bytes.pdf", "zero-page.pdf", "PasswordSample-256bit.pdf",
          "encrypted_hello_world_r6.pdf"}  # fmt: skip


def folder_of(ebbd, job):
    return ebbd.state / "jobs" / job["job_id"]


def failed_parameter(ebbd, **params):
    """The warning of a job whose stage chunk refuses a parameter."""
    job = ebbd.completed(ebbd.submit(documents.pdf(1), params=params), timeout=patience(60))
    warnings = [warning for warning in job["warnings"] if warning.startswith("chunk:")]
    assert len(warnings) == 1 and "invalid_parameter" in warnings[0], job
    return warnings[0]


@pytest.mark.timeout(patience(120))
def test_sizes(make_ebbd):
    """Two ways to cut one document: chunks, and chunks within larger ones."""
    ebbd = make_ebbd()
    pdf = documents.pdf(6)
    job = ebbd.completed(ebbd.submit(pdf, params={"chunk_size": "256", "chunk_overlap": "40"}),
                         timeout=patience(60))
    rows = chunks.check(folder_of(ebbd, job), (256,), 40)
    assert len(rows) > 6 and job["counts"]["chunks"] == len(rows)
    job = ebbd.completed(ebbd.submit(pdf, params={"chunk_sizes": "2048,1024,512"}),
                         timeout=patience(60))
    within = chunks.check(folder_of(ebbd, job), (512, 1024, 2048), 128)
    of_all = chunks.chunks(folder_of(ebbd, job))
    assert job["counts"]["chunks"] == len(of_all) > len(within) > 0
    assert {row["level"] for row in of_all} == {0, 1, 2}


@pytest.mark.timeout(patience(120))
def test_bad_parameters(make_ebbd):
    """What is refused is named, with its range; the document itself is kept."""
    ebbd = make_ebbd()
    assert "64" in failed_parameter(ebbd, chunk_size="63")
    assert "8192" in failed_parameter(ebbd, chunk_size="8193")
    assert "chunk_overlap" in failed_parameter(ebbd, chunk_size="100", chunk_overlap="50")
    assert "chunk_sizes" in failed_parameter(ebbd, chunk_sizes="512,1024")
    assert "chunk_sizes" in failed_parameter(ebbd, chunk_sizes="4096,2048,1024,512")


@pytest.mark.timeout(patience(300))
@pytest.mark.skipif(not FILES, reason="there is no corpus")
def test_corpus(make_ebbd):
    """Every document of the corpus: its chunks are its body."""
    ebbd = make_ebbd()
    jobs = {name: ebbd.submit(FOLDER / name, name=name, params={"ocr": "off", "embed": "no"})
            for name in FILES if name not in BROKEN}  # fmt: skip
    counts = {}
    for name, job in jobs.items():
        row = ebbd.completed(job, timeout=patience(240))
        rows = chunks.check(folder_of(ebbd, row))
        assert row["counts"].get("chunks", 0) == len(rows)
        counts[name] = len(rows)
    assert counts["WaldenFull.pdf"] > 500 and counts["reportlab-userguide.pdf"] > 200
