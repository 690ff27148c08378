# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who answers which question, what is asked before a search, and that nothing is left of either:
all workers are fakes, whose answer is what they were asked."""

import os
import pathlib
import signal

import msgpack
import pytest

from daemon import Refused, patience, wait_until
from fakes import fake, write_script

CLASSES = ("library", "index", "embed", "visual")
ENDPOINT = {"class.embed.option.url": "http://127.0.0.1:9/v1", "class.embed.option.model": "m"}


class Asked:
    """An ebbd whose classes are fakes, and what they noted."""

    def __init__(self, make_ebbd, folder, settings=None, **lines):
        self.notes = folder / "notes"
        made = {"limits.cpu_slots": 2, "class.pdf.spare": 0, **(settings or {})}
        for name in CLASSES:
            script = folder / f"script-{name}"
            note = f"on=run step=query action=note path={self.notes}-{name}"
            write_script(script, note, *lines.get(name, ()))
            made.update(fake(script, name=name))
        self.ebbd = make_ebbd(made)

    def stages(self, name):
        """What a class was asked, in order."""
        path = pathlib.Path(f"{self.notes}-{name}")
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    def ask(self, kind, **params):
        """The params that the worker was asked with."""
        return msgpack.unpackb(self.ebbd.query(kind, **params))

    def picture(self, name="picture.png"):
        path = self.ebbd.state / "incoming" / name
        path.write_bytes(b"a picture, as far as a fake is concerned")
        return path

    def answers(self):
        return sorted(path.name for path in (self.ebbd.state / "answers").iterdir())

    def end_hung(self):
        for row in self.ebbd.workers():
            if row["state"] == "busy":
                os.kill(row["pid"], signal.SIGKILL)
        self.ebbd.settle(20)

    def nothing_is_left(self):
        """But for the last answer of this connection."""
        wait_until("answers are removed", lambda: len(self.answers()) <= 1)
        assert not list((self.ebbd.state / "incoming").iterdir())


@pytest.fixture
def asked(make_ebbd, tmp_path):
    def make(settings=None, **lines):
        return Asked(make_ebbd, tmp_path, settings, **lines)

    return make


@pytest.mark.parametrize("kind", ["show", "documents", "digest", "export", "backup", "missing"])
def test_what_the_library_answers(asked, kind):
    these = asked()
    assert these.ask(kind, document="d") == {"kind": kind, "document": "d"}
    assert these.stages("library") == [kind]
    assert not these.stages("index")


def test_a_search_goes_to_the_index(asked):
    these = asked()
    assert these.ask("search", q="ebb and flow", k=3) == {
        "kind": "search",
        "q": "ebb and flow",
        "k": "3",
    }
    assert these.stages("index") == ["search"]
    assert not these.stages("embed") and not these.stages("visual") and not these.stages("library")


@pytest.mark.parametrize("kind", ["delete", "text_vector", "image_vector", "nonsense"])
def test_what_no_client_asks(asked, kind):
    these = asked()
    with pytest.raises(Refused, match="kind: show, search") as refused:
        these.ask(kind, q="q")
    assert refused.value.code == "invalid"


def test_words_are_embedded_where_there_is_an_endpoint(asked):
    these = asked(ENDPOINT)
    answer = these.ask("search", q="ebb and flow")
    assert answer["there:text_vector"] is True
    assert "text_vector_error" not in answer
    assert these.stages("embed") == ["text_vector"]
    these.nothing_is_left()
    assert these.ask("search", q="ebb", mode="text") == {
        "kind": "search",
        "q": "ebb",
        "mode": "text",
    }
    assert these.stages("embed") == ["text_vector"], "words alone need no vector"


def test_words_without_a_vector_are_found_as_words(asked):
    these = asked(
        ENDPOINT, embed=["on=run stage=text_vector action=fail code=endpoint_down text=it_is_down"]
    )
    answer = these.ask("search", q="ebb")
    assert answer["text_vector_error"].startswith("endpoint_down: ")
    assert "text_vector" not in answer
    these.nothing_is_left()


def test_an_endpoint_is_not_waited_for_without_end(asked):
    these = asked(
        {**ENDPOINT, "embedding.search_wait": "100ms"},
        embed=["on=run stage=text_vector action=sleep ms=2000"],
    )
    answer = these.ask("search", q="ebb")
    assert answer["text_vector_error"].startswith("deadline_exceeded: ")
    wait_until(
        "the worker has ended its unit",
        lambda: not [row for row in these.ebbd.workers("embed") if row["state"] == "busy"],
        patience(20),
    )
    these.nothing_is_left()


def test_a_picture_is_looked_at_first(asked):
    these = asked(ENDPOINT)
    picture = these.picture()
    answer = these.ask("search", q="ebb", image=picture.name)
    assert answer["image"] == picture.name
    assert answer["there:image_vector"] is True
    assert answer["there:text_vector"] is True
    assert answer["image_vector"] != answer["text_vector"]
    assert these.stages("visual") == ["image_vector"]
    assert these.stages("index") == ["search"]
    these.nothing_is_left()
    picture = these.picture()
    assert "text_vector" not in these.ask("search", image=picture.name), "it has no words"
    these.nothing_is_left()


def test_a_picture_that_is_none_ends_the_search(asked):
    these = asked(
        ENDPOINT,
        visual=["on=run action=fail code=invalid retryable=0 text=no_picture"],
        embed=["on=run action=sleep ms=500"],
    )
    picture = these.picture()
    with pytest.raises(Refused, match="no.picture") as refused:
        these.ask("search", q="ebb", image=picture.name)
    assert refused.value.code == "invalid"
    assert not these.stages("index")
    wait_until("the words' vector is given up", lambda: not these.answers(), patience(20))
    these.nothing_is_left()
    for name in ("../picture.png", "/etc/passwd", ".."):
        with pytest.raises(Refused, match="plain name"):
            these.ask("search", image=name)


def test_a_client_cannot_name_answers(asked):
    these = asked()
    answer = these.ask(
        "search", q="ebb", text_vector="/etc/passwd", image_vector="/etc/group",
        text_vector_error="e",
    )  # fmt: skip
    assert answer == {"kind": "search", "q": "ebb"}


def test_a_client_that_hangs_up_ends_all_of_it(asked):
    these = asked(ENDPOINT, visual=["on=run action=hang"], embed=["on=run action=hang"])
    picture = these.picture()
    client = these.ebbd.client()
    client.request("QUERY", kind="search", params={"q": "ebb", "image": picture.name})
    wait_until(
        "both are asked", lambda: these.stages("visual") and these.stages("embed"), patience(20)
    )
    client.close()
    wait_until("the picture goes", lambda: not picture.exists(), patience(20))
    these.end_hung()
    wait_until("the answers go", lambda: not these.answers(), patience(20))
    assert not these.answers()
    assert not these.stages("index")


def test_the_index_answers_while_the_library_is_busy(asked):
    """The library's one worker hangs until the index has answered."""
    these = asked(library=["on=run stage=digest action=hang"])
    slow = these.ebbd.client()
    number = slow.request("QUERY", kind="digest", params={})
    wait_until("the library works", lambda: these.stages("library"), patience(20))
    these.ask("search", q="ebb")
    assert [row["class"] for row in these.ebbd.workers() if row["state"] == "busy"] == ["library"]
    these.end_hung()
    with pytest.raises(Refused):
        slow.answer(number, patience(20))
    slow.close()


def test_a_class_that_is_missing_is_said(asked):
    these = asked({"limits.backoff_first": "10ms", "limits.backoff_max": "20ms"})
    ebbd = these.ebbd
    ebbd.allow(r"class\.throttled|cannot be executed|class index")
    ebbd.stop()
    ebbd.settings["class.index.executable"] = "/nowhere/ebb-index"
    ebbd.start()
    with pytest.raises(Refused, match="/nowhere/ebb-index") as refused:
        these.ask("search", q="ebb")
    assert refused.value.code == "worker_missing"
