# SPDX-License-Identifier: AGPL-3.0-or-later
"""Documents while an endpoint of embeddings is down, slow or mad, and when it is back; libraries
that are moved from one model to another. All workers are real, the endpoint is this test's."""

import json

import pytest

from daemon import ENDED, patience, wait_until
from documents import pdf
from endpoint import Answer, Endpoint, raw, right, status

# Impatient: what fails is to fail soon, and to be looked at again soon.
SETTINGS = {
    "class.embed.option.attempts": 1,
    "class.embed.option.timeout_ms": 2000,
    "class.embed.option.breaker_ms": 100,
    "class.embed.option.retry_after_max_ms": 100,
    "embedding.retry_first": "200ms",
    "embedding.retry_max": "1s",
}

MOODS = {
    "slow": lambda request: Answer(200, b"", delay=4.0),
    "429": lambda request: status(429, Retry_After=1),
    "500": lambda request: status(500),
    "garbage": lambda request: raw(b"<html>busy</html>"),
    "half an answer": lambda request: Answer(
        200, (body := raw(right(request, 8)).body), cut=len(body) // 2
    ),
    "another dimension": lambda request: raw(right(request, 9)),
}


@pytest.fixture
def endpoint():
    with Endpoint() as server:
        yield server


def model(server, name, dimensions=8):
    return {
        "class.embed.option.url": server.url,
        "class.embed.option.model": name,
        "class.embed.option.dimensions": dimensions,
    }


def missing(ebbd):
    return json.loads(ebbd.query("missing"))


def alerts(ebbd):
    return [row["kind"] for row in ebbd.status()["alerts"]]


def jobs_that_embed(ebbd):
    return [row for row in ebbd.call("JOBS")["jobs"] if row["kind"] == "reembed"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mood", MOODS)
def test_what_it_leaves_is_embedded_when_it_is_back(make_ebbd, endpoint, mood):
    endpoint.behave = MOODS[mood]
    ebbd = make_ebbd({**SETTINGS, **model(endpoint, "small")})
    job = ebbd.completed(ebbd.submit(pdf(5)), 120)
    assert job["pages_failed"] == []
    left = job["counts"]["chunks_without_vector"]
    assert left > 0
    assert "embedding.owed" in alerts(ebbd)
    listed = missing(ebbd)
    assert (listed["model"], listed["dimensions"], listed["total"]) == ("small", 8, left)
    found = json.loads(ebbd.query("search", q="page", mode="text"))
    assert found["results"], "words are found without vectors"
    wait_until("it is tried while the endpoint is as it was", lambda: jobs_that_embed(ebbd), 60)
    assert not ebbd.events("embedding.settled")
    endpoint.behave = lambda request: None
    wait_until("it is settled", lambda: ebbd.events("embedding.settled"), 120)
    assert missing(ebbd)["total"] == 0
    assert "embedding.owed" not in alerts(ebbd)
    wait_until(
        "no job is left", lambda: all(row["status"] in ENDED for row in jobs_that_embed(ebbd)), 60
    )


@pytest.mark.timeout(300)
def test_a_library_is_moved_to_another_model(make_ebbd, endpoint):
    late = {"embedding.retry_first": "1h", "embedding.retry_max": "1h"}
    ebbd = make_ebbd({**SETTINGS, **late})
    ebbd.completed(ebbd.submit(pdf(5)), 60)
    assert missing(ebbd)["total"] == 0
    ebbd.stop()
    ebbd.settings.update(model(endpoint, "large"))
    ebbd.start()
    before = missing(ebbd)
    assert before["model"] == "large" and before["total"] > 0
    job = ebbd.call("SUBMIT", name="reembed", params={"kind": "reembed"})["job_id"]
    row = ebbd.completed(job, 120)
    assert [stage["status"] for stage in row["stages"]] == ["completed"] * 4
    assert missing(ebbd)["total"] == 0
    asked = len(endpoint.requests)
    found = json.loads(ebbd.query("search", q="page", mode="vector"))
    assert found["model"] == "large" and found["results"]
    assert len(endpoint.requests) == asked + 1, "the words are embedded by the same model"


@pytest.mark.timeout(300)
def test_killed_while_it_embeds_again(make_ebbd, endpoint):
    """Every unit that was done stays done; nothing is owed in the end."""
    late = {"embedding.retry_first": "1h", "embedding.retry_max": "1h"}
    ebbd = make_ebbd({**SETTINGS, **late})
    ebbd.completed(ebbd.submit(pdf(20)), 60)
    ebbd.stop()
    endpoint.behave = lambda request: Answer(
        200, raw(right(request, 8)).body, delay=0.5 if request.number == 1 else 0.0
    )
    ebbd.settings.update(model(endpoint, "large"))
    ebbd.start()
    job = ebbd.call("SUBMIT", name="reembed", params={"kind": "reembed"})["job_id"]
    wait_until("the endpoint is asked", lambda: endpoint.requests, patience(60))
    ebbd.kill9()
    ebbd.start()
    assert ebbd.completed(job, 120)["progress"] == 100
    assert missing(ebbd)["total"] == 0
