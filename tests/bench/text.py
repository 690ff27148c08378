# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much of the corpus's text ebb finds: quality_text.py's mean, through `ebb run`."""

import json
import pathlib
import statistics
import sys
import tempfile

import documents
import machine
from figures import Section

QUALITY = pathlib.Path(__file__).resolve().parent / "quality_text.py"
MEAN_AT_LEAST = 99.5


def measure(options):
    section = Section("text", "characters of `mutool draw -F text` that ebb's text holds, and order")
    if not (documents.CORPUS / "README.md").exists():
        section.remark("no corpus here (EBB_CORPUS, or ../shared/corpus beside the repository)")
        return section
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder:
        out = pathlib.Path(folder) / "quality.json"
        command = [sys.executable, "-s", QUALITY, "--json", "--corpus", documents.CORPUS,
                   "--ebb", options.build / "bin" / "ebb", "--state", f"{folder}/state"]
        machine.run(command, out, timeout_s=1800, codes=(0, 1))  # 1: under the target
        told = json.loads(out.read_text())
    rows = [row for row in told["files"] if row["class"] == "born-digital"]
    held = [100 * row["held"] for row in rows if row.get("held") is not None]
    section.add(f"held, mean of {len(held)} born-digital files", held, "percent",
                value=100 * told["mean_held"], at_least=MEAN_AT_LEAST)
    for key, who in (("order", "ebb"), ("order_mutool", "mutool")):
        order = [row[key] for row in told["files"] if key in row]
        section.add(f"order of words against the truth, {who}, mean of {len(order)}", order,
                    "share", value=statistics.mean(order))
    worst = sorted((row for row in rows if row.get("held") is not None),
                   key=lambda row: row["held"])[:3]
    section.remark("least held: " + ", ".join(
        f"{row['file']} {100 * row['held']:.2f}%" for row in worst))
    return section
