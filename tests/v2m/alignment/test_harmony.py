"""Chords, keys and tension from pitch classes: every chord named, every key found, tension in its order."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.v2m.alignment.sounds import tone
from v2m.alignment import affect, chord_quality, tension, tonality
from v2m.alignment.chord_quality import EMOTIONS, QUALITIES, affective_correspondence
from v2m.alignment.notes import Notes, pitch_classes, sounding
from v2m.alignment.spectra import chroma

C_MAJOR, A_MINOR = 0, 12 + 9


def profile(*classes: int) -> np.ndarray:
    row = np.zeros((1, 12))
    row[0, list(classes)] = 1.0
    return row


def notes(*rows: tuple[float, float, int], drum: bool = False) -> Notes:
    start, end, pitch = (np.array(column) for column in zip(*rows, strict=True))
    return Notes(
        start.astype(float),
        end.astype(float),
        pitch.astype(np.int64),
        np.full(len(rows), 80),
        np.full(len(rows), drum),
    )


# Chords


@pytest.mark.parametrize("quality", QUALITIES)
def test_every_chord_is_named_from_its_notes(quality: str) -> None:
    for root in range(12):
        played = notes((0, 1, 36 + root), *((0, 1, 60 + root + step) for step in QUALITIES[quality]))
        roots, names = chord_quality.chords(*pitch_classes(played, 1))
        assert (roots[0], names[0]) == (root, quality)


@pytest.mark.parametrize("quality", QUALITIES)
def test_every_chord_is_named_from_its_sound(quality: str) -> None:
    for root in (0, 5, 10):
        found = chroma(
            tone([36 + root, *(60 + root + step for step in QUALITIES[quality])], 1.0, harmonics=5)
        )
        roots, names = chord_quality.chords(found.whole.mean(0)[None], found.bass.mean(0)[None])
        assert (roots[0], names[0]) == (root, quality)


def test_silence_and_noise_are_no_chord() -> None:
    nothing = np.zeros((1, 12))
    assert chord_quality.chords(nothing, nothing)[1] == ("N",)
    assert chord_quality.chords(nothing, nothing)[0].tolist() == [-1]
    assert chord_quality.chords(profile(0), profile(0))[1] == ("N",)


def certain(emotion: str, chance: float = 0.9) -> list[float]:
    row = [(1 - chance) / 5] * 6
    row[EMOTIONS.index(emotion)] = chance
    return row


def test_affective_correspondence_by_hand() -> None:
    emotions = [
        certain("exciting"),  # 7 is allowed
        certain("fearful"),  # maj is not
        certain("sad", 0.79),  # not certain
        certain("neutral"),  # does not count
        certain("relaxing", 0.8),  # maj7 is allowed, and the edge counts
        certain("tense"),  # no chord is not allowed
    ]
    chords = ["7", "maj", "min", "maj", "maj7", "N"]
    assert affective_correspondence(emotions, chords) == pytest.approx(2 / 4)
    assert affective_correspondence(emotions, chords, certain=0.75) == pytest.approx(3 / 5)
    assert math.isnan(affective_correspondence([certain("neutral")], ["maj"]))
    with pytest.warns(UserWarning, match="no second"):
        assert math.isnan(affective_correspondence(np.zeros((0, 6)), []))


@pytest.mark.parametrize(
    ("emotions", "chords", "words"),
    [
        (np.zeros((1, 5)), ["maj"], "T, 6"),
        (np.zeros((2, 6)), ["maj"], "as many"),
        (np.full((1, 6), 1.2), ["maj"], "between 0 and 1"),
        (np.full((1, 6), np.nan), ["maj"], "between 0 and 1"),
        (np.zeros((1, 6)), ["major"], "none of"),
    ],
)
def test_what_cannot_correspond_is_refused(emotions, chords, words) -> None:
    with pytest.raises(ValueError, match=words):
        affective_correspondence(emotions, chords)


@pytest.mark.skipif("V2M_DATA" not in os.environ, reason="V2M_DATA names no folder of reference data")
def test_the_corpus_of_video2music_is_read_by_its_own_qualities() -> None:
    """Real music videos' own chords correspond hardly more than the same chords turned in time."""
    folder = Path(os.environ["V2M_DATA"]) / "muvi_sync"
    table = json.loads((folder / "chords.json").read_text())
    features = np.load(folder / "features.npz", allow_pickle=False)
    ids, bounds, emotion = features["ids"].tolist(), features["emotion_bounds"], features["emotion"]
    gains = []
    for clip in table["split"]["test"]:
        first, last = bounds[ids.index(clip) : ids.index(clip) + 2]
        symbols = table["clips"][clip]["chords"][: last - first]
        chances = emotion[first : first + len(symbols)].astype(np.float64)
        # A bare root is a major chord.
        names = [symbol if symbol == "N" else (symbol + ":maj").split(":")[1] for symbol in symbols]
        (found,) = affect.evaluate(emotions=np.clip(chances, 0, 1), qualities=names, shifts=20)
        if found.chance is not None:
            assert 0.0 <= found.score <= 1.0
            gains.append(found.chance.gain)
    assert len(gains) > 20
    assert abs(float(np.mean(gains))) < 0.05


# Keys


def test_every_scale_is_found_in_its_key() -> None:
    major = np.array([tonality.MAJOR_PROFILE])
    minor = np.array([tonality.MINOR_PROFILE])
    for tonic in range(12):
        rows = np.concatenate([np.roll(major, tonic), np.roll(minor, tonic)])
        assert tonality.keys_over_time(rows).tolist() == [tonic, 12 + tonic]
        strengths = tonality.key_strengths(rows)
        assert [strengths[0, tonic], strengths[1, 12 + tonic]] == pytest.approx([1.0, 1.0])
    # C, F, G and C are in C major; Am, Dm, E and Am in A minor.
    cadence = sum(profile(*c) for c in ((0, 4, 7), (5, 9, 0), (7, 11, 2), (0, 4, 7)))
    assert tonality.keys_over_time(cadence).tolist() == [C_MAJOR]
    cadence = sum(profile(*c) for c in ((9, 0, 4), (2, 5, 9), (4, 8, 11), (9, 0, 4)))
    assert tonality.keys_over_time(cadence).tolist() == [A_MINOR]


def test_majorness_turns_its_sign_with_the_third() -> None:
    (major,), (minor,) = tonality.majorness(profile(0, 4, 7)), tonality.majorness(profile(0, 3, 7))
    assert major > 0.05
    assert minor < -0.05
    assert math.isnan(tonality.majorness(np.zeros((1, 12)))[0])
    assert tonality.key_strengths(np.ones((1, 12))) == pytest.approx(np.zeros((1, 24)))


def test_a_context_is_summed_around_each_step() -> None:
    assert tonality.over_context(np.arange(5.0), 3).tolist() == [1, 3, 6, 9, 7]
    assert tonality.over_context(np.arange(5.0), 1).tolist() == [0, 1, 2, 3, 4]
    assert tonality.over_context(np.ones((4, 12)), 9).sum() == 4 * 4 * 12
    with pytest.raises(ValueError, match="at least one"):
        tonality.over_context(np.ones(3), 0)


# Tension


def test_what_belongs_together_lies_near_in_the_spiral_array() -> None:
    def apart(a, b):
        return float(np.linalg.norm(a - b))

    fifth, third = apart(tension.pitch(0), tension.pitch(1)), apart(tension.pitch(0), tension.pitch(4))
    # Chew's calibration: a fifth and a major third are equally near, and nearer than a minor third.
    assert fifth == pytest.approx(third, abs=1e-9)
    assert fifth < apart(tension.pitch(0), tension.pitch(-3)) < apart(tension.pitch(0), tension.pitch(2))
    home = tension.major_key(0)
    chords = [apart(tension.major_chord(k), home) for k in (0, 1, 2, 3, 6)]
    assert chords == sorted(chords)


def test_tension_rises_from_the_tonic_to_the_tritone() -> None:
    key = np.array([C_MAJOR])

    def of(*classes: int) -> float:
        return float(tension.tension(profile(*classes), key)[0])

    tonic, subdominant, seventh, tritone = of(0, 4, 7), of(5, 9, 0), of(7, 11, 2, 5), of(6, 10, 1)
    assert tonic < subdominant < seventh < tritone <= 1.0
    assert of(11, 2, 5, 8) > of(11, 2, 5) > tonic
    # The same chord is at rest in its own key.
    assert float(tension.tension(profile(6, 10, 1), np.array([6]))[0]) == pytest.approx(tonic)
    assert float(tension.tension(profile(9, 0, 4), np.array([A_MINOR]))[0]) < of(9, 0, 4)
    assert math.isnan(of())
    assert float(tension.cloud_diameter(profile(0), key)[0]) == 0.0


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 11), min_size=1), st.integers(0, 23), st.integers(0, 11))
def test_tension_does_not_depend_on_where_the_key_lies(classes, key, by) -> None:
    moved = 12 * (key // 12) + (key + by) % 12
    here = tension.tension(profile(*classes), np.array([key]))
    there = tension.tension(np.roll(profile(*classes), by), np.array([moved]))
    assert there == pytest.approx(here, abs=1e-12)
    assert 0.0 <= here[0] <= 1.0


@pytest.mark.parametrize(
    "bad", [np.zeros(12), np.zeros((2, 11)), np.full((1, 12), -1.0), np.full((1, 12), np.nan)]
)
def test_what_is_no_profile_is_refused(bad) -> None:
    for read in (tonality.key_strengths, lambda p: chord_quality.chords(p, p)):
        with pytest.raises(ValueError, match="profiles"):
            read(bad)


def test_what_else_is_refused() -> None:
    with pytest.raises(ValueError, match="key"):
        tension.tension(profile(0), np.array([24]))
    with pytest.raises(ValueError, match="as many"):
        chord_quality.chords(profile(0), np.zeros((2, 12)))


# Notes


def test_notes_sound_for_their_length_in_each_second() -> None:
    played = notes((0.5, 2.25, 60), (1.0, 1.0, 64), (9.0, 11.0, 67))
    note, step, held = sounding(played, 10)
    assert note.tolist() == [0, 0, 0, 1, 2]
    assert step.tolist() == [0, 1, 2, 1, 9]
    assert held == pytest.approx([0.5, 1.0, 0.25, 0.0, 1.0])
    whole, bass = pitch_classes(notes((0, 2, 40), (0, 1, 64), (0, 1, 67)), 2)
    assert whole[:, [4, 7]].tolist() == [[2, 1], [1, 0]]
    assert bass[:, 4].tolist() == [1, 1]
    assert bass[0].sum() == 1
    assert not pitch_classes(notes((0, 1, 36), drum=True), 1)[0].any()


def test_notes_come_from_scores_and_refuse_what_is_none() -> None:
    import symusic

    score = symusic.Score(480)
    for program, drum, pitch in ((0, False, 60), (0, True, 38)):
        track = symusic.Track("x", program, drum)
        track.notes.append(symusic.Note(480, 240, pitch, 90))
        score.tracks.append(track)
    read = Notes.of_score(score.to("second"))
    assert read.start_s == pytest.approx([0.5, 0.5])
    assert read.end_s == pytest.approx([0.75, 0.75])
    assert read.is_drum.tolist() == [False, True]
    assert read.pitched().pitch.tolist() == [60]
    assert len(Notes.of_score(symusic.Score(480).to("second"))) == 0
    for change, words in (
        ({"end_s": np.array([-1.0])}, "ends? before"),
        ({"start_s": np.array([np.nan])}, "finite"),
        ({"pitch": np.array([128])}, "pitch"),
        ({"velocity": np.array([-1])}, "velocity"),
        ({"is_drum": np.zeros(2, bool)}, "one length"),
    ):
        good = vars(notes((0.0, 1.0, 60)))
        with pytest.raises(ValueError, match=words):
            Notes(**{**good, **change})
