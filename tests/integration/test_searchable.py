# SPDX-License-Identifier: AGPL-3.0-or-later
"""The searchable PDF, looked at with other people's programs: the text is in it, in order and in
its place, and the pages look as they did."""

import html
import re
import subprocess

import pytest

import documents
import formats

LINES = ["Ebb and flow of the tide", "measured at the old pier", "since eighteen ninety four"]
LONGER = [
    *LINES,
    "The harbour master wrote the figures",
    "into a book that was never lost, and",
    "his daughter went on when he was old.",
    "On quiet days the water came and went",
    "as if it had no weight, but in winter",
    "the gauge was broken more than once.",
]
DPI = 150


def searchable(ebbd, data, **params):
    """The job and its searchable.pdf."""
    job = ebbd.run(data, timeout=50, params={"searchable_pdf": "yes", **params})
    assert job["status"] == "completed", job
    return job, ebbd.state / "jobs" / job["job_id"] / "searchable.pdf"


def pdftotext(path, *options):
    return subprocess.run(["pdftotext", *options, path, "-"], check=True, capture_output=True,
                          text=True).stdout


def words_of(path):
    """[(word, (x0, y0, x1, y1))] of the pages, in points from the top left."""
    pattern = (r'<word xMin="([^"]*)" yMin="([^"]*)" xMax="([^"]*)" yMax="([^"]*)">(.*?)</word>')
    return [(html.unescape(found[4]), tuple(map(float, found[:4])))
            for found in re.findall(pattern, pdftotext(path, "-bbox"))]


def pixels(path, folder, page=1):
    """What MuPDF and Poppler make of a page."""
    drawn, painted = folder / "drawn.png", folder / "painted"
    subprocess.run(["mutool", "draw", "-q", "-r", "72", "-o", drawn, path, str(page)], check=True,
                   capture_output=True)
    subprocess.run(["pdftoppm", "-r", "72", "-f", str(page), "-l", str(page), "-singlefile", path,
                    painted], check=True, capture_output=True)
    return drawn.read_bytes(), painted.with_suffix(".ppm").read_bytes()


def pixels_by_mutool(path, folder, page):
    """Pixel for pixel at the picture's own resolution."""
    drawn = folder / "drawn.pgm"
    subprocess.run(["mutool", "draw", "-q", "-r", str(DPI), "-c", "gray", "-o", drawn, path,
                    str(page)], check=True, capture_output=True)
    return drawn.read_bytes()


def scan_of(pages, rotate=0):
    """A PDF whose pages are pictures of text and nothing else."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for lines in pages:
        image = formats.picture(lines, DPI)
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        content = "q 595 0 0 360 0 0 cm /Im Do Q"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 360] /Rotate {rotate} "
            f"/Contents {number + 1} 0 R /Resources << /XObject << /Im {number + 2} 0 R >> >> >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
            (f"<< /Type /XObject /Subtype /Image /Width {image.width} /Height {image.height} "
             "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode ",
             formats.saved(image, "JPEG", DPI, quality=90)),
        ]
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        if isinstance(body, tuple):
            body = (body[0] + f"/Length {len(body[1])} >>\nstream\n").encode() + body[1] \
                + b"\nendstream"
        else:
            body = body.encode()
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table)
    return bytes(out)


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    area = (b[2] - b[0]) * (b[3] - b[1])
    return max(width, 0) * max(height, 0) / area


def test_a_scan(ebbd, tmp_path):
    source = tmp_path / "scan.pdf"
    source.write_bytes(scan_of([LINES, list(reversed(LINES))]))
    job, made = searchable(ebbd, source)
    assert job["counts"]["searchable_pages"] == 2
    pages = pdftotext(made).split("\f")
    assert pages[0].split() == " ".join(LINES).split()
    assert pages[1].split() == " ".join(reversed(LINES)).split()
    assert made.read_bytes().startswith(source.read_bytes())
    for page in (1, 2):
        assert pixels(made, tmp_path, page) == pixels(source, tmp_path, page)
    info = subprocess.run(["pdfinfo", made], check=True, capture_output=True, text=True).stdout
    assert "Producer:        ebb " in info
    shown = subprocess.run(["mutool", "show", made, "trailer/Root/Lang"], check=True,
                           capture_output=True, text=True).stdout
    assert "en" in shown


def ink(lines):
    """Each word's box in points: where picture() draws it."""
    from PIL import ImageFont

    font = ImageFont.truetype(formats.FONT, round(14 * DPI / 72))
    boxes = []
    for number, line in enumerate(lines):
        start = 0
        for word in line.split():
            start = line.index(word, start)
            left = 0.8 * DPI + font.getlength(line[:start])
            box = font.getbbox(word, anchor="la")
            top = (0.7 + 0.35 * number) * DPI
            boxes.append((word, tuple(72 / DPI * value for value in (
                left + box[0], top + box[1], left + box[2], top + box[3]))))
            start += len(word)
    return boxes


def test_words_lie_over_their_ink(ebbd, tmp_path):
    source = tmp_path / "scan.pdf"
    source.write_bytes(scan_of([LINES]))
    _, made = searchable(ebbd, source)
    found, drawn = words_of(made), ink(LINES)
    assert [word for word, _ in found] == [word for word, _ in drawn]
    for (word, box), (_, wanted) in zip(found, drawn):
        assert overlap(box, wanted) > 0.85, (word, box, wanted)


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_page_that_is_shown_turned(ebbd, tmp_path, rotate):
    """The text lies on its side, or upside down, and is read, copied and drawn all the same."""
    source = tmp_path / "scan.pdf"
    source.write_bytes(scan_of([LONGER], rotate))
    _, made = searchable(ebbd, source)
    assert sorted(pdftotext(made).split()) == sorted(" ".join(LONGER).split())
    assert pixels(made, tmp_path) == pixels(source, tmp_path)


def test_what_needs_no_ocr_is_copied(ebbd, tmp_path):
    source = tmp_path / "printed.pdf"
    source.write_bytes(documents.pdf(3))
    job, made = searchable(ebbd, source)
    assert job["counts"]["searchable_pages"] == 0
    assert made.read_bytes() == source.read_bytes()


def test_none_unless_it_is_wanted(ebbd):
    job = ebbd.run(documents.pdf(1))
    assert not (ebbd.state / "jobs" / job["job_id"] / "searchable.pdf").exists()


def test_what_flows_has_none_and_says_so(ebbd):
    job, made = searchable(ebbd, b"<!doctype html><p>Words.</p>")
    assert not made.exists()
    assert any("searchable.pdf" in warning for warning in job["warnings"])


@pytest.mark.parametrize("kind", ["tiff", "jpeg", "cbz"])
def test_pictures(ebbd, tmp_path, kind):
    page = formats.picture(LINES, DPI)
    jpeg = formats.saved(page, "JPEG", DPI)
    data, pages = {
        "tiff": (formats.tiff([page.convert("1")] * 2, "group4", DPI), 2),
        "jpeg": (jpeg, 1),
        "cbz": (formats.comic([("1.jpg", jpeg), ("2.png", formats.saved(page, "PNG", DPI))]), 2),
    }[kind]
    source = tmp_path / f"picture.{kind}"
    source.write_bytes(data)
    job, made = searchable(ebbd, source)
    assert job["counts"]["searchable_pages"] == pages
    assert pdftotext(made).split() == " ".join(LINES * pages).split()
    assert (jpeg in made.read_bytes()) == (kind != "tiff")
    for number in range(1, pages + 1):
        assert pixels_by_mutool(made, tmp_path, number) == pixels_by_mutool(
            source, tmp_path, number)


def test_an_older_reading_makes_room(ebbd, tmp_path):
    """What came out goes in again: read again, it has its text once."""
    source = tmp_path / "scan.pdf"
    source.write_bytes(scan_of([LINES]))
    _, made = searchable(ebbd, source)
    once = tmp_path / "once.pdf"
    once.write_bytes(made.read_bytes())
    job, made = searchable(ebbd, once, ocr="redo")
    assert job["counts"]["searchable_pages"] == 1
    assert pdftotext(made).split() == " ".join(LINES).split()
    assert pixels(made, tmp_path) == pixels(source, tmp_path)


def test_again_is_the_same(make_ebbd, tmp_path):
    source = tmp_path / "scan.pdf"
    source.write_bytes(scan_of([LINES]))
    made = {searchable(make_ebbd(), source)[1].read_bytes() for _ in range(2)}
    assert len(made) == 1


def test_a_page_that_could_not_be_read_costs_its_text(ebbd, tmp_path):
    """The second picture is no picture: its page is there, and empty."""
    page = formats.saved(formats.picture(LINES, DPI), "PNG", DPI)
    lie = formats.png_that_lies(60000, 60000)
    source = tmp_path / "comic.cbz"
    source.write_bytes(formats.comic([("1.png", page), ("2.png", lie), ("3.png", page)]))
    job, made = searchable(ebbd, source)
    assert {failed["page"] for failed in job["pages_failed"]} == {2}
    pages = pdftotext(made).split("\f")
    assert [text.split() for text in pages[:3]] == [
        " ".join(LINES).split(), [], " ".join(LINES).split()]


CORPUS = documents.CORPUS / "pdf"


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"there is no corpus in {CORPUS}")
@pytest.mark.parametrize("name", [
    "phototest.pdf", "eurotext.pdf", "ocr_test_rotated_90.pdf", "pdf_scanned_invoice.pdf",
    "dev-cataloguede-deu-g200.pdf", "dev-no-tail-catalogue.pdf"])
def test_the_corpus(ebbd, tmp_path, name):
    source = CORPUS / name
    job, made = searchable(ebbd, source, languages="eng+deu")
    if job["counts"]["searchable_pages"] > 0:
        # Hyphens at the ends of lines aside, what was read is what is found.
        read = ebbd.query("show", document=job["job_id"], format="text").decode()
        assert len(pdftotext(made).split()) >= 0.9 * len(read.split())
    for page in range(1, min(job["pages"], 3) + 1):
        if page not in {failed["page"] for failed in job["pages_failed"]}:
            assert pixels_by_mutool(made, tmp_path, page) == pixels_by_mutool(
                source, tmp_path, page)
