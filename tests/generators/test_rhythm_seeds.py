"""Ten seeds: none of them has a bar of silence, a clash, a stuck note or a click; no two are one piece."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.sound_descriptors import clicks, longest_silence_s
from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.rhythm import compose
from generators.rhythm.band import read_band
from generators.style import load_style, style_names
from tests.generators.plans import bars_of, make, with_accents
from v2m.mix import MixSettings, mix
from v2m.render import render
from v2m.soundfont import find_soundfont

SEEDS = range(10)
HELD = ("pad", "chords", "arpeggio", "melody", "counter", "bass")
RATE = 48000
RUB_S = 0.25  # two instruments a semitone apart for so long are heard to beat


@cache
def piece(style: str, seed: int) -> tuple[Plan, SymbolicMusic]:
    """Twelve bars, from sparse to full and back, with cuts."""
    rising = [0.15, 0.2, 0.35, 0.4, 0.5, 0.5, 0.9, 0.95, 0.9, 0.85, 0.3, 0.2]
    form = [("I", "intro", 2), ("A", "theme", 4), ("B", "theme", 4), ("O", "outro", 2)]
    grid = with_accents(bars_of([4] * 12, 96), 5)
    hits = [(2, 0, 1.0, "section"), (4, 8, 0.6, "cut"), (6, 0, 1.0, "section"), (10, 0, 0.9, "section")]
    plan = make(grid, form, style=style, seed=seed, density=rising, loudness=rising, hits=hits, tail_s=0.3)
    return plan, compose(plan)


def rows(music: SymbolicMusic, *roles: str) -> np.ndarray:
    """`[N, 4]`: start, end, pitch and voice of the pitched notes of some roles, in order of start."""
    found = [np.zeros((0, 4))]
    for k, (track, voice) in enumerate(zip(music.score.tracks, music.voices, strict=True)):
        if voice.role in roles and not voice.is_drum and len(track.notes):
            n = track.notes.numpy()
            start = n["time"].astype(np.float64)
            found.append(np.column_stack([start, start + n["duration"], n["pitch"], np.full(len(start), k)]))
    together = np.concatenate(found)
    return together[np.argsort(together[:, 0], kind="stable")]


@pytest.mark.parametrize("style", style_names())
def test_no_seed_leaves_a_bar_silent_holds_a_note_for_ever_or_leaves_its_range(style: str) -> None:
    ranges = {p.voice.name: (p.low, p.high) for p in read_band(load_style(style)).parts}
    for seed in SEEDS:
        plan, music = piece(style, seed)
        heard = rows(music, *HELD, "accents")
        for b, bar in enumerate(plan.grid.bars):
            end_s = min(plan.grid.bar_end_s(b), plan.duration_s)
            # For at least half of the bar something with a pitch sounds.
            at = np.linspace(bar.start_s, end_s, 16, endpoint=False) + 0.02
            sounds = ((heard[:, 0] <= at[:, None]) & (heard[:, 1] > at[:, None])).any(axis=1)
            assert sounds.mean() >= 0.5, (seed, b)
        longest_s = 4 * (plan.grid.bar_end_s(0) - plan.grid.bars[0].start_s)
        for start, end, pitch, voice in rows(music, *HELD):
            name = music.voices[int(voice)].name
            assert end - start <= longest_s + 0.1, (seed, name)
            assert ranges[name][0] <= pitch <= ranges[name][1], (seed, name)


def beating_share(music: SymbolicMusic) -> float:
    """Share of the time in which two different instruments hold notes a semitone apart."""
    heard = rows(music, *HELD)
    marks = np.zeros(int(music.duration_s * 50) + 2, dtype=bool)
    for i, (start, end, pitch, voice) in enumerate(heard):
        later = heard[i + 1 :]
        later = later[(later[:, 0] < end) & (later[:, 3] != voice) & (np.abs(later[:, 2] - pitch) == 1)]
        for begin, until, *_ in later:
            if min(end, until) - max(start, begin) >= RUB_S:
                marks[int(max(start, begin) * 50) : int(min(end, until) * 50)] = True
    return float(marks.mean())


@pytest.mark.parametrize("style", style_names())
def test_registers_seldom_rub(style: str) -> None:
    """In styles of triads hardly ever; where sevenths and ninths are the style's colour they may."""
    colour = read_band(load_style(style)).colour
    plain = colour.get("triad", 0.0) >= 0.5 * sum(colour.values())
    shares = [beating_share(piece(style, seed)[1]) for seed in SEEDS]
    assert np.mean(shares) < (0.12 if plain else 0.4)


def test_no_two_seeds_are_one_piece() -> None:
    """Their tunes differ: fewer than half of the places in which both sing have the same pitch."""
    for one, other in combinations(SEEDS, 2):
        tunes = []
        for seed in (one, other):
            melody = rows(piece("piano", seed)[1], "melody")
            tunes.append({(round(float(start), 1), int(pitch)) for start, _, pitch, _ in melody})
        assert len(tunes[0] & tunes[1]) < 0.5 * min(len(tune) for tune in tunes), (one, other)


def test_no_seed_clicks(tmp_path: Path) -> None:
    for style, seed in (("piano", 3), ("electronic", 8)):
        grid = with_accents(bars_of([4] * 6, 110), 4)
        plan = make(
            grid, [("A", "theme", 6)], style=style, seed=seed, hits=[(2, 0, 0.9, "section")], tail_s=0.3
        )
        music = compose(plan)
        path = tmp_path / f"{style}.wav"
        mix(list(render(music, find_soundfont().path, RATE)), music.voices, MixSettings(), music.duration_s,
            path, desk=music.desk)  # fmt: skip
        sound, rate = soundfile.read(path, always_2d=True)
        assert len(clicks(sound.T, rate)) == 0, style
        assert longest_silence_s(sound.T, rate) < 0.3, style
