"""Prepared corpora of the VQ-GAN: sound, what is known of it, and perhaps the picture it was danced to.

One safetensors file a corpus, all pieces end to end: `sound` int16, mono at `controls.SAMPLE_RATE`, cut by
`sound_bounds`; `beats_s` float32 with `beats_bounds` (every beat of a piece and where the last one ends) and
`bars` int32 with `bars_bounds` (how many beats lie before each bar, and in all); of a picture `moves_s` and
`moves_weight` float32 with `moves_bounds`, its kinematic beats and visual onsets. A piece each: `split` and
`style` int8, `affect` float32 `[pieces, 2]`, NaN where unknown, `seen` int8, whether there is a picture. The
header's `about` is JSON: `corpus`, `licence`, `source`, `ids`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError
from encoders.whole import write_whole
from generators.vqgan.controls import STYLES
from generators.vqgan.listening import Told

SPLITS = ("train", "val", "test")


class SoundCorpusError(V2MError, ValueError):
    """A prepared corpus of sound is not what it should be, or there is nothing in it."""


@dataclass(frozen=True, eq=False)
class Moves:
    """What moves in a picture: float64 `[M]` times in s, and float64 `[M]` weights, 0 to 1."""

    times_s: NDArray[np.float64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece of music.

    Attributes:
        id: its name in the corpus.
        split: one of `SPLITS`.
        sound: int16 `[n]`, mono at `controls.SAMPLE_RATE`.
        told: what is known of it.
        moves: of the picture it goes with, or None.
    """

    id: str
    split: str
    sound: NDArray[np.int16]
    told: Told = field(default_factory=Told)
    moves: Moves | None = None

    @property
    def wave(self) -> NDArray[np.float32]:
        """float32 `[n]`, −1 to 1."""
        return self.sound.astype(np.float32) / 32768.0


def write_pieces(path: Path, pieces: Sequence[Piece], *, corpus: str, licence: str, source: str) -> None:
    """Write a prepared corpus, whole or not at all.

    Raises:
        SoundCorpusError: if there is no piece.
        OSError: if the folder cannot be written to.
    """
    from safetensors.numpy import save

    if not pieces:
        raise SoundCorpusError(f"{path} would hold no piece")
    nowhere = Moves(np.zeros(0), np.zeros(0))
    moves = [piece.moves or nowhere for piece in pieces]
    unknown = (np.nan, np.nan)
    tensors: dict[str, NDArray[Any]] = {
        "sound": np.concatenate([piece.sound for piece in pieces]),
        "beats_s": np.concatenate([piece.told.beats_s for piece in pieces]).astype(np.float32),
        "bars": np.concatenate([piece.told.first_beats for piece in pieces]).astype(np.int32),
        "moves_s": np.concatenate([m.times_s for m in moves]).astype(np.float32),
        "moves_weight": np.concatenate([m.weights for m in moves]).astype(np.float32),
        "split": np.array([SPLITS.index(piece.split) for piece in pieces], np.int8),
        "style": np.array([STYLES.index(piece.told.style) for piece in pieces], np.int8),
        "affect": np.array([piece.told.affect or unknown for piece in pieces], np.float32),
        "seen": np.array([piece.moves is not None for piece in pieces], np.int8),
    }
    lengths = {
        "sound": [len(piece.sound) for piece in pieces],
        "beats": [len(piece.told.beats_s) for piece in pieces],
        "bars": [len(piece.told.first_beats) for piece in pieces],
        "moves": [len(m.times_s) for m in moves],
    }
    for name, each in lengths.items():
        tensors[f"{name}_bounds"] = np.cumsum([0, *each])
    about = {"corpus": corpus, "licence": licence, "source": source, "ids": [piece.id for piece in pieces]}
    write_whole(path, save(tensors, {"about": json.dumps(about)}))


def read_pieces(path: Path) -> list[Piece]:
    """All pieces of a prepared corpus.

    Raises:
        SoundCorpusError: if the file is not one.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            about = json.loads((file.metadata() or {})["about"])
            data = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return _unpacked(data, about)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, IndexError) as error:
        raise SoundCorpusError(f"{path} is not a prepared corpus of sound ({error})") from None


def _unpacked(data: dict[str, NDArray[Any]], about: dict[str, Any]) -> list[Piece]:
    if data["sound"].dtype != np.int16 or data["sound_bounds"][-1] != len(data["sound"]):
        raise ValueError("its bounds are not those of its sound")

    def parts(name: str, bounds: str) -> list[NDArray[Any]]:
        return [data[name][a:b] for a, b in pairwise(data[f"{bounds}_bounds"].tolist())]

    pieces = []
    rows = zip(
        parts("sound", "sound"), parts("beats_s", "beats"), parts("bars", "bars"),
        parts("moves_s", "moves"), parts("moves_weight", "moves"), strict=True,
    )  # fmt: skip
    for i, (sound, beats, bars, times, weights) in enumerate(rows):
        affect = data["affect"][i]
        known = (float(affect[0]), float(affect[1])) if np.isfinite(affect).all() else None
        told = Told(STYLES[int(data["style"][i])], beats.astype(np.float64), bars.astype(np.int64), known)
        moves = Moves(times.astype(np.float64), weights.astype(np.float64)) if data["seen"][i] else None
        pieces.append(Piece(str(about["ids"][i]), SPLITS[int(data["split"][i])], sound, told, moves))
    return pieces
