"""Plan and streams → what the transformer is told of each step of the music.

A step is half a bar where a bar is long enough to hold two chords, and a whole bar otherwise, as in the
songs it learnt from. The mood that it is steered by is the plan's: felt from the picture, wished for, or
edited. What the picture's own streams lack is masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from encoders.stream import Stream, Streams
from generators.affective.chord_words import EMOTIONS
from generators.affective.corpus import SEMANTIC_SIZE
from generators.affective.senses import (
    CORPORA,
    DOWNBEAT,
    HALF_BAR,
    WIDTHS,
    Senses,
    movement,
    place_among_cuts,
    place_in_bar,
    place_in_clip,
)
from generators.plan import Plan
from generators.rhythm.chord_space import MAJOR_MODES

HALVED_FROM_S = 1.4  # a shorter bar has one chord
COMPONENTS = "clip_components.safetensors"
CLIP_SOURCE = "ViT-L-14-336"
# Length of an embedding of the training videos, which kept theirs; ours are of length 1.
CLIP_NORM = 18.4
# Mean absolute difference of frames a second apart for one pixel of flow a frame: medians of both alike.
DIFFERENCE_PER_FLOW = 12.0
# A curve that is silent in a step still speaks for it this near to its beginning.
SOON_S = 1.5


@dataclass(frozen=True)
class Place:
    """One step.

    Attributes:
        bar, beat: counted from 0.
        start_s, end_s: on the clip's clock.
    """

    bar: int
    beat: int
    start_s: float
    end_s: float


def places(plan: Plan) -> list[Place]:
    """The steps up to the last chord."""
    found = []
    for number, bar in enumerate(plan.grid.bars):
        end_s = plan.grid.bar_end_s(number)
        half = bar.beats // 2 if bar.beats % 2 == 0 and end_s - bar.start_s >= HALVED_FROM_S else 0
        beats = [0, half] if half else [0]
        edges = [*(bar.beats_s[beat] for beat in beats), end_s]
        for beat, start, end in zip(beats, edges, edges[1:], strict=False):
            if start < plan.final_s - 0.01:
                found.append(Place(number, beat, float(start), float(end)))
    return found


def listen(plan: Plan, streams: Streams | None, steps: list[Place]) -> Senses:
    """What is told of the steps; without streams, only what the plan says."""
    values = {
        "place": place_in_clip(len(steps)),
        "beat": place_in_bar(
            torch.tensor([DOWNBEAT if step.beat == 0 else HALF_BAR for step in steps]),
            torch.tensor([step.end_s - step.start_s for step in steps]),
            torch.full((len(steps),), float(plan.key.mode in MAJOR_MODES)),
        ),
        "affect": torch.tensor(
            [[plan.curves.valence[step.bar], plan.curves.arousal[step.bar]] for step in steps]
        ),
    }
    heard = {name: torch.ones(len(steps), dtype=torch.bool) for name in values}
    if streams is not None:
        _see(streams, steps, values, heard)
    for name, width in WIDTHS.items():
        values.setdefault(name, torch.zeros(len(steps), width))
        heard.setdefault(name, torch.zeros(len(steps), dtype=torch.bool))
    return Senses(
        {name: rows[None] for name, rows in values.items()},
        {name: rows[None] for name, rows in heard.items()},
        torch.tensor([CORPORA.index("pop909")]),
    )


def _see(streams: Streams, steps: list[Place], values: dict[str, Tensor], heard: dict[str, Tensor]) -> None:
    def tell(name: str, rows: Tensor, said: NDArray[np.bool_]) -> None:
        values[name], heard[name] = rows.float(), torch.from_numpy(said)

    if (motion := streams.get("motion")) is not None and motion.says_something:
        rows, said = _means(motion, motion.column("raw")[:, None], steps)
        tell("motion", movement(DIFFERENCE_PER_FLOW * rows[:, 0]), said)
    if (cuts := streams.get("cuts")) is not None:
        since = since_cut_s(cuts, np.array([step.start_s for step in steps]))
        tell("cuts", place_among_cuts(torch.from_numpy(since)), np.ones(len(steps), bool))
    emotion = streams.get("emotion")
    if emotion is not None and emotion.says_something and emotion.columns == EMOTIONS:
        tell("emotion", *_means(emotion, emotion.values, steps))
    clip = streams.get("semantics")
    if (
        clip is not None
        and clip.says_something
        and CLIP_SOURCE in clip.source
        and clip.values.shape[1] == 768
    ):
        rows, said = _means(clip, clip.values, steps)
        tell("semantic", _in_components(CLIP_NORM * rows), said)


def _means(stream: Stream, rows: NDArray[np.float32], steps: list[Place]) -> tuple[Tensor, NDArray[np.bool_]]:
    """The mean of a curve in each step, and where it speaks: in the step, or soon before or after."""
    times = stream.times_s[stream.mask]
    spans_s = np.array([[step.start_s, step.end_s] for step in steps])
    means, nearest = step_means(times, rows[stream.mask], spans_s)
    within = np.diff(np.searchsorted(times, spans_s), axis=1)[:, 0] > 0
    said = within | (np.abs(times[nearest] - spans_s[:, 0]) < SOON_S)
    return torch.from_numpy(means.astype(np.float32)), said


def step_means(
    times_s: NDArray[np.float64], rows: NDArray[np.floating], spans_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A curve step by step.

    Args:
        times_s: `[T]`, ascending.
        rows: `[T, D]`.
        spans_s: `[steps, 2]`, where each step begins and ends.

    Returns:
        `[steps, D]`, the mean of each step, of the nearest sample where none lies within, 0 without any; and
        int64 `[steps]`, the sample that is nearest to a step's middle.
    """
    means = np.zeros((len(spans_s), rows.shape[1]))
    nearest = np.zeros(len(spans_s), np.int64)
    if not len(times_s):
        return means, nearest
    for i, (lo, hi) in enumerate(np.searchsorted(times_s, spans_s)):
        nearest[i] = np.abs(times_s - spans_s[i].mean()).argmin()
        means[i] = rows[lo:hi].mean(0) if lo < hi else rows[nearest[i]]
    return means, nearest


def since_cut_s(cuts: Stream, starts_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds since the last cut, or the clip's beginning, at each of some times."""
    before = np.concatenate([[0.0], cuts.times_s])
    since: NDArray[np.float64] = starts_s - before[np.searchsorted(before, starts_s + 1e-6, side="right") - 1]
    return since


def _in_components(embeddings: Tensor) -> Tensor:
    from safetensors.torch import load

    data = load((resources.files("generators") / "weights" / COMPONENTS).read_bytes())
    centred = embeddings - data["pca_mean"].float()
    return centred @ data["pca_components"].float() / SEMANTIC_SIZE
