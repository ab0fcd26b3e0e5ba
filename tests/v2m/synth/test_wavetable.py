"""Oscillators: in tune, without aliases, and filtered as the filter says."""

from pathlib import Path

import numpy as np
import pytest

from tests.v2m.synth.notes import RATE, cents, note, partial_db, peak_hz, spectrum_db
from v2m.synth.library import load
from v2m.synth.pitch import key_hz
from v2m.synth.wavetable import Response

KEYS = (33, 57, 84, 103)


def patch(folder: Path, oscillator: str, rest: str = "") -> Path:
    path = folder / "p.toml"
    path.write_text(f'title = "p"\nkind = "analog"\nfree = false\noscillators = [{{ {oscillator} }}]\n{rest}')
    return path


def steady(path: Path, key: int) -> np.ndarray:
    sound = note(load(str(path), RATE), key, 127, held_s=1.6)[0]
    return sound[RATE // 10 : RATE // 10 + 65536]


def off_harmonics_db(sound: np.ndarray, f0: float, below_hz: float) -> float:
    """The loudest of what is no harmonic."""
    hz, db = spectrum_db(sound)
    distance = np.abs((hz + f0 / 2) % f0 - f0 / 2)
    return float(db[(distance > 8) & (hz > 20) & (hz < below_hz)].max())


@pytest.mark.parametrize("wave", ["sine", "triangle", "square", "saw", "pulse"])
def test_every_wave_is_in_tune_and_has_no_aliases(tmp_path, wave):
    path = patch(tmp_path, f'wave = "{wave}"')
    for key in KEYS:
        sound, f0 = steady(path, key), key_hz(key)
        assert cents(peak_hz(sound, f0), f0) == pytest.approx(0, abs=0.2)
        assert off_harmonics_db(sound, f0, 24000) < -65


def test_a_hard_driven_saw_hardly_aliases(tmp_path):
    path = patch(tmp_path, 'wave = "saw"', "drive_db = 9.0\n[amp]\nrelease_s = 0.1")
    for key in KEYS:
        assert off_harmonics_db(steady(path, key), key_hz(key), 16000) < -58


def test_harmonics_are_those_of_the_waves(tmp_path):
    f0 = key_hz(57)
    for wave, levels in {
        "saw": {2: 1 / 2, 3: 1 / 3, 8: 1 / 8},
        "square": {2: 1e-4, 3: 1 / 3, 9: 1 / 9},
        "triangle": {2: 1e-4, 3: 1 / 9, 5: 1 / 25},
    }.items():
        sound = steady(patch(tmp_path, f'wave = "{wave}"'), 57)
        for harmonic, level in levels.items():
            found = partial_db(sound, harmonic * f0) - partial_db(sound, f0)
            if level > 1e-3:
                assert found == pytest.approx(20 * np.log10(level), abs=0.1), (wave, harmonic)
            else:
                assert found < -70, (wave, harmonic)


@pytest.mark.parametrize(
    ("kind", "poles"), [("lowpass", 2), ("lowpass", 4), ("highpass", 2), ("bandpass", 2)]
)
def test_a_still_filter_weighs_harmonics_as_its_response(tmp_path, kind, poles):
    f0 = key_hz(45)
    table = f'[filter]\nkind = "{kind}"\npoles = {poles}\nresonance = 2.0\nhz = 1000.0\n'
    table += "key_track = 0.0\nvelocity_octaves = 0.0\n"
    plain, filtered = (steady(patch(tmp_path, 'wave = "saw"', t), 45) for t in ("", table))
    partials = f0 * np.arange(1, 60)
    measured = np.array([partial_db(filtered, hz) - partial_db(plain, hz) for hz in partials])
    asked = 20 * np.log10(Response(kind, poles, 2.0).magnitude(partials, np.array([1000.0]))[0])
    heard = asked - asked.max() > -50
    assert measured[heard] == pytest.approx(asked[heard], abs=0.3)


def test_a_sweeping_filter_makes_no_steps(tmp_path):
    """A filter that sweeps five octaves leaves what lies between the harmonics silent."""
    table = "[filter]\nhz = 200.0\noctaves = 5.0\nkey_track = 0.0\nvelocity_octaves = 0.0\n"
    table += "envelope = { attack_s = 1.5, decay_s = 1.0, sustain = 1.0, release_s = 0.1 }\n"
    sound = note(load(str(patch(tmp_path, 'wave = "saw"', table)), RATE), 69, 127, held_s=1.5)[0]
    frames = np.lib.stride_tricks.sliding_window_view(sound[RATE // 5 : RATE], 4096)[::1024]
    power = np.abs(np.fft.rfft(frames * np.blackman(4096), axis=1))
    hz = np.fft.rfftfreq(4096, 1 / RATE)
    between = (np.abs((hz + 220) % 440 - 220) > 120) & (hz > 300)
    assert 20 * np.log10(power[:, between].max() / power.max()) < -60
