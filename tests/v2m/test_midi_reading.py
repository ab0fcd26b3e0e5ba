"""MIDI files that other programs write: notes at their ticks, bars, channels, and what is refused."""

from __future__ import annotations

import random
from pathlib import Path

import mido
import numpy as np
import pytest

from encoders.errors import V2MError
from tests.v2m import midi_by_hand as by_hand
from tests.v2m.songs import band
from tests.v2m.test_midi import breathing_grid
from v2m.alignment.piece import PieceError, read_midi
from v2m.midi import MidiError, write_midi
from v2m.midi_reading import read_tracks


def test_a_file_of_ours_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Through a tempo that moves in every bar: seconds, bars, metres, names, programs."""
    song, grid = band(30.0), breathing_grid()
    kept = read_tracks(write_midi(song, grid, tmp_path / "song.mid"))
    assert [t.name for t in kept.tracks] == [v.name for v in song.voices]
    for track, voice, source in zip(kept.tracks, song.voices, song.score.tracks, strict=True):
        assert (track.is_drum, track.program) == (voice.is_drum, 0 if voice.is_drum else voice.program)
        notes = source.notes.numpy()
        for ours, theirs in (
            (track.start_s, notes["time"]),
            (track.end_s, notes["time"] + notes["duration"]),
        ):
            assert np.abs(np.sort(ours) - np.sort(theirs)).max() < 0.0006
    assert kept.grid is not None
    n = len(kept.grid.bars)
    assert [bar.beats for bar in kept.grid.bars] == [bar.beats for bar in grid.bars][:n]
    assert [bar.slots_per_beat for bar in kept.grid.bars] == [bar.slots_per_beat for bar in grid.bars][:n]
    # The short bar before the first downbeat is none of the grid.
    assert np.abs(kept.grid.downbeats_s - grid.downbeats_s[:n]).max() < 1e-5


@pytest.mark.parametrize(
    ("metre", "beats", "slots", "beat_s"),
    [
        ((4, 4), 4, 4, 0.6),
        ((3, 4), 3, 4, 0.6),
        ((2, 2), 4, 4, 0.6),
        ((6, 8), 2, 3, 0.9),
        ((12, 8), 4, 3, 0.9),
    ],
)
def test_bars_are_those_of_the_metre(
    tmp_path: Path, metre: tuple[int, int], beats: int, slots: int, beat_s: float
) -> None:
    path = by_hand.write(tmp_path / "a.mid", [by_hand.chords(6)], bpm=100.0, metre=metre)
    grid = read_tracks(path).grid
    assert grid is not None
    assert {(bar.beats, bar.slots_per_beat) for bar in grid.bars} == {(beats, slots)}
    assert np.allclose(np.diff(grid.beats_s), beat_s)


@pytest.mark.parametrize(
    ("bpm", "metre"), [(104.0, (5, 16)), (20.0, (4, 4)), (400.0, (4, 4)), (104.0, (17, 4))]
)
def test_what_is_not_counted_in_beats_has_notes_and_no_bars(
    tmp_path: Path, bpm: float, metre: tuple[int, int]
) -> None:
    kept = read_tracks(by_hand.write(tmp_path / "a.mid", [by_hand.chords(3)], bpm=bpm, metre=metre))
    assert kept.grid is None
    assert len(kept.tracks[0].start_s) == 18


def test_channels_of_one_track_are_tracks(tmp_path: Path) -> None:
    """Format 0, without a tempo or a metre: 120 bpm in 4/4, as the standard has it."""
    lines = [by_hand.chords(2), by_hand.tune(2), by_hand.kit(2)]
    kept = read_tracks(by_hand.write(tmp_path / "a.mid", lines, bpm=None, metre=None, type_=0))
    assert sorted((t.program, t.is_drum, len(t.start_s)) for t in kept.tracks) == [
        (0, True, 26),
        (4, False, 12),
        (73, False, 8),
    ]
    assert kept.grid is not None
    assert np.allclose(np.diff(kept.grid.beats_s), 0.5)


def test_notes_that_nobody_ends_end_with_the_track(tmp_path: Path) -> None:
    track = mido.MidiTrack(
        [
            mido.Message("note_on", note=60, velocity=80, time=0),
            mido.Message("note_on", note=64, velocity=80, time=480),
            mido.Message("note_on", note=64, velocity=0, time=480),
        ]
    )
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(tmp_path / "a.mid")
    (kept,) = read_tracks(tmp_path / "a.mid").tracks
    assert kept.start_s.tolist() == [0.0, 0.5]
    assert kept.end_s.tolist() == [1.0, 1.0]


def test_controllers_and_names_come_along(tmp_path: Path) -> None:
    line = by_hand.Line("Flûte", 1, 73, by_hand.tune(2).rows)
    path = by_hand.write(
        tmp_path / "a.mid", [line], controls={"Flûte": [(0, 10, 30), (2, 64, 127), (3, 64, 0)]}
    )
    (kept,) = read_tracks(path).tracks
    assert kept.name == "Flûte"
    beat_s = 60 / by_hand.BPM
    said = [(round(c.time_s / beat_s, 3), c.number, c.value) for c in kept.controls]
    assert said == [(0.0, 10, 30), (2.0, 64, 127), (3.0, 64, 0)]
    assert kept.setting(10) == 30


def test_a_damaged_file_is_one_line_and_never_a_crash(tmp_path: Path) -> None:
    good = by_hand.write(tmp_path / "good.mid", [by_hand.chords(4), by_hand.kit(4)]).read_bytes()
    path, chance = tmp_path / "bad.mid", random.Random(1)
    kept: list[str] = []
    scored: list[str] = []
    for i in range(120):
        data = bytearray(good[: chance.randrange(1, len(good))] if i % 2 else good)
        for _ in range(chance.randrange(1, 30)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        for read, said in ((read_tracks, kept), (read_midi, scored)):
            try:
                read(path)
            except V2MError as error:
                said.append(str(error))
    assert len(kept) > 60
    assert len(scored) > 60
    assert all(line.startswith(f"{path}: ") and "\n" not in line for line in kept + scored)


def test_bars_of_a_tick_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("time_signature", numerator=1, denominator=2**14))
    track.append(mido.Message("note_on", note=60, velocity=90))
    track.append(mido.Message("note_off", note=60, time=2**27))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(tmp_path / "ticks.mid")
    with pytest.raises(PieceError, match="beats: damaged"):
        read_midi(tmp_path / "ticks.mid")


def test_what_is_no_music_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    path.write_text("Dear diary, today I wrote a song.\n" * 30)
    with pytest.raises(MidiError, match="cannot be read as MIDI"):
        read_tracks(path)
    with pytest.raises(MidiError, match="No such file"):
        read_tracks(tmp_path / "none.mid")
    with pytest.raises(MidiError, match="Is a directory"):
        read_tracks(tmp_path)
    with pytest.raises(MidiError, match="holds no note"):
        read_tracks(by_hand.write(path, []))
    frames = bytearray(by_hand.write(path, [by_hand.chords(1)]).read_bytes())
    frames[12:14] = b"\xe7\x28"
    path.write_bytes(frames)
    with pytest.raises(MidiError, match="without beats"):
        read_tracks(path)
