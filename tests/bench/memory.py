# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ebbd holds at rest, after many jobs and with many waiting; what the stages need at their
peak, and what a Python process needs for the same document."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import daemon
import machine
from figures import Section
from jobs import Line
from speed import FITZ

MIB = 1 << 20
KIB = 1 << 10
START_AT_MOST = 8 * MIB
GROWTH_AT_MOST = 256 * KIB
QUEUED_AT_MOST = 2 * MIB
EARLY, LATE = 100, 1000
BATCH = 100
QUEUE_FOLDER_BYTES = 2 << 30
REST_S = 1.5  # longer than a sample's interval


def _at_rest(ebbd):
    ebbd.settle(timeout=30)
    time.sleep(REST_S)
    return daemon.resident_bytes(ebbd.pid)


def _after_jobs(section):
    """RSS after start, EARLY and LATE jobs."""
    ebbd = daemon.Ebbd()
    try:
        ebbd.start()
        start = _at_rest(ebbd)
        line = Line(ebbd)
        rows = []
        for count in range(BATCH, LATE + 1, BATCH):
            line.many(BATCH)
            if count in (EARLY, LATE) or count == LATE // 2:
                rows.append((count, _at_rest(ebbd)))
        line.close()
        receipts = ebbd.receipt_count()
        ebbd.stop()
    finally:
        ebbd.remove()
    section.add("ebbd's RSS after start", [start], "bytes", at_most=START_AT_MOST)
    for count, rss in rows:
        section.add(f"ebbd's RSS after {count} jobs", [rss], "bytes")
    section.add(f"  grown from {EARLY} to {LATE} jobs", [rows[-1][1] - rows[0][1]], "kib",
                at_most=GROWTH_AT_MOST)
    section.remark(f"{LATE} jobs of one page left {receipts} receipts")


def _queue_folder():
    """In memory where there is room, so that a slow disk does not make it a long test."""
    memory = pathlib.Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and (
        shutil.disk_usage(memory).free >= QUEUE_FOLDER_BYTES)
    return tempfile.mkdtemp(prefix="ebb-bench-", dir=memory if roomy else None)


def _hand_in(ebbd, count):
    """So many jobs. Nobody listens: what a slow listener has not read yet is a cost of its own."""
    line = Line(ebbd, hear=False)
    start = time.perf_counter()
    while line.number < count:
        names = line.files(min(1000, count - line.number), content=b"never opened")
        line.submit_all(names)
    line.close()
    return count / (time.perf_counter() - start)


def _check_queue(ebbd, count):
    jobs = ebbd.status()["jobs"]
    if jobs["pending"] + jobs["processing"] + jobs["interrupted"] != count:
        raise machine.Failed(f"{count} jobs were handed in, there are {jobs}")


def _queued(section, count):
    """RSS with so many jobs waiting: nothing gets done, because the workers never answer."""
    ebbd = daemon.Ebbd(folder=_queue_folder())
    script = ebbd.folder / "script"
    script.write_text("on=run action=hang\n")
    ebbd.settings = {
        "class.pdf.executable": str(daemon.FAKE), "class.pdf.profile": "none",
        "class.pdf.option.script": str(script), "class.pdf.item_deadline": "1d",
        "limits.drain_timeout": "0s", "limits.shutdown_grace": "100ms"}
    try:
        ebbd.start()
        time.sleep(REST_S)
        before = daemon.resident_bytes(ebbd.pid)
        rate = _hand_in(ebbd, count)
        time.sleep(REST_S)
        rss = daemon.resident_bytes(ebbd.pid)
        _check_queue(ebbd, count)
        ebbd.end()
        ebbd.start()
        time.sleep(REST_S)
        again, ready_us = daemon.resident_bytes(ebbd.pid), ebbd.status()["ready_us"]
        _check_queue(ebbd, count)
        ebbd.end()
    finally:
        ebbd.remove()
    section.add(f"ebbd's RSS with {count} jobs queued", [rss], "bytes")
    section.add("  more than with none", [rss - before], "kib", at_most=QUEUED_AT_MOST)
    section.add("  and after a restart with them", [again - before], "kib", at_most=QUEUED_AT_MOST,
                note=f"ready in {ready_us / 1000:.0f} ms")
    section.remark(f"queued at {rate:.0f} jobs a second, each stored before its answer, on "
                   f"{machine.file_system(ebbd.folder.parent)}")


def _long_document(section, path):
    """The peak of each stage for one long document, and all of ebb against PyMuPDF."""
    ebbd = daemon.Ebbd()
    try:
        ebbd.start()
        before = _at_rest(ebbd)
        with machine.MemoryWatch(ebbd.pid) as watch:
            job = ebbd.completed(ebbd.submit(path), timeout=300)
        after = _at_rest(ebbd)
        library = [row["peak_rss_bytes"] for row in ebbd.workers("library")]
        receipts = ebbd.receipts(job["job_id"])
        ebbd.stop()
    finally:
        ebbd.remove()
    for stage in ("survey", "extract"):
        peaks = [row["peak_rss_bytes"] for row in receipts if row["stage"] == stage]
        section.add(f"ebb-pdf, peak of a process, {stage} of {job['pages']} pages", peaks, "bytes",
                    value=max(peaks), note=f"{len(peaks)} process" + "es" * (len(peaks) > 1))
    section.add("ebb-library, peak", library, "bytes")
    section.add("ebbd's RSS after that document", [after], "bytes",
                note=f"{(after - before) / KIB:+.0f} KiB")
    section.add("all processes of ebb at once, most PSS", [watch.most_bytes], "bytes",
                note=f"looked {watch.looks} times")
    for kind in ("text", "dict"):
        _peer(section, path, kind, job["pages"], watch.most_bytes)


def _peer(section, path, kind, pages, ours_bytes):
    with subprocess.Popen([str(word) for word in [*FITZ, kind, path]], stdout=subprocess.PIPE,
                          env=machine.ENVIRONMENT) as process:
        with machine.MemoryWatch(process.pid) as watch:
            out = process.stdout.read()
    told = json.loads(out) if process.returncode == 0 else {"pages": None}
    if told["pages"] != pages:
        raise machine.Failed(f"PyMuPDF read {told['pages']} pages, ebb {pages}")
    section.add(f"PyMuPDF get_text('{kind}'), most PSS", [watch.most_bytes], "bytes",
                note=f"{watch.most_bytes / ours_bytes:.2f} × ebb; peak RSS "
                f"{told['peak_rss_bytes'] / MIB:.1f} MiB")


def measure(options):
    section = Section("memory", "resident memory; RSS counts shared pages of libraries fully")
    _after_jobs(section)
    _queued(section, options.queued)
    _long_document(section, options.file)
    return section
