# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a document's text becomes: Markdown, the body that is cut, the chunks, all with the same
words; and that doing it twice changes nothing."""

import html
import json
import re

import pytest

import documents
from daemon import patience

FOLDER = documents.CORPUS / "pdf"
# Columns, tables over pages, footnotes, code, lists, scripts that are written the other way.
NAMES = [
    "2305.03393v1-pg9.pdf", "multi_page.pdf", "code_and_formula.pdf", "amt_handbook_sample.pdf",
    "BidiSample.pdf", "jo.pdf", "tableCJK.pdf", "us-020.pdf", "eu-015.pdf", "edgar.pdf",
    "REPAIR-2022-INV-001_multipage.pdf", "catalogue-dev-de-6p.pdf", "untable.pdf",
]


def words_of(text):
    return re.findall(r"\w+", text)


def plain(markdown):
    """Markdown's words without what Markdown adds to them."""
    text = re.sub(r"<!-- page \d+ -->", "", markdown)
    text = re.sub(r"\[\^[^\]]*\](: )?", "", text)
    text = re.sub(r"\]\(images/[^)]*\)", " ", text)
    text = re.sub(r"</?(sup|sub)>", "", text)
    text = re.sub(r'</?(table|thead|tbody|tr|t[hd]( (row|col)span="\d+")*)>', " ", text)
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))


def shown(ebbd, job, form):
    return ebbd.query("show", document=job, format=form).decode()


def chunks_of(ebbd, job):
    return json.loads(shown(ebbd, job, "chunks"))["chunks"]


def joined(chunks):
    """Chunks of level 0 without their overlap, each behind its joint."""
    return b"".join(
        chunk["joint"].encode() + chunk["text"].encode()[chunk["overlap_bytes"]:]
        for chunk in chunks if chunk["level"] == 0
    ).decode()


def check(ebbd, job):
    body = shown(ebbd, job, "body")
    chunks = chunks_of(ebbd, job)
    assert words_of(body) == words_of(plain(shown(ebbd, job, "markdown")))
    assert joined(chunks) == body
    assert [chunk["ordinal"] for chunk in chunks] == list(range(1, len(chunks) + 1))
    assert all(chunk["boxes"][0]["offset"] == 0 for chunk in chunks)
    return chunks


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there is no corpus in {documents.CORPUS}")
def test_the_same_words_in_the_same_order(ebbd):
    jobs = {name: ebbd.submit(FOLDER / name, name=name) for name in NAMES}
    for name, job in jobs.items():
        row = ebbd.completed(job, timeout=patience(120))
        chunks = check(ebbd, job)
        assert chunks, name
        assert row["counts"]["chunks"] == len(chunks), name
        assert row["counts"]["vectors"] == sum(chunk["embedded"] for chunk in chunks), name


def test_a_second_job_of_the_file_changes_nothing(ebbd):
    document = documents.pdf(6)
    first = ebbd.submit(document, params={"tags": "one, two"})
    ebbd.completed(first, timeout=patience(60))
    chunks = check(ebbd, first)
    assert chunks and all(chunk["embedded"] for chunk in chunks)
    digest = json.loads(ebbd.query("digest"))
    second = ebbd.submit(document)
    ebbd.completed(second, timeout=patience(60))
    assert json.loads(ebbd.query("digest")) == digest
    assert chunks_of(ebbd, second) == chunks


def test_other_sizes_cut_the_document_anew(ebbd):
    document = documents.pdf(6)
    first = ebbd.submit(document)
    ebbd.completed(first, timeout=patience(60))
    before = check(ebbd, first)
    second = ebbd.submit(document, params={"chunk_size": "256", "chunk_overlap": "0"})
    ebbd.completed(second, timeout=patience(60))
    after = check(ebbd, second)
    assert len(after) > len(before)
    assert all(chunk["embedded"] for chunk in after)
    third = ebbd.submit(document)
    ebbd.completed(third, timeout=patience(60))
    assert check(ebbd, third) == before


def test_a_document_that_is_not_to_be_embedded(ebbd):
    job = ebbd.submit(documents.pdf(2), params={"embed": "no"})
    ebbd.completed(job, timeout=patience(60))
    chunks = check(ebbd, job)
    assert chunks and not any(chunk["embedded"] for chunk in chunks)
