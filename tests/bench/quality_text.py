#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much of a document's text ebb finds, and whether it is in reading order.

quality_text.py [--extract PROGRAM | --ebb PROGRAM --state FOLDER] [--corpus FOLDER] [--json]
                [--files NAME...]

For each PDF of CORPUS/pdf:
  held     the share of the characters of `mutool draw -F text` (Unicode NFKC, white space removed,
           as a multiset) that ebb's text holds too;
  order    for files with a Markdown truth, the similarity (0 to 1) of ebb's sequence of words and
           the truth's, and mutool's beside it.
The mean of held over the born-digital files is the figure that counts. The corpus's README.md
says which those are, and the passwords. With --extract, PROGRAM is bench_extract: the transform
alone. With --ebb, each file goes through `ebb run` and `ebb show --text`.

The corpus is $EBB_CORPUS, else ../shared/corpus beside the repository. Exit codes: 0; 1 when the
mean is under 0.995; 2 usage; 77 when there is no corpus.
"""

import argparse
import collections
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
WANTED_MEAN = 0.995
TIMEOUT_S = 120


def corpus_table(corpus):
    """{file name: (class, password)} from the corpus's README."""
    table = {}
    for line in (corpus / "README.md").read_text().splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if len(cells) == 6 and cells[0].endswith(".pdf"):
            table[cells[0]] = (cells[2], cells[5])
    return table


def run(command, timeout=TIMEOUT_S):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def mutool_text(path, password):
    options = ["-p", password] if password else []
    _, out, _ = run(["mutool", "draw", "-q", "-F", "text", *options, str(path)])
    return out.decode("utf-8", "replace")


def extract_text(program, path, password):
    options = ["--password", password] if password else []
    code, out, err = run([program, "--text", *options, str(path)])
    return (None, err.strip()) if code else (out.decode("utf-8", "replace"), "")


def ebb_text(program, state, path, password):
    with tempfile.NamedTemporaryFile("w", prefix="ebb-quality-") as secret:
        secret.write(password)
        secret.flush()
        options = ["--password-file", secret.name] if password else []
        code, out, err = run([program, "run", "--json", "--quiet", "--state", state, *options,
                              str(path)])
    result = json.loads(out) if out.strip() else {}
    if code not in (0, 4):
        error = result.get("error") or {}
        return None, f"{error.get('code', '')}: {error.get('text', err.strip())}"
    document = result["document_id"]
    code, out, err = run([program, "show", "--text", "--state", state, document])
    return (None, err.strip()) if code else (out.decode("utf-8", "replace"), "")


def characters(text):
    folded = unicodedata.normalize("NFKC", text)
    return collections.Counter(c for c in folded if not c.isspace() and c != "\x00")


def held(ours, theirs):
    wanted, found = characters(theirs), characters(ours)
    total = sum(wanted.values())
    if total == 0:
        return None
    return sum(min(n, found[c]) for c, n in wanted.items()) / total


def words(text):
    """Words of a text or Markdown, without markup."""
    text = re.sub(r"<!--.*?-->|!\[[^\]]*\]\([^)]*\)|</?\w+[^>]*>", " ", text, flags=re.S)
    text = re.sub(r"[|#*_`\\]|-{3,}", " ", text)
    text = unicodedata.normalize("NFKC", text).lower()
    return re.findall(r"\w+", text)


def similarity(ours, truth):
    return difflib.SequenceMatcher(None, words(ours), words(truth), autojunk=False).ratio()


def measure(options, name, kind, password, corpus):
    path = corpus / "pdf" / name
    row = {"file": name, "class": kind}
    if options.ebb:
        ours, problem = ebb_text(options.ebb, options.state, path, password)
    else:
        ours, problem = extract_text(options.extract, path, password)
    if ours is None:
        row["problem"] = problem.splitlines()[-1] if problem else "failed"
        return row
    theirs = mutool_text(path, password)
    row["chars"] = sum(characters(theirs).values())
    row["ours"] = sum(characters(ours).values())
    row["held"] = held(ours, theirs)
    truth = corpus / "truth" / (path.stem + ".md")
    if truth.exists():
        text = truth.read_text()
        row["order"] = similarity(ours, text)
        row["order_mutool"] = similarity(theirs, text)
    return row


def show(row):
    if "problem" in row:
        return f"{row['file'][:48]:48} {row['class']:12} {row['problem']}"
    share = "      -" if row["held"] is None else f"{100 * row['held']:6.2f}%"
    order = ""
    if "order" in row:
        order = f"  order {row['order']:.3f} (mutool {row['order_mutool']:.3f})"
    return (f"{row['file'][:48]:48} {row['class']:12} {row['chars']:8} {row['ours']:8} "
            f"{share}{order}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--extract", default=str(ROOT / "build/bench/bench_extract"))
    parser.add_argument("--ebb")
    parser.add_argument("--state")
    parser.add_argument("--corpus", type=Path,
                        default=Path(os.environ.get("EBB_CORPUS", ROOT.parent / "shared/corpus")))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--files", nargs="+")
    options = parser.parse_args()
    if options.ebb and not options.state:
        parser.error("--ebb needs --state")
    if not (options.corpus / "README.md").exists():
        print(f"quality_text: no corpus at {options.corpus}", file=sys.stderr)
        return 77
    rows = []
    for name, (kind, note) in sorted(corpus_table(options.corpus).items()):
        if options.files and name not in options.files:
            continue
        row = measure(options, name, kind, note if kind == "encrypted" else "", options.corpus)
        rows.append(row)
        if not options.json:
            print(show(row), flush=True)
    shares = [r["held"] for r in rows if r["class"] == "born-digital" and r.get("held") is not None]
    mean = sum(shares) / len(shares) if shares else 0.0
    if options.json:
        print(json.dumps({"files": rows, "mean_held": mean}, indent=1))
    else:
        print(f"mean over {len(shares)} born-digital files: {100 * mean:.3f}%")
    return 0 if mean >= WANTED_MEAN or options.files else 1


if __name__ == "__main__":
    sys.exit(main())
