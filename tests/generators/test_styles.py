"""Each of the twelve styles, slow and fast, sad and joyful, under a film and a dance; and all against all."""

from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise, product
from pathlib import Path

import numpy as np
import pytest

from benchmarks.sound import how_far_apart
from benchmarks.styles_table import table_rows
from generators.choices import choose_style
from generators.key import Key
from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.rhythm import compose
from generators.rhythm.band import read_band
from generators.rhythm.harmony import harmonise
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import is_muddy
from generators.style import load_style, style_names
from generators.wishes import MOODS, Wishes
from tests.generators.plans import bars_of, make, with_accents

TWELVE = (
    "ambient", "cinematic", "electronic", "funk", "hiphop", "latin",
    "lofi", "piano", "pop", "rock", "tense", "waltz",
)  # fmt: skip
SYNTHESISED = ("ambient", "electronic", "hiphop", "lofi", "tense")
ROOT = Path(__file__).parents[2]
PACES, FEELINGS = ("slow", "fast"), ("sad", "joyful")
HARMONIC = ("pad", "chords", "arpeggio", "counter", "melody")


@cache
def plan_of(style: str, mode: str, pace: str, feeling: str) -> Plan:
    """Twelve bars that grow from nearly empty to full, at an end of the style's tempi, in a fitting key."""
    read = load_style(style)
    count = 12
    grid = with_accents(bars_of([read.metres[0]] * count, read.tempo_bpm[PACES.index(pace)]), 4)
    level = list(np.linspace(0.1, 0.95, count))
    joyful = feeling == "joyful"
    return make(
        grid,
        [("A", "theme", 4), ("B", "theme", 4), ("A", "theme", 4)],
        mode=mode,
        style=style,
        key=Key(2, "major") if joyful else Key(9, "minor"),
        valence=0.8 if joyful else -0.7,
        tension=0.2 if joyful else 0.5,
        density=level,
        loudness=level,
        hits=[(4, 0, 1.0, "section"), (6, 4, 0.6, "cut"), (8, 0, 1.0, "section")],
        tail_s=0.3,
    )


@cache
def music_of(style: str, mode: str, pace: str, feeling: str) -> SymbolicMusic:
    return compose(plan_of(style, mode, pace, feeling))


def pitched(music: SymbolicMusic, *roles: str) -> np.ndarray:
    """`[N, 3]`: start, end and pitch of the pitched notes of some roles."""
    rows = []
    for track, voice in zip(music.score.tracks, music.voices, strict=True):
        if voice.role in roles and not voice.is_drum:
            notes = track.notes.numpy()
            start = notes["time"].astype(float)
            rows.append(np.column_stack([start, start + notes["duration"], notes["pitch"]]))
    return np.concatenate(rows) if rows else np.zeros((0, 3))


CASES = [
    pytest.param(*case, id="-".join(case)) for case in product(TWELVE, ("film", "dance"), PACES, FEELINGS)
]


def test_there_are_twelve() -> None:
    assert style_names() == TWELVE


@pytest.mark.parametrize(("style", "mode", "pace", "feeling"), CASES)
def test_it_plays_under_any_picture(style: str, mode: str, pace: str, feeling: str) -> None:
    """Notes in their ranges and within the picture, none stuck, no bar silent, the bass below all others."""
    plan, music = plan_of(style, mode, pace, feeling), music_of(style, mode, pace, feeling)
    ranges = {part.voice.name: (part.low, part.high) for part in read_band(load_style(style)).parts}
    bar_s = plan.grid.bar_end_s(0) - plan.grid.bars[0].start_s
    sounding = np.zeros(len(plan.grid.bars), dtype=bool)
    for track, voice in zip(music.score.tracks, music.voices, strict=True):
        notes = track.notes.numpy()
        start, pitch = notes["time"].astype(float), notes["pitch"]
        end = start + notes["duration"]
        assert (start >= 0).all()
        assert (end <= plan.duration_s + 1e-3).all()
        sounding[np.clip(np.searchsorted(plan.grid.downbeats_s, start + 0.06) - 1, 0, None)] = True
        for key in np.unique(pitch):
            order = np.argsort(start[pitch == key])
            assert (start[pitch == key][order][1:] >= end[pitch == key][order][:-1] - 1e-4).all()
        if voice.role in ("accents", "drums"):
            continue
        low, high = ranges[voice.name]
        assert ((pitch >= low) & (pitch <= high)).all(), voice.name
        # A chord may be held over while it stays; nothing is held longer than a phrase.
        assert (end - start <= 4 * bar_s + 1e-3).all(), voice.name
    assert sounding.all()


@pytest.mark.parametrize(("style", "mode", "pace", "feeling"), CASES)
def test_registers_do_not_clash(style: str, mode: str, pace: str, feeling: str) -> None:
    """The bass is the lowest, and low notes are as far apart as the ear needs them to be."""
    music = music_of(style, mode, pace, feeling)
    bass, others = pitched(music, "bass"), pitched(music, *HARMONIC)
    muddy = under = 0
    instants = np.arange(0.2, music.duration_s, 0.1)
    for now in instants:
        lows = bass[(bass[:, 0] <= now) & (bass[:, 1] > now), 2]
        rest = np.unique(others[(others[:, 0] <= now) & (others[:, 1] > now), 2])
        if len(lows) and len(rest):
            under += int(rest[0] <= lows.max())
        chord = np.unique(np.concatenate([lows, rest])).astype(int)
        muddy += int(is_muddy(chord[:-1], chord[1:]).any())
    assert under <= 0.02 * len(instants)
    assert muddy <= 0.1 * len(instants)


@pytest.mark.parametrize("style", TWELVE)
def test_slow_and_fast_sad_and_joyful_are_heard(style: str) -> None:
    slow, fast = load_style(style).tempo_bpm
    assert fast / slow >= 1.5

    def per_second(pace: str) -> float:
        music = music_of(style, "film", pace, "joyful")
        starts = np.unique(np.concatenate([t.notes.numpy()["time"].round(2) for t in music.score.tracks]))
        return len(starts) / music.duration_s

    def major(feeling: str) -> float:
        plan = plan_of(style, "film", "slow", feeling)
        spans = harmonise(Timeline(plan), read_band(load_style(style))).spans
        return float(np.mean([span.chord.is_major for span in spans]))

    assert per_second("fast") > 1.1 * per_second("slow")
    assert major("joyful") > major("sad")


def test_a_waltz_has_its_low_note_on_one_and_its_chords_after() -> None:
    plan = plan_of("waltz", "film", "fast", "joyful")
    music = music_of("waltz", "film", "fast", "joyful")
    beat_s = float(np.diff(plan.grid.beats_s).mean())

    def beats(*names: str) -> np.ndarray:
        tracks = [t.notes.numpy()["time"] for t in music.score.tracks if t.name in names]
        body = np.concatenate(tracks).astype(float)
        return np.round((body[body < plan.final_s - beat_s] + 0.04) / beat_s, 1) % 3

    assert np.mean(np.minimum(beats("Basses"), 3 - beats("Basses")) < 0.3) > 0.8
    assert np.mean(beats("After-beats") > 0.7) > 0.88


def test_distorted_guitars_play_no_thirds() -> None:
    music = music_of("rock", "dance", "fast", "joyful")
    track = next(t for t in music.score.tracks if t.name == "Guitar left")
    notes = track.notes.numpy()
    together: dict[float, list[int]] = {}
    for time_s, pitch in zip(notes["time"].round(3), notes["pitch"], strict=True):
        together.setdefault(float(time_s), []).append(int(pitch))
    assert len(together) > 20
    for chord in together.values():
        assert {(b - a) % 12 for a, b in combinations(sorted(chord), 2)} <= {0, 5, 7}


def test_plucked_and_slapped_basses_let_go() -> None:
    for style, name in (("funk", "Slap bass"), ("latin", "Upright bass")):
        music = music_of(style, "dance", "slow", "joyful")
        notes = next(t for t in music.score.tracks if t.name == name).notes.numpy()
        ends = notes["time"] + notes["duration"]
        gaps = [following - end for end, following in pairwise_sorted(notes["time"], ends)]
        assert np.median(gaps) > 0.04


def pairwise_sorted(starts: np.ndarray, ends: np.ndarray) -> list[tuple[float, float]]:
    """(end of a note, start of the next) in order of time."""
    order = np.argsort(starts)
    return [(float(ends[a]), float(starts[b])) for a, b in pairwise(order)]


@pytest.mark.parametrize("style", TWELVE)
def test_electronic_styles_are_synthesised_and_every_style_has_a_mix(style: str) -> None:
    band = read_band(load_style(style))
    synthesised = [bool(part.voice.synth) for part in band.parts]
    if style in SYNTHESISED:
        assert np.mean(synthesised) > 0.8
    assert "mix" in load_style(style).arrangement
    assert any(part.voice.strip.eq or part.voice.strip.compress for part in band.parts)
    assert (band.desk.pump is not None) == (style in ("electronic", "hiphop", "lofi"))


def test_each_style_is_chosen_for_some_feeling() -> None:
    """Over the plane of valence and arousal; the middle of it is for an orchestra, or for the dance floor."""
    chosen = {
        choose_style(mode, (valence, arousal), Wishes()).name
        for mode in ("film", "dance")
        for valence, arousal in product(np.linspace(-1, 1, 21), repeat=2)
    }
    assert chosen == set(TWELVE)
    assert choose_style("film", (0.0, 0.0), Wishes()).name == "cinematic"
    assert choose_style("dance", (0.0, 0.0), Wishes()).name == "electronic"


@pytest.mark.parametrize(
    ("mood", "film", "dance"),
    [
        ("joyful", "pop", "pop"),
        ("exciting", "rock", "electronic"),
        ("triumphant", "cinematic", "electronic"),
        ("playful", "funk", "funk"),
        ("romantic", "waltz", "latin"),
        ("relaxing", "lofi", "lofi"),
        ("dreamy", "ambient", "lofi"),
        ("melancholic", "piano", "hiphop"),
        ("sad", "piano", "hiphop"),
        ("tense", "tense", "electronic"),
        ("fearful", "tense", "electronic"),
        ("angry", "rock", "electronic"),
    ],
)
def test_a_mood_has_its_style(mood: str, film: str, dance: str) -> None:
    assert choose_style("film", MOODS[mood], Wishes(mood=mood)).name == film
    assert choose_style("dance", MOODS[mood], Wishes(mood=mood)).name == dance


def test_styles_sound_farther_apart_than_seeds_of_one(tmp_path: Path) -> None:
    """Four bars each; `benchmarks.sound --apart` compares whole pieces, the nearest with the farthest."""
    apart = how_far_apart(TWELVE, 2, tmp_path, 4)
    assert len(apart.styles) == 66
    for (one, other), between in apart.styles.items():
        assert np.mean(between) > max(*apart.seeds[one], *apart.seeds[other]), (one, other)
    assert min(min(within) for within in apart.seeds.values()) > 0.3


def test_the_page_of_styles_says_what_the_files_say() -> None:
    page = (ROOT / "docs" / "styles.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert rows == table_rows()
    for style in TWELVE:
        assert f"### {load_style(style).title} (`{style}`)" in page.splitlines()
