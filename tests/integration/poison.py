# SPDX-License-Identifier: AGPL-3.0-or-later
"""PDFs with pages that harm who reads them: each kind does to a parser what it says, out of few
bytes. The other pages are plain ones."""

import zlib

MIB = 1 << 20


def deflated_run(byte, mebibytes):
    """zlib data of so many MiB of one byte, made without ever holding them: a block that stands
    alone, again and again. Its checksum is wrong, which readers get over."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(byte * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\xda" + block * mebibytes + b"\x03\x00" + b"\0\0\0\0"


class Writer:
    """Objects of a PDF, numbered as they come."""

    def __init__(self):
        self.objects = [b"<< /Type /Catalog /Pages 2 0 R >>", None,
                        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]

    def add(self, body):
        self.objects.append(body)
        return len(self.objects)

    def stream(self, data, entries=""):
        head = f"<< /Length {len(data)} {entries} >>".encode()
        return self.add(head + b"\nstream\n" + data + b"\nendstream")

    def page(self, contents, resources="/Font << /F1 3 0 R >>", box="0 0 595 842"):
        return self.add(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents {contents} 0 R "
            f"/Resources << {resources} >> >>".encode())

    def finish(self, pages):
        kids = " ".join(f"{page} 0 R" for page in pages)
        self.objects[1] = f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode()
        out = bytearray(b"%PDF-1.4\n")
        places = []
        for number, body in enumerate(self.objects, 1):
            places.append(len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        table = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(self.objects) + 1)
        out += b"".join(b"%010d 00000 n \n" % place for place in places)
        out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(self.objects) + 1)
        out += b"startxref\n%d\n%%%%EOF\n" % table
        return bytes(out)


def plain(writer, number):
    text = f"BT /F1 10 Tf 72 770 Td (Page {number} is a plain page.) Tj ET"
    return writer.page(writer.stream(text.encode()))


def crash(writer, _):
    """A colour computed by a function of four million nested braces: mupdf calls itself for each,
    until its stack is used up."""
    function = writer.stream(
        zlib.compress(b"{" * 4000000, 9),
        "/FunctionType 4 /Domain [0 1] /Range [0 1 0 1 0 1] /Filter /FlateDecode")
    return writer.page(writer.stream(b"/C cs 0.5 scn BT /F1 10 Tf 72 770 Td (!) Tj ET"),
                       "/Font << /F1 3 0 R >> "
                       f"/ColorSpace << /C [/Separation /Spot /DeviceRGB {function} 0 R] >>")


def spin(writer, _):
    """Forms that show forms that show forms: some ten thousand million operators."""
    inner = writer.stream(zlib.compress(b"1 0 0 1 0 0 cm " * 200000),
                          "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Filter /FlateDecode")
    for _ in range(2):
        inner = writer.stream(b"/X Do " * 250,
                              "/Type /XObject /Subtype /Form /BBox [0 0 9 9] "
                              f"/Resources << /XObject << /X {inner} 0 R >> >>")
    return writer.page(writer.stream(b"/X Do"), f"/XObject << /X {inner} 0 R >>")


def memory(writer, _):
    """An array of ten million dictionaries, for each of which a parser keeps some 300 bytes."""
    content = zlib.compress(b"[" + b"<<>>" * 10000000 + b"]", 9)
    return writer.page(writer.stream(content, "/Filter /FlateDecode"))


def bomb(writer, _):
    """Content of 64 GiB, packed twice into a few kilobytes."""
    return writer.page(writer.stream(zlib.compress(deflated_run(b" ", 65536), 9),
                                     "/Filter [/FlateDecode /FlateDecode]"))


def huge(writer, _):
    """A scan on a page of 100,000 points a side: nothing to see at any resolution that fits."""
    image = writer.stream(zlib.compress(bytes(64) * 64),
                          "/Type /XObject /Subtype /Image /Width 64 /Height 64 "
                          "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode")
    return writer.page(writer.stream(b"100000 0 0 100000 0 0 cm /I Do"),
                       f"/XObject << /I {image} 0 R >>", "0 0 100000 100000")


def poisoned(pages, kinds):
    """A document of so many pages; kinds: page number to one of the functions above."""
    writer = Writer()
    return writer.finish([kinds.get(number, plain)(writer, number)
                          for number in range(1, pages + 1)])
