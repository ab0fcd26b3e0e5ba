"""Training: it learns to listen, goes on where it stopped, and says in one line what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from generators.checkpoint import CheckpointError
from generators.vqgan.codec import Codec, CodecConfig
from generators.vqgan.controls import SAMPLE_RATE
from generators.vqgan.corpus import Moves, Piece, SoundCorpusError, read_pieces, write_pieces
from generators.vqgan.lessons import lesson_of
from generators.vqgan.listening import Told
from generators.vqgan.model import Config
from generators.vqgan.training import CHECKPOINT, WEIGHTS, Recipe, train

HOP = 512
RECIPE = Recipe(
    steps=18, batch=4, window_s=0.6, rate=3e-3, judged_from=4, heard_from=8, heard_every=4, heard_s=0.1,
    check_every=6,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


def codec() -> Codec:
    torch.manual_seed(0)
    return Codec(CodecConfig(hop=HOP, width=32, encoder=1, decoder=1, latent=16, books=2, size=64)).eval()


def config() -> Config:
    return Config(hop=HOP, latent=16, width=32, dilations=(1, 3), stacks=2)


def pulses(seed: int) -> Piece:
    """Loud and soft bursts over a tone."""
    rng = np.random.default_rng(seed)
    t = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    sound = 0.1 * np.sin(2 * np.pi * rng.uniform(100, 400) * t)
    times = np.arange(0.2, 2.8, 0.4)
    for at in times:
        sound += (
            rng.uniform(0.1, 0.6)
            * (t >= at)
            * np.exp(-np.maximum(t - at, 0) / 0.05)
            * rng.normal(size=len(t))
        )
    split = "val" if seed == 0 else "train"
    beats = Told("rock", np.arange(7) * 0.4 + 0.2, np.array([0, 4, 6]), (0.1, 0.2))
    moves = Moves(times, np.full(len(times), 0.7)) if seed == 1 else None
    return Piece(f"piece {seed}", split, (sound.clip(-1, 1) * 32767).astype(np.int16), beats, moves)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_pieces(folder / "a.safetensors", [pulses(s) for s in range(4)], corpus="a", licence="b", source="c")
    return folder


def rows(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_a_corpus_comes_back_as_it_was_written(data: Path) -> None:
    piece = read_pieces(data / "a.safetensors")[1]
    made = pulses(1)
    assert np.array_equal(piece.sound, made.sound)
    assert np.allclose(piece.told.beats_s, made.told.beats_s, atol=1e-5)
    assert piece.told.first_beats.tolist() == [0, 4, 6]
    assert piece.told.affect == pytest.approx((0.1, 0.2))
    assert piece.moves is not None
    assert read_pieces(data / "a.safetensors")[2].moves is None


def test_it_learns_and_goes_on_as_if_it_had_not_stopped(data: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    weights = train(data, whole, codec=codec(), config=config(), recipe=RECIPE, tell=lambda line: None)
    assert weights == whole / WEIGHTS
    logged = rows(whole)
    assert [row["step"] for row in logged] == [6, 12, 18]
    assert logged[-1]["val_latents"] < 0.98 * logged[0]["val_latents"]
    assert {"critics", "alike", "codes", "heard", "val_mel", "val_mel_codec"} <= set(logged[-1])
    for _ in range(3):  # it is stopped at every check
        train(data, parts, codec=codec(), config=config(), recipe=RECIPE, minutes=0.0, tell=lambda line: None)
    assert [row["step"] for row in rows(parts)] == [6, 12, 18]
    one, other = (torch.load(out / CHECKPOINT, weights_only=True)["generator"] for out in (whole, parts))
    assert all(torch.equal(one[name], other[name]) for name in one)
    began = rows(whole)[0]["val_latents"]
    again = tmp_path / "again"
    few = replace(RECIPE, steps=6, rate=1e-6)
    train(data, again, codec=codec(), config=config(), recipe=few, start=weights, tell=lambda line: None)
    assert rows(again)[0]["val_latents"] < began  # it began with what had been learnt


def test_the_codes_of_a_long_piece_are_those_of_its_parts() -> None:
    made = lesson_of(pulses(2), codec())
    assert made.codes.shape == (1, 2, -(-3 * SAMPLE_RATE // HOP))
    assert made.frames == made.codes.shape[-1]


def test_what_is_wrong_is_said_in_one_line(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SoundCorpusError, match="holds no prepared corpus"):
        train(tmp_path, tmp_path / "out", codec=codec(), config=config(), recipe=RECIPE)
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    with pytest.raises(SoundCorpusError, match="is not a prepared corpus of sound"):
        train(tmp_path, tmp_path / "out", codec=codec(), config=config(), recipe=RECIPE)
    out = tmp_path / "spoiled"
    out.mkdir()
    (out / CHECKPOINT).write_bytes(b"no")
    with pytest.raises(CheckpointError, match="cannot be gone on from"):
        train(data, out, codec=codec(), config=config(), recipe=RECIPE)
