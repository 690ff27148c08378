# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pools: how long work takes to an idle worker and back, what recycling costs who asks, and what a
unit pays for processes that come and go, pooled and fresh; and that very many leases leave nothing."""

import os
import pathlib
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import daemon
import ebbproto
import machine
from fakes import fake, write_script
from figures import Section, percentile
from jobs import Line

DISPATCH_AT_MOST_US = 200
RECYCLING_AT_MOST_US = 20000
COST_AT_MOST = 0.10  # of what fresh processes cost
ROUND_TRIPS = 2000
LEAKING = 1500
CLASSES = ("index", "embed")
LEASES = 100000
LEASES_TEST = pathlib.Path(__file__).resolve().parents[1] / "chaos" / "test_leases.py"
AT_ONCE = {1: 40, 8: 5, 32: 4}  # jobs at once: how often


class Asker:
    """A connection that sends one ready-made frame and reads one whole answer, and does nothing
    else: what it takes itself is little."""

    def __init__(self, ebbd):
        self.client = ebbd.client()
        self.socket = self.client.socket

    def close(self):
        self.client.close()

    def round_trip_us(self, frame):
        start = time.perf_counter()
        self.socket.sendall(frame)
        data = self.socket.recv(65536)
        while len(data) < 4 or len(data) < 4 + struct.unpack(">I", data[:4])[0]:
            piece = self.socket.recv(65536)
            if not piece:
                raise machine.Failed("ebbd closed the connection")
            data += piece
        return 1e6 * (time.perf_counter() - start), data

    def times_us(self, frame, count, wanted):
        samples = []
        for _ in range(count):
            spent_us, data = self.round_trip_us(frame)
            if data[5] != ebbproto.NUMBERS[wanted]:
                raise machine.Failed(f"not a {wanted}: {data[4:200]!r}")
            samples.append(spent_us)
        return samples


def _one_pool(script, **settings):
    made = fake(script, "library", spare=0, min=1, max=1, **settings)
    return {**made, "class.pdf.spare": 0, "limits.cpu_slots": 4}


def _with_one_worker(settings, work):
    """What work(ebbd, asker) says, with a pool of one fake that is ready."""
    ebbd = daemon.Ebbd(settings)
    try:
        ebbd.start()
        daemon.wait_until("its worker is ready", lambda: [
            row["state"] for row in ebbd.workers("library")] == ["ready"])
        asker = Asker(ebbd)
        result = work(ebbd, asker)
        asker.close()
        ebbd.stop()
        return result
    finally:
        ebbd.remove()


# --- to an idle worker and back ---


def _dispatch(options, section, script):
    write_script(script, "")
    query = ebbproto.encode("QUERY", 1, kind="digest")
    own = ebbproto.encode("QUERY", 2, kind="no such")

    def work(ebbd, asker):
        whole, without = [], []
        asker.times_us(query, 200, "REPLY")
        for _ in range(options.rounds):
            machine.wait_for_quiet(options.patience)
            meter, before_s = machine.Meter(), machine.tree_cpu_s(ebbd.pid)
            whole.append(asker.times_us(query, ROUND_TRIPS, "REPLY"))
            without.append(asker.times_us(own, ROUND_TRIPS, "ERROR"))
            section.others.append(meter.share(machine.tree_cpu_s(ebbd.pid) - before_s))
        row = ebbd.classes()["library"]
        return whole, without, row["busy_us"] / row["leases"]

    whole, without, leased_us = _with_one_worker(_one_pool(script), work)
    medians = [statistics.median(each) for each in whole]
    section.add("query to an idle worker and back, as a client sees it: median", medians, "us",
                at_most=DISPATCH_AT_MOST_US)
    section.add("the same, p99", [percentile(each, 99) for each in whole], "us")
    section.add("of which the client's own part (ebbd says no at once)",
                [statistics.median(each) for each in without], "us")
    section.add("of which the worker was leased, mean", [leased_us], "us")


# --- recycling ---


def _longest_wait_us(row):
    """The upper end of the last count of the histogram that is not empty; 0 where nobody waited."""
    filled = [place for place, count in enumerate(row["wait_times"]) if count]
    return 64 << filled[-1] if filled else 0


def _recycling(options, section, script):
    """A worker that leaks on purpose against the same that does not, asked without a pause."""
    query = ebbproto.encode("QUERY", 1, kind="digest")

    def work(ebbd, asker):
        times = asker.times_us(query, LEAKING, "REPLY")
        return times, ebbd.classes()["library"]

    longest, without, waited = [], [], []
    recycled = 0
    for _ in range(options.rounds):
        machine.wait_for_quiet(options.patience)
        write_script(script, "on=run action=eat mib=2")
        quiet, _ = _with_one_worker(_one_pool(script), work)
        write_script(script, "on=run action=leak mib=2")
        leaking, row = _with_one_worker(_one_pool(script, max_rss="48M"), work)
        recycled += row["recycled"]["rss"]
        longest.append(max(leaking))
        without.append(max(quiet))
        waited.append(_longest_wait_us(row))
        if row["recycled"]["rss"] < 10 or row["recycled"]["died"]:
            raise machine.Failed(f"recycling: {row['recycled']}")
    section.add("a worker that leaks, recycled by max_rss: longest wait for a worker", waited, "us",
                at_most=RECYCLING_AT_MOST_US,
                note=f"{recycled} replaced in {LEAKING * options.rounds} queries")
    section.add("longest query, recycled", longest, "us")
    section.add("longest query of one that does not leak", without, "us")


# --- pooled against fresh ---


class Cost:
    """Starting and ending processes of a class, for each of its units."""

    def __init__(self, rows, name):
        row = rows[name]
        self.processes = row["created"]
        each_us = row["start_us_median"] + row["unload_us_median"]
        if row["leases"] == 0 or row["start_us_median"] == 0:
            raise machine.Failed(f"class {name} had nothing to do")
        self.units = row["leases"]
        self.unit_us = each_us * row["created"] / row["leases"]


def _costs(lifetime, at_once, times):
    """{class: Cost} and seconds a job."""
    settings = {f"class.{name}.lifetime": lifetime for name in CLASSES}
    ebbd = daemon.Ebbd(settings)
    try:
        ebbd.start()
        line = Line(ebbd)
        spent_s = [line.many(at_once)[0] / at_once for _ in range(times)]
        if lifetime == "fresh":
            daemon.wait_until("all are gone", lambda: not any(
                ebbd.workers(name) for name in CLASSES))
        rows = ebbd.classes()
        line.close()
        ebbd.stop()
        return {name: Cost(rows, name) for name in CLASSES}, statistics.median(spent_s)
    finally:
        ebbd.remove()


def _pooled_and_fresh(options, section):
    for at_once, times in AT_ONCE.items():
        costs = {name: {"fresh": [], "pool": []} for name in CLASSES}
        spent_ms = {"fresh": [], "pool": []}
        made = {}
        for _ in range(options.rounds):
            machine.wait_for_quiet(options.patience)
            for lifetime in ("fresh", "pool"):
                found, job_s = _costs(lifetime, at_once, times)
                spent_ms[lifetime].append(1000 * job_s)
                for name, cost in found.items():
                    costs[name][lifetime].append(cost.unit_us)
                    made[name, lifetime] = f"{cost.processes} processes for {cost.units} leases"
        for name in CLASSES:
            fresh, pool = costs[name]["fresh"], costs[name]["pool"]
            section.add(f"{name}, {at_once} jobs at once, fresh: start and end for a unit", fresh,
                        "us", note=made[name, "fresh"])
            section.add(f"{name}, {at_once} jobs at once, pooled", pool, "us",
                        ratio=[mine / theirs for mine, theirs in zip(pool, fresh)],
                        at_most=COST_AT_MOST, note=made[name, "pool"])
        section.add(f"{at_once} jobs at once, both pooled: a job", spent_ms["pool"], "ms",
                    ratio=[mine / theirs for mine, theirs in
                           zip(spent_ms["pool"], spent_ms["fresh"])])


def _leases(section):
    """The test of chaos, with more leases than it has among the others."""
    ran = subprocess.run([sys.executable, "-s", "-m", "pytest", "-q", "-s", LEASES_TEST],
                         env={**os.environ, "EBB_CHAOS_LEASES": str(LEASES)},
                         capture_output=True, text=True, check=False)
    told = re.search(r"(\d+) leases in ([0-9.]+) s; (.*)", ran.stdout)
    if ran.returncode or not told:
        raise machine.Failed(f"{LEASES_TEST.name}:\n{ran.stdout[-4000:]}{ran.stderr[-2000:]}")
    section.add(f"{told[1]} leases while all sorts of things die", [float(told[2])], "s",
                note=told[3])


def measure(options):
    section = Section("pools", f"pools, {options.rounds} rounds, {machine.processors()} processors")
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder, machine.on_processors(2):
        script = pathlib.Path(folder) / "script"
        _dispatch(options, section, script)
        _recycling(options, section, script)
        _pooled_and_fresh(options, section)
        _leases(section)
    section.remark("start: from fork to READY; end: from SHUTDOWN to the end of the process; "
                   "medians of the class, times its processes, over its leases")
    section.remark("ratios: pooled to fresh")
    return section
