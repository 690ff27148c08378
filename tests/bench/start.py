# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long ebbd takes to be ready, and how long a stage waits for a process."""

import os
import pathlib
import select
import shutil
import signal
import socket
import tempfile
import time

import daemon
import ebbproto
import machine
from figures import Section
from jobs import Line, one_page
from speed import FITZ

EBBD_AT_MOST_MS = 50
FRESH_AT_MOST_MS = 5
SPARE_AT_MOST_MS = 1
CHANNEL = 3


# --- ebbd ---


class Starts:
    """ebbds on one state folder, each started, asked and ended."""

    def __init__(self):
        self.ebbd = daemon.Ebbd()
        self.exec_ms = {"empty": [], "used": []}
        self.own_ms = {"empty": [], "used": []}

    def start(self, kind):
        told, tell = os.pipe()
        command = [*self.ebbd.command(), "--ready-fd", str(tell)]
        actions = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in (0, 1, 2)]
        actions.append((os.POSIX_SPAWN_DUP2, tell, tell))  # without close-on-exec
        os.set_inheritable(tell, True)
        start = time.perf_counter()
        pid = os.posix_spawn(command[0], command, machine.ENVIRONMENT, file_actions=actions)
        os.close(tell)
        try:
            ready = select.select([told], [], [], 20)[0] and os.read(told, 1)
            elapsed_ms = 1000 * (time.perf_counter() - start)
            if not ready:
                raise machine.Failed("ebbd did not get ready")
            self.exec_ms[kind].append(elapsed_ms)
            client = self.ebbd.client()
            self.own_ms[kind].append(client.call("STATUS")["ready_us"] / 1000)
            client.close()
        finally:
            os.close(told)
            os.kill(pid, signal.SIGTERM)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code != 0:
            raise machine.Failed(f"ebbd ended with {code}")

    def used_state(self, jobs):
        """A state folder with some history."""
        self.ebbd.start()
        line = Line(self.ebbd)
        line.many(jobs)
        line.close()
        self.ebbd.stop()


def _ebbd_starts(options):
    starts, empty = Starts(), Starts()
    try:
        starts.used_state(options.jobs)
        for _ in range(options.starts):
            shutil.rmtree(empty.ebbd.state, ignore_errors=True)
            empty.start("empty")
            starts.start("used")
    finally:
        starts.ebbd.remove()
        empty.ebbd.remove()
    return empty, starts


# --- workers ---


class Channel(ebbproto.Connection):
    """A worker started with as little of this process in the way as can be."""

    def __init__(self, executable):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        actions = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in (0, 1, 2)]
        actions.append((os.POSIX_SPAWN_DUP2, theirs.fileno(), CHANNEL))
        self.start = time.perf_counter()
        self.pid = os.posix_spawn(executable, [str(executable)], machine.ENVIRONMENT,
                                  file_actions=actions, setpgroup=0)
        theirs.close()
        super().__init__(ours)

    def elapsed_ms(self):
        return 1000 * (time.perf_counter() - self.start)

    def end(self):
        self.close()  # its supervisor is gone: it ends by itself
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


def _one_worker(folder, number):
    """ms from fork to READY, and from LEASE to the first unit's end."""
    job = folder / "jobs" / f"00000000-0000-7000-8000-{number:012d}"
    job.mkdir(parents=True)
    (job / "source").write_bytes(one_page(number))
    worker = Channel(ebbproto.WORKERS / "ebb-pdf")
    try:
        worker.send("INIT", 0, **{
            "version": ebbproto.VERSION, "class": "pdf", "lifetime": "fresh", "profile": "parse",
            "state_folder": str(folder), "memory_max_bytes": 1 << 30, "file_max_bytes": 1 << 30})
        worker.expect("READY")
        ready_ms = worker.elapsed_ms()
        time.sleep(0.005)  # a spare has had the time to warm up
        worker.start = time.perf_counter()
        worker.send("LEASE", 0, job=job.name, folder=str(job))
        worker.send("RUN", 1, stage="survey", step="work", first=1, last=1, attempt=1,
                    deadline_ms=30000, artifact="survey-1-1.ebb")
        done = worker.expect("DONE")
        leased_ms = worker.elapsed_ms()
        if done["counts"]["pages"] != 1:
            raise machine.Failed(f"survey of a page says {done}")
    finally:
        worker.end()
        shutil.rmtree(job)
    return ready_ms, leased_ms


def _workers_alone(count):
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder:
        pairs = [_one_worker(pathlib.Path(folder), number) for number in range(count)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _workers_of_ebbd(spare, jobs):
    """What ebbd says of its classes after one job at a time."""
    ebbd = daemon.Ebbd({"class.pdf.spare": spare})
    try:
        ebbd.start()
        line = Line(ebbd)
        for _ in range(jobs):
            line.one()
            time.sleep(0.01)
        line.close()
        rows = ebbd.classes()
        ebbd.stop()
    finally:
        ebbd.remove()
    return rows["pdf"], rows["library"]


def measure(options):
    machine.wait_for_quiet(options.patience)
    meter = machine.Meter()
    empty, used = _ebbd_starts(options)
    ready_ms, leased_ms = _workers_alone(options.starts * 2)
    fresh, library = _workers_of_ebbd(0, options.starts)
    spare, _ = _workers_of_ebbd(1, options.starts)
    section = Section("start", f"{options.starts} starts of ebbd, {2 * options.starts} of ebb-pdf")
    section.others = [meter.share()]
    section.add("ebbd, fork to the ready byte, empty state folder", empty.exec_ms["empty"], "ms",
                at_most=EBBD_AT_MOST_MS)
    section.add(f"ebbd, fork to the ready byte, after {options.jobs} jobs", used.exec_ms["used"],
                "ms", at_most=EBBD_AT_MOST_MS)
    section.add("ebbd, its own ready_us, empty state folder", empty.own_ms["empty"], "ms")
    section.add("ebb-pdf, fork to READY, started here", ready_ms, "ms", at_most=FRESH_AT_MOST_MS)
    section.add("ebb-pdf, fork to READY, as ebbd has it (start_us_median)",
                [fresh["start_us_median"] / 1000], "ms", at_most=FRESH_AT_MOST_MS)
    section.add("a unit's wait for its process, none kept",
                [fresh["wait_ms"] / fresh["leases"]], "ms")
    section.add("a unit's wait for its process, one spare",
                [spare["wait_ms"] / spare["leases"]], "ms", at_most=SPARE_AT_MOST_MS)
    section.add("ebb-library, fork to READY, empty state folder",
                [library["start_us_median"] / 1000], "ms", note="makes library.db")
    section.add("ebb-pdf, LEASE to DONE of a survey of one page", leased_ms, "ms",
                note="sandbox, open, survey, store")
    section.add("PyMuPDF, python3 from start to exit, one page", _fitz_ms(options.starts // 2),
                "ms", note="for comparison")
    section.remark("a unit's wait: mean over the leases (wait_ms / leases), one job at a time; it "
                   f"found none ready {fresh['waits']} of {fresh['leases']} times without, "
                   f"{spare['waits']} of {spare['leases']} times with a spare")
    return section


def _fitz_ms(count):
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder:
        path = pathlib.Path(folder) / "one.pdf"
        path.write_bytes(one_page(1))
        return [1000 * machine.run([*FITZ, "text", path]).wall_s for _ in range(max(count, 3))]
