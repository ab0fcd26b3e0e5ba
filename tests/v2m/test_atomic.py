"""Outputs appear whole, together, or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from v2m.atomic import OutputError, outputs


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_nothing_shows_until_all_is_done(tmp_path: Path) -> None:
    with outputs() as files:
        first, second = files.claim(tmp_path / "a.mp4"), files.claim(tmp_path / "b.wav")
        stems, work = files.claim_folder(tmp_path / "stems"), files.scratch(tmp_path / "a.mp4")
        assert first.suffix == ".mp4"
        first.write_text("one")
        second.write_text("two")
        (stems / "Drums.wav").write_text("three")
        (work / "between").write_text("four")
        assert all(name.startswith(".") for name in names(tmp_path))
    assert names(tmp_path) == ["a.mp4", "b.wav", "stems"]
    assert (tmp_path / "a.mp4").read_text() == "one"
    assert names(tmp_path / "stems") == ["Drums.wav"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_ends_the_work_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), outputs() as files:
        files.claim(tmp_path / "a.mp4").write_text("half")
        (files.claim_folder(tmp_path / "stems") / "Bass.wav").write_text("half")
        (files.scratch(tmp_path / "a.mp4") / "between").write_text("half")
        raise error
    assert names(tmp_path) == []


def test_what_exists_is_overwritten_only_with_force_and_only_at_the_end(tmp_path: Path) -> None:
    taken = tmp_path / "a.mp4"
    taken.write_text("mine")
    with pytest.raises(OutputError, match=r"a\.mp4: exists already"), outputs() as files:
        files.claim(taken)
    with pytest.raises(ZeroDivisionError), outputs(force=True) as files:
        files.claim(taken).write_text("new")
        raise ZeroDivisionError
    assert taken.read_text() == "mine"
    with outputs(force=True) as files:
        files.claim(taken).write_text("new")
    assert taken.read_text() == "new"
    assert names(tmp_path) == ["a.mp4"]


def test_what_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="has appeared meanwhile"), outputs() as files:
        files.claim(tmp_path / "a.wav").write_text("ours")
        files.claim(tmp_path / "b.wav").write_text("ours")
        (tmp_path / "b.wav").write_text("theirs")
    assert names(tmp_path) == ["b.wav"]
    assert (tmp_path / "b.wav").read_text() == "theirs"


def test_where_one_output_cannot_be_placed_all_is_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("mine")
    with pytest.raises(OutputError, match="has become a folder"), outputs(force=True) as files:
        files.claim(tmp_path / "a.mp4").write_text("new")
        files.claim(tmp_path / "b.wav").write_text("new")
        (files.claim_folder(tmp_path / "stems") / "Drums.wav").write_text("new")
        files.claim(tmp_path / "c.mid").write_text("new")
        # A file can't be put where a folder has appeared.
        (tmp_path / "c.mid").mkdir()
    assert names(tmp_path) == ["a.mp4", "c.mid"]
    assert (tmp_path / "a.mp4").read_text() == "mine"


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a.mp4").write_text("mine")
    with outputs(force=True) as files:
        files.claim(tmp_path / "a.mp4").write_text("new")
    assert (tmp_path / "a.mp4").read_text() == "new"
    assert names(tmp_path) == ["a.mp4"]


def test_refusals(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    (tmp_path / "clip.mp4").write_text("clip")
    (tmp_path / "alias.mp4").symlink_to(tmp_path / "clip.mp4")
    before = names(tmp_path)
    with outputs(force=True, inputs=[tmp_path / "gone.mid", tmp_path / "clip.mp4"]) as files:
        for path in ("clip.mp4", "alias.mp4"):
            with pytest.raises(OutputError, match="is an input itself"):
                files.claim(tmp_path / path)
        with pytest.raises(OutputError, match="is a folder"):
            files.claim(tmp_path / "full")
        with pytest.raises(OutputError, match="nowhere: this folder does not exist"):
            files.claim(tmp_path / "nowhere" / "a.mp4")
        with pytest.raises(OutputError, match=r"clip\.mp4: is not a folder"):
            files.claim(tmp_path / "clip.mp4" / "a.mp4")
        with pytest.raises(OutputError, match="is a file, not a folder"):
            files.claim_folder(tmp_path / "clip.mp4")
    with pytest.raises(OutputError, match="is not empty"), outputs() as files:
        files.claim_folder(tmp_path / "full")
    with pytest.raises(OutputError, match="asked for twice"), outputs() as files:
        files.claim(tmp_path / "a.mp4")
        files.claim(tmp_path / "a.mp4")
    assert names(tmp_path) == before


def test_a_file_of_a_folder_takes_the_place_of_no_input(tmp_path: Path) -> None:
    (tmp_path / "stems").mkdir()
    (tmp_path / "stems" / "Drums.wav").write_text("mine")
    with (
        pytest.raises(OutputError, match=r"Drums\.wav: is an input itself"),
        outputs(force=True, inputs=[tmp_path / "stems" / "Drums.wav"]) as files,
    ):
        stems = files.claim_folder(tmp_path / "stems")
        (stems / "Bass.wav").write_text("new")
        (stems / "Drums.wav").write_text("new")
    assert names(tmp_path / "stems") == ["Drums.wav"]
    assert (tmp_path / "stems" / "Drums.wav").read_text() == "mine"


def test_a_full_disk_while_writing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written") as caught, outputs() as files:
        part = files.claim(tmp_path / "a.wav")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(part))
    assert "no space left on device" in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert ".v2m-" not in str(caught.value)
    assert names(tmp_path) == []


def test_other_errors_of_the_system_keep_their_own_face(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), outputs() as files:
        files.claim(tmp_path / "a.wav")
        (tmp_path / "gone").read_text()


def test_the_longest_name_that_a_folder_takes(tmp_path: Path) -> None:
    name = "n" * 251 + ".mp4"
    with outputs() as files:
        files.claim(tmp_path / name).write_text("x")
    assert names(tmp_path) == [name]
