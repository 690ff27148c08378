# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCR's stage with fakes for its workers: a gang that takes page after page, within the budget, and
what a page that cannot be read costs."""

import collections

import pytest

import daemon
import ebbproto
from daemon import resident_bytes, seconds, wait_until
from fakes import DOCUMENT, SERIAL, fake, lost, verdicts, write_script
from scans import scan

MIB = 1 << 20
SMALL_LIBRARY = {"class.library.memory_max": "16M"}


measured = pytest.mark.skipif(
    daemon.SANITIZED, reason="a sanitizer's own memory leaves no room for limits"
)


@pytest.fixture
def script(tmp_path):
    return tmp_path / "script"


def gang(script, slots=2, **settings):
    """Settings for an ebbd whose pdf and ocr workers are fakes; settings: class.ocr's own."""
    return {
        "limits.cpu_slots": slots,
        **SMALL_LIBRARY,
        **fake(script, "pdf", spare=0),
        **fake(script, "ocr", **settings),
    }


def stages(job):
    return {row["stage"]: row for row in job["stages"]}


def texts(ebbd, job):
    """The text of each page in the library."""
    text = ebbd.query("show", document=job["job_id"], format="text").decode()
    return [page.split(" of ")[0].strip() for page in text.split("\f")]


def notes(path):
    """What action=note wrote: (stage, first, attempt) a line."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return [(stage, int(items.split("-")[0]), int(attempt)) for stage, _, items, attempt, _ in lines]


# --- who does what ---


def test_pages_go_to_whoever_is_free(make_ebbd, script):
    write_script(script, "pages=24 unit=6 ocr=2", "on=run stage=ocr action=sleep ms=250")
    ebbd = make_ebbd(gang(script))
    job = ebbd.submit(DOCUMENT)

    def busy():
        rows = ebbd.workers("ocr")
        return [row["state"] for row in rows].count("busy") == 2

    wait_until("two read at once", busy)
    row = ebbd.completed(job)
    assert lost(row) == []
    assert (stages(row)["ocr"]["units_done"], stages(row)["ocr"]["items"]) == (12, 12)
    receipts = [one for one in ebbd.receipts(job) if one["stage"] == "ocr"]
    assert verdicts(receipts, "ocr") == {"done": 2}
    assert sum(one["units"] for one in receipts) == 12
    # What OCR read has taken the place of what extract wrote of the page.
    assert texts(ebbd, row) == [f"{'Page' if n % 2 else 'Scan'} {n}" for n in range(1, 25)]
    assert ebbd.workers("ocr") == []


def test_a_document_without_scans_starts_no_gang(make_ebbd, script):
    write_script(script, "pages=4")
    ebbd = make_ebbd(gang(script))
    row = ebbd.completed(ebbd.submit(DOCUMENT))
    assert stages(row)["ocr"]["status"] == "skipped"
    assert ebbd.classes()["ocr"]["created"] == 0


def test_what_needs_all_pages_waits_for_the_last(make_ebbd, script, tmp_path):
    """assemble is found by survey, and still runs after everything that it is made of."""
    written = tmp_path / "notes"
    write_script(
        script,
        "pages=6 unit=3 ocr=1 assemble=1",
        f"on=run action=note path={written}",
        "on=run stage=ocr action=sleep ms=20",
    )
    ebbd = make_ebbd(gang(script))
    row = ebbd.completed(ebbd.submit(DOCUMENT))
    order = [stage for stage, _, _ in notes(written)]
    assert order[0] == "survey" and order[-1] == "assemble"
    assert collections.Counter(order) == {"survey": 1, "extract": 2, "ocr": 6, "assemble": 1}
    assert stages(row)["assemble"]["status"] == "completed"


def test_what_cannot_be_assembled_is_a_warning(make_ebbd, script):
    write_script(script, "pages=3 ocr=1 assemble=1", "on=run stage=assemble action=segv")
    ebbd = make_ebbd(gang(script))
    row = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(row) == []
    (warning,) = row["warnings"]
    assert warning.startswith("assemble: crashed: ended by signal 11")
    assert stages(row)["assemble"]["status"] == "failed"


def test_pages_are_not_found_twice(make_ebbd, script, tmp_path):
    """extract's artifact is damaged before it is persisted: it runs again, and finds them again."""
    written = tmp_path / "notes"
    write_script(
        script,
        "pages=4 ocr=1",
        f"on=run stage=ocr action=note path={written}",
        "on=run stage=ocr action=sleep ms=100",
    )
    library = tmp_path / "library"
    write_script(
        library,
        "on=run step=persist stage=extract attempt=1 action=fail code=artifact_damaged",
    )
    ebbd = make_ebbd({**gang(script), **fake(library, "library")})
    row = ebbd.completed(ebbd.submit(DOCUMENT))
    assert stages(row)["ocr"]["units"] == 4
    assert sorted(notes(written)) == [("ocr", page, 1) for page in range(1, 5)]


# --- memory ---


@measured
def test_one_reads_when_the_budget_admits_one(make_ebbd, script):
    write_script(script, "pages=8 unit=8 ocr=1", "on=item stage=ocr action=eat mib=40 ms=150")
    ebbd = make_ebbd({
        **gang(script, slots=4, memory_max="80M"),
        "limits.memory_budget": "120M",
        "class.pdf.memory_max": "60M",
    })
    job = ebbd.submit(DOCUMENT)
    most = 0
    while ebbd.job(job)["status"] not in daemon.ENDED:
        most = max(most, [row["state"] for row in ebbd.workers("ocr")].count("busy"))
    row = ebbd.completed(job)
    assert most == 1
    assert lost(row) == []
    receipts = [one for one in ebbd.receipts(job) if one["stage"] == "ocr"]
    assert (len(receipts), receipts[0]["units"]) == (1, 8)
    assert ebbd.events("memory.over") == []


def test_as_many_read_as_the_budget_admits(make_ebbd, script):
    write_script(script, "pages=16 unit=16 ocr=1", "on=item stage=ocr action=sleep ms=300")
    ebbd = make_ebbd({**gang(script, slots=4, memory_max="80M"), "limits.memory_budget": "1G"})
    job = ebbd.submit(DOCUMENT)
    wait_until(
        "four read", lambda: [row["state"] for row in ebbd.workers("ocr")].count("busy") == 4
    )
    ebbd.completed(job)


def predicted(ebbd):
    """What is reckoned with for the OCR worker of a job of one page."""
    job = ebbd.submit(DOCUMENT)

    def busy():
        return [row for row in ebbd.workers("ocr") if row["state"] == "busy"]

    (row,) = wait_until("it reads", busy)
    ebbd.completed(job)
    return row["predicted_bytes"], ebbd.receipts(job)


@measured
def test_predictions_go_by_the_size_of_a_page(make_ebbd, script):
    """Pages of as many pixels cost as much, whatever the document's bytes."""

    def pages_of(size, mib):
        rule = f"on=item stage=ocr action=eat mib={mib} ms=1000"
        write_script(script, f"pages=1 ocr=1 ocr_size={size}", rule)

    ebbd = make_ebbd({**gang(script, slots=1, memory_max="700M"), "limits.memory_budget": "2G"})
    pages_of(8700, 50)
    first, receipts = predicted(ebbd)
    assert first == 700 * MIB
    (peak,) = [row["peak_rss_bytes"] for row in receipts if row["stage"] == "ocr"]
    second, _ = predicted(ebbd)
    assert second == pytest.approx(peak * 1.1, rel=0.05)
    # A smaller page borrows from the larger ones, a larger one cannot.
    pages_of(2000, 10)
    smaller, _ = predicted(ebbd)
    assert smaller == pytest.approx(peak * 1.1, rel=0.05)
    smaller, _ = predicted(ebbd)
    assert smaller < 40 * MIB
    pages_of(70000, 20)
    larger, _ = predicted(ebbd)
    assert larger == 700 * MIB
    # What was learned outlives ebbd.
    pages_of(8700, 50)
    ebbd.stop()
    ebbd.start()
    again, _ = predicted(ebbd)
    assert again == pytest.approx(peak * 1.1, rel=0.05)


@measured
def test_each_page_has_its_peak(make_ebbd, script):
    write_script(
        script,
        "pages=4 ocr=1",
        "on=item stage=ocr item=2 action=eat mib=64",
        "on=item stage=ocr item=3 action=eat mib=24",
    )
    ebbd = make_ebbd({**gang(script, slots=1), "limits.memory_budget": "1G"})
    row = ebbd.completed(ebbd.submit(DOCUMENT))
    (receipt,) = [one for one in ebbd.receipts(row["job_id"]) if one["stage"] == "ocr"]
    assert receipt["peak_rss_bytes"] > 64 * MIB
    if receipt["units_peak"] is None:
        assert row["units_peak"] == []
        pytest.skip("this kernel does not let VmHWM be reset")
    peaks = {one["first"]: one["peak_rss_bytes"] for one in receipt["units_peak"]}
    assert list(peaks) == [1, 2, 3, 4]
    assert {(one["stage"], one["first"]) for one in receipt["units_peak"]} == {
        ("ocr", page) for page in range(1, 5)
    }
    assert peaks[2] > 64 * MIB > peaks[3] > 24 * MIB > peaks[4]
    assert receipt["peak_rss_bytes"] >= max(peaks.values())
    assert row["units_peak"][0] == {
        "stage": "ocr", "first": 2, "last": 2, "peak_rss_bytes": peaks[2],
    }


# --- the real ones ---


def run_real(make_ebbd, document, before=(), **settings):
    """(digest of the library's content, receipts of the gang, most memory that was seen in use)."""
    ebbd = make_ebbd({"memory.sample": "50ms", **settings})
    for other in before:
        ebbd.call("DELETE", job=ebbd.completed(ebbd.submit(other), timeout=60.0)["job_id"])
    job = ebbd.submit(document)
    most = 0
    while ebbd.job(job)["status"] not in daemon.ENDED:
        most = max(most, ebbd.status()["memory"]["live_bytes"])
    row = ebbd.completed(job)
    assert lost(row) == []
    assert row["counts"]["pages"] == 6
    assert ebbd.events("memory.over") == []
    receipts = [one for one in ebbd.receipts(job) if one["stage"] == "ocr"]
    assert sum(one["units"] for one in receipts) == 6
    return ebbd.query("digest"), receipts, most


@pytest.mark.skipif(
    not (ebbproto.WORKERS / "ebb-ocr").exists(), reason="ebb-ocr has not been built"
)
@measured
def test_a_real_gang_reads_the_same_whoever_reads(make_ebbd):
    """By one, by two in a budget that is just enough for them, and after other documents."""
    document = scan(6, 200, 11.0)
    digest, receipts, _ = run_real(make_ebbd, document, **{"limits.cpu_slots": 1})
    assert len(receipts) == 1
    tight = {"limits.cpu_slots": 2, "limits.memory_budget": "160M"}
    together, receipts, most = run_real(make_ebbd, document, **tight, **SMALL_LIBRARY)
    assert max(one["peak_rss_bytes"] for one in receipts) < 160 * MIB
    assert most < 160 * MIB
    assert together == digest
    later, _, _ = run_real(make_ebbd, document, [scan(3), scan(2)], **{"limits.cpu_slots": 2})
    assert later == digest


# --- pages that cannot be read ---


@pytest.mark.parametrize(
    "action, verdict, tries",
    [
        ("segv", "crashed", 3),
        ("exit exit=68", "memory_exceeded", 3),
        ("fail code=memory_exceeded", "memory_exceeded", 3),
        ("fail code=odd retryable=1", "failed", 3),
        ("fail code=odd retryable=0", "failed", 1),
        ("hang", "deadline_exceeded", 3),
    ],
)
def test_a_page_is_tried_and_tried_cheaper(make_ebbd, script, tmp_path, action, verdict, tries):
    """The attempt's number tells the worker to take less; what was there before stays."""
    written = tmp_path / "notes"
    write_script(
        script,
        "pages=5 ocr=1",
        f"on=run stage=ocr first=3 action=note path={written}",
        f"on=item stage=ocr item=3 action={action}",
    )
    settings = gang(script, item_deadline=f"{seconds(2000)}ms")
    ebbd = make_ebbd({**settings, "limits.backoff_first": "1ms"})
    row = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(row) == [(3, verdict)]
    assert row["pages_failed"][0]["stage"] == "ocr"
    assert notes(written) == [("ocr", 3, attempt) for attempt in range(1, tries + 1)]
    assert texts(ebbd, row) == ["Scan 1", "Scan 2", "Page 3", "Scan 4", "Scan 5"]


def test_a_cheaper_try_may_do(make_ebbd, script):
    write_script(script, "pages=3 ocr=1", "on=item stage=ocr item=2 attempt=1 action=exit exit=68",
                 "on=item stage=ocr item=2 attempt=2 action=exit exit=68")
    ebbd = make_ebbd(gang(script))
    row = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(row) == []
    assert texts(ebbd, row) == ["Scan 1", "Scan 2", "Scan 3"]


def test_what_was_too_large_is_tried_alone(make_ebbd, script):
    write_script(
        script,
        "pages=12 unit=12 ocr=1",
        "on=item stage=ocr item=4 attempt=1 action=exit exit=68",
        "on=item stage=ocr item=4 attempt=2 action=sleep ms=1500",
        "on=item stage=ocr action=sleep ms=60",
    )
    ebbd = make_ebbd({**gang(script, slots=3), "limits.memory_budget": "1G"})
    job = ebbd.submit(DOCUMENT)
    seen = []
    while ebbd.job(job)["status"] not in daemon.ENDED:
        rows = ebbd.workers()
        if any(row["item"] == 4 and row["class"] == "ocr" for row in rows):
            seen.append([row for row in rows if row["job_id"]])
    row = ebbd.completed(job)
    assert lost(row) == []
    # The second try is seen last: nobody else of the gang is there, not even idle.
    assert [row["item"] for row in seen[-1]] == [4]


# --- a document full of poison ---


@measured
def test_five_poisonous_pages_of_two_hundred(make_ebbd, script):
    """Each costs itself, and its neighbours no more than another try."""
    poison = {
        23: ("action=segv", "crashed"),
        64: ("action=spin", "deadline_exceeded"),
        101: ("action=eat mib=300", "memory_exceeded"),
        140: ("action=deaf", "deadline_exceeded"),
    }
    rules = [f"on=item stage=extract item={page} {how}" for page, (how, _) in poison.items()]
    rules += ["on=run stage=extract covers=177 action=add failures=177:page_broken:it_is_broken"]
    write_script(script, "pages=200 unit=16", *rules)
    deadline = seconds(2000)
    ebbd = make_ebbd({
        **gang(script),
        "class.pdf.memory_max": "128M",
        "class.pdf.item_deadline": f"{deadline}ms",
        "limits.backoff_first": "1ms",
    })
    rss = resident_bytes(ebbd.pid)
    job = ebbd.submit(DOCUMENT)
    row = ebbd.completed(job, timeout=60.0)
    expected = {page: verdict for page, (_, verdict) in poison.items()} | {177: "failed"}
    assert dict(lost(row)) == expected
    assert (row["pages"], row["pages_done"], row["pages_failed_count"]) == (200, 195, 5)
    assert row["pages_failed"][-1]["detail"] == "it is broken"
    good = [f"Page {n}" for n in range(1, 201) if n not in poison]
    assert [text for text in texts(ebbd, row) if text.startswith("Page")] == good
    # Two tries each, the first of them in company: the culprit was known at once.
    counts = verdicts(ebbd.receipts(job))
    assert counts["crashed"] == 2 and counts["deadline_exceeded"] == 4
    retried = ebbd.events("unit.retried")
    assert len(retried) == 4 * 1
    assert all("cut in pieces" in event["text"] for event in retried)
    assert resident_bytes(ebbd.pid) - rss < 2 * MIB


# --- secrets ---


def test_a_password_is_nowhere_once_the_job_is_done(make_ebbd, script):
    secret = "correct-horse-battery"
    write_script(script, "pages=2 ocr=1")
    ebbd = make_ebbd(gang(script))
    client = ebbd.client()
    client.call("SUBSCRIBE")
    job = ebbd.submit(DOCUMENT, params={"password": secret, "ocr": "auto"})
    row = ebbd.completed(job)
    client.event("job.completed", job)
    told = [row, client.events, ebbd.events(), ebbd.receipts(), ebbd.status(), ebbd.workers()]
    assert secret not in repr(told)
    assert secret not in ebbd.log()
    for path in ebbd.state.rglob("*"):
        if path.is_file() and path.name.startswith("state.db"):
            assert path.stat().st_mode & 0o077 == 0, path
    ebbd.stop()
    for path in ebbd.state.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    ebbd.start()


def test_a_job_that_can_be_resumed_keeps_what_it_needs(make_ebbd, script, tmp_path):
    """A page was lost: the job has ended, but not for good."""
    written = tmp_path / "notes"
    write_script(script, "pages=3", "on=item stage=extract item=2 action=segv")
    ebbd = make_ebbd({**SERIAL, **gang(script, slots=1)})
    job = ebbd.submit(DOCUMENT, params={"password": "correct-horse-battery"})
    assert lost(ebbd.completed(job)) == [(2, "crashed")]
    write_script(script, "pages=3", f"on=run stage=extract action=note path={written}")
    ebbd.call("RESUME", job=job)
    assert lost(ebbd.completed(job)) == []
    assert notes(written) == [("extract", 2, 1)]
    ebbd.stop()
    assert b"correct-horse-battery" not in (ebbd.state / "state.db").read_bytes()
    ebbd.start()
