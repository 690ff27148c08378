# SPDX-License-Identifier: AGPL-3.0-or-later
"""The machine has no processes, no descriptors, no room on the disk left: ebbd waits, says so, and
goes on when there are."""

import os
import resource
import socket
import subprocess

import pytest

from daemon import EBBD, FAKE, Refused, seconds, wait_until
from fakes import DOCUMENT, IMPATIENT, SERIAL, fake, lost, pages_in_library, verdicts, write_script

PAGES = 4
NOBODY = 65534


def set_limit(ebbd, which, soft):
    """Of the running ebbd; what it was before."""
    before = resource.prlimit(ebbd.pid, which)
    resource.prlimit(ebbd.pid, which, (soft, before[1]))
    return before


def alerts(ebbd):
    return {alert["kind"]: alert["text"] for alert in ebbd.status()["alerts"]}


# --- processes ---


def nobody_may_run(path):
    """Whether a user without rights may execute what is under test."""

    def become_nobody():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

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

    def become_nobody():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    ebbd = make_ebbd(settings, start=False)
    for folder in (ebbd.folder, tmp_path, tmp_path.parent, tmp_path.parent.parent):
        os.chmod(folder, 0o755)
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
    before = set_limit(ebbd, resource.RLIMIT_NPROC, 1)
    job = submit_as_nobody(ebbd)
    wait_until("pdf is throttled", lambda: ebbd.classes()["pdf"]["young_deaths"] >= 3)
    assert "fork" in alerts(ebbd)["class.throttled"]
    assert ebbd.job(job)["status"] == "processing"
    # What needs no new process still works; that no thread can be made either ends nothing.
    assert ebbd.call("DELETE", job=first)["status"] == "deleted"
    assert ebbd.classes()["pdf"]["created"] == created
    resource.prlimit(ebbd.pid, resource.RLIMIT_NPROC, before)
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


@pytest.mark.parametrize("spare", range(0, 9))
def test_no_descriptor_is_left(small, spare):
    """With each number of descriptors that are still free, something else is what fails."""
    ebbd = small
    ebbd.completed(ebbd.submit(DOCUMENT))
    used = max(int(name) for name in os.listdir(f"/proc/{ebbd.pid}/fd")) + 1
    names = [ebbd.incoming(DOCUMENT) for _ in range(2)]
    before = set_limit(ebbd, resource.RLIMIT_NOFILE, used + spare)
    accepted, refused = [], []
    for name in names:
        try:
            reply = ebbd.call("SUBMIT", file=name, name="document.pdf")
            accepted.append(reply["job_id"])
        except Refused as error:
            refused.append(name)
            assert error.code in ("failed", "internal", "limit", "system"), error
    # A newcomer is turned away or served, and never left waiting.
    with socket.socket(socket.AF_UNIX) as newcomer:
        newcomer.settimeout(seconds(5))
        newcomer.connect(str(ebbd.socket_path))
        with ebbd_answers(newcomer):
            pass
    assert ebbd.status()["state"] == "running"
    resource.prlimit(ebbd.pid, resource.RLIMIT_NOFILE, before)
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


class ebbd_answers:
    """That the other end says or does something within the socket's timeout."""

    def __init__(self, sock):
        self.sock = sock

    def __enter__(self):
        import ebbproto

        try:
            self.sock.sendall(ebbproto.encode("STATUS", 1))
            assert self.sock.recv(1) in (b"", b"\0")
        except (BrokenPipeError, ConnectionResetError):
            pass

    def __exit__(self, *_):
        return False
