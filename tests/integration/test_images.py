# SPDX-License-Identifier: AGPL-3.0-or-later
"""Images through the real workers: found in their places, once, with their files; what is damaged
costs only itself."""

import hashlib
import json
import sys

import pytest

import daemon
import ebbproto
from daemon import seconds
from documents import CORPUS

sys.path.insert(0, str(ebbproto.SOURCE / "tests" / "bench"))

import catalogue  # needs the line above

PAGES = 20  # of two units of extract
PICTURES = PAGES * len(catalogue.PLACES)
NEAR_PT = 2.0
PEAK_AT_MOST = 150 << 20


def shown(ebbd, document):
    return json.loads(ebbd.query("show", document=document, format="images"))["images"]


def is_near(a, b):
    return all(abs(p - q) <= NEAR_PT for p, q in zip(a, b))


def files_of(ebbd, job):
    folder = ebbd.state / "jobs" / job["job_id"] / "images"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.pdf"
    catalogue.write(path, PAGES, PICTURES * 20000, "flate")
    return path


@pytest.fixture
def job(ebbd, made):
    job = ebbd.run(made, timeout=seconds(120))
    assert job["status"] == "completed", job["error"]
    assert job["pages_failed"] == []
    return job


def test_each_picture_is_found_once(ebbd, job):
    images = shown(ebbd, job["document_id"])
    content = [image for image in images if image["role"] == "content" and not image["repeated"]]
    places = {}
    for image in content:
        for place in image["placements"]:
            places.setdefault(place["page"], []).append(place)
    assert len(content) == PICTURES
    assert sorted(places) == list(range(1, PAGES + 1))
    for page, found in places.items():
        boxes = [(x, catalogue.PAGE[1] - y - catalogue.SHOWN[1], x + catalogue.SHOWN[0],
                  catalogue.PAGE[1] - y) for x, y in catalogue.PLACES]
        for box in boxes:
            assert sum(is_near(place["bbox"], box) for place in found) == 1, (page, found)
    assert all(image["caption"] for image in content)


def test_a_logo_is_no_content(ebbd, job):
    logos = [image for image in shown(ebbd, job["document_id"]) if image["repeated"]]
    assert [(logo["width_px"], logo["height_px"]) for logo in logos] == [(200, 80)]
    assert len(logos[0]["placements"]) == PAGES


def test_files_are_what_their_names_say(ebbd, job):
    files = files_of(ebbd, job)
    images = {image["file"].split("/")[1]: image for image in shown(ebbd, job["document_id"])}
    assert set(files) == set(images)
    for name, data in files.items():
        assert data.startswith(b"\x89PNG")
        assert hashlib.sha256(data).hexdigest()[:32] == name.split(".")[0]
        assert len(data) == images[name]["file_bytes"]
        width, height = (int.from_bytes(data[at:at + 4], "big") for at in (16, 20))
        assert (width, height) == (images[name]["width_px"], images[name]["height_px"])


def test_the_same_again(ebbd, made, job):
    again = ebbd.run(made, timeout=seconds(120))
    assert again["document_id"] == job["document_id"]
    assert files_of(ebbd, again) == files_of(ebbd, job)


@pytest.mark.skipif(daemon.sanitized(), reason="a sanitizer's memory is its own")
def test_memory_of_extract(ebbd, job):
    peaks = [receipt["peak_rss_bytes"] for receipt in ebbd.receipts(job["job_id"])
             if receipt["stage"] == "extract"]
    assert peaks and max(peaks) <= PEAK_AT_MOST


def test_a_damaged_image_costs_only_itself(ebbd, tmp_path):
    path = tmp_path / "damaged.pdf"
    samples = catalogue.texture(7, 64, 64)
    with open(path, "wb") as file:
        out = catalogue.Writer(file)
        out.object(1, b"<< /Type /Catalog /Pages 2 0 R >>")
        out.object(2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
        out.object(3, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
                   b"/Resources << /XObject << /Good 5 0 R /Bad 6 0 R /Huge 7 0 R >> >> >>")
        out.stream(4, b"", b"q 200 0 0 200 50 50 cm /Bad Do Q q 200 0 0 200 300 50 cm /Good Do Q "
                   b"q 200 0 0 200 50 300 cm /Huge Do Q")
        out.image(5, 64, 64, catalogue.zlib.compress(samples), True)
        out.image(6, 64, 64, b"\xff\xd8\xff no JPEG", False)
        out.image(7, 60000, 60000, catalogue.zlib.compress(bytes(100)), True)
        out.finish(8)
    job = ebbd.run(path, timeout=seconds(60), params={"ocr": "off"})
    assert job["status"] == "completed", job["error"]
    assert job["pages_failed"] == []
    page = json.loads(ebbd.query("show", document=job["document_id"], format="json"))["pages"][0]
    assert [image["role"] for image in page["image_placements"]] == ["unreadable", "content",
                                                                     "unreadable"]
    assert [warning.split(":")[0] for warning in page["warnings"]] == ["image 6", "image 7"]
    assert len(files_of(ebbd, job)) == 1


TRUTHS = sorted((CORPUS / "truth").glob("*.truth.json"))


@pytest.mark.skipif(not TRUTHS, reason=f"there is no corpus in {CORPUS}")
@pytest.mark.parametrize("truth", TRUTHS, ids=lambda path: path.name.split(".")[0])
def test_catalogues_of_the_corpus(ebbd, truth):
    told = json.loads(truth.read_text())
    job = ebbd.run(CORPUS / "pdf" / told["file"], timeout=seconds(60), params={"ocr": "off"})
    found = [(place["page"], place["bbox"])
             for image in shown(ebbd, job["document_id"])
             if image["role"] == "content" and not image["repeated"]
             for place in image["placements"]]
    wanted = 0
    for page in told["pages"]:
        for product in page["products"]:
            x0, y0, x1, y1 = product["image_bbox"]
            box = (x0, page["size"][1] - y1, x1, page["size"][1] - y0)
            hits = [place for place in found if place[0] == page["page"] and is_near(place[1], box)]
            assert len(hits) == 1, (page["page"], product["sku"], hits)
            wanted += 1
    assert len(found) == wanted  # and none of the decoration
