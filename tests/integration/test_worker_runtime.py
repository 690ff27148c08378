# SPDX-License-Identifier: AGPL-3.0-or-later
"""The harness that every worker has, driven without ebbd: hello, units, cancel, goodbye, and how a
worker ends when its supervisor does."""

import os
import select
import signal
import socket
import struct
import subprocess
import time

import pytest

import ebbproto
from ebbproto import (
    EXIT_INIT,
    EXIT_OK,
    EXIT_ORPHANED,
    EXIT_PROTOCOL,
    EXIT_USAGE,
    PATIENCE_S,
    TEST_WORKERS,
    Timeout,
    Worker,
    encode,
)

PROBE = TEST_WORKERS / "ebb-probe"
JOB = "00000000-0000-7000-8000-00000000000a"
MIB = 1 << 20

SANITIZED = ebbproto.sanitized(PROBE)

pytestmark = pytest.mark.skipif(not PROBE.exists(), reason=f"{PROBE} has not been built")


@pytest.fixture
def state(tmp_path):
    (tmp_path / "jobs" / JOB).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def worker():
    with Worker(PROBE) as started:
        yield started


def lease(worker, state, **changes):
    worker.ready(state, **changes)
    worker.lease(JOB, state / "jobs" / JOB)


def attempt(worker, run_id, name, arg="", **changes):
    worker.run(run_id, params={"try": name, "arg": arg}, **changes)


def expect_end(worker, code, text):
    """LOG with the reason, BYE, the exit code."""
    log = worker.expect("LOG", skip=("PROGRESS",))
    assert text in log["text"], log
    worker.expect("BYE")
    assert worker.wait() == code


def test_hello(worker, state):
    ready = worker.ready(state)
    assert ready.id == 0
    assert ready["version"] == ebbproto.VERSION
    assert ready["pid"] == worker.pid
    assert set(ready["sandbox"]) == {"landlock", "seccomp"}
    assert 0 < ready["load_us"] < 1_000_000


def test_a_unit_and_goodbye(worker, state):
    lease(worker, state)
    attempt(worker, 41, "read", "/dev/null")
    done = worker.expect("DONE")
    assert (done.id, done["counts"]) == (41, {"errno": 0})
    worker.send("SHUTDOWN")
    bye = worker.expect("BYE")
    assert bye["user_us"] + bye["system_us"] > 0
    assert worker.wait() == EXIT_OK
    assert worker.receive() is None
    assert worker.log_text() == ""


@pytest.mark.parametrize("profile", ["none", "parse"])
def test_the_receipt_is_the_kernels(worker, state, profile):
    lease(worker, state, profile=profile)
    attempt(worker, 1, "memory", "64")
    assert worker.expect("DONE")["counts"]["errno"] == 0
    status = open(f"/proc/{worker.pid}/status").read()
    seen = int(status.split("VmHWM:")[1].split()[0]) * 1024
    worker.send("SHUTDOWN")
    told = worker.expect("BYE")["peak_rss_bytes"]
    assert told > 64 * MIB
    assert abs(told - seen) <= 0.05 * seen


def wait_until_it_waits(worker):
    """Until it is past exec and asleep: it waits for its first frame then."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if (
            os.readlink(f"/proc/{worker.pid}/exe") == str(PROBE.resolve())
            and "State:\tS" in open(f"/proc/{worker.pid}/status").read()
        ):
            return
        time.sleep(0.001)
    raise Timeout("it does not wait for INIT")


def test_nothing_is_opened_or_allocated_before_init(worker):
    wait_until_it_waits(worker)
    assert sorted(os.listdir(f"/proc/{worker.pid}/fd")) == ["0", "1", "2", "3"]
    if not SANITIZED:
        assert "[heap]" not in open(f"/proc/{worker.pid}/maps").read()


def test_log_says_why_init_failed(worker, state):
    worker.init(state, settings={"init": "fail"})
    expect_end(worker, EXIT_INIT, "told to fail")


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"version": 99}, "version 99"),
        ({"lifetime": "eternal"}, "eternal"),
        ({"profile": "open"}, "open"),
        ({"state_folder": "state"}, "state folder"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_init_that_makes_no_sense(worker, state, changes, text):
    folder = changes.pop("state_folder", state)
    worker.init(folder, **changes)
    expect_end(worker, EXIT_PROTOCOL, text)


def test_option_that_makes_no_sense(worker, state):
    worker.init(state, settings={"sandbox": "perhaps"})
    expect_end(worker, EXIT_INIT, "perhaps")


OUT_OF_PHASE = {
    "RUN": {"stage": "x", "step": "work", "first": 1, "last": 1, "attempt": 1, "deadline_ms": 1},
    "LEASE": {"job": JOB, "folder": "/"},
    "CANCEL": {},
}


@pytest.mark.parametrize("name", OUT_OF_PHASE)
def test_out_of_phase_before_init(worker, name):
    worker.send(name, **OUT_OF_PHASE[name])
    expect_end(worker, EXIT_PROTOCOL, f"{name} is out of phase")


@pytest.mark.parametrize("name", ["RUN", "CANCEL"])
def test_out_of_phase_before_lease(worker, state, name):
    worker.ready(state)
    worker.send(name, **OUT_OF_PHASE[name])
    expect_end(worker, EXIT_PROTOCOL, f"{name} is out of phase")


def test_out_of_phase_in_a_unit(worker, state):
    lease(worker, state)
    attempt(worker, 1, "work")
    worker.expect("PROGRESS")
    attempt(worker, 2, "work")
    expect_end(worker, EXIT_PROTOCOL, "RUN is out of phase")


@pytest.mark.parametrize(
    "data, text",
    [
        (struct.pack(">I", 0), "frame of 0 bytes"),
        (struct.pack(">I", 1 << 30), "frame of 1073741824 bytes"),
        (struct.pack(">I", 3) + b"abc", ""),
        (encode(99), ""),
        (encode("READY"), ""),
    ],
)
def test_frames_that_make_no_sense(worker, data, text):
    worker.socket.sendall(data)
    expect_end(worker, EXIT_PROTOCOL, text)


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"first": 3, "last": 2}, "3 to 2"),
        ({"artifact": "../escape"}, "plain file name"),
        ({"artifact": ".hidden"}, "plain file name"),
        ({"answer": "relative"}, "absolute path"),
    ],
)
def test_run_that_makes_no_sense(worker, state, changes, text):
    lease(worker, state)
    worker.run(1, **changes)
    expect_end(worker, EXIT_PROTOCOL, text)


def test_a_fresh_worker_is_leased_once(worker, state):
    lease(worker, state)
    worker.lease(JOB, state / "jobs" / JOB)
    expect_end(worker, EXIT_PROTOCOL, "leased once")


def test_a_pool_worker_is_leased_again_and_again(worker, state):
    lease(worker, state, lifetime="pool")
    for run_id in range(1, 6):
        attempt(worker, run_id, "read", "/dev/null")
        assert worker.expect("DONE").id == run_id
        worker.lease(JOB, state / "jobs" / JOB)
    worker.send("SHUTDOWN")
    worker.expect("BYE")


def test_a_frame_in_pieces(worker, state):
    lease(worker, state)
    frame = encode(
        "RUN", 7, **{**OUT_OF_PHASE["RUN"], "params": {"try": "read", "arg": "/dev/null"}}
    )
    for at in range(0, len(frame), 3):
        worker.socket.sendall(frame[at : at + 3])
        time.sleep(0.001)
    assert worker.expect("DONE").id == 7


def test_cancel(worker, state):
    lease(worker, state)
    attempt(worker, 8, "work", first=5, last=9)
    progress = worker.expect("PROGRESS")
    assert (progress.id, progress["item"]) == (8, 5)
    worker.send("CANCEL", 7)  # of a unit that is long gone
    worker.expect("PROGRESS")
    worker.send("CANCEL", 8)
    failed = worker.expect("FAILED")
    assert (failed.id, failed["code"], failed["retryable"]) == (8, "cancelled", True)
    worker.send("CANCEL", 8)  # too late, and no fault
    attempt(worker, 9, "read", "/dev/null")
    assert worker.expect("DONE").id == 9


def test_shutdown_in_a_unit(worker, state):
    lease(worker, state)
    attempt(worker, 1, "work")
    worker.expect("PROGRESS")
    worker.send("SHUTDOWN")
    assert worker.expect("FAILED")["code"] == "cancelled"
    worker.expect("BYE")
    assert worker.wait() == EXIT_OK


def test_sigterm_before_init(worker):
    wait_until_it_waits(worker)
    worker.process.terminate()
    worker.expect("BYE")
    assert worker.wait() == EXIT_OK


def test_sigterm_between_units(worker, state):
    lease(worker, state)
    attempt(worker, 1, "read", "/dev/null")
    worker.expect("DONE")
    worker.process.terminate()
    assert worker.expect("BYE")["peak_rss_bytes"] > 0
    assert worker.wait() == EXIT_OK


def test_sigterm_in_a_unit(worker, state):
    lease(worker, state)
    attempt(worker, 1, "work")
    worker.expect("PROGRESS")
    worker.process.terminate()
    assert worker.expect("FAILED")["code"] == "cancelled"
    worker.expect("BYE")
    assert worker.wait() == EXIT_OK


def test_errors_and_their_codes(worker, state):
    lease(worker, state)
    attempt(worker, 1, "memory_error")
    failed = worker.expect("FAILED")
    assert (failed["code"], failed["retryable"]) == ("memory_exceeded", True)
    attempt(worker, 2, "error", "damaged")
    failed = worker.expect("FAILED")
    assert (failed["code"], failed["retryable"], failed["text"]) == ("internal", True, "damaged")
    attempt(worker, 4, "full_error")
    failed = worker.expect("FAILED")
    assert (failed["code"], failed["retryable"]) == ("disk_full", True)
    attempt(worker, 3, "no-such-thing")
    failed = worker.expect("FAILED")
    assert (failed["code"], failed["retryable"]) == ("unknown_attempt", False)


def test_logs_are_limited(worker, state):
    lease(worker, state)
    attempt(worker, 1, "log", "1000")
    began = time.monotonic()
    told = []
    while (message := worker.receive()).name == "LOG":
        told.append(message["text"])
    assert message.name == "DONE"
    took = time.monotonic() - began
    worker.send("SHUTDOWN")
    while (message := worker.receive()).name == "LOG":
        told.append(message["text"])
    assert message.name == "BYE"
    # A hundred a second; after them how many were left out, so that none goes unmentioned.
    left_out = [int(text.split()[0]) for text in told if "were too many and left out" in text]
    lines = len(told) - len(left_out)
    assert lines + sum(left_out) == 1000
    assert 100 <= lines <= 100 * (2 + int(took))


def test_secrets_are_forgotten(worker, state):
    secret = "Zu6Xq0v-not-in-any-binary-9Kp3"
    lease(worker, state, profile="none", secrets={"key": secret})
    attempt(worker, 1, "secret")
    assert worker.expect("DONE")["counts"]["value"] == len(secret)
    attempt(worker, 2, "find_in_memory", secret[::-1])
    counts = worker.expect("DONE", timeout=60)["counts"]
    assert counts["mappings"] > 2
    assert counts["value"] == 0


def test_what_is_no_secret_is_found(worker, state):
    """The search of the test above finds what is there."""
    setting = "Yt5Wp9u-not-in-any-binary-8Jn2"
    lease(worker, state, profile="none", settings={"other": setting})
    attempt(worker, 1, "find_in_memory", setting[::-1])
    assert worker.expect("DONE", timeout=60)["counts"]["value"] > 0


if SANITIZED:  # its shadow memory would take hours to search
    test_secrets_are_forgotten = pytest.mark.skip("sanitizers")(test_secrets_are_forgotten)
    test_what_is_no_secret_is_found = pytest.mark.skip("sanitizers")(
        test_what_is_no_secret_is_found
    )


def test_started_by_hand():
    ended = subprocess.run(
        [str(PROBE)], stdin=subprocess.DEVNULL, capture_output=True, text=True, close_fds=True
    )
    assert ended.returncode == EXIT_USAGE
    assert "worker of ebbd" in ended.stderr


# The supervisor's end closes, the supervisor lives on. A worker goes at once; on a busy machine it
# may take as long as this to be seen.
ORPHAN_S = 20.0


def test_channel_closed_before_init(worker):
    worker.close()
    assert worker.wait(ORPHAN_S) == EXIT_ORPHANED


def test_channel_closed_while_idle(worker, state):
    worker.ready(state)
    worker.close()
    assert worker.wait(ORPHAN_S) == EXIT_ORPHANED


@pytest.mark.parametrize("profile", ["none", "parse", "net", "store"])
@pytest.mark.parametrize("name", ["spin", "sleep", "work"])
def test_channel_closed_in_a_unit(worker, state, profile, name):
    lease(worker, state, profile=profile)
    attempt(worker, 1, name)
    worker.expect("PROGRESS")
    worker.close()
    assert worker.wait(ORPHAN_S) == EXIT_ORPHANED


def test_shutdown_and_close_at_once_is_no_orphan(worker, state):
    worker.ready(state)
    worker.send("SHUTDOWN")
    worker.socket.shutdown(socket.SHUT_WR)
    worker.expect("BYE")
    assert worker.wait() == EXIT_OK


# The supervisor is killed; something else keeps its end of the channel open, so that nothing but
# the kernel can tell the worker.


def start_under_a_parent(state, profile, name):
    """Forks a parent that starts a worker and runs a unit. Returns the parent's pid, the worker's,
    and a descriptor that keeps the channel open."""
    pid_read, pid_write = os.pipe()
    keep_ours, keep_theirs = socket.socketpair()
    parent = os.fork()
    if parent == 0:
        try:
            worker = Worker(PROBE)
            socket.send_fds(keep_theirs, [b"x"], [worker.socket.fileno()])
            lease(worker, state, profile=profile)
            attempt(worker, 1, name)
            worker.expect("PROGRESS")
            os.write(pid_write, struct.pack("i", worker.pid))
            signal.pause()
        finally:
            os._exit(1)
    os.close(pid_write)
    keep_theirs.close()
    _, fds, _, _ = socket.recv_fds(keep_ours, 1, 1)
    data = os.read(pid_read, 4)
    os.close(pid_read)
    keep_ours.close()
    assert len(data) == 4, "the worker did not come to its unit"
    return parent, struct.unpack("i", data)[0], fds[0]


@pytest.mark.parametrize("profile", ["none", "parse", "net", "store"])
@pytest.mark.parametrize("name", ["spin", "sleep"])
def test_the_supervisor_is_killed(state, profile, name):
    parent, worker, kept = start_under_a_parent(state, profile, name)
    watch = os.pidfd_open(worker)
    try:
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        ended, _, _ = select.select([watch], [], [], ORPHAN_S)
        assert ended, "the worker outlives its supervisor"
    finally:
        try:
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)  # it is ours where this process is a subreaper
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(watch)
        os.close(kept)


def test_no_message_within_a_time_is_an_error(worker):
    with pytest.raises(Timeout):
        worker.receive(timeout=0.05)
