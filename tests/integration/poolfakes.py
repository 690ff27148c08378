# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pools of fakes: how to make one, ask it, and read what became of its workers."""

import datetime
import time

from fakes import fake


def span(receipt):
    """When a process lived: seconds since the epoch, from and to."""
    start = datetime.datetime.fromisoformat(receipt["started_at"].replace("Z", "+00:00"))
    return start.timestamp(), start.timestamp() + receipt["wall_ms"] / 1000


# ebbd asks the library as well, a while after its start: not where leases are counted.
NO_QUESTIONS_OF_ITS_OWN = {"embedding.retry_first": "1d", "embedding.retry_max": "1d"}


def states(ebbd, name):
    return sorted(row["state"] for row in ebbd.workers(name))


def pool(script, **settings):
    """The library, made of fakes: each query is a unit, and each is a pool's."""
    made = fake(script, "library", spare=0, **settings)
    return {"limits.cpu_slots": 16, **NO_QUESTIONS_OF_ITS_OWN, **made}


def ask(ebbd, times):
    """Queries, one after the other."""
    for _ in range(times):
        ebbd.call("QUERY", kind="digest")


def ask_at_once(ebbd, times):
    """Queries, all at once."""
    requests = [ebbd.connection.request("QUERY", kind="digest") for _ in range(times)]
    for request in requests:
        ebbd.connection.answer(request)


def check_successors(ebbd, ready_after):
    """Each but the last went when its successor had been READY: never before."""
    spans = sorted(span(row) for row in ebbd.receipts() if row["class"] == "library")
    asked = time.time()
    alive = ebbd.workers("library")
    starts = [start for start, _ in spans]
    starts.append(asked - alive[0]["age_ms"] / 1000)
    for (_, end), successor in zip(spans, starts[1:]):
        assert end >= successor + ready_after - 0.02, (spans, starts)
    return len(spans)
