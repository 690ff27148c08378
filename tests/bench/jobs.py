# SPDX-License-Identifier: AGPL-3.0-or-later
"""One-page documents: how many a second, and how long one takes, against a process for each."""

import collections
import pathlib
import tempfile
import time

import daemon
import documents
import machine
from figures import Section, percentile
from speed import FITZ

WINDOW = 64  # SUBMITs on their way
SLOW = 5  # PyMuPDF gets a fifth of the documents: its rate is as good to see


def one_page(number):
    """Each its own text: the same document twice would be one document in the library."""
    return documents.pdf(1, title=f"Document {number} of a benchmark")


class Line:
    """Two connections to an ebbd: one asks, one hears of jobs that end."""

    def __init__(self, ebbd, hear=True):
        self.ebbd = ebbd
        self.asking = ebbd.client()
        self.hearing = ebbd.client()
        if hear:
            self.hearing.call("SUBSCRIBE")
        self.number = 0

    def close(self):
        self.asking.close()
        self.hearing.close()

    def files(self, count, content=None):
        """Documents in incoming/, of one page where no other content is given; their names."""
        names = []
        for _ in range(count):
            self.number += 1
            names.append(self.ebbd.incoming(content or one_page(self.number)))
        return names

    def submit_all(self, names):
        """SUBMITs ahead of their answers; the jobs' ids."""
        jobs, waiting = [], collections.deque()
        for name in names:
            waiting.append(self.asking.request("SUBMIT", file=name, name=name))
            if len(waiting) >= WINDOW:
                jobs.append(self.asking.answer(waiting.popleft(), timeout=60)["job_id"])
        jobs += [self.asking.answer(each, timeout=60)["job_id"] for each in waiting]
        return jobs

    def await_end(self, jobs, timeout_s=300):
        """Until each job has ended well."""
        left, until = set(jobs), time.monotonic() + timeout_s
        while left:
            message = self.hearing.receive(max(until - time.monotonic(), 0))
            if message is None:
                raise machine.Failed("ebbd closed the connection")
            event = message["data"]
            if event["kind"] in ("job.failed", "job.cancelled") and event["job_id"] in left:
                raise machine.Failed(f"{event['kind']}: {event['text']}")
            if event["kind"] == "job.completed":
                left.discard(event["job_id"])

    def many(self, count):
        """Seconds for so many jobs, handed in as fast as they are taken, and CPU seconds."""
        names = self.files(count)
        cpu_s = machine.tree_cpu_s(self.ebbd.pid)
        start = time.perf_counter()
        self.await_end(self.submit_all(names))
        return time.perf_counter() - start, machine.tree_cpu_s(self.ebbd.pid) - cpu_s

    def one(self):
        """Seconds from SUBMIT to the word that the job is completed."""
        name = self.files(1)[0]
        start = time.perf_counter()
        self.await_end(self.submit_all([name]))
        return time.perf_counter() - start


class Peers:
    """A process started for each file, as many at once as there are processors."""

    commands = {
        "mutool draw -F text": ["mutool", "draw", "-q", "-F", "text", "-o", "/dev/null"],
        "PyMuPDF get_text('text')": [*FITZ, "text"],
    }

    def __init__(self, folder, count):
        self.paths = []
        for number in range(count):
            self.paths.append(folder / f"{number}.pdf")
            self.paths[-1].write_bytes(one_page(number))

    def many(self, name):
        paths = self.paths[:: SLOW if "PyMuPDF" in name else 1]
        command = ["xargs", "-0", "-a", self.folder_list(paths), "-n1",
                   f"-P{machine.processors()}", *self.commands[name]]
        done = machine.run(command)
        return len(paths) / done.wall_s, done.cpu_s / len(paths)

    def folder_list(self, paths):
        listed = self.paths[0].parent / "list"
        listed.write_text("\0".join(map(str, paths)))
        return listed

    def each(self, name, count):
        count = count // SLOW if "PyMuPDF" in name else count
        return [machine.run([*self.commands[name], path]).wall_s for path in self.paths[:count]]


class Tally:
    def __init__(self):
        self.rate = collections.defaultdict(list)
        self.cpu_s = collections.defaultdict(list)
        self.latency_s = collections.defaultdict(list)
        self.others = []

    def note(self, name, rate, cpu_s):
        self.rate[name].append(rate)
        self.cpu_s[name].append(cpu_s)


EBB = "ebb"


def _one_round(line, peers, tally, count):
    meter, before_s = machine.Meter(), machine.tree_cpu_s(line.ebbd.pid)
    wall_s, cpu_s = line.many(count)
    tally.note(EBB, count / wall_s, cpu_s / count)
    for name in peers.commands:
        tally.note(name, *peers.many(name))
    singles = count // 3
    tally.latency_s[EBB] += [line.one() for _ in range(singles)]
    for name in peers.commands:
        tally.latency_s[name] += peers.each(name, singles)
    tally.others.append(meter.share(machine.tree_cpu_s(line.ebbd.pid) - before_s))


def _fill(section, tally):
    for name, rates in tally.rate.items():
        ratio = [theirs / ours for theirs, ours in zip(rates, tally.rate["mutool draw -F text"])]
        what = "jobs a second, durable and searchable" if name == EBB else "files a second"
        section.add(f"{name}: {what}", rates, "per_s", ratio=ratio, cpu_s=tally.cpu_s[name])
    for name, samples in tally.latency_s.items():
        samples = [1000 * each for each in samples]
        what = "SUBMIT to completed" if name == EBB else "process from start to exit"
        for percent in (50, 99):
            section.add(f"{name}: {what}, p{percent}", samples, "ms",
                        value=percentile(samples, percent))
    section.remark("ratios are to mutool's files a second; CPU is of all processes, for one file")
    section.remark("one at a time: " + ", ".join(
        f"{name} {len(samples)}" for name, samples in tally.latency_s.items()))


def measure(options):
    tally = Tally()
    ebbd = daemon.Ebbd()
    try:
        with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder, machine.on_processors(2):
            peers = Peers(pathlib.Path(folder), options.jobs)
            ebbd.start()
            line = Line(ebbd)
            line.many(20)
            for _ in range(options.rounds):
                machine.wait_for_quiet(options.patience)
                _one_round(line, peers, tally, options.jobs)
            line.close()
            ebbd.stop()
            section = Section("jobs", f"documents of one page, {options.jobs} at once, "
                              f"{options.rounds} rounds, {machine.processors()} processors")
    finally:
        ebbd.remove()
    section.others = tally.others
    _fill(section, tally)
    return section
