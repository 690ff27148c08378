# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a pool promises: who starts when, who gets a worker next, who goes and why, and counts that
balance. The workers are fakes; a query is one lease, and so is a unit."""

import signal
import time

import pytest

from daemon import Refused, patience, seconds, status_of, wait_until
from fakes import DOCUMENT, fake, lost, verdicts, write_script
from poolfakes import ask, ask_at_once, check_successors, pool, states


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script"
    write_script(path, "pages=4 unit=1")
    return path


def row_of(ebbd, name="library"):
    return ebbd.classes()[name]


def pids(ebbd, name="library"):
    return {row["pid"] for row in ebbd.workers(name)}


def check_balance(row):
    """Every process and every lease is accounted for."""
    assert row["created"] == row["gone"] + row["live"] + row["leaving"], row
    assert row["leases"] >= row["releases"] >= row["leases"] - row["live"] - row["leaving"], row
    assert sum(row["recycled"].values()) <= row["gone"], row
    assert row["reuses"] <= row["leases"] and sum(row["wait_times"]) <= row["waits"], row


def works_in_pools(script, **settings):
    """The class pdf as a pool, with a library that only says yes."""
    return {
        **fake(script, "pdf", lifetime="pool", spare=0, **settings),
        **fake(script, "library", max=1),
    }


# --- starting ---


def test_early_starts_min_with_ebbd(make_ebbd, script):
    ebbd = make_ebbd(pool(script, min=2, max=4))
    wait_until("both are ready", lambda: states(ebbd, "library") == ["ready", "ready"])
    row = row_of(ebbd)
    assert (row["created"], row["leases"], row["waits"]) == (2, 0, 0)


def test_lazy_starts_min_when_first_needed(make_ebbd, script):
    ebbd = make_ebbd({**pool(script, min=2, max=4, prefork="lazy"), "memory.sample": "50ms"})
    looked = ebbd.status()["uptime_ms"]
    wait_until("time has passed", lambda: ebbd.status()["uptime_ms"] > looked + 300)
    assert row_of(ebbd)["created"] == 0
    ask(ebbd, 1)
    wait_until("min is there", lambda: len(ebbd.workers("library")) == 2)
    row = row_of(ebbd)
    assert (row["created"], row["waits"], sum(row["wait_times"])) == (2, 1, 1)
    check_balance(row)


def test_each_waiter_starts_one_at_most(make_ebbd, script):
    """Two wait, so two are started, whatever max allows."""
    write_script(script, "init_ms=300", "on=run action=linger")
    ebbd = make_ebbd(pool(script, min=0, max=8))
    clients = [ebbd.client() for _ in range(2)]
    for client in clients:
        client.request("QUERY", kind="digest")
    wait_until("both are at work", lambda: states(ebbd, "library") == ["busy", "busy"])
    assert row_of(ebbd)["created"] == 2
    for client in clients:
        client.close()
    wait_until("both are free", lambda: states(ebbd, "library") == ["leased", "leased"])


# --- waiting ---


def asked_order(note, kinds):
    """The stages (kinds of query) in the order in which they were worked on."""
    if not note.exists():
        return []
    return [line.split()[0] for line in note.read_text().splitlines() if line.split()[0] in kinds]


def test_queries_are_served_in_their_order(make_ebbd, script, tmp_path):
    note = tmp_path / "note"
    write_script(script, f"on=run action=note path={note}", "on=run action=sleep ms=60")
    ebbd = make_ebbd(pool(script, min=1, max=1))
    kinds = ["digest", "documents", "show"] * 5
    requests = [ebbd.connection.request("QUERY", kind=kind) for kind in kinds]
    for request in requests:
        ebbd.connection.answer(request)
    assert asked_order(note, kinds) == kinds
    row = row_of(ebbd)
    assert row["leases"] == 15 and row["waits"] >= 1
    assert sum(row["wait_times"]) == row["waits"]
    assert 0 < row["wait_us_p50"] <= row["wait_us_p99"]


def keep_asking(ebbd, width, until):
    """So many queries are always waiting, until until() is true; how many were answered."""
    waiting = [ebbd.connection.request("QUERY", kind="digest") for _ in range(width)]
    answered = 0
    while not until():
        ebbd.connection.answer(waiting.pop(0))
        waiting.append(ebbd.connection.request("QUERY", kind="digest"))
        answered += 1
    for request in waiting:
        ebbd.connection.answer(request)
    return answered


def test_queries_without_end_leave_units_their_turn(make_ebbd, script):
    """One worker for both, and never a moment without a query that waits."""
    write_script(script, "pages=12 unit=1", "on=run class=library action=sleep ms=10")
    ebbd = make_ebbd({"limits.cpu_slots": 8, **fake(script), **fake(script, "library", max=1)})
    asking = ebbd.client()
    job = ebbd.submit(DOCUMENT)
    until = time.monotonic() + patience(60)
    done = lambda: asking.call("JOB", job=job)["status"] == "completed"  # noqa: E731
    answered = keep_asking(ebbd, 6, lambda: done() or time.monotonic() > until)
    assert done(), "the job starved"
    assert answered > 12
    asking.close()


def test_jobs_get_workers_by_rank(make_ebbd, script, tmp_path):
    """Both are in work; whenever the one worker is free, the job of the higher rank gets it."""
    marker = tmp_path / "held"
    write_script(
        script, "pages=6 unit=1", f"on=run stage=survey once={marker} action=sleep ms=400"
    )
    ebbd = make_ebbd({"limits.cpu_slots": 1, **works_in_pools(script, min=1, max=1)})
    first = ebbd.submit(DOCUMENT, priority=9)
    wait_until("the worker is held", marker.exists)
    low = ebbd.submit(DOCUMENT, priority=1)
    high = ebbd.submit(DOCUMENT, priority=8)
    for job in (first, low, high):
        ebbd.completed(job)
    ended = [row["job_id"] for row in ebbd.events("job.completed")]
    assert ended == [first, high, low]


def test_who_waits_for_a_pool_that_stands_still_is_told(make_ebbd, script):
    """Its workers never get ready; a query and a job's unit wait, and are given up."""
    write_script(script, "on=init action=hang")
    hangs = {"start_deadline": "1h", "wait_timeout": "400ms", "attempts": 1}
    ebbd = make_ebbd({"memory.sample": "50ms", **works_in_pools(script, **hangs),
                      **fake(script, "library", **hangs), "limits.shutdown_grace": "100ms"})
    with pytest.raises(Refused) as refused:
        ebbd.call("QUERY", kind="digest")
    assert refused.value.code == "no_worker"
    assert "class library" in refused.value.text and "400 ms" in refused.value.text
    job = ebbd.ended(ebbd.submit(DOCUMENT))
    assert (job["status"], job["error"]["code"]) == ("failed", "no_worker")
    assert row_of(ebbd)["leases"] == row_of(ebbd, "pdf")["leases"] == 0
    check_balance(row_of(ebbd))
    assert ebbd.end() == 0  # those that hang are killed


def test_a_long_queue_that_moves_never_times_out(make_ebbd, script):
    """The last waits twice as long as the pool may stand still."""
    write_script(script, f"on=run action=sleep ms={seconds(1000)}")
    ebbd = make_ebbd({**pool(script, min=1, max=1, wait_timeout=f"{seconds(5)}s"),
                      "memory.sample": "100ms"})
    ask_at_once(ebbd, 11)
    row = row_of(ebbd)
    assert row["leases"] == 11 and row["wait_ms"] > seconds(1000) * 30


# --- health ---


def check_soon(script, **settings):
    """One worker: where there may be two, a query that meets one being asked starts the other."""
    return {**pool(script, min=1, max=1, health_interval="100ms", **settings),
            "memory.sample": "50ms"}


def test_workers_that_are_well_stay(make_ebbd, script, tmp_path):
    marker = tmp_path / "asked"
    write_script(script, f"on=check once={marker} action=sleep ms=1")
    ebbd = make_ebbd(check_soon(script))
    wait_until("it was asked", marker.exists)
    ask(ebbd, 5)
    row = row_of(ebbd)
    assert (row["created"], row["gone"], row["leases"]) == (1, 0, 5)


def test_one_that_is_not_well_is_replaced(make_ebbd, script, tmp_path):
    write_script(script, f"on=check once={tmp_path / 'asked'} action=unwell text=its_file_is_gone")
    ebbd = make_ebbd(check_soon(script))
    wait_until("it was replaced", lambda: row_of(ebbd)["recycled"]["health"] == 1)
    wait_until("another is ready", lambda: states(ebbd, "library") == ["ready"])
    ask(ebbd, 3)
    assert row_of(ebbd)["created"] == 2
    assert verdicts(ebbd.receipts(), "library") == {"done": 1}
    assert "its_file_is_gone" in ebbd.log()


def test_one_that_says_nothing_is_killed(make_ebbd, script, tmp_path):
    write_script(script, f"on=check once={tmp_path / 'asked'} action=hang")
    ebbd = make_ebbd(check_soon(script, health_timeout=f"{seconds(1)}s"))
    wait_until("it was killed", lambda: row_of(ebbd)["recycled"]["died"] >= 1)
    assert set(verdicts(ebbd.receipts(), "library")) == {"deadline_exceeded"}
    ask(ebbd, 3)


def test_one_at_work_is_not_asked(make_ebbd, script):
    """It takes longer than the interval and the time for an answer together."""
    write_script(script, "on=check action=hang", f"on=run action=sleep ms={seconds(800)}")
    ebbd = make_ebbd({**pool(script, min=1, max=1, health_interval=f"{seconds(300)}ms",
                             health_timeout="50ms"), "memory.sample": "50ms"})
    wait_until("one is ready", lambda: states(ebbd, "library") == ["ready"])
    ask(ebbd, 1)
    assert row_of(ebbd)["leases"] == row_of(ebbd)["releases"] == 1


def test_an_answer_that_nobody_asked_for_ends_the_worker(make_ebbd, script, tmp_path):
    write_script(script, f"on=ready once={tmp_path / 'said'} action=say text=PONG number=7")
    ebbd = make_ebbd({**pool(script, min=1, max=1), "limits.backoff_first": "20ms"})
    wait_until("it was ended", lambda: verdicts(ebbd.receipts(), "library") ==
               {"protocol_error": 1})
    ask(ebbd, 2)


# --- recycling ---


def test_all_of_a_pool_are_replaced_one_after_the_other(make_ebbd, script):
    """Three are due at once; never is one gone before its own successor was ready."""
    write_script(script, "init_ms=50", "on=run action=sleep ms=20")
    ebbd = make_ebbd(pool(script, min=3, max=3, max_units=4))
    wait_until("three are ready", lambda: states(ebbd, "library") == ["ready"] * 3)

    def replaced():
        ask_at_once(ebbd, 6)
        row = row_of(ebbd)
        assert row["live"] >= 3
        return row["recycled"]["units"] >= 5

    wait_until("some were replaced", replaced, 60.0)
    wait_until("the pool is as large as before",
               lambda: (row_of(ebbd)["live"], row_of(ebbd)["leaving"]) == (3, 0))
    check_balance(row_of(ebbd))
    assert verdicts(ebbd.receipts(), "library") == {"done": row_of(ebbd)["gone"]}


def test_a_reload_replaces_workers_whose_settings_changed(make_ebbd, script, tmp_path):
    other = tmp_path / "other"
    write_script(script, "init_ms=60")
    write_script(other, "init_ms=61")
    settings = pool(script, min=2, max=2)
    del settings["class.library.option.script"]
    config = "[class.library]\noption.script = {}\n"
    ebbd = make_ebbd(settings, config=config.format(script))
    wait_until("two are ready", lambda: states(ebbd, "library") == ["ready"] * 2)
    before = pids(ebbd)
    ebbd.call("RELOAD")
    ask(ebbd, 4)
    assert pids(ebbd) == before  # nothing has changed
    ebbd.config_path.write_text(config.format(other))
    assert ebbd.call("RELOAD")["changed"] == ["class.library.option.script"]

    def replaced():
        ask(ebbd, 1)  # and nobody waits for it
        return row_of(ebbd)["recycled"]["settings"] == 2 and not pids(ebbd) & before

    wait_until("both are others", replaced)
    row = row_of(ebbd)
    assert (row["created"], row["waits"]) == (4, 0)
    check_balance(row)


def test_a_smaller_pool_after_a_reload(make_ebbd, script):
    settings = pool(script)
    config = "[class.library]\nmin = {0}\nmax = {0}\n"
    ebbd = make_ebbd(settings, config=config.format(3))
    wait_until("three are ready", lambda: states(ebbd, "library") == ["ready"] * 3)
    ebbd.config_path.write_text(config.format(1))
    ebbd.call("RELOAD")
    wait_until("one is left", lambda: len(ebbd.workers("library")) == 1)
    assert row_of(ebbd)["recycled"]["idle"] == 2
    ask(ebbd, 2)


def test_a_worker_that_leaks_costs_nobody_anything(make_ebbd, script):
    """Each unit leaves 6 MiB behind; every few of them a worker is replaced, and no query ever
    finds the pool without one."""
    write_script(script, "on=run action=leak mib=6")
    ebbd = make_ebbd(pool(script, min=1, max=1, max_rss="32M"))
    wait_until("one is ready", lambda: states(ebbd, "library") == ["ready"])
    asked = 0

    def replaced():
        nonlocal asked
        ask(ebbd, 1)
        asked += 1
        return row_of(ebbd)["recycled"]["rss"] >= 5

    wait_until("five were replaced", replaced, 60.0)
    row = row_of(ebbd)
    assert (row["leases"], row["waits"], row["recycled"]["died"]) == (asked, 0, 0)
    assert check_successors(ebbd, 0) >= 5
    assert verdicts(ebbd.receipts(), "library") == {"done": row["gone"]}


def test_units_of_a_worker_that_leaks_all_go_well(make_ebbd, script):
    write_script(script, "pages=40 unit=1", "on=run stage=extract action=leak mib=6")
    ebbd = make_ebbd(works_in_pools(script, min=1, max=2, max_rss="32M"))
    assert lost(ebbd.completed(ebbd.submit(DOCUMENT))) == []
    wait_until("some were replaced", lambda: row_of(ebbd, "pdf")["recycled"]["rss"] >= 1)
    row = row_of(ebbd, "pdf")
    assert row["recycled"]["died"] == 0 and row["leases"] == row["releases"]
    assert not ebbd.events("unit.retried")


def test_a_successor_that_does_not_start_leaves_the_old_one_at_work(make_ebbd, script):
    ebbd = make_ebbd({**pool(script, min=1, max=1, max_units=3), "limits.backoff_first": "50ms"})
    wait_until("one is ready", lambda: states(ebbd, "library") == ["ready"])
    old = pids(ebbd)
    write_script(script, "on=init action=exit exit=3")
    ask(ebbd, 3)
    wait_until("two successors have died", lambda: row_of(ebbd)["young_deaths"] >= 2)
    ask(ebbd, 3)
    assert old <= pids(ebbd)
    write_script(script, "")

    def replaced():
        ask(ebbd, 1)
        return row_of(ebbd)["recycled"]["units"] == 1

    wait_until("it was replaced", replaced, 30.0)
    assert row_of(ebbd)["waits"] == 0


# --- a lease ends with its holder ---


def test_a_client_that_hangs_up_frees_the_worker(make_ebbd, script):
    write_script(script, "on=run stage=digest action=linger")
    ebbd = make_ebbd(pool(script, min=1, max=1))
    wait_until("one is ready", lambda: states(ebbd, "library") == ["ready"])
    before = pids(ebbd)
    for _ in range(5):
        client = ebbd.client()
        client.request("QUERY", kind="digest")
        wait_until("it is asked", lambda: states(ebbd, "library") == ["busy"])
        client.close()
        ebbd.call("QUERY", kind="documents")
    row = row_of(ebbd)
    assert (row["created"], row["leases"], row["releases"]) == (1, 10, 10)
    assert pids(ebbd) == before


def test_a_worker_that_does_not_stop_is_killed(make_ebbd, script):
    write_script(script, "on=run stage=digest action=hang")
    ebbd = make_ebbd({**pool(script, min=1, max=1), "limits.shutdown_grace": "100ms"})
    client = ebbd.client()
    client.request("QUERY", kind="digest")
    wait_until("it is asked", lambda: states(ebbd, "library") == ["busy"])
    client.close()
    ebbd.call("QUERY", kind="documents")
    assert verdicts(ebbd.receipts(), "library") == {"cancelled": 1}
    check_balance(row_of(ebbd))


def test_a_cancelled_job_frees_its_worker(make_ebbd, script):
    write_script(script, "pages=4 unit=4", "on=item item=3 action=linger")
    ebbd = make_ebbd(works_in_pools(script, min=1, max=1))
    job = ebbd.submit(DOCUMENT)
    wait_until("page 3 is in work",
               lambda: [row["item"] for row in ebbd.workers("pdf")] == [3])
    before = pids(ebbd, "pdf")
    ebbd.call("CANCEL_JOB", job=job)
    assert ebbd.ended(job)["status"] == "cancelled"
    wait_until("the worker is free", lambda: states(ebbd, "pdf") == ["leased"])
    assert pids(ebbd, "pdf") == before
    row = row_of(ebbd, "pdf")
    assert row["leases"] == row["releases"] == 2


def test_a_worker_that_dies_gives_its_lease_back(make_ebbd, script):
    write_script(script, "on=run stage=digest action=kill9")
    ebbd = make_ebbd(pool(script, min=1, max=1))
    for _ in range(3):
        with pytest.raises(Refused):
            ask(ebbd, 1)
        ebbd.call("QUERY", kind="documents")
    row = row_of(ebbd)
    assert (row["leases"], row["releases"], row["recycled"]["died"]) == (6, 6, 3)
    check_balance(row)


def test_the_number_of_another_lease_ends_the_worker(make_ebbd, script):
    """Two workers at work; one says DONE with the number of the other's run."""
    write_script(
        script,
        "on=run stage=documents action=linger",
        "on=run stage=digest action=say text=DONE number=1",
        "on=run stage=digest action=linger",
    )
    ebbd = make_ebbd(pool(script, min=2, max=2))
    wait_until("two are ready", lambda: states(ebbd, "library") == ["ready"] * 2)
    client = ebbd.client()
    client.request("QUERY", kind="documents")  # the class's first run
    wait_until("one is busy", lambda: "busy" in states(ebbd, "library"))
    with pytest.raises(Refused):
        ask(ebbd, 1)
    assert verdicts(ebbd.receipts(), "library") == {"protocol_error": 1}
    assert "busy" in states(ebbd, "library")
    client.close()


def test_a_drain_ends_a_pool(make_ebbd, script):
    """What is in work ends, nothing is lost, every process says goodbye."""
    write_script(script, "on=run action=sleep ms=300")
    ebbd = make_ebbd(pool(script, min=3, max=3))
    wait_until("three are ready", lambda: states(ebbd, "library") == ["ready"] * 3)
    workers = pids(ebbd)
    request = ebbd.connection.request("QUERY", kind="digest")
    wait_until("one is busy", lambda: "busy" in states(ebbd, "library"))
    ebbd.kill(signal.SIGTERM)
    ebbd.connection.answer(request)
    assert ebbd.end() == 0
    assert not any(status_of(pid) for pid in workers)


# --- statistics ---


def test_statistics_are_true(make_ebbd, script):
    write_script(script, "init_ms=40", "on=run action=sleep ms=5")
    ebbd = make_ebbd(pool(script, min=1, max=1, max_units=10))
    ask(ebbd, 45)

    def settled():
        row = row_of(ebbd)
        return row if row["recycled"]["units"] >= 2 and row["created"] == row["gone"] + 1 else None

    row = wait_until("old ones are gone, and one is there", settled)
    check_balance(row)
    assert (row["leases"], row["releases"]) == (45, 45)
    assert row["leases"] - row["reuses"] <= row["created"]
    assert row["busy_us"] >= 45 * 5000
    assert row["busy_us"] <= row["live_us"]
    assert abs(row["busy_percent"] - 100 * row["busy_us"] / row["live_us"]) < 5
    assert row["start_us_median"] >= 40000 and row["unload_us_median"] > 0
    saved_us = row["reuses"] * (row["start_us_median"] + row["unload_us_median"])
    assert row["saved_ms"] == saved_us // 1000
