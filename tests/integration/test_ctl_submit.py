# SPDX-License-Identifier: AGPL-3.0-or-later
"""`ebb submit` against a control socket that answers as PROTOCOL.md says: what is handed in, how it
is waited for, and what is shown meanwhile."""

import json
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

import ctl_fake
from ctl_fake import (
    Intake,
    JOB,
    JOB_WHOLE,
    STAGE,
    ask,
    ebb_on_terminal,
    event,
    status,
)
from daemon import EBB, patience, wait_until

pytestmark = pytest.mark.skipif(not EBB.exists(), reason=f"{EBB} has not been built")

def test_submit_files_and_folders(serve, tmp_path):
    folder = tmp_path / "folder"
    (folder / "sub" / ".hidden").mkdir(parents=True)
    for name in ("b.PDF", "a.pdf", "notes.txt", ".c.pdf", "sub/d.xps", "sub/.hidden/e.pdf"):
        (folder / name).write_bytes(name.encode())
    (folder / "loop").symlink_to(folder)
    (folder / "linked.pdf").symlink_to("/etc/hostname")
    (tmp_path / "plain").write_bytes(b"any name will do")
    (tmp_path / "empty.pdf").write_bytes(b"")
    intake = Intake(tmp_path / "state")
    server = serve({"STATUS": status(tmp_path / "state"), "SUBMIT": intake})
    result = ask(server, "submit", folder, tmp_path / "plain", tmp_path / "empty.pdf",
                 "--param", "languages=deu+eng", "--priority", "9")  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    names = [line.split("  ")[1] for line in result.stdout.splitlines()]
    assert names == ["a.pdf", "b.PDF", "sub/d.xps", "plain", "empty.pdf"]
    for fields, content, mode in intake.documents.values():
        assert fields["params"] == {"languages": "deu+eng"} and fields["priority"] == 9
        assert mode == 0o640
    assert [content for _, content, _ in intake.documents.values()] == [
        b"a.pdf", b"b.PDF", b"sub/d.xps", b"any name will do", b""]  # fmt: skip
    assert not intake.left()
    result = ask(server, "submit", tmp_path / "plain", "--json")
    assert json.loads(result.stdout)["name"] == "plain"


def test_submit_keeps_a_bounded_number_on_their_way(serve, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(96):
        (folder / f"{number:03}.pdf").write_bytes(os.urandom(1000))
    intake = Intake(tmp_path / "state", hold=32)
    server = serve({"STATUS": status(tmp_path / "state"), "SUBMIT": intake})
    result = ask(server, "submit", folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 96
    assert intake.most_waiting == 32


def test_submit_what_is_refused(serve, tmp_path):
    for name in ("refused.pdf", "good.pdf"):
        (tmp_path / name).write_bytes(b"%PDF-")
    intake = Intake(tmp_path / "state")
    server = serve({"STATUS": status(tmp_path / "state"), "SUBMIT": intake})
    result = ask(server, "submit", tmp_path / "refused.pdf", tmp_path / "good.pdf")
    assert result.returncode == 1
    assert result.stdout.endswith("  good.pdf\n")
    assert "refused.pdf: the queue is full: hand it in again later" in result.stderr
    assert not intake.left(), "the refused copy is removed"


def test_submit_into_a_folder_that_cannot_be_written(serve, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    server = serve({"STATUS": status(tmp_path / "none")})
    result = ask(server, "submit", tmp_path / "a.pdf")
    assert result.returncode == 1
    assert "a.pdf: the daemon's folder" in result.stderr


def test_submit_a_password_from_a_file(serve, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    (tmp_path / "secret").write_text("open sesame\n")
    intake = Intake(tmp_path / "state")
    server = serve({"STATUS": status(tmp_path / "state"), "SUBMIT": intake})
    result = ask(server, "submit", tmp_path / "a.pdf", "--password-file", tmp_path / "secret")
    assert result.returncode == 0
    assert [f["params"] for f, _, _ in intake.documents.values()] == [{"password": "open sesame"}]
    result = ask(server, "submit", tmp_path / "a.pdf", "--password-file", tmp_path / "none")
    assert result.returncode == 2 and "--password-file" in result.stderr


def params_of(serve, tmp_path, *arguments):
    """The parameters of the job that such a command line asks for."""
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    intake = Intake(tmp_path / "state")
    server = serve({"STATUS": status(tmp_path / "state"), "SUBMIT": intake})
    result = ask(server, "submit", tmp_path / "a.pdf", *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return [fields.get("params") for fields, _, _ in intake.documents.values()]


def test_submit_with_options_that_are_parameters(serve, tmp_path):
    assert params_of(
        serve, tmp_path, "--ocr", "force", "-l", "deu+eng", "--password", "pass wörd",
        "--param", "title=Tides"
    ) == [{"title": "Tides", "ocr": "force", "languages": "deu+eng", "password": "pass wörd"}]  # fmt: skip


def test_a_password_does_not_stay_among_the_arguments(serve, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    seen = []

    def look(connection, message):
        pid = struct.unpack("iii", connection.socket.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]  # fmt: skip
        seen.append(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())
        connection.send("REPLY", message.id, data={"job_id": JOB, "status": "pending"})

    (tmp_path / "state" / "incoming").mkdir(parents=True)
    server = serve({"STATUS": status(tmp_path / "state"), "SUBMIT": look})
    result = ask(server, "submit", tmp_path / "a.pdf", "--password", "sesame", "--priority", "6")
    assert (result.returncode, result.stderr) == (0, "")
    assert b"--priority" in seen[0] and b"sesame" not in seen[0]


def test_submit_that_is_interrupted_leaves_no_copy(serve, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    incoming = tmp_path / "state" / "incoming"
    incoming.mkdir(parents=True)
    server = serve({"STATUS": status(tmp_path / "state"), "SUBMIT": None})
    process = subprocess.Popen([EBB, "submit", tmp_path / "a.pdf", "--socket", server.path],
                               env=ctl_fake.environment(), stderr=subprocess.PIPE)  # fmt: skip
    wait_until("it is submitted", lambda: server.named("SUBMIT"))
    assert len(list(incoming.iterdir())) == 1
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=patience(10))[1] == b""
    assert process.returncode == 130
    assert not list(incoming.iterdir())


def test_submit_that_does_not_fit(serve, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-" * 100000)
    incoming = tmp_path / "state" / "incoming"
    incoming.mkdir(parents=True)
    server = serve({"STATUS": status(tmp_path / "state")})
    result = ask(server, "submit", tmp_path / "a.pdf", preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_FSIZE, (100000, 100000)))  # fmt: skip
    assert result.returncode == 1
    assert "a.pdf: copying it: File too large" in result.stderr
    assert not list(incoming.iterdir()) and not server.named("SUBMIT")


def ending(job_data, before=()):
    """SUBMIT that is answered, and then told to have ended."""

    def submit(connection, message):
        connection.send("REPLY", message.id, data={"job_id": JOB, "status": "pending"})
        for one in before:
            connection.send("EVENT", 0, data=one)
        connection.send("EVENT", 0, data=event(f"job.{job_data['status']}"))

    return submit


PROGRESS = event("job.progress", data={
    "progress": 50.0, "stage": "extract", "pages": 12, "workers": 1, "rss_bytes": 8 << 20,
    "budget_bytes": 1 << 30, "stages": [{**STAGE, "status": "processing", "items_done": 6}],
})  # fmt: skip


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"pages_failed_count": 0, "pages_failed": []}, 0),
        ({}, 4),
        ({"status": "failed", "error": {"code": "zero_pages", "text": "no pages"}}, 1),
        ({"status": "cancelled"}, 1),
    ],
)
def test_submit_and_wait(serve, tmp_path, changes, code):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    (tmp_path / "state" / "incoming").mkdir(parents=True)
    job = {**JOB_WHOLE, **changes}
    handlers = {"STATUS": status(tmp_path / "state"), "SUBMIT": ending(job, [PROGRESS]), "JOB": job}
    server = serve(handlers)
    result = ask(server, "submit", "--wait", tmp_path / "a.pdf")
    assert result.returncode == code
    assert result.stdout.startswith(f"{JOB}  {job['status']}")
    assert "ebb: a.pdf: extract: 12 items in 1.5 s, 8.0 pages/s" in result.stderr
    result = ask(serve(handlers), "submit", "--wait", "--json", tmp_path / "a.pdf")
    assert (result.returncode, result.stderr) == (code, "")
    assert json.loads(result.stdout) == job


def test_waiting_does_without_events_that_were_lost(serve, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    (tmp_path / "state" / "incoming").mkdir(parents=True)

    def submit(connection, message):
        connection.send("REPLY", message.id, data={"job_id": JOB, "status": "pending"})
        connection.send("EVENT", 0, data=event("events.lost", job=None, data={"count": 3}))

    server = serve({"STATUS": status(tmp_path / "state"), "SUBMIT": submit, "JOB": JOB_WHOLE})
    assert ask(server, "submit", "--wait", "-q", tmp_path / "a.pdf").returncode == 4


def test_waiting_no_longer_than_asked(serve, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    intake = Intake(tmp_path / "state")
    server = serve({"STATUS": status(tmp_path / "state"), "SUBMIT": intake,
                    "JOB": {**JOB_WHOLE, "status": "processing"}})  # fmt: skip
    started = time.monotonic()
    result = ask(server, "submit", "--wait", "--timeout", "300ms", tmp_path / "a.pdf")
    assert time.monotonic() - started < patience(10)
    assert result.returncode == 1
    assert "1 of 1 jobs are not at their end" in result.stderr


def test_progress_on_a_terminal(serve, tmp_path):
    (tmp_path / "a\x1b[5m.pdf").write_bytes(b"%PDF-")
    (tmp_path / "state" / "incoming").mkdir(parents=True)
    drawn = threading.Event()

    def submit(connection, message):
        connection.send("REPLY", message.id, data={"job_id": JOB, "status": "pending"})
        connection.send("EVENT", 0, data=PROGRESS)
        assert drawn.wait(patience(10))
        connection.send("EVENT", 0, data=event("job.completed"))

    server = serve({"STATUS": status(tmp_path / "state"), "SUBMIT": submit, "JOB": JOB_WHOLE})
    code, output = ebb_on_terminal("submit", "--wait", tmp_path / "a\x1b[5m.pdf", "--socket",
                                   server.path, columns=70, keys=[(b"6/12", drawn.set)])  # fmt: skip
    assert code == 4
    text = output.decode()
    assert "a?[5m.pdf  50%" in text and "6/12" in text and "RSS 8 MiB" in text
    assert "\x1b[2A" in text, "drawn again in place"
    assert "\x1b[5m" not in text
    shown = max(len(line.split("\x1b[K")[0]) for line in text.split("\r\n")[:8])
    assert shown <= 70 + len("\x1b[J\x1b[2A")
