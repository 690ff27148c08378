# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long a search takes in a library of many chunks, what it takes of memory, and what adding a
document costs when there are few chunks and when there are many."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import daemon
import machine
from figures import Section, percentile

MODES = ("text", "vector", "hybrid")
MEDIAN_AT_MOST_MS = 300
P99_AT_MOST_MS = 1000
ANONYMOUS_AT_MOST = 64 << 20
GROWTH_AT_MOST = 1.5
QUESTIONS = 300
WARM_UP = 20
FILL_TIMEOUT_S = 7200


def _fill(options, state, questions):
    program = options.build / "bench" / "bench_library"
    done = subprocess.run([program, state, str(options.chunks), questions], check=False, text=True,
                          capture_output=True, timeout=FILL_TIMEOUT_S)
    if done.returncode != 0:
        raise machine.Failed(f"bench_library: {done.stderr.strip()}")
    return json.loads(done.stdout)


def _memory(pid):
    """(anonymous bytes, bytes of files) that a process has in memory."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return tuple(1024 * int(re.search(rf"^{key}:\s+(\d+)", status, re.M)[1])
                 for key in ("RssAnon", "RssFile"))


def _ask(ebbd, question, mode):
    start = time.perf_counter()
    answer = json.loads(ebbd.query("search", q=question, mode=mode, k=10))
    elapsed_ms = 1000 * (time.perf_counter() - start)
    if mode != "text" and answer["model"] is None:
        raise machine.Failed(f"no vectors were compared: {answer['warnings']}")
    return elapsed_ms, answer["total_ms"], len(answer["results"])


def _searches(section, ebbd, questions):
    for mode in MODES:
        for question in questions[:WARM_UP]:
            _ask(ebbd, question, mode)
        before_s = machine.tree_cpu_s(ebbd.pid)
        rows = [_ask(ebbd, question, mode) for question in questions[WARM_UP:]]
        cpu_ms = 1000 * (machine.tree_cpu_s(ebbd.pid) - before_s) / len(rows)
        if not all(count for _, _, count in rows):
            raise machine.Failed(f"a question of words that are there found nothing ({mode})")
        asked = [row[0] for row in rows]
        section.add(f"search, {mode}: p50", asked, "ms", value=percentile(asked, 50),
                    at_most=MEDIAN_AT_MOST_MS)
        section.add("  p99", asked, "ms", value=percentile(asked, 99), at_most=P99_AT_MOST_MS)
        own = [row[1] for row in rows]
        section.add("  of it in ebb-index: p50", own, "ms", value=percentile(own, 50))
        section.add("  CPU of ebbd and its workers, the mean", [cpu_ms], "ms")


def _memories(section, ebbd):
    workers = ebbd.workers("index")
    if not workers:
        raise machine.Failed("no ebb-index is left after the searches")
    rows = [_memory(worker["pid"]) for worker in workers]
    section.add("ebb-index: anonymous memory", [row[0] for row in rows], "bytes",
                value=max(row[0] for row in rows), at_most=ANONYMOUS_AT_MOST)
    section.add("  pages of files", [row[1] for row in rows], "bytes",
                value=max(row[1] for row in rows))
    section.add("ebbd's RSS", [daemon.resident_bytes(ebbd.pid)], "bytes")


def measure(options):
    section = Section("search", f"Search in {options.chunks:,} chunks")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="search-", dir=options.build))
    ebbd = daemon.Ebbd(folder=folder)
    try:
        ebbd.state.mkdir()
        told = _fill(options, ebbd.state, folder / "questions")
        early, late = told["add_early_ms"], told["add_late_ms"]
        section.add("adding a document of 250 chunks, at 10,000 chunks",
                    [early["least"], early["median"], early["most"]], "ms", value=early["median"])
        section.add(f"  at {told['chunks']:,}", [late["least"], late["median"], late["most"]], "ms",
                    value=late["median"])
        section.add("  how much longer", [late["median"] / early["median"]], "ratio",
                    at_most=GROWTH_AT_MOST)
        questions = (folder / "questions").read_text().splitlines()[:QUESTIONS]
        ebbd.start()
        _searches(section, ebbd, questions)
        _memories(section, ebbd)
        ebbd.stop()
        section.remark(f"{told['documents']} documents, {told['bytes'] / (1 << 30):.1f} GiB, made "
                       f"in {told['fill_s']:.0f} s; questions of 3 to 10 words, the frequent ones "
                       "among them")
    finally:
        ebbd.remove()
        shutil.rmtree(folder, ignore_errors=True)
    return section
