"""Plans made by chance, for what is measured of the music alone."""

from __future__ import annotations

import numpy as np

from generators.curves import Curves
from generators.form import Section
from generators.grid import Bar, BeatGrid
from generators.key import Key
from generators.plan import Plan
from generators.style import load_style

BARS = 36
FORM = (("A", 8), ("B", 8), ("A", 8), ("C", 4), ("A", 8))


def plan_by_chance(style: str, mode: str, seed: int, beats: int = 4) -> Plan:
    """A minute or two in `A B A' C A''` whose density, loudness and affect wander.

    Args:
        style: a style's name; the tempo is drawn from its range.
        mode: of the key; the tonic is drawn.
        seed: of everything, and of the plan.
        beats: a bar.
    """
    rng = np.random.default_rng([seed, len(style), beats])
    slow, fast = load_style(style).tempo_bpm
    beat_s = 60 / rng.uniform(slow, fast)
    bars = tuple(Bar(tuple((b * beats + k) * beat_s for k in range(beats))) for b in range(BARS))
    grid = BeatGrid(bars, BARS * beats * beat_s)
    key = Key(int(rng.integers(12)), mode)
    density, loudness, arousal = (_wander(rng, 0.5, 0.25) for _ in range(3))
    sections, at, heard = [], 0, dict.fromkeys("ABC", 0)
    for label, length in FORM:
        energy = float(np.mean(density[at : at + length]) + np.mean(loudness[at : at + length])) / 2
        sections.append(Section(label, "theme", at, at + length, heard[label], key, energy))
        heard[label] += 1
        at += length
    return Plan(
        duration_s=grid.end_s,
        mode="film",
        style=style,
        key=key,
        grid=grid,
        sections=tuple(sections),
        hits=(),
        curves=Curves(
            density=tuple(density),
            loudness=tuple(loudness),
            valence=tuple(2 * _wander(rng, 0.5, 0.2) - 1),
            arousal=tuple(2 * arousal - 1),
            tension=tuple(_wander(rng, 0.35, 0.2)),
        ),
        final_s=grid.bars[-1].start_s,
        seed=seed,
        clip_hash="by chance",
    )


def _wander(rng: np.random.Generator, centre: float, spread: float) -> np.ndarray:
    """float64 `[BARS]`: a smooth curve within 0 and 1."""
    steps = np.cumsum(rng.normal(size=BARS + 8))
    smooth = np.convolve(steps, np.ones(9) / 9, mode="valid")
    return np.clip(centre + spread * (smooth - smooth.mean()) / max(smooth.std(), 1e-6), 0.0, 1.0)
