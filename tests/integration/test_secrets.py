# SPDX-License-Identifier: AGPL-3.0-or-later
"""The key of an endpoint: from its file to the one class that needs it, and nowhere else."""

import http.server
import pathlib
import subprocess
import threading

import pytest

from daemon import EBBD, Refused, children_of, patience, wait_until

KEY = "sk-integration-0123456789-not-to-be-seen"


class Endpoint(http.server.ThreadingHTTPServer):
    """Says no to everybody, and keeps with what key it was asked."""

    daemon_threads = True

    def __init__(self):
        self.keys = []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                endpoint.keys.append(self.headers["Authorization"])
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(403)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


@pytest.fixture
def endpoint():
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def settings(endpoint, key):
    return {
        "class.embed.option.url": endpoint.url,
        "class.embed.option.model": "small",
        "class.embed.option.attempts": 1,
        "class.embed.option.key_credential": key,
    }


def key_file(folder, mode=0o600):
    path = folder / "key"
    path.write_text(KEY + "\n")
    path.chmod(mode)
    return path


def ask(ebbd, endpoint):
    """A search whose words the endpoint refuses to embed."""
    ebbd.query("documents")  # makes the library
    before = len(endpoint.keys)
    ebbd.query("search", q="ebb and flow")
    wait_until("the endpoint is asked", lambda: len(endpoint.keys) > before, patience(20))
    return endpoint.keys[-1]


def test_it_reaches_the_endpoint_and_nobody_else(make_ebbd, endpoint, tmp_path):
    ebbd = make_ebbd(settings(endpoint, key_file(tmp_path)))
    assert ask(ebbd, endpoint) == f"Bearer {KEY}"
    for pid in [ebbd.pid, *children_of(ebbd.pid)]:
        for part in ("cmdline", "environ"):
            assert KEY.encode() not in pathlib.Path(f"/proc/{pid}/{part}").read_bytes()
    shown = subprocess.run(
        [*ebbd.command(), "--show-config"], capture_output=True, text=True, check=False
    )
    assert KEY not in shown.stdout + shown.stderr
    assert KEY not in ebbd.log()
    ebbd.settle()
    for path in ebbd.state.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_a_credential_of_systemds(make_ebbd, endpoint, tmp_path):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "embed-key").write_text(KEY)
    ebbd = make_ebbd(
        settings(endpoint, "embed-key"), environment={"CREDENTIALS_DIRECTORY": str(folder)}
    )
    assert ask(ebbd, endpoint) == f"Bearer {KEY}"


def test_a_changed_key_is_taken_by_the_next_worker(make_ebbd, endpoint, tmp_path):
    path = key_file(tmp_path)
    ebbd = make_ebbd(settings(endpoint, path))
    ask(ebbd, endpoint)
    path.write_text("another")
    for row in ebbd.workers("embed"):
        subprocess.run(["kill", "-9", str(row["pid"])], check=True)
    wait_until("it is gone", lambda: not ebbd.workers("embed"), patience(20))
    assert ask(ebbd, endpoint) == "Bearer another"


def test_a_file_that_others_may_read_ends_the_start(endpoint, tmp_path):
    if not EBBD.exists():
        pytest.skip(f"{EBBD} has not been built")
    path = key_file(tmp_path, 0o644)
    line = [str(EBBD), "--state", str(tmp_path / "state"), "--socket", str(tmp_path / "socket")]
    for name, value in settings(endpoint, path).items():
        line += ["--set", f"{name}={value}"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=patience(20), check=False)
    assert done.returncode == 1
    assert str(path) in done.stderr and "mode 0644" in done.stderr and "chmod 0600" in done.stderr
    assert KEY not in done.stderr
    assert not (tmp_path / "state").exists()


def test_a_file_that_others_may_read_is_refused_by_a_reload(make_ebbd, endpoint, tmp_path):
    path = key_file(tmp_path)
    ebbd = make_ebbd(settings(endpoint, path))
    path.chmod(0o640)
    with pytest.raises(Refused, match="mode 0640"):
        ebbd.call("RELOAD")
    path.chmod(0o600)
    assert ebbd.call("RELOAD") == {"changed": []}
    assert ask(ebbd, endpoint) == f"Bearer {KEY}"
