"""Serving: what cannot be served is told in a line, before anything is left behind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from v2m.page.limits import LimitError, Limits
from v2m.page.routes import title_of
from v2m.page.samples import SampleError, find_samples
from v2m.page.serve import ServeError, serve


def test_a_place_that_is_taken_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("gradio")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(ServeError, match="name another with --port"):
            serve(port=taken.getsockname()[1])
        with pytest.raises(ServeError, match="cannot listen on"):
            serve(host="no.such.host.invalid")
    assert list(tmp_path.iterdir()) == []


def test_the_samples_that_ship_are_short_clips_with_pictures_of_them() -> None:
    samples = find_samples(None, longest_s=60)
    assert list(samples) == ["film", "dance", "talk"]
    for sample in samples.values():
        assert 10 < sample.duration_s < 30
        assert sample.path.stat().st_size < 600_000
        assert sample.thumbnail.startswith("data:image/jpeg;base64,/9j/")


def test_samples_of_ones_own(tmp_path: Path, short_clip: Path) -> None:
    (tmp_path / "my_first clip.mp4").write_bytes(short_clip.read_bytes())
    (tmp_path / "notes.txt").write_text("no clip")
    (sample,) = find_samples(tmp_path, longest_s=5).values()
    assert sample.title == "My first clip"
    assert find_samples(tmp_path, longest_s=2) == {}
    with pytest.raises(SampleError, match="no such folder"):
        find_samples(tmp_path / "nothing", longest_s=5)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SampleError, match="holds no clip"):
        find_samples(tmp_path / "empty", longest_s=5)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("holiday.mp4", "holiday"),
        ("..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("C%3A%5Cclips%5Cmine.mov", "mine"),
        ("%00%0A%3Cscript%3E.mp4", "___script_"),
        ("%F0%9F%8E%AC.mp4", "_"),
        ("été à Paris.webm", "été à Paris"),
        ("", "clip"),
        ("...", "clip"),
        ("a" * 300 + ".mp4", "a" * 60),
    ],
)
def test_a_title_is_what_may_be_shown_and_saved_under(name: str, title: str) -> None:
    assert title_of(name) == title


def test_limits_are_above_nothing() -> None:
    with pytest.raises(LimitError, match="keep_s must be above 0"):
        Limits(keep_s=0)
    with pytest.raises(LimitError):
        Limits(upload_mb=float("nan"))
    assert Limits(upload_mb=50, clip_s=90).in_words() == "up to 50 MB and 90 seconds"
