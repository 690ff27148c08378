#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tables: how near ebb's come to what people and checked truths say of them.

quality_tables.py [--extract PROGRAM | --ebb PROGRAM --state FOLDER] [--corpus FOLDER] [--json]
                  [--diff] [--files NAME...]

For each document of the corpus with a truth of its tables:
  relations  F1 of the adjacency relations, as in the ICDAR 2013 table competition: of each cell
             with text, the nearest cell with text to its right and the one below it; a relation
             counts when both texts and the direction are right;
  cells      F1 of cells with text, where the text and all of first and last row and column must be
             right, counted from the table's first row and column;
  found      tables of the truth, those found, and those that are in no truth.
All of a document's tables count, on pages without a truth too: what is no table costs precision.
Texts are compared after Unicode NFKC, without white space. Truths are the competition's own
(*-str.xml, regions of one table on several pages each for itself), CSV, and tables in HTML or pipes
in a Markdown truth.

With --extract, PROGRAM is bench_extract: the transform alone, and its artifact is read. With --ebb,
each file goes through `ebb run` and `ebb show --json`. The figure that counts is the mean of the
relations over the competition's documents. The corpus is $EBB_CORPUS, else ../shared/corpus beside
the repository. Exit codes: 0; 1 when that mean is under 0.85; 2 usage; 77 when there is no corpus.
"""

import argparse
import collections
import csv
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
import xml.etree.ElementTree
from pathlib import Path

import msgpack

ROOT = Path(__file__).resolve().parent.parent.parent
WANTED = 0.85
TIMEOUT_S = 300
BLOCK_TABLE = 4  # PROTOCOL.md, "Page records"

Cell = collections.namedtuple("Cell", "row column last_row last_column text")
Table = collections.namedtuple("Table", "page cells")


def fold(text):
    return "".join(unicodedata.normalize("NFKC", text).split())


# --- truths ---

def competition_tables(path):
    for table in xml.etree.ElementTree.parse(path).getroot().iter("table"):
        for region in table.iter("region"):
            cells = []
            for cell in region.iter("cell"):
                row, column = int(cell.get("start-row")), int(cell.get("start-col"))
                cells.append(Cell(row, column, int(cell.get("end-row", row)),
                                  int(cell.get("end-col", column)),
                                  fold(cell.findtext("content", ""))))
            yield Table(int(region.get("page")), cells)


def csv_tables(path):
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    yield Table(1, [Cell(r, c, r, c, fold(text)) for r, row in enumerate(rows)
                    for c, text in enumerate(row)])


class HtmlTables(html.parser.HTMLParser):
    """Tables of HTML, each a list of cells."""

    def __init__(self):
        super().__init__()
        self.tables, self.taken, self.row, self.cell = [], set(), -1, None

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
            self.taken, self.row, self.cell = set(), -1, None
        elif tag == "tr":
            self.row += 1
        elif tag in ("td", "th") and self.tables:
            told = dict(attrs)
            self.cell = [int(told.get("rowspan") or 1), int(told.get("colspan") or 1), ""]
        elif tag == "br" and self.cell:
            self.cell[2] += " "

    def handle_data(self, data):
        if self.cell:
            self.cell[2] += data

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self.cell:
            rows, columns, text = self.cell
            column = 0
            while (self.row, column) in self.taken:
                column += 1
            self.taken |= {(self.row + r, column + c) for r in range(rows) for c in range(columns)}
            self.tables[-1].append(Cell(self.row, column, self.row + rows - 1,
                                        column + columns - 1, fold(text)))
            self.cell = None


def markdown_tables(path):
    text = path.read_text()
    parser = HtmlTables()
    parser.feed(text)
    for cells in parser.tables:
        yield Table(1, cells)
    for block in re.findall(r"(?:^\|.*\|[ \t]*\n)+", text, flags=re.M):
        rows = [line.strip().strip("|").split("|") for line in block.splitlines()
                if not re.fullmatch(r"[|:\- \t]+", line)]
        yield Table(1, [Cell(r, c, r, c, fold(re.sub(r"[*_`]|\[\d*\]", "", cell)))
                        for r, row in enumerate(rows) for c, cell in enumerate(row)])


def as_csv(tables):
    """The tables of a page as one CSV has them: one under the other, a cell at its first place."""
    cells, row = [], 0
    for table in tables:
        cells += [Cell(c.row + row, c.column, c.row + row, c.column, c.text) for c in table.cells]
        row += 1 + max((c.last_row for c in table.cells), default=-1)
    return [Table(1, cells)]


def truths(corpus):
    """(name, kind, tables) of each document that has a truth; kind: "competition", "csv", "html"."""
    folder = corpus / "truth"
    for path in sorted(folder.glob("*-str.xml")):
        yield path.name[:-len("-str.xml")], "competition", list(competition_tables(path))
    for path in sorted(folder.glob("*.csv")):
        yield path.stem, "csv", list(csv_tables(path))
    for name in ("untable", "edgar"):
        path = folder / f"{name}.md"
        tables = list(markdown_tables(path)) if path.exists() else []
        if tables:
            yield name, "html", tables


# --- ebb's ---

def read_artifact(path):
    """The page records of an artifact, in their order."""
    data = path.read_bytes()
    at, records = 0, []
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        records.append(msgpack.unpackb(data[at + 4:at + 4 + size], raw=False,
                                       unicode_errors="replace", strict_map_key=False))
        at += 4 + size
    return records[1:-1]


def extract_tables(program, path):
    with tempfile.TemporaryDirectory(prefix="ebb-tables-") as folder:
        artifact = Path(folder, "extract-00000001-00000001.ebb")
        subprocess.run([program, "--no-images", "--artifact", str(artifact), str(path)],
                       stdout=subprocess.DEVNULL, timeout=TIMEOUT_S, check=True)
        for record in read_artifact(artifact):
            for block in record[23]:
                content = block[9]
                if block[0] == BLOCK_TABLE and content:
                    yield Table(record[1], [
                        Cell(c[0], c[1], c[0] + c[2] - 1, c[1] + c[3] - 1, fold(c[9]))
                        for c in content[3]])


def ebb_tables(program, state, path):
    done = subprocess.run([program, "run", "--json", "--quiet", "--state", state, str(path)],
                          stdout=subprocess.PIPE, timeout=TIMEOUT_S, check=False)
    document = json.loads(done.stdout)["document_id"]
    done = subprocess.run([program, "show", "--json", "--state", state, document],
                          stdout=subprocess.PIPE, timeout=TIMEOUT_S, check=True)
    for page in json.loads(done.stdout)["pages"]:
        for block in page.get("blocks", ()):
            for cells in [block["table"]["cells"]] if block.get("table") else []:
                yield Table(page["number"], [
                    Cell(c["row"], c["column"], c["row"] + c.get("row_span", 1) - 1,
                         c["column"] + c.get("column_span", 1) - 1, fold(c["text"]))
                    for c in cells])


# --- figures ---

def relations(table):
    """The adjacency relations of a table, as a multiset."""
    places = {}
    for cell in table.cells:
        if cell.text:
            for row in range(cell.row, cell.last_row + 1):
                for column in range(cell.column, cell.last_column + 1):
                    places[row, column] = cell
    last_row = max((c.last_row for c in table.cells), default=0)
    last_column = max((c.last_column for c in table.cells), default=0)
    found = collections.Counter()
    for cell in table.cells:
        if not cell.text:
            continue
        right = {next((places[row, c] for c in range(cell.last_column + 1, last_column + 1)
                       if (row, c) in places), None)
                 for row in range(cell.row, cell.last_row + 1)}
        below = {next((places[r, column] for r in range(cell.last_row + 1, last_row + 1)
                       if (r, column) in places), None)
                 for column in range(cell.column, cell.last_column + 1)}
        found.update((cell.text, other.text, "right") for other in right if other)
        found.update((cell.text, other.text, "below") for other in below if other)
    return found


def placed_cells(table):
    """Cells with text, their places counted from the first."""
    filled = [c for c in table.cells if c.text]
    row = min((c.row for c in filled), default=0)
    column = min((c.column for c in filled), default=0)
    return collections.Counter((c.row - row, c.column - column, c.last_row - row,
                                c.last_column - column, c.text) for c in filled)


def f1(truth, ours):
    right = sum((truth & ours).values())
    wanted, given = sum(truth.values()), sum(ours.values())
    precision = right / given if given else 0.0
    recall = right / wanted if wanted else 0.0
    score = 2 * precision * recall / (precision + recall) if right else 0.0
    return score, precision, recall


def match(truth, ours):
    """Pairs of a truth's and our table on one page, those first that share most cells' texts; the
    second is None where none is left."""
    pairs = sorted(((sum((collections.Counter(c.text for c in t.cells if c.text)
                          & collections.Counter(c.text for c in o.cells if c.text)).values()), i, j)
                    for i, t in enumerate(truth) for j, o in enumerate(ours)
                    if t.page == o.page), reverse=True)
    taken_truth, taken_ours, result = set(), set(), []
    for shared, i, j in pairs:
        if shared and i not in taken_truth and j not in taken_ours:
            taken_truth.add(i)
            taken_ours.add(j)
            result.append((truth[i], ours[j]))
    result += [(t, None) for i, t in enumerate(truth) if i not in taken_truth]
    return result, len(ours) - len(taken_ours)


def measure(name, truth, ours):
    pairs, others = match(truth, ours)
    nothing = Table(0, [])
    wanted = sum((relations(t) for t in truth), collections.Counter())
    given = sum((relations(t) for t in ours), collections.Counter())
    placed_wanted, placed_given = collections.Counter(), collections.Counter()
    for number, (table, other) in enumerate(pairs):
        placed_wanted.update((number, *c) for c in placed_cells(table).elements())
        placed_given.update((number, *c) for c in placed_cells(other or nothing).elements())
    matched = {id(o) for _, o in pairs if o}
    for number, table in enumerate(t for t in ours if id(t) not in matched):
        placed_given.update((-1 - number, *c) for c in placed_cells(table).elements())
    score, precision, recall = f1(wanted, given)
    return {"file": f"{name}.pdf", "relations": score, "precision": precision, "recall": recall,
            "cells": f1(placed_wanted, placed_given)[0], "tables": len(truth),
            "found": sum(o is not None for _, o in pairs), "others": others,
            "missing": [list(r) for r in (wanted - given).elements()],
            "wrong": [list(r) for r in (given - wanted).elements()]}


def show(row):
    return (f"{row['file']:24} relations {row['relations']:.3f} (precision {row['precision']:.3f}, "
            f"recall {row['recall']:.3f})  cells {row['cells']:.3f}  tables {row['tables']}, "
            f"found {row['found']}, in no truth {row['others']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    build = Path(os.environ.get("EBB_BUILD", ROOT / "build"))
    parser.add_argument("--extract", default=str(build / "bench/bench_extract"))
    parser.add_argument("--ebb")
    parser.add_argument("--state")
    parser.add_argument("--corpus", type=Path,
                        default=Path(os.environ.get("EBB_CORPUS", ROOT.parent / "shared/corpus")))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--diff", action="store_true", help="print what is missing and wrong")
    parser.add_argument("--files", nargs="+")
    options = parser.parse_args()
    if options.ebb and not options.state:
        parser.error("--ebb needs --state")
    if not (options.corpus / "truth").is_dir():
        print(f"quality_tables.py: no corpus at {options.corpus}", file=sys.stderr)
        return 77
    rows = []
    for name, kind, truth in truths(options.corpus):
        path = options.corpus / "pdf" / f"{name}.pdf"
        if not path.exists() or (options.files and name not in options.files
                                 and path.name not in options.files):
            continue
        ours = list(ebb_tables(options.ebb, options.state, path) if options.ebb
                    else extract_tables(options.extract, path))
        if kind == "csv":
            ours = as_csv([t for t in ours if t.page == 1])
        row = measure(name, truth, ours)
        row["kind"] = kind
        rows.append(row)
        if not options.json:
            print(show(row))
            for fault in ("missing", "wrong") if options.diff else ():
                for relation in row[fault]:
                    print(f"    {fault:8} {relation}")
    counted = [r for r in rows if r["kind"] == "competition"]
    mean = sum(r["relations"] for r in counted) / len(counted) if counted else None
    mean_cells = sum(r["cells"] for r in counted) / len(counted) if counted else None
    if options.json:
        json.dump({"documents": rows, "relations": mean, "cells": mean_cells}, sys.stdout, indent=1)
        print()
    elif counted:
        print(f"mean of the competition's  relations {mean:.3f}  cells {mean_cells:.3f}  "
              f"(wanted: relations {WANTED})")
    return 1 if mean is not None and mean < WANTED else 0


if __name__ == "__main__":
    sys.exit(main())
