# SPDX-License-Identifier: AGPL-3.0-or-later
"""Classes whose workers follow a script (tests/fake/README.md), and documents for them.

The fake pdf writes valid surveys and pages, so that the real library can take them in: what a
fault cost is read from receipts, from the job and from the library.
"""

import collections

import daemon

DOCUMENT = b"any bytes: a fake does not look into a document"

# One unit at a time, no worker ahead of its work: then who does what is certain.
SERIAL = {"limits.cpu_slots": 1, "class.pdf.spare": 0}

# Short, but much longer than anything that goes well takes, on a busy machine too; and so far from
# each other that it is certain which of them ends a worker.
SLOW = 2 if daemon.SANITIZED else 1
IMPATIENT = {
    "class.pdf.item_deadline": f"{SLOW * 1200}ms",
    "class.pdf.start_deadline": f"{SLOW * 1200}ms",
    "limits.frame_timeout": f"{SLOW * 400}ms",
    "limits.shutdown_grace": f"{SLOW * 500}ms",
    "limits.backoff_first": "20ms",
}


def write_script(path, *lines):
    """The lines of a script; a list of words or a string each."""
    path.write_text("\n".join(lines) + "\n")


def fake(script, name="pdf", **settings):
    """Settings that make a class one of fakes; settings: the class's own."""
    made = {
        f"class.{name}.executable": str(daemon.FAKE),
        f"class.{name}.profile": "none",
        f"class.{name}.option.script": str(script),
    }
    made.update({f"class.{name}.{key}": value for key, value in settings.items()})
    return made


def verdicts(receipts, name="pdf"):
    """How often each verdict was given."""
    return dict(collections.Counter(row["verdict"] for row in receipts if row["class"] == name))


def lost(job):
    """(page, verdict) of each page that was lost."""
    assert job["pages_failed_count"] == len(job["pages_failed"])
    return [(row["page"], row["verdict"]) for row in job["pages_failed"]]


def pages_in_library(ebbd, job):
    """The pages whose text the library has, by the text that the fake gives them."""
    text = ebbd.query("show", document=job["job_id"], format="text").decode()
    return [
        number
        for number, page in enumerate(text.split("\f"), 1)
        if f"Page {number} of " in page
    ]
