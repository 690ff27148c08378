# SPDX-License-Identifier: AGPL-3.0-or-later
"""`ebb run` and the commands that start a private daemon: with the real ebbd, and with ebbds that
fail in their own ways."""

import json
import os
import signal
import subprocess

import pytest

import ctl_fake
from ctl_fake import DOCUMENT, ebb, ebb_beside, ebb_on_terminal
from daemon import EBB, EBBD, children_of, patience, reap_strays, status_of, wait_until
from documents import pdf
from fakes import fake, write_script

pytestmark = pytest.mark.skipif(
    not EBB.exists() or not EBBD.exists(), reason="ebb and ebbd have not been built"
)


@pytest.fixture
def runner(tmp_path):
    """Runs ebb over a state folder of the test's own, and sees at the end that nothing is left:
    no process, no run folder."""
    run_folder = tmp_path / "run"
    run_folder.mkdir()

    class Runner:
        state = tmp_path / "state"
        env = {"XDG_RUNTIME_DIR": str(run_folder)}

        def __call__(self, command, *arguments, **how):
            return ebb(command, "--state", self.state, *arguments, env=self.env, **how)

        def start(self, *arguments):
            return subprocess.Popen(
                [str(EBB), "run", "--state", str(self.state), *map(str, arguments)],
                env=ctl_fake.environment(**self.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

        def wait_until_working(self, process):
            """Until the daemon of a run has a page in work; its pid."""
            wait_until("a page", lambda: list(self.state.glob("jobs/*/extract-*.ebb")))
            (found,) = children_named(process.pid, "ebbd")
            return found

        def jobs(self):
            result = self("jobs", "--all", "--json")
            assert result.returncode == 0, result.stderr
            return {job["name"]: job for job in json.loads(result.stdout)["jobs"]}

    yield Runner()
    wait_until("no process is left", lambda: not reap_strays())
    assert not list(run_folder.iterdir()), "a run folder is left"


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf(40, title="Annual report"))
    return path


def as_options(settings):
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


@pytest.fixture
def slow(tmp_path):
    """Options that make every page of a document of 200 take 200 ms, so that it is at work for as
    long as a test may need; .hurry() ends that."""

    class Options(list):
        def hurry(self):
            write_script(tmp_path / "script", "pages=200 unit=4")

    write_script(tmp_path / "script", "pages=200 unit=4 page_ms=200")
    return Options(as_options(fake(tmp_path / "script")))


def children_named(pid, name):
    return [
        child for child, status in children_of(pid).items() if status["Name"].strip() == name
    ]


# --- what a run says ---


def test_run_for_programs(runner, document):
    result = runner("run", "--json", document)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1
    data = json.loads(result.stdout)
    assert data["status"] == "completed" and data["error"] is None
    assert data["name"] == "report.pdf"
    assert data["pages"] == 40 and data["pages_failed"] == []
    assert data["counts"]["pages"] == 40 and data["warnings"] == []
    stages = {stage["stage"]: stage for stage in data["stages"]}
    assert {"survey", "extract", "finish"} <= set(stages)
    assert stages["extract"]["items_done"] == 40 and stages["extract"]["peak_rss_bytes"] > 1 << 20
    for receipt in data["receipts"]:
        assert receipt["verdict"] == "done" and receipt["job_id"] == data["job_id"]
        assert receipt["peak_rss_bytes"] > 1 << 20 and receipt["pid"] > 1
    assert sum(one["stage"] == "survey" for one in data["receipts"]) == 1
    workers = sum(stage["workers"] for stage in data["stages"] if stage["stage"] != "finish")
    assert len(data["receipts"]) == workers
    for moment in ("rss_before_bytes", "rss_after_bytes"):
        assert data["supervisor"][moment] > 1 << 20
    assert data["wall_ms"] >= 0
    assert json.loads(runner("job", data["job_id"], "--json").stdout)["status"] == "completed"


def test_run_for_people(runner, document):
    result = runner("run", document)
    assert result.returncode == 0
    for words in ("report.pdf", "completed: 40 pages in", "chars ", "extract", "40/40",
                  "supervisor    RSS", "went back", f"state         {runner.state}",
                  "to see it     ebb show "):  # fmt: skip
        assert words in result.stdout
    for stage in ("survey", "extract", "finish"):
        assert f"ebb: report.pdf: {stage}: " in result.stderr
    assert "ebb: report.pdf: completed, 40 pages, " in result.stderr
    shown = result.stdout.split("to see it     ")[1].split()
    assert shown[:2] == ["ebb", "show"] and shown[3:] == ["--state", str(runner.state)]
    text = ebb(*shown[1:], env=runner.env)
    assert text.returncode == 0 and text.stdout.count("\f") == 39
    assert "Annual report, page 40" in text.stdout


def test_run_on_a_terminal(runner, document):
    code, output = ebb_on_terminal(
        "run", "--state", runner.state, document, env=runner.env, columns=80
    )
    assert code == 0
    text = output.decode()
    assert "\x1b[" in text and "completed" in text
    picture, summary = text.rsplit("\x1b[J", 1)
    assert "report.pdf" in picture and "PEAK RSS" in summary, "the picture gives way to the summary"


def test_run_quietly(runner, document):
    result = runner("run", "--quiet", document)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert runner.jobs()["report.pdf"]["status"] == "completed"


def test_run_what_is_no_document(runner, document, tmp_path):
    (tmp_path / "noise.pdf").write_bytes(b"no document at all\n" * 100)
    result = runner("run", "--json", tmp_path / "noise.pdf", document)
    assert result.returncode == 1
    objects = {one["name"]: one for one in map(json.loads, result.stdout.splitlines())}
    assert objects["noise.pdf"]["status"] == "failed"
    assert objects["noise.pdf"]["error"]["code"] == "not_a_document"
    assert objects["report.pdf"]["status"] == "completed"
    assert runner("run", "-q", tmp_path / "noise.pdf").returncode == 1


def test_run_with_a_page_that_fails(runner, document, tmp_path):
    script = tmp_path / "script"
    write_script(script, "pages=6 unit=6", "on=item item=3 action=segv")
    result = runner("run", "--json", document, *as_options(fake(script)))
    assert result.returncode == 4, result.stderr
    data = json.loads(result.stdout)
    assert [(one["page"], one["verdict"]) for one in data["pages_failed"]] == [(3, "crashed")]
    assert data["pages_failed_count"] == 1 and data["pages"] == 6
    assert {one["verdict"] for one in data["receipts"]} == {"done", "crashed"}
    result = runner("run", document, *as_options(fake(script)))
    assert result.returncode == 4
    assert "6 pages in" in result.stdout and ", 1 failed" in result.stdout
    assert "page 3: extract: crashed" in result.stdout
    assert "crashed (SIGSEGV)" in result.stdout


def test_results_as_files(runner, document, tmp_path):
    folder = tmp_path / "out"
    result = runner("run", "-q", document, "--out", folder)
    assert (result.returncode, result.stderr) == (0, "")
    written = ["chunks.jsonl", "document.json", "document.md", "document.txt"]
    assert sorted(os.listdir(folder)) == written
    chunks = [json.loads(line) for line in (folder / "chunks.jsonl").read_text().splitlines()]
    assert "Annual report, page 1" in chunks[0]["text"] and chunks[-1]["last_page"] == 40
    assert (folder / "document.txt").read_text().count("\f") == 39
    assert "Annual report, page 7" in (folder / "document.md").read_text()
    assert json.loads((folder / "document.json").read_text())
    some = folder.parent / "some"
    result = runner("run", "-q", document, "--out", some, "--formats", "text,hocr")
    assert (result.returncode, result.stderr) == (0, "")
    assert sorted(os.listdir(some)) == ["document.hocr", "document.txt"]
    result = runner("run", "-q", document, "--out", "/proc/nowhere")
    assert result.returncode == 1 and "--out /proc/nowhere" in result.stderr
    # several: a folder each, named like the document, with a number where names come again
    again = tmp_path / "again" / "sub"
    again.mkdir(parents=True)
    for path in (again / "report.pdf", again.parent / "report.pdf"):
        path.write_bytes(pdf(1, title=path.parent.name))
    result = runner("run", document, again.parent, again / "report.pdf", "--out", tmp_path / "all")
    assert result.returncode == 0, result.stderr
    texts = {
        str(path.relative_to(tmp_path / "all")): path.read_text()[:5]
        for path in (tmp_path / "all").rglob("document.txt")
    }
    assert texts == {
        "report.pdf/document.txt": "Annua",
        "report.pdf-2/document.txt": "again",
        "report.pdf-3/document.txt": "sub, ",
        "sub/report.pdf/document.txt": "sub, ",
    }
    assert "4 documents, 43 pages, " in result.stdout and " chunks in " in result.stdout


def test_a_document_that_cannot_be_read_does_not_stop_the_others(runner, document):
    result = runner("run", "--json", "/proc/self/mem", document)
    assert result.returncode == 1
    assert result.stderr.startswith("ebb: /proc/self/mem: reading it: Input/output error")
    assert json.loads(result.stdout)["name"] == "report.pdf"
    assert not list((runner.state / "incoming").iterdir())


# --- reading without a daemon ---


def test_reading_commands_over_a_state_folder(runner, document):
    data = json.loads(runner("run", "--json", document).stdout)
    assert runner("show", data["document_id"][:8], "--pages", "2").stdout.startswith("Annual report")
    assert runner("show", data["job_id"], "--markdown", "--pages", "1").returncode == 0
    found = json.loads(runner("search", "annual", "fox", "--k", "3", "--json").stdout)
    assert len(found["results"]) == 3 and found["results"][0]["document"] == "report.pdf"
    assert json.loads(runner("job", data["job_id"], "--json").stdout)["pages"] == 40
    rows = json.loads(runner("memory", "--json", "--job", data["job_id"]).stdout)["stages"]
    assert {row["stage"] for row in rows} == {"survey", "extract"}
    assert runner("memory", "--receipts", "--job", data["job_id"]).stdout.count("done") == len(
        data["receipts"]
    )
    events = json.loads(runner("events", "--json", "--job", data["job_id"]).stdout)["events"]
    kinds = [one["kind"] for one in events]
    assert kinds[0] == "job.accepted" and kinds[-1] == "job.completed"
    assert runner("show", "0" * 8).returncode == 1
    assert runner("job", DOCUMENT).returncode == 1
    result = runner("rm", data["job_id"])
    assert result.stdout == f"{data['job_id']}  deleted\n"
    assert not runner.jobs()
    assert runner("show", data["document_id"]).returncode == 1


def test_reading_takes_up_no_work(runner, document, slow):
    result = runner("run", "--timeout", "2s", document, *slow)
    assert result.returncode == 1
    assert "1 of 1 jobs are not at their end" in result.stderr
    assert f"1 job is kept in {runner.state}; `ebb run --state" in result.stderr
    for _ in range(2):
        assert runner.jobs()["report.pdf"]["status"] == "interrupted"
    job = runner.jobs()["report.pdf"]["job_id"]
    assert runner("resume", job).returncode == 3, "somebody has to do the work"
    assert runner("cancel", job).stdout == f"{job}  cancelled\n"
    assert runner("run").returncode == 2, "nothing is unfinished"
    slow.hurry()
    result = runner("run", "--json", "--resume", job[-8:], *slow)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["status"] == "completed"


# --- ends that come early ---


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_is_kept_and_goes_on(runner, document, slow, number):
    process = runner.start(document, *slow)
    runner.wait_until_working(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=patience(15))
    assert process.returncode == 128 + number
    assert out == ""
    assert "ebb: interrupted; 1 job is kept in" in err and "goes on with it" in err
    assert runner.jobs()["report.pdf"]["status"] == "interrupted"
    slow.hurry()
    result = runner("run", "--json", *slow)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["status"] == "completed"


def test_an_interrupt_by_key(runner, document, slow):
    code, output = ebb_on_terminal(
        "run", "--state", runner.state, document, *slow, env=runner.env, keys=[(b"RSS ", b"\x03")]
    )
    assert code == 130
    assert "interrupted; 1 job is kept" in output.decode().rsplit("\x1b[J", 1)[1]


def test_a_killed_ebb_takes_its_daemon_along(runner, document, slow, tmp_path):
    process = runner.start(document, *slow)
    daemon = runner.wait_until_working(process)
    process.kill()
    process.communicate(timeout=patience(5))

    def gone():
        status = status_of(daemon)
        return status is None or status["State"].startswith("Z")

    wait_until("the daemon has gone", gone, 15)
    reap_strays()
    # nobody is left who could remove it
    for folder in (tmp_path / "run").iterdir():
        subprocess.run(["rm", "-r", str(folder)], check=True)


def test_one_daemon_a_state_folder(runner, document, slow):
    process = runner.start(document, *slow)
    daemon = runner.wait_until_working(process)
    result = runner("run", document)
    assert result.returncode == 3
    assert f"state folder {runner.state}: another ebbd (process {daemon}) has it" in result.stderr
    assert "ebb submit --socket" in result.stderr
    # but it can be asked
    assert runner.jobs()["report.pdf"]["status"] == "processing"
    top = runner("top", "--json")
    assert json.loads(top.stdout)["status"]["pid"] == daemon
    assert runner("cancel", runner.jobs()["report.pdf"]["job_id"]).returncode == 0
    out, err = process.communicate(timeout=patience(15))
    assert process.returncode == 1 and "cancelled" in out + err


def test_the_command_line_weighs_more_than_the_environment(runner, document, make_ebbd):
    """A daemon named by EBB_SOCKET has another state folder than --state."""
    other = make_ebbd()
    assert runner("run", "-q", document).returncode == 0
    runner.env = {**runner.env, "EBB_SOCKET": str(other.socket_path)}
    assert list(runner.jobs()) == ["report.pdf"]
    result = ebb("jobs", "--json", env=runner.env)
    assert json.loads(result.stdout)["jobs"] == []
    result = runner("jobs", "--json", "--socket", other.socket_path)
    assert json.loads(result.stdout)["jobs"] == [], "what is named last and nearest"
    assert ebb("submit", "--wait", "-q", document, env=runner.env).returncode == 0
    result = runner("submit", document)
    assert result.returncode == 3 and "has another state folder" in result.stderr


# --- an ebbd that fails ---

START = """#!/usr/bin/python3
import os, signal, socket, sys, time
words = dict(zip(sys.argv, sys.argv[1:]))
def ready():
    os.write(int(words["--ready-fd"]), b"\\n")
"""


@pytest.mark.parametrize(
    "script, words",
    [
        ("print('ebbd: error: state.db: it is damaged', file=sys.stderr); sys.exit(1)",
         ["(exit code 1): state.db: it is damaged"]),
        ("print('one\\ntwo', file=sys.stderr); sys.exit(9)", ["(exit code 9): two"]),
        ("os.kill(os.getpid(), signal.SIGKILL)", ["signal 9 (Killed)"]),
        ("sys.exit(3)", ["state folder", "--state DIR"]),
        ("ready(); time.sleep(60)", ["nobody answers at"]),
        ("s = socket.socket(socket.AF_UNIX); s.bind(words['--socket']); s.listen(); ready(); "
         "s.accept()[0]; print('ebbd: error: the end', file=sys.stderr); sys.exit(4)",
         ["ebbd ended on its own (exit code 4): the end", "`ebb run` goes on"]),
    ],
)  # fmt: skip
def test_a_private_daemon_that_fails(runner, document, tmp_path, script, words):
    program = ebb_beside(tmp_path / "bin", START + script)
    result = runner("run", document, program=program)
    assert result.returncode == 3
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr


def test_a_daemon_that_is_not_installed(runner, document, tmp_path):
    program = ebb_beside(tmp_path / "bin", "")
    (tmp_path / "bin" / "ebbd").unlink()
    runner.env = {**runner.env, "PATH": "/nonexistent"}
    result = runner("run", document, program=program)
    assert result.returncode == 3 and "neither beside ebb nor in PATH" in result.stderr
    # in PATH it is found
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "ebbd").symlink_to(EBBD)
    runner.env = {**runner.env, "PATH": f"/nonexistent:{tmp_path}/path"}
    assert ebb("config", "help", program=program, env=runner.env).stdout.count("[limits]") >= 1


def test_an_interrupt_while_the_daemon_starts(runner, document, tmp_path):
    program = ebb_beside(tmp_path / "bin", START + "time.sleep(60)")
    process = subprocess.Popen(
        [str(program), "run", "--state", str(runner.state), str(document)],
        env=ctl_fake.environment(**runner.env), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_until("it starts a daemon", lambda: children_named(process.pid, "ebbd"))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=patience(5))
    assert (process.returncode, err) == (130, "")


def test_a_second_interrupt_kills_a_daemon_that_does_not_end(runner, document, tmp_path):
    stubborn = (
        "def note(name): open(words['--state'] + '/' + name, 'w')\n"
        "signal.signal(signal.SIGTERM, lambda *_: note('told'))\n"
        "s = socket.socket(socket.AF_UNIX); s.bind(words['--socket']); s.listen(); ready()\n"
        "c = s.accept()[0]\nnote('asked')\nwhile True: time.sleep(60)"
    )
    program = ebb_beside(tmp_path / "bin", START + stubborn)
    process = subprocess.Popen(
        [str(program), "run", "--state", str(runner.state), str(document)],
        env=ctl_fake.environment(**runner.env), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_until("it asks", (runner.state / "asked").exists)
    process.send_signal(signal.SIGINT)
    wait_until("it told its daemon to end", (runner.state / "told").exists)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=patience(5))
    assert process.returncode == 130
    assert "ebbd was killed, as you asked again" in err


# --- what keeps work waiting ---


def test_a_run_says_what_keeps_it_waiting(runner, document):
    broken = "--set", "class.pdf.executable=/bin/false"
    result = runner("run", document, "--timeout", "5s", *broken)
    assert result.returncode == 1
    assert result.stderr.count("work waits: class pdf") == 1
    assert "exited with code 1" in result.stderr
    result = runner("run")
    assert result.returncode == 0, "the job was kept and goes on with the right program"


def test_a_run_does_not_wait_for_a_program_that_is_missing(runner, document):
    missing = "--set", "class.pdf.executable=/nowhere/ebb-pdf"
    result = runner("run", document, *missing)
    assert result.returncode == 1
    assert "failed: worker_missing" in result.stderr
    assert "/nowhere/ebb-pdf" in result.stderr


# --- config ---


def test_config_is_ebbds(tmp_path):
    program = ebb_beside(tmp_path / "bin", "#!/bin/sh\necho \"$@\"\nexit 7\n")
    result = ebb("config", "check", "--config", "/x.conf", program=program)
    assert (result.returncode, result.stdout) == (7, "--check-config --config /x.conf\n")
    assert ebb("config", "show", program=program).stdout == "--show-config\n"
    (tmp_path / "bad.conf").write_text("[limits]\nactive_jbos = 3\n")
    result = ebb("config", "check", "--config", tmp_path / "bad.conf")
    assert result.returncode != 0 and "active_jobs" in result.stderr
    (tmp_path / "good.conf").write_text("[limits]\nactive_jobs = 3\n")
    assert ebb("config", "check", "--config", tmp_path / "good.conf").returncode == 0
    result = ebb("config", "show", "--config", tmp_path / "good.conf")
    assert "active_jobs = 3" in result.stdout
