# SPDX-License-Identifier: AGPL-3.0-or-later
"""The frames of ebb for tests: encode, decode, and a worker driven over a socket pair.

A frame is a 4-byte big-endian length and one msgpack array [type, id, payload-map]
(proto/PROTOCOL.md). The numbers come from proto/message.h, so that there is no second list.
"""

import os
import pathlib
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import time

import msgpack

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("EBB_BUILD", SOURCE / "build")).resolve()
WORKERS = BUILD / "libexec" / "ebb"
TEST_WORKERS = BUILD / "libexec" / "ebb-test"

VERSION = 3
BODY_MAX_BYTES = 1 << 20

# For what is certain to come, on however busy a machine.
PATIENCE_S = 60.0

EXIT_OK = 0
EXIT_USAGE = 64
EXIT_PROTOCOL = 65
EXIT_SANDBOX = 66
EXIT_INIT = 67
EXIT_MEMORY = 68
EXIT_ORPHANED = 70


def sanitized(program):
    """Is this program built with sanitizers: slower, and its memory says nothing?"""
    if not pathlib.Path(program).exists():
        return False
    data = pathlib.Path(program).read_bytes()
    return b"__asan_init" in data or b"__tsan_init" in data


def _message_numbers():
    text = (SOURCE / "proto" / "message.h").read_text()
    found = re.findall(
        r"^\s*X\((\w+), (\d+), (?:TO_WORKER|FROM_WORKER|FROM_CLIENT|TO_CLIENT),", text, re.M
    )
    return {name: int(number) for name, number in found}


NUMBERS = _message_numbers()
NAMES = {number: name for name, number in NUMBERS.items()}


def _occupy_channel_fd():
    """subprocess's own pipe must not get the number that the worker's channel takes."""
    try:
        os.fstat(3)
    except OSError:
        taken = os.open("/dev/null", os.O_RDONLY)
        if taken != 3:
            os.dup2(taken, 3, inheritable=False)
            os.close(taken)


_occupy_channel_fd()


def encode(name, message_id=0, /, **fields):
    """One frame. name: as in MESSAGE_LIST, or a number for one that does not exist."""
    number = NUMBERS[name] if isinstance(name, str) else name
    body = msgpack.packb([number, message_id, fields])
    return struct.pack(">I", len(body)) + body


class Frames:
    """Whole frames out of a stream of pieces: feed() bytes, iterate messages."""

    def __init__(self):
        self.pending = b""

    def feed(self, data):
        self.pending += data

    def __iter__(self):
        return self

    def __next__(self):
        if len(self.pending) < 4:
            raise StopIteration
        (length,) = struct.unpack(">I", self.pending[:4])
        assert 1 <= length <= BODY_MAX_BYTES, f"a frame of {length} bytes"
        if len(self.pending) < 4 + length:
            raise StopIteration
        body = self.pending[4 : 4 + length]
        self.pending = self.pending[4 + length :]
        number, message_id, fields = msgpack.unpackb(body)
        return Message(NAMES[number], message_id, fields)


class Message:
    def __init__(self, name, message_id, fields):
        self.name = name
        self.id = message_id
        self.fields = fields

    def __getitem__(self, key):
        return self.fields[key]

    def get(self, key, default=None):
        return self.fields.get(key, default)

    def __repr__(self):
        return f"{self.name}#{self.id} {self.fields}"


class Timeout(AssertionError):
    pass


class Connection:
    """Messages over a stream socket: a worker's channel or the control socket."""

    def __init__(self, sock):
        self.socket = sock
        self.frames = Frames()
        self.ended = False

    def send(self, name, message_id=0, /, **fields):
        self.socket.sendall(encode(name, message_id, **fields))

    def receive(self, timeout=PATIENCE_S):
        """The next message; None at the end of the stream."""
        until = time.monotonic() + timeout
        while True:
            for message in self.frames:
                return message
            if self.ended:
                return None
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise Timeout(f"no message within {timeout} s")
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            self.frames.feed(data)
            self.ended = not data

    def expect(self, name, timeout=PATIENCE_S, skip=("LOG", "PROGRESS")):
        """The next message that is not of skip; it has to be called name."""
        while True:
            message = self.receive(timeout)
            if message is not None and message.name != name and message.name in skip:
                continue
            assert message is not None, f"the stream ended before {name}"
            assert message.name == name, f"{message} instead of {name}"
            return message

    def close(self):
        self.socket.close()


class Worker(Connection):
    """A worker process, started as ebbd does it: channel on 3, log pipe on 2, nothing else."""

    def __init__(self, executable, user=None, rlimits=(), preexec=None):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        super().__init__(ours)
        log_read, log_write = os.pipe()
        self.log_fd = log_read

        def become_worker():
            os.dup2(theirs.fileno(), 3, inheritable=True)
            for number, value in rlimits:
                resource.setrlimit(number, value)
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            if preexec is not None:
                preexec()

        self.process = subprocess.Popen(
            [str(executable)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log_write,
            pass_fds=(3,),
            preexec_fn=become_worker,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            process_group=0,
        )
        os.close(log_write)
        theirs.close()

    @property
    def pid(self):
        return self.process.pid

    def init(self, state_folder, **changes):
        fields = {
            "version": VERSION,
            "class": "test",
            "lifetime": "fresh",
            "profile": "parse",
            "state_folder": str(state_folder),
            "memory_max_bytes": 512 << 20,
            "file_max_bytes": 64 << 20,
        }
        fields.update(changes)
        self.send("INIT", **fields)

    def ready(self, state_folder, **changes):
        self.init(state_folder, **changes)
        return self.expect("READY")

    def lease(self, job, folder):
        self.send("LEASE", job=job, folder=str(folder))

    def run(self, run_id, stage="extract", step="work", first=1, last=1, **changes):
        fields = {
            "stage": stage,
            "step": step,
            "first": first,
            "last": last,
            "attempt": 1,
            "deadline_ms": 60000,
        }
        fields.update(changes)
        self.send("RUN", run_id, **fields)

    def wait(self, timeout=PATIENCE_S):
        """The exit code, or minus the signal."""
        return self.process.wait(timeout)

    def log_text(self):
        """What it wrote to its log pipe; it must have ended."""
        text = b""
        while select.select([self.log_fd], [], [], 0)[0]:
            piece = os.read(self.log_fd, 65536)
            if not piece:
                break
            text += piece
        return text.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.close()
        os.close(self.log_fd)
