"""Training: it learns that songs repeat, gives the same weights again, and goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from generators.affective.corpus import CorpusError, read_corpus
from generators.affective.scoring import score
from generators.affective.training import CHECKPOINT, WEIGHTS, Recipe, train
from generators.affective.weights import read_about, read_weights
from generators.checkpoint import CheckpointError, MissingWandbError
from tests.generators.affective.songs import TINY, write
from v2m.cli.app import app

RECIPE = Recipe(epochs=5, batch=4, rate=4e-3, window=48, patience=9)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write(folder, count=28, held_out=4)
    return folder


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("whole")
    train(data, out, config=TINY, recipe=RECIPE, tell=lambda _: None)
    return out


class Stopped(Exception):  # noqa: N818
    """The power is gone."""


def test_songs_that_were_never_heard_are_foretold_better_than_by_repeating(data: Path, whole: Path) -> None:
    held_out = [song for song in read_corpus(data / "made.safetensors") if song.split == "val"]
    found = score(read_weights(whole / WEIGHTS), held_out)
    # A chord is held for two steps of a loop: repeating it is right every other time, never at a change.
    repeated = [(s.music.chords[1:] == s.music.chords[:-1]).float().mean().item() for s in held_out]
    assert sum(repeated) / len(repeated) == pytest.approx(0.51, abs=0.02)
    assert found.hits[0] > 0.65
    assert found.change_hits[0] > 0.4


def test_a_stopped_training_goes_on_to_the_same_weights(data: Path, whole: Path, tmp_path: Path) -> None:
    told = 0

    def stop(_: str) -> None:
        nonlocal told
        told += 1
        if told == 3:
            raise Stopped

    with pytest.raises(Stopped):
        train(data, tmp_path, config=TINY, recipe=RECIPE, tell=stop)
    lines: list[str] = []
    train(data, tmp_path, config=TINY, recipe=RECIPE, tell=lines.append)
    assert lines[0].startswith("epoch 3,")
    assert (tmp_path / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()
    # One that has ended has nothing left to do.
    train(data, tmp_path, config=TINY, recipe=RECIPE, tell=pytest.fail)


def test_the_recipe_and_the_scores_are_kept_with_the_weights(whole: Path) -> None:
    about = read_about(whole / WEIGHTS)
    rows = [json.loads(line) for line in (whole / "log.jsonl").read_text().splitlines()]
    best = min(rows, key=lambda row: row["nats"])
    assert about["recipe"]["seed"] == 0
    assert about["epoch"] == best["epoch"]
    assert about["validation"]["nats"] == best["nats"]


def test_a_checkpoint_of_another_recipe_or_a_damaged_one_is_refused(
    data: Path, whole: Path, tmp_path: Path
) -> None:
    (tmp_path / CHECKPOINT).write_bytes((whole / CHECKPOINT).read_bytes())
    with pytest.raises(CorpusError, match="of another recipe"):
        train(data, tmp_path, config=TINY, recipe=Recipe(seed=1))
    (tmp_path / CHECKPOINT).write_bytes(b"no checkpoint")
    with pytest.raises(CheckpointError, match="cannot be gone on from"):
        train(data, tmp_path, config=TINY, recipe=RECIPE)


def test_without_corpora_there_is_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no prepared corpus"):
        train(tmp_path, tmp_path / "out")


def test_curves_that_cannot_be_sent_are_told_of(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingWandbError, match=r"pip install 'v2m\[train\]'"):
        train(data, tmp_path, config=TINY, online=True)


def test_the_command_trains_and_joins(data: Path, tmp_path: Path) -> None:
    run = CliRunner()
    small = ["--width", "32", "--heads", "2", "--decoder-layers", "1", "--epochs", "1"]
    for seed in ("0", "1"):
        out = str(tmp_path / seed)
        done = run.invoke(app, ["train", "affective", "--data", str(data), "-o", out, "--seed", seed, *small])
        assert done.exit_code == 0, done.output
        assert done.output.splitlines()[-1] == str(tmp_path / seed / WEIGHTS)
    files = [str(tmp_path / seed / WEIGHTS) for seed in ("0", "1")]
    done = run.invoke(app, ["train", "join", *files, "-o", str(tmp_path / "both")])
    assert len(read_weights(tmp_path / "both", done.output.strip())) == 2
