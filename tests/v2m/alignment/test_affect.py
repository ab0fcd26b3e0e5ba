"""How music feels: the published signs, cue by cue, in notes and in sound; and its fit with a picture."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.v2m.alignment.sounds import RATE, tone
from v2m.alignment import affect
from v2m.alignment.affect_model import NOTES, SOUND, Affect, Cue, feel
from v2m.alignment.affect_of_notes import affect_of_notes, cues_of_notes
from v2m.alignment.affect_of_sound import affect_of_sound, cues_of_sound
from v2m.alignment.notes import Notes
from v2m.alignment.onsets import detect_onsets
from v2m.alignment.spectra import chroma, timbre

MAJOR = ((60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67))
MINOR = ((60, 63, 67), (65, 68, 72), (67, 70, 74), (60, 63, 67))
SECONDS = 16


def piece(chords=MAJOR, *, step_s: float = 0.5, held: float = 1.0, velocity: int = 90, up: int = 0) -> Notes:
    """Chords in turn, one every `step_s`, each held for a share of it."""
    starts = np.arange(0.0, SECONDS, step_s)
    rows = [(s, s + held * step_s, p + up) for k, s in enumerate(starts) for p in chords[k % len(chords)]]
    start, end, pitch = (np.array(column) for column in zip(*rows, strict=True))
    count = len(rows)
    return Notes(start, end, pitch.astype(np.int64), np.full(count, velocity), np.zeros(count, bool))


def of_notes(**how) -> tuple[float, float]:
    felt = affect_of_notes(piece(**how), SECONDS)
    return float(felt.valence[4:-4].mean()), float(felt.arousal[4:-4].mean())


def played(
    chords=MAJOR, *, step_s: float = 0.5, level: float = 0.1, harmonics: int = 8, up: int = 0
) -> np.ndarray:
    """The same as sound, every chord dying away."""
    decay = np.exp(-np.arange(round(step_s * RATE)) / RATE / 0.4)
    bars = [tone(np.array(c) + up, step_s, level=level, harmonics=harmonics) * decay for c in chords]
    return np.concatenate([bars[k % len(bars)] for k in range(round(SECONDS / step_s))]).astype(np.float32)


def of_sound(**how) -> tuple[float, float]:
    samples = played(**how)
    felt = affect_of_sound(timbre(samples), chroma(samples), detect_onsets(samples), float(SECONDS))
    assert len(felt) == SECONDS
    assert np.isnan(felt.tension).all()
    return float(felt.valence[4:-4].mean()), float(felt.arousal[4:-4].mean())


@pytest.mark.parametrize("read", [of_notes, of_sound])
def test_signs_in_notes_and_in_sound(read) -> None:
    valence, arousal = read()
    minor, faster, higher = read(chords=MINOR), read(step_s=0.2), read(up=12)
    assert minor[0] < valence - 0.2
    assert minor[1] == pytest.approx(arousal, abs=0.1)
    assert faster[1] > arousal + 0.1
    assert faster[0] > valence
    assert higher[0] > valence
    # Mode outweighs tempo: fast minor music stays below slow major music.
    assert read(chords=MINOR, step_s=0.25)[0] < valence


def test_loud_and_detached_notes_stir() -> None:
    _, arousal = of_notes()
    assert of_notes(velocity=110)[1] > arousal + 0.2
    assert of_notes(velocity=60)[1] < arousal - 0.2
    assert arousal < of_notes(held=0.2)[1]


def test_loud_and_bright_sound_stirs() -> None:
    _, arousal = of_sound()
    assert of_sound(level=0.3)[1] > arousal + 0.1
    assert of_sound(level=0.03)[1] < arousal - 0.1
    assert of_sound(harmonics=3)[1] < arousal


def test_affect_follows_within_a_piece() -> None:
    """A minor, slow and soft first half, then a major, fast and loud one: second by second."""
    first, second = piece(MINOR, velocity=50), piece(MAJOR, step_s=0.25, velocity=110)
    joined = Notes(
        *(
            np.concatenate([a, b + SECONDS if name.endswith("_s") else b])
            for (name, a), b in zip(vars(first).items(), vars(second).values(), strict=True)
        )
    )
    felt = affect_of_notes(joined, 2 * SECONDS)
    assert felt.valence[: SECONDS - 4].max() < felt.valence[SECONDS + 4 :].min()
    assert felt.arousal[: SECONDS - 2].max() < felt.arousal[SECONDS + 2 :].min()
    picture = np.repeat([-0.5, 0.4], SECONDS) + np.linspace(0, 0.01, 2 * SECONDS)
    scored = {m.name: m for m in affect.evaluate(notes=felt, valence=picture, arousal=picture)}
    assert set(scored) == {"valence_midi", "arousal_midi"}
    for measure in scored.values():
        assert measure.task == "affect"
        assert measure.score > 0.6
        assert measure.chance.gain > 0.5
        assert measure.chance.p_value <= 0.05
        assert math.isnan(measure.chance.lift)


def test_tension_is_of_the_harmony() -> None:
    calm, tense = piece(((60, 64, 67),)), piece(((60, 64, 67), (66, 70, 73)))
    assert (
        affect_of_notes(tense, SECONDS).tension.mean() > affect_of_notes(calm, SECONDS).tension.mean() + 0.1
    )


def test_silence_feels_like_nothing() -> None:
    silent = np.zeros(9 * RATE, np.float32)
    of_silence = affect_of_sound(timbre(silent), chroma(silent), [], 9.0)
    assert np.isnan(of_silence.valence).all()
    assert np.isnan(of_silence.arousal).all()
    none = affect_of_notes(piece().only(np.zeros(len(piece()), bool)), 9)
    assert np.isnan(none.arousal).all()
    # A rest in the middle.
    rest = piece()
    rest = rest.only((rest.start_s < 4) | (rest.start_s >= 12))
    felt = affect_of_notes(rest, SECONDS)
    assert np.isnan(felt.valence[6:10]).all()
    assert not np.isnan(felt.valence[[2, 14]]).any()
    (scored,) = affect.evaluate(notes=none, arousal=np.arange(9.0))
    assert math.isnan(scored.score)
    assert scored.note


def test_drums_stir_but_have_no_mode() -> None:
    drums = piece(step_s=0.25)
    drums = Notes(drums.start_s, drums.end_s, drums.pitch, drums.velocity, np.ones(len(drums), bool))
    cues = cues_of_notes(drums, SECONDS)
    assert np.isnan(cues["majorness"]).all()
    assert np.isnan(cues["register"]).all()
    assert cues["rate"] == pytest.approx(np.full(SECONDS, math.log2(5)), abs=1e-9)
    assert not np.isnan(affect_of_notes(drums, SECONDS).arousal).any()


def test_a_chord_is_one_event() -> None:
    assert cues_of_notes(piece(), SECONDS)["rate"][4] == pytest.approx(math.log2(3))
    assert cues_of_notes(piece(((60,),)), SECONDS)["rate"][4] == pytest.approx(math.log2(3))


def test_cues_of_sound_are_what_they_say() -> None:
    samples = played()
    cues = cues_of_sound(timbre(samples), chroma(samples), detect_onsets(samples), float(SECONDS))
    assert set(cues) == set(SOUND)
    assert cues["rate"][5] == pytest.approx(math.log2(3), abs=0.01)
    assert 2 ** cues["bright"][5] == pytest.approx(timbre(samples).centroid_hz[100:120].mean(), rel=0.3)
    assert cues["register"][5] == pytest.approx(72, abs=8)


def test_correspondence_turns_the_chords() -> None:
    sure = np.full((40, 6), 0.02)
    sure[:20, 0] = sure[20:, 3] = 0.9  # exciting, then sad
    chords = ["maj"] * 20 + ["min"] * 20
    from_sound, from_notes = affect.evaluate(emotions=sure, qualities=chords, qualities_midi=chords[::-1])
    assert (from_sound.name, from_sound.score, from_sound.count) == ("correspondence", 1.0, 40)
    assert from_sound.chance.mean == pytest.approx(0.5, abs=0.15)
    assert from_sound.chance.lift > 1.5
    assert (from_notes.name, from_notes.score) == ("correspondence_midi", 0.0)
    (unsure,) = affect.evaluate(emotions=np.full((9, 6), 1 / 6), qualities=["maj"] * 9)
    assert math.isnan(unsure.score)
    assert "certain" in unsure.note
    assert affect.evaluate(emotions=sure, qualities=chords, shifts=0)[0].chance is None


def test_what_does_not_belong_together_is_refused() -> None:
    felt = affect_of_notes(piece(), SECONDS)
    with pytest.raises(ValueError, match="seconds"):
        affect.evaluate(notes=felt, valence=np.zeros(SECONDS + 1))
    with pytest.raises(ValueError, match="at least one second"):
        affect_of_notes(piece(), 0)
    with pytest.raises(ValueError, match="one length"):
        Affect(np.zeros(3), np.zeros(2), np.zeros(3), "")
    with pytest.raises(ValueError, match="deviation"):
        Cue(0.0, 0.0)
    cues = dict(cues_of_notes(piece(), SECONDS))
    with pytest.raises(ValueError, match="asks for"):
        feel(cues, SOUND, "valence")
    cues["rate"] = cues["rate"][:3]
    with pytest.raises(ValueError, match="one length"):
        feel(cues, NOTES, "valence")
    assert affect.evaluate(notes=felt) == ()
