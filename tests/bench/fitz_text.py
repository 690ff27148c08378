#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""PyMuPDF's text of a document, as a Python service would take it.

fitz_text.py text|dict FILE [OUT]: text is plain text; dict is spans with fonts and boxes, what ebb
keeps. Writes pages ended by form feeds to OUT. Prints {pages, chars, peak_rss_bytes}.
"""

import json
import pathlib
import re
import sys

import fitz


def plain(page):
    return page.get_text("text")


def spans(page):
    blocks = page.get_text("dict", flags=fitz.TEXTFLAGS_TEXT)["blocks"]
    lines = (line for block in blocks for line in block.get("lines", ()))
    return "\n".join("".join(span["text"] for span in line["spans"]) for line in lines)


def main():
    read = {"text": plain, "dict": spans}[sys.argv[1]]
    document = fitz.open(sys.argv[2])
    texts = [read(page) for page in document]
    if len(sys.argv) > 3:
        pathlib.Path(sys.argv[3]).write_text("\f".join(texts) + "\f", errors="replace")
    status = pathlib.Path("/proc/self/status").read_text()
    print(json.dumps({
        "pages": len(texts),
        "chars": sum(map(len, texts)),
        "peak_rss_bytes": int(re.search(r"VmHWM:\s*(\d+)", status)[1]) * 1024,
    }))


if __name__ == "__main__":
    main()
