# SPDX-License-Identifier: AGPL-3.0-or-later
"""An ebbd of one's own for a test: started in a folder that goes with the test, asked over its
control socket, stopped, and checked for what it may not leave behind.

What a test need not say, because finish() says it for every test: ebbd lived until it was told to
stop, and ended with 0; each process that ever ran has its receipt; no zombie, no orphan, no
descriptor more than before the work, no line in the log that speaks of an error inside.
"""

import ctypes
import functools
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import ebbproto
from ebbproto import BUILD, TEST_WORKERS, Timeout

EBBD = BUILD / "bin" / "ebbd"
EBB = BUILD / "bin" / "ebb"
FAKE = TEST_WORKERS / "ebb-fake"

ENDED = ("completed", "failed", "cancelled")

# Of a worker: its channel, its log pipe, its pidfd.
WORKER_DESCRIPTORS = 3

PR_SET_CHILD_SUBREAPER = 36


def become_subreaper():
    """Whatever outlives its ebbd becomes a child of this process, where it can be found."""
    assert ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def sanitized():
    """Is this a build with sanitizers: slower, and its memory says nothing?"""
    program = EBBD.read_bytes()
    return b"__asan_init" in program or b"__tsan_init" in program


SANITIZED = EBBD.exists() and sanitized()
FACTOR = 4 if SANITIZED else 1
PATIENCE = 8 if SANITIZED else 3


def seconds(count):
    """A duration of ebbd's own (a deadline, a script's sleep), longer where everything is slower."""
    return count * FACTOR


def patience(count):
    """How long to wait for what is certain to come. The tests may run beside each other, on a
    machine that has other things to do: only what never comes may take longer than this."""
    return count * PATIENCE


def wait_until(what, condition, timeout=10.0):
    """What condition() says as soon as it is true."""
    until = time.monotonic() + patience(timeout)
    pause = 0.002
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > until:
            raise Timeout(f"{what}: not within {patience(timeout)} s; at the end: {result!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def status_of(pid):
    """/proc/PID/status as a dict; None when there is no such process."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def resident_bytes(pid, key="VmRSS"):
    """VmRSS, VmHWM, ... of a process, in bytes."""
    return int(status_of(pid)[key].split()[0]) * 1024


def children_of(pid):
    """{pid: status} of a process's children, zombies too."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            status = status_of(int(entry))
            if status is not None and int(status["PPid"]) == pid:
                found[int(entry)] = status
    return found


def reap_strays():
    """Orphans of ebbds that are gone, the dead ones buried: {pid: status} of those that live."""
    living = {}
    for pid, status in children_of(os.getpid()).items():
        if not status["Name"].strip().startswith("ebb") or pid in Ebbd.running:
            continue
        if status["State"].startswith("Z"):
            os.waitpid(pid, os.WNOHANG)
        else:
            living[pid] = status
    return living


class Refused(Exception):
    """An ERROR in answer to a request."""

    def __init__(self, fields):
        super().__init__(f"{fields['code']}: {fields['text']}")
        self.code = fields["code"]
        self.text = fields["text"]


class Client(ebbproto.Connection):
    """A connection to a control socket. Requests may be sent ahead; answers are told apart."""

    def __init__(self, path):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(str(path))
        super().__init__(sock)
        self.last_id = 0
        self.answers = {}
        self.events = []

    def request(self, request_name, /, **fields):
        """Sends it; the id to ask answer() for."""
        self.last_id += 1
        self.send(request_name, self.last_id, **fields)
        return self.last_id

    def _take(self, timeout):
        message = self.receive(timeout)
        assert message is not None, "ebbd closed the connection"
        if message.name == "EVENT":
            self.events.append(message["data"])
        else:
            self.answers[message.id] = message

    def answer(self, request_id, timeout=10.0):
        until = time.monotonic() + patience(timeout)
        while request_id not in self.answers:
            self._take(max(until - time.monotonic(), 0))
        message = self.answers.pop(request_id)
        if message.name == "ERROR":
            raise Refused(message.fields)
        assert message.name == "REPLY", message
        return message["data"]

    def call(self, request_name, /, timeout=10.0, **fields):
        return self.answer(self.request(request_name, **fields), timeout)

    def event(self, kind, job=None, timeout=10.0):
        """The first event of the kind (of the job) that has not been taken yet. SUBSCRIBE first."""
        until = time.monotonic() + patience(timeout)
        index = 0
        while True:
            while index < len(self.events):
                event = self.events[index]
                if event["kind"] == kind and job in (None, event["job_id"]):
                    return self.events.pop(index)
                index += 1
            self._take(max(until - time.monotonic(), 0))


class Ebbd:
    """One state folder and the ebbd that runs on it, if one does."""

    running = set()

    def __init__(self, settings=None, arguments=(), environment=None, folder=None, config=None):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="ebb-test-"))
        self.state = self.folder / "state"
        self.socket_path = self.folder / "socket"
        self.log_path = self.folder / "log"
        self.config_path = self.folder / "ebb.conf"
        self.config_path.write_text(config or "")
        self.settings = dict(settings or {})
        self.arguments = list(arguments)
        self.environment = dict(environment or {})
        self.process = None
        self.connection = None
        self.allowed = []
        self.submitted = 0

    # --- life ---

    def command(self):
        line = [str(EBBD), "--config", str(self.config_path), "--state", str(self.state)]
        line += ["--socket", str(self.socket_path)]
        for key, value in self.settings.items():
            line += ["--set", f"{key}={value}"]
        return line + self.arguments

    def start(self, preexec=None, prefix=()):
        """Starts ebbd and waits until it is ready."""
        first_time = not (self.state / "state.db").exists()
        ready, told = os.pipe()
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **self.environment}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*prefix, *self.command(), "--set", "ebb.log_level=info", "--ready-fd", str(told)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(told,),
                env=environment,
                preexec_fn=preexec,
            )
        os.close(told)
        Ebbd.running.add(self.process.pid)
        with open(ready, "rb") as pipe:
            if not ebbproto.select.select([pipe], [], [], patience(20))[0] or not pipe.read(1):
                code = self.end(signal.SIGKILL)
                raise AssertionError(f"ebbd did not start, code {code}:\n{self.log()}")
        self.connection = Client(self.socket_path)
        self.receipts_before = 0 if first_time else self.old_receipts()
        self.rss_at_start = resident_bytes(self.pid)
        return self

    @property
    def pid(self):
        return self.process.pid

    def kill(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM, timeout=20.0):
        """Signals ebbd and waits for its end; the exit code, negative for a signal."""
        if self.connection:
            self.connection.close()
            self.connection = None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(patience(timeout))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"ebbd still ran {patience(timeout)} s after signal {number}") from None
        finally:
            Ebbd.running.discard(self.process.pid)

    def kill9(self):
        """kill -9; its workers have to be gone at once, whatever they are doing."""
        assert self.end(signal.SIGKILL) == -signal.SIGKILL
        wait_until("the killed ebbd's workers are gone", lambda: not reap_strays(), 2.0)

    def finish(self):
        """Stops it and checks what every test wants."""
        assert self.process.poll() is None, f"ebbd ended by itself: {self.process.returncode}"
        self.settle()
        self.check_receipts()
        self.check_descriptors()
        self.rss_at_end = resident_bytes(self.pid)
        self.stop()

    def stop(self):
        code = self.end()
        assert code == 0, f"ebbd ended with {code}"
        wait_until("no process outlives ebbd", lambda: not reap_strays(), 2.0)
        assert not self.socket_path.exists()
        self.check_log()

    def remove(self):
        if self.process and self.process.poll() is None:
            self.end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- checks ---

    def allow(self, pattern):
        """Lines of the log that match are expected to be errors."""
        self.allowed.append(re.compile(pattern))

    def log(self):
        return self.log_path.read_text(errors="replace")

    def check_log(self):
        bad = re.compile(
            r"^ebbd: error:|\binternal\b|Sanitizer|runtime error:|Assertion|still had handles"
        )
        lines = [
            line
            for line in self.log().splitlines()
            if bad.search(line) and not any(pattern.search(line) for pattern in self.allowed)
        ]
        assert not lines, "the log speaks of errors:\n" + "\n".join(lines[:20])

    def unsettled(self):
        """What is in work or on its way to the disk; "" when nothing is."""
        status = self.status()
        states = [worker["state"] for worker in self.workers()]
        found = [
            status["jobs"]["processing"] and f"{status['jobs']['processing']} jobs in work",
            status["store"]["queued"] and f"{status['store']['queued']} changes not stored",
            {"busy", "draining", "starting"} & set(states) and f"workers {states}",
        ]
        found += [
            f"zombie {pid}"
            for pid, child in children_of(self.pid).items()
            if child["State"].startswith("Z")
        ]
        return ", ".join(text for text in found if text)

    def settle(self, timeout=10.0):
        until = time.monotonic() + patience(timeout)
        while self.unsettled():
            assert time.monotonic() < until, f"ebbd does not come to rest: {self.unsettled()}"
            time.sleep(0.02)

    def own_descriptors(self):
        """What each descriptor of ebbd is that neither a worker nor a client accounts for."""

        def count():
            workers = len(self.workers())
            clients = self.status()["clients"]
            total = len(os.listdir(f"/proc/{self.pid}/fd"))
            return (
                total - WORKER_DESCRIPTORS * workers - clients
                if workers == len(self.workers())
                else None
            )

        return wait_until("a moment to count descriptors", count)

    def check_descriptors(self):
        try:
            wait_until(
                "no descriptor is leaked",
                lambda: self.own_descriptors() <= descriptors_of_an_idle_one(),
                3.0,
            )
        except Timeout:
            folder = f"/proc/{self.pid}/fd"
            links = [os.readlink(f"{folder}/{number}") for number in os.listdir(folder)]
            raise AssertionError(
                f"descriptors: {self.own_descriptors()}, an idle ebbd has "
                f"{descriptors_of_an_idle_one()} (workers and clients apart): {sorted(links)}"
            ) from None

    def created(self):
        return sum(row["created"] for row in self.classes().values())

    def check_receipts(self):
        """One process, one receipt: those that ran are those that live and those accounted for."""

        until = time.monotonic() + patience(5.0)
        while True:
            created = self.created()
            ended = self.receipt_count() - self.receipts_before
            living = len(self.workers())
            if created == ended + living:
                return
            assert time.monotonic() < until, f"{created} started, {ended} receipts, {living} live"
            time.sleep(0.02)

    # --- asking ---

    def client(self):
        return Client(self.socket_path)

    def call(self, request_name, /, timeout=10.0, **fields):
        return self.connection.call(request_name, timeout=timeout, **fields)

    def status(self):
        return self.call("STATUS")

    def workers(self, name=None):
        return [row for row in self.call("WORKERS")["workers"] if name in (None, row["class"])]

    def classes(self):
        return {row["class"]: row for row in self.call("POOLS")["classes"]}

    def receipt_count(self):
        return self.call("MEMORY", view="receipts", limit=1)["total"]

    def receipts(self, job=None):
        """All of them, or a job's; oldest first."""
        fields = {"job": job} if job else {}
        rows = []
        while True:
            page = self.call("MEMORY", view="receipts", limit=500, offset=len(rows), **fields)
            rows += page["receipts"]
            if len(rows) >= page["total"]:
                return rows[::-1]

    def old_receipts(self):
        """How many are of processes that an earlier ebbd started."""
        started_at = self.status()["started_at"]
        return sum(row["started_at"] < started_at for row in self.receipts())

    def events(self, kind=None, job=None):
        fields = {"job": job} if job else {}
        rows, sequence = [], 0
        while True:
            page = self.call("EVENTS", sequence=sequence, limit=1000, **fields)
            rows += [row for row in page["events"] if kind in (None, row["kind"])]
            if not page["events"]:
                return rows
            sequence = page["events"][-1]["sequence"]

    def job(self, job):
        return self.call("JOB", job=job)

    def query(self, kind, **params):
        """The bytes of the library's answer."""
        params = {key: str(value) for key, value in params.items()}
        answer = self.call("QUERY", timeout=60, kind=kind, params=params)
        text = pathlib.Path(answer["answer"]).read_bytes()
        assert len(text) == answer["bytes"]
        return text

    # --- jobs ---

    def incoming(self, content):
        """Puts content (bytes, or the path of a file) into incoming/; the name to submit."""
        self.submitted += 1
        name = f"{self.submitted}.pdf"
        path = self.state / "incoming" / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            shutil.copyfile(content, path)
        return name

    def submit(self, content, name="document.pdf", **fields):
        """Hands a document in; the job's id."""
        reply = self.call("SUBMIT", file=self.incoming(content), name=name, **fields)
        assert reply["status"] == "pending"
        return reply["job_id"]

    def ended(self, job, timeout=30.0):
        """The job, when it has ended."""

        def look():
            row = self.job(job)
            return row if row["status"] in ENDED else None

        return wait_until(f"job {job} ends", look, timeout)

    def completed(self, job, timeout=30.0):
        row = self.ended(job, timeout)
        assert row["status"] == "completed", (row["error"], self.log()[-3000:])
        return row

    def run(self, content, timeout=30.0, **fields):
        return self.ended(self.submit(content, **fields), timeout)


@functools.cache
def descriptors_of_an_idle_one():
    """What an ebbd has open that has done nothing and has no worker."""
    ebbd = Ebbd({"class.pdf.spare": 0})
    try:
        return ebbd.start().own_descriptors()
    finally:
        ebbd.remove()
