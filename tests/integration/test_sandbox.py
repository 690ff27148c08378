# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sandbox, from inside: ebb-probe is a worker like every other (same harness, same sandbox)
whose units try what their parameters name.

Each refusal has its counterpart: what the same call does where it is allowed, so that an attempt
that could never succeed is not taken for a refusal. As root everything runs a second time as an
ordinary user.
"""

import ctypes
import errno
import os
import pathlib
import shutil
import signal
import socket
import struct
import tempfile

import pytest

import ebbproto
from ebbproto import EXIT_OK, EXIT_SANDBOX, TEST_WORKERS, Worker

PROBE = TEST_WORKERS / "ebb-probe"
JOB = "00000000-0000-7000-8000-00000000000a"
OTHER = "00000000-0000-7000-8000-00000000000b"
NOBODY = 65534
MIB = 1 << 20

SANITIZED = ebbproto.sanitized(PROBE)

pytestmark = pytest.mark.skipif(not PROBE.exists(), reason=f"{PROBE} has not been built")


class House:
    """A state folder with two jobs, something outside of it, and a way to run attempts."""

    def __init__(self, folder, user):
        self.folder = folder
        self.user = user
        self.executable = folder / "ebb-probe"
        shutil.copy(PROBE, self.executable)
        self.state = folder / "state"
        self.own = self.state / "jobs" / JOB
        self.other = self.state / "jobs" / OTHER
        self.outside = folder / "outside"
        self.models = folder / "models"
        for made in (self.own, self.other, self.outside, self.models):
            made.mkdir(parents=True)
        for file in (
            self.own / "source",
            self.own / "spare",
            self.other / "source",
            self.state / "state.db",
            self.outside / "file",
            self.models / "eng.traineddata",
        ):
            file.write_text("something")
        if user is not None:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, user, user)

    def path(self, text):
        """'{own}/x' and its like, with the pid of this process as {pid}."""
        return text.format(
            own=self.own,
            other=self.other,
            outside=self.outside,
            state=self.state,
            models=self.models,
            pid=os.getpid(),
        )

    def start(self, profile, lifetime="fresh", settings=None, preexec=None, **changes):
        worker = Worker(self.executable, user=self.user, preexec=preexec)
        worker.init(
            self.state, profile=profile, lifetime=lifetime, settings=settings or {}, **changes
        )
        return worker

    def attempt(self, profile, name, arg="", **how):
        """DONE's counts; or the signal's negative number when it ended the process."""
        with self.start(profile, **how) as worker:
            worker.expect("READY")
            worker.lease(JOB, self.own)
            worker.run(1, artifact="attempt.ebb", params={"try": name, "arg": self.path(arg)})
            answer = worker.receive()
            if answer is None:
                return worker.wait()
            assert answer.name == "DONE", answer
            worker.send("SHUTDOWN")
            worker.expect("BYE")
            assert worker.wait() == EXIT_OK
            return answer["counts"]


@pytest.fixture(params=["as-is", "ordinary-user"])
def house(request):
    user = None
    if request.param == "ordinary-user":
        if os.geteuid() != 0:
            pytest.skip("this is an ordinary user already")
        user = NOBODY
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ebb-sandbox-"))
    folder.chmod(0o755)
    yield House(folder, user)
    shutil.rmtree(folder)


@pytest.fixture
def deaf_to_sigio():
    """For the attempt that makes the kernel send SIGIO to this process."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGIO, before)


@pytest.fixture
def here():
    """As this user only, for what has nothing to do with privileges."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ebb-sandbox-"))
    yield House(folder, None)
    shutil.rmtree(folder)


def landlock_offered():
    return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


needs_landlock = pytest.mark.skipif(
    not landlock_offered(), reason="this kernel has no Landlock: files are not refused"
)


def allowed(counts):
    return isinstance(counts, dict) and counts["errno"] == 0


FILES_REFUSED_IN_EVERY_PROFILE = [
    ("read", "/etc/passwd"),
    ("read", "/proc/self/status"),
    ("read", "/proc/{pid}/status"),
    ("read", "{state}/state.db"),
    ("read", "{outside}/file"),
    ("list", "{outside}"),
    ("list", "/"),
    ("list", "{state}"),
    ("write", "{outside}/new"),
    ("write", "{state}/new"),
    ("write", "{outside}/file"),
    ("truncate", "{outside}/file"),
    ("mkdir", "{outside}/new"),
    ("unlink", "{outside}/file"),
    ("write", "{other}/new"),
    ("write", "{other}/source"),
]

FILES_REFUSED = {
    "parse": [
        ("read", "{other}/source"),
        ("list", "{other}"),
        ("list", "{state}/jobs"),
        ("read", "/etc/ssl/openssl.cnf"),
        ("rename", "{own}/spare:{outside}/new"),
        ("rename", "{outside}/file:{own}/new"),
        ("read", "{models}/eng.traineddata"),
    ],
    "net": [
        ("read", "{other}/source"),
        ("list", "{state}/jobs"),
        ("list", "/usr/share/fonts"),
    ],
    "store": [
        ("read", "{other}/source"),
        ("list", "{state}/jobs"),
        ("list", "/usr/share/fonts"),
    ],
}

FILES_ALLOWED = {
    "parse": [
        ("read", "{own}/source"),
        ("list", "{own}"),
        ("write", "{own}/new"),
        ("truncate", "{own}/spare"),
        ("mkdir", "{own}/new"),
        ("rename", "{own}/spare:{own}/new"),
        ("unlink", "{own}/spare"),
        ("list", "/usr/share/fonts"),
        ("write", "/dev/null"),
    ],
    "net": [
        ("read", "{own}/source"),
        ("write", "{own}/new"),
        ("write", "{state}/cache/new"),
        ("read", "/etc/hosts"),
        ("list", "/etc/ssl/certs"),
    ],
    "store": [
        ("read", "{own}/source"),
        ("write", "{state}/library/library.db"),
        ("unlink", "{state}/library/library.db"),
        ("write", "{state}/answers/new"),
        ("write", "{own}/new"),
        ("unlink", "{own}/spare"),
    ],
}


@needs_landlock
@pytest.mark.parametrize("profile", ["parse", "net", "store"])
def test_files_that_are_refused(house, profile):
    for name, arg in FILES_REFUSED_IN_EVERY_PROFILE + FILES_REFUSED[profile]:
        counts = house.attempt(profile, name, arg)
        assert counts["errno"] in (errno.EACCES, errno.EXDEV), (name, arg, counts)
    assert (house.outside / "file").read_text() == "something"
    assert sorted(os.listdir(house.outside)) == ["file"]
    assert sorted(os.listdir(house.other)) == ["source"]


@pytest.mark.parametrize("profile", ["parse", "net", "store"])
def test_files_that_are_allowed(house, profile):
    for name, arg in FILES_ALLOWED[profile]:
        path = arg.split(":")[0]
        if path.startswith("/") and not os.path.exists(path):
            continue
        if name in ("unlink", "rename") and path.endswith("spare"):
            (house.own / "spare").write_text("something")
        if name == "mkdir" and (house.own / "new").exists():
            (house.own / "new").unlink()
        counts = house.attempt(profile, name, arg)
        assert allowed(counts), (name, arg, counts)
        if name == "mkdir":
            (house.own / "new").rmdir()


@pytest.mark.parametrize("name, arg", FILES_REFUSED_IN_EVERY_PROFILE + FILES_REFUSED["parse"])
def test_the_same_files_without_a_sandbox(here, name, arg):
    if arg.startswith("/") and not os.path.exists(here.path(arg)):
        pytest.skip(f"there is no {arg}")
    assert allowed(here.attempt("none", name, arg))


SOCKETS = ["inet", "inet-datagram", "inet6", "inet6-datagram", "unix", "unix-datagram"]
RAW_SOCKETS = ["netlink", "packet", "inet-raw"]


@pytest.mark.parametrize("profile", ["parse", "store"])
def test_no_socket(house, profile):
    for kind in SOCKETS + RAW_SOCKETS:
        assert house.attempt(profile, "socket", kind)["errno"] == errno.EPERM, kind
    assert house.attempt(profile, "socketpair")["errno"] == errno.EPERM


def test_sockets_of_profile_net(house):
    for kind in SOCKETS:
        counts = house.attempt("net", "socket", kind)
        assert counts["errno"] in (0, errno.EAFNOSUPPORT), kind  # a machine without IPv6
    for kind in RAW_SOCKETS:
        assert house.attempt("net", "socket", kind)["errno"] == errno.EPERM, kind
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert allowed(house.attempt("net", "connect", port))
    assert house.attempt("net", "bind", "0")["errno"] == errno.EPERM
    assert allowed(house.attempt("net", "resolve", "localhost"))


def test_sockets_without_a_sandbox(here):
    for kind in ("inet", "unix", "netlink"):
        assert allowed(here.attempt("none", "socket", kind)), kind
    assert allowed(here.attempt("none", "socketpair"))
    assert allowed(here.attempt("none", "bind", "0"))


# What is answered with EPERM, and the worker goes on.
REFUSED = [
    ("fork", ""),
    ("vfork", ""),
    ("kill", "{pid}"),
    ("kill", "1"),
    ("tgkill", "{pid}"),
    ("setown", "{pid}"),
    ("symlink", "{own}/link"),
    ("chmod", "{own}/source"),
    ("memfd", ""),
    ("outlive", ""),
    ("raise_limit", ""),
]
REFUSED_WITHOUT_NETWORK = [("thread", ""), ("write_and_run", "")]

# What no library ever does: SIGSYS.
DEADLY = [
    ("exec", "/bin/true"),
    ("ptrace", ""),
    ("peek", ""),
    ("io_uring", ""),
    ("bpf", ""),
    ("perf", ""),
    ("keyctl", ""),
    ("userfaultfd", ""),
    ("mount", "{own}"),
    ("unshare", ""),
]


@pytest.mark.parametrize("profile", ["parse", "net", "store"])
def test_calls_that_are_refused(house, profile):
    for name, arg in REFUSED + (REFUSED_WITHOUT_NETWORK if profile != "net" else []):
        counts = house.attempt(profile, name, arg)
        assert counts["errno"] == errno.EPERM, (name, counts)


@pytest.mark.parametrize("profile", ["parse", "net", "store"])
def test_calls_that_end_the_process(house, profile):
    for name, arg in DEADLY:
        assert house.attempt(profile, name, arg) == -signal.SIGSYS, name


@pytest.mark.parametrize("profile", ["parse", "net", "store"])
def test_a_shell_does_nothing(house, profile):
    assert house.attempt(profile, "system", "touch {own}/by-shell")["errno"] != 0
    assert not (house.own / "by-shell").exists()


def test_threads_of_profile_net(house):
    assert allowed(house.attempt("net", "thread"))


@pytest.mark.parametrize("profile", ["parse", "net", "store"])
def test_an_assertion_still_aborts(house, profile):
    assert house.attempt(profile, "abort") == -signal.SIGABRT


@pytest.mark.usefixtures("deaf_to_sigio")
def test_the_same_calls_without_a_sandbox(here):
    for name, arg in REFUSED + REFUSED_WITHOUT_NETWORK:
        if name not in ("raise_limit", "kill"):
            assert allowed(here.attempt("none", name, arg)), name
    assert allowed(here.attempt("none", "kill", "{pid}"))
    assert allowed(here.attempt("none", "system", "touch {own}/by-shell"))
    assert (here.own / "by-shell").exists()
    # The process is /bin/true from then on: no DONE, and its exit code.
    assert here.attempt("none", "exec", "/bin/true") == 0


@needs_landlock
def test_a_shared_parser_reaches_jobs_and_nothing_else(house):
    pool = {"lifetime": "pool"}
    assert allowed(house.attempt("parse", "read", "{other}/source", **pool))
    assert allowed(house.attempt("parse", "write", "{own}/new", **pool))
    for name, arg in (("read", "/etc/passwd"), ("read", "{state}/state.db")):
        assert house.attempt("parse", name, arg, **pool)["errno"] == errno.EACCES
    assert house.attempt("parse", "socket", "inet", **pool)["errno"] == errno.EPERM


@needs_landlock
@pytest.mark.parametrize("lifetime", ["fresh", "pool"])
def test_read_paths(house, lifetime):
    how = {"settings": {"read_paths": f"{house.models}:/usr/share/dict"}, "lifetime": lifetime}
    if not os.path.exists("/usr/share/dict"):
        how["settings"]["read_paths"] = f"{house.models}:"
    assert allowed(house.attempt("parse", "read", "{models}/eng.traineddata", **how))
    counts = house.attempt("parse", "write", "{models}/eng.traineddata", **how)
    assert counts["errno"] == errno.EACCES


@needs_landlock
@pytest.mark.parametrize("path", ["/nowhere/at/all", "models"])
def test_read_paths_that_cannot_be(here, path):
    with here.start("parse", lifetime="pool", settings={"read_paths": path}) as worker:
        log = worker.expect("LOG", skip=())
        assert "read_paths" in log["text"] and path in log["text"]
        worker.expect("BYE")
        assert worker.wait() == EXIT_SANDBOX


def test_limits(house):
    limits = {"memory_max_bytes": 256 * MIB, "file_max_bytes": 3 * MIB}
    for name, value in (("fsize", 3 * MIB), ("core", 0), ("memlock", 0), ("msgqueue", 0)):
        counts = house.attempt("parse", "limit", name, **limits)
        assert (counts["value"], counts["hard"]) == (value, value), name
    assert house.attempt("parse", "file", "5", **limits) == {"errno": errno.EFBIG, "value": 3}
    counts = house.attempt("parse", "descriptors")
    assert counts["errno"] == errno.EMFILE and counts["value"] <= 64


@pytest.mark.skipif(SANITIZED, reason="sanitizers need more memory and threads than a limit gives")
def test_limit_of_memory(house):
    limits = {"memory_max_bytes": 256 * MIB}
    assert house.attempt("parse", "limit", "data", **limits)["value"] == 256 * MIB
    assert house.attempt("parse", "memory", "300", **limits)["errno"] == errno.ENOMEM
    assert allowed(house.attempt("parse", "memory", "100", **limits))
    assert house.attempt("parse", "limit", "nproc")["value"] == 0


def test_privileges(house):
    counts = house.attempt("none", "privileges")
    assert counts["no_new_privs"] == 1
    assert counts["dumpable"] == 0
    assert counts["death_signal"] == signal.SIGKILL
    # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER at most
    assert counts["capabilities"] & ~0b1110 == 0
    if house.user is not None:
        assert counts["capabilities"] == 0


def test_what_the_kernel_offers_is_told(here):
    with here.start("parse", settings={"sandbox": "required"}) as worker:
        offered = worker.expect("READY")["sandbox"]
    assert (offered["landlock"] > 0) == landlock_offered()
    assert offered["seccomp"] == 1


SYS_SECCOMP = 317
SYS_LANDLOCK_CREATE_RULESET = 444


def hide(*numbers):
    """For a child: these system calls answer ENOSYS, as on a kernel that is without them."""
    load_number = (0x20, 0, 0, 0)
    answer_enosys = (0x06, 0, 0, 0x00050000 | errno.ENOSYS)
    allow = (0x06, 0, 0, 0x7FFF0000)
    program = [load_number]
    for number in numbers:
        program += [(0x15, 0, 1, number), answer_enosys]
    program.append(allow)
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    libc = ctypes.CDLL(None, use_errno=True)

    def preexec():
        buffer = ctypes.create_string_buffer(code)
        header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
        assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
        assert libc.prctl(22, 2, header, 0, 0) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER

    return preexec


x86_only = pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of system calls")


@x86_only
@pytest.mark.parametrize("lifetime", ["fresh", "pool"])
def test_a_kernel_without_landlock(here, lifetime):
    how = {"preexec": hide(SYS_LANDLOCK_CREATE_RULESET), "lifetime": lifetime}
    with here.start("parse", **how) as worker:
        assert worker.expect("READY")["sandbox"] == {"landlock": 0, "seccomp": 1}
    assert allowed(here.attempt("parse", "read", "/etc/passwd", **how))
    assert here.attempt("parse", "socket", "inet", **how)["errno"] == errno.EPERM
    assert here.attempt("parse", "exec", "/bin/true", **how) == -signal.SIGSYS


@x86_only
@needs_landlock
def test_a_kernel_without_seccomp(here):
    how = {"preexec": hide(SYS_SECCOMP)}
    with here.start("parse", **how) as worker:
        offered = worker.expect("READY")["sandbox"]
        assert offered["landlock"] > 0 and offered["seccomp"] == 0
    assert allowed(here.attempt("parse", "socket", "unix", **how))
    assert here.attempt("parse", "read", "/etc/passwd", **how)["errno"] == errno.EACCES


@x86_only
@pytest.mark.parametrize("missing", [SYS_LANDLOCK_CREATE_RULESET, SYS_SECCOMP])
def test_a_class_that_requires_what_is_missing(here, missing):
    with here.start(
        "parse", settings={"sandbox": "required"}, preexec=hide(missing)
    ) as worker:
        log = worker.expect("LOG", skip=())
        assert "requires a sandbox" in log["text"]
        worker.expect("BYE")
        assert worker.wait() == EXIT_SANDBOX


@pytest.mark.skipif(SANITIZED, reason="the thread sanitizer has a thread of its own")
@pytest.mark.parametrize("profile, lifetime", [("net", "pool"), ("net", "fresh")])
def test_a_thread_would_stay_outside(here, profile, lifetime):
    with here.start(profile, lifetime=lifetime, settings={"init": "thread"}) as worker:
        if lifetime == "fresh":
            worker.expect("READY")
            worker.lease(JOB, here.own)
        log = worker.expect("LOG", skip=())
        assert "threads" in log["text"]
        worker.expect("BYE")
        assert worker.wait() == EXIT_SANDBOX


def test_numbers_of_messages_are_those_of_the_header():
    assert ebbproto.NUMBERS["INIT"] == 1 and ebbproto.NUMBERS["EVENT"] == 66
    assert len(ebbproto.NUMBERS) >= 29
