"""Work in processes of its own: it tells, is stopped, is kept within limits, and crashes alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from encoders.errors import V2MError
from v2m.page import work as module
from v2m.page.limits import Limits
from v2m.page.work import Part, Progress, StoppedError, Tell, WorkError, Workshop


def count(tell: Tell, to: int) -> Iterator[int]:
    for k in range(to):
        tell("count", k / to)
        yield k
    tell("count", 1.0)


def refuse(tell: Tell, path: Path) -> Iterator[None]:
    raise V2MError(f"{path}: is no clip,\n\n at all")
    yield


def crash(tell: Tell) -> Iterator[None]:
    raise ZeroDivisionError("inside knowledge: /srv/secret")
    yield


def die(tell: Tell) -> Iterator[None]:
    os.kill(os.getpid(), signal.SIGSEGV)
    yield


def hang(tell: Tell, note: Path) -> Iterator[None]:
    """As ffmpeg within a stage: a process of a process."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    note.write_text(f"{os.getpid()} {child.pid}")
    tell("hang", 0.5)
    child.wait()
    yield


def grow(tell: Tell) -> Iterator[None]:
    held = [bytes(range(256)) * (1 << 18) for _ in range(6)]
    tell("grow", 0.5)
    time.sleep(30)
    yield held


def where(tell: Tell) -> Iterator[str]:
    yield tempfile.mkdtemp()


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_WARM", ())
        made = Workshop(Limits(work_s=120.0, work_mb=300.0))
    yield made
    made.close()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_it_tells_and_gives(workshop: Workshop, tmp_path: Path) -> None:
    events = list(workshop.run("a:1", count, 3, home=tmp_path))
    assert [e.value for e in events if isinstance(e, Part)] == [0, 1, 2]
    assert events[0] == Progress("count", 0.0)
    assert events[-1] == Progress("count", 1.0)
    assert not workshop.busy("a:1")


def test_its_temporary_files_lie_where_they_go_with_the_work(workshop: Workshop, tmp_path: Path) -> None:
    (part,) = workshop.run("a:1", where, home=tmp_path)
    assert isinstance(part, Part)
    assert Path(part.value).parent == tmp_path


def test_a_refusal_is_one_line_without_the_pages_folders(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(V2MError) as refused:
        list(workshop.run("a:1", refuse, tmp_path / "clip.mp4", home=tmp_path))
    assert str(refused.value) == "Is no clip, at all"


@pytest.mark.parametrize(
    ("job", "line"), [(crash, "Something went wrong on our side"), (die, "ended without a word")]
)
def test_a_crash_is_one_clear_line(workshop: Workshop, tmp_path: Path, job: module.Job, line: str) -> None:
    with pytest.raises(WorkError) as crashed:
        list(workshop.run("a:1", job, home=tmp_path))
    assert line in str(crashed.value)
    assert "\n" not in str(crashed.value)
    assert "secret" not in str(crashed.value)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_stopping_ends_the_process_and_what_it_started(workshop: Workshop, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    events = workshop.run("a:1", hang, note, home=tmp_path)
    assert next(events) == Progress("hang", 0.5)
    assert workshop.busy("a:1")
    threading.Timer(0.1, workshop.stop, ["a:1"]).start()
    with pytest.raises(StoppedError):
        list(events)
    assert not any(alive(int(pid)) for pid in note.read_text().split())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_who_goes_away_takes_the_work_along(workshop: Workshop, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    events = workshop.run("a:1", hang, note, home=tmp_path)
    next(events)
    events.close()
    end_s = time.monotonic() + 20
    while any(alive(int(pid)) for pid in note.read_text().split()) and time.monotonic() < end_s:
        time.sleep(0.05)
    assert not any(alive(int(pid)) for pid in note.read_text().split())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_it_gets_only_so_much_memory(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="more memory than"):
        list(workshop.run("a:1", grow, home=tmp_path))


def test_it_gets_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WARM", ())
    hasty = Workshop(Limits(work_s=1.0))
    begun_s = time.monotonic()
    with pytest.raises(WorkError, match="took longer than"):
        list(hasty.run("a:1", hang, tmp_path / "pids", home=tmp_path))
    assert time.monotonic() - begun_s < 30
