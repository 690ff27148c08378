#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Images: whether each picture of a catalogue is found, in its place, once, and nothing else.

quality_images.py [--ebb PROGRAM] [--corpus FOLDER] [--json] [PDF TRUTH]...
quality_images.py --memory [--pages N] [--bytes N] [--kind jpeg|flate|mixed] [FILE]

Each catalogue of the corpus that has a truth (*.truth.json: products with the boxes of their
pictures, origin at the bottom left), or each given, goes through `ebb run --out --formats json`.
Counted, for each: pictures found with all sides of their box within 2 points; those found more than
once; images that ebb takes for content and that the truth does not have (repeated ones, such as a
logo on every page, are furniture and no error); files that are missing, or are not what their name
says. `pixels` compares the size in pixels with the truth's.

--memory makes a catalogue (catalogue.py: 200 pages, 70 MB), or takes FILE, and prints what the
stages of its job needed, from their receipts.

The corpus is $EBB_CORPUS, else ../shared/corpus beside the repository. Exit codes: 0; 1 when a
picture is missing, found twice or too much, or extract's peak is over 150 MiB; 2 usage; 77 when
there is no corpus.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import catalogue

ROOT = Path(__file__).resolve().parent.parent.parent
NEAR_PT = 2.0
TIMEOUT_S = 900
PEAK_AT_MOST = 150 << 20


def run(command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n"
                 f"{done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


def told_boxes(told):
    """(page, box with its origin at the top left, pixels, product) of each picture of the truth."""
    for page in told["pages"]:
        height = page["size"][1]
        for product in page["products"]:
            x0, y0, x1, y1 = product["image_bbox"]
            yield (page["page"], (x0, height - y1, x1, height - y0), tuple(product["image_px"]),
                   product["sku"])


def is_near(a, b):
    return all(abs(p - q) <= NEAR_PT for p, q in zip(a, b))


def found_images(document):
    for page in document["pages"]:
        for image in page.get("image_placements", []):
            if image["role"] == "content" and not image.get("repeated"):
                yield page["number"], image


def wrong_files(out, document):
    """Files of content that are not there, or not named by what they hold."""
    wrong = 0
    for _, image in found_images(document):
        path = out / image["file"]
        name = path.name.split(".")[0]
        wrong += not path.is_file() or \
            hashlib.sha256(path.read_bytes()).hexdigest()[:len(name)] != name
    return wrong


def measure(ebb, pdf, truth, folder):
    out = folder / f"out-{pdf.stem}"
    run([ebb, "run", "--quiet", "--ocr", "off", "--state", folder / f"state-{pdf.stem}", "--out",
         out, "--formats", "json,images", pdf])
    document = json.loads(next(out.rglob("document.json")).read_text())
    images = list(found_images(document))
    used, row = set(), dict(file=pdf.name, told=0, found=0, twice=0, pixels=0)
    for page, box, pixels, _ in told_boxes(json.loads(truth.read_text())):
        hits = [i for i, (number, image) in enumerate(images)
                if number == page and is_near(image["bbox"], box)]
        used.update(hits)
        row["told"] += 1
        row["found"] += len(hits) > 0
        row["twice"] += len(hits) > 1
        row["pixels"] += any((images[i][1]["width_px"], images[i][1]["height_px"]) == pixels
                             for i in hits)
    row["too_much"] = len(images) - len(used)
    row["wrong_files"] = wrong_files(out, document)
    return row


def rows_to_measure(options):
    if options.rest:
        pairs = list(zip(options.rest[::2], options.rest[1::2]))
        return [(Path(pdf), Path(truth)) for pdf, truth in pairs]
    if not options.corpus.is_dir():
        sys.exit(77)
    return [(options.corpus / "pdf" / (path.name.split(".truth")[0] + ".pdf"), path)
            for path in sorted((options.corpus / "truth").glob("*.truth.json"))]


def quality(options, folder):
    rows = [measure(options.ebb, pdf, truth, folder) for pdf, truth in rows_to_measure(options)]
    if options.json:
        print(json.dumps(rows))
    else:
        print(f"{'catalogue':34} {'told':>5} {'found':>6} {'twice':>6} {'too much':>9} {'pixels':>7} "
              f"{'wrong files':>12}")
        for row in rows:
            print(f"{row['file']:34} {row['told']:5} {row['found']:6} {row['twice']:6} "
                  f"{row['too_much']:9} {row['pixels']:7} {row['wrong_files']:12}")
    return any(row["found"] < row["told"] or row["twice"] or row["too_much"] or row["wrong_files"]
               for row in rows)


def memory(options, folder):
    path = Path(options.rest[0]) if options.rest else folder / "catalogue.pdf"
    if not options.rest:
        catalogue.write(path, options.pages, options.bytes, options.kind)
    answer = json.loads(run([options.ebb, "run", "--quiet", "--json", "--ocr", "off", "--state",
                             folder / "state", path]))
    job = answer["jobs"][0] if "jobs" in answer else answer
    peak = 0
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {job['pages']} pages")
    for stage in job["stages"]:
        if not stage["peak_rss_bytes"]:
            continue
        print(f"  {stage['stage']:10} {stage['workers']:2} workers  {stage['wall_ms']:7} ms  "
              f"peak {stage['peak_rss_bytes'] / (1 << 20):6.1f} MiB")
        if stage["stage"] == "extract":
            peak = stage["peak_rss_bytes"]
    return peak == 0 or peak > PEAK_AT_MOST


def main():
    parser = argparse.ArgumentParser(prog="quality_images.py", description=__doc__.splitlines()[0])
    parser.add_argument("--ebb", type=Path, default=ROOT / "build/bin/ebb")
    parser.add_argument("--corpus", type=Path, default=Path(
        os.environ.get("EBB_CORPUS", ROOT.parent / "shared/corpus")))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--bytes", type=int, default=70 << 20)
    parser.add_argument("--kind", choices=["jpeg", "flate", "mixed"],
                        default="mixed" if catalogue.Image else "flate")
    parser.add_argument("rest", nargs="*", metavar="FILE")
    options = parser.parse_args()
    if not options.memory and len(options.rest) % 2:
        parser.error("each PDF needs its truth")
    with tempfile.TemporaryDirectory(prefix="ebb-images-") as folder:
        wrong = (memory if options.memory else quality)(options, Path(folder))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
