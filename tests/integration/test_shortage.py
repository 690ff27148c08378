# SPDX-License-Identifier: AGPL-3.0-or-later
"""The machine has no processes, no descriptors, no room on the disk left: ebbd waits, says so, and
goes on when there are."""

import errno
import json
import os
import re
import socket
import subprocess
import tempfile

import pytest

import ebbproto
from daemon import EBBD, FAKE, Refused, patience, wait_until
from documents import pdf
from fakes import DOCUMENT, IMPATIENT, SERIAL, fake, lost, pages_in_library, verdicts, write_script

PAGES = 4
NOBODY = 65534


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def set_limit(ebbd, name, soft, user=None):
    """A limit of the running ebbd, set by its own user; soft "": as high as it may be."""
    hard = subprocess.run(
        ["prlimit", "--noheadings", "--raw", "--output=HARD", f"--{name}", f"--pid={ebbd.pid}"],
        preexec_fn=user, check=True, capture_output=True, text=True,
    ).stdout.strip()
    subprocess.run(
        ["prlimit", f"--{name}={soft or hard}:", f"--pid={ebbd.pid}"], preexec_fn=user, check=True
    )


def alerts(ebbd):
    return {alert["kind"]: alert["text"] for alert in ebbd.status()["alerts"]}


# --- processes ---


def nobody_may_run(path):
    """Whether a user without rights may execute what is under test."""

    try:
        done = subprocess.run(
            [path, "--version"], preexec_fn=become_nobody, stdout=subprocess.DEVNULL, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture
def limited(make_ebbd, tmp_path):
    """An ebbd whose processes RLIMIT_NPROC counts: not root's, which nothing limits."""
    script = tmp_path / "script"
    write_script(script, f"pages={PAGES} unit={PAGES}")
    settings = {**SERIAL, **IMPATIENT, **fake(script), "limits.backoff_max": "100ms"}
    if os.geteuid() != 0:
        return make_ebbd(settings)
    if not nobody_may_run(EBBD) or not os.access(FAKE, os.X_OK):
        pytest.skip("user nobody cannot run the programs under test where they are")

    ebbd = make_ebbd(settings, start=False)
    for folder in (ebbd.folder, tmp_path, *tmp_path.parents):
        if folder.is_relative_to(tempfile.gettempdir()) and folder.stat().st_uid == 0:
            folder.chmod(folder.stat().st_mode | 0o055)
    os.chown(ebbd.folder, NOBODY, NOBODY)
    ebbd.start(preexec=become_nobody)
    os.chmod(ebbd.state / "incoming", 0o777)
    return ebbd


def submit_as_nobody(ebbd):
    """incoming/ is nobody's: so is the file."""
    name = ebbd.incoming(DOCUMENT)
    if os.geteuid() == 0:
        os.chown(ebbd.state / "incoming" / name, NOBODY, NOBODY)
    return ebbd.call("SUBMIT", file=name, name="document.pdf")["job_id"]


def test_no_process_can_be_made(limited):
    ebbd = limited
    first = submit_as_nobody(ebbd)
    ebbd.completed(first)
    created = ebbd.classes()["pdf"]["created"]
    user = become_nobody if os.geteuid() == 0 else None
    set_limit(ebbd, "nproc", 1, user)
    job = submit_as_nobody(ebbd)
    wait_until("pdf is throttled", lambda: ebbd.classes()["pdf"]["young_deaths"] >= 3)
    assert "fork" in alerts(ebbd)["class.throttled"]
    assert ebbd.job(job)["status"] == "processing"
    # What needs no new process still works; that no thread can be made either ends nothing.
    assert ebbd.call("DELETE", job=first)["status"] == "deleted"
    assert ebbd.classes()["pdf"]["created"] == created
    set_limit(ebbd, "nproc", "", user)
    row = ebbd.completed(job)
    assert lost(row) == []
    assert verdicts(ebbd.receipts(job)) == {"done": 2}
    assert "class.throttled" not in alerts(ebbd)
    assert len(ebbd.events("class.recovered")) == 1


# --- descriptors ---


@pytest.fixture
def small(make_ebbd, tmp_path):
    script = tmp_path / "script"
    write_script(script, f"pages={PAGES} unit={PAGES}")
    return make_ebbd({**SERIAL, **IMPATIENT, **fake(script), "limits.backoff_max": "100ms"})


def limit_for(ebbd, spare):
    """The RLIMIT_NOFILE with which so many numbers are free."""
    used = {int(name) for name in os.listdir(f"/proc/{ebbd.pid}/fd")}
    limit = 0
    while limit - len([number for number in used if number < limit]) < spare or limit in used:
        limit += 1
    return limit


@pytest.mark.parametrize("spare", range(0, 12))
def test_no_descriptor_is_left(small, spare):
    """With each number of descriptors that are still free, something else is what fails."""
    ebbd = small
    ebbd.completed(ebbd.submit(DOCUMENT))
    names = [ebbd.incoming(DOCUMENT) for _ in range(2)]
    set_limit(ebbd, "nofile", limit_for(ebbd, spare))
    accepted, refused = [], []
    for name in names:
        try:
            reply = ebbd.call("SUBMIT", file=name, name="document.pdf")
            accepted.append(reply["job_id"])
        except Refused as error:
            refused.append(name)
            assert error.code == "internal", error
    # A newcomer is turned away or served, and never left waiting.
    with socket.socket(socket.AF_UNIX) as newcomer:
        newcomer.settimeout(patience(5))
        newcomer.connect(str(ebbd.socket_path))
        try:
            newcomer.sendall(ebbproto.encode("STATUS", 1))
            assert newcomer.recv(1) in (b"", b"\0")
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert ebbd.status()["state"] == "running"
    set_limit(ebbd, "nofile", "")
    # What was refused left nothing behind and can be handed in again.
    for name in refused:
        assert (ebbd.state / "incoming" / name).exists()
        reply = ebbd.call("SUBMIT", file=name, name="document.pdf")
        accepted.append(reply["job_id"])
    for job in accepted:
        row = ebbd.completed(job)
        assert lost(row) == []
        assert pages_in_library(ebbd, row) == list(range(1, PAGES + 1))
    assert len(os.listdir(ebbd.state / "jobs")) == 3
    ebbd.allow("no descriptor is left|Too many open files")


# --- room on the disk ---


@pytest.fixture
def small_disk(make_ebbd, tmp_path, request):
    """An ebbd on a disk of 8 MiB, that resize() gives more room. Its pages are large; with the
    parameter "real", the real pdf worker makes them."""
    settings = {}
    if getattr(request, "param", "fake") == "fake":
        script = tmp_path / "script"
        write_script(script, "pages=160 unit=10 page_bytes=100000")
        settings = fake(script)
    ebbd = make_ebbd({"limits.cpu_slots": 2, **settings}, start=False)

    def mount(options):
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(ebbd.state)],
            capture_output=True, text=True, check=False,
        )

    ebbd.state.mkdir()
    done = mount("size=8m")
    if done.returncode != 0:
        pytest.skip(f"a small tmpfs cannot be mounted: {done.stderr.strip()}")
    ebbd.resize = lambda size: mount(f"remount,size={size}").check_returncode()
    try:
        yield ebbd.start()
        if ebbd.connection:
            ebbd.finish()
    finally:
        if ebbd.process.poll() is None:
            ebbd.end(9)
        subprocess.run(["umount", "-l", str(ebbd.state)], check=True)


def free_bytes(ebbd):
    disk = os.statvfs(ebbd.state)
    return disk.f_bavail * disk.f_frsize


def fill(ebbd):
    """Takes all the room that is left."""

    def full():
        with open(ebbd.state / "ballast", "ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
            except OSError as error:
                assert error.errno == errno.ENOSPC
        return free_bytes(ebbd) == 0

    wait_until("the disk is full", full)  # ebbd may give some back meanwhile


def test_the_disk_gets_full_in_the_middle_of_a_job(small_disk):
    ebbd = small_disk
    job = ebbd.submit(DOCUMENT)
    wait_until("the full disk is told", lambda: "store.full" in alerts(ebbd), 20.0)
    assert not ebbd.status()["store"]["healthy"]
    assert ebbd.job(job)["status"] == "processing"
    assert lost(ebbd.job(job)) == []
    ebbd.resize("1g")
    row = ebbd.completed(job)
    assert lost(row) == []
    assert pages_in_library(ebbd, row) == list(range(1, 161))
    wait_until("the alert is over", lambda: "store.full" not in alerts(ebbd))
    assert ebbd.status()["store"]["healthy"]
    assert ebbd.events("store.full")
    assert ebbd.events("store.recovered")
    assert ebbd.events("unit.retried") == []  # no try was spent on it
    # No half-written artifact is left.
    names = {path.name for path in (ebbd.state / "jobs" / job).iterdir()}
    ranges = [("survey", 1, 1)] + [("extract", page, page + 9) for page in range(1, 161, 10)]
    ranges += [("structure", 1, 1), ("chunk", 1, 1)]
    artifacts = {f"{stage}-{first:08}-{last:08}.ebb" for stage, first, last in ranges}
    embedded = {name for name in names if re.fullmatch(r"embed_text-\d{8}-\d{8}\.ebb", name)}
    assert embedded
    assert names - embedded == {"source"} | artifacts


@pytest.mark.parametrize("small_disk", ["real"], indirect=True)
def test_the_disk_gets_full_under_the_real_worker(small_disk):
    ebbd = small_disk
    job = ebbd.submit(pdf(600))
    wait_until("the full disk is told", lambda: "store.full" in alerts(ebbd), 20.0)
    ebbd.resize("1g")
    row = ebbd.completed(job)
    assert (row["pages"], row["pages_done"], lost(row)) == (600, 600, [])
    assert json.loads(ebbd.query("digest"))["pages"] == 600


def test_a_full_disk_takes_no_job(small_disk):
    ebbd = small_disk
    name = ebbd.incoming(DOCUMENT)
    fill(ebbd)
    with pytest.raises(Refused) as refused:
        for _ in range(100):  # what state.db has to itself may do for a few
            ebbd.call("SUBMIT", file=name, name="document.pdf")
            name = ebbd.incoming(b"")
    assert refused.value.code == "full", refused.value
    assert (ebbd.state / "incoming" / name).exists()
    os.unlink(ebbd.state / "ballast")
    ebbd.resize("1g")
    wait_until("there is room again", lambda: ebbd.status()["store"]["healthy"])
    job = ebbd.call("SUBMIT", file=name, name="document.pdf")["job_id"]
    assert lost(ebbd.completed(job)) == []
