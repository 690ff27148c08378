# SPDX-License-Identifier: AGPL-3.0-or-later
"""PDFs that are worth searching: headings, paragraphs and pictures, the same bytes each time."""

import io
import textwrap

from PIL import Image, ImageDraw

TOP, LEFT, WIDTH = 780, 72, 84  # points, points, characters a line
LEADING = {"heading": 30, "text": 13}


def heading(text):
    return ("heading", text)


def text(words):
    return ("text", words)


def picture(image):
    """A PIL image, shown 200 points wide."""
    return ("picture", image)


def drawing(colour, shapes, size=(400, 300)):
    """A picture to look for: shapes of [x0, y0, x1, y1] in shares of its size on a light ground."""
    image = Image.new("RGB", size, (240, 240, 235))
    draw = ImageDraw.Draw(image)
    for number, box in enumerate(shapes):
        corners = [box[0] * size[0], box[1] * size[1], box[2] * size[0], box[3] * size[1]]
        (draw.ellipse if number % 2 else draw.rectangle)(corners, fill=colour, outline=(20, 20, 20))
    return image


def jpeg(image, quality=90):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _escape(line):
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _page(items):
    """The content stream and the pictures of a page."""
    stream, pictures, y = [], [], TOP
    for kind, what in items:
        if kind == "picture":
            height = 200 * what.height // what.width
            y -= height + 20
            stream.append(f"q 200 0 0 {height} {LEFT} {y} cm /I{len(pictures)} Do Q")
            pictures.append(what)
            continue
        size = 18 if kind == "heading" else 10
        for line in textwrap.wrap(what, WIDTH if kind == "text" else 50):
            y -= LEADING[kind]
            stream.append(f"BT /F{1 if kind == 'heading' else 2} {size} Tf {LEFT} {y} Td "
                          f"({_escape(line)}) Tj ET")
        y -= 12
    assert y > 40, "too much for a page"
    return "\n".join(stream).encode("cp1252"), pictures


def _image_object(image):
    data = jpeg(image)
    return (f"<< /Type /XObject /Subtype /Image /Width {image.width} /Height {image.height} "
            f"/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /Length {len(data)} >>\n"
            "stream\n").encode() + data + b"\nendstream"


def book(pages):
    """A PDF of pages, each a list of heading(), text() and picture()."""
    fonts = ["<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
             "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", *(font.encode() for font in fonts)]
    kids = []
    for items in pages:
        stream, pictures = _page(items)
        names = []
        for number, image in enumerate(pictures):
            objects.append(_image_object(image))
            names.append(f"/I{number} {len(objects)} 0 R")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects)} 0 R "
            f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> /XObject << {' '.join(names)} >> >> >>"
            .encode())
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    out += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(out)
