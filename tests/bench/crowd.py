# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many jobs handed in at once: does any of them starve, is the memory budget kept, and how much of
the processors is work that would have been done for one job alone."""

import statistics
import time

import daemon
import documents
import machine
from figures import Section
from jobs import Line

JOBS = 50
PAGES = (4, 20, 60)
PROCESSORS = 2
EFFICIENCY_AT_LEAST = 0.95
BUDGET_BYTES = 2 << 30
ALONE_EVERY = 5  # of the documents this one is also done alone
SAMPLE_MS = 50


def _documents(first):
    return [documents.pdf(PAGES[number % len(PAGES)], f"Volume {first + number} of a crowd")
            for number in range(JOBS)]


def _settings():
    return {"limits.cpu_slots": PROCESSORS, "limits.memory_budget": str(BUDGET_BYTES),
            "limits.active_jobs": JOBS, "memory.sample": f"{SAMPLE_MS}ms"}


def _hand_in(ebbd, line, contents):
    names = [ebbd.incoming(content) for content in contents]
    return line.submit_all(names)


def _alone(contents):
    """CPU seconds for each size of document, one job at a time with nothing beside it."""
    cost = {}
    ebbd = daemon.Ebbd(_settings())
    try:
        ebbd.start()
        line = Line(ebbd)
        line.await_end(_hand_in(ebbd, line, [documents.pdf(2, "a first one")]))
        for number, content in enumerate(contents):
            if number % ALONE_EVERY:
                continue
            ebbd.settle()
            before = machine.tree_cpu_s(ebbd.pid)
            line.await_end(_hand_in(ebbd, line, [content]))
            ebbd.settle()
            cost.setdefault(number % len(PAGES), []).append(machine.tree_cpu_s(ebbd.pid) - before)
        line.close()
        ebbd.stop()
    finally:
        ebbd.remove()
    return {size: statistics.median(each) for size, each in cost.items()}


def _most_memory(ebbd):
    """The most that all processes had together, by the samples that ebbd itself took."""
    rows = ebbd.call("MEMORY", view="samples", limit=1000)["samples"]
    at = {}
    for row in rows:
        at.setdefault(row["time"][:21], {})[row["pid"]] = row["rss_bytes"]
    return max((sum(pids.values()) for pids in at.values()), default=0), len(rows)


def _crowd(contents):
    ebbd = daemon.Ebbd(_settings())
    try:
        ebbd.start()
        line = Line(ebbd)
        line.await_end(_hand_in(ebbd, line, [documents.pdf(2, "a first one")]))
        with machine.MemoryWatch(ebbd.pid, every_s=0.02) as watch:
            before, start = machine.tree_cpu_s(ebbd.pid), time.perf_counter()
            jobs = _hand_in(ebbd, line, contents)
            line.await_end(jobs)
            wall_s = time.perf_counter() - start
        cpu_s = machine.tree_cpu_s(ebbd.pid) - before
        rows = {row["job_id"]: row for row in ebbd.call("JOBS", limit=200)["jobs"]}
        order = sorted(jobs, key=lambda job: rows[job]["finished_at"])
        most_bytes, samples = _most_memory(ebbd)
        line.close()
        ebbd.stop()
    finally:
        ebbd.remove()
    shifts = [abs(order.index(job) - place) for place, job in enumerate(jobs)]
    return {"wall_s": wall_s, "cpu_s": cpu_s, "shifts": shifts, "watched": watch.most_bytes,
            "sampled": most_bytes, "samples": samples}


def measure(options):
    section = Section("crowd", f"{JOBS} jobs at once on {PROCESSORS} processors")
    with machine.on_processors(PROCESSORS):
        contents = _documents(0)
        cost = _alone(contents)
        alone_s = sum(cost[number % len(PAGES)] for number in range(JOBS))
        rounds = [_crowd(_documents(JOBS * (turn + 1))) for turn in range(options.rounds)]
    walls = [each["wall_s"] for each in rounds]
    section.add("jobs a second, durable and searchable", [JOBS / wall for wall in walls], "per_s")
    section.add("what the stages cost alone, of the processors' time",
                [alone_s / (PROCESSORS * wall) for wall in walls], "share",
                at_least=EFFICIENCY_AT_LEAST)
    section.add("CPU at once against alone", [each["cpu_s"] / alone_s for each in rounds], "ratio")
    section.add("places by which a job ends earlier or later than it came, at most",
                [max(each["shifts"]) for each in rounds], "count")
    section.add("  the median of them",
                [statistics.median(each["shifts"]) for each in rounds], "count")
    section.add("most memory of all processes (PSS, watched)",
                [each["watched"] for each in rounds], "bytes", at_most=BUDGET_BYTES)
    section.add("  by ebbd's own samples (RSS, shared pages counted for each)",
                [each["sampled"] for each in rounds], "bytes", at_most=BUDGET_BYTES)
    return section
