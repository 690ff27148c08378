# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages for poison.poisoned() that ask for more than a reader should give: they are to be read
within bounds, or refused, but never to crash, to spin or to take the memory of others."""

import random
import struct
import zlib

from poison import deflated_run

FLATE = "/Filter /FlateDecode"
GRAY = "/ColorSpace /DeviceGray /BitsPerComponent"


def content(data):
    """A page of packed content."""
    return lambda writer, _: writer.page(writer.stream(zlib.compress(data), FLATE))


def scan(data, entries):
    """A page that is one image."""

    def page(writer, _):
        image = writer.stream(data, f"/Type /XObject /Subtype /Image {entries}")
        return writer.page(writer.stream(b"595 0 0 842 0 0 cm /I Do"),
                           f"/XObject << /I {image} 0 R >>")

    return page


def lying_length(writer, _):
    """4 GiB of content in a stream that says it has ten bytes."""
    data = deflated_run(b" ", 4096)
    stream = writer.stream(data, FLATE)
    writer.objects[stream - 1] = writer.objects[stream - 1].replace(
        f"/Length {len(data)} ".encode(), b"/Length 10 ")
    return writer.page(stream)


def million_glyphs():
    lines = (f"1 0 0 1 20 {20 + line % 800} Tm ({'x' * 99}) Tj\n" for line in range(10500))
    return content(b"BT /F1 4 Tf " + "".join(lines).encode() + b"ET")


def images(writer, _):
    """5,000 different ones, of which one is shown 20,000 times more."""
    numbers = [
        writer.stream(bytes([each % 256, each // 256]) * 800,
                      f"/Type /XObject /Subtype /Image /Width 40 /Height 40 {GRAY} 8")
        for each in range(5000)
    ]
    shown = "".join(
        f"q 40 0 0 40 {each % 500} {each // 7} cm /I{each} Do Q " for each in range(5000))
    shown += "q 40 0 0 40 9 9 cm /I7 Do Q " * 20000
    names = " ".join(f"/I{each} {number} 0 R" for each, number in enumerate(numbers))
    return writer.page(writer.stream(zlib.compress(shown.encode()), FLATE),
                       f"/XObject << {names} >>")


def self_references(writer, _):
    """Resources, a form, a font, a colour, a function and a soft mask, each within itself."""
    first = len(writer.objects) + 1
    resources, form, font, space, state, function = range(first, first + 6)
    writer.add(f"<< /XObject << /X {form} 0 R >> /Font << /F1 3 0 R /F2 {font} 0 R >> "
               f"/ColorSpace << /C [/Indexed {space} 0 R 1 <00>] /D {space} 0 R >> "
               f"/ExtGState << /G {state} 0 R >> /Pattern {resources} 0 R >>".encode())
    writer.stream(b"/X Do BT /F2 9 Tf (x) Tj ET /C cs 0 sc /G gs",
                  "/Type /XObject /Subtype /Form /BBox [0 0 9 9] "
                  f"/Resources {resources} 0 R /Group {form} 0 R")
    writer.add(f"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding {form} 0 R "
               f"/DescendantFonts [{font} 0 R] /ToUnicode {form} 0 R >>".encode())
    writer.add(f"[/Separation /S {space} 0 R {function} 0 R]".encode())
    writer.add(f"<< /Type /ExtGState /SMask << /S /Luminosity /G {form} 0 R >> "
               f"/Font [{font} 0 R 9] >>".encode())
    writer.add(f"<< /FunctionType 3 /Domain [0 1] /Functions [{function} 0 R] /Bounds [] "
               "/Encode [0 1] >>".encode())
    assert len(writer.objects) == function
    contents = writer.stream(b"/G gs /X Do /C cs 1 sc /D cs 1 sc "
                             b"BT /F1 9 Tf 72 700 Td (After itself.) Tj /F2 9 Tf (x) Tj ET")
    return writer.add(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
                      f"/Contents {contents} 0 R /Resources {resources} 0 R >>".encode())


def broken_fonts(writer, _):
    """Font programs of each kind that are noise, and maps to Unicode that are too."""
    noise = random.Random(1)
    fonts = []
    for kind, key, entries, head in (
        ("TrueType", "FontFile2", "", b"\0\1\0\0\0\x10"),
        ("Type1", "FontFile", "", b"%!PS-AdobeFont"),
        ("Type1", "FontFile3", "/Subtype /Type1C", b"\1\0\4\4"),
        ("TrueType", "FontFile3", "/Subtype /OpenType", b"OTTO\0\x10"),
    ):
        program = writer.stream(head + noise.randbytes(3000), entries)
        descriptor = writer.add(
            f"<< /Type /FontDescriptor /FontName /B /Flags 4 /FontBBox [0 0 9 9] /ItalicAngle 0 "
            f"/Ascent 8 /Descent 2 /CapHeight 7 /StemV 8 /{key} {program} 0 R >>".encode())
        letters = writer.stream(b"begincmap 9999999 beginbfrange <00> <FF> [ <"
                                + noise.randbytes(500).hex().encode() + b"> ]")
        fonts.append(writer.add(
            f"<< /Type /Font /Subtype /{kind} /BaseFont /B /FirstChar 0 /LastChar 99999999 "
            f"/Widths [1] /FontDescriptor {descriptor} 0 R /ToUnicode {letters} 0 R >>".encode()))
    shown = " ".join(f"/B{each} 9 Tf (text) Tj" for each in range(len(fonts)))
    names = " ".join(f"/B{each} {font} 0 R" for each, font in enumerate(fonts))
    return writer.page(writer.stream(f"BT /F1 9 Tf 72 700 Td (Before the broken.) Tj {shown} ET"
                                     .encode()), f"/Font << /F1 3 0 R {names} >>")


def vast_text(writer, _):
    """A page of 100,000 points a side that has text."""
    return writer.page(writer.stream(b"BT /F1 4000 Tf 9000 50000 Td (A vast page.) Tj ET"),
                       box="0 0 100000 100000")


def _box(kind, data):
    return struct.pack(">I4s", len(data) + 8, kind) + data


def _jpx(side):
    """The headers of a JPEG 2000 image of so many pixels a side, and noise."""
    size = struct.pack(">HHIIIIIIIIH", 47, 0, side, side, 0, 0, side, side, 0, 0, 3) + b"\7\1\1" * 3
    header = _box(b"ihdr", struct.pack(">IIHBBBB", side, side, 3, 7, 7, 0, 0))
    header += _box(b"colr", b"\1\0\0\0\0\0\x10")
    return (_box(b"jP  ", b"\r\n\x87\n") + _box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
            + _box(b"jp2h", header)
            + struct.pack(">I4s", 0, b"jp2c") + b"\xff\x4f\xff\x51" + size
            + b"\xff\x52\0\x0c\0\0\0\1\1\5\4\4\0\1\xff\x5c\0\x13\x40" + bytes(16)
            + b"\xff\x90\0\x0a\0\0\0\0\0\0\0\1\xff\x93" + bytes(500) + b"\xff\xd9")


def _jbig2(side):
    """The header of a JBIG2 page of so many pixels a side, and a region that is none."""
    page = struct.pack(">IIIIBH", side, side, 0, 0, 0, 0)
    return (struct.pack(">IBBBI", 0, 0x30, 0, 1, len(page)) + page
            + struct.pack(">IBBBI", 1, 0x26, 0, 1, 40) + bytes(40))


def _rows(*rows):
    """A page of 300 dpi in black and white: rows of one byte's pattern, again and again."""
    return b"".join(bytes([rows[row % len(rows)]]) * 310 for row in range(3508))


PAGE_OF_BITS = f"/Width 2480 /Height 3508 {GRAY} 1"

# Read, with whatever is in them.
READ = {
    "nested arrays": content(b"[" * 3000000),
    "nested arrays of text": content(b"BT [" + b"[" * 1000000 + b"] TJ"),
    "nested dictionaries": content(b"/A " + b"<</B " * 2000000 + b"BDC"),
    "states never restored": content(b"q " * 3000000),
    "a million glyphs": million_glyphs(),
    "a million segments": content(
        b"0 0 m " + b"".join(b"%d %d l " % (k % 595, k * 7 % 842) for k in range(1000000)) + b"S"),
    "rectangles": content(
        b"".join(b"%d %d 5 0.5 re f " % (k % 595, k * 7 % 842) for k in range(300000))),
    "images": images,
    "self-references": self_references,
    "broken fonts": broken_fonts,
    "vast text": vast_text,
    "broken JPEG": scan(b"\xff\xd8\xff\xe0" + random.Random(7).randbytes(3000),
                        "/Width 1240 /Height 1754 /ColorSpace /DeviceRGB /BitsPerComponent 8 "
                        "/Filter /DCTDecode"),
    "noise": scan(random.Random(7).randbytes(310 * 3508), PAGE_OF_BITS),
    "halftone": scan(_rows(0x33, 0x33, 0xCC, 0xCC), PAGE_OF_BITS),
    "dots": scan(_rows(0x88, 0, 0, 0), PAGE_OF_BITS),
}

# Refused by extract.
TOO_MUCH_CONTENT = {"a Length that lies": lying_length}

# Refused by ocr: images that cannot be, or that are too large to be unpacked.
TOO_MUCH_IMAGE = {
    "CCITT of 60,000 pixels a side": scan(
        bytes(100), f"/Width 60000 /Height 60000 {GRAY} 1 /Filter /CCITTFaxDecode "
        "/DecodeParms << /K -1 /Columns 60000 /Rows 60000 >>"),
    "JBIG2 that says 50,000 and means two thousand million": scan(
        _jbig2(0x7FFFFFFF), f"/Width 50000 /Height 50000 {GRAY} 1 /Filter /JBIG2Decode"),
    "JPEG 2000 of 20,000 pixels a side": scan(
        _jpx(20000), "/Width 20000 /Height 20000 /Filter /JPXDecode"),
    "3.4 GiB of grey": scan(
        deflated_run(b"\xaa", 3500), f"/Width 60000 /Height 60000 {GRAY} 8 {FLATE}"),
    "30,000 bits a side": scan(
        deflated_run(b"\xff", 108), f"/Width 30000 /Height 30000 {GRAY} 1 {FLATE}"),
    "no pixels": scan(b"", f"/Width 0 /Height 0 {GRAY} 8"),
    "fewer than none": scan(b"", f"/Width -5 /Height 2147483647 {GRAY} 8"),
}
