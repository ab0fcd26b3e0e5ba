"""Percussion: what falls, what rings, what chokes, and that no stroke is the one before."""

import itertools

import numpy as np
import pytest

from tests.v2m.synth.notes import RATE, level_db, note
from v2m.synth.errors import SynthError
from v2m.synth.library import load, patch_names

KITS = tuple(name for name in patch_names() if name.startswith("kit"))
GENERAL_MIDI = range(35, 82)


def band_db(sound: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Share of the power in a band, decibels."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(sound.shape[-1], 1 / RATE)
    return float(10 * np.log10(power[..., (hz >= low_hz) & (hz < high_hz)].sum() / power.sum() + 1e-20))


@pytest.mark.parametrize("name", KITS)
def test_every_key_of_the_percussion_map_sounds_and_ends(name):
    kit = load(name, RATE, 0, "Drums")
    for key in GENERAL_MIDI:
        sound = note(kit, key, 110, held_s=0.2)
        assert np.isfinite(sound).all()
        assert 0.02 < np.abs(sound).max() < 1.6, key
        assert np.abs(sound[:, -RATE // 10 :]).max() == 0
        assert np.abs(sound[:, 0]).max() < 0.05
        assert np.abs(sound.mean(axis=1)).max() < 2e-3, key


@pytest.mark.parametrize("name", KITS)
def test_the_kick_falls_and_is_low_and_hats_are_high(name):
    kit = load(name, RATE, 0, "Drums")
    kick = note(kit, 36)[0]
    crossings = np.flatnonzero(np.diff(np.signbit(kick[: RATE // 5])))
    periods = np.diff(crossings[crossings > 24])
    assert periods[-1] > 1.8 * periods[0]  # the pitch falls by about an octave or more
    assert band_db(kick, 20, 160) > -3
    assert kick[: RATE // 20].std() > 3 * kick[RATE // 4 : RATE // 2].std() or name == "kit-cinematic"
    assert band_db(note(kit, 42), 4000, 20000) > -1


def test_the_kick_has_a_click_and_a_body():
    kick = note(load("kit-dance", RATE), 36)[0]
    first = kick[: RATE // 100]
    assert band_db(first, 400, 12000) > -16
    assert level_db(kick, 0.05, 0.1) > level_db(kick, 0, 0.05) - 4
    assert level_db(kick, 0.4, 0.5) < level_db(kick, 0, 0.1) - 30


def test_the_clap_is_several_hands():
    kit = load("kit-dance", RATE)
    mean = np.mean([note(kit, 39, take=t)[0, : RATE // 20] ** 2 for t in range(16)], axis=0)
    smooth = np.convolve(np.pad(mean, (240, 0)), np.hanning(192), "same")
    peaks = [i for i in range(192, len(smooth) - 192) if smooth[i] == smooth[i - 192 : i + 193].max()]
    loud = [i for i in peaks if smooth[i] > 0.2 * smooth.max()]
    assert len(loud) == 4
    assert np.diff(loud) / RATE == pytest.approx(0.0105, abs=0.002)


def test_a_closed_hat_silences_an_open_one_and_only_hats():
    kit = load("kit-dance", RATE)
    assert kit.exclusive(42, 90) == kit.exclusive(46, 90) != frozenset()
    assert kit.exclusive(36, 90) == frozenset()
    rings, choked = note(kit, 46), note(kit, 46, stop_s=0.1)
    assert level_db(choked, 0.14, 0.3) < level_db(rings, 0.14, 0.3) - 60
    assert np.array_equal(choked[:, : RATE // 10], rings[:, : RATE // 10])


def test_no_stroke_of_noise_is_the_one_before_though_as_loud():
    kit = load("kit-dance", RATE, 2, "Drums")
    strokes = [note(kit, 42, take=t) for t in range(6)]
    assert not any(np.array_equal(a, b) for a, b in itertools.pairwise(strokes))
    levels = [level_db(s, 0, 0.1) for s in strokes]
    assert np.ptp(levels) < 3
    assert np.array_equal(note(kit, 42, take=3), strokes[3])


def test_toms_climb_with_their_keys():
    kit = load("kit-dance", RATE)
    pitches = []
    for key in (41, 43, 45, 47, 48, 50):
        tail = note(kit, key)[0, RATE // 5 : RATE // 5 + 4096] * np.hanning(4096)
        pitches.append(float(np.argmax(np.abs(np.fft.rfft(tail, 1 << 17)))))
    assert pitches == sorted(pitches)
    assert pitches[-1] > 1.8 * pitches[0]


def test_a_riser_is_loudest_and_highest_where_its_note_ends():
    kit = load("kit-cinematic", RATE)
    for key in (52, 55):
        sound = note(kit, key, held_s=3.0)
        levels = [level_db(sound, t, t + 0.25) for t in np.arange(0, 3, 0.25)]
        assert levels == sorted(levels)
        assert levels[-1] - levels[0] > 25
        assert level_db(sound, 3.1, 3.2) < levels[-1] - 40
    swept = note(kit, 55, held_s=3.0)[0]
    centroids = []
    for t in (0.5, 1.5, 2.7):
        power = np.abs(np.fft.rfft(swept[int(t * RATE) : int((t + 0.2) * RATE)])) ** 2
        centroids.append(float((power * np.fft.rfftfreq(int(0.2 * RATE), 1 / RATE)).sum() / power.sum()))
    assert centroids[2] > 2 * centroids[1] > 4 * centroids[0] * 0.9


def test_a_key_without_a_sound_is_refused_by_name():
    with pytest.raises(SynthError, match="20"):
        load("kit-dance", RATE).samples(20, 90, 0.1)


def test_two_sounds_on_one_key_are_refused(tmp_path):
    path = tmp_path / "k.toml"
    sound = '[[sounds]]\nname = "s"\nkeys = [38]\nlayers = [{ kind = "noise" }]\n'
    path.write_text('title = "K"\nkind = "kit"\n' + sound + sound)
    with pytest.raises(SynthError, match="taken"):
        load(str(path), RATE)
