# SPDX-License-Identifier: AGPL-3.0-or-later
"""ebb-fake itself: that its work is valid and its faults are what its README says, since the tests
of the supervisor believe it."""

import json
import os
import select
import signal
import struct
import time

import msgpack
import pytest

import daemon
import ebbproto
from ebbproto import (
    EXIT_INIT,
    EXIT_OK,
    EXIT_ORPHANED,
    PATIENCE_S,
    TEST_WORKERS,
    Timeout,
    WORKERS,
    Worker,
)

FAKE = TEST_WORKERS / "ebb-fake"
LIBRARY = WORKERS / "ebb-library"
JOB = "00000000-0000-7000-8000-00000000000a"

needs_plain_memory = pytest.mark.skipif(
    ebbproto.sanitized(FAKE), reason="a sanitizer's allocator keeps what is freed"
)

pytestmark = pytest.mark.skipif(not FAKE.exists(), reason=f"{FAKE} has not been built")


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "jobs" / JOB
    folder.mkdir(parents=True)
    (folder / "source").write_bytes(b"a document")
    return tmp_path


def start(state, script="", executable=FAKE, **changes):
    (state / "script").write_text(script)
    worker = Worker(executable)
    fields = {"profile": "none", "settings": {"script": str(state / "script")}, **changes}
    worker.init(state, **fields)
    return worker


def leased(state, script="", **changes):
    worker = start(state, script, **changes)
    worker.expect("READY")
    worker.lease(JOB, state / "jobs" / JOB)
    return worker


def shut_down(worker):
    worker.send("SHUTDOWN")
    worker.expect("BYE")
    assert worker.wait() == EXIT_OK


def extract(worker, run_id=1, first=1, last=4, **changes):
    worker.run(run_id, first=first, last=last, artifact=f"extract-{first}-{last}.ebb", **changes)


def said(message):
    """What it says but for what it cost."""
    return {key: value for key, value in message.fields.items() if key != "peak_rss_bytes"}


def bytes_that_come(worker, least):
    """What comes past the frames that were taken already: so many bytes at least, and no more within
    a moment."""
    data = worker.frames.pending
    try:
        while True:
            worker.socket.settimeout(PATIENCE_S if len(data) < least else 0.1)
            piece = worker.socket.recv(65536)
            if not piece:
                break
            data += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return data


def test_survey_plans_extract(state):
    with leased(state, "pages=40 unit=16") as worker:
        worker.run(1, stage="survey", artifact="survey.ebb")
        done = worker.expect("DONE")
        assert done["units"] == [
            ["extract", 1, 16, 0],
            ["extract", 17, 32, 0],
            ["extract", 33, 40, 0],
        ]
        assert done["counts"] == {"pages": 40}
        shut_down(worker)
    assert (state / "jobs" / JOB / "survey.ebb").stat().st_size > 0


def test_extract_tells_its_progress(state):
    with leased(state) as worker:
        extract(worker, first=5, last=7)
        told = []
        while (message := worker.receive()).name == "PROGRESS":
            told.append((message["item"], message["items_done"]))
        assert told == [(5, 0), (6, 1), (7, 2)]
        assert message["counts"] == {"pages_read": 3}


def test_everything_else_is_done(state):
    with leased(state, lifetime="pool") as worker:
        worker.run(1, stage="extract", step="persist", artifact="extract.ebb")
        assert said(worker.expect("DONE")) == {}
        worker.run(2, stage="finish")
        assert said(worker.expect("DONE")) == {}
        worker.run(3, stage="documents", step="query", answer=str(state / "answer"))
        worker.expect("DONE")
        assert msgpack.unpackb((state / "answer").read_bytes()) == {}
        shut_down(worker)


def test_a_service_waits(state):
    with start(state, lifetime="service") as worker:
        worker.expect("READY")
        with pytest.raises(Timeout):
            worker.receive(timeout=0.1)
        shut_down(worker)


@pytest.mark.skipif(not LIBRARY.exists(), reason=f"{LIBRARY} has not been built")
def test_the_real_library_takes_its_work(state):
    for name in ("library", "answers"):
        (state / name).mkdir()
    with leased(state, "pages=6 unit=3 page_bytes=300") as worker:
        worker.run(1, stage="survey", artifact="survey.ebb")
        planned = worker.expect("DONE")["units"]
        for run_id, (stage, first, last, size) in enumerate(planned, 2):
            extract(worker, run_id, first, last)
            worker.expect("DONE")
    with Worker(LIBRARY) as library:
        library.ready(state, profile="store", lifetime="pool")
        library.lease(JOB, state / "jobs" / JOB)
        library.run(1, stage="survey", step="persist", artifact="survey.ebb")
        document = library.expect("DONE")["document"]
        for run_id, (stage, first, last, size) in enumerate(planned, 2):
            library.run(
                run_id,
                step="persist",
                first=first,
                last=last,
                artifact=f"extract-{first}-{last}.ebb",
            )
            assert library.expect("DONE")["counts"]["pages"] == 3
        library.run(9, stage="finish")
        assert library.expect("DONE")["counts"]["pages"] == 6
        answer = state / "answers" / "1"
        library.run(
            10,
            stage="show",
            step="query",
            answer=str(answer),
            params={"kind": "show", "document": document, "format": "text"},
        )
        library.expect("DONE")
        text = answer.read_text()
        assert "Page 1 of " in text and "Page 6 of " in text
        shut_down(library)


@pytest.mark.parametrize(
    "script, text",
    [
        ("on=run action=segfault", "segfault"),
        ("on=sometimes action=segv", "sometimes"),
        ("pages=many", "many"),
        ("colour=red", "colour"),
        ("on=ready action=fail", "fail"),
        ("pages=1\n\n# so far\non=run action", "script:4"),
    ],
)
def test_a_slip_in_the_script_is_an_error(state, script, text):
    with start(state, script) as worker:
        assert text in worker.expect("LOG", skip=())["text"]
        worker.expect("BYE")
        assert worker.wait() == EXIT_INIT


def go_through(worker, state, moment):
    """A whole life up to the moment, with all that may be said ahead. Returns what came back."""
    seen = []
    try:
        worker.lease(JOB, state / "jobs" / JOB)
        extract(worker)
        if moment == "end":
            while not seen or seen[-1] != "DONE":
                seen.append(worker.receive().name)
            worker.send("SHUTDOWN")
    except BrokenPipeError:
        pass  # it ended before
    return seen


@pytest.mark.parametrize(
    "action, code",
    [
        ("segv", -signal.SIGSEGV),
        ("abort", -signal.SIGABRT),
        ("kill9", -signal.SIGKILL),
        ("exit", 0),
        ("exit exit=7", 7),
    ],
)
@pytest.mark.parametrize("moment", ["init", "ready", "lease", "run", "item", "done", "end"])
def test_ends_without_bye(state, moment, action, code):
    with start(state, f"on={moment} action={action}") as worker:
        seen = go_through(worker, state, moment)
        while message := worker.receive():
            seen.append(message.name)
        assert worker.wait() == code
    assert "BYE" not in seen
    assert ("READY" in seen) == (moment != "init")
    assert ("DONE" in seen) == (moment in ("done", "end"))


@pytest.mark.parametrize("action", ["hang", "spin", "deaf"])
@pytest.mark.parametrize("moment", ["init", "ready", "lease", "run", "item", "end"])
def test_does_not_go_when_told(state, moment, action):
    script = f"on={moment} action=stderr count=1\non={moment} action={action}"
    with start(state, script) as worker:
        go_through(worker, state, moment)
        assert select.select([worker.log_fd], [], [], PATIENCE_S)[0]  # it is there
        if moment != "end":
            worker.send("SHUTDOWN")
        with pytest.raises(Timeout):
            until = time.monotonic() + 0.15
            while True:
                assert worker.receive(max(0, until - time.monotonic())) is not None
        worker.process.terminate()
        with pytest.raises(Exception, match="timed out"):
            worker.process.wait(0.05)
        worker.close()  # deaf goes on all the same
        if action == "deaf":
            with pytest.raises(Exception, match="timed out"):
                worker.process.wait(0.1)
        else:
            assert worker.wait() == EXIT_ORPHANED


def test_conditions(state):
    script = """
on=run stage=survey action=add counts=survey:1
on=run step=persist action=add counts=persist:1
on=run first=3 last=4 action=add counts=range:1
on=run covers=4 action=add counts=covers:1
on=run attempt=2 action=add counts=second_attempt:1
on=run nth=2 action=add counts=second_unit:1
on=run class=other action=add counts=other_class:1
on=item item=4 action=add counts=item:1
"""
    with leased(state, script) as worker:
        extract(worker, 1, 3, 4)
        assert worker.expect("DONE")["counts"] == {
            "range": 1, "covers": 1, "item": 1, "pages_read": 2,
        }
        extract(worker, 2, 3, 5, attempt=2)
        assert worker.expect("DONE")["counts"] == {
            "covers": 1, "item": 1, "second_attempt": 1, "second_unit": 1, "pages_read": 3,
        }
        worker.run(3, stage="other", step="persist", first=9, last=9)
        assert worker.expect("DONE")["counts"] == {"persist": 1}


def test_once(state):
    script = f"on=run once={state}/marker action=exit exit=3"
    with leased(state, script) as worker:
        extract(worker)
        assert worker.wait() == 3
    with leased(state, script) as worker:
        extract(worker)
        worker.expect("DONE")


def test_results(state):
    script = """
on=run first=1 action=fail code=not_a_document retryable=0 text=why
on=run first=2 action=done counts=a:1,b:2 units=ocr:4-5,ocr:6:8700 failures=2:crashed:signal_11,3:x warnings=w
"""
    with leased(state, script) as worker:
        extract(worker, 1, 1, 1)
        failed = worker.expect("FAILED")
        assert said(failed) == {"code": "not_a_document", "retryable": False, "text": "why"}
        extract(worker, 2, 2, 3)
        assert said(worker.expect("DONE")) == {
            "counts": {"a": 1, "b": 2},
            "units": [["ocr", 4, 5, 0], ["ocr", 6, 6, 8700]],
            "failures": [[2, "crashed", "signal 11"], [3, "x", ""]],
            "warnings": ["w"],
        }


@needs_plain_memory
@pytest.mark.parametrize("action", ["eat", "leak"])
def test_memory(state, action):
    with leased(state, f"on=run action={action} mib=40", lifetime="pool") as worker:
        for run_id in (1, 2, 3):
            extract(worker, run_id)
            worker.expect("DONE")
        worker.send("SHUTDOWN")
        peak = worker.expect("BYE")["peak_rss_bytes"] >> 20
        assert peak > (120 if action == "leak" else 40)
        if action == "eat":
            assert peak < 100


@needs_plain_memory
def test_more_memory_than_there_is(state):
    with leased(state, "on=run action=eat mib=999999999", memory_max_bytes=64 << 20) as worker:
        extract(worker)
        assert worker.expect("FAILED")["code"] == "memory_exceeded"


@pytest.mark.parametrize(
    "action, expected",
    [
        ("header", struct.pack(">I", 0x7FFFFFFF)),
        ("header bytes=0", struct.pack(">I", 0)),
        ("unknown", struct.pack(">I", 4) + b"\x93\x63\x00\x80"),
    ],
)
def test_bytes_that_are_no_frame(state, action, expected):
    with leased(state, f"on=run action={action}\non=run action=hang") as worker:
        extract(worker)
        assert bytes_that_come(worker, len(expected)) == expected


@pytest.mark.parametrize("action, size", [("garbage bytes=10", 14), ("noise bytes=10", 10)])
def test_noise(state, action, size):
    with leased(state, f"on=run action={action}\non=run action=hang") as worker:
        extract(worker)
        assert len(bytes_that_come(worker, size)) == size


def test_half_a_frame(state):
    for action, ends in (("truncated exit=5", True), ("half", False)):
        with leased(state, f"on=run action={action}") as worker:
            extract(worker)
            data = bytes_that_come(worker, 5)
            assert 4 < len(data) < 4 + struct.unpack(">I", data[:4])[0]
            if ends:
                assert worker.wait() == 5
            else:
                assert worker.process.poll() is None


def test_a_slow_frame_is_a_frame(state):
    with leased(state, "on=run action=slow ms=1") as worker:
        extract(worker)
        assert worker.expect("LOG", skip=())["level"] == 7
        worker.expect("DONE")


@pytest.mark.parametrize(
    "name", ["READY", "PROGRESS", "DONE", "FAILED", "LOG", "BYE", "SHUTDOWN", "STATUS"]
)
def test_says_it_at_the_wrong_time(state, name):
    with start(state, f"on=ready action=say text={name} number=77") as worker:
        worker.expect("READY")
        assert worker.expect(name, skip=()).id == 77
        shut_down(worker)


def test_done_of_another_unit(state):
    with leased(state, "on=run action=say text=DONE number=999999") as worker:
        extract(worker, 5)
        assert worker.expect("DONE").id == 999999


def test_closes_its_channel_and_lives_on(state):
    with leased(state, "on=run action=close") as worker:
        extract(worker)
        assert worker.receive() is None
        with pytest.raises(Exception, match="timed out"):
            worker.process.wait(0.1)


def test_floods(state):
    script = "on=run action=log count=500\non=run action=stderr count=50"
    with leased(state, script) as worker:
        extract(worker)
        for _ in range(500):
            worker.expect("LOG", skip=())
        worker.expect("DONE")
        shut_down(worker)
        assert worker.log_text().count("\n") == 50


def grandchild():
    """The process that a worker left behind, which became ours."""
    (pid,) = daemon.wait_until("the grandchild is ours", lambda: list(daemon.reap_strays()))
    return pid


@pytest.mark.parametrize("keep_channel", [0, 1])
def test_daemonise(state, keep_channel):
    """The grandchild outlives the worker; with the channel kept, its end is not seen until then."""
    script = f"on=run action=daemonise ms=600000 keep_channel={keep_channel}"
    with leased(state, script) as worker:
        extract(worker)
        worker.expect("DONE")
        shut_down(worker)
        left = grandchild()
        try:
            if keep_channel:
                with pytest.raises(Timeout):
                    worker.receive(timeout=0.2)
            else:
                assert worker.receive() is None
        finally:
            os.kill(left, signal.SIGKILL)
        assert worker.receive() is None
        daemon.wait_until("nobody is left", lambda: not daemon.reap_strays())


def test_daemonise_is_refused_in_the_sandbox(state):
    with leased(state, "on=run action=daemonise", profile="parse") as worker:
        extract(worker)
        worker.expect("DONE")
        shut_down(worker)
        assert worker.receive() is None
        assert "fork" in worker.log_text()


def test_slow_start(state):
    begin = time.monotonic()
    with start(state, "init_ms=200") as worker:
        worker.expect("READY")
        assert time.monotonic() - begin >= 0.2


def test_ordinary_pages_are_the_same_in_every_run(state):
    names = []
    for attempt in (1, 2):
        with leased(state, "page_bytes=500") as worker:
            worker.run(1, first=1, last=9, artifact=f"{attempt}.ebb", attempt=attempt)
            worker.expect("DONE")
            names.append(state / "jobs" / JOB / f"{attempt}.ebb")
    assert names[0].read_bytes() == names[1].read_bytes()
    assert os.path.getsize(names[0]) > 9 * 500
