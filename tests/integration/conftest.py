# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fixtures of the tests that drive the real programs."""

import pytest

import ctl_fake
import daemon

daemon.become_subreaper()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Leaves with the test whether it failed, and with a failure what its ebbds logged."""
    report = (yield).get_result()
    if call.when == "call":
        item.failed = report.failed
    if report.failed:
        for ebbd in getattr(item, "ebbds", []):
            if ebbd.log_path.exists():
                report.sections.append((f"log of {ebbd.folder}", ebbd.log()[-6000:]))


@pytest.fixture
def make_ebbd(request, record_property):
    """Makes ebbds: make_ebbd({"section.key": value, ...}) starts one. Each is stopped and checked
    at the end of the test; those that the test stopped itself are only cleared away."""
    if not daemon.EBBD.exists():
        pytest.skip(f"{daemon.EBBD} has not been built")
    request.node.ebbds = []

    def make(settings=None, start=True, **how):
        ebbd = daemon.Ebbd(settings, **how)
        request.node.ebbds.append(ebbd)
        return ebbd.start() if start else ebbd

    yield make
    try:
        for ebbd in request.node.ebbds:
            if ebbd.connection and not getattr(request.node, "failed", True):
                ebbd.finish()
                record_property("ebbd_rss_start_bytes", ebbd.rss_at_start)
                record_property("ebbd_rss_end_bytes", ebbd.rss_at_end)
    finally:
        for ebbd in request.node.ebbds:
            ebbd.remove()
        daemon.wait_until("no process is left", lambda: not daemon.reap_strays())


@pytest.fixture
def ebbd(make_ebbd):
    """An ebbd with the real workers and every default."""
    return make_ebbd()


@pytest.fixture
def serve(tmp_path):
    """serve(handlers) starts a server; its socket is in .path."""
    servers = []

    def start(handlers=None):
        server = ctl_fake.Server(tmp_path / f"socket{len(servers)}", handlers)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()
