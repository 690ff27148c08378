# SPDX-License-Identifier: AGPL-3.0-or-later
"""`ebb export`, `backup` and `reembed`: what they ask, what they write and what they will not write
over."""

import json
import stat

import pytest

from ctl_fake import DOCUMENT, JOB, JOB_WHOLE, Refusal, ask, ebb, event
from daemon import EBB

pytestmark = pytest.mark.skipif(not EBB.exists(), reason=f"{EBB} has not been built")

LINES = b'{"type":"document","name":"a.pdf"}\n{"type":"chunk","text":"caf\xc3\xa9"}\n'


@pytest.fixture(name="answer")
def fixture_answer(tmp_path):
    """A handler of QUERY that answers with these bytes."""

    def make(content):
        path = tmp_path / "answer"
        path.write_bytes(content)
        return {"answer": str(path), "bytes": len(content)}

    return make


def test_export(serve, answer, tmp_path):
    server = serve({"QUERY": answer(LINES)})
    result = ask(server, "export")
    assert (result.returncode, result.stdout.encode(), result.stderr) == (0, LINES, "")
    assert ask(server, "export", "-", "--document", DOCUMENT, "--vectors").stdout.encode() == LINES
    assert [message.fields for message in server.named("QUERY")] == [
        {"kind": "export", "params": {}},
        {"kind": "export", "params": {"document": DOCUMENT, "vectors": "yes"}},
    ]
    written = tmp_path / "library.jsonl"
    result = ask(server, "export", written)
    assert (result.returncode, result.stdout, written.read_bytes()) == (0, "", LINES)


@pytest.mark.parametrize("command", ["export", "backup"])
def test_nothing_is_written_over(serve, answer, tmp_path, command):
    server = serve({"QUERY": answer(LINES)})
    there = tmp_path / "there"
    there.write_text("precious")
    result = ask(server, command, there)
    assert result.returncode == 1 and "is there already" in result.stderr
    assert "--force" in result.stderr and there.read_text() == "precious"
    assert not server.named("QUERY")
    assert ask(server, command, there, "--force").returncode == 0
    assert there.read_bytes() == LINES
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nothing")
    assert ask(server, command, link).returncode == 1


def test_backup(serve, answer, tmp_path):
    content = bytes(range(256)) * 4096
    server = serve({"QUERY": answer(content)})
    written = tmp_path / "library.backup"
    result = ask(server, "backup", written)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{written}  1 MiB\n"
    assert written.read_bytes() == content
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert server.named("QUERY")[0].fields == {"kind": "backup", "params": {}}
    other = tmp_path / "other"
    told = json.loads(ask(server, "backup", other, "--json").stdout)
    assert told == {"file": str(other), "bytes": len(content)}
    assert sorted(path.name for path in tmp_path.glob("*other*")) == ["other"]


def test_a_backup_that_fails_leaves_nothing(serve, tmp_path):
    def refuse(*_):
        raise Refusal("full", "no room for a copy")

    result = ask(serve({"QUERY": refuse}), "backup", tmp_path / "copy")
    assert result.returncode == 1 and "no room for a copy" in result.stderr
    assert not (tmp_path / "copy").exists()
    assert ask(serve({"QUERY": refuse}), "export", tmp_path / "copy").returncode == 1
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("arguments", [["export"], ["backup", "x"], ["reembed"],
                                       ["reembed", "--missing"]])
def test_without_a_daemon_or_a_state_folder(tmp_path, arguments):
    result = ebb(*arguments, "--state", tmp_path / "none", cwd=tmp_path)
    assert result.returncode == 3, result.stderr
    assert not (tmp_path / "none").exists() and not (tmp_path / "x").exists()


# --- embedding again ---


def test_reembed(serve):
    server = serve({"SUBMIT": {"job_id": JOB, "status": "pending"}})
    result = ask(server, "reembed")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{JOB}\n", "")
    sent = server.named("SUBMIT")[0].fields
    assert sent["params"] == {"kind": "reembed"} and "file" not in sent
    told = json.loads(ask(server, "reembed", "--json").stdout)
    assert told == {"job_id": JOB, "status": "pending"}


def test_reembed_while_another_one_works(serve):
    job = dict(JOB_WHOLE, name="embeddings", pages_failed_count=0)

    def refuse(*_):
        raise Refusal("exists", f"{JOB} embeds again already")

    server = serve({"SUBMIT": refuse, "JOB": job})
    result = ask(server, "reembed")
    assert (result.returncode, result.stdout) == (0, f"{JOB}\n") and "already" in result.stderr

    def refuse_oddly(*_):
        raise Refusal("exists", "something else")

    result = ask(serve({"SUBMIT": refuse_oddly}), "reembed")
    assert (result.returncode, result.stdout) == (1, "") and "something else" in result.stderr


def test_reembed_and_wait(serve):
    job = dict(JOB_WHOLE, name="embeddings", pages=0, pages_failed=[], pages_failed_count=0,
               counts={"chunks_without_vector": 3}, document_id=None)

    def submit(connection, message):
        connection.send("REPLY", message.id, data={"job_id": JOB, "status": "pending"})
        connection.send("EVENT", 0, data=event("job.completed"))

    server = serve({"SUBMIT": submit, "JOB": job})
    result = ask(server, "reembed", "--wait", "--quiet")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{JOB}  completed\n")
    assert "chunks_without_vector 3" in result.stdout
    failed = dict(job, status="failed", error={"code": "failed", "text": "no such model"})
    server = serve({"SUBMIT": submit, "JOB": failed})
    result = ask(server, "reembed", "--wait", "--json")
    assert result.returncode == 1 and json.loads(result.stdout)["status"] == "failed"


def missing(count, total):
    """A library that has no vector for so many chunks."""
    chunks = [
        {"document_id": DOCUMENT, "document": "a.pdf", "chunk_id": f"chunk {number}",
         "ordinal": number, "page": number // 2 + 1}
        for number in range(1, count + 1)
    ]  # fmt: skip

    def answer(path):
        def handle(_, message):
            start = int(message["params"]["offset"])
            limit = int(message["params"]["limit"])
            path.write_text(json.dumps({"model": "some-model", "dimensions": 256, "total": total,
                                        "chunks": chunks[start : start + limit]}))
            return {"answer": str(path), "bytes": path.stat().st_size}

        return handle

    return answer


def test_what_is_missing(serve, tmp_path):
    server = serve({"QUERY": missing(2500, 2500)(tmp_path / "answer")})
    told = json.loads(ask(server, "reembed", "--missing", "--json").stdout)
    assert (told["model"], told["dimensions"], told["total"]) == ("some-model", 256, 2500)
    assert [chunk["ordinal"] for chunk in told["chunks"]] == list(range(1, 2501))
    result = ask(server, "reembed", "--missing")
    assert result.returncode == 0 and "2500 chunks have no vector of some-model" in result.stderr
    assert len(result.stdout.splitlines()) == 2501 and DOCUMENT in result.stdout
    assert {message["kind"] for message in server.named("QUERY")} == {"missing"}


def test_when_nothing_is_missing_or_the_answer_lies(serve, tmp_path):
    server = serve({"QUERY": missing(0, 0)(tmp_path / "answer")})
    result = ask(server, "reembed", "--missing")
    assert (result.returncode, result.stdout) == (0, "")
    assert "every chunk has a vector of some-model" in result.stderr
    assert json.loads(ask(server, "reembed", "--missing", "--json").stdout)["chunks"] == []
    # More is promised than there is: the walk ends all the same.
    server = serve({"QUERY": missing(10, 5000)(tmp_path / "answer")})
    assert len(json.loads(ask(server, "reembed", "--missing", "--json").stdout)["chunks"]) == 10
    assert ask(server, "reembed", "--missing", "--wait").returncode == 2
