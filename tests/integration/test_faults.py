# SPDX-License-Identifier: AGPL-3.0-or-later
"""Workers that misbehave, one fault at a time: the exact verdicts, the exact pages that it cost,
and nothing else lost."""

import pytest

from daemon import reap_strays, seconds, wait_until
from fakes import (
    DOCUMENT,
    IMPATIENT,
    SERIAL,
    fake,
    lost,
    pages_in_library,
    verdicts,
    write_script,
)

PAGES = 6
BAD = 3  # the page that faults
GOOD_PAGES = [page for page in range(1, PAGES + 1) if page != BAD]


@pytest.fixture
def faulty(make_ebbd, tmp_path):
    """faulty(rule, ...): an ebbd whose pdf workers are fakes that follow the rules."""

    def make(*rules, pages=PAGES, settings=None, **class_settings):
        script = tmp_path / "script"
        write_script(script, f"pages={pages} unit={PAGES}", *rules)
        return make_ebbd(
            {**SERIAL, **IMPATIENT, **fake(script, **class_settings), **(settings or {})}
        )

    return make


def all_receipts(ebbd):
    """When nobody is on the way to an end any more."""
    ebbd.settle()
    return ebbd.receipts()


# What goes wrong while a page is in work, and the verdict for it.
AT_PAGE = {
    "segv": ("action=segv", "crashed"),
    "abort": ("action=abort", "crashed"),
    "kill -9": ("action=kill9", "crashed"),
    "exit with a code of no meaning": ("action=exit exit=7", "crashed"),
    "exit without BYE": ("action=exit exit=0", "protocol_error"),
    "exit for memory": ("action=exit exit=68", "memory_exceeded"),
    "BYE, then exit": ("action=say text=BYE number=0; action=exit exit=0", "protocol_error"),
    "BYE, then silence": ("action=say text=BYE number=0; action=hang", "protocol_error"),
    "hang": ("action=hang", "deadline_exceeded"),
    "spin": ("action=spin", "deadline_exceeded"),
    "deaf to SIGTERM": ("action=deaf", "deadline_exceeded"),
    "garbage": ("action=garbage", "protocol_error"),
    "noise": ("action=noise", "protocol_error"),
    "a frame too large": ("action=header", "protocol_error"),
    "a frame of nothing": ("action=header bytes=0", "protocol_error"),
    "unknown message": ("action=unknown", "protocol_error"),
    "READY again": ("action=say text=READY", "protocol_error"),
    "the supervisor's own message": ("action=say text=SHUTDOWN", "protocol_error"),
    "a client's message": ("action=say text=STATUS", "protocol_error"),
    "DONE for another unit": ("action=say text=DONE number=999", "protocol_error"),
    "half a frame, then exit": ("action=truncated", "protocol_error"),
    "half a frame, then silence": ("action=half", "protocol_error"),
    "a frame byte by byte": ("action=slow ms={slow}", "protocol_error"),
    "closes its channel": ("action=close", "protocol_error"),
}


def rules_for(when, actions):
    """A rule for each of the actions, which are separated by "; "."""
    return [f"{when} {action.format(slow=seconds(20))}" for action in actions.split("; ")]


def rules_once(when, actions, folder):
    """The same, each to be followed by one process, one time."""
    return [
        rule.replace(when, f"{when} once={folder}/{number}")
        for number, rule in enumerate(rules_for(when, actions))
    ]


@pytest.mark.parametrize("fault", AT_PAGE)
def test_a_page_that_always_faults_is_lost_alone(faulty, fault):
    action, verdict = AT_PAGE[fault]
    ebbd = faulty(*rules_for(f"on=item item={BAD}", action))
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == [(BAD, verdict)]
    assert job["pages"] == PAGES
    assert job["pages_done"] == PAGES - 1
    # One in the unit, one on the page by itself; more where somebody else may have killed it.
    tries = 6 if fault == "kill -9" else 2
    counts = verdicts(all_receipts(ebbd))
    assert counts[verdict] == tries
    assert set(counts) == {"done", verdict}
    assert pages_in_library(ebbd, job) == GOOD_PAGES
    assert len(ebbd.events("unit.failed")) == 1
    assert len(ebbd.events("unit.retried")) == tries - 1
    assert len(ebbd.events("worker.died")) == tries


@pytest.mark.parametrize("fault", AT_PAGE)
def test_a_fault_that_does_not_come_back_costs_nothing(faulty, fault, tmp_path):
    action, verdict = AT_PAGE[fault]
    ebbd = faulty(*rules_once(f"on=item item={BAD}", action, tmp_path))
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == []
    # For the survey, for the other pages; for the page itself another one after a memory verdict.
    done = 3 if verdict == "memory_exceeded" else 2
    assert verdicts(all_receipts(ebbd)) == {"done": done, verdict: 1}
    assert pages_in_library(ebbd, job) == list(range(1, PAGES + 1))


# The same before READY. A worker that dies so young throttles its class for a while.
BEFORE_READY = {
    "segv": ("action=segv", "crashed"),
    "abort": ("action=abort", "crashed"),
    "kill -9": ("action=kill9", "crashed"),
    "exit without BYE": ("action=exit exit=0", "protocol_error"),
    "exit for its initialisation": ("action=exit exit=67", "failed"),
    "hang": ("action=hang", "deadline_exceeded"),
    "spin": ("action=spin", "deadline_exceeded"),
    "garbage": ("action=garbage", "protocol_error"),
    "a frame too large": ("action=header", "protocol_error"),
    "unknown message": ("action=unknown", "protocol_error"),
    "DONE before READY": ("action=say text=DONE", "protocol_error"),
    "half a frame, then exit": ("action=truncated", "protocol_error"),
    "half a frame, then silence": ("action=half", ("protocol_error", "deadline_exceeded")),
    "closes its channel": ("action=close", "protocol_error"),
    "BYE, then exit": ("action=say text=BYE; action=exit exit=0", "protocol_error"),
}


@pytest.mark.parametrize("fault", BEFORE_READY)
def test_a_fault_before_ready(faulty, fault, tmp_path):
    action, verdict = BEFORE_READY[fault]
    ebbd = faulty(*rules_once("on=init", action, tmp_path))
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == []
    counts = verdicts(all_receipts(ebbd))
    assert counts.pop("done") == 2
    (given,) = counts
    assert given in verdict if isinstance(verdict, tuple) else given == verdict
    assert counts[given] == 1
    assert ebbd.classes()["pdf"]["young_deaths"] == 1
    assert pages_in_library(ebbd, job) == list(range(1, PAGES + 1))


# After READY or LEASE, before its first unit: what it was handed meanwhile runs again.
BEFORE_WORK = {
    "segv": ("action=segv", "crashed"),
    "exit without BYE": ("action=exit exit=0", "protocol_error"),
    "READY again": ("action=say text=READY", "protocol_error"),
    "DONE for another unit": ("action=say text=DONE number=7", "protocol_error"),
    "garbage": ("action=garbage", "protocol_error"),
    "closes its channel": ("action=close", "protocol_error"),
}


@pytest.mark.parametrize("moment", ["ready", "lease"])
@pytest.mark.parametrize("fault", BEFORE_WORK)
def test_a_fault_before_the_first_unit(faulty, moment, fault, tmp_path):
    action, verdict = BEFORE_WORK[fault]
    ebbd = faulty(*rules_once(f"on={moment}", action, tmp_path))
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == []
    assert verdicts(all_receipts(ebbd)) == {"done": 2, verdict: 1}
    assert pages_in_library(ebbd, job) == list(range(1, PAGES + 1))


# After DONE, or when told to go: the unit's work stands.
AFTER_DONE = {
    "segv": ("action=segv", "crashed"),
    "abort": ("action=abort", "crashed"),
    "kill -9": ("action=kill9", "crashed"),
    "exit without BYE": ("action=exit exit=0", "protocol_error"),
    "hang": ("action=hang", "deadline_exceeded"),
    "deaf to SIGTERM": ("action=deaf", "deadline_exceeded"),
    "spin": ("action=spin", "deadline_exceeded"),
    "garbage": ("action=garbage", "protocol_error"),
    "a frame too large": ("action=header", "protocol_error"),
    "DONE again": ("action=say text=DONE", "protocol_error"),
    "half a frame, then exit": ("action=truncated", "protocol_error"),
}


@pytest.mark.parametrize("fault", AFTER_DONE)
def test_a_fault_after_done_costs_nothing(faulty, fault):
    action, verdict = AFTER_DONE[fault]
    ebbd = faulty(f"on=done stage=extract {action}")
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == []
    assert verdicts(all_receipts(ebbd)) == {"done": 1, verdict: 1}
    assert ebbd.events("unit.retried") == []
    assert pages_in_library(ebbd, job) == list(range(1, PAGES + 1))


@pytest.mark.parametrize(
    "action, verdict",
    [
        ("action=segv", "crashed"),
        ("action=exit exit=0", "protocol_error"),
        ("action=hang", "deadline_exceeded"),
        ("action=deaf", "deadline_exceeded"),
    ],
)
def test_a_fault_at_the_end(faulty, action, verdict):
    ebbd = faulty(f"on=end {action}")
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == []
    assert verdicts(all_receipts(ebbd)) == {verdict: 2}


def test_bye_though_the_work_goes_on(faulty):
    """It said that it goes and did its work; then it did not go."""
    ebbd = faulty(f"on=item item={BAD} action=say text=BYE number=0")
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == []
    assert verdicts(all_receipts(ebbd)) == {"done": 1, "protocol_error": 1}
    assert pages_in_library(ebbd, job) == list(range(1, PAGES + 1))


# What a worker says of a unit itself.


def test_failed_is_tried_again_as_a_whole(faulty):
    ebbd = faulty(f"on=item item={BAD} action=fail code=odd retryable=1")
    job = ebbd.ended(ebbd.submit(DOCUMENT))
    # The worker said it of the unit, so the unit is lost: six of six pages are too many.
    assert (job["status"], job["error"]["code"]) == ("failed", "too_many_page_failures")
    assert lost(job) == [(page, "failed") for page in range(1, PAGES + 1)]
    assert [row["detail"] for row in job["pages_failed"]] == ["as the script says"] * PAGES
    assert len(ebbd.events("unit.retried")) == 1
    assert verdicts(all_receipts(ebbd)) == {"done": 2}


def test_failed_for_good_is_not_tried_again(faulty):
    ebbd = faulty(f"on=item item={BAD} action=fail code=odd retryable=0")
    job = ebbd.ended(ebbd.submit(DOCUMENT))
    assert lost(job) == [(page, "failed") for page in range(1, PAGES + 1)]
    assert ebbd.events("unit.retried") == []


def test_cancelled_by_nobody_is_a_failure(faulty):
    """A worker cannot keep a unit going round by saying that it was cancelled."""
    ebbd = faulty(f"on=item item={BAD} action=fail code=cancelled")
    job = ebbd.ended(ebbd.submit(DOCUMENT))
    assert lost(job) == [(page, "failed") for page in range(1, PAGES + 1)]
    assert len(ebbd.events("unit.retried")) == 1


def test_failed_for_memory_is_cut_down_to_the_page(faulty):
    ebbd = faulty(f"on=item item={BAD} action=fail code=memory_exceeded")
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == [(BAD, "memory_exceeded")]
    # It never took its worker with it, but the page got one that had done nothing before.
    assert verdicts(all_receipts(ebbd)) == {"done": 3}
    assert len(ebbd.events("unit.retried")) == 1
    assert pages_in_library(ebbd, job) == GOOD_PAGES


def test_pages_that_the_worker_gives_up_cost_themselves(faulty):
    ebbd = faulty("on=run stage=extract action=add failures=2:too_odd:it_is_odd,99:elsewhere")
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == [(2, "failed")]
    assert job["pages_failed"][0]["detail"] == "it is odd"
    assert verdicts(all_receipts(ebbd)) == {"done": 2}


@pytest.mark.parametrize("action, verdict", [AT_PAGE["segv"], AT_PAGE["hang"], AT_PAGE["noise"]])
def test_a_survey_that_always_faults_fails_the_job(faulty, action, verdict):
    ebbd = faulty(f"on=run stage=survey {action}")
    job = ebbd.ended(ebbd.submit(DOCUMENT))
    assert (job["status"], job["error"]["code"]) == ("failed", verdict)
    assert verdicts(all_receipts(ebbd)) == {verdict: 2}


def test_the_code_that_a_survey_fails_with_is_the_jobs(faulty):
    ebbd = faulty("on=run stage=survey action=fail code=zero_pages retryable=0 text=none")
    job = ebbd.ended(ebbd.submit(DOCUMENT))
    assert job["status"] == "failed"
    assert job["error"] == {"code": "zero_pages", "text": "none"}
    assert verdicts(all_receipts(ebbd)) == {"done": 1}


@pytest.mark.parametrize("unit", ["survey:1-1", "extract:7-9", "nothing:1-1"])
def test_units_that_cannot_be_planned_end_the_job(faulty, unit):
    """Only for a later stage can units be found."""
    ebbd = faulty(f"on=run stage=extract action=add units={unit}")
    job = ebbd.ended(ebbd.submit(DOCUMENT))
    assert (job["status"], job["error"]["code"]) == ("failed", "plan_refused")


def test_more_than_half_of_the_pages_lost_fails_the_job(faulty):
    rules = [f"on=item item={page} action=segv" for page in (1, 2, 4, 6)]
    ebbd = faulty(*rules)
    job = ebbd.ended(ebbd.submit(DOCUMENT))
    assert (job["status"], job["error"]["code"]) == ("failed", "too_many_page_failures")
    assert sorted(lost(job)) == [(page, "crashed") for page in (1, 2, 4, 6)]
    assert verdicts(all_receipts(ebbd))["crashed"] == 2 * 4


# All at once, several workers at a time.


def test_many_faults_in_one_document(faulty):
    faults = ["segv", "exit without BYE", "hang", "garbage", "abort", "a frame too large",
              "half a frame, then exit", "kill -9", "exit for memory", "unknown message"]
    rules, expected = [], []
    for place, fault in enumerate(faults):
        page = 5 * place + 3
        action, verdict = AT_PAGE[fault]
        rules += rules_for(f"on=item item={page}", action)
        expected.append((page, verdict))
    ebbd = faulty(*rules, pages=60, settings={"limits.cpu_slots": 3}, spare=1)
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert sorted(lost(job)) == expected
    counts = verdicts(all_receipts(ebbd))
    for verdict in {verdict for _, verdict in expected}:
        pages = sum(other == verdict for _, other in expected)
        assert counts.pop(verdict) == 2 * pages + (4 if verdict == "crashed" else 0)  # kill -9
    assert set(counts) == {"done"}
    good = set(range(1, 61)) - {page for page, _ in expected}
    assert pages_in_library(ebbd, job) == sorted(good)


# Workers that talk too much, or leave something behind.


def test_floods_are_cut_and_harmless(faulty):
    ebbd = faulty(
        "on=item item=1 action=log count=5000",
        "on=item item=2 action=stderr count=5000",
    )
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == []
    assert verdicts(all_receipts(ebbd)) == {"done": 2}
    assert ebbd.log().count("noise on standard error") <= 60


@pytest.mark.parametrize("keep_channel", [0, 1])
def test_what_a_worker_forked_does_not_hold_it_up(faulty, keep_channel):
    """A grandchild in a session of its own: out of reach, but nothing waits for it."""
    ebbd = faulty(
        f"on=item item=1 action=daemonise ms={seconds(800)} keep_channel={keep_channel}",
    )
    job = ebbd.completed(ebbd.submit(DOCUMENT))
    assert lost(job) == []
    assert verdicts(all_receipts(ebbd)) == {"done": 2}
    wait_until("the grandchild ends", lambda: not reap_strays())
