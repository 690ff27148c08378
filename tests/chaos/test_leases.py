# SPDX-License-Identifier: AGPL-3.0-or-later
"""Very many leases while workers are killed, clients hang up and jobs are cancelled: at the end each
process and each lease is accounted for, no descriptor is left, and no worker is larger than it may be.

EBB_CHAOS_LEASES says how many: 20,000, and 100,000 in `./dev bench pools`. EBB_SEED repeats a run."""

import contextlib
import os
import random
import select
import signal
import time

import daemon
import pytest
from daemon import resident_bytes, wait_until
from fakes import DOCUMENT, fake, write_script
from poolfakes import NO_QUESTIONS_OF_ITS_OWN

LEASES = int(os.environ.get("EBB_CHAOS_LEASES", "20000"))
SEED = int(os.environ.get("EBB_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)

CLIENTS = 4
WINDOW = 6  # queries of a client that are on their way
MAX_RSS = 32 << 20
CLASSES = ("library", "pdf")

# What a client hears when a worker took its query with it.
EXPECTED = {"failed"}


@pytest.fixture
def make_ebbd():
    """Ebbds that go with the test, however it ends."""
    if not daemon.EBBD.exists():
        pytest.skip(f"{daemon.EBBD} has not been built")
    made = []

    def make(settings=None):
        made.append(daemon.Ebbd(settings))
        return made[-1].start()

    yield make
    for ebbd in made:
        ebbd.remove()


class Storm:
    """Clients that ask, and what befalls them and those who answer."""

    def __init__(self, ebbd, rng):
        self.ebbd = ebbd
        self.rng = rng
        self.clients = [ebbd.client() for _ in range(CLIENTS)]
        self.asked = self.answered = self.refused = self.abandoned = 0
        self.killed = self.hung_up = self.cancelled = 0
        self.jobs = []
        self.codes = set()

    def ask(self):
        for client in self.clients:
            while client.last_id - getattr(client, "heard", 0) < WINDOW:
                client.request("QUERY", kind=self.rng.choice(["digest", "documents", "show"]))
                self.asked += 1

    def hear(self, client):
        """What has come; how many answers."""
        client.frames.feed(client.socket.recv(65536))
        heard = 0
        for message in client.frames:
            assert message.name in ("REPLY", "ERROR"), message
            heard += 1
            if message.name == "ERROR":
                self.refused += 1
                self.codes.add(message["code"])
            else:
                self.answered += 1
        client.heard = getattr(client, "heard", 0) + heard
        return heard

    def hang_up(self):
        client = self.clients.pop(self.rng.randrange(len(self.clients)))
        self.abandoned += client.last_id - getattr(client, "heard", 0)
        client.close()
        self.clients.append(self.ebbd.client())
        self.hung_up += 1

    def kill_one(self):
        workers = [row["pid"] for row in self.ebbd.workers() if row["class"] in CLASSES]
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.rng.choice(workers), signal.SIGKILL)
                self.killed += 1

    def hand_in(self):
        """A job; every second one is cancelled somewhere on its way."""
        job = self.ebbd.submit(DOCUMENT)
        if self.rng.random() < 0.5:
            self.jobs.append(job)
            return
        time.sleep(self.rng.random() * 0.02)
        with contextlib.suppress(daemon.Refused):  # it has ended already
            self.ebbd.call("CANCEL_JOB", job=job)
            self.cancelled += 1

    def misfortune(self):
        self.rng.choices([self.hang_up, self.kill_one, self.hand_in], weights=[3, 2, 1])[0]()

    def leases(self):
        return sum(row["leases"] for row in self.ebbd.classes().values())

    def rage(self, leases):
        """Until so many leases have begun."""
        until = time.monotonic() + daemon.patience(60 + leases / 200)
        due = looked = 0
        while True:
            self.ask()
            ready, _, _ = select.select([each.socket for each in self.clients], [], [], 1)
            for client in [each for each in self.clients if each.socket in ready]:
                due += self.hear(client)
            if due - looked >= 100:
                looked = due
                self.misfortune()
                if self.leases() >= leases:
                    return
            assert time.monotonic() < until, f"{self.leases()} leases only"

    def settle(self):
        """What is still asked is answered, and every job ends."""
        for client in self.clients:
            while client.last_id > getattr(client, "heard", 0):
                ready, _, _ = select.select([client.socket], [], [], daemon.patience(20))
                assert ready, "an answer never came"
                self.hear(client)
            client.close()
        for job in self.jobs:
            self.ebbd.ended(job, 60)


def at_rest(ebbd):
    """The rows of the classes, when nobody works and nobody comes or goes."""
    rows = ebbd.classes()
    calm = all(
        row["leases"] == row["releases"] and row["starting"] == row["leaving"] == row["busy"] == 0
        for row in rows.values()
    )
    return rows if calm and not ebbd.unsettled() else None


def check_counts(rows):
    for row in rows.values():
        assert row["created"] == row["gone"] + row["live"], row
        assert row["leases"] == row["releases"], row
        assert row["reuses"] <= row["leases"], row
        assert sum(row["wait_times"]) <= row["waits"], row
        assert sum(row["recycled"].values()) <= row["gone"], row


@pytest.mark.timeout(3600)
def test_counts_balance_whatever_happens(make_ebbd, tmp_path):
    """Some workers crash by themselves, all leak, and are recycled for it."""
    rng = random.Random(SEED)
    print(f"EBB_SEED={SEED}")
    script = tmp_path / "script"
    write_script(
        script,
        "pages=6 unit=1",
        "on=item item=4 action=sleep ms=60",
        "on=run stage=extract first=5 action=sleep ms=20",
        "on=run nth=701 action=segv",
        "on=run nth=97 action=leak mib=5",
        "on=run nth=193 action=leak mib=5",
        "on=run nth=311 action=leak mib=5",
        "on=run nth=400 action=leak mib=20",
    )
    both = {"min": 1, "max": 3, "max_rss": MAX_RSS, "max_units": 900, "health_interval": "100ms"}
    ebbd = make_ebbd({
        "limits.cpu_slots": 4, "limits.backoff_first": "5ms", "limits.backoff_max": "50ms",
        "limits.queries": 64, "memory.sample": "100ms", **NO_QUESTIONS_OF_ITS_OWN,
        **fake(script, "pdf", lifetime="pool", spare=0, attempts=9, **both),
        **fake(script, "library", attempts=9, **both),
    })  # fmt: skip
    wait_until("both pools are ready", lambda: at_rest(ebbd))
    descriptors = ebbd.own_descriptors()
    storm = Storm(ebbd, rng)
    began = time.monotonic()
    storm.rage(LEASES)
    storm.settle()
    print(f"{storm.leases()} leases in {time.monotonic() - began:.1f} s; killed {storm.killed}, "
          f"hung up {storm.hung_up}, cancelled {storm.cancelled} jobs")
    rows = wait_until("all is at rest", lambda: at_rest(ebbd), 60)
    check_counts(rows)
    assert storm.asked == storm.answered + storm.refused + storm.abandoned
    assert storm.codes <= EXPECTED
    assert storm.killed and storm.hung_up and storm.cancelled and rows["library"]["recycled"]["died"]
    print({name: (rows[name]["created"], rows[name]["recycled"]) for name in CLASSES})
    wait_until("no descriptor is left", lambda: ebbd.own_descriptors() <= descriptors)
    for worker in ebbd.workers():
        if worker["class"] in CLASSES and not daemon.SANITIZED:
            assert resident_bytes(worker["pid"]) <= MAX_RSS, worker
    ebbd.finish()
