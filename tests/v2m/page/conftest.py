"""The real page, served by a process of its own, and clips for it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demos.make import make

ROOT = Path(__file__).parents[3]
# Two pieces of work may stand in the line, so that a third is told to come again.
SERVE = """
import sys
from v2m.cli.ending import run_to_end
from v2m.page.limits import Limits
from v2m.page.serve import serve
limits = Limits(upload_mb=2, clip_s=18, waiting=2, uploads=4)
sys.exit(run_to_end(lambda: serve(port=0, limits=limits)))
"""


@dataclass
class Served:
    """Where the page is, and what its process says."""

    address: str
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    pytest.importorskip("gradio")
    home = tmp_path_factory.mktemp("served")
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(home), "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("v2m is at "):
            break
    else:
        pytest.fail("the page did not start: " + "".join(said)[-2000:])
    served = Served(said[-1].split()[3], process, said)
    reader = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
    reader.start()
    yield served
    process.terminate()
    assert process.wait(20) is not None
    assert not list(home.glob("v2m-page-*")), "the page leaves its visitors' files behind"


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of film with cuts, 180 lines."""
    path = tmp_path_factory.mktemp("short") / "my holiday.mp4"
    make("film", path, height=180, fps=24, duration_s=3.0)
    return path
