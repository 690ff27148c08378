# SPDX-License-Identifier: AGPL-3.0-or-later
"""Documents of many formats, made here: pictures of text, books, pages of vectors."""

import io
import struct
import zipfile
import zlib

from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def picture(lines, dpi=150, mode="L", width_in=8.27, height_in=5.0):
    """A picture of a page with these lines of text in letters of 14 pt."""
    image = Image.new("L", (round(width_in * dpi), round(height_in * dpi)), 255)
    font = ImageFont.truetype(FONT, round(14 * dpi / 72))
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((0.8 * dpi, (0.7 + 0.35 * number) * dpi), line, 0, font)
    return image.convert(mode)


def saved(image, kind, dpi=150, **options):
    """Its bytes as a file; dpi None: it says nothing of its resolution."""
    out = io.BytesIO()
    if dpi is not None:
        options["dpi"] = (dpi, dpi)
    image.save(out, kind, **options)
    return out.getvalue()


def tiff(images, compression, dpi=150):
    out = io.BytesIO()
    images[0].save(out, "TIFF", compression=compression, dpi=(dpi, dpi), save_all=True,
                   append_images=images[1:])
    return out.getvalue()


def comic(pages, more=()):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in [*pages, *more]:
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>"""


def epub(chapters, title="A book", author="Its author", more=()):
    """chapters: (heading, HTML of its body)."""
    items = "".join(
        f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    refs = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    points = "".join(
        f'<navPoint id="n{n}" playOrder="{n + 1}"><navLabel><text>{heading}</text></navLabel>'
        f'<content src="c{n}.xhtml"/></navPoint>'
        for n, (heading, _) in enumerate(chapters)
    )
    files = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": '<?xml version="1.0"?><package version="2.0" '
        'xmlns="http://www.idpf.org/2007/opf"><metadata '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title>'
        f"<dc:creator>{author}</dc:creator></metadata><manifest>"
        f'<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>{items}</manifest>'
        f'<spine toc="ncx">{refs}</spine></package>',
        "OEBPS/toc.ncx": '<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" '
        f'version="2005-1"><navMap>{points}</navMap></ncx>',
    }
    for number, (heading, body) in enumerate(chapters):
        files[f"OEBPS/c{number}.xhtml"] = (
            '<?xml version="1.0" encoding="utf-8"?>'
            '<html xmlns="http://www.w3.org/1999/xhtml">'
            f"<head><title>{heading}</title></head><body><h1>{heading}</h1>{body}</body></html>"
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        for name, text in [*files.items(), *more]:
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def fiction_book(title, paragraphs):
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"><description><title-info>'
        f"<book-title>{title}</book-title></title-info></description>"
        f"<body><section><title><p>{title}</p></title>{body}</section></body></FictionBook>"
    ).encode()


XPS_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="fdseq" '
    'ContentType="application/vnd.ms-package.xps-fixeddocumentsequence+xml"/>'
    '<Default Extension="fdoc" ContentType="application/vnd.ms-package.xps-fixeddocument+xml"/>'
    '<Default Extension="fpage" ContentType="application/vnd.ms-package.xps-fixedpage+xml"/>'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="ttf" ContentType="application/vnd.ms-opentype"/></Types>'
)
XPS = 'xmlns="http://schemas.microsoft.com/xps/2005/06"'


def xps(pages):
    """pages: texts. Sizes are in 1/96 inch there."""
    contents = "".join(f'<PageContent Source="Pages/{n + 1}.fpage"/>' for n in range(len(pages)))
    files = {
        "[Content_Types].xml": XPS_TYPES,
        "_rels/.rels": '<Relationships '
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="R" '
        'Type="http://schemas.microsoft.com/xps/2005/06/fixedrepresentation" '
        'Target="/FixedDocSeq.fdseq"/></Relationships>',
        "FixedDocSeq.fdseq": f"<FixedDocumentSequence {XPS}>"
        '<DocumentReference Source="/Documents/1/FixedDoc.fdoc"/></FixedDocumentSequence>',
        "Documents/1/FixedDoc.fdoc": f"<FixedDocument {XPS}>{contents}</FixedDocument>",
    }
    for number, text in enumerate(pages):
        files[f"Documents/1/Pages/{number + 1}.fpage"] = (
            f'<FixedPage {XPS} Width="816" Height="1056" xml:lang="en">'
            f'<Glyphs FontUri="/Resources/font.ttf" FontRenderingEmSize="20" Fill="#FF000000" '
            f'OriginX="96" OriginY="120" UnicodeString="{text}"/></FixedPage>'
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
        with open(FONT, "rb") as font:
            archive.writestr(zipfile.ZipInfo("Resources/font.ttf"), font.read())
    return out.getvalue()


def png_that_lies(width, height):
    """A PNG whose header claims these pixels and whose data are a few."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b""))
