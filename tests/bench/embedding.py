# SPDX-License-Identifier: AGPL-3.0-or-later
"""How fast texts get their vectors: ebb-embed over its channel, built in, and with an endpoint on
this machine that takes its time."""

import pathlib
import random
import tempfile
import time

import endpoint
import machine
import test_embed
from figures import Section

TEXTS = 1024
WORDS = 150
BATCH = 16
DELAY_S = 0.05  # that the endpoint takes for a request
DIMENSIONS = 256


def make_texts():
    """Of about 1,000 characters each, the same ones always."""
    chance = random.Random(4)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    words = ["".join(chance.choices(letters, range(26, 0, -1), k=chance.randrange(2, 11)))
             for _ in range(4000)]
    return [" ".join(chance.choices(words, k=WORDS)) for _ in range(TEXTS)]


def timed(texts, state, url=None, **settings):
    """Seconds from the unit's RUN to its DONE."""
    with test_embed.Embedder(state, url, **settings) as worker:
        begun = []
        send = worker.send

        def note(name, *rest, **fields):
            if name == "RUN":
                begun.append(time.monotonic())
            send(name, *rest, **fields)

        worker.send = note
        worker.begin(texts)
        done = worker.expect("DONE")
        seconds = time.monotonic() - begun[0]
        if done["counts"].get("vectors") != len(texts):
            raise machine.Failed(f"{done['counts']} for {len(texts)} texts")
        worker.finish()
    return seconds


def measure(options):
    texts = make_texts()
    section = Section("embed", f"{TEXTS} texts of {WORDS} words; the endpoint takes "
                      f"{DELAY_S * 1000:.0f} ms for {BATCH} of them")
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder:
        state = pathlib.Path(folder)
        built_in = [timed(texts, state) for _ in range(options.rounds)]
        one, eight = [], []
        for _ in range(options.rounds):
            for at_once, found in ((1, one), (8, eight)):
                with endpoint.Endpoint(
                        lambda request: endpoint.raw(endpoint.right(request, DIMENSIONS),
                                                     delay=DELAY_S)) as server:
                    found.append(timed(texts, state, server.url, batch=BATCH, concurrency=at_once))
    section.add("built in", [TEXTS / seconds for seconds in built_in], "per_s")
    section.add("built in, a word", [seconds / TEXTS / WORDS * 1e6 for seconds in built_in], "us")
    section.add("endpoint, one request at a time", [TEXTS / seconds for seconds in one], "per_s")
    section.add("endpoint, eight at once", [TEXTS / seconds for seconds in eight], "per_s",
                ratio=[a / b for a, b in zip(one, eight, strict=True)])
    return section
