# SPDX-License-Identifier: AGPL-3.0-or-later
"""An endpoint of embeddings for tests: /v1/embeddings on the loopback, which lies as it is told.

behave(request) -> an answer, or None for the right one. A request has .texts, .number (from 1, in the
order of their coming), .headers and .body; an answer is made by status(), raw(), hang() or close().
"""

import http.server
import json
import math
import ssl
import threading
import time
import zlib


def vector_of(text, dimensions):
    """Of length 1, the same for the same text."""
    seed = zlib.crc32(text.encode())
    values = [math.sin(seed % 1000003 * 0.001 + i * 0.7 + (seed >> 16) % 97) for i in range(dimensions)]
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values]


class Request:
    def __init__(self, number, headers, body):
        self.number = number
        self.headers = headers
        self.body = body
        self.texts = body["input"]
        self.time = time.monotonic()


class Answer:
    """What is sent: a status, headers and bytes; cut after so many of them; after a while."""

    def __init__(self, code=200, body=b"", headers=None, cut=None, delay=0.0):
        self.code, self.body, self.headers = code, body, headers or {}
        self.cut, self.delay = cut, delay


def status(code, message="no", **headers):
    body = json.dumps({"error": {"message": message}}).encode()
    return Answer(code, body, {name.replace("_", "-"): str(value) for name, value in headers.items()})


def raw(body, **how):
    return Answer(200, body if isinstance(body, bytes) else json.dumps(body).encode(), **how)


def right(request, dimensions):
    return {"object": "list", "model": request.body["model"],
            "data": [{"object": "embedding", "index": index, "embedding": vector_of(text, dimensions)}
                     for index, text in enumerate(request.texts)]}


class Endpoint:
    def __init__(self, behave=lambda request: None, dimensions=8, tls=None):
        self.behave = behave
        self.dimensions = dimensions
        self.requests = []
        self.at_once = 0
        self.most_at_once = 0
        self.connections = 0
        self.lock = threading.Lock()
        self.ending = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                with outer.lock:
                    outer.connections += 1

            def log_message(self, *_):
                pass

            def do_POST(self):
                outer.serve(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # the client may well hang up
        scheme = "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
            scheme = "https"
        self.port = self.server.server_address[1]
        self.url = f"{scheme}://localhost:{self.port}/v1" if tls else \
            f"{scheme}://127.0.0.1:{self.port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def serve(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self.lock:
            request = Request(len(self.requests) + 1, dict(handler.headers), body)
            request.path = handler.path
            self.requests.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            answer = self.behave(request) or raw(right(request, self.dimensions))
            self.ending.wait(answer.delay)
        finally:
            with self.lock:
                self.at_once -= 1
        handler.send_response(answer.code)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body[:answer.cut])
        if answer.cut is not None:
            handler.wfile.flush()
            handler.close_connection = True

    def close(self):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
