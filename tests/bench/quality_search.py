#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""How well a library of the corpus answers questions: by words, by vectors, and by both.

quality_search.py [--ebb PROGRAM] [--corpus FOLDER] [--questions FILE] [--state FOLDER]
                  [--misses COUNT] [--json]

All documents of CORPUS/pdf go into one library by `ebb run`; then each question of QUESTIONS is
asked of the whole library in each mode. A result is right when its document and its page, or one
of its pages, are those of the question, or those of a copy of it; only the first right one counts.
  recall@10  the share of questions with a right result among the first ten;
  nDCG@10    1 / log2(1 + its place), 0 where it is not among them;
  MRR        1 / its place, at any place among the first fifty.
With --state, the library in FOLDER is asked when there is one, and kept when there was none.
--misses shows the questions that hybrid answers worst.

The corpus is $EBB_CORPUS, else ../shared/corpus beside the repository. Exit codes: 0; 1 when
hybrid is below the better of the two in recall@10 or nDCG@10; 2 usage, or a document of a question
is not in the library; 77 when there is no corpus.
"""

import argparse
import collections
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MODES = ("text", "vector", "hybrid")
FIRST = 10
DEEP = 50
RUN_TIMEOUT_S = 3600
SCORES = ("recall@10", "nDCG@10", "MRR")


def fill(ebb, state, corpus):
    """Documents that are broken on purpose fail; those that are asked about may not."""
    done = subprocess.run([ebb, "run", "--json", "--quiet", "--state", state, corpus / "pdf"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          timeout=RUN_TIMEOUT_S)
    if done.returncode not in (0, 1, 4) or not done.stdout:
        raise SystemExit(f"quality_search: ebb run ended with {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_documents(ebbd, questions):
    listed = json.loads(ebbd.query("documents", limit=1000))
    names = {row["name"] for row in listed["documents"]}
    missing = {question["document"] for question in questions} - names
    if missing:
        print(f"quality_search: not in the library: {', '.join(sorted(missing))}", file=sys.stderr)
        sys.exit(2)
    return listed["total"]


def answering(question, copies):
    """{document: pages} that answer it."""
    pages = {question["document"]: set(question["pages"])}
    for copy in copies:
        if copy["of"] == question["document"]:
            pages[copy["document"]] = {
                page - copy["first_page"] + 1
                for page in question["pages"] if page >= copy["first_page"]
            }
    return pages


def is_right(result, wanted):
    first = result.get("first_page") or result["page"]
    last = result.get("last_page") or result["page"]
    return any(first <= page <= last for page in wanted.get(result["document"], ()))


def place_of(results, wanted):
    """From 1; None when no result is right."""
    for place, result in enumerate(results, 1):
        if is_right(result, wanted):
            return place
    return None


def ask(ebbd, question, mode, wanted):
    answer = json.loads(ebbd.query("search", q=question["question"], k=DEEP, mode=mode))
    if answer.get("warnings"):
        raise SystemExit(f"quality_search: {question['question']}: {answer['warnings']}")
    return place_of(answer["results"], wanted), answer["results"]


def scores(places):
    """The means over places."""
    near = [place if place and place <= FIRST else None for place in places]
    count = len(places)
    return {
        "recall@10": sum(place is not None for place in near) / count,
        "nDCG@10": sum(1 / math.log2(1 + place) for place in near if place) / count,
        "MRR": sum(1 / place for place in places if place) / count,
    }


def by_kind(questions, places):
    groups = collections.defaultdict(list)
    for question, place in zip(questions, places):
        groups[question["kind"]].append(place)
    return {kind: scores(group) for kind, group in sorted(groups.items())}


def print_table(questions, places):
    kinds = collections.Counter(question["kind"] for question in questions)
    width = max(map(len, kinds)) + 6
    print(f"{'':{width}}" + "".join(f"{score:>27}" for score in SCORES))
    print(f"{'':{width}}" + "".join(f"{mode:>9}" for _ in SCORES for mode in MODES))
    rows = {f"{kind} ({count})": {mode: by_kind(questions, places[mode])[kind] for mode in MODES}
            for kind, count in sorted(kinds.items())}
    rows[f"all ({len(questions)})"] = {mode: scores(places[mode]) for mode in MODES}
    for name, row in rows.items():
        cells = "".join(f"{row[mode][score]:9.3f}" for score in SCORES for mode in MODES)
        print(f"{name:{width}}{cells}")


def print_misses(questions, places, found, count):
    worst = sorted(range(len(questions)), key=lambda i: -(places["hybrid"][i] or DEEP + 1))
    for index in worst[:count]:
        question = questions[index]
        print(f"{question['question']}\n    {question['kind']}: {question['document']} "
              f"{question['pages']}; places "
              + ", ".join(f"{mode} {places[mode][index] or '-'}" for mode in MODES))
        for result in found[index][:3]:
            print(f"      {result['document']} {result['page']}: "
                  f"{' '.join(result['snippet'].split())[:90]}")


def measure(options, ebbd):
    told = json.loads(options.questions.read_text())
    questions, places, found = told["questions"], {mode: [] for mode in MODES}, []
    total = check_documents(ebbd, questions)
    for question in questions:
        wanted = answering(question, told["copies"])
        for mode in MODES:
            place, results = ask(ebbd, question, mode, wanted)
            places[mode].append(place)
        found.append(results)
    means = {mode: scores(places[mode]) for mode in MODES}
    if options.json:
        print(json.dumps({"documents": total, "questions": len(questions), "scores": means,
                          "kinds": {mode: by_kind(questions, places[mode]) for mode in MODES},
                          "places": places}, indent=1))
    else:
        print(f"{len(questions)} questions over {len({q['document'] for q in questions})} of "
              f"{total} documents")
        print_table(questions, places)
        print_misses(questions, places, found, options.misses)
    return all(means["hybrid"][score] >= max(means[mode][score] for mode in ("text", "vector"))
               for score in ("recall@10", "nDCG@10"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ebb", type=Path, default=ROOT / "build" / "bin" / "ebb")
    parser.add_argument("--corpus", type=Path,
                        default=Path(os.environ.get("EBB_CORPUS", ROOT.parent / "shared/corpus")))
    parser.add_argument("--questions", type=Path,
                        default=ROOT / "tests" / "data" / "questions.json")
    parser.add_argument("--state", type=Path)
    parser.add_argument("--misses", type=int, default=0, metavar="COUNT")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.corpus / "README.md").exists():
        print(f"quality_search: no corpus at {options.corpus}", file=sys.stderr)
        return 77
    os.environ["EBB_BUILD"] = str(options.ebb.resolve().parent.parent)
    sys.path.insert(0, str(ROOT / "tests" / "integration"))
    import daemon  # pylint: disable=import-outside-toplevel  # reads EBB_BUILD

    with tempfile.TemporaryDirectory(prefix="ebb-quality-") as folder:
        ebbd = daemon.Ebbd(folder=folder)
        ebbd.state = options.state or ebbd.state
        if not (ebbd.state / "state.db").exists():
            fill(options.ebb, ebbd.state, options.corpus)
        ebbd.start()
        try:
            holds = measure(options, ebbd)
        finally:
            ebbd.end()
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
