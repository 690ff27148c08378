# SPDX-License-Identifier: AGPL-3.0-or-later
"""How right it is: what the quality_*.py print, each against the truths of the corpus."""

import subprocess
import sys
from pathlib import Path

import machine
from figures import Section

FOLDER = Path(__file__).resolve().parent
TIMEOUT_S = 3600
NOTHING_TO_READ = 77
SHORT = 1  # of what is asked


def _section(name, title, *runs):
    """A section that runs scripts; each in runs is a function of the options to a command."""

    def measure(options):
        section = Section(name, title)
        for command in runs:
            script, *words = command(options)
            done = subprocess.run([sys.executable, "-s", FOLDER / script, *map(str, words)],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False, timeout=TIMEOUT_S)
            for line in done.stdout.splitlines():
                section.remark(line)
            if done.returncode == NOTHING_TO_READ:
                section.remark(f"{script}: left out")
            elif done.returncode not in (0, SHORT):
                raise machine.Failed(f"{script} ended with {done.returncode}: {done.stdout[-500:]}")
            else:
                section.remark(f"{script}: {'falls short' if done.returncode else 'holds'}")
        return section

    return measure


def _ebb(options):
    return ["--ebb", options.build / "bin" / "ebb"]


SECTIONS = {
    "ocr-quality": _section(
        "ocr-quality", "character error rates of scanned documents, and seconds for each",
        lambda options: ["quality_ocr.py", *_ebb(options)]),
    "text-quality": _section(
        "text-quality", "Markdown and text, their similarity to the truths",
        lambda options: ["quality_markdown.py", *_ebb(options)]),
    "table-quality": _section(
        "table-quality", "cells of tables against the truths",
        lambda options: ["quality_tables.py", "--extract",
                         options.build / "bench" / "bench_extract"]),
    "image-quality": _section(
        "image-quality", "images of catalogues, and what a large one needs",
        lambda options: ["quality_images.py", *_ebb(options)],
        lambda options: ["quality_images.py", "--memory", *_ebb(options)]),
    "search-quality": _section(
        "search-quality", "questions of people, answered by words, by vectors and by both",
        lambda options: ["quality_search.py", "--misses", 10, *_ebb(options)]),
}
