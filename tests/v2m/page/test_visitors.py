"""Whose files are whose, and when they go."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from v2m.page.limits import LimitError, Limits
from v2m.page.visitors import NotYoursError, Visitor, Visitors

LIMITS = Limits(visitor_mb=0.01, disk_mb=0.015, keep_s=100.0)


@pytest.fixture
def visitors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitors]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = Visitors(LIMITS)
    yield made
    made.close()


def come(visitors: Visitors) -> Visitor:
    visitor = visitors.known(visitors.welcome())
    assert visitor is not None
    return visitor


def test_a_cookie_is_known_only_as_it_was_given(visitors: Visitors) -> None:
    cookie = visitors.welcome()
    assert visitors.known(cookie) == visitors.known(cookie)
    assert visitors.known(visitors.welcome()) != visitors.known(cookie)
    forged = cookie[:-1] + ("0" if cookie[-1] != "0" else "1")
    for other in (None, "", "x", forged, cookie.upper(), f"../../etc.{'0' * 32}", cookie + "\n"):
        assert visitors.known(other) is None


def test_the_disk_does_not_tell_who_a_visitor_is(visitors: Visitors) -> None:
    cookie = visitors.welcome()
    visitor = visitors.known(cookie)
    assert visitor is not None
    visitors.new_shelf(visitor)
    assert not any(cookie.split(".")[0] in str(path) for path in visitors.root.rglob("*"))


@pytest.mark.parametrize("token", ["..", "../x", "", ".", "0" * 24, "/etc", "0" * 23 + "/"])
def test_no_shelf_but_ones_own(visitors: Visitors, token: str) -> None:
    come(visitors)
    with pytest.raises(NotYoursError):
        come(visitors).shelf(token)


def test_a_visitor_has_no_way_to_anothers_shelf(visitors: Visitors) -> None:
    mine, other = come(visitors), come(visitors)
    shelf = visitors.new_shelf(mine)
    (shelf / "clip.mp4").write_bytes(b"mine")
    assert mine.file(shelf.name, "clip.mp4").read_bytes() == b"mine"
    with pytest.raises(NotYoursError):
        other.file(shelf.name, "clip.mp4")


def test_only_whole_files_of_a_shelf_are_given(visitors: Visitors) -> None:
    visitor = come(visitors)
    shelf = visitors.new_shelf(visitor)
    (shelf / ".upload").write_bytes(b"not looked at yet")
    (shelf / "folder").mkdir()
    (visitor.folder / "beside").write_bytes(b"x")
    (shelf / "link").symlink_to("/etc/passwd")
    for name in (".upload", "folder", "../beside", "link", "", "..", "nothing", "/etc/passwd"):
        with pytest.raises(NotYoursError):
            visitor.file(shelf.name, name)


def test_what_one_and_what_all_may_keep(visitors: Visitors) -> None:
    mine, other = come(visitors), come(visitors)
    (visitors.new_shelf(mine, 8000) / "a").write_bytes(b"0" * 8000)
    with pytest.raises(LimitError, match="as one visitor may"):
        visitors.new_shelf(mine, 8000)
    with pytest.raises(LimitError, match="no room for another clip"):
        visitors.new_shelf(other, 8000)


def test_files_go_when_nobody_asks_for_them(visitors: Visitors) -> None:
    visitor = come(visitors)
    old, used = visitors.new_shelf(visitor), visitors.new_shelf(visitor)
    for shelf in (old, used):
        (shelf / "clip.mp4").write_bytes(b"x")
    os.utime(old, (0, time.time() - 1.5 * LIMITS.keep_s))
    visitors.sweep()
    assert not old.exists()
    assert used.exists()
    visitors.sweep(time.time() + 2 * LIMITS.keep_s)
    assert not visitor.folder.exists()


def test_what_a_killed_page_left_goes_with_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import os, signal, tempfile; tempfile.tempdir = os.sys.argv[1]\n"
        "from v2m.page.limits import Limits; from v2m.page.visitors import Visitors\n"
        "v = Visitors(Limits()); v.new_shelf(v.known(v.welcome())); print(v.root, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    left = Path(run.stdout.strip())
    assert left.is_dir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first = Visitors(Limits())
    assert not left.exists()
    second = Visitors(Limits())
    assert first.root.is_dir()
    for page in (first, second):
        page.close()
        assert not page.root.exists()
