"""The stages in which music is written: chords, players, tune, and all the tracks around it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from v2m.session.sheets import arrangement_to_json, harmony_to_json
from v2m.session.work import Work

if TYPE_CHECKING:
    from generators.kept import KeptTrack, KeptTracks
    from generators.music import SymbolicMusic
    from generators.plan import Plan
    from generators.region import Marked
    from generators.rhythm.scheme import Scheme
    from generators.written import WrittenChord

Bars = frozenset[int] | None
"""Bars that are made anew, from 0; None for all."""


def write_harmony(work: Work, bars: Bars, into: Path) -> None:
    """`harmony.json`: the generator's chords, in `bars` only if there are others already."""
    chords = outlined(work, work.plan).chords
    if bars is not None:
        chords = _chords_in(work.chords, chords, bars)
    (into / "harmony.json").write_text(harmony_to_json(chords, work.plan), "utf-8")


def _chords_in(
    old: Sequence[WrittenChord], new: Sequence[WrittenChord], bars: Collection[int]
) -> tuple[WrittenChord, ...]:
    both = [c for c in old if c.bar not in bars] + [c for c in new if c.bar in bars]
    return tuple(sorted(both, key=lambda chord: (chord.bar, chord.beat)))


def write_arrangement(work: Work, bars: Bars, into: Path) -> None:
    """`arrangement.json`: who plays, as the sections' energies ask for."""
    playing = outlined(work, work.plan).playing
    if bars is not None:
        now = work.playing
        playing = {
            name: (now.get(name, frozenset()) - bars) | (playing.get(name, frozenset()) & bars)
            for name in dict.fromkeys([*now, *playing])
        }
    text = arrangement_to_json(playing, work.voices, len(work.plan.grid.bars))
    (into / "arrangement.json").write_text(text, "utf-8")


def outlined(work: Work, plan: Plan) -> Scheme:
    """Chords and players as the generator chooses them."""
    from generators.rhythm import outline

    return work.remembered("outline", _plan_key(work, plan), lambda: outline(plan, work.kept))


def write_melody(work: Work, bars: Bars, into: Path) -> None:
    """`melody.mid`: the tune, in `bars` only if there is one already."""
    from generators.rhythm.splice import spliced

    tune = _tune(work, composed(work, work.kept))
    if bars is not None:
        tune = spliced(_tracks(work.melody), tune, work.plan.grid, bars)
    write_tracks(work, tune, into / "melody.mid")


def write_music(work: Work, bars: Bars, into: Path) -> None:
    """`music.mid`: every track; the tune is the melody's file, the others are written around it."""
    from generators.kept import KeptTracks
    from generators.rhythm.splice import spliced

    tune = _tracks(work.melody)
    made = composed(work, work.kept)
    if not _alike(_tune(work, made), tune):
        kept = _others(work, _tracks(work.kept))
        around = KeptTracks((*kept, *tune), None) if kept or tune else None
        made = composed(work, around)
    others = _others(work, made)
    if bars is not None:
        others = spliced(_others(work, _tracks(work.music)), others, work.plan.grid, bars)
    write_tracks(work, _in_order(work, (*tune, *others)), into / "music.mid")


def rewrite_harmony(work: Work, bars: frozenset[int], seed: int, into: Path) -> tuple[WrittenChord, ...]:
    """Other chords in some bars; returns all chords as they then are."""
    from generators.rhythm import outline

    anew = outline(replace(work.plan, seed=seed), work.kept).chords
    chords = _chords_in(work.chords, anew, bars)
    (into / "harmony.json").write_text(harmony_to_json(chords, work.plan), "utf-8")
    return chords


def rewrite_tracks(
    work: Work, name: str, bars: frozenset[int], seed: int, marked: Marked, into: Path
) -> None:
    """`melody.mid` or `music.mid` with some voices and keys of some bars written with another seed."""
    from generators.region import Region
    from generators.rhythm import compose
    from generators.rhythm.splice import spliced

    plan, music = replace(work.plan, seed=seed), work.music
    runs = _runs(bars)
    regions = [Region(first + 1, last + 1, in_bars=True) for first, last in runs]
    with work.run.stage("compose"):
        anew = _read_back(work, compose(plan, music, regions, scheme=work.scheme, marked=marked))
    pick = _tune if name == "melody.mid" else _others
    old = _tracks(work.melody) if name == "melody.mid" else _others(work, _tracks(music))
    tracks = spliced(old, pick(work, anew), work.plan.grid, bars)
    if name == "music.mid":
        tracks = _in_order(work, (*_tracks(work.melody), *tracks))
    write_tracks(work, tracks, into / name)


def composed(work: Work, kept: KeptTracks | None) -> tuple[KeptTrack, ...]:
    """What the generator writes on the session's chords with its players, around some tracks."""
    from generators.rhythm import compose

    scheme = work.scheme
    key = (
        _plan_key(work, work.plan),
        scheme.chords,
        tuple(sorted((name, tuple(sorted(bars))) for name, bars in scheme.playing.items())),
        None if kept is None else id(kept) if kept is work.kept else _print(kept),
    )

    def make() -> tuple[KeptTrack, ...]:
        with work.run.stage("compose"):
            return _read_back(work, compose(work.plan, kept, scheme=scheme))

    return work.remembered("composed around" if kept is not work.kept else "composed", key, make)


def _read_back(work: Work, music: SymbolicMusic) -> tuple[KeptTrack, ...]:
    """Music as its file will say it: times are those of its ticks from the first writing on."""
    from v2m.midi import write_midi
    from v2m.midi_reading import EmptyMidiError, read_tracks

    path = work.scratch / "written.mid"
    write_midi(music, work.plan.grid, path, work.plan.sections)
    try:
        return read_tracks(path).until(work.plan.duration_s).tracks
    except EmptyMidiError:
        return ()
    finally:
        path.unlink()


def same_notes(work: Work, music: SymbolicMusic) -> bool:
    """Whether the session's music is this, note for note."""
    return _alike(_read_back(work, music), _tracks(work.music))


def write_tracks(work: Work, tracks: Sequence[KeptTrack], path: Path) -> None:
    """Tracks as a MIDI file over the plan's bars."""
    from generators.kept import KeptTracks
    from generators.music import SymbolicMusic
    from generators.rhythm.kept_music import music_of
    from v2m.midi import write_midi

    plan = work.plan
    if tracks:
        music = music_of(plan, KeptTracks(tuple(tracks), None))
    else:
        import symusic.core as core

        music = SymbolicMusic(core.ScoreSecond(480), (), plan.duration_s)
    write_midi(music, plan.grid, path, plan.sections)


def roles_of(work: Work, tracks: Sequence[KeptTrack]) -> list[str]:
    """What each track does in the plan's style."""
    from generators.kept import KeptTracks
    from generators.rhythm.band import read_band
    from generators.rhythm.kept_lineup import line_up
    from generators.style import load_style

    if not tracks:
        return []
    lineup = line_up(read_band(load_style(work.plan.style)), KeptTracks(tuple(tracks), None))
    return [voice.role for voice in lineup.voices]


def _tune(work: Work, tracks: Sequence[KeptTrack]) -> tuple[KeptTrack, ...]:
    return tuple(t for t, role in zip(tracks, roles_of(work, tracks), strict=True) if role == "melody")


def _others(work: Work, tracks: Sequence[KeptTrack]) -> tuple[KeptTrack, ...]:
    return tuple(t for t, role in zip(tracks, roles_of(work, tracks), strict=True) if role != "melody")


def _tracks(kept: KeptTracks | None) -> tuple[KeptTrack, ...]:
    return () if kept is None else kept.tracks


def _in_order(work: Work, tracks: Sequence[KeptTrack]) -> tuple[KeptTrack, ...]:
    """Tracks in the order in which the style names its voices; those that it does not know come last."""
    places = {name: place for place, name in enumerate(work.voices)}
    return tuple(sorted(tracks, key=lambda track: places.get(track.name, len(places))))


def _alike(one: Sequence[KeptTrack], other: Sequence[KeptTrack]) -> bool:
    """Whether two sets of tracks have the same notes."""
    a, b = ({t.name: t for t in tracks} for tracks in (one, other))
    columns = ("start_s", "duration_s", "pitch", "velocity")
    return a.keys() == b.keys() and all(
        np.array_equal(getattr(a[name], column), getattr(b[name], column)) for name in a for column in columns
    )


def _plan_key(work: Work, plan: Plan) -> object:
    return work.ledger.content("plan.json"), plan.seed, work.settings.keep_tracks


def _print(kept: KeptTracks) -> object:
    return tuple(
        (
            t.name,
            t.program,
            t.start_s.tobytes(),
            t.duration_s.tobytes(),
            t.pitch.tobytes(),
            t.velocity.tobytes(),
        )
        for t in kept.tracks
    )


def _runs(bars: Collection[int]) -> list[tuple[int, int]]:
    """First and last bar of each run of neighbours."""
    runs: list[tuple[int, int]] = []
    for bar in sorted(bars):
        if runs and bar == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], bar
        else:
            runs.append((bar, bar))
    return runs
