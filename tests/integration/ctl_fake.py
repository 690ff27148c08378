# SPDX-License-Identifier: AGPL-3.0-or-later
"""A control socket that answers as a test wants, and the ebb command run against it."""

import fcntl
import os
import pathlib
import pty
import select
import shutil
import socket
import struct
import subprocess
import termios
import threading
import time

import msgpack

import ebbproto
from daemon import EBB, patience

JOB = "0192f0c1-0000-7000-8000-00000000abcd"
OTHER_JOB = "0192f0c1-0000-7000-8000-00000000beef"
DOCUMENT = "7b993281-eb6f-5f73-88f8-dc6bbd88f68b"

SHORT_JOB = {
    "job_id": JOB, "document_id": DOCUMENT, "name": "report.pdf", "status": "completed",
    "progress": 100.0, "stage": "finish", "pages": 12, "pages_failed_count": 1,
    "error_code": None, "created_at": "2026-01-31T12:34:56.789Z",
    "finished_at": "2026-01-31T12:34:57.789Z",
}  # fmt: skip

STAGE = {
    "stage": "extract", "status": "completed", "units": 1, "units_done": 1, "units_failed": 0,
    "items": 12, "items_done": 12, "wall_ms": 1500, "cpu_ms": 900, "workers": 1,
    "peak_rss_bytes": 8 << 20,
}  # fmt: skip

JOB_WHOLE = {
    "job_id": JOB, "document_id": DOCUMENT, "name": "report.pdf", "status": "completed",
    "priority": 5, "progress": 100.0, "stage": "finish",
    "created_at": "2026-01-31T12:34:56.789Z", "started_at": "2026-01-31T12:34:56.800Z",
    "finished_at": "2026-01-31T12:34:58.300Z", "wall_ms": 1500, "size_bytes": 4096,
    "error": None, "pages": 12, "pages_done": 11,
    "pages_failed": [{"page": 7, "stage": "extract", "verdict": "crashed", "detail": "signal 11"}],
    "pages_failed_count": 1, "counts": {"chars": 1234}, "warnings": ["damaged, and repaired"],
    "stages": [STAGE],
}  # fmt: skip

RECEIPT = {
    "pid": 4711, "class": "pdf", "stage": "extract", "job_id": JOB, "verdict": "crashed",
    "exit_code": -1, "signal": 11, "started_at": "2026-01-31T12:34:56.800Z", "wall_ms": 1400,
    "user_ms": 800, "system_ms": 100, "cpu_ms": 900, "peak_rss_bytes": 8 << 20,
    "peak_source": "kernel", "minor_faults": 1, "major_faults": 0, "blocks_read": 0,
    "blocks_written": 0, "voluntary_switches": 1, "involuntary_switches": 0, "units": 1,
}  # fmt: skip


def status(state_folder="/nowhere", **changes):
    data = {
        "version": "0.1.0", "pid": 1234, "state": "running",
        "started_at": "2026-01-31T12:00:00.000Z", "uptime_ms": 61000, "ready_us": 4000,
        "state_folder": str(state_folder), "rss_bytes": 5 << 20, "peak_rss_bytes": 6 << 20,
        "jobs": {"pending": 1, "processing": 2, "completed": 3, "failed": 0, "cancelled": 0,
                 "interrupted": 0},
        "workers": 2, "clients": 1, "cpu_slots": {"total_percent": 200, "used_percent": 100},
        "memory": {"budget_bytes": 1 << 30, "predicted_bytes": 1 << 28, "live_bytes": 1 << 27,
                   "level": "normal"},
        "store": {"queued": 0, "healthy": True, "dropped_metrics": 0},
        "sandbox": {"landlock": 4, "seccomp": 1},
        "alerts": [{"kind": "class.throttled", "text": "pdf does not start",
                    "since": "2026-01-31T12:00:00.000Z"}],
    }  # fmt: skip
    data.update(changes)
    return data


class Refusal(Exception):
    """Raised by a handler: answered as ERROR."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


class Server:
    """handlers: message name -> data, or a function of (connection, message) that returns it.
    None answers nothing. Every request is kept in .requests."""

    def __init__(self, path, handlers=None):
        self.path = str(path)
        self.handlers = {"SUBSCRIBE": {"sequence": 0}, **(handlers or {})}
        self.requests = []
        self.problems = []
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            connection = ebbproto.Connection(sock)
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while (message := connection.receive(3600)) is not None:
                self.requests.append(message)
                self._answer(connection, message)
        except (OSError, ValueError):
            pass  # the client has gone, or the handler closed it
        except Exception as problem:  # a thread has nobody else to tell; close() does
            self.problems.append(problem)
            connection.close()

    def _answer(self, connection, message):
        handler = self.handlers.get(message.name)
        try:
            if message.name not in self.handlers:
                raise Refusal("unsupported", f"{message.name} is not known here")
            data = handler(connection, message) if callable(handler) else handler
        except Refusal as refusal:
            connection.send("ERROR", message.id, code=refusal.code, text=refusal.text)
            return
        if data is not None:
            connection.send("REPLY", message.id, data=data)

    def named(self, name):
        return [message for message in self.requests if message.name == name]

    def close(self):
        self.listener.close()
        for connection in self.connections:
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        assert not self.problems, self.problems


def event(kind, job=JOB, sequence=1, text="", data=None):
    return {"sequence": sequence, "time": "2026-01-31T12:34:56.789Z", "kind": kind, "job_id": job,
            "text": text, "data": data or {}}  # fmt: skip


def raw_frame(body):
    return struct.pack(">I", len(body)) + body


def raw_reply(message_id, data):
    return raw_frame(msgpack.packb([ebbproto.NUMBERS["REPLY"], message_id, {"data": data}]))


def environment(**changes):
    """What ebb may see: nothing of whoever runs the tests."""
    names = ("LSAN_OPTIONS", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", **kept, **changes}


def ebb(*arguments, program=EBB, timeout=30, env=None, **how):
    """Runs it to its end. The result has returncode, stdout and stderr (text)."""
    return subprocess.run(
        [str(program), *map(str, arguments)],
        env=environment(**(env or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=patience(timeout),
        check=False,
        **how,
    )


def ebb_on_terminal(*arguments, keys=(), columns=100, rows=30, timeout=30, env=None, program=EBB):
    """Runs it on a terminal of its own. keys: (what to wait for, what to type or to call then).
    Returns the exit code and everything that the terminal was sent, stdout and stderr in one."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    before = termios.tcgetattr(ours)
    process = subprocess.Popen(
        [str(program), *map(str, arguments)],
        env=environment(**{"TERM": "xterm-256color", **(env or {})}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    output, keys = b"", list(keys)
    until = time.monotonic() + patience(timeout)
    while time.monotonic() < until:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break  # the last one that had it open has gone
            output += piece
        while keys and keys[0][0] in output:
            typed = keys.pop(0)[1]
            if callable(typed):
                typed()
            else:
                os.write(ours, typed)
    else:
        process.kill()
        process.wait()
        raise AssertionError(f"ebb did not end; so far: {output!r}")
    after = termios.tcgetattr(ours)
    os.close(ours)
    assert not keys, f"never seen: {keys[0][0]!r} in {output!r}"
    assert after[3] == before[3], "the terminal's modes were not put back"
    return process.wait(patience(10)), output


def ebb_beside(folder, ebbd_script):
    """A copy of ebb with an ebbd of the test's own beside it."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    shutil.copy(EBB, folder / "ebb")
    (folder / "ebbd").write_text(ebbd_script)
    (folder / "ebbd").chmod(0o755)
    return folder / "ebb"


def ask(server, *arguments, **how):
    return ebb(*arguments, "--socket", server.path, **how)


class Intake:
    """SUBMIT as ebbd does it: moves the file, gives an id, and has all answers wait until so many
    requests have come."""

    def __init__(self, state, hold=1):
        self.state = state
        self.hold = hold
        self.waiting = []
        self.most_waiting = 0
        self.documents = {}
        (state / "incoming").mkdir(parents=True)

    def __call__(self, connection, message):
        path = self.state / "incoming" / message["file"]
        info = path.stat()
        if message["name"] == "refused.pdf":
            raise Refusal("limit", "the queue is full")
        job = f"0192f0c1-0000-7000-8000-{len(self.documents):012x}"
        self.documents[job] = (message.fields, path.read_bytes(), info.st_mode & 0o777)
        path.unlink()
        self.waiting.append((message.id, job))
        self.most_waiting = max(self.most_waiting, len(self.waiting))
        if len(self.documents) % self.hold == 0:
            for message_id, accepted in self.waiting:
                connection.send("REPLY", message_id, data={"job_id": accepted, "status": "pending"})
            self.waiting = []

    def left(self):
        return list((self.state / "incoming").iterdir())
