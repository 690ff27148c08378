# SPDX-License-Identifier: AGPL-3.0-or-later
"""The harness is that of the integration tests."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import daemon  # noqa: E402

daemon.become_subreaper()
