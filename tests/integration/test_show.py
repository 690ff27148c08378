# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the query `show` answers in each format, read by real parsers."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

from daemon import Refused
from documents import CORPUS, pdf

PAGES = 40
XHTML = "{http://www.w3.org/1999/xhtml}"
ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
# Documents that have what those made here have not.
SAMPLES = ["us-020.pdf", "BidiSample.pdf", "vertical_text.pdf", "AngledExample.pdf", "jo.pdf",
           "catalogue-dev-en-12p.pdf", "eu-015.pdf", "phototest.pdf", "hugepage-1e6pt.pdf"]


@pytest.fixture(name="document")
def fixture_document(ebbd):
    job = ebbd.submit(pdf(PAGES, title="Pages & <more>"), name='a "document" & <more>.pdf')
    ebbd.completed(job)
    return job


def show(ebbd, document, how, **params):
    return ebbd.query("show", document=document, format=how, **params)


def bbox(element):
    found = re.search(r"bbox (\d+) (\d+) (\d+) (\d+)", element.get("title"))
    return [int(number) for number in found.groups()]


def check_hocr(content, pages):
    """The pages' texts, by line."""
    root = ElementTree.fromstring(content)
    assert root.tag == XHTML + "html"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    body = root.find(XHTML + "body")
    assert [page.get("class") for page in body] == ["ocr_page"] * pages
    texts = []
    for page in body:
        left, top, right, bottom = bbox(page)
        assert (left, top) == (0, 0)
        assert re.search(r"; ppageno \d+; scan_res (\d+) \1", page.get("title"))
        lines = []
        for area in page:
            assert area.get("class") in ("ocr_carea", "ocr_photo")
            for paragraph in area:
                assert (paragraph.tag, paragraph.get("class")) == (XHTML + "p", "ocr_par")
                lines += [check_hocr_line(line) for line in paragraph]
        texts.append(lines)
    return texts


def check_hocr_line(line):
    assert line.get("class") == "ocr_line"
    assert re.search(r"; x_size \d+$", line.get("title"))
    words = []
    for word in line:
        assert word.get("class") == "ocrx_word"
        left, top, right, bottom = bbox(word)
        assert left <= right and top <= bottom
        words.append("".join(word.itertext()))
        assert words[-1] and " " not in words[-1]
    assert words
    return " ".join(words)


def check_alto(content, pages):
    """The pages' texts, by line."""
    root = ElementTree.fromstring(content)
    assert root.tag == ALTO + "alto"
    assert [part.tag for part in root if part.tag != ALTO + "Styles"] == [
        ALTO + "Description", ALTO + "Layout"]
    assert root.findtext(f"{ALTO}Description/{ALTO}MeasurementUnit") == "inch1200"
    ids = [element.get("ID") for element in root.iter() if element.get("ID")]
    known = set(ids)
    assert len(ids) == len(known)
    for element in root.iter():
        for name in ("STYLEREFS", "PROCESSINGREFS"):
            assert set((element.get(name) or "").split()) <= known
        for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"):
            assert float(element.get(name, 0)) >= 0
    layout = root.find(ALTO + "Layout")
    assert [page.tag for page in layout] == [ALTO + "Page"] * pages
    return [[line for block in page.iter(ALTO + "TextBlock") for line in check_alto_block(block)]
            for page in layout]


def check_alto_block(block):
    assert len(block) > 0
    for line in block:
        assert line.tag == ALTO + "TextLine"
        tags = [part.tag.removeprefix(ALTO) for part in line]
        assert re.fullmatch(r"String(,SP,String)*(,HYP)?", ",".join(tags))
        strings = line.findall(ALTO + "String")
        for string in strings:
            assert 0 <= float(string.get("WC", 0)) <= 1
            assert (string.get("SUBS_TYPE") is None) == (string.get("SUBS_CONTENT") is None)
        yield " ".join(string.get("CONTENT") for string in strings)


def test_words_of_every_format(ebbd, document):
    text = show(ebbd, document, "text").decode()
    wanted = [[line for line in page.splitlines() if line] for page in text.split("\f")]
    assert len(wanted) == PAGES
    assert wanted[6][0] == "Pages & <more>, page 7"
    hocr = check_hocr(show(ebbd, document, "hocr"), PAGES)
    assert hocr == wanted
    alto = check_alto(show(ebbd, document, "alto"), PAGES)
    assert alto == wanted
    title = ElementTree.fromstring(show(ebbd, document, "hocr")).findtext(f".//{XHTML}title")
    assert title == 'a "document" & <more>.pdf'


def test_pages_of_xml(ebbd, document):
    """In rising order and once, so that ids stay unique."""
    for how, check in (("hocr", check_hocr), ("alto", check_alto)):
        texts = check(show(ebbd, document, how, pages="9,3-4,4-5"), 4)
        assert [page[0].rsplit(maxsplit=1)[1] for page in texts] == ["3", "4", "5", "9"]
    with pytest.raises(Refused, match="has 40"):
        show(ebbd, document, "alto", pages="41")
    with pytest.raises(Refused, match="tables, images, chunks or body"):
        show(ebbd, document, "docx")


def test_lists_of_a_document_without_tables_and_images(ebbd, document):
    tables = json.loads(show(ebbd, document, "tables"))
    images = json.loads(show(ebbd, document, "images"))
    assert (tables["tables"], images["images"]) == ([], [])
    assert tables["document_id"] == images["document_id"] == ebbd.job(document)["document_id"]


def check_tables(tables, pages):
    for number, table in enumerate(tables, 1):
        assert table["number"] == number
        order = [(cell["row"], cell["column"]) for cell in table["cells"]]
        assert order == sorted(order)
        shown = [part["page"] for part in table["parts"]]
        assert shown == sorted(shown)
        assert 1 <= table["first_page"] == shown[0] <= shown[-1] == table["last_page"] <= pages
        taken = set()
        for cell in table["cells"]:
            places = {
                (cell["row"] + down, cell["column"] + right)
                for down in range(cell.get("row_span", 1))
                for right in range(cell.get("column_span", 1))
            }
            assert not places & taken
            taken |= places
        assert all(0 <= row < table["rows"] and 0 <= column < table["columns"]
                   for row, column in taken)


def check_images(images, job):
    assert len({image["key"] for image in images}) == len(images)
    for image in images:
        assert re.fullmatch("[0-9a-f]{32}", image["key"])
        assert image["file"] == f"images/{image['key']}.{image['format']}"
        assert image["pages"] == len({place["page"] for place in image["placements"]})
        assert (job / image["file"]).stat().st_size == image["file_bytes"]


def check_json(document, tables, images):
    """What the JSON of the pages and the lists say of each other."""
    shown = [place for page in document["pages"] for place in page.get("image_placements", [])]
    assert {place["key"] for place in shown if "key" in place} == {image["key"] for image in images}
    blocks = [block for page in document["pages"] for block in page.get("blocks", [])]
    assert sum("table" in block for block in blocks) == sum(len(t["parts"]) for t in tables)
    for page in document["pages"]:
        for block in page.get("blocks", []):
            if block["kind"] == "image":
                assert block["image"] < len(page["image_placements"])
    return shown


@pytest.mark.parametrize("name", SAMPLES)
def test_a_document_of_the_corpus(ebbd, name):
    path = CORPUS / "pdf" / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    job = ebbd.submit(path, name=name)
    row = ebbd.completed(job, timeout=90)
    pages = row["pages"]
    hocr = check_hocr(show(ebbd, job, "hocr"), pages)
    alto = check_alto(show(ebbd, job, "alto"), pages)
    for one, other in zip(hocr, alto):
        # ALTO has no hyphen in a broken word.
        assert [line.rstrip("-\u2010") for line in one] == [line.rstrip("-\u2010") for line in other]
    tables = json.loads(show(ebbd, job, "tables"))["tables"]
    images = json.loads(show(ebbd, job, "images"))["images"]
    check_tables(tables, pages)
    check_images(images, ebbd.state / "jobs" / job)
    check_json(json.loads(show(ebbd, job, "json")), tables, images)
    markdown = show(ebbd, job, "markdown").decode()
    assert [int(number) for number in re.findall(r"^<!-- page (\d+) -->$", markdown, re.M)] == list(
        range(1, pages + 1))
    assert markdown.endswith("\n\n") and "\n\n\n" not in re.sub("```.*?```", "", markdown, flags=re.S)
    for key, kind in re.findall(r"!\[[^\n]*\]\(images/([0-9a-f]{32})\.(\w+)\)", markdown):
        image = next(image for image in images if image["key"] == key)
        assert (image["format"], image["role"]) == (kind, "content")
    assert row["counts"]["images"] == sum(image["role"] == "content" for image in images)
    assert row["counts"]["tables"] == len(tables)
