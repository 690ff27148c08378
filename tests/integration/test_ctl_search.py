# SPDX-License-Identifier: AGPL-3.0-or-later
"""`ebb search` against a library that answers as PROTOCOL.md says: what it asks, and what of the
answer it shows."""

import json
import os

import pytest

from ctl_fake import DOCUMENT, Refusal, ask, ebb, ebb_on_terminal, status
from daemon import EBB

pytestmark = pytest.mark.skipif(not EBB.exists(), reason=f"{EBB} has not been built")

PICTURE = b"\x89PNG\r\n\x1a\nnot much of a picture"

FOUND = {
    "query": "slip class", "mode": "hybrid", "model": "ebb-lexical-512", "warnings": [],
    "results": [
        {"kind": "chunk", "document_id": DOCUMENT, "document": "tiles.pdf", "chunk_id": "c-1",
         "page": 5, "first_page": 4, "last_page": 5, "label": "iv",
         "headings": ["Floors", "Wet\nrooms \u001b[31m"], "score": 0.0325, "text_rank": 1,
         "vector_rank": 3, "image_rank": None, "snippet": "of \u0002slip\u0003 class R12",
         "boxes": [{"page": 5, "bbox": [1, 2, 3, 4]}]},
        {"kind": "image", "document_id": DOCUMENT, "document": "tiles.pdf", "chunk_id": None,
         "page": 7, "first_page": 7, "last_page": 7, "label": "7", "headings": [],
         "score": 0.0161, "text_rank": None, "vector_rank": None, "image_rank": 1, "snippet": "",
         "boxes": [], "image": {"id": "i-1", "file": "images/ab.png", "width_px": 640,
                                "height_px": 480, "caption": "A bath"}},
    ],
    "total_ms": 3,
}  # fmt: skip


@pytest.fixture(name="answering")
def fixture_answering(serve, tmp_path):
    """A server that answers QUERY with this; .pictures has what was in incoming/ then."""

    def start(found, refuse=None):
        state = tmp_path / "state"
        (state / "incoming").mkdir(parents=True)
        path = tmp_path / "answer"
        path.write_text(json.dumps(found))

        def handle(_, message):
            image = message["params"].get("image")
            if image:
                copy = state / "incoming" / image
                server.pictures.append((copy.read_bytes(), copy.stat().st_mode & 0o777))
            if refuse:
                raise refuse
            return {"answer": str(path), "bytes": path.stat().st_size}

        server = serve({"QUERY": handle, "STATUS": status(state)})
        server.pictures = []
        server.incoming = state / "incoming"
        return server

    return start


def test_every_filter_is_asked_for(answering):
    server = answering(FOUND)
    result = ask(server, "search", "slip", "class", "-k", "3", "--document", DOCUMENT, "--pages",
                 "3-7,12", "--since", "2026-01-31", "--until", "2026-02-01T10:00:00Z", "--tag",
                 "bath", "--tag", "floor", "--mode", "vector", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == FOUND
    assert server.named("QUERY")[0].fields == {
        "kind": "search",
        "params": {"q": "slip class", "k": "3", "document": DOCUMENT, "pages": "3-7,12",
                   "since": "2026-01-31", "until": "2026-02-01T10:00:00Z", "tag": "bath,floor",
                   "mode": "vector"},
    }  # fmt: skip


def test_a_result_shows_where_it_stands(answering):
    server = answering(FOUND)
    result = ask(server, "search", "slip class")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        f" 1. tiles.pdf, page 5 (iv)  {DOCUMENT}\n"
        "    Floors > Wet rooms ?[31m\n"
        "    of slip class R12\n"
        f" 2. tiles.pdf, page 7  {DOCUMENT}\n"
        "    image images/ab.png, 640 x 480 px: A bath\n"
    )
    detailed = ask(server, "search", "slip class", "--verbose").stdout.splitlines()
    assert detailed[3] == "    score 0.0325, no. 1 by words, no. 3 by vectors  c-1"
    assert detailed[6].startswith("    score 0.0161, no. 1 by image")
    code, output = ebb_on_terminal("search", "slip class", "--socket", server.path)
    assert code == 0 and b"of \x1b[1m\x1b[32mslip\x1b[0m class R12" in output
    assert b"rooms ?[31m" in output


def test_warnings_go_to_the_standard_error(answering):
    server = answering(dict(FOUND, warnings=["no vectors: the endpoint is down", "and more"]))
    result = ask(server, "search", "slip")
    assert result.returncode == 0 and result.stdout.startswith(" 1. tiles.pdf")
    assert result.stderr == ("ebb: warning: no vectors: the endpoint is down\n"
                             "ebb: warning: and more\n")


def test_a_picture_is_copied_and_gone_afterwards(answering, tmp_path):
    picture = tmp_path / "bath.png"
    picture.write_bytes(PICTURE)
    server = answering(FOUND)
    result = ask(server, "search", "--image", picture)
    assert (result.returncode, result.stderr) == (0, "")
    assert server.pictures == [(PICTURE, 0o640)]
    params = server.named("QUERY")[0]["params"]
    assert set(params) == {"k", "image"} and "/" not in params["image"]
    assert ask(server, "search", "bath", "--image", picture).returncode == 0
    assert server.named("QUERY")[1]["params"]["q"] == "bath"
    assert not list(server.incoming.iterdir()) and picture.read_bytes() == PICTURE


def test_a_picture_that_is_refused_is_gone_too(answering, tmp_path):
    picture = tmp_path / "bath.png"
    picture.write_bytes(PICTURE)
    server = answering(FOUND, refuse=Refusal("failed", "this is no picture"))
    result = ask(server, "search", "--image", picture)
    assert (result.returncode, result.stdout) == (1, "") and "this is no picture" in result.stderr
    assert len(server.pictures) == 1 and not list(server.incoming.iterdir())
    for what in (tmp_path / "nothing.png", tmp_path):
        result = ask(server, "search", "--image", what)
        assert result.returncode == 1 and str(what) in result.stderr
    if os.geteuid() != 0:  # root reads everything
        picture.chmod(0)
        assert ask(server, "search", "--image", picture).returncode == 1
    assert not list(server.incoming.iterdir())


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "WORDS or --image is missing"),
        (["x", "--mode", "magic"], "one of hybrid, text and vector"),
        (["x", "--pages", "7-3"], "search: --pages"),
        (["x", "--tag", ""], "1 to 64 bytes"),
        (["x", "--tag", "a,b"], "no commas"),
        (["x", "--tag", "a" * 65], "1 to 64 bytes"),
        (["x", *(word for n in range(17) for word in ("--tag", f"t{n}"))], "16 tags at most"),
    ],
)
def test_what_makes_no_sense(answering, arguments, words):
    server = answering(FOUND)
    result = ask(server, "search", *arguments)
    assert (result.returncode, result.stdout) == (2, "") and words in result.stderr
    assert not server.named("QUERY")


# --- what documents are marked and cut with ---


def test_options_of_chunks_become_parameters(serve, tmp_path):
    document = tmp_path / "a.pdf"
    document.write_bytes(b"%PDF-1.4")
    (tmp_path / "incoming").mkdir()
    server = serve({"SUBMIT": {"job_id": DOCUMENT, "status": "pending"}, "STATUS": status(tmp_path)})
    result = ask(server, "submit", document, "--tag", "a", "--tag", "b c", "--chunk-size", "512",
                 "--chunk-overlap", "0", "--no-embed")
    assert (result.returncode, result.stderr) == (0, "")
    assert server.named("SUBMIT")[0]["params"] == {
        "tags": "a,b c", "chunk_size": "512", "chunk_overlap": "0", "embed": "no"
    }  # fmt: skip
    assert ask(server, "submit", document, "--chunk-sizes", "2048,1024,512").returncode == 0
    assert server.named("SUBMIT")[1]["params"] == {"chunk_sizes": "2048,1024,512"}


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--chunk-size", "63"], "--chunk-size"),
        (["--chunk-size", "8193"], "--chunk-size"),
        (["--chunk-size", "many"], "--chunk-size"),
        (["--chunk-overlap", "512"], "--chunk-overlap"),
        (["--chunk-size", "100", "--chunk-overlap", "50"], "--chunk-overlap"),
        (["--chunk-sizes", "512,1024"], "each less than the one before"),
        (["--chunk-sizes", "4096,2048,1024,512"], "at most 3 sizes"),
        (["--chunk-sizes", "1024,"], "--chunk-sizes"),
        (["--chunk-sizes", "1024,512", "--chunk-overlap", "256"], "--chunk-overlap"),
        (["--chunk-sizes", "1024,512", "--chunk-size", "512"], "exclude each other"),
        (["--tag", "a", "--param", "tags=b"], "given twice"),
    ],
)
def test_options_of_chunks_that_make_no_sense(tmp_path, arguments, words):
    document = tmp_path / "a.pdf"
    document.write_bytes(b"%PDF-1.4")
    result = ebb("run", "--state", tmp_path / "state", document, *arguments)
    assert (result.returncode, result.stdout) == (2, "") and words in result.stderr
    assert not (tmp_path / "state").exists()
