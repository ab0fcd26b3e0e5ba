"""Eight levels of fullness that differ audibly, and what leads from one to another."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.stats import spearmanr

from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.rhythm import compose
from generators.style import style_names
from tests.generators.plans import bars_of, make
from v2m.alignment.levels import levels_of
from v2m.loudness import integrated_lufs
from v2m.mix import MixSettings, mix
from v2m.render import render
from v2m.soundfont import find_soundfont

LEVELS = 8
RATE = 48000
BARS = 4  # a level


@cache
def staircase(style: str, seed: int, bars: int = BARS) -> tuple[Plan, SymbolicMusic]:
    """Eight sections from nearly empty to full."""
    rising = [0.05 + 0.9 * k / (LEVELS - 1) for k in range(LEVELS) for _ in range(bars)]
    form = [(label, "theme", bars) for label in "ABCDEFGH"]
    grid = bars_of([4] * (LEVELS * bars), 100)
    plan = make(grid, form, style=style, density=rising, loudness=rising, seed=seed)
    return plan, compose(plan)


def by_level(plan: Plan, time_s: np.ndarray) -> np.ndarray:
    """Which level each instant is of; −1 beside the music, `LEVELS` from the last chord on."""
    edges = [plan.grid.bars[s.start_bar].start_s for s in plan.sections] + [plan.final_s]
    return np.searchsorted(edges, time_s + 0.05, side="right") - 1


@pytest.mark.parametrize("style", style_names())
def test_each_level_has_more_attacks_more_notes_and_is_struck_harder(style: str) -> None:
    attacks, notes, strength = (np.zeros(LEVELS) for _ in range(3))
    for seed in range(3):
        plan, music = staircase(style, seed)
        columns = [track.notes.numpy() for track in music.score.tracks]
        time_s = np.concatenate([c["time"] for c in columns]).astype(np.float64)
        velocity = np.concatenate([c["velocity"] for c in columns]).astype(np.float64)
        level = by_level(plan, time_s)
        for k in range(LEVELS):
            mine = np.sort(time_s[level == k])
            attacks[k] += 1 + np.count_nonzero(np.diff(mine) > 0.05)
            notes[k] += len(mine)
            strength[k] += velocity[level == k].mean()
    attacks[-1] *= BARS / (BARS - 1)  # its last bar is the last chord
    notes[-1] *= BARS / (BARS - 1)
    steps = np.arange(LEVELS)
    assert spearmanr(steps, attacks).statistic > 0.85
    assert spearmanr(steps, notes).statistic > 0.9
    assert (np.diff(strength) > 0).mean() > 0.8
    assert attacks[-1] > 2 * attacks[0]
    assert notes[-1] > 4 * notes[0]


def test_a_chord_struck_in_a_near_empty_bar_has_two_notes() -> None:
    """The players of chords strike fewer notes as bars empty, and not two of one name."""
    plan, music = staircase("latin", 1)
    guitar = next(t for t in music.score.tracks if t.name == "Nylon guitar").notes.numpy()
    level = by_level(plan, guitar["time"].astype(np.float64))
    sizes = []
    for k in (0, 1, 3):
        at = np.round(guitar["time"][level == k], 2)
        strokes = [set(guitar["pitch"][level == k][np.abs(at - t) < 0.04] % 12) for t in np.unique(at)]
        sizes.append([len(stroke) for stroke in strokes])
    assert set(sizes[0]) == {2}
    assert np.median(sizes[1]) == 3
    assert np.mean(sizes[2]) > 3


def test_each_level_is_heard_to_be_louder(tmp_path: Path) -> None:
    """In the mix, every level by at least half a loudness unit, and all of them by more than twelve."""
    plan, music = staircase("cinematic", 1, bars=2)
    path = tmp_path / "mix.wav"
    blocks = list(render(music, find_soundfont().path, RATE))
    mix(blocks, music.voices, MixSettings(), music.duration_s, path, desk=music.desk)
    sound, _ = soundfile.read(path, always_2d=True, dtype="float32")
    edges = [plan.grid.bars[s.start_bar].start_s for s in plan.sections] + [plan.final_s]
    heard = []
    for start_s, end_s in pairwise(edges):
        stretch = np.ascontiguousarray(sound[int(start_s * RATE) : int(end_s * RATE)].T)
        heard.append(integrated_lufs(levels_of(stretch, RATE).energies, RATE))
    assert (np.diff(heard) > 0.5).all(), heard
    assert heard[-1] - heard[0] > 12


def test_the_bass_drops_out_before_a_much_fuller_section_and_only_there() -> None:
    def bass_in_half_bar_before(level: float) -> bool:
        curve = [0.3] * 8 + [level] * 8
        plan = make(
            bars_of([4] * 16, 110),
            [("A", "theme", 8), ("B", "theme", 8)],
            style="electronic",
            density=curve,
            loudness=curve,
        )
        music = compose(plan)
        track = next(t for t, v in zip(music.score.tracks, music.voices, strict=True) if v.role == "bass")
        notes, turn_s = track.notes.numpy(), plan.grid.bars[8].start_s
        begins, ends = notes["time"], notes["time"] + notes["duration"]
        assert ((begins > turn_s - 0.1) & (begins < turn_s + 0.1)).any()
        return bool(((begins < turn_s - 0.1) & (ends > turn_s - 0.9)).any())

    assert bass_in_half_bar_before(0.35)
    assert not bass_in_half_bar_before(0.95)
