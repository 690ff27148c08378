# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ebb command against a control socket that answers as PROTOCOL.md says: what it asks, what it
prints, how it exits."""

import json
import os
import subprocess
import time

import pytest

import ctl_fake
import ebbproto
from ctl_fake import (
    DOCUMENT,
    JOB,
    JOB_WHOLE,
    OTHER_JOB,
    RECEIPT,
    Refusal,
    SHORT_JOB,
    ask,
    ebb,
    ebb_on_terminal,
    event,
    status,
)
from daemon import EBB, patience

pytestmark = pytest.mark.skipif(not EBB.exists(), reason=f"{EBB} has not been built")

COMMANDS = (
    "run submit show search export backup reembed jobs job cancel resume rm memory top workers pools status events "
    "reload drain config help version"
).split()


def jobs_reply(*jobs, cursor=None, total=None):
    return {"jobs": list(jobs), "next_cursor": cursor, "total": total or len(jobs)}


# --- the command line ---


def test_without_a_command_it_shows_the_commands():
    result = ebb()
    assert result.returncode == 2
    assert result.stdout == ""
    for name in COMMANDS:
        assert f"\n  {name} " in result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name):
    result = ebb(name, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"Usage: ebb {name}")
    assert "--help" in result.stdout
    assert ebb("help", name).stdout == result.stdout


def test_help_and_version():
    assert ebb("--help").stdout == ebb("help").stdout != ""
    assert ebb("--version").stdout == ebb("version").stdout
    version = json.loads(ebb("version", "--json").stdout)
    assert version["protocol"] == ebbproto.VERSION and version["version"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["serch"], ["serch: unknown command", "did you mean search?"]),
        (["jobs", "--limmit", "3"], ["unknown option --limmit", "--limit", "`ebb jobs --help`"]),
        (["job"], ["job: ID is missing"]),
        (["job", "a", "b"], ["one operand too many"]),
        (["show", "x", "--text", "--json"], ["exclude each other"]),
        (["show", "x", "--pages", "7-3"], ["show: --pages"]),
        (["memory", "--receipts", "--samples"], ["exclude each other"]),
        (["memory", "--limit", "0"], ["from 1 to 1000"]),
        (["events", "--limit", "2000"], ["from 1 to 1000"]),
        (["config", "chek"], ['unknown action "chek"', "check, show and help"]),
        (["run", "/nonexistent/x.pdf"], ["/nonexistent/x.pdf: it cannot be read"]),
        (["run", "https://example.org/x.pdf"], ["fetches nothing", "download it"]),
        (["submit", "s3://bucket/x.pdf"], ["fetches nothing", "download it"]),
        (["run", "--param", "novalue", "/etc/hostname"], ["is not KEY=VALUE"]),
        (["run", "--param", "a=1", "--param", "a=2", "/etc/hostname"], ["given twice"]),
        (["run", "/etc/hostname", "--out", "y", "--formats", "text,docx"], ['unknown format "docx"']),
        (["run", "/etc/hostname", "--formats", "text"], ["say where to: --out DIR"]),
        (["run", "--ocr", "on", "/etc/hostname"], ['unknown mode "on"', "auto, force, redo"]),
        (["run", "--ocr", "off", "--param", "ocr=auto", "/etc/hostname"], ["ocr is given twice"]),
        (["run", "--password", "x", "--password-file", "y", "z"], ["exclude each other"]),
        (["run", "--priority", "11", "/etc/hostname"], ["from 0 to 9"]),
        (["run", "--timeout", "soon", "/etc/hostname"], ["--timeout"]),
        (["run", "--resume", JOB, "/etc/hostname"], ["exclude each other"]),
        (["run", "/dev/null"], ["neither a file nor a folder"]),
        (["top", "--interval", "1ms"], ["from 100ms to 1h"]),
    ],
)
def test_a_command_line_that_makes_no_sense(arguments, words):
    result = ebb(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("ebb: ") and result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["workers"], ["pools"], ["top"], ["reload"], ["drain"], ["resume", JOB],
     ["submit", "/etc/hostname"], ["events", "-f"], ["jobs"], ["job", JOB], ["show", DOCUMENT],
     ["search", "x"], ["memory"], ["cancel", JOB], ["rm", JOB]],
)  # fmt: skip
def test_no_daemon(arguments, tmp_path):
    result = ebb(*arguments, "--socket", tmp_path / "nobody")
    assert result.returncode == 3
    assert result.stdout == ""
    assert "ebb: no daemon: nobody answers at" in result.stderr
    # the same for a socket that is left over
    with ctl_fake.socket.socket(ctl_fake.socket.AF_UNIX) as left_over:
        left_over.bind(str(tmp_path / "left"))
    assert ebb(*arguments, env={"EBB_SOCKET": str(tmp_path / "left")}).returncode == 3


def test_where_the_state_is_when_home_is_not_set(tmp_path):
    result = ebb("jobs", env={"XDG_STATE_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})
    assert result.returncode == 3
    assert f"no documents in {tmp_path}/ebb" in result.stderr
    assert not list(tmp_path.iterdir()), "a command that reads made a state folder"
    nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    result = ebb("jobs", env={"XDG_RUNTIME_DIR": "/nonexistent"}, **nobody)
    assert result.returncode == 3
    assert "HOME" in result.stderr and "--state DIR" in result.stderr


# --- jobs ---


def test_jobs_as_a_table(serve):
    failed = {**SHORT_JOB, "job_id": OTHER_JOB, "status": "failed", "name": "tab\tname\x1b[31m.pdf",
              "error_code": "password_required", "pages": None}  # fmt: skip
    server = serve({"JOBS": jobs_reply(SHORT_JOB, failed)})
    result = ask(server, "jobs", "--status", "failed", "-n", "7")
    assert (result.returncode, result.stderr) == (0, "")
    head, first, second = result.stdout.splitlines()
    assert head.split() == ["JOB", "STATUS", "DONE", "PAGES", "FAILED", "CREATED", "NAME"]
    assert first.split() == [JOB, "completed", "100%", "12", "1", "2026-01-31", "12:34:56",
                             "report.pdf"]  # fmt: skip
    assert "failed: password_required" in second
    assert "\x1b" not in second and "tab?name?[31m.pdf" in second
    assert server.named("JOBS")[0].fields == {"limit": 7, "status": "failed"}


def test_jobs_page_by_page(serve):
    many = [
        {**SHORT_JOB, "job_id": f"0192f0c1-0000-7000-8000-{number:012x}"} for number in range(500)
    ]

    def page(_, message):
        ids = [job["job_id"] for job in many]
        first = ids.index(message["cursor"]) + 1 if message.get("cursor") else 0
        size = min(message.get("limit", 50), 200)
        more = first + size < len(many)
        return jobs_reply(*many[first : first + size], total=len(many),
                          cursor=ids[first + size - 1] if more else None)  # fmt: skip

    server = serve({"JOBS": page})
    everything = json.loads(ask(server, "jobs", "--all", "--json").stdout)
    assert everything == {"jobs": many, "next_cursor": None, "total": 500}
    some = json.loads(ask(server, "jobs", "-n", "250", "--json").stdout)
    assert some["jobs"] == many[:250]
    assert some["next_cursor"] == many[249]["job_id"] and some["total"] == 500


def test_no_jobs(serve):
    server = serve({"JOBS": jobs_reply()})
    assert json.loads(ask(server, "jobs", "--json").stdout)["jobs"] == []
    result = ask(server, "jobs", "--status", "failed")
    assert (result.returncode, result.stdout) == (0, "")
    assert "no jobs that are failed" in result.stderr


def test_a_cursor_that_does_not_move_ends_the_list(serve):
    server = serve({"JOBS": jobs_reply(SHORT_JOB, cursor=JOB, total=9)})
    result = ask(server, "jobs", "--all", "--json")
    assert result.returncode == 0
    assert len(json.loads(result.stdout)["jobs"]) == 2


def test_job(serve):
    server = serve({"JOB": JOB_WHOLE})
    assert json.loads(ask(server, "job", JOB, "--json").stdout) == JOB_WHOLE
    text = ask(server, "job", JOB).stdout
    for words in ("report.pdf", "completed", "12/12", "8 MiB", "damaged, and repaired",
                  "page 7: extract: crashed: signal 11", "chars 1234", "1.5 s"):  # fmt: skip
        assert words in text
    assert server.named("JOB")[0].fields == {"job": JOB}


def test_a_job_by_part_of_its_id(serve):
    server = serve({"JOBS": jobs_reply(SHORT_JOB, {**SHORT_JOB, "job_id": OTHER_JOB}),
                    "JOB": JOB_WHOLE})  # fmt: skip
    assert ask(server, "job", "ABCD").returncode == 0
    assert server.named("JOB")[-1]["job"] == JOB
    result = ask(server, "job", "0192f0c1")
    assert result.returncode == 1 and "more than one" in result.stderr
    result = ask(server, "job", "dead")
    assert result.returncode == 1 and "there is none" in result.stderr
    result = ask(server, "job", "xyz")
    assert result.returncode == 2 and "not a job's id" in result.stderr


@pytest.mark.parametrize(
    "command, request_name", [("cancel", "CANCEL_JOB"), ("resume", "RESUME"), ("rm", "DELETE")]
)
def test_what_is_done_to_jobs(serve, command, request_name):
    def act(_, message):
        if message["job"] == JOB:
            raise Refusal("not_found", "there is no such job")
        return {"job_id": message["job"], "status": "done"}

    server = serve({request_name: act})
    result = ask(server, command, JOB, OTHER_JOB)
    assert result.returncode == 1
    assert result.stdout == f"{OTHER_JOB}  done\n", "the second has its turn all the same"
    assert result.stderr == f"ebb: {command} job {JOB}: there is no such job\n"
    assert [message["job"] for message in server.named(request_name)] == [JOB, OTHER_JOB]
    result = ask(server, command, OTHER_JOB, "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout) == {"job_id": OTHER_JOB, "status": "done"}


# --- results ---


@pytest.fixture
def answer(tmp_path):
    """A handler of QUERY that answers with a file of these bytes."""

    def make(content):
        path = tmp_path / "answer"
        path.write_bytes(content)
        return {"answer": str(path), "bytes": len(content)}

    return make


WILD = "Zeile\teins\nzwei\x1b[31m\x9b1m\x7f ü \u4e2d\fSeite zwei".encode() + b"\xff!"


def test_show_in_a_pipe_is_what_the_library_wrote(serve, answer):
    server = serve({"QUERY": answer(WILD)})
    result = subprocess.run(
        [EBB, "show", DOCUMENT, "--pages", "3-7,12", "--markdown", "--socket", server.path],
        capture_output=True, check=False, env=ctl_fake.environment(),
    )  # fmt: skip
    assert (result.returncode, result.stderr, result.stdout) == (0, b"", WILD)
    assert server.named("QUERY")[0].fields == {
        "kind": "show",
        "params": {"document": DOCUMENT, "format": "markdown", "pages": "3-7,12"},
    }
    ask(server, "show", DOCUMENT)
    assert server.named("QUERY")[1]["params"] == {"document": DOCUMENT, "format": "text"}
    ask(server, "show", DOCUMENT, "--json")
    assert server.named("QUERY")[2]["params"]["format"] == "json"
    for name in ("hocr", "alto", "tables", "images"):
        ask(server, "show", DOCUMENT, f"--{name}")
        assert server.named("QUERY")[-1]["params"]["format"] == name


def test_show_on_a_terminal_has_no_controls(serve, answer):
    server = serve({"QUERY": answer(WILD)})
    code, output = ebb_on_terminal("show", DOCUMENT, "--socket", server.path)
    assert code == 0
    text = output.decode()
    assert not [c for c in text if c < " " and c not in "\r\n\t" or "\x7f" <= c <= "\x9f"]
    assert "Zeile\teins\r\nzwei?[31m?1m? ü \u4e2d\r\n────\r\nSeite zwei\ufffd!\r\n" in text


def test_show_into_a_file(serve, answer, tmp_path):
    server = serve({"QUERY": answer(WILD)})
    result = ask(server, "show", DOCUMENT, "-o", tmp_path / "out.txt")
    assert (result.returncode, result.stdout) == (0, "")
    assert (tmp_path / "out.txt").read_bytes() == WILD
    result = ask(server, "show", DOCUMENT, "-o", tmp_path / "no" / "out.txt")
    assert result.returncode == 1 and "No such file" in result.stderr


def test_show_what_is_not_there(serve):
    def refuse(*_):
        raise Refusal("failed", "there is no document 7b9932")

    result = ask(serve({"QUERY": refuse}), "show", "7b9932")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "ebb: document 7b9932: there is no document 7b9932\n"


def test_an_answer_that_is_not_there(serve, tmp_path):
    server = serve({"QUERY": {"answer": str(tmp_path / "gone"), "bytes": 1}})
    result = ask(server, "show", DOCUMENT)
    assert result.returncode == 1 and "No such file" in result.stderr


FOUND = {
    "query": "red car",
    "results": [
        {"document_id": DOCUMENT, "document": "report.pdf", "page": 5, "label": "iv", "score": 1.5,
         "snippet": "a \u0002red\u0003 and\nfast \u0002car\u0003 \u001b[31m"},
    ],
}  # fmt: skip


def test_search(serve, answer):
    server = serve({"QUERY": answer(json.dumps(FOUND).encode())})
    result = ask(server, "search", "red", "car", "--k", "3", "--document", DOCUMENT)
    assert (result.returncode, result.stderr) == (0, "")
    assert "report.pdf, page 5 (iv)" in result.stdout
    assert "a red and fast car ?[31m" in result.stdout
    assert server.named("QUERY")[0].fields == {
        "kind": "search",
        "params": {"q": "red car", "k": "3", "document": DOCUMENT},
    }
    assert json.loads(ask(server, "search", "red car", "--json").stdout) == FOUND
    assert server.named("QUERY")[1]["params"] == {"q": "red car", "k": "10"}
    code, output = ebb_on_terminal("search", "red car", "--socket", server.path)
    assert code == 0
    assert b"\x1b[1m\x1b[32mred\x1b[0m and fast \x1b[1m\x1b[32mcar\x1b[0m ?[31m" in output


def test_search_that_finds_nothing_or_nonsense(serve, answer):
    server = serve({"QUERY": answer(b'{"query": "x", "results": []}')})
    result = ask(server, "search", "x")
    assert (result.returncode, result.stdout) == (0, "") and "nothing was found" in result.stderr
    server = serve({"QUERY": answer(b'{"query": ')})
    assert ask(server, "search", "x").returncode == 1


# --- what it costs ---

ROW = {
    "stage": "extract", "class": "pdf", "processes": 3, "peak_rss_bytes": 10 << 20,
    "mean_peak_rss_bytes": 8 << 20, "wall_ms": 1500, "cpu_ms": 900, "freed_bytes": 24 << 20,
    "crashed": 1,
}  # fmt: skip


def memory_views(_, message):
    return {
        "stages": {"rows": [ROW]},
        "classes": {"rows": [{**ROW, "stage": None}]},
        "receipts": {"receipts": [RECEIPT], "total": 1},
        "samples": {"samples": [{"time": "2026-01-31T12:34:56.789Z", "pid": 4711, "class": "pdf",
                                 "rss_bytes": 8 << 20, "pss_bytes": None, "resolution_ms": 1000}]},
    }[message["view"]]  # fmt: skip


def test_memory(serve):
    server = serve({"MEMORY": memory_views})
    result = ask(server, "memory")
    assert (result.returncode, result.stderr) == (0, "")
    assert "extract  pdf" in result.stdout and "24 MiB went back to the system" in result.stdout
    both = json.loads(ask(server, "memory", "--json").stdout)
    assert both == {"stages": [ROW], "classes": [{**ROW, "stage": None}]}
    before = time.time() * 1000
    result = ask(server, "memory", "--receipts", "--job", JOB, "--since", "1h", "-n", "5")
    assert "crashed (SIGSEGV)" in result.stdout and "4711" in result.stdout
    fields = server.named("MEMORY")[-1].fields
    assert fields["view"] == "receipts" and fields["job"] == JOB and fields["limit"] == 5
    assert before - 3600e3 - 5 <= fields["since_ms"] <= time.time() * 1000 - 3600e3
    receipts = json.loads(ask(server, "memory", "--receipts", "--json").stdout)
    assert receipts == {"receipts": [RECEIPT], "total": 1}
    samples = ask(server, "memory", "--samples")
    assert "2026-01-31 12:34:56  4711  pdf    8 MiB    -" in samples.stdout


WORKERS = {
    "workers": [
        {"pid": 4711, "class": "pdf", "lifetime": "fresh", "state": "busy", "job_id": JOB,
         "stage": "extract", "step": "work", "first": 17, "last": 32, "item": 20,
         "rss_bytes": 8 << 20, "peak_rss_bytes": 9 << 20, "predicted_bytes": 10 << 20, "units": 2,
         "age_ms": 1500},
    ]
}  # fmt: skip

POOLS = {
    "classes": [
        {"class": "pdf", "lifetime": "fresh", "executable": "ebb-pdf", "min": 0, "max": 2,
         "spare": 1, "live": 2, "starting": 0, "ready": 1, "busy": 1, "created": 5,
         "gone": 3, "leaving": 0,
         "recycled": {"units": 1, "age": 2, "rss": 3, "idle": 4, "health": 5, "settings": 6,
                      "died": 1},
         "leases": 5, "releases": 4, "reuses": 0, "waits": 1, "wait_ms": 12, "wait_us_p50": 8192,
         "wait_us_p99": 16384, "wait_times": [0] * 8 + [1] + [0] * 13, "busy_us": 300,
         "live_us": 400, "busy_percent": 75, "start_us_median": 1500, "unload_us_median": 500,
         "saved_ms": 4000, "young_deaths": 0, "throttled_ms": 0},
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    "command, request_name, data, words",
    [
        ("workers", "WORKERS", WORKERS, ["4711", "17-32 at 20", "8 MiB", "1.5 s", JOB]),
        ("pools", "POOLS", POOLS, ["fresh", "21", "1.5 ms", "8.2 ms", "16.4 ms", "75%", "4.0 s"]),
        ("status", "STATUS", status(), ["0.1.0, pid 1234", "2 processing, 1 pending", "12%",
                                        "Landlock 4", "class.throttled", "pdf does not start"]),
        ("reload", "RELOAD", {"changed": ["limits.clients"]}, ["limits.clients\n"]),
        ("drain", "DRAIN", {"state": "draining"}, ["draining\n"]),
    ],
)  # fmt: skip
def test_parts(serve, command, request_name, data, words):
    server = serve({request_name: data})
    assert json.loads(ask(server, command, "--json").stdout) == data
    result = ask(server, command)
    assert result.returncode == 0
    for word in words:
        assert word in result.stdout
    assert [message.name for message in server.requests] == [request_name] * 2


def test_status_of_another_version(serve):
    server = serve({"STATUS": status(version="9.9.9")})
    result = ask(server, "status")
    assert result.returncode == 0 and "install one version" in result.stderr


def test_top_once(serve):
    server = serve({"STATUS": status(), "WORKERS": WORKERS, "POOLS": POOLS})
    result = ask(server, "top")
    assert (result.returncode, result.stderr) == (0, "")
    for word in ("pid 1234", "17-32 at 20", "1.5 ms", "12.5%"):
        assert word in result.stdout
    assert "\x1b" not in result.stdout
    data = json.loads(ask(server, "top", "--json").stdout)
    assert data["workers"] == WORKERS["workers"] and data["status"]["pid"] == 1234


@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_top_on_a_terminal(serve, key):
    server = serve({"STATUS": status(), "WORKERS": WORKERS, "POOLS": POOLS})
    code, output = ebb_on_terminal(
        "top", "--interval", "100ms", "--socket", server.path, keys=[(b"17-32 at 20", key)]
    )
    assert code == 0
    assert output.startswith(b"\x1b[?1049h\x1b[?25l") and output.endswith(b"\x1b[?25h\x1b[?1049l")


def test_top_when_the_daemon_goes(serve):
    pictures = []

    def count(connection, _):
        pictures.append(1)
        if len(pictures) == 3:
            connection.close()
        return POOLS

    server = serve({"STATUS": status(), "WORKERS": WORKERS, "POOLS": count})
    code, output = ebb_on_terminal("top", "--interval", "100ms", "--socket", server.path)
    assert code == 3
    assert output.index(b"\x1b[?1049l") < output.index(b"ebb: top: ")


# --- events ---


def test_events_of_the_past(serve):
    kept = [event("job.started", sequence=number, text=f"number {number}") for number in range(1, 121)]

    def page(_, message):
        chosen = [one for one in kept if one["sequence"] > message.get("sequence", 0)]
        chosen = chosen[: min(message["limit"], 30)]
        last = chosen[-1]["sequence"] if chosen else message["sequence"]
        return {"events": chosen, "next_sequence": last}

    server = serve({"SUBSCRIBE": {"sequence": 120}, "EVENTS": page})
    result = ask(server, "events", "-n", "50")
    lines = result.stdout.splitlines()
    assert len(lines) == 50 and "number 71" in lines[0] and "number 120" in lines[-1]
    assert lines[0].startswith("2026-01-31 12:34:56  job.started")
    data = json.loads(ask(server, "events", "-n", "2", "--json").stdout)
    assert data == {"events": kept[-2:], "next_sequence": 120}
    result = ask(server, "events", "--job", JOB)
    assert len(result.stdout.splitlines()) == 120, "all of one job's"


def test_events_as_they_happen(serve):
    def subscribe(connection, message):
        connection.send("REPLY", message.id, data={"sequence": 7})
        if message.get("sequence") is not None:
            for number, kind in ((8, "job.accepted"), (8, "job.progress"), (9, "job.completed")):
                connection.send("EVENT", 0, data=event(kind, sequence=number, text="\x1b[1m!"))
            connection.close()

    past = {"events": [event("daemon.started", job=None, sequence=7)], "next_sequence": 7}
    server = serve({"SUBSCRIBE": subscribe, "EVENTS": past})
    result = ask(server, "events", "-f")
    assert result.returncode == 3, "the daemon went away"
    kinds = [line.split()[2] for line in result.stdout.splitlines()]
    assert kinds == ["daemon.started", "job.accepted", "job.completed"]
    assert "\x1b" not in result.stdout and "?[1m!" in result.stdout
    assert server.named("SUBSCRIBE")[-1]["sequence"] == 7
    result = ask(server, "events", "-f", "--json")
    kinds = [json.loads(line)["kind"] for line in result.stdout.splitlines()]
    assert kinds == ["daemon.started", "job.accepted", "job.progress", "job.completed"]


# --- a daemon that is not well ---


@pytest.mark.parametrize(
    "answer_with, code, words",
    [
        (lambda c, m: c.socket.sendall(os.urandom(64)), 1, "install ebb and ebbd of one version"),
        (lambda c, m: c.socket.sendall(b"\x7f\xff\xff\xff"), 1, "do not understand each other"),
        (lambda c, m: c.socket.sendall(b"\0\0\0\0"), 1, "do not understand each other"),
        (lambda c, m: c.socket.sendall(ctl_fake.raw_frame(b"\xc1")), 1, "do not understand"),
        (lambda c, m: c.socket.sendall(ctl_fake.raw_frame(b"\x93\x40\x01\x80")), 1, "do not under"),
        (lambda c, m: c.socket.sendall(ctl_fake.raw_reply(77, {})), 1, "nobody sent"),
        (lambda c, m: c.send("ERROR", 0, code="invalid", text="what is that?"), 1, "what is that?"),
        (lambda c, m: c.socket.sendall(ctl_fake.raw_reply(1, {})[:-1]) or c.close(), 3, "closed"),
        (lambda c, m: c.close(), 3, "the daemon"),
        (lambda c, m: c.send("ERROR", m.id, code="draining", text="on its way out"), 1,
         "status: on its way out: it is about to stop"),
        (lambda c, m: c.send("ERROR", m.id, code="new_code", text=""), 1, "new_code"),
    ],
)  # fmt: skip
def test_a_daemon_that_answers_nonsense(serve, answer_with, code, words):
    server = serve({"STATUS": lambda c, m: answer_with(c, m) and None})
    result = ask(server, "status")
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.startswith("ebb: status: ") and result.stderr.count("\n") == 1
    assert words in result.stderr


def test_a_reply_of_the_largest_size(serve):
    name = "n" * 1000
    jobs = [{**SHORT_JOB, "name": name} for _ in range(800)]
    server = serve({"JOBS": jobs_reply(*jobs)})
    assert len(json.loads(ask(server, "jobs", "-n", "1000", "--json").stdout)["jobs"]) == 800


def test_numbers_and_texts_that_json_cannot_have(serve):
    data = status(version=b"\x01\xff".decode("latin1"), pid=2**64 - 1, uptime_ms=-5,
                  extra=[b"\x00\xff", float("nan"), 1.5, True, None])  # fmt: skip
    server = serve({"STATUS": data})
    parsed = json.loads(ask(server, "status", "--json").stdout)
    assert parsed["pid"] == pytest.approx(2**64 - 1) and parsed["uptime_ms"] == -5
    assert parsed["extra"] == ["00ff", None, 1.5, True, None]
    assert ask(server, "status").returncode == 0


def test_a_daemon_that_says_nothing(serve):
    server = serve({"STATUS": None})
    started = time.monotonic()
    result = ask(server, "status")
    took = time.monotonic() - started
    assert result.returncode == 3
    assert "did not answer within 10 s" in result.stderr
    assert 9 < took < 10 + patience(5)


def test_a_daemon_that_only_tells_of_events(serve):
    def busy(connection, _):
        for _ in range(2000):
            connection.send("EVENT", 0, data=event("job.progress"))
        return status()

    assert ask(serve({"STATUS": busy}), "status").returncode == 0


# --- standard output ---


def test_a_full_disk_is_told(serve):
    server = serve({"STATUS": status()})
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run(
            [EBB, "status", "--socket", server.path], stdout=full, stderr=subprocess.PIPE, text=True,
            check=False, env=ctl_fake.environment(),
        )  # fmt: skip
    assert result.returncode == 1
    assert "ebb: standard output: No space left on device" in result.stderr


def test_a_reader_that_has_gone_ends_it_quietly(serve, answer):
    server = serve({"QUERY": answer(b"x" * 4_000_000)})
    result = subprocess.run(
        f"{EBB} show {DOCUMENT} --socket {server.path} | head -c 10", shell=True,
        capture_output=True, check=False, env=ctl_fake.environment(),
    )  # fmt: skip
    assert (result.stdout, result.stderr) == (b"x" * 10, b"")


def test_no_colour_where_none_is_wanted(serve):
    server = serve({"STATUS": status()})
    _, output = ebb_on_terminal("status", "--socket", server.path)
    assert b"\x1b[" in output
    for setting in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        _, output = ebb_on_terminal("status", "--socket", server.path, env=setting)
        assert b"\x1b[" not in output
