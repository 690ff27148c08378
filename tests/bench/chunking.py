# SPDX-License-Identifier: AGPL-3.0-or-later
"""How fast bodies are cut into chunks: bench_chunk over the body of the long document, many times
over as if it were one."""

import json
import pathlib
import tempfile

import machine
from figures import Section

MB_PER_SECOND = 20
COPIES = 20
PEAK_GROWTH = 1.25  # of ten times the text


def body_of(options, folder):
    """structure's artifact, by way of `ebb run`."""
    command = [options.build / "bin" / "ebb", "run", "--quiet", "--state", f"{folder}/state",
               "--no-embed", options.file]
    machine.run(command, pathlib.Path(folder) / "run.txt", timeout_s=600)
    found = list(pathlib.Path(folder).glob("state/jobs/*/structure-*.ebb"))
    if len(found) != 1:
        raise machine.Failed(f"{len(found)} bodies of {options.file}")
    return found[0]


def measure(options):
    section = Section("chunk", f"text of {options.file.name}, {COPIES} times over, into chunks: "
                      "artifact to artifact, the processor's time")
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder:
        body = body_of(options, folder)

        def cut(copies, *sizes):
            told = pathlib.Path(folder) / "told.json"
            machine.run([options.build / "bench" / "bench_chunk", body, f"{folder}/chunks.ebb",
                         str(copies), *sizes], told, timeout_s=600)
            return json.loads(told.read_text())

        rounds = {name: [cut(COPIES, *sizes) for _ in range(options.rounds)]
                  for name, sizes in (("1024, overlap 128", ()), ("256, overlap 64", ("256", "64")))}
        for name, told in rounds.items():
            section.add(f"size {name}", [row["text_bytes"] / row["cpu_us"] for row in told],
                        "mb_per_s", at_least=MB_PER_SECOND)
        small = [row["peak_rss_bytes"] for row in rounds["1024, overlap 128"]]
        large = [cut(10 * COPIES)["peak_rss_bytes"]]
        section.add("peak memory", small, "bytes")
        section.add("peak memory, ten times the text", large, "bytes",
                    ratio=[large[0] / max(small)], at_most=PEAK_GROWTH)
    return section
