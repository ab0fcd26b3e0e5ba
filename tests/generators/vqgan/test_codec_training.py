"""The codec's training: it learns, goes on where it stopped, and says in one line what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from generators.checkpoint import CheckpointError
from generators.vqgan.codec import CodecConfig, read_codec
from generators.vqgan.codec_training import CHECKPOINT, CodecRecipe, train_codec
from generators.vqgan.controls import SAMPLE_RATE
from generators.vqgan.corpus import Piece, SoundCorpusError, write_pieces

CONFIG = CodecConfig(hop=256, width=24, encoder=1, decoder=1, latent=12, books=2, size=32)
RECIPE = CodecRecipe(steps=8, batch=3, frames=24, warm=2, judged_from=0.5, judged=2, check_every=4)


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    pieces = []
    for split in ("train", "train", "val"):
        at = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
        tone = sum(np.sin(2 * np.pi * f * at) for f in rng.uniform(100, 900, 3)) / 6
        struck = rng.normal(size=len(at)) * np.exp(-((at % 0.5) / 0.03)) / 6
        pieces.append(Piece(f"made {len(pieces)}", split, ((tone + struck) * 20000).astype(np.int16)))
    write_pieces(folder / "made.safetensors", pieces, corpus="made", licence="none", source="made")
    return folder


def rows(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_it_learns_and_its_critics_join_in(data: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, steps=24, check_every=12, judged_from=0.75)
    weights = train_codec(data, tmp_path / "out", config=CONFIG, recipe=recipe, tell=lambda _: None)
    first, last = rows(tmp_path / "out")
    assert last["mel"] < first["mel"]
    assert "critics" not in first
    assert last["critics"] > 0
    assert last["least_used"] > 0.7
    assert read_codec(weights).config == CONFIG


def test_a_training_gone_on_with_is_the_same_training(data: Path, tmp_path: Path) -> None:
    def train(out: Path, **asked: float) -> dict[str, torch.Tensor]:
        return read_codec(
            train_codec(data, out, config=CONFIG, recipe=RECIPE, tell=lambda _: None, **asked)
        ).state_dict()

    at_once = train(tmp_path / "once")
    train(tmp_path / "twice", minutes=0.0)
    assert rows(tmp_path / "twice")[-1]["step"] == 4
    in_two = train(tmp_path / "twice")
    assert rows(tmp_path / "twice")[-1]["step"] == 8
    assert all(torch.equal(at_once[name], in_two[name]) for name in at_once)


def test_what_is_wrong_is_said_in_one_line(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SoundCorpusError, match="no prepared corpus"):
        train_codec(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    out = tmp_path / "begun"
    train_codec(data, out, config=CONFIG, recipe=replace(RECIPE, steps=4), tell=lambda _: None)
    with pytest.raises(SoundCorpusError, match="another recipe"):
        train_codec(data, out, config=CONFIG, recipe=replace(RECIPE, seed=1))
    (out / CHECKPOINT).write_bytes(b"torn")
    with pytest.raises(CheckpointError, match="cannot be gone on from"):
        train_codec(data, out, config=CONFIG, recipe=RECIPE)
