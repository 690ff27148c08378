# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long workers live: fresh with spares, pools that grow, shrink and replace, services that come
back, and a class whose workers die young."""

import threading
import time

import pytest

import daemon
import ebbproto
from daemon import Refused, children_of, patience, seconds, wait_until
from fakes import DOCUMENT, IMPATIENT, SERIAL, fake, lost, verdicts, write_script
from poolfakes import ask, ask_at_once, check_successors, pool, span, states


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script"
    write_script(path, "pages=4 unit=1")
    return path


def starts_by_then(seconds_gone, first=0.05, longest=0.2):
    """Starts at 0, 50, 150, 350, ... ms: how many there can have been."""
    starts, at, pause = 1, first, first
    while at <= seconds_gone:
        starts += 1
        pause = min(pause * 2, longest)
        at += pause
    return starts


# --- fresh ---


def test_a_fresh_worker_lives_for_one_stage_of_one_job(make_ebbd, script):
    ebbd = make_ebbd({**SERIAL, **fake(script)})
    jobs = [ebbd.completed(ebbd.submit(DOCUMENT))["job_id"] for _ in range(3)]
    for job in jobs:
        receipts = ebbd.receipts(job)
        assert [(row["stage"], row["units"]) for row in receipts] == [("survey", 1), ("extract", 4)]
        assert verdicts(receipts) == {"done": 2}
    row = ebbd.classes()["pdf"]
    assert (row["created"], row["leases"], row["reuses"], row["live"]) == (6, 6, 0, 0)


def test_spares_wait_started_and_unused(make_ebbd, script):
    write_script(script, "pages=1", "init_ms=150")
    ebbd = make_ebbd({**fake(script, spare=2, max=1)})
    wait_until("two spares are ready", lambda: states(ebbd, "pdf") == ["ready", "ready"])
    assert ebbd.classes()["pdf"]["created"] == 2
    ebbd.completed(ebbd.submit(DOCUMENT))
    # Each stage took one that was ready: nobody waited for a start.
    assert ebbd.classes()["pdf"]["waits"] == 0
    wait_until("the spares are back", lambda: states(ebbd, "pdf") == ["ready", "ready"])
    row = ebbd.classes()["pdf"]
    assert (row["created"], row["leases"]) == (4, 2)
    assert 150_000 <= row["start_us_median"] <= patience(5) * 1_000_000


def test_without_spares_units_wait_for_a_start(make_ebbd, script):
    write_script(script, "pages=1", "init_ms=150")
    ebbd = make_ebbd({**fake(script, spare=0)})
    ebbd.completed(ebbd.submit(DOCUMENT))
    row = ebbd.classes()["pdf"]
    assert (row["waits"], row["leases"]) == (2, 2)
    assert 300 <= row["wait_ms"] <= seconds(20000)


def test_a_gang_works_on_one_stage(make_ebbd, script):
    write_script(script, "pages=30 unit=1 page_ms=100")
    ebbd = make_ebbd({"limits.cpu_slots": 3, **fake(script, max=3, spare=0)})
    job = ebbd.submit(DOCUMENT)
    wait_until("three work at once", lambda: states(ebbd, "pdf").count("busy") == 3)
    ebbd.completed(job)
    extracts = [row for row in ebbd.receipts(job) if row["stage"] == "extract"]
    assert len(extracts) == 3
    assert sum(row["units"] for row in extracts) == 30
    assert min(row["units"] for row in extracts) >= 1


def test_max_bounds_a_class(make_ebbd, script):
    write_script(script, "pages=8 unit=1 page_ms=50")
    ebbd = make_ebbd({"limits.cpu_slots": 8, **fake(script, max=2, spare=0)})
    jobs = [ebbd.submit(DOCUMENT) for _ in range(3)]
    most = 0
    while any(ebbd.job(job)["status"] != "completed" for job in jobs):
        most = max(most, len([state for state in states(ebbd, "pdf") if state != "draining"]))
    assert most == 2


# --- pool ---


def test_a_pool_keeps_min_and_grows_to_max(make_ebbd, script):
    write_script(script, "on=run action=sleep ms=400")
    ebbd = make_ebbd(pool(script, min=1, max=3, idle=f"{seconds(2)}s"))
    wait_until("one is ready", lambda: states(ebbd, "library") == ["ready"])
    ask_at_once(ebbd, 9)
    row = ebbd.classes()["library"]
    assert (row["created"], row["live"], row["leases"]) == (3, 3, 9)
    assert row["reuses"] == 6
    # Those above min go when they have idled.
    wait_until("min is left", lambda: len(ebbd.workers("library")) == 1, 20.0)
    assert ebbd.classes()["library"]["recycled"]["idle"] == 2


def test_a_pool_of_none_starts_on_demand(make_ebbd, script):
    ebbd = make_ebbd(pool(script, min=0, max=2, idle="3s"))
    assert ebbd.workers("library") == []
    ask(ebbd, 3)
    row = ebbd.classes()["library"]
    assert (row["created"], row["reuses"]) == (1, 2)
    wait_until("none is left", lambda: ebbd.workers("library") == [])


def wait_for_successor(ebbd, reason, times):
    """The pool of one has been replaced so often, and is one again."""

    def done():
        recycled = ebbd.classes()["library"]["recycled"][reason]
        return recycled == times and states(ebbd, "library") in (["ready"], ["leased"])

    wait_until(f"replaced {times} times", done)


def test_a_pool_worker_is_replaced_after_its_units(make_ebbd, script):
    write_script(script, "init_ms=60")
    ebbd = make_ebbd(pool(script, min=1, max=1, max_units=3))
    wait_until("one is ready", lambda: states(ebbd, "library") == ["ready"])
    for replaced in range(1, 4):
        ask(ebbd, 3)
        wait_for_successor(ebbd, "units", replaced)
    ask(ebbd, 4)  # the fourth is served too, by the old one or by the new
    wait_for_successor(ebbd, "units", 4)
    row = ebbd.classes()["library"]
    assert check_successors(ebbd, 0.06) == 4
    assert row["waits"] == 0  # the old one served until the new one was ready
    assert all(receipt["units"] >= 3 for receipt in ebbd.receipts())
    assert verdicts(ebbd.receipts(), "library") == {"done": 4}


def test_a_pool_worker_is_replaced_at_its_age(make_ebbd, script):
    ebbd = make_ebbd(pool(script, min=1, max=1, max_age="200ms"))
    until = time.monotonic() + patience(20)
    while len(ebbd.receipts()) < 2 and time.monotonic() < until:
        ask(ebbd, 1)
        time.sleep(0.02)
    wait_until("one is left", lambda: len(ebbd.workers("library")) == 1)
    assert ebbd.classes()["library"]["recycled"]["age"] >= 2
    assert check_successors(ebbd, 0) >= 2
    assert all(receipt["wall_ms"] >= 200 for receipt in ebbd.receipts())


def test_a_pool_worker_is_replaced_when_it_has_grown(make_ebbd, script):
    write_script(script, "on=run action=leak mib=12")
    ebbd = make_ebbd(pool(script, min=1, max=1, max_rss="32M"))
    for replaced in range(1, 4):
        ask(ebbd, 3)
        wait_for_successor(ebbd, "rss", replaced)
    assert check_successors(ebbd, 0) == 3


def test_a_pool_worker_that_dies_is_replaced(make_ebbd, script):
    write_script(script, "on=run nth=3 action=segv")
    ebbd = make_ebbd(pool(script, min=1, max=1))
    outcomes = []
    for _ in range(6):
        request = ebbd.connection.request("QUERY", kind="digest")
        try:
            ebbd.connection.answer(request)
            outcomes.append("answered")
        except Refused as error:  # its worker took the query with it
            outcomes.append(str(error))
    assert [outcome == "answered" for outcome in outcomes] == [True, True, False] * 2
    assert outcomes[2].startswith("failed: ")
    assert ebbd.classes()["library"]["recycled"]["died"] == 2
    assert verdicts(ebbd.receipts(), "library") == {"crashed": 2}


# --- service ---


def service(script, **settings):
    return {"limits.backoff_max": "800ms", **fake(script, "watch", lifetime="service", **settings)}


def test_a_service_is_one_and_stays(make_ebbd, script):
    write_script(script, "")
    ebbd = make_ebbd(service(script))
    wait_until("it is ready", lambda: states(ebbd, "watch") == ["ready"])
    pid = ebbd.workers("watch")[0]["pid"]
    time.sleep(0.3)
    assert [row["pid"] for row in ebbd.workers("watch")] == [pid]
    row = ebbd.classes()["watch"]
    assert (row["lifetime"], row["min"], row["max"], row["created"]) == ("service", 1, 1, 1)


def test_a_service_that_ends_comes_back_with_backoff(make_ebbd, script):
    """READY, and gone: 100, 200, 400, 800, 800 ms lie between its lives."""
    write_script(script, "on=ready action=exit exit=3")
    ebbd = make_ebbd(service(script))
    wait_until("it came back", lambda: ebbd.classes()["watch"]["created"] >= 5, 20.0)
    starts = [span(row)[0] for row in ebbd.receipts() if row["class"] == "watch"]
    gaps = [after - before for before, after in zip(starts, starts[1:])]
    for gap, least in zip(gaps, (0.1, 0.2, 0.4, 0.8)):
        assert gap >= least - 0.01, gaps
    assert len(ebbd.events("class.throttled")) == 1
    write_script(script, "")
    wait_until("it stays", lambda: states(ebbd, "watch") == ["ready"], 5.0)


@pytest.mark.parametrize("how", ["action=segv", "action=exit exit=0", "action=say text=BYE"])
def test_a_service_whose_end_is_none_of_ours(make_ebbd, script, how):
    write_script(script, f"on=ready {how}")
    ebbd = make_ebbd({**service(script), **IMPATIENT})
    began = time.monotonic()
    wait_until("it came back", lambda: ebbd.classes()["watch"]["created"] >= 3, 20.0)
    assert ebbd.classes()["watch"]["created"] <= starts_by_then(time.monotonic() - began, 0.02) + 1
    write_script(script, "")
    wait_until("it stays", lambda: states(ebbd, "watch") == ["ready"], 5.0)


# --- workers that die young ---

PATIENT = {"limits.backoff_first": "50ms", "limits.backoff_max": "200ms"}


@pytest.mark.parametrize(
    "how", ["action=segv", "action=exit exit=0", "action=say text=BYE; exit", "action=hang"]
)
def test_a_class_whose_workers_die_before_ready_is_throttled(make_ebbd, script, how):
    write_script(script, "pages=4", f"on=init {how.split(';')[0]}")
    settings = {**SERIAL, **IMPATIENT, **fake(script), "limits.backoff_first": "50ms"}
    if how.endswith("exit"):
        write_script(script, "pages=4", "on=init action=say text=BYE", "on=init action=exit exit=0")
    ebbd = make_ebbd(settings)
    began = time.monotonic()
    job = ebbd.submit(DOCUMENT)
    wait_until("two have died", lambda: ebbd.classes()["pdf"]["young_deaths"] >= 2, 20.0)
    row = ebbd.classes()["pdf"]
    assert row["created"] <= starts_by_then(time.monotonic() - began)
    assert row["young_deaths"] in (row["created"] - 1, row["created"])
    assert row["throttled_ms"] >= 50
    assert [alert["kind"] for alert in ebbd.status()["alerts"]] == ["class.throttled"]
    assert len(ebbd.events("class.throttled")) == 1
    assert ebbd.job(job)["status"] == "processing"
    write_script(script, "pages=4")
    assert lost(ebbd.completed(job)) == []
    assert ebbd.status()["alerts"] == []
    assert len(ebbd.events("class.recovered")) == 1


@pytest.mark.parametrize("name", ["pdf", "library"])
def test_a_job_does_not_wait_for_a_program_that_is_not_there(make_ebbd, script, tmp_path, name):
    """It ends with the reason, and goes on from what it had once the program is there."""
    write_script(script, "pages=4")
    program = tmp_path / "ebb-missing"
    settings = {**SERIAL, **PATIENT, **fake(script), f"class.{name}.executable": program}
    ebbd = make_ebbd(settings)
    job = ebbd.submit(DOCUMENT)
    row = ebbd.ended(job)
    assert (row["status"], row["error"]["code"]) == ("failed", "worker_missing")
    assert row["error"]["text"].startswith(f"{program} cannot be executed")
    assert ebbd.classes()[name]["created"] == 3
    worked = {row["stage"] for row in ebbd.receipts(job)}
    assert worked <= (set() if name == "pdf" else {"survey", "extract"})
    program.symlink_to(daemon.FAKE if name == "pdf" else ebbproto.WORKERS / "ebb-library")
    assert ebbd.call("RESUME", job=job)["status"] == "pending"
    assert lost(ebbd.completed(job)) == []
    assert [row["stage"] for row in ebbd.receipts(job)].count("survey") == 1
    assert ebbd.status()["alerts"] == []


@pytest.mark.parametrize("moment", ["init", "ready"])
def test_spares_that_die_do_not_make_a_storm(make_ebbd, script, moment):
    """Nothing to do, and each spare dies as soon as it is there."""
    write_script(script, "pages=4", f"on={moment} action=exit exit=3")
    began = time.monotonic()
    ebbd = make_ebbd({**PATIENT, **fake(script, spare=2)})
    wait_until("some have died", lambda: ebbd.classes()["pdf"]["young_deaths"] >= 4, 20.0)
    row = ebbd.classes()["pdf"]
    assert row["created"] <= 2 * starts_by_then(time.monotonic() - began), row
    write_script(script, "pages=4")
    assert lost(ebbd.completed(ebbd.submit(DOCUMENT))) == []


def test_a_pool_that_dies_idle_does_not_make_a_storm(make_ebbd, script):
    write_script(script, "on=ready action=exit exit=3")
    ebbd = make_ebbd({**pool(script, min=2, max=2), **PATIENT})
    began = time.monotonic()
    wait_until("some have died", lambda: ebbd.classes()["library"]["young_deaths"] >= 4, 20.0)
    gone = time.monotonic() - began + 1  # since before it was there
    assert ebbd.classes()["library"]["created"] <= 2 * starts_by_then(gone)
    write_script(script, "")

    def answers():
        try:
            ask(ebbd, 1)
        except Refused:  # by one more of those that die
            return False
        return True

    wait_until("it answers", answers)


def test_two_classes_in_trouble_are_told_apart(make_ebbd, script, tmp_path):
    other = tmp_path / "other"
    write_script(script, "pages=4", "on=init action=exit exit=3")
    write_script(other, "on=init action=exit exit=3")
    ebbd = make_ebbd({**SERIAL, **fake(script), **service(other)})
    job = ebbd.submit(DOCUMENT)

    def named():
        texts = " ".join(alert["text"] for alert in ebbd.status()["alerts"])
        return "class pdf" in texts, "class watch" in texts

    wait_until("both are told", lambda: named() == (True, True))
    write_script(script, "pages=4")
    ebbd.completed(job)
    assert named() == (False, True)


def test_processes_seen_are_processes_counted(make_ebbd, script):
    """A look at /proc, as often as can be, against POOLS and the receipts."""
    write_script(script, "pages=6 unit=1 page_ms=20", "on=item item=3 action=segv")
    ebbd = make_ebbd({"limits.cpu_slots": 3, **fake(script, spare=1)})
    seen, over = set(), threading.Event()

    def look():
        while not over.is_set():
            seen.update(children_of(ebbd.pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in range(3):
            ebbd.completed(ebbd.submit(DOCUMENT))
        ebbd.settle()
    finally:
        over.set()
        watcher.join()
    ended = [row["pid"] for row in ebbd.receipts()]
    alive = [row["pid"] for row in ebbd.workers()]
    assert len(ended) == len(set(ended))
    assert seen <= set(ended + alive)
    assert len(ended) + len(alive) == ebbd.created()
