#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading order and Markdown: how near ebb's come to what the documents' truths say.

quality_markdown.py [--ebb PROGRAM] [--corpus FOLDER] [--state FOLDER] [--files NAME...] [--all]
                    [--diff] [--json]

Each document of the corpus that has a truth of its text goes through one `ebb run`; then, for each,
the normalised edit similarity (1 - Levenshtein distance / length of the longer) of
  text      the truth and `ebb show --markdown`, both without markup: what is said, in order;
  plain     the truth and `ebb show --text`;
  markup    the truth and the Markdown as they are: headings, lists and tables count;
  mutool    the truth and `mutool draw -F text`, beside which ebb's stand.
Both sides are folded first: Unicode NFKC, one kind of quote and dash, white space as one space,
dots that lead to a page number or a cell as none. Where the truth leaves a document's tables out
(or makes no table of what ebb takes for one), the "text" figure is of ebb's text without tables.

A truth is exact or by people or checked ("truth"), or another tool's output ("tool"): the latter is
printed for comparing and counts for nothing. Where a truth is a table in the main, its cells are
another program's matter (quality_tables.py), and its text is printed as "table". Scanned documents
are read by OCR: they are shown with --all only, as quality_ocr.py measures them.

The corpus is $EBB_CORPUS, else ../shared/corpus beside the repository. Exit codes: 0; 1 when a truth
that is text has less than 0.90; 2 usage; 77 when there is no corpus.
"""

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WANTED = 0.90
TIMEOUT_S = 900
TABLE_SHARE = 0.5  # of a truth's words that stand in table cells: it is a table


# --- truths ---

def corpus_rows(corpus):
    """(file, class, password, truth's file, its kind), of each truth that says what a text is."""
    for line in (corpus / "README.md").read_text().splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if len(cells) != 6 or not cells[0].endswith(".pdf"):
            continue
        for name, kind in re.findall(r"(\S+) \((\S+?): [^)]*\)", cells[4]):
            if name.endswith((".md", ".txt", ".truth.json")):
                password = cells[5] if cells[2] == "encrypted" else ""
                yield cells[0], cells[2], password, corpus / "truth" / name, kind


def catalogue_text(told):
    """What the pages of a generated catalogue say, product by product."""
    pages = []
    for page in told["pages"]:
        lines = [page["header"]]
        for product in page["products"]:
            lines += [product["name"],
                      f"{product['sku']} {product['dim']} {product['finish']}",
                      f"€ {product['price']} / m²", product["desc"]]
        pages.append("\n\n".join(line for line in lines if line))
    return "\n\n".join(pages)


def read_truth(path):
    if path.name.endswith(".truth.json"):
        return catalogue_text(json.loads(path.read_text()))
    return re.sub(r"\A---\n.*?\n---\n", "", path.read_text(), flags=re.S)


def is_table(truth):
    """Whether most of the truth's words stand in cells."""
    html = re.findall(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", truth, flags=re.S)
    rows = re.findall(r"^\s*\|.*\|\s*$", truth, flags=re.M)
    cells = len(" ".join(html + rows).split())
    return cells > TABLE_SHARE * len(without_markup(truth).split())


# --- folding ---

MARKUP = (
    (r"<!--.*?-->", " "),
    (r"<(style|script)\b.*?</\1>", " "),
    (r"</?(?:sup|sub|b|i|em|strong|u|span|code|a)\b[^>]*>", ""),
    (r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>", " "),
    (r"!\[[^\]\n]*\]\([^)\n]*\)", " "),          # an image: its caption is text of its own
    (r"\[([^\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)", r"\1"),
    (r"\[\^([^\]\n]+)\]:?", r"\1"),              # a footnote's mark
    (r"^\s*```.*$", " "),
    (r"^\s*\|?\s*:?-{1,}:?\s*(?:\|\s*:?-{1,}:?\s*)+\|?\s*$", " "),  # under a table's header
    (r"^\s{0,3}#{1,6}\s+", ""),
    (r"^\s*>\s?", ""),
    (r"^\s*[-*+]\s+", ""),
    (r"^\s{0,3}(?:[-*_]\s*){3,}$", " "),
    (r"\*\*|__", ""),
    (r"(?<![\w\\])[*_](?=\S)|(?<=[^\s\\])[*_](?!\w)", ""),
    (r"`+", ""),
    (r"(?<!\\)\|", " "),
    (r"\\([!-/:-@\[-`{-~])", r"\1"),
    (r"\\$", " "),
)
BULLETS = "•◦▪▫■□●○‣⁃∙·–"
ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&quot;": '"'}
ALIKE = str.maketrans({"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-",
                       "—": "-", "‐": "-", "‑": "-", "−": "-", "\xad": "", "…": "..."})


TABLES = re.compile(r"^[ \t]*\|.*\|[ \t]*$|<table\b(?:.|\n)*?</table>", re.M)


def without_markup(text):
    for pattern, replacement in MARKUP:
        text = re.sub(pattern, replacement, text, flags=re.M | re.S if "<!--" in pattern else re.M)
    text = re.sub(rf"^\s*[{BULLETS}]\s+", "", text, flags=re.M)
    for entity, character in ENTITIES.items():
        text = text.replace(entity, character)
    return text


def fold(text):
    text = unicodedata.normalize("NFKC", text.translate(ALIKE)).translate(ALIKE)
    return " ".join(re.sub(r"(?:\s?\.){5,}|(?<=\s)\.\.\.(?=\s)", " ", text).split())


def distance(a, b):
    """Levenshtein's, a column of the matrix at a time as bits of one number.

    Source: Myers, "A fast bit-vector algorithm for approximate string matching", 1999, as
    Hyyrö gave it for whole strings, 2003.
    """
    if not a or not b:
        return len(a) or len(b)
    masks = {}
    for i, character in enumerate(a):
        masks[character] = masks.get(character, 0) | 1 << i
    full, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    plus, minus, score = full, 0, len(a)
    for character in b:
        match = masks.get(character, 0)
        diagonal = ((((match & plus) + plus) ^ plus) | match | minus) & full
        up = minus | (full & ~(diagonal | plus))
        down = plus & diagonal
        score += 1 if up & last else -1 if down & last else 0
        up = (up << 1 | 1) & full
        down = (down << 1) & full
        plus = down | (full & ~(diagonal | up))
        minus = up & diagonal
    return score


def similarity(ours, truth):
    longer = max(len(ours), len(truth))
    return 1 - distance(ours, truth) / longer if longer else 1.0


# --- what ebb says ---

def run(command, codes=(0,)):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False)
    if done.returncode not in codes:
        raise RuntimeError(f"{command[0]} {command[1]}: exit {done.returncode}: "
                           f"{done.stderr.decode('utf-8', 'replace').strip()}")
    return done.stdout.decode("utf-8", "replace")


def run_ebb(ebb, state, names, corpus):
    """{file name: document}, of those that could be read; one daemon for all."""
    paths = [corpus / "pdf" / name for name in names]
    out = run([ebb, "run", "--json", "--quiet", "--state", state, *paths], codes=(0, 1, 4))
    jobs = [json.loads(line) for line in out.splitlines()]  # one object for each file
    return {job["name"]: job["document_id"] for job in jobs if job.get("status") == "completed"}


def measure(options, state, row, document):
    name, kind, password, truth_path, truth_kind = row
    truth = read_truth(truth_path)
    markdown = run([options.ebb, "show", "--markdown", "--state", state, document])
    plain = run([options.ebb, "show", "--text", "--state", state, document])
    secret = ["-p", password] if password else []
    mutool = run(["mutool", "draw", "-q", "-F", "text", *secret, options.corpus / "pdf" / name])
    wanted = fold(without_markup(truth))
    tables = TABLES.search(truth)
    said = fold(without_markup(markdown if tables else TABLES.sub(" ", markdown)))
    told = {"file": name, "class": kind, "truth": "tool" if truth_kind.startswith("tool") else
            "table" if is_table(truth) else "truth",
            "text": similarity(said, wanted),
            "plain": similarity(fold(without_markup(plain)), wanted),
            "markup": similarity(fold(re.sub(r"<!--.*?-->", "", markdown, flags=re.S)),
                                 fold(truth)),
            "mutool": similarity(fold(without_markup(mutool)), wanted), "chars": len(wanted)}
    return told, said, wanted


def show_diff(ours, truth):
    a, b = ours.split(), truth.split()
    for tag, a0, a1, b0, b1 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            print(f"    {' '.join(a[max(0, a0 - 2):a0])} [ours: {' '.join(a[a0:a1])[:300]}]"
                  f" [truth: {' '.join(b[b0:b1])[:300]}]")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ebb", default=ROOT / "build/bin/ebb")
    parser.add_argument("--corpus", type=Path,
                        default=Path(os.environ.get("EBB_CORPUS", ROOT.parent / "shared/corpus")))
    parser.add_argument("--state", help="keep the state there")
    parser.add_argument("--files", nargs="+")
    parser.add_argument("--all", action="store_true", help="the scanned documents too")
    parser.add_argument("--diff", action="store_true", help="show the words that differ")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.corpus / "README.md").exists():
        print(f"quality_markdown: no corpus at {options.corpus}", file=sys.stderr)
        return 77
    rows = [row for row in corpus_rows(options.corpus)
            if (row[0] in options.files if options.files else options.all or row[1] != "scanned")]
    told = []
    with tempfile.TemporaryDirectory(prefix="ebb-quality-") as folder:
        state = options.state or f"{folder}/state"
        documents = run_ebb(options.ebb, state, sorted({row[0] for row in rows}), options.corpus)
        for row in rows:
            if row[0] not in documents:
                told.append({"file": row[0], "problem": "could not be read"})
                continue
            figures, said, wanted = measure(options, state, row, documents[row[0]])
            told.append(figures)
            if not options.json:
                print(f"{figures['file'][:46]:46} {figures['truth']:6}"
                      + "".join(f" {key} {figures[key]:.3f}"
                                for key in ("text", "plain", "markup", "mutool")), flush=True)
            if options.diff:
                show_diff(said, wanted)
    counted = [t for t in told if t.get("truth") == "truth"]
    unread = [t["file"] for t in told if "problem" in t]
    mean = sum(t["text"] for t in counted) / len(counted) if counted else None
    least = min((t["text"] for t in counted), default=None)
    if options.json:
        print(json.dumps({"files": told, "mean_text": mean, "least_text": least}, indent=1))
    elif counted:
        print(f"text of {len(counted)} truths that are text: mean {mean:.3f}, least {least:.3f}")
    for name in unread:
        print(f"quality_markdown: {name}: could not be read", file=sys.stderr)
    return 1 if unread or (least is not None and least < WANTED) else 0


if __name__ == "__main__":
    sys.exit(main())
