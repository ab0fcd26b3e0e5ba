"""What the transformer is told at every step, and what it may not be told.

A sense is a row of numbers a step; one that has nothing to say is masked and the model puts a learnt
vector in its place, so one model works with all of them or with few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

# Numbers a step. `semantic` is CLIP's 768 dimensions in 256 principal components; `emotion` the six
# of `chord_words.EMOTIONS`; `place` says where in the clip a step lies, `beat` where in the bar, how long
# the step is and whether the key is major; `affect` is the valence and arousal that are asked for.
WIDTHS = {"semantic": 256, "emotion": 6, "motion": 1, "cuts": 2, "place": 4, "beat": 6, "affect": 2}
PICTURE = ("semantic", "emotion", "motion", "cuts")
CORPORA = ("unknown", "muvi_sync", "pop909", "emopia")
# Where a step begins: nobody knows, on a downbeat, in the middle of a bar, elsewhere.
UNKNOWN, DOWNBEAT, HALF_BAR, WEAK = range(4)


@dataclass(frozen=True)
class Senses:
    """The steps of some clips.

    Attributes:
        values: name in `WIDTHS` → float32 `[batch, time, width]`.
        heard: name → bool `[batch, time]`, false where the sense has nothing to say.
        corpus: int64 `[batch]`, the index in `CORPORA` of the music's kind.
    """

    values: Mapping[str, Tensor]
    heard: Mapping[str, Tensor]
    corpus: Tensor

    def __post_init__(self) -> None:
        for name, width in WIDTHS.items():
            if self.values[name].shape != (*self.heard[name].shape, width):
                raise ValueError(f"sense {name} is {tuple(self.values[name].shape)}")

    def without(self, *names: str) -> Senses:
        """The same with some senses masked."""
        heard = {n: torch.zeros_like(m) if n in names else m for n, m in self.heard.items()}
        return Senses(self.values, heard, self.corpus)

    def to(self, device: torch.device) -> Senses:
        """The same on another device."""
        values = {name: rows.to(device) for name, rows in self.values.items()}
        heard = {name: there.to(device) for name, there in self.heard.items()}
        return Senses(values, heard, self.corpus.to(device))


def place_in_clip(steps: int) -> Tensor:
    """float32 `[steps, 4]`: how near the start and the end (over 8 and 30 steps) a step lies."""
    at = torch.arange(steps, dtype=torch.float32)
    left = steps - 1 - at
    return torch.stack(
        [torch.exp(-at / 8), torch.exp(-at / 30), torch.exp(-left / 8), torch.exp(-left / 30)], 1
    )


def place_in_bar(beat: Tensor, step_s: Tensor, major: Tensor) -> Tensor:
    """float32 `[steps, 6]`.

    Args:
        beat: int64 `[steps]`, `UNKNOWN`, `DOWNBEAT`, `HALF_BAR` or `WEAK`.
        step_s: float32 `[steps]`, how long a step lasts.
        major: float32 `[steps]`, 1 in a major key.
    """
    onehot = torch.nn.functional.one_hot(beat, 4).float()
    return torch.cat([onehot, torch.log(step_s.clamp(0.1, 10))[:, None], major[:, None]], 1)


def place_among_cuts(since_s: Tensor) -> Tensor:
    """float32 `[steps, 2]`: seconds since the last cut, compressed; and whether it is in this step."""
    return torch.stack([torch.log1p(since_s) / 3, (since_s < 1).float()], 1)


def movement(difference: Tensor) -> Tensor:
    """float32 `[steps, 1]`: the mean absolute difference of neighbouring frames (0 to 255), compressed."""
    return torch.log1p(difference)[:, None] / 3
