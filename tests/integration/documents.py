# SPDX-License-Identifier: AGPL-3.0-or-later
"""PDFs made here: plain, valid, the same bytes each time."""

import os
import pathlib

import ebbproto

CORPUS = pathlib.Path(
    os.environ.get("EBB_CORPUS", ebbproto.SOURCE.parent / "shared" / "corpus")
)


def _page_stream(title, number, lines):
    text = [f"({title}, page {number}) Tj"]
    text += [
        f"0 -14 Td (Line {line} of page {number}: the quick brown fox, {line * number}.) Tj"
        for line in range(1, lines + 1)
    ]
    return ("BT /F1 10 Tf 72 770 Td\n" + "\n".join(text) + "\nET").encode()


def pdf(pages, title="A document for tests", lines=40):
    """A PDF with text on each page."""
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for page in range(pages):
        stream = _page_stream(title, page + 1, lines)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * page} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    out += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(out)
