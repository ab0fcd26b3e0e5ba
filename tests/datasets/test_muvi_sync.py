"""The MuVi-Sync recipe, and counting on it, on a folder of the same form made when the test runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.affective import main as benchmark
from benchmarks.affective import shuffled
from benchmarks.affective_baselines import chord_baselines, level_baselines
from datasets.muvi_sync import main, read_packed
from generators.affective.chord_words import QUALITIES, WORDS
from generators.affective.corpus import CorpusError, Song, read_corpus, unpack
from generators.affective.model import AffectiveTransformer
from generators.affective.senses import PICTURE
from generators.affective.weights import write_weights
from tests.generators.affective.songs import TINY, songs

ROOTS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
VOCABULARY = {"N": 0} | {
    f"{root}:{quality}": 1 + 13 * r + q for r, root in enumerate(ROOTS) for q, quality in enumerate(QUALITIES)
}
WIDTHS = {"semantic": 256, "emotion": 6, "motion": 1, "scene_offset": 1, "note_density": 1, "loudness": 1}
CHORDS = {"a": 10, "b": 12, "c": 9}  # seconds; the pictures differ from them by −1, 0 and 2
PICTURES = {"a": 9, "b": 12, "c": 11}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    clips = {
        name: {
            "chords_normalised": [["C:maj", "A:min7", "G:7"][i % 3] for i in range(seconds)],
            "key_normalised": "A minor" if name == "b" else "C major",
        }
        for name, seconds in CHORDS.items()
    }
    split = {"train": ["a"], "val": ["c"], "test": ["b"]}
    (tmp_path / "chords.json").write_text(
        json.dumps({"vocabulary": VOCABULARY, "clips": clips, "split": split})
    )
    features = {"ids": np.array(list(PICTURES)), "semantic_scale": np.full(256, 0.02, np.float32)}
    features |= {"pca_mean": np.zeros(768), "pca_components": np.zeros((256, 768))}
    for name, width in WIDTHS.items():
        values = rng.integers(0, 100, (sum(PICTURES.values()), width))
        features[name] = values if width > 1 else values[:, 0].astype(float)
        features[f"{name}_bounds"] = np.cumsum([0, *PICTURES.values()])
    np.savez(tmp_path / "features.npz", **features)
    return tmp_path


def unpacked(folder: Path) -> list[Song]:
    tensors, about = read_packed(folder)
    return unpack({name: torch.from_numpy(value) for name, value in tensors.items()}, about)


def test_every_second_has_its_chord_and_its_picture(folder: Path) -> None:
    read = {song.id: song for song in unpacked(folder)}
    assert {n: (s.split, len(s)) for n, s in read.items()} == {
        "a": ("train", 10), "b": ("test", 12), "c": ("val", 9),
    }  # fmt: skip
    assert read["a"].music.chords[:3].tolist() == [VOCABULARY[name] for name in ("C:maj", "A:min7", "G:7")]
    features = np.load(folder / "features.npz")
    # The picture of `a` is a second short and its last is held; that of `c` is cut.
    emotion = features["emotion"]
    np.testing.assert_array_equal(read["a"].values["emotion"], emotion[[*range(9), 8]])
    np.testing.assert_array_equal(read["c"].values["emotion"], emotion[21:30])
    semantic = features["semantic"][9:21] * 0.02 / 0.69
    np.testing.assert_allclose(read["b"].values["semantic"], semantic, rtol=1e-5)
    assert read["b"].values["beat"][:, -1].tolist() == [0.0] * 12  # minor
    assert read["a"].values["beat"][:, -1].tolist() == [1.0] * 10


def test_levels_are_measured_against_the_training_songs_alone(folder: Path) -> None:
    density = np.load(folder / "features.npz")["note_density"][[*range(9), 8]]
    mean, deviation = (read_packed(folder)[1]["levels"][name][0] for name in ("mean", "deviation"))
    assert mean == pytest.approx(density.mean(), abs=1e-5)
    assert deviation == pytest.approx(density.std(), abs=1e-5)


def test_the_command_writes_what_is_read_in_memory(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.safetensors"
    monkeypatch.setattr(sys, "argv", ["muvi_sync", str(folder), "-o", str(out)])
    main()
    assert capsys.readouterr().out == f"3 songs, 31 seconds → {out}\n"
    for one, other in zip(read_corpus(out), unpacked(folder), strict=True):
        assert torch.equal(one.music.chords, other.music.chords)
        assert all(torch.equal(one.values[name], other.values[name]) for name in other.values)


def test_what_is_not_muvi_sync_is_told_in_a_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is not MuVi-Sync"):
        read_packed(tmp_path / "nothing")
    chords = json.loads((folder / "chords.json").read_text())
    del chords["split"]
    (folder / "chords.json").write_text(json.dumps(chords))
    with pytest.raises(CorpusError, match="there is no 'split'"):
        read_packed(folder)
    (folder / "chords.json").write_text("{")
    with pytest.raises(CorpusError, match="is not MuVi-Sync"):
        read_packed(folder)


def test_the_benchmark_runs_as_a_file_and_says_what_is_missing(folder: Path) -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "affective.py"
    command = [sys.executable, str(script), "--data", str(folder), "--weights", str(folder / "none")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"{folder / 'none'} cannot be read (No such file or directory)"]


def test_the_benchmark_tells_all_it_should_as_json(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    write_weights(tmp_path / "w", [AffectiveTransformer(TINY), AffectiveTransformer(TINY)], {})
    asked = ["affective", "--data", str(folder), "--weights", str(tmp_path / "w")]
    monkeypatch.setattr(sys, "argv", [*asked, "--json"])
    benchmark()
    found = json.loads(capsys.readouterr().out)
    wanted = {f"{change}hits@{k}" for change in ("", "change_") for k in (1, 3, 5)}
    wanted |= {"nats", "correspondence", "density_rmse", "loudness_rmse"}
    assert wanted <= found["test"].keys()
    assert (found["split"], found["songs"], found["members"]) == ("test", 1, 2)
    # Repeating `b`, in which every chord changes, is never right.
    assert found["baselines"]["repeat the last chord"]["hits@1"] == 0.0
    assert found["listens"]["all masked"].keys() == {
        "nats", "hits@1", "correspondence", "density_rmse", "loudness_rmse",
    }  # fmt: skip
    monkeypatch.setattr(sys, "argv", [*asked, "--split", "val"])
    benchmark()
    shown = capsys.readouterr().out
    assert "1 songs of val" in shown
    assert "from the picture alone" in shown


def test_the_cache_is_the_slow_one() -> None:
    training = songs(count=6, held_out=0)
    rng = np.random.default_rng(3)
    heard = np.array([*rng.integers(0, 4, 30), *[7] * 40, *rng.integers(0, 4, 30)])
    found = chord_baselines(training)["n-gram with a cache of the song"](heard)

    single = np.ones(WORDS)
    pairs = np.zeros((WORDS, WORDS))
    for song in training:
        chords = song.music.chords.tolist()
        for chord in chords:
            single[chord] += 1
        for a, b in zip(chords, chords[1:], strict=False):  # noqa: RUF007
            pairs[a, b] += 1
    single /= single.sum()
    for now in range(len(heard) - 1):
        parts = [(pairs[heard[now]] + single) / (pairs[heard[now]].sum() + 1)]
        own = np.zeros(WORDS)
        for i in range(now):
            own[heard[i + 1]] += heard[i] == heard[now]
        lengths = []
        for then in range(now):
            length = 0
            while length < 32 and length <= then and heard[then - length] == heard[now - length]:
                length += 1
            lengths.append(length)
        if own.any():
            parts.append(own / own.sum())
        if lengths and max(lengths):
            followed = np.zeros(WORDS)
            for then, length in enumerate(lengths):
                followed[heard[then + 1]] += length == max(lengths)
            parts.append(followed / followed.sum())
        np.testing.assert_allclose(found[now], np.mean(parts, 0), atol=1e-9)


def test_odds_of_counting_sum_to_one_and_do_not_look_ahead() -> None:
    chords = songs(count=1, seed=5, held_out=0)[0].music.chords.numpy()
    later = np.concatenate([chords[:20], np.full(28, 3)])
    for name, odds_of in chord_baselines(songs(count=6, held_out=0)).items():
        odds = odds_of(chords)
        np.testing.assert_array_equal(odds[:19], odds_of(later)[:19])
        if not name.startswith("repeat"):
            np.testing.assert_allclose(odds.sum(1), 1, rtol=1e-6)


def test_levels_that_follow_from_the_last_ones_are_foretold() -> None:
    training = songs(count=6, held_out=0)
    values = training[0].music.levels[:, 1].double().numpy()  # a cosine, exactly
    of = level_baselines(training, 1)
    missed = {name: float(np.abs(said(values) - values[1:])[12:].mean()) for name, said in of.items()}
    assert missed["AR(8) and the running mean"] < 0.02 < missed["the last value"] < missed["training mean"]


def test_shuffled_songs_keep_their_music_and_see_another_picture() -> None:
    own = [*songs(count=4, held_out=0), *songs(count=1, steps=20, seed=8, held_out=0)]
    for song, other in zip(own, shuffled(own), strict=True):
        assert torch.equal(song.music.chords, other.music.chords)
        assert torch.equal(song.values["place"], other.values["place"])
        assert all(other.values[name].shape == song.values[name].shape for name in PICTURE)
        assert not torch.equal(song.values["semantic"], other.values["semantic"])
