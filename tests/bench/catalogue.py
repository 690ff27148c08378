#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes a catalogue of products: many pages, many images, as large as is wanted.

catalogue.py [--pages N] [--bytes N] [--kind jpeg|flate|mixed] OUT.pdf

Each page has four pictures with a name and a text under each, and the same logo at its top. Pictures
are textures that differ from each other and do not compress well: JPEGs where python3-pil is
installed, else (and with `flate`) 8-bit RGB behind Flate; as many pixels as --bytes needs. `mixed`
makes every fourth picture Flate with a soft mask. The same arguments give the same file.
"""

import argparse
import io
import random
import sys
import zlib

try:
    from PIL import Image
except ImportError:
    Image = None

PAGE = (595, 842)
PLACES = [(44, 470), (307, 470), (44, 120), (307, 120)]
SHOWN = (244, 240)
MASKED = 3  # of the places, where pictures are mixed
QUALITY = 88
NAMES = ["Atlas", "Riva", "Nordic", "Solar", "Vega", "Costa", "Monte", "Alba"]
KINDS = ["Oak", "Slate", "Cork", "Linen", "Ash", "Onyx", "Basalt", "Walnut"]


def texture(seed, width, height):
    """RGB samples: coarse blotches of a colour, and noise over them."""
    rng = random.Random(seed)
    colour = [rng.randrange(60, 200) for _ in range(3)]
    coarse = [[rng.randrange(-40, 41) for _ in range(8)] for _ in range(8)]
    tables = {(level, step): bytes(max(0, min(255, level + step + b % 32 - 16)) for b in range(256))
              for level in colour for line in coarse for step in line}
    noise = rng.randbytes(width + 4096)
    rows = bytearray(width * height * 3)
    for y in range(height):
        offset = rng.randrange(4096)
        for x in range(8):
            left, right = x * width // 8, (x + 1) * width // 8
            grain = noise[offset + left:offset + right]
            for c in range(3):
                rows[(y * width + left) * 3 + c:(y * width + right) * 3:3] = grain.translate(
                    tables[colour[c], coarse[y * 8 // height][x]])
    return bytes(rows)


def jpeg(samples, width, height):
    out = io.BytesIO()
    Image.frombytes("RGB", (width, height), samples).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def disc(width, height):
    """A soft mask: opaque within an ellipse."""
    rows = []
    for y in range(height):
        v = (2 * y / height - 1) ** 2
        rows.append(bytes(255 if (2 * x / width - 1) ** 2 + v < 1 else 0 for x in range(width)))
    return b"".join(rows)


class Writer:
    """Objects of a PDF, one after the other."""

    def __init__(self, file):
        self.file = file
        self.offsets = {}
        self.size = 0
        self.put(b"%PDF-1.5\n")

    def put(self, data):
        self.file.write(data)
        self.size += len(data)

    def object(self, number, body):
        self.offsets[number] = self.size
        self.put(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def stream(self, number, entries, data):
        self.object(number, b"<< %s /Length %d >>\nstream\n%s\nendstream" %
                    (entries, len(data), data))

    def image(self, number, width, height, data, flate, mask=None):
        self.stream(number, b"/Type /XObject /Subtype /Image /Width %d /Height %d "
                    b"/ColorSpace /Device%s /BitsPerComponent 8 /Filter /%s%s" %
                    (width, height, b"RGB" if mask != "gray" else b"Gray",
                     b"FlateDecode" if flate else b"DCTDecode",
                     b" /SMask %d 0 R" % mask if isinstance(mask, int) else b""), data)

    def finish(self, count):
        start = self.size
        self.put(b"xref\n0 %d\n0000000000 65535 f \n" % count)
        for number in range(1, count):
            self.put(b"%010d 00000 n \n" % self.offsets[number])
        self.put(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, start))


def page_content(page, names):
    lines = ["q 60 0 0 24 40 792 cm /Logo Do Q",
             f"BT /F 11 Tf 120 800 Td (Collection, page {page}) Tj ET"]
    for i, (x, y) in enumerate(PLACES):
        lines.append(f"q {SHOWN[0]} 0 0 {SHOWN[1]} {x} {y} cm /I{i} Do Q")
        lines.append(f"BT /F 9 Tf {x} {y - 12} Td ({names[i]}) Tj "
                     f"/F 7 Tf 0 -11 Td (A surface suited to floors and walls in wet rooms.) Tj ET")
    return "\n".join(lines).encode()


def packed(kind, place, samples, width, height):
    """A picture's data, and whether it is behind Flate."""
    if kind == "flate" or (kind == "mixed" and place == MASKED):
        return zlib.compress(samples, 1), True
    return jpeg(samples, width, height), False


def picture_size(kind, each_bytes):
    """Pixels of pictures that take so many bytes in the mean."""
    side = 256
    sample = texture("size", side, side)
    taken = sum(len(packed(kind, place, sample, side, side)[0]) for place in range(len(PLACES)))
    pixels = each_bytes * side * side * len(PLACES) / taken
    width = max(64, int((pixels * SHOWN[0] / SHOWN[1]) ** 0.5))
    return width, max(64, int(width * SHOWN[1] / SHOWN[0]))


def write(path, pages, total_bytes, kind):
    """Returns the bytes of the file."""
    if kind != "flate" and Image is None:
        sys.exit("catalogue.py: python3-pil is not installed: --kind flate does without")
    width, height = picture_size(kind, total_bytes / (pages * len(PLACES)))
    with open(path, "wb") as file:
        out = Writer(file)
        out.object(1, b"<< /Type /Catalog /Pages 2 0 R >>")
        out.object(3, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
        out.image(4, 200, 80, zlib.compress(texture("logo", 200, 80)), True)
        number, kids = 5, []
        for page in range(1, pages + 1):
            first, names = number, []
            for i in range(len(PLACES)):
                seed = page * 10 + i
                names.append(f"{NAMES[seed % 8]} {KINDS[seed // 8 % 8]} {seed}")
                samples = texture(seed, width, height)
                flate = kind == "flate" or (kind == "mixed" and i == 3)
                mask = first + len(PLACES) if kind == "mixed" and i == 3 else None
                out.image(first + i, width, height, zlib.compress(samples, 1) if flate else
                          jpeg(samples, width, height), flate, mask)
            number = first + len(PLACES)
            if kind == "mixed":
                out.image(number, width, height, zlib.compress(disc(width, height)), True, "gray")
                number += 1
            out.stream(number, b"", page_content(page, names))
            images = b" ".join(b"/I%d %d 0 R" % (i, first + i) for i in range(len(PLACES)))
            out.object(number + 1, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents "
                       b"%d 0 R /Resources << /Font << /F 3 0 R >> /XObject << /Logo 4 0 R %s >> "
                       b">> >>" % (*PAGE, number, images))
            kids.append(b"%d 0 R" % (number + 1))
            number += 2
        out.object(2, b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), pages))
        out.finish(number)
        return out.size


def main():
    parser = argparse.ArgumentParser(prog="catalogue.py", description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--bytes", type=int, default=70 << 20)
    parser.add_argument("--kind", choices=["jpeg", "flate", "mixed"],
                        default="mixed" if Image else "flate")
    options = parser.parse_args()
    print(write(options.out, options.pages, options.bytes, options.kind), "bytes")


if __name__ == "__main__":
    main()
