"""Streams → chords, levels and the tune's skeleton, drawn step by step.

Affect is steered by classifier-free guidance (Ho and Salimans 2022): the model is asked with and without
the mood that is wished for, and goes farther in the direction in which they differ. Several members' odds
are averaged. Chords that are given stay, the rest is drawn around them. One step costs the same at any
length, since nothing is looked back farther than `Config.lags`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.affective.chord_words import NO_CHORD, WORDS
from generators.affective.model import AffectiveTransformer, Memory, Step
from generators.affective.senses import Senses

RECENT = 8  # steps, in which a chord that has been heard is less wanted
STEADY = 0.5  # of the levels' spread, beside the temperature: bars are to differ, not to jump


@dataclass(frozen=True)
class Sampling:
    """How chords are drawn.

    Attributes:
        seed: the same seed, the same music.
        temperature: 0 takes the likeliest, 1 the model's own odds.
        top_p: only the likeliest chords that make up this much are drawn from (Holtzman et al. 2020).
        guidance: how far affect is followed; 1 as the model learnt it, 0 not at all.
        restless: how much a chord loses for each doubling of the steps it has been held.
        variety: how much it loses for each doubling of its share of the last `RECENT` steps.
    """

    seed: int = 0
    temperature: float = 0.9
    top_p: float = 0.92
    guidance: float = 1.5
    restless: float = 0.2
    variety: float = 0.6

    def __post_init__(self) -> None:
        if (
            self.temperature < 0
            or not 0 < self.top_p <= 1
            or min(self.guidance, self.restless, self.variety) < 0
        ):
            raise ValueError(f"{self} is out of range")


@dataclass(frozen=True, eq=False)
class Drawn:
    """What was composed, a row a step.

    Attributes:
        chords: int64 `[steps]`, words.
        levels: float32 `[steps, 2]`, density and loudness in deviations of the corpus.
        tune: int64 `[steps]`, degrees (`tune`).
    """

    chords: NDArray[np.int64]
    levels: NDArray[np.float32]
    tune: NDArray[np.int64]


@dataclass(frozen=True)
class Given:
    """What is settled before anything is drawn.

    Attributes:
        primer: chords that are heard before the first step, one at least; they are not part of the music.
        chords: step → word, kept.
        again: step → an earlier step, whose chord and note of the tune come back.
    """

    primer: Sequence[int]
    chords: Mapping[int, int] = field(default_factory=dict)
    again: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.primer or not all(0 <= word < WORDS for word in (*self.primer, *self.chords.values())):
            raise ValueError("a primer of one chord or more is needed, of the vocabulary")
        if any(not 0 <= earlier < step for step, earlier in self.again.items()):
            raise ValueError("only what was before can come again")


@contextmanager
def _one_thread() -> Iterator[None]:
    """A step is too small to be shared: threads that wait for one another make it slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@_one_thread()
@torch.no_grad()
def draw(models: Sequence[AffectiveTransformer], senses: Senses, given: Given, sampling: Sampling) -> Drawn:
    """Compose as many steps as the senses have.

    Args:
        models: whose odds are averaged.
        senses: of one clip, `batch` 1.
        given: what is settled.
        sampling: how it is drawn.
    """
    random = torch.Generator().manual_seed(sampling.seed)
    both = _with_and_without(_led_in(senses, len(given.primer)))
    steps = senses.heard["place"].shape[1]
    seen = [model.look(both) for model in models]
    memories = [Memory.begin(2, model.config) for model in models]
    unknown = torch.full((1, 2), torch.nan)
    heard = (int(given.primer[0]), unknown, -1)
    chords: list[int] = []
    levels: list[Tensor] = []
    tune: list[int] = []
    held = 0
    for at in range(1, len(given.primer) + steps):
        music = Step(torch.full((2, 1), heard[0]), heard[1].expand(2, 1, 2), torch.full((2, 1), heard[2]))
        told = [
            model.step(looked[:, at : at + 1], music, memory)
            for model, looked, memory in zip(models, seen, memories, strict=True)
        ]
        step = at - len(given.primer)
        if step < 0:
            heard = (int(given.primer[at]), unknown, -1)
            continue
        odds = _guided([t.chords[:, 0] for t in told], sampling.guidance)
        odds[NO_CHORD] = -torch.inf
        odds[heard[0]] -= sampling.restless * float(np.log2(held + 1))
        for recent, times in Counter(chords[-RECENT:]).items():
            odds[recent] -= sampling.variety * float(np.log2(1 + times))
        earlier = given.again.get(step)
        word = given.chords.get(step, None if earlier is None else chords[earlier])
        if word is None:
            word = _pick(odds, sampling.temperature, sampling.top_p, random)
        level, spread = (
            torch.stack(parts).mean(0)
            for parts in ([t.levels[:, 0] for t in told], [t.spread[1, 0].exp() for t in told])
        )
        level = level[1] + sampling.guidance * (level[0] - level[1])
        level = level + STEADY * sampling.temperature * spread * torch.randn(2, generator=random)
        if earlier is not None:
            degree = tune[earlier]
        else:
            sung = _guided([t.tune[:, 0] for t in told], sampling.guidance)
            degree = _pick(sung, sampling.temperature, sampling.top_p, random)
        held = held + 1 if word == heard[0] else 0
        heard = (word, level[None], degree)
        chords.append(word)
        levels.append(level)
        tune.append(degree)
    return Drawn(np.array(chords), torch.stack(levels).numpy(), np.array(tune))


def _guided(odds: Sequence[Tensor], guidance: float) -> Tensor:
    """Log-odds of all members together, gone farther from without the mood to with it."""
    told, untold = torch.stack(list(odds)).logsumexp(0)
    guided: Tensor = untold + guidance * (told - untold)
    return guided


def _pick(odds: Tensor, temperature: float, top_p: float, random: torch.Generator) -> int:
    """One of the likeliest that make up `top_p`, drawn at a temperature; the likeliest at 0."""
    if temperature == 0:
        return int(odds.argmax())
    shares, order = (odds / temperature).softmax(-1).sort(descending=True)
    kept = shares.cumsum(-1) - shares < top_p
    return int(order[torch.multinomial(shares * kept, 1, generator=random)])


def _led_in(senses: Senses, steps: int) -> Senses:
    """The senses with their first row in front of themselves, for the primer."""

    def widen(rows: Tensor) -> Tensor:
        return torch.cat([rows[:, :1].expand(-1, steps, *rows.shape[2:]), rows], 1)

    values = {name: widen(rows) for name, rows in senses.values.items()}
    heard = {name: widen(rows) for name, rows in senses.heard.items()}
    return Senses(values, heard, senses.corpus)


def _with_and_without(senses: Senses) -> Senses:
    """Two of the same clip, the second without the mood that is asked for."""
    other = senses.without("affect")
    values = {name: rows.repeat(2, 1, 1) for name, rows in senses.values.items()}
    heard = {name: torch.cat([rows, other.heard[name]]) for name, rows in senses.heard.items()}
    return Senses(values, heard, senses.corpus.repeat(2))
