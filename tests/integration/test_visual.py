# SPDX-License-Identifier: AGPL-3.0-or-later
"""ebb-visual over its channel: a picture is nearest to itself, in another size, of another quality,
cut a little; in other colours it has the same structure; what is no picture is told."""

import random
import struct

import msgpack
import pytest

import ebbproto

Image = pytest.importorskip("PIL.Image")
ImageDraw = pytest.importorskip("PIL.ImageDraw")

VISUAL = ebbproto.WORKERS / "ebb-visual"
JOB = "01890000-0000-7000-8000-000000000005"
MODELS = ["ebb-visual-512", "ebb-color-512", "ebb-texture-512"]
STRUCTURE, COLOR, TEXTURE = range(3)

pytestmark = pytest.mark.skipif(not VISUAL.exists(), reason=f"{VISUAL} has not been built")


class Looker(ebbproto.Worker):
    def __init__(self, state, **settings):
        super().__init__(VISUAL)
        self.state = state
        for name in ("answers", "incoming", f"jobs/{JOB}"):
            (state / name).mkdir(parents=True, exist_ok=True)
        self.ready(state, **{"class": "visual"}, lifetime="pool", profile="parse", settings=settings)
        self.runs = 0

    def ask(self, name):
        self.runs += 1
        self.answer = self.state / "answers" / f"a{self.runs}"
        self.lease(JOB, self.state / "jobs" / JOB)
        self.run(self.runs, stage="image_vector", step="query", answer=str(self.answer),
                 params={"image": name})
        while True:
            message = self.receive()
            if message.name in ("DONE", "FAILED"):
                return message

    def vectors(self, picture, kind="PNG", **how):
        """By model: a list of numbers, or the reason why there is none."""
        picture.save(self.state / "incoming" / "picture", kind, **how)
        message = self.ask("picture")
        assert message.name == "DONE", message
        data, at, records = self.answer.read_bytes(), 0, []
        while at < len(data):
            (length,) = struct.unpack(">I", data[at:at + 4])
            records.append(msgpack.unpackb(data[at + 4:at + 4 + length]))
            at += 4 + length
        assert records[1][1] == [[1, model, 512] for model in MODELS]
        assert [record[:2] for record in records[2:-1]] == [[0, 0], [0, 1], [0, 2]]
        return [vector if isinstance(vector, str) else struct.unpack("<512f", vector)
                for _, _, vector in records[2:-1]]


@pytest.fixture
def looker(tmp_path):
    with Looker(tmp_path) as worker:
        yield worker
        worker.send("SHUTDOWN")
        worker.expect("BYE")
        assert worker.wait() == ebbproto.EXIT_OK


def near(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


def draw(number):
    """A picture of its own: shapes, lines and a grain, in colours of its own."""
    chance = random.Random(number)
    ground = tuple(chance.randrange(256) for _ in range(3))
    picture = Image.new("RGB", (360 + 40 * (number % 5), 400), ground)
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        color = tuple(chance.randrange(256) for _ in range(3))
        x, y = chance.randrange(360), chance.randrange(400)
        box = (x, y, x + chance.randrange(30, 220), y + chance.randrange(30, 220))
        [pen.ellipse, pen.rectangle][chance.randrange(2)](box, fill=color)
    step = chance.randrange(6, 40)
    for x in range(0, picture.width, step):
        pen.line((x, 0, x + chance.randrange(-30, 30), 400), fill=ground, width=chance.randrange(1, 4))
    return picture


@pytest.fixture(scope="module")
def pictures():
    return [draw(number) for number in range(10)]


CHANGES = {
    "half its size": lambda p: (p.resize((p.width // 2, p.height // 2), Image.LANCZOS), "PNG", {}),
    "twice its size": lambda p: (p.resize((p.width * 2, p.height * 2), Image.BICUBIC), "PNG", {}),
    "poor JPEG": lambda p: (p, "JPEG", {"quality": 35}),
    "cut": lambda p: (p.crop((12, 12, p.width - 12, p.height - 12)), "PNG", {}),
    "TIFF": lambda p: (p, "TIFF", {}),
    "BMP": lambda p: (p, "BMP", {}),
    "opaque": lambda p: (p.convert("RGBA"), "PNG", {}),
    "JPEG 2000": lambda p: (p, "JPEG2000", {}),
}


def test_itself_is_nearest(looker, pictures):
    known = [looker.vectors(picture) for picture in pictures]
    for vectors in known:
        for vector in vectors:
            assert abs(near(vector, vector) - 1) < 1e-4
    for change, apply in CHANGES.items():
        for place, picture in enumerate(pictures):
            changed, kind, how = apply(picture)
            found = looker.vectors(changed, kind, **how)
            for model in range(3):
                order = sorted(range(len(known)), key=lambda i: -near(found[model], known[i][model]))
                assert order[0] == place, (change, place, MODELS[model])
                if model != TEXTURE:
                    gap = near(found[model], known[place][model]) - \
                        near(found[model], known[order[1]][model])
                    assert gap > 0.05, (change, place, MODELS[model])


def test_other_colours_have_the_same_structure(looker, pictures):
    others = [looker.vectors(picture) for picture in pictures[1:]]
    before = looker.vectors(pictures[0])
    red, green, blue = pictures[0].split()
    after = looker.vectors(Image.merge("RGB", (blue, red, green)))
    assert near(before[STRUCTURE], after[STRUCTURE]) > \
        max(near(before[STRUCTURE], other[STRUCTURE]) for other in others)
    gray = looker.vectors(pictures[0].convert("L"))
    assert near(before[STRUCTURE], gray[STRUCTURE]) > 0.98
    assert near(before[COLOR], gray[COLOR]) < 0.8
    assert near(before[COLOR], after[COLOR]) < near(before[STRUCTURE], after[STRUCTURE])


def test_the_same_colours_in_another_structure(looker, pictures):
    before = looker.vectors(pictures[0])
    tile = pictures[0].resize((60, 50), Image.NEAREST)
    shuffled = Image.new("RGB", pictures[0].size)
    for x in range(0, shuffled.width, 60):
        for y in range(0, shuffled.height, 50):
            shuffled.paste(tile.rotate(90 * ((x + y) // 10 % 4), expand=True), (x, y))
    after = looker.vectors(shuffled)
    assert near(before[STRUCTURE], after[STRUCTURE]) < 0.7 < near(before[COLOR], after[COLOR])


def test_the_same_bytes_give_the_same_vector(looker, pictures):
    assert looker.vectors(pictures[3]) == looker.vectors(pictures[3])


def test_what_shows_nothing(looker):
    plain = looker.vectors(Image.new("RGB", (50, 50), (200, 30, 30)))
    assert isinstance(plain[STRUCTURE], str) and plain[STRUCTURE].startswith("plain: ")
    assert abs(near(plain[COLOR], plain[COLOR]) - 1) < 1e-4
    dot = looker.vectors(Image.new("RGB", (1, 1), (0, 0, 0)))
    assert not isinstance(dot[COLOR], str)
    rule = looker.vectors(Image.new("L", (3000, 1), 128))
    assert not isinstance(rule[COLOR], str)


def test_transparent_is_white(looker, pictures):
    clear = pictures[0].convert("RGBA")
    clear.putalpha(0)
    assert near(looker.vectors(clear)[COLOR],
                looker.vectors(Image.new("RGB", pictures[0].size, "white"))[COLOR]) > 0.999


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"no picture at all", b"\xff\xd8\xff\xe0\x00\x10JFIF",
                                     b"\x89PNG\r\n\x1a\n" + b"\x00" * 40])
def test_what_is_no_picture(looker, content):
    (looker.state / "incoming" / "picture").write_bytes(content)
    failed = looker.ask("picture")
    assert (failed.name, failed["code"]) == ("FAILED", "not_an_image")
    assert not looker.answer.exists()


def test_cut_short(looker, pictures):
    path = looker.state / "incoming" / "picture"
    pictures[0].save(path, "PNG")
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(path.read_bytes()[:int(path.stat().st_size * share)])
        assert looker.ask("picture").name in ("DONE", "FAILED")
    assert not isinstance(looker.vectors(pictures[0])[STRUCTURE], str)


@pytest.mark.parametrize("name", ["../picture", "/etc/passwd", "", ".hidden", "a/b"])
def test_only_what_was_handed_in(looker, name):
    failed = looker.ask(name)
    assert (failed.name, failed["code"]) == ("FAILED", "invalid")


def test_missing(looker):
    failed = looker.ask("nothing")
    assert failed.name == "FAILED" and "io: " in failed["text"]


def test_more_pixels_than_allowed(tmp_path, pictures):
    with Looker(tmp_path, max_pixels="10000") as worker:
        pictures[0].save(tmp_path / "incoming" / "picture", "PNG")
        failed = worker.ask("picture")
        assert failed.name == "FAILED" and "too_large: " in failed["text"]
