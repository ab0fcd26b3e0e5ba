"""Prepared corpora: what is written is read, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from generators.affective.corpus import CorpusError, batch, read_corpus, write_corpus
from tests.generators.affective.songs import packed, songs, write


def test_songs_come_back_as_they_were_packed(tmp_path: Path) -> None:
    tensors, about = packed()
    read = read_corpus(write(tmp_path))
    assert [song.id for song in read] == about["ids"]
    assert [song.split for song in read] == ["train"] * 8 + ["val"] * 4
    for i, song in enumerate(read):
        own = slice(*tensors["bounds"][i : i + 2])
        assert song.music.chords.tolist() == tensors["chord"][own].tolist()
        np.testing.assert_allclose(song.values["emotion"].numpy(), tensors["emotion"][own].astype(np.float32))
        levels = song.music.levels.numpy() * about["levels"]["deviation"] + about["levels"]["mean"]
        np.testing.assert_allclose(levels[:, 0], tensors["density"][own], rtol=1e-5)


def test_levels_are_in_deviations_of_the_training_songs() -> None:
    levels = torch.cat([song.music.levels for song in songs() if song.split == "train"])
    torch.testing.assert_close(levels.mean(0), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(levels.std(0, correction=0), torch.ones(2), atol=1e-4, rtol=0)


def test_a_corpus_without_a_picture_has_none() -> None:
    assert set(songs(picture=False)[0].values) == {"place", "beat", "affect"}


@pytest.mark.parametrize("kept", [0, 7, 100, 5000])
def test_a_file_cut_short_is_not_a_corpus(tmp_path: Path, kept: int) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorpusError, match=r"made\.safetensors is not a prepared corpus"):
        read_corpus(path)


def test_a_file_that_is_not_there_is_not_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusError):
        read_corpus(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("chord", np.full(12 * 48, 400, np.int16)),
        ("chord", np.zeros(5, np.int16)),
        ("bounds", np.array([0, 3])),
        ("bounds", np.arange(12)[::-1].copy()),
        ("split", np.full(12, 9, np.int8)),
    ],
)
def test_tensors_that_do_not_fit_are_refused(tmp_path: Path, name: str, value: np.ndarray) -> None:
    tensors, about = packed()
    path = tmp_path / "made.safetensors"
    write_corpus(path, {**tensors, name: value}, about)
    with pytest.raises(CorpusError):
        read_corpus(path)


def test_another_corpus_is_refused(tmp_path: Path) -> None:
    tensors, about = packed()
    path = tmp_path / "made.safetensors"
    write_corpus(path, tensors, {**about, "corpus": "noise"})
    with pytest.raises(CorpusError, match="'noise' is none of"):
        read_corpus(path)


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "made.safetensors").mkdir()
    with pytest.raises(OSError, match="directory"):
        write(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["made.safetensors"]


def test_shorter_songs_are_padded_with_nothing() -> None:
    long, short = songs(count=5)[0], songs(count=5, steps=20)[1]
    senses, music, theirs = batch([long, short])
    assert theirs.sum(1).tolist() == [48, 20]
    assert not any(heard[1, 20:].any() for heard in senses.heard.values())
    assert bool(music.levels[1, 20:].isnan().all())
    assert bool((music.tune[1, 20:] == -1).all())
