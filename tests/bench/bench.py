#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Measures ebb on this machine: `./dev bench [SECTION...]`.

Figures are ratios of one run: what is compared runs in turns, and every figure is a median with
its least and its most. Targets are shown beside, and whether they hold; missing one is no error,
because machines differ and others may be at work on this one. Wrong results are errors: a page
that is missing, a job that fails, a word that is not found.

Exit codes: 0; 1 when a result is wrong or a program is missing; 2 usage.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
os.environ.setdefault("EBB_BUILD", str(ROOT / "build"))

# These need the two lines above.
import crowd
import chunking
import daemon
import ebbproto
import embedding
import jobs
import machine
import memory
import ocr
import pools
import quality
import search
import speed
import start
import text

SECTIONS = {
    "speed": speed.measure,
    "start": start.measure,
    "memory": memory.measure,
    "jobs": jobs.measure,
    "text": text.measure,
    "ocr": ocr.measure,
    "chunk": chunking.measure,
    "embed": embedding.measure,
    "search": search.measure,
    "crowd": crowd.measure,
    "pools": pools.measure,
    **quality.SECTIONS,
}
GROUPS = {"quality": list(quality.SECTIONS)}
LONG_DOCUMENT = [
    pathlib.Path("/usr/share/doc/octave/octave.pdf"),
    ROOT / "build" / "corpus" / "octave.pdf",
]


def arguments():
    parser = argparse.ArgumentParser(prog="bench.py", description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION",
                        help=f"of {' '.join(SECTIONS)}; quality names all of these; all, when none "
                        "is named")
    parser.add_argument("--file", type=pathlib.Path, help="the long document (octave.pdf)")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each takes (5)")
    parser.add_argument("--jobs", type=int, default=300, help="documents of one page a round (300)")
    parser.add_argument("--starts", type=int, default=40, help="starts of ebbd (40)")
    parser.add_argument("--queued", type=int, default=100000, help="jobs that wait (100000)")
    parser.add_argument("--chunks", type=int, default=1000000,
                        help="chunks of the library that is searched (1000000)")
    parser.add_argument("--patience", type=float, default=5.0, metavar="SECONDS",
                        help="how long a round waits for a quiet machine (5)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE",
                        help="write the tables there, for README.md")
    options = parser.parse_args()
    options.sections = [name for named in options.sections for name in GROUPS.get(named, [named])]
    unknown = [name for name in options.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"no section is called {unknown[0]}; there are {', '.join([*SECTIONS, *GROUPS])}")
    if min(options.rounds, options.starts, options.queued) < 1 or options.jobs < 30:
        parser.error("--rounds, --starts and --queued are 1 at least, --jobs 30")
    options.build = pathlib.Path(ebbproto.BUILD).resolve()
    options.file = options.file or next((path for path in LONG_DOCUMENT if path.exists()), None)
    if options.file is None or not options.file.exists():
        parser.error("there is no long document; name one with --file")
    return options


def check_programs(build):
    workers = [ebbproto.WORKERS / name for name in ("ebb-pdf", "ebb-ocr", "ebb-library")]
    helpers = [build / "bench" / name
               for name in ("bench_stext", "bench_extract", "bench_ocr", "bench_library",
                            "bench_chunk")]
    wanted = [daemon.EBBD, daemon.EBB, daemon.FAKE, *workers, *helpers]
    missing = [str(path) for path in wanted if not path.exists()]
    if missing:
        raise machine.Failed(f"not built: {', '.join(missing)}; ./dev build")


def print_machine(facts):
    print(f"── machine: {facts['cpu']}, {facts['processors']} processors, "
          f"{facts['memory_bytes'] / (1 << 30):.1f} GiB, {facts['kernel']}")
    print(f"   load {' '.join(f'{each:.2f}' for each in facts['load'])}; state folders on "
          f"{facts['file_system']}; {facts['ebbd']}, build {facts['build']}")
    print(f"   {facts['mutool']}; {facts['pdftotext']}; PyMuPDF {facts['pymupdf']}")
    if daemon.SANITIZED or facts["build"] not in ("Release", "RelWithDebInfo"):
        print(f"   THESE ARE NO FIGURES: the build is {facts['build']}")


def main():
    options = arguments()
    try:
        check_programs(options.build)
        facts = machine.describe(options.build, tempfile.gettempdir())
        print_machine(facts)
        sections = []
        for name in options.sections or SECTIONS:
            sections.append(SECTIONS[name](options))
            print("\n" + sections[-1].table(), flush=True)
    except (machine.Failed, AssertionError) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    facts["load_after"] = list(os.getloadavg())
    print("\n   load now " + " ".join(f"{each:.2f}" for each in facts["load_after"]))
    if options.json:
        told = {"machine": facts, "sections": [section.json() for section in sections]}
        options.json.write_text(json.dumps(told, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text("\n".join(section.markdown() for section in sections))
    return 0


if __name__ == "__main__":
    sys.exit(main())
