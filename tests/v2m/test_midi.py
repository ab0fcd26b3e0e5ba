"""The MIDI file: notes at the same seconds, bars on the plan's bars."""

import numpy as np
import pretty_midi
import pytest
import symusic

from generators.form import Section
from generators.grid import Bar, BeatGrid
from generators.key import Key
from tests.v2m.songs import band
from v2m.midi import TICKS_PER_QUARTER, MidiError, tempo_map, write_midi


def breathing_grid(start_s: float = 0.37, bars: int = 16) -> BeatGrid:
    """Tempo that moves in every bar, two bars of three, two compound."""
    made, now = [], start_s
    for i in range(bars):
        beats = []
        for _ in range(3 if i in (5, 6) else 4):
            beats.append(now)
            now += 0.53 * (1 + 0.04 * np.sin(i))
        made.append(Bar(tuple(beats), 3 if i in (8, 9) else 4))
    return BeatGrid(tuple(made), now)


SECTIONS = (
    Section("A", "theme", 0, 8, 0, Key(9, "minor"), 0.5),
    Section("A", "theme", 8, 16, 1, Key(2, "major"), 0.5),
)


@pytest.mark.parametrize("start_s", [0.0, 0.0004, 0.02, 0.37, 2.9])
def test_notes_land_at_the_same_seconds(tmp_path, start_s):
    song = band(30.0)
    path = write_midi(song, breathing_grid(start_s), tmp_path / "song.mid", SECTIONS)
    read = pretty_midi.PrettyMIDI(str(path))
    assert [i.name for i in read.instruments] == [v.name for v in song.voices]
    for voice, track, back in zip(song.voices, song.score.tracks, read.instruments, strict=True):
        assert back.is_drum == voice.is_drum
        assert voice.is_drum or back.program == voice.program
        ours = sorted((round(n.time, 3), n.pitch, n.time, n.end, n.velocity) for n in track.notes)
        theirs = sorted((round(n.start, 3), n.pitch, n.start, n.end, n.velocity) for n in back.notes)
        assert len(ours) == len(theirs)
        assert sorted((p, v) for _, p, _, _, v in ours) == sorted((p, v) for _, p, _, _, v in theirs)
        for column in (2, 3):
            pair = [np.sort([row[column] for row in rows]) for rows in (ours, theirs)]
            assert np.abs(pair[0] - pair[1]).max() < 0.002


@pytest.mark.parametrize("start_s", [0.0, 0.37])
def test_bars_of_a_workstation_are_the_plans_bars(tmp_path, start_s):
    grid = breathing_grid(start_s)
    path = write_midi(band(30.0), grid, tmp_path / "song.mid")
    downbeats = pretty_midi.PrettyMIDI(str(path)).get_downbeats()
    for expected in grid.downbeats_s[: np.searchsorted(grid.downbeats_s, 29.0)]:
        assert np.abs(downbeats - expected).min() < 0.002


def test_rounded_tempi_do_not_drift_in_an_hour():
    beats = 60 / 127.3 * np.arange(4 * 1910)
    bars = tuple(Bar(tuple(beats[i : i + 4])) for i in range(0, len(beats), 4))
    grid = BeatGrid(bars, float(beats[-1] + 60 / 127.3))
    assert grid.end_s > 3600
    assert np.abs(tempo_map(grid).times_s - grid.knots_s).max() < 1e-6


def test_sections_metres_and_keys_are_written(tmp_path):
    path = write_midi(band(30.0), breathing_grid(), tmp_path / "song.mid", SECTIONS)
    score = symusic.Score(str(path))
    ticks = tempo_map(breathing_grid()).bar_ticks
    assert [(m.text, m.time) for m in score.markers] == [("A", ticks[0]), ("A'", ticks[8])]
    assert [(t.numerator, t.denominator) for t in score.time_signatures][1:] == [
        (4, 4),
        (3, 4),
        (4, 4),
        (12, 8),
        (4, 4),
    ]
    assert [(k.key, k.tonality) for k in score.key_signatures] == [(0, 1), (2, 0)]


def test_a_grid_before_the_clip_or_a_missing_folder_is_one_line(tmp_path):
    grid = BeatGrid((Bar((-0.5, 0.0, 0.5, 1.0)),), 1.5)
    with pytest.raises(MidiError, match="before the clip"):
        write_midi(band(5.0), grid, tmp_path / "a.mid")
    with pytest.raises(MidiError, match="cannot be written"):
        write_midi(band(5.0), breathing_grid(), tmp_path / "missing" / "a.mid")
    assert not list(tmp_path.iterdir())


def test_a_bar_of_three_eighths_is_written_as_one_and_keeps_the_tempo():
    beats_s = [0.5 * k for k in range(4)]
    grid = BeatGrid(
        (Bar(tuple(beats_s)), Bar((2.0,), 6), Bar(tuple(2.75 + t for t in beats_s))),
        4.75,
    )
    tempi = tempo_map(grid)
    assert [metre[1:] for metre in tempi.metres] == [(4, 4), (3, 8), (4, 4)]
    assert np.diff(tempi.bar_ticks).tolist() == [
        4 * TICKS_PER_QUARTER,
        TICKS_PER_QUARTER * 3 // 2,
        4 * TICKS_PER_QUARTER,
    ]
    assert set(tempi.mspq.tolist()) == {500_000}
