# SPDX-License-Identifier: AGPL-3.0-or-later
"""A library that answers, as a user has it: `ebb run` over folders, then questions, with no daemon
and nothing set up; moved, exported, backed up and put back."""

import json
import os
import shutil

import pytest

from ctl_fake import ebb
from daemon import EBB, EBBD
from reading import book, drawing, heading, jpeg, picture, text

pytestmark = pytest.mark.skipif(
    not EBB.exists() or not EBBD.exists(), reason="ebb and ebbd have not been built"
)

SOUP = drawing((200, 40, 30), [[0.1, 0.1, 0.5, 0.8], [0.5, 0.4, 0.9, 0.9]])
BOAT = drawing((30, 60, 190), [[0.2, 0.6, 0.8, 0.8], [0.4, 0.1, 0.6, 0.6]])

HARBOUR = [
    [heading("Tides"), text(
        "High water at the western pier comes about forty minutes later each day. The tables are "
        "printed by the harbour office every December, and cost two crowns. At spring tide the "
        "steps under the lighthouse are covered and nobody may moor there.")],
    [heading("Pilots"), text(
        "A pilot boards every vessel longer than sixty metres at the outer buoy. Pilots are called "
        "on channel twelve, and refuse no ship because of fog; only a gale from the north closes "
        "the channel."), picture(BOAT)],
]  # fmt: skip
KITCHEN = [
    [heading("Bread"), text(
        "Knead the dough of rye flour and sourdough for ten minutes, let it rest in a cloth for "
        "three hours, and bake it on a stone. The crust cracks when the loaf is done.")],
    [heading("Soup"), text(
        "Beetroot soup wants vinegar, so that it keeps its colour, and a spoon of cream. Serve it "
        "cold in summer."), picture(SOUP)],
]  # fmt: skip
GARDEN = [
    [heading("Bees"), text(
        "The hives stand with their backs to the wind. In October each colony needs fifteen kilos "
        "of stores, or it starves before the willows flower.")],
]  # fmt: skip


class Library:
    """A state folder, and ebb over it."""

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state"
        self.env = {"XDG_RUNTIME_DIR": str(folder)}

    def __call__(self, command, *arguments, state=None, **how):
        return ebb(command, "--state", state or self.state, *arguments, env=self.env, timeout=240,
                   **how)

    def search(self, *arguments, state=None):
        result = self("search", "--json", *arguments, state=state)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def found(self, *arguments, state=None):
        """(document, page) of each result."""
        results = self.search(*arguments, state=state)["results"]
        return [(result["document"], result["page"]) for result in results]

    def run(self, *arguments):
        """What became of each document, by its name."""
        result = self("run", "--json", *arguments)
        assert result.returncode == 0, result.stderr
        jobs = [json.loads(line) for line in result.stdout.splitlines()]
        assert all(job["warnings"] == [] for job in jobs), jobs
        return {job["name"]: job for job in jobs}


def write(folder, documents):
    for name, pages in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(book(pages))
    return folder


@pytest.fixture(scope="module", name="library")
def fixture_library(tmp_path_factory):
    """Nobody changes it: tests that would work on a copy."""
    library = Library(tmp_path_factory.mktemp("asking"))
    sea = write(library.folder / "sea", {"harbour.pdf": HARBOUR})
    home = write(library.folder / "home", {"kitchen.pdf": KITCHEN, "out/garden.pdf": GARDEN})
    library.jobs = library.run(sea, "--tag", "sea", "--tag", "2024")
    library.jobs |= library.run(home, "--tag", "home", "--tag", "2024")
    assert set(library.jobs) == {"harbour.pdf", "kitchen.pdf", "out/garden.pdf"}
    return library


@pytest.fixture(name="copy")
def fixture_copy(library, tmp_path):
    """The same library, to be changed."""
    mine = Library(tmp_path)
    shutil.copytree(library.state, mine.state)
    mine.jobs = library.jobs
    return mine


def test_what_a_run_says(library, tmp_path):
    for job in library.jobs.values():
        assert job["counts"]["chunks"] >= 1
        stages = {stage["stage"]: stage["status"] for stage in job["stages"]}
        assert stages["structure"] == stages["chunk"] == stages["embed_text"] == "completed"
    documents = write(tmp_path / "more", {"one.pdf": HARBOUR, "two.pdf": GARDEN})
    result = Library(tmp_path)("run", documents / "one.pdf", documents / "two.pdf")
    assert result.returncode == 0, result.stderr
    assert "2 documents, 3 pages, " in result.stdout and " chunks in " in result.stdout
    assert "CHUNKS" in result.stdout and "ebb search" in result.stdout
    assert "one.pdf: embed_text: " in result.stderr


@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
@pytest.mark.parametrize(
    "question, place",
    [
        ("when is high water at the pier", ("harbour.pdf", 1)),
        ("how long does the dough rest", ("kitchen.pdf", 1)),
        ("vinegar in beetroot soup", ("kitchen.pdf", 2)),
        ("how many kilos of stores does a colony need in october", ("out/garden.pdf", 1)),
    ],
)
def test_questions_find_their_page(library, question, place, mode):
    answer = library.search(question, "--mode", mode)
    first = answer["results"][0]
    assert (first["document"], first["page"]) == place
    assert answer["mode"] == mode and answer["warnings"] == []
    assert first["headings"] and first["boxes"] and first["first_page"] <= place[1]


def test_what_people_see(library):
    result = library("search", "sourdough loaf")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith(" 1. kitchen.pdf, page 1  ")
    assert lines[1] == "    Bread" and "sourdough" in result.stdout
    assert not set(result.stdout) & {"\x02", "\x03", "\x1b"}
    assert "by words" in library("search", "sourdough", "--verbose").stdout


def test_filters(library):
    assert ("harbour.pdf", 1) in library.found("the", "-k", "50")
    harbour = library.jobs["harbour.pdf"]["document_id"]
    for arguments, names in [
        (["--tag", "sea"], {"harbour.pdf"}),
        (["--tag", "home"], {"kitchen.pdf", "out/garden.pdf"}),
        (["--tag", "2024", "--tag", "sea"], {"harbour.pdf"}),
        (["--tag", "nobody"], set()),
        (["--document", harbour], {"harbour.pdf"}),
        (["--since", "2020-01-01"], {"harbour.pdf", "kitchen.pdf", "out/garden.pdf"}),
        (["--until", "2020-01-01"], set()),
    ]:
        for mode in ("text", "vector", "hybrid"):
            found = library.found("the pier the dough the hives", "-k", "50", "--mode", mode,
                                  *arguments)
            assert {name for name, _ in found} == names, (arguments, mode)
    assert {page for _, page in library.found("the pilot the soup", "--pages", "2")} == {2}
    result = library("search", "x", "--since", "yesterday")
    assert (result.returncode, result.stdout) == (1, "") and "yesterday" in result.stderr


def test_a_phrase_must_be_there(library):
    assert library.found('"beetroot soup"', "--mode", "text") == [("kitchen.pdf", 2)]
    assert library.found('"vinegar beetroot"', "--mode", "text") == []
    assert library.found("sourd*", "--mode", "text") == [("kitchen.pdf", 1)]
    assert library("search", '"vinegar beetroot"', "--mode", "text").returncode == 0


def test_a_picture_finds_its_like(library, tmp_path):
    similar = tmp_path / "similar.jpg"
    similar.write_bytes(jpeg(SOUP.resize((260, 195)), quality=60))
    results = library.search("--image", similar)["results"]
    first = results[0]
    assert (first["document"], first["page"]) == ("kitchen.pdf", 2)
    assert first["image"]["width_px"] == 400 and first["image_rank"] == 1
    assert ("harbour.pdf", 2) not in library.found("--image", similar, "--tag", "home")
    both = library.found("beetroot vinegar", "--image", similar)
    assert both[0] == ("kitchen.pdf", 2)
    assert not os.listdir(library.state / "incoming")
    result = library("search", "--image", similar)
    assert "    image " in result.stdout
    similar.write_bytes(b"no picture at all")
    result = library("search", "--image", similar)
    assert result.returncode == 1 and result.stdout == ""
    assert not os.listdir(library.state / "incoming")


def test_chunks_are_shown_and_written(library, tmp_path):
    mine = Library(tmp_path)
    documents = write(tmp_path / "more", {"one.pdf": HARBOUR})
    result = mine("run", documents, "--out", tmp_path / "out", "--chunk-size", "200",
                  "--chunk-overlap", "40", "--no-embed", "--json")
    assert result.returncode == 0, result.stderr
    job = json.loads(result.stdout)
    lines = (tmp_path / "out" / "chunks.jsonl").read_text().splitlines()
    chunks = [json.loads(line) for line in lines]
    assert len(chunks) == job["counts"]["chunks"] >= 3
    assert all(len(chunk["text"]) <= 200 for chunk in chunks)
    assert {heading for chunk in chunks for heading in chunk["headings"]} == {"Tides", "Pilots"}
    shown = json.loads(mine("show", "--chunks", job["document_id"]).stdout)
    assert shown["chunks"] == chunks
    whole = library("show", "--body", library.jobs["harbour.pdf"]["document_id"])
    assert whole.returncode == 0 and "western pier comes about forty minutes" in " ".join(
        whole.stdout.split())


# --- embedding again ---


def test_what_was_not_embedded_is_listed_and_embedded_later(tmp_path):
    mine = Library(tmp_path)
    documents = write(tmp_path / "more", {"one.pdf": HARBOUR})
    jobs = mine.run(documents, "--no-embed")
    chunks = jobs["one.pdf"]["counts"]["chunks"]
    assert mine.found("high water", "--mode", "vector") == []
    assert mine.found("high water")[0] == ("one.pdf", 1)
    missing = json.loads(mine("reembed", "--missing", "--json").stdout)
    assert missing["total"] == len(missing["chunks"]) == chunks
    result = mine("reembed", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["status"] == "completed"
    assert json.loads(mine("reembed", "--missing", "--json").stdout)["total"] == 0
    assert mine.found("high water", "--mode", "vector")[0] == ("one.pdf", 1)
    listed = json.loads(mine("jobs", "--json").stdout)["jobs"]
    assert len(listed) == 2 and all(job["status"] == "completed" for job in listed)
    assert "embeddings" in mine("jobs").stdout
    assert mine("job", listed[0]["job_id"]).returncode == 0


# --- out and back ---


def test_export(library, tmp_path):
    result = library("export")
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    types = {line["type"] for line in lines}
    assert {"document", "chunk"} <= types
    chunks = [line for line in lines if line["type"] == "chunk"]
    assert any("sourdough" in chunk["text"] for chunk in chunks)
    one = library.jobs["harbour.pdf"]["document_id"]
    result = library("export", tmp_path / "one.jsonl", "--document", one, "--vectors")
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in (tmp_path / "one.jsonl").read_text().splitlines()]
    chunks = [line for line in lines if line["type"] == "chunk"]
    assert chunks and all(len(chunk["embeddings"][0]["embedding"]) == 512 for chunk in chunks)
    assert not any("sourdough" in line.get("text", "") for line in lines)


def test_a_backup_can_be_put_back(copy, tmp_path):
    before = copy.found("sourdough loaf pier", "-k", "50")
    saved = tmp_path / "library.backup"
    assert copy("backup", saved).returncode == 0
    for job in copy.jobs.values():
        assert copy("rm", job["job_id"]).returncode == 0
    assert copy.found("sourdough loaf pier") == []
    shutil.rmtree(copy.state / "library")
    (copy.state / "library").mkdir()
    shutil.copy(saved, copy.state / "library" / "library.db")
    assert copy.found("sourdough loaf pier", "-k", "50") == before
    assert copy.found("sourdough", "--mode", "vector")[0] == ("kitchen.pdf", 1)


def test_what_is_removed_is_not_found(copy):
    result = copy("rm", copy.jobs["kitchen.pdf"]["job_id"])
    assert result.returncode == 0, result.stderr
    for mode in ("text", "vector", "hybrid"):
        names = {name for name, _ in copy.found("beetroot soup vinegar pier", "--mode", mode)}
        assert names and "kitchen.pdf" not in names
