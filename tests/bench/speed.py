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

BASELINE = "mupdf's structured text alone, one process"
EXTRACT = "ebb: extract"
JOB = "ebb: whole job, durable and searchable"
STAGE = "stage "
ENOUGH = 3  # quiet rounds
EXTRACT_AT_MOST = 0.65
JOB_AT_MOST = 1.5
HELD_AT_LEAST = 0.995


def _characters(text):
    folded = unicodedata.normalize("NFKC", text)
    return collections.Counter(each for each in folded if not each.isspace() and each != "\0")


def _time_s(text):
    return datetime.datetime.fromisoformat(text).timestamp()


class Round:
    """What each took, once."""

    def __init__(self):
        self.wall_s = {}
        self.cpu_s = {}
        self.others = []

    def quiet(self):
        return all((share or 0) < machine.DISTURBED for share in self.others)


class Contest:
    """The programs, their outputs' folder and what they have shown so far."""

    def __init__(self, build, path, folder):
        self.build = build
        self.path = path
        self.folder = folder
        self.ebb = build / "bin" / "ebb"
        self.rounds = []
        self.pages = 0
        self.text = None  # mutool's
        self.job = None

    def note(self, name, wall_s, cpu_s=None):
        self.rounds[-1].wall_s[name] = wall_s
        if cpu_s is not None:
            self.rounds[-1].cpu_s[name] = cpu_s

    def timed(self, name, command, out="/dev/null"):
        done = machine.run(command, out)
        self.note(name, done.wall_s, done.cpu_s)
        self.rounds[-1].others.append(done.others)
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
        """Extraction: from the stage's first unit to the end of the last of its processes. The
        stage itself ends later, when its rows are in the library. The job: from SUBMIT to the
        event that says that all is stored."""
        events = json.loads(self.ask("events", "--json", "--job", self.job))["events"]
        times = {(event["kind"], event["text"].split(":")[0]): _time_s(event["time"])
                 for event in events}
        ended = {kind: time for (kind, _), time in times.items()}
        created = _time_s(json.loads(self.ask("job", self.job, "--json"))["created_at"])
        stage_s = {row["stage"]: row["wall_ms"] / 1000 for row in report["stages"]
                   if row["wall_ms"] is not None}
        first = times["stage.completed", "extract"] - stage_s["extract"]
        workers = [row for row in report["receipts"] if row["stage"] == "extract"]
        last = max(_time_s(row["started_at"]) + row["wall_ms"] / 1000 for row in workers)
        extract_s = last - first
        self.note(EXTRACT, extract_s, sum(row["cpu_ms"] for row in workers) / 1000)
        self.note(JOB, ended["job.completed"] - created, cpu_s)
        for stage, wall_s in stage_s.items():
            self.note(STAGE + stage, wall_s)

    def paged(self, name, command):
        """A program that writes text with a form feed after each page."""
        out = self.folder / name.split()[0]
        self.timed(name, [*command, out])
        self.expect_pages(name, out.read_text(errors="replace").count("\f"))

    def mutool(self):
        out = self.folder / "mutool"
        self.timed("mutool draw -F text", ["mutool", "draw", "-q", "-F", "text", "-o", out,
                                           self.path])
        self.text = out
        self.expect_pages("mutool", out.read_text(errors="replace").count("\f"))

    def pdftotext(self):
        self.paged("pdftotext", ["pdftotext", self.path])

    def fitz(self, kind):
        self.paged({"text": "PyMuPDF get_text('text')", "dict": "PyMuPDF get_text('dict')"}[kind],
                   [*FITZ, kind, self.path])

    def turn(self, backwards=False):
        """Each once."""
        self.rounds.append(Round())
        steps = [self.baseline, self.job_run, self.mutool, self.transform, self.pdftotext,
                 lambda: self.fitz("text"), lambda: self.fitz("dict")]
        for step in reversed(steps) if backwards else steps:
            step()

    def chosen(self):
        """The rounds that count: the quiet ones, if they are enough."""
        quiet = [each for each in self.rounds if each.quiet()]
        return quiet if len(quiet) >= ENOUGH else self.rounds

    # --- what was read ---

    def check_text(self):
        """The share of mutool's characters that ebb's text holds; the document can be searched."""
        text = self.text.read_text(errors="replace")
        ours, theirs = _characters(self.ask("show", "--text", self.job)), _characters(text)
        held = sum(min(count, ours[each]) for each, count in theirs.items()) / theirs.total()
        words = [word for word in text.split() if word.isalpha() and len(word) > 5]
        found = json.loads(self.ask("search", "--json", words[len(words) // 2]))["results"]
        if not found:
            raise machine.Failed(f"the search for {words[len(words) // 2]} finds nothing")
        return held


def _add(section, rounds, name, **more):
    section.add(name, [each.wall_s[name] for each in rounds], "s",
                cpu_s=[each.cpu_s[name] for each in rounds],
                ratio=[each.wall_s[name] / each.wall_s[BASELINE] for each in rounds], **more)


def _stages(rounds):
    names = [name for name in rounds[0].wall_s if name.startswith(STAGE)]
    return ", ".join(
        f"{name[len(STAGE):]} {1000 * statistics.median(each.wall_s[name] for each in rounds):.0f}"
        " ms" for name in names)


def _others(rounds):
    names = [name for name in rounds[0].wall_s if name.startswith(("mutool", "pdftotext", "PyMu"))]
    return ", ".join(
        f"{name} {statistics.median(each.wall_s[name] / each.wall_s[JOB] for each in rounds):.2f} ×"
        for name in names)


def _fill(section, contest):
    rounds = contest.chosen()
    _add(section, rounds, BASELINE, note="the baseline")
    _add(section, rounds, EXTRACT, at_most=EXTRACT_AT_MOST)
    _add(section, rounds, JOB, at_most=JOB_AT_MOST, note="CPU of all processes")
    for name in contest.rounds[0].wall_s:
        if not name.startswith(("ebb:", BASELINE, STAGE)):
            _add(section, rounds, name)
    section.add("characters of mutool's text that ebb's holds", [100 * contest.check_text()],
                "percent", at_least=100 * HELD_AT_LEAST)
    section.remark("stages with their rows in the library: " + _stages(rounds))
    section.remark("time of others over that of ebb's whole job: " + _others(rounds))
    section.others = [share for each in rounds for share in each.others]
    if len(rounds) < len(contest.rounds):
        section.remark(f"{len(contest.rounds) - len(rounds)} of {len(contest.rounds)} rounds were "
                       "disturbed and are left out")


def measure(options):
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder, machine.on_processors(2):
        contest = Contest(options.build, options.file, pathlib.Path(folder))
        contest.turn()  # the programs and the file into memory
        contest.rounds.clear()
        while (sum(each.quiet() for each in contest.rounds) < options.rounds
               and len(contest.rounds) < 2 * options.rounds):
            machine.wait_for_quiet(options.patience)
            contest.turn(backwards=len(contest.rounds) % 2 == 1)
        section = Section("speed", f"{contest.pages} pages on {machine.processors()} processors, "
                          f"{len(contest.chosen())} rounds, one after the other")
        if machine.processors() < 2:
            section.remark("ONE processor: the targets are for two")
        _fill(section, contest)
    return section
