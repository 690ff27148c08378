# SPDX-License-Identifier: AGPL-3.0-or-later
"""Documents that only OCR can read."""

import io

import formats

WORDS = "ebb and flow of the tide measured at the old pier since eighteen ninety four".split()


def scan(pages, dpi=150, height_in=3.0):
    """A PDF of pictures of text, another one on each page."""
    images = []
    for page in range(pages):
        lines = [" ".join(WORDS[(page + line) % 14 :] + [str(page)]) for line in range(4)]
        images.append(formats.picture(lines, dpi, height_in=height_in))
    out = io.BytesIO()
    images[0].save(out, "PDF", resolution=dpi, save_all=True, append_images=images[1:])
    return out.getvalue()
