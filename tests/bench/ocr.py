# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCR against ocrmypdf, which people use for it, and against the limit: one process on each
processor that has its models loaded and only recognises. Every round runs each of them once, in
turns; ratios are of the same round."""

import json
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

import fitz

import machine
from documents import CORPUS
from figures import Section

ROUNDS_AT_MOST = 3  # a page takes a second or two
GENERATED_PAGES = 24
GENERATED_DPI = 200
WATCH_EVERY_S = 0.05
TIMEOUT_S = 1800

OCRMYPDF_AT_LEAST = 1.3
LIMIT_AT_LEAST = 0.95

EBB = "`ebb run --ocr force`, from start to exit"
STAGE = "ebb: stage ocr"
OCRMYPDF = "`ocrmypdf --force-ocr`"
LEAN = "`ocrmypdf --force-ocr --output-type pdf -O0`"
LIMIT = "the limit"


# --- what is read ---


def scans_of_the_corpus(path):
    """The corpus's scanned documents in one; how many pages, 0 when there is no corpus."""
    if not (CORPUS / "README.md").exists():
        return 0
    rows = [[cell.strip() for cell in line.split("|")]
            for line in (CORPUS / "README.md").read_text().splitlines()]
    with fitz.open() as whole:
        for row in rows:
            if len(row) > 3 and row[3] == "scanned":
                with fitz.open(CORPUS / "pdf" / row[1]) as document:
                    whole.insert_pdf(document)
        whole.save(path)
        return whole.page_count


def scan_of(source, path, pages=GENERATED_PAGES):
    """Pages out of the middle of a document as a scanner would give them; how many."""
    with fitz.open(source) as document, fitz.open() as scan:
        first = max(0, document.page_count // 2 - pages // 2)
        for number in range(first, min(document.page_count, first + pages)):
            box = document[number].rect
            picture = document[number].get_pixmap(dpi=GENERATED_DPI, colorspace=fitz.csGRAY)
            page = scan.new_page(width=box.width, height=box.height)
            page.insert_image(page.rect, stream=picture.tobytes("jpeg"))
        scan.save(path)
        return scan.page_count


# --- who reads ---


class Contest:
    """One document, who reads it, and what each took."""

    def __init__(self, build, document, pages, folder):
        self.build = build
        self.ebb = build / "bin" / "ebb"
        self.document = document
        self.pages = pages
        self.folder = folder
        self.rates = []  # for each round, pages a second of each
        self.cpu_s = []  # likewise
        self.others = []

    def command(self, name):
        out = self.folder / "out.pdf"
        if name == EBB:
            state = self.folder / "state"
            shutil.rmtree(state, ignore_errors=True)
            return [self.ebb, "run", "--json", "--ocr", "force", "--state", state, self.document]
        lean = ["--output-type", "pdf", "-O0"] if name == LEAN else []
        return ["ocrmypdf", "-q", "--force-ocr", *lean, self.document, out]

    def timed(self, name):
        out = self.folder / "told"
        done = machine.run(self.command(name), out, timeout_s=TIMEOUT_S)
        self.rates[-1][name] = self.pages / done.wall_s
        self.cpu_s[-1][name] = done.cpu_s
        self.others.append(done.others)
        return out

    def with_ebb(self):
        report = json.loads(self.timed(EBB).read_text())
        read = report["counts"].get("pages_ocr", 0)
        if report["status"] != "completed" or read != self.pages:
            raise machine.Failed(f"ebb read {read} of {self.pages} pages, {report['pages_failed']}")
        stage = next(stage for stage in report["stages"] if stage["stage"] == "ocr")
        self.rates[-1][STAGE] = self.pages / (stage["wall_ms"] / 1000)
        self.cpu_s[-1][STAGE] = stage["cpu_ms"] / 1000

    def limit(self):
        """All processors at once, because they slow each other down; each its engine's time."""
        command = [str(self.build / "bench" / "bench_ocr"), "--time", str(self.document)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
                   for _ in range(machine.processors())]
        told = [process.communicate(timeout=TIMEOUT_S)[0] for process in running]
        if any(process.returncode for process in running):
            raise machine.Failed(f"bench_ocr ended with {[each.returncode for each in running]}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_s[-1][LIMIT] = (after.ru_utime - before.ru_utime) / len(running)
        self.rates[-1][LIMIT] = sum(
            self.pages / float(re.search(r"engine_seconds=([\d.]+)", text)[1]) for text in told)

    def turn(self, programs, backwards):
        self.rates.append({})
        self.cpu_s.append({})
        steps = [self.with_ebb, self.limit]
        steps += [lambda name=name: self.timed(name) for name in programs]
        for step in reversed(steps) if backwards else steps:
            step()

    def peak_bytes(self, name):
        """The most that a program and all its processes have at once; not timed, because looking
        costs."""
        with subprocess.Popen([str(word) for word in self.command(name)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=machine.ENVIRONMENT) as process:
            with machine.MemoryWatch(process.pid, WATCH_EVERY_S) as watch:
                if process.wait(TIMEOUT_S):
                    raise machine.Failed(f"{name} ended with {process.returncode}")
        return watch.most_bytes


def _fill(section, what, contest, programs):
    def add(name, other=None, **more):
        rates = [round_[name] for round_ in contest.rates]
        if other:
            more["ratio"] = [round_[name] / round_[other] for round_ in contest.rates]
        section.add(f"{what}: {name}", rates, "pages_per_s",
                    cpu_s=[round_[name] for round_ in contest.cpu_s], **more)

    for name in programs:
        add(name)
        asked = {"at_least": OCRMYPDF_AT_LEAST} if name == OCRMYPDF else {}
        add(EBB, name, note=f"over {name}", **asked)
    if not programs:
        add(EBB)
    add(LIMIT, note=f"{machine.processors()} × one process, recognising alone; CPU of one")
    add(STAGE, LIMIT, at_least=LIMIT_AT_LEAST, note="over the limit")
    for name in programs:
        ratios = [round_[name] / round_[EBB] for round_ in contest.cpu_s]
        section.remark(f"{what}: {name} takes {statistics.median(ratios):.2f} × ebb's CPU")
    for name in [EBB, *programs[:1]]:
        section.add(f"{what}: peak PSS of all of {name}", [contest.peak_bytes(name)], "bytes")
    section.others += contest.others


def measure(options):
    section = Section("ocr", "pages a second, all processors, English models")
    programs = [OCRMYPDF, LEAN] if shutil.which("ocrmypdf") else []
    if not programs:
        section.remark("ocrmypdf is not installed: ebb is compared with the limit alone")
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder:
        folder = Path(folder)
        scans, generated = folder / "scans.pdf", folder / "generated.pdf"
        documents = {
            "the corpus's scans": (scans, scans_of_the_corpus(scans)),
            f"a scan at {GENERATED_DPI} dpi": (generated, scan_of(options.file, generated)),
        }
        for what, (path, pages) in documents.items():
            if not pages:
                section.remark(f"there is no corpus in {CORPUS}: its scans are left out")
                continue
            contest = Contest(options.build, path, pages, folder)
            for number in range(min(options.rounds, ROUNDS_AT_MOST)):
                machine.wait_for_quiet(options.patience)
                contest.turn(programs, backwards=number % 2 == 1)
            _fill(section, f"{what}, {pages} pages", contest, programs)
    return section
