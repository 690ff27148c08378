# SPDX-License-Identifier: AGPL-3.0-or-later
"""The machine that figures come from, and runs of programs on it: how long, how much CPU, and how
much of the machine others took meanwhile."""

import contextlib
import os
import pathlib
import re
import select
import signal
import subprocess
import threading
import time

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": os.environ.get("HOME", "/")}

# Others' share of the processors' time from which a measurement is called disturbed.
DISTURBED = 0.10
# What the kernel and the measuring process itself take is no disturbance.
SHORTEST_JUDGED_S = 0.2


class Failed(Exception):
    """A program that was measured did not do what it should have."""


def processors():
    return len(os.sched_getaffinity(0))


@contextlib.contextmanager
def on_processors(count):
    """This process and all that it starts on so many processors, where there are more."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _busy_s():
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) / TICKS_A_SECOND


def _stat(pid):
    """(parent, CPU seconds of the process and of the children it has reaped)."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICKS_A_SECOND


def _tree(pid):
    """{pid: CPU seconds} of a process and its living descendants."""
    rows, found = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                rows[int(entry)] = _stat(int(entry))
    wanted = {pid} & rows.keys()
    while wanted:
        found |= {each: rows[each][1] for each in wanted}
        wanted = {each for each, (parent, _) in rows.items() if parent in wanted}
    return found


def tree_cpu_s(pid):
    """CPU that a process and its descendants, dead or alive, have used."""
    return sum(_tree(pid).values())


def _pss_bytes(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        return 1024 * int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
    return 0


class MemoryWatch(threading.Thread):
    """The most memory that a process and its descendants have at once, each shared page counted
    once (PSS), as often as can be looked."""

    def __init__(self, pid, every_s=0.002):
        super().__init__(daemon=True)
        self.pid = pid
        self.every_s = every_s
        self.most_bytes = 0
        self.looks = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(self.every_s):
            now = sum(map(_pss_bytes, _tree(self.pid)))
            self.most_bytes = max(self.most_bytes, now)
            self.looks += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


class Meter:
    """Others' share of the machine from its making on."""

    def __init__(self):
        self.busy_s = _busy_s()
        self.own_s = sum(os.times()[:4])
        self.start_s = time.monotonic()

    def share(self, living_s=0.0):
        """living_s: CPU of processes of ours that have not been waited for. None when the time was
        too short to tell."""
        wall_s = time.monotonic() - self.start_s
        if wall_s < SHORTEST_JUDGED_S:
            return None
        ours_s = sum(os.times()[:4]) - self.own_s + living_s
        return max(0.0, (_busy_s() - self.busy_s - ours_s) / (wall_s * os.cpu_count()))


def wait_for_quiet(limit_s):
    """Waits until others leave the machine alone for a moment; limit_s at most."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        meter = Meter()
        time.sleep(SHORTEST_JUDGED_S + 0.05)
        if meter.share() < DISTURBED:
            return


class Run:
    """One run of a program."""

    def __init__(self, wall_s, cpu_s, others, out):
        self.wall_s = wall_s
        self.cpu_s = cpu_s
        self.others = others  # their share of the machine; None when it was too short to tell
        self.out = out  # path of its standard output


def run(command, out="/dev/null", timeout_s=300, codes=(0,)):
    """Runs a command. Its CPU includes all descendants that were waited for."""
    problem = f"{out}.err" if out != "/dev/null" else out
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(out), flags, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, str(problem), flags, 0o600),
    ]
    command = [str(word) for word in command]
    meter = Meter()
    start_s = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, ENVIRONMENT, file_actions=actions)
    handle = os.pidfd_open(pid)
    in_time = bool(select.select([handle], [], [], timeout_s)[0])
    os.close(handle)
    if not in_time:
        os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.perf_counter() - start_s
    cpu_s = usage.ru_utime + usage.ru_stime
    code = os.waitstatus_to_exitcode(status)
    if not in_time or code not in codes:
        text = "" if problem == out else pathlib.Path(problem).read_text(errors="replace")[-500:]
        why = f"code {code}" if in_time else f"not done in {timeout_s} s"
        raise Failed(f"{' '.join(command)[:200]}: {why} {text}")
    return Run(wall_s, cpu_s, meter.share(), out)


# --- what the machine is ---


def _first_line(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    return next((line.strip() for line in (done.stdout + done.stderr).splitlines() if line), "")


def _cpu_model():
    found = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return found[1] if found else os.uname().machine


def _memory_bytes():
    found = re.search(r"^MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.M)
    return int(found[1]) * 1024


def file_system(folder):
    """Type of the file system that has a folder."""
    path = os.path.realpath(folder)
    best = ("", "?")
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, place, kind = line.split()[:3]
        if (path + "/").startswith(place.rstrip("/") + "/") and len(place) >= len(best[0]):
            best = (place, kind)
    return best[1]


def _build_type(build):
    cache = build / "CMakeCache.txt"
    found = cache.exists() and re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", cache.read_text(), re.M)
    return found[1] if found else "unknown"


def describe(build, folder):
    return {
        "cpu": _cpu_model(),
        "processors": processors(),
        "memory_bytes": _memory_bytes(),
        "kernel": f"{os.uname().sysname} {os.uname().release} {os.uname().machine}",
        "load": list(os.getloadavg()),
        "file_system": file_system(folder),
        "build": _build_type(build),
        "ebbd": _first_line([build / "bin" / "ebbd", "--version"]),
        "mutool": _first_line(["mutool", "-v"]),
        "pdftotext": _first_line(["pdftotext", "-v"]),
        "pymupdf": _first_line(
            ["/usr/bin/python3", "-s", "-c", "import fitz; print(fitz.VersionBind)"]
        ),
    }
