# SPDX-License-Identifier: AGPL-3.0-or-later
"""Encrypted documents: which password opens them, in every worker that opens them, and that it is
found nowhere afterwards."""

import subprocess

import pytest

import documents

# What mutool encrypts with; RC4 of 40 bits is R2, of 128 bits R3, AES of 128 bits R4, of 256 R6.
METHODS = ["rc4-40", "rc4-128", "aes-128", "aes-256"]


@pytest.fixture
def encrypt(tmp_path):
    """Makes an encrypted PDF: its path."""
    plain = tmp_path / "plain.pdf"
    plain.write_bytes(documents.pdf(2, "Under lock and key", 3))

    def make(method, user, owner, permissions=None):
        path = tmp_path / f"{method}.pdf"
        command = ["mutool", "clean", "-E", method, "-O", owner]
        command += ["-U", user] if user else []
        command += ["-P", str(permissions)] if permissions is not None else []
        subprocess.run([*command, plain, path], check=True, capture_output=True)
        return path

    return make


def text_of(ebbd, job):
    assert job["status"] == "completed", job
    return ebbd.query("show", document=job["job_id"], format="text").decode()


@pytest.mark.parametrize("method", METHODS)
def test_user_and_owner(ebbd, encrypt, method):
    path = encrypt(method, "user's own", "owner's")
    for password in ("user's own", "owner's"):
        job = ebbd.run(path, params={"password": password})
        assert "Under lock and key, page 2" in text_of(ebbd, job)


@pytest.mark.parametrize("method", METHODS)
def test_none_and_a_wrong_one(ebbd, encrypt, method):
    path = encrypt(method, "user", "owner")
    for params, code in (({}, "password_required"), ({"password": ""}, "password_required"),
                         ({"password": "User"}, "password_wrong")):
        job = ebbd.run(path, params=params)
        assert (job["status"], job["error"]["code"]) == ("failed", code), job
        assert "User" not in job["error"]["text"]


@pytest.mark.parametrize("method", METHODS)
def test_an_owner_alone_keeps_no_reader_out(ebbd, encrypt, method):
    """Whatever it does not permit: readers show it, and so it is read."""
    path = encrypt(method, "", "owner", -3904)
    assert "Under lock and key, page 1" in text_of(ebbd, ebbd.run(path))


@pytest.mark.parametrize("method", METHODS)
def test_letters_beyond_ascii(ebbd, encrypt, method):
    path = encrypt(method, "h\u00f4tel", "\u00e2ge")
    for password in ("h\u00f4tel", "\u00e2ge"):
        job = ebbd.run(path, params={"password": password})
        assert "Under lock and key, page 2" in text_of(ebbd, job)


CORPUS = documents.CORPUS / "pdf"


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"there is no corpus in {CORPUS}")
@pytest.mark.parametrize("name, passwords", [
    ("encrypted_hello_world_r6.pdf", ["h\u00f4tel", "\u00e2ge"]),
    ("PasswordSample-256bit.pdf", ["owner"]),
])
def test_of_other_makers(ebbd, name, passwords):
    for password in passwords:
        assert text_of(ebbd, ebbd.run(CORPUS / name, params={"password": password})).strip()


def test_every_worker_opens_it(ebbd, encrypt):
    """extract, ocr and assemble; the PDF that comes out is locked as the one that went in."""
    path = encrypt("aes-256", "user", "owner")
    job = ebbd.run(path, timeout=50,
                   params={"password": "user", "ocr": "force", "searchable_pdf": "yes"})
    assert "page 2" in text_of(ebbd, job)
    made = ebbd.state / "jobs" / job["job_id"] / "searchable.pdf"
    command = ["pdftotext", made, "-"]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
    command[1:1] = ["-upw", "user"]
    read = subprocess.run(command, capture_output=True, check=True, text=True)
    assert read.stdout.count("Under lock and key") >= 2


def test_it_is_found_nowhere(ebbd, encrypt):
    path = encrypt("aes-256", "Zeuxis&Parrhasios", "owner")
    job = ebbd.run(path, params={"password": "Zeuxis&Parrhasios"})
    text_of(ebbd, job)
    assert "Zeuxis" not in str(ebbd.call("JOB", job=job["job_id"]))
    assert "Zeuxis" not in ebbd.log()
    assert "Zeuxis" not in str(ebbd.events())
