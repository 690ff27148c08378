# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCR through the real workers: scans become text that can be found, whichever way up, in whichever
language is installed, and the same bytes however many workers read them."""

import json

import fitz
import pytest

from daemon import seconds
from documents import CORPUS, pdf

pytestmark = pytest.mark.timeout(seconds(120))

WIDTH, HEIGHT = 360, 200
LINES = [
    "Harbour lights were burning low",
    "when the pilot boat came home",
    "with the morning papers, and",
    "nobody asked about the weather.",
]
GERMAN = ["Größere Räume für müde Füße", "überall dieselben schönen Häuser", "und süße Äpfel im Körbchen"]


def draw(document, lines, size=12):
    """A page with that text on it."""
    page = document.new_page(width=WIDTH, height=HEIGHT)
    for number, line in enumerate(lines):
        page.insert_text((24, 40 + 1.4 * size * number), line, fontname="helv", fontsize=size)
    return page


def picture_of(lines, dpi=200):
    with fitz.open() as document:
        page = draw(document, lines)
        return page.get_pixmap(dpi=dpi, colorspace=fitz.csGRAY).tobytes("png")


def bytes_of(document):
    return document.tobytes(deflate=True, no_new_id=True)


def scan(*pages, dpi=200, rotate=0, more=None):
    """A PDF of pictures of pages. rotate: of the picture on its page. more: does more to a page."""
    with fitz.open() as document:
        for lines in pages:
            size = (HEIGHT, WIDTH) if rotate % 180 else (WIDTH, HEIGHT)
            page = document.new_page(width=size[0], height=size[1])
            page.insert_image(page.rect, stream=picture_of(lines, dpi), rotate=rotate)
            if more:
                more(page)
        return bytes_of(document)


def run(ebbd, content, **params):
    job = ebbd.run(content, timeout=90, params=params)
    assert job["status"] == "completed", job
    return job


def text_of(ebbd, job):
    return " ".join(ebbd.query("show", document=job["job_id"], format="text").decode().split())


def pages_of(ebbd, job):
    return json.loads(ebbd.query("show", document=job["job_id"], format="json"))["pages"]


def test_a_scan_can_be_searched(ebbd):
    job = run(ebbd, scan(LINES))
    assert text_of(ebbd, job) == " ".join(LINES)
    [page] = pages_of(ebbd, job)
    assert page["source"] == "ocr"
    assert page["ocr_reason"] == "no_text"
    found = json.loads(ebbd.query("search", q="pilot boat"))
    assert [result["page"] for result in found["results"]] == [1]


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_scan_the_wrong_way_up(ebbd, rotate):
    job = run(ebbd, scan(LINES, rotate=rotate))
    assert text_of(ebbd, job) == " ".join(LINES)


def test_german(ebbd):
    job = run(ebbd, scan(GERMAN), languages="deu")
    assert text_of(ebbd, job) == " ".join(GERMAN)


def test_two_languages(ebbd):
    job = run(ebbd, scan(LINES, GERMAN), languages="eng+deu")
    assert text_of(ebbd, job) == " ".join(LINES + GERMAN)


def test_a_language_that_is_missing(ebbd):
    job = ebbd.run(scan(LINES), params={"languages": "eng+xyz"})
    assert job["status"] == "failed"
    assert job["error"]["code"] == "language_missing"
    assert job["error"]["text"].startswith(
        "xyz is not installed for OCR: apt install tesseract-ocr-xyz; installed: "
    )
    assert "eng" in job["error"]["text"]
    assert not ebbd.receipts(job["job_id"]) or all(
        receipt["class"] != "ocr" for receipt in ebbd.receipts(job["job_id"])
    )


def test_what_is_no_list_of_languages(ebbd):
    job = ebbd.run(scan(LINES), params={"languages": "eng;deu"})
    assert job["error"]["code"] == "language_missing"
    assert "is no list of languages like eng+deu" in job["error"]["text"]


def test_without_ocr_no_language_is_missing(ebbd):
    job = run(ebbd, scan(LINES), ocr="off", languages="xyz")
    assert text_of(ebbd, job) == ""


def test_a_mode_that_does_not_exist(ebbd):
    job = ebbd.run(scan(LINES), params={"ocr": "perhaps"})
    assert job["status"] == "failed"
    assert job["error"]["code"] == "invalid_parameter"
    assert "auto, force, off or redo" in job["error"]["text"]


def printed(lines):
    with fitz.open() as document:
        draw(document, lines)
        return bytes_of(document)


def test_printed_text_is_left_alone(ebbd):
    job = run(ebbd, printed(LINES))
    [page] = pages_of(ebbd, job)
    assert page["source"] == "native"
    assert "ocr" not in {receipt["class"] for receipt in ebbd.receipts(job["job_id"])}


def test_force_reads_it_all_the_same(ebbd):
    job = run(ebbd, printed(LINES), ocr="force")
    [page] = pages_of(ebbd, job)
    assert (page["source"], page["ocr_reason"]) == ("ocr", "forced")
    assert text_of(ebbd, job) == " ".join(LINES)


def test_off_leaves_scans_alone(ebbd):
    job = run(ebbd, scan(LINES), ocr="off")
    assert text_of(ebbd, job) == ""
    assert "ocr" not in {receipt["class"] for receipt in ebbd.receipts(job["job_id"])}


def old_layer(page):
    """What an engine of old had made of it, invisibly."""
    for number, line in enumerate(LINES):
        page.insert_text((24, 40 + 16.8 * number), line.replace("e", "c"), fontsize=12,
                         render_mode=3)


def test_redo_ignores_an_old_layer(ebbd):
    content = scan(LINES, more=old_layer)
    job = run(ebbd, content)
    assert text_of(ebbd, job) == " ".join(LINES).replace("e", "c")
    job = run(ebbd, content, ocr="redo")
    [page] = pages_of(ebbd, job)
    assert (page["source"], page["ocr_reason"]) == ("ocr", "redo")
    assert text_of(ebbd, job) == " ".join(LINES)


def stamp(page):
    page.insert_text((24, 180), "Received 3 May", fontsize=10)


def test_a_stamp_and_a_scan(ebbd):
    job = run(ebbd, scan(LINES, more=stamp))
    [page] = pages_of(ebbd, job)
    assert (page["source"], page["ocr_reason"]) == ("mixed", "sparse_text")
    assert text_of(ebbd, job) == " ".join(LINES) + " Received 3 May"


def test_a_blank_page_is_no_failure(ebbd):
    job = run(ebbd, scan([], LINES))
    assert job["pages_failed"] == []
    assert text_of(ebbd, job) == " ".join(LINES)


def test_a_page_that_is_too_large_costs_only_itself(ebbd):
    with fitz.open() as document:
        for size in ((WIDTH, HEIGHT), (14400, 14400), (WIDTH, HEIGHT)):
            page = document.new_page(width=size[0], height=size[1])
            page.insert_image(page.rect, stream=picture_of(LINES), keep_proportion=False)
        content = bytes_of(document)
    job = run(ebbd, content)
    [failed] = job["pages_failed"]
    assert (failed["page"], failed["stage"], failed["verdict"]) == (2, "ocr", "failed")
    assert "more pixels than the limit" in failed["detail"]
    assert text_of(ebbd, job) == " ".join(LINES + LINES)


def test_a_page_that_takes_too_long_costs_only_itself(make_ebbd):
    """Thousands of words take many times the second that they get, on any machine."""
    with fitz.open() as document:
        page = document.new_page()
        for row in range(130):
            words = "".join(chr(97 + (row * 7 + place * place) % 26) + " lorem" for place in range(24))
            page.insert_text((20, 20 + 6 * row), words, fontsize=5.5)
        picture = page.get_pixmap(dpi=300, colorspace=fitz.csGRAY).tobytes("png")
    with fitz.open() as document:
        page = document.new_page()
        page.insert_image(page.rect, stream=picture)
        page = document.new_page(width=WIDTH, height=HEIGHT)
        page.insert_image(page.rect, stream=picture_of(LINES))
        content = bytes_of(document)
    ebbd = make_ebbd({"class.ocr.option.page_cpu_s": 1})
    job = run(ebbd, content)
    [failed] = job["pages_failed"]
    assert (failed["page"], failed["stage"], failed["verdict"]) == (1, "ocr", "failed")
    assert failed["detail"] == "reading the page takes over 1 s of CPU time"
    assert text_of(ebbd, job) == " ".join(LINES)


def readings(ebbd, job):
    """Each artifact of ocr, by its name."""
    folder = ebbd.state / "jobs" / job["job_id"]
    return {path.name: path.read_bytes() for path in sorted(folder.glob("ocr-*.ebb"))}


def test_the_same_bytes_whoever_read_them(make_ebbd):
    pages = [LINES, [line.upper() for line in LINES], GERMAN, LINES[::-1], ["12,345.67 in all"], LINES]
    content = scan(*pages)
    alone = make_ebbd({"class.ocr.max": 1})
    first = readings(alone, run(alone, content))
    assert sorted(first) == [f"ocr-{n:08d}-{n:08d}.ebb" for n in range(1, len(pages) + 1)]
    pair = make_ebbd({"class.ocr.max": 2, "limits.cpu_slots": 2})
    run(pair, scan(GERMAN, LINES), languages="eng+deu")
    assert readings(pair, run(pair, content)) == first
    # Another document that starts with other pages: what was read before does not matter.
    moved = readings(pair, run(pair, scan(*pages[::-1])))
    assert len(moved) == len(pages)
    shown = [page["text"] for page in pages_of(pair, run(pair, scan(*pages[::-1])))]
    assert shown[::-1] == [page["text"] for page in pages_of(pair, run(pair, content))]


def test_memory_is_measured_and_given_back(ebbd):
    job = run(ebbd, scan(LINES, LINES))
    peaks = [
        receipt["peak_rss_bytes"]
        for receipt in ebbd.receipts(job["job_id"])
        if receipt["class"] == "ocr"
    ]
    assert peaks and all(10 << 20 < peak < 512 << 20 for peak in peaks)


@pytest.mark.skipif(not (CORPUS / "pdf").is_dir(), reason="there is no corpus")
@pytest.mark.parametrize("name", ["phototest.pdf", "phototest-rotated-L.pdf"])
def test_the_corpus(ebbd, name):
    job = run(ebbd, CORPUS / "pdf" / name)
    truth = (CORPUS / "truth" / "phototest.txt").read_text()
    assert text_of(ebbd, job) == " ".join(truth.split())


def test_native_documents_do_not_wait_for_models(ebbd):
    job = run(ebbd, pdf(3))
    assert {receipt["class"] for receipt in ebbd.receipts(job["job_id"])} <= {"pdf", "library"}
