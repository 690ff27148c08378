# SPDX-License-Identifier: AGPL-3.0-or-later
"""One long document: extraction and the whole job against mupdf alone, and against the programs
that people use for it. Every round runs each of them once; ratios are of the same round."""

import collections
import datetime
import json
import pathlib
import shutil
import statistics
import tempfile
import unicodedata

import machine
from figures import Section

ROOT = pathlib.Path(__file__).resolve().parents[2]
FITZ = ["/usr/bin/python3", "-s", ROOT / "tests" / "bench" / "fitz_text.py"]

TITLE = "{pages} pages on {processors} processor{s}, {rounds} rounds, one after the other"
BASELINE = "mupdf's structured text alone, one process"
EXTRACT_AT_MOST = 0.65
JOB_AT_MOST = 1.5
HELD_AT_LEAST = 0.995


def _characters(text):
    folded = unicodedata.normalize("NFKC", text)
    return collections.Counter(each for each in folded if not each.isspace() and each != "\0")


def _time_s(text):
    return datetime.datetime.fromisoformat(text).timestamp()


class Contest:
    """The programs, their outputs' folder and what they have shown so far."""

    def __init__(self, build, path, folder):
        self.build = build
        self.path = path
        self.folder = folder
        self.ebb = build / "bin" / "ebb"
        self.wall_s = collections.defaultdict(list)
        self.cpu_s = collections.defaultdict(list)
        self.others = []
        self.pages = 0
        self.text = {}
        self.peaks = collections.defaultdict(int)
        self.job = None

    def note(self, name, wall_s, cpu_s):
        self.wall_s[name].append(wall_s)
        self.cpu_s[name].append(cpu_s)

    def timed(self, name, command, out="/dev/null"):
        done = machine.run(command, out)
        self.note(name, done.wall_s, done.cpu_s)
        self.others.append(done.others)
        return done

    def expect_pages(self, who, pages):
        if not self.pages:
            self.pages = pages
        if pages != self.pages:
            raise machine.Failed(f"{who} read {pages} pages, not {self.pages}")

    # --- who takes part ---

    def baseline(self):
        out = self.folder / "stext"
        self.timed(BASELINE, [self.build / "bench" / "bench_stext", self.path], out)
        self.expect_pages("bench_stext", int(out.read_text().split()[0].split("=")[1]))

    def transform(self):
        out = self.folder / "transform"
        command = [self.build / "bench" / "bench_extract", "--time", "--artifact",
                   self.folder / "artifact", self.path]
        self.timed("ebb's extraction alone, one process", command, out)
        self.expect_pages("bench_extract", int(out.read_text().split()[0].split("=")[1]))

    def job_run(self):
        """ebb run on an empty state folder."""
        state = self.folder / "state"
        shutil.rmtree(state, ignore_errors=True)
        out = self.folder / "run.json"
        done = self.timed("`ebb run`, from start to exit",
                          [self.ebb, "run", "--json", "--state", state, self.path], out)
        report = json.loads(out.read_text())
        if report["status"] != "completed" or report["pages_failed_count"]:
            raise machine.Failed(f"the job ended {report['status']}, {report['pages_failed']}")
        self.expect_pages("ebb run", report["pages"])
        self.job = report["job_id"]
        self.note_stages(report, state, done.cpu_s)

    def ask(self, *words):
        out = self.folder / "answer"
        machine.run([self.ebb, *words, "--state", self.folder / "state"], out)
        return out.read_text()

    def note_stages(self, report, state, cpu_s):
        """Extraction: from the end of survey to that of the last process of the stage. The stage
        itself ends later, when its rows are in the library. The job: from SUBMIT to the event
        that says that all is stored."""
        events = json.loads(self.ask("events", "--json", "--job", self.job))["events"]
        times = {(event["kind"], event["text"].split(":")[0]): _time_s(event["time"])
                 for event in events}
        ended = {kind: time for (kind, _), time in times.items()}
        created = _time_s(json.loads(self.ask("job", self.job, "--json"))["created_at"])
        workers = [row for row in report["receipts"] if row["stage"] == "extract"]
        last = max(_time_s(row["started_at"]) + row["wall_ms"] / 1000 for row in workers)
        extract_s = last - times["stage.completed", "survey"]
        self.note("ebb: extract", extract_s, sum(row["cpu_ms"] for row in workers) / 1000)
        self.note("ebb: whole job, durable and searchable", ended["job.completed"] - created,
                  cpu_s)
        for stage in report["stages"]:
            self.wall_s["stage " + stage["stage"]].append(stage["wall_ms"] / 1000)
        for row in report["receipts"]:
            self.peaks[row["stage"]] = max(self.peaks[row["stage"]], row["peak_rss_bytes"])

    def paged(self, name, command):
        """A program that writes text with a form feed after each page."""
        out = self.folder / name.split()[0]
        self.timed(name, [*command, out])
        self.text[name] = out
        self.expect_pages(name, out.read_text(errors="replace").count("\f"))

    def mutool(self):
        out = self.folder / "mutool"
        self.timed("mutool draw -F text", ["mutool", "draw", "-q", "-F", "text", "-o", out,
                                           self.path])
        self.text["mutool"] = out
        self.expect_pages("mutool", out.read_text(errors="replace").count("\f"))

    def pdftotext(self):
        self.paged("pdftotext", ["pdftotext", self.path])

    def fitz(self, kind):
        self.paged({"text": "PyMuPDF get_text('text')", "dict": "PyMuPDF get_text('dict')"}[kind],
                   [*FITZ, kind, self.path])

    def contenders(self):
        return [self.baseline, self.job_run, self.mutool, self.transform, self.pdftotext,
                lambda: self.fitz("text"), lambda: self.fitz("dict")]

    # --- what was read ---

    def check_text(self):
        """The share of mutool's characters that ebb's text holds; the document can be searched."""
        ours = _characters(self.ask("show", "--text", self.job))
        theirs = _characters(self.text["mutool"].read_text(errors="replace"))
        held = sum(min(count, ours[each]) for each, count in theirs.items()) / theirs.total()
        words = [word for word in self.text["mutool"].read_text(errors="replace").split()
                 if word.isalpha() and len(word) > 5]
        found = json.loads(self.ask("search", "--json", words[len(words) // 2]))["results"]
        if not found:
            raise machine.Failed(f"the search for {words[len(words) // 2]} finds nothing")
        return held


def _add(section, contest, name, **more):
    base = contest.wall_s[BASELINE]
    wall = contest.wall_s[name]
    section.add(name, wall, "s", cpu_s=contest.cpu_s[name],
                ratio=[ours / theirs for ours, theirs in zip(wall, base)], **more)


def _fill(section, contest):
    _add(section, contest, BASELINE, note="the baseline")
    _add(section, contest, "ebb: extract", at_most=EXTRACT_AT_MOST)
    _add(section, contest, "ebb: whole job, durable and searchable", at_most=JOB_AT_MOST,
         note="CPU of all processes")
    for name in contest.wall_s:
        if name in contest.cpu_s and not name.startswith(("ebb:", BASELINE)):
            _add(section, contest, name)
    held = contest.check_text()
    section.add("characters of mutool's text that ebb's holds", [100 * held], "percent",
                at_least=100 * HELD_AT_LEAST)
    stages = (f"{name.split()[1]} {1000 * statistics.median(wall):.0f} ms"
              for name, wall in contest.wall_s.items() if name.startswith("stage "))
    section.remark("stages of the job with their rows in the library: " + ", ".join(stages))
    job = contest.wall_s["ebb: whole job, durable and searchable"]
    faster = ", ".join(
        f"{name} {statistics.median(t / j for t, j in zip(contest.wall_s[name], job)):.2f} ×"
        for name in contest.wall_s if name.startswith(("mutool", "pdftotext", "PyMuPDF"))
    )
    section.remark("time of others over that of ebb's whole job: " + faster)


def measure(options):
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder, machine.on_processors(2):
        contest = Contest(options.build, options.file, pathlib.Path(folder))
        for step in contest.contenders():  # the file's pages into memory; not counted
            step()
        warm, contest = contest, Contest(options.build, options.file, pathlib.Path(folder))
        contest.pages = warm.pages
        for number in range(options.rounds):
            machine.wait_for_quiet(options.patience)
            for step in contest.contenders()[:: 1 if number % 2 == 0 else -1]:
                step()
        section = Section("speed", TITLE.format(
            pages=contest.pages, processors=machine.processors(),
            s="s" * (machine.processors() > 1), rounds=options.rounds))
        section.others = contest.others
        if machine.processors() < 2:
            section.remark("ONE processor: the targets are for two")
        _fill(section, contest)
    return section
