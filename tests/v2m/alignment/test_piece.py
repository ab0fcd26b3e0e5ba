from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from symusic import core

from tests.generators.plans import film
from tests.v2m.alignment.pieces import piece, song
from v2m.alignment.piece import PieceError, from_music, make_piece, read_midi, settled
from v2m.midi import MidiError


def test_notes_are_put_in_order_and_find_their_slot_and_bar() -> None:
    made = piece([(4.0, 1.0, 62), (0.02, 1.0, 60), (3.97, 1.0, 64), (-0.5, 0.5, 59)], beats=8)
    assert made.pitch.tolist() == [59, 60, 64, 62]
    assert made.slot.tolist() == [-2, 0, 16, 16]
    # A note a little early for the second bar's downbeat is in the second bar; the upbeat is in none.
    assert made.bar.tolist() == [-1, 0, 1, 1]


def test_beats_and_seconds_are_inverse_where_the_tempo_changes() -> None:
    beats = np.array([0.0, 0.5, 1.2, 1.6])
    made = make_piece([], [], [], beats_s=beats, downbeats_s=[0.0], end_s=2.6)
    at = np.array([-1.0, 0.0, 0.25, 1.5, 2.9, 4.5])
    assert made.beat_at(made.time_at(at)) == pytest.approx(at)
    assert made.time_at(np.array([1.5, 3.5])) == pytest.approx([0.85, 2.1])


def test_an_excerpt_is_a_piece_of_its_own_that_begins_at_0() -> None:
    made = piece([(0, 1, 60), (4, 8, 62), (7.9, 1, 64), (9, 1, 65)], beats=12)
    part = made.excerpt(1, 2)
    assert (part.bars, part.length_s) == (1, 2.0)
    assert part.pitch.tolist() == [62]  # the note just before the next downbeat belongs to that one
    assert part.start_s[0] + part.duration_s[0] == pytest.approx(2.0)  # what rings on is cut
    with pytest.raises(PieceError, match="are not among"):
        made.excerpt(2, 4)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"duration_s": [0.5]}, "one length"),
        ({"duration_s": [0.5, 0.0]}, "needs a length"),
        ({"start_s": [0.0, np.nan]}, "finite"),
        ({"pitch": [60, 128]}, "between 0 and 127"),
        ({"beats_s": [0.0, 0.5, 0.5, 1.5]}, "must increase"),
        ({"beats_s": []}, "at least one beat"),
        ({"downbeats_s": [0.25]}, "one of the beats"),
        ({"downbeats_s": []}, "at least one bar"),
        ({"end_s": 1.0}, "must increase"),
    ],
)
def test_a_piece_that_contradicts_itself_is_refused(change: dict[str, object], says: str) -> None:
    whole: dict[str, object] = {
        "start_s": [0.0, 1.0],
        "duration_s": [0.5, 0.5],
        "pitch": [60, 62],
        "beats_s": [0.0, 0.5, 1.0, 1.5],
        "downbeats_s": [0.0],
        "end_s": 2.0,
    }
    with pytest.raises(PieceError, match=says):
        make_piece(**{**whole, **change})  # type: ignore[arg-type]


def test_a_generators_music_stands_in_its_plans_bars() -> None:
    from generators.rhythm import compose

    plan = film()
    made = from_music(compose(plan), plan.grid)
    assert made.downbeats_s.tolist() == plan.grid.downbeats_s.tolist()
    assert made.is_drum.any()
    assert made.is_melody.any()
    # The ensemble plays on the grid, however early it has to begin for that.
    off = np.abs(made.start_beat * 4 - made.slot)
    assert np.median(off) < 0.1
    assert np.mean(off < 0.3) > 0.9


def test_a_common_lead_over_the_grid_is_taken_off_and_disorder_is_left() -> None:
    rows = [(k / 4, 0.25, 60 + k % 5) for k in range(64)]
    even, early = piece(rows, beats=16), piece([(at - 0.1, length, p) for at, length, p in rows], beats=16)
    assert settled(early).start_s == pytest.approx(even.start_s)
    assert settled(early).bar.tolist() == even.bar.tolist()
    rng = np.random.default_rng(0)
    anywhere = piece([(at, 0.2, 60) for at in rng.uniform(0, 16, 200)], beats=16)
    assert settled(anywhere).start_s is anywhere.start_s


def test_a_midi_file_is_read_with_its_metres_and_tempi(tmp_path: Path) -> None:
    score = core.ScoreTick(480)
    score.tempos.append(core.TempoTick(0, mspq=500_000))
    score.tempos.append(core.TempoTick(1440, mspq=1_000_000))
    score.time_signatures.append(core.TimeSignatureTick(0, 3, 4))
    score.time_signatures.append(core.TimeSignatureTick(1440, 6, 8))
    tune = core.TrackTick("Melody", 73, False)
    tune.notes.append(core.NoteTick(0, 480, 72, 90))
    tune.notes.append(core.NoteTick(1440 + 720, 720, 74, 90))
    drums = core.TrackTick("Drums", 0, True)
    drums.notes.append(core.NoteTick(0, 120, 36, 90))
    score.tracks.append(tune)
    score.tracks.append(drums)
    path = tmp_path / "two_metres.mid"
    path.write_bytes(score.dumps_midi())
    made = read_midi(path)
    # A bar of 3/4 at 120, then a bar of 6/8 (two dotted beats) at 60 quarters a minute.
    assert made.beats_s == pytest.approx([0.0, 0.5, 1.0, 1.5, 3.0])
    assert made.downbeats_s == pytest.approx([0.0, 1.5])
    assert made.end_s == pytest.approx(4.5)
    assert made.start_s == pytest.approx([0.0, 0.0, 3.0])
    assert made.is_drum.tolist() == [True, False, False]
    assert made.is_melody.tolist() == [False, True, True]


def test_what_is_not_midi_is_said_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "notes.mid"
    text.write_text("do re mi")
    empty = tmp_path / "empty.mid"
    empty.write_bytes(core.ScoreTick(480).dumps_midi())
    for path, says in (
        (text, "cannot be read as MIDI"),
        (empty, "holds no note"),
        (tmp_path / "no", "cannot"),
    ):
        with pytest.raises(MidiError, match=says) as caught:
            read_midi(path)
        assert "\n" not in str(caught.value)


def test_a_song_is_the_same_piece_after_midi(tmp_path: Path) -> None:
    made = song(8)
    score = core.ScoreTick(480)
    score.tempos.append(core.TempoTick(0, mspq=500_000))
    for name, which in (("Melody", made.is_melody), ("Chords", ~made.is_melody)):
        track = core.TrackTick(name, 0, False)
        for start, length, pitch in zip(
            made.start_beat[which], made.duration_s[which] / 0.5, made.pitch[which], strict=True
        ):
            track.notes.append(core.NoteTick(round(start * 480), round(length * 480), int(pitch), 80))
        score.tracks.append(track)
    path = tmp_path / "song.mid"
    path.write_bytes(score.dumps_midi())
    back = read_midi(path)
    assert back.pitch.tolist() == made.pitch.tolist()
    assert back.start_s == pytest.approx(made.start_s, abs=1e-5)
    assert back.downbeats_s == pytest.approx(made.downbeats_s)
    assert back.is_melody.sum() == made.is_melody.sum()
