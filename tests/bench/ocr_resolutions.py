#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCR: accuracy and time over resolutions, for choosing them by data (workers/ocr/resolution.c).

ocr_resolutions.py [--build FOLDER] [--corpus FOLDER] [--dpi N,N,...] [--set NAME VALUE]...
                   [--file DOCUMENT TRUTH LANGUAGE]...

For each scanned document of the corpus that has a text truth of kind human or exact, and each named
with --file, a line with, for each resolution: the character error rate (Unicode NFKC, white space
folded) and the milliseconds that the engine took. The page is rendered at that resolution and read
as it is; "chosen" is what ebb-ocr does by itself (its own resolution, turned, enlarged). --set sets
a variable of Tesseract's in all of them, as thresholding_method 2.

Exit codes: 0; 2 usage; 77 when there is nothing to read.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import quality_ocr

ROOT = Path(__file__).resolve().parent.parent.parent
DPIS = (75, 100, 120, 150, 200, 250, 300, 400)


def read(options, document, language, how):
    """(text, milliseconds of the engine)"""
    sets = [part for pair in options.set for part in ("--set", *pair)]
    command = [options.build / "bench/bench_ocr", "--languages", language, *sets, *how]
    text = subprocess.run([*command, "--text", document], check=True, capture_output=True).stdout
    told = subprocess.run([*command, "--time", document], check=True, capture_output=True).stdout
    seconds = float(re.search(rb"engine_seconds=([\d.]+)", told).group(1))
    return text.decode().replace("\f", "\n"), 1000 * seconds


def figures(options, document, truth, language):
    text = Path(truth).read_text(errors="replace")
    ways = [(f"{dpi}", ["--as-drawn", "--dpi", str(dpi)]) for dpi in options.dpi]
    for name, how in [*ways, ("chosen", [])]:
        reading, ms = read(options, document, language, how)
        yield f"{name}: {quality_ocr.error_rate(text, reading):.4f}/{ms:.0f}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path,
                        default=Path(os.environ.get("EBB_BUILD", ROOT / "build")))
    parser.add_argument("--corpus", type=Path,
                        default=Path(os.environ.get("EBB_CORPUS", ROOT.parent / "shared/corpus")))
    parser.add_argument("--dpi", type=lambda text: [int(dpi) for dpi in text.split(",")],
                        default=DPIS)
    parser.add_argument("--set", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    parser.add_argument("--file", nargs=3, action="append", default=[],
                        metavar=("DOCUMENT", "TRUTH", "LANGUAGE"))
    return parser.parse_args()


def main():
    options = arguments()
    count = 0
    for document, truth, language in quality_ocr.documents(options):
        print(f"{document.name:34}", end="", flush=True)
        for figure in figures(options, document, truth, language):
            print(f"  {figure}", end="", flush=True)
        print()
        count += 1
    if not count:
        print("ocr_resolutions: nothing to read", file=sys.stderr)
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
