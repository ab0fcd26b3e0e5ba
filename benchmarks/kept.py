"""Does what is written fit what is kept? `python -m benchmarks.kept pop909.zip`

People's songs (POP909's test split, which nothing was chosen on) are kept in part, the rest is composed
around them, and both are held against the chords and keys that people wrote beside the songs:

*root*, *chord*: the share of beats on whose chord the composer and the annotation agree, in the root, and in
major or minor as well; *key*: the share of songs with the annotated tonic; *bass*: the share of the
composed bass's notes on the first and third beat that are tones of the annotated chord; *chance*: the
same notes against the chords of the same song four bars and a beat later.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from datasets.pop909 import read_song
from generators.curves import Curves
from generators.form import Section
from generators.grid import Bar, BeatGrid
from generators.kept import KeptTracks
from generators.key import LETTERS, Key
from generators.plan import Plan
from generators.rhythm import compose
from generators.rhythm.band import read_band
from generators.rhythm.chord_songs import split_of
from generators.rhythm.chord_space import KIND_OF_QUALITY
from generators.rhythm.harmony import harmonise
from generators.rhythm.kept_guide import make_guide
from generators.rhythm.kept_key import in_kept_keys
from generators.style import load_style
from v2m.midi_reading import read_tracks

KEPT = {
    "accompaniment": ("PIANO",),
    "everything": ("MELODY", "BRIDGE", "PIANO"),
    "tune": ("MELODY",),
}
STYLE = "pop"
SECTION_BARS = 8
LATER_BEATS = 17
ON_BEAT = 0.15  # of a beat


@dataclass(frozen=True)
class Agreement:
    """Of one song: beats and notes that agree, of so many."""

    beats: int
    roots: int
    chords: int
    key: bool
    notes: int
    tones: int
    by_chance: int


def test_songs(archive: Path) -> list[int]:
    """The numbers of the songs of the test split."""
    with zipfile.ZipFile(archive) as opened:
        names = {Path(n).stem for n in opened.namelist() if Path(n).match("POP909/*/[0-9][0-9][0-9].mid")}
    return sorted(int(name) for name in names if split_of(f"pop909 {name}") == "test")


def song(archive: Path, number: int, folder: Path) -> tuple[KeptTracks, BeatGrid, NDArray[np.int64], int]:
    """The song's tracks, its annotated bars, the chord of each beat (see `datasets.pop909`) and its tonic."""
    name = f"POP909/{number:03d}"
    with zipfile.ZipFile(archive) as opened:
        path = folder / f"{number:03d}.mid"
        path.write_bytes(opened.read(f"{name}/{number:03d}.mid"))
        marks = np.loadtxt(io.StringIO(opened.read(f"{name}/beat_midi.txt").decode()))
        areas = [line.split() for line in opened.read(f"{name}/key_audio.txt").decode().splitlines()]
    kept = read_tracks(path)
    longest = max(areas, key=lambda area: float(area[1]) - float(area[0]))[2].partition(":")[0]
    tonic = (LETTERS[longest[0]] + longest.count("#") - longest.count("b")) % 12
    downs = np.flatnonzero(marks[:, 2] > 0)
    beats_s = marks[:, 0]
    bars = tuple(Bar(tuple(beats_s[a:b].tolist())) for a, b in pairwise(downs))
    chords = read_song(archive, number).chords[downs[0] : downs[-1]]
    return kept, BeatGrid(bars, float(beats_s[downs[-1]])), chords, tonic


def plan_over(grid: BeatGrid, duration_s: float) -> Plan:
    """A plan in C major that says nothing of the song: sections of eight bars, everything middling."""
    n = len(grid.bars)
    starts = range(0, n, SECTION_BARS)
    sections = tuple(
        Section("ABAC"[i % 4], "theme", a, min(a + SECTION_BARS, n), i // 4, Key(0, "major"), 0.6)
        for i, a in enumerate(starts)
    )
    flat = (0.6,) * n
    curves = Curves(flat, flat, (0.1,) * n, (0.1,) * n, (0.3,) * n)
    final_s = grid.bars[-1].start_s
    return Plan(duration_s, "film", STYLE, Key(0, "major"), grid, sections, (), curves, final_s, 0, "song")


def agreement(archive: Path, number: int, names: Sequence[str], folder: Path) -> Agreement:
    """Compose around some tracks of a song, and compare."""
    every, grid, chords, tonic = song(archive, number, folder)
    tracks = tuple(t for t in every.tracks if t.name in names)
    kept = KeptTracks(tracks, None).until(max(every.end_s, grid.end_s) + 1.0)
    plan = in_kept_keys(plan_over(grid, max(every.end_s, grid.end_s) + 1.0), kept)
    guide = make_guide(plan, read_band(load_style(STYLE)), kept, ())
    harmony = guide.harmony(harmonise(guide.timeline, guide.band))
    slots = [
        int(guide.timeline.first_slot[b]) + 4 * k for b, bar in enumerate(grid.bars) for k in range(bar.beats)
    ]
    known = [k for k, slot in enumerate(slots) if chords[k] >= 0 and slot < guide.timeline.final_slot]
    found = [harmony.at(slots[k]).chord for k in known]
    roots = [c.root == chords[k] % 12 for c, k in zip(found, known, strict=True)]
    thirds = [
        same and (KIND_OF_QUALITY[c.quality] in ("min", "dim")) == (chords[k] >= 12)
        for c, k, same in zip(found, known, roots, strict=True)
    ]
    music = compose(plan, kept)
    lines = [t for v, t in zip(music.voices, music.score.tracks, strict=True) if v.role == "bass"]
    starts, pitches = _on_strong_beats(grid, lines)
    inside = [_is_tone(p, chords[k]) for k, p in zip(starts, pitches, strict=True) if chords[k] >= 0]
    later = [
        _is_tone(p, chords[(k + LATER_BEATS) % len(chords)])
        for k, p in zip(starts, pitches, strict=True)
        if chords[k] >= 0 and chords[(k + LATER_BEATS) % len(chords)] >= 0
    ]
    return Agreement(
        len(known), sum(roots), sum(thirds), plan.key.tonic == tonic, len(inside), sum(inside),
        round(sum(later) / max(len(later), 1) * len(inside)),
    )  # fmt: skip


def _on_strong_beats(grid: BeatGrid, lines: Sequence[Any]) -> tuple[list[int], list[int]]:
    """(beats, pitches) of the notes that begin on the first and third beat of a bar, counted through."""
    strong = {int(grid.first_beat[b]) + k for b, bar in enumerate(grid.bars) for k in range(0, bar.beats, 2)}
    beats: list[int] = []
    pitches: list[int] = []
    for line in lines:
        notes = line.notes.numpy()
        at = grid.beat_at(notes["time"].astype(np.float64))
        for beat, pitch in zip(at, notes["pitch"], strict=True):
            nearest = round(float(beat))
            if abs(beat - nearest) < ON_BEAT and nearest in strong:
                beats.append(nearest)
                pitches.append(int(pitch))
    return beats, pitches


def _is_tone(pitch: int, chord: int) -> bool:
    """Whether a pitch is of an annotated chord: its triad or its seventh."""
    steps = (0, 3, 7, 10) if chord >= 12 else (0, 4, 7, 10, 11)
    return (pitch - chord) % 12 in steps


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kept", description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="pop909.zip")
    parser.add_argument("--songs", type=int, default=24, help="how many, spread over the split")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the songs' MIDI files")
    asked = parser.parse_args(arguments)
    asked.work.mkdir(parents=True, exist_ok=True)
    numbers = test_songs(asked.archive)
    numbers = [
        numbers[k] for k in np.unique(np.linspace(0, len(numbers) - 1, asked.songs).round().astype(int))
    ]
    table = Table("kept", "root", "chord", "key", "bass", "chance", title=f"{len(numbers)} songs")
    for name, tracks in KEPT.items():
        rows = [agreement(asked.archive, number, tracks, asked.work) for number in numbers]
        beats, notes = sum(r.beats for r in rows), sum(r.notes for r in rows)
        shares = (
            sum(r.roots for r in rows) / beats,
            sum(r.chords for r in rows) / beats,
            sum(r.key for r in rows) / len(rows),
            sum(r.tones for r in rows) / max(notes, 1),
            sum(r.by_chance for r in rows) / max(notes, 1),
        )
        table.add_row(name, *(f"{share:.2f}" for share in shares))
    Console().print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
