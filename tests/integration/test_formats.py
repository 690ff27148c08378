# SPDX-License-Identifier: AGPL-3.0-or-later
"""Documents of every format that is read, through the real workers: what survey says of them, what
they have for text, and that what is no document, or claims to be huge, ends as it should."""

import functools
import io
import json
import zipfile

import pytest

import formats

LINES = ["Ebb and flow of the tide", "measured at the old pier", "since eighteen ninety four"]
PARAGRAPH = "<p>" + "The tide comes in and the tide goes out, twice a day. " * 20 + "</p>"


def run(ebbd, data, **params):
    job = ebbd.run(data, timeout=50, params={"ocr": "off", **params})
    assert job["status"] == "completed", job
    return job, json.loads(ebbd.query("show", document=job["job_id"], format="json"))


def text_of(ebbd, job):
    """Its words; where lines break is the layout's."""
    return " ".join(ebbd.query("show", document=job["job_id"], format="text").decode().split())


@functools.cache
def picture_files():
    """name -> (file, format, pages, size of a page in points)"""
    page = formats.picture(LINES)
    bilevel = page.convert("1")
    a5ish = (595.2, 360)
    files = {
        "png": (formats.saved(page, "PNG"), "PNG", 1, a5ish),
        "jpeg": (formats.saved(page, "JPEG"), "JPEG", 1, a5ish),
        "jpeg in four inks": (formats.saved(page.convert("CMYK"), "JPEG"), "JPEG", 1, a5ish),
        "bmp": (formats.saved(page.convert("RGB"), "BMP"), "BMP", 1, a5ish),
        "gif": (formats.saved(page, "GIF", None), "GIF", 1, (930, 562.5)),
        "pgm": (formats.saved(page, "PPM", None), "PNM", 1, (930, 562.5)),
        "jpeg 2000": (formats.saved(page, "JPEG2000", None), "JPEG 2000", 1, (842, 509.27)),
        "png, 300 dpi, not said": (
            formats.saved(formats.picture(LINES, 300), "PNG", None), "PNG", 1, (842, 509.07)),
        "tiff, pages": (formats.tiff([page] * 3, "tiff_lzw"), "TIFF", 3, a5ish),
        "tiff in four inks": (formats.tiff([page.convert("CMYK")], "tiff_lzw"), "TIFF", 1, a5ish),
        "cbz": (
            formats.comic([("b/10.png", formats.saved(page, "PNG")),
                           ("b/9.jpg", formats.saved(page, "JPEG"))]),
            "Comic book (CBZ)", 2, a5ish),
    }
    for packing in ("group3", "group4", "packbits", "tiff_lzw", "tiff_deflate", "raw"):
        files[f"tiff, {packing}"] = (formats.tiff([bilevel], packing), "TIFF", 1, a5ish)
    return files


@pytest.mark.parametrize("name", picture_files())
def test_pictures_are_pages(ebbd, name):
    data, kind, pages, (width, height) = picture_files()[name]
    _, document = run(ebbd, data)
    assert document["format"] == kind
    assert len(document["pages"]) == pages
    for page in document["pages"]:
        assert page["width_pt"] == pytest.approx(width, abs=0.1)
        assert page["height_pt"] == pytest.approx(height, abs=0.1)


@pytest.mark.parametrize("name", ["jpeg in four inks", "tiff, pages", "tiff, group4", "cbz",
                                  "png, 300 dpi, not said"])
def test_pictures_are_read(ebbd, name):
    data, _, pages, _ = picture_files()[name]
    job = ebbd.run(data, timeout=50)
    assert job["status"] == "completed", job
    assert text_of(ebbd, job) == " ".join(LINES * pages)
    found = json.loads(ebbd.query("search", q="pier", k=10))
    assert {page for result in found["results"]
            for page in range(result["first_page"], result["last_page"] + 1)
            } == set(range(1, pages + 1))


def test_a_book(ebbd):
    hebrew = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd"
    job, document = run(ebbd, formats.epub([
        ("One of them", PARAGRAPH * 8),
        ("Zwei \u201e\u00dc\u201c", f"<p>Soft\u00adly.</p><p dir='rtl'>{hebrew}</p>"),
        ("Three", PARAGRAPH)]))
    assert document["format"] == "EPUB"
    assert document["metadata"]["title"] == "A book"
    assert document["metadata"]["author"] == "Its author"
    assert {(page["width_pt"], page["height_pt"]) for page in document["pages"]} == {(420, 595)}
    outline = document["outline"]
    assert [entry["title"] for entry in outline] == [
        "One of them", "Zwei \u201e\u00dc\u201c", "Three"]
    first, second, third = (entry["page"] for entry in outline)
    assert 1 == first < second < third == len(document["pages"])
    text = text_of(ebbd, job)
    assert text.count("twice a day") == 9 * 20
    assert hebrew in text and "Softly." in text


def test_a_book_is_laid_out_the_same_each_time(make_ebbd):
    book = formats.epub([("One", PARAGRAPH * 8), ("Two", PARAGRAPH * 4)])
    digests = set()
    for pages_per_unit in (1, 16):
        ebbd = make_ebbd({"class.pdf.option.pages_per_unit": pages_per_unit})
        run(ebbd, book)
        digests.add(json.loads(ebbd.query("digest"))["sha256"])
    assert len(digests) == 1


TEXTS = {
    "FictionBook": (formats.fiction_book("Книга", ["Прилив приходит."] * 3),
                    "Книга Прилив приходит. Прилив приходит. Прилив приходит."),
    "XPS": (formats.xps(["The tide comes in", "and goes out"]), "The tide comes in and goes out"),
    "HTML": (b"<!doctype html><title>T</title><h1>Head</h1><p>Some <b>bold</b> text.</p>",
             "Head Some bold text."),
    "XHTML": (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body><p>Words</p>"
              b"</body></html>", "Words"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg' width='300' height='200'>"
            b"<text x='20' y='50' font-size='20'>Words in a drawing</text></svg>",
            "Words in a drawing"),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_texts(ebbd, kind):
    data, expected = TEXTS[kind]
    job, document = run(ebbd, data)
    assert document["format"] == kind
    assert text_of(ebbd, job) == expected


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files:
            packed.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


REFUSED = {
    "plain text": (b"This is a text.\n" * 100, "not_a_document"),
    "a program": (b"\x7fELF" + bytes(1000), "not_a_document"),
    "any XML": (b"<?xml version='1.0'?><invoice><html/></invoice>", "not_a_document"),
    "an archive of anything": (archive([("a.txt", "x"), ("b.csv", "y")]), "unsupported_format"),
    "Word": (archive([("[Content_Types].xml", "x"), ("word/document.xml", "y")]),
             "unsupported_format"),
    "a book under rights management": (
        formats.epub([("One", PARAGRAPH)], more=[("META-INF/encryption.xml", "<x/>")]),
        "unsupported_format"),
    "an archive cut short": (formats.epub([("One", PARAGRAPH)])[:-30], "not_a_document"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(ebbd, name):
    data, code = REFUSED[name]
    job = ebbd.run(data)
    assert job["status"] == "failed"
    assert job["error"]["code"] == code
    assert job["error"]["text"]


def test_bombs(make_ebbd):
    """Told by the archive's directory, before anything is unpacked."""
    ebbd = make_ebbd({"class.pdf.option.max_unpacked_bytes": "8M",
                      "class.pdf.option.max_markup_bytes": "1M"})
    bombs = [formats.epub([("One", PARAGRAPH)], more=[("OEBPS/large.bin", bytes(9 << 20))]),
             formats.epub([("One", "<p>" + "a " * (1 << 19) + "</p>")]),
             formats.comic([("1.png", bytes(9 << 20))]),
             b"<!doctype html>" + b"<p>x" * (1 << 18)]
    for bomb in bombs:
        job = ebbd.run(bomb)
        assert (job["status"], job["error"]["code"]) == ("failed", "too_large"), job
    # What it claims to hold is all that it may be.
    run(ebbd, formats.epub([("One", PARAGRAPH)]))


def test_entities_are_not_multiplied(ebbd):
    entities = "<!ENTITY a 'lollollol'>" + "".join(
        f"<!ENTITY {chr(98 + i)} '{f'&{chr(97 + i)};' * 10}'>" for i in range(9))
    job, _ = run(ebbd, f"<?xml version='1.0'?><!DOCTYPE svg [{entities}]><svg "
                       "xmlns='http://www.w3.org/2000/svg' width='300' height='200'>"
                       "<text x='20' y='50'>&j;</text></svg>".encode())
    assert len(text_of(ebbd, job)) < 100


@pytest.mark.parametrize("side", [60000, 2000000000])
def test_pictures_that_lie_about_their_size(ebbd, side):
    lie = formats.png_that_lies(side, side)
    page = formats.saved(formats.picture(LINES), "PNG")
    job = ebbd.run(formats.comic([("1.png", page), ("2.png", lie), ("3.png", page)]),
                   params={"ocr": "off"})
    assert job["status"] == "completed", job
    assert [failed["page"] for failed in job["pages_failed"]] == [2]
