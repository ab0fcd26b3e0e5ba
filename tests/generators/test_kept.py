"""Music written around tracks that are kept: these stay as they are, and the rest agrees with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generators.grid import BeatGrid, PlanError
from generators.kept import KeptTrack, KeptTracks, keeps_to
from generators.kept_grid import own_grid, targets_of
from generators.key import Key
from generators.music import SymbolicMusic
from generators.plan import Plan, make_plan
from generators.rhythm import compose
from generators.rhythm.band import read_band
from generators.rhythm.kept_key import in_kept_keys
from generators.rhythm.kept_lineup import line_up
from generators.style import load_style
from generators.tempo_map import FILM, find_grid
from generators.wishes import Wishes
from tests.generators import plans
from tests.generators.streams_by_hand import clip as streams_of
from tests.generators.streams_by_hand import curve, cuts
from tests.v2m import midi_by_hand as by_hand
from v2m.midi import write_midi
from v2m.midi_reading import read_tracks

BARS = 16
BEAT_S = 60 / by_hand.BPM


def kept_of(folder: Path, lines: Sequence[by_hand.Line], **options: object) -> KeptTracks:
    return read_tracks(by_hand.write(folder / "kept.mid", lines, **options))  # type: ignore[arg-type]


def plan_on(kept: KeptTracks, style: str = "pop", seed: int = 7, **wishes: object) -> Plan:
    """A plan in another key than the kept tracks', on their bars, with accents of a picture."""
    grid = plans.with_accents(plans.bars_of([4] * BARS, by_hand.BPM), 4)
    form = [("A", "theme", 8), ("B", "theme", 4), ("A", "theme", 4)]
    hits = [(0, 0, 0.9, "section"), (8, 0, 1.0, "section"), (10, 6, 0.7, "cut")]
    plan = plans.make(
        grid, form, style=style, key=Key(0, "minor"), seed=seed, hits=hits, tail_s=0.5, **wishes
    )  # type: ignore[arg-type]
    return in_kept_keys(plan, kept)


def notes_of(music: SymbolicMusic, *roles: str) -> dict[str, np.ndarray]:
    """Voice → its notes `[N, 3]`: start, end, pitch, in order."""
    found = {}
    for voice, track in zip(music.voices, music.score.tracks, strict=True):
        notes = track.notes.numpy()
        if voice.role in roles and len(notes["time"]):
            start = notes["time"].astype(np.float64)
            rows = np.stack([start, start + notes["duration"], notes["pitch"]], axis=1)
            found[voice.name] = rows[np.argsort(start, kind="stable")]
    return found


def on_strong_beats(rows: np.ndarray) -> list[tuple[int, int]]:
    """(bar, pitch class) of the notes that are meant for the first or the third beat of a bar."""
    found = []
    for start, _, pitch in rows:
        beat = start / BEAT_S
        if abs(beat - round(beat)) < 0.2 and round(beat) % 2 == 0 and round(beat) < 4 * (BARS - 1):
            found.append((round(beat) // 4, int(pitch) % 12))
    return found


@pytest.mark.parametrize("style", ["pop", "cinematic", "electronic"])
def test_kept_notes_are_untouched(tmp_path: Path, style: str) -> None:
    kept = kept_of(tmp_path, [by_hand.chords(BARS), by_hand.tune(BARS), by_hand.kit(BARS)])
    music = compose(plan_on(kept, style), kept)
    voices = line_up(read_band(load_style(style)), kept).voices
    by_name = dict(zip([v.name for v in music.voices], music.score.tracks, strict=True))
    for track, voice in zip(kept.tracks, voices, strict=True):
        notes = by_name[voice.name].notes.numpy()
        assert np.array_equal(notes["time"], track.start_s.astype(np.float32))
        assert np.array_equal(notes["duration"], track.duration_s.astype(np.float32))
        assert np.array_equal(notes["pitch"], track.pitch)
        assert np.array_equal(notes["velocity"], track.velocity)


def test_who_is_kept_is_not_written_and_the_others_are(tmp_path: Path) -> None:
    kept = kept_of(tmp_path, [by_hand.tune(BARS), by_hand.kit(BARS)])
    music = compose(plan_on(kept), kept)
    assert list(notes_of(music, "melody")) == ["Flute"]
    assert list(notes_of(music, "drums")) == ["Drums"]
    assert notes_of(music, "bass")
    assert notes_of(music, "chords", "arpeggio", "pad")


@pytest.mark.parametrize("style", ["pop", "cinematic", "funk", "lofi"])
def test_the_bass_agrees_with_kept_chords(tmp_path: Path, style: str) -> None:
    kept = kept_of(tmp_path, [by_hand.chords(BARS), by_hand.kit(BARS)])
    plan = plan_on(kept, style)
    assert (plan.key.tonic, plan.key.mode) == (2, "major")
    strong = [row for rows in notes_of(compose(plan, kept), "bass").values() for row in on_strong_beats(rows)]
    assert len(strong) >= BARS
    assert np.mean([tone in by_hand.tones(bar) for bar, tone in strong]) >= 0.9
    assert np.mean([tone == by_hand.tones(bar)[0] for bar, tone in strong]) >= 0.7
    # The same bass a bar and a half later would not: it is not any bass that fits.
    later = [tone in by_hand.tones(bar + 2) for bar, tone in strong]
    assert np.mean(later) < 0.6


def test_written_harmony_sounds_with_kept_chords(tmp_path: Path) -> None:
    """Of what pads and chords hold in the middle of a bar, hardly a note is not of the kept chord."""
    kept = kept_of(tmp_path, [by_hand.chords(BARS)])
    music = compose(plan_on(kept, "cinematic"), kept)
    inside = []
    for rows in notes_of(music, "pad", "chords").values():
        for bar in range(BARS - 1):
            at = (4 * bar + 2.5) * BEAT_S
            held = rows[(rows[:, 0] <= at) & (rows[:, 1] > at)]
            inside += [int(pitch) % 12 in by_hand.tones(bar) for pitch in held[:, 2]]
    assert len(inside) > 40
    assert np.mean(inside) >= 0.85


def test_a_kept_bass_says_which_inversion(tmp_path: Path) -> None:
    """A bass that walks down under one chord: the others' chords are over it, and no bass is written."""
    rows = [(4.0 * b, 3.9, (38, 37, 35, 42)[b % 4], 90) for b in range(BARS)]
    kept = kept_of(tmp_path, [by_hand.Line("Upright", 2, 32, rows), by_hand.chords(BARS)])
    music = compose(plan_on(kept), kept)
    assert list(notes_of(music, "bass")) == ["Upright"]


def test_the_bass_plays_with_a_kept_kick(tmp_path: Path) -> None:
    """The kick is on one, the and of two, and three; a bass that found its own rhythm would not be."""
    kept = kept_of(tmp_path, [by_hand.kit(BARS)])
    plan = plan_on(kept, density=[0.6] * BARS)

    def share(music: SymbolicMusic) -> float:
        (rows,) = notes_of(music, "bass").values()
        eighths = np.round(rows[:, 0] / BEAT_S * 2).astype(int) % 8
        return float(np.isin(eighths, (0, 3, 4)).mean())

    assert share(compose(plan, kept)) >= 0.9
    rows = [(4.0 * b + q, 0.1, 36, 105) for b in range(BARS) for q in (0.0, 1.0, 2.5, 3.0)]
    other = kept_of(tmp_path, [by_hand.Line("Kit", 9, 0, rows)])
    assert share(compose(plan, other)) < 0.7


def test_written_notes_are_with_a_kept_drummer_to_the_millisecond(tmp_path: Path) -> None:
    """A drummer who lags 20 ms behind from the fifth bar on takes the bass along."""
    late_s = 0.020
    quarters = late_s / BEAT_S
    rows = [
        (start + (quarters if start >= 16 else 0.0), length, pitch, velocity)
        for start, length, pitch, velocity in by_hand.kit(BARS).rows
    ]
    kept = kept_of(tmp_path, [by_hand.Line("Kit", 9, 0, rows)])
    grid = plans.bars_of([4] * BARS, by_hand.BPM)  # no picture to lean towards
    plan = plans.make(grid, [("A", "theme", BARS)], style="pop", density=[0.6] * BARS, tail_s=0.5)
    music = compose(plan, kept)
    (bass,) = notes_of(music, "bass").values()
    kicks = kept.tracks[0].start_s[kept.tracks[0].pitch == 36]
    off = np.array([(at - kicks)[np.abs(at - kicks).argmin()] for at in bass[:-1, 0]])
    early, lagging = off[bass[:-1, 0] < 15.5 * BEAT_S], off[bass[:-1, 0] > 16 * BEAT_S]
    assert abs(np.median(lagging) - np.median(early)) < 0.006


def test_a_kept_tune_is_left_room(tmp_path: Path) -> None:
    """Pads and chords stay below it as a rule; without it they go higher."""
    tune = by_hand.tune(BARS)
    low = by_hand.Line(tune.name, tune.channel, tune.program, [(s, d, p - 10, v) for s, d, p, v in tune.rows])
    kept = kept_of(tmp_path, [low])
    plan = plan_on(kept, "cinematic")
    tops = [
        np.concatenate([rows[:, 2] for rows in notes_of(music, "pad", "chords", "arpeggio").values()]).max()
        for music in (compose(plan, kept), compose(plan))
    ]
    middle = int(np.median([p for _, _, p, _ in low.rows]))
    assert tops[0] < middle + 3 < tops[1]


def test_tracks_of_our_own_come_back_tick_for_tick(tmp_path: Path) -> None:
    """All voices kept and written to MIDI again over the same bars: the same file but for nothing added."""
    plan = plans.film("electronic")
    first = write_midi(compose(plan), plan.grid, tmp_path / "a.mid")
    kept = read_tracks(first)
    again = read_tracks(write_midi(compose(plan, kept), plan.grid, tmp_path / "b.mid"))
    assert {t.name for t in kept.tracks} == {t.name for t in again.tracks}
    for track in kept.tracks:
        same = next(t for t in again.tracks if t.name == track.name)
        for ours, theirs in zip(vars(track).values(), vars(same).values(), strict=True):
            assert np.array_equal(ours, theirs) if isinstance(ours, np.ndarray) else ours == theirs


@pytest.mark.parametrize(
    ("style", "line", "voice", "role"),
    [
        ("cinematic", by_hand.Line("cello", 0, 42, [(0, 4, 50, 80)]), "Cello", "counter"),
        ("cinematic", by_hand.Line("Beat", 9, 0, [(0, 1, 36, 80)]), "Drums", "drums"),
        ("cinematic", by_hand.Line("French horns", 0, 60, by_hand.chords(4).rows), "Horns", "chords"),
        ("pop", by_hand.Line("Lead vocal", 0, 0, by_hand.tune(4).rows), "Lead vocal", "melody"),
        ("pop", by_hand.Line("", 3, 34, by_hand.tune(4).rows), "Bass 2", "bass"),
        ("lofi", by_hand.Line("Nylon", 0, 24, by_hand.chords(4).rows), "Nylon", "chords"),
        ("lofi", by_hand.Line("Organ", 0, 19, [(8.0 * b, 7.9, p, 70) for b in (0, 1) for p in (60, 64)]),
         "Organ", "pad"),
        ("lofi", by_hand.Line("Banjo", 0, 105, [(b / 4, 0.2, 50 + 5 * (b % 4), 70) for b in range(32)]),
         "Banjo", "arpeggio"),
        ("lofi", by_hand.Line("Tuba", 0, 58, [(b, 0.9, 40 + b % 3, 70) for b in range(8)]), "Tuba", "bass"),
    ],
)  # fmt: skip
def test_a_track_is_the_voice_that_it_says_or_looks_like(
    tmp_path: Path, style: str, line: by_hand.Line, voice: str, role: str
) -> None:
    kept = kept_of(tmp_path, [line])
    lineup = line_up(read_band(load_style(style)), kept)
    assert [(v.name, v.role) for v in lineup.voices] == [(voice, role)]
    assert lineup.voices[0].is_drum == (line.channel == 9)


def test_the_files_instrument_and_place_are_the_files(tmp_path: Path) -> None:
    """A voice of the style by its name, with another program and pan: those of the file."""
    line = by_hand.Line("Cello", 0, 40, [(0, 4, 50, 80)])
    kept = kept_of(tmp_path, [line], controls={"Cello": [(0, 10, 127), (0, 91, 0)]})
    (voice,) = line_up(read_band(load_style("cinematic")), kept).voices
    assert (voice.program, voice.pan, voice.reverb) == (40, 1.0, 0.0)
    own = next(p.voice for p in read_band(load_style("cinematic")).parts if p.voice.name == "Cello")
    assert (voice.gain_db, voice.role) == (own.gain_db, own.role)


def test_two_tracks_of_one_name_are_two_voices(tmp_path: Path) -> None:
    lines = [by_hand.Line("Take", c, 73, by_hand.tune(4).rows) for c in (0, 1)]
    music = compose(plan_on(kept_of(tmp_path, lines)), kept_of(tmp_path, lines))
    assert {"Take", "Take 2"} <= {voice.name for voice in music.voices}


def test_the_files_bars_are_the_plans(tmp_path: Path) -> None:
    """They go on to the clip's end; hits fall on them; a wish for another tempo is refused."""
    kept = kept_of(tmp_path, [by_hand.chords(6)], bpm=87.0)
    affect = curve("affect", 30.0, 0.5, valence=0.2, arousal=0.3, tension=0.2)
    streams = streams_of(30.0, cuts([7.0, 15.0, 22.0]), affect)
    plan = make_plan(streams, Wishes(style="pop"), kept)
    assert np.abs(np.diff(plan.grid.knots_s) - 60 / 87).max() < 2e-4
    assert 30.0 - 60 / 87 <= plan.grid.beats_s[-1] < 30.0
    assert len(plan.planned_hits) == 3
    with pytest.raises(PlanError, match="bring their own tempo"):
        make_plan(streams, Wishes(style="pop", tempo_bpm=120.0), kept)
    with pytest.raises(PlanError, match="bring their own metre"):
        make_plan(streams, Wishes(style="pop", metre="3/4"), kept)


def test_bars_are_found_on_notes_that_keep_to_no_tempo_map(tmp_path: Path) -> None:
    """A performance at 93 bpm, give or take, in a file that says 120: its beats are met, the file's not."""
    rng = np.random.default_rng(4)
    quarters = np.arange(64) * 120 / 93 + 0.31
    rows = [(float(q + rng.normal(0, 0.012)), 0.4, 36 + 2 * (k % 2), 100) for k, q in enumerate(quarters)]
    kept = kept_of(tmp_path, [by_hand.Line("Kit", 9, 0, rows)], bpm=120.0)
    assert kept.grid is not None
    assert not keeps_to(kept.grid, kept.onsets_s())
    assert own_grid(kept, 45.0) is None
    grid = find_grid(
        targets_of(kept, 45.0), 45.0, tempo_bpm=(55.0, 180.0), prefer_bpm=100.0, metres=(4,), costs=FILM
    )
    beat = grid.beat_at(kept.onsets_s())
    assert np.abs(beat * 2 - np.round(beat * 2)).max() < 0.2
    assert keeps_to(grid, kept.onsets_s())


def test_a_few_notes_are_taken_at_their_files_word() -> None:
    grid = plans.bars_of([4] * 4, 100)
    assert keeps_to(grid, np.array([0.1, 0.9]))
    assert isinstance(grid, BeatGrid)


@pytest.mark.parametrize("mode", ["major", "minor", "dorian", "mixolydian"])
def test_the_key_of_kept_tracks_is_heard(tmp_path: Path, mode: str) -> None:
    """Music of ours in a key, under a plan that says another."""
    plan = plans.film("cinematic", key=Key(4, mode))
    kept = read_tracks(write_midi(compose(plan), plan.grid, tmp_path / "a.mid"))
    elsewhere = replace(
        plan, key=Key(1, "major"), sections=tuple(replace(s, key=Key(1, "major")) for s in plan.sections)
    )
    heard = in_kept_keys(elsewhere, kept)
    assert heard.key.tonic == 4
    assert (heard.key.mode in ("major", "mixolydian", "lydian")) == (mode in ("major", "mixolydian"))
    # Where the plan already says the key, it is left alone.
    assert in_kept_keys(plan, kept, trusted=True).key == plan.key


def test_drums_alone_leave_the_key_as_planned(tmp_path: Path) -> None:
    plan = plans.film("cinematic", key=Key(4, "dorian"))
    assert in_kept_keys(plan, kept_of(tmp_path, [by_hand.kit(4)])) == plan


def test_kept_tracks_check_themselves() -> None:
    nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
    with pytest.raises(PlanError, match="a note each"):
        KeptTracks((KeptTrack("A", 0, False, nothing, nothing, none, none),), None)
    with pytest.raises(PlanError, match="out of order"):
        KeptTrack("A", 0, False, np.array([1.0, 0.5]), np.ones(2), np.array([60, 60]), np.array([9, 9]))
    with pytest.raises(PlanError, match="one length"):
        KeptTrack("A", 0, False, np.array([1.0]), np.ones(2), np.array([60, 60]), np.array([9, 9]))
