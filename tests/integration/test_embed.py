# SPDX-License-Identifier: AGPL-3.0-or-later
"""ebb-embed over its channel, with an endpoint that is slow, refuses, lies and hangs: every text has
its vector in the end, or a record that says why not."""

import os
import pathlib
import struct
import subprocess
import threading
import time
from email.utils import formatdate

import msgpack
import pytest

import ebbproto
import endpoint
from endpoint import Answer, Endpoint, raw, right, status

EMBED = ebbproto.WORKERS / "ebb-embed"
JOB = "01890000-0000-7000-8000-000000000004"
KEY = "sk-test-0123456789abcdef"
MIB = 1 << 20

pytestmark = pytest.mark.skipif(not EMBED.exists(), reason=f"{EMBED} has not been built")


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def write_texts(path, texts):
    """What `gather` leaves: kind "texts", rows from 1."""
    records = [["ebb", 1, "texts"]] + [[1, row, text] for row, text in enumerate(texts, 1)]
    data = b"".join(struct.pack(">I", len(packed)) + packed
                    for packed in map(msgpack.packb, records))
    end = msgpack.packb(["end", len(texts), fnv1a(data)])
    path.write_bytes(data + struct.pack(">I", len(end)) + end)


def read_vectors(path):
    """(models, {target: a list of numbers, or the reason})."""
    data, at, records = path.read_bytes(), 0, []
    while at < len(data):
        (length,) = struct.unpack(">I", data[at:at + 4])
        records.append(msgpack.unpackb(data[at + 4:at + 4 + length]))
        at += 4 + length
    assert records[0] == ["ebb", 1, "vectors"]
    found = {}
    for target, model, vector in records[2:-1]:
        assert model == 0 and target not in found
        found[target] = vector if isinstance(vector, str) else \
            list(struct.unpack(f"<{len(vector) // 4}f", vector))
    return [model for model in records[1][1]], found


class Embedder(ebbproto.Worker):
    def __init__(self, state, url=None, key=None, **settings):
        super().__init__(EMBED)
        self.state = pathlib.Path(state)
        self.folder = self.state / "jobs" / JOB
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.state / "answers").mkdir(exist_ok=True)
        options = {name: str(value) for name, value in settings.items()}
        if url:
            options = {"url": url, "model": "test-model", "batch": "4", "attempts": "3",
                       "timeout_ms": "120000", **options}
        extra = {"secrets": {"key": key}} if key else {}
        self.ready(self.state, **{"class": "embed"}, lifetime="pool", profile="net",
                   memory_max_bytes=256 * MIB, settings=options, **extra)
        self.runs = 0

    def begin(self, texts, deadline_ms=600000):
        self.runs += 1
        write_texts(self.folder / "gather-00000001-00000001.ebb", texts)
        self.artifact = f"embed_text-{self.runs:08d}-{self.runs:08d}.ebb"
        self.lease(JOB, self.folder)
        self.run(self.runs, stage="embed_text", artifact=self.artifact, deadline_ms=deadline_ms,
                 params={"kind": "reembed"})

    def embed(self, texts, **how):
        """DONE, and what became of each text."""
        self.begin(texts, **how)
        done = self.expect("DONE")
        models, found = read_vectors(self.folder / self.artifact)
        assert sorted(found) == list(range(1, len(texts) + 1))
        missing = sum(isinstance(vector, str) for vector in found.values())
        counts = done.get("counts", {})
        assert counts.get("vectors", 0) == len(texts) - missing
        assert counts.get("chunks_without_vector", 0) == missing
        assert bool(done.get("warnings")) == bool(missing)
        return done, models, found

    def ask(self, question):
        self.runs += 1
        self.answer = self.state / "answers" / f"a{self.runs}"
        self.lease(JOB, self.folder)
        self.run(self.runs, stage="text_vector", step="query", answer=str(self.answer),
                 params={"q": question})
        while True:
            message = self.receive()
            if message.name in ("DONE", "FAILED"):
                return message

    def finish(self):
        self.send("SHUTDOWN")
        self.expect("BYE")
        assert self.wait() == ebbproto.EXIT_OK
        return self.log_text()


@pytest.fixture
def make(tmp_path):
    """make(url, **settings) starts a worker; it is told to go at the end."""
    workers = []

    def start(url=None, **settings):
        worker = Embedder(tmp_path, url, **settings)
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        with worker:
            if worker.process.poll() is None:
                worker.finish()


@pytest.fixture
def serve():
    """serve(behave, ...) starts an endpoint."""
    endpoints = []

    def start(*arguments, **named):
        endpoints.append(Endpoint(*arguments, **named))
        return endpoints[-1]

    yield start
    for started in endpoints:
        started.close()


def texts_of(count):
    return [f"text number {number} of kilns and tiles" for number in range(count)]


def assert_right(found, texts, dimensions=8):
    for row, text in enumerate(texts, 1):
        expected = endpoint.vector_of(text, dimensions)
        assert not isinstance(found[row], str), found[row]
        assert max(abs(a - b) for a, b in zip(found[row], expected, strict=True)) < 1e-5


def none_has_a_vector(found, reason):
    assert found and all(isinstance(vector, str) and reason in vector for vector in found.values()), \
        found


# --- built in ---


def test_built_in(make):
    worker = make()
    done, models, found = worker.embed(["the kiln", "the kiln", "a vote"])
    assert models == [[0, "ebb-lexical-512", 512]]
    assert found[1] == found[2] != found[3]
    assert abs(sum(value * value for value in found[3]) - 1) < 1e-5


def test_built_in_lists_what_has_no_word(make):
    _, _, found = make().embed(["the kiln", "... --- ..."])
    assert isinstance(found[2], str) and found[2].startswith("no_words: ")


def test_built_in_question(make):
    worker = make()
    assert worker.ask("the kiln").name == "DONE"
    _, asked = read_vectors(worker.answer)
    _, _, found = worker.embed(["the kiln"])
    assert asked == {0: found[1]}
    failed = worker.ask("???")
    assert (failed.name, failed["code"]) == ("FAILED", "no_vector")


# --- an endpoint that does as it should ---


def test_right_answers(make, serve):
    server = serve()
    texts = texts_of(10)
    worker = make(server.url, concurrency=1)
    done, models, found = worker.embed(texts)
    assert models == [[0, "test-model", 8]]
    assert_right(found, texts)
    assert [len(request.texts) for request in server.requests] == [4, 4, 2]
    assert {request.path for request in server.requests} == {"/v1/embeddings"}
    assert server.requests[0].body == {"model": "test-model", "input": texts[:4],
                                       "encoding_format": "float"}
    worker.embed(texts)
    assert server.connections == 1, "connections are kept"


@pytest.mark.parametrize("ending", ["", "/", "/embeddings"])
def test_base_or_whole_path(make, serve, ending):
    server = serve()
    make(server.url + ending).embed(["a"])
    assert server.requests[0].path == "/v1/embeddings"


def test_dimensions_are_asked_for_and_expected(make, serve):
    server = serve(dimensions=16)
    worker = make(server.url, dimensions=16)
    assert worker.embed(["a"])[1] == [[0, "test-model", 16]]
    assert server.requests[0].body["dimensions"] == 16


def test_vectors_of_any_length_are_brought_to_one(make, serve):
    def longer(request):
        answer = right(request, 8)
        for entry in answer["data"]:
            entry["embedding"] = [value * 250 for value in entry["embedding"]]
        answer["data"].reverse()
        return raw(answer)

    texts = texts_of(9)
    assert_right(make(serve(longer).url).embed(texts)[2], texts)


def test_several_at_once(make, serve):
    """Each request waits for another one to be there."""
    both = threading.Barrier(2)

    def behave(_):
        both.wait(ebbproto.PATIENCE_S)

    server = serve(behave)
    texts = texts_of(32)
    assert_right(make(server.url, concurrency=4).embed(texts)[2], texts)
    assert 1 < server.most_at_once <= 4
    assert server.connections <= 4


def test_a_question(make, serve):
    server = serve()
    worker = make(server.url)
    assert worker.ask("which kiln?").name == "DONE"
    assert_right({1: read_vectors(worker.answer)[1][0]}, ["which kiln?"])


def test_long_texts_are_cut_at_a_character(make, serve):
    server = serve()
    text = "x" + "é" * 20000
    worker = make(server.url)
    worker.begin([text, "short"])
    done = worker.expect("DONE")
    assert any("longer than 32000 bytes" in warning for warning in done["warnings"])
    sent = server.requests[0].texts
    assert sent[0] == "x" + "é" * 15999 and sent[1] == "short"


# --- one that does not ---


def first_times(count, answer):
    """answer(request) for the first count requests, then right ones."""
    return lambda request: answer(request) if request.number <= count else None


def changed(change):
    """A right answer, changed: change(data) returns what "data" is to be, or changes it."""
    def behave(request):
        answer = right(request, 8)
        answer["data"] = change(answer["data"]) or answer["data"]
        return raw(answer)
    return behave


def set_number(index, place, value):
    def change(data):
        data[index]["embedding"][place] = value
    return change


LIES = {
    "no JSON": lambda request: raw(b"<html>busy</html>"),
    "nothing": lambda request: raw(b""),
    "half an answer": lambda request: Answer(200, (body := raw(right(request, 8)).body), cut=len(body) // 2),
    "half the JSON": lambda request: raw(raw(right(request, 8)).body[:-20]),
    "another shape": lambda request: raw({"vectors": []}),
    "a list": lambda request: raw([1, 2, 3]),
    "one too few": changed(lambda data: data[:-1]),
    "one too many": changed(lambda data: data + [dict(data[0], index=len(data))]),
    "an index twice": changed(lambda data: [dict(entry, index=0) for entry in data]),
    "an index beyond": changed(lambda data: [dict(entry, index=entry["index"] + 1) for entry in data]),
    "a negative index": changed(lambda data: [dict(entry, index=-1) for entry in data]),
    "no index": changed(lambda data: [{"embedding": entry["embedding"]} for entry in data]),
    "texts for numbers": changed(set_number(0, 3, "0.5")),
    "NaN": lambda request: raw(raw(right(request, 8)).body.replace(b"[", b"[NaN, ", 2)),
    "a number too large": changed(set_number(1, 2, 1e300)),
    "a zero vector": changed(lambda data: [dict(entry, embedding=[0.0] * 8) for entry in data]),
    "dimensions that differ": changed(lambda data: data[0]["embedding"].pop() and None),
    "no dimensions": changed(lambda data: [dict(entry, embedding=[]) for entry in data]),
    "base64": changed(lambda data: [dict(entry, embedding="AAAA") for entry in data]),
    "deep nesting": lambda request: raw(b'{"data":' + b"[" * 100000),
    "500": lambda request: status(500),
    "503": lambda request: status(503, Retry_After=0),
    "408": lambda request: status(408),
    "429": lambda request: status(429, Retry_After=0),
    "closes early": lambda request: Answer(200, b"x" * 100, cut=0),
}


@pytest.mark.parametrize("lie", LIES)
def test_tried_again_until_it_is_right(make, serve, lie):
    server = serve(first_times(1, LIES[lie]))
    texts = texts_of(4)
    assert_right(make(server.url).embed(texts)[2], texts)
    assert len(server.requests) == 2


@pytest.mark.parametrize("lie", LIES)
def test_left_without_a_vector(make, serve, lie):
    """The first batch has its vectors before the endpoint breaks down."""
    texts = texts_of(8)
    server = serve(lambda request: LIES[lie](request) if request.texts != texts[:4] else None)
    done, _, found = make(server.url, concurrency=1, attempts=2).embed(texts)
    assert_right({row: found[row] for row in range(1, 5)}, texts[:4])
    none_has_a_vector({row: found[row] for row in range(5, 9)}, ": ")
    assert len(server.requests) == 3
    assert done["warnings"][0].startswith("4 of 8 chunks have no vector: ")


def test_another_dimension_than_before(make, serve):
    server = serve()
    worker = make(server.url, attempts=1)
    worker.embed(["a"])
    server.dimensions = 12
    none_has_a_vector(worker.embed(["b"])[2], "bad_answer: a vector of 12 dimensions, expected 8")


def test_an_answer_that_never_ends(make, serve):
    server = serve(lambda request: raw(b" " * (64 * MIB)))
    worker = make(server.url, attempts=1)
    done, _, found = worker.embed(["a"])
    none_has_a_vector(found, "bad_answer: an answer of over ")
    assert done["peak_rss_bytes"] < 64 * MIB or ebbproto.sanitized(EMBED)


@pytest.mark.parametrize("code", [401, 403, 404])
def test_refused_for_good(make, serve, code):
    server = serve(lambda request: status(code, "not with this key"))
    done, _, found = make(server.url, concurrency=1).embed(texts_of(12))
    none_has_a_vector(found, f"endpoint_refused: the endpoint answers {code}: not with this key")
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [400, 413, 422])
def test_one_text_that_is_refused_costs_only_itself(make, serve, code):
    texts = texts_of(8)
    server = serve(lambda request: status(code, "cannot") if texts[5] in request.texts else None)
    _, _, found = make(server.url, concurrency=1).embed(texts)
    assert found.pop(6).startswith(f"endpoint_rejected: the endpoint answers {code}: cannot")
    for row, vector in found.items():
        assert_right({1: vector}, [texts[row - 1]])


def test_all_texts_refused_ends_soon(make, serve):
    server = serve(lambda request: status(400, "no such model"))
    _, _, found = make(server.url, concurrency=1, batch=64).embed(texts_of(256))
    none_has_a_vector(found, "endpoint_rejected: the endpoint answers 400: no such model")
    assert len(server.requests) <= 20


def test_redirections_are_not_followed(make, serve):
    other = serve()
    server = serve(lambda request: Answer(307, b"", {"Location": f"{other.url}/embeddings"}))
    _, _, found = make(server.url, key=KEY).embed(["a"])
    none_has_a_vector(found, "endpoint_refused: the endpoint answers 307")
    assert other.requests == []


def test_hanging_ends_with_the_timeout(make, serve):
    server = serve(lambda request: raw(right(request, 8), delay=600))
    worker = make(server.url, attempts=2, timeout_ms=300)
    none_has_a_vector(worker.embed(["a"])[2], "endpoint_down: ")
    assert len(server.requests) <= 2


def test_hanging_ends_with_the_unit(make, serve):
    server = serve(lambda request: raw(right(request, 8), delay=600))
    none_has_a_vector(make(server.url, timeout_ms=600000).embed(["a"], deadline_ms=2000)[2],
                      "out_of_time: ")


def test_nobody_listens(make, serve):
    server = serve()
    server.close()
    worker = make(server.url, attempts=2)
    none_has_a_vector(worker.embed(["a"])[2], "endpoint_down: ")
    failed = worker.ask("a question")
    assert (failed.name, failed["code"]) == ("FAILED", "no_vector")
    assert "endpoint_down: " in failed["text"]


def test_cancelled_at_once(make, serve):
    server = serve(lambda request: raw(right(request, 8), delay=600))
    worker = make(server.url, timeout_ms=600000)
    worker.begin(texts_of(8))
    worker.receive()
    begun = time.monotonic()
    worker.send("CANCEL", worker.runs)
    failed = worker.expect("FAILED")
    assert failed["code"] == "cancelled"
    assert time.monotonic() - begun < 300, "it did not wait for the endpoint"
    assert not (worker.folder / worker.artifact).exists()


# --- how often ---


def test_retry_after_is_obeyed(make, serve):
    server = serve(first_times(1, lambda request: status(429, Retry_After=2)))
    make(server.url).embed(["a"])
    first, second = server.requests
    assert second.time - first.time >= 2


def test_retry_after_as_a_date(make, serve):
    server = serve(first_times(1, lambda request: status(
        503, Retry_After=formatdate(time.time() + 3600, usegmt=True))))
    make(server.url, retry_after_max_ms=3000).embed(["a"])
    first, second = server.requests
    assert second.time - first.time >= 3


def test_retry_after_is_bounded(make, serve):
    server = serve(first_times(1, lambda request: status(429, Retry_After=86000)))
    make(server.url, retry_after_max_ms=200).embed(["a"])
    assert len(server.requests) == 2


def test_requests_per_minute(make, serve):
    """120 a minute: two in the first moment, then one each half second."""
    server = serve()
    worker = make(server.url, requests_per_minute=120, batch=1, concurrency=8)
    begun = time.monotonic()
    worker.embed(texts_of(8))
    assert len(server.requests) == 8 and time.monotonic() - begun >= 6 * 0.5


def test_tokens_per_minute(make, serve):
    """Each text is about 1,000 tokens, of which 60,000 a minute may be sent: a second each, but for
    the first two."""
    server = serve()
    worker = make(server.url, tokens_per_minute=60000, batch=1, concurrency=8)
    begun = time.monotonic()
    worker.embed(["x" * 4000] * 4)
    assert len(server.requests) == 4 and time.monotonic() - begun >= 2


def test_breaker_opens(make, serve):
    server = serve(lambda request: status(500))
    worker = make(server.url, attempts=2, batch=1, concurrency=1, breaker_failures=3,
                  breaker_ms=3600000)
    _, _, found = worker.embed(texts_of(6))
    assert len(server.requests) == 3
    none_has_a_vector(found, ": ")
    assert "breaker_open: " in found[6]
    server.behave = lambda request: None
    none_has_a_vector(worker.embed(["a"])[2], "breaker_open: ")
    assert worker.ask("a question")["text"].startswith("breaker_open: ")
    assert len(server.requests) == 3


def test_breaker_tries_one_alone_and_closes(make, serve):
    failed_at_once = []

    def behave(request):
        if request.number < 8:
            failed_at_once.append(server.at_once)
            return status(500)
        return None

    server = serve(behave)
    worker = make(server.url, attempts=1, batch=1, concurrency=8, breaker_failures=1, breaker_ms=1)
    worker.embed(["a"])
    texts = texts_of(6)
    until = time.monotonic() + ebbproto.PATIENCE_S
    found = {1: ""}
    while any(isinstance(vector, str) for vector in found.values()):
        assert time.monotonic() < until
        _, _, found = worker.embed(texts)
    assert_right(found, texts)
    assert failed_at_once == [1] * 7


# --- keys and TLS ---


def test_the_key_is_sent_and_told_to_nobody(make, serve, tmp_path):
    server = serve(first_times(1, lambda request: status(500, f"bad key {KEY}")))
    worker = make(server.url, key=KEY, attempts=1)
    _, _, found = worker.embed(["a"])
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in found[1] and "500" in found[1]
    for name in ("cmdline", "environ"):
        path = f"/proc/{worker.pid}/{name}"
        if os.access(path, os.R_OK):
            assert KEY.encode() not in pathlib.Path(path).read_bytes()
    assert KEY not in worker.finish()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("settings, text", [
    ({"url": "http://example.invalid/v1", "key": KEY}, "in the open"),
    ({"url": "ftp://127.0.0.1/"}, "http"),
    ({"url": "http://user:word@127.0.0.1/"}, "'@'"),
    ({"url": "http://127.0.0.1/", "model": ""}, "option.model"),
    ({"url": "http://127.0.0.1/", "model": "ebb-lexical-512"}, "built-in"),
    ({"url": "http://127.0.0.1/", "batch": "0"}, "option.batch"),
    ({"url": "http://127.0.0.1/", "timeout_ms": "soon"}, "option.timeout_ms"),
])
def test_settings_that_make_no_sense(make, settings, text):
    worker = make(**settings)
    worker.begin(["a"])
    failed = worker.expect("FAILED")
    assert (failed["code"], failed["retryable"]) == ("invalid_setting", False)
    assert text in failed["text"] and KEY not in failed["text"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://localhost:9/v1", "http://[::1]:9/v1"])
def test_a_key_may_stay_on_the_machine_in_the_open(make, url):
    none_has_a_vector(make(url, key=KEY, attempts=1).embed(["a"])[2], "endpoint_down: ")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out",
         "certificate.pem"], cwd=folder, check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"


def test_tls(make, serve, certificate):
    server = serve(tls=certificate)
    worker = make(server.url, key=KEY, ca_file=certificate[0], read_paths=certificate[0].parent)
    texts = texts_of(5)
    assert_right(worker.embed(texts)[2], texts)


def test_tls_several_at_once(make, serve, certificate):
    both = threading.Barrier(2)

    def behave(_):
        both.wait(ebbproto.PATIENCE_S)

    server = serve(behave, tls=certificate)
    worker = make(server.url, ca_file=certificate[0], read_paths=certificate[0].parent)
    texts = texts_of(32)
    assert_right(worker.embed(texts)[2], texts)


def test_tls_of_nobody_known(make, serve, certificate):
    server = serve(tls=certificate)
    none_has_a_vector(make(server.url, key=KEY).embed(texts_of(9))[2], "endpoint_down: SSL")
    assert server.requests == []


def test_tls_for_another_name(make, serve, certificate):
    server = serve(tls=certificate)
    worker = make(server.url.replace("localhost", "127.0.0.1"), ca_file=certificate[0],
                  read_paths=certificate[0].parent)
    none_has_a_vector(worker.embed(["a"])[2], "endpoint_down: SSL")
    assert server.requests == []
