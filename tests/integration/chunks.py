# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bodies and chunks as they lie in a job's folder, and what must hold for them."""

import struct

import msgpack

KINDS = ("text", "heading", "list_item", "code", "table", "image", "caption", "footnote")


def records(path, kind):
    """The records of an artifact, without the first and the last."""
    data, found, offset = path.read_bytes(), [], 0
    while offset < len(data):
        (size,) = struct.unpack_from(">I", data, offset)
        found.append(msgpack.unpackb(data[offset + 4:offset + 4 + size]))
        offset += 4 + size
    assert found[0][2] == kind, found[0]
    assert found[-1][1] == len(found) - 2
    return found[1:-1]


def body(folder):
    """[{kind, level, joint, text}, ...]"""
    rows = records(folder / "structure-00000001-00000001.ebb", "body")
    return [{"kind": KINDS[row[2]], "level": row[3], "table": row[4], "joint": row[6],
             "text": row[7], "pages": [piece[1] for piece in row[8]]}
            for row in rows if row[1] == 0]


def chunks(folder):
    """[{ordinal, level, ...}, ...]; of a document without text, which nobody cuts, none."""
    path = folder / "chunk-00000001-00000001.ebb"
    if not body(folder):
        assert not path.exists()
        return []
    names = ("ordinal", "level", "parent", "kind", "first_page", "last_page", "headings", "joint",
             "overlap_bytes", "text", "table", "boxes", "sha256", "duplicate_of", "length_quality",
             "boundary_quality", "completeness_quality")
    return [dict(zip(names, row[1:]))
            for row in records(path, "chunks")]


def joined(rows):
    """The text that chunks of one level give when the overlap is left out."""
    return "".join(row["joint"] + row["text"].encode()[row["overlap_bytes"]:].decode()
                   for row in rows)



def check_sections(blocks, rows):
    """No heading within a chunk that is not below the nearest above its start."""
    starts, at = [], 0
    for block in blocks:
        at += len(block["joint"])
        starts.append((at, block))
        at += len(block["text"])
    at, first = 0, 0
    for row in rows:
        at += len(row["joint"])
        own = len(row["text"].encode()[row["overlap_bytes"]:].decode())
        while first < len(starts) and starts[first][0] < at:
            first += 1
        inside = []
        while first < len(starts) and starts[first][0] < at + own:
            inside.append(starts[first])
            first += 1
        leading = 0
        while leading < len(inside) and inside[leading][1]["kind"] == "heading" and (
                leading > 0 or inside[0][0] == at):
            leading += 1
        levels = [level for level, _ in row["headings"]]
        assert levels == sorted(set(levels))
        nearest = levels[-1] if levels else 0
        for _, block in inside[leading:]:
            assert block["kind"] != "heading" or nearest and block["level"] > nearest, row
        at += own


def check(folder, sizes=(1024,), overlap=128):
    """All that docs/chunks.md promises of any document. sizes: by level. Returns level 0."""
    blocks, rows = body(folder), chunks(folder)
    text = "".join(block["joint"] + block["text"] for block in blocks)
    pages = {page for block in blocks for page in block["pages"]}
    assert [row["ordinal"] for row in rows] == list(range(1, len(rows) + 1))
    for level, size in enumerate(sizes):
        own = [row for row in rows if row["level"] == level]
        assert joined(own) == text.rstrip()
        check_sections(blocks, own)
        for row in own:
            assert len(row["text"]) <= size and row["text"] == row["text"].strip() != ""
            assert len(row["text"].encode()[:row["overlap_bytes"]].decode()) <= overlap
            assert row["boxes"][0][0] == 0 and {box[1] for box in row["boxes"]} <= pages
            assert min(box[1] for box in row["boxes"]) == row["first_page"]
            assert max(box[1] for box in row["boxes"]) == row["last_page"]
            assert (row["parent"] > 0) == (level + 1 < len(sizes))
            if row["parent"]:
                assert row["text"] in rows[row["parent"] - 1]["text"]
    return [row for row in rows if row["level"] == 0]
