# SPDX-License-Identifier: AGPL-3.0-or-later
"""The control socket against clients that are wrong, slow, many, gone or strangers: none harms
ebbd or another client."""

import os
import select
import struct
import subprocess
import sys
import time

import msgpack
import pytest

import daemon
import ebbproto
from daemon import Refused, patience, resident_bytes, seconds, wait_until
from ebbproto import NUMBERS, encode
from fakes import DOCUMENT, SERIAL, fake, write_script

NO_JOB = "01234567-89ab-7cde-8f01-23456789abcd"


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script"
    write_script(path, "pages=1")
    return path


def frame(body):
    return struct.pack(">I", len(body)) + body


def packed(*parts):
    return frame(msgpack.packb(list(parts)))


def last_words(client, timeout=10.0):
    """What ebbd says until it closes the connection."""
    messages = []
    while (message := client.receive(patience(timeout))) is not None:
        messages.append(message)
    return messages


# --- broken frames ---

BROKEN = {
    "garbage": frame(b"\xc1" * 64),
    "nothing in it": frame(b""),
    "too large": struct.pack(">I", 262145),
    "as large as can be": struct.pack(">I", 0xFFFFFFFF),
    "no array": frame(msgpack.packb({})),
    "two elements": packed(NUMBERS["STATUS"], 1),
    "four elements": packed(NUMBERS["STATUS"], 1, {}, 0),
    "unknown message": packed(99, 1, {}),
    "a worker's message": packed(NUMBERS["BYE"], 1, {}),
    "ebbd's own message": packed(NUMBERS["REPLY"], 1, {"data": {}}),
    "an id below zero": packed(NUMBERS["STATUS"], -1, {}),
    "an id too large": packed(NUMBERS["STATUS"], 1 << 32, {}),
    "no payload": packed(NUMBERS["STATUS"], 1, None),
    "a field it does not have": packed(NUMBERS["STATUS"], 1, {"job": NO_JOB}),
    "a field that does not exist": packed(NUMBERS["STATUS"], 1, {"colour": "red"}),
    "a field missing": packed(NUMBERS["JOB"], 1, {}),
    "a field of another type": packed(NUMBERS["JOB"], 1, {"job": 7}),
    "a field too short": packed(NUMBERS["JOB"], 1, {"job": "7"}),
    "a number too large": packed(NUMBERS["JOBS"], 1, {"limit": 1001}),
    "text with a NUL": packed(NUMBERS["SUBMIT"], 1, {"file": "a\0b", "name": "n"}),
    "text that is none": packed(NUMBERS["SUBMIT"], 1, {"file": b"\xff\xfe", "name": "n"}),
    "bytes behind the end": frame(msgpack.packb([NUMBERS["STATUS"], 1, {}]) + b"\0"),
    "over the message's maximum": encode(
        "SUBMIT", 1, file="f", name="n", params={f"k{i}": "x" * 60000 for i in range(3)}
    ),
    "deeply nested": frame(b"\x93\x20\x01" + b"\x91" * 1000),
}


@pytest.fixture(scope="module")
def served():
    """One ebbd for all broken frames: it has to outlive them."""
    if not daemon.EBBD.exists():
        pytest.skip(f"{daemon.EBBD} has not been built")
    ebbd = daemon.Ebbd({"limits.frame_timeout": f"{seconds(300)}ms"})
    try:
        yield ebbd.start()
        ebbd.finish()
    finally:
        ebbd.remove()


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_frame_ends_its_connection(served, what):
    client = served.client()
    client.socket.sendall(BROKEN[what])
    said = last_words(client)
    # Where the frame could be read, it is told what was wrong with it.
    assert [(message.name, message["code"]) for message in said] in ([], [("ERROR", "invalid")])
    if what not in ("nothing in it", "too large", "as large as can be"):
        assert said[0]["text"]
    assert served.status()["state"] == "running"


def test_what_came_before_a_broken_frame_is_answered(served):
    client = served.client()
    client.socket.sendall(encode("STATUS", 1) + encode("POOLS", 2) + BROKEN["garbage"])
    said = last_words(client)
    assert [(message.name, message.id) for message in said] == [
        ("REPLY", 1), ("REPLY", 2), ("ERROR", 0),
    ]


@pytest.mark.parametrize("size", [1, 3, 4, 6])
def test_a_frame_that_never_ends(served, size):
    client = served.client()
    client.socket.sendall(encode("STATUS", 1)[:size])
    started = time.monotonic()
    assert last_words(client) == []
    assert 0.25 <= time.monotonic() - started <= patience(5)


def test_a_frame_in_pieces_is_a_frame(served):
    client = served.client()
    for byte in encode("STATUS", 5):
        client.socket.sendall(bytes([byte]))
        time.sleep(0.002)
    assert client.expect("REPLY").id == 5


def test_a_client_that_leaves_in_the_middle(served):
    for size in range(1, 8):
        client = served.client()
        client.socket.sendall(encode("STATUS", 1)[:size])
        client.close()
    assert served.status()["state"] == "running"


@pytest.mark.parametrize(
    "request_name, fields, code",
    [
        ("JOB", {"job": NO_JOB}, "not_found"),
        ("JOB", {"job": "x" * 36}, "invalid"),
        ("CANCEL_JOB", {"job": NO_JOB}, "not_found"),
        ("CANCEL_JOB", {"job": "x" * 36}, "invalid"),
        ("RESUME", {"job": NO_JOB}, "not_found"),
        ("DELETE", {"job": NO_JOB}, "not_found"),
        ("DELETE", {"job": "x" * 36}, "invalid"),
        ("JOBS", {"status": "happy"}, "invalid"),
        ("JOBS", {"cursor": "x" * 36}, "invalid"),
        ("MEMORY", {"view": "sideways"}, "invalid"),
        ("MEMORY", {"view": "receipts", "job": "x" * 36}, "invalid"),
        ("SUBSCRIBE", {"job": "x" * 36}, "invalid"),
        ("EVENTS", {"job": "x" * 36}, "invalid"),
        ("QUERY", {"kind": "rumour"}, "invalid"),
        ("QUERY", {"kind": "delete", "params": {"job": NO_JOB}}, "invalid"),
        ("QUERY", {"kind": "show", "params": {"document": NO_JOB}}, "not_found"),
    ],
)
def test_a_request_that_cannot_be_done_is_refused(served, request_name, fields, code):
    with pytest.raises(Refused) as refused:
        served.call(request_name, **fields)
    assert refused.value.code == code, refused.value
    assert refused.value.text
    assert served.status()["state"] == "running"


# --- many and slow ---


def closed(client):
    """Whether ebbd closed the connection."""
    return select.select([client.socket], [], [], patience(5))[0] and client.socket.recv(1) == b""


def test_too_many_clients(make_ebbd):
    ebbd = make_ebbd({"limits.clients": 4})
    friends = [ebbd.client() for _ in range(3)]
    for friend in friends:
        friend.call("STATUS")
    assert ebbd.status()["clients"] == 4
    strangers = [ebbd.client() for _ in range(20)]
    assert all(closed(stranger) for stranger in strangers)
    assert all(friend.call("STATUS")["clients"] == 4 for friend in friends)
    friends.pop().close()
    wait_until("one has left", lambda: ebbd.status()["clients"] == 3)
    assert ebbd.client().call("STATUS")["clients"] == 4


def test_too_many_requests_at_once(make_ebbd):
    """128 may be unanswered; they are answered, the others refused, the connection stays."""
    ebbd = make_ebbd()
    client = ebbd.client()
    client.socket.sendall(
        b"".join(encode("SUBMIT", number, file="none", name="n") for number in range(1, 201))
    )
    codes = []
    for number in range(1, 201):
        with pytest.raises(Refused) as refused:
            client.answer(number)
        codes.append(refused.value.code)
    assert codes.count("not_found") >= 128
    assert set(codes) == {"not_found", "limit"}
    assert client.call("STATUS")["state"] == "running"


def test_too_many_queries(make_ebbd, script):
    write_script(script, "on=run step=query action=sleep ms=1000")
    ebbd = make_ebbd({"limits.queries": 3, **fake(script, "library")})
    requests = [ebbd.connection.request("QUERY", kind="digest") for _ in range(5)]
    outcomes = []
    for request in requests:
        try:
            ebbd.connection.answer(request)
            outcomes.append("answered")
        except Refused as error:
            outcomes.append(error.code)
    assert sorted(outcomes) == ["answered"] * 3 + ["limit"] * 2


def test_a_client_that_does_not_read_its_answers(make_ebbd):
    ebbd = make_ebbd({"limits.client_queue": "2M"})
    before = resident_bytes(ebbd.pid)
    sluggard = ebbd.client()
    ask = b"".join(encode("POOLS", number) for number in range(1, 101))
    sluggard.socket.settimeout(patience(10))
    try:
        for _ in range(200):
            sluggard.socket.sendall(ask)
            ebbd.status()  # others are served all the while
    except (BrokenPipeError, ConnectionResetError):
        pass
    wait_until("it is dropped", lambda: ebbd.status()["clients"] == 1)
    assert "left" in ebbd.log() and "unread" in ebbd.log()
    if not daemon.SANITIZED:
        assert resident_bytes(ebbd.pid, "VmHWM") - before < 6 << 20
        wait_until("memory is given back", lambda: resident_bytes(ebbd.pid) - before < 1 << 20)


def test_strangers_are_turned_away(ebbd):
    """The socket's mode does it; and where somebody loosened that, the peer's credentials do."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    assert os.stat(ebbd.socket_path).st_mode & 0o777 == 0o660
    program = (
        "import os, socket, sys\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "sock = socket.socket(socket.AF_UNIX)\n"
        "try:\n"
        "    sock.connect(sys.argv[1]); sock.sendall(bytes.fromhex(sys.argv[2]))\n"
        "    print('answered' if sock.recv(1) else 'closed')\n"
        "except PermissionError: print('forbidden')\n"
        "except (BrokenPipeError, ConnectionResetError): print('closed')\n"
    )

    def knock():
        line = [sys.executable, "-c", program, str(ebbd.socket_path), encode("STATUS", 1).hex()]
        return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()

    os.chmod(ebbd.folder, 0o755)
    assert knock() == "forbidden"
    os.chmod(ebbd.socket_path, 0o666)
    assert knock() == "closed"
    os.chown(ebbd.socket_path, 0, 65534)
    assert knock() == "answered"  # of the socket's group


# --- events ---


def test_events_as_they_happen(make_ebbd, script):
    write_script(script, "pages=4 unit=1", "page_ms=150")
    ebbd = make_ebbd({**SERIAL, **fake(script)})
    client = ebbd.client()
    sequence = client.call("SUBSCRIBE")["sequence"]
    began = time.monotonic()
    job = ebbd.submit(DOCUMENT, name="watched.pdf")
    ebbd.completed(job)
    client.event("job.completed", job)
    seen = client.events
    kinds = [event["kind"] for event in seen if event["kind"] != "job.progress"]
    assert kinds[:2] == ["job.accepted", "job.started"]
    ended = [(event["kind"], event["text"]) for event in seen if event["kind"].startswith("stage.")]
    assert [(kind, text.split(":")[0]) for kind, text in ended] == [
        ("stage.completed", "survey"),
        ("stage.completed", "extract"),
        ("stage.skipped", "ocr"),
        ("stage.skipped", "assemble"),
        ("stage.completed", "structure"),
        ("stage.completed", "chunk"),
        ("stage.completed", "embed_text"),
        ("stage.skipped", "embed_image"),
        ("stage.completed", "finish"),
    ]
    assert [one["status"] for one in ebbd.job(job)["stages"]] == [
        "completed", "completed", "skipped", "skipped", "completed", "completed", "completed",
        "skipped", "completed",
    ]
    assert all(event["job_id"] == job for event in seen)
    stored = [event["sequence"] for event in seen if event["kind"] != "job.progress"]
    assert stored == list(range(sequence + 1, sequence + 1 + len(stored)))
    progress = [event["data"] for event in seen if event["kind"] == "job.progress"]
    took = time.monotonic() - began
    assert 2 <= len(progress) <= 10 + 10 * took
    values = [data["progress"] for data in progress]
    assert values == sorted(values) and 0 <= values[0] and values[-1] <= 100
    assert {"progress", "stage", "pages", "stages", "workers", "rss_bytes", "budget_bytes"} == set(
        progress[0]
    )
    assert {event["kind"] for event in ebbd.events()} >= set(kinds)


def test_events_of_one_job(make_ebbd, script):
    ebbd = make_ebbd({**SERIAL, **fake(script), "limits.active_jobs": 1})
    write_script(script, "on=run stage=survey action=sleep ms=1000")
    first, second = ebbd.submit(DOCUMENT), ebbd.submit(DOCUMENT)
    client = ebbd.client()
    client.call("SUBSCRIBE", job=second)
    client.event("job.completed", second)
    assert {event["job_id"] for event in client.events} == {second}
    assert ebbd.completed(first)


def test_events_again_from_a_sequence(make_ebbd, script):
    ebbd = make_ebbd({**SERIAL, **fake(script)})
    ebbd.completed(ebbd.submit(DOCUMENT))
    all_events = [event["sequence"] for event in ebbd.events()]
    assert all_events == list(range(1, len(all_events) + 1))
    client = ebbd.client()
    client.call("SUBSCRIBE", sequence=3)
    client.event("job.completed")
    replayed = [event["sequence"] for event in client.events]
    assert replayed == all_events[3:-1]
    # And over the end of an ebbd: the numbers go on.
    ebbd.stop()
    ebbd.start()
    later = [event["sequence"] for event in ebbd.events()]
    assert later == list(range(1, len(later) + 1))
    assert len(later) > len(all_events)


def test_a_subscriber_that_falls_behind_is_told_how_far(make_ebbd, script):
    failures = ",".join(f"{page}:odd:a_page_given_up_to_make_an_event" for page in range(1, 901))
    write_script(
        script, "pages=900 unit=900", f"on=run stage=extract action=add failures={failures}"
    )
    ebbd = make_ebbd({
        **SERIAL, **fake(script), "limits.client_queue": "2M", "limits.page_failures_percent": 100,
        "ebb.log_level": "notice",
    })
    sluggard = ebbd.client()
    sluggard.call("SUBSCRIBE")
    reader = ebbd.client()
    reader.call("SUBSCRIBE")
    jobs = [ebbd.submit(DOCUMENT) for _ in range(12)]
    for job in jobs:
        reader.event("job.completed", job, timeout=30)
    expected = [event["sequence"] for event in reader.events if event["kind"] == "unit.failed"]
    assert len(expected) == 12 * 900
    # It reads now: first what was kept, then, with the next event, how many were left out.
    deadline = time.monotonic() + patience(20)
    while not any(event["kind"] == "events.lost" for event in sluggard.events):
        assert time.monotonic() < deadline, len(sluggard.events)
        try:
            sluggard.event("no such event", timeout=0.2)
        except ebbproto.Timeout:
            ebbd.call("CANCEL_JOB", job=ebbd.submit(DOCUMENT))
    (lost,) = [event for event in sluggard.events if event["kind"] == "events.lost"]
    place = sluggard.events.index(lost)
    before = [event for event in sluggard.events[:place] if event["kind"] != "job.progress"]
    after = [event for event in sluggard.events[place + 1:] if event["kind"] != "job.progress"]
    gap = after[0]["sequence"] - before[-1]["sequence"] - 1
    assert lost["data"]["count"] >= gap > 1000
    sequences = [event["sequence"] for event in before + after]
    assert sequences == sorted(set(sequences))


# --- queries and their answers ---


def answers(ebbd):
    return os.listdir(ebbd.state / "answers")


def test_an_answer_lives_until_the_next(ebbd):
    client = ebbd.client()
    first = client.call("QUERY", kind="digest")
    assert [os.path.basename(first["answer"])] == answers(ebbd)
    second = client.call("QUERY", kind="documents")
    assert [os.path.basename(second["answer"])] == answers(ebbd)
    client.close()
    wait_until("the answer goes with its client", lambda: answers(ebbd) == [])


def test_a_query_whose_client_is_gone(make_ebbd, script):
    write_script(script, "on=run step=query action=sleep ms=200")
    ebbd = make_ebbd(fake(script, "library"))
    for _ in range(3):  # the first runs, the others wait
        client = ebbd.client()
        client.request("QUERY", kind="digest")
        client.close()
    ebbd.call("QUERY", kind="digest")
    ebbd.settle()
    assert len(answers(ebbd)) == 1


@pytest.mark.parametrize(
    "action", ["action=segv", "action=hang", "action=exit exit=0", "action=fail code=odd"]
)
def test_a_query_whose_worker_fails(make_ebbd, script, action):
    write_script(script, f"on=run step=query once={script}.once {action}")
    ebbd = make_ebbd({
        **fake(script, "library"), "limits.query_deadline": f"{seconds(300)}ms",
    })
    with pytest.raises(Refused) as refused:
        ebbd.call("QUERY", kind="digest")
    assert refused.value.code == ("odd" if "odd" in action else "failed")
    assert answers(ebbd) == []
    ebbd.call("QUERY", kind="digest")


def test_a_query_does_not_wait_for_ever(make_ebbd, script):
    """No worker of the library starts: whoever asks is told, and DELETE leaves the job."""
    ebbd = make_ebbd({
        **fake(script, "library"), "limits.query_deadline": f"{seconds(300)}ms",
        "memory.sample": "100ms", "limits.backoff_max": "100ms", "limits.active_jobs": 0,
    })
    job = ebbd.submit(DOCUMENT)
    write_script(script, "on=init action=exit exit=3")
    requests = [ebbd.connection.request("QUERY", kind="digest") for _ in range(3)]
    requests.append(ebbd.connection.request("DELETE", job=job))
    for request in requests:
        with pytest.raises(Refused) as refused:
            ebbd.connection.answer(request)
        assert refused.value.code in ("failed", "internal")
    write_script(script, "")
    assert ebbd.call("DELETE", job=job)["status"] == "deleted"
