"""Prepared corpora of the affective transformer: what the recipes in `datasets/` make and training reads.

One safetensors file a corpus, all songs end to end. Tensors of N steps: `chord` int16 (`chord_words`,
key-normalised), `density` and `loudness` float32 (NaN where unknown), `tune` int8 (−1 unknown; see
`model.TUNE`), `step_s` float32, `beat` int8 (`senses.DOWNBEAT` ...), and of the picture what is known:
`semantic` int8, `emotion` float16, `motion` float32 (mean absolute difference of frames) and `cut_s`
float32 (seconds since the cut). A song each: `bounds` int64 `[songs + 1]`, `split` int8 (an index in
`SPLITS`), `major` int8. The header's `about` is JSON: `corpus`, `licence`, `source`, `ids`, and `levels`,
mean and deviation of density and loudness over the training songs. `semantic` comes with its
`semantic_scale`, `pca_mean` and `pca_components`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from encoders.errors import V2MError
from encoders.whole import write_whole
from generators.affective.chord_words import BRIGHTNESS, WORDS, table
from generators.affective.model import Step
from generators.affective.senses import (
    CORPORA,
    WIDTHS,
    Senses,
    movement,
    place_among_cuts,
    place_in_bar,
    place_in_clip,
)
from generators.rhythm.chord_songs import split_of

SPLITS = ("train", "val", "test")
MUSIC = ("chord", "density", "loudness", "tune", "step_s", "beat")
STEPWISE = (*MUSIC, "semantic", "emotion", "motion", "cut_s")
STEPS_FELT = 8  # over about so many steps the music's own mood is averaged
SEMANTIC_SIZE = 0.69  # one deviation of a CLIP component on the training videos, all components alike


class CorpusError(V2MError, ValueError):
    """A prepared corpus is not what it should be."""


@dataclass(frozen=True, eq=False)
class Song:
    """One song and, for a music video, its picture, a row a step.

    Attributes:
        id: its name in the corpus.
        split: one of `SPLITS`.
        corpus: one of `senses.CORPORA`.
        music: `[time]` each, without a batch.
        values: sense → float32 `[time, width]`, those that the corpus has.
        outlook: float32 `[time, pictures, said]`, what `outlook.cross_fitted` expects of it, if it was asked.
    """

    id: str
    split: str
    corpus: str
    music: Step
    values: Mapping[str, Tensor]
    outlook: Tensor | None = None

    def __len__(self) -> int:
        return len(self.music.chords)

    def take(self, steps: Tensor) -> Song:
        """Some of the steps, in the given order."""
        music = Step(*(part[steps] for part in self.music))
        values = {name: rows[steps] for name, rows in self.values.items()}
        return replace(
            self, music=music, values=values, outlook=None if self.outlook is None else self.outlook[steps]
        )


def read_corpus(path: Path) -> list[Song]:
    """All songs of a prepared corpus.

    Raises:
        CorpusError: if the file is not a prepared corpus.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["about"])
            data = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return unpack(data, about)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
        raise CorpusError(f"{path} is not a prepared corpus ({error})") from None


def unpack(data: Mapping[str, Tensor], about: Mapping[str, Any]) -> list[Song]:
    """The songs of what `pack` makes.

    Raises:
        KeyError, ValueError, TypeError, IndexError, RuntimeError: if it is something else.
    """
    if about["corpus"] not in CORPORA:
        raise ValueError(f"corpus {about['corpus']!r} is none of {', '.join(CORPORA)}")
    chords = data["chord"].long()
    if len(chords) and not 0 <= int(chords.min()) <= int(chords.max()) < WORDS:
        raise ValueError("a chord is not in the vocabulary")
    mean, deviation = (torch.tensor(about["levels"][name]) for name in ("mean", "deviation"))
    levels = (torch.stack([data["density"], data["loudness"]], -1) - mean) / deviation
    songs = []
    bounds = data["bounds"].tolist()
    if bounds[0] != 0 or bounds[-1] != len(chords) or bounds != sorted(bounds):
        raise ValueError("the songs' bounds are not those of its chords")
    for i, (start, end) in enumerate(pairwise(bounds)):
        part = {name: data[name][start:end] for name in STEPWISE if name in data}
        values = {
            "place": place_in_clip(end - start),
            "beat": place_in_bar(
                part["beat"].long(), part["step_s"], data["major"][i].float().expand(end - start)
            ),
        }
        if "semantic" in part:
            values["semantic"] = part["semantic"].float() * (data["semantic_scale"] / SEMANTIC_SIZE)
        if "emotion" in part:
            values["emotion"] = part["emotion"].float()
        if "motion" in part:
            values["motion"] = movement(part["motion"])
        if "cut_s" in part:
            values["cuts"] = place_among_cuts(part["cut_s"])
        music = Step(part["chord"].long(), levels[start:end], part["tune"].long())
        values["affect"] = felt(music)
        split = SPLITS[int(data["split"][i])]
        songs.append(Song(str(about["ids"][i]), split, about["corpus"], music, values))
    return songs


def felt(music: Step) -> Tensor:
    """The music's own mood, which it is steered by: valence of its chords, arousal of its levels.

    Valence is the mean brightness of the chords about a step, arousal that of density and loudness
    (whichever is known), both squashed to −1 to 1.

    Returns:
        float32 `[time, 2]`.
    """
    bright = table(BRIGHTNESS)[music.chords]
    level = music.levels.nanmean(-1).nan_to_num()
    return torch.tanh(_smooth(torch.stack([1.5 * bright, level], -1)))


def _smooth(rows: Tensor) -> Tensor:
    """A Hann-weighted mean over `2 · STEPS_FELT + 1` steps, of fewer at the edges."""
    window = torch.hann_window(2 * STEPS_FELT + 3, periodic=False)[1:-1]
    padded = torch.nn.functional.conv1d(
        torch.cat([rows, torch.ones_like(rows[:, :1])], 1).T[:, None],
        window[None, None],
        padding=STEPS_FELT,
    )[:, 0].T
    return padded[:, :-1] / padded[:, -1:]


def batch(songs: Sequence[Song]) -> tuple[Senses, Step, Tensor]:
    """Songs side by side, the shorter ones padded.

    Returns:
        Their senses, their music, and bool `[batch, time]`, true on steps that are theirs.
    """
    longest = max(len(song) for song in songs)
    values, heard = {}, {}
    for name, width in WIDTHS.items():
        values[name] = torch.zeros(len(songs), longest, width)
        heard[name] = torch.zeros(len(songs), longest, dtype=torch.bool)
        for i, song in enumerate(songs):
            if name in song.values:
                values[name][i, : len(song)] = song.values[name]
                heard[name][i, : len(song)] = True
    theirs = torch.arange(longest) < torch.tensor([len(song) for song in songs])[:, None]
    pad = torch.nn.utils.rnn.pad_sequence
    music = Step(
        pad([song.music.chords for song in songs], batch_first=True),
        pad([song.music.levels for song in songs], batch_first=True, padding_value=float("nan")),
        pad([song.music.tune for song in songs], batch_first=True, padding_value=-1),
    )
    corpus = torch.tensor([CORPORA.index(song.corpus) for song in songs])
    return Senses(values, heard, corpus), music, theirs


def split_by_name(work: str) -> str:
    """One of `SPLITS`, by a work's name and nothing else, for a corpus that comes without."""
    return split_of(work).replace("validation", "val")


def pack(
    *,
    corpus: str,
    licence: str,
    source: str,
    ids: Sequence[str],
    songs: Sequence[Mapping[str, np.ndarray]],
    splits: Sequence[str],
    major: Sequence[bool],
    extra: Mapping[str, np.ndarray] | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Songs → the tensors of a prepared corpus and what its header tells.

    Args:
        corpus: one of `senses.CORPORA`.
        licence: under which terms the music came.
        source: what was read.
        ids: of the songs.
        songs: each the tensors of N steps that the module tells of.
        splits: of each song, one of `SPLITS`.
        major: of each song.
        extra: tensors that belong to the corpus as a whole.
    """
    training = [song for song, split in zip(songs, splits, strict=True) if split == "train"] or songs
    levels = np.array(
        [
            [f(np.concatenate([s[n] for s in training])) for n in ("density", "loudness")]
            for f in (_mean, _std)
        ]
    )
    about = {
        "corpus": corpus,
        "licence": licence,
        "source": source,
        "ids": list(ids),
        "levels": {"mean": levels[0].tolist(), "deviation": levels[1].tolist()},
    }
    kinds = {"chord": np.int16, "tune": np.int8, "beat": np.int8, "semantic": np.int8, "emotion": np.float16}
    tensors = {
        name: np.concatenate([song[name] for song in songs]).astype(kinds.get(name, np.float32))
        for name in songs[0]
    }
    tensors["bounds"] = np.cumsum([0, *(len(song["chord"]) for song in songs)])
    tensors["split"] = np.array([SPLITS.index(split) for split in splits], np.int8)
    tensors["major"] = np.array(major, np.int8)
    return {**tensors, **(extra or {})}, about


def write_corpus(path: Path, tensors: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
    """Write what `pack` makes, whole or not at all.

    Raises:
        OSError: if the folder cannot be written to.
    """
    from safetensors.numpy import save

    write_whole(path, save(dict(tensors), {"about": json.dumps(about)}))


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return round(float(known.mean()), 6) if len(known) else 0.0


def _std(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return round(float(known.std()), 6) if len(known) else 1.0
