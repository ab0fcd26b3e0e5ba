"""Songs made by code: loops of a few chords, with a picture that says nothing or what comes next."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from generators.affective.chord_words import WORDS
from generators.affective.corpus import Song, pack, unpack, write_corpus
from generators.affective.model import Config

TINY = Config(width=32, heads=2, encoder_layers=1, decoder_layers=1, lags=64, pointers=1, dropout=0.0)


def packed(count: int = 12, steps: int = 48, seed: int = 0, held_out: int = 4, picture: bool = True):  # type: ignore[no-untyped-def]
    """A corpus of looping songs, each of other chords, the last of which are held out."""
    rng = np.random.default_rng(seed)
    songs = []
    for _ in range(count):
        loop = rng.choice(np.arange(1, WORDS), int(rng.integers(3, 6)), replace=False).repeat(2)
        at = np.arange(steps)
        song = {
            "chord": loop[at % len(loop)],
            "density": 4 + 2 * np.sin(at / 5) + rng.normal(0, 0.1, steps),
            "loudness": 0.2 + 0.05 * np.cos(at / 5),
            "tune": np.full(steps, -1),
            "step_s": np.ones(steps),
            "beat": np.zeros(steps),
        }
        if picture:
            emotion = rng.dirichlet(np.full(6, 0.2), steps)
            song |= {
                "semantic": rng.integers(-100, 100, (steps, 256)),
                "emotion": emotion,
                "motion": rng.uniform(0, 20, steps),
                "cut_s": at % 7,
            }
        songs.append(song)
    splits = ["train"] * (count - held_out) + ["val"] * held_out
    return pack(
        corpus="muvi_sync" if picture else "pop909",
        licence="made by code",
        source="a test",
        ids=[f"song {i}" for i in range(count)],
        songs=songs,
        splits=splits,
        major=[i % 2 == 0 for i in range(count)],
        extra={"semantic_scale": np.full(256, 0.01, np.float32)} if picture else None,
    )


def songs(**how) -> list[Song]:  # type: ignore[no-untyped-def]
    import torch

    tensors, about = packed(**how)
    return unpack({name: torch.from_numpy(value) for name, value in tensors.items()}, about)


def write(folder: Path, **how) -> Path:  # type: ignore[no-untyped-def]
    path = folder / "made.safetensors"
    write_corpus(path, *packed(**how))
    return path
