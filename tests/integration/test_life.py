# SPDX-License-Identifier: AGPL-3.0-or-later
"""ebbd's own life: started, configured again, drained, stopped, alone on its state, and what it
tells systemd."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import pytest

import daemon
from daemon import EBBD, Refused, patience, resident_bytes, wait_until
from documents import pdf
from fakes import DOCUMENT, SERIAL, fake, lost, pages_in_library, verdicts, write_script


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script"
    write_script(path, "pages=4 unit=1")
    return path


def ebbd_says(*arguments):
    """Exit code and standard error of an ebbd that is not to serve."""
    done = subprocess.run(
        [str(EBBD), *map(str, arguments)], capture_output=True, text=True, timeout=patience(10),
        check=False,
    )
    return done.returncode, done.stderr


# --- start ---


def test_ready_says_so(make_ebbd):
    ebbd = make_ebbd()
    status = ebbd.status()
    assert (status["state"], status["pid"]) == ("running", ebbd.pid)
    assert status["state_folder"] == str(ebbd.state)
    assert 0 < status["ready_us"] < patience(5) * 1_000_000
    assert status["jobs"] == dict.fromkeys(
        ("pending", "processing", "completed", "failed", "cancelled", "interrupted"), 0
    )
    assert os.stat(ebbd.state / "jobs").st_mode & 0o777 == 0o700
    assert os.stat(ebbd.state / "incoming").st_mode & 0o007 == 0


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--no-such-option"], "--no-such-option"),
        (["operand"], "operand"),
        (["--set", "nonsense"], "section.key=value"),
        (["--set", "limits.activ_jobs=1"], "did you mean active_jobs"),
        (["--set", "limits.active_jobs=many"], "active_jobs"),
        (["--set", "class.pdf.lifetime=service"], "class.pdf"),
        (["--set", "class.extra.executable=x", "--set", "class.extra.lifetime=fresh"], "service"),
        (["--config", "/nowhere/ebb.conf"], "/nowhere/ebb.conf"),
    ],
)
def test_what_it_does_not_start_with(tmp_path, arguments, text):
    if not EBBD.exists():
        pytest.skip(f"{EBBD} has not been built")
    code, said = ebbd_says("--state", tmp_path / "state", "--socket", tmp_path / "s", *arguments)
    assert code == 2
    assert text in said
    assert not (tmp_path / "state").exists()


def test_a_second_one_on_the_same_state(make_ebbd):
    ebbd = make_ebbd()
    code, said = ebbd_says("--state", ebbd.state, "--socket", ebbd.folder / "other")
    assert code == 3
    assert "another ebbd" in said and str(ebbd.pid) in said
    assert not (ebbd.folder / "other").exists()
    assert ebbd.status()["state"] == "running"


def test_a_second_one_on_the_same_socket(make_ebbd):
    ebbd = make_ebbd()
    code, said = ebbd_says("--state", ebbd.folder / "other", "--socket", ebbd.socket_path)
    assert code == 3
    assert "another ebbd answers" in said
    assert ebbd.status()["state"] == "running"


def test_a_stale_socket_is_replaced(make_ebbd):
    ebbd = make_ebbd()
    ebbd.kill9()
    assert ebbd.socket_path.exists()
    ebbd.start()
    assert ebbd.status()["state"] == "running"


def test_a_file_in_the_sockets_place_is_not_touched(make_ebbd):
    ebbd = make_ebbd(start=False)
    ebbd.socket_path.write_text("somebody's")
    code, said = ebbd_says("--state", ebbd.state, "--socket", ebbd.socket_path)
    assert code == 1
    assert str(ebbd.socket_path) in said
    assert ebbd.socket_path.read_text() == "somebody's"


def test_a_newer_state_is_not_touched(make_ebbd):
    ebbd = make_ebbd()
    ebbd.stop()
    with sqlite3.connect(ebbd.state / "state.db") as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    code, said = ebbd_says("--state", ebbd.state, "--socket", ebbd.socket_path)
    assert code == 1
    assert "state.db" in said


def test_a_damaged_state_is_not_touched(make_ebbd):
    ebbd = make_ebbd()
    ebbd.stop()
    before = b"SQLite format 3\0" + b"no database" * 1000
    (ebbd.state / "state.db").write_bytes(before)
    code, said = ebbd_says("--state", ebbd.state, "--socket", ebbd.socket_path)
    assert code == 1
    assert "state.db" in said
    assert (ebbd.state / "state.db").read_bytes() == before


def test_private_ends_with_the_one_that_started_it(make_ebbd):
    ebbd = make_ebbd(start=False)
    line = [*ebbd.command(), "--private", "--set", "ebb.log_level=info"]
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with open(ebbd.log_path, "wb") as log:
        parent = subprocess.Popen(
            [sys.executable, "-c", program, *line], stdout=subprocess.PIPE, stderr=log
        )
    child = int(parent.stdout.readline())
    wait_until("it serves", ebbd.socket_path.exists)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until("it has ended", lambda: child not in daemon.reap_strays())
    assert "stopped" in ebbd.log()
    assert not ebbd.socket_path.exists()


# --- reload ---


def classes_max(ebbd):
    return ebbd.classes()["pdf"]["max"]


@pytest.mark.parametrize("how", ["request", "SIGHUP"])
def test_reload(make_ebbd, how):
    ebbd = make_ebbd({"class.pdf.spare": 0}, config="[class.pdf]\nmax = 3\n")
    assert classes_max(ebbd) == 3
    ebbd.config_path.write_text("[class.pdf]\nmax = 5\n[limits]\nclients = 7\n")
    if how == "request":
        changed = ebbd.call("RELOAD")["changed"]
        assert sorted(changed) == ["class.pdf.max", "limits.clients"]
    else:
        ebbd.kill(signal.SIGHUP)
    wait_until("it is in force", lambda: classes_max(ebbd) == 5)
    wait_until("it is told", lambda: ebbd.events("daemon.reloaded"))
    assert len(ebbd.events("daemon.reloaded")) == 1
    clients = [ebbd.client() for _ in range(7)]
    wait_until("seven", lambda: ebbd.status()["clients"] == 7)
    assert clients[-1].receive(patience(5)) is None


@pytest.mark.parametrize("how", ["request", "SIGHUP"])
def test_reload_of_a_bad_configuration_keeps_the_old(make_ebbd, how):
    ebbd = make_ebbd({"class.pdf.spare": 0}, config="[class.pdf]\nmax = 3\n")
    ebbd.config_path.write_text("[class.pdf]\nmax = 4\nspair = 1\n")
    if how == "request":
        with pytest.raises(Refused) as error:
            ebbd.call("RELOAD")
        assert error.value.code == "invalid"
        said = error.value.text
    else:
        ebbd.allow("reload: ")
        ebbd.kill(signal.SIGHUP)
        wait_until("it is told", lambda: "reload: " in ebbd.log())
        said = ebbd.log()
    assert f"{ebbd.config_path}:3" in said
    assert "did you mean spare" in said
    assert classes_max(ebbd) == 3
    assert ebbd.events("daemon.reloaded") == []
    # A missing file is a bad one too.
    ebbd.config_path.unlink()
    with pytest.raises(Refused):
        ebbd.call("RELOAD")
    assert classes_max(ebbd) == 3


def test_reload_in_the_middle_of_work(make_ebbd, script):
    write_script(script, "pages=12 unit=1 page_ms=50")
    ebbd = make_ebbd({**fake(script), "limits.cpu_slots": 2}, config="[memory]\nsample = 1s\n")
    job = ebbd.submit(DOCUMENT)
    for number in range(20):
        ebbd.config_path.write_text(f"[memory]\nsample = {100 + number}ms\n")
        assert ebbd.call("RELOAD")["changed"] == ["memory.sample"]
    assert lost(ebbd.completed(job)) == []
    assert verdicts(ebbd.receipts(job)).keys() == {"done"}


def test_reloads_do_not_add_up(make_ebbd):
    ebbd = make_ebbd({"ebb.log_level": "notice"})
    for number in range(600):
        ebbd.call("RELOAD")
        if number == 99:
            before = resident_bytes(ebbd.pid)
    if not daemon.SANITIZED:
        assert resident_bytes(ebbd.pid) - before <= 256 << 10


# --- drain and stop ---


def in_page(ebbd, page):
    wait_until(
        f"page {page} is in work", lambda: [row for row in ebbd.workers() if row["item"] == page]
    )


@pytest.mark.parametrize("how", ["DRAIN", "SIGTERM", "SIGINT"])
def test_drain_lets_units_end_and_the_next_start_go_on(make_ebbd, script, how):
    write_script(script, "pages=4 unit=1", "on=item item=2 action=sleep ms=3000")
    ebbd = make_ebbd({**SERIAL, **fake(script)})
    job = ebbd.submit(DOCUMENT)
    waiting = ebbd.submit(DOCUMENT + b" again")
    in_page(ebbd, 2)
    if how == "DRAIN":
        assert ebbd.call("DRAIN") == {"state": "draining"}
        assert ebbd.call("DRAIN") == {"state": "draining"}  # once more changes nothing
        assert ebbd.status()["state"] == "draining"
        with pytest.raises(Refused) as error:
            ebbd.submit(DOCUMENT)
        assert error.value.code == "draining"
        with pytest.raises(Refused) as error:
            ebbd.call("QUERY", kind="digest")
        assert error.value.code == "draining"
        code = ebbd.process.wait(patience(10))
        ebbd.end()
    else:
        code = ebbd.end(getattr(signal, how))
    assert code == 0
    assert not daemon.reap_strays()
    write_script(script, "pages=4 unit=1")
    ebbd.start()
    for name in (job, waiting):
        row = ebbd.completed(name)
        assert lost(row) == []
        assert pages_in_library(ebbd, row) == [1, 2, 3, 4]
    # Nothing that had ended ran again: one unit each for page 1 and 2 of the first job.
    receipts = ebbd.receipts(job)
    assert verdicts(receipts) == {"done": len(receipts)}
    assert sum(row["units"] for row in receipts if row["stage"] == "extract") == 4
    kinds = [event["kind"] for event in ebbd.events(job=job)]
    assert kinds.count("job.interrupted") == 1
    assert kinds.count("job.started") == 2


def test_what_does_not_end_in_time_runs_again(make_ebbd, script):
    write_script(script, "pages=2 unit=1", "on=item item=2 action=deaf")
    ebbd = make_ebbd({
        **SERIAL, **fake(script, item_deadline="1h"), "limits.drain_timeout": "200ms",
    })
    job = ebbd.submit(DOCUMENT)
    in_page(ebbd, 2)
    assert ebbd.end() == 0
    assert not daemon.reap_strays()
    write_script(script, "pages=2 unit=1")
    ebbd.start()
    row = ebbd.completed(job)
    assert lost(row) == []
    counts = verdicts(ebbd.receipts(job))
    assert counts.pop("cancelled") == 1
    assert set(counts) == {"done"}


def test_an_idle_one_stops_at_once(make_ebbd):
    ebbd = make_ebbd({"limits.shutdown_grace": "10min", "limits.drain_timeout": "10min"})
    wait_until("the spare is ready", lambda: ebbd.workers("pdf"))
    ebbd.stop()  # which waits for some seconds, and not for minutes


@pytest.mark.parametrize("how", ["action=hang", "action=deaf", "action=spin"])
def test_idle_workers_that_do_not_go_are_killed(make_ebbd, script, how):
    write_script(script, f"on=end {how}")
    ebbd = make_ebbd({
        **fake(script, spare=2), "limits.shutdown_grace": "200ms", "limits.drain_timeout": "10min",
    })
    wait_until("the spares are ready", lambda: len(ebbd.workers("pdf")) == 2)
    ebbd.stop()


def test_drain_before_workers_are_ready(make_ebbd, script):
    write_script(script, "init_ms=400", "pages=1")
    ebbd = make_ebbd({**fake(script, spare=1)})
    job = ebbd.submit(DOCUMENT)
    ebbd.stop()
    ebbd.start()
    assert lost(ebbd.completed(job)) == []


def test_drain_with_a_delete_under_way(make_ebbd, script, tmp_path):
    """The library is busy, the deletion waits for it: that must not keep ebbd from ending."""
    shelf = tmp_path / "shelf"
    write_script(shelf, "")
    ebbd = make_ebbd({**SERIAL, **fake(script), **fake(shelf, "library")})
    job = ebbd.submit(DOCUMENT)
    ebbd.completed(job)
    write_script(shelf, "on=run step=query action=sleep ms=2000")
    (old,) = wait_until("the library is idle", lambda: [
        row for row in ebbd.workers("library") if row["state"] == "leased"
    ])
    os.kill(old["pid"], signal.SIGKILL)  # the next one reads the script
    wait_until("it has gone", lambda: old["pid"] not in [row["pid"] for row in ebbd.workers()])
    client = ebbd.client()
    client.request("QUERY", kind="digest")
    client.request("DELETE", job=job)
    wait_until("the query runs", lambda: [
        row for row in ebbd.workers("library") if row["state"] == "busy"
    ])
    assert ebbd.end(timeout=10.0) == 0


def test_a_failed_survey_is_not_forgotten(make_ebbd, script):
    """ebbd is killed when the survey has failed the job, but its worker has not gone yet."""
    fails = "on=run stage=survey action=fail code=zero_pages retryable=0"
    write_script(script, fails, "on=end action=deaf")
    ebbd = make_ebbd({**SERIAL, **fake(script), "limits.shutdown_grace": "10min"})
    job = ebbd.submit(DOCUMENT)
    wait_until("the survey has failed", lambda: ebbd.events("unit.failed"))
    assert ebbd.job(job)["status"] == "processing"
    ebbd.kill9()
    write_script(script, fails)
    ebbd.start()
    row = ebbd.ended(job)
    assert (row["status"], row["error"]["code"]) == ("failed", "zero_pages")


def test_too_many_lost_pages_are_not_forgotten(make_ebbd, script, tmp_path):
    """The same when most pages were lost, and only the conclusion is left to be done."""
    shelf = tmp_path / "shelf"
    write_script(script, "pages=4 unit=1", *[f"on=item item={n} action=segv" for n in (1, 2, 3)])
    write_script(shelf, "on=run stage=finish action=sleep ms=20000")
    ebbd = make_ebbd({**SERIAL, **fake(script), **fake(shelf, "library")})
    job = ebbd.submit(DOCUMENT)
    wait_until("it is being concluded", lambda: [
        row for row in ebbd.workers("library") if row["stage"] == "finish"
    ])
    ebbd.kill9()
    write_script(shelf, "")
    ebbd.start()
    row = ebbd.ended(job)
    assert (row["status"], row["error"]["code"]) == ("failed", "too_many_page_failures")
    assert sorted(lost(row)) == [(1, "crashed"), (2, "crashed"), (3, "crashed")]


def test_a_job_that_was_interrupted_says_so(make_ebbd, script):
    write_script(script, "pages=1", "on=item action=hang")
    ebbd = make_ebbd({**SERIAL, **fake(script)})
    job = ebbd.submit(DOCUMENT)
    in_page(ebbd, 1)
    ebbd.kill9()
    write_script(script, "pages=1")
    ebbd.settings["limits.active_jobs"] = 0  # it only answers
    ebbd.start()
    assert ebbd.job(job)["status"] == "interrupted"
    ebbd.stop()
    ebbd.settings["limits.active_jobs"] = 1
    ebbd.start()
    assert lost(ebbd.completed(job)) == []


def test_a_killed_ebbds_workers_have_receipts_too(make_ebbd, script):
    """One process, one receipt: also for those that it could not wait for."""
    write_script(script, "pages=2 unit=1", "on=item action=hang")
    ebbd = make_ebbd({**fake(script, spare=2), "limits.cpu_slots": 2})
    job = ebbd.submit(DOCUMENT)
    wait_until("two work", lambda: [row["state"] for row in ebbd.workers()].count("busy") == 2)
    alive = set(daemon.children_of(ebbd.pid))
    assert len(alive) >= 2
    wait_until("all is stored", lambda: ebbd.status()["store"]["queued"] == 0)
    ebbd.kill9()
    write_script(script, "pages=2 unit=1")
    ebbd.start()
    known = [row["pid"] for row in ebbd.receipts()]
    assert alive <= set(known) and len(known) == len(set(known))
    row = ebbd.completed(job)
    assert lost(row) == []


# --- systemd ---


class Notified:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.lines = []

    def until(self, start, count=1, timeout=20.0):
        """Waits until count lines with that start have come, whatever else comes."""
        until = time.monotonic() + timeout
        while sum(line.startswith(start) for line in self.lines) < count:
            self.socket.settimeout(max(until - time.monotonic(), 0.001))
            self.lines += self.socket.recv(4096).decode().splitlines()


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(make_ebbd, tmp_path, script, abstract):
    name = f"ebb-test-{os.getpid()}"
    address = f"\0{name}" if abstract else str(tmp_path / "notify")
    notified = Notified(address)
    write_script(script, "pages=1", "on=item action=sleep ms=600")
    ebbd = make_ebbd(
        {**SERIAL, **fake(script)},
        environment={
            "NOTIFY_SOCKET": f"@{name}" if abstract else address,
            "WATCHDOG_USEC": "300000",
        },
    )
    notified.until("READY=1")
    gaps = []
    for count in range(1, 14):
        began = time.monotonic()
        notified.until("WATCHDOG=1", count)
        gaps.append(time.monotonic() - began)
    assert sorted(gaps)[6] < 0.3  # mostly oftener than it has to, however busy the machine is
    ebbd.submit(DOCUMENT)
    notified.until("STATUS=0 jobs")
    notified.until("STATUS=1 jobs")
    ebbd.kill(signal.SIGHUP)
    notified.until("RELOADING=1")
    notified.until("MONOTONIC_USEC=")
    notified.until("READY=1", 2)
    assert "STOPPING=1" not in notified.lines
    ebbd.kill(signal.SIGTERM)
    notified.until("STOPPING=1")
    assert ebbd.end() == 0
    assert notified.lines.count("READY=1") == 2


def test_another_process_is_watched_not_this_one(make_ebbd, tmp_path):
    notified = Notified(str(tmp_path / "notify"))
    make_ebbd(environment={
        "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1",
    })
    notified.until("READY=1")
    with pytest.raises(socket.timeout):
        notified.until("WATCHDOG=1", timeout=0.5)


def test_a_notify_socket_that_nobody_reads_is_no_harm(make_ebbd, tmp_path):
    notified = Notified(str(tmp_path / "notify"))
    notified.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    ebbd = make_ebbd(environment={
        "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "60000",
    })
    time.sleep(0.5)
    assert ebbd.status()["state"] == "running"
    assert lost(ebbd.completed(ebbd.submit(pdf(3)))) == []
