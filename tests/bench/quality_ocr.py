#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCR: how far ebb's reading of scanned documents, ocrmypdf's and plain Tesseract's are from what
people or the generators of the documents say stands there.

quality_ocr.py [--ebb PROGRAM] [--corpus FOLDER] [--only PROGRAM] [--json]
               [--file DOCUMENT TRUTH LANGUAGE]...

The character error rate of each document: the Levenshtein distance between truth and reading over
the truth's length, both folded (Unicode NFKC, white space as one space).
  ebb        the text of `ebb show --text` after `ebb run --ocr force`
  ocrmypdf   the sidecar of `ocrmypdf --force-ocr`
  tesseract  each page rendered at 300 dpi in grey by pdftoppm, read by `tesseract`
Documents: the corpus's scanned ones with a text truth of kind human or exact, and those named with
--file. A program that is not installed is left out, and said to be.

Exit codes: 0; 1 when ebb is worse than another on some document by more than a character in a
thousand, or on average at all; 2 usage; 77 when there is nothing to read.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

from quality_markdown import corpus_rows, distance

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_S = 900
TIE = 0.001  # a difference that is chance
DPI = 300
# Languages by the tag that the names of generated scans carry.
TAGS = {"deu": "deu", "fra": "fra", "spa": "spa", "ita": "ita", "eng": "eng"}


def fold(text):
    return " ".join(unicodedata.normalize("NFKC", text).split())


def error_rate(truth, reading):
    truth, reading = fold(truth), fold(reading)
    return distance(truth, reading) / max(1, len(truth))


def run(command, **how):
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    return subprocess.run([str(part) for part in command], capture_output=True, check=True,
                          timeout=TIMEOUT_S, env=environment, **how)


def with_ebb(options, document, language, folder):
    state = ["--state", f"{folder}/state"]
    done = run([options.ebb, "run", "--json", "--ocr", "force", "-l", language, *state, document])
    job = json.loads(done.stdout)["job_id"]
    return run([options.ebb, "show", "--text", *state, job]).stdout.decode()


def with_ocrmypdf(_, document, language, folder):
    run(["ocrmypdf", "-q", "--force-ocr", "-l", language, "--sidecar", f"{folder}/text", document,
         f"{folder}/out.pdf"])
    return Path(folder, "text").read_text()


def with_tesseract(_, document, language, folder):
    run(["pdftoppm", "-r", DPI, "-gray", document, f"{folder}/page"])
    pages = sorted(Path(folder).glob("page-*.pgm"))
    return "\n".join(
        run(["tesseract", page, "-", "-l", language, "--dpi", DPI]).stdout.decode()
        for page in pages)


READERS = {"ebb": with_ebb, "ocrmypdf": with_ocrmypdf, "tesseract": with_tesseract}


def language_of(name):
    parts = name.replace(".", "-").split("-")
    return next((TAGS[part] for part in parts if part in TAGS), "eng")


def documents(options):
    """(document, its truth, language)"""
    if options.corpus and (options.corpus / "README.md").exists():
        for name, kind_of_file, _, truth, kind in corpus_rows(options.corpus):
            if kind_of_file == "scanned" and kind in ("human", "exact"):
                yield options.corpus / "pdf" / name, truth, language_of(name)
    for document, truth, language in options.file:
        yield Path(document), Path(truth), language


def measure(options, readers, document, truth, language):
    row = {"file": document.name, "language": language}
    text = truth.read_text(errors="replace")
    for name in readers:
        with tempfile.TemporaryDirectory(prefix="ebb-quality-") as folder:
            begun = time.monotonic()
            reading = READERS[name](options, document, language, folder)
            row[f"{name}_s"] = time.monotonic() - begun
        row[name] = error_rate(text, reading)
    return row


def show(row, readers):
    figures = "  ".join(f"{name} {row[name]:.4f} ({row[f'{name}_s']:5.2f} s)" for name in readers)
    print(f"{row['file']:34} {row['language']:8} {figures}", flush=True)


def judge(rows, readers):
    """Whether ebb holds what is asked of it; says where it does not."""
    well = True
    others = [name for name in readers if name != "ebb"]
    means = {name: statistics.mean(row[name] for row in rows) for name in readers}
    print("mean character error rate: " +
          ", ".join(f"{name} {mean:.4f}" for name, mean in means.items()))
    for name in others if "ebb" in readers else ():
        worse = [row["file"] for row in rows if row["ebb"] > row[name] + TIE]
        if worse:
            print(f"ebb is worse than {name} on {', '.join(worse)}")
        well &= not worse and means["ebb"] <= means[name]
    return well


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ebb", default=ROOT / "build" / "bin" / "ebb", type=Path)
    parser.add_argument("--corpus", type=Path,
                        default=Path(os.environ.get("EBB_CORPUS", ROOT.parent / "shared/corpus")))
    parser.add_argument("--only", action="append", choices=READERS, help="of these programs alone")
    parser.add_argument("--file", nargs=3, action="append", default=[],
                        metavar=("DOCUMENT", "TRUTH", "LANGUAGE"))
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


def main():
    options = arguments()
    needed = {"ebb": [options.ebb], "ocrmypdf": ["ocrmypdf"], "tesseract": ["tesseract", "pdftoppm"]}
    readers = []
    for name in options.only or READERS:
        missing = [str(program) for program in needed[name] if not shutil.which(program)]
        if missing:
            print(f"quality_ocr: without {name}: {', '.join(missing)} not found", file=sys.stderr)
        else:
            readers.append(name)
    found = list(documents(options))
    if not found or not readers:
        print("quality_ocr: nothing to read, or nothing to read it with", file=sys.stderr)
        return 77
    rows = []
    for document, truth, language in found:
        rows.append(measure(options, readers, document, truth, language))
        if not options.json:
            show(rows[-1], readers)
    if options.json:
        print(json.dumps({"files": rows, "readers": readers}))
        return 0
    return 0 if judge(rows, readers) else 1


if __name__ == "__main__":
    sys.exit(main())
